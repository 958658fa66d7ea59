"""Fortinet FortiGate (FortiOS 5 to 7) logs in the default key=value format: traffic, UTM, event, and its relatives.

Time is `eventtime` (nanoseconds since 6.2, seconds before), else `date` `time` with `tz`. `type`/`subtype` decide what
an event is; UTM verdicts and anomalies are alerts. FortiWeb, FortiMail and other key=value products of the family parse
too, by `type`. What has no ECS place is kept under `fortinet.firewall.*`.

Reference: https://docs.fortinet.com/document/fortigate/7.6.0/fortios-log-message-reference
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import infer
from collectors.parsers._common import UNSET, integer, keep, relate, text, word_severity
from collectors.parsers._endpoint import file
from collectors.parsers._firewall import network, session
from collectors.parsers._fortigate_fields import FIELDS, FILE_HASHES, SUBTYPES
from collectors.parsers._ids import alert, blocked
from collectors.parsers._text import header, spaced_pairs
from collectors.parsers._time import epoch, fallback, iso
from collectors.parsers._verdict import outcome
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "fortigate"
_LEVELS: Final = {
    "emergency": 85,
    "alert": 60,
    "critical": 60,
    "error": 50,
    "warning": 40,
    "notice": 20,
    "information": 10,
    "debug": 5,
}
_PRODUCTS: Final = {"FGT": ("FortiGate", "firewall"), "FWF": ("FortiGate", "firewall"), "FG": ("FortiGate", "firewall"),
                    "FV": ("FortiWeb", "waf"), "FE": ("FortiMail", "email"), "FAC": ("FortiAuthenticator", "identity"),
                    "FMG": ("FortiManager", "management"), "FAZ": ("FortiAnalyzer", "management")}  # fmt: skip


def _zone(pairs: dict[str, str]) -> str | None:
    """`tz="+0800"`, or FortiWeb's `timezone="(GMT+8:00)Beijing"`."""
    named = pairs.get("tz") or pairs.get("timezone") or ""
    at = next((index for index, char in enumerate(named) if char in "+-"), -1)
    if at < 0:
        return None
    digits = "".join(char for char in named[at + 1 : at + 6] if char.isdecimal() or char == ":").replace(":", "")
    return f"{named[at]}{digits.zfill(4) if len(digits) > 2 else digits.zfill(2) + '00'}" if digits else None


def _time(event: Event, pairs: dict[str, str], received: Received) -> None:
    exact = epoch(pairs["eventtime"]) if pairs.get("eventtime", "").isdecimal() else None
    if exact is not None:
        event["@timestamp"], event["taishi.time.quality"] = exact, "exact"
        return
    if "date" in pairs and "time" in pairs:
        where = _zone(pairs)
        found = iso(f"{pairs['date']} {pairs['time']}", where or received.timezone)
        if found is not None:
            event["@timestamp"], event["taishi.time.quality"] = found[0], "exact" if where else "no_zone"
            return
    fallback(event, received)


def _map(event: Event, pairs: dict[str, str]) -> None:
    rest: dict[str, Any] = {}
    for key, value in pairs.items():
        if value in UNSET:
            continue
        known = FIELDS.get(key)
        if known is None:
            rest[key] = value
            continue
        name, convert = known
        if name in event:
            continue
        if convert is text:  # most fields: spare the call
            if (value := value.strip()) not in UNSET:
                event[name] = value
        elif (converted := convert(value)) is not None:
            event[name] = converted
    keep(event, "fortinet.firewall.", rest, _OWN)
    for key in ("type", "subtype", "action", "level", "vd"):
        if pairs.get(key):
            event[f"fortinet.firewall.{key}"] = pairs[key]


_OWN: Final = dict.fromkeys(
    ("date", "time", "eventtime", "tz", "type", "subtype", "action", "level", "vd", "pri", "timezone")
)


def _observer(event: Event, pairs: dict[str, str]) -> None:
    serial = pairs.get("devid") or pairs.get("device_id") or ""
    event["observer.vendor"] = "Fortinet"
    event["observer.product"], event["observer.type"] = (
        _PRODUCTS.get(serial[:3]) or _PRODUCTS.get(serial[:2]) or ("FortiGate", "firewall")
    )


def _severity(event: Event, pairs: dict[str, str]) -> None:
    """UTM logs judge the attack (`severity`, `crlevel`); `level` only tells how loud the log is."""
    for key in ("severity", "severity_level", "crlevel", "apprisk"):
        if (value := pairs.get(key)) and (found := word_severity(value)) is not None and key != "apprisk":
            event["event.severity"], event["taishi.severity_original"] = found, value
            return
    level = pairs.get("level") or pairs.get("pri") or ""
    if level:
        event["event.severity"] = _LEVELS.get(level.lower(), 10)
        event["taishi.severity_original"] = level


def _traffic(event: Event, pairs: dict[str, str]) -> None:
    action = pairs.get("action", "")
    stopped = blocked(action)
    phase = "start" if action == "start" else "end" if action not in {"deny", "blocked", "ip-conn", "dns"} else ""
    if pairs.get("utmaction") in {"block", "blocked", "reset"}:
        stopped = True
    session(event, denied=stopped, phase=phase)
    if policy := pairs.get("policyid"):
        event["rule.id"] = policy
    seconds = integer(pairs.get("duration"))
    if seconds is not None and 0 <= seconds < 10**9:
        event["event.duration"] = seconds * 10**9


