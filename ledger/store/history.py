"""Questions about the past, as plain functions over a session. Nothing here writes, and nothing sums a history.

A position is the log's, of a command; a time is the one at which the log applied commands, in microseconds. Each entry
carries the balance after it, so a balance at a position is the last row at or before it. Long answers are iterators
that hold little memory; use them up before the session's transaction ends.

Cost: a look-up in an index for each block of 65,536 entries between the position and the account's last entry before
it; one for an account that moved lately.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, TextClause, text, union
from sqlmodel import Session, col, select

from ledger.journal import AccountCode, AccountKey, Balance, Entry, EntryKind, MassEntry, ReasonCode, State
from ledger.store.mass import PackedMass, find, unpack
from ledger.store.schema import (
    BLOCK_BITS,
    AccountRow,
    BalanceRow,
    BookRow,
    CommandRow,
    EntryRow,
    EventRow,
    HolderRow,
    MassRow,
    OrderRow,
    PositionRow,
)
from ledger.trading.reports import Kind

__all__ = [
    "Hour",
    "Statement",
    "StatementLine",
    "StoredEvent",
    "StoredOrder",
    "account_key",
    "accounts_of",
    "balance_at",
    "balances_at",
    "command_at",
    "commands",
    "entries",
    "entries_of",
    "events",
    "events_of",
    "events_of_order",
    "events_of_reference",
    "fills_of",
    "find_account",
    "hours",
    "orders_of",
    "position_at",
    "statement",
    "stream",
]

_ROWS_AT_ONCE: Final = 1_000
_EMPTY: Final = Balance(0, 0, 0, 0, 0)
_NO_ACCOUNT: Final = -1


class StatementLine(NamedTuple):
    """One movement of an account, with the balance after it.

    `posted` and `held` are by how much the posted balance (credits less debits) and the pending debits changed, quanta.
    `price`: 10^-18 of the unit of account, or None.
    """

    sequence: int
    command: int
    kind: EntryKind
    reason: ReasonCode
    value_micros: int
    posted_micros: int
    price: int | None
    reference: str
    posted: int
    held: int
    after: Balance


class StoredEvent(NamedTuple):
    """One event as it was stored. `document`: its fields, for an order's report the numbers of its row."""

    sequence: int
    place: int
    kind: str
    account: str | None
    market: str | None
    order_id: int | None
    reference: str | None
    document: Any


class StoredOrder(NamedTuple):
    """An order, the command that placed it, and whose it is."""

    order_id: int
    command: int
    account: str


class Hour(NamedTuple):
    """An hour that was cut, and the log position of the cut."""

    hour: int
    position: int


# Positions and times.


def command_at(session: Session, position: int) -> CommandRow | None:
    """The command at a position."""
    return session.get(CommandRow, position)


def commands(session: Session, first: int = 1, last: int | None = None) -> Iterator[CommandRow]:
    """The commands from position `first` to `last`."""
    query = select(CommandRow).where(col(CommandRow.sequence) >= first).order_by(col(CommandRow.sequence))
    yield from stream(session, query if last is None else query.where(col(CommandRow.sequence) <= last))


def position_at(session: Session, micros: int) -> int:
    """The position of the last command that the log applied at or before a time; 0 if there is none."""
    query = select(CommandRow.sequence).where(col(CommandRow.applied_micros) <= micros)
    order = (col(CommandRow.applied_micros).desc(), col(CommandRow.sequence).desc())
    return session.exec(query.order_by(*order).limit(1)).first() or 0


def _entry_at(session: Session, position: int | None) -> int:
    """The number of the newest entry at a position, or of the newest there is."""
    newest = session.exec(select(PositionRow)).first()
    if newest is None or (position is not None and position < 1):
        return 0
    if position is None or position >= newest.sequence:
        return newest.entries
    command = session.get(CommandRow, position)
    assert command is not None, "commands are stored without gaps"
    return command.entries


def stream(session: Session, query: Any) -> Iterator[Any]:
    """The rows of a query, some at a time."""
    yield from session.exec(query.execution_options(yield_per=_ROWS_AT_ONCE))


# Accounts.


def find_account(session: Session, key: AccountKey) -> int | None:
    """The index of an account; None if it was never opened."""
    query = (
        select(AccountRow.number)
        .join(HolderRow, col(HolderRow.number) == AccountRow.holder)
        .join(BookRow, col(BookRow.number) == AccountRow.book)
        .where(HolderRow.owner == key.owner, HolderRow.subaccount == key.subaccount)
        .where(BookRow.entity == key.entity, BookRow.asset == key.asset, AccountRow.code == int(key.code))
    )
    return session.exec(query).first()


