"""The risk index, recomputed every few seconds: asset → enterprise → county → city → province, parks and industries.

Everything is a pure function of the records and of the time given: running it twice writes the same rows. Assets and
children come from the inventory, never from who reported. Enterprises without open incidents keep the number that
their exposure gives them, which is computed once for an inventory; so the cost of a run follows the incidents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session

from processor.inventory import AssetFacts, EnterpriseFacts, Inventory
from processor.upsert import upsert
from taishi.records.port import Records
from taishi.records.tables import Change, Incident, Risk, RiskHistory, Source
from taishi.risk import coverage, formula, rollup
from taishi.risk.weights import Weights, weights
from taishi.scope import EVERYTHING

DAY = 86_400.0
CLOSED_DAYS = 14.0
"""Days after closure beyond which an incident's hazard has faded to under one per cent."""

HARMLESS = ("benign_positive", "false_positive", "duplicate", "automated")
MAX_PARTS = 60
NEWS = 0.005
"""A change of half a point on the scale of 100 is news; less would make every screen flicker."""

OTHER_ASSETS = "other"
LEVELS = ("county", "city", "province")


@dataclass(slots=True)
class Node:
    """One index: its risk and coverage, its weight in the level above, its parts."""

    kind: str
    key: str
    name: str
    region: str
    enterprise_id: str
    authority: str
    weight: float
    risk: float
    coverage: float
    parts: list[dict[str, Any]]


@dataclass(slots=True)
class Finding:
    """An open or recently closed incident as the index sees it."""

    id: str
    title: str
    hosts: frozenset[str]
    severity: int
    score: float
    closed_for: float | None
    acknowledged_after: float


