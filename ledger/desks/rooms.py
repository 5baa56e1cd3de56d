"""Markets and their books: how they are listed, marked, halted and opened. `OrdersDesk` gives them orders.

A room is one market. Whoever uses its book enters the room at the time of the command, and reports afterwards what the
book answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ledger.commands import (
    FailHour,
    HaltMarket,
    ListDerivative,
    ListMarket,
    OpenMarket,
)
from ledger.commands.listing import MARKET_STATES
from ledger.desks.base import Desk, Refusal, Shared
from ledger.desks.fees import FeesDesk
from ledger.desks.margin import Derivative, MarginDesk
from ledger.events import (
    AuctionHeld,
    DerivativeListed,
    MarketListed,
    MarketStateSet,
    MarkSet,
    OrderReport,
)
from ledger.margin.funding import FundingKeeper
from ledger.margin.mark import MarkKeeper
from ledger.margin.positions import Positions
from ledger.markets.perpetual import PerpetualFunds
from ledger.markets.spot_margin import MarginSpotFunds
from ledger.parameters import Scope, Value
from ledger.prices import index_ticks
from ledger.trading.auction import UNCROSSED
from ledger.trading.book import FastBook
from ledger.trading.market import Market, MarketRefused, MarketState
from ledger.trading.orders import TriggerBy
from ledger.trading.reports import Kind, Reason, Traded

__all__ = ["MARKETS_MAX", "Room", "Rooms"]

MARKETS_MAX: Final = 4_096

# A spot position cannot be reduced, and withdrawals are no business of a book: both leave cancelling alone.
_HOUR_US: Final = 3_600_000_000
_STATES: Final = {
    "open": MarketState.OPEN,
    "post-only": MarketState.POST_ONLY,
    "limit-only": MarketState.LIMIT_ONLY,
    "reduce-only": MarketState.CANCEL_ONLY,
    "cancel-only": MarketState.CANCEL_ONLY,
    "withdraw-only": MarketState.CANCEL_ONLY,
    "closed": MarketState.CLOSED,
}
# The parameters of a market by the fields of `Market` that they fill.
_MARKET_FIELDS: Final = {
    "market.price": ("price_min", "price_max"),
    "market.quantity": ("quantity_min", "quantity_max"),
    "market.limit_band": ("limit_band_down_ppm", "limit_band_up_ppm"),
    "market.impact_band": ("impact_down_ppm", "impact_up_ppm"),
    "market.notional_min": ("notional_min_quanta",),
    "market.open_orders_max": ("open_orders_max",),
    "market.order_value_max": ("order_value_max_quanta",),
    "market.order_volume_max": ("order_volume_max",),
}
_MARK_PARAMETERS: Final = frozenset({"perpetual.premium_time", "perpetual.mark_bound", "perpetual.mark_cap"})
_PRICE: Final = Traded._fields.index("price")
_VENUE_ALONE: Final = frozenset({"reduce-only", "withdraw-only"})


@dataclass(slots=True)
class Room:
    """One market: its number, its own state, its book and the funds behind it.

    Of a derivative market also its positions, and who makes its mark and its funding of these.
    """

    number: int
    market: Market
    funds: MarginSpotFunds | PerpetualFunds
    book: FastBook
    state: str = "closed"
    derivative: Derivative | None = None
    marks: MarkKeeper | None = None
    funding: FundingKeeper | None = None
    auction_us: int = 0
    """When the auction ends that a circuit breaker began; 0 while there is none."""


class Rooms(Desk):
    """The rooms of all markets; a desk without commands of its own, which `OrdersDesk` completes."""

    def __init__(self, shared: Shared, fees: FeesDesk, margin: MarginDesk) -> None:
        super().__init__(shared)
        self._fees, self._margin = fees, margin
        self.rooms: dict[str, Room] = {}
        self.after_prices: Callable[[], None] = lambda: None
        """Told when prices and marks have changed (liquidation)."""
        self.protect: Callable[[Room, MarkKeeper | None], None] = lambda room, keeper: None
        """Told when a market's mark or index was looked at (protection)."""
        self.watch: Callable[[Room, Sequence[int]], None] = lambda room, prices: None
        """Told when a market has traded, with the prices in ticks (protection)."""
        self._by_number: dict[int, Room] = {}
        self._blocked: dict[int, None] = {}
        shared.parameters.guards[Scope.MARKET] = self._market_problem
        shared.parameters.watch(self._parameter_changed)

    # Markets.

    def _list_market(self, command: ListMarket) -> None:
        self._open_room(self._listed(command))
        self.shared.events.append(MarketListed(command.market, command.base, command.quote, command.tick, command.step))

    def _list_derivative(self, command: ListDerivative) -> None:
        self._require_new(command.market)
        if command.quote != self._margin.settlement_asset:
            raise Refusal("not-the-settlement-asset")
        if (command.kind == "dated") != (command.expires is not None):
            raise Refusal("expiry-and-kind-do-not-fit")
        if command.expires is not None and (command.expires % _HOUR_US or command.expires <= self.shared.time_us):
            raise Refusal("no-full-hour-to-come")
        self._open_room(self._listed(command), command.kind, command.expires)
        self.shared.events.append(
            DerivativeListed(
                command.market, command.kind, command.base, command.quote, command.tick, command.step, command.expires
            )
        )

    def _require_new(self, market: str) -> None:
        if market in self.rooms:
            raise Refusal("market-exists")
        if len(self.rooms) + 1 == MARKETS_MAX:
            raise Refusal("too-many-markets")

    def _listed(self, command: ListMarket | ListDerivative) -> Market:
        """The grid of a market that is not there yet, with its limits of quantity in force; refuses what is none."""
        self._require_new(command.market)
        quantity = (command.quantity_min, command.quantity_max)
        values: dict[str, Value] = {"market.quantity": quantity}
        try:
            market = self._market(command.market, command.base, command.quote, command.tick, command.step, values)
        except MarketRefused:
            raise Refusal("market-refused") from None
        self.shared.parameters.begin("market.quantity", command.market, quantity)
        return market

    def _market(self, symbol: str, base: str, quote: str, tick: int, step: int, values: Mapping[str, Value]) -> Market:
        """A market of two listed assets, with its parameters as in `values` and else as in force."""
        base_scale, quote_scale = self.shared.scale(base), self.shared.scale(quote)
        fields = self._market_fields(symbol, values)
        return Market(symbol, base, quote, base_scale, quote_scale, tick, quote_scale, step, **fields)

    def _market_fields(self, market: str, values: Mapping[str, Value]) -> dict[str, Any]:
        """The fields of a market that are parameters: as in `values`, and else as in force."""
        found: dict[str, Any] = {}
        for name, fields in _MARKET_FIELDS.items():
            value = values[name] if name in values else self.shared.parameters.value(name, market)
            found.update(zip(fields, value if isinstance(value, tuple) else (value,), strict=True))
        return found

    def _market_problem(self, market: str, values: Mapping[str, Value]) -> str | None:
        """See `ledger.parameters.Guard`."""
        room = self.rooms.get(market)
        if room is None:
            return "unknown-market"
        try:
            replace(room.market, **self._market_fields(market, values))
        except MarketRefused:
            return "market-refused"
        return None

    def _parameter_changed(self, name: str, scope: str) -> None:
        """What rests stays as it is; later orders, and triggers when they fire, meet the new parameters."""
        if name in _MARKET_FIELDS:
            room = self.rooms[scope]
            room.market = room.funds.market = replace(room.market, **self._market_fields(scope, {}))
            room.book.set_market(room.market)
        elif name in _MARK_PARAMETERS and self.rooms[scope].marks is not None:
            self._tune(self.rooms[scope])

    def follow_prices(self) -> None:
        """Give each book its index: what the base is worth in the quote, none where either has no price.

        The mark of a spot market is its index (exchange.md 5.2, second preference; premiums are for perpetuals).
        Triggers by mark fire before those by index, as in the books.
        """
        for room in self.rooms.values():
            self._follow(room)
        self.after_prices()

    def _follow(self, room: Room) -> None:
        prices = self.shared.prices
        base, quote = prices.get(room.market.base), prices.get(room.market.quote)
        index = index_ticks(room.market, base, quote) if base is not None and quote is not None else 0
        if room.derivative is not None:
            self._mark(room, index)
            self.protect(room, room.marks)
        elif index != room.book.reference(TriggerBy.INDEX):
            book = self._enter(room)
            book.set_reference(TriggerBy.MARK, index)
            book.set_reference(TriggerBy.INDEX, index)
            self._report(room)
            self.protect(room, None)

    def _mark(self, room: Room, index: int) -> None:
        """Take a sample of a derivative market: its mark is what wallets are judged by from now on."""
        shared, derivative, keeper, funding = self.shared, room.derivative, room.marks, room.funding
        assert derivative is not None and keeper is not None and funding is not None, "a derivative market has a mark"
        bids, asks = room.book.depth(0, 1), room.book.depth(1, 1)
        bid, ask = bids[0][0] if bids else 0, asks[0][0] if asks else 0
        state = self._stricter(room)
        state = "auction" if room.auction_us and _STATES[state] in UNCROSSED else state
        mark = keeper.sample(shared.time_us, index, bid, ask, room.book.reference(TriggerBy.LAST), state)
        valid = mark.ticks if mark.settles and mark.ticks else None
        if valid is not None and index:
            funding.sample(shared.time_us, valid, index)
        if valid != derivative.mark:
            derivative.mark = valid
            shared.events.append(MarkSet(room.market.symbol, valid, index or None, mark.source))
        if (valid or 0) != room.book.reference(TriggerBy.MARK) or index != room.book.reference(TriggerBy.INDEX):
            book = self._enter(room)
            book.set_reference(TriggerBy.MARK, valid or 0)
            book.set_reference(TriggerBy.INDEX, index)
            self._report(room)

    def mark_all(self) -> None:
        """Bring every derivative market's mark up to the time of the command."""
        for room in self.rooms.values():
            if room.derivative is not None:
                self._follow(room)

    def newest_mark(self, market: str) -> int:
        """The newest mark of a derivative market that was valid, in ticks; 0 where none ever was."""
        keeper = self.rooms[market].marks
        assert keeper is not None, "a derivative market has a mark"
        return keeper.valid

    def take_funding(self, market: str) -> tuple[int, int]:
        """The funding rate (10^-12) and mean premium of the hour that ends; the next one begins."""
        funding = self.rooms[market].funding
        assert funding is not None, "a derivative market has funding"
        return funding.close(self.shared.time_us, self.shared.parameters.value("perpetual.funding_bound", market))

    def expire_market(self, market: str) -> int:
        """End a dated market's orders; its index in ticks, 0 while there is none and the market only waits."""
        room = self.rooms[market]
        index = room.book.reference(TriggerBy.INDEX)
        if index and room.state != "closed":
            book = self._enter(room)
            for payer in book.accounts():
                book.cancel_all(payer, reason=int(Reason.MARKET_EXPIRED))
            room.state = "closed"
            self._apply_state(room)
            self.shared.events.append(MarketStateSet(market, "closed"))
            self._report(room)
        return index

    def _tune(self, room: Room) -> None:
        """Give a market's keeper of marks its parameters as in force."""
        assert room.marks is not None, "a derivative market has a mark"
        value, name = self.shared.parameters.value, room.market.symbol
        room.marks.tune(
            value("perpetual.premium_time", name) * 1_000_000,
            value("perpetual.mark_bound", name),
            value("perpetual.mark_cap", name),
        )

    def _funds(self, market: Market, kind: str, expires: int | None) -> tuple[Any, Derivative | None]:
        """The money behind a market, and what a derivative one is beside."""
        margin, rates = self._margin, self._fees.rates
        if kind == "spot":
            return MarginSpotFunds(market, rates, self.shared.purse, margin, self.shared.ledger), None
        positions = Positions()
        funds = PerpetualFunds(market, kind, rates, margin, positions)
        return funds, Derivative(market.symbol, kind, market.base, expires, market.unit_quanta, funds, positions)

    def _seat(self, room: Room) -> None:
        """Have the desk of the wallet know a room's funds."""
        if room.derivative is not None:
            self._margin.markets[room.market.symbol] = room.derivative
            room.marks, room.funding = MarkKeeper(), FundingKeeper()
            self._tune(room)
        else:
            assert isinstance(room.funds, MarginSpotFunds), "what is no derivative market is a spot market"
            self._margin.spot.append(room.funds)
        self._margin.forget_terms()

    def _open_room(self, market: Market, kind: str = "spot", expires: int | None = None) -> Room:
        funds, derivative = self._funds(market, kind, expires)
        room = Room(len(self.rooms) + 1, market, funds, FastBook(market, funds), "closed", derivative)
        self._seat(room)
        self.rooms[market.symbol] = self._by_number[room.number] = room
        self._apply_state(room)
        for payer in self._blocked:
            room.book.kill(payer)
        room.book.reports.clear()
        self._follow(room)
        return room

    def _halt(self, command: HaltMarket) -> None:
        """Every halt acts at once and takes one operator; opening takes two."""
        if MARKET_STATES.index(command.state) <= MARKET_STATES.index(self._state_of(command.market)):
            raise Refusal("not-stricter")
        self._set_state(command)

    def _open(self, command: OpenMarket) -> None:
        if MARKET_STATES.index(command.state) >= MARKET_STATES.index(self._state_of(command.market)):
            raise Refusal("not-looser")
        self._set_state(command)

    def _fail_hour(self, command: FailHour) -> None:
        """What was stated of an hour could not be shown: nothing new is taken until operators have found out why."""
        if MARKET_STATES.index(self.shared.venue_state) < MARKET_STATES.index("cancel-only"):
            self._set_state(HaltMarket(None, "cancel-only", f"hour-failed: {command.code}"))

    def _state_of(self, market: str | None) -> str:
        if market is None:
            return self.shared.venue_state
        room = self.rooms.get(market)
        if room is None:
            raise Refusal("unknown-market")
        return room.state

    def _set_state(self, command: HaltMarket | OpenMarket) -> None:
        shared = self.shared
        if command.market is None:
            shared.venue_state = command.state
            rooms = list(self.rooms.values())
        elif command.state in _VENUE_ALONE:
            if command.state != "reduce-only" or self.rooms[command.market].derivative is None:
                raise Refusal("state-not-for-spot")
            rooms = [self.rooms[command.market]]
            rooms[0].state = command.state
        else:
            rooms = [self.rooms[command.market]]
            rooms[0].state = command.state
        shared.events.append(MarketStateSet(command.market, command.state))
        for room in rooms:
            self._enter(room)
            self._apply_state(room)
            self._report(room)

    def _apply_state(self, room: Room) -> None:
        """The stricter of the market's own state and the venue's is the book's, but where an auction is on.

        What an auction left crossed trades before anything else where the market takes orders again.
        """
        state = _STATES[self._stricter(room)]
        if state in UNCROSSED and room.auction_us:
            state = MarketState.AUCTION
        elif state in UNCROSSED:
            held = room.book.uncross()
            if room.book.state == MarketState.AUCTION and not held:
                held = [(0, 0)]
            self.shared.events.extend([AuctionHeld(room.market.symbol, *each) for each in held])
        room.book.set_state(state)

    def _stricter(self, room: Room) -> str:
        """What operators have said of a market and of the venue, the stricter of it."""
        return max(room.state, self.shared.venue_state, key=MARKET_STATES.index)

    def begin_auction(self, room: Room, until_us: int) -> None:
        """From now on orders rest, crossed or not, where the market's state lets any rest."""
        room.auction_us = until_us
        self._apply_state(room)

    def end_auction(self, room: Room) -> None:
        """The market is what its state says again, after an auction where it takes orders."""
        self._enter(room)
        room.auction_us = 0
        self._apply_state(room)
        self._report(room)

    # Books.

    def _enter(self, room: Room) -> FastBook:
        """The book of a room at the time of the command, with the purse opened at its assets."""
        shared, market = self.shared, room.market
        shared.purse.trade_in(market.base, market.quote)
        shared.ledger.price_fills(shared.prices.get(market.base), shared.prices.get(market.quote))
        room.book.expire(shared.time_us)
        return room.book

    def _report(self, room: Room) -> None:
        name, traded = room.market.symbol, room.funds.traded
        prices = [row[_PRICE] for row in room.book.reports if row[0] == Kind.TRADED] if traded else []
        self.shared.events.extend([OrderReport(name, row) for row in room.book.reports])
        room.book.reports.clear()
        room.funds.taker = 0
        if room.derivative is not None and room.funds.traded:
            self._trim(room)
        if room.funds.flags:
            self._forget_flags(room)
        if traded:
            for payer, quanta in traded.items():
                self._fees.count(payer, room.market.quote, quanta)
            traded.clear()
            self.watch(room, prices)

    def _trim(self, room: Room) -> None:
        """Shrink or end the reduce-only orders that a position which got smaller has no use for any more."""
        funds, book = room.funds, room.book
        assert isinstance(funds, PerpetualFunds), "a derivative market has positions"
        for payer in [*funds.traded]:
            for order_id, steps in funds.too_many(payer):
                book.shrink(order_id, payer, steps, int(Reason.REDUCE_ONLY_NOT_REDUCED))
        self.shared.events.extend([OrderReport(room.market.symbol, row) for row in book.reports])
        book.reports.clear()

    def _forget_flags(self, room: Room) -> None:
        """Drop the flags of orders that ended before they were held; those that wait for a trigger keep theirs."""
        flags, pending = room.funds.flags, {order.order_id for order in room.book.pending()}
        for order_id in [each for each in flags if each not in pending]:
            del flags[order_id]
