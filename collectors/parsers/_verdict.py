"""The shape of what CEF and LEEF carry: any product's detection, login, connection or change."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from collectors.parsers._attack import KEPT, classify
from collectors.parsers._firewall import network
from collectors.parsers._ids import alert, blocked
from taishi.event import Event

_DETECTION: Final = (
    "threat", "attack", "intrusion", "malware", "virus", "exploit", "anomal", "suspicious", "malicious", "ransom",
    "trojan",
    "violation", "vulnerab", "brute", "spyware", "phish", "ids", "ips ", "compromise", "infected", "hack",
    "威胁", "攻击", "入侵",
    "恶意", "异常", "漏洞", "告警", "病毒", "木马", "爆破", "违规",
)  # fmt: skip
_LOGIN: Final = (
    "login",
    "logon",
    "log on",
    "signed in",
    "sign in",
    "sign-in",
    "authentication",
    "logged in",
    "登录",
    "登陆",
    "认证",
)
_LOGOUT: Final = ("logout", "logoff", "log off", "signed out", "sign out", "logged out", "注销", "登出", "退出")
_FAILED: Final = ("fail", "denied", "invalid", "incorrect", "bad password", "失败", "错误", "拒绝")
_GOOD: Final = ("success", "accepted", "succeeded", "成功")
_CHANGE: Final = ("config", "changed", "modified", "created", "deleted", "added", "配置", "修改", "创建", "删除")


def topic(name: str, category: str) -> str:
    """detection | login | logout | change | other, from an event's name and category."""
    return (_topic if len(name) + len(category) <= KEPT else _topic.__wrapped__)(name, category)


@lru_cache(maxsize=8192)
def _topic(name: str, category: str) -> str:
    words = f"{name} {category}".lower()
    if any(word in words for word in _DETECTION) or classify(category, name) is not None:
        return "detection"
    for kind, signs in (("logout", _LOGOUT), ("login", _LOGIN), ("change", _CHANGE)):
        if any(word in words for word in signs):
            return kind
    return "other"


def outcome(*texts: str | None) -> str | None:
    """success | failure where one of the texts says so."""
    words = " ".join(text for text in texts if text).lower()
    if any(word in words for word in _FAILED):
        return "failure"
    return "success" if any(word in words for word in _GOOD) else None


def finish(event: Event, name: str, category: str, action: str | None) -> None:
    """Set kind, category, type, outcome and roles from what the record says of itself."""
    kind = topic(name, category)
    severity = event.get("event.severity", 0)
    stopped = blocked(action)
    if kind == "detection" or (severity >= 60 and kind == "other"):
        alert(event, blocked=True if stopped is None and "block" in name.lower() else stopped)
        network(event)
        return
    event["event.kind"] = "event"
    if kind in {"login", "logout"}:
        event["event.category"], event["event.type"] = ["authentication"], ["start" if kind == "login" else "end"]
        event.setdefault(
            "event.outcome", outcome(action, name, event.get("message"), event.get("event.reason")) or "unknown"
        )
    elif kind == "change":
        event["event.category"], event["event.type"] = ["configuration"], ["change"]
    elif "source.ip" in event and "destination.ip" in event:
        event["event.category"] = ["network"]
        event["event.type"] = ["connection"] + ([] if stopped is None else ["denied" if stopped else "allowed"])
        if stopped is not None:
            event.setdefault("event.outcome", "failure" if stopped else "success")
    else:
        event["event.category"], event["event.type"] = ["host"], ["info"]
    network(event)


_TYPES: Final = (
    ("waf", ("waf", "web application", "asm", "imperva", "securesphere", "fortiweb")),
    ("ids", ("ids", "ips", "intrusion", "snort", "sourcefire", "tippingpoint", "nip", "vectra", "x series",
        "deep discovery", "天眼", "探针")),
    ("firewall", ("firewall", "ngfw", "pan-os", "asa", "utm", "防火墙", "vpn-1", "fortigate")),
    ("edr", ("endpoint", "antivirus", "edr", "falcon", "officescan", "apex", "carbon", "defender", "sentinelone",
        "epp")),
    ("identity", ("vault", "bastion", "cyberark", "identity", "radius", "堡垒")),
    ("email", ("mail", "ironport", "proofpoint")),
    ("proxy", ("proxy", "zscaler", "websense", "nss", "swg")),
)  # fmt: skip


def observer_type(vendor: str, product: str) -> str | None:
    """ECS `observer.type` guessed from the product's name."""
    return (_observer_type if len(vendor) + len(product) <= KEPT else _observer_type.__wrapped__)(vendor, product)


@lru_cache(maxsize=1024)
def _observer_type(vendor: str, product: str) -> str | None:
    words = f"{vendor} {product}".lower()
    return next((kind for kind, signs in _TYPES if any(sign in words for sign in signs)), None)
