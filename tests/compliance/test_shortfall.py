"""An asset that is short, divided: exact to a quantum, all given out, and nobody gets more than the claim."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.shortfall import pro_rata, share_of

CLAIMS = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.integers(0, 10**18), max_size=12)


@given(CLAIMS, st.integers(0, 2 * 10**18))
def test_shares_are_exact_to_a_quantum_and_all_is_given_out(claims, held):
    owed, found = sum(claims.values()), pro_rata(claims, held)
    assert sum(found.values()) == min(held, owed) and set(found) == set(claims)
    for account, claim in claims.items():
        exact = claim * share_of(held, owed)
        assert 0 <= found[account] <= claim and abs(found[account] - exact) < 1


def plain(claims, held):
    """The plain twin: floors, then a quantum to the largest fraction that is left, one after the other."""
    owed = sum(claims.values())
    exact = {account: Fraction(claim * held, owed) for account, claim in claims.items()}
    given_out = {account: int(share) for account, share in exact.items()}
    for _ in range(held - sum(given_out.values())):
        best = min(claims, key=lambda account: (given_out[account] - exact[account], account))
        given_out[best] += 1
    return given_out


@given(CLAIMS.filter(lambda claims: sum(claims.values()) > 0), st.data())
def test_it_is_the_largest_remainder(claims, data):
    held = data.draw(st.integers(0, sum(claims.values()) - 1))
    assert pro_rata(claims, held) == plain(claims, held)


@given(CLAIMS, st.integers(0, 2 * 10**18), st.randoms(use_true_random=False))
def test_the_order_of_accounts_and_when_they_came_say_nothing(claims, held, random):
    items = list(claims.items())
    random.shuffle(items)
    assert pro_rata(dict(items), held) == pro_rata(claims, held)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (0, {"a": 0, "b": 0, "c": 0}),
        # 100 x 60 / 301 = 19.93, 100 x 60 / 301, 101 x 60 / 301 = 20.13: the fractions of a and b are the largest.
        (60, {"a": 20, "b": 20, "c": 20}),
        (1, {"a": 0, "b": 0, "c": 1}),
        (300, {"a": 100, "b": 100, "c": 100}),
        (301, {"a": 100, "b": 100, "c": 101}),
        (302, {"a": 100, "b": 100, "c": 101}),
    ],
)
def test_by_hand(held, expected):
    assert pro_rata({"c": 101, "b": 100, "a": 100}, held) == expected


def test_of_nothing_owed_everything_is_covered_and_nothing_is_below_zero():
    assert pro_rata({}, 5) == {} and share_of(0, 0) == 1 and share_of(9, 10) == Fraction(9, 10)
    for claims, held in (({"a": -1}, 1), ({"a": 1}, -1)):
        with pytest.raises(AssertionError, match="gross"):
            pro_rata(claims, held)
