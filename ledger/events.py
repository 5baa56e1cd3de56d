"""Every fact that the engine states in answer to a command, typed. What follows the log follows these.

Balances are absolute and gross: what is owed to a customer in an asset, and what they owe, after the command. They are
what feeds the liabilities trees (law 5 of the house).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, TypeAlias

from ledger.trading.reports import ReportRow

__all__ = [
    "AccountBlocked",
    "AccountOpened",
    "AddressAssigned",
    "AssetListed",
    "AuctionHeld",
    "BackstopSet",
    "BalanceChanged",
    "ConsentSet",
    "ConversionMoved",
    "CustodyMoved",
    "CustomerSet",
    "DeleveragingQueued",
    "DepositCredited",
    "DepositReversed",
    "DerivativeListed",
    "DestinationSet",
    "Event",
    "FundingSet",
    "HourCut",
    "InsuranceMoved",
    "InterestAccrued",
    "KeyChanged",
    "LendingMoved",
    "LiquidationMoved",
    "MarkSet",
    "MarketHalted",
    "MarketListed",
    "MarketStateSet",
    "OrderPlaced",
    "OrderReport",
    "ParameterChangeEnded",
    "ParameterScheduled",
    "ParameterSet",
    "PermissionsSet",
    "PoolStated",
    "PositionMoved",
    "PriceJumped",
    "PricesSet",
    "ReceiptAssigned",
    "ReceiptHeld",
    "Refused",
    "SettlementFinished",
    "SettlementStarted",
    "StrategyMoved",
    "TransfersSet",
    "WalletSet",
    "WalletSettingsSet",
    "WithdrawalMoved",
    "event_document",
    "event_name",
]


class Refused(NamedTuple):
    """The command changed nothing; `reason` is from the engine's closed list."""

    reason: str


class AccountOpened(NamedTuple):
    """A customer's account stands. Its leaf's id is of `kind`; other than assigned ones it is kept under `data`."""

    account: str
    entity: str
    kind: str
    data: str | None
    identity: str | None


class CustomerSet(NamedTuple):
    """What a customer is from now on."""

    account: str
    client_class: str
    domicile: str
    relation: str


class ConsentSet(NamedTuple):
    """What a customer agrees to, or no longer does; `text` is the SHA-256 of what they were shown, hex."""

    account: str
    consent: str
    given: bool
    text: str


class KeyChanged(NamedTuple):
    """What a key is from now on, after it was registered, rotated or revoked; times in microseconds, key in hex."""

    owner: str
    role: str
    key: str
    permissions: tuple[str, ...]
    registered: int
    expires: int | None
    ended: int | None


class AccountBlocked(NamedTuple):
    """An operator stopped an account's trading, or no longer does."""

    account: str
    blocked: bool
    reason: str


class AssetListed(NamedTuple):
    """An asset with its quantum, 10^-scale, and where it lives; stated again when its master data change."""

    asset: str
    scale: int
    chain: str
    contract: str


class WalletSet(NamedTuple):
    """What a wallet or bank account is from now on."""

    wallet: str
    entity: str
    owner: str
    custodian: str
    chain: str


class MarketListed(NamedTuple):
    """A spot market stands, closed until it is opened; tick and step in quanta."""

    market: str
    base: str
    quote: str
    tick: int
    step: int


class MarketStateSet(NamedTuple):
    """What a market, or the venue (None), takes from now on."""

    market: str | None
    state: str


class ParameterSet(NamedTuple):
    """A parameter's value from now on, as canonical JSON; `change` is the number it was scheduled under, else 0."""

    name: str
    scope: str
    value: str
    change: int


class ParameterScheduled(NamedTuple):
    """A parameter will have a value (canonical JSON) at the first command at or after `effective` (microseconds)."""

    change: int
    effective: int
    name: str
    scope: str
    value: str


class ParameterChangeEnded(NamedTuple):
    """A scheduled change will not happen: it was cancelled (reason `cancelled`), or is not possible any more."""

    change: int
    reason: str


class PricesSet(NamedTuple):
    """Reference prices that changed, of assets and of currencies: 10^-18 `unit` for one; None: there is none now."""

    unit: str
    assets: tuple[tuple[str, int | None], ...]
    currencies: tuple[tuple[str, int | None], ...]


class PriceJumped(NamedTuple):
    """A feed's price was left out: it is too far from the same feed's last one, which still stands."""

    feed: str
    name: str
    price: int


class OrderPlaced(NamedTuple):
    """An order was handed to a book under this id; the book's own answers follow.

    `cause`: customer; or strategy, liquidation, conversion for one that stands in no command, and then has its `side`
    and its `quantity` in steps here. A part of a strategy is its owner's, the other two are the exchange's.
    """

    order: int
    market: str
    account: str
    subaccount: str
    client_id: int
    cause: str = "customer"
    side: str = ""
    quantity: int = 0


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


