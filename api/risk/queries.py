"""Reading the risk index. It is kept from 0 to 1 and shown from 0 to 100."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.common import RiskBrief
from api.dependencies import Caller
from api.names import region_refs
from api.risk import schemas
from api.risk.schemas import RiskKind, RiskPart, RiskPoint
from api.services import Services
from taishi.clock import now
from taishi.errors import NotFound
from taishi.records.tables import Asset, Enterprise, Incident, Park, Risk, RiskHistory
from taishi.reference import industries
from taishi.risk.coverage import interval, mean
from taishi.risk.rollup import Child, power_mean
from taishi.risk.weights import weights

SCALE: Final = 100.0
HOUR: Final = 3600


def brief(row: Risk) -> RiskBrief:
    return RiskBrief(
        low=row.low * SCALE,
        mid=row.mid * SCALE,
        high=row.high * SCALE,
        coverage=row.coverage,
        insufficient=row.coverage < weights().rollup["insufficient"],
    )


def pooled(members: Iterable[tuple[int, float | None, float | None, float | None]]) -> RiskBrief | None:
    """The index over enterprises given as (level, low, mid, coverage), by the processor's own formulae; None without
    any that has one. An enterprise without an index counts as unheard, not as absent."""
    given = weights()
    found = [(given.of_level(level), low or 0.0, mid or 0.0, heard or 0.0) for level, low, mid, heard in members]
    if not any(mid for _, _, mid, _ in found):
        return None
    children = [Child(weight, _risk(low, mid, heard)) for weight, low, mid, heard in found]
    risk = power_mean(children, given.rollup["power"])
    whole = interval(given, risk, mean([(weight, heard) for weight, _, _, heard in found]))
    return RiskBrief(
        low=whole.low * SCALE,
        mid=whole.mid * SCALE,
        high=whole.high * SCALE,
        coverage=whole.coverage,
        insufficient=whole.insufficient,
    )


def _risk(low: float, mid: float, heard: float) -> float:
    """R out of its interval: `mid` is R itself above the prior, below it `low` = coverage · R."""
    if mid > weights().rollup["prior"]:
        return min(1.0, mid)
    return min(1.0, low / heard) if heard > 0 else 0.0


def briefs(session: Session, kind: str, keys: Iterable[str]) -> dict[str, RiskBrief]:
    """The index of each key that has one within the session's scope."""
    rows = session.scalars(select(Risk).where(Risk.kind == kind, Risk.key.in_(set(keys))))
    return {row.key: brief(row) for row in rows}


def _names(session: Session, kind: str, key: str) -> tuple[str, str]:
    """The thing's Chinese and English name; its key where it has gone from the inventory."""
    if kind in {"county", "city", "province"}:
        region = region_refs(session, [key])[key]
        return region.name, region.name_en
    if kind == "enterprise" and (enterprise := session.scalar(select(Enterprise).where(Enterprise.id == key))):
        return enterprise.name, enterprise.name_en
    if kind == "park" and (park := session.scalar(select(Park).where(Park.id == key))):
        return park.name, park.name_en
    if kind == "asset" and (asset := session.scalar(select(Asset).where(Asset.id == key))):
        return asset.name, asset.name
    return industries.label(key) if kind == "industry" else (key, key)


OWN_NAMES: Final[dict[str, tuple[str, str]]] = {
    "other_assets": ("未登记资产", "Assets not in the inventory"),
    "others": ("其余各项", "All others"),
    "coverage": ("监测未覆盖部分", "Not covered by monitoring"),
}

Names = dict[tuple[str, str], tuple[str, str]]


