"""The US packs from a `PackInput`: the NMLS MSB Call Report, a state's examination, and the federal references.

`pack(data, kind)` makes them. `form.py` the form as data, `figures.py` what stands in each field and from where,
`filing.py` the files, `sections.py` the form for people and its checks; `prudential.py` investments, net worth, bond
and daily liability; `by_state.py` rules, laws and units in kind by state, and what a shortfall would leave;
`federal.py` the references to filings with FinCEN, OFAC, the IRS and New York; `common.py` and `texts.py` what they
share.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from compliance.regimes.us_mtl.terms import Section
from compliance.reports.document import Block, Texts
from compliance.reports.inputs import PackInput
from compliance.reports.packs import blocks
from compliance.reports.packs.coverage import lowest_of
from compliance.reports.packs.pack import Pack, Part, assemble
from compliance.reports.packs.period import end_of, readable, rule_of, start_of
from compliance.reports.packs.texts import words
from compliance.reports.packs.us_mtl.by_state import (
    KIND_RULES,
    grouped,
    kind_block,
    laws_block,
    matrix_blocks,
    shortfall_block,
)
from compliance.reports.packs.us_mtl.common import money, states
from compliance.reports.packs.us_mtl.federal import federal_blocks, prices_block
from compliance.reports.packs.us_mtl.figures import dollars
from compliance.reports.packs.us_mtl.filing import (
    CSV_FILE,
    XML_FILE,
    Filing,
    call_report_csv,
    call_report_xml,
    filing_of,
)
from compliance.reports.packs.us_mtl.prudential import bond_block, daily_block, permissible_block, worth_block
from compliance.reports.packs.us_mtl.sections import checks_block, section_blocks
from compliance.reports.packs.us_mtl.texts import WORDS
from compliance.verdicts import Result

__all__ = ["KINDS", "pack"]

KINDS: Final = ("call-report", "state-exam", "federal")
_COVERAGE: Final = ("US-VC-01.2", *KIND_RULES)
_ROLES: Final = ("role_ceo", "role_cfo", "role_co")
_XML_NOTE: Final = (
    "NMLS MSB Call Report, form version 4: schema not verified. Element order and types follow public notes on the "
    "schema; hold it against the regulator's current schema before it is uploaded."
)
_CSV_NOTE: Final = "Own layout, one line for each field; not the upload form of NMLS, whose columns were not found."
_ATTACHMENTS: Final = {
    "financial-statements": "financial statements of the licensee for the period",
    "bond": "surety bonds and riders of the states",
    "trust-accounts": "statements of accounts and investments (US-PI-01, US-PI-02)",
}
_FEDERAL: Final = (Section.FEDERAL, Section.OFAC, Section.TAX)


def pack(data: PackInput, kind: str = "call-report") -> Pack:
    """A pack of a kind of `KINDS`; raises AssertionError for another kind or another regime's input.

    Raises InputError for a stated line or note that the form cannot hold.
    """
    assert kind in KINDS and data.rules.regime == "us-mtl", f"{kind}: a pack of this regime"
    texts = words("en", WORDS)
    title = {"call-report": "us_call_report", "state-exam": "us_state_exam", "federal": "us_federal"}[kind]
    files: dict[str, bytes] = {}
    notes: dict[str, str] = {}
    if kind == "call-report":
        filing = filing_of(data)
        files = {XML_FILE: call_report_xml(filing), CSV_FILE: call_report_csv(filing)}
        notes = {XML_FILE: _XML_NOTE + _lacking(filing), CSV_FILE: _CSV_NOTE}
        part = Part(texts[title], _call_report(data, filing, texts), _facts(data, texts))
    elif kind == "state-exam":
        part = Part(texts[title], _state_exam(data, texts), _facts(data, texts))
    else:
        part = _federal(data, texts)
    return assemble(data, kind, texts[title], {kind: part}, texts, files=files, notes=notes)


def _lacking(filing: Filing) -> str:
    unknown = len(filing.unknown)
    return f" Draft, not for filing: {unknown} fields are not known and stand as zero." if unknown else ""


def _facts(data: PackInput, texts: Texts) -> tuple[tuple[str, str], ...]:
    licensed = ", ".join(states(data)) or "—"
    return ((texts["us_states"], licensed), (texts["us_form"], texts["us_form_value"]))


def _limits(texts: Texts, *names: str) -> list[str]:
    return [texts[f"us_limit_{name}"] for name in names]


def _call_report(data: PackInput, filing: Filing, texts: Texts) -> list[Block]:
    return [
        blocks.attention_block(grouped(data), texts),
        _key(data, texts),
        checks_block(data, filing, texts),
        *section_blocks(data, filing, texts),
        permissible_block(data, texts),
        worth_block(data, texts),
        bond_block(data, texts),
        daily_block(data, texts),
        prices_block(data, texts),
        blocks.attachments_block(data, _ATTACHMENTS, texts),
        *_measured(data, texts),
        *_standard(data, texts, "states", "schema", "accounts", "caps", "residents"),
    ]


def _measured(data: PackInput, texts: Texts) -> list[Block]:
    """What every document shows of the period: coverage, verdicts, deadlines, warnings, evaluations."""
    return [
        *blocks.coverage_blocks(data, texts, _COVERAGE),
        *_verdicts(data, texts),
        blocks.evaluations_block(data, texts),
    ]


def _verdicts(data: PackInput, texts: Texts) -> list[Block]:
    """Verdicts by section with what breaches make due and what is near its limit; states that say the same together."""
    seen = grouped(data)
    first, rest = blocks.verdict_blocks(data, texts)[0], blocks.verdict_blocks(seen, texts)[1:]
    return [
        replace(first, paragraphs=(*first.paragraphs, texts["us_grouped"])),
        *rest,
        blocks.deadlines_block(seen, texts),
        blocks.early_block(seen, texts),
    ]


def _standard(data: PackInput, texts: Texts, *limits: str) -> list[Block]:
    return blocks.standard(grouped(data), texts, tuple(texts[name] for name in _ROLES), _limits(texts, *limits))


def _state_exam(data: PackInput, texts: Texts) -> list[Block]:
    return [
        blocks.attention_block(grouped(data), texts),
        _key(data, texts),
        *matrix_blocks(data, texts),
        laws_block(data, texts),
        kind_block(data, texts),
        shortfall_block(data, texts),
        permissible_block(data, texts),
        worth_block(data, texts),
        bond_block(data, texts),
        daily_block(data, texts),
        blocks.books_block(data, texts),
        blocks.wallets_block(data, texts, ("NY-CUS-02", "CA-02")),
        blocks.attachments_block(data, _ATTACHMENTS, texts),
        *_measured(data, texts),
        *_standard(data, texts, "states", "caps", "residents"),
    ]


def _only(data: PackInput, sections: Collection[str]) -> PackInput:
    """The input with the verdicts of some sections alone, and New York's large days."""
    kept = tuple(
        each for each in data.verdicts if rule_of(data, each).section in sections or each.rule.startswith("NY-AML")
    )
    return replace(data, verdicts=kept)


