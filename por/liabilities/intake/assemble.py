"""From gathered lines to sorted trees: duplicates found, zeros dropped, leaves summed.

Everything is by sorting: one composite key of tree, account and subaccount a line, so that neither duplicates nor
groups need a Python object for each line.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from por.liabilities.aggregate import sum_runs
from por.liabilities.intake.collector import Collector

__all__ = ["Lines", "Trees", "assemble"]

U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]


class Lines(NamedTuple):
    """Lines with an amount, sorted by tree, account and subaccount; `row` counts lines as they were gathered."""

    tree: U32
    account: U32
    subaccount: U32
    amounts: NDArray[np.uint8]
    row: U32


class Trees(NamedTuple):
    """What `por.liabilities.books.Books` is made of; accounts by their codes in the collector."""

    trees: list[tuple[str, str]]
    subaccounts: list[str]
    lines: Lines
    leaf_tree: U32
    leaf_account: U32
    leaf_amounts: NDArray[np.uint8]
    leaf_line_offsets: U64
    tree_leaf_offsets: U64


def assemble(collector: Collector) -> Trees:
    """Sort what `collector` gathered into trees. Raises `InputErrors` with all problems, its own added."""
    entities, subaccounts = collector.entities.names(), collector.subaccounts.names()
    count = len(collector.assets)
    by_name = sorted((entities[code // count], collector.assets[code % count].name, code) for code in collector.trees)
    tree_rank = np.zeros(len(entities) * count, np.uint32)
    tree_rank[[code for _, _, code in by_name]] = np.arange(len(by_name))
    ordered = sorted(range(len(subaccounts)), key=lambda code: subaccounts[code])
    subaccount_rank = np.empty(len(ordered), np.uint32)
    subaccount_rank[ordered] = np.arange(len(ordered))
    tree = tree_rank[cast(U32, collector.line_tree.take())]
    account = cast(U32, collector.line_account.take())
    subaccount = subaccount_rank[cast(U32, collector.line_subaccount.take())]
    sizes = len(by_name), max(collector.accounts.count, 1), len(subaccounts)
    order, is_repeat = _sort(tree, account, subaccount, sizes)
    row = cast(U32, collector.line_row.take())
    _refuse_repeats(collector, row, order, is_repeat)
    collector.problems.raise_if_any()
    order, amounts = _amounts_in_order(collector, order)
    lines = Lines(tree[order], account[order], subaccount[order], amounts, order.astype(np.uint32))
    del tree, account, subaccount, order, amounts  # room for the sums
    return _leaves(collector, [(entity, asset) for entity, asset, _ in by_name], sorted(subaccounts), lines, row)


def _sort(
    tree: U32, account: U32, subaccount: U32, sizes: tuple[int, int, int]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The stable order by tree, account, subaccount, and for each place in it whether it repeats the one before."""
    if sizes[0] * sizes[1] * sizes[2] < 2**64:
        key = tree.astype(np.uint64)
        key *= np.uint64(sizes[1])
        key += account
        key *= np.uint64(sizes[2])
        key += subaccount
        order = np.argsort(key, kind="stable")
        key = key[order]
        same = key[1:] == key[:-1]
    else:
        order = np.lexsort((subaccount, account, tree))
        same = np.ones(max(len(order) - 1, 0), np.bool_)
        for column in (tree, account, subaccount):
            same &= column[order][1:] == column[order][:-1]
    return order, np.concatenate((np.zeros(min(len(order), 1), np.bool_), same))


def _amounts_in_order(collector: Collector, order: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """`order` without the lines of zero and zero, and the amounts of the others in it."""
    words = collector.line_amounts.take()
    is_nonzero: NDArray[np.bool_] = np.any(words != 0, axis=1)
    order = order[is_nonzero[order]]
    return order, words.view(np.uint8).reshape(-1, 32)[order]


def _refuse_repeats(collector: Collector, row: U32, order: NDArray[np.intp], is_repeat: NDArray[np.bool_]) -> None:
    """Report each line whose account, subaccount, entity and asset stood on an earlier row, and each user twice."""
    remedy = "Add the two rows up, or give them different subaccounts"
    for place in np.flatnonzero(is_repeat).tolist():
        line, earlier = int(order[place]), int(order[place - 1])
        file, other = _file_of(collector.line_files, line), _file_of(collector.line_files, earlier)
        where = f"row {int(row[earlier])}" + ("" if file == other else f" of {other}")
        problem = f"the same account, subaccount, entity and asset as {where}"
        collector.problems.add(file, problem, remedy, row=int(row[line]), column="account")
    holder, holder_row = collector.holder_account.take(), collector.holder_row.take()
    order = np.argsort(holder, kind="stable")
    for place in np.flatnonzero(holder[order][1:] == holder[order][:-1]).tolist():
        line, earlier = int(order[place + 1]), int(order[place])
        file, other = _file_of(collector.holder_files, line), _file_of(collector.holder_files, earlier)
        where = f"row {int(holder_row[earlier])}" + ("" if file == other else f" of {other}")
        remedy = "Keep one row for each user"
        collector.problems.add(file, f"the same id as {where}", remedy, row=int(holder_row[line]), column="id")


def _file_of(files: list[tuple[str, int]], line: int) -> str:
    """The file that the line came from, `files` holding each file with the count of lines up to its end."""
    return next(file for file, end in files if line < end)


def _leaves(
    collector: Collector, trees: list[tuple[str, str]], subaccounts: list[str], lines: Lines, row: U32
) -> Trees:
    """Sum the lines of each account in each tree, claims to claims and debts to debts, and check every sum."""
    count = len(lines.tree)
    begins = np.ones(count, np.bool_)
    begins[1:] = (lines.tree[1:] != lines.tree[:-1]) | (lines.account[1:] != lines.account[:-1])
    starts = np.flatnonzero(begins)
    offsets = np.append(starts, count).astype(np.uint64)
    amounts, too_large = sum_runs(lines.amounts, offsets, limit_bits=127)
    for leaf, side in np.argwhere(too_large).tolist():
        line = int(lines.row[int(offsets[leaf + 1]) - 1])
        problem = "the account's rows in this asset add up to more than the limit of 2^127 - 1 quanta"
        remedy = "Check the amounts, or lower the asset's scale"
        file, column = _file_of(collector.line_files, line), ("claim", "debt")[side]
        collector.problems.add(file, problem, remedy, row=int(row[line]), column=column)
    leaf_tree = lines.tree[starts]
    tree_offsets = np.searchsorted(leaf_tree, np.arange(len(trees) + 1)).astype(np.uint64)
    _, sums_too_large = sum_runs(amounts, np.unique(tree_offsets), limit_bits=128)
    for tree, side in np.argwhere(sums_too_large).tolist():
        entity, asset = trees[int(leaf_tree[int(np.unique(tree_offsets)[tree])])]
        what = ("claims", "debts")[side]
        problem = f"the {what} of entity {entity} in {asset} add up to 2^128 quanta or more"
        collector.problems.add(collector.line_files[0][0], problem, "Check the amounts, or lower the asset's scale")
    collector.problems.raise_if_any()
    return Trees(trees, subaccounts, lines, leaf_tree, lines.account[starts], amounts, offsets, tree_offsets)
