"""The store's one writer: opens the database, takes batches, and knows how far it is.

Rules:
1. One transaction a batch: position, commands, entries, net balances, new accounts, orders and events, all or none.
2. A batch begins where the store ends. One that the store holds already is passed over; any other is refused.
3. The store is never ahead of the log: a batch is durable there before it comes here, and `require_log` says so.
4. A batch that failed left nothing. After a lost connection nobody knows whether its commit arrived: open again, read
   the head, and go on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, PoolProxiedConnection
from sqlmodel import Session

from ledger.canonical import Digest
from ledger.events import OrderReport
from ledger.journal import MassEntry
from ledger.log import Head, Sequence64
from ledger.store.batch import (
    ENTRY_COLUMNS,
    POST_COLUMNS,
    EventValues,
    StoreBatch,
    Values,
    balance_values,
    command_values,
    event_values,
    order_values,
    orders_of_report,
    post_values,
    sort_rows,
    whole_values,
)
from ledger.store.database import SCHEMA, database_url, make_engine, make_session, reported, upgrade
from ledger.store.errors import StoreAhead, StoreDiffers, StoreOutOfStep
from ledger.store.mass import pack
from ledger.store.writers import BALANCE_COLUMNS, PostgresWriter, SqliteWriter, Writer

__all__ = ["Position", "Store"]

_COMMAND_COLUMNS: Final = (
    "sequence", "received_micros", "applied_micros", "scheme", "kind", "account", "hash", "entries"
)  # fmt: skip
_ORDER_COLUMNS: Final = ("order_id", "command", "block", "account")
_ORDERS_AT_ONCE: Final = 1_000
_MASS_COLUMNS: Final = (
    "sequence", "book", "first_account", "last_account", "width", "accounts", "amounts", "after"
)  # fmt: skip
_POSITION: Final = "SELECT genesis, sequence, hash, applied_micros, entries, accounts FROM position WHERE id = 1"
_ADVANCE: Final = (
    "UPDATE position SET sequence = ?, hash = ?, applied_micros = ?, entries = ?, accounts = ? "
    "WHERE id = 1 AND sequence = ? AND hash = ?"
)


class Position(NamedTuple):
    """How far a store is: the newest command with its hash and time, and how many entries and accounts there are.

    `genesis` is the hash that the log's first record chains to.
    """

    genesis: Digest
    sequence: int
    hash: Digest
    applied_micros: int
    entries: int
    accounts: int

    @property
    def head(self) -> Head:
        """The log position."""
        return Head(Sequence64(self.sequence), self.hash)


class Store:
    """Follows the log. Use `open`; `write` from one thread."""

    def __init__(self, engine: Engine, connection: PoolProxiedConnection) -> None:
        """For `open` alone."""
        self.engine = engine
        self._connection = connection
        driver: Any = connection.driver_connection
        self._writer: Writer = SqliteWriter(driver) if engine.dialect.name == "sqlite" else PostgresWriter(driver)
        rows = self._writer.rows(_POSITION)
        self._position = Position(*rows[0]) if rows else None
        books = self._writer.rows("SELECT number, entity, asset FROM book ORDER BY number")
        self._books = {(entity, asset): number for number, entity, asset in books}

    @classmethod
    def open(cls, url: str, schema: str = SCHEMA) -> Store:
        """Open or create the store at `sqlite:///PATH` or `postgresql://...`, and bring its tables up to date.

        Raises InputError for a URL that is none, StoreNewer for tables of a later version, or StoreUnusable.
        """
        engine = make_engine(database_url(url), schema)
        upgrade(engine, schema)
        with reported():
            return cls(engine, engine.raw_connection())

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        # Closed, not handed back to a pool: that would roll back first, and complain where the connection is gone.
        self._connection.invalidate()
        self.engine.dispose()

    def session(self) -> Session:
        """A session for `ledger.store.history`; each of its transactions sees one state of the store."""
        return make_session(self.engine)

    # Where it stands.

    @property
    def position(self) -> Position | None:
        """How far the store is; None while nothing was ever written."""
        return self._position

    @property
    def head(self) -> Head | None:
        """The log position of the store; None while nothing was ever written."""
        return None if self._position is None else self._position.head

    def require_log(self, genesis: Digest, head: Head, hash_of: Callable[[int], Digest]) -> None:
        """Compare the store with the log on start: its genesis, its head, and the hash of any of its records.

        Raises StoreAhead if the log ends before the store, StoreDiffers if it holds another history.
        """
        position = self._position
        if position is None:
            return
        if position.genesis != genesis:
            raise StoreDiffers("The store belongs to another exchange's log: name this exchange's own store")
        if position.sequence > head.sequence:
            raise StoreAhead("The store holds commands that the log lost: restore the log from its second copy")
        expected = genesis if position.sequence == 0 else hash_of(position.sequence)
        if position.hash != expected:
            raise StoreDiffers("The store follows another history than this log: rebuild it from the log")

    # Writing.

    def write(self, batch: StoreBatch) -> bool:
        """Store a batch whole; False if it was there already.

        Raises StoreOutOfStep if the batch does not begin where the store ends, StoreDiffers if the store holds other
        commands at its place, StoreUnusable if the database refused. After any of them the store is as it was.
        """
        assert batch.commands, "a batch has at least one command"
        before = self._position or Position(batch.previous.hash, 0, batch.previous.hash, 0, 0, 0)
        if self._position is not None and batch.head.sequence <= before.sequence:
            self._require_same(batch.head)
            return False
        if batch.previous != before.head or batch.commands[0].record.sequence != before.sequence + 1:
            raise StoreOutOfStep("A batch does not begin where the store ends: go on from the store's head")
        after = _after(batch, before)
        with reported():
            try:
                self._write(batch, before, after)
            except OverflowError:
                # The first number beyond 63 bits on SQLite: again, and from now on look for them.
                assert isinstance(self._writer, SqliteWriter) and not self._writer.is_wide, "only narrow rows overflow"
                self._writer.is_wide = True
                self._write(batch, before, after)
        self._position = after
        return True

    def _require_same(self, head: Head) -> None:
        with reported():
            rows = self._writer.rows("SELECT hash FROM command WHERE sequence = ?", head.sequence)
        if rows != [(head.hash,)]:
            raise StoreDiffers("The store holds other commands than the batch: rebuild it from the log")

    def _write(self, batch: StoreBatch, before: Position, after: Position) -> None:
        """The one transaction."""
        writer = self._writer
        writer.begin()
        try:
            self._advance(before, after)
            books = self._insert_accounts(batch)
            rows = sort_rows(batch.rows)
            writer.insert("entry", POST_COLUMNS, post_values(rows.posts))
            writer.insert("entry", ENTRY_COLUMNS, whole_values(rows))
            if rows.masses:
                writer.insert("mass", _MASS_COLUMNS, self._mass_values(rows.masses, books))
            writer.put_balances(balance_values(rows))
            writer.insert("command", _COMMAND_COLUMNS, command_values(batch, before.entries))
            self._insert_events(batch)
            writer.commit()
        except BaseException:
            writer.rollback()
            raise
        self._books = books

    def _advance(self, before: Position, after: Position) -> None:
        """Move the position, or begin one; it is the first row changed, so that two writers meet here."""
        writer = self._writer
        if self._position is None:
            statement = "INSERT INTO position (id, genesis, sequence, hash, applied_micros, entries, accounts) VALUES "
            writer.change(statement + "(1, ?, 0, ?, 0, 0, 0)", before.genesis, before.hash)
        if writer.change(_ADVANCE, *after[1:], before.sequence, before.hash) != 1:
            raise StoreOutOfStep("The store is not where this writer left it: see who else writes, and open it again")

    def _insert_accounts(self, batch: StoreBatch) -> dict[tuple[str, str], int]:
        """New books, holders and accounts, with balances of zero; the numbers of all books."""
        if not batch.opened:
            return self._books
        writer, opened = self._writer, batch.opened
        books = dict(self._books)
        for key in opened:
            books.setdefault((key.entity, key.asset), len(books))
        new_books = list(books.items())[len(self._books) :]
        writer.insert("book", ("number", "entity", "asset"), ((number, *book) for book, number in new_books))
        names = list(dict.fromkeys((key.owner, key.subaccount) for key in opened))
        holders = writer.holders(names)
        ((next_holder,),) = writer.rows("SELECT coalesce(max(number), -1) + 1 FROM holder")
        new_holders = {name: number for number, name in enumerate((n for n in names if n not in holders), next_holder)}
        writer.insert("holder", ("number", "owner", "subaccount"), ((n, *name) for name, n in new_holders.items()))
        holders |= new_holders
        accounts = (
            (number, books[key.entity, key.asset], int(key.code), holders[key.owner, key.subaccount])
            for number, key in enumerate(opened, batch.first_account)
        )
        writer.insert("account", ("number", "book", "code", "holder"), accounts)
        numbers = range(batch.first_account, batch.first_account + len(opened))
        writer.insert("balance", BALANCE_COLUMNS, ((number, 0, 0, 0, 0, 0, 0) for number in numbers))
        return books

    @staticmethod
    def _mass_values(masses: Sequence[MassEntry], books: dict[tuple[str, str], int]) -> Iterator[Values]:
        for mass in masses:
            book = books[mass.entity, mass.asset]
            yield (mass.sequence, book, mass.accounts[0], mass.accounts[-1], *pack(mass))

    def _insert_events(self, batch: StoreBatch) -> None:
        """Orders placed, and the events that history needs."""
        writer, commands = self._writer, batch.commands
        owners: dict[int, str] = {order: account for order, _, _, account in order_values(commands)}
        writer.insert("placed_order", _ORDER_COLUMNS, order_values(commands))
        reported_orders = {
            order: None
            for command in commands
            for event in command.events
            if isinstance(event, OrderReport)
            for order in orders_of_report(event.row)
            if order not in owners
        }
        owners |= self._owners_of(list(reported_orders))
        writer.insert("event", EventValues._fields, event_values(commands, owners, self._account_of_reference))

    def _owners_of(self, orders: Sequence[int]) -> dict[int, str]:
        """Whose the orders of earlier batches are."""
        owners: dict[int, str] = {}
        for start in range(0, len(orders), _ORDERS_AT_ONCE):
            some = orders[start : start + _ORDERS_AT_ONCE]
            marks = ",".join("?" * len(some))
            owners |= dict(
                self._writer.rows(f"SELECT order_id, account FROM placed_order WHERE order_id IN ({marks})", *some)
            )
        return owners

    def _account_of_reference(self, reference: str) -> str | None:
        """The account of the first event, in an earlier batch, that has this reference."""
        rows = self._writer.rows(
            "SELECT account FROM event WHERE reference = ? AND account IS NOT NULL ORDER BY sequence, place LIMIT 1",
            reference,
        )
        return rows[0][0] if rows else None


def _after(batch: StoreBatch, before: Position) -> Position:
    """The position after a batch. Raises StoreOutOfStep unless its entries and accounts go on from where they ended."""
    rows, opened, first = batch.rows, batch.opened, batch.commands[0].record
    last = batch.commands[-1].record
    assert last.sequence - first.sequence + 1 == len(batch.commands), "a batch holds every command of its range"
    if (rows and rows[0][0] != before.entries + 1) or (opened and batch.first_account != before.accounts):
        raise StoreOutOfStep("The entries or accounts of a batch do not go on from the store's: rebuild the store")
    entries = rows[-1][0] if rows else before.entries
    assert entries - before.entries == len(rows), "entries are numbered without gaps"
    return Position(
        before.genesis, last.sequence, last.hash, last.entry.applied_us, entries, before.accounts + len(opened)
    )
