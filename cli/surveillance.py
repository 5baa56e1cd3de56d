"""For compliance officers: `tallystick surveil` searches the log, keeps cases, drafts reports of them, and files none.

What it writes stands in the exchange's folder under `surveillance`: a result for each run, a file for each case. All of
it names customers, so the owner of the folder alone may read it.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from cli.common import console, emit_json, json_option, progress, read_input, shown, write_private
from cli.exchange.config import Config
from cli.exchange.giving import folder_option, now_us
from cli.exchange.reading import reading
from cli.exchange.words import SECOND_US, read_time, time_text
from compliance.reports.claims import check_claims
from compliance.reports.html import render_html
from compliance.surveillance import require_tables
from compliance.surveillance.alerts import Alert
from compliance.surveillance.case import CLOSING_REASONS, Case, NoteKind, read_alerts
from compliance.surveillance.drafts import TITLES, Draft, Firm, sar, stor, vara_notice
from compliance.surveillance.inputs import Inputs
from compliance.surveillance.tables import Tables, read_tables
from ledger.canonical import canonical
from ledger.checkpoints import Checkpoints, read_checkpoint
from ledger.engine import Engine
from ledger.errors import CheckFailed, FormatError, InputError
from ledger.genesis import Genesis
from ledger.log import LogReader, OsFiles, Record
from ledger.store import history

if TYPE_CHECKING:
    from compliance.surveillance.runner import SurveillanceResult

__all__ = ["surveil"]

FOLDER = "surveillance"
DRAFTS = {"stor": stor, "sar": sar, "vara": vara_notice}
SHOWN_ALERTS = 40
_CASE = click.argument("case_id", metavar="CASE")
_AUTHOR = click.option("--author", required=True, help="Who writes this, as it stands in the case for ever.")
_SUBJECT = f"Whom it is assigned to, what was filed, or why it is closed: {', '.join(CLOSING_REASONS)}."
_TEXT = click.option("--text", default="", help="What is to be said.")


@click.group()
def surveil() -> None:
    """Search the order log for abuse and laundering; keep cases; draft reports."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Log positions that are asked for."""

    first: int
    last: int


@surveil.command()
@folder_option
@click.option("--from", "start", help="The first day or time, UTC; the log's beginning if not given.")
@click.option("--to", "end", help="The day or time before which it ends, UTC; the log's end if not given.")
@click.option("--tables", "tables_file", type=click.Path(dir_okay=False, path_type=Path),
              help="JSON with clusters, rates, tagged_addresses, chain_transfers, senders, devices, last_activity, "
              "announcements, fixings, obligations, levels; what is left out is named as not run.")  # fmt: skip
@click.option("--events", "keep", type=click.Path(file_okay=False, path_type=Path),
              help="An empty folder in which the event tables are kept, as Parquet.")  # fmt: skip
@json_option
def run(
    folder: Path, start: str | None, end: str | None, tables_file: Path | None, keep: Path | None, as_json: bool
) -> int:
    """Execute the log again, run every detector over it, and write the result."""
    require_tables()
    config = Config.load(folder)
    tables = Tables(None, {}, Inputs()) if tables_file is None else read_tables(
        read_input(tables_file, "tables"), str(tables_file)
    )  # fmt: skip
    span = _asked(config, start, end)
    with _events_folder(keep) as events, progress(not as_json) as bar:
        result = _searched(config, span, tables, events, lambda done, total: bar("reading the log", done, total))
    path = folder / FOLDER / f"result-{span.first}-{span.last}.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(path, result.data())
    if as_json:
        emit_json({"file": str(path), "hash": result.hash(), **result.document()})
    else:
        _print_result(result, path)
    return 0


