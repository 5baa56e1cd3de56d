"""What the blocks of this regime share: facts by name, the rules in force, cells, and tables that may lack data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from compliance.facts import Scalar
from compliance.reports.document import Block, Column, Texts
from compliance.reports.packs.blocks import named
from compliance.reports.packs.coverage import units
from compliance.reports.packs.given import (
    amounts_of,
    names_of,
    number_of,
    percent,
    records_of,
    rule_in_force,
    verdict_of,
)
from compliance.reports.packs.period import minute_text

__all__ = [
    "ROWS_SHOWN",
    "amounts_of",
    "cell",
    "names_of",
    "number_of",
    "percent",
    "records_of",
    "rule_in_force",
    "table_block",
    "verdict_of",
]

ROWS_SHOWN: Final = 200
"""So many rows a table of records has in a document; the pack's file of figures has more."""


def cell(value: Scalar) -> str:
    """A field of a record as a cell: numbers with thousands parted, moments to the minute, nothing as a dash."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction):
        return units(value)
    if isinstance(value, datetime):
        return minute_text(value)
    return value.isoformat() if isinstance(value, date) else value


def table_block(
    heading: str,
    level: int,
    rules: tuple[str, ...],
    columns: tuple[Column, ...],
    rows: Sequence[Sequence[str]] | None,
    texts: Texts,
    *,
    name: str,
    facts: Sequence[str],
    intro: str = "",
    after: Sequence[str] = (),
    emphasis: frozenset[int] = frozenset(),
    total: int | None = None,
) -> Block:
    """A block with one table, cut at `ROWS_SHOWN` rows with a word on it.

    `total`: how many rows there are, where `rows` are only the first of them. `rows` is None where one of `facts` is
    not known: then the block says so. No rows: it says that there is nothing.
    """
    intros = (intro,) if intro else ()
    if rows is None:
        lacking = texts["eu_lacking"].format(facts=", ".join(facts))
        return Block(heading, level, (*intros, lacking), rules=rules)
    if not rows:
        return Block(heading, level, (*intros, texts["eu_nothing"].format(facts=", ".join(facts))), rules=rules)
    cut = rows[:ROWS_SHOWN]
    table = named(name, heading, columns, cut)
    if emphasis:
        table = type(table)(table.caption, table.columns, table.rows, emphasis, table.name)
    notes = [*after]
    count = len(rows) if total is None else total
    if count > len(cut):
        notes.append(texts["eu_cut"].format(shown=len(cut), count=f"{count:,}"))
    return Block(heading, level, intros, table, tuple(notes), rules=rules)
