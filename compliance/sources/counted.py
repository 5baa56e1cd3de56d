"""What the database counts by itself, over millions of rows: charges, orders and fills. Read beside everything else.

The database does this outside Python, so a thread of its own with a transaction of its own costs the rest nothing.
Only events and entries up to a position are read, which never change.
"""

from __future__ import annotations

from collections import Counter
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


# Commands and entries rise together, and entries have an index. Both accounts of an entry stand in one book, so the
# house's account has the asset; it and the accounts that are no claims are few, and no other is looked up.
_HOUSE: Final = f"SELECT number FROM account WHERE code IN ({', '.join(str(int(code)) for code in HOUSE_CODES)})"
_CHARGED: Final = (
    f"FROM entry WHERE sequence >= :first AND sequence <= :last AND credit IN ({_HOUSE}) "
    "AND debit NOT IN (SELECT number FROM account WHERE code <> :claim)"
)
_SUMS: Final = {
    # SQLite adds within 63 bits, and keeps what is wider as bytes: halves are added, and wide ones by themselves.
    "sqlite": "sum(CASE WHEN typeof(amount) = 'integer' THEN amount / 4294967296 ELSE 0 END), "
    "sum(CASE WHEN typeof(amount) = 'integer' THEN amount % 4294967296 ELSE 0 END), "
    "sum(CASE WHEN typeof(amount) = 'blob' THEN 1 ELSE 0 END)",
    "postgresql": "0, sum(COALESCE(amount, 0)), 0",
}
_WIDE: Final = text(f"SELECT credit, reason, amount {_CHARGED} AND typeof(amount) = 'blob'")
_ASSETS: Final = text(
    "SELECT account.number, book.asset FROM account JOIN book ON book.number = account.book "
    f"WHERE account.number IN ({_HOUSE})"
)
# What the exchange places for a wallet is no order of its member; a part of a strategy is.
_OF_THE_HOUSE: Final = """(document LIKE '%"cause":"liquidation"%' OR document LIKE '%"cause":"conversion"%')"""
_DAY: Final = "sequence >= :first AND sequence <= :last AND block >= :block"
_PLACED: Final = text(
    "SELECT account, market, count(*) AS orders FROM event WHERE kind = 'order-placed' "
    f"AND {_DAY} AND NOT {_OF_THE_HOUSE} GROUP BY account, market"
)
_FILLS: Final = text(
    "SELECT market, account, count(*) AS fills, max(sequence) AS newest FROM event WHERE kind = 'order-report' "
    f"AND document LIKE '[3,%' AND {_DAY} AND order_id NOT IN "
    f"(SELECT order_id FROM event WHERE kind = 'order-placed' AND {_DAY} AND {_OF_THE_HOUSE}) GROUP BY market, account"
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
    if low > high:
        return
    connection = session.connection()
    values = {"first": low, "last": high, "claim": int(AccountCode.CLAIM)}
    sums = _SUMS[connection.dialect.name]
    query = text(f"SELECT credit, reason, count(*), {sums}, max(sequence) {_CHARGED} GROUP BY credit, reason")
    rows = connection.execute(query, values).all()
    assets = {int(number): str(asset) for number, asset in connection.execute(_ASSETS)}
    wide: Counter[tuple[int, int]] = Counter()
    if any(row[5] for row in rows):
        for credit, reason, amount in connection.execute(_WIDE, values):
            wide[credit, reason] += int.from_bytes(amount, "big")
    found: dict[tuple[str, int], Charge] = {}
    for credit, reason, entries, upper, lower, _, newest in rows:
        quanta = (int(upper) << 32) + int(lower) + wide[credit, reason]
        place = (assets[int(credit)], int(reason))
        one = found.get(place, Charge(*place, 0, 0, 0))
        found[place] = Charge(*place, one.entries + int(entries), one.quanta + quanta, max(one.newest, int(newest)))
    yield from (found[place] for place in sorted(found))
