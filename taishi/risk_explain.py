"""`taishi risk explain`: the sum behind one risk number, line by line, down to the reasons of an incident.

Shares multiply down: a line's share is its parent's, times its part in the parent's contributions. Lines below a line sum to
it; what is left out for brevity is summed in a line of its own. Shares are Euler (Aumann–Shapley) shares, see docs/spec/risk.md.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import orjson
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from taishi.compose import build_records
from taishi.errors import NotFound
from taishi.records.tables import Division, Enterprise, Incident, Park, Risk
from taishi.reference import industries
from taishi.risk.weights import weights
from taishi.scope import EVERYTHING
from taishi.settings import Settings

KINDS: Final = ("enterprise", "industry", "park", "asset")
NOT_INDEXED: Final = {"coverage", "others", "exposure", "vulnerability", "other_assets"}
WORDS: Final = {
    "coverage": "监测未覆盖部分 not covered by monitoring",
    "others": "其余各项 all others",
    "other_assets": "未登记资产 assets not in the inventory",
    "rest": "其余 the rest",
}


@dataclass(slots=True)
class Line:
    """`share` of the number at the top, 0–1; `value` is the thing's own index or risk, 0–100, None where it has none."""

    kind: str
    key: str
    name: str
    share: float
    value: float | None
    parts: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Explained:
    """The index at the top, 0–100, with its interval, and its parts."""

    kind: str
    key: str
    name: str
    low: float
    mid: float
    high: float
    coverage: float
    insufficient: bool
    at: float
    parts: list[Line]


def resolve(session: Session, wanted: str) -> tuple[str, str]:
    """Kind and key of a division's code or name, or of `enterprise:ID`, `industry:C36`, `park:ID`, `asset:ID`. Raises NotFound."""
    kind, colon, key = wanted.partition(":")
    if colon and kind in KINDS:
        return kind, key
    found = session.scalars(
        select(Division)
        .where(or_(Division.code == wanted, Division.name == wanted, Division.name_en == wanted))
        .order_by(Division.code)
    ).all()
    if not found:
        raise NotFound(
            f"{wanted}: no division has this code or name; enterprises are written enterprise:ID, industries industry:C36, "
            "parks park:ID, assets asset:ID"
        )
    if len(found) > 1:
        raise NotFound(
            f"{wanted}: several divisions have this name; use a code: {', '.join(one.code for one in found)}"
        )
    return found[0].level, found[0].code


def explain(session: Session, kind: str, key: str, depth: int, most: int) -> Explained:
    """`depth` levels of parts, at most `most` lines below each and one for the rest. Raises NotFound."""
    row = _index(session, kind, key)
    if row is None:
        raise NotFound(f"there is no risk index of {kind} {key} yet; the processor computes it every few seconds")
    return Explained(
        kind, key, _name(session, kind, key), row.low * 100, row.mid * 100, row.high * 100, row.coverage,
        row.coverage < weights().rollup["insufficient"], row.at, _lines(session, row.parts, 1.0, depth, most),
    )  # fmt: skip


def _index(session: Session, kind: str, key: str) -> Risk | None:
    return session.scalar(select(Risk).where(Risk.kind == kind, Risk.key == key))


def _name(session: Session, kind: str, key: str) -> str:
    if kind == "industry":
        return " ".join(dict.fromkeys(industries.label(key)))
    table: Any = {"enterprise": Enterprise, "park": Park}.get(kind, Division if kind != "asset" else None)
    row = session.get(table, key) if table is not None else None
    return f"{row.name} {row.name_en}".strip() if row is not None else key


def _lines(session: Session, parts: list[Any], share: float, depth: int, most: int) -> list[Line]:
    """`share` of the top number that these parts make up together."""
    total = sum(float(part["contribution"]) for part in parts)
    if depth <= 0 or total <= 0:
        return []
    ordered = sorted(parts, key=lambda part: -float(part["contribution"]))
    lines = [_line(session, part, share * float(part["contribution"]) / total, depth, most) for part in ordered[:most]]
    rest = sum(float(part["contribution"]) for part in ordered[most:])
    if rest > 0:
        lines.append(Line("rest", "", f"{WORDS['rest']} ({len(ordered) - most})", share * rest / total, None))
    return lines


def _line(session: Session, part: dict[str, Any], share: float, depth: int, most: int) -> Line:
    kind, key = str(part["kind"]), str(part["key"])
    line = Line(kind, key, WORDS.get(kind, str(part.get("name") or key)), share, float(part["value"]) * 100)
    if kind == "incident":
        line.parts = _reasons(session, key, share, depth - 1, most)
    elif part.get("parts"):
        line.parts = _lines(session, part["parts"], share, depth - 1, most)
    elif kind not in NOT_INDEXED and (row := _index(session, kind, key)) is not None:
        # What coverage adds to the part's own number is no part of what it gives to the whole.
        seen = [inner for inner in row.parts if inner["kind"] != "coverage"]
        line.parts = _lines(session, seen, share, depth - 1, most)
    return line


def _reasons(session: Session, identity: str, share: float, depth: int, most: int) -> list[Line]:
    """The additive reasons of an incident, each with the meta-alert whose evidence it is."""
    incident = session.get(Incident, identity)
    if incident is None or depth <= 0:
        return []
    given = [(reason, float(reason.get("share", 0.0))) for reason in incident.reasons]
    total = sum(amount for _, amount in given)
    ordered = sorted((pair for pair in given if pair[1] > 0), key=lambda pair: -pair[1])
    lines = [
        Line(
            "meta_alert",
            str(r.get("meta_id", "")),
            str(r.get("text_zh") or r.get("code")),
            share * amount / total,
            None,
        )
        for r, amount in ordered[:most]
    ]
    rest = sum(amount for _, amount in ordered[most:])
    if rest > 0:
        lines.append(Line("rest", "", f"{WORDS['rest']} ({len(ordered) - most})", share * rest / total, None))
    return lines


def run(settings: Settings, wanted: str, depth: int, most: int, *, as_json: bool) -> None:
    """Print it. Raises NotFound and RecordsError."""
    records = build_records(settings)
    try:
        with records.read(EVERYTHING) as session:
            found = explain(session, *resolve(session, wanted), depth, most)
    finally:
        records.close()
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print(found)


def _print(found: Explained) -> None:
    console = Console(soft_wrap=True)
    doubt = "  [bold]数据不足 insufficient data[/]" if found.insufficient else ""
    tree = Tree(
        f"[bold]{escape(found.name)}[/]  {found.mid:.1f}  [{found.low:.1f} – {found.high:.1f}]  "
        f"覆盖率 coverage {found.coverage:.0%}{doubt}".replace(f"[{found.low:.1f}", f"\\[{found.low:.1f}")
    )
    _grow(tree, found.parts, found.mid)
    console.print(tree)
    console.print(f"{len(found.parts)} 项合计 sum: {sum(line.share for line in found.parts):.1%} = {found.mid:.1f}")


def _grow(tree: Tree, lines: list[Line], top: float) -> None:
    for line in lines:
        own = "" if line.value is None else f"  [dim]({line.value:.1f})[/]"
        _grow(tree.add(f"{line.share:6.1%}  {line.share * top:5.2f}  {escape(line.name)}{own}"), line.parts, top)
