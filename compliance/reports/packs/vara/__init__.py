"""Dubai's packs from a `PackInput`: the monthly and the quarterly submission, and material for the reserve auditor.

`pack(data, kind)` makes them. `parts.py` the list of a submission's parts and the firm's lists; `requirements.py` and
`reserves.py` the two statements of the quarter; `auditor.py` the material for the auditor; `mapping.py` the return as
JSON at paths of its own; `texts.py` the words. No public schema of VARA exists, so no conformity is claimed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from compliance.regimes.vara.terms import Section
from compliance.reports.document import Block, Texts
from compliance.reports.inputs import PackInput
from compliance.reports.packs import blocks
from compliance.reports.packs.pack import Pack, Part, assemble
from compliance.reports.packs.period import rule_of
from compliance.reports.packs.texts import words
from compliance.reports.packs.vara import auditor
from compliance.reports.packs.vara.mapping import CONFORMITY, return_json
from compliance.reports.packs.vara.parts import key_block, list_blocks, parts_block
from compliance.reports.packs.vara.requirements import REQUIREMENTS, requirement_blocks
from compliance.reports.packs.vara.reserves import RESERVE_RULES, reserve_blocks
from compliance.reports.packs.vara.texts import ATTACHED_AUDIT, ATTACHED_MONTHLY, ATTACHED_QUARTERLY, WORDS

__all__ = ["KINDS", "pack"]

KINDS: Final = ("monthly", "quarterly", "reserve-audit")
_ROLES: Final = ("role_ceo", "role_cfo", "role_co", "role_ri")
_NO_SCHEMA: Final = f"Own layout, compliance/reports/schemas/vara-return.schema.json; conformity: {CONFORMITY}."


def pack(data: PackInput, kind: str = "monthly") -> Pack:
    """A pack of a kind of `KINDS`; raises AssertionError for another kind or another regime's input."""
    assert kind in KINDS and data.rules.regime == "vara", f"{kind}: a pack of this regime"
    texts = words("en", WORDS)
    parts = {"monthly": _monthly, "quarterly": _quarterly, "reserve-audit": _audit}[kind](data, texts)
    file = f"vara-{kind}.json"
    title = {"monthly": "vara_monthly", "quarterly": "vara_quarterly", "reserve-audit": "vara_audit"}[kind]
    return assemble(
        data, kind, texts[title], parts, texts, files={file: return_json(data, kind)}, notes={file: _NO_SCHEMA}
    )


def _form(texts: Texts) -> tuple[tuple[str, str], ...]:
    return ((texts["vara_form"], texts["vara_form_value"]),)


def _limits(texts: Texts, *more: str) -> list[str]:
    return [texts[f"vara_limit_{name}"] for name in ("form", "version", *more)]


def _roles(texts: Texts, names: Sequence[str] = _ROLES) -> tuple[str, ...]:
    return tuple(texts[name] for name in names)


def _only(data: PackInput, rules: Collection[str]) -> PackInput:
    """The input with the verdicts of some rules alone."""
    return replace(data, verdicts=tuple(verdict for verdict in data.verdicts if verdict.rule in rules))


def _monthly(data: PackInput, texts: Texts) -> Mapping[str, Part]:
    body: list[Block] = [
        blocks.attention_block(data, texts),
        parts_block(data, "monthly", texts),
        key_block(data, texts),
        blocks.wallets_block(data, texts, ("VARA-REP-M", "VARA-SEG-01", "VARA-SEG-01b")),
        *list_blocks(data, texts),
        blocks.attachments_block(data, ATTACHED_MONTHLY, texts),
        *_measured(data, texts),
        *blocks.standard(data, texts, _roles(texts), _limits(texts, "accounts", "once")),
    ]
    return {"monthly": Part(texts["vara_monthly"], body, _form(texts))}


def _measured(data: PackInput, texts: Texts) -> list[Block]:
    """What every document of a submission shows of the period: coverage, books, verdicts, deadlines, evaluations."""
    return [
        *blocks.coverage_blocks(data, texts, ("VARA-RES-01",)),
        blocks.books_block(data, texts),
        *blocks.verdict_blocks(data, texts),
        blocks.deadlines_block(data, texts),
        blocks.early_block(data, texts),
        blocks.evaluations_block(data, texts),
    ]


def _quarterly(data: PackInput, texts: Texts) -> Mapping[str, Part]:
    attachments = blocks.attachments_block(data, ATTACHED_QUARTERLY, texts)
    body = [
        blocks.attention_block(data, texts),
        parts_block(data, "quarterly", texts),
        key_block(data, texts),
        *requirement_blocks(data, texts),
        *reserve_blocks(data, texts),
        attachments,
        *_measured(data, texts),
        *blocks.standard(data, texts, _roles(texts), _limits(texts, "accounts", "once")),
    ]
    return {
        "quarterly": Part(texts["vara_quarterly"], body, _form(texts)),
        "financial-requirements": _statement(data, texts, "vara_financial", REQUIREMENTS),
        "reserve-assets": _statement(data, texts, "vara_reserves", RESERVE_RULES),
    }


def _statement(data: PackInput, texts: Texts, title: str, rules: Sequence[str]) -> Part:
    """One of the quarter's two statements by itself, with the verdicts of its own rules alone."""
    part = _only(data, rules)
    is_financial = title == "vara_financial"
    body = [
        blocks.attention_block(part, texts),
        *(requirement_blocks(part, texts) if is_financial else reserve_blocks(part, texts)),
        *([] if is_financial else blocks.coverage_blocks(part, texts, ("VARA-RES-01",))),
        *blocks.verdict_blocks(part, texts),
        blocks.deadlines_block(part, texts),
        *blocks.standard(part, texts, _roles(texts), _limits(texts, "accounts" if is_financial else "once")),
    ]
    return Part(texts[title], body, _form(texts), part.verdicts)


def _audit(data: PackInput, texts: Texts) -> Mapping[str, Part]:
    sections = (Section.RESERVES, Section.MONEY)
    ids = {rule_of(data, verdict).id for verdict in data.verdicts if rule_of(data, verdict).section in sections}
    part = _only(data, ids)
    body = [
        auditor.assertion_block(part, texts),
        auditor.scope_block(part, texts),
        blocks.attention_block(part, texts),
        parts_block(part, "reserve-audit", texts),
        *reserve_blocks(part, texts),
        *blocks.coverage_blocks(part, texts, ("VARA-RES-01",)),
        blocks.wallets_block(part, texts, ("VARA-SEG-01", "VARA-SEG-05")),
        blocks.books_block(part, texts),
        auditor.flight_block(part, texts),
        auditor.prices_block(part, texts),
        *blocks.verdict_blocks(part, texts),
        blocks.deadlines_block(part, texts),
        auditor.suggested_block(texts),
        blocks.attachments_block(part, ATTACHED_AUDIT, texts),
        Block(texts["vara_slots"], 2, (texts["vara_slots_note"],)),
        *blocks.standard(part, texts, _roles(texts, (*_ROLES, "role_practitioner")), _limits(texts, "once", "audit")),
    ]
    return {"reserve-audit": Part(texts["vara_audit"], body, _form(texts), part.verdicts)}
