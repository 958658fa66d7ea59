"""AWS CloudTrail: API calls, console logins, service events and insights, as single events or in `{"Records": […]}`.

The actor is `userIdentity` (an assumed role is named by its session), the caller's address `sourceIPAddress` (a service's
name for calls by AWS itself). `errorCode` makes a failure; a failed ConsoleLogin says so in `responseElements`.

Reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference.html
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import body_of, ip, keep, load_object, relate, text
from collectors.parsers._device import begin, names, observer
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "cloudtrail"
_OWN: Final = names(
    "eventVersion eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage userIdentity eventID "
    "recipientAccountId eventType"
)
_MAX: Final = 4096
_AUTH: Final = names("ConsoleLogin SwitchRole ExitRole CheckMfa AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity "
                     "GetSessionToken "
                     "GetFederationToken UserAuthentication Federate CredentialVerification CredentialChallenge Authenticate "
                     "Logout")  # fmt: skip
_IAM: Final = (
    "User",
    "Role",
    "Group",
    "Policy",
    "AccessKey",
    "LoginProfile",
    "MFADevice",
    "InstanceProfile",
    "SAMLProvider",
)
_KINDS: Final = (
    ("creation", ("Create", "Put", "Add", "Attach", "Run", "Import", "Register", "Allocate", "Launch", "Upload", "Generate")),
    ("deletion", ("Delete", "Remove", "Detach", "Terminate", "Deregister", "Revoke", "Release", "Disassociate")),
    ("change", ("Update", "Modify", "Set", "Change", "Enable", "Disable", "Start", "Stop", "Reboot", "Associate",
                "Authorize", "Tag", "Reset")),
)  # fmt: skip


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _actor(event: Event, identity: dict[str, Any]) -> None:
    issuer = _dict(_dict(identity.get("sessionContext")).get("sessionIssuer"))
    arn = text(identity.get("arn")) or ""
    kind = text(identity.get("type")) or ""
    name = text(identity.get("userName"))
    if name is None and kind == "Root":
        name = "root"
    if name is None and kind in {"AssumedRole", "FederatedUser"}:
        name = text(issuer.get("userName"))
        if session := arn.rpartition("/")[2]:
            event["cloudtrail.session_name"] = session
    name = name or text(identity.get("invokedBy")) or (arn.rpartition("/")[2] or None)
    if name:
        event["user.name"] = name
    if identifier := text(identity.get("principalId")):
        event["user.id"] = identifier
    for key in ("type", "arn", "accessKeyId", "invokedBy"):
        if value := text(identity.get(key)):
            event[f"cloudtrail.user_identity.{key}"] = value


def _classify(event: Event, name: str, raw: dict[str, Any]) -> None:
    answer = _dict(raw.get("responseElements"))
    login = text(answer.get("ConsoleLogin"))
    failed = "errorCode" in raw or (login or "").lower() == "failure"
    event["event.outcome"] = "failure" if failed else "success"
    reads = name.startswith(("Get", "List", "Describe", "Head"))
    kind = next((kind for kind, verbs in _KINDS if name.startswith(verbs)), "access" if reads else "info")
    if name in _AUTH:
        event["event.category"], event["event.type"] = (
            ["authentication"],
            ["end" if name in {"Logout", "ExitRole"} else "start"],
        )
    elif raw.get("eventSource") == "iam.amazonaws.com" and any(part in name for part in _IAM):
        event["event.category"] = ["iam"]
        event["event.type"] = ["user" if "User" in name else "group" if "Group" in name else "admin", kind]
        target = _dict(raw.get("requestParameters"))
        if user := text(target.get("userName")):
            event["user.target.name"] = user
        if group := text(target.get("groupName")):
            event["group.name"] = group
    elif kind in {"creation", "deletion", "change"}:
        event["event.category"], event["event.type"] = ["configuration"], [kind]
    else:
        event["event.category"], event["event.type"] = ["host"], [kind]
    event["event.severity"] = (
        40 if failed and name in _AUTH else 25 if kind in {"creation", "deletion", "change"} else 10
    )


_PLAIN: Final = {
    "eventSource": "event.provider",
    "awsRegion": "cloud.region",
    "recipientAccountId": "cloud.account.id",
    "errorCode": "event.code",
    "errorMessage": "event.reason",
    "userAgent": "user_agent.original",
    "eventID": "event.reference",
}


def _one(base: Event, raw: dict[str, Any], received: Received) -> Event:
    event = dict(base)
    stamp(event, raw.get("eventTime"), received)
    name = text(raw.get("eventName")) or text(raw.get("eventType")) or "event"
    event["event.action"] = name
    for key, target in _PLAIN.items():
        if (value := text(raw.get(key))) is not None:
            event[target] = value
    where = text(raw.get("sourceIPAddress")) or ""
    if (address := ip(where)) is not None:
        event["source.ip"] = event["source.address"] = address
    elif where:
        event["source.domain"] = event["source.address"] = where
    _actor(event, _dict(raw.get("userIdentity")))
    _classify(event, name, raw)
    keep(event, "cloudtrail.", raw, _OWN)
    return relate(event)


def parse(framed: Framed, received: Received) -> list[Event]:
    base, _ = begin(framed, received, NAME, "aws.cloudtrail")
    base["cloud.provider"] = "aws"
    observer(base, "AWS", "CloudTrail", "audit")
    raw = load_object(framed, NAME)
    for wrapped in ("detail", "Event"):  # EventBridge's envelope
        if isinstance(raw.get(wrapped), dict) and "eventName" in raw[wrapped]:
            raw = raw[wrapped]
    records = raw.get("Records")
    found = [item for item in records[:_MAX] if isinstance(item, dict)] if isinstance(records, list) else [raw]
    if not found or ("eventVersion" not in found[0] and "eventName" not in found[0]):
        raise ParseError("no eventName in the CloudTrail record", NAME)
    return [_one(base, item, received) for item in found]


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    if '"eventVersion"' not in source:
        return 0.0
    return 0.98 if '"eventSource"' in source and ('"awsRegion"' in source or '"userIdentity"' in source) else 0.0


PARSER = Parser(
    name=NAME,
    product="AWS CloudTrail",
    data_kind="platform",
    reference="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference.html",
    parse=parse,
    sniff=sniff,
    markers=('"eventVersion"',),
)
