"""Manifests of transaction-level files as facts of the EU: hash, count, problems where somebody looked, schema."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction as F

import pytest

from compliance.regimes import catalogue
from compliance.sources.transaction_files import Manifest, field_records, file_records
from compliance.verdicts import Result
from ledger.errors import InputError
from tests.compliance.regimes.test_eu import judge

MADE = datetime(2027, 1, 2, tzinfo=UTC)
SPAN = {"exchange": "e", "start": "2026-10-01T00:00:00Z", "end": "2027-01-01T00:00:00Z", "first": 1, "last": 9}
COUNTS = {"clean": 7, "held_back": 0, "not_reportable_trades": 3, "trades": 10, "written": 7}


def reports(**changes):
    document = {
        "files": {
            "auth.016.xml": {"bytes": 1, "sha256": "ab" * 32},
            "reports.jsonl": {"bytes": 1, "sha256": "cd" * 32},
        },
        "span": SPAN,
        "counts": COUNTS,
        "mark": "schema not verified",
    }
    return Manifest("transactions/eu", MADE, {**document, **changes})


def book(**changes):
    document = {
        "files": {"order-book.jsonl": {"bytes": 1, "sha256": "ef" * 32}},
        "span": SPAN,
        "records": 12,
        "mark": "derived, official schema not verified",
    }
    return Manifest("transactions/book", MADE, {**document, **changes})


def test_a_manifest_becomes_rows_of_the_fact():
    [row] = file_records([reports()])
    assert row == {
        "id": "transactions/eu/auth.016.xml",
        "kind": "transaction reports",
        "made": MADE,
        "first": date(2026, 10, 1),
        "last": date(2026, 12, 31),
        "records": F(7),
        "problems": F(0),
        "schema": "auth.016.001.01",
        "schema_status": "schema not verified",
        "sha256": "ab" * 32,
    }
    assert catalogue()["eu.files"].problem(file_records([reports(), book()])) is None
    assert catalogue()["record_fields"].problem(field_records([reports(), book()])) is None


def test_what_is_held_back_or_breaks_the_schema_is_a_problem():
    held = {**COUNTS, "held_back": 2}
    assert file_records([reports(counts=held)])[0]["problems"] == 2
    assert file_records([reports(counts=held, schema_findings=["line 4", "line 5"])])[0]["problems"] == 4
    [row] = field_records([reports(counts=held)])
    assert (row["record"], row["records"], row["lacking"]) == ("transaction-report", F(9), F(2))


def test_of_what_nobody_looked_at_no_number_is_stated_and_no_rule_passes():
    [row] = file_records([book()])
    assert row["problems"] is None and row["records"] == 12 and field_records([book()]) == ()
    assert judge("EU-OB-01.2", {"eu.files": file_records([book()])}).result is Result.INSUFFICIENT
    assert judge("EU-TX-03.3", {"eu.files": file_records([reports()])}).result is Result.PASS
    bad = file_records([reports(counts={**COUNTS, "held_back": 1})])
    assert judge("EU-TX-03.3", {"eu.files": bad}).result is Result.FAIL


def test_users_of_a_carf_file_are_counted():
    counts = {"users": 5, "users_reported": 4, "users_held_back": 1, "figures": 9, "other_exceptions": 0}
    files = {"carf.xml": {"bytes": 1, "sha256": "ab" * 32}}
    carf = Manifest("tax", MADE, {"files": files, "span": SPAN, "counts": counts, "mark": "schema checked"})
    [row] = file_records([carf])
    assert (row["kind"], row["records"], row["problems"]) == ("CARF", F(4), F(1))
    assert field_records([carf])[0]["record"] == "carf"


@pytest.mark.parametrize(
    "manifest",
    [
        reports(files=None),
        reports(counts=None),
        reports(counts={"clean": True, "held_back": 0, "written": 1}),
        reports(counts={"clean": 1, "held_back": -1, "written": 1}),
        reports(span=None),
        reports(span={"start": "yesterday", "end": "today"}),
        reports(mark=None),
        book(records=None),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_folder(manifest):
    with pytest.raises(InputError, match="transactions/"):
        file_records([manifest])


def test_books_of_transactions_say_of_each_field_how_many_rows_lack_it():
    document = {"completeness": {"book": "vara", "missing": {"country": 1, "name": 2}, "rows": 16}, "files": {}}
    rows = {row["field"]: row for row in field_records([Manifest("nov", datetime(2026, 11, 1, tzinfo=UTC), document)])}
    assert {row["record"] for row in rows.values()} == {"transaction"}
    assert {name: int(row["lacking"]) for name, row in rows.items() if row["lacking"]} == {"country": 1, "names": 2}
    # Every field that the rule VARA-REC-01b asks of a transaction is told.
    assert set(rows) >= {"amount", "date", "time", "instruction", "fees", "names", "accounts", "country"}
    assert all(row["records"] == 16 for row in rows.values())
