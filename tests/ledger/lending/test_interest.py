"""Interest, curve and limits of a pool against plain ones in rational numbers."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.lending.accrual import charges, shares, split_pot
from ledger.lending.curve import RATE_UNIT, YEAR_US, Curve, interest_ceil
from ledger.lending.pool import MINUTE_US, Pool, PoolTerms

CURVE = Curve(10_000, 80_000, 1_000_000, 850_000)
TERMS = PoolTerms("open", CURVE, 100_000, 950_000, 920_000, 1_000, 2**63 - 1, 2**63 - 1, 2**63 - 1, 1)
AMOUNTS = st.one_of(st.integers(0, 10**6), st.integers(0, 2**62), st.integers(2**61, 2**65))


@given(st.lists(AMOUNTS, max_size=5), st.integers(0, 200), st.integers(0, 2**64), st.integers(1, 2**64))
def test_charges_are_ceilings(few, repeats, numerator, denominator):
    debts = [*few, *range(repeats)]
    assert charges(debts, numerator, denominator) == [ceil(Fraction(d * numerator, denominator)) for d in debts]


@given(st.lists(st.integers(1, 2**54), min_size=1, max_size=5), st.integers(0, 200), st.integers(0, 2**61))
def test_shares_are_floors_and_less_than_the_pot(few, repeats, pot):
    lent = [*few, *range(1, repeats + 1)]
    paid = shares(lent, pot, sum(lent))
    assert paid == [floor(Fraction(each * pot, sum(lent))) for each in lent]
    assert 0 <= pot - sum(paid) < len(lent)


@given(st.integers(0, 2**90), st.integers(0, 10**6))
def test_a_pot_is_split_whole_and_the_lenders_part_is_rounded_down(pot, share):
    lenders, house = split_pot(pot, share)
    assert lenders + house == pot and lenders == floor(pot * (1 - Fraction(share, 10**6)))


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_the_curve_is_the_ceiling_of_two_straight_legs(borrowed, lent):
    u = min(Fraction(borrowed, lent), Fraction(1)) if lent else Fraction(0)
    kink = Fraction(CURVE.optimal_ppm, 10**6)
    if u <= kink:
        ppm = CURVE.base_ppm + (CURVE.at_optimal_ppm - CURVE.base_ppm) * u / kink
    else:
        ppm = CURVE.at_optimal_ppm + (CURVE.at_full_ppm - CURVE.at_optimal_ppm) * (u - kink) / (1 - kink)
    assert CURVE.rate(borrowed, lent) == ceil(ppm * 1000)


@given(st.integers(0, 2**70), st.integers(0, 10**11), st.integers(0, YEAR_US))
def test_interest_of_a_time_is_rounded_up(principal, rate, micros):
    assert interest_ceil(principal, rate, micros) == ceil(Fraction(principal * rate * micros, RATE_UNIT * YEAR_US))


@pytest.mark.parametrize(
    ("borrowed", "minutes", "room"),
    [
        (919_999, 5, 1),  # below the throttle it stands where it begins
        (920_000, 0, 0),
        (920_000, 1, 1_000),
        (920_001, 1, 999),
        (920_000, 29, 29_000),
        (920_000, 30, 30_000),
        (920_000, 31, 30_000),  # never above the greatest utilisation
    ],
)
def test_the_throttle_rises_by_full_minutes(borrowed, minutes, room):
    pool = Pool(lent=1_000_000, borrowed=borrowed)
    pool.move_bound(0, TERMS)
    pool.move_bound(minutes * MINUTE_US, TERMS)
    assert pool.borrowable(TERMS, bypass=False) == room
    if minutes:
        pool.move_bound(minutes * MINUTE_US + MINUTE_US - 1, TERMS)
        assert pool.borrowable(TERMS, bypass=False) == room
    pool.borrowed = 919_999
    pool.move_bound((minutes + 1) * MINUTE_US, TERMS)
    assert pool.bound_ppm == 920_000, "it falls back with utilisation"


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 40))
def test_what_may_be_redeemed_or_borrowed_is_the_most_that_may(lent, borrowed, minutes):
    pool = Pool(lent=lent, borrowed=min(lent, borrowed))
    pool.move_bound(0, TERMS)
    pool.move_bound(minutes * MINUTE_US, TERMS)
    bound = Fraction(pool.bound_ppm, 10**6)
    for bypass, limit in ((False, bound), (True, Fraction(1))):
        more = pool.borrowable(TERMS, bypass=bypass)
        assert more == 0 or pool.borrowed + more <= limit * pool.lent < pool.borrowed + more + 1
        out = pool.redeemable(bypass=bypass)
        assert 0 <= out <= pool.lent
        assert out == 0 or pool.borrowed <= limit * (pool.lent - out)
        assert out == pool.lent or pool.borrowed > limit * (pool.lent - out - 1)


def test_a_closed_pool_takes_nothing_and_caps_hold():
    pool = Pool(lent=100)
    pool.move_bound(0, TERMS)
    for state in ("repay-only", "closed"):
        terms = TERMS._replace(state=state)
        assert pool.borrowable(terms, bypass=True) == pool.lendable(terms) == 0
        assert pool.redeemable(bypass=False) == 100
    assert pool.lendable(TERMS._replace(lent_max=101)) == 1
    assert pool.lendable(TERMS._replace(lent_max=99)) == 0
    assert pool.borrowable(TERMS._replace(borrowed_max=7), bypass=True) == 7
