"""Typed values of databases and columnar files to the text that the collector reads; floats are refused."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from por.liabilities.intake.problems import Problems

__all__ = ["FLOAT_REMEDY", "as_texts"]

FLOAT_REMEDY: Final = "Store or cast the column as text or decimal: a float has already lost what was owed"


def as_texts(
    file: str, column: str, values: Sequence[object], rows: NDArray[np.int64], problems: Problems
) -> list[str]:
    """Text of each value; null is the empty text. A refused value is reported and becomes "0"."""
    if set(map(type, values)) <= {str}:
        return [value for value in values if isinstance(value, str)]
    is_amount = column in ("claim", "debt")
    texts = []
    for value, row in zip(values, rows.tolist(), strict=True):
        if isinstance(value, str):
            texts.append(value)
        elif value is None:
            texts.append("")
        elif is_amount and isinstance(value, Decimal):
            texts.append(format(value, "f"))
        elif isinstance(value, int) and not isinstance(value, bool):
            texts.append(str(value))
        else:
            kind = "float" if isinstance(value, float) else f"value of type {type(value).__name__}"
            remedy = FLOAT_REMEDY if isinstance(value, float) else "Store or cast the column as text"
            problems.add(file, f"this is a {kind}", remedy, row=row, column=column)
            texts.append("0")
    return texts
