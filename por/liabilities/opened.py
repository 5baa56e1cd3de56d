"""The trees of an hour as it opens: drawn from the master key, kept in a folder, read again after a restart.

In: the leaves at the log position where the hour opens. Out: for each tree the accounts in rising order, the slot of
each, and every node; the identities with which commitments are made all hour long. What must outlive a crash is small:
master, snapshot id, position and the balances there give every byte of this again (docs/spec/trees.md section 7), and
newcomers follow in the order of the log. The folder saves the time.

    index.json                    snapshot id, position, trees, how many leaves are in use
    identities.npy, offsets.npy   `lp(kind of id) ‖ lp(account id)` by account number, end to end
    tree-NNNNN-accounts.npy       u32, rising: the accounts that opened the tree
    tree-NNNNN-slots.npy          u32: their slots
    tree-NNNNN-leaves.npy, -upper.npy   the nodes, with room for newcomers behind the last leaf
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from ledger.canonical import Json, canonical_file, parse_file
from ledger.errors import CheckFailed, FormatError
from por.liabilities import secrets
from por.liabilities.forest import TreeName, asset_context, tree_bounds
from por.liabilities.kernels import U32, Blob, Bytes2D, Kernel, Levels
from por.liabilities.kernels.arrays import table

__all__ = [
    "ROOM_LEAST",
    "ROOM_PART",
    "OpenedHour",
    "OpenedTree",
    "open_hour",
    "read_identities",
    "read_opened",
    "read_order",
    "write_opened",
    "write_order",
]

FORMAT: Final = "tallystick/opened/1"
ROOM_PART: Final = 16
"""Room for newcomers: a sixteenth of the leaves, and `ROOM_LEAST`; past it the nodes move once more."""
ROOM_LEAST: Final = 1_024


@dataclass(frozen=True, slots=True)
class OpenedTree:
    """One tree as it opens: `accounts` u32[n] strictly rising, `slots` u32[n] where each stands."""

    name: TreeName
    accounts: U32
    slots: U32
    levels: Levels


@dataclass(frozen=True, slots=True)
class OpenedHour:
    """Every tree of one hour as it opens at log position `position`; identities by account number."""

    snapshot_id: str
    position: int
    identities: Blob
    trees: tuple[OpenedTree, ...]


def open_hour(
    snapshot_id: str,
    master: bytes,
    position: int,
    trees: Sequence[TreeName],
    leaf_tree: U32,
    leaf_account: U32,
    leaf_amounts: Bytes2D,
    identities: Blob,
    kernel: Kernel,
) -> OpenedHour:
    """Draw orders and salts and build every tree; the same arguments give the same bytes.

    Leaf columns are those of `por.liabilities.forest.build`; rows of zero and zero make no leaf. Raises
    TallystickError for rows out of order and AmountOverflow.
    """
    words = np.ascontiguousarray(leaf_amounts).view(np.uint64)
    some = np.flatnonzero(words[:, 0] | words[:, 1] | words[:, 2] | words[:, 3])
    if some.size != leaf_tree.size:
        leaf_tree, leaf_account, leaf_amounts = leaf_tree[some], leaf_account[some], leaf_amounts[some]
    bounds = tree_bounds(trees, leaf_tree, leaf_account)
    hour, opened = secrets.hour_key(master, snapshot_id), []
    for name, first, end in zip(trees, bounds[:-1], bounds[1:], strict=True):
        entity, asset, _ = name
        slots = secrets.order(secrets.order_stream_key(hour, entity, asset), end - first)
        salts = secrets.salts(secrets.salt_stream_key(hour, entity, asset), end - first)
        accounts = np.ascontiguousarray(leaf_account[first:end])
        context = asset_context(snapshot_id, entity, asset)
        nodes = kernel.leaves(context, salts, accounts, identities, leaf_amounts[first:end], None, slots)
        levels = kernel.levels(nodes)
        levels.make_room(max(levels.count // ROOM_PART, ROOM_LEAST))
        opened.append(OpenedTree(name, accounts, slots.astype(np.uint32), levels))
    return OpenedHour(snapshot_id, position, identities, tuple(opened))


def write_opened(folder: Path, opened: OpenedHour) -> None:
    """Write the hour's folder, whole or not at all; one that is there already is replaced."""
    order = [(tree.name, tree.accounts, tree.slots) for tree in opened.trees]
    levels = [tree.levels for tree in opened.trees]
    write_order(folder, opened.snapshot_id, opened.position, opened.identities, order, levels)


