"""Who and what an alert is about: hosts, addresses, users, files, processes, domains, sessions.

An entity is the text "kind:value". Inventory assets are `host` whatever name or address a product used for them, so
that a network sensor and an endpoint agent meet. Shared things (resolvers, scanners, gateways, everybody's account)
say little about belonging together and weigh almost nothing.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_address

from processor.inventory import EnterpriseFacts
from processor.parameters import count, number
from taishi.event import Event

MAX_ENTITIES = count("bounds.meta_entities")

KINDS = ("hash", "session", "user", "host", "domain", "ip", "internal", "process", "hub")
KIND_WEIGHT = {kind: number(f"kinds.{kind}") for kind in KINDS}
"""How much sharing one suggests belonging together, before damping by how common it is (κ). `internal` is an inside
address that no inventory knows: it may be NAT or DHCP."""

HUB_ASSETS = frozenset({"dns", "gateway", "firewall", "proxy", "nat", "scanner", "router", "switch", "load_balancer",
                        "vulnerability_scanner", "ids", "probe", "ntp"})  # fmt: skip
COMMON_USERS = frozenset({
    "root", "admin", "administrator", "system", "guest", "user", "test", "anonymous", "nobody", "-", "n/a", "unknown",
    "local service", "network service", "nt authority\\system", "default", "oracle", "postgres", "www-data", "ftp",
})  # fmt: skip
COMMON_PROCESSES = frozenset({
    "sshd", "svchost.exe", "powershell.exe", "cmd.exe", "explorer.exe", "lsass.exe", "services.exe", "sudo", "su",
    "cron", "bash", "sh", "python", "java", "httpd", "nginx", "rundll32.exe", "system", "conhost.exe", "login",
})  # fmt: skip

RESOLVER_PORT = 53


@lru_cache(maxsize=65_536)
def is_internal(address: str) -> bool:
    """Private, shared (RFC 6598), loopback and link-local addresses lie inside."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return not parsed.is_global and not parsed.is_multicast and not _documentation(address)


def _documentation(address: str) -> bool:
    """Examples (RFC 5737, RFC 3849) and benchmark addresses (RFC 2544) stand for outside ones wherever they are played."""
    return address.startswith(("192.0.2.", "198.51.100.", "203.0.113.", "198.18.", "198.19.", "2001:db8:"))


MAX_VALUE = 120


def bounded(value: str) -> str:
    """A name that somebody chose to be endless keeps its beginning and is told from others by its digest."""
    if len(value) <= MAX_VALUE:
        return value
    return f"{value[:96]}~{blake2b(value.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"


def host_entity(facts: EnterpriseFacts, address: object, hostname: object, *, hub: bool = False) -> str:
    """ "" where neither is given."""
    asset = facts.asset(address, hostname)
    if asset is not None:
        kind = "hub" if hub or asset.kind in HUB_ASSETS else "host"
        return bounded(f"{kind}:{asset.hostname.lower() or asset.address or asset.name}")
    if isinstance(address, str) and address:
        if hub:
            return bounded(f"hub:{address}")
        return bounded(f"internal:{address}" if is_internal(address) else f"ip:{address}")
    return bounded(f"host:{hostname.lower()}") if isinstance(hostname, str) and hostname else ""


def parties(facts: EnterpriseFacts, event: Event) -> tuple[str, str]:
    """(attacker, victim) as entities."""
    get = event.get
    resolver = get("destination.port") == RESOLVER_PORT
    victim_ip = get("taishi.victim.ip")
    attacker = host_entity(facts, get("taishi.attacker.ip"), get("taishi.attacker.host"))
    hub = resolver and victim_ip == get("destination.ip")
    victim = host_entity(facts, victim_ip, get("taishi.victim.host") or get("host.name"), hub=hub)
    return attacker, victim


def others(event: Event) -> list[str]:
    """Users, hashes, processes, domains and sessions of an alert."""
    found: list[str] = []
    get = event.get
    for user in _texts(get("related.user")):
        name = user.lower()
        if name not in COMMON_USERS and not name.endswith("$"):
            found.append(f"user:{name}")
    found.extend(f"hash:{digest.lower()}" for digest in _texts(get("related.hash")))
    process = get("process.name")
    if isinstance(process, str) and process.lower() not in COMMON_PROCESSES:
        found.append(f"process:{process.lower()}")
    for name in ("dns.question.name", "tls.client.server_name", "url.domain"):
        domain = get(name)
        if isinstance(domain, str) and "." in domain and not domain.replace(".", "").isdecimal():
            found.append(f"domain:{domain.lower().rstrip('.')}")
    session = get("winlog.logon.id")
    if isinstance(session, str) and len(session) > 5:  # 0x3e7 and its like are everybody's
        found.append(f"session:{get('host.name', '')}/{session}")
    return [bounded(entity) for entity in found[:MAX_ENTITIES]]


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [item for item in value if isinstance(item, str) and item][:16]
    return [value] if isinstance(value, str) and value else []


def shown(entity: str) -> dict[str, str]:
    """As people read it: {"kind", "value"}; inside addresses and hubs are addresses or hosts like others."""
    kind, _, value = entity.partition(":")
    if kind in {"internal", "hub"}:
        kind = "ip" if value[:1].isdecimal() or ":" in value else "host"
    return {"kind": kind, "value": value}


def value_of(entity: str) -> str:
    return entity.partition(":")[2]
