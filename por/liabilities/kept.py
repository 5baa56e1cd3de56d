"""The slots of one hour, as they are kept: what a rebuild takes beside fresh amounts from the ledger.

In: the order in which the hour opened (por.liabilities.opened), newcomers in the order of the log, identities. Out: for
each tree the accounts in rising order with their slots, and the leaf rows of a log position by these slots. Stored in
the hour's folder under `kept/`, a few bytes a newcomer and not synced, so that writing it holds nothing up (after a
crash of the machine the log gives it again, up to the same cut):

    kept.json                     snapshot id, log position, the trees in the order in which they were listed
    newcomers.npy                 u32: the newcomers of each tree by slot, tree after tree
    identities.npy, offsets.npy   of the accounts that were opened inside the hour
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ledger.canonical import Json, canonical_file, parse_file
from ledger.errors import CheckFailed, FormatError
from por.liabilities import secrets
from por.liabilities.forest import Kept, KeptTree, TreeName
from por.liabilities.kernels import U32, U64, Blob, Bytes2D
from por.liabilities.opened import read_identities, read_order

__all__ = ["KeptHour", "KeptSlots", "LeafWithoutSlot", "kept_with_salts", "leaves_by_slot", "read_kept", "write_kept"]

FORMAT: Final = "tallystick/kept/1"


class LeafWithoutSlot(CheckFailed):
    """The ledger owes a customer an asset in which the live tree never saw a balance change."""


@dataclass(frozen=True, slots=True)
class KeptSlots:
    """One tree: `accounts` u32[n] strictly rising, `slots` u64[n]; the last `newcomers` slots came inside the hour."""

    name: TreeName
    accounts: U32
    slots: U64
    newcomers: int

    @property
    def by_slot(self) -> U32:
        """u32[n]: the account of each slot."""
        found = np.empty(self.accounts.size, np.uint32)
        found[self.slots] = self.accounts
        return found


@dataclass(frozen=True, slots=True)
class KeptHour:
    """Every tree, strictly rising by entity and asset, at log position `position`; identities by account number.

    The first `accounts_opened` identities are those that the hour opened with.
    """

    snapshot_id: str
    position: int
    identities: Blob
    accounts_opened: int
    trees: tuple[KeptSlots, ...]

    @property
    def names(self) -> list[TreeName]:
        return [tree.name for tree in self.trees]


def slots_of(name: TreeName, accounts: U32, slots: U32, newcomers: Sequence[int] | U32) -> KeptSlots:
    """A tree's slots from those of its opening and the newcomers by slot. Raises CheckFailed for an account twice."""
    first, count = accounts.size, len(newcomers)
    both = np.concatenate([accounts, np.asarray(newcomers, np.uint32)])
    places = np.concatenate([slots.astype(np.uint64), np.arange(first, first + count, dtype=np.uint64)])
    if count:
        order = np.argsort(both, kind="stable")  # two runs, of which the first is sorted
        both, places = both[order], places[order]
    if np.any(both[1:] <= both[:-1]):
        raise CheckFailed(f"{name[0]}/{name[1]}: the kept list has an account twice")
    return KeptSlots(name, both, places, count)


def write_kept(
    folder: Path,
    snapshot_id: str,
    position: int,
    trees: Sequence[tuple[TreeName, Sequence[int]]],
    late_identities: Blob,
) -> None:
    """Write `kept/` into the hour's folder, whole or not at all: each tree in order of listing, with its newcomers."""
    part, whole = folder / ".kept.part", folder / "kept"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    rows: list[Json] = [
        {"asset": asset, "entity": entity, "newcomers": len(newcomers), "scale": scale}
        for (entity, asset, scale), newcomers in trees
    ]
    columns = [np.fromiter(newcomers, np.uint32, len(newcomers)) for _, newcomers in trees]
    np.save(part / "newcomers.npy", np.concatenate([np.empty(0, np.uint32), *columns]))
    np.save(part / "identities.npy", late_identities.data)
    np.save(part / "offsets.npy", late_identities.offsets)
    document: Json = {"format": FORMAT, "position": position, "snapshot": snapshot_id, "trees": rows}
    (part / "kept.json").write_bytes(canonical_file(document))
    shutil.rmtree(whole, ignore_errors=True)
    part.rename(whole)


