"""Zeek log fields → ECS, one table a log; and the field sets that tell a log's path where the line does not.

After the log field reference, https://docs.zeek.org/en/current/logs/index.html and script reference of each protocol,
and the parsers of CISA's icsnpp packages (modbus_detailed, dnp3_control, s7comm, opcua, enip, bacnet).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from collectors.parsers._common import Fields, boolean, integer, ip, lower, mac, number, port, text, texts, transport
from collectors.parsers._time import epoch, iso


def moment(value: Any) -> str | None:
    if type(value) is str and "T" in value:
        found = iso(value, "UTC")
        return found[0] if found else None
    return epoch(value)


def _nanoseconds(value: Any) -> int | None:
    found = number(value)
    return int(found * 1e9) if found is not None and 0 <= found < 9e9 else None


def _addresses(value: Any) -> list[str] | None:
    items = value if type(value) is list else [value]
    return [item for item in map(ip, items) if item] or None


def _first(value: Any) -> str | None:
    found = texts(value)
    return found[0] if found else None


def _address(value: Any) -> str | None:
    found = _addresses(value)
    return found[0] if found else None


def _digest(value: Any) -> str | None:
    found = lower(value)
    return found.replace(":", "") if found else None


def _tls_version(value: Any) -> str | None:
    """TLSv12 → 1.2, SSLv3 stays."""
    found = text(value)
    if found is None:
        return None
    digits = found.lower().removeprefix("tlsv")
    return f"{digits[0]}.{digits[1:] or '0'}" if digits.isdecimal() else found


COMMON: Final[Fields] = {
    "uid": ("zeek.session_id", text),
    "id.orig_h": ("source.ip", ip), "id.orig_p": ("source.port", port),
    "id.resp_h": ("destination.ip", ip), "id.resp_p": ("destination.port", port),
    "source_h": ("source.ip", ip), "source_p": ("source.port", port),
    "destination_h": ("destination.ip", ip), "destination_p": ("destination.port", port),
    "proto": ("network.transport", transport), "service": ("network.protocol", lower),
    "orig_l2_addr": ("source.mac", mac), "resp_l2_addr": ("destination.mac", mac),
    "community_id": ("network.community_id", text),
    "vlan": ("network.vlan.id", text),
}  # fmt: skip
_FILE: Final[Fields] = {
    "md5": ("file.hash.md5", lower), "sha1": ("file.hash.sha1", lower), "sha256": ("file.hash.sha256", lower),
    "mime_type": ("file.mime_type", text), "file_mime_type": ("file.mime_type", text),
}  # fmt: skip
_USER: Final = ("source.user.name", text)
_ICS: Final[Fields] = {
    "func": ("taishi.ics.function", lower), "unit": ("taishi.ics.unit", text), "unit_id": ("taishi.ics.unit", text),
    "func_code": ("taishi.ics.function_code", text), "address": ("taishi.ics.register", text),
    "exception": ("event.reason", text), "function_code": ("taishi.ics.function", lower),
    "fc_request": ("taishi.ics.function", lower), "rosctr_code": ("taishi.ics.function_code", text),
    "function_name": ("taishi.ics.function", lower), "register": ("taishi.ics.register", text),
    "rosctr_name": ("zeek.s7comm.rosctr_name", text), "block_type": ("taishi.ics.function", lower),
    "subfunction_name": ("zeek.s7comm.subfunction_name", text), "index_number": ("taishi.ics.register", text),
    "enip_command": ("taishi.ics.function", lower), "cip_service": ("taishi.ics.function", lower),
    "pdu_service": ("taishi.ics.function", lower), "identifier_str": ("taishi.ics.function", lower),
}  # fmt: skip

PATHS: Final[dict[str, Fields]] = {
    "conn": {
        "duration": ("event.duration", _nanoseconds), "orig_bytes": ("source.bytes", integer),
        "resp_bytes": ("destination.bytes", integer), "orig_pkts": ("source.packets", integer),
        "resp_pkts": ("destination.packets", integer),
    },
    "dns": {
        "query": ("dns.question.name", lower), "qtype_name": ("dns.question.type", text),
        "qclass_name": ("dns.question.class", text), "rcode_name": ("dns.response_code", text),
        "trans_id": ("dns.id", text), "answers": ("dns.answers.data", texts), "rtt": ("event.duration", _nanoseconds),
    },
    "http": {
        "method": ("http.request.method", text), "referrer": ("http.request.referrer", text),
        "version": ("http.version", text),
        "user_agent": ("user_agent.original", text), "request_body_len": ("http.request.body.bytes", integer),
        "response_body_len": ("http.response.body.bytes", integer),
        "status_code": ("http.response.status_code", integer),
        "username": _USER, "resp_mime_types": ("http.response.mime_type", _first),
    },
    "ssl": {
        "version": ("tls.version", _tls_version), "cipher": ("tls.cipher", text),
        "server_name": ("tls.client.server_name", text),
        "curve": ("tls.curve", text), "resumed": ("tls.resumed", boolean), "established": ("tls.established", boolean),
        "subject": ("tls.server.subject", text), "issuer": ("tls.server.issuer", text), "ja3": ("tls.client.ja3", text),
        "client_subject": ("tls.client.subject", text), "client_issuer": ("tls.client.issuer", text),
        "ja3s": ("tls.server.ja3s", text), "ja4": ("tls.client.ja4", text), "next_protocol": ("tls.next_protocol", text),
        "validation_status": ("event.reason", text),
    },
    "ssh": {"direction": ("zeek.ssh.direction", text), "client": ("zeek.ssh.client", text),
    "server": ("zeek.ssh.server", text),
            "hassh": ("zeek.ssh.hassh", text), "hasshServer": ("zeek.ssh.hassh_server", text)},
    "files": {**_FILE, "filename": ("file.name", text), "total_bytes": ("file.size", integer), "tx_hosts": ("source.ip",
              _address), "rx_hosts": ("destination.ip",
              _address), "source": ("network.protocol", lower)},
    "notice": {**_FILE, "src": ("source.ip", ip), "dst": ("destination.ip", ip), "p": ("destination.port", port),
               "peer_descr": ("observer.name", text), "sub": ("zeek.notice.sub", text)},
    "intel": {"seen.indicator": ("threat.indicator.description", text), "seen.node": ("observer.name", text),
              "sources": ("threat.indicator.provider", _first), **_FILE},
    "weird": {"name": ("event.reason", text), "addl": ("zeek.weird.additional_info", text),
        "peer": ("observer.name", text)},
    "x509": {
        "certificate.subject": ("x509.subject.distinguished_name", text),
        "certificate.issuer": ("x509.issuer.distinguished_name", text),
        "certificate.serial": ("x509.serial_number", text), "certificate.not_valid_before": ("x509.not_before", moment),
        "certificate.not_valid_after": ("x509.not_after", moment),
        "certificate.key_alg": ("x509.public_key_algorithm", text),
        "certificate.sig_alg": ("x509.signature_algorithm", text),
        "certificate.key_length": ("x509.public_key_size", integer),
        "san.dns": ("x509.alternative_names", texts), "fingerprint": ("file.hash.sha256", _digest),
        "certificate.version": ("x509.version_number", text),
    },
    "smb_files": {"path": ("zeek.smb_files.share", text), "action": ("event.action", lower),
        "size": ("file.size", integer)},
    "smb_mapping": {"path": ("zeek.smb_mapping.path", text), "share_type": ("zeek.smb_mapping.share_type", text)},
    "smb_cmd": {"command": ("event.action", lower), "username": _USER},
    "kerberos": {"request_type": ("event.action", lower), "service": ("service.name", text),
    "error_msg": ("event.reason", text),
                 "cipher": ("tls.cipher", text)},
    "ntlm": {"username": _USER, "domainname": ("source.user.domain", text), "hostname": ("source.domain", text),
             "server_nb_computer_name": ("destination.domain", text)},
    "rdp": {"cookie": _USER, "client_name": ("source.domain", text), "result": ("event.reason", text)},
    "ftp": {"user": _USER, "command": ("event.action", lower), "file_size": ("file.size", integer),
    "arg": ("url.original", text),
            "reply_code": ("event.code", text), "reply_msg": ("event.reason", text), **_FILE},
    "smtp": {
        "helo": ("source.domain", text), "mailfrom": ("email.from.address", texts),
        "rcptto": ("email.to.address", texts),
        "cc": ("email.cc.address", texts), "subject": ("email.subject", text), "msg_id": ("email.message_id", text),
        "x_originating_ip": ("zeek.smtp.x_originating_ip", ip), "user_agent": ("user_agent.original", text),
    },
    "dhcp": {"client_addr": ("source.ip", ip), "server_addr": ("destination.ip", ip), "mac": ("source.mac", mac),
             "host_name": ("source.domain", text), "assigned_addr": ("zeek.dhcp.assigned_addr", ip),
             "requested_addr": ("zeek.dhcp.requested_addr", ip), "duration": ("event.duration", _nanoseconds)},
    "software": {"host": ("host.ip", _addresses), "name": ("package.name", text),
                 "unparsed_version": ("package.version", text), "software_type": ("package.type", text)},
    "known_hosts": {"host": ("host.ip", _addresses)},
    "known_services": {"host": ("host.ip", _addresses), "port_num": ("server.port", port),
                       "port_proto": ("network.transport", transport), "service": ("network.protocol",
                       _first)},
    "socks": {"user": _USER, "status": ("event.reason", text), "bound.host": ("zeek.socks.bound_host", text)},
    "sip": {"method": ("event.action", lower), "uri": ("url.original", text),
    "user_agent": ("user_agent.original", text),
            "status_code": ("event.code", text), "status_msg": ("event.reason", text)},
    "snmp": {"community": ("zeek.snmp.community", text), "version": ("zeek.snmp.version", text)},
    "mysql": {"cmd": ("event.action", lower), "arg": ("zeek.mysql.arg", text)},
    "postgresql": {"user": _USER, "database": ("zeek.postgresql.database", text), "frontend": ("event.action", lower)},
    "ldap": {"message_type": ("event.action", lower), "object": ("zeek.ldap.object", text),
        "result": ("event.reason", text)},
    "radius": {"username": _USER, "mac": ("source.mac", mac), "framed_addr": ("zeek.radius.framed_addr", ip),
               "result": ("event.reason", text)},
    "syslog": {"facility": ("log.syslog.facility.name", lower), "severity": ("log.syslog.severity.name", lower),
               "message": ("message", text)},
    "tunnel": {"tunnel_type": ("zeek.tunnel.type", text), "action": ("event.action", lower)},
    "dce_rpc": {"endpoint": ("zeek.dce_rpc.endpoint", text), "operation": ("event.action", text),
                "named_pipe": ("zeek.dce_rpc.named_pipe", text)},
    "rfb": {"authentication_method": ("zeek.rfb.authentication_method", text),
        "desktop_name": ("destination.domain", text)},
    "irc": {"user": _USER, "nick": ("zeek.irc.nick", text), "command": ("event.action", lower),
        "value": ("zeek.irc.value", text)},
    "quic": {"server_name": ("tls.client.server_name", text), "client_protocol": ("tls.next_protocol", text)},
    "pe": {"machine": ("zeek.pe.machine", text), "compile_ts": ("zeek.pe.compile_ts", moment)},
    "ntp": {"mode": ("zeek.ntp.mode", text)},
}  # fmt: skip
ICS: Final = {
    "modbus": "modbus", "modbus_detailed": "modbus", "modbus_mask_write_register": "modbus",
    "modbus_register_change": "modbus",
    "modbus_read_write_multiple_registers": "modbus", "modbus_read_device_identification": "modbus",
    "known_modbus": "modbus",
    "dnp3": "dnp3", "dnp3_control": "dnp3", "dnp3_objects": "dnp3", "dnp3_read_objects": "dnp3", "s7comm": "s7comm",
    "s7comm_plus": "s7comm", "s7comm_read_szl": "s7comm", "s7comm_upload_download": "s7comm", "cotp": "s7comm",
    "opcua_binary": "opcua", "enip": "enip", "cip": "cip", "cip_identity": "cip", "cip_io": "cip", "bacnet": "bacnet",
    "bacnet_discovery": "bacnet", "bacnet_property": "bacnet", "profinet": "profinet", "ethercat": "ethercat",
    "iec104": "iec104",
    "bsap": "bsap", "ge_srtp": "ge_srtp", "omron_fins": "fins", "hart_ip": "hart_ip", "c1222": "c1222",
    "synchrophasor": "c37.118",
}  # fmt: skip
_FAMILIES: Final = {
    "modbus": "modbus", "dnp3": "dnp3", "s7comm": "s7comm", "opcua": "opcua", "cip": "cip", "enip": "enip",
    "bacnet": "bacnet", "profinet": "profinet", "ecat": "ethercat", "ethercat": "ethercat", "iec104": "iec104",
    "bsap": "bsap", "ge_srtp": "ge_srtp", "omron_fins": "fins", "hart_ip": "hart_ip", "c1222": "c1222",
    "synchrophasor": "c37.118", "genisys": "genisys", "roc_plus": "roc_plus", "mms": "mms", "goose": "goose",
    "iec61850": "iec61850", "iccp": "iccp", "umas": "umas",
}  # fmt: skip
"""First word or words of a log's path → protocol: each package adds logs beside its main one (`opcua_binary_browse`)."""


