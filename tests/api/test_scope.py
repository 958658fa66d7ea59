"""No enterprise and no region sees another's data: every route of the OpenAPI document, walked with foreign sign-ins.

Three proofs by construction. A route, a parameter or a body that this file does not know fails the test and says what
to add. Answers must not contain the other side's markers. And a side's answers must be the same whether the other side
exists or not: counts, facets, totals and orders included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from api.openapi import PUBLIC_OPERATIONS
from taishi.security.roles import PERMISSIONS, ROLES, Permission
from taishi.security.sessions import COOKIE
from tests.api.client import TestClient
from tests.api.world import NOW, RISKS, RULE, RULE_TEXT, SIDES, A, B, Side, World, other, risk_key

Operation = tuple[str, str, dict[str, Any]]
"""Method, path template, the operation object."""

NEEDS: dict[str, Permission | None] = {
    "sign_in": None,
    "get_session": None,
    "sign_out": None,
    "change_preferences": None,
    "get_platform": None,
    "follow_changes": None,
    "list_assignees": "incidents.read",
    "search_events": "events.read",
    "count_events_over_time": "events.read",
    "top_event_values": "events.read",
    "get_event": "events.read",
    "list_fields": "events.read",
    "list_incidents": "incidents.read",
    "count_incidents": "incidents.read",
    "change_incidents": "incidents.write",
    "undo_change": "incidents.write",
    "get_incident": "incidents.read",
    "change_incident": "incidents.write",
    "list_incident_meta_alerts": "incidents.read",
    "get_incident_timeline": "incidents.read",
    "get_incident_history": "incidents.read",
    "add_incident_note": "notes.write",
    "merge_incidents": "incidents.write",
    "split_incident": "incidents.write",
    "grade_incident": "incidents.write",
    "list_suppressions": "incidents.read",
    "draft_suppression": "incidents.write",
    "preview_suppression": "incidents.write",
    "create_suppression": "incidents.write",
    "get_suppression": "incidents.read",
    "change_suppression": "incidents.write",
    "list_rule_verdicts": "incidents.read",
    "list_rules": "rules.read",
    "check_rule": "rules.read",
    "save_rule": "rules.write",
    "get_rule": "rules.read",
    "change_rule": "rules.write",
    "get_rule_version": "rules.read",
    "run_rule_version": "rules.write",
    "list_rule_exceptions": "rules.read",
    "preview_rule_exception": "incidents.write",
    "create_rule_exception": "incidents.write",
    "change_rule_exception": "incidents.write",
    "list_incident_rules": "evidence.read",
    "list_rule_backtests": "events.read",
    "create_rule_backtest": "events.read",
    "get_rule_backtest": "events.read",
    "change_rule_backtest": "events.read",
    "list_meta_alerts": "incidents.read",
    "get_meta_alert": "incidents.read",
    "list_evidence": "evidence.read",
    "list_feeds": "intel.read",
    "create_feed": "feeds.write",
    "change_feed": "feeds.write",
    "list_indicators": "intel.read",
    "get_indicator": "intel.read",
    "change_indicator": "intel.write",
    "list_sightings": "intel.read",
    "list_warning_lists": "intel.read",
    "list_incident_indicators": "evidence.read",
    "list_campaigns": "campaigns.read",
    "get_campaign": "campaigns.read",
    "decide_campaign": "campaigns.write",
    "list_warning_proposals": "warnings.read",
    "get_warning_proposal": "warnings.read",
    "decide_warning_proposal": "warnings.decide",
    "list_bursts": "overview.read",
    "get_burst": "overview.read",
    "get_overview": "overview.read",
    "get_region": "overview.read",
    "get_risk": "risk.read",
    "get_risk_history": "risk.read",
    "list_enterprises": "enterprises.read",
    "get_enterprise": "enterprises.read",
    "list_assets": "enterprises.read",
    "get_park": "enterprises.read",
    "list_industries": "enterprises.read",
    "list_sources": "sources.read",
    "create_source": "sources.write",
    "get_source": "sources.read",
    "change_source": "sources.write",
    "get_source_balance": "sources.read",
    "rotate_source_key": "sources.write",
    "list_products": "sources.write",
    "get_guide": "sources.write",
    "get_arrivals": "sources.write",
    "get_data_quality": "quality.read",
    "import_rows": "inventory.write",
    "get_import_template": "inventory.write",
    "list_parsers": "sources.write",
    "try_parser": "sources.write",
    "list_mappings": "mappings.read",
    "list_mapping_targets": "mappings.read",
    "draft_mapping": "mappings.read",
    "try_mapping": "mappings.read",
    "create_mapping": "mappings.write",
    "get_mapping": "mappings.read",
    "save_mapping": "mappings.write",
    "run_mapping_version": "mappings.write",
    "remove_mapping": "mappings.write",
    "list_quarantine": "quarantine.read",
    "replay_quarantine": "quarantine.replay",
    "get_quarantined": "quarantine.read",
    "list_audit": "audit.read",
    "verify_audit": "audit.read",
}
"""What each operation needs: None is nothing beyond a session (or not even that, in PUBLIC_OPERATIONS)."""


WHOLE = {
    "list_audit", "verify_audit", "create_feed", "change_feed", "change_indicator", "save_rule", "change_rule",
    "run_rule_version", "create_mapping", "save_mapping", "run_mapping_version", "remove_mapping",
}  # fmt: skip
"""Also needs a scope that covers the platform, which no side has."""


def path_values(side: Side) -> dict[str, list[str]]:
    """Ids of a side for every path parameter there is."""
    return {
        "incident_id": [side.id("inc"), side.id("inc", 2)],
        "meta_id": [side.id("meta"), side.id("meta", 3)],
        "event_id": [side.event],
        "code": [side.city, side.county],
        "kind": list(RISKS),
        "enterprise_id": [side.enterprise],
        "park_id": [side.id("park")],
        "suppression_id": [side.id("sup")],
        "source_id": [side.id("src")],
        "record_id": [side.id("quarantined")],
        "burst_id": [side.id("burst")],
        "campaign_id": [side.id("camp")],
        "proposal_id": [side.id("warn")],
        "feed_id": [side.id("feed")],
        "indicator_id": [side.indicator],
        "rule_id": [RULE],
        "mapping_id": [side.id("map")],
        "number": ["1"],
        "product_key": ["zeek"],
        "exception_id": [side.id("exc")],
        "backtest_id": [side.id("bt")],
    }


def query_values(side: Side) -> dict[str, list[Any]]:
    """Values of a side for every query parameter that can name something; the others are in HARMLESS."""
    return {
        "q": [side.marker, f'organization.id:"{side.enterprise}"', f"taishi.region_path:{side.city}"],
        "region": [side.city, side.county],
        "enterprise_id": [side.enterprise],
        "park_id": [side.id("park")],
        "incident_id": [side.id("inc")],
        "meta_id": [side.id("meta")],
        "source_id": [side.id("src")],
        "technique": ["T1110", side.text("technique")],
        "industry": ["C"],
        "owner": [side.login("analyst")],
        "parser": [side.marker],
        "actor": [side.login("analyst")],
        "object_id": [side.id("inc")],
        "field": ["organization.id", "taishi.region_path", "user.name", "rule.name", "taishi.source_id"],
        "view": ["all", "closed"],
        "escalated": ["any"],
        "value": [side.marker],
        "feed_id": [side.id("feed")],
        "indicator_id": [side.indicator],
        "rule_id": [RULE],
    }


HARMLESS = frozenset(
    {
        "status", "verdict", "severity_min", "severity_max", "outcome", "overdue", "since", "until", "start", "end",
        "sort", "limit", "cursor", "ascending", "buckets", "size", "hours", "kind", "level", "monitored", "hit_since",
        "action", "object_kind", "once", "active", "colour", "by", "state", "running",
        "ruleset", "source", "throttled", "fired", "order", "host", "apply", "form",
    }
)  # fmt: skip
"""Query parameters that name nothing of anybody's."""


