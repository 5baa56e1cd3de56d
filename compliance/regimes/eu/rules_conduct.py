"""Client statements, CFDs for retail clients, market abuse, white papers and what issuers are told."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.calendars import Clock, Unit
from compliance.regimes.eu.terms import (
    CFD,
    CUSTODY,
    E1,
    E2,
    E3,
    FIRM,
    LEAST,
    MICA_FROM,
    MIFID_FROM,
    PLATFORM,
    VENUE,
    S,
    U,
    V,
    activity,
    business_days,
    months,
    row,
)  # fmt: skip
from compliance.rules import Comparator, Condition, Parameter, Primitive, Rule

__all__ = ["CFD_LIMITS", "CONDUCT_RULES", "DETECTORS"]

_STATEMENTS: Final = "Client statements"
_CFD: Final = "Margin and CFDs"
_ABUSE: Final = "Market abuse"
_ISSUERS: Final = "White papers and issuers"

CFD_LIMITS: Final = (
    ("major-fx", Fraction(30)),
    ("minor-fx-gold-major-index", Fraction(20)),
    ("other-commodity-index", Fraction(10)),
    ("share-or-other", Fraction(5)),
    ("crypto", Fraction(2)),
)
"""Notional over initial margin, by what the CFD is on."""
DETECTORS: Final = tuple(f"MA-{number:02}" for number in range(1, 11))
"""Those that any market can show; MA-11 needs a market-making scheme and MA-12 options or loans."""
_EVERY: Final = Parameter(Clock(24, Unit.HOURS), "", U, "ours: the texts ask for effective and ongoing monitoring")
_DECIDE: Final = Parameter(business_days(5), "", U, "ours: the texts say 'without delay' and give no number")
_WITHOUT_DELAY: Final = Parameter(business_days(2), "", U, "ours: the texts say 'without delay' and give no number")


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
            "comparator": Parameter(Comparator.AT_MOST),
        },
        frequency="each opening",
        evidence="margin asked for beside notional, from the margin engine",
        note=note,
    )


def _detectors(rule_id: str, title: str, required: tuple[str, ...], mica: bool, applies: tuple[Condition, ...]) -> Rule:
    return row(
        rule_id,
        title,
        "Orders and transactions are watched for market abuse, and what is found is decided without delay.",
        "Regulation (EU) 2023/1114 article 92; Delegated Regulation (EU) 2025/885"
        if mica
        else "Regulation (EU) 596/2014 article 16; Delegated Regulations (EU) 2016/957 and 2016/522 annex II",
        "rts-ma" if mica else "mar",
        V,
        Primitive.SURVEILLANCE,
        effective_from=MICA_FROM if mica else MIFID_FROM,
        section=_ABUSE,
        consequence=E3 if mica else E2,
        applies=applies,
        inputs={"records": "detectors"},
        parameters={"required": Parameter(required), "every": _EVERY, "decide": _DECIDE},
        frequency="continuous",
        evidence="runs of the detectors over the whole log, alerts with order ids, decisions",
    )


def _suspicion(rule_id: str, mica: bool, applies: tuple[Condition, ...]) -> Rule:
    return row(
        rule_id,
        "Suspicious orders and transactions are reported",
        "What was found to be suspicious is reported to the authority without delay.",
        "Regulation (EU) 2023/1114 article 92(1); Delegated Regulation (EU) 2025/885"
        if mica
        else "Regulation (EU) 596/2014 article 16(1); Delegated Regulation (EU) 2016/957",
        "rts-ma" if mica else "mar",
        V,
        Primitive.COMPLETENESS,
        effective_from=MICA_FROM if mica else MIFID_FROM,
        section=_ABUSE,
        consequence=E3 if mica else E2,
        applies=applies,
        inputs={"records": "cases"},
        where=(Condition("kind", "is", "market abuse"), Condition("state", "in", "@states")),
        must=(Condition("filed", "in time", "@due", "detected"),),
        parameters={"due": _WITHOUT_DELAY, "states": Parameter(("to file", "filed"))},
        frequency="event",
        evidence="case files with their drafts and acknowledgements",
        note="Cases that were closed without suspicion are not counted.",
    )


CONDUCT_RULES: Final[tuple[Rule, ...]] = (
    _statements(
        "EU-STM-01",
        "Quarterly statement of instruments and funds",
        "Each client has a statement of instruments and funds at least every quarter, with the part that was lent.",
        "Delegated Regulation (EU) 2017/565 article 63",
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
        "Regulation (EU) 2023/1114 article 75(5)",
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
        "Delegated Regulation (EU) 2017/565 article 62(2)",
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
        parameters={"required": Parameter(("cfd-risk-warning", "cfd-no-incentives"))},
        frequency="continuous",
        evidence="the firm's statement",
    ),
    _detectors("EU-MAR-01", "Surveillance of financial instruments", DETECTORS, False, (VENUE,)),
    _suspicion("EU-MAR-01.2", False, (VENUE,)),
    _detectors("EU-MA-01", "Surveillance of crypto-assets", DETECTORS, True, PLATFORM),
    _suspicion("EU-MA-01.2", True, PLATFORM),
    _detectors(
        "EU-MA-01.3",
        "Surveillance of market makers' spreads",
        ("MA-11",),
        True,
        (*PLATFORM, activity("market-making-scheme")),
    ),
    _detectors(
        "EU-MA-01.4",
        "Surveillance of prices beside options and loans",
        ("MA-12",),
        True,
        (*PLATFORM, activity("options-or-loans")),
    ),
    row(
        "EU-WP-01",
        "Nothing is admitted without a white paper",
        "Each crypto-asset that trades has a published white paper, or an exemption that is named.",
        "Regulation (EU) 2023/1114 articles 6, 19, 51 and 76(1), last subparagraph",
        "mica-76",
        V,
        Primitive.COMPLETENESS,
        effective_from=MICA_FROM,
        section=_ISSUERS,
        consequence=E3,
        applies=PLATFORM,
        inputs={"records": "eu.admissions"},
        must=(Condition("white_paper_or_exemption", "present"),),
        parameters={"least": LEAST},
        frequency="on admission",
        evidence="list of admissions with the reference of each white paper",
        note="That the white paper is valid iXBRL is not judged here.",
    ),
    row(
        "EU-EBA-01",
        "Issuers have the data on holders and transactions",
        "Issuers of e-money and asset-referenced tokens have the data that they report, by the day agreed with each.",
        "Regulation (EU) 2023/1114 articles 22 and 58; Implementing Regulation (EU) 2024/2902",
        "mica",
        S,
        Primitive.COMPLETENESS,
        effective_from=MICA_FROM,
        section=_ISSUERS,
        consequence=E3,
        applies=(activity("emt-or-art-holders"),),
        inputs={"records": "eu.emt_reports"},
        must=(Condition("sent", "in time", "@late", "due"), Condition("complete", "is", "true")),
        parameters={"late": Parameter(Clock(0, Unit.CALENDAR_DAYS, "TARGET"))},
        frequency="quarterly",
        evidence="what was sent, by issuer and quarter",
        note="The days of the implementing regulation were not read: the day that the firm states is what is judged.",
    ),
)
