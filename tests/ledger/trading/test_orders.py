"""Every order type and every reason, as scenarios in the little language of tests/support/trading.py."""

from __future__ import annotations

import pytest

from ledger.trading.orders import NewOrder
from ledger.trading.reports import Reason
from tests.support.trading import Scenario, small_market

SCENARIOS: dict[str, tuple[dict[str, int], str]] = {
    "price then time": ({}, """
        ask 5 @ 10.2 bob
        ask 5 @ 10 carol
        ask 5 @ 10 dave
        bid 12 @ 10.2 alice
        = 4 accepted; 4 takes 5 @ 10 from 2; 4 takes 5 @ 10 from 3; 4 takes 2 @ 10.2 from 1
        asks 3@10.2
    """),
    "the rest of a limit order rests at its own price": ({}, """
        ask 5 @ 10 bob
        bid 8 @ 10.1 alice
        = 2 accepted; 2 takes 5 @ 10 from 1; 2 rests 3 @ 10.1
        bids 3@10.1
    """),
    "immediate or cancel": ({}, """
        ask 5 @ 10 bob
        bid 8 @ 10 alice ioc
        = 2 accepted; 2 takes 5 @ 10 from 1; 2 expired 3 ImmediateOrCancel
    """),
    "fill or kill: under, exact, over": ({}, """
        ask 5 @ 10 bob
        ask 5 @ 10.1 bob
        bid 11 @ 10.1 alice fok
        = 3 accepted; 3 expired 11 FillOrKill
        bid 6 @ 10 alice fok
        = 4 accepted; 4 expired 6 FillOrKill
        bid 9 @ 10.1 alice fok
        = 5 accepted; 5 takes 5 @ 10 from 1; 5 takes 4 @ 10.1 from 2
        bid 1 @ 10.1 alice fok
        = 6 accepted; 6 takes 1 @ 10.1 from 2
    """),
    "fill or kill counts no order of its own owner": ({}, """
        ask 5 @ 10 alice
        ask 5 @ 10 bob
        bid 6 @ 10 alice fok reject-maker
        = 3 accepted; 3 expired 6 FillOrKill
        bid 5 @ 10 alice fok reject-maker
        = 4 accepted; 1 expired 5 SelfTradePrevention; 4 takes 5 @ 10 from 2
    """),
    "post-only: one tick away, at the price, through it": ({}, """
        ask 5 @ 10 bob
        bid 5 @ 9.9 alice post
        = 2 accepted; 2 rests 5 @ 9.9
        bid 5 @ 10 alice post
        = 3 accepted; 3 expired 5 PostOnlyTaker
        bid 5 @ 10.1 alice post
        = 4 accepted; 4 expired 5 PostOnlyTaker
        amend 2 alice 10 5
        = 2 rejected PostOnlyTaker
    """),
    "market by quantity": ({}, """
        bid 1 @ market alice
        = 1 accepted; 1 expired 1 InsufficientLiquidity
        ask 5 @ 10 bob
        bid 7 @ market alice
        = 3 accepted; 3 takes 5 @ 10 from 2; 3 expired 2 InsufficientLiquidity
        ask 5 @ 10.5 bob
        ask 5 @ 11 bob
        bid 7 @ market alice slip=10.5
        = 6 accepted; 6 takes 5 @ 10.5 from 4; 6 expired 2 SlippageToleranceExceeded
    """),
    # 1 step at 10 costs 10000 quanta, and alice pays 0.1 % as taker.
    "market by quote: under, exact and over one step with its fee": ({}, """
        ask 9 @ 10 bob
        bid 10009q @ market alice
        = 2 accepted; 2 expired 0 BudgetSpent
        bid 10010q @ market alice
        = 3 accepted; 3 takes 1 @ 10 from 1; 3 expired 0 BudgetSpent
        bid 10011q @ market alice
        = 4 accepted; 4 takes 1 @ 10 from 1; 4 expired 0 BudgetSpent
        bid 30030q @ market alice
        = 5 accepted; 5 takes 3 @ 10 from 1; 5 expired 0 BudgetSpent
    """),
    "market by quote, selling": ({}, """
        bid 2 @ 10 bob
        bid 2 @ 9 bob
        ask 28999q @ market alice
        = 3 accepted; 3 takes 2 @ 10 from 1; 3 expired 0 BudgetSpent
        ask 18000q @ market alice
        = 4 accepted; 4 takes 2 @ 9 from 2; 4 expired 0 InsufficientLiquidity
    """),
    "good till time: before, at and after": ({}, """
        bid 5 @ 9 alice until=100
        bid 5 @ 9 alice until=101
        expire 99
        =
        expire 100
        = 1 expired 5 GoodTillTime
        bid 5 @ 9 alice until=100
        = 3 rejected InvalidExpiry
        expire 200
        = 2 expired 5 GoodTillTime
    """),
    "expiry goes by time, then by id": ({}, """
        bid 1 @ 9 alice until=30
        bid 1 @ 9.5 alice until=20
        bid 1 @ 8 bob until=20
        expire 40
        = 2 expired 1 GoodTillTime; 3 expired 1 GoodTillTime; 1 expired 1 GoodTillTime
    """),
    "a stop fires when the last price reaches it, and its trades fire the next": ({}, """
        ask 1 @ 10 bob
        ask 1 @ 10.5 bob
        ask 1 @ 11 bob
        bid 1 @ 11 alice stop last 10.5
        = 4 accepted; 4 pending 10.5
        bid 1 @ market alice stop last 10
        = 5 accepted; 5 pending 10
        bid 1 @ market carol
        = 6 accepted; 6 takes 1 @ 10 from 1
        + 5 triggered 10; 5 takes 1 @ 10.5 from 2
        + 4 triggered 10.5; 4 takes 1 @ 11 from 3
    """),
    "the nearest trigger fires first, then the oldest": ({}, """
        bid 9 @ 9 bob
        ask 1 @ market alice stop mark 9.5
        ask 1 @ market carol stop mark 9.8
        ask 1 @ market dave stop mark 9.8
        mark 9.9
        =
        mark 9.4
        = 3 triggered 9.4; 3 takes 1 @ 9 from 1
        + 4 triggered 9.4; 4 takes 1 @ 9 from 1
        + 2 triggered 9.4; 2 takes 1 @ 9 from 1
    """),
    "take-profit by index; a trigger already reached fires at once": ({}, """
        index 10
        ask 2 @ 12 alice take index 11
        = 1 accepted; 1 pending 11
        index 11
        = 1 triggered 11; 1 rests 2 @ 12
        bid 2 @ 9 bob take index 11
        = 2 accepted; 2 pending 11; 2 triggered 11; 2 rests 2 @ 9
    """),
    "one cancels the other: a fill, a trigger, a cancel": ({}, """
        pair ask 5 @ 12 alice & ask 5 @ market alice stop mark 9
        = 1 accepted; 1 rests 5 @ 12; 2 accepted; 2 pending 9
        bid 1 @ 12 bob
        = 3 accepted; 3 takes 1 @ 12 from 1; 2 cancelled 5 OcoPartner
        pair ask 5 @ 13 alice & ask 5 @ 8 alice stop mark 9
        mark 9
        = 5 triggered 9; 4 cancelled 5 OcoPartner; 5 rests 5 @ 8
        pair ask 5 @ 13 alice & ask 5 @ 8 alice stop mark 7
        cancel 7 alice
        = 7 cancelled 5 UserRequest; 6 cancelled 5 OcoPartner
        bid 9 @ 8 carol
        pair ask 1 @ 8 alice & ask 1 @ 20 alice
        = 9 accepted; 9 takes 1 @ 8 from 8; 10 rejected OcoPartner
    """),
    "amend: less keeps its place, more or another price loses it": ({}, """
        bid 5 @ 10 alice
        bid 5 @ 10 bob
        amend 1 alice 10 3
        = 1 amended 3 @ 10 keeps
        ask 1 @ 10 carol
        = 3 accepted; 3 takes 1 @ 10 from 1
        amend 1 alice 10 4
        = 1 amended 3 @ 10 requeued; 1 rests 3 @ 10
        ask 1 @ 10 carol
        = 4 accepted; 4 takes 1 @ 10 from 2
        amend 1 alice 10 1
        = 1 cancelled 3 AmendedToFilled
        amend 2 bob 9 5
        = 2 amended 4 @ 9 requeued; 2 rests 4 @ 9
        ask 2 @ 9.5 carol
        amend 2 bob 9.5 5
        = 2 amended 4 @ 9.5 requeued; 2 takes 2 @ 9.5 from 5; 2 rests 2 @ 9.5
        amend 2 alice 9 5
        = 2 rejected UnknownOrder
        bid 1 @ 9 alice stop mark 20
        amend 6 alice 9 2
        = 6 rejected NotResting
    """),
    "self-trade prevention in its four modes": ({}, """
        ask 1 @ 10 bob
        ask 1 @ 10 alice
        ask 1 @ 10 carol
        bid 3 @ 10 alice
        = 4 accepted; 4 takes 1 @ 10 from 1; 4 expired 2 SelfTradePrevention
        bid 1 @ 10 alice reject-both
        = 5 accepted; 2 expired 1 SelfTradePrevention; 5 expired 1 SelfTradePrevention
        ask 1 @ 10 alice
        bid 2 @ 10 alice reject-maker
        = 7 accepted; 7 takes 1 @ 10 from 3; 6 expired 1 SelfTradePrevention; 7 rests 1 @ 10
        ask 1 @ 10 alice allow
        = 8 accepted; 8 takes 1 @ 10 from 7
        ask 1 @ 10 bob owner=alice
        bid 1 @ 10 alice
        = 10 accepted; 10 expired 1 SelfTradePrevention
    """),
    "cancel all, by side, by session, and by the operator": ({}, """
        bid 1 @ 9 alice session=1
        ask 1 @ 11 alice session=2
        bid 1 @ 9 bob session=1
        ask 1 @ 11 bob
        bid 1 @ 8 alice stop mark 20 session=1
        cancel-all bob ask
        = 4 cancelled 1 CancelAll
        close-session alice 1
        = 1 cancelled 1 SessionClosed; 5 cancelled 1 SessionClosed
        cancel-all alice
        = 2 cancelled 1 CancelAll
        cancel-market
        = 3 cancelled 1 Operator
    """),
    "the kill switch": ({}, """
        bid 1 @ 9 alice
        kill alice
        = 1 cancelled 1 KillSwitch
        bid 1 @ 9 alice
        = 2 rejected AccountTradingSuspended
        bid 1 @ 9 bob
        = 3 accepted; 3 rests 1 @ 9
        revive alice
        bid 1 @ 9 alice
        = 4 accepted; 4 rests 1 @ 9
    """),
    "states of the market": ({}, """
        bid 5 @ 9 bob
        state cancel-only
        bid 1 @ 9 alice
        = 2 rejected CancelOnlyMode
        amend 1 bob 9 4
        = 1 rejected CancelOnlyMode
        state limit-only
        ask 1 @ market alice
        = 3 rejected LimitOnlyMode
        ask 1 @ 9 alice
        = 4 accepted; 4 takes 1 @ 9 from 1
        state post-only
        bid 1 @ 9 alice
        = 5 rejected PostOnlyMode
        bid 1 @ 9 alice post
        = 6 accepted; 6 rests 1 @ 9
        ask 1 @ market carol stop mark 8
        state closed
        mark 8
        =
        cancel 1 bob
        = 1 rejected MarketClosed
        ask 1 @ 9 alice
        = 8 rejected MarketClosed
        state open
        = 7 triggered 8; 7 takes 1 @ 9 from 1
    """),
    "a trigger that fires into a limit-only market": ({}, """
        bid 5 @ 9 bob
        ask 1 @ market alice stop mark 8
        state limit-only
        mark 8
        = 2 triggered 8; 2 expired 1 LimitOnlyMode
    """),
    "limits of price, quantity and notional: under, exact, over": (
        {"price_min": 50, "price_max": 200, "quantity_min": 2, "quantity_max": 9, "notional_min_quanta": 20_000}, """
        bid 5 @ 4.9 alice
        = 1 rejected InvalidPrice
        bid 5 @ 5 alice
        = 2 accepted; 2 rests 5 @ 5
        bid 5 @ 20.1 alice
        = 3 rejected InvalidPrice
        bid 1 @ 20 alice
        = 4 rejected InvalidQuantity
        bid 10 @ 20 alice
        = 5 rejected InvalidQuantity
        bid 9 @ 20 alice
        = 6 accepted; 6 rests 9 @ 20
        bid 3 @ 6.6 alice
        = 7 rejected MinNotional
        bid 2 @ 10 alice
        = 8 accepted; 8 rests 2 @ 10
        bid 19999q @ market alice
        = 9 rejected MinNotional
        bid 2 @ 10 alice stop mark 20.1
        = 10 rejected InvalidTrigger
        again 8 bid 2 @ 10 alice
        = 8 rejected DuplicateOrder
        bid 2 @ 10 alice post ioc
        = 11 rejected InvalidOrder
    """),
    "open orders: the limit counts resting and pending": ({"open_orders_max": 2}, """
        bid 1 @ 9 alice
        bid 1 @ 9 alice stop mark 20
        bid 1 @ 9 alice
        = 3 rejected OpenOrdersMax
        cancel 2 alice
        pair bid 1 @ 9 alice & bid 1 @ 20 alice stop mark 20
        = 4 rejected OpenOrdersMax; 5 rejected OpenOrdersMax
    """),
    # The active price is the median of 9, 11 and the last price 10.
    "limit price band: under, exact, over": ({"limit_band_down_ppm": 900_000, "limit_band_up_ppm": 1_100_000}, """
        ask 1 @ 10 bob
        bid 1 @ 10 alice
        bid 5 @ 9 bob
        ask 5 @ 9.8 bob
        = 4 accepted; 4 rests 5 @ 9.8
        amend 4 bob 9.9 5
        = 4 amended 5 @ 9.9 requeued; 4 rests 5 @ 9.9
        amend 4 bob 10.9 5
        = 4 rejected PriceOutOfBounds
        amend 4 bob 10.8 5
        = 4 amended 5 @ 10.8 requeued; 4 rests 5 @ 10.8
        bid 1 @ 8.9 alice
        = 5 rejected PriceOutOfBounds
        ask 1 @ 11.1 alice
        = 6 rejected PriceOutOfBounds
        ask 1 @ 11 alice
        = 7 accepted; 7 rests 1 @ 11
    """),
    "price impact band: what was filled is kept": ({"impact_up_ppm": 1_050_000, "impact_down_ppm": 950_000}, """
        ask 1 @ 10 bob
        ask 1 @ 10.5 bob
        ask 1 @ 10.6 bob
        bid 3 @ 12 alice
        = 4 accepted; 4 takes 1 @ 10 from 1; 4 takes 1 @ 10.5 from 2; 4 expired 1 PriceImpact
        asks 1@10.6
        bid 1 @ 10 bob
        bid 1 @ 9.5 bob
        bid 1 @ 9.4 bob
        ask 3 @ market alice
        = 8 accepted; 8 takes 1 @ 10 from 5; 8 takes 1 @ 9.5 from 6; 8 expired 1 PriceImpact
    """),
    "bounds for takers": ({}, """
        bounds 9.5 10.5
        ask 1 @ 10.5 bob
        ask 1 @ 10.6 bob
        bid 2 @ 11 alice
        = 3 accepted; 3 takes 1 @ 10.5 from 1; 3 expired 1 PriceOutOfBounds
    """),
    "an order's greatest volume and value: under, exact, over": (
        {"order_volume_max": 9, "order_value_max_quanta": 80_000}, """
        bid 9 @ 8 alice
        = 1 accepted; 1 rests 9 @ 8
        bid 10 @ 1 alice
        = 2 rejected OrderVolumeMax
        bid 8 @ 10 alice
        = 3 accepted; 3 rests 8 @ 10
        bid 8 @ 10.1 alice
        = 4 rejected OrderValueMax
        amend 1 alice 9 9
        = 1 rejected OrderValueMax
        ask 10 @ market bob
        = 5 rejected OrderVolumeMax
        ask 9 @ market bob
        = 6 rejected OrderValueMax
        ask 9 @ market bob slip=8.8
        = 7 accepted; 7 takes 8 @ 10 from 3; 7 expired 1 SlippageToleranceExceeded
        ask 80001q @ market bob
        = 8 rejected OrderValueMax
        ask 9 @ market bob stop mark 7
        = 9 accepted; 9 pending 7
        bid 1 @ 9 carol
        mark 7
        = 9 triggered 7; 9 expired 9 OrderValueMax
    """),
    "the tightest bound stops a taker and names itself": ({"impact_up_ppm": 1_050_000}, """
        bounds 0 10.8 mean-mark-band
        bounds 9.5 10.3 mean-premium-band
        ask 2 @ 10 bob
        ask 2 @ 10.3 bob
        ask 2 @ 10.4 bob
        bid 9 @ 12 alice
        = 4 accepted; 4 takes 2 @ 10 from 1; 4 takes 2 @ 10.3 from 2; 4 expired 5 MeanPremiumBand
        bid 5 @ 9.4 alice
        = 5 accepted; 5 rests 5 @ 9.4
        ask 5 @ 9 carol
        = 6 accepted; 6 expired 5 MeanPremiumBand
        ask 5 @ market carol
        = 7 accepted; 7 expired 5 MeanPremiumBand
        bid 5 @ 11 alice fok
        = 8 accepted; 8 expired 5 FillOrKill
    """),
    "the mean mark band, and of two equal bounds the first": ({"impact_up_ppm": 1_100_000}, """
        bounds 0 10.8 mean-mark-band
        bounds 0 10.8 mean-premium-band
        ask 2 @ 10 bob
        ask 2 @ 11.1 bob
        bid 9 @ 12 alice
        = 3 accepted; 3 takes 2 @ 10 from 1; 3 expired 7 MeanMarkBand
        ask 2 @ 10 bob
        bid 2 @ 12 alice
        = 5 accepted; 5 takes 2 @ 10 from 4
    """),
    "the discovery band is a limit order's too": ({}, """
        bounds 9 11 discovery-band
        bid 1 @ 8.9 alice
        = 1 rejected DiscoveryBand
        bid 1 @ 9 alice
        = 2 accepted; 2 rests 1 @ 9
        ask 1 @ 11 bob
        = 3 accepted; 3 rests 1 @ 11
        ask 1 @ 11.1 bob
        = 4 rejected DiscoveryBand
        amend 2 alice 8.9 1
        = 2 rejected DiscoveryBand
        bid 1 @ 8 alice stop mark 10
        = 5 accepted; 5 pending 10
        mark 10
        = 5 triggered 10; 5 expired 1 DiscoveryBand
    """),
    "an auction: orders rest crossed and trade at one price": ({}, """
        ask 3 @ 10 bob
        state auction
        bid 5 @ 10.4 alice
        = 2 accepted; 2 rests 5 @ 10.4
        bid 4 @ 10.2 carol
        ask 4 @ 9.8 dave
        = 4 accepted; 4 rests 4 @ 9.8
        bid 1 @ market alice
        = 5 rejected CircuitBreaker
        bid 1 @ 11 alice ioc
        = 6 rejected CircuitBreaker
        bid 1 @ 11 alice post
        = 7 accepted; 7 expired 1 PostOnlyTaker
        ask 9 @ 10.6 bob
        amend 3 carol 10.3 4
        = 3 amended 4 @ 10.3 requeued; 3 rests 4 @ 10.3
        ask 1 @ 10.1 bob stop last 10.5
        index 10.5
        bids 5@10.4 4@10.3
        asks 4@9.8 3@10 9@10.6
        state open
        = 4 takes 4 @ 10.3 from 2; 2 takes 1 @ 10.3 from 1; 3 takes 2 @ 10.3 from 1; 9 triggered 10.3
        + 9 takes 1 @ 10.3 from 3
    """),
    "in an auction an owner does not trade with itself, and another round follows": ({}, """
        state auction
        bid 5 @ 10.4 alice
        ask 5 @ 10 alice
        ask 2 @ 10.2 bob
        uncross
        = 2 expired 5 SelfTradePrevention; 3 takes 2 @ 10.2 from 1
        state open
        bids 3@10.4
    """),
    "a market that stays closed stays crossed, and uncrosses before it opens": ({}, """
        state auction
        bid 5 @ 10.4 alice
        ask 5 @ 10 bob
        state closed
        =
        state cancel-only
        =
        state post-only
        = 2 takes 5 @ 10 from 1
    """),
}  # fmt: skip


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str) -> None:
    changes, text = SCENARIOS[name]
    Scenario(small_market(**changes)).play(text)


