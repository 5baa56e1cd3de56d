"""What is owed at one position, read in any process while the exchange goes on writing.

A snapshot is one read transaction: SQLite keeps the pages of its moment, PostgreSQL reads REPEATABLE READ. The hour's
cut ends its batch, so a snapshot that is opened before the next batch stands exactly at the cut; it states its position
and refuses one that was not expected.

Lines are sorted by entity and asset, owner, subaccount, each by the bytes of its UTF-8 text. None is zero and zero.
Cost: figures in docs/benchmarks.md, 'The store'; names and the order of the lines cost more than reading the numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session, col, select

from ledger.canonical import Digest
from ledger.journal import CUSTOMER_CODES, AccountCode, EntryKind
from ledger.store.database import SCHEMA, check_schema, database_url, make_engine, make_session, reported, sqlite_path
from ledger.store.errors import StoreOutOfStep, StoreUnusable
from ledger.store.history import balance_at, command_at
from ledger.store.schema import BalanceRow, BookRow, EntryRow, MassRow, PositionRow
from ledger.store.store import Position

__all__ = ["LiabilityColumns", "LiabilityRow", "StoreSnapshot", "open_at"]

_AT_ONCE: Final = 50_000
_WIDE: Final = -(2**63) + 1
"""Stands where a counter is beyond 63 bits; no difference of two others can be it."""
_CODE_SHIFT: Final = 32
_BOOK_SHIFT: Final = 40
_ACCOUNTS: Final = (
    f"SELECT number, (book << {_BOOK_SHIFT}) | (CAST(code AS BIGINT) << {_CODE_SHIFT}) | holder AS value FROM account"
)
_DIFFERENCE: Final = "credits_posted - debits_posted"
_BALANCES: Final = {
    "sqlite": (
        "SELECT account AS number, CASE WHEN typeof(credits_posted) = 'integer' AND typeof(debits_posted) = 'integer' "
        f"THEN {_DIFFERENCE} ELSE {_WIDE} END AS value FROM balance"
    ),
    "postgresql": (
        f"SELECT account AS number, CASE WHEN abs({_DIFFERENCE}) < {-_WIDE} THEN ({_DIFFERENCE})::bigint "
        f"ELSE {_WIDE} END AS value FROM balance"
    ),
}
_COPIED_ROW: Final = np.dtype([("columns", ">i2"), ("bytes", ">i4"), ("value", ">i8")])
_COPIED_HEADER_BYTES: Final = 19
_COPIED_TRAILER_BYTES: Final = 2


class LiabilityRow(NamedTuple):
    """What is owed to a customer's subaccount in an asset, and by them, in quanta."""

    entity: str
    owner: str
    subaccount: str
    asset: str
    claim: int
    debt: int


