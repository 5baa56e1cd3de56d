"""A ledger whose batches go into a store, and the plain twin of that store: every row and every state in lists."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ledger.canonical import Digest
from ledger.events import (
    AccountOpened,
    BalanceChanged,
    DepositCredited,
    DepositReversed,
    Event,
    HourCut,
    OrderPlaced,
    OrderReport,
    Refused,
    WithdrawalMoved,
)
from ledger.journal import (
    AccountCode,
    AccountKey,
    Balance,
    Entry,
    Ledger,
    MassEntry,
    MassPosting,
    ReasonCode,
    Transfer,
    claim_key,
    debt_key,
    entry_of,
    house_key,
    make_id,
)
from ledger.log import Entry as LogEntry
from ledger.log import Head, Micros, Record, Scheme, Sequence64
from ledger.store import StoreBatch, StoredCommand

GENESIS = Digest(bytes(range(32)))
BEGINNING = Head(Sequence64(0), GENESIS)
START_MICROS = 1_790_000_000_000_000
ASSETS = ("BTC", "USDC")
CUSTOMERS = ("alice", "bob", "carol")


@dataclass
class Exchange:
    """Commands on a ledger. `states[n]` are the balances of all accounts after command n; `entries` all entries."""

    ledger: Ledger = field(default_factory=Ledger)
    micros: int = START_MICROS
    head: Head = BEGINNING
    stored: Head = BEGINNING
    applied: list[StoredCommand] = field(default_factory=list)
    rows: list[object] = field(default_factory=list)
    first_account: int = 0
    states: list[list[Balance]] = field(default_factory=lambda: [[]])
    times: list[int] = field(default_factory=lambda: [0])
    entries: list[Entry | MassEntry] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    batches: list[StoreBatch] = field(default_factory=list)

    def command(
        self,
        work: Callable[[Ledger], object],
        kind: str = "test.move",
        account: str = "",
        events: Sequence[Event] = (),
        after_micros: int = 10,
    ) -> None:
        """One command: what `work` does to the ledger, and the events that it states."""
        sequence = self.head.sequence + 1
        self.micros += after_micros
        digest = Digest(hashlib.sha256(self.head.hash + sequence.to_bytes(8, "big")).digest())
        self.head = Head(Sequence64(sequence), digest)
        entry = LogEntry(Micros(self.micros - 1), Micros(self.micros), Scheme.SESSION, (), b"{}")
        self.records.append(Record(self.head.sequence, entry, digest))
        self.ledger.begin(sequence, self.micros)
        work(self.ledger)
        rows = self.ledger.drain_rows()
        self.applied.append(StoredCommand(self.records[-1], kind, account, events))
        self.rows += rows
        self.entries += map(entry_of, rows)
        self.times.append(self.micros)
        self.states.append([self.ledger.balance(number) for number in range(len(self.ledger))])

    def batch(self) -> StoreBatch:
        """The commands since the last batch."""
        opened = [self.ledger.key(number) for number in range(self.first_account, len(self.ledger))]
        made = StoreBatch(self.stored, self.applied, self.rows, self.first_account, opened)
        self.stored, self.first_account = self.head, len(self.ledger)
        self.applied, self.rows = [], []
        self.batches.append(made)
        return made


def keys() -> list[AccountKey]:
    """The accounts of the small exchange: claims and debts of three customers, and the house."""
    customers = [
        key
        for asset in ASSETS
        for customer in CUSTOMERS
        for key in (claim_key(customer, asset), claim_key(customer, asset, "savings"), debt_key(customer, asset))
    ]
    house = [house_key(AccountCode.FEES, asset) for asset in ASSETS]
    return [*customers, *house, *(house_key(AccountCode.CUSTODY_WALLET, asset, "hot-1") for asset in ASSETS)]


def random_step(ledger: Ledger, rng: random.Random, largest: int) -> None:
    """One movement of any kind; a refusal is as good as any other answer."""
    key = rng.choice(keys())
    same_asset = [other for other in keys() if other.asset == key.asset and other != key]
    one, two = ledger.open(key), ledger.open(rng.choice(same_asset))
    amount = rng.choice((1, rng.randint(1, 1000), rng.randint(1, largest)))
    wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, key.asset, "hot-1"))
    choice = rng.randrange(8)
    holds = list(ledger.standing_holds())
    price, reference = rng.choice((None, 10**18)), rng.choice(("", "order-7", "tab\tand\\line\n", "None"))
    if choice <= 1:
        ledger.post(wallet, one, amount, ReasonCode.DEPOSIT, reference, price)
    elif choice == 2:
        ledger.post(one, two, amount, ReasonCode.TRANSFER, reference, price, ledger.now_micros - 5)
    elif choice == 3:
        expires = rng.choice((0, ledger.now_micros + 25))
        ledger.hold(one, amount, ReasonCode.ORDER_HOLD, reference, expires_micros=expires)
    elif choice == 4 and holds:
        ledger.release(rng.choice(holds), rng.choice((0, 1)))
    elif choice == 5 and holds:
        ledger.post_pending(rng.choice(holds), rng.choice((0, 1)), two, ReasonCode.TRADE, keep=rng.random() < 0.5)
    elif choice == 6:
        fees = ledger.open(house_key(AccountCode.FEES, key.asset))
        lines = {one: amount, fees: -amount} if one != fees else {}
        ordered = tuple(sorted(lines))
        ledger.post_mass(MassPosting(ReasonCode.INTEREST, ordered, tuple(lines[account] for account in ordered)))
    elif choice == 7:
        id = make_id(ledger.now_micros, rng.randrange(2**70))
        ledger.apply([Transfer(id, wallet, one, amount, ReasonCode.DEPOSIT, reference=reference)])
    ledger.expire()


def random_exchange(seed: int, commands: int, largest: int = 2**62, batch_sizes: Sequence[int] = (1, 2, 5)) -> Exchange:
    """An exchange after some random commands in batches of random size, the same for the same seed."""
    rng, exchange = random.Random(seed), Exchange()
    waiting = 0
    for _ in range(commands):
        steps = rng.randrange(4)
        exchange.command(
            lambda ledger, steps=steps: [random_step(ledger, rng, largest) for _ in range(steps)],
            after_micros=rng.choice((0, 10)),
        )
        waiting += 1
        if waiting >= rng.choice(batch_sizes):
            exchange.batch()
            waiting = 0
    if waiting:
        exchange.batch()
    return exchange


def trading_day() -> Exchange:
    """Two customers, a deposit each, orders that fill over two batches, a withdrawal by a service, an hour."""
    exchange = Exchange()
    nothing = lambda ledger: None  # noqa: E731 - shorter than four functions of one line
    for name in ("alice", "bob"):
        exchange.command(nothing, "account.open", name, [AccountOpened(name, "main", "assigned", None, None)])
        deposit = DepositCredited(f"chain:{name}", name, "USDC", 5_000)
        exchange.command(lambda ledger, name=name: _deposit(ledger, name), "deposit.credit", "", [deposit])
    reports: list[Event] = [OrderPlaced(1, "BTC_USDC", "alice", "", 7)]
    reports += [OrderReport("BTC_USDC", (1, 1)), OrderReport("BTC_USDC", (2, 1, 100, 5))]
    exchange.command(nothing, "order.place", "alice", reports)
    exchange.batch()
    placed = OrderPlaced(2, "BTC_USDC", "bob", "", 0)
    fill = OrderReport("BTC_USDC", (3, 1, 1, 2, 100, 3, 1, 2, 0, 0, 1))
    changed = BalanceChanged("main", "alice", "USDC", 4_700, 0)
    exchange.command(nothing, "order.place", "bob", [placed, OrderReport("BTC_USDC", (1, 2)), fill, changed])
    exchange.command(nothing, "withdrawal.request", "alice", [WithdrawalMoved("w-1", "held", "alice", "USDC", 10)])
    exchange.batch()
    sent = [DepositReversed("chain:alice", "alice", "USDC", 0), WithdrawalMoved("w-1", "sent", "alice", "USDC", 10)]
    exchange.command(
        nothing,
        "withdrawal.send",
        "",
        sent,
    )
    exchange.command(nothing, "order.cancel", "bob", [OrderReport("BTC_USDC", (9, 1, 16)), Refused("unknown-order")])
    exchange.command(nothing, "hour.cut", "", [HourCut(497_222, "ab" * 32, 1)])
    exchange.batch()
    return exchange


def _deposit(ledger: Ledger, name: str) -> None:
    wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, "USDC", "hot-1"))
    assert not ledger.post(wallet, ledger.open(claim_key(name, "USDC")), 5_000, ReasonCode.DEPOSIT, f"chain:{name}")


def at_each_step(writer, change, react):
    """Call `react` with the number of each step, before it is done; `change` sets an attribute of the class."""
    steps = iter(range(10**9))

    def counted(method):
        def call(self, *arguments):
            react(next(steps))
            *others, rows = arguments or (None,)
            if method.__name__ in ("insert", "put_balances"):
                return method(self, *others, each(rows))
            return method(self, *arguments)

        return call

    def each(rows):
        for row in rows:
            react(next(steps))
            yield row

    for name in ("begin", "commit", "insert", "put_balances", "change"):
        change(writer, name, counted(getattr(writer, name)))
