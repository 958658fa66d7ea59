"""What people read about a campaign. No enterprise is named: officials of other cities read the same texts."""

from __future__ import annotations

from typing import Any

from taishi.campaigns.find import Evidence, Found

KIND = {
    "worm": ("蠕虫传播", "Worm"), "supply_chain": ("供应链攻击", "Supply-chain attack"),
    "malware": ("同一恶意文件", "Same malicious file"), "infrastructure": ("同一攻击设施", "Same attack infrastructure"),
}  # fmt: skip
INDICATOR = {"hash": ("文件散列", "file hash"), "domain": ("域名", "domain"), "ip": ("地址", "address")}
SHORT = 12


def value_text(kind: str, value: str) -> str:
    return f"{value[:SHORT]}…" if kind == "hash" else value


def title(found: Found) -> tuple[str, str]:
    strongest = found.evidence[0]
    zh, en = KIND[found.kind]
    kind_zh, kind_en = INDICATOR[strongest.kind]
    value, count = value_text(*strongest.indicator), len(found.enterprises)
    return f"{zh}：{kind_zh} {value} 见于 {count} 家企业", f"{en}: {kind_en} {value} at {count} enterprises"


def reasons(found: Found) -> list[dict[str, Any]]:
    """Additive: the shares of the hazard sum to 1."""
    total = sum(amount for _, _, amount in found.hazards)
    shown = []
    for code, evidence, amount in found.hazards:
        text_zh, text_en = _evidence_text(evidence) if evidence else ("各企业的攻击手法顺序相似", "the steps are alike")
        shown.append(
            {
                "code": code, "share": amount / total if total else 0.0, "value": amount, "text_zh": text_zh,
                "text_en": text_en, "kind": evidence.kind if evidence else "", "indicator": evidence.value if evidence else "",
            }
        )  # fmt: skip
    return shown


def _evidence_text(one: Evidence) -> tuple[str, str]:
    kind_zh, kind_en = INDICATOR[one.kind]
    value = value_text(*one.indicator)
    rest_zh = f"另有 {one.background} 家接触过但无要紧事件" if one.background else "别处未见"
    rest_en = f"{one.background} more met it without an incident" if one.background else "nobody else met it"
    return (
        f"{kind_zh} {value} 出现在 {one.enterprises} 家企业的事件中，{rest_zh}",
        f"{kind_en} {value} in incidents of {one.enterprises} enterprises, {rest_en}",
    )


def indicators(found: Found) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind, "value": one.value, "rarity": round(one.rarity, 6), "enterprises": one.enterprises,
            "background": one.background, "hazard": round(one.hazard, 6),
            "first_seen": min(seen.first for seen in one.sightings),
            "last_seen": max(seen.last for seen in one.sightings),
        }
        for one in found.evidence[:50]
    ]  # fmt: skip
