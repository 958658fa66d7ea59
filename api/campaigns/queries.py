"""Reading campaigns. Members, sightings and enterprises at risk come through the caller's scope; the rest are counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import String, cast, func, or_, select
from sqlalchemy.orm import Session

from api import paging
from api.campaigns import schemas
from api.campaigns.schemas import CampaignDetail, CampaignPage, CampaignQuery, IncidentCampaign
from api.common import Attack, attack, severity_level
from api.dependencies import Caller
from api.names import enterprise_refs, region_refs
from api.services import Services
from taishi.errors import NotFound
from taishi.records.tables import (
    Campaign,
    CampaignExposure,
    CampaignMember,
    Incident,
    Sighting,
    WarningProposal,
)
from taishi.reference.attack import technique

MAX_ROWS = 500
"""Members, sightings and enterprises at risk that one answer names."""

KEYS = [(Campaign.last_seen, True), (Campaign.id, False)]
COLUMNS = tuple(name for name in schemas.Campaign.model_fields if name in Campaign.__mapper__.columns)


def page(services: Services, caller: Caller, query: CampaignQuery) -> CampaignPage:
    statement = select(Campaign).where(*_conditions(query)).order_by(*paging.order(KEYS)).limit(query.limit + 1)
    if query.cursor is not None:
        statement = statement.where(paging.after(KEYS, paging.decode(query.cursor, [float, str])))
    with services.records.read(caller.scope) as session:
        found = session.scalars(statement).all()
        shown = found[: query.limit]
        items = rows(session, shown)
    more = len(found) > query.limit
    return CampaignPage(items=items, next_cursor=paging.encode((shown[-1].last_seen, shown[-1].id)) if more else None)


def _conditions(query: CampaignQuery) -> list[Any]:
    found: list[Any] = [Campaign.status.in_(query.status or ["open", "confirmed"])]
    if query.kind:
        found.append(Campaign.kind.in_(query.kind))
    if query.active != "any":
        found.append(Campaign.active.is_(query.active == "true"))
    if query.q:
        texts = (Campaign.title_zh, Campaign.title_en, cast(Campaign.indicators, String))
        found.append(or_(*(text.icontains(query.q, autoescape=True) for text in texts)))
    if query.incident_id:
        mine = select(CampaignMember.campaign_id).where(CampaignMember.incident_id == query.incident_id)
        found.append(Campaign.id.in_(mine))
    return found


def rows(session: Session, campaigns: Sequence[Campaign]) -> list[schemas.Campaign]:
    """List rows; what is counted in the scope and what was proposed is looked up once for all."""
    ids = [campaign.id for campaign in campaigns]
    count = func.count(func.distinct(CampaignMember.enterprise_id))
    visible: dict[str, int] = dict(
        session.execute(
            select(CampaignMember.campaign_id, count)
            .where(CampaignMember.campaign_id.in_(ids))
            .group_by(CampaignMember.campaign_id)
        ).all()
    )
    offered = {
        row.source_id: schemas.ProposalBrief(id=row.id, colour=row.colour, status=row.status)  # type: ignore[arg-type]  # pydantic checks
        for row in session.scalars(
            select(WarningProposal).where(WarningProposal.source == "campaign", WarningProposal.source_id.in_(ids))
        )
    }
    return [
        schemas.Campaign(
            **{name: getattr(one, name) for name in COLUMNS},
            visible_count=visible.get(one.id, 0),
            proposal=offered.get(one.id),
        )
        for one in campaigns
    ]


def load(session: Session, campaign_id: str, *, lock: bool = False) -> Campaign:
    """The campaign in the session's scope; raises NotFound."""
    statement = select(Campaign).where(Campaign.id == campaign_id)
    found = session.scalars(statement.with_for_update() if lock else statement).first()
    if found is None:
        raise NotFound("there is no such campaign, or it is outside your scope")
    return found


def detail(services: Services, caller: Caller, campaign_id: str) -> CampaignDetail:
    with services.records.read(caller.scope) as session:
        return full(session, load(session, campaign_id))


def full(session: Session, campaign: Campaign) -> CampaignDetail:
    (row,) = rows(session, [campaign])
    members = _members(session, campaign.id)
    at_risk = _at_risk(session, campaign.id)
    exposed = session.scalar(
        select(func.count()).select_from(CampaignExposure).where(CampaignExposure.campaign_id == campaign.id)
    )
    return CampaignDetail(
        **row.model_dump(),
        reasons=[schemas.CampaignReason(**reason) for reason in campaign.reasons],
        techniques=[Attack(**_attack(str(name))) for name in campaign.techniques],
        indicators=_indicators(session, campaign, {member.incident_id for member in members}),
        hit=_hit(members),
        hit_elsewhere=campaign.enterprise_count - row.visible_count,
        members=members,
        at_risk=at_risk,
        at_risk_elsewhere=max(0, campaign.at_risk_count - (exposed or 0)),
        decidable=row.visible_count == campaign.enterprise_count,
    )


