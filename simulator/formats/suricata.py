"""Suricata EVE JSON. Reference: https://docs.suricata.io/en/latest/output/eve/eve-json-format.html"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from simulator.formats.moments import iso_local


def _record(
    at: float, kind: str, source: tuple[str, int], target: tuple[str, int], protocol: str, flow_id: int
) -> dict[str, Any]:
    return {
        "timestamp": iso_local(at),
        "flow_id": flow_id,
        "in_iface": "ens192",
        "event_type": kind,
        "src_ip": source[0],
        "src_port": source[1],
        "dest_ip": target[0],
        "dest_port": target[1],
        "proto": protocol,
    }


def alert(
    at: float,
    source: tuple[str, int],
    target: tuple[str, int],
    signature: str,
    category: str,
    *,
    sid: int,
    severity: int = 2,
    protocol: str = "TCP",
    blocked: bool = False,
    techniques: Sequence[str] = (),
    flow_id: int = 0,
    app: str = "",
    more: dict[str, Any] | None = None,
) -> str:
    """A signature match. `severity` is Suricata's priority, 1 the highest; `more` holds objects such as `http`."""
    record = _record(at, "alert", source, target, protocol, flow_id)
    verdict: dict[str, Any] = {
        "action": "blocked" if blocked else "allowed",
        "gid": 1,
        "signature_id": sid,
        "rev": 2,
        "signature": signature,
        "category": category,
        "severity": severity,
    }
    if techniques:
        verdict["metadata"] = {"mitre_technique_id": list(techniques)}
    record["alert"] = verdict
    if app:
        record["app_proto"] = app
    record |= more or {}
    record["flow"] = {"pkts_toserver": 4, "pkts_toclient": 3, "bytes_toserver": 420, "bytes_toclient": 310,
                      "start": iso_local(at - 0.4)}  # fmt: skip
    return orjson.dumps(record).decode()


def flow(
    at: float, source: tuple[str, int], target: tuple[str, int], *, app: str, sent: int, got: int, seconds: float,
    flow_id: int, protocol: str = "TCP",
) -> str:  # fmt: skip
    """The end of a flow; `sent` and `got` in bytes."""
    record = _record(at, "flow", source, target, protocol, flow_id)
    if app:
        record["app_proto"] = app
    record["flow"] = {
        "pkts_toserver": max(1, sent // 600),
        "pkts_toclient": max(1, got // 900),
        "bytes_toserver": sent,
        "bytes_toclient": got,
        "start": iso_local(at - seconds),
        "end": iso_local(at),
        "age": round(seconds),
        "state": "closed",
        "reason": "timeout",
        "alerted": False,
    }
    return orjson.dumps(record).decode()


def dns(at: float, source: tuple[str, int], resolver: str, name: str, answer: str, *, flow_id: int) -> str:
    """An answered query (EVE DNS version 2)."""
    record = _record(at, "dns", source, (resolver, 53), "UDP", flow_id)
    record["dns"] = {
        "version": 2,
        "type": "answer",
        "id": flow_id & 0xFFFF,
        "flags": "8180",
        "qr": True,
        "rrname": name,
        "rrtype": "A",
        "rcode": "NOERROR",
        "answers": [{"rrname": name, "rrtype": "A", "ttl": 300, "rdata": answer}],
    }
    return orjson.dumps(record).decode()


def tls(at: float, source: tuple[str, int], target: tuple[str, int], name: str, *, flow_id: int) -> str:
    record = _record(at, "tls", source, target, "TCP", flow_id)
    record["tls"] = {"subject": f"CN={name}", "issuerdn": "C=XX, O=Example Trust, CN=Example CA", "sni": name,
                     "version": "TLS 1.2", "notbefore": "2026-01-01T00:00:00", "notafter": "2027-01-01T00:00:00"}  # fmt: skip
    return orjson.dumps(record).decode()


def http(
    method: str, host: str, url: str, status: int, *, agent: str = "Mozilla/5.0", length: int = 512
) -> dict[str, Any]:
    """The `http` object of an alert."""
    return {
        "http": {
            "hostname": host,
            "url": url,
            "http_user_agent": agent,
            "http_content_type": "text/html",
            "http_method": method,
            "protocol": "HTTP/1.1",
            "status": status,
            "length": length,
        }
    }
