"""Funding: the published rate of a flat market, its bounds, the mean over the hour, and payments to the quantum."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import canonical, parse
from ledger.margin.funding import RATE_UNIT, FundingKeeper, funding_rate, payment, payments

SECOND = 1_000_000
BOUND = 15_000


def test_a_flat_market_pays_what_is_published() -> None:
    assert funding_rate(0, BOUND) == 12_500_000  # 0.0000125 an hour, exchange.md 4


@pytest.mark.parametrize(
    ("premium_ppm", "rate_e12"),
    [
        (100, 12_500_000),  # at I8 itself
        (600, 12_500_000),  # 0.06 %: the damping is just used up, (0.06 - 0.05) / 8
        (601, 12_625_000),
        (-400, 12_500_000),
        (-401, 12_375_000),
        (-500, 0),
        (-1_300, -100_000_000),
        (10_000, 1_187_500_000),
    ],
)
def test_rates_by_hand(premium_ppm: int, rate_e12: int) -> None:
    assert funding_rate(premium_ppm * 10**6, BOUND) == rate_e12


def test_the_bound_under_exact_and_over() -> None:
    for sign in (1, -1):
        premium = sign * (8 * BOUND * 10**6 + 500_000_000)
        assert funding_rate(premium - sign * 8, BOUND) == sign * (BOUND * 10**6 - 1)
        assert funding_rate(premium, BOUND) == sign * BOUND * 10**6
        assert funding_rate(premium + sign * 8, BOUND) == sign * BOUND * 10**6


@given(st.integers(-(10**13), 10**13), st.integers(0, 100_000))
def test_the_rate_is_the_formula(premium: int, bound: int) -> None:
    p, i8, damping = Fraction(premium, RATE_UNIT), Fraction(1, 10_000), Fraction(5, 10_000)
    exact = (p + min(max(i8 - p, -damping), damping)) / 8
    exact = min(max(exact, -Fraction(bound, 10**6)), Fraction(bound, 10**6))
    assert abs(Fraction(funding_rate(premium, bound), RATE_UNIT) - exact) < Fraction(1, RATE_UNIT)


sizes = st.lists(st.integers(-(2**40), 2**40), max_size=30)


@given(sizes, st.integers(1, 2**21), st.integers(-(10**11), 10**11))
def test_payments_in_one_pass_are_the_single_ones(amounts: list[int], value: int, rate: int) -> None:
    found = payments(amounts, value, rate)
    assert found == [payment(size, value, rate) for size in amounts]
    assert found == [floor(Fraction(-size * value * rate, RATE_UNIT)) for size in amounts]


@given(sizes, st.integers(1, 2**20), st.integers(-(10**11), 10**11))
def test_what_rounding_leaves_is_the_houses(amounts: list[int], value: int, rate: int) -> None:
    both = [*amounts, -sum(amounts)]
    assert 0 <= -sum(payments(both, value, rate)) <= len(both)


def test_a_value_over_62_bits_is_no_position() -> None:
    payments([2**41 - 1], 2**21, 1)
    with pytest.raises(AssertionError, match="62 bits"):
        payments([2**41], 2**21, 1)


def test_the_mean_is_weighted_by_time() -> None:
    funding = FundingKeeper()
    assert funding.premium() is None
    funding.sample(0, 1_010, 1_000)
    funding.sample(30 * SECOND, 1_000, 1_000)
    funding.sample(40 * SECOND, 1_000, 1_000)
    assert funding.premium() == 7_500_000_000  # 1 % for three quarters of it
    rate, premium = funding.close(40 * SECOND, BOUND)
    assert (rate, premium) == (funding_rate(7_500_000_000, BOUND), 7_500_000_000)
    assert funding.close(41 * SECOND, BOUND) == (12_500_000, 0), "what is held goes on into the next hour"


def test_what_nobody_saw_is_in_no_mean() -> None:
    funding = FundingKeeper()
    funding.sample(0, 1_010, 1_000)
    funding.sample(3_000 * SECOND, 1_000, 1_000)  # the first one counts for a minute
    funding.sample(3_060 * SECOND, 1_000, 1_000)
    assert funding.premium() == 5_000_000_000
    funding.close(3_600 * SECOND, BOUND)
    assert funding.close(7_200 * SECOND, BOUND) == (0, 0), "no premium, no funding"


def test_a_restored_keeper_goes_on_alike() -> None:
    funding = FundingKeeper()
    funding.sample(0, 990, 1_000)
    funding.sample(7 * SECOND, 995, 1_000)
    again = FundingKeeper.from_state(parse(canonical(funding.to_state())))
    assert again.to_state() == funding.to_state()
    assert again.close(20 * SECOND, BOUND) == funding.close(20 * SECOND, BOUND)
