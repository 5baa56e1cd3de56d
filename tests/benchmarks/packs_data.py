"""The folder of a big exchange for the benchmark of packs: store, statements of half a year, evaluations of a quarter.

Rows go into the tables themselves, with their indices made afterwards: neither engine nor log is run, so there is no
log beside the store. Every balance, version and position is what the entries say. The workload is stated in packs.py.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from cli.exchange.config import Config, write_template
from cli.exchange.vault import HouseSecrets, make_secrets
from ledger.journal import AccountCode, ReasonCode
from ledger.keys import SigningKey
from ledger.store import Store
from por.attestation import (
    Predecessor,
    ReserveRow,
    SnapshotFacts,
    TreeRow,
    reserves_section,
    sign_attestation,
    snapshot_section,
    statement_digest,
)
from por.hour.sections import LedgerFacts, ZeroSumRow, in_flight_section, zero_sum_section
from por.snapshot import SnapshotId, time_text

__all__ = ["EXCHANGE", "QUARTER", "WORDS", "Built", "Workload", "begin_folder"]

EXCHANGE: Final = "bench.test"
WORDS: Final = "benchmark"
HOUR: Final = 3600
DAY: Final = 24 * HOUR
FIRST: Final = int(datetime(2026, 4, 1, tzinfo=UTC).timestamp())
QUARTER: Final = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp())
END: Final = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp())
ASSETS: Final = ("USD", "BTC", "ETH", "USDC", *(f"A{number:02d}" for number in range(1, 17)))
BALANCES: Final = 6
WALLETS: Final = 3
"""Reserve addresses of each asset but the currency."""
CHAIN: Final = (("eip155:1", "native"),)
START: Final = 10**12
AMOUNT: Final = 10**6
FEE: Final = 10**3
HOUSE: Final = 2 * len(ASSETS)
STEPS: Final = ("held", "approved", "sent", "settled")
PLACES: Final = ("AE", "JP", "DE", "FR", "US-NY", "US-CA", "US-TX", "US-WA")


class Workload(NamedTuple):
    """How much there is, by the number of accounts."""

    accounts: int
    minutes: int = 1

    @property
    def deposits(self) -> int:
        """In the quarter."""
        return self.accounts // 2

    @property
    def withdrawals(self) -> int:
        """In the quarter, each with four events."""
        return self.accounts // 4

    @property
    def fills(self) -> int:
        """In the quarter before its last day: entries of the ledger."""
        return 2 * self.accounts

    @property
    def orders(self) -> int:
        """On the last day; every second one is filled."""
        return self.accounts

    @property
    def later(self) -> int:
        """Fills in the two days after the quarter, before the pack is asked for."""
        return self.accounts // 20


class Built(NamedTuple):
    """What the statements say of an hour: the log position of its cut, and claims and house of each asset then."""

    hour: int
    position: int
    claims: tuple[int, ...]
    house: tuple[int, ...]


OPEN, DEPOSIT, MOVE, PRICE, ORDER, FILL, CUT = range(7)


def assets_of(number: int) -> list[int]:
    """The assets that a customer holds: dollars and five others; the same for customers 19 apart."""
    return [0, *sorted({1 + (number * 7 + step * 3) % 19 for step in range(BALANCES - 1)})]


def account_of(number: int) -> str:
    """The id of a customer's account."""
    return f"{number + 1:032x}"


