"""aggregate: repeated alerts of one behaviour in one scope become one meta-alert with exact counts and evidence.

Alerts are placed in order of event time: each waits until the enterprise's newest time has passed it by `DISORDER`, so
that small disorder on the way changes nothing. A session ends after the behaviour's gap. What would matter is never
swallowed: a rise in severity, an attempt that became a success, a new entity or rule is evidence and is signalled to
the correlation at once; ordinary repetition is signalled when the count doubles.

Formulae: `docs/spec/correlation.md` (rarity, volume, surprise, risk of a meta-alert).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from zlib import crc32

import orjson
from prometheus_client import Counter

from processor.behaviours import TELLING, VAGUE, Behaviour, attempted, behaviour_of
from processor.entities import MAX_ENTITIES, is_internal, others, parties, shown, value_of
from processor.inventory import EnterpriseFacts
from processor.parameters import count, number
from processor.stage import Extent, Signal, StateView, Work
from processor.stages import aggregate_state, sessions
from processor.stages.aggregate_state import (
    MAX_MARKS,
    MAX_PRODUCTS,
    MAX_RULES,
    RESERVOIR,
    TICK_RELEASE,
    WAITING,
    Meta,
    State,
    Waiting,
)
from processor.stages.held import AMBIGUOUS_HOLD, HELD_BYTES, Held, shape_of
from processor.surprise import (
    BASE_MEMORY,
    CRITICAL,
    HIGH,
    WARM,
    meta_risk,
    opening_probability,
    rarity,
    surprise_of,
    volume,
)
from taishi import clock
from taishi.event import Batch, Event
from taishi.feedback.suppress import MARK

DISORDER = number("aggregate.disorder")
"""Seconds of event time that an alert waits for earlier ones."""

FUTURE_ALLOWANCE = number("aggregate.future")
SWEEP = number("aggregate.sweep")
"""Seconds of event time between two looks at which sessions are over."""

FAMILIAR_RARITY = number("aggregate.familiar_rarity")
FAMILIAR_TIMES = number("aggregate.familiar_times")
"""An attempt from outside is background where its rule is no rarer than this and was met this often (decayed)."""

EVERYDAY = number("aggregate.everyday")
EVERYDAY_GAP = number("aggregate.everyday_gap")
LOUD = count("aggregate.loud")
BACKGROUND_GAP = number("aggregate.background_gap")
BACKGROUND_LENGTH = number("aggregate.background_length")
"""A background session ends after this silence, and after this length in any case (seconds of event time)."""

QUIET_SIGNAL = number("aggregate.quiet_signal")
TYPICAL = number("surprise.typical")
NEW_BYTES = 900
"""Most bytes of the numbers of an open meta-alert, with room for their growth."""

MAX_HELD = count("bounds.held")
MAX_OPEN = count("bounds.open")
MAX_BASE = count("bounds.baselines")
MAX_FAN = count("bounds.fan")
"""Open meta-alerts of one behaviour and victim, or of one scanning behaviour; the next attackers share one."""

MAX_TALKERS = count("bounds.talkers")

EVICTED = Counter("taishi_open_metas_evicted_total", "Open meta-alerts closed early: an enterprise had too many.")
HURRIED = Counter("taishi_alerts_hurried_total", "Alerts placed before their time: too many were waiting.")
LATE = Counter("taishi_alerts_late_total", "Alerts that came later than allowed; they are aggregated apart.")
OUTCOMES = {"success": 2, "unknown": 1, "failure": 0}


class Aggregate:
    name = "aggregate"

    def __init__(self, gap_scale: float = 1.0, trace: Callable[[str, str], None] | None = None) -> None:
        """`gap_scale` multiplies every gap that ends a session; `trace` hears (event id, meta-alert id) of each alert that
        is placed. Both are for evaluation: the platform uses neither."""
        self._gap_scale = gap_scale
        self._trace = trace

    def load(self, blob: bytes) -> State | Waiting:
        return aggregate_state.load(blob)

    def dump(self, value: State | Waiting) -> bytes:
        return aggregate_state.dump(value)

    def run(self, work: Work, state: StateView) -> None:
        touched: dict[str, dict[str, Meta]] = {}
        for batch in work.batches:
            _Run(self._gap_scale, self._trace, work, batch, state, touched.setdefault(batch.enterprise_id, {})).go()
        for enterprise_id, metas in touched.items():
            facts = work.inventory.enterprise(enterprise_id)
            for meta in metas.values():
                work.upsert("meta_alert", meta.id, _row(facts, meta))
            if metas:
                work.extents[enterprise_id] = {m.id: Extent(m.count, m.last) for m in metas.values()}


class _Run:
    """One delivery of one enterprise."""

    def __init__(
        self, gap_scale: float, trace: Callable[[str, str], None] | None, work: Work, batch: Batch, view: StateView,
        touched: dict[str, Meta],
    ) -> None:  # fmt: skip
        self._gap_scale = gap_scale
        self._trace = trace
        self._work = work
        self._batch = batch
        self._view = view
        self._touched = touched
        self._facts = work.inventory.enterprise(batch.enterprise_id)

    def go(self) -> None:
        batch = self._batch
        alerts = [event for event in batch.events if event.get("event.kind") == "alert" and MARK not in event]
        state: State | None = self._view.get(batch.enterprise_id)
        if state is None or (not alerts and not state.held):
            if not alerts:
                return
            state = state or State()
        self._state = state
        state.received_at = max(state.received_at, batch.received_at)
        limit = batch.received_at + FUTURE_ALLOWANCE
        for event in alerts:
            held = self._hold(event)
            state.held.push(held)
            if not held.late:
                state.newest = max(state.newest, min(held.t, limit))
        if state.held:
            state.newest = max(state.newest, self._work.newest.get(batch.delivery, 0.0))
        self._release()
        self._view.put(batch.enterprise_id, state)
        self._announce(state)

    def _announce(self, state: State) -> None:
        """Keep the list of enterprises with waiting alerts, by which the worker knows whom to send a tick."""
        waiting: Waiting = self._view.get(WAITING) or Waiting()
        since = min((held.received_at for held in state.held), default=None)
        if waiting.since.get(self._batch.enterprise_id) == since:
            return
        if since is None:
            waiting.since.pop(self._batch.enterprise_id, None)
        else:
            waiting.since[self._batch.enterprise_id] = since
        self._view.put(WAITING, waiting)

    def _release(self) -> None:
        state = self._state
        watermark = state.newest - DISORDER
        while state.held:
            first = state.held.first
            waited = self._batch.source_id == "" and self._batch.received_at - first.received_at >= TICK_RELEASE
            crowded = len(state.held) > MAX_HELD or state.held.bytes > HELD_BYTES
            if not (first.due < watermark or first.late or waited or crowded):
                break
            if crowded:
                HURRIED.inc()
            self._place(state.held.pop())
        if state.newest - state.swept >= SWEEP or len(state.open) > MAX_OPEN:
            _sweep(state, self._gap_scale)

    def _hold(self, event: Event) -> Held:
        behaviour = behaviour_of(event)
        attacker_ip = event.get("taishi.attacker.ip")
        external = isinstance(attacker_ip, str) and not is_internal(attacker_ip)
        if (
            external
            and behaviour.inferred
            and behaviour.technique
            and behaviour.stage == 2
            and "process.name" not in event
        ):
            behaviour = attempted() if event.get("taishi.outcome") != "success" else behaviour
        t = clock.to_seconds(event["@timestamp"])
        said = event.get("event.severity")
        unrated = said is None  # then what it does says how bad it is
        severity = round(100 * behaviour.prior) if said is None else int(said)
        stated = not unrated and severity >= HIGH
        attacker, victim = parties(self._facts, event)
        stage = 0 if external and behaviour.stage == 3 and behaviour.scope == "src" else behaviour.stage
        late = bool(event.get("taishi.late"))
        if late:
            LATE.inc()
        scope, base = _scope(behaviour, attacker, victim, external)
        rule = str(event.get("rule.name") or event.get("message") or behaviour.name_en)[:200]
        identity = (
            f"{behaviour.id}:{rule}"[:120]
            if stated and behaviour.inferred and not behaviour.technique
            else behaviour.id
        )
        tactic = event.get("threat.tactic.name") or event.get("threat.tactic.id")
        return Held(
            t=t,
            id=event["event.id"],
            received_at=self._batch.received_at,
            key=f"{identity}|{scope}|late" if late else f"{identity}|{scope}",
            base=f"{identity}|{base}",
            behaviour=identity,
            technique=behaviour.technique,
            tactic=str(tactic[0] if isinstance(tactic, list) and tactic else tactic or "")[:64],
            stage=stage,
            gap=behaviour.gap * self._gap_scale,
            prior=behaviour.prior,
            full=behaviour.full,
            unrated=unrated,
            ambiguous=behaviour.ambiguous and not stated,
            rule=rule,
            severity=min(100, max(0, severity)),
            outcome=str(event.get("taishi.outcome") or "unknown"),
            attacker=attacker,
            victim=victim,
            product=str(event.get("observer.product") or event.get("event.module") or "")[:64],
            criticality=float(event.get("taishi.asset.criticality") or 0.0),
            external=external,
            entities=[entity for entity in (attacker, victim) if entity] + others(event),
            late=late,
            vague=behaviour.ambiguous,
            novice=self._batch.source_id in self._work.feedback.novices,
            level=TELLING if stated else behaviour.level,
            session=behaviour.session,
            tool=behaviour.tool,
            spread=behaviour.scope,
        )

    def _place(self, held: Held) -> None:
        state = self._state
        state.start = state.start or held.t
        sessions.meet(state, held)
        meta = sessions.probing(state, held) or sessions.companion(state, held)
        if meta is not None:
            sessions.spend(held, meta)
            self._add(meta, held, own=False)
        else:
            self._place_own(held)
        state.fit(BASE_MEMORY, self._evict)

    def _evict(self, meta: Meta) -> None:
        _close(self._state, meta)
        self._state.evicted += 1
        EVICTED.inc()

    def _place_own(self, held: Held) -> None:
        state = self._state
        meta = state.open.get(held.key)
        if meta is not None and (sessions.ended(meta, held.t, self._gap_scale) or _long(meta, held)):
            _close(state, meta)
            meta = None
        if meta is None and self._is_background(held):
            self._add(self._background(held), held, own=True)
            return
        if meta is None:
            meta = self._open(held)
        self._add(meta, held, own=True)

    def _is_background(self, held: Held) -> bool:
        """Somebody outside tries what others try here all day."""
        attempt = held.external and held.stage <= 1 and held.outcome != "success" and held.severity < CRITICAL
        if not attempt or held.late:
            return False
        key = f"{held.behaviour}|rule:{held.rule}"
        times = self._state.decayed(key, held.t, BASE_MEMORY)
        familiar = rarity(self._opening(key, held.t)) < FAMILIAR_RARITY and times >= FAMILIAR_TIMES
        shared = self._state.open.get(_background_key(held))
        return familiar and (shared is None or shared.talkers.get(held.attacker, 0) < LOUD)

    def _background(self, held: Held) -> Meta:
        """The session that all background attempts of one behaviour share. It names no attacker and links to nothing:
        its addresses are found through its events."""
        key = _background_key(held)
        meta = self._state.open.get(key)
        if meta is not None and (held.t - meta.own >= meta.gap or held.t - meta.first >= BACKGROUND_LENGTH):
            _close(self._state, meta)
            meta = None
        if meta is None:
            meta = self._new(replace(held, attacker="", gap=BACKGROUND_GAP, base=key), key)
        if held.attacker in meta.talkers or len(meta.talkers) < MAX_TALKERS:
            meta.talkers[held.attacker] = meta.talkers.get(held.attacker, 0) + 1
            self._state.grown += len(held.attacker) + 16
        return meta

    def _open(self, held: Held) -> Meta:
        state = self._state
        key = held.key
        if len(state.open) >= MAX_FAN:
            fan = [meta.base for meta in state.open.values()].count(held.base)
            if fan >= MAX_FAN:
                key = f"{held.base}|*"
                shared = state.open.get(key)
                if shared is not None and -shared.gap < held.t - shared.own < shared.gap:
                    return shared
                if shared is not None:
                    _close(state, shared)
        return self._new(held, key)

    def _new(self, held: Held, key: str) -> Meta:
        state = self._state
        probability = self._opening(held.base, held.t)
        common = self._opening(held.behaviour, held.t)
        everyday = (
            not held.technique and held.severity < HIGH and state.decayed(held.base, held.t, BASE_MEMORY) >= EVERYDAY
        )
        gap = max(held.gap, EVERYDAY_GAP * self._gap_scale) if everyday else held.gap
        meta = Meta(
            id=_identity(self._batch.enterprise_id, key, held.id), key=key, base=held.base, behaviour=held.behaviour,
            technique=held.technique, tactic=held.tactic, stage=held.stage, gap=gap, prior=held.prior,
            severity=held.severity, outcome=held.outcome, first=held.t, last=held.t, own=held.t, first_id=held.id,
            last_id=held.id, attacker=held.attacker, victim=held.victim, criticality=held.criticality,
            probability=probability, common=common, external=held.external, surprise=surprise_of(probability, common),
            novice=held.novice,
            spread=held.spread, level=held.level, tool=held.tool, started=held.t,
        )  # fmt: skip
        state.open[key] = meta
        state.grown += 3 * len(orjson.dumps(shape_of(held))) + 3 * len(held.id) + NEW_BYTES
        if len(state.base) > MAX_BASE:
            _trim_base(state, held.t)
        return meta

    def _opening(self, key: str, t: float) -> float:
        """How likely an opening was before this one, which is counted."""
        state = self._state
        known = state.base.get(key)
        decayed = state.decayed(key, t, BASE_MEMORY) if known else 0.0
        state.base[key] = [decayed + 1.0, t, known[2] if known else 0.0]
        if known is None:
            state.grown += 4 * len(key) + 64
        return opening_probability(decayed, t - state.start)

    def _add(self, meta: Meta, held: Held, *, own: bool) -> None:
        """Count one alert; what changed the meta-alert's meaning becomes evidence and a signal."""
        if self._trace is not None:
            self._trace(held.id, meta.id)
        meta.count += 1
        meta.novice = meta.novice and held.novice
        if held.t < meta.first:
            meta.first, meta.first_id = held.t, held.id
        if held.t >= meta.last:
            meta.last, meta.last_id = held.t, held.id
        if own:
            meta.own, meta.started = max(meta.own, held.t), min(meta.started, held.t)
            meta.owned += 1
            meta.level = max(meta.level, held.level)
            sessions.remember(self._state, held, meta)
        meta.session = meta.session or (held.session == "s" and meta.level == TELLING)
        worse = self._worsen(meta, held) if own else _louder(meta, held)
        changed = _note(meta, held) or worse
        if changed and meta.count > 1 and len(meta.marks) < MAX_MARKS:
            meta.marks.append(held.id)
        if changed:
            self._state.grown += len(orjson.dumps(shape_of(held))) + len(held.id) + NEW_BYTES // 4
        if len(meta.sample) < RESERVOIR:
            self._state.grown += len(held.id) + 24
        _sample(meta, held.id)
        self._touched[meta.id] = meta
        if changed or meta.count >= meta.doubling or held.t - meta.signalled >= QUIET_SIGNAL:
            meta.doubling = max(meta.doubling, 1 << meta.count.bit_length())
            meta.signalled = held.t
            self._signal(meta, held)

    def _worsen(self, meta: Meta, held: Held) -> bool:
        worse = _louder(meta, held) if held.severity > meta.severity else False
        if OUTCOMES.get(held.outcome, 1) > OUTCOMES.get(meta.outcome, 1):
            meta.outcome, meta.grave["outcome"], worse = held.outcome, held.id, True
            _count(meta, "outcome")
        prior = held.prior if meta.owned < sessions.FLOOD else max(held.prior, held.full)
        if prior > meta.prior:  # a flood of ambiguous words is no longer ambiguous
            meta.prior, worse = prior, True
            meta.severity = max(meta.severity, round(100 * prior)) if held.unrated else meta.severity
        if held.level > VAGUE and held.rare > meta.surprise:
            meta.surprise = held.rare
        meta.criticality = max(meta.criticality, held.criticality)
        return worse

    def _signal(self, meta: Meta, held: Held) -> None:
        state = self._state
        typical = known[2] if (known := state.base.get(meta.base)) else 0.0
        if typical > 0:  # being rare was counted when the meta-alert was opened
            meta.surprise = max(meta.surprise, volume(meta.count, typical))
        warming = held.t - state.start < WARM
        risk = meta_risk(
            meta.prior, meta.severity, meta.outcome, meta.surprise, external=meta.external, stage=meta.stage,
            warming=warming,
        )  # fmt: skip
        risk, meta.learned = self._work.feedback.weigh(
            risk, self._facts.id, meta.rules, meta.severity, meta.outcome, novice=meta.novice
        )
        state.grown += len(orjson.dumps(meta.learned)) if meta.learned else 0
        meta.risk = max(meta.risk, risk)
        told, meta.told = meta.told, len(meta.entities)
        self._work.signals.append(
            Signal(
                enterprise_id=self._batch.enterprise_id,
                meta_id=meta.id,
                t=held.t,
                received_at=state.received_at,
                behaviour=meta.behaviour,
                technique=meta.technique,
                stage=meta.stage,
                name=meta.name(),
                severity=meta.severity,
                outcome=meta.outcome,
                risk=meta.risk,
                surprise=meta.surprise,
                criticality=meta.criticality,
                first=meta.first,
                entities=list(meta.entities),
                fresh=meta.entities[told:],
                attacker=meta.attacker,
                victim=meta.victim,
                count=meta.count,
                external=meta.external,
            )
        )


