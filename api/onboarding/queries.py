"""How a product is connected, and what has arrived from a source that somebody is connecting."""

from __future__ import annotations

import shlex
from typing import Final

from sqlalchemy import select

from api.dependencies import Caller
from api.onboarding import schemas
from api.services import Services
from api.sources import balance
from api.sources.queries import load
from api.sources.schemas import BalanceQuery
from taishi.errors import NotFound, Unavailable
from taishi.onboarding import KEY, Endpoints, Onboarding
from taishi.records.tables import QuarantineRecord
from taishi.settings import Settings
from taishi.store.port import Search

LOOKED_AT: Final = 50
"""Events looked at for the newest by arrival: the store's order is that of what happened."""
SHOWN: Final = 5
PREVIEW: Final = 300


def guides_of(services: Services) -> Onboarding:
    if services.onboarding is None:
        raise Unavailable("this API was started without the collectors' guides; start it through `taishi`")
    return services.onboarding


def products(services: Services) -> schemas.ProductList:
    found = guides_of(services).products()
    return schemas.ProductList(items=[schemas.ProductRef.model_validate(one) for one in found])


def guide(services: Services, key: str, host: str) -> schemas.Guide:
    guides, endpoints = guides_of(services), endpoints_of(services.settings, host)
    product = next((one for one in guides.products() if one.key == key), None)
    if product is None:
        raise NotFound(f"there is no product {key}; GET /api/v1/onboarding/products lists them")
    sample = guides.sample(key)
    return schemas.Guide(
        product=schemas.ProductRef.model_validate(product),
        ways=[schemas.Way.model_validate(one) for one in guides.ways(key, endpoints)],
        sample=sample,
        test_syslog=_by_syslog(endpoints, sample),
        test_http=_by_http(endpoints, sample),
    )


def endpoints_of(settings: Settings, host: str) -> Endpoints:
    """By the settings that the collectors of this platform run on; `host` where they name none."""
    ports = {
        "syslog_udp": settings.syslog.udp_port,
        "syslog_tcp": settings.syslog.tcp_port,
        "syslog_tls": settings.syslog.tls_port,
        "http": settings.http.port,
        "lumberjack": settings.shippers.lumberjack_port,
    }
    return Endpoints(
        settings.collect.public_host or host or settings.http.host,
        {name: port for name, port in ports.items() if port is not None},
        https=settings.http.certificate is not None,
    )


def _by_syslog(endpoints: Endpoints, sample: str) -> str:
    port = endpoints.ports.get("syslog_tcp")
    if port is None or not sample:
        return ""
    return f"printf '%s\\n' {shlex.quote(sample)} | nc -q 1 {endpoints.host} {port}"


def _by_http(endpoints: Endpoints, sample: str) -> str:
    port = endpoints.ports.get("http")
    if port is None or not sample:
        return ""
    url = f"{'https' if endpoints.https else 'http'}://{endpoints.host}:{port}/v1/ingest"
    return (
        f"printf '%s\\n' {shlex.quote(sample)} | "
        f'curl --fail-with-body -H "Authorization: Bearer {KEY}" --data-binary @- {url}'
    )


def arrivals(services: Services, caller: Caller, source_id: str) -> schemas.Arrivals:
    """Whoever connects a source sees its first records: that is how they know that it works. Later it takes the permission
    to read events."""
    with services.records.read(caller.scope) as session:
        source = load(session, source_id)
        counts = balance.sums(session, balance.window(BalanceQuery())).get(source_id, balance.nothing()).counts
        refused = session.scalars(
            select(QuarantineRecord)
            .where(QuarantineRecord.source_id == source_id)
            .order_by(QuarantineRecord.received_at.desc(), QuarantineRecord.id)
            .limit(SHOWN)
        ).all()
        may_read = source.state == "learning" or caller.may("events.read")
        found = schemas.Arrivals(
            received=counts["received"],
            stored=counts["stored"],
            quarantined=counts["quarantined"],
            last_seen=source.last_seen,
            may_read=may_read,
            events=[],
            refused=[
                schemas.Refused(received_at=row.received_at, reason=row.reason, preview=row.original[:PREVIEW])
                for row in refused
            ],
        )
    if may_read:
        page = services.store.search(Search(f'taishi.source_id:"{source_id}"', limit=LOOKED_AT), caller.scope)
        newest = sorted(page.events, key=lambda event: str(event.get("event.ingested", "")), reverse=True)
        found.events = [dict(event) for event in newest[:SHOWN]]
    return found
