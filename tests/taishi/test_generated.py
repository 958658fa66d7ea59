"""Pages and documents that are made from code are what the code makes now."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from api.openapi import new_app
from collectors import parser_page
from taishi import fields, settings_page

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.parametrize(
    ("name", "made", "how"),
    [
        ("fields.md", fields.page, "python -m taishi.fields --write"),
        ("parsers.md", parser_page.page, "python -m collectors.parser_page"),
        ("settings.md", settings_page.page, "python -m taishi.settings_page"),
    ],
)
def test_reference_pages_are_up_to_date(name: str, made: object, how: str) -> None:
    assert callable(made)
    assert (REFERENCE / name).read_text("utf-8") == made(), f"run `{how}`"


def test_every_setting_is_explained() -> None:
    rows = [line for line in settings_page.page().splitlines() if line.startswith("| `")]
    assert len(rows) > 30
    assert [row for row in rows if row.rstrip().endswith("|  |")] == []


def test_the_openapi_document_and_the_client_are_up_to_date(tmp_path: Path) -> None:
    kept = ROOT / "dashboards" / "src" / "api"
    assert json.loads((kept / "openapi.json").read_text("utf-8")) == new_app().openapi(), "run `make api-schema`"
    maker = ROOT / "dashboards" / "node_modules" / ".bin" / "openapi-typescript"
    if not maker.exists() or shutil.which("node") is None:
        pytest.skip("no node on the PATH or the dashboards' packages are not installed: the client is not made anew")
    subprocess.run([maker, kept / "openapi.json", "-o", tmp_path / "schema.d.ts"], check=True, capture_output=True)
    assert (tmp_path / "schema.d.ts").read_text("utf-8") == (kept / "schema.d.ts").read_text("utf-8")
