"""One known culprit for every detector, harder or easier by the seed: some stay under a threshold, and are missed.

Each function puts what its culprit does on the agenda and says who it was. `ALSO` names what else a culprit really is:
whoever paints the tape with two accounts of one owner washes trades as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from compliance.surveillance.events import MoneyKind
from compliance.surveillance.inputs import Obligation
from compliance.surveillance.parameters import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from tests.compliance.surveillance.market import END, LEVEL, MAIN, NEWS, NEWS_MARKET, QUIET, START, THIN, World
from tests.compliance.surveillance.tape import ASK, BID

__all__ = ["CULPRITS", "Culprit"]

IN, OUT = MoneyKind.DEPOSIT, MoneyKind.WITHDRAWAL_REQUESTED


class Culprit(NamedTuple):
    """What somebody did, and under which accounts. `evasive`: made to stay outside a threshold, and to be missed."""

    detector: str
    accounts: frozenset[str]
    also: frozenset[str] = frozenset()
    evasive: bool = False


def _within(world: World, low_hours: float, high_hours: float) -> int:
    return START + int(world.rng.uniform(low_hours, high_hours) * HOUR_US)


def _cross(world: World, seller: str, buyer: str, quantity: int, market: str = MAIN) -> None:
    """One rests between the best prices and the other takes it."""
    price = world.inside(market)
    if price is not None:
        world.tape.place(market, seller, ASK, price, quantity)
        world.tape.place(market, buyer, BID, price, quantity, ioc=True)


def wash(world: World) -> Culprit:
    """MA-01: two names, one owner, and between the two a little real trading."""
    one, two = (world.person(f"wash-{n}", "wash-owner") for n in (1, 2))
    start, count = _within(world, 0.5, 5), world.rng.randint(2, 12)
    for number in range(count):
        world.tape.at(start + number * 3 * MINUTE_US, lambda: _cross(world, one, two, world.rng.randint(5, 20)))
        if world.rng.random() < 0.5:
            world.tape.at(start + number * 3 * MINUTE_US + SECOND_US, lambda: world.take(MAIN, one, BID, 4))
    return Culprit("MA-01", frozenset({one, two}), evasive=count < 3)


def ring(world: World) -> Culprit:
    """MA-02: three strangers sell each other the same, around and around, with some noise of their own."""
    names = [world.person(f"ring-{n}") for n in range(3)]
    hour = world.rng.randint(1, 6)
    start = START + hour * HOUR_US + 5 * MINUTE_US
    for turn in range(world.rng.randint(2, 5)):
        for place in range(3):
            seller, buyer = names[place], names[(place + 1) % 3]
            time = start + (turn * 9 + place * 3) * MINUTE_US
            world.tape.at(time, lambda seller=seller, buyer=buyer: _cross(world, seller, buyer, 20))
    if world.rng.random() < 0.4:
        world.tape.at(start + MINUTE_US, lambda: world.take(MAIN, names[0], BID, 3))
    return Culprit("MA-02", frozenset(names))


def spoof(world: World) -> Culprit:
    """MA-03: bids that nobody is meant to hit, a small sale, and the bids are gone."""
    name = world.person("spoofer")
    start, rounds = _within(world, 0.5, 8), world.rng.randint(2, 5)
    delay = world.rng.choice((2, 4, 6, 9, 14))

    def round_() -> None:
        tape, rng = world.tape, world.rng
        bid = tape.best(MAIN, BID) or world.fair[MAIN]
        layers = [tape.place(MAIN, name, BID, bid - rng.randint(1, 6), rng.randint(30, 90)) for _ in range(3)]
        quantity = rng.randint(5, 20)

        def sell() -> None:
            price = world.inside(MAIN)
            if price is not None:
                order = tape.place(MAIN, name, ASK, price, quantity)
                tape.place(MAIN, f"noise-{rng.randrange(20)}", BID, price, quantity, ioc=True)
                tape.at(tape.now + SECOND_US, lambda: tape.cancel(order))

        tape.at(tape.now + 3 * SECOND_US, sell)
        for order in layers:
            tape.at(tape.now + (3 + delay) * SECOND_US, lambda order=order: tape.cancel(order))

    for number in range(rounds):
        world.tape.at(start + number * 8 * MINUTE_US, round_)
    return Culprit("MA-03", frozenset({name}), evasive=delay > 10)


def stuff(world: World) -> Culprit:
    """MA-04: seconds full of orders that live for some milliseconds."""
    name = world.person("stuffer")
    start, rate = _within(world, 0.5, 9), world.rng.randint(15, 90)
    for second in range(world.rng.randint(3, 8)):
        for number in range(rate):
            time = start + second * SECOND_US + number * (SECOND_US // rate)

            def blink(side: int = BID if number % 2 else ASK) -> None:
                order = world.tape.place(MAIN, name, side, world.fair[MAIN] - side * 60, 1)
                world.tape.at(world.tape.now + 5_000, lambda: world.tape.cancel(order))

            world.tape.at(time, blink)
    return Culprit("MA-04", frozenset({name}), evasive=rate < 20)


def ignite(world: World) -> Culprit:
    """MA-05: a burst upwards, and asks that those who follow take."""
    name = world.person("igniter")
    start, reach = _within(world, 0.5, 9), world.rng.randint(2_700, 9_000)
    unwound = world.rng.randint(40, 100)
    bought: list[int] = []

    def burst() -> None:
        limit = world.fair[MAIN] + world.fair[MAIN] * reach // 10**6
        rows = len(world.tape.rows)
        world.tape.place(MAIN, name, BID, limit, 400, ioc=True)
        bought.append(sum(row[11] for row in world.tape.rows[rows:] if row[4] == 5 and row[6] == name))  # type: ignore[misc]  # quantities

    def sell() -> None:
        tape, quantity = world.tape, sum(bought) * unwound // 100
        price = tape.books[MAIN].last or world.fair[MAIN]
        best = tape.best(MAIN, BID) or 0
        if quantity:
            tape.place(MAIN, name, ASK, max(price - 1, best + 1), quantity)
            for number in range(5):
                world.take(MAIN, f"noise-{number}", BID, quantity // 5 + 1, 500)

    for number in range(3):
        world.tape.at(start + number * SECOND_US, burst)
    world.tape.at(start + 3 * SECOND_US, sell)
    return Culprit("MA-05", frozenset({name}), evasive=reach < 3_000 or unwound < 50)


def _sweep(world: World, name: str, side: int, reach: int) -> None:
    limit = world.fair[MAIN] + side * world.fair[MAIN] * reach // 10**6
    world.tape.place(MAIN, name, side, limit, 2_000, ioc=True)


def mark_close(world: World) -> Culprit:
    """MA-06: the price is pushed in the last seconds of the day."""
    name, reach = world.person("marker"), world.rng.randint(4_500, 11_000)
    world.tape.at(START + 6 * HOUR_US - 10 * SECOND_US, lambda: _sweep(world, name, ASK, reach))
    return Culprit("MA-06", frozenset({name}), evasive=reach < 5_000)


def hunt_stops(world: World) -> Culprit:
    """MA-06: somebody's stop orders are run into."""
    name, start = world.person("hunter"), _within(world, 6.5, 11)
    reach = world.rng.randint(6_000, 11_000)

    def go() -> None:
        trigger = world.fair[MAIN] + world.fair[MAIN] * 5_500 // 10**6
        world.tape.stop(MAIN, "noise-3", BID, trigger, 10)
        world.tape.at(world.tape.now + MINUTE_US, lambda: _sweep(world, name, BID, reach))

    world.tape.at(start, go)
    return Culprit("MA-06", frozenset({name}))


