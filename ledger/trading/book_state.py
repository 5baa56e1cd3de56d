"""The fast book's state: what it is made of, how an order comes into it, and how it is hashed, kept and restored.

`book.py` describes the structure; `book_base.py` and `book.py` do everything else with it.
"""

from __future__ import annotations

from bisect import insort
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from heapq import heapify, heappush
from typing import Any, Self

from ledger.canonical import Json
from ledger.trading.checkpoint import book_document, fill_book
from ledger.trading.market import Market, MarketState
from ledger.trading.orders import NewOrder
from ledger.trading.protocols import Funds
from ledger.trading.reports import Kind, Reason, ReportRow
from ledger.trading.rules import Bound, tightest
from ledger.trading.state import OrderState, digest_state
from ledger.trading.triggers import TriggerBook

__all__ = ["BookState"]

# A resting order is a list of integers, because a list costs a quarter of an object. Its places:
REMAINING, ORDER_ID, OWNER, ACCOUNT, KEY, PARTNER, QUANTITY, SESSION, EXPIRES, SELF_TRADE, POST_ONLY = range(11)
Entry = list[int]

NO_LIMIT = -(2**62)
NEVER_US = 2**63
# A queue of up to this many orders is a dict: what is taken out leaves gaps, but of a small table they are few, and it
# costs half. A longer one becomes an OrderedDict, whose front is found at once however many orders left it.
SHALLOW_MAX = 32
_RESTED = int(Kind.RESTED)