def bodies(side: Side) -> dict[str, list[dict[str, Any]]]:
    """Bodies that reach for a side's things, for every operation that takes one."""
    filters = {"view": "all", "escalated": "any"}
    change = {"status": "triaged", "note": "x"}
    return {
        "sign_in": [{"login": side.login("analyst"), "password": "wrong"}],
        "change_preferences": [{"theme": "dark"}],
        "change_incident": [change, {"owner": side.login("analyst")}],
        "add_incident_note": [{"text": "x"}],
        "try_parser": [{"sample": "a=1 b=2"}, {"sample": side.marker, "parser": f"map:{side.id('map')}"}],
        "draft_mapping": [{"sample": "a=1 b=2"}],
        "try_mapping": [{"sample": "a=1 b=2", "spec": {"form": "pairs", "fields": [{"key": "a", "to": "message"}]}}],
        "create_mapping": [{"name": "x", "spec": {"form": "json", "fields": [{"key": "a", "to": "message"}]}}],
        "save_mapping": [{"name": "x", "spec": {"form": "json", "fields": [{"key": "a", "to": "message"}]}}],
        "merge_incidents": [{"incident_ids": [side.id("inc"), side.id("inc", 2)]}],
        "split_incident": [{"meta_ids": [side.id("meta")], "reason": "x"}],
        "preview_suppression": [
            {"meta_id": side.id("meta"), "extent": "enterprise", "condition": {"rule": side.text("rule")}},
            {"meta_id": side.id("meta"), "extent": "region", "region": side.city, "condition": {"rule": side.text("rule")}},
        ],
        "create_suppression": [
            {
                "meta_id": side.id("meta"), "extent": "enterprise", "condition": {"rule": side.text("rule")},
                "expires_at": NOW + 999, "reason": "because",
            }
        ],
        "change_suppression": [
            {"action": "extend", "reason": "because"}, {"action": "withdraw", "reason": "because"},
        ],
        "grade_incident": [{"facts": {"people_affected": 5}, "level": "general", "reason": "x"}],
        "change_incidents": [
            {"selection": {"mode": "ids", "ids": [side.id("inc", 1)]}, "change": change},
            {
                "selection": {"mode": "query", "filter": filters, "snapshot": NOW + 99}, "change": change,
                "preview": True,
            },
            {
                "selection": {
                    "mode": "query", "filter": {**filters, "enterprise_id": side.enterprise}, "snapshot": NOW + 99
                },
                "change": change,
            },
        ],
        "create_feed": [{"id": "f", "name": "x", "url": "https://192.0.2.1/"}],
        "change_feed": [{"action": "pause"}],
        "change_indicator": [{"action": "dismiss", "reason": "because"}],
        "check_rule": [{"body": RULE_TEXT}],
        "save_rule": [{"body": RULE_TEXT + f"# {side.marker}"}],
        "change_rule": [{"state": "off", "reason": "because"}],
        "preview_rule_exception": [{"enterprise_id": side.enterprise}, {"region": side.city}],
        "create_rule_exception": [
            {"enterprise_id": side.enterprise, "reason": "because", "expires_at": NOW + 999},
            {"region": side.city, "reason": "because", "expires_at": NOW + 999},
        ],
        "change_rule_exception": [{"action": "withdraw", "reason": "because"}],
        "create_rule_backtest": [{"body": RULE_TEXT, "days": 1}],
        "change_rule_backtest": [{"action": "cancel"}],
        "decide_campaign": [{"status": "dismissed", "reason": "x"}, {"status": "open"}],
        "decide_warning_proposal": [{"status": "accepted", "reason": "x"}],
        "undo_change": [{"bulk_id": side.id("bulk")}],
        "import_rows": [{"rows": [{"id": side.enterprise, "name": side.text("x"), "region": side.county, "industry": "C34"},
                                  {"enterprise_id": side.enterprise, "name": side.text("x"), "addresses": ["10.0.0.1"]}]}],
        "create_source": [{"name": "x", "enterprise_id": side.enterprise, "transport": "http"}],
        "change_source": [{"name": "x"}],
        "rotate_source_key": [{}],
        "replay_quarantine": [{"ids": [side.id("quarantined")]}, {"filter": {"enterprise_id": side.enterprise}}],
    }  # fmt: skip


