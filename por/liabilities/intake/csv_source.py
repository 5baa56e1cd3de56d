"""CSV files as batches: UTF-8 with or without a mark, RFC 4180 quoting, rows numbered as an editor numbers lines.

The file is read once, a block at a time, and hashed on the way. A byte that is not UTF-8 becomes a lone surrogate,
which no column accepts, so that a wrong encoding is reported with its row and column like every other bad value.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from por.liabilities.intake.batch import BATCH_ROWS, Batch
from por.liabilities.intake.problems import Problems

__all__ = ["ChooseColumns", "CsvSource", "unreadable"]

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_WELL_FORMED: Final = "Quote a field that holds commas, double each quote inside it, and close every quote"


class ChooseColumns(Protocol):
    """Reads a header: where each wanted column stands, or None after telling `problems` why not."""

    def __call__(
        self, file: str, names: Sequence[str], problems: Problems, row: int | None, /
    ) -> dict[str, int] | None: ...


class _HashedFile(io.RawIOBase):
    """The bytes of a file, hashed as they pass."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("rb", buffering=0)
        self.sha256 = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._raw.readinto(buffer)
        self.sha256.update(memoryview(buffer)[:count])
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class CsvSource:
    """One CSV file. `batches` goes through it once; `sha256` and `rows_read` are known when it ends."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self.path = path
        self.file = str(path)
        self.problems = problems
        self.sha256: str | None = None
        self.rows_read = 0

    def batches(self, choose: ChooseColumns) -> Iterator[Batch]:
        """Rows as columns of text, the columns being those that `choose` names. Problems go to `problems`."""
        try:
            with _HashedFile(self.path) as hashed:
                yield from self._read(hashed, choose)
                self.sha256 = hashed.sha256.hexdigest()
        except OSError as error:
            unreadable(self.file, error, self.problems)
            return
        self.problems.locate_undecoded(self.file, self._undecoded_offsets)

    def _read(self, hashed: _HashedFile, choose: ChooseColumns) -> Iterator[Batch]:
        buffered = io.BufferedReader(hashed, 1 << 20)
        if buffered.peek(2)[:2] in _UTF16_MARKS:
            self.problems.add(self.file, "the file is UTF-16: byte 0 is not UTF-8", "Export the file as UTF-8", row=1)
            return
        text = io.TextIOWrapper(buffered, encoding="utf-8-sig", errors="surrogateescape", newline="")
        reader = csv.reader(text, strict=True)
        header: list[str] | None = None
        positions: dict[str, int] | None = None
        for records, lines in self._records(reader):
            begin = 0
            if header is None:
                header, begin = records[0], 1
                positions = choose(self.file, header, self.problems, int(lines[0]))
                if positions is None:
                    return
            assert positions is not None, "the header was read"
            rows, numbers = self._of_width(records[begin:], lines[begin:], len(header))
            if rows:
                self.rows_read += len(rows)
                yield Batch(
                    self.file, numbers, {name: list(map(itemgetter(at), rows)) for name, at in positions.items()}
                )
        if header is None:
            choose(self.file, [], self.problems, 1)

    def _records(self, reader: Any) -> Iterator[tuple[list[list[str]], NDArray[np.int64]]]:
        """Records that are not empty, with the line on which each begins; a malformed one is reported and left out."""
        while True:
            rows: list[list[str]] = []
            line = reader.line_num
            error = None
            try:
                rows.extend(islice(reader, BATCH_ROWS))  # keeps what came before an error
            except csv.Error as raised:
                error = raised
            numbers = _line_numbers(rows, line, reader.line_num if error is None else -1)
            if error is not None:
                at = int(numbers[-1]) + _line_count(rows[-1]) if rows else line + 1
                self.problems.add(self.file, f"the row is not well-formed CSV ({error})", _WELL_FORMED, row=at)
            elif not rows:
                return
            if not all(rows):  # empty lines say nothing
                numbers = numbers[np.fromiter(map(bool, rows), np.bool_, len(rows))]
                rows = [row for row in rows if row]
            if rows:
                yield rows, numbers

    def _of_width(
        self, rows: list[list[str]], numbers: NDArray[np.int64], width: int
    ) -> tuple[list[list[str]], NDArray[np.int64]]:
        """The rows with as many fields as the header; every other one is reported."""
        if set(map(len, rows)) <= {width}:
            return rows, numbers
        fitting = np.fromiter((len(row) == width for row in rows), np.bool_, len(rows))
        for index in np.flatnonzero(~fitting).tolist():
            few_or_many = "few" if len(rows[index]) < width else "many"
            problem = f"the row has too {few_or_many} columns: {len(rows[index])}, and the header has {width}"
            remedy = "Give every row one field for each column, and quote a field that holds a comma"
            self.problems.add(self.file, problem, remedy, row=int(numbers[index]))
        return [row for row in rows if len(row) == width], numbers[fitting]

    def _undecoded_offsets(self, rows: set[int]) -> dict[int, int]:
        """The offset of the first byte that is not UTF-8 in each of these rows; reads the file once more."""
        offsets: dict[int, int] = {}
        position, record = 0, 1
        starts = sorted(rows)
        with self.path.open(encoding="utf-8", errors="surrogateescape", newline="") as text:
            for number, line in enumerate(text, start=1):
                while starts and starts[0] <= number:
                    record = starts.pop(0)
                found = re.search("[\udc80-\udcff]", line)
                if found and record in rows and record not in offsets:
                    offsets[record] = position + len(line[: found.start()].encode("utf-8", "surrogateescape"))
                position += len(line.encode("utf-8", "surrogateescape"))
        return offsets


def unreadable(file: str, error: OSError, problems: Problems) -> None:
    """Tell `problems` that a file cannot be opened or read."""
    problems.add(file, f"the file cannot be read ({error.strerror})", "Check the path and that you may read it")


def _line_count(row: Sequence[str]) -> int:
    """How many lines of the file a record takes: one, and one more for each line break inside quotes."""
    return 1 + sum(len(_LINE_END.findall(field)) for field in row)


def _line_numbers(rows: list[list[str]], line: int, last_line: int) -> NDArray[np.int64]:
    """The line on which each record begins, when `line` lines were read before them and `last_line` after them."""
    if last_line - line == len(rows):
        return np.arange(line + 1, line + 1 + len(rows), dtype=np.int64)
    counts = np.fromiter((_line_count(row) for row in rows), np.int64, len(rows))
    return line + 1 + np.cumsum(counts) - counts
