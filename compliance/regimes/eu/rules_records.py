"""Transaction reports and order-book records: MiFIR articles 25 and 26, MiCA article 76(15)."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Final

from compliance.regimes.eu.terms import (
    E1,
    E3,
    LEAST,
    MICA_FROM,
    MIFID_FROM,
    PLATFORM,
    VENUE,
    U,
    V,
    activity,
    business_days,
    months,
    row,
)  # fmt: skip
from compliance.rules import Condition, Parameter, Primitive, Rule

__all__ = ["RECORD_RULES", "fields_rule"]

_FILES: Final = "Transaction reports and order-book records"
_MIFID: Final = {"effective_from": MIFID_FROM, "section": _FILES, "consequence": E1}
_MICA: Final = {"effective_from": MICA_FROM, "section": _FILES, "consequence": E3}
_REPORTS: Final = (activity("reportable-instruments"),)


def fields_rule(
    rule_id: str, title: str, requirement: str, citation: str, text: str, record: str, **more: object
) -> Rule:
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
        # What nobody looked for is no problem found: such a file shows nothing.
        where=(Condition("kind", "is", kind), Condition("problems", "present")),
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
        "MiFIR art. 26(1); RTS 22",
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
        "MiFIR art. 26(1)",
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
    fields_rule(
        "EU-TX-02",
        "Fields of transaction reports",
        "Every field of every report is there and has the annex's format: UTC with microseconds, decimals with "
        "a point, "
        "codes of countries, currencies and legal entities.",
        "RTS 22 annex I, tables 1 and 2",
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
        "RTS 22 art. 15",
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
        "RTS 22 art. 15(1)(h)",
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
        "RTS 22 art. 1",
        "rts22",
        "The name of the official schema was read in a public repository; its own file was not at hand.",
        **_MIFID,
        applies=_REPORTS,
    ),
    row(
        "EU-OR-01",
        "The log of orders has no gap",
        "A venue keeps every event of every order: the numbers of each book follow each other without a gap.",
        "MiFIR art. 25(2); RTS 24",
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
    fields_rule(
        "EU-OR-01.2",
        "Fields of order records",
        "Every order record has the standard's fields.",
        "RTS 24 annex",
        "rts24",
        "order-event",
        **_MIFID,
        applies=(VENUE,),
        note="Read in ESMA's draft of 2015; the final list of fields was not.",
    ),
    fields_rule(
        "EU-OB-01",
        "Fields of order-book records",
        "A platform keeps the details of every order in the fields of articles 2 to 15.",
        "MiCA art. 76(15); RTS 2025/416 art. 1",
        "rts-obr",
        "order-book-record",
        **{**_MICA, "effective_from": date(2025, 4, 3)},
        applies=PLATFORM,
    ),
    _file(
        "EU-OB-01.2",
        "Files of order-book records",
        "order-book records",
        "RTS 2025/416 art. 1(2)",
        "rts-obr",
        "No public JSON schema was found: the layout is ours, with the names of ISO 20022.",
        **{**_MICA, "effective_from": date(2025, 4, 3)},
        applies=PLATFORM,
    ),
    fields_rule(
        "EU-OB-02",
        "Identifiers of crypto-assets",
        "Every asset has its digital token identifier (ISO 24165) and short name.",
        "RTS 2025/416 annex, table 1",
        "rts-obr",
        "asset",
        **{**_MICA, "effective_from": date(2025, 4, 3)},
        applies=PLATFORM,
    ),
)