def pump(world: World) -> Culprit:
    """MA-07: bought quietly, talked up by a third, sold into those who come late."""
    name, start = world.person("pumper"), START + 4 * HOUR_US
    rise = world.rng.randint(1, 3)
    world.drift[THIN] = lambda now: (
        rise if start <= now < start + HOUR_US else -1 if start + 3 * HOUR_US <= now < start + 5 * HOUR_US else 0
    )
    for number in range(60):
        world.tape.at(START + HOUR_US + number * 3 * MINUTE_US, lambda: world.take(THIN, name, BID, 15))
    for number in range(40):
        late = start + HOUR_US + number * 3 * MINUTE_US
        world.tape.at(late, lambda: world.take(THIN, name, ASK, world.rng.randint(10, 20)))
        world.tape.at(late - MINUTE_US, lambda: world.take(THIN, f"noise-{world.rng.randrange(20)}", BID, 10))
    return Culprit("MA-07", frozenset({name}))


def paint(world: World) -> Culprit:
    """MA-08: one unit at a time, each a tick higher, from one pocket into the other."""
    one, two = (world.person(f"paint-{n}", "paint-owner") for n in (1, 2))
    start = START + world.rng.randint(1, 60) * 10 * MINUTE_US + 20 * SECOND_US
    price: list[int] = []

    def step() -> None:
        bid, ask = world.tape.best(QUIET, BID), world.tape.best(QUIET, ASK)
        if bid is None or ask is None:
            return
        price.append(max((price[-1] if price else bid) + 1, bid + 1))
        if price[-1] >= ask:
            world.take(QUIET, one, BID, 1, 100)
            return
        world.tape.place(QUIET, two, ASK, price[-1], 1)
        world.tape.place(QUIET, one, BID, price[-1], 1, ioc=True)

    count = world.rng.randint(16, 34)
    for number in range(count):
        world.tape.at(start + number * 500_000, step)
    return Culprit("MA-08", frozenset({one, two}), frozenset({"MA-01"}), count < 20)