def _attack(name: str) -> dict[str, Any]:
    known = technique(name)
    return attack(name, known.tactics[0] if known else "")


def _members(session: Session, campaign_id: str) -> list[schemas.Member]:
    found = session.execute(
        select(CampaignMember, Incident)
        .join(Incident, Incident.id == CampaignMember.incident_id)
        .where(CampaignMember.campaign_id == campaign_id)
        .order_by(CampaignMember.at, CampaignMember.incident_id)
        .limit(MAX_ROWS)
    ).all()
    enterprises = enterprise_refs(session, (member.enterprise_id for member, _ in found))
    regions = region_refs(session, (member.region for member, _ in found))
    return [
        schemas.Member(
            incident_id=incident.id,
            title_zh=incident.title_zh,
            title_en=incident.title_en,
            enterprise=enterprises[member.enterprise_id],
            region=regions[member.region],
            severity=incident.severity,
            severity_level=severity_level(incident.severity),
            escalated=incident.escalated,
            at=member.at,
            weight=member.weight,
            reasons=[schemas.TieReason(**reason) for reason in member.reasons],
        )
        for member, incident in found
    ]


def _hit(members: Iterable[schemas.Member]) -> list[schemas.HitEnterprise]:
    """Enterprises in the order in which they were hit."""
    by_enterprise: dict[str, list[schemas.Member]] = {}
    for member in members:
        by_enterprise.setdefault(member.enterprise.id, []).append(member)
    return [
        schemas.HitEnterprise(
            order=number,
            enterprise=some[0].enterprise,
            region=some[0].region,
            at=some[0].at,
            incident_ids=[member.incident_id for member in some],
        )
        for number, some in enumerate(by_enterprise.values(), 1)
    ]


def _at_risk(session: Session, campaign_id: str) -> list[schemas.AtRisk]:
    found = session.scalars(
        select(CampaignExposure)
        .where(CampaignExposure.campaign_id == campaign_id)
        .order_by(CampaignExposure.weight.desc(), CampaignExposure.enterprise_id)
        .limit(MAX_ROWS)
    ).all()
    enterprises = enterprise_refs(session, (row.enterprise_id for row in found))
    regions = region_refs(session, (row.region for row in found))
    return [
        schemas.AtRisk(
            enterprise=enterprises[row.enterprise_id],
            region=regions[row.region],
            weight=row.weight,
            reasons=[schemas.ExposureReason(**reason) for reason in row.reasons],
        )
        for row in found
    ]


def _indicators(session: Session, campaign: Campaign, incidents: set[str]) -> list[schemas.Indicator]:
    values = [str(one["value"]) for one in campaign.indicators]
    seen = session.scalars(
        select(Sighting)
        .where(Sighting.value.in_(values), Sighting.incident_id.in_(incidents), Sighting.score > 0)
        .order_by(Sighting.first_seen, Sighting.id)
        .limit(MAX_ROWS)
    ).all()
    names = enterprise_refs(session, (row.enterprise_id for row in seen))
    found = []
    for one in campaign.indicators:
        mine = [row for row in seen if (row.kind, row.value) == (one["kind"], one["value"])]
        found.append(
            schemas.Indicator(
                **{name: one[name] for name in schemas.Indicator.model_fields if name in one},
                sightings=[
                    schemas.SightingRow(
                        enterprise=names[row.enterprise_id],
                        incident_id=row.incident_id,
                        first_seen=row.first_seen,
                        last_seen=row.last_seen,
                    )
                    for row in mine
                ],
                elsewhere=max(0, int(one["enterprises"]) - len({row.enterprise_id for row in mine})),
            )
        )
    return found


def of_incident(session: Session, incident_id: str) -> list[IncidentCampaign]:
    """The active campaigns that an incident belongs to, the strongest first."""
    found = session.execute(
        select(Campaign, CampaignMember)
        .join(CampaignMember, CampaignMember.campaign_id == Campaign.id)
        .where(CampaignMember.incident_id == incident_id, Campaign.active.is_(True))
        .order_by(Campaign.score.desc(), Campaign.id)
    )
    return [
        IncidentCampaign(
            id=campaign.id,
            kind=campaign.kind,  # type: ignore[arg-type]  # the column holds only these, pydantic checks
            title_zh=campaign.title_zh,
            title_en=campaign.title_en,
            score=campaign.score,
            status=campaign.status,  # type: ignore[arg-type]  # as above
            enterprise_count=campaign.enterprise_count,
            weight=member.weight,
            reasons=[schemas.TieReason(**reason) for reason in member.reasons],
        )
        for campaign, member in found
    ]
