"""Time and the hour."""

from __future__ import annotations

from typing import ClassVar

from ledger.commands.codecs import MICROS, WORD, Command, field_as, shape

__all__ = ["CutHour", "FailHour", "Tick"]


@shape
class Tick(Command):
    """Time passes; the log's applied time is what counts, and this only makes expiries happen."""

    TYPE: ClassVar[str] = "tick"


@shape
class CutHour(Command):
    """The hour ends here: what the attestation for `hour` states is the state after this command."""

    TYPE: ClassVar[str] = "cut-hour"
    hour: int = field_as(MICROS)


@shape
class FailHour(Command):
    """An assertion of an hour failed: no root was signed for it, and the venue takes cancellations only."""

    TYPE: ClassVar[str] = "fail-hour"
    code: str = field_as(WORD)
