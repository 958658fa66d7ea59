"""/enterprises, /parks, /industries: the inventory with risk beside it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.dependencies import EnterpriseReader, ServicesDep
from api.enterprises import queries
from api.enterprises.schemas import (
    AssetPage,
    AssetQuery,
    EnterpriseDetail,
    EnterprisePage,
    EnterpriseQuery,
    IndustryList,
    IndustryQuery,
    ParkDetail,
)

router = APIRouter(tags=["enterprises"])

EnterpriseId = Annotated[str, Path(max_length=64)]


@router.get("/enterprises")
def list_enterprises(
    query: Annotated[EnterpriseQuery, Query()], caller: EnterpriseReader, services: ServicesDep
) -> EnterprisePage:
    return queries.page(services, caller, query)


@router.get("/enterprises/{enterprise_id}")
def get_enterprise(enterprise_id: EnterpriseId, caller: EnterpriseReader, services: ServicesDep) -> EnterpriseDetail:
    return queries.detail(services, caller, enterprise_id)


@router.get("/enterprises/{enterprise_id}/assets")
def list_assets(
    enterprise_id: EnterpriseId,
    query: Annotated[AssetQuery, Query()],
    caller: EnterpriseReader,
    services: ServicesDep,
) -> AssetPage:
    return queries.assets(services, caller, enterprise_id, query)


@router.get("/parks/{park_id}")
def get_park(
    park_id: Annotated[str, Path(max_length=64)], caller: EnterpriseReader, services: ServicesDep
) -> ParkDetail:
    return queries.park(services, caller, park_id)


@router.get("/industries")
def list_industries(
    query: Annotated[IndustryQuery, Query()], caller: EnterpriseReader, services: ServicesDep
) -> IndustryList:
    """Industries (GB/T 4754 divisions) that have enterprises in the caller's scope."""
    return queries.industries(services, caller, query)
