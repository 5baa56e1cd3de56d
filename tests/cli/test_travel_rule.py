"""The verbs of the travel rule: exit statuses, two institutions over loopback, wallets, a log that was cut."""

from __future__ import annotations

import json
import socket
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import click
import pytest
from click.testing import CliRunner
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from cli.common import run
from cli.travel_rule import travel_rule
from cli.travel_rule_folder import Settings, gate_of, open_node, unix_now
from compliance.travel_rule.log import read_log
from compliance.travel_rule.server import TravelRuleServer
from ledger.commands import AssignReceipt
from ledger.errors import InputError
from por.reserves.evm.devnode import development_key
from tests.compliance.travel_rule.payloads import alice, wu

CHAIN, ADDRESS = "eip155:31337", "0x" + "0b" * 20
ALICE, BOB, TRANSFER = "a" * 32, "b" * 32, "7" * 32
WORDS = "a passphrase for tests"


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("TALLYSTICK_PASSPHRASE", WORDS)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ledger.keys._SCRYPT_N", 2**10)  # the cost of guessing is measured elsewhere


def call(capsys: Any, *words: str, status: int = 0) -> str:
    """What a verb prints; it must end with `status`."""
    root = click.Group("tallystick", commands={"travel-rule": travel_rule})
    capsys.readouterr()
    found = run(root, ["travel-rule", *words])
    said = capsys.readouterr()
    assert found == status, said.out + said.err
    assert "Traceback" not in said.err and "internal error" not in said.err
    return said.out + said.err


def write(name: str, document: Any) -> str:
    Path(name).write_text(json.dumps(document))
    return name


def test_check_says_what_is_wrong_and_where(capsys):
    assert "VALID" in call(capsys, "check", write("good.json", alice()))
    document = alice()
    person = document["originator"]["originatorPerson"][0]["naturalPerson"]
    person["dateAndPlaceOfBirth"] = {"dateOfBirth": "2026-06-01", "placeOfBirth": "Ur"}
    write("born.json", document)
    assert "C2" in call(capsys, "check", "born.json", "--on", "2026-06-01", status=1)
    call(capsys, "check", "born.json", "--on", "2026-06-02")
    person["shoeSize"] = "44"
    said = json.loads(call(capsys, "check", write("bad.json", document), "--json", status=1))
    assert said["verdict"] == "invalid" and "shoeSize" in said["checks"][0]["detail"]
    Path("no.json").write_text("{")
    assert "no JSON" in call(capsys, "check", "no.json", status=2)
    call(capsys, "check", "absent.json", status=2)
    call(capsys, "check", "good.json", "--on", "soon", status=2)


def test_check_converts_between_versions_and_schema_prints_one(capsys):
    call(capsys, "check", write("wu.json", wu()), "--to", "101.2023", "--out", "later.json")
    later = json.loads(Path("later.json").read_text())
    assert later["payloadMetadata"] == {"transliterationMethod": ["hani"], "payloadVersion": "101.2023"}
    call(capsys, "check", "later.json", "--to", "101", "--out", "back.json")
    assert json.loads(Path("back.json").read_text()) == wu()
    assert Path("later.json").stat().st_mode & 0o777 == 0o600
    assert json.loads(call(capsys, "schema", "101"))["title"].startswith("IVMS101")


def test_thresholds_show_comparators_citations_and_statuses(capsys):
    rows = json.loads(call(capsys, "thresholds", "--json"))["provisions"]
    by_rule = {row["rule"]: row for row in rows}
    assert by_rule["VARA-TR-01"]["threshold"] == "> AED 3500" and by_rule["US-TR-01"]["threshold"] == ">= USD 3000"
    assert by_rule["JP-TR-01"]["status"] == "U" and by_rule["EU-TFR-01"]["threshold"] == "every transfer"
    assert "CRM III.G.2" in call(capsys, "thresholds")


def institution(capsys: Any, name: str) -> str:
    """A folder for an institution on a free port; what it prints for others' registers."""
    call(capsys, "init", f"{name}.exchange", "--folder", name)
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Path(name, "travel_rule.toml")
    settings.write_text(settings.read_text().replace("port = 8700", f"port = {port}"))
    due = '\n[[counterparty.due_diligence]]\nfrom = 2020-01-01\nuntil = 2099-12-31\nreference = "7"\n'
    return f'{call(capsys, "identity", "--folder", name)}\njurisdiction = "AE"{due}'


@contextmanager
def serving(name: str):
    """The node of a folder, as `serve` runs it, in this process."""
    settings = Settings.load(Path(name))
    node = open_node(settings, WORDS, unix_now(), lambda chain, address: None)
    with TravelRuleServer(node, unix_now, settings.listen, settings.port) as server:
        yield server


