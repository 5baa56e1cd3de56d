"""What an attestation states of the ledger: every report that sums to zero balances as books too."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from por.hour.sections import InFlight, ZeroSumRow, book_sides, in_flight_section, zero_sum_section

AMOUNTS = st.integers(-(2**70), 2**70)


@given(
    st.tuples(*[AMOUNTS] * 5),
    st.integers(0, 2**70),
    st.integers(0, 2**70),
    st.integers(0, 2**70),
    st.integers(0, 2**70),
)
def test_books_differ_from_the_ledger_by_reserves_less_custody(signed, claims, debts, custody, reserves):
    in_transit, receivables, due_from, receipts, due_to = signed
    left = custody + in_transit + debts + receivables + due_from
    row = ZeroSumRow(
        "main",
        "BTC",
        custody,
        in_transit,
        debts,
        receivables,
        due_from,
        claims,
        receipts,
        left - claims - receipts - due_to,
        due_to,
    )
    assert row.difference == 0
    sides = book_sides(row)
    assert min(sides) >= 0
    have = reserves + sides.in_transit + debts + sides.receivables
    assert have - claims - sides.house == reserves - custody


def test_the_four_movements_explain_reserves_above_or_below_custody():
    effects = {
        (d, r): InFlight("main", "BTC", "c", "t", d, r, 5).effect for d in ("in", "out") for r in ("chain", "ledger")
    }
    assert effects == {("in", "chain"): 5, ("out", "chain"): -5, ("in", "ledger"): -5, ("out", "ledger"): 5}


def test_movements_are_sorted_and_what_they_leave_is_the_difference():
    rows = [InFlight("main", "BTC", "c", name, "in", "chain", 2) for name in ("b", "a")]
    section = in_flight_section(rows, [ZeroSumRow("main", "BTC", custody=10, house=10)], [13])
    assert [row["transaction"] for row in section["rows"]] == ["a", "b"]
    assert section["totals"][0] | {} == {
        "asset": "BTC",
        "custody": "10",
        "difference": "-1",
        "entity": "main",
        "in_flight": "4",
        "reserves": "13",
    }


def test_a_house_below_zero_keeps_its_sign():
    [row] = zero_sum_section([ZeroSumRow("main", "BTC", debts=5, house=-5, claims=10)])["rows"]
    assert (row["house"], row["debts"], row["asset"]) == ("-5", "5", "BTC")
