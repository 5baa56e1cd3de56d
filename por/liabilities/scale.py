"""The same trees through Dask, for more customers than one machine holds (optional extra `scale`).

In: the arrays of `forest.build` and a Dask client. Out: the same roots and sums, without the nodes, which stay where
they were made and are forgotten. Each worker hashes the leaves and statements of a range of accounts; the leaves are
dealt out by slot; each tree is built over ranges of 2^k slots; the tops of these subtrees, one level of the whole
tree, are joined here. A range of 2^k slots starts at an even index on every level below k, so its last node is promoted
exactly when it is in the whole tree, and the join changes nothing.

Cost: the kernels' own, divided by the workers, plus 64 bytes a leaf across the network and about 2 ms a task.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ledger.errors import TallystickError
from por.liabilities.forest import (
    Kept,
    KeptTree,
    Lines,
    TreeName,
    account_context,
    account_root,
    asset_context,
    asset_root,
    draw,
    present_accounts,
    tree_bounds,
)
from por.liabilities.kernels import U32, U64, Blob, Bytes2D, pack_names, select, unpack_amount

__all__ = ["AssetRoot", "Roots", "build", "local_client"]

ACCOUNT_TREE: Final = -1
"""The place of the account tree among the trees, as the first half of a range's key."""

SLOT_BITS: Final = 20
"""Subtrees of a million leaves: 128 MB of nodes on a worker, and a top of 64 bytes for the join."""

RangeKey = tuple[int, int]
"""(tree, slot >> bits)."""

Piece = tuple[U64, Bytes2D]
"""Slots within a range, and their leaf nodes."""


@dataclass(frozen=True)
class AssetRoot:
    """What the attestation says of one tree."""

    entity: str
    asset: str
    scale: int
    count: int
    claims: int
    debts: int
    root: bytes


@dataclass(frozen=True)
class Roots:
    """Every root of a snapshot; equal to those of `forest.build`."""

    trees: tuple[AssetRoot, ...]
    account_count: int
    account_root: bytes


@dataclass(frozen=True)
class _Part:
    """All that belongs to one range of accounts. Leaf rows stay sorted by tree and account; accounts count from 0."""

    identities: Blob
    tree: U32
    account: U32
    amounts: Bytes2D
    slots: U64
    salts: Bytes2D
    accounts: U32
    account_slots: U64
    account_salts: Bytes2D
    lines: Lines | None


@dataclass(frozen=True)
class _Plan:
    """What every worker needs to know."""

    snapshot_id: str
    trees: tuple[TreeName, ...]
    kernel: str | None
    slot_bits: int


def local_client(workers: int = 2) -> Any:
    """A Dask client with worker processes on this machine. Raises TallystickError without the extra `scale`."""
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise TallystickError("tree building on Dask needs the extra: pip install 'tallystick[scale]'") from None
    options = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
    return distributed.Client(distributed.LocalCluster(n_workers=workers, **options))


def build(
    client: Any,
    snapshot_id: str,
    master: bytes,
    trees: Sequence[TreeName],
    leaf_tree: U32,
    leaf_account: U32,
    leaf_amounts: Bytes2D,
    identities: Blob,
    lines: Lines | None = None,
    *,
    kept: Kept | None = None,
    kernel: str | None = None,
    account_ranges: int = 8,
    slot_bits: int = SLOT_BITS,
) -> Roots:
    """As `forest.build`, spread over the workers of a `distributed.Client`; with `kept`, as `rebuild_from_slots`.

    `kernel` names the kernel of the workers (their best by default). Raises what `forest.build` raises.
    """
    bounds = tree_bounds(trees, leaf_tree, leaf_account)
    present = np.flatnonzero(present_accounts(leaf_account, identities.count)).astype(np.uint32)
    counts = np.diff(bounds).tolist()
    if kept is None:
        kept = draw(snapshot_id, master, trees, counts, present.size)
    plan = _Plan(snapshot_id, tuple(trees), kernel, slot_bits)

    edges = np.linspace(0, present.size, max(1, account_ranges) + 1).astype(np.int64)
    hashed = []
    for first, end in itertools.pairwise(edges):
        if first < end:
            columns = (leaf_tree, leaf_account, leaf_amounts)
            part = _cut(present, int(first), int(end), kept, bounds, columns, identities, lines)
            hashed.append(client.submit(_hash_part, plan, client.scatter(part), pure=False))

    sizes = dict(enumerate(counts)) | {ACCOUNT_TREE: present.size}
    keys = [(tree, place) for tree, count in sizes.items() for place in range(-(-count >> slot_bits))]
    tops = {}
    for key in keys:
        size = min(1 << slot_bits, sizes[key[0]] - (key[1] << slot_bits))
        pieces = [client.submit(_pick, part, key, pure=False) for part in hashed]
        tops[key] = client.submit(_subtree, plan, key, size, pieces, pure=False)
    return _join(plan, sizes, client.gather(tops))


