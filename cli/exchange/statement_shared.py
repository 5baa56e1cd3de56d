"""What all statements of one period have in common, read once into a file beside them: who signed which command, what
was said of each account, which orders rest at the end. So a statement costs what its own lines cost.

In: the store and the log. Out: one SQLite file, removed when the run is done; any process may read it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlmodel import Session, col, select

from cli.exchange import reading
from cli.exchange.config import Config
from cli.exchange.published import PublishedHour, attested_by
from cli.exchange.statement_facts import OPEN_STATES, Period
from cli.exchange.words import second_text
from ledger.canonical import Digest
from ledger.log import Door, Entry, LogReader, Micros, Record, Scheme, Sequence64, Signed
from ledger.store import history
from ledger.store.schema import EventRow, OrderRow
from ledger.trading.market import Market

__all__ = ["SharedFile", "build"]

Progress = Callable[[str, int, int], None]
_TABLES: Final = """
CREATE TABLE account (number INTEGER PRIMARY KEY, account TEXT NOT NULL);
CREATE TABLE said (account TEXT NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL, document TEXT NOT NULL,
                   PRIMARY KEY (account, kind, number)) WITHOUT ROWID;
CREATE TABLE open_order (account TEXT NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL,
                         PRIMARY KEY (account, number)) WITHOUT ROWID;
CREATE TABLE record (sequence INTEGER PRIMARY KEY, scheme INTEGER NOT NULL, key BLOB, source TEXT NOT NULL,
                     signed BLOB);
"""
_SAID: Final = ("key-changed", "consent-set", "lending-moved", "position-moved")
_ROWS_AT_ONCE: Final = 2_000
_QUESTION_MARKS_MAX: Final = 500
_STEP: Final = 10_000


def build(path: Path, session: Session, config: Config, period: Period, progress: Progress) -> int:
    """Write the file; how many accounts there are, all that were opened by the period's end."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES)
    accounts = 0
    for event in history.events(session, "account-opened", 1, period.last):
        accounts += 1
        connection.execute("INSERT INTO account VALUES (?, ?)", (accounts, event.account))
    for kind in _SAID:
        connection.executemany("INSERT INTO said VALUES (?, ?, ?, ?)", _said(session, kind, period))
    wanted = _open_orders(connection, session, period, progress)
    connection.executemany("INSERT INTO record VALUES (?, ?, ?, ?, ?)", _records(config, period, wanted, progress))
    connection.commit()
    connection.close()
    return accounts


def _said(session: Session, kind: str, period: Period) -> Iterator[tuple[Any, ...]]:
    for number, event in enumerate(history.events(session, kind, 1, period.last)):
        if event.account is not None:
            yield event.account, kind, number, json.dumps({"position": event.sequence, **event.document})


def _open_orders(connection: sqlite3.Connection, session: Session, period: Period, progress: Progress) -> set[int]:
    """Follow every order to the period's end; the positions of the commands that placed those that are open then."""
    columns: tuple[Any, ...] = (
        EventRow.sequence,
        EventRow.account,
        EventRow.market,
        EventRow.order_id,
        EventRow.document,
    )
    query = (
        select(*columns)
        .where(EventRow.kind == "order-report", EventRow.sequence <= period.last)
        .order_by(col(EventRow.sequence), col(EventRow.place), col(EventRow.side))
    )
    states: dict[int, tuple[str, dict[str, Any]]] = {}
    rows = session.exec(query.execution_options(yield_per=_ROWS_AT_ONCE))
    for done, (sequence, account, market, order, document) in enumerate(rows, start=1):
        found = states.get(order)
        if found is None:
            found = states[order] = (account, reading.fresh_order(order, market))
        reading.follow_order(found[1], json.loads(document))
        if found[1]["state"] not in OPEN_STATES:
            del states[order]
        if done % _STEP == 0:
            progress("following orders", sequence, period.last)
    owned = [(account, order, json.dumps(state)) for order, (account, state) in states.items() if account]
    connection.executemany("INSERT INTO open_order VALUES (?, ?, ?)", owned)
    placed = (session.get(OrderRow, order) for order in states)
    return {row.command for row in placed if row is not None}


def _records(config: Config, period: Period, wanted: set[int], progress: Progress) -> Iterator[tuple[Any, ...]]:
    """One pass over the log: who signed each command of the period, and the bytes of the open orders' commands."""
    reader = LogReader(config.paths.log, config.exchange, config.genesis().hash)
    first = max(min(wanted, default=period.first), reader.first_sequence)
    first, last = min(first, max(period.first, reader.first_sequence)), min(period.last, int(reader.head.sequence))
    if first > last:
        return
    for record in reader.records(first, last):
        sequence, entry = int(record.sequence), record.entry
        is_wanted = sequence in wanted
        if is_wanted or sequence >= period.first:
            key = entry.signatures[0].key if entry.signatures else None
            yield sequence, int(entry.scheme), key, entry.door.source, entry.signed if is_wanted else None
        if sequence % _STEP == 0:
            progress("reading who signed", sequence - first, last - first)


class SharedFile:
    """The file as statements ask of it: `cli.exchange.statement_facts.Shared`."""

    def __init__(self, path: Path, session: Session, config: Config, period: Period) -> None:
        self._connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
        self.scales: Mapping[str, int] = reading.asset_scales(session)
        self.markets: Mapping[str, Market] = reading.markets(session, self.scales)
        self.price_unit: str | None = reading.price_unit(session)
        self.hour: PublishedHour | None = attested_by(config.hours, second_text(period.end_us))

    def accounts(self, first: int, count: int) -> list[str]:
        """The accounts numbered from `first` on, in the order of opening."""
        query = "SELECT account FROM account WHERE number >= ? AND number < ? ORDER BY number"
        return [account for (account,) in self._connection.execute(query, (first, first + count))]

    def records(self, sequences: Sequence[int]) -> dict[int, Record | None]:
        """See `Shared`: records with scheme, first key and source; the signed bytes of open orders' commands alone."""
        found: dict[int, Record | None] = dict.fromkeys(sequences)
        for start in range(0, len(sequences), _QUESTION_MARKS_MAX):
            some = sequences[start : start + _QUESTION_MARKS_MAX]
            query = f"SELECT * FROM record WHERE sequence IN ({','.join('?' * len(some))})"
            for sequence, scheme, key, source, signed in self._connection.execute(query, tuple(some)):
                signatures = () if key is None else (Signed(key, b""),)
                entry = Entry(Micros(0), Micros(0), Scheme(scheme), signatures, signed or b"", Door(source=source))
                found[sequence] = Record(Sequence64(sequence), entry, Digest(bytes(32)))
        return found

    def documents(self, kind: str, account: str) -> list[dict[str, Any]]:
        """See `Shared`."""
        query = "SELECT document FROM said WHERE account = ? AND kind = ? ORDER BY number"
        return [json.loads(document) for (document,) in self._connection.execute(query, (account, kind))]

    def open_orders(self, account: str) -> dict[int, dict[str, Any]]:
        """See `Shared`."""
        query = "SELECT number, state FROM open_order WHERE account = ? ORDER BY number"
        return {number: json.loads(state) for number, state in self._connection.execute(query, (account,))}

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
