"""K-factor averages: the days of each window, exact means, and no mean where a day is missing."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.calendars import calendar
from compliance.regimes.eu.averages import WINDOWS, average, window_days

DAY = date(2026, 10, 1)


def figures(factor, value=lambda day: F(1)):
    return {day: value(day) for day in window_days(factor, DAY)}


@pytest.mark.parametrize(
    ("factor", "first", "last"),
    [
        # 1 January 2026 is a holiday; 30 June 2026 is a Tuesday.
        ("CMH-segregated", date(2026, 1, 2), date(2026, 6, 30)),
        ("ASA", date(2026, 1, 2), date(2026, 6, 30)),
        ("DTF-cash", date(2026, 1, 2), date(2026, 6, 30)),
        ("COH-cash", date(2026, 4, 1), date(2026, 6, 30)),
        # Month ends from 31 July 2025; 31 August and 30 November 2025 are Sundays, so that the Fridays before count.
        ("AUM", date(2025, 7, 31), date(2026, 6, 30)),
    ],
)
def test_the_window_of_a_factor(factor, first, last):
    days = window_days(factor, DAY)
    assert (days[0], days[-1]) == (first, last)
    assert all(calendar("TARGET").is_business_day(day) for day in days)
    if factor == "AUM":
        assert len(days) == 12 and date(2025, 8, 29) in days and date(2025, 11, 28) in days


@given(st.sampled_from(sorted(WINDOWS)), st.integers(0, 10**9), st.integers(1, 10**6))
def test_the_mean_is_exact(factor, base, step):
    """The plain twin: add them up one by one and divide."""
    given_figures = figures(factor, lambda day: F(base + step * day.toordinal(), 100))
    total, count = F(0), 0
    for value in given_figures.values():
        total, count = total + value, count + 1
    assert average(factor, given_figures, DAY) == total / count


@pytest.mark.parametrize("factor", sorted(WINDOWS))
def test_a_day_without_a_figure_leaves_the_average_unknown(factor):
    whole = figures(factor)
    assert average(factor, whole, DAY) == 1
    for day in (min(whole), max(whole)):
        assert average(factor, {each: value for each, value in whole.items() if each != day}, DAY) is None


def test_what_is_outside_the_window_does_not_count():
    whole = figures("CMH-segregated")
    outside = {min(whole) - timedelta(days=3): F(10**9), DAY: F(10**9), date(2026, 7, 1): F(10**9)}
    assert average("CMH-segregated", whole | outside, DAY) == 1


def test_a_calculation_is_made_on_the_first_of_a_month():
    with pytest.raises(AssertionError, match="first day"):
        window_days("ASA", date(2026, 10, 2))
