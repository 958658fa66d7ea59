"""Detection rules in a real browser: an alert names its rule, what fired and what to do; an incident lists its rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from taishi.event import Event
from taishi.records.tables import Incident, MetaAlert, RuleFigure
from taishi.scope import EVERYTHING
from taishi.store.port import Search
from tests.browser.conftest import Open, Province
from tests.scenarios.platform import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

AXE = Path(__file__).resolve().parents[2] / "dashboards" / "node_modules" / "axe-core" / "axe.min.js"
OURS = "event.kind:alert AND _exists_:taishi.detection.event AND rule.ruleset:taishi"


def _violations(page: Page) -> list[Any]:
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    return [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in found["violations"]]


def _alerts(province: Province) -> list[Event]:
    """Alerts that the platform's own rules made in the simulated day."""
    store = province.platform.store()
    try:
        return store.search(Search(OURS, limit=500), EVERYTHING).events
    finally:
        store.close()


def _fired(province: Province) -> Event:
    """The one of them that most fields made fire."""
    wait_for(lambda: bool(_alerts(province)), "an own rule to fire in the simulated day")
    return max(_alerts(province), key=lambda one: (len(one["taishi.detection.fields"]), str(one["event.id"])))


def test_own_rules_fire_in_the_simulated_day(province: Province) -> None:
    """What the first look at a new platform shows is alive: several rules have hits."""
    _fired(province)
    with province.platform.records.read(EVERYTHING) as session:
        hits = session.execute(select(RuleFigure.rule_id, func.sum(RuleFigure.hits)).group_by(RuleFigure.rule_id)).all()
    assert sum(1 for _, count in hits if count) >= 5


def test_an_alert_names_its_rule_what_fired_and_what_to_do(province: Province, visit: Open) -> None:
    event = _fired(province)
    page = visit("analyst", f'/search?q=event.id:"{event["event.id"]}"&last=2592000')
    page.get_by_test_id("expand").first.click()
    block = page.get_by_test_id("event-rule")
    expect(block).to_contain_text(str(event["rule.name"]))
    expect(block.get_by_test_id("rule-advice")).to_contain_text(str(event["taishi.detection.advice"]))
    fields = event["taishi.detection.fields"]
    expect(block.get_by_test_id("rule-fired")).to_have_count(len(fields))
    expect(page.locator("tr.fired-row")).to_have_count(len([name for name in fields if name in event]))
    assert block.get_by_test_id("rule-link").get_attribute("href") == f"/rules/{event['rule.id']}"
    assert _violations(page) == []


def test_an_incident_lists_the_rules_that_fired(province: Province, visit: Open) -> None:
    _fired(province)
    with province.platform.records.read(EVERYTHING) as session:
        rows = session.execute(
            select(MetaAlert.incident_id, MetaAlert.evidence)
            .join(Incident, Incident.id == MetaAlert.incident_id)
            .where(Incident.merged_into.is_(None))
        ).all()
    ours = {str(one["event.id"]) for one in _alerts(province)}
    found = sorted(identity for identity, evidence in rows if ours & {str(one) for one in evidence})
    assert found, "no incident holds an alert of an own rule"
    page = visit("analyst", f"/incidents/{found[0]}", language="en")
    block = page.get_by_test_id("incident-rules")
    expect(block.get_by_test_id("rule-link").first).to_be_visible()
    expect(block).to_contain_text("Advice")
    assert _violations(page) == []
