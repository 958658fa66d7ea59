"""The ground truth: one JSON object a raw line, in the order of sending.

`{"at", "source", "enterprise", "delivery", "index", "digest", "attack", "kind", "step", "technique", "noise"}`. For HTTP the
event's id is `<delivery>-<index>`; plain syslog has no delivery of its own, so there the line is found by its source and
digest: BLAKE2b-128 of the record's bytes, which is that of `event.original`.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import orjson

from simulator.line import Line


def digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


class TruthFile:
    """Appends; safe from several threads. With no path it keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._file = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab")

    def add(self, lines: Sequence[Line], delivery: str = "", first: int = 0) -> None:
        """`lines` of one source went out as `delivery`, the first of them at index `first`."""
        if self._file is None:
            return
        body = b"".join(
            orjson.dumps(
                {
                    "at": line.at,
                    "source": line.feed.id,
                    "enterprise": line.feed.site_id,
                    "delivery": delivery,
                    "index": first + number,
                    "digest": digest(line.text),
                    "attack": line.truth.attack,
                    "kind": line.truth.kind,
                    "step": line.truth.step,
                    "technique": line.truth.technique,
                    "noise": line.truth.noise,
                },
                option=orjson.OPT_APPEND_NEWLINE,
            )
            for number, line in enumerate(lines)
        )
        with self._lock:
            self._file.write(body)

    def flush(self) -> None:
        if self._file is not None:
            with self._lock:
                self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
