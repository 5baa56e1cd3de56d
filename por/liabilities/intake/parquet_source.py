"""Parquet files as batches: text, decimal and integer columns. Needs the extra `parquet` (pyarrow)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from por.liabilities.intake.batch import BATCH_ROWS, Batch
from por.liabilities.intake.csv_source import ChooseColumns, unreadable
from por.liabilities.intake.problems import Problems
from por.liabilities.intake.values import FLOAT_REMEDY, as_texts

__all__ = ["ParquetSource"]


class ParquetSource:
    """One Parquet file; rows count from 1. `sha256` and `rows_read` are known when `batches` ends."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self.path = path
        self.file = str(path)
        self.problems = problems
        self.sha256: str | None = None
        self.rows_read = 0

    def batches(self, choose: ChooseColumns) -> Iterator[Batch]:
        """Rows as columns of text, the columns being those that `choose` names. Problems go to `problems`."""
        try:
            pyarrow = import_module("pyarrow")  # here, because the extra may be absent
            import_module("pyarrow.parquet")
        except ImportError:
            remedy = "Install the extra: pip install 'tallystick[parquet]', or export CSV"
            self.problems.add(self.file, "Parquet files need pyarrow, which is not installed", remedy)
            return
        try:
            with self.path.open("rb") as raw:
                self.sha256 = hashlib.file_digest(raw, "sha256").hexdigest()
            with pyarrow.parquet.ParquetFile(self.path) as parquet:
                columns = self._columns(pyarrow, parquet.schema_arrow, choose)
                if columns is not None:
                    yield from self._read(parquet, columns)
        except pyarrow.ArrowException as error:
            self.problems.add(
                self.file, f"this is no readable Parquet file ({type(error).__name__})", "Export it again"
            )
        except OSError as error:
            unreadable(self.file, error, self.problems)

    def _columns(self, pyarrow: Any, schema: Any, choose: ChooseColumns) -> list[str] | None:
        """The known columns, unless one is of a type that cannot hold what it should."""
        positions = choose(self.file, list(schema.names), self.problems, None)
        if positions is None:
            return None
        before = self.problems.count
        for name in positions:
            kind = schema.field(name).type
            if pyarrow.types.is_dictionary(kind):
                kind = kind.value_type
            if pyarrow.types.is_floating(kind):
                self.problems.add(self.file, "the column holds floats", FLOAT_REMEDY, column=name)
            elif not _is_readable(pyarrow.types, kind, is_amount=name in ("claim", "debt")):
                remedy = "Write amounts as text, decimal or integer, and every other column as text"
                self.problems.add(self.file, f"the column is of type {kind}", remedy, column=name)
        return list(positions) if self.problems.count == before else None

    def _read(self, parquet: Any, columns: list[str]) -> Iterator[Batch]:
        for record_batch in parquet.iter_batches(batch_size=BATCH_ROWS, columns=columns):
            count = record_batch.num_rows
            rows = np.arange(self.rows_read + 1, self.rows_read + 1 + count, dtype=np.int64)
            self.rows_read += count
            texts = {
                name: as_texts(self.file, name, record_batch.column(name).to_pylist(), rows, self.problems)
                for name in columns
            }
            yield Batch(self.file, rows, texts)


def _is_readable(types: Any, kind: Any, *, is_amount: bool) -> bool:
    if types.is_string(kind) or types.is_large_string(kind) or types.is_null(kind):
        return True
    return bool(types.is_integer(kind) or (is_amount and types.is_decimal(kind)))
