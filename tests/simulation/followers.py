"""What follows the exchange in a simulation: a copy that is killed between any two of its writes, the store on a real
database whose connection goes at any of its calls, and the live trees.

To let another thing follow, give it the methods of `Followed` and put it in `FOLLOWED`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np

from ledger import events as facts
from ledger.engine import Engine
from ledger.journal import AccountKey, Row, entry_of
from ledger.store import history
from ledger.store.errors import StoreUnusable
from ledger.store.follow import store_follower
from ledger.store.fsck import fsck
from ledger.store.snapshot import open_at
from ledger.store.store import Store
from ledger.venue import Applied, Follower
from por.liabilities.forest import asset_context, asset_root
from por.liabilities.kernels import Blob, pack_identities, select
from por.liabilities.live import LiveForest
from tests.simulation.world import ASSETS, GENESIS

__all__ = ["FOLLOWED", "Copy", "Followed", "FollowerLost", "Stored", "Trees"]


class FollowerLost(Exception):
    """The follower was killed, or its connection to its database went."""


class Followed(Protocol):
    """One follower over the life of a simulation; `follower` is called at every start of the exchange."""

    def follower(self) -> Follower:
        """Connect again: where it stands, and how it is handed what comes after."""

    def arm(self, rng: Random) -> None:
        """Let it be lost at some write that comes."""

    def check(self, engine: Engine) -> None:
        """Assert that what it holds is what the engine says; it has everything up to the engine's position."""

    def open_hour(self, engine: Engine, hour: int) -> None:
        """An hour was cut and checked, and the next begins."""


class Copy:
    """Stands in for a store: rows and balances, written in one transaction a batch, lost at any write of it."""

    def __init__(self) -> None:
        self.position = 0
        self.rows: list[Row] = []
        self.accounts: list[AccountKey] = []
        self.balances: dict[tuple[str, str], tuple[int, int]] = {}
        self._writes_left: int | None = None
        self.times_lost = 0

    def follower(self) -> Follower:
        """See `Followed`."""
        return Follower(self.position, self._take)

    def arm(self, rng: Random) -> None:
        """See `Followed`."""
        self._writes_left = rng.choice((0, 1, 2, 5, 20, 100))

    def _write(self) -> None:
        if self._writes_left is None:
            return
        self._writes_left -= 1
        if self._writes_left < 0:
            self._writes_left = None
            self.times_lost += 1
            raise FollowerLost

    def _take(self, applied: Applied) -> None:
        assert applied.records[0].sequence == self.position + 1, "every batch comes once and in order"
        balances: dict[tuple[str, str], tuple[int, int]] = {}
        for _ in (*applied.rows, *applied.accounts):
            self._write()
        for events in applied.events:
            for event in events:
                if isinstance(event, facts.BalanceChanged):
                    self._write()
                    balances[event.account, event.asset] = (event.claim, event.debt)
        self._write()
        assert applied.first_account == len(self.accounts)
        self.rows += applied.rows
        self.accounts += applied.accounts
        self.balances |= balances
        self.position = int(applied.head.sequence)
        self._write()  # lost after it had committed, before it could say so

    def check(self, engine: Engine) -> None:
        """See `Followed`; also recomputes every counter of the ledger from all rows since the first."""
        assert self.position == engine.sequence
        assert {key: pair for key, pair in self.balances.items() if pair != (0, 0)} == engine.balances()
        assert self.accounts == [engine.ledger.key(index) for index in range(len(engine.ledger))]
        assert engine.ledger.check(map(entry_of, self.rows)) == []

    def open_hour(self, engine: Engine, hour: int) -> None:
        """See `Followed`."""


class Stored:
    """The store itself, on a database of its own; SQLite in a new folder where no URL is given."""

    CALLS = ("begin", "rows", "change", "insert", "put_balances", "holders", "commit")

    def __init__(self, url: str | None = None) -> None:
        # In memory where the machine offers that: what is simulated here is a connection that goes, not a disk.
        memory = Path("/dev/shm")
        self._folder = TemporaryDirectory(prefix="tallystick-", dir=memory if memory.is_dir() else None)
        self._url = url or f"sqlite:///{self._folder.name}/store.sqlite"
        self._store: Store | None = None
        self._calls_left: int | None = None
        self.times_lost = 0

    def follower(self) -> Follower:
        """See `Followed`."""
        if self._store is not None:
            self._store.close()
        store = self._store = Store.open(self._url)
        self._is_gone = False
        for name in self.CALLS:
            setattr(store._writer, name, self._lossy(store, name))
        follower = store_follower(store, GENESIS.hash)

        def take(applied: Applied) -> None:
            try:
                follower.take(applied)
            except StoreUnusable:
                assert self._is_gone, "the database answers, and the store says that it does not"
                self.times_lost += 1
                raise FollowerLost from None

        return follower._replace(take=take)

    def _lossy(self, store: Store, name: str) -> Callable[..., Any]:
        """A call of the store's writer before which, or after which, the connection may go."""
        made, driver = getattr(store._writer, name), store._connection.driver_connection

        def call(*values: Any) -> Any:
            self._count(driver)
            answer = made(*values)
            if name == "commit" and self._count(driver):
                raise StoreUnusable("committed, and nobody heard it")
            return answer

        return call

    def _count(self, driver: Any) -> bool:
        """Whether the connection has gone now."""
        if self._calls_left is None:
            return False
        self._calls_left -= 1
        if self._calls_left >= 0:
            return False
        self._calls_left, self._is_gone = None, True
        driver.close()
        return True

    def arm(self, rng: Random) -> None:
        """See `Followed`."""
        self._calls_left = rng.choice((0, 1, 2, 5, 7, 8, 9, 20))

    def check(self, engine: Engine) -> None:
        """See `Followed`: its own check of every row and state, its accounts, and what it says is owed."""
        assert self._store is not None and self._store.position is not None
        assert self._store.position.sequence == engine.sequence
        with self._store.session() as session:
            assert fsck(session) == []
            keys = [history.account_key(session, index) for index in range(len(engine.ledger))]
        assert keys == [engine.ledger.key(index) for index in range(len(engine.ledger))]
        owed: dict[tuple[str, str], tuple[int, int]] = {}
        with open_at(self._url, engine.sequence) as snapshot:
            for row in snapshot.rows():
                claim, debt = owed.get((row.owner, row.asset), (0, 0))
                owed[row.owner, row.asset] = (claim + row.claim, debt + row.debt)
        assert {key: pair for key, pair in owed.items() if pair != (0, 0)} == engine.balances()

    def open_hour(self, engine: Engine, hour: int) -> None:
        """See `Followed`."""


