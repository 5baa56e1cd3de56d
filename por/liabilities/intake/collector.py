"""Text in, integer columns out: names become codes, amounts become quanta, and every bad value is noted.

Memory: 56 bytes a line and each account id once. Names of accounts, subaccounts and entities are kept in dictionaries
in first-seen order; each distinct name is checked once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ledger.assets import AMOUNT_QUANTA_MAX, AmountReason, AssetTable
from ledger.identity import (
    ENTITY_DEFAULT,
    ID_KIND_DEFAULT,
    ID_KINDS,
    IdReason,
    account_id_problem,
    entity_problem,
    id_kind_problem,
    subaccount_problem,
)
from por.liabilities.intake.amounts import Quanta128, parse_amounts
from por.liabilities.intake.batch import Batch
from por.liabilities.intake.problems import Problems

__all__ = ["RELATIONS", "Collector", "ColumnStore"]

RELATIONS: Final = ("customer", "staff", "house", "affiliate", "vault")
"""What an account is to the exchange, `customer` by default; a column of codes holds the position in this list."""

_UNSET: Final = 255


class NameReason(StrEnum):
    """Why a name from a closed list is refused; the value is the problem in words."""

    EMPTY_ASSET = "the asset is empty"
    UNKNOWN_ASSET = "the asset is not in the assets file"
    UNKNOWN_RELATION = "the relation is not on the list"

    @property
    def remedy(self) -> str:
        """What the owner of the input does about it."""
        if self is NameReason.UNKNOWN_RELATION:
            return f"Write one of {', '.join(RELATIONS)}, or leave it empty"
        return "Add the asset with its scale to the assets file, or correct the name (upper case)"


class _Codes(dict[str, int]):
    """Names to codes; a name that is not there yet gets the next code if `grow`, unless `reason_of` speaks against it.

    A refused name gets -1 and is not kept, so that refused names cost no memory. With `blank` the empty text means the
    first of `names`.
    """

    def __init__(
        self,
        names: Sequence[str],
        reason_of: Callable[[str], IdReason | NameReason | None],
        *,
        grow: bool = False,
        blank: bool = False,
    ) -> None:
        super().__init__(zip(names, range(len(names)), strict=True))
        self.reason_of = reason_of
        self.grow = grow
        self.count = len(names)
        if blank:
            self[""] = 0
        self._blank = blank

    def names(self) -> list[str]:
        """The names in the order of their codes."""
        return [name for name in self if name or not self._blank]

    def __missing__(self, name: str) -> int:
        if not self.grow or self.reason_of(name) is not None:
            return -1
        code = self[name] = self.count
        self.count += 1
        return code

    def of(self, names: Sequence[str]) -> NDArray[np.int64]:
        return np.fromiter(map(self.__getitem__, names), np.int64, len(names))


class ColumnStore:
    """A column that grows by batches and is joined once."""

    def __init__(self, dtype: str, width: int | None = None) -> None:
        self._dtype = np.dtype(dtype)
        self._shape = () if width is None else (width,)
        self._parts: list[NDArray[np.generic]] = []
        self.count = 0

    def append(self, part: NDArray[np.generic]) -> None:
        """Add a part; it is converted to the column's type."""
        self._parts.append(part.astype(self._dtype))
        self.count += len(part)

    def take(self) -> NDArray[np.generic]:
        """The whole column; the parts are freed one by one, so the peak is one column and one part."""
        whole = np.empty((self.count, *self._shape), self._dtype)
        start = 0
        for index, part in enumerate(self._parts):
            whole[start : start + len(part)] = part
            start += len(part)
            self._parts[index] = part[:0].copy()
        self._parts.clear()
        return whole


