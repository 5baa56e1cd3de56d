"""Facts that US states, FinCEN, New York and California ask for.

Amounts are US dollars where nothing else is said: those of the accounts too, whatever currency they are kept in, so
that no other currency is compared with dollars. Facts by state are stated for each state by itself. Days and moments
are counted on the US federal calendar.
"""

from __future__ import annotations

from typing import Final

from compliance.catalogue import US_STATES
from compliance.facts import FactKind, Shape, Source, records_kind

__all__ = ["ACTIVITIES", "FACTS"]

ACTIVITIES: Final = (
    "check-cashing", "currency-exchange", "money-transmission", "payment-instruments", "stored-value",
    "virtual-currency",
)  # fmt: skip
"""What the call report asks about: an activity that is not carried out is reported as zero, not as unknown."""

_FIRM, _LEDGER = Source.FIRM, Source.LEDGER
_AMOUNTS, _NUMBER, _DAY, _FLAG, _TEXT, _MOMENT, _NAMES = (
    Shape.AMOUNTS, Shape.NUMBER, Shape.DAY, Shape.FLAG, Shape.TEXT, Shape.MOMENT, Shape.NAMES,
)  # fmt: skip


def _records(
    name: str, meaning: str, /, *, source: Source = _FIRM, by_state: bool = False, **fields: Shape
) -> FactKind:
    return records_kind(name, source, meaning, fields, by_state=by_state)


