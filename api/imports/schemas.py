"""What an import would do, or has done, row by row."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.common import Body, Model
from api.imports.columns import Kind

Outcome = Literal["create", "update", "same", "wrong"]


class ImportQuery(Body):
    kind: Kind
    apply: bool = Field(default=False, description="False: only say what would be done.")


class TemplateQuery(Body):
    kind: Kind
    form: Literal["csv", "xlsx"] = "xlsx"


class RowProblem(Model):
    column: str = Field(description="The field; its column's names are in the template.")
    message_zh: str
    message_en: str


class ImportRow(Model):
    line: int = Field(description="Of the file, its header being 1; of the list for JSON.")
    key: str
    name: str
    change: Outcome
    changed: list[str] = Field(description="Fields that differ from what is registered.")
    problems: list[RowProblem]


class MadeKey(Model):
    """Shown this once; only its hash is kept."""

    source_id: str
    enterprise_id: str
    name: str
    key: str


class ImportResult(Model):
    """All or nothing: `applied` is true where every row was good and `apply` was asked for."""

    kind: Kind
    applied: bool
    created: int
    updated: int
    same: int
    wrong: int
    rows: list[ImportRow]
    keys: list[MadeKey]
