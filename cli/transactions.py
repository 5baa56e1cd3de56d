"""For regulators and compliance officers: files that list every trade, order event and movement of a period.

The exchange's store is read as of one moment, while it runs or not; what was signed is read from its log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click

from cli.common import emit_json, json_option, read_input
from cli.exchange.config import Config
from cli.exchange.giving import folder_option
from cli.exchange.reading import reading
from cli.exchange.words import read_time, second_text, time_text
from compliance.transactions.files import Span, read_reports, write_book, write_eu, write_order_book
from compliance.transactions.order_book import BookNumbers
from compliance.transactions.reader import ORDERS, TRADES, TRANSFERS, RecordReader
from compliance.transactions.records import OrderEventRecord, TradeRecord
from compliance.transactions.reference import AssetReference, Reference, read_reference
from compliance.transactions.rts22 import rows_of
from compliance.transactions.rts22_reconcile import Sent, reconcile, summary
from compliance.transactions.rts22_xml import Header
from compliance.transactions.terms import LogTerms
from ledger.errors import InputError
from ledger.log import LogReader
from ledger.store import history
from ledger.store.snapshot import StoreSnapshot

__all__ = ["Opened", "opened", "period_options", "transactions"]

BANK: Final = "offchain:bank"
"""The chain of an asset that is money: its name is then its ISO 4217 code."""

period_options = (
    folder_option,
    click.option("--from", "start", required=True, help="The first day or time, UTC."),
    click.option("--to", "end", required=True, help="The day or time before which it ends, UTC."),
    click.option(
        "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder for the files."
    ),
    click.option(
        "--reference",
        "reference_path",
        type=click.Path(dir_okay=False, path_type=Path),
        help="The firm's codes, its clients' and instruments' (JSON); what is missing is listed in the exceptions.",
    ),
    json_option,
)


def with_period(command: Any) -> Any:
    """A command with the options of a period."""
    for option in reversed(period_options):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file is made from."""

    store: StoreSnapshot
    config: Config
    span: Span
    reader: RecordReader
    reference: Reference
    dtis: Mapping[str, str]

    def fresh(self, first: int, last: int, *, with_terms: bool = True) -> RecordReader:
        """Another reader over a part of the log."""
        return RecordReader(self.store.session, self._terms(first, last) if with_terms else None)

    def _terms(self, first: int, last: int) -> LogTerms:
        log = LogReader(self.config.paths.log, self.config.exchange, self.config.genesis().hash)
        return LogTerms(log, self.config.exchange, self.reader.markets, self.reader.scales, first, last)


@contextmanager
def opened(folder: Path, start: str, end: str, reference_path: Path | None) -> Iterator[Opened]:
    """The store over a period and what the log and the firm say of it; raises InputError."""
    config = Config.load(folder)
    start_us, end_us = read_time(start, "--from"), read_time(end, "--to")
    if start_us >= end_us:
        raise InputError("--from", "is not before the end", "Give a period with a length.")
    reference = Reference() if reference_path is None else read_reference(reference_path)
    with reading(config) as store:
        if end_us > store.position.applied_micros + 1:
            # What is not over yet would be listed in part: the file ends where the store does, and says so.
            end_us = min(end_us, store.position.applied_micros + 1)
        first = history.position_at(store.session, start_us - 1) + 1
        last = history.position_at(store.session, end_us - 1)
        span = Span(config.exchange, second_text(start_us), time_text(end_us), first, last)
        plain = RecordReader(store.session)
        found = Opened(store, config, span, plain, reference, {})
        dtis, named = _listed(found)
        yield replace(found, reader=found.fresh(first, last), reference=named, dtis=dtis)


def _listed(found: Opened) -> tuple[dict[str, str], Reference]:
    """DTIs by asset: the log's, else the firm's; and the reference data with the currencies that the store knows."""
    terms = found._terms(1, 0)
    dtis = {name: asset.dti for name, asset in found.reference.assets.items() if asset.dti}
    assets = dict(found.reference.assets)
    for event in history.events(found.store.session, "asset-listed"):
        codes = terms.codes_at(event.sequence)
        if codes is not None and codes[1].dti:
            dtis[codes[0]] = codes[1].dti
        name = event.document["asset"]
        known = assets.get(name, AssetReference())
        if event.document["chain"] == BANK and not known.currency:
            assets[name] = replace(known, currency=name)
    return dtis, replace(found.reference, assets=assets)


def say(document: dict[str, Any], out: Path, as_json: bool) -> int:
    """Print what was written."""
    if as_json:
        emit_json(document)
    else:
        for name in document["files"]:
            click.echo(str(out / name))
    return 0


@click.group()
def transactions() -> None:
    """Files that list every trade, order event and movement of a period, for each regime."""


