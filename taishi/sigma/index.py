"""The engine: rules grouped by what an event is, candidates by literals, candidates run as compiled expressions.

An event's routing fields decide its *plan*: the rules whose log source fits, pruned by what the routing fields already
decide (a rule on `EventID: 4688` is not in the plan of 4624). A plan has one Aho–Corasick automaton over the witness
literals of its rules (`witness`), learned from the traffic it has seen. Everything here is replaceable as a whole: new
rules are a new `Engine`, learned witnesses a new `_Index`, each put in place by one assignment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind

from taishi.event import Event
from taishi.sigma import expression, values, witness
from taishi.sigma.explain import Explainer
from taishi.sigma.rule import KEYWORD, And, Match, Node, Not, Or, Rule, Text
from taishi.sigma.taxonomy import Taxonomy, ours

MAX_PLANS: Final = 1024
"""Distinct plans kept; each is built from values that rules name, so attackers cannot make more by inventing values."""
MAX_KEYS: Final = 50_000
SAMPLE_EVERY: Final = 4
LEARN_AFTER: Final = 200
"""Sampled texts after which a plan learns its witnesses; and again each time it has seen RELEARN times as many."""
RELEARN: Final = 64
TIMED_EVERY: Final = 64
"""One event in so many has its candidates timed, where the caller gives a clock."""


@dataclass(slots=True)
class Entry:
    """A rule in the engine, with what evaluating it has cost."""

    rule: Rule
    fields: expression.Fields
    hits: int = 0
    tried: int = 0
    nanoseconds: int = 0
    timed: int = 0
    _run: expression.Compiled | None = None
    _explainer: Explainer | None = None

    @property
    def run(self) -> expression.Compiled:
        if self._run is None:
            self._run = expression.compiled(self.rule.condition, self.fields)
        return self._run

    def fired_by(self, event: Event) -> dict[str, str]:
        """The fields that made the rule fire, with their values."""
        return self.explainer.fired_by(event)

    @property
    def explainer(self) -> Explainer:
        if self._explainer is None:
            self._explainer = Explainer(self.rule.condition, self.fields)
        return self._explainer


class _Index:
    """One automaton over the witnesses of some rules."""

    __slots__ = ("always", "automaton", "literals", "marks", "rules")

    def __init__(
        self, chosen: Sequence[tuple[Entry, witness.Witness | None]], marks: Sequence[tuple[str, str]]
    ) -> None:
        self.always = tuple(entry for entry, one in chosen if one is None)
        by_literal: dict[str, list[Entry]] = {}
        for entry, one in chosen:
            for text in sorted(one.literals if one is not None else ()):
                by_literal.setdefault(text, []).append(entry)
        self.literals = tuple(by_literal)
        self.rules = tuple(tuple(entries) for entries in by_literal.values())
        self.marks = tuple(marks)
        self.automaton = _automaton(self.literals, _implementation(len(self.literals))) if self.literals else None


def _automaton(literals: Sequence[str], implementation: Implementation) -> BytesAhoCorasick:
    """Over bytes: a third faster than over text, which counts characters for its answers."""
    patterns = [text.encode("utf-8", "surrogatepass") for text in literals]
    return BytesAhoCorasick(patterns, matchkind=MatchKind.Standard, implementation=implementation)


def _implementation(count: int) -> Implementation:
    """The DFA is the fastest and the largest; beyond some tens of thousands of literals the NFA saves the memory."""
    return Implementation.DFA if count <= 20_000 else Implementation.ContiguousNFA


class _Plan:
    """The rules that an event of some kind can match."""

    __slots__ = ("conditions", "entries", "index", "numbers", "sample_from", "samples", "seen")

    def __init__(self, entries: list[tuple[Entry, Node]]) -> None:
        self.entries = [entry for entry, _ in entries]
        self.conditions = [condition for _, condition in entries]
        self.numbers: dict[str, str] = {}
        self.seen = 0
        self.sample_from = 0
        self.samples: list[str] = []
        self.index = self._indexed(witness.static_cost)

    def _number(self, name: str) -> str:
        found = self.numbers.get(name)
        if found is None:
            found = self.numbers[name] = format(len(self.numbers), "x")
        return found

    def _indexed(self, cost: witness.Cost) -> _Index:
        pairs = zip(self.entries, self.conditions, strict=True)
        chosen = [(entry, witness.best(node, entry.fields, self._number, cost)) for entry, node in pairs]
        needed = dict.fromkeys(name for _, one in chosen if one is not None for name in sorted(one.fields))
        return _Index(chosen, [(name, witness.OPEN + self._number(name) + witness.HOLDS) for name in needed])

    def marks(self) -> list[tuple[str, str]]:
        """Every field that any witness could use: what a sample must show."""
        return [(name, witness.OPEN + number + witness.HOLDS) for name, number in self.numbers.items()]

    def learn(self) -> None:
        """Measure how often each possible witness occurs in the samples, and choose again."""
        literals: set[str] = set()
        for entry, node in zip(self.entries, self.conditions, strict=True):
            literals |= witness.every(node, entry.fields, self._number)
        texts, names = self.samples, sorted(literals)
        counts = dict.fromkeys(names, 0)
        if names and texts:
            automaton = _automaton(names, Implementation.ContiguousNFA)
            for text in texts:
                found = automaton.find_matches_as_indexes(text.encode("utf-8", "surrogatepass"), overlapping=True)
                for index in {hit[0] for hit in found}:
                    counts[names[index]] += 1
        rates = {name: count / len(texts) for name, count in counts.items()}
        self.index = self._indexed(witness.learned_cost(rates))
        self.sample_from = max(1, self.seen) * RELEARN
        self.samples = []


class Engine:
    """All rules of one set. `match` is the hot path; nothing here does I/O or reads a clock but the one it is given."""

    def __init__(
        self, rules: Iterable[Rule], taxonomy: Taxonomy | None = None, clock: Callable[[], int] | None = None
    ) -> None:
        """`clock` gives nanoseconds, for sampled costs; None: nothing is measured."""
        self.taxonomy = taxonomy or ours()
        self.entries = [self._entry(rule) for rule in rules]
        self.events = 0
        self.sampled = 0
        self.evicted = 0
        self._clock = clock
        self._plans: dict[tuple[Any, ...], _Plan | None] = {}
        self._keys: dict[tuple[Any, ...], _Plan | None] = {}
        self._mentioned = self._mention()
        self._route = _router(self.taxonomy.routing)

    def _entry(self, rule: Rule) -> Entry:
        taxonomy, source = self.taxonomy, rule.logsource
        memo: dict[str, tuple[str, ...]] = {}

        def fields(name: str) -> tuple[str, ...]:
            found = memo.get(name)
            if found is None:
                found = memo[name] = taxonomy.fields(source, name)
            return found

        return Entry(rule, fields)

    # -------------------------------------------------------- plans

    def _mention(self) -> dict[str, frozenset[str]]:
        """Routing field → values that some log source or rule names; all others are one to us."""
        found: dict[str, set[str]] = {name: set() for name in self.taxonomy.routing}
        for entry in self.entries:
            for condition in self.taxonomy.source(entry.rule.logsource).when:
                for name, texts in condition.items():
                    found[name] |= texts
            _mentioned(entry.rule.condition, entry.fields, found)
        return {name: frozenset(texts) for name, texts in found.items()}

    def _canonical(self, raw: tuple[Any, ...]) -> tuple[Any, ...]:
        key: list[Any] = []
        for name, value in zip(self.taxonomy.routing, raw, strict=True):
            if value is None:
                key.append(None)
                continue
            texts = value if type(value) is tuple else (value,)
            known = self._mentioned[name]
            key.append(tuple(sorted({low for one in texts if (low := values.text_of(one).lower()) in known})))
        return tuple(key)

    def _plan(self, raw: tuple[Any, ...]) -> _Plan | None:
        key = self._canonical(raw)
        if key in self._plans:
            plan = self._plans[key]
        else:
            if len(self._plans) >= MAX_PLANS:
                self._plans.pop(next(iter(self._plans)))
                self.evicted += 1
            plan = self._plans[key] = self._built(dict(zip(self.taxonomy.routing, key, strict=True)))
        if len(self._keys) >= MAX_KEYS:
            self._keys.clear()
            self.evicted += 1
        self._keys[raw] = plan
        return plan

    def _built(self, known: dict[str, tuple[str, ...] | None]) -> _Plan | None:
        fitting: dict[Any, bool] = {}
        entries: list[tuple[Entry, Node]] = []
        for entry in self.entries:
            source = entry.rule.logsource
            if source not in fitting:
                fitting[source] = any(_holds(one, known) for one in self.taxonomy.source(source).when)
            if not fitting[source]:
                continue
            node = _simplified(entry.rule.condition, entry.fields, known)
            if node is not False:
                entries.append((entry, And(()) if node is True else node))
        return _Plan(entries) if entries else None

    # -------------------------------------------------------- the hot path

    def match(self, event: Event) -> list[Entry]:  # noqa: C901 - the hot path pays for every call it makes
        """The rules that match an event."""
        raw = self._route(event)
        try:
            plan = self._keys[raw]
        except KeyError:
            plan = self._plan(raw)
        self.events += 1
        if plan is None:
            return []
        index = plan.index
        plan.seen += 1
        get = event.get
        pieces: list[str] = []
        for name, mark in index.marks:
            value = get(name)
            if value is None:
                continue
            pieces.append(mark)
            if type(value) is str:
                pieces.append(value)
            else:
                pieces.append(_other(value, mark))
        candidates: Iterable[Entry] = index.always
        if pieces and index.automaton is not None:
            pieces.append(witness.OPEN)
            text = "".join(pieces).lower()
            if not text.isascii():
                text = text.replace("ſ", "s").replace("ı", "i").replace("\u0307", "")  # as witness.fold
            found = index.automaton.find_matches_as_indexes(text.encode("utf-8", "surrogatepass"), overlapping=True)
            if found:
                candidates = {id(e): e for hit in found for e in index.rules[hit[0]]}.values()
                if index.always:
                    candidates = (*index.always, *candidates)
        if plan.seen >= plan.sample_from and not plan.seen % SAMPLE_EVERY:
            _sample(plan, event)
        return self._run(event, candidates) if candidates else []

    def _run(self, event: Event, candidates: Iterable[Entry]) -> list[Entry]:
        exact = values.Exact(event)
        lower = values.Lower(exact)
        clock = self._clock
        if clock is not None and not self.events % TIMED_EVERY:
            return self._timed(lower, exact, candidates, clock)
        fired = []
        for entry in candidates:
            if entry.run(lower, exact):
                entry.hits += 1
                fired.append(entry)
        return fired

    def _timed(
        self, lower: values.Lower, exact: values.Exact, candidates: Iterable[Entry], clock: Callable[[], int]
    ) -> list[Entry]:
        fired = []
        self.sampled += 1
        for entry in candidates:
            run = entry.run
            started = clock()
            hit = run(lower, exact)
            entry.nanoseconds += clock() - started
            entry.timed += 1
            if hit:
                entry.hits += 1
                fired.append(entry)
        return fired

    def learn(self, events: Iterable[Event]) -> None:
        """Learn every plan's witnesses from some events at once."""
        plans: dict[int, _Plan] = {}
        for event in events:
            raw = self._route(event)
            plan = self._keys[raw] if raw in self._keys else self._plan(raw)
            if plan is not None:
                plan.samples.append(text_of(event, plan.marks()))
                plans[id(plan)] = plan
        for plan in plans.values():
            plan.learn()

    def without_witness(self) -> list[Entry]:
        """Rules whose condition names nothing that must be there; they run on every event of their log source."""
        return [e for e in self.entries if witness.best(e.rule.condition, e.fields, str, witness.static_cost) is None]

    def unwitnessed(self) -> dict[str, int]:
        """Rules by id that no literal finds, and in how many plans they run on every event."""
        found: dict[str, int] = {}
        for plan in self._plans.values():
            for entry in plan.index.always if plan is not None else ():
                found[entry.rule.id] = found.get(entry.rule.id, 0) + 1
        return found