def _federal(data: PackInput, texts: Texts) -> Part:
    part = _only(data, _FEDERAL)
    body = [
        blocks.attention_block(grouped(part), texts),
        *federal_blocks(part, texts),
        *_verdicts(part, texts),
        *_standard(part, texts, "caps"),
    ]
    return Part(texts["us_federal"], body, verdicts=part.verdicts)


def _key(data: PackInput, texts: Texts) -> Block:
    """Figures that are looked for first."""
    first, last = start_of(data), end_of(data)
    lows = [low for point in data.coverage if first <= point.hour <= last and (low := lowest_of(point)) is not None]
    lowest = f"{min(lows) // 100}.{min(lows) % 100:02d} %" if lows else "—"
    owed = dollars(data, "client_money.owed")
    rows = [
        ("Money owed to customers, every state and abroad", f"{money(owed)} USD", "US-PI-01"),
        *(_of_rule(data, label, rule) for label, rule in _KEYS),
        ("Lowest coverage of any asset in any hour of the period", lowest, "US-VC-01.2"),
    ]
    return blocks.key_figures(texts["us_key"], rows, texts, texts["us_key_note"])


_KEYS: Final[Sequence[tuple[str, str]]] = (
    ("Permissible investments", "US-PI-01"),
    ("Permissible investments after caps", "US-PI-04"),
    ("Tangible net worth", "US-TNW-01"),
    ("Surety bonds", "US-BOND-01"),
    ("Days with an end-of-day figure", "US-ADTL-01"),
    ("Call reports in time", "US-CR-01"),
    ("Units in kind, all customers", "US-VC-01.2"),
)


def _of_rule(data: PackInput, label: str, rule_id: str) -> tuple[str, str, str]:
    """What a rule measured, and how its states came out."""
    found = [each for each in data.verdicts if each.rule == rule_id]
    counts: Mapping[Result, int] = {result: sum(each.result is result for each in found) for result in Result}
    outcome = ", ".join(f"{count} {result.value}" for result, count in counts.items() if count)
    measured = {readable(each.measured) for each in found if each.measured}
    figure = f"{measured.pop()}; " if len(measured) == 1 else ""
    required = {readable(each.required) for each in found if each.required}
    wanted = f"{required.pop()}; " if figure and len(required) == 1 else ""
    return label, f"{figure}{wanted}{outcome or 'not judged'}", rule_id