def _louder(meta: Meta, held: Held) -> bool:
    """A product's word that it is graver counts, whatever the alert is part of; ours about an unrated one does not."""
    if held.severity <= meta.severity or (held.unrated and held.key != meta.key):
        return False
    meta.severity, meta.grave["severity"] = held.severity, held.id
    _count(meta, "severity")
    return True


def _background_key(held: Held) -> str:
    return f"{held.behaviour}|outside>{held.victim}"


def _long(meta: Meta, held: Held) -> bool:
    """What is only counted ends once a day, so that it can be counted by day."""
    return meta.gap >= BACKGROUND_GAP and held.t - meta.first >= BACKGROUND_LENGTH and not meta.technique


def _scope(behaviour: Behaviour, attacker: str, victim: str, external: bool) -> tuple[str, str]:
    """(scope of the meta-alert, scope of its baseline): outside addresses come and go, so they share one baseline."""
    who = "external" if external else attacker
    if behaviour.scope == "web":
        return f"{attacker or victim}|{behaviour.tool}" if behaviour.tool else attacker or victim, who or victim
    if behaviour.scope == "src":
        return attacker or sessions.ANYBODY, who or sessions.ANYBODY
    if behaviour.scope == "pair" and attacker:
        return f"{attacker}>{victim}", f"{who}>{victim}"
    return victim or attacker, victim or who


