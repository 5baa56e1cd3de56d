"""A chart laid out: boxes, lines, paths and labels in one system of integer units, which pages and prints draw alike.

The drawing is WIDTH units wide; a unit is a 7,200th of the column. y grows downwards. Nothing is told by colour alone:
lines differ in their dashes, bars in how they are filled, and every one is named in the legend.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from compliance.reports.chart import Chart, figure_text, steps

__all__ = ["FONT", "WIDTH", "Drawing", "Label", "Line", "Path", "Rect", "draw"]

WIDTH = 7_200
FONT = 118
"""The height of letters."""
PLOT = 1_500
ROW, ROW_GAP, GROUP_GAP = 130, 36, 110
TICKS_MAX = 6
BARS_MAX = 40
CEILING = 2
"""What is more than so many times the reference is drawn at the ceiling, and said to be."""
NAME_MAX, FIGURE_MAX = 1_500, 1_300
Point = tuple[int, int]


class Rect(NamedTuple):
    """A filled box; `style` is `s1` to `s4` for bars, or `shade`, or `cut` for a break across a bar."""

    x: int
    y: int
    width: int
    height: int
    style: str


class Line(NamedTuple):
    """A straight line; `style` is `grid`, `axis`, `reference`, `mark`, or `s1` to `s4` in the legend."""

    x1: int
    y1: int
    x2: int
    y2: int
    style: str


class Path(NamedTuple):
    """A broken line: pieces of points; `style` is `s1` to `s4`."""

    pieces: tuple[tuple[Point, ...], ...]
    style: str


class Label(NamedTuple):
    """A text on its base line; `anchor` is `start`, `middle` or `end`; `style` is `tick` or `name`."""

    x: int
    y: int
    text: str
    anchor: str
    style: str


class Drawing(NamedTuple):
    """What is drawn, in this order. `is_cut`: something is more than the drawing shows."""

    height: int
    grid: tuple[Line, ...]
    rects: tuple[Rect, ...]
    lines: tuple[Line, ...]
    paths: tuple[Path, ...]
    labels: tuple[Label, ...]
    is_cut: bool
    shown: int
    """How many of the chart's places are drawn, each for itself or in a step."""


class _Axis(NamedTuple):
    low: int
    high: int
    step: int

    @property
    def ticks(self) -> range:
        return range(self.low, self.high + 1, self.step)

    def place(self, value: int, length: int) -> int:
        """Where a value is on `length` units; what falls between two is put at the lower."""
        inside = min(max(value, self.low), self.high)
        return (inside - self.low) * length // (self.high - self.low)


def draw(chart: Chart) -> Drawing:
    """Lay a chart out. The same chart gives the same drawing."""
    return _bars(chart) if chart.kind == "bars" else _lines(steps(chart))


