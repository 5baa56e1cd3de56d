"""CSV files as batches: UTF-8 with or without a mark, RFC 4180 quoting, rows numbered as an editor numbers lines.

The file is read once, a block at a time, and hashed on the way. A byte that is not UTF-8 becomes a lone surrogate,
which no column accepts, so that a wrong encoding is reported with its row and column like every other bad value.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
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
_COMMA, _NEWLINE = 44, 10
BLOCK_CHARACTERS: Final = 1 << 19  # measured: larger blocks fall out of the processor's cache
LINE_CHARACTERS_MAX: Final = 1 << 20  # a longer line is cut, and its parts are refused; no line fills the memory
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
        header, row, line = self._header(text)
        positions = choose(self.file, header, self.problems, row)
        if positions is None:
            return
        while block := text.read(BLOCK_CHARACTERS) + text.readline(LINE_CHARACTERS_MAX):
            if '"' in block:  # a quoted field may go on in the next block: the rest is read record by record
                lines = chain(io.StringIO(block, newline=""), iter(lambda: text.readline(LINE_CHARACTERS_MAX), ""))
                yield from self._read_records(lines, line, positions, len(header))
                return
            fields = _split_block(block, len(header))
            if fields is None:
                yield from self._read_records(io.StringIO(block, newline=""), line, positions, len(header))
                line += sum(1 for _ in io.StringIO(block, newline=""))
                continue
            count = len(fields) // len(header)
            numbers = np.arange(line + 1, line + 1 + count, dtype=np.int64)
            self.rows_read += count
            line += count
            yield Batch(self.file, numbers, {name: fields[at :: len(header)] for name, at in positions.items()})

    def _header(self, text: io.TextIOWrapper) -> tuple[list[str], int, int]:
        """The first record that is not empty, the line on which it begins, and the lines read up to its end."""
        reader = csv.reader(iter(lambda: text.readline(LINE_CHARACTERS_MAX), ""), strict=True)
        for records, numbers, at in self._records(reader, 0, batch_rows=1):
            return records[0], int(numbers[0]), at
        return [], 1, 0

    def _read_records(self, lines: Iterable[str], line: int, positions: dict[str, int], width: int) -> Iterator[Batch]:
        """Batches of the records in `lines`, which follow line number `line`, by the rules of quoting."""
        for records, numbers_all, _ in self._records(csv.reader(lines, strict=True), line, BATCH_ROWS):
            rows, numbers = self._of_width(records, numbers_all, width)
            if rows:
                self.rows_read += len(rows)
                columns = {name: list(map(itemgetter(at), rows)) for name, at in positions.items()}
                yield Batch(self.file, numbers, columns)

    def _records(
        self, reader: Any, line_before: int, batch_rows: int
    ) -> Iterator[tuple[list[list[str]], NDArray[np.int64], int]]:
        """Records that are not empty, the line on which each begins, and the lines read up to the end of the last.

        A malformed record is reported and left out.
        """
        while True:
            rows: list[list[str]] = []
            line = line_before + reader.line_num
            error = None
            try:
                rows.extend(islice(reader, batch_rows))  # keeps what came before an error
            except csv.Error as raised:
                error = raised
            last_line = line_before + reader.line_num
            numbers = _line_numbers(rows, line, last_line if error is None else -1)
            if error is not None:
                at = int(numbers[-1]) + _line_count(rows[-1]) if rows else line + 1
                self.problems.add(self.file, f"the row is not well-formed CSV ({error})", _WELL_FORMED, row=at)
            elif not rows:
                return
            if not all(rows):  # empty lines say nothing
                numbers = numbers[np.fromiter(map(bool, rows), np.bool_, len(rows))]
                rows = [row for row in rows if row]
            if rows:
                yield rows, numbers, last_line

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


def _split_block(block: str, width: int) -> list[str] | None:
    """The fields of whole lines without quotes, end to end, if each line has `width` of them; else None.

    This is what the csv module would give, without a list for each row: most of a large file takes this way.
    """
    if "\r" in block:
        block = block.replace("\r\n", "\n")
    if not block.endswith("\n"):
        block += "\n"
    octets = np.frombuffer(block.encode("utf-8", "surrogateescape"), np.uint8)
    marks = octets[(octets == _COMMA) | (octets == _NEWLINE)]
    if len(marks) % width or "\r" in block:
        return None
    ends_line = (marks == _NEWLINE).reshape(-1, width)
    if not ends_line[:, -1].all() or ends_line[:, :-1].any():
        return None
    return block[:-1].replace("\n", ",").split(",")


def _line_count(row: Sequence[str]) -> int:
    """How many lines of the file a record takes: one, and one more for each line break inside quotes."""
    return 1 + sum(len(_LINE_END.findall(field)) for field in row)


def _line_numbers(rows: list[list[str]], line: int, last_line: int) -> NDArray[np.int64]:
    """The line on which each record begins, when `line` lines were read before them and `last_line` after them."""
    if last_line - line == len(rows):
        return np.arange(line + 1, line + 1 + len(rows), dtype=np.int64)
    counts = np.fromiter((_line_count(row) for row in rows), np.int64, len(rows))
    return line + 1 + np.cumsum(counts) - counts
