"""The sample province as rows of Records: what an operator would enter by hand, at once and only where it is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from simulator import intelligence
from simulator.province import Province, Site
from simulator.state import Installation
from taishi.clock import now
from taishi.records.port import Records
from taishi.records.seed import seed_divisions
from taishi.records.tables import Asset, Enterprise, Park, Person, Source
from taishi.reference import divisions
from taishi.scope import EVERYTHING
from taishi.security.keys import hash_key
from taishi.security.passwords import hash_password

EXPECTED_PERIOD = 7200.0
"""Every sound source says something in every hour, so two of them may lie almost two hours apart."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person of the sample province; all share the installation's password."""

    login: str
    name: str
    role: str
    place_zh: str
    place_en: str
    regions: tuple[str, ...] = ()
    enterprises: tuple[str, ...] = ()


def people(province: Province, contact_of: Site) -> list[SignIn]:
    """One sign-in for each role, and officials and analysts below the province."""
    root = province.region
    whole = (province.name, province.name_en)
    city = divisions.get(province.noisy)
    county = divisions.get(contact_of.region)
    found = [
        SignIn("analyst", "省级分析员", "analyst", *whole, (root,)),
        SignIn("official", "省级主管", "official", *whole, (root,)),
        SignIn("contact", f"{contact_of.contact}（安全联系人）", "contact", contact_of.name, contact_of.name_en, (),
               (contact_of.id,)),
        SignIn("operator", "平台运维", "operator", *whole, (root,)),
        SignIn("auditor", "审计员", "auditor", *whole, (root,)),
    ]  # fmt: skip
    if city.code != root:
        found.append(SignIn("analyst-city", f"{city.name}分析员", "analyst", city.name, city.name_en, (city.code,)))
        found.append(SignIn("official-city", f"{city.name}主管", "official", city.name, city.name_en, (city.code,)))
    if county.code not in {root, city.code}:
        found.append(
            SignIn("official-county", f"{county.name}主管", "official", county.name, county.name_en, (county.code,))
        )
    return found


def onboard(records: Records, province: Province, installation: Installation, signs: Iterable[SignIn]) -> int:
    """Write what is not there yet; returns how many rows were added. Rows that people changed since stay as they are."""
    seed_divisions(records, province.region)
    at = now()
    rows: list[tuple[type[Any], str, list[Any]]] = [
        (Park, "id", [Park(id=p.id, region=p.region, name=p.name, name_en=p.name_en) for p in province.parks]),
        (Enterprise, "id", [_enterprise(site, at) for site in province.sites]),
        (Asset, "id", [asset for site in province.sites for asset in _assets(site)]),
        (Source, "id", [source for site in province.sites for source in _sources(site, installation, at)]),
    ]
    added = 0
    with records.write(EVERYTHING) as session:
        for table, key, wanted in rows:
            known = set(session.scalars(select(getattr(table, key))))
            fresh = [row for row in wanted if getattr(row, key) not in known]
            session.add_all(fresh)
            session.flush()
            added += len(fresh)
        logins = set(session.scalars(select(Person.login)))
        fresh_people = [sign for sign in signs if sign.login not in logins]
        hashed = hash_password(installation.password) if fresh_people else ""
        session.add_all(_person(sign, hashed) for sign in fresh_people)
    intelligence.enter(records, at)
    return added + len(fresh_people)


def _enterprise(site: Site, at: float) -> Enterprise:
    return Enterprise(
        id=site.id, name=site.name, name_en=site.name_en, region=site.region,
        park_id=site.park.id if site.park else None, industry=site.industry, kind=site.kind, level=site.level,
        authority=site.authority, contact=site.contact, contact_phone=site.phone, created_at=at,
    )  # fmt: skip


def _assets(site: Site) -> list[Asset]:
    return [
        Asset(
            id=asset.id, enterprise_id=site.id, region=site.region, authority=site.authority, name=asset.name,
            kind=asset.kind, address=asset.address, hostname=asset.hostname, criticality=asset.criticality,
            purdue=asset.purdue, exposure=asset.exposure, exposed_protocols=list(asset.protocols), vendor=asset.vendor,
            model=asset.model,
        )
        for asset in site.assets
    ]  # fmt: skip


def _sources(site: Site, installation: Installation, at: float) -> list[Source]:
    return [
        Source(
            id=feed.id, enterprise_id=site.id, region=site.region, authority=site.authority, name=feed.name,
            product=feed.product, parser=feed.parser, transport="http" if feed.transport == "http" else "syslog",
            data_kind=feed.data_kind, key_hash=hash_key(installation.key(feed.id)) if feed.transport == "http" else None,
            addresses=[feed.address] if feed.address else [], expected_period=EXPECTED_PERIOD, created_at=at,
        )
        for feed in site.feeds
    ]  # fmt: skip


def _person(sign: SignIn, hashed: str) -> Person:
    return Person(login=sign.login, name=sign.name, role=sign.role, password_hash=hashed, regions=list(sign.regions),
                  enterprises=list(sign.enterprises))  # fmt: skip