@transactions.command()
@with_period
@click.option(
    "--before",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An earlier run's folder: the XML then has what changed since, as cancellations and new reports.",
)
@click.option("--schema", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="ESMA's XSD, to check by.")
@click.option("--message-id", default="", help="The file's own id; made from exchange and period if not given.")
def eu(
    folder: Path,
    start: str,
    end: str,
    out: Path,
    reference_path: Path | None,
    as_json: bool,
    before: Path | None,
    schema: Path | None,
    message_id: str,
) -> int:
    """Transaction reports (MiFIR 26, RTS 22) as a table, an XML file and a list of what was held back."""
    with opened(folder, start, end, reference_path) as found:
        firm, span = found.reference.firm, found.span
        if before is not None and before.resolve() == out.resolve():
            raise InputError("--before", "is the folder that is written", "Write into another folder.")
        made = span.end[:19] + "Z"
        header = Header(
            firm.sender or firm.lei, firm.authority, message_id or f"{span.exchange}-{span.first}-{span.last}", made
        )
        records = found.reader.records(span.first, span.last, (TRADES, ORDERS))
        earlier = None if before is None else read_reports(before)
        document = write_eu(out, span, records, found.reference, header, before=earlier, schema=schema)
    return say(document, out, as_json) or bool(document.get("schema_findings"))


@transactions.command("reconcile")
@with_period
@click.option("--sent", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="What was sent, one JSON object a line: report, sent_at (UTC) and answer.")  # fmt: skip
def reconcile_reports(
    folder: Path, start: str, end: str, out: Path, reference_path: Path | None, as_json: bool, sent: Path
) -> int:
    """Compare every trade with what was reported and answered (RTS 22 article 15); 1 if anything differs."""
    with opened(folder, start, end, reference_path) as found:
        trades = (
            record
            for record in found.reader.records(found.span.first, found.span.last, (TRADES, ORDERS))
            if isinstance(record, TradeRecord)
        )
        differences = list(reconcile(rows_of(trades, found.reference), _sent(sent)))
    out.mkdir(parents=True, exist_ok=True)
    document = {
        "differences": [each._asdict() for each in differences if each.outcome != "matched"],
        "span": found.span._asdict(),
        "summary": dict(summary(differences)),
    }
    (out / "reconciliation.json").write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if as_json:
        emit_json(document)
    else:
        for outcome, count in summary(differences).items():
            click.echo(f"{outcome}: {count}")
    return 1 if document["differences"] else 0


def _sent(path: Path) -> list[Sent]:
    rows = []
    for number, line in enumerate(read_input(path, "list of sent reports").decode("utf-8", "replace").splitlines(), 1):
        try:
            row = json.loads(line)
            rows.append(Sent(dict(row["report"]), read_time(row["sent_at"], "sent_at"), row["answer"]))
        except (ValueError, KeyError, TypeError, InputError):
            raise InputError(
                str(path), "is no report as it was sent", "Write report, sent_at and answer (or null).", row=number
            ) from None
    return rows


@transactions.command()
@with_period
@click.option("--after", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The manifest of the file "
              "before: numbers go on from there; else earlier records are counted.")  # fmt: skip
def orderbook(
    folder: Path, start: str, end: str, out: Path, reference_path: Path | None, as_json: bool, after: Path | None
) -> int:
    """Order-book records (MiCA 76, Reg. (EU) 2025/416) as JSON, and the order-to-trade ratios."""
    with opened(folder, start, end, reference_path) as found:
        span = found.span
        numbers = BookNumbers(None if after is None else _numbers(after, span))
        if after is None:
            numbers.skip(_events(found.fresh(1, 0, with_terms=False), 1, span.first - 1))
        events = _events(found.reader, span.first, span.last)
        document = write_order_book(out, span, events, found.reference, found.dtis, numbers)
    return say(document, out, as_json)


def _events(reader: RecordReader, first: int, last: int) -> Iterator[OrderEventRecord]:
    for record in reader.records(first, last, (ORDERS,)):
        if isinstance(record, OrderEventRecord):
            yield record


def _numbers(path: Path, span: Span) -> dict[str, int]:
    """Each book's last number in the file before; raises InputError for one that does not end where this begins."""
    try:
        document = json.loads(read_input(path, "manifest"))
        before, numbers = document["span"], {str(name): int(number) for name, number in document["numbers"].items()}
        is_next = before["exchange"] == span.exchange and before["last"] + 1 == span.first
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(str(path), "is no manifest of order-book records", "Name one.") from None
    if not is_next:
        raise InputError(str(path), "does not end where this period begins", "Name the file just before, or none.")
    return numbers


def _book(name: str, words: str) -> None:
    """A command for a book."""

    def command(folder: Path, start: str, end: str, out: Path, reference_path: Path | None, as_json: bool) -> int:
        with opened(folder, start, end, reference_path) as found:
            records = found.reader.records(found.span.first, found.span.last, (TRADES, ORDERS, TRANSFERS))
            document = write_book(out, found.span, records, found.reference, name)
        return say(document, out, as_json)

    command.__doc__ = words
    transactions.command(name)(with_period(command))


_book("jp", "The trade journal of Japan (CAO 34(2)) as CSV and JSON, and which of its fields are missing.")
_book("us", "Records of each transaction for the United States (31 CFR 1010), and which fields are missing.")
_book("vara", "Books of each transaction for Dubai (CRM I.F), and which fields are missing.")
