"""Qi-AnXin (奇安信): NSG firewall (`dname="NSG"`), SkyEye sensor 天眼 (`skyeye_webattack
…`, `…|!webids-ids_dolog|!{JSON}`), SecIDS.

The sensor names its records ids_dolog, webattack_dolog, webshell_dolog, ioc_dolog …; attack_result is 0 tried, 1 succeeded,
2 compromised; victim and attacker are given and taken as given. JSON that is not quite JSON is read as pairs. The rest stays under
`qianxin.*`.

Reference: https://www.qianxin.com/product/detail/pid/344 (天眼新一代威胁感知系统)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import begin, flat_json, pairs, record
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import integer, ip, text, texts
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "qianxin"
_FIELDS: Final = KEYS | {
    "host": ("url.domain", text), "attack_method": ("qianxin.attack_method", text), "agent": ("user_agent.original", text),
    "vuln_name": ("rule.name", text), "attack_type": ("rule.category", text), "xff": ("client.ip", ip),
    "type": ("qianxin.type", text),
    "module": ("event.code", text), "rule": ("rule.name", text), "hit_num": ("qianxin.hit_num", integer),
    "addr_src": KEYS["src_ip"],
    "from": ("email.from.address", texts), "file": ("qianxin.file", text), "server": KEYS["dst_ip"],
    "vuln_type": ("rule.category", text),
    "description": ("message", text), "user_src": ("source.user.name", text), "user_dst": ("destination.user.name", text),
}  # fmt: skip
_PAIR: Final = re.compile(r'"([\w.]{1,64})": ?(?:"((?:[^"\\]|\\.){0,4096})"|([^",{}\[\]]{1,256}))')
_SKIP: Final = frozenset({"attacker", "victim", "packet_data", "dev_rule"})
_OUTCOMES: Final = {"1": "success", "2": "success"}
_FLOWS: Final = {"flow", "access-control", "nat", "ai", "session"}


def _sensor(event: Event, what: str, values: dict[str, Any], received: Received) -> list[Event]:
    event["observer.product"], event["observer.type"] = "SkyEye", "ids"
    event["event.code"] = what[:64]
    event["rule.name"] = next(
        (
            str(values[key])
            for key in ("rule_name", "vuln_name", "attack_type", "malicious_type", "desc")
            if values.get(key)
        ),
        what,
    )
    event["rule.name"] = str(event["rule.name"])[:512]
    protocol = values.pop("protocol_id", None)
    if protocol is not None and "proto" not in values:
        values["proto"] = str(protocol)
    attacker, victim = ip(values.get("attacker")), ip(values.get("victim"))
    if attacker:
        event["taishi.attacker.ip"] = attacker
        values.setdefault("sip", attacker)
    if victim:
        event["taishi.victim.ip"] = victim
        values.setdefault("dip", victim)
    rest = {key: value for key, value in values.items() if key not in _SKIP}
    level = integer(values.get("severity"))
    events = record(event, rest, received, prefix="qianxin.", what=what, fields=_FIELDS, kind="detection",
                    scale="ten" if level is not None and level > 4 else "up")  # fmt: skip
    if (result := _OUTCOMES.get(str(values.get("attack_result")))) is not None:
        events[0]["event.outcome"] = events[0]["taishi.outcome"] = result
    return events


def _loose(body: str) -> dict[str, Any]:
    """Pairs of an object that is not quite JSON (the sensor leaves some addresses unquoted)."""
    return {key: quoted or bare.strip() for key, quoted, bare in _PAIR.findall(body[:65536])[:400]}


def parse(framed: Framed, received: Received) -> list[Event]:
    if sniff(framed) == 0:
        raise ParseError("no mark of a Qi-AnXin product in the record", NAME)
    source = framed.text
    event, _ = begin(framed, received, NAME, "Qianxin", "NSG", "firewall")
    if "|!" in source[:300]:
        parts = source.split("|!", 3)
        event, _ = begin(Framed(parts[0]), received, NAME, "Qianxin", "SkyEye", "ids")
        payload = parts[-1]
        values = flat_json(payload) or _loose(payload)
        values.setdefault("time", parts[0][-19:])
        if len(parts) > 3 and (address := ip(parts[1])):
            event["observer.ip"] = [address]
        return _sensor(event, parts[2] if len(parts) > 3 else parts[1], values, received)
    at = source.find("skyeye_")
    if 0 <= at < 200:
        return _sensor(event, source[at:].split(" ", 1)[0], dict(pairs(source[at:])), received)
    values = dict(pairs(source))
    what = f"{values.get('module', '')} {values.get('type', '')}"
    kind = "detection" if values.get("type") in {"threat", "attack", "virus", "ips"} else ""
    if not kind and values.get("module") in _FLOWS:
        kind = "flow"
    if "IDS/LOG_" in source[:200]:
        event["observer.product"], event["observer.type"] = "SecIDS 3600", "ids"
        what = source[source.find("IDS/") :].split(":", 1)[0]
        kind = "other"
    return record(event, values, received, prefix="qianxin.", what=what, fields=_FIELDS, kind=kind)


def sniff(framed: Framed) -> float:
    source = framed.text[:400]
    if 'dname="NSG"' in source:
        return 0.97
    if "skyeye_" in source:
        return 0.96 if 'rule_id="' in framed.text or 'serial_num="' in source or "skyeye_" in source[:48] else 0.0
    if "|!" in source:
        return 0.95 if "|!web" in source or "dolog|!" in source or "|!{" in source else 0.0
    return 0.9 if "IDSqianxin" in source or " IDS/LOG_" in source else 0.0


PARSER = Parser(
    name=NAME,
    product="Qi-AnXin 奇安信 (NSG, SkyEye 天眼, SecIDS)",
    data_kind="security",
    reference="https://www.qianxin.com/product/detail/pid/344",
    parse=parse,
    sniff=sniff,
    markers=('dname="NSG"', "skyeye_", "|!", "IDSqianxin", " IDS/LOG_"),
)
