"""Arrays to roots: the same forest from every kernel, and one checked by hand from the specification."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from ledger.errors import TallystickError
from por.liabilities import forest, secrets
from por.liabilities.kernels import available, lp, pack_amounts, pack_identities, pack_names, select

SNAPSHOT = "demo.exchange/2026-11-23T02:00:00Z/0"
MASTER = bytes(range(32))
TREES = [("main", "BTC", 8), ("main", "ETH", 9), ("main", "USDC", 6), ("other", "BTC", 8)]
IDS = [f"customer{i}@example.com" for i in range(60)]


def columns(seed: int = 1, accounts: int = 60) -> tuple[Any, Any, Any]:
    """Every account but each seventh in some of the trees; nobody in the last tree but one."""
    rng = np.random.default_rng(seed)
    holds = rng.random((len(TREES), accounts)) < 0.6
    holds[2], holds[:, ::7] = False, False
    tree, account = np.nonzero(holds)
    amounts = pack_amounts([(int(a) << 60, int(b)) for a, b in rng.integers(1, 2**60, (tree.size, 2))])
    return tree.astype(np.uint32), account.astype(np.uint32), amounts


def split_lines(tree: Any, amounts: Any) -> forest.Lines:
    """Each leaf in two lines, the main subaccount and one named `savings`."""
    ints = [(int.from_bytes(row[:16].tobytes(), "big"), int.from_bytes(row[16:].tobytes(), "big")) for row in amounts]
    halves = [half for claim, debt in ints for half in ((claim - 1, debt), (1, 0))]
    return forest.Lines(
        np.arange(0, 2 * tree.size + 1, 2, dtype=np.uint64),
        np.tile(np.array([0, 1], dtype=np.uint32), tree.size),
        pack_amounts(halves),
        pack_names([("",), ("savings",)]),
    )


def roots(built: forest.Forest) -> list[bytes]:
    return [*(tree.root for tree in built.trees), built.accounts.root]


@pytest.mark.parametrize("name", available())
@pytest.mark.parametrize("with_lines", [False, True])
def test_every_kernel_grows_the_same_forest(name: str, with_lines: bool) -> None:
    tree, account, amounts = columns()
    lines = split_lines(tree, amounts) if with_lines else None
    arguments = (TREES, tree, account, amounts, pack_identities("email", IDS))
    want = forest.build(SNAPSHOT, MASTER, *arguments, select("plain"), lines)
    got = forest.build(SNAPSHOT, MASTER, *arguments, select(name), lines)
    assert roots(got) == roots(want)
    assert [(t.count, t.claims, t.debts) for t in got.trees] == [(t.count, t.claims, t.debts) for t in want.trees]
    assert roots(forest.rebuild_from_slots(SNAPSHOT, got.kept, *arguments, select(name), lines)) == roots(want)
    assert got.path(1, 3) == want.path(1, 3)
    assert got.account_path(5) == want.account_path(5)
    assert got.trees[2].count == 0
    assert got.trees[2].levels.top == bytes(64)


def test_one_customer_is_where_the_specification_says() -> None:
    tree, account, amounts = columns()
    built = forest.build(
        SNAPSHOT, MASTER, TREES, tree, account, amounts, pack_identities("email", IDS), select("plain")
    )
    own_rows = np.flatnonzero(account == 5)
    hour = secrets.hour_key(MASTER, SNAPSHOT)
    parts = [len(own_rows).to_bytes(4, "big")]
    for row in own_rows.tolist():
        entity, asset, scale = TREES[tree[row]]
        asset_tree = built.trees[tree[row]]
        in_tree = row - asset_tree.first_row
        slot = int(secrets.order(secrets.order_stream_key(hour, entity, asset), asset_tree.count)[in_tree])
        salt = secrets.salts(secrets.salt_stream_key(hour, entity, asset), asset_tree.count)[slot].tobytes()
        names = lp(SNAPSHOT.encode()) + lp(entity.encode()) + lp(asset.encode())
        context = hashlib.sha256(names + b"\x03").digest()
        identity = lp(b"email") + lp(IDS[5].encode())
        amount = amounts[row].tobytes()
        commitment = hashlib.sha256(context + salt + identity + b"\x04").digest()
        leaf = hashlib.sha256(commitment + amount + b"\x00").digest() + amount
        assert asset_tree.levels.level(0)[slot].tobytes() == leaf
        body = names + bytes([scale]) + asset_tree.count.to_bytes(8, "big") + asset_tree.levels.top
        assert asset_tree.root == hashlib.sha256(body + b"\x02").digest()
        parts += [lp(entity.encode()), lp(asset.encode()), slot.to_bytes(8, "big"), amount, b"\0\0\0\1\0\0\0\0", amount]
    accounts = built.accounts
    place = accounts.accounts.tolist().index(5)
    statement_hash = hashlib.sha256(b"".join(parts) + b"\x08").digest()
    assert accounts.statement_hashes[place].tobytes() == statement_hash
    assert 0 not in accounts.accounts
    assert accounts.count == accounts.accounts.size < len(IDS)
    slot = int(accounts.slots[place])
    salt = secrets.salts(secrets.salt_stream_key(hour), accounts.count)[slot].tobytes()
    context = hashlib.sha256(lp(SNAPSHOT.encode()) + b"\x11").digest()
    message = context + salt + lp(b"email") + lp(IDS[5].encode()) + statement_hash + b"\x05"
    assert accounts.levels.level(0)[slot].tobytes() == hashlib.sha256(message).digest()
    body = lp(SNAPSHOT.encode()) + accounts.count.to_bytes(8, "big") + accounts.levels.top
    assert accounts.root == hashlib.sha256(body + b"\x07").digest()


def test_no_leaves_at_all() -> None:
    none = np.empty(0, dtype=np.uint32)
    identities = pack_identities("email", IDS)
    for name in available():
        amounts = np.empty((0, 32), dtype=np.uint8)
        built = forest.build(SNAPSHOT, MASTER, TREES, none, none, amounts, identities, select(name))
        assert built.accounts.count == 0
        assert built.accounts.levels.top == bytes(32)


def test_rows_out_of_order_are_refused() -> None:
    tree, account, amounts = columns()
    identities = pack_identities("email", IDS)
    kernel = select("numpy")
    twice = account.copy()
    twice[1] = twice[0]
    with pytest.raises(TallystickError, match="rise"):
        forest.build(SNAPSHOT, MASTER, TREES, tree, twice, amounts, identities, kernel)
    with pytest.raises(TallystickError, match="rise"):
        forest.build(SNAPSHOT, MASTER, TREES[::-1], tree, account, amounts, identities, kernel)
    with pytest.raises(TallystickError, match="not in the list"):
        forest.build(SNAPSHOT, MASTER, TREES[:-1], tree, account, amounts, identities, kernel)
    with pytest.raises(TallystickError, match="without an identity"):
        forest.build(SNAPSHOT, MASTER, TREES, tree, account, amounts, pack_identities("email", IDS[:9]), kernel)


def test_a_kept_list_that_gives_a_slot_twice_is_refused() -> None:
    tree, account, amounts = columns()
    identities = pack_identities("email", IDS)
    arguments = (TREES, tree, account, amounts, identities, select("numpy"))
    kept = forest.build(SNAPSHOT, MASTER, *arguments).kept
    kept.trees[0].slots[0] = kept.trees[0].slots[1]
    with pytest.raises(ValueError):
        forest.rebuild_from_slots(SNAPSHOT, kept, *arguments)
