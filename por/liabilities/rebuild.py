"""From the auditor's columns back to every node, root and statement, and from a fresh forest to those columns.

In slot order throughout, so nothing is sorted but the leaves by account. Formats: docs/spec/trees.md, bundle.md.
Cost for 6 million leaves: that of building the forest, without drawing salts and orders.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

from por.liabilities.folder import Columns, Lines, TreeColumns
from por.liabilities.forest import Forest, account_context, account_root, asset_context, asset_root
from por.liabilities.forest import Lines as LeafLines
from por.liabilities.forked import WORTH_A_FORK, in_two_processes
from por.liabilities.kernels import U32, U64, Blob, Bytes2D, Kernel, Levels, pack_names

__all__ = ["Progress", "Rebuilt", "columns_of", "expanded_lines", "rebuild", "taken"]

TAKEN_AT_ONCE: Final = 1 << 15
"""Entries moved together, so that the indexes of their bytes stay in the cache."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Every tree of one snapshot, by slot. Leaf rows are numbered over all trees: `first[t] + slot`.

    Account at slot a owns the leaf rows `rows[bounds[a]:bounds[a + 1]]`, rising by tree.
    """

    columns: Columns
    trees: tuple[Levels, ...]
    roots: tuple[bytes, ...]
    first: tuple[int, ...]
    bounds: U64
    rows: U64
    lines: LeafLines | None
    accounts: Levels
    account_root: bytes


def columns_of(
    forest: Forest,
    leaf_account: U32,
    leaf_amounts: Bytes2D,
    identities: Blob,
    lines: LeafLines | None,
    subaccounts: Sequence[str],
) -> Columns:
    """What the auditor's folder holds of a forest: the same leaves, by slot instead of by row.

    `subaccounts` are the names behind `lines.subaccount`; the folder lists them rising by bytes.
    """
    tree = forest.accounts
    slot_of = np.zeros(identities.count, np.uint32)
    slot_of[tree.accounts] = tree.slots.astype(np.uint32)
    by_slot = np.empty(tree.count, np.int64)
    by_slot[tree.slots] = tree.accounts
    ordered = taken(identities, by_slot)
    order = sorted(range(len(subaccounts)), key=lambda n: subaccounts[n].encode())
    rank = np.empty(len(subaccounts), np.uint32)
    rank[order] = np.arange(len(order), dtype=np.uint32)
    trees = []
    for part in forest.trees:
        rows = slice(part.first_row, part.first_row + part.count)
        owners, amounts = np.empty(part.count, np.uint32), np.empty((part.count, 32), np.uint8)
        owners[part.slots] = slot_of[leaf_account[rows]]
        amounts[part.slots] = leaf_amounts[rows]
        explicit = Lines.none() if lines is None else _explicit_lines(part.first_row, part.slots, lines, rank, order)
        trees.append(TreeColumns(part.entity, part.asset, owners, part.salts, amounts, explicit))
    names = tuple(subaccounts[n] for n in order)
    return Columns(forest.snapshot_id, ordered.data, ordered.offsets, tree.salts, names, tuple(trees))


def taken(blob: Blob, order: NDArray[np.int64]) -> Blob:
    """The entries of a blob in another order: byte by byte through NumPy, some thousands of entries at a time."""
    starts = blob.offsets[:-1].astype(np.int64)[order]
    sizes = np.diff(blob.offsets).astype(np.int64)[order]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    data = np.empty(int(offsets[-1]), np.uint8)
    for first in range(0, order.size, TAKEN_AT_ONCE):
        end = min(first + TAKEN_AT_ONCE, order.size)
        begin, stop = int(offsets[first]), int(offsets[end])
        source = np.repeat(starts[first:end] - offsets[first:end], sizes[first:end])
        data[begin:stop] = blob.data[source + np.arange(begin, stop)]
    return Blob(data, offsets.astype(np.uint64))


def _explicit_lines(first_row: int, slots: U64, lines: LeafLines, rank: U32, order: Sequence[int]) -> Lines:
    """The lines of one tree's leaves that are not simply one line of the main subaccount, by slot and name."""
    offsets = lines.offsets[first_row : first_row + len(slots) + 1].astype(np.int64)
    counts = np.diff(offsets)
    names = rank[lines.subaccount[offsets[0] : offsets[-1]]] if len(slots) else np.empty(0, np.uint32)
    main = [place for place, number in enumerate(order) if lines.names.entries[number] == b"\0\0\0\0"]
    starts = offsets[:-1] - offsets[0] if len(slots) else offsets[:0]
    simple = counts == 1
    if main and len(slots):
        simple &= names[starts] == main[0]
    elif not main:
        simple[:] = False
    slot = np.repeat(slots, counts)
    keep = np.flatnonzero(~np.repeat(simple, counts))
    keep = keep[np.lexsort((names[keep], slot[keep]))]
    amounts = lines.amounts[offsets[0] : offsets[-1]] if len(slots) else np.empty((0, 32), np.uint8)
    return Lines(slot[keep], names[keep].astype(np.uint32), np.ascontiguousarray(amounts[keep]))


