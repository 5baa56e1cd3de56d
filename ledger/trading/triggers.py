"""Orders that wait for a price: six sorted lists, one for each watched price and direction, the next to fire last."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from ledger.trading.orders import NewOrder, TriggerBy

__all__ = ["TriggerBook"]

_Entry = tuple[int, int, int]  # signed trigger price, minus the order of arrival, order id


class TriggerBook:
    """Pending orders by id, and the one that is due next. Adding and removing cost one bisection."""

    __slots__ = ("_arrivals", "_entries", "_falls", "_rises", "last_falls", "last_rises", "orders")

    def __init__(self) -> None:
        self.orders: dict[int, NewOrder] = {}
        self._entries: dict[int, _Entry] = {}
        self._arrivals = 0
        self._rises: tuple[list[_Entry], ...] = ([], [], [])  # by TriggerBy
        self._falls: tuple[list[_Entry], ...] = ([], [], [])
        self.last_rises = self._rises[TriggerBy.LAST]
        self.last_falls = self._falls[TriggerBy.LAST]

    def __len__(self) -> int:
        return len(self.orders)

    def __contains__(self, order_id: int) -> bool:
        return order_id in self.orders

    def __iter__(self) -> Iterator[NewOrder]:
        """Pending orders as they came."""
        return iter(self.orders.values())

    def get(self, order_id: int) -> NewOrder | None:
        """The pending order of this id."""
        return self.orders.get(order_id)

    def add(self, order: NewOrder) -> None:
        """Let `order` wait."""
        self._arrivals += 1
        rise = order.fires_on_rise
        # The list's end fires next: the lowest price on a rise, the highest on a fall, and the oldest of one price.
        entry = (-order.trigger_price if rise else order.trigger_price, -self._arrivals, order.order_id)
        insort((self._rises if rise else self._falls)[order.trigger_by], entry)
        self.orders[order.order_id] = order
        self._entries[order.order_id] = entry

    def remove(self, order_id: int) -> NewOrder:
        """Take a pending order out."""
        order = self.orders.pop(order_id)
        entry = self._entries.pop(order_id)
        watch = (self._rises if order.fires_on_rise else self._falls)[order.trigger_by]
        place = bisect_left(watch, entry)
        assert watch[place] == entry, "a pending order stands in its watch"
        del watch[place]
        return order

    def next_due(self, highs: tuple[int, int, int], lows: tuple[int, int, int]) -> NewOrder | None:
        """The order to fire now: last before mark before index, rises before falls; `highs` and `lows` by TriggerBy."""
        for rises, falls, high, low in zip(self._rises, self._falls, highs, lows, strict=True):
            if rises and -rises[-1][0] <= high:
                return self.orders[rises[-1][2]]
            if falls and falls[-1][0] >= low > 0:
                return self.orders[falls[-1][2]]
        return None
