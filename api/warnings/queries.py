"""Reading proposed warnings and deciding on them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api import paging
from api.campaigns import changes
from api.campaigns import queries as campaigns
from api.dependencies import Caller
from api.names import region_refs
from api.problems import PreconditionFailed
from api.services import Services
from api.warnings import schemas
from api.warnings.schemas import ProposalDecision, ProposalQuery, WarningProposalPage
from taishi.clock import now
from taishi.errors import NotFound
from taishi.records.tables import Change, WarningProposal
from taishi.reference import industries
from taishi.scope import Scope
from taishi.security import audit

KEYS = [(WarningProposal.created_at, True), (WarningProposal.id, False)]
COLUMNS = (
    "id", "source", "source_id", "title_zh", "title_en", "colour", "at_risk_count", "active", "created_at", "status",
    "reason", "decided_by", "decided_at", "version",
)  # fmt: skip


def page(services: Services, caller: Caller, query: ProposalQuery) -> WarningProposalPage:
    found: list[Any] = [WarningProposal.status.in_(query.status or ["proposed"])]
    if query.colour:
        found.append(WarningProposal.colour.in_(query.colour))
    if not query.status:
        found.append(WarningProposal.active.is_(True))
    statement = select(WarningProposal).where(*found).order_by(*paging.order(KEYS)).limit(query.limit + 1)
    if query.cursor is not None:
        statement = statement.where(paging.after(KEYS, paging.decode(query.cursor, [float, str])))
    with services.records.read(caller.scope) as session:
        rows = session.scalars(statement).all()
        items = [shown(session, row, caller.scope) for row in rows[: query.limit]]
    last = rows[query.limit - 1] if len(rows) > query.limit else None
    return WarningProposalPage(items=items, next_cursor=paging.encode((last.created_at, last.id)) if last else None)


def shown(session: Session, row: WarningProposal, scope: Scope) -> schemas.WarningProposal:
    codes = [str(code) for code in row.regions]
    visible = [c for c in codes if not scope.regions or any(c.startswith(prefix) for prefix in scope.prefixes)]
    names = region_refs(session, visible)
    return schemas.WarningProposal(
        **{name: getattr(row, name) for name in COLUMNS},
        criteria=[schemas.Criterion(**one) for one in row.criteria],
        regions=[names[code] for code in visible],
        regions_elsewhere=len(codes) - len(visible),
        industries=[_industry(str(code)) for code in row.industries],
        advice=[schemas.Advice(**one) for one in row.advice],
    )


def _industry(code: str) -> schemas.IndustryRef:
    name, name_en = industries.label(code)
    return schemas.IndustryRef(code=code, name=name, name_en=name_en)


def load(session: Session, proposal_id: str, *, lock: bool = False) -> WarningProposal:
    """The proposal in the session's scope; raises NotFound."""
    statement = select(WarningProposal).where(WarningProposal.id == proposal_id)
    found = session.scalars(statement.with_for_update() if lock else statement).first()
    if found is None:
        raise NotFound("there is no such proposal, or it is outside your scope")
    return found


def detail(services: Services, caller: Caller, proposal_id: str) -> schemas.WarningProposal:
    with services.records.read(caller.scope) as session:
        return shown(session, load(session, proposal_id), caller.scope)


def decide(
    services: Services, caller: Caller, proposal_id: str, decision: ProposalDecision, version: int
) -> schemas.WarningProposal:
    """Raises PreconditionFailed, and Forbidden where the campaign reaches beyond the caller's scope."""
    at = now()
    with services.records.write(caller.scope) as session:
        proposal = load(session, proposal_id, lock=True)
        if proposal.version != version:
            raise PreconditionFailed("somebody decided first; load the proposal again")
        if proposal.source == "campaign":
            campaign = campaigns.load(session, proposal.source_id)
            changes.check_whole(session, campaign)
            changes.tell(session, campaign, "warning", proposal.id, at)
        else:
            session.add(Change(at=at, kind="warning", object_id=proposal.id, region=proposal.region))
        proposal.status, proposal.reason = decision.status, decision.reason
        proposal.decided_by, proposal.decided_at = caller.login, at
        proposal.version += 1
        audit.append(
            session, at=at, actor=caller.login, action="warning.decide", object_kind="warning_proposal",
            object_id=proposal.id, detail=decision.model_dump(),
        )  # fmt: skip
        session.flush()
        return shown(session, proposal, caller.scope)
