"""For operators: a customer's statement over a period, as HTML, PDF and CSV."""

from __future__ import annotations

from pathlib import Path

import click

from cli.common import emit_json, json_option, progress, write_private
from cli.exchange.config import Config
from cli.exchange.giving import folder_option, now_us
from cli.exchange.reading import find_opened, reading
from cli.exchange.statement_facts import Period, gather
from cli.exchange.words import SECOND_US, read_time, second_text
from cli.statement_data import StatementData
from cli.statement_pdf import render_pdf
from cli.statement_render import render_csv, render_html
from ledger.errors import InputError
from ledger.store.history import command_at

__all__ = ["statement"]

FORMATS = ("html", "pdf", "csv")


@click.command()
@click.argument("account")
@folder_option
@click.option("--from", "start", help="The first day or time, UTC; the account's opening if not given.")
@click.option("--to", "end", help="The day or time before which it ends, UTC; now if not given.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="A folder for the files.")
@click.option(
    "--format", "formats", multiple=True, type=click.Choice(FORMATS), help="Repeat; all three where none is given."
)
@json_option
def statement(
    account: str, folder: Path, start: str | None, end: str | None, out: Path, formats: tuple[str, ...], as_json: bool
) -> int:
    """Write what was owed to ACCOUNT and by it over a period, every movement and who signed its cause."""
    config, now = Config.load(folder), now_us()
    now -= now % SECOND_US
    end_us = now + SECOND_US if end is None else read_time(end, "--to")
    with reading(config) as store, progress(not as_json) as bar:
        opened = command_at(store.session, find_opened(store.session, account)["opened_at"])
        assert opened is not None, "an account was opened by a command"
        began_us = opened.applied_micros - opened.applied_micros % SECOND_US
        start_us = began_us if start is None else read_time(start, "--from")
        if end is not None and end_us > now:
            raise InputError("--to", "is not over yet", f"Give a time up to {second_text(now)}, or none.")
        if start_us >= end_us:
            raise InputError("--from", "is not before the end", "Give a period with a length.")
        period = Period.of(store.session, config.hours, start_us, end_us)
        data = gather(store.session, config, account, period, now, bar)
        position = store.position.sequence
    files = _write(out, data, formats or FORMATS)
    if as_json:
        document = {"account": account, "end": data.end, "files": [str(path) for path in files], "start": data.start}
        emit_json(document | {"position": position})
    else:
        for path in files:
            click.echo(str(path))
    return 0


def _write(out: Path, data: StatementData, formats: tuple[str, ...]) -> list[Path]:
    """Each form into a file that the owner alone may read."""
    makers = {
        "html": lambda: render_html(data).encode(),
        "pdf": lambda: render_pdf(data),
        "csv": lambda: render_csv(data),
    }
    made = {form: makers[form]() for form in FORMATS if form in formats}
    out.mkdir(parents=True, exist_ok=True)
    stem = f"statement-{data.account}-{data.start[:10]}-{data.end[:10]}"
    paths = {form: out / f"{stem}.{form}" for form in made}
    for form, path in paths.items():
        write_private(path, made[form])
    return list(paths.values())
