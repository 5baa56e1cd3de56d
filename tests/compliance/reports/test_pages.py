"""A pack as a page: self-contained, accessible, the same words as the document, and text that stays text."""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from typing import Any

import pytest

from compliance.reports.document import Block, Column, Cover, Document, Table
from compliance.reports.html import render_html
from compliance.reports.pdf import render_pdf
from compliance.reports.status import RESULTS, STATUSES, overall, status_key
from compliance.reports.texts import ENGLISH, JAPANESE, LANGUAGES
from tests.browser import find_chromium
from tests.compliance.reports.sample import sample_document
from tests.compliance.reports.support import pdf_text, sample_pdf, squeezed
from tests.support.html_pages import HOSTILE, Page

DOCUMENT = sample_document(rows=12, hours=744)


def words_of(document: Document) -> list[str]:
    """Every text that the document shows."""
    found = [document.title, document.subtitle, *(text for fact in document.facts for text in fact)]
    for block in document.blocks:
        found += [block.heading, *block.paragraphs, *block.items, *block.after]
        if block.table is not None:
            kinds = [column.kind for column in block.table.columns]
            found += [
                LANGUAGES[document.language][status_key(cell)] if kind == "status" and cell else cell
                for row in block.table.rows
                for cell, kind in zip(row, kinds, strict=True)
            ]
        found += [text for chart in block.charts for text in (chart.caption, chart.description)]
        for entry in block.procedures:
            found += [entry.number, entry.procedure, entry.finding, *entry.exceptions, *entry.rules, *entry.evidence]
        found += [text for slot in block.sign_offs for text in (slot.role, slot.name, slot.date, slot.statement)]
        found += [text for item in block.evidence for text in (item.name, item.what, item.sha256, item.command)]
    return found


@pytest.mark.parametrize("language", ["en", "ja"])
def test_page_and_print_show_every_word_of_the_document(language: str) -> None:
    document, print_ = sample_pdf(language)
    page, printed = Page(render_html(document)).text, squeezed(pdf_text(print_))
    for text in words_of(document):
        assert re.sub(r"\s+", " ", text) in page, text
        assert squeezed(text).replace("…", "") in printed.replace("…", "").replace("⋯", ""), text


