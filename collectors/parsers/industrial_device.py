"""Controllers, drives, switches and gateways of industrial makers that say their name: Schneider, Rockwell, Hirschmann, Moxa,
Phoenix
Contact, ABB, Honeywell, Emerson, Yokogawa, Omron, Mitsubishi, SUPCON, HollySys. Syslog texts about logins, programs, modes,
    settings.

Makers word the same happenings differently and change the words with the firmware, so what a line means is read from its words: who
logged in from where, whether it failed, that a program was loaded, a mode switched, firmware or settings changed,
    a port or a flood was
noticed. A line that says none of this stays a notice. Siemens and Cisco-like texts have their own parsers; CEF is read as CEF.

Reference: Schneider Electric, Modicon Controllers Platform Cyber Security (EIO0000001999), "Syslog messages"; Rockwell Automation,
Syslog Status Messages (SYSLOG-RD001); Belden, Hirschmann HiOS reference manual, "System log"; Moxa, MX-NOS user manual, "Event log"
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import ip, port, text
from collectors.parsers._device import begin, change, finish, login, observer, plain
from collectors.parsers._ot import enrich
from collectors.parsers._pairs import detection
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "industrial_device"

_MAKERS: Final = (
    ("Schneider Electric", re.compile(r"\b(BM[EX][A-Z]{1,4}\d{3,6}\w{0,4}|Modicon\b[ \w]{0,12}|TM[234]\d{2}\w{1,12}|TeSys\b|"
                                      r"PowerLogic\b|ConneXium\b|EcoStruxure\b|SCADAPack\b|Altivar\b|Easergy\b)")),
    ("Rockwell Automation", re.compile(r"(?<![\w-])(1756-\w{2,12}|1769-\w{2,12}|1783-\w{2,12}|1768-\w{2,12}|"
        r"5069-\w{2,12}|ControlLogix\w*|"
                                       r"CompactLogix\w*|GuardLogix\w*|FactoryTalk\b[ \w]{0,20}|PowerFlex\w*|Allen-Bradley\b)")),
    ("Hirschmann",
        re.compile(r"\b(Hirschmann\b|HiOS\b[-\w]{0,8}|HiSecOS\b|EAGLE\d{2}\w{0,6}|GREYHOUND\w*|OCTOPUS\b|BAT-\w{2,12})")),
    ("Moxa",
        re.compile(r"\b(MOXA\b|Moxa\b|EDS-[A-Z]{0,2}\d\w{1,12}|EDR-[A-Z]{0,2}\d\w{1,12}|"
            r"IKS-[A-Z]{0,2}\d\w{1,12}|NPort\b[ \w]{0,8}|MGate\b[ \w]{0,8}|AWK-\w{3,12})")),
    ("Phoenix Contact", re.compile(r"\b(mGuard\b|FL MGUARD\b|PLCnext\b|AXC F \d{4}|Phoenix Contact\b)")),
    ("ABB", re.compile(r"\b(RTU5\d{2}\b|AC ?800M\b|AC500\b|Relion\b)")),
    ("Honeywell", re.compile(r"\b(Experion\b|ControlEdge\b|Honeywell C300\b)")),
    ("Emerson", re.compile(r"\b(DeltaV\b|ROC8\d{2}\b|Ovation\b)")),
    ("Yokogawa", re.compile(r"\b(CENTUM\b|STARDOM\b|ProSafe-RS\b)")),
    ("Omron", re.compile(r"\b(NX\d{3}-\d{4}|NJ\d{3}-\d{4}|Sysmac\b)")),
    ("Mitsubishi Electric", re.compile(r"\b(MELSEC\b[-\w]{0,8}|GOT2000\b)")),
    ("SUPCON", re.compile(r"(SUPCON|中控|\bECS-700\b|\bJX-300XP\b)")),
    ("HollySys", re.compile(r"\b(HOLLiAS\b[-\w]{0,8})")),
)  # fmt: skip

_USER: Final = re.compile(
    r"(?:\b(?:user(?:name)?|account)\b(?: name)?|用户名?|账号)\s{0,2}[:=]?\s{0,2}[\"'`]?"
    r"([A-Za-z_][\w.@\\-]{0,63}|[\u4e00-\u9fff]{2,8})",
    re.IGNORECASE,
)
_NO_USERS: Final = frozenset({
    "login", "logged", "logon", "failed", "has", "from", "is", "was", "account", "name", "logout", "authentication", "by", "via",
    "in",
    "session", "successful", "password", "management", "access", "interface", "on", "to", "not", "denied", "attempt", "locked",
    "登录", "退出",
})  # fmt: skip
_FROM: Final = re.compile(
    r"(?:\bfrom|\bpeer(?: address)?|\bclient|\bsource(?: ip)?|\bremote(?: ip| address)?|\bip(?: address)?|\bsrc|来自|源地址|源IP)"
    r"\s{0,2}[:=]?\s{0,2}[\[(\"']?([0-9A-Fa-f]{0,4}[0-9A-Fa-f.:]{2,41}[0-9A-Fa-f])",
    re.IGNORECASE,
)
_PORT_AFTER: Final = re.compile(r"(?:[:/]| port )(\d{1,5})\b")

_LOGIN: Final = ("login", "log in", "logged in", "log on", "logon", "logged on", "authentication", "登录", "sign in", "signed in",
                 "session opened", "password entries", "authenticated", "invalid credentials")  # fmt: skip
_LOGOUT: Final = (
    "logout",
    "log out",
    "logged out",
    "log off",
    "logged off",
    "logoff",
    "session closed",
    "disconnection",
    "退出登录",
    "注销",
)
_FAIL: Final = ("fail", "unsuccessful", "invalid", "denied", "refused", "incorrect", "bad password", "wrong password", "rejected",
                "locked", "unauthori", "失败", "拒绝", "错误")  # fmt: skip
_PROGRAM: Final = ("program", "project", "application", "logic", "application code", "程序", "组态", "工程")
_LOAD: Final = ("download", "下装", "下载", "transfer", "load")
_FETCH: Final = ("upload", "上载", "上传")
_FIRMWARE: Final = ("firmware", "固件", "os upgrade", "os download", "software update")
_MODE: Final = ("mode change", "operating mode", "run mode", "program mode", "keyswitch", "key switch", "to run", "to stop",
    "plc stop",
                "plc run", "cpu stop", "cpu run", "controller mode", "运行模式", "停止", "启动cpu")  # fmt: skip
_RESTART: Final = (
    "restart",
    "reboot",
    "cold start",
    "warm start",
    "power up",
    "power-up",
    "factory reset",
    "reset to factory",
    "重启",
    "冷启动",
)
_CONFIG: Final = ("config", "parameter", "setting", "rule", "password changed", "password has been", "user added", "user created",
                  "user deleted", "created user",
    "role", "certificate", "clock", "time change", "参数", "配置", "修改")  # fmt: skip
_CHANGED: Final = ("chang", "modif", "update", "saved", "save", "created", "deleted", "removed", "added", "enabled", "disabled",
    "import",
                   "export", "restor", "applied", "activated",
    "修改", "变更", "保存", "删除", "新增", "启用", "停用")  # fmt: skip
_NOTICED: Final = ("port security", "intrusion", "attack", "flood", "spoof", "unauthorized", "unauthorised", "denial of service",
    "dos ",
                   "violation", "rogue", "duplicate ip", "integrity", "tamper", "malform", "port scan", "arp inspection", "storm",
                   "攻击", "非法", "越权", "篡改")  # fmt: skip
_BLOCKED: Final = ("block", "drop", "denied", "discard", "reject", "disabled port", "阻断", "拒绝", "丢弃")


def _any(said: str, words: tuple[str, ...]) -> bool:
    return any(word in said for word in words)


def _maker(source: str) -> tuple[str, str] | None:
    """Who made it and what it is: the name that comes first in the line's head."""
    best: tuple[int, str, str] | None = None
    for vendor, pattern in _MAKERS:
        found = pattern.search(source, 0, 240)
        if found is not None and (best is None or found.start() < best[0]):
            best = (found.start(), vendor, found[1].strip())
    return best[1:] if best else None


