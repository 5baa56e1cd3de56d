"""What the tests of the renderers share: the text of a PDF, and its pages."""

from __future__ import annotations

import os
import re
from functools import cache
from typing import Any

import pytest

from compliance.reports.document import Document
from compliance.reports.pdf import render_pdf
from compliance.reports.texts import LANGUAGES
from tests.compliance.reports.sample import sample_document

__all__ = ["opened", "pdf_text", "sample_pdf", "squeezed"]


def opened(data: bytes) -> Any:
    """The PDF as pypdfium2 has it; outside CI the test is skipped where that is missing."""
    pypdfium2: Any = pytest.importorskip("pypdfium2") if os.environ.get("CI") is None else __import__("pypdfium2")
    return pypdfium2.PdfDocument(data)


def pdf_text(data: bytes) -> str:
    """The text of a PDF's pages, white space reduced."""
    return re.sub(r"\s+", " ", " ".join(page.get_textpage().get_text_range() for page in opened(data)))


def squeezed(text: str) -> str:
    """A text without what a line break may add or take away."""
    return re.sub(r"[\s\ufffe\u00ad-]+", "", text)


@cache
def sample_pdf(language: str) -> tuple[Document, bytes]:
    """The sample in one language, with its print: made once, because each print reads the fonts again."""
    document = sample_document(LANGUAGES[language], rows=80)
    return document, render_pdf(document, attachments={"pack.json": b'{"a":1}\n', "rows.csv": b"a\r\nb\r\n"})
