"""Records: the matrix of classes, integrity, statements of clients, transaction-level files, what issuers are told."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Final

from compliance.calendars import Clock, calendar
from compliance.facts import Record
from compliance.reports.document import Block, Texts, columns_of
from compliance.reports.inputs import PackInput
from compliance.reports.packs.eu.common import cell, records_of, rule_in_force, table_block, verdict_of
from compliance.reports.packs.period import minute_text

__all__ = ["files_blocks", "issuers_block", "keeping_blocks", "statements_block"]

KEEPING_RULES: Final = ("EU-RK-02", "EU-RK-02.2", "EU-RK-02.3", "EU-REC-01.2", "EU-OR-01.3")
_FILE_RULES: Final = ("EU-TX-03.3", "EU-OB-01.2", "EU-TX-02", "EU-OB-01")


def keeping_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """The matrix of classes of records, and what is known of their integrity."""
    return [_matrix(data, texts), _integrity(data, texts)]


def _matrix(data: PackInput, texts: Texts) -> Block:
    asked: dict[str, list[tuple[str, Fraction]]] = {}
    for rule_id in KEEPING_RULES:
        rule = rule_in_force(data, rule_id)
        if rule is None:
            continue
        years = rule.parameters["years"].value
        assert isinstance(years, tuple), f"{rule_id}: years are rows"
        for row in years:
            assert isinstance(row, tuple) and isinstance(row[1], Fraction), f"{rule_id}: years are numbers"
            asked.setdefault(str(row[0]), []).append((rule_id, row[1]))
    found = records_of(data, "retention")
    rows = None
    if found is not None:
        known = {str(row["class"]): row for row in found}
        rows = [_class(name, asked.get(name, []), known.get(name)) for name in sorted({*asked, *known})]
    columns = columns_of(
        texts,
        ("c_class", "code", 22),
        ("c_asked", "text", 38),
        ("c_keeps", "number", 12),
        ("c_gaps", "number", 10),
        ("c_first", "text", 14),
        ("result", "status", 14),
    )
    return table_block(
        texts["eu_records"], 2, KEEPING_RULES, columns, rows, texts,
        name="record-matrix", facts=("retention",), intro=texts["eu_records_intro"],
    )  # fmt: skip


def _class(name: str, asked: list[tuple[str, Fraction]], row: Record | None) -> tuple[str, ...]:
    words = ", ".join(f"{rule_id}: {count}" for rule_id, count in asked) or "—"
    if row is None:
        return name, words, "—", "—", "—", "insufficient data"
    keeps, gaps = row["keeps_years"], row["gaps"]
    most = max((count for _, count in asked), default=None)
    if most is None:
        answer = "not applicable"
    else:
        is_long = keeps is None or (isinstance(keeps, Fraction) and keeps >= most)
        answer = "pass" if is_long and gaps == 0 else "fail"
    shown = "without end" if keeps is None else cell(keeps)
    return name, words, shown, cell(gaps), cell(row["first_day"]), answer


def _integrity(data: PackInput, texts: Texts) -> Block:
    wanted = (
        ("EU-RK-01", "archive.verified"),
        ("EU-RK-01", "log.whole"),
        ("EU-RK-01.2", "archive.drilled"),
        ("EU-OR-01", "orders.gaps"),
    )
    rows = []
    for rule_id, name in wanted:
        fact, verdict = data.facts.find(name), verdict_of(data, rule_id)
        kind = data.facts.catalogue[name]
        value = "—" if fact is None else cell(fact.value)  # type: ignore[arg-type]  # each of these is one value
        rows.append((name, kind.meaning, value, rule_id, "" if verdict is None else verdict.result.value))
    columns = columns_of(
        texts,
        ("fact", "code", 20),
        ("c_what", "text", 40),
        ("value", "text", 18),
        ("rule", "rule", 14),
        ("result", "status", 14),
    )
    return table_block(
        texts["eu_integrity"], 3, ("EU-RK-01", "EU-RK-01.2", "EU-OR-01"), columns, rows, texts,
        name="integrity", facts=tuple(name for _, name in wanted),
    )  # fmt: skip


def statements_block(data: PackInput, texts: Texts) -> Block:
    """The register of client statements by quarter, with the day each was due."""
    rules = ("EU-CUS-02", "EU-STM-01")
    found, rule = records_of(data, "statements.quarterly"), rule_in_force(data, rules[0])
    rows = None
    if found is not None and rule is not None:
        clock = rule.parameters["due"].value
        assert isinstance(clock, Clock), "statements have a clock"
        rows = [_statement(data, row, clock) for row in sorted(found, key=lambda row: str(row["period_end"]))]
    columns = columns_of(
        texts,
        ("c_period", "text", 14),
        ("c_clients", "number", 14),
        ("c_prepared", "number", 14),
        ("c_ready", "text", 18),
        ("c_due", "text", 18),
        ("result", "status", 14),
    )
    return table_block(
        texts["eu_statements"], 2, rules, columns, rows, texts,
        name="statements", facts=("statements.quarterly",), intro=texts["eu_statements_intro"],
    )  # fmt: skip


def _statement(data: PackInput, row: Record, clock: Clock) -> tuple[str, ...]:
    end, made = row["period_end"], row["prepared_at"]
    due = calendar(clock.calendar).end_of(clock.due_day(end))  # type: ignore[arg-type]  # a day, by its kind
    is_whole = row["prepared"] >= row["expected"]  # type: ignore[operator]  # numbers, by their kind
    in_time = made <= due if isinstance(made, datetime) and is_whole else data.facts.as_of <= due
    fields = [cell(row[name]) for name in ("period_end", "expected", "prepared", "prepared_at")]
    return (*fields, minute_text(due), "pass" if in_time else "fail")


def files_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """Transaction-level files with their hashes and the state of their schemas, and days that need a look."""
    found = records_of(data, "eu.files")
    rows = None
    if found is not None:
        rows = [_file(data, row, texts) for row in sorted(found, key=lambda row: (str(row["kind"]), str(row["id"])))]
    columns = columns_of(
        texts,
        ("c_file", "code", 20),
        ("attachment_state", "text", 12),
        ("c_kind", "text", 17),
        ("c_days", "text", 14),
        ("c_records", "number", 12),
        ("c_problems", "number", 13),
        ("c_schema", "text", 26),
        ("c_sha", "code", 34),
    )
    block = table_block(
        texts["eu_files"], 2, _FILE_RULES, columns, rows, texts,
        name="transaction-files", facts=("eu.files",), intro=texts["eu_files_intro"],
    )  # fmt: skip
    return [block, _report_days(data, texts)]


def _file(data: PackInput, row: Record, texts: Texts) -> tuple[str, ...]:
    name = str(row["id"])
    days = f"{cell(row['first'])} – {cell(row['last'])}"
    state = texts["attached" if name in data.attachments else "eu_separate"]
    middle = (cell(row["kind"]), days, cell(row["records"]), cell(row["problems"]))
    return name, state, *middle, f"{cell(row['schema'])}: {cell(row['schema_status'])}", cell(row["sha256"])


def _report_days(data: PackInput, texts: Texts) -> Block:
    rules = ("EU-TX-01", "EU-TX-01.2", "EU-TX-03.2")
    found, rule = records_of(data, "eu.transaction_reports"), rule_in_force(data, rules[0])
    rows, intro = None, ""
    if found is not None and rule is not None:
        clock = rule.parameters["due"].value
        assert isinstance(clock, Clock), "reports have a clock"
        intro = texts["eu_reports_intro"].format(count=f"{len(found):,}")
        rows = [shown for row in found if (shown := _report_day(data, row, clock)) is not None]
    columns = columns_of(
        texts,
        ("c_day", "text", 14),
        ("c_transactions", "number", 14),
        ("c_reported_count", "number", 14),
        ("c_rejected", "number", 14),
        ("c_complete", "text", 18),
        ("c_due", "text", 18),
        ("result", "status", 12),
    )
    return table_block(
        texts["eu_reports"], 3, rules, columns, rows, texts,
        name="transaction-report-days", facts=("eu.transaction_reports",), intro=intro,
    )  # fmt: skip


def _report_day(data: PackInput, row: Record, clock: Clock) -> tuple[str, ...] | None:
    """A day that needs a look; None where all is well."""
    day, complete = row["day"], row["complete"]
    due = calendar(clock.calendar).end_of(clock.due_day(day))  # type: ignore[arg-type]  # a day, by its kind
    in_time = (complete if isinstance(complete, datetime) else data.facts.as_of) <= due
    matches = complete is None or row["reported"] == row["transactions"]
    is_well = in_time and matches and row["rejected_open"] == 0
    if is_well and complete is not None:
        return None
    fields = [cell(row[name]) for name in ("day", "transactions", "reported", "rejected_open", "complete")]
    return (*fields, minute_text(due), "pass" if is_well else "fail")


def issuers_block(data: PackInput, texts: Texts) -> Block:
    """White papers of what is admitted to trading."""
    found = records_of(data, "eu.admissions")
    rows = None
    if found is not None:
        rows = [
            (cell(row["id"]), cell(row["admitted"]), cell(row["white_paper_or_exemption"]),
             "pass" if row["white_paper_or_exemption"] else "fail")
            for row in sorted(found, key=lambda row: str(row["id"]))
        ]  # fmt: skip
    columns = columns_of(
        texts, ("c_asset", "text", 16), ("c_first", "text", 14), ("c_paper", "text", 50), ("result", "status", 12)
    )
    return table_block(
        texts["eu_admissions"], 2, ("EU-WP-01", "EU-EBA-01"), columns, rows, texts,
        name="admissions", facts=("eu.admissions",),
    )  # fmt: skip
