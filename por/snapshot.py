"""Snapshot ids and hours: `exchange/hour/revision`, as docs/spec/encoding.md section 4 spells them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.canonical import INTEGER_MAX
from ledger.errors import FormatError

__all__ = ["EXCHANGE", "HOUR_SECONDS", "SnapshotId", "control_periods", "next_hour", "time_text", "to_seconds"]

EXCHANGE = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}\Z")
HOUR_SECONDS = 3_600
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_TIME_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z", re.ASCII)
_REVISION = re.compile(r"(0|[1-9][0-9]{0,15})\Z", re.ASCII)


def to_seconds(text: str) -> int:
    """Seconds since 1970 of a time text; raises FormatError for another spelling or a date that does not exist."""
    if not _TIME_SHAPE.match(text):
        raise FormatError(f"a time is written YYYY-MM-DDTHH:MM:SSZ, not {text[:40]!r}")
    try:
        return int(datetime.strptime(text, _TIME).replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise FormatError(f"no such time: {text}") from None


def time_text(seconds: int) -> str:
    """The time text of whole seconds since 1970."""
    # Not strftime: it leaves out the leading zeros of early years on some systems.
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def next_hour(hour: str) -> str:
    """The hour after an hour; raises FormatError after the last one that can be written."""
    try:
        return time_text(to_seconds(hour) + HOUR_SECONDS)
    except (ValueError, OverflowError):
        raise FormatError(f"there is no hour after {hour}") from None


def control_periods(hour: str) -> dict[str, str]:
    """The periods that a proof of control may be for, by name: the hour itself, its day, its month."""
    return {"hour": hour, "day": hour[:10], "month": hour[:7]}


@dataclass(frozen=True, slots=True)
class SnapshotId:
    """Which hour of which exchange, and which statement of it; revisions above 0 are restatements."""

    exchange: str
    hour: str
    revision: int = 0

    def __post_init__(self) -> None:
        if not EXCHANGE.match(self.exchange):
            raise FormatError("an exchange's name is 1 to 64 of a-z, 0-9, point and hyphen, a letter or digit first")
        if to_seconds(self.hour) % 3600:
            raise FormatError(f"a snapshot is for a full hour, not {self.hour}")
        if not 0 <= self.revision <= INTEGER_MAX:
            raise FormatError("a revision is from 0 to 2^53-1")

    def __str__(self) -> str:
        return f"{self.exchange}/{self.hour}/{self.revision}"

    @classmethod
    def parse(cls, text: str) -> SnapshotId:
        """Read the text form; raises FormatError."""
        parts = text.split("/")
        if len(parts) != 3 or not _REVISION.match(parts[2]):
            raise FormatError("a snapshot id is exchange/hour/revision")
        return cls(parts[0], parts[1], int(parts[2]))
