"""How fast the store takes what the engine made, durably, and how fast the hour reads it: one JSON line for each case.

    python -m tests.benchmarks.store [--directory DIR] [--seconds S] [--repeat R] [--accounts N]

`write`: transfers a second into a store with 10,000 accounts of one asset, by batch size; drawn uniformly, limits on
every claim, so that a batch of 8,000 touches about 8,000 accounts. Each transfer is one entry with the states of both
accounts after it and two places in indices; a batch is one transaction that also holds its commands, the net balances
of the touched accounts and the position, and it is on the disk when `write` returns (SQLite: WAL, synchronous=FULL;
PostgreSQL: a server on this machine, over a Unix socket, fsync on). `commands` says whether a batch is one command, as
a client sends many transfers, or each transfer its own. Making the batches is not inside the clock.
`orm`: the same rows, added to a SQLModel session one by one. `snapshot`: columns of what is owed, six assets for each
account. `balance`: look-ups of a balance at a random position. Rates are medians of runs, with the lowest and highest;
`by_processor_time` counts this process alone, which other programs disturb less, and leaves out waiting for the disk
and what PostgreSQL's own process does. The directory should be on the disk that is meant.
"""

from __future__ import annotations

import argparse
import gc
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random

from ledger.canonical import Digest
from ledger.journal import AccountCode, Ledger, ReasonCode, claim_key, house_key
from ledger.log import Entry, Head, Micros, Record, Scheme, Sequence64
from ledger.store import Store, StoreBatch, StoredCommand, history, open_at
from ledger.store.batch import POST_COLUMNS, balance_values, post_values, sort_rows
from ledger.store.schema import BalanceRow, CommandRow, EntryRow
from ledger.store.writers import BALANCE_COLUMNS
from tests.benchmarks.ledger_apply import NOW_MICROS, random_pairs
from tests.support.postgres import PostgresServer, find_postgres

ACCOUNTS = 10_000
BATCHES = (1, 100, 1_000, 8_000)
START_QUANTA = 10**12
ASSETS = 6


def state(**figures: object) -> None:
    """Print one line."""
    print(json.dumps(figures), flush=True)


