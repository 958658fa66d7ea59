"""Drill-down addresses: made from the same filter objects that the figures are counted with."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from pydantic import BaseModel

from api.dependencies import Caller
from taishi.security.roles import Permission

PREFIX: Final = "/api/v1"

NEEDED: Final[dict[str, Permission]] = {
    "incidents": "incidents.read",
    "meta-alerts": "incidents.read",
    "events": "events.read",
    "enterprises": "enterprises.read",
    "sources": "sources.read",
    "quarantine": "quarantine.read",
    "regions": "overview.read",
    "risk": "risk.read",
}


def query_text(filters: BaseModel) -> str:
    """The set members of a filter as a query string, lists as repeated names."""
    given = filters.model_dump(exclude_unset=True, exclude_none=True, mode="json")
    pairs = [(name, str(value).lower() if isinstance(value, bool) else value) for name, value in given.items()]
    return urlencode(pairs, doseq=True)


def href(caller: Caller, path: str, filters: BaseModel | None = None) -> str:
    """An API address such as `/api/v1/incidents?view=all`; empty where the caller's role may not open it."""
    if not caller.may(NEEDED[path.split("/", maxsplit=1)[0]]):
        return ""
    text = query_text(filters) if filters is not None else ""
    return f"{PREFIX}/{path}?{text}" if text else f"{PREFIX}/{path}"
