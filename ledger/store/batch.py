"""What the store is given, and the rows that it makes of it. Pure: no database is touched here.

A batch is what the engine made of one batch of the log: its commands with their events, the rows that
`Ledger.drain_rows` gave, and the accounts opened meanwhile. It must be durable in the log before it is stored.

Cost: making the rows is about a tenth of storing them, so nothing is copied or typed that need not be.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias, get_type_hints

from ledger.events import BalanceChanged, Event, OrderPlaced, OrderReport, event_name
from ledger.journal import AccountKey, EntryKind, MassEntry, Row
from ledger.log import Head, Record
from ledger.store.schema import BLOCK_BITS
from ledger.trading.reports import Kind

__all__ = [
    "ENTRY_COLUMNS",
    "POST_COLUMNS",
    "BatchRows",
    "EventValues",
    "StoreBatch",
    "StoredCommand",
    "Values",
    "balance_values",
    "command_values",
    "event_values",
    "order_values",
    "orders_of_report",
    "post_values",
    "sort_rows",
    "whole_values",
]

Values: TypeAlias = tuple[Any, ...]
"""One row of a table, in the order of its columns."""

_STATE: Final = ("debits_pending", "debits_posted", "credits_pending", "credits_posted", "version")
POST_COLUMNS: Final = (
    "sequence", "command", "block", "kind", "id", "debit", "credit", "amount", "reason", "value_micros",
    "posted_micros", "price", "reference", "flags",
    *(f"{side}_{column}" for side in ("debit", "credit") for column in _STATE),
)  # fmt: skip
"""The columns of a simple posting; the others stay NULL."""
ENTRY_COLUMNS: Final = (
    "sequence", "command", "block", "kind", "id", "pending_id", "debit", "credit", "contra", "amount", "released",
    "reason", "value_micros", "posted_micros", "expires_micros", "price", "reference", "flags",
    *(f"{side}_{column}" for side in ("debit", "credit", "contra") for column in _STATE),
)  # fmt: skip
"""All columns of an entry."""

_POST_FIELDS: Final = 15
_ENTRY_FIELDS: Final = 20
_NO_STATE: Final = (None,) * 5
_UNKEPT: Final = frozenset({BalanceChanged})
"""Events that the entries already say, and more exactly."""


class StoredCommand(NamedTuple):
    """One command that the engine applied, with the events it stated, in their order.

    `kind` is the command's name on the wire; `account` whom it acted for, or empty.
    """

    record: Record
    kind: str
    account: str
    events: Sequence[Event]


class StoreBatch(NamedTuple):
    """What `Store.write` takes: the commands after `previous`, and everything that they did.

    `previous` is the log's head before the batch, `rows` what `Ledger.drain_rows` gave after it, `opened` the keys of
    the accounts that it opened, in the order of their indices, the first of which is `first_account`.
    """

    previous: Head
    commands: Sequence[StoredCommand]
    rows: Sequence[Row]
    first_account: int
    opened: Sequence[AccountKey] = ()

    @property
    def head(self) -> Head:
        """The log's position after the batch."""
        last = self.commands[-1].record
        return Head(last.sequence, last.hash)


@dataclass(slots=True)
class BatchRows:
    """The rows of a batch by their form, and the last row that touched each account."""

    posts: list[Row] = field(default_factory=list)
    whole: list[Row] = field(default_factory=list)
    masses: list[MassEntry] = field(default_factory=list)
    last: dict[int, Row] = field(default_factory=dict)


def sort_rows(rows: Sequence[Row]) -> BatchRows:
    """Separate the forms of rows; rows rise in sequence, so the last one seen of an account is its newest."""
    sorted_rows = BatchRows()
    posts, last = sorted_rows.posts, sorted_rows.last
    for row in rows:
        size = len(row)
        if size == _POST_FIELDS:
            posts.append(row)
            last[row[4]] = last[row[5]] = row
        elif size == _ENTRY_FIELDS:
            sorted_rows.whole.append(row)
            last[row[5]] = last[row[6]] = row
            if row[16] >= 0:
                last[row[16]] = row
        else:
            assert isinstance(row, MassEntry), "a row has one of three forms"
            sorted_rows.masses.append(row)
            last.update(dict.fromkeys(row.accounts, row))
    return sorted_rows


def balance_values(rows: BatchRows) -> Iterator[Values]:
    """The net absolute balances of the touched accounts: account, four counters, version, sequence."""
    in_mass = {mass.sequence: dict(zip(mass.accounts, mass.after, strict=True)) for mass in rows.masses}
    for account, row in rows.last.items():
        size = len(row)
        if size == _POST_FIELDS:
            after = row[13] if row[4] == account else row[14]
        elif size == _ENTRY_FIELDS:
            after = row[17] if row[5] == account else row[18] if row[6] == account else row[19]
        else:
            after = in_mass[row[0]][account]
        yield (account, *after, row[0])


def post_values(posts: Sequence[Row]) -> Iterator[Values]:
    """Simple postings in the order of `POST_COLUMNS`. An id is left as it is, and 0 means the sequence number."""
    for sequence, command, kind, id, debit, credit, amount, reason, value, now, price, reference, flags, d, c in posts:
        yield (
            sequence, command, sequence >> BLOCK_BITS, kind, id or None, debit, credit, amount, reason, value or None,
            now, price, reference or None, flags, *d, *c,
        )  # fmt: skip


