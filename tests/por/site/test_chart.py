"""The chart of coverage over time: nothing short is averaged away, nothing is drawn where nothing was stated."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from por.site.chart import HEIGHT, KINDS, STEPS_MAX, WIDTH, Band, draw_coverage, steps_of

HUNDRED = 1_000_000
points = st.one_of(st.none(), st.tuples(st.integers(0, 3 * HUNDRED), st.integers(0, 3 * HUNDRED)))


def heights(path: str) -> list[tuple[int, int, int]]:
    """(left, right, y) of each level piece of a path."""
    found, x, y = [], 0, 0
    for word, numbers in re.findall(r"([MHV])([0-9 ]+)", path):
        if word == "M":
            x, y = (int(number) for number in numbers.split())
        elif word == "V":
            y = int(numbers)
        else:
            assert int(numbers) > x
            found.append((x, int(numbers), y))
            x = int(numbers)
    return found


@given(st.lists(points, min_size=1, max_size=600))
def test_every_stated_step_is_drawn_at_its_lowest_hour_and_no_other(hours: list[tuple[int, int] | None]) -> None:
    chart = draw_coverage(hours, [None] * len(hours))
    size = steps_of(len(hours))
    steps = -(-len(hours) // size)
    assert steps <= STEPS_MAX
    low, high = (int(chart.ticks[place][0].rstrip("%")) * 10_000 for place in (0, -1))
    assert low <= HUNDRED <= high
    pieces = heights(chart.all_path)
    for step in range(steps):
        stated = [point[0] for point in hours[step * size : (step + 1) * size] if point is not None]
        middle = (step * WIDTH // steps + (step + 1) * WIDTH // steps) // 2
        drawn = [y for left, right, y in pieces if left <= middle < right]
        if not stated:
            assert drawn == []
        else:
            inside = min(max(min(stated), low), high)
            assert drawn == [HEIGHT - (inside - low) * HEIGHT // (high - low)]
    assert chart.is_cut == any(
        min(p[part] for p in hours[s * size : (s + 1) * size] if p) > high
        for s in range(steps)
        for part in (0, 1)
        if any(hours[s * size : (s + 1) * size])
    )


@pytest.mark.parametrize(("hours", "size"), [(1, 1), (STEPS_MAX, 1), (STEPS_MAX + 1, 2), (8_760, 36)])
def test_a_chart_has_as_many_steps_as_fit(hours: int, size: int) -> None:
    assert steps_of(hours) == size


@pytest.mark.parametrize(("worst", "kind"), [(kind, kind) for kind in KINDS])
def test_the_worst_mark_of_a_step_is_the_one_drawn(worst: str, kind: str) -> None:
    marks = ["restated", worst, None, None] * 125
    chart = draw_coverage([None] * 500, marks)
    assert {band.kind for band in chart.bands} == {kind}
    assert chart.bands[0] == Band(kind, 0, WIDTH // 250)


def test_neighbours_of_one_kind_are_one_band_and_gaps_break_the_line() -> None:
    chart = draw_coverage([(HUNDRED, 0), None, None, (HUNDRED, 0)], [None, "gap", "gap", None])
    assert chart.bands == (Band("gap", WIDTH // 4, WIDTH // 2),)
    assert chart.all_path.count("M") == 2


def test_a_line_that_does_not_move_is_one_piece() -> None:
    chart = draw_coverage([(HUNDRED, HUNDRED // 2)] * 200, [None] * 200)
    assert chart.all_path == f"M0 {chart.all_path.split(' ')[1].split('H')[0]}H{WIDTH}"
    assert [label for label, _ in chart.ticks][-1] == "110%"
