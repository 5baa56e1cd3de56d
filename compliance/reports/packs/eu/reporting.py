"""Transfers, incidents, tax, and the calendar of what is due next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from compliance.calendars import Clock, Unit, calendar, quarter_end, source
from compliance.facts import Record
from compliance.primitives.view import View, holds
from compliance.reports.document import Block, Texts, columns_of
from compliance.reports.inputs import PackInput
from compliance.reports.packs.eu.common import ROWS_SHOWN, cell, records_of, rule_in_force, table_block
from compliance.reports.packs.period import minute_text
from compliance.rules import Rule

__all__ = ["calendar_block", "incidents_block", "tax_block", "transfers_blocks"]

_TRANSFER_RULES: Final = ("EU-TFR-01", "EU-TFR-02", "EU-TFR-02.2", "EU-TFR-03")
_TERMS: Final = (
    ("EU-DORA-01", "initial notification (classification)"),
    ("EU-DORA-01.2", "initial notification (awareness)"),
    ("EU-DORA-01.3", "intermediate report"),
    ("EU-DORA-01.4", "final report"),
)


def transfers_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """Transfers counted by what they need, those that lack something, and counterparties that fail."""
    found = records_of(data, "transfers")
    rules = [rule for rule_id in _TRANSFER_RULES if (rule := rule_in_force(data, rule_id)) is not None]
    rows = lacking = total = None
    if found is not None:
        rows, lacking, total = _judged(found, rules, data)
    intro = ""
    threshold = rule_in_force(data, "EU-TFR-02")
    if threshold is not None:
        intro = texts["eu_transfers_intro"].format(
            comparator=str(threshold.parameters["comparator"].value), threshold=cell_of(threshold, "threshold")
        )
    columns = columns_of(
        texts,
        ("rule", "rule", 14),
        ("c_what", "text", 46),
        ("c_count", "number", 14),
        ("c_lacks", "number", 14),
        ("result", "status", 12),
    )
    exception_columns = columns_of(
        texts,
        ("c_id", "code", 18),
        ("c_direction", "text", 8),
        ("c_when", "text", 16),
        ("c_value", "number", 14),
        ("c_counterparty", "text", 16),
        ("c_lacks", "text", 34),
    )
    return [
        table_block(
            texts["eu_transfers"], 2, _TRANSFER_RULES, columns, rows, texts,
            name="transfers", facts=("transfers",), intro=intro,
        ),
        table_block(
            texts["eu_transfer_exceptions"], 3, _TRANSFER_RULES, exception_columns, lacking, texts,
            name="transfer-exceptions", facts=("transfers",), total=total,
        ),
        _failures(data, texts),
    ]  # fmt: skip


def cell_of(rule: Rule, name: str) -> str:
    """A numeric parameter as a cell."""
    value = rule.parameters[name].value
    assert isinstance(value, Fraction), f"{rule.id}: {name} is a number"
    return cell(value)


def _breaks(rule: Rule, row: Record, view: View) -> bool | None:
    """Whether a record breaks a rule; None where it does not count."""
    if not all(holds(each, row, view) for each in rule.where):
        return None
    return not all(holds(each, row, view) for each in rule.must)


def _judged(
    found: tuple[Record, ...], rules: list[Rule], data: PackInput
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]], int]:
    """For each rule what counted and what lacked; the first transfers that lack something; how many do."""
    views = [View(rule, {}, data.facts.as_of) for rule in rules]
    counted, broken, total = [0] * len(rules), [0] * len(rules), 0
    lacking: list[tuple[str, ...]] = []
    for row in found:
        answers = [_breaks(view.rule, row, view) for view in views]
        for place, answer in enumerate(answers):
            counted[place] += answer is not None
            broken[place] += answer is True
        if True in answers:
            total += 1
            if len(lacking) < ROWS_SHOWN:
                lacking.append(_lacking(row, [rule for rule, answer in zip(rules, answers, strict=True) if answer]))
    rows: list[tuple[str, ...]] = [
        (rule.id, rule.title, f"{counts:,}", f"{lacks:,}", "fail" if lacks else "pass")
        for rule, counts, lacks in zip(rules, counted, broken, strict=True)
    ]
    return rows, lacking, total


def _lacking(row: Record, broken: list[Rule]) -> tuple[str, ...]:
    fields = [cell(row[name]) for name in ("id", "direction", "at", "value_eur", "counterparty")]
    return (*fields, "not: " + "; ".join(rule.title for rule in broken))


def _failures(data: PackInput, texts: Texts) -> Block:
    found = records_of(data, "eu.tfr.failures")
    rows = None
    if found is not None:
        rows = [tuple(cell(row[name]) for name in ("id", "failures", "steps", "reported")) for row in found]
    columns = columns_of(
        texts,
        ("c_counterparty", "text", 24),
        ("c_failures", "number", 12),
        ("c_steps", "text", 34),
        ("c_reported", "text", 18),
    )
    return table_block(
        texts["eu_failures"], 3, ("EU-TFR-03.2",), columns, rows, texts,
        name="transfer-failures", facts=("eu.tfr.failures",),
    )  # fmt: skip


def incidents_block(data: PackInput, texts: Texts) -> Block:
    """Each term of each incident: from when it is counted, when it is due, when it was met."""
    found = records_of(data, "eu.incidents")
    rules = [(rule, words) for rule_id, words in _TERMS if (rule := rule_in_force(data, rule_id)) is not None]
    rows = None
    if found is not None:
        rows = [row for incident in found for row in _terms(data, incident, rules)]
    columns = columns_of(
        texts,
        ("c_incident", "code", 16),
        ("c_term", "text", 30),
        ("clock", "text", 12),
        ("c_from", "text", 16),
        ("c_due", "text", 16),
        ("c_done", "text", 16),
        ("result", "status", 14),
    )
    anchors = "; ".join(f"{words} {rule.parameters['due'].value}" for rule, words in rules)
    return table_block(
        texts["eu_incidents"], 2, tuple(rule_id for rule_id, _ in _TERMS), columns, rows, texts,
        name="incidents", facts=("eu.incidents",), intro=texts["eu_incidents_intro"].format(anchors=anchors),
    )  # fmt: skip


def _terms(data: PackInput, incident: Record, rules: list[tuple[Rule, str]]) -> Iterator[tuple[str, ...]]:
    name = cell(incident["id"])
    if incident["major"] is not True:
        yield name, "not major: no term", "—", cell(incident["classified"]), "—", "—", "not applicable"
        return
    for rule, words in rules:
        clock, anchor = rule.parameters["due"].value, str(rule.parameters["anchor"].value)
        assert isinstance(clock, Clock), f"{rule.id} has a clock"
        done_field = rule.must[0].left
        begun, done = incident[anchor], incident[done_field]
        if not isinstance(begun, datetime):
            yield name, words, str(clock), f"waits for: {anchor}", "—", "—", "not applicable"
            continue
        due = clock.due(begun)
        in_time = (done if isinstance(done, datetime) else data.facts.as_of) <= due
        yield name, words, str(clock), cell(begun), minute_text(due), cell(done), "pass" if in_time else "fail"


def tax_block(data: PackInput, texts: Texts) -> Block:
    """The years of DAC8 that are over, and the one that runs: due day, filed, and whether it is in time."""
    rules = ("EU-TAX-01", "EU-TAX-01.2")
    rule, since, found = (
        rule_in_force(data, rules[0]),
        data.facts.find("eu.dac8.since"),
        records_of(data, "eu.dac8.filings"),
    )
    rows, intro = None, ""
    if rule is not None and since is not None and found is not None and isinstance(since.value, date):
        rows = [_tax_year(data, year, rule, found) for year in range(since.value.year, data.end.year + 1)]
        intro = texts["eu_tax_intro"].format(since=since.value.isoformat(), due=_month_day(rule))
    columns = columns_of(
        texts,
        ("c_period", "text", 16),
        ("c_due", "text", 18),
        ("c_filed", "text", 18),
        ("c_state", "text", 30),
        ("result", "status", 14),
    )
    return table_block(
        texts["eu_tax"], 2, rules, columns, rows, texts,
        name="dac8", facts=("eu.dac8.since", "eu.dac8.filings"), intro=intro,
    )  # fmt: skip


def _month_day(rule: Rule) -> str:
    dates = rule.parameters["due_dates"].value
    assert isinstance(dates, tuple) and isinstance(dates[0], tuple), "due dates are rows"
    return str(dates[0][1])


def _tax_due(year: int, rule: Rule) -> datetime:
    days = calendar(str(rule.parameters["calendar"].value))
    return days.end_of(date.fromisoformat(f"{year + 1}-{_month_day(rule)}"))


def _tax_year(data: PackInput, year: int, rule: Rule, found: tuple[Record, ...]) -> tuple[str, ...]:
    end, due = date(year, 12, 31), _tax_due(year, rule)
    filed = next((row["filed_at"] for row in found if row["period_end"] == end), None)
    if isinstance(filed, datetime):
        state, answer = "filed", "pass" if filed <= due else "fail"
    elif data.facts.as_of <= due:
        state, answer = "not yet due", "not applicable"
    else:
        state, answer = "overdue", "fail"
    return end.isoformat(), minute_text(due), cell(filed), state, answer


def calendar_block(data: PackInput, texts: Texts) -> Block:
    """What is due after the end of the period, soonest first: made from the rules' clocks, never from a fixed list."""
    found = sorted(_next(data))
    columns = columns_of(
        texts, ("c_due", "text", 18), ("rule", "rule", 14), ("c_duty", "text", 46), ("clock", "text", 22)
    )
    rows = [(minute_text(due), rule_id, duty, clock) for due, rule_id, duty, clock in found]
    return table_block(
        texts["eu_calendar"], 2, tuple(dict.fromkeys(rule_id for _, rule_id, _, _ in found)), columns, rows, texts,
        name="calendar", facts=("the rules' clocks",), intro=texts["eu_calendar_intro"].format(source=source()),
    )  # fmt: skip


