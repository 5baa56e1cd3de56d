"""The price of an auction: one at which most trades, of those the least imbalance, then the nearest to a reference.

Between two neighbouring limit prices volume and imbalance do not change, so only the limit prices inside the crossing
and the stretches between them are looked at, each once: an auction of 20,000 levels is priced in some 20 ms, because
everybody waits for it. Prices in ticks, quantities in steps; source: own choice, as in continuous markets that reopen
by an auction (docs/decisions/margin.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ledger.trading.market import MarketState

__all__ = ["UNCROSSED", "auction_price"]

UNCROSSED: Final = (int(MarketState.OPEN), int(MarketState.LIMIT_ONLY), int(MarketState.POST_ONLY))
"""States in which no book is crossed."""


def auction_price(bids: Sequence[tuple[int, int]], asks: Sequence[tuple[int, int]], reference: int) -> tuple[int, int]:
    """The price of a crossed book and the quantity that can trade at it; of equally near prices the lower one.

    Price and quantity by level, best first; levels beyond the other side's best price may be left out.
    """
    best_bid, best_ask = bids[0][0], asks[0][0]
    assert best_bid >= best_ask, "an auction is of orders that cross"
    bid_at, ask_at = dict(bids), dict(asks)
    ends = sorted({price for price in (*bid_at, *ask_at) if best_ask <= price <= best_bid})
    # From the lowest price up: what asks offer at it or below, and what bids still want at it or above.
    supply, demand = 0, sum(quantity for price, quantity in bids if price >= best_ask)
    best: tuple[int, int, int, int] | None = None
    below = best_ask
    for price in ends:
        stretches = [(below, price - 1)] if price > below else []
        for low, high in (*stretches, (price, price)):
            supply += ask_at.get(low, 0)  # nothing inside a stretch
            nearest = min(max(reference, low), high)
            rank = (-min(demand, supply), abs(demand - supply), abs(nearest - reference), nearest)
            if best is None or rank < best:
                best = rank
        demand -= bid_at.get(price, 0)
        below = price + 1
    assert best is not None, "a crossing has a price"
    return best[3], -best[0]
