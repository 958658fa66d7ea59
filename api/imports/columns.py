"""The columns that a file of enterprises or of sources may have, by their Chinese and English names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["enterprises", "sources"]


@dataclass(frozen=True, slots=True)
class Column:
    """`words`: what a cell may say instead of the stored value, in lower case."""

    field: str
    zh: str
    en: str
    example: str = ""
    required: bool = False
    longest: int = 200
    words: tuple[tuple[str, str], ...] = ()


_KINDS = (("工业企业", "industrial"), ("工业", "industrial"), ("平台企业", "platform"), ("平台", "platform"),
          ("标识解析", "identifier"), ("标识", "identifier"))  # fmt: skip
_AUTHORITIES = (("工信", "miit"), ("通信管理", "ca"), ("网信", "cac"), ("公安", "mps"))
_DATA = (
    ("安全", "security"),
    ("网络", "network"),
    ("平台", "platform"),
    ("标识", "identifier"),
    ("第三方", "third_party"),
)

ENTERPRISES: Final = (
    Column("id", "企业编号", "id", "ent-001", required=True, longest=64),
    Column("name", "企业名称", "name", "示例机械有限公司", required=True),
    Column("name_en", "英文名称", "name_en", "Example Machinery"),
    Column("region", "行政区划", "region", "330106", required=True, longest=64),
    Column("park", "园区", "park", longest=200),
    Column("industry", "行业代码", "industry", "C34", required=True, longest=8),
    Column("kind", "企业类型", "kind", "工业企业", words=_KINDS),
    Column("level", "分级", "level", "2", longest=4, words=(("一级", "1"), ("二级", "2"), ("三级", "3"))),
    Column("authority", "主管部门", "authority", "miit", longest=16, words=_AUTHORITIES),
    Column("contact", "联系人", "contact", "张工", longest=64),
    Column("contact_phone", "联系电话", "contact_phone", "13800000000", longest=32),
)

SOURCES: Final = (
    Column("enterprise_id", "企业编号", "enterprise_id", "ent-001", required=True, longest=64),
    Column("name", "来源名称", "name", "边界防火墙", required=True),
    Column("product", "产品", "product", "FortiGate"),
    Column("parser", "解析器", "parser", "fortigate", longest=64),
    Column("transport", "传输方式", "transport", "syslog", longest=16, words=(("推送", "http"), ("文件", "file"))),
    Column("data_kind", "数据类别", "data_kind", "安全", longest=16, words=_DATA),
    Column("timezone", "时区", "timezone", "Asia/Shanghai", longest=64),
    Column("encoding", "编码", "encoding", "", longest=32),
    Column("addresses", "发送地址", "addresses", "192.0.2.10", longest=2000),
    Column("expected_period", "正常间隔秒", "expected_period", "3600", longest=16),
    Column("quota_per_second", "配额每秒", "quota_per_second", "2000", longest=16),
)

BY_KIND: Final[dict[Kind, tuple[Column, ...]]] = {"enterprises": ENTERPRISES, "sources": SOURCES}


def value(column: Column, cell: str) -> str:
    """What a cell says, in the stored words."""
    return dict(column.words).get(cell.strip().lower(), cell.strip())
