"""/session, /people: signing in and out, preferences, and whom work can be assigned to."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.dependencies import CurrentCaller, IncidentReader, ServicesDep
from api.session import queries
from api.session.schemas import AssigneeList, Credentials, Preferences, PreferencesChange, Session

router = APIRouter(tags=["session"])


@router.post("/session", status_code=201)
def sign_in(credentials: Credentials, request: Request, response: Response, services: ServicesDep) -> Session:
    """Sign in. Sets the session cookie; repeated failures lock the account for growing times."""
    return queries.sign_in(services, credentials, request, response)


@router.get("/session")
def get_session(caller: CurrentCaller, services: ServicesDep) -> Session:
    """Who is signed in, what they may do and where."""
    return queries.describe(services, caller)


@router.delete("/session", status_code=204)
def sign_out(caller: CurrentCaller, response: Response, services: ServicesDep) -> None:
    queries.sign_out(services, caller, response)


@router.patch("/session/preferences")
def change_preferences(change: PreferencesChange, caller: CurrentCaller, services: ServicesDep) -> Preferences:
    return queries.change_preferences(services, caller, change)


@router.get("/people")
def list_assignees(caller: IncidentReader, services: ServicesDep) -> AssigneeList:
    """Analysts that incidents of the caller's scope can be assigned to."""
    return queries.assignees(services, caller)
