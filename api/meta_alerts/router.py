"""/meta-alerts: repeated alerts of one behaviour and the events behind them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.dependencies import EvidenceReader, IncidentReader, ServicesDep
from api.meta_alerts import queries
from api.meta_alerts.schemas import EvidenceList, MetaAlert, MetaAlertPage, MetaAlertQuery

router = APIRouter(prefix="/meta-alerts", tags=["meta-alerts"])

MetaAlertId = Annotated[str, Path(max_length=64)]


@router.get("")
def list_meta_alerts(
    query: Annotated[MetaAlertQuery, Query()], caller: IncidentReader, services: ServicesDep
) -> MetaAlertPage:
    return queries.page(services, caller, query)


@router.get("/{meta_id}")
def get_meta_alert(meta_id: MetaAlertId, caller: IncidentReader, services: ServicesDep) -> MetaAlert:
    return queries.detail(services, caller, meta_id)


@router.get("/{meta_id}/events")
def list_evidence(meta_id: MetaAlertId, caller: EvidenceReader, services: ServicesDep) -> EvidenceList:
    """The events kept as evidence: the first, the last and a sample between."""
    return queries.evidence(services, caller, meta_id)
