"""Log, checkpoints, store and what was published held against each other: what is wrong is found and named."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from cli.exchange.config import Config
from cli.exchange.statements import LAST_STATEMENT
from cli.exchange.vault import HouseSecrets
from ledger.log import CommandLog, Door, Entry, Scheme
from ledger.signatures import command_bytes, sign_command
from por.attestation import fingerprint, statement_digest
from tests.cli.exchange.test_hours import PEOPLE, WORDS, Day
from tests.support.exchange_process import ExchangeFolder, attestation_of

EXCHANGE = "hour.test"
HOUR = "2099-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """An exchange with two hours cut and attested and trades after them, stopped."""
    made = ExchangeFolder(tmp_path_factory.mktemp("original") / "house")
    made.folder.mkdir()
    day = Day(made.folder)
    day.begin()
    for _ in range(2):
        day.trade()
        day.next_hour()
    day.trade()
    engine, head = day.exchange.venue.engine, day.exchange.venue.log.head
    made.position, made.now = int(head.sequence), day.clock.now
    made.facts = {"head": head.hash, "state": engine.state_hash(), "parameters": engine.parameters.hash()}
    day.exchange.close()
    return made


@pytest.fixture
def exchange(original, tmp_path):
    """A copy of it, to break."""
    copy = ExchangeFolder(tmp_path / "house")
    copy.environment["TALLYSTICK_PASSPHRASE"] = WORDS
    shutil.copytree(original.folder, copy.folder)
    copy.position, copy.facts, copy.now = original.position, original.facts, original.now
    return copy


def results(document):
    return {check["name"]: check["result"] for check in document["checks"]}


def detail(document, name):
    return next(check["detail"] for check in document["checks"] if check["name"] == name)


def checkpoints(exchange):
    return sorted((exchange.folder / "checkpoints").glob("checkpoint-*"))


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


def test_a_replay_begins_at_the_oldest_checkpoint_unless_genesis_is_asked_for(exchange):
    first, second = (int(path.name[11:]) for path in checkpoints(exchange))
    document = exchange.ask("replay")
    assert (document["first"], document["last"]) == (first + 1, exchange.position)
    assert detail(document, "checkpoints").startswith("1 ") and document["verdict"] == "valid"
    assert document["state"] == exchange.ask("replay", "--from-genesis")["state"] == exchange.facts["state"].hex()
    assert exchange.ask("replay", "--to", str(first - 1))["first"] == 1
    flip(checkpoints(exchange)[0])
    assert exchange.ask("replay", status=0)["first"] == second + 1


def test_a_replay_up_to_a_position_compares_what_is_before_it(exchange):
    first = int(checkpoints(exchange)[0].name[11:])
    for last, count in ((first - 1, 0), (first, 1), (first + 1, 1)):
        document = exchange.ask("replay", "--from-genesis", "--to", str(last))
        assert document["last"] == last
        assert results(document)["hours"] == ("pass" if count else "unchecked")


@pytest.mark.parametrize("field", ["head", "state", "parameters", "ruleset"])
def test_an_attestation_of_another_state_is_found(exchange, field):
    facts = {**exchange.facts, "ruleset": 1}
    facts[field] = 2 if field == "ruleset" else bytes(32)
    folder = exchange.folder / "hours/2099-01-01T000000Z"
    folder.mkdir()
    attestation = attestation_of(HOUR, exchange.position, **facts, exchange=EXCHANGE)
    (folder / "attestation.json").write_bytes(attestation)
    document = exchange.ask("replay", "--from-genesis", status=1)
    assert [name for name, result in results(document).items() if result != "pass"] == ["hours"]
    assert f"another {field} at {exchange.position}" in detail(document, "hours")


def test_a_log_behind_what_was_published_is_found_and_is_not_run(exchange):
    folder = exchange.folder / "hours/2099-01-01T000000Z"
    folder.mkdir()
    beyond = exchange.position + 1
    attestation = attestation_of(HOUR, beyond, bytes(32), bytes(32), bytes(32), exchange=EXCHANGE)
    (folder / "attestation.json").write_bytes(attestation)
    (exchange.folder / LAST_STATEMENT).unlink()  # as in a folder put together from copies
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
    path = checkpoints(exchange)[0]
    flip(path)
    assert "not what its state hash says" in detail(exchange.ask("fsck", status=1), "checkpoints")
    shutil.copy(checkpoints(exchange)[1], path)
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
    (exchange.folder / LAST_STATEMENT).unlink()
    said = exchange.call("run", status=2)
    assert "the live hour is ahead of the log" in said.err and "second copy" in said.err
    assert "fsck --rebuild" not in said.err, "a store made again helps no hour"
    shutil.rmtree(exchange.folder / "trees")
    said = exchange.call("run", status=2)
    assert "the store is ahead of the log" in said.err and "fsck --rebuild" in said.err
    assert "holds no command yet" in exchange.call("fsck", "--rebuild", status=2).err


def statement_lines(exchange, out, *words):
    exchange.call("statement", PEOPLE[0], "--out", str(out), "--format", "csv", *words)
    [path] = out.iterdir()
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_statements_of_hours_end_at_their_cuts_and_name_the_attestation(exchange, tmp_path):
    """Hour by hour the closing of one is the opening of the next, and the closing at an hour is what its trees hold."""
    first, second = sorted((exchange.folder / "hours").iterdir())
    edges = [f"{each.name[:13]}:00:00Z" for each in (first, second)]
    one = statement_lines(exchange, tmp_path / "one", "--to", edges[0])
    two = statement_lines(exchange, tmp_path / "two", "--from", edges[0], "--to", edges[1])
    for lines, folder in ((one, first), (two, second)):
        statement = json.loads((folder / "attestation.json").read_bytes())["statement"]
        text = json.dumps(lines)
        assert fingerprint(statement_digest(statement)) in text
    closing = {line["asset"]: line["amount"] for line in one if line["line"] == "closing"}
    opening = {line["asset"]: line["amount"] for line in two if line["line"] == "opening"}
    assert closing == opening != {}


def appended(exchange, *entries):
    """The log with more entries, which no door checked."""
    genesis = Config.load(exchange.folder).genesis()
    with CommandLog.open(exchange.folder / "log", EXCHANGE, genesis.hash) as log:
        log.append(entries)


def ticked(exchange, nonce, received=None):
    config = Config.load(exchange.folder)
    service = HouseSecrets.load(config.secrets, WORDS).service
    data = command_bytes(EXCHANGE, "tick", nonce, {})
    at = nonce if received is None else received
    return Entry(at, at, Scheme.COMMAND, (sign_command(service, data),), data, Door())


def test_what_no_door_lets_in_is_found_in_the_log(exchange):
    now = exchange.now + 60 * 10**6
    good = ticked(exchange, now)
    forged = ticked(exchange, now + 1)
    signature = forged.signatures[0]
    forged = forged._replace(signatures=(signature._replace(signature=signature.signature[:32] + bytes(32)),))
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
