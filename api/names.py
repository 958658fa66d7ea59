"""Names for the ids that rows carry: divisions, enterprises, people, industries, looked up once for a whole page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.common import EnterpriseRef, RegionRef
from taishi.records.tables import Division, Enterprise, Person


def division_ref(division: Division) -> RegionRef:
    level: Any = division.level
    return RegionRef(code=division.code, name=division.name, name_en=division.name_en, level=level)


def region_refs(session: Session, codes: Iterable[str]) -> dict[str, RegionRef]:
    """A reference for every code; one without a row of its own is named by its code."""
    wanted = set(codes)
    rows = session.scalars(select(Division).where(Division.code.in_(wanted)))
    found = {row.code: division_ref(row) for row in rows}
    for code in wanted - found.keys():
        found[code] = RegionRef(code=code, name=code, name_en=code, level="county")
    return found


def region_path(session: Session, code: str) -> list[RegionRef]:
    """From the root down to the division itself."""
    path: list[RegionRef] = []
    while code and len(path) < 4:
        division = session.get(Division, code)
        if division is None:
            break
        path.append(division_ref(division))
        code = division.parent
    return path[::-1]


def enterprise_ref(enterprise: Enterprise) -> EnterpriseRef:
    return EnterpriseRef(
        id=enterprise.id,
        name=enterprise.name,
        name_en=enterprise.name_en,
        region=enterprise.region,
        industry=enterprise.industry,
    )


def enterprise_refs(session: Session, ids: Iterable[str]) -> dict[str, EnterpriseRef]:
    """References within the session's scope, so nothing foreign gets a name."""
    wanted = set(ids)
    rows = session.scalars(select(Enterprise).where(Enterprise.id.in_(wanted)))
    found = {row.id: enterprise_ref(row) for row in rows}
    for missing in wanted - found.keys():
        found[missing] = EnterpriseRef(id=missing, name=missing, name_en=missing, region="", industry="")
    return found


def person_names(session: Session, logins: Iterable[str]) -> dict[str, str]:
    """Login → name; a login without a person (the engine, somebody gone) names itself."""
    wanted = {login for login in logins if login}
    rows = session.execute(select(Person.login, Person.name).where(Person.login.in_(wanted)))
    found = dict(rows.all())
    return {login: found.get(login, login) for login in wanted}
