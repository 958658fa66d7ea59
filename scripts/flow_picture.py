"""Draw docs/images/flow.svg and flow.zh-CN.svg: the way of an alert through Taishi, for the READMEs."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

OUT = Path(__file__).resolve().parent.parent / "docs" / "images"

TEXTS = {
    "flow.svg": {
        "in": ["Enterprises", "IT · OT · platforms", "identifier nodes"],
        "collect": ["collectors/", "syslog · HTTP · files", "parse to ECS", "ledger · quarantine"],
        "stream": ["stream", "ordered by", "enterprise"],
        "process": ["processor/", "enrich → aggregate", "→ correlate → risk", "exactly once"],
        "events": ["EventStore", "events and alerts", "search, count"],
        "records": ["Records", "incidents, risk,", "people, audit"],
        "api": ["api/", "roles × scopes", "REST + live"],
        "eyes": ["dashboards/", "queue · incident", "map · risk · sources"],
        "note": "1,500,000 log lines  →  alerts  →  meta-alerts  →  a handful of explained incidents",
    },
    "flow.zh-CN.svg": {
        "in": ["企业", "IT · 工控 · 平台", "标识解析节点"],
        "collect": ["collectors/ 采集", "syslog · HTTP · 文件", "归一为 ECS", "数据收支 · 隔离区"],
        "stream": ["消息流", "按企业", "有序"],
        "process": ["processor/ 处理", "富化 → 归并", "→ 关联 → 风险", "恰好一次"],
        "events": ["EventStore", "日志与告警", "检索、统计"],
        "records": ["Records", "事件、风险、", "人员、审计"],
        "api": ["api/ 接口", "角色 × 范围", "REST + 实时"],
        "eyes": ["dashboards/ 大屏", "研判 · 事件", "地图 · 风险 · 接入"],
        "note": "一百五十万条日志 → 告警 → 归并告警 → 寥寥几起说得清缘由的安全事件",
    },
}

BOXES = {  # name: x, y, width, height, emphasised
    "in": (10, 80, 130, 90, False),
    "collect": (170, 70, 150, 110, True),
    "stream": (350, 85, 100, 80, False),
    "process": (480, 70, 150, 110, True),
    "events": (660, 20, 140, 80, False),
    "records": (660, 150, 140, 80, False),
    "api": (830, 85, 110, 80, True),
    "eyes": (970, 70, 150, 110, True),
}
ARROWS = [
    ((140, 125), (170, 125)), ((320, 125), (350, 125)), ((450, 125), (480, 125)), ((630, 105), (660, 65)),
    ((630, 145), (660, 185)), ((800, 65), (830, 108)), ((800, 185), (830, 142)), ((940, 125), (970, 125)),
]  # fmt: skip


def _box(name: str, lines: list[str]) -> str:
    x, y, width, height, strong = BOXES[name]
    fill, stroke, ink = ("#0f3d3a", "#5fb8ad", "#eaf6f4") if strong else ("#16211f", "#3c5753", "#dbe7e5")
    rows = [f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" fill="{fill}" stroke="{stroke}"/>']
    top = y + height / 2 - (len(lines) - 1) * 10
    for index, line in enumerate(lines):
        weight = ' font-weight="600"' if index == 0 else ' fill-opacity="0.8"'
        size = 15 if index == 0 else 12.5
        rows.append(
            f'<text x="{x + width / 2}" y="{top + index * 20 + 4:.0f}" fill="{ink}" font-size="{size}"'
            f'{weight} text-anchor="middle">{escape(line)}</text>'
        )
    return "\n".join(rows)


def draw(texts: dict[str, str | list[str]]) -> str:
    parts = [
        (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1130 290" role="img" '
            "font-family=\"'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',system-ui,sans-serif\">"
        ),
        f"<title>{escape(str(texts['note']))}</title>",
        (
            '<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0 8 4 0 8z" fill="#5fb8ad"/></marker></defs>'
        ),
        '<rect width="1130" height="290" rx="12" fill="#0b1413"/>',
    ]
    parts += [
        f'<line x1="{a}" y1="{b}" x2="{c - 2}" y2="{d}" stroke="#5fb8ad" stroke-width="1.6" marker-end="url(#a)"/>'
        for (a, b), (c, d) in ARROWS
    ]
    parts += [_box(name, list(texts[name])) for name in BOXES]
    note = escape(str(texts["note"]))
    parts.append(f'<text x="565" y="268" fill="#9fd3cb" font-size="14" text-anchor="middle">{note}</text></svg>')
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    for name, texts in TEXTS.items():
        (OUT / name).write_text(draw(texts), encoding="utf-8")