class LiabilityColumns(NamedTuple):
    """All lines as columns. `trees` are (entity, asset), `owners` and `subaccounts` texts: those that occur, rising.

    Line i belongs to `trees[tree[i]]`, `owners[owner[i]]`, `subaccounts[subaccount[i]]` (u32[n] each); `amounts[i]`
    (u8[n, 32]) is claim and debt in quanta, 16 bytes big-endian each.
    """

    trees: tuple[tuple[str, str], ...]
    owners: list[str]
    subaccounts: tuple[str, ...]
    tree: NDArray[np.uint32]
    owner: NDArray[np.uint32]
    subaccount: NDArray[np.uint32]
    amounts: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.tree)

    def rows(self) -> Iterator[LiabilityRow]:
        """The lines one by one."""
        for start in range(0, len(self.tree), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            numbers = (self.tree[some].tolist(), self.owner[some].tolist(), self.subaccount[some].tolist())
            for tree, owner, subaccount, amounts in zip(*numbers, self.amounts[some], strict=True):
                entity, asset = self.trees[tree]
                claim, debt = (int.from_bytes(half.tobytes(), "big") for half in (amounts[:16], amounts[16:]))
                yield LiabilityRow(entity, self.owners[owner], self.subaccounts[subaccount], asset, claim, debt)


class StoreSnapshot:
    """The store as it was when it was opened. Use `open_at`, as a context manager."""

    def __init__(self, session: Session, position: Position) -> None:
        """For `open_at` alone. `session` answers `ledger.store.history` as of the snapshot."""
        self.session, self.position = session, position

    def __enter__(self) -> StoreSnapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the moment go."""
        self.session.close()

    def rows(self) -> Iterator[LiabilityRow]:
        """Every claim and debt that is not zero, in the stated order."""
        return self.columns().rows()

    def columns(self, at: int | None = None) -> LiabilityColumns:
        """The same as columns, in seconds for millions.

        `at` is an earlier log position: what was posted after it is taken off again, one pass over the later entries.
        """
        with reported():
            accounts = self._values(_ACCOUNTS)
            owed = self._values(_BALANCES[self.session.get_bind().dialect.name])
            later = {} if at is None or at >= self.position.sequence else self._as_of(at)
            owners, subaccounts, rank = self._holders()
            books = {book.number: (book.entity, book.asset) for book in self.session.exec(select(BookRow))}
        assert len(accounts) == len(owed) == self.position.accounts, "every account has its balance"
        code = (accounts >> _CODE_SHIFT) & 0xFF
        is_claim = code == AccountCode.CLAIM
        customer = np.isin(code, sorted(CUSTOMER_CODES))
        for account, amount in later.items():
            owed[account] = amount if abs(amount) < -_WIDE else _WIDE
        wide = self._wide(np.flatnonzero(customer & (owed == _WIDE)).tolist())
        wide |= {account: abs(amount) for account, amount in later.items() if abs(amount) >= -_WIDE}
        owed[[account for account, amount in wide.items() if amount == 0]] = 0
        chosen = np.flatnonzero(customer & (owed != 0))
        accounts, owed, is_debt = accounts[chosen], owed[chosen], ~is_claim[chosen]
        trees = sorted(books.values())
        place = np.array([trees.index(books[number]) for number in range(len(books))], np.int64)
        holders = max(len(rank), 1)
        key = place[accounts >> _BOOK_SHIFT] * holders + rank[accounts & 0xFFFFFFFF]
        lines, line_of = np.unique(key, return_inverse=True)
        # A holder may owe a pool and the exchange: two debts on one line, which 64 bits hold together.
        amounts = np.zeros((len(lines), 4), np.uint64)
        np.add.at(
            amounts, (line_of, np.where(is_debt, 3, 1)), np.where(owed == _WIDE, 0, np.abs(owed)).astype(np.uint64)
        )
        amounts = amounts.astype(">u8")
        packed = amounts.view(np.uint8).reshape(-1, 32)
        for at in np.flatnonzero(owed == _WIDE).tolist():
            half = slice(16, 32) if is_debt[at] else slice(0, 16)
            amount = wide[int(chosen[at])]
            amount += int.from_bytes(packed[line_of[at], half].tobytes(), "big")
            packed[line_of[at], half] = np.frombuffer(amount.to_bytes(16, "big"), np.uint8)
        kept_trees, tree = _used(trees, lines // holders)
        kept_owners, owner = _used(owners[0], owners[1][lines % holders])
        kept_subaccounts, subaccount = _used(subaccounts[0], subaccounts[1][lines % holders])
        return LiabilityColumns(
            tuple(kept_trees), kept_owners, tuple(kept_subaccounts), tree, owner, subaccount, packed
        )

    def _as_of(self, position: int) -> dict[int, int]:
        """Credits less debits, at an earlier position, of every account that moved or was opened since.

        What was posted since is taken off what is owed now: one pass over the later entries, however many accounts
        moved. An account that a mass posting touched, or may have, is looked up in history.
        """
        entry = command_at(self.session, position)
        last = 0 if entry is None else entry.entries
        changes = self._posted_after(last)
        found: dict[int, int] = {}
        query = select(BalanceRow.account, BalanceRow.credits_posted, BalanceRow.debits_posted)
        has_mass = self.session.exec(select(MassRow.sequence).where(col(MassRow.sequence) > last).limit(1)).first()
        for account, credited, debited in self.session.exec(query.where(col(BalanceRow.sequence) > last)):
            if has_mass is None:
                found[account] = credited - debited - changes.get(account, 0)
            else:
                found[account] = balance_at(self.session, account, position).posted_credit
        return found

    def _posted_after(self, entry: int) -> dict[int, int]:
        """By how much the credits less debits of each account changed after an entry, mass postings apart."""
        changes: dict[int, int] = {}
        query = select(EntryRow.debit, EntryRow.credit, EntryRow.amount).where(
            col(EntryRow.sequence) > entry, col(EntryRow.kind).in_((int(EntryKind.POST), int(EntryKind.POST_PENDING)))
        )
        for debit, credit, amount in self.session.exec(query.execution_options(yield_per=_AT_ONCE)):
            assert debit is not None and credit is not None and amount is not None, "a posting has both sides"
            changes[debit] = changes.get(debit, 0) - amount
            changes[credit] = changes.get(credit, 0) + amount
        return changes

    def _wide(self, accounts: Sequence[int]) -> dict[int, int]:
        """What is owed on accounts with a counter beyond 63 bits."""
        rows = [self.session.get(BalanceRow, account) for account in accounts]
        return {row.account: abs(row.credits_posted - row.debits_posted) for row in rows if row is not None}

    def _holders(self) -> tuple[Any, Any, NDArray[np.int64]]:
        """Owners and subaccounts, each as rising texts with their places by rank, and the ranks of the holders."""
        collate = ' COLLATE "C"' if self.session.get_bind().dialect.name == "postgresql" else ""
        statement = f"SELECT number, owner, subaccount FROM holder ORDER BY owner{collate}, subaccount{collate}"
        cursor = self._driver().execute(statement)
        numbers: list[int] = []
        owners: list[str] = []
        subaccounts: list[str] = []
        while rows := cursor.fetchmany(_AT_ONCE):
            some_numbers, some_owners, some_subaccounts = zip(*rows, strict=True)
            numbers.extend(some_numbers)
            owners.extend(some_owners)
            subaccounts.extend(some_subaccounts)
        rank = np.empty(len(numbers), np.int64)
        rank[np.array(numbers, np.int64)] = np.arange(len(numbers))
        return _places(owners), _places(subaccounts), rank

    def _driver(self) -> Any:
        """The driver's own connection, inside the snapshot's transaction: a million rows cost half as much there."""
        return self.session.connection().connection.driver_connection

    def _values(self, query: str) -> NDArray[np.int64]:
        """The values of a query, by dense number: one text for many rows, because single rows cost four times that."""
        driver = self._driver()
        if self.session.get_bind().dialect.name == "postgresql":
            return _copied(driver, query)
        # SQLite keeps the order of a subquery for aggregates that show it.
        statement = (
            f"SELECT group_concat(value) FROM (SELECT * FROM ({query}) WHERE number BETWEEN ? AND ? ORDER BY number)"
        )
        parts = [np.empty(0, np.int64)]
        for first in range(0, self.position.accounts, _AT_ONCE):
            ((text,),) = driver.execute(statement, (first, first + _AT_ONCE - 1)).fetchall()
            # One number alone would come as a number.
            parts.append(np.fromstring(str(text), np.int64, sep=","))
        return np.concatenate(parts)


def _copied(driver: Any, query: str) -> NDArray[np.int64]:
    """The values of a query from PostgreSQL, as COPY writes them: rows of one number and a fixed size."""
    statement = f"COPY (SELECT value FROM ({query}) AS numbered ORDER BY number) TO STDOUT (FORMAT BINARY)"
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        data = b"".join(copy)
    rows = np.frombuffer(data[_COPIED_HEADER_BYTES : len(data) - _COPIED_TRAILER_BYTES], _COPIED_ROW)
    assert bool(np.all(rows["bytes"] == 8)), "every row is one number"
    return rows["value"].astype(np.int64)


def _places(texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The texts that occur, rising by their code points, which is rising by UTF-8; the place of each text there."""
    distinct = sorted(dict.fromkeys(texts))  # mostly sorted as they come, which costs nothing
    places = {text: place for place, text in enumerate(distinct)}
    return distinct, np.fromiter(map(places.__getitem__, texts), np.int64, len(texts))


def _used(texts: Sequence[Any], places: NDArray[np.int64]) -> tuple[list[Any], NDArray[np.uint32]]:
    """The texts that have a place in the column, and the column with places among these."""
    used = np.zeros(len(texts), np.bool_)
    used[places] = True
    kept = [text for text, is_used in zip(texts, used.tolist(), strict=True) if is_used]
    return kept, (np.cumsum(used) - 1)[places].astype(np.uint32)


def open_at(url: str, position: int | None = None, schema: str = SCHEMA) -> StoreSnapshot:
    """A snapshot of the store as it is now; with `position`, one that stands exactly there.

    Raises InputError for a URL that is none, StoreUnusable, StoreNewer for tables of another version, or StoreOutOfStep
    if the store is empty or elsewhere.
    """
    address = database_url(url)
    if address.get_backend_name() == "sqlite" and not sqlite_path(address).is_file():
        raise StoreUnusable("there is no store at this place: see the path, and that the exchange ran once")
    session = make_session(make_engine(address, schema))
    try:
        with reported():
            check_schema(session.connection())
            row = session.exec(select(PositionRow).where(col(PositionRow.id) == 1)).first()
        if row is None or position not in (None, row.sequence):
            raise StoreOutOfStep("The store is empty, or not at the position that was asked for: open it at the cut")
    except BaseException:
        session.close()
        raise
    found = Position(Digest(row.genesis), row.sequence, Digest(row.hash), row.applied_micros, row.entries, row.accounts)
    return StoreSnapshot(session, found)
