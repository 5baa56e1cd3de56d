"""Figures over a period from what evaluations kept: the average daily transmission liability of each US state.

In: evaluations with the facts that they were made from (`compliance.results`). Out: `us.adtl` and its like. The figure
of a day is that of its last evaluation, which must be of the day's last two hours in New York; a day without one is
named as missing, and no average is made over a period that lacks a day: what was not seen is not filled in.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final, NamedTuple

from compliance.calendars import calendar
from compliance.facts import Assurance, Evidence, Fact, Facts, Record
from compliance.results import Evaluation

__all__ = ["adtl_facts", "end_of_days", "quarter_of", "three_months_to"]

CALENDAR: Final = "US"
END: Final = timedelta(hours=2)
"""How near its end the last evaluation of a day must be to show what was outstanding then."""
OUTSTANDING: Final = "outstanding.state"


class _Day(NamedTuple):
    """What was outstanding at a day's end, by state and currency, and the evaluation that says so."""

    amounts: Mapping[str, Mapping[str, Fraction]]
    evidence: Evidence


def end_of_days(evaluations: Iterable[Evaluation]) -> Iterator[Evaluation]:
    """Of evaluations, oldest first, the last one of each day: only their facts need to be read."""
    days = calendar(CALENDAR)
    before: Evaluation | None = None
    for each in evaluations:
        if before is not None and days.day_of(before.as_of) != days.day_of(each.as_of):
            yield before
        before = each
    if before is not None:
        yield before


def quarter_of(day: date) -> date:
    """The first day of the calendar quarter that a day is in."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def three_months_to(day: date) -> date:
    """The first day of the three months that end with a day; those that end with a month are calendar months."""
    is_last = day.day == monthrange(day.year, day.month)[1]
    back = 2 if is_last else 3
    year, month = divmod(day.year * 12 + day.month - 1 - back, 12)
    if is_last:
        return date(year, month + 1, 1)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1])) + timedelta(days=1)


def adtl_facts(
    evaluations_with_facts: Iterable[tuple[Evaluation, Facts]], as_of: datetime, since: date | None = None
) -> list[Fact]:
    """`us.adtl`, `us.adtl.bond`, `us.adtl.missing` and `us.adtl.days` of each state, as of a moment.

    The average is the sum of the days' ends by the number of calendar days, currency by currency: of the quarter so
    far, and for the bond of the last three months. Before `since`, the first day of business, nothing was outstanding;
    those days count as days. A state without a resident on a day had nothing outstanding on it. Where no day has an
    evaluation nothing is known of any state, and nothing is said.
    """
    ends = _ends(evaluations_with_facts, as_of)
    last = _last_day(as_of)
    states = sorted({state for day in ends.values() for state in day.amounts})
    first, back = quarter_of(last), three_months_to(last)
    found: list[Fact] = []
    for state in states:
        missing = _missing(ends, first, last, since)
        evidence = _evidence(ends, first, last)
        found.append(_fact("us.adtl.missing", frozenset(missing), as_of, evidence, state))
        found.append(_fact("us.adtl.days", tuple(_rows(ends, first, last, state)), as_of, evidence, state))
        if not missing:
            found.append(_fact("us.adtl", _average(ends, first, last, state), as_of, evidence, state))
        if not _missing(ends, back, last, since):
            average = _average(ends, back, last, state)
            found.append(_fact("us.adtl.bond", average, as_of, _evidence(ends, back, last), state))
    return found


def _fact(name: str, value: object, as_of: datetime, evidence: tuple[Evidence, ...], state: str) -> Fact:
    return Fact(name, value, as_of, Assurance.CLAIMED, evidence, state)  # type: ignore[arg-type]  # each is of its kind


def _last_day(as_of: datetime) -> date:
    """The last day whose end can have been seen: today, if it is nearly over."""
    days = calendar(CALENDAR)
    today = days.day_of(as_of)
    return today if as_of > days.end_of(today) - END else today - timedelta(days=1)


def _ends(given: Iterable[tuple[Evaluation, Facts]], as_of: datetime) -> dict[date, _Day]:
    days, found = calendar(CALENDAR), dict[date, tuple[datetime, _Day]]()
    for evaluation, facts in given:
        assert evaluation.as_of == facts.as_of, "an evaluation goes with its own facts"
        day = days.day_of(evaluation.as_of)
        if evaluation.as_of > as_of or evaluation.as_of <= days.end_of(day) - END:
            continue
        amounts = {fact.scope: fact.value for fact in facts if fact.name == OUTSTANDING}
        if not amounts or (day in found and found[day][0] > evaluation.as_of):
            continue
        place = f"results/{evaluation.as_of:%Y-%m-%dT%H%M%SZ}.json.gz"
        evidence = Evidence("evaluation", place, evaluation.digest)
        found[day] = evaluation.as_of, _Day(amounts, evidence)  # type: ignore[arg-type]  # amounts, by its kind
    return {day: end for day, (_, end) in sorted(found.items())}


def _span(first: date, last: date) -> list[date]:
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def _missing(ends: Mapping[date, _Day], first: date, last: date, since: date | None) -> list[str]:
    wanted = [day for day in _span(first, last) if since is None or day >= since]
    return [day.isoformat() for day in wanted if day not in ends]


def _evidence(ends: Mapping[date, _Day], first: date, last: date) -> tuple[Evidence, ...]:
    return tuple(end.evidence for day, end in ends.items() if first <= day <= last)


def _average(ends: Mapping[date, _Day], first: date, last: date, state: str) -> dict[str, Fraction]:
    sums: dict[str, Fraction] = {}
    span = _span(first, last)
    for day in span:
        for currency, amount in (ends[day].amounts.get(state, {}) if day in ends else {}).items():
            sums[currency] = sums.get(currency, Fraction(0)) + amount
    return {currency: total / len(span) for currency, total in sorted(sums.items())}


def _rows(ends: Mapping[date, _Day], first: date, last: date, state: str) -> Iterator[Record]:
    """Each day that has a figure, in each currency that any day has."""
    span = [day for day in _span(first, last) if day in ends]
    currencies = sorted({currency for day in span for currency in ends[day].amounts.get(state, {})})
    for day in span:
        for currency in currencies:
            amount = ends[day].amounts.get(state, {}).get(currency, Fraction(0))
            yield {"day": day, "currency": currency, "amount": amount}
