"""Reference prices: what several feeds say about one name becomes one price, or none.

Rules, for one name at one time:
1. A feed speaks in order: what it published is not older than its last word, nor later than now.
2. A feed's price is fresh before publication + staleness. What is no longer fresh is forgotten.
3. A price further than `jump` from the same feed's last one, while that is fresh, is left out. A true jump so ends the
   old price when it goes stale, and then begins anew: there is no price rather than a wrong one.
4. Fewer fresh feeds than `sources_min`: no price. Else each is brought to within `spread` of their median (of an even
   number the mean of the middle two), and the reference is the mean of these, rounded down once to 10^-18. A feed that
   is far off moves it by `spread` / number at most.

5. With a cap, a reference moves at a time by `cap` of itself at most for each full second since it moved last, for ten
   seconds at most; it goes on with the next word about it. A reference that begins, or begins anew, is not capped.

Prices are integers, 10^-18 of the unit of account for one whole unit. Pure. Source: exchange.md sections 5.1 and 5.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from ledger.journal.rounding import div_floor
from ledger.journal.transfers import PRICE_SCALE
from ledger.trading.market import PPM, PRICE_TICKS_MAX, Market

__all__ = [
    "UNIT_PRICE",
    "Board",
    "Limits",
    "Quote",
    "in_currency",
    "index_ticks",
    "reference_price",
    "value_floor",
]

UNIT_PRICE: Final = 10**PRICE_SCALE
"""The price of the unit of account itself."""
_NEVER_US: Final = 2**63
_SECOND_US: Final = 1_000_000
_CAP_SECONDS_MAX: Final = 10


class Limits(NamedTuple):
    """What a name's feeds are held to: microseconds, feeds, ppm, ppm; and ppm a second, 0 for no cap."""

    staleness_us: int
    sources_min: int
    jump_ppm: int
    spread_ppm: int
    cap_ppm: int = 0


class Quote(NamedTuple):
    """What a feed said last."""

    published_us: int
    price: int


def reference_price(prices: Iterable[int], spread_ppm: int) -> int:
    """The mean of prices brought to within `spread_ppm` of their median, rounded down once; rule 4."""
    known = sorted(prices)
    assert known and known[0] > 0, "a reference is made of prices"
    middle = len(known) // 2
    doubled = known[middle] + known[-middle - 1]
    # All in 1 / (2 PPM) of a price, so that median and bounds are exact.
    low, high = doubled * (PPM - spread_ppm), doubled * (PPM + spread_ppm)
    total = sum(min(max(2 * PPM * price, low), high) for price in known)
    return div_floor(total, 2 * PPM * len(known))


def in_currency(price: int, cross: int) -> int:
    """A price in a currency instead of the unit of account, 10^-18, rounded down; `cross` is the currency's price."""
    return div_floor(price * UNIT_PRICE, cross)


def value_floor(quanta: int, scale: int, price: int, cross: int = UNIT_PRICE) -> int:
    """What `quanta` of 10^-scale are worth, in 10^-18 of the currency with price `cross`, rounded down once."""
    return div_floor(quanta * price * UNIT_PRICE, 10**scale * cross)


def index_ticks(market: Market, base_price: int, quote_price: int) -> int:
    """The index of a spot market: one base unit in quote, to the nearest tick, a half up, never outside the grid."""
    numerator = base_price * 10**market.tick_decimals
    denominator = quote_price * market.tick_units
    return min(max(1, div_floor(2 * numerator + denominator, 2 * denominator)), PRICE_TICKS_MAX)


class Board:
    """Feeds' prices of names of one kind, and their references; `references` is shared with who reads them."""

    def __init__(self, limits: Callable[[str], Limits], references: dict[str, int]) -> None:
        self.references = references
        self.quotes: dict[str, dict[str, Quote]] = {}
        self.due_us = _NEVER_US
        """No quote is stale before this time."""
        self.moved: dict[str, int] = {}
        """When each capped reference moved last."""
        self._limits = limits
        self._due: dict[str, int] = {}

    def offer(self, feed: str, name: str, quote: Quote) -> bool:
        """Take a feed's new price, or leave it out because it jumps; `refresh` it then. Rules 1 and 2 were asked."""
        known = self.quotes.setdefault(name, {})
        last = known.get(feed)
        if last is not None and abs(quote.price - last.price) * PPM > last.price * self._limits(name).jump_ppm:
            return False
        known[feed] = quote
        return True

    def refresh(self, names: Iterable[str], now_us: int) -> list[tuple[str, int | None]]:
        """Forget what is stale and set the references of `names`; gives those that changed, None where none is left."""
        changed: list[tuple[str, int | None]] = []
        for name in names:
            staleness_us, sources_min, _, spread_ppm, cap_ppm = self._limits(name)
            fresh = {
                feed: quote
                for feed, quote in self.quotes.pop(name, {}).items()
                if now_us < quote.published_us + staleness_us
            }
            self._due.pop(name, None)
            if fresh:
                self.quotes[name] = fresh
                self._due[name] = min(quote.published_us for quote in fresh.values()) + staleness_us
            price = None
            if len(fresh) >= sources_min:
                price = reference_price((quote.price for quote in fresh.values()), spread_ppm)
            if price is None or not cap_ppm:
                self.moved.pop(name, None)
            else:
                price = self._capped(name, price, cap_ppm, now_us)
            if price == self.references.get(name):
                continue
            changed.append((name, price))
            if price is not None and cap_ppm:
                self.moved[name] = now_us
            if price is None:
                del self.references[name]
            else:
                self.references[name] = price
        self.due_us = min(self._due.values(), default=_NEVER_US)
        return changed

    def _capped(self, name: str, price: int, cap_ppm: int, now_us: int) -> int:
        """As near to a price as the reference may move now; rule 5."""
        last = self.references.get(name)
        if last is None:
            return price
        seconds = min((now_us - self.moved.get(name, 0)) // _SECOND_US, _CAP_SECONDS_MAX)
        most = last * cap_ppm * seconds // PPM
        return min(max(price, last - most), last + most)

    def capped(self) -> list[tuple[str, int, int]]:
        """Name, reference and time of its last move of all that are capped: what does not follow from the quotes."""
        return [(name, self.references[name], moved_us) for name, moved_us in sorted(self.moved.items())]

    def stale(self, now_us: int) -> list[str]:
        """The names of which a quote has gone stale, sorted: a restored board learned them in another order."""
        return sorted(name for name, due_us in self._due.items() if due_us <= now_us)

    def clear(self) -> None:
        """Forget everything."""
        self.quotes.clear()
        self.references.clear()
        self.moved.clear()
        self._due.clear()
        self.due_us = _NEVER_US
