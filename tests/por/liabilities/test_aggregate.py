"""The vectorised kernels against their plain twins: amounts by `parse_amount`, sums by Python integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.assets import AmountError, AmountReason, parse_amount
from por.liabilities.aggregate import sum_runs
from por.liabilities.intake.amounts import parse_amounts

AMOUNT = st.one_of(
    st.integers(0, 3), st.integers(0, 2**128 - 1), st.sampled_from([2**127 - 1, 2**127, 2**128 - 1, 2**64])
)
RUNS = st.lists(st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=4), max_size=8)


@pytest.mark.parametrize("limit_bits", [127, 128])
@given(runs=RUNS)
def test_sums_of_runs_are_those_of_integers(limit_bits: int, runs: list[list[tuple[int, int]]]) -> None:
    packed = b"".join(claim.to_bytes(16) + debt.to_bytes(16) for run in runs for claim, debt in run)
    amounts = np.frombuffer(packed, np.uint8).reshape(-1, 32)
    offsets = np.cumsum([0, *map(len, runs)]).astype(np.uint64)
    sums, too_large = sum_runs(amounts, offsets, limit_bits=limit_bits)
    assert sums.shape == (len(runs), 32) and sums.dtype == np.uint8
    for place, run in enumerate(runs):
        for side in range(2):
            total = sum(pair[side] for pair in run)
            assert bool(too_large[place, side]) == (total >= 2**limit_bits)
            assert int.from_bytes(bytes(sums[place, 16 * side : 16 * side + 16])) == total % 2**128


PLAIN = st.from_regex(r"\A(0|[1-9][0-9]{0,22})(\.[0-9]{1,22})?\Z")
NEAR = st.text("0123456789.,-+eE \x00\u0661", max_size=24)


@settings(deadline=None)
def one_by_one(text: str, scale: int) -> int | list[AmountReason]:
    """What the plain reader says of one amount: its quanta, or the reason against it."""
    try:
        return int(parse_amount(text, scale))
    except AmountError as error:
        return [error.reason]


@given(st.lists(st.tuples(st.one_of(PLAIN, NEAR, st.just("0")), st.integers(0, 38)), max_size=12))
def test_amounts_in_bulk_are_those_of_the_rule_one_by_one(rows: list[tuple[str, int]]) -> None:
    refused: dict[int, AmountReason] = {}
    scales = np.array([scale for _, scale in rows], np.int64)
    amounts = parse_amounts([text for text, _ in rows], scales, refused.__setitem__)
    expected_refused = {}
    for place, (text, scale) in enumerate(rows):
        try:
            expected = int(parse_amount(text, scale))
        except AmountError as error:
            expected_refused[place] = error.reason
            expected = 0
        assert int(amounts.high[place]) << 64 | int(amounts.low[place]) == expected
    assert refused == expected_refused


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["", "7"]])
def test_columns_of_empty_amounts_are_refused_row_by_row(texts: list[str]) -> None:
    refused: dict[int, AmountReason] = {}
    amounts = parse_amounts(texts, np.zeros(len(texts), np.int64), refused.__setitem__)
    assert refused == {place: AmountReason.EMPTY for place, text in enumerate(texts) if not text}
    assert amounts.low.tolist() == [int(text or 0) for text in texts]


@pytest.mark.parametrize("digits", [1, 17, 18, 19, 20, 21, 38])
@pytest.mark.parametrize("scale", [0, 1, 18, 19, 20])
def test_the_seam_between_fast_and_slow_amounts_is_exact(digits: int, scale: int) -> None:
    texts = ["9" * digits, "1" + "0" * (digits - 1), "0." + "9" * digits]
    for text in texts:
        refused: list[AmountReason] = []

        def refuse(_: int, reason: AmountReason, kept: list[AmountReason] = refused) -> None:
            kept.append(reason)

        amounts = parse_amounts([text], np.array([scale]), refuse)
        assert (refused or int(amounts.high[0]) << 64 | int(amounts.low[0])) == one_by_one(text, scale)
