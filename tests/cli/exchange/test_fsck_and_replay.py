"""Log, checkpoints, store and what was published held against each other: what is wrong is found and named."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

import pytest

from cli.exchange.config import Config
from cli.exchange.running import RunningExchange
from cli.exchange.signing import signed
from cli.exchange.vault import OPERATOR_NAMES, HouseSecrets, load_operator
from ledger.commands import CutHour, ListAsset, OpenAccount, Tick
from ledger.engine import HOUR_MICROS
from ledger.log import CommandLog, Door, Entry, Scheme
from ledger.signatures import command_bytes, sign_command
from tests.support.exchange_process import EXCHANGE, PASSPHRASE, ExchangeFolder, attestation_of

START = 500_000 * HOUR_MICROS
ACCOUNT = "a" * 32


class Clock:
    """Time as the test lets it pass."""

    def __init__(self):
        self.now = START

    def __call__(self):
        self.now += 1
        return self.now


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """An exchange with two hours cut and attested, stopped."""
    made = ExchangeFolder(tmp_path_factory.mktemp("original") / "house").make()
    config, clock = Config.load(made.folder), Clock()
    secrets = HouseSecrets.load(config.secrets, PASSPHRASE)
    operators = [load_operator(config.secrets / name, PASSPHRASE) for name in OPERATOR_NAMES]
    with RunningExchange(config, secrets, clock, threaded=False) as exchange:
        listing = signed(EXCHANGE, ListAsset("BTC", 8, "", "", "", "", ""), exchange.nonce(), operators)
        exchange.venue.submit([listing], clock())
        exchange.give(OpenAccount(ACCOUNT, "main", "assigned", None, None, "retail", "JP", "customer", None))
        for hour in (1, 2):
            for _ in range(5):
                exchange.give(Tick())
            clock.now = START + hour * HOUR_MICROS
            exchange.give(CutHour(START + hour * HOUR_MICROS))
            engine, head = exchange.venue.engine, exchange.venue.log.head
            facts = (int(head.sequence), head.hash, engine.state_hash(), engine.parameters.hash())
            folder = config.hours / f"hour-{hour}"
            folder.mkdir(parents=True)
            (folder / "attestation.json").write_bytes(attestation_of(f"2027-01-15T0{hour}:00:00Z", *facts))
        exchange.give(Tick())
        engine, head = exchange.venue.engine, exchange.venue.log.head
        made.position = int(head.sequence)
        made.facts = {"head": head.hash, "state": engine.state_hash(), "parameters": engine.parameters.hash()}
    return made


@pytest.fixture
def exchange(original, tmp_path):
    """A copy of it, to break."""
    copy = ExchangeFolder(tmp_path / "house")
    shutil.copytree(original.folder, copy.folder)
    copy.position, copy.facts = original.position, original.facts
    return copy


def results(document):
    return {check["name"]: check["result"] for check in document["checks"]}


def detail(document, name):
    return next(check["detail"] for check in document["checks"] if check["name"] == name)


def flip(path, at=-1):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def test_everything_that_was_stated_is_found_again(exchange):
    document = exchange.ask("replay", "--from-genesis")
    assert set(results(document).values()) == {"pass"} and document["verdict"] == "valid"
    assert detail(document, "checkpoints").startswith("2 ") and detail(document, "hours").startswith("2 ")
    assert document["commands"] == exchange.position
    checked = exchange.ask("fsck")
    assert results(checked) == {
        "log": "pass", "checkpoints": "pass", "hours": "pass", "second-copy": "unchecked", "store": "pass",
    }  # fmt: skip
    assert "VALID" in exchange.call("fsck").out and "a second" in exchange.call("replay", "--from-genesis").out


def test_a_replay_up_to_a_position_compares_what_is_before_it(exchange):
    first = int(sorted((exchange.folder / "checkpoints").iterdir())[0].name[11:])
    for last, count in ((first - 1, 0), (first, 1), (first + 1, 1)):
        document = exchange.ask("replay", "--from-genesis", "--to", str(last))
        assert document["last"] == last
        assert results(document)["hours"] == ("pass" if count else "unchecked")


@pytest.mark.parametrize("field", ["head", "state", "parameters", "ruleset"])
def test_an_attestation_of_another_state_is_found(exchange, field):
    facts = {**exchange.facts, "ruleset": 1}
    facts[field] = 2 if field == "ruleset" else bytes(32)
    folder = exchange.folder / "hours/hour-3"
    folder.mkdir()
    attestation = attestation_of("2027-01-15T03:00:00Z", exchange.position, **facts)
    (folder / "attestation.json").write_bytes(attestation)
    document = exchange.ask("replay", "--from-genesis", status=1)
    assert [name for name, result in results(document).items() if result != "pass"] == ["hours"]
    assert f"another {field} at {exchange.position}" in detail(document, "hours")


def test_a_log_behind_what_was_published_is_found_and_is_not_run(exchange):
    folder = exchange.folder / "hours/hour-3"
    folder.mkdir()
    beyond = exchange.position + 1
    attestation = attestation_of("2027-01-15T03:00:00Z", beyond, bytes(32), bytes(32), bytes(32))
    (folder / "attestation.json").write_bytes(attestation)
    document = exchange.ask("fsck", status=1)
    assert f"but {beyond} was published" in detail(document, "hours")
    assert f"but {beyond} was published" in exchange.call("run", status=2).err
    (folder / "attestation.json").write_bytes(b"{}\n")
    assert "is no attestation" in exchange.call("fsck", status=2).err


def test_a_damaged_log_is_found_and_named(exchange):
    [segment] = (exchange.folder / "log").glob("*.seg")
    flip(segment, 4096 + 200)
    for words in (["fsck"], ["replay", "--from-genesis"]):
        said = exchange.call(*words, "--json", status=2 if words == ["replay", "--from-genesis"] else 1)
        assert segment.name in said.out


def test_a_damaged_checkpoint_is_found(exchange):
    path = sorted((exchange.folder / "checkpoints").iterdir())[0]
    flip(path)
    assert "not what its state hash says" in detail(exchange.ask("fsck", status=1), "checkpoints")
    shutil.copy(sorted((exchange.folder / "checkpoints").iterdir())[1], path)
    assert "not of this log" in detail(exchange.ask("fsck", status=1), "checkpoints")
    document = exchange.ask("replay", "--from-genesis", status=1)
    assert "another state" in detail(document, "checkpoints")


def test_a_changed_store_is_found_and_made_again(exchange):
    store = exchange.folder / "store.sqlite"
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE command SET hash = zeroblob(32) WHERE sequence = 2")
    document = exchange.ask("fsck", status=1)
    assert "command 2: the log holds another" in detail(document, "store")
    assert exchange.ask("fsck", "--rebuild")["verdict"] == "valid"
    assert exchange.ask("fsck")["verdict"] == "valid"
    store.write_bytes(b"no database at all")
    assert exchange.ask("fsck", status=1)["verdict"] == "invalid"
    assert exchange.ask("fsck", "--rebuild")["verdict"] == "valid"
    store.unlink()
    assert "there is no store" in detail(exchange.ask("fsck", status=1), "store")
    assert exchange.ask("fsck", "--rebuild")["rebuilt"]


def test_a_rebuilt_store_is_the_one_that_followed(exchange):
    def rows():
        with closing(sqlite3.connect(exchange.folder / "store.sqlite")) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}

    before = rows()
    exchange.call("fsck", "--rebuild")
    assert rows() == before


def test_a_store_ahead_of_the_log_is_not_run_with(exchange):
    shutil.rmtree(exchange.folder / "log")
    shutil.rmtree(exchange.folder / "hours")
    said = exchange.call("run", status=2)
    assert "the store is ahead of the log" in said.err and "fsck --rebuild" in said.err
    assert "holds no command yet" in exchange.call("fsck", "--rebuild", status=2).err


def appended(exchange, *entries):
    """The log with more entries, which no door checked."""
    genesis = Config.load(exchange.folder).genesis()
    with CommandLog.open(exchange.folder / "log", EXCHANGE, genesis.hash) as log:
        log.append(entries)


def ticked(exchange, nonce, received=None):
    config = Config.load(exchange.folder)
    service = HouseSecrets.load(config.secrets, PASSPHRASE).service
    data = command_bytes(EXCHANGE, "tick", nonce, {})
    at = nonce if received is None else received
    return Entry(at, at, Scheme.COMMAND, (sign_command(service, data),), data, Door())


def test_what_no_door_lets_in_is_found_in_the_log(exchange):
    now = START + 3 * HOUR_MICROS
    good = ticked(exchange, now)
    forged = ticked(exchange, now + 1)
    signature = forged.signatures[0]
    forged = forged._replace(signatures=(signature._replace(signature=signature.signature[:-1] + b"\0"),))
    late = ticked(exchange, now + 2, now + 61 * 10**6)
    again = good._replace(received_us=late.received_us, applied_us=late.applied_us)
    appended(exchange, good, forged, late, again)
    document = exchange.ask("replay", "--from-genesis", status=1)
    assert results(document)["signatures"] == "fail"
    found = detail(document, "signatures")
    first = exchange.position + 1
    assert f"record {first + 1}: a signature does not hold" in found
    assert f"record {first + 2}: it came late" in found
    assert f"record {first}" not in found
    assert f"record {first + 3}: the same bytes were taken before" in detail(document, "log")
    assert results(exchange.ask("replay", "--from-genesis", "--without-signatures", status=1))["log"] == "fail"


def test_the_second_copy_is_compared(exchange, tmp_path):
    config = exchange.folder / "tallystick.toml"
    config.write_text(config.read_text().replace('second_copy = ""', f'second_copy = "{tmp_path / "second"}"'))
    shutil.copytree(exchange.folder / "log", tmp_path / "second")
    assert results(exchange.ask("fsck"))["second-copy"] == "pass"
    appended_to = next((tmp_path / "second").glob("*.seg"))
    flip(appended_to, 4096 + 200)
    assert results(exchange.ask("fsck", status=1))["second-copy"] == "fail"
