"""/bursts: where a technique is new at more enterprises than usual."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.bursts import queries
from api.bursts.schemas import BurstDetail, BurstPage, BurstQuery
from api.dependencies import OverviewReader, ServicesDep

router = APIRouter(prefix="/bursts", tags=["bursts"])

BurstId = Annotated[str, Path(max_length=64)]


@router.get("")
def list_bursts(query: Annotated[BurstQuery, Query()], caller: OverviewReader, services: ServicesDep) -> BurstPage:
    """Bursts whose whole place lies in the caller's scope; newest first."""
    return queries.page(services, caller, query)


@router.get("/{burst_id}")
def get_burst(burst_id: BurstId, caller: OverviewReader, services: ServicesDep) -> BurstDetail:
    """One burst: its hours against what was expected, and the enterprises that make it up."""
    return queries.detail(services, caller, burst_id)
