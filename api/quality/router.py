"""/data-quality: the league table."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import QualityReader, ServicesDep
from api.quality import queries
from api.quality.schemas import QualityQuery, QualityTable

router = APIRouter(tags=["sources"])


@router.get("/data-quality")
def get_data_quality(
    query: Annotated[QualityQuery, Query()], caller: QualityReader, services: ServicesDep
) -> QualityTable:
    """Enterprises, parks, counties or cities by completeness, timeliness and validity of what their sources send."""
    return queries.table(services, caller, query)
