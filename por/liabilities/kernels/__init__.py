"""Hashing and tree building behind a narrow set of functions over flat arrays.

In: contexts, salts, identities, amounts as NumPy arrays. Out: leaf nodes, levels, statement hashes, sums.
Three kernels give the same bytes: `plain` (the reference), `numpy` (always there) and, where it was built, the C
extension with its engines `c-scalar`, `c-shani` and `c-avx512`. `select()` takes the fastest; the environment variable
TALLYSTICK_KERNEL or an argument forces another. Nothing here knows of files, attestations or keys.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Protocol

from ledger.errors import TallystickError
from por.liabilities.kernels import compiled
from por.liabilities.kernels.arrays import (
    AMOUNT_MAX,
    U32,
    U64,
    AmountOverflow,
    Blob,
    Bytes2D,
    Levels,
    join_identities,
    lp,
    pack_amounts,
    pack_identities,
    pack_names,
    unpack_amount,
    with_lengths,
)
from por.liabilities.kernels.plain import PlainKernel
from por.liabilities.kernels.proofs import ProofLines, ProofPlan, ProofTree, proof_names
from por.liabilities.kernels.vector import NumpyKernel

__all__ = [
    "AMOUNT_MAX",
    "U32",
    "U64",
    "AmountOverflow",
    "Blob",
    "Bytes2D",
    "Kernel",
    "KernelMissing",
    "Levels",
    "ProofLines",
    "ProofPlan",
    "ProofTree",
    "available",
    "join_identities",
    "lp",
    "pack_amounts",
    "pack_identities",
    "pack_names",
    "proof_names",
    "select",
    "unpack_amount",
    "with_lengths",
]

ENVIRONMENT_VARIABLE = "TALLYSTICK_KERNEL"


class KernelMissing(TallystickError):
    """The kernel that was asked for by name is not on this machine."""


class Kernel(Protocol):
    """What a kernel does. All arrays are C-contiguous; ValueError for a wrong dtype, shape or index.

    Formats and section numbers: docs/spec/trees.md. Where `slots` is given it is a permutation of 0 to n-1: row i
    takes salt `salts[slots[i]]` and lands in `out[slots[i]]`; without it row i is slot i.
    """

    @property
    def name(self) -> str:
        """`plain`, `numpy`, `c-scalar`, `c-shani` or `c-avx512`."""
        ...

    def commitments(self, context: bytes, salts: Bytes2D, accounts: U32, identities: Blob) -> Bytes2D:
        """u8[n, 32] of section 1. `context` 32 bytes, salts u8[n, 32], accounts u32[n] index into `identities`."""
        ...

    def leaf_nodes(self, commitments: Bytes2D, amounts: Bytes2D, out: Bytes2D | None = None) -> Bytes2D:
        """u8[n, 64] of section 1 from commitments u8[n, 32] and amounts u8[n, 32]; written to `out` if given."""
        ...

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
        """Commitments and leaf nodes in one go, u8[n, 64] in slot order."""
        ...

    def levels(self, leaves: Bytes2D) -> Levels:
        """Every level above leaves u8[n, 64] (section 2), which become level 0 without a copy.

        Raises AmountOverflow.
        """
        ...

    def levels32(self, leaves: Bytes2D) -> Levels:
        """Every level above account leaves u8[n, 32] (section 5)."""
        ...

    def update(self, levels: Levels, slots: U64, new_leaves: Bytes2D) -> None:
        """Put new leaves at these slots (u64[k], none twice) and refresh the nodes above them, in place.

        Raises AmountOverflow and then has changed nothing.
        """
        ...

    def append(self, levels: Levels, new_leaves: Bytes2D) -> None:
        """Add leaves behind the last one and refresh the nodes above, in place; the arrays may move.

        Raises AmountOverflow and then has changed nothing.
        """
        ...

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
        """u8[a, 32] of section 5: one hash for each account, over its leaves and their lines.

        Account i has the leaves `account_leaf_offsets[i]` to `[i + 1]` (u64[a + 1], at least one each), counted in the
        order of `rows` (u64[m], a permutation of the leaf columns) or of the columns themselves. Columns are tree
        u32[m], slot u64[m], amounts u8[m, 32]; leaf j has the lines `line_offsets[j]` to `[j + 1]` (u64[m + 1]) of
        subaccount u32[L] and amounts u8[L, 32]. Without `line_offsets` each leaf has one line of the main subaccount.
        `tree_names` holds `lp(entity) ‖ lp(asset)`, `subaccount_names` `lp(name)`. That leaves and lines rise strictly
        and that lines add up to their leaf is the caller's to see to.
        """
        ...

    def account_leaves(
        self,
        context: bytes,
        salts: Bytes2D,
        identities: Blob,
        accounts: U32,
        statement_hashes: Bytes2D,
        slots: U64 | None = None,
    ) -> Bytes2D:
        """u8[a, 32] of section 5 in slot order; accounts u32[a] index into `identities`."""
        ...

    def proof_records(self, plan: ProofPlan, first: int, last: int) -> Blob:
        """The proof files of accounts first to last-1 (docs/spec/proof.md), each with its line feed.

        About 9 KB each for six leaves in a tree of 300,000: call it for some ten thousand at a time.
        """
        ...

    def proof_stream(self, plan: ProofPlan) -> Iterator[Blob]:
        """The proof files of all accounts in their order, some hundred at a time.

        A blob's bytes are good until the next one is asked for: the memory is used again.
        """
        ...

    def sums(self, amounts: Bytes2D) -> tuple[int, int]:
        """Total claims and debts of amounts u8[n, 32]. Raises AmountOverflow."""
        ...

    def grouped_sums(self, amounts: Bytes2D, starts: U64) -> Bytes2D:
        """u8[g, 32]: sums of the rows `starts[i]` to `starts[i + 1]` (u64[g + 1]). Raises AmountOverflow."""
        ...

    def group(self, accounts: U32, account_count: int) -> tuple[U64, U64]:
        """Rows by account: bounds u64[account_count + 1] and rows u64[m], each account's in their old order."""
        ...


def available() -> tuple[str, ...]:
    """Names of the kernels that work here, the fastest last."""
    return ("plain", "numpy", *compiled.engines())


def select(name: str | None = None) -> Kernel:
    """The kernel of this name; without a name that of TALLYSTICK_KERNEL; without that the fastest.

    `c` stands for the fastest engine of the C extension. Raises KernelMissing for a name that is not available.
    """
    asked = name or os.environ.get(ENVIRONMENT_VARIABLE) or ""
    names = available()
    if asked in ("", "c"):
        engines = compiled.engines()
        if asked and not engines:
            raise KernelMissing(
                "the C kernel was asked for, and the extension por.liabilities.kernels._tree is not built"
            )
        asked = names[-1]
    if asked not in names:
        raise KernelMissing(f"kernel {asked!r} is not available here; there are {', '.join(names)}")
    if asked == "plain":
        return PlainKernel()
    return NumpyKernel() if asked == "numpy" else compiled.CompiledKernel(asked)
