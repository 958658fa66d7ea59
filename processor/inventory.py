"""The inventory as stages see it: read-only, in memory, reloaded by the worker when it changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.orm import Session

from taishi.event import Event
from taishi.records.tables import Asset, Division, Enterprise, Incident, Park, Source


@dataclass(frozen=True, slots=True)
class AssetFacts:
    id: str
    name: str
    kind: str
    address: str
    hostname: str
    criticality: float
    purdue: float | None
    exposure: str
    exposed_protocols: tuple[str, ...]

    def stamp(self) -> Event:
        fields = {
            "taishi.asset.id": self.id,
            "taishi.asset.name": self.name,
            "taishi.asset.kind": self.kind,
            "taishi.asset.criticality": self.criticality,
            "taishi.asset.exposure": self.exposure,
        }
        return fields if self.purdue is None else {**fields, "taishi.asset.purdue": self.purdue}


@dataclass(frozen=True, slots=True)
class SourceFacts:
    id: str
    enterprise_id: str
    region: str
    authority: str
    state: str
    expected_period: float


@dataclass(slots=True)
class EnterpriseFacts:
    """An enterprise with its assets; `assets` finds one by address or lower-case host name (short and full)."""

    id: str
    name: str
    name_en: str
    region: str
    path: tuple[str, ...]
    industry: str
    kind: str
    level: int
    park_id: str
    authority: str
    assets: dict[str, AssetFacts] = field(default_factory=dict)
    stamp: Event = field(default_factory=dict)

    def asset(self, address: Any, hostname: Any = None) -> AssetFacts | None:
        """By address, else by host name."""
        found = self.assets.get(address) if address else None
        if found is None and isinstance(hostname, str) and hostname:
            found = self.assets.get(hostname.lower()) or self.assets.get(hostname.lower().partition(".")[0])
        return found

    def all_assets(self) -> Iterator[AssetFacts]:
        yield from {asset.id: asset for asset in self.assets.values()}.values()


@dataclass(frozen=True, slots=True)
class DivisionFacts:
    code: str
    parent: str
    level: str
    name: str


@dataclass(frozen=True, slots=True)
class Inventory:
    enterprises: dict[str, EnterpriseFacts] = field(default_factory=dict)
    sources: dict[str, SourceFacts] = field(default_factory=dict)
    divisions: dict[str, DivisionFacts] = field(default_factory=dict)
    parks: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Park id → (name, region)."""
    fingerprint: tuple[Any, ...] = ()

    def enterprise(self, identity: str) -> EnterpriseFacts:
        """Facts of an enterprise; one that nobody registered has no region, so that only the whole platform sees it."""
        known = self.enterprises.get(identity)
        if known is None:
            known = EnterpriseFacts(identity, "", "", "", (), "", "", 1, "", "", {}, {"organization.id": identity})
        return known


def fingerprint(session: Session) -> tuple[Any, ...]:
    """Changes when something was added, removed or edited; a cheap question, asked every few seconds."""
    answers: list[Any] = []
    for statement in (
        select(func.count(), func.sum(Enterprise.version)).select_from(Enterprise),
        select(func.count(), func.sum(Source.version)).select_from(Source),
        select(func.count(), func.sum(cast(Asset.criticality * 1e6, BigInteger))).select_from(Asset),
        select(func.count()).select_from(Division),
        select(func.count()).select_from(Park),
    ):
        answers.extend(session.execute(statement).one())
    return tuple(answers)


def load(session: Session) -> Inventory:
    """Read everything: hundreds of enterprises take milliseconds, ten thousand with their assets a second."""
    divisions = {
        code: DivisionFacts(code, parent, level, name)
        for code, parent, level, name in session.execute(
            select(Division.code, Division.parent, Division.level, Division.name)
        )
    }
    enterprises = {
        row.id: _enterprise(row, _path(row.region, divisions)) for row in session.scalars(select(Enterprise))
    }
    columns = (
        Asset.id, Asset.name, Asset.kind, Asset.address, Asset.hostname, Asset.criticality, Asset.purdue,
        Asset.exposure, Asset.exposed_protocols, Asset.enterprise_id,
    )  # fmt: skip
    for asset in session.execute(select(*columns).order_by(Asset.id)):
        if asset.enterprise_id in enterprises:
            _file(enterprises[asset.enterprise_id].assets, _asset(asset))
    sources = {
        row.id: SourceFacts(row.id, row.enterprise_id, row.region, row.authority, row.state, row.expected_period)
        for row in session.scalars(select(Source))
    }
    parks = {row.id: (row.name, row.region) for row in session.scalars(select(Park))}
    return Inventory(enterprises, sources, divisions, parks, fingerprint(session))


def _path(region: str, divisions: dict[str, DivisionFacts]) -> tuple[str, ...]:
    """Codes from the province down, by the tree where it knows them, else by the code's own structure."""
    found: list[str] = []
    code = region
    while code in divisions and code not in found:
        found.append(code)
        code = divisions[code].parent
    if found:
        return tuple(reversed(found))
    parts = [region[:2] + "0000", region[:4] + "00", region] if len(region) == 6 else []
    return tuple(dict.fromkeys(parts))


def _enterprise(row: Enterprise, path: tuple[str, ...]) -> EnterpriseFacts:
    facts = EnterpriseFacts(
        row.id, row.name, row.name_en, row.region, path, row.industry, row.kind, row.level, row.park_id or "",
        row.authority,
    )  # fmt: skip
    facts.stamp = {
        "organization.id": row.id,
        "organization.name": row.name,
        "taishi.region": row.region,
        "taishi.region_path": list(path),
        "taishi.authority": row.authority,
        "taishi.industry": row.industry,
        "taishi.enterprise_kind": row.kind,
        "taishi.enterprise_level": row.level,
    }
    if row.park_id:
        facts.stamp["taishi.park"] = row.park_id
    return facts


def _asset(row: Any) -> AssetFacts:
    return AssetFacts(
        id=row.id, name=row.name, kind=row.kind, address=row.address, hostname=row.hostname,
        criticality=row.criticality, purdue=row.purdue, exposure=row.exposure,
        exposed_protocols=tuple(map(str, row.exposed_protocols or ())),
    )  # fmt: skip


def _file(assets: dict[str, AssetFacts], asset: AssetFacts) -> None:
    name = asset.hostname.lower()
    for key in (asset.address, name, name.partition(".")[0]):
        if key:
            assets.setdefault(key, asset)
    if not asset.address and not name:
        assets.setdefault(f"id:{asset.id}", asset)


def closed_incidents(session: Session, enterprises: list[str]) -> frozenset[str]:
    """Incidents of these enterprises that people have resolved or closed."""
    found: set[str] = set()
    for start in range(0, len(enterprises), 400):
        some = enterprises[start : start + 400]
        found.update(
            session.scalars(
                select(Incident.id).where(Incident.enterprise_id.in_(some), Incident.status.in_(("resolved", "closed")))
            )
        )
    return frozenset(found)