def _next(data: PackInput) -> Iterator[tuple[datetime, str, str, str]]:
    """Due moment, rule, duty, clock: of statements, the tax file, reviews, the last day, and open incidents."""
    for rule in data.rules.in_force(data.end):
        parameters = {name: each.value for name, each in rule.parameters.items()}
        due, most = parameters.get("due"), parameters.get("most")
        if rule.id in ("EU-CUS-02", "EU-STM-01") and isinstance(due, Clock):
            ends = quarter_end(data.end)
            duty = f"{rule.title}: quarter to {ends.isoformat()}"
            yield calendar(due.calendar).end_of(due.due_day(ends)), rule.id, duty, str(due)
        elif rule.id == "EU-TAX-01":
            moment = _tax_due(data.end.year, rule)
            yield moment, rule.id, f"{rule.title}: {data.end.year}", "national day"
        elif rule.id in ("EU-TX-01", "EU-SEG-02.2") and isinstance(due, Clock):
            yield (
                due.due(calendar(due.calendar).end_of(data.end)),
                rule.id,
                f"{rule.title}: of {data.end.isoformat()}",
                str(due),
            )
        elif "anchor" in parameters and isinstance(due, Clock):
            for incident in records_of(data, "eu.incidents") or ():
                begun, is_open = incident[str(parameters["anchor"])], incident[rule.must[0].left] is None
                if incident["major"] is True and isinstance(begun, datetime) and is_open:
                    yield due.due(begun), rule.id, f"{rule.title}: {incident['id']}", str(due)
        elif isinstance(most, Clock) and "last" in rule.inputs and most.unit in (Unit.MONTHS, Unit.YEARS):
            fact = data.facts.find(rule.inputs["last"])
            if fact is not None and isinstance(fact.value, date):
                days = calendar(most.calendar)
                last = days.day_of(fact.value) if isinstance(fact.value, datetime) else fact.value
                yield days.end_of(most.due_day(last)), rule.id, f"{rule.title}: next", str(most)
