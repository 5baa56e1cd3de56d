"""The whole moving mean against decimals of 60 digits: samples at any times, of any prices, hours long."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.margin.mark import MarkKeeper

SECOND = 1_000_000
HALF = Decimal("0.5")


def follow(samples: list[tuple[int, int, int, int]], time_us: int, bound_ppm: int) -> None:
    """Each sample: microseconds since the one before, index, bid, ask. The mark is the exact one to its rounding."""
    keeper = MarkKeeper()
    keeper.tune(time_us, bound_ppm, 0)
    now, mean, held = 0, Decimal(0), Decimal(0)
    for number, (gap, index, bid, ask) in enumerate(samples):
        now += gap
        if number:
            mean = held + (mean - held) * (-Decimal(gap) / time_us).exp()
        most = Decimal(index) * bound_ppm / 10**6
        held = min(max(Decimal(bid + ask) / 2 - index, -most), most)
        mark = keeper.sample(now, index, bid, ask, 0, "open")
        assert mark.source == "premium" and mark.settles and mark.ticks is not None
        # Both bounds are whole ticks, rounded towards the index. Half a tick to the grid, and 2^-31 for each fold.
        low, high = -(-index * (10**6 - bound_ppm) // 10**6), index * (10**6 + bound_ppm) // 10**6
        exact, error = min(max(index + mean, Decimal(max(low, 1))), Decimal(high)), Decimal(number + 1) / 2**31
        assert abs(mark.ticks - exact) <= HALF + error
        if abs(exact % 1 - HALF) > error:
            assert mark.ticks == exact.to_integral_value(ROUND_HALF_UP)


prices = st.integers(1, 10**7)


@given(
    st.lists(st.tuples(st.integers(SECOND, 60 * SECOND), prices, prices, prices), min_size=1, max_size=25),
    st.integers(60 * SECOND, 3_600 * SECOND),
    st.sampled_from([0, 1, 50_000, 1_000_000]),
)
@settings(max_examples=150, deadline=None)
def test_marks_are_the_exact_ones_rounded(
    samples: list[tuple[int, int, int, int]], time_us: int, bound_ppm: int
) -> None:
    with localcontext() as context:
        context.prec = 60
        follow(samples, time_us, bound_ppm)


def test_hours_of_samples_add_up_no_error() -> None:
    draw = random.Random(5)
    samples = []
    for _ in range(4_000):
        index = draw.randint(4_000_000, 6_000_000)
        bid = index + draw.randint(-90_000, 90_000)
        samples.append((draw.randint(SECOND, 4 * SECOND), index, bid, bid + draw.randint(1, 2_000)))
    with localcontext() as context:
        context.prec = 40
        follow(samples, 300 * SECOND, 50_000)
