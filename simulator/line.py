"""What the simulator makes: a raw line of a source at a time, with the truth about it."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.equipment import Feed


@dataclass(frozen=True, slots=True)
class Truth:
    """`attack` is the id of the attack the line belongs to, with its step and ATT&CK technique; empty for noise.

    `noise` says what kind of noise: scan, probe, exploit, brute, benign, process (OT baseline), garbled, …"""

    attack: str = ""
    kind: str = ""
    step: str = ""
    technique: str = ""
    noise: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """`at` is when it happened, epoch seconds; `text` is the record without its newline."""

    at: float
    feed: Feed
    text: str
    truth: Truth
