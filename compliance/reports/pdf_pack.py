"""A report pack as PDF/A-3u: cover, contents, bookmarks, charts as vectors, long tables, places to sign, attachments.

The foot of each page names the rules that the page is about. Tables are laid out here and not by the library: a row
knows its rules and statuses, and ten thousand rows take seconds.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from importlib import import_module

from compliance.reports.document import Block, Document, EvidenceItem, Procedure, SignOff, Table, Texts
from compliance.reports.html import chart_notes
from compliance.reports.palette import GROUNDS, INK, LINE, QUIET, TONES
from compliance.reports.pdf_chart import draw_chart
from compliance.reports.pdf_table import draw_table
from compliance.reports.pdf_text import Measure
from compliance.reports.pdf_writer import FAMILY, MARGIN, SMALL, TEXT, Writer
from compliance.reports.status import STATUSES, status_key

__all__ = ["PackWriter"]

POINT = 25.4 / 72
FOOT = 21
"""Millimetres kept free below: rules and page number."""
RULES_SHOWN = 8
"""At a page's foot; more are counted."""
ENTRY, CONTENTS_HEAD = 7, 14
"""Heights of a line of the contents, and of what heads them."""
TYPES = {"json": "application/json", "csv": "text/csv", "xml": "application/xml", "txt": "text/plain"}
HASH_GROUP = 8


