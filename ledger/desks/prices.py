"""The desk of prices: what feeds say, and the reference prices that follow. The rules are in `ledger.prices`.

A feed is the owner of the service key that signs, as it was judged. The unit of account has the price of one, in assets
as in currencies, and no feed prices it. If the unit changes, all that was said in the old one is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from ledger.canonical import Json
from ledger.commands import Command, FeedPrices
from ledger.desks.base import Desk, Handler, Refusal, Shared
from ledger.events import PriceJumped, PricesSet
from ledger.parameters import SECOND_MICROS, UNIT_OF_ACCOUNT
from ledger.prices import UNIT_PRICE, Board, Limits, Quote

__all__ = ["PricesDesk"]


class PricesDesk(Desk):
    """Keeps `shared.prices` and `shared.crosses`. `follow` is called when prices of assets have changed."""

    NAME: ClassVar[str] = "prices"

    def __init__(self, shared: Shared, follow: Callable[[], None]) -> None:
        super().__init__(shared)
        self._follow = follow
        self._feeds: dict[str, int] = {}
        self._assets = Board(lambda asset: self._limits("prices", asset), shared.prices)
        self._crosses = Board(lambda _: self._limits("crosses", ""), shared.crosses)
        self._begin()
        shared.parameters.watch(self._parameter_changed)

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {FeedPrices: self._feed}

    @property
    def unit(self) -> str:
        """The unit of account."""
        unit: str = self.shared.parameters.value(UNIT_OF_ACCOUNT)
        return unit

    @property
    def due_us(self) -> int:
        """When the next price goes stale."""
        return min(self._assets.due_us, self._crosses.due_us)

    def pass_time(self) -> None:
        """Forget what has gone stale."""
        now = self.shared.time_us
        if now >= self._assets.due_us or now >= self._crosses.due_us:
            self._refresh(self._assets.stale(now), self._crosses.stale(now))

    def _limits(self, group: str, scope: str) -> Limits:
        value = self.shared.parameters.value
        return Limits(
            value(f"{group}.staleness", scope) * SECOND_MICROS,
            value(f"{group}.sources_min", scope),
            value(f"{group}.jump", scope),
            value(f"{group}.spread", scope),
            value("prices.cap", scope) if group == "prices" else 0,
        )

    def _begin(self) -> None:
        self.shared.prices[self.unit] = self.shared.crosses[self.unit] = UNIT_PRICE

    def _feed(self, command: FeedPrices) -> None:
        feed, unit = self.shared.giver, self.unit
        if not feed:
            raise Refusal("no-feed")
        if command.unit != unit:
            raise Refusal("another-unit-of-account")
        if command.published > self.shared.time_us:
            raise Refusal("published-in-the-future")
        if command.published <= self._feeds.get(feed, -1):
            raise Refusal("published-out-of-order")
        assets = {line.asset: line.price for line in command.prices}
        currencies = {line.currency: line.price for line in command.crosses}
        if len(assets) + len(currencies) != len(command.prices) + len(command.crosses):
            raise Refusal("priced-twice")
        if unit in assets or unit in currencies:
            raise Refusal("unit-of-account-has-no-price")
        if not assets and not currencies:
            raise Refusal("no-prices")
        for asset in assets:
            self.shared.scale(asset)
        self._feeds[feed] = command.published
        for board, prices in ((self._assets, assets), (self._crosses, currencies)):
            for name, price in prices.items():
                if not board.offer(feed, name, Quote(command.published, price)):
                    self.shared.events.append(PriceJumped(feed, name, price))
        self._refresh(assets, currencies)

    def _refresh(self, assets: Iterable[str], currencies: Iterable[str]) -> None:
        now = self.shared.time_us
        changed, crossed = self._assets.refresh(assets, now), self._crosses.refresh(currencies, now)
        if changed or crossed:
            self.shared.events.append(PricesSet(self.unit, tuple(changed), tuple(crossed)))
        if changed:
            self._follow()

    def _parameter_changed(self, name: str, scope: str) -> None:
        if name == UNIT_OF_ACCOUNT:
            self._begin_again()
        elif name.startswith("prices."):
            self._refresh([scope] if scope in self._assets.quotes else [], [])
        elif name.startswith("crosses."):
            self._refresh([], sorted(self._crosses.quotes))

    def _begin_again(self) -> None:
        """Another unit of account: what was said in the old one is gone."""
        lines: list[tuple[tuple[str, int | None], ...]] = []
        for board in (self._assets, self._crosses):
            gone = [(each, None) for each in sorted(board.references) if each != self.unit]
            lines.append((*gone, (self.unit, UNIT_PRICE)))
            board.clear()
        self._begin()
        self.shared.events.append(PricesSet(self.unit, lines[0], lines[1]))
        self._follow()

    # The state.

    def document(self) -> Json:
        """Feeds with the time of their last word; of each asset and currency the feeds' prices that stand."""
        return {
            "assets": _lines(self._assets),
            "capped": [[name, str(price), moved_us] for name, price, moved_us in self._assets.capped()],
            "crosses": _lines(self._crosses),
            "feeds": [[feed, published] for feed, published in sorted(self._feeds.items())],
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`. Time and parameters are there already; references follow from what stands."""
        self._assets.clear()
        self._crosses.clear()
        self._begin()
        self._feeds.update((feed, published) for feed, published in document["feeds"])
        for board, lines in ((self._assets, document["assets"]), (self._crosses, document["crosses"])):
            for name, quotes in lines:
                board.quotes[name] = {feed: Quote(published, int(price)) for feed, published, price in quotes}
            board.refresh([*board.quotes], self.shared.time_us)
        for name, price, moved_us in document["capped"]:
            self._assets.references[name], self._assets.moved[name] = int(price), moved_us


def _lines(board: Board) -> list[Json]:
    return [
        [name, [[feed, quote.published_us, str(quote.price)] for feed, quote in sorted(quotes.items())]]
        for name, quotes in sorted(board.quotes.items())
    ]
