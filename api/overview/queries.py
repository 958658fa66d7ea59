"""The situation of a region: the figures of `api.figures`, put into a funnel, a trend, a ranking and a paragraph."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api import figures
from api.common import attack
from api.dependencies import Caller
from api.figures import Place, Window
from api.incidents.filters import conditions
from api.links import href
from api.meta_alerts.schemas import MetaAlertQuery
from api.names import division_ref
from api.numbers import events_href, numbers, sources_href
from api.overview.schemas import FunnelStep, Overview, OverviewQuery, Period, TechniqueCount, Trend, TrendPoint
from api.overview.summary import summary
from api.regions.queries import ranking, region_risk, visible_division
from api.services import Services
from api.session.queries import home_region
from taishi.clock import now
from taishi.records.tables import Incident, MetaAlert

MAX_TECHNIQUES = 10
DAYS_FROM_HOURS = 72
"""From this length on the trend is shown by day."""


def _funnel(services: Services, caller: Caller, session: Session, place: Place, window: Window) -> list[FunnelStep]:
    """How noise becomes judged incidents."""
    at, balance = now(), figures.ledger(session, place, window)
    incidents, judged = figures.incident_filter(place, window), figures.judged_filter(place, window)
    metas = MetaAlertQuery(since=window.start, until=window.end, **place.given())
    sources = sources_href(caller, place, window)
    steps = [
        ("received", "接收日志", "Records received", balance["received"], sources),
        ("stored", "入库日志", "Records stored", balance["stored"], sources),
        (
            "alerts", "告警", "Alerts",
            figures.alerts(services, caller, place, window), events_href(caller, place, window),
        ),
        (
            "meta_alerts", "归并告警", "Meta-alerts",
            figures.meta_alerts(session, place, window), href(caller, "meta-alerts", metas),
        ),
        (
            "incidents", "安全事件", "Incidents",
            figures.incidents(session, incidents, at), href(caller, "incidents", incidents),
        ),
        (
            "judged", "已研判", "Judged",
            figures.incidents(session, judged, at), href(caller, "incidents", judged),
        ),
    ]  # fmt: skip
    return [FunnelStep(key=key, label_zh=zh, label_en=en, value=value, href=link) for key, zh, en, value, link in steps]


def _trend(services: Services, caller: Caller, session: Session, place: Place, window: Window) -> Trend:
    step = 86_400.0 if window.hours > DAYS_FROM_HOURS else figures.HOUR
    buckets = services.store.histogram(figures.alert_query(place), caller.scope, window.start, window.end, step)
    found = conditions(figures.incident_filter(place, window), "", now())
    counts: dict[float, int] = {}
    for (seen,) in session.execute(select(Incident.last_seen).where(*found.values())):
        counts[seen // step] = counts.get(seen // step, 0) + 1
    points = [
        TrendPoint(start=bucket.start, alerts=bucket.count, incidents=counts.get(bucket.start // step, 0))
        for bucket in buckets
    ]
    return Trend(interval=step, points=points)


def _techniques(caller: Caller, session: Session, place: Place, window: Window) -> list[TechniqueCount]:
    amount = func.count()
    statement = (
        select(
            MetaAlert.technique,
            func.max(MetaAlert.tactic),
            func.sum(MetaAlert.count),
            amount,
            func.count(MetaAlert.incident_id.distinct()),
        )
        .where(
            *place.owned(MetaAlert),
            MetaAlert.technique != "",
            MetaAlert.last_seen >= window.start,
            MetaAlert.last_seen < window.end,
        )
        .group_by(MetaAlert.technique)
        .order_by(amount.desc(), MetaAlert.technique)
        .limit(MAX_TECHNIQUES)
    )
    return [
        TechniqueCount(
            **attack(technique, tactic),
            alerts=int(alerts),
            meta_alerts=metas,
            incidents=incidents,
            href=href(
                caller,
                "meta-alerts",
                MetaAlertQuery(technique=technique, since=window.start, until=window.end, **place.given()),
            ),
        )
        for technique, tactic, alerts, metas, incidents in session.execute(statement)
    ]


def overview(services: Services, caller: Caller, query: OverviewQuery) -> Overview:
    at = now()
    window = figures.last_hours(query.hours, at)
    code = query.region or home_region(services, caller.scope)
    with services.records.read(caller.scope) as session:
        division = visible_division(services, session, caller, code)
        place = Place(region=code)
        region, risk = division_ref(division), region_risk(session, division)
        figures_found = numbers(services, caller, session, place, window)
        ranked = ranking(services, caller, session, division, window)
        summary_zh, summary_en = summary(region, query.hours, figures_found, risk, ranked)
        return Overview(
            region=region,
            hours=query.hours,
            at=at,
            period=Period(start=window.start, end=window.end),
            previous=Period(start=window.before.start, end=window.before.end),
            summary_zh=summary_zh,
            summary_en=summary_en,
            risk=risk,
            numbers=figures_found,
            funnel=_funnel(services, caller, session, place, window),
            trend=_trend(services, caller, session, place, window),
            top_techniques=_techniques(caller, session, place, window),
            ranking=ranked,
        )