class AddressAssigned(NamedTuple):
    """What arrives there is the customer's, or the house's (None)."""

    chain: str
    address: str
    account: str | None
    subaccount: str
    wallet: str | None


class ReceiptHeld(NamedTuple):
    """A receipt that no customer is credited for: it is owed, in a line of its own, until it is assigned."""

    evidence: str
    wallet: str
    asset: str
    amount: int


class ReceiptAssigned(NamedTuple):
    """A held receipt is a customer's now, or the house's (None)."""

    evidence: str
    account: str | None
    asset: str
    amount: int


class TransfersSet(NamedTuple):
    """Whether an asset's `deposits` are credited, or its `withdrawals` taken, from now on."""

    asset: str
    direction: str
    open: bool


class DestinationSet(NamedTuple):
    """A destination counts from a time on, or no more (None)."""

    account: str
    chain: str
    destination: str
    active_us: int | None


class CustodyMoved(NamedTuple):
    """A move between wallets of the exchange: `sent`, `settled` or `failed`; `amount` in quanta."""

    move: str
    state: str
    source: str
    target: str
    asset: str
    amount: int


class WithdrawalMoved(NamedTuple):
    """A withdrawal's state: `held`, `approved`, `sent`, `settled` or `failed`; `amount` in quanta, without the fee."""

    request: str
    state: str
    account: str
    asset: str
    amount: int


class BalanceChanged(NamedTuple):
    """What is owed to a customer in an asset, and what they owe, over all subaccounts, in quanta."""

    entity: str
    account: str
    asset: str
    claim: int
    debt: int


class DerivativeListed(NamedTuple):
    """A perpetual or dated future stands, closed until it is opened; `expires` in microseconds, None for never."""

    market: str
    kind: str
    base: str
    quote: str
    tick: int
    step: int
    expires: int | None


class PermissionsSet(NamedTuple):
    """What is permitted from now on: rows of country, class, product, allowed, leverage; None for every."""

    entity: str
    rows: tuple[tuple[str | None, str | None, str, bool, int], ...]
    reason: str


class WalletSettingsSet(NamedTuple):
    """How a subaccount's wallet behaves from now on."""

    account: str
    subaccount: str
    leverage: int
    auto_lend: bool
    auto_borrow: bool
    auto_repay: bool


class LendingMoved(NamedTuple):
    """A subaccount lent, redeemed, borrowed or repaid `amount` quanta (`kind`), and why (`cause`).

    Causes: manual, auto, order, trade, withdrawal, settlement, liquidation, conversion. `interest`: charged at once, of
    a borrow for the rest of its hour. A borrow of kind `house-debt` was posted by the exchange because no pool could.
    """

    account: str
    subaccount: str
    asset: str
    kind: str
    amount: int
    cause: str
    interest: int


class PoolStated(NamedTuple):
    """A pool at an hour: lent, borrowed, owed to the exchange, quanta; rates in 10^-9 a year; the throttle's bound."""

    asset: str
    lent: int
    borrowed: int
    house_debt: int
    borrow_rate: int
    lend_rate: int
    bound: int


class InterestAccrued(NamedTuple):
    """An hour's interest of one pool, quanta: `charged` to borrowers, `paid` to lenders, to the house, and as dust."""

    asset: str
    hour: int
    charged: int
    paid: int
    share: int
    dust: int
    borrow_rate: int
    lenders: int
    borrowers: int


class MarkSet(NamedTuple):
    """A market's mark in ticks, None where none is valid; `source`: which rung of the ladder gave it."""

    market: str
    mark: int | None
    index_price: int | None
    source: str


class PositionMoved(NamedTuple):
    """A position after a change: signed `size` in steps, `basis` and the change's `fee` in settlement quanta.

    Causes: trade, liquidation, backstop, deleveraging, expiry. `size_change` in steps, at `price` in ticks.
    """

    market: str
    account: str
    subaccount: str
    size: int
    basis: int
    size_change: int
    price: int
    fee: int
    cause: str


class SettlementStarted(NamedTuple):
    """A settlement's prices: marks in ticks by market; `unsettled` markets have no valid mark and wait."""

    number: int
    marks: tuple[tuple[str, int], ...]
    unsettled: tuple[str, ...]


class SettlementFinished(NamedTuple):
    """A settlement is posted in full: quanta of `asset` credited and debited, what of it was redeemed and borrowed
    from the pool, and what was posted as debt to the exchange."""

    number: int
    asset: str
    credited: int
    debited: int
    redeemed: int
    borrowed: int
    house_debt: int
    accounts: int


