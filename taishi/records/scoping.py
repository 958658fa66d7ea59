"""The scope as part of every query: SQLAlchemy adds these criteria to each SELECT, UPDATE and DELETE of a session.

A handler cannot forget what it never writes. Tables without an owner (people, audit, divisions, the processor's own)
are guarded by role in the API, not by scope. Core statements on `Table` objects bypass the criteria: a test keeps them
out of `api/`.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import ColumnElement, and_, false, or_, select, true, union
from sqlalchemy.orm import ORMExecuteState, with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption

from taishi.records.tables import (
    Base,
    Burst,
    Campaign,
    CampaignExposure,
    CampaignMember,
    Change,
    Decision,
    Division,
    Enterprise,
    Feed,
    Indicator,
    IndicatorSighting,
    Owned,
    Park,
    Risk,
    RiskHistory,
    RuleBacktest,
    RuleDaily,
    RuleFigure,
    WarningProposal,
)
from taishi.scope import EVERYTHING, Scope


def _within(scope: Scope, region: Any, enterprise: Any, authority: Any) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = []
    if scope.enterprises:
        conditions.append(enterprise.in_(scope.enterprises))
    if scope.authorities:
        conditions.append(authority.in_(scope.authorities))
    if scope.regions:
        ranges = [region.between(p.ljust(6, "0"), p.ljust(6, "9")) for p in scope.prefixes]
        conditions.append(or_(*ranges))
    return and_(true(), *conditions)


def _enterprises(scope: Scope) -> ColumnElement[bool]:
    return _within(scope, Enterprise.region, Enterprise.id, Enterprise.authority)


def _park(scope: Scope) -> ColumnElement[bool]:
    """A park is seen by those who see its region; with an enterprise or authority scope, by those with a member."""
    if scope.enterprises or scope.authorities:
        return Park.id.in_(select(Enterprise.park_id).where(_enterprises(scope)))
    return _within(scope, Park.region, None, None)


def _campaigns(scope: Scope) -> Any:
    """Ids of campaigns with a member in the scope; those that only threaten it are not a single enterprise's to see."""
    tables = (CampaignMember,) if scope.enterprises else (CampaignMember, CampaignExposure)
    found = [select(t.campaign_id).where(_within(scope, t.region, t.enterprise_id, t.authority)) for t in tables]
    return found[0] if len(found) == 1 else union(*found)


def _proposal(scope: Scope) -> ColumnElement[bool]:
    """A campaign's proposal with its campaign; contacts get warnings when they are issued."""
    if scope.enterprises:
        return false()
    return and_(WarningProposal.source == "campaign", WarningProposal.source_id.in_(_campaigns(scope)))


def _burst(scope: Scope) -> ColumnElement[bool]:
    """A burst's numbers are about a whole division: for those whose scope covers it, and no part of it alone."""
    if scope.enterprises or scope.authorities:
        return false()
    return _within(scope, Burst.region, None, None)


def _shared(scope: Scope, tlp: Any) -> ColumnElement[bool]:
    """TLP 2.0: RED stays with those who see the whole platform, AMBER+STRICT with the authorities; enterprises get what
    may be passed on to clients."""
    if scope.enterprises:
        return cast("ColumnElement[bool]", tlp.in_(("clear", "green", "amber")))
    if scope.regions or scope.authorities:
        root = select(Division.code).where(Division.parent == "", Division.code.in_(scope.regions))
        return or_(tlp != "red", false() if scope.authorities else root.exists())
    return true()


def _figures(scope: Scope, enterprise: Any) -> ColumnElement[bool]:
    """What rules did at enterprises of the scope; what they cost is the platform's, and nobody's secret."""
    return or_(enterprise == "", enterprise.in_(select(Enterprise.id).where(_enterprises(scope))))


def _conditions(scope: Scope) -> list[tuple[type[Base], ColumnElement[bool]]]:
    owned = [
        mapper.class_
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, Owned) and mapper.class_ is not IndicatorSighting
    ]
    sighting = _within(scope, IndicatorSighting.region, IndicatorSighting.enterprise_id, IndicatorSighting.authority)
    tables: list[Any] = [*owned, Risk, RiskHistory, Change]
    found: list[tuple[type[Base], ColumnElement[bool]]] = [
        (table, _within(scope, table.region, table.enterprise_id, table.authority)) for table in tables
    ]
    return [
        *found,
        (Enterprise, _enterprises(scope)),
        (Park, _park(scope)),
        (Campaign, Campaign.id.in_(_campaigns(scope))),
        (WarningProposal, _proposal(scope)),
        (RuleFigure, _figures(scope, RuleFigure.enterprise_id)),
        (RuleDaily, _figures(scope, RuleDaily.enterprise_id)),
        (RuleBacktest, RuleBacktest.scope_key == scope.key),
        (Feed, _shared(scope, Feed.tlp)),
        (Burst, _burst(scope)),
        (Indicator, _shared(scope, Indicator.tlp)),
        (IndicatorSighting, and_(sighting, _shared(scope, IndicatorSighting.tlp))),
        (Decision, Decision.enterprise_id.in_(select(Enterprise.id).where(_enterprises(scope)))),
    ]


def scope_options(scope: Scope) -> list[ExecutableOption]:
    """The loader criteria of a scope; none for the platform itself."""
    if scope == EVERYTHING:
        return []
    conditions = _conditions(scope)
    if scope.nothing:
        conditions = [(table, false()) for table, _ in conditions]
    return [with_loader_criteria(table, condition, include_aliases=True) for table, condition in conditions]


def apply_scope(state: ORMExecuteState) -> None:
    """The session's `do_orm_execute` listener."""
    options: list[ExecutableOption] = state.session.info["scope_options"]
    if options and (state.is_select or state.is_update or state.is_delete):
        state.statement = state.statement.options(*options)