def _sample(plan: _Plan, event: Event) -> None:
    """Keep the text of every fourth event until enough are there to learn from. What is learned changes the cost of an
    answer, never the answer."""
    plan.samples.append(text_of(event, plan.marks()))
    if len(plan.samples) >= LEARN_AFTER:
        plan.learn()


def _other(value: Any, mark: str) -> str:
    """The text of a value that is no str: each of a list under its own marker."""
    if type(value) is list:
        return (witness.OPEN + mark).join(values.text_of(one) for one in value if one is not None)
    return values.text_of(value)


def text_of(event: Event, marks: Iterable[tuple[str, str]]) -> str:
    """The folded text of an event over some fields."""
    pieces = []
    for name, mark in marks:
        value = event.get(name)
        if value is not None:
            pieces.append(mark + (value if type(value) is str else _other(value, mark)))
    return witness.fold("".join(pieces) + witness.OPEN)


def _router(routing: Sequence[str]) -> Callable[[Event], tuple[Any, ...]]:
    """Event → the values of the routing fields, lists as tuples."""
    names: dict[str, Any] = {f"f{index}": name for index, name in enumerate(routing)}
    # Names of fields are constants in its namespace, so that no name can become code.
    parts = "".join(f"(tuple(map(str, v)) if type(v := get({index})) is list else v), " for index in names)
    exec(compile(f"def route(event):\n get = event.get\n return ({parts})", "<routing>", "exec"), names)  # noqa: S102
    function: Callable[[Event], tuple[Any, ...]] = names["route"]
    return function


