"""What people read: titles, reasons and joins, in both languages, from the numbers that decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from processor.behaviours import named, table
from processor.correlate.score import STAGE_RISK, THETA, Link, hosts, shares
from processor.correlate.state import Case, Member, State
from processor.entities import shown, value_of

KINDS = {
    "host": ("主机", "host"), "ip": ("地址", "address"), "internal": ("内部地址", "inside address"),
    "user": ("账号", "account"), "hash": ("文件散列", "file hash"), "process": ("进程", "process"),
    "domain": ("域名", "domain"), "session": ("会话", "session"), "hub": ("公共节点", "shared node"),
}  # fmt: skip
STAGES = (
    ("侦察", "reconnaissance"), ("初始访问", "initial access"), ("执行与驻留", "execution and persistence"),
    ("立足", "foothold"), ("横向移动与收集", "lateral movement and collection"),
    ("工控发现与执行", "ICS discovery and execution"),
    ("工控横向移动", "ICS lateral movement"), ("外传与工控控制", "exfiltration or ICS control"), ("破坏", "impact"),
    ("破坏工控过程", "impairing process control"), ("工控影响", "ICS impact"),
)  # fmt: skip
ORDER = {1.0: ("顺承攻击阶段", "follows the stages"), 0.8: ("阶段略有回退", "steps slightly back")}
MAX_STEPS = 4


def entity_text(entity: str) -> tuple[str, str]:
    kind, _, value = entity.partition(":")
    zh, en = KINDS.get(kind, (kind, kind))
    return f"{zh} {value}", f"{en} {value}"


def behaviour_text(member: Member) -> tuple[str, str]:
    """The technique's name in both languages; else the rule's own name."""
    found = named(member.technique) if member.technique else None
    if found is None:
        row = table().get(member.behaviour)
        return (row.name_zh, row.name_en) if row else (member.name, member.name)
    return found.name_zh, found.name_en


def duration_text(seconds: float) -> tuple[str, str]:
    if seconds < 90:
        return f"{seconds:.0f} 秒", f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} 分钟", f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} 小时", f"{seconds / 3600:.1f} h"


TELLING_SHARE = 0.04
"""Share of the score from which on a behaviour is named in the title."""


def _steps(members: Sequence[Member]) -> tuple[str, str]:
    """The riskiest behaviour of each stage, in order of the kill chain; the most telling where there are many. What
    adds next to nothing to the score is no step of the story."""
    ranked = shares(members)
    by_stage: dict[int, Member] = {}
    for member, share in ranked:
        if share >= TELLING_SHARE or member is ranked[0][0]:
            by_stage.setdefault(member.stage, member)
    chosen = sorted(by_stage, key=lambda stage: (-by_stage[stage].risk, stage))[:MAX_STEPS]
    names = [behaviour_text(by_stage[stage]) for stage in sorted(chosen)]
    return " → ".join(zh for zh, _ in names), " → ".join(en for _, en in names)


def _most_frequent(values: Sequence[str]) -> str:
    known = [value for value in values if value]
    return max(sorted(set(known)), key=known.count) if known else ""


def title(state: State, case: Case) -> tuple[str, str]:
    """ "203.0.113.9 → mes-db 等 3 台主机：利用对外应用 → 应用层协议通信" and the same in English."""
    members = state.telling(case)
    telling = [member for member, _ in shares(members)]
    attacker = value_of(_most_frequent([member.attacker for member in telling]))
    victim = value_of(telling[0].victim if telling else "") or value_of(_most_frequent([m.victim for m in telling]))
    steps_zh, steps_en = _steps(members)
    number = len(hosts([member for member in members if member.risk >= STAGE_RISK] or members))
    more_zh, more_en = (f" 等 {number} 台主机", f" and {number - 1} more") if number > 1 else ("", "")
    who_zh = f"{attacker} → {victim}{more_zh}" if attacker and victim else f"{attacker or victim}{more_zh}"
    who_en = f"{attacker} → {victim}{more_en}" if attacker and victim else f"{attacker or victim}{more_en}"
    return (f"{who_zh}：{steps_zh}" if who_zh else steps_zh), (f"{who_en}: {steps_en}" if who_en else steps_en)


def reasons(state: State, case: Case, *, signalled: bool = False) -> list[dict[str, Any]]:
    """Additive: each behaviour's share of the score, with what was seen; `signalled`: with the counts of the last signals,
    which do not depend on where a stretch ended."""
    found = []
    for member, share in shares(state.telling(case)):
        zh, en = behaviour_text(member)
        stage_zh, stage_en = STAGES[min(member.stage, len(STAGES) - 1)]
        number = member.told if signalled else member.count
        done_zh, done_en = ("，已成功", ", succeeded") if member.outcome == "success" else ("", "")
        found.append(
            {
                "code": member.group,
                "share": share,
                "value": member.risk,
                "meta_id": member.id,
                "text_zh": f"{stage_zh}阶段：{zh}（{member.name}），{number} 次，严重程度 {member.severity}，"
                f"罕见度 {member.surprise:.0%}{done_zh}",
                "text_en": f"{stage_en}: {en} ({member.name}), {_times(number)}, severity {member.severity}, "
                f"surprise {member.surprise:.0%}{done_en}",
            }
        )
    return found[:32]


def opening() -> dict[str, Any]:
    """The join of the meta-alert that opened an incident."""
    return {
        "score": 1.0, "weight": 1.0, "stage_factor": 1.0, "risk_factor": 1.0, "entities": [], "by": "engine",
        "text_zh": "本事件由它开始：没有足够相关的已有事件。",
        "text_en": "It opened this incident: no existing one was related enough.",
    }  # fmt: skip


def join(link: Link, member: Member, others: Sequence[Member]) -> dict[str, Any]:
    """Why the engine put a meta-alert into an incident."""
    pivot = _pivot(member, others)
    named_entities = [entity_text(entity) for entity, _ in link.entities if not entity.startswith("enterprise:")]
    age_zh, age_en = duration_text(link.age)
    if named_entities:
        zh = "共有" + "、".join(text for text, _ in named_entities[:3])
        en = "shares " + ", ".join(text for _, text in named_entities[:3])
    else:
        zh = "同一企业在已判定的攻击之后出现的罕见行为"
        en = "rare behaviour of the same enterprise right after an escalated attack"
    order_zh, order_en = ORDER.get(link.stage_factor, ("阶段回退", "steps back"))
    return {
        "score": round(link.score, 4),
        "weight": round(link.weight, 4),
        "stage_factor": link.stage_factor,
        "risk_factor": round(link.risk_factor, 4),
        "entities": [
            {**(shown(entity) if not entity.startswith("enterprise:") else {"kind": "enterprise", "value": ""}),
             "weight": round(weight, 4)}
            for entity, weight in link.entities
        ],
        "text_zh": f"{pivot[0]}{zh}；距上次活动 {age_zh}，{order_zh}；关联得分 {link.score:.2f}（阈值 {THETA:.2f}）。",
        "text_en": f"{pivot[1]}{en}; {age_en} after the last activity, {order_en}; link score {link.score:.2f} "
        f"(threshold {THETA:.2f}).",
        "by": "engine",
    }  # fmt: skip


def bridged(link: Link, dropped: str) -> dict[str, Any]:
    """Why two incidents became one: written on each meta-alert that moved."""
    first = entity_text(link.entities[0][0]) if link.entities else ("", "")
    return {
        "score": round(link.score, 4), "weight": round(link.weight, 4), "stage_factor": link.stage_factor,
        "risk_factor": round(link.risk_factor, 4), "by": "engine",
        "entities": [{**shown(entity), "weight": round(weight, 4)} for entity, weight in link.entities],
        "text_zh": f"事件 {dropped} 与本事件由同一告警相连（{first[0]}，权重 {link.weight:.2f}），因此合并。",
        "text_en": f"One alert links incident {dropped} to this one ({first[1]}, weight {link.weight:.2f}): merged.",
    }  # fmt: skip


def shared(hub: str, *, marked: bool) -> dict[str, Any]:
    """What became of a join when the entity it rested on turned out to be everybody's."""
    zh, en = entity_text(hub)
    then_zh, then_en = (
        ("人员已接触本事件，因此未自动拆分：请核实是否属于本事件。", "people know this incident: check whether this belongs to it.")
        if marked
        else ("因此从原事件中分出。", "it was separated from the incident it was in.")
    )  # fmt: skip
    return {
        "score": 0.0, "weight": 0.0, "stage_factor": 1.0, "risk_factor": 1.0, "by": "engine",
        "entities": [{"kind": "hub", "value": value_of(hub), "weight": 0.0}],
        "text_zh": f"{zh} 现已识别为公共节点，仅靠它建立的关联不再成立；{then_zh}",
        "text_en": f"{en} is now known to be shared by many, so a link that rests on it alone no longer holds; {then_en}",
    }  # fmt: skip


