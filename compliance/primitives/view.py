"""What a predicate sees of a rule and its facts, and conditions over records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Final

from compliance.calendars import Clock, Unit, calendar
from compliance.facts import Amounts, Record, Scalar, Value, decimal_text, moment_text
from compliance.rules import Comparator, Condition, ParameterValue, Rule
from compliance.verdicts import Line, Outcome, Result

__all__ = ["View", "described", "due_of", "holds", "of_lines", "shown", "start_of"]

_SPOKEN: Final = {"by": "no later than", "in time": "within", "not within": "later than"}
_LISTED: Final = 8
"""So many texts of a list are said, of one that is over twice as long; the procedure's parameters have all of them."""
_COMPARATORS: Final = {each.value for each in Comparator}


@dataclass(frozen=True, slots=True)
class View:
    """A rule, the facts by role, and the moment."""

    rule: Rule
    facts: Mapping[str, Value]
    as_of: datetime

    def has(self, role: str) -> bool:
        """Whether a role that may be missing is there."""
        return role in self.facts

    def number(self, role: str) -> Fraction:
        """A number."""
        value = self.facts[role]
        assert isinstance(value, Fraction), f"{self.rule.id}: {role} is a number"
        return value

    def amounts(self, role: str) -> Amounts:
        """A number for each name."""
        value = self.facts[role]
        assert isinstance(value, Mapping), f"{self.rule.id}: {role} is amounts"
        return value

    def names(self, role: str) -> frozenset[str]:
        """A set of names."""
        value = self.facts[role]
        assert isinstance(value, frozenset), f"{self.rule.id}: {role} is names"
        return value

    def records(self, role: str) -> Sequence[Record]:
        """Records, and of the main roles `records`, `days` and `none` only those that the rule's `where` counts."""
        value = self.facts[role]
        assert isinstance(value, tuple), f"{self.rule.id}: {role} is records"
        if role not in ("records", "days", "none") or not self.rule.where:
            return value
        return [row for row in value if all(holds(each, row, self) for each in self.rule.where)]

    def uncertain(self, role: str) -> Sequence[Record]:
        """Records of which `where` cannot say whether they count, because what it compares is not known."""
        value = self.facts[role]
        assert isinstance(value, tuple), f"{self.rule.id}: {role} is records"
        return [row for row in value if _is_uncertain(row, self)]

    def day(self, role: str) -> date:
        """A day."""
        value = self.facts[role]
        assert isinstance(value, date) and not isinstance(value, datetime), f"{self.rule.id}: {role} is a day"
        return value

    def parameter(self, name: str) -> ParameterValue:
        """A parameter's value; raises AssertionError where the rule has none of the name."""
        assert name in self.rule.parameters, f"{self.rule.id} has no parameter {name}"
        return self.rule.parameters[name].value

    def fraction(self, name: str, default: Fraction | None = None) -> Fraction:
        """A numeric parameter."""
        if name not in self.rule.parameters and default is not None:
            return default
        value = self.parameter(name)
        assert isinstance(value, Fraction), f"{self.rule.id}: {name} is a number"
        return value

    def text(self, name: str, default: str) -> str:
        """A parameter that is a text."""
        if name not in self.rule.parameters:
            return default
        value = self.parameter(name)
        assert isinstance(value, str), f"{self.rule.id}: {name} is a text"
        return str(value)

    def comparator(self, default: Comparator) -> Comparator:
        """The parameter `comparator`."""
        return Comparator(self.text("comparator", default.value))

    def comparator_of(self, name: str) -> Comparator:
        """A parameter that is a comparator."""
        return Comparator(self.text(name, ""))

    def clock(self, name: str) -> Clock:
        """A parameter that is a clock."""
        value = self.parameter(name)
        assert isinstance(value, Clock), f"{self.rule.id}: {name} is a clock"
        return value

    def table(self, name: str) -> tuple[tuple[Fraction | str, ...], ...]:
        """A parameter that is rows, or one that is texts, each as a row of one."""
        value = self.parameter(name)
        assert isinstance(value, tuple), f"{self.rule.id}: {name} is a list"
        return tuple(row if isinstance(row, tuple) else (row,) for row in value)

    def unit(self, name: str) -> str:
        """A parameter's unit."""
        return self.rule.parameters[name].unit if name in self.rule.parameters else ""


def holds(condition: Condition, row: Mapping[str, Scalar | Value], view: View) -> bool:
    """Whether a condition holds of a record, or of facts by name; see `compliance.rules.Condition`."""
    assert condition.left in row, f"{view.rule.id}: there is no field {condition.left}"
    left = row[condition.left]
    match _operator(condition, view):
        case "present":
            return left not in (None, "", frozenset(), ())
        case "absent":
            return left in (None, "", frozenset(), ())
        case "within" | "not within":
            since = row[condition.since]
            if left is None or since is None:
                return False
            is_within = _is_within(left, since, view.clock(condition.right.removeprefix("@")))
            return is_within == (condition.operator == "within")
        case "in time":
            since = row[condition.since]
            if since is None:
                return False
            return _is_within(left or view.as_of, since, view.clock(condition.right.removeprefix("@")))
        case "is":
            return left is not None and left == _like(left, condition.right, row, view)
        case "is not":
            return left is None or left != _like(left, condition.right, row, view)
        case "in":
            return left is not None and str(left) in _texts(condition.right, view)
        case "contains":
            assert isinstance(left, frozenset | str | None), f"{view.rule.id}: {condition.left} is names or a text"
            wanted = view.text(condition.right[1:], "") if condition.right.startswith("@") else condition.right
            return left is not None and wanted in left
        case "by":
            limit = row[condition.right.removeprefix(".")]
            return limit is not None and _moment(left or view.as_of) <= _end_of(limit)
        case operator:
            assert operator in _COMPARATORS, f"{view.rule.id}: no operator {operator}"
            if left is None:
                return False
            right = _like(left, condition.right, row, view)
            if right is None:
                return False
            if isinstance(left, Fraction) and isinstance(right, Fraction):
                return Comparator(operator).holds(left, right)
            left_moment, right_moment = _moment(left), _moment(right)
            order = Fraction((left_moment > right_moment) - (left_moment < right_moment))
            return Comparator(operator).holds(order, Fraction(0))


