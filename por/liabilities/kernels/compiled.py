"""The C kernel, where it was built: the functions of `_tree.c` over ranges of rows, shared among threads.

Cost on one core with AVX-512: a leaf 0.11 us (0.05 of it making and hashing the commitment; the rest waits for memory,
because slots are random), a node 0.05 us, a statement of six leaves 0.25 us; with SHA-NI 1.3 times, with the scalar
engine about 7 times as much. The C functions work without the GIL, so an ordinary thread pool spreads them over the
cores; fewer than `PIECE_ROWS` rows stay in their own thread.
"""

from __future__ import annotations

import itertools
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from por.liabilities.kernels.arrays import U32, U64, AmountOverflow, Blob, Bytes2D, Levels, table
from por.liabilities.kernels.checks import (
    check_account_leaves,
    check_amounts,
    check_commitments,
    check_group,
    check_leaf_nodes,
    check_new_leaves,
    check_proofs,
    check_statements,
    check_update,
)
from por.liabilities.kernels.proofs import ProofPlan
from por.liabilities.kernels.vector import NumpyKernel

__all__ = ["CompiledKernel", "engines"]

PIECE_ROWS: Final = 1 << 12
"""Rows below which handing work to another thread costs more than it saves: 4096 nodes are about 0.15 ms."""

PROOF_PIECE_ACCOUNTS: Final = 256
PROOF_BUFFER_BYTES: Final = 1 << 24
"""Text written before a buffer is closed and the next begun; doubled for a proof that is longer."""

Result = TypeVar("Result")


def _extension() -> Any:
    """The extension module, or None where it was not built."""
    try:
        return import_module("por.liabilities.kernels._tree")
    except ImportError:
        return None


_tree: Final = _extension()


def engines() -> tuple[str, ...]:
    """Names of the engines that this processor can run, the fastest last; none if the extension is not built."""
    return tuple(name for name in _tree.engines() if name is not None) if _tree is not None else ()


