"""A small exchange with the one wallet: two coins, dollars, spot and perpetual markets, pools; commands given by words.

USDC has 6 decimals and is worth one dollar. BTC has 8: a tick is one dollar, a step 0.0001, so one step at one tick is
100 quanta. SOL has 9: a tick is a cent, a step 0.01. All engines are checked after every command: books, positions,
what is due, and pools.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger.commands import (
    CancelAll,
    Command,
    CorrectBooks,
    CutHour,
    FeedPrices,
    ListAsset,
    ListDerivative,
    ListMarket,
    NewOrder,
    OpenAccount,
    OpenMarket,
    PlaceOrders,
    SetConsent,
    SetParameters,
    SetPermissions,
    SetWalletSettings,
    Tick,
)
from ledger.commands.margin import PRODUCTS, Permission
from ledger.commands.parameters import NewValue
from ledger.commands.prices import AssetPrice
from ledger.engine import Engine
from ledger.events import Event, OrderPlaced, Refused
from ledger.journal import (
    AccountCode,
    AccountKey,
    Entry,
    MassEntry,
    claim_key,
    debt_key,
    entry_of,
    house_debt_key,
    house_key,
)

START = 1_788_220_800_000_000
SECOND = 1_000_000
HOUR = 3_600 * SECOND
UNIT = 10**18
USDC, BTC, SOL = 10**6, 10**8, 10**9
SCALES = {"USDC": 6, "BTC": 8, "SOL": 9}
PERPETUAL, SPOT = "BTC_PERP", "BTC_USDC"
VALUES: tuple[tuple[str, str, object], ...] = (
    ("fees.tiers", "", (("0", "0", "500"),)),
    ("fees.referrer_share", "", "0"),
    *((f"prices.{name}", asset, value) for asset in SCALES for name, value in (
        ("sources_min", "1"), ("jump", "1000000"), ("staleness", "86400"))),
    ("collateral.weight", "USDC", "1000000"),
    ("collateral.weight", "BTC", "900000"),
    ("collateral.weight", "SOL", "800000"),
    *((f"lending.{name}", asset, value) for asset in SCALES for name, value in (("state", "open"), ("step", "1"))),
    *((f"market.{name}", SPOT, value) for name, value in (
        ("limit_band", ("0", "1000000000")), ("impact_band", ("0", "1000000000")))),
)  # fmt: skip


def name(number: int) -> str:
    """An account's id."""
    return f"{number:032x}"


