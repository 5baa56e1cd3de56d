"""The benchmark of surveillance still runs, and its log is what it says. Times are never judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl

from compliance.surveillance.alerts import Span
from compliance.surveillance.log import EventLog
from compliance.surveillance.runner import DETECTORS
from tests.benchmarks.surveillance import generate

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_line_states_what_was_done(tmp_path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.surveillance", "--events", "6000", "--markets", "3"]
    done = subprocess.run([*command, "--directory", tmp_path], cwd=ROOT, capture_output=True, text=True, check=True)
    line = json.loads(done.stdout)
    assert line["detectors"] == len(DETECTORS) and line["order_events"] >= 6_000 and line["money_events"] >= 60
    assert line["peak_rss_bytes"] > 10_000_000 and line["seconds"] > 0 and "6,000 order events" in line["workload"]
    assert str(ROOT) not in done.stdout and not list(tmp_path.iterdir())


def test_the_generated_log_is_whole_and_the_same_from_the_same_seed(tmp_path) -> None:
    for name in ("one", "two"):
        generate(tmp_path / name, 6_000, 3, 7)
    one, two = EventLog.open(tmp_path / "one"), EventLog.open(tmp_path / "two")
    assert one.spans == two.spans and one.spans[0].first == 1 and len(one.spans) == 1
    events = pl.concat([one.market(name) for name in one.markets])
    assert events.equals(pl.concat([two.market(name) for name in two.markets]))
    positions = set(events["sequence"]) | set(one.money()["sequence"])
    assert positions == set(range(1, one.spans[0].last + 1)), "every position is a command's"
    assert events.select("sequence", "place").n_unique() == events.height
    assert one.spans == [Span(1, max(positions))]