@lru_cache(maxsize=1024)
def industrial(path: str) -> str | None:
    """The industrial protocol that a log is about, None for every other log."""
    known = ICS.get(path)
    if known is not None:
        return known
    words = path.replace("-", "_").removeprefix("known_").split("_")
    return _FAMILIES.get("_".join(words[:2])) or _FAMILIES.get(words[0])


ICS_FIELDS: Final[Fields] = {
    **_ICS,
    "srcmac": ("source.mac", mac), "dstmac": ("destination.mac", mac),
    "mac_src": ("source.mac", mac), "mac_dst": ("destination.mac", mac),
    "SPA": ("source.ip", ip), "TPA": ("destination.ip", ip),
    "ext_obj_user_name": ("source.user.name", text), "user_name": ("source.user.name", text),
    "filename": ("file.name", text),
    "Slave_Addr": ("taishi.ics.unit", text), "slave_id": ("taishi.ics.unit", text), "server": ("taishi.ics.unit", text),
    "Register_Addr": ("taishi.ics.register", text), "Log_Addr": ("taishi.ics.register", text),
    "beginning_address": ("taishi.ics.register", text), "segment_selector": ("taishi.ics.register", text),
    "asdu.common_address": ("taishi.ics.unit", text), "result_code": ("event.reason", text),
    "cip_status": ("event.reason", text), "cip_service_code": ("taishi.ics.function_code", text),
    "enip_command_code": ("taishi.ics.function_code", text), "service": ("zeek.service", text),
}  # fmt: skip
SECRETS: Final = frozenset({"password", "ext_obj_password", "ext_obj_cert_signature", "ext_obj_token_data"})
"""Columns in which a protocol's log shows what its users type; they are not copied out of the line."""
FUNCTIONS: Final = (
    "function_name", "subfunction_name", "rosctr_name", "cip_service", "enip_command", "device_control", "pdu_service",
    "identifier_str", "func", "asdu.info_obj_type", "info_obj_type", "asdu_type", "type_id_name",
    "Command", "command_code", "service_request_code", "func_code", "extfun", "app_func_code", "command", "cmd",
    "opCode", "operation_num", "operation", "opcode_name", "opcode", "arp_type", "service", "header", "request_type",
    "message_type", "frame_type", "pdu_name", "packet_type", "msg_type", "type_name",
)  # fmt: skip
"""Columns that name what was asked of a controller, the most telling first."""

