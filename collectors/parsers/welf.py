"""SonicWall and Stormshield: both write WELF pairs after `id=firewall`, with different keys.

SonicWall: `sn= fw= pri= c= m= src=10.1.1.1:5000:X0 dst=…:443:X1 proto=tcp/https msg="…"`; `m` is the message number.
Stormshield: `fw= tz= logtype="filter" src= srcport= dst= dstport= action=block`; `logtype` says which log. A line with
neither `m=` nor `logtype=` names no product.

Reference: https://www.sonicwall.com/techdocs/pdf/sonicos-7-0-0-0-log_events_reference_guide.pdf
"""

from __future__ import annotations

from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import SYSLOG_SEVERITY, Fields, body_of, integer, ip, lower, mac, port, text, transport
from collectors.parsers._device import begin, change, finish, login, names, observer, peer, plain
from collectors.parsers._pairs import detection, fill, flow
from collectors.parsers._text import spaced_pairs
from collectors.parsers._time import iso, stamp
from collectors.parsers._verdict import outcome
from collectors.parsers._web import url
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "welf"
SHARED: Final[Fields] = {
    "msg": ("message", text),
    "rule": ("rule.name", text),
    "rulename": ("rule.name", text),
    "ruleid": ("rule.id", text),
    "usr": ("user.name", text),
    "user": ("user.name", text),
    "sent": ("source.bytes", integer),
    "rcvd": ("destination.bytes", integer),
    "spkt": ("source.packets", integer),
    "rpkt": ("destination.packets", integer),
    "srcMac": ("source.mac", mac),
    "dstMac": ("destination.mac", mac),
    "srcmac": ("source.mac", mac),
    "sn": ("observer.serial_number", text),
    "fw": ("observer.name", text),
    "srcZone": ("observer.ingress.zone", text),
    "dstZone": ("observer.egress.zone", text),
    "srcifname": ("observer.ingress.interface.name", text),
    "dstifname": ("observer.egress.interface.name", text),
    "op": ("http.request.method", lambda value: value if value.isalpha() else None),
    "result": ("http.response.status_code", integer),
    "dstname": ("destination.domain", text),
    "arg": ("url.original", text),
    "ipproto": ("network.transport", transport),
    "m": ("event.code", text),
    "msgid": ("event.code", text),
    "appName": ("network.application", lower),
    "app_name": ("network.application", lower),
    "srcport": ("source.port", port),
    "dstport": ("destination.port", port),
    "modsrc": ("source.nat.ip", ip),
    "modsrcport": ("source.nat.port", port),
    "origdst": ("destination.nat.ip", ip),
    "origdstport": ("destination.nat.port", port),
    "srcname": ("source.domain", text),
    "domain": ("user.domain", text),
    "virus": ("threat.software.name", text),
    "ipsid": ("rule.id", text),
    "sid": ("rule.id", text),
    "catdescription": ("rule.category", text),
    "Category": ("rule.category", text),
}
_OWN: Final = frozenset(
    {
        "id",
        "time",
        "src",
        "dst",
        "proto",
        "pri",
        "natSrc",
        "natDst",
        "fw_action",
        "action",
        "dur",
        "duration",
        "tz",
        "startime",
        "af_action",
    }
)
# SonicOS message numbers: attacks, intrusion prevention, gateway antivirus, antispyware, botnet, geo-IP, capture.
_ATTACKS: Final = names(
    "22 23 25 27 81 82 83 165 177 178 179 180 229 267 446 506 "
    "522 527 528 529 548 549 550 554 555 556 580 606 608 609 794 795 796 809 "
    "856 857 858 859 860 861 862 "
    "863 864 865 866 867 868 897 898 899 900 901 902 903 904 905 "
    "1198 1200 1201 1369 1370 1371 1373 1374 1375 1376 1459 1460 1599"
)
_LOGIN_GOOD: Final = names("29 31 199 236 237 238 1080 1335")
_LOGIN_BAD: Final = names("30 32 33 35 200 243 246 329 333 1035 1117")
_LOGOUT: Final = names("24 232 261 263 264 265 994 995 996 1081 1336")
_DROPS: Final = names("36 37 38 41 42 43 63 69 70 173 174 342 524 652 653 654 655 656 713 714 715 716 717")


def _sonic_peer(event: Event, side: str, value: str) -> None:
    """`10.1.1.1:5000:X0:name`; an IPv6 address stands whole, or in brackets."""
    if value.startswith("["):
        where, _, rest = value[1:].partition("]")
        parts = [where, *rest.lstrip(":").split(":")]
    elif value.count(":") > 5 or "::" in value:
        parts = [value]
    else:
        parts = value.split(":")
    peer(event, side, parts[0], parts[1] if len(parts) > 1 and parts[1] not in {"", "0"} else None)
    if len(parts) > 2 and parts[2]:
        event[f"observer.{'ingress' if side == 'source' else 'egress'}.interface.name"] = parts[2]
    if len(parts) > 3 and parts[3] and f"{side}.domain" not in event:
        event[f"{side}.domain"] = parts[3]


def _sonic_ends(event: Event, pairs: dict[str, str]) -> None:
    for side, key, mapped in (("source", "src", "natSrc"), ("destination", "dst", "natDst")):
        _sonic_peer(event, side, pairs.get(key, ""))
        where, _, number = pairs.get(mapped, "").partition(":")
        if (found := ip(where)) is not None:
            event[f"{side}.nat.ip"] = found
            if (value := port(number.partition(":")[0])) is not None:
                event[f"{side}.nat.port"] = value
    protocol, _, service = pairs.get("proto", "").partition("/")
    if (kind := transport(protocol)) is not None:
        event["network.transport"] = kind
    if service and not service.isdecimal():
        event["network.protocol"] = service.lower()