def test_funds_decide_last_and_are_held_with_the_fee() -> None:
    # 10 steps at 10 cost 100000 quanta and 0.1 % fee: 100100. One quantum less is not enough.
    text = """
        bid 10 @ 10 alice
        = 1 rejected InsufficientFunds
    """
    Scenario(small_market(), quanta=100_099).play(text)
    Scenario(small_market(), quanta=100_100).play(
        text.replace("rejected InsufficientFunds", "accepted; 1 rests 10 @ 10")
    )


def test_an_amendment_that_cannot_be_held_changes_nothing() -> None:
    Scenario(small_market(), quanta=100_100).play("""
        bid 10 @ 9.9 alice
        amend 1 alice 10.1 10
        = 1 rejected InsufficientFunds
        bids 10@9.9
        amend 1 alice 10 10
        = 1 amended 10 @ 10 requeued; 1 rests 10 @ 10
    """)


def test_a_maker_that_cannot_be_funded_expires_and_matching_goes_on() -> None:
    # These funds refuse a maker whose id and price in ticks sum to a multiple of 5: the first one.
    Scenario(small_market(), fickle=True).play("""
        ask 1 @ 10.4 bob
        ask 1 @ 10.5 bob
        bid 1 @ 11 alice
        = 3 accepted; 1 expired 1 InsufficientMargin; 3 takes 1 @ 10.5 from 2
    """)


