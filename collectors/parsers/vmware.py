"""VMware: ESXi and vCenter services (hostd, vpxa, vpxd, vobd, vmkernel), NSX, its firewall's packet log, and Horizon.

`Event [id] [1-1] [time] [vim.event.UserLoginSessionEvent] [info] [user] [] [id] [text]` from vpxd; `[Originator@6876 sub=…] text`
from hostd; `INET match PASS domain-c7/1001 IN 60 TCP a/1->b/2 S` and `INET TERM …` from the distributed firewall;
`[nsx@6876 comp="…"]` and `[View@6876 Severity="AUDIT_SUCCESS" …]` in structured data.

Reference: https://techdocs.broadcom.com/us/en/vmware-cis/vsphere/vsphere/8-0/vsphere-monitoring-and-performance.html
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import ip, transport, word_severity
from collectors.parsers._device import begin, finish, login, names, numbers, observer, peer, plain
from collectors.parsers._firewall import session
from collectors.parsers._pairs import fill
from collectors.parsers._sentence import read
from collectors.parsers._text import spaced_pairs
from collectors.parsers._time import stamp
from taishi.event import Event

NAME: Final = "vmware"
_PROGRAMS: Final = names(
    "Hostd hostd hostd-probe Vpxa vpxa vpxd vpxd-main vobd vmkernel vmkwarning VMkernel vmauthd Rhttpproxy rhttpproxy esxupdate "
    "esxcli fdm Fdm usbarb vmkeventd vsanmgmtd vsansystem cmmdsTimeMachineDump cmmdsd envoy-access vmon vmafdd vmdird vmware-hostd "
    "apiForwarder sdrsInjector storageRM swapobjd healthd settingsd VMwareNSX NSX nsx dfwpktlogs FIREWALL-PKTLOG View "
    "nsx-opsagent nsx-proxy netcpa-worker cimslp sfcb-vmware_base hostprofiletrace osfsd nfcd vsantraced vsandevicemonitord vvold "
    "nmxd dcui content-library vsphere-ui ui-main vmware-vpxd appliance-auditd vmcad procstate ucs-tool-esxi-inv "
    "iofilterd-vmwarevmcrypt"
)
_EVENT: Final = re.compile(
    r"Event \[(\d{1,12})\] \[[\d\-]{1,16}\] \[([^\]]{10,40})\] "
    r"\[((?:vim\.event\.|com\.vmware\.|esx\.|vprob\.|ad\.|hbr\.|com\.)[\w.\-]{3,128})\] "
    r"\[(\w{0,16})\] \[([^\]]{0,256})\] \[([^\]]{0,256})\] \[(\d{0,12})\] \[(.*?)\]?\s*$",
    re.DOTALL,
)
_PACKET: Final = re.compile(
    r"(?:(\w{8}) )?(INET6?) (match|TERM|reason\S{0,24}) (PASS|DROP|REJECT|REDIRECT|PUNT|COPY|RDR|NAT)? ?(?:("
    r"\S{1,64}) )?(IN|OUT) (?:(\d{1,6}) )?"
    r"(?:(TCP|UDP|ICMP|ICMP6|IPV6-ICMP|IGMP|PROTO \d{1,3}) )?(?:(RST|FIN|FPND|TIMEOUT|SYN) )?([0-9A-Fa-f.:]{2,45})"
    r"(?:/(\d{1,5}))?->"
    r"([0-9A-Fa-f.:]{2,45})(?:/(\d{1,5}))?(?: (\d{1,12})/(\d{1,12}) (\d{1,18})/(\d{1,18}))?(?: ([A-Z]{1,8}))?(?: ("
    r"\S{1,128}))?"
)
_STRUCTURED: Final = re.compile(r"\[(nsx|View|Originator)@6876 ?([^\]]{0,2048})\]")
_LOGIN: Final = re.compile(r"[Uu]ser (\S{1,256}?)@([0-9A-Fa-f.:]{3,45}) logged (in|out)")
_FAILED: Final = re.compile(
    r"(?:Cannot login (?:user )?|[Ff]ailed login attempt (?:for|by) )'?([^\s'@]{1,256})'?(?:@([0-9A-Fa-f.:]{3,45})"
    r")?"
)
_LEVEL: Final = re.compile(
    r"^(?:\d{4}-\d\d-\d\dT[\d:.]{8,16}Z )?(info|verbose|warning|error|trivia|panic|debug|In\(\d+\)|Wa\(\d+\)|Er"
    r"\(\d+\)) "
)


def _packet(event: Event, found: re.Match[str]) -> None:
    _, family, _, verb, rule, way, length, protocol, reason, source, number, target, other, *rest = found.groups()
    peer(event, "source", source, number)
    peer(event, "destination", target, other)
    if protocol and (kind := transport(protocol.removeprefix("PROTO "))) is not None:
        event["network.transport"] = kind
    term = "TERM" in found[3]
    numbers(
        event,
        zip(("source.packets", "destination.packets", "source.bytes", "destination.bytes"), rest[:4], strict=False),
    )
    if length and not term:
        numbers(event, [("network.bytes", length)])
    if rule:
        event["rule.id"] = rule.rpartition("/")[2]
        event["rule.ruleset"] = rule.rpartition("/")[0] or rule
    if rest[5]:
        event["rule.name"] = rest[5]
    if reason:
        event["event.reason"] = reason
    session(event, denied={"PASS": False, "DROP": True, "REJECT": True}.get(verb or ""), phase="end" if term else "")
    event["network.direction"] = "inbound" if way == "IN" else "outbound"
    event["network.type"] = "ipv6" if family == "INET6" else "ipv4"
    event["event.action"] = (verb or "log").lower()


def _vcenter(event: Event, found: re.Match[str], received: Received) -> None:
    identity, time, kind, level, user, center, _, text = found.groups()
    stamp(event, time, received)
    event["event.code"], event["log.level"], event["message"] = (
        kind.rpartition(".")[2] if kind.startswith("vim.") else kind,
        level,
        text,
    )
    event["vmware.event_id"], event["vmware.event_type"] = identity, kind
    event["event.severity"] = word_severity(level) or 10
    if center:
        event["vmware.datacenter"] = center
    plain(event)
    if user:
        event["user.name"] = user.rpartition("\\")[2]
        if "\\" in user:
            event["user.domain"] = user.partition("\\")[0]
    _people(event, text)
    event.setdefault("event.action", kind.rpartition(".")[2])


def _people(event: Event, text: str) -> None:
    if said := _LOGIN.search(text, 0, 2048):
        name = said[1]
        event["user.name"] = name.rpartition("\\")[2]
        if (where := ip(said[2])) is not None:
            event["source.ip"] = event["source.address"] = where
        login(event, True, out=said[3] == "out")
    elif said := _FAILED.search(text, 0, 2048):
        event["user.name"] = said[1].rpartition("\\")[2]
        if said[2] and (where := ip(said[2])) is not None:
            event["source.ip"] = event["source.address"] = where
        login(event, False)
    elif "event.category" not in event or event["event.category"] == ["host"]:
        read(event, text)


def _view(event: Event, pairs: dict[str, str]) -> None:
    observer(event, "VMware", "Horizon", "vdi")
    fill(event, pairs, {"UserDisplayName": ("user.name", lambda value: value.rpartition("\\")[2]), "UserName": ("user.name", str),
                        "ClientIpAddress": ("source.ip", ip)}, "vmware.")  # fmt: skip
    kind = pairs.get("EventType", "")
    event["event.action"] = kind.lower() or "view"
    severity = pairs.get("Severity", "")
    if "LOGGEDIN" in kind or "LOGGEDOUT" in kind or "AUTH" in kind:
        login(event, "FAIL" not in severity and "FAIL" not in kind, out="LOGGEDOUT" in kind)
        event["event.action"] = kind.lower()
    else:
        plain(event)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME, "vmware.log")
    whole = framed.text
    observer(event, "VMware", "vSphere", "hypervisor")
    event["message"] = body
    structured = _STRUCTURED.search(whole, 0, 1024)
    pairs = spaced_pairs(structured[2]) if structured else {}
    if level := _LEVEL.match(body):
        event["log.level"] = level[1]
    if packet := _PACKET.search(whole, 0, 2048):
        observer(event, "VMware", "NSX", "firewall")
        _packet(event, packet)
    elif found := _EVENT.search(body, 0, 8192) or _EVENT.search(whole, 0, 8192):
        observer(event, "VMware", "vCenter" if "vpxd" in whole[:200] else "vSphere", "hypervisor")
        _vcenter(event, found, received)
    elif structured and structured[1] == "View":
        _view(event, pairs)
    else:
        plain(event)
        if structured and structured[1] == "nsx":
            observer(event, "VMware", "NSX", "network-manager")
            if name := pairs.get("username"):
                event["user.name"] = name.strip("'\"")
        for key in ("sub", "opID", "comp", "subcomp", "level", "errorCode"):
            if pairs.get(key):
                event[f"vmware.{key.lower()}"] = pairs[key].strip(",")
        _people(event, body)
    event.setdefault("event.action", (event.get("process.name") or "log").lower())
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = framed.text
    if "@6876" in source[:600]:
        return 0.97
    program = framed.syslog.get("process.name", "")
    if program in _PROGRAMS:
        return 0.9
    if "vim.event." in source[:600]:
        return 0.97
    if "INET" in source[:300] and _PACKET.search(source, 0, 600):
        return 0.95
    return (
        0.9
        if any(
            mark in source[:160]
            for mark in (" Hostd: ", " Vpxa: ", " vpxd[", " vpxa[", " vmkernel: ", " vobd: ", " vmkernel[")
        )
        else 0.0
    )


PARSER = Parser(
    name=NAME,
    product="VMware vSphere, NSX and Horizon",
    data_kind="platform",
    reference="https://techdocs.broadcom.com/us/en/vmware-cis/vsphere/vsphere/8-0/vsphere-monitoring-and-performance.html",
    parse=parse,
    sniff=sniff,
    markers=("@6876", "vim.event.", "INET ", "INET6 ", *sorted(_PROGRAMS)),
)
