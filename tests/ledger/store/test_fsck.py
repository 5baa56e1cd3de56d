"""Each kind of damage is found and named without an amount; a rebuild takes the old store's place whole or never."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ledger.store import StoreOutOfStep, StoreUnusable, fsck, rebuild
from tests.ledger.store.conftest import dump
from tests.support.stored import random_exchange, trading_day

DAMAGES = {
    "a balance that is off by one": (
        "UPDATE balance SET credits_posted = credits_posted + 1 WHERE account = 2",
        "balance",
    ),
    "a balance of another version": ("UPDATE balance SET version = version + 1 WHERE account = 2", "balance"),
    "a balance that names another entry": ("UPDATE balance SET sequence = sequence + 1 WHERE account = 2", "balance"),
    "a balance that is gone": ("DELETE FROM balance WHERE account = 2", "balance 3 stands where 2 should"),
    "an entry that is gone": ("DELETE FROM entry WHERE sequence = 3", "entry 4 stands where 3 should"),
    "an amount that was raised": ("UPDATE entry SET amount = amount + 1 WHERE sequence = 1", "does not follow"),
    "a state that was changed": ("UPDATE entry SET credit_version = 9 WHERE sequence = 1", "does not follow"),
    "an entry of another command": ("UPDATE entry SET command = command + 1 WHERE sequence = 1", "last entry"),
    "an entry of an account of another book": (
        "UPDATE account SET book = 1 - book WHERE number = (SELECT debit FROM entry WHERE sequence = 1)",
        "different books",
    ),
    "an entry of no known kind": ("UPDATE entry SET kind = 77 WHERE sequence = 1", "cannot be read"),
    "a command that is gone": ("DELETE FROM command WHERE sequence = 2", "command 3 stands where 2 should"),
    "a command with another hash": (
        "UPDATE command SET hash = substr(hash, 2) WHERE sequence = 2",
        "log holds",
    ),
    "a time that runs backwards": ("UPDATE command SET applied_micros = 5 WHERE sequence = 3", "backwards"),
    "an account without its owner": ("DELETE FROM holder WHERE number = 1", "book or owner is missing"),
    "an account that is gone": ("DELETE FROM account WHERE number = 3", "account 4 stands where 3 should"),
    "a position that is behind": ("UPDATE position SET sequence = sequence - 1", "position"),
    "a position that is gone": ("DELETE FROM position", "no position"),
    "an event ahead of the position": ("UPDATE event SET sequence = 999 WHERE kind = 'hour-cut'", "ahead"),
    "entries that the position does not count": ("UPDATE position SET entries = entries + 1", "position"),
}


def writing(batches):
    """What fills a store with these batches."""

    def fill(store):
        for batch in batches:
            store.write(batch)

    return fill


def damaged(store, statement):
    with store.engine.begin() as connection:
        assert connection.exec_driver_sql(statement).rowcount == 1, "the damage was done"


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found(database, name):
    statement, words = DAMAGES[name]
    exchange = trading_day() if "event" in name else random_exchange(11, 30)
    with database.open() as store:
        for batch in exchange.batches:
            store.write(batch)
        with store.session() as session:
            assert fsck(session, exchange.records) == []
        damaged(store, statement)
        with store.session() as session:
            problems = fsck(session, exchange.records)
            assert any(words in problem for problem in problems), problems
            amounts = {str(counter) for state in exchange.states[-1] for counter in state[:4] if counter > 999}
            assert not any(amount in problem for problem in problems for amount in amounts)


def test_a_store_ahead_of_the_log_is_found(database):
    exchange = random_exchange(12, 10)
    with database.open() as store:
        for batch in exchange.batches:
            store.write(batch)
        with store.session() as session:
            problems = fsck(session, exchange.records[:-1])
            assert problems == [f"command {exchange.head.sequence}: the log ends before it"]
            # An archive may have taken the oldest records away.
            assert fsck(session, exchange.records[4:]) == []


def test_a_rebuild_gives_the_same_store(database):
    exchange, place = random_exchange(13, 40), database.new()
    with database.open(place) as store:
        for batch in exchange.batches:
            store.write(batch)
    before = dump(place)
    with database.open(place) as store:
        damaged(store, "UPDATE balance SET credits_posted = credits_posted + 1 WHERE account = 2")
    assert dump(place) != before
    assert rebuild(place[0], writing(exchange.batches), place[1]).head == exchange.head
    assert dump(place) == before
    assert rebuild(place[0], writing(exchange.batches), place[1]).head == exchange.head
    assert dump(place) == before


def test_a_rebuild_that_fails_leaves_the_old_store(database):
    exchange, place = random_exchange(14, 20), database.new()
    with database.open(place) as store:
        for batch in exchange.batches[:-1]:
            store.write(batch)
    before = dump(place)

    def interrupted():
        yield from exchange.batches[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(place[0], writing(interrupted()), place[1])
    with pytest.raises(StoreOutOfStep):
        rebuild(place[0], writing(exchange.batches[1:]), place[1])
    with pytest.raises(StoreOutOfStep):
        rebuild(place[0], writing([]), place[1])
    assert dump(place) == before
    if database.server is None:
        assert not [path.name for path in database.folder.iterdir() if "rebuild" in path.name]


def test_a_rebuild_where_nothing_was(database):
    exchange, place = random_exchange(15, 10), database.new()
    rebuild(place[0], writing(exchange.batches), place[1])
    with database.open(place) as store, store.session() as session:
        assert fsck(session, exchange.records) == []


def test_a_store_in_use_is_not_swapped_away(tmp_path):
    from ledger.store import Store

    exchange, url = random_exchange(16, 10), f"sqlite:///{tmp_path}/store.db"
    with Store.open(url) as store:
        store.write(exchange.batches[0])
        with pytest.raises(StoreUnusable, match="in use"):
            rebuild(url, writing(exchange.batches))
        assert store.write(exchange.batches[1])


def test_a_file_that_is_no_database_any_more_is_replaced(tmp_path):
    exchange, path = random_exchange(17, 10), tmp_path / "store.db"
    path.write_bytes(b"no database" * 1000)
    Path(f"{path}-wal").write_bytes(b"nor a log" * 1000)
    rebuild(f"sqlite:///{path}", writing(exchange.batches))
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchall() == [("ok",)]
