"""Palo Alto Networks PAN-OS in its default comma-separated form, all log types, PAN-OS 6 to 11.

The fourth column is the type: TRAFFIC, THREAT, SYSTEM, CONFIG, GLOBALPROTECT, HIP-MATCH, USERID, AUTHENTICATION,
DECRYPTION, CORRELATION, IP-TAG, SCTP, GTP, TUNNEL. Later versions append columns, so places hold for all versions. A
type that is not known keeps its columns by number. CEF and LEEF of PAN-OS are read by those parsers.

Reference: https://docs.paloaltonetworks.com/pan-os/11-1/pan-os-admin/monitoring/use-syslog-for-monitoring/syslog-field-descriptions
"""

from __future__ import annotations

import csv
import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import UNSET, apply, body_of, ip, keep, split_user
from collectors.parsers._device import begin, change, finish, login, observer, plain
from collectors.parsers._endpoint import file
from collectors.parsers._firewall import network, session
from collectors.parsers._ids import alert, blocked
from collectors.parsers._panos_columns import COLUMNS, FIELDS, SEVERITIES, THREATS
from collectors.parsers._time import stamp
from collectors.parsers._verdict import outcome
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "panos"
_TYPES: Final = (
    "TRAFFIC", "THREAT", "SYSTEM", "CONFIG", "GLOBALPROTECT", "HIPMATCH", "HIP-MATCH", "USERID", "AUTHENTICATION", "AUTH",
    "DECRYPTION", "CORRELATION", "IPTAG", "IP-TAG", "SCTP", "GTP", "TUNNEL",
)  # fmt: skip
_HEAD: Final = re.compile(
    rf"(?:^|[\s:])(\d{{0,3}}),([0-9A-Z][0-9A-Za-z /:.+\-]{{0,40}}),([0-9A-Za-z]{{0,64}}),({'|'.join(_TYPES)}),"
)
_THREAT_ID: Final = re.compile(r"^(.*?)\(?(\d{1,12})\)?$")
_DENIED: Final = frozenset(
    {"deny", "drop", "drop-icmp", "drop-all-packets", "reset-both", "reset-client", "reset-server"}
)


def _columns(text: str) -> list[str]:
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text]))
    except (csv.Error, StopIteration):
        return text.split(",")


def _person(event: Event, side: str, value: str | None) -> None:
    if not value or value in UNSET:
        return
    domain, name = split_user(value)
    event[f"{side}.user.name"] = name or value
    if domain:
        event[f"{side}.user.domain"] = domain
    if side == "source":
        event["user.name"] = name or value
        if domain:
            event["user.domain"] = domain


_UNTRANSLATED: Final = frozenset({"0.0.0.0", "::", 0})  # noqa: S104 - what PAN-OS writes where nothing was translated


def _common(event: Event, raw: dict[str, str]) -> None:
    apply(event, raw, FIELDS)
    for side in ("source", "destination"):
        for name in (f"{side}.nat.ip", f"{side}.nat.port"):
            if event.get(name) in _UNTRANSLATED:
                del event[name]
    _person(event, "source", raw.get("srcuser") or raw.get("user"))
    _person(event, "destination", raw.get("dstuser"))
    keep(event, "panw.panos.", {key: value for key, value in raw.items() if value not in UNSET}, _TAKEN)


_TAKEN: Final = frozenset({"receive_time", "time_generated", "type", "srcuser", "dstuser", "user", "future", *FIELDS})


def _traffic(event: Event, raw: dict[str, str]) -> None:
    subtype, action = raw.get("subtype", ""), raw.get("action", "")
    denied = True if action in _DENIED or subtype in {"deny", "drop"} else False if action == "allow" else None
    phase = subtype if subtype in {"start", "end"} else ""
    if (seconds := raw.get("elapsed", "")).isdecimal() and len(seconds) < 10:
        event["event.duration"] = int(seconds) * 10**9
    event["event.action"] = {"start": "flow_started", "end": "flow_terminated", "drop": "flow_dropped",
                             "deny": "flow_denied"}.get(subtype, f"flow_{subtype}"[:64])  # fmt: skip
    if raw.get("session_end_reason", "") not in UNSET:
        event["event.reason"] = raw["session_end_reason"]
    session(event, denied=denied, phase=phase)


