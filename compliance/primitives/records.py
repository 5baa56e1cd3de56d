"""Predicates over records: every one of them is complete, and none passes a limit."""

from __future__ import annotations

from fractions import Fraction

from compliance.facts import Record, decimal_text
from compliance.primitives.view import View, described, holds, of_lines, shown
from compliance.rules import Comparator, Condition
from compliance.verdicts import Line, Outcome, Result, figure

__all__ = ["completeness", "leverage"]


def completeness(view: View) -> Outcome:
    """Every record that `where` counts satisfies each condition of `must`; or, with the role `none`, there is none.

    Role: `records`, or `none` (records or names). A record lacks data where `where` compares what is not known of it.
    Parameters: `key`, the field that names a record, default `id`; `least`, how many records there
    must be to say anything, default 0.
    """
    if view.has("none"):
        return _none(view)
    key, must = view.text("key", "id"), view.rule.must
    assert must, f"{view.rule.id}: records must satisfy something"
    lines = [
        _line(row, key, [each for each in must if not holds(each, row, view)], view) for row in view.records("records")
    ]
    for row in view.uncertain("records"):
        note = "it is not known whether it counts: " + "; ".join(described(each, view) for each in view.rule.where)
        lines.append(Line(shown(row[key]), Result.INSUFFICIENT, "—", "", note=note))
    required = "; ".join(described(each, view) for each in must)
    return _lacking(view, len(lines), required) or of_lines(lines, "records in order", required)


def _none(view: View) -> Outcome:
    """Every one that is there is a breach."""
    value, key = view.facts["none"], view.text("key", "id")
    if isinstance(value, frozenset):
        lines = [Line(name, Result.FAIL, "there is one", "none") for name in sorted(value)]
    else:
        lines = [
            Line(shown(row[key]), Result.FAIL, "; ".join(f"{name} {shown(row[name])}" for name in row), "none")
            for row in view.records("none")
        ]
    return Outcome(
        Result.FAIL if lines else Result.PASS, f"{len(lines)} found", "none", f"{len(lines)} too many" if lines else "",
        lines=tuple(lines),
    )  # fmt: skip


def _lacking(view: View, count: int, required: str) -> Outcome | None:
    """The outcome where there are fewer records than the parameter `least`: of nothing, nothing is shown."""
    least = view.fraction("least", Fraction(0))
    if count >= least:
        return None
    counted = " and ".join(described(each, view) for each in view.rule.where) or "any kind"
    name = view.rule.inputs["records"]
    missing = (f"{name}: {count} records of {counted}, at least {decimal_text(least)} needed",)
    return Outcome(Result.INSUFFICIENT, f"{count} records", required, missing=missing)


def _line(row: Record, key: str, broken: list[Condition], view: View) -> Line:
    if not broken:
        return Line(shown(row[key]), Result.PASS, "in order", "")
    found = "; ".join(f"{each.left} is {shown(row[each.left])}" for each in broken)
    return Line(shown(row[key]), Result.FAIL, found, "; ".join(described(each, view) for each in broken))


def leverage(view: View) -> Outcome:
    """For every record that `where` counts, `exposure` stands in `comparator` (default `<=`) to `limit` times `base`.

    Role: `records`; parameters `limit`, and the fields' names `exposure` and `base` (defaults: those words), `key`.
    With a parameter `limits` (rows of class, limit) the record's field `class` chooses the limit; a class without a row
    fails. With a role `limit` (a number) that fact is the limit, and the parameter `offset` (default 0) is added to it:
    for limits that the firm itself must set. With a parameter `limit_field` each record's own field of that name is its
    limit, and a record without it lacks data. `least` as in `completeness`.
    """
    key, comparator = view.text("key", "id"), view.comparator(Comparator.AT_MOST)
    exposure_name, base_name = view.text("exposure", "exposure"), view.text("base", "base")
    limits = {str(row[0]): row[1] for row in view.table("limits")} if "limits" in view.rule.parameters else None
    own = view.text("limit_field", "")
    lines, headrooms = [], []
    for row in view.records("records"):
        exposure, base = row[exposure_name], row[base_name]
        limit = row[own] if own else _limit(view) if limits is None else limits.get(shown(row["class"]))
        name = shown(row[key])
        if own and limit is None:
            lines.append(Line(name, Result.INSUFFICIENT, "—", "", note=f"{own} is not known"))
            continue
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
    limit_text = own.replace("_", " ") if own else "the limit of its class" if limits else figure(_limit(view))
    required = f"{exposure_name} {comparator} {limit_text} x {base_name}"
    return _lacking(view, len(lines), required) or of_lines(
        lines, "within the limit", required, headroom=min(headrooms, default=None)
    )


def _limit(view: View) -> Fraction:
    """The one limit of all records: a fact, where the rule's inputs name one, else the parameter."""
    if "limit" in view.rule.inputs:
        return view.number("limit") + view.fraction("offset", Fraction(0))
    return view.fraction("limit")
