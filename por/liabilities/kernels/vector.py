"""The kernel without a compiler: NumPy moves and adds the bytes, hashlib hashes them one message at a time.

Cost: one call of hashlib is about 0.4 us, and a leaf of a big tree takes three (commitment, leaf, one inner node), so
6 million leaves need 7 s however well the rest is done; the rest adds half of that. Messages are laid end to end by
NumPy in chunks that stay in the cache, cut by `struct.iter_unpack` (the cheapest way to make many equal bytes objects),
and hashed in one comprehension. Sums of 128 bits are two columns of u64 with the carry passed by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import pairwise
from operator import add
from struct import iter_unpack
from typing import Final

import numpy as np
import numpy.typing as npt

from por.liabilities.kernels.arrays import AMOUNT_MAX, U32, U64, AmountOverflow, Blob, Bytes2D, Levels
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
from por.liabilities.kernels.proofs import PROOFS_AT_ONCE, ProofPlan, proof_text

__all__ = ["NumpyKernel"]

CHUNK_ROWS: Final = 1 << 14
"""Messages laid out at a time: 2 MiB of node messages, so that the buffer is still in the cache when it is hashed."""

NODE_TAG: Final = {64: 0x01, 32: 0x06}


def digests(messages: Iterable[bytes], count: int) -> Bytes2D:
    """SHA-256 of each message, u8[count, 32]."""
    joined = b"".join([sha256(message).digest() for message in messages])
    return np.frombuffer(joined, dtype=np.uint8).reshape(count, 32)


def hash_rows(table: Bytes2D) -> Bytes2D:
    """SHA-256 of each row of a table of equal messages."""
    if not len(table):
        return np.empty((0, 32), dtype=np.uint8)
    hashed = sha256
    cut = iter_unpack(f"{table.shape[1]}s", np.ascontiguousarray(table).data)
    joined = b"".join([hashed(message).digest() for (message,) in cut])
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, 32)


def salted_digests(context: bytes, salts: Bytes2D, tails: npt.NDArray[np.object_]) -> Bytes2D:
    """SHA-256 of `context(32) ‖ salt(32) ‖ tail` for each row."""
    heads = np.empty((len(salts), 64), dtype=np.uint8)
    heads[:, :32] = np.frombuffer(context, dtype=np.uint8)
    heads[:, 32:] = salts
    hashed = sha256
    pairs = zip(iter_unpack("64s", heads.data), tails.tolist(), strict=True)
    joined = b"".join([hashed(head + tail).digest() for (head,), tail in pairs])
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, 32)


def chunks(count: int, size: int = CHUNK_ROWS) -> Iterator[slice]:
    """Consecutive slices that cover `count` rows."""
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))


def add_amounts(left: Bytes2D, right: Bytes2D) -> Bytes2D:
    """Row by row sum of u128 claims and debts, u8[n, 32]. Raises AmountOverflow."""
    a = np.ascontiguousarray(left).view(">u8").astype(np.uint64)
    b = np.ascontiguousarray(right).view(">u8").astype(np.uint64)
    low = a[:, 1::2] + b[:, 1::2]
    carry = (low < a[:, 1::2]).astype(np.uint64)
    partial = a[:, 0::2] + b[:, 0::2]
    high = partial + carry
    if np.any((partial < a[:, 0::2]) | (high < partial)):
        raise AmountOverflow
    out = np.empty_like(a)
    out[:, 0::2], out[:, 1::2] = high, low
    return out.astype(">u8").view(np.uint8)


def parents(children: Bytes2D, out: Bytes2D) -> None:
    """Hash consecutive pairs of nodes (an even number of them) into `out`."""
    width = children.shape[1]
    pairs = children.reshape(-1, 2 * width)
    message = np.empty((min(len(pairs), CHUNK_ROWS), 2 * width + 1), dtype=np.uint8)
    message[:, -1] = NODE_TAG[width]
    for part in chunks(len(pairs)):
        rows = message[: part.stop - part.start]
        rows[:, :-1] = pairs[part]
        out[part, :32] = hash_rows(rows)
        if width == 64:
            out[part, 32:] = add_amounts(pairs[part, 32:64], pairs[part, 96:128])


def fill_levels(levels: Levels, dirty: npt.NDArray[np.int64] | None = None) -> None:
    """Compute the inner nodes: all of them, or those above the dirty slots (sorted, no slot twice)."""
    for k in range(1, levels.height):
        below, nodes = levels.level(k - 1), levels.level(k)
        whole = len(below) // 2
        if dirty is None:
            parents(below[: 2 * whole], nodes[:whole])
            nodes[whole:] = below[2 * whole :]
            continue
        dirty = dirty >> 1
        dirty = dirty[np.concatenate([[True], dirty[1:] != dirty[:-1]])]
        pairs = dirty[dirty < whole]
        fresh = np.empty((len(pairs), levels.width), dtype=np.uint8)
        parents(below[: 2 * whole].reshape(whole, -1)[pairs].reshape(-1, levels.width), fresh)
        nodes[pairs] = fresh
        if len(pairs) < len(dirty):  # The last dirty node has no neighbour and stands in the next level unchanged.
            nodes[whole] = below[2 * whole]


def add_limbs(limbs: npt.NDArray[np.uint64]) -> tuple[Bytes2D, bool]:
    """Carry u32 limbs held in u64[g, 8] (each sum of fewer than 2^32 limbs) into u8[g, 32]; says if one was too big."""
    out = np.empty(limbs.shape, dtype=">u4")
    overflow = False
    for last in (3, 7):
        carry = np.zeros(len(limbs), dtype=np.uint64)
        for column in range(last, last - 4, -1):
            value = limbs[:, column] + carry
            out[:, column] = (value & np.uint64(0xFFFFFFFF)).astype(np.uint32)
            carry = value >> np.uint64(32)
        overflow = overflow or bool(carry.any())
    return out.view(np.uint8).reshape(-1, 32), overflow


class NumpyKernel:
    """See `por.liabilities.kernels.Kernel` for shapes and errors."""

    name = "numpy"

    def commitments(self, context: bytes, salts: Bytes2D, accounts: U32, identities: Blob) -> Bytes2D:
        check_commitments(context, salts, accounts, identities)
        out = np.empty((accounts.size, 32), dtype=np.uint8)
        tails = identities.closed(b"\x04")
        for part in chunks(accounts.size):
            out[part] = salted_digests(context, salts[part], tails[accounts[part]])
        return out

    def leaf_nodes(self, commitments: Bytes2D, amounts: Bytes2D, out: Bytes2D | None = None) -> Bytes2D:
        out = check_leaf_nodes(commitments, amounts, out)
        message = np.zeros((min(len(amounts), CHUNK_ROWS), 65), dtype=np.uint8)
        for part in chunks(len(amounts)):
            rows = message[: part.stop - part.start]
            rows[:, :32], rows[:, 32:64] = commitments[part], amounts[part]
            out[part, :32] = hash_rows(rows)
            out[part, 32:] = amounts[part]
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
        where = check_commitments(context, salts, accounts, identities, slots).astype(np.int64)
        check_amounts(amounts, accounts.size)
        out = np.empty((accounts.size, 64), dtype=np.uint8) if out is None else out
        check_new_leaves(out, accounts.size)
        tails = identities.closed(b"\x04")
        for part in chunks(accounts.size):
            places = where[part]
            commitments = salted_digests(context, salts.take(places, axis=0), tails[accounts[part]])
            out[places] = self.leaf_nodes(commitments, amounts[part])
        return out

    def levels(self, leaves: Bytes2D) -> Levels:
        levels = Levels(leaves)
        fill_levels(levels)
        return levels

    levels32 = levels

    def update(self, levels: Levels, slots: U64, new_leaves: Bytes2D) -> None:
        check_update(levels, slots, new_leaves)
        if slots.size == 0:
            return
        if levels.width == 64:
            self._refuse_overflow(levels, new_leaves, slots)
        levels.leaves[slots] = new_leaves
        fill_levels(levels, np.sort(slots).astype(np.int64))

    def append(self, levels: Levels, new_leaves: Bytes2D) -> None:
        check_new_leaves(new_leaves, None, levels.width)
        if not len(new_leaves):
            return
        if levels.width == 64:
            self._refuse_overflow(levels, new_leaves, None)
        first = levels.count
        levels.grow(first + len(new_leaves))
        levels.leaves[first : levels.count] = new_leaves
        # The ancestors of the first new slot include every node that was promoted and now has a neighbour.
        fill_levels(levels, np.arange(first, levels.count))

    def _refuse_overflow(self, levels: Levels, new_leaves: Bytes2D, slots: U64 | None) -> None:
        """Raise AmountOverflow before anything changes: amounts are never negative, so the top decides for all."""
        gone = (0, 0)
        if slots is not None:
            gone = self.sums(np.ascontiguousarray(levels.leaves[slots][:, 32:]))
        come = self.sums(np.ascontiguousarray(new_leaves[:, 32:]))
        top = levels.top
        total = int.from_bytes(top[32:48], "big"), int.from_bytes(top[48:], "big")
        if any(old - minus + plus > AMOUNT_MAX for old, minus, plus in zip(total, gone, come, strict=True)):
            raise AmountOverflow

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
        bounds = account_leaf_offsets.astype(np.int64)
        accounts = bounds.size - 1
        out = np.empty((accounts, 32), dtype=np.uint8)
        trees = names_table(tree_names)
        subaccounts = names_table(subaccount_names if line_offsets is not None else Blob.pack([bytes(4)]))
        for part in chunks(accounts, CHUNK_ROWS // 2):
            own = bounds[part.start : part.stop + 1]
            leaf = order[own[0] : own[-1]].astype(np.int64)
            if line_offsets is None:
                counts = np.ones(leaf.size, dtype=np.int64)
                names, line_part = np.zeros(leaf.size, dtype=np.int64), leaf_amounts[leaf]
            else:
                first = line_offsets[leaf].astype(np.int64)
                counts = line_offsets[leaf + 1].astype(np.int64) - first
                line = np.repeat(first - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
                names, line_part = line_subaccount[line].astype(np.int64), line_amounts[line]
            heads = leaf_heads(leaf_tree[leaf], leaf_slot[leaf], leaf_amounts[leaf], counts, trees)
            out[part] = statement_messages(own - own[0], counts, heads, subaccounts, names, line_part)
        return out

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
        names = identities.closed(b"")
        for part in chunks(accounts.size):
            own = names[accounts[part]].tolist()
            salted = [context + salt for (salt,) in iter_unpack("32s", salts[where[part]].data)]
            stated = [hashed + b"\x05" for (hashed,) in iter_unpack("32s", statement_hashes[part].data)]
            out[where[part]] = digests(map(add, map(add, salted, own), stated), len(own))
        return out

    def proof_records(self, plan: ProofPlan, first: int, last: int) -> Blob:
        check_proofs(plan, first, last)
        return Blob.pack([proof_text(plan, account).encode() for account in range(first, last)])

    def proof_stream(self, plan: ProofPlan) -> Iterator[Blob]:
        for first in range(0, plan.count, PROOFS_AT_ONCE):
            yield self.proof_records(plan, first, min(first + PROOFS_AT_ONCE, plan.count))

    def sums(self, amounts: Bytes2D) -> tuple[int, int]:
        check_amounts(amounts, None)
        claims = debts = 0
        limbs = amounts.view(">u4")
        for part in chunks(len(amounts), 1 << 16):
            columns = limbs[part].astype(np.uint64).sum(axis=0).tolist()
            claims += sum(value << (96 - 32 * i) for i, value in enumerate(columns[:4]))
            debts += sum(value << (96 - 32 * i) for i, value in enumerate(columns[4:]))
        if claims > AMOUNT_MAX or debts > AMOUNT_MAX:
            raise AmountOverflow
        return claims, debts

    def grouped_sums(self, amounts: Bytes2D, starts: U64) -> Bytes2D:
        check_amounts(amounts, None)
        check_grouping(starts, len(amounts))
        out = np.zeros((starts.size - 1, 32), dtype=np.uint8)
        filled = np.flatnonzero(starts[1:] > starts[:-1])
        if filled.size:
            limbs = amounts.view(">u4")
            first = starts[filled].astype(np.int64)
            columns = [np.add.reduceat(limbs[:, i].astype(np.uint64), first) for i in range(8)]
            out[filled], overflow = add_limbs(np.stack(columns, axis=1))
            if overflow:
                raise AmountOverflow
        return out

    def group(self, accounts: U32, account_count: int) -> tuple[U64, U64]:
        check_group(accounts, account_count)
        # Account and row in one u64 sort several times faster than a stable argsort of the accounts.
        keys = (accounts.astype(np.uint64) << np.uint64(32)) | np.arange(accounts.size, dtype=np.uint64)
        keys.sort()
        offsets = np.zeros(account_count + 1, dtype=np.uint64)
        np.cumsum(np.bincount(accounts, minlength=account_count), out=offsets[1:])
        keys &= np.uint64(0xFFFFFFFF)
        return offsets, keys


NamesTable = tuple[Bytes2D, npt.NDArray[np.int64]]


def names_table(names: Blob) -> NamesTable:
    """Entries set flush right in a table, and their lengths."""
    lengths = (names.offsets[1:] - names.offsets[:-1]).astype(np.int64)
    width = int(lengths.max(initial=0))
    joined = b"".join([entry.rjust(width, b"\0") for entry in names.entries])
    return np.frombuffer(joined, dtype=np.uint8).reshape(names.count, width), lengths


Ragged = tuple[Bytes2D, npt.NDArray[np.int64]]


def leaf_heads(trees: U32, slots: U64, amounts: Bytes2D, counts: npt.NDArray[np.int64], names: NamesTable) -> Ragged:
    """`lp(entity) ‖ lp(asset) ‖ u64(slot) ‖ u128(claim) ‖ u128(debt) ‖ u32(lines)` flush right, and their lengths."""
    table, lengths = names
    width = table.shape[1]
    rows = np.empty((trees.size, width + 44), dtype=np.uint8)
    rows[:, :width] = table[trees]
    rows[:, width : width + 8] = slots.astype(">u8").view(np.uint8).reshape(-1, 8)
    rows[:, width + 8 : width + 40] = amounts
    rows[:, width + 40 :] = counts.astype(">u4").view(np.uint8).reshape(-1, 4)
    return rows, lengths[trees] + 44


def statement_messages(
    bounds: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    heads: Ragged,
    subaccounts: NamesTable,
    names: npt.NDArray[np.int64],
    line_amounts: Bytes2D,
) -> Bytes2D:
    """Statement hashes of consecutive accounts.

    Every line becomes a row `u32(leaves) | leaf head | lp(subaccount) | amounts | tag`; a mask keeps of it what belongs
    to the message (the count at a statement's first line, the head at a leaf's first, the tag at a statement's last).
    The kept bytes, read in order, are the messages end to end.
    """
    head_rows, head_lengths = heads
    name_table, name_lengths = subaccounts
    first_line = np.cumsum(counts) - counts
    line_bounds = np.concatenate([first_line, [counts.sum()]])[bounds]
    head_end = 4 + head_rows.shape[1]
    name_end = head_end + name_table.shape[1]
    rows = np.zeros((names.size, name_end + 33), dtype=np.uint8)
    keep = np.zeros(rows.shape, dtype=np.bool_)

    rows[line_bounds[:-1], :4] = np.diff(bounds).astype(">u4").view(np.uint8).reshape(-1, 4)
    keep[line_bounds[:-1], :4] = True
    rows[first_line, 4:head_end] = head_rows
    keep[first_line, 4:head_end] = flush_right(head_rows.shape[1])[head_lengths]
    rows[:, head_end:name_end] = name_table[names]
    keep[:, head_end:name_end] = flush_right(name_table.shape[1])[name_lengths[names]]
    rows[:, name_end:-1] = line_amounts
    keep[:, name_end:-1] = True
    rows[line_bounds[1:] - 1, -1] = 0x08
    keep[line_bounds[1:] - 1, -1] = True

    sizes = np.full(names.size, 32, dtype=np.int64) + name_lengths[names]
    sizes[first_line] += head_lengths
    ends = np.cumsum(sizes)[line_bounds[1:] - 1] + 5 * np.arange(1, bounds.size)
    message = rows[keep].tobytes()
    cuts = [0, *ends.tolist()]
    assert cuts[-1] == len(message)
    return digests([message[a:b] for a, b in pairwise(cuts)], bounds.size - 1)


def flush_right(width: int) -> npt.NDArray[np.bool_]:
    """Row n marks the last n of `width` places."""
    return np.arange(width)[None, :] >= width - np.arange(width + 1)[:, None]
