"""Who is speaking: registered sources by API key, client certificate or network address. No database read per record."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import ValidationError
from sqlalchemy import func, select

from collectors.mapping import compiled
from collectors.parser import Parser
from taishi import clock
from taishi.errors import Forbidden, Unauthenticated
from taishi.mapping import PREFIX
from taishi.mapping import Mapping as Spec
from taishi.records.port import Records
from taishi.records.tables import ParserMapping, Source
from taishi.scope import EVERYTHING

log = structlog.get_logger()

LEARNING_QUOTA = 200.0
"""Records a second while a source is new: enough to see what it sends, too few for a storm."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a collector needs of a source; a copy, so that nothing holds a database session."""

    id: str
    enterprise_id: str
    parser: str
    timezone: str
    encoding: str
    data_kind: str
    state: str
    quota: float
    region: str = ""
    authority: str = ""
    key_expires_at: float | None = None
    mapping: Parser | None = None
    """The operator's mapping that `parser` names as `map:<id>`."""


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(slots=True)
class SourceRegistry:
    """A snapshot of all sources; `refresh` replaces it when something changed."""

    records: Records
    _by_id: dict[str, SourceInfo] = field(default_factory=dict)
    _by_key: dict[str, SourceInfo] = field(default_factory=dict)
    _by_certificate: dict[str, SourceInfo] = field(default_factory=dict)
    _networks: list[tuple[Network, SourceInfo]] = field(default_factory=list)
    _by_address: dict[str, tuple[SourceInfo, ...]] = field(default_factory=dict)
    _mark: tuple[Any, ...] = ()
    version: int = 0
    """Grows with every change, for whoever keeps what it was told."""

    def refresh(self) -> None:
        """Read the sources again where their number or versions changed. Raises RecordsError."""
        with self.records.read(EVERYTHING) as session:
            counted = select(func.count(Source.id), func.sum(Source.version), func.max(Source.created_at))
            mapped = select(
                func.count(ParserMapping.id), func.sum(ParserMapping.version), func.max(ParserMapping.changed_at)
            )
            mark = (*session.execute(counted).one(), *session.execute(mapped).one())
            if mark == self._mark:
                return
            rows = session.scalars(select(Source)).all()
            mappings = _mappings(session.scalars(select(ParserMapping)).all())
        self._load(rows, mappings)
        self._mark = mark

    def _load(self, rows: Sequence[Source], mappings: Mapping[str, Parser]) -> None:
        infos = {row.id: _info(row, mappings.get(row.parser)) for row in rows}
        networks: list[tuple[Network, SourceInfo]] = []
        for row in rows:
            for text in row.addresses:
                try:
                    networks.append((ipaddress.ip_network(text, strict=False), infos[row.id]))
                except ValueError:
                    log.warning("A source has an address that is none.", source=row.id)
        networks.sort(key=lambda pair: -pair[0].prefixlen)
        self._by_id = infos
        self._by_key = {row.key_hash: infos[row.id] for row in rows if row.key_hash}
        self._by_certificate = {row.certificate: infos[row.id] for row in rows if row.certificate}
        self._networks = networks
        self._by_address = {}
        self.version += 1

    def by_id(self, source_id: str) -> SourceInfo | None:
        return self._by_id.get(source_id)

    def by_key(self, key: str) -> SourceInfo:
        """The source of an API key; raises Unauthenticated or Forbidden."""
        found = self._by_key.get(hashlib.sha256(key.encode("utf-8", "replace")).hexdigest())
        if found is None:
            raise Unauthenticated("the API key is not known here; ask the platform's operator for a new one")
        if found.key_expires_at is not None and found.key_expires_at < clock.now():
            raise Unauthenticated("the API key has expired; ask the platform's operator for a new one")
        return _enabled(found)

    def by_certificate(self, fingerprint: str) -> SourceInfo:
        found = self._by_certificate.get(fingerprint)
        if found is None:
            raise Unauthenticated("the client certificate belongs to no registered source")
        return _enabled(found)

    def by_address(self, address: str) -> tuple[SourceInfo, ...]:
        """Enabled sources of the narrowest network that holds the address; empty where there is none."""
        known = self._by_address.get(address)
        if known is None:
            known = self._find(address)
            if len(self._by_address) < 100_000:
                self._by_address[address] = known
        return known

    def _find(self, address: str) -> tuple[SourceInfo, ...]:
        try:
            sender = ipaddress.ip_address(address)
        except ValueError:
            return ()
        if isinstance(sender, ipaddress.IPv6Address) and sender.ipv4_mapped:
            sender = sender.ipv4_mapped
        holding = [(n, info) for n, info in self._networks if sender in n and info.state != "disabled"]
        if not holding:
            return ()
        narrowest = holding[0][0].prefixlen
        return tuple(info for network, info in holding if network.prefixlen == narrowest)


def _enabled(info: SourceInfo) -> SourceInfo:
    if info.state == "disabled":
        raise Forbidden(f"source {info.id} is disabled; ask the platform's operator")
    return info


def _mappings(rows: Sequence[ParserMapping]) -> dict[str, Parser]:
    """Parsers by the name that sources give. One that this version cannot read is told, and its records quarantined."""
    found: dict[str, Parser] = {}
    for row in rows:
        name = f"{PREFIX}{row.id}"
        try:
            found[name] = compiled(name, Spec.model_validate(row.spec))
        except ValidationError as error:
            log.warning(
                "A mapping cannot be used; its sources' records go to quarantine.", mapping=row.id, error=str(error)
            )
    return found


def _info(row: Source, mapping: Parser | None = None) -> SourceInfo:
    quota = min(row.quota_per_second, LEARNING_QUOTA) if row.state == "learning" else row.quota_per_second
    return SourceInfo(
        row.id, row.enterprise_id, row.parser, row.timezone, row.encoding, row.data_kind, row.state, quota,
        row.region, row.authority, row.key_expires_at, mapping,
    )  # fmt: skip
