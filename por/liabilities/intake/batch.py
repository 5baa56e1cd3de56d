"""What every source hands to the collector: some rows as columns of text; and the header rule they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from por.liabilities.intake.problems import Problems

__all__ = ["BATCH_ROWS", "COLUMNS_OPTIONAL", "COLUMNS_REQUIRED", "Batch", "choose_columns", "repeated_names"]

BATCH_ROWS: Final = 65_536
COLUMNS_REQUIRED: Final = ("account", "asset", "claim")
COLUMNS_OPTIONAL: Final = ("debt", "subaccount", "kind", "entity", "relation")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one file as columns of equal length; `rows` (i64[n]) numbers them as `InputProblem.row` does."""

    file: str
    rows: NDArray[np.int64]
    columns: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        assert all(len(column) == len(self.rows) for column in self.columns.values()), "columns are of one length"


def repeated_names(names: Sequence[str]) -> list[str]:
    """The names that stand more than once, each once, in their order."""
    return [name for name in dict.fromkeys(names) if names.count(name) > 1]


def choose_columns(file: str, names: Sequence[str], problems: Problems, row: int | None) -> dict[str, int] | None:
    """Where each known column stands in the header `names`; None after telling `problems` what is wrong with it.

    A header that names none of the required columns is taken for a first row of data, and its texts are not repeated.
    """
    known = (*COLUMNS_REQUIRED, *COLUMNS_OPTIONAL)
    before = problems.count
    wanted = (
        f"Begin with a header of {', '.join(COLUMNS_REQUIRED)} and, where you have them, {', '.join(COLUMNS_OPTIONAL)}"
    )
    if not set(names) & set(COLUMNS_REQUIRED):
        problems.add(file, "there is no header that names the columns", wanted, row=row)
        return None
    for name in repeated_names(names):
        problems.add(file, "the header names this column twice", "Keep one of the two", row=row, column=_shown(name))
    for name in COLUMNS_REQUIRED:
        if name not in names:
            problems.add(file, "this column is missing", wanted, row=row, column=name)
    for name in dict.fromkeys(names):
        if name not in known:
            remedy = f"Leave it out, or give it one of the names {', '.join(known)}, in lower case"
            problems.add(file, "this column is not known", remedy, row=row, column=_shown(name))
    if problems.count > before:
        return None
    return {name: names.index(name) for name in known if name in names}


def _shown(name: str) -> str:
    """A column's name as a message may show it: short, and with nothing that moves a terminal."""
    return ascii(name[:40])[1:-1] if not (name.isascii() and name.isprintable() and 0 < len(name) <= 40) else name
