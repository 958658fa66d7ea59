"""What stands in an enterprise: assets by Purdue level, and the security products that report from there."""

from __future__ import annotations

import random
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from simulator.names import CONTINUOUS


@dataclass(frozen=True, slots=True)
class Asset:
    """`criticality` 0.2–1; `purdue` 0–5; `exposure`: none | internal | internet, with the protocols open to it."""

    id: str
    name: str
    kind: str
    address: str
    hostname: str
    criticality: float
    purdue: float
    exposure: str = "none"
    protocols: tuple[str, ...] = ()
    vendor: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A source of records: one product of one enterprise. `transport`: udp | tcp | http.

    `address` is where plain syslog comes from on one machine; `flaw` is what is wrong with it, for the health screens:
    silent (stopped sending), drift (its clock is seven minutes ahead), garbled (some records arrive broken)."""

    id: str
    site_id: str
    role: str
    name: str
    product: str
    parser: str
    transport: str
    data_kind: str
    address: str
    host: str
    style: str = ""
    flaw: str = ""


# role → (kind, number at level 1/2/3, third octet, criticality, Purdue level, vendor and models)
_PLANT: Final = (
    ("plc", (1, 3, 6), 60, 0.9, 1.0, (("Siemens", "S7-1500"), ("Siemens", "S7-1200"), ("Schneider", "M580"))),
    ("hmi", (1, 2, 3), 50, 0.7, 2.0, (("Siemens", "KTP1200"), ("Weintek", "cMT3152"))),
    ("scada", (0, 1, 2), 50, 0.9, 2.0, (("AVEVA", "System Platform"), ("Siemens", "WinCC"))),
    ("engineering", (0, 1, 2), 50, 0.8, 3.0, (("Dell", "Precision"), ("Lenovo", "ThinkStation"))),
    ("historian", (0, 1, 1), 50, 0.6, 3.0, (("AVEVA", "PI Server"),)),
    ("gateway", (1, 1, 2), 60, 0.6, 3.5, (("Moxa", "UC-8200"), ("Advantech", "UNO-2271G"))),
)  # fmt: skip
_OFFICE: Final = (
    ("server", (1, 2, 4), 20, 0.6, 4.0, (("Dell", "PowerEdge R650"), ("Huawei", "FusionServer 2288H"))),
    ("workstation", (2, 3, 5), 10, 0.3, 4.0, (("Lenovo", "ThinkCentre"), ("Dell", "OptiPlex"))),
    ("web", (0, 1, 1), 30, 0.5, 3.5, (("H3C", "UniServer R4900"),)),
    ("firewall", (1, 1, 2), 254, 0.7, 3.5, (("Fortinet", "FortiGate 100F"), ("Huawei", "USG6525E"))),
)  # fmt: skip
_NAMES: Final = {
    "plc": ("控制器", "PLC"), "hmi": ("操作屏", "HMI"), "scada": ("监控服务器", "SCADA"), "engineering": ("工程师站", "ENG"),
    "historian": ("历史数据库", "HIST"), "gateway": ("边缘网关", "EDGE"), "server": ("服务器", "SRV"),
    "workstation": ("办公终端", "WS"), "web": ("门户服务器", "WEB"), "firewall": ("边界防火墙", "FW"), "ids": ("入侵检测", "IDS"),
    "resolver": ("标识解析服务器", "IDR"),
}  # fmt: skip


def equip(rng: random.Random, site: str, network: str, kind: str, level: int, industry: str) -> tuple[Asset, ...]:
    """The assets of an enterprise: platforms and identifier nodes have servers instead of a plant."""
    assets: list[Asset] = []
    plan = (*_PLANT, *_OFFICE) if kind == "industrial" else _OFFICE
    for name, counts, octet, criticality, purdue, models in plan:
        for number in range(1, counts[level - 1] + 1 + (2 if kind != "industrial" and name == "server" else 0)):
            bonus = 0.1 if industry in CONTINUOUS and purdue < 3 else 0.0
            assets.append(_asset(rng, site, network, name, number, octet, criticality + bonus, purdue, models))
    assets.append(_asset(rng, site, network, "ids", 1, 254, 0.5, 3.5, (("OISF", "Suricata"),)))
    if kind == "identifier":
        assets.append(_asset(rng, site, network, "resolver", 1, 30, 0.9, 4.0, (("Generic", "IDR node"),)))
    return tuple(assets)


def _asset(
    rng: random.Random, site: str, network: str, kind: str, number: int, octet: int, criticality: float, purdue: float,
    models: tuple[tuple[str, str], ...],
) -> Asset:  # fmt: skip
    zh, short = _NAMES[kind]
    vendor, model = rng.choice(models)
    exposure, protocols = _exposure(rng, kind)
    # Kinds that share a network part have their own range of last octets.
    base = {"hmi": 10, "scada": 40, "engineering": 60, "historian": 80, "plc": 10, "gateway": 120, "web": 10,
            "resolver": 50, "firewall": 0, "ids": 50}.get(kind, 10)  # fmt: skip
    return Asset(
        id=f"{site}-{kind}{number}",
        name=f"{number} 号{zh}",
        kind=kind,
        address=f"{network}.{octet}.{base + number}",
        hostname=f"{short}-{number:02d}",
        criticality=round(min(1.0, criticality * rng.uniform(0.9, 1.1)), 2),
        purdue=purdue,
        exposure=exposure,
        protocols=protocols,
        vendor=vendor,
        model=model,
    )


def _exposure(rng: random.Random, kind: str) -> tuple[str, tuple[str, ...]]:
    if kind in {"web", "resolver"}:
        return "internet", ("https",)
    if kind == "firewall":
        return "internet", ("vpn",)
    if kind == "plc" and rng.random() < 0.03:
        return "internet", ("modbus",)
    if kind == "gateway" and rng.random() < 0.15:
        return "internet", ("https",)
    return ("internal" if kind in {"server", "scada", "historian"} else "none"), ()


# role → (screen name, product, parser, transports, data kind)
_PRODUCTS: Final = {
    "fortigate": ("边界防火墙", "Fortinet FortiGate", "fortigate", ("tcp", "udp"), "security"),
    "huawei": ("边界防火墙", "Huawei USG", "huawei_usg", ("udp", "tcp"), "security"),
    "ids": ("入侵检测", "Suricata", "suricata", ("http",), "security"),
    "ot": ("工控流量探针", "Zeek", "zeek", ("http",), "network"),
    "win": ("Windows 日志", "Winlogbeat, Sysmon", "windows", ("http",), "platform"),
    "hids": ("主机安全", "Wazuh", "wazuh", ("http",), "security"),
    "lin": ("Linux 登录日志", "Linux auth", "linux_auth", ("tcp",), "platform"),
    "waf": ("Web 应用防火墙", "Imperva SecureSphere", "cef", ("tcp",), "security"),
    "av": ("终端防护", "Trend Micro Deep Security", "leef", ("tcp",), "security"),
    "idr": ("标识解析网关", "Identifier gateway (CEF)", "cef", ("tcp",), "identifier"),
}  # fmt: skip


def _roles(rng: random.Random, kind: str, level: int) -> list[str]:
    wall = "fortigate" if rng.random() < 0.55 else "huawei"
    if kind == "identifier":
        return [wall, "ids", "idr", "lin", *(("hids",) if level == 3 else ())]
    if kind == "platform":
        return [wall, "ids", "waf", "lin", *(("hids",) if level == 3 else ())]
    if level == 3:
        return [wall, "ids", "ot", "win", "hids", "lin", "av" if rng.random() < 0.4 else "waf"]
    if level == 2:
        return [wall, "ids", rng.choice(("ot", "win", "lin"))]
    return [wall, *(("ids",) if rng.random() < 0.25 else ())]


def feeds(rng: random.Random, site: str, index: int, kind: str, level: int, seed: int) -> tuple[Feed, ...]:
    """The sources of an enterprise; a few in the province are not in order."""
    found: list[Feed] = []
    for number, role in enumerate(_roles(rng, kind, level)):
        name, product, parser, transports, data_kind = _PRODUCTS[role]
        own = "fw" if role in {"fortigate", "huawei"} else role
        transport = transports[0] if len(transports) == 1 or rng.random() < 0.7 else transports[1]
        found.append(
            Feed(
                id=f"{site}-{own}",
                site_id=site,
                role=own,
                name=name,
                product=product,
                parser=parser,
                transport=transport,
                data_kind=data_kind,
                address="" if transport == "http" else f"127.{16 + index // 250}.{index % 250 + 1}.{number + 1}",
                host=f"{own}-{index:03d}",
                style="tsv" if role == "ot" and index % 9 == 0 else role,
                flaw=_flaw(index, own, seed),
            )
        )
    return tuple(found)


def _flaw(index: int, role: str, seed: int) -> str:
    """About one source in ninety is silent, drifts or garbles; chosen by digest, so that the rest stays as it is."""
    number = int.from_bytes(blake2b(f"{seed}:{index}:{role}".encode(), digest_size=4).digest(), "big") % 270
    if number == 0:
        return "silent"
    if number == 1 and role in {"fw", "ids"}:
        return "drift"
    return "garbled" if number in {2, 3} and role in {"ids", "win", "hids"} else ""
