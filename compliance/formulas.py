"""Formulas for floors: what a rule requires, from its parameters and the facts it names. Exact, and pure.

A formula is found by the name in a rule's parameter `formula`. It is given the rule's parameters by name and the facts
by role, and gives the required figure with the sum that led to it, in words for the report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from compliance.facts import decimal_text
from compliance.required import Inputs, Lacking, Parameters, Required, number
from compliance.state_formulas import bond, obligations, permissible, tangible_net_worth

__all__ = ["FORMULAS", "Lacking", "Required"]


def constant(parameters: Parameters, inputs: Inputs) -> Required:
    """`floor`."""
    floor = number(parameters, "floor")
    return Required(floor, decimal_text(floor))


def multiple(parameters: Parameters, inputs: Inputs) -> Required:
    """`factor` times the fact `base`."""
    factor, base = number(parameters, "factor"), number(inputs, "base")
    return Required(factor * base, f"{decimal_text(factor)} x {decimal_text(base)}")


def liabilities_and_multiple(parameters: Parameters, inputs: Inputs) -> Required:
    """The facts `liabilities` and `exposure`, and `factor` times the fact `base` on top of them."""
    liabilities, exposure = number(inputs, "liabilities"), number(inputs, "exposure")
    surplus = multiple(parameters, inputs)
    working = f"{decimal_text(liabilities)} + {decimal_text(exposure)} + {surplus.working}"
    return Required(liabilities + exposure + surplus.amount, working)


def parts(parameters: Parameters, inputs: Inputs) -> Required:
    """The sum of the facts whose roles begin with `part`."""
    found = [number(inputs, role) for role in sorted(inputs) if role.startswith("part")]
    return Required(sum(found, Fraction(0)), " + ".join(decimal_text(each) for each in found))


def fixed_or_share(parameters: Parameters, inputs: Inputs) -> Required:
    """For each activity the higher of a fixed amount and a share of yearly overheads, added up.

    `table`: rows of activity, custodian (`yes`: the custodian is licensed, `no`, `any`), fixed amount, share. Facts:
    `activities` (names), `overheads` (number), `custodian` (flag). An activity without a row requires nothing here.
    """
    table, activities = parameters["table"], inputs["activities"]
    overheads, custodian = number(inputs, "overheads"), inputs["custodian"]
    assert isinstance(table, tuple) and isinstance(activities, frozenset) and isinstance(custodian, bool)
    total, working = Fraction(0), []
    for row in table:
        assert isinstance(row, tuple)
        activity, kind, fixed, share = row
        assert isinstance(fixed, Fraction) and isinstance(share, Fraction)
        if activity in activities and kind in ("any", "yes" if custodian else "no"):
            term = max(fixed, share * overheads)
            total += term
            working.append(f"{activity} max({decimal_text(fixed)}; {decimal_text(share * overheads)})")
    return Required(total, " + ".join(working) or "no activity of the table")


def class_or_share(parameters: Parameters, inputs: Inputs) -> Required:
    """The higher of the minimum of the entity's class (`classes`: rows of name, amount) and `share` of `overheads`.

    The class is the fact `class`; where it has several, the highest counts, and so it does for one that the table does
    not know: too little is never required because of a word.
    """
    minimum, note = _minimum(parameters, inputs)
    part = number(parameters, "share") * number(inputs, "overheads")
    return Required(max(minimum, part), f"max({decimal_text(minimum)}; {decimal_text(part)}){note}")


def _minimum(parameters: Parameters, inputs: Inputs) -> tuple[Fraction, str]:
    """The minimum of the highest class, and a note where a class is not of the table."""
    classes, held = parameters["classes"], inputs["class"]
    assert isinstance(classes, tuple)
    names = held if isinstance(held, frozenset) else frozenset({str(held)})
    minima = {str(row[0]): row[1] for row in classes if isinstance(row, tuple)}
    unknown = sorted(names - set(minima))
    counted = minima.values() if unknown or not names else [minima[name] for name in names]
    note = f"; {', '.join(unknown) or 'no class'}: not of the table, so its highest counts"
    return max(each for each in counted if isinstance(each, Fraction)), note if unknown or not names else ""


def k_factors(parameters: Parameters, inputs: Inputs) -> Required:
    """The highest of a class's minimum (as `class-or-share`), `share` of `overheads`, and the sum of K-factors.

    `factors`: rows of a K-factor and its coefficient. Facts: `averages` (amounts by K-factor; one that is not there is
    nothing), `other` (a number: K-factors that are stated and not computed).
    """
    minimum, note = _minimum(parameters, inputs)
    part = number(parameters, "share") * number(inputs, "overheads")
    table, averages = parameters["factors"], inputs["averages"]
    assert isinstance(table, tuple) and isinstance(averages, Mapping)
    coefficients = {str(row[0]): row[1] for row in table if isinstance(row, tuple)}
    highest = max(each for each in coefficients.values() if isinstance(each, Fraction))
    total, words = number(inputs, "other"), []
    for name, average in sorted(averages.items()):
        # A name that the table does not know counts with the highest coefficient, so that no figure is left out.
        coefficient = coefficients.get(name, highest)
        assert isinstance(coefficient, Fraction)
        total += coefficient * average
        words.append(f"{name} {decimal_text(coefficient * average)}")
    listed = " + ".join([*words, f"others {decimal_text(number(inputs, 'other'))}"])
    required = max(minimum, part, total)
    working = f"max({decimal_text(minimum)}; {decimal_text(part)}; {decimal_text(total)} = {listed})"
    return Required(required, working + note)


def tiers(parameters: Parameters, inputs: Inputs) -> Required:
    """Of the fact `base` by tiers: rows of the tier's upper end (or `none`), amount at its lower end, rate above it.

    At least `minimum`. The lower end of the first tier is 0, and of each other one the upper end of the one before.
    """
    table, base, minimum = parameters["tiers"], number(inputs, "base"), number(parameters, "minimum")
    assert isinstance(table, tuple)
    lower = Fraction(0)
    for row in table:
        assert isinstance(row, tuple)
        upper, at_lower, rate = row
        assert isinstance(at_lower, Fraction) and isinstance(rate, Fraction)
        if upper == "none" or (isinstance(upper, Fraction) and base <= upper):
            required = max(minimum, at_lower + rate * (base - lower))
            excess = f"{decimal_text(rate)} x {decimal_text(base - lower)}"
            return Required(required, f"max({decimal_text(minimum)}; {decimal_text(at_lower)} + {excess})")
        assert isinstance(upper, Fraction)
        lower = upper
    raise AssertionError("the last tier has no upper end")


FORMULAS: Final[Mapping[str, Callable[[Parameters, Inputs], Required]]] = {
    "bond": bond,
    "class-or-share": class_or_share,
    "constant": constant,
    "fixed-or-share": fixed_or_share,
    "k-factors": k_factors,
    "liabilities-and-multiple": liabilities_and_multiple,
    "multiple": multiple,
    "obligations": obligations,
    "parts": parts,
    "permissible": permissible,
    "tangible-net-worth": tangible_net_worth,
    "tiers": tiers,
}
"""By the name that a rule's parameter `formula`, or `measure`, gives."""
