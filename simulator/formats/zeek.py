"""Zeek logs as JSON lines and TSV, with the modbus and s7comm logs of industrial sensors.

Reference: https://docs.zeek.org/en/current/logs/index.html, https://github.com/cisagov/icsnpp-s7comm (log fields)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

TSV_FIELDS: Final = {
    "conn": (
        ("ts", "time"), ("uid", "string"), ("id.orig_h", "addr"), ("id.orig_p", "port"), ("id.resp_h", "addr"),
        ("id.resp_p", "port"), ("proto", "enum"), ("service", "string"), ("duration", "interval"),
        ("orig_bytes", "count"), ("resp_bytes", "count"), ("conn_state", "string"), ("local_orig", "bool"),
        ("history", "string"), ("orig_pkts", "count"), ("resp_pkts", "count"),
    ),
}  # fmt: skip


def line(path: str, at: float, uid: str, source: tuple[str, int], target: tuple[str, int], **fields: Any) -> str:
    """A record of any connection-bound log, with `_path` as the JSON streaming package writes it."""
    record: dict[str, Any] = {
        "_path": path,
        "ts": round(at, 6),
        "uid": uid,
        "id.orig_h": source[0],
        "id.orig_p": source[1],
        "id.resp_h": target[0],
        "id.resp_p": target[1],
    }
    record.update(fields)
    return orjson.dumps(record).decode()


def conn(
    at: float, uid: str, source: tuple[str, int], target: tuple[str, int], *, service: str = "", seconds: float = 1.0,
    sent: int = 600, got: int = 4096, state: str = "SF", proto: str = "tcp",
) -> dict[str, Any]:  # fmt: skip
    """The fields of a conn record, for `line(**…)` or `tsv`."""
    return {
        "proto": proto,
        **({"service": service} if service else {}),
        "duration": round(seconds, 6),
        "orig_bytes": sent,
        "resp_bytes": got,
        "conn_state": state,
        "local_orig": source[0].startswith("10."),
        "history": "ShADadFf" if state == "SF" else "S",
        "orig_pkts": max(1, sent // 600),
        "resp_pkts": got // 900,
        "_at": at,
        "_uid": uid,
        "_source": source,
        "_target": target,
    }


def conn_line(fields: Mapping[str, Any]) -> str:
    """The JSON line of `conn(…)`."""
    own = {key: value for key, value in fields.items() if not key.startswith("_")}
    return line("conn", fields["_at"], fields["_uid"], fields["_source"], fields["_target"], **own)


def conn_row(fields: Mapping[str, Any]) -> str:
    """The TSV row of `conn(…)`, in the columns of `header("conn")`."""
    source, target = fields["_source"], fields["_target"]
    values = {
        "ts": f"{fields['_at']:.6f}",
        "uid": fields["_uid"],
        "id.orig_h": source[0],
        "id.orig_p": source[1],
        "id.resp_h": target[0],
        "id.resp_p": target[1],
        **{key: value for key, value in fields.items() if not key.startswith("_")},
    }
    return "\t".join(_cell(values.get(name)) for name, _ in TSV_FIELDS["conn"])


def _cell(value: object) -> str:
    if value is None or value == "":
        return "-"
    return {True: "T", False: "F"}[value] if isinstance(value, bool) else str(value)


def header(path: str) -> Sequence[str]:
    """The comment lines that begin a TSV log."""
    fields = TSV_FIELDS[path]
    return (
        "#separator \\x09",
        "#set_separator\t,",
        "#empty_field\t(empty)",
        "#unset_field\t-",
        f"#path\t{path}",
        "#fields\t" + "\t".join(name for name, _ in fields),
        "#types\t" + "\t".join(kind for _, kind in fields),
    )


def modbus(
    at: float,
    uid: str,
    source: tuple[str, int],
    target: tuple[str, int],
    function: str,
    *,
    unit: int = 1,
    tid: int = 1,
) -> str:
    """modbus.log: `function` such as READ_HOLDING_REGISTERS, WRITE_SINGLE_REGISTER."""
    return line("modbus", at, uid, source, target, tid=tid, unit=unit, func=function, pdu_type="REQ")


def register_change(
    at: float, uid: str, source: tuple[str, int], target: tuple[str, int], register: int, old: int, new: int
) -> str:
    """modbus_register_change.log, written where a holding register changed."""
    return line("modbus_register_change", at, uid, source, target, register=register, old_val=old, new_val=new,
                delta=1.0)  # fmt: skip


def s7comm(
    at: float,
    uid: str,
    source: tuple[str, int],
    target: tuple[str, int],
    function: str,
    code: str,
    *,
    job: str = "Job Request",
) -> str:
    """s7comm.log of icsnpp: `function` such as Read Variable, Request Download, PLC Stop."""
    return line("s7comm", at, uid, source, target, is_orig=True, source_h=source[0], source_p=source[1],
                destination_h=target[0], destination_p=target[1], rosctr_code=1, rosctr_name=job, pdu_reference=1024,
                function_code=code, function_name=function)  # fmt: skip


def notice(
    at: float, uid: str, source: tuple[str, int], target: tuple[str, int], note: str, message: str, sub: str = ""
) -> str:
    return line("notice", at, uid, source, target, proto="tcp", note=note, msg=message, sub=sub, src=source[0],
                dst=target[0], p=target[1], peer_descr="sensor", actions=["Notice::ACTION_LOG"],
                suppress_for=3600.0)  # fmt: skip
