"""The hour's benchmark runs and prints what its page says; no time is checked."""

from __future__ import annotations

import json

from tests.benchmarks.hour import main


def test_a_small_hour_is_measured(capsys):
    assert main(["--accounts", "300", "--changes", "1000", "--proofs", "2"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [record["name"] for record in records] == ["hour-close", "hour-hold", "hour-proof"]
    assert records[0]["seconds"] > 0 and records[0]["aim_seconds"] in (10, 30)
    assert {"slice", "cut", "start", "adopt", "catching up"} <= records[1]["milliseconds"].keys()
