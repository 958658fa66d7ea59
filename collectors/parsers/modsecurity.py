"""ModSecurity 2 and 3 and OWASP Coraza: the error-log form in Apache, nginx and Caddy, the JSON audit log, the serial one.

In the error log a match is a sentence with `[id "…"] [msg "…"] [data "…"] [severity "…"] [uri "…"]`. The audit log holds
a transaction with its messages: one alert for each rule that matched. `Access denied` and `is_interrupted` mean blocked.

Reference: https://github.com/owasp-modsecurity/ModSecurity/wiki/ModSecurity-2-Data-Formats
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._access import agent, client, locate, request
from collectors.parsers._common import body_of, integer, ip, keep, load_object, relate, text, texts, word_severity
from collectors.parsers._device import begin, observer, peer
from collectors.parsers._firewall import network
from collectors.parsers._ids import alert
from collectors.parsers._time import fallback, stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "modsecurity"
_TAGGED: Final = re.compile(r'\[([a-z_]{2,24}) "((?:[^"\\]|\\.)*+)"\]')
_TIME: Final = re.compile(
    r"\[[A-Z][a-z]{2} ([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? \d{4})\]|(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \["
)
_CLIENT: Final = re.compile(r'\[client "?([^\]"\s]{2,64})"?\]|, client: ([^,\s]{2,64})')
_REQUEST: Final = re.compile(r', request: "([^"]{1,8192})"')
_HOST: Final = re.compile(r', host: "([^"]{1,255})"')
_SEVERITIES: Final = (95, 92, 85, 60, 50, 25, 10, 5)
_MARKS: Final = ("ModSecurity: ", "Coraza: ")


def _severity(event: Event, value: str) -> None:
    """0 (emergency) to 7 (debug), or the word."""
    if not value:
        return
    event["taishi.severity_original"] = value
    code = integer(value)
    found = _SEVERITIES[code] if code is not None and 0 <= code < 8 else word_severity(value)
    event["event.severity"] = found if found is not None else 50


def _rule(event: Event, identity: str, message: str, tags: list[str], blocked: bool | None) -> None:
    if identity:
        event["rule.id"] = identity
    event["rule.name"] = message or (f"rule {identity}" if identity else "ModSecurity")
    kinds = [tag for tag in tags if tag.startswith(("attack-", "OWASP_CRS/WEB_ATTACK", "WEB_ATTACK"))]
    if kinds:
        event["rule.category"] = kinds[0].rpartition("/")[2]
    if tags:
        event["tags"] = tags[:32]
    event.setdefault("event.severity", 50)
    event.setdefault("destination.domain", event.get("url.domain") or event.get("host.hostname") or "web server")
    alert(event, blocked=blocked, category="web", swap=False)
    event["event.type"] = ["denied"] if blocked else ["allowed"] if blocked is False else ["info"]
    network(event)


def _sentence(event: Event, said: str, received: Received) -> None:
    if found := _TIME.search(said, 0, 256):
        stamp(event, found[1] or found[2], received)
    if found := _CLIENT.search(said):
        client(event, found[1] or found[2])
    tagged: dict[str, str] = {}
    tags: list[str] = []
    for key, value in _TAGGED.findall(said):
        tags.append(value) if key == "tag" else tagged.setdefault(key, value)
    host = (found[1] if (found := _HOST.search(said)) else "") or tagged.get("hostname", "")
    if found := _REQUEST.search(said):
        request(event, found[1], host)
    elif target := tagged.get("uri"):
        locate(event, target, host)
    elif host:
        event["url.domain"] = host
    if (address := ip(host)) is not None:
        event["destination.ip"] = address
    for key in ("file", "line", "rev", "data", "ver", "maturity", "accuracy", "unique_id", "phase"):
        if tagged.get(key):
            event[f"modsecurity.{key}"] = tagged[key]
    _severity(event, tagged.get("severity", ""))
    mark = next((said.find(mark) + len(mark) for mark in _MARKS if mark in said), 0)
    event["message"] = said[mark:].partition(" [file ")[0][:2048]
    denied = "Access denied" in said[mark : mark + 64] or (
        "Access allowed" not in said and "intercepted" in said[mark:]
    )
    _rule(
        event,
        tagged.get("id", ""),
        tagged.get("msg", ""),
        tags,
        True if denied else False if "Warning" in said else None,
    )


def _headers(raw: Any) -> dict[str, str]:
    found = raw if isinstance(raw, dict) else {}
    return {str(key).lower(): value for key, value in found.items() if isinstance(value, str)}


def _three(event: Event, transaction: dict[str, Any], received: Received) -> list[Event]:
    """libmodsecurity 3 and Coraza: `{"transaction": {"client_ip": …, "request": …, "messages": […]}}`."""
    stamp(event, _named_day(transaction.get("time_stamp") or transaction.get("timestamp")), received)
    client(event, str(transaction.get("client_ip") or ""))
    peer(event, "source", str(transaction.get("client_ip") or ""), transaction.get("client_port"))
    peer(event, "destination", str(transaction.get("host_ip") or ""), transaction.get("host_port"))
    asked, answer = transaction.get("request"), transaction.get("response")
    asked = asked if isinstance(asked, dict) else {}
    headers = _headers(asked.get("headers"))
    if method := text(asked.get("method")):
        event["http.request.method"] = method
    if version := text(asked.get("http_version") or asked.get("protocol")):
        event["http.version"] = version.removeprefix("HTTP/")
    if target := text(asked.get("uri")):
        locate(event, target, headers.get("host", ""))
    agent(event, headers.get("referer", ""), headers.get("user-agent", ""))
    code = integer(answer.get("http_code") or answer.get("status")) if isinstance(answer, dict) else None
    if code is not None:
        event["http.response.status_code"] = code
    if identity := text(transaction.get("unique_id") or transaction.get("id")):
        event["modsecurity.unique_id"] = identity
    return _messages(event, transaction.get("messages"), transaction.get("is_interrupted"), code)


def _messages(event: Event, messages: Any, interrupted: Any, code: int | None) -> list[Event]:
    found: list[Event] = []
    for message in (messages if isinstance(messages, list) else [])[:64]:
        if not isinstance(message, dict):
            continue
        one = dict(event)
        details = message.get("details") or message.get("data")
        details = details if isinstance(details, dict) else message
        _severity(one, str(details.get("severity") or ""))
        keep(one, "modsecurity.", details, {"severity", "tags", "ruleId", "id", "msg"})
        said = text(message.get("message")) or text(details.get("msg")) or text(details.get("match")) or ""
        one["message"] = said
        _rule(one, text(details.get("ruleId") or details.get("id")) or "", said, texts(details.get("tags") or []) or [],
              interrupted if isinstance(interrupted, bool) else code == 403)  # fmt: skip
        found.append(relate(one))
    if not found:
        event["event.category"], event["event.type"] = ["web"], ["access"]
        network(event)
        found.append(relate(event))
    return found


def _named_day(value: Any) -> Any:
    """`Mon Mar  2 08:00:00 2026` and `02/Mar/2026:08:00:00 +0800` alike."""
    return value[4:] if isinstance(value, str) and value[3:4] == " " else value


def _two(event: Event, raw: dict[str, Any], received: Received) -> list[Event]:
    """ModSecurity 2.9: `transaction`, `request`, `response`, `audit_data.messages` as sentences."""
    transaction = raw["transaction"]
    stamp(event, transaction.get("time"), received)
    peer(event, "source", str(transaction.get("remote_address") or ""), transaction.get("remote_port"))
    peer(event, "destination", str(transaction.get("local_address") or ""), transaction.get("local_port"))
    asked = raw.get("request") if isinstance(raw.get("request"), dict) else {}
    headers = _headers(asked.get("headers"))  # type: ignore[union-attr]
    request(event, str(asked.get("request_line") or ""), headers.get("host", ""))  # type: ignore[union-attr]
    agent(event, headers.get("referer", ""), headers.get("user-agent", ""))
    answer = raw.get("response")
    if isinstance(answer, dict) and (code := integer(answer.get("status"))) is not None:
        event["http.response.status_code"] = code
    audit = raw.get("audit_data")
    audit = audit if isinstance(audit, dict) else {}
    found: list[Event] = []
    for said in (texts(audit.get("messages")) or [])[:64]:
        one = dict(event)
        _sentence(one, said if "Warning" in said else f"{said} intercepted", received)
        found.append(relate(one))
    return found or _messages(event, [], None, None)


def _serial(event: Event, body: str, received: Received) -> list[Event]:
    """The serial audit log as one record: sections `--id-A--` … `--id-Z--`."""
    sections: dict[str, str] = {}
    for part in re.split(r"(?m)^--[0-9a-zA-Z]{1,32}-(?=[A-Z]--$)", body)[1:33]:
        sections[part[0]] = part[4:].strip()
    head = sections.get("A", "").split(" ")
    stamp(event, sections.get("A", "")[1:].partition("]")[0], received)
    if len(head) >= 7:
        peer(event, "source", head[3], head[4])
        peer(event, "destination", head[5], head[6])
    lines = sections.get("B", "").split("\n")
    headers = {key.lower(): value.strip() for key, sign, value in (line.partition(":") for line in lines[1:]) if sign}
    request(event, lines[0], headers.get("host", ""))
    agent(event, headers.get("referer", ""), headers.get("user-agent", ""))
    status = sections.get("F", "").split(" ", 2)
    if len(status) > 1 and (code := integer(status[1])) is not None:
        event["http.response.status_code"] = code
    found: list[Event] = []
    for line in sections.get("H", "").split("\n"):
        if line.startswith(("Message: ", "ModSecurity: ")):
            one = dict(event)
            _sentence(one, line.removeprefix("Message: "), received)
            found.append(relate(one))
    return found or _messages(event, [], None, None)


def parse(framed: Framed, received: Received) -> list[Event]:
    event, body = begin(framed, received, NAME)
    fallback(event, received)
    observer(event, "OWASP", "ModSecurity", "waf")
    if re.match(r"--[0-9a-zA-Z]{1,32}-A--", body):
        return _serial(event, body, received)
    whole = framed.body or framed.text
    if whole.lstrip()[:1] == "{":
        raw = load_object(framed, NAME)
        transaction = raw.get("transaction")
        if isinstance(transaction, dict):
            old = "remote_address" in transaction or "audit_data" in raw
            return _two(event, raw, received) if old else _three(event, transaction, received)
        if isinstance(said := raw.get("msg"), str):  # Coraza in Caddy's log
            observer(event, "OWASP", "Coraza", "waf")
            stamp(event, raw.get("ts"), received)
            _sentence(event, said, received)
            return [relate(event)]
        raise ParseError("a JSON object without a transaction", NAME)
    if "Coraza: " in whole:
        observer(event, "OWASP", "Coraza", "waf")
    _sentence(event, whole, received)
    return [relate(event)]


def sniff(framed: Framed) -> float:
    source = body_of(framed)
    if any(mark in source[:1024] for mark in _MARKS):
        return 0.99 if '[id \\"' in source or '[id "' in source or "Access denied" in source else 0.0
    if source[:1] == "{" and '"transaction":{' in source[:64].replace(" ", ""):
        return 0.98
    return 0.98 if re.match(r"--[0-9a-zA-Z]{1,32}-A--\n", source) else 0.0


PARSER = Parser(
    name=NAME,
    product="ModSecurity and OWASP Coraza",
    data_kind="security",
    reference="https://github.com/owasp-modsecurity/ModSecurity/wiki/ModSecurity-2-Data-Formats",
    parse=parse,
    sniff=sniff,
    markers=("ModSecurity: ", "Coraza: ", '"transaction"', "-A--"),
)
