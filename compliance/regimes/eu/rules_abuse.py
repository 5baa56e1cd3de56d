"""Market abuse, and what a platform owes about the assets on it: white papers, and data for their issuers."""

from __future__ import annotations

from typing import Final

from compliance.calendars import Clock, Unit
from compliance.regimes.eu.terms import (
    E2,
    E3,
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
    row,
)
from compliance.rules import Condition, Parameter, Primitive, Rule

__all__ = ["ABUSE_RULES", "DETECTORS"]

_ABUSE: Final = "Market abuse"
_ISSUERS: Final = "White papers and issuers"
DETECTORS: Final = tuple(f"MA-{number:02}" for number in range(1, 11))
"""Those that any market can show; MA-11 needs a market-making scheme and MA-12 options or loans."""
_EVERY: Final = Parameter(Clock(24, Unit.HOURS), "", U, "ours: the texts ask for effective and ongoing monitoring")
_DECIDE: Final = Parameter(business_days(5), "", U, "ours: the texts say 'without delay' and give no number")
_WITHOUT_DELAY: Final = Parameter(business_days(2), "", U, "ours: the texts say 'without delay' and give no number")


def _detectors(rule_id: str, title: str, required: tuple[str, ...], mica: bool, applies: tuple[Condition, ...]) -> Rule:
    return row(
        rule_id,
        title,
        "Orders and transactions are watched for market abuse, and what is found is decided without delay.",
        "MiCA art. 92; RTS 2025/885" if mica else "MAR art. 16; DR 2016/957 and 2016/522 annex II",
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
        "MiCA art. 92(1); RTS 2025/885" if mica else "MAR art. 16(1); DR 2016/957",
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


ABUSE_RULES: Final[tuple[Rule, ...]] = (
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
        "MiCA arts. 6, 19, 51 and 76(1), last subparagraph",
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
        "MiCA arts. 22 and 58; ITS 2024/2902",
        "mica",
        S,
        Primitive.COMPLETENESS,
        effective_from=MICA_FROM,
        section=_ISSUERS,
        consequence=E3,
        applies=(activity("emt-or-art-holders"),),
        inputs={"records": "eu.emt_reports"},
        must=(Condition("sent", "by", ".due"), Condition("complete", "is", "true")),
        frequency="quarterly",
        evidence="what was sent, by issuer and quarter",
        note="The days of the implementing regulation were not read: the day that the firm states is what is judged.",
    ),
)
