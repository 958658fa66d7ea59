"""What somebody may see: a subtree of divisions, or single enterprises, optionally one supervising authority.

A scope is applied inside the stores' query layer. A region matches by prefix of its GB/T 2260 code without trailing
zero pairs: 330000 → "33", 330100 → "3301", 330106 → "330106".
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b


def region_prefix(code: str) -> str:
    """The significant digits of a six-digit division code: an empty string for "000000", the whole country."""
    digits = code
    while digits.endswith("00"):
        digits = digits[:-2]
    return digits


@dataclass(frozen=True, slots=True)
class Scope:
    """Conditions are joined by AND; an empty tuple means "no restriction by this". `nothing` sees nothing at all."""

    regions: tuple[str, ...] = ()
    """Six-digit division codes; each covers its whole subtree."""
    enterprises: tuple[str, ...] = ()
    """Enterprise ids (`organization.id`)."""
    authorities: tuple[str, ...] = ()
    """Supervising authorities (`taishi.authority`): miit, ca, cac, mps."""
    nothing: bool = False

    @property
    def prefixes(self) -> tuple[str, ...]:
        return tuple(region_prefix(code) for code in self.regions)

    @property
    def key(self) -> str:
        """The same for scopes that see the same by the same words, and different for all others."""
        parts = (sorted(self.regions), sorted(self.enterprises), sorted(self.authorities), self.nothing)
        return blake2b(repr(parts).encode(), digest_size=16).hexdigest()

    def allows(self, region: str, enterprise_id: str, authority: str = "") -> bool:
        """The same decision as the stores take, for a thing already in hand."""
        if self.nothing:
            return False
        if self.enterprises and enterprise_id not in self.enterprises:
            return False
        if self.authorities and authority not in self.authorities:
            return False
        return not self.regions or any(region.startswith(prefix) for prefix in self.prefixes)


EVERYTHING = Scope()
NOTHING = Scope(nothing=True)
