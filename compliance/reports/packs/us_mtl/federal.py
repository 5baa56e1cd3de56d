"""References to what is filed with FinCEN, OFAC, the IRS and New York's supervisor; each row with its clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from fractions import Fraction

from compliance.calendars import Clock
from compliance.facts import Record
from compliance.primitives.view import View, due_of, holds
from compliance.reports.document import Block, Texts
from compliance.reports.inputs import PackInput
from compliance.reports.packs.period import minute_text
from compliance.reports.packs.us_mtl.common import cell, column, money, records_of, rule_in_force, table_block
from compliance.rules import Rule

__all__ = ["federal_blocks", "prices_block"]

Row = tuple[str, ...]


def federal_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """Cases, currency days, transmittals, blocked property, Forms 1099-DA, and New York's large days."""
    return [
        _clocked(
            data, texts, "US-SAR-01", "us_sar", "cases", "sar-references", "detected", "filed",
            ("id", "amount_usd", "state"), ("Case", "Amount (USD)", "State"),
        ),
        _clocked(
            data, texts, "US-CTR-01", "us_ctr", "us.cash_days", "ctr-references", "day", "filed_at",
            ("id", "person", "direction", "amount"), ("Reference", "Person", "Direction", "Amount (USD)"),
        ),
        _transfers(data, texts),
        _clocked(
            data, texts, "US-OFAC-01", "us_ofac", "us.ofac.reports", "ofac-references", "acted_at", "reported_at",
            ("id", "kind"), ("Reference", "Kind"),
        ),
        _taxes(data, texts),
        _clocked(
            data, texts, "NY-AML-01", "us_vc_days", "us.ny.vc_days", "ny-large-days", "reached", "noticed_at",
            ("id", "person", "value"), ("Reference", "Person", "Value (USD)"),
        ),
    ]  # fmt: skip


def _clocked(
    data: PackInput, texts: Texts, rule_id: str, heading: str, fact: str, name: str, since: str, done: str,
    fields: Sequence[str], words: Sequence[str],
) -> Block:  # fmt: skip
    """The records that a rule counts, with when each is due, and the answer."""
    rule, records = rule_in_force(data, rule_id), records_of(data, fact)
    rows = None
    if rule is not None and records is not None:
        rows = [_row(data, rule, row, since, done, fields) for row in _counted(data, rule, records)]
    columns = (
        *(column(word, "number" if "USD" in word else "text", 14) for word in words),
        column("Begins (UTC)", weight=15), column("Due (UTC)", weight=15), column("Filed (UTC)", weight=15),
        column("Answer", "status", 12),
    )  # fmt: skip
    return table_block(
        texts[heading], 2, (rule_id,), columns, rows, texts, name=name, facts=(fact,), intro=texts["us_reference"]
    )


def _counted(data: PackInput, rule: Rule, records: Sequence[Record]) -> list[Record]:
    """The records that the rule judges, what is not known of them among them."""
    view = View(rule, {"records": tuple(records)}, data.facts.as_of)
    return [*view.records("records"), *view.uncertain("records")]


def _row(data: PackInput, rule: Rule, row: Record, since: str, done: str, fields: Sequence[str]) -> Row:
    clock, view = rule.parameters["most"].value, View(rule, {}, data.facts.as_of)
    assert isinstance(clock, Clock)
    begun = row[since]
    assert isinstance(begun, date | datetime), f"{since} is a day or a moment"
    due = due_of(clock, begun)
    is_known = all(row[each.left] is not None for each in rule.where)
    in_time = all(holds(each, row, view) for each in rule.must)
    answer = "insufficient data" if not is_known else "pass" if in_time else "fail"
    return (*(cell(row[field]) for field in fields), cell(begun), minute_text(due), cell(row[done]), answer)


def _transfers(data: PackInput, texts: Texts) -> Block:
    rule, records = rule_in_force(data, "US-TR-01"), records_of(data, "transfers")
    rows = None
    if rule is not None and records is not None:
        counted = _counted(data, rule, records)
        tests: tuple[tuple[str, Callable[[Record], bool]], ...] = (
            ("of 3,000 dollars or more", lambda row: row["value_usd"] is not None),
            ("with complete data", lambda row: row["complete"] is True and row["value_usd"] is not None),
            ("without complete data", lambda row: row["complete"] is not True and row["value_usd"] is not None),
            ("of unknown value", lambda row: row["value_usd"] is None),
        )
        rows = []
        for words, test in tests:
            found = [row for row in counted if test(row)]
            values = [row["value_usd"] for row in found]
            amount = sum((each for each in values if isinstance(each, Fraction)), Fraction(0))
            rows.append((words, f"{len(found):,}", money(amount)))
    columns = (column("Transmittals", weight=30), column("Number", "number"), column("Value (USD)", "number"))
    return table_block(
        texts["us_transfers"], 2, ("US-TR-01",), columns, rows, texts, name="transmittals", facts=("transfers",)
    )


def _taxes(data: PackInput, texts: Texts) -> Block:
    records, sent = records_of(data, "us.tax.1099da"), records_of(data, "us.tax.1099da.sent") or ()
    rows = None
    if records is not None:
        to_clients = {row["period_end"]: row["filed_at"] for row in sent}
        rows = [
            (
                cell(row["period_end"]), cell(row["forms"]), cell(row["without_dti"]),
                cell(row["covered_without_basis"]), cell(to_clients.get(row["period_end"])), cell(row["filed_at"]),
            )
            for row in records
        ]  # fmt: skip
    columns = (
        column("Year to"), column("Forms", "number"), column("Without DTI", "number"),
        column("Covered, without basis", "number"), column("To customers (UTC)"), column("Filed (UTC)"),
    )  # fmt: skip
    return table_block(
        texts["us_tax"], 2, ("US-TAX-01", "US-TAX-01.2", "US-TAX-01.3"), columns, rows, texts, name="forms-1099-da",
        facts=("us.tax.1099da",),
    )  # fmt: skip


def prices_block(data: PackInput, texts: Texts) -> Block:
    """The reference prices behind values in US dollars, with time and source (US-CR-08)."""
    records = records_of(data, "prices")
    rows = None
    if records is not None:
        rows = [
            (cell(row["asset"]), cell(row["price"]), cell(row["currency"]), cell(row["at"]), cell(row["source"]))
            for row in records
        ]
    columns = (
        column("Asset", weight=10), column("Price", "number"), column("In", weight=8), column("At (UTC)"),
        column("Source", weight=36),
    )  # fmt: skip
    return table_block(
        texts["us_prices"], 2, ("US-CR-08",), columns, rows, texts, name="prices", facts=("prices",)
    )  # fmt: skip
