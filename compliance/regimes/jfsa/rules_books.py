"""Audits of separate management, and the statutory books: PSA 63-11(3), 63-11-2(2), 63-13; CAO 28, 33, 34."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.regimes.jfsa.terms import Section, U, V, row, years
from compliance.rules import Condition, Parameter, Primitive, Rule

__all__ = ["JOURNAL_FIELDS", "KEPT_YEARS", "NINE_BOOKS", "RULES"]

NINE_BOOKS: Final = (
    "trade records", "general ledger", "customer ledger", "users' money", "trust property", "users' crypto quantity",
    "guarantee quantity", "audit of segregation", "audit of guarantee",
)  # fmt: skip
"""Items 1 to 9 of CAO 33(1). The second, the seventh and the order are inferred: two lines were missing in the copy."""
_TEN, _SEVEN, _FIVE = Fraction(10), Fraction(7), Fraction(5)
KEPT_YEARS: Final[tuple[tuple[str, Fraction], ...]] = (
    ("trade", _TEN), ("general_ledger", _TEN), ("customer_ledger", _TEN), ("client_money_day", _SEVEN),
    ("trust_property_day", _FIVE), ("client_asset_day", _FIVE), ("guarantee_day", _FIVE), ("segregation_audit", _FIVE),
)  # fmt: skip
"""Years from the closing of the book, by class of record: items 1 to 3, item 4, and items 5 to 9 of CAO 33(1)."""
JOURNAL_FIELDS: Final = (
    "date", "time", "user_name", "own_or_agency", "side", "asset", "quantity", "unit_price", "amount", "other_asset",
    "counterparty", "fee", "fee_asset",
)  # fmt: skip
"""What each row of the trade journal has (CAO 34(2)), as `compliance/transactions` names its columns."""
_AUDIT = {"section": Section.AUDIT}
_BOOKS = {"section": Section.BOOKS}
_ONE_YEAR = {"most": Parameter(years(1)), "warn_days": Parameter(Fraction(60), "days")}
_INFERRED: Final = (
    "Seven of the nine items were read; the general ledger, the guarantee quantity and the order of items are inferred."
)

RULES: Final[tuple[Rule, ...]] = (
    row(
        "JP-AUD-01", "Yearly audit of separate management",
        "A CPA or audit firm audits the separate management of users' property at least once a year.",
        "PSA 63-11(3); CAO 28", "cao", V, Primitive.AGE,
        inputs={"last": "jfsa.audit.segregation.last"}, parameters=_ONE_YEAR,
        frequency="annual", evidence="report of the audit of separate management (分別管理監査)", **_AUDIT,
    ),
    row(
        "JP-AUD-01b", "Who audits separate management",
        "The auditor is a CPA or audit firm, and no bar applies to it, such as a paid office in a subsidiary.",
        "PSA 63-11(3); CAO 28", "cao", V, Primitive.COMPLETENESS,
        inputs={"records": "jfsa.audits"}, parameters={"least": Parameter(Fraction(1), "audits")},
        where=(Condition("subject", "is", "segregation"),),
        must=(Condition("cpa", "is", "true"), Condition("barred", "is", "false")),
        frequency="annual", evidence="the auditor's statement of independence", **_AUDIT,
    ),
    row(
        "JP-AUD-02", "Yearly audit of guarantee crypto",
        "A CPA or audit firm audits the separate management of guarantee crypto-assets at least once a year.",
        "PSA 63-11-2(2)", "psa", V, Primitive.AGE,
        inputs={"last": "jfsa.audit.guarantee.last"}, parameters=_ONE_YEAR,
        frequency="annual", evidence="report of the audit of guarantee crypto (履行保証暗号資産分別管理監査)", **_AUDIT,
    ),
    row(
        "JP-AUD-02b", "Who audits guarantee crypto",
        "The auditor of guarantee crypto-assets is a CPA or audit firm that no ground bars.",
        "PSA 63-11-2(2)", "psa", V, Primitive.COMPLETENESS,
        inputs={"records": "jfsa.audits"}, parameters={"least": Parameter(Fraction(1), "audits")},
        where=(Condition("subject", "is", "guarantee"),),
        must=(Condition("cpa", "is", "true"), Condition("barred", "is", "false")),
        frequency="annual", evidence="the auditor's statement of independence", **_AUDIT,
    ),
    row(
        "JP-BK-01", "The nine statutory books are kept",
        "Nine books are kept: trade records, general ledger, customer ledger; for each business day users' money, "
        "trust property, users' crypto quantity, guarantee quantity; the results of the two audits.",
        "PSA 63-13; CAO 33(1)", "cao-33", V, Primitive.CONTROLS,
        inputs={"records": "jfsa.books.kept"},
        parameters={
            "required": Parameter(NINE_BOOKS),
            "inferred": Parameter(("general ledger", "guarantee quantity"), status=U),
        },
        frequency="each business day", evidence="the books, readable on demand", note=_INFERRED, **_BOOKS,
    ),
    row(
        "JP-BK-01b", "Users' money and trust property each business day",
        "For each business day the books have the users' money and the trust property.",
        "CAO 33(1) items 4, 5", "cao-33", V, Primitive.AGE,
        inputs={"days": "jfsa.books.money", "since": "business.since"},
        parameters={"calendar": Parameter("JP"), "window": Parameter(Fraction(92), "days")},
        must=(Condition("users_money", "present"), Condition("trust_property", "present")),
        frequency="each business day", evidence="the books", **_BOOKS,
    ),
    row(
        "JP-BK-01c", "Users' and guarantee quantities each business day",
        "For each business day the books have the users' crypto quantity and the guarantee quantity.",
        "CAO 33(1) items 6, 7", "cao-33", V, Primitive.AGE,
        inputs={"days": "jfsa.books.crypto", "since": "business.since"},
        parameters={"calendar": Parameter("JP"), "window": Parameter(Fraction(92), "days")},
        must=(Condition("users_total", "present"), Condition("guarantee", "present")),
        frequency="each business day", evidence="the books", note=_INFERRED, **_BOOKS,
    ),
    row(
        "JP-BK-02", "Books are kept for 10, 7 and 5 years",
        "From the closing of a book, items 1 to 3 are kept for ten years, item 4 for seven, items 5 to 9 for five.",
        "CAO 33(2)", "cao-33", V, Primitive.RETENTION,
        inputs={"records": "retention"}, parameters={"years": Parameter(KEPT_YEARS, "years")},
        frequency="continuous", evidence="archive, its chain and its restore drill",
        note="Ten years, as is often said of all books, fits the first three only. " + _INFERRED, **_BOOKS,
    ),
    row(
        "JP-BK-03", "Books are in Japan",
        "Books are kept in Japan; of those of a foreign office a copy is in Japan without delay, or the electronic "
        "record can be viewed there.",
        "CAO 33(3)", "cao-33", V, Primitive.COMPLETENESS,
        inputs={"records": "jfsa.books.places"}, parameters={"least": Parameter(Fraction(1), "places")},
        must=(Condition("in_japan", "is", "true"),),
        frequency="continuous", evidence="register of storage", **_BOOKS,
    ),
    row(
        "JP-BK-04", "The trade journal has every field",
        "Each row of the trade journal has date, user, own account or agency, sell, buy or exchange, asset, quantity, "
        "price or unit price and amount (the other asset of an exchange), counterparty of an agency, and fees.",
        "CAO 34(2)", "cao-33", V, Primitive.COMPLETENESS,
        inputs={"records": "record_fields"},
        parameters={"fields": Parameter(JOURNAL_FIELDS), "least": Parameter(Fraction(len(JOURNAL_FIELDS)), "fields")},
        where=(Condition("record", "is", "trade journal"), Condition("field", "in", "@fields")),
        must=(Condition("lacking", "is", "0"),),
        frequency="each trade", evidence="trade journal (取引日記帳), CSV", **_BOOKS,
        note="Fields of margin trades are asked for once there are such trades.",
    ),
)  # fmt: skip
"""In the order of the order's articles."""
