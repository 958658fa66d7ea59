"""The application objects of Suricata EVE (`http`, `dns`, `tls`, … `modbus`, `dnp3`) → ECS.

Field lists after the EVE JSON format chapter and the JSON schema `etc/schema.json` of Suricata 5 to 8.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from collectors.parsers._common import Fields, apply, integer, ip, keep, lower, text
from collectors.parsers._endpoint import file
from collectors.parsers._time import iso
from collectors.parsers._web import outcome, url
from taishi.event import Event

Reader = Callable[[Event, dict[str, Any]], None]


def _http(event: Event, raw: dict[str, Any]) -> None:
    host, path = text(raw.get("hostname")) or "", text(raw.get("url"))
    if path:
        url(event, path, host)
    elif host:
        event["url.domain"] = host
    apply(event, raw, _HTTP)
    status = event.get("http.response.status_code")
    if status is not None:
        event["event.outcome"] = outcome(status)
    keep(event, "suricata.eve.http.", raw, _HTTP_SKIP)


_HTTP: Final[Fields] = {
    "http_method": ("http.request.method", text),
    "http_user_agent": ("user_agent.original", text),
    "http_refer": ("http.request.referrer", text),
    "status": ("http.response.status_code", integer),
    "length": ("http.response.body.bytes", integer),
    "protocol": ("http.version", lambda value: value[5:] if type(value) is str and value[:5] == "HTTP/" else None),
    "http_content_type": ("http.response.mime_type", text),
    "http_request_body_printable": ("http.request.body.content", text),
    "http_response_body_printable": ("http.response.body.content", text),
    "redirect": ("suricata.eve.http.redirect", text),
    "http_port": ("url.port", integer),
}
_HTTP_SKIP: Final = {
    **dict.fromkeys(_HTTP),
    **dict.fromkeys(
        ("hostname", "url", "http_request_body", "http_response_body", "request_headers", "response_headers")
    ),
}


def _questions(event: Event, raw: dict[str, Any]) -> None:
    """Version 3 (Suricata 8) holds `queries`, version 1 and 2 one `rrname`."""
    queries = raw.get("queries") or raw.get("query")
    first = queries[0] if type(queries) is list and queries else raw
    if type(first) is dict:
        name = text(first.get("rrname")) or text(raw.get("rrname"))
        if name:
            event["dns.question.name"] = name.rstrip(".").lower()
        kind = text(first.get("rrtype")) or text(raw.get("rrtype"))
        if (kind and raw.get("type") != "answer") or (kind and "dns.question.type" not in event):
            event["dns.question.type"] = kind


def _dns(event: Event, raw: dict[str, Any]) -> None:
    kind = text(raw.get("type"))
    event["dns.type"] = "answer" if kind in {"answer", "response"} else "query"
    _questions(event, raw)
    if (identity := raw.get("id")) is not None:
        event["dns.id"] = str(identity)
    if code := text(raw.get("rcode")):
        event["dns.response_code"] = code
        event["event.outcome"] = "success" if code == "NOERROR" else "failure"
    answers = raw.get("answers")
    if type(answers) is list:
        found = [answer for answer in answers[:100] if type(answer) is dict]
    else:
        found = [raw] if raw.get("rdata") else []
    data = [value for value in (text(answer.get("rdata")) for answer in found) if value]
    grouped = raw.get("grouped")
    if not data and type(grouped) is dict:
        data = [value for values in grouped.values() if type(values) is list for value in values if type(value) is str]
    if data:
        event["dns.answers.data"] = data
        addresses = [value for value in map(ip, data) if value]
        if addresses:
            event["dns.resolved_ip"] = addresses
        kinds = [value for value in (text(answer.get("rrtype")) for answer in found) if value]
        if kinds:
            event["dns.answers.type"] = kinds


def _moment(value: Any) -> str | None:
    found = iso(value, "UTC") if type(value) is str else None
    return found[0] if found else None


def _colons(value: Any) -> str | None:
    return value.replace(":", "").lower() if type(value) is str and value else None


def _version(value: Any) -> str | None:
    """ "TLS 1.2", "TLSv1.2", "1.2" → 1.2."""
    found = text(value)
    return found.lower().replace("tlsv", "").replace("tls", "").strip() if found else None


_TLS: Final[Fields] = {
    "sni": ("tls.client.server_name", text),
    "subject": ("tls.server.subject", text),
    "issuerdn": ("tls.server.issuer", text),
    "serial": ("tls.server.x509.serial_number", _colons),
    "fingerprint": ("tls.server.hash.sha1", _colons),
    "version": ("tls.version", _version),
    "notbefore": ("tls.server.not_before", _moment),
    "notafter": ("tls.server.not_after", _moment),
    "session_resumed": ("tls.resumed", lambda value: value if type(value) is bool else None),
    "from_proto": ("network.protocol", lower),
}


def _tls(event: Event, raw: dict[str, Any]) -> None:
    apply(event, raw, _TLS)
    for key, name in (("ja3", "tls.client.ja3"), ("ja3s", "tls.server.ja3s")):
        part = raw.get(key)
        digest = text(part.get("hash")) if type(part) is dict else text(part)
        if digest:
            event[name] = digest
    if ja4 := text(raw.get("ja4")):
        event["tls.client.ja4"] = ja4
    if "tls.client.server_name" in event:
        event["destination.domain"] = event["tls.client.server_name"]


def _ssh(event: Event, raw: dict[str, Any]) -> None:
    for side in ("client", "server"):
        part = raw.get(side)
        if type(part) is dict:
            if software := text(part.get("software_version")):
                event[f"suricata.eve.ssh.{side}.software_version"] = software
            if version := text(part.get("proto_version")):
                event[f"suricata.eve.ssh.{side}.proto_version"] = version
            hassh = part.get("hassh")
            if type(hassh) is dict and (digest := text(hassh.get("hash"))):
                event[f"suricata.eve.ssh.{side}.hassh"] = digest


def _smb(event: Event, raw: dict[str, Any]) -> None:
    if command := text(raw.get("command")):
        event["event.action"] = command.lower()
    if name := text(raw.get("filename")):
        file(event, name)
    for part in (raw.get("ntlmssp"), raw.get("kerberos")):
        if type(part) is dict:
            apply(event, part, _NTLM)
    keep(event, "suricata.eve.smb.", raw, {"ntlmssp": 0})


_NTLM: Final[Fields] = {
    "user": ("source.user.name", text), "domain": ("source.user.domain", text), "host": ("source.domain", text),
    "cname": ("source.user.name", text), "realm": ("source.user.domain", text),
}  # fmt: skip


def _fileinfo(event: Event, raw: dict[str, Any]) -> None:
    if name := text(raw.get("filename")):
        file(event, name)
    apply(event, raw, _FILE)
    keep(event, "suricata.eve.fileinfo.", raw, {**dict.fromkeys(_FILE), "filename": 0})


_FILE: Final[Fields] = {
    "md5": ("file.hash.md5", lower), "sha1": ("file.hash.sha1", lower), "sha256": ("file.hash.sha256", lower),
    "size": ("file.size", integer), "mimetype": ("file.mime_type", text),
    "magic": ("suricata.eve.fileinfo.magic", text),
}  # fmt: skip


def _addresses(value: Any) -> list[str] | None:
    items = value if type(value) is list else [value]
    found = [item.strip().strip("<>") for item in items if type(item) is str]
    return [item for item in found if item] or None


_SMTP: Final[Fields] = {
    "mail_from": ("email.from.address", _addresses), "rcpt_to": ("email.to.address", _addresses),
    "from": ("email.from.address", _addresses), "to": ("email.to.address", _addresses), "helo": ("source.domain", text),
    "subject": ("email.subject", text), "message_id": ("email.message_id", text),
}  # fmt: skip


def _mapped(prefix: str, fields: Fields) -> Reader:
    def read(event: Event, raw: dict[str, Any]) -> None:
        apply(event, raw, fields)
        keep(event, prefix, raw, fields)

    return read


_DHCP: Final[Fields] = {
    "client_mac": ("source.mac", lambda value: value.replace(":", "-").upper() if type(value) is str else None),
    "assigned_ip": ("suricata.eve.dhcp.assigned_ip", ip), "hostname": ("source.domain", text),
    "dhcp_type": ("event.action", lambda value: f"dhcp_{value}" if type(value) is str else None),
}  # fmt: skip
_KRB5: Final[Fields] = {
    "cname": ("source.user.name", text), "realm": ("source.user.domain", text), "sname": ("service.name", text),
    "error_code": ("event.reason", text),
}  # fmt: skip
_SNMP: Final[Fields] = {"usm": ("source.user.name", text), "community": ("suricata.eve.snmp.community", text)}
_RDP: Final[Fields] = {"cookie": ("source.user.name", text)}
_SIP: Final[Fields] = {"method": ("event.action", text), "uri": ("url.original", text), "code": ("event.code", text)}
_FTP: Final[Fields] = {"command": ("event.action", lower), "completion_code": ("suricata.eve.ftp.completion_code",
                       lambda value: [str(item) for item in value] if type(value) is list else None)}  # fmt: skip
_TUNNEL: Final[Fields] = {"src_ip": ("suricata.eve.tunnel.src_ip", ip), "dest_ip": ("suricata.eve.tunnel.dest_ip", ip)}


def _part(raw: dict[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        part = raw.get(name)
        if type(part) is dict:
            return part
    return {}


def _modbus(event: Event, raw: dict[str, Any]) -> None:
    """Suricata's `modbus`: request and response, each with the unit, the function and its addressing."""
    event["taishi.ics.protocol"] = "modbus"
    request = _part(raw, "request", "response")
    function = request.get("function_raw", request.get("function_code"))
    if (code := integer(function)) is not None:
        event["taishi.ics.function_code"] = str(code)
    name = text(request.get("function_code"))
    if name and not name.isdecimal():
        event["taishi.ics.function"] = name.lower()
    if (unit := integer(request.get("unit_id"))) is not None:
        event["taishi.ics.unit"] = str(unit)
    for part in (_part(request, "read"), _part(request, "write"), _part(request, "read_write")):
        if (register := integer(part.get("address", part.get("write_address")))) is not None:
            event["taishi.ics.register"] = str(register)
        if (value := part.get("data", part.get("quantity"))) is not None:
            event["taishi.ics.value"] = str(value)[:256]
    response = _part(raw, "response")
    event["event.outcome"] = "failure" if _part(response, "exception") else "success"
    keep(event, "suricata.eve.modbus.", raw, {})


