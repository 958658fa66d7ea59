"""The row of figures that heads an overview, a region, a park or an enterprise."""

from __future__ import annotations

from sqlalchemy.orm import Session

from api import figures
from api.common import Number
from api.dependencies import Caller
from api.enterprises.schemas import EnterpriseQuery
from api.events.schemas import EventRange
from api.figures import Place, Window
from api.links import href
from api.services import Services
from api.sources.schemas import SourceQuery
from taishi.clock import now


def sources_href(caller: Caller, place: Place, window: Window) -> str:
    given = {name: value for name, value in place.given().items() if name != "park_id"}
    return href(caller, "sources", SourceQuery(start=window.start, end=window.end, **given))


def events_href(caller: Caller, place: Place, window: Window) -> str:
    query = EventRange(q=figures.alert_query(place), start=window.start, end=window.end)
    return href(caller, "events", query)


def incident_numbers(caller: Caller, session: Session, place: Place, window: Window) -> list[Number]:
    """Incidents of the period, open ones, and those past a deadline."""
    at = now()
    current, before = (figures.incident_filter(place, span) for span in (window, window.before))
    still_open, overdue = figures.open_filter(place), figures.overdue_filter(place)
    return [
        Number(
            key="incidents", label_zh="安全事件", label_en="Incidents", unit="count", view="incidents",
            value=figures.incidents(session, current, at), previous=figures.incidents(session, before, at),
            href=href(caller, "incidents", current),
        ),
        Number(
            key="open_incidents", label_zh="未关闭事件", label_en="Open incidents", unit="count", view="incidents",
            value=figures.incidents(session, still_open, at), previous=None,
            href=href(caller, "incidents", still_open),
        ),
        Number(
            key="overdue_incidents", label_zh="超时事件", label_en="Overdue incidents", unit="count", view="incidents",
            value=figures.incidents(session, overdue, at), previous=None,
            href=href(caller, "incidents", overdue),
        ),
    ]  # fmt: skip


def enterprise_numbers(caller: Caller, session: Session, place: Place, window: Window) -> list[Number]:
    """How many enterprises were hit, are monitored, and what share of all that is."""
    hit, before = figures.hit_ids(window.start), figures.hit_ids(window.before.start, window.before.end)
    given = {name: value for name, value in place.given().items() if name != "enterprise_id"}
    known = figures.enterprises(session, place)
    monitored = figures.enterprises(session, place, figures.monitored_ids())
    monitored_href = href(caller, "enterprises", EnterpriseQuery(monitored=True, **given))
    return [
        Number(
            key="enterprises_hit", label_zh="受影响企业", label_en="Enterprises hit", unit="count", view="enterprises",
            value=figures.enterprises(session, place, hit), previous=figures.enterprises(session, place, before),
            href=href(caller, "enterprises", figures.hit_filter(place, window)),
        ),
        Number(
            key="enterprises_monitored", label_zh="监测企业", label_en="Enterprises monitored", unit="count",
            view="enterprises", value=monitored, previous=None, href=monitored_href,
        ),
        Number(
            key="monitored_share", label_zh="接入率", label_en="Share of enterprises monitored", unit="percent",
            view="enterprises", value=100.0 * monitored / known if known else 0.0, previous=None, href=monitored_href,
        ),
    ]  # fmt: skip


def volume_numbers(services: Services, caller: Caller, session: Session, place: Place, window: Window) -> list[Number]:
    """Alerts and received records."""
    received, received_before = (figures.ledger(session, place, span) for span in (window, window.before))
    return [
        Number(
            key="alerts", label_zh="告警", label_en="Alerts", unit="count", view="events",
            value=figures.alerts(services, caller, place, window),
            previous=figures.alerts(services, caller, place, window.before),
            href=events_href(caller, place, window),
        ),
        Number(
            key="received", label_zh="接收日志", label_en="Records received", unit="count", view="sources",
            value=received["received"], previous=received_before["received"],
            href=sources_href(caller, place, window),
        ),
    ]  # fmt: skip


def numbers(services: Services, caller: Caller, session: Session, place: Place, window: Window) -> list[Number]:
    """All figures of a place; an enterprise has no enterprises to count. Nothing is compared with a time before the
    platform heard of the place."""
    found = incident_numbers(caller, session, place, window)
    if place.enterprise_id is None:
        found += enterprise_numbers(caller, session, place, window)
    found += volume_numbers(services, caller, session, place, window)
    if figures.reaches_back(session, place, window.before):
        return found
    return [number.model_copy(update={"previous": None}) for number in found]
