"""Labelled scenarios made different in the ways in which other networks are: other noise around the same attack, a shorter
time to learn, sensors and rules that are absent or called otherwise, other clocks, other sizes of everything.

Each variant is a pure function of a scenario, its neighbours and a dice box; labels go with the alerts. Figures on
variants are in-sample where the scenario was; what they show is on what the outcome depends.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from taishi.evaluate.labelled import NOISE, Labelled, Scenario

HOUR = 3600.0
DAY = 24 * HOUR

Variant = Callable[[Scenario, list[Scenario], random.Random], Scenario]


def _made(scenario: Scenario, alerts: list[Labelled]) -> Scenario:
    ordered = sorted(alerts, key=lambda alert: (alert.t, alert.index))
    return replace(scenario, alerts=[replace(alert, index=index) for index, alert in enumerate(ordered)])


def _noise(scenario: Scenario) -> list[Labelled]:
    return [alert for alert in scenario.alerts if alert.label == NOISE]


def _attack(scenario: Scenario) -> list[Labelled]:
    return [alert for alert in scenario.alerts if alert.attack]


def _burst(scenario: Scenario) -> float:
    """When the loud part of the attack begins: the earliest hour that holds most of its alerts."""
    times = sorted(alert.t for alert in _attack(scenario))
    return max(times, key=lambda at: (bisect_left(times, at + HOUR) - bisect_left(times, at), -at))


def _other(scenario: Scenario, all_of_them: list[Scenario], dice: random.Random) -> Scenario:
    others = [one for one in all_of_them if one.name != scenario.name]
    return dice.choice(others) if others else scenario


def plain(scenario: Scenario, _: list[Scenario], __: random.Random) -> Scenario:
    return scenario


def crossed(scenario: Scenario, others: list[Scenario], dice: random.Random) -> Scenario:
    """The attack in another network's noise, at the same distance from its beginning, within its days."""
    other = _other(scenario, others, dice)
    attack = _attack(scenario)
    room = max(HOUR, other.days * DAY - (max(alert.t for alert in attack) - _burst(scenario)) - HOUR)
    at = min(_burst(scenario) - scenario.start, room)
    away = other.start + at - _burst(scenario)
    moved = [replace(alert, t=max(other.start, alert.t + away)) for alert in attack]
    return _made(scenario, [*_noise(other), *moved])


def early(scenario: Scenario, _: list[Scenario], dice: random.Random) -> Scenario:
    """Begun 26 to 40 hours before the loud part: next to nothing could be learned."""
    start = _burst(scenario) - dice.uniform(26, 40) * HOUR
    return _made(scenario, [alert for alert in scenario.alerts if alert.t >= start])


def thinned(scenario: Scenario, _: list[Scenario], dice: random.Random) -> Scenario:
    """With 30 % of its noise."""
    return _made(scenario, [alert for alert in scenario.alerts if alert.attack or dice.random() < 0.3])


def louder(scenario: Scenario, others: list[Scenario], dice: random.Random) -> Scenario:
    """With three times its noise: that of two more days, its own or others', over each of its days."""
    noise = _noise(scenario)
    more = []
    for source, shift in ((scenario, dice.choice((-1, 1))), (_other(scenario, others, dice), 0)):
        away = scenario.start // DAY * DAY - source.start // DAY * DAY + shift * DAY
        more += [replace(alert, t=alert.t + away) for alert in _noise(source)]
    first, last = scenario.start, max(alert.t for alert in scenario.alerts)
    return _made(scenario, [*noise, *_attack(scenario), *(alert for alert in more if first <= alert.t <= last)])


def fewer_rules(scenario: Scenario, _: list[Scenario], dice: random.Random) -> Scenario:
    """A fifth of the rules is switched off, of the sensors everywhere."""
    names = sorted({str(alert.fields["rule.name"]) for alert in scenario.alerts})
    off = {name for name in names if dice.random() < 0.2}
    return _made(scenario, [alert for alert in scenario.alerts if alert.fields["rule.name"] not in off])


def one_sensor_less(scenario: Scenario, _: list[Scenario], dice: random.Random) -> Scenario:
    sensors = sorted({str(alert.fields.get("observer.product", "")) for alert in scenario.alerts})
    off = dice.choice(sensors)
    return _made(scenario, [alert for alert in scenario.alerts if alert.fields.get("observer.product", "") != off])


SYNONYMS = (
    ("Web server", "HTTP server"), ("error code", "status code"), ("New ", "First-time "), ("Unusual", "Abnormal"),
    ("Successful", "Accepted"), ("login", "logon"), ("Login", "Logon"), ("Suspicious", "Unusual"), ("invalid", "malformed"),
    ("Multiple", "Repeated"), ("Observed", "seen"), ("Attempt", "Try"), ("High entropy", "Encoded content"),
    ("event type", "event"), ("database update", "signatures refreshed"), ("IDS event", "IDS alert"),
)  # fmt: skip


