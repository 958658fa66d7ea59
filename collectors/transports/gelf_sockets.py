"""GELF over TCP (messages end with a zero byte) and over UDP (chunked, compressed). See `gelf` for what a message is."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from collectors.framing import Frame
from collectors.transports import gelf
from collectors.transports.choice import Choice
from collectors.transports.datagrams import Datagrams
from collectors.transports.intake import Intake
from collectors.transports.tcp import Ended, Incoming, Malformed, TcpListener

log = structlog.get_logger()


class GelfTcp(TcpListener):
    protocol = "gelf"

    async def serve(self, incoming: Incoming, writer: asyncio.StreamWriter, choice: Choice) -> None:
        while not self.stopping.is_set():
            frames: list[Frame] = []
            try:
                while not frames or (incoming.waiting and len(frames) < self.intake.settings.collect.batch_records):
                    message = (await incoming.until(b"\x00", gelf.MAX_MESSAGE)).strip()
                    if message:
                        frames.append(gelf.frame_of(message))
            except (Ended, Malformed):
                await choice.send(frames)
                raise
            await choice.send(frames)


class GelfUdp(Datagrams):
    protocol = "gelf-udp"

    def __init__(self, intake: Intake) -> None:
        super().__init__(intake)
        self._assembler = gelf.Assembler()

    def frames(self, sender: str, datagrams: list[bytes]) -> list[Frame]:
        now = asyncio.get_running_loop().time()
        lost = self._assembler.lost
        whole: list[Any] = [self._assembler.feed(sender, data, now) for data in datagrams]
        if self._assembler.lost > lost:
            self.refuse(sender, self._assembler.lost - lost, "incomplete")
        return [gelf.frame_of(message) for message in whole if message]
