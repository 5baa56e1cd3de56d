"""Live trees: at any moment the root is that of a full rebuild from slots, salts and amounts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from por.liabilities import secrets
from por.liabilities.forest import asset_context, asset_root
from por.liabilities.kernels import AMOUNT_MAX, AmountOverflow, available, pack_identities, select
from por.liabilities.live import LiveForest

SNAPSHOT = "small.exchange/2026-11-20T02:00:00Z/0"
NAMES = [("main", "BTC", 8), ("main", "ETH", 9)]
MASTER = b"m" * 32
PEOPLE = [f"{number}@example.com" for number in range(12)]


def forest_of(kernel="plain", people=PEOPLE):
    forest = LiveForest(SNAPSHOT, MASTER, NAMES, select(kernel))
    for entry in pack_identities("email", people).entries:
        forest.add_account(entry)
    return forest


def rebuilt_root(forest, tree):
    """From the kept slots and salts and the tree's amounts alone, with the plain kernel."""
    live, kernel = forest.trees[tree], select("plain")
    identities = pack_identities("email", PEOPLE)
    entity, asset, _ = live.name
    accounts = np.array(live.accounts, np.uint32)
    context = asset_context(SNAPSHOT, entity, asset)
    levels = kernel.levels(kernel.leaves(context, forest.salts(tree), accounts, identities, live.amounts))
    return asset_root(SNAPSHOT, live.name, levels.count, levels.top)


CHANGES = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 11), st.integers(0, 2**70), st.integers(0, 5), st.booleans()),
    max_size=30,
)


@pytest.mark.parametrize("kernel", available())
@settings(max_examples=30)
@given(opening=st.lists(st.integers(0, 11), unique=True), changes=CHANGES)
def test_the_live_root_is_the_root_of_a_rebuild(kernel, opening, changes):
    forest = forest_of(kernel)
    forest.open(0, [(account, account * 10, 0) for account in opening])
    expected = {0: {a: (a * 10, 0) for a in opening if a}, 1: {}}
    for tree, account, claim, debt, is_refreshed in changes:
        forest.change(tree, account, claim, debt)
        expected[tree][account] = (claim, debt)
        if is_refreshed:
            forest.refresh()
    forest.refresh()
    for tree in (0, 1):
        assert forest.root(tree) == rebuilt_root(forest, tree)
        sums = tuple(sum(amounts[side] for amounts in expected[tree].values()) for side in (0, 1))
        assert forest.trees[tree].sums == sums


def test_a_leaf_that_falls_to_zero_keeps_its_slot_and_a_newcomer_is_last():
    forest = forest_of()
    forest.open(0, [(1, 5, 0), (2, 6, 0), (3, 7, 0)])
    slots = dict(forest.trees[0].slots)
    forest.change(0, 2, 0, 0)
    forest.change(0, 9, 1, 0)
    forest.change(0, 8, 0, 0)
    forest.refresh()
    assert {account: forest.trees[0].slots[account] for account in slots} == slots
    assert forest.trees[0].slots[9] == 3
    assert 8 not in forest.trees[0].slots


def test_the_order_of_the_opening_is_that_of_the_hours_stream():
    forest = forest_of()
    forest.open(0, [(account, 1, 0) for account in range(12)])
    key = secrets.order_stream_key(secrets.hour_key(MASTER, SNAPSHOT), "main", "BTC")
    assert [forest.trees[0].slots[account] for account in range(12)] == secrets.order(key, 12).tolist()


def test_a_sum_that_is_too_large_changes_nothing():
    forest = forest_of()
    forest.open(0, [(1, AMOUNT_MAX - 5, 0), (2, 5, 0)])
    before = forest.root(0)
    forest.change(0, 2, 6, 0)
    with pytest.raises(AmountOverflow):
        forest.refresh()
    assert forest.root(0) == before
