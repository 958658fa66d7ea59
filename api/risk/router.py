"""/risk: one index, what makes it up, and how it moved."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.dependencies import RiskReader, ServicesDep
from api.risk import queries
from api.risk.schemas import Risk, RiskHistory, RiskHistoryQuery, RiskKind

router = APIRouter(prefix="/risk", tags=["risk"])

RiskKey = Annotated[str, Path(max_length=96)]


@router.get("/{kind}/{key}")
def get_risk(kind: RiskKind, key: RiskKey, caller: RiskReader, services: ServicesDep) -> Risk:
    return queries.risk(services, caller, kind, key)


@router.get("/{kind}/{key}/history")
def get_risk_history(
    kind: RiskKind,
    key: RiskKey,
    query: Annotated[RiskHistoryQuery, Query()],
    caller: RiskReader,
    services: ServicesDep,
) -> RiskHistory:
    return queries.history(services, caller, kind, key, query.hours)
