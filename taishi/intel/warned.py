"""Indicators that are never matched: public resolvers, content networks, everybody's services, inside and reserved
addresses (`taishi.campaigns.warning_list`), and the enterprises' own addresses. Each refusal names its list."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from taishi.campaigns.warning_list import groups, listed
from taishi.intel.values import Kind, above

OWN: Final = "own"
"""The list of the enterprises' own addresses and names."""


def warned(kind: Kind, value: str, own: frozenset[str] = frozenset()) -> str:
    """The key of the list that keeps a value from being matched; "" where none does. A URL is only kept out by its
    host where the whole host is inside or ours: evil files lie on good servers."""
    if value in own:
        return OWN
    if kind == "ip":
        return _address(value)
    if kind == "cidr":
        return _network(value)
    if kind == "domain":
        return OWN if own and not own.isdisjoint(above(value)) else listed("domain", value)
    if kind == "hash":
        return listed("hash", value)
    if kind == "url":
        return _host(value, own)
    return ""


def _address(value: str) -> str:
    found = listed("ip", value)
    return "" if found == "unreadable" else found


def _network(value: str) -> str:
    """A network that lies in a list, or that holds one: it would hit what the list protects."""
    network = ip_network(value)
    for group in groups():
        for other in group.networks:
            if other.version == network.version and network.overlaps(other):
                return group.key
    return ""


def _host(value: str, own: frozenset[str]) -> str:
    host = urlsplit(value).hostname or ""
    if host in own:
        return OWN
    try:
        ip_address(host)
    except ValueError:
        found = listed("domain", host)
        return found if found == "inside" else ""
    return "inside" if listed("ip", host) == "inside" else ""


def own_values(addresses: Iterable[str], names: Iterable[str]) -> frozenset[str]:
    """What belongs to the enterprises: addresses and full host names of their assets."""
    return frozenset({address for address in addresses if address} | {name.lower() for name in names if "." in name})