def operations(world: World) -> list[Operation]:
    document = world.app.openapi()
    return [(method, path, found) for path, item in document["paths"].items() for method, found in item.items()]


def names(operation: dict[str, Any], place: str) -> list[str]:
    return [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == place]


def _known(table: dict[str, Any] | frozenset[str], name: str, what: str) -> None:
    if name not in table:
        pytest.fail(f"tests/api/test_scope.py does not know {what} {name!r}: add it, with values of both sides")


def paths(path: str, operation: dict[str, Any], side: Side) -> list[str]:
    """The path with a side's ids filled in, every combination that belongs together."""
    values = path_values(side)
    for name in names(operation, "path"):
        if name != "key":
            _known(values, name, "the path parameter")
    if "{kind}" in path:
        return [path.replace("{kind}", kind).replace("{key}", risk_key(side, kind)) for kind in values["kind"]]
    found = [path]
    for name in names(operation, "path"):
        found = [one.replace("{" + name + "}", value) for one in found for value in values[name]]
    return found


def queries(operation: dict[str, Any], side: Side) -> list[dict[str, Any]]:
    """No parameter, then each one alone with each value of the side, on the widest view there is."""
    values = query_values(side)
    given = names(operation, "query")
    for name in given:
        if name not in HARMLESS:
            _known(values, name, "the query parameter")
    base: dict[str, Any] = {"field": "organization.id"} if "field" in given else {}
    if "once" in given:
        base["once"] = "true"
    wide = {name: value for name, value in (("view", "all"), ("escalated", "any"), ("limit", 200)) if name in given}
    return [base, *({**base, **wide, name: value} for name in given if name in values for value in values[name])]


