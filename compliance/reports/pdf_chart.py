"""A chart on a printed page: the drawing of `drawing`, in lines and boxes of the PDF itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compliance.reports.chart import Chart
from compliance.reports.drawing import FONT, WIDTH, Drawing, Line, draw
from compliance.reports.palette import GROUNDS, INK, LINE, PAPER, QUIET, TONES

if TYPE_CHECKING:
    from compliance.reports.pdf_pack import PackWriter

__all__ = ["draw_chart"]

POINT = 25.4 / 72
NOTE = 8.0
COLOURS = {"s1": TONES["attested"], "s2": TONES["claimed"], "s3": TONES["proven"], "s4": QUIET} | {
    "grid": LINE,
    "axis": QUIET,
    "reference": INK,
    "mark": TONES["fail"],
}
WIDTHS = {"grid": 0.15, "axis": 0.25, "reference": 0.45, "mark": 0.6}
DASHES = {"s2": (2.2, 1.2), "s3": (0.6, 1.0), "s4": (3.0, 0.8), "reference": (0.3, 0.9)}
"""Millimetres on and off, as the pages have them."""


def draw_chart(writer: PackWriter, chart: Chart, notes: tuple[str, ...]) -> None:
    """Caption, description, drawing and notes, together on one page where they fit one."""
    drawing = draw(chart)
    scale = writer.pdf.epw / WIDTH
    writer.space(2)
    writer.need(min(drawing.height * scale + 22, writer.bottom - writer.pdf.t_margin))
    writer.paragraph(chart.caption, 9.5, "B")
    writer.paragraph(chart.description, NOTE, colour=QUIET)
    writer.space(1.5)
    writer.need(drawing.height * scale)
    _draw(writer, drawing, scale)
    writer.space(drawing.height * scale + 1)
    for note in notes:
        writer.paragraph(note, NOTE, colour=QUIET)
    writer.space(2)


def _draw(writer: PackWriter, drawing: Drawing, scale: float) -> None:
    pdf = writer.pdf
    left, top = float(pdf.l_margin), float(pdf.get_y())
    for line in drawing.grid:
        _line(writer, line, left, top, scale)
    for rect in drawing.rects:
        _fill(writer, rect.style)
        form = "DF" if rect.style in ("s2", "s3", "s4") else "F"
        pdf.rect(left + rect.x * scale, top + rect.y * scale, rect.width * scale, rect.height * scale, style=form)
    pdf.set_dash_pattern()
    for line in drawing.lines:
        _line(writer, line, left, top, scale)
    for path in drawing.paths:
        _stroke(writer, path.style)
        for piece in path.pieces:
            pdf.polyline([(left + x * scale, top + y * scale) for x, y in piece])
    pdf.set_dash_pattern()
    size = FONT * scale / POINT
    for label in drawing.labels:
        shown = writer.shown(label.text)
        writer.font(size, "", QUIET if label.style == "tick" else INK)
        width = writer.measure.width(shown, size)
        x = left + label.x * scale - {"start": 0.0, "middle": width / 2, "end": width}[label.anchor]
        pdf.text(x, top + label.y * scale, shown)


def _stroke(writer: PackWriter, style: str) -> None:
    pdf = writer.pdf
    pdf.set_draw_color(*COLOURS[style])
    pdf.set_line_width(WIDTHS.get(style, 0.55))
    if style in DASHES:
        pdf.set_dash_pattern(*DASHES[style])
    else:
        pdf.set_dash_pattern()


def _line(writer: PackWriter, line: Line, left: float, top: float, scale: float) -> None:
    _stroke(writer, line.style)
    writer.pdf.line(left + line.x1 * scale, top + line.y1 * scale, left + line.x2 * scale, top + line.y2 * scale)


def _fill(writer: PackWriter, style: str) -> None:
    """Bars differ in how they are filled: whole, light, dashed around, empty."""
    pdf = writer.pdf
    pdf.set_line_width(0.35)
    pdf.set_dash_pattern()
    if style == "shade":
        pdf.set_fill_color(*GROUNDS["fail"])
        return
    if style == "cut":
        pdf.set_fill_color(*PAPER)
        return
    pdf.set_draw_color(*COLOURS[style])
    fills = {"s1": COLOURS["s1"], "s2": GROUNDS["claimed"], "s3": GROUNDS["proven"], "s4": PAPER}
    pdf.set_fill_color(*fills[style])
    if style == "s3":
        pdf.set_dash_pattern(1.0, 0.8)
