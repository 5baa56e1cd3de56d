"""Transaction reports, order-book records and record keeping: MiFIR articles 25 and 26, MiCA articles 68(9) and 76."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.calendars import Clock, Unit
from compliance.regimes.eu.terms import (
    CUSTODY,
    E1,
    E3,
    FIRM,
    LEAST,
    MICA,
    MICA_FROM,
    MIFID_FROM,
    PLATFORM,
    TARGET,
    VENUE,
    S,
    U,
    V,
    activity,
    business_days,
    hours,
    months,
    row,
)  # fmt: skip
from compliance.rules import Condition, Parameter, Primitive, Rule

__all__ = ["CUSTODY_CLASSES", "MICA_CLASSES", "MIFID_CLASSES", "PLATFORM_CLASSES", "RECORD_RULES"]

_FILES: Final = "Transaction reports and order-book records"
_KEEPING: Final = "Record keeping"
_MIFID: Final = {"effective_from": MIFID_FROM, "section": _FILES, "consequence": E1}
_MICA: Final = {"effective_from": MICA_FROM, "section": _FILES, "consequence": E3}
_REPORTS: Final = (activity("reportable-instruments"),)
_FIVE: Final = Fraction(5)

MIFID_CLASSES: Final = (
    "order", "trade", "communication", "agreement", "client_statement", "costs", "surveillance_case",
    "suspicion_report", "conflict", "complaint", "algorithm",
)  # fmt: skip
"""Delegated Regulation (EU) 2017/565 annex I, in the archive's words."""
MICA_CLASSES: Final = (
    "communication", "agreement", "consent", "surveillance_case", "suspicion_report", "costs", "conflict", "complaint",
)  # fmt: skip
"""Delegated Regulation (EU) 2025/1140 annex section 1: for every service."""
PLATFORM_CLASSES: Final = ("order", "trade", "algorithm")
"""Section 2 and articles 6 and 7: what a platform adds."""
CUSTODY_CLASSES: Final = ("client_asset_day", "client_money_day", "reconciliation", "client_statement")
"""Article 5: what holding clients' assets and funds adds."""


def _kept(classes: tuple[str, ...]) -> tuple[tuple[str, Fraction], ...]:
    return tuple((each, _FIVE) for each in classes)


def _fields(rule_id: str, title: str, requirement: str, citation: str, text: str, record: str, **more: object) -> Rule:
    """A rule that no record of a class lacks a field."""
    return row(
        rule_id,
        title,
        requirement,
        citation,
        text,
        V,
        Primitive.COMPLETENESS,
        inputs={"records": "record_fields"},
        where=(Condition("record", "is", record),),
        must=(Condition("lacking", "is", "0"),),
        parameters={"least": LEAST},
        frequency="each report",
        evidence="each field of each record held against its format",
        **more,
    )


def _file(rule_id: str, title: str, kind: str, citation: str, text: str, note: str, **more: object) -> Rule:
    """A rule that files of a kind are without problems."""
    return row(
        rule_id,
        title,
        "Files were made from the log and no line of them has a problem.",
        citation,
        text,
        V,
        Primitive.COMPLETENESS,
        inputs={"records": "eu.files"},
        where=(Condition("kind", "is", kind),),
        must=(Condition("problems", "is", "0"),),
        parameters={"least": LEAST},
        frequency="each file",
        evidence="the files themselves, by hash",
        note=note,
        **more,
    )


