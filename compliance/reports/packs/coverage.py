"""Coverage as a reader wants it: a table at the end of the period, its course, and a window around the end.

Ratios are in hundredths of a per cent, cut off: 99.999 % is never shown as 100 %. An hour without figures breaks a
line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Final

from compliance.facts import Amounts, decimal_text
from compliance.reports.chart import SERIES_MAX, Chart, Series
from compliance.reports.document import Block, Table, Texts, columns_of, table_of
from compliance.reports.inputs import CoveragePoint, PackInput
from compliance.reports.packs.period import end_of, minute_text, rule_of, start_of
from compliance.rules import Primitive

__all__ = ["coverage_blocks", "lowest_of", "ratio_of", "units"]

WINDOW_DAYS: Final = 30
"""So many days before and after the end of the period; the reports that this answers show about as many."""
_WORST: Final = ("pass", "insufficient data", "fail")
_WHOLE: Final = 100_00
"""All that is owed, in hundredths of a per cent."""


def units(amount: Fraction) -> str:
    """An amount exact, thousands parted."""
    text = decimal_text(amount)
    if "/" in text:
        return text
    sign, whole, part = text.startswith("-"), *text.lstrip("-").partition(".")[::2]
    return f"{'-' if sign else ''}{int(whole):,}{'.' + part if part else ''}"


def ratio_of(held: Fraction, owed: Fraction) -> int | None:
    """Held by owed in hundredths of a per cent, cut off; None where nothing is owed."""
    assert held >= 0 and owed >= 0, "coverage is of gross amounts"
    if owed == 0:
        return None
    # In whole numbers, because a quarter has this a hundred thousand times.
    return held.numerator * owed.denominator * _WHOLE // (held.denominator * owed.numerator)


def lowest_of(point: CoveragePoint) -> int | None:
    """The lowest ratio of any asset of an hour; None where none is known."""
    ratios = (ratio_of(point.held.get(asset, Fraction(0)), owed) for asset, owed in point.owed.items())
    return min((ratio for ratio in ratios if ratio is not None), default=None)


def coverage_blocks(data: PackInput, texts: Texts, rules: tuple[str, ...] = ()) -> list[Block]:
    """The table at the end, the course over the period, and the window; `rules` are those that judge coverage."""
    first, last = start_of(data), end_of(data)
    inside = [point for point in data.coverage if first <= point.hour <= last]
    known = [point for point in inside if point.owed]
    if not known:
        return [Block(texts["coverage"], 2, (texts["coverage_intro"], texts["coverage_none"]), rules=rules)]
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(Counter(each.kind for each in inside).items()))
    hours = texts["coverage_hours"].format(count=f"{len(inside):,}", kinds=kinds)
    table = _table(inside, known[-1], _judged(data, known[-1]), texts)
    charts = (_course(inside, texts),)
    return [
        Block(texts["coverage"], 2, (texts["coverage_intro"],), table, (hours,), rules=rules),
        Block(texts["coverage_chart"], 3, charts=charts, rules=rules),
        _window(data, texts, rules),
    ]


def _judged(data: PackInput, at: CoveragePoint) -> dict[str, str]:
    """What the rules of coverage said of each asset at the hour shown, the worst of them: they know of what is pledged,
    lent out or could not be read, which a ratio does not show.
    """
    found: dict[str, str] = {}
    if at.hour != data.facts.as_of:
        return found
    for verdict in data.verdicts:
        rule = rule_of(data, verdict)
        if rule.primitive is not Primitive.COVERAGE or rule.inputs.get("owed") != "claims":
            continue
        if rule.inputs.get("held") != "reserves.client":
            continue
        for line in verdict.lines:
            found[line.key] = max(found.get(line.key, "pass"), line.result.value, key=_WORST.index)
    return found


def _table(inside: Sequence[CoveragePoint], at: CoveragePoint, judged: Mapping[str, str], texts: Texts) -> Table:
    columns = columns_of(
        texts,
        ("asset", "text", 9),
        ("owed", "number", 18),
        ("held", "number", 18),
        ("difference", "number", 16),
        ("ratio", "number", 10),
        ("answer", "status", 12),
        ("lowest", "number", 10),
        ("lowest_at", "text", 15),
    )
    rows = []
    for asset in _assets(inside):
        owed, held = at.owed.get(asset, Fraction(0)), at.held.get(asset, Fraction(0))
        if owed == 0:
            answer = "not applicable"
        else:
            answer = judged.get(asset) or ("pass" if held >= owed else "fail")
        low, when = _lowest_in(inside, asset)
        ratio = _percent(ratio_of(held, owed))
        rows.append((asset, units(owed), units(held), units(held - owed), ratio, answer, _percent(low), when))
    caption = texts["coverage_table"].format(moment=minute_text(at.hour))
    table = table_of(caption, columns, rows)
    return Table(table.caption, table.columns, table.rows, name="coverage")


def _assets(points: Sequence[CoveragePoint]) -> list[str]:
    return sorted({asset for point in points for amounts in (point.owed, point.held) for asset in amounts})


def _lowest_in(points: Sequence[CoveragePoint], asset: str) -> tuple[int | None, str]:
    """An asset's lowest ratio and the first hour that had it."""
    low, when = None, ""
    for point in points:
        ratio = _ratio(point.held, point.owed, asset)
        if ratio is not None and (low is None or ratio < low):
            low, when = ratio, minute_text(point.hour)
    return low, when


