"""One paragraph in words, composed from the figures beside it and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from api.common import Number, RegionRef, RiskBrief
from api.regions.schemas import RegionRow


def _period(hours: int) -> tuple[str, str]:
    if hours % 24 == 0 and hours > 24:
        return f"近 {hours // 24} 天", f"the last {hours // 24} days"
    return f"近 {hours} 小时", f"the last {hours} hours"


def _compared(number: Number) -> tuple[str, str]:
    """The change against the period before, in per cent where that says something."""
    if number.previous is None:
        return "", ""
    if number.previous == 0:
        return ("（上期为 0）", " (none in the period before)") if number.value else ("", "")
    change = 100.0 * (number.value - number.previous) / number.previous
    if round(change) == 0:
        return "（与上期持平）", " (as in the period before)"
    word_zh, word_en = ("上升", "up") if change > 0 else ("下降", "down")
    return f"（环比{word_zh} {abs(change):.0f}%）", f" ({word_en} {abs(change):.0f}% on the period before)"


def _risk(risk: RiskBrief | None) -> tuple[str, str]:
    if risk is None:
        return "尚无风险指数。", "There is no risk index yet."
    coverage = f"{risk.coverage:.0%}"
    if risk.insufficient:
        return (
            f"数据覆盖率仅 {coverage}，数据不足，暂不能判断风险高低。",
            f"Coverage is only {coverage}: insufficient data to call the risk high or low.",
        )
    return (
        f"风险指数 {risk.mid:.0f}（区间 {risk.low:.0f}–{risk.high:.0f}，覆盖率 {coverage}）。",
        f"The risk index is {risk.mid:.0f} (interval {risk.low:.0f}–{risk.high:.0f}, coverage {coverage}).",
    )


def _worst(ranking: Sequence[RegionRow]) -> tuple[str, str]:
    """The children by share of enterprises hit, so that one noisy line does not lead."""
    hit = sorted((row for row in ranking if row.enterprises_hit), key=lambda row: -row.hit_rate)[:3]
    if not hit:
        return "", ""
    zh = "、".join(f"{row.region.name}（{row.enterprises_hit}/{row.enterprises_monitored} 家）" for row in hit)
    en = ", ".join(
        f"{row.region.name_en or row.region.name} ({row.enterprises_hit} of {row.enterprises_monitored})" for row in hit
    )
    return f"受影响企业占比较高的地区：{zh}。", f" Highest share of enterprises hit: {en}."


def summary(
    region: RegionRef, hours: int, numbers: Sequence[Number], risk: RiskBrief | None, ranking: Sequence[RegionRow]
) -> tuple[str, str]:
    """Chinese and English."""
    by_key = {number.key: number for number in numbers}
    incidents, alerts, hit = by_key["incidents"], by_key["alerts"], by_key["enterprises_hit"]
    monitored, still_open, overdue = (
        by_key[key] for key in ("enterprises_monitored", "open_incidents", "overdue_incidents")
    )
    period_zh, period_en = _period(hours)
    risk_zh, risk_en = _risk(risk)
    worst_zh, worst_en = _worst(ranking)
    zh = (
        f"{period_zh}，{region.name}共产生告警 {alerts.value:.0f} 条{_compared(alerts)[0]}，"
        f"形成需研判的安全事件 {incidents.value:.0f} 起{_compared(incidents)[0]}，"
        f"涉及企业 {hit.value:.0f} 家（监测企业 {monitored.value:.0f} 家）；"
        f"目前未关闭 {still_open.value:.0f} 起，其中超时 {overdue.value:.0f} 起。{risk_zh}{worst_zh}"
    )
    en = (
        f"In {period_en}, {region.name_en or region.name} saw {alerts.value:.0f} alerts{_compared(alerts)[1]}, of "
        f"which {incidents.value:.0f} incidents need judgement{_compared(incidents)[1]}, at {hit.value:.0f} of "
        f"{monitored.value:.0f} monitored enterprises; {still_open.value:.0f} are open now, "
        f"{overdue.value:.0f} of them overdue. {risk_en}{worst_en}"
    )
    return zh, en
