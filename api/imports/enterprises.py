"""Rows of enterprises: checked against divisions, parks and industries, then written."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.imports.checked import Checked, checked
from api.imports.columns import ENTERPRISES
from api.imports.files import Line
from api.services import Services
from taishi.clock import now
from taishi.records.tables import Change, Division, Enterprise, Park
from taishi.reference import industries
from taishi.scope import EVERYTHING
from taishi.security import audit

KINDS = ("industrial", "platform", "identifier")
AUTHORITIES = ("miit", "ca", "cac", "mps")
FIXED = {"region": "行政区划", "authority": "主管部门"}
"""Everything that belongs to an enterprise carries these; an import does not move it."""


def plan(services: Services, session: Session, caller: Caller, lines: list[Line]) -> list[Checked]:
    found = [checked(line, ENTERPRISES) for line in lines]
    counts = Counter(one.values.get("id") for one in found)
    mine = _by_id(session, [one.values["id"] for one in found if "id" in one.values])
    taken = _taken(services, set(counts) - {None} - set(mine))
    places = _Places(session)
    for one in found:
        if counts[one.values.get("id")] > 1:
            one.wrong("id", "本文件中重复", "is there twice in this file")
        if one.values.get("id") in taken:
            one.wrong("id", "编号已被使用，或不在您的管辖范围", "is in use already, outside your scope")
        places.check(one)
        _check(one)
        _compare(one, mine.get(one.values.get("id", "")), caller)
    return found


def _by_id(session: Session, ids: list[str]) -> dict[str, Enterprise]:
    rows: dict[str, Enterprise] = {}
    for at in range(0, len(ids), 500):
        chosen = select(Enterprise).where(Enterprise.id.in_(ids[at : at + 500]))
        rows |= {row.id: row for row in session.scalars(chosen)}
    return rows


def _taken(services: Services, ids: set[Any]) -> set[str]:
    """Ids of enterprises that the caller may not see: an id can be given only once, and that much has to be said."""
    wanted, found = sorted(ids), set[str]()
    with services.records.read(EVERYTHING) as session:
        for at in range(0, len(wanted), 500):
            found |= set(session.scalars(select(Enterprise.id).where(Enterprise.id.in_(wanted[at : at + 500]))))
    return found


class _Places:
    """Counties and parks by code or id, and by name where the name is one's alone."""

    def __init__(self, session: Session) -> None:
        counties = session.scalars(select(Division).where(Division.level == "county")).all()
        parks = session.scalars(select(Park)).all()
        names = Counter(one.name for one in counties)
        park_names = Counter(one.name for one in parks)
        self.counties = {one.code: one.code for one in counties}
        self.counties |= {one.name: one.code for one in counties if names[one.name] == 1}
        self.parks = {one.id: one.id for one in parks} | {
            one.name: one.id for one in parks if park_names[one.name] == 1
        }

    def check(self, one: Checked) -> None:
        given = one.values.get("region")
        if given is not None:
            code = self.counties.get(given)
            if code is None:
                one.wrong(
                    "region",
                    "应为本省区县的六位代码，或唯一的区县名",
                    "must be the code, or the unambiguous name, of a county",
                )
            else:
                one.values["region"] = code
        park = one.values.pop("park", None)
        if park is not None:
            known = self.parks.get(park)
            if known is None:
                one.wrong("park", "没有这个园区", "there is no such park")
            one.values["park_id"] = known


def _check(one: Checked) -> None:
    industry = one.values.get("industry")
    if industry is not None and (not re.fullmatch(r"[A-T][0-9]{0,4}", industry) or industries.find(industry) is None):
        one.wrong("industry", "应为 GB/T 4754 代码，如 C34", "must be a code of GB/T 4754, such as C34")
    one.choose("kind", KINDS)
    one.choose("level", ("1", "2", "3"))
    one.choose("authority", AUTHORITIES)
    if one.values.get("level") in {"1", "2", "3"}:
        one.values["level"] = int(one.values["level"])


def _compare(one: Checked, stored: Enterprise | None, caller: Caller) -> None:
    if stored is not None:
        one.differs(stored)
        for name, zh in FIXED.items():
            if name in one.changed and not any(problem.column == name for problem in one.problems):
                one.wrong(
                    name,
                    f"导入不能更改已登记的{zh}",
                    f"an import does not change the {name}",
                )
        return
    one.values.setdefault("kind", "industrial")
    one.values.setdefault("authority", "miit")
    region, own = str(one.values.get("region", "")), str(one.values.get("id", ""))
    if not one.problems and not caller.scope.allows(region, own, str(one.values["authority"])):
        one.wrong("region", "不在您的管辖范围", "lies outside your scope")


def apply(session: Session, caller: Caller, rows: list[Checked]) -> None:
    at = now()
    for one in rows:
        if one.stored is None:
            session.add(Enterprise(**one.values, created_at=at))
        elif one.changed:
            for name in one.changed:
                setattr(one.stored, name, one.values[name])
            one.stored.version += 1
        else:
            continue
        _tell(session, caller, one, at)


def _tell(session: Session, caller: Caller, one: Checked, at: float) -> None:
    session.flush()
    stored = one.stored if one.stored is not None else session.get_one(Enterprise, one.values["id"])
    session.add(
        Change(at=at, kind="enterprise", object_id=stored.id, enterprise_id=stored.id, region=stored.region,
               authority=stored.authority)
    )  # fmt: skip
    fields = sorted(one.changed if one.stored is not None else one.values)
    action = "enterprise.change" if one.stored is not None else "enterprise.create"
    audit.append(
        session, at=at, actor=caller.login, action=action, object_kind="enterprise", object_id=stored.id,
        detail={"by": "import", "fields": fields},
    )  # fmt: skip
