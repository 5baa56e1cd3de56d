"""Parameters: what loosens waits out its lock, what tightens acts at once, and the same log gives the same values."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import events as facts
from ledger.canonical import canonical, parse
from ledger.commands import (
    CancelParameterChange,
    CutHour,
    HaltMarket,
    ListMarket,
    OpenMarket,
    PlaceOrders,
    SetParameters,
    Tick,
)
from ledger.commands.parameters import NewValue
from ledger.desks import NEVER_US
from ledger.engine import HOUR_MICROS, Engine
from ledger.parameters import LOCK, PARAMETERS, Change, Looser, Parameter, Parameters, Scope, Whole, frozen
from ledger.trading.fees import FeeTier
from ledger.trading.reports import Kind, Reason
from tests.ledger.test_engine import MARKET, PEOPLE, START, Exchange, order, refusals

LOCK_US = PARAMETERS[LOCK].default * 10**6
ROOT = Path(__file__).resolve().parent.parent.parent
DAY = 24 * HOUR_MICROS
BIG = ListMarket("BIG", "BTC", "USD", 10**9, 10**12, 1, 1)
"""A market so coarse that not every price and quantity go together."""


@pytest.fixture
def exchange():
    return Exchange().open()


def value(exchange, name, scope=""):
    return exchange.engine.parameters.value(name, scope)


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


# The table.


def test_every_default_is_a_value_of_its_kind():
    for entry in PARAMETERS.values():
        assert entry.kind.read(frozen(entry.kind.write(entry.default))) == entry.default
        assert parse(canonical(entry.kind.write(entry.default))) == entry.kind.write(entry.default)
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", entry.name)


def test_the_specification_lists_the_table():
    text = (ROOT / "docs/spec/parameters.md").read_text(encoding="utf-8")
    for entry in PARAMETERS.values():
        default = canonical(entry.kind.write(entry.default)).decode()
        assert f"| `{entry.name}` | {entry.scope} | {entry.unit} | `{default}` | {entry.looser} |" in text


def test_a_default_is_part_of_the_rule_set():
    """Another default is another result for an old log: a new rule set, and then a new line here."""
    assert Parameters().hash().hex() == "16ad7b38415f732ed3f2312ea8175e422f4257cc4859834cbe8bc5150ac73205"


@pytest.mark.parametrize(
    ("name", "scope", "given", "reason"),
    [
        ("market.colour", MARKET, "1", "unknown-parameter"),
        ("market.quantity", "", ("1", "2"), "unknown-market"),
        ("market.quantity", "X", ("1", "2"), "unknown-market"),
        ("prices.jump", "DOGE", "1", "unknown-asset"),
        ("fees.referrer_share", MARKET, "1", "wrong-scope"),
        (LOCK, "", "7200", "wrong-scope"),
        (LOCK, LOCK, "7200", "wrong-scope"),
        (LOCK, "fees.colour", "7200", "wrong-scope"),
        (LOCK, "fees.tiers", "3599", "value-out-of-range"),
        (LOCK, "fees.tiers", "7776001", "value-out-of-range"),
        ("fees.referrer_share", "", "1000001", "value-out-of-range"),
        ("fees.referrer_share", "", "-1", "value-out-of-range"),
        ("fees.referrer_share", "", "01", "malformed-value"),
        ("fees.referrer_share", "", "-0", "malformed-value"),
        ("fees.referrer_share", "", ("1",), "malformed-value"),
        ("market.limit_band", MARKET, "1", "malformed-value"),
        ("market.limit_band", MARKET, ("1", "2", "3"), "malformed-value"),
        ("market.limit_band", MARKET, ("0", "0"), "value-out-of-range"),
        ("market.quantity", MARKET, ("3", "2"), "value-out-of-range"),
        ("prices.unit_of_account", "", "usd", "value-out-of-range"),
        ("prices.unit_of_account", "", ("USD",), "malformed-value"),
        ("fees.tiers", "", (), "value-out-of-range"),
        ("fees.tiers", "", (("0", "-2", "1"),), "value-out-of-range"),
        ("fees.tiers", "", (("1", "2", "3"),), "value-out-of-range"),
        ("fees.tiers", "", ("0", "2", "3"), "malformed-value"),
    ],
)
def test_what_is_refused_says_why_and_changes_nothing(exchange, name, scope, given, reason):
    before = exchange.engine._handlers[SetParameters].__self__.document()
    fair = NewValue("market.open_orders_max", MARKET, "5")
    events = exchange.give(SetParameters((fair, NewValue(name, scope, given)), "reason"))
    assert refusals(events) == [reason]
    assert len(events) == 1
    assert exchange.engine._handlers[SetParameters].__self__.document() == before


def test_one_parameter_is_named_once(exchange):
    twice = NewValue("market.open_orders_max", MARKET, "5")
    assert refusals(exchange.give(SetParameters((twice, twice), "reason"))) == ["named-twice"]


def test_limits_whose_largest_order_is_too_large_are_refused_together(exchange):
    exchange.give(BIG)
    wide = SetParameters((NewValue("market.quantity", "BIG", ("1", str(2**53 - 1))),), "reason")
    assert refusals(exchange.give(wide)) == ["market-refused"]
    price = NewValue("market.price", "BIG", ("1", "1000"))
    assert refusals(exchange.give(SetParameters((price, *wide.changes), "reason"))) == []


# Locks.


@pytest.mark.parametrize(
    ("name", "scope", "tighter", "looser"),
    [
        ("market.open_orders_max", MARKET, "10", "2000"),
        ("market.limit_band", MARKET, ("800000", "1200000"), ("700000", "1200000")),
        ("market.impact_band", MARKET, ("990000", "1010000"), ("990000", "1040000")),
        ("market.quantity", MARKET, ("2", "1000"), ("1", "1000")),
        ("market.price", MARKET, ("2", "1000"), ("2", "1001")),
        ("prices.staleness", "BTC", "30", "90"),
        ("prices.sources_min", "BTC", "3", "1"),
        ("prices.jump", "BTC", "10000", "60000"),
        ("prices.spread", "BTC", "5000", "20000"),
        ("crosses.staleness", "", "3600", "360000"),
        ("crosses.sources_min", "", "2", "1"),
        (LOCK, "fees.referrer_share", "259200", "7200"),
    ],
)
def test_what_tightens_acts_at_once_and_what_loosens_when_its_lock_is_over(exchange, name, scope, tighter, looser):
    read = PARAMETERS[name].kind.read
    events = exchange.set(name, scope, tighter)
    assert value(exchange, name, scope) == read(tighter)
    assert [event.change for event in of_kind(events, facts.ParameterSet)] == [0]
    events = exchange.set(name, scope, looser)
    lock = read(tighter) * 10**6 if name == LOCK else LOCK_US
    [scheduled] = of_kind(events, facts.ParameterScheduled)
    assert scheduled.effective == exchange.engine.time_us + lock
    assert exchange.give(Tick(), after_us=lock - 1) == []
    assert value(exchange, name, scope) == read(tighter)
    events = exchange.give(Tick(), after_us=1)
    assert value(exchange, name, scope) == read(looser)
    text = canonical(PARAMETERS[name].kind.write(read(looser))).decode()
    assert events[0] == facts.ParameterSet(name, scope, text, scheduled.change)
    assert exchange.give(Tick(), after_us=1) == []


@pytest.mark.parametrize("given", ["0", "100001", "99999"])
def test_a_fee_waits_whichever_way_it_goes(exchange, given):
    assert len(of_kind(exchange.set("fees.referrer_share", "", given), facts.ParameterScheduled)) == 1
    assert value(exchange, "fees.referrer_share") == 100_000


def test_a_value_that_stands_already_waits_for_nothing(exchange):
    events = exchange.set("fees.referrer_share", "", "100000")
    assert events == [facts.ParameterSet("fees.referrer_share", "", '"100000"', 0)]


def test_nothing_waits_before_the_first_account():
    exchange = Exchange()
    exchange.set("fees.referrer_share", "", "1")
    assert value(exchange, "fees.referrer_share") == 1


def test_a_longer_lock_counts_from_the_next_command(exchange):
    both = (NewValue(LOCK, "fees.referrer_share", "604800"), NewValue("fees.referrer_share", "", "1"))
    events = exchange.give(SetParameters(both, "reason"))
    assert [each.effective for each in of_kind(events, facts.ParameterScheduled)] == [exchange.engine.time_us + LOCK_US]
    events = exchange.set("fees.referrer_share", "", "2")
    assert [each.effective for each in of_kind(events, facts.ParameterScheduled)] == [exchange.engine.time_us + 7 * DAY]


def test_notice_holds_back_what_tightens():
    entry = Parameter("x.y", Scope.EXCHANGE, Whole(0, 9), "ppm", 5, Looser.DOWN, "a test", notice_s=10)
    parameters = Parameters({LOCK: PARAMETERS[LOCK], "x.y": entry})
    assert parameters.wait_us(Change("x.y", "", 6)) == 10 * 10**6
    assert parameters.wait_us(Change("x.y", "", 5)) == 0
    assert parameters.wait_us(Change("x.y", "", 4)) == LOCK_US


def test_where_nothing_loosens_nothing_waits():
    entry = Parameter("x.y", Scope.EXCHANGE, Whole(0, 9), "ppm", 5, Looser.NONE, "a test")
    parameters = Parameters({LOCK: PARAMETERS[LOCK], "x.y": entry})
    assert [parameters.wait_us(Change("x.y", "", each)) for each in (4, 5, 6)] == [0, 0, 0]


def test_a_scheduled_change_can_be_cancelled_once(exchange):
    assert exchange.engine.due_us == NEVER_US
    [scheduled] = of_kind(exchange.set("fees.referrer_share", "", "1"), facts.ParameterScheduled)
    assert exchange.engine.due_us == scheduled.effective
    cancel = CancelParameterChange(scheduled.change, "reason")
    assert exchange.give(cancel) == [facts.ParameterChangeEnded(scheduled.change, "cancelled")]
    assert exchange.engine.due_us == NEVER_US
    assert refusals(exchange.give(cancel)) == ["unknown-change"]
    exchange.give(Tick(), after_us=2 * LOCK_US)
    assert value(exchange, "fees.referrer_share") == 100_000


def test_what_is_not_possible_any_more_lapses(exchange):
    exchange.give(BIG)
    exchange.set("market.price", "BIG", ("1", "1000"))
    quantity = ("1", str(2**53 - 1))
    [wide] = of_kind(exchange.set("market.quantity", "BIG", quantity), facts.ParameterScheduled)
    price = ("1", str(2**53 - 1))
    [high] = of_kind(exchange.set("market.price", "BIG", price), facts.ParameterScheduled)
    events = exchange.give(Tick(), after_us=LOCK_US + 1)
    assert of_kind(events, facts.ParameterSet)[0].change == wide.change
    assert of_kind(events, facts.ParameterChangeEnded) == [facts.ParameterChangeEnded(high.change, "market-refused")]
    assert value(exchange, "market.price", "BIG") == (1, 1000)


# A plain twin: every change with the time from which it holds, sorted; the last one of a name and scope is in force.

VALUES = {
    ("market.open_orders_max", MARKET): (st.integers(1, 6), lambda old, new: new > old),
    ("market.notional_min", MARKET): (st.integers(1, 6), lambda old, new: new < old),
    ("fees.referrer_share", ""): (st.integers(1, 6), lambda old, new: new != old),
    ("prices.staleness", "BTC"): (st.integers(58, 62), lambda old, new: new > old),
    (LOCK, "market.open_orders_max"): (st.sampled_from([3600, 86400, 172800, 259200]), lambda old, new: new < old),
    ("market.quantity", MARKET): (
        st.tuples(st.integers(1, 3), st.integers(3, 6)),
        lambda old, new: new[0] < old[0] or new[1] > old[1],
    ),
}
a_change = st.sampled_from(sorted(VALUES)).flatmap(lambda key: st.tuples(st.just(key), VALUES[key][0]))
a_step = st.tuples(
    st.one_of(
        st.lists(a_change, min_size=1, max_size=3, unique_by=lambda change: change[0]),
        st.integers(1, 8),
        st.none(),
    ),
    st.sampled_from([0, 1, 3600 * 10**6 - 1, 3600 * 10**6, DAY, LOCK_US - 1, LOCK_US]),
)


class Twin:
    def __init__(self):
        self.rows, self.turn, self.number = [], 0, 0

    def value(self, key, now, start):
        rows = sorted((row for row in self.rows if row[3] == key and row[0] <= now), key=lambda row: row[:3])
        return rows[-1][4] if rows else start

    def set(self, changes, now, value_now):
        waits = {}
        for key, new in changes:
            lock = LOCK, key[1] if key[0] == LOCK else key[0]
            waits[key] = value_now(lock) * 10**6 if VALUES[key][1](value_now(key), new) else 0
        numbers = {}
        for wait in sorted(set(waits.values()) - {0}):
            self.number += 1
            numbers[wait] = self.number
        for key, new in changes:
            self.turn += 1
            # What was scheduled acts before the command that is given at its time.
            place = (now + waits[key], 0, numbers[waits[key]]) if waits[key] else (now, 1, self.turn)
            self.rows.append((*place, key, new))

    def cancel(self, number, now):
        self.rows = [row for row in self.rows if not (row[1] == 0 and row[2] == number and row[0] > now)]


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(a_step, max_size=25))
def test_any_stream_of_changes_gives_what_a_sorted_list_of_them_gives(steps):
    exchange, twin = Exchange().open(), Twin()
    starts = {key: value(exchange, *key) for key in VALUES}

    def value_now(key):
        now = exchange.engine.time_us
        return twin.value(key, now, starts.get(key, PARAMETERS[key[0]].default))

    for action, after_us in steps:
        exchange.give(Tick(), after_us)
        now = exchange.engine.time_us
        if isinstance(action, list):
            twin.set(action, now, value_now)
            new = tuple(NewValue(*key, frozen(PARAMETERS[key[0]].kind.write(each))) for key, each in action)
            assert refusals(exchange.give(SetParameters(new, "reason"), 0)) == []
        elif action is not None:
            twin.cancel(action, now)
            exchange.give(CancelParameterChange(action, "reason"), 0)
        for key in VALUES:
            assert value(exchange, *key) == value_now(key), key
    again = exchange.replayed()
    assert again.state_hash() == exchange.engine.state_hash()
    assert again.parameters.hash() == exchange.engine.parameters.hash()


# What parameters do.


def reports(events, kind):
    return [event.row for event in events if isinstance(event, facts.OrderReport) and event.row[0] == kind]


def test_a_market_takes_later_orders_by_its_new_limits_and_keeps_what_rests(exchange):
    exchange.give(PlaceOrders(PEOPLE[0], "", (order("bid", 5, 10),)))
    exchange.set("market.quantity", MARKET, ("6", "100"))
    assert reports(exchange.give(PlaceOrders(PEOPLE[0], "", (order("bid", 5, 10),))), Kind.REJECTED)[0][2] == (
        Reason.INVALID_QUANTITY
    )
    assert reports(exchange.give(PlaceOrders(PEOPLE[1], "", (order("ask", 6, 10),))), Kind.TRADED)
    exchange.set("market.limit_band", MARKET, ("950000", "1050000"))
    for price, refused in ((9, True), (10, False), (11, True)):
        events = exchange.give(PlaceOrders(PEOPLE[2], "", (order("ask", 6, price),)))
        assert bool(reports(events, Kind.REJECTED)) == refused
    exchange.check()


def test_halting_takes_effect_at_once_and_only_stricter_states_halt(exchange):
    assert refusals(exchange.give(HaltMarket(MARKET, "cancel-only", "r"))) == []
    assert refusals(exchange.give(HaltMarket(MARKET, "limit-only", "r"))) == ["not-stricter"]
    assert refusals(exchange.give(HaltMarket(MARKET, "cancel-only", "r"))) == ["not-stricter"]
    assert refusals(exchange.give(OpenMarket(MARKET, "closed", "r"))) == ["not-looser"]
    assert refusals(exchange.give(OpenMarket(MARKET, "limit-only", "r"))) == []
    assert refusals(exchange.give(OpenMarket(MARKET, "limit-only", "r"))) == ["not-looser"]
    assert refusals(exchange.give(OpenMarket(MARKET, "withdraw-only", "r"))) == ["not-looser"]


def test_the_hour_carries_the_hash_of_what_is_in_force(exchange):
    first = exchange.give(CutHour(START))[-1]
    exchange.set("fees.referrer_share", "", "1")
    second = exchange.give(CutHour(START + HOUR_MICROS), after_us=HOUR_MICROS)[-1]
    assert second.parameters == first.parameters, "what is scheduled is not in force"
    exchange.give(Tick(), after_us=LOCK_US)
    third = exchange.give(CutHour(START + 2 * HOUR_MICROS))[-1]
    assert third.parameters != first.parameters
    assert third.parameters == exchange.engine.parameters.hash().hex()


@pytest.mark.parametrize("volume", [99_999, 100_000, 100_001])
def test_a_tier_begins_at_its_volume_with_the_next_hour(exchange, volume):
    buyer, seller = PEOPLE[:2]
    exchange.set("market.impact_band", MARKET, ("970000", "1030000"))
    engine = exchange.engine
    payers = [engine._shared.purse.payer(each, "") for each in (buyer, seller)]
    engine.fees.count(payers[0], "USD", volume * 100)
    assert engine.fees.rates(payers[0]) == (800, 1000), "this hour's trades count from the next hour on"
    exchange.give(Tick(), after_us=HOUR_MICROS)
    assert engine.fees.volume(buyer) == volume * 10**18
    assert engine.fees.rates(payers[0]) == ((700, 900) if volume >= 100_000 else (800, 1000))
    assert engine.fees.rates(payers[1]) == (800, 1000)


def test_fills_count_on_both_sides_and_an_order_keeps_the_rates_of_its_entry(exchange):
    exchange.set("market.quantity", MARKET, ("1", "1000000"))
    maker, taker = PEOPLE[:2]
    exchange.give(PlaceOrders(maker, "", (order("ask", 10_000, 10),)))
    exchange.give(PlaceOrders(taker, "bot", (order("bid", 1, 10),)))
    exchange.give(PlaceOrders(taker, "", (order("bid", 1_000, 10),)))
    exchange.give(Tick(), after_us=HOUR_MICROS)
    # 1,000 steps of 0.001 BTC at 1,000 USD: 10 ticks of 100 USD.
    assert [exchange.engine.fees.volume(each) for each in (maker, taker)] == [10**3 * 10**18] * 2
    exchange.set("fees.tiers", "", (("0", "0", "0"),))
    exchange.give(Tick(), after_us=LOCK_US)
    events = exchange.give(PlaceOrders(taker, "", (order("bid", 1_000, 10),)))
    [row] = reports(events, Kind.TRADED)
    assert row[-2:] == (80, 0), "the maker's order was entered under the tiers before"
    exchange.check()


def test_a_day_leaves_the_volume_on_the_thirtieth_day_after_it(exchange):
    fees, payer = exchange.engine.fees, exchange.engine._shared.purse.payer(PEOPLE[0], "")
    exchange.give(Tick(), after_us=DAY - exchange.engine.time_us % DAY)
    fees.count(payer, "USD", 100)
    exchange.give(Tick(), after_us=HOUR_MICROS - 1)
    assert fees.volume(PEOPLE[0]) == 0
    exchange.give(Tick(), after_us=1)
    assert fees.volume(PEOPLE[0]) == 10**18
    exchange.give(Tick(), after_us=30 * DAY - HOUR_MICROS - 1)
    assert fees.volume(PEOPLE[0]) == 10**18
    exchange.give(Tick(), after_us=1)
    assert fees.volume(PEOPLE[0]) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 5 * 24), st.integers(0, HOUR_MICROS)), max_size=30))
def test_volumes_are_what_a_list_of_all_fills_sums_to(fills):
    exchange = Exchange().open()
    fees, payer, known = exchange.engine.fees, exchange.engine._shared.purse.payer(PEOPLE[0], ""), []
    for quanta, hours, micros in fills:
        exchange.give(Tick(), after_us=hours * HOUR_MICROS + micros)
        now = exchange.engine.time_us
        began, today = now - now % HOUR_MICROS, now // DAY
        expected = sum(amount for time, amount in known if time < began and time // DAY > today - 30)
        assert fees.volume(PEOPLE[0]) == expected * 10**16
        fees.count(payer, "USD", quanta)
        known.append((now, quanta))


def test_state_is_taken_back_exactly(exchange):
    exchange.set("market.open_orders_max", MARKET, "7")
    exchange.set("fees.tiers", "", (("0", "1", "2"), ("5", "-1", "1")))
    exchange.set("market.limit_band", MARKET, ("1", "900000000"))
    exchange.give(PlaceOrders(PEOPLE[0], "", (order("ask", 5, 10),)))
    exchange.give(PlaceOrders(PEOPLE[1], "", (order("bid", 5, 10),)), after_us=HOUR_MICROS)
    desks = {desk.NAME: desk for desk in exchange.engine._desks}
    again = Engine("small.exchange")
    again._shared.time_us = exchange.engine.time_us
    for desk in again._desks:
        if desk.NAME in ("parameters", "fees"):
            written = canonical(desks[desk.NAME].document())
            desk.restore(parse(written))
            assert canonical(desk.document()) == written
    assert again.parameters.hash() == exchange.engine.parameters.hash()
    again._shared.purse.payer(PEOPLE[0], "")
    assert again.fees.rates(1) == exchange.engine.fees.rates(exchange.engine._shared.purse.payer(PEOPLE[0], ""))
    assert again.parameters.value("fees.tiers") == (FeeTier(0, 800, 1000), FeeTier(100_000, 700, 900))