def _dnp3(event: Event, raw: dict[str, Any]) -> None:
    """Suricata's `dnp3`: link addresses, application function and objects."""
    event["taishi.ics.protocol"] = "dnp3"
    part = _part(raw, "request", "response") or raw
    application = _part(part, "application")
    if (code := integer(application.get("function_code"))) is not None:
        event["taishi.ics.function_code"] = str(code)
        event["taishi.ics.function"] = _DNP3.get(code, str(code))
    if (unit := integer(part.get("dst", _part(part, "data_link").get("dst")))) is not None:
        event["taishi.ics.unit"] = str(unit)
    keep(event, "suricata.eve.dnp3.", raw, {})


_DNP3: Final = {
    0: "confirm", 1: "read", 2: "write", 3: "select", 4: "operate", 5: "direct_operate", 6: "direct_operate_nr",
    7: "immed_freeze", 13: "cold_restart", 14: "warm_restart", 15: "initialize_data", 16: "initialize_appl",
    17: "start_appl", 18: "stop_appl", 19: "save_config", 20: "enable_unsolicited", 21: "disable_unsolicited",
    22: "assign_class", 23: "delay_measure", 24: "record_current_time", 25: "open_file", 26: "close_file",
    27: "delete_file", 28: "get_file_info", 29: "authenticate_file", 30: "abort_file", 129: "response",
    130: "unsolicited_response",
}  # fmt: skip
"""Application function codes, IEEE 1815-2012 table 4-1."""


