"""An order between two of its reports: what is left of it, at which price, since when at its place in the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from compliance.transactions.records import OrderTerms
from ledger.trading.reports import Kind

__all__ = ["LiveOrder", "Placed", "advance", "begin"]


class Placed(NamedTuple):
    """Whose order it is and when it was handed to its book, microseconds."""

    account: str
    subaccount: str
    client_id: int
    time_us: int


@dataclass(slots=True)
class LiveOrder:
    """`remaining` in steps, `price` in ticks. `is_known`: its book has answered once."""

    placed: Placed
    terms: OrderTerms | None
    remaining: int
    price: int | None
    priority_us: int | None = None
    is_known: bool = False
    has_ended: bool = False


def begin(placed: Placed, terms: OrderTerms | None) -> LiveOrder:
    """An order that was handed to its book and not answered yet."""
    if terms is None:
        return LiveOrder(placed, None, 0, None)
    return LiveOrder(placed, terms, terms.quantity or 0, terms.price)


def advance(live: LiveOrder, order: int, row: tuple[int, ...], time_us: int) -> bool:
    """Bring an order forward by one report; returns whether it is the first that its book gave of it."""
    kind, is_first = Kind(row[0]), not live.is_known
    live.is_known = True
    if kind is Kind.RESTED:
        live.price, live.remaining, live.priority_us = row[2], row[3], time_us
    elif kind is Kind.AMENDED:
        live.price, live.remaining = row[2], row[3]
        live.priority_us = live.priority_us if row[4] else time_us
    elif kind is Kind.TRADED:
        live.remaining = row[7] if row[2] == order else row[8]
        by_quote = live.terms is not None and live.terms.quote_quantity is not None
        live.has_ended = not live.remaining and not by_quote
    elif kind in (Kind.CANCELLED, Kind.EXPIRED):
        live.remaining, live.has_ended = row[2], True
    elif kind is Kind.REJECTED:
        live.has_ended = is_first
    return is_first
