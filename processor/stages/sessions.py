"""Which open meta-alert an alert belongs to: familiarity of its rule, companions on its host, when a session has ended."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from math import exp

from processor.behaviours import TELLING, VAGUE, WEAK
from processor.parameters import count, number
from processor.stages.aggregate_state import Meta, State
from processor.stages.held import Held
from processor.surprise import BASE_MEMORY, opening_probability, surprise_of

COMPANION = number("aggregate.companion")
SESSION_TAIL = number("aggregate.session_tail")
SCAN_MEMORY = number("aggregate.scan_memory")
FLOOD = count("aggregate.flood")
FLOOD_GAP = number("aggregate.flood_gap")
FLOOD_PACE = number("aggregate.flood_pace")
RULE_WINDOW = number("aggregate.rule_window")
RULE_FAMILIAR = number("aggregate.rule_familiar")
CREDIT = count("aggregate.credit")
MAX_RULES_KNOWN = count("bounds.rules_known")
MAX_RECENT = count("bounds.recent_hosts")
MAX_PER_HOST = count("bounds.recent_per_host")
MAX_CREDIT = count("bounds.credit_hosts")
GROUP = count("aggregate.group")
"""Alerts of ambiguous words that together are a session which others may join."""

PROTOCOL = "generic:protocol"
SCAN = "T1046"
SCAN_GAP = 900.0 / 43_200.0
"""The gap of a scan as a part of that of a protocol violation (`data/behaviours.tsv`)."""

ANYBODY = "*"
"""Scope of a scan by nobody named: the enterprise."""


def gap_of(meta: Meta, scale: float) -> float:
    """Seconds of silence that end a session: of a scan in full flood its own pace says when it has ended."""
    if meta.owned < FLOOD or meta.spread not in {"src", "web"}:
        return meta.gap
    pace = (meta.own - meta.started) / meta.owned
    return min(meta.gap, max(FLOOD_GAP, FLOOD_PACE * pace) * scale)


def ended(meta: Meta, t: float, scale: float) -> bool:
    return t - meta.own >= gap_of(meta, scale) or meta.started - t >= meta.gap


def meet(state: State, held: Held) -> None:
    """Count that a rule was met, here and on this host, and note on the alert how rare that is."""
    host = held.victim or held.attacker
    here, anywhere = _short(held.rule, host), _short(held.rule, "")
    local, general = _windows(state, here, held.t), _windows(state, anywhere, held.t)
    observed = held.t - state.start
    held.rare = surprise_of(opening_probability(local, observed), opening_probability(general, observed))
    held.familiar = local >= RULE_FAMILIAR
    if len(state.rules) > MAX_RULES_KNOWN:
        ranked = sorted(state.rules, key=lambda rule: (_decayed(state.rules[rule], held.t), rule))
        for rule in ranked[: MAX_RULES_KNOWN // 4]:
            del state.rules[rule]


@lru_cache(maxsize=8192)
def _short(rule: str, host: str) -> str:
    """Rules are long and there are many: 48 bits name one among the hundreds that an enterprise meets."""
    return blake2b(f"{rule}\x1f{host}".encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def forget(state: State) -> None:
    """Hosts where nothing happened that an alert still waiting could join."""
    horizon = state.newest - 2 * SESSION_TAIL
    for host in [host for host, known in state.recent.items() if max(known.values()) < horizon]:
        del state.recent[host]


def _decayed(known: list[float], t: float) -> float:
    return known[0] * exp(-max(0.0, t - known[1]) / BASE_MEMORY)


def _windows(state: State, rule: str, t: float) -> float:
    """In how many windows, decayed, the rule was met before this one; this one is counted."""
    known = state.rules.get(rule)
    if known is None:
        state.grown += 96
        state.rules[rule] = [1.0, t, 0.0]
        return 0.0
    if t - known[1] < RULE_WINDOW:
        return known[2]
    before = _decayed(known, t)
    before = round(before, 4)
    state.rules[rule] = [before + 1.0, t, before]
    return before


def probing(state: State, held: Held) -> Meta | None:
    """A protocol violation that is not everyday on its host is scanning by its words; one that is, and comes while
    somebody scans, goes along with that scan (the result) without keeping it alive."""
    if not held.behaviour.startswith(PROTOCOL) or held.late:
        return None
    scope = held.attacker or ANYBODY
    if held.familiar:
        scan = state.open.get(f"{SCAN}|{scope}")
        return scan if scan is not None and abs(held.t - scan.own) <= SCAN_MEMORY else None
    held.key = held.base = f"{SCAN}|{scope}"
    held.behaviour, held.technique, held.spread, held.gap = SCAN, SCAN, "src", held.gap * SCAN_GAP
    held.level = WEAK
    return None


def companion(state: State, held: Held) -> Meta | None:
    """The session on the same host that explains an alert which says little: of those active within seconds the rarer,
    then the newer. It never keeps that session alive."""
    if held.level == TELLING or (held.technique and held.outcome == "success"):
        return None  # a success is nobody's companion
    best: tuple[int, float, str] | None = None
    found: Meta | None = None
    for key, at in state.recent.get(held.victim or held.attacker, {}).items():
        meta = state.open.get(key)
        if meta is None or key == held.key or not _fits(state, held, meta, at):
            continue
        rank = (meta.owned.bit_length() // 3, -at, key)
        if best is None or rank < best:
            best, found = rank, meta
    return found


def _fits(state: State, held: Held, meta: Meta, at: float) -> bool:
    tail = SESSION_TAIL if held.session == "e" and meta.session else COMPANION
    if not -COMPANION <= held.t - at <= tail:
        return False
    if held.attacker and meta.attacker and held.attacker != meta.attacker:
        return False
    nobody = meta.spread == "src" and not meta.attacker
    if held.level == VAGUE:
        return not nobody  # a scan of the whole enterprise says nothing about one host's first this or that
    if held.spread in {"src", "web"}:
        if nobody:  # one request makes one alert of each sensor: no more weak ones than telling ones
            return meta.credit.get(held.victim or held.attacker, 0) > 0
        return (meta.spread in {"src", "web"} and (bool(meta.tool) or meta.level == TELLING)) or _same(
            state, held, meta
        )
    return meta.level == TELLING and not nobody


def _same(state: State, held: Held, meta: Meta) -> bool:
    """By the same named attacker, unless the alert belongs to a scan in full swing."""
    own = state.open.get(held.key)
    return bool(held.attacker) and held.attacker == meta.attacker and (own is None or own.owned < GROUP)


def spend(held: Held, meta: Meta) -> None:
    """A weak alert was explained by a scan's own alert on its host."""
    host = held.victim or held.attacker
    if meta.credit.get(host, 0) > 0:
        meta.credit[host] -= 1


def remember(state: State, held: Held, meta: Meta) -> None:
    """An alert that tells something, or a group of weak ones, is what others may join."""
    if not meta.technique or (held.level < TELLING and (held.level == VAGUE or meta.owned < GROUP)):
        return
    host = held.victim or held.attacker
    if (
        held.level == TELLING
        and meta.spread == "src"
        and not meta.attacker
        and (host in meta.credit or len(meta.credit) < MAX_CREDIT)
    ):
        meta.credit[host] = meta.credit.get(host, 0) + CREDIT
        state.grown += 4 * len(host) + 16
    known = state.recent.get(host)
    if known is None:
        if len(state.recent) >= MAX_RECENT:
            del state.recent[min(state.recent, key=lambda name: (max(state.recent[name].values()), name))]
        known = state.recent[host] = {}
    if meta.key not in known:
        state.grown += 4 * (len(host) + len(meta.key)) + 40
    known[meta.key] = max(held.t, known.get(meta.key, held.t))
    if len(known) > MAX_PER_HOST:
        del known[min(known, key=lambda key: (known[key], key))]
