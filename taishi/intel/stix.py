"""STIX 2.1 (and 2.0) bundles and TAXII envelopes: indicators with their markings and what they indicate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from taishi.intel.indicator import MAX_NAME, Indicator, Item, Refusal, Tlp, labels_of, strictest, tlp_of
from taishi.intel.lists import moment
from taishi.intel.pattern import Unmatchable, values
from taishi.intel.values import BadValue

_MARKINGS: Final[dict[str, Tlp]] = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "clear",
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "amber",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": "clear",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": "amber+strict",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
}
"""The standard's own marking definitions: TLP 1 (STIX 2.1 §7.2.1.4) and TLP 2.0 (its extension)."""

_THREATS: Final = frozenset(
    {"malware", "intrusion-set", "campaign", "threat-actor", "tool", "attack-pattern", "infrastructure"}
)
_FOREIGN: Final = {
    "sigma": "a Sigma rule: add it with `taishi rules add`", "yara": "a YARA rule looks into files",
    "snort": "a Snort rule reads packets",
    "suricata": "a Suricata rule reads packets", "pcre": "a regular expression is no value", "spl": "a Splunk search",
}  # fmt: skip


def read(raw: object) -> Iterator[Item]:
    """The indicators of a bundle, an envelope or an array of objects; other objects only explain them."""
    objects = raw.get("objects") if isinstance(raw, dict) else raw
    if isinstance(raw, dict) and raw.get("type") == "indicator":
        objects = [raw]
    found = [one for one in objects if isinstance(one, dict)] if isinstance(objects, list) else []
    context = Context(found)
    for one in found:
        if one.get("type") == "indicator":
            yield from _indicator(one, context)


class Context:
    """What the other objects of a bundle say of its indicators."""

    def __init__(self, objects: Iterable[dict[str, Any]]) -> None:
        self.markings: dict[str, Tlp] = dict(_MARKINGS)
        self.threats: dict[str, list[str]] = {}
        names: dict[str, str] = {}
        links: list[tuple[str, str]] = []
        for one in objects:
            kind, identity = str(one.get("type")), str(one.get("id") or "")
            if kind == "marking-definition":
                self._marking(identity, one)
            elif kind in _THREATS and one.get("name"):
                names[identity] = str(one["name"])[:MAX_NAME]
            elif kind == "relationship" and one.get("relationship_type") == "indicates":
                links.append((str(one.get("source_ref") or ""), str(one.get("target_ref") or "")))
        for source, target in links:
            if target in names:
                self.threats.setdefault(source, []).append(names[target])

    def _marking(self, identity: str, one: dict[str, Any]) -> None:
        definition = one.get("definition")
        told = definition.get("tlp") if isinstance(definition, dict) else None
        extensions = one.get("extensions")
        for extension in extensions.values() if isinstance(extensions, dict) else ():
            if isinstance(extension, dict) and extension.get("tlp_2_0"):
                told = extension["tlp_2_0"]
        level = tlp_of(str(told or one.get("name") or ""))
        if level is not None:
            self.markings[identity] = level

    def tlp(self, refs: object) -> Tlp | None:
        """The strictest level that marks an object."""
        found: list[Tlp] = [self.markings[ref] for ref in _strings(refs) if ref in self.markings]
        return strictest(*found) if found else None


def _strings(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _phases(value: object) -> list[str]:
    if not isinstance(value, list):
        return []
    return [str(one.get("phase_name") or "") for one in value if isinstance(one, dict)]


def _indicator(one: dict[str, Any], context: Context) -> Iterator[Item]:
    identity = str(one.get("id") or "")[:200]
    name = str(one.get("name") or "").strip()[:MAX_NAME]
    said = name or identity
    language = str(one.get("pattern_type") or "stix").lower()
    if language != "stix":
        yield Refusal(said, _FOREIGN.get(language, f"the pattern language {language[:40]!r} names no values"))
        return
    try:
        found, reasons = values(str(one.get("pattern") or ""))
        begin, end = moment(one.get("valid_from")), moment(one.get("valid_until"))
    except (Unmatchable, BadValue) as error:
        yield Refusal(said, str(error))
        return
    for reason in reasons:
        yield Refusal(said, reason)
    threats = context.threats.get(identity, [])
    labels = labels_of(
        [
            *_strings(one.get("indicator_types")),
            *_strings(one.get("labels")),
            *_phases(one.get("kill_chain_phases")),
            *threats,
        ]
    )
    sure = one.get("confidence")
    for kind, value in found:
        yield Indicator(
            kind, value, sure if isinstance(sure, int) and 0 <= sure <= 100 else None,
            context.tlp(one.get("object_marking_refs")), begin, end, threats[0] if threats else name, labels, identity,
            one.get("revoked") is True,
        )  # fmt: skip
