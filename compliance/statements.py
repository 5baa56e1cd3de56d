"""The index of a run of client statements: for which period, how many, ready when, and the facts that rules take.

A statement's date is the last day of its period. Clocks: VARA's statements are ready within 25 calendar days of it (CRM
Part IV.C.2, VARA-CM-06, status V; of virtual assets Part V, VARA-CM-07, status U); MiFID II's and MiCA's are due at
least quarterly without a number of days (EU-STM-01, V; EU-CUS-02, U).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final, NamedTuple

from compliance.calendars import calendar
from compliance.facts import Record

__all__ = ["CLOCKS", "StatementClock", "clock_states", "fact_of", "period_kind"]


class StatementClock(NamedTuple):
    """A rule that wants statements: of which kind of period, within how many days of its end (None: no number)."""

    rule: str
    kinds: frozenset[str]
    days: int | None
    status: str


CLOCKS: Final = (
    StatementClock("VARA-CM-06", frozenset({"month"}), 25, "V"),
    StatementClock("VARA-CM-07", frozenset({"month"}), 25, "U"),
    StatementClock("EU-STM-01", frozenset({"month", "quarter"}), None, "V"),
    StatementClock("EU-CUS-02", frozenset({"month", "quarter"}), None, "U"),
)


def period_kind(start: date, end: date) -> str:
    """`month`, `quarter` or `other`, of a period from a day up to, and without, another."""
    if start.day != 1 or end.day != 1:
        return "other"
    months = (end.year - start.year) * 12 + end.month - start.month
    if months == 1:
        return "month"
    return "quarter" if months == 3 and start.month % 3 == 1 else "other"


def clock_states(kind: str, statement_date: date, prepared_last: datetime | None) -> dict[str, dict[str, Any]]:
    """Each rule that a period of this kind answers: until when, and whether the last statement was in time."""
    states: dict[str, dict[str, Any]] = {}
    for clock in CLOCKS:
        if kind not in clock.kinds:
            continue
        state: dict[str, Any] = {"days": clock.days, "status": clock.status}
        if clock.days is not None:
            due = calendar("ALL").end_of(statement_date + timedelta(days=clock.days))
            state["due"] = due.strftime("%Y-%m-%dT%H:%M:%SZ")
            state["in_time"] = None if prepared_last is None else prepared_last <= due
        states[clock.rule] = state
    return states


def fact_of(index: Mapping[str, Any]) -> tuple[str, Record] | None:
    """The fact of the catalogue that an index is, and its record; None for a period that no rule asks for."""
    name = {"month": "statements.monthly", "quarter": "statements.quarterly"}.get(index["kind"])
    if name is None:
        return None
    ready = index["prepared_last"]
    return name, {
        "period_end": date.fromisoformat(index["statement_date"]),
        "expected": Fraction(index["expected"]),
        "prepared": Fraction(index["prepared"]),
        "prepared_at": None if ready is None else datetime.fromisoformat(ready).astimezone(UTC),
    }
