"""Documentation that runs: the commands that README.md and the guides show are run here, in the order shown.

A fenced block that opens with ```console runs; any other block is only shown. In it, a line that starts with `$ ` is a
command, lines after it that start with `> ` go on with that command, and all other lines are what a reader would see.
The commands of one document run in one empty folder, each in a shell of its own, with this project first on PATH. Each
must end with status 0, unless the line `# exit status N` follows it. What a document leaves running has its number in a
file `*.pid`, and is ended here whatever happened.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Command(NamedTuple):
    """One command of a document, and the status that the document says it ends with."""

    text: str
    status: int


def commands_in(document: str) -> list[Command]:
    """The commands that a document shows for running, in order."""
    commands: list[Command] = []
    for block in BLOCK.findall(document):
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append(Command(line[2:], 0))
            elif line.startswith("> ") and commands:
                commands[-1] = commands[-1]._replace(text=f"{commands[-1].text}\n{line[2:]}")
            elif (status := re.fullmatch(r"# exit status (\d+)", line)) and commands:
                commands[-1] = commands[-1]._replace(status=int(status[1]))
    return commands


@contextmanager
def ended(work: Path) -> Iterator[None]:
    """End, at last, the processes that the commands left running."""
    try:
        yield
    finally:
        for path in work.glob("*.pid"):
            with suppress(ProcessLookupError, ValueError):
                os.kill(int(path.read_text(encoding="utf-8")), signal.SIGTERM)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_commands_of_the_documentation_do_what_it_says(document: Path, tmp_path: Path) -> None:
    commands = commands_in(document.read_text(encoding="utf-8"))
    if not commands:
        pytest.skip("this document shows no command for running")
    home, work = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    work.mkdir()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HOME": str(home), "NO_COLOR": "1"}
    with ended(work):
        for command in commands:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", command.text],
                cwd=work,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
            said = f"$ {command.text}\n{done.stdout}{done.stderr}"
            assert done.returncode == command.status, f"status {done.returncode}, not {command.status}:\n{said}"


def test_blocks_commands_and_statuses_are_read_as_described() -> None:
    document = "```console\n$ a\nshown\n$ b \\\n> c\n# exit status 1\n```\n\n```shell\n$ not this\n```\n"
    assert commands_in(document) == [Command("a", 0), Command("b \\\nc", 1)]
