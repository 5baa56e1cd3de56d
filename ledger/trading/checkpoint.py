"""The state of a book and of the money behind it as a document, and back: `to_state` and `from_state` end here.

A document is canonical JSON (ledger/canonical.py), whose numbers are small and have no sign. So every row of integers
is one text, its decimal numbers with commas between. Orders stand in the order in which they trade, triggers in the
order in which they came, so that what is read goes on exactly as what was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from ledger.canonical import Json
from ledger.errors import FormatError
from ledger.trading.orders import NewOrder
from ledger.trading.rules import Bound
from ledger.trading.state import OrderState

if TYPE_CHECKING:
    from ledger.trading.book_state import BookState

__all__ = ["book_document", "fill_book", "read_rows", "row_texts"]

_ROW: Final = re.compile(r"(?:0|-?[1-9][0-9]*)(?:,(?:0|-?[1-9][0-9]*))*")
_FIELDS: Final = frozenset({"asks", "bids", "bounds", "killed", "numbers", "pending"})
_NUMBERS: Final = 8


def row_texts(rows: Iterable[Sequence[int]]) -> list[Json]:
    """Each row as one text."""
    return [",".join(map(str, map(int, row))) for row in rows]


def read_rows(texts: Any, size: int) -> list[list[int]]:
    """The rows of `row_texts`, each of `size` numbers. Raises FormatError for anything else."""
    if not isinstance(texts, list):
        raise FormatError("a checkpoint's rows are a list")
    rows = []
    for text in texts:
        if not isinstance(text, str) or not _ROW.fullmatch(text):
            raise FormatError("a checkpoint's row is whole numbers with commas between")
        row = [int(number) for number in text.split(",")]
        if len(row) != size:
            raise FormatError(f"a checkpoint's row has {size} numbers, not {len(row)}")
        rows.append(row)
    return rows


def book_document(book: BookState) -> dict[str, Json]:
    """Everything that decides what the book does next, beside its market and its funds."""
    assert not book.reports, "reports are taken before a checkpoint"
    bids, asks = book.resting()
    numbers = (book.state, book.time_us, book.trade_id, *book.watched())
    assert len(numbers) == _NUMBERS, "the numbers of a book are of one form"
    return {
        "asks": row_texts(asks),
        "bids": row_texts(bids),
        "bounds": row_texts(book.bounds),
        "killed": row_texts((account,) for account in book.killed()),
        "numbers": row_texts([numbers])[0],
        "pending": row_texts(book.pending()),
    }


def fill_book(book: BookState, document: Any) -> None:
    """Give an empty book the state of a document. Raises FormatError unless it is exactly one of this market."""
    if not isinstance(document, dict) or set(document) != _FIELDS:
        raise FormatError("a book's checkpoint has fields that are not known")
    numbers = read_rows([document["numbers"]], _NUMBERS)[0]
    orders = [
        OrderState(*row) for side in ("bids", "asks") for row in read_rows(document[side], len(OrderState._fields))
    ]
    pending = [NewOrder(*row) for row in read_rows(document["pending"], len(NewOrder._fields))]
    bounds = [Bound(*row) for row in read_rows(document["bounds"], len(Bound._fields))]
    if any(low < 0 or not (high == 0 or low <= high) for low, high, _ in bounds):
        raise FormatError("a bound in a book's checkpoint cannot be")
    killed = [row[0] for row in read_rows(document["killed"], 1)]
    if any(min(order) < 0 or order.price == 0 or not 0 < order.remaining <= order.quantity for order in orders):
        raise FormatError("an order in a book's checkpoint cannot be")
    ids = [order.order_id for order in orders] + [order.order_id for order in pending]
    if len(set(ids)) != len(ids) or any(not order.trigger_kind for order in pending):
        raise FormatError("an order in a book's checkpoint is there twice or waits for nothing")
    book.fill(numbers, bounds, orders, pending, killed)
    if book_document(book) != document:
        raise FormatError("a book's checkpoint is not in its one form")