def _enip(event: Event, raw: dict[str, Any]) -> None:
    event["taishi.ics.protocol"] = "enip"
    request = _part(raw, "request", "response")
    if command := text(request.get("command")):
        event["taishi.ics.function"] = command.lower()
    keep(event, "suricata.eve.enip.", raw, {})


def _ether(event: Event, raw: dict[str, Any]) -> None:
    for key, name in (("src_mac", "source.mac"), ("dest_mac", "destination.mac")):
        if type(value := raw.get(key)) is str:
            event[name] = value.replace(":", "-").upper()


APPS: Final[dict[str, Reader]] = {
    "http": _http, "http2": _mapped("suricata.eve.http2.", {}), "dns": _dns, "tls": _tls, "ssh": _ssh, "smb": _smb,
    "fileinfo": _fileinfo, "modbus": _modbus, "dnp3": _dnp3, "enip": _enip, "ether": _ether,
    "smtp": _mapped("suricata.eve.smtp.", _SMTP), "email": _mapped("suricata.eve.email.", _SMTP),
    "dhcp": _mapped("suricata.eve.dhcp.", _DHCP), "krb5": _mapped("suricata.eve.krb5.", _KRB5),
    "snmp": _mapped("suricata.eve.snmp.", _SNMP), "rdp": _mapped("suricata.eve.rdp.", _RDP),
    "sip": _mapped("suricata.eve.sip.", _SIP), "ftp": _mapped("suricata.eve.ftp.", _FTP),
    "tunnel": _mapped("suricata.eve.tunnel.", _TUNNEL),
}  # fmt: skip
"""Object name → how to read it; any other object is kept as it is under `suricata.eve.<name>.*`."""
MAPPED: Final = frozenset(APPS) | {
    "netflow",
    "flow",
    "anomaly",
    "direction",
    "files",
    "tcp",
    "metadata",
    "tx_id",
    "stream",
}
