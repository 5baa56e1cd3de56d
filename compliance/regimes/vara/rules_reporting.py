"""What is submitted to VARA and when, and which records are kept how long: CRM I.F and I.H."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.regimes.vara.terms import F2, F3, READ_AGAIN, Section, U, V, activity, months, row
from compliance.rules import Condition, Parameter, Primitive, Rule

__all__ = ["RULES"]

_REPORTING, _BOOKS = "rulebook/h-regulatory-reporting", "rulebook/f-books-and-records"
_AML = "rulebook/h-record-keeping"
_LENDING = "rulebook/c-additional-record-keeping-requirements"
_PARTS = {"section": Section.REPORTING}
_EIGHT: Final = Fraction(8)
_KEPT = (
    "trade", "order", "general_ledger", "customer_ledger", "command_log", "attestation", "reconciliation",
    "client_statement", "agreement", "communication", "complaint", "conflict", "minutes",
)  # fmt: skip
_KEPT_AML = ("trade", "kyc", "travel_rule", "screening", "communication", "surveillance_case", "suspicion_report")
_FIELDS = ("amount", "date", "time", "instruction", "fees", "names", "accounts", "country")


def _held(*names: str) -> tuple[Condition, ...]:
    return tuple(Condition(name, "is", "true") for name in names)


def _due(period: str, clock_months: int) -> dict[str, Parameter]:
    return {"period": Parameter(period), "due": Parameter(months(clock_months), status=U)}


_NO_DAY = (
    "No number of days was seen in any text. The clock is a placeholder by which a forgotten period is found; the day "
    "that VARA set for the firm counts."
)

RULES: Final[tuple[Rule, ...]] = (
    row(
        "VARA-REP-M", "Monthly submission with its seven parts",
        "Each month: balance sheet with off-balance-sheet items; profit and loss; income statement; cash flow; the "
        "addresses of all wallets; group entities that invest in virtual assets, with all transactions; transactions "
        "with related parties.",
        "CRM I.H.1", _REPORTING, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.filings.monthly"},
        parameters={"key": Parameter("period_end"), "least": Parameter(Fraction(1), "submissions")},
        must=(
            *_held(
                "balance_sheet", "profit_and_loss", "income_statement", "cash_flow", "group_investors",
                "related_parties",
            ),
            Condition("wallets_listed", "is", ".wallets_registered"),
        ),
        frequency="monthly", evidence="the submission", consequence=F2, read_at=READ_AGAIN, **_PARTS,
    ),
    row(
        "VARA-REP-Q", "Quarterly submission with its parts",
        "Each quarter: minutes of the board and its committees; a statement of compliance with financial requirements "
        "and with reserve assets; projections and plans; the board's risk exposure report.",
        "CRM I.H.2", _REPORTING, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.filings.quarterly"},
        parameters={"key": Parameter("period_end"), "least": Parameter(Fraction(1), "submissions")},
        must=_held("board_minutes", "financial_requirements", "reserve_assets", "projections", "risk_exposure"),
        frequency="quarterly", evidence="the submission", consequence=F2, read_at=READ_AGAIN, **_PARTS,
    ),
    row(
        "VARA-REP-Qb", "The reserve audit's report is attached when due",
        "The report of the six-monthly audit of reserve assets goes with the next quarterly submission.",
        "Company VI.E.3; CRM I.H.2", "rulebook/e-reserve-assets", V, Primitive.COMPLETENESS,
        inputs={"records": "vara.filings.quarterly"}, parameters={"key": Parameter("period_end")},
        where=(Condition("audit_due", "is", "true"),), must=_held("audit_attached"),
        frequency="quarterly", evidence="the submission", consequence=F3, **_PARTS,
    ),
    row(
        "VARA-REP-A", "Annual submission with its parts",
        "Each year: the annual statements with their auditor's report and opinion on internal controls; the "
        "management's assessment of compliance; certification by a director or responsible individual; a sample of "
        "onboarding files.",
        "CRM I.H.3", _REPORTING, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.filings.annual"},
        parameters={"key": Parameter("period_end"), "least": Parameter(Fraction(1), "submissions")},
        must=_held(
            "audited_statements", "control_opinion", "management_assessment", "certification", "onboarding_sample"
        ),
        frequency="annual", evidence="the submission", consequence=F2,
        note="The end of this list was cut where it was read.", **_PARTS,
    ),
    row(
        "VARA-REP-DUE-M", "Monthly submissions in time",
        "Each month's submission is made by the day it is due.",
        "CRM I.H.1", _REPORTING, U, Primitive.DEADLINE,
        inputs={"filings": "vara.filings.monthly", "since": "business.since"}, parameters=_due("month", 1),
        frequency="monthly", evidence="receipt of the submission", consequence=F2, note=_NO_DAY, **_PARTS,
    ),
    row(
        "VARA-REP-DUE-Q", "Quarterly submissions in time",
        "Each quarter's submission is made by the day it is due.",
        "CRM I.H.2", _REPORTING, U, Primitive.DEADLINE,
        inputs={"filings": "vara.filings.quarterly", "since": "business.since"}, parameters=_due("quarter", 1),
        frequency="quarterly", evidence="receipt of the submission", consequence=F2, note=_NO_DAY, **_PARTS,
    ),
    row(
        "VARA-REP-DUE-A", "Annual submissions in time",
        "Each year's submission is made by the day it is due.",
        "CRM I.H.3", _REPORTING, U, Primitive.DEADLINE,
        inputs={"filings": "vara.filings.annual", "since": "business.since"}, parameters=_due("year", 4),
        frequency="annual", evidence="receipt of the submission", consequence=F2, note=_NO_DAY, **_PARTS,
    ),
    row(
        "VARA-REC-01", "Books and records for eight years",
        "Books and records are kept in their native form for at least eight years, some of them without end.",
        "CRM I.F.2", _BOOKS, V, Primitive.RETENTION,
        inputs={"records": "retention"},
        parameters={"years": Parameter(tuple((name, _EIGHT) for name in _KEPT), "years")},
        frequency="continuous", evidence="archive, its chain and its restore drill", consequence=F2,
        note="Which classes are kept without end was not read in full.", **_PARTS,
    ),
    row(
        "VARA-REC-01b", "Every transaction has its particulars",
        "Of each transaction are kept amount, date, time, instruction, fees, names, accounts or wallets, and country.",
        "CRM I.F.1", _BOOKS, V, Primitive.COMPLETENESS,
        inputs={"records": "record_fields"},
        parameters={"fields": Parameter(_FIELDS), "least": Parameter(Fraction(len(_FIELDS)), "fields")},
        where=(Condition("record", "is", "transaction"), Condition("field", "in", "@fields")),
        must=(Condition("lacking", "is", "0"),),
        frequency="continuous", evidence="counts over the ledger", consequence=F2, **_PARTS,
    ),
    row(
        "VARA-AML-REC", "Anti-money-laundering records for eight years",
        "Records of due diligence, transfers, monitoring and reports are kept for at least eight years.",
        "CRM III.H.2", _AML, V, Primitive.RETENTION,
        inputs={"records": "retention"},
        parameters={"years": Parameter(tuple((name, _EIGHT) for name in _KEPT_AML), "years")},
        frequency="continuous", evidence="archive, its chain and its restore drill", consequence=F2,
        read_at=READ_AGAIN, **_PARTS,
    ),
    row(
        "VARA-REC-02", "Lending records for eight years",
        "Records of lending and borrowing are kept for eight years and available to VARA at once.",
        "Lending II.C", _LENDING, V, Primitive.RETENTION,
        inputs={"records": "retention"}, parameters={"years": Parameter((("lending", _EIGHT),), "years")},
        applies=activity("lending"),
        frequency="continuous", evidence="archive, its chain and its restore drill", consequence=F3, **_PARTS,
    ),
)  # fmt: skip
"""In the order of the rulebook."""
