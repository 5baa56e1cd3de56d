"""Writes transaction-level files into a folder: each beside a manifest with what it was made from, counts and hashes.

Every file is written in full under another name first and then put in its place, readable by its owner alone: it holds
clients' data. One pass, one record at a time; nothing here holds a period in memory.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.resources import files as package_files
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from compliance.reports.document import csv_cell
from compliance.transactions.journals import BOOKS, Completeness, book_rows
from compliance.transactions.order_book import MARK, BookNumbers, records_of
from compliance.transactions.order_trade_ratio import WEIGHTS, RatioCounter
from compliance.transactions.records import OrderEventRecord, Record, TradeRecord
from compliance.transactions.reference import Reference
from compliance.transactions.rts22 import Report, changes, rows_of
from compliance.transactions.rts22_fields import lint
from compliance.transactions.rts22_xml import AUTH_016, UNVERIFIED, Header, validate, xml_chunks
from ledger.errors import InputError

__all__ = [
    "MANIFEST",
    "Span",
    "csv_table",
    "json_line",
    "private_bytes",
    "private_file",
    "read_reports",
    "write_book",
    "write_eu",
    "write_manifest",
    "write_order_book",
]

MANIFEST: Final = "manifest.json"
REPORTS: Final = "reports.jsonl"
_TEXT_COLUMNS: Final = frozenset(
    {"user_name", "name", "counterparty", "destination", "reference", "instruction", "problem"}
)


class Span(NamedTuple):
    """What was read: the exchange, the period (texts of its edges, the last one outside), the log's positions."""

    exchange: str
    start: str
    end: str
    first: int
    last: int


@contextmanager
def private_file(path: Path) -> Iterator[IO[str]]:
    """A text file that is there whole or not at all, for its owner alone; lines end as they are written."""
    with private_bytes(path) as raw:
        file = io.TextIOWrapper(raw, encoding="utf-8", newline="")
        yield file
        file.flush()
        file.detach()


@contextmanager
def private_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The same for bytes."""
    part = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        yield file
    part.replace(path)


def json_line(value: Any) -> str:
    """One line of a JSON Lines file."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


