"""Linux audit: auditd's raw lines (single or all records of one event), enriched, laurel, go-audit, and the kernel's own.

Several records of one event given together become one event: the system call's action, process and users, paths, address
and command line. One raw line is one event, as Filebeat has it. A denial by SELinux, AppArmor or seccomp is an event that
failed, not an alert.
Reference: https://github.com/linux-audit/audit-documentation/wiki
"""

from __future__ import annotations

from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._audit_records import (
    _DENIED,
    ARCHITECTURES,
    MEANINGS,
    SYSCALLS,
    Audit,
    Pairs,
    read_object,
    read_text,
    syscall_name,
    unhex,
)
from collectors.parsers._common import body_of, integer, ip, load_object, port, relate
from collectors.parsers._endpoint import executable, file
from collectors.parsers._firewall import network
from collectors.parsers._text import header
from collectors.parsers._time import epoch, fallback
from taishi.event import Event

NAME: Final = "auditd"
_UNSET: Final = frozenset({"4294967295", "-1", "unset"})
_ACCOUNTS: Final = frozenset({"ADD_USER", "DEL_USER", "ADD_GROUP", "DEL_GROUP", "USER_MGMT", "GRP_MGMT", "USER_CHAUTHTOK",
    "GRP_CHAUTHTOK", "ACCT_LOCK", "ACCT_UNLOCK", "CHUSER_ID", "CHGRP_ID", "ROLE_ASSIGN", "ROLE_REMOVE"})  # fmt: skip
_IDS: Final = (
    ("auid", "user.audit.id"), ("euid", "user.effective.id"), ("suid", "user.saved.id"), ("fsuid", "user.filesystem.id"),
    ("gid", "user.group.id"), ("egid", "user.effective.group.id"), ("sgid", "user.saved.group.id"),
    ("fsgid", "user.filesystem.group.id"),
)  # fmt: skip
_NAMES: Final = (("AUID", "user.audit.name"), ("GID", "user.group.name"))
_KNOWN: Final = frozenset(
    {"pid", "ppid", "comm", "exe", "cwd", "cmd", "acct", "uid", "res", "success", "addr", "exit", "arch", "proctitle",
     "AUID", "UID", "GID", "EUID", "SUID", "FSUID", "EGID", "SGID", "FSGID", "ARGV"} | {key for key, _ in _IDS}
)  # fmt: skip


def _outcome(pairs: Pairs) -> str | None:
    said = (pairs.get("res") or pairs.get("success") or pairs.get("result") or "").lower()
    if said in {"success", "yes", "1"}:
        return "success"
    return "failure" if said in {"failed", "fail", "no", "0"} else None


def _process(event: Event, pairs: Pairs) -> None:
    if (number := integer(pairs.get("pid", ""))) is not None:
        event["process.pid"] = number
    if (number := integer(pairs.get("ppid", ""))) is not None:
        event["process.parent.pid"] = number
    if path := pairs.get("exe"):
        executable(event, "process", path)
    if name := pairs.get("comm"):
        event["process.name"] = name
    if folder := pairs.get("cwd"):
        event["process.working_directory"] = folder
    if command := pairs.get("cmd"):
        event["process.command_line"] = command
        event["process.args"] = command.split(" ")
        event["process.args_count"] = len(event["process.args"])
    if (number := integer(pairs.get("exit", ""))) is not None:
        event["process.exit_code"] = number


def _users(event: Event, kind: str, pairs: Pairs) -> None:
    """Who did it is the audit login user where a session acts for an account, else the process's user."""
    for key, name in _IDS:
        if (value := pairs.get(key)) is not None:
            event[name] = value
    for key, name in _NAMES:
        if (found := pairs.get(key)) is not None and found not in _UNSET:
            event[name] = found
    if kind == "LOGIN":
        _login(event, pairs)
        return
    _actor(event, kind, pairs)
    account = pairs.get("acct")
    if kind in _ACCOUNTS:
        _managed(event, kind, pairs, account)
    elif account:
        event["user.name"], event["user.effective.name"] = account, account
    if "user.name" not in event and (found := pairs.get("UID")) and found not in _UNSET:
        event["user.name"] = found


def _login(event: Event, pairs: Pairs) -> None:
    """The kernel's LOGIN sets the audit login user of a session; old kernels name it `new auid`."""
    old, new = pairs.get("old_auid", "-1"), pairs.get("new_auid") or pairs.get("auid")
    event["user.id"] = old if old not in _UNSET else new or pairs.get("uid", "0")
    if new:
        event["user.effective.id"] = new


