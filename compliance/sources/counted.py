"""What the database counts by itself, over millions of rows: charges, orders and fills. Read beside everything else.

The database does this outside Python, so a thread of its own with a transaction of its own costs the rest nothing.
Only events and entries up to a position are read, which never change.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, NamedTuple

from sqlalchemy import Engine, text
from sqlmodel import Session

from ledger.journal import AccountCode
from ledger.store import history
from ledger.store.database import make_session
from ledger.store.snapshot import StoreSnapshot

__all__ = ["HOUSE_CODES", "Charge", "Counts", "Fills", "Span", "counted_beside"]

HOUSE_CODES: Final = (AccountCode.FEES, AccountCode.INTEREST_SHARE, AccountCode.DUST, AccountCode.OTHER)


class Span(NamedTuple):
    """Log positions: the period's first, the first of the last day, and the last of both."""

    first: int
    day: int
    last: int


class Charge(NamedTuple):
    """What went from customers to the house in an asset for a reason: how many entries, quanta, the newest entry."""

    asset: str
    reason: int
    entries: int
    quanta: int
    newest: int


class Fills(NamedTuple):
    """How many fills an account's orders had in a market over the day, and the position of the newest."""

    market: str
    account: str
    fills: int
    newest: int


class Counts(NamedTuple):
    """Charges of the period; of the last day how many orders each account placed in each market, and fills."""

    charges: tuple[Charge, ...]
    placed: tuple[tuple[str, str, int], ...]
    fills: tuple[Fills, ...]


_TO_OWN: Final = text(
    "SELECT book.asset AS asset, entry.reason AS reason, count(*) AS entries, "
    "sum(CASE WHEN entry.amount IS NULL THEN 0 ELSE entry.amount END) AS amount, max(entry.sequence) AS newest "
    "FROM entry JOIN account AS debit ON debit.number = entry.debit JOIN book ON book.number = debit.book "
    # Commands and entries rise together, and entries have an index. The house's accounts are few: what was credited
    # to another account, as most entries are, is left out before any account is looked up.
    "WHERE entry.sequence >= :first AND entry.sequence <= :last AND debit.code = :claim AND entry.credit IN "
    f"(SELECT number FROM account WHERE code IN ({', '.join(str(int(code)) for code in HOUSE_CODES)})) "
    "GROUP BY book.asset, entry.reason ORDER BY book.asset, entry.reason"
)
_PLACED: Final = text(
    "SELECT account, market, count(*) AS orders FROM event WHERE kind = 'order-placed' AND sequence >= :first "
    "AND sequence <= :last AND block >= :block GROUP BY account, market"
)
_FILLS: Final = text(
    "SELECT market, account, count(*) AS fills, max(sequence) AS newest FROM event WHERE kind = 'order-report' "
    "AND document LIKE '[3,%' AND sequence >= :first AND sequence <= :last AND block >= :block GROUP BY market, account"
)


@contextmanager
def counted_beside(store: StoreSnapshot, span: Span) -> Iterator[Future[Counts]]:
    """The counts, made while the block goes on; the block must ask for them."""
    engine = store.session.get_bind()
    assert isinstance(engine, Engine), "a store's session is of an engine"
    with ThreadPoolExecutor(1, thread_name_prefix="counts") as beside:
        yield beside.submit(_counts, engine, span)


def _counts(engine: Engine, span: Span) -> Counts:
    with make_session(engine) as session:
        run = session.connection().execute
        day = {"first": span.day, "last": span.last, "block": span.day >> 16}
        placed = tuple((str(account), str(market), int(orders)) for account, market, orders in run(_PLACED, day))
        fills = tuple(Fills(*row) for row in run(_FILLS, day))
        return Counts(tuple(_charges(session, span)), placed, fills)


def _charges(session: Session, span: Span) -> Iterator[Charge]:
    before = history.command_at(session, span.first - 1) if span.first > 1 else None
    last = history.command_at(session, span.last)
    low, high = (0 if before is None else before.entries) + 1, 0 if last is None else last.entries
    if low <= high:
        values = {"first": low, "last": high, "claim": int(AccountCode.CLAIM)}
        for asset, reason, entries, quanta, newest in session.connection().execute(_TO_OWN, values):
            yield Charge(asset, reason, entries, int(quanta), newest)
