"""Snort 2 and 3 and what writes in its forms: fast and full alerts, syslog alerts, Snort 3 JSON and CSV, Suricata's fast.log.

`[**] [gid:sid:rev] message [**] [Classification: …] [Priority: n] {TCP} a:1 -> b:2`. Suricata writes a four-digit year;
only then, or where the program is named, is the product told. `[Drop]`, `drop` and `block` mean blocked.

Reference: https://docs.snort.org/start/alert_logging
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import body_of, integer, keep, load_object, mac, text, transport
from collectors.parsers._device import begin, finish, names, observer, peer
from collectors.parsers._firewall import network
from collectors.parsers._ids import alert, blocked
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "snort"
_RULE: Final = re.compile(r"\[(\d{1,10}):(\d{1,10}):(\d{1,10})\] ?")
_TIME: Final = re.compile(r"(?:^|\s)(\d\d)/(\d\d)(?:/(\d{2,4}))?-(\d\d:\d\d:\d\d(?:\.\d{1,9})?)")
_CLASS: Final = re.compile(r"\[Classification: ([^\]]{0,256})\]")
_PRIORITY: Final = re.compile(r"\[Priority: (\d{1,3})\]")
_PROTOCOL: Final = re.compile(r"\{(PROTO:)?([A-Za-z0-9\-]{1,16})\}|\n(TCP|UDP|ICMP) TTL:")
_FLOW: Final = re.compile(r"([0-9A-Fa-f.:]{2,64}) ?-> ?([0-9A-Fa-f.:]{2,64})")
_SEVERITY: Final = {1: 80, 2: 55, 3: 30, 4: 10}
_OWN: Final = names(
    "seconds timestamp action class dst_addr dst_ap dst_port eth_dst eth_src gid msg priority proto rev rule service sid src_addr "
    "src_ap src_port iface b64_data"
)


def _stamp(event: Event, month: str, day: str, year: str | None, clock: str, received: Received) -> None:
    if not year:
        name = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[
            (int(month) - 1) % 12
        ]
        stamp(event, f"{name} {day} {clock}", received)
    else:
        stamp(event, f"{year if len(year) == 4 else '20' + year}-{month}-{day} {clock}", received)


def _rule(event: Event, gid: str, sid: str, rev: str, message: str, priority: int | None, action: bool | None) -> None:
    event["rule.id"], event["rule.version"] = sid, rev
    event["rule.name"] = message or f"{gid}:{sid}"
    event["snort.gid"] = gid
    event["event.severity"] = _SEVERITY.get(priority or 3, 30)
    if priority is not None:
        event["taishi.severity_original"] = str(priority)
    if "source.ip" not in event and "destination.ip" not in event:
        event.setdefault("host.hostname", "sensor")
    alert(event, blocked=action)
    network(event)


def _ends(event: Event, source: str, target: str) -> None:
    for side, value in (("source", source), ("destination", target)):
        where, colon, number = value.rpartition(":")
        if (colon and value.count(":") > 1 and not number.isdecimal()) or (
            value.count(":") > 1
            and "::" in value
            and (event.get("network.transport") or "").startswith(("icmp", "ipv6"))
        ):
            where, number = value, ""
        peer(event, side, f"[{where}]:{number}" if ":" in where and number else where or value, number)


def _fast(event: Event, body: str, received: Received) -> None:
    found = _RULE.search(body, 0, 1024)
    if found is None:
        raise ParseError("no [gid:sid:rev] in the record", NAME)
    if moment := _TIME.search(body, 0, 4096):
        _stamp(event, moment[1], moment[2], moment[3], moment[4], received)
        if moment[3] and len(moment[3]) == 4 and "observer.product" not in event:
            observer(event, "OISF", "Suricata", "ids")
    rest = body[found.end() :]
    ends = [at for at in (rest.find(" [**]"), rest.find(" [Classification:"), rest.find(" [Priority:"), rest.find(" [Impact:"),
                          rest.find(" {")) if at >= 0]  # fmt: skip
    message = rest[: min(ends)] if ends else rest
    if kind := _CLASS.search(rest):
        event["rule.category"] = kind[1]
    if protocol := _PROTOCOL.search(rest):
        name = protocol[2] or protocol[3]
        value = transport(str(int(name)) if name.isdecimal() else name)
        if value is not None:
            event["network.transport"] = value
    if flow := _FLOW.search(rest):
        _ends(event, flow[1], flow[2])
    priority = _PRIORITY.search(rest)
    head = body[: found.start()].lower()
    dropped = True if "[drop]" in head or "[block]" in head else False if "[wdrop]" in head else None
    _rule(
        event,
        found[1],
        found[2],
        found[3],
        message.strip().strip('"').strip(),
        int(priority[1]) if priority else None,
        dropped,
    )


def _json_ends(event: Event, raw: dict[str, Any]) -> None:
    for side, short in (("source", "src"), ("destination", "dst")):
        peer(event, side, text(raw.get(f"{short}_addr")) or "", integer(raw.get(f"{short}_port")))
        if f"{side}.ip" not in event and (both := text(raw.get(f"{short}_ap"))):
            where, _, number = both.rpartition(":")
            peer(event, side, where, integer(number))
        if (hardware := mac(raw.get(f"eth_{short}"))) is not None:
            event[f"{side}.mac"] = hardware


def _json(event: Event, raw: dict[str, Any], received: Received) -> None:
    moment = _TIME.search(str(raw.get("timestamp") or ""))
    if (seconds := integer(raw.get("seconds"))) is not None:
        stamp(event, seconds, received)
    elif moment:
        _stamp(event, moment[1], moment[2], moment[3], moment[4], received)
    gid, sid, rev = (*str(raw.get("rule") or "").split(":"), "", "", "")[:3]
    if (kind := transport(raw.get("proto"))) is not None:
        event["network.transport"] = kind
    _json_ends(event, raw)
    if kind := text(raw.get("class")):
        event["rule.category"] = kind
    if (service := text(raw.get("service"))) and service != "unknown":
        event["network.protocol"] = service
    if name := text(raw.get("iface")):
        event["observer.ingress.interface.name"] = name
    keep(event, "snort.", raw, _OWN)
    observer(event, "Cisco", "Snort", "ids")
    _rule(event, text(raw.get("gid")) or gid, text(raw.get("sid")) or sid, text(raw.get("rev")) or rev,
          text(raw.get("msg")) or "", integer(raw.get("priority")), blocked(text(raw.get("action"))))  # fmt: skip


def _csv(event: Event, body: str, received: Received) -> None:
    """Snort 3's default alert_csv: timestamp, pkt_num, proto, pkt_gen, pkt_len, dir, src_ap, dst_ap, rule, action."""
    cells = [cell.strip() for cell in body.split(",")]
    keys = ("timestamp", "pkt_num", "proto", "pkt_gen", "pkt_len", "dir", "src_ap", "dst_ap", "rule", "action")
    _json(event, dict(zip(keys, cells, strict=False)), received)


