"""What the desks of the wallet say at a cut of lending and of derivative markets: the feed of `ledger.margin.stated`.

Reads only; nothing here is state. Wallets without a debt are not looked at, because they have no part in any figure
but the sums that trees and pools have.
"""

from __future__ import annotations

from typing import Final

from ledger.commands.customers import RELATIONS
from ledger.desks.base import Shared
from ledger.desks.lending import LendingDesk
from ledger.desks.margin import Derivative, MarginDesk
from ledger.desks.orders import OrdersDesk
from ledger.desks.settlement import SettlementDesk
from ledger.journal import AccountCode, house_key
from ledger.margin.risk import AccountView
from ledger.margin.stated import (
    AssetPrice,
    LendingFacts,
    StatedLine,
    StatedWallet,
    market_figures,
    state_lending,
)
from ledger.margin.terms import Terms

__all__ = ["lending_facts"]

_WITHOUT_BOUND: Final = 10**60
"""A loss that no collateral bears: of a wallet whose loss nobody can put a value on."""


def lending_facts(
    shared: Shared, margin: MarginDesk, lending: LendingDesk, settlement: SettlementDesk, orders: OrdersDesk
) -> LendingFacts | None:
    """The facts as of now; None for an exchange that has neither pools, nor derivative markets, nor debts."""
    debtors = sorted(margin.debtors())
    if not (lending.is_active or margin.markets or debtors):
        return None
    terms = margin.terms()
    marks = {name: orders.newest_mark(name) for name in margin.markets}
    prices = [
        AssetPrice(
            asset,
            scale,
            shared.prices.get(asset),
            terms.assets[asset].haircut,
            bool(shared.parameters.value("collateral.issued", asset)),
        )
        for asset, scale in shared.assets.items()
    ]
    return state_lending(
        shared.entity,
        (_wallet(shared, margin, lending, terms, marks, payer) for payer in debtors),
        prices,
        {asset: pool.lent for asset, pool in lending.pools.items()},
        {asset: _insurance(shared, asset) for asset in shared.assets},
        [
            market_figures(
                name,
                terms.settlement,
                market.unit,
                (position for _, position in market.positions),
                market.mark,
                marks[name] or None,
                settlement.funded.get(name),
            )
            for name, market in margin.markets.items()
        ],
    )


def _insurance(shared: Shared, asset: str) -> int:
    found = shared.ledger.find(house_key(AccountCode.INSURANCE, asset, entity=shared.entity))
    return 0 if found is None else shared.ledger.owed(found)


def _wallet(
    shared: Shared, margin: MarginDesk, lending: LendingDesk, terms: Terms, marks: dict[str, int], payer: int
) -> StatedWallet:
    view = margin.view(payer)
    facts = shared.registry.customer(shared.purse.owner(payer)[0], shared.time_us)
    # An account that nothing is known of is none whose debt may count.
    relation = "house" if facts is None else RELATIONS[facts.relation - 1]
    lines = []
    for asset, claim, debt, _ in view.assets:
        to_house = lending.house_debt(payer, asset)
        lines.append(StatedLine(asset, claim, debt - to_house, to_house))
    return StatedWallet(relation, lines, _loss(view, margin.markets, terms, marks, shared.prices.get(terms.settlement)))


def _loss(
    view: AccountView, markets: dict[str, Derivative], terms: Terms, marks: dict[str, int], price: int | None
) -> int:
    """What a wallet stands to lose when its positions are settled, as a value, rounded up."""
    profit = view.unsettled
    for market, size, basis, _, _ in view.positions:
        if size and not marks[market]:
            return _WITHOUT_BOUND
        profit += size * marks[market] * markets[market].unit - basis
    if profit >= 0:
        return 0
    if price is None:
        return _WITHOUT_BOUND
    loss: int = -(profit * price // 10 ** terms.assets[terms.settlement].scale)
    return loss
