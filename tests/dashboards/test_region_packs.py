"""The maps and the table of divisions know the same places, today's places."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from taishi.reference import divisions

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "region_packs.py"


@pytest.fixture(scope="module")
def packs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("region_packs", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def shapes(packs: ModuleType) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = packs.outlines("city") | packs.outlines("district")
    return found


def _codes(pack: dict[str, Any]) -> set[str]:
    return {feature["properties"]["adcode"] for feature in pack["features"]}


@pytest.mark.parametrize(("province", "children", "leaves"), [("330000", 11, 90), ("120000", 16, 16)])
def test_every_place_has_an_outline(
    packs: ModuleType, shapes: dict[str, dict[str, Any]], province: str, children: int, leaves: int
) -> None:
    top = packs.pack(province, shapes)
    assert _codes(top) == {child.code for child in divisions.children(province)}
    assert len(top["features"]) == children
    below = [_codes(packs.pack(code, shapes)) for code in sorted(_codes(top))]
    counties = set().union(*below) or _codes(top)
    assert counties == {leaf.code for leaf in divisions.leaves(province)}
    assert len(counties) == leaves


def test_abolished_counties_are_gone_and_new_ones_there(packs: ModuleType, shapes: dict[str, dict[str, Any]]) -> None:
    hangzhou, ningbo, wenzhou = (_codes(packs.pack(code, shapes)) for code in ("330100", "330200", "330300"))
    assert {"330113", "330114"} <= hangzhou
    assert not {"330103", "330104"} & hangzhou
    assert "330213" in ningbo
    assert "330383" in wenzhou


def test_names_lie_inside_the_box_of_their_place(packs: ModuleType, shapes: dict[str, dict[str, Any]]) -> None:
    for feature in packs.pack("330000", shapes)["features"]:
        rings = list(packs.rings(feature["geometry"]))
        x, y = feature["properties"]["center"]
        assert min(p[0] for ring in rings for p in ring) <= x <= max(p[0] for ring in rings for p in ring)
        assert min(p[1] for ring in rings for p in ring) <= y <= max(p[1] for ring in rings for p in ring)
