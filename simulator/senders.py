"""Sending lines the way the products do: HTTP push with key and batch id, syslog over TCP and UDP.

Every sender patiently waits where the platform says 429 or 503, and repeats a batch under the same id until it is heard.
On one machine plain syslog leaves from the source's own loopback address (Linux answers to all of 127.0.0.0/8).
"""

from __future__ import annotations

import http.client
import ipaddress
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from simulator.equipment import Feed
from simulator.formats import zeek
from simulator.line import Line
from simulator.truth import TruthFile
from taishi.errors import ConfigError
from taishi.event import delivery_id

BODY_LINES = 500
"""Lines of one POST: one stream message of the platform's default, so that index and delivery are known."""
LONGEST_PAUSE = 15.0
TCP_KEPT = 60
"""Open syslog connections a thread keeps; the one unused longest is closed for a new one."""
UDP_PACE = 40
"""Datagrams after which a millisecond is waited: nothing else slows UDP down."""


class Stopped(Exception):
    """The player is to end; what is in hand stays unconfirmed."""


class Sender(Protocol):
    def send(self, feed: Feed, lines: Sequence[Line], batch: str) -> None:
        """Deliver the lines of one source, in order; returns when they are accepted. Raises Stopped."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the platform listens."""

    http_url: str = "http://127.0.0.1:8089"
    syslog_host: str = "127.0.0.1"
    tcp_port: int | None = 5514
    udp_port: int | None = 5514

    @property
    def own_addresses(self) -> bool:
        """Whether senders can be told apart by loopback addresses."""
        try:
            return ipaddress.ip_address(self.syslog_host).is_loopback
        except ValueError:
            return self.syslog_host == "localhost"


def body_of(feed: Feed, lines: Sequence[Line]) -> tuple[bytes, int]:
    """The body of a POST and the index of its first data record (a TSV log begins with its header lines)."""
    head = tuple(zeek.header("conn")) if feed.style == "tsv" else ()
    return "\n".join((*head, *(line.text for line in lines))).encode() + b"\n", len(head)


@dataclass
class HttpSender:
    """One keep-alive connection. `key` gives the API key of a source."""

    url: str
    key: Callable[[str], str]
    truth: TruthFile
    stop: threading.Event
    timeout: float = 30.0
    _connection: http.client.HTTPConnection | None = None

    def send(self, feed: Feed, lines: Sequence[Line], batch: str) -> None:
        for part, start in enumerate(range(0, len(lines), BODY_LINES)):
            some = lines[start : start + BODY_LINES]
            name = f"{batch}:{part}"
            body, first = body_of(feed, some)
            self._patiently(feed, body, name)
            self.truth.add(some, delivery_id(feed.id, "http", name), first)

    def reach(self, feed: Feed) -> None:
        """Return when the platform answers and knows the source: an empty delivery is accepted. Raises Stopped."""
        self._patiently(feed, b"\n", "")

    def _patiently(self, feed: Feed, body: bytes, name: str) -> None:
        pause = 0.25
        while True:
            status, after, reason = self._post(feed, body, name)
            if status == 200:
                return
            if status in {400, 403, 413, 415}:
                raise ConfigError(f"the platform refused a batch of {feed.id} with {status}: {reason}")
            # 401 too: a source that was just registered is known to the listeners after a moment.
            if self.stop.wait(min(LONGEST_PAUSE, max(pause, after))):
                raise Stopped
            pause = min(LONGEST_PAUSE, pause * 2)

    def _post(self, feed: Feed, body: bytes, name: str) -> tuple[int, float, str]:
        """(status, seconds to wait, reason); status 0 where nobody answered."""
        headers = {"Authorization": f"Bearer {self.key(feed.id)}", "Content-Type": "application/x-ndjson"}
        if name:
            headers["X-Batch-Id"] = name
        try:
            connection = self._connection or self._connect()
            connection.request("POST", "/v1/ingest", body, headers)
            response = connection.getresponse()
            text = response.read(4096)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return 0, 0.0, str(error)
        after = response.headers.get("Retry-After", "0")
        return response.status, float(after) if after.isdigit() else 0.0, text[:300].decode("utf-8", "replace")

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=self.timeout)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass
class SyslogSender:
    """TCP connections by source, newline-framed (RFC 6587); UDP by datagram (RFC 5426).

    TCP syslog has no acknowledgement: what is written before the platform dies may be lost, as with any product."""

    targets: Targets
    truth: TruthFile
    stop: threading.Event
    _open: dict[str, socket.socket] = field(default_factory=dict)

    def send(self, feed: Feed, lines: Sequence[Line], batch: str) -> None:
        udp = feed.transport == "udp" and self.targets.udp_port is not None
        if udp or self.targets.tcp_port is None:
            self._datagrams(feed, lines)
        else:
            self._stream(feed, "".join(line.text + "\n" for line in lines).encode())
        self.truth.add(lines)

    def _bound(self, feed: Feed, kind: socket.SocketKind) -> socket.socket:
        sock = socket.socket(socket.AF_INET, kind)
        if self.targets.own_addresses and feed.address:
            sock.bind((feed.address, 0))
        return sock

    def _datagrams(self, feed: Feed, lines: Sequence[Line]) -> None:
        target = (self.targets.syslog_host, self.targets.udp_port or 0)
        with self._bound(feed, socket.SOCK_DGRAM) as sock:
            for number, line in enumerate(lines, 1):
                sock.sendto(line.text.encode(), target)
                if number % UDP_PACE == 0:
                    time.sleep(0.001)

    def _stream(self, feed: Feed, data: bytes) -> None:
        pause = 0.25
        while True:
            try:
                sock = self._connected(feed)
                sock.sendall(data)
            except OSError:
                self._drop(feed.id)
                if self.stop.wait(pause):
                    raise Stopped from None
                pause = min(LONGEST_PAUSE, pause * 2)
            else:
                return

    def _connected(self, feed: Feed) -> socket.socket:
        """The open connection, unless the platform has closed it meanwhile."""
        sock = self._open.pop(feed.id, None)
        if sock is not None and select.select([sock], [], [], 0)[0]:
            sock.close()
            sock = None
        if sock is None:
            sock = self._bound(feed, socket.SOCK_STREAM)
            sock.settimeout(30.0)
            sock.connect((self.targets.syslog_host, self.targets.tcp_port or 0))
            while len(self._open) >= TCP_KEPT:
                self._drop(next(iter(self._open)))
        self._open[feed.id] = sock
        return sock

    def _drop(self, source_id: str) -> None:
        sock = self._open.pop(source_id, None)
        if sock is not None:
            sock.close()

    def close(self) -> None:
        """End the connections and wait until the platform has read what was sent."""
        for sock in self._open.values():
            try:
                sock.shutdown(socket.SHUT_WR)
                sock.settimeout(2.0)
                while sock.recv(4096):
                    pass
            except OSError:
                pass  # it is gone already
            finally:
                sock.close()
        self._open.clear()
