"""The shape of a network detection (IDS, IPS, UTM, WAF): what makes an event an alert, and who attacked whom.

Roles are apart from source and destination. The sender of the offending packet is the attacker, except where the
signature describes what a victim does: malware calling home, a server's answer to an exploit, mining, a leak.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from collectors.parsers._attack import KEPT, infer
from collectors.parsers._common import is_internal
from taishi.event import Event

_VICTIM_TALKS: Final = (
    "trojan was detected", "command and control", "used for c2", "crypto currency mining", "coinminer", "cnc ", " cnc",
    "c&c", "botnet", "beacon", "checkin", "check-in", "callback", "exfiltrat", "external ip address", "ransomware",
    "backdoor", "mining", "malware domain", "malicious domain", "trojan",
    "回连", "外联", "挖矿", "僵尸", "木马", "远控",
)  # fmt: skip
_ANSWERS: Final = (
    "attack_response",
    "attack response",
    "id check returned",
    "successful ",
    "compromised",
    "利用成功",
    "已失陷",
)


def reading(name: str, category: str) -> tuple[bool, bool]:
    """(a victim's traffic when it leaves the inside, evidence of success) for a signature name and category."""
    return (_reading if len(name) + len(category) <= KEPT else _reading.__wrapped__)(name, category)


@lru_cache(maxsize=16384)
def _reading(name: str, category: str) -> tuple[bool, bool]:
    words = f"{name}\n{category}".lower()
    success = any(word in words for word in _ANSWERS)
    return success or any(word in words for word in _VICTIM_TALKS), success


def _reversed(event: Event, talks: bool, success: bool) -> bool:
    if success:
        return True
    outside = not is_internal(event.get("destination.ip")) or event.get("destination.port") == 53
    return talks and is_internal(event.get("source.ip")) and outside


_ROLES: Final = tuple(
    (f"{side}.{field}", f"taishi.{straight}.{end}", f"taishi.{crossed}.{end}")
    for field, end in (("ip", "ip"), ("user.name", "user"), ("domain", "host"))
    for side, straight, crossed in (("source", "attacker", "victim"), ("destination", "victim", "attacker"))
)


def roles(event: Event, *, swap: bool) -> None:
    """Set attacker and victim from source and destination, crossed over where `swap`."""
    for name, attacker, victim in _ROLES:
        value = event.get(name)
        if value is not None:
            event.setdefault(victim if swap else attacker, value)


def alert(
    event: Event, *, blocked: bool | None, category: str = "intrusion_detection", swap: bool | None = None
) -> None:
    """Make the event an alert; `rule.*` and the addresses must already be set.

    `blocked` is the product's action (None: it does not say). `swap` overrides who is the victim.
    """
    name, family = event.get("rule.name") or "", event.get("rule.category") or ""
    talks, success = reading(name, family)
    event["event.kind"] = "alert"
    event["event.category"] = (
        ["intrusion_detection"] if category == "intrusion_detection" else [category, "intrusion_detection"]
    )
    event["event.type"] = ["denied"] if blocked else ["allowed"] if blocked is False else ["info"]
    event["event.outcome"] = "failure" if blocked else "success" if success else "unknown"
    event["taishi.outcome"] = event["event.outcome"]
    if "network" not in event["event.category"] and "source.ip" in event:
        event["event.category"].append("network")
    crossed = _reversed(event, talks, success) if swap is None else swap
    roles(event, swap=crossed)
    if crossed and talks and event.get("destination.port") == 53 and is_internal(event.get("taishi.attacker.ip")):
        # The resolver inside that was asked for a bad name attacks nobody.
        del event["taishi.attacker.ip"]
    _host_victim(event)
    infer(event, family, name)


def _host_victim(event: Event) -> None:
    """A detection on a host (antivirus, EDR) names no network peer: the host and its user are the victim."""
    if "taishi.victim.ip" in event or "taishi.attacker.ip" in event:
        return
    host = event.get("host.name") or event.get("host.hostname") or event.get("source.domain")
    if host:
        event.pop("taishi.attacker.host", None)
        event["taishi.victim.host"] = host
    user = event.get("user.name") or event.get("source.user.name")
    if user:
        event.pop("taishi.attacker.user", None)
        event["taishi.victim.user"] = user


_BLOCK: Final = frozenset(
    {
        "deny", "denied", "drop", "dropped", "block", "blocked", "reject", "rejected", "reset", "clear_session",
        "reset-client", "reset-server", "reset-both", "quarantine", "quarantined", "blacklist", "discard",
        "prevented", "clear",
        "prevent", "terminate", "killed", "deleted", "cleaned", "阻断", "拒绝", "丢弃", "拦截", "隔离", "封禁", "禁止",
    }
)  # fmt: skip
_PASS: Final = frozenset(
    {
        "allow", "allowed", "permit", "permitted", "pass", "passed", "accept", "accepted", "alert", "alerted", "detect",
        "detected", "monitor", "monitored", "monitor_only", "log", "logged", "declare", "passthrough", "pass_session",
        "forward", "learn", "close", "start", "timeout", "ip-conn", "server-rst", "client-rst", "success", "ok",
        "exempt", "允许", "放行", "告警", "检测", "通过", "记录",
    }
)  # fmt: skip


def blocked(action: str | None) -> bool | None:
    """Whether a product's action word says that the traffic was stopped; None where it says neither."""
    if not action:
        return None
    return _stops(action) if len(action) <= 64 else _stops.__wrapped__(action)


@lru_cache(maxsize=4096)
def _stops(action: str) -> bool | None:
    word = action.strip().lower()
    if word in _BLOCK:
        return True
    if word in _PASS:
        return False
    if any(part in word for part in ("block", "deny", "drop", "reset", "reject")):
        return True
    if word.startswith("未") or "失败" in word:
        return False
    return True if any(part in word for part in _BLOCK_PARTS) else None


_BLOCK_PARTS: Final = (
    "拒绝",
    "阻断",
    "拦截",
    "隔离",
    "丢弃",
    "封禁",
    "清除",
    "已删除",
    "删除成功",
    "查杀",
    "禁止",
    "阻止",
)
"""Chinese products join words: 联动拒绝, 已拦截, 清除成功."""