def _threat(event: Event, raw: dict[str, str]) -> None:
    subtype, action = raw.get("subtype", ""), raw.get("action", "")
    event["event.action"], category, quiet = THREATS.get(
        subtype, (f"{subtype}_detected"[:64], "intrusion_detection", False)
    )
    misc, policy = raw.get("misc", ""), raw.get("rule", "")
    if subtype == "url" or "://" in misc or (subtype not in {"file", "virus", "wildfire", "data"} and "/" in misc):
        if misc not in UNSET:
            url(event, misc if "://" in misc else _whole(misc, raw))
            event["url.original"] = misc
    elif misc not in UNSET:
        file(event, misc)
    if digest := raw.get("filedigest", ""):
        event[f"file.hash.{'sha256' if len(digest) == 64 else 'md5' if len(digest) == 32 else 'sha1'}"] = digest.lower()
    severity = raw.get("severity", "")
    event["event.severity"], event["taishi.severity_original"] = (
        SEVERITIES.get(severity.lower(), 10),
        severity or "unknown",
    )
    stopped = True if action in _DENIED or action.startswith(("block", "sinkhole")) else blocked(action)
    found = _THREAT_ID.match(raw.get("threatid", "")[:512])
    name = (found[1] if found else raw.get("threatid", "")).strip()
    if quiet and not stopped and event["event.severity"] < 50:
        if policy:
            event["rule.name"] = policy
        session(event, denied=stopped)
        event["event.category"] = [category, "network"]
        return
    if found:
        event["rule.id"] = found[2]
    event["rule.name"] = name or raw.get("category") or raw.get("thr_category") or event["event.action"]
    event["rule.category"] = raw.get("thr_category") or raw.get("category") or subtype
    if policy:
        event["rule.ruleset"] = policy
    alert(event, blocked=stopped, category=category,
          swap=True if raw.get("direction") == "server-to-client" and category == "malware" else None)  # fmt: skip
    network(event)


def _whole(target: str, raw: dict[str, str]) -> str:
    scheme = "https" if raw.get("app") in {"ssl", "https"} or raw.get("dport") == "443" else "http"
    return f"{scheme}://{target}"


def _system(event: Event, raw: dict[str, str]) -> None:
    severity, said = raw.get("severity", ""), raw.get("opaque", "")
    event["event.severity"], event["taishi.severity_original"] = (
        SEVERITIES.get(severity.lower(), 10),
        severity or "unknown",
    )
    event["message"] = said
    event["event.action"] = raw.get("eventid") or raw.get("subtype") or "system"
    subtype, words = raw.get("subtype", ""), f"{raw.get('eventid', '')} {said}".lower()
    if (subtype in {"auth", "globalprotect"} and ("auth" in words or "login" in words)) or "logged in" in words:
        login(
            event,
            {"success": True, "failure": False}.get(outcome(words, "success" if "auth-success" in words else "") or ""),
        )
        _sentence(event, said)
    elif "logged out" in words:
        login(event, None, out=True)
        _sentence(event, said)
    else:
        plain(event)


_QUOTED: Final = re.compile(
    r"[Uu]ser(?:name)?:? '([^']{1,256})'|[Uu]ser (?:name: )?(\S{1,128}) (?:logged|from)|[Uu]ser name: (\S+?)[,.]"
)
_FROM: Final = re.compile(
    r"[Ff]rom:? '?([0-9A-Fa-f.:]{3,45}?)[.,']?(?:\s|$)|[Ii][Pp](?: address)?: ([0-9A-Fa-f.:]{3,45}?)[.,]?(?:\s|$)"
)


def _sentence(event: Event, said: str) -> None:
    if (found := _QUOTED.search(said, 0, 2048)) is not None:
        _person(event, "source", found[1] or found[2] or found[3])
    if (found := _FROM.search(said, 0, 2048)) is not None and (address := ip(found[1] or found[2])) is not None:
        event["source.ip"] = event["source.address"] = address


def _config(event: Event, raw: dict[str, str]) -> None:
    change(event, raw.get("result", "").lower() in {"succeeded", "submitted", ""})
    event["event.action"] = raw.get("cmd") or "config"
    event["event.severity"] = 25
    _person(event, "source", raw.get("admin"))


