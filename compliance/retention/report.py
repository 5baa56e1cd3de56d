"""The retention report for people: what is kept, by which rule, until when, what was checked, and what nobody checked.

Every figure comes from `RetentionFacts` and the chain. Unverified clocks are marked as such. Source of its use: VARA-
REC-01 and JP-BK-02 ask for a report of this kind by no form; the form is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from compliance.reports.document import Block, Column, Document, Table
from compliance.retention.archive import Loaded
from compliance.retention.clocks import Clock
from compliance.retention.facts import ClassFacts, RetentionFacts, class_matrix
from compliance.retention.rule_facts import moment
from compliance.retention.verifying import Finding

__all__ = ["retention_document"]

_STATUS: Final = {"V": "verified", "S": "secondary", "U": "unverified"}
GAPS_SHOWN: Final = 12


def _time(micros: int | None) -> str:
    return "never" if micros is None else moment(micros).strftime("%Y-%m-%d %H:%M:%S")


def retention_document(
    facts: RetentionFacts, loaded: Loaded, table: Sequence[Clock], findings: Sequence[Finding], prepared: str
) -> Document:
    """The report on a day. `prepared` is its date as text, UTC; `findings` of `verify_archive`, empty if none ran."""
    drill = facts.last_drill
    shown = (
        ("Archive", facts.archive),
        ("As of", facts.as_of.isoformat()),
        ("Lines in the chain", str(facts.lines)),
        ("Head of the chain", facts.head),
        ("Last closed day", "none" if facts.last_closed is None else facts.last_closed.isoformat()),
        ("Last time stamp (UTC)", "none" if facts.last_stamp is None else _time(facts.last_stamp.time)),
        ("Last restore drill (UTC)", "none" if drill is None else f"{_time(drill.recorded)}, {drill.result}"),
    )
    return Document(
        language="en",
        title="Retention of records",
        subtitle=facts.archive,
        facts=shown,
        blocks=(
            _checks(findings),
            _classes(facts),
            _matrix(loaded, table, facts.as_of),
            _clocks(loaded, table, facts.as_of),
            _holds(loaded),
            _regions(facts),
            _limits(loaded),
        ),
        prepared=prepared,
        footer="Management's own record, unaudited",
    )


def _checks(findings: Sequence[Finding]) -> Block:
    rows = tuple(
        (
            each.name,
            "unchecked" if not each.is_checked else "fail" if each.problems else "pass",
            "; ".join(each.problems[:3]) + (f"; and {len(each.problems) - 3} more" if len(each.problems) > 3 else "")
            or each.good,
        )
        for each in findings
    )
    columns = (Column("Check"), Column("Result", "status"), Column("What was found", weight=40))
    note = () if findings else ("The archive was not verified for this report.",)
    return Block("Integrity", 2, note, Table("Checks of the archive", columns, rows, name="checks"))


def _classes(facts: RetentionFacts) -> Block:
    names = ("Class", "Records", "Oldest", "Retained", "Disposed", "Held", "Due", "Clock not begun", "Least years")
    kinds = ("text", "number", "text", "number", "number", "number", "number", "number", "number")
    columns = tuple(Column(name, kind) for name, kind in zip(names, kinds, strict=True))
    rows = tuple(_class_row(each) for each in facts.classes.values())
    notes = [_gap_note(each) for each in facts.classes.values() if each.gaps]
    notes += [
        f"{each.record_class.value}: {each.uncovered} records that no clock covers; they are kept"
        for each in facts.classes.values()
        if each.uncovered
    ]
    return Block("Record classes", 2, (), Table("Records by class", columns, rows, name="classes"), tuple(notes))


def _class_row(each: ClassFacts) -> tuple[str, ...]:
    counts = (each.retained, each.disposed, each.held, each.due, each.waiting)
    return (
        each.record_class.value,
        str(each.records),
        "—" if each.oldest is None else each.oldest.isoformat(),
        *map(str, counts),
        "—" if each.keeps_years is None else str(each.keeps_years),
    )


def _gap_note(each: ClassFacts) -> str:
    gaps = each.gaps or ()
    days = ", ".join(day.isoformat() for day in gaps[:GAPS_SHOWN])
    more = f" and {len(gaps) - GAPS_SHOWN} more" if len(gaps) > GAPS_SHOWN else ""
    return f"{each.record_class.value}: no record for {days}{more}"


def _matrix(loaded: Loaded, table: Sequence[Clock], as_of: date) -> Block:
    """Which classes that a regime names are there, and which are not."""
    regimes = {regime for document in loaded.view.documents.values() for regime in document.regimes}
    rows = tuple(
        (
            regime.value,
            ", ".join(f"{each.value} {count}" for each, count in classes.items() if count) or "none",
            ", ".join(each.value for each, count in classes.items() if not count) or "none",
        )
        for regime, classes in class_matrix(loaded, table, regimes, as_of).items()
    )
    columns = (Column("Regime"), Column("Classes with records", weight=30), Column("Classes without", weight=30))
    note = ("A class without records is a question for the firm: not every firm has every service.",)
    return Block("Classes by regime", 2, note, Table("What each regime names", columns, rows, name="matrix"))


def _clocks(loaded: Loaded, table: Sequence[Clock], as_of: date) -> Block:
    """The clocks of the regimes that records are kept under."""
    regimes = {regime for document in loaded.view.documents.values() for regime in document.regimes}
    columns = (
        Column("Rule", "rule"),
        Column("Regime"),
        Column("Years", "number"),
        Column("From"),
        Column("Text", "status"),
        Column("Citation", weight=30),
    )
    rows = tuple(
        (
            each.rule,
            each.regime.value,
            "without end" if each.years is None else str(each.years),
            each.start.value + (", end of its year" if each.from_year_end else ""),
            _STATUS[each.status],
            each.citation + (f" ({each.note})" if each.note else ""),
        )
        for each in table
        if each.regime in regimes and each.in_force(as_of)
    )
    return Block("Clocks in force", 2, (), Table("Periods and their sources", columns, rows, name="clocks"))


def _holds(loaded: Loaded) -> Block:
    columns = (Column("Order", "number"), Column("Covers", weight=30), Column("Reason", weight=30))
    rows = []
    for hold in loaded.view.holds.values():
        if hold.released is None:
            named = {
                "class": hold.scope.record_class and hold.scope.record_class.value,
                "customer": hold.scope.subject and hold.scope.subject[:16],
                "from": hold.scope.since and _time(hold.scope.since),
                "until": hold.scope.until and _time(hold.scope.until),
            }
            covers = ", ".join(f"{name} {value}" for name, value in named.items() if value) or "everything"
            rows.append((str(hold.sequence), covers, hold.reason))
    note = () if rows else ("No legal hold is on.",)
    return Block("Legal holds", 2, note, Table("Holds that are on", columns, tuple(rows), name="holds"))


def _regions(facts: RetentionFacts) -> Block:
    columns = (Column("Rule", "rule"), Column("Result", "status"), Column("How"), Column("Storages", weight=20))
    rows = tuple(
        (each.rule, "pass" if each.is_met else "fail", each.how, ", ".join(each.storages) or "none")
        for each in facts.regions
    )
    note = ("Where copies are is the firm's own statement.",)
    return Block("Places of storage", 2, note, Table("Rules on place", columns, rows, name="regions"))


def _limits(loaded: Loaded) -> Block:
    return Block(
        "What this does not show",
        2,
        (
            loaded.objects.limits,
            "The chain shows that what was recorded was not changed since; not that everything was recorded.",
            "A time stamp shows that a day's root existed by then; not that its content is right.",
            "Files that are only referenced are kept elsewhere; here their hashes are.",
        ),
    )
