"""The hour of a whole exchange under trading: cut to signed root, and what held a command up meanwhile. JSON lines.

    python -m tests.benchmarks.exchange_hour [--accounts N] [--kernel NAME] [--seconds S] [--folder F]

Workload: N customers with six balances each over 20 assets (`begin_folder` writes the log, the store, a checkpoint and
the trees of the hour, without the bytes and signatures of the N accounts' commands; one deposit in six is remembered
by the engine, the others are posted). Then the exchange is opened as `tallystick run` opens it: checkpoint, store in a
thread, trees, closing process. 500 of the customers trade over sessions in one market, `ORDERS` orders a batch, a
batch each millisecond at the most, until the hour is cut and the next one adopted.

`exchange-open`: the folder opened from its checkpoint. `exchange-hour`: the cut's own hold, cut to signed bundle, cut
to the next hour adopted, the longest hold of a batch or of a turn of `keep_hours` between cut and adoption and before,
by the clock and by processor time of the one thread; memory; sizes. Holds include the disk's sync of each batch.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from cli.exchange.config import Config, write_template
from cli.exchange.running import HOUR_US, RunningExchange
from cli.exchange.trees import COLUMNS
from cli.exchange.vault import HouseSecrets, make_secrets
from ledger.canonical import Json, canonical, lp
from ledger.checkpoints import Checkpoints
from ledger.commands import CreditDeposit, ListAsset, ListMarket, OpenAccount, OpenMarket, Tick
from ledger.door import Refused, Submission
from ledger.engine import Engine
from ledger.events import Refused as EngineRefused
from ledger.genesis import Genesis
from ledger.journal import AccountCode, ReasonCode, claim_key, house_key
from ledger.keyring import At
from ledger.keys import PublicKey, SigningKey
from ledger.log import CommandLog, OsFiles
from ledger.log.record import Door, Entry, Micros, Scheme
from ledger.store.batch import StoreBatch, StoredCommand
from ledger.store.store import Store
from por.liabilities.kernels import Blob, pack_amounts, select
from por.liabilities.opened import open_hour, write_opened
from por.snapshot import SnapshotId, time_text
from tests.support.folders import quiet

NAME: Final = "bench.test"
WORDS: Final = "benchmark"
BEGIN_US: Final = 495_000 * HOUR_US + 600_000_000
ASSETS: Final = ("USDC", *(f"A{number:02d}" for number in range(1, 20)))
MARKET: Final = "A01_USDC"
TRADERS: Final = 500
BALANCES: Final = 6
ORDERS: Final = 10
ACCOUNTS_AT_ONCE: Final = 2_000
ASSET_STEP: Final = 7
RICH: Final = 10**14


def account_of(number: int) -> str:
    """The id of a customer's account."""
    return f"{number + 1:032x}"


def key_of(number: int) -> SigningKey:
    """The key of a trader."""
    return SigningKey((number + 1).to_bytes(32, "big"))


def assets_of(number: int) -> list[int]:
    """The assets that a customer holds: USDC, and five others that differ from customer to customer."""
    return [0, *sorted(1 + (number * ASSET_STEP + step * 3) % 19 for step in range(BALANCES - 1))]


class Builder:
    """Fills engine, log and store of a new folder side by side."""

    def __init__(self, config: Config, genesis: Genesis) -> None:
        self.config, self.engine = config, Engine.begin(genesis)
        self.log = CommandLog.open(config.paths.log, genesis.exchange, genesis.hash)
        self.store = Store.open(config.store_url)
        self.claims: dict[tuple[int, int], int] = {}
        self._time = BEGIN_US
        self._accounts = 0

    def give(
        self, commands: Sequence[Any], between: Callable[[int], None] = lambda place: None, minutes: int = 0
    ) -> None:
        """Apply commands as one batch; `between` may post before the command at a place."""
        self._time += 1_000 + minutes * 60_000_000
        signed = canonical({"exchange": NAME, "nonce": self._time, "type": "tick"})
        entry = Entry(Micros(self._time), Micros(self._time), Scheme.SESSION, (), signed, Door())
        head, engine = self.log.head, self.engine
        records = self.log.append([entry] * len(commands))
        for place, (record, command) in enumerate(zip(records, commands, strict=True)):
            between(place)
            engine.apply(int(record.sequence), self._time, command)
        rows, first = engine.ledger.drain_rows(), self._accounts
        self._accounts = len(engine.ledger)
        opened = [engine.ledger.key(index) for index in range(first, self._accounts)]
        stored = [StoredCommand(record, "built", "", []) for record in records]
        self.store.write(StoreBatch(head, stored, rows, first, opened))


