"""/rules: detection rules, their versions and states, and the exceptions of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.dependencies import (
    EventReader,
    EvidenceReader,
    IfMatch,
    IncidentWriter,
    OptionalIfMatch,
    RuleReader,
    RuleWriter,
    ServicesDep,
)
from api.rules import backtests, changes, exceptions, incident, queries
from api.rules.schemas import (
    Backtest,
    BacktestChange,
    BacktestCreate,
    BacktestList,
    BacktestQuery,
    ExceptionChange,
    ExceptionCreate,
    ExceptionDraft,
    ExceptionPreview,
    IncidentRuleList,
    RuleChange,
    RuleCheck,
    RuleDetail,
    RuleException,
    RuleExceptionList,
    RulePage,
    RuleQuery,
    RuleSave,
    RuleText,
    RuleVersionText,
)

router = APIRouter(tags=["rules"])

RuleId = Annotated[str, Path(max_length=128)]
BacktestId = Annotated[str, Path(max_length=64)]
ExceptionId = Annotated[str, Path(max_length=64)]
Number = Annotated[int, Path(ge=1, le=1_000_000)]


def _with_etag(response: Response, found: RuleDetail) -> RuleDetail:
    response.headers["ETag"] = f'"{found.version}"'
    return found


@router.get("/rules")
def list_rules(query: Annotated[RuleQuery, Query()], caller: RuleReader, services: ServicesDep) -> RulePage:
    """Rules with what they found in the caller's scope; those that fired most first."""
    return queries.page(services, caller, query)


@router.post("/rules/check")
def check_rule(request: RuleText, caller: RuleReader, services: ServicesDep) -> RuleCheck:
    """What the engine makes of a text, its own examples tried. Nothing is kept."""
    return changes.check(services, caller, request)


@router.put("/rules")
def save_rule(
    request: RuleSave, if_match: OptionalIfMatch, *, caller: RuleWriter, services: ServicesDep, response: Response
) -> RuleDetail:
    """A new rule begins as a draft; a changed one gets a version more, which runs at once in the state the rule has."""
    return _with_etag(response, changes.save(services, caller, request, if_match))


@router.get("/rules/{rule_id}")
def get_rule(rule_id: RuleId, caller: RuleReader, services: ServicesDep, response: Response) -> RuleDetail:
    return _with_etag(response, queries.detail(services, caller, rule_id))


@router.patch("/rules/{rule_id}")
def change_rule(
    rule_id: RuleId,
    request: RuleChange,
    *,
    if_match: IfMatch,
    caller: RuleWriter,
    services: ServicesDep,
    response: Response,
) -> RuleDetail:
    """Draft, test, stable or off. Processors follow within seconds."""
    return _with_etag(response, changes.change(services, caller, rule_id, request, if_match))


@router.get("/rules/{rule_id}/versions/{number}")
def get_rule_version(rule_id: RuleId, number: Number, caller: RuleReader, services: ServicesDep) -> RuleVersionText:
    """A version's text, and what it changed."""
    return queries.version_text(services, caller, rule_id, number)


@router.post("/rules/{rule_id}/versions/{number}/run")
def run_rule_version(
    rule_id: RuleId, number: Number, *, if_match: IfMatch, caller: RuleWriter, services: ServicesDep, response: Response
) -> RuleDetail:
    """Let this version run again."""
    return _with_etag(response, changes.take_version(services, caller, rule_id, number, if_match))


@router.get("/rules/{rule_id}/exceptions")
def list_rule_exceptions(rule_id: RuleId, caller: RuleReader, services: ServicesDep) -> RuleExceptionList:
    """Of the caller's scope, newest first, those that ended included."""
    return exceptions.listed(services, caller, rule_id)


@router.post("/rules/{rule_id}/exceptions/preview")
def preview_rule_exception(
    rule_id: RuleId, request: ExceptionDraft, caller: IncidentWriter, services: ServicesDep
) -> ExceptionPreview:
    """What it would have kept quiet in the last seven days, by the test that the stream uses."""
    return exceptions.preview(services, caller, rule_id, request)


@router.post("/rules/{rule_id}/exceptions", status_code=201)
def create_rule_exception(
    rule_id: RuleId, request: ExceptionCreate, caller: IncidentWriter, services: ServicesDep
) -> RuleException:
    """From now on until it expires; alerts that exist stay."""
    return exceptions.create(services, caller, rule_id, request)


@router.patch("/rule-exceptions/{exception_id}")
def change_rule_exception(
    exception_id: ExceptionId,
    request: ExceptionChange,
    *,
    if_match: IfMatch,
    caller: IncidentWriter,
    services: ServicesDep,
) -> RuleException:
    """End an exception now."""
    return exceptions.change(services, caller, exception_id, request, if_match)


@router.get("/rule-backtests")
def list_rule_backtests(
    query: Annotated[BacktestQuery, Query()], caller: EventReader, services: ServicesDep
) -> BacktestList:
    """The newest that ran in the caller's scope."""
    return backtests.listed(services, caller, query)


@router.post("/rule-backtests", status_code=202)
def create_rule_backtest(request: BacktestCreate, caller: EventReader, services: ServicesDep) -> Backtest:
    """Try a text on stored days, in the caller's scope; poll the answer's id."""
    return backtests.create(services, caller, request)


@router.get("/rule-backtests/{backtest_id}")
def get_rule_backtest(backtest_id: BacktestId, caller: EventReader, services: ServicesDep) -> Backtest:
    return backtests.detail(services, caller, backtest_id)


@router.patch("/rule-backtests/{backtest_id}")
def change_rule_backtest(
    backtest_id: BacktestId, request: BacktestChange, caller: EventReader, services: ServicesDep
) -> Backtest:
    """Cancel it."""
    return backtests.change(services, caller, backtest_id, request)


@router.get("/incidents/{incident_id}/rules")
def list_incident_rules(
    incident_id: Annotated[str, Path(max_length=64)], caller: EvidenceReader, services: ServicesDep
) -> IncidentRuleList:
    """Rules that fired in the evidence of an incident, with the fields that made them fire and the advice."""
    return incident.rules(services, caller, incident_id)
