"""Lending and borrowing, custody, and the issue of fiat-referenced tokens."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.regimes.vara.terms import AT_ONCE, F3, READ_AGAIN, Section, U, V, activity, hours, months, none, row
from compliance.rules import Condition, Parameter, Primitive, Rule

__all__ = ["RULES"]

_LENDING_PAGE, _CUSTODY_PAGE, _COLLATERAL = "rulebook/general-requirements-1", "entiresection/244", "entiresection/450"
_STORAGE, _RESERVE, _AUDITS = "entiresection/252", "rulebook/b-reserve-assets", "rulebook/d-audits-and-reporting"
_PARTS = {"section": Section.SERVICES, "consequence": F3}
_LENDING, _CUSTODY, _ISSUANCE = activity("lending"), activity("custody"), activity("issuance")

RULES: Final[tuple[Rule, ...]] = (
    row(
        "VARA-LB-01", "Enough to meet lending clients' claims",
        "At all times there are enough virtual assets, each by itself, to meet what is due to lending clients.",
        "Lending II.A.1-2", _LENDING_PAGE, V, Primitive.COVERAGE,
        inputs={"held": "vara.lending.available", "owed": "vara.lending.due"},
        parameters={"ratio": Parameter(Fraction(1))}, applies=_LENDING,
        frequency="continuous", evidence="ledger of loans", clocks={"tell VARA": AT_ONCE},
        note="“At once” has no number; the clock ends with the day in Dubai.", **_PARTS,
    ),
    row(
        "VARA-LB-01b", "Collateral as agreed",
        "At all times collateral is posted as agreed.",
        "Lending II.A.1-2", _LENDING_PAGE, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.lending.collateral"}, applies=_LENDING,
        must=(Condition("posted", ">=", ".agreed"),),
        frequency="continuous", evidence="ledger of loans", clocks={"tell VARA": AT_ONCE}, **_PARTS,
    ),
    row(
        "VARA-LB-02", "Withdrawals within 24 hours",
        "Withdrawals are completed within 24 hours, failures of the ledger technology apart.",
        "Lending II.A.3", _LENDING_PAGE, V, Primitive.COMPLETENESS,
        inputs={"records": "withdrawals"}, parameters={"most": Parameter(hours(24))}, applies=_LENDING,
        must=(Condition("done", "in time", "@most", since="requested"),),
        frequency="each request", evidence="table of times",
        note="Failures of a chain are not told apart here: a late one stands as an exception, to be explained.",
        **_PARTS,
    ),
    row(
        "VARA-CU-01", "Custody only on instruction",
        "The custodian moves assets only on the client's explicit instruction.",
        "Custody III.A.3", _CUSTODY_PAGE, V, Primitive.COMPLETENESS,
        inputs={"records": "withdrawals"}, applies=_CUSTODY, must=(Condition("instructed", "is", "true"),),
        frequency="continuous", evidence="signed commands in the log", **_PARTS,
    ),
    row(
        "VARA-CU-01b", "The custodian is an entity of its own",
        "Custody is provided by a legal entity of its own.",
        "Custody III.B.5", _CUSTODY_PAGE, V, Primitive.CONTROLS,
        inputs={"records": "vara.controls"}, parameters={"required": Parameter(("separate legal entity for custody",))},
        applies=_CUSTODY, frequency="continuous", evidence="register of companies", **_PARTS,
    ),
    row(
        "VARA-CU-01c", "An independent director",
        "The custodian's board has at least one independent director.",
        "Custody I.A", _CUSTODY_PAGE, V, Primitive.FLOOR,
        inputs={"measured": "vara.custody.independent_directors"},
        parameters={"floor": Parameter(Fraction(1)), "unit": Parameter("directors")}, applies=_CUSTODY,
        frequency="continuous", evidence="register of directors", **_PARTS,
    ),
    row(
        "VARA-CU-02", "Collateral wallets only as licensed and instructed",
        "Collateral wallet services need express authorisation in the licence, and the client's instruction.",
        "Custody Part V", _COLLATERAL, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.collateral_wallets"}, applies=_CUSTODY,
        must=(Condition("licence", "present"), Condition("instruction", "present")),
        frequency="continuous", evidence="register of collateral wallets", **_PARTS,
    ),
    row(
        "VARA-CU-03", "No use of assets in custody",
        "Assets in custody are never lent, pledged or staked, whether or not the client would consent.",
        "Custody III.B.2", _STORAGE, V, Primitive.COMPLETENESS,
        inputs=none("encumbrances"), applies=_CUSTODY,
        frequency="continuous", evidence="register of encumbrances", read_at=READ_AGAIN, **_PARTS,
    ),
    row(
        "VARA-FR-01", "Own tokens are backed",
        "Reserve assets of an own fiat-referenced token are at least all of it in circulation, in its reference "
        "currency.",
        "Issuance FRVA III.B", _RESERVE, V, Primitive.CLIENT_MONEY,
        inputs={"held": "vara.frva.reserves", "owed": "vara.frva.circulation"},
        parameters={"ratio": Parameter(Fraction(1))}, applies=_ISSUANCE,
        frequency="continuous", evidence="statement of reserves", clocks={"tell VARA": AT_ONCE}, **_PARTS,
    ),
    row(
        "VARA-FR-01b", "What backs own tokens",
        "Reserve assets are cash, debt, repurchase agreements or short government money market funds, in the reference "
        "currency.",
        "Issuance FRVA III.B", _RESERVE, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.frva.holdings"},
        parameters={
            "instruments": Parameter(("cash", "debt", "repo", "money-market-fund")),
            "least": Parameter(Fraction(1), "holdings"),
        },
        applies=_ISSUANCE,
        must=(Condition("instrument", "in", "@instruments"), Condition("in_reference_currency", "is", "true")),
        frequency="continuous", evidence="statement of reserves", **_PARTS,
    ),
    row(
        "VARA-FR-01c", "Debt of at most 90 days",
        "Debt among the reserve assets has at most 90 days to run.",
        "Issuance FRVA III.B", _RESERVE, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.frva.holdings"}, parameters={"most": Parameter(Fraction(90), "days")},
        applies=_ISSUANCE, where=(Condition("instrument", "is", "debt"),),
        must=(Condition("days_left", "<=", "@most"),),
        frequency="continuous", evidence="statement of reserves", **_PARTS,
    ),
    row(
        "VARA-FR-01d", "Repurchase agreements of at most 7 days",
        "Repurchase agreements among the reserve assets have at most 7 days to run.",
        "Issuance FRVA III.B", _RESERVE, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.frva.holdings"}, parameters={"most": Parameter(Fraction(7), "days")},
        applies=_ISSUANCE, where=(Condition("instrument", "is", "repo"),),
        must=(Condition("days_left", "<=", "@most"),),
        frequency="continuous", evidence="statement of reserves", **_PARTS,
    ),
    row(
        "VARA-FR-01e", "Monthly audit of own tokens' reserve, in time",
        "Each month the reserve is audited independently, and the report submitted.",
        "Issuance FRVA III.D", _AUDITS, V, Primitive.DEADLINE,
        inputs={"filings": "vara.frva.audits", "since": "business.since"},
        parameters={"period": Parameter("month"), "due": Parameter(months(1), status=U)}, applies=_ISSUANCE,
        frequency="monthly", evidence="the auditor's report",
        note="No number of days was seen; one month is a placeholder by which a forgotten month is found.", **_PARTS,
    ),
    row(
        "VARA-FR-01f", "Monthly audit of own tokens' reserve, in form",
        "Each month's audit is independent, and has the management's attestation with it.",
        "Issuance FRVA III.D", _AUDITS, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.frva.audits"}, parameters={"least": Parameter(Fraction(1), "audits")},
        applies=_ISSUANCE,
        must=(Condition("independent", "is", "true"), Condition("management_attested", "is", "true")),
        frequency="monthly", evidence="the auditor's report", **_PARTS,
    ),
)  # fmt: skip
"""In the order of the rulebooks."""