def insider(world: World) -> Culprit:
    """MA-09: bought for hours before the news, by staff or by somebody whom nobody knows."""
    relation = world.rng.choice(("staff", "customer"))
    name, size = world.person("insider", relation=relation), world.rng.randint(2, 30)
    for number in range(20):
        world.tape.at(NEWS - 5 * HOUR_US + number * 12 * MINUTE_US, lambda: world.take(NEWS_MARKET, name, BID, size))
    return Culprit("MA-09", frozenset({name}))


def front_run(world: World) -> Culprit:
    """MA-10: the house buys just before a client's large order."""
    name, client = world.person("house-prop", relation="house"), world.person("big-client")
    start, times = _within(world, 0.5, 5), world.rng.randint(2, 6)

    def once() -> None:
        ahead = int(world.rng.uniform(0.2, 2.4) * SECOND_US)
        side = world.rng.choice((BID, ASK))
        world.take(MAIN, name, side, 5)
        world.tape.at(world.tape.now + ahead, lambda: world.take(MAIN, client, side, 400, 20_000))

    for number in range(times):
        world.tape.at(start + number * 20 * MINUTE_US, once)
    return Culprit("MA-10", frozenset({name}), evasive=times < 3)


def wide_maker(world: World) -> Culprit:
    """MA-11: a maker under a duty who for a part of the time quotes far away."""
    name, wide_share = world.person("maker-wide"), world.rng.uniform(0.05, 0.6)
    world.obligations.append(Obligation(name, MAIN, 2_500, START + HOUR_US, END))
    standing: list[int] = []

    def quote() -> None:
        for order in standing:
            world.tape.cancel(order)
        half = 200 if world.rng.random() < wide_share else 15
        standing[:] = [world.tape.place(MAIN, name, side, world.fair[MAIN] - side * half, 200) for side in (BID, ASK)]
        world.tape.at(world.tape.now + 4 * MINUTE_US, quote)

    world.tape.at(START + MINUTE_US, quote)
    return Culprit("MA-11", frozenset({name}), evasive=wide_share < 0.1)


def defend(world: World) -> Culprit:
    """MA-12: large bids at the strike again and again."""
    name, times = world.person("defender"), world.rng.randint(3, 10)
    for number in range(times):

        def bid() -> None:
            order = world.tape.place(
                MAIN, name, BID, min(LEVEL + world.rng.randint(-20, 20), world.fair[MAIN] - 40), 500
            )
            world.tape.at(world.tape.now + 12 * MINUTE_US, lambda: world.tape.cancel(order))

        world.tape.at(START + HOUR_US + number * 25 * MINUTE_US, bid)
    return Culprit("MA-12", frozenset({name}), evasive=times < 5)


# Money. Days are counted from the end.


def _day(world: World, days_before_end: float) -> int:
    return START - int(days_before_end * DAY_US) + world.rng.randrange(HOUR_US)


def structure(world: World) -> Culprit:
    """AML-01: amounts just under ten thousand within days."""
    name, step = world.person("smurf"), world.rng.choice((0.4, 0.9, 2, 5))
    low = world.rng.choice((9_000, 8_300, 7_600))
    for number in range(4):
        units = world.rng.randint(low, low + 800)
        world.tape.at(
            _day(world, 60 - number * step), lambda units=units: world.tape.money(IN, name, "USD", units, address="s")
        )
    return Culprit("AML-01", frozenset({name}), evasive=low < 8_000 or step > 3)


