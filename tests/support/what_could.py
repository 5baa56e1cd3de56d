"""What a wallet could do, from its view alone: the plain twin of the questions that an engine answers.

`ledger.desks.what_if` asks the desk's own functions; these judge the same wallet by `risk.assess` and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ledger.margin.limits import NUMBER_MAX, largest
from ledger.margin.risk import AccountView, AssetLine, PositionLine, assess
from ledger.margin.terms import Terms

__all__ = ["max_borrow", "max_margin_order", "max_order", "max_withdrawal"]

_NUMBER_MAX: Final = NUMBER_MAX


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

    return largest(allowed, most)


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

    return largest(allowed, most)


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

    return largest(allowed, most)


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

    return largest(allowed, own + borrowable)
