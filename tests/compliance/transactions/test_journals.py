"""The books of three regimes: their rows, and what their rows lack."""

from __future__ import annotations

from fractions import Fraction

import pytest

from compliance.transactions.journals import BOOKS, Completeness, book_rows
from compliance.transactions.reader import ORDERS, TRADES, TRANSFERS
from compliance.transactions.reference import Reference, read_reference
from tests.support.traded import ALICE

ALL = (TRADES, ORDERS, TRANSFERS)


@pytest.fixture(scope="module")
def reference(reference_file):
    return read_reference(reference_file)


def counted(day, reference, name):
    completeness = Completeness(BOOKS[name])
    rows = list(book_rows(day.records(ALL), reference, BOOKS[name]))
    for row in rows:
        completeness.count(row)
    return rows, completeness


def test_the_trade_journal_of_japan(day, reference):
    rows, completeness = counted(day, reference, "jp")
    assert completeness.share == 1 and completeness.rows == 6
    assert rows[1] == {
        "date": "2026-09-01", "time": "00:00:00.000022Z", "user_name": "Ällice von der Lüne", "own_or_agency": "agency",
        "side": "sell", "asset": "BTC", "quantity": "0.4", "unit_price": "51000", "amount": "20400",
        "other_asset": "USD", "counterparty": "Bob & Sons", "fee": "0", "fee_asset": "USD", "margin": "",
        "margin_open_or_close": "", "margin_credit": "", "margin_due": "", "account": ALICE, "trade": "BTC_USD/1",
    }  # fmt: skip


def test_crypto_against_crypto_is_an_exchange(day, reference):
    rows = list(book_rows(day.records((TRADES,)), Reference(clients=reference.clients), BOOKS["jp"]))
    assert {row["side"] for row in rows} == {"exchange in", "exchange out"}


@pytest.mark.parametrize("name", ["us", "vara"])
def test_a_book_of_transactions_names_what_rows_lack(day, reference, name):
    rows, completeness = counted(day, reference, name)
    assert len(rows) == 6 + 10
    assert {key: count for key, count in completeness.missing.items() if count} == {"country": 1, "name": 1}
    assert completeness.share == 1 - Fraction(2, 16 * len(BOOKS[name].needed))
    assert completeness.document()["rule"] == BOOKS[name].rule


def test_without_the_log_a_trade_has_no_instruction(day, reference):
    rows = list(book_rows(day.records((TRADES,)), reference, BOOKS["vara"]))
    assert [Completeness(BOOKS["vara"]).count(row) for row in rows] == [("instruction",)] * 6


def test_an_empty_book_is_complete():
    assert Completeness(BOOKS["jp"]).share == 1