def write_order(
    folder: Path,
    snapshot_id: str,
    position: int,
    identities: Blob,
    trees: Sequence[tuple[TreeName, U32, U32]],
    levels: Sequence[Levels] = (),
) -> None:
    """Write the folder of an hour: accounts and slots of each tree, and the nodes where they are given."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)  # balances and ids: for their owner
    _write(part / "identities.npy", identities.data)
    _write(part / "offsets.npy", identities.offsets)
    rows: list[Json] = []
    for number, ((entity, asset, scale), accounts, slots) in enumerate(trees):
        _write(part / f"tree-{number:05d}-accounts.npy", accounts)
        _write(part / f"tree-{number:05d}-slots.npy", slots)
        rows.append({"asset": asset, "entity": entity, "leaves": len(accounts), "scale": scale})
    for number, nodes in enumerate(levels):
        _write(part / f"tree-{number:05d}-leaves.npy", nodes.leaves)
        _write(part / f"tree-{number:05d}-upper.npy", nodes.upper)
    index: Json = {"format": FORMAT, "position": position, "snapshot": snapshot_id, "trees": rows}
    with (part / "index.json").open("xb") as file:
        file.write(canonical_file(index))
        file.flush()
        os.fsync(file.fileno())
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def _write(path: Path, array: npt.NDArray[Any]) -> None:
    """One array, synced: a file that lost its bytes with the power would give another root."""
    with path.open("xb") as file:
        np.save(file, array)
        file.flush()
        os.fsync(file.fileno())


def read_opened(folder: Path) -> OpenedHour:
    """Read the folder into memory; raises CheckFailed or FormatError for one that is not whole.

    For the live process: call it in a thread of its own. The bytes go from the page cache to their place without
    Python's lock, and no page is missing later, in the middle of an update.
    """
    index = _read_index(folder)
    trees = []
    for number, row in enumerate(index["trees"]):
        stem = f"tree-{number:05d}"
        leaves, upper = (_read(folder / f"{stem}-{name}.npy") for name in ("leaves", "upper"))
        accounts, slots = (_read(folder / f"{stem}-{name}.npy") for name in ("accounts", "slots"))
        if not len(accounts) == len(slots) == row["leaves"]:
            raise CheckFailed(f"{folder.name}/{stem}: columns and index differ")
        try:
            levels = Levels.stored(row["leaves"], leaves, upper)
        except (ValueError, IndexError):
            raise CheckFailed(f"{folder.name}/{stem}: the nodes do not fit each other") from None
        trees.append(OpenedTree(_name(row), accounts, slots, levels))
    return OpenedHour(index["snapshot"], index["position"], read_identities(folder), tuple(trees))


def read_order(folder: Path) -> tuple[str, int, list[tuple[TreeName, U32, U32]]]:
    """Snapshot id, position, and accounts and slots of each tree, without the nodes; errors as `read_opened`."""
    index = _read_index(folder)
    found = []
    for number, row in enumerate(index["trees"]):
        accounts, slots = (_read(folder / f"tree-{number:05d}-{name}.npy") for name in ("accounts", "slots"))
        if len(accounts) != len(slots):
            raise CheckFailed(f"{folder.name}/tree-{number:05d}: accounts and slots differ in length")
        found.append((_name(row), accounts, slots))
    return index["snapshot"], index["position"], found


def read_identities(folder: Path) -> Blob:
    """The identities of a folder; raises CheckFailed."""
    try:
        return Blob(_read(folder / "identities.npy"), _read(folder / "offsets.npy"))
    except ValueError:
        raise CheckFailed(f"{folder.name}: the identities do not fit their offsets") from None


def _name(row: dict[str, Any]) -> TreeName:
    return row["entity"], row["asset"], row["scale"]


def _read_index(folder: Path) -> dict[str, Any]:
    try:
        index: Any = parse_file((folder / "index.json").read_bytes())
    except OSError:
        raise CheckFailed(f"{folder.name}/index.json is missing") from None
    if not isinstance(index, dict) or index.get("format") != FORMAT:
        raise FormatError(f"{folder.name}/index.json is of another format")
    return index


def _read(path: Path) -> npt.NDArray[Any]:
    """One array, in memory that begins on a cache line; only the plainest `.npy` is accepted."""
    try:
        with path.open("rb") as file:
            if npy.read_magic(file) != (1, 0):
                raise ValueError("another version")
            shape, fortran, dtype = npy.read_array_header_1_0(file)
            if fortran or dtype.hasobject:
                raise ValueError("another layout")
            size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
            room = table(size, 1).reshape(size)
            if file.readinto(room.data) != size:
                raise ValueError("too short")
    except (OSError, ValueError):
        raise CheckFailed(f"{path.parent.name}/{path.name} is missing or cannot be read") from None
    found: npt.NDArray[Any] = room.view(dtype).reshape(shape)
    return found
