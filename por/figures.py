"""Figures as people read them: decimal texts, percentages and the lengths of bars, in integers throughout.

Published figures round against the exchange: what is owed goes up, what is held and every ratio goes down. A bar's
length is a figure too, so its end is rounded down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["Bar", "Segment", "amount_text", "axis_end", "draw_bar", "exact_text", "percent_text", "position_text"]

PLACES_SHOWN = 4
AXIS_ENDS = (125, 150, 200)
"""Where a coverage axis may end, in per cent of gross claims. What is longer than the last is drawn cut off."""
FULL = 10_000
"""A bar's positions count in hundredths of a per cent of the axis."""


class Segment(NamedTuple):
    """One part of a stacked bar; `x` and `width` are per cent of the axis, as SVG takes them."""

    kind: str
    x: str
    width: str


class Bar(NamedTuple):
    """A stacked bar; `is_cut` when it goes on beyond the axis."""

    segments: tuple[Segment, ...]
    is_cut: bool


def exact_text(quanta: int, scale: int) -> str:
    """Quanta as decimal text to the last digit, thousands parted by commas."""
    assert quanta >= 0 and scale >= 0
    if scale == 0:
        return f"{quanta:,}"
    whole, part = divmod(quanta, 10**scale)
    return f"{whole:,}.{part:0{scale}d}"


def amount_text(quanta: int, scale: int, *, up: bool, places: int = PLACES_SHOWN) -> str:
    """Quanta as decimal text with at most `places` digits after the point; `up` for what is owed, else down."""
    assert quanta >= 0 and scale >= 0 and places >= 0
    shown = min(places, scale)
    unit = 10 ** (scale - shown)
    return exact_text(-(-quanta // unit) if up else quanta // unit, shown)


def percent_text(coverage: str | None) -> str | None:
    """A coverage in its six digits (attestation.md section 4) as per cent with two, rounded down; None stays None."""
    if coverage is None:
        return None
    whole, _, part = coverage.partition(".")
    assert whole.isdecimal() and part.isdecimal() and len(part) == 6
    return exact_text(int(whole + part) // 100, 2) + "%"


def position_text(position: int) -> str:
    """A position on the axis as SVG takes it."""
    assert 0 <= position <= FULL
    return f"{position // 100}.{position % 100:02d}%"


def axis_end(bars: Sequence[tuple[int, int]]) -> int:
    """The shortest axis, in per cent of claims, that holds every (reserves, claims); the longest if none does."""
    owed = [(reserves, claims) for reserves, claims in bars if claims > 0]
    for end in AXIS_ENDS:
        if all(reserves * 100 <= claims * end for reserves, claims in owed):
            return end
    return AXIS_ENDS[-1]


def draw_bar(parts: Mapping[str, int], claims: int, end: int) -> Bar:
    """Stack the parts, in their order, on an axis from 0 to `end` per cent of claims; no claims, no bar."""
    assert claims >= 0 and end > 0 and all(value >= 0 for value in parts.values())
    if claims == 0:
        return Bar((), False)
    segments, total, left = [], 0, 0
    for kind, value in parts.items():
        total += value
        # Ends are rounded, not widths: roundings then never add up to more than the sum.
        right = min(FULL, total * FULL * 100 // (claims * end))
        if right > left:
            segments.append(Segment(kind, position_text(left), position_text(right - left)))
        left = right
    return Bar(tuple(segments), total * 100 > claims * end)