def calls(operation: Operation, side: Side) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any] | None]]:
    """Every request of an operation that reaches for a side: method, path, query, body."""
    method, template, found = operation
    given: list[dict[str, Any] | None] = [None]
    if "requestBody" in found:
        table = bodies(side)
        _known(table, found["operationId"], "a body for the operation")
        given = list(table[found["operationId"]])
    for path in paths(template, found, side):
        for query in queries(found, side):
            for body in given:
                yield method, path, query, body


def send(client: TestClient, call: tuple[str, str, dict[str, Any], dict[str, Any] | None]) -> Response:
    method, path, query, body = call
    headers = {"If-Match": '"1"', "Last-Event-ID": "0"}
    response: Response = client.request(method, path, params=query, json=body, headers=headers)
    return response


def leaks(response: Response, side: Side, sent: Any) -> list[str]:
    """Markers of the side in an answer, beyond those the request itself contained."""
    text = " ".join([response.text, *response.headers.values()]).lower()
    echoed = str(sent).lower()
    return [secret for secret in side.secrets if secret.lower() in text and secret.lower() not in echoed]


# ---------------------------------------------------------------- nothing is forgotten


def test_every_operation_is_known(world: World) -> None:
    for _, _, operation in operations(world):
        _known(NEEDS, operation["operationId"], "the operation")
    assert len(NEEDS) == len(operations(world)), "an operation went: remove it from NEEDS"


def test_every_route_of_the_app_is_in_the_document_or_on_the_list(world: World) -> None:
    hidden = {
        str(getattr(route, "path", ""))
        for route in _routes(world.app.routes)
        if not getattr(route, "include_in_schema", True)
    }
    assert hidden == {"/api/v1/openapi.json", "/metrics", "/health/live", "/health/ready", "/{path:path}"}


def _routes(routes: Any) -> Iterator[Any]:
    for route in routes:
        inner = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", None)
        if inner:
            yield from _routes(inner)
        else:
            yield route


# ---------------------------------------------------------------- who may come in


def test_without_a_session_everything_but_the_allow_list_is_401(world: World) -> None:
    visitor = world.client()
    for operation in operations(world):
        if operation[2]["operationId"] in PUBLIC_OPERATIONS:
            continue
        for call in calls(operation, A):
            assert send(visitor, call).status_code == 401, call


@pytest.mark.parametrize("token", ["", "x", "é" * 9, "a" * 5000])
def test_an_invented_session_is_none(world: World, token: str) -> None:
    headers = {"Cookie": f"{COOKIE}={token}".encode("latin-1")}
    assert world.client().get("/api/v1/incidents", headers=headers).status_code == 401


@pytest.mark.parametrize("role", ROLES)
def test_role_matrix(world: World, role: Any) -> None:
    for operation in operations(world):
        name = operation[2]["operationId"]
        needed = NEEDS[name]
        if needed is None or name in WHOLE:
            continue
        client = world.client(A.login(role))
        status = send(client, next(calls(operation, A))).status_code
        assert (status == 403) == (needed not in PERMISSIONS[role]), (name, status)


