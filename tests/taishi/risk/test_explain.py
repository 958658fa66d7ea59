"""The sum behind a risk number: it adds up on every level, and comes from the inventory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from processor import inventory
from processor.risk_job import RiskJob
from simulator.onboard import onboard
from simulator.province import build
from simulator.state import Installation
from taishi.errors import NotFound
from taishi.main import app
from taishi.records.sql import SqlRecords
from taishi.records.tables import Asset, Enterprise, Incident, Risk, Source
from taishi.risk_explain import Explained, Line, explain, resolve
from taishi.scope import EVERYTHING

AT = 1_790_000_000.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A province with three incidents at two enterprises of one county's city, sources heard, risk computed."""
    made = tmp_path_factory.mktemp("risk")
    records = SqlRecords(f"sqlite:///{made / 'records.sqlite'}")
    records.migrate()
    onboard(records, build(seed=2, enterprises=120), Installation("330000", 2, 120, AT), [])
    with records.write(EVERYTHING) as session:
        for number, source in enumerate(session.scalars(select(Source).order_by(Source.id))):
            source.last_seen = AT - 10 if number % 3 else None
        sites = session.scalars(select(Enterprise).order_by(Enterprise.id).limit(2)).all()
        for number, (site, score) in enumerate(((sites[0], 0.95), (sites[0], 0.8), (sites[1], 0.9))):
            asset = session.scalars(select(Asset).where(Asset.enterprise_id == site.id).order_by(Asset.id)).first()
            assert asset
            session.add(
                Incident(
                    id=f"incident-{number}", title_zh=f"事件{number}", title_en=f"incident {number}", escalated=True,
                    escalated_at=AT - 3600, score=score, severity=80, first_seen=AT - 7200, last_seen=AT - 3600,
                    entities=[{"kind": "host", "value": asset.name}], enterprise_id=site.id, region=site.region,
                    reasons=[
                        {"code": "meta", "share": 0.75, "text_zh": "扫描", "text_en": "scan", "meta_id": "m1"},
                        {"code": "meta", "share": 0.25, "text_zh": "木马", "text_en": "shell", "meta_id": "m2"},
                    ],
                )
            )  # fmt: skip
    with records.read(EVERYTHING) as session:
        known = inventory.load(session)
    RiskJob(records).run(known, AT)
    records.close()
    return made


@pytest.fixture
def records(folder: Path) -> Iterator[SqlRecords]:
    opened = SqlRecords(f"sqlite:///{folder / 'records.sqlite'}")
    yield opened
    opened.close()


def _explained(records: SqlRecords, wanted: str, depth: int = 12, most: int = 200) -> Explained:
    with records.read(EVERYTHING) as session:
        return explain(session, *resolve(session, wanted), depth, most)


def _adds_up(lines: list[Line], share: float) -> None:
    assert sum(line.share for line in lines) == pytest.approx(share)
    for line in lines:
        if line.parts:
            _adds_up(line.parts, line.share)


def _all(lines: list[Line]) -> Iterator[Line]:
    for line in lines:
        yield line
        yield from _all(line.parts)


@pytest.mark.parametrize("most", [1, 3, 200])
@pytest.mark.parametrize("wanted", ["330000", "浙江省", "330100", "330102"])
def test_every_level_adds_up(records: SqlRecords, wanted: str, most: int) -> None:
    found = _explained(records, wanted, most=most)
    assert found.parts
    _adds_up(found.parts, 1.0)


def test_a_province_opens_down_to_the_reasons_of_an_incident(records: SqlRecords) -> None:
    found = _explained(records, "330000")
    kinds = {line.kind for line in _all(found.parts)}
    assert kinds >= {"city", "county", "enterprise", "asset", "incident", "meta_alert"}
    incidents = {line.key: line for line in _all(found.parts) if line.kind == "incident"}
    assert set(incidents) == {"incident-0", "incident-1", "incident-2"}
    for line in incidents.values():
        assert [part.share for part in line.parts] == pytest.approx([0.75 * line.share, 0.25 * line.share])


def test_shares_multiply_down_the_tree(records: SqlRecords) -> None:
    """An enterprise's share of the province is that of its city, times that in the city, times that in the county."""
    whole = {(line.kind, line.key): line.share for line in _all(_explained(records, "330000").parts)}
    with records.read(EVERYTHING) as session:
        enterprise = session.scalars(select(Enterprise).order_by(Enterprise.id)).first()
    assert enterprise
    county, city = enterprise.region, f"{enterprise.region[:4]}00"
    within = _explained(records, county)
    unseen = sum(line.share for line in within.parts if line.kind == "coverage")
    (own,) = [line.share for line in within.parts if line.key == enterprise.id]
    in_city = {line.key: line.share for line in _explained(records, city).parts}
    seen_in_city = 1 - in_city.get("coverage", 0.0)
    expected = whole["city", city] * in_city[county] / seen_in_city * own / (1 - unseen)
    assert whole["enterprise", enterprise.id] == pytest.approx(expected)


def test_what_is_not_covered_is_a_part_of_its_own(records: SqlRecords) -> None:
    """Where less was seen than the prior, the number is more than what was found."""
    with records.read(EVERYTHING) as session:
        counties = session.scalars(select(Risk.key).where(Risk.kind == "county")).all()
    unseen = [line.share for key in counties for line in _explained(records, key, 1).parts if line.kind == "coverage"]
    assert unseen
    assert all(0 < share <= 1 for share in unseen)


def test_children_are_the_inventorys(records: SqlRecords) -> None:
    """A county's number counts every registered enterprise, also those that never reported."""
    with records.read(EVERYTHING) as session:
        row = session.scalar(select(Risk).where(Risk.kind == "province"))
        everywhere = session.scalars(select(Enterprise.id)).all()
        indexed = set(session.scalars(select(Risk.key).where(Risk.kind == "enterprise")))
    assert row
    assert indexed == set(everywhere)


def test_other_places_are_found_by_kind(records: SqlRecords) -> None:
    with records.read(EVERYTHING) as session:
        enterprise = session.scalars(select(Enterprise).where(Enterprise.park_id.is_not(None))).first()
        assert enterprise
        assert resolve(session, f"enterprise:{enterprise.id}") == ("enterprise", enterprise.id)
    for wanted in (f"enterprise:{enterprise.id}", f"industry:{enterprise.industry[:3]}", f"park:{enterprise.park_id}"):
        found = _explained(records, wanted)
        _adds_up(found.parts, 1.0 if found.parts else 0.0)
    with pytest.raises(NotFound, match="no division"):
        _explained(records, "某地")
    with pytest.raises(NotFound, match="no risk index"):
        _explained(records, "enterprise:nobody")


def test_the_command_prints_a_sum(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAISHI_DATA_DIR", str(folder))
    ran = CliRunner().invoke(app, ["risk", "explain", "330000", "--json"])
    assert ran.exit_code == 0, ran.output
    found = orjson.loads(ran.stdout)
    assert sum(part["share"] for part in found["parts"]) == pytest.approx(1.0)
    shown = CliRunner().invoke(app, ["risk", "explain", "330000"])
    assert shown.exit_code == 0, shown.output
    assert "100.0%" in shown.stdout
    assert "浙江省" in shown.stdout
    assert "incident-" not in shown.stdout, "people read titles"
