"""What people do here, in a real browser."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from taishi.records.tables import Campaign, Change, Enterprise, Incident
from taishi.scope import EVERYTHING
from tests.browser.conftest import Open, Province
from tests.scenarios.platform import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

AXE = Path(__file__).resolve().parents[2] / "dashboards" / "node_modules" / "axe-core" / "axe.min.js"
HAN = re.compile(r"[\u4e00-\u9fff]")


def _incident(province: Province, *, enterprise: str = "", other_than: str = "", metas: int = 0) -> str:
    query = select(Incident.id).where(
        Incident.escalated.is_(True), Incident.merged_into.is_(None), Incident.meta_count >= metas
    )
    if enterprise:
        query = query.where(Incident.enterprise_id == enterprise)
    if other_than:
        query = query.where(Incident.enterprise_id != other_than)
    with province.platform.records.read(EVERYTHING) as session:
        found = session.scalars(query.order_by(Incident.score.desc(), Incident.id)).first()
    assert found
    return found


def test_a_wrong_password_is_refused_in_words(province: Province, browser: Browser) -> None:
    context = browser.new_context(base_url=province.address)
    page = context.new_page()
    page.goto("/")
    page.fill("#login", "analyst")
    page.fill("#password", "not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("登录名或口令不正确")
    context.close()


def test_an_incident_says_why_it_matters_and_why_each_alert_joined(province: Province, visit: Open) -> None:
    page = visit("analyst", f"/incidents/{_incident(province, metas=3)}")
    page.get_by_test_id("reasons").locator("li").first.wait_for()
    shares = page.get_by_test_id("reasons").locator("li > .number").all_inner_texts()
    assert 97 <= sum(int(share.rstrip("%")) for share in shares) <= 103  # rounded, they make a whole
    rows = page.get_by_test_id("meta-open")
    rows.first.wait_for()
    assert rows.count() >= 3
    reasons = []
    for index in range(rows.count()):
        rows.nth(index).click()
        reasons.append(page.get_by_test_id("join-reason").nth(index).inner_text())
    assert any("关联得分" in reason and "权重" in reason for reason in reasons)
    page.get_by_test_id("evidence-open").first.click()
    expect(page.get_by_test_id("original").first).not_to_be_empty()
    expect(page.get_by_test_id("timeline").locator("li")).not_to_have_count(0)


def test_an_official_drills_from_the_province_to_an_enterprise(province: Province, visit: Open) -> None:
    page = visit("official")
    expect(page.get_by_test_id("summary")).to_contain_text("浙江省")
    place = page.get_by_test_id("region-map")
    place.wait_for()
    page.wait_for_function(
        "document.querySelector('[data-testid=region-map]')?.chart?.getOption()?.series?.[0]?.data?.length > 0"
    )
    with province.platform.records.read(EVERYTHING) as session:
        county = session.scalars(select(Enterprise.region).order_by(Enterprise.region)).first()
    assert county
    city = f"{county[:4]}00"
    centre = page.evaluate(
        """async code => {
            const pack = await (await fetch(`/regions/330000.json`)).json();
            const one = pack.features.find(feature => feature.properties.adcode === code);
            const chart = document.querySelector('[data-testid=region-map]').chart;
            return chart.convertToPixel({seriesIndex: 0}, one.properties.center);
        }""",
        city,
    )
    box = place.bounding_box()
    assert box
    page.mouse.click(box["x"] + centre[0], box["y"] + centre[1])
    page.wait_for_url(f"**/overview/{city}*")
    row = page.locator(f'[data-testid=ranking] tr[data-key="{county}"]')
    row.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/overview/{county}*")
    # By keyboard: a table that refreshes between press and release of a mouse button swallows the click.
    page.locator(f'[data-testid=enterprises] a[href*="/enterprises/ent-{county}-"]').first.press("Enter")
    expect(page.get_by_test_id("enterprise-name")).not_to_be_empty()
    page.goto("/risk/province/330000")
    words = page.get_by_test_id("risk-sum").inner_text()
    first, second = re.findall(r"\d+\.\d", words)
    assert abs(float(first) - float(second)) <= 0.1


def test_every_figure_of_the_overview_opens_what_it_counts(visit: Open) -> None:
    page = visit("analyst", "/overview")
    links = page.get_by_test_id("figures").get_by_role("link")
    links.first.wait_for()
    hrefs = [link.get_attribute("href") for link in links.all()]
    assert len(hrefs) >= 6
    for href in hrefs:
        assert href
        page.goto(href)
        expect(page.locator("main .ant-result")).to_have_count(0)


def test_english_is_complete(visit: Open) -> None:
    page = visit("analyst", "/incidents", language="zh")
    page.get_by_test_id("language").click()
    expect(page.get_by_role("navigation")).to_contain_text("Incidents")
    assert page.evaluate("document.documentElement.lang") == "en"
    for path in (
        "/incidents",
        "/search",
        "/overview",
        "/enterprises",
        "/sources",
        "/quality",
        "/quarantine",
        "/industries",
        "/campaigns",
    ):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        chrome = page.evaluate(
            """() => [...document.querySelectorAll('nav, h1, h2, h3, th, label, dt, .hints, [role=columnheader], figcaption')]
                .map(one => one.innerText).join(' ')"""
        )
        assert not HAN.search(chrome), (path, HAN.findall(chrome))


def test_a_contact_sees_the_own_enterprise_and_nothing_else(province: Province, visit: Open) -> None:
    page = visit("contact")
    expect(page.get_by_role("navigation")).not_to_contain_text("态势总览")
    own, foreign = province.contact_enterprise, province.contact_enterprise
    rows = page.get_by_test_id("queue-grid").locator(".grid-row")
    rows.first.wait_for()
    assert rows.count() >= 1
    page.goto(f"/incidents/{_incident(province, enterprise=own)}")
    expect(page.get_by_test_id("incident-title")).not_to_be_empty()
    expect(page.get_by_test_id("judge")).to_have_count(0)
    page.goto(f"/incidents/{_incident(province, other_than=foreign)}")
    expect(page.locator(".ant-result")).to_be_visible()
    expect(page.get_by_test_id("incident-title")).to_have_count(0)


@pytest.mark.parametrize(
    ("login", "places"),
    [("operator", ["接入与数据质量", "隔离区"]), ("auditor", ["审计"]), ("official-city", ["态势总览"])],
)
def test_each_role_lands_where_it_works_and_nothing_there_is_refused(
    visit: Open, login: str, places: list[str]
) -> None:
    page = visit(login)
    navigation = page.get_by_role("navigation").first
    for place in places:
        expect(navigation).to_contain_text(place)
    for link in navigation.get_by_role("link").all():
        link.click()
        page.wait_for_load_state("networkidle")
        expect(page.locator("main .ant-result")).to_have_count(0)


def test_the_sources_balance_and_the_audit_chain_holds(visit: Open) -> None:
    page = visit("operator", "/sources")
    expect(page.get_by_test_id("balance")).to_contain_text("平衡")
    page = visit("auditor", "/audit")
    page.get_by_test_id("verify").click()
    expect(page.get_by_role("status").last).to_contain_text("校验通过")


def test_search_narrows_and_shows_where_a_query_is_wrong(visit: Open) -> None:
    page = visit("analyst", "/search?last=604800")
    before = page.get_by_test_id("event-total")
    expect(before).to_contain_text("条")
    page.get_by_test_id("query").fill("event.severity:[60 TO")
    page.get_by_test_id("run").click()
    expect(page.get_by_test_id("query-problem")).to_contain_text("^")
    page.get_by_test_id("query").fill("event.severity:[60 TO 100]")
    page.get_by_test_id("run").click()
    expect(page.get_by_test_id("query-problem")).to_have_count(0)
    page.locator(".search-list[aria-busy=false]").wait_for()  # a row of the old result that opens would go with it
    page.get_by_test_id("expand").first.click()
    expect(page.get_by_test_id("original")).not_to_be_empty()


def test_selecting_all_means_the_query_and_honours_what_is_taken_out(province: Province, visit: Open) -> None:
    page = visit("analyst", "/incidents?view=open")
    page.get_by_test_id("queue-grid").locator(".grid-row").first.wait_for()
    total = int(re.sub(r"\D", "", page.get_by_test_id("total").inner_text()))
    page.keyboard.press("*")
    expect(page.get_by_test_id("selected")).to_contain_text(str(total))
    page.keyboard.press("x")
    expect(page.get_by_test_id("selected")).to_contain_text(str(total - 1))
    page.keyboard.press("s")
    page.keyboard.press("2")
    confirm = page.locator(".ant-modal-confirm")
    expect(confirm).to_contain_text(str(total - 1))
    confirm.locator(".ant-btn-primary").click()
    expect(page.locator(".ant-message")).to_contain_text(f"{total - 1}/{total - 1}")
    page.keyboard.press("z")
    expect(page.locator(".ant-message")).to_contain_text(f"已撤销 {total - 1}")
    with province.platform.records.read(EVERYTHING) as session:
        assert set(session.scalars(select(Incident.status).where(Incident.escalated.is_(True)))) == {"new"}


def test_live_updates_wait_until_they_are_wanted(province: Province, visit: Open) -> None:
    page = visit("analyst", "/incidents?view=open&sort=-first_seen")
    page.get_by_test_id("queue-grid").locator(".grid-row").first.wait_for()
    page.keyboard.press("j")
    page.wait_for_url("**at=*")  # the current row is in the address, a moment before it is on the screen
    before = parse_qs(urlsplit(page.url).query)["at"][0]
    current = page.locator(".grid-row.current")
    expect(current).to_have_attribute("data-key", before)
    incident = _incident(province)
    with province.platform.records.write(EVERYTHING) as session:
        row = session.get(Incident, incident)
        assert row
        session.add(Change(kind="incident", object_id=incident, enterprise_id=row.enterprise_id, region=row.region,
                           authority=row.authority, at=time.time()))  # fmt: skip
    expect(page.get_by_test_id("updates")).to_contain_text("1")
    expect(current).to_have_attribute("data-key", before)
    with page.expect_response("**/api/v1/incidents?*"):
        page.keyboard.press("r")
    expect(page.get_by_test_id("updates")).to_have_count(0)
    expect(current).to_have_attribute("data-key", before)


def test_a_split_is_undone(province: Province, visit: Open) -> None:
    incident = _incident(province, metas=3)
    page = visit("analyst", f"/incidents/{incident}")
    metas = page.get_by_test_id("metas").locator(".meta")
    metas.first.wait_for()
    before = metas.count()
    metas.last.get_by_role("checkbox").check()
    page.get_by_role("button", name="拆出所选").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("不属于这里")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("保\\s*存")).click()
    expect(metas).to_have_count(before - 1)
    page.get_by_test_id("undo-correction").click()
    expect(metas).to_have_count(before)
    expect(page.get_by_test_id("history")).to_contain_text("撤销")


def _campaign(province: Province) -> str:
    """The worm that the simulated day let loose."""

    def found() -> str | None:
        with province.platform.records.read(EVERYTHING) as session:
            return session.scalars(select(Campaign.id).where(Campaign.active).order_by(Campaign.score.desc())).first()

    wait_for(lambda: found() is not None, "the campaign of the simulated worm")
    return found() or ""


def test_a_campaign_names_whom_it_hit_and_its_warning_is_decided(province: Province, visit: Open) -> None:
    campaign = _campaign(province)
    page = visit("official", "/overview")
    page.get_by_test_id("overview-campaigns").get_by_role("link").nth(1).press("Enter")
    page.wait_for_url("**/campaigns/*")
    page.goto(f"/campaigns/{campaign}")
    expect(page.get_by_test_id("campaign-title")).to_contain_text("家企业")
    hit = page.get_by_test_id("hit").locator("tbody tr")
    hit.first.wait_for()
    assert hit.count() >= 2
    shares = page.get_by_test_id("campaign-reasons").locator("li > .number").all_inner_texts()
    assert 97 <= sum(int(share.rstrip("%")) for share in shares) <= 103
    expect(page.get_by_test_id("criteria").locator("li")).not_to_have_count(0)
    page.get_by_test_id("decide-accepted").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("扩散快，通知同行业企业")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("确\\s*定")).click()
    expect(page.get_by_test_id("proposal-status")).to_contain_text("已采纳")
    page.get_by_test_id("members").get_by_role("link").first.press("Enter")
    expect(page.get_by_test_id("incident-campaigns").get_by_role("link").first).to_be_visible()


def _violations(page: Page) -> list[Any]:
    page.evaluate(AXE.read_text("utf-8"))  # not as a script of the page, whose policy forbids foreign ones
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    return [(one["id"], [node["html"][:160] for node in one["nodes"]][:3]) for one in found["violations"]]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_pages_are_accessible(province: Province, visit: Open, theme: str) -> None:
    page = visit("analyst", "/incidents", theme=theme)
    incident = _incident(province, metas=3)
    for path in ("/incidents", f"/incidents/{incident}", "/overview", "/search", "/sources", "/enterprises",
                 "/risk/province/330000", "/quarantine", "/quality", "/screen", "/campaigns",
                 f"/campaigns/{_campaign(province)}"):  # fmt: skip
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert _violations(page) == [], path


def test_an_operators_pages_are_accessible(province: Province, visit: Open) -> None:
    page = visit("operator", "/sources")
    source = page.locator("[data-testid=sources] tbody tr").first.get_attribute("data-key")
    for path in (
        "/sources/new",
        "/sources/import",
        f"/sources/{source}",
        f"/sources/{source}/connect",
        "/mappings",
        "/mappings/new",
    ):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert _violations(page) == [], path


@pytest.mark.parametrize(
    "path", ["/incidents", "/overview", "/search", "/sources", "/quality", "/enterprises", "/campaigns"]
)
def test_a_phone_needs_no_sideways_scrolling(visit: Open, path: str) -> None:
    page = visit("analyst", path, width=390, height=800)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def _current(page: Page) -> str | None:
    """The queue's current row; None where the page says that nothing is left."""
    row = page.locator("[data-testid=queue-grid] .grid-row.current")
    row.or_(page.get_by_test_id("queue-empty")).first.wait_for()
    return None if page.get_by_test_id("queue-empty").is_visible() else row.get_attribute("id")


def test_zz_the_queue_is_emptied_by_keyboard_alone(province: Province, visit: Open) -> None:
    """Last, because it leaves nothing for the others to look at."""
    page = visit("analyst", "/incidents")
    page.get_by_test_id("queue-grid").wait_for()
    closed = 0
    while (row := _current(page)) is not None:  # the platform lives: one more may come while others are closed
        page.keyboard.press("e")
        page.get_by_test_id("close-dialog").wait_for()
        page.keyboard.press("4")
        page.keyboard.press("Enter")
        page.get_by_test_id("close-dialog").wait_for(state="hidden")
        closed += 1
        expect(page.locator(f'[id="{row}"]')).to_have_count(0)
        assert closed <= 60
    assert closed >= 3
    expect(page.get_by_test_id("queue-empty")).to_contain_text("队列已清空")
    page.keyboard.press("z")
    expect(page.get_by_test_id("total")).to_contain_text("1")
    with province.platform.records.read(EVERYTHING) as session:
        query = select(Incident.verdict).where(Incident.escalated.is_(True), Incident.status == "closed")
        assert set(session.scalars(query)) == {"false_positive"}
