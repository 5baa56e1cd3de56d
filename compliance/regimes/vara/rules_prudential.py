"""Capital, liquidity, insurance and own exposure: Company VI."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.regimes.vara.terms import AT_ONCE, F3, READ_AGAIN, S, Section, U, V, row
from compliance.rules import Condition, Parameter, ParameterValue, Primitive, Rule

__all__ = ["CAPITAL", "RULES"]

_PART_VI, _LIQUID, _INSURANCE = "entiresection/107", "rulebook/c-net-liquid-assets", "rulebook/d-insurance"
_PARTS = {"section": Section.PRUDENTIAL, "consequence": F3}
_LICENSED = (Condition("vara.activities", "present"),)


def _line(activity: str, custodian: str, fixed: int, percent: int) -> tuple[Fraction | str, ...]:
    return activity, custodian, Fraction(fixed), Fraction(percent, 100)


CAPITAL: Final[ParameterValue] = (
    _line("advisory", "any", 100_000, 0),
    _line("broker-dealer", "yes", 400_000, 15),
    _line("broker-dealer", "no", 600_000, 25),
    _line("custody", "any", 600_000, 25),
    _line("exchange", "yes", 800_000, 15),
    _line("exchange", "no", 1_500_000, 25),
    _line("lending", "any", 500_000, 25),
    _line("management", "yes", 280_000, 15),
    _line("management", "no", 500_000, 25),
    _line("transfer", "any", 500_000, 25),
)
"""Activity, whether custody is with a licensed firm, fixed amount in AED, share of fixed yearly overheads."""

RULES: Final[tuple[Rule, ...]] = (
    row(
        "VARA-CAP-01", "Paid-up capital",
        "Paid-up capital is for each activity the higher of a fixed amount and a share of fixed yearly overheads; for "
        "several activities the amount of each is held.",
        "Company VI.B.1-2", _PART_VI, V, Primitive.FLOOR,
        inputs={
            "measured": "vara.capital.paid_up", "activities": "vara.activities", "overheads": "vara.overheads.fixed",
            "custodian": "vara.custodian_licensed",
        },
        parameters={
            "formula": Parameter("fixed-or-share"), "table": Parameter(CAPITAL, "AED"), "unit": Parameter("AED"),
            "several_activities": Parameter("sum", status=S),
        },
        applies=_LICENSED, frequency="at all times", evidence="accounts; quarterly statement of financial requirements",
        clocks={"tell VARA (VARA-CAP-04)": AT_ONCE},
        note="The sentence on several activities was cut where it was read, after “for eac[h]”. Issuance has amounts "
        "of its own in its rulebook, which are not in this table.",
        **_PARTS,
    ),
    row(
        "VARA-CAP-02", "Net liquid assets of 1.2 months' expenses",
        "Liquid assets exceed current liabilities, with the agreed part of operational exposure among them, by at "
        "least 1.2 times the operating expenses of a month.",
        "Company VI.C.1-2", _LIQUID, V, Primitive.FLOOR,
        inputs={
            "measured": "vara.liquid_assets", "base": "vara.expenses.monthly",
            "liabilities": "vara.liabilities.current",
            "exposure": "vara.exposure.in_liabilities",
        },
        parameters={
            "formula": Parameter("liabilities-and-multiple"), "factor": Parameter(Fraction(12, 10)),
            "unit": Parameter("AED"),
        },
        frequency="at all times, reported monthly", evidence="daily workpaper",
        clocks={"tell VARA (VARA-CAP-04)": AT_ONCE}, read_at=READ_AGAIN,
        note="Only cash, cash equivalents and fully backed tokens referencing USD, or AED as approved, are eligible. "
        "Secondary pages name fixed floors in AED by licence; they are not in the rulebook's text.",
        **_PARTS,
    ),
    row(
        "VARA-CAP-02b", "Net liquid assets are reconciled daily",
        "Net liquid assets are reconciled every day, and stand at their floor or above it.",
        "Company VI.C.3", _LIQUID, V, Primitive.AGE,
        inputs={"days": "vara.net_liquid_days", "since": "business.since"},
        parameters={"calendar": Parameter("ALL"), "window": Parameter(Fraction(31), "days")},
        must=(Condition("net_liquid_assets", ">=", ".floor"),),
        frequency="daily", evidence="daily workpaper", read_at=READ_AGAIN, **_PARTS,
    ),
    row(
        "VARA-CAP-03", "Insurance of the three kinds",
        "There is professional indemnity, directors' and officers', and commercial crime insurance for assets in hot "
        "wallets, adequate to the business.",
        "Company VI.D.1", _INSURANCE, V, Primitive.CONTROLS,
        inputs={"records": "vara.insurance"},
        parameters={
            "required": Parameter(
                ("professional indemnity", "directors and officers", "commercial crime for hot wallets")
            )
        },
        frequency="at all times", evidence="register of policies", read_at=READ_AGAIN,
        note="What else VARA stipulates in the licence is not known here. Whether cover is adequate is not judged: the "
        "pack shows the crime cover beside the value in hot wallets.",
        **_PARTS,
    ),
    row(
        "VARA-CAP-03b", "Cover runs, with regulated insurers",
        "Each policy is in force today and with a regulated insurer.",
        "Company VI.D.1-2", _INSURANCE, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.insurance"},
        parameters={"key": Parameter("name"), "least": Parameter(Fraction(1), "policies")},
        where=(Condition("in_place", "is", "true"),),
        must=(Condition("regulated_insurer", "is", "true"), Condition("until", ">=", "@today")),
        frequency="at all times", evidence="register of policies", read_at=READ_AGAIN, **_PARTS,
    ),
    row(
        "VARA-CAP-04", "VARA is told of prudential breaches at once",
        "VARA is told at once when a prudential floor is or may be breached.",
        "Company VI, notifications", _PART_VI, U, Primitive.COMPLETENESS,
        inputs={"records": "vara.notices"},
        parameters={
            "subjects": Parameter(("capital", "net liquid assets", "insurance", "reserve assets")),
            "most": Parameter(AT_ONCE, status=U),
        },
        where=(Condition("subject", "in", "@subjects"),),
        must=(Condition("sent", "in time", "@most", since="detected"),),
        frequency="each event", evidence="letter of notice",
        note="Neither the text nor a number of hours was seen.", **_PARTS,
    ),
    row(
        "VARA-RPT-01", "Operational exposure is tracked daily",
        "The firm's own exposure to virtual assets, funds for margin trading among it, is computed every day.",
        "Company, operational exposure", "node/240", U, Primitive.AGE,
        inputs={"days": "vara.exposure_days", "since": "business.since"},
        parameters={"calendar": Parameter("ALL"), "window": Parameter(Fraction(31), "days")},
        must=(Condition("total", "present"), Condition("total", ">=", ".own")),
        frequency="daily, reported monthly", evidence="daily workpaper",
        note="The definition was not seen; the margin rules refer to it.", **_PARTS,
    ),
)  # fmt: skip
"""In the order of the rulebook."""
