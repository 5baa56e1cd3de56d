"""From flat arrays to roots: every tree of one snapshot, and the account tree over the same customers.

In: leaves sorted by tree and account, identities, the subaccount lines. Out: a `Forest` that holds the slot of each
row, salts, nodes and roots. Formats: docs/spec/trees.md.

Cost for 6 million leaves in 20 trees and 1 million statements: 21 million short hashes, that is 9 s through hashlib
(13 s with all that lies around them) and 0.8 s in C on two cores; beside them 0.2 s of AES and sorting for salts and
orders, 0.1 s of grouping. Memory: 1.5 GB, most of it nodes (128 bytes a leaf) and salts (32); touching it for the
first time can cost as much as the hashing.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np

from ledger.canonical import Tag, lp, tagged_hash, u64
from ledger.errors import TallystickError
from por.liabilities import secrets
from por.liabilities.forked import WORTH_A_FORK, in_two_processes
from por.liabilities.kernels import (
    U32,
    U64,
    Blob,
    Bytes2D,
    Kernel,
    Levels,
    ProofLines,
    ProofPlan,
    ProofTree,
    pack_names,
    unpack_amount,
)

__all__ = [
    "AccountTree",
    "AssetTree",
    "Forest",
    "Kept",
    "KeptTree",
    "Lines",
    "TreeName",
    "account_context",
    "account_root",
    "asset_context",
    "asset_root",
    "build",
    "draw",
    "present_accounts",
    "proof_plan",
    "rebuild_from_slots",
    "tree_bounds",
]

DRAWING_THREADS: Final = 4
NO_LINES: Final = np.empty((0, 32), dtype=np.uint8)

TreeName = tuple[str, str, int]
"""(entity, asset, scale)."""


def _names(*parts: str) -> bytes:
    return b"".join(map(lp, parts))


def asset_context(snapshot_id: str, entity: str, asset: str) -> bytes:
    """`H(03, lp(snapshot id) ‖ lp(entity) ‖ lp(asset))`, section 1."""
    return tagged_hash(Tag.ASSET_CONTEXT, _names(snapshot_id, entity, asset))


def account_context(snapshot_id: str) -> bytes:
    """`H(11, lp(snapshot id))`, section 5."""
    return tagged_hash(Tag.ACCOUNT_CONTEXT, _names(snapshot_id))


def asset_root(snapshot_id: str, name: TreeName, count: int, top: bytes) -> bytes:
    """`H(02, lp(snapshot id) ‖ lp(entity) ‖ lp(asset) ‖ u8(scale) ‖ u64(n) ‖ top node)`, section 4."""
    entity, asset, scale = name
    assert len(top) == 64
    assert 0 <= scale <= 38
    return tagged_hash(Tag.ASSET_ROOT, _names(snapshot_id, entity, asset) + bytes([scale]) + u64(count) + top)


def account_root(snapshot_id: str, count: int, top: bytes) -> bytes:
    """`H(07, lp(snapshot id) ‖ u64(count) ‖ top)`, section 5."""
    assert len(top) == 32
    return tagged_hash(Tag.ACCOUNT_ROOT, _names(snapshot_id) + u64(count) + top)


@dataclass(frozen=True)
class Lines:
    """Subaccount lines: leaf row j has the lines `offsets[j]` to `offsets[j + 1]`, rising by name.

    offsets u64[m + 1], subaccount u32[L] into `names` (entry = `lp(subaccount)`), amounts u8[L, 32].
    """

    offsets: U64
    subaccount: U32
    amounts: Bytes2D
    names: Blob


@dataclass(frozen=True)
class KeptTree:
    """What the exchange keeps of one tree to build it again: slot of each row u64[n], salt of each slot u8[n, 32]."""

    slots: U64
    salts: Bytes2D


@dataclass(frozen=True)
class Kept:
    """What the exchange keeps of one snapshot: a `KeptTree` for each asset tree and one for the account tree."""

    trees: tuple[KeptTree, ...]
    accounts: KeptTree


@dataclass(frozen=True)
class AssetTree:
    """One Merkle-sum tree. Row i of the tree is leaf row `first_row + i` of the input and stands at `slots[i]`."""

    entity: str
    asset: str
    scale: int
    context: bytes
    first_row: int
    slots: U64
    salts: Bytes2D
    levels: Levels
    root: bytes
    claims: int
    debts: int

    @property
    def count(self) -> int:
        """Number of leaves."""
        return self.levels.count


@dataclass(frozen=True)
class AccountTree:
    """The tree of statements, over the accounts that have a leaf.

    `accounts` u32[a] are their numbers in rising order; account i of them stands at `slots[i]`, its leaves are the rows
    `rows[offsets[i]:offsets[i + 1]]` of the input, rising by tree.
    """

    accounts: U32
    slots: U64
    salts: Bytes2D
    statement_hashes: Bytes2D
    offsets: U64
    rows: U64
    levels: Levels
    root: bytes

    @property
    def count(self) -> int:
        """Number of accounts."""
        return self.levels.count


@dataclass(frozen=True)
class Forest:
    """Every tree of one snapshot. `leaf_slot` u64[m] is the slot of each input row in its own tree."""

    snapshot_id: str
    trees: tuple[AssetTree, ...]
    accounts: AccountTree
    leaf_slot: U64

    def path(self, tree: int, slot: int) -> bytes:
        """Inclusion path in one asset tree, 64 bytes a sibling; IndexError for a slot that is not there."""
        return self.trees[tree].levels.path(slot)

    def account_path(self, slot: int) -> bytes:
        """Inclusion path in the account tree, 32 bytes a sibling; IndexError for a slot that is not there."""
        return self.accounts.levels.path(slot)

    @property
    def kept(self) -> Kept:
        """Slots and salts, for `rebuild_from_slots`."""
        trees = tuple(KeptTree(tree.slots, tree.salts) for tree in self.trees)
        return Kept(trees, KeptTree(self.accounts.slots, self.accounts.salts))


def proof_plan(
    built: Forest,
    attestation: bytes,
    kinds: Sequence[str],
    account_kind: np.typing.NDArray[np.uint8],
    leaf_tree: U32,
    leaf_amounts: Bytes2D,
    lines: Lines | None = None,
    subaccounts: Sequence[str] = (),
) -> ProofPlan:
    """What `Kernel.proof_records` writes the proofs of a snapshot from.

    `attestation` is the digest, 32 bytes; `account_kind` u8[accounts] indexes `kinds` and has an entry for every
    identity; leaf columns, lines and the names of the subaccounts are those that the forest was built from.
    """
    accounts = built.accounts
    return ProofPlan(
        built.snapshot_id,
        attestation,
        tuple(kinds),
        np.ascontiguousarray(account_kind[accounts.accounts]),
        ProofTree("", "", accounts.levels, accounts.salts),
        accounts.slots,
        accounts.offsets,
        accounts.rows,
        tuple(ProofTree(tree.entity, tree.asset, tree.levels, tree.salts) for tree in built.trees),
        leaf_tree,
        built.leaf_slot,
        leaf_amounts,
        ProofLines(lines.offsets, lines.subaccount, lines.amounts, tuple(subaccounts)) if lines else None,
    )


def draw(snapshot_id: str, master: bytes, trees: Sequence[TreeName], counts: Sequence[int], accounts: int) -> Kept:
    """Salts and orders of a new snapshot (section 7): `counts` leaves in each tree, `accounts` in the account tree."""
    hour = secrets.hour_key(master, snapshot_id)

    def one(name: tuple[str, str], count: int) -> KeptTree:
        slots = secrets.order(secrets.order_stream_key(hour, *name), count)
        return KeptTree(slots, secrets.salts(secrets.salt_stream_key(hour, *name), count))

    names = [("", ""), *((entity, asset) for entity, asset, _ in trees)]
    with ThreadPoolExecutor(DRAWING_THREADS) as pool:  # NumPy sorts without the GIL.
        account_tree, *asset_trees = pool.map(one, names, [accounts, *counts])
    return Kept(tuple(asset_trees), account_tree)


def tree_bounds(trees: Sequence[TreeName], leaf_tree: U32, leaf_account: U32) -> list[int]:
    """First row of each tree and the number of rows. Raises TallystickError if rows or trees are out of order."""
    names = [(entity.encode(), asset.encode()) for entity, asset, _ in trees]
    if any(a >= b for a, b in pairwise(names)):
        raise TallystickError("trees must rise strictly by entity and asset")
    if leaf_tree.size and int(leaf_tree.max()) >= len(trees):
        raise TallystickError("a leaf names a tree that is not in the list")
    same = leaf_tree[1:] == leaf_tree[:-1]
    if np.any(leaf_tree[1:] < leaf_tree[:-1]) or np.any(same & (leaf_account[1:] <= leaf_account[:-1])):
        raise TallystickError("leaves must rise strictly by tree and account: two leaves of one account, or unsorted")
    bounds: list[int] = np.searchsorted(leaf_tree, np.arange(len(trees) + 1)).tolist()
    return bounds


def build(
    snapshot_id: str,
    master: bytes,
    trees: Sequence[TreeName],
    leaf_tree: U32,
    leaf_account: U32,
    leaf_amounts: Bytes2D,
    identities: Blob,
    kernel: Kernel,
    lines: Lines | None = None,
) -> Forest:
    """Every tree of a new snapshot, with salts and orders drawn afresh from `master` (32 bytes).

    Leaves are columns of m rows, strictly rising by tree (u32, index into `trees`, itself rising by entity and asset)
    and account (u32, index into `identities`); amounts u8[m, 32]. Without `lines` each leaf is one line of the main
    subaccount. Raises TallystickError for rows out of order and AmountOverflow.
    """
    bounds = tree_bounds(trees, leaf_tree, leaf_account)
    counts = np.diff(bounds).tolist()
    accounts = int(np.count_nonzero(present_accounts(leaf_account, identities.count)))
    kept = draw(snapshot_id, master, trees, counts, accounts)
    return rebuild_from_slots(
        snapshot_id, kept, trees, leaf_tree, leaf_account, leaf_amounts, identities, kernel, lines
    )


def rebuild_from_slots(
    snapshot_id: str,
    kept: Kept,
    trees: Sequence[TreeName],
    leaf_tree: U32,
    leaf_account: U32,
    leaf_amounts: Bytes2D,
    identities: Blob,
    kernel: Kernel,
    lines: Lines | None = None,
) -> Forest:
    """As `build`, with the slots and salts of a kept list; gives the same roots for the same leaves.

    Raises ValueError if a kept list does not fit the rows or gives a place twice.
    """
    bounds = tree_bounds(trees, leaf_tree, leaf_account)
    if len(kept.trees) != len(trees):
        raise ValueError(f"{len(kept.trees)} kept trees for {len(trees)} trees")
    leaf_slot = np.empty(leaf_tree.size, dtype=np.uint64)
    jobs, sizes = [], []
    for (entity, asset, _), keep, first, end in zip(trees, kept.trees, bounds[:-1], bounds[1:], strict=True):
        context = asset_context(snapshot_id, entity, asset)
        accounts, amounts = leaf_account[first:end], leaf_amounts[first:end]
        jobs.append(partial(_levels, context, keep, accounts, amounts, identities, kernel))
        sizes.append(end - first)
        leaf_slot[first:end] = keep.slots
    # The C kernel uses both cores by itself; the NumPy kernel hashes in Python and needs a second process for that.
    forks = kernel.name == "numpy" and leaf_tree.size >= WORTH_A_FORK
    levels = in_two_processes(jobs, sizes) if forks else [job() for job in jobs]
    built = [
        _asset_tree(snapshot_id, name, keep, first, nodes)
        for name, keep, first, nodes in zip(trees, kept.trees, bounds[:-1], levels, strict=True)
    ]
    account_tree = _account_tree(
        snapshot_id, kept.accounts, trees, leaf_tree, leaf_slot, leaf_account, leaf_amounts, identities, kernel, lines
    )
    return Forest(snapshot_id, tuple(built), account_tree, leaf_slot)


def _levels(
    context: bytes, keep: KeptTree, accounts: U32, amounts: Bytes2D, identities: Blob, kernel: Kernel
) -> Levels:
    return kernel.levels(kernel.leaves(context, keep.salts, accounts, identities, amounts, None, keep.slots))


def _asset_tree(snapshot_id: str, name: TreeName, keep: KeptTree, first_row: int, levels: Levels) -> AssetTree:
    entity, asset, scale = name
    context = asset_context(snapshot_id, entity, asset)
    claims, debts = unpack_amount(levels.top)
    root = asset_root(snapshot_id, name, levels.count, levels.top)
    return AssetTree(entity, asset, scale, context, first_row, keep.slots, keep.salts, levels, root, claims, debts)


def present_accounts(leaf_account: U32, account_count: int) -> np.typing.NDArray[np.bool_]:
    """Which accounts have a leaf."""
    if leaf_account.size and int(leaf_account.max()) >= account_count:
        raise TallystickError("a leaf names an account without an identity")
    present = np.zeros(account_count, dtype=np.bool_)
    present[leaf_account] = True
    return present


def _account_tree(
    snapshot_id: str,
    keep: KeptTree,
    trees: Sequence[TreeName],
    leaf_tree: U32,
    leaf_slot: U64,
    leaf_account: U32,
    leaf_amounts: Bytes2D,
    identities: Blob,
    kernel: Kernel,
    lines: Lines | None,
) -> AccountTree:
    bounds, rows = kernel.group(leaf_account, identities.count)
    accounts = np.flatnonzero(bounds[1:] > bounds[:-1]).astype(np.uint32)
    offsets = np.append(bounds[accounts], bounds[-1:])
    hashes = kernel.statement_hashes(
        offsets,
        leaf_tree,
        leaf_slot,
        leaf_amounts,
        pack_names((entity, asset) for entity, asset, _ in trees),
        lines.offsets if lines else None,
        lines.subaccount if lines else np.empty(0, dtype=np.uint32),
        lines.amounts if lines else NO_LINES,
        lines.names if lines else pack_names([]),
        rows,
    )
    context = account_context(snapshot_id)
    leaves = kernel.account_leaves(context, keep.salts, identities, accounts, hashes, keep.slots)
    levels = kernel.levels32(leaves)
    root = account_root(snapshot_id, levels.count, levels.top)
    return AccountTree(accounts, keep.slots, keep.salts, hashes, offsets, rows, levels, root)
