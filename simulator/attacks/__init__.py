"""Attack scripts: one module an attack, found by its `ATTACK`. Adding one touches no list."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from simulator.scene import Attack


@cache
def scripts() -> tuple[Attack, ...]:
    """All scripts, in the order of their names."""
    names = sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))
    return tuple(importlib.import_module(f"simulator.attacks.{name}").ATTACK for name in names)
