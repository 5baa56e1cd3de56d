"""The money behind orders of a derivative market: equity and no coins.

An order holds nothing; it counts as exposure from its entry to its end, on its worst side. Both sides of a fill are
judged again at the match: a maker whose wallet cannot stand it expires with the reason, a taker stops. A fill moves
the positions; its fees, accrued and rounded up once for an order as in spot markets, are due at the next settlement.

What it must cost: entering an order one judgement of its wallet, a fill two. Source: exchange.md 2.3, 5.3, 7.2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ledger.canonical import Json
from ledger.margin.positions import Positions
from ledger.markets.wallet import Wallet
from ledger.trading.checkpoint import read_rows, row_texts
from ledger.trading.fees import FeeRates
from ledger.trading.market import PPM, Market
from ledger.trading.orders import OrderRow
from ledger.trading.reports import Reason

__all__ = ["MARGIN", "REDUCE_ONLY", "SYSTEM", "WHOLE_POSITION", "PerpetualFunds"]

MARGIN: Final = 1
REDUCE_ONLY: Final = 2
WHOLE_POSITION: Final = 4
SYSTEM: Final = 8
"""Flags of an order beside its row. A system order is the exchange's own, of a liquidation: no limit stops it."""

ACCOUNT, SIDE, PRICE, LEFT, FLAGS, MAKER_PPM, TAKER_PPM, ACCRUED, CHARGED, BY_QUOTE = range(10)
_REDUCE_ONLY_REASON = int(Reason.REDUCE_ONLY_NOT_REDUCED)


