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
from ledger.trading.orders import NewOrder, OrderRow, Side
from ledger.trading.reports import Reason

__all__ = ["OrderHold", "Purse", "SpotFunds", "bid_requirement"]


class Purse(Protocol):
    """The balances, as the ledger keeps them: what is held is the pending counter of a claim."""

    def hold(self, account: int, asset: str, quanta: int) -> bool:
        """Hold `quanta` of what is free, or change nothing and say no."""

    def release(self, account: int, asset: str, quanta: int) -> None:
        """Free `quanta` of what is held."""

    def settle(self, buyer: int, seller: int, base_quanta: int, quote_quanta: int, fees: tuple[int, int]) -> None:
        """Post one fill out of holds: base from the seller to the buyer, quote the other way.

        `fees` of buyer and seller, in quote. The buyer's hold and claim fall by the notional and its fee, whose sign
        may make that less than the notional; the seller's free claim grows by the notional less its fee.
        """


def bid_requirement(notional_quanta: int, rate_ppm: int, fee_numerator: int, fee_charged: int) -> int:
    """Quote quanta that a bid holds for `notional_quanta` still to buy; see the module."""
    return notional_quanta + charged_quanta(fee_numerator + notional_quanta * rate_ppm) - fee_charged


class OrderHold:
    """One open order's money. `price` in ticks is the worst that it may pay; `quantity` in steps is what is left."""

    __slots__ = ("account", "by_quote", "charged", "held", "maker_ppm", "numerator", "price", "quantity", "rate", "side",
                 "taker_ppm")  # fmt: skip

    def __init__(self, order: NewOrder, price: int, quantity: int, rates: FeeRates) -> None:
        self.account = order.account
        self.side = order.side
        self.price = price
        self.quantity = quantity
        self.by_quote = order.quote_quanta > 0
        self.maker_ppm, self.taker_ppm = rates
        self.rate = max(rates.maker_ppm, rates.taker_ppm, 0)
        self.numerator = 0
        self.charged = 0
        self.held = 0

    def accrue(self, notional_quanta: int, rate_ppm: int) -> int:
        """Charge one fill; the fee in quote quanta, negative for a rebate."""
        self.numerator += notional_quanta * rate_ppm
        charged = -(-self.numerator // PPM)
        fee = charged - self.charged
        self.charged = charged
        return fee


class SpotFunds:
    """`protocols.Funds` for a spot market: nothing trades that was not held in full."""

    def __init__(self, market: Market, rates: Callable[[int], FeeRates], purse: Purse) -> None:
        self.market = market
        self.holds: dict[int, OrderHold] = {}
        self._rates = rates
        self._purse = purse
        self._unit = market.unit_quanta
        self._step = market.step_quanta
        self._assets = (market.quote, market.base)

    def hold(self, order: OrderRow, price_worst: int) -> int:
        """See `Funds.hold`."""
        row = NewOrder(*order)
        quantity = row.quantity or row.quote_quanta // (price_worst * self._unit)
        entry = OrderHold(row, price_worst, quantity, self._rates(row.account))
        entry.held = row.quote_quanta if row.quote_quanta and not row.side else self.required(entry)
        if not self._purse.hold(row.account, self._assets[row.side], entry.held):
            return Reason.INSUFFICIENT_FUNDS
        self.holds[row.order_id] = entry
        return 0

    def taker_fee_ppm(self, order: OrderRow) -> int:
        """See `Funds.taker_fee_ppm`."""
        return self.holds[order[0]].taker_ppm

    def check_maker(self, order_id: int, price: int, quantity: int) -> int:
        """See `Funds.check_maker`. What rests in a spot market is held in full."""
        return 0

    def fill(self, maker_id: int, taker_id: int, price: int, quantity: int) -> tuple[int, int]:
        """See `Funds.fill`."""
        maker, taker = self.holds[maker_id], self.holds[taker_id]
        notional = price * quantity * self._unit
        maker_fee = maker.accrue(notional, maker.maker_ppm)
        taker_fee = taker.accrue(notional, taker.taker_ppm)
        base = quantity * self._step
        if maker.side == Side.BID:
            self._purse.settle(maker.account, taker.account, base, notional, (maker_fee, taker_fee))
        else:
            self._purse.settle(taker.account, maker.account, base, notional, (taker_fee, maker_fee))
        self._lower(maker_id, maker, base, quantity, notional + maker_fee)
        self._lower(taker_id, taker, base, quantity, notional + taker_fee)
        return maker_fee, taker_fee

    def amend(self, order_id: int, price: int, quantity: int) -> int:
        """See `Funds.amend`."""
        entry = self.holds[order_id]
        old = (entry.price, entry.quantity)
        entry.price, entry.quantity = price, quantity
        change = self.required(entry) - entry.held
        asset = self._assets[entry.side]
        if change > 0 and not self._purse.hold(entry.account, asset, change):
            entry.price, entry.quantity = old
            return Reason.INSUFFICIENT_FUNDS
        if change < 0:
            self._purse.release(entry.account, asset, -change)
        entry.held += change
        return 0

    def release(self, order_id: int) -> None:
        """See `Funds.release`."""
        entry = self.holds.pop(order_id)
        if entry.held:
            self._purse.release(entry.account, self._assets[entry.side], entry.held)

    def required(self, entry: OrderHold) -> int:
        """What the order must hold now: base quanta of an ask, quote quanta of a bid by quantity."""
        if entry.side == Side.ASK:
            return entry.quantity * self._step
        return bid_requirement(entry.price * entry.quantity * self._unit, entry.rate, entry.numerator, entry.charged)

    def _lower(self, order_id: int, entry: OrderHold, base_quanta: int, quantity: int, cost_quanta: int) -> None:
        """Bring a hold down to what is still required after a fill that was paid out of it."""
        entry.quantity -= quantity
        if entry.side == Side.ASK:
            entry.held -= base_quanta
        else:
            entry.held -= cost_quanta
            if not entry.by_quote:
                required = self.required(entry)
                freed = entry.held - required
                assert freed >= 0, "a hold always covers its order's fills"
                if freed:
                    self._purse.release(entry.account, self._assets[0], freed)
                    entry.held = required
        assert entry.held >= 0, "no fill takes more than was held"
        if not entry.quantity and not entry.by_quote:
            assert not entry.held, "a filled order holds nothing"
            del self.holds[order_id]
