"""Linux authentication logs (auth.log, secure, journald text): sshd, sudo, su, PAM, logind, accounts, cron, polkit.

Syslog times have no year and no zone (RFC 3164) or are complete (rsyslog's high precision). A failed login is an event
with outcome failure, not an alert: whether many of them are an attack is for detection to say.

Reference: https://man.openbsd.org/sshd, https://www.sudo.ws/docs/man/sudoers.man/#LOG_FORMAT, the Linux-PAM guides
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import SYSLOG_SEVERITY, ip, port, relate
from collectors.parsers._endpoint import base
from collectors.parsers._firewall import network
from collectors.parsers._linux_messages import PAM, PROGRAMS, Message
from collectors.parsers._text import header, spaced_pairs
from collectors.parsers._time import fallback
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "linux_auth"
_PAM_FAILURE: Final = re.compile(
    r"(?:pam_\w{1,32}\((?P<name>[\w.@\-]{1,64}):auth\): |PAM \d{1,4} more |PAM: )?"
    r"[Aa]uthentication failures?;"
)
_GROUPS: Final = {
    "ip": "source.ip", "user": "user.name", "target": "user.target.name", "uid": "user.id", "gid": "group.id",
    "group": "group.name",
    "pwd": "process.working_directory", "command": "process.command_line", "reason": "event.reason",
    "host": "source.domain",
    "method": "linux.auth.method", "tty": "linux.auth.tty", "home": "linux.auth.home", "shell": "linux.auth.shell",
    "name": "linux.auth.service", "by": "linux.auth.by", "code": "event.code", "state": "linux.auth.state",
}  # fmt: skip


def _fill(event: Event, message: Message, found: re.Match[str]) -> None:
    event["event.action"] = message.action
    event["event.category"] = [message.category]
    event["event.type"] = message.kind.split(",")
    if message.outcome:
        event["event.outcome"] = message.outcome
    for group, value in found.groupdict().items():
        if not value:
            continue
        if group == "ip":
            _source(event, value)
        elif group == "port":
            if (number := port(value)) is not None:
                event["source.port"] = number
        elif (field := _GROUPS.get(group)) is not None and (value := value.strip()):
            event[field] = value


def _source(event: Event, value: str) -> None:
    """`rhost` and `from` may be an address or a name."""
    address = ip(value)
    if address is not None:
        event["source.ip"] = address
    else:
        event["source.domain"] = value


def _pam_failure(event: Event, found: re.Match[str], text: str) -> None:
    """`authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=1.2.3.4  user=root`."""
    pairs = spaced_pairs(text[found.end() :])
    event["event.action"], event["event.category"], event["event.type"] = "pam_auth", ["authentication"], ["start"]
    event["event.outcome"] = "failure"
    event["event.reason"] = "authentication failure"
    if name := found["name"]:
        event["linux.auth.service"] = name
    if user := pairs.get("user") or pairs.get("ruser") or pairs.get("logname"):
        event["user.name"] = user
    if host := pairs.get("rhost"):
        _source(event, host)
    for key, field in (("tty", "linux.auth.tty"), ("uid", "linux.auth.uid"), ("ruser", "linux.auth.ruser")):
        if pairs.get(key):
            event[field] = pairs[key]


def _sudo(event: Event) -> None:
    """sudo names the runner first; a reason before TTY means that it refused."""
    if event.get("event.reason"):
        event["event.outcome"], event["event.type"] = "failure", ["denied"]
    if target := event.pop("user.target.name", None):
        event["user.effective.name"] = target
    if command := event.get("process.command_line"):
        program = command.split(" ", 1)[0]
        if program.startswith("/"):
            event["process.executable"] = program
            event["linux.auth.program"] = base(program)


def _after(event: Event, program: str) -> None:
    if program in {"sudo", "pkexec"} and event.get("event.action") in {"sudo", "pkexec"}:
        _sudo(event)
    state = event.get("linux.auth.state", "")
    if state == "FAILED to authenticate":
        event["event.outcome"] = "failure"
    elif state == "successfully authenticated":
        event["event.outcome"] = "success"
    elif state in {"invalid", "authenticating"} or (
        "preauth]" in event.get("message", "") and "event.outcome" not in event
    ):
        event["event.outcome"] = "failure"
    if event["event.category"] == ["iam"] and "user.id" in event:
        event["user.target.id"] = event.pop("user.id")
    if event.get("event.action") == "ssh_login" and "network" not in event["event.category"] and "source.ip" in event:
        event["network.protocol"], event["network.transport"] = "ssh", "tcp"
    if event.get("event.outcome") == "failure":
        event["event.severity"] = max(event.get("event.severity", 0), 25)


def _match(event: Event, program: str, text: str) -> bool:
    failure = _PAM_FAILURE.match(text) if "uthentication failure" in text else None
    if failure is not None:
        _pam_failure(event, failure, text)
        return True
    if text.startswith("error: PAM: "):
        text = text.removeprefix("error: PAM: ")
        found = _PAM_ERROR.match(text)
        if found is not None:
            _fill(event, _PAM_LOGIN, found)
            return True
    messages = (PAM + PROGRAMS.get(program, ())) if text.startswith("pam_") else PROGRAMS.get(program, ())
    for message in messages:
        if text.startswith(message.lead):
            found = message.pattern.match(text)
            if found is not None:
                _fill(event, message, found)
                return True
    return False


_PAM_ERROR: Final = re.compile(
    r"(?P<reason>[^.]{1,100}?) for (?P<state>illegal user )?(?P<user>.{0,256}?) from (?P<ip>\S{2,255})"
)
_PAM_LOGIN: Final = Message("", _PAM_ERROR, "ssh_login", "authentication", "start", "failure")


def _severity(event: Event) -> None:
    code = event.get("log.syslog.severity.code")
    event["event.severity"] = SYSLOG_SEVERITY[code] if type(code) is int and 0 <= code < 8 else 10


def parse(framed: Framed, received: Received) -> list[Event]:
    event, text = header(framed, received)
    program = str(event.get("process.name") or event.get("log.syslog.appname") or "")
    program = base(program.partition("(")[0]) or program
    if program not in PROGRAMS:
        raise ParseError(f"no authentication program wrote this ({program[:40] or 'no program name'})", NAME)
    text = text.rstrip("\r\n")
    event["event.module"] = NAME
    event["event.dataset"] = "linux.auth"
    event["observer.type"] = "host"
    event["host.os.type"] = "linux"
    event["event.kind"] = "event"
    event["message"] = text
    event["process.name"] = program
    if name := event.get("host.hostname"):
        event.setdefault("host.name", name)
    _severity(event)
    if not _match(event, program, text.strip()):
        event["event.category"], event["event.type"] = [_DEFAULT.get(program, "authentication")], ["info"]
        event["event.action"] = program.lower()
    _after(event, program)
    if "source.ip" in event:
        network(event)
    fallback(event, received)
    return [relate(event)]


_DEFAULT: Final = {
    "systemd": "process",
    "cron": "process",
    "CRON": "process",
    "crond": "process",
    "CROND": "process",
    "atd": "process",
}
_PROGRAM: Final = re.compile(
    r"(?:^|[\s/])("
    + "|".join(sorted(map(re.escape, PROGRAMS), key=len, reverse=True))
    + r")(?:\([a-z=]{1,32}\))?(?:(?:\[\d{1,10}\])?: | (?:\d{1,10}|-) \S{1,32} [-\[])"
)
_SURE: Final = frozenset(PROGRAMS) - {
    "systemd",
    "login",
    "cron",
    "CRON",
    "crond",
    "CROND",
    "atd",
    "vsftpd",
    "anacron",
    "dropbear",
}


def sniff(framed: Framed) -> float:
    name = framed.syslog.get("process.name") or framed.syslog.get("log.syslog.appname")
    if name is not None:
        name = base(str(name).partition("(")[0])
        return 0.95 if name in _SURE else 0.6 if name in PROGRAMS else 0.0
    source = framed.body or framed.text
    if source[:1] in {"{", "["}:
        return 0.0
    found = _PROGRAM.search(source, 0, 200)
    if found is None:
        return 0.0
    return 0.9 if found[1] in _SURE else 0.6


PARSER = Parser(
    name=NAME,
    product="Linux authentication (sshd, sudo, su, PAM, logind, accounts, cron, polkit)",
    data_kind="platform",
    reference="https://man7.org/linux/man-pages/man8/sshd.8.html",
    parse=parse,
    sniff=sniff,
)
