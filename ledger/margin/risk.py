"""An account's health: what its wallet is worth, what it must hold, and the levels between. Exact integers.

Units: amounts in quanta, sizes in steps, marks in ticks, prices and values in 10^-18 of the unit of account. What the
account owns is rounded down, what it owes and must hold up; each figure is rounded once for each line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ledger.margin.formulas import (
    backstop_level,
    collateral_value,
    debt_value,
    requirement,
    stop_level,
    value_ceil,
)
from ledger.margin.terms import Terms

__all__ = ["AccountView", "AssetLine", "Health", "PositionLine", "assess"]


class AssetLine(NamedTuple):
    """One asset of a wallet, quanta. `claim`: all that is owed to it but what is leaving. `debt`: all that it owes.

    `potential`: what its open margin orders would add to the debt, were all of one asset filled.
    """

    asset: str
    claim: int
    debt: int
    potential: int = 0


class PositionLine(NamedTuple):
    """One derivative market: signed `size` in steps, `basis` what it stands at (quanta of the settlement asset).

    Profit is size * mark * unit - basis. `bids` and `asks`: steps of open orders that could add to it on either side.
    """

    market: str
    size: int
    basis: int
    bids: int = 0
    asks: int = 0


class AccountView(NamedTuple):
    """All of a subaccount that counts. `unsettled`: quanta of the settlement asset due to it (or from it) by trades,
    fees and funding that no tick has posted yet. `leverage`: its own limit, times.
    """

    assets: tuple[AssetLine, ...]
    positions: tuple[PositionLine, ...]
    unsettled: int
    leverage: int


class Health(NamedTuple):
    """Values in 10^-18 of the unit of account.

    `equity` = `collateral` + `profit` - `liabilities`; it may be below zero. `exposure`: notional of positions with
    open orders and of debts. New risk needs equity >= `initial`. Liquidation begins at equity < `maintenance` and ends
    at equity >= `stop`; below `backstop` positions go to backstop providers. Source: exchange.md 2.3.
    """

    collateral: int
    profit: int
    liabilities: int
    exposure: int
    initial: int
    maintenance: int
    stop: int
    backstop: int

    @property
    def equity(self) -> int:
        """Net equity."""
        return self.collateral + self.profit - self.liabilities


def assess(view: AccountView, terms: Terms, prices: Mapping[str, int], marks: Mapping[str, int]) -> Health | None:
    """The health of an account; None where a price or mark that it needs is not there.

    exchange.md 2.3: the initial requirement takes open orders and potential debts on their worst side, the maintenance
    requirement neither, because a liquidation cancels them first. Collateral without a price counts nothing.
    """
    collateral = liabilities = exposure = bare_exposure = 0
    initial = bare_initial = maintenance = 0
    for asset, claim, debt, potential in view.assets:
        price = prices.get(asset)
        if price is None:
            if debt or potential:
                return None
            continue
        scale, haircut, initial_by, maintenance_by = terms.assets[asset]
        if claim > 0 and haircut.weight_ppm:
            collateral += collateral_value(claim * price // 10**scale, haircut)
        if debt or potential:
            owed = debt_value(debt, scale, price)
            asked = requirement(owed, initial_by)
            worst = owed if not potential else debt_value(debt + potential, scale, price)
            liabilities += owed
            exposure += worst
            bare_exposure += owed
            initial += asked if worst == owed else requirement(worst, initial_by)
            bare_initial += asked
            maintenance += requirement(owed, maintenance_by)
    profit_quanta = view.unsettled
    settlement = prices.get(terms.settlement)
    if (view.positions or profit_quanta) and settlement is None:
        return None
    for market, size, basis, bids, asks in view.positions:
        mark = marks.get(market)
        if mark is None:
            return None
        unit, initial_by, maintenance_by = terms.markets[market]
        profit_quanta += size * mark * unit - basis
        scale = terms.assets[terms.settlement].scale
        assert settlement is not None, "it was asked above"
        steps = abs(size)
        worst_steps = max(abs(size + bids), abs(size - asks))
        notional = value_ceil(steps * mark * unit, scale, settlement)
        asked = requirement(notional, initial_by)
        worst = notional if worst_steps == steps else value_ceil(worst_steps * mark * unit, scale, settlement)
        exposure += worst
        bare_exposure += notional
        initial += asked if worst == notional else requirement(worst, initial_by)
        bare_initial += asked
        maintenance += requirement(notional, maintenance_by)
    profit = 0
    if profit_quanta:
        assert settlement is not None, "it was asked above"
        profit = profit_quanta * settlement // 10 ** terms.assets[terms.settlement].scale  # down, of either sign
    leverage = min(view.leverage, terms.leverage_max)
    initial = max(initial, -(-exposure // leverage))
    bare_initial = max(bare_initial, -(-bare_exposure // leverage))
    return Health(
        collateral,
        profit,
        liabilities,
        exposure,
        initial,
        maintenance,
        stop_level(maintenance, bare_initial, terms.stop_ppm),
        backstop_level(maintenance, bare_exposure, terms.backstop_divisor, terms.backstop_offset_ppm),
    )
