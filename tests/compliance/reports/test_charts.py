"""Charts: nothing is drawn outside, nothing is averaged away, what is not known is not drawn, no float anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.reports.chart import Chart, Series, chart_figures, figure_text, steps
from compliance.reports.drawing import WIDTH, Drawing, draw, fit, text_width
from compliance.reports.html import chart_notes
from compliance.reports.texts import ENGLISH
from tests.compliance.reports.sample import sample_charts, sample_document

VALUES = st.lists(st.one_of(st.none(), st.integers(-(10**12), 10**60)), max_size=700)


def line(values: list[int | None], kind: str = "line", **fields: object) -> Chart:
    places = tuple(f"place {at}" for at in range(len(values)))
    return Chart(kind, "Caption", "What is seen.", places, (Series("One", tuple(values)),), **fields)  # type: ignore[arg-type]  # fields of a test


def points_of(drawing: Drawing) -> list[tuple[int, int]]:
    found = [(x, y) for path in drawing.paths for piece in path.pieces for x, y in piece]
    found += [(rect.x, rect.y) for rect in drawing.rects]
    found += [(rect.x + rect.width, rect.y + rect.height) for rect in drawing.rects]
    return found + [end for one in (*drawing.grid, *drawing.lines) for end in ((one.x1, one.y1), (one.x2, one.y2))]


@settings(max_examples=60, deadline=None)
@given(VALUES, st.sampled_from(["line", "bars"]), st.one_of(st.none(), st.integers(-5, 10**6)))
def test_everything_is_inside_the_drawing_and_whole(values: list[int | None], kind: str, reference: int | None) -> None:
    chart = line(values, kind, reference=reference, reference_name="" if reference is None else "what is owed")
    drawing = draw(chart)
    for x, y in points_of(drawing):
        assert type(x) is int and type(y) is int
        assert 0 <= x <= WIDTH and 0 <= y <= drawing.height
    for label in drawing.labels:
        start = (
            label.x - {"start": 0, "middle": text_width(label.text) // 2, "end": text_width(label.text)}[label.anchor]
        )
        assert start >= 0 and start + text_width(label.text) <= WIDTH + 1, label


@settings(max_examples=60, deadline=None)
@given(VALUES.filter(lambda values: len(values) > 0), st.data())
def test_steps_keep_the_lowest_value_of_every_stretch_and_the_mark(
    values: list[int | None], data: st.DataObject
) -> None:
    mark = data.draw(st.integers(0, len(values) - 1))
    chart = line(values, "window", mark=mark, mark_name="snapshot")
    shown = steps(chart)
    assert len(shown.places) <= 252 and shown.mark is not None and shown.places[shown.mark] == f"place {mark}"
    starts = [int(place.split()[1]) for place in shown.places]
    for start, end, value in zip(starts, [*starts[1:], len(values)], shown.series[0].values, strict=True):
        known = [one for one in values[start:end] if one is not None]
        assert value == (min(known) if known else None)
    assert starts[0] == 0


def test_a_missing_hour_parts_the_line() -> None:
    drawing = draw(line([100, 100, None, 90, 90]))
    assert [len(piece) for piece in drawing.paths[0].pieces] == [2, 2]
    assert draw(line([None, None])).paths[0].pieces == ()
    assert draw(line([])).labels


def test_lower_values_are_drawn_lower_and_the_reference_is_always_there() -> None:
    drawing = draw(line([9_900, 10_000, 10_100], scale=2, unit="%", reference=10_000, reference_name="all"))
    low, whole, high = (drawing.paths[0].pieces[0][at][1] for at in (0, 2, 4))
    assert low > whole > high
    [across] = [one for one in drawing.lines if one.style == "reference" and one.x2 == WIDTH]
    assert across.y1 == across.y2 == whole


def test_ticks_are_few_and_exact() -> None:
    for low, high in ((0, 1), (1, 7), (-3, 10**18), (999_999, 1_000_001)):
        ticks = [label.text for label in draw(line([low, high], scale=6)).labels if label.anchor == "end"]
        figures = [text for text in ticks if not text.startswith("place")]
        assert 2 <= len(figures) <= 8 and len(set(figures)) == len(figures)


def test_bars_begin_at_nothing_and_what_is_too_long_is_cut_and_said() -> None:
    chart = line([100, 300], "bars", unit="%", reference=100, reference_name="all")
    drawing = draw(chart)
    bars = [rect for rect in drawing.rects if rect.style == "s1"][1:]
    assert bars[0].x == bars[1].x and drawing.is_cut and any(rect.style == "cut" for rect in drawing.rects)
    assert ENGLISH["chart_cut"] in chart_notes(chart, ENGLISH)
    assert any(label.text == "300 %" for label in drawing.labels), "the figure is the true one"


def test_too_many_bars_show_the_lowest_and_say_so() -> None:
    drawing = draw(chart := line([*range(100, 0, -1)], "bars"))
    assert drawing.shown == 40
    assert {label.text for label in drawing.labels if label.text.startswith("place")} == {
        f"place {at}" for at in range(60, 100)
    }
    assert any("40 lowest of 100" in note for note in chart_notes(chart, ENGLISH))


def test_long_names_are_shortened_in_the_drawing_only() -> None:
    assert fit("short", 10_000) == "short"
    assert fit("長い名前" * 50, 1_500).endswith("…") and text_width(fit("長い名前" * 50, 1_500)) <= 1_500


def test_figures_are_exact() -> None:
    chart = line([-5, 123_456_789, None], scale=8)
    assert chart_figures(chart) == (("place 0", "-0.00000005"), ("place 1", "1.23456789"), ("place 2", ""))
    assert figure_text(1_234_500, chart=line([], scale=2, unit="%")) == "12,345.00 %"


@pytest.mark.parametrize(
    "broken",
    [
        lambda: line([1], "pie"),
        lambda: line([1], "window"),
        lambda: line([1], "line", mark=0, mark_name="m"),
        lambda: line([1], "window", mark=1, mark_name="m"),
        lambda: line([1], reference=1),
        lambda: line([1], name="../up"),
        lambda: Chart("line", "c", "d", ("a",), (Series("s", (1, 2)),)),
        lambda: Chart("line", "c", "d", (), tuple(Series(f"s{at}", ()) for at in range(5))),
        lambda: Chart("line", "c", "", (), (Series("s", ()),)),
    ],
)
def test_a_chart_that_does_not_add_up_is_never_made(broken: object) -> None:
    with pytest.raises(AssertionError):
        broken()  # type: ignore[operator]  # each is a function


def test_money_borrowed_for_the_snapshot_is_a_step_at_the_mark() -> None:
    chart = next(each for each in sample_document().charts if each.kind == "window")
    drawing = draw(chart)
    [mark] = [one for one in drawing.lines if one.style == "mark"]
    assert mark.x1 == mark.x2 and any("snapshot 2026-10-15 12:00" in label.text for label in drawing.labels)
    [held] = drawing.paths[0].pieces
    highest = min(y for _, y in held)
    assert next(x for x, y in held if y == highest) == mark.x1, "the step begins at the mark"
    assert len({y for _, y in held}) > 2 and held[0][1] > highest < held[-1][1]


def test_what_is_not_known_is_told() -> None:
    assert any("1 of 744 values are not known" in note for note in chart_notes(sample_charts()[0], ENGLISH))
