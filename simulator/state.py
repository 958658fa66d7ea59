"""What one installation of the sample province remembers: its secret, its password, and how far it has played.

A small JSON file beside the platform's data, readable by its owner alone; written whole and renamed, so that a crash
leaves the old one.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from taishi.errors import ConfigError
from taishi.security.keys import PREFIX


@dataclass
class Installation:
    """`anchor` is where the daily attacks count from; `positions`: enterprise → up to when its lines are delivered."""

    region: str
    seed: int
    enterprises: int
    anchor: float
    secret: str = field(default_factory=lambda: secrets.token_hex(32))
    password: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    positions: dict[str, float] = field(default_factory=dict)

    def key(self, source_id: str) -> str:
        """The API key of a source: made from the secret, so that nothing else has to be kept."""
        digest = hmac.digest(bytes.fromhex(self.secret), source_id.encode(), "sha256")
        return PREFIX + base64.urlsafe_b64encode(digest).decode().rstrip("=")

    @property
    def reached(self) -> float | None:
        """Up to when everything is delivered; None before the first line."""
        return max(self.positions.values(), default=None)


def load(path: Path) -> Installation | None:
    """The installation kept in a file; None where there is none. Raises ConfigError for a broken one."""
    try:
        return Installation(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}); remove it to begin anew") from error


def save(path: Path, installation: Installation) -> None:
    text = json.dumps(asdict(installation))
    draft = path.with_name(path.name + ".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
