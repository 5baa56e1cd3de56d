"""Every problem of one reading: all are counted, the first thousand are kept, and wrong encoding is named as such."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ledger.errors import InputErrors, InputProblem

__all__ = ["PROBLEMS_KEPT_MAX", "Problems"]

PROBLEMS_KEPT_MAX: Final = 1000

# A byte that is not UTF-8 is decoded to one of these (PEP 383), so that its row and column can still be named.
_UNDECODED: Final = re.compile("[\udc80-\udcff]")


class Problems:
    """A growing list of problems with a lid, so that a file with millions of bad rows costs no memory."""

    def __init__(self) -> None:
        self.kept: list[InputProblem] = []
        self.count = 0
        self._undecoded: list[int] = []

    def add(self, file: str, problem: str, remedy: str, *, row: int | None = None, column: str | None = None) -> None:
        """Note one problem; see `ledger.errors.InputProblem` for the fields."""
        self.count += 1
        if len(self.kept) < PROBLEMS_KEPT_MAX:
            self.kept.append(InputProblem(file=file, problem=problem, remedy=remedy, row=row, column=column))

    def add_value(self, file: str, row: int, column: str, text: str, problem: str, remedy: str) -> None:
        """Note that `text` is refused in this row and column; bytes that are not UTF-8 are the reason before any other.

        The text itself never enters the message: it may be a balance or a name.
        """
        if not _UNDECODED.search(text):
            self.add(file, problem, remedy, row=row, column=column)
            return
        if len(self.kept) < PROBLEMS_KEPT_MAX:
            self._undecoded.append(len(self.kept))
        self.add(file, "the text is not UTF-8", "Export the file as UTF-8", row=row, column=column)

    def locate_undecoded(self, file: str, find_offsets: Callable[[set[int]], dict[int, int]]) -> None:
        """Add the byte offset to each encoding problem of `file`; `find_offsets` maps rows to offsets."""
        mine = [index for index in self._undecoded if self.kept[index].file == file]
        if not mine:
            return
        offsets = find_offsets({row for index in mine if (row := self.kept[index].row) is not None})
        for index in mine:
            row = self.kept[index].row
            if row in offsets:
                self.kept[index] = replace(self.kept[index], problem=f"byte {offsets[row]} of the file is not UTF-8")
        self._undecoded = [index for index in self._undecoded if self.kept[index].file != file]

    def raise_if_any(self) -> None:
        """Raise `InputErrors` with all kept problems by file and row, and a last one that counts those left out."""
        if not self.count:
            return
        files = list(dict.fromkeys(problem.file for problem in self.kept))
        kept = sorted(self.kept, key=lambda problem: (files.index(problem.file), problem.row or 0))
        left_out = self.count - len(kept)
        if left_out:
            rest = InputProblem(kept[-1].file, f"and {left_out:,} more problems", "Mend those above and read again")
            kept.append(rest)
        raise InputErrors(kept)
