"""What one trade, one event of an order and one movement of money are, typed: all transaction-level files are made of
these and of nothing else.

Amounts are integers: quanta of their asset, ticks and steps of their market. Times are microseconds since 1970, UTC, as
the log applied the command. Positions are the log's.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple, TypeAlias

from ledger.journal import ReasonCode
from ledger.log.record import Capacity, OnBehalf, TraderKind
from ledger.trading.market import Market
from ledger.trading.reports import Kind

__all__ = ["OrderEventRecord", "OrderTerms", "PriceRecord", "Record", "TradeRecord", "TradeSide", "TransferRecord"]


class OrderTerms(NamedTuple):
    """What was asked for, from the signed command. `quantity` in steps, `quote_quantity` in quanta, prices in ticks.

    What the door noted beside it: who decided and in which capacity. `received_us`: when the command came in.
    """

    side: str
    kind: str
    quantity: int | None
    quote_quantity: int | None
    price: int | None
    time_in_force: str
    expires_us: int | None
    post_only: bool
    self_trade: str
    trigger: str | None
    trigger_price: int | None
    received_us: int
    capacity: Capacity = Capacity.NONE
    on_behalf: OnBehalf = OnBehalf.SELF
    trader_kind: TraderKind = TraderKind.NONE
    trader: str = ""
    beneficial_owner: str = ""


class TradeSide(NamedTuple):
    """One side of a trade. `fee_quanta`: in quote, negative for a rebate. `terms` is None where the log lacks them.

    `subaccount` and `terms` are read together with the events of orders, and are None without.
    """

    order_id: int
    account: str
    subaccount: str | None
    fee_quanta: int
    is_maker: bool
    remaining_steps: int
    terms: OrderTerms | None


class TradeRecord(NamedTuple):
    """One fill. `trade_id` counts from 1 in its market; `price` in ticks, `quantity` in steps."""

    position: int
    place: int
    time_us: int
    market: Market
    trade_id: int
    price: int
    quantity: int
    buyer: TradeSide
    seller: TradeSide

    @property
    def base_quanta(self) -> int:
        return self.quantity * self.market.step_quanta

    @property
    def quote_quanta(self) -> int:
        return self.market.notional_quanta(self.price, self.quantity)

    @property
    def unit_price(self) -> Fraction:
        """Quote for one whole base unit, exact."""
        return Fraction(self.price * self.market.tick_units, 10**self.market.tick_decimals)

    @property
    def taker(self) -> TradeSide:
        return self.seller if self.buyer.is_maker else self.buyer


class OrderEventRecord(NamedTuple):
    """One report of a book about one order; a fill gives two, the taker's first.

    `row` are the numbers of `ledger.trading.reports`. `remaining_steps`: what is left of the order after it.
    `limit_price`: ticks, as last amended. `priority_us`: since when it stands at its place in the book, or None.
    """

    position: int
    place: int
    side: int
    time_us: int
    market: Market
    order_id: int
    account: str
    subaccount: str
    client_id: int
    kind: Kind
    row: tuple[int, ...]
    terms: OrderTerms | None
    remaining_steps: int
    limit_price: int | None
    priority_us: int | None
    is_first: bool


class TransferRecord(NamedTuple):
    """What came to a customer's claim or left it, other than by a trade: `quanta` is signed, above zero for in.

    `kind`: the entry's reason in words (`deposit`, `withdrawal`, `withdrawal fee`, `deposit reversal`, `correction`,
    `referral`, `interest`...). `debt_quanta`: by how much the entry changed a debt instead (a reversal of what was
    spent, a repayment). `destination` is the withdrawal's, from the log; `price`: 10^-18 of the unit of account.
    """

    position: int
    entry: int
    time_us: int
    account: str
    subaccount: str
    asset: str
    scale: int
    quanta: int
    debt_quanta: int
    reason: ReasonCode
    reference: str
    counterparty: str
    destination: str | None
    price: int | None

    @property
    def kind(self) -> str:
        return self.reason.name.lower().replace("_", " ")


class PriceRecord(NamedTuple):
    """Reference prices that changed: asset or currency to 10^-18 of the unit for one, or None where there is none."""

    position: int
    time_us: int
    unit: str
    assets: tuple[tuple[str, int | None], ...]
    currencies: tuple[tuple[str, int | None], ...]


Record: TypeAlias = TradeRecord | OrderEventRecord | TransferRecord | PriceRecord
