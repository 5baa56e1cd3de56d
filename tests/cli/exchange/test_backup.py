"""Copies of an exchange that runs under load, and folders made again from them: whole, or refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.exchange.client import ExchangeClient
from cli.exchange.config import Config
from cli.exchange.giving import now_us
from cli.exchange.signing import signed
from ledger.canonical import canonical_file
from ledger.commands import NewOrder, PlaceOrders
from ledger.keys import SigningKey, load_secret
from tests.support.exchange_process import EXCHANGE, PASSPHRASE, ExchangeFolder, attestation_of

AT_ONCE = 40


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """An exchange that runs, with a market and a customer who can trade."""
    made = ExchangeFolder(tmp_path_factory.mktemp("exchange") / "house").make()
    config = made.folder / "tallystick.toml"
    config.write_text(config.read_text().replace("segment_megabytes = 256", "segment_megabytes = 1"))
    made.start()
    try:
        made.open_market()
        made.ann, made.ann_key = made.customer("ann", BTC="50")
        made.call("accounts", "open", "--kind", "email", "--id", "ben@example.com", "--domicile", "JP")
        yield made
    finally:
        if made.process is not None:
            made.stop()


@contextmanager
def load(exchange):
    """Orders without end from a client of its own; gives the list of what was acknowledged."""
    done, acknowledged, failures = threading.Event(), [], []
    key = SigningKey(load_secret(Path(exchange.ann_key), "signing", PASSPHRASE))

    def trade():
        nonce = now_us()
        try:
            with ExchangeClient(exchange.folder) as client:
                while not done.is_set():
                    batch = []
                    for number in range(AT_ONCE):
                        nonce = max(nonce + 1, now_us())
                        side = ("ask", "bid")[number % 2]
                        order = NewOrder(
                            "BTC-USD", side, "limit", number, 1, None, 100, "ioc", None, False, "reject-taker", None,
                            None, None, None, False,
                        )  # fmt: skip
                        batch.append(signed(EXCHANGE, PlaceOrders(exchange.ann, "", (order,)), nonce, [key]))
                    acknowledged.extend(answer["sequence"] for answer in client.submit(batch))
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=trade)
    thread.start()
    try:
        while len(acknowledged) < AT_ONCE and not failures:
            done.wait(0.01)
        yield acknowledged
    finally:
        done.set()
        thread.join(60)
    assert not failures, failures


@pytest.fixture(scope="module")
def copies(exchange, tmp_path_factory):
    """Copies taken one after the other while orders come, and what was acknowledged before each began."""
    made, folder = [], tmp_path_factory.mktemp("copies")
    with load(exchange) as acknowledged:
        for number in range(4):
            while made and acknowledged[-1] <= made[-1][1]["position"]:
                time.sleep(0.01)
            before = acknowledged[-1]
            out = folder / str(number)
            document = exchange.ask("backup", str(out), "--with-secrets", "--with-personal-keys")
            made.append((out, document, before))
    return made


def restored(exchange, source, target):
    exchange.ask("restore", str(source), "--folder", str(target))
    copy = ExchangeFolder(target)
    copy.environment = {**exchange.environment, "TALLYSTICK_FOLDER": str(target)}
    return copy


def test_a_copy_under_load_holds_all_that_was_acknowledged_and_replays_to_the_same_state(exchange, copies, tmp_path):
    positions = [document["position"] for _, document, _ in copies]
    assert positions == sorted(set(positions)), "the exchange went on meanwhile"
    for number, (out, document, before) in enumerate(copies):
        assert document["position"] >= before
        copy = restored(exchange, out, tmp_path / str(number))
        assert copy.ask("fsck")["verdict"] == "valid"
        replayed = copy.ask("replay", "--from-genesis")
        assert (replayed["verdict"], replayed["last"]) == ("valid", document["position"])
        original = exchange.ask(
            "replay", "--from-genesis", "--to", str(document["position"]), "--without-signatures", status=2
        )
        assert original["state"] == replayed["state"]


def test_a_restored_exchange_runs_and_takes_more(exchange, copies, tmp_path):
    out, document, _ = copies[-1]
    copy = restored(exchange, out, tmp_path / "again").start()
    try:
        sell = ("order", "place", "BTC-USD", "sell", "--account", exchange.ann, "--key", exchange.ann_key)
        answer = copy.ask(*sell, "--quantity", "1", "--price", "100")
        assert answer["position"] > document["position"]
        assert copy.settle() >= answer["position"]
    finally:
        copy.stop()
    assert copy.ask("fsck")["verdict"] == "valid"


def test_the_documents_of_both_verbs(exchange, copies, tmp_path):
    names = {"created", "exchange", "format", "has_personal_keys", "has_secrets", "has_store", "head", "position"}
    document = copies[0][1]
    assert set(document) == names | {"bytes", "files", "out"}
    assert document["format"] == "tallystick/backup/1" and document["exchange"] == EXCHANGE
    made = exchange.ask("restore", str(copies[0][0]), "--folder", str(tmp_path / "new"))
    assert set(made) == names | {"folder", "notes"} and made["notes"] == []


def test_secrets_and_personal_keys_stay_unless_asked_for(exchange, tmp_path):
    said = exchange.call("backup", str(tmp_path / "bare"))
    assert "without secrets" in said.out
    there = {path.relative_to(tmp_path / "bare").as_posix() for path in (tmp_path / "bare").rglob("*")}
    assert "personal/data.sqlite" in there and "store.sqlite" in there
    assert not {name for name in there if name.startswith("secrets")} and "personal/keys" not in there
    said = exchange.call("restore", str(tmp_path / "bare"), "--folder", str(tmp_path / "new"))
    assert "put the secrets back" in said.out and "put keys back" in said.out
    shutil.copytree(exchange.folder / "secrets", tmp_path / "new/secrets")
    shutil.copy(exchange.folder / "personal/keys", tmp_path / "new/personal/keys")
    copy = ExchangeFolder(tmp_path / "new")
    assert copy.ask("fsck")["verdict"] == "valid"
    copy.start().stop()


def test_what_the_compliance_rooms_keep_is_copied_and_comes_back(exchange, tmp_path):
    facts = tmp_path / "firm.toml"
    facts.write_text('"finance.currency" = "AED"\n')
    operator = str(exchange.folder / "secrets" / "operator-1.json")
    exchange.call("facts", "import", str(facts), "--from", "2026-01-01", "--operator", operator)
    room = exchange.folder / "travel-rule"
    for name in ("log.jsonl", "lock", "secrets/signing-key.json"):
        (room / name).parent.mkdir(parents=True, exist_ok=True)
        (room / name).write_text(name)
    try:
        exchange.call("backup", str(tmp_path / "bare"))
        exchange.call("backup", str(tmp_path / "whole"), "--with-secrets")
        assert not (tmp_path / "bare" / "travel-rule" / "secrets").exists()
        assert (tmp_path / "whole" / "travel-rule" / "secrets" / "signing-key.json").is_file()
        assert not (tmp_path / "whole" / "travel-rule" / "lock").exists()
        restored = tmp_path / "restored"
        exchange.call("restore", str(tmp_path / "bare"), "--folder", str(restored))
        for name in ("compliance/firm-facts.jsonl", "travel-rule/log.jsonl"):
            assert (restored / name).read_bytes() == (exchange.folder / name).read_bytes()
    finally:
        shutil.rmtree(room)
        shutil.rmtree(exchange.folder / "compliance")


def test_nothing_is_overwritten(exchange, copies, tmp_path):
    source = str(copies[0][0])
    assert "exists" in exchange.call("backup", source, status=2).err
    assert "exists" in exchange.call("restore", source, "--folder", str(exchange.folder), status=2).err
    assert "exists" in exchange.call("restore", source, "--folder", str(tmp_path), status=2).err


@pytest.fixture
def broken(copies, tmp_path):
    """A copy to break."""
    shutil.copytree(copies[0][0], tmp_path / "broken")
    return tmp_path / "broken"


def manifest(folder):
    return json.loads((folder / "backup.json").read_bytes())


def write_manifest(folder, document):
    (folder / "backup.json").write_bytes(canonical_file(document))


def cut_short(folder):
    path = sorted((folder / "log").glob("*.seg"))[-1]
    path.write_bytes(path.read_bytes()[:-1])


def flipped(folder):
    path = folder / "store.sqlite"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def without_manifest(folder):
    (folder / "backup.json").unlink()


def without_a_file(folder):
    (folder / "genesis.json").unlink()


def with_a_file_more(folder):
    (folder / "more").write_bytes(b"")


def with_a_link(folder):
    (folder / "genesis.json").rename(folder.parent / "elsewhere.json")
    (folder / "genesis.json").symlink_to(folder.parent / "elsewhere.json")


def with_a_way_out(folder):
    (folder.parent / "outside").write_bytes(b"")
    document = manifest(folder)
    document["files"].append({"path": "../outside", "sha256": hashlib.sha256(b"").hexdigest(), "size": 0})
    write_manifest(folder, document)


def of_another_format(folder):
    write_manifest(folder, {**manifest(folder), "format": "tallystick/backup/2"})


def with_a_half_manifest(folder):
    path = folder / "backup.json"
    path.write_bytes(path.read_bytes()[:100])


def relisted(folder, name, data):
    """Another file under the right hash."""
    (folder / name).write_bytes(data)
    document = manifest(folder)
    for row in document["files"]:
        if row["path"] == name:
            row["sha256"], row["size"] = hashlib.sha256(data).hexdigest(), len(data)
    write_manifest(folder, document)


def with_a_torn_log(folder):
    """Whole by its manifest, and yet cut within a batch."""
    path = sorted((folder / "log").glob("*.seg"))[-1]
    relisted(folder, f"log/{path.name}", path.read_bytes()[:-4096])


def of_another_exchange(folder):
    data = (folder / "tallystick.toml").read_bytes().replace(EXCHANGE.encode(), b"other.exchange")
    relisted(folder, "tallystick.toml", data)


def behind_what_was_published(folder):
    position = manifest(folder)["position"] + 1
    data = attestation_of("2099-01-01T00:00:00Z", position, bytes(32), bytes(32), bytes(32))
    name = "hours/2099-01-01T000000Z/attestation.json"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(data)
    document = manifest(folder)
    document["files"].append({"path": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)})
    write_manifest(folder, document)


def with_another_record_than_published(folder):
    behind_what_was_published(folder)
    data = attestation_of("2099-01-01T00:00:00Z", 3, bytes(32), bytes(32), bytes(32))
    relisted(folder, "hours/2099-01-01T000000Z/attestation.json", data)


@pytest.mark.parametrize(
    ("breaks", "told"),
    [
        (cut_short, "torn or was changed"),
        (flipped, "torn or was changed"),
        (without_manifest, "never finished"),
        (without_a_file, "is missing"),
        (with_a_file_more, "is not in the manifest"),
        (with_a_link, "is missing"),
        (with_a_way_out, "is no manifest"),
        (of_another_format, "is no manifest"),
        (with_a_half_manifest, "is no manifest"),
        (with_a_torn_log, "does not end where the manifest says"),
        (of_another_exchange, "names another exchange"),
        (behind_what_was_published, "was published"),
        (with_another_record_than_published, "another record than the one published"),
    ],
)
def test_a_copy_that_is_not_whole_makes_nothing(exchange, broken, tmp_path, breaks, told):
    breaks(broken)
    target = tmp_path / "new"
    assert told in exchange.call("restore", str(broken), "--folder", str(target), status=2).err
    assert not target.exists()
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == [], "nothing half-written is left"


def test_a_copy_that_fails_leaves_nothing(exchange, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise OSError(28, "No space left on device", "the copy")

    monkeypatch.setattr("cli.exchange.backup._digest", refuse)
    assert "No space left" in exchange.call("backup", str(tmp_path / "out"), status=2).err
    assert os.listdir(tmp_path) == []


def test_an_exchange_that_is_stopped_is_copied_too(copies, exchange, tmp_path):
    """Last in this file: the exchange is killed under load, and its copy is whole."""
    with pytest.raises(AssertionError, match="went away"), load(exchange):
        exchange.kill()
    document = exchange.ask("backup", str(tmp_path / "out"), "--with-secrets", "--with-personal-keys")
    copy = restored(exchange, tmp_path / "out", tmp_path / "new")
    assert copy.ask("replay", "--from-genesis")["last"] == document["position"]
    copy.start()
    assert copy.settle() >= document["position"]
    copy.stop()
    assert copy.ask("fsck")["verdict"] == "valid"
    assert Config.load(copy.folder).exchange == EXCHANGE
