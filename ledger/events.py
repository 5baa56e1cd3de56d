"""Every fact that the engine states in answer to a command, typed. What follows the log follows these.

Balances are absolute and gross: what is owed to a customer in an asset, and what they owe, after the command. They are
what feeds the liabilities trees (law 5 of the house).
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from ledger.trading.reports import ReportRow

__all__ = [
    "AccountOpened",
    "AssetListed",
    "BalanceChanged",
    "DepositCredited",
    "DepositReversed",
    "Event",
    "HourCut",
    "MarketListed",
    "MarketStateSet",
    "OrderReport",
    "Refused",
    "WithdrawalMoved",
]


class Refused(NamedTuple):
    """The command changed nothing; `reason` is from the engine's closed list."""

    reason: str


class AccountOpened(NamedTuple):
    """A customer's account stands."""

    account: str
    entity: str


class AssetListed(NamedTuple):
    """An asset with its quantum, 10^-scale."""

    asset: str
    scale: int


class MarketListed(NamedTuple):
    """A spot market stands, closed until it is opened."""

    market: str


class MarketStateSet(NamedTuple):
    """What a market takes from now on."""

    market: str
    state: str


class OrderReport(NamedTuple):
    """One row of a book's answer; `ledger.trading.reports.read_report` names its fields."""

    market: str
    row: ReportRow


class DepositCredited(NamedTuple):
    """A deposit is owed to its customer."""

    evidence: str
    account: str
    asset: str
    amount: int


class DepositReversed(NamedTuple):
    """A deposit is gone; `debt` of it had been spent and is owed by the customer now."""

    evidence: str
    account: str
    asset: str
    debt: int


class WithdrawalMoved(NamedTuple):
    """A withdrawal's state: `held`, `sent`, `settled` or `failed`."""

    request: str
    state: str


class BalanceChanged(NamedTuple):
    """What is owed to a customer in an asset, and what they owe, over all subaccounts, in quanta."""

    entity: str
    account: str
    asset: str
    claim: int
    debt: int


class HourCut(NamedTuple):
    """The hour ends with this command; `state` is the engine's state hash after it, hex."""

    hour: int
    state: str


Event: TypeAlias = (
    Refused
    | AccountOpened
    | AssetListed
    | MarketListed
    | MarketStateSet
    | OrderReport
    | DepositCredited
    | DepositReversed
    | WithdrawalMoved
    | BalanceChanged
    | HourCut
)
