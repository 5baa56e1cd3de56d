"""Trees that follow the books as they change: the liabilities between two hours, always ready to be cut.

In: the leaves of an hour's opening, then absolute balances as they change. Out: the root of every tree at any moment,
and the columns of the cut. Inside the hour a leaf keeps its slot, also when it falls to zero; a newcomer is appended,
with the next salt of the tree's stream. A rebuild from the columns gives the same roots (por.liabilities.rebuild).
Cost: `change` is one dictionary store; `refresh` hashes each changed leaf and the nodes above it (docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from por.liabilities import secrets
from por.liabilities.forest import TreeName, asset_context, asset_root
from por.liabilities.kernels import Blob, Bytes2D, Kernel, Levels, pack_amounts, unpack_amount

__all__ = ["LiveForest", "LiveTree"]


@dataclass(slots=True)
class LiveTree:
    """One tree by slot: `accounts[slot]` is the account, `slots[account]` its slot, `pending` what changed since."""

    name: TreeName
    context: bytes
    salt_key: bytes
    levels: Levels
    amounts: Bytes2D
    accounts: list[int]
    slots: dict[int, int]
    pending: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def sums(self) -> tuple[int, int]:
        """Claims and debts as of the last refresh, in quanta."""
        return unpack_amount(self.levels.top)


class LiveForest:
    """Every asset tree of one hour, and the accounts behind their leaves."""

    def __init__(self, snapshot_id: str, master: bytes, names: Sequence[TreeName], kernel: Kernel) -> None:
        self.snapshot_id = snapshot_id
        self._hour = secrets.hour_key(master, snapshot_id)
        self._kernel = kernel
        self._identities: list[bytes] = []
        self._blob = Blob.pack([])
        self.trees = [self._empty(name) for name in names]

    def _empty(self, name: TreeName) -> LiveTree:
        entity, asset, _ = name
        context = asset_context(self.snapshot_id, entity, asset)
        key = secrets.salt_stream_key(self._hour, entity, asset)
        nothing = np.empty((0, 64), np.uint8)
        return LiveTree(name, context, key, self._kernel.levels(nothing), np.empty((0, 32), np.uint8), [], {})

    def add_account(self, identity: bytes) -> int:
        """Number of a new account; `identity` is `lp(kind of id) ‖ lp(account id)`."""
        self._identities.append(identity)
        return len(self._identities) - 1

    def open(self, tree: int, balances: Sequence[tuple[int, int, int]]) -> None:
        """Fill one tree when the hour opens: (account, claim, debt) of every balance that is not zero and zero."""
        live = self.trees[tree]
        assert not live.accounts, "a tree opens once"
        rows = [row for row in balances if row[1] or row[2]]
        entity, asset, _ = live.name
        slots = secrets.order(secrets.order_stream_key(self._hour, entity, asset), len(rows))
        places = np.empty(len(rows), np.int64)
        places[slots] = np.arange(len(rows))
        ordered = [rows[place] for place in places.tolist()]
        self._append(live, [row[0] for row in ordered], pack_amounts([row[1:] for row in ordered]))

    def change(self, tree: int, account: int, claim: int, debt: int) -> None:
        """A balance is now this; it enters the tree at the next refresh."""
        self.trees[tree].pending[account] = (claim, debt)

    def refresh(self) -> None:
        """Bring every root up to date. Raises AmountOverflow, and then that tree has changed nothing."""
        for live in self.trees:
            if live.pending:
                self._refresh(live)

    def _refresh(self, live: LiveTree) -> None:
        known = [(live.slots[a], a, amounts) for a, amounts in live.pending.items() if a in live.slots]
        fresh = [(a, amounts) for a, amounts in live.pending.items() if a not in live.slots and any(amounts)]
        if known:
            slots = np.array([slot for slot, _, _ in known], np.uint64)
            amounts = pack_amounts([amount for _, _, amount in known])
            salts = np.concatenate([secrets.salts(live.salt_key, 1, int(slot)) for slot in slots])
            accounts = np.array([account for _, account, _ in known], np.uint32)
            nodes = self._kernel.leaves(live.context, salts, accounts, self._identity_blob(), amounts)
            self._kernel.update(live.levels, slots, nodes)
            live.amounts[slots.astype(np.int64)] = amounts
        if fresh:
            self._append(live, [account for account, _ in fresh], pack_amounts([amounts for _, amounts in fresh]))
        live.pending.clear()

    def _append(self, live: LiveTree, accounts: Sequence[int], amounts: Bytes2D) -> None:
        first = len(live.accounts)
        salts = secrets.salts(live.salt_key, len(accounts), first)
        numbers = np.array(accounts, np.uint32)
        nodes = self._kernel.leaves(live.context, salts, numbers, self._identity_blob(), amounts)
        if first:
            self._kernel.append(live.levels, nodes)
        else:
            live.levels = self._kernel.levels(nodes)
        live.amounts = np.concatenate([live.amounts, amounts])
        live.slots.update({account: first + place for place, account in enumerate(accounts)})
        live.accounts.extend(accounts)

    def _identity_blob(self) -> Blob:
        if self._blob.count != len(self._identities):
            self._blob = Blob.pack(self._identities)
        return self._blob

    def root(self, tree: int) -> bytes:
        """The asset root of a tree as of the last refresh."""
        live = self.trees[tree]
        return asset_root(self.snapshot_id, live.name, live.levels.count, live.levels.top)

    def salts(self, tree: int) -> Bytes2D:
        """u8[n, 32]: the salt of each slot, drawn again from the hour's key."""
        return secrets.salts(self.trees[tree].salt_key, len(self.trees[tree].accounts))
