"""Sigma rules over events: from bytes and from dicts beside orjson decode + encode, what the stage adds in the pipeline,
what more rules cost, and rsigma on the same rules and events where it is installed.

With the corpus of real logs (`TAISHI_CORPUS`) the rules are SigmaHQ's and the events its Windows events; without it the
platform's own rules and the sample province. CPU seconds of this process; of rsigma user + system, its loading taken off.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from bench.bench_stages import View
from bench.material import Normaliser, copies, deliveries, facts, folder
from processor.stage import Work
from processor.stages.detect import Detect
from taishi.event import Event
from taishi.sigma import packs
from taishi.sigma.index import Engine
from taishi.sigma.parse import Parsed, parse
from taishi.sigma.rule import And, Match, Node, Not, Or, Rule, Text
from taishi.sigma.ruleset import build
from taishi.sigma.taxonomy import Taxonomy, ours
from tests.taishi.sigma import corpus_events

ROOT: Final = Path(__file__).resolve().parent.parent
REPEATS: Final = 4
"""The least of so many runs is taken: everything above it is somebody else's load."""


def corpus() -> Path | None:
    path = Path(os.environ.get("TAISHI_CORPUS", ROOT.parent / "shared" / "corpus"))
    return path if (path / "sigma").is_dir() else None


@cache
def _parsed() -> tuple[Parsed, ...]:
    found = corpus()
    files = packs.own() + (corpus_events.pack(found) if found else [])
    return tuple(one for one in parse(files)[0] if isinstance(one.rule, Rule))


def _rules() -> list[Rule]:
    return [one.rule for one in _parsed() if isinstance(one.rule, Rule)]


def _province(events: int) -> list[Event]:
    normaliser = Normaliser()
    return [event for _, delivery in deliveries(events) for event in normaliser.batch(delivery).events][:events]


