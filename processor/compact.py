"""Stage state as small JSON: records of one kind as a table, so that a field's name is written once and not once a record."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, cast

from processor.stage import restored

Kind = TypeVar("Kind")


@cache
def _fields(kind: Hashable) -> tuple[list[str], Callable[[Any], tuple[Any, ...]]]:
    names = [field.name for field in fields(cast("Any", kind))]
    return names, attrgetter(*names)


def table(kind: type[Any], records: Iterable[Any]) -> dict[str, Any]:
    """Records of a dataclass with at least two fields; `rows` to read them back."""
    names, values = _fields(cast("Hashable", kind))  # to one of the type checkers a class is not hashable
    return {"fields": names, "rows": [values(record) for record in records]}


def rows(kind: type[Kind], raw: Any) -> list[Kind]:
    """What `table` made; also what versions before it wrote: a list of objects, or an object of objects."""
    if isinstance(raw, list):
        return [restored(kind, one) for one in raw]
    if "fields" not in raw or not isinstance(raw["fields"], list):
        return [restored(kind, one) for one in raw.values()]
    names = raw["fields"]
    return [restored(kind, dict(zip(names, row, strict=True))) for row in raw["rows"]]