def text_width(text: str) -> int:
    """About how wide a text is; fonts differ, so that this leaves room."""
    return sum(FONT if unicodedata.east_asian_width(each) in "WF" else FONT * 58 // 100 for each in text)


def fit(text: str, width: int) -> str:
    """The text, or as much of its beginning as fits; the whole of it is in the table."""
    if text_width(text) <= width:
        return text
    kept = text
    while kept and text_width(kept + "…") > width:
        kept = kept[:-1]
    return kept + "…"


def _axis(values: Sequence[int], from_zero: bool) -> _Axis:
    """Ends and step: 1, 2 or 5 times a power of ten, so that few ticks hold every value."""
    low = min([*values, 0]) if from_zero else min(values)
    high = max([*values, 0]) if from_zero else max(values)
    if high == low:
        high += 1
        low -= 0 if from_zero else 1
    step = 1
    while _count(low, high, step) > TICKS_MAX:
        step = step * 5 // 2 if str(step)[0] == "2" else step * 2
    low = low // step * step
    return _Axis(low, low + -(-(high - low) // step) * step, step)


def _count(low: int, high: int, step: int) -> int:
    return -(-high // step) - low // step


def _tick_texts(axis: _Axis, chart: Chart) -> list[str]:
    """Ticks without the zeros that all of them end in."""
    drop = 0
    while drop < chart.scale and all(tick % 10 ** (drop + 1) == 0 for tick in axis.ticks):
        drop += 1
    texts = [figure_text(tick, chart, unit=False) for tick in axis.ticks]
    if drop:
        texts = [text[: -(drop + 1)] if drop == chart.scale else text[:-drop] for text in texts]
    unit = "%" if chart.unit == "%" else ""
    return [fit(text + unit, WIDTH // 3) for text in texts]


def _legend(chart: Chart) -> tuple[list[Rect], list[Line], list[Label], int]:
    """Samples and names, wrapped; the last figure is where it ends."""
    entries = [(f"s{place}", series.name) for place, series in enumerate(chart.series, start=1)]
    if chart.reference is not None:
        entries.append(("reference", chart.reference_name))
    rects: list[Rect] = []
    lines: list[Line] = []
    labels: list[Label] = []
    x, y = 0, FONT
    for style, name in entries:
        shown = fit(name, WIDTH - 500)
        width = 420 + text_width(shown) + 200
        if x and x + width > WIDTH:
            x, y = 0, y + FONT * 3 // 2
        if chart.kind == "bars" and style != "reference":
            rects.append(Rect(x, y - FONT * 3 // 4, 330, FONT * 3 // 4, style))
        else:
            lines.append(Line(x, y - FONT * 3 // 8, x + 330, y - FONT * 3 // 8, style))
        labels.append(Label(x + 420, y, shown, "start", "name"))
        x += width
    return rects, lines, labels, y + FONT


def _ceiling(chart: Chart) -> int | None:
    return None if chart.reference is None or chart.reference <= 0 else CEILING * chart.reference


def _known(chart: Chart) -> list[int]:
    return [value for series in chart.series for value in series.values if value is not None]


def _axis_of(chart: Chart, from_zero: bool) -> tuple[_Axis, bool]:
    """The axis, and whether anything is above it."""
    known, ceiling = _known(chart), _ceiling(chart)
    drawn = [min(value, ceiling) for value in known] if ceiling is not None else [*known]
    if chart.reference is not None:
        # A hundredth to either side: what lies at the reference does not look like a mountain.
        drawn += [chart.reference - abs(chart.reference) // 100, chart.reference + abs(chart.reference) // 100]
    axis = _axis(drawn or [0], from_zero)
    return axis, any(value > axis.high for value in known)


def _lines(chart: Chart) -> Drawing:
    rects, lines, labels, top = _legend(chart)
    axis, is_cut = _axis_of(chart, from_zero=False)
    texts = _tick_texts(axis, chart)
    grid: list[Line] = []
    left = max(text_width(text) for text in texts) + FONT
    top += FONT * 2 if chart.mark is not None else FONT // 2
    width, count = WIDTH - left, len(chart.places)

    def y_of(value: int) -> int:
        return top + PLOT - axis.place(value, PLOT)

    for tick, text in zip(axis.ticks, texts, strict=True):
        grid.append(Line(left, y_of(tick), WIDTH, y_of(tick), "axis" if tick == axis.low else "grid"))
        labels.append(Label(left - FONT // 2, y_of(tick) + FONT // 3, text, "end", "tick"))
    if chart.reference is not None:
        lines.append(Line(left, y_of(chart.reference), WIDTH, y_of(chart.reference), "reference"))
    if chart.mark is not None:
        x = left + chart.mark * width // count
        span = width // count
        rects.append(Rect(x, top, max(span, 40), PLOT, "shade"))
        lines.append(Line(x, top - FONT // 2, x, top + PLOT, "mark"))
        anchor = "start" if x < left + width // 3 else "end" if x > left + width * 2 // 3 else "middle"
        labels.append(Label(x, top - FONT * 3 // 4, fit(chart.mark_name, width // 2), anchor, "name"))
    paths = tuple(
        Path(tuple(_pieces([None if value is None else y_of(value) for value in series.values], left, width)), f"s{at}")
        for at, series in enumerate(chart.series, start=1)
    )
    labels += _below(chart.places, left, width, top + PLOT + FONT * 3 // 2)
    height = top + PLOT + FONT * 2
    return Drawing(height, tuple(grid), tuple(rects), tuple(lines), paths, tuple(labels), is_cut, count)


def _pieces(heights: Sequence[int | None], left: int, width: int) -> Iterator[tuple[Point, ...]]:
    """A stepped line, parted where there is no value."""
    piece: list[Point] = []
    for place, y in enumerate(heights):
        if y is None:
            if piece:
                yield tuple(piece)
            piece = []
            continue
        x, right = left + place * width // len(heights), left + (place + 1) * width // len(heights)
        if len(piece) > 1 and piece[-1][1] == y:
            piece.pop()
        else:
            piece.append((x, y))
        piece.append((right, y))
    if piece:
        yield tuple(piece)


def _below(places: Sequence[str], left: int, width: int, y: int) -> Iterator[Label]:
    """The names of the first and the last place, and of those between for which there is room."""
    if not places:
        return
    # The first name begins at its place and the next stands around its own: that gap is the narrowest.
    widest = max(text_width(place) for place in places) * 3 // 2 + FONT
    count = min(len(places), 6, 1 + width // widest)
    if count == 1:
        yield Label(left, y, fit(places[0], width), "start", "tick")
        return
    for each in range(count):
        place = each * (len(places) - 1) // (count - 1)
        last = each == count - 1
        x = left + width if last else left + place * width // len(places)
        yield Label(x, y, places[place], "end" if last else "start" if each == 0 else "middle", "tick")


def _bars(chart: Chart) -> Drawing:
    """Groups of bars that lie, each with its figure; where there are too many, those with the lowest first figure."""
    rects, lines, labels, top = _legend(chart)
    chosen = _lowest_places(chart)
    axis, is_cut = _axis_of(chart, from_zero=True)
    texts = _tick_texts(axis, chart)
    left = min(NAME_MAX, max([text_width(chart.places[at]) for at in chosen], default=0)) + FONT
    right = WIDTH - FIGURE_MAX - FONT
    width = right - left
    y = top + FONT // 2
    start = y
    grid: list[Line] = []
    for at in chosen:
        middle = y + (len(chart.series) * (ROW + ROW_GAP) - ROW_GAP) // 2
        labels.append(Label(left - FONT // 2, middle + FONT // 3, fit(chart.places[at], NAME_MAX), "end", "name"))
        for place, series in enumerate(chart.series, start=1):
            value = series.values[at]
            if value is not None:
                zero, end = axis.place(0, width), axis.place(value, width)
                rects.append(Rect(left + min(zero, end), y, abs(end - zero), ROW, f"s{place}"))
                if value > axis.high:
                    rects.append(Rect(right - 90, y - 10, 40, ROW + 20, "cut"))
            shown = "–" if value is None else figure_text(value, chart)
            labels.append(Label(WIDTH, y + ROW * 3 // 4 + 8, fit(shown, FIGURE_MAX), "end", "tick"))
            y += ROW + ROW_GAP
        y += GROUP_GAP - ROW_GAP
    said = 0
    for tick, text in zip(axis.ticks, texts, strict=True):
        x = left + axis.place(tick, width)
        grid.append(Line(x, start - FONT // 3, x, y - GROUP_GAP // 2, "axis" if tick == 0 else "grid"))
        # Where long figures would run into one another, or out of the drawing, the line stays and its figure goes.
        begin, end = x - text_width(text) // 2, x + text_width(text) // 2
        if begin >= said and end <= WIDTH:
            labels.append(Label(x, y + FONT // 2, text, "middle", "tick"))
            said = end + FONT // 2
    if chart.reference is not None:
        x = left + axis.place(chart.reference, width)
        lines.append(Line(x, start - FONT // 3, x, y - GROUP_GAP // 2, "reference"))
    return Drawing(y + FONT, tuple(grid), tuple(rects), tuple(lines), (), tuple(labels), is_cut, len(chosen))


def _lowest_places(chart: Chart) -> list[int]:
    first = chart.series[0].values
    # What has no figure is worse than any figure, and stays.
    order = sorted(range(len(chart.places)), key=lambda at: (first[at] is not None, first[at] or 0, at))
    return sorted(order[:BARS_MAX])