class PerpetualFunds:
    """`protocols.Funds` of a derivative market. `flags`: of orders that are not in `holds` yet, by order id."""

    checks_makers = True

    def __init__(
        self, market: Market, product: str, rates: Callable[[int], FeeRates], wallet: Wallet, positions: Positions
    ) -> None:
        self.market = market
        self.product = product
        self.holds: dict[int, list[int]] = {}
        self.flags: dict[int, int] = {}
        self.traded: dict[int, int] = {}
        self.open: dict[int, list[int]] = {}
        """Steps of open orders by payer, on each side, that are not reduce-only: what could add to a position."""
        self.reducing: dict[int, list[int]] = {}
        """The same of reduce-only orders."""
        self._rates, self._wallet, self._size = rates, wallet, positions.size
        self._unit = market.unit_quanta
        self.taker = 0
        """The order that is being matched; whoever runs the book sets it to 0 when its command is done."""

    # Orders.

    def hold(self, order: OrderRow, price_worst: int) -> int:
        """See `Funds.hold`."""
        order_id, payer, _, side, _, _, quantity, _, _, _, _, _, quote, _, _, _, _ = order
        flags = self.flags.pop(order_id, 0)
        if not quantity:
            quantity = quote // (price_worst * self._unit)
        refused = 0
        if not flags & SYSTEM:
            refused = self._wallet.may_trade(payer, self.product)
        if not refused and flags & REDUCE_ONLY:
            refused = 0 if 0 < quantity <= self._reducible(payer, side) else _REDUCE_ONLY_REASON
        elif not refused and not flags & SYSTEM:
            refused = self._wallet.may_add(payer, self.market.symbol, side, quantity)
        if refused:
            return refused
        maker_ppm, taker_ppm = self._rates(payer)
        self.holds[order_id] = [
            payer, side, price_worst, quantity, flags, maker_ppm, taker_ppm, 0, 0, 1 if quote else 0
        ]  # fmt: skip
        self._count(payer, side, quantity, flags)
        self.taker = order_id
        return 0

    def _reducible(self, payer: int, side: int) -> int:
        """Steps that reduce-only orders of a side may still take from the position."""
        size = self._size(payer)
        there = -size if side == 0 else size
        return max(there, 0) - self.reducing.get(payer, (0, 0))[side]

    def _count(self, payer: int, side: int, steps: int, flags: int) -> None:
        table = self.reducing if flags & REDUCE_ONLY else self.open
        counted = table.get(payer)
        if counted is None:
            counted = table[payer] = [0, 0]
        counted[side] += steps
        assert counted[side] >= 0, "no more ends than was opened"
        if not (counted[0] or counted[1]):
            del table[payer]

    def fired(self, order: OrderRow) -> int:
        """See `Funds.fired`: a whole position is what it is when the trigger fires, less others that reduce it."""
        if self.flags.get(order[0], 0) & WHOLE_POSITION:
            return max(0, min(self._reducible(order[1], order[3]), self.market.quantity_max))
        return order[6]

    def taker_fee_ppm(self, order: OrderRow) -> int:
        """See `Funds.taker_fee_ppm`."""
        return self.holds[order[0]][TAKER_PPM]

    def check_maker(self, order_id: int, price: int, quantity: int) -> int:
        """See `Funds.check_maker`: below zero where it is the taker that cannot stand the fill."""
        taker = self.holds.get(self.taker)
        if taker is not None:  # an order that fills or dies asks before it is held
            refused = self._refusal(taker, price, quantity, taker[TAKER_PPM])
            if refused:
                return -refused
        maker = self.holds[order_id]
        return self._refusal(maker, price, quantity, maker[MAKER_PPM])

    def _refusal(self, entry: list[int], price: int, quantity: int, ppm: int) -> int:
        payer, side, flags = entry[ACCOUNT], entry[SIDE], entry[FLAGS]
        if flags & REDUCE_ONLY:
            size = self._size(payer)
            if quantity > (-size if side == 0 else size):
                return _REDUCE_ONLY_REASON
        if flags & SYSTEM:
            return 0
        value = price * quantity * self._unit
        fee = -(-(entry[ACCRUED] + value * ppm) // PPM) - entry[CHARGED]
        return self._wallet.may_fill(payer, self.market.symbol, side, quantity, value, fee)

    def fill(self, maker_id: int, taker_id: int, price: int, quantity: int) -> tuple[int, int]:
        """See `Funds.fill`."""
        maker, taker = self.holds[maker_id], self.holds[taker_id]
        value = price * quantity * self._unit
        traded = self.traded
        for entry in (maker, taker):
            traded[entry[ACCOUNT]] = traded.get(entry[ACCOUNT], 0) + value
        maker_fee, taker_fee = _charge(maker, value * maker[MAKER_PPM]), _charge(taker, value * taker[TAKER_PPM])
        for order_id, entry in ((maker_id, maker), (taker_id, taker)):
            taken = min(quantity, entry[LEFT])  # an order by quote may buy more steps than at its worst price
            self._count(entry[ACCOUNT], entry[SIDE], -taken, entry[FLAGS])
            entry[LEFT] -= taken
            if not entry[LEFT] and not entry[BY_QUOTE]:
                del self.holds[order_id]
        if maker[SIDE]:
            buyer, seller, fees = taker, maker, (taker_fee, maker_fee)
        else:
            buyer, seller, fees = maker, taker, (maker_fee, taker_fee)
        self._wallet.filled(self.market.symbol, buyer[ACCOUNT], seller[ACCOUNT], quantity, price, fees)
        return maker_fee, taker_fee

    def too_many(self, payer: int) -> list[tuple[int, int]]:
        """Reduce-only orders that could turn a position which got smaller: id and steps too many, newest first."""
        found: list[tuple[int, int]] = []
        counted = self.reducing.get(payer)
        if counted is None:
            return found
        for side in (0, 1):
            size = self._size(payer)
            over = counted[side] - max(0, -size if side == 0 else size)
            for order_id in sorted(self.holds, reverse=True) if over > 0 else ():
                entry = self.holds[order_id]
                if over > 0 and entry[ACCOUNT] == payer and entry[SIDE] == side and entry[FLAGS] & REDUCE_ONLY:
                    found.append((order_id, min(over, entry[LEFT])))
                    over -= entry[LEFT]
        return found

    def amend(self, order_id: int, price: int, quantity: int) -> int:
        """See `Funds.amend`."""
        entry = self.holds[order_id]
        payer, side, flags, more = entry[ACCOUNT], entry[SIDE], entry[FLAGS], quantity - entry[LEFT]
        if more > 0:
            if flags & REDUCE_ONLY:
                refused = 0 if more <= self._reducible(payer, side) else _REDUCE_ONLY_REASON
            else:
                refused = self._wallet.may_add(payer, self.market.symbol, side, more)
            if refused:
                return refused
        self._count(payer, side, more, flags)
        entry[PRICE], entry[LEFT] = price, quantity
        self.taker = order_id
        return 0

    def release(self, order_id: int) -> None:
        """See `Funds.release`."""
        entry = self.holds.pop(order_id)
        self._count(entry[ACCOUNT], entry[SIDE], -entry[LEFT], entry[FLAGS])

    # The state.

    def to_state(self) -> Json:
        """Every open order's row by rising id, and the flags of orders that wait for their trigger."""
        assert not self.traded, "what was traded is counted before a checkpoint"
        return {
            "flags": [[order_id, flags] for order_id, flags in sorted(self.flags.items())],
            "orders": row_texts((order_id, *self.holds[order_id]) for order_id in sorted(self.holds)),
        }

    def restore(self, document: Any) -> None:
        """Take the state that `to_state` described into funds that have none yet."""
        self.flags = dict(document["flags"])
        for order_id, *entry in read_rows(document["orders"], BY_QUOTE + 2):
            self.holds[order_id] = entry
            self._count(entry[ACCOUNT], entry[SIDE], entry[LEFT], entry[FLAGS])


def _charge(entry: list[int], numerator: int) -> int:
    """What an order's accrued fee, rounded up, has grown by (trading/fees.py)."""
    entry[ACCRUED] += numerator
    charged = -(-entry[ACCRUED] // PPM)
    fee = charged - entry[CHARGED]
    entry[CHARGED] = charged
    return fee
