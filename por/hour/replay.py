"""Balances that an auditor's replay of the log gave, against what a bundle says was owed.

In: a bundle with liabilities/ and replay/, and the balances after the replay, by the log's own account ids. Out: three
checks. Slots and salts are taken from the bundle, because they say nothing of amounts; every amount, node, root and
statement comes from the replay:
replay-balances    every balance of the replay has its leaf with the same amounts, and no leaf has more
replay-trees       the roots over the replayed amounts are the signed ones
replay-statements  the statements over the replayed lines give the signed account root; *unchecked* without lines
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ledger.errors import CheckFailed, FormatError
from por.bundle import LOG_ACCOUNTS, REPLAY
from por.files import plain_size, read_document
from por.hour.balances import BalanceRow, CutBalances, SortedBalances, sort_balances
from por.liabilities.folder import FOLDER, Columns, Lines, TreeColumns, read_folder
from por.liabilities.kernels import AmountOverflow, Blob, Bytes2D, Kernel
from por.liabilities.rebuild import rebuild
from por.verify.standalone import Check, Malformed, read_attestation

__all__ = ["REPLAY_CHECKS", "compare_replay"]

REPLAY_CHECKS = ("replay-balances", "replay-trees", "replay-statements")


def compare_replay(
    bundle: Path, balances: Iterable[BalanceRow], kernel: Kernel, *, has_lines: bool = True
) -> list[Check]:
    """The three checks; never raises for what is in the bundle. `has_lines`: the rows tell subaccounts apart."""
    try:
        snapshot = read_attestation(read_document(bundle / "attestation.json"))["sections"]["snapshot"]
        columns = read_folder(bundle / FOLDER)
        log_ids = _read_log_ids(bundle / REPLAY / LOG_ACCOUNTS, columns.account_count)
    except KeyError:
        return _answers(("fail", "the bundle is of an hour without balances"))
    except (CheckFailed, FormatError, Malformed) as problem:
        return _answers(("fail", f"the bundle cannot be read: {problem}"))
    except OSError:
        return _answers(("unchecked", "attestation.json, liabilities/ or replay/ was not handed over"))
    try:
        rows = _rows(balances, columns, snapshot, log_ids)
        fresh, differing = _replayed(columns, *rows)
    except (CheckFailed, FormatError) as problem:
        return _answers(("fail", str(problem)))
    if differing:
        return _answers(("fail", f"{differing} leaves have other amounts than the replay"))
    try:
        rebuilt = rebuild(fresh if has_lines else columns, [tree["scale"] for tree in snapshot["trees"]], kernel)
    except AmountOverflow as problem:
        return _answers(("fail", str(problem)))
    leaves = sum(len(tree.accounts) for tree in columns.trees)
    signed = [bytes.fromhex(tree["root"]) for tree in snapshot["trees"]]
    wrong = [
        f"{t.entity}/{t.asset}" for t, one, two in zip(columns.trees, rebuilt.roots, signed, strict=True) if one != two
    ]
    trees = ("fail", f"another root: {', '.join(wrong)}") if wrong else ("pass", f"{len(signed)} roots from the replay")
    statements = ("unchecked", "the replay's balances do not tell subaccounts apart")
    if has_lines:
        is_same = rebuilt.account_root.hex() == snapshot["accounts"]["root"]
        words = "give the signed account root" if is_same else "give another account root than the signed one"
        statements = ("pass" if is_same else "fail", f"the statements over the replayed lines {words}")
    return _answers(("pass", f"{leaves:,} leaves are what the replay gives"), trees, statements)


def _answers(*found: tuple[str, str]) -> list[Check]:
    """The checks in order; those that were not reached are unchecked."""
    first = found[0][0]
    rest = [("unchecked", "not reached, because replay-balances did not pass")] * (len(REPLAY_CHECKS) - len(found))
    rest = [found[0]] * len(rest) if first == "unchecked" else rest
    return [
        Check(name, result, False, "proven" if result == "pass" else None, detail)
        for name, (result, detail) in zip(REPLAY_CHECKS, [*found, *rest], strict=True)
    ]


def _read_log_ids(path: Path, count: int) -> dict[str, int]:
    """The slot in the account tree of each of the log's account ids (bundle.md section 2)."""
    plain_size(path)
    data = path.read_bytes()
    found: dict[str, int] = {}
    at = 0
    for slot in range(count):
        size = int.from_bytes(data[at : at + 4], "big")
        text = data[at + 4 : at + 4 + size]
        if len(text) != size or at + 4 > len(data):
            raise CheckFailed("replay/accounts.bin ends inside a record")
        try:
            found[text.decode()] = slot
        except UnicodeDecodeError:
            raise FormatError("replay/accounts.bin holds bytes that are no text") from None
        at += 4 + size
    if at != len(data) or len(found) != count:
        raise CheckFailed("replay/accounts.bin has other records than one for each account")
    return found


