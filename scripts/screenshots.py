"""The README's pictures, taken from a running demo: python scripts/screenshots.py PASSWORD [ADDRESS]

Needs Chromium and the development environment; writes docs/images/*.png.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]


def sign_in(page: Page, password: str) -> None:
    page.goto("/")
    page.wait_for_selector("#login:focus")
    page.keyboard.type("analyst")
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_selector(".shell")


def take(page: Page, path: str, name: str) -> None:
    page.goto(path)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(800)  # the map is drawn after its boundaries have come
    page.screenshot(path=IMAGES / f"{name}.png")


def main() -> None:
    password = sys.argv[1]
    address = sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8080"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for language, suffix in (("en", ""), ("zh", ".zh-CN")):
            context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900})
            context.add_init_script(f"localStorage.setItem('taishi.language', '{language}')")
            page = context.new_page()
            sign_in(page, password)
            take(page, "/incidents", f"queue{suffix}")
            take(page, "/overview", f"overview{suffix}")
            take(page, "/sources", f"sources{suffix}")
            page.goto("/incidents")
            page.get_by_role("link", name="整页" if language == "zh" else "as a page").first.click()
            page.get_by_test_id("meta-open").nth(1).click()
            page.get_by_test_id("join-reason").first.wait_for()
            page.set_viewport_size({"width": 1440, "height": 1250})
            page.evaluate("window.scrollTo(0, 0)")
            page.screenshot(path=IMAGES / f"incident{suffix}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
