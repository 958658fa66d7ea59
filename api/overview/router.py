"""/overview: the situation at one glance."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import OverviewReader, ServicesDep
from api.overview import queries
from api.overview.schemas import Overview, OverviewQuery

router = APIRouter(tags=["overview"])


@router.get("/overview")
def get_overview(query: Annotated[OverviewQuery, Query()], caller: OverviewReader, services: ServicesDep) -> Overview:
    """Figures with their comparison; each opens into the list that makes it up."""
    return queries.overview(services, caller, query)