FACTS: Final[tuple[FactKind, ...]] = (
    # Who the firm is.
    FactKind("us.msb", _FLAG, _FIRM, "the entity is a money services business under federal law"),
    FactKind(
        "us.served.states", _NAMES, _FIRM, "US states, as `US-NY`, in which customers live", choices=US_STATES
    ),
    _records(
        "us.licences",
        "licences and applications by state; `status`: licensed, applied, exempt or none",
        id=_TEXT, state=_TEXT, kind=_TEXT, status=_TEXT, since_=_DAY, until_=_DAY, reference_=_TEXT,
    ),
    # Prudential, of the whole firm.
    _records(
        "us.permissible",
        "permissible investments one by one, at market value; `kind` as in US-PI-03 and US-PI-04; `obligor`: delegate, "
        "issuer or fund; `pledged`: the part of the value that is pledged or restricted",
        id=_TEXT, kind=_TEXT, value=_NUMBER, pledged=_NUMBER, obligor_=_TEXT, statutory_trust=_FLAG,
    ),
    FactKind("us.finance.assets", _NUMBER, _FIRM, "total assets under GAAP, of the last accounts", "USD"),
    FactKind("us.finance.liabilities", _NUMBER, _FIRM, "total liabilities of the same accounts", "USD"),
    FactKind("us.finance.intangibles", _NUMBER, _FIRM, "intangible assets of the same accounts", "USD"),
    FactKind("us.rates", _AMOUNTS, _FIRM, "what a unit of each other currency that is owed is worth", "USD"),
    _records(
        "us.intangibles.virtual",
        "virtual currency that the accounts carry among intangibles, and what is owed in the same asset; both in USD",
        asset=_TEXT, value=_NUMBER, owed=_NUMBER,
    ),
    FactKind("us.bond", _NUMBER, _FIRM, "surety bond or like security in force for the state", "USD", by_state=True),
    # Average daily transmission liability, from the evaluations that were kept.
    FactKind(
        "us.adtl", _AMOUNTS, _LEDGER, "average of the quarter's end-of-day obligations, per currency", "currency",
        by_state=True,
    ),
    FactKind(
        "us.adtl.bond", _AMOUNTS, _LEDGER, "the same over the last three months", "currency", by_state=True
    ),
    FactKind(
        "us.adtl.missing", _NAMES, _LEDGER, "days of the quarter without an end-of-day figure", by_state=True
    ),
    _records(
        "us.adtl.days",
        "end-of-day obligations of the quarter, day by day",
        source=_LEDGER, by_state=True, day=_DAY, currency=_TEXT, amount=_NUMBER,
    ),
    # The call report.
    FactKind(
        "us.msbcr.activities", _NAMES, _FIRM, "activities of the call report that the firm carries out",
        choices=ACTIVITIES,
    ),
    FactKind("us.msbcr.lines", _AMOUNTS, _FIRM, "lines of the form (FC10, TA20, PI10, ...) of the whole firm", "USD"),
    FactKind(
        "us.msbcr.state_lines", _AMOUNTS, _FIRM, "lines ST10 to ST330 of the form, of the state", "USD", by_state=True
    ),
    FactKind(
        "us.activity.company", _AMOUNTS, _LEDGER, "lines TA240 to TA330 that the ledger gives", "USD"
    ),
    FactKind(
        "us.activity.state", _AMOUNTS, _LEDGER, "lines ST240 to ST330 that the ledger gives for residents", "USD",
        by_state=True,
    ),
    _records(
        "us.msbcr.notes",
        "explanatory notes by field (FC100NOTE, TANOTE_1, ...); `state` for STNOTE_1 and TDBNOTE_1",
        field=_TEXT, text=_TEXT, state_=_TEXT,
    ),
    _records(
        "us.msbcr.destinations",
        "foreign countries that money of the calendar year went to; without a state: of the whole firm",
        id=_TEXT, country=_TEXT, state_=_TEXT, amount=_NUMBER, count=_NUMBER,
    ),
    _records(
        "us.filings.msbcr",
        "call reports as filed: what each held, and how it was made",
        id=_TEXT, period_end=_DAY, quarter=_TEXT, filed_at_=_MOMENT, form_version=_TEXT, financial_condition=_FLAG,
        company_transactions=_FLAG, states_filed=_NUMBER, states_licensed=_NUMBER, permissible_investments=_FLAG,
        destinations=_FLAG, together=_FLAG, invalid_values=_NUMBER, missing_fields=_NUMBER, missing_notes=_NUMBER,
        licensee_level=_FLAG, calendar_quarter=_FLAG,
    ),
    # Federal.
    _records(
        "us.cash_days",
        "cash in or out of one person on one business day; `direction`: in or out",
        id=_TEXT, person=_TEXT, day=_DAY, direction=_TEXT, amount=_NUMBER, filed_at_=_MOMENT,
    ),
    FactKind(
        "us.fincen.period_before",
        _DAY,
        _FIRM,
        "31 December before the registration period with FinCEN (Form 107) began: 2024-12-31 for 2025 and 2026",
    ),
    _records(
        "us.ofac.reports",
        "property blocked or transactions rejected; `kind`: blocked or rejected",
        id=_TEXT, kind=_TEXT, acted_at=_MOMENT, reported_at_=_MOMENT,
    ),
    _records(
        "us.ofac.annual",
        "annual reports of blocked property; `period_end`: 31 December before the 30 September on which it is due",
        id=_TEXT, period_end=_DAY, filed_at_=_MOMENT,
    ),
    _records(
        "us.tax.1099da",
        "Forms 1099-DA as filed with the IRS; `period_end`: 31 December of the year of the sales",
        id=_TEXT, period_end=_DAY, filed_at_=_MOMENT, forms=_NUMBER, without_dti=_NUMBER, covered_without_basis=_NUMBER,
    ),
    _records(
        "us.tax.1099da.sent",
        "statements to customers for a year of sales, when the last was sent",
        id=_TEXT, period_end=_DAY, filed_at_=_MOMENT,
    ),
    # New York and California.
    FactKind("us.ny.capital", _NUMBER, _FIRM, "capital in the forms that New York's superintendent accepts", "USD"),
    FactKind("us.ny.required_capital", _NUMBER, _FIRM, "capital that the superintendent's order requires", "USD"),
    _records(
        "us.controls",
        "arrangements that the firm states to have, and when each was tested",
        name=_TEXT, in_place=_FLAG, tested_on_=_DAY, reference_=_TEXT,
    ),
    _records(
        "us.ny.filings.quarterly",
        "quarterly financial statements filed with the DFS",
        id=_TEXT, period_end=_DAY, filed_at_=_MOMENT,
    ),
    _records(
        "us.ny.filings.annual",
        "annual financial statements, with their auditor's opinion, filed with the DFS",
        id=_TEXT, period_end=_DAY, filed_at_=_MOMENT,
    ),
    _records(
        "us.ny.notices",
        "breaches of law or of the capital requirement, and when the DFS was told",
        id=_TEXT, subject=_TEXT, detected=_MOMENT, sent_=_MOMENT,
    ),
    _records(
        "us.ny.vc_days",
        "virtual-currency transactions of one person in one day, in USD; `in_ctr`: a CTR reports them",
        id=_TEXT, person=_TEXT, reached=_MOMENT, value=_NUMBER, in_ctr=_FLAG, noticed_at_=_MOMENT,
    ),
)  # fmt: skip
"""In the order in which a firm fills them in."""
