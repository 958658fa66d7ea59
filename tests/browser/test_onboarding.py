"""Connecting a source in a browser, to the first record that the shown command really sends."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from taishi.records.tables import Ledger, Source
from taishi.scope import EVERYTHING
from tests.browser.conftest import Open, Province
from tests.scenarios.platform import wait_for


def choose(page: Page, field: str, typed: str, label: str) -> None:
    page.locator(f"#{field}").fill(typed)
    page.locator(".ant-select-item-option", has_text=label).first.click()


def taken(command: str) -> bool:
    """Whether the collectors took it; they look for new sources every second or so, which no person is faster than."""
    sent = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert sent.returncode == 0 or '"status":401' in sent.stdout, sent.stdout + sent.stderr
    return sent.returncode == 0


def register(page: Page, province: Province, product: tuple[str, str], name: str, *, http: bool) -> None:
    page.locator("#product").wait_for()
    choose(page, "product", *product)
    page.locator("#enterprise_id").fill(province.contact_enterprise)
    page.locator(".ant-select-dropdown:not(.ant-select-dropdown-hidden) .ant-select-item-option").first.wait_for()
    page.keyboard.press("Enter")
    page.locator("#name").fill(name)
    if http:
        page.locator("#transport").press("ArrowDown")
        page.locator(".ant-select-item-option", has_text="HTTP").last.click()
    else:
        page.locator("#addresses").fill("127.0.0.9/32")
    page.locator("form button[type=submit]").click()
    page.wait_for_url("**/connect?product=*")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl: not installed, and the shown command uses it")
def test_a_source_is_connected_from_product_to_first_record(province: Province, visit: Open) -> None:
    page = visit("operator", "/sources")
    page.get_by_test_id("add-source").click()
    register(page, province, ("zeek", "Zeek"), "边界探针", http=True)
    expect(page.get_by_test_id("arrivals")).to_contain_text("尚未收到")
    page.get_by_test_id("use-sample").click()
    expect(page.get_by_test_id("tried-parser").first).to_contain_text("zeek")
    key = page.get_by_test_id("source-key").inner_text()
    command = page.get_by_test_id("test-command").inner_text()
    assert key in command
    wait_for(lambda: taken(command), "the collectors to know the new key")
    arrivals = page.get_by_test_id("arrivals")
    expect(arrivals.get_by_test_id("tried-parser").first).to_contain_text("zeek", timeout=60_000)
    expect(arrivals).to_contain_text("zeek.notice")
    page.reload()
    page.get_by_test_id("snippet").first.wait_for()
    expect(page.get_by_test_id("source-key")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("TAISHI_KEY")


def test_the_steps_of_a_firewall_have_the_platforms_address(province: Province, visit: Open) -> None:
    page = visit("operator", "/sources/new", language="en")
    register(page, province, ("fortigate", "FortiGate"), "Border firewall", http=False)
    snippet = page.get_by_test_id("snippet").first
    expect(snippet).to_contain_text("config log syslogd setting")
    expect(snippet).to_contain_text(f"set port {province.platform.ports['tcp']}")


def test_the_ranking_of_data_quality_opens_what_it_counts(province: Province, visit: Open) -> None:
    hour = int(time.time() // 3600) - 50
    with province.platform.records.write(EVERYTHING) as session:  # the simulated day came within the last minutes
        one = session.scalars(select(Source).where(Source.state != "disabled").order_by(Source.id)).first()
        assert one
        session.add(Ledger(source_id=one.id, hour=hour, received=7, stored=7, delay_sum=3.5, region=one.region,
                           enterprise_id=one.enterprise_id, authority=one.authority))  # fmt: skip
        owner = one.enterprise_id
    page = visit("operator", "/quality?by=enterprise&hours=168")
    row = page.locator(f'[data-testid=quality] tr[data-key="{owner}"]')
    expect(row).to_contain_text("%")
    received = row.get_by_role("link").last
    shown = received.inner_text()
    assert int(shown.replace(",", "")) >= 7
    received.press("Enter")
    page.wait_for_url("**/sources?enterprise_id=*")
    expect(page.get_by_test_id("balance").locator("dd").first).to_have_text(shown)


def test_a_file_is_checked_corrected_and_written_whole(visit: Open, tmp_path: Path) -> None:
    page = visit("operator", "/sources")
    page.get_by_role("link", name="批量导入").click()
    file = tmp_path / "企业.csv"
    file.write_text(
        "企业编号,企业名称,行政区划,行业代码\nnew-1,新厂一,330106,C34\nnew-2,新厂二,000000,C34\n", "gb18030"
    )
    page.get_by_test_id("import-file").set_input_files(file)
    expect(page.get_by_test_id("import-status")).to_contain_text("有误 1")
    expect(page.get_by_test_id("import-rows")).to_contain_text("新厂二")
    expect(page.get_by_test_id("import-apply")).to_have_count(0)
    file.write_text(
        "企业编号,企业名称,行政区划,行业代码\nnew-1,新厂一,330106,C34\nnew-2,新厂二,330106,C34\n", "gb18030"
    )
    page.get_by_test_id("import-file").set_input_files(file)
    page.get_by_test_id("import-apply").click()
    expect(page.get_by_test_id("import-status")).to_have_attribute("data-applied", "true")
    expect(page.get_by_test_id("import-status")).to_contain_text("新增 2")
    page.goto("/enterprises/new-2")
    expect(page.get_by_test_id("enterprise-name")).to_have_text("新厂二")
