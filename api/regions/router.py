"""/regions: drilling down the division tree."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.dependencies import OverviewReader, ServicesDep
from api.regions import queries
from api.regions.schemas import RegionDetail, RegionQuery

router = APIRouter(tags=["regions"])


@router.get("/regions/{code}")
def get_region(
    code: Annotated[str, Path(pattern=r"^[0-9]{6}$")],
    query: Annotated[RegionQuery, Query()],
    caller: OverviewReader,
    services: ServicesDep,
) -> RegionDetail:
    """A division with its children, parks and riskiest enterprises."""
    return queries.region(services, caller, code, query.hours)
