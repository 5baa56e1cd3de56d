"""Formulas of US states: obligations in one currency, permissible investments, net worth, surety bond. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from compliance.facts import decimal_text
from compliance.required import Inputs, Lacking, Parameters, Required, number

__all__ = ["OVER", "bond", "in_unit", "obligations", "permissible", "permissible_counts", "tangible_net_worth"]

OVER: Final = "over the combined share"
"""What `permissible_counts` calls the part that is taken off again."""


def bond(parameters: Parameters, inputs: Inputs) -> Required:
    """A surety bond: `share` of the fact `adtl`, from `minimum` to `maximum`; only `minimum` where net worth is more
    than `relief` of the fact `assets`.

    `adtl` is a number, or amounts by currency with `rates?` as in `in_unit`. Net worth is the fact `net_worth`, or else
    `assets` less `liabilities` and `intangibles`.
    """
    minimum, maximum = number(parameters, "minimum"), number(parameters, "maximum")
    worth = number(inputs, "net_worth") if "net_worth" in inputs else tangible_net_worth(parameters, inputs).amount
    if worth > number(parameters, "relief") * number(inputs, "assets"):
        return Required(minimum, "tangible net worth over the share of assets that relieves")
    adtl = inputs["adtl"]
    base = adtl if isinstance(adtl, Fraction) else in_unit(parameters, inputs, "adtl")
    part = number(parameters, "share") * base
    return Required(
        min(max(part, minimum), maximum),
        f"{decimal_text(part)} within {decimal_text(minimum)} to {decimal_text(maximum)}",
    )


def in_unit(parameters: Parameters, inputs: Inputs, role: str) -> Fraction:
    """Amounts by currency as one amount in the currency of the parameter `unit`.

    `rates?`: what a unit of each other currency is worth in it. Raises Lacking for a currency that has none.
    """
    amounts, rates, unit = inputs[role], inputs.get("rates?", {}), str(parameters["unit"])
    assert isinstance(amounts, Mapping) and isinstance(rates, Mapping), f"{role} and its rates are amounts"
    unknown = sorted(name for name, amount in amounts.items() if amount and name != unit and name not in rates)
    if unknown:
        raise Lacking(*(f"a rate of {name} in {unit}" for name in unknown))
    return sum((amount * (1 if name == unit else rates.get(name, 0)) for name, amount in amounts.items()), Fraction(0))


def obligations(parameters: Parameters, inputs: Inputs) -> Required:
    """All of the fact `owed` (amounts by currency) in the currency of `unit`, with `rates?` as in `in_unit`."""
    total = in_unit(parameters, inputs, "owed")
    return Required(total, decimal_text(total))


def tangible_net_worth(parameters: Parameters, inputs: Inputs) -> Required:
    """The facts `assets` less `liabilities` less `intangibles`.

    With the fact `matched` (records: asset, value, owed) virtual currency among the intangibles is not taken off as far
    as a debt in the same asset matches it.
    """
    assets, liabilities = number(inputs, "assets"), number(inputs, "liabilities")
    intangibles, kept = number(inputs, "intangibles"), Fraction(0)
    rows = inputs.get("matched", ())
    assert isinstance(rows, tuple), "what is matched is records"
    for row in rows:
        value, owed = row["value"], row["owed"]
        assert isinstance(value, Fraction) and isinstance(owed, Fraction), "values are numbers"
        kept += max(Fraction(0), min(value, owed))
    taken = intangibles - min(kept, intangibles)
    working = f"{decimal_text(assets)} - {decimal_text(taken)} - {decimal_text(liabilities)}"
    return Required(assets - taken - liabilities, working)


def permissible_counts(parameters: Parameters, inputs: Inputs) -> dict[str, Fraction]:
    """What counts of the fact `investments` (records: id, kind, value, pledged, obligor?), by kind, in one currency.

    Kinds of the parameter `uncapped` count whole. With `capped` (rows of kind, share of all, share of one obligor) a
    kind counts no further than its share of the whole, and an obligor in it no further than his; those that `combined`
    names count together no further than `combined_share`. The whole is what is held, unpledged, of all these kinds.
    Without a share (`none`) there is no such limit. A kind that no list has counts nothing.
    """
    rows, uncapped, capped = inputs["investments"], parameters["uncapped"], parameters["capped"]
    assert isinstance(rows, tuple) and isinstance(uncapped, tuple) and isinstance(capped, tuple)
    limits = {str(row[0]): row for row in capped if isinstance(row, tuple)}
    held: dict[str, dict[str, Fraction]] = {}
    for row in rows:
        name, value, pledged = str(row["kind"]), row["value"], row["pledged"]
        assert isinstance(value, Fraction) and isinstance(pledged, Fraction), "values are numbers"
        if name in uncapped or name in limits:
            obligors = held.setdefault(name, {})
            obligor = str(row["obligor"] or row["id"])
            obligors[obligor] = obligors.get(obligor, Fraction(0)) + value - pledged
    whole = sum((sum(obligors.values()) for obligors in held.values()), Fraction(0))
    counted: dict[str, Fraction] = {}
    for name, obligors in held.items():
        if name in uncapped:
            counted[name] = sum(obligors.values(), Fraction(0))
            continue
        _, share, single = limits[name]
        parts = [each if single == "none" else min(each, _share(single) * whole) for each in obligors.values()]
        total = sum(parts, Fraction(0))
        counted[name] = total if share == "none" else min(total, _share(share) * whole)
    together = [name for name in counted if name in parameters.get("combined", ())]  # type: ignore[operator]  # texts
    if together:
        over = sum((counted[name] for name in together), Fraction(0)) - number(parameters, "combined_share") * whole
        if over > 0:
            counted[OVER] = -over
    return counted


def permissible(parameters: Parameters, inputs: Inputs) -> Required:
    """The sum of `permissible_counts`."""
    counted = permissible_counts(parameters, inputs)
    words = [f"{name} {decimal_text(amount)}" for name, amount in sorted(counted.items()) if amount]
    return Required(sum(counted.values(), Fraction(0)), "; ".join(words) or "nothing that counts")


def _share(value: Fraction | str) -> Fraction:
    assert isinstance(value, Fraction), "a share is a number"
    return value
