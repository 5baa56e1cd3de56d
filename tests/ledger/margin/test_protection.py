"""Bands and breakers by hand, and the desk of protection in a small exchange: halt, auction, reopening, replay."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import canonical, parse
from ledger.commands import HaltMarket, OpenMarket
from ledger.engine import Engine
from ledger.events import AuctionHeld, MarketHalted, OrderReport
from ledger.genesis import Genesis
from ledger.markets.protection import BUCKETS, Bands, Breaker, protections
from ledger.trading.market import MarketState
from ledger.trading.reports import Kind, Reason
from ledger.trading.rules import Bound
from tests.support.wallet import PERPETUAL, SPOT, WalletExchange

SECOND = 1_000_000
NONE = Bands((0, 0), 0, (0, 0))


def test_bands_by_hand() -> None:
    bands = Bands((900_000, 1_150_000), 10_000, (850_000, 1_150_000))
    # The mean mark is 1001/3; premium 3 % and tolerance 1 % give 4 % (exchange.md 5.3).
    assert protections(bands, 1_001, (1_001, 3), 3 * 10**10) == (
        Bound(301, 383, Reason.MEAN_MARK_BAND),
        Bound(991, 1_041, Reason.MEAN_PREMIUM_BAND),
        Bound(851, 1_151, Reason.DISCOVERY_BAND),
    )
    assert protections(bands, 1_000, None, -3 * 10**10) == (
        Bound(960, 1_010, Reason.MEAN_PREMIUM_BAND),
        Bound(850, 1_150, Reason.DISCOVERY_BAND),
    )
    assert protections(bands, 0, (1_000, 1), 0) == (Bound(900, 1_150, Reason.MEAN_MARK_BAND),)
    assert protections(NONE, 1_000, (1_000, 1), 0) == ()


def test_a_breaker_looks_at_both_extremes_of_its_window() -> None:
    breaker = Breaker()
    assert breaker.note(0, [1_000], 300 * SECOND) == 0
    assert breaker.note(100 * SECOND, [1_049], 300 * SECOND) == 49_000
    assert breaker.note(200 * SECOND, [990], 300 * SECOND) == 56_245  # from 1,049: 56,244.04, rounded up
    assert breaker.note(309 * SECOND, [1_000], 300 * SECOND) == 46_712, "the window may last one part more"
    assert breaker.note(411 * SECOND, [1_000], 300 * SECOND) == 10_102, "1,049 is gone; 990 is there"
    again = Breaker.from_state(parse(canonical(breaker.to_state())))
    assert again.note(412 * SECOND, [1_100], 300 * SECOND) == breaker.note(412 * SECOND, [1_100], 300 * SECOND)
    assert breaker.note(412 * SECOND, [], 300 * SECOND) == 0


@given(
    st.lists(st.tuples(st.integers(0, 40), st.lists(st.integers(1, 60), min_size=1, max_size=4)), max_size=30),
    st.integers(1, 90),
)
@settings(max_examples=200)
def test_a_breaker_sees_every_move_of_its_window_and_forgets_after_one_part_more(
    commands: list[tuple[int, list[int]]], window: int
) -> None:
    """Against every pair of prices; times and window in tenths of a second, so parts are shorter than a second too."""
    breaker, now = Breaker(), 0
    seen: list[tuple[int, int]] = []
    part = -(-window * 100_000 // BUCKETS)
    for elapsed, prices in commands:
        now += elapsed * 100_000
        move = breaker.note(now, prices, window * 100_000)
        least = most = Fraction(0)
        for price in prices:
            seen.append((now, price))
            for at, other in seen:
                moved = abs(Fraction(price, other) - 1)
                if at >= now - window * 100_000:
                    least = max(least, moved)
                if at > now - (window * 100_000 + 2 * part):
                    most = max(most, moved)
        assert least * 10**6 <= move < most * 10**6 + 1
        assert len(breaker.rows) <= BUCKETS + 1


def exchange(*values: tuple[str, str, object]) -> WalletExchange:
    """A small exchange whose BTC markets halt at more than 5 % in 5 minutes."""
    made = WalletExchange(values=(
        ("market.breaker_move", SPOT, "50000"), ("market.breaker_move", PERPETUAL, "50000"), *values
    ))  # fmt: skip
    for who in (1, 2, 3):
        made.deposit(who, USDC=1_000_000, BTC=10)
    return made


def reports(made: WalletExchange, kind: Kind) -> list[tuple[int, ...]]:
    return [event.row for event in made.events if isinstance(event, OrderReport) and event.row[0] == kind]


@pytest.mark.parametrize("move", [52_500, 52_501])
def test_a_move_beyond_the_limit_halts_and_an_auction_reopens(move: int) -> None:
    made = exchange()
    made.trade(1, 2, 10, 50_000, SPOT)
    made.trade(1, 2, 10, move, SPOT)
    halted = made.found(MarketHalted)
    if move == 52_500:
        assert halted == [], "exactly the limit is not beyond it"
        return
    assert [(each.market, each.move, each.until) for each in halted] == [(SPOT, 50_020, made.now + 120 * SECOND)]
    room = made.engine.orders.rooms[SPOT]
    assert room.book.state == MarketState.AUCTION
    made.order(1, "bid", 10, 53_000, SPOT)
    made.order(2, "ask", 6, 52_000, SPOT)
    assert reports(made, Kind.TRADED) == []
    made.order(3, "ask", 5, None, SPOT)
    assert reports(made, Kind.REJECTED)[0][2] == Reason.CIRCUIT_BREAKER
    assert made.engine.due_us <= halted[0].until
    made.wait(119)
    made.order(3, "ask", 2, 52_400, SPOT)
    before = made.owed(1), made.owed(1, "BTC")
    made.events = []
    made.tick(2)
    # Eight steps at the price nearest to the index of 50,000 of those that trade most: 53,000 down to 52,400.
    assert made.found(AuctionHeld) == [AuctionHeld(SPOT, 52_400, 8)]
    assert room.book.state == MarketState.OPEN and room.auction_us == 0
    paid = 8 * 52_400 * 100
    fee = before[0] - made.owed(1) - paid
    assert 0 <= fee <= paid * 500 // 10**6 + 2
    assert made.owed(1, "BTC") - before[1] == 8 * 10_000
    made.check_books()
    made.trade(1, 2, 1, 53_000, SPOT)
    assert len(made.found(MarketHalted)) == 1, "what was before the halt trips nothing again"
    assert made.replayed().state_hash() == made.engine.state_hash()


def test_a_perpetual_halts_by_its_mark_and_its_mark_is_the_index_meanwhile() -> None:
    made = exchange(("perpetual.mark_cap", PERPETUAL, "0"))
    made.trade(1, 2, 10, 50_000)
    made.wait(60)
    made.prices(BTC=47_000)
    halted = [each for each in made.found(MarketHalted) if each.market == PERPETUAL]
    assert [each.move for each in halted] == [60_000]
    room = made.engine.orders.rooms[PERPETUAL]
    made.order(1, "bid", 10, 47_500)
    made.order(3, "ask", 10, 46_000)
    made.wait(30)
    made.prices(BTC=47_100)
    assert room.marks is not None and room.marks.mark.source == "index"
    assert made.engine.margin.markets[PERPETUAL].mark == 47_100
    made.tick(100)
    assert [each for each in made.found(AuctionHeld) if each.market == PERPETUAL] == [
        AuctionHeld(PERPETUAL, 47_100, 10)
    ]
    assert (made.size(1), made.size(2), made.size(3)) == (20, -10, -10)
    made.check_books()
    assert made.replayed().state_hash() == made.engine.state_hash()


def test_a_sweep_that_comes_back_halts_as_well() -> None:
    """The last price of a command says nothing of the prices between."""
    made = exchange()
    made.trade(1, 2, 10, 50_000, SPOT)
    made.order(1, "bid", 1, 47_000, SPOT)
    made.order(1, "bid", 1, 46_999, SPOT)
    made.order(3, "ask", 10, 50_000, SPOT)
    # A trigger of the same command buys the price back.
    made.order(1, "bid", 1, 50_000, SPOT, trigger="take-profit", trigger_by="last", trigger_price=47_500)
    made.order(2, "ask", 2, 46_000, SPOT)
    assert [row[4] for row in reports(made, Kind.TRADED)] == [47_000, 46_999, 50_000]
    assert [each.move for each in made.found(MarketHalted)] == [63_853]  # up from 46,999


def test_an_operator_who_halts_an_auction_postpones_it() -> None:
    made = exchange()
    made.trade(1, 2, 10, 50_000, SPOT)
    made.trade(1, 2, 10, 40_000, SPOT)
    made.order(1, "bid", 10, 41_000, SPOT)
    made.order(2, "ask", 10, 40_000, SPOT)
    made.give(HaltMarket(SPOT, "cancel-only", "looked at"))
    book = made.engine.orders.rooms[SPOT].book
    made.tick(121)
    assert book.state == MarketState.CANCEL_ONLY and made.found(AuctionHeld) == []
    assert made.replayed().state_hash() == made.engine.state_hash()
    made.give(OpenMarket(SPOT, "open", "looked at"))
    assert made.found(AuctionHeld) == [AuctionHeld(SPOT, 41_000, 10)]
    assert reports(made, Kind.TRADED)[0][4:6] == (41_000, 10)
    assert made.replayed().state_hash() == made.engine.state_hash()


def test_an_operator_cannot_end_an_auction_early() -> None:
    made = exchange()
    made.trade(1, 2, 10, 50_000, SPOT)
    made.trade(1, 2, 10, 40_000, SPOT)
    made.give(HaltMarket(SPOT, "cancel-only", "looked at"))
    made.give(OpenMarket(SPOT, "open", "looked at"))
    assert made.engine.orders.rooms[SPOT].book.state == MarketState.AUCTION
    made.tick(121)
    assert made.engine.orders.rooms[SPOT].book.state == MarketState.OPEN


def test_the_discovery_band_outlives_its_index() -> None:
    made = exchange(("market.discovery_band", SPOT, ("800000", "1200000")))
    made.tick(86_401)
    room = made.engine.orders.rooms[SPOT]
    assert room.book.reference(2) == 0
    assert room.book.bounds == (Bound(40_000, 60_000, Reason.DISCOVERY_BAND),)
    made.order(2, "bid", 1, 39_999, SPOT)
    assert reports(made, Kind.REJECTED)[0][2] == Reason.DISCOVERY_BAND
    assert made.replayed().state_hash() == made.engine.state_hash()


def test_an_auction_that_finds_nothing_only_opens() -> None:
    made = exchange()
    made.trade(1, 2, 10, 50_000, SPOT)
    made.trade(1, 2, 10, 40_000, SPOT)
    made.tick(121)
    assert made.found(AuctionHeld) == [AuctionHeld(SPOT, 0, 0)]
    assert made.engine.orders.rooms[SPOT].book.state == MarketState.OPEN


def test_a_restored_engine_goes_on_with_its_auction() -> None:
    made = exchange()
    made.trade(1, 2, 10, 50_000, SPOT)
    made.trade(1, 2, 10, 40_000, SPOT)
    made.order(1, "bid", 10, 41_000, SPOT)
    made.order(2, "ask", 10, 40_000, SPOT)
    other = Engine.restore(Genesis("wallet.exchange", "main", 0, 1, ()), made.engine.sections())
    assert other.orders.rooms[SPOT].auction_us == made.engine.orders.rooms[SPOT].auction_us > 0
    made.tick(121)
    ticks = made.commands[-1:]
    for sequence, (at, command, giver) in enumerate(ticks, other.sequence + 1):
        other.apply(sequence, at, command, giver=giver)
        other.ledger.drain_rows()
    assert made.found(AuctionHeld) == [AuctionHeld(SPOT, 41_000, 10)]
    assert other.state_hash() == made.engine.state_hash()


def test_bands_follow_means_and_index() -> None:
    made = exchange(
        ("market.premium_tolerance", PERPETUAL, "20000"),
        ("market.discovery_band", SPOT, ("800000", "1200000")),
    )
    rooms = made.engine.orders.rooms
    assert rooms[PERPETUAL].book.bounds == (
        Bound(45_000, 57_500, Reason.MEAN_MARK_BAND),
        Bound(49_000, 51_000, Reason.MEAN_PREMIUM_BAND),
    )
    assert rooms[SPOT].book.bounds == (Bound(40_000, 60_000, Reason.DISCOVERY_BAND),)
    made.order(1, "ask", 1, 50_900)
    made.order(1, "ask", 1, 51_100)
    made.order(2, "bid", 2, 52_000)
    assert reports(made, Kind.TRADED)[0][4:6] == (50_900, 1)
    assert reports(made, Kind.EXPIRED)[0][2:] == (1, Reason.MEAN_PREMIUM_BAND)
    made.order(2, "bid", 1, 39_999, SPOT)
    assert reports(made, Kind.REJECTED)[0][2] == Reason.DISCOVERY_BAND
    made.wait(60)
    made.prices(BTC=40_000)
    assert rooms[SPOT].book.bounds == (Bound(32_000, 48_000, Reason.DISCOVERY_BAND),)


def test_an_orders_greatest_value_and_volume_are_parameters() -> None:
    made = exchange(("market.order_value_max", SPOT, str(50_000 * 10**6)), ("market.order_volume_max", SPOT, "20000"))
    made.order(1, "bid", 10_000, 50_000, SPOT)
    assert reports(made, Kind.RESTED)
    made.order(1, "bid", 10_000, 50_001, SPOT)
    assert reports(made, Kind.REJECTED)[0][2] == Reason.ORDER_VALUE_MAX
    made.order(1, "bid", 20_001, 1, SPOT)
    assert reports(made, Kind.REJECTED)[0][2] == Reason.ORDER_VOLUME_MAX
