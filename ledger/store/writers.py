"""The two ways into a database for hot rows, around the ORM: `executemany` on SQLite, `COPY` on PostgreSQL.

Both take rows as tuples in the order of the named columns. Cost for a simple posting (24 columns, two indexes): about
4 us on SQLite and 12 us on PostgreSQL; figures in docs/benchmarks.md, 'The store'.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Final, Protocol

import psycopg

from ledger.store.batch import Values
from ledger.store.schema import INTEGER_MAX

__all__ = ["BALANCE_COLUMNS", "PostgresWriter", "SqliteWriter", "Writer"]

BALANCE_COLUMNS: Final = (
    "account", "debits_pending", "debits_posted", "credits_pending", "credits_posted", "version", "sequence"
)  # fmt: skip
_PUT_BALANCES: Final = (
    "UPDATE balance SET "
    + ", ".join(f"{column} = changed.{column}" for column in BALANCE_COLUMNS[1:])
    + " FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::bigint[], "
    f"%s::bigint[]) AS changed ({', '.join(BALANCE_COLUMNS)}) WHERE balance.account = changed.account"
)
_LINES_AT_ONCE: Final = 2_000
_HOLDERS_AT_ONCE: Final = 10_000


class Writer(Protocol):
    """A connection of one database, inside one transaction at a time."""

    def begin(self) -> None:
        """Begin the one transaction of a batch."""

    def commit(self) -> None:
        """End it; when this returns, the batch is on disk."""

    def rollback(self) -> None:
        """Undo what was begun, if the connection still stands."""

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Values]) -> None:
        """Add rows."""

    def put_balances(self, rows: Iterable[Values]) -> None:
        """Replace the balances of accounts that stand, in the order of `BALANCE_COLUMNS`."""

    def rows(self, statement: str, *values: Any) -> list[Values]:
        """What a statement answers; values stand where it has `?`."""

    def change(self, statement: str, *values: Any) -> int:
        """How many rows a statement changed."""

    def holders(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """The numbers of those of the owners and subaccounts that are there."""


class SqliteWriter:
    """Writes to SQLite. Once a number beyond 63 bits was met, all rows are looked through for more of them."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        assert connection.isolation_level is None, "transactions are begun and ended here alone"
        self.connection = connection
        self.is_wide = False

    def begin(self) -> None:
        """Begin, as the only writer."""
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit and sync."""
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        """Undo; after some errors SQLite has done so by itself."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Values]) -> None:
        """Add rows; raises OverflowError for a number beyond 63 bits until `is_wide` is set."""
        marks = ",".join("?" * len(columns))
        self._many(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", rows)

    def put_balances(self, rows: Iterable[Values]) -> None:
        """Replace whole rows: quicker than to change six columns."""
        self._many("INSERT OR REPLACE INTO balance VALUES (?,?,?,?,?,?,?)", rows)

    def _many(self, statement: str, rows: Iterable[Values]) -> None:
        self.connection.executemany(statement, map(_widen, rows) if self.is_wide else rows)

    def rows(self, statement: str, *values: Any) -> list[Values]:
        """All rows of the answer."""
        return self.connection.execute(statement, values).fetchall()

    def change(self, statement: str, *values: Any) -> int:
        """The rows that were changed."""
        return self.connection.execute(statement, values).rowcount

    def holders(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """One look-up in the index for each."""
        statement = "SELECT number FROM holder WHERE owner = ? AND subaccount = ?"
        found = ((name, self.rows(statement, *name)) for name in names)
        return {name: rows[0][0] for name, rows in found if rows}


def _widen(row: Values) -> Values:
    """The row with every number beyond 63 bits as 16 bytes."""
    return tuple(
        value.to_bytes(16, "big") if isinstance(value, int) and value > INTEGER_MAX else value for value in row
    )


class PostgresWriter:
    """Writes to PostgreSQL."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        connection.autocommit = True

    def begin(self) -> None:
        """Begin."""
        self.connection.execute("BEGIN")

    def commit(self) -> None:
        """Commit; the server answers when its log is on disk."""
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        """Undo; a connection that is gone has undone everything."""
        with suppress(psycopg.Error):
            self.connection.execute("ROLLBACK")

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Values]) -> None:
        """Add rows by COPY; "None" unescaped stands for NULL."""
        lines = map(_copy_line, rows)
        first = list(islice(lines, _LINES_AT_ONCE))
        if not first:
            return
        statement = f"COPY {table} ({','.join(columns)}) FROM STDIN (NULL 'None')"
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            while first:
                copy.write("".join(first))
                first = list(islice(lines, _LINES_AT_ONCE))

    def put_balances(self, rows: Iterable[Values]) -> None:
        """Replace in one statement; the columns go over as the texts of arrays, which the server reads quickest."""
        columns = ["{" + ",".join(map(str, column)) + "}" for column in zip(*rows, strict=True)]
        if columns:
            self.connection.execute(_PUT_BALANCES, columns)

    def rows(self, statement: str, *values: Any) -> list[Values]:
        """All rows of the answer."""
        return self.connection.execute(statement.replace("?", "%s"), values).fetchall()

    def change(self, statement: str, *values: Any) -> int:
        """The rows that were changed."""
        return self.connection.execute(statement.replace("?", "%s"), values).rowcount

    def holders(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """One statement for ten thousand at a time."""
        statement = (
            "SELECT owner, subaccount, number FROM holder JOIN unnest(%s::text[], %s::text[]) AS name (owner, "
            "subaccount) USING (owner, subaccount)"
        )
        found: dict[tuple[str, str], int] = {}
        for start in range(0, len(names), _HOLDERS_AT_ONCE):
            some = names[start : start + _HOLDERS_AT_ONCE]
            columns = ([owner for owner, _ in some], [subaccount for _, subaccount in some])
            found |= {(one, two): number for one, two, number in self.connection.execute(statement, columns)}
        return found


_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copy_line(row: Values) -> str:
    """A row as COPY reads it."""
    return "\t".join(_cells(row)) + "\n"


def _cells(row: Values) -> Iterator[str]:
    for value in row:
        if value.__class__ is str:
            # The word that stands for NULL is written with an escape where it is a text.
            yield "\\116one" if value == "None" else value.translate(_ESCAPES)
        elif value.__class__ is bytes:
            yield "\\\\x" + value.hex()
        else:
            yield str(value)
