"""All routes of the API, in the order of the documentation. A new area adds one line."""

from __future__ import annotations

from fastapi import APIRouter

from api import live
from api.audit.router import router as audit
from api.bursts.router import router as bursts
from api.campaigns.router import router as campaigns
from api.enterprises.router import router as enterprises
from api.events.router import router as events
from api.grades.router import router as grades
from api.imports.router import router as imports
from api.incidents.router import router as incidents
from api.intel.router import router as intel
from api.mappings.router import router as mappings
from api.meta_alerts.router import router as meta_alerts
from api.onboarding.router import router as onboarding
from api.overview.router import router as overview
from api.platform.router import router as platform
from api.quality.router import router as quality
from api.quarantine.router import router as quarantine
from api.regions.router import router as regions
from api.risk.router import router as risk
from api.rules.router import router as rules
from api.session.router import router as session
from api.sources.router import router as sources
from api.suppressions.router import router as suppressions
from api.warnings.router import router as warnings

PREFIX = "/api/v1"

AREAS: tuple[APIRouter, ...] = (
    session,
    platform,
    incidents,
    grades,
    meta_alerts,
    suppressions,
    rules,
    events,
    campaigns,
    intel,
    warnings,
    bursts,
    overview,
    regions,
    risk,
    enterprises,
    sources,
    onboarding,
    imports,
    quality,
    mappings,
    quarantine,
    live.router,
    audit,
)


def all_routes() -> APIRouter:
    router = APIRouter(prefix=PREFIX)
    for area in AREAS:
        router.include_router(area)
    return router
