"""/platform: public facts of this installation."""

from __future__ import annotations

from fastapi import APIRouter

from api.dependencies import OptionalCaller, ServicesDep
from api.platform import queries
from api.platform.schemas import Platform

router = APIRouter(tags=["platform"])


@router.get("/platform")
def get_platform(caller: OptionalCaller, services: ServicesDep) -> Platform:
    """Name and root division of this installation; open to everyone, because the sign-in page shows it."""
    return queries.platform(services, signed_in=caller is not None)