def _who(event: Event, body: str) -> None:
    for found in _USER.finditer(body, 0, 1024):
        if found[1].lower() not in _NO_USERS:
            event["user.name"] = found[1]
            break
    for found in _FROM.finditer(body, 0, 1024):
        if _sender(event, found[1].rstrip(".:"), body, found.end()):
            break


def _sender(event: Event, place: str, body: str, end: int) -> bool:
    """`10.1.1.1`, `10.1.1.1:80`, `10.1.1.1 port 80`: whether it is an address."""
    address, number = ip(place), None
    if address is None:
        where, _, number = place.rpartition(":")
        address = ip(where)
    if address is None:
        return False
    event["source.ip"] = address
    after = _PORT_AFTER.match(body, end)
    if (found := port(number or (after[1] if after is not None else None))) is not None:
        event["source.port"] = found
    return True


def _act(event: Event, said: str) -> bool:
    """Logins and what was done to the device; whether the line said one of these."""
    ok = not _any(said, _FAIL)
    if _any(said, _LOGOUT):
        login(event, True, out=True)
    elif _any(said, _LOGIN) and not _any(said, ("config", "配置")):
        login(event, ok)
    elif _any(said, _FIRMWARE):
        _changed(event, "firmware", said, ok)
    elif _any(said, _MODE):
        _changed(event, "mode-change", "mode change", ok)
    elif _any(said, _PROGRAM) and _any(said, _FETCH):
        _changed(event, "program-upload", "program upload", ok)
    elif _any(said, _PROGRAM) and (_any(said, _LOAD) or _any(said, _CHANGED)):
        _changed(event, "program-download", "program download", ok)
    elif _any(said, _CONFIG) and _any(said, _CHANGED):
        change(event, ok)
        event["event.action"] = "configuration"
    elif _any(said, _RESTART):
        _changed(event, "restart", "restart", ok)
        event["event.category"], event["event.type"] = ["host"], ["start"]
    else:
        return False
    return True


