"""Trees that follow the books as they change: the liabilities between two hours, always ready to be cut.

In: the leaves of an hour's opening, then absolute balances as they change, in the order of the log. Out: the root of
every tree at any moment, and the slots that a rebuild from the ledger takes to give the same roots.

The rules of an hour. Which slot a leaf has follows from the log alone, never from when `refresh` was called:
- At the opening the order is drawn from the master key and the snapshot id, over the accounts in rising order that
  have a balance there (por.liabilities.opened).
- The first change of an account without a slot gives it the next slot of that tree, whatever the amounts are.
- A leaf keeps its slot, also when it falls to zero. An asset listed inside the hour has a tree inside the hour; in a
  snapshot the trees stand in the order of their names, whatever their numbers here.
- An identity is that of the opening until the next hour opens, so that a changed id breaks no commitment.
- From the cut until the next hour's trees are adopted changes wait, in order; `change` is the same all the time.

After a restart either the hour's folder is adopted again and every change since its position is given again, or
`reopen` takes the kept slots and the balances of one log position, and the changes after that are given.

Cost: `change` is one dictionary store; `refresh(SLICE)` is meant to hold its process under 10 ms with the C kernel, and
`adopt` is a few assignments a tree (docs/benchmarks.md, "The hour").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

import numpy as np

from por.liabilities import secrets
from por.liabilities.forest import TreeName, asset_context, asset_root
from por.liabilities.kept import KeptHour, leaves_by_slot, write_kept
from por.liabilities.kernels import AMOUNT_MAX, U32, U64, Blob, Bytes2D, Kernel, Levels, unpack_amount
from por.liabilities.opened import ROOM_LEAST, ROOM_PART, OpenedHour, OpenedTree, write_order

__all__ = ["SLICE", "HourRoots", "LiveForest", "LiveTree", "TreeState"]

SLICE: Final = 500
"""Changes in one call of `refresh` that hold the process under 10 ms with the C kernel; without it take a tenth."""

Change = tuple[int, int]
"""An account, and its claim and debt in one integer: not a pair, because the collector of garbage would count pairs."""
DEBT_BITS: Final = 128


@dataclass(frozen=True, slots=True)
class TreeState:
    """One tree at a moment: its root, its sums in quanta and how many slots it has."""

    name: TreeName
    root: bytes
    claims: int
    debts: int
    leaves: int


@dataclass(frozen=True, slots=True)
class HourRoots:
    """Every live tree at the cut, strictly rising by entity and asset."""

    snapshot_id: str
    position: int
    trees: tuple[TreeState, ...]


@dataclass(slots=True)
class LiveTree:
    """One tree: `opened` and `slots` are the accounts (rising) and slots of the opening, `newcomers` the slots since.

    `pending` holds changes in the order of the log; `taken` are those that `refresh` is at, `current` its slice.
    """

    name: TreeName
    context: bytes
    salt_key: bytes
    levels: Levels
    opened: U32
    slots: U32
    newcomers: dict[int, int] = field(default_factory=dict)
    pending: dict[int, int] = field(default_factory=dict)
    taken: Iterator[Change] | None = None
    current: list[Change] = field(default_factory=list)
    waiting: int = 0

    @property
    def count(self) -> int:
        """Slots, those of zero and zero among them."""
        return self.levels.count

    @property
    def sums(self) -> tuple[int, int]:
        """Claims and debts as of the last refresh, in quanta."""
        return unpack_amount(self.levels.top)

    @property
    def amounts(self) -> Bytes2D:
        """u8[n, 32]: claim and debt of each slot as of the last refresh."""
        return np.ascontiguousarray(self.levels.leaves[: self.count, 32:])

    @property
    def accounts(self) -> U32:
        """u32[n]: the account of each slot."""
        found = np.empty(self.count, np.uint32)
        found[self.slots] = self.opened
        found[self.opened.size :] = np.fromiter(self.newcomers, np.uint32, len(self.newcomers))
        return found

    def take(self, limit: int | None) -> list[Change]:
        """The next changes, at most `limit`, oldest first; they stay `current` until `taken_in` is called."""
        while not self.current:
            if self.taken is None:
                if not self.pending:
                    break
                self.taken, self.waiting, self.pending = iter(self.pending.items()), len(self.pending), {}
            self.current = list(islice(self.taken, limit))
            if not self.current:
                self.taken = None
        return self.current

    def taken_in(self) -> None:
        """The current slice is in the tree."""
        self.waiting -= len(self.current)
        self.current = []

    @property
    def unread(self) -> int:
        """Changes that are not in the tree yet."""
        return self.waiting + len(self.pending)

    def slots_at(self, accounts: U32) -> U64:
        """u64[k]: the slot of each account; a newcomer's is the next free one, in the order of `accounts`."""
        places = np.searchsorted(self.opened, accounts)
        known = np.zeros(accounts.size, np.bool_)
        inside = places < self.opened.size
        known[inside] = self.opened[places[inside]] == accounts[inside]
        found = np.empty(accounts.size, np.uint64)
        found[known] = self.slots[places[known]]
        free = self.count
        for place in np.flatnonzero(~known).tolist():
            slot = self.newcomers.get(int(accounts[place]))
            if slot is None:
                slot, free = free, free + 1
            found[place] = slot
        return found