def _asked(config: Config, start: str | None, end: str | None) -> _Span:
    """The positions of the times asked for. Raises InputError for none."""
    head = int(_log(config, config.genesis()).head.sequence)
    first, last = 1, head
    if start is not None or end is not None:
        with reading(config) as store:
            if start is not None:
                first = history.position_at(store.session, read_time(start, "--from") - 1) + 1
            if end is not None:
                last = min(history.position_at(store.session, read_time(end, "--to") - 1), head)
    if first > last:
        raise InputError("--from", "leaves no command of the log before --to", "Give a period in which there are some.")
    return _Span(first, last)


def _log(config: Config, genesis: Genesis) -> LogReader:
    return LogReader(config.paths.log, genesis.exchange, genesis.hash)


def _engine_before(config: Config, genesis: Genesis, log: LogReader, first: int) -> Engine:
    """The newest engine that stands before a position and from which the log goes on."""
    checkpoints = Checkpoints(config.paths.checkpoints, genesis, OsFiles())
    for position in sorted(checkpoints.positions(), reverse=True):
        if log.first_sequence - 1 <= position < first:
            try:
                return read_checkpoint(checkpoints.path(position).read_bytes(), genesis)[0]
            except (FormatError, CheckFailed, OSError):
                continue
    if log.first_sequence > 1:
        problem = f"is not there before command {log.first_sequence}, and no checkpoint stands before the period"
        raise InputError("the log", problem, "Put the archived segments beside the others, or ask for a later period.")
    return Engine.begin(genesis)


def _searched(config: Config, span: _Span, tables: Tables, events: Path, report: Any) -> SurveillanceResult:
    from compliance.surveillance.log import EventLog, EventWriter
    from compliance.surveillance.reader import facts_of, read_log
    from compliance.surveillance.runner import run_detectors

    genesis = config.genesis()
    log = _log(config, genesis)
    engine = _engine_before(config, genesis, log, span.first)
    begun, total = engine.sequence, span.last - engine.sequence

    def records() -> Iterator[Record]:
        for record in log.records(begun + 1, span.last):
            if int(record.sequence) % 1_000 == 0:
                report(int(record.sequence) - begun, total)
            yield record

    read_log(records(), engine, EventWriter(events), first=span.first, last=span.last, senders=tables.senders)
    return run_detectors(EventLog.open(events), tables.onto(facts_of(engine, tables.clusters)))


