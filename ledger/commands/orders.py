"""Orders of customers: placed, amended, cancelled, blocked."""

from __future__ import annotations

from typing import ClassVar

from ledger.commands.codecs import (
    CODE,
    FLAG,
    ID,
    MARKET,
    MICROS,
    POSITIVE,
    SMALL,
    SUBACCOUNT,
    Command,
    Fields,
    field_as,
    list_of,
    one_of,
    optional,
    record_of,
    shape,
)

__all__ = ["AmendOrder", "Cancel", "CancelAll", "EndSession", "NewOrder", "PlaceOrders", "Unblock"]


@shape
class NewOrder(Fields):
    """One order to place. `quantity` in steps or None with `quote_quantity` in quanta; `price` in ticks.

    A market order's price is the worst that it accepts. Two orders of one market with the same `oco_group` cancel each
    other. An order bound to its session ends when the session does.

    `margin`: in a spot market the order holds equity instead of coins, and borrows what it lacks at the match; an order
    in a derivative market always does. `reduce_only`: it never opens, grows or turns a position. `whole_position`: with
    a trigger and `reduce_only`, the quantity is that of the position when the trigger fires.
    """

    market: str = field_as(MARKET)
    side: str = field_as(one_of("bid", "ask"))
    kind: str = field_as(one_of("limit", "market"))
    client_id: int = field_as(SMALL)
    quantity: int | None = field_as(optional(POSITIVE))
    quote_quantity: int | None = field_as(optional(POSITIVE))
    price: int | None = field_as(optional(POSITIVE))
    time_in_force: str = field_as(one_of("gtc", "ioc", "fok", "gtt"))
    expires: int | None = field_as(optional(MICROS))
    post_only: bool = field_as(FLAG)
    self_trade: str = field_as(one_of("reject-taker", "reject-maker", "reject-both", "allow"))
    trigger: str | None = field_as(optional(one_of("stop", "take-profit")))
    trigger_price: int | None = field_as(optional(POSITIVE))
    trigger_by: str | None = field_as(optional(one_of("last", "mark", "index")))
    oco_group: int | None = field_as(optional(SMALL))
    bound: bool = field_as(FLAG)
    margin: bool = field_as(FLAG, default=False)
    reduce_only: bool = field_as(FLAG, default=False)
    whole_position: bool = field_as(FLAG, default=False)


@shape
class PlaceOrders(Command):
    """One or more orders, in order; each stands or falls alone, but for the two legs of a pair."""

    TYPE: ClassVar[str] = "place-orders"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    orders: tuple[NewOrder, ...] = field_as(list_of(record_of(NewOrder)))


@shape
class Cancel(Command):
    """Take orders out of the book, by the ids that the exchange gave them."""

    TYPE: ClassVar[str] = "cancel"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    orders: tuple[int, ...] = field_as(list_of(POSITIVE))


@shape
class CancelAll(Command):
    """Take all of a subaccount's orders out, in one or all markets; with `block` it may place none until unblocked."""

    TYPE: ClassVar[str] = "cancel-all"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    market: str | None = field_as(optional(MARKET))
    block: bool = field_as(FLAG)


@shape
class Unblock(Command):
    """Lift what the subaccount's own `CancelAll` with `block` did; an operator's block stays."""

    TYPE: ClassVar[str] = "unblock"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)


@shape
class AmendOrder(Command):
    """Another price and total quantity; less quantity at the same price keeps its place in the queue."""

    TYPE: ClassVar[str] = "amend-order"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    order: int = field_as(POSITIVE)
    price: int = field_as(POSITIVE)
    quantity: int = field_as(POSITIVE)


@shape
class EndSession(Command):
    """A session is gone: every order that was bound to it ends. `session` is the source that the log names."""

    TYPE: ClassVar[str] = "end-session"
    session: str = field_as(CODE)
