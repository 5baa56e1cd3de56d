"""The desk of price protection: bands follow means and index, circuit breakers halt a market, auctions reopen it.

A breaker trips where a market's last price, or its mark, is further than `market.breaker_move` from an extreme of its
window. The book is in an auction from the next order on: limit orders rest, crossed or not, until the auction's time
has passed; then all trade at one price and the market is what its own state and the venue's say. An operator may halt
it meanwhile; whatever crossed then trades before the market opens again. Source: exchange.md 5.3.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ledger.canonical import Json
from ledger.commands import Command
from ledger.desks.base import NEVER_US, Desk, Handler, Shared
from ledger.desks.orders import OrdersDesk, Room
from ledger.events import AuctionHeld, MarketHalted
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
        orders.protect, orders.watch = self.update, self.watch
        shared.parameters.watch(self._parameter_changed)

    def handlers(self) -> dict[type[Command], Handler]:
        """None: prices, trades and time drive it."""
        return {}

    @property
    def due_us(self) -> int:
        """When the next auction ends."""
        return min((room.auction_us for room in self._orders.rooms.values() if room.auction_us), default=NEVER_US)

    def pass_time(self) -> None:
        """Hold the auctions whose time has come, in the order of listing."""
        if self.due_us <= self.shared.time_us:
            for room in self._orders.rooms.values():
                if room.auction_us and room.auction_us <= self.shared.time_us:
                    self._reopen(room)

    # Bands.

    def update(self, room: Room, keeper: MarkKeeper | None) -> None:
        """Set a market's bounds by its index and, where it has a keeper of marks, its means; watch its mark."""
        value, name = self.shared.parameters.value, room.market.symbol
        bands = Bands(
            value("market.mean_mark_band", name),
            value("market.premium_tolerance", name),
            value("market.discovery_band", name),
        )
        bounds = protections(
            bands,
            room.book.reference(TriggerBy.INDEX),
            keeper.mean_mark() if keeper is not None else None,
            keeper.mean_premium() if keeper is not None else None,
        )
        if bounds != room.book.bounds:
            room.book.protect(bounds)
        self.watch(room)

    # Breakers.

    def watch(self, room: Room) -> None:
        """A market has traded or has another mark: halt it if it moved too far."""
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
            if price:
                move = max(move, breaker.note(self.shared.time_us, price, window_us))
        if move > limit:
            self._halt(room, move)

    def _halt(self, room: Room, move: int) -> None:
        shared = self.shared
        auction_s = shared.parameters.value("market.auction_time", room.market.symbol)
        until_us = shared.time_us + auction_s * SECOND_MICROS
        shared.events.append(MarketHalted(room.market.symbol, move, until_us))
        self._orders.begin_auction(room, until_us)

    def _reopen(self, room: Room) -> None:
        """End an auction: what crosses trades, and the market is what its state says."""
        self._breakers.pop(room.market.symbol, None)  # what was before the halt trips nothing again
        for price, quantity in self._orders.end_auction(room) or [(0, 0)]:
            self.shared.events.append(AuctionHeld(room.market.symbol, price, quantity))

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
        """Auctions that are on, by market; the windows of breakers, last price and mark."""
        rooms = self._orders.rooms
        return {
            "auctions": [[name, room.auction_us] for name, room in rooms.items() if room.auction_us],
            "breakers": [
                [name, last.to_state(), mark.to_state()] for name, (last, mark) in sorted(self._breakers.items())
            ],
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`. The desk of orders is restored before."""
        for name, auction_us in document["auctions"]:
            self._orders.rooms[name].auction_us = auction_us
        for name, last, mark in document["breakers"]:
            self._breakers[name] = (Breaker.from_state(last), Breaker.from_state(mark))
