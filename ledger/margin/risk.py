"""An account's health: what its wallet is worth, what it must hold, and the levels between. Exact integers.

Units: amounts in quanta, sizes in steps, marks in ticks, prices and values in 10^-18 of the unit of account. What the
account owns is rounded down, what it owes and must hold up; each figure is rounded once for each line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

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
    """The health of an account; None where a price or mark that it needs is not there."""
    raise NotImplementedError