def _join(plan: _Plan, sizes: Mapping[int, int], tops: Mapping[RangeKey, bytes]) -> Roots:
    """The roots over the tops of the subtrees."""
    kernel = select(plan.kernel)

    def top(tree: int, width: int) -> bytes:
        nodes = b"".join(tops[tree, place] for place in range(-(-sizes[tree] >> plan.slot_bits)))
        return kernel.levels(np.frombuffer(nodes, dtype=np.uint8).reshape(-1, width)).top

    assets = []
    for number, name in enumerate(plan.trees):
        node = top(number, 64)
        claims, debts = unpack_amount(node)
        root = asset_root(plan.snapshot_id, name, sizes[number], node)
        assets.append(AssetRoot(*name, sizes[number], claims, debts, root))
    count = sizes[ACCOUNT_TREE]
    return Roots(tuple(assets), count, account_root(plan.snapshot_id, count, top(ACCOUNT_TREE, 32)))


def _cut(
    present: U32,
    first: int,
    end: int,
    kept: Kept,
    bounds: Sequence[int],
    columns: tuple[U32, U32, Bytes2D],
    identities: Blob,
    lines: Lines | None,
) -> _Part:
    """The part of the present accounts first to end-1: in each tree their rows are one run."""
    leaf_tree, leaf_account, leaf_amounts = columns
    low, high = int(present[first]), int(present[end - 1]) + 1
    runs, slots, salts = [], [], []
    for keep, start, stop in zip(kept.trees, bounds[:-1], bounds[1:], strict=True):
        a, b = np.searchsorted(leaf_account[start:stop], [low, high])
        runs.append(np.arange(start + a, start + b))
        slots.append(keep.slots[a:b])
        salts.append(keep.salts[keep.slots[a:b]])
    rows = np.concatenate([np.empty(0, dtype=np.int64), *runs])
    cuts = identities.offsets[low : high + 1]
    own: KeptTree = kept.accounts
    return _Part(
        Blob(identities.data[int(cuts[0]) : int(cuts[-1])], cuts - cuts[0]),
        leaf_tree[rows],
        leaf_account[rows] - np.uint32(low),
        leaf_amounts[rows],
        np.concatenate(slots),
        np.concatenate(salts),
        present[first:end] - np.uint32(low),
        own.slots[first:end],
        own.salts[own.slots[first:end]],
        _cut_lines(lines, rows) if lines else None,
    )


def _cut_lines(lines: Lines, rows: npt.NDArray[np.int64]) -> Lines:
    """The lines of some leaf rows, in the order of these rows."""
    first = lines.offsets[rows].astype(np.int64)
    counts = lines.offsets[rows + 1].astype(np.int64) - first
    offsets = np.concatenate([[0], np.cumsum(counts)])
    chosen = np.repeat(first - offsets[:-1], counts) + np.arange(offsets[-1])
    return Lines(offsets.astype(np.uint64), lines.subaccount[chosen], lines.amounts[chosen], lines.names)


def _hash_part(plan: _Plan, part: _Part) -> dict[RangeKey, Piece]:
    """Leaf nodes of all trees and account leaves of one part, dealt out by range of slots. Runs on a worker."""
    kernel = select(plan.kernel)
    dealt: dict[RangeKey, Piece] = {}
    runs = np.searchsorted(part.tree, np.arange(len(plan.trees) + 1)).tolist()
    for number, (entity, asset, _) in enumerate(plan.trees):
        run = slice(runs[number], runs[number + 1])
        context = asset_context(plan.snapshot_id, entity, asset)
        nodes = kernel.leaves(context, part.salts[run], part.account[run], part.identities, part.amounts[run])
        _deal(dealt, plan.slot_bits, number, part.slots[run], nodes)
    grouped, rows = kernel.group(part.account, part.identities.count)
    lines = part.lines
    hashes = kernel.statement_hashes(
        np.append(grouped[part.accounts], grouped[-1:]),
        part.tree,
        part.slots,
        part.amounts,
        pack_names((entity, asset) for entity, asset, _ in plan.trees),
        lines.offsets if lines else None,
        lines.subaccount if lines else np.empty(0, dtype=np.uint32),
        lines.amounts if lines else np.empty((0, 32), dtype=np.uint8),
        lines.names if lines else pack_names([]),
        rows,
    )
    context = account_context(plan.snapshot_id)
    leaves = kernel.account_leaves(context, part.account_salts, part.identities, part.accounts, hashes)
    _deal(dealt, plan.slot_bits, ACCOUNT_TREE, part.account_slots, leaves)
    return dealt


def _deal(dealt: dict[RangeKey, Piece], slot_bits: int, tree: int, slots: U64, nodes: Bytes2D) -> None:
    """Put each leaf with those of its range of slots."""
    places = slots >> np.uint64(slot_bits)
    for place in np.unique(places).tolist():
        chosen = np.flatnonzero(places == place)
        dealt[tree, place] = slots[chosen] - np.uint64(place << slot_bits), nodes[chosen]


def _pick(dealt: Mapping[RangeKey, Piece], key: RangeKey) -> Piece | None:
    """One range of what a part was dealt out to; runs where the part lies, so that only this piece travels."""
    return dealt.get(key)


def _subtree(plan: _Plan, key: RangeKey, size: int, pieces: Sequence[Piece | None]) -> bytes:
    """The top over one range of slots. Runs on a worker."""
    leaves = np.empty((size, 32 if key[0] == ACCOUNT_TREE else 64), dtype=np.uint8)
    filled = np.zeros(size, dtype=np.bool_)
    for piece in pieces:
        if piece is not None:
            leaves[piece[0]] = piece[1]
            filled[piece[0]] = True
    assert filled.all(), "every slot of a tree has its leaf"
    return select(plan.kernel).levels(leaves).top
