"""The accounts and balances that every benchmark uses: seeded, vectorised, and never part of a measured time.

Each account holds USDC and `HOLDINGS - 1` different ones of the other assets, drawn uniformly. Claims are log-uniform
from 1 to 2^100 quanta (a number of bits first, then the bits); one leaf in ten has a debt drawn in the same way. Ids
are e-mail addresses of 22 bytes. Cost: about 1.5 s and 1 GB for a million accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from por.liabilities.forest import TreeName
from por.liabilities.kernels import U32, Blob, Bytes2D, lp

__all__ = ["HOLDINGS", "MASTER", "SNAPSHOT_HOUR", "Workload", "describe", "generate", "load", "save"]

HOLDINGS = 6
AMOUNT_BITS = 100
DEBT_ONE_IN = 10
MASTER = bytes(range(32))
EXCHANGE = "bench.exchange"
SNAPSHOT_HOUR = "2026-01-01T00:00:00Z"
_KIND = "email"
_ID_DIGITS = 10
_ID_TAIL = b"@example.com"


@dataclass(frozen=True)
class Workload:
    """Columns as `por.liabilities.forest.build` takes them: leaves rise by tree and account."""

    trees: tuple[TreeName, ...]
    leaf_tree: U32
    leaf_account: U32
    leaf_amounts: Bytes2D
    identities: Blob

    @property
    def accounts(self) -> int:
        return self.identities.count

    @property
    def leaves(self) -> int:
        return self.leaf_tree.size


def describe(accounts: int, assets: int) -> str:
    """The workload in words, for the output."""
    return (
        f"{accounts:,} accounts, each USDC and {HOLDINGS - 1} of {assets - 1} other assets, claims log-uniform "
        f"1..2^{AMOUNT_BITS}, one leaf in {DEBT_ONE_IN} with a debt"
    )


def generate(accounts: int, assets: int = 20, seed: int = 20260101) -> Workload:
    """The same columns for the same arguments; more than `HOLDINGS` assets."""
    assert assets > HOLDINGS, "the draw needs a choice"
    random = np.random.default_rng(seed)
    names = sorted(["USDC", *(f"A{number:03d}" for number in range(1, assets))])
    usdc = names.index("USDC")
    assert usdc == assets - 1, "the asset that everyone holds stands last"
    chosen = _distinct(random, accounts, assets - 1)
    order = np.argsort(chosen.ravel(), kind="stable")
    leaf_tree = np.concatenate([chosen.ravel()[order].astype(np.uint32), np.full(accounts, usdc, np.uint32)])
    owners = (order // chosen.shape[1]).astype(np.uint32)
    leaf_account = np.concatenate([owners, np.arange(accounts, dtype=np.uint32)])
    amounts = np.empty((leaf_tree.size, 32), np.uint8)
    amounts[:, :16] = random_amounts(random, leaf_tree.size)
    amounts[:, 16:] = random_amounts(random, leaf_tree.size)
    amounts[random.integers(0, DEBT_ONE_IN, leaf_tree.size, dtype=np.uint8) != 0, 16:] = 0
    trees = tuple(("main", name, 6) for name in names)
    return Workload(trees, leaf_tree, leaf_account, amounts, _identities(accounts))


def _distinct(random: np.random.Generator, rows: int, choices: int) -> npt.NDArray[np.uint8]:
    """u8[rows, HOLDINGS - 1]: rows of different numbers below `choices`, drawn again until they differ."""
    assert choices <= 256
    chosen = np.empty((rows, HOLDINGS - 1), np.uint8)
    again = np.arange(rows)
    while again.size:
        drawn = random.integers(0, choices, (again.size, HOLDINGS - 1), dtype=np.uint8)
        chosen[again] = drawn
        drawn.sort(axis=1)
        again = again[(drawn[:, 1:] == drawn[:, :-1]).any(axis=1)]
    return chosen


def random_amounts(random: np.random.Generator, rows: int) -> Bytes2D:
    """u8[rows, 16]: u128 big-endian, log-uniform from 1 to 2^100."""
    bits = random.integers(1, AMOUNT_BITS + 1, rows).astype(np.uint64)
    values = np.empty((rows, 2), np.uint64)
    one = np.uint64(1)
    for column, below in ((0, np.uint64(64)), (1, np.uint64(0))):
        width = np.clip(bits.astype(np.int64) - int(below), 0, 64).astype(np.uint64)
        drawn = random.integers(0, 1 << 64, rows, dtype=np.uint64)
        drawn >>= np.minimum(np.uint64(64) - width, np.uint64(63))
        leading = (bits > below) & (bits <= below + np.uint64(64))
        drawn[leading] |= one << (width[leading] - one)
        drawn[width == 0] = 0
        values[:, column] = drawn
    return values.astype(">u8").view(np.uint8).reshape(rows, 16)


def _identities(accounts: int) -> Blob:
    """`lp(kind) ‖ lp(id)` of ids of one width, so that no loop over accounts is needed."""
    assert accounts < 10**_ID_DIGITS
    size = _ID_DIGITS + len(_ID_TAIL)
    head = lp(_KIND.encode()) + size.to_bytes(4, "big")
    table = np.empty((accounts, len(head) + size), np.uint8)
    table[:, : len(head)] = np.frombuffer(head, np.uint8)
    table[:, len(head) + _ID_DIGITS :] = np.frombuffer(_ID_TAIL, np.uint8)
    number = np.arange(accounts, dtype=np.uint64)
    for digit in range(_ID_DIGITS):
        table[:, len(head) + _ID_DIGITS - 1 - digit] = ord("0") + number % np.uint64(10)
        number //= np.uint64(10)
    offsets = np.arange(accounts + 1, dtype=np.uint64) * np.uint64(table.shape[1])
    return Blob(table.reshape(-1), offsets)


def save(folder: Path, workload: Workload) -> None:
    """Write the columns, so that the process that is measured never holds what made them."""
    for name in ("leaf_tree", "leaf_account", "leaf_amounts"):
        np.save(folder / f"{name}.npy", getattr(workload, name))
    np.save(folder / "identities.npy", workload.identities.data)
    np.save(folder / "offsets.npy", workload.identities.offsets)
    (folder / "assets.txt").write_text("\n".join(asset for _, asset, _ in workload.trees), encoding="utf-8")


def load(folder: Path, *, in_memory: bool = True) -> Workload:
    """Read the columns of `save`, or map them from the disk."""
    assets = (folder / "assets.txt").read_text(encoding="utf-8").split("\n")

    def column(name: str) -> npt.NDArray[Any]:
        found: npt.NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode=None if in_memory else "r")
        return found

    trees = tuple(("main", asset, 6) for asset in assets)
    identities = Blob(column("identities"), column("offsets"))
    return Workload(trees, column("leaf_tree"), column("leaf_account"), column("leaf_amounts"), identities)
