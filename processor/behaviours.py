"""What an alert means: its behaviour, looked up once per distinct rule.

The technique or tactic that the event names decides (`data/behaviours.tsv`); else the words of its rule, category and action
(`processor.lexicon`); else its event category, one behaviour a rule.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from processor.lexicon import Meaning, meaning
from processor.parameters import number
from taishi.event import Event

UNKNOWN = "category:other"

VAGUE, WEAK, TELLING = 0, 1, 2
"""How much an alert says: no technique at all, a technique by ambiguous words, a technique."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A row of the table, under the id an alert's own technique or rule gives it.

    `gap` seconds of silence end a session; `prior` is a severity 0–1; `scope` is src, web, pair or host. `level` is VAGUE, WEAK or
    TELLING; `session` is "s" where the alert begins or belongs to a login session, "e" where it ends one; `tool` tells the
    sessions of one web tool from another's; `inferred` where words decided, not the event;
    `full` is the prior were the words certain (0 where they are).
    """

    id: str
    technique: str
    stage: int
    gap: float
    prior: float
    scope: str
    ambiguous: bool
    name_zh: str
    name_en: str
    level: int = TELLING
    session: str = ""
    tool: str = ""
    inferred: bool = False
    full: float = 0.0


@cache
def table() -> dict[str, Behaviour]:
    text = files("processor").joinpath("data/behaviours.tsv").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {
        row["id"]: Behaviour(
            id=row["id"],
            technique=row["id"] if row["id"].startswith("T") and not row["id"].startswith("TA") else "",
            stage=int(row["stage"]),
            gap=float(row["gap"]),
            prior=float(row["prior"]),
            scope=row["scope"],
            ambiguous=row["ambiguous"] == "1",
            level=VAGUE if row["ambiguous"] == "1" else TELLING,
            name_zh=row["name_zh"],
            name_en=row["name_en"],
        )
        for row in csv.DictReader(lines, delimiter="\t")
    }


def named(technique: str) -> Behaviour | None:
    """A technique's own row, else its parent's under the technique's id."""
    rows = table()
    found = rows.get(technique) or rows.get(technique.partition(".")[0])
    if found is None or not found.technique:
        return None
    return found if found.id == technique else _renamed(found, technique, technique)


def _renamed(found: Behaviour, identity: str, technique: str) -> Behaviour:
    return replace(found, id=identity, technique=technique)


def _first(value: object) -> str:
    if isinstance(value, list):
        return str(value[0]) if value else ""
    return str(value) if value else ""


_known: dict[tuple[str, str, str, str, str], Behaviour] = {}
_KNOWN_MAX = 20_000
"""Distinct (technique, tactic, category, rule, words) seen; forgotten all at once when full: it is only a memo."""

_KNOWN_LENGTH = 512
"""Characters of a key that is kept: products, and who writes to them, choose how long their names are."""

_VARIABLE = re.compile(r"[0-9a-f]*\d[0-9a-f.:-]*", re.IGNORECASE)
"""Numbers, addresses and digests in a message, which make each one new."""

ATTEMPT = number("words.attempt")
"""Certainty that a network sensor's words about execution mean an exploit attempt."""

UNSURE = number("words.unsure")
"""A rule's name whose words mean something less surely than this is read together with its category and action."""


def behaviour_of(event: Event) -> Behaviour:
    """By technique; else by tactic; else by words; else by event category, one behaviour a rule, so that unknown rules
    never mix."""
    get = event.get
    name = get("rule.name")
    words = str(name) if name else _VARIABLE.sub("#", str(get("message") or "")[:160])
    key = (
        _first(get("threat.technique.id")),
        _first(get("threat.tactic.id")),
        _first(get("event.category")),
        str(get("rule.id") or name or get("event.code") or ""),
        f"{words}\x1f{get('rule.category') or ''}\x1f{get('event.action') or ''}",
    )
    found = _known.get(key)
    if found is None:
        found = _resolve(event, *key)
        if sum(map(len, key)) <= _KNOWN_LENGTH:
            if len(_known) >= _KNOWN_MAX:
                _known.clear()
            _known[key] = found
    return found


def _resolve(event: Event, technique: str, tactic: str, category: str, rule: str, words: str) -> Behaviour:
    techniques = event.get("threat.technique.id")
    for candidate in techniques if isinstance(techniques, list) else [technique]:
        found = named(str(candidate)) if candidate else None
        if found is not None:
            return found
    rows = table()
    told = None if technique or tactic in rows else _meaning(words)
    if told is not None:
        return _inferred(told)
    categories = event.get("event.category")
    chain = [tactic, *(f"category:{name}" for name in (categories if isinstance(categories, list) else [category]))]
    base = next((rows[name] for name in chain if name in rows), rows[UNKNOWN])
    vendor = str(event.get("observer.product") or event.get("event.module") or "")
    return _renamed(base, f"rule:{vendor}:{rule}"[:120], technique)


def _meaning(words: str) -> Meaning | None:
    """Of the rule's name or message; of its category or action only where those are surer than an unsure name."""
    name, category, action = words.split("\x1f")[:3]
    best = meaning(name)
    for text in (category, action) if best is None or best.certainty < UNSURE else ():
        other = meaning(text)
        if other is not None and (best is None or other.certainty > best.certainty):
            best = other
    return best


@cache
def attempted() -> Behaviour:
    """What words like "command execution" mean of a network alert whose attacker is outside: somebody tries it."""
    row = table()["T1190"]
    return replace(row, prior=row.prior * ATTEMPT, inferred=True, full=row.prior)


def _inferred(told: Meaning) -> Behaviour:
    row = named(told.behaviour) or table()[told.behaviour]
    if row.technique:
        level = WEAK if told.ambiguous else TELLING
        prior = row.prior * told.certainty
    else:
        level, prior = (VAGUE if told.ambiguous else row.level), row.prior
    return replace(
        row, prior=prior, ambiguous=level < TELLING and row.ambiguous | told.ambiguous, level=level, session=told.session,
        tool=told.tool, inferred=True, full=row.prior,
    )  # fmt: skip
