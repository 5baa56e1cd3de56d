"""The desk of orders: ids that name their market, pairs, sessions, blocks at both levels, and states of the venue."""

from __future__ import annotations

import pytest

from ledger.commands import (
    AmendOrder,
    BlockAccount,
    Cancel,
    CancelAll,
    EndSession,
    HaltMarket,
    ListMarket,
    OpenMarket,
    PlaceOrders,
    RequestWithdrawal,
    Unblock,
)
from ledger.desks.orders import MARKETS_MAX
from ledger.events import OrderPlaced, OrderReport
from ledger.trading.reports import Cancelled, Kind, Reason, Rejected, Rested, read_report
from tests.ledger.test_engine import MARKET, PEOPLE, Exchange, order, refusals

ALICE, BOB = PEOPLE[:2]


@pytest.fixture
def exchange():
    return Exchange().open()


def reports(events):
    return [read_report(event.row) for event in events if isinstance(event, OrderReport)]


def placed(events):
    return [event.order for event in events if isinstance(event, OrderPlaced)]


def with_source(exchange, command, source):
    time_us = exchange.commands[-1][0] + 1
    exchange.commands.append((time_us, b""))
    return exchange.engine.apply(len(exchange.commands), time_us, command, source)


def test_an_order_is_known_by_its_id_in_any_market(exchange):
    exchange.give(ListMarket("BTC_USD2", "BTC", "USD", 10_000, 100_000, 1, 10**6))
    exchange.give(OpenMarket("BTC_USD2", "open", "opening"))
    events = exchange.give(PlaceOrders(ALICE, "", (order(), order(market="BTC_USD2"))))
    first, second = placed(events)
    assert (first % MARKETS_MAX, second % MARKETS_MAX) == (1, 2)
    cancelled = reports(exchange.give(Cancel(ALICE, "", (second, first))))
    assert [(report.kind, report.order_id) for report in cancelled] == [(4, second), (4, first)]
    unknown = exchange.give(Cancel(ALICE, "", (first, 7, first + MARKETS_MAX)))
    assert [r.reason for r in reports(unknown)] == [Reason.UNKNOWN_ORDER, Reason.UNKNOWN_ORDER]
    assert refusals(unknown) == ["unknown-order"]


def test_two_legs_of_a_pair_end_each_other(exchange):
    stop = order("ask", 5, 8, trigger="stop", trigger_price=9, oco_group=1)
    events = exchange.give(PlaceOrders(ALICE, "", (order("ask", 5, 12, oco_group=1), stop)))
    limit, trigger = placed(events)
    ended = reports(exchange.give(PlaceOrders(BOB, "", (order("bid", 5, 12),))))
    assert Cancelled(Kind.CANCELLED, trigger, 5, Reason.OCO_PARTNER) in ended
    assert any(report.kind == Kind.TRADED and report.maker_id == limit for report in ended)
    exchange.check()


@pytest.mark.parametrize(
    "orders",
    [
        (order(oco_group=1),),
        (order(oco_group=1), order(oco_group=1), order(oco_group=1)),
        (order(oco_group=1), order(oco_group=2)),
    ],
)
def test_a_pair_is_two(exchange, orders):
    assert refusals(exchange.give(PlaceOrders(ALICE, "", orders))) == ["a-pair-is-two-orders-of-one-market"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"time_in_force": "gtt"}, "expiry-and-time-in-force-do-not-fit"),
        ({"expires": 10**15}, "expiry-and-time-in-force-do-not-fit"),
        ({"trigger": "stop"}, "trigger-and-price-do-not-fit"),
        ({"trigger_price": 5}, "trigger-and-price-do-not-fit"),
    ],
)
def test_fields_that_do_not_fit_refuse_the_whole_command(exchange, change, reason):
    assert refusals(exchange.give(PlaceOrders(ALICE, "", (order(), order(**change))))) == [reason]
    assert exchange.engine.orders.rooms[MARKET].book.depth(0, 5) == []


def test_orders_bound_to_a_session_end_with_it_and_no_others(exchange):
    free, bound = placed(with_source(exchange, PlaceOrders(ALICE, "", (order(), order(bound=True))), "s1"))
    [other] = placed(with_source(exchange, PlaceOrders(ALICE, "", (order(bound=True),)), "s2"))
    ended = reports(exchange.give(EndSession("s1")))
    assert ended == [Cancelled(Kind.CANCELLED, bound, 5, Reason.SESSION_CLOSED)]
    assert refusals(exchange.give(EndSession("s1"))) == ["unknown-session"]
    left = {report.order_id for report in reports(exchange.give(CancelAll(ALICE, "", None, False)))}
    assert left == {free, other}


