"""What correlate writes down for campaigns: which indicators an enterprise met, and which are in incidents of weight."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final

from processor.correlate.state import Case, Member, State
from processor.inventory import EnterpriseFacts
from processor.stage import Signal, Work
from taishi.campaigns.parameters import parameters
from taishi.campaigns.warning_list import listed

KINDS: Final = {"hash": 0, "domain": 1, "ip": 2}
"""Kinds of entities that several enterprises can share, strongest first."""

SHOWN: Final = 200
"""An incident's row names this many entities; only those are sighted, so that the row can confirm each."""


def _key(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def indicator(entity: str) -> tuple[str, str] | None:
    """(kind, value) of an entity that may tie enterprises together; None for others and for everybody's values."""
    kind, _, value = entity.partition(":")
    if kind not in KINDS or not value or len(value) > 255 or listed(kind, value):
        return None
    return kind, value


def note_uses(work: Work, facts: EnterpriseFacts, signals: list[Signal]) -> None:
    """A row for each indicator that an enterprise's alerts named for the first time in a meta-alert."""
    owner = {"enterprise_id": facts.id, "region": facts.region, "authority": facts.authority}
    for signal in signals:
        for entity in signal.fresh:
            found = indicator(entity)
            if found is not None:
                kind, value = found
                row = {**owner, "kind": kind, "value": value, "last_seen": signal.t}
                work.upsert("indicator_use", _key(kind, value, facts.id), row)


def note_sightings(work: Work, facts: EnterpriseFacts, state: State, case: Case) -> None:
    """The indicators of an incident that is evidence by itself."""
    given = parameters().sighting
    if case.score < given["min_score"]:
        return
    members = state.of(case)
    shown = list(dict.fromkeys(entity for member in members for entity in member.entities))[:SHOWN]
    carriers: dict[tuple[str, str], list[Member]] = {}
    for entity in shown:
        found = indicator(entity)
        if found is not None:
            carriers[found] = [member for member in members if entity in member.entities]
    ordered = sorted(carriers, key=lambda found: (KINDS[found[0]], found[1]))[: int(given["max_per_incident"])]
    techniques = _techniques(members)
    for kind, value in ordered:
        row = _row(case, carriers[kind, value], techniques)
        owner = {"enterprise_id": facts.id, "region": facts.region, "authority": facts.authority}
        row |= {**owner, "industry": facts.industry, "kind": kind, "value": value, "incident_id": case.id}
        work.upsert("sighting", _key(kind, value, case.id), row)


def note_merged(work: Work, facts: EnterpriseFacts, identity: str, row: dict[str, Any]) -> None:
    """An incident that went into another is no evidence any more: what was sighted in it counts nothing."""
    if row["score"] < parameters().sighting["min_score"]:
        return
    owner = {"enterprise_id": facts.id, "region": facts.region, "authority": facts.authority}
    nothing = {"techniques": [], "stage": 0, "attempt": True, "score": 0.0, "escalated": False}
    times = {"first_seen": row["first_seen"], "last_seen": row["last_seen"]}
    for entity in row["entities"]:
        found = indicator(f"{entity['kind']}:{entity['value']}")
        if found is not None:
            kind, value = found
            what = {"industry": facts.industry, "kind": kind, "value": value, "incident_id": identity}
            work.upsert("sighting", _key(kind, value, identity), {**owner, **what, **nothing, **times})


def _techniques(members: list[Member]) -> list[str]:
    """In the order in which they were first seen."""
    ordered = sorted((member for member in members if member.technique), key=lambda m: (m.first, m.stage, m.technique))
    return list(dict.fromkeys(member.technique for member in ordered))[:24]


def _row(case: Case, carriers: list[Member], techniques: list[str]) -> dict[str, Any]:
    return {
        "techniques": techniques,
        "stage": max(member.stage for member in carriers),
        "attempt": all(member.attempt for member in carriers),
        "score": case.score,
        "escalated": case.escalated_at is not None,
        "first_seen": min(member.first for member in carriers),
        "last_seen": max(member.last for member in carriers),
    }
