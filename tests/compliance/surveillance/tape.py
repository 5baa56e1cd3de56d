"""A small market at the level of the event table: a plain book by price and time, and what happens as rows.

Nobody here thinks: `market` has the innocent, `culprits` the others. One `Tape` holds all markets, one count of log
positions, and the money events. Times are given and must rise.
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from compliance.surveillance.events import MONEY_SCHEMA, ORDER_SCHEMA, WIDE_MAX, EventKind, MoneyKind
from compliance.surveillance.log import EventLog

__all__ = ["ASK", "BID", "Tape"]

BID, ASK = 1, -1
UNIT_VALUE = 10_000
"""Millionths of the unit of account for one tick times one step: a tick is 1, a step 0.01."""


@dataclass(slots=True)
class Standing:
    """An order in the book."""

    order: int
    account: str
    market: str
    side: int
    price: int
    left: int


@dataclass(slots=True)
class Book:
    """Keys sort best first: (-price or price, order)."""

    bids: list[tuple[int, int]] = field(default_factory=list)
    asks: list[tuple[int, int]] = field(default_factory=list)
    trades: int = 0
    last: int | None = None
    stops: list[tuple[int, int, str, int, int]] = field(default_factory=list)


class Tape:
    """Everything that happens, in order, by `at` and `run`."""

    def __init__(self) -> None:
        self.rows: list[tuple[object, ...]] = []
        self.money_rows: list[tuple[object, ...]] = []
        self.books: dict[str, Book] = {}
        self.standing: dict[int, Standing] = {}
        self.now = 0
        self.sequence = 0
        self._place = 0
        self._orders = 0
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._agenda_count = 0

    # When.

    def at(self, time_us: int, act: Callable[[], None]) -> None:
        """Do something at a time."""
        self._agenda_count += 1
        heapq.heappush(self._agenda, (time_us, self._agenda_count, act))

    def run(self, until_us: int) -> None:
        """Let everything happen that is due before a time."""
        while self._agenda and self._agenda[0][0] < until_us:
            time, _, act = heapq.heappop(self._agenda)
            self.now = max(self.now, time)
            act()

    def _command(self) -> None:
        self.sequence += 1
        self._place = 0

    def _row(self, market: str, kind: EventKind, order: int, account: str, side: int, **more: int | str | None) -> None:
        get = more.get
        self.rows.append((
            self.sequence, self._place, self.now, market, int(kind), order, account, "", "", side, get("price"),
            get("quantity"), get("remaining"), get("trade"), get("counterparty"), get("counter_order"), None,
            get("reason", 0), get("value"),
        ))  # fmt: skip
        self._place += 1

    # Orders.

    def place(self, market: str, account: str, side: int, price: int, quantity: int, *, ioc: bool = False) -> int:
        """A limit order; gives its id. What cannot trade rests, or expires where it is immediate-or-cancel."""
        self._command()
        self._orders += 1
        self._row(market, EventKind.PLACED, self._orders, account, side, price=price, quantity=quantity)
        self._row(market, EventKind.ACCEPTED, self._orders, account, side)
        self._match(market, Standing(self._orders, account, market, side, price, quantity), ioc=ioc)
        return self._orders

    def _match(self, market: str, taker: Standing, *, ioc: bool) -> None:
        book = self.books.setdefault(market, Book())
        opposite = book.asks if taker.side == BID else book.bids
        while taker.left and opposite:
            maker = self.standing[opposite[0][1]]
            if (maker.price - taker.price) * taker.side > 0:
                break
            quantity = min(taker.left, maker.left)
            taker.left -= quantity
            maker.left -= quantity
            book.trades += 1
            book.last = maker.price
            for kind, own, other in (
                (EventKind.TRADED_TAKER, taker, maker),
                (EventKind.TRADED_MAKER, maker, taker),
            ):
                self._row(
                    market, kind, own.order, own.account, own.side, price=maker.price, quantity=quantity,
                    remaining=own.left, trade=book.trades, counterparty=other.account, counter_order=other.order,
                    value=min(maker.price * quantity * UNIT_VALUE, WIDE_MAX),
                )  # fmt: skip
            if not maker.left:
                opposite.pop(0)
                del self.standing[maker.order]
        if taker.left and ioc:
            self._row(market, EventKind.EXPIRED, taker.order, taker.account, taker.side, remaining=taker.left)
        elif taker.left:
            self.standing[taker.order] = taker
            own = book.bids if taker.side == BID else book.asks
            insort(own, (-taker.price * taker.side, taker.order))
            self._row(
                market, EventKind.RESTED, taker.order, taker.account, taker.side, price=taker.price, quantity=taker.left
            )
        self._trigger(market, book)

    def stop(self, market: str, account: str, side: int, trigger: int, quantity: int) -> int:
        """An order that waits for a price, up for a bid and down for an ask, and then takes what there is."""
        self._command()
        self._orders += 1
        book = self.books.setdefault(market, Book())
        self._row(market, EventKind.PLACED, self._orders, account, side, price=None, quantity=quantity)
        self._row(market, EventKind.PENDING, self._orders, account, side, price=trigger)
        book.stops.append((trigger, self._orders, account, side, quantity))
        return self._orders

    def _trigger(self, market: str, book: Book) -> None:
        due = [stop for stop in book.stops if book.last is not None and (book.last - stop[0]) * stop[3] >= 0]
        book.stops = [stop for stop in book.stops if stop not in due]
        for trigger, order, account, side, quantity in due:
            self._row(market, EventKind.TRIGGERED, order, account, side, price=trigger)
            worst = trigger + side * trigger // 50
            self._match(market, Standing(order, account, market, side, worst, quantity), ioc=True)

    def cancel(self, order: int) -> None:
        """Take an order out, where it still stands."""
        found = self.standing.pop(order, None)
        if found is None:
            return
        self._command()
        book = self.books[found.market]
        side = book.bids if found.side == BID else book.asks
        side.remove((-found.price * found.side, order))
        self._row(found.market, EventKind.CANCELLED, order, found.account, found.side, remaining=found.left, reason=1)

    def best(self, market: str, side: int) -> int | None:
        """The best price of a side."""
        book = self.books.setdefault(market, Book())
        keys = book.bids if side == BID else book.asks
        return None if not keys else -keys[0][0] * side

    # Money.

    def money(
        self, kind: MoneyKind, account: str, asset: str, units: int, *, price: int = 1, address: str | None = None,
        balance: int = 0,
    ) -> None:  # fmt: skip
        """Money in or out: `units` whole ones of the asset at a price in whole units of account, with what was owed."""
        self._command()
        amount = units * 10**6
        self.money_rows.append((
            self.sequence, 0, self.now, int(kind), account, asset, amount, str(amount), amount * price,
            balance * 10**6, "chain:1", address, f"ref-{self.sequence}",
        ))  # fmt: skip

    # What came of it.

    def orders_frame(self) -> pl.DataFrame:
        """The order events."""
        return pl.DataFrame(self.rows, schema=ORDER_SCHEMA, orient="row")

    def money_frame(self) -> pl.DataFrame:
        """The money events."""
        return pl.DataFrame(self.money_rows, schema=MONEY_SCHEMA, orient="row")

    def log(self) -> EventLog:
        """Both as one log."""
        return EventLog.of_frames([self.orders_frame()], [self.money_frame()])