def begin_folder(folder: Path, accounts: int, kernel: str | None) -> None:
    """An exchange with so many customers, in the middle of its first hour."""
    genesis = make_secrets(folder / "secrets", NAME, "main", BEGIN_US, WORDS)
    (folder / "genesis.json").write_bytes(genesis.to_file())
    write_template(folder, NAME, "main")
    quiet(folder)
    config = Config.load(folder)
    built = Builder(config, genesis)
    engine = built.engine
    listed: list[Any] = [ListAsset(asset, 6, "", "", "", "", "") for asset in ASSETS]
    built.give([*listed, ListMarket(MARKET, "A01", "USDC", 10_000, 100_000, 1, 10**6), OpenMarket(MARKET, "open", "x")])
    custody = [engine.ledger.open(house_key(AccountCode.CUSTODY_WALLET, asset, "wallet")) for asset in ASSETS]
    amounts = np.random.default_rng(1).integers(1, 2**40, (accounts, BALANCES)).tolist()
    for first in range(0, accounts, ACCOUNTS_AT_ONCE):
        numbers = range(first, min(first + ACCOUNTS_AT_ONCE, accounts))
        built.give(list(_joining(numbers, amounts)), partial(_fund, built, custody, amounts, first))
    for number in range(min(TRADERS, accounts)):
        document: dict[str, Json] = {
            "expires": None,
            "key": key_of(number).public.hex(),
            "owner": account_of(number),
            "permissions": ["read", "trade"],
            "role": "customer",
            "type": "keys.register",
        }
        engine.keys.ring.apply(document, At(engine.sequence, engine.time_us))
    built.give([Tick()], minutes=10)
    Checkpoints(config.paths.checkpoints, genesis, OsFiles()).write_now(engine, built.log.head)
    _draw(config, engine, accounts, kernel)
    built.log.close()
    built.store.close()


def _joining(numbers: range, amounts: list[list[int]]) -> Iterator[Any]:
    for number in numbers:
        account = account_of(number)
        yield OpenAccount(account, "main", "assigned", None, None, "retail", "JP", "customer", None)
        amount = _amount(number, 0, amounts)
        yield CreditDeposit(account, "", ASSETS[0], amount, "wallet", f"eip155:1/{number:064x}/0")


def _amount(number: int, place: int, amounts: list[list[int]]) -> int:
    return RICH if number < TRADERS else amounts[number][place]


def _fund(built: Builder, custody: list[int], amounts: list[list[int]], first: int, place: int) -> None:
    """The other balances of the customer whose deposit is next."""
    number, is_deposit = first + place // 2, place % 2
    if is_deposit:
        ledger, account = built.engine.ledger, account_of(number)
        for order, asset in enumerate(assets_of(number)[1:], start=1):
            claim = ledger.open(claim_key(account, ASSETS[asset]))
            assert not ledger.post(custody[asset], claim, _amount(number, order, amounts), ReasonCode.DEPOSIT)


