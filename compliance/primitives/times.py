"""Predicates over time: age of the last one, filings and client statements by their day, how long records are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from compliance.calendars import add_months, calendar
from compliance.facts import moment_text
from compliance.primitives.view import View, holds, of_lines, shown
from compliance.verdicts import Line, Outcome, Result

__all__ = ["age", "deadline", "is_to_come", "retention", "statements"]

_MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
_FIRST_ZONE = timedelta(hours=14)
"""How far ahead of UTC a day begins first."""
LOOK_BACK_DAYS = Fraction(400)
"""Periods that ended longer ago are of past reports; a rule's parameter `look_back` gives another number."""


def age(view: View) -> Outcome:
    """Something was done no longer ago than allowed, or on each business day.

    Either role `last` (a day or moment) and parameter `most` (a clock), and if the rule names it role `whole` (a flag):
    that what was done last also found everything whole. Or role `days` (records with the field `day`),
    `since` (the first day on which it was owed), parameters `calendar` and `window` (days back from yesterday): each
    business day has a record, and each record in the window satisfies `must`, that of a day which is none too. What is
    stated of a day that is still to come lacks data.
    """
    return _last(view) if view.has("last") else _each_day(view)


def _last(view: View) -> Outcome:
    last, most = view.facts["last"], view.clock("most")
    assert isinstance(last, date), f"{view.rule.id}: last is a day or a moment"
    if is_to_come(last, view.as_of):
        missing = (f"{view.rule.inputs['last']}: {shown(last)} is still to come, and nothing was done on it",)
        return Outcome(Result.INSUFFICIENT, f"stated for {shown(last)}", f"within {most}", missing=missing)
    if isinstance(last, datetime):
        due, text = most.due(last), moment_text(last)
    else:
        due, text = calendar(most.calendar).end_of(most.due_day(last)), last.isoformat()
    left = (due - view.as_of).days
    if view.facts.get("whole", True) is not True:
        return Outcome(Result.FAIL, f"last on {text}, and not whole", f"within {most}, and whole", "it is not whole")
    result = Result.PASS if view.as_of <= due else Result.FAIL
    margin = f"until {moment_text(due)}" if result is Result.PASS else f"overdue since {moment_text(due)}"
    return Outcome(result, f"last on {text}", f"within {most}", margin, days_left=left)


def _each_day(view: View) -> Outcome:
    days = calendar(view.text("calendar", "ALL"))
    if is_to_come(view.day("since"), view.as_of):
        return _not_begun(view)
    yesterday = days.day_of(view.as_of) - timedelta(days=1)
    first = max(yesterday - timedelta(days=int(view.fraction("window")) - 1), view.day("since"))
    found: dict[date, list[Line]] = {}
    for row in view.records("days"):
        day = row["day"]
        assert isinstance(day, date), f"{view.rule.id}: a record of a day has it"
        broken = [each for each in view.rule.must if not holds(each, row, view)]
        words = "; ".join(f"{each.left} is {shown(row[each.left])}" for each in broken)
        result = Result.FAIL if broken else Result.PASS
        found.setdefault(day, []).append(Line(day.isoformat(), result, words or "done", "done"))
    lines: list[Line] = []
    owed = set(days.business_days(first, yesterday))
    for day in sorted(owed | {day for day in found if first <= day <= yesterday}):
        lines += found.get(day) or [Line(day.isoformat(), Result.FAIL, "nothing", "done on the day")]
    word = "day" if days.name == "ALL" else f"business day ({days.name})"
    note = "" if lines else "no day has ended yet: nothing was due"
    return of_lines(lines, "records of days in order", f"each {word} since {first}", note=note)


def is_to_come(stated: date, now: datetime) -> bool:
    """Whether a moment is still to come, or a day has not begun anywhere on earth: what was done cannot be of it."""
    return stated > now if isinstance(stated, datetime) else stated > (now + _FIRST_ZONE).astimezone(UTC).date()


def _not_begun(view: View) -> Outcome:
    """Business that is yet to begin owes nothing, and that is no pass: the day may be wrong."""
    since = view.day("since")
    missing = (f"{view.rule.inputs['since']}: {since.isoformat()} is still to come",)
    return Outcome(Result.INSUFFICIENT, "", f"from {since.isoformat()} on", missing=missing)


def deadline(view: View) -> Outcome:
    """Each period that ended has its filing by the day it is due.

    Roles: `filings` (records: period_end, filed_at?), `since` (the day from which periods count), and where the rule
    names it `first_month` (a text, 1 to 12: the month in which the business year begins, whose periods they are).
    Parameters: `period` (month, quarter, half-year, year), and either `due` (a clock from the period's last day) or
    `due_dates` (rows of a period's end and its due date, both `MM-DD`); `look_back` in days; `calendar`, whose days
    they are. With the text `the day after` in the parameter `counted_from` a month runs from the first day after the
    period to its last: one month after 30 June ends on 31 July. Of several filings of a period the first counts, and
    one whose moment is still to come does not yet.
    """
    if is_to_come(view.day("since"), view.as_of):
        return _not_begun(view)
    filed: dict[object, datetime] = {}
    for row in view.records("filings"):
        at = row["filed_at"]
        if isinstance(at, datetime) and at <= view.as_of:
            filed[row["period_end"]] = min(at, filed.get(row["period_end"], at))
    days = calendar(view.text("calendar", "ALL") if "due" not in view.rule.parameters else view.clock("due").calendar)
    lines, left_days = [], []
    for end in _period_ends(view, days.day_of(view.as_of)):
        due_day = _due_day(view, end)
        due, first = days.end_of(due_day), filed.get(end)
        required = f"filed by {due_day.isoformat()}"
        if first is not None:
            result = Result.PASS if first <= due else Result.FAIL
            lines.append(Line(end.isoformat(), result, f"filed {moment_text(first)}", required))
        elif view.as_of <= due:
            left_days.append((due - view.as_of).days)
            lines.append(Line(end.isoformat(), Result.PASS, "not yet filed", required, f"{left_days[-1]} days left"))
        else:
            lines.append(Line(end.isoformat(), Result.FAIL, "not filed", required, "overdue"))
    outcome = of_lines(
        lines, "periods in time", f"each {view.text('period', 'quarter')} filed when due", note=_none(lines)
    )
    left = min(left_days, default=None)
    return Outcome(
        outcome.result, outcome.measured, outcome.required, outcome.margin, outcome.note, outcome.lines, None, left
    )


