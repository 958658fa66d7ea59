"""AWS network logs: VPC flow logs, application, network and classic load balancers, S3 server access, CloudFront.

Flow logs without a header are read in the default layout of version 2; with one (`version account-id …`) by its columns.
CloudFront's `#Fields` gives the columns of its tab-separated rows. `REJECT` is a denial.

Reference: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parse, Parser, Received
from collectors.parsers._access import access, agent, client, locate, request, words
from collectors.parsers._common import body_of, integer, ip, number, port, transport
from collectors.parsers._device import duration, finish, numbers, observer, peer, plain
from collectors.parsers._firewall import session
from collectors.parsers._time import epoch, stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "aws_logs"


def _columns(text: str) -> list[str]:
    return text.split()


_FLOW: Final = _columns(
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
)
_FLOW_ROW: Final = re.compile(r"[2-9] (?:\d{12}|unknown) eni-[0-9a-f]{6,20} ")
_CUSTOM_ROW: Final = re.compile(r"(?:ACCEPT|REJECT) (?:OK|NODATA|SKIPDATA)\b|\b(?:NODATA|SKIPDATA)$")
_BALANCER: Final = re.compile(r"(https?|h2|grpcs?|wss?|tls) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) (\S{1,256}) ")
_NETWORK: Final = re.compile(r"tls \d\.\d (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d) (\S{1,256}) ")
_CLASSIC: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) (\S{1,128}) (\S{3,64}:\d{1,5}) (\S{1,64}) (-?[\d.]{1,12}) (-?[\d.]"
    r"{1,12}) (-?[\d.]{1,12}) "
)
_S3: Final = re.compile(r"([0-9a-f]{64}) (\S{3,63}) \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] ")
_CLOUDFRONT_ROW: Final = re.compile(r"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t[A-Z]{3}\d{1,3}(?:-[A-Z]\d{1,2})?\t")
_CLOUDFRONT_MARKS: Final = ("\tHTTP", "\thttp", "\tHit\t", "\tMiss\t", "\tError\t", "\tws")
_CLOUDFRONT: Final = _columns(
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query "
    "cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol "
    "ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte "
    "x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end"
)


_BALANCER_REST: Final = _columns(
    "target_group trace_id domain_name certificate rule_priority created actions redirect_url error targets target_status "
    "classification classification_reason"
)
_FLOW_FIELDS: Final = {
    "account-id": "cloud.account.id",
    "region": "cloud.region",
    "interface-id": "aws.interface_id",
    **{
        name: f"aws.{name}"
        for name in _columns(
            "instance-id vpc-id subnet-id tcp-flags pkt-srcaddr pkt-dstaddr log-status reject-reason traffic-path type az-id"
        )
    },
}


def _base(framed: Framed, dataset: str, product: str, kind: str) -> Event:
    event: Event = dict(framed.syslog)
    event["event.module"], event["event.dataset"] = NAME, dataset
    event["cloud.provider"] = "aws"
    observer(event, "AWS", product, kind)
    return event


def _flow_ends(event: Event, raw: dict[str, str], received: Received) -> None:
    for name in ("start", "end"):
        if (moment := epoch(raw[name]) if raw.get(name, "").isdecimal() else None) is not None:
            event[f"event.{name}"] = moment
    stamp(event, event.get("event.end") or event.get("event.start"), received)
    for side, address, number_ in (("source", "srcaddr", "srcport"), ("destination", "dstaddr", "dstport")):
        if (found := ip(raw.get(address))) is not None:
            event[f"{side}.ip"] = event[f"{side}.address"] = found
        if (value := port(raw.get(number_))) is not None:
            event[f"{side}.port"] = value
    if (kind := transport(raw.get("protocol"))) is not None:
        event["network.transport"], event["network.iana_number"] = kind, raw["protocol"]
    numbers(event, [("source.bytes", raw.get("bytes")), ("source.packets", raw.get("packets")),
                    ("network.bytes", raw.get("bytes")), ("network.packets", raw.get("packets"))])  # fmt: skip


def _flow(values: list[str], names: list[str], framed: Framed, received: Received) -> list[Event]:
    raw = {name.replace("_", "-"): value for name, value in zip(names, values, strict=False) if value != "-"}
    event = _base(framed, "aws.vpcflow", "VPC Flow Logs", "firewall")
    _flow_ends(event, raw, received)
    for name, target in _FLOW_FIELDS.items():
        if name in raw:
            event[target] = raw[name]
    action = raw.get("action", "")
    if "source.ip" in event:
        session(event, denied={"ACCEPT": False, "REJECT": True}.get(action))
        event["event.action"] = action.lower() or "flow"
    else:
        plain(event, "network")
        event["event.action"] = raw.get("log-status", "flow").lower()
    if raw.get("flow-direction") in {"ingress", "egress"}:
        event["network.direction"] = raw["flow-direction"]
    return finish(event, received)


def _balancer(found: re.Match[str], body: str, framed: Framed, received: Received) -> list[Event]:
    event = _base(framed, "aws.elb", "Elastic Load Balancing", "proxy")
    scheme, time, name = found.groups()
    stamp(event, time, received)
    event["aws.elb.name"], event["network.protocol"] = name, scheme
    cells = words(body[found.end() :], 40)
    cells += [""] * (28 - len(cells))
    access(event, cells[5])
    client(event, cells[0])
    peer(event, "destination", cells[1])
    numbers(event, [("http.request.bytes", cells[7]), ("http.response.bytes", cells[8])])
    request(event, cells[9])
    agent(event, "", cells[10])
    _tls(event, cells[11], cells[12])
    for key, value in zip(_BALANCER_REST, cells[13:], strict=False):
        if value not in {"", "-"}:
            event[f"aws.elb.{key}"] = value
    duration(event, sum(part for cell in cells[2:5] if (part := number(cell)) is not None and part > 0))
    if "waf" in cells[19] and cells[5] == "403":
        event["event.type"] = ["access", "denied"]
    return finish(event, received)


def _tls(event: Event, cipher: str, version: str) -> None:
    if cipher not in {"", "-"}:
        event["tls.cipher"] = cipher
    if version.startswith(("TLSv", "SSLv")):
        event["tls.version_protocol"], event["tls.version"] = version[:3].lower(), version[4:]


def _network(found: re.Match[str], body: str, framed: Framed, received: Received) -> list[Event]:
    event = _base(framed, "aws.elb", "Elastic Load Balancing", "proxy")
    stamp(event, f"{found[1]}Z", received)
    event["aws.elb.name"] = found[2]
    cells = words(body[found.end() :], 40)
    cells += [""] * (12 - len(cells))
    peer(event, "source", cells[1])
    peer(event, "destination", cells[2])
    numbers(event, [("source.bytes", cells[5]), ("destination.bytes", cells[6])])
    _tls(event, cells[10], cells[11].lower().replace("tlsv1", "TLSv1.").replace("..", ".") if cells[11] else "")
    session(event, denied=None, phase="end")
    event["event.outcome"] = "success" if cells[7] in {"", "-"} else "failure"
    return finish(event, received)


def _classic(found: re.Match[str], body: str, framed: Framed, received: Received) -> list[Event]:
    event = _base(framed, "aws.elb", "Elastic Load Balancing", "proxy")
    time, name, who, target, *timers = found.groups()
    stamp(event, time, received)
    event["aws.elb.name"] = name
    cells = words(body[found.end() :], 16)
    cells += [""] * (8 - len(cells))
    access(event, cells[0])
    client(event, who)
    peer(event, "destination", target)
    numbers(event, [("http.request.bytes", cells[2]), ("http.response.bytes", cells[3])])
    request(event, cells[4])
    agent(event, "", cells[5])
    _tls(event, cells[6], cells[7])
    duration(event, sum(value for cell in timers if (value := number(cell)) is not None and value > 0))
    return finish(event, received)


def _s3(found: re.Match[str], body: str, framed: Framed, received: Received) -> list[Event]:
    event = _base(framed, "aws.s3access", "S3", "storage")
    owner, bucket, time = found.groups()
    stamp(event, time, received)
    cells = words(body[found.end() :], 40)
    cells += [""] * (20 - len(cells))
    access(event, cells[6])
    client(event, cells[0])
    if cells[1] not in {"", "-"}:
        event["user.id"] = event["user.name"] = cells[1].rpartition("/")[2]
    event["event.action"] = cells[3] or "unknown"
    event["aws.s3.bucket"], event["aws.s3.owner"] = bucket, owner
    for key, at in (("request_id", 2), ("key", 4), ("error_code", 7), ("version_id", 14), ("host_id", 15)):
        value = cells[at]
        if value not in {"", "-"}:
            event[f"aws.s3.{key}"] = value
    request(event, cells[5], cells[19] if cells[19] not in {"", "-"} else "")
    numbers(event, [("http.response.body.bytes", cells[8])])
    if (millis := integer(cells[10])) is not None and millis >= 0:
        event["event.duration"] = millis * 1_000_000
    agent(event, cells[12], cells[13])
    _tls(event, cells[17] if cells[17] != "-" else "", cells[20] if len(cells) > 20 else "")
    return finish(event, received)


def _cloudfront(values: list[str], names: list[str], framed: Framed, received: Received) -> list[Event]:
    raw = {name: value for name, value in zip(names, values, strict=False) if value != "-"}
    event = _base(framed, "aws.cloudfront", "CloudFront", "proxy")
    stamp(event, f"{raw.get('date', '')}T{raw.get('time', '')}Z", received)
    access(event, raw.get("sc-status"))
    client(event, raw.get("c-ip", ""))
    numbers(event, [("source.port", raw.get("c-port")), ("http.request.bytes", raw.get("cs-bytes")),
                    ("http.response.bytes", raw.get("sc-bytes"))])  # fmt: skip
    if method := raw.get("cs-method"):
        event["http.request.method"] = method
    target = raw.get("cs-uri-stem", "")
    if query := raw.get("cs-uri-query"):
        target = f"{target}?{query}"
    if target:
        locate(event, target, raw.get("x-host-header") or raw.get("cs(Host)") or "", raw.get("cs-protocol", ""))
    if version := raw.get("cs-protocol-version"):
        event["http.version"] = version.removeprefix("HTTP/")
    agent(event, raw.get("cs(Referer)", ""), raw.get("cs(User-Agent)", "").replace("%20", " "))
    duration(event, number(raw.get("time-taken")))
    _tls(event, raw.get("ssl-cipher", ""), raw.get("ssl-protocol", ""))
    for name in (
        "x-edge-location",
        "x-edge-result-type",
        "x-edge-request-id",
        "x-forwarded-for",
        "x-edge-detailed-result-type",
    ):
        if name in raw:
            event[f"aws.cloudfront.{name}"] = raw[name]
    return finish(event, received)


def _by_form(body: str, names: list[str] | None, framed: Framed, received: Received) -> list[Event]:
    if _FLOW_ROW.match(body) or names is not None or _CUSTOM_ROW.search(body):
        values = body.split()
        fits = names is not None and len(names) == len(values)
        if not fits and not _FLOW_ROW.match(body):
            raise ParseError("a flow row in a custom layout without its header line", NAME)
        return _flow(values, names if fits and names is not None else _FLOW, framed, received)
    for expression, read in ((_BALANCER, _balancer), (_NETWORK, _network), (_CLASSIC, _classic), (_S3, _s3)):
        if found := expression.match(body):
            return read(found, body, framed, received)
    raise ParseError("none of the AWS log forms", NAME)


def session_() -> Parse:
    """A parse that remembers the header of a flow log and CloudFront's `#Fields`."""
    state: dict[str, list[str]] = {}

    def read(framed: Framed, received: Received) -> list[Event]:
        body = body_of(framed).strip()
        if body.startswith("#"):
            if body.startswith("#Fields:"):
                state["cloudfront"] = body[8:].split()[:128]
            return []
        if body.startswith("version ") or (
            "srcaddr" in body[:400] and "dstaddr" in body[:400] and "=" not in body[:400]
        ):
            state["flow"] = body.split()[:64]
            return []
        if _CLOUDFRONT_ROW.match(body):
            return _cloudfront(body.split("\t"), state.get("cloudfront", _CLOUDFRONT), framed, received)
        return _by_form(body, state.get("flow"), framed, received)

    return read


def parse(framed: Framed, received: Received) -> list[Event]:
    return session_()(framed, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    if _FLOW_ROW.match(source) or _S3.match(source):
        return 0.97
    if _CLOUDFRONT_ROW.match(source) and any(mark in source for mark in _CLOUDFRONT_MARKS):
        return 0.97
    if (source.startswith("version ") and "interface-id" in source[:200]) or (
        "srcaddr" in source[:200] and " dstaddr" in source[:300]
    ):
        return 0.97 if "=" not in source[:200] and source[:1] != "{" else 0.0
    if source.startswith("#Fields:") and "x-edge-location" in source[:80]:
        return 1.0
    if _BALANCER.match(source) and "/" in source[:256]:
        return 0.95
    return 0.93 if _NETWORK.match(source) or _CLASSIC.match(source) else 0.0


PARSER = Parser(
    name=NAME,
    product="AWS VPC flow logs, load balancers, S3 access, CloudFront",
    data_kind="platform",
    reference="https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html",
    parse=parse,
    sniff=sniff,
    session=session_,
    markers=(
        "eni-",
        "Z ",
        "tls ",
        "srcaddr",
        "interface-id",
        "#Fields:",
        *_CLOUDFRONT_MARKS,
        "] ",
    ),
)
