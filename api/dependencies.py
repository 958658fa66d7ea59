"""What a handler may ask for in its signature: the services, the caller with a permission, and an If-Match version.

A handler that names no caller is public; the scope test keeps the list of those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Header, Request

from api.problems import PreconditionFailed, PreconditionRequired
from api.services import Services
from taishi.clock import now
from taishi.errors import Forbidden, Unauthenticated
from taishi.scope import Scope
from taishi.security.roles import PERMISSIONS, Permission, Role
from taishi.security.sessions import COOKIE, SAFE_METHODS, OpenSession, csrf_matches, find_session

CSRF_HEADER = "x-csrf-token"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a signed-in person, what they may do and where."""

    login: str
    name: str
    role: Role
    scope: Scope
    session: OpenSession

    def may(self, permission: Permission) -> bool:
        return permission in PERMISSIONS[self.role]


def get_services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


ServicesDep = Annotated[Services, Depends(get_services)]


def _caller(request: Request, services: Services) -> Caller | None:
    token = request.cookies.get(COOKIE, "")
    opened = find_session(services.records, token, services.settings.api.session_hours, now()) if token else None
    if opened is None:
        return None
    if request.method not in SAFE_METHODS and not csrf_matches(opened, request.headers.get(CSRF_HEADER, "")):
        raise Forbidden("the X-CSRF-Token header is missing or wrong; GET /api/v1/session tells the right one")
    return Caller(opened.login, opened.name, opened.role, opened.scope, opened)


def optional_caller(request: Request, services: ServicesDep) -> Caller | None:
    return _caller(request, services)


def current_caller(request: Request, services: ServicesDep) -> Caller:
    found = _caller(request, services)
    if found is None:
        raise Unauthenticated("sign in first: there is no session, or it has expired")
    return found


OptionalCaller = Annotated[Caller | None, Depends(optional_caller)]
CurrentCaller = Annotated[Caller, Depends(current_caller)]


class Needs:
    """A dependency that gives the caller if their role has the permission, else answers 401 or 403."""

    def __init__(self, permission: Permission) -> None:
        self.permission: Permission = permission

    def __call__(self, caller: CurrentCaller) -> Caller:
        if not caller.may(self.permission):
            raise Forbidden(f"the role {caller.role} has no permission {self.permission}")
        return caller


EventReader = Annotated[Caller, Depends(Needs("events.read"))]
EvidenceReader = Annotated[Caller, Depends(Needs("evidence.read"))]
IncidentReader = Annotated[Caller, Depends(Needs("incidents.read"))]
IncidentWriter = Annotated[Caller, Depends(Needs("incidents.write"))]
NoteWriter = Annotated[Caller, Depends(Needs("notes.write"))]
OverviewReader = Annotated[Caller, Depends(Needs("overview.read"))]
RiskReader = Annotated[Caller, Depends(Needs("risk.read"))]
EnterpriseReader = Annotated[Caller, Depends(Needs("enterprises.read"))]
CampaignReader = Annotated[Caller, Depends(Needs("campaigns.read"))]
CampaignWriter = Annotated[Caller, Depends(Needs("campaigns.write"))]
WarningReader = Annotated[Caller, Depends(Needs("warnings.read"))]
WarningDecider = Annotated[Caller, Depends(Needs("warnings.decide"))]
SourceReader = Annotated[Caller, Depends(Needs("sources.read"))]
SourceWriter = Annotated[Caller, Depends(Needs("sources.write"))]
Importer = Annotated[Caller, Depends(Needs("inventory.write"))]
QualityReader = Annotated[Caller, Depends(Needs("quality.read"))]
MappingReader = Annotated[Caller, Depends(Needs("mappings.read"))]
QuarantineReader = Annotated[Caller, Depends(Needs("quarantine.read"))]
QuarantineReplayer = Annotated[Caller, Depends(Needs("quarantine.replay"))]


IntelReader = Annotated[Caller, Depends(Needs("intel.read"))]
RuleReader = Annotated[Caller, Depends(Needs("rules.read"))]


def whole(caller: Caller, services: Services) -> bool:
    """Whether a caller's scope is the whole platform."""
    scope = caller.scope
    bound = scope.nothing or bool(scope.enterprises) or bool(scope.authorities)
    return not bound and scope.allows(services.settings.region, "")


FOR_ALL: frozenset[Permission] = frozenset({"intel.write", "feeds.write", "rules.write", "mappings.write"})
"""Permissions that change what is matched everywhere: a role has them, a scope below the platform takes them away."""


def _for_all(caller: Caller, services: Services) -> Caller:
    if not whole(caller, services):
        raise Forbidden("this is decided for the whole platform; the scope of this account does not cover it")
    return caller


def intel_writer(caller: Annotated[Caller, Depends(Needs("intel.write"))], services: ServicesDep) -> Caller:
    return _for_all(caller, services)


def intel_keeper(caller: Annotated[Caller, Depends(Needs("feeds.write"))], services: ServicesDep) -> Caller:
    return _for_all(caller, services)


IntelWriter = Annotated[Caller, Depends(intel_writer)]
IntelKeeper = Annotated[Caller, Depends(intel_keeper)]


def rule_writer(caller: Annotated[Caller, Depends(Needs("rules.write"))], services: ServicesDep) -> Caller:
    return _for_all(caller, services)


RuleWriter = Annotated[Caller, Depends(rule_writer)]


def mapping_writer(caller: Annotated[Caller, Depends(Needs("mappings.write"))], services: ServicesDep) -> Caller:
    return _for_all(caller, services)


MappingWriter = Annotated[Caller, Depends(mapping_writer)]


def audit_reader(caller: Annotated[Caller, Depends(Needs("audit.read"))], services: ServicesDep) -> Caller:
    """The trail is one chain over the whole platform, so only who may see the whole platform may read it."""
    if not whole(caller, services):
        raise Forbidden("the audit trail covers the whole platform; this account's scope does not")
    return caller


AuditReader = Annotated[Caller, Depends(audit_reader)]


def parse_etag(text: str) -> int:
    """The version in an If-Match header, `"7"` or `W/"7"`; raises PreconditionFailed for anything else."""
    bare = text.strip().removeprefix("W/").strip('"')
    if not (bare.isascii() and bare.isdecimal() and len(bare) < 10):
        raise PreconditionFailed('If-Match must carry the ETag of the last answer, such as "7"')
    return int(bare)


def if_match(
    value: Annotated[str | None, Header(alias="If-Match", description="The ETag of the last answer.")] = None,
) -> int:
    if value is None:
        raise PreconditionRequired("send If-Match with the ETag of the last answer, so that no edit is lost")
    return parse_etag(value)


def optional_if_match(value: Annotated[str | None, Header(alias="If-Match")] = None) -> int | None:
    return None if value is None else parse_etag(value)


IfMatch = Annotated[int, Depends(if_match)]
OptionalIfMatch = Annotated[int | None, Depends(optional_if_match)]
