"""`tallystick challenge`: what it writes for wallets to sign."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

import cli.chains
from cli.main import cli as tallystick

ADDRESS = "0x" + "ab" * 20
RESERVES = "".join(
    f"""
[chains."eip155:{number}"]
rpc = ["http://127.0.0.1:1"]

[[reserve]]
chain = "eip155:{number}"
address = "{ADDRESS}"
asset = "ETH"
control = "eip712"
"""
    for number in (1, 10)
)


class OneBlock:
    """An endpoint with one final block; what is tested is what happens after it was asked."""

    def __init__(self, *_: object) -> None:
        pass

    def check_chain(self, chain: str) -> None:
        pass

    def header(self, finality: str) -> SimpleNamespace:
        return SimpleNamespace(number=7, hash=bytes(32))


def test_one_address_on_two_chains_gets_typed_data_for_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.chains, "Endpoint", OneBlock)
    monkeypatch.setenv("TALLYSTICK_PASSPHRASE", "correct horse")
    (tmp_path / "reserves.toml").write_text(RESERVES, encoding="utf-8")
    runner = CliRunner()
    keys, out = str(tmp_path / "keys"), tmp_path / "challenges.json"
    assert runner.invoke(tallystick, ["keys", "new", "my.exchange", "--out", keys]).exit_code == 0
    arguments = ["challenge", "--reserves", str(tmp_path / "reserves.toml"), "--hour", "2026-11-20T10:00:00Z"]
    result = runner.invoke(tallystick, [*arguments, "--keys", keys, "--out", str(out)])
    assert result.exit_code == 0, result.output
    entries = json.loads(out.read_text(encoding="utf-8"))
    typed = json.loads(out.with_suffix(".typed.json").read_text(encoding="utf-8"))
    assert set(typed) == {f"{entry['chain']}:{entry['address']}" for entry in entries}
    assert [typed[f"eip155:{number}:{ADDRESS}"]["domain"]["chainId"] for number in (1, 10)] == [1, 10]
