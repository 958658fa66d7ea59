"""Stage state in memory: loaded when a key is first needed, written once a checkpoint, dropped when a commit fails."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from processor.stage import Stage
from taishi.records.tables import StageState

MAX_CLEAN = 20_000
"""Unchanged values kept. At some ten kilobytes a value this is a few hundred megabytes at most."""

SELECT_KEYS = 400
"""Keys of one SELECT: below every engine's limit on bound parameters."""

Place = tuple[int, str, str]
"""Partition, stage, key."""


@dataclass
class StateCache:
    """All state of one worker. Values that changed since the last commit are never evicted."""

    topic: str
    stages: Mapping[str, Stage]
    limit: int = MAX_CLEAN

    def __post_init__(self) -> None:
        self._values: OrderedDict[Place, Any] = OrderedDict()
        self._dirty: dict[Place, None] = {}

    def missing(self, partition: int, keys: Iterable[str]) -> list[str]:
        """Keys of which some stage's value is not in memory."""
        return [key for key in keys if any((partition, stage, key) not in self._values for stage in self.stages)]

    def fetch(self, session: Session, partition: int, keys: Iterable[str]) -> None:
        """Load the values of all stages for these keys; absence is remembered too."""
        wanted = self.missing(partition, dict.fromkeys(keys))
        for start in range(0, len(wanted), SELECT_KEYS):
            some = wanted[start : start + SELECT_KEYS]
            found = session.execute(
                select(StageState.stage, StageState.key, StageState.blob).where(
                    StageState.topic == self.topic, StageState.partition == partition, StageState.key.in_(some)
                )
            )
            blobs = {(stage, key): blob for stage, key, blob in found}
            for name, stage in self.stages.items():
                for key in some:
                    place = (partition, name, key)
                    if place not in self._values:
                        blob = blobs.get((name, key))
                        self._values[place] = None if blob is None else stage.load(blob)

    def view(self, partition: int, stage: str) -> View:
        return View(self, partition, stage)

    def get(self, place: Place) -> Any | None:
        value = self._values[place]
        self._values.move_to_end(place)
        return value

    def put(self, place: Place, value: Any) -> None:
        self._values[place] = value
        self._dirty[place] = None

    def changed(self) -> list[dict[str, Any]]:
        """Rows of `stage_state` to write."""
        return [
            {
                "topic": self.topic, "partition": partition, "stage": stage, "state_key": key,
                "blob": self.stages[stage].dump(self._values[partition, stage, key]),
            }
            for partition, stage, key in self._dirty
        ]  # fmt: skip

    def committed(self) -> None:
        self._dirty.clear()
        while len(self._values) > self.limit:
            self._values.popitem(last=False)

    def drop(self, partitions: Iterable[int] | None = None) -> None:
        """Forget everything of these partitions, or of all; what was not committed is gone."""
        if partitions is None:
            self._values.clear()
            self._dirty.clear()
            return
        gone = set(partitions)
        for place in [place for place in self._values if place[0] in gone]:
            del self._values[place]
            self._dirty.pop(place, None)


@dataclass(frozen=True, slots=True)
class View:
    """`processor.stage.StateView` on one partition and stage."""

    cache: StateCache
    partition: int
    stage: str

    def get(self, key: str) -> Any | None:
        return self.cache.get((self.partition, self.stage, key))

    def put(self, key: str, value: Any) -> None:
        self.cache.put((self.partition, self.stage, key), value)
