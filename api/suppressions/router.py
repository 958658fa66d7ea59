"""/suppressions and /rule-verdicts: hiding noise for a time, and what verdicts say of rules."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.dependencies import IfMatch, IncidentReader, IncidentWriter, ServicesDep
from api.suppressions import drafts, queries, rules
from api.suppressions.schemas import (
    Draft,
    DraftQuery,
    Preview,
    PreviewRequest,
    RuleList,
    RuleQuery,
    Suppression,
    SuppressionChange,
    SuppressionCreate,
    SuppressionPage,
    SuppressionQuery,
)

router = APIRouter(tags=["tuning"])

SuppressionId = Annotated[str, Path(max_length=64)]


def _with_etag(response: Response, found: Suppression) -> Suppression:
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.get("/suppressions")
def list_suppressions(
    query: Annotated[SuppressionQuery, Query()], caller: IncidentReader, services: ServicesDep
) -> SuppressionPage:
    """Newest first: in force, proposed, over, or all."""
    return queries.page(services, caller, query)


@router.get("/suppressions/draft")
def draft_suppression(query: Annotated[DraftQuery, Query()], caller: IncidentWriter, services: ServicesDep) -> Draft:
    """A suppression prefilled from a meta-alert: what it may name and how far it may reach."""
    return drafts.draft(services, caller, query)


@router.post("/suppressions/preview")
def preview_suppression(request: PreviewRequest, caller: IncidentWriter, services: ServicesDep) -> Preview:
    """What it would have hidden in the last seven days, by the same matcher that hides."""
    return drafts.preview(services, caller, request)


@router.post("/suppressions", status_code=201)
def create_suppression(
    request: SuppressionCreate, caller: IncidentWriter, services: ServicesDep, response: Response
) -> Suppression:
    """Hide for a time. A success, a critical and whatever is worse than the alert it was made from stay visible."""
    return _with_etag(response, queries.create(services, caller, request))


@router.get("/suppressions/{suppression_id}")
def get_suppression(
    suppression_id: SuppressionId, caller: IncidentReader, services: ServicesDep, response: Response
) -> Suppression:
    return _with_etag(response, queries.detail(services, caller, suppression_id))


@router.patch("/suppressions/{suppression_id}")
def change_suppression(
    suppression_id: SuppressionId,
    request: SuppressionChange,
    *,
    if_match: IfMatch,
    caller: IncidentWriter,
    services: ServicesDep,
    response: Response,
) -> Suppression:
    """Extend or withdraw one, accept or decline a proposed one."""
    return _with_etag(response, queries.change(services, caller, suppression_id, request, if_match))


@router.get("/rule-verdicts")
def list_rule_verdicts(query: Annotated[RuleQuery, Query()], caller: IncidentReader, services: ServicesDep) -> RuleList:
    """Rules with their verdicts and alerts, the most often false first."""
    return rules.history(services, caller, query)
