"""Connecting a source: products, how each is told to send, and what has arrived."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.common import Body, Model

ProductKey = Annotated[str, Field(max_length=64)]


class ProductRef(Model):
    key: str
    parser: str
    name_zh: str
    name_en: str
    data_kind: str
    own: bool = Field(description="Its own steps are known; else only how such records arrive in general.")


class ProductList(Model):
    items: list[ProductRef]


class GuideQuery(Body):
    host: Annotated[str, Field(max_length=253, pattern=r"^[A-Za-z0-9.:\[\]-]*$")] = Field(
        default="", description="How senders reach the collectors, where no setting says it: the host the reader is on."
    )


class Way(Model):
    """One way to connect the product. In `snippet`, TAISHI_KEY stands for the source's API key."""

    key: str
    sends: Literal["syslog", "http"] = Field(description="The transport that the source is registered with.")
    title_zh: str
    title_en: str
    steps_zh: list[str]
    steps_en: list[str]
    snippet: str
    lacking: list[str] = Field(description="Settings that are off and that this way needs; empty: it works.")


class Guide(Model):
    product: ProductRef
    ways: list[Way]
    sample: str = Field(description="One record as the product writes it, to try; empty where none is kept.")
    test_syslog: str = Field(description="A command that sends the sample by syslog.")
    test_http: str = Field(description="A command that sends the sample by HTTP.")


class Refused(Model):
    """A record that no parser could read."""

    received_at: float
    reason: str
    preview: str


class Arrivals(Model):
    """What a source has sent so far. `events` is empty for those who may not read events, once it no longer learns."""

    received: int = Field(description="In the last 24 hours.")
    stored: int
    quarantined: int
    last_seen: float | None
    may_read: bool
    events: list[dict[str, Any]] = Field(description="The newest by arrival, flat.")
    refused: list[Refused] = Field(description="The newest in quarantine.")
