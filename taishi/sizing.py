"""How large a platform must be: from enterprises and events per second to cores, disks, machines and money.

Pure functions. `size(load)` computes, `report(load)` is the same as text, `as_json(load)` the same as data, and
`page()` is docs/sizing.md (`python -m taishi.sizing`). Three kinds of numbers go in and are kept apart: what was
measured (`Costs`), what is assumed about machines and prices (`Machine`, `Prices`), and what the operator says (`Load`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import ceil
from pathlib import Path
from typing import Any

from taishi.errors import ConfigError

DAY = 86_400.0
GB = 1e9
MICRO = 1e-6

MOST_PARTITIONS = 1024
"""What the setting stream.partitions takes, and with it the most processors that one platform can use."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the operator says. The defaults are those of the settings where there is one."""

    enterprises: int
    events_per_second: float
    """Average over the day and over all sources."""

    peak_factor: float = 3.0
    """The busiest minutes over the average; the platform is sized to keep up with them."""

    line_bytes: float = 468.0
    """Mean of the raw lines of the simulator's mixed products (bench/material.py). Stream and index grow with it."""

    alert_share: float = 0.35
    """Alerts among the events; the simulator's day has 0.34."""

    events_days: int = 180
    """The Cybersecurity Law (art. 21) asks for at least six months of network logs."""

    alerts_days: int = 365
    stream_days: float = 3.0
    """How long the stream keeps what was processed: the time to repair a store without losing."""

    replicas: int = 1
    """Copies of the index beside the first one."""

    stream_replication: int = 3
    sources_per_enterprise: float = 3.2
    """As the simulator onboards them."""

    records_per_delivery: float = 50.0
    """HTTP pushes and followed files bring hundreds, a quiet syslog source one line at a time. Each delivery is a row
    that is remembered for a week."""

    def __post_init__(self) -> None:
        positive = (self.enterprises, self.events_per_second, self.line_bytes, self.events_days, self.alerts_days)
        at_least_one = (self.peak_factor, self.stream_replication, self.records_per_delivery)
        if min(positive) <= 0 or min(at_least_one) < 1 or not 0 <= self.alert_share <= 1:
            raise ConfigError("a load needs positive numbers, factors of at least 1 and a share between 0 and 1")
        if min(self.replicas, self.stream_days, self.sources_per_enterprise) < 0:
            raise ConfigError("replicas, days and sources cannot be negative")

    @property
    def peak(self) -> float:
        """Events per second in the busiest minutes."""
        return self.events_per_second * self.peak_factor

    @property
    def kept_events(self) -> float:
        """Documents in the index once the first retention has passed."""
        days = self.alert_share * self.alerts_days + (1 - self.alert_share) * self.events_days
        return self.events_per_second * DAY * days


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured, on two shared x86-64 cores with Python 3.11. Absolute figures drift by a fifth."""

    # docs/benchmarks.md (`make bench`), µs of one core for one event
    normalise_us: float = (
        40.0  # collectors: line to event, sniffing included; 11–38 µs by product, the slower ones taken
    )
    publish_us: float = 8.0  # durable append to the embedded log (7.6–9.9)
    decode_us: float = 4.0  # read from the embedded log and decode
    stages_us: float = 42.0  # enrich, aggregate, correlate at 10⁶ events
    index_us: float = 117.0  # embedded index with flush at 10⁶ events
    worker_us: float = 170.0  # the real worker, from the stream to all its stores: 5,900 events/s

    index_bytes: float = 1130.0  # docs/benchmarks.md: embedded index on disk, an event
    # bench/material.py, 30,000 events in deliveries of 100, encoded by taishi.event.encode_batch, not compressed
    stream_bytes: float = 2272.0
    measured_line_bytes: float = 468.0  # the lines that the two figures above were measured with

    # kafka-python 3.0.12 with crc32c on Kafka 4.4, values of 1,000 bytes, acks=all, one process (41–44 and 91–110 MB/s)
    kafka_write_bytes: float = 41e6
    kafka_read_bytes: float = 91e6
    # elasticsearch 9.5.1 helpers.bulk on Elasticsearch 9.5.3, cold, documents of 519 bytes (5,651 and 6,973 docs/s)
    elastic_docs: float = 6000.0

    # PRAGMA dbstat of the sample province's records after a simulated day: 300 enterprises, 84,464 records, 28,409 alerts
    state_bytes: float = 28_000.0  # of the stages, an enterprise
    meta_alerts_day: float = 62.0  # an enterprise
    meta_alert_share: float = 0.65  # of the alerts; repeats become fewer where an enterprise sends more
    meta_alert_bytes: float = 908.0  # with its indexes and its share of the incidents
    ledger_bytes: float = 176.0  # a source and hour
    delivery_bytes: float = 112.0  # with its indexes
    delivery_days: float = 7.0  # processor/checkpoint.py: SEEN_DAYS

    # Derived: half of the embedded index's cost is building the document, the other half the engine (docs/benchmarks.md).
    document_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Machine:
    """One server, and how full it may be. Assumptions, not measurements."""

    cores: int = 16
    disk_gb: float = 20_000.0
    busy: float = 0.6  # of a core at the peak; the rest answers queries and catches up after a pause
    full: float = 0.75  # of a disk; Elasticsearch stops placing shards at 85 %
    # Of the stream on the wire and on the brokers' disks, with zstd. The simulator's batches of 100 come to 0.05 at level 3, but
    # real lines repeat themselves less than a simulator's do.
    compressed: float = 0.25
    broker_write_bytes: float = 200e6  # a second, replicas included
    shard_gb: float = 40.0  # primary; the vendor's advice is 10–50
    shards: int = 1000  # of one data node: Elasticsearch's default limit
    cluster_shards: int = 100_000  # of one Elasticsearch cluster; beyond it, its master is what suffers
    store_share: float = (
        0.5  # of a single machine's core that the embedded worker may use at the peak before engines pay
    )


@dataclass(frozen=True, slots=True)
class Prices:
    """Example values to replace by those of your own contract; they come from no price list."""

    core_month: float = 100.0
    gb_month: float = 0.5
    currency: str = "CNY"


MEASURED = Costs()
MACHINE = Machine()
PRICES = Prices()


@dataclass(frozen=True, slots=True)
class Part:
    """What one role or engine needs. `cores` is the need at the peak with the machine's reserve; `machines` is 0 for a
    part that lives on the machines of another."""

    name: str
    cores: float
    processes: int
    disk_gb: float
    machines: int
    money: float


@dataclass(frozen=True, slots=True)
class Sizing:
    load: Load
    shape: str
    """`embedded` (one machine, no engines), `three` (everything on three machines) or `apart` (machines by part)."""

    parts: tuple[Part, ...]
    partitions: int
    platforms: int
    """More than one where a single platform's partitions or its cluster's shards do not suffice."""

    stream_in_bytes: float
    """Bytes a second that the collectors hand to the stream at the peak, compressed where that is Kafka."""

    stream_network_bytes: float
    """Bytes a second over the brokers' network at the peak: in, between replicas, out to the processors."""

    kept_events: float
    shards_per_day: int
    shards: int
    deliveries_per_second: float
    cores: float
    disk_gb: float
    machines: int
    money: float
    currency: str


