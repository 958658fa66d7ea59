"""Microsoft Entra ID and Azure activity: sign-ins, directory audit, risk and resource operations as JSON.

Wrappings: Azure diagnostic settings (`category`, `operationName`, `properties`), Microsoft Graph (`signIn`, `directoryAudit`),
and either in lower case as some shippers leave them. An error code of 0 is a successful sign-in.
Reference: https://learn.microsoft.com/entra/identity/monitoring-health/reference-azure-monitor-sign-ins-log-schema
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, integer, text
from collectors.parsers._documents import (
    Product,
    auth,
    begin,
    change,
    close,
    iam,
    mail_user,
    other,
    outcome,
    says,
    source,
)
from collectors.parsers._documents import fill as put
from collectors.parsers._documents import severity as rate
from collectors.parsers._ids import alert
from taishi.event import Event

NAME: Final = "entra"
FIELDS: Final[Fields] = {
    "operationname": ("event.action", text),
    "resultdescription": ("event.reason", text),
    "correlationid": ("azure.correlation_id", text),
    "properties.useragent": ("user_agent.original", text),
    "useragent": ("user_agent.original", text),
    "properties.userid": ("user.id", text),
    "userid": ("user.id", text),
    "properties.userdisplayname": ("user.full_name", text),
    "userdisplayname": ("user.full_name", text),
    "properties.appdisplayname": ("service.name", text),
    "appdisplayname": ("service.name", text),
    "properties.location.countryorregion": ("source.geo.country_iso_code", text),
    "location.countryorregion": ("source.geo.country_iso_code", text),
    "properties.location.city": ("source.geo.city_name", text),
    "location.city": ("source.geo.city_name", text),
    "properties.devicedetail.displayname": ("host.name", text),
    "devicedetail.displayname": ("host.name", text),
    "properties.devicedetail.operatingsystem": ("host.os.name", text),
    "properties.autonomoussystemnumber": ("source.as.number", integer),
    "autonomoussystemnumber": ("source.as.number", integer),
    "activitydisplayname": ("event.action", text),
    "identity": ("azure.identity", text),
    "subscriptionid": ("cloud.account.id", text),
    "level": ("azure.level", text),
    "properties.requestmethod": ("http.request.method", text),
    "properties.requesturi": ("url.original", text),
    "properties.responsestatuscode": ("http.response.status_code", integer),
}
PRODUCT: Final = Product(
    NAME, "Microsoft", "Entra ID", "identity", "azure.", FIELDS,
    ("time", "properties.createddatetime", "createddatetime", "properties.activitydatetime", "activitydatetime",
     "properties.detecteddatetime", "eventtimestamp", "p_event_time"),
    "azure.entra",
)  # fmt: skip
_USERS: Final = (
    "properties.userprincipalname", "userprincipalname", "properties.initiatedby.user.userprincipalname",
    "initiatedby.user.userprincipalname", "caller",
    "identity.claims.http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "properties.initiatedby.app.displayname", "initiatedby.app.displayname", "properties.serviceprincipalname",
    "identity.authorization.evidence.principalid",
)  # fmt: skip
_ADDRESSES: Final = (
    "properties.ipaddress", "ipaddress", "calleripaddress", "properties.initiatedby.user.ipaddress",
    "initiatedby.user.ipaddress", "properties.calleripaddress",
)  # fmt: skip
_CODES: Final = ("properties.status.errorcode", "status.errorcode", "resulttype")


def _lowered(flat: dict[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in flat.items()}


def _first(flat: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((flat[name] for name in names if flat.get(name) is not None), None)


def _result(flat: dict[str, Any]) -> str:
    code = text(_first(flat, _CODES))
    if code is not None and code.lstrip("-").isdecimal():
        return "success" if code == "0" else "failure"
    for name in ("properties.result", "result", "resulttype", "resultsignature", "status.value", "status"):
        if (said := outcome(str(flat.get(name)).partition(".")[0])) is not None:
            return said
    return "unknown"


def _classify(event: Event, flat: dict[str, Any], category: str) -> None:
    action = event.get("event.action") or category
    lower = category.lower()
    if "signin" in lower or "sign-in" in action.lower() or ("appdisplayname" in flat and "status.errorcode" in flat):
        auth(event)
        event.setdefault("event.action", "Sign-in activity")
    elif lower in {"usermanagement", "groupmanagement", "rolemanagement", "auditlogs", "provisioninglogs"} or (
        "initiatedby" in "".join(flat)[:20000]
    ):
        iam(event, "group" if "group" in action.lower() else "user", change(action))
    elif "risk" in lower:
        other(event, "iam", "user", "info")
    elif "graphactivity" in lower:
        other(event, "web", "access")
    else:
        other(event, "configuration", change(action))


def _target(event: Event, flat: dict[str, Any]) -> None:
    for lead in ("properties.targetresources.", "targetresources."):
        for index in range(4):
            if name := text(flat.get(f"{lead}{index}.userprincipalname")):
                mail_user(event, name, "user.target")
                if found := text(flat.get(f"{lead}{index}.id")):
                    event.setdefault("user.target.id", found)
            elif flat.get(f"{lead}{index}.type") == "Group" and (group := text(flat.get(f"{lead}{index}.displayname"))):
                event.setdefault("group.name", group)


def _risk(event: Event, flat: dict[str, Any], category: str) -> None:
    """A risk detection is Entra's own verdict about a user or a sign-in."""
    kind = text(flat.get("properties.riskeventtype") or flat.get("riskeventtype"))
    if kind is None or kind in {"none", "unknownFutureValue"}:
        return
    event["rule.name"], event["rule.id"] = kind, kind
    rate(event, flat.get("properties.risklevel") or flat.get("risklevel"))
    event["event.severity"] = max(event.get("event.severity", 0), 40)
    alert(event, blocked=None, category="authentication")


