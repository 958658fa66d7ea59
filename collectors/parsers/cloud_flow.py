"""Flow logs and firewall logs of clouds in JSON: Azure NSG and VNet flow logs, Google VPC flow, firewall and load balancer,
AWS WAF, Cloudflare HTTP requests, firewall events and Spectrum.

An Azure record holds many flows: each tuple is an event. AWS WAF tells the rule that ended the evaluation; Cloudflare the edge's
answer and the firewall's action. What a rule blocked is an alert, an access that passed a record.

Reference: https://learn.microsoft.com/en-us/azure/network-watcher/nsg-flow-logs-overview
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import access, agent, client, locate
from collectors.parsers._common import (
    body_of,
    integer,
    ip,
    keep,
    load_object,
    mac,
    port,
    relate,
    text,
    transport,
)  # fmt: skip
from collectors.parsers._device import begin, finish, names, numbers, observer, peer
from collectors.parsers._firewall import session
from collectors.parsers._ids import blocked
from collectors.parsers._pairs import detection
from collectors.parsers._time import epoch, fallback, stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "cloud_flow"
_MAX_TUPLES: Final = 4096


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _azure(event: Event, raw: dict[str, Any], received: Received) -> list[Event]:
    """`records[].properties.flows[].flows[].flowTuples[]` (NSG) or `flowRecords.flows[].flowGroups[].flowTuples[]` (VNet)."""
    observer(event, "Microsoft", "Azure Network Watcher", "firewall")
    event["cloud.provider"] = "azure"
    found: list[Event] = []
    for record in map(_dict, _list(raw.get("records")) or [raw]):
        properties = _dict(record.get("properties"))
        base = dict(event)
        stamp(base, record.get("time"), received)
        if resource := text(record.get("resourceId") or record.get("targetResourceID")):
            base["azure.resource_id"] = resource
        if hardware := mac(record.get("macAddress")):
            base["observer.mac"] = [hardware]
        for flow in _list(properties.get("flows")) + _list(_dict(record.get("flowRecords")).get("flows")):
            for group in _list(_dict(flow).get("flows")) + _list(_dict(flow).get("flowGroups")):
                rule = text(_dict(flow).get("rule")) or text(_dict(group).get("rule")) or ""
                for line in _list(_dict(group).get("flowTuples")):
                    if isinstance(line, str) and len(found) < _MAX_TUPLES:
                        found.append(_tuple(dict(base), line.split(","), rule))
    if not found:
        raise ParseError("an Azure flow record without tuples", NAME)
    return found


def _tuple(event: Event, cells: list[str], rule: str) -> Event:
    cells += [""] * (13 - len(cells))
    event["event.dataset"] = "azure.nsgflow"
    moment = epoch(cells[0]) if cells[0].isdecimal() else None
    if moment is not None:
        event["@timestamp"], event["taishi.time.quality"] = moment, "exact"
    for side, address, value in (("source", cells[1], cells[3]), ("destination", cells[2], cells[4])):
        if (found := ip(address)) is not None:
            event[f"{side}.ip"] = event[f"{side}.address"] = found
        if (at := port(value)) is not None:
            event[f"{side}.port"] = at
    if (kind := transport({"T": "tcp", "U": "udp"}.get(cells[5], cells[5]))) is not None:
        event["network.transport"] = kind
    virtual = (
        (cells[7] in {"B", "C", "E", "D"} and not cells[8].isalpha() and cells[7] != "D")
        or cells[8].startswith("NX")
        or cells[8] == "X"
    )
    state, verdict = (cells[7], "D" if cells[7] == "D" else "A") if virtual else (cells[8], cells[7])
    sizes = cells[9:13]
    numbers(
        event, zip(("source.packets", "source.bytes", "destination.packets", "destination.bytes"), sizes, strict=False)
    )
    if rule:
        event["rule.name"] = rule
    session(event, denied=verdict == "D", phase={"B": "start", "E": "end"}.get(state, ""))
    event["network.direction"] = {"I": "inbound", "O": "outbound"}.get(
        cells[6], event.get("network.direction", "unknown")
    )
    event["event.action"] = "denied" if verdict == "D" else "allowed"
    return relate(event)


def _google(event: Event, raw: dict[str, Any], received: Received) -> None:
    payload = _dict(raw.get("jsonPayload"))
    event["cloud.provider"] = "gcp"
    if project := text(_dict(_dict(raw.get("resource")).get("labels")).get("project_id")):
        event["cloud.account.id"] = project
    stamp(event, payload.get("end_time") or raw.get("timestamp") or raw.get("receiveTimestamp"), received)
    if http := _dict(raw.get("httpRequest")):
        _google_http(event, http)
        return
    connection = _dict(payload.get("connection"))
    peer(event, "source", str(connection.get("src_ip") or ""), integer(connection.get("src_port")))
    peer(event, "destination", str(connection.get("dest_ip") or ""), integer(connection.get("dest_port")))
    if (kind := transport(integer(connection.get("protocol")))) is not None:
        event["network.transport"] = kind
    numbers(event, [("source.bytes", payload.get("bytes_sent")), ("source.packets", payload.get("packets_sent"))])
    disposition = text(payload.get("disposition"))
    if rule := text(_dict(payload.get("rule_details")).get("reference")):
        event["rule.name"] = rule
    event["event.dataset"] = "gcp.firewall" if disposition else "gcp.vpcflow"
    observer(event, "Google", "VPC firewall" if disposition else "VPC flow logs", "firewall")
    session(event, denied={"ALLOWED": False, "DENIED": True}.get(disposition or ""))
    event["event.action"] = (disposition or "flow").lower()
    keep(event, "gcp.", payload, {"connection", "start_time", "end_time", "bytes_sent", "packets_sent"})


def _google_http(event: Event, http: dict[str, Any]) -> None:
    event["event.dataset"] = "gcp.loadbalancer"
    observer(event, "Google", "Cloud Load Balancing", "proxy")
    access(event, http.get("status"))
    client(event, text(http.get("remoteIp")) or "")
    peer(event, "destination", text(http.get("serverIp")) or "")
    if method := text(http.get("requestMethod")):
        event["http.request.method"] = method
    if target := text(http.get("requestUrl")):
        locate(event, target)
    agent(event, text(http.get("referer")) or "", text(http.get("userAgent")) or "")
    numbers(event, [("http.request.bytes", http.get("requestSize")), ("http.response.bytes", http.get("responseSize"))])


_WAF_OWN: Final = names("timestamp httpRequest webaclId terminatingRuleId terminatingRuleType action formatVersion")


def _aws_waf(event: Event, raw: dict[str, Any], received: Received) -> None:
    observer(event, "AWS", "WAF", "waf")
    event["event.dataset"], event["cloud.provider"] = "aws.waf", "aws"
    stamp(event, raw.get("timestamp"), received)
    http = _dict(raw.get("httpRequest"))
    headers = {
        str(_dict(item).get("name")).lower(): str(_dict(item).get("value")) for item in _list(http.get("headers"))[:128]
    }
    access(event, raw.get("responseCodeSent"))
    client(event, text(http.get("clientIp")) or "")
    if method := text(http.get("httpMethod")):
        event["http.request.method"] = method
    if version := text(http.get("httpVersion")):
        event["http.version"] = version.removeprefix("HTTP/")
    query = text(http.get("args"))
    if target := text(http.get("uri")):
        locate(event, f"{target}?{query}" if query else target, headers.get("host", ""))
    agent(event, headers.get("referer", ""), headers.get("user-agent", ""))
    if country := text(http.get("country")):
        event["source.geo.country_iso_code"] = country
    event["rule.ruleset"] = text(raw.get("webaclId")) or "web ACL"
    keep(event, "aws.waf.", raw, _WAF_OWN)
    action = text(raw.get("action")) or ""
    event["event.action"] = action.lower() or "allow"
    if action in {"BLOCK", "CAPTCHA", "CHALLENGE"}:
        event["rule.id"] = text(raw.get("terminatingRuleId")) or "default"
        event.setdefault("destination.domain", headers.get("host", "web application"))
        detection(event, _terminating(raw), "", "web", denied=True, swap=False)


def _terminating(raw: dict[str, Any]) -> str:
    for group in _list(raw.get("ruleGroupList")):
        rule = _dict(_dict(group).get("terminatingRule"))
        if name := text(rule.get("ruleId")):
            return name
    return text(raw.get("terminatingRuleId")) or "AWS WAF"


_FLARE_OWN: Final = names(
    "EdgeStartTimestamp EdgeEndTimestamp Datetime ClientIP ClientSrcPort ClientRequestMethod ClientRequestHost ClientRequestURI "
    "ClientRequestPath ClientRequestQuery ClientRequestUserAgent ClientRequestReferer ClientRequestProtocol EdgeResponseStatus "
    "ClientRequestBytes EdgeResponseBytes OriginIP Action RuleID Description ClientCountry ClientSSLCipher ClientSSLProtocol "
    "Timestamp "
    "ClientRequestScheme ClientRequestUserAgent ClientASN OriginResponseStatus ClientRefererHost"
)


def _cloudflare(event: Event, raw: dict[str, Any], received: Received) -> None:
    observer(event, "Cloudflare", "Cloudflare", "waf")
    event["event.dataset"] = "cloudflare.logpush"
    stamp(
        event,
        raw.get("EdgeStartTimestamp") or raw.get("Datetime") or raw.get("Timestamp") or raw.get("EdgeEndTimestamp"),
        received,
    )
    access(event, raw.get("EdgeResponseStatus") or raw.get("OriginResponseStatus"))
    client(event, text(raw.get("ClientIP")) or "")
    numbers(event, [("source.port", raw.get("ClientSrcPort")), ("http.request.bytes", raw.get("ClientRequestBytes")),
                    ("http.response.bytes", raw.get("EdgeResponseBytes")), ("source.as.number", raw.get("ClientASN"))])  # fmt: skip
    peer(event, "destination", text(raw.get("OriginIP")) or "")
    if method := text(raw.get("ClientRequestMethod")):
        event["http.request.method"] = method
    if version := text(raw.get("ClientRequestProtocol")):
        event["http.version"] = version.removeprefix("HTTP/")
    whole = (text(raw.get("ClientRequestPath")) or "") + (text(raw.get("ClientRequestQuery")) or "")
    target = text(raw.get("ClientRequestURI")) or whole
    if target:
        locate(event, target, text(raw.get("ClientRequestHost")) or "", text(raw.get("ClientRequestScheme")) or "")
    agent(event, text(raw.get("ClientRequestReferer")) or "", text(raw.get("ClientRequestUserAgent")) or "")
    if country := text(raw.get("ClientCountry")):
        event["source.geo.country_iso_code"] = country.upper()
    keep(event, "cloudflare.", raw, _FLARE_OWN)
    action = text(raw.get("Action")) or ""
    event["event.action"] = action.lower() or "access"
    if action and ("RuleID" in raw or "Source" in raw) and action.lower() not in {"skip", "allow", "log", "bypass"}:
        event["rule.id"] = text(raw.get("RuleID")) or "rule"
        event.setdefault("destination.domain", event.get("url.domain", "web application"))
        stopped = blocked(action.lower()) or "challenge" in action
        detection(event, text(raw.get("Description")) or event["rule.id"], "", "web", denied=stopped, swap=False)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, _ = begin(framed, received, NAME)
    raw = load_object(framed, NAME)
    fallback(event, received)
    if "records" in raw or "flowRecords" in raw or "flows" in _dict(raw.get("properties")):
        return _azure(event, raw, received)
    if "jsonPayload" in raw or ("httpRequest" in raw and "webaclId" not in raw):
        _google(event, raw, received)
    elif "webaclId" in raw:
        _aws_waf(event, raw, received)
    elif "RayID" in raw or "EdgeStartTimestamp" in raw or "ClientRequestHost" in raw or "ColoCode" in raw:
        _cloudflare(event, raw, received)
    else:
        raise ParseError("none of the cloud flow and firewall forms", NAME)
    return finish(event, received)


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    if source[:1] not in {"{", " "}:
        return 0.0
    if '"flowTuples"' in source or '"webaclId"' in source:
        return 0.98
    if '"RayID"' in source and ('"ClientIP"' in source or '"EdgeResponseStatus"' in source):
        return 0.98
    if (
        '"jsonPayload"' in source
        and '"connection"' in source
        and ("vpc_flows" in source or "compute.googleapis.com" in source)
    ):
        return 0.97
    return 0.96 if '"httpRequest"' in source and '"remoteIp"' in source and '"loadbalancing' in source else 0.0


PARSER = Parser(
    name=NAME,
    product="Azure, Google Cloud, AWS WAF and Cloudflare flow and firewall logs",
    data_kind="platform",
    reference="https://learn.microsoft.com/en-us/azure/network-watcher/nsg-flow-logs-overview",
    parse=parse,
    sniff=sniff,
    markers=('"flowTuples"', '"webaclId"', '"RayID"', '"jsonPayload"', '"httpRequest"'),
)
