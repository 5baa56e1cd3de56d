"""The statement of financial requirements: each requirement with its working, by the rule that judges it."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.facts import decimal_text
from compliance.reports.document import Block, Column, Texts, columns_of
from compliance.reports.inputs import PackInput
from compliance.reports.packs.blocks import named
from compliance.reports.packs.coverage import units
from compliance.reports.packs.period import readable, rule_of
from compliance.reports.packs.vara.values import cell, flag, names, number, records, verdict_of
from compliance.reports.packs.verdict_tables import note_of

__all__ = ["REQUIREMENTS", "net_liquid_assets", "requirement_blocks"]

REQUIREMENTS: Final = (
    "VARA-CAP-01", "VARA-CAP-02", "VARA-CAP-02b", "VARA-CAP-03", "VARA-CAP-03b", "VARA-RES-01", "VARA-RES-02",
    "VARA-RES-03", "VARA-CM-04", "VARA-CAP-04", "VARA-RPT-01",
)  # fmt: skip


def requirement_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """The table of requirements, and the workings of capital, net liquid assets and insurance."""
    return [_table(data, texts), _capital(data, texts), _net_liquid(data, texts), _insurance(data, texts)]


def _table(data: PackInput, texts: Texts) -> Block:
    columns = columns_of(
        texts,
        ("rule", "rule", 14),
        ("vara_requirement", "text", 27),
        ("text_status", "status", 11),
        ("result", "status", 13),
        ("measured", "text", 24),
        ("required", "text", 26),
        ("margin", "text", 15),
    )
    rows = []
    for rule_id in REQUIREMENTS:
        verdict = verdict_of(data, rule_id)
        if verdict is None:
            continue
        rule = rule_of(data, verdict)
        found = " · ".join(part for part in (readable(verdict.measured), note_of(verdict, texts)) if part)
        what = f"{rule.title} · {rule.citation}"
        answer = rule.status.value, verdict.result.value, found
        rows.append((rule_id, what, *answer, readable(verdict.required), readable(verdict.margin)))
    heading = texts["vara_requirements"]
    table = named("financial-requirements", heading, columns, rows)
    return Block(heading, 2, (texts["vara_requirements_note"],), table, rules=tuple(row[0] for row in rows))


def _capital(data: PackInput, texts: Texts) -> Block:
    heading, rules = texts["vara_capital_table"], ("VARA-CAP-01",)
    verdict, activities = verdict_of(data, "VARA-CAP-01"), names(data, "vara.activities")
    overheads, licensed = number(data, "vara.overheads.fixed"), flag(data, "vara.custodian_licensed")
    if verdict is None or activities is None or overheads is None or licensed is None:
        return Block(heading, 3, (texts["vara_capital_unknown"],), rules=rules)
    table = rule_of(data, verdict).parameters["table"].value
    assert isinstance(table, tuple)
    rows, total = [], Fraction(0)
    for row in table:
        assert isinstance(row, tuple)
        activity, custodian, fixed, share = row
        assert isinstance(fixed, Fraction) and isinstance(share, Fraction)
        if activity in activities and custodian in ("any", "yes" if licensed else "no"):
            by_share = share * overheads
            total += max(fixed, by_share)
            percent = f"{decimal_text(share * 100)} %"
            rows.append((str(activity), units(fixed), percent, units(by_share), units(max(fixed, by_share))))
    rows.append((texts["vara_total"], "", "", "", units(total)))
    columns = columns_of(
        texts,
        ("vara_activity", "text", 20),
        ("vara_fixed", "number", 18),
        ("vara_share", "text", 16),
        ("vara_by_share", "number", 18),
        ("vara_higher", "number", 18),
    )
    return Block(
        heading, 3, (texts["vara_capital_note"],), named("paid-up-capital", heading, columns, rows), rules=rules
    )


def net_liquid_assets(data: PackInput) -> tuple[Fraction, Fraction, Fraction] | None:
    """Net liquid assets, what is required, and the rule's factor; None where a part is not stated."""
    parts = [
        number(data, name)
        for name in (
            "vara.liquid_assets", "vara.liabilities.current", "vara.exposure.in_liabilities", "vara.expenses.monthly",
        )
    ]  # fmt: skip
    verdict = verdict_of(data, "VARA-CAP-02")
    if verdict is None or any(part is None for part in parts):
        return None
    factor = rule_of(data, verdict).parameters["factor"].value
    liquid, current, exposure, expenses = (part for part in parts if part is not None)
    assert isinstance(factor, Fraction)
    return liquid - current - exposure, factor * expenses, factor


def _net_liquid(data: PackInput, texts: Texts) -> Block:
    heading, rules, found = texts["vara_nla"], ("VARA-CAP-02", "VARA-CAP-02b"), net_liquid_assets(data)
    if found is None:
        return Block(heading, 3, (texts["vara_nla_unknown"],), rules=rules)
    net, required, factor = found
    stated = [
        ("vara_nla_liquid", "vara.liquid_assets"),
        ("vara_nla_current", "vara.liabilities.current"),
        ("vara_nla_exposure", "vara.exposure.in_liabilities"),
    ]
    rows = [(texts[word], units(number(data, name) or Fraction(0))) for word, name in stated]
    rows.append((texts["vara_nla_net"], units(net)))
    rows.append((texts["vara_nla_required"].format(factor=decimal_text(factor)), units(required)))
    rows.append((texts["vara_nla_surplus"], units(net - required)))
    columns = columns_of(texts, ("vara_nla_line", "text", 44), ("vara_amount", "number", 22))
    return Block(heading, 3, (), named("net-liquid-assets", heading, columns, rows), rules=rules)


def _insurance(data: PackInput, texts: Texts) -> Block:
    heading, rules, policies = texts["vara_insurance"], ("VARA-CAP-03", "VARA-CAP-03b"), records(data, "vara.insurance")
    if policies is None:
        return Block(heading, 3, (texts["vara_insurance_unknown"],), rules=rules)
    columns = (
        Column(texts["vara_policy"], "text", 30),
        Column(texts["vara_policy_number"], "text", 16),
        Column(texts["vara_until"], "text", 14),
        Column(texts["vara_cover"], "number", 18),
    )
    rows = [tuple(cell(row[name], texts) for name in ("name", "reference", "until", "cover")) for row in policies]
    return Block(heading, 3, (), named("insurance", heading, columns, rows), rules=rules)
