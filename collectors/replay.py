"""`taishi replay`: real files into a running platform, through its HTTP listener, as a careful shipper would.

Every batch carries an id made from the file's content and the place in it: running the same replay again stores nothing
twice, and an interrupted one goes on where it matters. At the end the balance says what became of every record.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from pathlib import Path

import httpx
import zstandard
from sqlalchemy import func, select

from collectors.files import frames, opened
from collectors.framing import Frame
from taishi import clock
from taishi.errors import ConfigError, TaishiError
from taishi.records.port import Records
from taishi.records.tables import Ledger
from taishi.scope import EVERYTHING

BATCH = 500
BATCH_BYTES = 4 * 1024 * 1024
LONGEST_WAIT = 60.0
ATTEMPTS = 40
BALANCE = ("received", "stored", "merged", "suppressed", "quarantined", "rejected")


class ReplayRefused(TaishiError):
    """The platform refuses the records for a reason that trying again does not mend."""


@dataclass(slots=True)
class ReplayResult:
    """`balance`: what the ledger of the source gained during the run; `difference` is what the parts leave of received."""

    files: int = 0
    records: int = 0
    accepted: int = 0
    quarantined: int = 0
    waits: Counter[str] = field(default_factory=Counter)
    balance: dict[str, int] = field(default_factory=dict)

    @property
    def difference(self) -> int:
        parts = sum(self.balance.get(name, 0) for name in BALANCE[1:])
        return self.balance.get("received", 0) - parts


@dataclass(slots=True)
class Target:
    """Where to: the listener's address, the source's key, and its certificate authority where it has one."""

    url: str
    key: str
    verify: bool | str = True


def digest_of(path: Path) -> str:
    """Of the content, so that a renamed or copied file is the same delivery."""
    digest = blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def batches(records: Iterator[Frame]) -> Iterator[list[bytes]]:
    """Groups of at most `BATCH` records and about `BATCH_BYTES`; which record is in which depends on the file alone."""
    some: list[bytes] = []
    size = 0
    for record in records:
        some.append(record.data)
        size += len(record.data)
        if len(some) >= BATCH or size >= BATCH_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some


def replay(
    paths: Sequence[Path],
    target: Target,
    result: ReplayResult,
    *,
    max_line: int = 256 * 1024,
    stop: threading.Event | None = None,
    watch: Callable[[Path, int], None] | None = None,
) -> None:
    """Send all files, in order, into `result`. `watch` hears (file, records sent of it). Raises ReplayRefused where the
    platform says no for good, ConfigError where a file cannot be read."""
    stop = stop or threading.Event()
    with httpx.Client(verify=target.verify, timeout=60, trust_env=False) as client:
        for path in paths:
            identity = digest_of(path)
            result.files += 1
            sent = 0
            with opened(path) as stream:
                for number, some in enumerate(batches(frames(stream, max_line))):
                    if stop.is_set():
                        return
                    answer = _send(client, target, some, f"replay-{identity}-{number}", result, stop)
                    sent += len(some)
                    result.records += len(some)
                    result.accepted += answer["accepted"]
                    result.quarantined += answer["quarantined"]
                    if watch:
                        watch(path, sent)


def _send(
    client: httpx.Client, target: Target, some: list[bytes], batch_id: str, result: ReplayResult, stop: threading.Event
) -> dict[str, int]:
    """One batch until it is durable, waiting as the platform asks."""
    headers = {
        "Authorization": f"Bearer {target.key}",
        "X-Batch-Id": batch_id,
        "Content-Encoding": "zstd",
        "Content-Type": "text/plain",
    }
    reason = "nothing was tried"
    body = zstandard.compress(b"\n".join(some) + b"\n", 3)
    for attempt in range(ATTEMPTS):
        try:
            answer = client.post(f"{target.url}/v1/ingest", content=body, headers=headers)
        except httpx.TransportError as error:
            reason, pause = f"{target.url} does not answer: {error}", min(LONGEST_WAIT, 0.2 * 2**attempt)
        else:
            if answer.status_code == 200:
                found: dict[str, int] = answer.json()
                return found
            reason = _reason(answer)
            if answer.status_code not in {429, 503}:
                raise ReplayRefused(f"the platform refuses the records: {reason}")
            pause = _retry_after(answer)
        result.waits[reason.partition(":")[0]] += 1
        if stop.wait(pause):
            return {"accepted": 0, "quarantined": 0}
    raise ReplayRefused(f"given up after {ATTEMPTS} attempts: {reason}; run the same command again to go on")


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"


def _retry_after(answer: httpx.Response) -> float:
    text = answer.headers.get("Retry-After", "1")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - clock.now()
        except ValueError:
            seconds = 1.0
    return min(LONGEST_WAIT, max(0.1, seconds))


def ledger_of(records: Records, source_id: str) -> dict[str, int]:
    """The source's whole balance so far."""
    sums = [func.coalesce(func.sum(getattr(Ledger, name)), 0) for name in BALANCE]
    with records.read(EVERYTHING) as session:
        row = session.execute(select(*sums).where(Ledger.source_id == source_id)).one()
    return dict(zip(BALANCE, map(int, row), strict=True))


def gained(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in BALANCE}


def settle(
    records: Records, source_id: str, before: dict[str, int], expected: int, stop: threading.Event, patience: float
) -> dict[str, int]:
    """What the ledger gained, once the processor has accounted for `expected` records or `patience` seconds are over."""
    deadline = clock.now() + patience
    while True:
        found = gained(before, ledger_of(records, source_id))
        if found["received"] >= expected or clock.now() > deadline or stop.wait(0.2):
            return found
