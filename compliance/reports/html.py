"""A document as one self-contained page: no script, nothing from outside, readable on a phone and on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from compliance.reports.chart import Chart, chart_figures, steps
from compliance.reports.claims import check_claims
from compliance.reports.document import Document, Texts, visible
from compliance.reports.drawing import FONT, WIDTH, Drawing, Path, draw
from compliance.reports.status import STATUSES, status_key
from compliance.reports.texts import LANGUAGES
from por.pages import render_page

__all__ = ["chart_notes", "render_html"]

STYLES = ("base.css", "document.css")
PACK_STYLES = (*STYLES, "pack.css")


class _Drawn(NamedTuple):
    """A chart as the template shows it."""

    chart: Chart
    drawing: Drawing
    notes: tuple[str, ...]
    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def render_html(document: Document, skip: str = "", texts: Texts | None = None, styles: Sequence[str] = ()) -> str:
    """The page. Texts are those of the document's language unless others are given.

    `skip` is the text of the link past the head. Raises InputError where title or headings claim an audit.
    """
    check_claims(document)
    document = visible(document)
    words = LANGUAGES[document.language] if texts is None else texts
    # A statement needs none of the styles of a pack, and stays as small as it was.
    chosen = tuple(styles) or (PACK_STYLES if document.has_parts else STYLES)
    return render_page(
        "document.html.j2",
        styles=chosen,
        title=document.footer,
        document=document,
        skip=skip or words["skip"],
        texts=words,
        statuses=STATUSES,
        status_key=status_key,
        drawn=lambda chart: _drawn(chart, words),
        path_data=_path_data,
        width=WIDTH,
        font=FONT,
    )


def _drawn(chart: Chart, texts: Texts) -> _Drawn:
    shown = steps(chart)
    unit = f" ({chart.unit})" if chart.unit else ""
    heading = (texts["chart_place"], *(series.name + unit for series in chart.series))
    return _Drawn(chart, draw(chart), chart_notes(chart, texts), heading, chart_figures(shown))


def chart_notes(chart: Chart, texts: Texts) -> tuple[str, ...]:
    """What the drawing leaves out, said under it: steps, bars not drawn, what is cut, what is not known."""
    drawing = draw(chart)
    count, notes = len(chart.places), []
    if drawing.shown < count:
        name = "chart_bars" if chart.kind == "bars" else "chart_steps"
        notes.append(texts[name].format(count=f"{count:,}", shown=f"{drawing.shown:,}"))
    if drawing.is_cut:
        notes.append(texts["chart_cut"])
    missing = sum(value is None for series in chart.series for value in series.values)
    if missing:
        everything = count * len(chart.series)
        notes.append(texts["chart_gaps"].format(count=f"{missing:,}", all=f"{everything:,}"))
    return tuple(notes)


def _path_data(path: Path) -> str:
    """The points of a path as SVG has them."""
    return "".join("M" + "L".join(f"{x} {y}" for x, y in piece) for piece in path.pieces)
