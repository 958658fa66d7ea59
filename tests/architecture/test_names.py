"""Rules about the whole tree that no linter knows."""

from __future__ import annotations

import importlib.util
import re
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("taishi", "collectors", "processor", "api", "simulator")
SOURCES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


@pytest.mark.parametrize("name", PACKAGES)
def test_our_package_names_are_claimed_by_us_alone(name: str) -> None:
    spec = importlib.util.find_spec(name)
    assert spec
    assert spec.origin
    assert Path(spec.origin).is_relative_to(ROOT)
    assert set(metadata.packages_distributions().get(name, ["taishi"])) == {"taishi"}


def test_only_the_settings_read_the_environment() -> None:
    allowed = {"taishi/settings.py", "taishi/supervise.py"}  # the supervisor hands its own environment to the roles
    readers = {str(path.relative_to(ROOT)) for path in SOURCES if re.search(r"os\.(environ|getenv)", path.read_text())}
    assert readers <= allowed


def test_api_handlers_query_mapped_classes_so_that_the_scope_applies() -> None:
    """`with_loader_criteria` does not see Core tables or textual SQL."""
    offenders = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "api").rglob("*.py")
        if re.search(r"__table__|\btext\(|exec_driver_sql", path.read_text())
    ]
    assert offenders == []


def test_stages_have_no_wall_clock() -> None:
    offenders = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "processor" / "stages").rglob("*.py")
        if re.search(r"time\.time\(|datetime\.now|clock\.now|monotonic\(", path.read_text())
    ]
    assert offenders == []


def test_locks_and_sources_name_no_package_host() -> None:
    for lock in [*ROOT.glob("requirements*.lock"), ROOT / "dashboards" / "package-lock.json"]:
        text = lock.read_text()
        assert "index-url" not in text
        assert '"resolved"' not in text, f"{lock.name} names hosts: install with omit-lockfile-registry-resolved"


def test_every_dependency_is_justified() -> None:
    document = (ROOT / "docs" / "dependencies.md").read_text()
    declared = re.findall(r'^\s+"([A-Za-z0-9_.-]+)[\[<>=]', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    missing = [name for name in declared if f"`{name}`" not in document]
    assert missing == []
