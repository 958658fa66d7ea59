"""Syslog over UDP (RFC 5426), TCP (RFC 6587) and TLS (RFC 5425).

TCP syslog has no acknowledgement: what back-pressure means is that we stop reading. A connection's records are batched
for a few milliseconds. Plain senders are known by address, TLS clients by certificate where they present one. Where
several sources share an address, each record goes to the one whose parser recognises it.
"""

from __future__ import annotations

import asyncio

from collectors.framing import Frame, LineFramer
from collectors.transports.choice import Choice
from collectors.transports.datagrams import Datagrams
from collectors.transports.tcp import Incoming, TcpListener


class SyslogTcp(TcpListener):
    """Newline and octet-counted framing, told apart record by record."""

    protocol = "syslog"

    async def serve(self, incoming: Incoming, writer: asyncio.StreamWriter, choice: Choice) -> None:
        settings = self.intake.settings
        framer = LineFramer(settings.syslog.max_line)
        while not self.stopping.is_set():
            chunk = await incoming.some()
            if not chunk:
                break
            frames = framer.feed(chunk)
            deadline = asyncio.get_running_loop().time() + settings.collect.batch_wait
            while frames and len(frames) < settings.collect.batch_records:
                left = deadline - asyncio.get_running_loop().time()
                more = await incoming.some(left) if left > 0 else b""
                if not more:
                    break
                frames += framer.feed(more)
            await choice.send(frames)
        await choice.send(framer.end())


class SyslogUdp(Datagrams):
    """One datagram is one record."""

    protocol = "syslog-udp"

    def frames(self, sender: str, datagrams: list[bytes]) -> list[Frame]:
        limit = self.intake.settings.syslog.max_line
        stripped = (data.strip(b"\r\n\x00 ") for data in datagrams)
        return [Frame(data[:limit], cut=len(data) > limit) for data in stripped if data]
