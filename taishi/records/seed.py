"""What a fresh platform needs before anybody works with it: the divisions of its region."""

from __future__ import annotations

from taishi.records.port import Records
from taishi.records.tables import Division
from taishi.reference import divisions
from taishi.scope import EVERYTHING


def seed_divisions(records: Records, region: str) -> int:
    """Bring the divisions of `region` and below to what the reference table says; returns how many there are.

    The region itself is the root: its parent is empty. Safe to repeat; raises NotFound for an unknown region."""
    wanted = divisions.subtree(region)
    with records.write(EVERYTHING) as session:
        for division in wanted:
            session.merge(
                Division(
                    code=division.code,
                    parent="" if division.code == wanted[0].code else division.parent,
                    level=division.level,
                    name=division.name,
                    name_en=division.name_en,
                )
            )
    return len(wanted)
