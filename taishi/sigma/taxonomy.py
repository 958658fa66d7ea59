"""From Sigma's log sources and field names to ours, as `data/taxonomy.toml` says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from taishi import fields as field_table
from taishi.sigma.rule import KEYWORD, LogSource

Condition = Mapping[str, frozenset[str]]
"""Routing field → the values of which the event must have one; {"*"}: any."""


@dataclass(frozen=True, slots=True)
class Source:
    """A log source: its alternatives of conditions on routing fields, and its own field names."""

    when: tuple[Condition, ...]
    fields: Mapping[str, tuple[str, ...]]
    known: bool = True


@dataclass(frozen=True)
class Taxonomy:
    """`routing` are the fields that decide log sources; `keyword` those that keywords are looked for in."""

    routing: tuple[str, ...]
    keyword: tuple[str, ...]
    raw: Mapping[str, Any]
    _sources: dict[LogSource, Source] = field(default_factory=dict, compare=False)

    def source(self, logsource: LogSource) -> Source:
        known = self._sources.get(logsource)
        if known is None:
            known = self._sources[logsource] = self._find(logsource)
        return known

    def _find(self, logsource: LogSource) -> Source:
        product, category, service = logsource
        entry = next((one for one in self.raw.get("logsource", ()) if _fits(one, logsource)), None)
        channels = self.raw.get("channels", {}).get(product, {}).get(service)
        if channels and (entry is None or not entry.get("category")):
            when: list[dict[str, Any]] = [{"winlog.channel": channels}]
        elif entry is not None:
            when = entry["when"]
        else:
            when = self.raw.get("generic", {}).get("when", [])
        names_of = self.raw.get("fields", {})
        fields: dict[str, Any] = {**names_of.get("any", {}), **names_of.get(product, {})}
        if entry is not None:
            fields |= {**names_of.get(entry.get("fieldset", ""), {}), **entry.get("fields", {})}
        names = {"product": product, "category": category, "service": service}
        conditions = tuple(
            {key: frozenset(text.format(**names).lower() for text in texts) for key, texts in one.items()}
            for one in when
        )
        mapped = {name: (to,) if isinstance(to, str) else tuple(to) for name, to in fields.items()}
        return Source(conditions, mapped, entry is not None or bool(channels))

    def fields(self, logsource: LogSource, name: str) -> tuple[str, ...]:
        """Our fields that may hold what a rule of this log source calls `name`."""
        if name == KEYWORD:
            return self.keyword
        found = self.source(logsource).fields.get(name)
        if found is not None:
            return found
        if field_table.known(name):
            return (name,)
        product, category, service = logsource
        templates = self.raw["default"].get(product) or self.raw["default"]["any"]
        words = {"name": name, "product": product or category, "service": service or category}
        return tuple(dict.fromkeys(template.format(**words) for template in templates))


def _fits(entry: Mapping[str, str], logsource: LogSource) -> bool:
    return all(
        entry[key] in {"*", value} for key, value in zip(("product", "category", "service"), logsource, strict=True)
    )


@cache
def ours() -> Taxonomy:
    """The mapping to our own events."""
    raw = tomllib.loads(files("taishi").joinpath("sigma/data/taxonomy.toml").read_text("utf-8"))
    return Taxonomy(tuple(raw["routing"]), tuple(raw["keyword"]), raw)