def _globalprotect(event: Event, raw: dict[str, str]) -> None:
    event["event.action"] = raw.get("eventid") or "globalprotect"
    words = event["event.action"]
    status = raw.get("status", "").lower()
    ok = {"success": True, "failure": False}.get(status)
    login(event, ok, out="logout" in words or "disconnect" in words)
    event["event.category"] = ["authentication", "session"] if "auth" not in words else ["authentication"]
    if status in {"success", "failure"}:
        event["event.outcome"] = status
    if reason := raw.get("reason") or raw.get("error"):
        event["event.reason"] = reason


def _identity(event: Event, raw: dict[str, str]) -> None:
    """USERID (who is at an address), AUTHENTICATION, HIP match, IP tags."""
    kind = raw["type"]
    event["event.action"] = raw.get("eventid", "0").strip("0") or raw.get("subtype", "0").strip("0") or kind.lower()
    if kind in {"AUTHENTICATION", "AUTH"}:
        words = f"{raw.get('event', '')} {raw.get('desc', '')}"
        said = outcome(words) or (
            "success" if "allow" in words.lower() else "failure" if "deny" in words.lower() else None
        )
        login(event, {"success": True, "failure": False}.get(said or ""))
    elif kind == "USERID":
        login(event, True, out=raw.get("subtype") == "logout")
        event["event.action"] = raw.get("subtype") or "login"
    else:
        plain(event)


def _decide(event: Event, raw: dict[str, str]) -> None:
    kind = raw["type"]
    if kind == "THREAT":
        _threat(event, raw)
    elif kind == "SYSTEM":
        _system(event, raw)
    elif kind == "CONFIG":
        _config(event, raw)
    elif kind == "GLOBALPROTECT":
        _globalprotect(event, raw)
    elif kind == "CORRELATION":
        event["event.severity"] = SEVERITIES.get(raw.get("severity", "").lower(), 50)
        event["rule.name"] = raw.get("object_name") or raw.get("category") or "correlated event"
        event["message"] = raw.get("evidence", "")
        alert(event, blocked=None, swap=True)
        network(event)
    elif "src" in raw and "dst" in raw:
        _traffic(event, raw)
    else:
        _identity(event, raw)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME)
    found = _HEAD.search(body, 0, 512) or _HEAD.search(framed.text, 0, 1024)
    if found is None:
        raise ParseError("no `receive time,serial,TYPE,` in the record", NAME)
    text = found.string[found.start(1) :]
    event.pop("process.name", None)
    values = _columns(text)
    kind = values[3]
    names = COLUMNS.get(kind, COLUMNS[""])
    raw = dict(zip(names, values, strict=False))
    for at, value in enumerate(values[len(names) : 160], len(names)):
        if value not in UNSET:
            raw[f"column_{at}"] = value
    raw.pop("", None)
    raw["type"] = kind
    event["event.dataset"] = f"panw.{kind.lower()}"
    observer(event, "Palo Alto Networks", "PAN-OS", "firewall")
    event["observer.serial_number"] = raw.pop("serial") or "unknown"
    stamp(event, raw.get("time_generated") or raw.get("receive_time"), received)
    if kind in {"TRAFFIC", "DECRYPTION", "SCTP", "GTP", "TUNNEL"} and raw.get("rule"):
        event["rule.name"] = raw["rule"]
    if raw.get("machinename", "") not in UNSET:  # the header names the firewall, these types a station
        event["observer.hostname"] = event.pop("host.hostname", "unknown")
    _common(event, raw)
    if name := event.get("observer.name"):
        event["observer.hostname"] = name
    for side in ("source", "destination"):
        if f"{side}.ip" in event:
            event[f"{side}.address"] = event[f"{side}.ip"]
    _decide(event, raw)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    return 1.0 if _HEAD.search(source, 0, 512) else 0.0


PARSER = Parser(
    name=NAME,
    product="Palo Alto Networks PAN-OS",
    data_kind="security",
    reference="https://docs.paloaltonetworks.com/pan-os/11-1/pan-os-admin/monitoring/use-syslog-for-monitoring",
    parse=parse,
    sniff=sniff,
    markers=tuple(f",{name}," for name in _TYPES),
)
