"""Huawei USG and NGFW firewalls, NIP and other VRP devices: `%%01MODULE/severity/BRIEF(type)[n]:content`.

Read are policy hits and sessions (POLICY, SECLOG, SESSION), threats (IPS, AV, URL, APT, CNC …), attack defence (ATK,
FIREWALLATCK), logins (SSH, LINE, SHELL, CM, AAA) and commands. Contents come as `key=value, …`, as a sentence with the
pairs in brackets, or as quoted pairs; keys differ only in case and hyphens. SECLOG carries epoch times, POLICY a local
`time=`; the header is local to the device. The rest stays under `huawei.usg.*`.

Reference: https://support.huawei.com/enterprise/en/doc/EDOC1100149309 (USG6000, Log Reference)
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import infer
from collectors.parsers._common import SYSLOG_SEVERITY, UNSET, ip, keep, port, relate, text, word_severity
from collectors.parsers._endpoint import file
from collectors.parsers._firewall import network, session
from collectors.parsers._huawei_fields import ATTACKS, BRIEFS, FIELDS, LOGINS, THREATS
from collectors.parsers._ids import alert, blocked
from collectors.parsers._text import delimited_pairs, header
from collectors.parsers._time import fallback
from collectors.parsers._time import parse as parse_time
from collectors.parsers._verdict import outcome
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "huawei_usg"
# %%01POLICY/6/POLICYPERMIT(l)[12]:   also "%% 01 IPS/4/CNC(l):" and, from older VRP, without %%01 and type.
# %%10 is H3C's Comware, another product.
_HEAD: Final = re.compile(
    r"(?:%%\s?01\s?)?([A-Z][A-Z0-9_\-]{1,31})/([0-7])/([A-Za-z][A-Za-z0-9_\-]{1,63})(?:\(([A-Za-z0-9]{1,2})\))?(?:\[\d{1,12}\])?\s?:\s?"
)
_KEY: Final = re.compile(r"[^a-z0-9]")
_BEFORE_PAIRS: Final = re.compile(r"[(\s]([A-Za-z][A-Za-z0-9_\-]{0,31})=")
_SOCKET: Final = re.compile(r"\s*([0-9A-Fa-f:.]{2,45}?)(?::(\d{1,5}))?(?:[\s,;]|$)")
_ACTIONS: Final = {"policypermit": "permit", "policydeny": "deny", "packetdeny": "deny",
"sessionbuilt": "session-built",
                   "sessionteardown": "session-teardown", "sessionaging": "session-aging"}  # fmt: skip


def _pairs(content: str) -> tuple[str, dict[str, str]]:
    """(description, pairs by key without case and punctuation). Quoted pairs may be parted by spaces alone."""
    found = _BEFORE_PAIRS.search(" " + content)
    if found is None:
        return content.strip().rstrip("."), {}
    at = max(0, found.start(1) - 1)
    description = content[:at].rstrip(" (:").rstrip(".") if at else ""
    rest = content[at:].strip()
    if rest.endswith((")", ").")):
        rest = rest.rstrip(".").removesuffix(")")
    rest = rest.removesuffix(".")
    if '="' in rest:
        rest = _QUOTED_GAP.sub(r'", \1', rest)
    return description, {_plain(key): value for key, value in delimited_pairs(rest).items()}


@lru_cache(maxsize=4096)
def _plain(key: str) -> str:
    """A key without case and punctuation (`Source-IP` → `sourceip`); keys are at most 64 characters long."""
    return _KEY.sub("", key.lower())


_QUOTED_GAP: Final = re.compile(r'" ([A-Za-z][A-Za-z ]{0,30}=)')


def _endpoint(event: Event, side: str, value: str) -> None:
    """ATK logs write `src="10.1.1.1:80 10.1.1.2:81"`: the first is kept as the address, all in related.ip."""
    found = _SOCKET.match(value)
    if found is None or (address := ip(found[1])) is None:
        return
    event[f"{side}.ip"] = address
    number = port(found[2]) if found[2] else None
    if number:
        event[f"{side}.port"] = number


def _map(event: Event, pairs: dict[str, str]) -> None:
    rest: dict[str, Any] = {}
    for key, value in pairs.items():
        if value in UNSET:
            continue
        known = FIELDS.get(key)
        if known is not None:
            name, convert = known
            if (converted := value if convert is text else convert(value)) is not None:  # it is clean text already
                if name not in event:
                    event[name] = converted
                continue
        if key not in _TIMES and len(key) <= 64:
            rest[key] = value
    keep(event, "huawei.usg.", rest, {})
    for key, side in (("src", "source"), ("dst", "destination")):
        if pairs.get(key) and f"{side}.ip" not in event:
            _endpoint(event, side, pairs[key])


_TIMES: Final = ("endtime", "begintime", "time", "starttime")


def _time(event: Event, pairs: dict[str, str], received: Received) -> None:
    for key in ("endtime", "begintime", "time"):
        value = pairs.get(key)
        found = parse_time(value, received) if value and value != "0" else None
        if found is not None:
            event["@timestamp"], event["taishi.time.quality"] = found
            break
    begin = pairs.get("begintime")
    if begin and (found := parse_time(begin, received)) is not None:
        event["event.start"] = found[0]
        event["event.end"] = event["@timestamp"]
    fallback(event, received)


def _threat(event: Event, module: str, brief: str, pairs: dict[str, str], description: str) -> None:
    own, name = THREATS[module]
    event.setdefault("rule.name",
        pairs.get("signname") or pairs.get("virusname") or pairs.get("domainname") or pairs.get("filename")
                     or description or brief)  # fmt: skip
    if event["rule.name"] in UNSET:
        event["rule.name"] = description or brief
    event.setdefault("rule.category", BRIEFS.get(brief.upper(), name))
    named = pairs.get("severity", "")
    if (found := word_severity(named)) is not None:
        event["event.severity"], event["taishi.severity_original"] = found, named
    stopped = blocked(pairs.get("action"))
    if module in {"URL", "FILTER", "UF"} and not stopped:
        session(event, denied=stopped)
        event["event.category"] = ["web", "network"]
        return
    swap = True if pairs.get("direction", "").lower() in {"download", "to_client"} else None
    alert(event, blocked=stopped, category=own, swap=swap)
    if pairs.get("target", "").lower() == "client" and "trojan" not in (event.get("rule.category") or "").lower():
        _swap_roles(event)
    network(event)


def _swap_roles(event: Event) -> None:
    one, other = event.get("taishi.attacker.ip"), event.get("taishi.victim.ip")
    if one and other and one == event.get("source.ip") and event.get("network.direction") == "outbound":
        event["taishi.attacker.ip"], event["taishi.victim.ip"] = other, one


def _attack(event: Event, pairs: dict[str, str], description: str, brief: str) -> None:
    """Attack defence: floods, scans and malformed packets, named by AttackType."""
    name = pairs.get("attacktype") or description or brief
    event["rule.name"] = name
    event.setdefault("rule.category", "attack defence")
    event["event.severity"] = max(event["event.severity"], 50)
    action = pairs.get("action", "")
    alert(event, blocked=True if action.lower() == "discard" else blocked(action))
    infer(event, name)
    network(event)


def _login(event: Event, module: str, brief: str, pairs: dict[str, str], description: str) -> None:
    words = f"{brief} {description}".lower()
    event["event.kind"] = "event"
    if "cmd" in brief.lower():
        event["event.category"], event["event.type"] = ["process", "configuration"], ["info"]
        event["event.action"] = "command"
        return
    out = any(sign in words for sign in ("logout", "offline", "logged out", "log out", "disconnect"))
    event["event.category"], event["event.type"] = ["authentication"], ["end" if out else "start"]
    result = outcome(words, pairs.get("result"), pairs.get("reason"))
    event["event.outcome"] = result or ("success" if out or "login" in words else "unknown")
    event["event.action"] = "logout" if out else "login"


def _connection(event: Event, brief: str) -> None:
    name = _KEY.sub("", brief.lower())
    action = _ACTIONS.get(name, brief.lower())
    event["event.action"] = action
    phase = "start" if "built" in name else "end" if "teardown" in name or "aging" in name else ""
    session(event, denied="deny" in name or "block" in name, phase=phase)


def _other(event: Event, description: str) -> None:
    event["event.kind"] = "event"
    words = description.lower()
    if any(sign in words for sign in ("configuration", "saved", "changed")):
        event["event.category"], event["event.type"] = ["configuration"], ["change"]
    elif "source.ip" in event:
        event["event.category"], event["event.type"] = ["network"], ["info"]
        network(event)
    else:
        event["event.category"], event["event.type"] = ["host"], ["info"]


def _decide(event: Event, module: str, brief: str, pairs: dict[str, str], description: str) -> None:
    short = brief.upper()
    if module in ATTACKS or short.startswith("FIREWALLATCK") or "attacktype" in pairs:
        _attack(event, pairs, description, brief)
    elif module in THREATS and (pairs.keys() & {"srcip", "sourceip", "signname", "virusname", "filename", "attackip"}):
        _threat(event, module, brief, pairs, description)
    elif module in {"POLICY", "SECLOG", "SESSION", "SEC", "NAT", "PACKETFILTER"} or short.startswith(
        ("POLICY", "SESSION_", "PACKET_")
    ):
        _connection(event, brief)
    elif module in LOGINS or "LOGIN" in short or "LOGOUT" in short or "AUTH" in short:
        _login(event, module, brief, pairs, description)
    else:
        _other(event, description)
    if event["event.kind"] == "alert":
        infer(event, event.get("rule.name"), event.get("rule.category"))


def parse(framed: Framed, received: Received) -> list[Event]:
    # The whole line: a header reader may take MODULE/severity/BRIEF for the program that wrote it.
    whole = framed.text
    found = _find(whole)
    if found is None:
        raise ParseError("a VRP log holds MODULE/severity/BRIEF", NAME)
    event, _ = header(Framed(whole[: found.start()] or " ", framed.syslog, whole[: found.start()] or " "), received)
    event.pop("log.syslog.appname", None)
    event.pop("process.name", None)
    event.pop("process.pid", None)
    if "host.hostname" not in event and (words := whole[: found.start()].split()):
        event["host.hostname"] = words[-1][:255]
    module, level, brief = found[1], int(found[2]), found[3]
    description, pairs = _pairs(whole[found.end() :])
    event["event.module"] = NAME
    event["event.dataset"] = f"huawei.usg.{module.lower()}"
    event["observer.vendor"], event["observer.product"], event["observer.type"] = "Huawei", "USG", "firewall"
    if name := event.get("host.hostname"):
        event["observer.name"] = name
    event["event.code"] = f"{module}/{brief}"
    event["event.action"] = brief.lower()
    event["event.severity"] = min(SYSLOG_SEVERITY[level], 60 if level < 4 else 50)
    event["taishi.severity_original"] = str(level)
    event["message"] = description or whole[found.end() :].strip()[:512]
    _map(event, pairs)
    _time(event, pairs, received)
    if (action := pairs.get("action")) and action not in UNSET:
        event["event.action"] = action.lower()
    if target := pairs.get("url"):
        url(event, target, pairs.get("host") or pairs.get("domain") or "")
    if name := event.get("file.name"):
        file(event, name)
    _decide(event, module, brief, pairs, description)
    return [relate(event)]


def _find(whole: str) -> re.Match[str] | None:
    """The VRP mnemonic: right after `%%`, else at a word's start in the first part of the line."""
    at = whole.find("%%", 0, 400)
    if at >= 0:
        return _HEAD.match(whole, at) if whole[at + 2 : at + 5].strip()[:2] == "01" else None
    for start in _STARTS.finditer(whole, 0, 300):
        found = _HEAD.match(whole, start.start())
        if found is not None:
            return found
    return None


_STARTS: Final = re.compile(r"(?<![^\s])[A-Z][A-Z0-9_\-]{1,31}/[0-7]/")


def sniff(framed: Framed) -> float:
    source = framed.text
    if source[:1] == "{":
        return 0.0
    if source.find("%%", 0, 400) >= 0:
        return 0.97 if _find(source) else 0.0
    return 0.5 if _STARTS.search(source, 0, 300) and _find(source) else 0.0


PARSER = Parser(
    name=NAME,
    product="Huawei USG / NGFW / NIP (VRP logs)",
    data_kind="security",
    reference="https://support.huawei.com/enterprise/en/doc/EDOC1100149309",
    parse=parse,
    sniff=sniff,
)
