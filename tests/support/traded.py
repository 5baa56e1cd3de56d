"""An exchange's folder with a small day in it: log, store and configuration, written by the real venue.

Prices are round so that every figure can be worked by hand. Bitcoin has 8 decimals and dollars 2. A tick is 100 dollars
(10,000 quanta) and a step 0.001 bitcoin (100,000 quanta), so that one step at one tick is 10 cents.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from cli.exchange.store_follower import StoreFollower
from ledger.commands import (
    AmendOrder,
    Cancel,
    Command,
    CorrectBooks,
    CreditDeposit,
    FeedPrices,
    ListAsset,
    ListMarket,
    MoveBetweenSubaccounts,
    NewOrder,
    OpenAccount,
    OpenMarket,
    PlaceOrders,
    RequestWithdrawal,
    ReverseDeposit,
    SendWithdrawal,
    SetParameters,
    SettleWithdrawal,
    SetWallet,
)
from ledger.commands.parameters import NewValue
from ledger.commands.prices import AssetPrice, CurrencyPrice
from ledger.door import Submission
from ledger.events import Refused
from ledger.log import Door
from ledger.store.store import Store
from ledger.venue import Answer, Venue, VenueOptions, VenuePaths
from tests.support.signed import GENESIS, entry_of, first_key_entry

PEOPLE = [f"{number:032x}" for number in range(1, 5)]
ALICE, BOB, CAROL, DAVE = PEOPLE
DAY_US = 86_400_000_000
START = 1_788_220_800_000_000
"""2026-09-01T00:00:00Z, a Tuesday."""
MARKET = "BTC_USD"
UNIT = 10**18
CONFIG = """[exchange]
name = "small.exchange"
entity = "main"
"""


def order(side: str, quantity: int | None, price: int | None, **changes: object) -> NewOrder:
    """A limit order that rests, in steps and ticks; keywords replace fields."""
    fields: dict[str, object] = {
        "market": MARKET, "side": side, "kind": "limit", "client_id": 1, "quantity": quantity, "quote_quantity": None,
        "price": price, "time_in_force": "gtc", "expires": None, "post_only": False, "self_trade": "reject-taker",
        "trigger": None, "trigger_price": None, "trigger_by": None, "oco_group": None, "bound": False,
    }  # fmt: skip
    return NewOrder(**fields | changes)  # type: ignore[arg-type]  # the tests replace single fields


class TradedExchange:
    """A venue with its store, in a folder that the command line can read once it is closed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tallystick.toml").write_text(CONFIG)
        self.url = f"sqlite:///{folder / 'store.sqlite'}"
        self.paths = VenuePaths(folder)
        self.paths.genesis.write_bytes(GENESIS.to_file())
        self.follower = StoreFollower(Store.open(self.url), GENESIS.hash, threaded=False)
        self.venue = Venue.open(self.paths, GENESIS, [self.follower.follower()], VenueOptions(threads=1))
        self.now_us = START

    def at(self, time_us: int) -> None:
        """Let time pass."""
        assert time_us >= self.now_us
        self.now_us = time_us

    def give(self, *commands: Command) -> list[Answer]:
        """Each command in a batch of its own, a microsecond after the one before; none may be refused."""
        answers = []
        for command in commands:
            self.now_us += 1
            entry = entry_of(command, self.now_us)
            self._submit([Submission(entry.scheme, entry.signed, entry.signatures, Door(source="test"))], answers)
        return answers

    def _submit(self, submissions: Sequence[Submission], answers: list[Answer]) -> None:
        for answer in self.venue.submit(submissions, self.now_us):
            assert isinstance(answer, Answer), answer
            assert not any(isinstance(event, Refused) for event in answer.events), answer
            answers.append(answer)

    def place(self, who: str, *orders: NewOrder, subaccount: str = "") -> list[int]:
        """Place orders; their ids."""
        [answer] = self.give(PlaceOrders(who, subaccount, orders))
        return [event.order for event in answer.events if type(event).__name__ == "OrderPlaced"]

    def price(self, asset: str, dollars: int, **crosses: int) -> None:
        """A feed says a price; crosses in 10^-6 of a dollar."""
        lines = tuple(CurrencyPrice(name, value * 10**12) for name, value in sorted(crosses.items()))
        self.give(FeedPrices(self.now_us, "USD", (AssetPrice(asset, dollars * UNIT),), lines))

    def open(
        self, people: Sequence[str] = PEOPLE, domiciles: Sequence[str] = ("DE", "FR", "US", "JP")
    ) -> TradedExchange:
        """Listing, parameters, customers; fees of 0.1 percent for takers and none for makers; one feed is enough."""
        values = [
            ("fees.tiers", "", (("0", "0", "1000"),)),
            ("fees.referrer_share", "", "0"),
            *((f"prices.{name}", asset, value) for asset in ("BTC",) for name, value in (
                ("sources_min", "1"), ("jump", "1000000"), ("staleness", "86400"))),
            ("withdrawals.fee", "BTC", "10000"),
            ("withdrawals.one_operator_from", "BTC", str(2**62)),
        ]  # fmt: skip
        self.give(
            ListAsset("BTC", 8, "bip122:main", "native", "4H95J0R2X", "", ""),
            ListAsset("USD", 2, "offchain:bank", "", "", "", ""),
            SetWallet("hot", "main", "client", "online", "bip122:main"),
            SetWallet("bank", "main", "client", "custodian", "offchain:bank"),
            SetParameters(tuple(NewValue(*value) for value in values), "small"),
            ListMarket(MARKET, "BTC", "USD", 10_000, 100_000, 1, 10**6),
            OpenMarket(MARKET, "open", "opening"),
        )
        for person, domicile in zip(people, domiciles, strict=True):
            account = OpenAccount(person, "main", "assigned", None, None, "retail", domicile, "customer", None)
            self.give(account)
            self.now_us += 1
            entry = first_key_entry(account, self.now_us)
            self._submit([Submission(entry.scheme, entry.signed, entry.signatures, Door(source="test"))], [])
        return self

    def deposit(self, who: str, asset: str, amount: int, evidence: str) -> None:
        """A deposit is credited."""
        self.give(CreditDeposit(who, "", asset, amount, "bank" if asset == "USD" else "hot", evidence))

    def withdraw(self, who: str, asset: str, amount: int, request: int, destination: str) -> None:
        """A withdrawal from asking to leaving."""
        name = f"{request:032x}"
        self.give(
            RequestWithdrawal(who, "", asset, amount, destination, name),
            SendWithdrawal(name, "hot", "", None, "00"),
            SettleWithdrawal(name, f"settled:{request}", None),
        )

    def close(self) -> None:
        """Let go of everything."""
        self.venue.close()
        self.follower.close()


