"""The shape of what happens on a host: processes, users, files, hashes (Windows, EDR, Linux)."""

from __future__ import annotations

from typing import Final

from taishi.event import Event

_LENGTHS: Final = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_DIGITS: Final = frozenset("0123456789abcdef")


def base(path: str) -> str:
    """The last part of a Windows or POSIX path."""
    return path[max(path.rfind("\\"), path.rfind("/")) + 1 :]


def executable(event: Event, owner: str, path: str) -> None:
    """Set `<owner>.executable` and `<owner>.name` (owner: process, process.parent, …)."""
    event[f"{owner}.executable"] = path
    event[f"{owner}.name"] = base(path)


def file(event: Event, path: str) -> None:
    """Set `file.path/name/directory/extension` from a path."""
    event["file.path"] = path
    name = base(path)
    event["file.name"] = name
    if len(path) > len(name) + 1:
        event["file.directory"] = path[: len(path) - len(name) - 1]
    stem, dot, extension = name.rpartition(".")
    if dot and stem and extension:
        event["file.extension"] = extension.lower()


def hashes(event: Event, owner: str, text: str) -> None:
    """Set `<owner>.hash.*` from Sysmon's "MD5=…,SHA256=…,IMPHASH=…" list, or from one bare digest."""
    for part in text.split(",")[:16]:
        kind, sign, digest = part.strip().partition("=")
        if not sign:
            kind, digest = "", kind
        digest = digest.lower()
        if not digest or not _DIGITS.issuperset(digest) or not digest.strip("0"):
            continue
        name = kind.lower() or _LENGTHS.get(len(digest), "")
        if name in {"md5", "sha1", "sha256", "sha512"}:
            event[f"{owner}.hash.{name}"] = digest
        elif name == "imphash":
            event[f"{owner}.pe.imphash"] = digest
