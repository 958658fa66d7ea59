"""MISP: events as the platform exports them and as feeds publish them (MISP core format, RFC draft dulaunoy-misp)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from taishi.intel.indicator import MAX_NAME, Indicator, Item, Refusal, Tlp, labels_of, strictest, tlp_of
from taishi.intel.lists import moment
from taishi.intel.values import BadValue, Kind, normalise

TYPES: Final[dict[str, tuple[Kind | None, ...]]] = {
    "ip-src": ("ip",), "ip-dst": ("ip",), "ip-src|port": ("ip", None), "ip-dst|port": ("ip", None), "domain": ("domain",),
    "hostname": ("domain",), "hostname|port": ("domain", None), "domain|ip": ("domain", "ip"), "url": ("url",), "uri": ("url",),
    "link": ("url",), "email": ("email",), "email-src": ("email",), "email-dst": (None,), "ja3-fingerprint-md5": ("ja3",),
    "ja4-plus": ("ja4",), "x509-fingerprint-sha1": ("certificate",), "x509-fingerprint-sha256": ("certificate",),
    **dict.fromkeys(("md5", "sha1", "sha224", "sha256", "sha384", "sha512"), ("hash",)),
    **{f"filename|{name}": (None, "hash") for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")},
    **{f"malware-sample|{name}": (None, "hash") for name in ("md5", "sha256")}, "malware-sample": (None, "hash"),
}  # fmt: skip
"""Attribute type → kinds of its parts ("a|b"); None is no indicator."""

_DISTRIBUTION: Final[dict[str, Tlp]] = {"0": "amber+strict", "1": "amber", "2": "green"}
"""Where an event has no TLP tag: 0 your organisation only, 1 this community, 2 connected communities."""

TRUE: Final = frozenset({"True", "1", "true"})
_LEVELS: Final = {"completely-confident": 100, "usually-confident": 75, "fairly-confident": 50, "rarely-confident": 25,
                  "unconfident": 0}  # fmt: skip


def read(raw: object) -> Iterator[Item]:
    """An event, a list of them, or an answer of the REST interface."""
    if isinstance(raw, dict) and "response" in raw:
        raw = raw["response"]
    if isinstance(raw, dict) and "Attribute" in raw and "Event" not in raw:  # attributes/restSearch
        attributes = raw["Attribute"]
        for attribute in attributes if isinstance(attributes, list) else []:
            event = attribute.get("Event") if isinstance(attribute, dict) else None
            yield from _attributes([attribute], _Facts(event if isinstance(event, dict) else {}))
        return
    for one in raw if isinstance(raw, list) else [raw]:
        event = one.get("Event", one) if isinstance(one, dict) else None
        if not isinstance(event, dict):
            yield Refusal(str(one)[:80], "no MISP event")
            continue
        facts = _Facts(event)
        yield from _attributes(event.get("Attribute"), facts)
        objects = event.get("Object")
        for thing in objects if isinstance(objects, list) else []:
            if isinstance(thing, dict):
                yield from _attributes(thing.get("Attribute"), facts)


def _tags(raw: dict[str, Any]) -> list[str]:
    tags = raw.get("Tag")
    if not isinstance(tags, list):
        return []
    return [str(tag.get("name") or "") if isinstance(tag, dict) else str(tag) for tag in tags]


def _tlp(tags: list[str]) -> Tlp | None:
    found: list[Tlp] = [level for tag in tags if tag.lower().startswith("tlp:") and (level := tlp_of(tag)) is not None]
    return strictest(*found) if found else None


def _confidence(tags: list[str]) -> int | None:
    for tag in tags:
        if tag.lower().startswith("misp:confidence-level="):
            return _LEVELS.get(tag.partition("=")[2].strip('"').lower())
    return None


class _Facts:
    """What an event says of all its attributes."""

    def __init__(self, event: dict[str, Any]) -> None:
        self.name = str(event.get("info") or "").strip()[:MAX_NAME]
        self.tags = _tags(event)
        self.tlp: Tlp | None = _tlp(self.tags) or _DISTRIBUTION.get(str(event.get("distribution") or ""))
        self.confidence = _confidence(self.tags)
        self.published = event.get("date")


def _words(tags: list[str]) -> list[str]:
    """`misp-galaxy:malpedia="Emotet"` says Emotet."""
    found = []
    for tag in tags:
        if tag.lower().startswith(("tlp:", "misp:confidence-level")):
            continue
        found.append(tag.partition("=")[2].strip('"') or tag)
    return found


def _attributes(attributes: object, facts: _Facts) -> Iterator[Item]:
    for attribute in attributes if isinstance(attributes, list) else []:
        if not isinstance(attribute, dict):
            continue
        text, kind = str(attribute.get("value") or ""), str(attribute.get("type") or "")
        if str(attribute.get("to_ids")) not in TRUE:
            yield Refusal(text[:120], "its author does not want it matched (to_ids is off)")
            continue
        kinds = TYPES.get(kind)
        if kinds is None or not any(kinds):
            yield Refusal(text[:120], f"the attribute type {kind[:40]!r} is nothing that is looked up by value")
            continue
        yield from _values(attribute, text, kinds, facts)


def _values(attribute: dict[str, Any], text: str, kinds: tuple[Kind | None, ...], facts: _Facts) -> Iterator[Item]:
    tags = _tags(attribute)
    parts = text.split("|") if len(kinds) > 1 else [text]
    for part, kind in zip(parts, kinds, strict=False):
        if kind is None:
            continue
        try:
            chosen: Kind = "cidr" if kind == "ip" and "/" in part else kind
            value = normalise(chosen, part)
            begin = moment(attribute.get("first_seen") or facts.published)
        except BadValue as error:
            yield Refusal(text[:120], str(error))
            continue
        sure = _confidence(tags)
        yield Indicator(
            chosen, value, facts.confidence if sure is None else sure, _tlp(tags) or facts.tlp, begin, None,
            str(attribute.get("comment") or facts.name).strip()[:MAX_NAME],
            labels_of([str(attribute.get("category") or ""), *_words(tags), *_words(facts.tags)]),
            str(attribute.get("uuid") or "")[:200], str(attribute.get("deleted")) in TRUE,
        )  # fmt: skip
