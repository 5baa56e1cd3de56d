"""The innocent: market makers, noise, patient investors, arbitrage, large orders, nervous cancels, and their money.

Each does something that looks a little like one of the patterns: makers cancel a lot, a fund buys all day, one desk has
two accounts that now and then meet, a rally has many buyers. All from one seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from compliance.surveillance.events import MoneyKind
from compliance.surveillance.inputs import AccountFacts, Announcement, Inputs, Level, MarketFacts, Obligation
from compliance.surveillance.parameters import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from tests.compliance.surveillance.tape import ASK, BID, Tape

__all__ = ["DAYS", "END", "MAIN", "NEWS", "QUIET", "START", "THIN", "World", "innocent_world"]

DAYS = 200
START = 20_000 * DAY_US + DAYS * DAY_US - 6 * HOUR_US
"""The books open six hours before the end of a day; money has moved for 200 days by then."""
END = START + 12 * HOUR_US
MAIN, OTHER, NEWS_MARKET, THIN, QUIET = "BTC_USD", "BTC_EUR", "ALT_USD", "PUMP_USD", "QUIET_USD"
MIDDLE = 50_000
NEWS = START + 8 * HOUR_US
LEVEL = 49_850
STEP_US = 10 * SECOND_US
DUTY_PPM = 2_500


@dataclass
class World:
    """The tape, who is who, and the fair price that makers believe in."""

    rng: Random
    tape: Tape = field(default_factory=Tape)
    accounts: dict[str, AccountFacts] = field(default_factory=dict)
    fair: dict[str, int] = field(default_factory=dict)
    obligations: list[Obligation] = field(default_factory=list)
    devices: dict[str, frozenset[str]] = field(default_factory=dict)
    tagged: dict[str, str] = field(default_factory=dict)
    insiders: frozenset[str] = frozenset()
    drift: dict[str, Callable[[int], int]] = field(default_factory=dict)

    def person(self, name: str, cluster: str | None = None, relation: str = "customer", domicile: str = "AE") -> str:
        """An account that is known."""
        self.accounts[name] = AccountFacts(cluster or name, relation, domicile)
        return name

    def take(self, market: str, account: str, side: int, quantity: int, reach_ppm: int = 5_000) -> int:
        """An immediate order as far as `reach_ppm` beyond the best price; gives its id."""
        best = self.tape.best(market, -side) or self.fair[market]
        return self.tape.place(market, account, side, best + side * (best * reach_ppm // 10**6), quantity, ioc=True)

    def inside(self, market: str) -> int | None:
        """A price between the best ones, or None where they are too near."""
        bid, ask = self.tape.best(market, BID), self.tape.best(market, ASK)
        return None if bid is None or ask is None or ask - bid < 3 else self.rng.randrange(bid + 1, ask)

    def every(self, mean_us: int, act: Callable[[], None], start: int = START, end: int = END) -> None:
        """Again and again at random times."""

        def again() -> None:
            if self.tape.now < end:
                act()
                self.tape.at(self.tape.now + 1 + int(self.rng.expovariate(1 / mean_us)), again)

        self.tape.at(start + int(self.rng.expovariate(1 / mean_us)), again)

    def inputs(self) -> Inputs:
        """What the firm knows beside the log."""
        markets = {
            name: MarketFacts(name, name.split("_", maxsplit=1)[0], name.split("_")[1])
            for name in (MAIN, OTHER, NEWS_MARKET, THIN, QUIET)
        }
        markets["ALT_BTC"] = MarketFacts("ALT_BTC", "ALT", "BTC", False, False)
        return Inputs(
            accounts=self.accounts,
            markets=markets,
            fiat_assets=frozenset({"USD", "EUR"}),
            rates={"USD": 10**6, "AED": 272_294, "EUR": 1_080_000},
            tagged_addresses=self.tagged,
            chain_transfers=(),
            devices=self.devices,
            announcements=(Announcement(NEWS_MARKET, NEWS, "listing elsewhere", self.insiders),),
            fixings=(),
            obligations=tuple(self.obligations),
            levels=(Level(MAIN, LEVEL, "option strike", START, END),),
            last_activity={},
        )


def innocent_world(seed: int) -> World:
    """Everybody who does nothing wrong; what they do is on the agenda and happens when the tape runs."""
    world = World(Random(seed))
    money(world)
    world.fair = {MAIN: MIDDLE, OTHER: MIDDLE, NEWS_MARKET: 2_000, THIN: 1_000, QUIET: 10_000}
    for name in world.fair:
        fair_price(world, name)
    for number in range(3):
        maker(world, MAIN, f"maker-{number}", 8 + 4 * number, 40)
    maker(world, OTHER, "maker-3", 10, 40)
    maker(world, NEWS_MARKET, "maker-4", 2, 60)
    maker(world, NEWS_MARKET, "maker-5", 3, 60)
    maker(world, THIN, "maker-6", 2, 60)
    maker(world, THIN, "maker-7", 3, 60)
    maker(world, QUIET, "maker-8", 30, 20)
    crowd(world)
    specialists(world)
    return world


def fair_price(world: World, market: str) -> None:
    """A random walk, with a drift where the story has one."""

    def step() -> None:
        wide = max(world.fair[market] // 15_000, 1)
        drift = world.drift.get(market, lambda now: 0)(world.tape.now)
        world.fair[market] = max(world.fair[market] + world.rng.randint(-wide, wide) + drift, 10)
        world.tape.at(world.tape.now + STEP_US, step)

    world.tape.at(START, step)
    if market == NEWS_MARKET:
        # A rally of about 40 % in the hour after the news.
        world.drift[market] = lambda now: 2 if NEWS <= now < NEWS + HOUR_US else 0


def maker(world: World, market: str, name: str, half: int, size: int) -> None:
    """Two levels a side around the fair price, replaced every minute or so; under a duty in the large markets."""
    world.person(name)
    if market in (MAIN, OTHER):
        world.obligations.append(Obligation(name, market, DUTY_PPM, START + HOUR_US, END))
    standing: list[int] = []

    def quote() -> None:
        tape, rng = world.tape, world.rng
        for order in standing:
            tape.cancel(order)
        standing.clear()
        for level in (1, 2):
            for side in (BID, ASK):
                quantity = rng.randint(size // 2, size) * level
                price = world.fair[market] - side * half * level
                opposite = tape.best(market, -side)
                if opposite is not None:  # a maker does not take
                    price = min(price, opposite - 1) if side == BID else max(price, opposite + 1)
                standing.append(tape.place(market, name, side, price, quantity))
        tape.at(tape.now + rng.randint(25, 70) * SECOND_US, quote)

    world.tape.at(START + world.rng.randint(1, 20) * SECOND_US, quote)


def crowd(world: World) -> None:
    """Noise, who take a little now and then, and patient investors, who wait in the book."""
    rng, tape = world.rng, world.tape
    noise = [world.person(f"noise-{number}") for number in range(20)]
    patient = [world.person(f"patient-{number}") for number in range(12)]
    for market, mean in ((MAIN, 12), (OTHER, 40), (NEWS_MARKET, 40), (THIN, 60), (QUIET, 120)):

        def trade(market: str = market) -> None:
            up = market == NEWS_MARKET and NEWS <= tape.now < NEWS + 2 * HOUR_US
            side = BID if rng.random() < (0.65 if up else 0.5) else ASK
            world.take(market, rng.choice(noise), side, rng.randint(1, 12))

        def wait(market: str = market) -> None:
            side = rng.choice((BID, ASK))
            away = world.fair[market] * rng.randint(1, 120) // 10_000 + 1
            order = tape.place(market, rng.choice(patient), side, world.fair[market] - side * away, rng.randint(5, 40))
            tape.at(tape.now + rng.randint(10, 90) * MINUTE_US, lambda: tape.cancel(order))

        world.every(mean * SECOND_US, trade)
        world.every(mean * 4 * SECOND_US, wait)


def specialists(world: World) -> None:
    """A fund, an arbitrageur, a nervous trader, a quick maker, a desk with two accounts, a house desk, stop orders."""
    rng, tape = world.rng, world.tape
    fund, arbitrage, nervous = (world.person(name) for name in ("fund", "arbitrage", "nervous"))
    house = world.person("house-hedge", relation="house")
    desk = [world.person(f"desk-{number}", "desk") for number in range(2)]
    quick = world.person("quick")
    world.every(4 * MINUTE_US, lambda: world.take(MAIN, fund, BID, rng.randint(5, 15)))
    world.every(
        25 * MINUTE_US, lambda: world.take(MAIN, rng.choice((fund, "noise-1", "noise-2")), rng.choice((BID, ASK)), 90)
    )
    world.every(6 * MINUTE_US, lambda: world.take(MAIN, house, rng.choice((BID, ASK)), rng.randint(2, 8)))

    def both() -> None:
        side, quantity = rng.choice((BID, ASK)), rng.randint(2, 8)
        world.take(MAIN, arbitrage, side, quantity)
        world.take(OTHER, arbitrage, -side, quantity)

    def hesitate() -> None:
        side = rng.choice((BID, ASK))
        order = tape.place(MAIN, nervous, side, world.fair[MAIN] - side * 40, rng.randint(60, 150))
        tape.at(tape.now + rng.randint(2, 40) * SECOND_US, lambda: tape.cancel(order))
        if rng.random() < 0.2:
            world.take(MAIN, nervous, rng.choice((BID, ASK)), rng.randint(20, 40))

    def meet() -> None:
        # Two traders of one desk, each with their own orders; they seldom meet.
        side = rng.choice((BID, ASK))
        order = tape.place(MAIN, desk[0], side, world.fair[MAIN] - side * rng.randint(6, 30), rng.randint(2, 10))
        tape.at(tape.now + 5 * MINUTE_US, lambda: tape.cancel(order))
        world.take(MAIN, desk[1], rng.choice((BID, ASK)), rng.randint(2, 10))

    def flicker() -> None:
        # Up to 15 changes of a quote within a second, as after news; then it trades.
        for number in range(rng.randint(3, 15)):
            side = BID if number % 2 else ASK
            order = tape.place(MAIN, quick, side, world.fair[MAIN] - side * rng.randint(12, 30), 5)
            tape.at(tape.now + rng.randint(1, 6) * SECOND_US, lambda order=order: tape.cancel(order))
        world.take(MAIN, quick, rng.choice((BID, ASK)), 3)

    def guard() -> None:
        side = rng.choice((BID, ASK))
        tape.stop(MAIN, f"noise-{rng.randrange(20)}", side, world.fair[MAIN] + side * rng.randint(200, 600), 5)

    for mean, act in ((5, both), (4, hesitate), (6, meet), (10, flicker), (30, guard)):
        world.every(mean * MINUTE_US, act)


def money(world: World) -> None:
    """Two hundred days of ordinary money, by whoever is a customer."""
    rng, tape = world.rng, world.tape
    first = START - DAYS * DAY_US + 6 * HOUR_US

    def move(day: int, kind: MoneyKind, account: str, units: int, **more: str | int) -> None:
        time = first + day * DAY_US + rng.randrange(DAY_US // 2)
        tape.at(time, lambda: tape.money(kind, account, "USD", units, **more))  # type: ignore[arg-type]  # a test's own

    for number in range(40):
        name = world.person(f"saver-{number}", domicile=rng.choice(("AE", "JP", "US-NY", "DE")))
        world.devices[name] = frozenset({f"phone-{number}"})
        for day in range(rng.randrange(30), DAYS, 30):
            move(day, MoneyKind.DEPOSIT, name, rng.choice((200, 900, 2_500, 9_200, 15_000)), address=f"bank-{number}")
        for day in range(rng.randrange(60), DAYS, 60):
            move(
                day,
                MoneyKind.WITHDRAWAL_REQUESTED,
                name,
                rng.randint(100, 700),
                address=f"home-{number}",
                balance=5_000,
            )
    for number in range(2):  # one household, one bank account for what is paid out
        name = world.person(f"family-{number}")
        move(50 + number, MoneyKind.WITHDRAWAL_REQUESTED, name, 500, address="family-bank", balance=4_000)
    merchant = world.person("merchant")
    for day in range(150, DAYS):
        for _ in range(rng.randint(7, 12)):
            move(day, MoneyKind.DEPOSIT, merchant, rng.randint(20, 400), address=f"buyer-{rng.randrange(10**6)}")
    sleeper = world.person("sleeper")
    move(1, MoneyKind.DEPOSIT, sleeper, 5_000, address="bank-sleeper")
    move(195, MoneyKind.WITHDRAWAL_REQUESTED, sleeper, 1_000, address="home-sleeper", balance=5_000)
    trader = world.person("day-trader")
    tape.at(START + HOUR_US, lambda: tape.money(MoneyKind.DEPOSIT, trader, "USD", 20_000, address="bank-trader"))
    for number in range(12):
        side = BID if number % 2 else ASK
        tape.at(START + (2 * number + 70) * MINUTE_US, lambda side=side: world.take(MAIN, trader, side, 10))
    tape.at(
        START + 4 * HOUR_US,
        lambda: tape.money(
            MoneyKind.WITHDRAWAL_REQUESTED, trader, "USD", 19_500, address="home-trader", balance=20_000
        ),
    )
