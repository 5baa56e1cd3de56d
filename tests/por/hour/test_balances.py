"""Balances at the cut: sorted and summed as a plain loop does it, and refused where a loop would be wrong."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import CheckFailed, FormatError
from por.hour.balances import AccountRow, BalanceRow, CutBalances, sort_balances
from por.liabilities.kernels import Blob, unpack_amount, with_lengths

NAMES = [("main", "BTC", 8), ("main", "ETH", 9), ("second", "BTC", 8)]
PEOPLE = [f"p{number}" for number in range(5)]
ACCOUNTS = [AccountRow(person, "assigned", person) for person in PEOPLE]
AMOUNT = st.sampled_from([0, 1, 2**62, 2**63 - 1])
ROWS = st.dictionaries(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(PEOPLE), st.sampled_from(["", "bot", "x"])),
    st.tuples(AMOUNT, AMOUNT),
)


def collected(rows):
    return CutBalances.collect(
        NAMES, ACCOUNTS, [BalanceRow(n[0], who, sub, n[1], *both) for (n, who, sub), both in rows]
    )


@settings(max_examples=60)
@given(rows=ROWS, seed=st.integers(0, 99))
def test_lines_and_leaves_are_those_of_a_plain_loop(rows, seed):
    items = list(rows.items())
    random.Random(seed).shuffle(items)
    found = sort_balances(collected(items))
    lines, leaves = {}, {}
    for (name, who, sub), (claim, debt) in items:
        if claim or debt:
            key = NAMES.index(name), PEOPLE.index(who)
            lines[(*key, sub)] = (claim, debt)
            before = leaves.get(key, (0, 0))
            leaves[key] = (before[0] + claim, before[1] + debt)
    names = sorted({"", *(sub for _, _, sub in rows)})
    keys = zip(found.tree.tolist(), found.account.tolist(), found.subaccount.tolist(), strict=True)
    assert [(*key[:2], names[key[2]]) for key in keys] == sorted(lines)
    assert [unpack_amount(row.tobytes()) for row in found.amounts] == [lines[key] for key in sorted(lines)]
    assert list(zip(found.leaf_tree.tolist(), found.leaf_account.tolist(), strict=True)) == sorted(leaves)
    assert [unpack_amount(row.tobytes()) for row in found.leaf_amounts] == [leaves[key] for key in sorted(leaves)]


def test_what_is_twice_too_large_or_unknown_is_refused():
    good = collected([((NAMES[0], "p0", ""), (1, 0)), ((NAMES[0], "p1", ""), (1, 0))])
    with pytest.raises(CheckFailed, match="two balances"):
        sort_balances(replace(good, account=np.zeros(2, np.uint32)))
    for column in ("claims", "debts"):
        with pytest.raises(FormatError, match="63 bits"):
            sort_balances(replace(good, **{column: np.array([1, 2**63], np.uint64)}))
    for column, value in (("account", 5), ("tree", 3)):
        with pytest.raises(CheckFailed, match="not listed"):
            sort_balances(replace(good, **{column: np.array([0, value], np.uint32)}))
    for row in (BalanceRow("main", "nobody", "", "BTC", 1, 0), BalanceRow("main", "p0", "", "XRP", 1, 0)):
        with pytest.raises(CheckFailed, match="not listed"):
            CutBalances.collect(NAMES, ACCOUNTS, [row])


@given(st.lists(st.binary(max_size=9), max_size=9) | st.lists(st.binary(min_size=3, max_size=3), max_size=9))
def test_lengths_are_put_before_every_entry(entries):
    assert with_lengths(Blob.pack(entries)).entries == tuple(len(e).to_bytes(4, "big") + e for e in entries)
