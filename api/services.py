"""What the API works with: the ports, the settings and the few things with memory. Built once by `create_app`."""

from __future__ import annotations

from dataclasses import dataclass, field

from taishi.observe import Health
from taishi.onboarding import Onboarding
from taishi.records.port import Records
from taishi.security.limits import SignInLimiter
from taishi.settings import Settings
from taishi.store.port import EventStore
from taishi.stream.port import Stream
from taishi.trial import Trial


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    store: EventStore
    records: Records
    stream: Stream | None = None
    limiter: SignInLimiter = field(default_factory=SignInLimiter)
    health: Health = field(default_factory=Health)
    trial: Trial | None = None
    """How the collectors would read records; absent where the API stands alone."""
    onboarding: Onboarding | None = None
    """How products are told to send; absent likewise."""
