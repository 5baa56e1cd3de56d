"""For operators: every customer's statement over a month or a quarter in one run, and the index that rules read.

What all have in common is read once; then processes make the statements, some customers at a time. A run that stopped
is gone on with: `statements.jsonl` has a line for each statement that is finished, and those are kept. `index.json` is
written at the end: how many there should be and are, when the last was ready, and the clocks that run from the period.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import click

from cli.common import emit_json, json_option, progress
from cli.exchange.config import Config
from cli.exchange.giving import folder_option, now_us
from cli.exchange.reading import reading
from cli.exchange.statement_facts import Period, gather
from cli.exchange.statement_shared import SharedFile, build
from cli.exchange.words import SECOND_US, read_time, second_text
from cli.statement_data import StatementData
from cli.statement_pdf import render_pdf
from cli.statement_render import render_csv, render_html
from compliance.statements import clock_states, period_kind
from compliance.transactions.files import private_bytes, private_file
from ledger.errors import InputError, TallystickError
from ledger.log import LogReader

__all__ = ["Run", "statements", "write_all"]

FORMATS: Final = ("html", "pdf", "csv")
INDEX: Final = "index.json"
ROWS: Final = "statements.jsonl"
SHARED: Final = ".shared.sqlite"
AT_ONCE: Final = 50
"""Customers that a process is given at a time."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a process is told once."""

    folder: Path
    out: Path
    start_us: int
    end_us: int
    formats: tuple[str, ...]

    def head(self, exchange: str) -> dict[str, Any]:
        """The first line of the rows: what must be the same for a run to be gone on with."""
        return {
            "end": second_text(self.end_us),
            "exchange": exchange,
            "formats": list(self.formats),
            "start": second_text(self.start_us),
        }


@click.command()
@folder_option
@click.option("--from", "start", required=True, help="The first day, UTC.")
@click.option("--to", "end", required=True, help="The day before which it ends, UTC; it is over.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder for the files.")
@click.option(
    "--format", "formats", multiple=True, type=click.Choice(FORMATS), help="Repeat; HTML where none is given."
)
@click.option("--processes", default=2, type=click.IntRange(1, 64), help="How many make statements.")
@json_option
def statements(
    folder: Path, start: str, end: str, out: Path, formats: tuple[str, ...], processes: int, as_json: bool
) -> int:
    """Write the statements of all customers over a period, but for those that an earlier run finished."""
    start_us, end_us = read_time(start, "--from"), read_time(end, "--to")
    if start_us >= end_us:
        raise InputError("--from", "is not before the end", "Give a period with a length.")
    if end_us > now_us():
        raise InputError("--to", "is not over yet", "Give a period that is over.")
    chosen = tuple(form for form in FORMATS if form in (formats or ("html",)))
    with progress(not as_json) as bar:
        index = write_all(Run(folder, out, start_us, end_us, chosen), now_us, bar, processes)
    if as_json:
        emit_json(index)
    else:
        click.echo(f"{index['prepared']} of {index['expected']} statements in {out}; {index['failed']} failed")
    return 1 if index["failed"] else 0


def write_all(
    run: Run, clock: Callable[[], int], bar: Callable[[str, int, int], None], processes: int = 1
) -> dict[str, Any]:
    """Make what is missing and write the index, which is returned. With one process everything happens in this one."""
    config = Config.load(run.folder)
    run.out.mkdir(parents=True, exist_ok=True)
    shared = run.out / SHARED
    with reading(config) as store:
        if store.position.applied_micros < run.end_us and _log_is_ahead(config, store.position.sequence):
            raise InputError("--to", "is after where the store has come", "Let the store catch up first.")
        period = Period.of(store.session, config.hours, run.start_us, run.end_us)
        expected = build(shared, store.session, config, period, bar)
    head = run.head(config.exchange)
    _mend(run.out / ROWS)
    done = _finished(run.out, head)
    failures = []
    try:
        with (run.out / ROWS).open("a", encoding="utf-8") as rows:
            if not rows.tell():
                rows.write(json.dumps(head, sort_keys=True) + "\n")
            for number, made in enumerate(_made(run, expected, done, clock, processes), start=1):
                for row in made:
                    if "problem" in row:
                        failures.append(row)
                        continue
                    rows.write(json.dumps(row, sort_keys=True) + "\n")
                rows.flush()
                bar("statements", min(number * AT_ONCE, expected), expected)
    finally:
        shared.unlink(missing_ok=True)
    return _index(run, config, expected, failures)


def _log_is_ahead(config: Config, position: int) -> bool:
    return int(LogReader(config.paths.log, config.exchange, config.genesis().hash).head.sequence) > position


def _mend(path: Path) -> None:
    """Take off a last line that was cut off, so that the next one begins anew."""
    if path.exists():
        with path.open("r+b") as file:
            data = file.read()
            file.truncate(data.rfind(b"\n") + 1)


