"""A customer's statement as PDF: the same `Document` as the HTML, the same bytes for the same data."""

from __future__ import annotations

from cli.statement_data import StatementData
from cli.statement_render import document_of
from cli.statement_texts import ENGLISH
from compliance.reports import pdf
from compliance.reports.document import Texts

__all__ = ["render_pdf"]


def render_pdf(data: StatementData, texts: Texts = ENGLISH) -> bytes:
    """The statement as PDF/A-2u; raises InputError where the extra `pdf` is not installed."""
    return pdf.render_pdf(document_of(data, texts), texts["page"])
