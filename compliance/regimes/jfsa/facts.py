"""Facts that Japan's rules alone ask for. Money is in yen (JPY), quantities in units, days are Japan's.

Most are rows that a firm has in its own daily tables: one row for each business day, asset, filing, contract or trade.
"""

from __future__ import annotations

from typing import Final

from compliance.facts import FactKind, Shape, Source, records_kind

__all__ = ["FACTS", "PERSONS", "SUBJECTS"]

PERSONS: Final = ("individual", "corporate")
"""Of a margin or derivative client: rules differ by it."""
SUBJECTS: Final = ("money", "crypto")
"""What a shortfall is of."""

_FIRM = Source.FIRM
_AMOUNTS, _NUMBER, _DAY, _FLAG, _TEXT, _MOMENT = (
    Shape.AMOUNTS, Shape.NUMBER, Shape.DAY, Shape.FLAG, Shape.TEXT, Shape.MOMENT,
)  # fmt: skip


def _records(name: str, meaning: str, /, **fields: Shape) -> FactKind:
    return records_kind(name, _FIRM, meaning, fields)


FACTS: Final[tuple[FactKind, ...]] = (
    # Users' money.
    FactKind(
        "jfsa.trust.balance", _AMOUNTS, _FIRM,
        "balance of the users' money trusts by the trust company's certificate, per currency", "currency",
    ),
    _records(
        "jfsa.trusts",
        "contracts of users' money trusts; `agent`: the beneficiaries' agent (lawyer, CPA or the like)",
        id=_TEXT, trustee=_TEXT, is_trust_company=_FLAG, users_are_beneficiaries=_FLAG, agent_=_TEXT,
        certificate_=_TEXT,
    ),
    _records(
        "jfsa.shortfalls",
        "shortfalls that a daily check found; `subject`: money or crypto",
        id=_TEXT, subject=_TEXT, asset=_TEXT, units=_NUMBER, found=_MOMENT, cured_=_MOMENT,
    ),
    # Users' crypto-assets.
    _records(
        "jfsa.custodians",
        "third parties that keep users' crypto: kept clearly apart, and each user's part known at once from the books",
        id=_TEXT, custodian=_TEXT, separate=_FLAG, attributable=_FLAG, confirmed_on_=_DAY,
    ),
    _records(
        "jfsa.books.crypto",
        "each business day's quantities per asset: sum over users in their ledger, total required to be kept apart, "
        "kept apart, of that outside the safe method, and own crypto kept as guarantee",
        day=_DAY, asset=_TEXT, users_total_=_NUMBER, required_=_NUMBER, kept_=_NUMBER, hot_=_NUMBER, guarantee_=_NUMBER,
    ),
    _records(
        "jfsa.books.money",
        "each business day's users' money and trust property, JPY",
        day=_DAY, users_money_=_NUMBER, trust_property_=_NUMBER,
    ),
    _records(
        "jfsa.safe_wallets",
        "addresses kept by the safe method; `measure`: the device or technical measure; `evidence`: where it is shown",
        id=_TEXT, measure=_TEXT, always_connected=_FLAG, evidence_=_TEXT,
    ),
    # Audits of separate management.
    FactKind("jfsa.audit.segregation.last", _DAY, _FIRM, "day of the last audit of users' property"),
    FactKind("jfsa.audit.guarantee.last", _DAY, _FIRM, "day of the last audit of guarantee crypto"),
    _records(
        "jfsa.audits",
        "audits of separate management; `subject`: segregation or guarantee; `cpa`: by a CPA or audit firm; "
        "`barred`: a ground of CAO 28 that bars the auditor",
        id=_TEXT, subject=_TEXT, done_on=_DAY, auditor=_TEXT, cpa=_FLAG, barred=_FLAG,
    ),
    # Books.
    _records(
        "jfsa.books.kept",
        "the statutory books by name, and whether each is kept",
        name=_TEXT, in_place=_FLAG, tested_on_=_DAY, reference_=_TEXT,
    ),
    _records(
        "jfsa.books.places",
        "where books are kept; `in_japan`: kept there, or a copy there without delay, or electronic and viewable there",
        id=_TEXT, book=_TEXT, country=_TEXT, in_japan=_FLAG,
    ),
    # Filings.
    FactKind(
        "jfsa.year.first_month", _TEXT, _FIRM, "month in which the business year begins",
        choices=tuple(str(month) for month in range(1, 13)),
    ),
    _records(
        "jfsa.filings.quarterly",
        "quarterly reports on the management of users' property (Form 13), and what was attached to each",
        period_end=_DAY, filed_at_=_MOMENT, trust_certificate=_FLAG, crypto_printouts=_FLAG, guarantee_printouts=_FLAG,
        audit_report=_FLAG, guarantee_audit=_FLAG,
    ),
    _records(
        "jfsa.filings.accounts",
        "balance sheets and profit and loss statements that follow the quarterly reports",
        period_end=_DAY, filed_at_=_MOMENT,
    ),
    _records("jfsa.filings.annual", "annual business reports", period_end=_DAY, filed_at_=_MOMENT),
    _records("jfsa.filings.jvcea", "monthly member statistics to the JVCEA", period_end=_DAY, filed_at_=_MOMENT),
    # Capital, and the metric of the coming law.
    FactKind("jfsa.capital", _NUMBER, _FIRM, "stated capital", "JPY"),
    FactKind("jfsa.own_funds", _NUMBER, _FIRM, "own funds at hand for losses of users' crypto, for information", "JPY"),
    _records(
        "jfsa.losses",
        "losses of users' crypto by leaks and the like, JPY, for information; an empty list states that there was none",
        id=_TEXT, day=_DAY, cause=_TEXT, value_jpy=_NUMBER,
    ),
    # Margin and derivatives.
    FactKind("jfsa.margin_offered", _FLAG, _FIRM, "spot margin trading is offered"),
    FactKind("jfsa.derivatives_offered", _FLAG, _FIRM, "over-the-counter crypto derivatives are offered"),
    _records(
        "jfsa.margin.trades",
        "margin trades, JPY; `person`: individual or corporate; `risk_ratio`: of the asset where the firm uses one",
        id=_TEXT, person=_TEXT, asset=_TEXT, value=_NUMBER, deposit=_NUMBER, risk_ratio_=_NUMBER,
    ),
    _records(
        "jfsa.derivatives",
        "open derivative positions, JPY; `person`: individual or corporate; `risk_ratio` of the asset",
        id=_TEXT, person=_TEXT, asset=_TEXT, notional=_NUMBER, margin=_NUMBER, risk_ratio_=_NUMBER,
    ),
    _records(
        "jfsa.risk_ratios",
        "crypto risk assumption ratios, when each was set and when the next one took its place",
        id=_TEXT, asset=_TEXT, ratio=_NUMBER, set_on=_DAY, replaced_on_=_DAY,
    ),
    _records(
        "jfsa.loss_cuts",
        "loss cuts: when the agreed level was reached and the position closed; `agreed`: the formula is on file",
        id=_TEXT, triggered=_MOMENT, liquidated_=_MOMENT, agreed=_FLAG,
    ),
    _records(
        "jfsa.controls",
        "registrations and arrangements that the firm states to have",
        name=_TEXT, in_place=_FLAG, tested_on_=_DAY, reference_=_TEXT,
    ),
)  # fmt: skip
"""In the order of the act."""
