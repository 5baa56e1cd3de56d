"""A chart as data: what is drawn, with every figure as an integer. `drawing` lays it out, once, for pages and prints.

Values are integers at a scale, for instance hundredths of a per cent at scale 2; None is where nothing is known, and
breaks a line. A chart has a caption, a description for those who do not see it, and its figures as a table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from por.site.chart import steps_of

__all__ = ["KINDS", "SERIES_MAX", "Chart", "Series", "chart_figures", "figure_text", "steps"]

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
KINDS = ("line", "bars", "window")
SERIES_MAX = 4
"""So many kinds of line can be told apart without colour."""
ROWS_MAX = 250
"""So many steps a line is drawn with, and rows its table on a page has; the CSV file has every one."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one set of bars: as many values as the chart has places."""

    name: str
    values: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of a kind.

    `line`: values over the times `places`; many times are drawn as steps, each the lowest of its values, so that no
    shortfall is averaged away. `bars`: one group of bars for each of `places`. `window`: as `line`, with the place
    `mark` (a snapshot) marked in it. `reference` is a line across at that value, such as 100 % of what is owed.
    `unit` stands after each figure (`%`, or an asset); `description` says in a sentence what is to be seen. `name` is
    what its CSV file is called; without one it is numbered.
    """

    kind: str
    caption: str
    description: str
    places: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = ""
    scale: int = 0
    reference: int | None = None
    reference_name: str = ""
    mark: int | None = None
    mark_name: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        assert self.kind in KINDS and self.caption and self.description
        assert not self.name or NAME.match(self.name), self.name
        assert 1 <= len(self.series) <= SERIES_MAX and 0 <= self.scale <= 38
        assert all(len(series.values) == len(self.places) for series in self.series)
        assert (self.kind == "window") == (self.mark is not None), "a window has its mark, and nothing else has"
        assert self.mark is None or (0 <= self.mark < len(self.places) and self.mark_name)
        assert (self.reference is None) == (not self.reference_name), "a reference line has a name"


def steps(chart: Chart) -> Chart:
    """The chart with no more than ROWS_MAX places: the lowest value of each step, named by its first place.

    The marked place is always a step of its own beginning, so that what is before and after it is not mixed.
    """
    size = steps_of(len(chart.places)) if chart.places else 1
    if size == 1 or chart.kind == "bars":
        return chart
    starts = _starts(len(chart.places), size, chart.mark)
    ends = [*starts[1:], len(chart.places)]
    spans = list(zip(starts, ends, strict=True))
    return Chart(
        kind=chart.kind,
        caption=chart.caption,
        description=chart.description,
        places=tuple(chart.places[start] for start in starts),
        series=tuple(
            Series(one.name, tuple(_lowest(one.values[start:end]) for start, end in spans)) for one in chart.series
        ),
        unit=chart.unit,
        scale=chart.scale,
        reference=chart.reference,
        reference_name=chart.reference_name,
        mark=None if chart.mark is None else starts.index(chart.mark),
        mark_name=chart.mark_name,
        name=chart.name,
    )


def _starts(count: int, size: int, mark: int | None) -> list[int]:
    if mark is None:
        return list(range(0, count, size))
    return sorted({*range(mark % size, count, size), 0})


def _lowest(values: Sequence[int | None]) -> int | None:
    return min((value for value in values if value is not None), default=None)


def figure_text(value: int | None, chart: Chart, *, unit: bool = True) -> str:
    """A value with its unit, thousands parted; empty where there is none."""
    if value is None:
        return ""
    whole, part = divmod(abs(value), 10**chart.scale)
    text = f"{whole:,}" + (f".{part:0{chart.scale}d}" if chart.scale else "")
    return ("-" if value < 0 else "") + text + (f" {chart.unit}" if unit and chart.unit else "")


def chart_figures(chart: Chart) -> tuple[tuple[str, ...], ...]:
    """The chart's rows: a place and the figure of every series, with their units parted off into the heading."""
    return tuple(
        (place, *(figure_text(series.values[at], chart, unit=False) for series in chart.series))
        for at, place in enumerate(chart.places)
    )
