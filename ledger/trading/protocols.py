"""The two contracts of this room: what a book does for the engine, and what it asks of the money behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from ledger.trading.market import Market
from ledger.trading.orders import OrderRow
from ledger.trading.reports import ReportRow
from ledger.trading.rules import Bound

__all__ = ["Book", "Funds"]


class Funds(Protocol):
    """The money behind the orders. A book asks; it never knows a balance.

    An order that was held ends in one of two ways: `fill` takes its last step, or `release` is called once. An order
    by quote quantity always ends with `release`. `checks_makers`: whether `check_maker` ever says anything but 0.
    """

    checks_makers: bool
    taker: int
    """The order that is being matched, as far as funds ask; a book names it in an auction, where both sides rested."""

    def hold(self, order: OrderRow, price_worst: int) -> int:
        """Hold what the order can cost at most, at no worse price than `price_worst` ticks. A Reason, 0 if held."""

    def taker_fee_ppm(self, order: OrderRow) -> int:
        """The rate inside a bid's quote budget."""

    def check_maker(self, order_id: int, price: int, quantity: int) -> int:
        """A Reason why this resting order cannot trade now, 0 if it can. Changes nothing.

        Below 0 it is the taker that cannot: the taker stops with the Reason -answer, and the resting order stays.
        """

    def fill(self, maker_id: int, taker_id: int, price: int, quantity: int) -> tuple[int, int]:
        """Settle a fill and lower both holds to what is still required. Fees of maker and taker in quote quanta."""

    def amend(self, order_id: int, price: int, quantity: int) -> int:
        """Make the hold what `quantity` steps left at `price` require. A Reason, 0 if done; if not, nothing changed."""

    def fired(self, order: OrderRow) -> int:
        """The steps of an order whose trigger fires: its own, or those of the position that it closes; 0 for none."""

    def release(self, order_id: int) -> None:
        """The order left the book: free what it still holds."""


class Book(Protocol):
    """One market's order book. Each method is one command; its answers are appended to `reports`.

    The order of answers is part of the contract: the plain book and the fast one give the same rows.
    """

    reports: list[ReportRow]

    def place(self, order: OrderRow) -> None:
        """Take one order: check, match, and rest what may rest."""

    def place_pair(self, first: OrderRow, second: OrderRow) -> None:
        """Two orders of which one cancels the other (OCO): any trade, trigger or end of one leg ends the other."""

    def place_batch(self, orders: Iterable[OrderRow]) -> None:
        """Place each in turn; one that is refused does not stop the next."""

    def cancel_batch(self, order_ids: Iterable[int], account: int) -> None:
        """Cancel each in turn."""

    def cancel(self, order_id: int, account: int) -> None:
        """End one resting or pending order of `account`."""

    def amend(self, order_id: int, account: int, price: int, quantity: int) -> None:
        """Give a resting order a new price and a new total quantity.

        Less quantity at the same price keeps its place in the queue; anything else loses it, and the order may then
        take. What is refused changes nothing.
        """

    def cancel_all(self, account: int, side: int = -1, session: int = 0, reason: int = 0) -> None:
        """End every order of `account`, or those of one side or one session, by rising order id.

        `reason`: a Reason to give instead of the usual one, 0 for none.
        """

    def shrink(self, order_id: int, account: int, steps: int, reason: int) -> None:
        """The exchange takes steps off a resting order, which keeps its place; the last ones end it for the reason."""

    def cancel_market(self) -> None:
        """The operator ends every order in the market, by rising order id."""

    def kill(self, account: int) -> None:
        """Throw the account's kill switch: its orders end and new ones are refused."""

    def revive(self, account: int) -> None:
        """Let the account trade again."""

    def expire(self, time_us: int) -> None:
        """End every order whose time has come, by rising time and then order id."""

    def set_state(self, state: int) -> None:
        """Change what the market takes (`MarketState`). Triggers that waited for it fire.

        A book that an auction left crossed is uncrossed before orders match, or rest uncrossed, again.
        """

    def set_reference(self, by: int, price: int) -> None:
        """The mark or index price in ticks (`TriggerBy`), 0 while there is none; triggers fire."""

    def reference(self, by: int) -> int:
        """The price in ticks that triggers of a kind (`TriggerBy`) watch; 0 while there is none."""

    def protect(self, bounds: Iterable[Bound]) -> None:
        """Prices between which takers may trade from now on, in place of those before.

        The tightest of them and the impact band stops a taker: what it has taken stays, the rest expires with the
        reason of that bound. What rests stays, wherever it is.
        """

    def uncross(self) -> list[tuple[int, int]]:
        """Hold the auction of a crossed book: its price and quantity, nothing where no orders cross.

        All trade at the price of most volume, then least imbalance, then nearest to the reference (index, else mark,
        else last; `auction.py`), best first; the later of two orders is the taker, but never a post-only one. An order
        that cannot trade (its owner's own, unfunded) ends; where that leaves a crossed book, another round follows.
        """

    def set_market(self, market: Market) -> None:
        """Other limits and bands on the same grid, for later orders, amendments and triggers that fire."""

    def depth(self, side: int, levels: int) -> list[tuple[int, int]]:
        """Price and quantity of the best levels, best first."""

    def state_digest(self) -> bytes:
        """SHA-256 over everything that decides what the book does next."""