def _digest(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def write_manifest(out: Path, span: Span, names: Iterable[str], **more: Any) -> dict[str, Any]:
    """Write and return the manifest of the files in `names`."""
    document = {"files": {name: _digest(out / name) for name in names}, "span": span._asdict(), **more}
    with private_file(out / MANIFEST) as file:
        file.write(json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
    return document


def csv_table(file: IO[str], columns: Sequence[str]) -> csv.DictWriter[str]:
    """A table with its header written."""
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    return writer


def _safe(row: Mapping[str, str]) -> dict[str, str]:
    return {name: csv_cell(text) if name in _TEXT_COLUMNS else text for name, text in row.items()}


# EU transaction reports.


def read_reports(folder: Path) -> Iterator[Report]:
    """The reports that an earlier run wrote into a folder and that were clean; raises InputError."""
    path = folder / REPORTS
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                if not row["findings"]:
                    yield row["report"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(str(path), "is no list of reports", "Name the folder of an earlier run.") from None


def write_eu(
    out: Path,
    span: Span,
    records: Iterable[Record],
    reference: Reference,
    header: Header,
    *,
    before: Iterable[Report] | None = None,
    schema: Path | None = None,
) -> dict[str, Any]:
    """`reports.jsonl`: every report with its findings. `exceptions.csv`: what was held back. `auth.016.xml`: what to
    send: all clean reports, or with `before` (reports sent earlier for this period) what has changed since."""
    out.mkdir(parents=True, exist_ok=True)
    counts = {"clean": 0, "held_back": 0, "not_reportable_trades": 0, "trades": 0, "written": 0}
    due = ""

    def counted() -> Iterator[TradeRecord]:
        for record in records:
            if isinstance(record, TradeRecord):
                counts["trades"] += 1
                counts["not_reportable_trades"] += not reference.instrument(record.market.symbol).reportable
                yield record

    with ExitStack() as stack:
        rows = stack.enter_context(private_file(out / REPORTS))
        exceptions = csv_table(
            stack.enter_context(private_file(out / "exceptions.csv")),
            ("market", "trade", "reference", "field", "key", "problem"),
        )
        xml = stack.enter_context(private_file(out / "auth.016.xml"))

        def clean() -> Iterator[Report]:
            nonlocal due
            for row in rows_of(counted(), reference):
                due = max(due, row.due.strftime("%Y-%m-%dT%H:%M:%SZ"))
                rows.write(json_line({"due": row.due.isoformat(), "findings": row.findings, "report": row.report}))
                if row.is_clean:
                    counts["clean"] += 1
                    yield row.report
                    continue
                counts["held_back"] += 1
                for number, key, problem in row.findings:
                    exceptions.writerow(
                        {"market": row.market, "trade": row.trade_id, "reference": row.report["reference"],
                         "field": number, "key": key, "problem": problem}
                    )  # fmt: skip

        def sent() -> Iterator[Report]:
            for report in clean() if before is None else changes(before, clean()):
                # What is new was linted when its row was made; what is taken back comes from an earlier run's file.
                assert report["status"] == "NEWT" or not lint(report), "only what is clean is sent"
                counts["written"] += 1
                yield report

        xml.writelines(xml_chunks(header, sent()))
    found = None if schema is None else validate(out / "auth.016.xml", schema, f"{{{AUTH_016}}}Tx")
    checked = {"mark": UNVERIFIED} if found is None else {"mark": "schema checked", "schema_findings": found}
    return write_manifest(out, span, (REPORTS, "exceptions.csv", "auth.016.xml"), counts=counts, due=due, **checked)


# EU order-book records.


def write_order_book(
    out: Path,
    span: Span,
    events: Iterable[OrderEventRecord],
    reference: Reference,
    dtis: Mapping[str, str],
    numbers: BookNumbers,
) -> dict[str, Any]:
    """`order-book.jsonl` with its schema, and `order-trade-ratio.csv` over the same events.

    `numbers` says from where each book goes on; the manifest says to where it came, for the next file.
    """
    out.mkdir(parents=True, exist_ok=True)
    first = dict(numbers.last)
    written = 0
    ratios = RatioCounter()

    def counted() -> Iterator[OrderEventRecord]:
        for event in events:
            ratios.count(event)
            yield event

    with private_file(out / "order-book.jsonl") as file:
        for record in records_of(counted(), reference, numbers, dtis):
            file.write(json_line(record))
            written += 1
    schema = package_files("compliance.transactions").joinpath("order_book_schema.json").read_text(encoding="utf-8")
    with private_file(out / "order_book_schema.json") as file:
        file.write(schema)
    with private_file(out / "order-trade-ratio.csv") as file:
        columns = ("account", "market", "orders", "order_quanta", "trades", "traded_quanta", "by_number", "by_volume")
        table = csv_table(file, columns)
        for row in ratios.rows():
            table.writerow({**row._asdict(), **{name: _ratio(getattr(row, name)) for name in columns[-2:]}})
    names = ("order-book.jsonl", "order_book_schema.json", "order-trade-ratio.csv")
    return write_manifest(
        out, span, names, mark=MARK, records=written, numbers_before=first, numbers=dict(numbers.last),
        refused_instructions=numbers.refused_instructions, order_weights={**WEIGHTS, "status": "U"},
    )  # fmt: skip


def _ratio(value: Any) -> str:
    return "" if value is None else f"{value.numerator}/{value.denominator}"


# Books.


def write_book(out: Path, span: Span, records: Iterable[Record], reference: Reference, name: str) -> dict[str, Any]:
    """`NAME.csv` and `NAME.jsonl` with the same rows, `exceptions.csv` with the fields that rows lack."""
    out.mkdir(parents=True, exist_ok=True)
    book = BOOKS[name]
    completeness = Completeness(book)
    with ExitStack() as stack:
        table = csv_table(stack.enter_context(private_file(out / f"{name}.csv")), book.columns)
        lines = stack.enter_context(private_file(out / f"{name}.jsonl"))
        exceptions = csv_table(stack.enter_context(private_file(out / "exceptions.csv")), ("row", "missing"))
        for row in book_rows(records, reference, book):
            lacking = completeness.count(row)
            table.writerow(_safe(row))
            lines.write(json_line({key: text for key, text in row.items() if text}))
            if lacking:
                exceptions.writerow({"row": completeness.rows, "missing": " ".join(lacking)})
    names = (f"{name}.csv", f"{name}.jsonl", "exceptions.csv")
    return write_manifest(out, span, names, completeness=completeness.document())