def _timeline(work: Workload) -> np.ndarray[Any, Any]:
    """Every command as (microseconds, kind, number), in the order of time."""
    random, count = np.random.default_rng(3), work.accounts
    hours = np.arange(FIRST + HOUR, END + 1, HOUR)
    day = END - DAY
    asked = random.integers(QUARTER, END - HOUR, work.withdrawals)
    waits = (np.zeros(work.withdrawals, np.int64), 30, 300, random.integers(600, 3000, work.withdrawals))
    parts = [
        (np.sort(random.integers(FIRST, QUARTER, count)), OPEN, np.arange(count)),
        (random.integers(QUARTER, END, work.deposits), DEPOSIT, np.arange(work.deposits)),
        *((asked + wait, MOVE, np.arange(work.withdrawals) * 4 + step) for step, wait in enumerate(waits)),
        (np.arange(QUARTER, END, 60 * work.minutes), PRICE, np.arange(QUARTER, END, 60 * work.minutes)),
        (random.integers(QUARTER, day, work.fills), FILL, np.arange(work.fills)),
        (random.integers(day, END, work.orders), ORDER, np.arange(work.orders)),
        (random.integers(END + 1, END + 2 * DAY, work.later), FILL, np.arange(work.later)),
        (hours, CUT, hours),
    ]
    rows = np.zeros((sum(len(times) for times, *_ in parts), 3), np.int64)
    at = 0
    for times, kind, numbers in parts:
        rows[at : at + len(times)] = np.column_stack((times * 1_000_000, np.full(len(times), kind), numbers))
        at += len(times)
    # A cut comes last of its second, so that the hour's own commands are before it.
    return rows[np.lexsort((rows[:, 1], rows[:, 0]))]