@dataclass(frozen=True, slots=True)
class _Need:
    """A part before machines are given to it; an engine has at least `least` of its own."""

    name: str
    cores: float
    processes: int
    disk_gb: float
    least: int = 1


def size(load: Load, costs: Costs = MEASURED, machine: Machine = MACHINE, prices: Prices = PRICES) -> Sizing:
    """The whole computation. A larger load never needs less, with one exception: engines without a second copy of the index
    (`replicas=0`) may need less disk than the embedded log, which is not compressed."""
    embedded = _fits_embedded(load, costs, machine)
    needs = _embedded(load, costs, machine) if embedded else _engines(load, costs, machine)
    shape = "embedded" if embedded else "three" if _together(needs, machine) <= 3 else "apart"
    machines = _machines(needs, shape, machine)
    parts = tuple(_part(need, machines[need.name], prices) for need in needs)
    workers = next(part.processes for part in parts if part.name == "process")
    partitions = max(12, _up(workers * 1.5, 12))
    in_bytes = load.peak * _stream_bytes(load, costs) * (1 if embedded else machine.compressed)
    shards = 0 if embedded else _shards(load, costs, machine)
    return Sizing(
        load=load,
        shape=shape,
        parts=parts,
        partitions=partitions,
        platforms=max(1, ceil(partitions / MOST_PARTITIONS), ceil(shards / machine.cluster_shards)),
        stream_in_bytes=in_bytes,
        stream_network_bytes=0.0 if embedded else in_bytes * (load.stream_replication + 1),
        kept_events=load.kept_events,
        shards_per_day=0 if embedded else _shards_per_day(load, costs, machine),
        shards=shards,
        deliveries_per_second=load.events_per_second / load.records_per_delivery,
        cores=sum(part.cores for part in parts),
        disk_gb=sum(part.disk_gb for part in parts),
        machines=sum(part.machines for part in parts),
        money=sum(part.money for part in parts),
        currency=prices.currency,
    )