class _Threads:
    """One pool a process, made when first needed; a forked child makes its own."""

    def __init__(self) -> None:
        self._owner = 0
        self._pool: ThreadPoolExecutor | None = None
        self.count = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 16)

    def share(self, rows: int, work: Callable[[int, int], Result], piece_rows: int = PIECE_ROWS) -> list[Result]:
        """Call `work(first, last)` over pieces of `rows`, in order of the pieces. Raises what a piece raises."""
        if rows < 2 * piece_rows or self.count == 1:
            return [work(0, rows)]
        pieces = min(4 * self.count, rows // piece_rows)
        bounds = [rows * i // pieces for i in range(pieces + 1)]
        return list(self._own_pool().map(work, bounds[:-1], bounds[1:]))

    def stream(self, rows: int, work: Callable[[int, int], Result], piece_rows: int) -> Iterator[Result]:
        """As `share`, piece after piece: only a few are worked on or wait to be taken."""
        pieces = [(first, min(first + piece_rows, rows)) for first in range(0, rows, piece_rows)]
        if len(pieces) < 2 or self.count == 1:
            yield from (work(first, last) for first, last in pieces)
            return
        pool, waiting = self._own_pool(), deque[Future[Result]]()
        try:
            for first, last in pieces:
                waiting.append(pool.submit(work, first, last))
                if len(waiting) > 2 * self.count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def _own_pool(self) -> ThreadPoolExecutor:
        if self._pool is None or self._owner != os.getpid():
            self._pool, self._owner = ThreadPoolExecutor(self.count, "tallystick-kernel"), os.getpid()
        return self._pool


_threads: Final = _Threads()


class CompiledKernel(NumpyKernel):
    """See `por.liabilities.kernels.Kernel` for shapes and errors; sums are NumPy's. `name` is one of `engines()`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._engine: int = _tree.engines().index(name)

    def digests(self, messages: Blob) -> Bytes2D:
        """SHA-256 of each entry, u8[n, 32]; for the tests of the engine."""
        out = np.empty((messages.count, 32), dtype=np.uint8)
        _tree.digests(self._engine, messages.data, messages.offsets, out)
        return out

    def _salted(
        self,
        tag: int,
        context: bytes,
        salts: Bytes2D,
        accounts: U32,
        identities: Blob,
        out: Bytes2D,
        *,
        suffixes: Bytes2D | None = None,
        amounts: Bytes2D | None = None,
        slots: U64 | None = None,
    ) -> Bytes2D:
        columns = (context, salts, accounts, identities.data, identities.offsets, suffixes, amounts, slots, out)
        _threads.share(accounts.size, lambda first, last: _tree.salted(self._engine, tag, *columns, first, last))
        return out

    def _leaf_hashes(self, nodes: Bytes2D) -> Bytes2D:
        _threads.share(len(nodes), lambda first, last: _tree.leaf_hashes(self._engine, nodes, first, last))
        return nodes

    def commitments(self, context: bytes, salts: Bytes2D, accounts: U32, identities: Blob) -> Bytes2D:
        check_commitments(context, salts, accounts, identities)
        out = table(accounts.size, 32)
        return self._salted(0x04, context, salts, accounts, identities, out)

    def leaf_nodes(self, commitments: Bytes2D, amounts: Bytes2D, out: Bytes2D | None = None) -> Bytes2D:
        out = check_leaf_nodes(commitments, amounts, out)
        out[:, :32], out[:, 32:] = commitments, amounts
        return self._leaf_hashes(out)

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
        check_commitments(context, salts, accounts, identities, slots)
        check_amounts(amounts, accounts.size)
        out = table(accounts.size, 64) if out is None else out
        check_new_leaves(out, accounts.size)
        self._salted(0x04, context, salts, accounts, identities, out, amounts=amounts, slots=slots)
        return self._leaf_hashes(out)

    def levels(self, leaves: Bytes2D) -> Levels:
        levels = Levels(leaves)
        for k in range(1, levels.height):
            below, nodes = levels.level(k - 1), levels.level(k)
            whole = len(below) // 2

            def parents(first: int, last: int, below: Bytes2D = below, nodes: Bytes2D = nodes) -> bool:
                return bool(_tree.parents(self._engine, levels.width, below, nodes, first, last))

            if not all(_threads.share(whole, parents)):
                raise AmountOverflow
            nodes[whole:] = below[2 * whole :]
        return levels

    levels32 = levels

    def update(self, levels: Levels, slots: U64, new_leaves: Bytes2D) -> None:
        check_update(levels, slots, new_leaves)
        if slots.size == 0:
            return
        if levels.width == 64:
            self._refuse_overflow(levels, new_leaves, slots)
        levels.leaves[slots] = new_leaves
        self._reroot(levels, np.sort(slots))

    def append(self, levels: Levels, new_leaves: Bytes2D) -> None:
        check_new_leaves(new_leaves, None, levels.width)
        if not len(new_leaves):
            return
        if levels.width == 64:
            self._refuse_overflow(levels, new_leaves, None)
        first = levels.count
        levels.grow(first + len(new_leaves))
        levels.leaves[first : levels.count] = new_leaves
        self._reroot(levels, np.arange(first, levels.count, dtype=np.uint64))

    def _reroot(self, levels: Levels, dirty: U64) -> None:
        fine = _tree.reroot(self._engine, levels.width, levels.leaves, levels.upper, levels.count, dirty)
        assert fine, "the sum of all leaves was checked before"

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
        leaves = (leaf_tree, leaf_slot, leaf_amounts, tree_names)
        lines = (line_offsets, line_subaccount, line_amounts, subaccount_names)
        check_statements(account_leaf_offsets, *leaves, *lines, rows)
        out = table(account_leaf_offsets.size - 1, 32)
        columns = (
            *(account_leaf_offsets, rows, *leaves[:-1], tree_names.data, tree_names.offsets),
            *(*lines[:-1], subaccount_names.data, subaccount_names.offsets, out),
        )
        _threads.share(len(out), lambda first, last: _tree.statements(self._engine, *columns, first, last))
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
        check_account_leaves(context, salts, identities, accounts, statement_hashes, slots)
        out = table(accounts.size, 32)
        return self._salted(0x05, context, salts, accounts, identities, out, suffixes=statement_hashes, slots=slots)

    def proof_records(self, plan: ProofPlan, first: int, last: int) -> Blob:
        check_proofs(plan, first, last)
        arguments = _proof_arguments(plan)
        pieces = _threads.share(
            last - first, lambda a, b: _proof_piece(arguments, first + a, first + b, []), PROOF_PIECE_ACCOUNTS
        )
        return _joined([blob for piece in pieces for blob in piece])

    def proof_stream(self, plan: ProofPlan) -> Iterator[Blob]:
        check_proofs(plan, 0, plan.count)
        arguments = _proof_arguments(plan)
        spare: list[npt.NDArray[np.uint8]] = []  # Memory touched for the first time costs half as much as the proofs.
        pieces = _threads.stream(plan.count, lambda a, b: _proof_piece(arguments, a, b, spare), PROOF_PIECE_ACCOUNTS)
        for blob in itertools.chain.from_iterable(pieces):
            yield blob
            if blob.data.base is not None:
                spare.append(blob.data.base)

    def group(self, accounts: U32, account_count: int) -> tuple[U64, U64]:
        check_group(accounts, account_count)
        offsets = np.empty(account_count + 1, dtype=np.uint64)
        rows = np.empty(accounts.size, dtype=np.uint64)
        _tree.group(accounts, offsets, rows)
        return offsets, rows


def _proof_arguments(plan: ProofPlan) -> tuple[Any, ...]:
    """Everything of a plan in the order that `_tree.proofs` takes it."""
    texts = [("", ""), *plan.leaf_texts]
    forest = tuple(
        (tree.levels.leaves, tree.levels.upper, tree.levels.count, tree.salts, head.encode(), middle.encode())
        for tree, (head, middle) in zip((plan.account_tree, *plan.trees), texts, strict=True)
    )
    kinds = Blob.pack([kind.encode() for kind in plan.kinds])
    names = Blob.pack([name.encode() for name in plan.quoted_names])
    lines = plan.lines
    return (
        forest,
        *(text.encode() for text in plan.opening),
        *(plan.kind, kinds.data, kinds.offsets, plan.account_slots, plan.offsets, plan.rows),
        *(plan.leaf_tree, plan.leaf_slot, plan.leaf_amounts),
        lines.offsets if lines else None,
        lines.subaccount if lines else np.empty(0, dtype=np.uint32),
        lines.amounts if lines else np.empty((0, 32), dtype=np.uint8),
        *(names.data, names.offsets),
    )


def _proof_piece(arguments: tuple[Any, ...], first: int, last: int, spare: list[npt.NDArray[np.uint8]]) -> list[Blob]:
    """The proofs of accounts first to last-1, in as many buffers as they need; `spare` ones are used first."""
    blobs = []
    room = PROOF_BUFFER_BYTES
    while first < last:
        try:
            out = spare.pop()
        except IndexError:
            out = np.empty(room, dtype=np.uint8)
        ends = np.zeros(last - first + 1, dtype=np.uint64)
        reached = _tree.proofs(*arguments, out, ends[1:], first, last)
        if reached == first:
            room = max(room, 2 * out.size)
            continue
        offsets = ends[: reached - first + 1]
        blobs.append(Blob(out[: int(offsets[-1])], offsets))
        first = reached
    return blobs


def _joined(blobs: list[Blob]) -> Blob:
    """One blob of the entries of several."""
    if len(blobs) == 1:
        return blobs[0]
    shifts = np.cumsum([0, *(blob.data.size for blob in blobs)], dtype=np.uint64)
    offsets = [blob.offsets[1:] + shift for blob, shift in zip(blobs, shifts[:-1], strict=True)]
    start = np.zeros(1, dtype=np.uint64)
    return Blob(np.concatenate([np.empty(0, np.uint8), *(b.data for b in blobs)]), np.concatenate([start, *offsets]))
