"""FinCEN, records, sanctions and Form 1099-DA: 31 CFR 1010 and 1022, 31 CFR 501, 26 USC 6045."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.regimes.us_mtl.terms import (
    MSB,
    OFAC,
    TAX,
    U2,
    S,
    Section,
    U,
    V,
    business_days,
    days,
    hours,
    row,
    years,
)
from compliance.rules import Comparator, Condition, Parameter, ParameterValue, Primitive, Rule

__all__ = ["BSA_CLASSES", "MONITORS", "OFAC_CLASSES", "RULES", "YEAR_DUE"]

_CFR = "https://www.ecfr.gov/current/title-31/subtitle-B/chapter-X/"
_SAR = "https://www.fincen.gov/resources/statutes-regulations/guidance"
_TRAVEL = "https://www.frrsdigital.com/regulations/31-cfr-1010.410"
_KEPT = "https://omb.report/omb/1506-0058"
_REGISTER = "https://kelman.law/insights/fincen-msb-registration/"
_OFAC_OLD, _OFAC_NEW = "https://www.govregs.com/regulations/title31_chapterV_part501", "https://ofac.treasury.gov/"
_IRS = "https://www.irs.gov/instructions/i1099da"
_FEDERAL = {"section": Section.FEDERAL, "consequence": U2, "applies": MSB, "version": "31 CFR"}
_BSA_SINCE, _OFAC_SINCE = date(2011, 3, 1), date(1997, 8, 25)
_OFAC_TEN, _OFAC_FIVE_LAST = date(2025, 3, 12), date(2025, 3, 11)
_SANCTIONS = {"section": Section.OFAC, "consequence": OFAC, "applies": MSB, "version": "31 CFR 501"}
_TAXES = {"section": Section.TAX, "consequence": TAX, "applies": MSB}
BSA_CLASSES: Final = (
    "trade", "kyc", "travel_rule", "customer_ledger", "surveillance_case", "suspicion_report",
)  # fmt: skip
OFAC_CLASSES: Final = ("trade", "screening")
MONITORS: Final = ("AML-02", "AML-03", "AML-04", "AML-05", "AML-06", "AML-07")
"""Detectors that look for what a report may be due of; structuring (AML-01) has a rule of its own."""
YEAR_DUE: Final = {
    "period": Parameter("year"), "calendar": Parameter("US"), "look_back": Parameter(Fraction(500), "days")
}  # fmt: skip


def _kept(names: tuple[str, ...], count: int) -> ParameterValue:
    return tuple((name, Fraction(count)) for name in names)


def _run(names: tuple[str, ...]) -> dict[str, Parameter]:
    return {"required": Parameter(names), "every": Parameter(hours(24)), "decide": Parameter(business_days(5))}


_OWN_CLOCKS = "How often detectors run, and how soon alerts are decided, are our own choice: no number is in the rule."

RULES: Final[tuple[Rule, ...]] = (
    row(
        "US-SAR-01", "Suspicious activity is reported in 30 days",
        "Suspicious transactions of 2,000 dollars or more, in one or together, are reported within 30 calendar days "
        "from when they were detected.",
        "31 CFR 1022.320", _SAR, V, Primitive.COMPLETENESS,
        inputs={"records": "cases"},
        parameters={
            "threshold": Parameter(Fraction(2000), "USD", status=U), "comparator": Parameter(Comparator.AT_LEAST),
            "most": Parameter(days(30)),
        },
        where=(
            Condition("kind", "is", "money laundering"), Condition("state", "is not", "dismissed"),
            Condition("amount_usd", "@comparator", "@threshold"),
        ),
        must=(Condition("filed", "in time", "@most", since="detected"),),
        effective_from=_BSA_SINCE, frequency="each event", evidence="BSA identifier of the SAR",
        note="The 30 days were read, the 2,000 dollars were not seen in a text. Surveillance makes drafts; people file "
        "them.",
        **_FEDERAL,
    ),
    row(
        "US-SAR-01.2", "Detectors look for what must be reported",
        "Activity is monitored so that suspicious transactions are found: rapid in and out, fan-in and fan-out, broken "
        "dormancy, round trips, shared instruments, exposure to tagged addresses.",
        "31 CFR 1022.320", _SAR, V, Primitive.SURVEILLANCE,
        inputs={"records": "detectors"}, parameters=_run(MONITORS), effective_from=_BSA_SINCE, frequency="daily",
        evidence="runs of detectors and their alerts", note=_OWN_CLOCKS, **_FEDERAL,
    ),
    row(
        "US-CTR-01", "Currency transactions are reported in 15 days",
        "Cash in, or cash out, of more than 10,000 dollars by one person on one business day, added up, is reported "
        "within 15 calendar days.",
        "31 CFR 1010.311, .313, .306", _CFR + "part-1010/subpart-C/section-1010.311", V, Primitive.COMPLETENESS,
        inputs={"records": "us.cash_days"},
        parameters={
            "threshold": Parameter(Fraction(10_000), "USD", status=U), "comparator": Parameter(Comparator.MORE),
            "most": Parameter(days(15), status=U),
        },
        where=(Condition("amount", "@comparator", "@threshold"),),
        must=(Condition("filed_at", "in time", "@most", since="day"),),
        effective_from=_BSA_SINCE, frequency="each business day", evidence="BSA identifier of the CTR",
        note="Only the headings were read. It is about currency: virtual currency alone is none, and its days are "
        "New York's (NY-AML-01). In and out are not set off.",
        **_FEDERAL,
    ),
    row(
        "US-STR-01", "Structuring is looked for",
        "Nobody may break up transactions so that no currency report is made; the detector of structuring runs, and "
        "its alerts are decided.",
        "31 CFR 1010.314", _CFR + "part-1010/subpart-C/section-1010.314", V, Primitive.SURVEILLANCE,
        inputs={"records": "detectors"}, parameters=_run(("AML-01",)), effective_from=_BSA_SINCE, frequency="daily",
        evidence="runs of the detector and its alerts", note="The heading was read. " + _OWN_CLOCKS, **_FEDERAL,
    ),
    row(
        "US-TR-01", "Data travel with transmittals of 3,000 dollars",
        "Of each transmittal of 3,000 dollars or more, name, address, amount, date, instructions, recipient's data and "
        "institution are kept and passed on.",
        "31 CFR 1010.410(e)-(f)", _TRAVEL, V, Primitive.COMPLETENESS,
        inputs={"records": "transfers"},
        parameters={"threshold": Parameter(Fraction(3000), "USD"), "comparator": Parameter(Comparator.AT_LEAST)},
        where=(Condition("value_usd", "@comparator", "@threshold"),), must=(Condition("complete", "is", "true"),),
        effective_from=_BSA_SINCE, frequency="each transfer", evidence="travel rule log",
        note="3,000 and more, unlike Dubai's more than. A proposal of 2020 to lower it to 250 dollars across the "
        "border was not adopted as far as was seen.",
        **_FEDERAL,
    ),
    row(
        "US-REC-01", "Bank Secrecy Act records for five years",
        "Records that the act asks for are kept for five years.",
        "31 CFR 1010.430", _KEPT, V, Primitive.RETENTION,
        inputs={"records": "retention"}, parameters={"years": Parameter(_kept(BSA_CLASSES, 5), "years")},
        effective_from=_BSA_SINCE, frequency="continuous", evidence="archive, its chain and its restore drill",
        **_FEDERAL,
    ),
    row(
        "US-REG-01", "Registration with FinCEN is renewed",
        "A money services business registers with FinCEN and renews every two years.",
        "31 CFR 1022.380", _REGISTER, S, Primitive.AGE,
        inputs={"last": "us.fincen.period_before"},
        parameters={"most": Parameter(years(2), status=U), "warn_days": Parameter(Fraction(120), "days")},
        effective_from=_BSA_SINCE,
        frequency="every two years",
        evidence="Form 107, acknowledged",
        note="Two years were seen, in a secondary text. That a period is two calendar years, and is renewed by the "
        "last day of the second, is taken as the stricter reading and was not seen.",
        **_FEDERAL,
    ),
    row(
        "US-OFAC-01", "Blocked and rejected property is reported in ten business days",
        "What is blocked, and what is rejected, is reported within ten business days.",
        "31 CFR 501.603, 501.604", _OFAC_NEW, U, Primitive.COMPLETENESS,
        inputs={"records": "us.ofac.reports"}, parameters={"most": Parameter(business_days(10), status=U)},
        must=(Condition("reported_at", "in time", "@most", since="acted_at"),),
        effective_from=_OFAC_SINCE, frequency="each event", evidence="acknowledgement of the report",
        note="The number was not seen in a text.", **_SANCTIONS,
    ),
    row(
        "US-OFAC-01.2", "Everyone is screened, and hits are decided",
        "Customers are screened when they are taken on and when lists change, and both sides of each transfer, listed "
        "addresses among them; no hit stays open.",
        "31 CFR 501", _OFAC_NEW, U, Primitive.COMPLETENESS,
        inputs={"records": "screening"},
        parameters={
            "occasions": Parameter(("onboarding", "list-change", "transfer")),
            "least": Parameter(Fraction(3), "occasions"),
        },
        where=(Condition("occasion", "in", "@occasions"),),
        must=(Condition("screened", ">=", ".subjects"), Condition("open_hits", "is", "0")),
        effective_from=_OFAC_SINCE, frequency="each event", evidence="screening log with lists' hashes",
        note="No text sets occasions; they are what liability without fault comes to.", **_SANCTIONS,
    ),
    row(
        "US-OFAC-01.3", "Annual report of blocked property",
        "Blocked property is reported each year by 30 September.",
        "31 CFR 501.603", _OFAC_NEW, U, Primitive.DEADLINE,
        inputs={"filings": "us.ofac.annual", "since": "business.since"},
        parameters={**YEAR_DUE, "due_dates": Parameter((("12-31", "09-30"),), status=U)},
        effective_from=_OFAC_SINCE, frequency="annual", evidence="acknowledgement of the report",
        note="The day was not seen in a text. A firm that holds no blocked property states its report as filed on the "
        "day it established that.",
        **_SANCTIONS,
    ),
    row(
        "US-OFAC-01.4", "Sanctions records for five years",
        "Records of transactions are kept for five years.",
        "31 CFR 501.601", _OFAC_OLD, V, Primitive.RETENTION,
        inputs={"records": "retention"}, parameters={"years": Parameter(_kept(OFAC_CLASSES, 5), "years")},
        effective_from=_OFAC_SINCE, effective_to=_OFAC_FIVE_LAST, frequency="continuous",
        evidence="archive, its chain and its restore drill", **_SANCTIONS,
    ),
    row(
        "US-OFAC-01.4", "Sanctions records for ten years",
        "Records of transactions are kept for ten years.",
        "31 CFR 501.601 as amended", _OFAC_NEW, U, Primitive.RETENTION,
        inputs={"records": "retention"}, parameters={"years": Parameter(_kept(OFAC_CLASSES, 10), "years", status=U)},
        effective_from=_OFAC_TEN, frequency="continuous", evidence="archive, its chain and its restore drill",
        note="Neither the amended text nor its first day was read.", **{**_SANCTIONS, "version": "2025"},
    ),
    row(
        "US-TAX-01", "Forms 1099-DA are filed with the IRS",
        "Custodial brokers report each year's sales of digital assets by 31 March of the next one.",
        "26 USC 6045; instructions to Form 1099-DA", _IRS, S, Primitive.DEADLINE,
        inputs={"filings": "us.tax.1099da", "since": "business.since"},
        parameters={**YEAR_DUE, "due_dates": Parameter((("12-31", "03-31"),))},
        version="2025", effective_from=date(2026, 1, 1), frequency="annual", evidence="acknowledgement of the IRS",
        note="The first year is that of the sales of 2025. On paper the day is 28 February.", **_TAXES,
    ),
    row(
        "US-TAX-01.2", "Customers have their Form 1099-DA",
        "Each customer has the statement of the year's sales by 17 February.",
        "26 USC 6045; instructions to Form 1099-DA", _IRS, S, Primitive.DEADLINE,
        inputs={"filings": "us.tax.1099da.sent", "since": "business.since"},
        parameters={**YEAR_DUE, "due_dates": Parameter((("12-31", "02-17"),))},
        version="2025", effective_from=date(2026, 1, 1), frequency="annual", evidence="log of statements sent",
        note="17 February 2026 is the day for 2025; of later years the day was not seen.", **_TAXES,
    ),
    row(
        "US-TAX-01.3", "Gross proceeds, with the code of each token",
        "Each form has gross proceeds, and the token's identifier (DTI) in box 1a, 999999999 for one without.",
        "26 USC 6045; instructions to Form 1099-DA, sales of 2025", _IRS, S, Primitive.COMPLETENESS,
        inputs={"records": "us.tax.1099da"},
        parameters={"key": Parameter("period_end"), "least": Parameter(Fraction(1), "years")},
        must=(Condition("without_dti", "is", "0"),),
        version="2025", effective_from=date(2026, 1, 1), effective_to=date(2026, 12, 31), frequency="annual",
        evidence="rows of lots disposed of",
        note="Amounts under which nothing is reported (10,000 and 600 dollars) are unverified and not used.", **_TAXES,
    ),
    row(
        "US-TAX-01.3", "Gross proceeds and basis, with the code of each token",
        "Each form has gross proceeds and the token's identifier, and of assets acquired from 2026 on and kept in "
        "custody the basis too.",
        "26 USC 6045; instructions to Form 1099-DA, sales of 2026", _IRS, S, Primitive.COMPLETENESS,
        inputs={"records": "us.tax.1099da"},
        parameters={"key": Parameter("period_end"), "least": Parameter(Fraction(1), "years")},
        must=(Condition("without_dti", "is", "0"), Condition("covered_without_basis", "is", "0")),
        version="2026", effective_from=date(2027, 1, 1), frequency="annual", evidence="rows of lots disposed of",
        **_TAXES,
    ),
)  # fmt: skip
"""In the order of the reference."""
