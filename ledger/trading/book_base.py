"""The fast book off its hot path: pairs, triggers, expiry, market orders by quote, and the operator's commands.

`book.py` holds the hot path and the description of the structure; `book_state.py` what a book is made of.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Iterable
from heapq import heappop

from ledger.trading.auction import UNCROSSED
from ledger.trading.book_state import (
    ACCOUNT,
    KEY,
    NEVER_US,
    NO_LIMIT,
    ORDER_ID,
    OWNER,
    PARTNER,
    POST_ONLY,
    QUANTITY,
    REMAINING,
    SELF_TRADE,
    SESSION,
    BookState,
    Entry,
)
from ledger.trading.market import PPM, Market, MarketState
from ledger.trading.orders import NewOrder, OrderRow, OrderType, SelfTrade, TimeInForce, TriggerBy
from ledger.trading.reports import Kind, Reason
from ledger.trading.rules import (
    band_allows,
    bound_refusal,
    form_refusal,
    impact_limit,
    limit_refusal,
    state_refusal,
    tightest,
    value_refusal,
)

__all__ = ["BookBase"]

_ACCEPTED, _RESTED, _TRADED = int(Kind.ACCEPTED), int(Kind.RESTED), int(Kind.TRADED)
_CANCELLED, _EXPIRED, _REJECTED = int(Kind.CANCELLED), int(Kind.EXPIRED), int(Kind.REJECTED)
_AMENDED = int(Kind.AMENDED)
_PENDING, _TRIGGERED = int(Kind.PENDING), int(Kind.TRIGGERED)
_PARTNER_REASON, _SELF_TRADE_REASON = int(Reason.OCO_PARTNER), int(Reason.SELF_TRADE_PREVENTION)
_POST_ONLY_TAKER, _FILL_OR_KILL = int(Reason.POST_ONLY_TAKER), int(Reason.FILL_OR_KILL)
_DISCOVERY, _AUCTION = int(Reason.DISCOVERY_BAND), int(MarketState.AUCTION)
_NO_LIQUIDITY, _BUDGET_SPENT = int(Reason.INSUFFICIENT_LIQUIDITY), int(Reason.BUDGET_SPENT)
_LIMIT, _MARKET, _GTC, _FOK = int(OrderType.LIMIT), int(OrderType.MARKET), int(TimeInForce.GTC), int(TimeInForce.FOK)
_REJECT_TAKER, _REJECT_MAKER, _ALLOW = int(SelfTrade.REJECT_TAKER), int(SelfTrade.REJECT_MAKER), int(SelfTrade.ALLOW)
_FIRING = (int(MarketState.OPEN), int(MarketState.LIMIT_ONLY))


class BookBase(BookState, ABC):
    """The less common commands of `FastBook`."""

    __slots__ = ()

    @abstractmethod
    def _sweep(
        self, order_id: int, account: int, owner: int, side: int, limit: int, remaining: int, mode: int, partner: int
    ) -> tuple[int, int]:
        """Take from the other side down to the key `limit`. Steps left, and a Reason where something else ended it."""

    @abstractmethod
    def uncross(self) -> list[tuple[int, int]]:
        """See `Book.uncross`."""

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
        entry = self._find(legs[0].order_id, legs[0].account)
        untouched = entry is not None and entry[REMAINING] == entry[QUANTITY]
        if not untouched and legs[0].order_id not in self._triggers:
            self.reports.append((_REJECTED, legs[1].order_id, _PARTNER_REASON))
        else:
            self._enter(legs[1])
            if not self._is_known(legs[1].order_id, legs[1].account):
                self._cut(legs[0].order_id, legs[0].account)
        self._fire_triggers()

    def place_batch(self, orders: Iterable[OrderRow]) -> None:
        """See `Book.place_batch`."""
        for order in orders:
            self.place(order)

    def cancel_batch(self, order_ids: Iterable[int], account: int) -> None:
        """See `Book.cancel_batch`."""
        for order_id in order_ids:
            self.cancel(order_id, account)

    def cancel_all(self, account: int, side: int = -1, session: int = 0, reason: int = 0) -> None:
        """See `Book.cancel_all`."""
        default = Reason.SESSION_CLOSED if session else Reason.CANCEL_ALL
        self._end_account(account, reason or default, side, session)

    def shrink(self, order_id: int, account: int, steps: int, reason: int) -> None:
        """See `Book.shrink`."""
        entry = self._find(order_id, account)
        assert entry is not None and 0 < steps <= entry[REMAINING], "a resting order is shrunk by what it has"
        if steps == entry[REMAINING]:
            self._end(order_id, account, _EXPIRED, reason)
            return
        entry[REMAINING] -= steps
        entry[QUANTITY] -= steps
        if self.funds is not None:
            refused = self.funds.amend(order_id, abs(entry[KEY]), entry[REMAINING])
            assert not refused, "less is never refused"
        self.reports.append((_AMENDED, order_id, abs(entry[KEY]), entry[REMAINING], 1))

    def accounts(self) -> list[int]:
        """Everybody with an order here, resting or waiting, by rising number."""
        return sorted(account for account, orders in self._by_account.items() if orders)

    def cancel_market(self) -> None:
        """See `Book.cancel_market`."""
        for order_id, account in sorted(
            (number, mine) for mine, orders in self._by_account.items() for number in orders
        ):
            if self._is_known(order_id, account):
                self._end(order_id, account, _CANCELLED, Reason.OPERATOR)

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
            expires_us, order_id, account = heappop(expiries)
            if self._expires_at(order_id, account) == expires_us:
                self._end(order_id, account, _EXPIRED, Reason.GOOD_TILL_TIME)

    @property
    def due_us(self) -> int:
        """No order's time comes before this; far away where none has an end."""
        return self._expiries[0][0] if self._expiries else NEVER_US

    def is_due(self, time_us: int) -> bool:
        """Whether an order ends at this time. What ended earlier is forgotten, and nothing else changes."""
        expiries = self._expiries
        while expiries and expiries[0][0] <= time_us:
            expires_us, order_id, account = expiries[0]
            if self._expires_at(order_id, account) == expires_us:
                return True
            heappop(expiries)
        return False

    def set_state(self, state: int) -> None:
        """See `Book.set_state`."""
        if state in UNCROSSED:
            self.uncross()
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

    def set_market(self, market: Market) -> None:
        """See `Book.set_market`."""
        assert market.same_grid(self.market), "a market's grid is for ever"
        self.market = market
        self._take_limits(market)

    # Entry

    def _entry_refusal(self, order: NewOrder) -> int:
        if order.account in self._killed:
            return Reason.ACCOUNT_TRADING_SUSPENDED
        reason = state_refusal(self.state, order) if self.state else 0
        if reason:
            return reason
        if self._is_taken(order.order_id):
            return Reason.DUPLICATE_ORDER
        reason = form_refusal(self.market, order, self.time_us)
        if reason:
            return reason
        pair = 1 if order.oco_partner else 0
        if len(self._by_account.get(order.account, ())) + pair >= self.market.open_orders_max:
            return Reason.OPEN_ORDERS_MAX
        return 0 if order.trigger_kind else self._price_refusal(order)

    def _price_refusal(self, order: NewOrder) -> int:
        """Why the order may not have its price, or be worth as much as it is."""
        if order.order_type != _MARKET:
            return self._band_refusal(order.price)
        opposite = self._bids if order.side else self._asks
        return value_refusal(self.market, order, abs(opposite[-1]) if opposite else 0)

    def _band_refusal(self, price: int) -> int:
        if not self._banded or (not self.state and self._in_band(price)):
            return 0
        bids, asks, last = self._bids, self._asks, self._references[0]
        if not band_allows(self.market, price, bids[-1] if bids else 0, -asks[-1] if asks else 0, last):
            return Reason.PRICE_OUT_OF_BOUNDS
        return bound_refusal(self._bounds, price)

    def _in_band(self, price: int) -> bool:
        """`rules.band_allows` and `rules.bound_refusal` for the prices of now, in an open market: nothing crosses it.

        The common case, in which all three are known, is written out.
        """
        bids, asks, last = self._bids, self._asks, self._references[0]
        if not (bids and asks and last):
            allowed = band_allows(self.market, price, bids[-1] if bids else 0, -asks[-1] if asks else 0, last)
            return allowed and not bound_refusal(self._bounds, price)
        bid, ask = bids[-1], -asks[-1]
        active = bid if last < bid else ask if last > ask else last
        known, low, high = self._band
        if known != active:
            market = self.market
            low = -(-active * market.limit_band_down_ppm // PPM)
            high = active * market.limit_band_up_ppm // PPM if market.limit_band_up_ppm else market.price_max
            for price_min, price_max, reason in self._bounds:
                if reason == _DISCOVERY:
                    low, high = max(low, price_min), min(high, price_max or high)
            self._band = (active, low, high)
        return low <= price <= high

    def _place_special(self, order: OrderRow) -> None:
        """An order that the hot path does not judge itself, with the whole list of checks in their order."""
        row = NewOrder(*order)
        reason = self._entry_refusal(row) or (Reason.INVALID_ORDER if row.oco_partner else 0)
        if reason:
            self.reports.append((_REJECTED, row.order_id, reason))
        else:
            self._enter(row)
        self._fire_triggers()

    def _enter(self, order: NewOrder) -> None:
        if not order.trigger_kind:
            self._execute(order, fresh=True)
            return
        if not self._waiting:
            self._high = self._low = self._references[0]
        self._triggers.add(order)
        self._by_account.setdefault(order.account, {})[order.order_id] = None
        if order.expires_us:
            self._watch_expiry(order.expires_us, order.order_id, order.account)
        self._accept(order.order_id)
        self.reports.append((_PENDING, order.order_id, order.trigger_price))

    def _accept(self, order_id: int) -> None:
        self._newest_id = max(self._newest_id, order_id)
        self.reports.append((_ACCEPTED, order_id))

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
            self._accept(order.order_id)
        if reason:
            self.reports.append((_EXPIRED, order.order_id, order.quantity, reason))
            self._cut(order.oco_partner, order.account)
        elif order.quote_quanta:
            self._sweep_quote(order)
        else:
            remaining, reason = order.quantity, 0
            if self.state != _AUCTION:
                remaining, reason = self._sweep(
                    order.order_id,
                    order.account,
                    order.owner,
                    order.side,
                    _limit_key(order.side, order.price),
                    order.quantity,
                    order.self_trade,
                    order.oco_partner,
                )
            self._settle_taker(order, remaining, reason)

    def _settle_taker(self, order: NewOrder, remaining: int, reason: int) -> None:
        """Rest or end what a taker has left."""
        if not remaining:
            return
        if not reason and order.order_type == _LIMIT and order.time_in_force == _GTC:
            key = -order.price if order.side else order.price
            entry = [remaining, order.order_id, order.owner, order.account, key, order.oco_partner, order.quantity]
            self._rest([*entry, order.session, order.expires_us, order.self_trade, order.post_only])
            return
        if not reason:
            reason = self._unfilled_reason(order)
        self._finish(order.order_id, order.account, remaining, reason, order.oco_partner)

    def _unfilled_reason(self, order: NewOrder) -> int:
        if order.order_type == _MARKET:
            empty = not (self._bids if order.side else self._asks)
            return Reason.INSUFFICIENT_LIQUIDITY if empty else Reason.SLIPPAGE_TOLERANCE_EXCEEDED
        return _FILL_OR_KILL if order.time_in_force == _FOK else Reason.IMMEDIATE_OR_CANCEL

    def _meeting_refusal(self, order: NewOrder) -> int:
        """Why the order ends before it holds funds: it would take, or cannot fill, or there is nothing to take."""
        side = order.side
        if order.post_only and self._crosses(side, order.price):
            return _POST_ONLY_TAKER
        if order.order_type == _MARKET and not (self._bids if side else self._asks):
            return _NO_LIQUIDITY
        if order.time_in_force == _FOK:
            limit = _limit_key(side, order.price)
            return self._kill_reason(side, limit, order.quantity, order.owner, order.self_trade)
        return 0

    def _kill_reason(self, side: int, limit: int, quantity: int, owner: int, mode: int) -> int:
        """Why a taker that fills or dies does not fill now, or 0; nothing is taken."""
        opposite, funds, missing = self._bids if side else self._asks, self.funds, quantity
        stop = self._stop_key(side, limit)
        for key in reversed(opposite):
            if key < stop:
                return _FILL_OR_KILL
            for entry in self._levels[key].values():
                if entry[OWNER] == owner and mode != _ALLOW:
                    if mode != _REJECT_MAKER:
                        return _FILL_OR_KILL
                    continue
                there = entry[REMAINING] if entry[REMAINING] < missing else missing
                unfunded = 0
                if funds is not None and funds.checks_makers:
                    unfunded = funds.check_maker(entry[ORDER_ID], abs(key), there)
                if unfunded < 0:
                    return -unfunded
                if not unfunded:
                    missing -= there
                if not missing:
                    return 0
        return _FILL_OR_KILL

    def _crosses(self, side: int, price: int) -> bool:
        opposite = self._bids if side else self._asks
        return bool(opposite) and opposite[-1] >= _limit_key(side, price)

    def _stop_key(self, side: int, limit: int) -> int:
        """The tightest of the taker's own limit, the impact band and the bounds, as a key."""
        opposite = self._bids if side else self._asks
        if not self._limited or not opposite:
            return limit
        known, stop = self._stops[side]
        if known != opposite[-1]:
            stop = self._find_stop(side, opposite[-1])
        return stop if stop > limit else limit

    def _find_stop(self, side: int, best: int) -> int:
        """The key of the tightest of impact band and bounds for a taker that meets `best`, noted for the next one."""
        market = self.market
        if side:
            stop = -(-best * market.impact_down_ppm // PPM)
        else:
            stop = -(-best * market.impact_up_ppm // PPM) if market.impact_up_ppm else NO_LIMIT
        bound = self._bound_keys[side]
        if bound > stop:
            stop = bound
        self._stops[side] = (best, stop)
        return stop

    def _stop_reason(self, side: int, limit: int, best_at_start: int) -> int:
        """Which limit stopped the taker: 0 for its own or an empty side, else the tighter of impact band and bounds."""
        opposite = self._bids if side else self._asks
        if not opposite or opposite[-1] < limit:
            return Reason.NONE
        impact = _limit_key(side, impact_limit(self.market, side, best_at_start))
        return tightest(self._bounds, side)[1] if self._bound_keys[side] > impact else Reason.PRICE_IMPACT

    def _worst_price(self, order: NewOrder) -> int:
        """The worst price at which the order can trade: its own, or the tightest of all that limit a market order."""
        if order.order_type == _LIMIT:
            return order.price
        opposite = self._bids if order.side else self._asks
        return abs(max(opposite[0], self._stop_key(order.side, _limit_key(order.side, order.price))))

    def _sweep_quote(self, order: NewOrder) -> None:
        """A market order by quote: at each maker as many steps as what is left of the budget pays for with its fee."""
        side, owner, mode, funds, budget, reason = order.side, order.owner, order.self_trade, self.funds, 0, 0
        budget = order.quote_quanta
        opposite, levels = self._bids if side else self._asks, self._levels
        best_at_start, limit = abs(opposite[-1]), _limit_key(side, order.price)
        stop, unit = self._stop_key(side, limit), self.market.unit_quanta
        rate = PPM + (funds.taker_fee_ppm(order) if funds is not None and not side else 0)
        while not reason and opposite and opposite[-1] >= stop:
            key = opposite[-1]
            price = key if side else -key
            entry = next(iter(levels[key].values()))
            if entry[OWNER] == owner and mode != _ALLOW:
                if mode != _REJECT_TAKER:
                    self._end(entry[ORDER_ID], entry[ACCOUNT], _EXPIRED, _SELF_TRADE_REASON)
                if mode != _REJECT_MAKER:
                    reason = _SELF_TRADE_REASON
                continue
            quantity = min(entry[REMAINING], budget * PPM // (price * unit * rate))
            if not quantity:
                reason = _BUDGET_SPENT
                break
            unfunded = funds.check_maker(entry[ORDER_ID], price, quantity) if funds is not None else 0
            if unfunded < 0:
                reason = -unfunded
            elif unfunded:
                self._end(entry[ORDER_ID], entry[ACCOUNT], _EXPIRED, unfunded)
            else:
                budget -= self._trade_quote(order, entry, price, quantity)
        if not reason:
            reason = self._stop_reason(side, limit, best_at_start) or self._unfilled_reason(order)
        self._finish(order.order_id, order.account, 0, reason, 0)

    def _trade_quote(self, order: NewOrder, entry: Entry, price: int, quantity: int) -> int:
        """One fill of an order by quote; what it takes from the budget."""
        maker_id, taker_id, side, maker_fee, taker_fee = entry[ORDER_ID], order.order_id, order.side, 0, 0
        if self.funds is not None:
            maker_fee, taker_fee = self.funds.fill(maker_id, taker_id, price, quantity)
        left = entry[REMAINING] = entry[REMAINING] - quantity
        trade_id = self.trade_id = self.trade_id + 1
        row = (_TRADED, trade_id, maker_id, taker_id, price, quantity, side, left, 0, maker_fee, taker_fee)
        self.reports.append(row)
        self._references[0] = price
        if self._waiting:
            self._set_last(price, price)
        if not left:
            self._remove(entry)
        if entry[PARTNER]:
            self._cut(entry[PARTNER], entry[ACCOUNT])
        paid = price * quantity * self.market.unit_quanta
        return paid if side else paid + taker_fee

    def _set_last(self, first: int, last: int) -> None:
        """Some order waits, and trades went from the price `first` to `last`; a command's sweep never turns back."""
        low, high = (first, last) if first < last else (last, first)
        if high > self._high:
            self._high = high
        if low < self._low or not self._low:
            self._low = low

    # Triggers and pairs

    def _fire_triggers(self) -> None:
        """Fire one trigger at a time, until none is due; what one of them trades may make others due."""
        if not self._waiting or self.state not in _FIRING:
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
            self._cut(due.oco_partner, due.account)
            order = NewOrder._make((*due[:13], 0, 0, 0, 0))  # as it came, without trigger and partner
            if self.funds is not None:
                order = order._replace(quantity=self.funds.fired(order))
            reason = 0 if order.quantity or order.quote_quanta else Reason.STOP_WITHOUT_POSITION
            reason = reason or state_refusal(self.state, order) or self._price_refusal(order)
            if reason:
                self.reports.append((_EXPIRED, order.order_id, order.quantity, reason))
            else:
                self._execute(order, fresh=False)

    def _fire_after_trades(self) -> None:
        """`_fire_triggers` in an open market where nothing but the last price has changed since: mostly none is due."""
        rises, falls = self._triggers.last_rises, self._triggers.last_falls
        if (rises and -rises[-1][0] <= self._high) or (falls and falls[-1][0] >= self._low > 0):
            self._fire_triggers()
        else:
            self._high = self._low = self._references[0]

    def _cut(self, order_id: int, account: int) -> None:
        """End the other leg of a pair, if it is still there."""
        if order_id and self._is_known(order_id, account):
            self._end(order_id, account, _CANCELLED, _PARTNER_REASON)

    # Orders that go

    def _is_taken(self, order_id: int) -> bool:
        """Whether an order of this id rests or waits, whoever's it is."""
        return order_id <= self._newest_id and any(order_id in mine for mine in self._by_account.values())

    def _is_known(self, order_id: int, account: int) -> bool:
        return order_id in self._by_account.get(account, ())

    def _remove(self, entry: Entry) -> None:
        """Take a resting order out of its queue and all indices."""
        key, order_id = entry[KEY], entry[ORDER_ID]
        level = self._levels[key]
        del level[order_id], self._by_account[entry[ACCOUNT]][order_id]
        if not level:
            self._drop_level(key)

    def _drop_level(self, key: int) -> None:
        keys = self._bids if key > 0 else self._asks
        del self._levels[key]
        if keys[-1] == key:
            keys.pop()
        else:
            del keys[bisect_left(keys, key)]

    def _finish(self, order_id: int, account: int, remaining: int, reason: int, partner: int) -> None:
        """End a taker that held funds, with what it has left, and its partner."""
        if self.funds is not None:
            self.funds.release(order_id)
        kind = _CANCELLED if reason == _PARTNER_REASON else _EXPIRED
        self.reports.append((kind, order_id, remaining, reason))
        if partner:
            self._cut(partner, account)

    def _end(self, order_id: int, account: int, kind: int, reason: int) -> None:
        """Take a known order out of the book or the triggers, free its funds, and end its partner."""
        entry = self._by_account[account][order_id]
        if entry is None:
            order = self._triggers.remove(order_id)
            del self._by_account[account][order_id]
            remaining, partner = order.quantity, order.oco_partner
        else:
            self._remove(entry)
            remaining, partner = entry[REMAINING], entry[PARTNER]
            if self.funds is not None:
                self.funds.release(order_id)
        self.reports.append((kind, order_id, remaining, reason))
        if reason != _PARTNER_REASON:  # the leg that caused this goes on
            self._cut(partner, account)

    def _end_account(self, account: int, reason: int, side: int = -1, session: int = 0) -> None:
        orders = self._by_account.get(account, {})
        for order_id in sorted(orders):
            if order_id in orders:  # not ended by its partner meanwhile
                entry, order = orders[order_id], self._triggers.get(order_id)
                if entry is not None:
                    named = (int(entry[KEY] < 0), entry[SESSION])
                else:
                    assert order is not None, "a known order rests or waits"
                    named = (order.side, order.session)
                if side in (-1, named[0]) and session in (0, named[1]):
                    self._end(order_id, account, _CANCELLED, reason)

    def _cancel_special(self, order_id: int, account: int) -> None:
        if not self._is_known(order_id, account):
            self.reports.append((_REJECTED, order_id, Reason.UNKNOWN_ORDER))
        elif self.state == MarketState.CLOSED:
            self.reports.append((_REJECTED, order_id, Reason.MARKET_CLOSED))
        else:
            self._end(order_id, account, _CANCELLED, Reason.USER_REQUEST)

    def _amend_refusal(self, entry: Entry | None, order_id: int, account: int, price: int, quantity: int) -> int:
        if entry is None:
            return Reason.NOT_RESTING if self._is_known(order_id, account) else Reason.UNKNOWN_ORDER
        if self.state in (MarketState.CLOSED, MarketState.CANCEL_ONLY):
            return Reason.MARKET_CLOSED if self.state == MarketState.CLOSED else Reason.CANCEL_ONLY_MODE
        reason: int = limit_refusal(self.market, price, quantity)
        if reason or quantity <= entry[QUANTITY] - entry[REMAINING] or price == abs(entry[KEY]):
            return reason
        reason = self._band_refusal(price)
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
        if self.state != _AUCTION and self._crosses(side, price):
            remaining, reason = self._sweep(
                entry[ORDER_ID],
                entry[ACCOUNT],
                entry[OWNER],
                side,
                limit,
                remaining,
                entry[SELF_TRADE],
                entry[PARTNER],
            )
        entry[REMAINING] = remaining
        if remaining and reason:
            self._finish(entry[ORDER_ID], entry[ACCOUNT], remaining, reason, entry[PARTNER])
        elif remaining:
            self._rest(entry)
        self._fire_triggers()


def _limit_key(side: int, price: int) -> int:
    """The key down to which a taker of `side` may go at `price`; 0 is no limit."""
    if not price:
        return NO_LIMIT
    return price if side else -price


def _leg_refusal(leg: NewOrder, other: NewOrder) -> int:
    paired = leg.oco_partner == other.order_id and leg.account == other.account and leg.order_id != other.order_id
    lasting = leg.time_in_force == TimeInForce.GTC or leg.trigger_kind
    return Reason.NONE if paired and lasting else Reason.INVALID_ORDER
