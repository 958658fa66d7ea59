"""Bytes of a feed → what it says. Every size is bounded before anything is unpacked or parsed."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, cast, get_args

import orjson

from taishi.intel import misp, stix
from taishi.intel.indicator import FeedError, Item
from taishi.intel.lists import read_csv, read_json
from taishi.intel.values import KINDS, Kind

Format = Literal["auto", "stix", "misp", "csv", "json"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)

MAX_BYTES: Final = 128 * 1024 * 1024
"""Of one document after unpacking: more than two million lines of a list."""

MAX_JSON: Final = 48 * 1024 * 1024
"""Of one JSON document: parsed, it takes about ten times as much memory."""


def unpack(raw: bytes) -> bytes:
    """Plain, gzip, or a zip archive of one file. Raises FeedError where it is larger than allowed."""
    if raw[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
                found = file.read(MAX_BYTES + 1)
        except (OSError, EOFError) as error:
            raise FeedError(f"the gzip data is damaged: {error}") from error
    elif raw[:4] == b"PK\x03\x04":
        found = _zipped(raw)
    else:
        found = raw
    if len(found) > MAX_BYTES:
        raise FeedError(f"the feed is larger than {MAX_BYTES >> 20} MiB; split it or raise its threshold at the sender")
    return found


def _zipped(raw: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [one for one in archive.infolist() if not one.is_dir()]
            if len(names) != 1:
                raise FeedError(f"the archive holds {len(names)} files; a feed is one file")
            if names[0].flag_bits & 1:
                raise FeedError("the archive is encrypted")
            with archive.open(names[0]) as file:
                return file.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise FeedError(f"the archive is damaged: {error}") from error


def decode(raw: bytes) -> str:
    """UTF-8, UTF-16 with its mark, else GB18030. Raises FeedError for what is none of them."""
    marked = raw[:2] in {b"\xff\xfe", b"\xfe\xff"}
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text[:4096]:
            break
        return text
    raise FeedError("the feed is no text: neither UTF-8 nor UTF-16 nor GB18030")


def document(raw: bytes) -> object:
    """A JSON document. Raises FeedError where it is too large, too deep or broken."""
    if len(raw) > MAX_JSON:
        raise FeedError(
            f"the JSON document is larger than {MAX_JSON >> 20} MiB; pull it in parts (TAXII) or as a list (CSV)"
        )
    try:
        return cast("object", orjson.loads(raw))
    except orjson.JSONDecodeError as first:
        try:
            return cast("object", orjson.loads(decode(raw)))
        except (orjson.JSONDecodeError, UnicodeEncodeError):
            raise FeedError(f"the JSON document cannot be read: {str(first)[:200]}") from None


def read(raw: bytes, form: Format = "auto", options: Mapping[str, Any] | None = None) -> Iterator[Item]:
    """What a file or an answer says. `options`: "columns" (meaning → column), "kind" (of values without one).
    Raises FeedError, at once or on the way."""
    plain = unpack(raw)
    if not plain.strip():
        raise FeedError("the feed is empty")
    given = options or {}
    columns = given.get("columns") or {}
    kind = given.get("kind") or None
    if kind is not None and kind not in KINDS:
        raise FeedError(f"{kind!r} is no kind of indicator; it is one of {', '.join(KINDS)}")
    default = cast("Kind | None", kind)
    looks = plain.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if form == "csv" or (form == "auto" and looks not in {b"{", b"["}):
        return read_csv(decode(plain), columns, default)
    found = document(plain)
    chosen = form if form != "auto" else sniff(found)
    if chosen == "stix":
        return stix.read(found)
    return misp.read(found) if chosen == "misp" else read_json(found, columns, default)


def sniff(found: object) -> Format:
    """What a JSON document is."""
    first = found[0] if isinstance(found, list) and found else found
    if isinstance(first, dict):
        if str(first.get("type")) in {"bundle", "indicator"} or (
            isinstance(first.get("objects"), list) and "Event" not in first
        ):
            return "stix"
        if "Event" in first or "Attribute" in first or "response" in first:
            return "misp"
        if "spec_version" in first and "pattern" in first:
            return "stix"
    return "json"
