"""Manifests and counts as facts of the catalogue: of the right shape, and with what they are about."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from compliance.catalogue import SHARED, by_name
from compliance.regimes.eu.facts import FACTS
from compliance.sources.transaction_files import Manifest, file_records
from compliance.transactions.facts import field_facts, ratio_facts, report_facts
from compliance.transactions.order_trade_ratio import RatioRow
from compliance.transactions.records import TradeRecord
from compliance.transactions.reference import read_reference
from compliance.transactions.rts22 import cancellation, rows_of
from compliance.transactions.rts22_reconcile import Sent

GOLDEN = Path(__file__).parents[2] / "cli" / "golden_transactions"
KINDS = by_name((*SHARED, *FACTS))
MADE = datetime(2026, 9, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("folder", "kind", "records", "status"),
    [
        ("eu", "transaction reports", 3, "schema not verified"),
        ("orderbook", "order-book records", 16, "derived, official schema not verified"),
        ("carf", "CARF", 2, "schema checked"),
    ],
)
def test_our_manifests_are_read_as_facts(folder, kind, records, status):
    document = json.loads((GOLDEN / folder / "manifest.json").read_text())
    rows = file_records([Manifest(folder, MADE, document)])
    assert KINDS["eu.files"].problem(rows) is None
    [row] = rows
    assert (row["kind"], row["records"], row["schema_status"]) == (kind, records, status)
    assert row["last"] == date(2026, 9, 2)


def test_ratios_are_facts():
    rows = ratio_facts([RatioRow("ann", "BTC_USD", 4, 150_000_000, 0, 0)], {"BTC_USD": 8})
    assert KINDS["order_to_trade"].problem(tuple(rows)) is None
    assert rows[0]["ordered"] == Fraction(3, 2) and rows[0]["traded"] == 0


def test_fields_of_a_book_are_facts():
    rows = field_facts("trade journal", json.loads((GOLDEN / "vara" / "manifest.json").read_text()))
    assert KINDS["record_fields"].problem(tuple(rows)) is None
    assert {row["field"]: row["lacking"] for row in rows if row["lacking"]} == {"country": 1, "name": 1}
    assert {row["records"] for row in rows} == {16}


def test_days_of_reports_are_facts(day, reference_file):
    trades = [record for record in day.records(("trades", "orders")) if isinstance(record, TradeRecord)]
    rows = list(rows_of(trades, read_reference(reference_file)))
    reports = [row.report for row in rows]

    def told(*sent):
        found = report_facts(rows, sent)
        assert KINDS["eu.transaction_reports"].problem(tuple(found)) is None
        [one] = found
        assert one["day"] == date(2026, 9, 1) and one["transactions"] == 3
        return one["reported"], one["rejected_open"], one["complete"]

    accepted = [Sent(report, number * 10**6, "accepted") for number, report in enumerate(reports)]
    assert told() == (0, 0, None)
    assert told(*accepted[:2]) == (2, 0, None)
    assert told(*accepted) == (3, 0, datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC))
    assert told(Sent(reports[0], 0, "rejected"), *accepted[1:]) == (2, 1, None)
    assert told(Sent(reports[0], 0, "rejected"), *accepted) == (3, 0, datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC))
    assert told(*accepted, Sent(cancellation(reports[0]), 9, "accepted")) == (2, 0, None)
