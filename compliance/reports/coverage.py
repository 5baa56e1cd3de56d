"""Charts of the hours of a period: coverage per asset, in units of that asset, and the window around a snapshot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from compliance.facts import moment_text
from compliance.reports.chart import Chart, Series
from compliance.reports.document import Texts
from compliance.reports.inputs import CoveragePoint
from por.pages import plain

__all__ = ["coverage_bars", "coverage_charts", "window_chart"]

SCALE = 2
"""Coverage is shown in hundredths of a per cent, rounded down, as every ratio of ours."""
WHOLE = 100 * 10**SCALE


def _percent(held: Fraction | None, owed: Fraction | None) -> int | None:
    """Coverage in hundredths of a per cent, rounded down; None where nothing is stated or nothing is owed."""
    if held is None or owed is None or owed == 0:
        return None
    return int(held * WHOLE // owed)


def _hour(moment: datetime) -> str:
    return moment_text(moment)[:16].replace("T", " ")


def _name(start: str, asset: str) -> str:
    """A name for the chart's file."""
    return f"{start}-" + (re.sub(r"[^a-z0-9]+", "-", asset.lower()).strip("-")[:48] or "asset")


def _assets(points: Sequence[CoveragePoint]) -> list[str]:
    return sorted({asset for point in points for asset in point.owed})


def _held(point: CoveragePoint, asset: str) -> Fraction | None:
    # An asset that is owed and of which nothing is held is covered to nothing, which is not the same as unknown.
    return point.held.get(asset, Fraction(0)) if asset in point.owed else None


def coverage_charts(points: Sequence[CoveragePoint], texts: Texts) -> tuple[Chart, ...]:
    """One chart for each asset that was owed: held over owed in units, hour by hour, with the line of 100 %."""
    return tuple(_over_time(points, asset, texts) for asset in _assets(points))


def _over_time(points: Sequence[CoveragePoint], asset: str, texts: Texts) -> Chart:
    values = tuple(_percent(_held(point, asset), point.owed.get(asset)) for point in points)
    lowest = min((value for value in values if value is not None), default=None)
    below = sum(1 for value in values if value is not None and value < WHOLE)
    return Chart(
        kind="line",
        caption=texts["coverage_of"].format(asset=plain(asset)),
        description=texts["coverage_seen"].format(
            asset=plain(asset), lowest="–" if lowest is None else f"{lowest // 100}.{lowest % 100:02}", below=below
        ),
        places=tuple(_hour(point.hour) for point in points),
        series=(Series(texts["coverage_line"], values),),
        unit="%",
        scale=SCALE,
        reference=WHOLE,
        reference_name=texts["coverage_whole"],
        name=_name("coverage", asset),
    )


def coverage_bars(point: CoveragePoint, texts: Texts) -> Chart:
    """Coverage of every asset at one hour, as bars."""
    assets = _assets([point])
    return Chart(
        kind="bars",
        caption=texts["coverage_at"].format(hour=_hour(point.hour)),
        description=texts["coverage_bars_seen"].format(count=len(assets)),
        places=tuple(plain(asset) for asset in assets),
        series=(
            Series(
                texts["coverage_line"],
                tuple(_percent(_held(point, asset), point.owed.get(asset)) for asset in assets),
            ),
        ),
        unit="%",
        scale=SCALE,
        reference=WHOLE,
        reference_name=texts["coverage_whole"],
        name="coverage-at-end",
    )


def window_chart(
    points: Sequence[CoveragePoint], asset: str, snapshot: datetime, texts: Texts, scale: int = 2
) -> Chart:
    """What was held and owed of an asset before and after a snapshot, in units, rounded down to `scale` digits.

    Money that is borrowed for the day of the count shows here as a step up before the mark and down after it.
    """
    places = [point.hour for point in points]
    assert snapshot in places, "the snapshot is one of the hours"

    def units(amount: Fraction | None) -> int | None:
        return None if amount is None else int(amount * 10**scale // 1)

    return Chart(
        kind="window",
        caption=texts["window_of"].format(asset=plain(asset)),
        description=texts["window_seen"].format(asset=plain(asset), hour=_hour(snapshot)),
        places=tuple(_hour(place) for place in places),
        series=(
            Series(texts["held_line"], tuple(units(_held(point, asset)) for point in points)),
            Series(texts["owed_line"], tuple(units(point.owed.get(asset)) for point in points)),
        ),
        unit=plain(asset),
        scale=scale,
        name=_name("window", asset),
        mark=places.index(snapshot),
        mark_name=texts["window_mark"].format(hour=_hour(snapshot)),
    )
