"""A document as one self-contained page: no script, nothing from outside, readable on a phone and on paper."""

from __future__ import annotations

from collections.abc import Sequence

from compliance.reports.document import Document
from por.pages import render_page

__all__ = ["render_html"]

STYLES = ("base.css", "document.css")


def render_html(document: Document, skip: str, styles: Sequence[str] = STYLES) -> str:
    """The page. `skip` is the text of the link past the head, for those who read with the keyboard."""
    return render_page("document.html.j2", styles=styles, title=document.footer, document=document, skip=skip)
