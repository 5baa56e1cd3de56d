"""Funding: each hour longs pay shorts, or shorts longs, so that a perpetual stays near its index.

The rate follows from the mean premium P of the hour (exchange.md 4, with the interest on the basis of eight hours):

    F = clamp((P + clamp(I8 - P, -0.05 %, +0.05 %)) / 8, -bound, +bound),  I8 = 0.01 %

so a market at its index pays 0.00125 % an hour. Rates and premiums are whole numbers of 10^-12. A premium counts from
its sample to the next one, for a minute at most: what nobody saw is in no mean. Pure, whole numbers alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ledger.canonical import Json

try:
    import numpy as np
except ImportError:
    IS_PLAIN = True  # a replay needs nothing that is not in Python: it takes the plain way, to the same numbers
else:
    IS_PLAIN = False

__all__ = ["RATE_UNIT", "FundingKeeper", "funding_rate", "payment", "payments"]

RATE_UNIT: Final = 10**12
INTEREST_8H: Final = 100_000_000
"""0.01 % for eight hours, exchange.md 4."""
DAMPING: Final = 500_000_000
"""0.05 %, exchange.md 4."""
HOLD_US: Final = 60_000_000
_PPM: Final = RATE_UNIT // 1_000_000
_HALF: Final = 1_000_000  # RATE_UNIT is its square
_VALUE_MAX: Final = 2**62
_RATE_MAX: Final = 2**37


def _clamp(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)


def funding_rate(premium: int, bound_ppm: int) -> int:
    """The rate of an hour with this mean premium; the division by eight is towards zero, so both sides are alike."""
    eight = premium + _clamp(INTEREST_8H - premium, -DAMPING, DAMPING)
    rate = eight // 8 if eight >= 0 else -(-eight // 8)
    return _clamp(rate, -bound_ppm * _PPM, bound_ppm * _PPM)


def payment(size: int, step_value: int, rate: int) -> int:
    """What a position gets, or gives where below zero: -size * value of a step * rate, quanta, rounded down.

    Down for who receives is less, and for who pays is more; what is left goes to the house's dust (law 3).
    """
    return -size * step_value * rate // RATE_UNIT


def payments(sizes: Sequence[int], step_value: int, rate: int) -> list[int]:
    """`payment` of many positions in one pass; each is worth less than 2^62 quanta.

    The product has up to 99 bits, so the value is taken apart by 10^12 and what is left of it by 10^6.
    """
    if not len(sizes) or not rate:
        return [0] * len(sizes)
    if IS_PLAIN:
        return [payment(size, step_value, rate) for size in sizes]
    steps = np.asarray(sizes, np.int64)
    largest = max(int(steps.max()), -int(steps.min()))
    assert step_value > 0 and largest * step_value < _VALUE_MAX, "a position's value fits 62 bits"
    assert abs(rate) < _RATE_MAX, "a rate is within its bound"
    values, factor = np.abs(steps) * np.int64(step_value), np.int64(abs(rate))
    whole, rest = np.divmod(values, np.int64(RATE_UNIT))
    high, low = np.divmod(rest, np.int64(_HALF))
    carried, left = np.divmod(low * factor, np.int64(_HALF))
    more, left_high = np.divmod(high * factor + carried, np.int64(_HALF))
    floors = whole * factor + more
    pays = (steps > 0) == (rate > 0)
    ceils = floors + ((left | left_high) != 0)
    found: list[int] = np.where(pays, -ceils, floors).tolist()
    return found


class FundingKeeper:
    """The mean premium of the hour that runs, weighted by time."""

    def __init__(self) -> None:
        self._sum = 0  # of premium times microseconds
        self._weight = 0
        self._held = 0
        self._held_us = -1

    def sample(self, now_us: int, mark: int, index: int) -> None:
        """A valid mark and its index, in ticks."""
        assert mark > 0 < index, "a premium is of two prices"
        self._pass(now_us)
        self._held, self._held_us = (mark - index) * RATE_UNIT // index, now_us

    def _pass(self, now_us: int) -> None:
        """Let the premium that is held count until now."""
        if self._held_us < 0:
            return
        elapsed = now_us - self._held_us
        assert elapsed >= 0, "time does not run backwards"
        counted = min(elapsed, HOLD_US)
        self._sum += self._held * counted
        self._weight += counted
        self._held_us = now_us if counted == elapsed else -1

    def premium(self) -> int | None:
        """The mean so far, 10^-12, rounded down; None where nothing was seen."""
        return self._sum // self._weight if self._weight else None

    def estimate(self, bound_ppm: int) -> int:
        """The rate if the hour ended now; 0 where nothing was seen."""
        premium = self.premium()
        return 0 if premium is None else funding_rate(premium, bound_ppm)

    def close(self, now_us: int, bound_ppm: int) -> tuple[int, int]:
        """Rate and mean premium of the hour that ends; the next one begins. (0, 0) where no premium was seen in it."""
        self._pass(now_us)
        rate, premium = self.estimate(bound_ppm), self.premium()
        self._sum = self._weight = 0
        return rate, premium or 0

    # The state.

    def to_state(self) -> list[Json]:
        """Canonical JSON, all as texts: sum, weight, the premium that is held and since when."""
        return [str(each) for each in (self._sum, self._weight, self._held, self._held_us)]

    @classmethod
    def from_state(cls, document: Any) -> FundingKeeper:
        """The keeper that `to_state` described."""
        keeper = cls()
        keeper._sum, keeper._weight, keeper._held, keeper._held_us = map(int, document)
        return keeper
