"""The wallet's part of a rehearsed day: a perpetual, lending, a borrower who keeps their coins, and an hour of a crash.

Four customers stand apart from the others, so that what happens to them can be told: Hana has coins alone and is long,
so her losses become a debt in dollars; Ida and Jon are long with little behind them, and fall in the crash, in steps on
the book and then to a backstop provider; Lea lends her dollars by hand. Everything is an ordinary signed command.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from cli.exchange.rehearsal import Customer
from ledger.commands import (
    Command,
    FundInsurance,
    Lend,
    ListDerivative,
    MoveBetweenSubaccounts,
    NewOrder,
    OpenMarket,
    PlaceOrders,
    SetBackstop,
    SetConsent,
    SetParameters,
    SetPermissions,
    SetWalletSettings,
)
from ledger.commands.margin import PRODUCTS, Permission
from ledger.commands.parameters import NewValue

__all__ = ["APART", "CRASH_HOUR", "PERPETUAL", "DayWallet"]

PERPETUAL: Final = "BTC_PERP"
APART: Final = ("hana", "ida", "jon", "lea")
CRASH_HOUR: Final = 3
"""The hour of the day in which the price falls, counted from 0; the last one of a shorter day."""
LEVERAGE: Final = 20
TICK: Final = 100_000
STEP: Final = 10_000
_USDC: Final = 10**6
_TEXT: Final = "5d" * 32
"""The SHA-256 of what customers of the demo are shown about lending."""


class DayWallet:
    """Gives the commands of the story. `by` gives a customer's, `by_two` one of two operators."""

    def __init__(
        self, people: Callable[[], dict[str, Customer]], by: Callable[[Customer, Command], str | None],
        by_two: Callable[[Command], None],
    ) -> None:  # fmt: skip
        self._people, self._by, self._by_two = people, by, by_two

    # Setting up.

    def list(self) -> None:
        """Permissions, terms, pools and the perpetual, before anybody has an account: nothing waits for a lock."""
        rows = tuple(Permission(None, None, product, True, LEVERAGE) for product in PRODUCTS)
        self._by_two(SetPermissions("main", rows, "everything is permitted in a demonstration"))
        weights = (("USDC", "1000000"), ("BTC", "900000"), ("ETH", "850000"))
        values = [NewValue("collateral.weight", asset, weight) for asset, weight in weights]
        values += [NewValue("lending.state", asset, "open") for asset, _ in weights]
        values += [NewValue("lending.step", "USDC", str(_USDC))]
        self._by_two(SetParameters(tuple(values), "collateral and pools of a demonstration"))
        self._by_two(ListDerivative(PERPETUAL, "perpetual", "BTC", "USDC", TICK, STEP, 1, 10**6, None))
        self._by_two(OpenMarket(PERPETUAL, "open", "the day begins"))

    def open(self, makers: Sequence[str], takers: Sequence[str]) -> None:
        """Settings and consents once customers and their money are there; what the story needs apart."""
        people = self._people()
        for name in (*makers, *takers):
            customer, lends = people[name], name not in makers and name not in ("ida", "jon")
            if lends:
                self._give(customer, SetConsent(customer.account, "lending", True, _TEXT))
            leverage = LEVERAGE if name in (*makers, *APART) else 2
            self._give(customer, SetWalletSettings(customer.account, "", leverage, lends and name != "lea", True, True))
        self._by_two(FundInsurance("USDC", 50_000 * _USDC, False, "the house's own money for the fund"))
        provider = people[makers[1]]
        self._give(provider, SetBackstop(provider.account, "", PERPETUAL, 100_000, 5_000, 200 * _USDC))
        # Dollars are put aside: Hana keeps coins alone, Ida and Jon little.
        for name, left in (("hana", 0), ("ida", 1_850), ("jon", 2_600)):
            customer = people[name]
            for asset, amount in (("USDC", (40_000 - left) * _USDC), ("BTC", 10**8), ("ETH", 8 * 10**9)):
                if asset == "USDC" or name != "hana":
                    self._give(customer, MoveBetweenSubaccounts(customer.account, "", "aside", asset, amount))

        lea = people["lea"]
        self._give(lea, Lend(lea.account, "", "USDC", 20_000 * _USDC))

    def _give(self, customer: Customer, command: Command) -> None:
        refused = self._by(customer, command)
        assert refused is None, f"{customer.name}: {command.TYPE} was refused: {refused}"

    # The story.

    def order(self, name: str, side: str, steps: int, price: int | None, **changes: Any) -> None:
        """An order in the perpetual; whether it fills is the book's."""
        customer = self._people()[name]
        fields: dict[str, Any] = {
            "market": PERPETUAL, "side": side, "kind": "limit" if price else "market", "client_id": 7,
            "quantity": steps, "quote_quantity": None, "price": price, "time_in_force": "gtc" if price else "ioc",
            "expires": None, "post_only": False, "self_trade": "reject-taker", "trigger": None, "trigger_price": None,
            "trigger_by": None, "oco_group": None, "bound": False,
        }  # fmt: skip
        self._by(customer, PlaceOrders(customer.account, "", (NewOrder(**fields | changes),)))

    def enter(self, maker: str, price: int, *, crash: bool) -> None:
        """Positions are opened against a maker: Hana's in the first hour, Ida's and Jon's in the hour of the crash."""
        wanted = (("ida", 5_000), ("jon", 8_000)) if crash else (("hana", 5_000),)
        for name, steps in wanted:
            self.order(maker, "ask", steps, price)
            self.order(name, "bid", steps, price, time_in_force="ioc")
