"""One loaded set of rules with its version: what the detect stage sees. Replaced as a whole, never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from taishi.event import Event
from taishi.sigma import expression, values
from taishi.sigma.correlation import Correlator
from taishi.sigma.index import Engine
from taishi.sigma.rule import AnyRule, Correlation, Node, Rule


@dataclass(frozen=True, slots=True)
class Exempt:
    """An exception: alerts of a rule that are not raised for an enterprise ("" all of them) of a region (significant
    digits of its code) and an authority ("" any), while the condition over our field names holds (None: always) and the
    event is accepted (None: always), until `expires_at` (epoch seconds)."""

    id: str
    rule_id: str
    enterprise_id: str
    region: str
    condition: Node | None
    expires_at: float
    authority: str = ""
    accepts: Callable[[Event], bool] | None = None


def _itself(name: str) -> tuple[str, ...]:
    return (name,)


class Owner(Protocol):
    """The enterprise of an event."""

    @property
    def id(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def authority(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exception ready to be asked."""

    exempt: Exempt
    holds: expression.Compiled | None

    @classmethod
    def of(cls, exempt: Exempt) -> Exemption:
        return cls(exempt, expression.compiled(exempt.condition, _itself) if exempt.condition is not None else None)

    def covers(self, owner: Owner) -> bool:
        exempt = self.exempt
        return (
            exempt.enterprise_id in {"", owner.id}
            and exempt.authority in {"", owner.authority}
            and owner.region.startswith(exempt.region)
        )

    def applies(self, event: Event) -> bool:
        if self.holds is not None:
            exact = values.Exact(event)
            if not self.holds(values.Lower(exact), exact):
                return False
        return self.exempt.accepts is None or self.exempt.accepts(event)


@dataclass(slots=True)
class Ruleset:
    """`trial` are ids of rules in test: their hits count, but they raise no alerts."""

    engine: Engine
    correlator: Correlator
    trial: frozenset[str] = frozenset()
    fingerprint: tuple[object, ...] = ()
    exempt: dict[str, list[Exemption]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.engine.entries)

    def exempted(self, rule_id: str, event: Event, owner: Owner, at: float) -> str:
        """Id of the exception that keeps a rule quiet on an enterprise's event received at `at`, or ""."""
        for one in self.exempt.get(rule_id, ()):
            if at < one.exempt.expires_at and one.covers(owner) and one.applies(event):
                return one.exempt.id
        return ""


def build(
    rules: Iterable[AnyRule], trial: Iterable[str] = (), exempt: Sequence[Exempt] = (),
    fingerprint: tuple[object, ...] = (), clock: Callable[[], int] | None = None,
) -> Ruleset:  # fmt: skip
    """Rules with their engine. `clock` gives nanoseconds, for sampled costs."""
    every = _silenced(list(rules))
    simple = [rule for rule in every if isinstance(rule, Rule)]
    engine = Engine(simple, clock=clock)
    sources = {rule.id: rule.logsource for rule in simple}
    correlator = Correlator(
        [rule for rule in every if isinstance(rule, Correlation)],
        lambda base, name: engine.taxonomy.fields(sources[base], name) if base in sources else (name,),
    )
    found = Ruleset(engine, correlator, frozenset(trial), fingerprint)
    for one in exempt:
        found.exempt.setdefault(one.rule_id, []).append(Exemption.of(one))
    return found


def _silenced(rules: list[AnyRule]) -> list[AnyRule]:
    """Rules that a correlation here builds on raise no alerts of their own, unless it says `generate`."""
    correlations = [rule for rule in rules if isinstance(rule, Correlation)]
    loud = {name for rule in correlations if rule.generate for name in rule.rules}
    silent = {name for rule in correlations for name in rule.rules} - loud
    return [rule if rule.silent == (rule.id in silent) else replace(rule, silent=rule.id in silent) for rule in rules]
