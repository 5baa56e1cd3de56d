"""Prices: what several feeds say becomes one reference or none, exactly; triggers and rows of the ledger follow it."""

from __future__ import annotations

from fractions import Fraction
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import events as facts
from ledger.canonical import canonical, parse
from ledger.commands import (
    CreditDeposit,
    FeedPrices,
    ListAsset,
    ListMarket,
    PlaceOrders,
    Tick,
    command_document,
    read_command,
)
from ledger.commands.prices import AssetPrice, CurrencyPrice
from ledger.desks import NEVER_US
from ledger.engine import Engine
from ledger.errors import FormatError
from ledger.playback import replay
from ledger.prices import UNIT_PRICE, Board, Limits, Quote, in_currency, index_ticks, reference_price, value_floor
from ledger.trading.market import PPM, Market
from ledger.trading.orders import TriggerBy
from ledger.trading.reports import Kind
from tests.ledger.test_engine import MARKET, PEOPLE, Exchange, order, refusals
from tests.ledger.test_playback import entries_of, records_of
from tests.support.signed import GENESIS, entry_of

SECOND = 10**6
USD = UNIT_PRICE


@pytest.fixture
def exchange():
    return Exchange().open()


def feed(exchange, who, assets, crosses=(), after_us=SECOND, published=None, unit="USD"):
    """What a feed says, published when it is given."""
    now = exchange.commands[-1][0] + after_us
    command = FeedPrices(
        now if published is None else published,
        unit,
        tuple(AssetPrice(*line) for line in assets),
        tuple(CurrencyPrice(*line) for line in crosses),
    )
    return exchange.give(command, after_us, giver=who)


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


# Arithmetic.

prices = st.one_of(st.integers(1, 10**36 - 1), st.integers(1, 40))


@settings(max_examples=400)
@given(st.lists(prices, min_size=1, max_size=9), st.one_of(st.just(0), st.integers(0, PPM)))
def test_a_reference_is_the_mean_of_what_was_brought_near_the_median(known, spread):
    middle = median(map(Fraction, known))
    low, high = middle * (PPM - spread) / PPM, middle * (PPM + spread) / PPM
    exact = sum(min(max(Fraction(price), low), high) for price in known) / len(known)
    assert reference_price(known, spread) == exact // 1
    if spread == 0:
        assert reference_price(known, 0) == middle // 1
    assert min(known) <= reference_price(known, spread) <= max(known)


@pytest.mark.parametrize(
    ("known", "expected"),
    [([7], 7), ([7, 8], 7), ([7, 9], 8), ([1, 100, 101], 100), ([1, 100, 102, 900], 101), ([5, 1, 9, 3, 7], 5)],
)
def test_medians_of_one_to_five(known, expected):
    assert reference_price(known, 0) == expected
    assert reference_price(known[::-1], 0) == expected


def test_one_feed_that_is_far_off_moves_the_reference_by_its_share_of_the_spread():
    assert reference_price([10**6, 10**6, 10**9], 10_000) == 10**6 + 10_000 // 3


@given(prices, prices, st.integers(0, 2**63 - 1), st.integers(0, 38))
def test_values_in_any_currency_are_exact_but_for_one_rounding_down(price, cross, quanta, scale):
    assert in_currency(price, cross) == Fraction(price, cross) * UNIT_PRICE // 1
    assert in_currency(price, UNIT_PRICE) == price
    exact = Fraction(quanta, 10**scale) * Fraction(price, cross)
    assert value_floor(quanta, scale, price, cross) == exact * 10**18 // 1


