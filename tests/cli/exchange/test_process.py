"""A real process: what it starts with, how it stops, and what is said of sessions that spoke for a customer."""

from __future__ import annotations

import csv
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from cli.exchange.client import ExchangeClient
from cli.exchange.config import Config, write_template
from cli.exchange.giving import now_us
from ledger.canonical import canonical
from ledger.commands import MoveBetweenSubaccounts, command_document
from ledger.door import Submission
from ledger.errors import InputErrors
from ledger.keys import SigningKey, load_secret
from ledger.log.record import Door, Scheme
from ledger.signatures import api_string, sign_api
from ledger.store import history
from ledger.store.snapshot import open_at
from tests.support.exchange_process import EXCHANGE, PASSPHRASE, ExchangeFolder
from tests.support.folders import quiet


@pytest.fixture
def exchange(tmp_path):
    """An exchange that runs."""
    made = ExchangeFolder(tmp_path / "house").make().start()
    yield made
    if made.process is not None:
        made.kill()


def lines(exchange, account, out):
    exchange.call("statement", account, "--out", str(out), "--format", "csv")
    [path] = out.iterdir()
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_statement_marks_what_a_session_said_and_reads_orders_of_the_api(exchange, tmp_path):
    exchange.open_market()
    account, path = exchange.customer("ann", USD="1000")
    key = SigningKey(load_secret(Path(path), "signing", PASSPHRASE))

    def by_api(name, **parameters):
        signed = api_string([(name, parameters)], now_us() // 1000)
        return Submission(Scheme.API, signed, (sign_api(key, signed),), Door())

    order = {
        "clientId": "7", "orderType": "Limit", "price": "90", "quantity": "0.5", "side": "Bid", "symbol": "BTC-USD",
        "timeInForce": "GTC",
    }  # fmt: skip
    with ExchangeClient(exchange.folder) as client:
        [placed] = client.submit([by_api("orderExecute", **order)])
        assert [event["event"] for event in placed["events"]][:1] == ["order-placed"], placed
        session = client.login(by_api("subscribe", stream="orders"))["session"]
        moved = command_document(MoveBetweenSubaccounts(account, "", "bot", "USD", 300_00))
        signed = canonical({**moved, "exchange": EXCHANGE, "nonce": now_us()})
        [answer] = client.submit([Submission(Scheme.SESSION, signed, (), Door())])
        assert "refused" not in answer, answer
    exchange.settle()
    rows = lines(exchange, account, tmp_path / "out")
    moves = [row for row in rows if row["line"] == "movement" and row["reason"] == "transfer"]
    assert [(row["subaccount"], row["amount"]) for row in moves] == [("", "-300"), ("bot", "300")]
    assert {(row["signed_role"], row["signed_key"]) for row in moves} == {("session", session)}
    assert all(row["signed_in_your_place"] for row in moves)
    [resting] = [row for row in rows if row["line"] == "open-order"]
    terms = (resting["market"], resting["side"], resting["kind"], resting["quantity"], resting["filled"])
    assert terms == ("BTC-USD", "buy", "limit", "0.5", "0") and resting["price"] == "90"


def test_a_store_that_cannot_be_written_stops_the_process_with_plain_words(exchange):
    before = exchange.ask("fsck")["position"]
    assert before == 0, "an exchange to which nothing was said yet is whole"
    with closing(sqlite3.connect(exchange.folder / "store.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        exchange.call("market", "list-asset", "BTC", "--scale", "8", *exchange.operators)
        said, _ = exchange.process.communicate(timeout=60)
        status, exchange.process = exchange.process.returncode, None
    assert status == 2 and "the store's database refused" in said and "Traceback" not in said
    assert not (exchange.folder / "endpoint.json").exists()
    exchange.start()
    assert exchange.settle() > before, "what was acknowledged is stored after the next start"
    assert exchange.ask("market", "show")["assets"] == {"BTC": 8}
    assert "everything that was acknowledged is in the log" in exchange.stop()


def test_an_exchange_at_rest_gives_no_commands(exchange):
    """Only what is due makes a tick: idle seconds write nothing into the log, but for an hour that ends just then."""
    exchange.open_market()
    with pytest.raises(subprocess.TimeoutExpired):
        exchange.process.wait(2.5)
    exchange.settle()
    with open_at(f"sqlite:///{exchange.folder / 'store.sqlite'}") as store:
        kinds = [command.kind for command in history.commands(store.session)]
    assert [kind for kind in kinds if kind != "cut-hour"] == ["list-asset", "list-asset", "list-market", "open-market"]


# The configuration.


def configured(folder, *changes):
    folder.mkdir(exist_ok=True)
    write_template(folder, EXCHANGE, "main")
    quiet(folder)
    path = folder / "tallystick.toml"
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return Config.load(folder)


def test_the_template_is_a_configuration_and_each_setting_has_a_comment(tmp_path):
    config = configured(tmp_path)
    assert (config.exchange, config.entity, config.port) == (EXCHANGE, "main", 0)
    assert config.store_url == f"sqlite:///{tmp_path / 'store.sqlite'}" and config.second_copy is None
    settings = [line for line in (tmp_path / "tallystick.toml").read_text().splitlines() if " = " in line]
    uncommented = [line for line in settings if not line.startswith("#")]
    assert len(uncommented) > 10
    named = ("name =", "entity =")
    assert all("#" in line for line in uncommented if not line.startswith(named))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("segment_megabytes = 256", "segment_megabytes = 0", "log.segment_megabytes is out of its range"),
        (
            "segment_megabytes = 256",
            'segment_megabytes = "256"',
            "log.segment_megabytes is missing or of the wrong kind",
        ),
        ("segment_megabytes = 256", "segments = 256", "log.segments is no setting that is known"),
        ("[door]", "[doors]", "[doors] is no table that is known"),
        ('second_copy_policy = "sync"', 'second_copy_policy = "maybe"', "log.second_copy_policy is neither"),
        ("port = 0", "port = 65536", "door.port is out of its range"),
        ("[store]", "[store", "is no TOML file"),
    ],
)
def test_a_configuration_that_is_not_strict_is_told_by_its_setting(tmp_path, old, new, told):
    with pytest.raises(InputErrors) as caught:
        configured(tmp_path, (old, new))
    assert any(told in str(problem) for problem in caught.value.problems)
    assert all(str(tmp_path / "tallystick.toml") == problem.file for problem in caught.value.problems)


def test_every_problem_of_a_configuration_is_told_at_once(tmp_path):
    with pytest.raises(InputErrors) as caught:
        configured(tmp_path, ("port = 0", "port = -1"), ("threads = 2", "threads = 0"), ("[secrets]", "[secret]"))
    assert len(caught.value.problems) == 3
