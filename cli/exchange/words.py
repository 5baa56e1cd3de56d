"""How figures of the store are spelt for people and in JSON: amounts as exact decimals, times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from ledger.assets import format_amount
from ledger.errors import InputError

__all__ = ["read_time", "signed_amount", "time_text"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)


def time_text(micros: int) -> str:
    """Microseconds since 1970 as `2026-11-22T10:00:00.000000Z`."""
    return f"{(_EPOCH + timedelta(microseconds=micros)).isoformat(timespec='microseconds')[:-6]}Z"


def read_time(text: str, what: str) -> int:
    """Microseconds of a day or a time in UTC; raises InputError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(what, "is no time", "Write 2026-11-22 or 2026-11-22T10:00:00Z.") from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return (found - _EPOCH) // _MICRO


def signed_amount(quanta: int, scale: int) -> str:
    """The shortest exact decimal text, with a sign where it is below zero."""
    return ("-" if quanta < 0 else "") + format_amount(abs(quanta), scale)
