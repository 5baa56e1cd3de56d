"""Rows of the nine statutory books: of each business day and asset, and the index with its clocks.

Quantities of a day are the firm's own record; where it has none, those of the day's last signed statement, and said to
be so. A day of which nothing is known is a row that says so, and never left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple

from compliance.calendars import add_months, calendar
from compliance.regimes.jfsa.rules_books import KEPT_YEARS, NINE_BOOKS
from compliance.reports.inputs import CoveragePoint, PackInput
from compliance.reports.packs.blocks import attached

__all__ = [
    "FILES",
    "CryptoDay",
    "IndexRow",
    "MoneyDay",
    "business_days_of",
    "crypto_days",
    "index_rows",
    "money_days",
    "records_of",
]

_YEARS: Final = tuple(
    dict(KEPT_YEARS)[name]
    for name in (
        "trade", "general_ledger", "customer_ledger", "client_money_day", "trust_property_day", "client_asset_day",
        "guarantee_day", "segregation_audit", "segregation_audit",
    )
)  # fmt: skip
"""Years of the nine items, from the rule's parameter."""
_STEMS: Final = ("trade-records", "general-ledger", "customer-ledger")
FILES: Final = {4: "books/4-5-money.csv", 5: "books/4-5-money.csv", 6: "books/6-7-crypto.csv",
                 7: "books/6-7-crypto.csv", 8: "books/8-9-results.csv", 9: "books/8-9-results.csv"}  # fmt: skip


class MoneyDay(NamedTuple):
    """Items 4 and 5 of a business day, JPY; None: no record."""

    day: date
    users_money: Fraction | None
    trust_property: Fraction | None


class CryptoDay(NamedTuple):
    """Items 6 and 7 of a business day and asset, units; `origin`: stated, hourly statement, or none."""

    day: date
    asset: str
    users: Fraction | None
    kept: Fraction | None
    hot: Fraction | None
    guarantee: Fraction | None
    origin: str
    digest: str


def business_days_of(data: PackInput) -> list[date]:
    """The business days of the period in Japan."""
    return calendar("JP").business_days(data.start, data.end)


def _number(value: object) -> Fraction | None:
    return value if isinstance(value, Fraction) else None


def money_days(data: PackInput) -> list[MoneyDay]:
    """A row for each business day of the period."""
    found = {row["day"]: row for row in records_of(data, "jfsa.books.money")}
    rows = []
    for day in business_days_of(data):
        row = found.get(day)
        parts = (None, None) if row is None else (_number(row["users_money"]), _number(row["trust_property"]))
        rows.append(MoneyDay(day, *parts))
    return rows


def crypto_days(data: PackInput) -> list[CryptoDay]:
    """Rows for each business day of the period, by asset."""
    stated: dict[date, list[Mapping[str, object]]] = {}
    for row in records_of(data, "jfsa.books.crypto"):
        day = row["day"]
        assert isinstance(day, date)
        stated.setdefault(day, []).append(row)
    points = _last_points(data)
    rows: list[CryptoDay] = []
    for day in business_days_of(data):
        if day in stated:
            rows += _stated(day, stated[day])
        elif day in points:
            rows += _observed(day, points[day])
        else:
            rows.append(CryptoDay(day, "—", None, None, None, None, "none", ""))
    return rows


def _stated(day: date, rows: Sequence[Mapping[str, object]]) -> Iterator[CryptoDay]:
    for row in sorted(rows, key=lambda each: str(each["asset"])):
        parts = [_number(row[name]) for name in ("users_total", "kept", "hot", "guarantee")]
        yield CryptoDay(day, str(row["asset"]), parts[0], parts[1], parts[2], parts[3], "stated", "")


def _observed(day: date, point: CoveragePoint) -> Iterator[CryptoDay]:
    for asset in sorted({*point.owed, *point.held}):
        owed, held = point.owed.get(asset, Fraction(0)), point.held.get(asset, Fraction(0))
        yield CryptoDay(day, asset, owed, held, None, None, "hourly statement", point.digest)


def _last_points(data: PackInput) -> dict[date, CoveragePoint]:
    """The last hour of each day in Japan that says what is owed."""
    days = calendar("JP")
    return {days.day_of(point.hour): point for point in data.coverage if point.owed}


def records_of(data: PackInput, name: str) -> Sequence[Mapping[str, object]]:
    """A fact's records; none where it is not known."""
    fact = data.facts.find(name)
    if fact is None:
        return ()
    assert isinstance(fact.value, tuple), f"{name} is records"
    return fact.value


def _closing(data: PackInput) -> date | None:
    """The day on which the books of the period's end close: the business year's last; None where it is not known."""
    fact = data.facts.find("jfsa.year.first_month")
    if fact is None:
        return None
    month = int(str(fact.value))
    year = data.end.year + (data.end.month >= month)
    return date.fromordinal(date(year, month, 1).toordinal() - 1)


class IndexRow(NamedTuple):
    """One of the nine books: item, name, where it stands (empty: missing), rows, years, closing day, kept until."""

    item: int
    name: str
    file: str
    rows: int | None
    years: Fraction
    closed: date | None
    until: date | None


def index_rows(data: PackInput) -> list[IndexRow]:
    """The nine books in the order of the order's items."""
    closed, counts = _closing(data), _counts(data)
    rows = []
    for item, (name, years) in enumerate(zip(NINE_BOOKS, _YEARS, strict=True), 1):
        file = attached(data, _STEMS[item - 1]) if item <= len(_STEMS) else FILES[item]
        until = None if closed is None else add_months(closed, 12 * int(years))
        rows.append(IndexRow(item, name, file, counts.get(item), years, closed, until))
    return rows


def _counts(data: PackInput) -> dict[int, int]:
    """How many rows of a book say something."""
    money, crypto = money_days(data), crypto_days(data)
    audits = [row["subject"] for row in records_of(data, "jfsa.audits")]
    return {
        4: sum(each.users_money is not None for each in money),
        5: sum(each.trust_property is not None for each in money),
        6: sum(each.users is not None for each in crypto),
        7: sum(each.guarantee is not None for each in crypto),
        8: audits.count("segregation"),
        9: audits.count("guarantee"),
    }
