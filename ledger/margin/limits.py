"""The most that is allowed, and the price at which a wallet would be liquidated, by bisection.

`largest` asks whoever judges: `ledger.desks.what_if` asks the functions by which commands are judged. Everything else
stays as it is: other positions, prices and marks, no funding and no interest (exchange.md 2.5). What an answer depends
on is concave: collateral counts less the more there is of it, requirements grow faster than what they are asked of. So
what is allowed is one interval that begins where the wallet stands, and its end is the maximum: there it is allowed,
and one more is not. Cost: about 65 judgements for a question. Amounts in quanta, sizes in steps, marks in ticks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ledger.margin.risk import AccountView, assess
from ledger.margin.terms import Terms

__all__ = ["NUMBER_MAX", "largest", "liquidation_mark", "liquidation_prices"]

NUMBER_MAX: Final = 2**63 - 1
_PRICE_MAX: Final = 2**96


def largest(allowed: Callable[[int], bool], most: int) -> int:
    """The end of what is allowed of 0 to `most`; 0 if nothing is."""
    if most <= 0 or not allowed(1):
        return 0
    if allowed(most):
        return most
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        if allowed(middle):
            low = middle
        else:
            high = middle
    return low


def _first_below(healthy: Callable[[int], bool], now: int) -> int | None:
    """The highest number under `now` that is not healthy; None where there is none above zero."""
    if healthy(1):
        return None
    low, high = 1, now
    while high - low > 1:
        middle = (low + high) // 2
        if healthy(middle):
            high = middle
        else:
            low = middle
    return low


def _first_above(healthy: Callable[[int], bool], now: int, most: int) -> int | None:
    low, high = now, 2 * now
    while healthy(high):
        if high > most:
            return None
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if healthy(middle):
            low = middle
        else:
            high = middle
    return high


def liquidation_mark(
    view: AccountView, terms: Terms, prices: Mapping[str, int], marks: Mapping[str, int], market: str
) -> int | None:
    """The mark in ticks nearest to the present one at which liquidation would begin: below it for a long position.

    The present mark where the wallet is there already; None without a position or mark, or where no mark brings it.
    """
    line = next((each for each in view.positions if each.market == market), None)
    now = marks.get(market)
    if line is None or not line.size or now is None or assess(view, terms, prices, marks) is None:
        return None

    def healthy(mark: int) -> bool:
        return _is_healthy(view, terms, prices, {**marks, market: mark})

    if not healthy(now):
        return now
    return _first_below(healthy, now) if line.size > 0 else _first_above(healthy, now, NUMBER_MAX)


def liquidation_prices(
    view: AccountView, terms: Terms, prices: Mapping[str, int], marks: Mapping[str, int], asset: str
) -> tuple[int | None, int | None]:
    """The prices of an asset under and over the present one at which liquidation would begin; None for never.

    Both are the present price where the wallet is there already, and None without a price.
    """
    now = prices.get(asset)
    if now is None or assess(view, terms, prices, marks) is None:
        return None, None

    def healthy(price: int) -> bool:
        return _is_healthy(view, terms, {**prices, asset: price}, marks)

    if not healthy(now):
        return now, now
    return _first_below(healthy, now), _first_above(healthy, now, _PRICE_MAX)


def _is_healthy(view: AccountView, terms: Terms, prices: Mapping[str, int], marks: Mapping[str, int]) -> bool:
    health = assess(view, terms, prices, marks)
    assert health is not None, "only a number changed that was there before"
    return health.equity >= health.maintenance