class WalletExchange:
    """One engine and its time. `events` are those of the last command; `rows` all entries since the first."""

    def __init__(
        self, people: int = 6, *, checked: bool = True, values: Sequence[tuple[str, str, object]] = ()
    ) -> None:
        self.engine = Engine("wallet.exchange")
        self.now = START
        self.checked = checked
        self.events: list[Event] = []
        self.all_events: list[Event] = []
        self.rows: list[Entry | MassEntry] = []
        self.commands: list[tuple[int, Command, str]] = []
        for asset, scale in SCALES.items():
            self.give(ListAsset(asset, scale, "eip155:1", "native", "", "", ""))
        self.give(ListMarket(SPOT, "BTC", "USDC", 10**6, 10_000, 1, 10**7))
        self.give(ListMarket("SOL_USDC", "SOL", "USDC", 10_000, 10**7, 1, 10**7))
        self.give(ListDerivative(PERPETUAL, "perpetual", "BTC", "USDC", 10**6, 10_000, 1, 10**6, None))
        self.give(ListDerivative("SOL_PERP", "perpetual", "SOL", "USDC", 10_000, 10**7, 1, 10**6, None))
        given = tuple(NewValue(*each) for each in (*VALUES, *values))
        self.give(SetParameters(given, "small"))
        rows = tuple(Permission(None, None, product, True, 20) for product in PRODUCTS)
        self.give(SetPermissions("main", rows, "small"))
        for market in (SPOT, "SOL_USDC", PERPETUAL, "SOL_PERP"):
            self.give(OpenMarket(market, "open", "small"))
        for number in range(1, people + 1):
            self.give(OpenAccount(name(number), "main", "assigned", None, None, "retail", "DE", "customer", None))
        self.prices(BTC=50_000, SOL=100, USDC=1)

    # Commands.

    def give(self, command: Command, giver: str = "", *, refused: str | None = None) -> list[Event]:
        """Apply a command a microsecond later; it is refused with exactly this reason, or not at all."""
        self.now += 1
        self.commands.append((self.now, command, giver))
        self.events = self.engine.apply(self.engine.sequence + 1, self.now, command, giver=giver)
        self.all_events += self.events
        reasons = [event.reason for event in self.events if isinstance(event, Refused)]
        assert reasons == ([] if refused is None else [refused]), reasons
        rows = self.engine.ledger.drain_rows()
        if self.checked:
            self.rows += map(entry_of, rows)
            self.check()
        return self.events

    def check(self) -> None:
        """Everything that must hold after every command."""
        engine = self.engine
        margin = engine.margin
        for market in margin.markets.values():
            market.positions.check()
        total = sum(sum(due.values()) for due in margin.due.values()) + sum(margin.house_due.values())
        unsettled = engine.ledger.find(_settlement_key())
        assert total == (engine.ledger.owed(unsettled) if unsettled is not None else 0), "what is due has two sides"
        for line in engine.ledger.zero_sum_report():
            assert line.difference == 0

    def check_books(self) -> None:
        """The ledger against all its entries; slow."""
        assert self.engine.ledger.check(self.rows) == []

    def prices(self, **dollars: float) -> list[Event]:
        """One feed says prices in dollars."""
        lines = tuple(AssetPrice(asset, int(value * 10**6) * 10**12) for asset, value in dollars.items())
        return self.give(FeedPrices(self.now, "USD", lines, ()), "feed")

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += int(seconds * SECOND)

    def tick(self, seconds: float = 10) -> list[Event]:
        """Let time pass and settle, until nothing is left to do."""
        self.wait(seconds)
        events = list(self.give(Tick()))
        while self.engine.due_us <= self.now:
            events += self.give(Tick())
        return events

    def cut(self) -> list[Event]:
        """Cut the next full hour, at its end."""
        hour = (self.now // HOUR + 1) * HOUR
        self.now = hour - 1
        return self.give(CutHour(hour))

    def settings(
        self, who: int, leverage: int = 10, *, lend: bool = True, borrow: bool = True, repay: bool = True
    ) -> None:
        """A wallet's settings, and the consent that lending needs."""
        self.give(SetWalletSettings(name(who), "", leverage, lend, borrow, repay))
        if lend:
            self.give(SetConsent(name(who), "lending", True, "00" * 32))

    def deposit(self, who: int, **amounts: float) -> None:
        """Money from nowhere: a correction against the house, in whole units."""
        for asset, amount in amounts.items():
            quanta = int(amount * 10 ** SCALES[asset])
            self.give(CorrectBooks(None, name(who), asset, quanta, "small", "from nowhere"))

    def order(
        self, who: int, side: str, quantity: int, price: int | None, market: str = PERPETUAL, **changes: Any
    ) -> int:
        """Place a limit order, or a market order where there is no price; its id."""
        fields: dict[str, Any] = {
            "market": market, "side": side, "kind": "limit" if price else "market", "client_id": 1,
            "quantity": quantity, "quote_quantity": None, "price": price,
            "time_in_force": "gtc" if price else "ioc", "expires": None, "post_only": False,
            "self_trade": "reject-taker", "trigger": None, "trigger_price": None, "trigger_by": None,
            "oco_group": None, "bound": False,
        }  # fmt: skip
        self.give(PlaceOrders(name(who), "", (NewOrder(**fields | changes),)))
        return next(event.order for event in self.events if isinstance(event, OrderPlaced))

    def trade(
        self, buyer: int, seller: int, quantity: int, price: int, market: str = PERPETUAL, **changes: Any
    ) -> None:
        """A trade between two, the seller having rested."""
        self.order(seller, "ask", quantity, price, market, **changes)
        self.order(buyer, "bid", quantity, price, market, **changes)

    def cancel_all(self, who: int) -> None:
        """Take all of an account's orders out."""
        self.give(CancelAll(name(who), "", None, False))

    # Looking.

    def payer(self, who: int) -> int:
        """The number of an account's main wallet."""
        return self.engine._shared.purse.find(name(who), "")

    def owed(self, who: int, asset: str = "USDC") -> int:
        """The claim, in quanta."""
        found = self.engine.ledger.find(claim_key(name(who), asset))
        return 0 if found is None else self.engine.ledger.owed(found)

    def owes(self, who: int, asset: str = "USDC") -> tuple[int, int]:
        """Debts to the pool and to the exchange, in quanta."""
        ledger = self.engine.ledger
        found = [ledger.find(key(name(who), asset)) for key in (debt_key, house_debt_key)]
        pool, house = (0 if each is None else ledger.owed(each) for each in found)
        return pool, house

    def size(self, who: int, market: str = PERPETUAL) -> int:
        """A position in steps."""
        return self.engine.margin.markets[market].positions.size(self.payer(who))

    def health(self, who: int) -> Any:
        """The wallet's health now."""
        return self.engine.margin.health_of(self.payer(who))

    def found(self, kind: type[Event]) -> list[Any]:
        """All events of a kind so far."""
        return [event for event in self.all_events if isinstance(event, kind)]

    def replayed(self) -> Engine:
        """Another engine that got the same commands."""
        engine = Engine("wallet.exchange")
        for sequence, (at, command, giver) in enumerate(self.commands, start=1):
            engine.apply(sequence, at, command, giver=giver)
            engine.ledger.drain_rows()
        return engine


def _settlement_key() -> AccountKey:
    return house_key(AccountCode.SETTLEMENT, "USDC")
