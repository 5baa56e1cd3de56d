"""Balances at the cut, as the store gives them, and the books that a bundle is made from.

In: one row for each subaccount's balance, accounts in the order in which the log opened them. Out: flat columns, sorted
once, with leaves summed; and `Books` over the slots that the live trees kept. Cost: 6 million rows in about a second
when they come sorted by tree, account and subaccount, and half a second more when they do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ledger.errors import CheckFailed, FormatError
from ledger.identity import ID_KINDS
from por.liabilities.aggregate import sum_runs
from por.liabilities.books import RELATIONS, Books
from por.liabilities.forest import TreeName
from por.liabilities.kept import KeptHour, leaves_by_slot
from por.liabilities.kernels import U32, U64, Blob, Bytes2D, join_identities

__all__ = ["AccountRow", "BalanceRow", "CutBalances", "SortedBalances", "books_by_slot", "sort_balances"]

BALANCE_BITS_MAX = 63


class AccountRow(NamedTuple):
    """One account: its id in the log, the customer's own id with its kind, and its relation to the exchange."""

    log_id: str
    kind: str
    id: str
    relation: str = "customer"


class BalanceRow(NamedTuple):
    """One subaccount's balance in one asset, in quanta; `account` is the id in the log."""

    entity: str
    account: str
    subaccount: str
    asset: str
    claim: int
    debt: int


@dataclass(frozen=True, slots=True, eq=False)
class CutBalances:
    """Balances of one log position as flat columns; n rows in any order, a accounts in the order of the log.

    `tree` u32[n] is a place in `trees` (strictly rising by entity and asset), `account` u32[n] an account's number,
    `subaccount` u32[n] a place in `subaccounts` (strictly rising by bytes, the main one, "", first). `claims` and
    `debts` u64[n] are quanta and fit 63 bits. `log_ids` has an account's id in the log; `kind` u8[a] is a place in
    ID_KINDS and `relation` u8[a] one in RELATIONS; `ids` has the customers' own ids.
    """

    trees: tuple[TreeName, ...]
    tree: U32
    account: U32
    subaccount: U32
    claims: U64
    debts: U64
    subaccounts: tuple[str, ...]
    log_ids: Blob
    kind: npt.NDArray[np.uint8]
    ids: Blob
    relation: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        rows, accounts = self.tree.size, self.kind.size
        assert self.account.size == self.subaccount.size == self.claims.size == self.debts.size == rows
        assert self.log_ids.count == self.ids.count == self.relation.size == accounts
        assert self.subaccounts[:1] == ("",), "the main subaccount is always named"
        encoded = [name.encode() for name in self.subaccounts]
        assert sorted(set(encoded)) == encoded, "subaccounts rise strictly"

    @property
    def identities(self) -> Blob:
        """`lp(kind of id) ‖ lp(account id)` by account number."""
        return join_identities(ID_KINDS, self.kind, self.ids.data.tobytes(), self.ids.offsets)

    @classmethod
    def collect(
        cls, trees: Sequence[TreeName], accounts: Iterable[AccountRow], balances: Iterable[BalanceRow]
    ) -> CutBalances:
        """From rows, for an exchange small enough for them; `trees` as the live forest lists them at the cut."""
        who = list(accounts)
        numbers = {row.log_id: number for number, row in enumerate(who)}
        places = {name[:2]: place for place, name in enumerate(trees)}
        rows = list(balances)
        names = sorted({"", *(row.subaccount for row in rows)}, key=str.encode)
        rank = {name: place for place, name in enumerate(names)}
        try:
            tree = np.array([places[row.entity, row.asset] for row in rows], np.uint32)
            account = np.array([numbers[row.account] for row in rows], np.uint32)
            kind = np.array([ID_KINDS.index(row.kind) for row in who], np.uint8)
            relation = np.array([RELATIONS.index(row.relation) for row in who], np.uint8)
        except (KeyError, ValueError):
            raise CheckFailed("a balance is of an account or asset that is not listed") from None
        return cls(
            tuple(trees),
            tree,
            account,
            np.array([rank[row.subaccount] for row in rows], np.uint32),
            np.array([row.claim for row in rows], np.uint64),
            np.array([row.debt for row in rows], np.uint64),
            tuple(names),
            Blob.pack([row.log_id.encode() for row in who]),
            kind,
            Blob.pack([row.id.encode() for row in who]),
            relation,
        )


@dataclass(frozen=True, slots=True, eq=False)
class SortedBalances:
    """Lines of more than zero and zero, sorted by tree, account and subaccount, and the leaves that they add up to.

    Leaf i has the lines `offsets[i]` to `offsets[i + 1]`; amounts are u8[n, 32] as everywhere.
    """

    tree: U32
    account: U32
    subaccount: U32
    amounts: Bytes2D
    leaf_tree: U32
    leaf_account: U32
    leaf_amounts: Bytes2D
    offsets: U64