def _stream_bytes(load: Load, costs: Costs) -> float:
    """An event on the stream: the fields are as many for a longer line, and the line travels in it once."""
    return costs.stream_bytes + load.line_bytes - costs.measured_line_bytes


def _index_bytes(load: Load, costs: Costs) -> float:
    """An event in the index: in proportion to a longer line; the typed fields are there for the shortest too."""
    return costs.index_bytes * max(1.0, load.line_bytes / costs.measured_line_bytes)


def _shards_per_day(load: Load, costs: Costs, machine: Machine) -> int:
    """Primary shards that a day's events fill."""
    return max(1, ceil(load.events_per_second * DAY * _index_bytes(load, costs) / (machine.shard_gb * GB)))


def _shards(load: Load, costs: Costs, machine: Machine) -> int:
    """Primary and replica shards of all kept days; days whose events went keep their alerts' shards: an upper bound."""
    return _shards_per_day(load, costs, machine) * max(load.events_days, load.alerts_days) * (1 + load.replicas)


def _fits_embedded(load: Load, costs: Costs, machine: Machine) -> bool:
    """Whether one machine without engines does it: its index has one writer, and its log and index one disk."""
    busy = load.peak * costs.worker_us * MICRO <= machine.store_share
    needs = _embedded(load, costs, machine)
    return busy and sum(need.disk_gb for need in needs) <= machine.disk_gb and _together(needs, machine) <= 1


def _embedded(load: Load, costs: Costs, machine: Machine) -> list[_Need]:
    cores = load.peak * MICRO / machine.busy
    disk = 1 / GB / machine.full
    log = load.events_per_second * DAY * load.stream_days * _stream_bytes(load, costs) * disk
    index = load.kept_events * _index_bytes(load, costs) * disk
    collect = cores * (costs.normalise_us + costs.publish_us)
    return [
        _Need("collect", collect, 1, 1.0),
        _Need("process", cores * costs.worker_us, 1, log + index + _records_bytes(load, costs) * disk),
        _Need("api", _api_cores(load), 1, 0.0),
    ]


def _engines(load: Load, costs: Costs, machine: Machine) -> list[_Need]:
    cores = load.peak * MICRO / machine.busy
    disk = 1 / GB / machine.full
    stream = _stream_bytes(load, costs)
    publish = max(costs.publish_us, stream / costs.kafka_write_bytes / MICRO)
    collect = cores * (costs.normalise_us + publish)
    read = max(0.0, stream / costs.kafka_read_bytes / MICRO - costs.decode_us)
    worker = costs.worker_us - costs.index_us * (1 - costs.document_share) + read
    process = cores * worker
    copies = 1 + load.replicas
    index = load.peak * copies / costs.elastic_docs / machine.busy
    index_disk = load.kept_events * _index_bytes(load, costs) * copies * disk
    nodes = max(3, ceil(_shards(load, costs, machine) / machine.shards))
    sent = stream * machine.compressed
    written = load.peak * sent * load.stream_replication
    brokers = max(3, ceil(written / machine.broker_write_bytes))
    kept = load.events_per_second * DAY * load.stream_days * sent * load.stream_replication * disk
    records_disk = _records_bytes(load, costs) * disk
    # Rows of deliveries and one commit a second of each worker; PostgreSQL was not measured: 5,000 rows a second a core.
    records = 1.0 + load.peak / load.records_per_delivery / 5000.0 / machine.busy
    return [
        _Need("collect", collect, max(2, ceil(collect)), 2.0 * max(2, ceil(collect))),
        _Need("process", process, max(2, ceil(process)), 0.0),
        _Need("api", _api_cores(load), 2, 0.0),
        _Need("kafka", max(float(brokers), written / machine.broker_write_bytes * 2), brokers, kept, brokers),
        _Need("elasticsearch", max(float(nodes), index), nodes, index_disk, nodes),
        _Need("postgresql", records * 2, 2, records_disk * 2, 2),
    ]


def _api_cores(load: Load) -> float:
    """People, not events, work the API: an assumption of one core for every 10,000 enterprises, and one more."""
    return 1.0 + load.enterprises / 10_000


def _records_bytes(load: Load, costs: Costs) -> float:
    """PostgreSQL or SQLite. Meta-alerts, incidents and the ledger are never deleted: a year of them is counted."""
    alerts = load.events_per_second * DAY * load.alert_share
    meta_alerts = min(load.enterprises * costs.meta_alerts_day, alerts * costs.meta_alert_share)
    deliveries = load.events_per_second / load.records_per_delivery * DAY * costs.delivery_days
    return (
        load.enterprises * costs.state_bytes
        + meta_alerts * costs.meta_alert_bytes * 365
        + load.enterprises * load.sources_per_enterprise * 24 * 365 * costs.ledger_bytes
        + deliveries * costs.delivery_bytes
    )