@pytest.fixture
def two(capsys):
    """Alpha and beta know each other; BOB is beta's customer at ADDRESS."""
    alpha, beta = institution(capsys, "alpha"), institution(capsys, "beta")
    Path("alpha", "counterparties.toml").write_text(beta)
    Path("beta", "counterparties.toml").write_text(alpha)
    Path("beta", "customers.toml").write_text(f'[{BOB}]\naddresses = ["{CHAIN}/{ADDRESS}"]\n')


SEND = ("--folder", "alpha", "--to", "beta.exchange", "--customer", ALICE, "--transfer", TRANSFER, "--chain", CHAIN)
SEND += ("--asset", "ETH", "--amount", "1.5", "--address", ADDRESS, "--verified")


def test_two_institutions_from_send_to_confirmation(two, capsys):
    write("alice.json", alice())
    document = alice()
    del document["originator"]["originatorPerson"][0]["naturalPerson"]["geographicAddress"]
    assert "cannot be reached" in call(capsys, "send", "alice.json", *SEND, status=2)
    with serving("beta"):
        said = call(capsys, "send", write("less.json", document), *SEND, status=1)
        assert "more-information (originator.address)" in said
        said = call(capsys, "send", "alice.json", *SEND)
        assert f"{TRANSFER}: accepted" in said
        words = ("--folder", "alpha", "--to", "beta.exchange", "--chain", CHAIN, "--transaction", "0x" + "AA" * 32)
        assert "confirmed" in call(capsys, "notice", TRANSFER, *words)
    for name, direction in (("alpha", "out"), ("beta", "in")):
        [row] = json.loads(call(capsys, "inbox", "--folder", name, "--json"))["conversations"]
        assert (row["state"], row["direction"], row["transaction"]) == ("confirmed", direction, "0x" + "aa" * 32)
        assert "confirmed" in call(capsys, "inbox", "--folder", name)
        said = call(capsys, "log", "--folder", name)
        assert "the chain holds" in said and "Hatter" not in said
    document["originator"]["originatorPerson"][0]["naturalPerson"]["customerIdentification"] = "7714021"
    assert "does not follow on confirmed" in call(capsys, "send", "alice.json", *SEND, status=2)


def test_an_officer_refuses_and_the_other_side_hears_of_it(two, capsys):
    document = alice()
    del document["originator"]["originatorPerson"][0]["naturalPerson"]["geographicAddress"]
    with serving("beta"), serving("alpha"):
        call(capsys, "send", write("less.json", document), *SEND, status=1)
        call(capsys, "answer", TRANSFER, "reject", "--folder", "beta", "--to", "alpha.exchange")
    [row] = json.loads(call(capsys, "inbox", "--folder", "alpha", "--json"))["conversations"]
    assert (row["state"], row["reason"]) == ("rejected", "refused-by-officer")


def test_a_log_that_was_changed_or_cut_is_invalid_and_erasure_is_not(two, capsys):
    with serving("beta"):
        call(capsys, "send", write("alice.json", alice()), *SEND)
    call(capsys, "erase", ALICE, "--folder", "alpha")
    call(capsys, "erase", ALICE, "--folder", "alpha", status=2)
    head = json.loads(call(capsys, "log", "--folder", "alpha", "--json"))["head"]
    call(capsys, "log", "--folder", "alpha", "--head", head)
    path = Path("alpha", "log.jsonl")
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:-1]))
    assert "INVALID" in call(capsys, "log", "--folder", "alpha", "--head", head, status=1)
    path.write_bytes(b"".join([whole[0], *whole[2:]]))
    said = json.loads(call(capsys, "log", "--folder", "alpha", "--json", status=1))
    assert said["verdict"] == "invalid" and "line 2" in said["checks"][0]["detail"]
    call(capsys, "log", "--folder", "alpha", "--head", "x", status=2)


@pytest.mark.parametrize("scheme", ["eip191", "eip712"])
def test_a_wallet_is_proven_by_its_signature_over_the_written_challenge(two, capsys, scheme):
    key = development_key(3)
    where = ("--folder", "alpha", "--customer", ALICE, "--chain", CHAIN, "--address", Account.from_key(key).address)
    call(capsys, "challenge", *where, "--out", "sign.json")
    document = json.loads(Path("sign.json").read_text())
    message = (
        encode_typed_data(full_message=document["eip712"])
        if scheme == "eip712"
        else encode_defunct(text=document["eip191"])
    )
    signature = "0x" + Account.sign_message(message, key).signature.hex().removeprefix("0x")
    words = ("--folder", "alpha", "--scheme", scheme)
    assert "holds until" in call(capsys, "prove", "sign.json", *words, "--signature", signature)
    other = "0x" + Account.sign_message(message, development_key(4)).signature.hex().removeprefix("0x")
    assert "another key" in call(capsys, "prove", "sign.json", *words, "--signature", other, status=2)
    call(capsys, "prove", "sign.json", *words, "--signature", "0xzz", status=2)
    call(capsys, "prove", "sign.json", "--folder", "beta", "--scheme", scheme, "--signature", signature, status=2)
    call(capsys, "declare", *where, "--transaction", TRANSFER)
    kinds = [record.kind for record in read_log(Path("alpha", "log.jsonl"))]
    assert kinds == ["begin", "ownership", "declared"]


