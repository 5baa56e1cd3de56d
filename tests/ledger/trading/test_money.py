"""Grids, fees and holds are exact: what cannot be is refused at listing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.trading.fees import FeeSchedule, FeeTier, charged_quanta, split_fee
from ledger.trading.holds import bid_requirement
from ledger.trading.market import PPM, Market, MarketRefused
from ledger.trading.orders import NewOrder, in_range
from ledger.trading.reports import Expired, Kind, Reason, read_report
from tests.support.trading import NAMES, Twins, small_market


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"tick_decimals": 4}, "not a whole number"),
        ({"step_quanta": 0}, "step is not positive"),
        ({"tick_units": 0}, "tick is not positive"),
        ({"price_min": 0}, "price limits"),
        ({"quantity_min": 5, "quantity_max": 4}, "quantity limits"),
        ({"limit_band_up_ppm": 999_999}, "upper multiplier is below 1"),
        ({"impact_down_ppm": PPM + 1}, "lower multiplier"),
        ({"open_orders_max": 0}, "no open order"),
        ({"quote_scale": 38}, "over 2\\^126"),
    ],
)
def test_a_market_that_cannot_be_exact_or_contradicts_itself_is_refused(changes: dict[str, int], problem: str) -> None:
    with pytest.raises(MarketRefused, match=problem):
        small_market(**changes)


def test_all_problems_of_a_market_are_named_at_once() -> None:
    with pytest.raises(MarketRefused) as refusal:
        Market("A_A", "A", "A", 0, 3, 1, 1, 1, price_min=0, notional_min_quanta=0)
    assert len(refusal.value.problems) == 3


def test_text_off_the_grid_is_no_price_and_no_quantity() -> None:
    market = small_market(tick_units=5)
    assert [market.parse_price(text) for text in ("0.5", "0.4", "1.50", "-1", "1e1")] == [1, None, 3, None, None]
    assert [market.parse_quantity(text) for text in ("3", "3.5", "")] == [3, None, None]


def test_a_tick_below_the_quantum_of_the_quote_is_exact_with_a_coarse_step() -> None:
    market = Market("SHIB_USDC", "SHIB", "USDC", 0, 6, 1, 8, 1_000)
    assert market.unit_quanta == 10
    assert market.notional_quanta(1_234, 3) == 37_020


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=20), st.integers(-1_000, 10_000))
def test_many_fills_are_charged_like_one(notionals: list[int], rate_ppm: int) -> None:
    accrued = charged = 0
    for notional in notionals:
        accrued += notional * rate_ppm
        charged += charged_quanta(accrued) - charged
    assert charged == charged_quanta(sum(notionals) * rate_ppm)
    assert charged * PPM >= sum(notionals) * rate_ppm  # paid rounded up, received rounded down


@given(st.integers(-(10**9), 10**12), st.integers(0, PPM))
def test_a_split_fee_sums_to_the_fee(fee: int, share_ppm: int) -> None:
    split = split_fee(fee, share_ppm)
    assert sum(split) == fee
    assert split.dust_quanta in (0, 1)
    assert split.referrer_quanta * PPM <= max(0, fee) * share_ppm


@given(
    st.integers(1, 10**15), st.integers(0, 10**15), st.integers(-(10**20), 10**20),
    st.integers(0, 10_000), st.integers(-10_000, 10_000), st.data(),
)  # fmt: skip
def test_a_fill_and_what_must_still_be_held_never_exceed_the_hold(
    filled: int, left: int, accrued: int, rate: int, fee_ppm: int, data: st.DataObject
) -> None:
    fee_ppm = min(fee_ppm, rate)
    paid = data.draw(st.integers(1, filled))  # at the order's price or better
    before = bid_requirement(filled + left, rate, accrued, charged_quanta(accrued))
    after_accrued = accrued + paid * fee_ppm
    fee = charged_quanta(after_accrued) - charged_quanta(accrued)
    after = bid_requirement(left, rate, after_accrued, charged_quanta(after_accrued))
    assert after >= left
    assert before - paid - fee >= after


def test_tiers_start_at_zero_rise_and_never_pay_out_more_than_they_take() -> None:
    schedule = FeeSchedule((FeeTier(0, 800, 1_000), FeeTier(100_000, -200, 900)))
    assert [schedule.rates(volume) for volume in (0, 99_999, 100_000)] == [(800, 1_000), (800, 1_000), (-200, 900)]
    for tiers in ((), (FeeTier(1, 0, 0),), (FeeTier(0, 0, 10), FeeTier(0, 0, 9)), (FeeTier(0, -11, 10),)):
        with pytest.raises(MarketRefused):
            FeeSchedule(tiers)


def test_price_improvement_is_free_at_once() -> None:
    twins = Twins()
    twins.do("place", NewOrder(1, 2, 2, 1, price=100, quantity=4))
    twins.do("place", NewOrder(2, 1, 1, 0, price=110, quantity=10))
    purse = twins.money[1][1]
    # Of 10 steps 4 were bought at 100 for 40000 and 0.1 %; 6 at 110 with the fee are held.
    assert purse.held[NAMES["alice"], "QUOTE"] == 66_000 + 66
    assert purse.free[NAMES["alice"], "QUOTE"] == 10**9 - 40_040 - 66_066
    twins.check()


def test_eighty_thousand_orders_at_one_price_leave_from_the_front_without_delay() -> None:
    """Each taker and each cancel looks at the front once; a queue that kept gaps would take minutes here."""
    twins = Twins(with_funds=False)
    book = twins.books[1]
    for number in range(1, 80_001):
        book.place(NewOrder(number, 1 + number % 100, 1, 0, price=100, quantity=1))
    accepted = book.depth(0, 1)[0][1]
    for number in range(1, 40_001):
        book.cancel(40_000 + number, 1 + number % 100)
        book.place(NewOrder(10**6 + number, 200, 200, 1, price=100, quantity=1, time_in_force=1))
    assert accepted == 80_000
    assert book.trade_id == 40_000
    assert book.depth(0, 1) == []


def test_reports_read_as_named_rows_and_equal_them() -> None:
    row = (5, 7, 3, 35)
    assert read_report(row) == Expired(Kind.EXPIRED, 7, 3, Reason.IMMEDIATE_OR_CANCEL) == row
    assert Reason(35).label == "ImmediateOrCancel"


def test_the_door_refuses_codes_outside_their_lists() -> None:
    order = NewOrder(1, 1, 1, 0, price=1, quantity=1)
    assert in_range(order)
    for change in ({"side": 2}, {"order_id": 0}, {"price": -1}, {"self_trade": 4}, {"trigger_by": 3}, {"post_only": 2}):
        assert not in_range(order._replace(**change))