def _lines(out: Path) -> Iterator[dict[str, Any]]:
    """The lines of the rows, in their order; raises InputError for one that is none."""
    path = out / ROWS
    if path.exists():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                yield json.loads(line)
            except ValueError:
                raise InputError(str(path), "is damaged", "Write into another folder.", row=number) from None


def _finished(out: Path, head: dict[str, Any]) -> set[str]:
    """The accounts whose statements are there in full; raises InputError for another run's folder."""
    done = set()
    for number, row in enumerate(_lines(out)):
        if number == 0:
            if row != head:
                raise InputError(str(out / ROWS), "is of another run", "Write into another folder.")
        elif all((out / name).is_file() and (out / name).stat().st_size == size for name, size in row["sizes"].items()):
            done.add(row["account"])
    return done


def _made(
    run: Run, expected: int, done: set[str], clock: Callable[[], int], processes: int
) -> Iterator[list[dict[str, Any]]]:
    """The rows of some customers after the other, in their order."""
    starts = range(1, expected + 1, AT_ONCE)
    if processes == 1:
        with _maker(run, clock) as make:
            for first in starts:
                yield make(first, done)
        return
    with ExitStack() as stack:
        pool = stack.enter_context(
            ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin, initargs=(run, frozenset(done)))
        )
        yield from pool.map(_make_in_process, starts)


_HERE: dict[str, Any] = {}
"""What a process of the pool keeps open from its beginning."""


def _begin(run: Run, done: frozenset[str]) -> None:
    stack = ExitStack()
    _HERE.update(make=stack.enter_context(_maker(run, now_us)), done=done, stack=stack)


def _make_in_process(first: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _HERE["make"](first, _HERE["done"])
    return rows


@contextmanager
def _maker(run: Run, clock: Callable[[], int]) -> Iterator[Callable[[int, Iterable[str]], list[dict[str, Any]]]]:
    """Makes the statements of the customers from a number on."""
    config = Config.load(run.folder)
    with reading(config) as store:
        period = Period.of(store.session, config.hours, run.start_us, run.end_us)
        shared = SharedFile(run.out / SHARED, store.session, config, period)

        def make(first: int, done: Iterable[str]) -> list[dict[str, Any]]:
            rows: list[dict[str, Any]] = []
            for account in shared.accounts(first, AT_ONCE):
                if account in done:
                    continue
                prepared_us = clock() // SECOND_US * SECOND_US
                try:
                    data = gather(
                        store.session, config, account, period, prepared_us, lambda stage, done, total: None, shared
                    )
                    sizes = _write(run, data)
                except TallystickError as error:
                    rows.append({"account": account, "problem": str(error)})
                    continue
                rows.append({"account": account, "prepared_at": data.prepared, "sizes": sizes})
            return rows

        try:
            yield make
        finally:
            shared.close()


def _write(run: Run, data: StatementData) -> dict[str, int]:
    """Each form into a file that is there whole or not at all; sizes in bytes by name, from the run's folder."""
    makers: dict[str, Callable[[], str | bytes]] = {
        "html": partial(render_html, data),
        "pdf": partial(render_pdf, data),
        "csv": partial(render_csv, data),
    }
    sizes = {}
    shelf = hashlib.sha256(data.account.encode()).hexdigest()[:2]
    (run.out / shelf).mkdir(exist_ok=True)
    for form in run.formats:
        made = makers[form]()
        content = made if isinstance(made, bytes) else made.encode()
        name = f"{shelf}/statement-{data.account}-{data.start[:10]}-{data.end[:10]}.{form}"
        with private_bytes(run.out / name) as file:
            file.write(content)
        sizes[name] = len(content)
    return sizes


def _index(run: Run, config: Config, expected: int, failures: list[dict[str, Any]]) -> dict[str, Any]:
    """Write `index.json` from the rows that are there."""
    ready: dict[str, str] = {}
    for row in _lines(run.out):
        if "account" in row:
            ready[row["account"]] = row["prepared_at"]
    start, end = (date.fromisoformat(second_text(micros)[:10]) for micros in (run.start_us, run.end_us))
    is_days = run.start_us % (86_400 * SECOND_US) == 0 == run.end_us % (86_400 * SECOND_US)
    kind = period_kind(start, end) if is_days else "other"
    statement_date = date.fromisoformat(second_text(run.end_us - SECOND_US)[:10])
    last = max(ready.values(), default=None)
    is_whole = len(ready) == expected
    index = {
        **run.head(config.exchange),
        "clocks": clock_states(kind, statement_date, datetime.fromisoformat(last) if last and is_whole else None),
        "entity": config.entity,
        "expected": expected,
        "failed": len(failures),
        "failures": failures[:100],
        "kind": kind,
        "prepared": len(ready),
        "prepared_first": min(ready.values(), default=None),
        "prepared_last": last,
        "rows_sha256": hashlib.sha256((run.out / ROWS).read_bytes()).hexdigest(),
        "statement_date": statement_date.isoformat(),
    }
    with private_file(run.out / INDEX) as file:
        file.write(json.dumps(index, indent=2, sort_keys=True) + "\n")
    return index
