"""Keyset cursors: the sort values and the id of the last row, so that pages stay right while rows come and go."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, or_

from api.problems import Invalid

Scalar = str | int | float | None


def encode(values: Sequence[Scalar]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


def decode(cursor: str, kinds: Sequence[type]) -> list[Any]:
    """The values of a cursor, checked against the kinds expected; raises Invalid for anything not made by `encode`."""
    try:
        raw = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise Invalid("this cursor was not made by this list; begin again without it", "cursor") from error
    if not isinstance(raw, list) or len(raw) != len(kinds):
        raise Invalid("this cursor belongs to another sort order; begin again without it", "cursor")
    for value, kind in zip(raw, kinds, strict=True):
        fits = isinstance(value, kind) or (kind is float and isinstance(value, int))
        if isinstance(value, bool) or not fits or (isinstance(value, int) and abs(value) > 2**62):
            raise Invalid("this cursor belongs to another sort order; begin again without it", "cursor")
    return raw


def after(keys: Sequence[tuple[Any, bool]], values: Sequence[Any]) -> ColumnElement[bool]:
    """The condition "after these values" for sort keys given as (expression, descending).

    Spelt out as a OR of prefixes because keys may run in different directions."""
    branches = []
    for place, (key, descending) in enumerate(keys):
        same = [earlier == value for (earlier, _), value in zip(keys[:place], values[:place], strict=True)]
        beyond = key < values[place] if descending else key > values[place]
        branches.append(and_(*same, beyond))
    return or_(*branches)


def order(keys: Sequence[tuple[Any, bool]]) -> list[ColumnElement[Any]]:
    return [key.desc() if descending else key.asc() for key, descending in keys]