def _rows(
    balances: Iterable[BalanceRow], columns: Columns, snapshot: dict[str, Any], log_ids: dict[str, int]
) -> tuple[SortedBalances, tuple[str, ...]]:
    """The replay's rows sorted and summed, accounts by their slots in the account tree."""
    places = {(tree.entity, tree.asset): place for place, tree in enumerate(columns.trees)}
    rows = [row for row in balances if row.claim or row.debt]
    try:
        account = np.array([log_ids[row.account] for row in rows], np.uint32)
        tree = np.array([places[row.entity, row.asset] for row in rows], np.uint32)
    except KeyError:
        raise CheckFailed("the replay has a balance of an account or asset that the bundle does not have") from None
    names = tuple(sorted({"", *columns.subaccounts, *(row.subaccount for row in rows)}, key=str.encode))
    rank = {name: place for place, name in enumerate(names)}
    count = columns.account_count
    nobody = Blob(np.empty(0, np.uint8), np.zeros(count + 1, np.uint64))
    nothing = np.zeros(count, np.uint8)
    given = CutBalances(
        tuple(
            (tree.entity, tree.asset, row["scale"]) for tree, row in zip(columns.trees, snapshot["trees"], strict=True)
        ),
        tree,
        account,
        np.array([rank[row.subaccount] for row in rows], np.uint32),
        np.array([row.claim for row in rows], np.uint64),
        np.array([row.debt for row in rows], np.uint64),
        names,
        nobody,
        nothing,
        nobody,
        nothing,
    )
    return sort_balances(given), names


def _replayed(columns: Columns, rows: SortedBalances, names: tuple[str, ...]) -> tuple[Columns, int]:
    """The bundle's columns with the replay's amounts and lines, and how many leaves differ in their amounts."""
    bounds = np.searchsorted(rows.leaf_tree, np.arange(len(columns.trees) + 1)).tolist()
    trees, differing = [], 0
    for number, tree in enumerate(columns.trees):
        first, end = bounds[number], bounds[number + 1]
        order = np.argsort(tree.accounts, kind="stable")
        owners = tree.accounts[order]
        places = np.searchsorted(owners, rows.leaf_account[first:end])
        known = np.zeros(end - first, np.bool_)
        inside = places < owners.size
        known[inside] = owners[places[inside]] == rows.leaf_account[first:end][inside]
        if not known.all():
            missing = int(np.count_nonzero(~known))
            raise CheckFailed(f"{tree.entity}/{tree.asset}: {missing} balances of the replay have no leaf")
        slots = order[places]
        amounts: Bytes2D = np.zeros_like(tree.amounts)
        amounts[slots] = rows.leaf_amounts[first:end]
        differing += int(np.count_nonzero((amounts != tree.amounts).any(axis=1)))
        trees.append(replace(tree, amounts=amounts, lines=_lines_of(tree, rows, first, end, slots)))
    return replace(columns, subaccounts=names, trees=tuple(trees)), differing


def _lines_of(
    tree: TreeColumns, rows: SortedBalances, first: int, end: int, slots: np.typing.NDArray[np.intp]
) -> Lines:
    """The explicit lines of one tree, by slot and name: those of leaves that are more than their main line."""
    if first == end:
        return Lines.none()
    offsets = rows.offsets[first : end + 1].astype(np.int64)
    counts, part = np.diff(offsets), slice(int(offsets[0]), int(offsets[-1]))
    subaccounts = rows.subaccount[part]
    simple = (counts == 1) & (subaccounts[offsets[:-1] - offsets[0]] == 0)
    slot = np.repeat(slots.astype(np.uint64), counts)
    keep = np.flatnonzero(~np.repeat(simple, counts))
    keep = keep[np.lexsort((subaccounts[keep], slot[keep]))]
    return Lines(slot[keep], subaccounts[keep], np.ascontiguousarray(rows.amounts[part][keep]))
