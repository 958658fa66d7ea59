"""5G core and its edge (UPF, MEC): registrations, sessions and what breaks them, as JSON or pairs of any maker.

A record names a subscriber (SUPI/IMSI) or a terminal (PEI/IMEI) and an event. Events are named in one vocabulary, which the rules
read: `imei_changed` (card moved to another terminal), `sim_moved` (card used elsewhere), `machine_card_mismatch`,
`slice_violation`,
`dnn_mismatch`, `nssai_rejected`, beside `registration`, `pdu_session_establishment` … Causes of rejection are 5GMM and
5GSM numbers.
Subscriber numbers are in `user.id`. The rest stays under `core5g.*`.

Reference: 3GPP TS 24.501 §9.11.3.2 (5GMM cause), §9.11.4.2 (5GSM cause); TS 23.501 §5.15 (slicing); TS 29.571 (SUPI, PEI,
S-NSSAI, DNN)
"""

from __future__ import annotations

from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers import _device
from collectors.parsers._common import Fields, integer, ip, lower, mac, port, text
from collectors.parsers._ids import alert
from collectors.parsers._keyed import Words, action, fill, first, keyed
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "core5g"
WORDS: Final[Words] = (
    ("machine_card_mismatch", ("machine_card", "imei_imsi", "card_mismatch", "机卡分离", "机卡不一致", "机卡绑定")),
    ("imei_changed", ("imei_chang", "pei_chang", "imei变更", "更换终端", "换机")),
    (
        "sim_moved",
        ("sim_moved", "location_violation", "area_violation", "tac_mismatch", "异地", "位置越界", "区域越界"),
    ),
    ("slice_violation", ("slice", "切片")),
    ("dnn_mismatch", ("dnn_mismatch", "dnn_not", "wrong_dnn", "dnn不匹配", "dnn异常", "非法dnn")),
    ("nssai_rejected", ("nssai",)),
    ("authentication_failed", ("authentication_fail", "auth_fail", "aka_fail", "鉴权失败", "认证失败")),
    ("pdu_session_release", ("session_release", "pdu_release", "会话释放", "会话删除")),
    ("pdu_session_establishment", ("pdu_session", "session_establish", "会话建立")),
    ("deregistration", ("deregist", "去注册", "detach")),
    ("registration", ("regist", "attach", "注册")),
    ("handover", ("handover", "切换")),
    ("signalling_storm", ("signal", "信令")),
    ("traffic_anomaly", ("traffic", "流量")),
)
_CAUSES: Final = {
    3: "illegal UE", 5: "PEI not accepted", 6: "illegal ME", 7: "5GS services not allowed", 11: "PLMN not allowed",
    12: "tracking area not allowed", 13: "roaming not allowed", 15: "no suitable cells", 20: "MAC failure", 21: "synch failure",
    22: "congestion", 27: "DNN missing or unknown", 62: "no network slices available", 72: "non-3GPP access not allowed",
    91: "DNN not supported in the slice",
}  # fmt: skip
_BY_CAUSE: Final = {62: "nssai_rejected", 27: "dnn_mismatch", 91: "dnn_mismatch", 5: "machine_card_mismatch"}
_SUBSCRIBERS: Final = ("supi", "imsi", "msisdn", "SUPI", "IMSI", "MSISDN", "用户标识")
_TERMINALS: Final = ("pei", "imei", "PEI", "IMEI", "终端标识")
_VERBS: Final = (
    "event",
    "eventType",
    "event_type",
    "eventName",
    "alarmName",
    "procedure",
    "action",
    "事件",
    "事件类型",
    "告警名称",
)
_FUNCTIONS: Final = ("nf", "nfType", "nf_type", "networkFunction", "ne", "neType", "网元", "网元类型")
FIELDS: Final[Fields] = {
    "supi": ("user.id", text), "imsi": ("user.id", text), "SUPI": ("user.id", text), "IMSI": ("user.id", text),
    "用户标识": ("user.id", text), "pei": ("core5g.pei", text), "imei": ("core5g.pei", text), "PEI": ("core5g.pei", text),
    "IMEI": ("core5g.pei", text), "终端标识": ("core5g.pei", text), "ueIp": ("source.ip", ip), "ue_ip": ("source.ip", ip),
    "ueIpv4": ("source.ip", ip), "srcIp": ("source.ip", ip), "src_ip": ("source.ip", ip), "终端IP": ("source.ip", ip),
    "srcPort": ("source.port", port), "dstIp": ("destination.ip", ip), "dst_ip": ("destination.ip", ip),
    "目的IP": ("destination.ip", ip),
    "dstPort": ("destination.port", port), "dst_port": ("destination.port", port), "mac": ("source.mac", mac),
    "nfName": ("observer.name", text), "nfInstanceId": ("observer.name", text), "neName": ("observer.name", text),
    "网元名称": ("observer.name", text), "vendor": ("observer.vendor", text), "dnn": ("core5g.dnn", lower),
    "DNN": ("core5g.dnn", lower),
    "snssai": ("core5g.snssai", text), "sNssai": ("core5g.snssai", text), "slice": ("core5g.snssai", text),
    "切片": ("core5g.snssai", text),
    "tac": ("core5g.tac", text), "TAC": ("core5g.tac", text), "plmn": ("core5g.plmn", text), "gnb": ("core5g.gnb", text),
    "gnbId": ("core5g.gnb", text), "cellId": ("core5g.cell", text), "message": ("message", text),
    "description": ("message", text),
    "detail": ("message", text), "描述": ("message", text), "reason": ("event.reason", text),
    "uplinkBytes": ("source.bytes", integer),
    "downlinkBytes": ("destination.bytes", integer),
}  # fmt: skip
_BAD: Final = {
    "machine_card_mismatch": 75, "imei_changed": 65, "sim_moved": 65, "slice_violation": 80, "dnn_mismatch": 60,
    "nssai_rejected": 55,
    "signalling_storm": 70, "traffic_anomaly": 50, "authentication_failed": 45,
}  # fmt: skip
_KINDS: Final = {
    "registration": ("authentication", "start"), "deregistration": ("authentication", "end"),
    "pdu_session_establishment": ("session", "start"), "pdu_session_release": ("session", "end"),
}  # fmt: skip


