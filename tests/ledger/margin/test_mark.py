"""The mark: its ladder, its premium that has to last, its bound and cap; and the decay against exact decimals."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import canonical, parse
from ledger.margin.mark import BUCKET_US, Mark, MarkKeeper, decay

SECOND = 1_000_000
MINUTE = 60 * SECOND


def keeper(*, cap: int = 0, bound: int = 50_000) -> MarkKeeper:
    """A keeper with five minutes of premium."""
    made = MarkKeeper()
    made.tune(300 * SECOND, bound, cap)
    return made


@given(st.integers(0, 10**12), st.integers(1, 3_600 * SECOND))
def test_the_decay_is_within_two_to_the_minus_62(elapsed: int, time_us: int) -> None:
    with localcontext() as context:
        context.prec = 60
        exact = (-Decimal(elapsed) / Decimal(time_us)).exp() * 2**64
        assert abs(decay(elapsed, time_us) - exact) < 4


def test_no_time_is_no_decay_and_very_long_is_all() -> None:
    assert decay(0, 7) == 2**64
    assert decay(64 * 7, 7) == 0
    assert 0 < decay(10 * 7, 7) < decay(9 * 7, 7) < 2**64


def test_the_ladder_rung_by_rung() -> None:
    marks = keeper()
    assert marks.sample(0, 1_000, 0, 0, 0, "open") == Mark(1_000, "index", True)
    assert marks.sample(SECOND, 1_000, 999, 1_003, 0, "open") == Mark(1_000, "premium", True)
    assert marks.sample(2 * SECOND, 0, 999, 1_003, 1_010, "open") == Mark(1_003, "median", False)
    assert marks.sample(3 * SECOND, 0, 999, 1_004, 0, "open") == Mark(1_001, "mid", False)
    assert marks.sample(4 * SECOND, 0, 999, 0, 1_010, "open") == Mark(1_010, "last", False)
    assert marks.sample(5 * SECOND, 0, 999, 0, 0, "open") == Mark(None, "none", False)


def test_an_index_that_goes_or_comes_is_heeded_within_the_second() -> None:
    marks = keeper()
    marks.sample(0, 1_000, 0, 0, 0, "open")
    assert not marks.sample(1, 0, 0, 0, 1_000, "open").settles
    assert marks.sample(2, 1_000, 0, 0, 1_000, "open").settles


def test_within_a_second_the_mark_stays_but_inside_its_bound() -> None:
    marks = keeper()
    marks.sample(0, 1_000, 0, 0, 0, "open")
    assert marks.sample(SECOND - 1, 1_010, 0, 0, 0, "open").ticks == 1_000
    assert marks.sample(SECOND - 1, 2_000, 0, 0, 0, "open").ticks == 1_900
    assert marks.sample(SECOND, 1_010, 0, 0, 0, "open").ticks == 1_010


def test_a_premium_weighs_by_how_long_it_lasts() -> None:
    marks = keeper()
    marks.sample(0, 10**6, 10**6 + 9_999, 10**6 + 10_001, 0, "open")
    assert marks.mark.ticks == 10**6, "what a moment says weighs nothing"
    marks.sample(300 * SECOND, 10**6, 10**6, 10**6, 0, "open")
    assert marks.mark.ticks == 10**6 + 6_321  # 10,000 (1 - 1/e)
    marks.sample(600 * SECOND, 10**6, 10**6, 10**6, 0, "open")
    assert marks.mark.ticks == 10**6 + 2_325  # and 1/e of that


def test_a_premium_that_is_too_old_says_nothing() -> None:
    marks = keeper()
    marks.sample(0, 1_000, 1_020, 1_020, 0, "open")
    marks.sample(200 * SECOND, 1_000, 1_020, 1_020, 0, "open")
    assert marks.sample(210 * SECOND, 1_000, 0, 1_020, 0, "open").source == "premium"
    assert marks.sample(500 * SECOND, 1_000, 0, 1_020, 0, "open").source == "premium"
    assert marks.sample(501 * SECOND, 1_000, 0, 1_020, 0, "open") == Mark(1_000, "index", True)


@pytest.mark.parametrize("state", ["post-only", "auction"])
def test_while_orders_only_rest_the_mark_is_the_index(state: str) -> None:
    marks = keeper()
    marks.sample(0, 1_000, 1_020, 1_020, 0, "open")
    assert marks.sample(100 * SECOND, 1_000, 1_020, 1_020, 0, "open").ticks == 1_006
    assert marks.sample(100 * SECOND + 1, 1_000, 1_020, 1_020, 0, state) == Mark(1_000, "index", True)
    assert marks.sample(102 * SECOND, 1_000, 1_020, 1_020, 0, "open") == Mark(1_000, "premium", True)


def test_the_cap_counts_seconds_up_to_ten() -> None:
    marks = keeper(cap=5_000)
    marks.sample(0, 10_000, 0, 0, 0, "open")
    assert marks.sample(SECOND, 10_400, 0, 0, 0, "open").ticks == 10_050
    assert marks.sample(3 * SECOND, 10_400, 0, 0, 0, "open").ticks == 10_150
    assert marks.sample(53 * SECOND, 10_800, 0, 0, 0, "open").ticks == 10_657
    assert marks.sample(54 * SECOND, 10_640, 0, 0, 0, "open").ticks == 10_640
    assert marks.sample(115 * SECOND, 11_900, 0, 0, 0, "open").ticks == 11_900, "an old mark caps nothing"


def test_the_bound_wins_over_the_cap() -> None:
    marks = keeper(cap=5_000)
    marks.sample(0, 10_000, 0, 0, 0, "open")
    assert marks.sample(SECOND, 20_000, 0, 0, 0, "open").ticks == 19_000


def test_a_premium_beyond_the_bound_counts_as_the_bound() -> None:
    marks = keeper()
    for second in range(2_000):
        mark = marks.sample(second * SECOND, 10_000, 1, 10**9, 0, "open")
        assert mark.ticks is not None and 10_000 <= mark.ticks <= 10_500
    marks = keeper()
    marks.sample(0, 10_000, 10**9, 10**9, 0, "open")
    assert marks.sample(300 * SECOND, 10_000, 0, 0, 0, "open").ticks == 10_316


def test_the_means_of_five_minutes() -> None:
    marks = keeper()
    assert marks.mean_mark() == (0, 1)
    assert marks.mean_premium() is None
    marks.sample(0, 1_000, 0, 0, 0, "open")
    assert marks.mean_mark() == (1_000, 1)
    assert marks.mean_premium() == 0
    for second in range(10, 700, 10):
        marks.sample(second * SECOND, 1_000 if second < 350 else 1_100, 0, 0, 0, "open")
    total, weight = marks.mean_mark()
    assert weight == 31 * BUCKET_US
    assert total == 1_100 * weight, "what lies before the window is gone"
    marks.sample(700 * SECOND, 0, 0, 0, 0, "open")
    marks.sample(2_000 * SECOND, 0, 0, 0, 0, "open")
    assert marks.mean_premium() is None


def test_the_mean_premium_is_what_the_mark_is_beyond_its_index() -> None:
    marks = keeper()
    for second in range(3_000):
        marks.sample(second * SECOND, 10_000, 10_100, 10_100, 0, "open")
    assert marks.mean_premium() == 10**10


@given(st.lists(st.tuples(st.integers(0, 400), *[st.integers(0, 2_000)] * 4, st.sampled_from(
    ["open", "post-only", "limit-only", "cancel-only", "auction"])), max_size=30), st.integers(0, 30))  # fmt: skip
@settings(max_examples=60)
def test_a_restored_keeper_goes_on_alike_and_no_mark_leaves_its_bound(
    samples: list[tuple[int, int, int, int, int, str]], cut: int
) -> None:
    marks, now = keeper(cap=5_000), 0
    again = None
    for number, (gap, index, bid, ask, last, state) in enumerate(samples):
        now += gap * SECOND // 7
        if number == cut:
            again = MarkKeeper.from_state(parse(canonical(marks.to_state())))
            again.tune(300 * SECOND, 50_000, 5_000)
        mark = marks.sample(now, index, bid, ask, last, state)
        assert mark.settles == (index > 0)
        if index and mark.ticks is not None:
            assert 95 * index <= 100 * mark.ticks <= 105 * index or mark.ticks == 1
        if again is not None:
            assert again.sample(now, index, bid, ask, last, state) == mark
            assert again.to_state() == marks.to_state()
            assert again.mean_mark() == marks.mean_mark()
