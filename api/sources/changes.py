"""Registering sources, changing them, and giving out keys."""

from __future__ import annotations

import codecs
import zoneinfo
from ipaddress import ip_network
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from api.dependencies import Caller
from api.enterprises.queries import load as load_enterprise
from api.problems import Invalid, PreconditionFailed
from api.services import Services
from api.sources import schemas
from api.sources.queries import load, one
from api.sources.schemas import BalanceQuery, KeyCreate, SourceChange, SourceCreate, SourceCreated, SourceKey
from taishi.clock import now
from taishi.mapping import PREFIX
from taishi.records.tables import Change, ParserMapping, Source
from taishi.security import audit
from taishi.security.keys import hash_key, new_key

THIS_DAY = BalanceQuery()


def check(timezone: str | None = None, encoding: str | None = None, addresses: list[str] | None = None) -> None:
    """What the collector would stumble over later; raises Invalid."""
    if timezone is not None and timezone not in zoneinfo.available_timezones():
        raise Invalid(f"{timezone} is not an IANA time zone", "timezone")
    if encoding:
        try:
            codecs.lookup(encoding)
        except (LookupError, ValueError) as error:
            raise Invalid(f"{encoding} is not an encoding that Python knows", "encoding") from error
    for address in addresses or []:
        try:
            ip_network(address, strict=False)
        except ValueError as error:
            raise Invalid(f"{address} is not an address or CIDR block", "address") from error


def check_parser(services: Services, session: Session, parser: str | None) -> None:
    """Raises Invalid for a parser or mapping that does not exist: all the source's records would go to quarantine."""
    if not parser:
        return
    if parser.startswith(PREFIX):
        if session.get(ParserMapping, parser.removeprefix(PREFIX)) is None:
            raise Invalid(f"there is no mapping {parser}", "parser")
    elif services.trial is not None and parser not in {one.name for one in services.trial.parsers()}:
        raise Invalid(f"there is no parser {parser}; leave it empty to have records recognised", "parser")


def written(session: Session, caller: Caller, source: Source, action: str, detail: dict[str, Any]) -> None:
    """Live view and audit entry of a change, in its transaction."""
    at = now()
    session.add(
        Change(
            at=at,
            kind="source",
            object_id=source.id,
            enterprise_id=source.enterprise_id,
            region=source.region,
            authority=source.authority,
        )
    )
    audit.append(
        session, at=at, actor=caller.login, action=action, object_kind="source", object_id=source.id, detail=detail
    )


def create(services: Services, caller: Caller, wanted: SourceCreate) -> SourceCreated:
    check(wanted.timezone, wanted.encoding, wanted.addresses)
    key = new_key() if wanted.with_key or wanted.transport == "http" else None
    with services.records.write(caller.scope) as session:
        check_parser(services, session, wanted.parser)
        enterprise = load_enterprise(session, wanted.enterprise_id)
        source = Source(
            **wanted.model_dump(exclude={"with_key"}),
            id=f"src-{uuid4().hex[:16]}",
            region=enterprise.region,
            authority=enterprise.authority,
            key_hash=hash_key(key) if key else None,
            state="learning",
            created_at=now(),
        )
        session.add(source)
        session.flush()
        written(session, caller, source, "source.create", wanted.model_dump())
        return SourceCreated(
            source=one(session, source, THIS_DAY),
            key=SourceKey(key=key, expires_at=None) if key else None,
        )


def change(services: Services, caller: Caller, source_id: str, wanted: SourceChange, version: int) -> schemas.Source:
    values = wanted.model_dump(exclude_none=True)
    if values.get("certificate") == "":
        values["certificate"] = None
    check(wanted.timezone, wanted.encoding, wanted.addresses)
    with services.records.write(caller.scope) as session:
        source = load(session, source_id, lock=True)
        if source.version != version:
            raise PreconditionFailed("somebody changed this source first; load it again and repeat your change")
        check_parser(services, session, values.get("parser"))
        changed = {name: value for name, value in values.items() if getattr(source, name) != value}
        if changed:
            before = {name: getattr(source, name) for name in changed}
            for name, value in changed.items():
                setattr(source, name, value)
            source.version += 1
            written(session, caller, source, "source.change", {"before": before, "after": changed})
        return one(session, source, THIS_DAY)


def rotate_key(services: Services, caller: Caller, source_id: str, body: KeyCreate) -> SourceKey:
    if body.expires_at is not None and body.expires_at <= now():
        raise Invalid("the key would already have expired", "expires_at")
    key = new_key()
    with services.records.write(caller.scope) as session:
        source = load(session, source_id, lock=True)
        source.key_hash, source.key_expires_at = hash_key(key), body.expires_at
        source.version += 1
        written(session, caller, source, "source.key", {"expires_at": body.expires_at})
    return SourceKey(key=key, expires_at=body.expires_at)
