"""FortiOS log fields → ECS, and what each UTM subtype is. After the "FortiOS Log Message Reference"."""

from __future__ import annotations

from typing import Any, Final

from collectors.parsers._common import Fields, integer, ip, lower, mac, port, text, transport


def _words(value: Any) -> str | None:
    found = lower(value)
    return found.replace("_", "-") if found else None


def _direction(value: Any) -> str | None:
    return {"incoming": "inbound", "outgoing": "outbound", "inbound": "inbound", "outbound": "outbound"}.get(
        str(value).lower()
    )


FIELDS: Final[Fields] = {
    "srcip": ("source.ip", ip), "src": ("source.ip", ip), "remip": ("source.ip", ip), "client_ip": ("source.ip", ip),
    "src_ip": ("source.ip", ip), "srcport": ("source.port", port), "src_port": ("source.port", port),
    "remport": ("source.port", port),
    "dstip": ("destination.ip", ip), "dst": ("destination.ip", ip), "dst_ip": ("destination.ip", ip),
    "locip": ("destination.ip", ip),
    "dstport": ("destination.port", port), "dst_port": ("destination.port", port),
    "locport": ("destination.port", port),
    "tranip": ("destination.nat.ip", ip), "tranport": ("destination.nat.port", port), "transip": ("source.nat.ip", ip),
    "transport": ("source.nat.port", port), "srcmac": ("source.mac", mac),
    "mastersrcmac": ("fortinet.firewall.mastersrcmac", text),
    "dstmac": ("destination.mac", mac), "srcname": ("source.domain", text), "dstname": ("destination.domain", text),
    "srccountry": ("source.geo.country_name", text), "dstcountry": ("destination.geo.country_name", text),
    "sentbyte": ("source.bytes", integer), "rcvdbyte": ("destination.bytes", integer),
    "sentpkt": ("source.packets", integer),
    "rcvdpkt": ("destination.packets", integer), "proto": ("network.transport", transport),
    "service": ("network.protocol", lower),
    "app": ("network.application", lower), "direction": ("network.direction", _direction),
    "craction": ("fortinet.firewall.craction", text),
    "user": ("source.user.name", text), "unauthuser": ("source.user.name", text), "srcuser": ("source.user.name", text),
    "xauthuser": ("source.user.name", text), "group": ("source.user.group.name", text),
    "dstuser": ("destination.user.name", text),
    "devname": ("observer.name", text), "devid": ("observer.serial_number", text),
    "device_id": ("observer.serial_number", text),
    "srcintf": ("observer.ingress.interface.name", text), "dstintf": ("observer.egress.interface.name", text),
    "srcintfrole": ("observer.ingress.zone", text), "dstintfrole": ("observer.egress.zone", text),
    "logid": ("event.code", text),
    "log_id": ("event.code", text), "action": ("event.action", lower), "msg": ("message", text),
    "reason": ("event.reason", text),
    "policyid": ("fortinet.firewall.policyid", text), "policyname": ("rule.ruleset", text),
    "profile": ("rule.ruleset", text), "policy": ("rule.ruleset", text),
    "attack": ("rule.name", text), "attackid": ("rule.id", text), "virus": ("rule.name", text),
    "virusid": ("rule.id", text),
    "signature_id": ("rule.id", text), "signature_subclass": ("rule.category", text), "attackname": ("rule.name", text),
    "main_type": ("rule.category", text), "sub_type": ("rule.name", text), "agent": ("user_agent.original", text),
    "http_agent": ("user_agent.original", text),
    "http_method": ("http.request.method", lambda value: value.upper() or None),
    "httpmethod": ("http.request.method", lambda value: value.upper() or None),
    "http_retcode": ("http.response.status_code", integer),
    "httpcode": ("http.response.status_code", integer), "referralurl": ("http.request.referrer", text),
    "qname": ("dns.question.name", lower), "qtype": ("dns.question.type", text), "qclass": ("dns.question.class", text),
    "xid": ("dns.id", text), "ipaddr": ("fortinet.firewall.ipaddr", text),
    "from": ("email.from.address", lambda value: [value]),
    "to": ("email.to.address", lambda value: [value]), "sender": ("email.from.address", lambda value: [value]),
    "recipient": ("email.to.address", lambda value: [value]), "subject": ("email.subject", text),
    "filesize": ("file.size", integer),
    "filename": ("file.name", text), "filetype": ("file.type", text),
    "sessionid": ("fortinet.firewall.sessionid", text),
    "tunnelid": ("fortinet.firewall.tunnelid", text), "ui": ("fortinet.firewall.ui", text),
    "vlanid": ("network.vlan.id", text),
    "osname": ("host.os.name", text), "vwlname": ("fortinet.firewall.vwlname", text),
    "command": ("process.command_line", text),
}  # fmt: skip
FILE_HASHES: Final = ("analyticscksum", "filehash", "checksum", "file_hash")

SUBTYPES: Final[dict[str, tuple[str, str, bool]]] = {
    "virus": ("malware", "virus", False), "ips": ("intrusion_detection", "ips", False),
    "anomaly": ("intrusion_detection", "anomaly", False), "webfilter": ("web", "webfilter", True),
    "app-ctrl": ("network", "app-ctrl", True), "dlp": ("intrusion_detection", "dlp", False),
    "dns": ("network", "dns", True),
    "emailfilter": ("email", "emailfilter", True), "spamfilter": ("email", "emailfilter", True),
    "ssl": ("network", "ssl", True),
    "waf": ("web", "waf", False), "cifs": ("network", "cifs", True), "ssh": ("network", "ssh", True),
    "gtp": ("network", "gtp", True),
    "file-filter": ("network", "file-filter", True), "icap": ("network", "icap", True),
    "voip": ("network", "voip", True),
    "forti-switch": ("network", "forti-switch", True), "virtual-patch": ("intrusion_detection", "virtual-patch", False),
    "outbreak-prevention": ("malware", "virus", False), "waf_signature_detection": ("web", "waf", False),
    "spam": ("email", "spam", True),
    "casb": ("web", "casb", True), "default": ("email", "spam", True),
}  # fmt: skip
"""UTM subtype → ECS category, rule category, whether passed traffic is only a record."""
