"""Balances from outside books, read into the flat columns that trees and statements are built from.

In: CSV, Parquet, a query on any SQLAlchemy URL, or a published wide format. Out: `Books`, or `InputErrors` with every
problem of the whole input. Rows stream through: what stays in memory is 56 bytes a row and each account id once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ledger.assets import AssetTable
from ledger.errors import InputError
from por.liabilities.intake.assemble import Trees, assemble
from por.liabilities.intake.batch import choose_columns
from por.liabilities.intake.binance import ID_COLUMN, WideColumns
from por.liabilities.intake.collector import RELATIONS, Collector
from por.liabilities.intake.csv_source import CsvSource
from por.liabilities.intake.parquet_source import ParquetSource
from por.liabilities.intake.problems import Problems
from por.liabilities.intake.sql_source import SqlQuery, SqlSource

__all__ = ["RELATIONS", "BookFormat", "BookSource", "Books", "SqlQuery", "read_books"]

BookFormat = Literal["csv", "parquet", "sql", "binance"]


@dataclass(frozen=True, slots=True)
class BookSource:
    """One file or query that was read. `sha256` is that of the file's bytes in hex, None for a query."""

    description: str
    sha256: str | None
    rows_read: int


@dataclass(frozen=True, slots=True, eq=False)
class Books:
    """Balances as flat columns; n accounts, s lines, m leaves, t trees.

    Accounts stand in first-seen order and have at least one line: `account_blob` holds their ids in UTF-8 end to end,
    cut by `account_offsets` (u64[n + 1]); `account_kind` (u8[n]) is a place in `ledger.identity.ID_KINDS`, and
    `account_relation` (u8[n]) one in `RELATIONS`.

    `trees` are (entity, asset), strictly rising: those that occur, and every listed asset for the entity `main`.

    Lines are sorted by tree, account, subaccount, and none is zero and zero: `line_tree`, `line_account`,
    `line_subaccount` (u32[s], the last a place in `subaccounts`, which rise and begin with the main one, "").

    Leaves are the sums of an account's lines in a tree, sorted by tree and account: `leaf_tree`, `leaf_account`
    (u32[m]); the lines of leaf i are `leaf_line_offsets[i]` to `[i + 1]` (u64[m + 1]), the leaves of tree j
    `tree_leaf_offsets[j]` to `[j + 1]` (u64[t + 1]).

    Amounts (`line_amounts` u8[s, 32], `leaf_amounts` u8[m, 32]) are claim and debt in quanta, 16 bytes big-endian each,
    below 2^127. Where every leaf has one line both are the same array.
    """

    account_blob: bytes
    account_offsets: NDArray[np.uint64]
    account_kind: NDArray[np.uint8]
    account_relation: NDArray[np.uint8]
    zero_accounts: int
    trees: tuple[tuple[str, str], ...]
    subaccounts: tuple[str, ...]
    line_tree: NDArray[np.uint32]
    line_account: NDArray[np.uint32]
    line_subaccount: NDArray[np.uint32]
    line_amounts: NDArray[np.uint8]
    leaf_tree: NDArray[np.uint32]
    leaf_account: NDArray[np.uint32]
    leaf_amounts: NDArray[np.uint8]
    leaf_line_offsets: NDArray[np.uint64]
    tree_leaf_offsets: NDArray[np.uint64]
    sources: tuple[BookSource, ...]

    def __post_init__(self) -> None:
        accounts, lines, leaves = len(self.account_kind), len(self.line_tree), len(self.leaf_tree)
        assert len(self.account_offsets) == accounts + 1 == len(self.account_relation) + 1
        assert int(self.account_offsets[-1]) == len(self.account_blob)
        assert len(self.line_account) == len(self.line_subaccount) == lines
        assert self.line_amounts.shape == (lines, 32) and self.leaf_amounts.shape == (leaves, 32)
        assert len(self.leaf_line_offsets) == leaves + 1 and int(self.leaf_line_offsets[-1]) == lines
        assert len(self.tree_leaf_offsets) == len(self.trees) + 1 and int(self.tree_leaf_offsets[-1]) == leaves

    @property
    def rows_read(self) -> int:
        """Rows in all sources, those of zero and zero among them."""
        return sum(source.rows_read for source in self.sources)

    def __len__(self) -> int:
        """The number of accounts."""
        return len(self.account_kind)

    def account_id(self, account: int) -> str:
        """The id of one account."""
        assert 0 <= account < len(self), "the account is one of these books"
        return self.account_blob[int(self.account_offsets[account]) : int(self.account_offsets[account + 1])].decode()


