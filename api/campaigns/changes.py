"""What people decide about a campaign: it is one, or it is none, and why."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.campaigns.queries import full, load
from api.campaigns.schemas import CampaignDecision, CampaignDetail
from api.dependencies import Caller
from api.problems import Invalid, PreconditionFailed
from api.services import Services
from taishi.clock import now
from taishi.errors import Forbidden
from taishi.records.tables import Campaign, CampaignMember, Change
from taishi.security import audit

MAX_NEWS = 60


def whole(session: Session, campaign: Campaign) -> bool:
    """Whether the session's scope holds every enterprise that a campaign has hit."""
    count = select(func.count(func.distinct(CampaignMember.enterprise_id)))
    return session.scalar(count.where(CampaignMember.campaign_id == campaign.id)) == campaign.enterprise_count


def check_whole(session: Session, campaign: Campaign) -> None:
    if not whole(session, campaign):
        raise Forbidden("enterprises outside your scope are part of this; someone who sees all of them decides")


def tell(session: Session, campaign: Campaign, kind: str, object_id: str, at: float) -> None:
    """News for those who see a member."""
    owner = (CampaignMember.enterprise_id, CampaignMember.region, CampaignMember.authority)
    mine = select(*owner).where(CampaignMember.campaign_id == campaign.id).distinct().order_by(*owner)
    session.add_all(
        Change(at=at, kind=kind, object_id=object_id, enterprise_id=enterprise, region=region, authority=authority)
        for enterprise, region, authority in session.execute(mine.limit(MAX_NEWS)).all()
    )


def decide(
    services: Services, caller: Caller, campaign_id: str, decision: CampaignDecision, version: int
) -> CampaignDetail:
    """Raises PreconditionFailed, Forbidden beyond the scope, Invalid for a dismissal without reason."""
    at = now()
    with services.records.write(caller.scope) as session:
        campaign = load(session, campaign_id, lock=True)
        if campaign.version != version:
            raise PreconditionFailed("somebody decided first; load the campaign again")
        check_whole(session, campaign)
        if decision.status == "dismissed" and not decision.reason.strip():
            raise Invalid("dismissing a campaign needs a reason", "reason_required")
        campaign.status, campaign.status_reason = decision.status, decision.reason
        campaign.decided_by, campaign.decided_at = caller.login, at
        campaign.version += 1
        tell(session, campaign, "campaign", campaign.id, at)
        audit.append(
            session, at=at, actor=caller.login, action="campaign.decide", object_kind="campaign",
            object_id=campaign.id, detail=decision.model_dump(),
        )  # fmt: skip
        session.flush()
        return full(session, campaign)
