"""Of very many records those that decide: for each question of the rules the ones nearest to a breach, or beyond it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from compliance.facts import Record

__all__ = ["RECORDS_MAX", "deciding"]

RECORDS_MAX: Final = 5_000
"""So many records a fact has before only those that decide are kept."""


def deciding(
    rows: Sequence[Record], questions: Sequence[Callable[[Record], Any]], most: int = RECORDS_MAX
) -> tuple[Record, ...]:
    """All records, or of more than `most` the first by each question in turn, in their own order.

    A question gives a record's place, lowest for what breaks a rule worst. A rule whose question it is fails of what is
    kept if and only if it fails of all.
    """
    if len(rows) <= most:
        return tuple(rows)
    share = max(most // len(questions), 1)
    kept: set[int] = set()
    for question in questions:
        order = sorted(range(len(rows)), key=lambda at, asked=question: asked(rows[at]))  # type: ignore[misc]  # bound at once
        kept.update(order[:share])
    return tuple(rows[at] for at in sorted(kept))
