"""Every error Taishi raises on purpose.

TaishiError
├── ConfigError             settings are missing or contradict each other
├── ParseError              a record that no parser, or not this one, can read (→ quarantine)
├── Refused                 the sender must hear "no" with a reason (→ 4xx/5xx, RELP nack)
│   ├── TooLarge            a record, body or nesting over its limit
│   ├── Unauthenticated     no source or person could be recognised
│   ├── Forbidden           recognised, but outside role or scope
│   ├── QuotaExceeded       over the source's quota; carries retry_after seconds
│   └── Unavailable         the stream and the spool are full or down; carries retry_after seconds
├── QueryError              a search query that cannot be understood; carries the position
├── NotFound                nothing by that id, or nothing the caller may know of
├── Conflict                somebody changed it first (optimistic version), or the state forbids it
└── StreamError / StoreError / RecordsError   an engine failed; raised by adapters with `from`
"""

from __future__ import annotations


class TaishiError(Exception):
    """Base of all deliberate errors. `str(error)` is a sentence that tells a person what to do."""

    code = "error"


class ConfigError(TaishiError):
    code = "config"


class ParseError(TaishiError):
    """A record could not be read. `parser` names who tried; the reason is shown in quarantine."""

    code = "parse"

    def __init__(self, reason: str, parser: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.parser = parser


class Refused(TaishiError):
    code = "refused"
    status = 400

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class TooLarge(Refused):
    code = "too_large"
    status = 413


class Unauthenticated(Refused):
    code = "unauthenticated"
    status = 401


class Forbidden(Refused):
    code = "forbidden"
    status = 403


class QuotaExceeded(Refused):
    code = "quota"
    status = 429


class Unavailable(Refused):
    code = "unavailable"
    status = 503


class QueryError(TaishiError):
    """`position` is the zero-based character offset in the query, -1 where it is unknown."""

    code = "query"

    def __init__(self, reason: str, position: int = -1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


class NotFound(TaishiError):
    code = "not_found"


class Conflict(TaishiError):
    code = "conflict"


class StreamError(TaishiError):
    code = "stream"


class StoreError(TaishiError):
    code = "store"


class RecordsError(TaishiError):
    code = "records"
