"""An import: all rows checked, and written together or not at all."""

from __future__ import annotations

from collections import Counter

from api.dependencies import Caller
from api.imports import enterprises, files, sources
from api.imports.checked import Checked
from api.imports.columns import Kind
from api.imports.schemas import ImportResult, ImportRow, MadeKey, Outcome
from api.services import Services


def run(services: Services, caller: Caller, kind: Kind, data: bytes, *, wanted: bool) -> ImportResult:
    """Says what would be done, and does it where `wanted` and every row is good. Raises Invalid for an unreadable file."""
    lines = files.read(kind, data)
    keys: list[MadeKey] = []
    with services.records.write(caller.scope) as session:
        planned = (enterprises if kind == "enterprises" else sources).plan(services, session, caller, lines)
        shown = [_row(kind, one) for one in planned]
        done = wanted and bool(planned) and not any(one.problems for one in planned)
        if done and kind == "enterprises":
            enterprises.apply(session, caller, planned)
        elif done:
            keys = sources.apply(session, caller, planned)
    counts = Counter(row.change for row in shown)
    return ImportResult(
        kind=kind,
        applied=done,
        created=counts["create"],
        updated=counts["update"],
        same=counts["same"],
        wrong=counts["wrong"],
        rows=shown,
        keys=keys,
    )


def _row(kind: Kind, one: Checked) -> ImportRow:
    change: Outcome = (
        "wrong" if one.problems else "create" if one.stored is None else "update" if one.changed else "same"
    )
    key = one.values.get("id" if kind == "enterprises" else "enterprise_id", "")
    return ImportRow(
        line=one.line.number,
        key=str(key),
        name=str(one.values.get("name", "")),
        change=change,
        changed=list(one.changed),
        problems=one.problems,
    )
