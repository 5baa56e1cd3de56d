"""The desk of orders: spot and derivative markets, their books, and every instruction of customers about orders.

An order's id is a count times 4,096 plus the number of its market, so that the market of any order is known without a
table that grows. Blocks stand at two levels: a customer's own on a subaccount, an operator's on an account.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
from ledger.desks.base import NEVER_US, Account, Handler, Refusal, Shared
from ledger.desks.fees import FeesDesk
from ledger.desks.margin import MarginDesk
from ledger.desks.rooms import MARKETS_MAX, Room, Rooms
from ledger.events import (
    AccountBlocked,
    OrderPlaced,
    Refused,
)
from ledger.margin.funding import FundingKeeper
from ledger.margin.mark import MarkKeeper
from ledger.markets.perpetual import MARGIN, REDUCE_ONLY, SYSTEM, WHOLE_POSITION
from ledger.purse import LedgerPurse
from ledger.trading import orders
from ledger.trading.book import FastBook
from ledger.trading.orders import NewOrder as NewOrderRow
from ledger.trading.orders import OrderRow, OrderType, SelfTrade, Side, TimeInForce, TriggerBy, TriggerKind
from ledger.trading.reports import Kind

__all__ = ["MARKETS_MAX", "OrdersDesk", "Room"]

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
class _Session:
    """A session with orders bound to it: its number in the books, and the payers that used it."""

    number: int
    payers: dict[int, None] = field(default_factory=dict)


class OrdersDesk(Rooms):
    """Runs the books. `source` names the session or API key of the command at hand, empty where there is none."""

    NAME: ClassVar[str] = "orders"

    def __init__(self, shared: Shared, fees: FeesDesk, margin: MarginDesk) -> None:
        super().__init__(shared, fees, margin)
        self.source = ""
        self._last_order = 0
        self._sessions: dict[str, _Session] = {}
        self._last_session = 0

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

    # Orders.

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
            if order.margin or room.derivative is not None:  # only then is there a flag
                room.funds.flags[order_id] = _flags(order)
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
        self, room: Room, payer: int, side: int, steps: int, flags: int, price: int, cause: str
    ) -> list[tuple[int, int]]:
        """Place an order at market for a payer that stands in no command; its fills, as price and steps.

        `price`: the worst in ticks, 0 for any. `cause`: see `OrderPlaced`.

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
            OrderPlaced(order_id, room.market.symbol, account, subaccount, 0, cause, "ask" if side else "bid", steps)
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


def _flags(order: NewOrder) -> int:
    """What an order that holds equity says beside its row."""
    flags = MARGIN | (REDUCE_ONLY if order.reduce_only else 0)
    return flags | (WHOLE_POSITION if order.whole_position else 0)


def _derivative_document(room: Room) -> Json:
    """What the state has of a derivative market beside its book; None for a spot market."""
    if room.derivative is None:
        return None
    assert room.marks is not None and room.funding is not None, "a derivative market has a mark"
    return [room.derivative.kind, room.derivative.expires or 0, room.marks.to_state(), room.funding.to_state()]
