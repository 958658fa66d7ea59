"""The parser contract: bytes or text of one record → one or more ECS events. Implementations are in `parsers/`.

A parser knows nothing of sockets and sources. It is a pure function of the record: no clock, no network, no state.
It raises ParseError, and nothing else, for what it cannot read; it takes time linear in the record's length.

One module of `collectors/parsers/` exports one `PARSER = Parser(...)`; the registry finds it by its presence. Its
samples are `tests/samples/<name>/*.log` with the expected events beside them (`*.expected.json`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from taishi.event import Event


@dataclass(frozen=True, slots=True)
class Received:
    """What parsing may know of where a record came from.

    `timezone` is an IANA name for times without a zone; `received_at` epoch seconds, for years that a line omits.
    """

    received_at: float
    timezone: str = "Asia/Shanghai"
    sender: str = ""
    """Address the record came from, for `observer.ip` / `log.source.address`."""


@dataclass(slots=True)
class Framed:
    """One record as the transport framed it. `text` has been decoded (UTF-8, else the source's encoding, else
    GB18030, else UTF-16 by its BOM; lone bad bytes become U+FFFD), `syslog` holds a parsed header where there was one."""

    text: str
    syslog: Event = field(default_factory=dict)
    """ECS fields from the RFC 3164/5424 header: log.syslog.*, host.hostname, process.name/pid, @timestamp."""
    body: str = ""
    """The text after the header; equal to `text` where there was none."""


Parse = Callable[[Framed, Received], list[Event]]
Sniff = Callable[[Framed], float]


@dataclass(frozen=True, slots=True)
class Parser:
    """`sniff` says how sure it is that a record is of this format, 0–1; it must be cheap (a prefix, a key). Headers such as Zeek's
    `#fields` make no event: `parse` returns an empty list only for such lines; state-bearing TSV goes through `session`."""

    name: str
    product: str
    data_kind: str
    """identifier | network | platform | security | third-party"""
    reference: str
    """The vendor's format documentation, as a title or URL."""
    parse: Parse
    sniff: Sniff
    session: Callable[[], Parse] | None = None
    """Where a format's header lines give meaning to later lines of one file or connection (Zeek TSV, IIS W3C)."""
    markers: tuple[str, ...] = ()
    """Literals of which at least one is in every text that `sniff` gives more than 0, for looking the parser up instead of
    asking it. Empty where there are none: the parser is asked about every record. Case matters; two characters at least."""
