"""/campaigns: what hit several enterprises, who may be next, and what people decided about it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.campaigns import changes, queries
from api.campaigns.schemas import CampaignDecision, CampaignDetail, CampaignPage, CampaignQuery
from api.dependencies import CampaignReader, CampaignWriter, IfMatch, ServicesDep

router = APIRouter(prefix="/campaigns", tags=["campaigns"])

CampaignId = Annotated[str, Path(max_length=64)]


@router.get("")
def list_campaigns(
    query: Annotated[CampaignQuery, Query()], caller: CampaignReader, services: ServicesDep
) -> CampaignPage:
    """Campaigns with a member, or an enterprise at risk, in the caller's scope; newest first."""
    return queries.page(services, caller, query)


@router.get("/{campaign_id}")
def get_campaign(
    campaign_id: CampaignId, caller: CampaignReader, services: ServicesDep, response: Response
) -> CampaignDetail:
    """One campaign. The ETag header is needed for deciding on it."""
    found = queries.detail(services, caller, campaign_id)
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.patch("/{campaign_id}")
def decide_campaign(
    campaign_id: CampaignId,
    decision: CampaignDecision,
    *,
    if_match: IfMatch,
    caller: CampaignWriter,
    services: ServicesDep,
    response: Response,
) -> CampaignDetail:
    """Confirm, dismiss (with a reason) or reopen."""
    found = changes.decide(services, caller, campaign_id, decision, if_match)
    response.headers["ETag"] = f'"{found.version}"'
    return found
