"""New York: 23 NYCRR 200, for a licensee of its virtual currency rules."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.regimes.us_mtl.rules_kind import KIND
from compliance.regimes.us_mtl.states import states_of
from compliance.regimes.us_mtl.terms import U3, S, Section, U, V, business_days, days, hours, row
from compliance.rules import Comparator, Condition, Parameter, Primitive, Rule, Scope

__all__ = ["FIELDS", "NY_CLASSES", "NY_CONTROLS", "RULES"]

_SINCE: Final = date(2015, 6, 24)
_NY = "US-NY"
_PART_200 = "https://nyrules.elaws.us/rule/title23_chapteri_part200_sec.200."
_GUIDANCE = "https://www.dfs.ny.gov/industry_guidance/industry_letters/il20230123_guidance_custodial_structures"
_PARTS = {
    "section": Section.NEW_YORK, "consequence": U3, "scope": Scope.STATE, "version": "2015", "effective_from": _SINCE,
}  # fmt: skip
_GUIDED = {**_PARTS, "version": "2023-01-23", "effective_from": date(2023, 1, 23)}
NY_CONTROLS: Final = (
    "omnibus accounts titled for the benefit of customers", "custody disclosed to customers",
    "trail from each customer to the omnibus set",
)  # fmt: skip
NY_CLASSES: Final = (
    "trade", "order", "general_ledger", "customer_ledger", "reconciliation", "client_statement", "minutes", "kyc",
    "travel_rule", "screening", "surveillance_case", "suspicion_report", "complaint",
)  # fmt: skip
FIELDS: Final = ("amount", "date", "time", "instruction", "fees", "names", "accounts", "address")
_SEVEN = tuple((name, Fraction(7)) for name in NY_CLASSES)

RULES: Final[tuple[Rule, ...]] = (
    row(
        "NY-CAP-01", "Capital by the superintendent's order",
        "Capital is at least what the superintendent set from assets, liabilities, volume, leverage and liquidity, in "
        "cash, virtual currency or high-grade liquid assets.",
        "23 NYCRR 200.8", _PART_200 + "8", V, Primitive.FLOOR,
        clocks={"tell the DFS (NY-REP-01.3)": days(0)},
        inputs={"measured": "us.ny.capital", "part": "us.ny.required_capital"},
        parameters={"formula": Parameter("parts"), "unit": Parameter("USD")},
        states=states_of("NY-CAP-01", _NY), frequency="at all times", evidence="report under 200.14",
        note="The amount is the order's own; the forms in which it is held are not judged.", **_PARTS,
    ),
    row(
        "NY-CUS-01", "Virtual currency of the same type and amount",
        "Virtual currency of the same type and amount as is owed to customers is held.",
        "23 NYCRR 200.9(b)", _PART_200 + "9", U, Primitive.COVERAGE,
        inputs=KIND, states=states_of("NY-CUS-01", _NY), frequency="at all times",
        evidence="signed statement of the hour; claims by state",
        note="The section was seen, its wording was not. Customers by where they lived on the day.", **_PARTS,
    ),
    row(
        "NY-CUS-02", "Customers' currency apart, on chain and in the books",
        "No address with customers' virtual currency has any other owner's in it; an omnibus set has only customers'.",
        "23 NYCRR 200.9(c); DFS guidance of 23 January 2023", _GUIDANCE, S, Primitive.COMPLETENESS,
        inputs={"none": "wallets.mixed"}, parameters={"key": Parameter("address")},
        states=states_of("NY-CUS-02", _NY), frequency="continuous", evidence="register of wallets in the statement",
        **_GUIDED,
    ),
    row(
        "NY-CUS-02.2", "Nothing is done with it but at the customer's direction",
        "Customers' virtual currency is not sold, lent, pledged or used otherwise but at their direction.",
        "23 NYCRR 200.9(c)", _GUIDANCE, S, Primitive.COMPLETENESS,
        inputs={"records": "encumbrances"}, must=(Condition("consent", "present"),),
        states=states_of("NY-CUS-02.2", _NY), frequency="continuous", evidence="register of encumbrances", **_GUIDED,
    ),
    row(
        "NY-CUS-02.3", "Omnibus accounts are titled, traced and disclosed",
        "An omnibus account is in the custodian's name as agent or trustee for customers, with a clear trail inside to "
        "each of them, and customers are told.",
        "DFS guidance of 23 January 2023", _GUIDANCE, S, Primitive.CONTROLS,
        inputs={"records": "us.controls"}, parameters={"required": Parameter(NY_CONTROLS)},
        states=states_of("NY-CUS-02.3", _NY), frequency="continuous", evidence="agreements and disclosures", **_GUIDED,
    ),
    row(
        "NY-REC-01", "Books and records for seven years",
        "Books and records are kept in their native form for at least seven years from their making.",
        "23 NYCRR 200.12", _PART_200 + "12", V, Primitive.RETENTION,
        inputs={"records": "retention"}, parameters={"years": Parameter(_SEVEN, "years")},
        states=states_of("NY-REC-01", _NY), frequency="continuous",
        evidence="archive, its chain and its restore drill", **_PARTS,
    ),
    row(
        "NY-REC-01.2", "Every transaction has its particulars",
        "Of each transaction are kept amount, date, precise time, instructions, fees, names, account numbers and "
        "physical addresses.",
        "23 NYCRR 200.12(a)(1)", _PART_200 + "12", V, Primitive.COMPLETENESS,
        inputs={"records": "record_fields"},
        parameters={"fields": Parameter(FIELDS), "least": Parameter(Fraction(len(FIELDS)), "fields")},
        where=(Condition("record", "is", "transaction"), Condition("field", "in", "@fields")),
        must=(Condition("lacking", "is", "0"),),
        states=states_of("NY-REC-01.2", _NY), frequency="continuous", evidence="counts over the ledger", **_PARTS,
    ),
    row(
        "NY-REP-01", "Quarterly financial statements in 45 days",
        "Financial statements of each quarter are submitted within 45 days of its end.",
        "23 NYCRR 200.14(a)", _PART_200 + "14", U, Primitive.DEADLINE,
        inputs={"filings": "us.ny.filings.quarterly", "since": "business.since"},
        parameters={"period": Parameter("quarter"), "due": Parameter(days(45), status=U)},
        states=states_of("NY-REP-01", _NY), frequency="quarterly", evidence="receipt of the DFS portal",
        note="The number of days was not seen in a text; fiscal quarters are taken as calendar quarters.", **_PARTS,
    ),
    row(
        "NY-REP-01.2", "Annual financial statements in 120 days",
        "Annual financial statements with an independent auditor's opinion are submitted within 120 days of the year's "
        "end.",
        "23 NYCRR 200.14(b)", _PART_200 + "14", U, Primitive.DEADLINE,
        inputs={"filings": "us.ny.filings.annual", "since": "business.since"},
        parameters={
            "period": Parameter("year"), "due": Parameter(days(120), status=U),
            "look_back": Parameter(Fraction(500), "days"),
        },
        states=states_of("NY-REP-01.2", _NY), frequency="annual", evidence="receipt of the DFS portal",
        note="The number of days was not seen in a text.", **_PARTS,
    ),
    row(
        "NY-REP-01.3", "The superintendent is told of breaches",
        "Breaches of law and of the capital requirement are notified as soon as they are found.",
        "23 NYCRR 200.14(c)-(d)", _PART_200 + "14", U, Primitive.COMPLETENESS,
        inputs={"records": "us.ny.notices"}, parameters={"most": Parameter(days(0), status=U)},
        must=(Condition("sent", "in time", "@most", since="detected"),),
        states=states_of("NY-REP-01.3", _NY), frequency="each event", evidence="notice to the DFS",
        note="No number was seen; read here as before the day ends in New York.", **_PARTS,
    ),
    row(
        "NY-AML-01", "Large days of virtual currency are told in 24 hours",
        "Where one person's virtual-currency transactions of one day come to more than 10,000 dollars and no currency "
        "report is due of them, the DFS is told within 24 hours.",
        "23 NYCRR 200.15(e)", _PART_200 + "15", U, Primitive.COMPLETENESS,
        inputs={"records": "us.ny.vc_days"},
        parameters={
            "threshold": Parameter(Fraction(10_000), "USD", status=U), "comparator": Parameter(Comparator.MORE),
            "most": Parameter(hours(24), status=U),
        },
        where=(Condition("value", "@comparator", "@threshold"), Condition("in_ctr", "is", "false")),
        must=(Condition("noticed_at", "in time", "@most", since="reached"),),
        states=states_of("NY-AML-01", _NY), frequency="daily", evidence="notice to the DFS",
        note="The wording was not read.", **_PARTS,
    ),
    row(
        "NY-AML-01.2", "Large days are looked for",
        "The detector of large days of virtual currency runs, and its alerts are decided.",
        "23 NYCRR 200.15", _PART_200 + "15", U, Primitive.SURVEILLANCE,
        inputs={"records": "detectors"},
        parameters={
            "required": Parameter(("AML-08",)), "every": Parameter(hours(24)), "decide": Parameter(business_days(1)),
        },
        states=states_of("NY-AML-01.2", _NY), frequency="daily", evidence="runs of the detector and its alerts",
        note="The wording was not read; how often it runs and how soon alerts are decided follows the 24 hours.",
        **_PARTS,
    ),
)  # fmt: skip
"""In the order of the part."""
