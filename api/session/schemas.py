"""Sign-in, the signed-in person, and their preferences."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.common import Body, Model
from taishi.security.roles import Permission, Role


class Credentials(Body):
    login: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=256)]


class SavedView(Body):
    """A named list: `query` is the query string of the page, as it stands in the address bar."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    page: Annotated[str, Field(min_length=1, max_length=64)]
    query: Annotated[str, Field(max_length=4000)] = ""
    default: bool = False


class ColumnSetting(Body):
    id: Annotated[str, Field(min_length=1, max_length=128)]
    width: Annotated[int, Field(ge=24, le=2000)] | None = None
    visible: bool = True


ListName = Annotated[str, Field(min_length=1, max_length=64)]


class Preferences(Model):
    """`columns`: list name → its columns in order."""

    language: Literal["zh-CN", "en"]
    theme: Literal["light", "dark", "system"]
    saved_views: list[SavedView]
    columns: dict[str, list[ColumnSetting]]


class PreferencesChange(Body):
    """Only what is given changes; a given list replaces the old one."""

    language: Literal["zh-CN", "en"] | None = None
    theme: Literal["light", "dark", "system"] | None = None
    saved_views: Annotated[list[SavedView], Field(max_length=100)] | None = None
    columns: (
        Annotated[dict[ListName, Annotated[list[ColumnSetting], Field(max_length=100)]], Field(max_length=20)] | None
    ) = None


class ScopeOut(Model):
    """Conditions joined by AND; an empty list does not restrict."""

    regions: list[str]
    enterprises: list[str]
    authorities: list[str]


class Session(Model):
    """Send `csrf_token` as `X-CSRF-Token` with every POST, PATCH and DELETE."""

    login: str
    name: str
    role: Role
    permissions: list[Permission]
    scope: ScopeOut
    home_region: str = Field(description="Where this person's overview begins.")
    preferences: Preferences
    csrf_token: str
    expires_at: float


class Assignee(Model):
    login: str
    name: str


class AssigneeList(Model):
    items: list[Assignee]
