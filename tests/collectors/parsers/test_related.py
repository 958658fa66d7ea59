"""`related.*` holds what the fields say: indicators are looked up there, and people search there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collectors import registry
from collectors.parsers import _common
from tests.collectors.parsers.support import RECEIVED, cases, framed, parse_file

JA4 = "t13d1516h2_8daaf6152771_b186095e22b6"


@pytest.mark.parametrize(("parser", "path"), list(cases()), ids=lambda one: one.stem if isinstance(one, Path) else one)
def test_related_is_complete(parser: str, path: Path) -> None:
    for event in parse_file(parser, path):
        for name, target in _common._RELATED.items():
            value = event.get(name)
            if value is None:
                continue
            missing = [
                one for one in (value if isinstance(value, list) else [value]) if one not in event.get(target, [])
            ]
            assert not missing, f"{name} is not in {target}: {missing}"


TLS = {
    "timestamp": "2026-03-02T08:15:30.123456+0800", "event_type": "tls", "src_ip": "10.20.1.15", "src_port": 41532,
    "dest_ip": "203.0.113.7", "dest_port": 443, "proto": "TCP", "tls": {"sni": "a.example.com", "ja4": JA4},
}  # fmt: skip
SSL = {"_path": "ssl", "ts": 1772410530.1, "uid": "C1", "id.orig_h": "10.20.1.15", "id.orig_p": 41532,
       "id.resp_h": "203.0.113.7", "id.resp_p": 443, "server_name": "a.example.com", "ja4": JA4}  # fmt: skip


@pytest.mark.parametrize(("parser", "record"), [("suricata", TLS), ("zeek", SSL)])
def test_ja4_is_where_indicators_are_looked_up(parser: str, record: dict[str, object]) -> None:
    found = registry.by_name(parser)
    parse = found.session() if found.session else found.parse
    (event,) = parse(framed(json.dumps(record)), RECEIVED)
    assert event["tls.client.ja4"] == JA4