def _identity(enterprise_id: str, key: str, first_id: str) -> str:
    text = f"{enterprise_id}\x1f{key}\x1f{first_id}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _note(meta: Meta, held: Held) -> bool:
    """Rules, products and entities; says whether an entity or a rule is new."""
    fresh = False
    if held.rule in meta.rules:
        meta.rules[held.rule] += 1
    elif len(meta.rules) < MAX_RULES:
        meta.rules[held.rule] = 1
        fresh = _count(meta, "rule")
    if held.product and held.product not in meta.products and len(meta.products) < MAX_PRODUCTS:
        meta.products.append(held.product)
    before = len(meta.entities)
    for entity in held.entities if not meta.talkers else ():
        if entity not in meta.entities and len(meta.entities) < MAX_ENTITIES:
            meta.entities.append(entity)
    return _count(meta, "entity") if len(meta.entities) > before else fresh


def _count(meta: Meta, what: str) -> bool:
    """Its state is new; the first alert is no change."""
    if meta.count > 1:
        meta.changes[what] = meta.changes.get(what, 0) + 1
    return True


def _sample(meta: Meta, identity: str) -> None:
    """Keep the ids of smallest weight: a uniform sample that does not depend on order, seeded by the ids."""
    weight = crc32(identity.encode("utf-8", "surrogatepass"), crc32(meta.id.encode()))
    sample = meta.sample
    if len(sample) < RESERVOIR:
        sample.append([weight, identity])
        sample.sort()
    elif weight < sample[-1][0]:
        sample[-1] = [weight, identity]
        sample.sort()


