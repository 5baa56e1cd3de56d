"""Predicates over quantities: coverage per asset, guarantee, share of a whole, floor."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from compliance.facts import Value, decimal_text
from compliance.formulas import FORMULAS, Lacking
from compliance.primitives.view import View, of_lines
from compliance.rules import Comparator
from compliance.verdicts import Line, Outcome, Result, figure

__all__ = ["coverage", "floor", "guarantee", "share"]


def coverage(view: View) -> Outcome:
    """Each asset or currency that is owed is held at least `ratio` (parameter, default 1) times, in its own units.

    Roles: `held` and `owed` (amounts), `encumbrances?` (records: asset, units, consent?, licence?, in_wallets),
    `unread?` (names of assets of which a reserve could not be read). A surplus in one never covers another. What is
    pledged without references of consent and licence counts as not held; what is lent out with both counts as held.
    """
    held, owed, ratio = dict(view.amounts("held")), view.amounts("owed"), view.fraction("ratio", Fraction(1))
    notes = _encumber(view, held) if view.has("encumbrances?") else {}
    unread = view.names("unread?") if view.has("unread?") else frozenset[str]()
    lines, headrooms = [], []
    for asset, claims in sorted(owed.items()):
        if claims == 0:
            continue
        if claims < 0:
            words = "less than nothing is stated to be owed"
            lines.append(Line(asset, Result.INSUFFICIENT, "—", figure(claims, asset), note=words))
            continue
        have, need = held.get(asset, Fraction(0)), ratio * claims
        note = notes.get(asset, "")
        if have >= need:
            result = Result.PASS
            headrooms.append((have - need) / need)
        elif asset in unread:
            result, note = Result.INSUFFICIENT, "a reserve of this asset could not be read"
        else:
            result = Result.FAIL
        lines.append(Line(asset, result, figure(have, asset), figure(need, asset), figure(have - need, asset), note))
    required = f"at least {decimal_text(ratio)} unit held for each unit owed, in each asset by itself"
    worst = min(headrooms, default=None)
    return of_lines(lines, "assets covered", required, headroom=worst)


def _encumber(view: View, held: dict[str, Fraction]) -> dict[str, str]:
    """Take off what is pledged without references, add what is lent out with them; a note for each asset."""
    notes = {}
    for row in view.records("encumbrances?"):
        asset, units, in_wallets = row["asset"], row["units"], row["in_wallets"]
        assert isinstance(asset, str) and isinstance(units, Fraction)
        referenced = bool(row["consent"]) and bool(row["licence"])
        # Less than nothing is not encumbered; it would add to what is held.
        units = max(units, Fraction(0))
        if in_wallets and not referenced:
            held[asset] = held.get(asset, Fraction(0)) - units
            notes[asset] = "units pledged without consent and licence references count as not held"
        elif not in_wallets and referenced:
            held[asset] = held.get(asset, Fraction(0)) + units
            notes[asset] = "units lent out with consent and licence references count as held"
        elif not in_wallets:
            notes[asset] = "units lent out without consent and licence references are a shortfall"
    return notes


def guarantee(view: View) -> Outcome:
    """As coverage, and nothing that stands for it is mixed with anything else.

    Roles: `held`, `owed`, and `mixed` (records: address, reason), which must be empty.
    """
    outcome, mixed = coverage(view), view.records("mixed")
    if not mixed:
        return outcome
    lines = [Line(str(row["address"]), Result.FAIL, str(row["reason"]), "apart from everything else") for row in mixed]
    margin = f"{len(mixed)} addresses are not apart"
    return Outcome(Result.FAIL, outcome.measured, outcome.required, margin, outcome.note, (*lines, *outcome.lines))


def share(view: View) -> Outcome:
    """`part` stands in the relation `comparator` (default `<=`) to `limit` of `whole`; of nothing, nothing is a part.

    Roles: `part`, `whole` (numbers, or amounts of which the parameter `currency` names the one that counts: without it
    the rule lacks data). Parameters: `limit`, `comparator`; the limit's unit is that of the two.
    """
    part, whole, limit = _one(view, "part"), _one(view, "whole"), view.fraction("limit")
    if part is None or whole is None:
        currency = view.text("currency", "")
        missing = tuple(f"{view.rule.inputs[role]}: no value in {currency}" for role in ("part", "whole"))
        lacking = tuple(text for text, value in zip(missing, (part, whole), strict=True) if value is None)
        return Outcome(Result.INSUFFICIENT, "", "", missing=lacking)
    comparator, unit = view.comparator(Comparator.AT_MOST), view.unit("limit")
    allowed = limit * whole
    below = [view.rule.inputs[role] for role, value in (("part", part), ("whole", whole)) if value < 0]
    if below:
        missing = tuple(f"{name}: less than nothing is stated" for name in below)
        return Outcome(Result.INSUFFICIENT, figure(part, unit), f"{comparator} {_percent(limit)}", missing=missing)
    result = Result.PASS if comparator.holds(part, allowed) else Result.FAIL
    is_cap = comparator in (Comparator.AT_MOST, Comparator.LESS)
    room = allowed - part if is_cap else part - allowed
    measured = figure(part, unit) + (f" ({_percent(part / whole)})" if whole else "")
    required = f"{comparator} {_percent(limit)} of {figure(whole, unit)}, {figure(allowed, unit)}"
    headroom = room / allowed if result is Result.PASS and allowed else None
    return Outcome(result, measured, required, figure(room, unit), headroom=headroom)


def _one(view: View, role: str) -> Fraction | None:
    """A number, or of amounts the one in the parameter `currency`; None where there is none."""
    value = view.facts[role]
    return view.number(role) if isinstance(value, Fraction) else view.amounts(role).get(view.text("currency", ""))


def floor(view: View) -> Outcome:
    """`measured` is at least what the `formula` (parameter; default `constant`) requires.

    Roles: `measured` (number) and those that the formula reads; with the parameter `measure` the figure is that of
    another formula, and not of a role. Parameter `comparator`, default `>=`; with `<=` or `<` the floor is a cap.
    What a formula lacks is *insufficient data*.
    """
    name, measure = view.text("formula", "constant"), view.text("measure", "")
    below = [view.rule.inputs[role] for role, value in view.facts.items() if role not in _SIGNED and _is_below(value)]
    if below:
        missing = tuple(f"{each}: less than nothing is stated, which would lower what is required" for each in below)
        return Outcome(Result.INSUFFICIENT, "", "", missing=missing)
    parameters = {each: parameter.value for each, parameter in view.rule.parameters.items()}
    try:
        required, working = FORMULAS[name](parameters, view.facts)
        measured, how = FORMULAS[measure](parameters, view.facts) if measure else (view.number("measured"), "")
    except Lacking as lacking:
        return Outcome(Result.INSUFFICIENT, "", "", missing=lacking.what)
    comparator, unit = view.comparator(Comparator.AT_LEAST), view.text("unit", "")
    result = Result.PASS if comparator.holds(measured, required) else Result.FAIL
    is_cap = comparator in (Comparator.AT_MOST, Comparator.LESS)
    room = required - measured if is_cap else measured - required
    headroom = room / required if result is Result.PASS and required > 0 else None
    shown = figure(required, unit)
    words = f"{comparator} {shown}" + ("" if working == decimal_text(required) else f" = {working}")
    note = f"measured: {how}" if how else ""
    return Outcome(result, figure(measured, unit), words, figure(room, unit), note, headroom=headroom)


_SIGNED: Final = frozenset({"measured", "net_worth"})
"""Roles of a floor that may be below zero; what the others state is at least nothing."""


def _is_below(value: Value) -> bool:
    amounts = value.values() if isinstance(value, Mapping) else [value]
    return any(isinstance(each, Fraction) and each < 0 for each in amounts)


def _percent(number: Fraction) -> str:
    """A share in per cent with four decimals, cut off; exact where it has fewer."""
    scaled = number * 10**6
    exact = decimal_text(number * 100)
    return f"{exact} %" if len(exact) <= 8 and "/" not in exact else f"{decimal_text(Fraction(int(scaled), 10**4))} %"