class BookState:
    """Orders by price and account, triggers, references and bounds."""

    __slots__ = (
        "_asks",
        "_band",
        "_banded",
        "_bids",
        "_bound_keys",
        "_bounds",
        "_by_account",
        "_expiries",
        "_expiries_max",
        "_guarded",
        "_high",
        "_killed",
        "_levels",
        "_limited",
        "_limits",
        "_low",
        "_newest_id",
        "_references",
        "_stops",
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
        # Every order by account and id; None for one that waits for its trigger.
        self._by_account: dict[int, dict[int, Entry | None]] = {}
        self._triggers = TriggerBook()
        self._waiting = self._triggers.orders  # the same dict: its truth costs no call
        self._expiries: list[tuple[int, int, int]] = []  # time, order id, account
        self._expiries_max = 64
        self._killed: dict[int, None] = {}
        self._references = [0, 0, 0]
        self._bounds: tuple[Bound, ...] = ()
        # Ids mostly rise: one above all that were accepted is known to be free without a look into any table.
        self._newest_id = 0
        # Highest and lowest last price since the triggers were looked at; kept only while some order waits.
        self._high = self._low = 0
        # Whether anything stands between an order and the book beside its own limits.
        self._guarded = False
        self._take_limits(market)

    def _take_limits(self, market: Market) -> None:
        """Keep what the hot path asks of a market where it is found fastest, and forget what followed from others."""
        self._band = (0, 0, 0)
        self._stops = [(0, 0), (0, 0)]
        highest, lowest = (tightest(self._bounds, side)[0] for side in (0, 1))
        self._bound_keys = (-highest if highest else NO_LIMIT, lowest or NO_LIMIT)
        is_discovered = any(reason == Reason.DISCOVERY_BAND for _, _, reason in self._bounds)
        self._banded = bool(market.limit_band_down_ppm or market.limit_band_up_ppm or is_discovered)
        self._limited = bool(market.impact_down_ppm or market.impact_up_ppm or self._bounds)
        least_units = -(-market.notional_min_quanta // market.unit_quanta)
        most_units = market.order_value_max_quanta // market.unit_quanta
        self._limits = (
            market.price_min,
            market.price_max,
            market.quantity_min,
            min(market.quantity_max, market.order_volume_max),
            least_units,
            most_units,
            market.open_orders_max,
        )

    def depth(self, side: int, levels: int) -> list[tuple[int, int]]:
        """See `Book.depth`."""
        keys = (self._asks if side else self._bids)[::-1][:levels]
        return [(abs(key), sum(entry[REMAINING] for entry in self._levels[key].values())) for key in keys]

    def state_digest(self) -> bytes:
        """See `Book.state_digest`."""
        bids, asks = self.resting()
        bounds = (number for bound in self._bounds for number in bound)
        numbers = (self.state, self.time_us, self.trade_id, *self._references, *bounds)
        return digest_state(bids, asks, self._triggers, self.killed(), numbers)

    # The state in parts, for digests and checkpoints

    def resting(self) -> tuple[list[OrderState], list[OrderState]]:
        """Bids and asks, in the order in which they trade."""
        bids, asks = (
            [_order_state(entry) for key in reversed(keys) for entry in self._levels[key].values()]
            for keys in (self._bids, self._asks)
        )
        return bids, asks

    def pending(self) -> list[NewOrder]:
        """Orders that wait for their triggers, as they came."""
        return list(self._triggers)

    def killed(self) -> list[int]:
        """Accounts whose kill switch is thrown, by number."""
        return sorted(self._killed)

    def watched(self) -> tuple[int, ...]:
        """Last, mark and index price; lowest and highest last price that triggers have not seen."""
        return (*self._references, self._low, self._high)

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """The bounds that are in force, as they were given."""
        return self._bounds

    def to_state(self) -> dict[str, Json]:
        """The book as a document in canonical JSON; see `ledger.trading.checkpoint`. Reports must be taken first."""
        return book_document(self)

    @classmethod
    def from_state(cls, market: Market, funds: Funds | None, document: Any) -> Self:
        """The book that `to_state` described; `funds` are those of the same moment. Raises FormatError."""
        book = cls(market, funds)
        fill_book(book, document)
        return book

    def protect(self, bounds: Iterable[Bound]) -> None:
        """See `Book.protect`."""
        self._bounds = tuple(Bound(*bound) for bound in bounds)
        assert all(low >= 0 and (high == 0 or low <= high) for low, high, _ in self._bounds), "bounds are in order"
        self._take_limits(self.market)

    def fill(
        self,
        numbers: Sequence[int],
        bounds: Iterable[Bound],
        orders: Iterable[OrderState],
        pending: Iterable[NewOrder],
        killed: Iterable[int],
    ) -> None:
        """Give an empty book its state: `numbers` are state, time, trade id and what `watched` gives."""
        assert not self._levels and not self._triggers, "only an empty book is filled"
        self.state, self.time_us, self.trade_id, *watched = numbers
        self._references, (self._low, self._high) = watched[:3], watched[3:]
        self.protect(bounds)
        for row in orders:
            key = -row.price if row.side else row.price
            entry = [row.remaining, row.order_id, row.owner, row.account, key, row.oco_partner, row.quantity]
            self._rest([*entry, row.session, row.expires_us, row.self_trade, row.post_only])
        for order in pending:
            self._triggers.add(order)
            self._by_account.setdefault(order.account, {})[order.order_id] = None
            if order.expires_us:
                self._watch_expiry(order.expires_us, order.order_id, order.account)
        self._killed = dict.fromkeys(killed)
        self._guarded = bool(self._killed) or self.state != MarketState.OPEN
        self._newest_id = max((number for mine in self._by_account.values() for number in mine), default=0)
        self.reports.clear()

    # Orders that come

    def _find(self, order_id: int, account: int) -> Entry | None:
        """The resting order of that id and account."""
        mine = self._by_account.get(account)
        return mine.get(order_id) if mine else None

    def _queue(self, key: int, order_id: int, entry: Entry) -> None:
        level = self._levels.get(key)
        if level is None:
            level = self._levels[key] = {}
            insort(self._bids if key > 0 else self._asks, key)
        elif len(level) == SHALLOW_MAX:
            level = self._levels[key] = OrderedDict(level)
        level[order_id] = entry

    def _rest(self, entry: Entry) -> None:
        """Put an order at the end of its price's queue."""
        key, order_id, account = entry[KEY], entry[ORDER_ID], entry[ACCOUNT]
        self._queue(key, order_id, entry)
        self._by_account.setdefault(account, {})[order_id] = entry
        if entry[EXPIRES]:
            self._watch_expiry(entry[EXPIRES], order_id, account)
        self.reports.append((_RESTED, order_id, abs(key), entry[REMAINING]))

    def _watch_expiry(self, expires_us: int, order_id: int, account: int) -> None:
        """Note an expiry. Those of orders that ended otherwise are swept out when they are most of the heap."""
        heappush(self._expiries, (expires_us, order_id, account))
        if len(self._expiries) >= self._expiries_max:
            noted = dict.fromkeys(self._expiries)
            self._expiries = [item for item in noted if self._expires_at(item[1], item[2]) == item[0]]
            heapify(self._expiries)
            self._expiries_max = 2 * len(self._expiries) + 64

    def _expires_at(self, order_id: int, account: int) -> int:
        entry, order = self._find(order_id, account), self._triggers.get(order_id)
        if entry is not None:
            return entry[EXPIRES]
        return order.expires_us if order is not None else -1


def _order_state(entry: Entry) -> OrderState:
    side, price = int(entry[KEY] < 0), abs(entry[KEY])
    shown = (price, entry[QUANTITY], entry[REMAINING], entry[SESSION], entry[EXPIRES])
    rest = (entry[SELF_TRADE], entry[POST_ONLY], entry[PARTNER])
    return OrderState(entry[ORDER_ID], entry[ACCOUNT], entry[OWNER], side, *shown, *rest)
