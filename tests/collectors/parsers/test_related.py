"""`related.*` holds what the fields say: indicators are looked up there, and people search there."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.parsers import _common
from tests.collectors.parsers.support import cases, parse_file


@pytest.mark.parametrize(("parser", "path"), list(cases()), ids=lambda one: one.stem if isinstance(one, Path) else one)
def test_related_is_complete(parser: str, path: Path) -> None:
    for event in parse_file(parser, path):
        for name, target in _common._RELATED.items():
            value = event.get(name)
            if value is None:
                continue
            missing = [
                one for one in (value if isinstance(value, list) else [value]) if one not in event.get(target, [])
            ]
            assert not missing, f"{name} is not in {target}: {missing}"
