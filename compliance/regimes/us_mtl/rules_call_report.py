"""The NMLS MSB Call Report, form version 4: when it is due, what it holds, and how its values are made."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.regimes.us_mtl.terms import U1, S, Section, U, V, row
from compliance.rules import Condition, Parameter, Primitive, Rule

__all__ = ["DUE", "RULES"]

_LICENSED = (Condition("licences.us.states", "present"),)
_PARTS = {"section": Section.CALL_REPORT, "consequence": U1, "applies": _LICENSED, "frequency": "quarterly"}
_NMLS = "https://mortgage.nationwidelicensingsystem.org/slr/common/mlr/Pages/default.aspx"
_GUIDE = (
    "https://mortgage.nationwidelicensingsystem.org/knowledge/Products/nmls/pubs/ugCompState/licensing/msbCR/topics/"
)
_ANSWERS = "https://studyres.com/doc/12817774/msb-call-report-faqs"
_VERSION_4 = "https://infobytes.orrick.com/2024-08-16/msb-call-report-updates-effective-q3-reporting"
_FILED = {"records": "us.filings.msbcr"}
_FIRST, _V4 = date(2017, 4, 1), date(2024, 7, 1)
_LEAST = {"key": Parameter("period_end"), "least": Parameter(Fraction(1), "reports")}
_SINCE_V4 = Condition("period_end", ">=", "2024-09-30")
DUE: Final = (("03-31", "05-15"), ("06-30", "08-14"), ("09-30", "11-14"), ("12-31", "03-31"))
"""The end of each quarter and the day on which its report is due."""


def _held(*names: str) -> tuple[Condition, ...]:
    return tuple(Condition(name, "is", "true") for name in names)


def _none(*names: str) -> tuple[Condition, ...]:
    return tuple(Condition(name, "is", "0") for name in names)


RULES: Final[tuple[Rule, ...]] = (
    row(
        "US-CR-01", "Call reports in time",
        "The report of a calendar quarter is filed by 15 May, 14 August, 14 November and 31 March.",
        "NMLS, MSB Call Report, due dates", _NMLS, V, Primitive.DEADLINE,
        inputs={"filings": "us.filings.msbcr", "since": "business.since"},
        parameters={"period": Parameter("quarter"), "due_dates": Parameter(DUE), "calendar": Parameter("US")},
        version="2017", effective_from=_FIRST, evidence="receipt of NMLS",
        note="Some states ask earlier; the base rule is 45 days.", **_PARTS,
    ),
    row(
        "US-CR-02", "All sections are in it",
        "Financial condition, transactions of the firm, transactions of each licensed state, and permissible "
        "investments are in each report.",
        "NMLS user guide, report sections", _GUIDE + "msbCR_detail.html", V, Primitive.COMPLETENESS,
        inputs=_FILED, parameters=_LEAST,
        must=(
            *_held("financial_condition", "company_transactions", "permissible_investments"),
            Condition("states_filed", ">=", ".states_licensed"),
        ),
        version="2017", effective_from=_FIRST, evidence="the report", **_PARTS,
    ),
    row(
        "US-CR-02.2", "Destination countries with the fourth quarter",
        "The fourth quarter's report has the countries that money went to over the whole calendar year.",
        "NMLS user guide, section IV", _GUIDE + "msbCR_detail.html", V, Primitive.COMPLETENESS,
        inputs=_FILED, parameters={"key": Parameter("period_end")},
        where=(Condition("quarter", "is", "Q4"),), must=_held("destinations"),
        version="2017", effective_from=_FIRST, evidence="the report",
        note="Of a licensee without foreign transmissions it is true where the section says so.", **_PARTS,
    ),
    row(
        "US-CR-03", "Sections are submitted together, zeros too",
        "All sections are submitted at one time, and also for a quarter in which nothing happened.",
        "NMLS user guide, submission", _GUIDE + "msbCR_subrmission.html", V, Primitive.COMPLETENESS,
        inputs=_FILED, parameters=_LEAST, must=_held("together"),
        version="2017", effective_from=_FIRST, evidence="the report", **_PARTS,
    ),
    row(
        "US-CR-04", "The form's version and root",
        "The file's root names the year, the form version v4 and the quarter.",
        "NMLS XML specification, release 2024.8", _VERSION_4, S, Primitive.COMPLETENESS,
        inputs=_FILED, parameters={**_LEAST, "form": Parameter("v4")}, where=(_SINCE_V4,),
        must=(Condition("form_version", "is", "@form"),),
        version="v4", effective_from=_V4, evidence="the file, against the schema where one is at hand", **_PARTS,
    ),
    row(
        "US-CR-05", "Values are of their types",
        "Dollars are whole numbers of at most 13 digits, amounts of activity not below zero, percentages with two "
        "decimals, notes of at most 4,000 characters without <, > and %.",
        "NMLS XML specification, data types", _VERSION_4, S, Primitive.COMPLETENESS,
        inputs=_FILED, parameters=_LEAST, where=(_SINCE_V4,), must=_none("invalid_values"),
        version="v4", effective_from=_V4, evidence="the file's own check, in the pack", **_PARTS,
    ),
    row(
        "US-CR-06", "Every field of every group is present",
        "FC, TA, ST and PI fields stand in the order of the schema, each one present.",
        "NMLS XML specification, field groups", _VERSION_4, S, Primitive.COMPLETENESS,
        inputs=_FILED, parameters=_LEAST, where=(_SINCE_V4,), must=_none("missing_fields"),
        version="v4", effective_from=_V4, evidence="the file's own check, in the pack",
        note="The schema lets every field be left out; the portal asks for all of them, zeros included (US-CR-07).",
        **_PARTS,
    ),
    row(
        "US-CR-07", "A note explains every large other line",
        "The portal is given every transaction field, and a note where a line of others is large.",
        "NMLS completeness checks, as a filer met them", _VERSION_4, S, Primitive.COMPLETENESS,
        inputs=_FILED,
        parameters={**_LEAST, "other_share": Parameter(Fraction(1, 2), "of the subtotal", status=U)},
        where=(_SINCE_V4,), must=_none("missing_notes"),
        version="v4", effective_from=_V4, evidence="the file's own check, in the pack",
        note="From which share on is not known: 72 % of a subtotal was asked for in one case. The share here is our "
        "own.",
        **_PARTS,
    ),
    row(
        "US-CR-08", "Virtual currency at rates that can be shown",
        "Virtual currency is in US dollars at a generally accepted rate that the licensee can substantiate.",
        "NMLS answers to questions on the call report", _ANSWERS, S, Primitive.COMPLETENESS,
        inputs={"records": "prices"}, parameters={"least": Parameter(Fraction(1), "prices")},
        must=(Condition("source", "present"), Condition("price", ">", "0")),
        version="2017", effective_from=_FIRST, evidence="reference prices of the log, each with time and source",
        **_PARTS,
    ),
    row(
        "US-CR-09", "The licensee's own figures, by calendar quarter",
        "Figures are the licensee's with its subsidiaries, not its parent's, and by calendar quarters whatever the "
        "fiscal year.",
        "NMLS answers to questions on the call report", _ANSWERS, S, Primitive.COMPLETENESS,
        inputs=_FILED, parameters=_LEAST, must=_held("licensee_level", "calendar_quarter"),
        version="2017", effective_from=_FIRST, evidence="the accounts", **_PARTS,
    ),
)  # fmt: skip
"""In the order of the reference."""