def _windows(events: int) -> list[Event]:
    """Real Windows events in their natural mix, repeated up to the wanted number."""
    found = corpus()
    if found is None:
        return []
    once = list(corpus_events.events(found, of_a_kind=1 << 30, source="otrf"))[:events]
    return (once * (events // len(once) + 1))[:events]


def _least(work: Callable[[], Any]) -> float:
    """CPU seconds."""
    found = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return max(min(found), 1e-9)


def _matched(engine: Engine, events: Iterable[Event]) -> int:
    return sum(len(engine.match(event)) for event in events)


def _speed(what: str, events: list[Event]) -> list[dict[str, Any]]:
    engine = Engine(_rules())
    raw = [orjson.dumps(event) for event in events]
    matches = _matched(engine, events)
    for _ in range(2):
        _matched(engine, events)
    yard = _least(lambda: [orjson.dumps(orjson.loads(line)) for line in raw])
    spent = {
        "from bytes": _least(lambda: [engine.match(orjson.loads(line)) for line in raw]),
        "from dicts": _least(lambda: _matched(engine, events)),
    }
    return [
        {
            "what": f"{what}, {name}", "rules": len(engine.entries), "events": len(events), "bytes": sum(map(len, raw)) // len(raw),
            "matches": matches, "µs/event": seconds / len(events) * 1e6, "orjson µs/event": yard / len(events) * 1e6,
            "ratio to orjson": yard / seconds, "without witness": len(engine.without_witness()),
        }
        for name, seconds in spent.items()
    ]  # fmt: skip


def _stage(events: int) -> list[dict[str, Any]]:
    """What the detect stage adds to the pipeline's events of a sample day, beside the same stage without rules."""
    normaliser, stage = Normaliser(), Detect()
    inventory = facts(copies(events))
    batches = [normaliser.batch(delivery) for _, delivery in deliveries(events)]
    count = sum(len(batch.events) for batch in batches)
    rows = []
    for what, rules in (("no rules", None), ("all rules", build(_rules()))):

        def run(rules: Any = rules) -> None:
            work = Work(0, [replace(batch) for batch in batches], inventory)
            work.rules = rules
            stage.run(work, View())

        run()
        seconds = _least(run)
        size = len(rules.engine.entries) if rules else 0
        rows.append(
            {"stage": f"detect, {what}", "rules": size, "events": count, "µs added/event": seconds / count * 1e6}
        )
    return rows


def _suffixed(node: Node, suffix: str) -> Node:
    """The condition with other literals of the same shape."""
    if isinstance(node, Match):
        if not isinstance(node.test, Text) or node.field in {"EventID", "Provider_Name", "Channel"}:
            return node
        texts = [part for part in node.test.parts if isinstance(part, str)]
        if not texts or len(texts[-1]) < 3:
            return node
        middle = len(texts[-1]) // 2
        changed = texts[-1][:middle] + suffix + texts[-1][middle:]
        parts = tuple(changed if part is texts[-1] else part for part in node.test.parts)
        return Match(node.field, replace(node.test, parts=parts))
    if isinstance(node, Not):
        return Not(_suffixed(node.part, suffix))
    inner = tuple(_suffixed(part, suffix) for part in node.parts)
    return And(inner) if isinstance(node, And) else Or(inner)


def _growth(events: list[Event]) -> list[dict[str, Any]]:
    """The cost of 1,000 and 10,000 rules; beyond the pack, copies of it with other literals."""
    rules = _rules()
    many = list(rules)
    number = 0
    while len(many) < 10_000:
        number += 1
        many += [
            replace(rule, id=f"{rule.id}-{number}", condition=_suffixed(rule.condition, f"q{number}z"))
            for rule in rules
        ]
    rows, first = [], 0.0
    for size in (1_000, 10_000):
        engine = Engine(many[:: len(many) // size][:size])
        for _ in range(3):
            _matched(engine, events)
        seconds = _least(lambda engine=engine: _matched(engine, events)) / len(events)  # type: ignore[misc]
        first = first or seconds
        rows.append(
            {"growth": size, "events": len(events), "µs/event": seconds * 1e6, "ratio to 1,000": seconds / first}
        )
    return rows


# ------------------------------------------------------------ rsigma

FLAT: Final = ("ls_product", "ls_category", "ls_service")


def _flat_taxonomy() -> Taxonomy:
    """Names as the rules write them, log sources as stamped on the event."""
    kinds = ("product", "category", "service")
    sources = {
        one.logsource: {f"ls_{kind}": [name] for kind, name in zip(kinds, one.logsource, strict=True) if name}
        for one in _rules()
    }
    entries = [{**dict(zip(kinds, source, strict=True)), "when": [when]} for source, when in sources.items()]
    raw = {"default": {"any": ["{name}"], "windows": ["{name}"]}, "logsource": entries}
    return Taxonomy(FLAT, ("message",), raw)


def _stamped(event: dict[str, Any]) -> dict[str, Any] | None:
    """A raw Windows event with the log source that our own mapping gives it; None where it has no category."""
    routed = {
        "winlog.channel": str(event.get("Channel", "")).lower(), "winlog.event_id": str(event.get("EventID", "")),
    }  # fmt: skip
    for entry in ours().raw["logsource"]:
        if (
            entry["product"] != "windows"
            or not entry["category"]
            or entry["category"] in {"registry_event", "registry_add"}
        ):
            continue
        if any(all(routed.get(key) in values for key, values in when.items()) for when in entry["when"]):
            return {**event, "ls_product": "windows", "ls_category": entry["category"]}
    return None


def _keywordless(node: Node) -> bool:
    if isinstance(node, Match):
        return bool(node.field)
    return _keywordless(node.part) if isinstance(node, Not) else all(map(_keywordless, node.parts))


def _rsigma(count: int) -> list[dict[str, Any]]:
    """The same rules over the same raw lines, by us and by rsigma: Windows categories, no keywords."""
    found, program = corpus(), shutil.which("rsigma")
    if found is None or program is None:
        return []
    lines = [line.text for line in corpus_events.lines(found, "otrf")]
    stamped = [one for line in lines if (one := _stamped(orjson.loads(line))) is not None]
    raw = [orjson.dumps(one) for one in (stamped * (count // len(stamped) + 1))[:count]]
    chosen = [
        one for one in _parsed()
        if isinstance(one.rule, Rule) and one.rule.logsource[0] == "windows" and one.rule.logsource[1]
        and one.rule.logsource[1] != "registry_event" and _keywordless(one.rule.condition) and "action" not in one.document
    ]  # fmt: skip
    engine = Engine((one.rule for one in chosen if isinstance(one.rule, Rule)), _flat_taxonomy())
    own: Counter[str] = Counter(entry.rule.id for line in raw for entry in engine.match(orjson.loads(line)))
    for _ in range(2):
        _matched(engine, map(orjson.loads, raw))
    seconds = _least(lambda: [[e.rule.id for e in engine.match(orjson.loads(line))] for line in raw])
    with folder() as path:
        (path / "rules").mkdir()
        for number, one in enumerate(chosen):
            (path / "rules" / f"{number}.yml").write_text(one.body, "utf-8")
        theirs: Counter[str] = Counter()
        full, loading = [], []
        for _ in range(3):
            spent, theirs = _foreign(program, path, raw)
            full.append(spent)
            loading.append(_foreign(program, path, raw[:1])[0])
    other = max(min(full) - min(loading), 1e-9)
    return [
        {
            "peer": "rsigma, from bytes", "rules": len(chosen), "events": len(raw), "our µs/event": seconds / len(raw) * 1e6,
            "its µs/event": other / len(raw) * 1e6, "ratio to it": other / seconds, "our matches": own.total(),
            "its matches": theirs.total(), "rules that differ": sum(own[name] != theirs[name] for name in own | theirs),
        }
    ]  # fmt: skip


def _foreign(program: str, path: Path, raw: list[bytes]) -> tuple[float, Counter[str]]:
    """(CPU seconds, matches by rule id) of one run."""
    (path / "events.ndjson").write_bytes(b"\n".join(raw) + b"\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [
            program, "--output-format", "ndjson", "engine", "eval", "-q", "-r", "rules", "--logsource-routing",
            "--logsource-field-map", "product=ls_product,category=ls_category,service=ls_service",
            "--input-format", "json", "-e", "@events.ndjson",
        ],
        cwd=path, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"rsigma failed: {done.stderr.decode(errors='replace')[:500]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    hits: Counter[str] = Counter()
    for line in done.stdout.splitlines():
        hits[str(orjson.loads(line).get("rule_id"))] += 1
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, hits


def run(events: int = 1_000_000) -> list[dict[str, Any]]:
    count = min(events, 40_000)
    rows = _rsigma(count)  # first: the many live objects of the others would weigh on our garbage collector alone
    province = _province(count)
    rows += _speed("sample province", province)
    real = _windows(count) if corpus() is not None else province
    if real is not province:
        rows += _speed("Windows events", real)
    return rows + _stage(count) + _growth(real)
