"""How figures of the store are spelt for people and in JSON: amounts as exact decimals, times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from ledger.errors import InputError

__all__ = ["SECOND_US", "read_time", "second_text", "time_text"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US: Final = 1_000_000
_MICRO: Final = timedelta(microseconds=1)


def time_text(micros: int) -> str:
    """Microseconds since 1970 as `2026-11-22T10:00:00.000000Z`."""
    return f"{(_EPOCH + timedelta(microseconds=micros)).isoformat(timespec='microseconds')[:-6]}Z"


def read_time(text: str, what: str) -> int:
    """Microseconds of a day or a full second in UTC; raises InputError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(what, "is no time", "Write 2026-11-22 or 2026-11-22T10:00:00Z.") from None
    if found.microsecond:
        raise InputError(what, "is no full second", "Write 2026-11-22 or 2026-11-22T10:00:00Z.")
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return (found - _EPOCH) // _MICRO


def second_text(micros: int) -> str:
    """The same of a full second, as `2026-11-22T10:00:00Z`."""
    assert micros % SECOND_US == 0, "a full second"
    return f"{time_text(micros)[:19]}Z"