def read_books(source: Path | Sequence[Path] | SqlQuery, fmt: BookFormat, assets: AssetTable) -> Books:
    """Read balances of one format: a file, several files that make one set of books, or a query.

    Raises `InputErrors` with every problem (the first thousand spelled out) after reading all of the input; nothing is
    written. Columns: account, asset, claim, and optionally debt, subaccount, kind, entity, relation, in any order.
    """
    assert fmt in get_args(BookFormat), "the format is one of the list"
    problems = Problems()
    collector = Collector(assets, problems)
    if isinstance(source, SqlQuery):
        assert fmt == "sql", "a query is read as sql"
        sources = [_read_query(source, collector)]
    else:
        paths = [source] if isinstance(source, Path) else list(source)
        assert paths and fmt != "sql", "files are read as csv, parquet or binance"
        sources = [_read_file(path, fmt, assets, collector) for path in _once_each(paths)]
    return _books(collector, assemble(collector), sources)


def _once_each(paths: list[Path]) -> Iterator[Path]:
    """The paths, after refusing one that stands twice: every row of it would be a duplicate."""
    seen: set[Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise InputError(str(path), "this file is named twice", "Name each file once")
        seen.add(path.resolve())
    return iter(paths)


def _read_query(query: SqlQuery, collector: Collector) -> BookSource:
    rows = SqlSource(query, collector.problems)
    for batch in rows.batches(choose_columns):
        collector.add_long(batch)
    collector.end_file(rows.file)
    return BookSource(rows.file, None, rows.rows_read)


def _read_file(path: Path, fmt: BookFormat, assets: AssetTable, collector: Collector) -> BookSource:
    rows: CsvSource | ParquetSource
    if fmt == "binance":
        wide = WideColumns(assets)
        rows = CsvSource(path, collector.problems)
        for batch in rows.batches(wide):
            collector.add_wide(batch, ID_COLUMN, wide.pairs)
    else:
        rows = (CsvSource if fmt == "csv" else ParquetSource)(path, collector.problems)
        for batch in rows.batches(choose_columns):
            collector.add_long(batch)
    collector.end_file(rows.file)
    return BookSource(path.name, rows.sha256, rows.rows_read)


def _books(collector: Collector, made: Trees, sources: list[BookSource]) -> Books:
    """Number the accounts that have a line anew, in the same order, and lay their ids end to end."""
    seen = collector.accounts.count
    used = np.zeros(seen, np.bool_)
    used[made.leaf_account] = True
    number = (np.cumsum(used) - 1).astype(np.uint32)
    encoded = [name.encode() for name, kept in zip(collector.accounts, used.tolist(), strict=True) if kept]
    collector.accounts.clear()
    lengths = np.fromiter(map(len, encoded), np.uint64, len(encoded))
    line_amounts = made.lines.amounts
    return Books(
        account_blob=b"".join(encoded),
        account_offsets=np.concatenate((np.zeros(1, np.uint64), np.cumsum(lengths, dtype=np.uint64))),
        account_kind=collector.account_kind[:seen][used],
        account_relation=collector.account_relation[:seen][used],
        zero_accounts=seen - len(encoded),
        trees=tuple(made.trees),
        subaccounts=tuple(made.subaccounts),
        line_tree=made.lines.tree,
        line_account=number[made.lines.account],
        line_subaccount=made.lines.subaccount,
        line_amounts=line_amounts,
        leaf_tree=made.leaf_tree,
        leaf_account=number[made.leaf_account],
        leaf_amounts=made.leaf_amounts,
        leaf_line_offsets=made.leaf_line_offsets,
        tree_leaf_offsets=made.tree_leaf_offsets,
        sources=tuple(sources),
    )