class Feed:
    """A funded ledger and the batches that it gives."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.ledger.begin(1, NOW_MICROS)
        self.head = Head(Sequence64(0), Digest(bytes(32)))
        wallet = self.ledger.open(house_key(AccountCode.CUSTODY_WALLET, "USDC", "wallet"))
        for number in range(ACCOUNTS):
            claim = self.ledger.open(claim_key(f"customer-{number}", "USDC"))
            assert not self.ledger.post(wallet, claim, START_QUANTA, ReasonCode.DEPOSIT)
        self.pairs = iter(random_pairs(10**6, ACCOUNTS))
        self.first = self._made([self._command()], 0)

    def _command(self) -> StoredCommand:
        sequence = Sequence64(self.head.sequence + 1)
        self.head = Head(sequence, Digest(sequence.to_bytes(32, "big")))
        entry = Entry(Micros(NOW_MICROS), Micros(NOW_MICROS), Scheme.SESSION, (), b"{}")
        return StoredCommand(Record(sequence, entry, self.head.hash), "transfer.create", "customer-1", ())

    def _made(self, commands: list[StoredCommand], first_account: int) -> StoreBatch:
        first = commands[0].record.sequence - 1
        previous = Head(Sequence64(first), Digest(first.to_bytes(32, "big")))
        opened = [self.ledger.key(number) for number in range(first_account, len(self.ledger))]
        return StoreBatch(previous, commands, self.ledger.drain_rows(), first_account, opened)

    def batch(self, size: int, *, one_command: bool) -> StoreBatch:
        """The next batch of so many transfers."""
        commands = []
        for number in range(size):
            if number == 0 or not one_command:
                commands.append(self._command())
                self.ledger.begin(commands[-1].record.sequence, NOW_MICROS)
            debit, credit, amount = next(self.pairs)
            assert not self.ledger.post(debit, credit, amount, ReasonCode.TRADE)
        return self._made(commands, len(self.ledger))


def batches_for(size: int, seconds: float) -> int:
    """About so many batches as fill the time."""
    return max(3, int(seconds * min(size * 300 + 2_000, 120_000) / size))


def measure_write(
    name: str, new_place: Callable[[], str], write: Callable[[Store, StoreBatch], object], options: Options
) -> None:
    """Rates by batch size: the median over runs of transfers by the seconds of all batches together."""
    for one_command in (True, False):
        for size in options.sizes:
            rates, processor = [], []
            for _ in range(options.repeat):
                feed = Feed()
                with Store.open(new_place()) as store:
                    store.write(feed.first)
                    count = batches_for(size, options.seconds)
                    made = [feed.batch(size, one_command=one_command) for _ in range(count)]
                    gc.collect()
                    gc.freeze()
                    started, used = time.perf_counter(), time.process_time()
                    for batch in made:
                        write(store, batch)
                    processor.append(count * size / (time.process_time() - used))
                    rates.append(count * size / (time.perf_counter() - started))
                    gc.unfreeze()
            rates.sort()
            figures = {"median": statistics.median(rates), "lowest": rates[0], "highest": rates[-1]}
            figures["by_processor_time"] = statistics.median(processor)
            state(
                measure="write",
                store=name,
                batch=size,
                commands="one" if one_command else "each",
                **{f"transfers_per_second_{key}": round(rate) for key, rate in figures.items()},
            )


class Options(argparse.Namespace):
    """What was asked for."""

    directory: Path
    seconds: float
    repeat: int
    accounts: int
    sizes: list[int]


def add_by_orm(store: Store, batch: StoreBatch) -> None:
    """One object for each row, and one commit."""
    rows = sort_rows(batch.rows)
    with store.session() as session:
        for values in post_values(rows.posts):
            session.add(EntryRow(**dict(zip(POST_COLUMNS, values, strict=True))))
        for values in balance_values(rows):
            session.merge(BalanceRow(**dict(zip(BALANCE_COLUMNS, values, strict=True))))
        for record, kind, account, _ in batch.commands:
            sequence, entry, digest = record
            received, applied, scheme = entry[:3]
            session.add(
                CommandRow(
                    sequence=sequence, received_micros=received, applied_micros=applied, scheme=int(scheme), kind=kind,
                    account=account, hash=digest, entries=batch.rows[-1][0],
                )
            )  # fmt: skip
        session.commit()


def measure_snapshot(place: str, accounts: int) -> None:
    """Columns of what is owed to so many customers, each with six assets."""
    ledger = Ledger()
    ledger.begin(1, NOW_MICROS)
    wallets = [ledger.open(house_key(AccountCode.CUSTODY_WALLET, f"A{n}", "wallet")) for n in range(ASSETS)]
    rng = Random(1)
    with Store.open(place) as store:
        head, first_account = Head(Sequence64(0), Digest(bytes(32))), 0
        for sequence, start in enumerate(range(0, accounts, 20_000), start=1):
            ledger.begin(sequence, NOW_MICROS)
            for customer in range(start, min(start + 20_000, accounts)):
                for asset, wallet in enumerate(wallets):
                    claim = ledger.open(claim_key(f"customer-{customer:08d}@example.com", f"A{asset}"))
                    assert not ledger.post(wallet, claim, rng.randint(1, 2**44), ReasonCode.DEPOSIT)
            record = Record(
                Sequence64(sequence),
                Entry(Micros(NOW_MICROS), Micros(NOW_MICROS), Scheme.SESSION, (), b"{}"),
                Digest(sequence.to_bytes(32, "big")),
            )
            opened = [ledger.key(number) for number in range(first_account, len(ledger))]
            command = StoredCommand(record, "deposit.credit", "", ())
            store.write(StoreBatch(head, [command], ledger.drain_rows(), first_account, opened))
            head, first_account = Head(record.sequence, record.hash), len(ledger)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        with open_at(place) as snapshot:
            lines = len(snapshot.columns())
        seconds.append(time.perf_counter() - started)
    assert lines == ASSETS * accounts
    figures = {"seconds_median": round(statistics.median(seconds), 2), "seconds_lowest": round(min(seconds), 2)}
    state(measure="snapshot", store=place.split(":")[0], accounts=accounts, lines=lines, **figures)


def measure_balance(place: str) -> None:
    """Look-ups in a history of 200,000 entries."""
    feed, rng = Feed(), Random(2)
    with Store.open(place) as store:
        store.write(feed.first)
        for _ in range(25):
            store.write(feed.batch(8_000, one_command=False))
        with store.session() as session:
            asked = [(rng.randrange(2, ACCOUNTS), rng.randint(1, feed.head.sequence)) for _ in range(2_000)]
            started = time.perf_counter()
            for account, position in asked:
                history.balance_at(session, account, position)
            rate = round(len(asked) / (time.perf_counter() - started))
    state(measure="balance", store=place.split(":")[0], entries=210_000, look_ups_per_second=rate)


def sqlite_places(directory: Path) -> Iterator[str]:
    """A fresh file each time; the one before is removed."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=directory))
        yield f"sqlite:///{folder}/store.db"
        shutil.rmtree(folder)


def main() -> int:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, default=Path("out"))
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(BATCHES))
    options = parser.parse_args(namespace=Options())
    options.directory.mkdir(parents=True, exist_ok=True)
    places = sqlite_places(options.directory)
    new_file = partial(next, places)
    measure_write("sqlite", new_file, Store.write, options)
    orm = argparse.Namespace(**{**vars(options), "sizes": [min(1_000, max(options.sizes))], "repeat": 1})
    measure_write("sqlite, SQLModel session.add", new_file, add_by_orm, orm)  # type: ignore[arg-type]  # same fields
    measure_balance(new_file())
    measure_snapshot(new_file(), options.accounts)
    places.close()  # type: ignore[attr-defined]  # it is a generator
    programs = find_postgres()
    if programs is None:
        print("no PostgreSQL on this machine", file=sys.stderr)
        return 0
    with PostgresServer(programs, fsync=True) as server:
        measure_write("postgresql", server.new_database, Store.write, options)
        measure_balance(server.new_database())
        measure_snapshot(server.new_database(), options.accounts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
