"""Predicates over records: every one of them is complete, and none passes a limit."""

from __future__ import annotations

from fractions import Fraction

from compliance.facts import Record
from compliance.primitives.view import View, holds, of_lines, shown
from compliance.rules import Comparator, Condition
from compliance.verdicts import Line, Outcome, Result, figure

__all__ = ["completeness", "leverage"]


def completeness(view: View) -> Outcome:
    """Every record that `where` counts satisfies each condition of `must`.

    Role: `records`. Parameter `key`: the field that names a record, default `id`.
    """
    key, must = view.text("key", "id"), view.rule.must
    assert must, f"{view.rule.id}: records must satisfy something"
    lines = [_line(row, key, [each for each in must if not holds(each, row, view)]) for row in view.records("records")]
    return of_lines(lines, "records in order", "; ".join(str(each) for each in must))


def _line(row: Record, key: str, broken: list[Condition]) -> Line:
    if not broken:
        return Line(shown(row[key]), Result.PASS, "in order", "")
    found = "; ".join(f"{each.left} is {shown(row[each.left])}" for each in broken)
    return Line(shown(row[key]), Result.FAIL, found, "; ".join(str(each) for each in broken))


def leverage(view: View) -> Outcome:
    """For every record that `where` counts, `exposure` stands in `comparator` (default `<=`) to `limit` times `base`.

    Role: `records`; parameters `limit`, and the fields' names `exposure` and `base` (defaults: those words), `key`.
    With a parameter `limits` (rows of class, limit) the record's field `class` chooses the limit; a class without a row
    fails.
    """
    key, comparator = view.text("key", "id"), view.comparator(Comparator.AT_MOST)
    exposure_name, base_name = view.text("exposure", "exposure"), view.text("base", "base")
    limits = {str(row[0]): row[1] for row in view.table("limits")} if "limits" in view.rule.parameters else None
    lines, headrooms = [], []
    for row in view.records("records"):
        exposure, base = row[exposure_name], row[base_name]
        limit = view.fraction("limit") if limits is None else limits.get(shown(row["class"]))
        name = shown(row[key])
        if exposure is None or base is None:
            lines.append(Line(name, Result.INSUFFICIENT, "—", "", note=f"{exposure_name} or {base_name} is not known"))
            continue
        assert isinstance(exposure, Fraction) and isinstance(base, Fraction), f"{view.rule.id}: figures are numbers"
        if limit is None:
            lines.append(Line(name, Result.FAIL, figure(exposure), f"no limit is set for {shown(row['class'])}"))
            continue
        assert isinstance(limit, Fraction), f"{view.rule.id}: a limit is a number"
        allowed = limit * base
        result = Result.PASS if comparator.holds(exposure, allowed) else Result.FAIL
        room = allowed - exposure if comparator in (Comparator.AT_MOST, Comparator.LESS) else exposure - allowed
        if result is Result.PASS and allowed > 0:
            headrooms.append(room / allowed)
        words = f"{comparator} {figure(limit)} x {figure(base)}"
        lines.append(Line(name, result, figure(exposure), words, figure(room)))
    limit_text = "the limit of its class" if limits is not None else figure(view.fraction("limit"))
    required = f"{exposure_name} {comparator} {limit_text} x {base_name}"
    return of_lines(lines, "within the limit", required, headroom=min(headrooms, default=None))
