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

from collections.abc import Callable
from typing import Protocol

from ledger.trading.fees import FeeRates, charged_quanta
from ledger.trading.market import PPM, Market
from ledger.trading.orders import OrderRow
from ledger.trading.reports import Reason

__all__ = ["HoldEntry", "Purse", "SpotFunds", "bid_requirement"]


class Purse(Protocol):
    """The balances, as the ledger keeps them: what is held is the pending counter of a claim."""

    def hold(self, order_id: int, account: int, asset: str, quanta: int) -> bool:
        """Hold `quanta` more of what is free for an order, or change nothing and say no."""

    def release(self, order_id: int, account: int, asset: str, quanta: int) -> None:
        """Free `quanta` of what is held for an order."""

    def settle(
        self,
        orders: tuple[int, int],
        buyer: int,
        seller: int,
        base_quanta: int,
        quote_quanta: int,
        fees: tuple[int, int],
    ) -> None:
        """Post one fill out of holds: base from the seller to the buyer, quote the other way.

        `orders` and `fees` (in quote) of buyer and seller. The buyer's hold and claim fall by the notional and its fee,
        whose sign may make that less than the notional; the seller's free claim grows by the notional less its fee.
        """


def bid_requirement(notional_quanta: int, rate_ppm: int, fee_numerator: int, fee_charged: int) -> int:
    """Quote quanta that a bid holds for `notional_quanta` still to buy; see the module."""
    return notional_quanta + charged_quanta(fee_numerator + notional_quanta * rate_ppm) - fee_charged


# One open order's money is a list of integers, as in `book_base.py`. PRICE is the worst that it may pay, in ticks;
# LEFT its steps to go; RATE the greatest fee in ppm; ACCRUED in ppm-quanta, CHARGED and HELD in quanta.
ACCOUNT, SIDE, PRICE, LEFT, BY_QUOTE, MAKER_PPM, TAKER_PPM, RATE, ACCRUED, CHARGED, HELD = range(11)
HoldEntry = list[int]


class SpotFunds:
    """`protocols.Funds` for a spot market: nothing trades that was not held in full. `holds` is by order id."""

    def __init__(self, market: Market, rates: Callable[[int], FeeRates], purse: Purse) -> None:
        self.market = market
        self.holds: dict[int, HoldEntry] = {}
        self._rates = rates
        self._purse_hold, self._purse_release, self._settle = purse.hold, purse.release, purse.settle
        self._unit = market.unit_quanta
        self._step = market.step_quanta
        self._base, self._quote = market.base, market.quote

    def hold(self, order: OrderRow, price_worst: int) -> int:
        """See `Funds.hold`."""
        order_id, account, _, side, _, _, quantity, _, _, _, _, _, quote, _, _, _, _ = order
        if not quantity:
            quantity = quote // (price_worst * self._unit)
        maker_ppm, taker_ppm = self._rates(account)
        rate = maker_ppm if maker_ppm > taker_ppm else taker_ppm
        assert rate >= 0, "no account is paid on both sides"
        if side:
            asset, held = self._base, quantity * self._step
        else:
            notional = price_worst * quantity * self._unit
            asset, held = self._quote, quote or notional - (-notional * rate // PPM)
        # An ask for less quote than one step brings has nothing to hold and ends unfilled.
        if held and not self._purse_hold(order_id, account, asset, held):
            return Reason.INSUFFICIENT_FUNDS
        self.holds[order_id] = [
            account, side, price_worst, quantity, 1 if quote else 0, maker_ppm, taker_ppm, rate, 0, 0, held
        ]  # fmt: skip
        return 0

    def taker_fee_ppm(self, order: OrderRow) -> int:
        """See `Funds.taker_fee_ppm`."""
        return self.holds[order[0]][TAKER_PPM]

    def check_maker(self, order_id: int, price: int, quantity: int) -> int:
        """See `Funds.check_maker`. What rests in a spot market is held in full."""
        return 0

    def fill(self, maker_id: int, taker_id: int, price: int, quantity: int) -> tuple[int, int]:
        """See `Funds.fill`."""
        maker, taker = self.holds[maker_id], self.holds[taker_id]
        notional = price * quantity * self._unit
        base = quantity * self._step
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
            self._settle((taker_id, maker_id), taker[ACCOUNT], maker[ACCOUNT], base, notional, (taker_fee, maker_fee))
            self._lower_ask(maker_id, maker, quantity, base)
            self._lower_bid(taker_id, taker, quantity, notional + taker_fee)
        else:
            self._settle((maker_id, taker_id), maker[ACCOUNT], taker[ACCOUNT], base, notional, (maker_fee, taker_fee))
            self._lower_bid(maker_id, maker, quantity, notional + maker_fee)
            self._lower_ask(taker_id, taker, quantity, base)
        return maker_fee, taker_fee

    def amend(self, order_id: int, price: int, quantity: int) -> int:
        """See `Funds.amend`."""
        entry = self.holds[order_id]
        old = (entry[PRICE], entry[LEFT])
        entry[PRICE], entry[LEFT] = price, quantity
        change = self.required(entry) - entry[HELD]
        asset = self._base if entry[SIDE] else self._quote
        if change > 0 and not self._purse_hold(order_id, entry[ACCOUNT], asset, change):
            entry[PRICE], entry[LEFT] = old
            return Reason.INSUFFICIENT_FUNDS
        if change < 0:
            self._purse_release(order_id, entry[ACCOUNT], asset, -change)
        entry[HELD] += change
        return 0

    def release(self, order_id: int) -> None:
        """See `Funds.release`."""
        entry = self.holds.pop(order_id)
        if entry[HELD]:
            self._purse_release(order_id, entry[ACCOUNT], self._base if entry[SIDE] else self._quote, entry[HELD])

    def required(self, entry: HoldEntry) -> int:
        """What the order must hold now: base quanta of an ask, quote quanta of a bid by quantity."""
        if entry[SIDE]:
            return entry[LEFT] * self._step
        return bid_requirement(entry[PRICE] * entry[LEFT] * self._unit, entry[RATE], entry[ACCRUED], entry[CHARGED])

    def _lower_ask(self, order_id: int, entry: HoldEntry, quantity: int, base_quanta: int) -> None:
        """Bring an ask's hold down after a fill."""
        left = entry[LEFT] = entry[LEFT] - quantity
        held = entry[HELD] = entry[HELD] - base_quanta
        assert held >= 0, "no fill takes more than was held"
        if not left and not entry[BY_QUOTE]:
            assert not held, "a filled order holds nothing"
            del self.holds[order_id]

    def _lower_bid(self, order_id: int, entry: HoldEntry, quantity: int, paid_quanta: int) -> None:
        """Bring a bid's hold down to what is still required after a fill for which `paid_quanta` left it."""
        left = entry[LEFT] = entry[LEFT] - quantity
        held = entry[HELD] = entry[HELD] - paid_quanta
        assert held >= 0, "no fill takes more than was held"
        if entry[BY_QUOTE]:
            return
        # `required`, written out: this is the hot path, and a test compares the two after every command.
        due = entry[PRICE] * left * self._unit
        required = due - (-(entry[ACCRUED] + due * entry[RATE]) // PPM) - entry[CHARGED]
        assert held >= required, "a hold always covers its order's fills"
        if held > required:
            self._purse_release(order_id, entry[ACCOUNT], self._quote, held - required)
            entry[HELD] = required
        if not left:
            assert not required, "a filled order holds nothing"
            del self.holds[order_id]
