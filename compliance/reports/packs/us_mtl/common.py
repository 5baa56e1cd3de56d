"""What the blocks of this regime share: facts by name and state, verdicts by rule and state, cells, tables of facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from compliance.facts import Scalar, decimal_text
from compliance.reports.document import Block, Column, Texts
from compliance.reports.inputs import PackInput
from compliance.reports.packs import given
from compliance.reports.packs.blocks import named
from compliance.reports.packs.coverage import units
from compliance.reports.packs.given import (
    amounts_of,
    names_of,
    number_of,
    records_of,
    rule_in_force,
    verdict_of,
)
from compliance.reports.packs.period import minute_text

__all__ = [
    "ROWS_SHOWN", "amounts_of", "cell", "column", "money", "names_of", "number_of", "percent", "records_of",
    "rule_in_force", "states", "table_block", "verdict_of",
]  # fmt: skip

ROWS_SHOWN: Final = 200
"""So many rows a table of records has in a document; the pack's JSON file has the facts."""


def percent(share: Fraction) -> str:
    """A share in per cent with its sign."""
    return f"{given.percent(share)} %"


def states(data: PackInput) -> tuple[str, ...]:
    """The licensed states, as `US-NY`."""
    return tuple(sorted(names_of(data, "licences.us.states") or ()))


def cell(value: Scalar) -> str:
    """A field of a record as a cell: thousands parted, moments to the minute, nothing as a dash."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Fraction):
        return money(value)
    if isinstance(value, datetime):
        return minute_text(value)
    return value.isoformat() if isinstance(value, date) else value


def money(amount: Fraction | None) -> str:
    """An amount exact, or cut off after two decimals where it does not end; unknown as a dash."""
    if amount is None:
        return "—"
    return units(amount if "/" not in decimal_text(amount) else Fraction(int(amount * 100), 100))


def column(name: str, kind: str = "text", weight: int = 16) -> Column:
    """A column by its words."""
    return Column(name, kind, weight)


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
) -> Block:
    """A block with one table, cut at `ROWS_SHOWN` rows with a word on it.

    `rows` is None where one of `facts` is not known: then the block says so. No rows: it says that there is nothing.
    """
    intros = (intro,) if intro else ()
    if rows is None:
        return Block(heading, level, (*intros, texts["us_lacking"].format(facts=", ".join(facts))), rules=rules)
    if not rows:
        return Block(heading, level, (*intros, texts["us_nothing"].format(facts=", ".join(facts))), rules=rules)
    notes = [*after]
    if len(rows) > ROWS_SHOWN:
        notes.append(texts["us_cut"].format(shown=ROWS_SHOWN, count=f"{len(rows):,}"))
    return Block(heading, level, intros, named(name, heading, columns, rows[:ROWS_SHOWN]), tuple(notes), rules=rules)
