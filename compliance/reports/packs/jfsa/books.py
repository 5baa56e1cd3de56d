"""The nine statutory books by business day: one set of rows, from which documents, CSV files and JSON are made.

Quantities of a day are the firm's own record; where it has none, those of the day's last signed statement, and said to
be so. A day of which nothing is known is a row that says so, and never left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Final, NamedTuple

from compliance.calendars import add_months, calendar
from compliance.facts import decimal_text
from compliance.regimes.jfsa import RULES
from compliance.regimes.jfsa.rules_books import KEPT_YEARS, NINE_BOOKS
from compliance.reports.csv_ import table_csv
from compliance.reports.document import Block, Table
from compliance.reports.inputs import CoveragePoint, PackInput
from compliance.reports.packs import blocks
from compliance.reports.packs.blocks import attached, named
from compliance.reports.packs.coverage import units
from compliance.reports.packs.jfsa.quarterly import wanted
from compliance.reports.packs.jfsa.values import Edition
from ledger.canonical import Json, canonical_file

__all__ = ["FORMAT", "KIND", "books_blocks", "books_files", "books_json"]

KIND: Final = "jfsa-books"
FORMAT: Final = 1
_YEARS: Final = tuple(
    dict(KEPT_YEARS)[name]
    for name in (
        "trade", "general_ledger", "customer_ledger", "client_money_day", "trust_property_day", "client_asset_day",
        "guarantee_day", "segregation_audit", "segregation_audit",
    )
)  # fmt: skip
"""Years of the nine items, from the rule's parameter."""
_STEMS: Final = ("trade-records", "general-ledger", "customer-ledger")
_FILES: Final = {4: "books/4-5-money.csv", 5: "books/4-5-money.csv", 6: "books/6-7-crypto.csv",
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


def _days(data: PackInput) -> list[date]:
    return calendar("JP").business_days(data.start, data.end)


def _number(value: object) -> Fraction | None:
    return value if isinstance(value, Fraction) else None


def money_days(data: PackInput) -> list[MoneyDay]:
    """A row for each business day of the period."""
    found = {row["day"]: row for row in _records(data, "jfsa.books.money")}
    rows = []
    for day in _days(data):
        row = found.get(day)
        parts = (None, None) if row is None else (_number(row["users_money"]), _number(row["trust_property"]))
        rows.append(MoneyDay(day, *parts))
    return rows


def crypto_days(data: PackInput) -> list[CryptoDay]:
    """Rows for each business day of the period, by asset."""
    stated: dict[date, list[Mapping[str, object]]] = {}
    for row in _records(data, "jfsa.books.crypto"):
        day = row["day"]
        assert isinstance(day, date)
        stated.setdefault(day, []).append(row)
    points = _last_points(data)
    rows: list[CryptoDay] = []
    for day in _days(data):
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


def _records(data: PackInput, name: str) -> Sequence[Mapping[str, object]]:
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
    assert isinstance(fact.value, Fraction)
    month = int(fact.value)
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
        file = attached(data, _STEMS[item - 1]) if item <= len(_STEMS) else _FILES[item]
        until = None if closed is None else add_months(closed, 12 * int(years))
        rows.append(IndexRow(item, name, file, counts.get(item), years, closed, until))
    return rows


def _counts(data: PackInput) -> dict[int, int]:
    """How many rows of a book say something."""
    money, crypto = money_days(data), crypto_days(data)
    audits = [row["subject"] for row in _records(data, "jfsa.audits")]
    return {
        4: sum(each.users_money is not None for each in money),
        5: sum(each.trust_property is not None for each in money),
        6: sum(each.users is not None for each in crypto),
        7: sum(each.guarantee is not None for each in crypto),
        8: audits.count("segregation"),
        9: audits.count("guarantee"),
    }


# Documents.


def books_blocks(seen: Edition) -> list[Block]:
    """Index with its clocks, the books of days, the audits' results, and what is attached."""
    data, texts, word = seen.data, seen.texts, seen.word
    return [
        blocks.attention_block(data, texts),
        _index(seen),
        Block(word("book_4_5"), 2, (_missing_days(seen, _money_gaps(data)),), money_table(seen), rules=("JP-BK-01b",)),
        Block(
            word("book_6_7"), 2, (word("books_note"), _missing_days(seen, _crypto_gaps(data))), crypto_table(seen),
            rules=("JP-BK-01c", "JP-SEG-02b"),
        ),
        Block(word("book_8_9"), 2, (), audit_table(seen), rules=("JP-BK-01", "JP-AUD-01", "JP-AUD-02")),
        _journal(seen),
        blocks.attachments_block(data, wanted(seen, "books"), texts),
        *blocks.verdict_blocks(data, texts),
        blocks.deadlines_block(data, texts),
    ]  # fmt: skip


def _money_gaps(data: PackInput) -> int:
    return sum(each.users_money is None or each.trust_property is None for each in money_days(data))


def _crypto_gaps(data: PackInput) -> int:
    return len({each.day for each in crypto_days(data) if each.users is None})


def _missing_days(seen: Edition, missing: int) -> str:
    return seen.word("days_found").format(count=len(_days(seen.data)), missing=missing)


def _index(seen: Edition) -> Block:
    heading = seen.word("books_index")
    columns = seen.columns(
        ("no", "text", 6), ("book", "text", 34), ("book_file", "code", 26), ("rows", "number", 9),
        ("years", "number", 9),
        ("closed", "text", 13), ("until", "text", 13),
    )  # fmt: skip
    rows = [
        (
            str(each.item), seen.label(each.name), each.file or seen.word("missing"),
            "" if each.rows is None else f"{each.rows:,}", units(each.years),
            "" if each.closed is None else each.closed.isoformat(),
            "" if each.until is None else each.until.isoformat(),
        )
        for each in index_rows(seen.data)
    ]  # fmt: skip
    words = (seen.word("books_index_note"), seen.word("books_apart"))
    return Block(
        heading, 2, words, named("nine-books", heading, columns, rows), rules=("JP-BK-01", "JP-BK-02", "JP-BK-03")
    )


def _shown(seen: Edition, value: Fraction | None) -> str:
    return seen.word("no_record") if value is None else units(value)


def money_table(seen: Edition) -> Table:
    """Items 4 and 5."""
    columns = seen.columns(
        ("day", "text", 14), ("owed_money", "number", 24), ("trust", "number", 24), ("difference", "number", 20)
    )
    rows = []
    for each in money_days(seen.data):
        known = each.users_money is not None and each.trust_property is not None
        difference = units((each.trust_property or Fraction(0)) - (each.users_money or Fraction(0))) if known else "—"
        rows.append(
            (each.day.isoformat(), _shown(seen, each.users_money), _shown(seen, each.trust_property), difference)
        )
    return named("book-money", seen.word("book_4_5"), columns, rows)


def crypto_table(seen: Edition) -> Table:
    """Items 6 and 7."""
    origins = {"stated": "from_firm", "hourly statement": "from_chain", "none": "no_record"}
    columns = seen.columns(
        ("day", "text", 13), ("asset", "text", 9), ("required", "number", 18), ("kept", "number", 18),
        ("hot", "number", 16), ("guarantee_units", "number", 18), ("from", "text", 14),
    )  # fmt: skip
    rows = [
        (
            each.day.isoformat(), each.asset, *(_shown(seen, part) for part in each[2:6]),
            seen.word(origins[each.origin]),
        )
        for each in crypto_days(seen.data)
    ]  # fmt: skip
    return named("book-crypto", seen.word("book_6_7"), columns, rows)


def audit_table(seen: Edition) -> Table:
    """Items 8 and 9."""
    columns = seen.columns(("subject", "text", 18), ("done_on", "text", 14), ("auditor", "text", 30))
    found = seen.records("jfsa.audits")
    rows = [tuple(seen.cell(row[name]) for name in ("subject", "done_on", "auditor")) for row in found or ()]
    return named("book-results", seen.word("book_8_9"), columns, rows)


def _journal(seen: Edition) -> Block:
    """How complete the trade journal's fields are; the journal itself is attached."""
    heading, found = seen.word("journal"), seen.records("record_fields")
    rows = [
        (
            seen.label(f"jp {row['field']}") if seen.is_japanese else str(row["field"]),
            seen.cell(row["records"]),
            seen.cell(row["lacking"]),
        )
        for row in found or ()
        if row["record"] == "jp"
    ]
    if not rows:
        return Block(heading, 2, (seen.word("unknown_note").format(name="record_fields"),), rules=("JP-BK-04",))
    columns = seen.columns(("field", "text", 30), ("records", "number", 16), ("lacking", "number", 16))
    return Block(heading, 2, (), named("journal-fields", heading, columns, rows), rules=("JP-BK-04",))


# Files.


def books_files(seen: Edition) -> dict[str, bytes]:
    """The books of days as CSV by path, and all nine as JSON."""

    tables = {4: money_table(seen), 6: crypto_table(seen), 8: audit_table(seen)}
    found = {_FILES[item]: table_csv(table) for item, table in tables.items()}
    return {**found, "jfsa-books.json": books_json(seen.data)}


def books_json(data: PackInput) -> bytes:
    """The nine books as canonical JSON (schemas/jfsa-books.schema.json); amounts are decimal texts, null: no record."""
    rule = RULES.find("JP-BK-02", data.end)
    books: list[Json] = [
        {
            "closed": None if each.closed is None else each.closed.isoformat(),
            "file": each.file or None,
            "item": each.item,
            "keep_until": None if each.until is None else each.until.isoformat(),
            "name": each.name,
            "rows": each.rows,
            "years": decimal_text(each.years),
        }
        for each in index_rows(data)
    ]
    money: list[Json] = [
        {
            "day": each.day.isoformat(),
            "trust_property": _text(each.trust_property),
            "users_money": _text(each.users_money),
        }
        for each in money_days(data)
    ]
    crypto: list[Json] = [
        {
            "asset": each.asset, "day": each.day.isoformat(), "guarantee": _text(each.guarantee),
            "hot": _text(each.hot),
            "kept": _text(each.kept), "origin": each.origin, "statement": each.digest or None,
            "users": _text(each.users),
        }
        for each in crypto_days(data)
    ]  # fmt: skip
    results: list[Json] = [
        {"auditor": str(row["auditor"]), "done_on": _day(row["done_on"]), "subject": str(row["subject"])}
        for row in _records(data, "jfsa.audits")
    ]
    return canonical_file(
        {
            "books": books, "citation": "CAO 33(1), (2)" if rule is None else f"CAO 33(1); {rule.citation}",
            "crypto_days": crypto, "entity": data.entity, "format": FORMAT, "kind": KIND, "money_days": money,
            "period": {"end": data.end.isoformat(), "start": data.start.isoformat()}, "results": results,
            "unaudited": True,
        }
    )  # fmt: skip


def _text(value: Fraction | None) -> Json:
    return None if value is None else decimal_text(value)


def _day(value: object) -> str:
    assert isinstance(value, date) and not isinstance(value, datetime)
    return value.isoformat()
