"""Microsoft 365 unified audit log (Management Activity API): Exchange, SharePoint, Teams, Entra and Defender operations.

`Workload` and `Operation` say what happened, `UserId` who did it, `ClientIP` from where. Keys may be in lower case.
Reference: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, text
from collectors.parsers._documents import (
    Product,
    auth,
    begin,
    change,
    close,
    fill,
    iam,
    mail_user,
    other,
    outcome,
    source,
)
from collectors.parsers._documents import severity as rate
from collectors.parsers._endpoint import base
from collectors.parsers._ids import alert
from taishi.event import Event

NAME: Final = "microsoft365"
FIELDS: Final[Fields] = {
    "operation": ("event.action", text),
    "workload": ("event.provider", text),
    "recordtype": ("event.code", text),
    "id": ("o365.id", text),
    "useragent": ("user_agent.original", text),
    "logonerror": ("event.reason", text),
    "siteurl": ("url.original", text),
    "sourcefilename": ("file.name", text),
    "sourcefileextension": ("file.extension", text),
    "mailboxownerupn": ("user.target.name", text),
    "subject": ("email.subject", text),
    "internetmessageid": ("email.message_id", text),
    "name": ("rule.name", text),
    "category": ("rule.category", text),
    "alertid": ("rule.id", text),
}
PRODUCT: Final = Product(
    NAME, "Microsoft", "Microsoft 365", "saas", "o365.", FIELDS, ("creationtime", "p_event_time"), "o365.audit"
)
_ALERTS: Final = frozenset({"AlertTriggered", "AlertEntityGenerated", "AlertUpdated", "TIMailData", "TIUrlClickData",
    "AtpDetection", "TIMailDataZap", "MailSubmission"})  # fmt: skip
_FILES: Final = ("File", "Folder")


def _classify(event: Event, action: str, workload: str) -> None:
    if action in {"UserLoggedIn", "UserLoginFailed", "MailboxLogin", "TeamsSessionStarted"}:
        auth(event)
        if action == "UserLoginFailed":
            event["event.outcome"] = "failure"
    elif workload == "AzureActiveDirectory" or "Member" in action or " user" in action or "role" in action.lower():
        iam(event, "group" if "group" in action.lower() else "user", change(action))
    elif action.startswith(_FILES) or "SecureLink" in action or "SharingSet" in action:
        other(event, "file", change(action))
    elif action.startswith(("Set-", "New-", "Remove-", "Add-", "Enable-", "Disable-", "Update-")):
        other(event, "configuration", change(action.replace("New-", "create ")))
    elif workload == "Exchange":
        other(event, "email", change(action))
    else:
        other(event, "web", change(action))


def _parameters(event: Event, flat: dict[str, Any]) -> None:
    """Exchange's cmdlet parameters: who and what was changed."""
    for index in range(4):
        name, value = text(flat.get(f"parameters.{index}.name")), text(flat.get(f"parameters.{index}.value"))
        if name and value:
            event[f"o365.parameter.{name[:64]}"] = value
            if name == "Identity":
                mail_user(event, value, "user.target")


def parse(framed: Framed, received: Received) -> list[Event]:
    event, raw = begin(PRODUCT, framed, received)
    flat = {key.lower(): value for key, value in raw.items()}
    fill(event, PRODUCT, flat, received)
    action, workload = event.get("event.action", ""), event.get("event.provider", "")
    for name in ("clientip", "clientipaddress", "actoripaddress"):
        source(event, flat.get(name))
    mail_user(event, flat.get("userid"))
    if found := text(flat.get("userid")):
        event.setdefault("user.id", found)
    thing = text(flat.get("objectid"))
    if thing and workload in {"SharePoint", "OneDrive"}:
        event["url.original"] = thing
        event.setdefault("file.name", base(thing))
    elif thing:
        event["o365.object_id"] = thing
        if workload == "AzureActiveDirectory" and "@" in thing:
            mail_user(event, thing, "user.target")
    _parameters(event, flat)
    event["event.outcome"] = outcome(flat.get("resultstatus")) or "success"
    _classify(event, action, workload)
    if event["event.outcome"] == "failure":
        event["event.severity"] = 25
    if action in _ALERTS:
        event.setdefault("rule.name", text(flat.get("verdict")) or action)
        rate(event, flat.get("severity") or "medium")
        for name in ("recipients", "p2sender", "sendermailfromaddress"):
            if isinstance(value := flat.get(name), list):
                event["email.to.address"] = [str(item) for item in value]
        event.setdefault("host.name", "microsoft365") if "user.name" not in event and "source.ip" not in event else None
        alert(event, blocked=None, category="email" if action.startswith("TI") else "intrusion_detection")
    else:
        event.pop("rule.name", None)
        event.pop("rule.category", None)
    return close(event)


def sniff(framed: Framed) -> float:
    body = framed.body or framed.text
    if "{" not in body[:300]:
        return 0.0
    if '"Operation"' in body and '"Workload"' in body and '"CreationTime"' in body:
        return 0.98
    return 0.95 if '"operation"' in body and '"workload"' in body and '"recordtype"' in body else 0.0


PARSER = Parser(
    name=NAME,
    product="Microsoft 365 unified audit log",
    data_kind="third-party",
    reference="https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema",
    parse=parse,
    sniff=sniff,
    markers=('"Workload"', '"workload"'),
)
