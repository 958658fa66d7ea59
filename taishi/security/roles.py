"""Who may do what: one table of permissions by role. Where they may do it is the scope's business, not this one's."""

from __future__ import annotations

from typing import Final, Literal, get_args

Role = Literal["analyst", "official", "contact", "operator", "auditor"]

Permission = Literal[
    "events.read",  # search in all events of the scope
    "evidence.read",  # the events behind a meta-alert
    "incidents.read",
    "incidents.write",  # status, verdict, owner, merge, split
    "notes.write",
    "campaigns.read",
    "campaigns.write",  # confirm or dismiss
    "warnings.read",
    "warnings.decide",  # accept or dismiss a proposed early warning
    "overview.read",
    "risk.read",
    "enterprises.read",
    "inventory.write",  # enterprises and sources, many at once
    "sources.read",
    "sources.write",
    "quality.read",  # how complete, timely and valid the data of whom is
    "mappings.read",  # how records of unknown products are read
    "mappings.write",  # write, change, remove mappings
    "quarantine.read",
    "quarantine.replay",
    "intel.read",  # feeds, indicators, sightings
    "intel.write",  # dismiss an indicator
    "feeds.write",  # enter, pause, pull, remove feeds
    "rules.read",  # detection rules, their texts and figures
    "rules.write",  # write rules, say which run
    "audit.read",
]

PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    "analyst": frozenset(
        {
            "events.read",
            "evidence.read",
            "incidents.read",
            "incidents.write",
            "notes.write",
            "campaigns.read",
            "campaigns.write",
            "warnings.read",
            "warnings.decide",
            "overview.read",
            "risk.read",
            "enterprises.read",
            "sources.read",
            "quality.read",
            "quarantine.read",
            "intel.read",
            "intel.write",
            "feeds.write",
            "rules.read",
            "rules.write",
        }
    ),
    "official": frozenset(
        {
            "incidents.read",
            "campaigns.read",
            "warnings.read",
            "warnings.decide",
            "overview.read",
            "risk.read",
            "enterprises.read",
            "quality.read",
        }
    ),
    "contact": frozenset(
        {
            "evidence.read",
            "incidents.read",
            "notes.write",
            "campaigns.read",
            "risk.read",
            "enterprises.read",
            "sources.read",
            "quality.read",
        }
    ),
    "operator": frozenset(
        {
            "enterprises.read",
            "inventory.write",
            "sources.read",
            "quality.read",
            "sources.write",
            "mappings.read",
            "mappings.write",
            "quarantine.read",
            "quarantine.replay",
            "intel.read",
            "feeds.write",
            "rules.read",
            "rules.write",
        }
    ),
    "auditor": frozenset({"audit.read"}),
}

ROLES: Final[tuple[Role, ...]] = get_args(Role)
