"""DNS servers: BIND (named), Unbound, dnsmasq and Pi-hole, PowerDNS — query logs, refusals, transfers, policy hits, notices.

Each server says its own sentence about the same thing: who asked for what type of which name. The product is named by its
program name or by a form that only it writes; a bare BIND line needs its `client @0x… 10.1.1.1#5353 (name)`.

Reference: https://bind9.readthedocs.io/en/latest/reference.html#query-logging
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import ip, port
from collectors.parsers._device import begin, finish, observer, plain
from collectors.parsers._ids import alert
from collectors.parsers._time import epoch
from collectors.parsers._time import parse as parse_time
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "dns_server"
# client @0x7f 10.1.1.1#53124 (www.example.com): view internal: query: www.example.com IN A +E(0)K (10.0.0.53)
_BIND: Final = re.compile(
    r"client (?:@0x[0-9a-f]{1,16} )?([0-9A-Fa-f.:]{2,45}(?:%\d+)?)#(\d{1,5})(?:/key \S{1,255})?"
    r"(?: \(([^)\s]{0,255})\))?: (?:view (\S{1,64}): )?"
    r"(.*)",
    re.DOTALL,
)
_BIND_QUERY: Final = re.compile(
    r"query: (\S{1,255}) ([A-Z]{2}) ([A-Z0-9]{1,16})(?: ([+\-]\S{0,16}))?(?: \(([0-9A-Fa-f.:]{2,45})\))?"
)
_BIND_REFUSED: Final = re.compile(
    r"(?:query|zone transfer|update|recursion)[^']{0,64}(?:'([^'/]{1,255})(?:/([A-Z0-9]{1,16}))?(?:/([A-Z]{2}))?' "
    r")?(?:\([a-z ]{1,32}\) )?denied"
)
_RPZ: Final = re.compile(
    r"rpz (\S{1,16}) (\S{1,16}) rewrite (\S{1,255}?)(?:/([A-Z0-9]{1,16}))?(?:/([A-Z]{2}))? via (\S{1,512})"
)
_BIND_TIME: Final = re.compile(r"(\d{1,2}-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d\.\d{3}) ")
# [1772413600] unbound[1234:0] info: 10.1.1.1 www.example.com. A IN NOERROR 0.000 0 56
_UNBOUND: Final = re.compile(
    r"(?:\[(\d{10})\] )?unbound(?:\[(\d{1,10})(?::\d{1,4})?\])?:? ?(?:\[\d{1,10}:\d{1,4}\] )?(info|notice|warning|e"
    r"rror|debug|query|reply|fatal error)?:? ?(.*)",
    re.DOTALL,
)
_ASKED: Final = re.compile(
    r"([0-9A-Fa-f.:]{2,45})(?:@(\d{1,5}))? (\S{1,255}?)\.? ([A-Z][A-Z0-9]{0,15}) ([A-Z]{2,4})(?: ([A-Z]{3,10}) ("
    r"[\d.]{1,12}) ([01]) (\d{1,6}))?\s*$"
)
_LOCAL_ZONE: Final = re.compile(
    r"(\S{1,255}) (always_nxdomain|always_refuse|always_null|redirect|inform_deny|inform|deny|refuse|static|transp"
    r"arent) ([0-9A-Fa-f.:]{2,45})@(\d{1,5}) (\S{1,255}?)\.? ([A-Z0-9]{1,16}) ([A-Z]{2})"
)
# query[A] www.example.com from 10.1.1.1 ; reply … is … ; /etc/pihole/gravity.list … is 0.0.0.0
_MASQ_QUERY: Final = re.compile(
    r"(?:(\d{1,10}) ([0-9A-Fa-f.:]{2,45})/(\d{1,5}) )?query\[([A-Za-z0-9=]{1,16})\] (\S{1,255}) from ("
    r"[0-9A-Fa-f.:]{2,45})"
)
_MASQ_ANSWER: Final = re.compile(
    r"(?:\d{1,10} [0-9A-Fa-f.:]{2,45}/\d{1,5} )?(reply|cached|config|forwarded|gravity blocked|exactly blacklisted"
    r"|regex blacklisted|exactly denied|regex denied|special domain|rate-limited|Rate-limiting|/\S{1,255}) ("
    r"\S{1,255}) (?:is|to) (.{1,255})"
)
_LEASE: Final = re.compile(
    r"DHCP(ACK|REQUEST|DISCOVER|OFFER|RELEASE|NAK|DECLINE|INFORM)\((\S{1,32})\) (?:([0-9.]{7,15}) )?([0-9a-f:]{17}"
    r")(?: (\S{1,255}))?"
)
# Remote 10.1.1.1 wants 'www.example.com|A', do = 0, bufsize = 512: packetcache HIT
_POWER: Final = re.compile(
    r"Remote ([0-9A-Fa-f.:]{2,45}?)(?:<-[0-9A-Fa-f.:]{2,45})? wants '([^'|]{0,255})\|([A-Z0-9]{1,16})'"
)
_POWER_QUESTION: Final = re.compile(
    r"question for '([^'|]{1,255})\|([A-Z0-9]{1,16})' from ([0-9A-Fa-f.:]{2,45}?)(?::(\d{1,5}))?(?: |$)"
)
_PRODUCTS: Final = {"named": ("ISC", "BIND"), "unbound": ("NLnet Labs", "Unbound"), "dnsmasq": ("dnsmasq", "dnsmasq"),
                    "pihole-FTL": ("Pi-hole", "Pi-hole"), "pdns": ("PowerDNS", "PowerDNS"), "pdns_server": ("PowerDNS", "PowerDNS"),
                    "pdns_recursor": ("PowerDNS", "Recursor"), "pdns-recursor": ("PowerDNS", "Recursor"),
                    "dnsmasq-dhcp": ("dnsmasq", "dnsmasq")}  # fmt: skip


def _ask(event: Event, client: str, number: str | None, name: str, kind: str | None, zone: str | None = "IN") -> None:
    if (found := ip(client)) is not None:
        event["source.ip"] = event["source.address"] = found
    if (value := port(number)) is not None:
        event["source.port"] = value
    event["dns.question.name"] = name.rstrip(".") or "."
    if kind:
        event["dns.question.type"] = kind
    if zone:
        event["dns.question.class"] = zone
    event["dns.type"], event["network.protocol"] = "query", "dns"
    event["event.category"], event["event.type"], event["event.action"] = ["network"], ["protocol", "info"], "dns-query"


def _blocked(event: Event, policy: str) -> None:
    event["rule.name"], event["rule.category"] = policy, "DNS policy"
    event["event.severity"] = 40
    alert(event, blocked=True, swap=False)
    event["event.action"] = "dns-blocked"
    event.setdefault("taishi.victim.ip", event.pop("taishi.attacker.ip", event.get("source.ip", "")))


def _bind(event: Event, found: re.Match[str]) -> None:
    client, number, name, view, said = found.groups()
    client = client.partition("%")[0]
    event["message"] = said
    if view:
        event["dns.server.view"] = view
    if asked := _BIND_QUERY.search(said, 0, 1024):
        _ask(event, client, number, asked[1], asked[3], asked[2])
        if asked[4]:
            event["dns.server.flags"] = asked[4]
        if asked[5] and (at := ip(asked[5])) is not None:
            event["destination.ip"] = event["destination.address"] = at
    elif policy := _RPZ.search(said, 0, 2048):
        _ask(event, client, number, policy[3], policy[4], policy[5])
        _blocked(event, policy[6])
    else:
        refused = _BIND_REFUSED.search(said, 0, 1024)
        _ask(event, client, number, (refused[1] if refused and refused[1] else name) or ".", refused[2] if refused else None,
             refused[3] if refused else None)  # fmt: skip
        event["event.action"] = "dns-notice"
        if refused or "denied" in said[:256] or "REFUSED" in said[:256]:
            event["event.type"], event["event.outcome"], event["event.action"] = (
                ["protocol", "denied"],
                "failure",
                "dns-refused",
            )


def _unbound(event: Event, said: str) -> None:
    if hit := _LOCAL_ZONE.search(said, 0, 1024):
        _ask(event, hit[3], hit[4], hit[5], hit[6], hit[7])
        if hit[2] not in {"transparent", "static", "inform"}:
            _blocked(event, f"local-zone {hit[1].rstrip('.')}")
    elif asked := _ASKED.search(said, 0, 1024):
        _ask(event, asked[1], asked[2], asked[3], asked[4], asked[5])
        if asked[6]:
            event["dns.response_code"], event["dns.type"] = asked[6], "answer"
            event["event.duration"] = round(float(asked[7].strip(".") or 0) * 1e9) if asked[7].count(".") < 2 else 0
    else:
        plain(event)
    event.setdefault("event.action", "dns-notice")


def _masq(event: Event, said: str) -> None:
    if asked := _MASQ_QUERY.search(said, 0, 1024):
        _ask(event, asked[6], asked[3], asked[5], asked[4])
    elif lease := _LEASE.search(said, 0, 512):
        event["event.category"], event["event.type"] = ["network"], ["protocol", "info"]
        event["event.action"] = f"dhcp-{lease[1].lower()}"
        if (found := ip(lease[3])) is not None:
            event["source.ip"] = event["source.address"] = found
        event["source.mac"] = lease[4].upper().replace(":", "-")
        if lease[5]:
            event["source.domain"] = lease[5]
    elif answer := _MASQ_ANSWER.search(said, 0, 1024):
        event["dns.question.name"], event["dns.type"], event["network.protocol"] = (
            answer[2].rstrip("."),
            "answer",
            "dns",
        )
        event["event.category"], event["event.type"] = ["network"], ["protocol", "info"]
        event["event.action"] = f"dns-{answer[1].strip('/').replace(' ', '-').lower()[:48]}"
        if answer[1] != "forwarded" and (found := ip(answer[3].strip().partition(" ")[0])) is not None:
            event["dns.resolved_ip"] = [found]
        if "blocked" in answer[1] or "black" in answer[1] or "denied" in answer[1] or answer[1].startswith("/"):
            event["event.type"] = ["protocol", "denied"]
    else:
        plain(event)
        event["event.action"] = "dns-notice"


def _power(event: Event, said: str) -> None:
    if asked := _POWER.search(said, 0, 1024):
        _ask(event, asked[1], None, asked[2], asked[3])
    elif asked := _POWER_QUESTION.search(said, 0, 1024):
        _ask(event, asked[3], asked[4], asked[1], asked[2])
    else:
        plain(event)
        event["event.action"] = "dns-notice"


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "dns.server")
    program = event.get("process.name", "")
    event["message"] = body
    whole = framed.text
    if (stamped := _BIND_TIME.search(body, 0, 64) or _BIND_TIME.search(whole, 0, 64)) and (
        moment := parse_time(stamped[1].replace("-", " "), received)
    ):
        event["@timestamp"], event["taishi.time.quality"] = moment
    if found := _BIND.search(body, 0, 8192) or _BIND.search(whole, 0, 8192):
        observer(event, *_PRODUCTS["named"], "dns")
        _bind(event, found)
    elif program in {"named", "dnsmasq", "dnsmasq-dhcp", "pihole-FTL"} or program.startswith("pdns"):
        observer(event, *_PRODUCTS.get(program, _PRODUCTS["pdns"]), "dns")
        (_power if program.startswith("pdns") else _masq)(event, body)
    elif found := _UNBOUND.search(whole, 0, 8192):
        observer(event, *_PRODUCTS["unbound"], "dns")
        if found[1] and (clock := epoch(found[1])) is not None:
            event["@timestamp"], event["taishi.time.quality"] = clock, "exact"
        event["process.name"], event["message"] = "unbound", found[4]
        _unbound(event, found[4])
    elif _MASQ_QUERY.search(whole, 0, 1024) or "dnsmasq" in whole[:256]:
        observer(event, *_PRODUCTS["dnsmasq"], "dns")
        _masq(event, whole.partition("dnsmasq[")[2].partition(": ")[2] or body)
    else:
        raise ParseError("no sentence of a DNS server", NAME)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = framed.text[:400]
    program = framed.syslog.get("process.name", "")
    if program in _PRODUCTS:
        return 0.95
    if "client " in source and "#" in source and _BIND.search(source):
        return 0.95
    if any(mark in source[:160] for mark in (" named[", " dnsmasq[", " dnsmasq-dhcp[", " pdns[", " pdns_recursor[")):
        return 0.94
    return 0.94 if "unbound[" in source[:160] or "unbound: [" in source[:160] else 0.0


PARSER = Parser(
    name=NAME,
    product="BIND, Unbound, dnsmasq, Pi-hole, PowerDNS",
    data_kind="network",
    reference="https://bind9.readthedocs.io/en/latest/reference.html#query-logging",
    parse=parse,
    sniff=sniff,
    markers=("client ", "named", "unbound", "dnsmasq", "pihole-FTL", "pdns"),
)
