"""What a parameter is: its scope, which changes loosen it, and the kinds of values with their ranges.

The rooms of the engine say their parameters in these words (`ledger/*/parameters.py`); `ledger.parameters` joins them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from ledger.canonical import Json
from ledger.errors import FormatError
from ledger.trading.fees import FeeSchedule, FeeTier
from ledger.trading.market import PPM, MarketRefused

__all__ = ["Kind", "Looser", "Parameter", "Range", "Scope", "Tiers", "Value", "Whole", "Word"]

Value: TypeAlias = Any
"""An integer, a word, a pair of integers or a tuple of rows, as the parameter's kind says. Never changed."""

_WHOLE: Final = re.compile(r"(?:0|-?[1-9][0-9]{0,18})\Z")


class Scope(StrEnum):
    """What a value belongs to."""

    EXCHANGE = "exchange"
    MARKET = "market"
    ASSET = "asset"
    PARAMETER = "parameter"


class Looser(StrEnum):
    """Which changes loosen: to a greater value, to a smaller one, to a pair that holds more, all, or none."""

    UP = "up"
    DOWN = "down"
    WIDER = "wider"
    EITHER = "either"
    NONE = "none"

    def loosens(self, old: Value, new: Value) -> bool:
        """Whether a change from one value to another one loosens."""
        match self:
            case Looser.UP:
                return bool(new > old)
            case Looser.DOWN:
                return bool(new < old)
            case Looser.WIDER:
                return bool(new[0] < old[0] or new[1] > old[1])
        return self is Looser.EITHER


class Kind(Protocol):
    """A type of values with its range. `given` is text, or a tuple of what is given."""

    def read(self, given: Any) -> Value:
        """The value; raises FormatError with the reason's code."""

    def write(self, value: Value) -> Json:
        """How the value stands in JSON; `read` gives it back."""


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer from `least` to `most`, as decimal text."""

    least: int
    most: int

    def read(self, given: Any) -> int:
        """See `Kind.read`."""
        if not isinstance(given, str) or not _WHOLE.match(given):
            raise FormatError("malformed-value")
        if not self.least <= int(given) <= self.most:
            raise FormatError("value-out-of-range")
        return int(given)

    def write(self, value: Value) -> Json:
        """See `Kind.write`."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Range:
    """Two integers, each in its own range, the first not above the second."""

    low: Whole
    high: Whole

    def read(self, given: Any) -> tuple[int, int]:
        """See `Kind.read`."""
        if not isinstance(given, tuple) or len(given) != 2:
            raise FormatError("malformed-value")
        low, high = self.low.read(given[0]), self.high.read(given[1])
        if low > high:
            raise FormatError("value-out-of-range")
        return low, high

    def write(self, value: Value) -> Json:
        """See `Kind.write`."""
        return [str(value[0]), str(value[1])]


@dataclass(frozen=True, slots=True)
class Word:
    """A text that matches a pattern."""

    pattern: str

    def read(self, given: Any) -> str:
        """See `Kind.read`."""
        if not isinstance(given, str):
            raise FormatError("malformed-value")
        if not re.fullmatch(self.pattern, given):
            raise FormatError("value-out-of-range")
        return given

    def write(self, value: Value) -> Json:
        """See `Kind.write`."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Tiers:
    """Fee tiers: rows of least volume, maker and taker rate; `FeeSchedule` says which go together."""

    def read(self, given: Any) -> tuple[FeeTier, ...]:
        """See `Kind.read`."""
        if not isinstance(given, tuple) or not all(isinstance(row, tuple) and len(row) == 3 for row in given):
            raise FormatError("malformed-value")
        volume, rate = Whole(0, 2**63 - 1), Whole(-PPM, PPM)
        tiers = tuple(FeeTier(volume.read(least), rate.read(maker), rate.read(taker)) for least, maker, taker in given)
        try:
            FeeSchedule(tiers)
        except MarketRefused:
            raise FormatError("value-out-of-range") from None
        return tiers

    def write(self, value: Value) -> Json:
        """See `Kind.write`."""
        return [[str(number) for number in tier] for tier in value]


class Parameter(NamedTuple):
    """One line of the table. `notice_s`: how long a change that does not loosen is announced before it acts."""

    name: str
    scope: Scope
    kind: Kind
    unit: str
    default: Value
    looser: Looser
    source: str
    notice_s: int = 0