def small_day(folder: Path) -> TradedExchange:
    """The day that the golden files are of; each step with what it does, in whole bitcoin and dollars."""
    house = TradedExchange(folder).open()
    house.price("BTC", 50_000, EUR=1_250_000)
    house.deposit(ALICE, "BTC", 3 * 10**8, "chain:a")  # 3 BTC at 50,000
    house.deposit(BOB, "USD", 40_000_000, "bank:b")  # 400,000.00
    house.deposit(CAROL, "USD", 40_000_000, "bank:c")
    house.deposit(CAROL, "BTC", 10**7, "chain:c")  # 0.1 BTC, gone again below
    [first] = house.place(ALICE, order("ask", 1_000, 510))  # 1 BTC at 51,000
    house.place(BOB, order("bid", 400, 510, time_in_force="ioc"))  # 0.4: trade 1
    house.give(AmendOrder(ALICE, "", first, 520, 1_000))  # the 0.6 left at 52,000
    house.price("BTC", 60_000, EUR=1_200_000)
    house.place(CAROL, order("bid", 700, 520))  # 0.6: trade 2, and 0.1 rests
    [second] = house.place(BOB, order("bid", 100, 400))
    house.give(Cancel(BOB, "", (second,)))
    house.place(BOB, order("ask", None, None, kind="market", quote_quantity=260_000, time_in_force="ioc"))  # trade 3
    house.place(DAVE, order("bid", 100, 510))  # no money: rejected
    house.place(ALICE, order("ask", 100, 590, trigger="stop", trigger_price=500, trigger_by="last"))  # waits
    house.give(MoveBetweenSubaccounts(ALICE, "", "cold", "BTC", 5 * 10**7))
    house.at(START + DAY_US)
    house.price("BTC", 55_000, EUR=1_250_000)
    house.withdraw(ALICE, "BTC", 10**8, 1, "bc1qdestination")  # 1 BTC and a fee of 0.0001
    house.give(ReverseDeposit("chain:c", "reorganised"), CorrectBooks(None, DAVE, "USD", 12_345, "goodwill", "case-7"))
    return house


def random_day(folder: Path, seed: int, steps: int) -> TradedExchange:
    """Orders, amendments, cancellations, deposits and withdrawals of four customers, the same for the same seed."""
    rng, house = random.Random(seed), TradedExchange(folder).open()
    house.price("BTC", 50_000, EUR=1_250_000)
    for number, who in enumerate(PEOPLE):
        house.deposit(who, "BTC", 5 * 10**8, f"chain:{number}")
        house.deposit(who, "USD", 10**9, f"bank:{number}")
    placed: list[tuple[str, int]] = []
    for step in range(steps):
        who, choice = rng.choice(PEOPLE), rng.randrange(12)
        side, steps_of, ticks = rng.choice(("bid", "ask")), rng.randint(1, 200), rng.randint(480, 520)
        if choice <= 6:
            terms = {"time_in_force": rng.choice(("gtc", "gtc", "ioc"))}
            placed += [(who, each) for each in house.place(who, order(side, steps_of, ticks, **terms))]
        elif choice == 7:
            by_quote = rng.randint(10_000, 5_000_000)
            house.place(
                who, order(side, None, None, kind="market", quote_quantity=by_quote, time_in_force="ioc"),
                order("bid", 5, 480, trigger="take-profit", trigger_price=rng.randint(480, 520), trigger_by="last"),
            )  # fmt: skip
        elif choice == 8 and placed:
            owner, each = rng.choice(placed)
            house.give(AmendOrder(owner, "", each, ticks, steps_of))
        elif choice == 9 and placed:
            owner, each = rng.choice(placed)
            house.give(Cancel(owner, "", (each,)))
        elif choice == 10:
            house.deposit(who, "BTC", rng.randint(1, 10**8), f"more:{step}")
            if rng.random() < 0.3:
                house.give(ReverseDeposit(f"more:{step}", "reorganised"))
        elif choice == 11:
            house.price("BTC", rng.randint(40_000, 60_000), EUR=rng.randint(1_100_000, 1_300_000))
            house.give(MoveBetweenSubaccounts(who, "", "cold", "BTC", 1_000))
            house.withdraw(who, "BTC", rng.randint(1, 10**5), step, f"bc1q{step}")
    return house