def _sonicwall(event: Event, pairs: dict[str, str]) -> None:
    observer(event, "SonicWall", "SonicOS", "firewall")
    event["event.dataset"] = "sonicwall.firewall"
    _sonic_ends(event, pairs)
    fill(event, pairs, SHARED, "sonicwall.", _OWN)
    if pairs.get("dstname") and pairs.get("arg"):
        url(event, pairs["arg"], pairs["dstname"])
    code, action = pairs.get("m", ""), pairs.get("fw_action", "").strip('"')
    words = pairs.get("msg", "").lower()
    if (
        code in _ATTACKS
        or "ipscat" in pairs
        or "spycat" in pairs
        or ("possible" in words and ("attack" in words or "scan" in words))
    ):
        detection(event, pairs.get("msg", ""), action if action not in {"", "NA"} else "",
                  "malware" if "virus" in words or "spyware" in words or "botnet" in words else "intrusion_detection",
                  denied=True if "prevention" in words or "dropped" in words or "blocked" in words else None)  # fmt: skip
    elif code in _LOGOUT or "logged out" in words or "logout" in words:
        login(event, None, out=True)
    elif code in _LOGIN_GOOD or code in _LOGIN_BAD or "login" in words:
        login(event, code not in _LOGIN_BAD and outcome(words) != "failure")
    elif "source.ip" in event and "destination.ip" in event:
        denied = True if code in _DROPS or "dropped" in words or "denied" in words or "blocked" in words else None
        flow(event, action if action not in {"", "NA"} else "", "end" if code == "537" else "start" if code == "98" else "",
             denied if denied or action in {"", "NA"} else None)  # fmt: skip
    else:
        plain(event)
    event.setdefault("event.action", f"message-{code}" if code else "log")


def _stormshield(event: Event, pairs: dict[str, str], received: Received) -> None:
    observer(event, "Stormshield", "SNS", "firewall")
    kind, action = pairs.get("logtype", ""), pairs.get("action", "")
    event["event.dataset"] = f"stormshield.{kind[:32] or 'log'}"
    found = iso(pairs.get("time", ""), pairs.get("tz") or received.timezone)
    if found is not None:
        event["@timestamp"], event["taishi.time.quality"] = found[0], "exact" if pairs.get("tz") else "no_zone"
    for side, key in (("source", "src"), ("destination", "dst")):
        peer(event, side, pairs.get(key, ""), pairs.get(f"{key}port"))
    if (protocol := pairs.get("proto", "")) and protocol != pairs.get("ipproto"):
        event["network.protocol"] = protocol.lower()
    fill(event, pairs, SHARED, "stormshield.", _OWN)
    if pairs.get("arg"):
        url(event, pairs["arg"], pairs.get("dstname", ""))
    if kind in {"alarm", "sandboxing", "pvm"} or pairs.get("virus") not in {None, "", "clean"}:
        event.pop("event.severity", None)
        detection(event, pairs.get("msg", ""), action, severity={"1": 75, "4": 50}.get(pairs.get("pri", ""), 40))
    elif kind in {"auth", "xvpn", "server"} and ("error" in pairs or kind == "auth"):
        login(
            event,
            pairs.get("error", "0") == "0" and "fail" not in pairs.get("msg", "").lower(),
            out="logout" in pairs.get("msg", "").lower(),
        )
    elif kind == "server":
        change(event)
    elif "source.ip" in event:
        flow(event, action, "end" if kind == "connection" else "")
        if kind == "web":
            event["event.category"] = ["web", "network"]
    else:
        plain(event)
    event.setdefault("event.action", action or kind or "log")


def parse(framed: Framed, received: Received) -> list[Event]:
    event, _ = begin(framed, received, NAME)
    at = framed.text.find("id=")
    pairs = spaced_pairs(framed.text[at:]) if at >= 0 else {}
    if not pairs.keys() & {"fw", "sn", "logtype", "m"}:
        raise ParseError("no id=firewall with fw= or sn=", NAME)
    event.pop("process.name", None)
    stamp(event, pairs.get("time", "").replace(" UTC", "Z"), received)
    level = pairs.get("pri", "")
    if level in set("01234567"):
        event["event.severity"], event["taishi.severity_original"] = SYSLOG_SEVERITY[int(level)], level
    seconds = integer(pairs.get("dur") or pairs.get("duration"))
    if seconds is not None and 0 <= seconds < 10**9:
        event["event.duration"] = int(seconds * (10**6 if "dur" in pairs else 10**9))
    if "logtype" in pairs:
        _stormshield(event, pairs, received)
    else:
        _sonicwall(event, pairs)
    if name := event.get("observer.name"):
        event["observer.hostname"] = name
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    at = source.find("id=", 0, 200)
    if at < 0 or " time=" not in source[at : at + 200]:
        return 0.0
    if " logtype=" in source and " fw=" in source:
        return 0.97
    return (
        0.97 if " m=" in source and (" sn=" in source[at : at + 120] or " c=" in source) and " fw=" in source else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="SonicWall and Stormshield",
    data_kind="security",
    reference="https://www.sonicwall.com/techdocs/pdf/sonicos-7-0-0-0-log_events_reference_guide.pdf",
    parse=parse,
    sniff=sniff,
    markers=("id=",),
)
