"""Averages that K-factors rest on (Regulation (EU) 2019/2033 articles 17 to 20 and 33), from figures of each day.

A K-factor's average is the mean of a window that ends some months ago: for clients' money of the nine months before the
day of the calculation without the newest three. Assets under management are taken at each month's last business day,
everything else on every business day of TARGET. A day without a figure leaves the average unknown: no gap is filled,
and an average over fewer days is none.

The windows are UNVERIFIED: the articles themselves were not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Final, NamedTuple

from compliance.calendars import add_months, calendar
from compliance.regimes.eu.rules_capital import K_FACTORS
from compliance.regimes.eu.terms import TARGET

__all__ = ["WINDOWS", "Window", "average", "window_days"]


class Window(NamedTuple):
    """`months` before the day of the calculation, without the newest `excluded`; monthly or daily; the article."""

    months: int
    excluded: int
    monthly: bool
    article: str


WINDOWS: Final[Mapping[str, Window]] = {
    "AUM": Window(15, 3, True, "IFR art. 17(1)"),
    "CMH-segregated": Window(9, 3, False, "IFR art. 18(1)"),
    "CMH-other": Window(9, 3, False, "IFR art. 18(1)"),
    "ASA": Window(9, 3, False, "IFR art. 19(1)"),
    "COH-cash": Window(6, 3, False, "IFR art. 20(1)"),
    "COH-derivatives": Window(6, 3, False, "IFR art. 20(1)"),
    "DTF-cash": Window(9, 3, False, "IFR art. 33(1)"),
    "DTF-derivatives": Window(9, 3, False, "IFR art. 33(1)"),
}
"""By the names of `eu.ifr.averages`."""
assert set(WINDOWS) == {name for name, _ in K_FACTORS}, "each K-factor with a coefficient has its window"


def window_days(factor: str, as_of: date) -> list[date]:
    """The days whose figures count, oldest first; `as_of` is the first day of a month, as the articles ask.

    Raises AssertionError for another day, and for a factor that has no window.
    """
    assert as_of.day == 1, "K-factors are calculated on the first day of a month"
    window = WINDOWS[factor]
    first, last = _back(as_of, window.months), _back(as_of, window.excluded) - timedelta(days=1)
    days = calendar(TARGET).business_days(first, last)
    if not window.monthly:
        return days
    newest = {(day.year, day.month): day for day in days}
    return sorted(newest.values())


def _back(day: date, months: int) -> date:
    """The first day of the month so many months before that of `day`, which is a first day too."""
    count = day.year * 12 + day.month - 1 - months
    found = date(count // 12, count % 12 + 1, 1)
    assert add_months(found, months) == day
    return found


def average(factor: str, figures: Mapping[date, Fraction], as_of: date) -> Fraction | None:
    """The mean of the window's figures, exact; None where any of its days has none."""
    days = window_days(factor, as_of)
    found = [figures.get(day) for day in days]
    known = [each for each in found if each is not None]
    if len(known) < len(days):
        return None
    return sum(known, Fraction(0)) / len(days)
