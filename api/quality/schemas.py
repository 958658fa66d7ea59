"""How complete, timely and valid the data of whom is: the league table."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.common import Body, Identifier, Model, RegionCode

Group = Literal["enterprise", "park", "county", "city"]
Order = Literal["best", "worst"]


class QualityQuery(Body):
    by: Group = "city"
    region: RegionCode | None = Field(default=None, description="Only sources in this division.")
    enterprise_id: Identifier | None = None
    hours: Annotated[int, Field(ge=1, le=2160)] = 24
    order: Order = "best"
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class Quality(Model):
    """Shares are 0–1, and null where there is nothing to judge.

    completeness = heard ÷ expected, timeliness = timely ÷ stored, validity = valid ÷ received,
    score = completeness × (timeliness + validity) ÷ 2; with nothing received it is 0.
    """

    sources: int = Field(description="Enabled ones.")
    expected: int = Field(
        description="Periods in which a source should have sent something; whole ones that have ended."
    )
    heard: int = Field(description="Those of them in which it did.")
    received: int
    stored: int
    timely: int = Field(description="Stored events of hours whose mean delay was at most `timely_seconds`.")
    valid: int = Field(description="Received records that are neither in quarantine nor rejected.")
    completeness: float | None
    timeliness: float | None
    validity: float | None
    score: float | None


class QualityRow(Quality):
    rank: int | None = Field(description="1 is best; equal scores share a rank; null without a score.")
    key: str
    name: str
    name_en: str


class QualityTable(Model):
    """`whole` is over everything that the table ranks, also what lies beyond `limit`."""

    by: Group
    start: float
    end: float
    timely_seconds: float
    whole: Quality
    groups: int
    items: list[QualityRow]
