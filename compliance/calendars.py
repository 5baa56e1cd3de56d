"""Days that count: business days and deadlines on the calendar that a rule names.

Calendars: `AE` (Dubai; the weekend is Saturday and Sunday since 2022, and was Friday and Saturday before), `JP`, `US`
(federal), `US-NY` and the other states, `TARGET` (the euro's payment system), `ALL` (every day counts). Public holidays
come from the package `holidays`, whose version belongs into every result that rests on them (`source`): dates that a
government moves late, such as those of the Islamic year, are estimates there until it says otherwise.

A deadline ends with the last moment of its day in the calendar's own time zone.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["CALENDARS", "Calendar", "Clock", "Unit", "add_months", "calendar", "parse_clock", "quarter_end", "source"]

_STEPS_MAX = 4_000
_ZONES = {"AE": "Asia/Dubai", "ALL": "UTC", "JP": "Asia/Tokyo", "TARGET": "Europe/Brussels", "US": "America/New_York"}
_WEEKEND_MOVED_AE = date(2022, 1, 1)


class Unit(StrEnum):
    """What a clock counts."""

    HOURS = "hours"
    CALENDAR_DAYS = "calendar days"
    BUSINESS_DAYS = "business days"
    MONTHS = "months"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Calendar:
    """See the module. Two calendars of one name are equal."""

    name: str

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which a day begins and ends."""
        return ZoneInfo(_ZONES[self.name[:2] if self.name.startswith("US-") else self.name])

    def day_of(self, moment: datetime) -> date:
        """The day that it is there at a moment (with a time zone)."""
        assert moment.tzinfo is not None, "a moment has a time zone"
        return moment.astimezone(self.zone).date()

    def end_of(self, day: date) -> datetime:
        """The last microsecond of a day, UTC."""
        following = datetime.combine(day + timedelta(days=1), time(), self.zone)
        return following.astimezone(UTC) - timedelta(microseconds=1)

    def is_business_day(self, day: date) -> bool:
        """Whether a day counts."""
        if self.name == "ALL":
            return True
        weekend = (4, 5) if self.name == "AE" and day < _WEEKEND_MOVED_AE else (5, 6)
        return day.weekday() not in weekend and day not in _holidays(self.name)

    def add_business_days(self, day: date, count: int) -> date:
        """The day that is `count` business days after a day, which need not be one; 0 gives the day or the next one."""
        assert 0 <= count <= _STEPS_MAX, "a deadline is within years"
        while count or not self.is_business_day(day):
            day += timedelta(days=1)
            if self.is_business_day(day):
                count -= count > 0
        return day

    def business_days(self, first: date, last: date) -> list[date]:
        """The business days from `first` to `last`, both counted."""
        span = range((last - first).days + 1)
        return [day for day in (first + timedelta(days=step) for step in span) if self.is_business_day(day)]


@dataclass(frozen=True, slots=True)
class Clock:
    """So much time, counted on a calendar: `Clock(2, Unit.BUSINESS_DAYS, "JP")`."""

    count: int
    unit: Unit
    calendar: str = "ALL"

    def __post_init__(self) -> None:
        assert self.count >= 0 and (self.calendar in CALENDARS or self.calendar.startswith("US-"))

    def due(self, since: datetime) -> datetime:
        """The last moment that is in time, for something that began at `since`; UTC. Hours run through every day."""
        if self.unit is Unit.HOURS:
            return since.astimezone(UTC) + timedelta(hours=self.count)
        days = calendar(self.calendar)
        return days.end_of(self.due_day(days.day_of(since)))

    def due_day(self, day: date) -> date:
        """The last day that is in time, counted from a day."""
        match self.unit:
            case Unit.BUSINESS_DAYS:
                return calendar(self.calendar).add_business_days(day, self.count)
            case Unit.CALENDAR_DAYS:
                return day + timedelta(days=self.count)
            case Unit.MONTHS:
                return add_months(day, self.count)
            case Unit.YEARS:
                return add_months(day, 12 * self.count)
            case Unit.HOURS:
                raise AssertionError("hours are counted from a moment")

    def __str__(self) -> str:
        unit = self.unit.value.removesuffix("s") if self.count == 1 else self.unit.value
        return f"{self.count} {unit}" + ("" if self.calendar == "ALL" else f" ({self.calendar})")


CALENDARS = tuple(sorted(_ZONES))
"""The names, without those of US states."""


@cache
def calendar(name: str) -> Calendar:
    """The calendar of a name; raises AssertionError for one that is not known."""
    assert name in CALENDARS or name.startswith("US-"), f"no calendar {name}"
    return Calendar(name)


@cache
def _holidays(name: str) -> Any:
    """The public holidays of a calendar; the package finds each year when it is first asked for.

    Imported here, because it takes half a second and most verbs count no days.
    """
    import holidays

    if name == "TARGET":
        return holidays.financial_holidays("ECB")
    if name.startswith("US-"):
        return holidays.country_holidays("US", subdiv=name[3:])
    return holidays.country_holidays(name)


def source() -> str:
    """Which holidays these are, for results that rest on them."""
    return f"holidays {version('holidays')}"


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last one of a shorter month."""
    assert months >= 0
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def quarter_end(day: date) -> date:
    """The last day of the calendar quarter that a day is in."""
    month = (day.month + 2) // 3 * 3
    return date(day.year, month, monthrange(day.year, month)[1])


def parse_clock(text: str) -> Clock:
    """The clock that its own text spells."""
    words, _, rest = text.partition(" (")
    count, _, unit = words.partition(" ")
    plural = unit if unit.endswith("s") else unit + "s"
    return Clock(int(count), Unit(plural), rest.removesuffix(")") or "ALL")
