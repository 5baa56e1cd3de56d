"""The return as data: each part of CRM I.H at a path, from one table. No public schema exists, and none is claimed.

Once VARA publishes a form, `path` of a row is what changes. Each entry says from where its value came and whether it
is there; what is missing stays in the file as missing and is never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from compliance.facts import Fact, decimal_text, value_json
from compliance.reports.inputs import PackInput
from compliance.reports.packs.blocks import attached
from ledger.canonical import Json, canonical_file

__all__ = ["KIND", "MAPPING", "Entry", "return_json"]

KIND: Final = "vara-return"
FORMAT: Final = 1
CONFORMITY: Final = "none claimed: no public schema of this return was found"


class Entry(NamedTuple):
    """A row of the mapping: where the value stands, by which rule, and from what (`attachment:STEM`, `fact:NAME`,
    `rule:ID`, `own:NAME`)."""

    path: str
    citation: str
    what: str
    source: str


MAPPING: Final[Mapping[str, tuple[Entry, ...]]] = {
    "monthly": (
        Entry("balance_sheet", "CRM I.H.1.a", "balance sheet", "attachment:balance-sheet"),
        Entry("off_balance_sheet", "CRM I.H.1.a", "off-balance-sheet items", "attachment:off-balance-sheet"),
        Entry("profit_and_loss", "CRM I.H.1.b", "statement of profit and loss", "attachment:profit-and-loss"),
        Entry("income_statement", "CRM I.H.1.c", "income statement", "attachment:income-statement"),
        Entry("cash_flow", "CRM I.H.1.d", "cash flow statement", "attachment:cash-flow"),
        Entry("wallets", "CRM I.H.1.e", "addresses of all wallets", "fact:wallets"),
        Entry("group.entities", "CRM I.H.1.f", "group entities that invest", "fact:vara.group_entities"),
        Entry("group.transactions", "CRM I.H.1.f", "their transactions", "fact:vara.group_transactions"),
        Entry("related_parties", "CRM I.H.1.g", "related-party transactions", "fact:vara.related_party_transactions"),
        Entry("net_liquid_assets", "Company VI.C.3", "net liquid assets", "rule:VARA-CAP-02"),
    ),
    "quarterly": (
        Entry("board_minutes", "CRM I.H.2.a", "minutes of the board", "attachment:board-minutes"),
        Entry("financial.paid_up_capital", "CRM I.H.2.b", "paid-up capital", "rule:VARA-CAP-01"),
        Entry("financial.net_liquid_assets", "CRM I.H.2.b", "net liquid assets", "rule:VARA-CAP-02"),
        Entry("financial.insurance", "CRM I.H.2.b", "insurance", "rule:VARA-CAP-03"),
        Entry("financial.reserve_assets", "CRM I.H.2.b", "reserve assets", "rule:VARA-RES-01"),
        Entry("reserves.coverage", "CRM I.H.2.b", "reserve assets by asset", "own:coverage"),
        Entry("reserves.reconciled", "Company VI.E.3", "daily reconciliation", "rule:VARA-RES-02"),
        Entry("reserves.audit", "Company VI.E.3", "six-monthly audit", "rule:VARA-RES-03"),
        Entry("reserves.audit_report", "Company VI.E.3", "report, when due", "attachment:reserve-audit-report"),
        Entry("projections", "CRM I.H.2.c", "projections and plans", "attachment:projections"),
        Entry("risk_exposure", "CRM I.H.2.d", "risk exposure report", "attachment:risk-exposure"),
    ),
    "reserve-audit": (
        Entry("reserves.coverage", "Company VI.E.1-2", "reserve assets by asset", "own:coverage"),
        Entry("reserves.books", "Company VI.E.3", "the ledger's balance by asset", "own:books"),
        Entry("reserves.wallets", "CRM V", "addresses in scope", "fact:wallets"),
        Entry("reserves.mixed", "CRM V", "addresses of several owners", "fact:wallets.mixed"),
        Entry("reserves.encumbrances", "CRM V", "units lent out, pledged or staked", "fact:encumbrances"),
        Entry("reserves.debts", "CRM V", "owed by clients, not set off", "fact:debts"),
        Entry("reserves.control_scope", "CRM V", "held or controlled otherwise", "fact:vara.control_scope"),
        Entry("reserves.letter", "Company VI.E.3", "practitioner's letter", "attachment:practitioner-letter"),
    ),
}
"""By the kind of pack."""


def return_json(data: PackInput, kind: str) -> bytes:
    """The return of a kind as canonical JSON (schemas/vara-return.schema.json); raises KeyError for no such kind."""
    entries: list[Json] = [_entry(data, entry) for entry in MAPPING[kind]]
    document: Json = {
        "conformity": CONFORMITY,
        "entity": data.entity,
        "entries": entries,
        "exchange": data.exchange,
        "format": FORMAT,
        "kind": KIND,
        "period": {"end": data.end.isoformat(), "start": data.start.isoformat()},
        "return": kind,
        "unaudited": True,
    }
    return canonical_file(document)


def _entry(data: PackInput, entry: Entry) -> Json:
    sort, _, name = entry.source.partition(":")
    value = _READERS[sort](data, name)
    return {
        "citation": entry.citation,
        "path": entry.path,
        "source": entry.source,
        "state": "missing" if value is None else "given",
        "value": value,
        "what": entry.what,
    }


def _attachment(data: PackInput, stem: str) -> Json:
    return attached(data, stem) or None


def _fact(data: PackInput, name: str) -> Json:
    found: Fact | None = data.facts.find(name)
    return None if found is None else value_json(found.value)


def _rule(data: PackInput, rule_id: str) -> Json:
    for verdict in data.verdicts:
        if verdict.rule == rule_id:
            return {
                "margin": verdict.margin,
                "measured": verdict.measured,
                "missing": [*verdict.missing],
                "required": verdict.required,
                "result": verdict.result.value,
            }
    return None


def _own(data: PackInput, name: str) -> Json:
    return _coverage(data) if name == "coverage" else _books(data)


def _coverage(data: PackInput) -> Json:
    held, owed = data.facts.find("reserves.client"), data.facts.find("claims")
    if held is None or owed is None:
        return None
    assert isinstance(held.value, Mapping) and isinstance(owed.value, Mapping)
    return [
        {
            "asset": asset,
            "held": decimal_text(held.value.get(asset, Fraction(0))),
            "owed": decimal_text(owed.value.get(asset, Fraction(0))),
        }
        for asset in sorted({*held.value, *owed.value})
    ]


def _books(data: PackInput) -> Json:
    if not data.books:
        return None
    return [
        {"asset": book.asset, "lines": [[name, decimal_text(units)] for name, units in sorted(book.lines.items())]}
        for book in data.books
    ]


_READERS: Final[Mapping[str, Callable[[PackInput, str], Json]]] = {
    "attachment": _attachment,
    "fact": _fact,
    "own": _own,
    "rule": _rule,
}
