"""/audit: who did what, and whether the trail is whole."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.audit import queries
from api.audit.schemas import AuditPage, AuditQuery, AuditVerification
from api.dependencies import AuditReader, ServicesDep

router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("")
def list_audit(query: Annotated[AuditQuery, Query()], caller: AuditReader, services: ServicesDep) -> AuditPage:
    """Newest first."""
    return queries.page(services, query)


@router.get("/verify")
def verify_audit(caller: AuditReader, services: ServicesDep) -> AuditVerification:
    """Recompute the whole hash chain."""
    return queries.verify(services)
