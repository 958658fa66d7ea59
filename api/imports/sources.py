"""Rows of sources: known by enterprise and name; checked as a single source is, then written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.imports.checked import Checked, checked
from api.imports.columns import SOURCES
from api.imports.files import Line
from api.imports.schemas import MadeKey
from api.problems import Invalid
from api.services import Services
from api.sources.changes import check, check_parser, written
from taishi.clock import now
from taishi.records.tables import Enterprise, Source
from taishi.security.keys import hash_key, new_key

TRANSPORTS = ("syslog", "http", "file")
DATA_KINDS = ("identifier", "network", "platform", "security", "third_party")
MAX_ADDRESSES = 64
_WORDS = {
    "timezone": "不是有效的 IANA 时区",
    "encoding": "不认识的编码",
    "addresses": "含有不是地址或 CIDR 网段的内容",
    "parser": "没有这个解析器或映射",
}


def plan(services: Services, session: Session, caller: Caller, lines: list[Line]) -> list[Checked]:
    found = [checked(line, SOURCES) for line in lines]
    owners = _owners(session, sorted({one.values["enterprise_id"] for one in found if "enterprise_id" in one.values}))
    counts = Counter(_key(one) for one in found)
    stored = {(row.enterprise_id, row.name): row for row in _stored(session, sorted(owners))}
    for one in found:
        if counts[_key(one)] > 1:
            one.wrong("name", "同一企业的来源名称在本文件中重复", "is there twice in this file for one enterprise")
        if "enterprise_id" in one.values and one.values["enterprise_id"] not in owners:
            one.wrong(
                "enterprise_id",
                "没有这家企业，或不在您的管辖范围",
                "there is no such enterprise, or it is outside your scope",
            )
        _check(services, session, one)
        known = stored.get(_key(one))
        if known is not None:
            one.differs(known)
        else:
            one.values.setdefault("transport", "syslog")
    return found


def _key(one: Checked) -> tuple[str, str]:
    return one.values.get("enterprise_id", ""), one.values.get("name", "")


def _owners(session: Session, ids: list[str]) -> dict[str, Enterprise]:
    found: dict[str, Enterprise] = {}
    for at in range(0, len(ids), 500):
        rows = session.scalars(select(Enterprise).where(Enterprise.id.in_(ids[at : at + 500])))
        found |= {row.id: row for row in rows}
    return found


def _stored(session: Session, owners: list[str]) -> list[Source]:
    found: list[Source] = []
    for at in range(0, len(owners), 500):
        found += session.scalars(select(Source).where(Source.enterprise_id.in_(owners[at : at + 500])))
    return found


def _check(services: Services, session: Session, one: Checked) -> None:
    one.choose("transport", TRANSPORTS)
    one.choose("data_kind", DATA_KINDS)
    one.figure("expected_period", 1, 30 * 86_400)
    one.figure("quota_per_second", 0.001, 10_000_000)
    if "addresses" in one.values:
        one.values["addresses"] = str(one.values["addresses"]).replace(",", " ").replace("，", " ").split()
        if len(one.values["addresses"]) > MAX_ADDRESSES:
            one.wrong("addresses", f"超过 {MAX_ADDRESSES} 个", f"more than {MAX_ADDRESSES}")
    for name in ("timezone", "encoding", "addresses"):
        if name in one.values:
            _asked(one, name, partial(check, **{name: one.values[name]}))
    if "parser" in one.values:
        _asked(one, "parser", partial(check_parser, services, session, one.values["parser"]))


def _asked(one: Checked, column: str, ask: Callable[[], None]) -> None:
    try:
        ask()
    except Invalid as error:
        one.wrong(column, _WORDS[column], str(error))


def apply(session: Session, caller: Caller, rows: list[Checked]) -> list[MadeKey]:
    """Keys of the HTTP sources that were made."""
    at, keys = now(), list[MadeKey]()
    for one in rows:
        if one.stored is not None:
            if one.changed:
                before = {name: getattr(one.stored, name) for name in one.changed}
                for name in one.changed:
                    setattr(one.stored, name, one.values[name])
                one.stored.version += 1
                after = {name: one.values[name] for name in one.changed}
                written(
                    session, caller, one.stored, "source.change", {"before": before, "after": after, "by": "import"}
                )
            continue
        owner = session.get_one(Enterprise, one.values["enterprise_id"])
        key = new_key() if one.values["transport"] == "http" else None
        source = Source(
            **one.values, id=f"src-{uuid4().hex[:16]}", region=owner.region, authority=owner.authority,
            key_hash=hash_key(key) if key else None, state="learning", created_at=at,
        )  # fmt: skip
        session.add(source)
        session.flush()
        written(session, caller, source, "source.create", {**one.values, "by": "import"})
        if key:
            keys.append(MadeKey(source_id=source.id, enterprise_id=owner.id, name=source.name, key=key))
    return keys
