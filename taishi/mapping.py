"""What an operator writes to have a product read that no parser knows: how records are taken apart, and which of their
values become which ECS field.

A mapping is data, not code: four forms (JSON, key=value, CSV, XML), one list of fields, a few constants. It is checked
here, at the edge; `collectors.mapping` makes a parser of it. A source names it as its parser, `map:<id>`.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from taishi import fields

PREFIX: Final = "map:"
"""Before the id of a mapping in a source's `parser`."""

Form = Literal["json", "pairs", "csv", "xml"]
Reading = Literal["auto", "time", "severity", "outcome", "transport", "text", "lower", "list"]
"""How a value is read: `auto` by the field's type; `severity` words and numbers 0–10 to 0–100; `list` split at , ; and |."""

Key = Annotated[str, Field(min_length=1, max_length=200)]
Short = Annotated[str, Field(max_length=200)]

SET_BY_US: Final = frozenset(
    {"event.id", "event.created", "event.ingested", "event.original", "event.hash", "ecs.version"}
)
OWN_PREFIXES: Final = ("taishi.", "organization.", "log.syslog.", "related.")
"""What the platform says itself; a record must not be able to say whose it is."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldMap(_Data):
    """One value of the record → one field. `table` is looked up by the value's text first; a value that it does not
    hold is read as it is, unless `only_table`."""

    key: Key
    """Path of the value: JSON keys and XML elements joined by dots (attributes as `element.@name`), a key of key=value,
    a column of CSV by its name, or by its number from 1 as `#3`."""
    to: Key
    reading: Reading = "auto"
    table: Annotated[dict[Short, Short], Field(max_length=500)] = Field(default_factory=dict)
    only_table: bool = False

    @field_validator("to")
    @classmethod
    def _target(cls, name: str) -> str:
        return check_target(name)


class Csv(_Data):
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    columns: Annotated[list[Short], Field(max_length=400)] = Field(default_factory=list)
    """Names in order; empty where a header line names them (a line of which every cell is a name seen in `fields`)."""


class Pairs(_Data):
    """`between` empty: pairs are parted by blanks, values with blanks stand in double quotes."""

    between: Annotated[str, Field(max_length=4)] = ""
    assign: Annotated[str, Field(min_length=1, max_length=4)] = "="


class Mapping(_Data):
    """A whole mapping. `match` names a text that every record of the product holds: other records of the same source
    are read by the parsers that know them."""

    form: Form
    match: Annotated[str, Field(max_length=200)] = ""
    csv: Csv = Csv()
    pairs: Pairs = Pairs()
    records: Annotated[str, Field(max_length=200)] = ""
    """JSON, XML: path of the list in one record, of which each element is an event; empty: the record is one event."""
    fields: Annotated[list[FieldMap], Field(min_length=1, max_length=300)]
    constants: Annotated[dict[Key, Short | int | list[Short]], Field(max_length=60)] = Field(default_factory=dict)
    rest: Literal["keep", "drop"] = "keep"
    """Values that no field names: kept under `generic.*`, or left in the original record only."""
    data_kind: Literal["identifier", "network", "platform", "security", "third-party"] = "security"

    @field_validator("constants")
    @classmethod
    def _constants(cls, found: dict[str, str | int | list[str]]) -> dict[str, str | int | list[str]]:
        table = fields.table()
        for name, value in found.items():
            check_target(name)
            known = table.get(name)
            if known is None:
                continue
            if known.array != isinstance(value, list):
                raise ValueError(f"{name} takes {'a list' if known.array else 'one value'}")
            if known.type == "long" and not isinstance(value, int):
                raise ValueError(f"{name} takes a whole number")
            if known.type in {"ip", "date"}:
                raise ValueError(f"{name} is of type {known.type}: it comes from the record, not from a constant")
        return found

    @model_validator(mode="after")
    def _whole(self) -> Mapping:
        if self.form == "csv":
            for one in self.fields:
                numbered = one.key[:1] == "#" and one.key[1:].isdecimal()
                if numbered and not 1 <= int(one.key[1:4]) <= 400:
                    raise ValueError(f"{one.key}: columns are counted from #1 to #400")
        if self.form in {"csv", "pairs"} and self.records:
            raise ValueError("`records` is for JSON and XML: a line of CSV or key=value is one event")
        return self


def check_target(name: str) -> str:
    """The name, where a mapping may write it; ValueError says why not."""
    if name in SET_BY_US or (name.startswith(OWN_PREFIXES) and name not in ALLOWED_OWN):
        raise ValueError(f"{name} is set by the platform, not by a record")
    if name in fields.table():
        return name
    if name.startswith(fields.VENDOR_PREFIXES) and len(name) > name.index(".") + 1:
        return name
    near = nearest(name)
    raise ValueError(f"{name} is no field" + (f"; near it: {', '.join(near)}" if near else "; see the field reference"))


ALLOWED_OWN: Final = frozenset(
    name for name in fields.table() if name.startswith(("taishi.ics.", "taishi.identifier.", "taishi.platform."))
)
"""The platform's own names for what ECS has no field for: industrial protocols, identifier resolution, platforms."""


def nearest(name: str, limit: int = 4) -> list[str]:
    """Fields whose last part, or else whose beginning, is that of the name."""
    last = name.rpartition(".")[2].lower()
    same = [known for known in fields.table() if known.rpartition(".")[2] == last]
    return (same or [known for known in fields.table() if last and last in known])[:limit]


def problems(error: ValidationError) -> list[tuple[str, str]]:
    """(where, what) of each thing wrong with a mapping."""
    return [
        (".".join(str(part) for part in one["loc"]), one["msg"].removeprefix("Value error, ")) for one in error.errors()
    ]