def sort_balances(given: CutBalances) -> SortedBalances:
    """Sort and sum. Raises CheckFailed for a row twice, FormatError for an amount over 63 bits."""
    high = np.uint64(1) << np.uint64(BALANCE_BITS_MAX)
    if given.claims.size and (int(given.claims.max()) >= high or int(given.debts.max()) >= high):
        raise FormatError("a balance does not fit 63 bits")
    for column, limit in ((given.tree, len(given.trees)), (given.account, given.kind.size)):
        if column.size and int(column.max()) >= limit:
            raise CheckFailed("a balance is of an account or tree that is not listed")
    some = (given.claims | given.debts) != 0
    pick = slice(None) if some.all() else np.flatnonzero(some)
    tree, account, subaccount = given.tree[pick], given.account[pick], given.subaccount[pick]
    amounts = np.zeros((tree.size, 4), ">u8")
    amounts[:, 1], amounts[:, 3] = given.claims[pick], given.debts[pick]
    order = _order(tree, account, subaccount, len(given.subaccounts))
    if order is not None:
        tree, account, subaccount, amounts = tree[order], account[order], subaccount[order], amounts[order]
    same = (tree[1:] == tree[:-1]) & (account[1:] == account[:-1])
    if bool((same & (subaccount[1:] == subaccount[:-1])).any()):
        raise CheckFailed("a subaccount has two balances in one asset")
    starts = np.flatnonzero(np.concatenate([np.ones(min(tree.size, 1), np.bool_), ~same]))
    offsets = np.append(starts, tree.size).astype(np.uint64)
    lines = amounts.view(np.uint8).reshape(-1, 32)
    sums = sum_runs(lines, offsets, limit_bits=127)[0] if tree.size else lines
    return SortedBalances(tree, account, subaccount, lines, tree[starts], account[starts], sums, offsets)


def _order(tree: U32, account: U32, subaccount: U32, names: int) -> npt.NDArray[np.intp] | None:
    """The order by tree, account and subaccount; None where the rows are in it."""
    same = tree[1:] == tree[:-1]
    equal = same & (account[1:] == account[:-1])
    rising = (
        (tree[1:] > tree[:-1]) | (same & (account[1:] > account[:-1])) | (equal & (subaccount[1:] > subaccount[:-1]))
    )
    if bool(rising.all()):
        return None
    inside = np.argsort(subaccount, kind="stable") if names > 1 else np.arange(tree.size)
    key = (tree[inside].astype(np.uint64) << np.uint64(32)) | account[inside]
    found: npt.NDArray[np.intp] = inside[np.argsort(key, kind="stable")]
    return found


def books_by_slot(given: CutBalances, rows: SortedBalances, kept: KeptHour) -> Books:
    """The books of the cut over the kept slots: a leaf for each slot, one of zero and zero where nothing is left.

    Raises LeafWithoutSlot (see por.liabilities.kept). Accounts keep their numbers, with or without a leaf.
    """
    if list(given.trees) != kept.names:
        raise CheckFailed("the balances are of other trees than the live ones")
    leaf_tree, leaf_account, leaf_amounts, became = leaves_by_slot(
        kept, rows.leaf_tree, rows.leaf_account, rows.leaf_amounts
    )
    assert bool((became >= 0).all()), "rows of zero and zero were left out before"
    counts = np.ones(leaf_tree.size, np.int64)
    counts[became] = np.diff(rows.offsets.astype(np.int64))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    if rows.tree.size == leaf_tree.size == offsets[-1]:
        lines = rows.tree, rows.account, rows.subaccount, rows.amounts
    else:
        lines = _lines_with_zeros(rows, leaf_tree, leaf_account, became, counts, offsets)
    tree_bounds = np.searchsorted(leaf_tree, np.arange(len(given.trees) + 1)).astype(np.uint64)
    return Books(
        account_blob=given.ids.data.tobytes(),
        account_offsets=given.ids.offsets,
        account_kind=given.kind,
        account_relation=given.relation,
        zero_accounts=0,
        trees=tuple((entity, asset) for entity, asset, _ in given.trees),
        subaccounts=given.subaccounts,
        line_tree=lines[0],
        line_account=lines[1],
        line_subaccount=lines[2],
        line_amounts=lines[3],
        leaf_tree=leaf_tree,
        leaf_account=leaf_account,
        leaf_amounts=leaf_amounts,
        leaf_line_offsets=offsets.astype(np.uint64),
        tree_leaf_offsets=tree_bounds,
        sources=(),
    )


def _lines_with_zeros(
    rows: SortedBalances,
    leaf_tree: U32,
    leaf_account: U32,
    became: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
) -> tuple[U32, U32, U32, Bytes2D]:
    """The lines of all leaves: those given, and a main line of zero and zero for each slot that has nothing left."""
    total = int(offsets[-1])
    subaccount, amounts = np.zeros(total, np.uint32), np.zeros((total, 32), np.uint8)
    own = counts[became]
    first = np.repeat(offsets[became] - rows.offsets[:-1].astype(np.int64), own)
    places = first + np.arange(rows.tree.size)
    subaccount[places], amounts[places] = rows.subaccount, rows.amounts
    return np.repeat(leaf_tree, counts), np.repeat(leaf_account, counts), subaccount, amounts