class FundingSet(NamedTuple):
    """An hour's funding of one market: `rate` in 10^-12 of notional, longs pay where it is above zero, at `mark`."""

    market: str
    hour: int
    rate: int
    premium: int
    mark: int
    paid: int
    received: int


class LiquidationMoved(NamedTuple):
    """A step of an account's liquidation, with what it was judged by: enough to compute it again.

    `stage`: started, cancelled, book, repaid, backstop, insurance, deleveraged, zeroed, ended. Values are 10^-18 of the
    unit of account as of before the step. `market` is a market, or an asset for a debt or collateral; `quantity` steps
    or quanta, `price` ticks or 0, `amount` and `fee` settlement quanta. `bearer`: who bears a loss.
    `view` is the account as it was judged, in canonical JSON (see `ledger.margin.explain`), in the first step alone.
    """

    liquidation: int
    account: str
    subaccount: str
    stage: str
    equity: int
    initial: int
    maintenance: int
    stop: int
    backstop: int
    market: str
    quantity: int
    price: int
    amount: int
    fee: int
    bearer: str
    view: str


class DeleveragingQueued(NamedTuple):
    """The published ranking of one side of a market at a deleveraging: account, subaccount, steps, rank figure."""

    market: str
    side: str
    queue: tuple[tuple[str, str, int, int], ...]


class BackstopSet(NamedTuple):
    """An account stands ready to take over positions: see the command `set-backstop`."""

    account: str
    subaccount: str
    market: str
    capacity: int
    discount: int
    first_loss: int


class ConversionMoved(NamedTuple):
    """Collateral of an account on its way into the settlement asset.

    `state`: requested, quoted, done, book, or cancelled because the account is liquidated.
    """

    conversion: int
    account: str
    subaccount: str
    asset: str
    quantity: int
    amount: int
    state: str
    counterparty: str


class InsuranceMoved(NamedTuple):
    """The insurance fund of an asset after a change, quanta; `cause`: funded, withdrawn, fee or loss."""

    asset: str
    change: int
    balance: int
    cause: str


class StrategyMoved(NamedTuple):
    """A strategy (TWAP) of a subaccount: running, completed, cancelled or terminated; `placed` parts so far."""

    strategy: int
    account: str
    subaccount: str
    market: str
    state: str
    placed: int
    reason: str


class MarketHalted(NamedTuple):
    """A circuit breaker stopped continuous trading: the move in ppm within its window; it reopens by auction."""

    market: str
    move: int
    until: int


class AuctionHeld(NamedTuple):
    """A market reopened by auction: `price` in ticks and `quantity` in steps that crossed, 0 where nothing did."""

    market: str
    price: int
    quantity: int


class HourCut(NamedTuple):
    """The hour ends with this command; the state hash after it stands in the checkpoint of its position.

    `parameters`: the hash of all parameters in force, hex; `ruleset`: the number of the rules that were applied.
    """

    hour: int
    parameters: str
    ruleset: int


Event: TypeAlias = (
    Refused
    | AccountOpened
    | CustomerSet
    | ConsentSet
    | KeyChanged
    | AccountBlocked
    | AssetListed
    | WalletSet
    | MarketListed
    | MarketStateSet
    | ParameterSet
    | ParameterScheduled
    | ParameterChangeEnded
    | PricesSet
    | PriceJumped
    | OrderPlaced
    | OrderReport
    | DepositCredited
    | DepositReversed
    | AddressAssigned
    | ReceiptHeld
    | ReceiptAssigned
    | TransfersSet
    | DestinationSet
    | CustodyMoved
    | WithdrawalMoved
    | BalanceChanged
    | DerivativeListed
    | PermissionsSet
    | WalletSettingsSet
    | LendingMoved
    | PoolStated
    | InterestAccrued
    | MarkSet
    | PositionMoved
    | SettlementStarted
    | SettlementFinished
    | FundingSet
    | LiquidationMoved
    | DeleveragingQueued
    | BackstopSet
    | ConversionMoved
    | InsuranceMoved
    | StrategyMoved
    | MarketHalted
    | AuctionHeld
    | HourCut
)


def event_name(event: Event) -> str:
    """The word for a kind of event, such as `balance-changed`."""
    return _NAMES[type(event)]


def event_document(event: Event) -> dict[str, Any]:
    """An event as JSON: its name under `event`, then its fields; integers are exact and may pass 2^53."""
    return {"event": _NAMES[type(event)], **event._asdict()}


_NAMES = {kind: re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower() for kind in Event.__args__}
