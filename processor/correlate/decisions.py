"""People's decisions on the correlation, applied to its state: merge, split, detach and their undo.

The API has already moved the rows; here the engine learns it, so that later data follows what people decided. A pair
that was split never merges again by itself. What the engine has forgotten is left as people made it.
"""

from __future__ import annotations

from typing import Any

import orjson

from processor.correlate import score
from processor.correlate.moves import Outcome, carry, move, set_apart
from processor.correlate.state import MAX_JOURNAL, Case, State, fit
from processor.stage import Decided

REMEMBERED = 256
"""Sequence numbers kept to recognise decisions already applied; more than can be in flight at once."""


def apply(state: State, decided: Decided, outcome: Outcome) -> bool:
    """Apply one decision; False if it was applied before."""
    if decided.seq in state.decided or (state.decided and len(state.decided) >= REMEMBERED
                                        and decided.seq < state.decided[0]):  # fmt: skip
        return False
    payload = decided.payload
    state.grown += 4 * len(orjson.dumps(payload)) + 16_000  # an incident's meta-alerts may be named again
    if decided.kind == "merge":
        _merge(state, decided.seq, str(payload["incident"]), str(payload["into"]), outcome)
    elif decided.kind in {"split", "detach"}:
        metas = [str(meta) for meta in payload.get("metas", [payload.get("meta", "")])]
        _split(state, decided.seq, str(payload["incident"]), metas, str(payload["new_incident"]), outcome)
    elif decided.kind == "undo":
        _undo(state, int(payload["decision"]), outcome)
    state.decided = sorted([*state.decided, decided.seq])[-REMEMBERED:]
    outcome.evicted += fit(state)
    outcome.cases &= state.cases.keys()
    return True


def _note(state: State, entry: dict[str, Any]) -> None:
    state.journal = [*state.journal, entry][-MAX_JOURNAL:]


def _rescore(state: State, identities: set[str], outcome: Outcome) -> None:
    for identity in sorted(identities & state.cases.keys()):
        case = state.cases[identity]
        if not case.members:
            del state.cases[identity]
            outcome.cases.discard(identity)
            continue
        score.rescore(state, case, case.active)
        outcome.cases.add(identity)


def _merge(state: State, seq: int, drop_id: str, keep_id: str, outcome: Outcome) -> None:
    keep_id = state.resolve(keep_id)
    drop = state.cases.get(drop_id)
    _note(state, {"seq": seq, "from": drop_id, "to": keep_id, "metas": list(drop.members) if drop else []})
    if drop is None or keep_id == drop_id:
        state.moved[drop_id] = keep_id
        return
    keep = state.cases.get(keep_id)
    if keep is None:
        keep = state.cases[keep_id] = Case(keep_id, drop.first, drop.active, foreign=True)
    move(state, drop, keep)
    outcome.cases.discard(drop_id)
    _rescore(state, {keep_id}, outcome)


def _split(state: State, seq: int, old_id: str, metas: list[str], new_id: str, outcome: Outcome) -> None:
    known = [meta for meta in metas if meta in state.members]
    _note(state, {"seq": seq, "from": old_id, "to": new_id, "metas": known, "split": True})
    if known:
        old = state.cases.get(state.members[known[0]].incident)
        carry(state, known, new_id)
        new = state.cases[new_id]
        if old is not None:
            new.escalated_at = old.escalated_at
            set_apart(new, old)
        _rescore(state, {new_id, *([old.id] if old else [])}, outcome)


def _undo(state: State, seq: int, outcome: Outcome) -> None:
    entry = next((entry for entry in state.journal if entry["seq"] == seq), None)
    if entry is None:
        return
    one, other = entry["from"], entry["to"]
    if state.moved.get(one) == other:
        del state.moved[one]
    back = [m for m in entry["metas"] if m in state.members and state.members[m].incident == other]
    if back:
        escalated = state.cases[other].escalated_at
        carry(state, back, one)
        if state.cases[one].escalated_at is None:
            state.cases[one].escalated_at = escalated
    for case, identity in ((state.cases.get(one), other), (state.cases.get(other), one)):
        if case is not None and entry.get("split") and identity in case.apart:
            case.apart.remove(identity)
    if not entry.get("split") and one in state.cases and other in state.cases:
        set_apart(state.cases[one], state.cases[other])
    _rescore(state, {one, other}, outcome)
