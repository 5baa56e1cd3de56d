"""The accounts, their states, the holds that stand, chains that can be taken back, and the rows not yet drained.

Here is everything that movements work on and nothing that moves. States and rows are plain tuples in lists, because
they are hot; `Balance` and `Entry` are made of them when somebody reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from ledger.journal.chart import CHART, NO_ACCOUNT, AccountCode, AccountFlag, AccountKey, AccountKind
from ledger.journal.transfers import (
    TIME_MICROS_MAX,
    Balance,
    Entry,
    EntryKind,
    MassEntry,
    Pending,
    PendingRow,
    Result,
    State,
)

__all__ = ["ABSENT", "NEVER_MICROS", "Accounts", "Row", "entry_of"]

Row: TypeAlias = tuple[Any, ...]
"""What `entry_of` makes an `Entry` of: a short row of a simple posting, the fields of an `Entry`, or a `MassEntry`."""

_ZERO: Final[State] = (0, 0, 0, 0, 0)
_CLOSED: Final = int(AccountFlag.CLOSED)
_FROZEN: Final = int(AccountFlag.FROZEN)
_POST: Final = int(EntryKind.POST)
_POST_PENDING: Final = int(EntryKind.POST_PENDING)
_GIVEN_BACK: Final = (int(EntryKind.VOID), int(EntryKind.EXPIRE))
_MASS: Final = int(EntryKind.MASS)
_OK: Final = Result.OK
ABSENT: Final = object()
NEVER_MICROS: Final = 2**63
"""Later than any time there is."""


def entry_of(row: Row) -> Entry | MassEntry:
    """The typed entry of a drained row."""
    if isinstance(row, MassEntry):
        return row
    if len(row) == len(Entry._fields):
        return Entry._make((*row[:2], EntryKind(row[2]), *row[3:]))
    sequence, command, _, id, debit, credit, amount, reason, value, now, price, reference, flags, one, two = row
    return Entry(
        sequence, command, EntryKind.POST, id or sequence, 0, debit, credit, amount, 0, reason, value or now, now, 0,
        price, reference, flags, NO_ACCOUNT, one, two, None,
    )  # fmt: skip


class Accounts:
    """Accounts by dense index, their states, the holds that stand, and the rows not yet drained."""

    def __init__(self) -> None:
        self._keys: list[AccountKey] = []
        self._index: dict[AccountKey, int] = {}
        self._key_bytes: list[bytes] = []
        self._flags: list[int] = []
        self._book: list[int] = []
        self._books: list[tuple[str, str]] = []
        self._held: list[int] = []
        self._book_index: dict[tuple[str, str], int] = {}
        self._state: list[State] = []
        self._pending: dict[int, PendingRow] = {}
        self._ended: dict[int, int] = {}
        self._expiries: list[tuple[int, int, int]] = []
        self._rows: list[Row] = []
        self._changed: dict[int, None] = {}
        self._freed: dict[int, None] | None = None
        self._rows_noted = 0
        self._undo: list[tuple[Any, Any, Any]] | None = None
        self._chain_start = (0, 0)
        self._sequence = 0
        self._command = 0
        self._now_micros = 0

    # Reading.

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def sequence(self) -> int:
        """The number of the newest entry; entries count from 1 without gaps."""
        return self._sequence

    @property
    def now_micros(self) -> int:
        """The posting time of the entries being made, as the last command gave it."""
        return self._now_micros

    @property
    def books(self) -> tuple[tuple[str, str], ...]:
        """Every (entity, asset) that has an account, in the order in which they were opened."""
        return tuple(self._books)

    def find(self, key: AccountKey) -> int | None:
        """The index of an account, or None."""
        return self._index.get(key)

    def key(self, account: int) -> AccountKey:
        """The identity of an account; raises IndexError for an index that was never given out."""
        if account < 0:
            raise IndexError("no account has a negative index")
        return self._keys[account]

    def accounts_in(self, entity: str, asset: str, codes: tuple[AccountCode, ...]) -> Iterator[tuple[AccountCode, int]]:
        """The accounts of some codes in one book, by rising index. Looks at every account."""
        book = self._book_index.get((entity, asset))
        if book is not None:
            for index, (key, of) in enumerate(zip(self._keys, self._book, strict=True)):
                if of == book and key.code in codes:
                    yield key.code, index

    def flags(self, account: int) -> AccountFlag:
        """Limits and states of an account."""
        return AccountFlag(self._flags[account])

    def balance(self, account: int) -> Balance:
        """The counters of an account."""
        return Balance._make(self._state[account])

    def available(self, account: int) -> int:
        """What may still be debited to a claim: posted credit less holds, quanta."""
        debits_pending, debits_posted, _, credits_posted, _ = self._state[account]
        return credits_posted - debits_posted - debits_pending

    def owed(self, account: int) -> int:
        """The balance in its normal direction: what is owed on a claim, what a debt owes, what custody holds."""
        _, debits_posted, _, credits_posted, _ = self._state[account]
        posted = credits_posted - debits_posted
        return posted if CHART[self._keys[account].code].credit_balance else -posted

    def pending(self, pending_id: int) -> Pending | None:
        """The hold of that id, if it stands."""
        row = self._pending.get(pending_id)
        return None if row is None else Pending._make(row)

    def standing_holds(self) -> dict[int, Pending]:
        """Every hold that stands, by id, in the order of their making."""
        rows = sorted(self._pending.items(), key=lambda item: item[1][5])
        return {pending_id: Pending._make(row) for pending_id, row in rows}

    @property
    def due_micros(self) -> int:
        """No hold's time comes before this; far away where none has an end. One that ended early may still show."""
        return self._expiries[0][0] if self._expiries else NEVER_MICROS

    # Accounts and time.

    def open(self, key: AccountKey, flags: AccountFlag = AccountFlag.NONE) -> int:
        """The index of the account `key`, opened now unless it stands; the chart's limits are added to `flags`.

        Indices are dense and given out in order. The first account of a book is preceded by the book's HELD account.
        """
        found = self._index.get(key)
        if found is not None:
            return found
        assert key.problem is None, key.problem
        assert self._undo is None, "accounts are opened between chains"
        book = self._book_index.get((key.entity, key.asset))
        if book is None:
            book = self._book_index[key.entity, key.asset] = len(self._books)
            self._books.append((key.entity, key.asset))
            held = self._add(AccountKey(key.entity, AccountCode.HELD, "", "", key.asset), 0, book)
            self._held.append(held)
            if key.code is AccountCode.HELD:
                return held
        return self._add(key, int(flags), book)

    def _add(self, key: AccountKey, flags: int, book: int) -> int:
        account = self._index[key] = len(self._keys)
        self._keys.append(key)
        self._key_bytes.append(key.to_bytes())
        self._flags.append(flags | int(CHART[key.code].flags))
        self._book.append(book)
        self._state.append(_ZERO)
        return account

    def close(self, account: int) -> Result:
        """Close an account for good; it must be empty and no hold may stand on it."""
        debits_pending, debits_posted, credits_pending, credits_posted, _ = self._state[account]
        if debits_posted != credits_posted:
            return Result.ACCOUNT_HAS_BALANCE
        if debits_pending or credits_pending:
            return Result.ACCOUNT_HAS_PENDING
        self._flags[account] |= _CLOSED
        return _OK

    def freeze(self, account: int) -> None:
        """Refuse new debits and holds on an account, until `thaw`."""
        self._flags[account] |= _FROZEN

    def thaw(self, account: int) -> None:
        """Lift what `freeze` did."""
        self._flags[account] &= ~_FROZEN

    def begin(self, command: int, now_micros: int) -> None:
        """Number and posting time of the command whose entries follow. Time never runs backwards."""
        assert self._now_micros <= now_micros <= TIME_MICROS_MAX, "posting time does not run backwards"
        assert self._undo is None, "a command begins between chains"
        self._command = command
        self._now_micros = now_micros

    # Chains: several movements, all or none.

    def begin_chain(self) -> None:
        """From here on every change can be taken back, until `commit_chain` or `rollback_chain`."""
        assert self._undo is None, "chains do not nest"
        self._undo = []
        self._chain_start = (len(self._rows), self._sequence)

    def commit_chain(self) -> None:
        """Keep what the chain did."""
        assert self._undo is not None, "a chain is open"
        self._undo = None

    def rollback_chain(self) -> None:
        """Take back everything since `begin_chain`, to the byte."""
        assert self._undo is not None, "a chain is open"
        for place, key, before in reversed(self._undo):
            if before is ABSENT:
                del place[key]
            else:
                place[key] = before
        self._undo = None
        rows, self._sequence = self._chain_start
        del self._rows[rows:]

    def _set(self, place: Any, key: Any, value: Any) -> None:
        """Write into a table of the ledger so that a chain can take it back."""
        if self._undo is not None:
            self._undo.append((place, key, place.get(key, ABSENT)))
        if value is ABSENT:
            del place[key]
        else:
            place[key] = value

    # What others follow.

    def drain_rows(self) -> list[Row]:
        """The rows since the last drain, as they lie in memory; `entry_of` reads one. Drain often: rows are hot."""
        assert self._undo is None, "rows are drained between chains"
        self._note_changes()
        rows, self._rows, self._rows_noted = self._rows, [], 0
        return rows

    def drain_entries(self) -> list[Entry | MassEntry]:
        """The rows since the last drain, typed."""
        return [entry_of(row) for row in self.drain_rows()]

    def drain_changes(self) -> list[int]:
        """The claims and debts whose posted balance moved since the last drain, in the order of their first change.

        Holds do not show: they change nothing that is owed.
        """
        assert self._undo is None, "changes are drained between chains"
        self._note_changes()
        changed, self._changed = self._changed, {}
        keys = self._keys
        customer = (AccountKind.CLAIM, AccountKind.DEBT)
        return [account for account in changed if CHART[keys[account].code].kind in customer]

    def follow_freed(self) -> None:
        """From now on remember where a hold gave something back, for `drain_freed`, which somebody then has to call."""
        if self._freed is None:
            self._note_changes()
            self._freed = {}

    def drain_freed(self) -> list[int]:
        """The accounts where a hold gave something back since the last drain, in the order of the first time."""
        assert self._freed is not None, "somebody asked to follow them"
        self._note_changes()
        freed, self._freed = self._freed, {}
        return [*freed]

    def _note_changes(self) -> None:
        """Gather whom the rows not yet looked at have touched; once per row, so that `post` pays nothing for it."""
        changed, freed = self._changed, self._freed
        for row in self._rows[self._rows_noted :]:
            kind = row[2]
            if kind == _POST:
                changed[row[4]] = changed[row[5]] = None
            elif kind == _POST_PENDING:
                changed[row[5]] = changed[row[6]] = None
            elif kind == _MASS:
                changed.update(dict.fromkeys(row[6]))
            elif freed is not None and kind in _GIVEN_BACK:
                freed[row[5]] = None
        self._rows_noted = len(self._rows)
