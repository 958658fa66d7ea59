"""A platform with a simulated day, and a Chromium to look at it. Skips by name where there is no Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from sqlalchemy import func, select

from simulator.onboard import people
from simulator.province import build
from simulator.run import Options, contact_site, run_simulator
from simulator.senders import Targets
from simulator.state import load
from taishi.records.tables import Incident, Ledger
from taishi.scope import EVERYTHING
from tests.scenarios.platform import Platform, wait_for

ENTERPRISES = 60
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
DIST = Path(__file__).resolve().parents[2] / "dashboards" / "dist" / "index.html"


def chromium() -> str | None:
    return os.environ.get("TAISHI_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass
class Province:
    """A running platform whose simulated day has been correlated."""

    platform: Platform
    password: str
    contact_enterprise: str

    @property
    def address(self) -> str:
        return self.platform.url("api", "")


@pytest.fixture(scope="module")  # its event loop must end with these tests, and not run under others
def province(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    if not DIST.exists():
        pytest.skip("the dashboards are not built: run `make setup`")
    folder = tmp_path_factory.mktemp("province")
    platform = Platform(folder)
    try:
        platform.start("collect", "process", "api", "intel keep")
        platform.wait_ready("http", "api")
        ports = platform.ports
        targets = Targets(platform.url("http", ""), "127.0.0.1", ports["tcp"], ports["udp"])
        options = Options(enterprises=ENTERPRISES, targets=targets, noise=0.3, state=folder / "simulator.json")
        report = run_simulator(options, records=platform.records)
        wait_for(lambda: _settled(platform, report.lines), "the simulated day to be correlated")
        kept = load(options.state)
        assert kept
        site = contact_site(build(kept.region, kept.seed, ENTERPRISES), kept.anchor)
        assert people(build(kept.region, kept.seed, ENTERPRISES), site)
        yield Province(platform, kept.password, site.id)
    finally:
        platform.close()


def _settled(platform: Platform, lines: int) -> bool:
    with platform.records.read(EVERYTHING) as session:
        received = session.scalar(select(func.sum(Ledger.received))) or 0
        escalated = session.scalar(select(func.count()).where(Incident.escalated.is_(True))) or 0
    return received >= lines * 0.999 and escalated >= 6


@pytest.fixture(scope="module")  # its event loop must end with these tests, and not run under others
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium: install it, or set TAISHI_CHROMIUM")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield opened
        opened.close()


Open = Callable[..., Page]


@pytest.fixture
def visit(province: Province, browser: Browser) -> Iterator[Open]:
    """Sign in as a role and open a path. Afterwards the console must hold no error."""
    errors: list[str] = []
    pages: list[Page] = []

    def listen(message: ConsoleMessage) -> None:
        # The browser reports every refusal as an error; the tests provoke some. A 5xx is never expected.
        if message.type == "error" and not any(f"status of {status}" in message.text for status in (400, 401, 404)):
            errors.append(message.text)

    def open_page(
        login: str, path: str = "/", *, language: str = "zh", theme: str = "dark", width: int = 1440, height: int = 900
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, base_url=province.address)
        context.set_default_timeout(30_000)
        context.add_init_script(
            f"localStorage.setItem('taishi.language', localStorage.getItem('taishi.language') ?? '{language}');"
            f"localStorage.setItem('taishi.theme', localStorage.getItem('taishi.theme') ?? '{theme}')"
        )
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path)
        page.wait_for_selector("#login:focus")
        page.keyboard.type(login)
        page.keyboard.press("Tab")
        page.keyboard.type(province.password)
        page.keyboard.press("Enter")
        page.wait_for_selector(".shell, .screen")
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.context.close()
    assert errors == []
