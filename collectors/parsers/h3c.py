"""H3C: Comware V7 firewalls, IPS and switches (`%%10MODULE/severity/MNEMONIC: …`), SecPath ACG and the ACM of its making, WAF.

Comware writes `SrcIPAddr(1003)=…;` with numbered keys, `-Line=vty0-IPAddr=…-User=…` before sentences, and plain sentences.
The ACG writes `H3C;serial;ipv4;3; web_access: key=value;…`; the WAF `WAF: 10.1.1.1:80->10.1.1.2 key=value …`. Others sell the
same ACG (`HOST;1900…`), the vendor is named only for known ones. The rest stays under `h3c.*`.

Reference: https://www.h3c.com/en/Support/Resource_Center/Technical_Documents/ (System Log Messages Reference)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers import _chinese
from collectors.parsers._chinese import begin, record
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import SYSLOG_SEVERITY, text
from collectors.parsers._device import peer
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "h3c"
# %%10FILTER/6/FILTER_ZONE_IPV4_EXECUTION:   the 10 is left out by some relays
_HEAD: Final = re.compile(r"%%(?:10)?([A-Z][A-Z0-9_\-]{1,31})/([0-7])/([A-Za-z][A-Za-z0-9_\-]{1,63})(?:\([a-z]\))?: ?")
_ACG: Final = re.compile(r"(?:^|\s)([A-Za-z0-9_.\-]{1,64});(\d{12,30});(ipv[46]);\d{1,3}; ?([a-z_0-9]{1,40}):")
_WAF: Final = re.compile(r" WAF: ([0-9A-Fa-f.:]{2,45}):(\d{1,5})->([0-9A-Fa-f.:]{2,45}?)(?::(\d{1,5}))? ")
_NUMBER: Final = re.compile(r"\(\d{1,6}\)$")
_LOCATION: Final = re.compile(r"-([A-Z][A-Za-z]{1,15})=((?:[^\-=;]|-(?![A-Z][A-Za-z]{1,15}=)){0,128})")
_PEER: Final = re.compile(
    r" for (?:user )?(\S{1,64}) from ([0-9A-Fa-f.:]{2,45})(?: port (\d{1,5}))?"
    r"|(\S{1,64}) logged (?:in|out) from ([0-9A-Fa-f.:]{2,45})"
)
_FIELDS: Final = KEYS | {
    "Event": ("event.action", text), "SecurityPolicy": ("rule.name", text), "UserName": ("user.name", text),
    "User": ("user.name", text), "IPAddr": KEYS["SrcIP"], "Command": ("process.command_line", text), "Type": ("h3c.type", text),
    "SubType": ("rule.category", text), "Category": ("rule.category", text), "VirusName": ("rule.name", text),
    "Slot": ("h3c.slot", text), "AttackName": ("rule.name", text), "SrcAddr": KEYS["SrcIP"], "DstAddr": KEYS["DstIP"],
    "uname": ("user.name", text), "reason": ("message", text), "type": ("rule.category", text), "name": ("rule.name", text),
    "url": ("url.original", text), "equipment": ("h3c.equipment", text), "result": KEYS["result"],
    "SrcZoneName": ("observer.ingress.zone", text),
    "DstZoneName": ("observer.egress.zone", text), "RcvIfName": ("observer.ingress.interface.name", text),
}  # fmt: skip
_ALERTS: Final = frozenset(
    {
        "ATK",
        "ATTACK",
        "IPS",
        "AV",
        "ANTI-VIR",
        "ANTIVIRUS",
        "BLS",
        "WAF",
        "DATAFILTER",
        "UFLT_BLOCK",
        "SCD",
        "APR_ATTACK",
        "NBAR_ATTACK",
        "TERMINAL",
        "TI",
        "IPREP",
        "ANTI_VIR",
    }
)
_KINDS: Final = {
    "FILTER": "flow", "SESSION": "flow", "NAT": "flow", "ASPF": "flow", "UFLT": "web", "CFGMAN": "change",
    "CFGLOG": "change", "DEV": "other",
    "PACKETFILTER": "flow", "PFILTER": "flow", "LB": "other", "SYSLOG": "other", "AUDIT": "web", "NETSHARE": "detection",
}  # fmt: skip


def _values(content: str) -> tuple[dict[str, Any], str]:
    """(pairs, the sentence beside them) of a Comware message."""
    values: dict[str, Any] = {}
    rest: list[str] = []
    for piece in content.rstrip(".").split(";")[: _chinese.LIMIT]:
        part = piece.strip()
        if part.startswith("-") and "=" in part:
            values.update(_LOCATION.findall(part))
            continue
        key, sign, value = part.partition("=")
        name = _NUMBER.sub("", key)
        if sign and name and len(name) <= 48 and " " not in name:
            values[name] = value.strip()
        elif part.startswith("Command is "):
            values["Command"] = part[11:]
        elif part:
            rest.append(part)
    return values, "; ".join(rest)


def _comware(framed: Framed, received: Received, found: re.Match[str]) -> list[Event]:
    whole = framed.text
    head = whole[: found.start()]
    event, _ = begin(Framed(head or " ", framed.syslog, head or " "), received, NAME, "H3C", "Comware", "network")
    event.pop("process.name", None)
    if "host.hostname" not in event and head.split():
        event["host.hostname"] = head.split()[-1][:255]
    if name := event.get("host.hostname"):
        event["observer.name"] = name
    module, level, brief = found[1], int(found[2]), found[3]
    content = whole[found.end() :].strip()
    values, sentence = _values(content)
    event["event.code"] = f"{module}/{brief}"
    event["event.severity"], event["taishi.severity_original"] = SYSLOG_SEVERITY[level], str(level)
    event["message"] = sentence or content[:512]
    for side in ("Src", "Dst"):  # IPv6 messages name their addresses otherwise
        if (address := values.pop(f"{side}IPv6Addr", None)) is not None:
            values[f"{side}IPAddr"] = address
    kind = _kind(module, brief, sentence)
    if kind == "detection":
        event["observer.type"] = "firewall"
        event["rule.name"] = values.get("AttackName") or values.get("VirusName") or values.get("SigName") or brief
        event["rule.category"] = values.get("SubType") or values.get("Category") or module
        event["event.severity"] = max(event["event.severity"], 50)
    elif kind == "flow":
        event["observer.type"] = "firewall"
    if peers := _PEER.search(f" {sentence}"):
        event["user.name"] = (peers[1] or peers[4])[:64]
        peer(event, "source", peers[2] or peers[5], peers[3])
    if brief.endswith("CMD") and "Command" in values:
        kind = "command"
    return record(
        event, values, received, prefix="h3c.", what=f"{brief} {sentence}", fields=_FIELDS, scale="none", kind=kind
    )


def _kind(module: str, brief: str, sentence: str) -> str:
    short = f"{brief} {sentence}".upper()
    if "LICENSE" in short:
        return "other"
    if module in _ALERTS:
        return "detection"
    if module in _KINDS:
        return _KINDS[module]
    if "LOGOUT" in short or "LOGGED OUT" in short or "DISCONNECT" in short:
        return "logout"
    if "LOGIN" in short or "LOGGED IN" in short or "PASSWORD" in short or "AUTH" in short:
        return "login"
    return "other" if not short.startswith(("CFG", "CONFIG")) else "change"


def _acg(framed: Framed, received: Received, found: re.Match[str]) -> list[Event]:
    head = framed.text[: found.start() + 1]
    event, _ = begin(Framed(head or " ", framed.syslog, head or " "), received, NAME, "", "ACG", "proxy")
    if found[1].upper().startswith("H3C"):
        event["observer.vendor"] = "H3C"
    elif found[2].startswith(("1900", "5300")):
        event["observer.vendor"] = "Anzhou-Tech"
    event["host.hostname"] = event["observer.name"] = found[1]
    event["observer.serial_number"], event["event.code"] = found[2], found[4]
    values: dict[str, Any] = {}
    for piece in framed.text[found.end() :].split(";")[: _chinese.LIMIT]:
        key, sign, value = piece.partition("=") if "=" in piece else piece.partition(":")
        if sign and len(key) <= 64:
            values[key.strip()] = value.strip(' "')
    values.pop("pid", None)
    topic = (
        _ACG_KINDS.get(found[4], "")
        or ("detection" if found[4].startswith(("waf", "security_")) else "")
        or ("web" if "url" in found[4] or "app" in found[4] else "")
    )
    return record(
        event,
        values,
        received,
        prefix="h3c.",
        what=found[4],
        fields=_FIELDS,
        kind=topic or ("flow" if "src_ip" in values else ""),
    )


_ACG_KINDS: Final = {
    "ips": "detection", "av": "detection", "security_ipmac": "detection", "operate": "change",
    "security": "detection", "web_access": "web",
    "statistic_traffic": "flow", "security_scan": "detection", "security_flood": "detection", "security_abnormal_pkt": "detection",
    "ddos": "detection", "waf": "detection", "system_state": "other", "device_traffic": "other",
    "device_health": "other", "nat": "flow",
    "user_online": "login", "user_offline": "logout", "login": "login", "malware": "detection",
    "fluxlog": "flow", "security_policy": "flow",
    "session": "flow", "im": "web", "search_engine": "web", "mail": "web", "weak_pwd": "detection", "bfd": "detection",
}  # fmt: skip


def _waf(framed: Framed, received: Received, found: re.Match[str]) -> list[Event]:
    head = framed.text[: found.start()]
    event, _ = begin(Framed(head or " ", framed.syslog, head or " "), received, NAME, "H3C / Webray", "WAF", "waf")
    peer(event, "source", found[1], found[2])
    peer(event, "destination", found[3], found[4])
    values = dict(_chinese.pairs(framed.text[found.end() :].strip(" |")))
    event["rule.name"] = values.pop("type", "") or f"rule {values.get('rule_id', '')}"
    return record(event, values, received, prefix="h3c.", what="waf", fields=_FIELDS, kind="detection")


def parse(framed: Framed, received: Received) -> list[Event]:
    for form, read in ((_HEAD, _comware), (_ACG, _acg), (_WAF, _waf)):
        found = form.search(framed.text, 0, 500)
        if found is not None:
            return read(framed, received, found)
    raise ParseError("neither %%10MODULE/severity/MNEMONIC: nor an ACG or WAF record", NAME)


def sniff(framed: Framed) -> float:
    source = framed.text
    at = source.find("%%", 0, 400)
    if at >= 0:
        return (
            0.97
            if _HEAD.match(source, at) and (source.startswith("10", at + 2) or "(10" in source or "(11" in source)
            else 0.0
        )
    if ";ipv4;" in source[:200] or ";ipv6;" in source[:200]:
        return 0.97 if _ACG.search(source, 0, 300) else 0.0
    return 0.9 if " WAF: " in source[:200] and _WAF.search(source, 0, 300) and "devicename=" in source[:400] else 0.0


PARSER = Parser(
    name=NAME,
    product="H3C 新华三 (Comware firewall, IPS, switch; SecPath ACG; WAF)",
    data_kind="security",
    reference="https://www.h3c.com/en/Support/Resource_Center/Technical_Documents/",
    parse=parse,
    sniff=sniff,
    markers=("%%", ";ipv4;", ";ipv6;", " WAF: "),
)
