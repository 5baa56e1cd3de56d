"""Questions of what a wallet could do now, answered by the functions by which its commands are judged. Changes nothing.

Limits of pools, of open interest and of the ledger are taken together with the margin's own: the answer is what would
be accepted now, everything else staying as it is. Source: exchange.md 2.5.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ledger.canonical import Json
from ledger.desks.margin import MarginDesk
from ledger.margin import limits
from ledger.margin.risk import AccountView
from ledger.margin.terms import Terms

__all__ = ["wallet_document", "what_if"]


def what_if(margin: MarginDesk, payer: int) -> dict[str, Json]:
    """By derivative market the largest orders, steps; by asset the largest loan, withdrawal and margin order, quanta.

    With them the mark in ticks, or the prices in 10^-18, at which liquidation would begin; None where none brings it.
    """
    return {
        "assets": {asset: _of_asset(margin, payer, asset) for asset in margin.shared.assets},
        "markets": {name: _of_market(margin, payer, name) for name in margin.markets},
    }


def _largest(asks: Callable[[int], int], most: int) -> str:
    """The largest number up to `most` that a function of the desk gives no reason against."""
    return str(limits.largest(lambda number: asks(number) == 0, most))


def _of_market(margin: MarginDesk, payer: int, name: str) -> dict[str, Json]:
    market = margin.markets[name]
    most = market.funds.market.quantity_max if margin.may_trade(payer, market.kind) == 0 else 0
    mark = limits.liquidation_mark(*_judged(margin, payer), name)
    return {
        "buy": _largest(partial(margin.may_add, payer, name, 0), most),
        "liquidation_mark": None if mark is None else str(mark),
        "sell": _largest(partial(margin.may_add, payer, name, 1), most),
    }


def _of_asset(margin: MarginDesk, payer: int, asset: str) -> dict[str, Json]:
    lending = margin.lending
    lent = lending.lent(payer, asset)
    pool = lending.borrowable(payer, asset) if margin.permits(payer, "borrowing") and not lent else 0
    own = margin.own(payer, asset) - lent + lending.redeemable(payer, asset)
    pays = limits.NUMBER_MAX if margin.may_trade(payer, "spot-margin") == 0 else 0
    is_held = asset in margin.held(payer)
    below, above = limits.liquidation_prices(*_judged(margin, payer), asset) if is_held else (None, None)
    return {
        "borrow": _largest(partial(margin.may_owe, payer, asset), pool),
        "liquidation_above": None if above is None else str(above),
        "liquidation_below": None if below is None else str(below),
        "margin_order": _largest(partial(margin.may_owe_more, payer, asset), pays),
        "withdraw": _largest(partial(margin.may_leave, payer, asset), own),
    }


def _judged(margin: MarginDesk, payer: int) -> tuple[AccountView, Terms, dict[str, int], dict[str, int]]:
    return margin.view(payer), margin.terms(), margin.shared.prices, margin.marks()


def wallet_document(margin: MarginDesk, account: str, subaccount: str) -> dict[str, Json] | None:
    """A wallet as it is: health, assets, debts, positions, settings; None for one that was never used."""
    shared, lending = margin.shared, margin.lending
    payer = shared.purse.find(account, subaccount)
    if not payer:
        return None
    view, health = margin.view(payer), margin.health_of(payer)
    assets: list[Json] = [
        {
            "asset": line.asset,
            "debt_to_exchange": str(lending.house_debt(payer, line.asset)),
            "debt_to_pool": str(lending.debt(payer, line.asset)),
            "lent": str(lending.lent(payer, line.asset)),
            "owned": str(line.claim),
        }
        for line in view.assets
    ]
    positions: list[Json] = [
        {
            "basis": str(line.basis),
            "market": line.market,
            "mark": None if margin.markets[line.market].mark is None else str(margin.markets[line.market].mark),
            "size": str(line.size),
        }
        for line in view.positions
    ]
    settings = margin.settings(payer)
    return {
        "account": account,
        "assets": assets,
        "could": what_if(margin, payer),
        "health": None if health is None else {
            **{name: str(value) for name, value in health._asdict().items()},
            "available": str(max(0, health.equity - health.initial)),
            "equity": str(health.equity),
            "locked": str(health.initial),
        },
        "is_liquidating": payer in margin.liquidating,
        "leverage": margin.leverage(payer),
        "positions": positions,
        "settings": {
            "auto_borrow": settings.auto_borrow,
            "auto_lend": settings.auto_lend,
            "auto_repay": settings.auto_repay,
            "leverage": settings.leverage,
        },
        "subaccount": subaccount,
        "unsettled": str(view.unsettled),
    }  # fmt: skip