class Collector:
    """Gathers batches of rows for one reading of the books. See `por.liabilities.books` for what becomes of them."""

    def __init__(self, assets: AssetTable, problems: Problems) -> None:
        assert len(assets), "the assets file lists at least one asset"
        self.assets = assets.assets
        self.problems = problems
        self.accounts = _Codes([], account_id_problem, grow=True)
        self.subaccounts = _Codes([""], subaccount_problem, grow=True)
        self.entities = _Codes([ENTITY_DEFAULT], entity_problem, grow=True, blank=True)
        self._assets = _Codes([asset.name for asset in self.assets], _asset_reason)
        self._kinds = _Codes(ID_KINDS, id_kind_problem)
        self._kinds[""] = self._kinds[ID_KIND_DEFAULT]
        self._relations = _Codes(RELATIONS, _relation_reason, blank=True)
        self._scales = np.array([asset.scale for asset in self.assets], np.int64)
        limits = [asset.amount_quanta_max for asset in self.assets]
        self._limit_high = np.array([limit >> 64 for limit in limits], np.uint64)
        self._limit_low = np.array([limit & (2**64 - 1) for limit in limits], np.uint64)
        self._limited = any(limit < AMOUNT_QUANTA_MAX for limit in limits)
        self.account_kind = np.full(0, _UNSET, np.uint8)
        self.account_relation = np.full(0, _UNSET, np.uint8)
        self.line_account = ColumnStore("u4")
        self.line_tree = ColumnStore("u4")
        self.line_subaccount = ColumnStore("u4")
        self.line_row = ColumnStore("u4")
        self.line_amounts = ColumnStore(">u8", 4)
        self.holder_account = ColumnStore("u4")
        self.holder_row = ColumnStore("u4")
        self.trees: set[int] = {self._assets[asset.name] for asset in self.assets}  # entity 0 is the default one
        self.line_files: list[tuple[str, int]] = []
        self.holder_files: list[tuple[str, int]] = []

    def end_file(self, file: str) -> None:
        """Note that the lines gathered since the last call came from `file`."""
        self.line_files.append((file, self.line_row.count))
        self.holder_files.append((file, self.holder_row.count))

    def add_long(self, batch: Batch) -> None:
        """Rows with one account, asset, claim and debt each."""
        count = len(batch.rows)
        account = self._code(batch, "account", self.accounts)
        asset = self._code(batch, "asset", self._assets)
        subaccount = self._code(batch, "subaccount", self.subaccounts)
        entity = self._code(batch, "entity", self.entities)
        kind = self._code(batch, "kind", self._kinds)
        relation = self._code(batch, "relation", self._relations)
        self.account_kind = self._attribute(batch, "kind", account, kind, self.account_kind)
        self.account_relation = self._attribute(batch, "relation", account, relation, self.account_relation)
        claim = self._amounts(batch, "claim", asset)
        debt = self._amounts(batch, "debt", asset) if "debt" in batch.columns else _zeros(count)
        keep = (account >= 0) & (asset >= 0) & (subaccount >= 0) & (entity >= 0)
        tree = entity * len(self.assets) + asset
        self.trees.update(np.unique(tree[keep]).tolist())
        self._append(keep, account, tree, subaccount, batch.rows, claim, debt)

    def add_wide(self, batch: Batch, id_column: str, pairs: Sequence[tuple[str, str, str]]) -> None:
        """Rows with one account each and, for each (asset, claim column, debt column) of `pairs`, its amounts.

        Amounts of zero and zero, which most of a wide table is, are left out here.
        """
        account = self._code(batch, id_column, self.accounts)
        known = account >= 0
        self.holder_account.append(account[known])
        self.holder_row.append(batch.rows[known])
        default = np.zeros(len(batch.rows), np.int64)
        kind = default + ID_KINDS.index(ID_KIND_DEFAULT)
        self.account_kind = self._attribute(batch, id_column, account, kind, self.account_kind)
        self.account_relation = self._attribute(batch, id_column, account, default, self.account_relation)
        for asset_name, claim_column, debt_column in pairs:
            asset = default + self._assets[asset_name]
            claim = self._amounts(batch, claim_column, asset)
            debt = self._amounts(batch, debt_column, asset)
            keep = known & ((claim.high | claim.low | debt.high | debt.low) != 0)
            self._append(keep, account, asset, default, batch.rows, claim, debt)

    def _append(
        self,
        keep: NDArray[np.bool_],
        account: NDArray[np.int64],
        tree: NDArray[np.int64],
        subaccount: NDArray[np.int64],
        rows: NDArray[np.int64],
        claim: Quanta128,
        debt: Quanta128,
    ) -> None:
        assert not len(rows) or int(rows[-1]) < 2**32, "row numbers fit 32 bits"
        everything = bool(keep.all())
        for store, column in (
            (self.line_account, account),
            (self.line_tree, tree),
            (self.line_subaccount, subaccount),
            (self.line_row, rows),
            (self.line_amounts, np.column_stack((*claim, *debt))),
        ):
            store.append(column if everything else column[keep])

    def _code(self, batch: Batch, column: str, codes: _Codes) -> NDArray[np.int64]:
        """The codes of a column, -1 where it is refused; an absent column is one of empty fields."""
        texts = batch.columns.get(column)
        if texts is None:
            return np.full(len(batch.rows), codes[""], np.int64)
        found = codes.of(texts)
        for index in np.flatnonzero(found < 0).tolist():
            reason = codes.reason_of(texts[index])
            assert reason is not None, "a name without a code was refused"
            self.problems.add_value(
                batch.file, int(batch.rows[index]), column, texts[index], str(reason), reason.remedy
            )
        return found

    def _attribute(
        self,
        batch: Batch,
        column: str,
        account: NDArray[np.int64],
        codes: NDArray[np.int64],
        known: NDArray[np.uint8],
    ) -> NDArray[np.uint8]:
        """`known`, one code an account, grown by this batch; an account that has two different codes is reported."""
        if len(known) < self.accounts.count:
            grown = np.full(max(2 * len(known), self.accounts.count), _UNSET, np.uint8)
            grown[: len(known)] = known
            known = grown
        usable = np.flatnonzero((account >= 0) & (codes >= 0))
        at, code = account[usable], codes[usable].astype(np.uint8)
        new = known[at] == _UNSET
        known[at[new][::-1]] = code[new][::-1]  # of several rows the first decides: the last assignment stays
        for index in usable[known[at] != code].tolist():
            if column == "kind":
                problem, remedy = "the same id stands under another kind too", "Give each id one kind in all its rows"
            else:
                problem, remedy = (
                    "the account has another relation too",
                    "Give each account one relation in all its rows",
                )
            self.problems.add(batch.file, problem, remedy, row=int(batch.rows[index]), column=column)
        return known

    def _amounts(self, batch: Batch, column: str, asset: NDArray[np.int64]) -> Quanta128:
        """The amounts of a column in quanta of each row's asset; a refused one counts 0 and is reported."""
        texts = batch.columns[column]
        known = asset >= 0
        scales = np.where(known, self._scales[asset], 0)

        def refuse(index: int, reason: AmountReason) -> None:
            if known[index] or reason not in (AmountReason.TOO_MANY_DECIMALS, AmountReason.OVER_LIMIT):
                words = _amount_words(column, reason, int(scales[index]))
                self.problems.add_value(batch.file, int(batch.rows[index]), column, texts[index], *words)

        amounts = parse_amounts(texts, scales, refuse)
        if self._limited:
            high, low = self._limit_high[asset], self._limit_low[asset]
            above = known & ((amounts.high > high) | ((amounts.high == high) & (amounts.low > low)))
            for index in np.flatnonzero(above).tolist():
                problem = "the amount is over the limit: it is above the asset's max_supply"
                remedy = "Check the amount, or correct max_supply in the assets file"
                self.problems.add(batch.file, problem, remedy, row=int(batch.rows[index]), column=column)
        return amounts


def _zeros(count: int) -> Quanta128:
    return Quanta128(np.zeros(count, np.uint64), np.zeros(count, np.uint64))


def _asset_reason(text: str) -> NameReason:
    return NameReason.UNKNOWN_ASSET if text else NameReason.EMPTY_ASSET


def _relation_reason(text: str) -> NameReason:
    return NameReason.UNKNOWN_RELATION


def _amount_words(column: str, reason: AmountReason, scale: int) -> tuple[str, str]:
    """The problem and remedy of an amount; a negative debt belongs on the other side."""
    if reason is AmountReason.NEGATIVE and (column == "debt" or column.startswith("d_")):
        return str(reason), "Write what is owed to the customer into the claim column, without the sign"
    if reason is AmountReason.TOO_MANY_DECIMALS:
        return f"{reason}, {scale}", reason.remedy
    return str(reason), reason.remedy
