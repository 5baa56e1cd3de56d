"""Procedures on the log of a running exchange: commands around the cut, movements drawn, the replay as findings."""

from __future__ import annotations

import json

import pytest

from cli.common import run
from cli.procedures import procedures
from tests.cli.exchange.test_hours import Day


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """A day and three of its bundles."""
    day = Day(tmp_path_factory.mktemp("day"))
    day.begin()
    bundles = []
    for number in range(3):
        day.trade()
        if number == 1:
            day.join(4)
        bundles.append(day.next_hour())
    day.exchange.close()
    return day, bundles


def performed(day, bundles, out, capsys, *more):
    key = str(day.folder / "secrets" / "exchange-key.json")
    capsys.readouterr()
    arguments = [*map(str, bundles), "--key", key, "--seed", "dice 3 5 1", "--out", str(out), "--format", "csv"]
    run(procedures, [*arguments, "--json", *more])
    said = json.loads(capsys.readouterr().out)
    tables = {table["name"]: table["rows"] for table in json.loads((out / "pack.json").read_bytes())["tables"]}
    return said, tables


def test_a_whole_run_is_replayed_and_its_cuts_are_followed(three, tmp_path, capsys):
    day, bundles = three
    said, tables = performed(day, bundles, tmp_path / "out", capsys, "--replay")
    for name in ("replay-start", "replay", "replay-balances", "replay-trees", "replay-statements", "zero-sum",
                 "hours", "chain", "sample-leaves"):  # fmt: skip
        assert said["procedures"][name] == "no exception", name
    cuts = tables["cuts"]
    assert [row[1] for row in cuts] == ["last before", "the cut", "first after"] * 2 + ["last before", "the cut"]
    assert {row[3] for row in cuts if row[1] == "the cut"} == {"cut-hour"}
    for before, cut, after in (cuts[0:3], cuts[3:6]):
        assert int(before[2]) + 1 == int(cut[2]) == int(after[2]) - 1 and before[4] < cut[4] <= after[4]
    # The first command after the last cut is in no bundle: said, and not passed over.
    assert said["procedures"]["around-cut"] == "unchecked"
    drawn = tables["sample-movements"]
    assert drawn and {row[5] for row in drawn} == {"no exception"}
    assert "credit-deposit" in {row[2] for row in drawn}


def test_without_replay_the_log_is_not_said_to_be_executed(three, tmp_path, capsys):
    day, bundles = three
    said, _ = performed(day, bundles[:2], tmp_path / "out", capsys)
    assert {said["procedures"][name] for name in ("replay", "replay-balances", "replay-trees")} == {"unchecked"}
    assert said["procedures"]["sample-movements"] == "no exception"


def test_the_log_of_another_hour_and_a_damaged_one_are_exceptions_or_not_performed(three, tmp_path, capsys):
    day, bundles = three
    path = bundles[1] / "replay" / "log.bin"
    kept = path.read_bytes()
    (bundles[1] / "replay").chmod(0o700)
    path.chmod(0o600)
    try:
        path.write_bytes((bundles[0] / "replay" / "log.bin").read_bytes())
        said, _ = performed(day, bundles[:2], tmp_path / "swapped", capsys, "--replay")
        assert said["procedures"]["around-cut"] == "exception" and said["procedures"]["manifest"] == "exception"
        assert said["procedures"]["replay"] == "exception"
        path.write_bytes(kept[:-7] + bytes(7))
        said, tables = performed(day, bundles[:2], tmp_path / "damaged", capsys, "--replay")
        assert said["procedures"]["manifest"] == "exception" and said["procedures"]["around-cut"] == "unchecked"
        assert any("cannot be read" in row[3] for row in tables["not-performed"])
    finally:
        path.write_bytes(kept)
