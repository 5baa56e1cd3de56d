"""How many messages a second one book takes, in five regimes and on one deep level.

    python -m tests.benchmarks.matching [--orders 200000] [--seed 23] [--book fast|naive] [--repeats 3]

Regimes: normal and static walks of the price, swings of 25 and 40 %, and a flash crash. Of the new orders 15 % are
IOC; 95 % of those that rest are cancelled later and 20 % are amended; the stream is drawn once from the seed, ahead of
the timer. A message is one command. `bare` is a market without bands. `full` has every order feature: limit and impact
bands, self-trade prevention, post-only, good-till-time, market orders by quantity and by quote, fill-or-kill and stops.
`funded` adds exact holds, fees and settlement in a purse of plain lists. Prints one JSON line for each measurement: the
best of the repeats, in messages a second of processor time, reports made and dropped after every batch of 1,000.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import random
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ledger.trading.book import FastBook
from ledger.trading.book_naive import NaiveBook
from ledger.trading.fees import FeeRates
from ledger.trading.holds import SpotFunds
from ledger.trading.market import Market
from ledger.trading.orders import NewOrder

PLACE, CANCEL, AMEND = range(3)
ACCOUNTS = 1_000
BATCH = 1_000
START = 100_000
PEERS = ("order_book", "lightmatchingengine", "pyorderbook")
Message = tuple[int, tuple[int, ...]]


class Regime(NamedTuple):
    """How the middle price walks: the step of its walk, and its shape as a share of the start over the stream."""

    name: str
    step: int
    shape: Callable[[int, int], int]


def _triangle(percent: int) -> Callable[[int, int], int]:
    def shape(number: int, orders: int) -> int:
        phase = 4 * number % (2 * orders)
        half = orders
        rising = phase if phase < half else 2 * half - phase
        return START * percent * (2 * rising - half) // (100 * half)

    return shape


def _crash(number: int, orders: int) -> int:
    """Half of the price is lost within a fiftieth of the stream, and slowly regained."""
    since = number - orders // 2
    if since < 0:
        return 0
    fall = orders // 50
    return -START // 2 * min(since, fall) // fall + START // 2 * max(0, since - fall) // orders


REGIMES = (
    Regime("normal", 8, lambda number, orders: 0),
    Regime("static", 0, lambda number, orders: 0),
    Regime("swing25", 8, _triangle(25)),
    Regime("swing40", 8, _triangle(40)),
    Regime("flash-crash", 8, _crash),
)


def draw_stream(regime: Regime, orders: int, seed: int, *, full: bool) -> list[Message]:
    """The messages of one regime: new orders with the cancels and amends of earlier ones between them."""
    draw = random.Random(f"{seed} {regime.name}")
    due: list[list[Message]] = [[] for _ in range(orders + 1)]
    stream: list[Message] = []
    walk = 0
    for number in range(1, orders + 1):
        stream += due[number]
        due[number] = []
        walk += draw.randint(-regime.step, regime.step)
        middle = max(1_000, START + walk + regime.shape(number, orders))
        order = _draw_order(draw, number, middle, full=full)
        stream.append((PLACE, tuple(order)))
        if order.time_in_force or order.order_type:
            continue
        if draw.random() < 0.2:
            price = max(1, order.price + draw.randint(-20, 20))
            _later(draw, due, number, (AMEND, (number, order.account, price, draw.randint(1, 150))))
        if draw.random() < 0.95:
            _later(draw, due, number, (CANCEL, (number, order.account)))
    return stream


def _later(draw: random.Random, due: list[list[Message]], number: int, message: Message) -> None:
    """Most orders live for a few hundred others, some for thousands."""
    place = number + 1 + int(draw.expovariate(1 / 1_500))
    if place < len(due):
        due[place].append(message)


def _draw_order(draw: random.Random, number: int, middle: int, *, full: bool) -> NewOrder:
    side, account = draw.randint(0, 1), draw.randint(1, ACCOUNTS)
    away = int(draw.expovariate(1 / 60)) - 12
    price = max(1, middle - away if side == 0 else middle + away)
    ioc = int(draw.random() < 0.15)
    order = NewOrder(
        number, account, account, side, price=price, quantity=draw.randint(1, 100), time_in_force=ioc, self_trade=1
    )
    return _decorate(draw, order) if full else order._replace(self_trade=3)


def _decorate(draw: random.Random, order: NewOrder) -> NewOrder:
    """Every order feature in some share of the orders."""
    kind = draw.random()
    if order.time_in_force:
        if kind < 0.4:
            return order._replace(order_type=1, price=0)
        if kind < 0.5:
            return order._replace(order_type=1, price=0, quantity=0, quote_quanta=order.price * order.quantity)
        return order._replace(time_in_force=2) if kind < 0.6 else order
    if kind < 0.1:
        return order._replace(post_only=1)
    if kind < 0.2:
        return order._replace(expires_us=10**9 + order.order_id)
    if kind < 0.22:
        trigger = order.price + (200 if order.side == 0 else -200)
        return order._replace(trigger_kind=1, trigger_price=max(1, trigger))
    return order._replace(session=1 + order.account % 7)


class ArrayPurse:
    """Balances in lists of plain integers, free and held of each asset."""

    def __init__(self) -> None:
        accounts = range(ACCOUNTS + 1)
        self.free = tuple([10**15 for _ in accounts] for _ in "qb")  # by side: what an order of it gives
        self.held = tuple([0 for _ in accounts] for _ in "qb")

    def till(self, base: str, quote: str) -> ArrayPurse:
        """See `holds.Purse`; it has two assets alone and is its own till."""
        assert (base, quote) == ("BASE", "QUOTE")
        return self

    def hold(self, _order: int, account: int, side: int, quanta: int) -> int:
        """See `holds.Till`."""
        free = self.free[side]
        if free[account] < quanta:
            return 0
        free[account] -= quanta
        self.held[side][account] += quanta
        return 2 * account + side

    def raise_hold(self, _handle: int, order_id: int, account: int, side: int, quanta: int) -> int:
        """See `holds.Till`."""
        return self.hold(order_id, account, side, quanta)

    def release(self, handle: int, quanta: int) -> None:
        """See `holds.Till`."""
        account, side = divmod(handle, 2)
        self.held[side][account] -= quanta
        self.free[side][account] += quanta

    shared: tuple[()] = ()

    def share(self, _buyer: int, _seller: int, _buyer_fee: int, _seller_fee: int) -> None:
        """See `holds.Till`; nobody refers anybody here."""

    def credit(self, account: int, _side: int) -> int:
        """See `holds.Till`."""
        return account

    def settle(
        self, _bid: int, _ask: int, buyer: int, seller: int, base_quanta: int, quote_quanta: int, buyer_fee: int,
        seller_fee: int, freed: int,
    ) -> None:  # fmt: skip
        """See `holds.Till`."""
        (free_quote, free_base), (held_quote, held_base) = self.free, self.held
        held_quote[buyer] -= quote_quanta + buyer_fee + freed
        free_quote[buyer] += freed
        held_base[seller] -= base_quanta
        free_base[buyer] += base_quanta
        free_quote[seller] += quote_quanta - seller_fee
        free_quote[0] += buyer_fee + seller_fee

    def total(self) -> int:
        """Everything there is, both assets."""
        return sum(sum(table) for side in (self.free, self.held) for table in side)


def make_book(kind: str, features: str) -> FastBook | NaiveBook:
    """A market with a tick of 0.01 and a step of 0.0001, and its book."""
    bands = {
        "limit_band_down_ppm": 500_000, "limit_band_up_ppm": 1_500_000,
        "impact_down_ppm": 970_000, "impact_up_ppm": 1_030_000,
    } if features != "bare" else {}  # fmt: skip
    market = Market("BASE_QUOTE", "BASE", "QUOTE", 8, 6, 1, 2, 10_000, open_orders_max=10**6, **bands)
    rates = FeeRates(-50, 400)
    funds = SpotFunds(market, lambda account: rates, ArrayPurse()) if features == "funded" else None
    return (FastBook if kind == "fast" else NaiveBook)(market, funds)


def run(book: FastBook | NaiveBook, stream: list[Message]) -> int:
    """Give the book every message; processor nanoseconds."""
    place, cancel, amend, reports = book.place, book.cancel, book.amend, book.reports
    gc.collect()
    gc.freeze()
    gc.disable()  # a book makes no cycles, so a server freezes what it has and lets the counts free the rest
    elapsed = 0
    for first in range(0, len(stream), BATCH):
        # The door has just read a batch from bytes, so that its rows are in the cache; a copy outside the timer does
        # the same.
        batch = [(kind, (*row,)) for kind, row in stream[first : first + BATCH]]
        start = time.process_time_ns()
        for kind, row in batch:
            if kind == PLACE:
                place(row)  # type: ignore[arg-type]  # a row of a PLACE message is an OrderRow
            elif kind == CANCEL:
                cancel(row[0], row[1])
            else:
                amend(row[0], row[1], row[2], row[3])
        reports.clear()  # as the engine does after each batch
        elapsed += time.process_time_ns() - start
    gc.enable()
    gc.unfreeze()
    return elapsed


def deep_stream(orders: int) -> tuple[list[Message], list[Message]]:
    """Many orders at one price, and their cancels from the front."""
    rows = [
        tuple(NewOrder(number, 1 + number % ACCOUNTS, 1, 0, price=START, quantity=5)) for number in range(1, orders + 1)
    ]
    return [(PLACE, row) for row in rows], [(CANCEL, (row[0], row[1])) for row in rows]


def measure(kind: str, orders: int, seed: int, repeats: int) -> Iterator[dict[str, object]]:
    """One result for each regime and kind of run, then the deep level."""
    for features in ("bare", "full", "funded"):
        rates = []
        for regime in REGIMES:
            stream = draw_stream(regime, orders, seed, full=features != "bare")
            elapsed, book = min(
                ((run(book, stream), book) for book in (make_book(kind, features) for _ in range(repeats))),
                key=lambda pair: pair[0],
            )
            rates.append(len(stream) * 10**9 // elapsed)
            yield {
                "benchmark": "matching", "book": kind, "features": features, "regime": regime.name,
                "messages": len(stream), "trades": book.trade_id, "messages_per_second": rates[-1],
                "state": book.state_digest().hex()[:16],
            }  # fmt: skip
        yield {"benchmark": "matching", "book": kind, "features": features, "regime": "worst",
               "messages_per_second": min(rates)}  # fmt: skip
    places, cancels = deep_stream(80_000 if kind == "fast" else 2_000)
    best = 0
    for _ in range(repeats):
        book = make_book(kind, "bare")
        run(book, places)
        best = max(best, len(cancels) * 10**9 // run(book, cancels))
    yield {"benchmark": "deep-level", "book": kind, "orders": len(cancels), "cancels_per_second": best}


def main() -> None:
    """Print one JSON line for each measurement, and which peers are installed."""
    parser = argparse.ArgumentParser(description="Messages a second through one order book.")
    parser.add_argument("--orders", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=23)
    parser.add_argument("--book", choices=("fast", "naive"), default="fast")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for result in measure(options.book, options.orders, options.seed, options.repeats):
        print(json.dumps(result), flush=True)
    found = [name for name in PEERS if importlib.util.find_spec(name)]
    print(json.dumps({"benchmark": "peers", "installed": found}))


if __name__ == "__main__":
    main()
