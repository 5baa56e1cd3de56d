"""From the exchange's log to the tables: every record executed again in an engine, its facts and its command as rows.

Replay is chosen over the store because it alone has everything: the store keeps reports of orders, and the side, price
and quantity that were asked for stand in the commands of the log. Signatures are not checked again here: that is
`tallystick replay`, which compares states as well.

In: records, an engine that stands before the first of them, a writer. Out: rows in batches, and what an engine knows
of accounts, markets and rates at the end. Held in memory: the engine, its open orders once more, one batch of rows.
Cost: that of a replay without signatures (docs/benchmarks.md), and of writing the rows; together not measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from compliance.surveillance.alerts import Span
from compliance.surveillance.events import MONEY_SCHEMA, ORDER_SCHEMA, WIDE_MAX, EventKind, MoneyKind, Side
from compliance.surveillance.inputs import AccountFacts, Inputs, MarketFacts
from compliance.surveillance.log import EventWriter
from ledger import events as facts
from ledger.api_strings import read_instructions
from ledger.commands import PlaceOrders, RequestWithdrawal, read_command
from ledger.engine import Engine, Given
from ledger.errors import FormatError
from ledger.log import Record
from ledger.playback import given_of
from ledger.trading.market import Market
from ledger.trading.orders import Side as BookSide
from ledger.trading.reports import Kind

__all__ = ["EventReader", "facts_of", "read_log"]

BATCH_ROWS: Final = 250_000
MILLION: Final = 10**6
UNIT_PRICE: Final = 10**18
_SIDES: Final = {"bid": int(Side.BID), "ask": int(Side.ASK)}
_STATES: Final = {
    "held": MoneyKind.WITHDRAWAL_REQUESTED,
    "sent": MoneyKind.WITHDRAWAL_SENT,
    "settled": MoneyKind.WITHDRAWAL_SETTLED,
    "failed": MoneyKind.WITHDRAWAL_FAILED,
}
_KINDS: Final = {
    Kind.ACCEPTED: EventKind.ACCEPTED,
    Kind.RESTED: EventKind.RESTED,
    Kind.CANCELLED: EventKind.CANCELLED,
    Kind.EXPIRED: EventKind.EXPIRED,
    Kind.AMENDED: EventKind.AMENDED,
    Kind.PENDING: EventKind.PENDING,
    Kind.TRIGGERED: EventKind.TRIGGERED,
    Kind.REJECTED: EventKind.REJECTED,
}


@dataclass(slots=True)
class _Order:
    """Whose an open order is. `is_fresh`: it was neither accepted nor put aside for its trigger yet."""

    account: str
    subaccount: str
    trader: str
    side: int
    by_quote: bool = False
    is_fresh: bool = True


_NOBODY: Final = _Order("", "", "", int(Side.UNKNOWN))


class EventReader:
    """Takes records with the engine's facts and gives rows; `first` and `last` bound the rows that are kept."""

    def __init__(
        self,
        engine: Engine,
        writer: EventWriter,
        *,
        first: int = 1,
        last: int | None = None,
        senders: Mapping[str, str] | None = None,
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        """`senders`: a deposit's evidence to the address it came from, from an analysis of the chain."""
        self._engine, self._writer = engine, writer
        self._first, self._last, self._batch_rows = first, last, batch_rows
        self._senders = senders or {}
        self._prices = dict(engine.prices)
        self._claims = {key: claim for key, (claim, _) in engine.balances().items()}
        self._destinations: dict[str, str] = {}
        self._orders = dict(_open_orders(engine))
        self._rows: list[tuple[Any, ...]] = []
        self._money: list[tuple[Any, ...]] = []
        self._from: int | None = None
        self._sequence = self._time = self._place = 0

    def take(self, record: Record, given: Given, events: Iterable[facts.Event]) -> None:
        """The rows of one command."""
        self._sequence, self._time, self._place = int(record.sequence), int(record.entry.applied_us), 0
        if self._from is None and self._is_wanted:
            self._from = self._sequence
        placed: list[tuple[facts.OrderPlaced, Any]] | None = None
        events = list(events)
        for event in events:
            if isinstance(event, facts.OrderPlaced):
                if event.cause != "customer":
                    self._placed_without_command(event)
                    continue
                placed = placed or _paired(events, given, self._engine)
                self._placed(event, placed.pop(0)[1], given.source)
            elif isinstance(event, facts.OrderReport):
                self._report(event)
            elif isinstance(event, facts.PricesSet):
                for asset, price in event.assets:
                    if price is None:
                        self._prices.pop(asset, None)
                    else:
                        self._prices[asset] = price
            elif isinstance(event, facts.BalanceChanged):
                self._claims[event.account, event.asset] = event.claim
            else:
                self._money_event(event, given)
        if len(self._rows) + len(self._money) >= self._batch_rows:
            self.flush()

    @property
    def _is_wanted(self) -> bool:
        return self._sequence >= self._first and (self._last is None or self._sequence <= self._last)

    def flush(self) -> None:
        """Write what was read since the last time."""
        if self._from is None:
            return
        last = self._sequence if self._last is None else min(self._sequence, self._last)
        if last < self._from:
            return
        self._writer.add(
            Span(self._from, last),
            pl.DataFrame(self._rows, schema=ORDER_SCHEMA, orient="row"),
            pl.DataFrame(self._money, schema=MONEY_SCHEMA, orient="row"),
        )
        self._rows, self._money, self._from = [], [], last + 1

    # Orders.

    def _row(
        self, market: str, kind: EventKind, order: int, whose: _Order, *,
        price: int | None = None, quantity: int | None = None, remaining: int | None = None, trade: int | None = None,
        other: _Order | None = None, other_order: int | None = None, fee: int | None = None, reason: int = 0,
        value: int | None = None,
    ) -> None:  # fmt: skip
        if self._is_wanted:
            self._rows.append((
                self._sequence, self._place, self._time, market, int(kind), order, whose.account or None,
                whose.subaccount, whose.trader, whose.side, price, quantity, remaining, trade,
                None if other is None else other.account or None, other_order, fee, reason, value,
            ))  # fmt: skip
        self._place += 1

    def _placed(self, event: facts.OrderPlaced, asked: Any, source: str) -> None:
        order = _Order(event.account, event.subaccount, source, _SIDES[asked.side], asked.quantity is None)
        self._orders[event.order] = order
        self._row(
            event.market, EventKind.PLACED, event.order, order, price=asked.price, quantity=asked.quantity
        )  # fmt: skip

    def _placed_without_command(self, event: facts.OrderPlaced) -> None:
        """A part of a strategy, or an order that the exchange placed for a wallet: no trader's key gave it."""
        order = _Order(event.account, event.subaccount, "", _SIDES[event.side], False)
        self._orders[event.order] = order
        self._row(event.market, EventKind.PLACED, event.order, order, quantity=event.quantity)

    def _report(self, event: facts.OrderReport) -> None:
        row = event.row
        kind = Kind(row[0])
        if kind is Kind.TRADED:
            self._traded(event.market, row)
            return
        order = self._orders.get(row[1], _NOBODY)
        named: dict[str, Any] = {}
        if kind in (Kind.RESTED, Kind.AMENDED):
            named = {"price": row[2], "quantity": row[3], "remaining": row[3]}
        elif kind in (Kind.CANCELLED, Kind.EXPIRED):
            named = {"remaining": row[2], "reason": row[3]}
        elif kind in (Kind.PENDING, Kind.TRIGGERED):
            named = {"price": row[2]}
        elif kind is Kind.REJECTED:
            named = {"reason": row[2]}
        self._row(event.market, _KINDS[kind], row[1], order, **named)
        if kind in (Kind.ACCEPTED, Kind.PENDING):
            order.is_fresh = order is _NOBODY
        elif kind in (Kind.CANCELLED, Kind.EXPIRED) or (kind is Kind.REJECTED and order.is_fresh):
            self._orders.pop(row[1], None)

    def _traded(self, market: str, row: tuple[int, ...]) -> None:
        _, trade, maker_id, taker_id, price, quantity, _, maker_left, taker_left, maker_fee, taker_fee = row
        maker, taker = self._orders.get(maker_id, _NOBODY), self._orders.get(taker_id, _NOBODY)
        rules = self._engine.orders.rooms[market].market
        value = self._value(rules.notional_quanta(price, quantity), rules.quote, rules.quote_scale)
        for kind, whose, order, left, fee, other, other_order in (
            (EventKind.TRADED_TAKER, taker, taker_id, taker_left, taker_fee, maker, maker_id),
            (EventKind.TRADED_MAKER, maker, maker_id, maker_left, maker_fee, taker, taker_id),
        ):
            self._row(
                market, kind, order, whose, price=price, quantity=quantity, remaining=left, trade=trade, other=other,
                other_order=other_order, fee=self._value(fee, rules.quote, rules.quote_scale), value=value,
            )  # fmt: skip
        if not maker_left:
            self._orders.pop(maker_id, None)
        if not taker_left and not taker.by_quote:
            self._orders.pop(taker_id, None)

    def _value(self, quanta: int, asset: str, scale: int) -> int | None:
        """Millionths of the unit of account, floor; None without a price."""
        price = self._prices.get(asset)
        return None if price is None else _narrow(quanta * price * MILLION // (UNIT_PRICE * 10**scale))

    # Money.

    def _money_event(self, event: facts.Event, given: Given) -> None:
        if isinstance(event, facts.DepositCredited | facts.ReceiptAssigned):
            if event.account is not None:
                sender = self._senders.get(event.evidence)
                self._moved(MoneyKind.DEPOSIT, event.account, event.asset, event.amount, event.evidence, sender)
        elif isinstance(event, facts.DepositReversed):
            self._moved(MoneyKind.DEPOSIT_REVERSED, event.account, event.asset, event.debt, event.evidence, None)
        elif isinstance(event, facts.WithdrawalMoved) and event.state in _STATES:
            if event.state == "held":
                self._destinations[event.request] = _destination(given, event, self._engine)
            address = self._destinations.get(event.request)
            self._moved(_STATES[event.state], event.account, event.asset, event.amount, event.request, address)
            if event.state in ("settled", "failed"):
                self._destinations.pop(event.request, None)

    def _moved(
        self, kind: MoneyKind, account: str, asset: str, amount: int, reference: str, address: str | None
    ) -> None:
        scale = self._engine.assets[asset]
        if self._is_wanted:
            chain = self._engine.registry.asset(asset, self._time)
            self._money.append((
                self._sequence, self._place, self._time, int(kind), account, asset,
                _narrow(amount * MILLION // 10**scale), str(amount), self._value(amount, asset, scale),
                _narrow(self._claims.get((account, asset), 0) * MILLION // 10**scale),
                "" if chain is None else chain.chain, address, reference,
            ))  # fmt: skip
        self._place += 1


def _narrow(number: int) -> int:
    """A number that fits into its column; see `events`."""
    return max(min(number, WIDE_MAX), -WIDE_MAX)


def _open_orders(engine: Engine) -> Iterable[tuple[int, _Order]]:
    """What stands in the books of an engine that was restored."""
    owner = engine.orders.shared.purse.owner
    for room in engine.orders.rooms.values():
        bids, asks = room.book.resting()
        for side, states in ((int(Side.BID), bids), (int(Side.ASK), asks)):
            for state in states:
                yield state.order_id, _Order(*owner(state.account), "", side, is_fresh=False)
        for pending in room.book.pending():
            side = int(Side.BID) if pending.side == BookSide.BID else int(Side.ASK)
            yield pending.order_id, _Order(*owner(pending.account), "", side, bool(pending.quote_quanta), False)


def _paired(events: list[facts.Event], given: Given, engine: Engine) -> list[tuple[facts.OrderPlaced, Any]]:
    """Each placed order with what was asked: the command's orders are handed to the books in their order."""
    placed = [event for event in events if isinstance(event, facts.OrderPlaced) and event.cause == "customer"]
    command = _command(given, placed[0].account, engine)
    assert isinstance(command, PlaceOrders), "orders are placed by one kind of command"
    return list(zip(placed, command.orders, strict=True))


def _command(given: Given, account: str, engine: Engine) -> Any:
    if given.command is not None:
        return given.command
    if given.request.command is not None:
        return read_command(given.request.command)
    markets: dict[str, Market] = {name: room.market for name, room in engine.orders.rooms.items()}
    return read_instructions(given.request.instructions, account, markets, engine.assets)


def _destination(given: Given, event: facts.WithdrawalMoved, engine: Engine) -> str:
    try:
        command = _command(given, event.account, engine)
    except FormatError:
        return ""
    return command.destination if isinstance(command, RequestWithdrawal) else ""


def read_log(
    records: Iterable[Record],
    engine: Engine,
    writer: EventWriter,
    *,
    first: int = 1,
    last: int | None = None,
    senders: Mapping[str, str] | None = None,
    batch_rows: int = BATCH_ROWS,
) -> None:
    """Execute records in an engine that stands before them, and write the rows of positions `first` to `last`.

    Raises FormatError for bytes that no door lets in.
    """
    reader = EventReader(engine, writer, first=first, last=last, senders=senders, batch_rows=batch_rows)
    for record in records:
        given = given_of(record.entry, engine.exchange)
        reader.take(record, given, engine.apply_given(int(record.sequence), int(record.entry.applied_us), given))
        engine.ledger.drain_rows()
    reader.flush()


def facts_of(engine: Engine, clusters: Mapping[str, str] | None = None) -> Inputs:
    """What an engine knows for the detectors: accounts as of now, markets, fiat assets, rates.

    `clusters`: account to beneficial owner, which no ledger knows; without it each account is its own owner, and the
    table of accounts still says who is staff, affiliate or house.
    """
    now, registry = engine.time_us, engine.registry
    accounts = {}
    for name in engine.orders.shared.accounts:
        customer = registry.customer(name, now)
        relation, domicile = (
            ("customer", "") if customer is None else (customer.relation.name.lower(), customer.domicile)
        )
        accounts[name] = AccountFacts((clusters or {}).get(name, name), relation, domicile)
    chains = {name: registry.asset(name, now) for name in engine.assets}
    fiat = frozenset(name for name, found in chains.items() if found is not None and found.chain == "offchain:bank")
    markets = {
        name: MarketFacts(
            name, room.market.base, room.market.quote, room.market.base in fiat, room.market.quote in fiat
        )
        for name, room in engine.orders.rooms.items()
    }
    rates = {**engine.prices, **engine.crosses}
    return Inputs(
        accounts=accounts,
        are_owners_known=clusters is not None,
        markets=markets,
        fiat_assets=fiat,
        rates={name: price * MILLION // UNIT_PRICE for name, price in rates.items()},
    )
