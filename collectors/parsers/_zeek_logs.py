"""What single Zeek logs mean beyond their fields: categories, outcomes, notices as alerts, industrial functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from collectors.parsers._attack import infer
from collectors.parsers._common import integer, ip, text, texts
from collectors.parsers._endpoint import file
from collectors.parsers._ids import alert
from collectors.parsers._web import outcome, url
from collectors.parsers._zeek_fields import FUNCTIONS, industrial
from taishi.event import Event

_SHAPES: Final[dict[str, tuple[list[str], list[str]]]] = {
    "conn": (["network"], ["connection", "end"]), "dns": (["network"], ["connection", "protocol"]),
    "http": (["network", "web"], ["connection", "protocol"]), "files": (["file"], ["info"]),
    "x509": (["file"], ["info"]),
    "smtp": (["network", "email"], ["connection", "protocol"]), "smb_files": (["network", "file"], ["access"]),
    "ssh": (["network", "authentication"], ["connection", "protocol"]), "software": (["host"], ["info"]),
    "ntlm": (["network", "authentication"], ["connection", "protocol"]), "known_hosts": (["host"], ["info"]),
    "kerberos": (["network", "authentication"], ["connection", "protocol"]), "known_services": (["host"], ["info"]),
    "radius": (["network", "authentication"], ["connection", "protocol"]),
    "mysql": (["network", "database"], ["access"]),
    "postgresql": (["network", "database"], ["access"]), "pe": (["file"], ["info"]), "stats": (["process"], ["info"]),
}  # fmt: skip
_OTHER: Final = (["network"], ["connection", "protocol"])


def shape(event: Event, path: str) -> None:
    category, types = _SHAPES.get(path, _OTHER)
    event["event.category"], event["event.type"] = list(category), list(types)
    event["event.action"] = path


_CONN_OUTCOME: Final = {
    "S0": "failure",
    "REJ": "failure",
    "SF": "success",
    "S1": "success",
    "RSTO": "success",
    "RSTR": "success",
}


def _conn(event: Event, raw: dict[str, Any]) -> None:
    """REJ and S0 are connections that never were; https://docs.zeek.org, Conn::Info `conn_state`."""
    state = raw.get("conn_state")
    if type(state) is str and state in _CONN_OUTCOME:
        event["event.outcome"] = _CONN_OUTCOME[state]


def _dns(event: Event, raw: dict[str, Any]) -> None:
    event["dns.type"] = "answer" if "dns.response_code" in event else "query"
    addresses = [found for found in map(ip, event.get("dns.answers.data", ())) if found]
    if addresses:
        event["dns.resolved_ip"] = addresses
    if code := event.get("dns.response_code"):
        event["event.outcome"] = "success" if code == "NOERROR" else "failure"


def _http(event: Event, raw: dict[str, Any]) -> None:
    host = text(raw.get("host")) or ""
    if target := text(raw.get("uri")):
        url(event, target, host)
    elif host:
        event["url.domain"] = host
    if (status := event.get("http.response.status_code")) is not None:
        event["event.outcome"] = outcome(status)


def _ssl(event: Event, raw: dict[str, Any]) -> None:
    if name := event.get("tls.client.server_name"):
        event["destination.domain"] = name
    if "tls.established" in event:
        event["event.outcome"] = "success" if event["tls.established"] else "failure"


def _login(event: Event, raw: dict[str, Any]) -> None:
    success = raw.get("auth_success", raw.get("success"))
    if type(success) is str:
        success = {"T": True, "F": False, "true": True, "false": False}.get(success)
    if type(success) is bool:
        event["event.outcome"] = "success" if success else "failure"
        event["event.type"] = ["connection", "protocol", "start" if success else "denied"]
    client = text(raw.get("client"))
    if client and event["event.dataset"] == "zeek.kerberos":
        name, _, realm = client.partition("/")
        event["source.user.name"] = name
        if realm:
            event["source.user.domain"] = realm


def _notice(event: Event, raw: dict[str, Any]) -> None:
    """A notice is Zeek's verdict. The note's type is rule, its message the text; scan notices carry only the source."""
    note = text(raw.get("note")) or "Notice"
    event["rule.name"] = note
    event["rule.id"] = note
    event["rule.category"] = note.partition("::")[0]
    event["message"] = text(raw.get("msg")) or note
    event["event.severity"] = (
        60 if "Success" in note or "Attack" in note or note.startswith(("Intel::", "Heartbleed::")) else 40
    )
    actions = texts(raw.get("actions")) or []
    event["event.action"] = "notice"
    dropped = raw.get("dropped") in (True, "T") or "Notice::ACTION_DROP" in actions
    infer(event, note, event["message"])
    alert(event, blocked=True if dropped else None)


