"""The rules in the evidence of an incident: what fired, why, what to do, and for whom."""

from __future__ import annotations

from typing import Any

import pytest

from taishi.sigma.alert import alert
from taishi.sigma.parse import parse
from tests.api.world import A, B, World, event

BODY = """title: Write from a new station
id: 6f6c3a52-0000-4000-8000-0000000000aa
level: high
logsource: {product: taishi}
detection:
  selection: {user.name: somebody}
  condition: selection
taishi:
  title_zh: 新站点写入
  advice: {zh: 核对操作票, en: Check the work order}
"""


@pytest.fixture
def fired(world: World) -> dict[str, Any]:
    """An alert in the evidence of an incident of the first side, made as the engine makes it."""
    rule = parse([("rule.yml", BODY)])[0][0].rule
    made = alert(event(A), rule, {"user.name": A.marker, "source.ip": "203.0.113.7"})
    made["event.id"] = f"{A.marker}-expired-1"  # named by the evidence of every meta-alert of the side
    world.store.index([made])
    world.store.flush()
    return made


@pytest.mark.usefixtures("fired")
def test_a_rule_is_told_with_its_fields_and_advice(world: World) -> None:
    answer = world.client(A.login("contact", "enterprise")).get(f"/api/v1/incidents/{A.id('inc')}/rules")
    assert answer.status_code == 200, answer.text
    (one,) = answer.json()["items"]
    assert (one["id"], one["name"], one["alerts"]) == ("6f6c3a52-0000-4000-8000-0000000000aa", "新站点写入", 1)
    assert (one["advice_zh"], one["advice_en"]) == ("核对操作票", "Check the work order")
    assert one["fired"] == [
        {"field": "user.name", "value": A.marker}, {"field": "source.ip", "value": "203.0.113.7"},
    ]  # fmt: skip


@pytest.mark.usefixtures("fired")
def test_nobody_else_sees_it(world: World) -> None:
    client = world.client(B.login("analyst"))
    assert client.get(f"/api/v1/incidents/{A.id('inc')}/rules").status_code == 404
    assert client.get(f"/api/v1/incidents/{B.id('inc')}/rules").json()["items"] == []
