"""A plain document on pages, by fpdf2: title, facts, headings, paragraphs and tables. `pdf_pack` builds on it."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from typing import Any

from compliance.reports.document import Block, Document, Table
from compliance.reports.palette import GROUND, INK, LINE, QUIET
from ledger.errors import InputError
from por.snapshot import to_seconds

__all__ = ["FAMILY", "MARGIN", "SMALL", "TEXT", "Writer", "library"]

FAMILY = "statement"
FONTS = (("", "noto_cjk_sans_jp_regular"), ("B", "noto_cjk_sans_jp_bold"))
MARGIN, BOTTOM = 16, 18
"""Millimetres on A4."""
TEXT, SMALL, TABLE = 9.5, 8.0, 7.2
"""Points."""
FOOTER_MAX = 110
"""Characters: a longer footer would run into the number of the page."""


@cache
def library() -> tuple[Any, dict[str, str]]:
    """fpdf2 and the paths of the fonts by style."""
    try:
        fpdf = import_module("fpdf")
        fonts = {style: str(import_module(package).FONT_PATH) for style, package in FONTS}
    except ImportError:
        raise InputError(
            "PDF", "the packages that write it are not installed", "Run `pip install tallystick[pdf]`, or write HTML."
        ) from None
    # It reports each table of a font that it leaves out; that is how it works and nothing for a reader.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    return fpdf, fonts


class Writer:
    """Lays a document out on pages: title, facts, headings, paragraphs and tables."""

    PART = 2
    """Of PDF/A: the second takes no attachments."""

    def __init__(self, document: Document, page_word: str) -> None:
        fpdf, fonts = library()
        self.document = document
        self.moment = datetime.fromtimestamp(to_seconds(document.prepared), UTC)
        pdf = _page_class(fpdf)(format="A4", enforce_compliance=f"PDF/A-{self.PART}U")
        self.pdf = pdf
        for style, path in fonts.items():
            pdf.add_font(FAMILY, style, path)
        # One font holds every character that any part of the page may show.
        self.known = frozenset(pdf.fonts[FAMILY].cmap) & frozenset(pdf.fonts[FAMILY + "B"].cmap)
        pdf.footer_text, pdf.page_word = self.shown(document.footer), page_word
        pdf.set_margins(MARGIN, MARGIN)
        pdf.set_auto_page_break(True, BOTTOM)
        self._describe()

    def _describe(self) -> None:
        """Title and dates, all from the document: without this the library would take the time of writing."""
        pdf, when = self.pdf, self.moment.isoformat(timespec="seconds")
        pdf.set_creation_date(self.moment)
        pdf.set_title(self.shown(self.document.footer))
        pdf.set_producer("tallystick")
        pdf.set_lang(self.document.language)
        pdf.set_xmp_metadata(
            '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
            'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/" '
            'xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdf:Producer="tallystick" '
            f'xmp:CreateDate="{when}" xmp:ModifyDate="{when}" xmp:MetadataDate="{when}">'
            f"<pdfaid:part>{self.PART}</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>"
            f"{self._described()}"
            '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">'
            f"{html.escape(self.shown(self.document.footer))}</rdf:li></rdf:Alt></dc:title>"
            "</rdf:Description></rdf:RDF></x:xmpmeta>"
        )

    def _described(self) -> str:
        """More of the document's description, as XMP."""
        return ""

    def shown(self, text: str) -> str:
        """The text with every character that the font lacks written out as its number."""
        return "".join(c if ord(c) in self.known else f"\\u{{{ord(c):x}}}" for c in text)

    def write(self) -> bytes:
        pdf = self.pdf
        pdf.add_page()
        self._cover()
        for block in self.document.blocks:
            self._block(block)
        return bytes(pdf.output())

    def font(self, size: float, style: str = "", colour: tuple[int, int, int] = INK) -> None:
        self.pdf.set_font(FAMILY, style, size)
        self.pdf.set_text_color(*colour)

    def _line(self, text: str, height: float) -> None:
        self.pdf.multi_cell(0, height, self.shown(text), align="L", new_x="LMARGIN", new_y="NEXT")

    def _cover(self) -> None:
        self.font(SMALL, colour=QUIET)
        self._line(self.document.subtitle, 5)
        self.font(20, "B")
        self._line(self.document.title, 11)
        self.pdf.ln(2)
        for label, value in self.document.facts:
            self.font(SMALL, colour=QUIET)
            self.pdf.cell(32, 5, self.shown(label))
            self.font(TEXT)
            self._line(value, 5)
        self.pdf.ln(2)

    def _block(self, block: Block) -> None:
        pdf = self.pdf
        # A heading does not stay behind on a page that what it heads has left.
        if pdf.will_page_break(34 if block.level == 2 else 28):
            pdf.add_page()
        pdf.ln(4 if block.level == 2 else 2)
        if block.level == 2:
            pdf.set_draw_color(*INK)
            pdf.set_line_width(0.4)
            pdf.line(MARGIN, pdf.get_y(), pdf.w - MARGIN, pdf.get_y())
            pdf.ln(2)
        self.font(13 if block.level == 2 else 10.5, "B")
        self._line(block.heading, 7 if block.level == 2 else 6)
        for paragraph in block.paragraphs:
            self.font(TEXT)
            self._line(paragraph, 4.6)
            pdf.ln(1)
        if block.table is not None:
            pdf.ln(1)
            self._table(block.table)
        for paragraph in block.after:
            pdf.ln(1)
            self.font(SMALL, colour=QUIET)
            self._line(paragraph, 4)

    def _table(self, table: Table) -> None:
        """Rows with a heading that is repeated on every page; numbers to the right."""
        fpdf = library()[0]
        heading = fpdf.FontFace(emphasis="BOLD", color=QUIET, fill_color=GROUND)
        bold = fpdf.FontFace(emphasis="BOLD")
        self.font(TABLE)
        self.pdf.set_draw_color(*LINE)
        self.pdf.set_line_width(0.15)
        with self.pdf.table(
            borders_layout="HORIZONTAL_LINES",
            col_widths=tuple(column.weight for column in table.columns),
            text_align=tuple("RIGHT" if column.kind == "number" else "LEFT" for column in table.columns),
            headings_style=heading,
            line_height=3.8,
            padding=(0.7, 1),
            width=self.pdf.epw,
        ) as made:
            row = made.row()
            for column in table.columns:
                row.cell(self.shown(column.name))
            for place, cells in enumerate(table.rows):
                row = made.row(style=bold if place in table.emphasis else None)
                for cell in cells:
                    row.cell(self.shown(cell))


def _page_class(fpdf: Any) -> Any:
    """A page with our footer; made here because the library may not be installed when this module is read."""

    class Page(fpdf.FPDF):  # type: ignore[misc]  # the class is only known once the extra is there
        footer_text = ""
        page_word = ""

        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            # Ids of rules, in the order in which this page names them.
            self.page_rules: dict[str, None] = {}
            self.rules_line: Callable[[list[str]], str] = ", ".join

        def footer(self) -> None:
            if self.page_rules:
                self.set_y(-16.5)
                self.set_font(FAMILY, "", 7)
                self.set_text_color(*QUIET)
                self.cell(self.epw, 4, self.rules_line(list(self.page_rules)))
                self.page_rules.clear()
            self.set_y(-12)
            self.set_font(FAMILY, "", 7)
            self.set_text_color(*QUIET)
            self.cell(self.epw - 30, 4, self.footer_text[:FOOTER_MAX])
            self.cell(30, 4, f"{self.page_word} {self.page_no()} / {{nb}}", align="R")

    return Page
