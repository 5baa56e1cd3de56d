"""One pass over a period of the store, as typed records in the order of the log.

Events give trades, events of orders and prices; entries give every other movement of a customer's claim or debt, so
that nothing that changed a balance is missed. In: a session over the store, log positions, and where to ask for terms
(`terms`). Out: `Record`s. Memory: the orders that are live, a bounded number of accounts, some rows at a time.

Rules:
1. Records come by position; of one command first what its events say, in their order, then its entries.
2. A fill is one trade and, for its two orders, two events: the taker's, then the maker's.
3. An order that was live before the period is known from its own earlier reports.
4. What the store or the log does not have is None.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from compliance.transactions.live import LiveOrder, Placed, advance, begin
from compliance.transactions.records import (
    OrderEventRecord,
    PriceRecord,
    Record,
    TradeRecord,
    TradeSide,
    TransferRecord,
)
from compliance.transactions.terms import NoTerms, Terms
from ledger.journal import CUSTOMER_CODES, AccountCode, AccountKey, EntryKind, ReasonCode
from ledger.store import history
from ledger.store.listed import asset_scales, derivatives, markets
from ledger.store.mass import PackedMass, unpack
from ledger.store.schema import CommandRow, EntryRow, EventRow, MassRow, OrderRow
from ledger.trading.orders import Side
from ledger.trading.reports import Kind

__all__ = ["ORDERS", "PRICES", "TRADES", "TRANSFERS", "RecordReader"]

TRADES: Final = "trades"
ORDERS: Final = "orders"
TRANSFERS: Final = "transfers"
PRICES: Final = "prices"
_ROWS_AT_ONCE: Final = 2_000
_ACCOUNTS_KEPT: Final = 65_536
_OF_TRADES: Final = (ReasonCode.TRADE, ReasonCode.FEE, ReasonCode.REBATE, ReasonCode.ORDER_HOLD)
_OF_HOUSE: Final = (ReasonCode.CUSTODY_MOVE, ReasonCode.NETWORK_FEE, ReasonCode.CAPITAL)
_MOVING: Final = (EntryKind.POST, EntryKind.POST_PENDING, EntryKind.MASS)
_PLACED: Final = "order-placed"
_REPORT: Final = "order-report"
_PRICES: Final = "prices-set"
_FILL: Final = f"[{int(Kind.TRADED)},%"


class RecordReader:
    """See the module. One reader serves one pass at a time."""

    def __init__(self, session: Session, terms: Terms | None = None) -> None:
        self._session = session
        self._terms: Terms = NoTerms() if terms is None else terms
        self.scales = asset_scales(session)
        self.markets = markets(session, self.scales)
        self._derivatives = derivatives(session)
        self._live: dict[int, LiveOrder] = {}
        self._command_terms: tuple[int, int] = (0, 0)
        self._key = lru_cache(maxsize=_ACCOUNTS_KEPT)(self._find_key)

    @property
    def live_orders(self) -> int:
        """How many orders are kept in memory now."""
        return len(self._live)

    def records(self, first: int, last: int, want: Collection[str] = (TRADES, TRANSFERS)) -> Iterator[Record]:
        """The records of the kinds in `want`, of the commands from `first` to `last`."""
        self._live.clear()
        streams: list[Iterator[Record]] = []
        if {TRADES, ORDERS, PRICES} & set(want):
            streams.append(self._of_events(first, last, frozenset(want)))
        if TRANSFERS in want:
            streams.append(self._transfers(first, last))
        yield from heapq.merge(*streams, key=lambda record: record.position)

    # Events.

    def _of_events(self, first: int, last: int, want: frozenset[str]) -> Iterator[Record]:
        has_orders = ORDERS in want
        fills: TradeSide | None = None
        places = 0
        position = 0
        for sequence, place, side, kind, account, market, order, document, time_us in self._event_rows(
            first, last, want
        ):
            if kind == _PRICES:
                fields = json.loads(document)
                yield PriceRecord(
                    sequence, time_us, fields["unit"], _pairs(fields["assets"]), _pairs(fields["currencies"])
                )
                continue
            if kind == _PLACED:
                given = json.loads(document)
                places = (places if sequence == position else 0) + (given["cause"] == "customer")
                position = sequence
                self._place(sequence, places - 1, order, given, time_us)
                continue
            row = tuple(json.loads(document))
            live = self._order(order, sequence, place, side) if has_orders else None
            if live is not None:
                yield self._event(live, order, row, (sequence, place, side, time_us), self.markets[market])
            # A fill of a derivative moves no asset: what it comes to is in the entries of its settlements.
            if row[0] == Kind.TRADED and TRADES in want and market not in self._derivatives:
                one = _side(row, side, order, account or "", live)
                if side == 0:
                    fills = one
                else:
                    assert fills is not None, "a fill stands twice, the taker's first"
                    yield _trade(row, (sequence, place, time_us), self.markets[market], fills, one)
            if live is not None and live.has_ended:
                del self._live[order]

    def _event_rows(self, first: int, last: int, want: frozenset[str]) -> Iterator[Any]:
        columns: tuple[Any, ...] = (
            EventRow.sequence, EventRow.place, EventRow.side, EventRow.kind, EventRow.account, EventRow.market,
            EventRow.order_id, EventRow.document, CommandRow.applied_micros,
        )  # fmt: skip
        kinds: list[ColumnElement[bool]] = []
        if ORDERS in want:
            kinds.append(col(EventRow.kind).in_((_PLACED, _REPORT)))
        elif TRADES in want:
            kinds.append(and_(col(EventRow.kind) == _REPORT, col(EventRow.document).like(_FILL)))
        if PRICES in want:
            kinds.append(col(EventRow.kind) == _PRICES)
        query = (
            select(*columns)
            .join(CommandRow, col(CommandRow.sequence) == EventRow.sequence)
            .where(col(EventRow.sequence) >= first, col(EventRow.sequence) <= last, or_(*kinds))
            .order_by(col(EventRow.sequence), col(EventRow.place), col(EventRow.side))
        )
        return iter(self._session.exec(query.execution_options(yield_per=_ROWS_AT_ONCE)))

    def _place(self, position: int, number: int, order: int, document: dict[str, Any], time_us: int) -> None:
        # What the exchange itself places for a wallet stands in no command.
        by_customer = document["cause"] == "customer"
        terms = self._terms.orders_of(position, document["account"]) if by_customer else None
        placed = Placed(document["account"], document["subaccount"], document["client_id"], time_us)
        self._live[order] = begin(placed, terms[number] if terms is not None and number < len(terms) else None)

    def _order(self, order: int, position: int, place: int, side: int) -> LiveOrder:
        """An order as it was before one of its reports; one that is not known is looked up with its earlier reports."""
        live = self._live.get(order)
        if live is not None:
            return live
        row = self._session.get(OrderRow, order)
        if row is None:  # A report about an order that never was: an instruction that named a number of nobody.
            self._live[order] = live = begin(Placed("", "", 0, 0), None)
            return live
        number, document = self._placed_in(row.command, order)
        command = history.command_at(self._session, row.command)
        assert command is not None, "an order was placed by a command"
        self._place(row.command, number, order, document, command.applied_micros)
        live = self._live[order]
        for event in history.events_of_order(self._session, order):
            if event.kind == _REPORT and (event.sequence, event.place) < (position, place):
                earlier = history.command_at(self._session, event.sequence)
                assert earlier is not None, "an event has its command"
                advance(live, order, tuple(event.document), earlier.applied_micros)
        live.has_ended = False
        return live

    def _placed_in(self, position: int, order: int) -> tuple[int, dict[str, Any]]:
        query = select(EventRow).where(EventRow.sequence == position, EventRow.kind == _PLACED)
        documents = [json.loads(row.document) for row in self._session.exec(query.order_by(col(EventRow.place)))]
        found = next(each for each in documents if each["order"] == order)
        asked = [each for each in documents if each["cause"] == "customer"]
        return asked.index(found) if found in asked else 0, found

    def _event(
        self, live: LiveOrder, order: int, row: tuple[int, ...], where: tuple[int, int, int, int], market: Any
    ) -> OrderEventRecord:
        position, place, side, time_us = where
        is_first = advance(live, order, row, time_us)
        placed = live.placed
        return OrderEventRecord(
            position, place, side, time_us, market, order, placed.account, placed.subaccount, placed.client_id,
            Kind(row[0]), row, live.terms, live.remaining, live.price, live.priority_us, is_first,
        )  # fmt: skip

    # Entries.

    def _find_key(self, account: int) -> AccountKey:
        return history.account_key(self._session, account)

    def _entries_before(self, position: int) -> int:
        command = history.command_at(self._session, position) if position > 0 else None
        return 0 if command is None else command.entries

    def _transfers(self, first: int, last: int) -> Iterator[Record]:
        columns: tuple[Any, ...] = (
            EntryRow.command, EntryRow.sequence, EntryRow.kind, EntryRow.posted_micros, EntryRow.debit, EntryRow.credit,
            EntryRow.amount, EntryRow.reason, EntryRow.reference, EntryRow.price,
        )  # fmt: skip
        low, high = self._entries_before(first - 1), self._entries_before(last)
        query = (
            select(*columns)
            .where(col(EntryRow.sequence) > low, col(EntryRow.sequence) <= high)
            .where(col(EntryRow.reason).not_in((*_OF_TRADES, *_OF_HOUSE)), col(EntryRow.kind).in_(_MOVING))
            .order_by(col(EntryRow.sequence))
        )
        for row in self._session.exec(query.execution_options(yield_per=_ROWS_AT_ONCE)):
            if row.kind == EntryKind.MASS:
                yield from self._of_mass(row)
                continue
            debit, credit = self._key(row.debit), self._key(row.credit)
            yield from self._of_entry(row, debit, credit, -row.amount)
            yield from self._of_entry(row, credit, debit, row.amount)

    def _of_entry(self, row: Any, key: AccountKey, other: AccountKey | None, credited: int) -> Iterator[Record]:
        """What an entry did to one account: nothing is told of an account of the house."""
        if key.code not in CUSTOMER_CODES or not credited:
            return
        is_claim = key.code is AccountCode.CLAIM
        reason = ReasonCode(row.reason)
        yield TransferRecord(
            row.command, row.sequence, row.posted_micros, key.owner, key.subaccount, key.asset, self.scales[key.asset],
            credited if is_claim else 0, 0 if is_claim else -credited, reason, row.reference or "",
            "" if other is None else _named(other), self._destination(reason, row, key.owner), row.price,
        )  # fmt: skip

    def _of_mass(self, row: Any) -> Iterator[Record]:
        mass = self._session.get(MassRow, row.sequence)
        assert mass is not None, "a mass posting has its packed row"
        packed = PackedMass(mass.width, mass.accounts, mass.amounts, mass.after)
        self._session.expunge(mass)
        for account, amount, _ in unpack(packed):
            yield from self._of_entry(row, self._key(account), None, amount)

    def _destination(self, reason: ReasonCode, row: Any, account: str) -> str | None:
        if reason is not ReasonCode.WITHDRAWAL:
            return None
        asked = next((each.sequence for each in history.events_of_reference(self._session, row.reference)), None)
        return None if asked is None else self._terms.destination_of(asked, account)


def _named(key: AccountKey) -> str:
    if key.code in CUSTOMER_CODES:
        return f"customer:{key.owner}"
    return (
        f"{key.code.name.lower().replace('_', ' ')}:{key.owner}"
        if key.owner
        else key.code.name.lower().replace("_", " ")
    )


def _pairs(rows: list[list[Any]]) -> tuple[tuple[str, int | None], ...]:
    return tuple((str(name), price) for name, price in rows)


def _side(row: tuple[int, ...], side: int, order: int, account: str, live: LiveOrder | None) -> TradeSide:
    is_maker = side == 1
    return TradeSide(
        order, account, None if live is None else live.placed.subaccount, row[9] if is_maker else row[10], is_maker,
        row[7] if is_maker else row[8], None if live is None else live.terms,
    )  # fmt: skip


def _trade(
    row: tuple[int, ...], where: tuple[int, int, int], market: Any, taker: TradeSide, maker: TradeSide
) -> TradeRecord:
    position, place, time_us = where
    buyer, seller = (taker, maker) if row[6] == Side.BID else (maker, taker)
    return TradeRecord(position, place, time_us, market, row[1], row[4], row[5], buyer, seller)
