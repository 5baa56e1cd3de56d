"""Coverage over time as a drawing: one asset, stepped lines, integers throughout, the same bytes for the same figures.

A chart has as many steps as fit; several hours in one step are drawn as the lowest of them, so that no shortfall is
averaged away. An hour without figures breaks the line: nothing is drawn where nothing was stated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from por.figures import FULL, position_text

__all__ = ["Band", "CoverageChart", "draw_coverage", "steps_of"]

STEPS_MAX = 250
WIDTH, HEIGHT = 10_000, 1_000
TENTH, WHOLE = 100_000, 1_000_000
"""In millionths: the grid of the axis, and 100%."""
CEILING = 2 * WHOLE
"""What is more is drawn at the ceiling, and the axis says so."""
TICKS_MAX = 6
KINDS = ("invalid", "fork", "gap", "missed", "restated")
"""What can be marked below a step, worst first."""

Point = tuple[int, int]
"""Coverage with everything, and proven alone, in millionths."""


class Band(NamedTuple):
    """A mark below the lines, from `x` on, `width` wide, in the drawing's own units."""

    kind: str
    x: int
    width: int


class CoverageChart(NamedTuple):
    """A chart as the template draws it. Paths are in a box of WIDTH by HEIGHT; ticks in per cent of the height."""

    all_path: str
    proven_path: str
    reference: str | None
    ticks: tuple[tuple[str, str], ...]
    bands: tuple[Band, ...]
    is_cut: bool


def steps_of(count: int) -> int:
    """How many hours one step of a chart stands for."""
    assert count > 0
    return -(-count // STEPS_MAX)


def draw_coverage(points: Sequence[Point | None], marks: Sequence[str | None]) -> CoverageChart:
    """Draw one asset's hours from first to last; `marks` are of KINDS, for any asset alike."""
    assert len(points) == len(marks) > 0
    size = steps_of(len(points))
    groups = [points[at : at + size] for at in range(0, len(points), size)]
    stated = [[point for point in group if point is not None] for group in groups]
    everything = [min((point[0] for point in group), default=None) for group in stated]
    proven = [min((point[1] for point in group), default=None) for group in stated]
    low, high, step = _axis([value for value in (*everything, *proven) if value is not None])
    ticks = tuple((f"{at // 10_000}%", _height_text(at, low, high)) for at in range(low, high + 1, step))
    return CoverageChart(
        _path(everything, low, high),
        _path(proven, low, high),
        _height_text(WHOLE, low, high),
        ticks,
        _bands(marks, size, len(groups)),
        any(value > high for value in (*everything, *proven) if value is not None),
    )


def _axis(values: Sequence[int]) -> tuple[int, int, int]:
    """Ends and step of the axis in millionths; 100% is always on it."""
    low = min([*values, WHOLE - TENTH]) // TENTH * TENTH
    high = min(-(-max([*values, WHOLE + TENTH]) // TENTH) * TENTH, CEILING)
    low = min(low, high - TENTH)
    step = TENTH
    while (high - low) // step > TICKS_MAX:
        step += TENTH
    return low, max(high, low + -(-(high - low) // step) * step), step


def _y(value: int, low: int, high: int) -> int:
    """Down is worse, and what falls between two units is drawn at the lower."""
    inside = min(max(value, low), high)
    return HEIGHT - (inside - low) * HEIGHT // (high - low)


def _height_text(value: int, low: int, high: int) -> str:
    return position_text(FULL - (value - low) * FULL // (high - low))


def _path(values: Sequence[int | None], low: int, high: int) -> str:
    """A stepped line, broken where there is no value."""
    words: list[str] = []
    at: int | None = None
    for place, value in enumerate(values):
        right = (place + 1) * WIDTH // len(values)
        if value is None:
            at = None
            continue
        y = _y(value, low, high)
        if at is None:
            words.append(f"M{place * WIDTH // len(values)} {y}H{right}")
        elif y == at:
            # The last word ends in an H: it is only made longer.
            words[-1] = words[-1][: words[-1].rindex("H")] + f"H{right}"
        else:
            words.append(f"V{y}H{right}")
        at = y
    return "".join(words)


def _bands(marks: Sequence[str | None], size: int, steps: int) -> tuple[Band, ...]:
    """The worst mark of each step; neighbours of one kind are joined."""
    order: Mapping[str, int] = {kind: place for place, kind in enumerate(KINDS)}
    found: list[Band] = []
    for place in range(steps):
        kinds = [mark for mark in marks[place * size : (place + 1) * size] if mark is not None]
        if not kinds:
            continue
        kind = min(kinds, key=order.__getitem__)
        left, right = place * WIDTH // steps, (place + 1) * WIDTH // steps
        if found and found[-1].kind == kind and found[-1].x + found[-1].width == left:
            found[-1] = Band(kind, found[-1].x, right - found[-1].x)
        else:
            found.append(Band(kind, left, right - left))
    return tuple(found)
