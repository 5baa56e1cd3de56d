"""What is owed rounds up, what is held and every ratio down, and no bar is longer than its figure."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from por.attestation import coverage_text
from por.figures import amount_text, axis_end, draw_bar, exact_text, percent_text, position_text

AMOUNTS = st.integers(min_value=0, max_value=2**128 - 1)
SCALES = st.integers(min_value=0, max_value=36)


def _number(text: str) -> Fraction:
    return Fraction(text.replace(",", "").rstrip("%"))


@pytest.mark.parametrize(
    ("quanta", "down", "up"),
    [
        (12_345_669_999, "123.4566", "123.4567"),
        (12_345_670_000, "123.4567", "123.4567"),
        (12_345_670_001, "123.4567", "123.4568"),
        (1, "0.0000", "0.0001"),
        (0, "0.0000", "0.0000"),
        (99_999_999, "0.9999", "1.0000"),
    ],
)
def test_what_is_owed_rounds_up_and_what_is_held_rounds_down(quanta: int, down: str, up: str) -> None:
    assert amount_text(quanta, 8, up=False) == down
    assert amount_text(quanta, 8, up=True) == up


def test_an_amount_shows_no_more_digits_than_its_asset_has() -> None:
    assert amount_text(1_234, 2, up=True) == "12.34"
    assert amount_text(1_234, 0, up=False) == "1,234"
    assert exact_text(2**128 - 1, 18) == "340,282,366,920,938,463,463.374607431768211455"


@given(AMOUNTS, SCALES, st.integers(min_value=0, max_value=8))
def test_rounding_is_never_the_wrong_way_and_less_than_one_last_digit(quanta: int, scale: int, places: int) -> None:
    exact = Fraction(quanta, 10**scale)
    low, high = (_number(amount_text(quanta, scale, up=up, places=places)) for up in (False, True))
    assert low <= exact <= high
    assert high - low <= (0 if low == exact else Fraction(1, 10 ** min(places, scale)))
    assert _number(exact_text(quanta, scale)) == exact


@pytest.mark.parametrize(
    ("reserves", "claims", "shown"),
    [
        (999_999, 1_000_000, "99.99%"),
        (1_000_000, 1_000_000, "100.00%"),
        (1_000_001, 1_000_000, "100.00%"),
        (1_000_100, 1_000_000, "100.01%"),
        (2**128 - 2, 2**128 - 1, "99.99%"),
        (1, 10**9, "0.00%"),
        (20_000, 1, "2,000,000.00%"),
    ],
)
def test_less_than_everything_never_reads_as_a_hundred_per_cent(reserves: int, claims: int, shown: str) -> None:
    assert percent_text(coverage_text(reserves, claims)) == shown


def test_where_nothing_is_owed_there_is_no_coverage_and_no_bar() -> None:
    assert percent_text(coverage_text(5, 0)) is None
    assert draw_bar({"proven": 5}, 0, 125) == ((), False)


@pytest.mark.parametrize(
    ("reserves", "end"), [((0,), 125), ((125,), 125), ((126,), 150), ((150, 20), 150), ((151,), 200), ((900,), 200)]
)
def test_the_axis_is_the_shortest_that_holds_every_bar(reserves: tuple[int, ...], end: int) -> None:
    assert axis_end([(value, 100) for value in reserves]) == end
    assert axis_end([*((value, 100) for value in reserves), (10**9, 0)]) == end


def test_a_bar_stacks_its_parts_in_their_order() -> None:
    bar = draw_bar({"proven": 50, "attested": 0, "claimed": 75}, 100, 125)
    assert bar.segments == (("proven", "0.00%", "40.00%"), ("claimed", "40.00%", "60.00%"))
    assert not bar.is_cut


def test_a_bar_beyond_the_axis_is_cut_at_its_end() -> None:
    bar = draw_bar({"proven": 150, "attested": 100, "claimed": 100}, 100, 200)
    assert bar.segments == (("proven", "0.00%", "75.00%"), ("attested", "75.00%", "25.00%"))
    assert bar.is_cut


@given(st.lists(AMOUNTS, min_size=3, max_size=3), AMOUNTS.filter(bool))
def test_no_bar_is_longer_than_its_figure(parts: list[int], claims: int) -> None:
    bar = draw_bar(dict(zip(("proven", "attested", "claimed"), parts, strict=True)), claims, 200)
    length = sum((_number(segment.width) for segment in bar.segments), Fraction(0))
    assert 0 <= length <= min(100, Fraction(sum(parts) * 50, claims))
    assert bar.is_cut == (sum(parts) > 2 * claims)


def test_a_position_has_two_digits_after_its_point() -> None:
    assert [position_text(at) for at in (0, 5, 10_000)] == ["0.00%", "0.05%", "100.00%"]