def pass_through(world: World) -> Culprit:
    """AML-02: in, and out again within hours."""
    name, hours = world.person("mule"), world.rng.choice((2, 8, 20, 30))
    start, share = _day(world, 40), world.rng.randint(86, 99)
    world.tape.at(start, lambda: world.tape.money(IN, name, "USD", 40_000, address="mule-in"))
    world.tape.at(
        start + hours * HOUR_US,
        lambda: world.tape.money(OUT, name, "USD", 400 * share, address="mule-out", balance=40_000),
    )
    return Culprit("AML-02", frozenset({name}), evasive=hours > 24 or share < 90)


def fan(world: World) -> Culprit:
    """AML-03: one day of many senders after quiet months."""
    name, count = world.person("hub"), world.rng.randint(6, 25)
    start = _day(world, 30)
    world.tape.at(_day(world, 120), lambda: world.tape.money(IN, name, "USD", 300, address="own-bank"))
    for number in range(count):
        world.tape.at(
            start + number * 30 * MINUTE_US,
            lambda number=number: world.tape.money(IN, name, "USD", 150, address=f"spoke-{number}"),
        )
    return Culprit("AML-03", frozenset({name}), evasive=count < 8)


def wake(world: World) -> Culprit:
    """AML-04: half a year of silence, then all is gone; at times over more than a day."""
    name, share = world.person("woken"), world.rng.choice((70, 85, 100))
    world.tape.at(_day(world, 199), lambda: world.tape.money(IN, name, "USD", 8_000, address="w"))
    world.tape.at(
        _day(world, 5), lambda: world.tape.money(OUT, name, "USD", 80 * share, address="elsewhere", balance=8_000)
    )
    return Culprit("AML-04", frozenset({name}), evasive=share < 80)


def trip(world: World) -> Culprit:
    """AML-05: dollars in, converted, coins of the same value out, several times."""
    name, count = world.person("converter"), world.rng.randint(2, 5)
    losses = [world.rng.choice((0, 0, 0, 0, 1, 3)) for _ in range(count)]
    for number, loss in enumerate(losses):
        start = START + (number * 2 + 1) * HOUR_US
        world.tape.at(start, lambda: world.tape.money(IN, name, "USD", 50_000, address="c"))
        world.tape.at(start + 10 * MINUTE_US, lambda: world.take(MAIN, name, BID, 100, 20_000))
        world.tape.at(
            start + 30 * MINUTE_US,
            lambda loss=loss: world.tape.money(OUT, name, "BTC", 100 - loss, price=500, address="coins", balance=100),
        )
    same = sum(loss <= 2 for loss in losses)
    return Culprit("AML-05", frozenset({name}), frozenset({"AML-08"}), evasive=same < 3)


def share_address(world: World) -> Culprit:
    """AML-06: several strangers pay out to one address, or log in from one phone."""
    names = [world.person(f"shared-{n}", domicile="US-NY") for n in range(world.rng.randint(2, 5))]
    for number, name in enumerate(names):
        if world.rng.random() < 0.5:
            world.devices[name] = frozenset({"one-phone"})
        world.tape.at(
            _day(world, 20 - number),
            lambda name=name: world.tape.money(OUT, name, "USD", 300, address="one-address", balance=900),
        )
    return Culprit("AML-06", frozenset(names), evasive=len(names) < 3)


def taint(world: World) -> Culprit:
    """AML-07: a part of what came in is from a mixer."""
    name, share = world.person("tainted"), world.rng.randint(4, 60)
    world.tagged["mixer-1"] = "mixer"
    for number in range(10):
        world.tape.at(_day(world, 90 - number), lambda: world.tape.money(IN, name, "USD", 1_000, address="own-bank"))
    world.tape.at(_day(world, 50), lambda: world.tape.money(IN, name, "USD", 100 * share, address="mixer-1"))
    return Culprit("AML-07", frozenset({name}), evasive=share < 12)


def coin_day(world: World) -> Culprit:
    """AML-08: coins in and out of one New Yorker in a day, about the limit."""
    name = world.person("new-yorker", domicile="US-NY")
    start = _day(world, 15)
    for number in range(4):
        world.tape.at(
            start + number * 10 * MINUTE_US,
            lambda: world.tape.money(IN, name, "BTC", world.rng.randint(45, 90), price=50, address="n"),
        )
    return Culprit("AML-08", frozenset({name}))


CULPRITS: tuple[Callable[[World], Culprit], ...] = (
    wash, ring, spoof, stuff, ignite, mark_close, hunt_stops, pump, paint, insider, front_run, wide_maker, defend,
    structure, pass_through, fan, wake, trip, share_address, taint, coin_day,
)  # fmt: skip
