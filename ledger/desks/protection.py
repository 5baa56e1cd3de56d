"""The desk of price protection: bands follow means and index, circuit breakers halt a market, auctions reopen it.

A breaker trips where a price at which a market traded, or its mark, is further than `market.breaker_move` from an
extreme of its window. The book is in an auction from the next order on: limit orders rest, crossed or not, until the
auction's time has passed; then all trade at one price and the market is what its own state and the venue's say. An
operator may halt it meanwhile; the auction is then held when the market opens again. Source: exchange.md 5.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from ledger.canonical import Json
from ledger.commands import Command
from ledger.desks.base import NEVER_US, Desk, Handler, Shared
from ledger.desks.orders import OrdersDesk, Room
from ledger.events import MarketHalted
from ledger.margin.mark import MarkKeeper
from ledger.markets.protection import Bands, Breaker, protections
from ledger.parameters import SECOND_MICROS
from ledger.trading.market import MarketState
from ledger.trading.orders import TriggerBy

__all__ = ["ProtectionDesk"]

_WATCHED = (TriggerBy.LAST, TriggerBy.MARK)


class ProtectionDesk(Desk):
    """Protects the rooms of the desk of orders, which calls `update` and `watch`."""

    NAME: ClassVar[str] = "protection"

    def __init__(self, shared: Shared, orders: OrdersDesk) -> None:
        super().__init__(shared)
        self._orders = orders
        self._breakers: dict[str, tuple[Breaker, Breaker]] = {}
        self._auctions: dict[str, int] = {}
        self._indices: dict[str, int] = {}
        orders.protect, orders.watch = self.update, self.watch
        shared.parameters.watch(self._parameter_changed)

    def handlers(self) -> dict[type[Command], Handler]:
        """None: prices, trades and time drive it."""
        return {}

    @property
    def due_us(self) -> int:
        """When the next auction ends."""
        return min(self._auctions.values(), default=NEVER_US)

    def pass_time(self) -> None:
        """Hold the auctions whose time has come, by time and then by name."""
        if self._auctions:  # every command asks
            for until_us, market in sorted((until_us, market) for market, until_us in self._auctions.items()):
                if until_us <= self.shared.time_us:
                    self._reopen(self._orders.rooms[market])

    # Bands.

    def update(self, room: Room, keeper: MarkKeeper | None) -> None:
        """Set a market's bounds by its index and, where it has a keeper of marks, its means; watch its mark.

        The discovery band stays about the last index where there is none: nobody says that another price is right.
        """
        value, name = self.shared.parameters.value, room.market.symbol
        bands = Bands(
            value("market.mean_mark_band", name),
            value("market.premium_tolerance", name),
            value("market.discovery_band", name),
        )
        index = room.book.reference(TriggerBy.INDEX)
        if index:
            self._indices[name] = index
        bounds = protections(
            bands,
            self._indices.get(name, 0),
            keeper.mean_mark() if keeper is not None else None,
            keeper.mean_premium() if keeper is not None and index else None,
        )
        if bounds != room.book.bounds:
            room.book.protect(bounds)
        self.watch(room, ())

    # Breakers.

    def watch(self, room: Room, traded: Sequence[int]) -> None:
        """A market has traded at these prices, or has another mark: halt it if it moved too far."""
        value, name = self.shared.parameters.value, room.market.symbol
        limit = value("market.breaker_move", name)
        if not limit or room.auction_us or room.book.state not in (MarketState.OPEN, MarketState.LIMIT_ONLY):
            return
        window_us = value("market.breaker_window", name) * SECOND_MICROS
        breakers = self._breakers.get(name)
        if breakers is None:
            breakers = self._breakers[name] = (Breaker(), Breaker())
        move = 0
        for by, breaker in zip(_WATCHED, breakers, strict=True):
            price = room.book.reference(by)
            prices = traded if traded and by == TriggerBy.LAST else (price,) if price else ()
            move = max(move, breaker.note(self.shared.time_us, prices, window_us))
        if move > limit:
            self._halt(room, move)

    def _halt(self, room: Room, move: int) -> None:
        shared = self.shared
        auction_s = shared.parameters.value("market.auction_time", room.market.symbol)
        until_us = shared.time_us + auction_s * SECOND_MICROS
        self._auctions[room.market.symbol] = until_us
        shared.events.append(MarketHalted(room.market.symbol, move, until_us))
        self._orders.begin_auction(room, until_us)

    def _reopen(self, room: Room) -> None:
        """End an auction: what crosses trades, and the market is what its state says."""
        del self._auctions[room.market.symbol]
        self._breakers.pop(room.market.symbol, None)  # what was before the halt trips nothing again
        self._orders.end_auction(room)

    def _parameter_changed(self, name: str, scope: str) -> None:
        room = self._orders.rooms.get(scope)
        if room is None or not name.startswith("market."):
            return
        if name == "market.breaker_window":
            self._breakers.pop(scope, None)
        if name in ("market.mean_mark_band", "market.premium_tolerance", "market.discovery_band"):
            self.update(room, room.marks)

    # The state.

    def document(self) -> Json:
        """By market: auctions that are on, the windows of breakers (last price and mark), the last index in ticks."""
        return {
            "auctions": [[name, until_us] for name, until_us in sorted(self._auctions.items())],
            "breakers": [
                [name, last.to_state(), mark.to_state()] for name, (last, mark) in sorted(self._breakers.items())
            ],
            "indices": [[name, str(index)] for name, index in sorted(self._indices.items())],
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`. The desk of orders is restored before."""
        for name, auction_us in document["auctions"]:
            self._auctions[name] = self._orders.rooms[name].auction_us = auction_us
        for name, last, mark in document["breakers"]:
            self._breakers[name] = (Breaker.from_state(last), Breaker.from_state(mark))
        for name, index in document["indices"]:
            self._indices[name] = int(index)