def account_key(session: Session, account: int) -> AccountKey:
    """The identity of an account; raises IndexError for an index that was never given out."""
    found = session.exec(_keys().where(AccountRow.number == account)).first()
    if found is None:
        raise IndexError("no account has this index")
    return _key_of(found)[1]


def accounts_of(session: Session, owner: str) -> list[tuple[int, AccountKey]]:
    """The accounts of an owner, all subaccounts, entities and assets, with their indices, in their order."""
    query = _keys().where(HolderRow.owner == owner).order_by(col(AccountRow.number))
    return [_key_of(row) for row in session.exec(query)]


def _keys() -> Any:
    columns: tuple[Any, ...] = (
        AccountRow.number, BookRow.entity, AccountRow.code, HolderRow.owner, HolderRow.subaccount, BookRow.asset
    )  # fmt: skip
    return (
        select(*columns)
        .join(HolderRow, col(HolderRow.number) == AccountRow.holder)
        .join(BookRow, col(BookRow.number) == AccountRow.book)
    )


def _key_of(row: Any) -> tuple[int, AccountKey]:
    number, entity, code, owner, subaccount, asset = row
    return number, AccountKey(entity, AccountCode(code), owner, subaccount, asset)


# Entries.


def entries(session: Session, first: int = 1, last: int | None = None) -> Iterator[Entry | MassEntry]:
    """The entries numbered `first` to `last`, typed, each with the states after it."""
    query = select(EntryRow).where(col(EntryRow.sequence) >= first).order_by(col(EntryRow.sequence))
    if last is not None:
        query = query.where(col(EntryRow.sequence) <= last)
    for row in stream(session, query):
        yield _mass_entry(session, row) if row.kind == EntryKind.MASS else _entry(row)


def entries_of(session: Session, position: int) -> Iterator[Entry | MassEntry]:
    """The entries that the command at a position caused."""
    yield from entries(session, _entry_at(session, position - 1) + 1, _entry_at(session, position))


def _entry(row: EntryRow) -> Entry:
    debit, credit = _state(row, "debit"), _state(row, "credit")
    assert debit is not None and credit is not None and row.debit is not None and row.credit is not None
    now = row.posted_micros
    return Entry(
        row.sequence, row.command, EntryKind(row.kind), row.id or row.sequence, row.pending_id or 0, row.debit,
        row.credit, row.amount or 0, row.released or 0, row.reason, row.value_micros or now, now,
        row.expires_micros or 0, row.price, row.reference or "", row.flags,
        _NO_ACCOUNT if row.contra is None else row.contra, debit, credit, _state(row, "contra"),
    )  # fmt: skip


def _state(row: EntryRow, side: str) -> State | None:
    version = getattr(row, f"{side}_version")
    if version is None:
        return None
    one, two, three, four = (getattr(row, f"{side}_{counter}") for counter in Balance._fields[:4])
    return one, two, three, four, version


def _packed(row: MassRow) -> PackedMass:
    return PackedMass(row.width, row.accounts, row.amounts, row.after)


def _mass_entry(session: Session, row: EntryRow) -> MassEntry:
    mass = session.get(MassRow, row.sequence)
    assert mass is not None, "a mass posting has its packed row"
    book = session.get(BookRow, mass.book)
    assert book is not None, "a packed row has a book"
    lines = list(unpack(_packed(mass)))
    session.expunge(mass)
    return MassEntry(
        row.sequence, row.command, EntryKind.MASS, book.entity, book.asset, row.reason,
        tuple(account for account, _, _ in lines), tuple(amount for _, amount, _ in lines),
        row.value_micros or row.posted_micros, row.posted_micros, row.price, row.reference or "",
        tuple(state for _, _, state in lines),
    )  # fmt: skip


# Balances.

_TOUCHED: Final = " UNION ALL ".join(
    f"SELECT {{edge}}(sequence) AS sequence FROM entry WHERE block = :block AND {side} = :account "
    "AND sequence {order} :entry"
    for side in ("debit", "credit", "contra")
)
_LAST: Final = text(f"SELECT max(sequence) FROM ({_TOUCHED.format(edge='max', order='<=')}) AS touched")
_NEXT: Final = text(f"SELECT min(sequence) FROM ({_TOUCHED.format(edge='min', order='>')}) AS touched")