def _intel(event: Event, raw: dict[str, Any]) -> None:
    """A match of a threat indicator in traffic: who asked for it is the victim."""
    indicator = text(raw.get("seen.indicator")) or ""
    event["rule.name"] = f"Intel::{text(raw.get('seen.indicator_type')) or 'indicator'}"
    event["rule.category"] = "Intel"
    event["message"] = f"indicator seen: {indicator}"
    event["event.severity"] = 60
    event["threat.indicator.type"] = _INDICATORS.get(text(raw.get("seen.indicator_type")) or "", "indicator")
    alert(event, blocked=None, swap=ip(indicator) is None or ip(indicator) == event.get("destination.ip"))
    if (value := ip(indicator)) is not None:
        event["threat.indicator.ip"] = value


_INDICATORS: Final = {
    "Intel::ADDR": "ipv4-addr", "Intel::DOMAIN": "domain-name", "Intel::URL": "url", "Intel::FILE_HASH": "file",
    "Intel::EMAIL": "email-addr", "Intel::CERT_HASH": "x509-certificate", "Intel::SUBNET": "ipv4-addr",
    "Intel::FILE_NAME": "file", "Intel::USER_NAME": "user-account", "Intel::SOFTWARE": "software",
}  # fmt: skip


def _smb_files(event: Event, raw: dict[str, Any]) -> None:
    if name := text(raw.get("name")):
        file(event, name)
    action = str(event["event.action"]).removeprefix("smb::")
    event["event.action"] = action
    kinds = {"file_delete": "deletion", "file_write": "change", "file_rename": "change", "file_open": "access"}
    event["event.type"] = [kinds.get(action, "access")]


def _files(event: Event, raw: dict[str, Any]) -> None:
    if name := event.pop("file.name", None):
        file(event, name)


def _ftp(event: Event, raw: dict[str, Any]) -> None:
    code = integer(raw.get("reply_code"))
    if code is not None:
        event["event.outcome"] = "failure" if code >= 400 else "success"


_WRITES: Final = (
    "write",
    "operate",
    "download",
    "stop",
    "start",
    "restart",
    "force",
    "control",
    "delete",
    "copy ram to rom",
)


def _ics(event: Event, raw: dict[str, Any]) -> None:
    """Function names carry direction words; a write or control function is a change to the process."""
    name = str(event.get("taishi.ics.function", ""))
    if name.isdecimal() and "taishi.ics.function_code" not in event:
        event["taishi.ics.function_code"] = name
    event["event.type"] = ["change"] if any(word in name for word in _WRITES) else ["access"]
    event["event.action"] = name or event["event.action"]
    failed = text(raw.get("exception")) or text(raw.get("exception_code"))
    event["event.outcome"] = "failure" if failed or "exception" in name or "error" in name else "success"
    values = raw.get("request_values", raw.get("values", raw.get("new_val")))
    if values is None:
        values = raw.get("response_values")
    if values is not None and (found := texts(values)):
        event["taishi.ics.value"] = ",".join(found)[:256]


def _ics_named(event: Event, raw: dict[str, Any]) -> None:
    for key in FUNCTIONS:
        if found := text(raw.get(key)):
            event["taishi.ics.function"] = found.rpartition("::")[2].lower()
            break
    _ics(event, raw)
    status = text(raw.get("cip_status") or raw.get("result"))
    if status and "taishi.ics.function" in event:
        event["event.outcome"] = "success" if status.lower() in {"success", "ok", "0"} else "failure"


def _dhcp(event: Event, raw: dict[str, Any]) -> None:
    if kinds := texts(raw.get("msg_types")):
        event["event.action"] = "dhcp_" + kinds[-1].lower()


FINISH: Final[dict[str, Callable[[Event, dict[str, Any]], None]]] = {
    "conn": _conn, "dns": _dns, "http": _http, "ssl": _ssl, "quic": _ssl, "ssh": _login, "ntlm": _login,
    "kerberos": _login,
    "notice": _notice, "notice_alarm": _notice, "intel": _intel, "smb_files": _smb_files, "files": _files, "ftp": _ftp,
    "dhcp": _dhcp,
}  # fmt: skip


def finish(event: Event, path: str, raw: dict[str, Any]) -> None:
    """What the log's path says beyond its columns."""
    protocol = industrial(path)
    if protocol is not None:
        event["taishi.ics.protocol"] = protocol
        (_ics if path.startswith(("modbus", "dnp3", "known")) else _ics_named)(event, raw)
    elif (last := FINISH.get(path)) is not None:
        last(event, raw)
