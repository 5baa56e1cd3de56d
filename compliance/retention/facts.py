"""What rules may know of an archive on a day: per class what is there, how long, and what was checked when. Pure.

A fact says what was seen and when; it is no verdict. What was not checked is None, never a pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from compliance.calendars import calendar
from compliance.retention.archive import Loaded
from compliance.retention.classes import RecordClass, Regime
from compliance.retention.clocks import Clock, Retention, add_years
from compliance.retention.records import Document, Drill, Entry, micros_day
from compliance.retention.regions import RegionFinding, check_regions
from compliance.retention.timestamps import Stamp
from compliance.retention.verifying import Finding

__all__ = [
    "DAILY_CLASSES",
    "JAPAN_DAILY",
    "ClassFacts",
    "LastDrill",
    "RetentionFacts",
    "facts_document",
    "retention_facts",
]

DAILY_CLASSES: Final[Mapping[RecordClass, str]] = {RecordClass.ATTESTATION: "ALL", RecordClass.COMMAND_LOG: "ALL"}
"""Classes that `archive day` brings every day, by the calendar whose business days they are expected on."""
JAPAN_DAILY: Final[Mapping[RecordClass, str]] = {
    RecordClass.CLIENT_ASSET_DAY: "JP",
    RecordClass.CLIENT_MONEY_DAY: "JP",
    RecordClass.GUARANTEE_DAY: "JP",
    RecordClass.TRUST_PROPERTY_DAY: "JP",
}
"""The books of JP-BK-01 that are made each business day, for a firm under that regime to add."""
GAPS_LISTED: Final = 400


class ClassFacts(NamedTuple):
    """One class. `gaps`: days from the first record to `as_of` without one (at most 400), None where not asked for.

    `short` counts records whose document is gone although its period had not passed by the table of today: it is 0
    unless the table grew stricter after a disposal.
    """

    record_class: RecordClass
    records: int
    oldest: date | None
    newest: date | None
    retained: int
    disposed: int
    short: int
    corrected: int
    held: int
    due: int
    waiting: int
    uncovered: int
    rules: tuple[str, ...]
    keeps_years: int | None
    """Whole years that every record of the class is kept for at the least; None for without end, or no record."""
    gaps: tuple[date, ...] | None


class LastDrill(NamedTuple):
    """The newest restore drill: when its report was recorded (microseconds), and how it ended."""

    recorded: int
    result: str
    records: int


class RetentionFacts(NamedTuple):
    """Everything for rules on one day. Times in microseconds; None for what nobody checked or never happened."""

    as_of: date
    archive: str
    head: str
    lines: int
    classes: Mapping[RecordClass, ClassFacts]
    verified_at: int | None
    failed_checks: tuple[str, ...]
    last_closed: date | None
    last_stamp: Stamp | None
    unstamped_days: int | None
    last_drill: LastDrill | None
    last_passed_drill: LastDrill | None
    open_holds: int
    open_requests: int
    regions: tuple[RegionFinding, ...]


def retention_facts(
    loaded: Loaded,
    table: Sequence[Clock],
    as_of: date,
    *,
    findings: Iterable[Finding] = (),
    stamps: Mapping[str, Stamp | str] | None = None,
    verified_at: int | None = None,
    daily: Mapping[RecordClass, str] = DAILY_CLASSES,
) -> RetentionFacts:
    """Facts of an archive on a day.

    `findings` and `verified_at`: what `verify_archive` found and when it ran; `stamps`: what `check_stamps` gave.
    `daily`: classes of which there is one on each business day of a calendar (`compliance.calendars`; `ALL`: each day).
    """
    view = loaded.view
    regimes = sorted({regime for document in view.documents.values() for regime in document.regimes})
    held = [stamp for stamp in (stamps or {}).values() if isinstance(stamp, Stamp)]
    checks = list(findings)
    assert verified_at is None or checks, "a time of checking comes with what was found"
    return RetentionFacts(
        as_of=as_of,
        archive=view.archive,
        head=view.link.hash.hex(),
        lines=len(loaded.entries),
        classes=_class_facts(loaded, table, as_of, daily),
        verified_at=verified_at,
        failed_checks=tuple(each.name for each in checks if each.problems),
        last_closed=view.closed[-1][1] if view.closed else None,
        last_stamp=max(held, key=lambda stamp: stamp.time, default=None),
        unstamped_days=None if stamps is None else sum(isinstance(each, str) for each in stamps.values()),
        last_drill=_last_drill(view.drills),
        last_passed_drill=_last_drill(
            [e for e in view.drills if isinstance(e.body, Drill) and e.body.result == "pass"]
        ),
        open_holds=sum(hold.released is None for hold in view.holds.values()),
        open_requests=len(view.requests),
        regions=tuple(check_regions(view.storages, [Regime(each) for each in regimes], as_of)),
    )


def class_matrix(
    loaded: Loaded, table: Sequence[Clock], regimes: Iterable[Regime], as_of: date
) -> dict[Regime, dict[RecordClass, int]]:
    """For each regime the classes that its clocks name, with how many records of each are kept under it (EU-RK-02).

    A class with none is a question, not a failure: not every firm has every service.
    """
    counted = Counter(
        (regime, document.record_class)
        for record, document in loaded.view.documents.items()
        if not loaded.view.is_disposed(record)
        for regime in document.regimes
    )
    matrix: dict[Regime, dict[RecordClass, int]] = {}
    for regime in sorted(regimes):
        named = {each for clock in table if clock.regime is regime and clock.in_force(as_of) for each in clock.classes}
        matrix[regime] = {each: counted[regime, each] for each in sorted(named)}
    return matrix


def _last_drill(drills: Sequence[Entry]) -> LastDrill | None:
    if not drills:
        return None
    body = drills[-1].body
    assert isinstance(body, Drill)
    return LastDrill(drills[-1].recorded, body.result, body.records)


def _class_facts(
    loaded: Loaded, table: Sequence[Clock], as_of: date, daily: Mapping[RecordClass, str]
) -> dict[RecordClass, ClassFacts]:
    by_class: dict[RecordClass, list[tuple[int, Document]]] = {each: [] for each in sorted(daily)}
    for record, document in loaded.view.documents.items():
        by_class.setdefault(document.record_class, []).append((record, document))
    return {
        record_class: _one_class(loaded, table, as_of, record_class, rows, daily.get(record_class))
        for record_class, rows in sorted(by_class.items())
    }


def _one_class(
    loaded: Loaded,
    table: Sequence[Clock],
    as_of: date,
    record_class: RecordClass,
    rows: Sequence[tuple[int, Document]],
    expected: str | None,
) -> ClassFacts:
    view = loaded.view
    kept = {record: view.retention(record, table, as_of) for record, _ in rows}
    gone = {record for record, _ in rows if view.is_disposed(record)}
    held = {record for record, _ in rows if record not in gone and view.holds_on(record)}
    over = {record for record, each in kept.items() if not each.must_keep(as_of)}
    days = [document.created for _, document in rows]
    rules = sorted({clock.rule for each in kept.values() for clock in each.because})
    return ClassFacts(
        record_class=record_class,
        records=len(rows),
        oldest=min(days, default=None),
        newest=max(days, default=None),
        retained=len(rows) - len(gone),
        disposed=len(gone),
        short=len(gone - over),
        corrected=sum(record in view.superseded for record, _ in rows),
        held=len(held),
        due=len(over - gone - held),
        waiting=sum(bool(each.waiting) for each in kept.values()),
        uncovered=sum(not each.is_covered for each in kept.values()),
        rules=tuple(rules),
        keeps_years=_keeps_years(loaded, rows, kept, gone - over),
        gaps=None if expected is None else _gaps(days, as_of, expected),
    )


def _keeps_years(
    loaded: Loaded, rows: Sequence[tuple[int, Document]], kept: Mapping[int, Retention], short: Collection[int]
) -> int | None:
    """The least of what every record is kept for. A clock that has not begun gives its own years from its event on."""
    view, years = loaded.view, []
    for record, document in rows:
        answer = kept[record]
        if record in short:
            order = view.deleted.get(record) or view.erased[str(document.subject)]
            years.append(_whole_years(document.created, micros_day(loaded.entries[order - 1].recorded)))
        elif answer.until is not None:
            years.append(_whole_years(document.created, answer.until))
        elif answer.waiting:
            years.append(max(clock.years or 0 for clock in answer.because))
    return min(years, default=None)


def _whole_years(start: date, end: date) -> int:
    """Full years from a day to another; 0 where the end comes first."""
    years = max(0, end.year - start.year)
    return years if years == 0 or add_years(start, years) <= end else years - 1


def _gaps(days: Sequence[date], as_of: date, expected: str) -> tuple[date, ...]:
    """Business days of a calendar, from the first record up to the day before `as_of`, on which nothing was made.

    The day of asking is not over, so it is no gap yet.
    """
    if not days or min(days) >= as_of:
        return ()
    there = frozenset(days)
    wanted = calendar(expected).business_days(min(days), as_of - timedelta(days=1))
    return tuple(day for day in wanted if day not in there)[:GAPS_LISTED]


def facts_document(facts: RetentionFacts) -> dict[str, object]:
    """The facts as a JSON object, days and times as they are written elsewhere."""
    rows = []
    for each in facts.classes.values():
        row: dict[str, object] = {
            **each._asdict(),
            "gaps": None if each.gaps is None else [day.isoformat() for day in each.gaps],
            "newest": None if each.newest is None else each.newest.isoformat(),
            "oldest": None if each.oldest is None else each.oldest.isoformat(),
            "record_class": each.record_class.value,
        }
        rows.append(row)
    return {
        **facts._asdict(),
        "as_of": facts.as_of.isoformat(),
        "classes": rows,
        "last_closed": None if facts.last_closed is None else facts.last_closed.isoformat(),
        "last_drill": None if facts.last_drill is None else facts.last_drill._asdict(),
        "last_passed_drill": None if facts.last_passed_drill is None else facts.last_passed_drill._asdict(),
        "last_stamp": None if facts.last_stamp is None else facts.last_stamp._asdict(),
        "regions": [each._asdict() for each in facts.regions],
    }
