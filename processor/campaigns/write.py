"""Campaigns, members, exposures and proposals into the records: machine columns only, unchanged ones not at all."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from processor.campaigns import text
from processor.campaigns.exposed import Exposure, city
from processor.inventory import EnterpriseFacts, Inventory
from processor.upsert import upsert
from taishi.campaigns import proposals
from taishi.campaigns.find import Found, Seen
from taishi.records.port import Records
from taishi.records.tables import Campaign, CampaignExposure, CampaignMember, Change, WarningProposal
from taishi.scope import EVERYTHING

DAY = 86_400.0
MAX_NEWS = 60
"""Enterprises told of one change; more learn of it when they look."""


def write(
    records: Records, inventory: Inventory, found: Mapping[str, Found], exposures: Mapping[str, list[Exposure]],
    written: dict[str, Any], at: float,
) -> int:  # fmt: skip
    """Write what differs from `written`, which is kept up to date; returns how many campaigns were written."""
    rows = {name: _rows(inventory, name, one, exposures.get(name, [])) for name, one in found.items()}
    changed = {name: row for name, row in rows.items() if written.get(name) != row}
    gone = sorted(written.keys() - rows.keys())
    if not changed and not gone and written:
        return 0
    with records.write(EVERYTHING) as session:
        _fade(session, set(rows), at)
        for name, row in sorted(changed.items()):
            _put(session, name, row, at)
    written.clear()
    written.update(rows)
    return len(changed)


def _fade(session: Session, present: set[str], at: float) -> None:
    """Campaigns that nothing supports any more stay, as inactive, with what people decided about them."""
    active = session.scalars(select(Campaign.id).where(Campaign.active.is_(True)))
    for name in sorted(set(active) - present):
        session.execute(update(Campaign).where(Campaign.id == name).values(active=False, updated_at=at))
        session.execute(
            update(WarningProposal)
            .where(WarningProposal.source == "campaign", WarningProposal.source_id == name)
            .values(active=False, updated_at=at)
        )


def _put(session: Session, name: str, row: dict[str, Any], at: float) -> None:
    upsert(session, Campaign, [{**row["campaign"], "updated_at": at}])
    session.execute(delete(CampaignMember).where(CampaignMember.campaign_id == name))
    upsert(session, CampaignMember, row["members"])
    session.execute(delete(CampaignExposure).where(CampaignExposure.campaign_id == name))
    upsert(session, CampaignExposure, row["exposures"])
    if row["proposal"]:
        upsert(session, WarningProposal, [{**row["proposal"], "updated_at": at}])
    owners = {(m["enterprise_id"], m["region"], m["authority"]) for m in row["members"]}
    news = [
        {
            "at": at,
            "kind": "campaign",
            "object_id": name,
            "enterprise_id": enterprise,
            "region": region,
            "authority": who,
        }
        for enterprise, region, who in sorted(owners)[:MAX_NEWS]
    ]
    session.execute(insert(Change), news)


def _owner(facts: EnterpriseFacts) -> dict[str, str]:
    return {"enterprise_id": facts.id, "region": facts.region, "authority": facts.authority}


def _rows(inventory: Inventory, name: str, found: Found, exposures: list[Exposure]) -> dict[str, Any]:
    sightings = found.sightings
    title_zh, title_en = text.title(found)
    campaign = {
        "id": name, "kind": found.kind, "title_zh": title_zh, "title_en": title_en, "criterion": found.criterion,
        "score": round(found.score, 6), "reasons": text.reasons(found), "indicators": text.indicators(found),
        "techniques": list(found.techniques[:60]), "enterprise_count": len(found.enterprises),
        "incident_count": len({seen.incident for seen in sightings}), "at_risk_count": len(exposures),
        "first_seen": min(seen.first for seen in sightings), "last_seen": max(seen.last for seen in sightings),
        "active": True,
    }  # fmt: skip
    return {
        "campaign": campaign,
        "members": _members(inventory, name, found),
        "exposures": [
            {
                "id": _id(name, one.enterprise), "campaign_id": name, **_owner(inventory.enterprise(one.enterprise)),
                "weight": one.weight, "reasons": one.reasons,
            }
            for one in exposures
        ],
        "proposal": _proposal(inventory, name, found, campaign, exposures),
    }  # fmt: skip


def _id(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def _members(inventory: Inventory, name: str, found: Found) -> list[dict[str, Any]]:
    by_incident: dict[str, list[tuple[float, Seen]]] = {}
    for one in found.evidence:
        for seen in one.sightings:
            by_incident.setdefault(seen.incident, []).append((one.hazard, seen))
    rows = []
    for incident, ties in sorted(by_incident.items()):
        ranked = sorted(ties, key=lambda tie: (-tie[0], tie[1].indicator))
        first = min(seen.first for _, seen in ties)
        rows.append(
            {
                "campaign_id": name, "incident_id": incident, **_owner(inventory.enterprise(ties[0][1].enterprise)),
                "at": first, "weight": round(ranked[0][0] * ranked[0][1].score, 6),
                "reasons": [
                    {"kind": seen.kind, "value": seen.value, "weight": round(amount * seen.score, 6), "attempt": seen.attempt}
                    for amount, seen in ranked[:20]
                ],
            }
        )  # fmt: skip
    return rows


def _proposal(
    inventory: Inventory, name: str, found: Found, campaign: dict[str, Any], exposures: list[Exposure]
) -> dict[str, Any]:
    hit = [inventory.enterprise(enterprise) for enterprise in found.enterprises]
    colour, criteria = proposals.colour(_facts(found, hit, exposures))
    if not colour:
        return {}
    risky = [inventory.enterprise(one.enterprise) for one in exposures]
    return {
        "id": _id("campaign", name), "source": "campaign", "source_id": name, "region": "",
        "title_zh": campaign["title_zh"], "title_en": campaign["title_en"], "colour": colour, "criteria": criteria,
        "regions": sorted({facts.region for facts in [*hit, *risky] if facts.region}),
        "industries": sorted({facts.industry[:3] for facts in [*hit, *risky] if facts.industry}),
        "advice": proposals.advice(found.techniques, indicators=True), "at_risk_count": len(exposures), "active": True,
    }  # fmt: skip


def _facts(found: Found, hit: list[EnterpriseFacts], exposures: list[Exposure]) -> dict[str, float]:
    firsts: dict[str, float] = {}
    for seen in found.sightings:
        firsts[seen.enterprise] = min(firsts.get(seen.enterprise, seen.first), seen.first)
    newest = max(firsts.values())
    return {
        **proposals.nature(found.techniques),
        "enterprises": float(len(hit)),
        "cities": float(len({city(facts) for facts in hit})),
        "growth": float(sum(at >= newest - DAY for at in firsts.values())),
        "important": float(sum(facts.level >= 3 for facts in hit)),
        "at_risk": float(len(exposures)),
    }