def described(condition: Condition, view: View) -> str:
    """A condition in words, with the values of the parameters that it names: `label contains Client VA Wallet`."""
    right = condition.right
    if right == "@today":
        right = "today"
    elif right.startswith("@"):
        value = view.parameter(right[1:])
        rows = value if isinstance(value, tuple) else (value,)
        words = [shown(each) if isinstance(each, Fraction) else str(each) for each in rows]
        more = f" and {len(words) - _LISTED} more" if len(words) > 2 * _LISTED else ""
        right = ", ".join(words[:_LISTED] if more else words) + more
    elif right.startswith("."):
        right = right[1:].replace("_", " ")
    operator = _operator(condition, view)
    words = [condition.left.replace("_", " "), _SPOKEN.get(operator, operator), right]
    if condition.since:
        words += ["of", condition.since.replace("_", " ")]
    return " ".join(word for word in words if word)


def _operator(condition: Condition, view: View) -> str:
    """The condition's operator, from a parameter where it names one."""
    name = condition.operator
    return view.comparator_of(name[1:]).value if name.startswith("@") else name


def _is_uncertain(row: Record, view: View) -> bool:
    unknown = [
        each
        for each in view.rule.where
        if _operator(each, view) in _COMPARATORS
        and (row[each.left] is None or (each.right.startswith(".") and row[each.right[1:]] is None))
    ]
    return bool(unknown) and all(holds(each, row, view) for each in view.rule.where if each not in unknown)


def _is_within(left: object, since: object, clock: Clock) -> bool:
    """Whether `left` is in time by a clock that `since` set running; days are those of the clock's own calendar."""
    days, due = calendar(clock.calendar), due_of(clock, since)
    if isinstance(left, date) and not isinstance(left, datetime) and clock.unit is not Unit.HOURS:
        return left <= days.day_of(due)
    return _moment(left) <= due


def _end_of(limit: object) -> datetime:
    """A moment, or the last one of a day, UTC."""
    if isinstance(limit, datetime):
        return limit
    return _moment(limit) + timedelta(days=1, microseconds=-1)


def _like(left: object, right: str, row: Mapping[str, Scalar | Value], view: View) -> object:
    """The right side of a condition as a value of the left side's kind."""
    if right == "@today":
        return view.as_of.astimezone(UTC).date()
    if right.startswith("."):
        return row[right[1:]]
    if right.startswith("@"):
        return view.parameter(right[1:])
    if isinstance(left, bool):
        return right == "true"
    if isinstance(left, Fraction):
        return Fraction(right)
    if isinstance(left, date) and not isinstance(left, datetime):
        return date.fromisoformat(right)
    return right


def _texts(right: str, view: View) -> set[str]:
    if right.startswith("@"):
        return {str(row[0]) for row in view.table(right[1:])}
    return {each.strip() for each in right.split(",")}


def due_of(clock: Clock, since: object) -> datetime:
    """The last moment in time. A day is one of the clock's own calendar, whatever day it is in UTC when it begins."""
    if isinstance(since, date) and not isinstance(since, datetime) and clock.unit is not Unit.HOURS:
        return calendar(clock.calendar).end_of(clock.due_day(since))
    return clock.due(_moment(since))


def _moment(value: object) -> datetime:
    """A moment; a day counts from its beginning, UTC."""
    if isinstance(value, datetime):
        return value
    assert isinstance(value, date), "a condition of time is about moments and days"
    return start_of(value)


def start_of(day: date) -> datetime:
    """The first moment of a day, UTC."""
    return datetime.combine(day, time(), UTC)


def shown(value: Scalar | Value) -> str:
    """A value of a record as text."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction):
        return decimal_text(value)
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else str(value)


def of_lines(
    lines: Sequence[Line], what: str, required: str, *, headroom: Fraction | None = None, note: str = ""
) -> Outcome:
    """The outcome of judged lines: one that fails fails the whole, else one without data leaves the whole without."""
    failed = sum(line.result is Result.FAIL for line in lines)
    lacking = [line for line in lines if line.result is Result.INSUFFICIENT]
    measured = f"{len(lines) - failed - len(lacking)} of {len(lines)} {what}"
    # What fails comes first, because reports show the first lines.
    order = {Result.FAIL: 0, Result.INSUFFICIENT: 1}
    kept = tuple(sorted(lines, key=lambda line: order.get(line.result, 2)))
    if failed:
        return Outcome(Result.FAIL, measured, required, f"{failed} fail", note, kept)
    if lacking:
        missing = tuple(f"{line.key}: {line.note or line.required}" for line in lacking[:20])
        return Outcome(Result.INSUFFICIENT, measured, required, "", note, kept, missing=missing)
    return Outcome(Result.PASS, measured, required, "", note, kept, headroom)
