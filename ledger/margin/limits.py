"""What a wallet could still do, and where it would be liquidated: asked of `risk.assess` itself, by bisection.

Everything else stays as it is: other positions, prices and marks, no funding and no interest (exchange.md 2.5). What an
answer depends on is concave: collateral counts less the more there is of it, requirements grow faster than what they
are asked of. So what is allowed is one interval that begins where the wallet stands, and its end is the maximum: there
it is allowed, and one more is not. Cost: about 65 judgements for a question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ledger.margin.risk import AccountView, AssetLine, PositionLine, assess
from ledger.margin.terms import Terms

__all__ = [
    "liquidation_mark",
    "liquidation_prices",
    "max_borrow",
    "max_margin_order",
    "max_order",
    "max_withdrawal",
]

_NUMBER_MAX: Final = 2**63 - 1
_PRICE_MAX: Final = 2**96


class _Judge:
    """Whether a wallet may become another: it has its initial margin then, or is no worse off than it was."""

    def __init__(self, view: AccountView, terms: Terms, prices: Mapping[str, int], marks: Mapping[str, int]) -> None:
        self._with = (terms, prices, marks)
        before = assess(view, *self._with)
        self._slack = None if before is None else min(0, before.equity - before.initial)

    def allows(self, after: AccountView) -> bool:
        """The rule of every order, loan and withdrawal. What cannot be judged is not allowed."""
        if self._slack is None:
            return False
        health = assess(after, *self._with)
        return health is not None and health.equity - health.initial >= self._slack


def _last(allowed: Callable[[int], bool], most: int) -> int:
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


def _asset(view: AccountView, asset: str) -> AssetLine:
    return next((line for line in view.assets if line.asset == asset), AssetLine(asset, 0, 0))


def _with_asset(view: AccountView, changed: AssetLine) -> AccountView:
    return view._replace(assets=(*(line for line in view.assets if line.asset != changed.asset), changed))


def max_order(
    view: AccountView,
    terms: Terms,
    prices: Mapping[str, int],
    marks: Mapping[str, int],
    market: str,
    *,
    is_bid: bool,
    most: int = _NUMBER_MAX,
) -> int:
    """Steps of a derivative market that one more order may have. `most`: what other limits leave."""
    judge = _Judge(view, terms, prices, marks)
    line = next((each for each in view.positions if each.market == market), PositionLine(market, 0, 0))
    others = tuple(each for each in view.positions if each.market != market)

    def allowed(steps: int) -> bool:
        more = line._replace(bids=line.bids + steps) if is_bid else line._replace(asks=line.asks + steps)
        return judge.allows(view._replace(positions=(*others, more)))

    return _last(allowed, most)


def max_margin_order(
    view: AccountView,
    terms: Terms,
    prices: Mapping[str, int],
    marks: Mapping[str, int],
    gives: str,
    uncommitted: int,
    *,
    most: int = _NUMBER_MAX,
) -> int:
    """Quanta of `gives` that one more spot margin order may have to pay.

    `uncommitted`: quanta free or lent less what open margin orders ask; below zero it is the potential debt.
    """
    judge, line = _Judge(view, terms, prices, marks), _asset(view, gives)

    def allowed(quanta: int) -> bool:
        more = max(0, quanta - max(0, uncommitted))
        return judge.allows(_with_asset(view, line._replace(potential=line.potential + more)))

    return _last(allowed, most)


def max_borrow(
    view: AccountView,
    terms: Terms,
    prices: Mapping[str, int],
    marks: Mapping[str, int],
    asset: str,
    *,
    most: int = _NUMBER_MAX,
) -> int:
    """Quanta of an asset that may be borrowed and kept in the wallet. `most`: what the pool would lend."""
    judge, line = _Judge(view, terms, prices, marks), _asset(view, asset)

    def allowed(quanta: int) -> bool:
        return judge.allows(_with_asset(view, line._replace(claim=line.claim + quanta, debt=line.debt + quanta)))

    return _last(allowed, most)


def max_withdrawal(
    view: AccountView,
    terms: Terms,
    prices: Mapping[str, int],
    marks: Mapping[str, int],
    asset: str,
    own: int,
    *,
    borrowable: int = 0,
) -> int:
    """Quanta of an asset that may leave: of `own` (free or lent), then up to `borrowable` borrowed; 0 for without."""
    judge, line = _Judge(view, terms, prices, marks), _asset(view, asset)
    assert 0 <= own <= line.claim, "what is free or lent is a part of the claim"

    def allowed(quanta: int) -> bool:
        paid = min(quanta, own)
        return judge.allows(_with_asset(view, line._replace(claim=line.claim - paid, debt=line.debt + quanta - paid)))

    return _last(allowed, own + borrowable)


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
    return _first_below(healthy, now) if line.size > 0 else _first_above(healthy, now, _NUMBER_MAX)


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
