"""Margin and derivatives, transfers, suspicion, unfair acts: CAO 25; FIEA; APTCP."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.calendars import Clock, Unit
from compliance.regimes.jfsa.terms import J1, S, Section, U, V, business_days, hours, row
from compliance.rules import Comparator, Condition, Parameter, Primitive, Rule

__all__ = ["DETECTORS", "RULES"]

DETECTORS: Final = tuple(f"MA-{number:02d}" for number in range(1, 13))
_MARGIN = (Condition("jfsa.margin_offered", "is", "true"),)
_DERIVATIVES = (Condition("jfsa.derivatives_offered", "is", "true"),)
_PARTS = {"section": Section.MARGIN}
_HALF: Final = Parameter(Fraction(50, 100))
_AT_LEAST: Final = Parameter(Comparator.AT_LEAST)
_INDIVIDUAL, _CORPORATE = Condition("person", "is", "individual"), Condition("person", "is", "corporate")
_DEPOSIT = {"exposure": Parameter("deposit"), "base": Parameter("value"), "comparator": _AT_LEAST}
_DER = "https://taurus-financial.com/news20210205"
_FINWIKI = "https://finwiki-lemon.vercel.app/en/exchanges/jp-vasp-aml-travel-rule-implementation/"
_LAUNDERING = Condition("kind", "is", "money laundering")

RULES: Final[tuple[Rule, ...]] = (
    row(
        "JP-MARG-01", "Individuals deposit half of a margin trade",
        "An individual's deposit is at least 50 % of the value of the trade, else there is no new credit and no "
        "continuation.",
        "CAO 25 item 1", "cao-25", V, Primitive.LEVERAGE,
        inputs={"records": "jfsa.margin.trades"}, parameters={"limit": _HALF, **_DEPOSIT},
        applies=_MARGIN, where=(_INDIVIDUAL,),
        frequency="each order, continuous", evidence="margin report",
        note="The number of the paragraph was not shown.", **_PARTS,
    ),
    row(
        "JP-MARG-02", "Corporates deposit by the risk assumption ratio",
        "A corporate's deposit is at least the trade's value times the crypto risk assumption ratio of the asset.",
        "CAO 25 item 2", "cao-25", V, Primitive.LEVERAGE,
        inputs={"records": "jfsa.margin.trades"}, parameters={"limit_field": Parameter("risk_ratio"), **_DEPOSIT},
        applies=_MARGIN, where=(_CORPORATE, Condition("risk_ratio", "present")),
        frequency="each order", evidence="table of ratios", **_PARTS,
    ),
    row(
        "JP-MARG-02b", "Corporates without a ratio deposit half",
        "Where the firm does not use the ratio, a corporate's deposit is at least 50 % of the value of the trade.",
        "CAO 25 item 2", "cao-25", V, Primitive.LEVERAGE,
        inputs={"records": "jfsa.margin.trades"}, parameters={"limit": _HALF, **_DEPOSIT},
        applies=_MARGIN, where=(_CORPORATE, Condition("risk_ratio", "absent")),
        frequency="each order", evidence="margin report", **_PARTS,
    ),
    row(
        "JP-MARG-02c", "Risk assumption ratios are fresh",
        "Ratios are set again by the FSA's method, weekly in practice.",
        "CAO 25 item 2; FSA notice", "cao-25", U, Primitive.COMPLETENESS,
        inputs={"records": "jfsa.risk_ratios"},
        parameters={"most": Parameter(Clock(7, Unit.CALENDAR_DAYS, "JP"), status=U)},
        applies=_MARGIN, must=(Condition("replaced_on", "in time", "@most", since="set_on"),),
        frequency="weekly", evidence="table of ratios", note="The week is practice, and unverified.", **_PARTS,
    ),
    row(
        "JP-MARG-03", "Loss cuts at the agreed level",
        "When an individual's loss reaches the agreed level, the position is closed; the formula is agreed before, and "
        "systems run it.",
        "CAO 25 item 3", "cao-25", V, Primitive.COMPLETENESS,
        inputs={"records": "jfsa.loss_cuts"}, parameters={"most": Parameter(hours(1), status=U)}, applies=_MARGIN,
        must=(Condition("agreed", "is", "true"), Condition("liquidated", "in time", "@most", since="triggered")),
        frequency="continuous", evidence="log of loss cuts",
        note="The text names no time; one hour is this toolkit's own limit by which a forgotten one is found.",
        **_PARTS,
    ),
    row(
        "JP-DER-01", "Derivatives of individuals at most 2 to 1",
        "An individual's notional over the counter is at most twice the margin.",
        "FIEA; FIB CAO 117", _DER, S, Primitive.LEVERAGE,
        inputs={"records": "jfsa.derivatives"},
        parameters={"limit": Parameter(Fraction(2)), "exposure": Parameter("notional"), "base": Parameter("margin")},
        applies=_DERIVATIVES, where=(_INDIVIDUAL,),
        frequency="each order", evidence="margin report", **_PARTS,
    ),
    row(
        "JP-DER-01b", "Derivatives of corporates by the risk ratio",
        "A corporate's margin is at least the notional times the risk ratio of the asset.",
        "FIEA; FIB CAO 117", _DER, S, Primitive.LEVERAGE,
        inputs={"records": "jfsa.derivatives"},
        parameters={
            "limit_field": Parameter("risk_ratio"), "exposure": Parameter("margin"), "base": Parameter("notional"),
            "comparator": _AT_LEAST,
        },
        applies=_DERIVATIVES, where=(_CORPORATE,),
        frequency="each order", evidence="margin report and table of ratios", **_PARTS,
    ),
    row(
        "JP-DER-01c", "Type I registration for derivatives",
        "Who offers crypto derivatives over the counter is registered for type I financial instruments business.",
        "FIEA", _DER, S, Primitive.CONTROLS,
        inputs={"records": "jfsa.controls"},
        parameters={"required": Parameter(("type I financial instruments business registration",))},
        applies=_DERIVATIVES, frequency="continuous", evidence="register of the FSA", **_PARTS,
    ),
    row(
        "JP-TR-01", "Travel rule data with transfers to other providers",
        "With each transfer of crypto to a provider in a designated jurisdiction go the data of originator and "
        "beneficiary.",
        "APTCP 10-5", "https://notabene.id/world/japan", U, Primitive.COMPLETENESS,
        inputs={"records": "transfers"},
        parameters={"threshold": Parameter(Fraction(0), "JPY", U), "comparator": _AT_LEAST},
        where=(
            Condition("direction", "is", "out"), Condition("self_hosted", "is", "false"),
            Condition("value_jpy", "@comparator", "@threshold"),
        ),
        must=(Condition("complete", "is", "true"),), effective_from=date(2023, 6, 1), version="APTCP 2023-06-01",
        frequency="each transfer", evidence="travel rule log (IVMS101)", section=Section.CONDUCT,
        consequence="Orders under the APTCP; criminal penalty for breach of an order (secondary source).",
        note="The first day is from a secondary source. On the amount sources differ: none, JPY 100,000, USD 3,000; "
        "none is kept here. The list of designated jurisdictions is not used: every provider counts.",
    ),
    row(
        "JP-AML-01", "Suspicious transactions are reported",
        "Suspicious transactions are reported to JAFIC.",
        "APTCP 8", _FINWIKI, S, Primitive.COMPLETENESS,
        inputs={"records": "cases"}, parameters={"most": Parameter(business_days(5), status=U)},
        where=(_LAUNDERING, Condition("state", "is not", "dismissed")),
        must=(Condition("filed", "in time", "@most", since="detected"),),
        frequency="event", evidence="JAFIC's receipt", section=Section.CONDUCT,
        consequence="Administrative measures under the APTCP (secondary source).",
        note="No number of days was seen; five business days are this toolkit's own limit. The article is unverified.",
    ),
    row(
        "JP-AML-01b", "Records of verification and transactions for seven years",
        "Records of the verification of clients and of transactions are kept for seven years.",
        "APTCP 6, 7", _FINWIKI, S, Primitive.RETENTION,
        inputs={"records": "retention"},
        parameters={"years": Parameter((("kyc", Fraction(7)), ("trade", Fraction(7))), "years")},
        frequency="continuous", evidence="archive, its chain and its restore drill", section=Section.CONDUCT,
        consequence="Administrative measures under the APTCP (secondary source).", note="The articles are unverified.",
    ),
    row(
        "JP-MA-01", "The market is watched for unfair acts",
        "Unfair acts, rumours and manipulation in crypto trading are banned; the market is watched for them.",
        "FIEA 185-22 to 185-24", "https://laws.e-gov.go.jp/law/323AC0000000025", U, Primitive.SURVEILLANCE,
        inputs={"records": "detectors"},
        parameters={
            "required": Parameter(DETECTORS), "every": Parameter(hours(24), status=U),
            "decide": Parameter(business_days(5), status=U),
        },
        frequency="continuous", evidence="runs and alerts of surveillance", section=Section.CONDUCT,
        consequence="Criminal penalties (unverified). " + J1,
        note="The numbers of the articles are unverified. Detectors and their times are this toolkit's choice.",
    ),
)  # fmt: skip
"""In the order of the acts."""
