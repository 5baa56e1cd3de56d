"""What came of a rule: pass, fail, not applicable, insufficient data; with figures, margin, evidence and deadlines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from compliance.facts import Evidence, decimal_text, moment_text
from ledger.canonical import Json

__all__ = ["Deadline", "Line", "Outcome", "Result", "Verdict", "figure"]

LINES_KEPT = 500
"""So many lines a verdict keeps; the count of all is stated, and what fails is kept first."""
_PLACES = 8
"""Decimals of a figure that does not end."""


class Result(StrEnum):
    """The four answers. What lacks data is never a pass."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    INSUFFICIENT = "insufficient data"


@dataclass(frozen=True, slots=True)
class Line:
    """What was found for one asset, currency, record or period. Figures are texts, with their unit if they have one."""

    key: str
    result: Result
    measured: str
    required: str
    margin: str = ""
    note: str = ""

    def to_json(self) -> Json:
        """For the record of results."""
        return {
            "key": self.key,
            "margin": self.margin,
            "measured": self.measured,
            "note": self.note,
            "required": self.required,
            "result": self.result.value,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a primitive says. `headroom`: how far a pass is from a breach, as a share of what is required (0.02 is two
    per cent), and `days_left` until a deadline; None where that means nothing. `missing`: what it lacks after all.
    """

    result: Result
    measured: str
    required: str
    margin: str = ""
    note: str = ""
    lines: tuple[Line, ...] = ()
    headroom: Fraction | None = None
    days_left: int | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something that a breach made due."""

    what: str
    due: datetime
    clock: str

    def to_json(self) -> Json:
        """For the record of results."""
        return {"clock": self.clock, "due": moment_text(self.due), "what": self.what}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule, one scope, one moment. `since`: since when it has failed, by the results kept; a moment that lacks data
    is no pause, and carries it on."""

    rule: str
    version: str
    regime: str
    scope: str
    as_of: datetime
    result: Result
    measured: str = ""
    required: str = ""
    margin: str = ""
    note: str = ""
    warning: str = ""
    missing: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    line_count: int = 0
    evidence: tuple[Evidence, ...] = ()
    parameters: str = ""
    """Hash of the rule's parameters, hex."""
    since: datetime | None = None
    deadlines: tuple[Deadline, ...] = field(default=())

    def __post_init__(self) -> None:
        assert (self.result is Result.INSUFFICIENT) == bool(self.missing), "what lacks data says which"
        assert self.result is not Result.PASS or all(line.result is not Result.FAIL for line in self.lines), (
            f"{self.rule}: a pass has no failing line"
        )
        assert not self.warning or self.result is Result.PASS, "a warning comes before a breach"

    @property
    def place(self) -> tuple[str, str]:
        """What it is a verdict on: the rule and the scope."""
        return self.rule, self.scope

    def to_json(self) -> dict[str, Json]:
        """For the record of results, reports and `--json`."""
        return {
            "as_of": moment_text(self.as_of),
            "deadlines": [each.to_json() for each in self.deadlines],
            "evidence": [dict(each._asdict()) for each in self.evidence],
            "line_count": self.line_count,
            "lines": [line.to_json() for line in self.lines],
            "margin": self.margin,
            "measured": self.measured,
            "missing": [*self.missing],
            "note": self.note,
            "parameters": self.parameters,
            "regime": self.regime,
            "required": self.required,
            "result": self.result.value,
            "rule": self.rule,
            "scope": self.scope,
            "since": None if self.since is None else moment_text(self.since),
            "version": self.version,
            "warning": self.warning,
        }


def figure(number: Fraction, unit: str = "") -> str:
    """A figure with its unit: exact where its decimals end, else cut off after eight of them and marked with `…`."""
    text = decimal_text(number)
    if "/" in text:
        places = 10**_PLACES
        whole = abs(number.numerator) * places // number.denominator
        text = f"{'-' if number < 0 else ''}{whole // places}.{whole % places:0{_PLACES}d}…"
    return f"{text} {unit}".rstrip()
