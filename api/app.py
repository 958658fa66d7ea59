"""The application: routes, errors, security headers, health, metrics and the dashboards, over the given ports."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import select

from api import problems, spa
from api.dependencies import ServicesDep
from api.guard import Guard
from api.openapi import new_app
from api.services import Services
from taishi.observe import Health
from taishi.onboarding import Onboarding
from taishi.records.port import Records
from taishi.records.tables import Division
from taishi.scope import EVERYTHING, NOTHING
from taishi.settings import Settings
from taishi.store.port import EventStore
from taishi.stream.port import Stream
from taishi.trial import Trial

probes = APIRouter(include_in_schema=False)


@probes.get("/metrics")
def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@probes.get("/health/live")
def live() -> Response:
    return PlainTextResponse("live\n")


@probes.get("/health/ready")
def ready(services: ServicesDep) -> Response:
    found = services.health.problems()
    text = "".join(f"{name}: {why}\n" for name, why in found.items()) or "ready\n"
    return PlainTextResponse(text, 503 if found else 200)


def _health(store: EventStore, records: Records) -> Health:
    def check_records() -> str:
        with records.read(EVERYTHING) as session:
            session.execute(select(Division.code).limit(1)).all()
        return ""

    def check_store() -> str:
        store.count("", NOTHING)
        return ""

    return Health({"records": check_records, "store": check_store})


def create_app(
    settings: Settings,
    store: EventStore,
    records: Records,
    stream: Stream | None = None,
    trial: Trial | None = None,
    onboarding: Onboarding | None = None,
) -> FastAPI:
    """The whole HTTP side of the platform; who calls it owns and closes the ports."""
    app = new_app()
    app.state.services = Services(
        settings, store, records, stream, health=_health(store, records), trial=trial, onboarding=onboarding
    )
    app.include_router(probes)
    app.include_router(spa.router)
    app.add_middleware(Guard)
    problems.install(app)
    return app