@dataclass(slots=True)
class RiskJob:
    """`written` remembers what the last runs wrote, so that unchanged rows cost nothing."""

    records: Records
    written: dict[tuple[str, str], tuple[Any, ...]] = field(default_factory=dict)
    baseline: dict[str, tuple[Node, list[Node]]] = field(default_factory=dict)
    baseline_of: tuple[Any, ...] = ()
    assets: set[str] | None = None

    def run(self, inventory: Inventory, at: float) -> int:
        """Recompute at the wall clock `at`; returns how many indexes changed. Raises RecordsError."""
        if not inventory.enterprises:
            return 0
        with self.records.read(EVERYTHING) as session:
            findings = _findings(session, at)
            heard = _heard(session, at)
        nodes = compute(inventory, findings, heard, self._baseline(inventory))
        return self._write(nodes, at)

    def _baseline(self, inventory: Inventory) -> dict[str, tuple[Node, list[Node]]]:
        if self.baseline_of != inventory.fingerprint:
            parameters = weights()
            self.baseline = {facts.id: _enterprise(parameters, facts, []) for facts in inventory.enterprises.values()}
            self.baseline_of = inventory.fingerprint
        return self.baseline

    def _write(self, nodes: list[Node], at: float) -> int:
        hour = int(at // 3600)
        rows, past, news, marks = [], [], [], {}
        parameters = weights()
        for node in nodes:
            found = coverage.interval(parameters, node.risk, node.coverage)
            shown = (round(found.low, 4), round(found.mid, 4), round(found.high, 4), round(found.coverage, 4))
            place = (node.kind, node.key)
            known = self.written.get(place)
            mark = (hour, *shown, tuple((part["key"], round(part["share"], 3)) for part in node.parts))
            if known == mark:
                continue
            marks[place] = mark
            scope = {"region": node.region, "enterprise_id": node.enterprise_id, "authority": node.authority}
            numbers = {"low": found.low, "mid": found.mid, "high": found.high, "coverage": found.coverage}
            key = {"kind": node.kind, "risk_key": node.key, **scope}
            rows.append({**key, "at": at, **numbers, "parts": _parts(node, found)})
            past.append({**key, "hour": hour, **numbers})
            if node.kind != "asset" and (known is None or abs(known[2] - shown[1]) >= NEWS):
                news.append({"at": at, "kind": "risk", "object_id": f"{node.kind}/{node.key}"[:96], **scope})
        present = {node.key for node in nodes if node.kind == "asset"}
        gone = self._assets(present)
        if rows or gone:
            with self.records.write(EVERYTHING) as session:
                for start in range(0, len(gone), 400):
                    keys = gone[start : start + 400]
                    session.execute(delete(Risk).where(Risk.kind == "asset", Risk.key.in_(keys)))
                upsert(session, Risk, rows)
                upsert(session, RiskHistory, past)
                if news:
                    session.execute(insert(Change), news)
            self.written.update(marks)
            self.assets = present
            for asset in gone:
                self.written.pop(("asset", asset), None)
        return len(rows)

    def _assets(self, present: set[str]) -> list[str]:
        """Assets whose index is written but that have no finding any more."""
        if self.assets is None:
            with self.records.read(EVERYTHING) as session:
                self.assets = set(session.scalars(select(Risk.key).where(Risk.kind == "asset")))
        return sorted(self.assets - present)


def compute(
    inventory: Inventory,
    findings: dict[str, list[Finding]],
    heard: dict[str, list[tuple[float, float]]],
    baseline: dict[str, tuple[Node, list[Node]]],
) -> list[Node]:
    """All indexes. `heard`: enterprise → (weight, confidence) of its sources; `baseline`: each without incidents."""
    parameters = weights()
    assets: list[Node] = []
    enterprises: list[Node] = []
    for facts in inventory.enterprises.values():
        found = findings.get(facts.id)
        node, some = _enterprise(parameters, facts, found) if found else baseline[facts.id]
        assets.extend(some)
        node.coverage = coverage.mean(heard.get(facts.id, []))
        enterprises.append(node)
    groups = [*_parks(inventory, enterprises), *_industries(inventory, enterprises), *_regions(inventory, enterprises)]
    for node in assets:
        node.coverage = coverage.mean(heard.get(node.enterprise_id, []))
    return [*assets, *enterprises, *groups]


# ---------------------------------------------------------------- one enterprise


def _enterprise(parameters: Weights, facts: EnterpriseFacts, findings: list[Finding]) -> tuple[Node, list[Node]]:
    """The enterprise's index and those of its assets that have findings."""
    by_asset: dict[str, list[Finding]] = {}
    assets = list(facts.all_assets())
    for finding in findings:
        by_asset.setdefault(_asset_of(assets, finding), []).append(finding)
    nodes = [_asset(parameters, facts, asset, by_asset.get(asset.id, [])) for asset in assets]
    nodes.append(_others(parameters, facts, by_asset.get(OTHER_ASSETS, [])))
    power = parameters.rollup["power"]
    children = [rollup.Child(node.weight, node.risk) for node in nodes]
    node = Node(
        kind="enterprise", key=facts.id, name=facts.name, region=facts.region, enterprise_id=facts.id,
        authority=facts.authority, weight=parameters.of_level(facts.level), risk=rollup.power_mean(children, power),
        coverage=0.0, parts=_contributions(nodes, children, power),
    )  # fmt: skip
    return node, [asset for asset in nodes if asset.risk > 0 and asset.key != f"{facts.id}/{OTHER_ASSETS}"]


def _asset_of(assets: list[AssetFacts], finding: Finding) -> str:
    """The most critical asset that the incident names; the first by id of equals."""
    named = [a for a in assets if {a.address, a.hostname.lower(), a.name} & finding.hosts]
    return min(named, key=lambda asset: (-asset.criticality, asset.id)).id if named else OTHER_ASSETS


def _asset(parameters: Weights, facts: EnterpriseFacts, asset: AssetFacts, findings: list[Finding]) -> Node:
    entries: list[tuple[dict[str, Any], float]] = []
    if asset.exposure == "internet":
        for protocol in asset.exposed_protocols or ("other",):
            hazard = formula.exposure_hazard(parameters, criticality=asset.criticality, protocol=protocol)
            entries.append(({"kind": "exposure", "key": protocol, "name": protocol}, hazard))
    entries.extend(_incident_entries(parameters, asset.criticality, findings))
    return _noisy(facts, "asset", asset.id, asset.name, asset.criticality, entries)


def _others(parameters: Weights, facts: EnterpriseFacts, findings: list[Finding]) -> Node:
    """What happens on hosts that the inventory does not know: always a child, its weight does not come and go."""
    weight = parameters.rollup["other_assets"]
    entries = _incident_entries(parameters, weight, findings)
    return _noisy(facts, "other_assets", f"{facts.id}/{OTHER_ASSETS}", "", weight, entries)


def _incident_entries(
    parameters: Weights, criticality: float, findings: list[Finding]
) -> list[tuple[dict[str, Any], float]]:
    return [
        (
            {"kind": "incident", "key": f.id, "name": f.title},
            formula.incident_hazard(
                parameters, criticality=criticality, severity=f.severity, score=f.score, closed_for=f.closed_for,
                acknowledged_after=f.acknowledged_after,
            ),
        )
        for f in findings
    ]  # fmt: skip


def _noisy(
    facts: EnterpriseFacts, kind: str, key: str, name: str, weight: float, entries: list[tuple[dict[str, Any], float]]
) -> Node:
    hazards = [hazard for _, hazard in entries]
    risk = formula.noisy_or(hazards)
    parts = [
        {**what, "value": formula.noisy_or([hazard]), "weight": weight, "hazard": hazard, "share": share,
         "contribution": risk * share}
        for (what, hazard), share in zip(entries, formula.hazard_shares(hazards), strict=True)
    ]  # fmt: skip
    return Node(kind, key, name, facts.region, facts.id, facts.authority, weight, risk, 0.0, parts)


# ---------------------------------------------------------------- groups


def _contributions(nodes: list[Node], children: list[rollup.Child], power: float) -> list[dict[str, Any]]:
    """One part a child that contributes, largest first; below an enterprise's asset the findings come along."""
    amounts = rollup.contributions(children, power)
    total = sum(amounts)
    found = []
    for node, amount in zip(nodes, amounts, strict=True):
        if amount > 0:
            part: dict[str, Any] = {
                "kind": node.kind, "key": node.key, "name": node.name, "value": node.risk, "weight": node.weight,
                "share": amount / total, "contribution": amount,
            }  # fmt: skip
            if node.kind in {"asset", "other_assets"}:
                part["parts"] = [
                    {**inner, "share": inner["share"] * amount / total, "contribution": inner["share"] * amount}
                    for inner in node.parts[:MAX_PARTS]
                ]
            found.append(part)
    return sorted(found, key=lambda part: (-part["contribution"], part["key"]))


def _group(kind: str, key: str, name: str, region: str, members: list[Node]) -> Node:
    power = weights().rollup["power"]
    children = [rollup.Child(node.weight, node.risk) for node in members]
    return Node(
        kind=kind, key=key, name=name, region=region, enterprise_id="", authority="",
        weight=sum(node.weight for node in members), risk=rollup.power_mean(children, power),
        coverage=coverage.mean([(node.weight, node.coverage) for node in members]),
        parts=_contributions(members, children, power),
    )  # fmt: skip


def _gather(pairs: Iterable[tuple[str, Node]]) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for key, node in pairs:
        if key:
            found.setdefault(key, []).append(node)
    return found


def _parks(inventory: Inventory, enterprises: list[Node]) -> list[Node]:
    members = _gather((inventory.enterprises[node.key].park_id, node) for node in enterprises)
    return [
        _group("park", key, inventory.parks[key][0], inventory.parks[key][1], some)
        for key, some in members.items()
        if key in inventory.parks
    ]


def _industries(inventory: Inventory, enterprises: list[Node]) -> list[Node]:
    """By GB/T 4754 division (the letter and two digits)."""
    root = next((d.code for d in inventory.divisions.values() if not d.parent), "")
    members = _gather((inventory.enterprises[node.key].industry[:3], node) for node in enterprises)
    return [_group("industry", key, key, root, some) for key, some in members.items()]


def _regions(inventory: Inventory, enterprises: list[Node]) -> list[Node]:
    """County, then city, then province: a group weighs what its members weigh, so each level is exact."""
    found: list[Node] = []
    below: list[Node] = enterprises
    for level in LEVELS:
        members = _gather((_above(inventory, node, level), node) for node in below)
        groups = [_group(level, code, inventory.divisions[code].name, code, some) for code, some in members.items()]
        orphans = [node for node in below if not _above(inventory, node, level)]
        found.extend(groups)
        below = [*groups, *orphans]
    return found


def _above(inventory: Inventory, node: Node, level: str) -> str:
    """The code of the division of this level that holds a node, "" where the tree has none."""
    code = node.region
    hops = 0
    while code in inventory.divisions and hops < 6:
        if inventory.divisions[code].level == level:
            return code
        code, hops = inventory.divisions[code].parent, hops + 1
    return ""


def _parts(node: Node, found: coverage.Interval) -> list[dict[str, Any]]:
    """Parts of `mid`: the contributions, what coverage adds, and the small ones in one; shares sum to 1."""
    if found.mid <= 0:
        return []
    parts = [{**part, "share": part["contribution"] / found.mid} for part in node.parts[:MAX_PARTS]]
    rest = sum(part["contribution"] for part in node.parts[MAX_PARTS:])
    if rest > 0:
        parts.append(_extra("others", "其余各项", "all others", rest, found.mid))
    if found.unseen > 0:
        parts.append(_extra("coverage", "监测未覆盖部分", "not covered by monitoring", found.unseen, found.mid))
    return parts


def _extra(kind: str, name_zh: str, name_en: str, amount: float, total: float) -> dict[str, Any]:
    return {
        "kind": kind, "key": kind, "name": name_zh, "name_zh": name_zh, "name_en": name_en, "value": amount,
        "weight": 0.0, "share": amount / total, "contribution": amount,
    }  # fmt: skip


# ---------------------------------------------------------------- reading


def _findings(session: Session, at: float) -> dict[str, list[Finding]]:
    """Escalated incidents that are open or closed lately, by enterprise; what people judged harmless is left out."""
    ended = Incident.status.in_(("resolved", "closed"))
    query = select(Incident).where(
        Incident.escalated.is_(True),
        Incident.merged_into.is_(None),
        Incident.verdict.not_in(HARMLESS),
        or_(~ended, Incident.closed_at >= at - CLOSED_DAYS * DAY, Incident.resolved_at >= at - CLOSED_DAYS * DAY),
    )
    found: dict[str, list[Finding]] = {}
    for row in session.scalars(query.order_by(Incident.id)):
        begin = row.first_seen if row.escalated_at is None else row.escalated_at
        ends = [moment for moment in (row.resolved_at, row.closed_at) if moment is not None]
        done = row.status in {"resolved", "closed"} and bool(ends)
        hosts = {str(e.get("value", "")) for e in row.entities if e.get("kind") in {"host", "ip"}}
        answered = at if row.acknowledged_at is None else row.acknowledged_at
        found.setdefault(row.enterprise_id, []).append(
            Finding(
                row.id, row.title_zh, frozenset(hosts | {host.lower() for host in hosts}), row.severity, row.score,
                at - min(ends) if done else None, max(0.0, answered - begin),
            )
        )  # fmt: skip
    return found


def _heard(session: Session, at: float) -> dict[str, list[tuple[float, float]]]:
    """Per enterprise the confidence in each registered source that should send."""
    parameters = weights()
    query = select(Source.enterprise_id, Source.last_seen, Source.expected_period).where(Source.state != "disabled")
    found: dict[str, list[tuple[float, float]]] = {}
    for enterprise_id, last_seen, period in session.execute(query):
        confidence = coverage.heard(parameters, last_seen=last_seen, period=period, at=at)
        found.setdefault(enterprise_id, []).append((1.0, confidence))
    return found
