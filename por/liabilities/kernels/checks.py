"""What every kernel asks of its arguments before it reads a byte; one place, so that all refuse the same.

All raise ValueError: a wrong shape is a mistake in the calling code, never in a user's file.
"""

from __future__ import annotations

import numpy as np

from por.liabilities.kernels.arrays import (
    SUM_NODE_BYTES,
    U32,
    U64,
    Blob,
    Bytes2D,
    Levels,
    require_bytes,
    require_u32,
    require_u64,
    table,
)
from por.liabilities.kernels.proofs import ProofPlan

__all__ = [
    "check_account_leaves",
    "check_amounts",
    "check_commitments",
    "check_group",
    "check_grouping",
    "check_leaf_nodes",
    "check_new_leaves",
    "check_proofs",
    "check_statements",
    "check_update",
]


def check_below(values: U32 | U64, limit: int, name: str) -> None:
    """Every value is under the limit."""
    if values.size and int(values.max()) >= limit:
        raise ValueError(f"{name} holds {int(values.max())}, and only values under {limit} mean anything")


def places(slots: U64 | None, count: int) -> U64:
    """Where each row goes: its slot, or its own position if no slots are given."""
    if slots is None:
        return np.arange(count, dtype=np.uint64)
    require_u64(slots, count, "slots")
    check_below(slots, count, "slots")
    taken = np.zeros(count, dtype=np.bool_)
    taken[slots] = True
    if not taken.all():
        raise ValueError("slots must name every place once")
    return slots


def check_commitments(context: bytes, salts: Bytes2D, accounts: U32, identities: Blob, slots: U64 | None = None) -> U64:
    """A 32-byte context, a salt each, accounts that have an identity; gives each row's place."""
    if len(context) != 32:
        raise ValueError(f"a context has 32 bytes, not {len(context)}")
    require_u32(accounts, None, "accounts")
    require_bytes(salts, accounts.size, 32, "salts")
    check_below(accounts, identities.count, "accounts")
    return places(slots, accounts.size)


def check_amounts(amounts: Bytes2D, rows: int | None) -> None:
    """u8[rows, 32]."""
    require_bytes(amounts, rows, 32, "amounts")


def check_new_leaves(leaves: Bytes2D, rows: int | None, width: int = SUM_NODE_BYTES) -> None:
    """u8[rows, width]."""
    require_bytes(leaves, rows, width, "leaves")


def check_leaf_nodes(commitments: Bytes2D, amounts: Bytes2D, out: Bytes2D | None) -> Bytes2D:
    """As many commitments as amounts; gives the array to write to."""
    check_amounts(amounts, None)
    require_bytes(commitments, len(amounts), 32, "commitments")
    if out is None:
        return table(len(amounts), SUM_NODE_BYTES)
    require_bytes(out, len(amounts), SUM_NODE_BYTES, "out")
    return out


def check_update(levels: Levels, slots: U64, new_leaves: Bytes2D) -> None:
    """Different slots inside the tree, and a leaf for each."""
    require_u64(slots, None, "slots")
    check_new_leaves(new_leaves, slots.size, levels.width)
    check_below(slots, levels.count, "slots")
    if slots.size > 1:
        ordered = np.sort(slots)
        if np.any(ordered[1:] == ordered[:-1]):
            raise ValueError("a slot is given twice")


def check_group(accounts: U32, account_count: int) -> None:
    """u32 account numbers under the number of accounts, and rows that fit 32 bits."""
    require_u32(accounts, None, "accounts")
    check_below(accounts, account_count, "accounts")
    assert accounts.size < 1 << 32


def check_grouping(starts: U64, rows: int) -> None:
    """Bounds that run from 0 to the number of rows without falling."""
    require_u64(starts, None, "starts")
    if starts.size == 0 or starts[0] != 0 or int(starts[-1]) != rows or np.any(starts[1:] < starts[:-1]):
        raise ValueError(f"bounds must rise from 0 to {rows}")


def check_statements(
    account_leaf_offsets: U64,
    leaf_tree: U32,
    leaf_slot: U64,
    leaf_amounts: Bytes2D,
    tree_names: Blob,
    line_offsets: U64 | None,
    line_subaccount: U32,
    line_amounts: Bytes2D,
    subaccount_names: Blob,
    rows: U64 | None,
) -> U64:
    """Columns of equal length, indexes in range, a line at least for each leaf; gives the row of each grouped leaf."""
    require_u32(leaf_tree, None, "leaf_tree")
    count = leaf_tree.size
    require_u64(leaf_slot, count, "leaf_slot")
    check_amounts(leaf_amounts, count)
    check_below(leaf_tree, tree_names.count, "leaf_tree")
    check_grouping(account_leaf_offsets, count)
    if np.any(account_leaf_offsets[1:] == account_leaf_offsets[:-1]):
        raise ValueError("a statement without leaves does not exist")
    if line_offsets is not None:
        require_u32(line_subaccount, None, "line_subaccount")
        check_amounts(line_amounts, line_subaccount.size)
        check_below(line_subaccount, subaccount_names.count, "line_subaccount")
        require_u64(line_offsets, count + 1, "line_offsets")
        check_grouping(line_offsets, line_subaccount.size)
        if np.any(line_offsets[1:] == line_offsets[:-1]):
            raise ValueError("a leaf has at least one line")
    if rows is None:
        return np.arange(count, dtype=np.uint64)
    require_u64(rows, count, "rows")
    check_below(rows, count, "rows")
    return rows


def check_proofs(plan: ProofPlan, first: int, last: int) -> None:
    """Accounts first to last-1 exist, and the columns of the plan fit one another."""
    if not 0 <= first <= last <= plan.count:
        raise ValueError(f"accounts {first} to {last} of {plan.count}")
    require_u64(plan.account_slots, plan.count, "account_slots")
    if plan.kind.dtype != np.uint8 or plan.kind.shape != (plan.count,) or not plan.kind.flags.c_contiguous:
        raise ValueError("kind must be u8, one for each account")
    if plan.count and int(plan.kind.max()) >= len(plan.kinds):
        raise ValueError("an account has a kind of id without a name")
    check_below(plan.account_slots, plan.account_tree.levels.count, "account_slots")
    lines = plan.lines
    names = Blob.pack([b""] * len(plan.trees))
    check_statements(
        plan.offsets,
        plan.leaf_tree,
        plan.leaf_slot,
        plan.leaf_amounts,
        names,
        lines.offsets if lines else None,
        lines.subaccount if lines else np.empty(0, dtype=np.uint32),
        lines.amounts if lines else np.empty((0, 32), dtype=np.uint8),
        Blob.pack([b""] * len(lines.names)) if lines else names,
        plan.rows,
    )


def check_account_leaves(
    context: bytes,
    salts: Bytes2D,
    identities: Blob,
    accounts: U32,
    statement_hashes: Bytes2D,
    slots: U64 | None,
) -> U64:
    """As `check_commitments`, and a statement hash for each account."""
    where = check_commitments(context, salts, accounts, identities, slots)
    require_bytes(statement_hashes, accounts.size, 32, "statement_hashes")
    return where
