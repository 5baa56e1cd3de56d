"""What an order holds, to the quantum, from its entry to its end.

A bid holds, in quote, the notional of what it may still buy at its own price, and the greatest fee on all of it less
what it was charged. An ask holds its steps in base. After every fill the hold is again exactly this requirement, so
price improvement and fees that were not due are free at once, and the sum of holds can be checked against the open
orders at any time. Rates are those of the moment of entry, and stay with the order.

Requirement of a bid with n = notional of the steps left, f = greatest of its rates and 0, F accrued and C charged:
    n + ceil((F + n f) / 10^6) - C
Filling q steps at x <= price costs x q u + C' - C, and F' + n' f <= F + n f, so cost and new requirement together
never exceed the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import Any, Protocol, Self, TypeAlias

from ledger.canonical import Json
from ledger.errors import FormatError
from ledger.trading.checkpoint import read_rows, row_texts
from ledger.trading.fees import FeeRates, charged_quanta
from ledger.trading.market import PPM, Market
from ledger.trading.orders import OrderRow
from ledger.trading.reports import Reason

__all__ = ["HoldEntry", "Purse", "SpotFunds", "Till", "bid_requirement"]

# One open order's money is a list of integers, as in `book_base.py`. PRICE is the worst that it may pay, in ticks;
# LEFT its steps to go; RATE the greatest fee in ppm; ACCRUED in ppm-quanta, CHARGED and HELD in quanta; HANDLE and
# CREDIT are the till's, CREDIT 0 until the first fill asks for it. While HELD is 0 the handle says nothing.
ACCOUNT, SIDE, PRICE, LEFT, BY_QUOTE, MAKER_PPM, TAKER_PPM, RATE, ACCRUED, CHARGED, HELD, HANDLE, CREDIT = range(13)
HoldEntry: TypeAlias = list[int]
_INSUFFICIENT_FUNDS = int(Reason.INSUFFICIENT_FUNDS)


class Till(Protocol):
    """The balances of one market's two assets. What a hold is, its handle says: above 0, and good until it is spent."""

    def hold(self, order_id: int, account: int, side: int, quanta: int, /) -> int:
        """Hold what an order of `side` gives: base for an ask, quote for a bid. The handle, or 0 if it is not free."""

    def raise_hold(self, handle: int, order_id: int, account: int, side: int, quanta: int, /) -> int:
        """Hold `quanta` more for the order. The handle from now on; or 0, and the old hold stands as it was."""

    def release(self, handle: int, quanta: int, /) -> object:
        """Free `quanta` of the hold. Anything but 0 or None is a refusal, which cannot be."""

    def credit(self, account: int, side: int, /) -> int:
        """The number, above 0, of where an order of `side` gets what it buys."""

    def settle(
        self, buyer_handle: int, seller_handle: int, buyer_credit: int, seller_credit: int, base_quanta: int,
        quote_quanta: int, buyer_fee: int, seller_fee: int, freed: int, /,
    ) -> None:  # fmt: skip
        """Post one fill out of the holds: base from the seller to the buyer, quote the other way.

        The buyer's hold falls by the notional and its fee, whose sign may make that less than the notional, and by
        `freed`, which it no longer needs. The seller's free claim grows by the notional less its fee (all in quote).
        """

    def share(self, buyer: int, seller: int, buyer_fee: int, seller_fee: int, /) -> None:
        """Give the referrers of two accounts their share of a fill's fees; called while `shared` is not empty."""

    @property
    def shared(self) -> Sized:
        """The accounts whose fees are shared."""


class Purse(Protocol):
    """The balances, as the ledger keeps them: what is held is the pending counter of a claim."""

    def till(self, base: str, quote: str, /) -> Till:
        """What one market works with."""