def whole_values(rows: BatchRows) -> Iterator[Values]:
    """Every other entry in the order of `ENTRY_COLUMNS`, mass postings among them."""
    for (
        sequence, command, kind, id, pending_id, debit, credit, amount, released, reason, value, now, expires, price,
        reference, flags, contra, debit_after, credit_after, contra_after,
    ) in rows.whole:  # fmt: skip
        yield (
            sequence, command, sequence >> BLOCK_BITS, kind, None if id == sequence else id, pending_id or None, debit,
            credit, None if contra < 0 else contra, amount, released or None, reason, None if value == now else value,
            now, expires or None, price, reference or None, flags, *debit_after, *credit_after,
            *(contra_after or _NO_STATE),
        )  # fmt: skip
    for mass in rows.masses:
        now = mass.posted_micros
        yield (
            mass.sequence, mass.command, mass.sequence >> BLOCK_BITS, int(EntryKind.MASS), None, None, None, None, None,
            None, None, mass.reason, None if mass.value_micros == now else mass.value_micros, now, None, mass.price,
            mass.reference or None, 0, *_NO_STATE * 3,
        )  # fmt: skip


# Events.


class EventValues(NamedTuple):
    """One row of the table of events, in the order of its columns."""

    sequence: int
    place: int
    side: int
    block: int
    kind: str
    account: str | None
    market: str | None
    order_id: int | None
    reference: str | None
    document: str


def event_values(
    commands: Sequence[StoredCommand], owners: Mapping[int, str], account_of_reference: Callable[[str], str | None]
) -> Iterator[EventValues]:
    """The events that history needs. `owners` says whose each order is that the batch's reports name.

    An event belongs to the account that it names; an order's to the order's owner; one with a reference to the account
    of the first event with it (`account_of_reference` knows earlier batches); any other to its command's account.
    """
    referred: dict[str, str | None] = {}
    for record, _, account, events in commands:
        sequence = int(record.sequence)
        block = sequence >> BLOCK_BITS
        for place, event in enumerate(events):
            kind = type(event)
            if isinstance(event, OrderReport):
                yield from _report_values(sequence, place, block, event, owners)
            elif kind not in _UNKEPT:
                owner, market, reference, order = _named(event)
                if reference is not None:
                    if reference not in referred:
                        referred[reference] = owner or account_of_reference(reference) or account or None
                    owner = owner or referred[reference]
                document = _JSON(event._asdict())
                owner = owner or account or None
                yield EventValues(
                    sequence, place, 0, block, event_name(event), owner, market, order, reference, document
                )  # fmt: skip


def _report_values(
    sequence: int, place: int, block: int, event: OrderReport, owners: Mapping[int, str]
) -> Iterator[EventValues]:
    market, row = event
    document = _JSON(row)
    for side, order in enumerate(orders_of_report(row)):
        yield EventValues(
            sequence, place, side, block, "order-report", owners.get(order), market, order, None, document
        )  # fmt: skip


def orders_of_report(row: Sequence[int]) -> tuple[int, ...]:
    """The orders that a book's report is about: the taker's and the maker's of a fill, one in every other."""
    return (row[3], row[2]) if row[0] == Kind.TRADED else (row[1],)


_JSON: Final = json.JSONEncoder(separators=(",", ":")).encode
_REFERENCES: Final = ("evidence", "request", "move")


@lru_cache(maxsize=256)
def _indexed_fields(kind: Any) -> tuple[bool, bool, str | None, bool]:
    fields = kind._fields
    # A reference is text: how far a market moved before a halt is a number, and refers to nothing.
    types = get_type_hints(kind)
    reference = next((name for name in _REFERENCES if types.get(name) is str), None)
    return "account" in fields, "market" in fields, reference, "order" in fields


def _named(event: Any) -> tuple[str | None, str | None, str | None, int | None]:
    """Account, market, reference and order as far as the event has such fields."""
    has_account, has_market, reference, has_order = _indexed_fields(event.__class__)
    return (
        event.account if has_account else None,
        event.market if has_market else None,
        getattr(event, reference) if reference else None,
        event.order if has_order else None,
    )


def command_values(batch: StoreBatch, entries_before: int) -> Iterator[Values]:
    """The commands: sequence, received, applied, scheme, kind, account, hash, newest entry after it."""
    newest = {row[1]: row[0] for row in batch.rows}
    entries = entries_before
    for (sequence, (received, applied, scheme, *_), hash), kind, account, _ in batch.commands:
        entries = newest.get(sequence, entries)
        yield sequence, received, applied, int(scheme), kind, account or None, hash, entries


def order_values(commands: Sequence[StoredCommand]) -> Iterator[Values]:
    """The orders that were placed: id, command, block, account."""
    for record, _, _, events in commands:
        for event in events:
            if isinstance(event, OrderPlaced):
                yield event.order, record.sequence, record.sequence >> BLOCK_BITS, event.account
