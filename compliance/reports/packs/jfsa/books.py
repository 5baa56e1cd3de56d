"""The nine statutory books by business day: from one set of rows come documents, CSV files and JSON."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Final

from compliance.facts import decimal_text
from compliance.regimes.jfsa import RULES
from compliance.reports.csv_ import table_csv
from compliance.reports.document import Block, Table
from compliance.reports.inputs import PackInput
from compliance.reports.packs import blocks
from compliance.reports.packs.blocks import named
from compliance.reports.packs.coverage import units
from compliance.reports.packs.jfsa.book_rows import (
    FILES,
    business_days_of,
    crypto_days,
    index_rows,
    money_days,
    records_of,
)
from compliance.reports.packs.jfsa.quarterly import wanted
from compliance.reports.packs.jfsa.values import Edition
from ledger.canonical import Json, canonical_file

__all__ = ["FORMAT", "KIND", "books_blocks", "books_files", "books_json"]

KIND: Final = "jfsa-books"
FORMAT: Final = 1


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
    return seen.word("days_found").format(count=len(business_days_of(seen.data)), missing=missing)


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
            seen.label(f"trade journal/{row['field']}") if seen.is_japanese else str(row["field"]),
            seen.cell(row["records"]),
            seen.cell(row["lacking"]),
        )
        for row in found or ()
        if row["record"] == "trade journal"
    ]
    if not rows:
        return Block(heading, 2, (seen.word("unknown_note").format(name="record_fields"),), rules=("JP-BK-04",))
    columns = seen.columns(("field", "text", 30), ("records", "number", 16), ("lacking", "number", 16))
    return Block(heading, 2, (), named("journal-fields", heading, columns, rows), rules=("JP-BK-04",))


# Files.


def books_files(seen: Edition) -> dict[str, bytes]:
    """The books of days as CSV by path, and all nine as JSON."""

    tables = {4: money_table(seen), 6: crypto_table(seen), 8: audit_table(seen)}
    found = {FILES[item]: table_csv(table) for item, table in tables.items()}
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
        for row in records_of(data, "jfsa.audits")
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
