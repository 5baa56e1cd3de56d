"""Predicates over records: every one of them is complete, and none passes a limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from compliance.calendars import Unit
from compliance.facts import Record, decimal_text
from compliance.primitives.view import View, described, holds, of_lines, shown
from compliance.rules import Comparator, Condition
from compliance.verdicts import Line, Outcome, Result, figure

__all__ = ["completeness", "leverage"]


def completeness(view: View) -> Outcome:
    """Every record that `where` counts satisfies each condition of `must`; or, with the role `none`, there is none.

    Role: `records`, or `none` (records or names). A record lacks data where `where` compares what is not known of it.
    Parameters: `key`, the field that names a record, default `id`; `least`, how many records there
    must be to say anything, default 0.
    """
    if view.has("none"):
        return _none(view)
    key, must = view.text("key", "id"), view.rule.must
    assert must, f"{view.rule.id}: records must satisfy something"
    rows = view.records("records")
    lines = [_line(row, key, must, view) for row in rows]
    for row in view.uncertain("records"):
        note = "it is not known whether it counts: " + "; ".join(described(each, view) for each in view.rule.where)
        lines.append(Line(shown(row[key]), Result.INSUFFICIENT, "—", "", note=note))
    required = "; ".join(described(each, view) for each in must)
    lacking = _lacking(view, len(lines), required)
    if lacking is not None:
        return lacking
    outcome = of_lines(lines, "records in order", required)
    return _counted(outcome, [*zip(lines, map(_count, rows), strict=False)], len(lines) - len(rows))


def _count(row: Record) -> int:
    """Of how many a record is."""
    count = row.get("count")
    return int(count) if isinstance(count, Fraction) else 1


def _counted(outcome: Outcome, found: Sequence[tuple[Line, int]], others: int) -> Outcome:
    """The outcome with its counts of records rather than of lines, where a record stands for several."""
    if all(count == 1 for _, count in found):
        return outcome
    whole = others + sum(count for _, count in found)
    right = sum(count for line, count in found if line.result is Result.PASS)
    is_exact = all(count == 1 or line.result is Result.PASS for line, count in found)
    word = "" if is_exact else "at least "
    failed = sum(line.result is Result.FAIL for line, _ in found)
    return replace(
        outcome,
        measured=f"{word}{right} of {whole} records in order",
        margin=f"{word}{failed} fail" if failed else outcome.margin,
    )


def _none(view: View) -> Outcome:
    """Every one that is there is a breach."""
    value, key = view.facts["none"], view.text("key", "id")
    if isinstance(value, frozenset):
        lines = [Line(name, Result.FAIL, "there is one", "none") for name in sorted(value)]
    else:
        lines = [
            Line(shown(row[key]), Result.FAIL, "; ".join(f"{name} {shown(row[name])}" for name in row), "none")
            for row in view.records("none")
        ]
    return Outcome(
        Result.FAIL if lines else Result.PASS, f"{len(lines)} found", "none", f"{len(lines)} too many" if lines else "",
        lines=tuple(lines),
    )  # fmt: skip


def _lacking(view: View, count: int, required: str) -> Outcome | None:
    """The outcome where there are fewer records than the parameter `least`: of nothing, nothing is shown."""
    least = view.fraction("least", Fraction(0))
    if count >= least:
        return None
    counted = " and ".join(described(each, view) for each in view.rule.where) or "any kind"
    name = view.rule.inputs["records"]
    missing = (f"{name}: {count} records of {counted}, at least {decimal_text(least)} needed",)
    return Outcome(Result.INSUFFICIENT, f"{count} records", required, missing=missing)


def _line(row: Record, key: str, must: Sequence[Condition], view: View) -> Line:
    name = shown(row[key])
    if _count(row) > 1 and not all(_speaks_for_all(each, row, view) for each in (*view.rule.where, *must)):
        note = "the record stands for several, which this rule must see one by one: a shorter period has them"
        return Line(name, Result.INSUFFICIENT, "—", "", note=note)
    broken = [each for each in must if not holds(each, row, view)]
    if not broken:
        return Line(name, Result.PASS, "in order", "")
    found = "; ".join(f"{each.left} is {shown(row[each.left])}" for each in broken)
    note = f"the slowest of {_count(row)}; others of them may fail too" if _count(row) > 1 else ""
    return Line(name, Result.FAIL, found, "; ".join(described(each, view) for each in broken), note=note)


_ALIKE: Final = frozenset({"asset", "is_money", "state", "instructed"})
"""Fields in which the movements that a record counts are the same."""


def _speaks_for_all(condition: Condition, row: Record, view: View) -> bool:
    """Whether what a condition says of a record that counts several is said of each of them.

    Their times are those of the slowest. A clock of hours is as long for each of them. One of days ends with a day, so
    that it is up to a day shorter for one than for another: there the slowest must be that much faster.
    """
    if condition.left in _ALIKE and not condition.right.startswith("."):
        return True
    operator = view.text(condition.operator[1:], "") if condition.operator.startswith("@") else condition.operator
    begun, done = row.get(condition.since) if condition.since else None, row[condition.left]
    if operator != "in time" or not isinstance(begun, datetime):
        return False
    if done is None:
        return True
    if not isinstance(done, datetime) or not condition.right.startswith("@"):
        return False
    clock = view.clock(condition.right[1:])
    return clock.unit is Unit.HOURS or done - begun <= timedelta(days=max(clock.count - 1, 0))


def leverage(view: View) -> Outcome:
    """For every record that `where` counts, `exposure` stands in `comparator` (default `<=`) to `limit` times `base`.

    Role: `records`; parameters `limit`, and the fields' names `exposure` and `base` (defaults: those words), `key`.
    With a parameter `limits` (rows of class, limit) the record's field `class` chooses the limit; a class without a row
    fails. With a role `limit` (a number) that fact is the limit, and the parameter `offset` (default 0) is added to it:
    for limits that the firm itself must set. With a parameter `limit_field` each record's own field of that name is its
    limit, and a record without it lacks data. `least` as in `completeness`.
    """
    key, comparator = view.text("key", "id"), view.comparator(Comparator.AT_MOST)
    exposure_name, base_name = view.text("exposure", "exposure"), view.text("base", "base")
    limits = {str(row[0]): row[1] for row in view.table("limits")} if "limits" in view.rule.parameters else None
    own = view.text("limit_field", "")
    lines, headrooms = [], []
    for row in view.records("records"):
        exposure, base = row[exposure_name], row[base_name]
        limit = row[own] if own else _limit(view) if limits is None else limits.get(shown(row["class"]))
        name = shown(row[key])
        if own and limit is None:
            lines.append(Line(name, Result.INSUFFICIENT, "—", "", note=f"{own} is not known"))
            continue
        if exposure is None or base is None:
            lines.append(Line(name, Result.INSUFFICIENT, "—", "", note=f"{exposure_name} or {base_name} is not known"))
            continue
        assert isinstance(exposure, Fraction) and isinstance(base, Fraction), f"{view.rule.id}: figures are numbers"
        if limit is None:
            lines.append(Line(name, Result.FAIL, figure(exposure), f"no limit is set for {shown(row['class'])}"))
            continue
        assert isinstance(limit, Fraction), f"{view.rule.id}: a limit is a number"
        allowed = limit * base
        result = Result.PASS if comparator.holds(exposure, allowed) else Result.FAIL
        room = allowed - exposure if comparator in (Comparator.AT_MOST, Comparator.LESS) else exposure - allowed
        if result is Result.PASS and allowed > 0:
            headrooms.append(room / allowed)
        words = f"{comparator} {figure(limit)} x {figure(base)}"
        lines.append(Line(name, result, figure(exposure), words, figure(room)))
    limit_text = own.replace("_", " ") if own else "the limit of its class" if limits else figure(_limit(view))
    required = f"{exposure_name} {comparator} {limit_text} x {base_name}"
    return _lacking(view, len(lines), required) or of_lines(
        lines, "within the limit", required, headroom=min(headrooms, default=None)
    )


def _limit(view: View) -> Fraction:
    """The one limit of all records: a fact, where the rule's inputs name one, else the parameter."""
    if "limit" in view.rule.inputs:
        return view.number("limit") + view.fraction("offset", Fraction(0))
    return view.fraction("limit")
