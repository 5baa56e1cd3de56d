"""Golden logs replay to the same states under every Python that is here, in any process, for ever."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.engine import RULE_SET, Engine
from ledger.events import Refused
from ledger.genesis import Genesis
from ledger.log import LogReader
from ledger.playback import replay
from ledger.signatures import parse_request
from tests.golden import make
from tests.golden.replay import replayed

HERE = Path(__file__).resolve().parent
FOLDERS = sorted(HERE.glob("ruleset-*"))
SCRIPT = HERE / "replay.py"
OTHERS = [f"python3.{minor}" for minor in range(11, 15) if minor != sys.version_info.minor]


def interpreter(name):
    """The named Python, on the path or among those that pyenv keeps; None where it is not or does not start."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(name), *kept.glob(f"{name.removeprefix('python')}.*/bin/{name}")]
    for found in filter(None, candidates):
        if subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
            return str(found)
    return None


def expected(folder):
    return json.loads((folder / make.EXPECTED).read_text())


def run(python, folder, **environment):
    command = [python, str(SCRIPT), str(folder)]
    settings = {**{k: v for k, v in os.environ.items() if k != "PYTHONPATH"}, **environment}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=settings, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_there_is_a_golden_log_of_the_newest_rule_set():
    assert HERE / f"ruleset-{RULE_SET}" in FOLDERS, "make it with `make golden`"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_golden_log_replays_to_the_same_states_here(folder):
    assert replayed(folder, check_signatures=True) == expected(folder)


@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_it_does_so_in_another_process_whatever_its_hash_seed(seed):
    given = run(sys.executable, FOLDERS[-1], PYTHONHASHSEED=seed)
    assert given["result"] == expected(FOLDERS[-1]) and given["signatures"]


@pytest.mark.parametrize("python", OTHERS)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_it_does_so_under_another_python(folder, python):
    found = interpreter(python)
    if found is None:
        pytest.skip(f"no {python} on this machine")
    given = run(found, folder, PYTHONHASHSEED="random")
    assert given["python"].startswith(python.removeprefix("python"))
    assert given["result"] == expected(folder)


def test_the_newest_golden_log_holds_every_command():
    folder = HERE / f"ruleset-{RULE_SET}"
    genesis = Genesis.from_file((folder / "genesis.json").read_bytes())
    engine = Engine.begin(genesis)
    reader, done = LogReader(folder / "log", genesis.exchange, genesis.hash), set()
    for record, events in replay(reader.records(), engine, check_signatures=False):
        if not any(isinstance(event, Refused) for event in events):
            done.add(parse_request(record.entry.scheme, record.entry.signed, genesis.exchange).names[0])
    assert done >= make.COMMANDS, "give the new commands a generator, then `make golden`"
