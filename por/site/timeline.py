"""All judged files of one exchange in order: what the chain says of them, and what each hour stands at.

In: facts. Out: the statements by number with their marks and gaps, months, and one figure an hour for the charts.
A fork's statements are both listed and neither is drawn; a restated hour is drawn by its newest revision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from por.site.facts import Cover, Hour
from por.snapshot import HOUR_SECONDS, time_text, to_seconds
from por.verify.chain import ChainReport, check_chain

__all__ = ["Gap", "Timeline", "hour_number", "hour_text"]

RANK = {"valid": 0, "unchecked": 1, "invalid": 2}


def hour_number(hour: Hour) -> int:
    """The hour a statement is for, counted from 1970."""
    assert hour.id is not None
    return _number(hour.id.hour)


@cache
def _number(hour: str) -> int:
    return to_seconds(hour) // HOUR_SECONDS


def hour_text(number: int) -> str:
    """The time text of an hour's number."""
    return time_text(number * HOUR_SECONDS)


@dataclass(frozen=True, slots=True)
class Gap:
    """What lies between two statements: numbers not handed over, or hours that nobody stated. Ends are included."""

    first: int
    last: int
    is_hours: bool


@dataclass(slots=True)
class Timeline:
    """The statements by number. Build with `of`."""

    signed: list[Hour]
    unsigned: list[Hour]
    chain: ChainReport
    forked: frozenset[str]
    restated_by: dict[str, Hour] = field(default_factory=dict)
    by_digest: dict[str, Hour] = field(default_factory=dict)
    gaps: dict[str, list[Gap]] = field(default_factory=dict)
    """What lies before a statement, by its digest."""
    standing: dict[int, Hour] = field(default_factory=dict)
    """The statement that stands for an hour, by the hour's number; forked ones are not in it."""

    @classmethod
    def of(cls, hours: Sequence[Hour]) -> Timeline:
        signed = sorted((hour for hour in hours if hour.is_signed), key=lambda hour: (hour.sequence, hour.digest))
        unsigned = [hour for hour in hours if not hour.is_signed]
        chain = check_chain([hour.link for hour in signed])
        counts: dict[int, int] = {}
        for hour in signed:
            assert hour.sequence is not None
            counts[hour.sequence] = counts.get(hour.sequence, 0) + 1
        forked = frozenset(str(hour.digest) for hour in signed if counts[hour.sequence or 0] > 1)
        line = cls(signed, unsigned, chain, forked)
        for hour in signed:
            line._place(hour)
        line._find_gaps()
        return line

    def _place(self, hour: Hour) -> None:
        assert hour.digest is not None and hour.id is not None
        self.by_digest[hour.digest] = hour
        if hour.restates is not None:
            self.restated_by[hour.restates] = hour
        if hour.digest in self.forked:
            return
        before = self.standing.get(hour_number(hour))
        if before is None or (before.id is not None and before.id.revision < hour.id.revision):
            self.standing[hour_number(hour)] = hour

    def _find_gaps(self) -> None:
        if self.signed and self.signed[0].sequence:
            self._add_gap(self.signed[0], Gap(0, self.signed[0].sequence - 1, False))
        newest: int | None = None
        for before, hour in pairwise([None, *self.signed]):
            assert hour is not None and hour.sequence is not None
            if before is not None and before.sequence is not None and hour.sequence > before.sequence + 1:
                self._add_gap(hour, Gap(before.sequence + 1, hour.sequence - 1, False))
            if hour.kind == "restatement":
                continue
            number = hour_number(hour)
            if newest is not None and number > newest + 1:
                self._add_gap(hour, Gap(newest + 1, number - 1, True))
            newest = number if newest is None else max(newest, number)

    def _add_gap(self, hour: Hour, gap: Gap) -> None:
        self.gaps.setdefault(str(hour.digest), []).append(gap)

    @property
    def newest(self) -> Hour | None:
        """The newest hour that has figures and is no side of a fork."""
        for number in sorted(self.standing, reverse=True):
            if self.standing[number].covers or self.standing[number].kind in ("attestation", "restatement"):
                return self.standing[number]
        return None

    @property
    def verdict(self) -> str:
        """The worst of the files and the chain; nothing at all is unchecked."""
        worst = max(
            (hour.verdict for hour in (*self.signed, *self.unsigned)), key=RANK.__getitem__, default="unchecked"
        )
        chain = {"pass": "valid", "fail": "invalid", "unchecked": "unchecked"}[self.chain.result]
        return max(worst, chain, key=RANK.__getitem__)

    def months(self) -> list[str]:
        """Every month with a statement, newest first."""
        return sorted({hour.id.hour[:7] for hour in self.signed if hour.id is not None}, reverse=True)

    def of_month(self, month: str) -> list[Hour]:
        return [hour for hour in self.signed if hour.id is not None and hour.id.hour.startswith(month + "-")]

    def span(self, month: str | None = None) -> range:
        """The hours from the first to the last statement, of a month or of all."""
        numbers = [hour_number(hour) for hour in (self.signed if month is None else self.of_month(month))]
        return range(min(numbers), max(numbers) + 1) if numbers else range(0)

    def trees(self, span: range) -> list[tuple[str, str]]:
        """(entity, asset) of every tree that is stated in these hours."""
        return sorted({(c.entity, c.asset) for n in span if n in self.standing for c in self.standing[n].covers})

    def covers(self, span: range) -> list[dict[tuple[str, str], Cover]]:
        """The standing figures of each hour, by tree; empty where there are none."""
        found: list[dict[tuple[str, str], Cover]] = []
        for number in span:
            hour = self.standing.get(number)
            found.append({} if hour is None else {(c.entity, c.asset): c for c in hour.covers})
        return found

    def marks(self, span: range) -> list[str | None]:
        """What is to be marked at each hour, worst first (chart.KINDS)."""
        forked = {hour_number(hour) for hour in self.signed if hour.digest in self.forked}
        invalid = {hour_number(hour) for hour in self.signed if hour.verdict == "invalid"}
        found: list[str | None] = []
        for number in span:
            hour = self.standing.get(number)
            if number in invalid:
                found.append("invalid")
            elif number in forked:
                found.append("fork")
            elif hour is None:
                found.append("gap")
            elif hour.kind not in ("attestation", "restatement"):
                found.append("missed")
            else:
                found.append("restated" if hour.id is not None and hour.id.revision > 0 else None)
        return found