class Books:
    """Running counters of every account, and the rows that the commands leave."""

    def __init__(self, work: Workload) -> None:
        self.work = work
        size = HOUSE + BALANCES * work.accounts
        self.debits, self.credits, self.versions, self.newest = ([0] * size for _ in range(4))
        self.assets = list(range(len(ASSETS))) * 2
        for number in range(work.accounts):
            self.assets += assets_of(number)
        self.claims, self.house = [0] * len(ASSETS), [0] * len(ASSETS)
        self.entries = 0
        self.commands: list[Any] = []
        self.events: list[Any] = []
        self.posts: list[Any] = []
        self.cuts: list[Built] = []

    def post(self, command: int, micros: int, debit: int, credit: int, amount: int, reason: ReasonCode) -> None:
        """One entry with the states after it."""
        self.entries += 1
        entry = self.entries
        self.debits[debit] += amount
        self.credits[credit] += amount
        states = []
        for account in (debit, credit):
            self.versions[account] += 1
            self.newest[account] = entry
            states += [0, self.debits[account], 0, self.credits[account], self.versions[account]]
        asset = self.assets[debit]
        if debit >= HOUSE:
            self.claims[asset] -= amount
        if credit >= HOUSE:
            self.claims[asset] += amount
        elif credit >= len(ASSETS):
            self.house[asset] += amount
        row = (entry, command, entry >> 16, 1, None, debit, credit, amount, int(reason), None, micros, None, None, 0)
        self.posts.append((*row, *states))

    def event(
        self, sequence: int, place: int, kind: str, document: Any, *, account: str | None = None,
        market: str | None = None, order: int | None = None, reference: str | None = None, side: int = 0,
    ) -> None:  # fmt: skip
        """One event as the store has it."""
        text = json.dumps(document, separators=(",", ":"))
        self.events.append((sequence, place, side, sequence >> 16, kind, account, market, order, reference, text))

    def claim(self, number: int, place: int) -> int:
        """The ledger's index of a customer's balance."""
        return HOUSE + BALANCES * number + place

    def open_customer(self, sequence: int, micros: int, number: int) -> None:
        account, key = account_of(number), f"{number + 1:064x}"
        opened = {"account": account, "entity": "main", "kind": "assigned", "data": None, "identity": None}
        self.event(sequence, 0, "account-opened", opened, account=account)
        set_to = {"client_class": "retail", "domicile": PLACES[number % len(PLACES)], "relation": "customer"}
        self.event(sequence, 1, "customer-set", {"account": account, **set_to}, account=account)
        changed = {
            "owner": account, "role": "customer", "key": key, "permissions": ["read", "trade", "withdraw"],
            "registered": micros, "expires": None, "ended": None,
        }  # fmt: skip
        self.event(sequence, 2, "key-changed", changed, account=account)
        assigned = {"chain": "eip155:1", "address": f"0x{number + 1:040x}", "account": account, "subaccount": ""}
        self.event(sequence, 3, "address-assigned", {**assigned, "wallet": "A01-0"}, account=account)
        for place, asset in enumerate(assets_of(number)):
            self.post(sequence, micros, asset, self.claim(number, place), START + number, ReasonCode.DEPOSIT)

    def deposit(self, sequence: int, micros: int, number: int) -> None:
        who, place = number * 2 % self.work.accounts, number % BALANCES
        account, claim = account_of(who), self.claim(who, place)
        document = {
            "evidence": f"eip155:1/{number:064x}/0", "account": account, "asset": ASSETS[self.assets[claim]],
            "amount": AMOUNT + number,
        }  # fmt: skip
        self.event(sequence, 0, "deposit-credited", document, account=account, reference=str(document["evidence"]))
        self.post(sequence, micros, self.assets[claim], claim, AMOUNT + number, ReasonCode.DEPOSIT)

    def withdraw(self, sequence: int, micros: int, number: int) -> None:
        request, step = divmod(number, 4)
        who, place = request * 4 % self.work.accounts, request % BALANCES
        account, claim = account_of(who), self.claim(who, place)
        document = {
            "request": f"{request:032x}", "state": STEPS[step], "account": account,
            "asset": ASSETS[self.assets[claim]], "amount": AMOUNT,
        }  # fmt: skip
        self.event(sequence, 0, "withdrawal-moved", document, account=account, reference=str(document["request"]))
        if step == 3:
            fees = len(ASSETS) + self.assets[claim]
            self.post(sequence, micros, claim, fees, FEE, ReasonCode.WITHDRAWAL_FEE)
            self.post(sequence, micros, claim, self.assets[claim], AMOUNT, ReasonCode.WITHDRAWAL)

    def fill(self, sequence: int, micros: int, number: int) -> tuple[int, int, int]:
        """A trade with both fees; buyer, seller and asset."""
        seller = number * 11 % self.work.accounts
        buyer = seller + 19 if seller + 19 < self.work.accounts else seller % 19
        place = 1 + number % (BALANCES - 1)
        base, asset = self.claim(seller, place), self.assets[self.claim(seller, place)]
        bought, paid, earned = self.claim(buyer, place), self.claim(buyer, 0), self.claim(seller, 0)
        fees = len(ASSETS)
        self.post(sequence, micros, base, bought, AMOUNT, ReasonCode.TRADE)
        self.post(sequence, micros, paid, earned, AMOUNT, ReasonCode.TRADE)
        self.post(sequence, micros, bought, fees + asset, FEE, ReasonCode.FEE)
        self.post(sequence, micros, earned, fees, FEE, ReasonCode.FEE)
        return buyer, seller, asset

    def order(self, sequence: int, micros: int, number: int) -> None:
        seller = number * 11 % self.work.accounts
        taker, market = account_of(seller), f"{ASSETS[self.assets[self.claim(seller, 1)]]}_USD"
        placed = {"order": number, "market": market, "account": taker, "subaccount": "", "client_id": number}
        self.event(sequence, 0, "order-placed", placed, account=taker, market=market, order=number)
        if number % 2:
            return self.event(
                sequence, 1, "order-report", [2, number, 5, 100], account=taker, market=market, order=number
            )
        buyer, _, _ = self.fill(sequence, micros, number // 2 * (BALANCES - 1))
        report = [3, 1, number - 1, number, 5, 100, 0, 0, 0]
        self.event(sequence, 1, "order-report", report, account=taker, market=market, order=number)
        other = account_of(buyer)
        self.event(sequence, 1, "order-report", report, account=other, market=market, order=number - 1, side=1)
        return None

    def prices(self, sequence: int, number: int) -> None:
        changed = [number // 60 % 19 + 1, number // 60 * 7 % 19 + 1]
        assets = [[ASSETS[asset], 10**18 + number] for asset in sorted(set(changed))]
        currencies = [["AED", 272 * 10**15], ["EUR", 11 * 10**17], ["JPY", 7 * 10**15]]
        self.event(sequence, 0, "prices-set", {"unit": "USD", "assets": assets, "currencies": currencies})

    def cut(self, sequence: int, hour: int) -> None:
        self.event(sequence, 0, "hour-cut", {"hour": hour // HOUR, "parameters": "00" * 32, "ruleset": 1})
        self.cuts.append(Built(hour, sequence, tuple(self.claims), tuple(self.house)))

    def begin(self, sequence: int) -> None:
        """The first command of all: assets and the firm's wallets."""
        for place, asset in enumerate(ASSETS):
            listed = {"asset": asset, "scale": 6, "chain": "" if not place else "eip155:1", "contract": ""}
            self.event(sequence, place, "asset-listed", listed)
        wallets = [(asset, number) for asset in ASSETS[1:] for number in range(WALLETS)]
        for place, (asset, number) in enumerate(wallets, start=100):
            custody, wallet = ("online" if number == 0 else "offline"), f"{asset}-{number}"
            owner = "own" if number == WALLETS - 1 else "client"
            kept = {"wallet": wallet, "entity": "main", "owner": owner, "custodian": custody, "chain": "eip155:1"}
            self.event(sequence, 2 * place, "wallet-set", kept)
            where = {"chain": "eip155:1", "address": address_of(asset, number), "account": None, "subaccount": ""}
            self.event(sequence, 2 * place + 1, "address-assigned", {**where, "wallet": wallet})


def address_of(asset: str, number: int) -> str:
    """A reserve address of the firm."""
    return f"0x{(10**40 + ASSETS.index(asset) * 100 + number):040x}"[:42]


_NAMES: Final = ("open", "deposit", "withdrawal", "prices.set", "orders.place", "fill", "hour.cut")


def _rows(books: Books) -> Iterator[None]:
    """Apply every command; yields now and then, when the rows that were made should be stored."""
    books.commands.append((1, FIRST * 10**6, FIRST * 10**6, 1, "listing", None, bytes(32), 0))
    books.begin(1)
    for sequence, (micros, kind, number) in enumerate(_timeline(books.work).tolist(), start=2):
        match kind:
            case 0:
                books.open_customer(sequence, micros, number)
            case 1:
                books.deposit(sequence, micros, number)
            case 2:
                books.withdraw(sequence, micros, number)
            case 3:
                books.prices(sequence, number)
            case 4:
                books.order(sequence, micros, number)
            case 5:
                books.fill(sequence, micros, number)
            case _:
                books.cut(sequence, number)
        digest = sequence.to_bytes(32, "big")
        books.commands.append((sequence, micros, micros, 1, _NAMES[kind], None, digest, books.entries))
        if len(books.commands) >= 50_000:
            yield
    yield


def write_store(path: Path, url: str, work: Workload) -> list[Built]:
    """The store of the whole half year and the two days after it."""
    Store.open(url).close()
    books = Books(work)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = OFF")
    indices = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL").fetchall()
    for name, _ in indices:
        connection.execute(f"DROP INDEX {name}")
    connection.execute("BEGIN")

    def put(table: str, rows: list[Any], columns: str = "") -> None:
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            connection.executemany(f"INSERT INTO {table} {columns} VALUES ({marks})", rows)

    state = ("debits_pending", "debits_posted", "credits_pending", "credits_posted", "version")
    columns = (
        "sequence, command, block, kind, id, debit, credit, amount, reason, value_micros, posted_micros, price, "
        "reference, flags, " + ", ".join(f"{side}_{name}" for side in ("debit", "credit") for name in state)
    )
    for _ in _rows(books):
        put("command", books.commands)
        put("event", books.events)
        put("entry", books.posts, f"({columns})")
        last = books.commands[-1]
        books.commands, books.events, books.posts = [], [], []
    put("book", [(place, "main", asset) for place, asset in enumerate(ASSETS)])
    holders = [(0, "wallet", ""), (1, "main", "")]
    put("holder", holders + [(2 + number, account_of(number), "") for number in range(work.accounts)])
    house = [(place, place, int(AccountCode.CUSTODY_WALLET), 0) for place in range(len(ASSETS))]
    house += [(len(ASSETS) + place, place, int(AccountCode.FEES), 1) for place in range(len(ASSETS))]
    claim, size = int(AccountCode.CLAIM), len(books.assets)
    put("account", house)
    claims = ((n, books.assets[n], claim, 2 + (n - HOUSE) // BALANCES) for n in range(HOUSE, size))
    connection.executemany("INSERT INTO account VALUES (?, ?, ?, ?)", claims)
    counters = zip(books.debits, books.credits, books.versions, books.newest, strict=True)
    balances = (
        (n, 0, debit, 0, credit, version, newest) for n, (debit, credit, version, newest) in enumerate(counters)
    )
    connection.executemany("INSERT INTO balance VALUES (?, ?, ?, ?, ?, ?, ?)", balances)
    connection.execute("DELETE FROM position")
    put("position", [(1, bytes(32), last[0], last[6], last[2], books.entries, size)])
    connection.execute("COMMIT")
    for _, statement in indices:
        connection.execute(statement)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return books.cuts


def write_statements(folder: Path, cuts: list[Built], accounts: int, key: SigningKey) -> None:
    """Signed statements, each with its predecessor: trees, reserves, the ledger's report, what is in flight."""
    before: Predecessor | None = None
    order = sorted(range(len(ASSETS)), key=lambda place: ASSETS[place].encode())
    for cut in cuts:
        snapshot = SnapshotId(EXCHANGE, time_text(cut.hour))
        root = cut.hour.to_bytes(32, "big")
        trees = [
            TreeRow("main", ASSETS[place], 6, cut.claims[place], 0, accounts, root, CHAIN if place else ())
            for place in order
        ]
        reserves, held = [], []
        for place in order:
            # Two thirds of what is owed and more stand in clients' wallets; the last wallet is the firm's own.
            owed, asset = cut.claims[place], ASSETS[place]
            parts = [owed // 4, owed - owed // 4, cut.house[place]] if place else []
            reserves += [
                ReserveRow("main", asset, "eip155:1", "native", address_of(asset, n), part, f"{asset}-{n}", "none",
                           "claim")
                for n, part in enumerate(parts)
            ]  # fmt: skip
            held.append(sum(parts))
        report = [
            ZeroSumRow("main", ASSETS[n], custody=cut.claims[n] + cut.house[n], claims=cut.claims[n],
                       house=cut.house[n])
            for n in order
        ]  # fmt: skip
        ledger = LedgerFacts(cut.position, cut.position.to_bytes(32, "big"), root, 1, bytes(32)).to_json()
        facts = SnapshotFacts(accounts, root, bytes(32), ledger=ledger)
        sections = {
            "in-flight": in_flight_section([], report, held),
            "reserves": reserves_section(trees, reserves),
            "snapshot": snapshot_section(snapshot, trees, facts, None if before is None else before.digest),
            "zero-sum": zero_sum_section(report),
        }
        data = sign_attestation("attestation", snapshot, sections, before, key, [])
        digest = statement_digest(json.loads(data)["statement"])
        before = Predecessor(digest, 0 if before is None else before.sequence + 1)
        bundle = folder / time_text(cut.hour).replace(":", "")
        bundle.mkdir(parents=True)
        (bundle / "attestation.json").write_bytes(data)


def begin_folder(folder: Path, work: Workload) -> None:
    """The exchange's folder with everything but evaluations."""
    genesis = make_secrets(folder / "secrets", EXCHANGE, "main", FIRST * 10**6, WORDS)
    (folder / "genesis.json").write_bytes(genesis.to_file())
    write_template(folder, EXCHANGE, "main")
    config = Config.load(folder)
    secrets = HouseSecrets.load(folder / "secrets", WORDS)
    cuts = write_store(folder / "store.sqlite", config.store_url, work)
    write_statements(config.hours, cuts, work.accounts, secrets.signing)
