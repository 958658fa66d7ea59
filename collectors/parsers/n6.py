"""n6 events of CERT Polska's exchange: one event a document, by `category` (cnc, bots, malurl, scanning, vulnerable …).

The rest stays under `n6.*`.

Reference: https://n6.readthedocs.io/ (n6, "Data structure and semantics")
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._attack import set_techniques
from collectors.parsers._common import ip, keep, load_object, lower, port, text, transport
from collectors.parsers._exchange import begun, dicts, ended, several
from taishi.event import Event

NAME: Final = "n6"
_N6: Final = {
    "cnc": ("T1071", 70), "bots": ("T1071", 65), "malurl": ("T1204.001", 60), "phish": ("T1566", 55), "scanning": ("T1595", 40),
    "dos-attacker": ("T1498", 60), "dos-victim": ("T1498", 60), "amplifier": ("T1498.002", 40), "vulnerable": ("", 40),
    "leak": ("T1589", 60),
    "server-exploit": ("T1190", 70), "webinject": ("T1185", 60), "spam": ("T1566", 30), "tor": ("", 20), "proxy": ("T1090", 30),
    "exploit": ("T1190", 60), "backdoor": ("T1505", 80), "dns-query": ("T1071.004", 40), "deface": ("T1491", 60),
    "fraud": ("", 40),
    "sandbox-url": ("T1204.001", 40), "flow-anomaly": ("", 35), "flow": ("", 20), "botnet": ("T1071", 65), "other": ("", 30),
}  # fmt: skip


_TAKEN: Final = frozenset(
    {"address", "name", "category", "time", "url", "fqdn", "sport", "dport", "dip", "proto", "md5", "sha1", "sha256",
     "source", "id", "rid"}
)  # fmt: skip
_VICTIMS: Final = frozenset({"vulnerable", "dos-victim", "leak", "deface"})
"""Categories whose `address` is the one hit, not the one that hits."""


def _n6(raw: dict[str, Any], received: Received) -> Iterator[Event]:
    category = str(raw.get("category"))
    technique, severity = _N6.get(category, ("", 40))
    event = begun("n6", text(raw.get("source")))
    event["rule.name"] = (text(raw.get("name")) or category)[:512]
    event["rule.category"], event["event.severity"] = category[:64], severity
    event["rule.id"] = str(raw.get("rid") or raw.get("id") or "")[:128]
    addresses = dicts(raw.get("address"))
    side = "destination" if category in _VICTIMS else "source"
    for name, value in (
        (f"{side}.ip", ip(addresses[0].get("ip")) if addresses else None), ("source.port", port(raw.get("sport"))),
        ("destination.ip", ip(raw.get("dip"))), ("destination.port", port(raw.get("dport"))), ("url.original",
        text(raw.get("url"))),
        ("url.domain", lower(raw.get("fqdn"))), ("network.transport", transport(raw.get("proto"))), ("file.hash.md5",
        lower(raw.get("md5"))),
        ("file.hash.sha1", lower(raw.get("sha1"))), ("file.hash.sha256", lower(raw.get("sha256"))),
    ):  # fmt: skip
        if value is not None:
            event[name] = value
    set_techniques(event, [technique] if technique else [])
    keep(event, "n6.", raw, _TAKEN)
    yield ended(event, raw.get("time"), received)


def parse(framed: Framed, received: Received) -> list[Event]:
    return several(framed, received, NAME, _n6(load_object(framed, NAME), received))


def sniff(framed: Framed) -> float:
    source = framed.text
    known = '"restriction"' in source and '"confidence"' in source and '"category"' in source and '"source"' in source
    return 0.94 if known else 0.0


PARSER = Parser(
    name=NAME,
    product="n6 events (CERT Polska)",
    data_kind="third-party",
    reference="https://n6.readthedocs.io/",
    parse=parse,
    sniff=sniff,
    markers=('"restriction"',),
)