def test_only_an_auditor_of_the_whole_platform_reads_the_trail(world: World) -> None:
    for url in ("/api/v1/audit", "/api/v1/audit/verify"):
        assert world.client("auditor").get(url).status_code == 200
        for bound in A.scopes:
            assert world.client(A.login("auditor", bound)).get(url).status_code == 403
        assert world.client(A.login("analyst")).get(url).status_code == 403


# ---------------------------------------------------------------- what they may see


def sign_ins(side: Side) -> list[str]:
    return [side.login(role, bound) for role in ROLES for bound in side.scopes]


@pytest.mark.slow
@pytest.mark.parametrize("side", SIDES, ids=lambda side: side.name)
@pytest.mark.parametrize("target", ["own", "foreign"])
def test_no_answer_holds_the_other_sides_markers(world: World, side: Side, target: str) -> None:
    reached = other(side) if target == "foreign" else side
    done = 0
    for login in sign_ins(side):
        client = world.client(login)
        for operation in operations(world):
            if operation[2]["operationId"] == "sign_out":
                continue
            for call in calls(operation, reached):
                response = send(client, call)
                assert response.status_code < 500, (login, call, response.text)
                assert not leaks(response, other(side), call), (login, call, response.text)
                done += 1
    assert done > 1000


def test_foreign_things_are_not_there(world: World) -> None:
    """Asking for a foreign thing by its id is the same 404 as asking for one that never was."""
    for login in sign_ins(A):
        client = world.client(login)
        for method, template, operation in operations(world):
            if not names(operation, "path") or operation["operationId"] == "sign_out":
                continue
            if {"rule_id", "product_key"} & {*names(operation, "path")}:
                continue  # everybody's; what may be excepted from rules is tested in test_rules.py
            for foreign in calls((method, template, operation), B):
                answer = send(client, foreign)
                assert answer.status_code in {403, 404}, (login, foreign, answer.text)
            texts = {send(client, call).json()["detail"] for call in calls((method, template, operation), B)}
            nobody = Side("n", "qznobody", "330900", "330999", 5)
            texts |= {send(client, call).json()["detail"] for call in calls((method, template, operation), nobody)}
            assert len(texts) == 1, texts


def test_markers_would_be_found_if_they_leaked(world: World) -> None:
    """The walk can see: a side's own answers do hold its own markers."""
    client = world.client(B.login("analyst"))
    found = set()
    for operation in operations(world):
        if operation[0] == "get":
            for call in calls(operation, B):
                if leaks(send(client, call), B, ""):
                    found.add(operation[2]["operationId"])
    silent = {"list_fields", "list_industries", "count_events_over_time"}  # no words of anybody in them
    silent |= {"list_feeds", "list_indicators", "get_indicator", "list_warning_lists"}  # everybody's, by TLP alone
    silent |= {"get_rule_version"}  # the platform's
    silent |= {"list_incident_rules"}  # the evidence here is a product's alert; see test_incident_rules.py
    needed = {name for name, permission in NEEDS.items() if permission in PERMISSIONS["analyst"]}
    reads = {found["operationId"] for method, _, found in operations(world) if method == "get"}
    assert found >= (needed & reads) - silent


# ---------------------------------------------------------------- the other side makes no difference


def _answers(world: World, side: Side) -> dict[str, tuple[int, str]]:
    found = {}
    for login in sign_ins(side):
        client = world.client(login)
        for operation in operations(world):
            if operation[0] != "get":
                continue
            for call in calls(operation, side):
                response = send(client, call)
                text = re.sub(r'"(csrf_token|seq)":\s*("[^"]*"|\d+)', "", response.text)
                found[f"{login} {call}"] = (response.status_code, re.sub(r"(?m)^id: \d+$", "", text))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("side", SIDES, ids=lambda side: side.name)
def test_the_other_side_makes_no_difference(tmp_path: Path, side: Side) -> None:
    """Counts, facets, totals, ranks and pages are the same whether the other side exists or not."""
    answers = []
    for folder, sides in (("alone", (side,)), ("both", SIDES)):
        (tmp_path / folder).mkdir()
        world = World(tmp_path / folder, sides)
        try:
            answers.append(_answers(world, side))
        finally:
            world.close()
    alone, both = answers
    assert alone.keys() == both.keys()
    for call, answer in alone.items():
        assert both[call] == answer, call
