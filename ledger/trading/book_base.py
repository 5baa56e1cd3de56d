"""The fast book off its hot path: pairs, triggers, expiry, market orders by quote, and the operator's commands.

`book.py` holds the hot path and the description of the structure; this half is its base class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from ledger.trading.market import PPM, Market, MarketState
from ledger.trading.orders import NewOrder, OrderRow, OrderType, SelfTrade, Side, TimeInForce, TriggerBy, TriggerKind
from ledger.trading.protocols import Funds
from ledger.trading.reports import Kind, Reason, ReportRow
from ledger.trading.rules import band_allows, form_refusal, impact_limit, limit_refusal, state_refusal
from ledger.trading.state import OrderState, digest_state
from ledger.trading.triggers import TriggerBook

__all__ = ["BookBase"]

# A resting order is a list of integers, because a list costs a quarter of an object. Its places:
REMAINING, ORDER_ID, OWNER, ACCOUNT, KEY, PARTNER, QUANTITY, SESSION, EXPIRES, SELF_TRADE, POST_ONLY = range(11)
Entry = list[int]

NO_LIMIT = -(2**62)
NEVER_US = 2**63
# A queue of up to this many orders is a dict: what is taken out leaves gaps, but of a small table they are few, and it
# costs half. A longer one becomes an OrderedDict, whose front is found at once however many orders left it.
SHALLOW_MAX = 32
_ACCEPTED, _RESTED, _TRADED = int(Kind.ACCEPTED), int(Kind.RESTED), int(Kind.TRADED)
_CANCELLED, _EXPIRED, _REJECTED = int(Kind.CANCELLED), int(Kind.EXPIRED), int(Kind.REJECTED)
_PENDING, _TRIGGERED = int(Kind.PENDING), int(Kind.TRIGGERED)
_PARTNER_REASON = int(Reason.OCO_PARTNER)


class BookBase(ABC):
    """State and the less common commands of `FastBook`."""

    __slots__ = (
        "_asks",
        "_banded",
        "_bids",
        "_bounds",
        "_by_account",
        "_expiries",
        "_guarded",
        "_high",
        "_killed",
        "_levels",
        "_limited",
        "_limits",
        "_low",
        "_orders",
        "_references",
        "_triggers",
        "_waiting",
        "funds",
        "market",
        "reports",
        "state",
        "time_us",
        "trade_id",
    )

    def __init__(self, market: Market, funds: Funds | None = None) -> None:
        self.market = market
        self.funds = funds
        self.reports: list[ReportRow] = []
        self.state: int = MarketState.OPEN
        self.time_us = 0
        self.trade_id = 0
        self._bids: list[int] = []
        self._asks: list[int] = []
        self._levels: dict[int, dict[int, Entry]] = {}
        self._orders: dict[int, Entry] = {}
        self._by_account: dict[int, dict[int, None]] = {}
        self._triggers = TriggerBook()
        self._waiting = self._triggers.orders  # the same dict: its truth costs no call
        self._expiries: list[tuple[int, int]] = []
        self._killed: dict[int, None] = {}
        self._references = [0, 0, 0]
        self._bounds = (0, 0)
        # Highest and lowest last price since the triggers were looked at; kept only while some order waits.
        self._high = self._low = 0
        # Whether anything stands between an order and the book beside its own limits.
        self._guarded = False
        self._take_limits(market)

    def _take_limits(self, market: Market) -> None:
        """Keep what the hot path asks of a market where it is found fastest."""
        self._banded = bool(market.limit_band_down_ppm or market.limit_band_up_ppm)
        self._limited = bool(market.impact_down_ppm or market.impact_up_ppm or any(self._bounds))
        least_units = -(-market.notional_min_quanta // market.unit_quanta)
        self._limits = (
            market.price_min,
            market.price_max,
            market.quantity_min,
            market.quantity_max,
            least_units,
            market.open_orders_max,
        )

    @abstractmethod
    def _sweep(
        self, order_id: int, owner: int, side: int, limit: int, remaining: int, mode: int, partner: int
    ) -> tuple[int, int]:
        """Take from the other side down to the key `limit`. Steps left, and a Reason where something else ended it."""

    @abstractmethod
    def place(self, order: OrderRow) -> None:
        """See `Book.place`."""

    @abstractmethod
    def cancel(self, order_id: int, account: int) -> None:
        """See `Book.cancel`."""

    # Commands

    def place_pair(self, first: OrderRow, second: OrderRow) -> None:
        """See `Book.place_pair`."""
        legs = (NewOrder(*first), NewOrder(*second))
        reasons = [self._entry_refusal(leg) or _leg_refusal(leg, other) for leg, other in (legs, legs[::-1])]
        if any(reasons):
            for leg, reason in zip(legs, reasons, strict=True):
                self.reports.append((_REJECTED, leg.order_id, reason or _PARTNER_REASON))
            return
        self._enter(legs[0])
        entry = self._orders.get(legs[0].order_id)
        untouched = entry is not None and entry[REMAINING] == entry[QUANTITY]
        if not untouched and legs[0].order_id not in self._triggers:
            self.reports.append((_REJECTED, legs[1].order_id, _PARTNER_REASON))
        else:
            self._enter(legs[1])
            if not self._is_known(legs[1].order_id):
                self._cut(legs[0].order_id)
        self._fire_triggers()

    def place_batch(self, orders: Iterable[OrderRow]) -> None:
        """See `Book.place_batch`."""
        for order in orders:
            self.place(order)

    def cancel_batch(self, order_ids: Iterable[int], account: int) -> None:
        """See `Book.cancel_batch`."""
        for order_id in order_ids:
            self.cancel(order_id, account)

    def cancel_all(self, account: int, side: int = -1, session: int = 0) -> None:
        """See `Book.cancel_all`."""
        self._end_account(account, Reason.SESSION_CLOSED if session else Reason.CANCEL_ALL, side, session)

    def cancel_market(self) -> None:
        """See `Book.cancel_market`."""
        for order_id in sorted([*self._orders, *(order.order_id for order in self._triggers)]):
            if self._is_known(order_id):
                self._end(order_id, _CANCELLED, Reason.OPERATOR)

    def kill(self, account: int) -> None:
        """See `Book.kill`."""
        self._killed[account] = None
        self._guarded = True
        self._end_account(account, Reason.KILL_SWITCH)

    def revive(self, account: int) -> None:
        """See `Book.revive`."""
        self._killed.pop(account, None)
        self._guarded = bool(self._killed) or self.state != MarketState.OPEN

    def expire(self, time_us: int) -> None:
        """See `Book.expire`."""
        assert time_us >= self.time_us, "time does not run backwards"
        self.time_us = time_us
        expiries = self._expiries
        while expiries and expiries[0][0] <= time_us:
            expires_us, order_id = heappop(expiries)
            if self._expires_at(order_id) == expires_us:
                self._end(order_id, _EXPIRED, Reason.GOOD_TILL_TIME)

    @property
    def due_us(self) -> int:
        """No order's time comes before this; far away where none has an end."""
        return self._expiries[0][0] if self._expiries else NEVER_US

    def set_state(self, state: int) -> None:
        """See `Book.set_state`."""
        self.state = MarketState(state)
        self._guarded = bool(self._killed) or self.state != MarketState.OPEN
        self._fire_triggers()

    def set_reference(self, by: int, price: int) -> None:
        """See `Book.set_reference`."""
        assert by in (TriggerBy.MARK, TriggerBy.INDEX) and price >= 0, "the last price follows from trades alone"
        self._references[by] = price
        self._fire_triggers()

    def reference(self, by: int) -> int:
        """See `Book.reference`."""
        return self._references[by]

    def set_bounds(self, price_min: int, price_max: int) -> None:
        """See `Book.set_bounds`."""
        assert price_min >= 0 and (price_max == 0 or price_min <= price_max), "bounds are in order"
        self._bounds = (price_min, price_max)
        market = self.market
        self._limited = bool(market.impact_down_ppm or market.impact_up_ppm or price_min or price_max)

    def set_market(self, market: Market) -> None:
        """See `Book.set_market`."""
        assert market.same_grid(self.market), "a market's grid is for ever"
        self.market = market
        self._take_limits(market)

    def depth(self, side: int, levels: int) -> list[tuple[int, int]]:
        """See `Book.depth`."""
        keys = (self._asks if side else self._bids)[::-1][:levels]
        return [(abs(key), sum(entry[REMAINING] for entry in self._levels[key].values())) for key in keys]

    def state_digest(self) -> bytes:
        """See `Book.state_digest`."""
        bids, asks = (
            [_order_state(entry) for key in reversed(keys) for entry in self._levels[key].values()]
            for keys in (self._bids, self._asks)
        )
        numbers = (self.state, self.time_us, self.trade_id, *self._references, *self._bounds)
        return digest_state(bids, asks, self._triggers, sorted(self._killed), numbers)

    # Entry

    def _entry_refusal(self, order: NewOrder) -> int:
        if order.account in self._killed:
            return Reason.ACCOUNT_TRADING_SUSPENDED
        reason = state_refusal(self.state, order)
        if reason:
            return reason
        if self._is_known(order.order_id):
            return Reason.DUPLICATE_ORDER
        reason = form_refusal(self.market, order, self.time_us)
        if reason:
            return reason
        pair = 1 if order.oco_partner else 0
        if len(self._by_account.get(order.account, ())) + pair >= self.market.open_orders_max:
            return Reason.OPEN_ORDERS_MAX
        return Reason.NONE if order.trigger_kind else self._band_refusal(order.order_type, order.price)

    def _band_refusal(self, order_type: int, price: int) -> int:
        if order_type == OrderType.MARKET or self._in_band(price):
            return Reason.NONE
        return Reason.PRICE_OUT_OF_BOUNDS

    def _in_band(self, price: int) -> bool:
        """`rules.band_allows` for the prices of now; the common case, in which all three are known, is written out."""
        bid = self._bids[-1] if self._bids else 0
        ask = -self._asks[-1] if self._asks else 0
        last, market = self._references[0], self.market
        if not (bid and ask and last):
            return band_allows(market, price, bid, ask, last)
        active = bid if last < bid else ask if last > ask else last
        up = market.limit_band_up_ppm
        return active * market.limit_band_down_ppm <= price * PPM and (not up or price * PPM <= active * up)

    def _place_special(self, order: OrderRow) -> None:
        """An order that the hot path does not judge itself, with the whole list of checks in their order."""
        row = NewOrder(*order)
        reason = self._entry_refusal(row) or (Reason.INVALID_ORDER if row.oco_partner else Reason.NONE)
        if reason:
            self.reports.append((_REJECTED, row.order_id, reason))
        else:
            self._enter(row)
        self._fire_triggers()

    def _enter(self, order: NewOrder) -> None:
        if not order.trigger_kind:
            self._execute(order, fresh=True)
            return
        if not self._triggers:
            self._high = self._low = self._references[TriggerBy.LAST]
        self._triggers.add(order)
        self._by_account.setdefault(order.account, {})[order.order_id] = None
        if order.expires_us:
            self._watch_expiry(order.expires_us, order.order_id)
        self.reports.append((_ACCEPTED, order.order_id))
        self.reports.append((_PENDING, order.order_id, order.trigger_price))

    def _execute(self, order: NewOrder, *, fresh: bool) -> None:
        """An order whose entry is checked meets the book. One that was triggered (not `fresh`) was accepted before."""
        reason = self._meeting_refusal(order)
        if not reason and self.funds is not None:
            refused = self.funds.hold(order, self._worst_price(order))
            if refused and fresh:
                self.reports.append((_REJECTED, order.order_id, refused))
                return
            reason = refused
        if fresh:
            self.reports.append((_ACCEPTED, order.order_id))
        if reason:
            self.reports.append((_EXPIRED, order.order_id, order.quantity, reason))
            self._cut(order.oco_partner)
        elif order.quote_quanta:
            self._sweep_quote(order)
        else:
            limit = _limit_key(order.side, order.price)
            remaining, reason = self._sweep(
                order.order_id, order.owner, order.side, limit, order.quantity, order.self_trade, order.oco_partner
            )
            self._settle_taker(order, remaining, reason)

    def _settle_taker(self, order: NewOrder, remaining: int, reason: int) -> None:
        """Rest or end what a taker has left."""
        if not remaining:
            return
        if not reason and order.order_type == OrderType.LIMIT and order.time_in_force == TimeInForce.GTC:
            key = -order.price if order.side else order.price
            entry = [remaining, order.order_id, order.owner, order.account, key, order.oco_partner, order.quantity]
            self._rest([*entry, order.session, order.expires_us, order.self_trade, order.post_only])
            return
        if not reason:
            reason = self._unfilled_reason(order)
        self._finish(order.order_id, remaining, reason, order.oco_partner)

    def _unfilled_reason(self, order: NewOrder) -> int:
        if order.order_type == OrderType.MARKET:
            empty = not (self._bids if order.side else self._asks)
            return Reason.INSUFFICIENT_LIQUIDITY if empty else Reason.SLIPPAGE_TOLERANCE_EXCEEDED
        return Reason.FILL_OR_KILL if order.time_in_force == TimeInForce.FOK else Reason.IMMEDIATE_OR_CANCEL

    def _meeting_refusal(self, order: NewOrder) -> int:
        """Why the order ends before it holds funds: it would take, or cannot fill, or there is nothing to take."""
        if order.post_only and self._crosses(order.side, order.price):
            return Reason.POST_ONLY_TAKER
        if order.order_type == OrderType.MARKET and not (self._bids if order.side else self._asks):
            return Reason.INSUFFICIENT_LIQUIDITY
        if order.time_in_force == TimeInForce.FOK and self._fillable(order) < order.quantity:
            return Reason.FILL_OR_KILL
        return Reason.NONE

    def _fillable(self, order: NewOrder) -> int:
        """Steps that the taker would get now, without taking them."""
        found, funds = 0, self.funds
        stop = self._stop_key(order.side, _limit_key(order.side, order.price))
        for key in reversed(self._bids if order.side else self._asks):
            if key < stop:
                return found
            for entry in self._levels[key].values():
                if entry[OWNER] == order.owner and order.self_trade != SelfTrade.ALLOW:
                    if order.self_trade != SelfTrade.REJECT_MAKER:
                        return found
                    continue
                quantity = min(entry[REMAINING], order.quantity - found)
                if funds is None or not funds.check_maker(entry[ORDER_ID], abs(key), quantity):
                    found += quantity
                if found >= order.quantity:
                    return found
        return found

    def _crosses(self, side: int, price: int) -> bool:
        opposite = self._bids if side else self._asks
        return bool(opposite) and opposite[-1] >= _limit_key(side, price)

    def _stop_key(self, side: int, limit: int) -> int:
        """The tightest of the taker's own limit, the impact band and the bounds, as a key."""
        opposite = self._bids if side else self._asks
        if not self._limited or not opposite:
            return limit
        best, bounds, market = opposite[-1], self._bounds, self.market
        if side:
            return max(limit, -(-best * market.impact_down_ppm // PPM), bounds[0])
        impact = -(-best * market.impact_up_ppm // PPM) if market.impact_up_ppm else NO_LIMIT
        return max(limit, impact, -bounds[1] if bounds[1] else NO_LIMIT)

    def _stop_reason(self, side: int, limit: int, best_at_start: int) -> int:
        """Which limit stopped the taker: 0 for its own or an empty side, then the impact band, then the bounds."""
        opposite = self._bids if side else self._asks
        if not opposite or opposite[-1] < limit:
            return Reason.NONE
        impact = _limit_key(side, impact_limit(self.market, side, best_at_start))
        return Reason.PRICE_IMPACT if opposite[-1] < impact else Reason.PRICE_OUT_OF_BOUNDS

    def _worst_price(self, order: NewOrder) -> int:
        """The worst price at which the order can trade: its own, or the tightest of all that limit a market order."""
        if order.order_type == OrderType.LIMIT:
            return order.price
        opposite = self._bids if order.side else self._asks
        return abs(max(opposite[0], self._stop_key(order.side, _limit_key(order.side, order.price))))

    def _sweep_quote(self, order: NewOrder) -> None:
        """A market order by quote: at each maker as many steps as what is left of the budget pays for with its fee."""
        side, funds, budget, reason = order.side, self.funds, order.quote_quanta, 0
        opposite = self._bids if side else self._asks
        best_at_start, limit = abs(opposite[-1]), _limit_key(side, order.price)
        stop = self._stop_key(side, limit)
        rate = PPM + (funds.taker_fee_ppm(order) if funds is not None and side == Side.BID else 0)
        while not reason and opposite and opposite[-1] >= stop:
            price = abs(opposite[-1])
            entry = next(iter(self._levels[opposite[-1]].values()))
            if entry[OWNER] == order.owner and order.self_trade != SelfTrade.ALLOW:
                if order.self_trade != SelfTrade.REJECT_TAKER:
                    self._end(entry[ORDER_ID], _EXPIRED, Reason.SELF_TRADE_PREVENTION)
                if order.self_trade != SelfTrade.REJECT_MAKER:
                    reason = Reason.SELF_TRADE_PREVENTION
                continue
            quantity = min(entry[REMAINING], budget * PPM // (price * self.market.unit_quanta * rate))
            unfunded = funds.check_maker(entry[ORDER_ID], price, quantity) if funds is not None and quantity else 0
            if not quantity:
                reason = Reason.BUDGET_SPENT
            elif unfunded:
                self._end(entry[ORDER_ID], _EXPIRED, unfunded)
            else:
                budget -= self._trade_quote(order, entry, price, quantity)
        if not reason:
            reason = self._stop_reason(side, limit, best_at_start) or self._unfilled_reason(order)
        self._finish(order.order_id, 0, reason, 0)

    def _trade_quote(self, order: NewOrder, entry: Entry, price: int, quantity: int) -> int:
        """One fill of an order by quote; what it takes from the budget."""
        maker_id, fees = entry[ORDER_ID], (0, 0)
        if self.funds is not None:
            fees = self.funds.fill(maker_id, order.order_id, price, quantity)
        entry[REMAINING] -= quantity
        self.trade_id += 1
        ids = (self.trade_id, maker_id, order.order_id)
        self.reports.append((_TRADED, *ids, price, quantity, order.side, entry[REMAINING], 0, *fees))
        self._set_last(price, price)
        if not entry[REMAINING]:
            self._remove(entry)
        self._cut(entry[PARTNER])
        return self.market.notional_quanta(price, quantity) + (fees[1] if order.side == Side.BID else 0)

    def _set_last(self, first: int, last: int) -> None:
        """Trades happened from the price `first` to the price `last`; one command's sweep never turns back."""
        self._references[TriggerBy.LAST] = last
        if self._triggers:
            low, high = (first, last) if first < last else (last, first)
            if high > self._high:
                self._high = high
            if low < self._low or not self._low:
                self._low = low

    # Triggers and pairs

    def _fire_triggers(self) -> None:
        """Fire one trigger at a time, until none is due; what one of them trades may make others due."""
        if not self._waiting or self.state not in (MarketState.OPEN, MarketState.LIMIT_ONLY):
            return
        while True:
            last, mark, index = self._references
            due = self._triggers.next_due((self._high, mark, index), (self._low, mark, index))
            if due is None:
                self._high = self._low = last
                return
            self._triggers.remove(due.order_id)
            del self._by_account[due.account][due.order_id]
            self.reports.append((_TRIGGERED, due.order_id, self._references[due.trigger_by]))
            self._cut(due.oco_partner)
            order = due._replace(trigger_kind=TriggerKind.NONE, trigger_by=0, trigger_price=0, oco_partner=0)
            reason = state_refusal(self.state, order) or self._band_refusal(order.order_type, order.price)
            if reason:
                self.reports.append((_EXPIRED, order.order_id, order.quantity, reason))
            else:
                self._execute(order, fresh=False)

    def _fire_after_trades(self) -> None:
        """`_fire_triggers` where nothing but the last price has changed since; mostly there is nothing to do."""
        rises, falls = self._triggers.last_rises, self._triggers.last_falls
        if (rises and -rises[-1][0] <= self._high) or (falls and falls[-1][0] >= self._low > 0):
            self._fire_triggers()
        elif self.state in (MarketState.OPEN, MarketState.LIMIT_ONLY):
            self._high = self._low = self._references[TriggerBy.LAST]

    def _cut(self, order_id: int) -> None:
        """End the other leg of a pair, if it is still there."""
        if order_id and self._is_known(order_id):
            self._end(order_id, _CANCELLED, Reason.OCO_PARTNER)

    # Orders that come and go

    def _is_known(self, order_id: int) -> bool:
        return order_id in self._orders or order_id in self._triggers

    def _rest(self, entry: Entry) -> None:
        """Put an order at the end of its price's queue."""
        key, order_id, account = entry[KEY], entry[ORDER_ID], entry[ACCOUNT]
        level = self._levels.get(key)
        if level is None:
            level = self._levels[key] = {}
            insort(self._bids if key > 0 else self._asks, key)
        elif len(level) == SHALLOW_MAX:
            level = self._levels[key] = OrderedDict(level)
        level[order_id] = self._orders[order_id] = entry
        self._by_account.setdefault(account, {})[order_id] = None
        if entry[EXPIRES]:
            self._watch_expiry(entry[EXPIRES], order_id)
        self.reports.append((_RESTED, order_id, abs(key), entry[REMAINING]))

    def _remove(self, entry: Entry) -> None:
        """Take a resting order out of its queue and all indices."""
        key, order_id = entry[KEY], entry[ORDER_ID]
        level = self._levels[key]
        del self._orders[order_id], level[order_id], self._by_account[entry[ACCOUNT]][order_id]
        if not level:
            self._drop_level(key)

    def _drop_level(self, key: int) -> None:
        keys = self._bids if key > 0 else self._asks
        del self._levels[key]
        if keys[-1] == key:
            keys.pop()
        else:
            del keys[bisect_left(keys, key)]

    def _finish(self, order_id: int, remaining: int, reason: int, partner: int) -> None:
        """End a taker that held funds, with what it has left, and its partner."""
        if self.funds is not None:
            self.funds.release(order_id)
        kind = _CANCELLED if reason == _PARTNER_REASON else _EXPIRED
        self.reports.append((kind, order_id, remaining, reason))
        self._cut(partner)

    def _end(self, order_id: int, kind: int, reason: int) -> None:
        """Take a known order out of the book or the triggers, free its funds, and end its partner."""
        entry = self._orders.get(order_id)
        if entry is None:
            order = self._triggers.remove(order_id)
            del self._by_account[order.account][order_id]
            remaining, partner = order.quantity, order.oco_partner
        else:
            self._remove(entry)
            remaining, partner = entry[REMAINING], entry[PARTNER]
            if self.funds is not None:
                self.funds.release(order_id)
        self.reports.append((kind, order_id, remaining, reason))
        if reason != Reason.OCO_PARTNER:  # the leg that caused this goes on
            self._cut(partner)

    def _end_account(self, account: int, reason: int, side: int = -1, session: int = 0) -> None:
        for order_id in sorted(self._by_account.get(account, ())):
            if self._is_known(order_id):
                entry, order = self._orders.get(order_id), self._triggers.get(order_id)
                if entry is not None:
                    named = (int(entry[KEY] < 0), entry[SESSION])
                else:
                    assert order is not None, "a known order rests or waits"
                    named = (order.side, order.session)
                if side in (-1, named[0]) and session in (0, named[1]):
                    self._end(order_id, _CANCELLED, reason)

    def _cancel_special(self, order_id: int, account: int) -> None:
        entry, order = self._orders.get(order_id), self._triggers.get(order_id)
        owner_account = entry[ACCOUNT] if entry is not None else order.account if order is not None else 0
        if owner_account != account:
            self.reports.append((_REJECTED, order_id, Reason.UNKNOWN_ORDER))
        elif self.state == MarketState.CLOSED:
            self.reports.append((_REJECTED, order_id, Reason.MARKET_CLOSED))
        else:
            self._end(order_id, _CANCELLED, Reason.USER_REQUEST)

    def _amend_refusal(self, entry: Entry | None, order_id: int, account: int, price: int, quantity: int) -> int:
        if entry is None:
            order = self._triggers.get(order_id)
            mine = order is not None and order.account == account
            return Reason.NOT_RESTING if mine else Reason.UNKNOWN_ORDER
        if entry[ACCOUNT] != account:
            return Reason.UNKNOWN_ORDER
        if self.state in (MarketState.CLOSED, MarketState.CANCEL_ONLY):
            return Reason.MARKET_CLOSED if self.state == MarketState.CLOSED else Reason.CANCEL_ONLY_MODE
        reason: int = limit_refusal(self.market, price, quantity)
        if reason or quantity <= entry[QUANTITY] - entry[REMAINING] or price == abs(entry[KEY]):
            return reason
        reason = self._band_refusal(OrderType.LIMIT, price)
        must_rest = entry[POST_ONLY] or self.state == MarketState.POST_ONLY
        if not reason and must_rest and self._crosses(int(entry[KEY] < 0), price):
            return Reason.POST_ONLY_TAKER
        return reason

    def _requeue(self, entry: Entry, price: int) -> None:
        """Give an amended order its new place, past whatever it now takes."""
        side = int(entry[KEY] < 0)
        self._remove(entry)
        entry[KEY] = -price if side else price
        limit = _limit_key(side, price)
        remaining, reason = entry[REMAINING], 0
        if self._crosses(side, price):
            remaining, reason = self._sweep(
                entry[ORDER_ID], entry[OWNER], side, limit, remaining, entry[SELF_TRADE], entry[PARTNER]
            )
        entry[REMAINING] = remaining
        if remaining and reason:
            self._finish(entry[ORDER_ID], remaining, reason, entry[PARTNER])
        elif remaining:
            self._rest(entry)
        self._fire_triggers()

    # Expiry

    def _watch_expiry(self, expires_us: int, order_id: int) -> None:
        """Note an expiry. Those of orders that ended otherwise are swept out when they are most of the heap."""
        heappush(self._expiries, (expires_us, order_id))
        if len(self._expiries) > 2 * (len(self._orders) + len(self._triggers)) + 64:
            self._expiries = [item for item in dict.fromkeys(self._expiries) if self._expires_at(item[1]) == item[0]]
            heapify(self._expiries)

    def _expires_at(self, order_id: int) -> int:
        entry, order = self._orders.get(order_id), self._triggers.get(order_id)
        if entry is not None:
            return entry[EXPIRES]
        return order.expires_us if order is not None else -1


def _limit_key(side: int, price: int) -> int:
    """The key down to which a taker of `side` may go at `price`; 0 is no limit."""
    if not price:
        return NO_LIMIT
    return price if side else -price


def _leg_refusal(leg: NewOrder, other: NewOrder) -> int:
    paired = leg.oco_partner == other.order_id and leg.account == other.account and leg.order_id != other.order_id
    lasting = leg.time_in_force == TimeInForce.GTC or leg.trigger_kind
    return Reason.NONE if paired and lasting else Reason.INVALID_ORDER


def _order_state(entry: Entry) -> OrderState:
    side, price = int(entry[KEY] < 0), abs(entry[KEY])
    shown = (price, entry[QUANTITY], entry[REMAINING], entry[SESSION], entry[EXPIRES])
    rest = (entry[SELF_TRADE], entry[POST_ONLY], entry[PARTNER])
    return OrderState(entry[ORDER_ID], entry[ACCOUNT], entry[OWNER], side, *shown, *rest)
