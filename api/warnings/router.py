"""/warnings: early warnings that the platform proposes. Issuing one is a person's act."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.dependencies import IfMatch, ServicesDep, WarningDecider, WarningReader
from api.warnings import queries
from api.warnings.schemas import ProposalDecision, ProposalQuery, WarningProposal, WarningProposalPage

router = APIRouter(prefix="/warnings", tags=["warnings"])

ProposalId = Annotated[str, Path(max_length=64)]


@router.get("/proposals")
def list_warning_proposals(
    query: Annotated[ProposalQuery, Query()], caller: WarningReader, services: ServicesDep
) -> WarningProposalPage:
    """Proposals that wait for a decision, newest first; with `status` also those that were decided."""
    return queries.page(services, caller, query)


@router.get("/proposals/{proposal_id}")
def get_warning_proposal(
    proposal_id: ProposalId, caller: WarningReader, services: ServicesDep, response: Response
) -> WarningProposal:
    found = queries.detail(services, caller, proposal_id)
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.post("/proposals/{proposal_id}/decision")
def decide_warning_proposal(
    proposal_id: ProposalId,
    decision: ProposalDecision,
    *,
    if_match: IfMatch,
    caller: WarningDecider,
    services: ServicesDep,
    response: Response,
) -> WarningProposal:
    """Accept or dismiss, with the reason."""
    found = queries.decide(services, caller, proposal_id, decision, if_match)
    response.headers["ETag"] = f'"{found.version}"'
    return found
