"""Permissible investments by kind, tangible net worth, average daily liability and bond by state."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from compliance.facts import Record
from compliance.reports.chart import SERIES_MAX, Chart, Series
from compliance.reports.document import Block, Texts
from compliance.reports.inputs import PackInput
from compliance.reports.packs.period import readable
from compliance.reports.packs.us_mtl.common import (
    column,
    money,
    names_of,
    number_of,
    percent,
    records_of,
    rule_in_force,
    states,
    table_block,
    verdict_of,
)
from compliance.reports.packs.us_mtl.figures import dollars
from compliance.required import Inputs, Parameters
from compliance.rules import Rule
from compliance.state_formulas import OVER, permissible_counts, tangible_net_worth
from compliance.verdicts import Verdict

__all__ = ["bond_block", "daily_block", "permissible_block", "worth_block"]

_WORTH: Final = {
    "assets": "us.finance.assets", "liabilities": "us.finance.liabilities", "intangibles": "us.finance.intangibles",
}  # fmt: skip


def _parameters(rule: Rule) -> Parameters:
    return {name: each.value for name, each in rule.parameters.items()}


def permissible_block(data: PackInput, texts: Texts) -> Block:
    """Each kind: value, pledged, cap, what counts before and after caps; and the sums against what is owed."""
    heading, rules = texts["us_permissible"], ("US-PI-01", "US-PI-02", "US-PI-03", "US-PI-04")
    rows, investments = None, records_of(data, "us.permissible")
    plain, capped = rule_in_force(data, "US-PI-01"), rule_in_force(data, "US-PI-04")
    if investments is not None and plain is not None and capped is not None:
        before = permissible_counts(_parameters(plain), {"investments": investments})
        after = permissible_counts(_parameters(capped), {"investments": investments})
        caps = _caps(capped)
        rows = [_kind_row(kind, investments, before, after, caps) for kind in _kinds(investments)]
        if OVER in after:
            rows.append((OVER, "", "", _combined(capped), "", money(after[OVER])))
        owed = dollars(data, "client_money.owed")
        sums = sum(before.values(), Fraction(0)), sum(after.values(), Fraction(0))
        rows.append(("counted", "", "", "", *(money(each) for each in sums)))
        rows.append(("owed, in every state together", "", "", "", money(owed), money(owed)))
        over = [money(None if owed is None else each - owed) for each in sums]
        rows.append(("over what is owed", "", "", "", *over))
    columns = (
        column("Kind", weight=26), column("Market value (USD)", "number"), column("Pledged (USD)", "number", 12),
        column("Cap", weight=18), column("Counts (USD)", "number"), column("Counts after caps (USD)", "number"),
    )  # fmt: skip
    return table_block(
        heading, 2, rules, columns, rows, texts, name="permissible-investments",
        facts=("us.permissible", "client_money.owed"), intro=texts["us_permissible_intro"],
    )  # fmt: skip


def _kinds(investments: tuple[Record, ...]) -> list[str]:
    return list(dict.fromkeys(str(row["kind"]) for row in investments))


def _sum(investments: tuple[Record, ...], kind: str, field: str) -> Fraction:
    found = [row[field] for row in investments if row["kind"] == kind]
    return sum((each for each in found if isinstance(each, Fraction)), Fraction(0))


def _caps(rule: Rule) -> dict[str, str]:
    table = rule.parameters["capped"].value
    assert isinstance(table, tuple)
    found = {}
    for row in table:
        assert isinstance(row, tuple) and isinstance(row[1], Fraction)
        single = f", {percent(row[2])} for one" if isinstance(row[2], Fraction) else ""
        found[str(row[0])] = percent(row[1]) + single
    return found


def _combined(rule: Rule) -> str:
    share = rule.parameters["combined_share"].value
    assert isinstance(share, Fraction)
    return f"{percent(share)} together"


def _kind_row(
    kind: str, investments: tuple[Record, ...], before: Mapping[str, Fraction], after: Mapping[str, Fraction],
    caps: Mapping[str, str],
) -> tuple[str, ...]:  # fmt: skip
    value, pledged = _sum(investments, kind, "value"), _sum(investments, kind, "pledged")
    cap = caps.get(kind, "none" if kind in before else "of no permitted kind")
    counted = before.get(kind, Fraction(0)), after.get(kind, Fraction(0))
    return (kind, money(value), money(pledged), cap, *(money(each) for each in counted))


def worth_block(data: PackInput, texts: Texts) -> Block:
    """Tangible net worth in its two readings, line by line, against the tiers."""
    values = {role: number_of(data, name) for role, name in _WORTH.items()}
    matched = records_of(data, "us.intangibles.virtual")
    verdicts = [verdict_of(data, rule) for rule in ("US-TNW-01", "US-TNW-02")]
    rows = None
    if all(each is not None for each in values.values()):
        inputs: Inputs = {role: each for role, each in values.items() if each is not None}
        whole = tangible_net_worth({}, inputs).amount
        kept = None if matched is None else tangible_net_worth({}, {**inputs, "matched": matched}).amount
        left = None if kept is None else kept - whole
        rows = [
            ("total assets", money(values["assets"]), money(values["assets"])),
            ("less liabilities", money(values["liabilities"]), money(values["liabilities"])),
            ("less intangibles", money(values["intangibles"]), money(values["intangibles"])),
            ("virtual currency matched by a debt, left in", money(Fraction(0)), money(left)),
            ("tangible net worth", money(whole), money(kept)),
            ("required", *(_required(each) for each in verdicts)),
            ("over what is required", *((readable(each.margin) or "—") if each else "—" for each in verdicts)),
        ]
    columns = (
        column("Line", weight=34), column("By the act (US-TNW-01)", "number", 24),
        column("By guidance (US-TNW-02)", "number", 24),
    )  # fmt: skip
    return table_block(
        texts["us_worth"], 2, ("US-TNW-01", "US-TNW-02"), columns, rows, texts, name="tangible-net-worth",
        facts=tuple(_WORTH.values()), intro=texts["us_worth_intro"],
    )  # fmt: skip


def _required(verdict: Verdict | None) -> str:
    return "—" if verdict is None or not verdict.required else readable(verdict.required)


def bond_block(data: PackInput, texts: Texts) -> Block:
    """Each licensed state: ADTL, bond required and held, ST362, days that are missing."""
    rows = []
    for state in states(data):
        bond, adtl = number_of(data, "us.bond", state), dollars(data, "us.adtl", state)
        verdict = verdict_of(data, "US-BOND-01", state)
        missing = names_of(data, "us.adtl.missing", state)
        difference = None if bond is None or adtl is None else bond - adtl
        figures = (money(adtl), money(dollars(data, "us.adtl.bond", state)), _required(verdict), money(bond))
        answer = verdict.result.value if verdict else ""
        rows.append((state, *figures, money(difference), _days(missing), answer))
    columns = (
        column("State", weight=8), column("ADTL of the quarter, ST361 (USD)", "number"),
        column("ADTL of three months (USD)", "number"), column("Bond required", weight=22),
        column("Bond held, ST360 (USD)", "number", 14), column("ST360 less ST361, ST362 (USD)", "number", 14),
        column("Days missing", weight=14), column("Bond", "status", 12),
    )  # fmt: skip
    known = names_of(data, "licences.us.states") is not None
    return table_block(
        texts["us_bond"], 2, ("US-BOND-01", "US-ADTL-01"), columns, rows if known else None, texts,
        name="bond-by-state", facts=("licences.us.states", "us.adtl", "us.bond"), intro=texts["us_bond_intro"],
    )  # fmt: skip


def _days(missing: frozenset[str] | None) -> str:
    """The first days that are missing."""
    if missing is None:
        return "—"
    return ", ".join(sorted(missing)[:4]) + (" …" if len(missing) > 4 else "") or "none"


def daily_block(data: PackInput, texts: Texts) -> Block:
    """What was outstanding at each day's end, a line for each of the largest states; money in US dollars alone."""
    found = {}
    for state in states(data):
        records = records_of(data, "us.adtl.days", state)
        amounts = {str(row["day"]): row["amount"] for row in records or () if row["currency"] == "USD"}
        if amounts:
            found[state] = {day: int(each) for day, each in amounts.items() if isinstance(each, Fraction)}
    heading, rules = texts["us_daily"], ("US-ADTL-01",)
    if not found:
        return Block(heading, 3, (texts["us_lacking"].format(facts="us.adtl.days"),), rules=rules)
    days = tuple(sorted({day for amounts in found.values() for day in amounts}))
    largest = sorted(found, key=lambda state: -sum(found[state].values()))[:SERIES_MAX]
    series = tuple(Series(state, tuple(found[state].get(day) for day in days)) for state in largest)
    chart = Chart("line", heading, texts["us_daily_words"], days, series, unit="USD", name="outstanding-by-day")
    return Block(heading, 3, charts=(chart,), rules=rules)
