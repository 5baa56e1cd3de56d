"""The ratio of unexecuted orders to trades, by member and instrument (EU-VEN-04; Reg. (EU) 2017/566 article 3):

    in volume: orders' volume / traded volume - 1; in number: orders / trades - 1

What counts as an order is a parameter: `WEIGHTS` counts a new order once, a change as the one it takes out and the one
it puts in, a cancellation once; status U, as the regulation's annex was not read. Volumes are in base quanta, ratios
exact. An order by quote quantity counts with what it traded. A member without trades in an instrument has no ratio and
is listed so, with what they sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from compliance.transactions.order_book import event_type
from compliance.transactions.records import OrderEventRecord

__all__ = ["WEIGHTS", "RatioCounter", "RatioRow", "Weights"]

Weights = Mapping[str, int]
"""How often an event (`compliance.transactions.order_book.EVENT_TYPES`) counts as an order."""
WEIGHTS: Final[Weights] = MappingProxyType({"NEWO": 1, "REME": 2, "CAME": 1})


@dataclass(slots=True)
class _Counts:
    orders: int = 0
    order_quanta: int = 0
    trades: int = 0
    traded_quanta: int = 0


class RatioRow(NamedTuple):
    """One member in one instrument. `by_number` and `by_volume` are None where nothing was traded."""

    account: str
    market: str
    orders: int
    order_quanta: int
    trades: int
    traded_quanta: int

    @property
    def by_number(self) -> Fraction | None:
        return Fraction(self.orders, self.trades) - 1 if self.trades else None

    @property
    def by_volume(self) -> Fraction | None:
        return Fraction(self.order_quanta, self.traded_quanta) - 1 if self.traded_quanta else None

    def is_over(self, limit_number: Fraction, limit_volume: Fraction) -> bool:
        """Whether either ratio is above the venue's limit; orders without any trade are."""
        if not self.trades:
            return self.orders > 0
        assert self.by_number is not None and self.by_volume is not None, "what was traded has a ratio"
        return self.by_number > limit_number or self.by_volume > limit_volume


class RatioCounter:
    """Counts the events of a session. Memory: one count for each member and instrument."""

    def __init__(self, weights: Weights = WEIGHTS) -> None:
        self._weights = weights
        self._counts: dict[tuple[str, str], _Counts] = {}

    def count(self, event: OrderEventRecord) -> None:
        """Count one event."""
        code = event_type(event)
        if code is None:
            return
        count = self._counts.setdefault((event.account, event.market.symbol), _Counts())
        step, weight = event.market.step_quanta, self._weights.get(code, 0)
        if code in ("PARF", "FILL"):
            count.trades += 1
            count.traded_quanta += event.row[5] * step
            if event.side == 0 and event.terms is not None and event.terms.quote_quantity is not None:
                count.order_quanta += event.row[5] * step
        count.orders += weight
        count.order_quanta += weight * event.remaining_steps * step

    def rows(self) -> list[RatioRow]:
        """By member and instrument, all that sent or traded anything."""
        return [
            RatioRow(*key, count.orders, count.order_quanta, count.trades, count.traded_quanta)
            for key, count in sorted(self._counts.items())
            if count.orders or count.trades
        ]
