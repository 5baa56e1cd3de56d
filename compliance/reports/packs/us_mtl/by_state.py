"""Rules by state as a matrix, how states' laws differ, virtual currency in kind, and what a shortfall would leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from compliance.facts import decimal_text
from compliance.regimes.us_mtl.states import LAWS, NAMES
from compliance.reports.document import Block, Texts
from compliance.reports.inputs import PackInput
from compliance.reports.packs.blocks import named
from compliance.reports.packs.coverage import units
from compliance.reports.packs.us_mtl.common import amounts_of, column, money, percent, states, table_block, verdict_of
from compliance.rules import Scope
from compliance.shortfall import share_of
from compliance.verdicts import Verdict

__all__ = ["KIND_RULES", "grouped", "kind_block", "laws_block", "matrix_blocks", "shortfall_block"]

STATES_WIDE: Final = 6
"""So many states stand beside each other."""
KIND_RULES: Final = ("US-VC-01", "US-VC-02", "NY-CUS-01", "CA-01")
"""The rule by which a state asks for units in kind is one of these."""


def grouped(data: PackInput) -> PackInput:
    """The input with verdicts of one rule that say the same in several states as one, which names the states.

    For tables and procedures; counts and the matrix are of every verdict by itself.
    """
    found: dict[Verdict, list[str]] = {}
    for verdict in data.verdicts:
        found.setdefault(replace(verdict, scope=""), []).append(verdict.scope)
    licensed = len(states(data))
    kept = []
    for verdict, scopes in found.items():
        short = " ".join(scope.removeprefix("US-") for scope in scopes)
        is_every = len(scopes) == licensed and licensed > 1
        kept.append(replace(verdict, scope="all states" if is_every else short))
    return replace(data, verdicts=tuple(kept))


def matrix_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """Each rule by state, with a column for each state; many states are parted over several tables."""
    licensed = states(data)
    rules = [each for each in data.rules.in_force(data.end) if each.scope is Scope.STATE]
    blocks = [Block(texts["us_matrix"], 2, (texts["us_matrix_intro"],))]
    if not licensed:
        blocks.append(Block(texts["us_matrix"], 3, (texts["us_lacking"].format(facts="licences.us.states"),)))
    for first in range(0, len(licensed), STATES_WIDE):
        group = licensed[first : first + STATES_WIDE]
        heading = ", ".join(NAMES.get(state, state) for state in group)
        rows = []
        for rule in rules:
            verdicts = [verdict_of(data, rule.id, state) for state in group]
            if any(verdicts):
                results = (each.result.value if each else "" for each in verdicts)
                rows.append((rule.id, rule.title, rule.status.value, *results))
        columns = (
            column("Rule", "rule", 14), column("What the rule asks", weight=30), column("Text", "status", 12),
            *(column(state, "status", 14) for state in group),
        )  # fmt: skip
        blocks.append(Block(heading, 3, (), named(f"by-state-{first // STATES_WIDE + 1}", heading, columns, rows)))
    return blocks


def laws_block(data: PackInput, texts: Texts) -> Block:
    """The table of states, those of the licences first; one without a table is named as not looked up."""
    rows = []
    for state in (*states(data), *(each for each in LAWS if each not in states(data))):
        if state not in LAWS:
            rows.append((state, "", "not looked up: the model act is assumed", "unverified", "", ""))
            continue
        for rule_id, part in LAWS[state].parts.items():
            since = "" if part.since is None else part.since.isoformat()
            note = part.note if part.in_force else f"not in force here; {part.note}"
            rows.append((state, rule_id, f"{part.citation} ({LAWS[state].law})", part.status.value, since, note))
    columns = (
        column("State", weight=8), column("Rule", "rule", 12), column("Where", weight=28),
        column("Text", "status", 12), column("From", weight=11), column("What differs", weight=34),
    )  # fmt: skip
    heading = texts["us_laws"]
    return Block(heading, 2, (texts["us_laws_intro"],), named("state-laws", heading, columns, rows))


def kind_block(data: PackInput, texts: Texts) -> Block:
    """Each state and asset: owed to residents, held for all, owed to all, and the state's part of what is held."""
    held, owed = amounts_of(data, "reserves.client"), amounts_of(data, "claims")
    rows: list[Sequence[str]] | None = None
    if held is not None and owed is not None:
        rows = []
        for state in states(data):
            rule = next((each for each in KIND_RULES if verdict_of(data, each, state)), "")
            residents = amounts_of(data, "claims.state", state)
            for asset, claim in sorted((residents or {}).items()):
                if claim == 0:
                    continue
                have, all_claims = held.get(asset, Fraction(0)), max(owed.get(asset, Fraction(0)), claim)
                part = claim * share_of(have, all_claims)
                answer = "pass" if have >= claim else "fail"
                whole = "pass" if have >= all_claims else "fail"
                cells = (units(claim), units(have), units(all_claims), money(part), answer, whole)
                rows.append((state, rule, asset, *cells))
            if residents is None:
                rows.append((state, rule, "—", "—", "—", "—", "—", "insufficient data", "insufficient data"))
    columns = (
        column("State", weight=8), column("Rule", "rule", 12), column("Asset", weight=9),
        column("Owed to residents", "number", 14), column("Held for all", "number", 14),
        column("Owed to all", "number", 14), column("Residents' part of what is held", "number", 16),
        column("State alone", "status", 11), column("All customers", "status", 11),
    )  # fmt: skip
    return table_block(
        texts["us_kind"], 2, (*KIND_RULES, "US-VC-01.2"), columns, rows, texts, name="in-kind-by-state",
        facts=("reserves.client", "claims", "claims.state"), intro=texts["us_kind_intro"],
    )  # fmt: skip


def shortfall_block(data: PackInput, texts: Texts) -> Block:
    """Each asset that is short: what a unit of a claim gets, and what each state's residents would get and lose."""
    held, owed = amounts_of(data, "reserves.client"), amounts_of(data, "claims")
    heading, rules = texts["us_shortfall"], ("CA-01",)
    if held is None or owed is None:
        return Block(heading, 2, (texts["us_lacking"].format(facts="reserves.client, claims"),), rules=rules)
    rows = []
    for asset, claims in sorted(owed.items()):
        have = held.get(asset, Fraction(0))
        if have >= claims:
            continue
        share = share_of(have, claims)
        exact = decimal_text(share)
        shown = f"{exact} ({percent(share)})"
        rows.append((asset, "all customers", shown, units(claims), money(have), money(claims - have)))
        for state in states(data):
            claim = (amounts_of(data, "claims.state", state) or {}).get(asset, Fraction(0))
            if claim:
                rows.append((asset, state, shown, units(claim), money(claim * share), money(claim - claim * share)))
    if not rows:
        return Block(heading, 2, (texts["us_shortfall_intro"], texts["us_shortfall_none"]), rules=rules)
    columns = (
        column("Asset", weight=8), column("Whose", weight=14), column("Each unit gets", weight=20),
        column("Owed", "number"), column("Would get", "number"), column("Would lose", "number"),
    )  # fmt: skip
    return Block(heading, 2, (texts["us_shortfall_intro"],), named("shortfall", heading, columns, rows), rules=rules)
