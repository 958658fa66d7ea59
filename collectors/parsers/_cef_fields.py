"""The CEF extension dictionary and LEEF's predefined attributes → ECS, and what custom labels usually mean.

After "ArcSight Common Event Format, Implementation Standard" (Micro Focus/OpenText, version 27) chapter 2, and IBM
"QRadar: Log Event Extended Format (LEEF) 2.0", predefined attributes. Also the field map of Elastic's decode_cef.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from collectors.parsers._common import Fields, integer, ip, lower, mac, port, text, texts, transport


def _outcome(value: Any) -> str | None:
    return _OUTCOMES.get(str(value).strip().lower())


_OUTCOMES: Final = {
    "success": "success", "succeeded": "success", "true": "success", "successful": "success", "/success": "success",
    "成功": "success",
    "ok": "success", "failure": "failure", "fail": "failure", "failed": "failure", "false": "failure",
    "/failure": "failure",
    "失败": "failure", "error": "failure", "denied": "failure", "allowed": "success", "blocked": "failure",
    "unknown": "unknown",
}  # fmt: skip
_DIRECTIONS: Final = {"0": "inbound", "1": "outbound", "inbound": "inbound", "outbound": "outbound",
"incoming": "inbound",
                      "outgoing": "outbound"}  # fmt: skip


def _direction(value: Any) -> str | None:
    return _DIRECTIONS.get(str(value).strip().lower())


def digest(value: Any) -> str | None:
    found = lower(value)
    return found if found and len(found) in {32, 40, 64} and all(char in "0123456789abcdef" for char in found) else None


CEF: Final[Fields] = {
    "src": ("source.ip", ip), "spt": ("source.port", port), "smac": ("source.mac", mac),
    "shost": ("source.domain", text),
    "suser": ("source.user.name", text), "suid": ("source.user.id", text), "sntdom": ("source.user.domain", text),
    "spriv": ("source.user.group.name", text), "sproc": ("process.name", text), "spid": ("process.pid", integer),
    "sourceTranslatedAddress": ("source.nat.ip", ip), "sourceTranslatedPort": ("source.nat.port", port),
    "c6a2": ("source.ip", ip), "c6a3": ("destination.ip", ip), "sourceServiceName": ("source.service.name", text),
    "dst": ("destination.ip", ip), "dpt": ("destination.port", port), "dmac": ("destination.mac", mac),
    "dhost": ("destination.domain", text), "duser": ("destination.user.name", text),
    "duid": ("destination.user.id", text),
    "dntdom": ("destination.user.domain", text), "dpriv": ("destination.user.group.name", text),
    "dproc": ("destination.process.name", text), "destinationTranslatedAddress": ("destination.nat.ip", ip),
    "destinationTranslatedPort": ("destination.nat.port", port), "destinationServiceName": ("service.name", text),
    "destinationDnsDomain": ("destination.registered_domain", text),
    "sourceDnsDomain": ("source.registered_domain", text),
    "dvc": ("observer.ip", lambda value: [found] if (found := ip(value)) else None),
    "dvchost": ("observer.hostname", text),
    "dvcmac": ("observer.mac", lambda value: [found] if (found := mac(value)) else None),
    "deviceExternalId": ("observer.serial_number", text),
    "deviceInboundInterface": ("observer.ingress.interface.name", text),
    "deviceOutboundInterface": ("observer.egress.interface.name", text),
    "deviceDirection": ("network.direction", _direction),
    "deviceProcessName": ("process.name", text), "dvcpid": ("process.pid", integer),
    "proto": ("network.transport", transport), "app": ("network.protocol", lower), "in": ("source.bytes", integer),
    "out": ("destination.bytes", integer), "act": ("event.action", lower), "outcome": ("event.outcome", _outcome),
    "reason": ("event.reason", text), "msg": ("message", text), "cat": ("rule.category", text),
    "externalId": ("cef.extensions.externalId", text),
    "request": ("url.original", text), "requestMethod": ("http.request.method", text),
    "requestContext": ("http.request.referrer", text),
    "requestClientApplication": ("user_agent.original", text), "fname": ("file.name", text),
    "filePath": ("file.path", text),
    "fsize": ("file.size", integer), "fileHash": ("file.hash.", digest), "fileType": ("file.type", text),
    "oldFilePath": ("file.target_path", text), "fileId": ("file.inode", text), "cnt": ("cef.count", integer),
    "c6a1": ("observer.ip", lambda value: [found] if (found := ip(value)) else None),
}  # fmt: skip
"""Extension key → ECS field. `in` is what came in from the source, so it counts as the bytes of the source."""

LEEF: Final[Fields] = {
    "cat": ("rule.category", text), "proto": ("network.transport", transport), "src": ("source.ip", ip),
    "dst": ("destination.ip", ip),
    "srcPort": ("source.port", port), "dstPort": ("destination.port", port), "srcPreNAT": ("source.nat.ip", ip),
    "dstPreNAT": ("destination.nat.ip", ip), "srcPostNAT": ("source.nat.ip", ip),
    "dstPostNAT": ("destination.nat.ip", ip),
    "srcPreNATPort": ("source.nat.port", port), "dstPreNATPort": ("destination.nat.port", port),
    "srcPostNATPort": ("source.nat.port", port), "dstPostNATPort": ("destination.nat.port", port),
    "usrName": ("user.name", text), "accountName": ("user.name", text), "userName": ("user.name", text),
    "srcMAC": ("source.mac", mac),
    "dstMAC": ("destination.mac", mac), "srcPackets": ("source.packets", integer),
    "dstPackets": ("destination.packets", integer),
    "srcBytes": ("source.bytes", integer), "dstBytes": ("destination.bytes", integer), "identSrc": ("source.ip", ip),
    "identHostName": ("host.name", text), "identMAC": ("source.mac", mac), "groupID": ("user.group.id", text),
    "domain": ("user.domain", text), "role": ("user.roles", texts), "policy": ("rule.ruleset", text),
    "resource": ("host.name", text),
    "url": ("url.original", text), "msg": ("message", text), "action": ("event.action", lower),
    "act": ("event.action", lower),
    "reason": ("event.reason", text), "method": ("http.request.method", text), "name": ("rule.name", text),
    "desc": ("message", text),
    "outcome": ("event.outcome", _outcome), "status": ("event.outcome", _outcome),
    "userAgent": ("user_agent.original", text),
    "fileHash": ("file.hash.", digest), "filePath": ("file.path", text), "fileName": ("file.name", text),
    "fname": ("file.name", text),
    "srcHostName": ("source.domain", text), "dstHostName": ("destination.domain", text),
    "dstUser": ("destination.user.name", text),
    "application": ("network.protocol", lower), "app": ("network.protocol", lower), "vSrcName": ("source.domain", text),
}  # fmt: skip

TIMES: Final = ("rt", "deviceReceiptTime", "start", "end", "art", "mrt", "deviceCustomDate1")
"""CEF times in the order of trust: when the device received it, began, ended; ArcSight's own last."""

