"""What a failing records database becomes: one of our errors, with a sentence that says what to do.

The driver's own text is cut to its first line, and neither the statement nor its parameters nor a row's content come
along: a password hash or an analyst's note has no business in a log.
"""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from taishi.errors import Conflict, RecordsError, TaishiError

CHANGED: Final = "somebody changed this first; load it again and repeat your change"

_COLLISIONS: Final = frozenset({"40001", "40P01"})
"""serialization_failure, deadlock_detected: the transaction is undone and may simply be repeated."""

_WAITED: Final = frozenset({"55P03", "57014", "25P03"})
"""lock_not_available, query_canceled by a timeout, idle_in_transaction_session_timeout."""

_REFUSED: Final = frozenset({"28", "3D"})
"""Classes of states: wrong password or user, no such database."""

_FULL: Final = "53"
"""Class: no disk, no memory, too many connections."""

_PASSWORD: Final = re.compile(r"(//[^:/@\s]*:)[^@/\s]*@|(password=)\S+", re.IGNORECASE)


def translated(error: SQLAlchemyError, place: str) -> TaishiError:
    """`place` names the database without its password."""
    if isinstance(error, StaleDataError):
        return Conflict(CHANGED)
    if isinstance(error, PoolTimeout):
        return RecordsError(f"every connection to the records database {place} is in use; try again in a moment")
    if not isinstance(error, DBAPIError):
        return RecordsError(f"the records database failed: {type(error).__name__}: {_plain(str(error))}")
    state = _state(error)
    text = _text(error)
    if state in _COLLISIONS:
        return Conflict(f"two changes met in the records database and this one was undone; repeat it ({text})")
    if state in _WAITED:
        return RecordsError(f"the records database {place} was busy for too long ({text}); try again in a moment")
    if state[:2] in _REFUSED or _names_no_database(text):
        return RecordsError(f"the records database {place} refused us: {text}; check records.url")
    if state[:2] == _FULL:
        return RecordsError(f"the records database {place} has no room for us: {text}; look after its server")
    if _unreachable(error, state):
        return RecordsError(
            f"the records database {place} cannot be reached: {text}; nothing unfinished was kept. Check that its server "
            "runs and that records.url names it"
        )
    return RecordsError(f"the records database failed: {type(error.orig).__name__}: {text}")


def telling(error: SQLAlchemyError) -> SQLAlchemyError | None:
    """What a traceback may show as the cause. PostgreSQL explains a broken constraint with the whole row: then nothing."""
    return None if isinstance(error, IntegrityError) else error


def _state(error: DBAPIError) -> str:
    """The SQLSTATE, empty for SQLite and for failures on our own side of the wire."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def _text(error: DBAPIError) -> str:
    primary = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    return _plain(str(primary or error.orig or error))


def _plain(text: str) -> str:
    """The first line, without passwords: DETAIL lines below it quote whole rows."""
    return _PASSWORD.sub(lambda found: f"{found[1] or found[2]}***" + ("@" if found[1] else ""), text.split("\n", 1)[0])


def _names_no_database(text: str) -> bool:
    """A refusal while connecting carries no SQLSTATE in psycopg, only the server's words."""
    return "FATAL:" in text and any(word in text for word in ("authentication", "does not exist", "pg_hba.conf"))


def _unreachable(error: DBAPIError, state: str) -> bool:
    if error.connection_invalidated or state[:2] in {"08", "57"}:
        return True
    return (
        not state and isinstance(error, OperationalError | InterfaceError) and "psycopg" in type(error.orig).__module__
    )
