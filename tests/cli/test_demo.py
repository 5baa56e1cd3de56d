"""The demo: runs whole, on anvil and on the chain inside the process, and leaves files to go on from."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cli import demo_day
from cli.common import run
from cli.main import cli
from por.reserves.evm.devnode import AnvilMissing
from por.verify import standalone

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance"


@pytest.fixture
def environment(monkeypatch):
    """The demo sets variables for the commands that it runs; they end with the test."""
    for name in ("TALLYSTICK_PASSPHRASE", "TALLYSTICK_CONFIG_DIR"):
        monkeypatch.setenv(name, "")


def check_index(out: Path) -> int:
    """Everything that demo.json names is there, and every customer's proof is valid. Gives the number of customers."""
    index = json.loads((out / "demo.json").read_text())
    assert len(index["bundles"]) == 2
    assert all((out / bundle / "manifest.json").is_file() for bundle in index["bundles"])
    key = standalone.read_key((out / index["key"]).read_bytes())
    attestations = {}
    for customer in index["customers"]:
        path = out / customer["attestation"]
        checked = attestations.setdefault(path, standalone.check_attestation(path.read_bytes(), key))
        proof = (out / customer["proof"]).read_bytes()
        assert standalone.check_proof(proof, checked, customer["account"]).verdict == "valid"
    for name in ("findings.html", "verify.html", "standalone.py", "layouts.toml"):
        assert (out / name).is_file()
    return len(index["customers"])


def test_the_demo_of_a_generated_book_on_anvil(tmp_path, environment, capsys, monkeypatch):
    if IN_CI:
        monkeypatch.delattr("por.reserves.evm.devnode.pyevm.serve_pyevm")  # a missing part fails here
    assert run(cli, ["demo", "--hours", "0", "--out", str(tmp_path / "demo")]) == 0
    assert check_index(tmp_path / "demo") == 200
    said = capsys.readouterr().out
    assert "VALID" in said
    assert "solvent" not in said.lower()


def test_the_demo_of_published_balances_on_the_chain_inside_the_process(tmp_path, environment, capsys, monkeypatch):
    if not SAMPLE.is_dir():
        pytest.skip("the published sample ../shared/data/binance is not here")

    def missing(**_options):
        raise AnvilMissing("no npm here")

    monkeypatch.setattr("cli.demo_steps.start_devnode", missing)
    assert run(cli, ["demo", "--hours", "0", "--out", str(tmp_path / "demo"), "--sample", str(SAMPLE)]) == 0
    assert check_index(tmp_path / "demo") == 200
    assert "inside this process" in capsys.readouterr().out


def test_a_short_day_is_killed_goes_on_and_replays_to_its_roots(tmp_path, environment, capfd):
    os.environ["TALLYSTICK_PASSPHRASE"] = "demo"
    lines = demo_day.show(tmp_path / "day", 2)
    said = capfd.readouterr().out
    assert "is killed, while it trades" in said and "VALID" in said
    assert len(lines) == 5
    kinds = [
        json.loads((path / "attestation.json").read_bytes())["statement"]["kind"]
        for path in sorted((tmp_path / "day" / "hours").iterdir())
        if path.is_dir()
    ]
    assert kinds == ["attestation", "attestation"]
    packs = {
        "vara": "monthly",
        "jfsa": "quarterly",
        "us-mtl": "call-report",
        "eu": "quarterly",
        "procedures": "procedures",
    }
    for pack, document in packs.items():
        for form in ("html", "pdf"):
            assert (tmp_path / "day" / "reports" / pack / f"{document}.{form}").stat().st_size > 10_000
        assert (tmp_path / "day" / "reports" / pack / "index.html").is_file()
    for name in ("findings.html", "site/index.html", "proof.json", "standalone.py"):
        assert (tmp_path / "day" / name).is_file()


def test_the_fraud_is_caught_by_half_of_the_customers(tmp_path, capsys):
    assert run(cli, ["demo", "--fraud", "--out", str(tmp_path / "fraud")]) == 0
    said = capsys.readouterr().out
    assert (said.count(" INVALID"), said.count(" VALID")) == (4, 4 + said.count("seen VALID"))


def test_a_demo_never_overwrites(tmp_path, capsys):
    (tmp_path / "demo").mkdir()
    assert run(cli, ["demo", "--out", str(tmp_path / "demo")]) == 2
