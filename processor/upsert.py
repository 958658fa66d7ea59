"""Writing many rows in one transaction: insert or update machine columns, add to counters.

Rows go in the order of their keys, whoever writes them: two transactions that lock the same rows then meet at the first
of them and one waits, where in two different orders each would wait for the other.

Texts that a log line had a hand in are cut to their column: PostgreSQL refuses longer ones, and one refused row would keep
its whole checkpoint from ever being committed. Keys are ours and never cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import String, Table, bindparam, inspect, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from processor.stage import Row
from taishi.records.tables import Base, Incident, IndicatorUse, MetaAlert, Sighting

WRITABLE: dict[str, type[Base]] = {
    "meta_alert": MetaAlert, "incident": Incident, "sighting": Sighting, "indicator_use": IndicatorUse,
}  # fmt: skip
"""Tables that stages may write through `Work.upsert`."""


def _table(model: type[Base]) -> Table:
    return cast("Table", model.__table__)


@cache
def _columns(model: type[Base]) -> dict[str, str]:
    """Attribute name → column name."""
    return {attribute.key: attribute.columns[0].name for attribute in inspect(model).column_attrs}


@cache
def _required(model: type[Base]) -> frozenset[str]:
    return frozenset(
        column.name
        for column in _table(model).columns
        if not column.nullable and column.default is None and not column.primary_key
    )


def _insert(session: Session, table: Table) -> Any:
    dialect = session.get_bind().dialect.name
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _keys(model: type[Base]) -> tuple[str, ...]:
    return tuple(column.name for column in _table(model).primary_key)


@cache
def _limits(model: type[Base]) -> dict[str, int]:
    """Characters that fit, for the columns that have a limit and are no key."""
    return {
        column.name: column.type.length
        for column in _table(model).columns
        if isinstance(column.type, String) and column.type.length and not column.primary_key
    }


def _prepared(model: type[Base], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """In the order of their keys, texts cut to their columns. Rows share one set of columns."""
    keys = _keys(model)
    limits = [(name, limit) for name, limit in _limits(model).items() if name in rows[0]]
    found = sorted(rows, key=lambda row: tuple(row[key] for key in keys))
    for number, row in enumerate(found):
        cut = {name: row[name][:limit] for name, limit in limits if row[name] and len(row[name]) > limit}
        if cut:
            found[number] = {**row, **cut}
    return found


def upsert(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert by primary key or overwrite the given columns. Rows name columns and share one set of them."""
    if not rows:
        return
    table = _table(model)
    keys = _keys(model)
    statement = _insert(session, table)
    values = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    if values:
        session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values), _prepared(model, rows))
    else:
        session.execute(statement.on_conflict_do_nothing(index_elements=keys), _prepared(model, rows))


def add(session: Session, model: type[Base], counters: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """Insert by primary key or add the counters to what is there; other columns keep their first value."""
    if not rows:
        return
    table = _table(model)
    statement = _insert(session, table)
    values = {name: table.c[name] + statement.excluded[name] for name in counters}
    session.execute(statement.on_conflict_do_update(index_elements=_keys(model), set_=values), _prepared(model, rows))


def write_rows(session: Session, rows: Iterable[Row], at: float) -> None:
    """What stages prepared, grouped by their columns so that each group is one statement."""
    groups: dict[tuple[str, tuple[str, ...]], list[dict[str, Any]]] = {}
    for row in rows:
        names = _columns(WRITABLE[row.table])
        values = {names[name]: value for name, value in {**row.key, **row.values}.items()}
        if row.table == "incident":
            values["updated_at"] = at
        groups.setdefault((row.table, tuple(sorted(values))), []).append(values)
    for (name, columns), values_list in sorted(groups.items()):
        model = WRITABLE[name]
        if _required(model) <= set(columns):
            upsert(session, model, values_list)
        else:
            _update(session, model, values_list)


def _update(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> None:
    table = _table(model)
    names = [name for name in rows[0] if name != "id"]
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    statement = update(table).where(table.c.id == bindparam("key_id")).values(values)
    session.connection().execute(
        statement,
        [{"key_id": row["id"], **{f"new_{name}": row[name] for name in names}} for row in _prepared(model, rows)],
    )
