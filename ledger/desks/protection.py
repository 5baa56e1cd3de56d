"""The desk of protection: bands from marks and indices, circuit breakers, and the auctions by which markets reopen.

A breaker looks at the trades of each order or instruction when it is done, so a sweep ends where its own bands end it,
and what follows meets a halted market. A halted market takes limit orders that rest, crossed or not, for the time of the
auction; its mark is its index then. Operators may make a halted market stricter, never end the halt early.

Commands of its own it has none. The desk of orders tells it of trades and of every sample of a mark (`OrdersDesk.protect`
and `traded`); time ends a halt. The rules are in `ledger.markets.protection`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, NamedTuple

from ledger.canonical import Json
from ledger.commands import Command
from ledger.desks.base import NEVER_US, Desk, Handler, Shared
from ledger.desks.orders import OrdersDesk, Room
from ledger.events import AuctionHeld, MarketHalted
from ledger.markets.protection import Bands, Breaker, bounds_of
from ledger.parameters import SECOND_MICROS
from ledger.trading.auction import UNCROSSED

__all__ = ["ProtectionDesk"]

_PARAMETERS: Final = frozenset(
    {
        "market.mean_mark_band",
        "market.premium_tolerance",
        "market.discovery_band",
        "market.breaker_move",
        "market.breaker_window",
        "market.auction_time",
    }
)


class _Terms(NamedTuple):
    """The parameters of a market's protection as in force; `move` 0 for no breaker."""

    bands: Bands
    move: int
    window_us: int
    auction_us: int


class ProtectionDesk(Desk):
    """Protects the prices of all markets of the desk of orders, after which it is asked and restored."""

    NAME: ClassVar[str] = "protection"

    def __init__(self, shared: Shared, orders: OrdersDesk) -> None:
        super().__init__(shared)
        self._orders = orders
        self._breakers: dict[str, Breaker] = {}
        self._halts: dict[str, int] = {}
        self._indices: dict[str, int] = {}
        self._terms: dict[str, _Terms] = {}
        orders.protect, orders.traded = self.protect, self.traded
        shared.parameters.watch(self._parameter_changed)

    def handlers(self) -> dict[type[Command], Handler]:
        """None: what it does follows from trades, marks and time."""
        return {}

    @property
    def due_us(self) -> int:
        """When the next halt ends."""
        return min(self._halts.values(), default=NEVER_US)

    def pass_time(self) -> None:
        """Reopen the markets whose auction is due, by time and then by name."""
        if self._halts and self.due_us <= self.shared.time_us:
            for until_us, market in sorted((until_us, market) for market, until_us in self._halts.items()):
                if until_us <= self.shared.time_us:
                    self._reopen(market)

    def is_halted(self, market: str) -> bool:
        """Whether a breaker has stopped a market that was not reopened since."""
        return market in self._halts

    def _parameter_changed(self, name: str, scope: str) -> None:
        """Bands of other parameters act at once; a breaker that was changed begins anew, a halt runs to its end."""
        room = self._orders.rooms.get(scope)
        if name in _PARAMETERS and room is not None:
            self._terms.pop(scope, None)
            if name in ("market.breaker_move", "market.breaker_window"):
                self._breakers.pop(scope, None)
            self.protect(room, self._indices.get(scope, 0))

    def _terms_of(self, market: str) -> _Terms:
        terms = self._terms.get(market)
        if terms is None:
            value = self.shared.parameters.value
            bands = Bands(
                value("market.mean_mark_band", market),
                value("market.premium_tolerance", market),
                value("market.discovery_band", market),
            )
            terms = self._terms[market] = _Terms(
                bands,
                value("market.breaker_move", market),
                value("market.breaker_window", market) * SECOND_MICROS,
                value("market.auction_time", market) * SECOND_MICROS,
            )
        return terms

    # Bands.

    def protect(self, room: Room, index: int) -> None:
        """Give a room's book the bounds that follow from its mark and index of now; `index` in ticks, 0 for none.

        The discovery band of an index that went stale stays that of its last price: no price is discovered while
        nobody says what it is.
        """
        market = room.market.symbol
        if index:
            self._indices[market] = index
        mean, premium = (0, 1), None
        if room.marks is not None:
            mean, premium = room.marks.mean_mark(), room.marks.mean_premium() if index else None
        bounds = tuple(bounds_of(self._terms_of(market).bands, mean, premium, self._indices.get(market, 0)))
        if bounds != room.book.bounds:
            room.book.protect(bounds)

    # The breaker.

    def traded(self, room: Room, prices: list[int]) -> None:
        """Watch what has traded in a room, and halt it where the price has moved too far."""
        market = room.market.symbol
        _, most, window_us, auction_us = self._terms_of(market)
        if not most or room.is_auction:
            return
        now = self.shared.time_us
        breaker = self._breakers.get(market)
        if breaker is None:
            breaker = self._breakers[market] = Breaker()
        move = breaker.observe(now, prices, window_us)
        if move >= most:
            del self._breakers[market]
            until_us = self._halts[market] = now + auction_us
            room.is_auction = True
            self._orders.apply_state(room)
            self.shared.events.append(MarketHalted(market, move, until_us))

    def _reopen(self, market: str) -> None:
        """End a halt: with an auction where the market may trade, else when operators open it."""
        room = self._orders.rooms[market]
        del self._halts[market]
        room.is_auction = False
        held = self._orders.apply_state(room)
        if not held and room.book.state in UNCROSSED:
            self.shared.events.append(AuctionHeld(market, 0, 0))

    # The state.

    def document(self) -> Json:
        """By name of the market: what its breaker has seen, when its halt ends, its last index in ticks."""
        return {
            "breakers": [[market, breaker.to_state()] for market, breaker in sorted(self._breakers.items())],
            "halts": [[market, str(until_us)] for market, until_us in sorted(self._halts.items())],
            "indices": [[market, str(index)] for market, index in sorted(self._indices.items())],
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`. Books have their bounds and states already; the desk of orders is restored before."""
        for market, rows in document["breakers"]:
            self._breakers[market] = Breaker.from_state(rows)
        for market, until_us in document["halts"]:
            self._halts[market] = int(until_us)
            self._orders.rooms[market].is_auction = True
        for market, index in document["indices"]:
            self._indices[market] = int(index)
