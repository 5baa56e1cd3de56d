"""Clients' instruments and funds with an investment firm: Delegated Directive (EU) 2017/593 articles 2 to 8."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.regimes.eu.rules_safeguarding import COVERAGE, RATIO
from compliance.regimes.eu.terms import E1, FIRM, LEAST, MIFID_FROM, TARGET, S, U, V, activity, row, years
from compliance.rules import Comparator, Condition, Parameter, Primitive, Rule

__all__ = ["MIFID_RULES"]

_SECTION: Final = "Safeguarding of clients' assets and funds"
_MIFID: Final = {"effective_from": MIFID_FROM, "section": _SECTION, "consequence": E1}
_HOLDS: Final = (FIRM, activity("client-assets"))

MIFID_RULES: Final[tuple[Rule, ...]] = (
    row(
        "EU-SAF-01",
        "Regular reconciliation",
        "The firm's records are compared with third parties' on each business day, and nothing stays unexplained.",
        "DD 2017/593 art. 2(1)(a)-(c)",
        "dd-593",
        V,
        Primitive.AGE,
        **_MIFID,
        applies=_HOLDS,
        inputs={"days": "reconciliations", "since": "business.since"},
        must=(Condition("unexplained", "is", "0"),),
        parameters={
            "calendar": Parameter(TARGET),
            "window": Parameter(
                Fraction(30),
                "days",
                U,
                "ours: the text says 'regular' and gives no number; daily is the UK's and usual practice",
            ),
        },
        frequency="regular",
        evidence="reconciliations kept by the ledger",
        note="The interval is for each Member State; the text itself has no daily duty.",
    ),
    row(
        "EU-SAF-01.2",
        "Clients' instruments are there",
        "Of each instrument that clients own, at least as many units are held for them.",
        "DD 2017/593 art. 2(1)(a)-(b)",
        "dd-593",
        V,
        Primitive.COVERAGE,
        **_MIFID,
        applies=_HOLDS,
        inputs=COVERAGE,
        parameters={"ratio": RATIO},
        frequency="continuous",
        evidence="the signed statement of the hour",
        note="The article asks that records tell each client's assets from others'; the ratio is our test of it.",
    ),
    row(
        "EU-SAF-02",
        "Clients' funds with a bank, under another title",
        "Each account with clients' funds is with a central bank, a credit institution, a bank of a third country or a "
        "qualifying money market fund, and apart from the firm's own.",
        "DD 2017/593 arts. 2(1)(d)-(e) and 4(1)",
        "dd-593",
        V,
        Primitive.COMPLETENESS,
        **_MIFID,
        applies=_HOLDS,
        inputs={"records": "eu.client_fund_accounts"},
        must=(Condition("place", "in", "@places"), Condition("separate", "is", "true")),
        parameters={
            "places": Parameter(
                ("central bank", "credit institution", "third-country bank", "qualifying money market fund")
            ),
            "least": LEAST,
        },
        frequency="continuous",
        evidence="the firm's list of accounts",
    ),
    row(
        "EU-SAF-02.2",
        "Cap on deposits within the group",
        "At most a fifth of clients' funds is with entities of the firm's own group.",
        "DD 2017/593 art. 4(3)",
        "dd-593",
        S,
        Primitive.SHARE,
        **_MIFID,
        applies=_HOLDS,
        inputs={"part": "eu.client_funds.group", "whole": "eu.client_funds.total"},
        parameters={
            "limit": Parameter(
                Fraction(20, 100), "EUR", S, "a Member State's transposition that was quoted; not the directive"
            ),
            "comparator": Parameter(Comparator.AT_MOST),
        },
        frequency="continuous",
        evidence="the firm's list of deposits",
        note="A firm may show that the cap is out of proportion for it; that is not judged here.",
    ),
    row(
        "EU-SAF-03",
        "No use of clients' instruments without consent",
        "Whatever is lent, pledged or used otherwise has the client's prior express consent.",
        "DD 2017/593 art. 5(1)-(2)",
        "dd-593-5",
        V,
        Primitive.COMPLETENESS,
        **_MIFID,
        applies=_HOLDS,
        inputs={"records": "encumbrances"},
        must=(Condition("consent", "present"),),
        frequency="continuous",
        evidence="register of encumbrances with the reference of each consent",
    ),
    row(
        "EU-SAF-04",
        "Yearly auditor's report on safeguarding",
        "An external auditor reports at least once a year on how clients' assets are safeguarded.",
        "DD 2017/593 art. 8",
        "dd-593",
        U,
        Primitive.AGE,
        **_MIFID,
        applies=_HOLDS,
        inputs={"last": "eu.safeguarding.audited"},
        parameters={"most": Parameter(years(1)), "warn_days": Parameter(Fraction(60), "days", U, "ours")},
        frequency="annual",
        evidence="the auditor's report, attached by its hash",
        note="The article was not read.",
    ),
)