def _close(state: State, meta: Meta) -> None:
    """End a session and let its size teach what is typical (mean of the last few)."""
    state.open.pop(meta.key, None)
    known = state.base.get(meta.base)
    if known is not None:
        known[2] = meta.count if not known[2] else (1.0 - TYPICAL) * known[2] + TYPICAL * meta.count


def _sweep(state: State, scale: float) -> None:
    """Close what nothing waiting can still join; over the cap also the longest silent. The late lane has no clock of
    its own, so only the cap closes it."""
    state.swept = state.newest
    sessions.forget(state)
    horizon = state.newest - DISORDER - AMBIGUOUS_HOLD
    for meta in [m for m in state.open.values() if sessions.ended(m, horizon, scale) and not m.key.endswith("|late")]:
        _close(state, meta)
    surplus = max(0, len(state.open) - MAX_OPEN)
    for meta in sorted(state.open.values(), key=lambda meta: (meta.last, meta.id))[:surplus]:
        _close(state, meta)
        state.evicted += 1
        EVICTED.inc()


def _trim_base(state: State, t: float) -> None:
    """Forget the quarter with the fewest decayed openings: they are rare again, which is true."""
    ranked = sorted(state.base, key=lambda key: (state.decayed(key, t, BASE_MEMORY), key))
    for key in ranked[: MAX_BASE // 4]:
        del state.base[key]


def _row(facts: EnterpriseFacts, meta: Meta) -> dict[str, object]:
    return {
        "enterprise_id": facts.id, "region": facts.region, "authority": facts.authority, "behaviour": meta.key[:255],
        "name": meta.name(), "technique": meta.technique[:32], "tactic": meta.tactic, "stage": meta.stage,
        "severity": meta.severity, "outcome": meta.outcome, "count": meta.count, "first_seen": meta.first,
        "last_seen": meta.last, "attacker": value_of(meta.attacker)[:255], "victim": value_of(meta.victim)[:255],
        "entities": [shown(entity) for entity in meta.entities], "rules": dict(meta.rules),
        "evidence": meta.evidence(), "products": list(meta.products), "risk": meta.risk, "surprise": meta.surprise,
        "learned": meta.learned, "changes": dict(meta.changes),
    }  # fmt: skip
