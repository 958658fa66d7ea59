"""Two disjoint worlds in one platform: city, county, park, enterprise and everything they own, twice.

Every string of a side carries that side's marker, every count is a number of its own, so that any leak shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy.orm import Session

from api.app import create_app
from collectors.onboarding import Guides
from collectors.trial import CollectorTrial
from taishi.clock import to_text
from taishi.event import Event
from taishi.records.sql import SqlRecords
from taishi.records.tables import (
    Asset,
    Base,
    Burst,
    Campaign,
    CampaignExposure,
    CampaignMember,
    Change,
    Decision,
    Division,
    Enterprise,
    Incident,
    IncidentHistory,
    IndicatorSighting,
    Ledger,
    MetaAlert,
    Park,
    Person,
    QuarantineRecord,
    Risk,
    RiskHistory,
    RuleBacktest,
    RuleDaily,
    RuleException,
    RuleFigure,
    RuleVerdict,
    Sighting,
    Source,
    Suppression,
    WarningProposal,
)
from taishi.rules import library
from taishi.scope import EVERYTHING, Scope
from taishi.security.keys import hash_key
from taishi.security.roles import ROLES
from taishi.security.sessions import COOKIE, open_session
from taishi.settings import ApiSettings, Settings
from taishi.sigma.parse import parse
from taishi.store.embedded import TantivyStore
from tests import databases
from tests.api.client import TestClient

NOW = 1_795_435_200.0 + 1234.5
"""The time all worlds live at."""

ROOT = "330000"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two; `scale` makes its counts its own."""

    name: str
    marker: str
    city: str
    county: str
    scale: int

    def id(self, kind: str, number: int = 1) -> str:
        return f"{kind}-{self.marker}-{number}"

    def text(self, what: str) -> str:
        return f"{what} {self.marker}"

    @property
    def enterprise(self) -> str:
        return self.id("ent")

    @property
    def event(self) -> str:
        return f"{self.marker}-delivery-0"

    @property
    def indicator(self) -> str:
        return f"{self.scale:016x}"

    @property
    def scopes(self) -> dict[str, dict[str, list[str]]]:
        """What each kind of sign-in of this side is bound to."""
        by_region = {"regions": [self.city], "enterprises": [], "authorities": []}
        by_enterprise = {"regions": [], "enterprises": [self.enterprise], "authorities": []}
        return {"region": by_region, "enterprise": by_enterprise}

    def login(self, role: str, bound: str = "region") -> str:
        return f"{role}-{bound}-{self.marker}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that nobody of the other side may ever read."""
        return (self.marker, self.city, self.county, *(str(number * self.scale) for number in (1, 2, 3)))


A = Side("a", "qzxalpha", "330100", "330106", 715_827_883)
B = Side("b", "qzxbravo", "330200", "330203", 982_451_653)
SIDES = (A, B)


def other(side: Side) -> Side:
    return B if side is A else A


def _owned(side: Side) -> dict[str, Any]:
    return {"enterprise_id": side.enterprise, "region": side.county, "authority": f"x{side.marker}"[:16]}


def _inventory(side: Side) -> list[Base]:
    return [
        Division(code=side.city, parent=ROOT, level="city", name=side.text("城市"), name_en=side.text("City")),
        Division(code=side.county, parent=side.city, level="county", name=side.text("县"), name_en=side.text("County")),
        Park(id=side.id("park"), region=side.county, name=side.text("园区"), name_en=side.text("Park")),
        Enterprise(
            id=side.enterprise, name=side.text("企业"), name_en=side.text("Works"), region=side.county,
            park_id=side.id("park"), industry="C3610" if side is A else "C2611", kind="industrial", level=2,
            authority=f"x{side.marker}"[:16], contact=side.text("联系人"), contact_phone="13800001111", created_at=NOW,
        ),
        Asset(
            **_owned(side), id=side.id("asset"), name=side.text("控制器"), kind="plc", address="10.1.2.3",
            hostname=side.text("host"), criticality=0.8, purdue=1.0, exposure="internal",
            exposed_protocols=[side.text("modbus")], vendor=side.text("vendor"), model=side.text("model"),
        ),
    ]  # fmt: skip