def test_a_taker_that_cannot_be_funded_stops_where_it_is_and_the_maker_stays() -> None:
    # These funds refuse the taker where the maker's id, its price in ticks and the quantity sum to a multiple of 13.
    Scenario(small_market(), fickle=True).play("""
        ask 1 @ 10.1 bob
        ask 1 @ 10.1 carol
        bid 5 @ 11 alice
        = 3 accepted; 3 takes 1 @ 10.1 from 1; 3 expired 4 PositionLimit
        asks 1@10.1
        bid 1 @ 11 alice fok
        = 4 accepted; 4 expired 1 PositionLimit
        bid 20000q @ market alice
        = 5 accepted; 5 expired 0 PositionLimit
        bid 1 @ 9 alice
        amend 6 alice 10.1 1
        = 6 amended 1 @ 10.1 requeued; 6 expired 1 PositionLimit
        asks 1@10.1
    """)


def test_a_trigger_that_cannot_be_funded_expires() -> None:
    Scenario(small_market(), quanta=1_000).play("""
        bid 10 @ 10 alice stop mark 5
        mark 5
        = 1 triggered 5; 1 expired 10 InsufficientFunds
    """)


def test_every_reason_has_a_scenario() -> None:
    """Those of margin markets come from their funds and desks, and have scenarios in tests/ledger/margin."""
    later = {
        Reason.NONE,
        Reason.INSUFFICIENT_FUNDS,
        Reason.INSUFFICIENT_MARGIN,
        *range(Reason.POSITION_LIMIT, Reason.NO_VALID_PRICE + 1),
        Reason.STOP_WITHOUT_POSITION,
        Reason.MARKET_EXPIRED,
    }
    text = "".join(text for _, text in SCENARIOS.values())
    assert [reason.label for reason in Reason if reason not in later and reason.label not in text] == []


def test_a_batch_is_its_commands_in_order() -> None:
    scenario = Scenario(small_market())
    rows = [NewOrder(1, 1, 1, 0, price=100, quantity=1), NewOrder(2, 2, 2, 1, price=100, quantity=2)]
    reports = scenario.twins.do("place_batch", rows)
    assert [row[0] for row in reports] == [1, 2, 1, 3, 2]
    assert [row[:2] for row in scenario.twins.do("cancel_batch", [2, 1], 2)] == [(4, 2), (9, 1)]
