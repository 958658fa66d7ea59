"""Mappings in a real browser: drafted from pasted lines, seen at once, kept, and a record tried."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open, Province
from tests.browser.test_browser import _violations

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

SAMPLE = "告警时间|源IP|用户名|处置\n2026-05-29 08:00:00|192.0.2.7|li|拦截\n2026-05-29 08:00:01|192.0.2.8|wang|放行"
HAN = re.compile(r"[\u4e00-\u9fff]")


def test_a_mapping_is_written_against_pasted_lines_and_kept(province: Province, visit: Open) -> None:
    page = visit("operator", "/mappings")
    page.get_by_test_id("mapping-new").click()
    page.get_by_test_id("mapping-name").fill("某厂审计系统")
    page.get_by_test_id("mapping-sample").fill(SAMPLE)
    page.get_by_test_id("mapping-draft").click()
    tried = page.get_by_test_id("tried")
    expect(tried).to_have_attribute("data-parsed", "2")
    expect(tried).to_contain_text("192.0.2.8")
    target = page.get_by_role("combobox", name="字段 处置", exact=True)
    target.fill("event.outcome")
    table = page.get_by_label("取值对照 处置")
    table.fill("拦截=failure，放行=success")
    table.blur()
    expect(tried).to_contain_text("event.outcome")
    expect(tried).to_contain_text("failure")
    assert _violations(page) == []
    page.get_by_test_id("mapping-save").click()
    page.wait_for_url(re.compile(r"/mappings/[0-9a-f]{12}$"))
    expect(page.get_by_test_id("mapping-versions")).to_contain_text("●")
    target = page.get_by_role("combobox", name="字段 处置", exact=True)
    target.fill("event.outcom")
    expect(page.get_by_test_id("mapping-problems")).to_contain_text("fields")
    page.goto("/mappings")
    expect(page.get_by_test_id("mappings")).to_contain_text("某厂审计系统")
    assert _violations(page) == []


def test_a_record_is_tried_before_anything_is_sent(province: Province, visit: Open) -> None:
    page = visit("operator", "/mappings", language="en")
    page.get_by_test_id("try-record").fill("CEF:0|Vendor|Product|1|100|Scan|7|src=192.0.2.1 dst=192.0.2.2")
    page.get_by_test_id("try-run").click()
    expect(page.get_by_test_id("tried-parser")).to_contain_text("cef")
    expect(page.get_by_test_id("tried")).to_contain_text("192.0.2.2")
    page.get_by_test_id("mapping-new").click()
    page.get_by_test_id("mapping-sample").fill("a=1 b=2")
    page.get_by_test_id("mapping-draft").click()
    expect(page.get_by_test_id("mapping-keys")).to_contain_text("a")
    shown = page.locator("main").inner_text()
    assert not HAN.search(shown), shown
