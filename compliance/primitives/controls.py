"""Predicates over what a firm runs: controls in place, and detectors that have run and whose alerts were decided."""

from __future__ import annotations

from datetime import date, datetime

from compliance.calendars import calendar
from compliance.facts import Record, moment_text
from compliance.primitives.times import is_to_come
from compliance.primitives.view import View, of_lines, shown
from compliance.verdicts import Line, Outcome, Result

__all__ = ["controls", "surveillance"]


def controls(view: View) -> Outcome:
    """Each control of the parameter `required` is in place.

    Role: `records` (records: name, in_place, tested_on?, reference?). With the parameter `tested` (a clock) each must
    have been tested no longer ago. A control of which nothing is said lacks data. Where several speak of one (the
    engine and the firm) it is in place if none of them denies it, and was tested when the last of them says.
    """
    found: dict[str, list[Record]] = {}
    for row in view.records("records"):
        found.setdefault(str(row["name"]), []).append(row)
    lines = []
    for name, *_ in view.table("required"):
        rows = found.get(str(name))
        if rows is None:
            note = "nothing is stated of this control"
            lines.append(Line(str(name), Result.INSUFFICIENT, "—", "in place", note=note))
            continue
        in_place = all(row["in_place"] is True for row in rows)
        # A test on a day that is still to come was not made.
        tests = [day for row in rows if isinstance(day := row["tested_on"], date) and not is_to_come(day, view.as_of)]
        tested = max(tests, default=None)
        required, is_fresh = "in place", True
        if "tested" in view.rule.parameters:
            clock = view.clock("tested")
            required += f", tested within {clock}"
            today = calendar(clock.calendar).day_of(view.as_of)
            is_fresh = tested is not None and clock.due_day(tested) >= today
        result = Result.PASS if in_place and is_fresh else Result.FAIL
        measured = f"in place: {shown(in_place)}, tested: {shown(tested)}"
        note = "; ".join(dict.fromkeys(shown(row["reference"]) for row in rows))
        lines.append(Line(str(name), result, measured, required, note=note))
    return of_lines(lines, "controls in place", "each control in place")


def surveillance(view: View) -> Outcome:
    """Each detector of the parameter `required` ran lately over a whole log, and its alerts were decided in time.

    Role: `records` (records: detector, ran_at?, complete, alerts, open, oldest_open?). Parameters: `every` (a clock:
    how old the last run may be) and `decide` (a clock: how old an open alert may be). An alert is no breach.
    """
    found = {str(row["detector"]): row for row in view.records("records")}
    every, decide, lines = view.clock("every"), view.clock("decide"), []
    required = f"run within {every} over a log without gaps; alerts decided within {decide}"
    for name, *_ in view.table("required"):
        row = found.get(str(name))
        ran = None if row is None else row["ran_at"]
        if row is None or not isinstance(ran, datetime):
            lines.append(
                Line(str(name), Result.INSUFFICIENT, "—", required, note="this detector has not run: it lacks input")
            )
            continue
        oldest = row["oldest_open"]
        # Open alerts of which nobody says how old they are may be too old.
        is_late = decide.due(oldest) < view.as_of if isinstance(oldest, datetime) else row["open"] != 0
        is_fresh = every.due(ran) >= view.as_of
        result = Result.PASS if is_fresh and row["complete"] is True and not is_late else Result.FAIL
        measured = (
            f"ran {moment_text(ran)}, {shown(row['alerts'])} alerts, {shown(row['open'])} open, oldest {shown(oldest)}"
        )
        lines.append(Line(str(name), result, measured, required))
    return of_lines(lines, "detectors in order", required)
