"""Directory and access servers: OpenLDAP (slapd), 389 Directory Server, FreeRADIUS, TACACS+, Kerberos KDC, VPN daemons' logins.

Binds and access requests are authentications: `RESULT … err=49`, `Login incorrect: [user] (from client nas port 0 cli …)`.
Reference: https://www.openldap.org/doc/admin26/guide.html, https://wiki.freeradius.org/
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import ip, mac
from collectors.parsers._service import close, level, login, opened, peer
from collectors.parsers._time import parse as parse_time
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "directory"
_SLAPD: Final = re.compile(
    r"(?:[0-9a-f]{8}(?:\.[0-9a-f]{1,16})? (?:0x[0-9a-f]{4,16} )?)?conn=(\d{1,12}) (?:fd=(\d{1,9})|op=(-?\d{1,12})) "
)
_389: Final = re.compile(r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d{1,9})? [+-]\d{4})\] (?=conn=)")
_ADDRESS: Final = re.compile(r"(?:IP=|from )(\[?[0-9A-Fa-f.:]{2,48}?\]?)(?::(\d{1,5}))? (?:\(|to )")
_DN: Final = re.compile(r'\bdn="([^"]{0,512})"')
_ERROR: Final = re.compile(r"\berr=(\d{1,5})")
_BASE: Final = re.compile(r'\bbase="([^"]{0,512})"')
_RADIUS: Final = re.compile(
    r"(?:(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d \d{4}) : )?"
    r"(?:(?P<level>Auth|Info|Error|Debug|Proxy|Warning|ERROR): )?"
    r"(?:\(\d{1,12}\) ?)?:? ?(?P<said>\S.*)", re.DOTALL
)  # fmt: skip
_LOGIN: Final = re.compile(
    r"(?P<what>Login OK|Login incorrect|Invalid user|Multiple logins)(?: \((?P<reason>[^\[]{1,300})\))?: ?"
    r"\[(?P<user>[^\]/]{0,253})(?:/[^\]]{0,253})?\]"
    r"(?: \(from client (?P<client>\S{1,255}) port (?P<port>\d{1,10})(?: cli (?P<cli>[^)\s]{1,64}))?)?"
)
_KDC: Final = re.compile(
    r"(?P<kind>AS_REQ|TGS_REQ) \([^)]{0,300}\) (?P<ip>[0-9A-Fa-f.:]{2,48}): (?P<what>[A-Z_]{3,40}): (?:authtime \d{1,12},? ?)?"
    r"(?:etypes [^}]{0,300}\},? ?)?(?P<user>[^\s,]{1,255})(?: for (?P<service>[^\s,]{1,255}))?"
)
_CN: Final = re.compile(r"(?:^|,)\s?(?:uid|cn|sAMAccountName)=([^,]{1,255})", re.IGNORECASE)


def _person(dn: str) -> str:
    found = _CN.search(dn, 0, 600)
    return found[1] if found else dn


def _ldap(event: Event, said: str, found: re.Match[str]) -> None:
    event["event.dataset"], event["service.type"] = "openldap.log", "openldap"
    event["openldap.connection"] = found[1]
    if found[3]:
        event["openldap.operation"] = found[3]
    rest = said[found.end() :]
    word = rest.partition(" ")[0]
    event["event.action"] = f"ldap-{word.lower()}"[:40]
    if word in {"ACCEPT", "slot"} or "connection from" in rest:
        place = _ADDRESS.search(rest, 0, 200)
        if place is not None:
            peer(event, place[1].strip("[]"), place[2])
        event["event.category"], event["event.type"] = ["network"], ["connection", "start"]
    elif word in {"closed", "UNBIND"}:
        event["event.category"], event["event.type"] = ["network"], ["connection", "end"]
    else:
        _operation(event, rest, word)


def _operation(event: Event, rest: str, word: str) -> None:
    name = _DN.search(rest, 0, 900)
    if name is not None and name[1]:
        event["openldap.dn"] = name[1]
    code = _ERROR.search(rest, 0, 300)
    if code is not None:
        event["event.code"] = code[1]
        event["event.outcome"] = "success" if code[1] in {"0", "14"} else "failure"
    if word == "BIND":
        event["event.category"], event["event.type"] = ["authentication"], ["start"]
        if name is not None and name[1]:
            event["user.name"] = _person(name[1])
    elif word == "RESULT" and code is not None and ("tag=97" in rest[:200] or code[1] in {"49", "48", "53"}):
        login(event, good=code[1] == "0", action="ldap-bind-result")
    elif word in {"ADD", "MOD", "DEL", "MODRDN", "PASSMOD"}:
        event["event.category"] = ["iam"]
        event["event.type"] = [{"ADD": "creation", "DEL": "deletion"}.get(word, "change")]
        if name is not None:
            event["user.target.name"] = _person(name[1]) or "-"
    elif (base := _BASE.search(rest, 0, 900)) is not None:
        event["openldap.base"] = base[1]


def _radius(event: Event, said: str, received: Received) -> None:
    event["event.dataset"], event["service.type"] = "radius.log", "freeradius"
    found = _RADIUS.match(said)
    if found is None:
        return
    if found["time"] and (stamped := parse_time(found["time"], received)) is not None:
        event["@timestamp"], event["taishi.time.quality"] = stamped
    if found["level"]:
        level(event, found["level"] if found["level"] != "Auth" else "info")
    text = event["message"] = found["said"]
    entry = _LOGIN.match(text)
    if entry is None:
        return
    login(
        event,
        good=entry["what"] == "Login OK",
        user=entry["user"] or None,
        reason=entry["reason"],
        action="radius-login",
    )
    if entry["client"]:
        event["radius.client"] = entry["client"]
    if entry["cli"]:
        if hardware := mac(entry["cli"]):
            event["source.mac"] = hardware
        elif ip(entry["cli"]):
            peer(event, entry["cli"])
        else:
            event["radius.calling_station"] = entry["cli"]


def _kerberos(event: Event, said: str, found: re.Match[str]) -> None:
    event["event.dataset"], event["service.type"] = "kerberos.log", "krb5kdc"
    peer(event, found["ip"])
    good = found["what"] == "ISSUE"
    login(event, good=good, user=found["user"].partition("@")[0], reason=None if good else found["what"],
          action="kerberos-" + found["kind"][:3].strip("_").lower())  # fmt: skip
    if found["what"] == "NEEDED_PREAUTH":
        event["event.outcome"] = "unknown"
    if found["service"]:
        event["service.name"] = found["service"]


def parse(framed: Framed, received: Received) -> list[Event]:
    own = _389.match(framed.text)
    radius = _FREE.match(framed.text)
    event, said = opened(
        NAME, "directory.log", Framed(framed.text) if own or radius else framed, received, "authentication"
    )
    if own is not None:
        if (stamped := parse_time(own[1], received)) is not None:
            event["@timestamp"], event["taishi.time.quality"] = stamped
        said = framed.text[own.end() :]
    elif radius is not None:
        said = framed.text
    program = str(event.get("process.name", ""))
    event["message"] = said.strip()
    if (found := _SLAPD.match(said)) is not None:
        _ldap(event, said, found)
    elif (found := _KDC.search(said, 0, 600)) is not None:
        _kerberos(event, said, found)
    elif program in {"radiusd", "freeradius"} or radius is not None:
        _radius(event, said, received)
    elif program in {"slapd", "krb5kdc", "kadmind", "ns-slapd"}:
        event["event.category"], event["event.action"] = ["process"], "log"
    else:
        raise ParseError("no directory or access server wrote this", NAME)
    return close(event, received)


_FREE: Final = re.compile(
    r"[A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d \d{4} : (?:Auth|Info|Error|Debug|Proxy|Warning|ERROR): "
)
_NAMED: Final = re.compile(
    r" (?:slapd|radiusd|freeradius|krb5kdc|kadmind|ns-slapd)(?:\[\d{1,10}\])?(?:\(\w{1,16}\))?: "
)


def sniff(framed: Framed) -> float:
    if framed.syslog.get("process.name") in {"slapd", "radiusd", "freeradius", "krb5kdc", "kadmind", "ns-slapd"}:
        return 0.95
    head = framed.text[:200]
    if _FREE.match(head) or (_389.match(head) and " op=" in head + framed.text[200:300]):
        return 0.93
    if _NAMED.search(head):
        return 0.92
    return 0.9 if _SLAPD.match(head) and ("op=" in head or "ACCEPT" in head) else 0.0


PARSER = Parser(
    name=NAME,
    product="OpenLDAP, 389 Directory Server, FreeRADIUS, Kerberos KDC",
    data_kind="platform",
    reference="https://www.openldap.org/doc/admin26/guide.html",
    parse=parse,
    sniff=sniff,
    markers=("slapd", "radiusd", "freeradius", "krb5kdc", "kadmind", " : Auth: ", " : Info: ", " : Error: ", " : Debug: ",
             " : Proxy: ",
             " : Warning: ", " : ERROR: ", "conn="),
)  # fmt: skip
