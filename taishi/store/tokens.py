"""Free text as tokens, the same for every store and for queries: lower-cased words, Han characters as bigrams.

A run of Han characters becomes its overlapping pairs (工控安全 → 工控 控安 安全), a single one itself, so that any
substring of two or more characters is found as a phrase. Everything else is split at what is neither letter, digit nor
underscore.
"""

from __future__ import annotations

import re

MAX_TOKENS = 4096
"""Tokens kept of one text. A longer record stays whole in the store; only what lies behind is not searchable."""

MAX_TOKEN = 128

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUNS = re.compile(rf"[{_HAN}]+|[^\W{_HAN}]+")
_ANY_HAN = re.compile(rf"[{_HAN}]")
_WORDS = "0123456789_abcdefghijklmnopqrstuvwxyz"
_ASCII = bytes(ord(low) if (low := chr(code).lower()) in _WORDS else 0x20 for code in range(128)) + b" " * 128
"""Each ASCII character as it stands in a token, or a space where it parts two."""


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order, at most MAX_TOKENS; linear in its length."""
    head = text[: MAX_TOKENS * 16]
    if head.isascii():  # most log lines: one pass over the bytes, without an expression
        return _capped(head.encode().translate(_ASCII).decode().split())
    lowered = head.lower()
    runs = _RUNS.findall(lowered)
    if not _ANY_HAN.search(lowered):
        return _capped(runs)
    found: list[str] = []
    for run in runs:
        if _ANY_HAN.match(run) and len(run) > 1:
            found.extend(run[index : index + 2] for index in range(len(run) - 1))
        else:
            found.append(run[:MAX_TOKEN])
        if len(found) >= MAX_TOKENS:
            break
    return found[:MAX_TOKENS]


def _capped(runs: list[str]) -> list[str]:
    if len(runs) > MAX_TOKENS or max(map(len, runs), default=0) > MAX_TOKEN:
        return [run[:MAX_TOKEN] for run in runs[:MAX_TOKENS]]
    return runs
