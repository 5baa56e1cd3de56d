"""The fast book's auction: what rested crossed trades at one price. `auction.py` finds the price."""

from __future__ import annotations

from abc import ABC

from ledger.trading.auction import auction_price
from ledger.trading.book_base import BookBase
from ledger.trading.book_state import (
    ACCOUNT,
    KEY,
    ORDER_ID,
    OWNER,
    PARTNER,
    POST_ONLY,
    REMAINING,
    SELF_TRADE,
    Entry,
)
from ledger.trading.orders import SelfTrade
from ledger.trading.reports import Kind, Reason

__all__ = ["BookAuction"]

_TRADED, _EXPIRED = int(Kind.TRADED), int(Kind.EXPIRED)
_SELF_TRADE_REASON = int(Reason.SELF_TRADE_PREVENTION)


class BookAuction(BookBase, ABC):
    """`FastBook` in and after an auction."""

    __slots__ = ()

    def uncross(self) -> list[tuple[int, int]]:
        """See `Book.uncross`."""
        bids, asks, held = self._bids, self._asks, []
        while bids and asks and bids[-1] >= -asks[-1]:
            last, mark, index = self._references
            price, _ = auction_price(self._crossing(0, -asks[-1]), self._crossing(1, bids[-1]), index or mark or last)
            quantity = 0
            while bids and asks and bids[-1] >= price and -asks[-1] <= price:
                quantity += self._pair(price)
            if quantity:
                held.append((price, quantity))
        return held

    def _crossing(self, side: int, limit: int) -> list[tuple[int, int]]:
        """Price and quantity of the levels of a side that reach the price `limit`, best first."""
        levels = []
        for key in reversed(self._asks if side else self._bids):
            price = abs(key)
            if price > limit if side else price < limit:
                break
            levels.append((price, sum(entry[REMAINING] for entry in self._levels[key].values())))
        return levels

    def _pair(self, price: int) -> int:
        """The best bid and the best ask meet at the auction's price; steps that traded."""
        bid = next(iter(self._levels[self._bids[-1]].values()))
        ask = next(iter(self._levels[self._asks[-1]].values()))
        # The later order is the taker, but a post-only one never is: it crossed nothing when it came.
        maker, taker = sorted((bid, ask), key=lambda each: (not each[POST_ONLY], each[ORDER_ID]))
        quantity = min(bid[REMAINING], ask[REMAINING])
        mode = taker[SELF_TRADE]
        if maker[OWNER] == taker[OWNER] and mode != SelfTrade.ALLOW:
            if mode != SelfTrade.REJECT_TAKER:
                self._end(maker[ORDER_ID], maker[ACCOUNT], _EXPIRED, _SELF_TRADE_REASON)
            if mode != SelfTrade.REJECT_MAKER and self._is_known(taker[ORDER_ID], taker[ACCOUNT]):
                self._end(taker[ORDER_ID], taker[ACCOUNT], _EXPIRED, _SELF_TRADE_REASON)
            return 0
        funds = self.funds
        if funds is not None and funds.checks_makers:
            funds.taker = taker[ORDER_ID]
            unfunded = funds.check_maker(maker[ORDER_ID], price, quantity)
            if unfunded:
                ended = maker if unfunded > 0 else taker
                self._end(ended[ORDER_ID], ended[ACCOUNT], _EXPIRED, abs(unfunded))
                return 0
        self._trade_pair(maker, taker, price, quantity)
        return quantity

    def _trade_pair(self, maker: Entry, taker: Entry, price: int, quantity: int) -> None:
        maker_id, taker_id, fee, fee2 = maker[ORDER_ID], taker[ORDER_ID], 0, 0
        if self.funds is not None:
            fee, fee2 = self.funds.fill(maker_id, taker_id, price, quantity)
        trade_id = self.trade_id = self.trade_id + 1
        for entry in (maker, taker):
            entry[REMAINING] -= quantity
        side, left, left2 = int(taker[KEY] < 0), maker[REMAINING], taker[REMAINING]
        self.reports.append((_TRADED, trade_id, maker_id, taker_id, price, quantity, side, left, left2, fee, fee2))
        self._references[0] = price
        if self._waiting:
            self._set_last(price, price)
        for entry in (maker, taker):
            if not entry[REMAINING]:
                self._remove(entry)
        for entry in (maker, taker):
            if entry[PARTNER]:
                self._cut(entry[PARTNER], entry[ACCOUNT])
