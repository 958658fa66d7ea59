"""How a product is told to send to the platform: what the API shows, what the collectors know.

The collectors implement `Onboarding` (`collectors.onboarding`); the composition root hands it to the API.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

KEY = "TAISHI_KEY"
"""Stands in snippets where the source's API key belongs: keys are shown once, and not kept."""

Sends = Literal["syslog", "http"]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the collectors can be reached. `ports`: syslog_udp, syslog_tcp, syslog_tls, http, lumberjack; absent: off."""

    host: str
    ports: dict[str, int] = field(default_factory=dict)
    https: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """Something that can be connected. `own`: its own steps are known, not only how such records arrive in general."""

    key: str
    parser: str
    name_zh: str
    name_en: str
    data_kind: str
    own: bool


@dataclass(frozen=True, slots=True)
class Way:
    """One way to connect it. `lacking`: settings that are off and that this way needs; then it does not work yet."""

    key: str
    sends: Sends
    title_zh: str
    title_en: str
    steps_zh: tuple[str, ...] = ()
    steps_en: tuple[str, ...] = ()
    snippet: str = ""
    lacking: tuple[str, ...] = ()


class Onboarding(Protocol):
    def products(self) -> list[Product]:
        """Everything that has a parser, and products that share one; by name, the generic last."""
        ...

    def ways(self, key: str, endpoints: Endpoints) -> list[Way]:
        """How the product of that key is connected, the best way first. Raises KeyError where there is none."""
        ...

    def sample(self, key: str) -> str:
        """One record as the product writes it; "" where none is kept. Raises KeyError for an unknown product."""
        ...
