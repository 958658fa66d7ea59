"""What the platform is and which divisions it serves."""

from __future__ import annotations

from pydantic import Field

from api.common import Model, RegionRef
from taishi.security.roles import Role


class RoleName(Model):
    role: Role
    name_zh: str
    name_en: str


class MapNote(Model):
    """Printed at the bottom left of every map."""

    note_zh: str
    note_en: str


class Platform(Model):
    name_zh: str
    name_en: str
    version: str | None = Field(description="Only for signed-in people.")
    region: RegionRef
    roles: list[RoleName]
    map: MapNote
    now: float = Field(description="The server's clock, to show ages right on a wrong client clock.")
