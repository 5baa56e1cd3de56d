"""How many messages a second one book takes, in five regimes and on one deep level.

    python -m tests.benchmarks.matching [--orders 200000] [--seed 23] [--book fast|naive] [--repeats 3] [--only NAME]

Regimes: normal and static walks of the price, swings of 25 and 40 %, and a flash crash. Of the new orders 15 % are
IOC; 95 % of those that rest are cancelled later and 20 % are amended; the stream is drawn once from the seed, ahead of
the timer. A message is one command.

`bare` is a market without bands. `full` has every order feature: limit and impact bands, self-trade prevention,
post-only, good-till-time, market orders by quantity and by quote, fill-or-kill and stops. `funded` is `full` with exact
holds, fees and settlement in a purse of plain lists. `ledger` is the stream of `bare` and `ledger-full` that of `full`
on the real double-entry ledger: match, hold, settle and release, each message a command of its own number and time,
its rows drained after every batch; at the end the ledger checks itself, and every hold against its order. Peers from
PyPI take the messages of `bare`; the steps that each traded stand beside ours.

Prints one JSON line for each measurement: the best of the repeats, in messages a second of processor time. Messages
are decoded from bytes in batches of 1,000 ahead of the timer, as the door does it. Reports and rows are made, taken
and dropped after every batch, inside the timer. Before it starts, what is in memory is frozen (`gc.freeze`) and the
collector is off: a book and a ledger make no cycles.
"""

from __future__ import annotations

import argparse
import gc
import json
import marshal
import random
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ledger.journal import AccountCode, Ledger, ReasonCode, house_key
from ledger.purse import LedgerPurse
from ledger.trading.book import FastBook
from ledger.trading.book_naive import NaiveBook
from ledger.trading.fees import FeeRates
from ledger.trading.holds import HANDLE, HELD, SpotFunds
from ledger.trading.market import Market
from ledger.trading.orders import NewOrder
from ledger.trading.reports import Kind
from tests.benchmarks.matching_peers import PEERS, measure_peers

PLACE, CANCEL, AMEND = range(3)
ACCOUNTS = 1_000
BATCH = 1_000
START = 100_000
NOW_MICROS = 1_790_000_000_000_000
START_QUANTA = 10**15
RATES = FeeRates(-50, 400)
FEATURES = ("bare", "full", "funded", "ledger", "ledger-full")
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
        stream.append((PLACE, tuple(map(int, order))))
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


def make_book(kind: str, features: str, ledger: Ledger | None = None) -> FastBook | NaiveBook:
    """A market with a tick of 0.01 and a step of 0.0001, and its book."""
    bands = {
        "limit_band_down_ppm": 500_000, "limit_band_up_ppm": 1_500_000,
        "impact_down_ppm": 970_000, "impact_up_ppm": 1_030_000,
    } if features not in ("bare", "ledger") else {}  # fmt: skip
    market = Market("BASE_QUOTE", "BASE", "QUOTE", 8, 6, 1, 2, 10_000, open_orders_max=10**6, **bands)
    funds = None
    if features == "funded":
        funds = SpotFunds(market, lambda account: RATES, ArrayPurse())
    elif ledger is not None:
        funds = SpotFunds(market, lambda account: RATES, funded_purse(ledger))
    return (FastBook if kind == "fast" else NaiveBook)(market, funds)


def funded_purse(ledger: Ledger) -> LedgerPurse:
    """A purse with every account's claims in both assets, paid in from one wallet each."""
    ledger.begin(1, NOW_MICROS)
    purse = LedgerPurse(ledger, "main")
    for asset in ("BASE", "QUOTE"):
        wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, asset, "wallet"))
        for number in range(1, ACCOUNTS + 1):
            payer = purse.payer(f"customer-{number}", "")
            assert not ledger.post(wallet, purse.claim(payer, asset), START_QUANTA, ReasonCode.DEPOSIT)
    ledger.drain_rows()
    ledger.drain_changes()
    return purse


def run(book: FastBook | NaiveBook, stream: list[Message], ledger: Ledger | None = None) -> tuple[int, int]:
    """Give the book every message; processor nanoseconds and rows of the ledger."""
    place, cancel, amend, reports = book.place, book.cancel, book.amend, book.reports
    gc.collect()
    gc.freeze()
    gc.disable()
    elapsed = rows = number = 0
    for first in range(0, len(stream), BATCH):
        batch = marshal.loads(marshal.dumps(stream[first : first + BATCH]))
        start = time.process_time_ns()
        for kind, row in batch:
            if ledger is not None:
                number += 1
                ledger.begin(number, NOW_MICROS + number)
            if kind == PLACE:
                place(row)
            elif kind == CANCEL:
                cancel(row[0], row[1])
            else:
                amend(row[0], row[1], row[2], row[3])
        reports.clear()  # as the engine does after each batch
        if ledger is not None:
            rows += len(ledger.drain_rows())
        elapsed += time.process_time_ns() - start
    gc.enable()
    gc.unfreeze()
    return elapsed, rows


