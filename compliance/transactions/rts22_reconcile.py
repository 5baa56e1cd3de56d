"""Whether what was reported is what was traded (RTS 22 article 15): every trade against every report and its answer.

Front office: the reports that the trades should have. Back: what was sent, when, and what the authority answered
(`accepted`, `rejected`, or nothing yet). Every difference is a line; nothing is tolerated. Status of the article's
text: U (compliance.md EU-TX-03).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from compliance.transactions.rts22 import Report, ReportRow

__all__ = ["OUTCOMES", "Difference", "Sent", "reconcile", "summary"]

OUTCOMES: Final = ("matched", "late", "rejected", "unanswered", "missing", "differs", "extra", "not reportable yet")
"""What can become of a report that is due: `not reportable yet` is one that failed its lint and was held back."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Sent(NamedTuple):
    """A report as it was sent; `sent_us` in microseconds, `answer` as the authority gave it."""

    report: Report
    sent_us: int
    answer: str | None


class Difference(NamedTuple):
    """One report and what became of it; `fields` are those that differ."""

    outcome: str
    executing_entity: str
    reference: str
    fields: tuple[str, ...] = ()


def reconcile(traded: Iterable[ReportRow], sent: Iterable[Sent]) -> Iterator[Difference]:
    """What became of each report that is due, in the order of trades, then what was sent and never traded."""
    back: dict[tuple[str, str], Sent] = {}
    for each in sent:
        key = (each.report.get("executing_entity", ""), each.report.get("reference", ""))
        if each.report.get("status") == "CANC":
            back.pop(key, None)
        else:
            back[key] = each
    for row in traded:
        key = (row.report.get("executing_entity", ""), row.report.get("reference", ""))
        found = back.pop(key, None)
        yield Difference(*_outcome(row, found, key))
    for executing, reference in back:
        yield Difference("extra", executing, reference)


def _outcome(row: ReportRow, found: Sent | None, key: tuple[str, str]) -> tuple[str, str, str, tuple[str, ...]]:
    if found is None:
        return "missing" if row.is_clean else "not reportable yet", *key, ()
    names = row.report.keys() | found.report.keys()
    differing = tuple(sorted(name for name in names if row.report.get(name) != found.report.get(name)))
    if differing:
        return "differs", *key, differing
    if found.answer == "rejected":
        return "rejected", *key, ()
    if _EPOCH + timedelta(microseconds=found.sent_us) > row.due:
        return "late", *key, ()
    return "matched" if found.answer == "accepted" else "unanswered", *key, ()


def summary(differences: Iterable[Difference]) -> Mapping[str, int]:
    """How many of each outcome, every outcome present."""
    counted = Counter(each.outcome for each in differences)
    return {outcome: counted[outcome] for outcome in OUTCOMES}
