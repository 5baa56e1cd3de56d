"""Record keeping: classes and years, integrity and restore: MiCA article 68(9), MiFID II article 16(6)-(7)."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.calendars import Clock, Unit
from compliance.regimes.eu.rules_records import fields_rule
from compliance.regimes.eu.terms import (
    CUSTODY,
    E1,
    E3,
    FIRM,
    MICA,
    MICA_FROM,
    MIFID_FROM,
    PLATFORM,
    TARGET,
    VENUE,
    S,
    U,
    V,
    hours,
    months,
    row,
)
from compliance.rules import Parameter, Primitive, Rule

__all__ = ["CUSTODY_CLASSES", "KEEPING_RULES", "MICA_CLASSES", "MIFID_CLASSES", "PLATFORM_CLASSES"]

_KEEPING: Final = "Record keeping"
_MIFID: Final = {"effective_from": MIFID_FROM, "section": _KEEPING, "consequence": E1}
_MICA: Final = {"effective_from": MICA_FROM, "section": _KEEPING, "consequence": E3}
_FIVE: Final = Fraction(5)

MIFID_CLASSES: Final = (
    "order", "trade", "communication", "agreement", "client_statement", "costs", "surveillance_case",
    "suspicion_report", "conflict", "complaint", "algorithm",
)  # fmt: skip
"""Delegated Regulation (EU) 2017/565 annex I, in the archive's words."""
MICA_CLASSES: Final = (
    "communication", "agreement", "consent", "surveillance_case", "suspicion_report", "costs", "conflict", "complaint",
)  # fmt: skip
"""RTS 2025/1140 annex section 1: for every service."""
PLATFORM_CLASSES: Final = ("order", "trade", "algorithm")
"""Section 2 and articles 6 and 7: what a platform adds."""
CUSTODY_CLASSES: Final = ("client_asset_day", "client_money_day", "reconciliation", "client_statement")
"""Article 5: what holding clients' assets and funds adds."""


def _kept(classes: tuple[str, ...]) -> tuple[tuple[str, Fraction], ...]:
    return tuple((each, _FIVE) for each in classes)


KEEPING_RULES: Final[tuple[Rule, ...]] = (
    row(
        "EU-OR-01.3",
        "Order data is kept five years",
        "A venue keeps order data at the authority's disposal for at least five years.",
        "MiFIR art. 25(2)",
        "mifir",
        U,
        Primitive.RETENTION,
        **_MIFID,
        applies=(VENUE,),
        inputs={"records": "retention"},
        parameters={"years": Parameter((("order", _FIVE),), "years")},
        frequency="continuous",
        evidence="the archive's clock of the class",
    ),
    fields_rule(
        "EU-REC-01",
        "Fields of orders and decisions to deal",
        "Every order and decision to deal has the fields of annex IV, sections 1 and 2.",
        "MiFID II art. 16(6); DR 2017/565 arts. 74-75 and annex IV",
        "dr-565-72",
        "order-decision",
        **_MIFID,
        applies=(FIRM,),
    ),
    row(
        "EU-REC-01.2",
        "Records of an investment firm are kept five years",
        "Each class of annex I is kept for five years, seven where the authority asks.",
        "MiFID II art. 16(6)-(7); DR 2017/565 arts. 72-76 and annex I",
        "dr-565-72",
        V,
        Primitive.RETENTION,
        **_MIFID,
        applies=(FIRM,),
        inputs={"records": "retention"},
        parameters={"years": Parameter(_kept(MIFID_CLASSES), "years", S, "article 16(7), as quoted by others")},
        frequency="continuous",
        evidence="the archive's clock of each class",
    ),
    row(
        "EU-RK-01",
        "Records cannot be altered",
        "Records can be read at once, each stage rebuilt, corrections seen beside what they correct, and "
        "nothing altered.",
        "MiCA art. 68(9); RTS 2025/1140 art. 2",
        "rts-rk-2",
        V,
        Primitive.AGE,
        **_MICA,
        applies=(MICA,),
        inputs={"last": "archive.verified", "whole": "log.whole"},
        parameters={
            "most": Parameter(Clock(2, Unit.CALENDAR_DAYS, TARGET), "", U, "ours: the article gives no interval"),
            "warn_days": Parameter(Fraction(1), "days", U, "ours"),
        },
        frequency="continuous",
        evidence="chain of hashes of the log and the archive, verified from its first record",
        clocks={"initial notification, if it is a major ICT incident": hours(24)},
    ),
    row(
        "EU-RK-01.2",
        "Records can be brought back",
        "A restore of the archive was tried lately.",
        "RTS 2025/1140 art. 2",
        "rts-rk-2",
        V,
        Primitive.AGE,
        **_MICA,
        applies=(MICA,),
        inputs={"last": "archive.drilled"},
        parameters={"most": Parameter(months(3), "", U, "ours: the article asks for ready access and names no drill")},
        frequency="quarterly",
        evidence="report of the drill",
    ),
    *(
        row(
            rule_id,
            title,
            "Each class of records of the services provided is kept for five years, seven where the authority asks.",
            "MiCA art. 68(9); RTS 2025/1140 annex",
            "rts-rk-2",
            V,
            Primitive.RETENTION,
            **_MICA,
            applies=applies,
            inputs={"records": "retention"},
            parameters={"years": Parameter(_kept(classes), "years", S, "article 68(9), as commentaries give it")},
            frequency="continuous",
            evidence="the archive's clock of each class",
            note="The annex was read in part.",
        )
        for rule_id, title, applies, classes in (
            ("EU-RK-02", "Classes of records of every service", (MICA,), MICA_CLASSES),
            ("EU-RK-02.2", "Classes of records of a platform", PLATFORM, PLATFORM_CLASSES),
            ("EU-RK-02.3", "Classes of records of a custodian", CUSTODY, CUSTODY_CLASSES),
        )
    ),
    fields_rule(
        "EU-RK-02.4",
        "Algorithms are named in market-abuse records",
        "Records of orders that bear on market abuse name the algorithm that decided.",
        "RTS 2025/1140 annex, sections 1 and 2",
        "rts-rk-2",
        "algorithm",
        **_MICA,
        applies=PLATFORM,
        note="The annex was read in part.",
    ),
)