def _holds(condition: Any, known: dict[str, tuple[str, ...] | None]) -> bool:
    for name, texts in condition.items():
        value = known[name]
        if value is None or ("*" not in texts and texts.isdisjoint(value)):
            return False
    return True


def _plain(match: Match, fields: expression.Fields) -> tuple[str, str] | None:
    """(our field, text in lower case) of a match that says a single field equals a text."""
    test = match.test
    if match.field == KEYWORD or not isinstance(test, Text) or test.cased:
        return None
    own = fields(match.field)
    if len(own) != 1 or len(test.parts) != 1 or not isinstance(test.parts[0], str):
        return None
    return own[0], test.parts[0].lower()


def _mentioned(node: Node, fields: expression.Fields, found: dict[str, set[str]]) -> None:
    if isinstance(node, Match):
        plain = _plain(node, fields)
        if plain is not None and plain[0] in found:
            found[plain[0]].add(plain[1])
        return
    for part in (node.part,) if isinstance(node, Not) else node.parts:
        _mentioned(part, fields, found)


def _simplified(node: Node, fields: expression.Fields, known: dict[str, tuple[str, ...] | None]) -> Node | bool:
    """The condition with what the routing fields decide put in."""
    if isinstance(node, Match):
        plain = _plain(node, fields)
        if plain is None or plain[0] not in known:
            return node
        value = known[plain[0]]
        return value is not None and plain[1] in value
    if isinstance(node, Not):
        inner = _simplified(node.part, fields, known)
        return not inner if isinstance(inner, bool) else Not(inner)
    parts = [_simplified(part, fields, known) for part in node.parts]
    decided = isinstance(node, Or)
    if any(part is decided for part in parts):
        return decided
    left = tuple(part for part in parts if not isinstance(part, bool))
    if not left:
        return not decided
    return And(left) if isinstance(node, And) else Or(left)
