"""What every verb shares: one way to end, one way to speak to people and one to programs, and progress bars.

Exit status: 0 valid, 1 invalid, 2 unchecked, unreadable or misused. No traceback reaches a user unless they ask for it
with TALLYSTICK_DEBUG=1.
"""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ledger.errors import InputError, InputErrors, TallystickError

__all__ = [
    "EXIT",
    "checks_table",
    "console",
    "emit_json",
    "json_option",
    "passphrase",
    "progress",
    "read_input",
    "run",
    "shown",
    "write_private",
]

EXIT = {"valid": 0, "invalid": 1, "unchecked": 2}
PROBLEMS_SHOWN = 50
PIPE_COLUMNS = 160

_MARKS = {"pass": ("[green]pass[/]"), "fail": ("[bold red]FAIL[/]"), "unchecked": ("[yellow]unchecked[/]")}

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")


def console(*, error: bool = False) -> Console:
    """A console as wide as the terminal; in a pipe wide enough that no figure is broken."""
    stream = sys.stderr if error else sys.stdout
    return Console(stderr=error, highlight=False, width=None if stream.isatty() else PIPE_COLUMNS)


def shown(text: str) -> str:
    """Text for a terminal: what is not seen there, or would command it, is written out; lines stay lines."""
    hidden = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    return "".join(f"\\u{{{ord(c):x}}}" if unicodedata.category(c) in hidden and c != "\n" else c for c in str(text))


def emit_json(document: Any) -> None:
    """One JSON document on standard output; names of files that are not UTF-8 stand in it escaped."""
    text = json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True)
    click.echo(text.encode("utf-8", "backslashreplace").decode())


def run(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run a command and turn whatever happens into an exit status and, for errors, plain words on standard error."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        # The words stay at hand as the context's object: findings say how they were come by.
        result = command.main(args=list(words), prog_name="tallystick", standalone_mode=False, obj=words)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; nothing half-written was left", err=True)
        return 2
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): not an error of theirs, and there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except Exception as error:
        if os.environ.get("TALLYSTICK_DEBUG") == "1" and not isinstance(error, TallystickError | OSError | MemoryError):
            raise
        lines = _error_lines(error)
        if "--json" in words:
            emit_json({"checks": [], "error": "\n".join(lines), "verdict": "unchecked"})
        for line in lines:
            click.echo(shown(line), err=True)
    return 2


def _error_lines(error: Exception) -> list[str]:
    """What a person is told of an error: no traceback, nothing secret, at most `PROBLEMS_SHOWN` problems."""
    if isinstance(error, InputErrors):
        lines = [f"error: {problem}" for problem in error.problems[:PROBLEMS_SHOWN]]
        more = len(error.problems) - PROBLEMS_SHOWN
        return [*lines, f"and {more} more problems"] if more > 0 else lines
    if isinstance(error, TallystickError):
        return [f"error: {error}"]
    if isinstance(error, OSError):
        return [f"error: {error.filename or 'a file'}: {error.strerror}. Check the path and its permissions."]
    if isinstance(error, MemoryError):
        return ["error: out of memory. Use a machine with more, or the `scale` extra."]
    name = type(error).__name__
    return [f"internal error ({name}): a defect of ours. TALLYSTICK_DEBUG=1 shows where; please report it."]


def read_input(path: Path, what: str) -> bytes:
    """A file's bytes; raises InputError that says what was looked for."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(str(path), f"cannot be read ({error.strerror})", f"Name the {what} file.") from None


def write_private(path: Path, data: bytes) -> None:
    """Write a file that its owner alone may read: it holds one customer's balances. An older one keeps its mode."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)


def passphrase(prompt: str, *, confirm: bool = False) -> str:
    """From TALLYSTICK_PASSPHRASE, else asked on a terminal; never an argument, which other users could see."""
    given = os.environ.get("TALLYSTICK_PASSPHRASE")
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise InputError("passphrase", "not given", "Set TALLYSTICK_PASSPHRASE, or run on a terminal.")
    return str(click.prompt(prompt, hide_input=True, confirmation_prompt=confirm))


def checks_table(checks: Sequence[dict[str, Any]], title: str | None = None) -> Table:
    """The table of checks that every checking verb prints."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in ("check", "result", "assurance", "what was found"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("check", "result", "assurance"))
    for check in checks:
        name = Text(check["name"], style="" if check["required"] else "dim")
        # The detail can quote the exchange's own words: they are text, and never markup or a terminal's commands.
        table.add_row(name, _MARKS[check["result"]], check["assurance"] or "", Text(shown(check["detail"])))
    return table


@contextmanager
def progress(enabled: bool = True) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error while something takes long; gives a function (stage, done, total).

    A total of 0 is one that nobody knows yet: the bar moves and shows no share.
    """
    if not enabled or not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total or None)
            bars.update(tasks[stage], completed=done, total=total or None)

        yield report