_CSV: Final = re.compile(r"\d\d/\d\d(?:/\d\d)?-\d\d:\d\d:\d\d\.\d{6}, \d{1,12}, [A-Z]{2,6}, ")


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "snort.alert")
    program = event.pop("process.name", "")
    if program.lower() in {"snort", "barnyard2"}:
        observer(event, "Cisco", "Snort", "ids")
    elif program.lower() == "suricata":
        observer(event, "OISF", "Suricata", "ids")
    if body.lstrip()[:1] == "{":
        _json(event, load_object(framed, NAME), received)
    elif _CSV.match(body):
        _csv(event, body, received)
    else:
        _fast(event, body if _RULE.search(body, 0, 512) else framed.text, received)
    event.setdefault("observer.type", "ids")
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    if source[:1] == "{":
        head = source[:2048]
        return 0.95 if '"pkt_gen"' in head or '"src_ap"' in head or ('"rule" : "' in head and '"msg"' in head) else 0.0
    if _RULE.search(source, 0, 256):
        return 0.96 if "[**]" in source[:256] or "[Classification:" in source or "[Priority:" in source else 0.0
    return 0.9 if _CSV.match(source) else 0.0


PARSER = Parser(
    name=NAME,
    product="Snort 2 and 3, and fast alerts of Suricata",
    data_kind="security",
    reference="https://docs.snort.org/start/alert_logging",
    parse=parse,
    sniff=sniff,
    markers=(
        "[**]",
        "[Classification:",
        "[Priority:",
        '"pkt_gen"',
        '"src_ap"',
        '"rule" : "',
        ", TCP, ",
        ", UDP, ",
        ", ICMP, ",
    ),
)
