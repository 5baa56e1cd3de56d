"""Reports and capital: PSA 63-14, CAO 38; PSA 63-5, CAO 9."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.regimes.jfsa.terms import Section, U, V, months, row
from compliance.rules import Condition, Parameter, Primitive, Rule

__all__ = ["RULES"]

_REPORTS = {"section": Section.REPORTS}
_AFTER = {"counted_from": Parameter("the day after", status=U)}
_COUNTED = (
    "That a term counts from the day after is from the Civil Code (140, 143), not read here; one that ends on a "
    "holiday is not moved."
)
_YEAR = {"since": "business.since", "first_month": "jfsa.year.first_month"}


def _held(*names: str) -> tuple[Condition, ...]:
    return tuple(Condition(name, "is", "true") for name in names)


RULES: Final[tuple[Rule, ...]] = (
    row(
        "JP-RP-Q", "Quarterly report on users' property within one month",
        "For each quarter of the business year a report on the management of users' property (Form 13) is filed within "
        "one month.",
        "PSA 63-14(2); CAO 38(1)", "cao-38", V, Primitive.DEADLINE,
        inputs={"filings": "jfsa.filings.quarterly", **_YEAR},
        parameters={"period": Parameter("quarter"), "due": Parameter(months(1)), **_AFTER},
        frequency="quarterly", evidence="receipt of the Financial Bureau for Form 13", note=_COUNTED, **_REPORTS,
    ),
    row(
        "JP-RP-Qb", "What is attached to the quarterly report",
        "Attached are the trust's certificate of balance, print-outs that show crypto balances and those of the "
        "guarantee, and copies of the latest reports of both audits.",
        "PSA 63-14(3); CAO 38(2)", "cao-38", V, Primitive.COMPLETENESS,
        inputs={"records": "jfsa.filings.quarterly"},
        parameters={"key": Parameter("period_end"), "least": Parameter(Fraction(1), "reports")},
        where=(Condition("filed_at", "present"),),
        must=_held("trust_certificate", "crypto_printouts", "guarantee_printouts", "audit_report", "guarantee_audit"),
        frequency="quarterly", evidence="Form 13 with its attachments", **_REPORTS,
        note="The paragraph of the act on attachments was not read.",
    ),
    row(
        "JP-RP-Qc", "Accounts of the quarter within two months",
        "The quarter's balance sheet and profit and loss may follow the report, within two months of the quarter.",
        "CAO 38(2), proviso", "cao-38", V, Primitive.DEADLINE,
        inputs={"filings": "jfsa.filings.accounts", **_YEAR},
        parameters={"period": Parameter("quarter"), "due": Parameter(months(2)), **_AFTER},
        frequency="quarterly", evidence="receipt of the Financial Bureau", note=_COUNTED, **_REPORTS,
    ),
    row(
        "JP-RP-A", "Annual business report within three months",
        "For each business year a report on the business is filed within three months.",
        "PSA 63-14(1)", "psa", U, Primitive.DEADLINE,
        inputs={"filings": "jfsa.filings.annual", **_YEAR},
        parameters={"period": Parameter("year"), "due": Parameter(months(3), status=U), **_AFTER},
        frequency="annual", evidence="Form 11 or 12",
        note="Neither the term nor the number of the form was read. " + _COUNTED,
        **_REPORTS,
    ),
    row(
        "JP-RP-M", "Monthly statistics to the JVCEA",
        "Members give the association monthly statistics: spot and margin volume, deposits, accounts.",
        "JVCEA self-regulation", "https://jvcea.or.jp/", U, Primitive.DEADLINE,
        inputs={"filings": "jfsa.filings.jvcea", "since": "business.since"},
        parameters={"period": Parameter("month"), "due": Parameter(months(1), status=U), **_AFTER},
        frequency="monthly", evidence="the association's template", section=Section.REPORTS,
        consequence="Sanctions of the association (unverified).",
        note="No day was seen in any text. The clock is a placeholder by which a forgotten month is found.",
    ),
    row(
        "JP-CAP-01", "Capital of JPY 10 million",
        "The stated capital is at least JPY 10 million.",
        "PSA 63-5; CAO 9", "psa", U, Primitive.FLOOR,
        inputs={"measured": "jfsa.capital"},
        parameters={"floor": Parameter(Fraction(10_000_000), "JPY", U), "unit": Parameter("JPY")},
        frequency="continuous", evidence="register of companies; annual report", section=Section.CAPITAL,
        consequence="Refusal or revocation of the registration (unverified).",
        note="The amount is unverified: the text was not read.",
    ),
    row(
        "JP-CAP-01b", "Net assets not below zero",
        "Total assets are at least total liabilities.",
        "PSA 63-5; CAO 9", "psa", U, Primitive.FLOOR,
        inputs={"measured": "finance.total_assets", "part": "finance.total_liabilities"},
        parameters={"formula": Parameter("parts")},
        frequency="continuous", evidence="annual report", section=Section.CAPITAL,
        consequence="Refusal or revocation of the registration (unverified).",
        note="The text was not read. Both figures are in the currency of the accounts.",
    ),
)  # fmt: skip
"""In the order of the act."""
