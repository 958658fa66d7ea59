"""Labelled sets through the real stages: what is read, what is measured, and what is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from taishi.errors import ConfigError
from taishi.evaluate import augmented, readers, steadiness, variants
from taishi.evaluate.command import app
from taishi.evaluate.correlation import evaluate, gather, of_simulator
from taishi.evaluate.labelled import Labelled, Scenario, sensor_alert
from taishi.evaluate.measures import averages, figures, incident_of
from taishi.evaluate.play import Played, play
from taishi.evaluate.sensitivity import AIMS, shortfall, study
from tests.taishi.evaluate.material import START, rows, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("labelled")
    write(made, "harbour", 1)
    write(made, "quarry", 2, "q-")
    (made / "notes.txt").write_text("nothing of the kind")
    return made


def test_a_table_is_read_as_it_is(folder: Path) -> None:
    material = gather(folder, "test")
    assert [scenario.name for scenario in material.plain] == ["harbour", "quarry"]
    alerts = material.plain[0].alerts
    assert len(alerts) == len(rows())
    assert [alert.index for alert in alerts] == list(range(len(alerts)))
    assert alerts[0].fields["observer.product"] == "Wazuh"
    assert not any("label" in key or "step" in key for alert in alerts for key in alert.fields), "truth must not leak"


def test_every_alert_is_somewhere(folder: Path) -> None:
    for scenario in gather(folder, "test").plain:
        played = play(scenario)
        assert set(played.meta) == {alert.index for alert in scenario.alerts}
        assert set(played.meta.values()) == set(played.metas)
        counted = sum(row["count"] for row in played.metas.values())
        assert counted == len(scenario.alerts)


def test_figures_follow_their_definitions() -> None:
    """Six alerts whose grouping is given, so that each figure can be said beforehand."""
    labels = ["-", "scan.0.1", "scan.0.1", "shell.0.1", "-", "-"]
    times = [0.0, 100_000.0, 100_001.0, 100_002.0, 100_003.0, 200_000.0]
    alerts = [
        Labelled(index, START + at, label, sensor_alert("Wazuh: rule", "host", ""))
        for index, (at, label) in enumerate(zip(times, labels, strict=True))
    ]
    played = Played(
        meta=dict(enumerate(["a", "b", "b", "c", "c", "d"])),
        incident={"a": "", "b": "I", "c": "I", "d": "J"},
        metas={name: {} for name in "abcd"},
        incidents={
            "I": {"escalated": True, "escalated_at": START + 100_060.0},
            "J": {"escalated": True, "escalated_at": START + 200_000.0},
        },
    )  # fmt: skip
    found = figures(Scenario("six", alerts), played)
    assert found.reduction == pytest.approx(1 - 4 / 6)
    assert found.meta_ari == 1.0
    assert found.attack_found is True
    assert found.false_escalations == 1
    assert found.warm_days == pytest.approx(200_000 / 86_400 - 1)
    assert found.noise_fpr == 1.0  # both noise alerts after the first day are in escalated incidents
    assert found.captures == {"scan": 1.0, "shell": 1.0}
    assert found.step_recall == 1.0
    assert found.main_purity == 1.0
    assert found.delay_minutes == pytest.approx(1.0)
    average = averages([found])
    assert (average["attacks"], average["attacks_found"]) == (1, 1)


def test_the_attack_of_the_small_set_is_found(folder: Path) -> None:
    """Plain signatures of every stage on one host must reach a person, whatever is tuned."""
    report = evaluate(gather(folder, "test"), None, lambda _: None, sweep=False, checks=False)
    assert all(row.attack_found for row in report.rows)
    assert all(row.false_escalations == 0 for row in report.rows)


def test_the_outcome_does_not_depend_on_how_alerts_arrive(folder: Path) -> None:
    found = steadiness.check(gather(folder, "test").plain)
    assert found.pop("jitter") == 1.0
    assert set(found.values()) == {True}, found


def test_recipes_put_days_together(tmp_path: Path) -> None:
    data, configs = tmp_path / "data", tmp_path / "configs"
    data.mkdir()
    configs.mkdir()

    def row(at: float, label: str) -> dict[str, object]:
        return {
            "time": int(at), "raw_time": at, "name": "Wazuh: rule", "ip": "10.0.0.1", "host": "web", "short": "x",
            "event_label": label, "hierarchical_event_label": f"{label}.0." if label != "-" else "-",
        }  # fmt: skip

    (data / "bay-1.json").write_bytes(orjson.dumps([row(60.0, "-"), row(3600.5, "-")]))
    (data / "bay-scan.json").write_bytes(orjson.dumps([row(0.0, "scan"), row(1.5, "scan")]))
    day = {"noise": ["bay-1"], "attacks": [["bay-scan", "00:30:00"], ["bay-scan", "12:00:00"]]}
    recipe = {"name": "small", "start_time": "2025-02-10T00:00:00+01:00", "train": [], "val": [], "test": [[day, day]]}
    (configs / "small.json").write_bytes(orjson.dumps(recipe))
    missing = {**recipe, "name": "other", "test": [[{"noise": ["gulf-1"], "attacks": []}]]}
    (configs / "other.json").write_bytes(orjson.dumps(missing))

    material = gather(tmp_path, "test")
    (scenario,) = material.units["small"]
    begin = 1_739_142_000.0
    assert [(alert.t - begin, alert.label) for alert in scenario.alerts[:4]] == [
        (60.0, "-"), (1800.0, "scan.0.1"), (1801.5, "scan.0.1"), (3600.5, "-"),
    ]  # fmt: skip
    assert {alert.label for alert in scenario.alerts} == {"-", "scan.0.1", "scan.0.2", "scan.0.3", "scan.0.4"}
    assert any("other.json" in note and "gulf-1" in note for note in material.notes)


def test_sets_made_here_are_harder_in_the_way_they_say(folder: Path) -> None:
    plain = gather(folder, "test").plain
    collided = augmented.simultaneous(plain)
    for before, after in zip(plain, collided, strict=True):
        assert sum(a.attack for a in after.alerts) == sum(a.attack for a in before.alerts)
        spans: dict[str, tuple[float, float]] = {}
        for alert in after.alerts:
            if alert.attack:
                first, last = spans.get(alert.label, (alert.t, alert.t))
                spans[alert.label] = (min(first, alert.t), max(last, alert.t))
        scans = [span for label, span in spans.items() if label.startswith(("scan", "dirb"))]
        (_, first_ends), (second_begins, _) = sorted(scans)
        assert second_begins <= first_ends, "one scan begins before the other is over"
    for before, after in zip(plain, augmented.noisier(plain, 2), strict=True):
        assert len(after.alerts) > 2 * len(before.alerts)


def test_the_command_writes_json_and_a_line_an_alert(folder: Path, tmp_path: Path) -> None:
    dump = tmp_path / "alerts.ndjson"
    ran = CliRunner().invoke(
        app, ["correlation", "--data", str(folder), "--json", "--dump", str(dump), "--no-sweep", "--no-checks"]
    )
    assert ran.exit_code == 0, ran.output
    report = orjson.loads(ran.stdout)
    assert {row["scenario"] for row in report["scenarios"]} == {"harbour", "quarry"}
    lines = [orjson.loads(line) for line in dump.read_bytes().splitlines()]
    assert len(lines) == sum(row["alerts"] for row in report["scenarios"])
    assert set(lines[0]) == {"scenario", "alert_index", "meta_id", "incident_id", "escalated", "escalated_at"}


def test_the_table_is_for_people(folder: Path) -> None:
    ran = CliRunner().invoke(app, ["correlation", "--data", str(folder)])
    assert ran.exit_code == 0, ran.output
    assert "average of 2" in ran.stdout
    assert "simul-attacks (made here)" in ran.stdout


def test_a_folder_without_a_set_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing labelled"):
        gather(tmp_path, "test")
    with pytest.raises(ConfigError, match="no folder"):
        gather(tmp_path / "absent", "test")
    (tmp_path / "bad_alerts.txt").write_text("time,name,host,event_label\nsoon,rule,web,-\n")
    with pytest.raises(ConfigError, match="alert 0"):
        gather(tmp_path, "test")


@pytest.mark.slow
def test_the_simulators_days_can_be_evaluated() -> None:
    report = evaluate(of_simulator(5, 1, 60), None, lambda _: None)
    assert report.average["attacks"] >= 5
    assert not report.areas, "an enterprise of the simulator is no published set"


@pytest.mark.slow
def test_published_sets_are_read_whole(corpus: Path) -> None:
    given = corpus / "given"
    tables = [
        readers.alert_table(p) for p in readers.files_below(given / "ait-alert-data-set") if readers.is_alert_table(p)
    ]
    assert {scenario.name: len(scenario.alerts) for scenario in tables} == {"russellmitchell": 45_544, "shaw": 70_782}
    assert {alert.step for alert in tables[0].alerts if alert.attack} >= {"dirb", "wpscan", "webshell_cmd", "dnsteal"}
    teams = gather(given / "sage-cptc2017", "test").plain
    assert len(teams) == 3
    assert all(not team.labelled and len(team.alerts) > 1000 for team in teams)
    played = play(teams[2])
    assert all(incident_of(played, index) or played.incident[meta] == "" for index, meta in played.meta.items())


PLANT = {"reading the control project", "program download to controllers", "writing set points", "stopping controllers"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_intrusion_that_waits_72_hours_before_the_plant_is_one_incident(seed: int) -> None:
    """The simulator's chain from office to plant with three days of noise and silence put between its parts."""
    material = of_simulator(seed, 1, 60)
    (scenario,) = [one for one in material.plain if any("it_to_ot" in alert.label for alert in one.alerts)]
    alerts = [
        replace(alert, t=alert.t + (3 * 86_400.0 if alert.step in PLANT else 0.0))
        for alert in scenario.alerts
        if "it_to_ot" in alert.label
    ]
    noise = [alert for alert in scenario.alerts if not alert.attack]
    alerts += [replace(alert, t=alert.t + day * 86_400.0) for alert in noise for day in range(4)]
    alerts = [replace(alert, index=index) for index, alert in enumerate(sorted(alerts, key=lambda alert: alert.t))]
    played = play(replace(scenario, alerts=alerts), inventory=material.inventory)
    parts: dict[bool, set[str]] = {True: set(), False: set()}
    for alert in alerts:
        incident = incident_of(played, alert.index)
        if alert.attack and played.escalated(incident):
            parts[alert.step in PLANT].add(incident)
    assert parts[True] == parts[False]
    assert len(parts[True]) == 1


