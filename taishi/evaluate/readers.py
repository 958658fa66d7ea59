"""Labelled sets from a folder, told apart by what their files hold.

* AIT Alert Data Set (Landauer et al., 2022; zenodo 8263181): `<scenario>_alerts.txt|csv[.gz]` with a header line.
* AIT-ADS-A, the augmented set of AlertBERT: `<scenario>-<day|attack>.json[.gz]` segments and recipes (`configs/*.json`).
* Suricata alerts of the CPTC exercises: search-engine exports, concatenated JSON, newest first, no labels.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from json import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import Any

import orjson

from collectors.framing import Frame
from collectors.normalise import Reader
from collectors.sources import SourceInfo
from taishi import clock
from taishi.errors import ConfigError
from taishi.evaluate.labelled import NOISE, Labelled, Scenario, sensor_alert

COLUMNS = {"time", "name", "host", "event_label"}
SEGMENT = {"time", "name", "host", "event_label"}


def text_of(path: Path) -> str:
    """The content of a plain or gzip file. Raises ConfigError."""
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def files_below(folder: Path) -> list[Path]:
    """Every file that a reader may want, in order of path. Raises ConfigError where the folder is none."""
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; --data names the folder of a labelled set")
    wanted = (".txt", ".csv", ".json", ".gz")
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in wanted)


def stem(path: Path) -> str:
    """The name without compression and kind."""
    name = path.name.removesuffix(".gz")
    return name.rpartition(".")[0] or name


# ---------------------------------------------------------------- AIT-ADS


def is_alert_table(path: Path) -> bool:
    """A CSV file with the columns of AIT-ADS."""
    if path.name.removesuffix(".gz").rpartition(".")[2] not in {"txt", "csv"}:
        return False
    return set(text_of(path)[:2000].split("\n", 1)[0].strip().split(",")) >= COLUMNS


def alert_table(path: Path) -> Scenario:
    """Raises ConfigError on a line that is no alert."""
    alerts = []
    for index, row in enumerate(csv.DictReader(io.StringIO(text_of(path)))):
        try:
            fields = sensor_alert(row["name"], row["host"], row.get("ip") or "")
            alerts.append(Labelled(index, float(row["time"]), row["event_label"] or NOISE, fields))
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{path}, alert {index}: {error!r} is no alert of AIT-ADS") from error
    if not alerts:
        raise ConfigError(f"{path} holds no alerts")
    return Scenario(stem(path).removesuffix("_alerts"), alerts)


# ---------------------------------------------------------------- AIT-ADS-A


def _json(path: Path) -> Any:
    try:
        return orjson.loads(text_of(path))
    except orjson.JSONDecodeError:
        return None


def is_segment(path: Path) -> bool:
    """A JSON array of alerts with labels."""
    if ".json" not in path.name or text_of(path).lstrip()[:1] != "[":
        return False
    rows = _json(path)
    return isinstance(rows, list) and bool(rows) and isinstance(rows[0], dict) and rows[0].keys() >= SEGMENT


def segment(path: Path) -> list[dict[str, Any]]:
    """The rows, with their seconds since the segment began under `raw_time`."""
    rows: list[dict[str, Any]] = _json(path)
    return [{**row, "raw_time": float(row.get("raw_time", row["time"]))} for row in rows]


def recipe(path: Path) -> dict[str, Any] | None:
    """A configuration: which segments make which days of which split."""
    if ".json" not in path.name or text_of(path).lstrip()[:1] != "{":
        return None
    found = _json(path)
    splits = isinstance(found, dict) and any(isinstance(found.get(split), list) for split in ("train", "val", "test"))
    return found if splits else None


# ---------------------------------------------------------------- CPTC


def _documents(text: str) -> Iterator[dict[str, Any]]:
    """Concatenated JSON values; arrays are opened."""
    decoder, place = JSONDecoder(), 0
    while place < len(text):
        while place < len(text) and text[place] in " \r\n\t,\ufeff":
            place += 1
        if place == len(text):
            return
        found, place = decoder.raw_decode(text, place)
        yield from (one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict))


def exported_alerts(path: Path) -> Scenario | None:
    """Suricata records inside a search engine's export; None where the file is something else."""
    if ".json" not in path.name or '"_raw"' not in text_of(path)[:4000]:
        return None
    try:
        raws = [found["result"]["_raw"] for found in _documents(text_of(path)) if "_raw" in found.get("result", {})]
    except (JSONDecodeError, AttributeError, TypeError):
        return None
    reader = Reader(SourceInfo("cptc", "cptc", "suricata", "UTC", "", "", "active", 1e9))
    last = max((_stamp(raw) for raw in raws), default=0.0)
    batch = reader.batch([Frame(raw.encode()) for raw in raws], "evaluation", last + 1.0)
    alerts = [
        Labelled(index, clock.to_seconds(event["@timestamp"]), "", event)
        for index, event in enumerate(batch.events)
        if event.get("event.kind") == "alert"
    ]
    return Scenario(stem(path), alerts) if alerts else None


def _stamp(raw: str) -> float:
    try:
        return clock.to_seconds(orjson.loads(raw)["timestamp"].replace("+0000", "+00:00"))
    except (orjson.JSONDecodeError, KeyError, ValueError):
        return 0.0