def _together(needs: list[_Need], machine: Machine) -> int:
    """Machines if all parts share them."""
    cores, disk = sum(need.cores for need in needs), sum(need.disk_gb for need in needs)
    return max(1, ceil(cores / machine.cores), ceil(disk / machine.disk_gb))


def _machines(needs: list[_Need], shape: str, machine: Machine) -> dict[str, int]:
    """Machines by part; 0 where a part lives on those of another."""
    found = dict.fromkeys((need.name for need in needs), 0)
    if shape == "embedded":
        found["process"] = 1
    elif shape == "three":
        found["elasticsearch"] = 3
    else:
        roles = [need for need in needs if need.name in {"collect", "process", "api"}]
        found["process"] = max(2, _together(roles, machine))
        for need in needs:
            if need not in roles:
                found[need.name] = max(need.least, _together([need], machine))
    return found


def _part(need: _Need, machines: int, prices: Prices) -> Part:
    nodes = max(need.processes, machines) if need.name in {"kafka", "elasticsearch"} else need.processes
    money = need.cores * prices.core_month + need.disk_gb * prices.gb_month
    return Part(need.name, need.cores, nodes, need.disk_gb, machines, money)


def _up(value: float, step: int) -> int:
    return ceil(value / step) * step


# -------------------------------------------------------------------- to read


def as_json(load: Load) -> dict[str, Any]:
    """The sizing with its inputs, as plain data: load, machine, prices, and the result with its parts."""
    sizing = asdict(size(load))
    return {"load": sizing.pop("load"), "machine": asdict(MACHINE), "prices": asdict(PRICES), "sizing": sizing}


