"""Cells of a line turned into values, with what is wrong about each told to the person who wrote it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from api.imports.columns import Column, value
from api.imports.files import Line
from api.imports.schemas import RowProblem


@dataclass(slots=True)
class Checked:
    """`values`: fields that the line gives, in stored form; an absent or empty cell gives none."""

    line: Line
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    stored: Any = None
    """The row that is registered already."""

    def wrong(self, column: str, zh: str, en: str) -> None:
        self.problems.append(RowProblem(column=column, message_zh=zh, message_en=en))

    def choose(self, name: str, among: tuple[str, ...]) -> None:
        given = self.values.get(name)
        if given is not None and given not in among:
            self.wrong(name, f"应为 {'、'.join(among)} 之一", f"must be one of {', '.join(among)}")

    def figure(self, name: str, least: float, most: float) -> None:
        given = self.values.get(name)
        if given is None:
            return
        try:
            self.values[name] = float(given)
        except ValueError:
            self.wrong(name, "应为数字", "must be a number")
            return
        if not least <= self.values[name] <= most:
            self.wrong(name, f"应在 {least:g} 与 {most:g} 之间", f"must lie between {least:g} and {most:g}")

    def differs(self, stored: Any) -> None:
        self.stored = stored
        self.changed = [name for name, given in self.values.items() if getattr(stored, name) != given]


def checked(line: Line, columns: tuple[Column, ...]) -> Checked:
    """What holds for every column: required ones, lengths, no control characters."""
    found = Checked(line)
    for column in columns:
        cell = value(column, line.cells.get(column.field, ""))
        if not cell:
            if column.required:
                found.wrong(column.field, "不能为空", "must not be empty")
            continue
        if len(cell) > column.longest:
            found.wrong(column.field, f"超过 {column.longest} 字", f"is longer than {column.longest} characters")
        if any(ord(one) < 32 for one in cell):
            found.wrong(column.field, "含控制字符", "holds control characters")
        found.values[column.field] = cell
    return found