def _none(lines: list[Line]) -> str:
    """What to say where no period has ended: that nothing was due is no merit."""
    return "" if lines else "no period has ended yet: nothing was due"


def _period_ends(view: View, today: date) -> Iterator[date]:
    """The last days of the periods that are over and not too old, oldest first; of calendar ones by default."""
    months = _MONTHS[view.text("period", "quarter")]
    since = max(view.day("since"), today - timedelta(days=int(view.fraction("look_back", LOOK_BACK_DAYS))))
    # Periods stand on a grid of months that begins with the business year.
    offset = (int(str(view.facts["first_month"])) - 1) % months if view.has("first_month") else 0
    first = (since.year * 12 + since.month - 1 - offset) // months * months + offset
    start = date(first // 12, first % 12 + 1, 1)
    while (following := add_months(start, months)) <= today:
        end = following - timedelta(days=1)
        if end >= since:
            yield end
        start = following


def _due_day(view: View, end: date) -> date:
    if "due" in view.rule.parameters:
        if view.text("counted_from", "the last day") == "the day after":
            return view.clock("due").due_day(end + timedelta(days=1)) - timedelta(days=1)
        return view.clock("due").due_day(end)
    dates = {str(row[0]): str(row[1]) for row in view.table("due_dates")}
    found = date.fromisoformat(f"{end.year}-{dates[end.isoformat()[5:]]}")
    return found if found > end else date.fromisoformat(f"{end.year + 1}-{dates[end.isoformat()[5:]]}")


def statements(view: View) -> Outcome:
    """For each period that ended, every client has a statement, prepared in time.

    Roles: `statements` (records: period_end, expected, prepared, prepared_at?), `since`. Parameters `period`, `due` (a
    clock from the period's last day), `look_back`. Statements whose moment is still to come, or not stated, are not
    prepared yet.
    """
    if is_to_come(view.day("since"), view.as_of):
        return _not_begun(view)
    found = {row["period_end"]: row for row in view.records("statements")}
    days, lines, left_days = calendar(view.clock("due").calendar), [], []
    for end in _period_ends(view, days.day_of(view.as_of)):
        due, row = days.end_of(_due_day(view, end)), found.get(end)
        required = f"a statement for every client by {moment_text(due)}"
        expected, prepared = (None, None) if row is None else (row["expected"], row["prepared"])
        at = None if row is None else row["prepared_at"]
        is_whole = isinstance(expected, Fraction) and isinstance(prepared, Fraction) and prepared >= expected >= 0
        is_done = isinstance(at, datetime) and at <= view.as_of
        measured = "none" if row is None else f"{shown(prepared)} of {shown(expected)} clients, last {shown(at)}"
        if is_whole and is_done and isinstance(at, datetime) and at <= due:
            lines.append(Line(end.isoformat(), Result.PASS, measured, required))
        elif not (is_whole and is_done) and view.as_of <= due:
            left_days.append((due - view.as_of).days)
            lines.append(Line(end.isoformat(), Result.PASS, measured, required, f"{left_days[-1]} days left"))
        else:
            lines.append(Line(end.isoformat(), Result.FAIL, measured, required))
    outcome = of_lines(
        lines,
        "periods with all statements",
        f"each {view.text('period', 'month')}, within {view.clock('due')}",
        note=_none(lines),
    )
    left = min(left_days, default=None)
    return Outcome(
        outcome.result, outcome.measured, outcome.required, outcome.margin, outcome.note, outcome.lines, None, left
    )


def retention(view: View) -> Outcome:
    """Each class of records is kept for long enough, without gaps.

    Role: `records` (records: class, keeps_years? (empty: without end), gaps, first_day?). Parameter `years`: rows of
    class and years, or `indefinite`. A class that nothing is known of lacks data.
    """
    kept = {str(row["class"]): row for row in view.records("records")}
    lines = []
    for name, years in view.table("years"):
        row, required = kept.get(str(name)), f"kept {shown(years)} years, without gaps"
        if row is None:
            lines.append(Line(str(name), Result.INSUFFICIENT, "—", required, note="nothing is known of this class"))
            continue
        keeps, gaps = row["keeps_years"], row["gaps"]
        is_long = keeps is None or (isinstance(years, Fraction) and isinstance(keeps, Fraction) and keeps >= years)
        measured = f"{'without end' if keeps is None else shown(keeps) + ' years'}, {shown(gaps)} gaps"
        lines.append(Line(str(name), Result.PASS if is_long and gaps == 0 else Result.FAIL, measured, required))
    return of_lines(lines, "classes kept", "each class for its time, without gaps")
