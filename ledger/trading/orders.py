"""Orders as the books take them: flat rows of integers, decided once at the door.

A price is a number of ticks and a quantity a number of steps, so nothing here can be off the grid. A book accepts any
tuple of this shape, because a plain tuple unpacks faster than a named one; `NewOrder` is the readable form.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, TypeAlias

__all__ = [
    "NewOrder",
    "OrderRow",
    "OrderType",
    "SelfTrade",
    "Side",
    "TimeInForce",
    "TriggerBy",
    "TriggerKind",
    "in_range",
]


class Side(IntEnum):
    """Which asset the order gives: a bid gives quote, an ask gives base."""

    BID = 0
    ASK = 1


class OrderType(IntEnum):
    """A limit order has a price; a market order takes what is there."""

    LIMIT = 0
    MARKET = 1


class TimeInForce(IntEnum):
    """How long an order lives. Good-till-time is GTC with `expires_us`."""

    GTC = 0
    IOC = 1
    FOK = 2


class SelfTrade(IntEnum):
    """What happens where a taker meets an order of the same owner; the taker's mode decides.

    Scope: `owner`, the account that owns the subaccounts, so two subaccounts of one owner do not trade either.
    """

    REJECT_TAKER = 0
    REJECT_MAKER = 1
    REJECT_BOTH = 2
    ALLOW = 3


class TriggerKind(IntEnum):
    """A stop fires when the price moves against the side, a take-profit when it moves in its favour."""

    NONE = 0
    STOP = 1
    TAKE_PROFIT = 2


class TriggerBy(IntEnum):
    """The price that a trigger watches."""

    LAST = 0
    MARK = 1
    INDEX = 2


_STOP, _BID = int(TriggerKind.STOP), int(Side.BID)


class NewOrder(NamedTuple):
    """One order to place. All fields are integers; zero means none.

    `account`: the subaccount that pays. `owner`: the scope of self-trade prevention. `price`: ticks; on a market order
    the worst price accepted (slippage), or 0. `quantity`: steps. `quote_quanta`: instead of a quantity on a market
    order; a bid spends at most this with its fee, an ask sells for at most this before its fee. `expires_us`: the
    order ends at the first time not before this. `oco_partner`: the other leg's order id, in `place_pair` alone.
    """

    order_id: int
    account: int
    owner: int
    side: int
    order_type: int = OrderType.LIMIT
    price: int = 0
    quantity: int = 0
    time_in_force: int = TimeInForce.GTC
    post_only: int = 0
    self_trade: int = SelfTrade.REJECT_TAKER
    session: int = 0
    expires_us: int = 0
    quote_quanta: int = 0
    trigger_kind: int = TriggerKind.NONE
    trigger_by: int = TriggerBy.LAST
    trigger_price: int = 0
    oco_partner: int = 0

    @property
    def fires_on_rise(self) -> bool:
        """Whether the trigger fires at or above its price (else at or below it)."""
        return (self.trigger_kind == _STOP) == (self.side == _BID)


OrderRow: TypeAlias = tuple[
    int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int
]  # the fields of NewOrder, in its order


def in_range(order: OrderRow) -> bool:
    """Whether every field lies in its own range: positive ids, codes of their lists. The door asks once; books do not.

    A row that fails is malformed and never becomes a command; what a book rejects is well typed and wrong in meaning.
    """
    row = NewOrder(*order)
    return (
        min(row.order_id, row.account, row.owner) > 0
        and min(row) >= 0
        and row.side <= Side.ASK
        and row.order_type <= OrderType.MARKET
        and row.time_in_force <= TimeInForce.FOK
        and row.post_only <= 1
        and row.self_trade <= SelfTrade.ALLOW
        and row.trigger_kind <= TriggerKind.TAKE_PROFIT
        and row.trigger_by <= TriggerBy.INDEX
    )
