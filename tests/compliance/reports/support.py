"""What the tests of the renderers share: the text of a PDF, and its pages."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

__all__ = ["opened", "pdf_text", "squeezed"]


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