def check_ledger(book: FastBook | NaiveBook, ledger: Ledger) -> None:
    """Conservation, zero sum and holds, after the clock has stopped."""
    funds = book.funds
    assert isinstance(funds, SpotFunds)
    assert ledger.check() == []
    assert all(line.difference == 0 for line in ledger.zero_sum_report())
    standing = {handle: hold.amount for handle, hold in ledger.standing_holds().items()}
    assert standing == {entry[HANDLE]: entry[HELD] for entry in funds.holds.values() if entry[HELD]}


def deep_stream(orders: int) -> tuple[list[Message], list[Message]]:
    """Many orders at one price, and their cancels from the front."""
    rows = [
        tuple(map(int, NewOrder(number, 1 + number % ACCOUNTS, 1, 0, price=START, quantity=5)))
        for number in range(1, orders + 1)
    ]
    return [(PLACE, row) for row in rows], [(CANCEL, (row[0], row[1])) for row in rows]


def measure_once(kind: str, features: str, stream: list[Message]) -> tuple[int, int, FastBook | NaiveBook]:
    """One run on a book of its own: nanoseconds, rows of the ledger, and the book as it ended."""
    ledger = Ledger() if features.startswith("ledger") else None
    book = make_book(kind, features, ledger)
    elapsed, rows = run(book, stream, ledger)
    if ledger is not None:
        check_ledger(book, ledger)
    return elapsed, rows, book


def measure(kind: str, features: str, orders: int, seed: int, repeats: int) -> Iterator[dict[str, object]]:
    """One result for each regime, then the worst of them."""
    rates = []
    for regime in REGIMES:
        stream = draw_stream(regime, orders, seed, full=features not in ("bare", "ledger"))
        runs = [measure_once(kind, features, stream) for _ in range(repeats)]
        elapsed, rows, book = min(runs, key=lambda each: each[0])
        rates.append(len(stream) * 10**9 // elapsed)
        result: dict[str, object] = {
            "benchmark": "matching", "book": kind, "features": features, "regime": regime.name,
            "messages": len(stream), "trades": book.trade_id, "messages_per_second": rates[-1],
            "state": book.state_digest().hex()[:16],
        }  # fmt: skip
        yield result | ({"rows": rows} if rows else {})
    yield {"benchmark": "matching", "book": kind, "features": features, "regime": "worst",
           "messages_per_second": min(rates)}  # fmt: skip


def measure_deep(kind: str, repeats: int) -> dict[str, object]:
    """Cancels from the front of one level."""
    places, cancels = deep_stream(80_000 if kind == "fast" else 2_000)
    best = 0
    for _ in range(repeats):
        book = make_book(kind, "bare")
        run(book, places)
        best = max(best, len(cancels) * 10**9 // run(book, cancels)[0])
    return {"benchmark": "deep-level", "book": kind, "orders": len(cancels), "cancels_per_second": best}


def measure_beside(orders: int, seed: int) -> Iterator[dict[str, object]]:
    """Our own book and the peers on one stream, with the steps that each traded."""
    for regime in (REGIMES[0], REGIMES[1]):
        stream = draw_stream(regime, orders, seed, full=False)
        for messages in sorted({min(len(stream), peer.messages_max) for peer in PEERS}):
            part = stream[:messages]
            elapsed = min(run(make_book("fast", "bare"), part)[0] for _ in range(2))
            yield {"benchmark": "matching-peer", "peer": "ours", "regime": regime.name, "messages": messages,
                   "messages_per_second": messages * 10**9 // elapsed, "steps": steps_of(part)}  # fmt: skip
        yield from measure_peers(regime.name, stream)


def steps_of(stream: list[Message]) -> int:
    """What our book trades on a stream."""
    book = make_book("fast", "bare")
    for kind, row in stream:
        if kind == PLACE:
            book.place(row)  # type: ignore[arg-type]  # a row of a PLACE message is an OrderRow
        elif kind == CANCEL:
            book.cancel(row[0], row[1])
        else:
            book.amend(row[0], row[1], row[2], row[3])
    return sum(report[5] for report in book.reports if report[0] == Kind.TRADED)


def main() -> None:
    """Print one JSON line for each measurement."""
    parser = argparse.ArgumentParser(description="Messages a second through one order book.")
    parser.add_argument("--orders", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=23)
    parser.add_argument("--book", choices=("fast", "naive"), default="fast")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=(*FEATURES, "deep", "peers"))
    options = parser.parse_args()
    for features in FEATURES:
        if options.only in (None, features):
            for result in measure(options.book, features, options.orders, options.seed, options.repeats):
                print(json.dumps(result), flush=True)
    if options.only in (None, "deep"):
        print(json.dumps(measure_deep(options.book, options.repeats)), flush=True)
    if options.only in (None, "peers"):
        for result in measure_beside(min(options.orders, 50_000), options.seed):
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
