"""What the blocks of this regime share: facts by name, the rules in force, cells, and tables that may lack data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from compliance.facts import Amounts, Record, Scalar, decimal_text
from compliance.reports.document import Block, Column, Texts
from compliance.reports.inputs import PackInput
from compliance.reports.packs.blocks import named
from compliance.reports.packs.coverage import units
from compliance.reports.packs.period import minute_text
from compliance.rules import Rule
from compliance.verdicts import Verdict

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


def records_of(data: PackInput, name: str) -> tuple[Record, ...] | None:
    """The records of a fact; None where it is not known."""
    fact = data.facts.find(name)
    if fact is None:
        return None
    assert isinstance(fact.value, tuple), f"{name} is records"
    return fact.value


def amounts_of(data: PackInput, name: str) -> Amounts | None:
    """The amounts of a fact; None where it is not known."""
    fact = data.facts.find(name)
    if fact is None:
        return None
    assert not isinstance(fact.value, Fraction | str | bool | date | frozenset | tuple), f"{name} is amounts"
    return fact.value


def number_of(data: PackInput, name: str) -> Fraction | None:
    """The number of a fact; None where it is not known."""
    fact = data.facts.find(name)
    if fact is None:
        return None
    assert isinstance(fact.value, Fraction), f"{name} is a number"
    return fact.value


def names_of(data: PackInput, name: str) -> frozenset[str] | None:
    """The names of a fact; None where it is not known."""
    fact = data.facts.find(name)
    if fact is None:
        return None
    assert isinstance(fact.value, frozenset), f"{name} is names"
    return fact.value


def rule_in_force(data: PackInput, rule_id: str) -> Rule | None:
    """The version of a rule on the last day of the period."""
    return data.rules.find(rule_id, data.end)


def verdict_of(data: PackInput, rule_id: str) -> Verdict | None:
    """The verdict of a rule at the end of the period; None where it was not in force."""
    return next((each for each in data.verdicts if each.rule == rule_id), None)


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


def percent(share: Fraction) -> str:
    """A share in per cent, exact where it ends, else cut off after four decimals."""
    exact = decimal_text(share * 100)
    return exact if "/" not in exact and len(exact) <= 8 else decimal_text(Fraction(int(share * 10**6), 10**4))


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