def read_kept(folder: Path) -> KeptHour:
    """The slots of an hour's folder, with the newcomers up to its `kept/`. Raises CheckFailed or FormatError."""
    snapshot, _, opened = read_order(folder)
    document = _read_document(folder / "kept" / "kept.json")
    if document["snapshot"] != snapshot:
        raise CheckFailed(f"{folder.name}/kept is of another hour")
    order = {name: (accounts, slots) for name, accounts, slots in opened}
    try:
        newcomers: npt.NDArray[np.uint32] = np.load(folder / "kept" / "newcomers.npy", allow_pickle=False)
    except (OSError, ValueError):
        raise CheckFailed(f"{folder.name}/kept/newcomers.npy is missing or cannot be read") from None
    nothing = np.empty(0, np.uint32)
    trees, first = [], 0
    for row in document["trees"]:
        name = (row["entity"], row["asset"], row["scale"])
        accounts, slots = order.pop(name, (nothing, nothing))
        trees.append(slots_of(name, accounts, slots, newcomers[first : first + row["newcomers"]]))
        first += row["newcomers"]
    if order or first != newcomers.size:
        raise CheckFailed(f"{folder.name}/kept does not list the trees that opened the hour")
    trees.sort(key=lambda tree: (tree.name[0].encode(), tree.name[1].encode()))
    base = read_identities(folder)
    identities = _joined(base, read_identities(folder / "kept"))
    return KeptHour(snapshot, document["position"], identities, base.count, tuple(trees))


def _read_document(path: Path) -> dict[str, Any]:
    try:
        document: Any = parse_file(path.read_bytes())
    except OSError:
        raise CheckFailed(f"{path.parent.name}/{path.name} is missing") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise FormatError(f"{path.parent.name}/{path.name} is of another format")
    return document


def _joined(one: Blob, two: Blob) -> Blob:
    if not two.count:
        return one
    return Blob(np.concatenate([one.data, two.data]), np.concatenate([one.offsets, one.offsets[-1] + two.offsets[1:]]))


def leaves_by_slot(
    kept: KeptHour, leaf_tree: U32, leaf_account: U32, leaf_amounts: Bytes2D
) -> tuple[U32, U32, Bytes2D, npt.NDArray[np.int64]]:
    """Leaf rows for every kept slot, rising by tree and account: the given rows' amounts, and zeros elsewhere.

    Given rows rise by tree (index into `kept.trees`) and account. The fourth result says which row each given one has
    become. Raises LeafWithoutSlot for a row of more than zero and zero that has no slot; one of nothing is left out,
    and its place in the fourth result is -1.
    """
    sizes = [tree.accounts.size for tree in kept.trees]
    bounds = np.searchsorted(leaf_tree, np.arange(len(sizes) + 1)).tolist()
    first = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).tolist()
    amounts = np.zeros((first[-1], 32), np.uint8)
    became = np.empty(leaf_account.size, np.int64)
    for number, tree in enumerate(kept.trees):
        rows = slice(bounds[number], bounds[number + 1])
        accounts = leaf_account[rows]
        if np.array_equal(accounts, tree.accounts):  # nobody came and nobody left: most trees of most hours
            amounts[first[number] : first[number + 1]] = leaf_amounts[rows]
            became[rows] = np.arange(first[number], first[number + 1])
            continue
        places = np.searchsorted(tree.accounts, accounts)
        known = np.zeros(accounts.size, np.bool_)
        inside = places < tree.accounts.size
        known[inside] = tree.accounts[places[inside]] == accounts[inside]
        if not known.all() and leaf_amounts[rows][~known].any():
            count = int(np.count_nonzero(leaf_amounts[rows][~known].any(axis=1)))
            raise LeafWithoutSlot(f"{tree.name[0]}/{tree.name[1]}: {count} balances have no slot in the live tree")
        amounts[first[number] + places[known]] = leaf_amounts[rows][known]
        became[rows] = np.where(known, first[number] + places, -1)
    leaf_tree = np.repeat(np.arange(len(sizes), dtype=np.uint32), sizes)
    accounts = np.concatenate([np.empty(0, np.uint32), *(tree.accounts for tree in kept.trees)])
    return leaf_tree, accounts, amounts, became


def kept_with_salts(kept: KeptHour, master: bytes, account_count: int) -> Kept:
    """Slots and salts for `rebuild_from_slots`; the order of the account tree's `account_count` leaves is drawn."""
    hour = secrets.hour_key(master, kept.snapshot_id)
    trees = tuple(
        KeptTree(tree.slots, secrets.salts(secrets.salt_stream_key(hour, *tree.name[:2]), tree.slots.size))
        for tree in kept.trees
    )
    order = secrets.order(secrets.order_stream_key(hour), account_count)
    return Kept(trees, KeptTree(order, secrets.salts(secrets.salt_stream_key(hour), account_count)))
