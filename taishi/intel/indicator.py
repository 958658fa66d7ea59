"""What a feed says, independent of its format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal

from taishi.errors import TaishiError
from taishi.intel.values import Kind

Tlp = Literal["clear", "green", "amber", "amber+strict", "red"]
TLPS: Final[tuple[Tlp, ...]] = ("clear", "green", "amber", "amber+strict", "red")
"""Traffic Light Protocol 2.0 (FIRST, 2022), from the freest to the strictest."""

_TLP_NAMES: Final[dict[str, Tlp]] = {
    "clear": "clear", "white": "clear", "green": "green", "amber": "amber", "amber+strict": "amber+strict",
    "amber strict": "amber+strict", "amberstrict": "amber+strict", "red": "red",
    "公开": "clear", "绿": "green", "绿色": "green", "黄": "amber", "橙": "amber", "黄色": "amber", "橙色": "amber",
    "红": "red", "红色": "red", "白": "clear", "白色": "clear",
}  # fmt: skip

MAX_LABELS: Final = 16
MAX_LABEL: Final = 64
MAX_NAME: Final = 200


class FeedError(TaishiError):
    """A feed as a whole cannot be read or fetched; the text says what to do. Never holds a secret."""

    code = "feed"


def tlp_of(text: str) -> Tlp | None:
    """TLP 1 and 2 and the Chinese names; "tlp:amber" like "AMBER". None for anything else."""
    name = text.strip().lower().removeprefix("tlp:").removeprefix("tlp-").replace("_", " ").strip()
    return _TLP_NAMES.get(name)


def strictest(*found: Tlp) -> Tlp:
    return max(found, key=TLPS.index)


@dataclass(slots=True)
class Indicator:
    """One value. `confidence` 0–100 or None where the feed says nothing; times are epoch seconds, None is open.
    `source_id` is the feed's own id of it; `revoked`: the feed takes it back."""

    kind: Kind
    value: str
    confidence: int | None = None
    tlp: Tlp | None = None
    valid_from: float | None = None
    valid_until: float | None = None
    name: str = ""
    labels: tuple[str, ...] = ()
    source_id: str = ""
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something in a feed that cannot be matched, by name, and why."""

    what: str
    reason: str


Item = Indicator | Refusal


@dataclass(slots=True)
class Tally:
    """What reading a feed came to. The first refusals are kept, all are counted."""

    accepted: int = 0
    refused: int = 0
    reasons: list[Refusal] = field(default_factory=list)
    changed: int = 0
    withdrawn: int = 0
    warned: int = 0

    def refuse(self, one: Refusal) -> None:
        self.refused += 1
        if len(self.reasons) < 50:
            self.reasons.append(Refusal(one.what[:200], one.reason[:300]))


def labels_of(values: Iterable[object]) -> tuple[str, ...]:
    """Short, distinct, at most so many."""
    found: dict[str, None] = {}
    for value in values:
        text = str(value).strip()[:MAX_LABEL]
        if text:
            found[text] = None
        if len(found) >= MAX_LABELS:
            break
    return tuple(found)


def identity(feed_id: str, kind: str, value: str) -> int:
    """The key of a value in a feed: 62 bits of BLAKE2b; a million of them meet by chance on one platform in five million."""
    text = f"{feed_id}\x1f{kind}\x1f{value}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") >> 2


def shown_id(number: int) -> str:
    """As people and events carry it: 16 hexadecimal digits."""
    return f"{number:016x}"
