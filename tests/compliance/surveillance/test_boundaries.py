"""Times, prices and quantities just inside, at, and just outside what the market detectors ask for, on small tapes."""

from __future__ import annotations

import pytest

from compliance.surveillance.events import MoneyKind
from compliance.surveillance.inputs import AccountFacts, Announcement, Fixing, Inputs, Level, Obligation
from compliance.surveillance.parameters import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from compliance.surveillance.runner import run_detectors
from tests.compliance.surveillance.tape import ASK, BID, Tape

MARKET = "X_USD"
START = 20_000 * DAY_US


def at(tape: Tape, after: int) -> Tape:
    """The tape at a time after the start."""
    assert tape.now <= START + after, "time does not run backwards"
    tape.now = START + after
    return tape


def cross(tape: Tape, seller: str, buyer: str, price: int, quantity: int, taker: int = BID) -> None:
    """A fill between two: the other side rests first."""
    sides = (ASK, seller, buyer) if taker == BID else (BID, buyer, seller)
    tape.place(MARKET, sides[1], sides[0], price, quantity)
    tape.place(MARKET, sides[2], -sides[0], price, quantity, ioc=True)


def found(detector: str, tape: Tape, inputs: Inputs | None = None) -> list:
    return list(run_detectors(tape.log(), inputs or Inputs(), only={detector}).alerts)


# MA-02


@pytest.mark.parametrize(("extra", "is_found"), [(20, True), (21, True), (22, False)])
def test_a_ring_leaves_at_most_five_per_cent(extra, is_found) -> None:
    # Ann sells 210 and buys 190 + what she buys more of a stranger: net and gross follow.
    tape = at(Tape(), 0)
    for turn in range(4):
        at(tape, turn * MINUTE_US)
        for seller, buyer in (("ann", "bob"), ("bob", "cid"), ("cid", "ann")):
            cross(tape, seller, buyer, 100, 50)
    cross(tape, "eve", "ann", 100, extra)
    # 200 sold, 200 + extra bought: |net| / gross = extra / (400 + extra), at 5 % for 21.05.
    assert bool(found("MA-02", tape)) is is_found


# MA-03


def spoof(delay: int, before: int, size: int = 40, rounds: int = 2) -> Tape:
    """Bids placed so long before a sale of ten and cancelled so long after it."""
    tape = Tape()
    for number in range(rounds):
        start = number * 10 * MINUTE_US
        order = at(tape, start).place(MARKET, "spoofer", BID, 90, size)
        cross(at(tape, start + before), "spoofer", "victim", 100, 10)
        at(tape, start + before + delay).cancel(order)
    return tape


@pytest.mark.parametrize(
    ("delay", "is_found"), [(10 * SECOND_US - 1, True), (10 * SECOND_US, True), (10 * SECOND_US + 1, False)]
)
def test_layers_go_within_ten_seconds(delay, is_found) -> None:
    assert bool(found("MA-03", spoof(delay, SECOND_US))) is is_found


@pytest.mark.parametrize(
    ("before", "is_found"), [(30 * SECOND_US - 1, True), (30 * SECOND_US, True), (30 * SECOND_US + 1, False)]
)
def test_layers_were_placed_within_thirty_seconds(before, is_found) -> None:
    assert bool(found("MA-03", spoof(SECOND_US, before))) is is_found


@pytest.mark.parametrize(("size", "is_found"), [(39, False), (40, True), (41, True)])
def test_layers_are_four_times_the_fill(size, is_found) -> None:
    assert bool(found("MA-03", spoof(SECOND_US, SECOND_US, size))) is is_found


@pytest.mark.parametrize(("rounds", "is_found"), [(1, False), (2, True)])
def test_once_may_be_chance(rounds, is_found) -> None:
    assert bool(found("MA-03", spoof(SECOND_US, SECOND_US, rounds=rounds))) is is_found


def test_a_maker_who_quotes_both_sides_is_no_spoofer() -> None:
    tape = Tape()
    for number in range(4):
        start = number * MINUTE_US
        bid = at(tape, start).place(MARKET, "maker", BID, 90, 50)
        ask = tape.place(MARKET, "maker", ASK, 110, 50)
        at(tape, start + SECOND_US).place(MARKET, "taker", BID, 110, 10, ioc=True)
        at(tape, start + 2 * SECOND_US).cancel(bid)
        tape.cancel(ask)
    assert not found("MA-03", tape)


def test_what_expired_or_was_filled_is_no_layer() -> None:
    tape = Tape()
    for number in range(3):
        start = number * MINUTE_US
        at(tape, start).place(MARKET, "ann", BID, 90, 100)
        cross(at(tape, start + SECOND_US), "ann", "bob", 100, 10)
        at(tape, start + 2 * SECOND_US).place(MARKET, "cid", ASK, 90, 100, ioc=True)
    assert not found("MA-03", tape)


# MA-06


