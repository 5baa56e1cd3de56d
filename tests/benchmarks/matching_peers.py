"""Order books from PyPI on the same messages: what each does and does not do stands beside its figure.

Facts of the releases that requirements.lock names; no judgement. An adapter gives a book what it lacks as far as its
interface allows: an order that is immediate or cancel is placed and what is left of it cancelled; an amendment that
keeps its place changes the order in place, any other is a cancel and a new order. Making the book's own order object
is inside the clock, because the book takes nothing else. `steps` is what was traded: equal to ours, or the book does
not match as price and time say. A message that a book answers with an exception is counted in `errors`.
"""

from __future__ import annotations

import gc
import importlib.util
import time
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Protocol

__all__ = ["PEERS", "measure_peers"]

PLACE, CANCEL, AMEND = range(3)
Message = tuple[int, tuple[int, ...]]


class Adapter(Protocol):
    """One book behind the messages of `matching.py`."""

    package: str
    lacks: str
    messages_max: int
    steps: int

    def place(self, row: tuple[int, ...]) -> None:
        """Place an order; match it."""

    def cancel(self, order_id: int, account: int) -> None:
        """End an order; one that is not there is passed over."""

    def amend(self, order_id: int, account: int, price: int, quantity: int) -> None:
        """Give an order a new price and total quantity."""


class PyOrderBook:
    """pyorderbook: a heap of levels, each a dictionary; decimals and UUIDs."""

    package = "pyorderbook"
    lacks = "no accounts, no own order ids, no immediate-or-cancel, no amendments, no self-trade prevention, no reports"
    messages_max = 10**9

    def __init__(self) -> None:
        from pyorderbook import Book, Order, Side

        self._book, self._order, self._sides = Book(), Order, (Side.BID, Side.ASK)
        self._known: dict[int, tuple[Any, int, int]] = {}
        self.steps = 0

    def place(self, row: tuple[int, ...]) -> None:
        """See `Adapter.place`."""
        self._enter(row[0], row[3], row[5], row[6], row[6], row[7])

    def _enter(self, order_id: int, side: int, price: int, left: int, total: int, life: int) -> None:
        order = self._order(self._sides[side], "BASE", price, left)
        self.steps += sum(trade.fill_quantity for trade in self._book.match(order).trades)
        if order.quantity and life:
            self._book.cancel(order)
        elif order.quantity:
            self._known[order_id] = (order, side, total)

    def cancel(self, order_id: int, account: int) -> None:
        """See `Adapter.cancel`."""
        order, _, _ = self._known.pop(order_id, (None, 0, 0))
        if order is not None and order.quantity:
            self._book.cancel(order)

    def amend(self, order_id: int, account: int, price: int, quantity: int) -> None:
        """See `Adapter.amend`."""
        order, side, total = self._known.get(order_id, (None, 0, 0))
        if order is None or not order.quantity:
            return
        left = order.quantity - total + quantity
        if left <= 0:
            self.cancel(order_id, account)
        elif price == order.price and quantity <= total:
            order.quantity = left
            self._known[order_id] = (order, side, quantity)
        else:
            self.cancel(order_id, account)
            self._enter(order_id, side, price, left, quantity, 0)


class LightMatching:
    """lightmatchingengine: dictionaries of lists; the best price is searched for each time."""

    package = "lightmatchingengine"
    lacks = (
        "no accounts, no own order ids, no immediate-or-cancel, no amendments, no self-trade prevention; an order that "
        "was filled must not be cancelled, or it raises, so the adapter asks first; levels are lists that are searched "
        "from the front, so the messages are a prefix"
    )
    messages_max = 20_000

    def __init__(self) -> None:
        from lightmatchingengine.lightmatchingengine import LightMatchingEngine

        self._engine = LightMatchingEngine()
        self._known: dict[int, tuple[Any, int]] = {}
        self.steps = 0

    def place(self, row: tuple[int, ...]) -> None:
        """See `Adapter.place`."""
        self._enter(row[0], row[3], row[5], row[6], row[6], row[7])

    def _enter(self, order_id: int, side: int, price: int, left: int, total: int, life: int) -> None:
        order, _ = self._engine.add_order("BASE", price, left, 1 + side)
        self.steps += order.cum_qty
        if order.leaves_qty and life:
            self._engine.cancel_order(order.order_id, "BASE")
        elif order.leaves_qty:
            self._known[order_id] = (order, total)

    def cancel(self, order_id: int, account: int) -> None:
        """See `Adapter.cancel`."""
        order, _ = self._known.pop(order_id, (None, 0))
        if order is not None and order.leaves_qty:
            self._engine.cancel_order(order.order_id, "BASE")

    def amend(self, order_id: int, account: int, price: int, quantity: int) -> None:
        """See `Adapter.amend`."""
        order, total = self._known.get(order_id, (None, 0))
        if order is None or not order.leaves_qty:
            return
        left = order.leaves_qty - total + quantity
        if left <= 0:
            self.cancel(order_id, account)
        elif price == order.price and quantity <= total:
            order.leaves_qty = left
            self._known[order_id] = (order, quantity)
        else:
            self.cancel(order_id, account)
            self._enter(order_id, order.side - 1, price, left, quantity, 0)


PEERS: tuple[type[PyOrderBook] | type[LightMatching], ...] = (PyOrderBook, LightMatching)


def _run(adapter: Adapter, stream: list[Message], seconds_max: float) -> tuple[int, int, int]:
    """Messages done, processor nanoseconds, exceptions; it ends early past `seconds_max`."""
    gc.collect()
    gc.freeze()
    done = errors = 0
    start = time.process_time_ns()
    for kind, row in stream:
        try:
            if kind == PLACE:
                adapter.place(row)
            elif kind == CANCEL:
                adapter.cancel(row[0], row[1])
            else:
                adapter.amend(row[0], row[1], row[2], row[3])
        except Exception:
            errors += 1  # a peer's defect is part of the result and must not end the run
        done += 1
        if not done % 1_000 and time.process_time_ns() - start > seconds_max * 10**9:
            break
    elapsed = time.process_time_ns() - start
    gc.unfreeze()
    return done, elapsed, errors


def measure_peers(regime: str, stream: list[Message], seconds_max: float = 20.0) -> Iterator[dict[str, object]]:
    """One result for each peer that is installed; one that is not is named as skipped."""
    for peer in PEERS:
        if importlib.util.find_spec(peer.package) is None:
            yield {"benchmark": "matching-peer", "peer": peer.package, "skipped": "not installed"}
            continue
        adapter = peer()
        done, elapsed, errors = _run(adapter, stream[: peer.messages_max], seconds_max)
        yield {
            "benchmark": "matching-peer", "peer": f"{peer.package} {version(peer.package)}", "regime": regime,
            "messages": done, "messages_per_second": done * 10**9 // elapsed, "steps": adapter.steps,
            "errors": errors, "lacks": peer.lacks,
        }  # fmt: skip
