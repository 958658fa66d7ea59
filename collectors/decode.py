"""Bytes → text, never failing: what cannot be decoded is marked, not dropped."""

from __future__ import annotations

import codecs

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode(data: bytes, encoding: str = "") -> str:
    """UTF-8, else the source's encoding, else GB18030, else UTF-8 with U+FFFD for what is broken. UTF-16 by its BOM.

    GB18030 takes most byte strings; where its reading is mostly private-use or replacement characters the bytes were
    something else, and UTF-8 with marks tells more.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(name, "replace").replace("\x00", "")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = _legacy(data, encoding)
    return text.replace("\x00", "") if "\x00" in text else text


def _legacy(data: bytes, encoding: str) -> str:
    for name in (encoding, "gb18030") if encoding else ("gb18030",):
        try:
            text = data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        if not any("\ue000" <= character <= "\uf8ff" for character in text):
            return text
    return data.decode("utf-8", "replace")
