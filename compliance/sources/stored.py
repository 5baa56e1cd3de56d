"""Events of the store as the sources read them: many, in order, with the time of their command, and nothing parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sqlmodel import Session

__all__ = ["Timed", "documents", "timed"]

_ROWS_AT_ONCE: Final = 10_000
_WHERE: Final = (
    "WHERE event.kind = :kind AND event.order_id IS NULL AND event.sequence >= :first AND event.sequence <= :last "
    "ORDER BY event.sequence, event.place"
)
_DOCUMENTS: Final = f"SELECT event.sequence, event.account, event.document FROM event {_WHERE}"
_TIMED: Final = (
    "SELECT event.sequence, command.applied_micros, event.reference, event.document FROM event "
    f"JOIN command ON command.sequence = event.sequence {_WHERE}"
)


class Timed(NamedTuple):
    """An event with the time at which its command was applied, microseconds; the document is JSON text."""

    sequence: int
    micros: int
    reference: str | None
    document: str


def documents(session: Session, kind: str, first: int = 1, *, last: int) -> Iterator[tuple[int, str | None, str]]:
    """Position, account and document (JSON text) of the events of a kind, in their order; none of an order's."""
    yield from _rows(session, _DOCUMENTS, kind, first, last)


def timed(session: Session, kind: str, first: int, last: int) -> Iterator[Timed]:
    """The events of a kind with their times, in their order; none of an order's."""
    for row in _rows(session, _TIMED, kind, first, last):
        yield Timed(*row)


def _rows(session: Session, statement: str, kind: str, first: int, last: int) -> Iterator[Any]:
    """The rows as the driver gives them, inside the session's transaction: half of what millions cost otherwise."""
    values = {"kind": kind, "first": first, "last": last}
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        # A cursor of the server's, so that not all rows are held here.
        with driver.cursor(name="events") as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            cursor.execute(_NAMED.sub(r"%(\1)s", statement), values)
            yield from cursor
        return
    cursor = driver.execute(statement, values)
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        yield from rows


_NAMED: Final = re.compile(r":(kind|first|last)\b")
