"""What every HTTP endpoint that takes records shares: whose key, how much, cut into records, durable before the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from collectors.framing import Frame, parts
from collectors.sources import SourceInfo
from collectors.transports.body import Body, Room, encoding_of
from collectors.transports.intake import Intake
from taishi import clock
from taishi.errors import QuotaExceeded, Refused, TooLarge
from taishi.event import delivery_id

BODIES_IN_HAND: Final = 3
"""Bodies of the greatest size that may be in memory at once."""

Answer = Callable[[Request], Awaitable[Response]]
Complain = Callable[[Refused], Response]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a body's records; all of them are durable."""

    received: int
    accepted: int
    quarantined: int
    delivery: str


class Reception:
    """The way in for HTTP. Bodies of all endpoints share the room."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self._room = Room(BODIES_IN_HAND * intake.settings.http.max_inflated)

    async def take(
        self,
        request: Request,
        key: str,
        split: Callable[[bytes], list[Frame]],
        batch_id: Callable[[bytes], str] = lambda _: "",
        protocol: str = "http",
    ) -> Taken:
        """Read the body, cut it by `split`, publish. The same `batch_id` names the same delivery, which counts once.

        Raises Refused in all its kinds; what `split` raises too.
        """
        source = self.intake.sources.by_key(key)
        http = self.intake.settings.http
        encoding = encoding_of(request)
        with Body(self._room, http.max_body, http.max_inflated) as body:
            data = await body.read(request.stream(), encoding)
            frames = [self._cut(frame) for frame in split(data)]
            if len(frames) > http.max_records:
                raise TooLarge(f"{len(frames)} records in one body; send at most {http.max_records}")
            self._check_quota(source, len(frames))
            named = batch_id(data)
            root = delivery_id(source.id, protocol, named) if named else self.intake.fresh_delivery(source)
            return await self._publish(source, frames, root, _client(request))

    def _cut(self, frame: Frame) -> Frame:
        limit = self.intake.settings.syslog.max_line
        return frame if len(frame.data) <= limit else Frame(frame.data[:limit], cut=True, known=frame.known)

    async def _publish(self, source: SourceInfo, frames: list[Frame], root: str, sender: str) -> Taken:
        """The records in stream messages of at most `batch_records`, each a delivery that repeats with the batch id."""
        reader = self.intake.reader(source)
        received_at = clock.now()
        received = accepted = quarantined = 0
        for start, part in parts(frames, self.intake.settings.collect.batch_records):
            whole = len(part) == len(frames)
            delivery = root if whole else delivery_id(source.id, root, start, start + len(part))
            batch = await self.intake.accept(reader, part, delivery, sender, received_at)
            received += batch.received
            accepted += len(batch.events)
            quarantined += len(batch.quarantined)
        return Taken(received, accepted, quarantined, root)

    def _check_quota(self, source: SourceInfo, records: int) -> None:
        try:
            self.intake.check_quota(source, records)
        except QuotaExceeded:
            self.intake.refusals.add(source, records, "quota")
            raise


def guarded(handler: Answer, complain: Complain) -> Answer:
    """The handler with refusals answered in the protocol's own words."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as error:
            return complain(error)
        except ClientDisconnect:
            return Response(status_code=400)

    return answer


def _client(request: Request) -> str:
    return request.client.host if request.client else ""
