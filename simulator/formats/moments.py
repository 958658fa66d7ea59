"""Epoch seconds as the products write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

CHINA: Final = timezone(timedelta(hours=8))
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def local(at: float) -> datetime:
    return datetime.fromtimestamp(at, CHINA)


def iso_local(at: float) -> str:
    """2026-03-02T08:15:30.123456+0800, as Suricata writes."""
    moment = local(at)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}+0800"


def iso_utc(at: float) -> str:
    """2026-03-02T00:15:30.123Z"""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def utc_words(at: float) -> str:
    """2026-03-02 00:15:30.123, Sysmon's UtcTime."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


def bsd(at: float) -> str:
    """Mar  2 08:15:30, the RFC 3164 header: no year, no zone."""
    moment = local(at)
    return f"{_MONTHS[moment.month - 1]} {moment.day:2d} {moment:%H:%M:%S}"


def words(at: float) -> str:
    """Mar 02 2026 08:15:30, VRP and LEEF."""
    moment = local(at)
    return f"{_MONTHS[moment.month - 1]} {moment.day:02d} {moment:%Y %H:%M:%S}"