@given(prices, prices, st.integers(1, 10**6), st.integers(0, 8))
def test_an_index_is_the_nearest_tick_a_half_up(base, quote, units, decimals):
    market = Market("A_B", "A", "B", 8, decimals, units, decimals, 10**8)
    exact = Fraction(base, quote) / (Fraction(units) / 10**decimals)
    assert index_ticks(market, base, quote) == min(max(1, (exact + Fraction(1, 2)) // 1), 2**53 - 1)


def test_a_price_of_nothing_and_one_too_large_never_become_commands():
    document = command_document(FeedPrices(1, "USD", (AssetPrice("BTC", 10**36 - 1),), (CurrencyPrice("EUR", 1),)))
    assert command_document(read_command(document)) == document
    for price in ("0", "-1", "01", "1.5", str(10**36), 5):
        with pytest.raises(FormatError):
            read_command(document | {"prices": [{"asset": "BTC", "price": price}]})
        with pytest.raises(FormatError):
            read_command(document | {"crosses": [{"currency": "EUR", "price": price}]})


# Boards.


def test_a_quote_is_fresh_until_its_staleness_has_passed():
    for age, is_there in ((9, True), (10, False), (11, False)):
        board = Board(lambda _: Limits(10, 1, 0, 0), {})
        board.offer("a", "X", Quote(100, 5))
        board.refresh(["X"], 100 + age)
        assert ("X" in board.references) == is_there
        assert board.due_us == (110 if is_there else 2**63)


@pytest.mark.parametrize(("price", "is_taken"), [(899, False), (900, True), (1100, True), (1101, False)])
def test_a_jump_is_measured_against_the_same_feeds_last_price(price, is_taken):
    board = Board(lambda _: Limits(10, 1, 100_000, 0), {})
    assert board.offer("a", "X", Quote(1, 1000))
    assert board.offer("a", "X", Quote(2, price)) == is_taken
    assert board.offer("b", "X", Quote(2, 10**9)), "a first word is no jump"


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("XY"), st.integers(1, 30), st.integers(0, 6))),
    st.integers(1, 3),
)
def test_a_board_follows_a_list_of_all_that_was_said(said, sources_min):
    """The plain twin looks at every quote again at every step."""
    limits = Limits(10, sources_min, PPM, 10_000)
    board, known, now = Board(lambda _: limits, {}), {}, 0
    for who, name, price, after in said:
        now += after
        if now >= board.due_us:
            board.refresh(board.stale(now), now)
        last = known.get((name, who))
        jumps = last is not None and last[0] + 10 > now and abs(price - last[1]) > last[1]
        assert board.offer(who, name, Quote(now, price)) != jumps
        if not jumps:
            known[name, who] = (now, price)
        board.refresh([name], now)
        for each in "XY":
            fresh = [quote for (of, _), (time, quote) in known.items() if of == each and time + 10 > now]
            expected = reference_price(fresh, 10_000) if len(fresh) >= sources_min else None
            assert board.references.get(each) == expected


# The desk.


