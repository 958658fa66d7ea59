"""Alerts whose truth is known, as every reader gives them and the stages get them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from taishi import clock
from taishi.event import Event

NOISE = "-"
"""The label of an alert that belongs to no attack (as the published sets write it)."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One alert. `index` is its place in its file, counted from 0; `label` the attack step it belongs to, levels apart by
    dots (`dirb`, `dnsteal.1.3`), or NOISE; "" where the set has no labels. `fields` is what a sensor knew: never the label."""

    index: int
    t: float
    label: str
    fields: Event

    @property
    def step(self) -> str:
        return self.label.split(".", 1)[0]

    @property
    def attack(self) -> bool:
        return self.label not in {NOISE, ""}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One enterprise's alerts in file order. `unit` says which sets its figures may be compared with."""

    name: str
    alerts: list[Labelled] = field(default_factory=list)
    unit: str = "alerts"

    @property
    def labelled(self) -> bool:
        return any(alert.label for alert in self.alerts)

    @property
    def start(self) -> float:
        return min(alert.t for alert in self.alerts)

    @property
    def days(self) -> float:
        """Length in days."""
        return (max(alert.t for alert in self.alerts) - self.start) / 86_400.0

    def renamed(self, name: str) -> Scenario:
        return replace(self, name=name)


def sensor_alert(name: str, host: str, address: str, product: str = "") -> Event:
    """The ECS fields of an alert of which only a sensor's rule and the reporting host are known. Published sets write the
    sensor before the rule's name: `Wazuh: Web server 400 error code.`"""
    said, found, rule = name.partition(": ")
    if not found or " " in said:
        said, rule = product, name
    fields: dict[str, Any] = {"event.kind": "alert", "rule.name": rule}
    if said:
        fields |= {"observer.product": said, "observer.vendor": said}
    if host:
        fields["host.name"] = host
    if address:
        fields["host.ip"] = [address]
    return fields


def event_of(scenario: str, alert: Labelled) -> Event:
    """A fresh ECS event: stages write into what they are given."""
    return {**alert.fields, "@timestamp": clock.to_text(alert.t), "event.id": f"{scenario}-{alert.index:09d}"}