def expanded_lines(columns: Columns) -> LeafLines | None:
    """Every leaf's lines, implicit ones written out; None when all leaves have just their main line."""
    if not any(len(tree.lines.slot) for tree in columns.trees):
        return None
    names = pack_names([("",), *((name,) for name in columns.subaccounts)])
    counts, subaccounts, amounts = [], [], []
    for tree in columns.trees:
        explicit = np.bincount(tree.lines.slot.astype(np.int64), minlength=len(tree.accounts))
        implicit = explicit == 0
        count = explicit + implicit
        starts = np.concatenate([[0], np.cumsum(count)])
        name = np.zeros(int(starts[-1]), np.uint32)
        amount = np.empty((int(starts[-1]), 32), np.uint8)
        amount[starts[:-1][implicit]] = tree.amounts[implicit]
        places = np.flatnonzero(np.repeat(~implicit, count))
        name[places], amount[places] = tree.lines.subaccount + 1, tree.lines.amounts
        counts.append(count)
        subaccounts.append(name)
        amounts.append(amount)
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.uint64)
    return LeafLines(offsets, np.concatenate(subaccounts), np.concatenate(amounts), names)


def rebuild(columns: Columns, scales: Sequence[int], kernel: Kernel, progress: Progress | None = None) -> Rebuilt:
    """Recompute everything; `scales` in the order of the trees. Raises AmountOverflow.

    Form was checked when the columns were read; what they mean is for the caller to compare with what was signed.
    """
    report = progress or (lambda stage, done, total: None)
    total = sum(len(tree.accounts) for tree in columns.trees) + columns.account_count
    identities = Blob(columns.identities, columns.offsets)
    bounds, rows, lines = *_group(columns, kernel), expanded_lines(columns)
    done = 0

    def tree_levels(tree: TreeColumns) -> Levels:
        nonlocal done
        context = asset_context(columns.snapshot, tree.entity, tree.asset)
        nodes = kernel.levels(kernel.leaves(context, tree.salts, tree.accounts, identities, tree.amounts))
        done += nodes.count
        report("leaves", done, total)
        return nodes

    jobs = [*(partial(tree_levels, tree) for tree in columns.trees)]
    jobs.append(partial(_account_levels, columns, identities, bounds, rows, lines, kernel))
    sizes = [len(tree.accounts) for tree in columns.trees]
    # The C kernel uses both cores by itself; the NumPy kernel hashes in Python and needs a second process for that.
    forks = kernel.name == "numpy" and sum(sizes) >= WORTH_A_FORK
    *levels, accounts = in_two_processes(jobs, [*sizes, sum(sizes) // 2]) if forks else [job() for job in jobs]
    roots = tuple(
        asset_root(columns.snapshot, (tree.entity, tree.asset, scale), nodes.count, nodes.top)
        for tree, scale, nodes in zip(columns.trees, scales, levels, strict=True)
    )
    report("leaves", total, total)
    root = account_root(columns.snapshot, accounts.count, accounts.top)
    first = tuple(accumulate([0, *sizes[:-1]])) if sizes else ()
    return Rebuilt(columns, tuple(levels), roots, first, bounds, rows, lines, accounts, root)


def _group(columns: Columns, kernel: Kernel) -> tuple[U64, U64]:
    owners = [tree.accounts for tree in columns.trees]
    return kernel.group(np.concatenate(owners) if owners else np.empty(0, np.uint32), columns.account_count)


def _account_levels(
    columns: Columns, identities: Blob, bounds: U64, rows: U64, lines: LeafLines | None, kernel: Kernel
) -> Levels:
    trees = columns.trees
    sizes = [len(tree.accounts) for tree in trees]
    leaf_tree = np.repeat(np.arange(len(trees), dtype=np.uint32), sizes)
    slots = [np.arange(size, dtype=np.uint64) for size in sizes]
    empty = np.empty((0, 32), np.uint8)
    hashes = kernel.statement_hashes(
        bounds,
        leaf_tree,
        np.concatenate(slots) if slots else np.empty(0, np.uint64),
        np.concatenate([tree.amounts for tree in trees]) if trees else empty,
        pack_names((tree.entity, tree.asset) for tree in trees),
        lines.offsets if lines else None,
        lines.subaccount if lines else np.empty(0, np.uint32),
        lines.amounts if lines else empty,
        lines.names if lines else pack_names([]),
        rows,
    )
    everyone = np.arange(columns.account_count, dtype=np.uint32)
    context = account_context(columns.snapshot)
    return kernel.levels32(kernel.account_leaves(context, columns.account_salts, identities, everyone, hashes))