def _actor(event: Event, kind: str, pairs: Pairs) -> None:
    acting, uid = pairs.get("auid", "-1"), pairs.get("uid")
    if (pairs.get("acct") or kind in _ACCOUNTS) and acting not in _UNSET:
        event["user.id"] = acting
        if kind in _ACCOUNTS and uid is not None:
            event["user.effective.id"] = uid
    elif uid is not None:
        event["user.id"] = uid


def _managed(event: Event, kind: str, pairs: Pairs, account: str | None) -> None:
    identity = pairs.get("id")
    if "GROUP" in kind or kind.startswith("GRP"):
        if identity:
            event["group.id"] = identity
        if name := pairs.get("grp") or pairs.get("ID") or account:
            event["group.name"] = name
        return
    if identity:
        event["user.target.id"] = identity
    if target := account or pairs.get("ID"):
        event["user.target.name"] = target
        if kind == "USER_CHAUTHTOK":
            event["user.name"] = target
    if name := pairs.get("AUID"):
        event.setdefault("user.name", name) if name not in _UNSET else None


def _place(event: Event, pairs: Pairs) -> None:
    if address := ip(pairs.get("addr") or pairs.get("src") or ""):
        event["source.ip"] = event["source.address"] = address
    elif (host := pairs.get("hostname")) and ip(host):
        event["source.ip"] = ip(host)
    if terminal := pairs.get("terminal"):
        event["user.terminal"] = terminal
    if address := ip(pairs.get("dst", "")):
        event["destination.ip"] = address
    if (number := port(pairs.get("rport", ""))) is not None and "source.ip" in event:
        event["source.port"] = number
    if (address := ip(pairs.get("laddr", ""))) and "source.ip" in event:
        event["destination.ip"] = address
        if (number := port(pairs.get("lport", ""))) is not None:
            event["destination.port"] = number


def _socket(event: Event, pairs: Pairs, call: str) -> None:
    """SOCKADDR: family 2 (IPv4) or 10 (IPv6), port and address in hexadecimal; the peer of connect is the target."""
    raw = pairs.get("saddr", "")
    address: str | None = None
    number: int | None = None
    try:
        data = bytes.fromhex(raw) if len(raw) < 300 else b""
    except ValueError:
        data = b""
    if len(data) >= 8 and data[0] == 2:
        address, number = ip(".".join(str(part) for part in data[4:8])), int.from_bytes(data[2:4], "big")
    elif len(data) >= 24 and data[0] == 10:
        groups = (data[at : at + 2].hex() for at in range(8, 24, 2))
        address, number = ip(":".join(groups)), int.from_bytes(data[2:4], "big")
    elif found := pairs.get("SADDR.addr") or pairs.get("SADDR.laddr"):
        address, number = ip(found), port(pairs.get("SADDR.port") or pairs.get("SADDR.lport") or "")
    if address is None:
        return
    side = "source" if call in {"accept", "accept4", "recvfrom"} else "destination"
    event[f"{side}.ip"] = address
    if number is not None:
        event[f"{side}.port"] = number


def _files(event: Event, audit: Audit, call: str) -> None:
    """The path that the call acted on: not a parent folder, not the loader of a program."""
    for kind, pairs in audit.records:
        if kind != "PATH" or pairs.get("nametype") == "PARENT" or not (name := pairs.get("name")):
            continue
        folder = event.get("process.working_directory", "")
        path = name if name.startswith("/") or not folder else f"{folder.rstrip('/')}/{name}"
        file(event, path)
        for key, field in (("inode", "file.inode"), ("ouid", "file.uid"), ("ogid", "file.gid"), ("OUID", "file.owner"),
                           ("OGID", "file.group"), ("mode", "file.mode")):  # fmt: skip
            if value := pairs.get(key):
                event[field] = value
        if call not in {"rename", "renameat", "renameat2"} or pairs.get("nametype") == "CREATE":
            break


def _command(event: Event, audit: Audit) -> None:
    found = audit.first("EXECVE")
    if found:
        words = found.get("ARGV", "").split(" ") if "ARGV" in found else [
            found[f"a{index}"] for index in range(256) if f"a{index}" in found]  # fmt: skip
        if words and words[0]:
            event["process.args"] = words
            event["process.args_count"] = len(words)
            event["process.command_line"] = " ".join(words)
    title = audit.first("PROCTITLE")
    if title:
        line = title.get("ARGV") or unhex(title.get("proctitle", ""), "proctitle")
        if line:
            event["process.title"] = line
            event.setdefault("process.command_line", line)