def report(load: Load) -> str:
    """The sizing as text for a terminal."""
    sizing = size(load)
    rows = [[*_PART_HEAD], *(_part_row(part, sizing) for part in sizing.parts), _total_row(sizing)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_PART_HEAD))]
    lines = [
        f"{load.enterprises:,} enterprises, {load.events_per_second:,.0f} events/s on average, {load.peak:,.0f} at the peak",
        _SHAPES[sizing.shape],
        "",
        *("  ".join(cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(
            zip(row, widths, strict=True))).rstrip() for row in rows),
        "",
        *(f"{name}: {value}" for name, value in _facts(sizing)),
        "",
        "Measured: the cost of an event in the collectors, the worker and the embedded index, its bytes on the stream and in",
        "the index, and one Kafka client and one cold Elasticsearch on two cores. Everything else is extrapolated from that,",
        "and prices are examples. docs/sizing.md says which is which.",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


_SHAPES = {
    "embedded": "One machine with the embedded engines is enough.",
    "three": "Three machines, each with all roles and a node of each engine (deploy/three-machines).",
    "apart": "Machines by part: the three roles share theirs, each engine has its own.",
}

_PART_HEAD = ("part", "cores at peak", "processes", "disk", "machines", "money a month")


def _part_row(part: Part, sizing: Sizing) -> list[str]:
    shared = "shared" if part.machines == 0 else f"{part.machines:,}"
    cells = [part.name, f"{part.cores:,.1f}", f"{part.processes:,}", _bytes(part.disk_gb * GB), shared]
    return [*cells, f"{part.money:,.0f} {sizing.currency}"]


def _total_row(sizing: Sizing) -> list[str]:
    return [
        "together", f"{sizing.cores:,.1f}", f"{sum(part.processes for part in sizing.parts):,}",
        _bytes(sizing.disk_gb * GB), f"{sizing.machines:,}", f"{sizing.money:,.0f} {sizing.currency}",
    ]  # fmt: skip


def _facts(sizing: Sizing) -> list[tuple[str, str]]:
    load = sizing.load
    facts = [
        ("partitions of the event topic", f"{sizing.partitions:,}"),
        ("to the stream at the peak", f"{_bytes(sizing.stream_in_bytes)}/s"),
        (
            "documents kept",
            f"{sizing.kept_events:,.0f} ({load.events_days} days of events, {load.alerts_days} of alerts)",
        ),
        (
            "deliveries",
            f"{sizing.deliveries_per_second:,.0f}/s of {load.records_per_delivery:,.0f} records, a row each for 7 days",
        ),
        ("money for one enterprise and month", f"{sizing.money / load.enterprises:,.1f} {sizing.currency}"),
    ]
    if sizing.shape != "embedded":
        facts[2:2] = [
            ("network of the brokers at the peak", f"{_bytes(sizing.stream_network_bytes)}/s"),
            ("shards", f"{sizing.shards_per_day:,} primaries a day, at most {sizing.shards:,} with replicas"),
        ]
    if sizing.platforms > 1:
        why = f"one takes {MOST_PARTITIONS:,} partitions and {MACHINE.cluster_shards:,} shards; split by province"
        facts.append(("platforms", f"{sizing.platforms}: {why}"))
    return facts


def _bytes(value: float) -> str:
    for unit, factor in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if value >= factor:
            return f"{value / factor:,.1f} {unit}"
    return f"{value / 1e3:,.1f} kB" if value else "–"


EXAMPLES = (
    ("One county", Load(enterprises=200, events_per_second=50)),
    ("One city", Load(enterprises=5_000, events_per_second=2_000)),
    ("One province", Load(enterprises=50_000, events_per_second=50_000)),
    ("The nation-wide extreme", Load(enterprises=377_800, events_per_second=1_000_000)),
)

_HEAD = """# Sizing

Made by `python -m taishi.sizing`; the numbers are computed by `taishi/sizing.py` from the table of costs at the end.
Average load; the peak is three times that and is what the cores are for. Cores are busy to 60 % and disks full to 75 % at
most. Machines have 16 cores and 20 TB; prices are **example values** (100 CNY a core-month, 0.5 CNY a GB-month).
"""

_WHAT_IS_KNOWN = """## What is measured, and what is not

Measured, each on two shared cores and with one process of a kind: the costs below.

Extrapolated, in the order of how much hangs on it:

* **Disk in Elasticsearch.** An event is taken to need there what it needs in the embedded index, once for each copy. Its
  mapping, `_source` and compression decide; index a day of your own lines and measure before you buy.
* **Elasticsearch's speed.** 6,000 documents/s a core comes from a cold node of 512 MB heap that shared two cores with its
  client, and from documents of 519 bytes, half the size of an event. Warm nodes do better, larger documents worse.
* **A processor on Elasticsearch.** Its worker is the measured one without the engine's half of the embedded index, plus
  reading through kafka-python. It was not measured end to end.
* **A large embedded index.** It was measured to 10⁶ events; a county's day is four times that, its half year a thousand
  times. The index is one shard a day, so days should add up, but nobody has kept a thousand million events in it yet.
* **Many of them.** Cores are multiplied, which holds while partitions are evenly loaded. An enterprise stays on one
  partition: the largest one must fit one worker, about 4,500 events/s with the reserve above.
* **Brokers and PostgreSQL.** Compression to a quarter, 200 MB/s written a broker and 5,000 rows/s a core are assumptions.
  PostgreSQL is one machine and its standby: the commits of all workers, one a second each, and the rows of deliveries end
  there. It is the first thing that stops growing with machines; try it before you promise more than a province.
* **Deliveries.** 50 records each is an assumption. A source that sends a line a second over syslog makes a delivery, a
  message and a row of every line: a province of such sources has fifty times the rows shown here. Let agents push in batches.
* **Meta-alerts and incidents** per enterprise are those of the simulator's day, and a year of them is counted.
* **People** at the API: one core for every 10,000 enterprises is a guess.

At 10⁶ events a second the disks of half a year cost more than everything else together. Fewer days, or fewer kinds of events
that are kept so long, change that sum; faster code does not.
"""


def page() -> str:
    """docs/sizing.md: the examples, what is known, and the costs behind it."""
    parts = [_HEAD]
    for title, load in EXAMPLES:
        sizing = size(load)
        rows = [_part_row(part, sizing) for part in sizing.parts] + [_total_row(sizing)]
        parts.append(
            f"## {title}: {load.enterprises:,} enterprises, {load.events_per_second:,.0f} events/s\n\n"
            f"{_SHAPES[sizing.shape]}\n\n{_markdown(_PART_HEAD, rows)}\n"
            + "\n".join(f"* {name}: {value}" for name, value in _facts(sizing)) + "\n"
        )  # fmt: skip
    parts.append(_WHAT_IS_KNOWN)
    parts.append("## The costs\n\n" + _markdown(("name", "value"), [[name, f"{value:,g}"] for name, value in _costs()]))
    return "\n".join(parts)


def _costs() -> list[tuple[str, float]]:
    return [(f"`{name}`", value) for name, value in asdict(MEASURED).items()]


def _markdown(head: tuple[str, ...], rows: list[list[str]]) -> str:
    right = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, right, *rows)) + "\n"


if __name__ == "__main__":
    path = Path(__file__).resolve().parent.parent / "docs" / "sizing.md"
    path.write_text(page(), "utf-8")