def balance_at(session: Session, account: int, position: int | None = None) -> Balance:
    """The counters of an account after the command at a position, or as they are now.

    Raises IndexError for an account that the store does not hold.
    """
    now = session.get(BalanceRow, account)
    if now is None:
        raise IndexError("no account has this index")
    return _balance_at_entry(session, now, _entry_at(session, position))


def balances_at(session: Session, position: int | None = None) -> Iterator[tuple[int, Balance]]:
    """Every account that had moved by then, in the order of the indices, with its counters."""
    entry = _entry_at(session, position)
    for now in stream(session, select(BalanceRow).order_by(col(BalanceRow.account))):
        balance = _balance_at_entry(session, now, entry)
        if balance.version:
            yield now.account, balance


def _balance_at_entry(session: Session, now: BalanceRow, entry: int) -> Balance:
    newest = Balance(now.debits_pending, now.debits_posted, now.credits_pending, now.credits_posted, now.version)
    if now.sequence <= entry:
        return newest
    account, sequence, balance = now.account, 0, _EMPTY
    for block in range(entry >> BLOCK_BITS, -1, -1):
        found = _touched(session, _LAST, account, block, entry)
        if found is not None:
            sequence, balance = found
            break
    masses = _mass_rows(session, account, sequence, entry, newest_first=True)
    if not session.exec(masses.limit(1)).first():
        return balance
    # Versions have no gaps: what other entries left of the way to the next one, mass postings went.
    following = _next_touched(session, account, entry, now)
    if (newest.version if following is None else following.version - 1) > balance.version:
        for mass in stream(session, masses):
            line = find(_packed(mass), account)
            if line is not None:
                return Balance(*line[1])
    return balance


def _touched(
    session: Session, statement: TextClause, account: int, block: int, entry: int
) -> tuple[int, Balance] | None:
    """The last or next entry in a block, mass postings apart, that changed an account, and the state after it."""
    values = {"block": block, "account": account, "entry": entry}
    sequence = session.connection().execute(statement, values).scalar()
    if sequence is None:
        return None
    row = session.get(EntryRow, sequence)
    assert row is not None, "an index leads to its row"
    return sequence, _after(row, account)


def _next_touched(session: Session, account: int, entry: int, now: BalanceRow) -> Balance | None:
    for block in range(entry >> BLOCK_BITS, (now.sequence >> BLOCK_BITS) + 1):
        found = _touched(session, _NEXT, account, block, entry)
        if found is not None:
            return found[1]
    return None


def _after(row: EntryRow, account: int) -> Balance:
    """The state of one of an entry's accounts after it."""
    side = "debit" if row.debit == account else "credit" if row.credit == account else "contra"
    state = _state(row, side)
    assert state is not None and account in (row.debit, row.credit, row.contra), "the entry names the account"
    return Balance(*state)


def _mass_rows(session: Session, account: int, after: int, last: int, *, newest_first: bool = False) -> Any:
    """Mass postings after an entry, up to another, that may have changed an account."""
    row = session.get(AccountRow, account)
    assert row is not None, "an account with a balance is there"
    sequence = col(MassRow.sequence)
    return (
        select(MassRow)
        .where(MassRow.book == row.book, sequence > after, sequence <= last)
        .where(col(MassRow.first_account) <= account, col(MassRow.last_account) >= account)
        .order_by(sequence.desc() if newest_first else sequence)
    )


# Statements.


class Statement(NamedTuple):
    """An account over a range of positions: the balance before, every movement, the balance after."""

    opening: Balance
    lines: Iterator[StatementLine]
    closing: Balance


def statement(session: Session, account: int, first: int = 1, last: int | None = None) -> Statement:
    """The statement of an account from the command at position `first` to the one at `last`, or to now.

    The lines assert that no movement is missing: each has the version after that of the one before.
    """
    opening, closing = balance_at(session, account, first - 1), balance_at(session, account, last)
    low, high = _entry_at(session, first - 1), _entry_at(session, last)
    return Statement(opening, _lines(session, account, (low, high), (opening, closing)), closing)


def _lines(
    session: Session, account: int, entry_range: tuple[int, int], balances: tuple[Balance, Balance]
) -> Iterator[StatementLine]:
    before, closing = balances
    simple, masses = _simple_states(session, account, *entry_range), _mass_states(session, account, *entry_range)
    for row, after in heapq.merge(simple, masses, key=lambda pair: pair[0].sequence):
        assert after.version == before.version + 1, "no movement is missing"
        posted, held = after.posted_credit - before.posted_credit, after.debits_pending - before.debits_pending
        yield StatementLine(
            row.sequence, row.command, EntryKind(row.kind), ReasonCode(row.reason),
            row.value_micros or row.posted_micros, row.posted_micros, row.price, row.reference or "",
            posted, held, after,
        )  # fmt: skip
        before = after
    assert before == closing, "the movements lead to the closing balance"


