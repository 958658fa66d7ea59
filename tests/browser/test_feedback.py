"""Grading an incident, suppressing noise with a live preview, and the tuning page, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from taishi.records.tables import Grade, Incident, Suppression
from taishi.scope import EVERYTHING
from tests.browser.conftest import Open, Province

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

AXE = Path(__file__).resolve().parents[2] / "dashboards" / "node_modules" / "axe-core" / "axe.min.js"
HAN = re.compile(r"[一-鿿]")


def _incident(province: Province) -> str:
    query = select(Incident.id).where(Incident.escalated.is_(True), Incident.merged_into.is_(None))
    with province.platform.records.read(EVERYTHING) as session:
        found = session.scalars(query.order_by(Incident.score.desc(), Incident.id)).first()
    assert found
    return found


def _violations(page: Page) -> list[Any]:
    page.evaluate(AXE.read_text("utf-8"))  # the policy forbids a script tag, which is how it should be
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    return [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in found["violations"]]


def test_a_person_adds_facts_and_decides_a_grade(province: Province, visit: Open) -> None:
    incident = _incident(province)
    page = visit("analyst", f"/incidents/{incident}")
    block = page.get_by_test_id("grade")
    expect(block).to_contain_text("GB/T 20986-2023")
    expect(block).to_contain_text("尚未决定")
    page.get_by_test_id("grade-edit").click()
    dialog = page.get_by_test_id("grade-dialog")
    dialog.locator('input[name="loss_yuan"]').fill("20000000")
    dialog.locator("select").nth(2).select_option("major")
    dialog.locator("textarea").fill("两条产线停产")
    assert _violations(page) == []
    page.get_by_role("dialog").get_by_role("button", name=re.compile("保\\s*存")).click()
    expect(block).to_contain_text("两条产线停产")
    limits = page.get_by_test_id("grade-limit")
    expect(limits).to_have_count(3)
    expect(limits.first).to_contain_text("剩")
    with province.platform.records.read(EVERYTHING) as session:
        row = session.get(Grade, incident)
        assert row
        assert (row.reporting, row.decided_by) == (3, "analyst")


def test_suppressing_from_the_queue_previews_and_is_listed_and_withdrawn(province: Province, visit: Open) -> None:
    page = visit("analyst", "/incidents")
    page.get_by_test_id("queue-grid").locator(".grid-row").first.wait_for()
    page.keyboard.press("m")
    dialog = page.get_by_test_id("suppress-dialog")
    dialog.wait_for()
    preview = page.get_by_test_id("suppress-preview")
    expect(preview).to_contain_text("过去 7 天")
    save = page.get_by_test_id("suppress-save")
    expect(save).to_be_disabled()
    dialog.locator("[data-days='7']").click()
    page.get_by_test_id("suppress-reason").fill("已核实的扫描器")
    expect(save).to_be_enabled()
    assert _violations(page) == []
    save.click()
    expect(dialog).to_have_count(0)
    with province.platform.records.read(EVERYTHING) as session:
        (made,) = session.scalars(select(Suppression).where(Suppression.origin == "person")).all()
        assert made.owner == "analyst"
        assert made.seen_severity < 80
    page.goto("/tuning")
    row = page.locator(f'[data-testid=suppressions] tr[data-key="{made.id}"]')
    expect(row).to_contain_text("已核实的扫描器")
    assert _violations(page) == []
    row.locator("[data-action=withdraw]").click()
    page.get_by_test_id("tuning-reason").fill("不再需要")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("撤\\s*销")).click()
    expect(row).to_have_count(0)
    page.goto("/tuning?view=over")
    expect(page.locator(f'[data-testid=suppressions] tr[data-key="{made.id}"]')).to_contain_text("已撤销")


def test_tuning_is_complete_in_english_and_clean(visit: Open) -> None:
    page = visit("analyst", "/tuning", language="en")
    for view in ("active", "proposed", "over", "rules"):
        page.goto(f"/tuning?view={view}")
        page.wait_for_load_state("networkidle")
        chrome = page.evaluate(
            "[...document.querySelectorAll('h1, th, label, .quiet')].map(one => one.innerText).join(' ')"
        )
        assert not HAN.search(re.sub(r"[^\x00-\x7f]*/ ", "", chrome)) or view == "proposed", chrome
        assert _violations(page) == []


def test_a_contact_has_no_tuning(visit: Open) -> None:
    page = visit("contact")
    expect(page.get_by_role("navigation")).not_to_contain_text("调优")
    expect(page.get_by_test_id("suppress")).to_have_count(0)
