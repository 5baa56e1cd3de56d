"""The reference kernel: the specification of docs/spec/trees.md, line by line, in ordinary Python.

Cost: about 2.5 us a leaf (three hashes of 0.4 us and the objects around them); 6 million leaves take 15 to 40 s.
The other kernels must give the same bytes. Nothing here is optimised, on purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from ledger.canonical import Tag, canonical_file, lp, tagged_hash, u32, u64, u128
from por.liabilities.kernels.arrays import (
    AMOUNT_MAX,
    U32,
    U64,
    AmountOverflow,
    Blob,
    Bytes2D,
    Levels,
    unpack_amount,
)
from por.liabilities.kernels.checks import (
    check_account_leaves,
    check_amounts,
    check_commitments,
    check_group,
    check_grouping,
    check_leaf_nodes,
    check_new_leaves,
    check_proofs,
    check_statements,
    check_update,
)
from por.liabilities.kernels.proofs import PROOFS_AT_ONCE, ProofPlan, proof_document

__all__ = ["PlainKernel"]


def checked_sum(left: int, right: int) -> int:
    """Add two amounts; AmountOverflow over 2^128-1."""
    if left + right > AMOUNT_MAX:
        raise AmountOverflow
    return left + right


def packed(claim: int, debt: int) -> bytes:
    """`u128(claim) ‖ u128(debt)`."""
    return u128(claim) + u128(debt)


def rows_of(rows: Sequence[bytes], width: int) -> Bytes2D:
    """Equal byte strings as a u8 table."""
    return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), width).copy()


def sum_parent(left: bytes, right: bytes) -> bytes:
    """The inner node over two sum nodes (section 2)."""
    (left_claims, left_debts), (right_claims, right_debts) = unpack_amount(left), unpack_amount(right)
    sums = packed(checked_sum(left_claims, right_claims), checked_sum(left_debts, right_debts))
    return tagged_hash(Tag.NODE, left + right) + sums


def account_parent(left: bytes, right: bytes) -> bytes:
    """The inner node over two account nodes (section 5)."""
    return tagged_hash(Tag.ACCOUNT_NODE, left + right)


class PlainKernel:
    """See `por.liabilities.kernels.Kernel` for shapes and errors."""

    name = "plain"

    def commitments(self, context: bytes, salts: Bytes2D, accounts: U32, identities: Blob) -> Bytes2D:
        check_commitments(context, salts, accounts, identities)
        return rows_of(
            [
                tagged_hash(Tag.COMMITMENT, context + salt.tobytes() + identities.entries[account])
                for salt, account in zip(salts, accounts.tolist(), strict=True)
            ],
            32,
        )

    def leaf_nodes(self, commitments: Bytes2D, amounts: Bytes2D, out: Bytes2D | None = None) -> Bytes2D:
        out = check_leaf_nodes(commitments, amounts, out)
        for slot, (commitment, amount) in enumerate(zip(commitments, amounts, strict=True)):
            node = tagged_hash(Tag.LEAF, commitment.tobytes() + amount.tobytes()) + amount.tobytes()
            out[slot] = np.frombuffer(node, dtype=np.uint8)
        return out

    def leaves(
        self,
        context: bytes,
        salts: Bytes2D,
        accounts: U32,
        identities: Blob,
        amounts: Bytes2D,
        out: Bytes2D | None = None,
        slots: U64 | None = None,
    ) -> Bytes2D:
        where = check_commitments(context, salts, accounts, identities, slots)
        check_amounts(amounts, accounts.size)
        nodes = self.leaf_nodes(self.commitments(context, salts[where], accounts, identities), amounts)
        out = np.empty((accounts.size, 64), dtype=np.uint8) if out is None else out
        check_new_leaves(out, accounts.size)
        out[where] = nodes
        return out

    def levels(self, leaves: Bytes2D) -> Levels:
        levels = Levels(leaves)
        self._refill(levels)
        return levels

    levels32 = levels

    def update(self, levels: Levels, slots: U64, new_leaves: Bytes2D) -> None:
        check_update(levels, slots, new_leaves)
        leaves = levels.level(0).copy()
        leaves[slots] = new_leaves
        self._refill_with(levels, leaves)

    def append(self, levels: Levels, new_leaves: Bytes2D) -> None:
        check_new_leaves(new_leaves, None, levels.width)
        self._refill_with(levels, np.concatenate([levels.level(0), new_leaves]))

    def _refill_with(self, levels: Levels, leaves: Bytes2D) -> None:
        self.levels(leaves)  # An overflow shows itself here, before anything has changed.
        levels.grow(len(leaves))
        levels.level(0)[:] = leaves
        self._refill(levels)

    def _refill(self, levels: Levels) -> None:
        parent = sum_parent if levels.width == 64 else account_parent
        for k in range(1, levels.height):
            below = [node.tobytes() for node in levels.level(k - 1)]
            nodes = [parent(below[j], below[j + 1]) for j in range(0, len(below) - 1, 2)]
            nodes += below[-1:] if len(below) % 2 else []
            levels.level(k)[:] = rows_of(nodes, levels.width)

    def statement_hashes(
        self,
        account_leaf_offsets: U64,
        leaf_tree: U32,
        leaf_slot: U64,
        leaf_amounts: Bytes2D,
        tree_names: Blob,
        line_offsets: U64 | None,
        line_subaccount: U32,
        line_amounts: Bytes2D,
        subaccount_names: Blob,
        rows: U64 | None = None,
    ) -> Bytes2D:
        order = check_statements(
            account_leaf_offsets,
            leaf_tree,
            leaf_slot,
            leaf_amounts,
            tree_names,
            line_offsets,
            line_subaccount,
            line_amounts,
            subaccount_names,
            rows,
        )
        starts = account_leaf_offsets.tolist()
        hashes = []
        for first, end in pairwise(starts):
            parts = [u32(end - first)]
            for row in order[first:end].tolist():
                amounts = leaf_amounts[row].tobytes()
                lines = [lp(b"") + amounts]
                if line_offsets is not None:
                    lines = [
                        subaccount_names.entries[int(line_subaccount[line])] + line_amounts[line].tobytes()
                        for line in range(int(line_offsets[row]), int(line_offsets[row + 1]))
                    ]
                slot = u64(int(leaf_slot[row]))
                head = tree_names.entries[int(leaf_tree[row])] + slot + amounts + u32(len(lines))
                parts += [head, *lines]
            hashes.append(tagged_hash(Tag.STATEMENT, b"".join(parts)))
        return rows_of(hashes, 32)

    def account_leaves(
        self,
        context: bytes,
        salts: Bytes2D,
        identities: Blob,
        accounts: U32,
        statement_hashes: Bytes2D,
        slots: U64 | None = None,
    ) -> Bytes2D:
        where = check_account_leaves(context, salts, identities, accounts, statement_hashes, slots)
        out = np.empty((accounts.size, 32), dtype=np.uint8)
        for slot, account, statement in zip(where.tolist(), accounts.tolist(), statement_hashes, strict=True):
            message = context + salts[slot].tobytes() + identities.entries[account] + statement.tobytes()
            out[slot] = np.frombuffer(tagged_hash(Tag.ACCOUNT_LEAF, message), dtype=np.uint8)
        return out

    def proof_records(self, plan: ProofPlan, first: int, last: int) -> Blob:
        check_proofs(plan, first, last)
        return Blob.pack([canonical_file(proof_document(plan, account)) for account in range(first, last)])

    def proof_stream(self, plan: ProofPlan) -> Iterator[Blob]:
        for first in range(0, plan.count, PROOFS_AT_ONCE):
            yield self.proof_records(plan, first, min(first + PROOFS_AT_ONCE, plan.count))

    def sums(self, amounts: Bytes2D) -> tuple[int, int]:
        check_amounts(amounts, None)
        claims = debts = 0
        for row in amounts:
            claim, debt = unpack_amount(row.tobytes())
            claims, debts = checked_sum(claims, claim), checked_sum(debts, debt)
        return claims, debts

    def grouped_sums(self, amounts: Bytes2D, starts: U64) -> Bytes2D:
        check_amounts(amounts, None)
        check_grouping(starts, len(amounts))
        bounds = starts.tolist()
        groups = [self.sums(amounts[a:b]) for a, b in pairwise(bounds)]
        return rows_of([packed(*group) for group in groups], 32)

    def group(self, accounts: U32, account_count: int) -> tuple[U64, U64]:
        check_group(accounts, account_count)
        members: list[list[int]] = [[] for _ in range(account_count)]
        for row, account in enumerate(accounts.tolist()):
            members[account].append(row)
        offsets = np.cumsum([0, *map(len, members)], dtype=np.uint64)
        return offsets, np.array([row for rows in members for row in rows], dtype=np.uint64)