def _simple_states(session: Session, account: int, low: int, high: int) -> Iterator[tuple[EntryRow, Balance]]:
    sequence, sides = col(EntryRow.sequence), (col(EntryRow.debit), col(EntryRow.credit), col(EntryRow.contra))
    for block in range(low >> BLOCK_BITS, (high >> BLOCK_BITS) + 1):
        # One index a side: of one condition with three alternatives SQLite reads the whole block.
        within = (EntryRow.block == block, sequence > low, sequence <= high)
        touched = union(*(select(EntryRow.sequence).where(side == account, *within) for side in sides))
        query = select(EntryRow).where(sequence.in_(touched))
        for row in stream(session, query.order_by(sequence)):
            yield row, _after(row, account)


def _mass_states(session: Session, account: int, low: int, high: int) -> Iterator[tuple[EntryRow, Balance]]:
    for mass in stream(session, _mass_rows(session, account, low, high)):
        line = find(_packed(mass), account)
        if line is not None:
            row = session.get(EntryRow, mass.sequence)
            assert row is not None, "a packed row has its entry"
            yield row, Balance(*line[1])


# Orders and other events.


def orders_of(session: Session, account: str, first: int = 1, last: int | None = None) -> Iterator[StoredOrder]:
    """The orders that a customer placed from position `first` to `last`, in the order of their ids."""
    for block in _blocks(session, first, last):
        query = select(OrderRow).where(OrderRow.block == block, OrderRow.account == account)
        query = query.where(*_within(col(OrderRow.command), first, last)).order_by(col(OrderRow.order_id))
        for row in stream(session, query):
            yield StoredOrder(row.order_id, row.command, row.account)


def events(session: Session, kind: str, first: int = 1, last: int | None = None) -> Iterator[StoredEvent]:
    """The events of a kind, such as `account-opened` (`ledger.events.event_name`); none of an order's."""
    query = select(EventRow).where(EventRow.kind == kind, col(EventRow.order_id).is_(None))
    yield from _events(session, query.where(*_within(col(EventRow.sequence), first, last)))


def events_of(session: Session, account: str, first: int = 1, last: int | None = None) -> Iterator[StoredEvent]:
    """Everything that concerned a customer: deposits, withdrawals, reports of their orders, refusals."""
    for block in _blocks(session, first, last):
        query = select(EventRow).where(EventRow.block == block, EventRow.account == account)
        yield from _events(session, query.where(*_within(col(EventRow.sequence), first, last)))


def fills_of(session: Session, account: str, first: int = 1, last: int | None = None) -> Iterator[StoredEvent]:
    """The fills of a customer's orders; one between two of their own stands twice, once for each order."""
    for event in events_of(session, account, first, last):
        if event.kind == "order-report" and event.document[0] == Kind.TRADED:
            yield event


def events_of_order(session: Session, order_id: int) -> Iterator[StoredEvent]:
    """The reports of an order, in their order."""
    yield from _events(session, select(EventRow).where(EventRow.order_id == order_id))


def events_of_reference(session: Session, reference: str) -> Iterator[StoredEvent]:
    """What became of a deposit, by its evidence, or of a withdrawal, by its request."""
    yield from _events(session, select(EventRow).where(EventRow.reference == reference))


def hours(session: Session) -> Iterator[Hour]:
    """The hours that were cut, with the log positions of their cuts."""
    for event in events(session, "hour-cut"):
        yield Hour(event.document["hour"], event.sequence)


def _within(column: Any, first: int, last: int | None) -> tuple[ColumnElement[bool], ...]:
    return (column >= first,) if last is None else (column >= first, column <= last)


def _blocks(session: Session, first: int, last: int | None) -> range:
    newest = session.exec(select(PositionRow.sequence)).first() or 0
    end = newest if last is None else min(last, newest)
    return range(max(first, 0) >> BLOCK_BITS, (end >> BLOCK_BITS) + 1)


def _events(session: Session, query: Any) -> Iterator[StoredEvent]:
    order = (col(EventRow.sequence), col(EventRow.place), col(EventRow.side))
    for row in stream(session, query.order_by(*order)):
        yield StoredEvent(
            row.sequence, row.place, row.kind, row.account, row.market, row.order_id, row.reference,
            json.loads(row.document),
        )  # fmt: skip
