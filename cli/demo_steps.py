"""What the parts of the demo share: a line of the story, a verb run as a user would, and a local chain."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from io import StringIO
from typing import Any

import click

from cli.common import console, run
from ledger.errors import TallystickError
from por.reserves.evm.devnode import AnvilMissing, DevNode, start_devnode

__all__ = ["chain", "document", "say", "tallystick"]

WORDS_SHOWN = 12
LAST_LINES = 5


def say(text: str) -> None:
    """A line of the story."""
    console().print(f"\n[bold]{text}[/]")


def tallystick(*arguments: str, expect: int | tuple[int, ...] = 0, quiet: bool = False) -> None:
    """Run a verb as a user would, show the command, and insist on its exit status; `quiet` shows its last words."""
    from cli.main import cli  # the group that loads this module

    words = arguments if len(arguments) <= WORDS_SHOWN else (*arguments[:2], "...", *arguments[2 - WORDS_SHOWN :])
    console().print("$ tallystick " + shlex.join(words), style="cyan", markup=False, highlight=False)
    said = StringIO()
    with redirect_stdout(said) if quiet else nullcontext():
        status = run(cli, arguments)
    lines = said.getvalue().rstrip().splitlines()
    is_expected = status in (expect if isinstance(expect, tuple) else (expect,))
    for line in lines[-LAST_LINES:] if is_expected else lines:
        click.echo(line)
    if not is_expected:
        raise TallystickError(f"the demo expected exit status {expect} and saw {status}")


@contextmanager
def chain(timestamp: int) -> Iterator[DevNode]:
    """A local chain; anvil where npm can bring it, py-evm inside this process where it cannot."""
    say("A local chain starts: real blocks, real proofs, play money.")
    try:
        with start_devnode(timestamp=timestamp, arguments=("--balance", "10000000")) as node:
            yield node
    except AnvilMissing as missing:
        from por.reserves.evm.devnode.pyevm import serve_pyevm  # needs the development extras

        console().print(f"{missing}; using the chain inside this process instead", markup=False)
        with serve_pyevm(timestamp) as node:
            yield node


def document(*arguments: str) -> Any:
    """What a verb says as JSON, for the demo's own checks; nothing is shown."""
    from cli.main import cli  # the group that loads this module

    said = StringIO()
    with redirect_stdout(said):
        status = run(cli, [*arguments, "--json"])
    if status:
        raise TallystickError(f"the demo expected exit status 0 of {arguments[0]} and saw {status}")
    return json.loads(said.getvalue())
