"""What protects prices in one market: the bands of its takers, and the breaker that stops continuous trading.

Bands are prices in ticks, both bounds inclusive, drawn outwards from nowhere: a lower bound is rounded up and an upper
one down, so that rounding never lets through what the exact band would stop. The breaker watches the prices of trades:
where one differs from another of its window by more than the allowed move, trading stops until an auction.

Pure, whole numbers alone; multipliers and moves in ppm, times in microseconds. A breaker keeps 61 rows at most, however
long its window and however many trades. Source: exchange.md 5.3; compliance.md, trading halts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from ledger.canonical import Json
from ledger.trading.market import PPM
from ledger.trading.reports import Reason
from ledger.trading.rules import Bound

__all__ = ["PARTS", "PREMIUM_UNIT", "Bands", "Breaker", "bounds_of"]

PREMIUM_UNIT: Final = 10**12
PARTS: Final = 60
"""A window is kept in so many parts: a price counts for the whole window, and for one part more at most."""


class Bands(NamedTuple):
    """What is in force in a market, ppm: of the mean mark, beyond the mean premium (0: none), of the index (0, 0)."""

    mean_mark: tuple[int, int]
    premium_tolerance: int
    discovery: tuple[int, int]


def bounds_of(bands: Bands, mean_mark: tuple[int, int], mean_premium: int | None, index: int) -> list[Bound]:
    """The bounds of takers, in the order in which equal ones give their reason.

    `mean_mark`: a fraction of ticks, 0 for none. `mean_premium`: 10^-12 of the index, None for none. `index`: ticks, 0
    for none. A fill's premium over the index may be as far as the tolerance beyond the mean premium, and beyond the
    index itself on the other side: with a mean of 3 % and 1 %, up to +4 % and down to -1 %. So the way back to the
    index is always open.
    """
    found = []
    total, weight = mean_mark
    if total > 0:
        low, high = bands.mean_mark
        found.append(_bound(total * low, total * high, weight * PPM, Reason.MEAN_MARK_BAND))
    if bands.premium_tolerance and index and mean_premium is not None:
        tolerance = bands.premium_tolerance * (PREMIUM_UNIT // PPM)
        low, high = min(mean_premium, 0) - tolerance, max(mean_premium, 0) + tolerance
        low, high = index * (PREMIUM_UNIT + low), index * (PREMIUM_UNIT + high)
        found.append(_bound(low, high, PREMIUM_UNIT, Reason.MEAN_PREMIUM_BAND))
    if any(bands.discovery) and index:
        low, high = bands.discovery
        found.append(_bound(index * low, index * high, PPM, Reason.DISCOVERY_BAND))
    return found


def _bound(low: int, high: int, unit: int, reason: Reason) -> Bound:
    """Bounds in 1/unit of a tick, rounded inwards. Below zero is no bound; an upper one is never below one tick."""
    price_min = max(-(-low // unit), 0)
    price_max = max(high // unit, 1) if high else 0
    return Bound(price_min, max(price_max, price_min) if price_max else 0, int(reason))


class Breaker:
    """The prices of a market's trades within a window: lowest and highest of each part of it."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int]] = []
        """When the part began, lowest and highest price; oldest first."""

    def observe(self, now_us: int, prices: Iterable[int], window_us: int) -> int:
        """Take the prices of trades of now; gives the greatest move within the window, ppm, rounded down.

        A move is what a price has risen or fallen by, as part of the earlier one. Several prices of one command count
        in the order given, so a sweep is a move by itself.
        """
        part = max(window_us // PARTS, 1)
        began = now_us // part * part
        rows = self._rows = [row for row in self._rows if row[0] + part > now_us - window_us]
        low = min((row[1] for row in rows), default=0)
        high = max((row[2] for row in rows), default=0)
        move = 0
        for price in prices:
            assert price > 0, "a trade has a price"
            low, high = min(low or price, price), max(high, price)
            move = max(move, (price - low) * PPM // low, (high - price) * PPM // high)
            if rows and rows[-1][0] >= began:
                last = rows[-1]
                rows[-1] = (last[0], min(last[1], price), max(last[2], price))
            else:
                rows.append((began, price, price))
        return move

    def clear(self) -> None:
        """Begin anew: what led to a halt does not lead to the next one."""
        self._rows.clear()

    def to_state(self) -> list[Json]:
        """Canonical JSON: each part's beginning, lowest and highest price as one text."""
        return [",".join(map(str, row)) for row in self._rows]

    @classmethod
    def from_state(cls, document: Any) -> Breaker:
        """The breaker that `to_state` described."""
        breaker = cls()
        for text in document:
            began, low, high = map(int, text.split(","))
            breaker._rows.append((began, low, high))
        return breaker
