"""Attack scripts: one module an attack, found by its `ATTACK`. Adding one touches no list."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from simulator.scene import Attack


@cache
def scripts() -> tuple[Attack, ...]:
    """All scripts by name."""
    found: list[Attack] = []
    for info in pkgutil.iter_modules(__path__):
        if not info.name.startswith("_"):
            found.append(importlib.import_module(f"simulator.attacks.{info.name}").ATTACK)
    return tuple(sorted(found, key=lambda attack: attack.name))