def _ratio(held: Amounts, owed: Amounts, asset: str) -> int | None:
    return ratio_of(held.get(asset, Fraction(0)), owed.get(asset, Fraction(0)))


def _percent(ratio: int | None) -> str:
    return "—" if ratio is None else f"{ratio // 100:,}.{ratio % 100:02d}"


def _course(inside: Sequence[CoveragePoint], texts: Texts) -> Chart:
    lows: list[tuple[int, str]] = []
    for asset in _assets(inside):
        low = _lowest_in(inside, asset)[0]
        if low is not None:
            lows.append((low, asset))
    series = [Series(texts["coverage_lowest"], tuple(lowest_of(point) for point in inside))]
    for _, asset in sorted(lows)[: SERIES_MAX - 1]:
        series.append(Series(asset, tuple(_ratio(point.held, point.owed, asset) for point in inside)))
    below = sum(1 for ratio in series[0].values if ratio is not None and ratio < _WHOLE)
    words = texts["coverage_chart_words"].format(below=f"{below:,}", count=f"{len(inside):,}")
    return _chart("line", texts["coverage_lines"], words, inside, tuple(series), texts)


def _window(data: PackInput, texts: Texts, rules: tuple[str, ...]) -> Block:
    last = end_of(data)
    span = timedelta(days=WINDOW_DAYS)
    near = [point for point in data.coverage if last - span <= point.hour <= last + span]
    before = [place for place, point in enumerate(near) if point.hour <= last]
    if not before:
        return Block(texts["window"], 3, (texts["window_none"],), rules=rules)
    words = [texts["window_intro"].format(before=WINDOW_DAYS, after=WINDOW_DAYS)]
    if len(before) == len(near):
        words.append(texts["window_no_after"])
    series = (Series(texts["coverage_lowest"], tuple(lowest_of(point) for point in near)),)
    chart = _chart("window", texts["window_lines"], texts["window_words"], near, series, texts, mark=before[-1])
    return Block(texts["window"], 3, tuple(words), charts=(chart,), rules=rules)


def _chart(
    kind: str,
    caption: str,
    words: str,
    points: Sequence[CoveragePoint],
    series: tuple[Series, ...],
    texts: Texts,
    mark: int | None = None,
) -> Chart:
    return Chart(
        kind=kind,
        caption=caption,
        description=words,
        places=tuple(minute_text(point.hour) for point in points),
        series=series,
        unit="%",
        scale=2,
        reference=_WHOLE,
        reference_name=texts["coverage_full"],
        mark=mark,
        mark_name="" if mark is None else texts["window_end"],
        name="coverage" if kind == "line" else "coverage-window",
    )
