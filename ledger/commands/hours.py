"""Time and the hour."""

from __future__ import annotations

from typing import ClassVar

from ledger.commands.codecs import MICROS, Command, field_as, shape

__all__ = ["CutHour", "Tick"]


@shape
class Tick(Command):
    """Time passes; the log's applied time is what counts, and this only makes expiries happen."""

    TYPE: ClassVar[str] = "tick"


@shape
class CutHour(Command):
    """The hour ends here: what the attestation for `hour` states is the state after this command."""

    TYPE: ClassVar[str] = "cut-hour"
    hour: int = field_as(MICROS)
