"""What the rules may ask of surveillance: the catalogue's `detectors` and `cases`, with the hash of their evidence.

In: a result, the moment at which it was made, the cases kept, and where both stand. Out: two facts. A detector that
did not run is not in the fact, so that a rule which asks for it has insufficient data; one that ran over a log with
gaps, or without an input that the firm could give, is not complete. What no exchange of ours has yet (positions in
derivatives) is no such input.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from compliance.facts import Assurance, Evidence, Fact, Record
from compliance.surveillance.alerts import NOT_YET
from compliance.surveillance.case import Case, Note, NoteKind, Status, read_alerts
from ledger.canonical import parse

if TYPE_CHECKING:
    from compliance.surveillance.runner import SurveillanceResult  # brings Polars, which an exchange may not have

__all__ = ["case_fact", "detector_fact", "stored_detector_fact"]

_DECIDED = frozenset({Status.FILED, Status.CLOSED})


def detector_fact(
    result: SurveillanceResult, ran_at: datetime, cases: Sequence[Case], place: str, detected: Mapping[str, datetime]
) -> Fact:
    """The fact `detectors`. An alert is open until a case about it is filed or closed.

    `detected`: alert id to the moment it was first seen, else `ran_at`. `place`: where the result's document stands.
    """
    return stored_detector_fact(result.data(), ran_at, cases, place, detected)


def stored_detector_fact(
    data: bytes, ran_at: datetime, cases: Sequence[Case], place: str, detected: Mapping[str, datetime]
) -> Fact:
    """The same from a result's document as it is kept; raises FormatError for what is none."""
    document: Any = parse(data)
    decided = {alert.id for case in cases if case.status in _DECIDED for alert in case.alerts}
    found = read_alerts(data)
    gaps = document["coverage"]["gaps"]
    partly = {each["detector"] for each in document["not_run"] if each["missing"] != NOT_YET}
    rows: list[Record] = []
    for detector in document["ran"]:
        alerts = [alert for alert in found if alert.detector == detector]
        undecided = [detected.get(alert.id, ran_at) for alert in alerts if alert.id not in decided]
        rows.append(
            {
                "alerts": Fraction(len(alerts)),
                "complete": not gaps and detector not in partly,
                "detector": detector,
                "oldest_open": min(undecided, default=None),
                "open": Fraction(len(undecided)),
                "ran_at": ran_at,
            }
        )
    evidence = (Evidence("surveillance result", place, hashlib.sha256(data).hexdigest()),)
    return Fact("detectors", tuple(rows), ran_at, Assurance.CLAIMED, evidence)


def _last_move(case: Case) -> Note:
    return next(note for note in reversed(case.notes) if note.kind is not NoteKind.COMMENT)


def _state(case: Case) -> str:
    """As the rules name it: what was escalated is `to file` until it is filed, or closed without."""
    if case.status is Status.ESCALATED:
        return "to file"
    is_reported = case.status is Status.CLOSED and _last_move(case).subject == "reported"
    return "filed" if is_reported else case.status.value


def case_fact(cases: Sequence[Case], as_of: datetime, place: str, amounts_usd: Mapping[str, Fraction]) -> Fact:
    """The fact `cases`. `amounts_usd`: what a case is about, by its id, where a person has said it."""
    rows: list[Record] = []
    for case in cases:
        filed = [note.time_us for note in case.notes if note.kind is NoteKind.FILED]
        is_money = any(alert.detector.startswith("AML") for alert in case.alerts)
        rows.append(
            {
                "amount_usd": amounts_usd.get(case.id),
                "detected": datetime.fromtimestamp(case.opened_us // 1_000_000, UTC),
                "filed": datetime.fromtimestamp(filed[0] // 1_000_000, UTC) if filed else None,
                "id": case.id,
                "kind": "money laundering" if is_money else "market abuse",
                "state": _state(case),
            }
        )
    heads = hashlib.sha256("\n".join(sorted(case.head for case in cases)).encode()).hexdigest()
    return Fact("cases", tuple(rows), as_of, Assurance.CLAIMED, (Evidence("surveillance cases", place, heads),))