def test_a_kill_switch_holds_until_its_owner_lifts_it(exchange):
    [resting] = placed(exchange.give(PlaceOrders(ALICE, "", (order(),))))
    ended = reports(exchange.give(CancelAll(ALICE, "", None, True)))
    assert ended == [Cancelled(Kind.CANCELLED, resting, 5, Reason.KILL_SWITCH)]
    assert refusals(exchange.give(PlaceOrders(ALICE, "", (order(),)))) == ["account-blocked"]
    assert not refusals(exchange.give(PlaceOrders(ALICE, "other", (order(quantity=1),))))
    assert refusals(exchange.give(Unblock(ALICE, "other"))) == ["not-blocked"]
    exchange.give(Unblock(ALICE, ""))
    assert any(isinstance(report, Rested) for report in reports(exchange.give(PlaceOrders(ALICE, "", (order(),)))))
    assert refusals(exchange.give(CancelAll(ALICE, "", MARKET, True))) == ["a-block-is-for-all-markets"]


def test_an_operators_block_is_for_all_subaccounts_and_outlasts_the_customers(exchange):
    exchange.give(PlaceOrders(ALICE, "", (order("ask"),)))
    ended = reports(exchange.give(BlockAccount(ALICE, True, "case 1")))
    assert [report.reason for report in ended] == [Reason.KILL_SWITCH]
    exchange.give(CancelAll(ALICE, "", None, True))
    exchange.give(Unblock(ALICE, ""))
    assert refusals(exchange.give(PlaceOrders(ALICE, "new", (order(),)))) == ["account-blocked"]
    assert refusals(exchange.give(AmendOrder(ALICE, "", MARKETS_MAX + 1, 1, 1))) == ["account-blocked"]
    exchange.give(BlockAccount(ALICE, False, "case 1 closed"))
    assert not refusals(exchange.give(PlaceOrders(ALICE, "", (order("ask"),))))
    exchange.check()


@pytest.mark.parametrize(
    ("venue", "market", "reason"),
    [
        ("open", "open", None),
        ("cancel-only", "open", Reason.CANCEL_ONLY_MODE),
        ("reduce-only", "open", Reason.CANCEL_ONLY_MODE),
        ("withdraw-only", "open", Reason.CANCEL_ONLY_MODE),
        ("closed", "open", Reason.MARKET_CLOSED),
        ("open", "closed", Reason.MARKET_CLOSED),
        ("post-only", "cancel-only", Reason.CANCEL_ONLY_MODE),
        ("cancel-only", "post-only", Reason.CANCEL_ONLY_MODE),
    ],
)
def test_of_the_venues_state_and_the_markets_the_stricter_holds(exchange, venue, market, reason):
    for name, state in ((MARKET, market), (None, venue)):
        if state != "open":
            assert not refusals(exchange.give(HaltMarket(name, state, "r")))
    first = reports(exchange.give(PlaceOrders(ALICE, "", (order(),))))[0]
    assert (first.reason if isinstance(first, Rejected) else None) == reason
    withdrawal = RequestWithdrawal(ALICE, "", "USD", 5, "d", "a" * 32)
    assert refusals(exchange.give(withdrawal)) == (["venue-closed"] if venue == "closed" else [])


def test_a_market_listed_later_obeys_the_venue_and_the_blocks(exchange):
    exchange.give(CancelAll(ALICE, "", None, True))
    exchange.give(HaltMarket(None, "cancel-only", "r"))
    exchange.give(ListMarket("LATE", "BTC", "USD", 10_000, 100_000, 1, 10**6))
    exchange.give(OpenMarket("LATE", "open", "r"))
    [report] = reports(exchange.give(PlaceOrders(BOB, "", (order(market="LATE"),))))
    assert report.reason == Reason.CANCEL_ONLY_MODE
    exchange.give(OpenMarket(None, "open", "r"))
    assert refusals(exchange.give(PlaceOrders(ALICE, "", (order(market="LATE"),)))) == ["account-blocked"]
