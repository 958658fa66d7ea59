"""AsiaInfo Security (亚信安全) AIS Edge and Deep Edge gateways: `[Traffic log] log_time=…; host name=…; source_ip=…; …`.

Keys of Deep Edge hold spaces (`source address=`), of AIS Edge underscores. Traffic, violation, IPS, web and mail logs share them;
`action` is 1 pass, 2 block. TDA, ESM and TrustOne write CEF and are read there. The rest is kept under `asiainfo.*`.

Reference: https://www.asiainfo-sec.com/product/ (AIS Edge Syslog 日志说明)
"""

from __future__ import annotations

import re
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._chinese import LIMIT, begin, record
from collectors.parsers._chinese_names import KEYS
from collectors.parsers._common import text, texts
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "asiainfo"
_HEAD: Final = re.compile(r"\[([A-Z][A-Za-z ]{2,24} log)\] log[ _]time=")
_ACTIONS: Final = {"0": "monitor", "1": "allow", "2": "block", "3": "alert"}
_FIELDS: Final = KEYS | {
    "host_name": ("observer.name", text), "host": ("url.domain", text), "malware_name": ("rule.name", text),
    "ips_rule": ("rule.name", text),
    "application_id": ("asiainfo.application_id", text), "type": ("asiainfo.type", text),
    "mail_sender": ("email.from.address", texts),
    "mail_subject": ("email.subject", text), "source_user": ("user.name", text), "policy_name": ("rule.name", text),
}  # fmt: skip


def parse(framed: Framed, received: Received) -> list[Event]:
    found = _HEAD.search(framed.text, 0, 300)
    if found is None:
        raise ParseError("no [… log] log_time= in the record", NAME)
    head = framed.text[: found.start()]
    event, _ = begin(
        Framed(head or " ", framed.syslog, head or " "), received, NAME, "AsiaInfo Security", "AIS Edge", "firewall"
    )
    values: dict[str, Any] = {}
    for piece in framed.text[found.end(1) + 1 :].split(";")[:LIMIT]:
        key, sign, value = piece.strip().partition("=")
        if sign and len(key) <= 48:
            values[key.strip().replace(" ", "_")] = value.strip()
    values["action"] = _ACTIONS.get(str(values.get("action", "")), str(values.get("action", "")))
    event["event.code"] = found[1]
    bad = any(str(values.get(key, "--")) not in {"--", ""} for key in ("ips_rule", "malware_name"))
    kind = "detection" if bad else "web" if "--" not in str(values.get("url", "--")) else "flow"
    return record(event, values, received, prefix="asiainfo.", what=found[1], fields=_FIELDS, kind=kind)


def sniff(framed: Framed) -> float:
    return 0.97 if " log] log" in framed.text[:200] and _HEAD.search(framed.text, 0, 300) else 0.0


PARSER = Parser(
    name=NAME,
    product="AsiaInfo Security 亚信安全 AIS Edge, Deep Edge",
    data_kind="security",
    reference="https://www.asiainfo-sec.com/product/",
    parse=parse,
    sniff=sniff,
    markers=(" log] log",),
)