@pytest.mark.parametrize(
    ("file", "old", "new", "what"),
    [
        ("travel_rule.toml", '"vara"', '"mars"', "regimes"),
        ("travel_rule.toml", '["vara"]', "[]", "regimes"),
        ("travel_rule.toml", "[options]", "more = 1\n[options]", "exactly"),
        ("travel_rule.toml", 'comparator = ""', 'comparator = "<"', "comparator"),
        ("travel_rule.toml", "linked_seconds = 0", "linked_seconds = -1", "linked_seconds"),
        ("travel_rule.toml", "alpha.exchange", "Alpha", "name"),
        ("travel_rule.toml", "name =", "name", "TOML"),
        ("counterparties.toml", "#", "[bank]\n#", "beside"),
    ],
)
def test_settings_are_strict(capsys, file, old, new, what):
    call(capsys, "init", "alpha.exchange", "--folder", "alpha")
    path = Path("alpha", file)
    path.write_text(path.read_text().replace(old, new, 1))
    assert what in call(capsys, "identity", "--folder", "alpha", status=2)


def test_a_folder_is_made_once_and_nothing_works_without_one(capsys):
    assert "travel-rule init" in call(capsys, "identity", "--folder", "none", status=2)
    call(capsys, "init", "Alpha", "--folder", "alpha", status=2)
    call(capsys, "init", "alpha.exchange", "--folder", "alpha")
    assert "never overwritten" in call(capsys, "init", "alpha.exchange", "--folder", "alpha", status=2)
    for path in Path("alpha", "secrets").iterdir():
        assert path.stat().st_mode & 0o077 == 0
    call(capsys, "held", "--folder", "alpha", status=2)


def test_serve_stops_well_when_it_is_told(two, monkeypatch):
    class Told:
        def wait(self) -> None:
            """At once."""

    monkeypatch.setattr("cli.travel_rule_node.Event", Told)
    monkeypatch.setattr("signal.signal", lambda *words: None)
    done = CliRunner().invoke(travel_rule, ["serve", "--folder", "beta"])
    assert done.exit_code == 0 and "takes messages at http://127.0.0.1:" in done.output


def test_an_exchange_without_the_folder_has_no_gate(tmp_path, capsys):
    nothing: Any = None
    assert gate_of(tmp_path, nothing, unix_now, unix_now()) is None
    call(capsys, "init", "alpha.exchange", "--folder", str(tmp_path / "travel-rule"))
    assert gate_of(tmp_path, nothing, unix_now, unix_now()) is not None
    (tmp_path / "travel-rule" / "customers.toml").write_text('[x]\nverified = ["shoe-size"]\n')
    with pytest.raises(InputError, match="something unknown"):
        gate_of(tmp_path, nothing, unix_now, unix_now())


class FakeGiver:
    """What the verbs ask of an exchange that runs."""

    rows: ClassVar[list[dict[str, Any]]] = []
    given: ClassVar[list[Any]] = []

    def __init__(self, folder: Path) -> None:
        assert folder == Path.cwd(), "the exchange's folder is the one that the travel-rule folder stands in"

    def ask(self, name: str) -> list[dict[str, Any]]:
        assert name == "treasury-held"
        return self.rows

    def give(self, command: Any, keys: Any) -> None:
        assert keys == ["two keys"]
        self.given.append(command)

    def __enter__(self) -> FakeGiver:
        return self

    def __exit__(self, *words: object) -> None:
        """Nothing to close."""


def test_release_credits_what_waits_for_nothing_more_and_nothing_else(capsys, monkeypatch):
    rows = [
        {"account": BOB, "asset": "ETH", "evidence": f"e{at}", "missing": missing, "subaccount": "main"}
        for at, missing in enumerate(([], ["originator.name"]))
    ]
    monkeypatch.setattr("cli.travel_rule_wallets.Giver", FakeGiver)
    monkeypatch.setattr("cli.travel_rule_wallets.two_operators", lambda paths: ["two keys"])
    monkeypatch.setattr(FakeGiver, "rows", rows)
    monkeypatch.setattr(FakeGiver, "given", [])
    words = ("--folder", "travel-rule", "--operator", "A", "--operator", "B")
    call(capsys, "release", "unknown", *words, status=2)
    assert "originator.name" in call(capsys, "release", "e1", *words, status=1)
    assert FakeGiver.given == []
    assert BOB in call(capsys, "release", "e0", *words)
    assert FakeGiver.given == [AssignReceipt("e0", BOB, "main", "the travel rule: complete")]
    said = call(capsys, "held", "--folder", "travel-rule")
    assert "nothing: release it" in said and "originator.name" in said
    assert json.loads(call(capsys, "held", "--folder", "travel-rule", "--json"))["held"] == rows