def _changed(event: Event, action: str, words: str, ok: bool) -> None:
    """What an intruder would do as well as an engineer: named in ATT&CK for ICS, so that rules and people find it."""
    change(event, ok)
    event["event.action"] = action
    enrich(event, words)


def parse(framed: Framed, received: Received) -> list[Event]:
    made = _maker(framed.text)
    if made is None:
        raise ParseError("no name of an industrial device", NAME)
    event, body = begin(framed, received, NAME)
    observer(event, made[0], made[1], "ics")
    event["message"] = (body.strip() or framed.text.strip())[:1024]
    said = body.lower()
    _who(event, body)
    if _any(said, _NOTICED) and not _any(said, _LOGIN):
        name = text(body.strip().split(",")[0].split(" - ")[-1]) or "security event"
        stopped = _any(said, _BLOCKED)
        enrich(event, said)
        detection(event, name[:200], "blocked" if stopped else "detected", "intrusion_detection", 60, stopped or None)
    elif not _act(event, said):
        plain(event)
        event["event.action"] = "log"
    return finish(event, received)


def sniff(framed: Framed) -> float:
    head = framed.text[:240]
    if "CEF:" in head or "LEEF:" in head or "{" in head or "devname=" in head or "%" in head[:120]:
        return 0.0
    led = bool(framed.syslog) or head[:1] == "<"  # prose that mentions a product is no record of it
    return 0.9 if _maker(head if led else head[:40]) is not None else 0.0


PARSER = Parser(
    name=NAME,
    product="Schneider, Rockwell, Hirschmann, Moxa and other industrial devices (syslog)",
    data_kind="security",
    reference="https://www.se.com/ww/en/download/document/EIO0000001999/",
    parse=parse,
    sniff=sniff,
    markers=(
        "BME", "BMX", "Modicon", "TM2", "TM3", "TM4", "TeSys", "PowerLogic", "ConneXium", "EcoStruxure", "SCADAPack", "Altivar",
        "Easergy",
        "1756-", "1769-", "1783-", "1768-", "5069-", "ControlLogix", "CompactLogix", "GuardLogix", "FactoryTalk", "PowerFlex",
        "Allen-Bradley", "Hirschmann", "HiOS", "HiSecOS", "EAGLE", "GREYHOUND", "OCTOPUS", "BAT-", "MOXA", "Moxa", "EDS-",
        "EDR-", "IKS-",
        "NPort", "MGate", "AWK-", "mGuard", "MGUARD", "PLCnext", "AXC F", "Phoenix Contact", "RTU5", "AC800M", "AC 800M", "AC500",
        "Relion", "Experion", "ControlEdge", "C300", "DeltaV", "ROC8", "Ovation", "CENTUM", "STARDOM", "ProSafe", "NX1", "NX7",
        "NJ",
        "NX5", "Sysmac", "MELSEC", "GOT2000", "SUPCON", "中控", "ECS-700", "JX-300", "HOLLiAS",
    ),
)  # fmt: skip
