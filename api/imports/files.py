"""Tables out of what people send: CSV in any of their encodings, Excel, JSON. Cells are texts; lines count from 1.

Hostile files are normal: everything is bounded before it is unpacked.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import openpyxl
import orjson

from api.imports.columns import BY_KIND, Column, Kind
from api.problems import Invalid

MAX_ROWS: Final = 5000
MAX_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes of an Excel file once unpacked: 5,000 rows take a hundredth."""
MAX_CELL: Final = 4000
MAX_COLUMNS: Final = 64
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Line:
    """`number`: of the line or sheet row, the header being 1; of the element for JSON."""

    number: int
    cells: dict[str, str]


def read(kind: Kind, data: bytes) -> list[Line]:
    """Rows of a file by the fields of its columns; raises Invalid with what to change."""
    if not data.strip():
        raise Invalid("the file is empty", "file")
    if data[:4] == b"PK\x03\x04":
        return _headed(kind, _excel(data))
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Invalid("this is an Excel 97 file (.xls); save it as .xlsx or as CSV", "file")
    if data.lstrip()[:1] in b"[{":
        return _json(kind, data)
    return _headed(kind, _csv(data))


def write(kind: Kind, form: str) -> bytes:
    """A file to fill in: the header, and one row as an example."""
    columns = BY_KIND[kind]
    rows = [[one.zh for one in columns], [one.example for one in columns]]
    if form == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        return text.getvalue().encode("utf-8-sig")  # Excel takes CSV without the mark for the system's old encoding
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(kind)
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# ---------------------------------------------------------------- forms


def _csv(data: bytes) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", "replace")  # what Excel writes on a Chinese system
    if "\0" in text:
        raise Invalid("this is no text: send CSV, .xlsx or JSON", "file")
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max((",", ";", "\t", "，"), key=first.count)
    try:
        return _bounded(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Invalid(f"the CSV cannot be read: {error}", "file") from error


def _excel(data: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(one.file_size for one in packed.infolist())
        rows = [] if unpacked > MAX_UNPACKED else _first_sheet(data)
    except Invalid:
        raise
    except Exception as error:  # the library raises whatever a broken file makes it stumble over
        raise Invalid("the Excel file cannot be read; save it again as .xlsx, or as CSV", "file") from error
    if unpacked > MAX_UNPACKED:
        raise Invalid("the Excel file is too large once unpacked; split it", "file")
    return rows


def _first_sheet(data: bytes) -> list[list[str]]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        return _bounded(book.worksheets[0].iter_rows(values_only=True, max_col=MAX_COLUMNS))
    finally:
        book.close()


def _bounded(rows: Iterable[Sequence[Any]]) -> list[list[str]]:
    found: list[list[str]] = []
    empty = 0
    for row in rows:
        cells = [_text(cell) for cell in row[:MAX_COLUMNS]]
        empty = 0 if any(cells) else empty + 1
        if empty > MAX_ROWS:
            break  # a sheet that was formatted down to its last row
        found.append(cells)
        if len(found) - empty > MAX_ROWS + 1:
            raise Invalid(f"there are more than {MAX_ROWS} rows; split the file", "file")
    return found


def _text(cell: Any) -> str:
    """Excel has numbers where people typed codes: 330106, not 330106.0."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip()[:MAX_CELL]


def _json(kind: Kind, data: bytes) -> list[Line]:
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"the JSON cannot be read: {error}", "file") from error
    rows = found.get("rows") if isinstance(found, dict) else found
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid('send a list of objects, or {"rows": [...]}', "file")
    if len(rows) > MAX_ROWS:
        raise Invalid(f"there are more than {MAX_ROWS} rows; send them in parts", "file")
    names = _by_name(kind)
    lines: list[Line] = []
    for number, row in enumerate(rows, 1):
        cells: dict[str, str] = {}
        for name, content in row.items():
            column = names.get(_plain(str(name)))
            if column is None:
                raise Invalid(_unknown(kind, [str(name)]), "column")
            listed = " ".join(map(_text, content)) if isinstance(content, list) else _text(content)
            cells[column.field] = listed[:MAX_CELL]
        lines.append(Line(number, cells))
    return lines


# ---------------------------------------------------------------- header


def _headed(kind: Kind, rows: list[list[str]]) -> list[Line]:
    names = _by_name(kind)
    start = next((at for at, row in enumerate(rows) if any(row)), None)
    if start is None:
        raise Invalid("the file is empty", "file")
    header = [names.get(_plain(cell)) for cell in rows[start]]
    unknown = [cell for cell, column in zip(rows[start], header, strict=True) if cell and column is None]
    if unknown:
        raise Invalid(_unknown(kind, unknown), "column")
    fields = [column.field for column in header if column]
    if len(set(fields)) < len(fields):
        raise Invalid("a column is there twice", "column")
    missing = [column for column in BY_KIND[kind] if column.required and column.field not in fields]
    if missing:
        names_of = ", ".join(f"{column.zh} ({column.en})" for column in missing)
        raise Invalid(f"columns are missing: {names_of}; the template has all of them", "column")
    return [
        Line(number, {column.field: cell for column, cell in zip(header, row, strict=False) if column})
        for number, row in enumerate(rows[start + 1 :], start + 2)
        if any(row)
    ]


def _by_name(kind: Kind) -> dict[str, Column]:
    return {_plain(name): column for column in BY_KIND[kind] for name in (column.zh, column.en)}


def _plain(name: str) -> str:
    """A star marks what is required in many forms; brackets hold a unit."""
    return name.strip().strip("*＊ ").partition("（")[0].partition("(")[0].strip().lower()


def _unknown(kind: Kind, names: Sequence[str]) -> str:
    known = ", ".join(f"{column.zh} ({column.en})" for column in BY_KIND[kind])
    return f"unknown columns: {', '.join(name[:60] for name in names[:5])}; known are {known}"
