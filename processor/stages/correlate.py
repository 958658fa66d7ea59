"""correlate: meta-alerts of one enterprise become incidents, each join with its score and reason.

The work is in `processor.correlate`: this module turns signals into rows and applies people's decisions.
"""

from __future__ import annotations

from prometheus_client import Counter

from processor.campaigns import sightings
from processor.correlate import state as correlate_state
from processor.correlate.decisions import apply
from processor.correlate.engine import Engine, case_row
from processor.correlate.moves import Outcome
from processor.correlate.state import State
from processor.inventory import EnterpriseFacts
from processor.stage import Decided, Signal, StateView, Work

ESCALATED = Counter("taishi_incidents_escalated_total", "Incidents that became worth a person's time.")
EVICTED = Counter("taishi_incidents_forgotten_total", "Incidents that left the correlation's memory.")


class Correlate:
    name = "correlate"

    def load(self, blob: bytes) -> State:
        return correlate_state.load(blob)

    def dump(self, value: State) -> bytes:
        return correlate_state.dump(value)

    def run(self, work: Work, state: StateView) -> None:
        by_enterprise: dict[str, list[Signal]] = {}
        for signal in work.signals:
            by_enterprise.setdefault(signal.enterprise_id, []).append(signal)
        for enterprise_id in dict.fromkeys([*by_enterprise, *work.extents]):
            value: State | None = state.get(enterprise_id)
            signals = by_enterprise.get(enterprise_id, [])
            if value is None and not signals:
                continue
            engine = Engine(value or State(), work.closed)
            for signal in signals:
                engine.take(signal, signal.fresh)
            engine.extend(work.extents.get(enterprise_id, {}))
            state.put(enterprise_id, engine.state)
            facts = work.inventory.enterprise(enterprise_id)
            sightings.note_uses(work, facts, signals)
            _write(work, facts, engine.state, engine.outcome)

    def decide(self, work: Work, state: StateView, decisions: list[Decided]) -> None:
        """Apply decisions, in order, and write the incidents they changed again. Joins stay as people wrote them."""
        for decided in decisions:
            value: State = state.get(decided.enterprise_id) or State()
            outcome = Outcome()
            if not apply(value, decided, outcome):
                continue
            state.put(decided.enterprise_id, value)
            _follow(work, value)
            _write(work, work.inventory.enterprise(decided.enterprise_id), value, outcome)


def _follow(work: Work, state: State) -> None:
    """Rows prepared before a decision was known must not undo it: the engine's joins give way to people's."""
    for (table, identity), row in list(work.rows.items()):
        if table != "meta_alert" or "incident_id" not in row.values:
            continue
        member = state.members.get(identity)
        if member is not None and member.incident != row.values["incident_id"]:
            row.values["incident_id"] = member.incident
            row.values.pop("join", None)
    for identity in state.moved:
        row_of = work.rows.get(("incident", identity))
        if row_of is not None:
            row_of.values.update(merged_into=state.moved[identity], alert_count=0, meta_count=0)


def _write(work: Work, facts: EnterpriseFacts, state: State, outcome: Outcome) -> None:
    owner = {"enterprise_id": facts.id, "region": facts.region, "authority": facts.authority}
    for meta_id, join in outcome.joins.items():
        member = state.members.get(meta_id)
        if member is not None:
            work.upsert("meta_alert", meta_id, {"incident_id": member.incident, "join": join})
    for identity, (keep, row) in outcome.tombstones.items():
        work.upsert("incident", identity, {**owner, **row, "merged_into": keep})
        sightings.note_merged(work, facts, identity, row)
        if row["escalated"]:
            work.changed("incident", identity, **owner)
    for identity in sorted(outcome.cases & state.cases.keys()):
        case = state.cases[identity]
        if not case.foreign:
            work.upsert("incident", identity, {**owner, **case_row(state, case)})
            sightings.note_sightings(work, facts, state, case)
        if case.escalated_at is not None:
            work.changed("incident", identity, **owner)
    ESCALATED.inc(len(outcome.escalated))
    EVICTED.inc(outcome.evicted)