def _meaning(event: Event, kind: str, pairs: Pairs, whole: bool) -> str:
    """Sets action, category and type; returns the name of the system call, if it is one."""
    call = syscall_name(pairs) if kind == "SYSCALL" or "syscall" in pairs else ""
    action, category, types = MEANINGS.get(kind, (kind.lower(), "process", "info"))
    if kind == "SYSCALL" and whole and call in SYSCALLS:
        action, category, types = SYSCALLS[call]
    event["event.action"], event["event.category"], event["event.type"] = action, category.split(","), types.split(",")
    if call:
        event["auditd.log.syscall_name"] = call
    return call


def _main(audit: Audit) -> tuple[str, Pairs]:
    """The record that says what happened; the others belong to it."""
    for kind, pairs in audit.records:
        if kind in MEANINGS and kind != "CONFIG_CHANGE":
            return kind, pairs
    return next(((kind, pairs) for kind, pairs in audit.records if kind == "SYSCALL"), audit.records[0])


def _event(audit: Audit, framed: Framed, received: Received) -> Event:
    event: Event = {}
    if framed.syslog or framed.text[:1] == "<":
        event, _ = header(framed, received)
        for name in ("process.name", "process.pid"):
            event.pop(name, None)
    kind, pairs = _main(audit)
    event.update({
        "event.module": NAME, "event.dataset": "auditd.log", "event.kind": "event", "observer.type": "host",
        "host.os.type": "linux", "auditd.log.record_type": kind,
    })  # fmt: skip
    if (stamp := epoch(audit.time)) is not None:
        event["@timestamp"], event["taishi.time.quality"] = stamp, "exact"
    fallback(event, received)
    if (number := integer(audit.sequence)) is not None:
        event["event.sequence"] = number
    call = _meaning(event, kind, pairs, len(audit.records) > 1)
    merged = {**audit.first("SYSCALL"), **audit.first("CWD"), **pairs}
    _process(event, merged)
    _users(event, kind, merged)
    _place(event, pairs)
    _socket(event, audit.first("SOCKADDR"), call)
    _files(event, audit, call)
    _command(event, audit)
    if (outcome := _outcome(merged)) is not None:
        event["event.outcome"] = outcome
    if kind in _DENIED and ("denied" in str(pairs).lower() or kind in {"SECCOMP", "APPARMOR_DENIED"}):
        event["event.outcome"] = "failure"
    event["event.severity"] = 25 if event.get("event.outcome") == "failure" else 10
    if host := audit.node or event.get("host.hostname"):
        event["host.name"] = event["host.hostname"] = host
    if arch := merged.get("arch"):
        event["host.architecture"] = ARCHITECTURES.get(arch.removeprefix("0x"), arch)
    _rest(event, merged)
    return event


def _rest(event: Event, pairs: Pairs) -> None:
    for key, value in list(pairs.items())[:200]:
        if key not in _KNOWN and value not in {"?", ""}:
            event.setdefault(f"auditd.log.{key}", value)
    if rule := pairs.get("key"):
        event["tags"] = rule.split("\x01")


def parse(framed: Framed, received: Received) -> list[Event]:
    body = body_of(framed)
    audit = read_object(load_object(framed, NAME)) if body[:1] == "{" else read_text(framed.text)
    event = _event(audit, framed, received)
    if "source.ip" in event or "destination.ip" in event:
        network(event)
    return [relate(event)]


def sniff(framed: Framed) -> float:
    text = framed.text
    if "audit(" in text[:400] and "type=" in text[:400]:
        return 0.98
    head = (framed.body or text)[:400]
    if head[:1] != "{":
        return 0.0
    if head.startswith('{"ID":"') and head[7:8].isdecimal() and ":" in head[7:40]:
        return 0.97
    if '"eventid"' in text and '"items"' in text and '"timestampfractional"' in text:
        return 0.97
    return 0.95 if '"messages"' in text and '"uid_map"' in text else 0.0


PARSER = Parser(
    name=NAME,
    product="Linux audit (auditd, laurel, go-audit)",
    data_kind="platform",
    reference="https://github.com/linux-audit/audit-documentation/wiki",
    parse=parse,
    sniff=sniff,
    markers=("audit(", '{"ID":"', '"timestampfractional"', '"uid_map"'),
)
