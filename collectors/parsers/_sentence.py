"""What a sentence of a network device says: who signed in from where, what was configured, which flow was denied.

For products whose messages are prose. Addresses and users are taken where a word before them says what they are.
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parsers._common import UNSET, ip, mac
from collectors.parsers._device import change, login, peer
from collectors.parsers._verdict import outcome
from taishi.event import Event

_IP: Final = r"((?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:.]{2,40}|::[0-9A-Fa-f:.]{1,38})"
_ARROW: Final = re.compile(
    rf"{_IP}(?:[:(/ ]{{1,2}}(\d{{1,5}})\)?)? ?(?:->|=>|-->| to ) ?(?:\w{{1,16}}:)?{_IP}(?:[:(/]{{1,2}}(\d{{1,5}})\)?)?"
)
_FROM: Final = re.compile(
    rf"(?:\bfrom|\bon(?= [\d.]++@)|\b[Ss]ource|\b[Ss]rc|\bclient|\b[Aa]ddress|\b[Pp]eer|\b[Hh]ost|\brhost"
    rf"|\bby \S{{1,64}} on (?:vty|pts|tty)\S{{0,8}}|\bIP|\bip|\baddr)"
    rf"[ :=]{{0,3}}[\['\"<(]{{0,2}}{_IP}(?:(?:[:(/]| port )(\d{{1,5}}))?"
)
_LINE: Final = re.compile(rf"\({_IP}\)")
_USER: Final = re.compile(
    r"(?:\b[Uu]ser(?:[ -]?[Nn]ame|Name|name)?|\bUSER|\bUSERNAME|\b[Aa]ccount|\b[Ll]ogin|\badministrator|\b[Aa]dmin|\buname)"
    r"(?:(?: is)? ?[=:] ?| )(?:\[|'|\"|<|\()?([^\s'\"<>\[\](),;:]{1,128})"
)
_BY: Final = re.compile(r"\bby (?:user )?['\"]?([\w.@\\$\-]{1,128})['\"]?(?: on | from | at |\.|$)")
_FOR: Final = re.compile(r"\bfor (?:user |invalid user |illegal user )?['\"]?([\w.@\\$\-]{1,128})['\"]? from ")
_WORDS: Final = frozenset(
    {
        "authentication", "login", "logged", "logout", "from", "on", "has", "was", "is", "to", "in", "at", "failed",
        "access", "session", "by", "for", "and", "the", "with", "via", "successful", "succeeded", "name", "agent", "not",
        "accepted", "locked", "console", "interface", "group", "configuration", "log", "password", "authenticated", "id",
        "user", "service", "failure", "logon", "attempt", "exited", "entered", "of", "ip", "role", "a", "an", "success",
    }
)  # fmt: skip
_LOGIN: Final = (
    "login", "logon", "logged in", "log in", "authenticat", "userauth", "sign-in", "signed in", "accepted password",
    "accepted publickey", "failed password", "invalid user", "登录", "认证",
)  # fmt: skip
_LOGOUT: Final = (
    "logout", "logged out", "log out", "logoff", "logged off", "exited", "session closed", "disconnected", "退出", "注销",
)  # fmt: skip
_CHANGE: Final = (
    "configured from",
    "configuration committed",
    "config_i",
    "configuration change",
    "logged command",
    "committed",
)
_GOOD: Final = (
    "success",
    "succeeded",
    "accepted",
    "logged in",
    "granted",
    "passed",
    "authenticated user",
    "has logged",
)
_BAD: Final = ("fail", "denied", "invalid", "incorrect", "reject", "error", "locked", "illegal", "unauthorized", "失败")


def addresses(event: Event, text: str) -> None:
    """Source and destination, where the sentence says which is which."""
    found = _ARROW.search(text)
    if found is not None and ip(found[1]) and ip(found[3]):
        peer(event, "source", found[1], found[2])
        peer(event, "destination", found[3], found[4])
        return
    found = _FROM.search(text) or _LINE.search(text)
    if found is not None and ip(found[1]):
        peer(event, "source", found[1], found[2] if found.re is _FROM else None)


def user(event: Event, text: str) -> None:
    """The person named after a word such as `user`, or after `by` and `for`."""
    if "user.name" in event:
        return
    for expression in (_FOR, _USER, _BY):
        for found in expression.findall(text)[:4]:
            name = found.rstrip(".")
            if name and name.lower() not in _WORDS and name not in UNSET and ip(name) is None:
                event["user.name"] = name
                return


def read(event: Event, text: str) -> None:
    """Fill addresses and user, and make the event a login, a logout or a change where the sentence is about one."""
    words = text[:2048].lower()
    addresses(event, text[:2048])
    if any(sign in words for sign in _CHANGE):
        user(event, text[:2048])
        change(event)
        event.setdefault("event.action", "configuration")
        return
    out = any(sign in words for sign in _LOGOUT)
    if out and ("user" in words or "session" in words or "admin" in words):
        user(event, text[:2048])
        login(event, None, out=True)
    elif any(sign in words for sign in _LOGIN):
        user(event, text[:2048])
        ok = True if any(sign in words for sign in _GOOD) else None
        login(event, False if any(sign in words for sign in _BAD) and "no error" not in words else ok)
    else:
        if "user" in words or " by " in words:
            user(event, text[:2048])
        if (said := outcome(text[:2048])) is not None:
            event["event.outcome"] = said


_MAC: Final = re.compile(
    r"\b([0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}|(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2})\b"
)


def station(event: Event, text: str) -> None:
    """The hardware address of the station that the sentence is about."""
    found = _MAC.search(text, 0, 2048)
    if found is not None and (value := mac(found[1])) is not None:
        event.setdefault("source.mac", value)
