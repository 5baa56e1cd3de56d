"""A document as PDF: the same `Document` as the HTML, page by page, the same bytes for the same document.

fpdf2 writes it, as PDF/A (a form for archives: fonts inside, every glyph mapped to its text). The font is Noto Sans
CJK, which holds Latin, Greek, Cyrillic, Japanese, Chinese and Korean; what it lacks is written out as its number.
Both come with the extra `pdf`. Nothing is taken from the clock: the dates inside are the document's own.
"""

from __future__ import annotations

from collections.abc import Mapping

from compliance.reports.claims import check_claims
from compliance.reports.document import Document, Texts, visible
from compliance.reports.pdf_pack import PackWriter
from compliance.reports.pdf_writer import Writer, library
from compliance.reports.texts import LANGUAGES

__all__ = ["library", "render_pdf"]


def render_pdf(
    document: Document, page_word: str = "", texts: Texts | None = None, attachments: Mapping[str, bytes] | None = None
) -> bytes:
    """The document as PDF; `page_word` stands before the numbers of pages. The same arguments give the same bytes.

    Without parts of a pack (`Document.has_parts`) it is PDF/A-2u, with them PDF/A-3u, and `attachments` (pack.json, CSV
    files, by name) are inside it. Texts are those of the document's language unless others are given. Raises InputError
    where the extra `pdf` is not installed, and where title or headings claim an audit.
    """
    check_claims(document)
    document = visible(document)
    words = LANGUAGES[document.language] if texts is None else texts
    page_word = page_word or words["page"]
    if document.has_parts or attachments:
        return PackWriter(document, page_word, words, attachments or {}).write()
    return Writer(document, page_word).write()
