"""Who may be next: enterprises that resemble those a campaign has hit, each with the reasons that add up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from processor.inventory import EnterpriseFacts, Inventory
from taishi.campaigns import formula
from taishi.campaigns.find import Found
from taishi.campaigns.parameters import parameters
from taishi.records.tables import Asset, Incident
from taishi.reference import industries

Reason = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exposure:
    """`weight` = 1 − ∏(1 − w) over the reasons."""

    enterprise: str
    weight: float
    reasons: list[Reason]


@dataclass(frozen=True, slots=True)
class Hit:
    """What is known of the enterprises hit: where, in which industry, on which equipment, through which protocols."""

    enterprises: frozenset[str]
    counties: frozenset[str]
    parks: frozenset[str]
    industries: frozenset[str]
    industry_cities: frozenset[tuple[str, str]]
    protocols: frozenset[str]


def exposures(session: Session, inventory: Inventory, found: Found) -> list[Exposure]:
    """Enterprises at risk, the most first; bounded, those below the floor left out."""
    given = parameters().risk
    hit_assets = _hit_assets(session, found)
    hit = _hit(inventory, found, hit_assets)
    models = _models(session, hit_assets, len(inventory.enterprises))
    result = []
    for facts in inventory.enterprises.values():
        if facts.id in hit.enterprises:
            continue
        reasons = [*_where(given, facts, hit), *models.get(facts.id, ()), *_open(given, facts, hit)]
        weight = 1.0 - prod(1.0 - reason["weight"] for reason in reasons)
        if weight >= given["floor"]:
            result.append(
                Exposure(facts.id, round(weight, 6), sorted(reasons, key=lambda r: (-r["weight"], r["code"])))
            )
    result.sort(key=lambda one: (-one.weight, one.enterprise))
    return result[: int(given["max_enterprises"])]


def city(facts: EnterpriseFacts) -> str:
    """The code of the division below the root that holds an enterprise."""
    return facts.path[1] if len(facts.path) > 1 else facts.region


def _hit_assets(session: Session, found: Found) -> list[Asset]:
    """Registered assets that the member incidents name."""
    incidents = sorted({seen.incident for seen in found.sightings})[:500]
    named: dict[str, set[str]] = {}
    query = select(Incident.enterprise_id, Incident.entities).where(Incident.id.in_(incidents))
    for enterprise, entities in session.execute(query):
        values = {str(one.get("value", "")).lower() for one in entities if one.get("kind") in {"host", "ip"}}
        named.setdefault(enterprise, set()).update(values)
    assets = session.scalars(select(Asset).where(Asset.enterprise_id.in_(sorted(named)[:500])).order_by(Asset.id))
    return [a for a in assets if {a.address, a.hostname.lower(), a.name.lower()} & named[a.enterprise_id] - {""}]


def _hit(inventory: Inventory, found: Found, assets: Sequence[Asset]) -> Hit:
    some = [inventory.enterprise(name) for name in found.enterprises]
    wanted = parameters().protocols
    protocols = {p for t in found.techniques for p in wanted.get(formula.parent(t), ())}
    protocols |= {str(p).lower() for asset in assets if asset.exposure == "internet" for p in asset.exposed_protocols}
    return Hit(
        frozenset(facts.id for facts in some), frozenset(facts.region for facts in some if facts.region),
        frozenset(facts.park_id for facts in some if facts.park_id),
        frozenset(facts.industry[:3] for facts in some if facts.industry),
        frozenset((facts.industry[:3], city(facts)) for facts in some if facts.industry), frozenset(protocols),
    )  # fmt: skip


def _reason(code: str, weight: float, text_zh: str, text_en: str) -> Reason:
    return {"code": code, "weight": round(weight, 6), "text_zh": text_zh, "text_en": text_en}


def _where(given: dict[str, float], facts: EnterpriseFacts, hit: Hit) -> Iterable[Reason]:
    industry = facts.industry[:3]
    name_zh, name_en = industries.label(facts.industry)
    if (industry, city(facts)) in hit.industry_cities:
        weight = given["industry_and_city"]
        yield _reason(
            "industry_and_city", weight, f"与受害企业同市同行业（{name_zh}）", f"same city and industry ({name_en})"
        )
    elif industry in hit.industries:
        yield _reason("industry", given["industry"], f"与受害企业同行业（{name_zh}）", f"same industry ({name_en})")
    if facts.park_id and facts.park_id in hit.parks:
        yield _reason("park", given["park"], "与受害企业同园区", "same park")
    elif facts.region in hit.counties:
        yield _reason("county", given["county"], "与受害企业同县（区）", "same county")


def _models(session: Session, assets: Sequence[Asset], enterprises: int) -> dict[str, list[Reason]]:
    """Enterprise → the hit equipment that it has too; what everybody has weighs little."""
    given = parameters().risk
    pairs = sorted({(asset.vendor, asset.model) for asset in assets if asset.vendor and asset.model})[:20]
    found: dict[str, list[Reason]] = {}
    for vendor, model in pairs:
        query = select(func.distinct(Asset.enterprise_id)).where(Asset.vendor == vendor, Asset.model == model)
        owners = sorted(session.scalars(query))
        weight = given["model"] * max(0.0, 1.0 - len(owners) / max(1, enterprises))
        text = f"{vendor} {model}"
        reason = _reason("model", weight, f"有同厂商同型号设备 {text}", f"has the same equipment, {text}")
        for owner in owners:
            best = found.setdefault(owner, [reason])
            if weight > best[0]["weight"]:
                best[0] = reason
    return found


def _open(given: dict[str, float], facts: EnterpriseFacts, hit: Hit) -> Iterable[Reason]:
    exposed = {
        p.lower() for asset in facts.all_assets() if asset.exposure == "internet" for p in asset.exposed_protocols
    }
    shared = sorted(exposed & hit.protocols)
    if shared:
        names = ", ".join(shared[:3])
        yield _reason(
            "protocol", given["protocol"], f"互联网暴露同样的协议 {names}", f"open to the Internet by {names}"
        )
