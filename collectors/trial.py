"""How pasted records would be read: the collectors' own reader on them, and a first mapping to begin from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from collectors import registry
from collectors.framing import Frame
from collectors.mapping import Flat, Mapped, cells
from collectors.normalise import Reader
from collectors.parser import Framed, Received
from collectors.parsers._generic_names import ALIASES, TIMES
from collectors.parsers.generic import plain
from collectors.sources import SourceInfo
from collectors.syslog_header import read_header
from taishi import clock
from taishi.errors import ParseError
from taishi.mapping import Csv, FieldMap, Form, Mapping, Pairs, check_target
from taishi.trial import MAX_SAMPLE, FoundKey, ParserInfo, Tried, TriedRecord

MAX_RECORDS: Final = 200
"""Pasted records that are read; the first ones."""
MAX_EXAMPLES: Final = 3
MAX_KEYS: Final = 300
NAME: Final = "map:preview"


class CollectorTrial:
    """Implements `taishi.trial.Trial`. Nothing is kept between calls."""

    def parsers(self) -> list[ParserInfo]:
        return [ParserInfo(one.name, one.product, one.data_kind) for one in registry.all()]

    def read(
        self, sample: str, *, parser: str = "", mapping: Mapping | None = None, timezone: str = "Asia/Shanghai"
    ) -> Tried:
        made = Mapped(NAME, mapping) if mapping is not None else None
        reader = Reader(
            SourceInfo(
                "", "", parser, timezone, "", mapping.data_kind if mapping else "", "active", 0.0,
                mapping=made.parser() if made else None,
            )
        )  # fmt: skip
        at = clock.now()
        texts = records_of(sample, mapping.form if mapping else None)
        found = Tried([_tried(reader, text, number, at) for number, text in enumerate(texts)])
        if made is not None:
            found.keys = _keys(made, texts, Received(at, timezone))
        return found

    def draft(self, sample: str) -> Mapping | None:
        texts = records_of(sample, None)
        for spec in _guesses(texts):
            keys = _keys(Mapped(NAME, spec), texts, Received(clock.now()))
            wanted: dict[str, FieldMap] = {}
            for one in keys:
                if one.suggestion and one.suggestion not in wanted:
                    wanted[one.suggestion] = FieldMap(key=one.key, to=one.suggestion)
            if keys:
                chosen = list(wanted.values()) or [FieldMap(key=keys[0].key, to="message")]
                return spec.model_copy(update={"fields": chosen})
        return None


def records_of(sample: str, form: Form | None) -> list[str]:
    """The records of pasted text: the whole where it is one document, else its lines."""
    whole = sample[:MAX_SAMPLE].strip("\ufeff \r\n")
    if "\n" in whole and form in {None, "json"} and whole[:1] in {"{", "["}:
        try:
            orjson.loads(whole)
        except orjson.JSONDecodeError:
            pass  # one document a line
        else:
            return [whole]
    if form in {None, "xml"} and whole.startswith("<?xml"):
        return [whole]
    lines = [line.rstrip("\r") for line in whole.split("\n") if line.strip()]
    if form == "xml" and lines and not all(line.rstrip().endswith(">") and "</" in line for line in lines):
        return [whole]
    return lines[:MAX_RECORDS]


def _tried(reader: Reader, text: str, number: int, at: float) -> TriedRecord:
    batch = reader.batch([Frame(text.encode("utf-8", "replace"))], f"preview-{number}", at)
    if batch.quarantined:
        one = batch.quarantined[0]
        return TriedRecord(text, one.parser, (), one.reason)
    parser = str(batch.events[0].get("taishi.parser", "")) if batch.events else ""
    return TriedRecord(text, "" if parser == NAME else parser, tuple(batch.events))


def _keys(made: Mapped, texts: Sequence[str], received: Received) -> list[FoundKey]:
    examples: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    names = list(made.spec.csv.columns)
    for text in texts:
        for flat in _flats(made, text, names, received):
            for key, value in flat.items():
                if key not in counts and len(counts) >= MAX_KEYS:
                    continue
                counts[key] = counts.get(key, 0) + 1
                kept = examples.setdefault(key, [])
                said = str(value)[:200]
                if said and said not in kept and len(kept) < MAX_EXAMPLES:
                    kept.append(said)
    return [
        FoundKey(key, tuple(examples[key]), count, _suggestion(key, examples[key])) for key, count in counts.items()
    ]


def _flats(made: Mapped, text: str, names: list[str], received: Received) -> list[Flat]:
    """A record's values; none where it cannot be taken apart (the reading says why) or is a header line."""
    try:
        framed: Framed = read_header(text, received)
        if made.spec.form == "csv" and not made.spec.csv.columns and not names:
            row = cells(made.spec.csv, framed.body or framed.text)
            if len(row) > 1 and looks_like_header(row):
                names.extend(row)
                return []
        flats = made.apart(framed, received, names)[1]
    except ParseError:
        return []
    return [{key: value for key, value in flat.items() if not (names and key[:1] == "#")} for flat in flats]


def looks_like_header(row: Sequence[str]) -> bool:
    """Names only: no cell holds a figure, an address or a long text, and none comes twice."""
    return len(set(row)) == len(row) and all(
        cell and len(cell) <= 60 and not any(part.isdecimal() for part in cell.replace(".", " ").split())
        for cell in row
    )


def _suggestion(key: str, examples: Sequence[str]) -> str:
    """The field that a key's name stands for, where the first example can be read as it."""
    last = key.rpartition(".")[2].lstrip("@")
    if plain(last) in TIMES or plain(key) in TIMES:
        return "@timestamp"
    try:
        return check_target(key)
    except ValueError:
        pass  # the product's own name: look it up
    for name in (plain(key), plain(last)):
        known = ALIASES.get(name)
        if known is not None and (not examples or known[1](examples[0]) is not None):
            return known[0]
    return ""


def _guesses(texts: Sequence[str]) -> list[Mapping]:
    """Forms that the first record may have, the likeliest first. Every mapping needs a field; `message` stands in."""
    if not texts:
        return []
    begin = read_header(texts[0], Received(0.0)).body.lstrip("\ufeff ")
    stand_in = (FieldMap(key="message", to="message"),)
    found: list[Mapping] = []
    if begin[:1] in {"{", "["}:
        found.append(Mapping(form="json", fields=list(stand_in)))
    if begin[:1] == "<":
        found.append(Mapping(form="xml", fields=list(stand_in)))
    if begin.count("=") >= 2:
        between = max(("|", ";", "\t", "&"), key=begin.count)
        parted = begin.count(between) >= begin.count("=") - 1
        found.append(Mapping(form="pairs", pairs=Pairs(between=between if parted else ""), fields=list(stand_in)))
    delimiter = max((",", ";", "\t", "|"), key=begin.count)
    if begin.count(delimiter) >= 1:
        found.append(Mapping(form="csv", csv=Csv(delimiter=delimiter), fields=list(stand_in)))
    return found