def test_variants_keep_the_labels_and_change_what_they_say(folder: Path) -> None:
    plain = gather(folder, "test").plain
    for name in variants.VARIANTS:
        made = variants.vary(name, plain, 0)
        assert made == variants.vary(name, plain, 0), "the same dice"
        for one in made:
            assert [alert.index for alert in one.alerts] == list(range(len(one.alerts)))
            assert any(alert.attack for alert in one.alerts)
    louder, thinner = (len(variants.vary(name, plain, 0)[0].alerts) for name in ("noise x3", "noise x0.3"))
    assert thinner < len(plain[0].alerts) < louder
    assert {a.fields["host.name"] for a in variants.vary("other noise", plain, 0)[0].alerts if not a.attack} <= {
        "q-mail", "q-desk",
    }  # fmt: skip


def test_a_number_of_the_correlation_can_be_studied(folder: Path) -> None:
    """Each setting in a process of its own; a threshold that nothing reaches must show."""
    outcomes = {
        outcome.changes.get("escalate.score", 0.0): outcome
        for outcome in study(folder, ["escalate.score"], 1, 1, variants=("plain",), factors=(1.5,))
    }
    assert outcomes[0.0].means["found"] == 1.0
    assert set(outcomes) == {0.0, 1.0}
    assert outcomes[1.0].shortfall >= outcomes[0.0].shortfall
    assert shortfall(AIMS) == 0.0
