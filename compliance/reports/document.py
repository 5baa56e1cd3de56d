"""What is shown to people, as plain data: a title, facts, and blocks in order. HTML, PDF, CSV and JSON show the same.

Whoever has something to report writes a function that returns a `Document`, every word and figure in it as text; the
renderers beside this file know nothing but documents, so that none of the forms can say less than another.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace

from compliance.reports.chart import Chart
from compliance.reports.status import RESULTS, STATUSES, overall
from ledger.assets import format_amount
from por.pages import plain

__all__ = [
    "Block",
    "Column",
    "Cover",
    "Document",
    "EvidenceItem",
    "Procedure",
    "SignOff",
    "Table",
    "Texts",
    "amount_text",
    "columns_of",
    "csv_cell",
    "number_text",
    "plain_amount",
    "table_of",
    "time_text",
    "visible",
]

Texts = Mapping[str, str]
"""The words of a document by name, in one language."""
DECIMALS_SHOWN = 2
"""At least so many, where the scale has them; and never fewer than the amount needs."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets read as the start of a formula, the full-width forms among them."""


KINDS = frozenset({"text", "number", "code", "status", "link", "rule"})
THOUSANDS = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})*(\.[0-9]+)?\Z")
HASH = re.compile(r"[0-9a-f]{64}\Z")
FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*\Z")
"""A file of a pack, named from the pack's own folder: nothing that leads out of it, and no address."""
IDENTIFIER = re.compile(r"[a-z][a-z0-9_-]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading; `weight` is its share of a printed page's width. Kinds:

    `text`; `number`, to the right and never broken; `code`, a hash or an id; `status`, a word of `status.STATUSES`;
    `rule`, a rule's id, which the printed page's foot repeats; `link`, a file of the same pack, or nothing.
    """

    name: str
    kind: str = "text"
    weight: int = 10

    def __post_init__(self) -> None:
        assert self.kind in KINDS and self.weight > 0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts. `emphasis` are rows, by place, that are sums rather than lines.

    `name` is what its CSV file and its place in JSON are called; without one they are numbered.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    emphasis: frozenset[int] = frozenset()
    name: str = ""

    def __post_init__(self) -> None:
        assert self.columns and all(len(row) == len(self.columns) for row in self.rows)
        assert not self.name or IDENTIFIER.match(self.name), self.name
        for place, column in enumerate(self.columns):
            if column.kind == "status":
                assert all(row[place] in STATUSES or not row[place] for row in self.rows), "a status is a known word"
            elif column.kind == "link":
                assert all(FILE_NAME.match(row[place]) or not row[place] for row in self.rows), "a link stays inside"


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure and what it found. `number` as it is referred to (`3.2`); `status` a word of `status.STATUSES`.

    `exceptions` are listed one by one; `evidence` are names of files or hashes that the finding rests on.
    """

    number: str
    procedure: str
    finding: str
    status: str
    rules: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.number and self.procedure and self.finding and self.status in STATUSES


@dataclass(frozen=True, slots=True)
class SignOff:
    """A place to sign. What is empty is left open for a pen."""

    role: str
    name: str = ""
    date: str = ""
    statement: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One piece of evidence: its name, SHA-256 in hex, what it is, and a command that checks it again."""

    name: str
    sha256: str
    what: str = ""
    command: str = ""

    def __post_init__(self) -> None:
        assert HASH.match(self.sha256), "a SHA-256 in hex"


@dataclass(frozen=True, slots=True)
class Block:
    """A heading of a level (2 or 3) and what stands under it, in the order of the fields.

    `items` is a list with bullets; `after` are notes at the end. `rules` are the ids of the rules that it is about:
    they stand beside the heading, and at the foot of the printed page. A block of level 2 is in the contents.
    """

    heading: str
    level: int
    paragraphs: tuple[str, ...] = ()
    table: Table | None = None
    after: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    sign_offs: tuple[SignOff, ...] = ()
    evidence: tuple[EvidenceItem, ...] = ()
    rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.level in (2, 3) and self.heading


@dataclass(frozen=True, slots=True)
class Cover:
    """What a pack opens with: its verdict, large; how many rules gave which of the four answers; hashes of what it is.

    `statement` says in a sentence what the verdict is on. `warnings` counts passes near their limit.
    """

    verdict: str
    statement: str
    counts: tuple[tuple[str, int], ...]
    hashes: tuple[tuple[str, str], ...] = ()
    warnings: int = 0

    def __post_init__(self) -> None:
        assert all(HASH.match(value) for _, value in self.hashes), "a SHA-256 in hex"
        assert self.verdict in RESULTS and tuple(result for result, _ in self.counts) == RESULTS
        counts = dict(self.counts)
        assert all(count >= 0 for count in counts.values()) and 0 <= self.warnings <= counts["pass"]
        assert self.verdict == overall(result for result, count in self.counts if count), (
            "the worst answer is the verdict"
        )


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is shown: its title, facts beside it, and blocks in order.

    `prepared` is the moment that stands in the file as its date, as text in UTC; it is given, never asked of a clock.
    With a `cover` it is a pack: with verdict and counts in front, and with `contents` a table of contents.
    """

    language: str
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    blocks: tuple[Block, ...]
    prepared: str
    footer: str
    cover: Cover | None = None
    contents: bool = False

    @property
    def has_parts(self) -> bool:
        """Whether it has anything but headings, paragraphs and tables: what a plain statement has."""
        rich = any(
            block.items or block.charts or block.procedures or block.sign_offs or block.evidence or block.rules
            for block in self.blocks
        )
        special = any(column.kind in ("status", "link", "rule") for table in self.tables for column in table.columns)
        return self.cover is not None or self.contents or rich or special

    @property
    def tables(self) -> tuple[Table, ...]:
        """Every table, in order."""
        return tuple(block.table for block in self.blocks if block.table is not None)

    @property
    def charts(self) -> tuple[Chart, ...]:
        """Every chart, in order."""
        return tuple(chart for block in self.blocks for chart in block.charts)


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


def number_text(text: str) -> str:
    """A shown figure for machines: without the commas between thousands; other text as it is."""
    return text.replace(",", "") if THOUSANDS.match(text) else text


def time_text(text: str) -> str:
    """A time as people read it; every column of times says that it is in UTC."""
    return text.removesuffix("Z").replace("T", " ", 1) if text.endswith("Z") else text


def columns_of(texts: Texts, *columns: tuple[str, str, int]) -> tuple[Column, ...]:
    """Columns from (name of the text, kind, weight)."""
    return tuple(Column(texts[name], kind, weight) for name, kind, weight in columns)


def table_of(caption: str, columns: tuple[Column, ...], rows: Iterable[Sequence[str]]) -> Table:
    """A table whose cells have every unseen character written out, as texts of others must."""
    return Table(caption, columns, tuple(tuple(plain(cell) for cell in row) for row in rows))


def visible(document: Document) -> Document:
    """The document with every unseen character, and every one that turns the line around, written out."""
    shown = _visible(document)
    assert isinstance(shown, Document)
    return shown


def _visible(value: object) -> object:
    if isinstance(value, str):
        return value if value.isprintable() else plain(value)
    if isinstance(value, tuple):
        # Most rows are as they should be: they are not made anew.
        parts = tuple(map(_visible, value))
        return value if all(map(operator.is_, parts, value)) else parts
    if is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for field in fields(value):
            old = getattr(value, field.name)
            new = _visible(old)
            if new is not old:
                changed[field.name] = new
        return replace(value, **changed) if changed else value
    return value


def csv_cell(text: str) -> str:
    """A text for a cell: what a spreadsheet would take for a formula is opened with an apostrophe."""
    shown: str = plain(text)
    return "'" + shown if shown.lstrip(" ").startswith(FORMULA_STARTS) else shown
