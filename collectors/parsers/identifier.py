"""Nodes of identifier resolution (标识解析): Handle/DOA access logs; resolution and registration records of Handle, OID,
Ecode, VAA.

Handle.Net's access log is text, `client protocol "time" operation-code response-code milliseconds "identifier"`; nodes of
enterprises and of the second level write JSON or pairs with an identifier, an operation and a client. The operation is named in
one vocabulary (`resolution`, `create_handle`, `modify_value`, `delete_handle`, `list_handles` …), which the rules read. The rest
stays under `identifier.*`.

Reference: RFC 3652 §2.2.2 (Handle operation and response codes); HANDLE.NET Software Technical Manual (access log); ISO/IEC
29168-1 (OID resolution); GB/T 31866 (Ecode)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers import _device
from collectors.parsers._common import Fields, integer, ip, lower, port, text, transport
from collectors.parsers._keyed import Words, action, fill, first, keyed
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "identifier"
_OPERATIONS: Final = {
    1: "resolution", 2: "get_siteinfo", 100: "create_handle", 101: "delete_handle", 102: "add_value", 103: "remove_value",
    104: "modify_value", 105: "list_handles", 106: "list_prefixes", 200: "challenge_response", 201: "verify_response",
    300: "home_prefix", 301: "unhome_prefix", 302: "list_homed_prefixes", 400: "session_setup", 401: "session_terminate",
    402: "session_exchange_key", 1000: "retrieve_txn_log", 1001: "dump_handles",
}  # fmt: skip
_REASONS: Final = {
    1: "", 2: "error", 3: "server busy", 4: "protocol error", 5: "operation denied", 6: "recursion limit",
    100: "handle not found",
    101: "handle already exists", 102: "invalid handle", 200: "values not found", 201: "value already exists",
    202: "invalid value",
    300: "site info out of date", 301: "server not responsible", 302: "service referral", 303: "prefix referral",
    400: "invalid administrator", 401: "access denied", 402: "authentication needed", 403: "authentication failed",
    404: "invalid credential", 405: "authentication timed out", 406: "unable to authenticate", 500: "session timed out",
    501: "session failed", 502: "invalid session key",
}  # fmt: skip
_REFERRALS: Final = frozenset({302, 303, 402})
"""Answers that send the client on or ask for its key: neither success nor failure."""
WORDS: Final[Words] = (
    ("dump_handles", ("dump", "全量导出", "导出标识", "批量导出")),
    ("retrieve_txn_log", ("txn_log", "txnlog", "transaction_log", "同步日志")),
    ("list_handles", ("list_handle", "list_identifier", "enumerat", "遍历", "标识列表", "zone_transfer")),
    ("admin_login", ("admin_login", "login", "登录")),
    ("challenge_response", ("challenge", "认证", "authenticat")),
    ("delete_handle", ("delete", "deregister", "unregister", "注销", "删除")),
    ("remove_value", ("remove_value",)),
    ("modify_value", ("modify", "update", "修改", "变更", "更新")),
    ("create_handle", ("create", "regist", "注册", "新增")),
    ("resolution", ("resol", "query", "lookup", "解析", "查询")),
)
_IDENTIFIERS: Final = (
    "handle", "identifier", "oid", "ecode", "vaa", "idisCode", "identityCode", "identifierCode", "标识", "标识编码", "标识码",
)  # fmt: skip
_VERBS: Final = (
    "opCode",
    "op",
    "opType",
    "op_type",
    "operation",
    "operationType",
    "operateType",
    "action",
    "操作",
    "操作类型",
)
FIELDS: Final[Fields] = {
    "clientIp": ("source.ip", ip), "client_ip": ("source.ip", ip), "remoteIp": ("source.ip", ip), "srcIp": ("source.ip", ip),
    "src_ip": ("source.ip", ip), "请求IP": ("source.ip", ip), "客户端IP": ("source.ip", ip), "源IP": ("source.ip", ip),
    "clientPort": ("source.port", port), "client_port": ("source.port", port), "srcPort": ("source.port", port),
    "serverIp": ("destination.ip", ip), "server_ip": ("destination.ip", ip), "nodeIp": ("destination.ip", ip),
    "dstIp": ("destination.ip", ip), "serverPort": ("destination.port", port), "dstPort": ("destination.port", port),
    "protocol": ("network.transport", transport), "user": ("user.name", text), "userName": ("user.name", text),
    "admin": ("user.name", text), "account": ("user.name", text), "操作人": ("user.name", text), "用户": ("user.name", text),
    "nodeId": ("observer.name", text), "node_id": ("observer.name", text), "nodeName": ("observer.name", text),
    "节点": ("observer.name", text), "节点名称": ("observer.name", text), "url": ("url.original", text),
    "userAgent": ("user_agent.original", text), "message": ("message", text), "errMsg": ("event.reason", text),
    "reason": ("event.reason", text), "method": ("http.request.method", text),
}  # fmt: skip
_ACCESS: Final = re.compile(
    r"([0-9A-Fa-f.:]{3,45}) (?:hdl:)?(UDP|TCP|HTTPS?)(?::\w{1,16})? \"?([0-9][0-9T:.Z+\- ]{9,40}?)\"? "
    r"(\d{1,4}) (\d{1,4}) (\d{1,9})ms \"?([^\"\n]{0,1024})\"?(?: \"([^\"\n]{0,1024})\")?$"
)
_SCHEMES: Final = (
    (re.compile(r"(?:86|20|10|11|88)\.\d[\d.]{0,60}/"), "handle"),
    (re.compile(r"[012](?:\.\d{1,20}){3,30}$"), "oid"),
)


def _system(values: dict[str, Any], name: str) -> str:
    """handle | oid | ecode | vaa, as the record's key or the identifier's own shape says."""
    for key in ("oid", "ecode", "vaa", "handle"):
        if values.get(key):
            return key
    said = lower(first(values, ("system", "idType", "id_type", "体系", "标识体系")))
    return said or next((kind for shape, kind in _SCHEMES if shape.match(name)), "")


def _named(event: Event, identifier: str, values: dict[str, Any]) -> None:
    event["identifier.id"] = identifier[:1024]
    if "/" in identifier:
        event["identifier.prefix"] = identifier.partition("/")[0][:128]
    if system := _system(values, identifier):
        event["identifier.system"] = system[:32]


_KINDS: Final = {
    "resolution": ("web", "access"), "create_handle": ("configuration", "creation"), "add_value": ("configuration", "change"),
    "modify_value": ("configuration", "change"), "remove_value": ("configuration", "change"),
    "delete_handle": ("configuration", "deletion"), "challenge_response": ("authentication", "start"),
    "verify_response": ("authentication", "start"), "admin_login": ("authentication", "start"),
    "session_setup": ("session", "start"), "session_terminate": ("session", "end"),
}  # fmt: skip


def _close(event: Event, received: Received) -> list[Event]:
    category, kind = _KINDS.get(event["event.action"], ("database", "access"))
    event["event.category"], event["event.type"] = [category], [kind]
    event["observer.type"] = "identifier-node"
    event.setdefault("event.severity", 10)
    return _device.finish(event, received)


def _access(found: re.Match[str], framed: Framed, received: Received) -> list[Event]:
    event, _ = _device.begin(framed, received, NAME, "identifier.access")
    client, protocol, moment, code, answer, took, identifier, detail = found.groups()
    event["observer.product"] = "Handle.Net"
    if (address := ip(client)) is not None:
        event["source.ip"] = address
    if (layer := transport(protocol)) in {"tcp", "udp"}:
        event["network.transport"] = layer
    else:
        event["network.protocol"] = protocol.lower()
    stamp(event, moment, received)
    event["event.code"], event["event.action"] = code, _OPERATIONS.get(int(code), f"operation_{code}")
    _answered(event, int(answer))
    event["event.duration"] = int(took) * 1_000_000
    _named(event, identifier, {"handle": identifier})
    if detail:
        event["message"] = detail
    return _close(event, received)


def _answered(event: Event, answer: int) -> None:
    event["identifier.response"] = answer
    if answer not in _REFERRALS:
        event["event.outcome"] = "success" if answer == 1 else "failure"
    if reason := _REASONS.get(answer, f"response {answer}"):
        event["event.reason"] = reason


def parse(framed: Framed, received: Received) -> list[Event]:
    at = _ACCESS.search(framed.text[:4096].rstrip())
    if at is not None:
        return _access(at, framed, received)
    event, values = keyed(framed, received, NAME)
    identifier, said = text(first(values, _IDENTIFIERS)), first(values, _VERBS)
    if identifier is None or said is None:
        raise ParseError(
            "neither an access log of a Handle server nor a record with an identifier and an operation", NAME
        )
    code = integer(said)
    event["event.action"] = _OPERATIONS.get(code, f"operation_{code}") if code is not None else action(WORDS, said)
    fill(event, values, FIELDS, "identifier.", received)
    answer = integer(first(values, ("responseCode", "response_code", "rc", "响应码")))
    if answer in _REASONS and answer is not None:
        _answered(event, answer)
    _named(event, identifier, values)
    return _close(event, received)


def sniff(framed: Framed) -> float:
    source = framed.text[:2048]
    if "ms " in source and _ACCESS.search(framed.text[:4096].rstrip()):
        return 0.93
    return 0.9 if _KEYED.search(source) and _VERB.search(source) else 0.0


_SURE: Final = ("标识", "handle", "ecode", "idis", "oid", "vaa", "identi")
_KEYED: Final = re.compile(
    r"(?<![\w.])(?:(?:idisCode|identityCode|identifierCode|ecode|vaa|标识编码|标识码|标识)\"?\s?[=:：＝]|"
    r"(?:handle|identifier)\"?\s?[=:：＝]\s?\"?[\w.]{2,64}/|oid\"?\s?[=:：＝]\s?\"?[012]\.[\d.]{3,80}[\" ,;])"
)
_VERB: Final = re.compile(rf"(?<![\w.])(?:{'|'.join(_VERBS)})\"?\s?[=:：＝]")
PARSER = Parser(
    name=NAME,
    product="Identifier resolution nodes 标识解析节点 (Handle, OID, Ecode, VAA)",
    data_kind="identifier",
    reference="https://www.rfc-editor.org/rfc/rfc3652",
    parse=parse,
    sniff=sniff,
    markers=(*_SURE, "ms "),
)
