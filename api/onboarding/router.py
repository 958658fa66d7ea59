"""/onboarding: how a product is connected, and what has arrived."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.dependencies import ServicesDep, SourceWriter
from api.onboarding import queries
from api.onboarding.schemas import Arrivals, Guide, GuideQuery, ProductKey, ProductList

router = APIRouter(tags=["sources"])


@router.get("/onboarding/products")
def list_products(caller: SourceWriter, services: ServicesDep) -> ProductList:
    """Everything that can be connected."""
    return queries.products(services)


@router.get("/onboarding/products/{product_key}")
def get_guide(
    product_key: Annotated[ProductKey, Path()],
    query: Annotated[GuideQuery, Query()],
    caller: SourceWriter,
    services: ServicesDep,
) -> Guide:
    """The product's own steps and snippets with this platform's addresses, and a record to try."""
    return queries.guide(services, product_key, query.host)


@router.get("/sources/{source_id}/arrivals")
def get_arrivals(
    source_id: Annotated[str, Path(max_length=64)], caller: SourceWriter, services: ServicesDep
) -> Arrivals:
    """What has come from a source, as it was read; while it learns, also for those who may not read events."""
    return queries.arrivals(services, caller, source_id)
