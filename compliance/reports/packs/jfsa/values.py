"""One language's view of a pack's input, and the cells that its blocks share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from compliance.facts import Amounts, Record, Scalar
from compliance.primitives.view import shown
from compliance.reports.document import Block, Column, Texts
from compliance.reports.inputs import PackInput
from compliance.reports.packs.blocks import named
from compliance.reports.packs.coverage import units
from compliance.reports.packs.given import amounts_of, number_of, records_of
from compliance.reports.packs.jfsa.phrases import LABELS_JA
from compliance.reports.packs.period import minute_text

__all__ = ["Edition"]


@dataclass(frozen=True, slots=True)
class Edition:
    """A pack's input with the words of a language; `data` has its rules and verdicts in that language."""

    data: PackInput
    texts: Texts

    @property
    def is_japanese(self) -> bool:
        """Whether labels are Japanese."""
        return self.texts["language"] == "ja"

    def word(self, name: str) -> str:
        """A text of this regime's packs."""
        return self.texts[f"jfsa_{name}"]

    def pick(self, japanese: str, english: str) -> str:
        """One of two."""
        return japanese if self.is_japanese else english

    def label(self, text: str) -> str:
        """A word of the toolkit's own, such as a book's name."""
        return LABELS_JA.get(text, text) if self.is_japanese else text

    def amounts(self, name: str) -> Amounts | None:
        """A number for each name; None where it is not known."""
        return amounts_of(self.data, name)

    def number(self, name: str) -> Fraction | None:
        """A number; None where it is not known."""
        return number_of(self.data, name)

    def records(self, name: str) -> Sequence[Record] | None:
        """Records; None where they are not known."""
        return records_of(self.data, name)

    def figure(self, value: Fraction | None) -> str:
        """A number as shown, or that it is not known."""
        return self.word("unknown") if value is None else units(value)

    def cell(self, value: Scalar) -> str:
        """A field of a record; what is empty is a dash."""
        if isinstance(value, bool):
            return self.word("yes") if value else self.word("no_word")
        if isinstance(value, Fraction):
            return units(value)
        if isinstance(value, datetime):
            return minute_text(value)
        if isinstance(value, date):
            return value.isoformat()
        return "—" if value is None else self.label(shown(value))

    def result_of(self, rule_id: str) -> str:
        """The answer of a rule as a status word; empty where there is no verdict."""
        return next((each.result.value for each in self.data.verdicts if each.rule == rule_id), "")

    def columns(self, *columns: tuple[str, str, int]) -> tuple[Column, ...]:
        """Columns from (name of a text of this regime, kind, weight)."""
        return tuple(Column(self.word(name), kind, weight) for name, kind, weight in columns)

    def listed(
        self,
        heading: str,
        fact: str,
        table_name: str,
        columns: Sequence[tuple[str, str, str, int]],
        rules: tuple[str, ...],
        level: int = 3,
    ) -> Block:
        """A fact's records as a table of (field, text, kind, weight), or that none are there or stated."""
        title, found = self.word(heading), self.records(fact)
        if found is None:
            return Block(title, level, (self.word("unknown_note").format(name=fact),), rules=rules)
        if not found:
            return Block(title, level, (self.word("none"),), rules=rules)
        shown_columns = self.columns(*((text, kind, weight) for _, text, kind, weight in columns))
        rows = [tuple(self.cell(row[field]) for field, *_ in columns) for row in found]
        return Block(title, level, (), named(table_name, title, shown_columns, rows), rules=rules)
