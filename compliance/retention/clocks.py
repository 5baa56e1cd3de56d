"""How long a record is kept: clocks as data, the union of them, and the last day of keeping. Pure.

The rules of counting, stated once:
1. A period of n years ends on the same day n years later, and that day is still kept. Where there is no such day (29
   February) it ends on 1 March: never a day short under any reading.
2. A clock may count from the end of the calendar year in which its event falls.
3. A clock whose event has not come yet has not begun: the record is kept. A *conditional* clock, which is for what may
   never happen (an account abandoned, a record designated), says nothing until its event comes.
4. Of all clocks that apply, the longest wins: without end, then not begun, then the latest day.
5. A clock is in force between two dates, and the set is the one in force on the day of asking. A class that no clock
   of its regimes covers is kept too, and said to be uncovered: a gap in a table deletes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Literal, NamedTuple, TypeAlias

from compliance.retention.classes import RecordClass, Regime, StartEvent

__all__ = ["Clock", "Events", "Retention", "Status", "add_years", "clocks_for", "last_day", "retain_until"]

Status = Literal["V", "S", "U"]
"""V: the text was read. S: a secondary source only. U: unverified, and reports show it so."""

Events: TypeAlias = Mapping[StartEvent, date]


class Clock(NamedTuple):
    """One period of one rule for some classes. `years` None: without end."""

    rule: str
    regime: Regime
    classes: frozenset[RecordClass]
    years: int | None
    start: StartEvent
    citation: str
    source: str
    status: Status
    effective_from: date
    effective_to: date | None = None
    years_on_request: int | None = None
    """The period where an authority asked for longer keeping by this rule."""
    from_year_end: bool = False
    is_conditional: bool = False
    note: str = ""

    def in_force(self, day: date) -> bool:
        """Whether the rule has this period on a day."""
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)


class Retention(NamedTuple):
    """The answer for one record: kept up to and with `until`, or for now without a day.

    `because`: the clocks that decide, empty where nothing covers the class. `waiting`: events that have not come.
    """

    until: date | None
    is_endless: bool
    waiting: tuple[StartEvent, ...]
    because: tuple[Clock, ...]

    @property
    def is_covered(self) -> bool:
        """Whether any clock speaks of the record."""
        return bool(self.because)

    def must_keep(self, day: date) -> bool:
        """Whether the record must still be there on a day."""
        return self.until is None or day <= self.until

    def why(self) -> str:
        """The answer in words, with its rules: `kept until 2034-11-22 because VARA-REC-01`."""
        if not self.is_covered:
            return "kept because no clock in the table covers its class"
        rules = ", ".join(dict.fromkeys(f"{c.rule}{'' if c.status == 'V' else f' [{c.status}]'}" for c in self.because))
        if self.is_endless:
            return f"kept without end because {rules}"
        if self.until is None:
            return f"kept until {' and '.join(self.waiting)} and then the period of {rules}"
        return f"kept until {self.until.isoformat()} because {rules}"


def add_years(day: date, years: int) -> date:
    """The same day `years` later; 1 March where that year has no 29 February. Raises OverflowError after year 9999.

    Deadlines go the other way (`compliance.calendars.add_months` ends on 28 February): each errs on the safe side.
    """
    assert years >= 0, "a period is not negative"
    if day.year + years > date.max.year:
        raise OverflowError("no such year")
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        assert (day.month, day.day) == (2, 29), "no other day is missing in any year"
        return date(day.year + years, 3, 1)


def clocks_for(
    table: Iterable[Clock], record_class: RecordClass, regimes: Iterable[Regime], as_of: date
) -> list[Clock]:
    """The clocks of these regimes for a class that are in force on a day, in the table's order."""
    wanted = frozenset(regimes)
    return [c for c in table if c.regime in wanted and record_class in c.classes and c.in_force(as_of)]


def last_day(clock: Clock, events: Events, requests: frozenset[str] = frozenset()) -> date | None:
    """The last day of keeping by one clock; None where it has not begun or never ends."""
    begun = events.get(clock.start)
    if begun is None or clock.years is None:
        return None
    years = clock.years
    if clock.years_on_request is not None and clock.rule in requests:
        years = max(years, clock.years_on_request)
    return add_years(date(begun.year, 12, 31) if clock.from_year_end else begun, years)


def retain_until(
    table: Iterable[Clock],
    record_class: RecordClass,
    regimes: Iterable[Regime],
    events: Events,
    as_of: date,
    requests: frozenset[str] = frozenset(),
) -> Retention:
    """How long a record of a class is kept, by the longest clock in force on `as_of`.

    `events`: the days that are known of it, the day of its creation always among them. `requests`: ids of rules by
    which an authority asked for the longer period. Source: the counting rules at the head of this module.
    """
    assert StartEvent.CREATION in events, "every record was made on some day"
    clocks = [
        clock
        for clock in clocks_for(table, record_class, regimes, as_of)
        if not clock.is_conditional or clock.start in events
    ]
    endless = tuple(clock for clock in clocks if clock.years is None and clock.start in events)
    if endless:
        return Retention(None, True, (), endless)
    unbegun = tuple(clock for clock in clocks if clock.start not in events)
    if unbegun:
        return Retention(None, False, tuple(dict.fromkeys(clock.start for clock in unbegun)), unbegun)
    days = {clock: last_day(clock, events, requests) for clock in clocks}
    until = max((day for day in days.values() if day is not None), default=None)
    because = tuple(clock for clock, day in days.items() if day == until and until is not None)
    assert (until is None) == (not clocks), "without a day only where no clock speaks"
    return Retention(until, False, (), because)
