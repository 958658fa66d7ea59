"""Threat intelligence in a real browser: feeds, a search, an indicator with its sightings, an incident that names it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from taishi.intel.indicator import shown_id
from taishi.records.tables import Incident, Indicator, IndicatorSighting, MetaAlert
from taishi.scope import EVERYTHING
from tests.browser.conftest import Open, Province
from tests.scenarios.platform import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

AXE = Path(__file__).resolve().parents[2] / "dashboards" / "node_modules" / "axe-core" / "axe.min.js"
HAN = re.compile(r"[一-鿿]")


def _violations(page: Page) -> list[Any]:
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    return [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in found["violations"]]


def _seen(province: Province) -> IndicatorSighting:
    """A sighting that is not for few eyes."""

    def one() -> IndicatorSighting | None:
        with province.platform.records.read(EVERYTHING) as session:
            query = (
                select(IndicatorSighting).where(IndicatorSighting.tlp != "red").order_by(IndicatorSighting.count.desc())
            )
            found = session.scalars(query).first()
            session.expunge_all()
        return found

    wait_for(lambda: one() is not None, "an indicator to be met")
    found = one()
    assert found is not None
    return found


def test_feeds_and_their_results(province: Province, visit: Open) -> None:
    page = visit("operator", "/intel")
    feeds = page.get_by_test_id("feeds")
    expect(feeds).to_contain_text("演示·省级应急情报")
    expect(page.get_by_test_id("intel-built")).to_contain_text("正在匹配")
    assert _violations(page) == []
    page.get_by_test_id("add-feed").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("#id").fill("my-list")
    dialog.locator("#name").fill("自建清单")
    dialog.locator("#url").fill("http://127.0.0.1:9/list.txt")
    dialog.locator('button[type="submit"]').click()
    expect(feeds).to_contain_text("自建清单")
    expect(feeds).to_contain_text("cannot be reached", timeout=30_000)
    row = feeds.locator("tr", has_text="自建清单")
    row.locator('[data-action="pause"]').click()
    expect(row).to_contain_text("暂停")
    row.locator('[data-action="start"]').wait_for()


def test_a_search_leads_to_the_indicator_and_its_events(province: Province, visit: Open) -> None:
    seen = _seen(province)
    page = visit("analyst", "/intel?view=indicators")
    page.get_by_test_id("intel-value").locator("input").fill(seen.value.replace(".", "[.]", 1))
    page.keyboard.press("Enter")
    table = page.get_by_test_id("indicators")
    expect(table).to_contain_text(seen.value)
    assert _violations(page) == []
    page.goto(f"/intel/{shown_id(seen.indicator_id)}")
    expect(page.get_by_test_id("indicator-value")).to_have_text(seen.value)
    sightings = page.get_by_test_id("sightings")
    expect(sightings).to_be_visible()
    assert _violations(page) == []
    sightings.locator("td.right a").first.click()
    results = page.get_by_test_id("results")
    results.wait_for()
    page.get_by_test_id("expand").first.click()
    expect(page.get_by_test_id("event-intel").first).to_contain_text(seen.value)


def test_an_incident_names_the_indicators_it_met(province: Province, visit: Open) -> None:
    def incident() -> str | None:
        with province.platform.records.read(EVERYTHING) as session:
            return session.scalars(
                select(Incident.id)
                .join(MetaAlert, MetaAlert.incident_id == Incident.id)
                .where(MetaAlert.name.like("情报命中%"), Incident.merged_into.is_(None))
                .order_by(Incident.score.desc())
            ).first()

    wait_for(lambda: incident() is not None, "an incident with an indicator")
    page = visit("analyst", f"/incidents/{incident()}")
    block = page.get_by_test_id("incident-intel")
    expect(block).to_contain_text("演示")
    expect(block).to_contain_text("TLP:")
    assert _violations(page) == []


def test_dismissing_takes_it_out_of_matching(province: Province, visit: Open) -> None:
    with province.platform.records.read(EVERYTHING) as session:
        number = session.scalars(
            select(Indicator.id).where(Indicator.feed_id == "demo-isac", Indicator.warned == "")
        ).first()
    assert number is not None
    page = visit("analyst", f"/intel/{shown_id(number)}")
    page.get_by_test_id("dismiss-reason").fill("共享出口，误报")
    page.get_by_test_id("dismiss").click()
    expect(page.locator("main, body").first).to_contain_text("共享出口，误报")
    page.get_by_test_id("dismiss").click()
    expect(page.locator(".page-head")).to_contain_text("有效")


def test_every_text_is_english_in_english(province: Province, visit: Open) -> None:
    page = visit("operator", "/intel?view=lists", language="en")
    page.get_by_test_id("warning-lists").wait_for()
    found = page.locator("main").inner_text() if page.locator("main").count() else page.locator("body").inner_text()
    shown = "\n".join(line for line in found.splitlines() if HAN.search(line))
    assert not re.search("威胁|情报源|指标|命中|白名单", shown)


def test_a_city_does_not_see_red(province: Province, visit: Open) -> None:
    page = visit("analyst-city", "/intel")
    feeds = page.get_by_test_id("feeds")
    expect(feeds).to_contain_text("演示·省级应急情报")
    expect(feeds).not_to_contain_text("红色")
    assert page.get_by_test_id("add-feed").count() == 0, "feeds are matched everywhere"