def test_the_page_is_self_contained_and_accessible() -> None:
    source = render_html(DOCUMENT)
    page = Page(source)
    assert source.startswith('<!DOCTYPE html>\n<html lang="en">')
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    policy = str(next(m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"))
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "://" not in source.replace("example", "")
    for tag, attributes in page.tags:
        assert tag not in ("script", "img", "link", "iframe", "object", "embed", "form", "base")
        assert not any(name.startswith("on") or name in ("src", "style") for name in attributes)
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    pictures = [picture for picture in page.all("svg") if picture.get("role") == "img"]
    assert len(pictures) == len(DOCUMENT.charts) == len(page.all("figcaption")) == len(page.all("details"))
    assert all(picture["aria-label"] for picture in pictures)
    assert all(
        region.get("aria-label") and region.get("tabindex") == "0" for region in page.all("div") if "role" in region
    )
    anchors = [str(link["href"]) for link in page.all("a")]
    assert {anchor[1:] for anchor in anchors if anchor.startswith("#part-")} <= set(ids)
    assert sum(anchor.startswith("#part-") for anchor in anchors) == sum(block.level == 2 for block in DOCUMENT.blocks)


def test_a_status_is_a_symbol_and_a_word_and_never_colour_alone() -> None:
    rows = tuple((status,) for status in STATUSES)
    table = Table("All", (Column("Status", "status"),), rows)
    document = dataclasses.replace(DOCUMENT, blocks=(Block("All", 2, table=table),))
    page, printed = Page(render_html(document)).text, pdf_text(render_pdf(document))
    for status, style in STATUSES.items():
        for text in (page, printed):
            assert f"{style.symbol} {ENGLISH[status_key(status)]}" in re.sub(r"\s+", " ", text), status
        assert JAPANESE[status_key(status)]
    pairs = [(style.symbol, style.tone) for status, style in STATUSES.items() if status in RESULTS]
    assert len({symbol for symbol, _ in pairs}) == len(pairs), "the four answers differ without colour"


def test_both_languages_have_the_same_words_and_the_same_places_to_fill() -> None:
    assert ENGLISH.keys() == JAPANESE.keys()
    for name, text in ENGLISH.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", JAPANESE[name])), name


def _poisoned(value: Any, text: str) -> Any:
    """The document with `text` in every place that takes free text."""
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(_poisoned(item, text) for item in value)
    if not dataclasses.is_dataclass(value):
        return value
    kept = {
        "language",
        "kind",
        "status",
        "sha256",
        "prepared",
        "title",
        "verdict",
        "counts",
        "name",
        "reference_name",
        "hashes",
    }
    fields = {}
    for field in dataclasses.fields(value):
        old = getattr(value, field.name)
        if field.name == "name" and isinstance(value, Column):
            fields[field.name] = text
        elif field.name == "rows":
            columns = value.columns
            fields[field.name] = tuple(
                tuple(cell if column.kind == "status" else text for cell, column in zip(row, columns, strict=True))
                for row in old
            )
        else:
            fields[field.name] = old if field.name in kept else _poisoned(old, text)
    return type(value)(**fields)


def test_hostile_text_stays_text_on_the_page() -> None:
    source = render_html(_poisoned(DOCUMENT, HOSTILE + "\u202e\x00"))
    assert not set("\u202e\x00") & set(source)
    clean, page = Page(render_html(DOCUMENT)), Page(source)
    assert "<script" not in source and "<img" not in source and source.count("</style>") == 1
    assert {tag for tag, _ in page.tags} == {tag for tag, _ in clean.tags}
    assert "".join(page.words).count(HOSTILE) > 100


def test_hostile_text_stays_text_in_the_pdf(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING"):
        data = render_pdf(_poisoned(DOCUMENT, HOSTILE + "\U0001f600\x00\u202e"))
    assert "missing" not in caplog.text, "no glyph that the font lacks is asked for"
    assert not re.search(rb"/(JavaScript|JS|URI|Launch|EmbeddedFile)\b", data)
    text = squeezed(pdf_text(data))
    assert (
        "{{7*7}}" in text and "\\u{1f600}\\u{0}\\u{202e}" in text and "\U0001f600" not in text and "\ufffd" not in text
    )


@pytest.mark.parametrize(
    "target", ["https://example.invalid", "//host/a", "/etc/passwd", "../a", "a/../b", "javascript:a"]
)
def test_a_link_leads_nowhere_but_into_the_pack(target: str) -> None:
    with pytest.raises(AssertionError):
        Table("t", (Column("c", "link"),), ((target,),))
    assert Table("t", (Column("c", "link"),), (("a/b-1.csv",),)).rows


def test_the_verdict_is_the_worst_answer() -> None:
    assert overall([]) == overall(["not applicable"]) == "not applicable"
    assert overall(["pass", "not applicable"]) == "pass"
    assert overall(["pass", "insufficient data"]) == "insufficient data"
    assert overall(["insufficient data", "fail", "pass"]) == "fail"
    counts = (("pass", 3), ("fail", 0), ("not applicable", 0), ("insufficient data", 1))
    assert Cover("insufficient data", "s", counts).counts
    for verdict, warnings in (("pass", 0), ("fail", 0), ("insufficient data", 4)):
        with pytest.raises(AssertionError):
            Cover(verdict, "s", counts, (), warnings)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_a_browser_shows_it_without_complaint_and_nothing_overflows(tmp_path: Path, width: int, scheme: Any) -> None:
    executable = find_chromium()
    if executable is None and os.environ.get("CI") is None:
        pytest.skip("no Chromium here")
    assert executable is not None
    from playwright.sync_api import sync_playwright

    page_file = tmp_path / "pack.html"
    page_file.write_text(render_html(DOCUMENT), encoding="utf-8")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(executable), args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(page_file.as_uri())
        assert said == [] and page.evaluate("document.documentElement.scrollWidth") <= width
        size = page.evaluate(
            "[...document.querySelectorAll('svg.drawing text')].map(t => t.getBoundingClientRect().height)"
        )
        assert min(size) >= 9, "letters in charts can be read"
        browser.close()
