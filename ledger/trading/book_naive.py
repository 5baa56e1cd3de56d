"""The specification of a book: lists that are searched from the front, and every rule where it is read first.

It is meant to be obviously right and is slow on purpose. `book.py` must give the same reports and the same state
digest on the same commands.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.trading.market import Market, MarketState
from ledger.trading.orders import NewOrder, OrderRow, OrderType, SelfTrade, Side, TimeInForce, TriggerBy, TriggerKind
from ledger.trading.protocols import Funds
from ledger.trading.reports import Kind, Reason, ReportRow
from ledger.trading.rules import (
    Bound,
    band_allows,
    bound_refusal,
    form_refusal,
    impact_limit,
    limit_refusal,
    state_refusal,
    tightest,
    value_refusal,
)
from ledger.trading.state import OrderState, digest_state

__all__ = ["NaiveBook"]


@dataclass(slots=True)
class _Resting:
    """An order that has its place in the book, or is on its way there. A taker by quote has `budget` instead."""

    order: NewOrder
    price: int
    quantity: int
    remaining: int
    budget: int = 0
    cut: bool = False

    @property
    def order_id(self) -> int:
        return self.order.order_id


class NaiveBook:
    """See `protocols.Book`. Both lists stand in priority order, best and oldest first."""

    def __init__(self, market: Market, funds: Funds | None = None) -> None:
        self.market = market
        self.funds = funds
        self.reports: list[ReportRow] = []
        self.state: int = MarketState.OPEN
        self.time_us = 0
        self.trade_id = 0
        self._sides: tuple[list[_Resting], list[_Resting]] = ([], [])
        self._pending: list[NewOrder] = []
        self._killed: list[int] = []
        self._references = [0, 0, 0]
        self._last_high = 0
        self._last_low = 0
        self._bounds: tuple[Bound, ...] = ()

    # Commands

    def place(self, order: OrderRow) -> None:
        """See `Book.place`."""
        row = NewOrder(*order)
        reason = self._entry_refusal(row) or (Reason.INVALID_ORDER if row.oco_partner else Reason.NONE)
        if reason:
            self._report(Kind.REJECTED, row.order_id, reason)
        else:
            self._enter(row)
        self._fire_triggers()

    def place_pair(self, first: OrderRow, second: OrderRow) -> None:
        """See `Book.place_pair`."""
        legs = (NewOrder(*first), NewOrder(*second))
        reasons = [self._entry_refusal(leg) or self._leg_refusal(leg, other) for leg, other in (legs, legs[::-1])]
        if any(reasons):
            for leg, reason in zip(legs, reasons, strict=True):
                self._report(Kind.REJECTED, leg.order_id, reason or Reason.OCO_PARTNER)
            return
        self._enter(legs[0])
        if (self._find(legs[0].order_id) is None and legs[0] not in self._pending) or self._has_traded(legs[0]):
            self._report(Kind.REJECTED, legs[1].order_id, Reason.OCO_PARTNER)
        else:
            self._enter(legs[1])
            if self._find(legs[1].order_id) is None and legs[1] not in self._pending:
                self._cut_partner(legs[1])
        self._fire_triggers()

    def cancel(self, order_id: int, account: int) -> None:
        """See `Book.cancel`."""
        order = self._known(order_id)
        if order is None or order.account != account:
            self._report(Kind.REJECTED, order_id, Reason.UNKNOWN_ORDER)
        elif self.state == MarketState.CLOSED:
            self._report(Kind.REJECTED, order_id, Reason.MARKET_CLOSED)
        else:
            self._end(order_id, Kind.CANCELLED, Reason.USER_REQUEST)

    def amend(self, order_id: int, account: int, price: int, quantity: int) -> None:
        """See `Book.amend`."""
        resting = self._find(order_id)
        reason = self._amend_refusal(order_id, account, price, quantity)
        if reason or resting is None:
            self._report(Kind.REJECTED, order_id, reason)
            return
        remaining = resting.remaining - resting.quantity + quantity
        if remaining <= 0:
            self._end(order_id, Kind.CANCELLED, Reason.AMENDED_TO_FILLED)
            return
        keeps = price == resting.price and quantity <= resting.quantity
        refused = self.funds.amend(order_id, price, remaining) if self.funds else 0
        if refused:
            self._report(Kind.REJECTED, order_id, refused)
            return
        resting.price, resting.quantity, resting.remaining = price, quantity, remaining
        self._report(Kind.AMENDED, order_id, price, remaining, int(keeps))
        if not keeps:
            self._sides[resting.order.side].remove(resting)
            self._match(resting)
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
        self._end_where(Reason(reason or default), account, side, session)

    def shrink(self, order_id: int, account: int, steps: int, reason: int) -> None:
        """See `Book.shrink`."""
        resting = self._find(order_id)
        assert resting is not None and 0 < steps <= resting.remaining, "a resting order is shrunk by what it has"
        if steps == resting.remaining:
            self._end(order_id, Kind.EXPIRED, Reason(reason))
            return
        resting.remaining -= steps
        resting.quantity -= steps
        if self.funds:
            refused = self.funds.amend(order_id, resting.price, resting.remaining)
            assert not refused, "less is never refused"
        self._report(Kind.AMENDED, order_id, resting.price, resting.remaining, 1)

    def cancel_market(self) -> None:
        """See `Book.cancel_market`."""
        self._end_where(Reason.OPERATOR)

    def kill(self, account: int) -> None:
        """See `Book.kill`."""
        if account not in self._killed:
            self._killed.append(account)
        self._end_where(Reason.KILL_SWITCH, account)

    def revive(self, account: int) -> None:
        """See `Book.revive`."""
        if account in self._killed:
            self._killed.remove(account)

    def expire(self, time_us: int) -> None:
        """See `Book.expire`."""
        assert time_us >= self.time_us, "time does not run backwards"
        self.time_us = time_us
        due = [order for order in self._all_orders() if 0 < order.expires_us <= time_us]
        for order in sorted(due, key=lambda order: (order.expires_us, order.order_id)):
            if self._known(order.order_id):
                self._end(order.order_id, Kind.EXPIRED, Reason.GOOD_TILL_TIME)

    def set_state(self, state: int) -> None:
        """See `Book.set_state`."""
        if state in (MarketState.OPEN, MarketState.LIMIT_ONLY, MarketState.POST_ONLY):
            self.uncross()
        self.state = MarketState(state)
        self._fire_triggers()

    def set_reference(self, by: int, price: int) -> None:
        """See `Book.set_reference`."""
        assert by in (TriggerBy.MARK, TriggerBy.INDEX) and price >= 0, "the last price follows from trades alone"
        self._references[by] = price
        self._fire_triggers()

    def reference(self, by: int) -> int:
        """See `Book.reference`."""
        return self._references[by]

    def protect(self, bounds: Iterable[Bound]) -> None:
        """See `Book.protect`."""
        self._bounds = tuple(Bound(*bound) for bound in bounds)
        assert all(low >= 0 and (high == 0 or low <= high) for low, high, _ in self._bounds), "bounds are in order"

    def set_market(self, market: Market) -> None:
        """See `Book.set_market`."""
        assert market.same_grid(self.market), "a market's grid is for ever"
        self.market = market

    def depth(self, side: int, levels: int) -> list[tuple[int, int]]:
        """See `Book.depth`."""
        found: dict[int, int] = {}
        for resting in self._sides[side]:
            found[resting.price] = found.get(resting.price, 0) + resting.remaining
        return list(found.items())[:levels]

    def state_digest(self) -> bytes:
        """See `Book.state_digest`."""
        bids, asks = ([self._order_state(resting) for resting in side] for side in self._sides)
        bounds = (number for bound in self._bounds for number in bound)
        numbers = (self.state, self.time_us, self.trade_id, *self._references, *bounds)
        return digest_state(bids, asks, self._pending, sorted(self._killed), numbers)

    # Entry

    def _entry_refusal(self, order: NewOrder) -> int:
        if order.account in self._killed:
            return Reason.ACCOUNT_TRADING_SUSPENDED
        return (
            state_refusal(self.state, order)
            or (Reason.DUPLICATE_ORDER if self._known(order.order_id) else Reason.NONE)
            or form_refusal(self.market, order, self.time_us)
            or self._count_refusal(order)
            or (Reason.NONE if order.trigger_kind else self._price_refusal(order))
        )

    def _leg_refusal(self, leg: NewOrder, other: NewOrder) -> int:
        paired = leg.oco_partner == other.order_id and leg.account == other.account and leg.order_id != other.order_id
        lasting = leg.time_in_force == TimeInForce.GTC or leg.trigger_kind
        return Reason.NONE if paired and lasting else Reason.INVALID_ORDER

    def _count_refusal(self, order: NewOrder) -> int:
        count = sum(known.account == order.account for known in self._all_orders())
        pair = 1 if order.oco_partner else 0
        return Reason.OPEN_ORDERS_MAX if count + pair >= self.market.open_orders_max else Reason.NONE

    def _price_refusal(self, order: NewOrder) -> int:
        if order.order_type == OrderType.MARKET:
            return value_refusal(self.market, order, self._best(1 - order.side))
        return self._band_refusal(order.price)

    def _band_refusal(self, price: int) -> int:
        allowed = band_allows(self.market, price, self._best(Side.BID), self._best(Side.ASK), self._references[0])
        return bound_refusal(self._bounds, price) if allowed else Reason.PRICE_OUT_OF_BOUNDS

    def _amend_refusal(self, order_id: int, account: int, price: int, quantity: int) -> int:
        known, resting = self._known(order_id), self._find(order_id)
        if known is None or known.account != account:
            return Reason.UNKNOWN_ORDER
        if resting is None:
            return Reason.NOT_RESTING
        if self.state in (MarketState.CLOSED, MarketState.CANCEL_ONLY):
            return Reason.MARKET_CLOSED if self.state == MarketState.CLOSED else Reason.CANCEL_ONLY_MODE
        reason = limit_refusal(self.market, price, quantity)
        if reason or quantity <= resting.quantity - resting.remaining or price == resting.price:
            return reason
        reason = self._band_refusal(price)
        must_rest = resting.order.post_only or self.state == MarketState.POST_ONLY
        if not reason and must_rest and self._crosses(resting.order.side, price):
            return Reason.POST_ONLY_TAKER
        return reason

    def _enter(self, order: NewOrder) -> None:
        if order.trigger_kind:
            self._pending.append(order)
            self._report(Kind.ACCEPTED, order.order_id)
            self._report(Kind.PENDING, order.order_id, order.trigger_price)
        else:
            self._execute(order, fresh=True)

    def _execute(self, order: NewOrder, *, fresh: bool) -> None:
        """An order whose entry is checked meets the book. One that was triggered (not `fresh`) was accepted before."""
        taker = _Resting(order, order.price, order.quantity, order.quantity, order.quote_quanta)
        reason = self._meeting_refusal(taker)
        if not reason and self.funds:
            refused = self.funds.hold(order, self._worst_price(order))
            if refused and fresh:
                self._report(Kind.REJECTED, order.order_id, refused)
                return
            reason = refused
        if fresh:
            self._report(Kind.ACCEPTED, order.order_id)
        if reason:
            self._report(Kind.EXPIRED, order.order_id, order.quantity, reason)
            self._cut_partner(order)
        else:
            self._match(taker)

    def _meeting_refusal(self, taker: _Resting) -> int:
        """Why the order ends before it holds funds: it would take, or cannot fill, or there is nothing to take."""
        order = taker.order
        if order.post_only and self._crosses(order.side, order.price):
            return Reason.POST_ONLY_TAKER
        if order.order_type == OrderType.MARKET and not self._sides[1 - order.side]:
            return Reason.INSUFFICIENT_LIQUIDITY
        return self._kill_reason(taker) if order.time_in_force == TimeInForce.FOK else Reason.NONE

    # Matching

    def uncross(self) -> list[tuple[int, int]]:
        """See `Book.uncross`."""
        held = []
        while self._best(Side.ASK) and self._best(Side.BID) >= self._best(Side.ASK):
            price, quantity = self._auction_price(), 0
            while self._best(Side.BID) >= price and 0 < self._best(Side.ASK) <= price:
                quantity += self._pair(self._sides[Side.BID][0], self._sides[Side.ASK][0], price)
            if quantity:
                held.append((price, quantity))
        return held

    def _auction_price(self) -> int:
        """Most volume, then least imbalance, then nearest to the reference, then lowest: every tick is asked."""
        last, mark, index = self._references
        reference = index or mark or last

        def rank(price: int) -> tuple[int, int, int, int]:
            demand = sum(bid.remaining for bid in self._sides[Side.BID] if bid.price >= price)
            supply = sum(ask.remaining for ask in self._sides[Side.ASK] if ask.price <= price)
            return -min(demand, supply), abs(demand - supply), abs(price - reference), price

        return min(range(self._best(Side.ASK), self._best(Side.BID) + 1), key=rank)

    def _pair(self, bid: _Resting, ask: _Resting, price: int) -> int:
        """The best bid and the best ask meet at the auction's price; steps that traded."""
        maker, taker = sorted((bid, ask), key=lambda each: (not each.order.post_only, each.order_id))
        quantity, mode = min(bid.remaining, ask.remaining), taker.order.self_trade
        ends: list[tuple[_Resting, int]] = []
        if maker.order.owner == taker.order.owner and mode != SelfTrade.ALLOW:
            ends += [(maker, Reason.SELF_TRADE_PREVENTION)] if mode != SelfTrade.REJECT_TAKER else []
            ends += [(taker, Reason.SELF_TRADE_PREVENTION)] if mode != SelfTrade.REJECT_MAKER else []
        elif self.funds:
            self.funds.taker = taker.order_id
            unfunded = self.funds.check_maker(maker.order_id, price, quantity)
            ends += [(maker if unfunded > 0 else taker, abs(unfunded))] if unfunded else []
        for resting, reason in ends:
            if self._find(resting.order_id):  # it was not cut with the one before
                self._end(resting.order_id, Kind.EXPIRED, reason)
        if ends:
            return 0
        self._trade(maker, taker, quantity, price)
        return quantity

    def _match(self, taker: _Resting) -> None:
        order = taker.order
        if self.state == MarketState.AUCTION:
            self._finish(taker, Reason.IMMEDIATE_OR_CANCEL)
            return
        impact = self._impact(order.side)
        fee_ppm = self.funds.taker_fee_ppm(order) if self.funds and taker.budget and order.side == Side.BID else 0
        while True:
            maker = next(iter(self._sides[1 - order.side]), None)
            stop = self._stop_reason(taker, maker, impact)
            if stop or maker is None:
                self._finish(taker, stop)
                return
            own = maker.order.owner == order.owner and order.self_trade != SelfTrade.ALLOW
            quantity = min(maker.remaining, self._wanted(taker, maker.price, fee_ppm))
            if own and order.self_trade != SelfTrade.REJECT_TAKER:
                self._end(maker.order_id, Kind.EXPIRED, Reason.SELF_TRADE_PREVENTION)
                taker.cut |= maker.order.oco_partner == order.order_id
            if own and order.self_trade != SelfTrade.REJECT_MAKER:
                self._finish(taker, Reason.SELF_TRADE_PREVENTION)
                return
            if not own and quantity == 0:
                self._finish(taker, Reason.BUDGET_SPENT)
                return
            unfunded = self.funds.check_maker(maker.order_id, maker.price, quantity) if self.funds and not own else 0
            if unfunded < 0:
                self._finish(taker, -unfunded)
                return
            if unfunded:
                self._end(maker.order_id, Kind.EXPIRED, unfunded)
                taker.cut |= maker.order.oco_partner == order.order_id
            elif not own:
                self._trade(maker, taker, quantity, maker.price)

    def _stop_reason(self, taker: _Resting, maker: _Resting | None, impact: int) -> int:
        """Why the taker goes no further: it has all, its partner ended it, or no maker is left inside its limits."""
        order = taker.order
        by_quote = order.quote_quanta > 0
        if not by_quote and taker.remaining == 0:
            return Reason.USER_REQUEST  # nothing is left; `_finish` says nothing of it
        if taker.cut:
            return Reason.OCO_PARTNER
        if maker is None or (taker.price and _beyond(order.side, maker.price, taker.price)):
            if order.order_type == OrderType.MARKET:
                return Reason.INSUFFICIENT_LIQUIDITY if maker is None else Reason.SLIPPAGE_TOLERANCE_EXCEEDED
            return Reason.IMMEDIATE_OR_CANCEL
        band = Bound(*((impact, 0) if order.side else (0, impact)), Reason.PRICE_IMPACT)
        bound, reason = tightest((band, *self._bounds), order.side)
        return reason if bound and _beyond(order.side, maker.price, bound) else Reason.NONE

    def _wanted(self, taker: _Resting, price: int, fee_ppm: int) -> int:
        """Steps that the taker would take at `price`; for a quote budget, the most whose cost with its fee fits."""
        if not taker.order.quote_quanta:
            return taker.remaining
        return taker.budget * 1_000_000 // (price * self.market.unit_quanta * (1_000_000 + fee_ppm))

    def _trade(self, maker: _Resting, taker: _Resting, quantity: int, price: int) -> None:
        order = taker.order
        maker_fee, taker_fee = (
            self.funds.fill(maker.order_id, order.order_id, price, quantity) if self.funds else (0, 0)
        )
        maker.remaining -= quantity
        if order.quote_quanta:
            spent = self.market.notional_quanta(price, quantity)
            taker.budget -= spent + (taker_fee if order.side == Side.BID else 0)
        else:
            taker.remaining -= quantity
        self.trade_id += 1
        remaining = (maker.remaining, taker.remaining)
        fees = (maker_fee, taker_fee)
        self._report(
            Kind.TRADED,
            self.trade_id,
            maker.order_id,
            order.order_id,
            price,
            quantity,
            order.side,
            *remaining,
            *fees,
        )
        self._references[TriggerBy.LAST] = price
        self._last_high = max(self._last_high, price)
        self._last_low = min(self._last_low or price, price)
        for resting in (maker, taker):  # in an auction both rest
            if resting.remaining == 0 and self._find(resting.order_id):
                self._sides[resting.order.side].remove(resting)
        self._cut_partner(maker.order)
        self._cut_partner(order)
        taker.cut |= maker.order.oco_partner == order.order_id

    def _finish(self, taker: _Resting, stop: int) -> None:
        """Rest what may rest; end the rest with its reason."""
        order = taker.order
        if not order.quote_quanta and taker.remaining == 0:
            return
        rests = order.order_type == OrderType.LIMIT and order.time_in_force == TimeInForce.GTC
        if stop == Reason.IMMEDIATE_OR_CANCEL and rests:
            self._rest(taker)
            return
        if order.time_in_force == TimeInForce.FOK and stop == Reason.IMMEDIATE_OR_CANCEL:
            stop = Reason.FILL_OR_KILL
        if self.funds:
            self.funds.release(order.order_id)
        kind = Kind.CANCELLED if stop == Reason.OCO_PARTNER else Kind.EXPIRED
        self._report(kind, order.order_id, taker.remaining, stop)
        self._cut_partner(order)

    def _rest(self, taker: _Resting) -> None:
        side = self._sides[taker.order.side]
        place = 0
        while place < len(side) and not _beyond(taker.order.side, taker.price, side[place].price):
            place += 1
        side.insert(place, taker)
        self._report(Kind.RESTED, taker.order_id, taker.price, taker.remaining)

    def _kill_reason(self, taker: _Resting) -> int:
        """Why a taker that fills or dies does not fill now, or NONE; nothing is taken."""
        order, impact, found = taker.order, self._impact(taker.order.side), 0
        for maker in self._sides[1 - order.side]:
            if found >= order.quantity or self._stop_reason(taker, maker, impact):
                break
            if maker.order.owner == order.owner and order.self_trade != SelfTrade.ALLOW:
                if order.self_trade != SelfTrade.REJECT_MAKER:
                    break
                continue
            quantity = min(maker.remaining, order.quantity - found)
            unfunded = self.funds.check_maker(maker.order_id, maker.price, quantity) if self.funds else 0
            if unfunded < 0:
                return -unfunded
            if not unfunded:
                found += quantity
        return Reason.FILL_OR_KILL if found < order.quantity else Reason.NONE

    def _impact(self, side: int) -> int:
        best = self._best(1 - side)
        return impact_limit(self.market, side, best) if best else 0

    def _worst_price(self, order: NewOrder) -> int:
        """The worst price at which the order can trade: its own, or the tightest of all that limit a market order."""
        if order.order_type == OrderType.LIMIT:
            return order.price
        farthest = self._sides[1 - order.side][-1].price
        limits = [farthest, order.price, self._impact(order.side), tightest(self._bounds, order.side)[0]]
        known = [price for price in limits if price]
        return min(known) if order.side == Side.BID else max(known)

    # Triggers

    def _fire_triggers(self) -> None:
        """Fire one trigger at a time, until none is due; what one of them trades may make others due."""
        while self.state in (MarketState.OPEN, MarketState.LIMIT_ONLY):
            due = self._next_due()
            if due is None:
                self._last_high = self._last_low = self._references[TriggerBy.LAST]
                return
            self._pending.remove(due)
            self._report(Kind.TRIGGERED, due.order_id, self._references[due.trigger_by])
            self._cut_partner(due)
            order = due._replace(trigger_kind=TriggerKind.NONE, trigger_by=0, trigger_price=0, oco_partner=0)
            if self.funds:
                order = order._replace(quantity=self.funds.fired(order))
            reason = 0 if order.quantity or order.quote_quanta else Reason.STOP_WITHOUT_POSITION
            reason = reason or state_refusal(self.state, order) or self._price_refusal(order)
            if reason:
                self._report(Kind.EXPIRED, order.order_id, order.quantity, reason)
            else:
                self._execute(order, fresh=False)

    def _next_due(self) -> NewOrder | None:
        """Last before mark before index, rises before falls, the first price reached first, then the oldest."""
        for by in TriggerBy:
            high = self._last_high if by == TriggerBy.LAST else self._references[by]
            low = self._last_low if by == TriggerBy.LAST else self._references[by]
            watching = [order for order in self._pending if order.trigger_by == by]
            rises = [order for order in watching if order.fires_on_rise and order.trigger_price <= high]
            falls = [order for order in watching if not order.fires_on_rise and order.trigger_price >= low > 0]
            if rises:
                return min(rises, key=lambda order: order.trigger_price)
            if falls:
                return max(falls, key=lambda order: order.trigger_price)
        return None

    # The lists

    def _all_orders(self) -> list[NewOrder]:
        return [resting.order for side in self._sides for resting in side] + self._pending

    def _known(self, order_id: int) -> NewOrder | None:
        return next((order for order in self._all_orders() if order.order_id == order_id), None)

    def _find(self, order_id: int) -> _Resting | None:
        return next((resting for side in self._sides for resting in side if resting.order_id == order_id), None)

    def _best(self, side: int) -> int:
        return self._sides[side][0].price if self._sides[side] else 0

    def _crosses(self, side: int, price: int) -> bool:
        best = self._best(1 - side)
        return best > 0 and not _beyond(side, best, price)

    def _end(self, order_id: int, kind: Kind, reason: int) -> None:
        """Take an order out of the book or the triggers, free its funds, and end its partner."""
        resting, order = self._find(order_id), self._known(order_id)
        assert order is not None, "only a known order can end"
        if resting is None:
            self._pending.remove(order)
        else:
            self._sides[order.side].remove(resting)
            if self.funds:
                self.funds.release(order_id)
        self._report(kind, order_id, resting.remaining if resting else order.quantity, reason)
        if reason != Reason.OCO_PARTNER:  # the leg that caused this goes on
            self._cut_partner(order)

    def _cut_partner(self, order: NewOrder) -> None:
        if order.oco_partner and self._known(order.oco_partner):
            self._end(order.oco_partner, Kind.CANCELLED, Reason.OCO_PARTNER)

    def _end_where(self, reason: Reason, account: int = 0, side: int = -1, session: int = 0) -> None:
        for order in sorted(self._all_orders(), key=lambda order: order.order_id):
            asked = account in (0, order.account) and side in (-1, order.side) and session in (0, order.session)
            if asked and self._known(order.order_id):
                self._end(order.order_id, Kind.CANCELLED, reason)

    def _order_state(self, resting: _Resting) -> OrderState:
        order = resting.order
        shown = (resting.price, resting.quantity, resting.remaining, order.session, order.expires_us)
        rest = (order.self_trade, order.post_only, order.oco_partner)
        return OrderState(order.order_id, order.account, order.owner, order.side, *shown, *rest)

    def _has_traded(self, order: NewOrder) -> bool:
        resting = self._find(order.order_id)
        return resting is not None and resting.remaining < resting.quantity

    def _report(self, kind: Kind, *numbers: int) -> None:
        self.reports.append((kind, *numbers))


def _beyond(side: int, price: int, limit: int) -> bool:
    """Whether `price` is past `limit` for a taker of `side`: above it for a bid, below it for an ask.

    The same comparison says that an order of `side` at `price` ranks before a resting one at `limit`.
    """
    return price > limit if side == Side.BID else price < limit