RECORD_RULES: Final[tuple[Rule, ...]] = (
    row(
        "EU-TX-01",
        "Transactions are reported by the next working day",
        "Each transaction in a reportable instrument is reported by the close of the following working day.",
        "Regulation (EU) 600/2014 article 26(1); Delegated Regulation (EU) 2017/590 (RTS 22)",
        "mifir",
        V,
        Primitive.COMPLETENESS,
        **_MIFID,
        applies=_REPORTS,
        inputs={"records": "eu.transaction_reports"},
        must=(Condition("complete", "in time", "@due", "day"),),
        parameters={
            "due": Parameter(business_days(1), "", U, "working days are TARGET's here; each authority has its own")
        },
        frequency="T+1",
        evidence="transactions of the log beside accepted acknowledgements",
    ),
    row(
        "EU-TX-01.2",
        "As many reports as transactions",
        "For each day that is complete, as many transactions are reported as were executed, none twice.",
        "Regulation (EU) 600/2014 article 26(1)",
        "mifir",
        V,
        Primitive.COMPLETENESS,
        **_MIFID,
        applies=_REPORTS,
        inputs={"records": "eu.transaction_reports"},
        where=(Condition("complete", "present"),),
        must=(Condition("reported", "is", ".transactions"),),
        frequency="T+1",
        evidence="counts from the log and from acknowledgements",
    ),
    _fields(
        "EU-TX-02",
        "Fields of transaction reports",
        "Every field of every report is there and has the annex's format: UTC with microseconds, decimals with "
        "a point, "
        "codes of countries, currencies and legal entities.",
        "Delegated Regulation (EU) 2017/590 (RTS 22) annex I, tables 1 and 2",
        "rts22",
        "transaction-report",
        **_MIFID,
        applies=_REPORTS,
        note="The count of 65 fields is unverified.",
    ),
    row(
        "EU-TX-03",
        "Reports are reconciled with own records",
        "The firm compares its own trading records with what was reported, and finds what was left out.",
        "Delegated Regulation (EU) 2017/590 (RTS 22) article 15",
        "rts22",
        V,
        Primitive.AGE,
        **_MIFID,
        applies=_REPORTS,
        inputs={"last": "eu.transaction_reports.reconciled"},
        parameters={"most": Parameter(months(1), "", U, "ours: the article says 'regularly'")},
        frequency="regular",
        evidence="record of the comparison",
        note="Paragraphs 1 and 2 were read; the rest of the article was not.",
    ),
    row(
        "EU-TX-03.2",
        "Rejected reports are corrected",
        "No rejected report is left without a corrected one.",
        "Delegated Regulation (EU) 2017/590 (RTS 22) article 15(1)(h)",
        "rts22",
        V,
        Primitive.COMPLETENESS,
        **_MIFID,
        applies=_REPORTS,
        inputs={"records": "eu.transaction_reports"},
        must=(Condition("rejected_open", "is", "0"),),
        frequency="each report",
        evidence="acknowledgements with their errors",
    ),
    _file(
        "EU-TX-03.3",
        "Files of transaction reports",
        "transaction reports",
        "Delegated Regulation (EU) 2017/590 (RTS 22) article 1",
        "rts22",
        "The name of the official schema was read in a public repository; its own file was not at hand.",
        **_MIFID,
        applies=_REPORTS,
    ),
    row(
        "EU-OR-01",
        "The log of orders has no gap",
        "A venue keeps every event of every order: the numbers of each book follow each other without a gap.",
        "Regulation (EU) 600/2014 article 25(2); Delegated Regulation (EU) 2017/580 (RTS 24)",
        "rts24",
        V,
        Primitive.FLOOR,
        **_MIFID,
        applies=(VENUE,),
        inputs={"measured": "orders.gaps"},
        parameters={"floor": Parameter(Fraction(0), "gaps"), "comparator": Parameter("<="), "unit": Parameter("gaps")},
        frequency="continuous",
        evidence="sequence numbers of every book, replayed",
        note="Read in ESMA's draft of 2015; the final list of fields was not.",
    ),
    _fields(
        "EU-OR-01.2",
        "Fields of order records",
        "Every order record has the standard's fields.",
        "Delegated Regulation (EU) 2017/580 (RTS 24) annex",
        "rts24",
        "order-event",
        **_MIFID,
        applies=(VENUE,),
        note="Read in ESMA's draft of 2015; the final list of fields was not.",
    ),
    row(
        "EU-OR-01.3",
        "Order data is kept five years",
        "A venue keeps order data at the authority's disposal for at least five years.",
        "Regulation (EU) 600/2014 article 25(2)",
        "mifir",
        U,
        Primitive.RETENTION,
        **{**_MIFID, "section": _KEEPING},
        applies=(VENUE,),
        inputs={"records": "retention"},
        parameters={"years": Parameter((("order", _FIVE),), "years")},
        frequency="continuous",
        evidence="the archive's clock of the class",
    ),
    _fields(
        "EU-OB-01",
        "Fields of order-book records",
        "A platform keeps the details of every order in the fields of articles 2 to 15.",
        "Regulation (EU) 2023/1114 article 76(15); Delegated Regulation (EU) 2025/416 article 1",
        "rts-obr",
        "order-book-record",
        **{**_MICA, "effective_from": date(2025, 4, 3)},
        applies=PLATFORM,
    ),
    _file(
        "EU-OB-01.2",
        "Files of order-book records",
        "order-book records",
        "Delegated Regulation (EU) 2025/416 article 1(2)",
        "rts-obr",
        "No public JSON schema was found: the layout is ours, with the names of ISO 20022.",
        **{**_MICA, "effective_from": date(2025, 4, 3)},
        applies=PLATFORM,
    ),
    _fields(
        "EU-OB-02",
        "Identifiers of crypto-assets",
        "Every asset has its digital token identifier (ISO 24165) and short name.",
        "Delegated Regulation (EU) 2025/416 annex, table 1",
        "rts-obr",
        "asset",
        **{**_MICA, "effective_from": date(2025, 4, 3)},
        applies=PLATFORM,
    ),
    _fields(
        "EU-REC-01",
        "Fields of orders and decisions to deal",
        "Every order and decision to deal has the fields of annex IV, sections 1 and 2.",
        "Directive 2014/65/EU article 16(6); Delegated Regulation (EU) 2017/565 articles 74-75 and annex IV",
        "dr-565-72",
        "order-decision",
        **{**_MIFID, "section": _KEEPING},
        applies=(FIRM,),
    ),
    row(
        "EU-REC-01.2",
        "Records of an investment firm are kept five years",
        "Each class of annex I is kept for five years, seven where the authority asks.",
        "Directive 2014/65/EU article 16(6)-(7); Delegated Regulation (EU) 2017/565 articles 72-76 and annex I",
        "dr-565-72",
        V,
        Primitive.RETENTION,
        **{**_MIFID, "section": _KEEPING},
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
        "Regulation (EU) 2023/1114 article 68(9); Delegated Regulation (EU) 2025/1140 article 2",
        "rts-rk-2",
        V,
        Primitive.AGE,
        **{**_MICA, "section": _KEEPING},
        applies=(MICA,),
        inputs={"last": "archive.verified", "whole": "log.whole"},
        parameters={
            "most": Parameter(Clock(2, Unit.CALENDAR_DAYS, TARGET), "", U, "ours: the article gives no interval")
        },
        frequency="continuous",
        evidence="chain of hashes of the log and the archive, verified from its first record",
        clocks={"initial notification, if it is a major ICT incident": hours(24)},
    ),
    row(
        "EU-RK-01.2",
        "Records can be brought back",
        "A restore of the archive was tried lately.",
        "Delegated Regulation (EU) 2025/1140 article 2",
        "rts-rk-2",
        V,
        Primitive.AGE,
        **{**_MICA, "section": _KEEPING},
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
            "Regulation (EU) 2023/1114 article 68(9); Delegated Regulation (EU) 2025/1140 annex",
            "rts-rk-2",
            V,
            Primitive.RETENTION,
            **{**_MICA, "section": _KEEPING},
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
    _fields(
        "EU-RK-02.4",
        "Algorithms are named in market-abuse records",
        "Records of orders that bear on market abuse name the algorithm that decided.",
        "Delegated Regulation (EU) 2025/1140 annex, sections 1 and 2",
        "rts-rk-2",
        "algorithm",
        **{**_MICA, "section": _KEEPING},
        applies=PLATFORM,
        note="The annex was read in part.",
    ),
)