def _utm(event: Event, pairs: dict[str, str], subtype: str) -> None:
    """Web filter, application control and DNS logs that let traffic pass are records, everything else is a verdict."""
    action = pairs.get("action", "")
    stopped = blocked(action)
    own, name, quiet = SUBTYPES.get(subtype, ("intrusion_detection", subtype, False))
    event.setdefault("rule.name", pairs.get("attack") or pairs.get("virus") or pairs.get("catdesc") or pairs.get("app")
                     or pairs.get("msg") or name)  # fmt: skip
    event.setdefault("rule.category", name)
    if quiet and not stopped:
        session(event, denied=stopped)
        event["event.category"] = ["network"] if own == "network" else [own, "network"]
    else:
        if event.get("event.severity", 0) < 40 and stopped:
            event["event.severity"] = 40 if not quiet else 30
        alert(
            event,
            blocked=stopped,
            category=own,
            swap=True if own == "malware" and pairs.get("direction") == "incoming" else None,
        )
        network(event)


def _event(event: Event, pairs: dict[str, str], subtype: str) -> None:
    action, status = pairs.get("action", "").lower(), pairs.get("status", "").lower()
    words = f"{action} {pairs.get('logdesc', '')} {pairs.get('msg', '')}".lower()
    event["event.kind"] = "event"
    result = outcome(status, action if "fail" in action else "") or outcome(pairs.get("logdesc"), pairs.get("msg"))
    if any(sign in words for sign in ("login", "logon", "authentication", "auth-logon")) and "logout" not in action:
        event["event.category"], event["event.type"] = ["authentication"], ["start"]
        event["event.outcome"] = result or "unknown"
    elif "logout" in words or "logoff" in words:
        event["event.category"], event["event.type"], event["event.outcome"] = ["authentication"], ["end"], "success"
    elif subtype == "vpn" or "tunnel" in action:
        event["event.category"] = ["network"]
        kind = {"tunnel-up": "start", "tunnel-down": "end", "ssl-new-con": "start"}.get(action, "info")
        event["event.type"] = ["connection", kind]
        event["event.outcome"] = result or "success"
    elif pairs.get("cfgpath") or action in {"edit", "add", "delete", "set", "move"}:
        event["event.category"], event["event.type"] = ["configuration"], [
            {"add": "creation", "delete": "deletion"}.get(action, "change")]  # fmt: skip
        event["event.outcome"] = result or "success"
    else:
        event["event.category"], event["event.type"] = ["host"], ["info"]
        if result:
            event["event.outcome"] = result


def _finish(event: Event, pairs: dict[str, str]) -> None:
    if target := pairs.get("url") or pairs.get("http_url"):
        url(
            event,
            target,
            pairs.get("hostname") or pairs.get("http_host") or "",
            "https" if pairs.get("service") == "HTTPS" else "",
        )
    elif host := pairs.get("hostname"):
        event.setdefault("url.domain", host)
    if name := event.get("file.path") or pairs.get("filename"):
        file(event, name)
    for key in FILE_HASHES:
        digest = pairs.get(key, "").lower()
        if len(digest) in {32, 40, 64} and all(char in "0123456789abcdef" for char in digest):
            event[f"file.hash.{ {32: 'md5', 40: 'sha1', 64: 'sha256'}[len(digest)] }"] = digest
    kind, subtype = pairs.get("type", ""), pairs.get("subtype", "").split("--")[0]
    if kind in {
        "utm",
        "attack",
        "anomaly",
        "virus",
        "ips",
        "webfilter",
        "app-ctrl",
        "dlp",
        "emailfilter",
        "spam",
        "dns",
        "ssh",
        "waf",
    }:
        _utm(event, pairs, subtype if kind in {"utm", "attack"} or subtype in SUBTYPES else kind)
    elif kind == "traffic":
        _traffic(event, pairs)
    else:
        _event(event, pairs, subtype)
    if event["event.kind"] == "alert":
        infer(event, event.get("rule.name"), event.get("rule.category"))


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = header(framed, received)
    at = body.find("date=") if "date=" in body else body.find("logid=")
    pairs = spaced_pairs(body)
    if "type" not in pairs or not ({"devid", "logid", "log_id", "device_id", "devname"} & pairs.keys()):
        raise ParseError("a FortiOS record names its `type` and its `devid` or `logid`", NAME)
    if at > 0 and event.get("process.name"):
        event.pop("process.name")
    event["event.module"] = NAME
    event["event.dataset"] = f"fortinet.{pairs['type'][:32]}"
    _observer(event, pairs)
    _severity(event, pairs)
    _time(event, pairs, received)
    _map(event, pairs)
    if "message" not in event and (text := pairs.get("logdesc") or pairs.get("attack")):
        event["message"] = text
    _finish(event, pairs)
    return [relate(event)]


def _foreign(source: str) -> bool:
    """Whether a serial number is there that is not Fortinet's (theirs begin with F): others copied the format."""
    for key in ("devid=", "device_id="):
        at = source.find(key)
        if at >= 0:
            return not source.startswith(("F", '"F', '""'), at + len(key))
    return False


def sniff(framed: Framed) -> float:
    source = framed.body or framed.text
    if source[:1] == "{" or "type=" not in source or "CEF:" in source[:300] or _foreign(source):
        return 0.0
    if "devid=" in source and ("logid=" in source or "log_id=" in source):
        return 0.98
    if "device_id=" in source and "log_id=" in source:
        return 0.95
    return 0.9 if "logid=" in source and "subtype=" in source and "date=" in source else 0.0


PARSER = Parser(
    name=NAME,
    product="Fortinet FortiGate",
    data_kind="security",
    reference="https://docs.fortinet.com/document/fortigate/7.6.0/fortios-log-message-reference",
    parse=parse,
    sniff=sniff,
    markers=("type=",),
)