@contextmanager
def _events_folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    folder = Path(tempfile.mkdtemp(prefix="tallystick-surveil-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _print_result(result: SurveillanceResult, path: Path) -> None:
    _table(
        f"{len(result.alerts)} alerts",
        ("alert", "detector", "what", "market", "accounts", "score"),
        [
            (
                a.id[:12], a.detector, TITLES[a.detector], a.market or "", ", ".join(a.accounts[:3]),
                f"{a.score / 10**6:.2f}",
            )
            for a in result.alerts[:SHOWN_ALERTS]
        ],
    )  # fmt: skip
    if len(result.alerts) > SHOWN_ALERTS:
        click.echo(f"and {len(result.alerts) - SHOWN_ALERTS} more in the file")
    _table("Not run", ("detector", "part", "for want of"), [(n.detector, n.part, n.missing) for n in result.not_run])
    positions = ", ".join(f"{span.first} to {span.last}" for span in result.spans)
    click.echo(f"\n{result.order_events} order events and {result.money_events} of money, log positions {positions}")
    click.echo(f"{path}\nSHA-256 {result.hash()}")


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(shown(cell) for cell in row))
    console().print(table)


# Cases.


def _case_path(folder: Path, case_id: str) -> Path:
    if not case_id.replace("-", "").isalnum() or len(case_id) > 64:
        raise InputError(case_id[:64], "is no name of a case", "Use letters, digits and hyphens.")
    return folder / FOLDER / "cases" / f"{case_id}.json"


def _read_case(folder: Path, case_id: str) -> Case:
    return Case.read(read_input(_case_path(folder, case_id), "case"))


@surveil.command("open")
@_CASE
@folder_option
@click.option("--result", "result_file", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--alert", "names", required=True, multiple=True, help="The beginning of an alert's id; repeat.")
@_AUTHOR
@_TEXT
def open_case(folder: Path, case_id: str, result_file: Path, names: tuple[str, ...], author: str, text: str) -> int:
    """Open CASE about some alerts of a result."""
    path = _case_path(folder, case_id)
    if path.exists():
        raise InputError(case_id, "is there already", "Add a note to it, or take another name.")
    alerts = read_alerts(read_input(result_file, "result"))
    chosen = [_chosen(alerts, name) for name in dict.fromkeys(names)]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    case = Case.open(case_id, list(dict.fromkeys(chosen)), now_us(), author, text)
    write_private(path, case.data())
    click.echo(f"{path}\nhead {case.head}")
    return 0


def _chosen(alerts: Sequence[Alert], name: str) -> Alert:
    found = [alert for alert in alerts if alert.id.startswith(name)]
    if len(found) != 1:
        raise InputError(f"--alert {name[:64]}", f"names {len(found)} alerts", "Give more of the one alert's id.")
    return found[0]


@surveil.command()
@_CASE
@folder_option
@click.option(
    "--kind", required=True, type=click.Choice([kind.value for kind in NoteKind if kind is not NoteKind.OPENED])
)
@click.option("--subject", default="", help=_SUBJECT)
@_AUTHOR
@_TEXT
def note(folder: Path, case_id: str, kind: str, subject: str, author: str, text: str) -> int:
    """Add a note to CASE: a comment, or what moves it on."""
    case = _read_case(folder, case_id)
    time_us = max(now_us(), case.notes[-1].time_us)
    try:
        case = case.add(NoteKind(kind), time_us, author, subject=subject, text=text)
    except CheckFailed as error:
        raise InputError(case_id, str(error), "See where it stands with `tallystick surveil cases`.") from None
    path = _case_path(folder, case_id)
    # Beside it first: a case that was half-written is a case that is lost.
    fresh = path.with_suffix(".new")
    write_private(fresh, case.data())
    fresh.replace(path)
    click.echo(f"{case.status}, head {case.head}")
    return 0


@surveil.command()
@folder_option
@json_option
def cases(folder: Path, as_json: bool) -> int:
    """List the cases; each one's chain is checked."""
    found = [Case.read(path.read_bytes()) for path in sorted((folder / FOLDER / "cases").glob("*.json"))]
    if as_json:
        emit_json([case.document() for case in found])
        return 0
    rows = [
        (c.id, c.status.value, time_text(c.opened_us)[:19], ", ".join(sorted({a.detector for a in c.alerts})),
         ", ".join(c.accounts[:3]), str(len(c.notes)), c.head[:12])
        for c in found
    ]  # fmt: skip
    _table(f"{len(found)} cases", ("case", "status", "opened (UTC)", "detectors", "accounts", "notes", "head"), rows)
    return 0


@surveil.command()
@_CASE
@folder_option
@click.option("--as", "form", required=True, type=click.Choice(list(DRAFTS)), help="What it is drafted as.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder for the files.")
@click.option("--firm", default="", help="The filer's legal name.")
@click.option("--lei", default="", help="The filer's LEI.")
@click.option("--contact", default="", help="Whom the authority asks.")
def draft(folder: Path, case_id: str, form: str, out: Path, firm: str, lei: str, contact: str) -> int:
    """Draft a report of CASE as HTML and JSON. A person completes and files it; this files nothing."""
    case = _read_case(folder, case_id)
    now = now_us()
    moment = datetime.fromtimestamp((now - now % SECOND_US) // SECOND_US, UTC)
    made: Draft = DRAFTS[form](case, Firm(name=firm, lei=lei, contact=contact), moment)
    check_claims(made.document)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = f"{case_id}-{form}-draft"
    write_private(out / f"{stem}.html", render_html(made.document, "Skip to the draft").encode())
    write_private(out / f"{stem}.json", canonical(made.data))
    click.echo(f"{out / stem}.html\n{out / stem}.json")
    return 0
