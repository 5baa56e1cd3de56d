"""What is shown to people, as plain data: a title, facts, and blocks in order. HTML, PDF, CSV and JSON show the same.

Whoever has something to report writes a function that returns a `Document`, every word and figure in it as text; the
renderers beside this file know nothing but documents, so that none of the forms can say less than another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ledger.assets import format_amount
from por.pages import plain

__all__ = [
    "Block",
    "Column",
    "Document",
    "Table",
    "Texts",
    "amount_text",
    "columns_of",
    "csv_cell",
    "plain_amount",
    "table_of",
    "time_text",
]

Texts = Mapping[str, str]
"""The words of a document by name, in one language."""
DECIMALS_SHOWN = 2
"""At least so many, where the scale has them; and never fewer than the amount needs."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets read as the start of a formula, the full-width forms among them."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading; `kind` is `text`, `number` or `code`; `weight` its share of a printed page's width."""

    name: str
    kind: str = "text"
    weight: int = 10


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts. `emphasis` are rows, by place, that are sums rather than lines."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    emphasis: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        assert all(len(row) == len(self.columns) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Block:
    """A heading of a level (2 or 3), what stands under it, and perhaps a table with a note after it."""

    heading: str
    level: int
    paragraphs: tuple[str, ...] = ()
    table: Table | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is shown: its title, facts beside it, and blocks in order.

    `prepared` is the moment that stands in the file as its date, as text in UTC; it is given, never asked of a clock.
    """

    language: str
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]
    prepared: str
    footer: str


def amount_text(quanta: int, scale: int) -> str:
    """Quanta as exact decimal text, thousands parted by commas: no digit is dropped but zeros at the end."""
    shortest = format_amount(abs(quanta), scale)
    whole, _, part = shortest.partition(".")
    part = part.ljust(min(DECIMALS_SHOWN, scale), "0")
    sign = "-" if quanta < 0 else ""
    return f"{sign}{int(whole):,}{'.' + part if part else ''}"


def plain_amount(quanta: int, scale: int) -> str:
    """Quanta as exact decimal text for machines: no thousands parted, no zeros at the end."""
    return ("-" if quanta < 0 else "") + format_amount(abs(quanta), scale)


def time_text(text: str) -> str:
    """A time as people read it; every column of times says that it is in UTC."""
    return text.removesuffix("Z").replace("T", " ", 1) if text.endswith("Z") else text


def columns_of(texts: Texts, *columns: tuple[str, str, int]) -> tuple[Column, ...]:
    """Columns from (name of the text, kind, weight)."""
    return tuple(Column(texts[name], kind, weight) for name, kind, weight in columns)


def table_of(caption: str, columns: tuple[Column, ...], rows: Iterable[Sequence[str]]) -> Table:
    """A table whose cells have every unseen character written out, as texts of others must."""
    return Table(caption, columns, tuple(tuple(plain(cell) for cell in row) for row in rows))


def csv_cell(text: str) -> str:
    """A text for a cell: what a spreadsheet would take for a formula is opened with an apostrophe."""
    shown: str = plain(text)
    return "'" + shown if shown.lstrip(" ").startswith(FORMULA_STARTS) else shown
