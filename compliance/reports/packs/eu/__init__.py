"""The European Union's pack for a quarter: one document for people, and the figures of its tables for programs.

MiCA safeguarding, capital, order-to-trade ratios, record keeping, client statements, market abuse, travel rule, DORA's
clocks, margin and CFDs, DAC8. Files with a line for each transaction are named with hash and schema, and stand apart.
Each module has the blocks of one group of tables, all of them from a `PackInput` alone; every block names the rules
that it bears on, and where a fact is not known it says which, and who gives it.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

from compliance.facts import Fact, decimal_text
from compliance.regimes.eu.terms import ACTS
from compliance.reports.document import Block, Texts, columns_of
from compliance.reports.inputs import PackInput
from compliance.reports.packs.blocks import (
    attachments_block,
    attention_block,
    books_block,
    coverage_blocks,
    deadlines_block,
    early_block,
    evaluations_block,
    key_figures,
    named,
    standard,
    verdict_blocks,
    wallets_block,
)
from compliance.reports.packs.coverage import lowest_of, units
from compliance.reports.packs.eu.assets import funds_blocks, segregation_blocks
from compliance.reports.packs.eu.capital import capital_blocks
from compliance.reports.packs.eu.common import cell, records_of, verdict_of
from compliance.reports.packs.eu.keeping import files_blocks, issuers_block, keeping_blocks, statements_block
from compliance.reports.packs.eu.markets import cfd_blocks, otr_block, surveillance_blocks
from compliance.reports.packs.eu.reporting import calendar_block, incidents_block, tax_block, transfers_blocks
from compliance.reports.packs.eu.texts import ENGLISH
from compliance.reports.packs.pack import Pack, Part, assemble
from compliance.reports.packs.period import end_of, readable, start_of
from compliance.reports.packs.texts import words
from compliance.verdicts import Verdict
from ledger.canonical import Json, canonical_file

__all__ = ["FIGURES", "KINDS", "pack"]

KINDS: Final = ("quarterly",)
FIGURES: Final = "quarterly-figures.json"
FORMAT: Final = "tallystick/eu-figures/1"
RECORDS_KEPT: Final = 10_000
"""So many records of one fact are in the file of figures, which says how many there are."""
_COVERAGE: Final = ("EU-SEG-01.2", "EU-SAF-01.2")
_ROLES: Final = ("Compliance officer", "Chief financial officer", "Management board")
_ATTACHMENTS: Final = {
    "auditor-safeguarding": "external auditor's report on safeguarding (EU-SAF-04)",
    "own-funds": "statement of own funds, or the insurance policy (EU-CAP-01)",
    "bank-balances": "banks' confirmation of clients' funds (EU-SEG-02)",
}
_LIMITS: Final = ("licence", "ratio", "days", "schema", "values", "margin")


def pack(data: PackInput, kind: str = "quarterly") -> Pack:
    """The pack. `kind` is one of `KINDS`; anything else raises AssertionError."""
    assert kind in KINDS, f"no EU pack {kind}"
    assert data.rules.regime == "eu", "the pack of the EU is of the EU's rules"
    texts = words("en", ENGLISH)
    notes = {FIGURES: f"{FORMAT}: facts, of each up to {RECORDS_KEPT:,} records; our own layout, of no authority"}
    for row in records_of(data, "eu.files") or ():
        if row["id"] in data.attachments:
            notes[str(row["id"])] = f"{row['kind']}: {row['schema']}; {row['schema_status']}"
    part = Part(texts["eu_report"], _blocks(data, texts), _standing(data, texts))
    files = {FIGURES: canonical_file(_figures(data))}
    return assemble(data, kind, texts["eu_report"], {kind: part}, texts, files=files, notes=notes)


def _blocks(data: PackInput, texts: Texts) -> list[Block]:
    """Everything in the order in which it is read."""
    return [
        attention_block(data, texts),
        key_figures(texts["eu_key"], _key_rows(data), texts, texts["eu_key_note"]),
        deadlines_block(data, texts),
        early_block(data, texts),
        calendar_block(data, texts),
        *coverage_blocks(data, texts, _COVERAGE),
        books_block(data, texts),
        *segregation_blocks(data, texts),
        wallets_block(data, texts, ("EU-CUS-03", "EU-CUS-03.2")),
        *funds_blocks(data, texts),
        *capital_blocks(data, texts),
        statements_block(data, texts),
        otr_block(data, texts),
        *keeping_blocks(data, texts),
        *files_blocks(data, texts),
        *surveillance_blocks(data, texts),
        *transfers_blocks(data, texts),
        incidents_block(data, texts),
        tax_block(data, texts),
        issuers_block(data, texts),
        *cfd_blocks(data, texts),
        *verdict_blocks(data, texts),
        evaluations_block(data, texts),
        attachments_block(data, _ATTACHMENTS, texts),
        _acts_block(texts),
        *standard(data, texts, _ROLES, tuple(texts[f"eu_limit_{name}"] for name in _LIMITS)),
    ]


def _acts_block(texts: Texts) -> Block:
    """The acts behind the short names that citations use."""
    columns = columns_of(texts, ("c_act", "text", 20), ("c_act_title", "text", 80))
    table = named("acts", texts["eu_acts"], columns, ACTS)
    return Block(texts["eu_acts"], 2, (texts["eu_acts_intro"],), table)


def _standing(data: PackInput, texts: Texts) -> tuple[tuple[str, str], ...]:
    """What the entity says that it is allowed to do, beside the title."""
    found = []
    for name, label in (("eu.licences", "eu_licences"), ("eu.services", "eu_services")):
        fact = data.facts.find(name)
        known = (
            "—" if fact is None or not isinstance(fact.value, frozenset) else ", ".join(sorted(fact.value)) or "none"
        )
        found.append((texts[label], known))
    return tuple(found)


def _key_rows(data: PackInput) -> list[tuple[str, str, str]]:
    """Figures that are looked for first; a dash where one is not known."""
    first, last = start_of(data), end_of(data)
    lows = [low for point in data.coverage if first <= point.hour <= last and (low := lowest_of(point)) is not None]
    lowest = f"{min(lows) // 100}.{min(lows) % 100:02d} %" if lows else "—"
    rows = [
        ("Lowest coverage of any asset in any hour of the period", lowest, "EU-SEG-01.2"),
        *(_of_verdict(data, words, rule_id) for words, rule_id in _KEY),
    ]
    for words_, name, rule_id in _COUNTED:
        found = records_of(data, name)
        rows.append((words_, "—" if found is None else f"{len(found):,}", rule_id))
    for words_, name, rule_id in _NUMBERS:
        fact = data.facts.find(name)
        value = "—" if fact is None or not isinstance(fact.value, Fraction) else units(fact.value)
        rows.append((words_, value, rule_id))
    return rows


_KEY: Final = (
    ("Prudential safeguards under MiCA", "EU-CAP-01"),
    ("Own funds of the investment firm", "EU-IFR-01"),
    ("Clients' funds, by currency", "EU-SEG-02"),
    ("Client statements of the quarters", "EU-CUS-02"),
    ("Order-to-trade ratios by number", "EU-VEN-04"),
    ("Transfers that carry their data", "EU-TFR-01"),
)
_COUNTED: Final = (
    ("Transfers in the period", "transfers", "EU-TFR-01"),
    ("Cases opened by surveillance and monitoring", "cases", "EU-MA-01.2"),
    ("ICT incidents on the register", "eu.incidents", "EU-DORA-01"),
    ("Halts of trading", "eu.halts", "EU-VEN-03"),
)
_NUMBERS: Final = (
    ("Gaps in the order records of any book", "orders.gaps", "EU-OR-01"),
    ("Trades for the operator's own account", "eu.house_trades", "EU-PLT-01.4"),
)


def _of_verdict(data: PackInput, label: str, rule_id: str) -> tuple[str, str, str]:
    """What a verdict measured, beside what is required."""
    verdict: Verdict | None = verdict_of(data, rule_id)
    if verdict is None or not verdict.measured:
        shown = "—" if verdict is None else f"— ({verdict.result.value})"
        return label, shown, rule_id
    return label, readable(f"{verdict.measured}; {verdict.required} ({verdict.result.value})"), rule_id


def _figures(data: PackInput) -> dict[str, Json]:
    """Facts and the coverage of every hour, for programs; verdicts and tables are in pack.json."""
    return {
        "coverage": [
            {
                "digest": point.digest,
                "held": [[asset, decimal_text(amount)] for asset, amount in sorted(point.held.items())],
                "hour": cell(point.hour),
                "kind": point.kind,
                "owed": [[asset, decimal_text(amount)] for asset, amount in sorted(point.owed.items())],
            }
            for point in data.coverage
        ],
        "entity": data.entity,
        "exchange": data.exchange,
        "facts": [_fact(fact) for fact in data.facts],
        "format": FORMAT,
        "period": [data.start.isoformat(), data.end.isoformat()],
        "rule_set": data.rules.hash().hex(),
    }


def _fact(fact: Fact) -> Json:
    """A fact with its value, and of very many records the first, with their number."""
    if not isinstance(fact.value, tuple):
        return fact.to_json()
    kept: dict[str, Json] = replace(fact, value=fact.value[:RECORDS_KEPT]).to_json()
    return {**kept, "records": len(fact.value)}
