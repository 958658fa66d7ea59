"""RELP, rsyslog's reliable event logging protocol: each message is acknowledged when it is durable.

What is here already is published together and answered in order, so a window of unacknowledged messages costs one write.

Source: RELP specification (librelp), offers of version 0 and the commands open, syslog and close.
"""

from __future__ import annotations

import asyncio
from typing import Final

from collectors.framing import Frame
from collectors.transports.choice import Choice
from collectors.transports.tcp import Ended, Incoming, Malformed, TcpListener

_OFFER: Final = b"200 OK\nrelp_version=0\nrelp_software=taishi\ncommands=syslog"
HEADER_BYTES: Final = 64
"""Of transaction number, command and length: 9 + 32 + 9 digits and letters by the specification."""


class Relp(TcpListener):
    protocol = "relp"

    async def serve(self, incoming: Incoming, writer: asyncio.StreamWriter, choice: Choice) -> None:
        limit = self.intake.settings.syslog.max_line
        while True:
            number, command, data = await self._message(incoming, limit)
            if command == b"syslog":
                waiting = [(number, data)]
                ending = await self._together(incoming, waiting, limit)
                await choice.send([frame for _, frame in waiting])
                for each, _ in waiting:
                    writer.write(_answer(each, b"200 OK"))
                number, command = ending
            if command == b"open":
                writer.write(_answer(number, _OFFER))
            elif command == b"close":
                writer.write(_answer(number, b"") + b"0 serverclose 0\n")
            elif command not in {b"syslog", b""}:
                writer.write(_answer(number, b"500 command not known here"))
            await writer.drain()
            if command == b"close":
                raise Ended

    async def _together(
        self, incoming: Incoming, waiting: list[tuple[bytes, Frame]], limit: int
    ) -> tuple[bytes, bytes]:
        """Messages that are here already join; gives the (number, command) that ended that, if another did."""
        while incoming.waiting and len(waiting) < self.intake.settings.collect.batch_records:
            number, command, data = await self._message(incoming, limit)
            if command != b"syslog":
                return number, command
            waiting.append((number, data))
        return b"", b""

    async def _message(self, incoming: Incoming, limit: int) -> tuple[bytes, bytes, Frame]:
        """`TXNR SP COMMAND SP DATALEN [SP DATA] LF`."""
        number = await incoming.until(b" ", HEADER_BYTES)
        command = await incoming.until(b" ", HEADER_BYTES)
        length = b""
        while (byte := await incoming.exactly(1)) not in {b" ", b"\n"}:
            length += byte
            if len(length) > 9:
                raise Malformed("a message announces more than a thousand million bytes")
        if not number.isdigit() or not length.isdigit() or len(number) > 9:
            raise Malformed("this port speaks RELP; the sender does not")
        data = b""
        cut = False
        left = int(length)
        if byte == b" ":
            data = await incoming.exactly(min(left, limit))
            left -= len(data)
            cut = left > 0
            while left:  # what is over the limit is read and dropped, in pieces
                left -= len(await incoming.exactly(min(left, 65_536)))
            await incoming.exactly(1)
        return number, command, Frame(data.rstrip(b"\r\n\x00"), cut=cut)


def _answer(number: bytes, text: bytes) -> bytes:
    return number + b" rsp " + str(len(text)).encode() + (b" " + text if text else b"") + b"\n"