class Trees:
    """The liabilities trees of an hour; they live in memory, so a start makes them again from the hour's opening."""

    MASTER = b"m" * 32

    def __init__(self) -> None:
        self._kernel = select()
        self._names = [("main", asset, scale) for asset, (scale, _) in ASSETS.items()]
        self._places = {asset: place for place, asset in enumerate(ASSETS)}
        self._opened = 0
        self._hour = 0
        self._opening: dict[tuple[str, str], tuple[int, int]] = {}
        self._begin()

    def _begin(self) -> None:
        snapshot = f"simulated.exchange/hour-{self._hour}/0"
        self._forest = LiveForest(snapshot, self.MASTER, self._names, self._kernel)
        self._numbers: dict[str, int] = {}
        self._identities: list[bytes] = []
        rows: dict[str, list[tuple[int, int, int]]] = {}
        for (account, asset), (claim, debt) in self._opening.items():
            rows.setdefault(asset, []).append((self._number(account), claim, debt))
        for asset, balances in rows.items():
            balances.sort()
            accounts = np.array([account for account, _, _ in balances], np.uint32)
            self._forest.open(self._places[asset], accounts, _amounts([(c, d) for _, c, d in balances]))

    def _number(self, account: str) -> int:
        number = self._numbers.get(account)
        if number is None:
            [identity] = pack_identities("assigned", [account]).entries
            number = self._numbers[account] = self._forest.add_account(identity)
            self._identities.append(identity)
        return number

    def follower(self) -> Follower:
        """See `Followed`."""
        self._begin()
        return Follower(self._opened, self._take)

    def arm(self, rng: Random) -> None:
        """See `Followed`: trees write nothing, and are lost with the process."""

    def _take(self, applied: Applied) -> None:
        for events in applied.events:
            for event in events:
                if isinstance(event, facts.BalanceChanged):
                    place = self._places[event.asset]
                    self._forest.change(place, self._number(event.account), event.claim, event.debt)

    def check(self, engine: Engine) -> None:
        """See `Followed`: law 5, and the roots of a rebuild from the columns."""
        forest, kernel = self._forest, self._kernel
        forest.refresh()
        balances = engine.balances()
        blob = Blob.pack(self._identities)
        for place, live in enumerate(forest.trees):
            asset = live.name[1]
            owed = {account: pair for (account, name), pair in balances.items() if name == asset}
            assert live.sums == (sum(c for c, _ in owed.values()), sum(d for _, d in owed.values()))
            if not len(live.accounts):
                assert not owed
                continue
            context = asset_context(forest.snapshot_id, "main", asset)
            slots = np.array(live.accounts, np.uint32)
            names = {number: account for account, number in self._numbers.items()}
            amounts = _amounts([owed.get(names[number], (0, 0)) for number in slots.tolist()])
            levels = kernel.levels(kernel.leaves(context, forest.salts(place), slots, blob, amounts))
            assert forest.root(place) == asset_root(forest.snapshot_id, live.name, levels.count, levels.top)

    def open_hour(self, engine: Engine, hour: int) -> None:
        """See `Followed`: the next hour's salts and order."""
        self._opening, self._opened, self._hour = engine.balances(), engine.sequence, hour
        self._begin()


def _amounts(pairs: list[tuple[int, int]]) -> np.ndarray:
    """16 bytes of claim and 16 of debt a row, written here anew and not by what the trees use."""
    data = b"".join(claim.to_bytes(16, "big") + debt.to_bytes(16, "big") for claim, debt in pairs)
    return np.frombuffer(data, np.uint8).reshape(len(pairs), 32)


FOLLOWED: tuple[Callable[[], Followed], ...] = (Copy, Stored, Trees)
"""What every simulated exchange is followed by, apart from the harness itself."""
