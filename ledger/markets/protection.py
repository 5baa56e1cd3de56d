"""What protects prices in a market: bands about its means, its index and its premium, and the circuit breaker.

Pure, whole numbers alone. Prices in ticks, times in microseconds, multipliers in ppm. Source: exchange.md 5.3;
the breaker: compliance.md, trading halts, with an auction for reopening (docs/decisions/margin.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ledger.canonical import Json
from ledger.trading.market import PPM
from ledger.trading.reports import Reason
from ledger.trading.rules import Bound

__all__ = ["Bands", "Breaker", "protections"]

_E6: Final = 10**6
_E12: Final = 10**12
BUCKETS: Final = 30
"""A breaker's window is looked at in so many parts, and lasts up to one part longer than it says."""


class Bands(NamedTuple):
    """A market's bands as in force: pairs in ppm of the mean mark and of the index, the tolerance of the premium."""

    mean_mark: tuple[int, int]
    premium_tolerance: int
    discovery: tuple[int, int]


def _about(numerator: int, denominator: int, low_ppm: int, high_ppm: int, reason: int) -> Bound:
    """A band about a price, inwards to whole ticks; a multiplier of 0 is no bound."""
    low = -(-numerator * low_ppm // (denominator * PPM))
    high = numerator * high_ppm // (denominator * PPM)
    return Bound(low, max(high, low, 1) if high_ppm else 0, reason)


def protections(
    bands: Bands, index: int, mean_mark: tuple[int, int] | None, mean_premium: int | None
) -> tuple[Bound, ...]:
    """The bounds for takers; a band whose price is not known is left out.

    `index` in ticks or 0; `mean_mark` a fraction of ticks and `mean_premium` in 10^-12, None in a spot market. With a
    mean premium m and the tolerance t, takers may trade at premiums from min(m, 0) - t to max(m, 0) + t.
    """
    found = []
    if mean_mark is not None and mean_mark[0] and any(bands.mean_mark):
        found.append(_about(*mean_mark, *bands.mean_mark, Reason.MEAN_MARK_BAND))
    if mean_premium is not None and index and bands.premium_tolerance:
        down = max(0, _E12 + min(mean_premium, 0) - bands.premium_tolerance * _E6)
        up = _E12 + max(mean_premium, 0) + bands.premium_tolerance * _E6
        low, high = -(-index * down // _E12), index * up // _E12
        found.append(Bound(low, max(high, low, 1), Reason.MEAN_PREMIUM_BAND))
    if index and any(bands.discovery):
        found.append(_about(index, 1, *bands.discovery, Reason.DISCOVERY_BAND))
    return tuple(found)


class Breaker:
    """Watches one price of a market: how far is it from the lowest and the highest of its window?"""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []
        """Number of the part of time, lowest and highest price in it; the oldest first."""

    def note(self, now_us: int, prices: Sequence[int], window_us: int) -> int:
        """These are the prices of now, one after the other. The farthest that one was from an extreme before it.

        In ppm of that extreme, rounded up: what is more than a limit in whole ppm then is so in the answer too.
        """
        assert window_us > 0, "a window is there"
        part_us = -(-window_us // BUCKETS)
        part = now_us // part_us
        self.rows = [row for row in self.rows if part - BUCKETS <= row[0] <= part]
        if not prices:
            return 0
        assert min(prices) > 0, "a price is above zero"
        low = min((row[1] for row in self.rows), default=prices[0])
        high = max((row[2] for row in self.rows), default=prices[0])
        move = 0
        for price in prices:
            low, high = min(low, price), max(high, price)
            move = max(move, -((low - price) * PPM // low), -((price - high) * PPM // high))
        if self.rows and self.rows[-1][0] == part:
            row = self.rows[-1]
            row[1], row[2] = min(row[1], *prices), max(row[2], *prices)
        else:
            self.rows.append([part, min(prices), max(prices)])
        return move

    def to_state(self) -> list[Json]:
        """The rows in canonical JSON."""
        return [",".join(map(str, row)) for row in self.rows]

    @classmethod
    def from_state(cls, document: Any) -> Breaker:
        """The breaker that `to_state` described."""
        breaker = cls()
        breaker.rows = [[int(each) for each in row.split(",")] for row in document]
        return breaker
