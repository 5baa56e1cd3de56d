"""Capital, line by line: the classes of MiCA annex IV, and the K-factors of an investment firm."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from compliance.reports.document import Block, Texts, columns_of
from compliance.reports.inputs import PackInput
from compliance.reports.packs.coverage import units
from compliance.reports.packs.eu.common import (
    amounts_of,
    names_of,
    number_of,
    percent,
    rule_in_force,
    table_block,
)
from compliance.reports.packs.eu.texts import SERVICE_NAMES
from compliance.rules import Rule

__all__ = ["capital_blocks"]


def capital_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """MiCA annex IV, and IFR."""
    return [_annex_iv(data, texts), _k_factors(data, texts)]


def _table(rule: Rule, name: str) -> list[tuple[str, Fraction]]:
    """A parameter that is rows of a word and a number."""
    value = rule.parameters[name].value
    assert isinstance(value, tuple), f"{rule.id}: {name} is rows"
    found = []
    for row in value:
        assert isinstance(row, tuple) and isinstance(row[1], Fraction), f"{rule.id}: {name} is words and numbers"
        found.append((str(row[0]), row[1]))
    return found


def _share(rule: Rule) -> Fraction:
    value = rule.parameters["share"].value
    assert isinstance(value, Fraction), f"{rule.id}: the share is a number"
    return value


def _annex_iv(data: PackInput, texts: Texts) -> Block:
    rule, services = rule_in_force(data, "EU-CAP-01"), names_of(data, "eu.services")
    overheads, held = number_of(data, "eu.fixed_overheads"), number_of(data, "eu.safeguards")
    rows = None
    if rule is not None and services is not None and overheads is not None and held is not None:
        minima = _table(rule, "classes")
        unknown = sorted(services - {name for name, _ in minima})
        rows = [
            (SERVICE_NAMES.get(name, name), units(minimum), "yes" if name in services else "no", "")
            for name, minimum in minima
        ]
        rows += [(name, "—", "yes; not of annex IV, so that the highest class counts", "") for name in unknown]
        counted = [minimum for name, minimum in minima if name in services or unknown or not services]
        part = _share(rule) * overheads
        required = max(*counted, part)
        rows += [
            ("minimum of the highest class", units(max(counted)), "", ""),
            (f"{percent(_share(rule))} % of fixed overheads of {units(overheads)}", units(part), "", ""),
            ("required", units(required), "", ""),
            (
                "held",
                units(held),
                f"{units(held - required)} over what is required",
                "pass" if held >= required else "fail",
            ),
        ]
    columns = columns_of(
        texts,
        ("c_service", "text", 46),
        ("c_minimum", "number", 20),
        ("c_provided", "text", 30),
        ("result", "status", 12),
    )
    last = frozenset() if rows is None else frozenset(range(len(rows) - 4, len(rows)))
    return table_block(
        texts["eu_capital"], 2, ("EU-CAP-01", "EU-CAP-01.2"), columns, rows, texts,
        name="capital-annex-iv", facts=("eu.services", "eu.fixed_overheads", "eu.safeguards"),
        intro=texts["eu_capital_intro"], emphasis=last,
    )  # fmt: skip


def _k_factors(data: PackInput, texts: Texts) -> Block:
    rule, averages = rule_in_force(data, "EU-IFR-01"), amounts_of(data, "eu.ifr.averages")
    other, overheads = number_of(data, "eu.ifr.other_factors"), number_of(data, "eu.fixed_overheads")
    held, kind = number_of(data, "eu.own_funds"), data.facts.find("eu.ifr.class")
    rows, bold = None, frozenset[int]()
    if rule and averages is not None and other is not None and overheads is not None and held is not None and kind:
        rows, bold = _factor_rows(rule, averages, other, overheads, held, str(kind.value))
    columns = columns_of(
        texts,
        ("c_line", "text", 40),
        ("c_average", "number", 22),
        ("c_coefficient", "number", 14),
        ("c_requirement", "number", 20),
        ("result", "status", 12),
    )
    return table_block(
        texts["eu_ifr"], 3, ("EU-IFR-01",), columns, rows, texts, name="capital-k-factors",
        facts=("eu.ifr.class", "eu.ifr.averages", "eu.ifr.other_factors", "eu.fixed_overheads", "eu.own_funds"),
        intro=texts["eu_ifr_intro"], emphasis=bold,
    )  # fmt: skip


def _factor_rows(
    rule: Rule, averages: Mapping[str, Fraction], other: Fraction, overheads: Fraction, held: Fraction, kind: str
) -> tuple[list[tuple[str, ...]], frozenset[int]]:
    """The K-factors, their sum, and what else counts; the places of the three that are compared."""
    coefficients, minima = dict(_table(rule, "factors")), dict(_table(rule, "classes"))
    highest = max(coefficients.values())
    rows: list[tuple[str, ...]] = []
    total = other
    for name, average in sorted(averages.items()):
        coefficient = coefficients.get(name, highest)
        note = "" if name in coefficients else " (not of the table: the highest coefficient counts)"
        total += coefficient * average
        rows.append((f"K-{name}{note}", units(average), percent(coefficient), units(coefficient * average), ""))
    rows.append(("K-NPR, K-CMG, K-TCD and K-CON, as stated", "—", "—", units(other), ""))
    minimum, part = minima.get(kind, max(minima.values())), _share(rule) * overheads
    required = max(minimum, part, total)
    first = len(rows)
    rows += [
        ("sum of the K-factors", "", "", units(total), ""),
        (f"permanent minimum capital: {kind}", "", "", units(minimum), ""),
        (f"{percent(_share(rule))} % of fixed overheads of {units(overheads)}", "", "", units(part), ""),
        ("required: the highest of the three", "", "", units(required), ""),
        ("own funds held", "", "", units(held), "pass" if held >= required else "fail"),
    ]
    return rows, frozenset(range(first, first + 3))
