"""The desk of orders: spot and derivative markets, their books, and every instruction of customers about orders.

An order's id is a count times 4,096 plus the number of its market, so that the market of any order is known without a
table that grows. Blocks stand at two levels: a customer's own on a subaccount, an operator's on an account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

from ledger.canonical import Json
from ledger.commands import (
    AmendOrder,
    BlockAccount,
    Cancel,
    CancelAll,
    Command,
    EndSession,
    FailHour,
    HaltMarket,
    ListDerivative,
    ListMarket,
    NewOrder,
    OpenMarket,
    PlaceOrders,
    Unblock,
)
from ledger.commands.listing import MARKET_STATES
from ledger.desks.base import NEVER_US, Account, Desk, Handler, Refusal, Shared
from ledger.desks.fees import FeesDesk
from ledger.desks.margin import Derivative, MarginDesk
from ledger.events import (
    AccountBlocked,
    AuctionHeld,
    DerivativeListed,
    MarketListed,
    MarketStateSet,
    MarkSet,
    OrderPlaced,
    OrderReport,
    Refused,
)
from ledger.margin.funding import FundingKeeper
from ledger.margin.mark import MarkKeeper
from ledger.margin.positions import Positions
from ledger.markets.perpetual import MARGIN, REDUCE_ONLY, SYSTEM, WHOLE_POSITION, PerpetualFunds
from ledger.markets.spot_margin import MarginSpotFunds
from ledger.parameters import Scope, Value
from ledger.prices import index_ticks
from ledger.purse import LedgerPurse
from ledger.trading import orders
from ledger.trading.auction import UNCROSSED
from ledger.trading.book import FastBook
from ledger.trading.market import Market, MarketRefused, MarketState
from ledger.trading.orders import NewOrder as NewOrderRow
from ledger.trading.orders import OrderRow, OrderType, SelfTrade, Side, TimeInForce, TriggerBy, TriggerKind
from ledger.trading.reports import Kind, Reason, Traded

__all__ = ["MARKETS_MAX", "OrdersDesk", "Room"]

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
_TIME_IN_FORCE: Final = {
    "gtc": int(TimeInForce.GTC),
    "ioc": int(TimeInForce.IOC),
    "fok": int(TimeInForce.FOK),
    "gtt": int(TimeInForce.GTC),
}
_SELF_TRADE: Final = {
    "reject-taker": int(SelfTrade.REJECT_TAKER),
    "reject-maker": int(SelfTrade.REJECT_MAKER),
    "reject-both": int(SelfTrade.REJECT_BOTH),
    "allow": int(SelfTrade.ALLOW),
}
_TRIGGERS: Final = {None: 0, "stop": int(TriggerKind.STOP), "take-profit": int(TriggerKind.TAKE_PROFIT)}
_TRIGGER_BY: Final = {
    None: int(TriggerBy.LAST),
    "last": int(TriggerBy.LAST),
    "mark": int(TriggerBy.MARK),
    "index": int(TriggerBy.INDEX),
}


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


@dataclass(slots=True)
class _Session:
    """A session with orders bound to it: its number in the books, and the payers that used it."""

    number: int
    payers: dict[int, None] = field(default_factory=dict)


class OrdersDesk(Desk):
    """Runs the books. `source` names the session or API key of the command at hand, empty where there is none."""

    NAME: ClassVar[str] = "orders"

    def __init__(self, shared: Shared, fees: FeesDesk, margin: MarginDesk) -> None:
        super().__init__(shared)
        self._fees, self._margin = fees, margin
        self.rooms: dict[str, Room] = {}
        self.source = ""
        self.after_prices: Callable[[], None] = lambda: None
        """Told when prices and marks have changed (liquidation)."""
        self.protect: Callable[[Room, MarkKeeper | None], None] = lambda room, keeper: None
        """Told when a market's mark or index was looked at (protection)."""
        self.watch: Callable[[Room, Sequence[int]], None] = lambda room, prices: None
        """Told when a market has traded, with the prices in ticks (protection)."""
        self._by_number: dict[int, Room] = {}
        self._last_order = 0
        self._sessions: dict[str, _Session] = {}
        self._last_session = 0
        self._blocked: dict[int, None] = {}
        shared.parameters.guards[Scope.MARKET] = self._market_problem
        shared.parameters.watch(self._parameter_changed)

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {
            ListMarket: self._list_market,
            ListDerivative: self._list_derivative,
            HaltMarket: self._halt,
            OpenMarket: self._open,
            PlaceOrders: self._place,
            Cancel: self._cancel,
            CancelAll: self._cancel_all,
            Unblock: self._unblock,
            AmendOrder: self._amend,
            EndSession: self._end_session,
            BlockAccount: self._block_account,
            FailHour: self._fail_hour,
        }

    @property
    def due_us(self) -> int:
        """The earliest end of an order."""
        return min((room.book.due_us for room in self.rooms.values()), default=NEVER_US)

    def pass_time(self) -> None:
        """End the orders that are due, market by market in the order of listing."""
        now = self.shared.time_us
        for room in self.rooms.values():
            # An order that ended before its time must leave no trace here: a restored book knows nothing of it.
            if room.book.due_us <= now and room.book.is_due(now):
                self._enter(room)
                self._report(room)

    # Markets.

    def _list_market(self, command: ListMarket) -> None:
        shared = self.shared
        if command.market in self.rooms:
            raise Refusal("market-exists")
        if len(self.rooms) + 1 == MARKETS_MAX:
            raise Refusal("too-many-markets")
        quantity = (command.quantity_min, command.quantity_max)
        values: dict[str, Value] = {"market.quantity": quantity}
        try:
            market = self._market(command.market, command.base, command.quote, command.tick, command.step, values)
        except MarketRefused:
            raise Refusal("market-refused") from None
        shared.parameters.begin("market.quantity", command.market, quantity)
        self._open_room(market)
        shared.events.append(MarketListed(command.market, command.base, command.quote, command.tick, command.step))

    def _list_derivative(self, command: ListDerivative) -> None:
        shared = self.shared
        if command.market in self.rooms:
            raise Refusal("market-exists")
        if len(self.rooms) + 1 == MARKETS_MAX:
            raise Refusal("too-many-markets")
        if command.quote != self._margin.settlement_asset:
            raise Refusal("not-the-settlement-asset")
        if (command.kind == "dated") != (command.expires is not None):
            raise Refusal("expiry-and-kind-do-not-fit")
        if command.expires is not None and (command.expires % _HOUR_US or command.expires <= shared.time_us):
            raise Refusal("no-full-hour-to-come")
        quantity = (command.quantity_min, command.quantity_max)
        values: dict[str, Value] = {"market.quantity": quantity}
        try:
            market = self._market(command.market, command.base, command.quote, command.tick, command.step, values)
        except MarketRefused:
            raise Refusal("market-refused") from None
        shared.parameters.begin("market.quantity", command.market, quantity)
        self._open_room(market, command.kind, command.expires)
        shared.events.append(
            DerivativeListed(
                command.market, command.kind, command.base, command.quote, command.tick, command.step, command.expires
            )
        )

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

    # Orders.

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

    def _trader(self, account: str, subaccount: str) -> tuple[Account, int]:
        """A customer's account and the number of a subaccount, 0 where it was never used. Changes nothing."""
        return self.shared.account(account), self.shared.purse.find(account, subaccount)

    def _refer(self, owner: Account, payer: int) -> None:
        """Give the referrer, if there is one, the share that is in force."""
        if owner.referrer is not None:
            share: int = self.shared.parameters.value("fees.referrer_share")
            self.shared.purse.refer(payer, self.shared.payer(owner.referrer, ""), share)

    def _place(self, command: PlaceOrders) -> None:
        account, payer = self._trader(command.account, command.subaccount)
        if account.blocked or payer in self._blocked:
            raise Refusal("account-blocked")
        pairs = self._pairs(command.orders)
        payer = self.shared.payer(command.account, command.subaccount)
        self._refer(account, payer)
        waiting: dict[int, OrderRow] = {}
        for order in command.orders:
            room = self.rooms[order.market]
            self._last_order += 1
            order_id = self._last_order * MARKETS_MAX + room.number
            row = self._row(order_id, payer, account.number, order)
            flags = _flags(order, room.derivative is not None)
            if flags:
                room.funds.flags[order_id] = flags
            self.shared.events.append(
                OrderPlaced(order_id, order.market, command.account, command.subaccount, order.client_id)
            )
            book = self._enter(room)
            if order.oco_group is None:
                book.place(row)
            elif order.oco_group in waiting:
                first = waiting.pop(order.oco_group)
                book.place_pair((*first[:-1], order_id), (*row[:-1], first[0]))
            else:
                waiting[order.oco_group] = row
            self._report(room)
        assert not waiting or len(pairs) > 0, "every pair is whole"

    def _pairs(self, placed: tuple[NewOrder, ...]) -> dict[int, list[str]]:
        """The pairs of a command by group; refuses what no book takes before anything is placed."""
        pairs: dict[int, list[str]] = {}
        for order in placed:
            if order.market not in self.rooms:
                raise Refusal("unknown-market")
            if (order.time_in_force == "gtt") != (order.expires is not None) and order.trigger is None:
                raise Refusal("expiry-and-time-in-force-do-not-fit")
            if (order.trigger is None) != (order.trigger_price is None):
                raise Refusal("trigger-and-price-do-not-fit")
            if (order.reduce_only or order.whole_position) and self.rooms[order.market].derivative is None:
                raise Refusal("no-position-to-reduce")
            if order.whole_position and (order.trigger is None or not order.reduce_only):
                raise Refusal("a-whole-position-is-reduced-by-a-trigger")
            if order.oco_group is not None:
                pairs.setdefault(order.oco_group, []).append(order.market)
        if any(len(markets) != 2 or markets[0] != markets[1] for markets in pairs.values()):
            raise Refusal("a-pair-is-two-orders-of-one-market")
        return pairs

    def _row(self, order_id: int, payer: int, owner: int, order: NewOrder) -> OrderRow:
        """The book's form of an order."""
        row = (
            order_id,
            payer,
            owner,
            int(Side.BID if order.side == "bid" else Side.ASK),
            int(OrderType.LIMIT if order.kind == "limit" else OrderType.MARKET),
            order.price or 0,
            order.quantity or 0,
            _TIME_IN_FORCE[order.time_in_force],
            int(order.post_only),
            _SELF_TRADE[order.self_trade],
            self._session(payer) if order.bound else 0,
            order.expires or 0,
            order.quote_quantity or 0,
            _TRIGGERS[order.trigger],
            _TRIGGER_BY[order.trigger_by],
            order.trigger_price or 0,
            0,
        )
        assert orders.in_range(row), "commands are read into the ranges of orders"
        return row

    def _session(self, payer: int) -> int:
        """The number of the session at hand, noted as used by the payer; 0 for a command without a source."""
        if not self.source:
            return 0
        session = self._sessions.get(self.source)
        if session is None:
            self._last_session += 1
            session = self._sessions[self.source] = _Session(self._last_session)
        session.payers[payer] = None
        return session.number

    def has_session(self, source: str) -> bool:
        """Whether a session has had orders bound to it and was not ended."""
        return source in self._sessions

    @property
    def sessions(self) -> list[str]:
        """The sessions that have had orders bound to them and were not ended, oldest first."""
        return [*self._sessions]

    def _end_session(self, command: EndSession) -> None:
        session = self._sessions.pop(command.session, None)
        if session is None:
            raise Refusal("unknown-session")
        for room in self.rooms.values():
            book = self._enter(room)
            # By number, as the state has them: a restored desk ends them in the same order.
            for payer in sorted(session.payers):
                book.cancel_all(payer, session=session.number)
            self._report(room)

    def _cancel(self, command: Cancel) -> None:
        _, payer = self._trader(command.account, command.subaccount)
        for order_id in command.orders:
            room = self._by_number.get(order_id % MARKETS_MAX)
            if room is None:
                self.shared.events.append(Refused("unknown-order"))
                continue
            self._enter(room).cancel(order_id, payer)
            self._report(room)

    def _cancel_all(self, command: CancelAll) -> None:
        _, payer = self._trader(command.account, command.subaccount)
        if command.market is not None and command.market not in self.rooms:
            raise Refusal("unknown-market")
        if command.block and command.market is not None:
            raise Refusal("a-block-is-for-all-markets")
        if command.block:
            payer = self.shared.payer(command.account, command.subaccount)
            self._blocked[payer] = None
        for room in [*self.rooms.values()] if command.market is None else [self.rooms[command.market]]:
            book = self._enter(room)
            if command.block:
                book.kill(payer)
            else:
                book.cancel_all(payer)
            self._report(room)

    def _unblock(self, command: Unblock) -> None:
        _, payer = self._trader(command.account, command.subaccount)
        if payer not in self._blocked:
            raise Refusal("not-blocked")
        del self._blocked[payer]
        for room in self.rooms.values():
            room.book.revive(payer)

    def _block_account(self, command: BlockAccount) -> None:
        account = self.shared.account(command.account)
        account.blocked = command.blocked
        self.shared.events.append(AccountBlocked(command.account, command.blocked, command.reason))
        if not command.blocked:
            return
        payers = self.shared.purse.payers_of(command.account)
        for room in self.rooms.values():
            book = self._enter(room)
            for payer in payers:
                book.kill(payer)
                if payer not in self._blocked:
                    # The desk itself refuses a blocked account; the book's own switch is the subaccount's.
                    book.revive(payer)
            self._report(room)

    def _amend(self, command: AmendOrder) -> None:
        account, payer = self._trader(command.account, command.subaccount)
        if account.blocked:
            raise Refusal("account-blocked")
        room = self._by_number.get(command.order % MARKETS_MAX)
        if room is None:
            raise Refusal("unknown-order")
        if payer:
            self._refer(account, payer)
        self._enter(room).amend(command.order, payer, command.price, command.quantity)
        self._report(room)

    # Orders of the exchange itself, for a wallet that is being liquidated.

    def spot_room(self, base: str, quote: str) -> Room | None:
        """The spot market of two assets, if there is one."""
        for room in self.rooms.values():
            if room.derivative is None and (room.market.base, room.market.quote) == (base, quote):
                return room
        return None

    def is_blocked(self, payer: int) -> bool:
        """Whether a payer's own kill switch is thrown."""
        return payer in self._blocked

    def cancel_for(self, room: Room, payer: int, reason: int) -> None:
        """End every order of a payer in a market, for the reason given."""
        self._enter(room).cancel_all(payer, reason=reason)
        self._report(room)

    def taker_ppm(self, payer: int) -> int:
        """What a payer's next order is charged where it takes."""
        return self._fees.rates(payer).taker_ppm

    def place_for(
        self, room: Room, payer: int, side: int, steps: int, flags: int, price: int = 0
    ) -> list[tuple[int, int]]:
        """Place a system order at market for a payer; its fills, as price and steps. `price`: the worst, 0 for any.

        One that no customer asked for (`SYSTEM`) is made as small as the market's greatest order; the rest can follow.
        """
        if flags & SYSTEM:
            steps = min(steps, _largest(room, side, price))
            if not steps:
                return []
        account, subaccount = self.shared.purse.owner(payer)
        self._last_order += 1
        order_id = self._last_order * MARKETS_MAX + room.number
        room.funds.flags[order_id] = flags
        self.shared.events.append(
            OrderPlaced(order_id, room.market.symbol, account, subaccount, 0, "system", "ask" if side else "bid", steps)
        )
        book = self._enter(room)
        row = NewOrderRow(
            order_id, payer, self.shared.accounts[account].number, side, OrderType.MARKET, price, steps,
            TimeInForce.IOC, 0, SelfTrade.REJECT_MAKER,
        )  # fmt: skip
        book.place(tuple(map(int, row)))  # type: ignore[arg-type]  # as many as an order's fields
        fills = [(r[4], r[5]) for r in book.reports if r[0] == Kind.TRADED and r[3] == order_id]
        self._report(room)
        return fills

    def _forget_flags(self, room: Room) -> None:
        """Drop the flags of orders that ended before they were held; those that wait for a trigger keep theirs."""
        flags, pending = room.funds.flags, {order.order_id for order in room.book.pending()}
        for order_id in [each for each in flags if each not in pending]:
            del flags[order_id]

    # The state.

    def document(self) -> Json:
        """Markets in the order of listing with their books and funds, the purse, sessions, blocks, the last order."""
        return {
            "blocked": [*sorted(self._blocked)],
            "last_order": self._last_order,
            "last_session": self._last_session,
            "markets": [
                {
                    "base": room.market.base,
                    "book": room.book.to_state(),
                    "derivative": _derivative_document(room),
                    "funds": room.funds.to_state(),
                    "quote": room.market.quote,
                    "state": room.state,
                    "step": str(room.market.step_quanta),
                    "symbol": room.market.symbol,
                    "tick": str(room.market.tick_units),
                }
                for room in self.rooms.values()
            ],
            "purse": self.shared.purse.to_state(),
            "sessions": [[name, each.number, [*sorted(each.payers)]] for name, each in self._sessions.items()],
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`. The ledger, the parameters and the listing are restored before."""
        shared = self.shared
        shared.purse = LedgerPurse.from_state(shared.ledger, shared.entity, document["purse"], shared.purse.free_up)
        self._last_order, self._last_session = document["last_order"], document["last_session"]
        self._blocked = dict.fromkeys(document["blocked"])
        for name, number, payers in document["sessions"]:
            self._sessions[name] = _Session(number, dict.fromkeys(payers))
        for each in document["markets"]:
            market = self._market(each["symbol"], each["base"], each["quote"], int(each["tick"]), int(each["step"]), {})
            more = each["derivative"]
            kind, expires = ("spot", 0) if more is None else more[:2]
            funds, derivative = self._funds(market, kind, expires or None)
            funds.restore(each["funds"])
            book = FastBook.from_state(market, funds, each["book"])
            room = Room(len(self.rooms) + 1, market, funds, book, each["state"], derivative)
            self._seat(room)
            if more is not None:
                room.marks, room.funding = MarkKeeper.from_state(more[2]), FundingKeeper.from_state(more[3])
                self._tune(room)
            self.rooms[market.symbol] = self._by_number[room.number] = room


def _largest(room: Room, side: int, price: int) -> int:
    """Steps of the largest market order that a room takes now, at the worst price that it names (0 for none)."""
    market, best = room.market, room.book.depth(1 - side, 1)
    at = price or (best[0][0] if best else market.price_max)
    return min(market.quantity_max, market.order_volume_max, market.order_value_max_quanta // (at * market.unit_quanta))


def _flags(order: NewOrder, is_derivative: bool) -> int:
    """What an order says beside its row."""
    flags = MARGIN if order.margin or is_derivative else 0
    flags |= REDUCE_ONLY if order.reduce_only else 0
    return flags | (WHOLE_POSITION if order.whole_position else 0)


def _derivative_document(room: Room) -> Json:
    """What the state has of a derivative market beside its book; None for a spot market."""
    if room.derivative is None:
        return None
    assert room.marks is not None and room.funding is not None, "a derivative market has a mark"
    return [room.derivative.kind, room.derivative.expires or 0, room.marks.to_state(), room.funding.to_state()]
