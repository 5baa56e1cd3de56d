"""Predicates over what a firm runs: controls in place, and detectors that have run and whose alerts were decided."""

from __future__ import annotations

from datetime import date, datetime

from compliance.calendars import calendar
from compliance.facts import moment_text
from compliance.primitives.times import is_to_come
from compliance.primitives.view import View, of_lines, shown
from compliance.verdicts import Line, Outcome, Result

__all__ = ["controls", "surveillance"]


def controls(view: View) -> Outcome:
    """Each control of the parameter `required` is in place.

    Role: `records` (records: name, in_place, tested_on?, reference?). With the parameter `tested` (a clock) each must
    have been tested no longer ago. A control of which nothing is said lacks data.
    """
    found = {str(row["name"]): row for row in view.records("records")}
    lines = []
    for name, *_ in view.table("required"):
        row = found.get(str(name))
        if row is None:
            lines.append(
                Line(str(name), Result.INSUFFICIENT, "—", "in place", note="nothing is stated of this control")
            )
            continue
        in_place, tested = row["in_place"], row["tested_on"]
        required, is_fresh = "in place", True
        if "tested" in view.rule.parameters:
            clock = view.clock("tested")
            required += f", tested within {clock}"
            # A test on a day that is still to come was not made.
            is_fresh = isinstance(tested, date) and not is_to_come(tested, view.as_of)
            is_fresh = is_fresh and clock.due_day(tested) >= calendar(clock.calendar).day_of(view.as_of)  # type: ignore[arg-type]  # a day, as the line before says
        result = Result.PASS if in_place is True and is_fresh else Result.FAIL
        lines.append(
            Line(
                str(name),
                result,
                f"in place: {shown(in_place)}, tested: {shown(tested)}",
                required,
                note=shown(row["reference"]),
            )
        )
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