class LiveForest:
    """Every asset tree of one hour, and the accounts behind their leaves. Trees and accounts keep their numbers.

    `is_cut` is true between a cut and the adoption of the next hour; given as true, for a start in between, all changes
    wait for `adopt`.
    """

    def __init__(
        self, snapshot_id: str, master: bytes, names: Sequence[TreeName], kernel: Kernel, *, is_cut: bool = False
    ) -> None:
        self._master = master
        self._kernel = kernel
        self._identities = Blob.pack([])
        self._late: list[bytes] = []
        self.trees: list[LiveTree] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self.is_cut = is_cut
        self._begin(snapshot_id)
        for name in names:
            self.add_tree(name)

    def _begin(self, snapshot_id: str) -> None:
        self.snapshot_id = snapshot_id
        self._hour = secrets.hour_key(self._master, snapshot_id)

    @classmethod
    def reopen(
        cls,
        kept: KeptHour,
        master: bytes,
        leaf_tree: U32,
        leaf_account: U32,
        leaf_amounts: Bytes2D,
        kernel: Kernel,
    ) -> LiveForest:
        """The forest at the kept slots' log position, with the balances of that position (trees index `kept.trees`).

        Trees are numbered in the order of their names. Raises LeafWithoutSlot if the balances are of a later position.
        """
        forest = cls(kept.snapshot_id, master, kept.names, kernel)
        forest._identities, forest._late = _split(kept.identities, kept.accounts_opened)
        _, accounts, amounts, _ = leaves_by_slot(kept, leaf_tree, leaf_account, leaf_amounts)
        first = 0
        for live, tree in zip(forest.trees, kept.trees, strict=True):
            rows, count = slice(first, first + tree.accounts.size), tree.accounts.size - tree.newcomers
            first = rows.stop
            by_slot = tree.by_slot
            opened = np.sort(by_slot[:count])
            live.opened, live.slots = opened, tree.slots[np.searchsorted(tree.accounts, opened)].astype(np.uint32)
            live.newcomers = {account: count + place for place, account in enumerate(by_slot[count:].tolist())}
            salts = secrets.salts(live.salt_key, tree.accounts.size)
            owners, own = np.ascontiguousarray(accounts[rows]), amounts[rows]
            nodes = kernel.leaves(live.context, salts, owners, kept.identities, own, None, tree.slots)
            live.levels = kernel.levels(nodes)
            live.levels.make_room(max(live.count // ROOM_PART, ROOM_LEAST))
        return forest

    @property
    def account_count(self) -> int:
        """Accounts that have a number."""
        return self._identities.count + len(self._late)

    def add_account(self, identity: bytes) -> int:
        """Number of a new account; `identity` is `lp(kind of id) ‖ lp(account id)`."""
        self._late.append(identity)
        return self.account_count - 1

    def add_tree(self, name: TreeName) -> int:
        """Number of a tree that was not there: an asset listed for an entity, inside the hour or before it."""
        assert name[:2] not in self._numbers, "an entity has one tree for each asset"
        self._numbers[name[:2]] = len(self.trees)
        self.trees.append(self._empty(name))
        return len(self.trees) - 1

    def number(self, entity: str, asset: str) -> int | None:
        """The number of a tree; None if there is none."""
        return self._numbers.get((entity, asset))

    def _empty(self, name: TreeName) -> LiveTree:
        nothing = np.empty(0, np.uint32)
        return self._tree(OpenedTree(name, nothing, nothing, self._kernel.levels(np.empty((0, 64), np.uint8))))

    def _tree(self, opened: OpenedTree) -> LiveTree:
        entity, asset, _ = opened.name
        context = asset_context(self.snapshot_id, entity, asset)
        key = secrets.salt_stream_key(self._hour, entity, asset)
        return LiveTree(opened.name, context, key, opened.levels, opened.accounts, opened.slots)

    def open(self, tree: int, accounts: U32, amounts: Bytes2D) -> None:
        """Fill one tree when the hour opens: accounts u32[n] strictly rising, amounts u8[n, 32].

        For an exchange small enough to hold; others draw in another process and `adopt`. Zero and zero makes no leaf.
        """
        live = self.trees[tree]
        assert live.count == 0 and not live.unread, "a tree opens once, and before any change"
        some = amounts.any(axis=1)
        accounts, amounts = np.ascontiguousarray(accounts[some], np.uint32), np.ascontiguousarray(amounts[some])
        assert bool((accounts[1:] > accounts[:-1]).all()), "accounts rise strictly"
        slots = secrets.order(secrets.order_stream_key(self._hour, *live.name[:2]), accounts.size)
        salts = secrets.salts(live.salt_key, accounts.size)
        nodes = self._kernel.leaves(live.context, salts, accounts, self.identities, amounts, None, slots)
        live.opened, live.slots, live.levels = accounts, slots.astype(np.uint32), self._kernel.levels(nodes)

    @property
    def identities(self) -> Blob:
        """All identities by account number: that of the opening, then of those who came since."""
        if not self._late:
            return self._identities
        base, late = self._identities, Blob.pack(self._late)
        offsets = np.concatenate([base.offsets, base.offsets[-1] + late.offsets[1:]])
        return Blob(np.concatenate([base.data, late.data]), offsets)

    def change(self, tree: int, account: int, claim: int, debt: int) -> None:
        """A balance is now this; it enters the tree at a later refresh. Amounts are from 0 to 2^128-1."""
        assert 0 <= debt <= AMOUNT_MAX, "a debt over its bits would change the claim"
        self.trees[tree].pending[account] = claim << DEBT_BITS | debt

    @property
    def pending(self) -> int:
        """Changes that are not in the trees yet."""
        return sum(live.unread for live in self.trees)

    def refresh(self, limit: int | None = None) -> int:
        """Bring at most `limit` changes into the trees, all without a limit; how many are still to come.

        Between a cut and the adoption of the next hour nothing moves. Raises AmountOverflow, and then the changes that
        do not fit are still to come.
        """
        left = limit
        for live in self.trees if not self.is_cut else ():
            while live.unread and left != 0:
                taken = live.take(left)
                if not taken:
                    break
                self._bring_in(live, taken)
                live.taken_in()
                left = None if left is None else left - len(taken)
        return self.pending

    def _bring_in(self, live: LiveTree, changes: Sequence[Change]) -> None:
        accounts = np.fromiter((account for account, _ in changes), np.uint32, len(changes))
        packed = b"".join([amounts.to_bytes(32, "big") for _, amounts in changes])
        amounts = np.frombuffer(packed, np.uint8).reshape(-1, 32)
        slots = live.slots_at(accounts)
        owners = Blob.pack([self._identity(account) for account, _ in changes])
        salts, places = secrets.salts_at(live.salt_key, slots), np.arange(len(changes), dtype=np.uint32)
        nodes = self._kernel.leaves(live.context, salts, places, owners, amounts)
        is_old = slots < live.count
        if is_old.any():
            self._kernel.update(live.levels, slots[is_old], nodes[is_old])
        if not is_old.all():
            self._kernel.append(live.levels, nodes[~is_old])
        for account in accounts[~is_old].tolist():
            live.newcomers[account] = live.opened.size + len(live.newcomers)

    def _identity(self, account: int) -> bytes:
        late = account - self._identities.count
        if late >= 0:
            return self._late[late]
        first, end = self._identities.offsets[account : account + 2].tolist()
        return self._identities.data[first:end].tobytes()

    def root(self, tree: int) -> bytes:
        """The asset root of a tree as of the last refresh."""
        live = self.trees[tree]
        return asset_root(self.snapshot_id, live.name, live.levels.count, live.levels.top)

    def salts(self, tree: int) -> Bytes2D:
        """u8[n, 32]: the salt of each slot, drawn again from the hour's key."""
        return secrets.salts(self.trees[tree].salt_key, self.trees[tree].count)

    def roots(self, position: int) -> HourRoots:
        """Every tree as it is, when all changes up to log position `position` are in."""
        assert self.pending == 0, "every change up to the position is in the trees"
        states = [
            TreeState(live.name, self.root(number), *live.sums, live.count) for number, live in enumerate(self.trees)
        ]
        states.sort(key=lambda state: (state.name[0].encode(), state.name[1].encode()))
        return HourRoots(self.snapshot_id, position, tuple(states))

    def cut(self, position: int, folder: Path) -> HourRoots:
        """End the hour at log position `position`: its roots, with its slots kept in `folder` for the rebuild."""
        found, write = self.end_hour(position)
        write(folder)
        return found

    def end_hour(self, position: int) -> tuple[HourRoots, Callable[[Path], None]]:
        """The same for whoever writes at leisure: the roots, and what keeps the slots of this moment in a folder."""
        assert not self.is_cut, "the next hour is not open yet"
        found, write = self.roots(position), self._kept(position)
        self.is_cut = True
        return found, write

    def write_kept(self, folder: Path, position: int) -> None:
        """Keep the slots as of `position` in the hour's folder; at the cut, and with each checkpoint of the engine.

        A folder that does not have the opening yet gets it, without nodes: that of an hour opened by `open`.
        """
        assert not self.is_cut, "what was kept at the cut is what the close reads"
        self._kept(position)(folder)

    def _kept(self, position: int) -> Callable[[Path], None]:
        assert self.pending == 0, "slots are kept when every change up to the position is in"
        snapshot_id, identities, late = self.snapshot_id, self._identities, tuple(self._late)
        order = [(live.name, live.opened, live.slots) for live in self.trees]
        columns = [(live.name, list(live.newcomers)) for live in self.trees]

        def write(folder: Path) -> None:
            if not (folder / "index.json").exists():
                write_order(folder, snapshot_id, position, identities, order)
            write_kept(folder, snapshot_id, position, columns, Blob.pack(late))

        return write

    def adopt(self, opened: OpenedHour) -> None:
        """Go on with the trees of an hour that was drawn at the cut; the changes since then are pending already.

        Also right after construction, when every change since `opened.position` is given again after a restart; and in
        place of an hour that was never cut, because it is stated as missed.
        """
        by_name = {tree.name[:2]: tree for tree in opened.trees}
        count = opened.identities.count
        assert self.account_count == 0 or count <= self.account_count, "the hour opened in the past of this forest"
        came_since = [self._identity(account) for account in range(count, self.account_count)]
        self._begin(opened.snapshot_id)
        self._identities, self._late, self.is_cut = opened.identities, came_since, False
        for name in [tree.name for tree in opened.trees if tree.name[:2] not in self._numbers]:
            self.add_tree(name)
        for number, live in enumerate(self.trees):
            drawn = by_name.get(live.name[:2])
            fresh = self._empty(live.name) if drawn is None else self._tree(drawn)
            assert live.waiting == 0, "an hour is cut when no slice is open"
            fresh.pending = live.pending
            self.trees[number] = fresh


def _split(identities: Blob, count: int) -> tuple[Blob, list[bytes]]:
    """The first `count` identities, and the others one by one."""
    cuts = identities.offsets.tolist()
    late = [identities.data[first:end].tobytes() for first, end in pairwise(cuts[count:])]
    return Blob(identities.data[: cuts[count]], identities.offsets[: count + 1]), late