def test_two_feeds_make_a_price_and_one_does_not(exchange):
    assert feed(exchange, "feed-a", [("BTC", 100 * USD)]) == []
    events = feed(exchange, "feed-b", [("BTC", 101 * USD)])
    assert events == [facts.PricesSet("USD", (("BTC", 100 * USD + USD // 2),), ())]
    assert exchange.engine.prices == {"USD": USD, "BTC": 100 * USD + USD // 2}


def test_the_same_feed_twice_is_one_source(exchange):
    feed(exchange, "feed-a", [("BTC", 100 * USD)])
    feed(exchange, "feed-a", [("BTC", 100 * USD)])
    assert "BTC" not in exchange.engine.prices


@pytest.mark.parametrize(("after_us", "is_there"), [(60 * SECOND - 1, True), (60 * SECOND, False)])
def test_a_price_is_gone_before_the_command_that_finds_it_stale(exchange, after_us, is_there):
    feed(exchange, "feed-a", [("BTC", 100 * USD)])
    feed(exchange, "feed-b", [("BTC", 100 * USD)], after_us=0)
    events = exchange.give(CreditDeposit(PEOPLE[0], "", "BTC", 1, "wallet-1", "late"), after_us)
    gone = [] if is_there else [facts.PricesSet("USD", (("BTC", None),), ())]
    assert of_kind(events, facts.PricesSet) == gone
    assert ("BTC" in exchange.engine.prices) == is_there
    row = exchange.engine.ledger.drain_entries()[-1]
    assert row.price == (100 * USD if is_there else None)


def test_crosses_say_what_an_asset_is_worth_in_any_currency(exchange):
    feed(
        exchange,
        "feed-a",
        [("BTC", 60_000 * USD)],
        [("EUR", 1_080_000_000_000_000_000), ("JPY", 6_500_000_000_000_000)],
    )
    feed(exchange, "feed-b", [("BTC", 60_000 * USD)])
    engine = exchange.engine
    assert engine.crosses == {"USD": USD, "EUR": 1_080_000_000_000_000_000, "JPY": 6_500_000_000_000_000}
    euros = value_floor(150_000_000, 8, engine.prices["BTC"], engine.crosses["EUR"])
    assert euros == Fraction(90_000 * 100, 108) * 10**18 // 1


@pytest.mark.parametrize(
    ("who", "changes", "reason"),
    [
        ("", {}, "no-feed"),
        ("feed-a", {"unit": "JPY"}, "another-unit-of-account"),
        ("feed-a", {"assets": []}, "no-prices"),
        ("feed-a", {"assets": [("DOGE", 1)]}, "unknown-asset"),
        ("feed-a", {"assets": [("USD", 1)]}, "unit-of-account-has-no-price"),
        ("feed-a", {"crosses": [("USD", 1)]}, "unit-of-account-has-no-price"),
        ("feed-a", {"assets": [("BTC", 1), ("BTC", 2)]}, "priced-twice"),
        ("feed-a", {"crosses": [("EUR", 1), ("EUR", 2)]}, "priced-twice"),
    ],
)
def test_what_a_feed_may_not_say_changes_nothing(exchange, who, changes, reason):
    before = prices_document(exchange)
    assert refusals(feed(exchange, who, **{"assets": [("BTC", USD)]} | changes)) == [reason]
    assert prices_document(exchange) == before


@pytest.mark.parametrize(("ahead_us", "reasons"), [(-1, []), (0, []), (1, ["published-in-the-future"])])
def test_nothing_is_published_later_than_it_arrives(exchange, ahead_us, reasons):
    at = exchange.engine.time_us + SECOND
    assert refusals(feed(exchange, "feed-a", [("BTC", USD)], published=at + ahead_us)) == reasons


@pytest.mark.parametrize(
    ("later_us", "reasons"), [(-1, ["published-out-of-order"]), (0, ["published-out-of-order"]), (1, [])]
)
def test_a_feed_speaks_in_order(exchange, later_us, reasons):
    at = exchange.engine.time_us
    feed(exchange, "feed-a", [("BTC", USD)], published=at)
    assert refusals(feed(exchange, "feed-b", [("BTC", USD)], published=at - 1)) == []
    assert refusals(feed(exchange, "feed-a", [("BTC", USD)], published=at + later_us)) == reasons


def test_a_jump_is_left_out_until_the_old_price_is_stale(exchange):
    for who in ("feed-a", "feed-b"):
        feed(exchange, who, [("BTC", 100 * USD)])
    events = feed(exchange, "feed-a", [("BTC", 106 * USD)])
    assert events == [facts.PriceJumped("feed-a", "BTC", 106 * USD)]
    feed(exchange, "feed-b", [("BTC", 106 * USD)])
    assert exchange.engine.prices["BTC"] == 100 * USD
    feed(exchange, "feed-a", [("BTC", 106 * USD)], after_us=60 * SECOND)
    assert "BTC" not in exchange.engine.prices
    feed(exchange, "feed-b", [("BTC", 106 * USD)])
    assert exchange.engine.prices["BTC"] == 106 * USD


def test_a_stricter_limit_acts_on_what_stands(exchange):
    for who in ("feed-a", "feed-b"):
        feed(exchange, who, [("BTC", 100 * USD)])
    events = exchange.set("prices.sources_min", "BTC", "3")
    assert of_kind(events, facts.PricesSet) == [facts.PricesSet("USD", (("BTC", None),), ())]
    assert "BTC" not in exchange.engine.prices


def test_another_unit_of_account_forgets_all_that_was_said_in_the_old_one(exchange):
    for who in ("feed-a", "feed-b"):
        feed(exchange, who, [("BTC", 100 * USD)], [("EUR", USD)])
    exchange.set("prices.unit_of_account", "", "EUR")
    assert exchange.engine.prices == {"USD": USD, "BTC": 100 * USD}
    exchange.give(Tick(), after_us=172_798 * SECOND)
    feed(exchange, "feed-a", [("BTC", 100 * USD)])
    feed(exchange, "feed-b", [("BTC", 100 * USD)], after_us=SECOND // 2)
    events = exchange.give(Tick(), after_us=SECOND // 2)
    gone = (("BTC", None), ("EUR", USD))
    assert of_kind(events, facts.PricesSet) == [
        facts.PricesSet("EUR", (gone[0], ("USD", None), gone[1]), (("USD", None), gone[1]))
    ]
    assert exchange.engine.prices == exchange.engine.crosses == {"EUR": USD}
    assert refusals(feed(exchange, "feed-a", [("BTC", USD)])) == ["another-unit-of-account"]
    assert refusals(feed(exchange, "feed-a", [("BTC", USD)], unit="EUR")) == []


# Markets.


def books_index(exchange):
    return exchange.engine.orders.rooms[MARKET].book.reference(TriggerBy.INDEX)


def test_a_market_has_an_index_while_both_assets_have_prices(exchange):
    assert books_index(exchange) == 0
    for who in ("feed-a", "feed-b"):
        feed(exchange, who, [("BTC", 1_049 * USD)])
    assert books_index(exchange) == 10, "one tick is 100 USD"
    for who in ("feed-a", "feed-b"):
        feed(exchange, who, [("BTC", 1_050 * USD)])
    assert books_index(exchange) == 11
    exchange.give(ListMarket("BTC_USD_2", "BTC", "USD", 10_000, 100_000, 1, 10**6))
    assert exchange.engine.orders.rooms["BTC_USD_2"].book.reference(TriggerBy.MARK) == 11
    exchange.give(Tick(), after_us=62 * SECOND)
    assert books_index(exchange) == 0


@pytest.mark.parametrize("by", ["mark", "index"])
def test_triggers_fire_when_the_index_comes(exchange, by):
    for who in ("feed-a", "feed-b"):
        feed(exchange, who, [("BTC", 1_000 * USD)])
    exchange.give(PlaceOrders(PEOPLE[0], "", (order("ask", 5, 10),)))
    waiting = order("bid", 5, 10, trigger="stop", trigger_by=by, trigger_price=11)
    exchange.give(PlaceOrders(PEOPLE[1], "", (waiting,)))
    feed(exchange, "feed-a", [("BTC", 1_049 * USD)])
    events = feed(exchange, "feed-b", [("BTC", 1_050 * USD)])
    assert not of_kind(events, facts.OrderReport)
    events = feed(exchange, "feed-a", [("BTC", 1_051 * USD)])
    kinds = [event.row[0] for event in of_kind(events, facts.OrderReport)]
    assert kinds == [Kind.TRIGGERED, Kind.TRADED]
    exchange.check()


def test_a_stale_index_fires_nothing(exchange):
    for who in ("feed-a", "feed-b"):
        feed(exchange, who, [("BTC", 1_000 * USD)])
    exchange.give(Tick(), after_us=62 * SECOND)
    falling = order("ask", 5, 10, trigger="stop", trigger_by="index", trigger_price=10)
    events = exchange.give(PlaceOrders(PEOPLE[0], "", (falling,)))
    assert [event.row[0] for event in of_kind(events, facts.OrderReport)] == [Kind.ACCEPTED, Kind.PENDING]


# Log and state.


def prices_document(exchange):
    return {desk.NAME: desk for desk in exchange.engine._desks}["prices"].document()


def test_state_is_taken_back_exactly(exchange):
    exchange.give(ListAsset("ETH", 9, "eip155:1", "native", "", "", ""))
    feed(exchange, "feed-a", [("BTC", 100 * USD), ("ETH", 5)], [("EUR", 7)])
    feed(exchange, "feed-b", [("BTC", 101 * USD)], [("AED", 8)])
    again = Engine("small.exchange")
    again._shared.time_us = exchange.engine.time_us
    [desk] = [each for each in again._desks if each.NAME == "prices"]
    desk.restore(parse(canonical(prices_document(exchange))))
    assert desk.document() == prices_document(exchange)
    assert (again.prices, again.crosses) == (exchange.engine.prices, exchange.engine.crosses)
    again._shared.time_us = exchange.engine.time_us + 60 * SECOND
    desk.pass_time()
    assert again.prices == {"USD": USD}


def test_the_feed_is_the_owner_of_the_key_that_signed(exchange):
    """Through signed bytes, as a log has them: the service of the test's genesis is named `house`."""
    entries = entries_of(exchange)
    engine = Engine.begin(GENESIS)
    list(replay(records_of(entries), engine))
    now = engine.time_us + SECOND
    entry = entry_of(FeedPrices(now, "USD", (AssetPrice("BTC", USD),), ()), now)
    [(_, events)] = replay([records_of([*entries, entry])[-1]], engine)
    assert not refusals(events)
    assert {desk.NAME: desk for desk in engine._desks}["prices"].document()["feeds"] == [["house", now]]


a_feed = st.tuples(
    st.sampled_from(["feed-a", "feed-b", "feed-c"]),
    st.sampled_from([(), (("BTC", 950 * USD),), (("BTC", 1_000 * USD),), (("BTC", 1_040 * USD),)]),
    st.sampled_from([(), (("EUR", USD),), (("EUR", USD + 1), ("JPY", 3))]),
    st.sampled_from([0, 1, SECOND, 59 * SECOND, 60 * SECOND]),
)
an_order = st.builds(
    lambda who, side, by, price: PlaceOrders(
        PEOPLE[who],
        "",
        (order(side, 5, price, trigger="stop" if by else None, trigger_by=by, trigger_price=price if by else None),),
    ),
    st.integers(0, 3),
    st.sampled_from(["bid", "ask"]),
    st.sampled_from([None, "mark", "index"]),
    st.integers(9, 11),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(a_feed, an_order), max_size=40))
def test_any_stream_of_prices_and_orders_replays_to_the_same_state(stream):
    exchange = Exchange().open()
    for each in stream:
        if isinstance(each, PlaceOrders):
            exchange.give(each)
        else:
            feed(exchange, *each)
        now, engine = exchange.engine.time_us, exchange.engine
        document = prices_document(exchange)
        for key, limit, least, references in (
            ("assets", 60 * SECOND, 2, engine.prices),
            ("crosses", 3 * 86_400 * SECOND, 1, engine.crosses),
        ):
            for name, quotes in document[key]:
                assert all(published + limit > now for _, published, _ in quotes), "what is stale is forgotten"
                assert (name in references) == (len(quotes) >= least)
    exchange.check()
    assert exchange.replayed().state_hash() == exchange.engine.state_hash()


def test_a_tick_is_due_when_a_price_goes_stale_and_not_before(exchange):
    engine = exchange.engine
    assert engine.due_us == NEVER_US
    feed(exchange, "feed-a", [("BTC", 100 * USD)])
    feed(exchange, "feed-b", [("BTC", 100 * USD)], after_us=SECOND)
    assert engine.due_us == engine.time_us - SECOND + 60 * SECOND, "the older of the two goes stale first"
    assert exchange.give(Tick(), engine.due_us - 1 - engine.time_us) == []
    assert of_kind(exchange.give(Tick(), 1), facts.PricesSet) == [facts.PricesSet("USD", (("BTC", None),), ())]
    assert engine.due_us == engine.time_us + SECOND
    exchange.give(Tick(), SECOND)
    assert engine.due_us == NEVER_US


def test_a_capped_reference_moves_so_far_a_second_and_goes_on(exchange):
    for name, value in (("cap", "10000"), ("jump", "1000000"), ("sources_min", "1")):
        exchange.set(f"prices.{name}", "BTC", value)
    exchange.give(Tick(), 2 * 86_400 * SECOND)
    engine = exchange.engine
    feed(exchange, "feed-a", [("BTC", 1_000 * USD)])
    assert engine.prices["BTC"] == 1_000 * USD, "what begins is not capped"
    feed(exchange, "feed-a", [("BTC", 1_100 * USD)], after_us=SECOND - 1)
    assert engine.prices["BTC"] == 1_000 * USD, "no full second"
    feed(exchange, "feed-a", [("BTC", 1_100 * USD)], after_us=1)
    assert engine.prices["BTC"] == 1_010 * USD
    feed(exchange, "feed-a", [("BTC", 900 * USD)], after_us=2 * SECOND)
    assert engine.prices["BTC"] == 9_898 * USD // 10
    feed(exchange, "feed-a", [("BTC", 700 * USD)], after_us=30 * SECOND)
    assert engine.prices["BTC"] == 9_898 * 9 * USD // 100, "ten seconds count at most"
    exchange.give(Tick(), 5 * SECOND)
    restored = Engine.restore(GENESIS, engine.sections())
    assert restored.prices == engine.prices
    feed(exchange, "feed-a", [("BTC", 895 * USD)])
    assert engine.prices["BTC"] == 895 * USD
    exchange.set("prices.cap", "BTC", "0")
    exchange.give(Tick(), 2 * 86_400 * SECOND)
    feed(exchange, "feed-a", [("BTC", 500 * USD)])
    assert engine.prices["BTC"] == 500 * USD
    assert exchange.replayed().state_hash() == engine.state_hash()