def marked(push: int, back: int, share: int = 50) -> Tape:
    """A push before the day's end, in ticks of 20,000 before it, and where the price is after it."""
    tape = Tape()
    cross(at(tape, DAY_US - HOUR_US), "eve", "fay", 20_000, 10)
    cross(at(tape, DAY_US - 4 * MINUTE_US), "eve", "fay", 20_000, 100 - share)
    cross(at(tape, DAY_US - SECOND_US), "eve", "marker", 20_000 + push, share)
    cross(at(tape, DAY_US + MINUTE_US), "eve", "fay", back, 10)
    return tape


@pytest.mark.parametrize(("push", "is_found"), [(99, False), (100, True), (101, True)])
def test_a_mark_moves_half_a_per_cent(push, is_found) -> None:
    assert bool(found("MA-06", marked(push, 20_000))) is is_found


@pytest.mark.parametrize(("back", "is_found"), [(20_101, False), (20_100, True), (20_099, True)])
def test_a_mark_is_half_undone(back, is_found) -> None:
    assert bool(found("MA-06", marked(200, back))) is is_found


@pytest.mark.parametrize(("share", "is_found"), [(29, False), (30, True), (31, True)])
def test_a_mark_is_thirty_per_cent_of_the_volume(share, is_found) -> None:
    alerts = found("MA-06", marked(200, 20_000, share))
    assert any("marker" in alert.accounts for alert in alerts) is is_found


def test_a_fixing_at_another_time_is_a_table() -> None:
    tape = Tape()
    for after, price in ((0, 1_000), (HOUR_US - SECOND_US, 1_010), (HOUR_US + SECOND_US, 1_000)):
        cross(at(tape, after), "eve", "marker", price, 10)
    assert not found("MA-06", tape)
    [alert] = found("MA-06", tape, Inputs(fixings=(Fixing(MARKET, START + HOUR_US, "index"),)))
    assert alert.feature("fixing") == "index"


# MA-07


@pytest.mark.parametrize(("peak", "is_found"), [(1_249, False), (1_250, True), (1_251, True)])
def test_a_pump_rises_by_a_quarter(peak, is_found) -> None:
    tape = Tape()
    cross(at(tape, 0), "eve", "pumper", 1_000, 100)
    cross(at(tape, 5 * HOUR_US), "fay", "late", peak, 10)
    cross(at(tape, 5 * HOUR_US + MINUTE_US), "pumper", "late", peak, 80)
    assert bool(found("MA-07", tape)) is is_found


@pytest.mark.parametrize(("sold", "is_found"), [(49, False), (50, True), (51, True)])
def test_a_pumper_sells_half(sold, is_found) -> None:
    tape = Tape()
    cross(at(tape, 0), "eve", "pumper", 1_000, 100)
    cross(at(tape, 5 * HOUR_US), "pumper", "late", 1_300, sold)
    assert bool(found("MA-07", tape)) is is_found


# MA-09


@pytest.mark.parametrize(("after", "is_found"), [(1_019, False), (1_020, True), (1_021, True)])
def test_an_insider_gains_two_per_cent(after, is_found) -> None:
    tape = Tape()
    names = [f"n{number}" for number in range(6)]
    for number, name in enumerate(names):
        cross(at(tape, number * SECOND_US), name, names[number - 1], 1_000, 1)
    cross(at(tape, MINUTE_US), "seller", "insider", 1_000, 500)
    cross(at(tape, HOUR_US), "n0", "n1", after, 5)
    inputs = Inputs(announcements=(Announcement(MARKET, START + HOUR_US, "listing"),), accounts={})
    assert bool(found("MA-09", tape, inputs)) is is_found


# MA-10


def ahead(wait: int, client: int = 100) -> tuple[Tape, Inputs]:
    """The house buys, and so long after it a client does, whose order is so large; the median order is ten."""
    tape = Tape()
    for number in range(40):
        at(tape, number * SECOND_US).place(MARKET, "eve", ASK, 200, 10)
    for number in range(3):
        start = HOUR_US * (number + 1)
        at(tape, start).place(MARKET, "fay", ASK, 100, 10)
        tape.place(MARKET, "house", BID, 100, 10, ioc=True)
        at(tape, start + wait - 1).place(MARKET, "fay", ASK, 110, 10)
        at(tape, start + wait).place(MARKET, "client", BID, 150, client, ioc=True)
    return tape, Inputs(accounts={"house": AccountFacts("house", "house")})


@pytest.mark.parametrize(
    ("wait", "is_found"), [(2 * SECOND_US - 1, True), (2 * SECOND_US, True), (2 * SECOND_US + 1, False)]
)
def test_ahead_is_within_two_seconds(wait, is_found) -> None:
    assert bool(found("MA-10", *ahead(wait))) is is_found


