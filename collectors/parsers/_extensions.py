"""Reading the key=value part of CEF, whose values hold spaces and whose keys are only told by the next `=`."""

from __future__ import annotations

import re
from typing import Final

# A key begins the extension or follows white space, and is not escaped: `\=` belongs to a value.
_KEY: Final = re.compile(r"(?:^|(?<=\s))([A-Za-z0-9_.\-\[\]:]{1,128})=")
_ESCAPE: Final = re.compile(r"\\([=|\\nr])")
_PLAIN: Final = {"n": "\n", "r": "\r"}


def unescape(value: str) -> str:
    """`\\=`, `\\|`, `\\\\`, `\\n`, `\\r` → the characters they stand for; a backslash before anything else stays."""
    if "\\" not in value:
        return value
    return _ESCAPE.sub(lambda found: _PLAIN.get(found[1], found[1]), value)


def extensions(text: str) -> dict[str, str]:
    """`src=1.2.3.4 msg=two words act=` → dict. The first of a repeated key wins, as in ArcSight."""
    parts = _KEY.split(text)  # what stands before the first key, then key and value in turn
    pairs: dict[str, str] = {}
    for key, value in zip(parts[1::2], parts[2::2], strict=True):
        if key not in pairs:
            pairs[key] = value.strip()
    return pairs


_FIELD: Final = re.compile(r"((?:[^\\|]|\\.)*+)\|", re.DOTALL)


def header_fields(text: str, count: int) -> tuple[list[str], str] | None:
    """The first `count` pipe-terminated fields (escapes read) and the rest; None where there are fewer."""
    if "\\" not in text.partition("=")[0]:
        parts = text.split("|", count)
        return (parts[:count], parts[count]) if len(parts) > count else None
    fields: list[str] = []
    at = 0
    for _ in range(count):
        found = _FIELD.match(text, at)
        if found is None:
            return None
        fields.append(unescape(found[1]))
        at = found.end()
    return fields, text[at:]