def _sources(side: Side) -> list[Base]:
    hour = int(NOW // 3600)
    scale = side.scale
    return [
        Source(
            **_owned(side), id=side.id("src"), name=side.text("防火墙"), product=side.text("product"),
            parser=side.marker, transport="http", data_kind="security", timezone="Asia/Shanghai",
            encoding="", key_hash=hash_key(f"tsk_{side.marker}"), addresses=["192.0.2.0/24"],
            state="active", created_at=NOW - 9e5, first_seen=NOW - 9e5, last_seen=NOW - 60, clock_skew=1.0,
        ),
        Ledger(
            **_owned(side), source_id=side.id("src"), hour=hour, received=3 * scale, stored=2 * scale,
            quarantined=scale, delay_sum=1.0 * scale,
        ),
        # An hour long ago, so that there is a period before to compare with.
        Ledger(**_owned(side), source_id=side.id("src"), hour=hour - 1000, received=1, stored=1),
        QuarantineRecord(
            **_owned(side), id=side.id("quarantined"), source_id=side.id("src"), received_at=NOW - 100,
            original=side.text("an unreadable line"), reason=side.text("no parser"), parser=side.marker,
        ),
    ]  # fmt: skip


def incident(side: Side, number: int = 1, **more: Any) -> Incident:
    given: dict[str, Any] = {
        **_owned(side), "id": side.id("inc", number), "title_zh": side.text(f"事件{number}"),
        "title_en": side.text(f"Incident {number}"), "escalated": True, "escalated_at": NOW - 500.0, "score": 0.9,
        "severity": 85, "stages": [{"stage": 3, "tactic": side.text("tactic"), "technique": "T1110",
                                    "first_seen": NOW - 600}],
        "techniques": ["T1110", side.text("technique")],
        "reasons": [
            {"code": "risk", "share": 0.75, "value": 0.8, "text_zh": side.text("原因"), "text_en": side.text("reason"),
             "meta_id": side.id("meta", 2 * number - 1)},
            {"code": "risk", "share": 0.25, "value": 0.2, "text_zh": side.text("另因"), "text_en": side.text("other"),
             "meta_id": side.id("meta", 2 * number)},
        ],
        "entities": [{"kind": "ip", "value": "203.0.113.7"}, {"kind": "host", "value": side.text("host")}],
        "alert_count": side.scale, "meta_count": 2, "first_seen": NOW - 600.0, "last_seen": NOW - 60.0,
        "asset_criticality": 0.8, "updated_at": NOW - 50.0, "created_at": NOW - 550.0, "related": [],
    }  # fmt: skip
    return Incident(**{**given, **more})


def meta_alert(side: Side, number: int, incident_id: str, **more: Any) -> MetaAlert:
    given: dict[str, Any] = {
        **_owned(side), "id": side.id("meta", number), "incident_id": incident_id,
        "behaviour": f"T1110|{side.marker}", "name": side.text(f"Brute force {number}"), "technique": "T1110",
        "tactic": side.text("tactic"), "stage": 3, "severity": 85, "outcome": "failure", "count": side.scale,
        "first_seen": NOW - 600.0 + number, "last_seen": NOW - 60.0, "attacker": side.text("attacker"),
        "victim": side.text("victim"), "entities": [{"kind": "host", "value": side.text("host")}],
        "rules": {side.text("rule"): side.scale}, "evidence": [side.event, f"{side.marker}-expired-1"],
        "products": [side.text("product")], "risk": 0.5, "surprise": 0.4, "changes": {"severity": 2, "outcome": 1},
        "join": {"score": 0.7, "weight": 0.7, "stage_factor": 1.0, "risk_factor": 1.0,
                 "entities": [{"kind": "host", "value": side.text("host"), "weight": 0.7}],
                 "text_zh": side.text("同一主机"), "text_en": side.text("same host"), "by": "engine"},
    }  # fmt: skip
    return MetaAlert(**{**given, **more})


def _work(side: Side) -> list[Base]:
    rows: list[Base] = []
    for number in (1, 2):
        rows += [
            incident(side, number),
            meta_alert(side, 2 * number - 1, side.id("inc", number)),
            meta_alert(side, 2 * number, side.id("inc", number)),
            Change(**_owned(side), at=NOW - 50, kind="incident", object_id=side.id("inc", number)),
        ]
    return [
        *rows,
        IncidentHistory(
            **_owned(side), incident_id=side.id("inc"), at=NOW - 40, actor=side.login("analyst"), action="note",
            note=side.text("note"), bulk_id=side.id("bulk"),
        ),
        Suppression(
            **_owned(side), id=side.id("sup"), extent="enterprise", condition={"rule": side.text("quiet")},
            seen_severity=40, owner=side.login("analyst"), reason=side.text("reason"), created_at=NOW - 99,
            expires_at=NOW + 9e5, history=[{"at": NOW, "actor": side.login("analyst"), "action": "create",
                                            "note": side.text("why")}], hits=side.scale,
        ),
        RuleVerdict(**_owned(side), rule="shared rule", false_positive=side.scale),
        RuleVerdict(**_owned(side), rule=side.text("quiet"), true_positive=2),
        Change(**_owned(side), at=NOW - 30, kind="source", object_id=side.id("src")),
        IndicatorSighting(
            **_owned(side), id=side.id("seen"), indicator_id=side.scale, feed_id="shared-feed", kind="domain",
            value=f"{side.marker}.example", tlp="green", confidence=80, day=int(NOW // 86_400), count=side.scale,
            first_seen=NOW - 100, last_seen=NOW - 50, events=[side.event],
        ),
        Change(**_owned(side), at=NOW - 30, kind="risk", object_id=f"enterprise/{side.enterprise}"),
        Decision(
            enterprise_id=side.enterprise, kind="merge", payload={"into": side.marker}, actor=side.login("analyst"),
            at=NOW,
        ),
    ]  # fmt: skip


def campaign(name: str, **more: Any) -> Campaign:
    given: dict[str, Any] = {
        "id": name, "kind": "malware", "title_zh": "同一恶意文件", "title_en": "Same malicious file", "criterion": "two",
        "score": 0.8, "techniques": ["T1210"], "enterprise_count": 1, "incident_count": 1, "at_risk_count": 0,
        "first_seen": NOW - 600.0, "last_seen": NOW - 60.0, "created_at": NOW - 500.0, "updated_at": NOW - 50.0,
        "reasons": [{"code": "indicator", "share": 1.0, "value": 1.6, "text_zh": "散列", "text_en": "hash", "kind": "hash",
                     "indicator": "ab" * 32}],
        "indicators": [{"kind": "hash", "value": "ab" * 32, "rarity": 1.0, "enterprises": 1, "background": 0,
                        "hazard": 1.6, "first_seen": NOW - 600.0, "last_seen": NOW - 60.0}],
    }  # fmt: skip
    return Campaign(**{**given, **more})


def proposal(name: str, campaign_id: str, **more: Any) -> WarningProposal:
    given: dict[str, Any] = {
        "id": name, "source": "campaign", "source_id": campaign_id, "title_zh": "预警", "title_en": "warning",
        "colour": "blue", "created_at": NOW - 500.0, "updated_at": NOW - 50.0,
        "criteria": [{"key": "several", "colour": "blue", "text_zh": "两家", "text_en": "two",
                      "facts": [{"name": "enterprises", "value": 2.0, "at_least": 2.0}]}],
        "industries": ["C36"], "advice": [{"key": "indicators", "zh": "封禁", "en": "block"}],
    }  # fmt: skip
    return WarningProposal(**{**given, **more})


def _bursts(side: Side) -> list[Base]:
    hour = {"hour": int(NOW // 3600) - 1, "observed": side.scale, "expected": 0.5, "spread": 0.7, "reporting": 9, "z": 5.0,
            "level": 2.5}  # fmt: skip
    return [
        Burst(
            id=side.id("burst"), technique="T1110", region=side.city, title_zh=side.text("突发"), title_en=side.text("burst"),
            started_at=NOW - 86_400, alarm_at=NOW - 3600, last_at=NOW, peak=2.5, threshold=1.75, observed=side.scale,
            expected=0.5, hours=[hour],
        ),
        Change(at=NOW - 20, kind="burst", object_id=side.id("burst"), region=side.city),
    ]  # fmt: skip


def _campaigns(side: Side) -> list[Base]:
    """A campaign of this side alone; what several sides share is tested apart."""
    name, values = side.id("camp"), {"kind": "hash", "value": f"{side.marker}"}
    tie = {**values, "weight": 0.9, "attempt": False}
    made = campaign(name, title_zh=side.text("战役"), title_en=side.text("campaign"), at_risk_count=1)
    made.indicators = [{**made.indicators[0], "value": side.marker}]
    return [
        made,
        CampaignMember(**_owned(side), campaign_id=name, incident_id=side.id("inc"), at=NOW - 600, weight=0.9, reasons=[tie]),
        CampaignExposure(
            **_owned(side), id=side.id("exp"), campaign_id=name, weight=0.5,
            reasons=[{"code": "park", "weight": 0.5, "text_zh": side.text("同园区"), "text_en": side.text("same park")}],
        ),
        Sighting(
            **_owned(side), **values, id=side.id("sight"), incident_id=side.id("inc"), score=0.9, escalated=True,
            first_seen=NOW - 600, last_seen=NOW - 60,
        ),
        proposal(side.id("warn"), name, title_zh=side.text("预警"), title_en=side.text("warning"), regions=[side.county]),
        Change(**_owned(side), at=NOW - 30, kind="campaign", object_id=name),
    ]  # fmt: skip


RULE = "1f0c7a64-0000-4000-8000-00000000c0de"
RULE_TEXT = """title: shared rule
id: 1f0c7a64-0000-4000-8000-00000000c0de
status: stable
level: high
tags: [attack.t1110]
logsource: {category: authentication}
detection:
  selection: {event.outcome: failure}
  condition: selection
taishi:
  title_zh: shared rule
  advice: {zh: 看一看, en: have a look}
"""


def shared_rule(session: Session) -> None:
    """One rule of the platform, which fires at both sides."""
    parsed, refused = parse([("shared.yml", RULE_TEXT)])
    assert not refused
    library.add(session, parsed, "taishi", "stable", library.By("platform", NOW - 9e5))


def _backtest(side: Side) -> RuleBacktest:
    """One that has ended, of those who see the side's city."""
    result = {
        "events": side.scale, "stored": side.scale, "query": "", "hits": 1, "excepted": 0, "by_day": [], "enterprises": 1,
        "by_enterprise": [{"id": side.enterprise, "count": 1}], "meta_alerts": 1, "incidents": 1, "escalated": 0,
        "nanoseconds": 1.0, "share_nanoseconds": 1.0, "budget_nanoseconds": 9.0, "throttled": False,
        "samples": [{"event_id": side.event, "at": NOW, "enterprise_id": side.enterprise, "message": side.text("message"),
                     "reasons": []}],
    }  # fmt: skip
    return RuleBacktest(
        id=side.id("bt"), rule_id=RULE, title=side.text("rule"), body=RULE_TEXT, since=NOW - 9e4, until=NOW,
        scope={"regions": [side.city], "enterprises": [], "authorities": []}, scope_key=Scope(regions=(side.city,)).key,
        state="done", result=result, owner=side.login("analyst"), created_at=NOW - 9,
    )  # fmt: skip


def _rules(side: Side) -> list[Base]:
    return [
        _backtest(side),
        RuleDaily(rule_id=RULE, enterprise_id=side.enterprise, day=int(NOW // 86_400), hits=side.scale),
        RuleFigure(rule_id=RULE, enterprise_id=side.enterprise, hits=side.scale, excepted=2 * side.scale),
        RuleException(
            **_owned(side), id=side.id("exc"), rule_id=RULE, fields={"user.name": side.marker}, query="",
            reason=side.text("服务账号"), owner=side.login("analyst"), created_at=NOW - 900, expires_at=NOW + 9e5,
            withdrawn_at=None, history=[],
        ),
    ]  # fmt: skip


RISKS = ("asset", "enterprise", "park", "county", "city")


def risk_key(side: Side, kind: str) -> str:
    return {
        "asset": side.id("asset"),
        "enterprise": side.enterprise,
        "park": side.id("park"),
        "county": side.county,
        "city": side.city,
    }[kind]


def _risks(side: Side) -> list[Base]:
    rows: list[Base] = []
    for kind in RISKS:
        key = risk_key(side, kind)
        place: dict[str, Any] = {
            "kind": kind, "key": key, "region": side.city if kind == "city" else side.county,
            "enterprise_id": side.enterprise if kind in {"asset", "enterprise"} else "",
            "authority": f"x{side.marker}"[:16] if kind in {"asset", "enterprise"} else "",
            "low": 0.3, "mid": 0.4, "high": 0.5, "coverage": 0.9,
        }  # fmt: skip
        finding = {
            "kind": "incident", "key": side.id("inc"), "name": side.text("事件1"), "value": 0.4, "weight": 0.8,
            "hazard": 0.5, "share": 1.0, "contribution": 0.4,
        }  # fmt: skip
        part = {
            "kind": "asset", "key": side.id("asset"), "name": side.text("控制器"), "value": 0.4, "weight": 0.8,
            "share": 1.0, "contribution": 0.4, "parts": [finding],
        }  # fmt: skip
        rows += [Risk(**place, at=NOW, parts=[part]), RiskHistory(**place, hour=int(NOW // 3600))]
    return rows


def _people(side: Side) -> list[Base]:
    return [
        Person(
            login=side.login(role, bound), name=side.text(f"{role} {bound}"), role=role, password_hash="unusable",
            preferences={}, **side.scopes[bound],
        )
        for role in ROLES
        for bound in side.scopes
    ]  # fmt: skip


def event(side: Side, number: int = 0, **more: Any) -> Event:
    return {
        "@timestamp": to_text(NOW - 120 + number),
        "event.id": f"{side.marker}-delivery-{number}",
        "event.kind": "alert",
        "event.original": side.text("original line"),
        "event.created": to_text(NOW - 119),
        "event.module": side.marker,
        "event.dataset": f"{side.marker}.alert",
        "event.severity": 85,
        "message": side.text("message"),
        "rule.name": side.text("rule"),
        "rule.id": RULE,
        "user.name": side.marker,
        "source.ip": "203.0.113.7",
        "organization.id": side.enterprise,
        "organization.name": side.text("企业"),
        "taishi.region": side.county,
        "taishi.region_path": [ROOT, side.city, side.county],
        "taishi.authority": f"x{side.marker}"[:16],
        "taishi.park": side.id("park"),
        "taishi.source_id": side.id("src"),
        "taishi.data_kind": "security",
        "taishi.intel.id": [side.indicator],
        "threat.enrichments.matched.atomic": [f"{side.marker}.example"],
        "threat.feed.name": "shared feed",
        "ecs.version": "9.0.0",
        **more,
    }


class World:
    """The platform with the given sides in it, and clients signed in to it."""

    def __init__(self, folder: Path, sides: tuple[Side, ...] = SIDES) -> None:
        self.folder = folder
        self.records = SqlRecords(databases.records_url(folder))
        self.records.migrate()
        self.store = TantivyStore(folder / "events", writable=True)
        self.settings = Settings(data_dir=folder, api=ApiSettings(dashboards_dir=folder / "dist"))
        with self.records.write(EVERYTHING) as session:
            session.add(Division(code=ROOT, parent="", level="province", name="某省", name_en="Some Province"))
            session.add(
                Person(login="auditor", name="Auditor", role="auditor", password_hash="unusable", regions=[ROOT],
                       enterprises=[], authorities=[], preferences={})
            )  # fmt: skip
            shared_rule(session)
        for side in sides:
            self.add(side)
        self.app: FastAPI = create_app(
            self.settings, self.store, self.records, trial=CollectorTrial(), onboarding=Guides()
        )

    def add(self, side: Side) -> None:
        with self.records.write(EVERYTHING) as session:
            for rows in (_inventory, _sources, _work, _campaigns, _bursts, _risks, _people, _rules):
                session.add_all(rows(side))
        self.store.index([event(side)])
        self.store.flush()

    def client(self, login: str | None = None, at: float = NOW, **options: Any) -> TestClient:
        """A client, signed in without the cost of a password where a login is given."""
        client = TestClient(self.app, base_url="http://testserver", **options)
        if login is not None:
            with self.records.write(EVERYTHING) as session:
                token, row = open_session(session, login, 12.0, at)
                csrf = row.csrf
            client.cookies.set(COOKIE, token)
            client.headers["X-CSRF-Token"] = csrf
        return client

    def close(self) -> None:
        self.store.close()
        self.records.close()
        databases.discard(self.folder)
