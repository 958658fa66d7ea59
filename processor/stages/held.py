"""Alerts that wait for their turn in event time, and how they are kept small: in a flood thousands are alike but for time and
id, so what is alike is written once."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

import orjson

from processor.parameters import count, number
from processor.stage import restored

AMBIGUOUS_HOLD = number("aggregate.hold")
"""Further seconds that an alert which says little waits for one that says more."""

HELD_BYTES = count("bounds.held_bytes")
ROW = 54
"""Most bytes of a waiting alert's numbers: two places, a time, a receipt, and commas."""


@dataclass(slots=True)
class Held:
    """An alert waiting for its turn in event time: what aggregation needs of it, no more. Ordered by when it is due;
    the id decides between equals, so that arrival never does. `spread` is the scope's kind (`Behaviour.scope`); `rare` is
    the rarity of its rule on its host, known when its turn comes, like `familiar`; `full` is the prior of its behaviour
    were its words certain, `unrated`: the product gave no severity; `vague`: it waits `AMBIGUOUS_HOLD` longer."""

    t: float
    id: str
    received_at: float
    key: str
    base: str
    behaviour: str
    technique: str
    tactic: str
    stage: int
    gap: float
    prior: float
    ambiguous: bool
    rule: str
    severity: int
    outcome: str
    attacker: str
    victim: str
    product: str
    criticality: float
    external: bool
    entities: list[str]
    late: bool
    vague: bool = False
    novice: bool = False
    """Its source is still learning."""
    level: int = 2
    session: str = ""
    tool: str = ""
    spread: str = "host"
    rare: float = 0.0
    familiar: bool = False
    full: float = 0.0
    unrated: bool = False

    @property
    def due(self) -> float:
        return self.t + AMBIGUOUS_HOLD if self.vague else self.t

    def __lt__(self, other: Held) -> bool:
        """Only asked where an event came twice: the queue orders by numbers and ids."""
        return (self.due, self.t, self.id) < (other.due, other.t, other.id)


OWN = ("t", "id", "received_at")
"""What is an alert's own; the rest is its shape."""

SHAPE = tuple(one.name for one in fields(Held) if one.name not in OWN)
_shape = attrgetter(*SHAPE)
_ENTITIES = SHAPE.index("entities")

Shape = tuple[Any, ...]


def shape_of(held: Held) -> Shape:
    values = _shape(held)
    return (*values[:_ENTITIES], tuple(values[_ENTITIES]), *values[_ENTITIES + 1 :])


@dataclass(slots=True)
class Queue:
    """A heap by `Held.due`. `bytes` is an upper bound of what `as_json` takes."""

    heap: list[tuple[float, float, str, Held]] = field(default_factory=list)
    shapes: dict[Shape, int] = field(default_factory=dict)
    bytes: int = 0

    def __len__(self) -> int:
        return len(self.heap)

    def __iter__(self) -> Iterator[Held]:
        return (entry[-1] for entry in self.heap)

    @property
    def first(self) -> Held:
        return self.heap[0][-1]

    def push(self, held: Held) -> None:
        heapq.heappush(self.heap, (held.due, held.t, held.id, held))
        self._count(held, 1)

    def pop(self) -> Held:
        held = heapq.heappop(self.heap)[-1]
        self._count(held, -1)
        return held

    def _count(self, held: Held, sign: int) -> None:
        shape = shape_of(held)
        number_of_them = self.shapes.get(shape, 0) + sign
        if number_of_them == (1 if sign > 0 else 0):
            self.bytes += sign * (len(orjson.dumps(shape)) + 1)
        if number_of_them:
            self.shapes[shape] = number_of_them
        else:
            del self.shapes[shape]
        self.bytes += sign * (len(orjson.dumps(held.id)) + ROW)

    def as_json(self) -> dict[str, Any]:
        """Rows in the order of the heap: [place of its shape, place of its receipt, t, id]."""
        shapes = {shape: place for place, shape in enumerate(self.shapes)}
        receipts = {at: place for place, at in enumerate(dict.fromkeys(held.received_at for held in self))}
        rows = [[shapes[shape_of(held)], receipts[held.received_at], held.t, held.id] for held in self]
        return {"names": SHAPE, "shapes": list(shapes), "receipts": list(receipts), "rows": rows}

    @classmethod
    def of_json(cls, raw: dict[str, Any]) -> Queue:
        queue = cls()
        shapes = [dict(zip(raw["names"], shape, strict=True)) for shape in raw["shapes"]]
        for shape, receipt, t, identity in raw["rows"]:
            told = {**shapes[shape], "entities": list(shapes[shape]["entities"])}
            queue.push(restored(Held, {**told, "t": t, "id": identity, "received_at": raw["receipts"][receipt]}))
        return queue
