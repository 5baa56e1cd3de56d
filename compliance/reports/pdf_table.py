"""Tables on printed pages: the heading on every page, rows that break only when they must, statuses with their tone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from compliance.reports.document import Column, Table
from compliance.reports.palette import GROUND, INK, LINE, QUIET, TONES, Colour
from compliance.reports.status import STATUSES, status_key

if TYPE_CHECKING:
    from compliance.reports.pdf_pack import PackWriter

__all__ = ["draw_table"]

SIZE = 7.2
SIZE_UPRIGHT, SIZE_MIN = 5.8, 4.0
"""Points: where the figures of a wide table do not fit, the whole table is set smaller; below the first on pages that
are turned; below the second figures are broken."""
POINT = 25.4 / 72
PAD_X, PAD_Y = 1.1, 0.8
TEXT_LEAST = 0.6
"""The part of its share that a column of texts keeps when figures need more."""


class _Cell(NamedTuple):
    lines: list[str]
    colour: Colour
    style: str


class _Layout(NamedTuple):
    size: float
    widths: list[float]
    gaps: list[float]
    """What is left free to the right of each column's texts."""

    @property
    def leading(self) -> float:
        return self.size * POINT * 1.42


def draw_table(writer: PackWriter, table: Table) -> None:
    """Draw a table from where the page stands, over as many pages as it takes."""
    layout = _layout(writer, table)
    if layout.size < SIZE_UPRIGHT:
        writer.turn_page()
        writer.paragraph(table.caption, 9.5, "B")
        layout = _layout(writer, table)
    heading = [
        _Cell(_wrap(writer, writer.shown(column.name), layout, at, "B"), QUIET, "B")
        for at, column in enumerate(table.columns)
    ]
    writer.space(1)
    first = [_cells(writer, table, layout, 0)]
    writer.need(_height(heading, layout) + min(_height(first[0], layout), 40))
    _row(writer, table.columns, layout, heading, is_heading=True)
    for place, row in enumerate(table.rows):
        cells = _cells(writer, table, layout, place)
        height = _height(cells, layout)
        room = writer.bottom - writer.pdf.get_y()
        if height > room and (height <= _page_room(writer, heading, layout) or room < 12):
            _next_page(writer, table, layout, heading)
        rules = [text for text, column in zip(row, table.columns, strict=True) if column.kind == "rule" and text]
        # A row higher than a page is parted: what is left of each cell goes on below the heading of the next.
        while _height(cells, layout) > writer.bottom - writer.pdf.get_y():
            fit = max(1, int((writer.bottom - writer.pdf.get_y() - 2 * PAD_Y) // layout.leading))
            writer.note_rules(rules)
            _row(writer, table.columns, layout, [_Cell(one.lines[:fit], one.colour, one.style) for one in cells])
            cells = [_Cell(one.lines[fit:], one.colour, one.style) for one in cells]
            _next_page(writer, table, layout, heading)
        writer.note_rules(rules)
        _row(writer, table.columns, layout, cells, is_sum=place in table.emphasis)
    writer.space(1.5)


def _next_page(writer: PackWriter, table: Table, layout: _Layout, heading: list[_Cell]) -> None:
    writer.next_page(is_turned=writer.is_turned)
    _row(writer, table.columns, layout, heading, is_heading=True)


def _page_room(writer: PackWriter, heading: list[_Cell], layout: _Layout) -> float:
    return float(writer.bottom - writer.pdf.t_margin - _height(heading, layout))


def _layout(writer: PackWriter, table: Table) -> _Layout:
    """Widths by weight, but no figure is broken: a column that is too narrow for its figures takes from the others,
    and where that is not enough the table is set smaller."""
    width = float(writer.pdf.epw)
    shares = [width * column.weight / sum(each.weight for each in table.columns) for column in table.columns]
    gaps = [_gap(table.columns, at) for at in range(len(shares))]
    needs = [_need(writer, table, at, shares[at]) for at in range(len(shares))]
    if sum(needs) >= width:
        # Nobody has anything to spare: all are short in the same proportion.
        widths = [need * width / sum(needs) for need in needs]
        free = [PAD_X + gap for gap in gaps]
        tight = min((one - pad) / (need - pad) for one, need, pad in zip(widths, needs, free, strict=True))
        return _Layout(max(SIZE_MIN, SIZE * tight), widths, gaps)
    lacking = sum(max(0.0, need - share) for need, share in zip(needs, shares, strict=True))
    spare = sum(max(0.0, share - need) for need, share in zip(needs, shares, strict=True))
    taken = lacking / spare
    widths = [
        need if need > share else share - (share - need) * taken for need, share in zip(needs, shares, strict=True)
    ]
    return _Layout(SIZE, widths, gaps)


def _need(writer: PackWriter, table: Table, at: int, share: float) -> float:
    """What a column needs, in millimetres: its widest figure or status; of texts, a part of its share."""
    column, texts = table.columns[at], {row[at] for row in table.rows}
    if column.kind == "status":
        texts = {f"{STATUSES[text].symbol} {writer.texts[status_key(text)]}" for text in texts if text}
    elif column.kind not in ("number", "rule"):
        return max(share * TEXT_LEAST, 3 * PAD_X)
    widest = max((writer.measure.width(writer.shown(text), SIZE, "B") for text in texts), default=0.0)
    # A figure of a hundred digits is broken after all: it would leave nothing to the others.
    return min(widest + PAD_X + _gap(table.columns, at) + 0.3, float(writer.pdf.epw) / 3)


def _gap(columns: tuple[Column, ...], at: int) -> float:
    """What is left free to the right of a cell: more after a figure that a text follows, or the two would touch."""
    is_before_text = at + 1 < len(columns) and columns[at].kind == "number" and columns[at + 1].kind != "number"
    return PAD_X + 1.6 if is_before_text else PAD_X


def _wrap(writer: PackWriter, text: str, layout: _Layout, at: int, style: str = "") -> list[str]:
    room = layout.widths[at] - PAD_X - layout.gaps[at]
    return writer.measure.wrap(text, room, layout.size, style) if text else []


def _cells(writer: PackWriter, table: Table, layout: _Layout, place: int) -> list[_Cell]:
    style = "B" if place in table.emphasis else ""
    found = []
    for at, (text, column) in enumerate(zip(table.rows[place], table.columns, strict=True)):
        if column.kind == "status" and text:
            status = STATUSES[text]
            shown = f"{status.symbol} {writer.texts[status_key(text)]}"
            found.append(_Cell(_wrap(writer, shown, layout, at, "B"), TONES[status.tone], "B"))
        else:
            found.append(_Cell(_wrap(writer, writer.shown(text), layout, at, style), INK, style))
    return found


def _height(cells: list[_Cell], layout: _Layout) -> float:
    return max(1, *(len(cell.lines) for cell in cells)) * layout.leading + 2 * PAD_Y


def _row(
    writer: PackWriter,
    columns: tuple[Column, ...],
    layout: _Layout,
    cells: list[_Cell],
    *,
    is_heading: bool = False,
    is_sum: bool = False,
) -> None:
    pdf, height = writer.pdf, _height(cells, layout)
    x, top = float(pdf.l_margin), float(pdf.get_y())
    if is_heading or is_sum:
        pdf.set_fill_color(*GROUND)
        pdf.rect(x, top, pdf.epw, height, style="F")
    now: tuple[Colour, str] | None = None
    for at, (cell, column) in enumerate(zip(cells, columns, strict=True)):
        if now != (cell.colour, cell.style):
            writer.font(layout.size, cell.style, cell.colour)
            now = cell.colour, cell.style
        for number, line in enumerate(cell.lines):
            left = x + PAD_X
            if column.kind == "number":
                left = x + layout.widths[at] - layout.gaps[at] - writer.measure.width(line, layout.size, cell.style)
            pdf.text(left, top + PAD_Y + (number + 0.82) * layout.leading, line)
        x += layout.widths[at]
    pdf.set_draw_color(*LINE)
    pdf.set_line_width(0.15)
    pdf.line(pdf.l_margin, top + height, pdf.l_margin + pdf.epw, top + height)
    pdf.set_y(top + height)
