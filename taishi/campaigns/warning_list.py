"""Values that are everybody's: public resolvers, CDNs, update services, inside addresses. They form no campaign."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Group:
    """One reason with the values it covers."""

    key: str
    reason_zh: str
    reason_en: str
    networks: tuple[IPv4Network | IPv6Network, ...]
    domains: frozenset[str]
    hashes: frozenset[str]


@lru_cache(maxsize=1)
def groups() -> tuple[Group, ...]:
    raw = tomllib.loads((Path(__file__).parent / "warning_list.toml").read_text("utf-8"))
    return tuple(
        Group(
            group["key"], group["reason_zh"], group["reason_en"],
            tuple(ip_network(network) for network in group.get("networks", ())),
            frozenset(group.get("domains", ())), frozenset(group.get("hashes", ())),
        )
        for group in raw["group"]
    )  # fmt: skip


@lru_cache(maxsize=65_536)
def listed(kind: str, value: str) -> str:
    """The key of the group that holds a value ("ip", "domain" or "hash"); "" where none does."""
    if kind == "domain":
        labels = value.split(".")
        above = {".".join(labels[start:]) for start in range(len(labels))}
        return next((group.key for group in groups() if above & group.domains), "")
    if kind == "hash":
        return next((group.key for group in groups() if value in group.hashes), "")
    try:
        address = ip_address(value)
    except ValueError:
        return "unreadable"
    mapped = getattr(address, "ipv4_mapped", None) or address
    return next((group.key for group in groups() if any(mapped in network for network in group.networks)), "")
