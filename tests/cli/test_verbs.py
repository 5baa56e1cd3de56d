"""The command line: exit statuses, plain errors, nothing half-written, no secret and no traceback shown."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cli.common import run
from cli.main import cli
from ledger.keys import key_file
from tests.support.small import ASSETS, BALANCES, EXCHANGE, HOUR, KEY, small_bundle, write_inputs

RESERVES = """
[[reserve]]
kind = "statement"
asset = "BTC"
amount = "3"
institution = "First Example Bank"
as_of = "2026-11-22"
"""
NEXT = "2026-11-20T03:00:00Z"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An operator's folder with keys, balances and reserves, and a configuration folder of its own."""
    monkeypatch.setenv("TALLYSTICK_PASSPHRASE", "a passphrase")
    monkeypatch.setenv("TALLYSTICK_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    write_inputs(tmp_path)
    (tmp_path / "reserves.toml").write_text(RESERVES)
    assert run(cli, ["keys", "new", EXCHANGE, "--out", "keys"]) == 0
    return tmp_path


def prove(*more, balances="balances.csv", first=True, out="bundle"):
    chain = ["--first", "--hour", HOUR] if first else []
    return run(cli, ["prove", "--balances", balances, "--reserves", "reserves.toml", *chain, "--out", out, *more])


def test_from_a_balance_file_to_a_verified_proof(home, capsys):
    assert prove() == 0
    assert run(cli, ["proof", "bundle", "--account", "ann@example.com", "--out", "ann.json"]) == 0
    common = ["--attestation", "bundle/attestation.json", "--key", "keys/exchange-key.json"]
    assert run(cli, ["verify", "ann.json", *common, "--account", "ann@example.com"]) == 0
    said = capsys.readouterr().out
    assert "VALID" in said
    assert "1.75" in said


def test_verify_gives_three_answers(home, capsys):
    prove()
    run(cli, ["proof", "bundle", "--account", "ann@example.com", "--out", "ann.json"])
    base = ["verify", "ann.json", "--attestation", "bundle/attestation.json", "--json"]
    key = ["--key", "keys/exchange-key.json"]
    capsys.readouterr()
    for arguments, status, verdict in (
        ([*key, "--account", "ann@example.com"], 0, "valid"),
        ([*key, "--account", "ben@example.com"], 1, "invalid"),
        (key, 2, "unchecked"),
    ):
        assert run(cli, [*base, *arguments]) == status
        assert json.loads(capsys.readouterr().out)["verdict"] == verdict


def test_a_key_is_kept_and_another_one_is_warned_of(home, capsys):
    prove()
    run(cli, ["proof", "bundle", "--account", "ann@example.com", "--out", "ann.json"])
    base = ["verify", "ann.json", "--attestation", "bundle/attestation.json", "--account", "ann@example.com"]
    assert run(cli, base) == 2
    assert run(cli, [*base, "--key", "keys/exchange-key.json"]) == 0
    assert run(cli, base) == 0
    assert "kept from an earlier check" in capsys.readouterr().out
    Path("other.json").write_bytes(key_file(EXCHANGE, KEY.public))
    assert run(cli, [*base, "--key", "other.json"]) == 1
    assert "WARNING" in capsys.readouterr().out
    assert run(cli, base) == 0


def test_audit_reads_exit_status_and_json(home, capsys):
    prove()
    capsys.readouterr()
    assert run(cli, ["audit", "bundle", "--key", "keys/exchange-key.json", "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "unchecked"
    (home / "bundle" / "extra").write_text("")
    assert run(cli, ["audit", "bundle", "--key", "keys/exchange-key.json"]) == 1
    assert run(cli, ["audit", "nowhere", "--key", "keys/exchange-key.json"]) == 2


def test_a_second_hour_follows_the_first(home, capsys):
    assert prove() == 0
    assert prove("--previous", "bundle", first=False, out="two") == 0
    capsys.readouterr()
    run(cli, ["audit", "bundle", "two", "--key", "keys/exchange-key.json", "--json"])
    chain = json.loads(capsys.readouterr().out)["checks"][-1]
    assert (chain["name"], chain["result"]) == ("chain", "pass")


def test_an_hour_cannot_be_skipped_but_stated_as_missed(home, capsys):
    prove()
    assert prove("--previous", "bundle", "--hour", "2026-11-20T04:00:00Z", first=False, out="late") == 2
    assert "tallystick missed" in capsys.readouterr().err
    assert run(cli, ["missed", NEXT, "--previous", "bundle", "--reason", "a flood", "--out", "missed"]) == 0
    assert run(cli, ["audit", "missed", "--key", "keys/exchange-key.json"]) == 0


def test_a_restatement_says_what_and_why(home, capsys):
    prove()
    restate = ["--previous", "bundle", "--restates", "bundle"]
    assert prove(*restate, first=False, out="again") == 2
    assert "--reason" in capsys.readouterr().err
    assert prove(*restate, "--reason", "a deposit was late", first=False, out="again") == 0
    capsys.readouterr()
    run(cli, ["audit", "bundle", "again", "--key", "keys/exchange-key.json", "--json"])
    assert json.loads(capsys.readouterr().out)["checks"][-1]["result"] == "pass"


def test_a_rotated_key_is_followed_from_the_old_one(home, capsys):
    prove()
    assert run(cli, ["keys", "rotate", "--keys", "keys", "--previous", "bundle", "--out", "keys2"]) == 0
    assert prove("--previous", "bundle", "--keys", "keys2", first=False, out="two") == 0
    for key in ("keys/exchange-key.json", "keys2/exchange-key.json"):
        capsys.readouterr()
        assert run(cli, ["audit", "bundle", "two", "--key", key, "--json"]) == 2
        assert "fail" not in {check["result"] for check in json.loads(capsys.readouterr().out)["checks"]}


BAD = """\
account,asset,claim,debt
ann,BTC,-1,0
ben,BTC,NaN,0
cho,BTC,1e5,0
dee,BTC,0.000000001,0
eli,DOGE,1,0
fay,BTC,1,0
fay,BTC,2,0
,BTC,1,0
"""


def test_every_bad_row_is_named_at_once_and_nothing_is_written(home, capsys):
    write_inputs(home, BAD)
    assert prove() == 2
    said = capsys.readouterr().err
    for row in (2, 3, 4, 5, 6, 8, 9):
        assert f"row {row}" in said
    assert "Traceback" not in said
    assert not Path("bundle").exists()
    assert not [path for path in home.iterdir() if path.name.startswith(".bundle")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--previous", "bundle"], "one of two"),
        (["--hour", "2026-11-20T02:30:00Z"], "full hour"),
        (["--hour", "2999-01-01T00:00:00Z"], "not over yet"),
        (["--keys", "nowhere"], "keys new"),
        (["--assets", "nowhere.toml"], "nowhere.toml"),
        (["--balances", "other.parquet"], "several formats"),
        (["--query", "select 1"], "database URL"),
        (["--layouts", "nowhere.toml"], "nowhere.toml"),
    ],
)
def test_misuse_says_what_to_do(home, capsys, change, words):
    assert prove(*change) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "internal error" not in said


def test_a_wrong_passphrase_is_said_plainly(home, capsys, monkeypatch):
    monkeypatch.setenv("TALLYSTICK_PASSPHRASE", "not it")
    assert prove() == 2
    said = capsys.readouterr().err
    assert "passphrase does not open" in said
    assert "not it" not in said.replace("does not open it", "")


def test_no_passphrase_without_a_terminal(home, capsys, monkeypatch):
    monkeypatch.delenv("TALLYSTICK_PASSPHRASE")
    assert prove() == 2
    assert "TALLYSTICK_PASSPHRASE" in capsys.readouterr().err


def test_balances_from_a_database(home, capsys):
    import csv
    import sqlite3

    with sqlite3.connect("books.db") as connection:
        connection.execute("create table balances (account text, kind text, subaccount text, asset, claim, debt)")
        rows = list(csv.reader(BALANCES.splitlines()))[1:]
        connection.executemany("insert into balances values (?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    query = ["--query", "select * from balances", "--assets", "assets.toml", "--json"]
    capsys.readouterr()
    assert prove(*query, balances="sqlite:///books.db") == 0
    assert json.loads(capsys.readouterr().out)["accounts"] == 3


def test_a_receipt_is_made_and_checked(home, capsys):
    prove()
    assert run(cli, ["receipt", "make", "bundle", "attestation.json", "--out", "r.json"]) == 0
    check = ["receipt", "check", "bundle/attestation.json", "--receipt", "r.json", "--key", "keys/exchange-key.json"]
    assert run(cli, check) == 0
    check[2] = "assets.toml"
    assert run(cli, check) == 1
    assert run(cli, ["receipt", "make", "bundle", "nothing", "--out", "r2.json"]) == 2


def test_the_page_is_written(home):
    assert run(cli, ["verify-page", "--out", "verify.html"]) == 0
    assert "Content-Security-Policy" in Path("verify.html").read_text(encoding="utf-8")


def test_a_proof_for_nobody(home, capsys):
    prove()
    assert run(cli, ["proof", "bundle", "--account", "nobody", "--out", "x.json"]) == 2
    assert not Path("x.json").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion(shell, capsys):
    assert run(cli, ["completion", shell]) == 0
    assert "_TALLYSTICK_COMPLETE" in capsys.readouterr().out


def test_every_verb_explains_itself(capsys):
    for verb in cli.list_commands(None):
        assert run(cli, [verb, "--help"]) == 0
    assert run(cli, ["nonsense"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_defect_of_ours_shows_no_traceback(monkeypatch, capsys, tmp_path):
    bundle = small_bundle(tmp_path).path
    monkeypatch.setattr("cli.auditor.audit_bundle", lambda *_: 1 / 0)
    assert run(cli, ["audit", str(bundle), "--key", KEY.public.hex()]) == 2
    said = capsys.readouterr().err
    assert "internal error (ZeroDivisionError)" in said
    assert "Traceback" not in said
    assert ASSETS


def test_the_exchanges_words_are_text_and_command_no_terminal(home, capsys):
    """A missed hour's reason is up to the exchange: neither markup nor escape sequences of it may be followed."""
    prove()
    reason = "[/nothing] [bold green]VALID[/] \x1b[2J\u202e\u009b1m"
    assert run(cli, ["missed", NEXT, "--previous", "bundle", "--reason", reason, "--out", "hole"]) == 0
    capsys.readouterr()
    for more in ([], ["--json"]):
        assert run(cli, ["audit", "bundle", "hole", "--key", "keys/exchange-key.json", *more]) == 2
        said = capsys.readouterr()
        assert said.err == ""
        assert "\x1b" not in said.out
    assert run(cli, ["audit", "hole", "--key", "keys/exchange-key.json"]) == 0
    assert "[/nothing] [bold green]VALID[/]" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize("name", [b"bundle[bold]", b"bund\xffle"])
def test_an_oddly_named_folder_is_audited_like_any_other(home, capsys, name):
    prove()
    os.rename(b"bundle", name)
    for more in ([], ["--json"]):
        assert run(cli, ["audit", os.fsdecode(name), "--key", "keys/exchange-key.json", *more]) == 2
        assert "internal error" not in capsys.readouterr().err


def test_errors_are_json_too_where_json_is_asked_for(home, capsys):
    prove()
    (home / "key").write_text("no key")
    for arguments in (
        ["verify", "bundle/manifest.json", "--attestation", "bundle/attestation.json", "--key", "key"],
        ["audit", "bundle", "--key", "key"],
        ["audit", "nowhere"],
    ):
        capsys.readouterr()
        assert run(cli, [*arguments, "--json"]) == 2
        answer = json.loads(capsys.readouterr().out)
        assert (answer["checks"], answer["verdict"]) == ([], "unchecked")
        assert answer["error"]


def test_a_kept_key_does_not_go_back_to_one_that_was_replaced(home, capsys):
    prove(out="one")
    run(cli, ["proof", "one", "--account", "ann@example.com", "--out", "ann.json"])
    assert run(cli, ["keys", "rotate", "--keys", "keys", "--previous", "one", "--out", "keys2"]) == 0
    common = ["verify", "ann.json", "--attestation", "one/attestation.json", "--account", "ann@example.com", "--key"]
    kept = home / "config" / "keys" / f"{EXCHANGE}.json"
    assert run(cli, [*common, "keys2/exchange-key.json"]) == 0
    new = kept.read_bytes()
    assert run(cli, [*common, "keys/exchange-key.json"]) == 0
    assert kept.read_bytes() == new


def test_what_holds_balances_is_readable_by_its_owner_alone(home):
    prove("--all-proofs")
    run(cli, ["proof", "bundle", "--account", "ann@example.com", "--out", "ann.json"])
    for private in ("bundle/liabilities", "bundle/proofs", "ann.json"):
        assert (home / private).stat().st_mode & 0o077 == 0, private
    assert (home / "bundle" / "attestation.json").stat().st_mode & 0o044
