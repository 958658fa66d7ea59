"""Detection rules in a real browser: on alerts and incidents, the list, a rule, the editor with its back-test, exceptions."""

from __future__ import annotations

import re
from collections import Counter
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


def _loudest(province: Province) -> str:
    """The own rule that made most alerts."""
    _fired(province)
    counted = Counter(str(one["rule.id"]) for one in _alerts(province))
    return counted.most_common(1)[0][0]


def test_the_list_is_read_with_keys_and_opens_a_rule(province: Province, visit: Open) -> None:
    _fired(province)
    page = visit("analyst", "/rules")
    grid = page.get_by_test_id("rules")
    expect(grid.locator(".grid-row").first).to_be_visible()
    assert _violations(page) == []
    second = grid.locator(".grid-row").nth(1).get_attribute("data-key")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/rules/{second}"))
    expect(page.get_by_test_id("rule-text")).to_contain_text("detection")
    page.goto("/rules?q=no+such+rule+at+all")
    expect(page.get_by_test_id("rules-total")).to_contain_text("0")


def test_every_tab_of_a_rule(province: Province, visit: Open) -> None:
    rule = _loudest(province)
    page = visit("analyst", f"/rules/{rule}")
    expect(page.get_by_test_id("rule-advice")).not_to_have_text("–")
    for tab, shown in (
        ("text", "rule-text"),
        ("versions", "rule-versions"),
        ("figures", "rule-days"),
        ("exceptions", "exception-form"),
    ):
        page.goto(f"/rules/{rule}?tab={tab}")
        page.get_by_test_id(shown).wait_for()
        assert _violations(page) == [], tab


def test_a_new_rule_is_checked_tried_on_stored_days_and_kept(province: Province, visit: Open) -> None:
    page = visit("analyst", "/rules/new")
    expect(page.get_by_test_id("rule-accepted")).to_be_visible()
    text = page.get_by_test_id("rule-body").input_value()
    page.get_by_test_id("rule-body").fill(text.replace("condition: selection", "condition: absent"))
    expect(page.get_by_test_id("rule-refused")).to_be_visible()
    expect(page.get_by_test_id("rule-save")).to_be_disabled()
    page.get_by_test_id("rule-body").fill(text.replace("New rule", "Flows of Zeek"))
    expect(page.get_by_test_id("backtest-start")).to_be_enabled()
    page.get_by_test_id("backtest-start").click()
    expect(page.locator('[data-testid="backtest"][data-state="done"]')).to_be_visible(timeout=60_000)
    assert int(page.get_by_test_id("backtest-numbers").get_attribute("data-hits") or 0) > 0
    assert _violations(page) == []
    page.get_by_test_id("rule-save").click()
    expect(page.get_by_test_id("rule-title")).to_have_text("新规则")
    expect(page.locator(".page-head")).to_contain_text("草稿")


def test_an_exception_says_what_it_would_hide_before_it_is_made(province: Province, visit: Open) -> None:
    rule = _loudest(province)
    mine = [one for one in _alerts(province) if one["rule.id"] == rule]
    enterprise = str(mine[0]["organization.id"])
    page = visit("analyst", f"/rules/{rule}?tab=exceptions")
    page.get_by_test_id("exception-place").fill(enterprise)
    expect(page.get_by_test_id("exception-save")).to_be_disabled()
    page.get_by_test_id("exception-ask").click()
    preview = page.get_by_test_id("exception-preview")
    expect(preview).to_be_visible()
    hidden = sum(1 for one in mine if one["organization.id"] == enterprise)
    assert int(preview.get_attribute("data-hidden") or 0) == hidden
    page.get_by_test_id("exception-reason").fill("检修窗口")
    page.get_by_test_id("exception-save").click()
    expect(page.get_by_test_id("rule-exceptions")).to_contain_text("检修窗口")
    assert _violations(page) == []
    page.get_by_role("button", name="撤回").or_(page.get_by_role("button", name="撤 回")).first.click()
    expect(page.get_by_test_id("rule-exceptions")).to_contain_text("已结束")


def test_every_text_of_rules_is_english_in_english(province: Province, visit: Open) -> None:
    page = visit("analyst", "/rules/new", language="en")
    expect(page.get_by_test_id("rule-accepted")).to_be_visible()
    page.goto(f"/rules/{_loudest(province)}?tab=figures")
    page.get_by_test_id("rule-days").wait_for()
    assert not re.search("检测规则|命中|误报|例外|版本", page.locator("body").inner_text())


def test_a_city_reads_rules_and_changes_none(province: Province, visit: Open) -> None:
    page = visit("analyst-city", f"/rules/{_loudest(province)}")
    expect(page.get_by_test_id("rule-text")).to_be_visible()
    assert page.get_by_test_id("rule-edit").count() == 0
    assert page.get_by_test_id("rule-apply").count() == 0
