"""`make conformance`: product by product, what the collectors make of real logs and of the project's samples.

Prints lines, the share read by a product's own parser, quarantined, wrongly named, and precision and recall of core fields
against expected documents: all core ones, and (strict) addresses, ports, users, hosts and hashes. A line that makes no event,
no quarantine record and no counted header would be lost: that must be zero, else the command fails.
Real logs are at `TAISHI_CORPUS`, else ../shared/corpus beside the checkout; without them the report says so.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from collectors import registry
from collectors.framing import Frame
from collectors.normalise import Reader
from collectors.sources import SourceInfo
from taishi.event import Event
from tests.collectors.parsers.corpus_products import CORE, READERS, STRICT, Product
from tests.collectors.parsers.corpus_sources import ROOT, XP, Line
from tests.collectors.parsers.support import cases, expected_path

SOURCE = SourceInfo("conformance", "e1", "", "UTC", "", "security", "active", 1e9)
RECEIVED_AT = 1_700_000_000.0
SHOWN = 12


@dataclass(slots=True)
class Score:
    """`given`, `wanted` and `agreed` count fields that the truth speaks of: precision = agreed/given, recall = agreed/wanted."""

    name: str
    lines: int = 0
    own: int = 0
    quarantined: int = 0
    headers: int = 0
    wrong: int = 0
    lost: int = 0
    given: int = 0
    wanted: int = 0
    agreed: int = 0
    strict_wanted: int = 0
    strict_agreed: int = 0
    troubles: Counter[str] = field(default_factory=Counter)

    def row(self) -> dict[str, Any]:
        return {
            "product": self.name, "lines": self.lines, "own": _share(self.own, self.lines - self.quarantined - self.headers),
            "quarantined": self.quarantined, "wrong product": self.wrong, "lost": self.lost,
            "recall": _share(self.agreed, self.wanted), "precision": _share(self.agreed, self.given),
            "strict recall": _share(self.strict_agreed, self.strict_wanted), "fields": self.wanted,
        }  # fmt: skip


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list) and len(wanted) == 1:
        wanted = wanted[0]
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if isinstance(found, str) and isinstance(wanted, str) and found[:19] == wanted[:19] and found[10:11] == "T":
        return True  # the same time to the second
    return str(found).strip().lower() == str(wanted).strip().lower()


def _compare(score: Score, event: Event, line: Line) -> None:
    for name, wanted in line.truth.items():
        target = XP.get(name, name)
        names = (target,) if isinstance(target, str) else target
        found = [event[each] for each in names if event.get(each) not in (None, "", [])]
        agreed = any(_same(each, wanted) for each in found)
        strict = any(each in STRICT for each in names)
        score.wanted += 1
        score.given += bool(found)
        score.agreed += agreed
        score.strict_wanted += strict
        score.strict_agreed += strict and agreed
        if not agreed:
            shown = found[0] if found else None
            score.troubles[f"{name}: wanted {wanted!r:.60}, found {shown!r:.60} [{event['taishi.parser']}]"] += 1


def _named(event: Event) -> str:
    return f"{event.get('observer.vendor', '')} {event.get('observer.product', '')} {event['taishi.parser']}".lower()


def measure(product: Product) -> Score:
    """Read the lines as one connection of an unnamed source would be read."""
    score = Score(product.name)
    reader, group = Reader(SOURCE), ""
    for number, line in enumerate(product.lines):
        if line.group and line.group != group:
            reader, group = Reader(SOURCE), line.group
        batch = reader.batch([Frame(line.text.encode("utf-8", "surrogatepass"))], f"d{number}", RECEIVED_AT)
        score.lines += 1
        if batch.quarantined:
            score.quarantined += 1
            score.troubles[f"quarantined: {batch.quarantined[0].reason:.60}: {line.text:.80}"] += 1
        elif not batch.events:
            score.headers += batch.suppressed
            score.lost += not batch.suppressed
        else:
            _read(score, product, line, batch.events)
    return score


def _read(score: Score, product: Product, line: Line, events: list[Event]) -> None:
    parser = events[0]["taishi.parser"]
    if parser == registry.GENERIC:
        score.troubles[f"generic: {line.text:.100}"] += 1
    else:
        score.own += 1
        if product.marks and not any(mark in _named(events[0]) for mark in product.marks):
            score.wrong += not parser.startswith(("cef", "leef", "linux", "ecs", "ocsf"))
            score.troubles[f"named {_named(events[0]):.60}: {line.text:.80}"] += 1
    _compare(score, events[0], line)


def samples() -> Iterator[Product]:
    """The project's own: a line that another parser takes is a wrong product."""
    grouped: dict[str, list[Line]] = {}
    for parser, path in cases():
        for text in path.read_text("utf-8").split("\n"):
            if text.strip():
                grouped.setdefault(parser, []).append(Line(text, group=str(path)))
        json.loads(expected_path(path).read_bytes())
    for parser, lines in sorted(grouped.items()):
        yield Product(f"sample {parser}", lines)


def scores(folder: Path | None) -> Iterator[Score]:
    for product in samples():
        yield measure(product)
    for read in READERS if folder is not None else ():
        for product in read(folder) if folder is not None else ():
            if product.lines:
                yield measure(product)


def total(found: list[Score], name: str) -> Score:
    whole = Score(name)
    for one in found:
        for key in (
            "lines",
            "own",
            "quarantined",
            "headers",
            "wrong",
            "lost",
            "given",
            "wanted",
            "agreed",
            "strict_wanted",
            "strict_agreed",
        ):
            setattr(whole, key, getattr(whole, key) + getattr(one, key))
    return whole


def _text(value: Any) -> str:
    return "–" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def main() -> int:
    given = argparse.ArgumentParser(prog="make conformance", description=__doc__)
    given.add_argument("--only", default="", help="products whose name contains this, with their troubles")
    given.add_argument("--json", action="store_true")
    options = given.parse_args()
    folder = Path(os.environ.get("TAISHI_CORPUS", ROOT.parent / "shared" / "corpus")) / "given"
    if not folder.is_dir():
        sys.stderr.write("The corpus of real logs is absent (TAISHI_CORPUS): the project's own samples only.\n")
    found = [one for one in scores(folder if folder.is_dir() else None) if options.only in one.name]
    kinds = [
        kind
        for kind in ("beats", "cn", "crowdsec", "sc4s", "sample")
        if any(one.name.startswith(f"{kind} ") for one in found)
    ]
    found += [total([one for one in found if one.name.startswith(f"{kind} ")], f"all {kind}") for kind in kinds]
    if not found:
        sys.stderr.write(f"no product is named like {options.only!r}\n")
        return 1
    if options.json:
        sys.stdout.write(orjson.dumps([one.row() for one in found], option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        heads = list(found[0].row())
        sys.stdout.write(f"{heads[0]:44}" + "".join(f"{head:>14}" for head in heads[1:]) + "\n")
        for one in found:
            cells = list(one.row().values())
            sys.stdout.write(f"{cells[0][:43]:44}" + "".join(f"{_text(cell):>14}" for cell in cells[1:]) + "\n")
            if options.only:
                sys.stdout.write("".join(f"    {count:5} {text}\n" for text, count in one.troubles.most_common(SHOWN)))
    return 1 if any(one.lost for one in found) else 0


assert set(STRICT) <= set(CORE)

if __name__ == "__main__":
    sys.exit(main())
