"""The auditor's check of what is owed: everything again from the leaves up, against what was signed.

In: the columns of the auditor's folder and the attestation's snapshot section. Out: five checks, in this order:
accounts   every id follows the rules, none stands twice, under one kind or under two; every account has a leaf
leaves     the folder's trees are the signed ones with the signed counts; one leaf an account; no zero and zero,
           but where the exchange's own log stands behind the snapshot
trees      every commitment, leaf, node and asset root recomputed; the roots are the signed ones
sums       the recomputed sums are the signed ones, and none is over 2^128-1
statements every leaf is the sum of its lines; every statement recomputed; the account root is the signed one
Cost: that of building the trees, and about 0.1 us an account for plain ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger.canonical import from_hex
from ledger.errors import CheckFailed
from ledger.identity import subaccount_problem
from por.liabilities.folder import Columns
from por.liabilities.kernels import AmountOverflow, Blob, Bytes2D, Kernel, unpack_amount
from por.liabilities.rebuild import Progress, Rebuilt, rebuild
from por.verify.accounts import check_identities

__all__ = ["LIABILITY_CHECKS", "Finding", "check_liabilities"]

LIABILITY_CHECKS = ("accounts", "leaves", "trees", "sums", "statements")

Finding = tuple[str, str, str]
"""(name, result, detail); what passes here is proven, because it was computed."""


def check_liabilities(
    columns: Columns, snapshot: Mapping[str, Any], kernel: Kernel, progress: Progress | None = None
) -> tuple[list[Finding], Rebuilt | None]:
    """The five checks, and the rebuilt trees where they could be built."""
    findings: list[Finding] = []

    def check(name: str, test: Callable[[], str]) -> None:
        try:
            findings.append((name, "pass", test()))
        except CheckFailed as failure:
            findings.append((name, "fail", str(failure)))

    check("accounts", lambda: _check_accounts(columns))
    check("leaves", lambda: _check_leaves(columns, snapshot))
    if findings[-1][1] == "fail":
        findings += [(name, "unchecked", "the leaves are not the signed ones") for name in LIABILITY_CHECKS[2:]]
        return findings, None
    if not bool(_owned(columns).all()):  # then there is a statement without leaves, which has no hash
        findings += [(name, "unchecked", "an account has no leaf") for name in LIABILITY_CHECKS[2:]]
        return findings, None
    try:
        rebuilt = rebuild(columns, [tree["scale"] for tree in snapshot["trees"]], kernel, progress)
    except AmountOverflow as overflow:
        findings += [("trees", "unchecked", "a sum is too large"), ("sums", "fail", str(overflow))]
        return [*findings, ("statements", "unchecked", "a sum is too large")], None
    check("trees", lambda: _check_roots(rebuilt, snapshot))
    check("sums", lambda: _check_sums(rebuilt, snapshot))
    check("statements", lambda: _check_statements(rebuilt, snapshot, kernel))
    return findings, rebuilt


def _check_accounts(columns: Columns) -> str:
    check_identities(Blob(columns.identities, columns.offsets))
    for name in columns.subaccounts:
        if subaccount_problem(name) is not None:
            raise CheckFailed("a subaccount's name breaks the rules")
    owned = _owned(columns)
    if not bool(owned.all()):
        raise CheckFailed(f"account {int(np.flatnonzero(~owned)[0])} has no leaf")
    return f"{columns.account_count:,} accounts, each with its own id and at least one leaf"


def _owned(columns: Columns) -> NDArray[np.bool_]:
    """Which accounts have a leaf in some tree."""
    owned = np.zeros(columns.account_count, np.bool_)
    for tree in columns.trees:
        owned[tree.accounts] = True
    return owned


def _check_leaves(columns: Columns, snapshot: Mapping[str, Any]) -> str:
    if columns.snapshot != snapshot["snapshot"]:
        raise CheckFailed("the folder is of another snapshot")
    signed = [(tree["entity"], tree["asset"]) for tree in snapshot["trees"]]
    if [(tree.entity, tree.asset) for tree in columns.trees] != signed:
        raise CheckFailed("the folder's trees are not the signed ones")
    if columns.account_count != snapshot["accounts"]["count"]:
        raise CheckFailed(f"{columns.account_count} accounts where {snapshot['accounts']['count']} are signed")
    for tree, row in zip(columns.trees, snapshot["trees"], strict=True):
        name = f"{tree.entity}/{tree.asset}"
        if len(tree.accounts) != row["leaves"]:
            raise CheckFailed(f"{name} has {len(tree.accounts)} leaves where {row['leaves']} are signed")
        if len(tree.accounts) and int(np.bincount(tree.accounts).max()) > 1:
            raise CheckFailed(f"{name} has two leaves of one account")
        if snapshot["ledger"] is None and _has_zero_row(tree.amounts):
            raise CheckFailed(f"{name} has a leaf of zero and zero")
    total = sum(len(tree.accounts) for tree in columns.trees)
    return f"{total:,} leaves in {len(signed)} trees, none twice"


def _has_zero_row(amounts: Bytes2D) -> bool:
    """A row of 32 zero bytes is there; four words a row, because reducing single bytes takes ten times as long."""
    words = np.ascontiguousarray(amounts).view(np.uint64)
    some = words[:, 0] | words[:, 1] | words[:, 2] | words[:, 3]
    return not bool(some.all())


def _check_roots(rebuilt: Rebuilt, snapshot: Mapping[str, Any]) -> str:
    for root, row in zip(rebuilt.roots, snapshot["trees"], strict=True):
        if root != from_hex(row["root"], 32):
            raise CheckFailed(f"{row['entity']}/{row['asset']}: the leaves give another root than the signed one")
    return f"{len(rebuilt.roots)} roots recomputed from their leaves"


def _check_sums(rebuilt: Rebuilt, snapshot: Mapping[str, Any]) -> str:
    for levels, row in zip(rebuilt.trees, snapshot["trees"], strict=True):
        if unpack_amount(levels.top) != (int(row["claims"]), int(row["debts"])):
            raise CheckFailed(f"{row['entity']}/{row['asset']}: the leaves add up to other sums than the signed ones")
    return f"claims and debts of {len(rebuilt.trees)} trees added up again"


def _check_statements(rebuilt: Rebuilt, snapshot: Mapping[str, Any], kernel: Kernel) -> str:
    lines = rebuilt.lines
    if lines is not None:
        if any(_has_zero_row(tree.lines.amounts) for tree in rebuilt.columns.trees):
            raise CheckFailed("a statement has a line of zero and zero")
        amounts = np.concatenate([tree.amounts for tree in rebuilt.columns.trees])
        try:
            sums = kernel.grouped_sums(lines.amounts, lines.offsets)
        except AmountOverflow as overflow:
            raise CheckFailed(str(overflow)) from None
        if not np.array_equal(sums, amounts):
            raise CheckFailed("a statement's lines do not add up to its leaf")
        _check_no_spelled_out_main_line(rebuilt)
    if rebuilt.account_root != from_hex(snapshot["accounts"]["root"], 32):
        raise CheckFailed("the statements give another account root than the signed one")
    return f"{rebuilt.columns.account_count:,} statements hold the same leaves and sums as the trees"


def _check_no_spelled_out_main_line(rebuilt: Rebuilt) -> None:
    """A leaf with just its main line has no records (bundle.md section 1): one spelling for one statement."""
    names = rebuilt.columns.subaccounts
    if "" not in names:
        return
    main = names.index("")
    for tree in rebuilt.columns.trees:
        slots = tree.lines.slot.astype(np.int64)
        single = np.bincount(slots, minlength=1)[slots] == 1 if len(slots) else np.empty(0, np.bool_)
        if bool((single & (tree.lines.subaccount == main)).any()):
            raise CheckFailed("a lines file spells out a statement's only line")
