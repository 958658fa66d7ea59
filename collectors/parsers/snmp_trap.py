"""SNMP notifications as the collectors' own listener writes them, one JSON object each.

`{"snmp":{"version":"2c","varbinds":[{"oid":"1.3.6.1.6.3.1.1.4.1.0","type":"ObjectIdentifier","value":"1.3.6.1.6.3.1.1.5.3"}, …]}}`

The standard traps are named; of a maker's own, the maker is named by its enterprise number, and the texts in it are the
message. Everything else stays under `snmp.*` by its id.

Reference: RFC 3418 (SNMPv2-MIB), RFC 2863 (IF-MIB), IANA Private Enterprise Numbers
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import holds_object, integer, ip, load_object
from collectors.parsers._device import begin, finish, login, observer, plain
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "snmp_trap"
TRAP: Final = "1.3.6.1.6.3.1.1.4.1.0"
_TRAPS: Final = {
    "1.3.6.1.6.3.1.1.5.1": "coldStart", "1.3.6.1.6.3.1.1.5.2": "warmStart", "1.3.6.1.6.3.1.1.5.3": "linkDown",
    "1.3.6.1.6.3.1.1.5.4": "linkUp", "1.3.6.1.6.3.1.1.5.5": "authenticationFailure", "1.3.6.1.6.3.1.1.5.6": "egpNeighborLoss",
    "1.3.6.1.2.1.17.0.1": "newRoot", "1.3.6.1.2.1.17.0.2": "topologyChange", "1.3.6.1.2.1.47.2.0.1": "entConfigChange",
    "1.3.6.1.2.1.14.16.2.2": "ospfNbrStateChange", "1.3.6.1.2.1.15.0.2": "bgpBackwardTransition",
}  # fmt: skip
_COLUMNS: Final = {
    "1.3.6.1.2.1.2.2.1.1": "ifIndex", "1.3.6.1.2.1.2.2.1.2": "ifDescr", "1.3.6.1.2.1.31.1.1.1.1": "ifName",
    "1.3.6.1.2.1.2.2.1.7": "ifAdminStatus", "1.3.6.1.2.1.2.2.1.8": "ifOperStatus", "1.3.6.1.2.1.1.5": "sysName",
    "1.3.6.1.6.3.18.1.3": "snmpTrapAddress", "1.3.6.1.6.3.1.1.4.3": "snmpTrapEnterprise", "1.3.6.1.2.1.1.3": "sysUpTime",
}  # fmt: skip
_MAKERS: Final = {
    9: "Cisco", 11: "HP", 232: "HPE", 248: "Hirschmann", 311: "Microsoft", 318: "APC", 674: "Dell", 2011: "Huawei",
        2620: "Check Point",
    2636: "Juniper", 3224: "Juniper", 3902: "ZTE", 4196: "Siemens", 4329: "Siemens", 4346: "Phoenix Contact", 4881: "Ruijie",
    6876: "VMware", 8072: "Net-SNMP", 8691: "Moxa", 8741: "SonicWall", 12356: "Fortinet", 14988: "MikroTik",
        25461: "Palo Alto Networks",
    25506: "H3C", 30065: "Arista", 41112: "Ubiquiti",
}  # fmt: skip
_PRIVATE: Final = "1.3.6.1.4.1."
MAX_KEPT: Final = 100


def parse(framed: Framed, received: Received) -> list[Event]:
    raw = load_object(framed, NAME).get("snmp")
    if not isinstance(raw, dict) or not isinstance(raw.get("varbinds"), list):
        raise ParseError("no SNMP notification", NAME)
    event, _ = begin(framed, received, NAME, "snmp.trap")
    values = _values(raw["varbinds"])
    trap = str(values.pop(TRAP, ""))
    event["network.protocol"], event["network.transport"] = "snmp", "udp"
    event["event.code"] = trap or "unknown"
    for name in ("version", "user"):
        if isinstance(raw.get(name), str) and raw[name]:
            event[f"snmp.{name}"] = raw[name][:256]  # who reports, not who did something
    named, texts = _named(event, values)
    _maker(event, trap, str(named.get("snmpTrapEnterprise", "")))
    action = _TRAPS.get(trap, trap or "notification")
    event["event.action"] = action
    event["message"] = ": ".join([action, *texts])[:1024]
    _meaning(event, action, named)
    return finish(event, received)


def _values(bindings: list[Any]) -> dict[str, Any]:
    return {
        str(one["oid"]).strip("."): one.get("value") for one in bindings[:256] if isinstance(one, dict) and "oid" in one
    }


def _named(event: Event, values: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The columns that are known by name, and the texts of the others, which are kept by their id."""
    named: dict[str, Any] = {}
    texts: list[str] = []
    for oid, value in values.items():
        column = next((name for prefix, name in _COLUMNS.items() if oid.startswith(prefix + ".")), "")
        if column:
            named.setdefault(column, value)
            continue
        if isinstance(value, str) and any(char.isalpha() for char in value) and len(texts) < 12:
            texts.append(value[:256])
        if len(event) < MAX_KEPT and value not in (None, "") and not isinstance(value, dict | list):
            event[f"snmp.{oid}"] = str(value)[:1024]
    return named, texts


def _maker(event: Event, trap: str, enterprise: str) -> None:
    for oid in (trap, enterprise):
        if oid.startswith(_PRIVATE):
            number = integer(oid[len(_PRIVATE) :].partition(".")[0])
            maker = _MAKERS.get(number) if number is not None else None
            if maker:
                observer(event, maker)
            return


def _meaning(event: Event, action: str, named: dict[str, Any]) -> None:
    if (agent := ip(named.get("snmpTrapAddress"))) is not None:
        event["observer.ip"] = [agent]
    if isinstance(named.get("sysName"), str) and named["sysName"]:
        event["observer.hostname"] = named["sysName"][:256]
    port = named.get("ifName") or named.get("ifDescr") or named.get("ifIndex")
    if port is not None:
        event["observer.ingress.interface.name"] = str(port)[:256]
    if action == "authenticationFailure":
        login(event, False)
        event["event.action"], event["event.severity"] = action, 40
    elif action in {"linkDown", "linkUp"}:
        plain(event, "network", "end" if action == "linkDown" else "start")
    elif action in {"coldStart", "warmStart"}:
        plain(event, "host", "start")
    elif action == "entConfigChange":
        plain(event, "configuration", "change")
    else:
        plain(event)


def sniff(framed: Framed) -> float:
    source = framed.text[:200]
    return 0.98 if holds_object(source) and '"snmp":{' in source.replace(" ", "") and '"varbinds"' in source else 0.0


PARSER = Parser(
    name=NAME,
    product="SNMP traps and informs",
    data_kind="network",
    reference="https://www.rfc-editor.org/rfc/rfc3418",
    parse=parse,
    sniff=sniff,
    markers=('"varbinds"',),
)
