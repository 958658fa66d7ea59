"""The one field table: every documented field's name, type and meaning, in `fields.tsv`.

From it come the event's JSON Schema, the Elasticsearch index template, the embedded store's columns, the fields that a
query may name, and docs/reference/fields.md. `python -m taishi.fields --write` writes the generated page.

Types are Elasticsearch's: keyword, text, ip, date, long, float, boolean, flattened. `column` marks what the embedded
store keeps as a column, so that it can be counted (top values) and tested for existence.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

FieldType = Literal["keyword", "text", "ip", "date", "long", "float", "boolean", "flattened"]

VENDOR_PREFIXES = (
    "zeek.", "suricata.", "linux.", "winlog.", "cef.", "leef.", "wazuh.", "fortinet.", "huawei.", "generic.",
    "powershell.", "labels.", "cisco.", "meraki.", "panw.", "checkpoint.", "juniper.", "sonicwall.",
    "sophos.", "watchguard.", "mikrotik.", "stormshield.", "pf.", "netfilter.", "squid.", "nginx.",
    "apache.", "iis.", "haproxy.", "traefik.", "caddy.", "envoy.", "aws.", "azure.", "gcp.", "cloudflare.",
    "zscaler.", "f5.", "barracuda.", "radware.", "a10.", "citrix.", "vmware.", "pensando.", "aruba.",
    "snort.", "modsecurity.", "dns.server.", "access.", "switch.", "pulse.", "ubiquiti.", "okta.", "o365.",
    "m365_defender.", "crowdstrike.", "sentinel_one.", "carbon_black.", "duo.", "auth0.", "onelogin.",
    "cloudtrail.", "gsuite.", "github.", "osquery.", "falco.", "kubernetes.", "docker.", "auditd.", "esf.",
    "ossec.", "mongodb.", "redis.", "mysql.", "postgresql.", "mssql.", "oracle.", "openldap.", "radius.",
    "mail.", "ftp.", "kafka.", "nats.", "elasticsearch.", "icinga.", "app.", "clamav.", "kaspersky.",
    "eset.", "symantec.", "trendmicro.", "trellix.", "cylance.", "saas.",
    "topsec.", "h3c.", "sangfor.", "qianxin.", "legendsec.", "leadsec.", "webray.", "qihoo.", "asiainfo.", "nsfocus.",
    "venustech.", "dbappsecurity.", "dptech.", "hillstone.", "chaitin.", "threatbook.", "qingteng.", "cn.",
    "nozomi.", "claroty.", "dragos.", "defender_iot.", "siemens.", "cowrie.", "conpot.", "dionaea.", "gaspot.", "ocsf.", "idea.",
    "misp.", "stix.", "n6.", "csaf.", "iodef.", "identifier.", "platform.", "core5g.", "mqtt.", "snmp.",
)  # fmt: skip
"""Namespaces of what a product says beyond ECS. Their fields are not documented one by one: exact keywords, searchable
by name, never counted."""

ALIASES: Mapping[str, str] = {
    "ip": "related.ip",
    "user": "related.user",
    "hash": "related.hash",
    "src": "source.ip",
    "dst": "destination.ip",
    "rule": "rule.name",
    "severity": "event.severity",
    "technique": "threat.technique.id",
    "enterprise": "organization.id",
    "region": "taishi.region_path",
}
"""Short names that a query may use instead."""

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "fields.md"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: FieldType
    array: bool
    column: bool
    meaning_zh: str
    meaning_en: str


@cache
def table() -> Mapping[str, Field]:
    """Every field by name, in the file's order."""
    lines = (files("taishi") / "fields.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return {field.name: field for field in map(_read, lines)}


def _read(line: str) -> Field:
    name, kind, array, column, zh, en = line.split("\t")
    if kind not in get_args(FieldType):
        raise ValueError(f"fields.tsv: {name} has the unknown type {kind!r}")
    counted = column == "1" or kind in {"ip", "date", "long", "float"}
    return Field(name, kind, array == "1", counted, zh, en)  # type: ignore[arg-type]


def known(name: str) -> bool:
    """Whether an event may carry this field."""
    return name in table() or name.startswith(VENDOR_PREFIXES)


_JSON_TYPES: dict[str, dict[str, Any]] = {
    "keyword": {"type": "string"},
    "text": {"type": "string"},
    "ip": {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]},
    "date": {"type": "string", "format": "date-time"},
    "long": {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    "float": {"type": "number"},
    "boolean": {"type": "boolean"},
    "flattened": {"type": "object"},
}


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of an event as it leaves the collectors."""
    properties = {
        field.name: {
            **({"type": "array", "items": _JSON_TYPES[field.type]} if field.array else _JSON_TYPES[field.type]),
            "description": field.meaning_en,
        }
        for field in table().values()
    }
    prefixes = "|".join(prefix.replace(".", "\\.") for prefix in VENDOR_PREFIXES)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Taishi event",
        "type": "object",
        "required": ["@timestamp", "event.id", "event.kind", "event.original", "organization.id", "taishi.source_id"],
        "properties": properties,
        "patternProperties": {f"^({prefixes})": True},
        "additionalProperties": False,
    }


def _row(field: Field) -> str:
    kind = f"{field.type}{' []' if field.array else ''}"
    mark = "●" if field.column else ""
    return f"| `{field.name}` | {kind} | {mark} | {field.meaning_zh} | {field.meaning_en} |"


def page() -> str:
    """docs/reference/fields.md."""
    rows = [_row(f) for f in table().values()]
    aliases = [f"| `{short}` | `{name}` |" for short, name in ALIASES.items()]
    prefixes = ", ".join(f"`{prefix}*`" for prefix in VENDOR_PREFIXES)
    return "\n".join(
        [
            "# Fields", "",
            "Generated from `taishi/fields.tsv` by `python -m taishi.fields --write`. ● can be counted.", "",
            "| field | type | ● | 含义 | meaning |", "|---|---|---|---|---|", *rows, "",
            f"Beyond these, what a product says is kept as exact keywords under {prefixes}.",
            "", "## Short names in queries", "", "| short | field |", "|---|---|", *aliases, "",
        ]
    )  # fmt: skip


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(page(), encoding="utf-8")
