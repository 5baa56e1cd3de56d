"""The money behind a spot market that takes margin orders beside cash orders.

A cash order is held in full, as in `ledger.trading.holds`, and redeems what it needs into its hold when it is placed. A
margin order holds equity: what it may have to pay counts as a potential debt until it ends. At the match both sides are
judged again, and the fill takes free, then lent, then borrowed coins, all in one linked chain: the coins of the margin
side are held for exactly this fill and settled like any other. A maker who cannot be funded expires with the reason.
Source: exchange.md 1.4, 2.3; issue: a margin order holds equity and not coins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ledger.canonical import Json
from ledger.errors import FormatError
from ledger.journal import Ledger
from ledger.markets.perpetual import MARGIN, SYSTEM
from ledger.markets.wallet import Wallet
from ledger.trading.checkpoint import read_rows, row_texts
from ledger.trading.fees import FeeRates
from ledger.trading.holds import (
    ACCOUNT,
    ACCRUED,
    BY_QUOTE,
    CHARGED,
    CREDIT,
    HANDLE,
    HELD,
    LEFT,
    MAKER_PPM,
    PRICE,
    SIDE,
    TAKER_PPM,
    HoldEntry,
    Purse,
    SpotFunds,
)
from ledger.trading.market import PPM, Market
from ledger.trading.orders import OrderRow

__all__ = ["MarginSpotFunds"]

PRODUCT: Final = "spot-margin"


class MarginSpotFunds(SpotFunds):
    """`protocols.Funds` of a spot market. `margin`: flags and counted quanta of open margin orders.

    `flags`: those of orders that are not held yet."""

    def __init__(
        self, market: Market, rates: Callable[[int], FeeRates], purse: Purse, wallet: Wallet, ledger: Ledger
    ) -> None:
        super().__init__(market, rates, purse)
        self.flags: dict[int, int] = {}
        self.margin: dict[int, list[int]] = {}
        self.potential: dict[tuple[int, int], int] = {}
        """What the open margin orders of (payer, side) may have to pay, in quanta of what that side gives."""
        self.taker = 0
        self._wallet, self._ledger = wallet, ledger
        self._gives = (market.quote, market.base)

    @property
    def checks_makers(self) -> bool:  # type: ignore[override]  # here it depends on what is open
        """Whether any margin order is open."""
        return bool(self.margin)

    def hold(self, order: OrderRow, price_worst: int) -> int:
        """See `Funds.hold`."""
        self.taker = order_id = order[0]
        flags = self.flags.pop(order_id, 0) if self.flags else 0
        if not flags & MARGIN:
            refused = self._refuse_cash(order, price_worst) if self._wallet.is_exposed(order[1]) else 0
            return refused or super().hold(order, price_worst)
        _, payer, _, side, _, _, quantity, _, _, _, _, _, quote, _, _, _, _ = order
        refused = 0 if flags & SYSTEM else self._wallet.may_trade(payer, PRODUCT)
        if refused:
            return refused
        if not quantity:
            quantity = quote // (price_worst * self._unit)
        maker_ppm, taker_ppm = self._rates(payer)
        entry = [
            payer, side, price_worst, quantity, 1 if quote else 0, maker_ppm, taker_ppm, max(maker_ppm, taker_ppm),
            0, 0, 0, 0, 0,
        ]  # fmt: skip
        need = quote if quote and not side else self.required(entry)
        if not flags & SYSTEM:
            refused = self._wallet.may_owe_more(payer, self._gives[side], need)
            if refused:
                return refused
        self.holds[order_id] = entry
        self.margin[order_id] = [flags, need]
        self._count(payer, side, need)
        return 0

    def _refuse_cash(self, order: OrderRow, price_worst: int) -> int:
        """Why a cash order of an account with debts or positions may not give away what it would, or 0."""
        payer, side, quantity, quote = order[1], order[3], order[6], order[12]
        steps = quantity or quote // (price_worst * self._unit)
        value = price_worst * steps * self._unit
        paid, received = (steps * self._step, value) if side else (value, steps * self._step)
        return self._wallet.may_spend(payer, self._gives[side], paid, self._gives[1 - side], received)

    def _count(self, payer: int, side: int, quanta: int) -> None:
        left = self.potential.get((payer, side), 0) + quanta
        assert left >= 0, "no more ends than was opened"
        if left:
            self.potential[payer, side] = left
        else:
            self.potential.pop((payer, side), None)

    def check_maker(self, order_id: int, price: int, quantity: int) -> int:
        """See `Funds.check_maker`: below zero where it is the taker that cannot be funded."""
        taker = self.holds.get(self.taker)
        if taker is not None and self.taker in self.margin:
            refused = self._refusal(self.taker, taker, taker[TAKER_PPM], price, quantity)
            if refused:
                return -refused
        if order_id not in self.margin:
            return 0
        maker = self.holds[order_id]
        return self._refusal(order_id, maker, maker[MAKER_PPM], price, quantity)

    def _refusal(self, order_id: int, entry: HoldEntry, ppm: int, price: int, quantity: int) -> int:
        value, base = price * quantity * self._unit, quantity * self._step
        fee = -(-(entry[ACCRUED] + value * ppm) // PPM) - entry[CHARGED]
        payer, side = entry[ACCOUNT], entry[SIDE]
        paid, received = (base, value - fee) if side else (value + fee, base)
        is_system = bool(self.margin[order_id][0] & SYSTEM)
        return self._wallet.may_exchange(payer, self._gives[side], paid, self._gives[1 - side], received, is_system)

    def fill(self, maker_id: int, taker_id: int, price: int, quantity: int) -> tuple[int, int]:
        """See `Funds.fill`: at once where both orders are held, else in one chain with what funds the margin side."""
        margin = self.margin
        self._wallet.touch(self.holds[maker_id][ACCOUNT])
        self._wallet.touch(self.holds[taker_id][ACCOUNT])
        if not margin or (maker_id not in margin and taker_id not in margin):
            return super().fill(maker_id, taker_id, price, quantity)
        maker, taker = self.holds[maker_id], self.holds[taker_id]
        value, base = price * quantity * self._unit, quantity * self._step
        for entry in (maker, taker):
            self.traded[entry[ACCOUNT]] = self.traded.get(entry[ACCOUNT], 0) + value
        maker_fee, taker_fee = _charge(maker, value * maker[MAKER_PPM]), _charge(taker, value * taker[TAKER_PPM])
        if maker[SIDE]:
            sides = ((taker_id, taker, taker_fee), (maker_id, maker, maker_fee))
        else:
            sides = ((maker_id, maker, maker_fee), (taker_id, taker, taker_fee))
        (buyer_id, buyer, buyer_fee), (seller_id, seller, seller_fee) = sides
        buyer_credit, seller_credit = buyer[CREDIT] or self._credit(buyer), seller[CREDIT] or self._credit(seller)
        for order_id, entry in ((buyer_id, buyer), (seller_id, seller)):
            if order_id in margin:
                self._wallet.prepare(entry[ACCOUNT], self._gives[entry[SIDE]])
        # Nothing of the chain can be refused: both sides were judged, and every account is open.
        self._ledger.begin_chain()
        for order_id, entry, need in ((buyer_id, buyer, value + buyer_fee), (seller_id, seller, base)):
            if order_id in margin:
                self._fund(order_id, entry, need)
        freed = self._lower(buyer_id, buyer, value + buyer_fee, quantity)
        self._lower(seller_id, seller, base, quantity)
        self._settle(
            buyer[HANDLE], seller[HANDLE], buyer_credit, seller_credit, base, value, buyer_fee, seller_fee, freed
        )
        self._ledger.commit_chain()
        if self._shared:
            self.till.share(buyer[ACCOUNT], seller[ACCOUNT], buyer_fee, seller_fee)
        return maker_fee, taker_fee

    def _fund(self, order_id: int, entry: HoldEntry, need: int) -> None:
        """Hold exactly what this fill takes from a margin order's wallet."""
        assert need > 0, "a fill takes something"
        self._wallet.fund(entry[ACCOUNT], self._gives[entry[SIDE]], need)
        handle = self._till_hold(order_id, entry[ACCOUNT], entry[SIDE], need)
        assert handle, "what was judged can be held"
        entry[HANDLE], entry[HELD] = handle, need

    def _lower(self, order_id: int, entry: HoldEntry, gone: int, quantity: int) -> int:
        """Take a fill out of an order's money; gives what a cash bid's hold frees beside."""
        freed = 0
        entry[LEFT] -= quantity
        entry[HELD] -= gone
        by_quote, side, open_ = entry[BY_QUOTE], entry[SIDE], self.margin.get(order_id)
        if open_ is not None:
            assert entry[HELD] == 0, "a margin order holds nothing between its fills"
            if by_quote:
                left = max(open_[1] - gone, 0)
            else:
                left = min(open_[1], self.required(entry)) if entry[LEFT] else 0
            self._count(entry[ACCOUNT], side, left - open_[1])
            open_[1] = left
        elif not side and not by_quote:
            freed = entry[HELD] - (self.required(entry) if entry[LEFT] else 0)
            entry[HELD] -= freed
        assert freed >= 0 <= entry[HELD], "a hold always covers its order's fills"
        if not entry[LEFT] and not by_quote:
            del self.holds[order_id]
            self.margin.pop(order_id, None)
        return freed

    def amend(self, order_id: int, price: int, quantity: int) -> int:
        """See `Funds.amend`."""
        self.taker = order_id
        open_ = self.margin.get(order_id)
        if open_ is None:
            return super().amend(order_id, price, quantity)
        entry = self.holds[order_id]
        old = (entry[PRICE], entry[LEFT])
        entry[PRICE], entry[LEFT] = price, quantity
        need, payer, side = self.required(entry), entry[ACCOUNT], entry[SIDE]
        if need > open_[1]:
            refused = self._wallet.may_owe_more(payer, self._gives[side], need - open_[1])
            if refused:
                entry[PRICE], entry[LEFT] = old
                return refused
        self._count(payer, side, need - open_[1])
        open_[1] = need
        return 0

    def release(self, order_id: int) -> None:
        """See `Funds.release`."""
        open_ = self.margin.pop(order_id, None)
        if open_ is None:
            super().release(order_id)
            return
        entry = self.holds.pop(order_id)
        self._count(entry[ACCOUNT], entry[SIDE], -open_[1])

    # The state.

    def to_state(self) -> Json:  # type: ignore[override]  # more than a cash market has
        """What `SpotFunds.to_state` gives, and of margin orders their flags and what is counted for them."""
        assert not self.traded, "what was traded is counted before a checkpoint"
        return {
            "flags": [[order_id, flags] for order_id, flags in sorted(self.flags.items())],
            "margin": row_texts((order_id, *self.margin[order_id]) for order_id in sorted(self.margin)),
            "orders": row_texts((order_id, *self.holds[order_id]) for order_id in sorted(self.holds)),
        }

    def restore(self, document: Any) -> None:
        """Take the state that `to_state` described into funds that have none yet. Raises FormatError."""
        self.flags = dict(document["flags"])
        self.margin = {order_id: rest for order_id, *rest in read_rows(document["margin"], 3)}
        self.holds = {order_id: entry for order_id, *entry in read_rows(document["orders"], CREDIT + 2)}
        for order_id, entry in self.holds.items():
            if order_id in self.margin:
                self._count(entry[ACCOUNT], entry[SIDE], self.margin[order_id][1])
            elif not entry[BY_QUOTE] and entry[HELD] != self.required(entry):
                raise FormatError("a hold in a checkpoint is not what its order requires")


def _charge(entry: HoldEntry, numerator: int) -> int:
    """What an order's accrued fee, rounded up, has grown by (trading/fees.py)."""
    entry[ACCRUED] += numerator
    charged = -(-entry[ACCRUED] // PPM)
    fee = charged - entry[CHARGED]
    entry[CHARGED] = charged
    return fee