def parse(framed: Framed, received: Received) -> list[Event]:
    event, values = keyed(framed, received, NAME)
    said = text(first(values, _VERBS))
    if said is None or first(values, (*_SUBSCRIBERS, *_TERMINALS)) is None:
        raise ParseError("a record of a 5G core has an event and a SUPI, IMSI, PEI or IMEI", NAME)
    event["event.action"] = action(WORDS, said)
    fill(event, values, FIELDS, "core5g.", received)
    for name in ("user.id", "core5g.pei"):  # supi-460001234, imei-8612…: the kind before the number says nothing more
        if name in event:
            event[name] = event[name].lower().removeprefix("supi-").removeprefix("imsi-").removeprefix("imei-")[:64]
    function = text(first(values, _FUNCTIONS))
    event["observer.type"] = f"5g-{function.lower()}"[:32] if function else "5g-core"
    cause = integer(first(values, ("cause", "causeCode", "cause_code", "原因码")))
    if cause is not None:
        event["event.code"] = str(cause)
        event.setdefault("event.reason", _CAUSES.get(cause, f"cause {cause}"))
        event.setdefault("event.outcome", "failure")
        if event["event.action"] in {"registration", "pdu_session_establishment"}:
            event["event.action"] = _BY_CAUSE.get(cause, event["event.action"])
    _describe(event, said)
    return _device.finish(event, received)


def _describe(event: Event, said: str) -> None:
    what = event["event.action"]
    level = _BAD.get(what)
    if level is None:
        event["event.category"], event["event.type"] = ([one] for one in _KINDS.get(what, ("network", "info")))
        event.setdefault("event.severity", 10)
        return
    event["rule.name"], event["rule.category"] = said[:256], what
    event.setdefault("event.severity", level)
    blocked = event.get("event.outcome") == "failure" if "event.outcome" in event else None
    alert(event, blocked=blocked)
    if "source.ip" not in event:
        event["taishi.attacker.host"] = str(event.get("core5g.pei") or event.get("user.id"))


def sniff(framed: Framed) -> float:
    source = framed.text[:4096]
    forms = ('"{}"', "{}=", "{}:", "{}：")
    if not any(form.format(key) in source for key in (*_SUBSCRIBERS, *_TERMINALS) for form in forms):
        return 0.0
    core = any(word in source.lower() for word in _CORE)
    return 0.9 if core and any(form.format(key) in source for key in _VERBS for form in forms) else 0.0


_CORE: Final = (
    "amf",
    "smf",
    "upf",
    "nssai",
    "dnn",
    "5gc",
    "gnb",
    "udm",
    "pdu",
    "slice",
    "切片",
    "网元",
    "plmn",
    "机卡",
)
PARSER = Parser(
    name=NAME,
    product="5G core and edge 5G 核心网与边缘 (AMF, SMF, UPF, MEC)",
    data_kind="network",
    reference="https://www.3gpp.org/dynareport/24501.htm",
    parse=parse,
    sniff=sniff,
    markers=(*_SUBSCRIBERS, *_TERMINALS),
)
