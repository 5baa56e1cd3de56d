"""The mark of a derivative market: its index plus a slowly moving mean of what its own book says beyond the index.

A keeper takes one sample a second at most: the index, the best prices of the book, the last price. Its ladder is that
of exchange.md 5.2: index and mean premium; index; median of best bid, best ask and last; mid; last. The own book never
stands alone (ledger.md 9, rule 12): only the first two rungs settle or liquidate, the others are for show and bands.

The premium (mid less index) of a sample counts from that sample to the next, so what a moment says weighs nothing until
it has lasted. Its weight is 1 - exp(-elapsed / time constant), an integer within 2^-62 of it (`decay`). While the
market only rests orders or is in an auction the mark is the index, and the mean premium begins again at nothing.

Pure, whole numbers alone. Prices in ticks, times in microseconds. Costs about 10 us a sample.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ledger.canonical import Json
from ledger.trading.market import PPM, PRICE_TICKS_MAX

__all__ = ["Mark", "MarkKeeper", "decay"]

SECOND_US: Final = 1_000_000
PREMIUM_UNIT: Final = 10**12
CAP_STEPS_MAX: Final = 10
"""A late update may move as far as this many updates of a second each: one settlement's worth."""
FRESH_US: Final = 60 * SECOND_US
"""A mark older than this caps nothing: the market begins anew at what the ladder gives."""
BUCKET_US: Final = 10 * SECOND_US
BUCKETS: Final = 30
"""The means are of the last 30 full buckets of ten seconds and of the one that is not full yet."""
_PREMIUM_BITS: Final = 32
_BITS: Final = 96
_HALVINGS: Final = 6
_TRADING: Final = frozenset({"open", "limit-only"})
_RESTING: Final = frozenset({"post-only", "auction"})


def decay(elapsed_us: int, time_us: int) -> int:
    """exp(-elapsed/time) in 2^-64, within 4 of it (so 2^-62); 2^64 for no time at all.

    x / 64 is brought to 2^-96, its exponential is a Taylor series, alternating and stopped where a term is below 2^-96,
    and squared six times. Each of some thirty steps errs by 2^-96 at most; squaring doubles what there is.
    """
    assert elapsed_us >= 0 and time_us > 0, "time passes"
    if elapsed_us >= time_us << _HALVINGS:
        return 0  # below exp(-64), which is less than 2^-92
    small = (elapsed_us << _BITS) // (time_us << _HALVINGS)
    value, term, number = 0, 1 << _BITS, 0
    while term:
        value += -term if number & 1 else term
        number += 1
        term = (term * small >> _BITS) // number
    for _ in range(_HALVINGS):
        value = value * value >> _BITS
    return value >> (_BITS - 64)


class Mark(NamedTuple):
    """A mark in ticks, None where nothing is known; `source`: the rung (premium, index, median, mid, last, none).

    `settles`: whether profit may be settled at it and wallets be liquidated by it.
    """

    ticks: int | None
    source: str
    settles: bool


NO_MARK: Final = Mark(None, "none", False)


class _Window:
    """Sums of the last five minutes: of mark times microseconds, and of the premium where there was an index."""

    def __init__(self) -> None:
        self.rows: list[list[int]] = []
        """Number of the bucket, mark sum, microseconds, premium sum (10^-12), microseconds with an index."""

    def add(self, now_us: int, elapsed_us: int, mark: int, premium: int | None) -> None:
        """`mark` held for `elapsed_us` until now; a premium that is None was not there."""
        bucket = now_us // BUCKET_US
        if not self.rows or self.rows[-1][0] != bucket:
            self.rows.append([bucket, 0, 0, 0, 0])
        row = self.rows[-1]
        row[1] += mark * elapsed_us
        row[2] += elapsed_us
        if premium is not None:
            row[3] += premium * elapsed_us
            row[4] += elapsed_us
        self.drop(now_us)

    def drop(self, now_us: int) -> None:
        """Forget what lies before the window."""
        first = now_us // BUCKET_US - BUCKETS
        while self.rows and self.rows[0][0] < first:
            del self.rows[0]