SIGNS: Final = (
    ("conn", {"conn_state", "history"}), ("dns", {"query", "qtype_name"}), ("dns", {"qclass", "trans_id"}),
    ("http", {"trans_depth", "method"}), ("http", {"trans_depth", "request_body_len"}),
    ("x509", {"certificate.subject"}),
    ("ssl", {"cipher", "established"}), ("ssl", {"server_name", "ssl_history"}), ("ssh", {"auth_attempts"}),
    ("ssh", {"kex_alg"}),
    ("ssh", {"host_key_alg"}), ("notice", {"note", "msg"}), ("intel", {"seen.indicator"}),
    ("files", {"fuid", "seen_bytes"}),
    ("weird", {"name", "notice", "peer"}), ("smb_files", {"action", "times.modified"}), ("smb_mapping", {"share_type"}),
    ("kerberos", {"request_type", "client"}), ("ntlm", {"server_nb_computer_name"}), ("rdp", {"security_protocol"}),
    ("rdp", {"cookie", "keyboard_layout"}), ("ftp", {"reply_code", "command"}), ("smtp", {"mailfrom"}),
    ("smtp", {"helo"}),
    ("dhcp", {"msg_types"}), ("software", {"software_type", "unparsed_version"}),
    ("modbus", {"func", "unit", "pdu_type"}),
    ("modbus", {"func", "tid"}), ("dnp3", {"fc_request"}), ("dnp3", {"iin"}), ("s7comm", {"rosctr_name"}),
    ("tunnel", {"tunnel_type"}), ("dce_rpc", {"named_pipe", "operation"}), ("socks", {"bound.host"}),
    ("sip", {"call_id"}),
    ("snmp", {"get_requests"}), ("mysql", {"cmd", "arg"}), ("pe", {"is_exe", "machine"}),
    ("known_services", {"port_num"}),
    ("rfb", {"authentication_method"}), ("radius", {"framed_addr"}), ("ntp", {"stratum"}),
    ("syslog", {"facility", "severity"}),
    ("capture_loss", {"percent_lost"}), ("stats", {"pkts_proc"}), ("reporter", {"level", "location"}),
    ("ldap", {"message_type"}),
    ("irc", {"nick"}), ("dpd", {"failure_reason", "analyzer"}), ("analyzer", {"analyzer_kind"}), ("modbus", {"func"}),
    ("enip", {"enip_command"}), ("cip", {"cip_service"}), ("opcua_binary", {"identifier_str"}),
    ("bacnet", {"pdu_service"}),
)  # fmt: skip
