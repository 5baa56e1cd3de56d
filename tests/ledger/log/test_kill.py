"""A real process that is killed while it writes to a real disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from ledger.log import CommandLog, LogOptions, genesis_hash

ROOT = Path(__file__).resolve().parent.parent.parent.parent
EXCHANGE = "kill.test"
GENESIS = genesis_hash(EXCHANGE, b"{}")
WRITER = """
import sys
from pathlib import Path
from ledger.log import *
folder = Path(sys.argv[1])
options = LogOptions(segment_bytes=60_000, mirror=folder / "copy")
with CommandLog.open(folder / "log", "kill.test", genesis_hash("kill.test", b"{}"), options=options) as log:
    print("open", flush=True)
    while True:
        first = log.head.sequence + 1
        numbers = range(first, first + 1 + first % 40)
        log.append([Entry(Micros(n), Micros(n), Scheme.SESSION, (), b"%d" % n * 20) for n in numbers])
        print(log.head.sequence, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_killed_writer_lost_nothing_that_it_acknowledged(tmp_path):
    rng, options = Random(7), LogOptions(segment_bytes=60_000, mirror=tmp_path / "copy", verify_all=True)
    for _ in range(5):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        time.sleep(rng.uniform(0.01, 0.2))
        writer.send_signal(signal.SIGKILL)
        lines = [line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        writer.wait()
        acknowledged = int(lines[-1]) if lines else 0
        with CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS, options=options) as log:
            assert log.head.sequence >= acknowledged
            for number, record in enumerate(log.records(), start=1):
                assert record.entry.signed == b"%d" % number * 20
