"""The store against itself and against the log: everything is computed again from the entries, one row after another.

Checked: commands and entries are numbered without gaps and belong to each other; every state that an entry notes
follows from the one before; the balances are those of the last entries, and the sums of all; both accounts of an entry
are of one book; each book is zero-sum; with the log's records, every command has the log's hash. Names no amount.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from sqlmodel import Session, col, func, select

from ledger.journal import Entry, EntryKind, MassEntry, State
from ledger.log import Record
from ledger.store import history
from ledger.store.database import reported
from ledger.store.schema import (
    AccountRow,
    BalanceRow,
    BookRow,
    CommandRow,
    EventRow,
    HolderRow,
    OrderRow,
    PositionRow,
)

__all__ = ["PROBLEMS_MAX", "fsck"]

PROBLEMS_MAX: Final = 1_000
_ZERO: Final[State] = (0, 0, 0, 0, 0)
Change: TypeAlias = tuple[int, State, State | None]
"""An account, what an entry adds to its counters and version, and the state that it notes."""


def fsck(session: Session, records: Iterable[Record] | None = None) -> list[str]:
    """Everything that is wrong with the store, in words; at most a thousand problems, and none if all is well.

    With `records` of the log, as far back as it keeps them, every command is compared with its record.
    """
    with reported():
        return _Check(session).run(records)


class _Check:
    """One walk through the store."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.problems: list[str] = []
        self.states: dict[int, State] = {}
        self.noted: dict[int, State] = {}
        self.newest: dict[int, int] = {}
        self.book_of: list[int] = []

    def refuse(self, is_wrong: object, problem: str) -> None:
        """Note a problem if there is one."""
        if is_wrong and len(self.problems) < PROBLEMS_MAX:
            self.problems.append(problem)

    def run(self, records: Iterable[Record] | None) -> list[str]:
        """All checks in their order."""
        position = self.session.exec(select(PositionRow)).first()
        if position is None:
            tables = (CommandRow, AccountRow, BookRow, HolderRow, EventRow, OrderRow)
            rows = sum(self.session.exec(select(func.count()).select_from(table)).one() for table in tables)
            self.refuse(rows, "the store has rows and no position")
            return self.problems
        self.check_accounts(position)
        try:
            self.check_entries(position, records)
        except (AssertionError, ValueError) as error:
            self.refuse(True, f"the entries cannot be read to their end ({type(error).__name__})")
        self.check_balances(position)
        for kind, newest in (
            ("event", self.session.exec(select(func.max(EventRow.sequence))).first()),
            ("order", self.session.exec(select(func.max(OrderRow.command))).first()),
        ):
            self.refuse((newest or 0) > position.sequence, f"an {kind} is ahead of the store's position")
        return self.problems

    def check_accounts(self, position: PositionRow) -> None:
        """Accounts are dense, and their books and holders are there."""
        books = set(self.session.exec(select(BookRow.number)))
        query = (
            select(AccountRow.number, AccountRow.book, HolderRow.number)
            .outerjoin(HolderRow, col(HolderRow.number) == AccountRow.holder)
            .order_by(col(AccountRow.number))
        )
        for number, book, holder in history.stream(self.session, query):
            self.refuse(number != len(self.book_of), f"account {number} stands where {len(self.book_of)} should")
            self.refuse(book not in books or holder is None, f"account {number}: its book or owner is missing")
            self.book_of.append(book)
        self.refuse(len(self.book_of) != position.accounts, "there are other accounts than the position says")

    def check_entries(self, position: PositionRow, records: Iterable[Record] | None) -> None:
        """Commands and entries side by side, and the log's records beside them."""
        entries = history.entries(self.session)
        entry = next(entries, None)
        log = None if records is None else iter(records)
        record = next(log, None) if log is not None else None
        number = sequence = micros = 0
        head = b""
        for command in history.commands(self.session):
            number += 1
            self.refuse(command.sequence != number, f"command {command.sequence} stands where {number} should")
            self.refuse(command.applied_micros < micros, f"command {command.sequence}: its time runs backwards")
            number, micros, head = command.sequence, command.applied_micros, command.hash
            while entry is not None and entry.command <= number:
                sequence += 1
                self.refuse(entry.sequence != sequence, f"entry {entry.sequence} stands where {sequence} should")
                self.refuse(entry.command != number, f"entry {entry.sequence}: it is not its command's")
                sequence = entry.sequence
                self.apply(entry)
                entry = next(entries, None)
            self.refuse(command.entries != sequence, f"command {number}: its last entry is another")
            if log is not None and (record is None or record.sequence <= number):
                self.compare(command, record)
                record = next(log, None)
        self.refuse(entry is not None, "there are entries after the last command")
        self.refuse((number, head) != (position.sequence, position.hash), "the position is not the last command's")
        self.refuse(sequence != position.entries, "there are other entries than the position says")

    def compare(self, command: CommandRow, record: Record | None) -> None:
        """A command with the log's record of it."""
        if record is None:
            self.refuse(True, f"command {command.sequence}: the log ends before it")
            return
        same = (record.sequence, record.hash, record.entry.applied_us)
        differs = same != (command.sequence, command.hash, command.applied_micros)
        self.refuse(differs, f"command {command.sequence}: the log holds another")

    def apply(self, entry: Entry | MassEntry) -> None:
        """Add one entry to the sums, and compare what it notes."""
        changes = list(_changes(entry))
        books = set()
        for account, change, noted in changes:
            if not 0 <= account < len(self.book_of):
                self.refuse(True, f"entry {entry.sequence}: an account that is not there")
                continue
            books.add(self.book_of[account])
            one, two, three, four, version = self.states.get(account, _ZERO)
            a, b, c, d, e = change
            after = self.states[account] = (one + a, two + b, three + c, four + d, version + e)
            problem = f"entry {entry.sequence}: the state noted for account {account} does not follow"
            self.refuse(after != noted, problem)
            self.noted[account] = noted or _ZERO
            self.newest[account] = entry.sequence
        self.refuse(len(books) > 1, f"entry {entry.sequence}: its accounts are of different books")

    def check_balances(self, position: PositionRow) -> None:
        """Balances against the last entries and against the sums; each book zero-sum."""
        sums: dict[int, list[int]] = {}
        count = 0
        for row in history.stream(self.session, select(BalanceRow).order_by(col(BalanceRow.account))):
            account = row.account
            self.refuse(account != count, f"balance {account} stands where {count} should")
            count += 1
            counters = (row.debits_pending, row.debits_posted, row.credits_pending, row.credits_posted)
            state = (*counters, row.version)
            last = self.noted.get(account, _ZERO), self.newest.get(account, 0)
            self.refuse((state, row.sequence) != last, f"account {account}: its balance is not its last entry's")
            is_sum = state == self.states.get(account, _ZERO)
            self.refuse(not is_sum, f"account {account}: its balance is not the sum of its entries")
            if account < len(self.book_of):
                book = sums.setdefault(self.book_of[account], [0, 0, 0, 0])
                for place, counter in enumerate(counters):
                    book[place] += counter
        self.refuse(count != position.accounts, "there are other balances than accounts")
        for book_row in self.session.exec(select(BookRow).order_by(col(BookRow.number))):
            held_out, debits, held_in, credits = sums.get(book_row.number, [0, 0, 0, 0])
            name = f"{book_row.entity}/{book_row.asset}"
            self.refuse(debits != credits, f"{name}: not zero-sum")
            self.refuse(held_out != held_in, f"{name}: pending debits and credits differ")


def _changes(entry: Entry | MassEntry) -> Iterator[Change]:
    """What an entry adds to each of its accounts: debits pending, posted, credits pending, posted, version."""
    if isinstance(entry, MassEntry):
        for account, amount, after in zip(entry.accounts, entry.amounts, entry.after, strict=True):
            yield account, (0, max(-amount, 0), 0, max(amount, 0), 1), after
        return
    held = entry.amount if entry.kind is EntryKind.HOLD else 0
    posted = 0 if entry.kind is EntryKind.HOLD else entry.amount
    if entry.kind in (EntryKind.POST_PENDING, EntryKind.VOID, EntryKind.EXPIRE):
        held = -entry.amount - entry.released
    has_contra = entry.contra_after is not None
    yield entry.debit, (held, posted, 0, 0, 1), entry.debit_after
    yield entry.credit, (0, 0, 0 if has_contra else held, posted, 1), entry.credit_after
    if has_contra:
        yield entry.contra, (0, 0, held, 0, 1), entry.contra_after
