"""Which source a record of a sender belongs to: usually the only one; several at one address are told apart by format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from collectors import registry
from collectors.decode import decode
from collectors.framing import Frame, parts
from collectors.normalise import Reader
from collectors.parser import Received
from collectors.sources import SourceInfo
from collectors.syslog_header import read_header
from collectors.transports.intake import Intake
from taishi import clock
from taishi.event import delivery_id


@dataclass(slots=True)
class Choice:
    """The sources of one sender. `find` is asked again whenever a source has changed: a connection may live for months.
    It raises Refused where nothing is registered (any more)."""

    intake: Intake
    find: Callable[[], tuple[SourceInfo, ...]]
    sender: str = ""
    sources: tuple[SourceInfo, ...] = ()
    readers: dict[str, Reader] = field(default_factory=dict)
    _version: int = -1

    def __post_init__(self) -> None:
        self._look()

    def _look(self) -> None:
        if self._version == self.intake.sources.version:
            return
        self._version = self.intake.sources.version
        found = self.find()
        if found != self.sources:
            self.sources = found
            self.readers = {}

    def split(self, frames: Sequence[Frame]) -> dict[str, list[Frame]]:
        """The records of each source, in order."""
        self._look()
        if len(self.sources) == 1:
            return {self.sources[0].id: list(frames)}
        groups: dict[str, list[Frame]] = {}
        for frame in frames:
            groups.setdefault(self._owner(frame).id, []).append(frame)
        return groups

    def _owner(self, frame: Frame) -> SourceInfo:
        framed = read_header(decode(frame.data[:4096]), Received(clock.now()))
        name = registry.sniff(framed).name
        return next((source for source in self.sources if source.parser == name), self.sources[0])

    def reader(self, source_id: str) -> Reader:
        if source_id not in self.readers:
            source = next(source for source in self.sources if source.id == source_id)
            self.readers[source_id] = self.intake.reader(source)
        return self.readers[source_id]

    async def send(self, frames: Sequence[Frame], identity: str = "") -> None:
        """Publish, waiting as long as quota or space ask for it; what returns is durable. The same `identity` with the same
        records names the same deliveries, which count once."""
        size = self.intake.settings.collect.batch_records
        for source_id, own in self.split(frames).items():
            reader = self.reader(source_id)
            for start, part in parts(own, size):
                fresh = not identity
                delivery = (
                    self.intake.fresh_delivery(reader.source)
                    if fresh
                    else delivery_id(reader.source.id, identity, start, start + len(part))
                )
                batch = reader.batch(part, delivery, clock.now(), self.sender)
                await self.intake.publish_patiently(reader.source, batch)