def _draw(config: Config, engine: Engine, accounts: int, kernel: str | None) -> None:
    """The trees of the hour as the engine stands, with the columns beside them."""
    snapshot = str(SnapshotId(NAME, time_text(BEGIN_US // HOUR_US * 3600 + 3600)))
    names = sorted(range(len(ASSETS)), key=lambda number: ASSETS[number].encode())
    places = {ASSETS[number]: place for place, number in enumerate(names)}
    found = sorted((places[asset], int(owner, 16) - 1, *owed) for (owner, asset), owed in engine.balances().items())
    identities = Blob.pack([lp("assigned") + lp(account_of(number)) for number in range(accounts)])
    opened = open_hour(
        snapshot,
        HouseSecrets.load(config.secrets, WORDS).master,
        engine.sequence,
        [("main", ASSETS[number], 6) for number in names],
        np.array([row[0] for row in found], np.uint32),
        np.array([row[1] for row in found], np.uint32),
        pack_amounts([row[2:] for row in found]),
        identities,
        select(kernel),
    )
    folder = config.trees / snapshot.split("/")[-1].replace(":", "")
    write_opened(folder, opened)
    (folder / COLUMNS).mkdir(mode=0o700)
    (folder / COLUMNS / "log-ids.bin").write_bytes(b"".join(bytes.fromhex(account_of(n)) for n in range(accounts)))
    (folder / COLUMNS / "relations.bin").write_bytes(bytes(accounts))
    (folder / COLUMNS / "identities.bin").write_bytes(identities.data.tobytes())


class Clock:
    """Microseconds that begin where they are set and then run as the machine's do."""

    def __init__(self, now_us: int) -> None:
        self.set(now_us)

    def set(self, now_us: int) -> None:
        """Go on from another time."""
        self._offset = now_us - time.monotonic_ns() // 1000

    def __call__(self) -> int:
        return self._offset + time.monotonic_ns() // 1000


class Holds:
    """How long each piece of work held the one thread: milliseconds by the clock, and of its processor."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[float, float]]] = {}

    def __call__(self, name: str, work: Callable[[], Any]) -> Any:
        start, cpu = time.perf_counter(), time.thread_time()
        result = work()
        taken = 1_000 * (time.perf_counter() - start), 1_000 * (time.thread_time() - cpu)
        self.rows.setdefault(name, []).append(taken)
        return result

    def report(self) -> dict[str, Any]:
        """Count, median, 99th percentile and longest of each."""
        return {name: _spread(rows) for name, rows in self.rows.items()}


def _spread(rows: list[tuple[float, float]]) -> dict[str, Any]:
    walls, cpus = np.array(rows).T
    return {
        "count": len(rows),
        "median": round(float(np.median(walls)), 3),
        "p99": round(float(np.percentile(walls, 99)), 3),
        "longest": round(float(walls.max()), 3),
        "over_20": int(np.count_nonzero(walls > 20)),
        "longest_cpu": round(float(cpus.max()), 3),
        "over_20_cpu": int(np.count_nonzero(cpus > 20)),
    }


class Trading:
    """Traders' orders around one price, some of which meet; each batch is made before it is timed."""

    def __init__(self, accounts: int, now: Callable[[], int]) -> None:
        self._random, self._now, self._last = np.random.default_rng(5), now, 0
        self._keys = [key_of(number).public for number in range(min(TRADERS, accounts))]

    def batch(self, size: int) -> list[Submission]:
        """The next orders."""
        draws = self._random.integers(0, 2**31, (size, 4)).tolist()
        return [self._order(*draw) for draw in draws]

    def number(self, key: bytes) -> int:
        """Whose key it is."""
        return self._keys.index(PublicKey(key))

    def _order(self, who: int, side: int, price: int, quantity: int) -> Submission:
        trader = who % len(self._keys)
        self._last = max(self._last + 1, self._now())
        is_bid, is_ioc = side % 2 == 0, side % 4 >= 2
        # Resting orders stand up to twenty ticks from the middle; the others take two ticks into the other side.
        away = -2 if is_ioc else price % 20 + 1
        price = 1_000 + (-away if is_bid else away)
        order: dict[str, Any] = {
            "bound": False,
            "client_id": 1,
            "expires": None,
            "kind": "limit",
            "market": MARKET,
            "oco_group": None,
            "post_only": False,
            "price": str(price),
            "quantity": str(1 + quantity % 50),
            "quote_quantity": None,
            "self_trade": "reject-maker",
            "side": "bid" if is_bid else "ask",
            "time_in_force": "ioc" if is_ioc else "gtc",
            "trigger": None,
            "trigger_by": None,
            "trigger_price": None,
        }
        fields: dict[str, Json] = {
            "account": account_of(trader),
            "exchange": NAME,
            "nonce": self._last,
            "orders": [order],
        }
        signed = canonical({**fields, "subaccount": "", "type": "place-orders"})
        return Submission(Scheme.SESSION, signed, (), Door("bench-session"), self._keys[trader])


class Run:
    """One exchange, opened, traded on and cut."""

    def __init__(self, folder: Path, accounts: int, kernel: str | None) -> None:
        config = Config.load(folder)
        self.config, self.accounts, self.kernel = config, accounts, kernel
        self.clock = Clock(BEGIN_US + 1_800_000_000)
        start, cpu = time.perf_counter(), time.process_time()
        self.exchange = RunningExchange(config, HouseSecrets.load(config.secrets, WORDS), self.clock, kernel=kernel)
        self.opened = {
            "name": "exchange-open",
            "accounts": accounts,
            "seconds": round(time.perf_counter() - start, 3),
            "cpu_seconds": round(time.process_time() - cpu, 3),
            "rss_bytes": _peak(resource.RUSAGE_SELF),
        }
        self.trading = Trading(accounts, self.clock)
        self.refused = self.commands = 0

    def turn(self, holds: Holds) -> None:
        """One batch of orders, and what keeps the hours."""
        batch = self.trading.batch(ORDERS)
        holds("keep_hours", self.exchange.keep_hours)
        answers = holds("submit", lambda: self.exchange.venue.submit(batch, self.clock()))
        self.commands += len(batch)
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        assert not refused, refused[0]
        self.refused += sum(isinstance(answer.events[0], EngineRefused) for answer in answers)
        time.sleep(0.001)

    def measure(self, seconds: float) -> dict[str, Any]:
        """Trade, cut, and go on until the next hour is adopted and the last one signed."""
        before, after, hours = Holds(), Holds(), self.exchange.hours
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.turn(before)
        commands = self.commands
        self.clock.set((BEGIN_US // HOUR_US + 1) * HOUR_US)
        start, times = time.monotonic(), dict[str, float]()
        after("cut", self.exchange.keep_hours)
        closed = hours.closed
        position = self.exchange.venue.engine.sequence
        while len(times) < 3:
            self.turn(after)
            passed = time.monotonic() - start
            if self.config.paths.checkpoints.joinpath(f"checkpoint-{position:016d}").exists():
                times.setdefault("checkpoint_seconds", round(passed, 3))
            if hours.closed > closed:
                times.setdefault("signed_seconds", round(passed, 3))
            if not hours.trees.forest.is_cut:
                times.setdefault("adopted_seconds", round(passed, 3))
            assert passed < 600, hours.notices
        self.exchange.hours.finish()
        while self.exchange.hours.is_closing:
            self.turn(Holds())
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {
            "name": "exchange-hour",
            "accounts": self.accounts,
            "kernel": select(self.kernel).name,
            "balances": BALANCES * self.accounts,
            **times,
            "aim_seconds": 10 if select(self.kernel).name.startswith("c-") else 30,
            "cut_milliseconds": after.rows.pop("cut")[0],
            "holds_milliseconds": {"before": before.report(), "after": after.report()},
            "aim_milliseconds": 20,
            "commands_in_hour": commands,
            "commands_after_cut": self.commands - commands,
            "refused": self.refused,
            "notices": hours.notices,
            "peak_rss_bytes": _peak(resource.RUSAGE_SELF),
            "children_peak_rss_bytes": _peak(resource.RUSAGE_CHILDREN),
            "children_cpu_seconds": round(children.ru_utime + children.ru_stime, 3),
            **self._sizes(),
        }

    def _sizes(self) -> dict[str, int]:
        newest = max(self.config.paths.checkpoints.glob("checkpoint-*"), key=lambda path: path.name)
        store = self.config.folder / "store.sqlite"
        return {"checkpoint_bytes": newest.stat().st_size, "store_bytes": store.stat().st_size}


def _peak(who: int) -> int:
    return resource.getrusage(who).ru_maxrss * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(description="The hour of a whole exchange under trading.")
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--kernel", help="c, numpy, or any other that is there; the fastest without it")
    parser.add_argument("--seconds", type=float, default=5.0, help="of trading before the cut")
    parser.add_argument("--folder", type=Path, help="keep the built exchange here, and measure a copy of it")
    given = parser.parse_args(arguments)
    work = Path(tempfile.mkdtemp(prefix="tallystick-exchange-"))
    built = given.folder or work / "built"
    try:
        if not built.exists():
            start = time.perf_counter()
            begin_folder(built, given.accounts, given.kernel)
            print(json.dumps({"name": "exchange-build", "seconds": round(time.perf_counter() - start, 1)}), flush=True)
            gc.collect()
        shutil.copytree(built, work / "run")
        run = Run(work / "run", given.accounts, given.kernel)
        print(json.dumps(run.opened), flush=True)
        print(json.dumps(run.measure(given.seconds)), flush=True)
        run.exchange.close()
    finally:
        shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
