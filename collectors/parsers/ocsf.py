"""OCSF 1.x documents of any producer (Amazon Security Lake, vendors' exports): category, class and activity to ECS.

Findings (class 2001–2007) become alerts; authentication (3002), account and group changes (3001, 3003–3006), network (4001–4014),
file, process, module and kernel activity (1001–1009), web and API activity (6001–6006), discovery (5001 …) become events.
`severity_id`
1–6, `status_id` 1 success 2 failure, `attacks[]` the techniques, `observables[]` what else is named. The rest stays under
`ocsf.*`.

Reference: https://schema.ocsf.io/1.3.0/ (Open Cybersecurity Schema Framework)
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import set_tactics, set_techniques
from collectors.parsers._common import Fields, integer, ip, lower, mac, port, text, texts, transport
from collectors.parsers._documents import Product, begin, close, fill
from collectors.parsers._endpoint import executable, file
from collectors.parsers._ids import alert
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "ocsf"


def _list(convert: Any) -> Any:
    return lambda value: [found] if (found := convert(value)) else None


FIELDS: Final[Fields] = {
    "src_endpoint.ip": ("source.ip", ip), "src_endpoint.port": ("source.port", port), "src_endpoint.mac": ("source.mac", mac),
    "src_endpoint.hostname": ("source.domain", text), "src_endpoint.domain": ("source.domain", text),
    "dst_endpoint.ip": ("destination.ip", ip), "dst_endpoint.port": ("destination.port", port),
    "dst_endpoint.mac": ("destination.mac", mac), "dst_endpoint.hostname": ("destination.domain", text),
    "dst_endpoint.domain": ("destination.domain", text), "device.hostname": ("host.name", text),
    "device.name": ("host.name", text),
    "device.ip": ("host.ip", _list(ip)), "device.uid": ("host.id", text), "device.mac": ("host.mac", _list(mac)),
    "device.os.name": ("host.os.name", text), "device.domain": ("host.domain", text), "actor.user.name": ("user.name", text),
    "actor.user.uid": ("user.id", text), "actor.user.domain": ("user.domain", text),
    "actor.user.email_addr": ("user.email", text),
    "user.name": ("user.target.name", text), "user.uid": ("user.target.id", text), "user.domain": ("user.target.domain", text),
    "process.name": ("process.name", text), "process.pid": ("process.pid", integer),
    "process.cmd_line": ("process.command_line", text),
    "process.file.path": ("process.executable", text), "process.parent_process.name": ("process.parent.name", text),
    "process.parent_process.pid": ("process.parent.pid", integer),
    "process.parent_process.cmd_line": ("process.parent.command_line", text),
    "process.parent_process.file.path": ("process.parent.executable", text), "actor.process.name": ("process.parent.name", text),
    "actor.process.pid": ("process.parent.pid", integer), "actor.process.cmd_line": ("process.parent.command_line", text),
    "actor.process.file.path": ("process.parent.executable", text), "file.path": ("file.path", text),
    "file.name": ("file.name", text),
    "file.size": ("file.size", integer), "connection_info.protocol_name": ("network.transport", transport),
    "connection_info.protocol_num": ("network.transport", transport), "app_name": ("network.application", lower),
    "traffic.bytes_in": ("destination.bytes", integer), "traffic.bytes_out": ("source.bytes", integer),
    "traffic.packets_in": ("destination.packets", integer), "traffic.packets_out": ("source.packets", integer),
    "traffic.bytes": ("network.bytes", integer), "query.hostname": ("dns.question.name", lower),
    "query.type": ("dns.question.type", text),
    "rcode": ("dns.response_code", text), "http_request.url.url_string": ("url.original", text),
    "http_request.url.text": ("url.original", text), "http_request.url.path": ("url.path", text),
    "http_request.url.hostname": ("url.domain", lower), "http_request.http_method": ("http.request.method", text),
    "http_request.user_agent": ("user_agent.original", text), "http_response.code": ("http.response.status_code", integer),
    "finding_info.title": ("rule.name", text), "finding.title": ("rule.name", text),
    "finding_info.uid": ("ocsf.finding_uid", text),
    "finding_info.desc": ("message", text), "finding.desc": ("message", text), "finding_info.types": ("rule.category", text),
    "finding_info.analytic.name": ("rule.name", text), "finding_info.analytic.uid": ("rule.id", text),
    "message": ("message", text),
    "rule.name": ("rule.name", text), "rule.uid": ("rule.id", text), "malware.0.name": ("rule.name", text),
    "vulnerabilities.0.cve.uid": ("vulnerability.id", texts), "cve.uid": ("vulnerability.id", texts),
    "metadata.product.name": ("observer.product", text), "metadata.product.vendor_name": ("observer.vendor", text),
    "metadata.product.version": ("observer.version", text), "metadata.event_code": ("event.code", text),
    "metadata.uid": ("ocsf.uid", text), "activity_name": ("event.action", lower), "cloud.provider": ("cloud.provider", lower),
    "cloud.region": ("cloud.region", text), "cloud.account.uid": ("cloud.account.id", text),
    "status_detail": ("event.reason", text),
    "api.operation": ("event.action", text), "api.service.name": ("cloud.service.name", text),
    "reg_key.path": ("registry.path", text),
    "reg_value.name": ("registry.value", text), "email.from": ("email.from.address", texts),
    "email.to": ("email.to.address", texts),
    "email.subject": ("email.subject", text), "session.uid": ("ocsf.session", text), "disposition": ("ocsf.disposition", text),
}  # fmt: skip
PRODUCT: Final = Product(NAME, "", "", "", "ocsf.", FIELDS, ("time_dt", "time", "start_time", "metadata.logged_time"))
_SEVERITY: Final = {0: 10, 1: 10, 2: 25, 3: 50, 4: 75, 5: 90, 6: 95}
_KINDS: Final = {
    1001: ("file", "change"), 1002: ("driver", "info"), 1003: ("host", "info"), 1005: ("library", "info"), 1006: ("host", "info"),
    1007: ("process", "start"), 1008: ("host", "info"), 3001: ("iam", "user"), 3002: ("authentication", "start"),
    3003: ("session", "start"),
    3004: ("iam", "change"), 3005: ("iam", "user"), 3006: ("iam", "group"), 4001: ("network", "connection"), 4002: ("web",
    "access"),
    4003: ("network", "protocol"), 4004: ("network", "info"), 4005: ("session", "start"), 4006: ("file", "access"),
    4007: ("session", "start"), 4008: ("file", "access"), 4009: ("email", "info"), 6001: ("web", "access"), 6003: ("web",
    "access"),
    6005: ("database", "access"), 6006: ("file", "access"),
}  # fmt: skip
_WIDE: Final = {
    1: ("host", "info"),
    3: ("iam", "info"),
    4: ("network", "info"),
    5: ("configuration", "info"),
    6: ("web", "info"),
}


def parse(framed: Framed, received: Received) -> list[Event]:
    event, flat = begin(PRODUCT, framed, received)
    kind = integer(flat.get("class_uid")) or (integer(flat.get("type_uid")) or 0) // 100
    if not kind:
        raise ParseError("an OCSF document has class_uid or type_uid", NAME)
    for name in ("observer.vendor", "observer.product", "observer.type"):
        event.pop(name, None)
    fill(event, PRODUCT, flat, received)
    event["event.dataset"] = f"ocsf.{kind}"
    level = integer(flat.get("severity_id"))
    event["event.severity"] = _SEVERITY.get(level if level is not None else 0, 10)
    event["taishi.severity_original"] = str(flat.get("severity", flat.get("severity_id", "")))
    _techniques(event, flat)
    if path := event.get("process.executable"):
        executable(event, "process", path)
    if path := event.get("file.path"):
        file(event, path)
    _observables(event, flat)
    status = integer(flat.get("status_id"))
    if "user.name" not in event and "user.target.name" in event:  # the subject, where there is no actor
        event["user.name"] = event.pop("user.target.name")
    if kind // 1000 == 2:
        _finding(event, flat)
    else:
        event["event.category"], event["event.type"] = (
            [one] for one in _KINDS.get(kind, _WIDE.get(kind // 1000, ("host", "info")))
        )
        if kind == 3002 and integer(flat.get("activity_id")) == 2:
            event["event.type"] = ["end"]
        if status in {1, 2}:
            event["event.outcome"] = "success" if status == 1 else "failure"
    return close(event)


def _finding(event: Event, flat: dict[str, Any]) -> None:
    event.setdefault("rule.name", event.get("message") or str(flat.get("class_name") or "finding"))
    event["rule.name"] = event["rule.name"][:512]
    disposition = str(flat.get("disposition", "")).lower()
    blocked = True if disposition in {"blocked", "quarantined", "dropped", "isolated", "deleted"} else None
    alert(event, blocked=blocked if blocked is not None else False if disposition == "allowed" else None)


def _techniques(event: Event, flat: dict[str, Any]) -> None:
    found = [
        str(value)
        for key, value in flat.items()
        if "attacks." in key and ("technique.uid" in key or "technique_uid" in key)
    ]
    set_techniques(event, found)
    set_tactics(
        event,
        [
            str(value)
            for key, value in flat.items()
            if "attacks." in key and key.endswith(("tactic.uid", "tactics.0.uid"))
        ],
    )


_OBSERVED: Final = {
    "2": ("source.ip", ip),
    "1": ("host.name", text),
    "4": ("user.name", text),
    "8": ("file.hash.sha256", None),
}


def _observables(event: Event, flat: dict[str, Any]) -> None:
    """What a finding names only among its observables."""
    for at in range(4):
        known = _OBSERVED.get(str(flat.get(f"observables.{at}.type_id", "")))
        value = flat.get(f"observables.{at}.value")
        if known is None or known[1] is None or known[0] in event or "destination.ip" in event:
            continue
        if (converted := known[1](value)) is not None:
            event[known[0]] = converted
    for side in ("file", "process.file"):
        for at in range(4):
            algorithm = str(flat.get(f"{side}.hashes.{at}.algorithm", "")).lower().replace("-", "")
            value = lower(flat.get(f"{side}.hashes.{at}.value"))
            if algorithm in {"md5", "sha1", "sha256"} and value:
                event[f"{'process' if side != 'file' else 'file'}.hash.{algorithm}"] = value


def sniff(framed: Framed) -> float:
    source = framed.text
    if '"class_uid"' in source and ('"category_uid"' in source or '"metadata"' in source):
        return 0.98
    return 0.9 if '"type_uid"' in source and '"metadata"' in source and '"activity_id"' in source else 0.0


PARSER = Parser(
    name=NAME,
    product="OCSF 1.x documents",
    data_kind="third-party",
    reference="https://schema.ocsf.io/",
    parse=parse,
    sniff=sniff,
    markers=('"class_uid"', '"type_uid"'),
)