def bid_requirement(notional_quanta: int, rate_ppm: int, fee_numerator: int, fee_charged: int) -> int:
    """Quote quanta that a bid holds for `notional_quanta` still to buy; see the module."""
    return notional_quanta + charged_quanta(fee_numerator + notional_quanta * rate_ppm) - fee_charged


class SpotFunds:
    """`protocols.Funds` for a spot market: nothing trades that was not held in full. `holds` is by order id.

    `traded` is the notional in quote quanta that each payer traded on either side, until who counts it clears it.
    """

    checks_makers = False

    def __init__(self, market: Market, rates: Callable[[int], FeeRates], purse: Purse) -> None:
        till = purse.till(market.base, market.quote)
        self.market = market
        self.till = till
        self.holds: dict[int, HoldEntry] = {}
        self.traded: dict[int, int] = {}
        self.taker = 0
        self._rates = rates
        self._till_hold, self._till_release, self._settle = till.hold, till.release, till.settle
        self._shared = till.shared
        self._unit = market.unit_quanta
        self._step = market.step_quanta

    def hold(self, order: OrderRow, price_worst: int) -> int:
        """See `Funds.hold`."""
        order_id, account, _, side, _, _, quantity, _, _, _, _, _, quote, _, _, _, _ = order
        if not quantity:
            quantity = quote // (price_worst * self._unit)
        maker_ppm, taker_ppm = self._rates(account)
        rate = maker_ppm if maker_ppm > taker_ppm else taker_ppm
        assert rate >= 0, "no account is paid on both sides"
        if side:
            held = quantity * self._step
        else:
            notional = price_worst * quantity * self._unit
            held = quote or notional - (-notional * rate // PPM)
        handle = 0
        if held:  # an ask for less quote than one step brings has nothing to hold and ends unfilled
            handle = self._till_hold(order_id, account, side, held)
            if not handle:
                return _INSUFFICIENT_FUNDS
        self.holds[order_id] = [
            account, side, price_worst, quantity, 1 if quote else 0, maker_ppm, taker_ppm, rate, 0, 0, held, handle, 0
        ]  # fmt: skip
        return 0

    def taker_fee_ppm(self, order: OrderRow) -> int:
        """See `Funds.taker_fee_ppm`."""
        return self.holds[order[0]][TAKER_PPM]

    def check_maker(self, order_id: int, price: int, quantity: int) -> int:
        """See `Funds.check_maker`. What rests in a spot market is held in full."""
        return 0

    def fill(self, maker_id: int, taker_id: int, price: int, quantity: int) -> tuple[int, int]:
        """See `Funds.fill`. Both holds are exactly what is required again before this returns."""
        holds, unit = self.holds, self._unit
        maker, taker = holds[maker_id], holds[taker_id]
        notional = price * quantity * unit
        base = quantity * self._step
        traded, payer = self.traded, maker[ACCOUNT]
        traded[payer] = traded.get(payer, 0) + notional
        payer = taker[ACCOUNT]
        traded[payer] = traded.get(payer, 0) + notional
        # A fee is what the order's accrued fee, rounded up, has grown by (fees.py).
        maker[ACCRUED] = accrued = maker[ACCRUED] + notional * maker[MAKER_PPM]
        charged = -(-accrued // PPM)
        maker_fee = charged - maker[CHARGED]
        maker[CHARGED] = charged
        taker[ACCRUED] = accrued = taker[ACCRUED] + notional * taker[TAKER_PPM]
        charged = -(-accrued // PPM)
        taker_fee = charged - taker[CHARGED]
        taker[CHARGED] = charged
        if maker[SIDE]:
            buyer, seller, buyer_id, seller_id, buyer_fee, seller_fee = (
                taker, maker, taker_id, maker_id, taker_fee, maker_fee
            )  # fmt: skip
        else:
            buyer, seller, buyer_id, seller_id, buyer_fee, seller_fee = (
                maker, taker, maker_id, taker_id, maker_fee, taker_fee
            )  # fmt: skip
        seller[LEFT] = left = seller[LEFT] - quantity
        seller[HELD] = held = seller[HELD] - base
        assert held >= 0, "no fill takes more than was held"
        if not left and not seller[BY_QUOTE]:
            assert not held, "a filled order holds nothing"
            del holds[seller_id]
        buyer[LEFT] = left = buyer[LEFT] - quantity
        held = buyer[HELD] - notional - buyer_fee
        freed = 0
        if not buyer[BY_QUOTE]:
            freed = held
            if left:
                # `required`, written out: this is the hot path, and a test compares the two after every command.
                due = buyer[PRICE] * left * unit
                held = due - (-(buyer[ACCRUED] + due * buyer[RATE]) // PPM) - buyer[CHARGED]
                freed -= held
            else:
                held = 0
                del holds[buyer_id]
        assert freed >= 0 <= held, "a hold always covers its order's fills"
        buyer[HELD] = held
        self._settle(
            buyer[HANDLE], seller[HANDLE], buyer[CREDIT] or self._credit(buyer), seller[CREDIT] or self._credit(seller),
            base, notional, buyer_fee, seller_fee, freed,
        )  # fmt: skip
        if self._shared:
            self.till.share(buyer[ACCOUNT], seller[ACCOUNT], buyer_fee, seller_fee)
        return maker_fee, taker_fee

    def fired(self, order: OrderRow) -> int:
        """See `Funds.fired`: what was asked for."""
        return order[6]

    def _credit(self, entry: HoldEntry) -> int:
        credit = entry[CREDIT] = self.till.credit(entry[ACCOUNT], entry[SIDE])
        return credit

    def amend(self, order_id: int, price: int, quantity: int) -> int:
        """See `Funds.amend`."""
        entry = self.holds[order_id]
        old = (entry[PRICE], entry[LEFT])
        entry[PRICE], entry[LEFT] = price, quantity
        change = self.required(entry) - entry[HELD]
        if change > 0:
            handle = self.till.raise_hold(entry[HANDLE], order_id, entry[ACCOUNT], entry[SIDE], change)
            if not handle:
                entry[PRICE], entry[LEFT] = old
                return _INSUFFICIENT_FUNDS
            entry[HANDLE] = handle
        elif change < 0:
            refused = self._till_release(entry[HANDLE], -change)
            assert not refused, "what is held can be released"
        entry[HELD] += change
        return 0

    def release(self, order_id: int) -> None:
        """See `Funds.release`."""
        entry = self.holds.pop(order_id)
        if entry[HELD]:
            refused = self._till_release(entry[HANDLE], entry[HELD])
            assert not refused, "what is held can be released"

    def required(self, entry: HoldEntry) -> int:
        """What the order must hold now: base quanta of an ask, quote quanta of a bid by quantity."""
        if entry[SIDE]:
            return entry[LEFT] * self._step
        return bid_requirement(entry[PRICE] * entry[LEFT] * self._unit, entry[RATE], entry[ACCRUED], entry[CHARGED])

    def to_state(self) -> list[Json]:
        """The money of every order that holds any, in canonical JSON: order id and `HoldEntry`, by rising id.

        Handles and credits are the purse's own, so the purse has to be restored to the same moment.
        """
        assert not self.traded, "what was traded is counted before a checkpoint"
        return row_texts((order_id, *self.holds[order_id]) for order_id in sorted(self.holds))

    @classmethod
    def from_state(cls, market: Market, rates: Callable[[int], FeeRates], purse: Purse, document: Any) -> Self:
        """The funds that `to_state` described. Raises FormatError."""
        funds = cls(market, rates, purse)
        funds.holds = {order_id: entry for order_id, *entry in read_rows(document, CREDIT + 2)}
        for entry in funds.holds.values():
            if not entry[BY_QUOTE] and entry[HELD] != funds.required(entry):
                raise FormatError("a hold in a checkpoint is not what its order requires")
        return funds