class PackWriter(Writer):
    """Lays a pack out on pages."""

    PART = 3

    def __init__(self, document: Document, page_word: str, texts: Texts, attachments: Mapping[str, bytes]) -> None:
        super().__init__(document, page_word)
        self.texts, self.attachments = texts, attachments
        self.measure = Measure(self.pdf, FAMILY)
        self.pdf.set_auto_page_break(False, FOOT)
        self.pdf.rules_line = self._rules_line
        self.pdf.footer_text = self.fit(self.shown(document.footer), self.pdf.epw - 34, 7)
        self.is_turned = self.after_turned = False
        # What the block is about, which every page that it reaches says at its foot.
        self.block_rules: tuple[str, ...] = ()
        self.pdf.viewer_preferences = import_module("fpdf.prefs").ViewerPreferences(display_doc_title=True)

    def _described(self) -> str:
        subject = html.escape(self.shown(self.document.subtitle))
        return f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>'

    def write(self) -> bytes:
        self.pdf.set_subject(self.shown(self.document.subtitle))
        for name, content in self.attachments.items():
            self.pdf.embed_file(
                bytes=content,
                basename=name,
                mime_type=TYPES.get(name.rpartition(".")[2], "application/octet-stream"),
                creation_date=self.moment,
                modification_date=self.moment,
                associated_file_relationship="Data",
                compress=True,
                checksum=True,
            )
        return super().write()

    # What every part uses

    @property
    def bottom(self) -> float:
        """Where the page's text ends."""
        return float(self.pdf.h - FOOT)

    def need(self, height: float) -> None:
        """Go on to a new page unless so much room is left on this one."""
        if self.after_turned or self.pdf.get_y() + height > self.bottom:
            self.next_page()

    def next_page(self, is_turned: bool = False) -> None:
        """Go on to a new page, which is about the same rules."""
        self.pdf.add_page(orientation="landscape" if is_turned else "portrait")
        self.is_turned, self.after_turned = is_turned, False
        self.note_rules(self.block_rules)

    def turn_page(self) -> None:
        """Go on to a page across, for a wide table; what comes after it stands on an upright one."""
        self.next_page(is_turned=True)

    def fit(self, text: str, width: float, size: float) -> str:
        """As much of a text as one line holds."""
        if self.measure.width(text, size) <= width:
            return text
        return self.measure.wrap(text, width - self.measure.width("…", size), size)[0] + "…"

    def write_line(self, x: float, text: str, size: float, style: str = "", colour: tuple[int, int, int] = INK) -> None:
        """One line at the place where the page stands, without moving it."""
        self.font(size, style, colour)
        self.pdf.text(x, self.pdf.get_y() + size * POINT, text)

    def paragraph(
        self,
        text: str,
        size: float = TEXT,
        style: str = "",
        colour: tuple[int, int, int] = INK,
        indent: float = 0,
        leading: float = 1.38,
    ) -> None:
        """Wrapped text from `indent` on, over as many pages as it takes."""
        height = size * POINT * leading
        for line in self.measure.wrap(self.shown(text), self.pdf.epw - indent, size, style):
            self.need(height)
            self.write_line(MARGIN + indent, line, size, style, colour)
            self.pdf.set_y(self.pdf.get_y() + height)

    def space(self, height: float) -> None:
        """Leave room; the next part looks for itself whether it still fits."""
        self.pdf.set_y(self.pdf.get_y() + height)

    def _rules_line(self, rules: list[str]) -> str:
        shown = ", ".join(self.shown(rule) for rule in rules[:RULES_SHOWN])
        if len(rules) > RULES_SHOWN:
            shown = self.texts["rules_more"].format(rules=shown, count=len(rules) - RULES_SHOWN)
        line = self.texts["rules_on_page"].format(rules=shown)
        return self.fit(line, self.pdf.epw - 4, 7)

    def note_rules(self, rules: Sequence[str]) -> None:
        """These rules are on this page."""
        self.pdf.page_rules.update(dict.fromkeys(rules))

    # The cover

    def _cover(self) -> None:
        document, pdf = self.document, self.pdf
        self.paragraph(document.subtitle, SMALL + 1, colour=QUIET)
        self.space(1)
        self.paragraph(document.title, 21, "B", leading=1.25)
        self.space(4)
        cover = document.cover
        if cover is not None:
            self._verdict()
        for label, value in document.facts:
            self._labelled(label, value, 42)
        if cover is not None:
            self.space(3)
            for label, value in cover.hashes:
                self.need(9)
                self.paragraph(label, SMALL, colour=QUIET)
                self._hash(MARGIN, value)
                self.space(5)
        if document.contents:
            self._reserve_contents()
        else:
            pdf.ln(2)

    def _labelled(self, label: str, value: str, at: float) -> None:
        height = TEXT * POINT * 1.5
        lines = self.measure.wrap(self.shown(value), self.pdf.epw - at, TEXT)
        self.need(height * min(len(lines), 3))
        self.write_line(MARGIN, self.fit(self.shown(label), at - 2, SMALL), SMALL, colour=QUIET)
        for line in lines:
            self.need(height)
            self.write_line(MARGIN + at, line, TEXT)
            self.space(height)

    def _verdict(self) -> None:
        pdf, cover, texts = self.pdf, self.document.cover, self.texts
        assert cover is not None
        style = STATUSES[cover.verdict]
        said = self.measure.wrap(self.shown(cover.statement), pdf.epw - 12, TEXT)
        top, height = pdf.get_y(), 23 + len(said) * 4.8
        pdf.set_fill_color(*GROUNDS[style.tone])
        pdf.rect(MARGIN, top, pdf.epw, height, style="F")
        pdf.set_fill_color(*TONES[style.tone])
        pdf.rect(MARGIN, top, 2.2, height, style="F")
        pdf.set_y(top + 3)
        self.write_line(MARGIN + 7, texts["verdict"], SMALL, colour=QUIET)
        pdf.set_y(top + 7)
        self.write_line(MARGIN + 7, f"{style.symbol} {texts[status_key(cover.verdict)]}", 28, "B", TONES[style.tone])
        pdf.set_y(top + 20.5)
        for line in said:
            self.write_line(MARGIN + 7, line, TEXT)
            self.space(4.8)
        pdf.set_y(top + height + 4)
        self._tiles()
        if cover.warnings:
            symbol = STATUSES["near the limit"].symbol
            self.paragraph(f"{symbol} {texts['warnings'].format(count=cover.warnings)}", TEXT)
            self.space(2)

    def _tiles(self) -> None:
        pdf, cover = self.pdf, self.document.cover
        assert cover is not None
        top, gap = pdf.get_y(), 3.0
        width = (pdf.epw - gap * (len(cover.counts) - 1)) / len(cover.counts)
        for place, (result, count) in enumerate(cover.counts):
            style, x = STATUSES[result], MARGIN + place * (width + gap)
            tone = TONES[style.tone] if count else QUIET
            pdf.set_draw_color(*LINE)
            pdf.set_line_width(0.2)
            pdf.rect(x, top, width, 19)
            pdf.set_fill_color(*tone)
            pdf.rect(x, top, width, 1.1, style="F")
            pdf.set_y(top + 3)
            self.write_line(x + 3, f"{count:,}", 19, "B", tone)
            pdf.set_y(top + 12.5)
            self.write_line(x + 3, f"{style.symbol} {self.texts[status_key(result)]}", SMALL + 0.5, colour=INK)
        pdf.set_y(top + 24)

    # Contents

    def _reserve_contents(self) -> None:
        """Pages for the contents, filled in when every page is known."""
        entries = sum(block.level == 2 for block in self.document.blocks)
        self.space(6)
        here = self._room()
        if entries > here:
            # Not on the cover, then: on pages of its own.
            self.pdf.add_page()
            here = self._room()
        self.pdf.insert_toc_placeholder(
            lambda _pdf, outline: self._contents([each for each in outline if each.level == 0], here),
            pages=max(1, -(-entries // here)),
            reset_page_indices=False,
        )

    def _room(self) -> int:
        """How many lines of contents fit below where the page stands."""
        return max(0, int((self.bottom - self.pdf.get_y() - CONTENTS_HEAD) // ENTRY))

    def _contents(self, sections: Sequence[object], room: int) -> None:
        pdf = self.pdf
        for place, section in enumerate(sections):
            if place % room == 0:
                if place:
                    pdf.page += 1
                    pdf.set_y(MARGIN)
                self.write_line(MARGIN, self.texts["contents"], 13, "B")
                self.space(CONTENTS_HEAD - 3)
            name, page = getattr(section, "name"), getattr(section, "page_number")  # noqa: B009 - a type of the library
            number = str(page)
            self.write_line(MARGIN, self.fit(name, pdf.epw - 20, TEXT + 0.5), TEXT + 0.5)
            self.write_line(MARGIN + pdf.epw - self.measure.width(number, TEXT), number, TEXT)
            y = pdf.get_y()
            pdf.set_draw_color(*LINE)
            pdf.set_line_width(0.15)
            pdf.line(MARGIN, y + 5.4, MARGIN + pdf.epw, y + 5.4)
            pdf.link(MARGIN, y - 0.5, pdf.epw, ENTRY - 0.8, pdf.add_link(page=page), alt_text=name)
            self.space(ENTRY)

    # Blocks

    def _block(self, block: Block) -> None:
        pdf, big = self.pdf, block.level == 2
        pdf.set_x(MARGIN)
        self.block_rules = ()
        # A heading does not stay behind on a page that what it heads has left.
        self.need(self._least(block))
        self.block_rules = block.rules
        self.space(4 if big else 2)
        if big:
            pdf.set_draw_color(*INK)
            pdf.set_line_width(0.4)
            pdf.line(MARGIN, pdf.get_y(), pdf.w - MARGIN, pdf.get_y())
            self.space(2)
        pdf.start_section(self.shown(block.heading), block.level - 2, strict=False)
        self.paragraph(block.heading, 13 if big else 10.5, "B")
        self.space(1)
        if block.rules:
            self.note_rules(block.rules)
            self.paragraph(f"{self.texts['rules']}: {', '.join(block.rules)}", SMALL, colour=QUIET)
            self.space(0.8)
        for text in block.paragraphs:
            self.paragraph(text)
            self.space(1.2)
        if block.table is not None:
            self._table(block.table)
        for item in block.items:
            self._bullet(item, 0)
        for chart in block.charts:
            draw_chart(self, chart, chart_notes(chart, self.texts))
        for procedure in block.procedures:
            self._procedure(procedure)
        for slot in block.sign_offs:
            self._sign_off(slot)
        for entry in block.evidence:
            self._evidence(entry)
        for text in block.after:
            self.space(1)
            self.paragraph(text, SMALL, colour=QUIET)

    def _least(self, block: Block) -> float:
        """How much of a block must stand on one page with its heading."""
        if block.sign_offs:
            return 68
        if block.charts and block.table is None:
            return 92
        return 46 if block.evidence or block.procedures else 34 if block.level == 2 else 28

    def _table(self, table: Table) -> None:
        if table.rows:
            draw_table(self, table)
            self.after_turned = self.is_turned
        else:
            self.paragraph(self.texts["no_rows"], TEXT, colour=QUIET)

    def _bullet(self, text: str, indent: float) -> None:
        self.need(5)
        self.write_line(MARGIN + indent + 1, "•", TEXT)
        self.paragraph(text, indent=indent + 5)
        self.space(0.8)

    def _procedure(self, entry: Procedure) -> None:
        texts, indent = self.texts, 15.0
        self.space(1.5)
        self.need(24)
        self.pdf.set_draw_color(*LINE)
        self.pdf.set_line_width(0.15)
        self.pdf.line(MARGIN, self.pdf.get_y(), self.pdf.w - MARGIN, self.pdf.get_y())
        self.space(1.5)
        self.note_rules(entry.rules)
        self.write_line(MARGIN, self.shown(entry.number), 11, "B")
        self.paragraph(texts["procedure"], SMALL - 0.5, colour=QUIET, indent=indent)
        self.paragraph(entry.procedure, indent=indent)
        self.space(1)
        style = STATUSES[entry.status]
        word = f"{style.symbol} {texts[status_key(entry.status)]}"
        self.need(10)
        self.write_line(MARGIN + indent, texts["finding"], SMALL - 0.5, colour=QUIET)
        after = self.measure.width(texts["finding"], SMALL - 0.5) + 3
        self.write_line(MARGIN + indent + after, word, SMALL, "B", TONES[style.tone])
        self.space(4.4)
        self.paragraph(entry.finding, indent=indent)
        if entry.exceptions:
            self.space(0.8)
            self.paragraph(texts["exceptions"], SMALL - 0.5, colour=QUIET, indent=indent)
            for text in entry.exceptions:
                self._bullet(text, indent)
        if entry.rules:
            self.paragraph(f"{texts['rules']}: {', '.join(entry.rules)}", SMALL, colour=QUIET, indent=indent)
        if entry.evidence:
            self.paragraph(f"{texts['rests_on']}: {', '.join(entry.evidence)}", SMALL, colour=QUIET, indent=indent)

    def _sign_off(self, slot: SignOff) -> None:
        pdf, texts = self.pdf, self.texts
        stated = self.measure.wrap(self.shown(slot.statement), pdf.epw - 10, TEXT) if slot.statement else []
        height = 45 + len(stated) * 4.8
        self.space(2)
        self.need(height)
        top = pdf.get_y()
        pdf.set_draw_color(*LINE)
        pdf.set_line_width(0.2)
        pdf.rect(MARGIN, top, pdf.epw, height)
        pdf.set_y(top + 3)
        for line in stated:
            self.write_line(MARGIN + 5, line, TEXT)
            self.space(4.8)
        for name, value, is_slot in (
            ("sign_role", slot.role, False),
            ("sign_name", slot.name, True),
            ("sign_date", slot.date, True),
            ("sign_signature", "", True),
        ):
            self.space(9.5 if name == "sign_signature" else 2)
            self.write_line(MARGIN + 5, texts[name], SMALL, colour=QUIET)
            if value:
                self.write_line(MARGIN + 40, self.fit(self.shown(value), pdf.epw - 50, TEXT), TEXT)
            if is_slot:
                pdf.set_draw_color(*INK)
                y = pdf.get_y() + 5
                pdf.line(MARGIN + 40, y, MARGIN + pdf.epw - 5, y)
            self.space(6)
        pdf.set_y(top + height + 2)

    def _evidence(self, entry: EvidenceItem) -> None:
        texts = self.texts
        self.space(1)
        self.need(17)
        self.paragraph(f"{entry.name}  {entry.what}".rstrip(), TEXT - 0.5, "B")
        self.write_line(MARGIN, texts["evidence_hash"], SMALL - 0.5, colour=QUIET)
        self._hash(MARGIN + 18, entry.sha256)
        self.space(4.2)
        if entry.command:
            self.paragraph(f"{texts['evidence_check']}: {entry.command}", SMALL, colour=QUIET)
        self.pdf.set_draw_color(*LINE)
        self.pdf.set_line_width(0.1)
        self.space(0.8)
        self.pdf.line(MARGIN, self.pdf.get_y(), self.pdf.w - MARGIN, self.pdf.get_y())

    def _hash(self, x: float, value: str) -> None:
        """A hash in groups that stand below one another from line to line, to be compared by eye."""
        size = SMALL
        step = self.measure.width("d" * HASH_GROUP, size) + 0.35
        for place in range(0, len(value), HASH_GROUP):
            self.write_line(x + place // HASH_GROUP * step, value[place : place + HASH_GROUP], size)