def context(member: Member, case: Case, nearness: float) -> dict[str, Any]:
    """Why a meta-alert is shown with an incident that nothing links it to."""
    before = member.t < case.first
    away_zh, away_en = duration_text(max(0.0, case.first - member.t, member.first - case.active))
    when_zh, when_en = (
        (f"攻击开始前 {away_zh}", f"{away_en} before the attack began")
        if before
        else ("攻击期间或之后", "during or after the attack")
    )
    what_zh, what_en = ("未具名的侦察", "reconnaissance by nobody named") if member.stage == 0 else (
        f"本企业罕见的行为（罕见度 {member.surprise:.0%}）", f"behaviour rare in this enterprise (surprise {member.surprise:.0%})"
    )  # fmt: skip
    return {
        "score": round(nearness, 4), "weight": 0.0, "stage_factor": 1.0, "risk_factor": 1.0, "entities": [], "by": "engine",
        "text_zh": f"{when_zh}，{what_zh}：作为背景列出，不计入得分。",
        "text_en": f"{when_en}: {what_en}; listed as context, adds nothing to the score.",
    }  # fmt: skip


def _pivot(member: Member, others: Sequence[Member]) -> tuple[str, str]:
    """The victim of an earlier step attacks now: what an analyst looks for first."""
    if member.attacker and any(other.victim == member.attacker and other.id != member.id for other in others):
        value = value_of(member.attacker)
        return f"先前的受害主机 {value} 成为攻击源，", f"{value}, a victim before, now attacks; "
    return "", ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
