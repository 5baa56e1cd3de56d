"""A pack as PDF: for archives, the same bytes everywhere, with pages that break well and its data inside."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.reports.document import Block, Column, Document, Table
from compliance.reports.html import render_html
from compliance.reports.pdf import library, render_pdf
from compliance.reports.pdf_text import NO_START, Measure
from compliance.reports.texts import ENGLISH, LANGUAGES
from ledger.errors import InputError
from tests.compliance.reports.sample import sample_document
from tests.compliance.reports.support import opened, sample_pdf, squeezed

ROOT = Path(__file__).resolve().parents[3]
SMALL = sample_document(rows=3, hours=48)


def one_table(table: Table, **change: Any) -> Document:
    return dataclasses.replace(SMALL, **({"blocks": (Block("Rows", 2, table=table),), "contents": False} | change))


def rows_table(rows: int, text: str = "text") -> Table:
    columns = (
        Column("Row", "number"),
        Column("Rule", "rule"),
        Column("Text", "text", 30),
        Column("Answer", "status", 12),
    )
    found = tuple((f"{at:,}", f"R-{at % 3}", text, "fail" if at % 7 == 0 else "pass") for at in range(rows))
    return Table("Rows", columns, found)


def test_the_same_document_gives_the_same_bytes_in_another_process_zone_and_language() -> None:
    program = (
        "import hashlib, locale\nlocale.setlocale(locale.LC_ALL, '')\n"
        "from tests.compliance.reports.sample import sample_document\nfrom compliance.reports.pdf import render_pdf\n"
        "from compliance.reports.html import render_html\nd = sample_document(rows=3, hours=48)\n"
        "print(hashlib.sha256(render_pdf(d, attachments={'a.csv': b'a'})).hexdigest(), "
        "hashlib.sha256(render_html(d).encode()).hexdigest())"
    )
    pair = render_pdf(SMALL, attachments={"a.csv": b"a"}), render_html(SMALL).encode()
    here = [hashlib.sha256(each).hexdigest() for each in pair]
    environment = {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    made = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert made.stdout.split() == here


def test_it_is_made_for_archives() -> None:
    """The structure that PDF/A-3u asks for; `docs/decisions/reports.md` says which validator was run over it."""
    data = sample_pdf("en")[1]
    assert data.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>3</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>" in data
    assert b"/OutputIntents" in data and b"/GTS_PDFA1" in data and b"/Encrypt" not in data
    assert b"/Lang (en)" in data and b"/DisplayDocTitle true" in data
    assert data.count(b"/AFRelationship /Data") == 2 and data.count(b"/Type /EmbeddedFile") == 2
    fonts = re.findall(rb"/Type /Font\b(?!Desc).*?endobj", data, re.DOTALL)
    assert fonts and data.count(b"/FontFile3") == data.count(b"/Type /FontDescriptor") > 0
    assert b"/ToUnicode" in data and not re.search(rb"/BaseFont /(Helvetica|Times|Courier)", data)
    times = set(re.findall(rb"D:(20[0-9]{12})", data)) | set(re.findall(rb"20[0-9-]{8}T[0-9:]{8}\+00:00", data))
    assert times == {b"20261102080000", b"2026-11-02T08:00:00+00:00"}, "no time but the document's own"


def test_its_files_come_out_as_they_went_in() -> None:
    pdf = opened(sample_pdf("en")[1])
    found = {}
    for at in range(pdf.count_attachments()):
        attachment = pdf.get_attachment(at)
        found[attachment.get_name()] = bytes(attachment.get_data())
    assert found == {"pack.json": b'{"a":1}\n', "rows.csv": b"a\r\nb\r\n"}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_contents_and_bookmarks_name_the_page_of_every_section(language: str) -> None:
    document, data = sample_pdf(language)
    texts, pdf = LANGUAGES[language], opened(data)
    pages = [squeezed(page.get_textpage().get_text_range()) for page in pdf]
    outline = [(item.level, item.get_title(), item.get_dest().get_index()) for item in pdf.get_toc()]
    assert [title for _, title, _ in outline] == [block.heading for block in document.blocks]
    for level, title, page in outline:
        assert squeezed(title) in pages[page]
        if level == 0:
            assert f"{squeezed(title)}{page + 1}" in pages[0], "the contents are on the cover, with the page's number"
    assert all(squeezed(f"{texts['page']} {at} / {len(pages)}") in page for at, page in enumerate(pages, start=1))


def test_many_sections_get_pages_of_contents_of_their_own() -> None:
    blocks = tuple(Block(f"Section {at}", 2, ("Words.",)) for at in range(120))
    pdf = opened(render_pdf(dataclasses.replace(SMALL, blocks=blocks)))
    pages = [squeezed(page.get_textpage().get_text_range()) for page in pdf]
    outline = [(item.get_title(), item.get_dest().get_index()) for item in pdf.get_toc()]
    assert len(outline) == 120
    for title, page in outline:
        assert squeezed(title) in pages[page] and any(f"{squeezed(title)}{page + 1}" in one for one in pages[1:6]), (
            title
        )


WORDS = " ".join(f"w{at}" for at in range(4_000))
FIGURES = tuple(tuple(f"{7**at * 10**row:,}.0000" for at in range(14)) for row in range(3, 6))
STRESS = {
    "long": Block("Rows", 2, table=rows_table(500), rules=("R-BLOCK",)),
    "high": Block("High", 2, table=rows_table(3, WORDS)),
    "wide": Block(
        "Wide", 2, table=Table("Wide", tuple(Column(f"Figure {at}", "number") for at in range(14)), FIGURES * 20)
    ),
    "empty": Block("Empty", 2, table=rows_table(0)),
}


@cache
def stress() -> tuple[Any, list[str]]:
    """Tables of every awkward shape, one after the other: the PDF, and the text of each page."""
    pdf = opened(render_pdf(dataclasses.replace(SMALL, blocks=tuple(STRESS.values()), contents=False)))
    return pdf, [re.sub(r"\s+", " ", page.get_textpage().get_text_range()) for page in pdf]


def test_rules_stand_at_the_foot_of_every_page_that_is_about_them() -> None:
    with_rows = [text for text in stress()[1] if re.search(r"R-0 text", text)]
    assert len(with_rows) > 5
    for text in with_rows:
        [foot] = re.findall(r"Rules on this page: ([^·]*?) (?:Management|page)", text)
        assert {"R-BLOCK", "R-0", "R-1", "R-2"} >= set(foot.split(", ")) > {"R-BLOCK"}


def test_a_long_table_repeats_its_heading_and_loses_no_row() -> None:
    texts = stress()[1]
    found = re.findall(r"(\d+) R-\d text [✓×] (?:pass|fail)", " ".join(texts))
    assert found == [str(at) for at in range(500)]
    assert all("Row Rule Text Answer" in text for text in texts if "R-0 text" in text)


def test_a_row_higher_than_a_page_goes_on_over_pages() -> None:
    text = " ".join(stress()[1])
    for at in (0, 1, 1_999, 3_999):
        assert len(re.findall(rf"\bw{at}\b", text)) == 3


def test_a_table_too_wide_for_a_page_turns_it_and_breaks_no_figure() -> None:
    pdf, texts = stress()
    across = [page.get_width() > page.get_height() for page in pdf]
    assert across[-1] is False and sum(across) == 2 and across[-3:-1] == [True, True], "what follows stands upright"
    whole = " ".join(text for text, is_turned in zip(texts, across, strict=True) if is_turned)
    assert all(whole.count(figure) >= 20 for row in FIGURES for figure in row)


def test_empty_tables_say_so() -> None:
    assert ENGLISH["no_rows"] in stress()[1][-1]


def test_ten_thousand_rows_are_a_matter_of_seconds() -> None:
    data = render_pdf(one_table(rows_table(10_000)))
    assert len(opened(data)) > 100


@settings(max_examples=80, deadline=None)
@given(st.text(st.sampled_from("ab W-.,、。「」充足率資産のー1"), max_size=120), st.sampled_from([12.0, 30.0, 80.0]))
def test_lines_are_never_too_wide_and_lose_nothing(text: str, width: float) -> None:
    measure = _measure()
    lines = measure.wrap(text, width, 9)
    assert all(measure.width(line.rstrip(" "), 9) <= width + 1e-9 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_line_does_not_begin_with_what_closes() -> None:
    text = "充足率は、保有数量を、債務数量で、除した値です。" * 6
    for width in range(20, 90, 7):
        lines = _measure().wrap(text, float(width), 9)
        assert not any(line[0] in NO_START for line in lines[1:])


_MEASURES: list[Measure] = []


def _measure() -> Measure:
    if not _MEASURES:
        fpdf, fonts = library()
        pdf = fpdf.FPDF()
        for style, path in fonts.items():
            pdf.add_font("statement", style, path)
        pdf.set_font("statement", "", 9)
        _MEASURES.append(Measure(pdf, "statement"))
    return _MEASURES[0]


def test_without_the_extra_a_person_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fpdf", None)
    library.cache_clear()
    with pytest.raises(InputError, match=r"tallystick\[pdf\]"):
        render_pdf(SMALL)
    library.cache_clear()
