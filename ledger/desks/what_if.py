"""Questions of what a wallet could do now, answered by the functions by which its commands are judged. Changes nothing.

Limits of pools, of open interest and of the ledger are taken together with the margin's own: the answer is what would
be accepted now, everything else staying as it is. Source: exchange.md 2.5.
"""

from __future__ import annotations

from ledger.canonical import Json
from ledger.desks.margin import MarginDesk
from ledger.margin import limits

__all__ = ["wallet_document", "what_if"]


def what_if(margin: MarginDesk, payer: int) -> dict[str, Json]:
    """By derivative market: largest orders and the mark of liquidation. By asset: largest loan and withdrawal."""
    shared, lending = margin.shared, margin.lending
    asked = (margin.view(payer), margin.terms(), shared.prices, margin.marks())
    markets: dict[str, Json] = {}
    for name, market in margin.markets.items():
        trades = margin.may_trade(payer, market.kind) == 0
        room = shared.parameters.value("perpetual.open_interest_max", name) - market.positions.longs
        most = max(0, min(room, market.funds.market.quantity_max)) if trades else 0
        mark = limits.liquidation_mark(*asked, name) if market.positions.size(payer) else None
        markets[name] = {
            "buy": str(limits.max_order(*asked, name, is_bid=True, most=most)),
            "liquidation_mark": None if mark is None else str(mark),
            "sell": str(limits.max_order(*asked, name, is_bid=False, most=most)),
        }
    assets: dict[str, Json] = {}
    for asset in shared.assets:
        may_borrow = margin.permits(payer, "borrowing") and not lending.lent(payer, asset)
        pool = lending.borrowable(payer, asset) if may_borrow else 0
        own = margin.own(payer, asset) - lending.lent(payer, asset) + lending.redeemable(payer, asset)
        own = own if payer not in margin.liquidating else 0
        assets[asset] = {
            "borrow": str(limits.max_borrow(*asked, asset, most=pool)),
            "withdraw": str(limits.max_withdrawal(*asked, asset, own)),
        }
    return {"assets": assets, "markets": markets}


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
            **{name: str(value) for name, value in health._asdict().items()}, "equity": str(health.equity),
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
