"""Okta System Log: what users, administrators and Okta itself did, one JSON object an event (API, Log Stream, EventBridge).

`eventType` says what happened, `actor` who did it, `client` from where, `target` to whom. Threat detections are alerts.
Reference: https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import Fields, integer, ip, text, texts
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
    says,
)
from collectors.parsers._documents import severity as rate
from collectors.parsers._ids import alert
from taishi.event import Event

NAME: Final = "okta"
FIELDS: Final[Fields] = {
    "eventType": ("event.action", text),
    "uuid": ("okta.uuid", text),
    "displayMessage": ("message", text),
    "outcome.reason": ("event.reason", text),
    "client.ipAddress": ("source.ip", ip),
    "client.userAgent.rawUserAgent": ("user_agent.original", text),
    "client.userAgent.browser": ("user_agent.name", text),
    "client.geographicalContext.country": ("source.geo.country_name", text),
    "client.geographicalContext.city": ("source.geo.city_name", text),
    "securityContext.asNumber": ("source.as.number", integer),
    "securityContext.asOrg": ("source.as.organization.name", text),
    "securityContext.domain": ("source.domain", text),
    "actor.id": ("user.id", text),
    "actor.displayName": ("user.full_name", text),
    "debugContext.debugData.url": ("url.original", text),
    "request.ipChain": ("related.ip", texts),
}
PRODUCT: Final = Product(
    NAME, "Okta", "Okta Identity Cloud", "identity", "okta.", FIELDS, ("published", "p_event_time"), "okta.system"
)
_ALERTS: Final = (
    "security.threat", "security.attack", "security.breached_credential", "user.account.report_suspicious",
    "system.idp.lifecycle.read_client_secret", "security.events.provider.receive_event",
)  # fmt: skip


_CAMEL: Final = {name.lower(): name for name in (*FIELDS, "actor.alternateId", "client.geographicalContext.state")}
"""Some shippers leave the first level of keys in lower case."""


def _classify(event: Event, action: str) -> None:
    if action.startswith(("user.session.end", "user.authentication.slo")):
        auth(event, "end")
    elif action.startswith(
        ("user.session.", "user.authentication.", "user.mfa.okta_verify", "policy.evaluate_sign_on")
    ):
        auth(event)
    elif action.startswith(
        ("user.lifecycle.", "user.account.", "user.mfa.factor", "group.", "application.user_membership")
    ):
        iam(event, "group" if action.startswith("group.") else "user", change(action))
    elif action.startswith(("policy.", "system.", "application.", "zone.", "app.", "iam.", "device.")):
        other(event, "configuration", change(action))
    else:
        other(event, "web")


def _targets(event: Event, flat: dict[str, Any]) -> None:
    for index in range(4):
        kind = flat.get(f"target.{index}.type")
        name = text(flat.get(f"target.{index}.alternateId")) or text(flat.get(f"target.{index}.displayName"))
        if kind == "User" and name:
            mail_user(event, name, "user.target")
            if found := text(flat.get(f"target.{index}.id")):
                event.setdefault("user.target.id", found)
        elif kind == "UserGroup" and (group := text(flat.get(f"target.{index}.displayName"))):
            event.setdefault("group.name", group)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, flat = begin(PRODUCT, framed, received)
    if "eventtype" in flat:
        flat = {_CAMEL.get(key, key): value for key, value in flat.items()}
    fill(event, PRODUCT, flat, received)
    action = event.get("event.action", "")
    _classify(event, action)
    mail_user(event, flat.get("actor.alternateId"))
    _targets(event, flat)
    event["event.outcome"] = outcome(flat.get("outcome.result")) or "unknown"
    rate(event, flat.get("severity"))
    if action.startswith(_ALERTS):
        event["rule.name"], event["rule.id"] = event.get("message") or action, action
        event["event.severity"] = max(event.get("event.severity", 0), 60)
        alert(event, blocked=True if event["event.outcome"] == "failure" else None)
    return close(event)


def sniff(framed: Framed) -> float:
    if says(framed, ("eventType", "actor"), ("displayMessage", "legacyEventType", "alternateId", "debugContext")):
        return 0.97
    if says(framed, ("eventtype", "actor", "alternateId"), ("outcome", "published", "displaymessage")):
        return 0.9
    return 0.9 if says(framed, ("eventType", "outcome", "published"), ("displayMessage", "securityContext")) else 0.0


PARSER = Parser(
    name=NAME,
    product="Okta System Log",
    data_kind="third-party",
    reference="https://developer.okta.com/docs/api/openapi/okta-management/management/tag/SystemLog/",
    parse=parse,
    sniff=sniff,
    markers=('"eventType"', '"eventtype"'),
)
