"""Rule files from a file, a folder or an archive, as users have them; and the project's own rules."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

from taishi.sigma.parse import MAX_DOCUMENT

MAX_FILES: Final = 50_000
MAX_BYTES: Final = 256 << 20
"""Of one archive, unpacked: SigmaHQ's whole pack has 12 MB."""

ENDINGS: Final = (".yml", ".yaml")
Files = list[tuple[str, str]]


class Unreadable(ValueError):
    """A path that is no pack of rules."""


def own() -> Files:
    """The rules that ship with the project, by path."""
    root = files("processor").joinpath("rules")
    found: Files = []
    for folder in sorted((one for one in root.iterdir() if one.is_dir()), key=lambda one: one.name):
        for file in sorted(folder.iterdir(), key=lambda one: one.name):
            if file.name.endswith(ENDINGS):
                found.append((f"{folder.name}/{file.name}", file.read_text("utf-8")))
    return found


def read(path: Path) -> Files:
    """Every rule file at a path, sorted by name. Raises Unreadable where there is none, or more than the bounds allow."""
    try:
        found = _bounded(_walk(path), path)
    except (OSError, tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise Unreadable(f"{path} cannot be read: {error}") from error
    if not found:
        raise Unreadable(f"{path} holds no {' or '.join(ENDINGS)} file")
    return sorted(found)


def _bounded(pairs: Iterator[tuple[str, bytes]], path: Path) -> Files:
    found: Files = []
    total = 0
    for name, body in pairs:
        total += len(body)
        if len(found) >= MAX_FILES or total > MAX_BYTES:
            raise Unreadable(f"{path} has more than {MAX_FILES} rule files or {MAX_BYTES >> 20} MB")
        found.append((name, body.decode("utf-8", "replace")))
    return found


def _walk(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for one in path.rglob("*"):
            if one.suffix in ENDINGS and one.is_file():
                with one.open("rb") as file:
                    yield str(one.relative_to(path)), file.read(MAX_DOCUMENT + 1)
    elif path.is_file() and tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and member.name.endswith(ENDINGS) and (packed := archive.extractfile(member)):
                    yield member.name, packed.read(MAX_DOCUMENT + 1)
    elif path.is_file() and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as zipped:
            for info in zipped.infolist():
                if info.filename.endswith(ENDINGS):
                    with zipped.open(info) as part:
                        yield info.filename, part.read(MAX_DOCUMENT + 1)
    else:
        with path.open("rb") as file:
            yield path.name, file.read(MAX_DOCUMENT + 1)