def parse(framed: Framed, received: Received) -> list[Event]:
    event, raw = begin(PRODUCT, framed, received)
    flat = _lowered(raw)
    put(event, PRODUCT, flat, received)
    category = text(flat.get("category")) or ""
    source(event, _first(flat, _ADDRESSES))
    mail_user(event, _first(flat, _USERS))
    _target(event, flat)
    event["cloud.provider"] = "azure"
    resource = text(flat.get("resourceid")) or ""
    if resource.lower().startswith("/subscriptions/") and "cloud.account.id" not in event:
        event["cloud.account.id"] = resource.split("/")[2][:64]
    _classify(event, flat, category)
    event["event.outcome"] = _result(flat)
    if (code := text(_first(flat, _CODES))) is not None:
        event["event.code"] = code
    if reason := text(flat.get("properties.status.failurereason") or flat.get("status.failurereason")):
        event.setdefault("event.reason", reason)
    if event["event.outcome"] == "failure":
        event["event.severity"] = 25
    _risk(event, flat, category)
    return close(event)


def sniff(framed: Framed) -> float:
    source_text = framed.body or framed.text
    if source_text[:1] != "{" and "{" not in source_text[:300]:
        return 0.0
    if "AdvancedHunting-" in source_text:
        return 0.0
    if (
        "icrosoft.aadiam" in source_text
        or "MICROSOFT.AADIAM" in source_text
        or '"conditionalAccessStatus"' in source_text
    ):
        return 0.95
    if says(framed, ("operationName", "category", "resourceId")) or says(
        framed, ("activityDisplayName", "initiatedBy")
    ):
        return 0.9
    return 0.9 if says(framed, ("riskEventType", "riskLevel")) else 0.0


PARSER = Parser(
    name=NAME,
    product="Microsoft Entra ID and Azure activity",
    data_kind="third-party",
    reference="https://learn.microsoft.com/entra/identity/monitoring-health/reference-azure-monitor-sign-ins-log-schema",
    parse=parse,
    sniff=sniff,
    markers=(
        "icrosoft.aadiam",
        "MICROSOFT.AADIAM",
        '"conditionalAccessStatus"',
        '"operationName"',
        '"activityDisplayName"',
        '"riskEventType"',
    ),
)
