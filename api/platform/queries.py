"""Facts of the installation."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from api.common import RegionRef
from api.names import division_ref
from api.platform.schemas import MapNote, Platform, RoleName
from api.services import Services
from taishi.clock import now
from taishi.records.tables import Division
from taishi.scope import EVERYTHING
from taishi.security.roles import Role

ROLE_NAMES: Final[dict[Role, tuple[str, str]]] = {
    "analyst": ("安全分析员", "Security analyst"),
    "official": ("监管人员", "Official"),
    "contact": ("企业联系人", "Enterprise contact"),
    "operator": ("平台运维", "Platform operator"),
    "auditor": ("审计员", "Auditor"),
}

MAP_NOTE: Final = MapNote(
    note_zh="示意图，不作划界依据；公开发布前须使用标准地图并标注审图号",
    note_en="Sketch map, not authoritative for boundaries; use an approved map with its review number in publications",
)


def platform(services: Services, *, signed_in: bool) -> Platform:
    with services.records.read(EVERYTHING) as session:
        root = session.get(Division, services.settings.region)
        region = division_ref(root) if root else _unnamed(services.settings.region)
    return Platform(
        name_zh=f"{region.name}工业互联网安全态势感知平台",
        name_en="Taishi Industrial-Internet Security Situational Awareness",
        version=version("taishi") if signed_in else None,
        region=region,
        roles=[RoleName(role=role, name_zh=zh, name_en=en) for role, (zh, en) in ROLE_NAMES.items()],
        map=MAP_NOTE,
        now=now(),
    )


def _unnamed(code: str) -> RegionRef:
    """Before the divisions are loaded the platform still answers, with the bare code."""
    return RegionRef(code=code, name=code, name_en=code, level="province")