class MarkKeeper:
    """Makes one market's marks. `tune` says by which parameters; state and parameters are kept apart."""

    def __init__(self) -> None:
        self._time_us, self._bound_ppm, self._cap_ppm = 300 * SECOND_US, 50_000, 0
        self._last = NO_MARK
        self._sampled_us = -1
        self._premium = 0  # the mean, in 2^-32 ticks
        self._held: int | None = None  # the premium of the last sample, in 2^-32 ticks
        self._premium_us = -1  # when a premium was last seen
        self._valid = 0  # the last mark that settled, and when
        self._valid_us = -1
        self._index = 0
        self._window = _Window()

    def tune(self, time_us: int, bound_ppm: int, cap_ppm: int) -> None:
        """The time constant of the premium, the bound of the mark about the index, the cap of an update (0: none)."""
        assert time_us > 0 and 0 <= bound_ppm <= PPM and cap_ppm >= 0, "parameters are in their ranges"
        self._time_us, self._bound_ppm, self._cap_ppm = time_us, bound_ppm, cap_ppm

    @property
    def mark(self) -> Mark:
        """The last mark that was given."""
        return self._last

    @property
    def valid(self) -> int:
        """The newest mark that settles, in ticks; 0 where none ever did."""
        return self._valid

    def sample(self, now_us: int, index_ticks: int, best_bid: int, best_ask: int, last: int, state: str) -> Mark:
        """Look at the market now; 0 stands for a price that is not there. Gives the mark from now on.

        Within a second of the last sample the mark stays, but that an index that came or went is heeded at once and
        that no mark leaves the bound. Time never runs backwards.
        """
        assert now_us >= self._sampled_us, "time does not run backwards"
        elapsed = now_us - self._sampled_us if self._sampled_us >= 0 else SECOND_US
        same_rung = bool(index_ticks) == self._last.settles
        if elapsed < SECOND_US and same_rung and not (state in _RESTING and self._last.source == "premium"):
            if index_ticks and self._last.ticks is not None:
                self._last = self._last._replace(ticks=self._bounded(self._last.ticks, index_ticks))
            return self._last
        self._remember(now_us, elapsed)
        self._average(now_us, elapsed, index_ticks, best_bid, best_ask, state)
        self._sampled_us, self._index = now_us, index_ticks
        if index_ticks:
            self._last = self._from_index(now_us, index_ticks, state)
            self._valid, self._valid_us = self._last.ticks or 0, now_us
        else:
            self._last = _from_book(best_bid, best_ask, last)
        return self._last

    def _remember(self, now_us: int, elapsed_us: int) -> None:
        """The mark until now goes into the means; of a long silence no more counts than a mark stays fresh."""
        mark, index = self._last.ticks, self._index
        if self._sampled_us < 0 or mark is None:
            self._window.drop(now_us)
            return
        premium = (mark - index) * PREMIUM_UNIT // index if index else None
        self._window.add(now_us, min(elapsed_us, FRESH_US), mark, premium)

    def _average(self, now_us: int, elapsed_us: int, index: int, bid: int, ask: int, state: str) -> None:
        """Let the premium of the last sample count until now, and take the one of this sample."""
        if state in _RESTING:
            self._premium, self._held, self._premium_us = 0, None, -1
            return
        if self._premium_us >= 0 and now_us - self._premium_us > self._time_us:
            self._premium, self._held = 0, None  # a premium that old says nothing
        if self._held is not None:
            self._premium = self._held + ((self._premium - self._held) * decay(elapsed_us, self._time_us) >> 64)
        self._held = None
        if index and bid and ask and state in _TRADING:
            most = (index * self._bound_ppm << _PREMIUM_BITS) // PPM
            premium = (bid + ask - 2 * index) << (_PREMIUM_BITS - 1)
            self._held, self._premium_us = min(max(premium, -most), most), now_us

    def _from_index(self, now_us: int, index: int, state: str) -> Mark:
        has_premium = self._premium_us >= 0 and now_us - self._premium_us <= self._time_us
        source = "premium" if has_premium and state not in _RESTING else "index"
        ticks = index
        if source == "premium":
            ticks += (self._premium + (1 << (_PREMIUM_BITS - 1))) >> _PREMIUM_BITS
        if self._cap_ppm and self._valid_us >= 0 and now_us - self._valid_us <= FRESH_US:
            steps = min((now_us - self._valid_us) // SECOND_US, CAP_STEPS_MAX)
            most = self._valid * self._cap_ppm * steps // PPM
            ticks = min(max(ticks, self._valid - most), self._valid + most)
        return Mark(self._bounded(ticks, index), source, True)

    def _bounded(self, ticks: int, index: int) -> int:
        """Within theta of the index, both bounds rounded towards it, and on the grid."""
        low = -(-index * (PPM - self._bound_ppm) // PPM)
        high = index * (PPM + self._bound_ppm) // PPM
        return min(max(ticks, low, 1), high, PRICE_TICKS_MAX)

    # The means of five minutes, for the bands.

    def mean_mark(self) -> tuple[int, int]:
        """The mean mark as a fraction of ticks, (0, 1) while nothing is known."""
        total = sum(row[1] for row in self._window.rows)
        weight = sum(row[2] for row in self._window.rows)
        if weight:
            return total, weight
        return self._last.ticks or 0, 1

    def mean_premium(self) -> int | None:
        """The mean of (mark - index) / index in 10^-12, rounded down; None while there was no index."""
        total = sum(row[3] for row in self._window.rows)
        weight = sum(row[4] for row in self._window.rows)
        if weight:
            return total // weight
        if self._last.settles and self._index and self._last.ticks is not None:
            return (self._last.ticks - self._index) * PREMIUM_UNIT // self._index
        return None

    # The state.

    def to_state(self) -> dict[str, Json]:
        """Everything but the parameters, in canonical JSON; signed and large numbers as texts."""
        mark = self._last
        return {
            "held": "" if self._held is None else str(self._held),
            "index": str(self._index),
            "mark": ["" if mark.ticks is None else str(mark.ticks), mark.source, mark.settles],
            "premium": str(self._premium),
            "times": [str(each) for each in (self._sampled_us, self._premium_us, self._valid_us)],
            "valid": str(self._valid),
            "window": [",".join(map(str, row)) for row in self._window.rows],
        }

    @classmethod
    def from_state(cls, document: Any) -> MarkKeeper:
        """The keeper that `to_state` described; it is tuned by who restores it."""
        keeper = cls()
        ticks, source, settles = document["mark"]
        keeper._last = Mark(int(ticks) if ticks else None, source, settles)
        keeper._held = int(document["held"]) if document["held"] else None
        keeper._index, keeper._premium = int(document["index"]), int(document["premium"])
        keeper._sampled_us, keeper._premium_us, keeper._valid_us = map(int, document["times"])
        keeper._valid = int(document["valid"])
        keeper._window.rows = [[int(each) for each in row.split(",")] for row in document["window"]]
        return keeper


def _from_book(bid: int, ask: int, last: int) -> Mark:
    """The rungs without an index: a price to show, at which nothing is settled."""
    if bid and ask and last:
        return Mark(sorted((bid, ask, last))[1], "median", False)
    if bid and ask:
        return Mark((bid + ask) // 2, "mid", False)
    return Mark(last, "last", False) if last else NO_MARK
