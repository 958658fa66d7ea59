"""What the API may ask of the collectors: how records would be read, before anything is sent or stored.

The collectors implement it (`collectors.trial`); the composition root hands it to the API, so neither imports the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from taishi.event import Event
from taishi.mapping import Mapping

MAX_SAMPLE = 64 * 1024
"""Characters of pasted records."""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A value's place in the records, what stood there, and the field that it probably is ("" where none is known)."""

    key: str
    examples: tuple[str, ...]
    count: int
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class TriedRecord:
    """One record and what became of it: events of a parser, a header line (neither), or the reason of its quarantine."""

    text: str
    parser: str = ""
    events: tuple[Event, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ParserInfo:
    name: str
    product: str
    data_kind: str


@dataclass(slots=True)
class Tried:
    records: list[TriedRecord] = field(default_factory=list)
    keys: list[FoundKey] = field(default_factory=list)


class Trial(Protocol):
    def parsers(self) -> list[ParserInfo]:
        """Every parser there is, by name; the generic one last."""
        ...

    def read(
        self, sample: str, *, parser: str = "", mapping: Mapping | None = None, timezone: str = "Asia/Shanghai"
    ) -> Tried:
        """What the collectors would make of these records: by a mapping, by a named parser, or by sniffing."""
        ...

    def draft(self, sample: str) -> Mapping | None:
        """A first mapping of records that hold keys and values; None where no form fits them."""
        ...
