"""docs/reference/settings.md, made from the settings' own descriptions: `python -m taishi.settings_page`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from taishi.settings import Settings

HEAD = """# Settings

Made by `python -m taishi.settings_page`. One TOML file (`TAISHI_CONFIG`, default `taishi.toml`) and the environment: a variable
such as `TAISHI_SYSLOG__TCP_PORT=6514` overrides `[syslog] tcp_port`, and `off` in it switches an optional port off. Unknown names
are refused at the start.
"""


def page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    sections: list[tuple[str, type[BaseModel]]] = []
    plain: list[tuple[str, FieldInfo]] = []
    for name, field in Settings.model_fields.items():
        inner = _section(field)
        if inner is None:
            plain.append((name, field))
        else:
            sections.append((name, inner))
    parts.append(_table(plain))
    for name, model in sections:
        repeated = Settings.model_fields[name].annotation is not model
        parts.append(
            f"## `{f'[[{name}]]' if repeated else f'[{name}]'}`\n\n{_summary(model)}{_table(model.model_fields.items())}"
        )
    return "\n".join(parts)


def _section(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a section, also of one that may be given several times."""
    for candidate in (field.annotation, *getattr(field.annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _summary(model: type[BaseModel]) -> str:
    own = model.__dict__.get("__doc__")
    return f"{own}\n\n" if own else ""


def _table(fields: Any) -> str:
    rows: Iterator[str] = (f"| `{name}` | `{_default(field)}` | {field.description or ''} |" for name, field in fields)
    return "\n".join(["| name | default | meaning |", "|---|---|---|", *rows, ""])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    return "off" if value is None else '""' if value == "" else str(value)


if __name__ == "__main__":
    path = Path(__file__).resolve().parent.parent / "docs" / "reference" / "settings.md"
    path.write_text(page(), "utf-8")
