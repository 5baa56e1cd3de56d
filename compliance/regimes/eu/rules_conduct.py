"""Client statements, and CFDs for retail clients."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.regimes.eu.terms import (
    CFD,
    CUSTODY,
    E1,
    E3,
    EXACT,
    FIRM,
    LEAST,
    MICA_FROM,
    MIFID_FROM,
    S,
    U,
    V,
    activity,
    business_days,
    months,
    row,
)  # fmt: skip
from compliance.rules import Comparator, Condition, Parameter, Primitive, Rule

__all__ = ["CFD_LIMITS", "CONDUCT_RULES"]

_STATEMENTS: Final = "Client statements"
_CFD: Final = "Margin and CFDs"

CFD_LIMITS: Final = (
    ("major-fx", Fraction(30)),
    ("minor-fx-gold-major-index", Fraction(20)),
    ("other-commodity-index", Fraction(10)),
    ("share-or-other", Fraction(5)),
    ("crypto", Fraction(2)),
)
"""Notional over initial margin, by what the CFD is on."""


def _statements(
    rule_id: str, title: str, requirement: str, citation: str, text: str, status: object, **more: object
) -> Rule:
    assert status in (V, U)
    return row(
        rule_id,
        title,
        requirement,
        citation,
        text,
        V if status is V else U,
        Primitive.STATEMENTS,
        section=_STATEMENTS,
        inputs={"statements": "statements.quarterly", "since": "business.since"},
        parameters={
            "period": Parameter("quarter"),
            "due": Parameter(months(1), "", U, "ours: the text gives the interval and no days to prepare it"),
        },
        frequency="quarterly",
        evidence="register of statements, with the hash of each",
        **more,
    )


def _cfd_leverage(version: str, citation: str, first: date, last: date | None, note: str) -> Rule:
    return row(
        "EU-CFD-01",
        "Leverage of retail clients when they open a CFD",
        "Initial margin is at least the notional over the limit of its class: 2:1 for crypto-assets.",
        citation,
        "cfd",
        S,
        Primitive.LEVERAGE,
        version=version,
        effective_from=first,
        effective_to=last,
        section=_CFD,
        consequence=E1,
        applies=CFD,
        inputs={"records": "eu.cfd.openings"},
        parameters={
            "exposure": Parameter("notional"),
            "base": Parameter("margin"),
            "limits": Parameter(CFD_LIMITS, "of initial margin"),
            "warn_below": EXACT,
            "comparator": Parameter(Comparator.AT_MOST),
        },
        frequency="each opening",
        evidence="margin asked for beside notional, from the margin engine",
        note=note,
    )


CONDUCT_RULES: Final[tuple[Rule, ...]] = (
    _statements(
        "EU-STM-01",
        "Quarterly statement of instruments and funds",
        "Each client has a statement of instruments and funds at least every quarter, with the part that was lent.",
        "DR 2017/565 art. 63",
        "dr-565-63",
        V,
        effective_from=MIFID_FROM,
        consequence=E1,
        applies=(FIRM, activity("client-assets")),
    ),
    _statements(
        "EU-CUS-02",
        "Statement of position every three months",
        "Each client has an electronic statement of assets, balance, value and transfers at least every three months.",
        "MiCA art. 75(5)",
        "mica-75",
        U,
        effective_from=MICA_FROM,
        consequence=E3,
        applies=CUSTODY,
        note="The paragraph was not read. Statements on request are not judged: the text gives no days.",
    ),
    row(
        "EU-STM-02",
        "Retail clients are told of each fall by a tenth",
        "When a leveraged position has lost a further tenth of its first value, the client is told that "
        "business day, or "
        "by the end of the next one if it was none.",
        "DR 2017/565 art. 62(2)",
        "dr-565-62",
        V,
        Primitive.COMPLETENESS,
        effective_from=MIFID_FROM,
        section=_STATEMENTS,
        consequence=E1,
        applies=(activity("leveraged-retail"),),
        inputs={"records": "eu.depreciations"},
        must=(Condition("told", "in time", "@due", "crossed"),),
        parameters={"due": Parameter(business_days(0), "", U, "business days are TARGET's here")},
        frequency="daily",
        evidence="valuations, and the notice of each crossing",
    ),
    _cfd_leverage(
        "ESMA",
        "ESMA Decision (EU) 2018/796 article 2(a) and annex I, as renewed",
        date(2018, 8, 1),
        date(2019, 7, 31),
        "The last renewal ran for three months from 2019-05-01; that it then lapsed is unverified.",
    ),
    _cfd_leverage(
        "national",
        "permanent national measures after ESMA Decision (EU) 2018/796",
        date(2019, 8, 1),
        None,
        "Member States made the measure permanent each for itself; the national texts were not read.",
    ),
    row(
        "EU-CFD-02",
        "Close-out at half of the required margin",
        "An account whose equity is under half of its required margin is closed out.",
        "national measures after ESMA Decision (EU) 2018/796 article 2(b)",
        "cfd",
        S,
        Primitive.LEVERAGE,
        effective_from=date(2018, 8, 1),
        section=_CFD,
        consequence=E1,
        applies=CFD,
        inputs={"records": "eu.cfd.accounts"},
        where=(Condition("closed", "absent"),),
        parameters={
            "exposure": Parameter("equity"),
            "base": Parameter("required_margin"),
            "limit": Parameter(Fraction(50, 100), "of the required margin"),
            "comparator": Parameter(Comparator.AT_LEAST),
        },
        frequency="continuous",
        evidence="equity and required margin of each account that is open",
    ),
    row(
        "EU-CFD-03",
        "No client owes after a close-out",
        "After a close-out no account is below zero: the firm bears what is missing.",
        "national measures after ESMA Decision (EU) 2018/796 article 2(c)",
        "cfd",
        S,
        Primitive.COMPLETENESS,
        effective_from=date(2018, 8, 1),
        section=_CFD,
        consequence=E1,
        applies=CFD,
        inputs={"records": "eu.cfd.accounts"},
        where=(Condition("closed", "present"),),
        must=(Condition("equity", ">=", "0"),),
        frequency="continuous",
        evidence="accounts after their close-out",
    ),
    row(
        "EU-CFD-03.2",
        "The share of losing accounts is shown as it is",
        "The risk warning shows no smaller share of losing accounts than the ledger gives.",
        "national measures after ESMA Decision (EU) 2018/796 article 2(e) and annex II",
        "cfd",
        S,
        Primitive.COMPLETENESS,
        effective_from=date(2018, 8, 1),
        section=_CFD,
        consequence=E1,
        applies=CFD,
        inputs={"records": "eu.cfd.losers"},
        must=(Condition("shown", ">=", ".computed"),),
        parameters={"least": LEAST},
        frequency="quarterly",
        evidence="results of every account over twelve months",
        note="The window of twelve months is unverified.",
    ),
    row(
        "EU-CFD-03.3",
        "The share of losing accounts is brought up to date",
        "The share in the risk warning is computed anew every three months.",
        "national measures after ESMA Decision (EU) 2018/796 annex II",
        "cfd",
        S,
        Primitive.AGE,
        effective_from=date(2018, 8, 1),
        section=_CFD,
        consequence=E1,
        applies=CFD,
        inputs={"last": "eu.cfd.disclosed"},
        parameters={"most": Parameter(months(3))},
        frequency="quarterly",
        evidence="the firm's statement",
    ),
    row(
        "EU-CFD-03.4",
        "Risk warning, and no incentives",
        "Retail clients see the standard risk warning and are offered no incentives to trade CFDs.",
        "national measures after ESMA Decision (EU) 2018/796 article 2(d)-(e)",
        "cfd",
        S,
        Primitive.CONTROLS,
        effective_from=date(2018, 8, 1),
        section=_CFD,
        consequence=E1,
        applies=CFD,
        inputs={"records": "controls"},
        parameters={"required": Parameter(("CFD risk warning", "no incentives for CFDs"))},
        frequency="continuous",
        evidence="the firm's statement",
    ),
)