def reworded(scenario: Scenario, _: list[Scenario], dice: random.Random) -> Scenario:
    """Half of the habitual words of rule names are others of the same meaning."""
    words = [pair for pair in SYNONYMS if dice.random() < 0.5]

    def said(alert: Labelled) -> Labelled:
        name = str(alert.fields["rule.name"])
        for word, other in words:
            name = name.replace(word, other)
        return replace(alert, fields={**alert.fields, "rule.name": name})

    return _made(scenario, [said(alert) for alert in scenario.alerts])


def numbered(scenario: Scenario, _: list[Scenario], dice: random.Random) -> Scenario:
    """A tenth of the rules has a number for a name: nothing can be read from it."""
    names = sorted({str(alert.fields["rule.name"]) for alert in scenario.alerts})
    number = {name: f"Rule {1000 + at}" for at, name in enumerate(names) if dice.random() < 0.1}

    def said(alert: Labelled) -> Labelled:
        name = str(alert.fields["rule.name"])
        return replace(alert, fields={**alert.fields, "rule.name": number.get(name, name)})

    return _made(scenario, [said(alert) for alert in scenario.alerts])


def fewer_steps(scenario: Scenario, _: list[Scenario], dice: random.Random) -> Scenario:
    """Two steps of the attack are left out."""
    steps = sorted({alert.step for alert in _attack(scenario)})
    off = set(dice.sample(steps, min(2, len(steps) - 1)))
    return _made(scenario, [alert for alert in scenario.alerts if not (alert.attack and alert.step in off)])


def shorter_scans(scenario: Scenario, _: list[Scenario], dice: random.Random) -> Scenario:
    """Scans of a tenth of the size: the same tools with shorter lists."""
    large = {
        step
        for step in {alert.step for alert in _attack(scenario)}
        if sum(alert.step == step for alert in scenario.alerts) > 300
    }
    kept = [alert for alert in scenario.alerts if alert.step not in large or not alert.attack or dice.random() < 0.1]
    return _made(scenario, kept)


def slower(scenario: Scenario, _: list[Scenario], dice: random.Random) -> Scenario:
    """An attacker who takes one and a half to three times as long between alerts, with whole seconds as before."""
    factor = dice.uniform(1.5, 3.0)
    attack = sorted(_attack(scenario), key=lambda alert: alert.t)
    late, moved = 0.0, attack[:1]
    for before, alert in pairwise(attack):
        gap = alert.t - before.t
        late += (factor - 1.0) * gap if gap < 2 * HOUR else 0.0
        moved.append(replace(alert, t=float(round(alert.t + late))))
    return _made(scenario, [*_noise(scenario), *moved])


def another_hour(scenario: Scenario, _: list[Scenario], dice: random.Random) -> Scenario:
    """All clocks moved by some hours and a fraction of a second."""
    away = dice.uniform(1, 23) * HOUR
    return _made(scenario, [replace(alert, t=alert.t + away) for alert in scenario.alerts])


def fewer_hosts(scenario: Scenario, _: list[Scenario], dice: random.Random) -> Scenario:
    """A third of the hosts is one machine: small sites put mail, web and files together."""
    hosts = sorted({str(alert.fields.get("host.name", "")) for alert in scenario.alerts})
    together = set(dice.sample(hosts, max(2, len(hosts) // 3)))

    def moved(alert: Labelled) -> Labelled:
        if alert.fields.get("host.name", "") not in together:
            return alert
        return replace(alert, fields={**alert.fields, "host.name": "allinone", "host.ip": ["10.9.9.9"]})

    return _made(scenario, [moved(alert) for alert in scenario.alerts])


VARIANTS: dict[str, Variant] = {
    "plain": plain, "other noise": crossed, "late start": early, "noise x0.3": thinned, "noise x3": louder,
    "fewer rules": fewer_rules, "one sensor less": one_sensor_less, "reworded": reworded, "numbered rules": numbered,
    "fewer steps": fewer_steps, "shorter scans": shorter_scans, "slower attacker": slower, "another hour": another_hour,
    "fewer hosts": fewer_hosts,
}  # fmt: skip


FIXED = frozenset({"plain"})
"""Variants in which no dice fall."""


def vary(name: str, scenarios: list[Scenario], seed: int) -> list[Scenario]:
    """Each scenario that has an attack, in the named variant."""
    made = []
    for scenario in scenarios:
        if any(alert.attack for alert in scenario.alerts):
            one = VARIANTS[name](scenario, scenarios, random.Random(f"{seed}:{scenario.name}:{name}"))
            if any(alert.attack for alert in one.alerts):
                made.append(replace(one, name=f"{scenario.name}-{name}-{seed}".replace(" ", "_")))
    return made
