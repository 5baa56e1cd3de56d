"""The fast book gives the reports and the state of the plain one, whatever the commands; and money is conserved."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.trading import Twins, random_command, small_market

BANDS = {
    "limit_band_down_ppm": 930_000,
    "limit_band_up_ppm": 1_070_000,
    "impact_down_ppm": 975_000,
    "impact_up_ppm": 1_030_000,
}
LIMITS = {"quantity_min": 2, "quantity_max": 18, "notional_min_quanta": 30_000, "open_orders_max": 6, "price_min": 93}
LIMITS |= {"order_value_max_quanta": 170_000, "order_volume_max": 17}


@pytest.mark.parametrize("with_funds", [True, False], ids=["funds", "bare"])
@pytest.mark.parametrize("changes", [{}, BANDS, LIMITS, BANDS | LIMITS], ids=["plain", "bands", "limits", "both"])
@pytest.mark.parametrize("seed", range(3))
def test_books_agree_on_a_long_seeded_stream(changes: dict[str, int], seed: int, with_funds: bool) -> None:
    draw = random.Random(seed)
    twins = Twins(small_market(**changes), quanta=400_000 if seed else 10**9, with_funds=with_funds, fickle=seed == 2)
    number = 1
    for step in range(2_500):
        name, arguments = random_command(draw, number, twins.live())
        twins.do(name, *arguments)
        number += 5
        if step % 25 == 0:
            twins.check()
    twins.check()


@given(
    seed=st.integers(0, 2**63), steps=st.integers(1, 80), rich=st.booleans(), banded=st.booleans(), fickle=st.booleans()
)
@settings(max_examples=120, deadline=None)
def test_books_agree_after_every_step(seed: int, steps: int, rich: bool, banded: bool, fickle: bool) -> None:
    draw = random.Random(seed)
    twins = Twins(small_market(**(BANDS if banded else {})), quanta=10**9 if rich else 60_000, fickle=fickle)
    for step in range(steps):
        name, arguments = random_command(draw, 1 + 5 * step, twins.live())
        twins.do(name, *arguments)
        twins.check()


@given(seed=st.integers(0, 2**63), steps=st.integers(1, 80), rich=st.booleans())
@settings(max_examples=100, deadline=None)
def test_books_agree_while_their_market_changes(seed: int, steps: int, rich: bool) -> None:
    """Limits, bands and references come and go between commands; what rests stays."""
    draw = random.Random(seed)
    twins = Twins(small_market(), quanta=10**9 if rich else 60_000)
    for step in range(steps):
        if draw.random() < 0.2:
            resting = twins.live()
            changes = draw.choice([{}, BANDS, LIMITS, BANDS | LIMITS, {"open_orders_max": 2}])
            assert twins.do("set_market", small_market(**changes)) == []
            assert twins.live() == resting
        if draw.random() < 0.1:
            twins.do("set_reference", draw.randint(1, 2), draw.choice([0, 95, 105]))
        name, arguments = random_command(draw, 1 + 5 * step, twins.live())
        twins.do(name, *arguments)
        twins.check()


@pytest.mark.parametrize("seed", range(3))
def test_books_agree_while_the_markets_limits_change(seed: int) -> None:
    draw = random.Random(seed)
    twins = Twins(quanta=10**9)
    other = BANDS | {"limit_band_up_ppm": 1_020_000, "impact_up_ppm": 1_010_000, "impact_down_ppm": 995_000}
    for step in range(1_500):
        name, arguments = random_command(draw, 1 + 5 * step, twins.live())
        twins.do(name, *arguments)
        if step % 20 == 0:
            twins.do("set_market", small_market(**draw.choice([{}, BANDS, other, LIMITS])))
            twins.check()