def _all_parts(parts: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for part in parts:
        yield part
        yield from _all_parts(part.get("parts", []))


def _part_names(session: Session, parts: Sequence[dict[str, Any]]) -> Names:
    """English names of regions, enterprises and incidents among the parts, looked up within the session's scope."""
    keys: dict[str, set[str]] = {}
    for part in _all_parts(parts):
        keys.setdefault(str(part.get("kind", "")), set()).add(str(part.get("key", "")))
    found: Names = {}
    for kind in ("county", "city", "province"):
        refs = region_refs(session, keys.get(kind, ()))
        found |= {(kind, code): (region.name, region.name_en) for code, region in refs.items()}
    for row in session.scalars(select(Enterprise).where(Enterprise.id.in_(keys.get("enterprise", set())))):
        found["enterprise", row.id] = (row.name, row.name_en)
    for incident in session.scalars(select(Incident).where(Incident.id.in_(keys.get("incident", set())))):
        found["incident", incident.id] = (incident.title_zh, incident.title_en)
    return found


def _part(raw: dict[str, Any], names: Names) -> RiskPart:
    kind, key, given = str(raw.get("kind", "")), str(raw.get("key", "")), str(raw.get("name", ""))
    name, name_en = OWN_NAMES.get(kind) or names.get((kind, key)) or (given, given)
    hazard = raw.get("hazard")
    return RiskPart(
        kind=kind,
        key=key,
        name=name,
        name_en=name_en or name,
        value=float(raw.get("value", 0.0)) * SCALE,
        share=float(raw.get("share", 0.0)),
        contribution=float(raw.get("contribution", 0.0)) * SCALE,
        weight=float(raw.get("weight", 0.0)),
        hazard=None if hazard is None else float(hazard),
        parts=[_part(inner, names) for inner in raw.get("parts", [])],
    )


def _explain(shown: RiskBrief, parts: Sequence[RiskPart]) -> tuple[str, str]:
    """Why the index is what it is, in one sentence of each language."""
    coverage = f"{shown.coverage:.0%}"
    if shown.insufficient:
        return (
            f"覆盖率仅 {coverage}，数据不足：真实值可能在 {shown.low:.0f} 到 {shown.high:.0f} 之间的任何位置。",
            f"Coverage is only {coverage}: insufficient data, it may be {shown.low:.0f} to {shown.high:.0f}.",
        )
    largest = sorted(parts, key=lambda part: -part.share)[:3]
    names_zh = "、".join(f"{part.name}（{part.share:.0%}）" for part in largest)
    names_en = ", ".join(f"{part.name_en} ({part.share:.0%})" for part in largest)
    return (
        f"风险指数 {shown.mid:.0f}，覆盖率 {coverage}；主要来自：{names_zh or '无'}。",
        f"Risk index {shown.mid:.0f} at {coverage} coverage; mostly from: {names_en or 'nothing'}.",
    )


def _load(session: Session, kind: str, key: str) -> Risk:
    row = session.scalar(select(Risk).where(Risk.kind == kind, Risk.key == key))
    if row is None:
        raise NotFound("there is no such risk index, or it is outside your scope")
    return row


def risk(services: Services, caller: Caller, kind: RiskKind, key: str) -> schemas.Risk:
    with services.records.read(caller.scope) as session:
        row = _load(session, kind, key)
        name, name_en = _names(session, kind, key)
        names = _part_names(session, row.parts)
        parts = [_part(part, names) for part in row.parts]
        explanation_zh, explanation_en = _explain(brief(row), parts)
        return schemas.Risk(
            **brief(row).model_dump(),
            kind=kind,
            key=key,
            name=name,
            name_en=name_en,
            region=row.region,
            at=row.at,
            explanation_zh=explanation_zh,
            explanation_en=explanation_en,
            parts=parts,
        )


def history(services: Services, caller: Caller, kind: RiskKind, key: str, hours: int) -> schemas.RiskHistory:
    """Hourly points, oldest first."""
    since = int(now() // HOUR) - hours
    with services.records.read(caller.scope) as session:
        _load(session, kind, key)
        rows = session.scalars(
            select(RiskHistory)
            .where(RiskHistory.kind == kind, RiskHistory.key == key, RiskHistory.hour > since)
            .order_by(RiskHistory.hour)
        )
        points = [
            RiskPoint(
                hour=float(row.hour * HOUR),
                low=row.low * SCALE,
                mid=row.mid * SCALE,
                high=row.high * SCALE,
                coverage=row.coverage,
            )
            for row in rows
        ]
    return schemas.RiskHistory(kind=kind, key=key, points=points)