_LABELS: Final[tuple[tuple[str, Callable[[Any], Any], str], ...]] = (
    ("rule.name", text,
        "rule rulename policyrule signaturename signature threatname attackname threat ipssignature 规则名称 攻击名称"),
    ("rule.id", text, "ruleid signatureid sid ipssignatureid attackid"),
    ("rule.ruleset", text, "policy policyname profile policyruleset 策略"),
    ("rule.category", text, "attacktype threattype threatcategory threatclass subcategory 攻击类型"),
    ("url.original", text, "url requesturl"), ("url.domain", text, "domain domainname"),
    ("user_agent.original", text, "useragent"),
    ("http.response.status_code", integer, "responsecode statuscode httpstatus"),
    ("file.hash.", digest, "hash md5 sha1 sha256 filehash filemd5 filesha256 filesha1"),
    ("process.command_line", text, "commandline cmdline command"), ("process.executable", text, "processpath"),
    ("process.parent.name", text, "parentprocess parentprocessname"),
    ("threat.technique.id", texts, "mitretechnique technique techniqueid mitreid mitreattackid mitreattack attackid"),
    ("observer.ingress.zone", text, "sourcezone srczone fromzone ingresszone"),
    ("observer.egress.zone", text, "destinationzone dstzone tozone egresszone"),
    ("network.vlan.id", text, "vlan vlanid"), ("user.name", text, "admin username user affectedusername"),
    ("network.application", lower, "application"), ("source.geo.country_iso_code", text, "srcregion"),
)  # fmt: skip
LABELS: Final = {name: (field, convert) for field, convert, names in reversed(_LABELS) for name in names.split()}
"""Custom labels (cs1Label=…), lower-case without punctuation → ECS field and converter."""