@pytest.mark.parametrize(("client", "is_found"), [(99, False), (100, True), (101, True)])
def test_a_large_order_is_ten_medians(client, is_found) -> None:
    assert bool(found("MA-10", *ahead(SECOND_US, client))) is is_found


def test_the_house_at_a_worse_price_ran_ahead_of_nobody() -> None:
    tape, inputs = ahead(SECOND_US)
    assert found("MA-10", tape, inputs)
    strangers = Inputs(accounts={"house": AccountFacts("house", "customer"), "x": AccountFacts("x", "house")})
    assert not found("MA-10", tape, strangers)


# MA-11


@pytest.mark.parametrize(("ask", "is_found"), [(10_099, False), (10_100, False), (10_101, True)])
def test_the_duty_itself_is_met(ask, is_found) -> None:
    tape = at(Tape(), 0)
    tape.place(MARKET, "maker", BID, 9_900, 5)
    tape.place(MARKET, "maker", ASK, ask, 5)
    at(tape, 2 * HOUR_US).place(MARKET, "eve", BID, 1, 1)
    # 2 * 200 / 20,000 is 20,000 ppm.
    inputs = Inputs(obligations=(Obligation("maker", MARKET, 20_000, START + MINUTE_US, START + 2 * HOUR_US),))
    assert bool(found("MA-11", tape, inputs)) is is_found


def test_a_maker_who_is_not_there_breaches() -> None:
    tape = at(Tape(), 0)
    tape.place(MARKET, "maker", BID, 9_900, 5)
    at(tape, 2 * HOUR_US).place(MARKET, "eve", BID, 1, 1)
    inputs = Inputs(obligations=(Obligation("maker", MARKET, 20_000, START, START + 2 * HOUR_US),))
    [alert] = found("MA-11", tape, inputs)
    assert alert.feature("breach_share_ppm") == 10**6 and alert.feature("samples_one_sided") == 120


# MA-12


def defended(price: int, size: int, last: int = 10_000, side: int = BID) -> tuple[Tape, Inputs]:
    """Five orders near a level of 10,000, the market at `last`, the median order one."""
    tape = Tape()
    for number in range(12):
        cross(at(tape, number * SECOND_US), "eve", "fay", last, 1)
    for number in range(5):
        order = at(tape, HOUR_US + number * MINUTE_US).place(MARKET, "defender", side, price, size)
        tape.cancel(order)
    return tape, Inputs(levels=(Level(MARKET, 10_000, "strike", START, START + DAY_US),))


@pytest.mark.parametrize(("price", "is_found"), [(9_989, False), (9_990, True), (10_010, True), (10_011, False)])
def test_at_a_level_is_within_a_thousandth(price, is_found) -> None:
    assert bool(found("MA-12", *defended(price, 20))) is is_found


@pytest.mark.parametrize(("size", "is_found"), [(9, False), (10, True), (11, True)])
def test_a_defence_is_ten_medians(size, is_found) -> None:
    assert bool(found("MA-12", *defended(10_000, size))) is is_found


@pytest.mark.parametrize(("last", "is_found"), [(9_899, False), (9_900, True), (10_100, True), (10_101, False)])
def test_the_market_is_within_a_hundredth(last, is_found) -> None:
    assert bool(found("MA-12", *defended(10_000, 20, last))) is is_found


def test_asks_defend_a_ceiling() -> None:
    [alert] = found("MA-12", *defended(10_000, 20, side=ASK))
    assert alert.feature("pattern") == "ceiling"


# AML-05


def trips(out: int, after: int, traded: int = 100) -> Tape:
    """Three times 10,000 in, so much traded (of 100), and so much out in another asset so long after."""
    tape = at(Tape(), 0)
    for number in range(3):
        start = number * DAY_US
        at(tape, start).money(MoneyKind.DEPOSIT, "ann", "USD", 10_000)
        cross(at(tape, start + SECOND_US), "eve", "ann", 10_000, traded)
        at(tape, start + after).money(MoneyKind.WITHDRAWAL_REQUESTED, "ann", "BTC", out)
    return tape


@pytest.mark.parametrize(
    ("out", "is_found"), [(9_799, False), (9_800, True), (10_000, True), (10_200, True), (10_201, False)]
)
def test_a_trip_keeps_its_value_within_two_per_cent(out, is_found) -> None:
    assert bool(found("AML-05", trips(out, HOUR_US))) is is_found


@pytest.mark.parametrize(
    ("after", "is_found"), [(2 * HOUR_US - 1, True), (2 * HOUR_US, True), (2 * HOUR_US + 1, False)]
)
def test_a_trip_takes_two_hours(after, is_found) -> None:
    assert bool(found("AML-05", trips(10_000, after))) is is_found


@pytest.mark.parametrize(("traded", "is_found"), [(49, False), (50, True), (51, True)])
def test_a_trip_converts_half(traded, is_found) -> None:
    assert bool(found("AML-05", trips(10_000, HOUR_US, traded))) is is_found
