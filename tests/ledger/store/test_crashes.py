"""A writer that dies between any two writes of a batch: nothing is half there, and the log brings the same store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import psycopg
import pytest

from ledger.store import Store, StoreUnusable, fsck, store
from ledger.store.writers import PostgresWriter, SqliteWriter
from tests.ledger.store.conftest import Database, dump
from tests.support.stored import at_each_step, random_exchange

ROOT = Path(__file__).resolve().parent.parent.parent.parent
SEED, COMMANDS = 21, 24
# Dies at one step of the batches that are still to be stored; a step is a call of the writer or a row that it takes.
DIES_AT = """
import os, signal, sys
from ledger.store import Store
from ledger.store.writers import SqliteWriter
from tests.support.stored import at_each_step, random_exchange
at_each_step(SqliteWriter, setattr, lambda step: step == int(sys.argv[2]) and os.kill(os.getpid(), signal.SIGKILL))
with Store.open(sys.argv[1]) as store:
    for batch in random_exchange(SEED, COMMANDS).batches:
        store.write(batch)
""".replace("SEED, COMMANDS", f"{SEED}, {COMMANDS}")
KEEPS_WRITING = """
import sys
from ledger.store import Store
from tests.support.stored import random_exchange
exchange = random_exchange(SEED, 3000, batch_sizes=(1, 20))
with Store.open(sys.argv[1]) as store:
    print("open", flush=True)
    for batch in exchange.batches:
        if store.write(batch):
            print(store.position.sequence, flush=True)
""".replace("SEED", str(SEED))


def write_all(opened, exchange):
    """Store every batch."""
    for batch in exchange.batches:
        opened.write(batch)


def whole_and_caught_up(database, place, exchange, expected):
    """Check what a crash left; then go on from the log, to the same store as without it."""
    heads = [None, *(batch.head for batch in exchange.batches)]
    with database.open(place) as opened:
        assert opened.head in heads
        with opened.session() as session:
            assert fsck(session, exchange.records) == []
        stored = 0 if opened.head is None else opened.head.sequence
        written = [opened.write(batch) for batch in exchange.batches]
        assert written == [batch.head.sequence > stored for batch in exchange.batches]
    assert dump(place) == expected


@pytest.fixture
def expected(database):
    """What the store holds that nothing interrupted."""
    place = database.new()
    with database.open(place) as opened:
        write_all(opened, random_exchange(SEED, COMMANDS))
    return dump(place)


def count_steps(database, monkeypatch):
    """The number of steps that the whole history takes."""
    count = []
    with monkeypatch.context() as patch, database.open() as opened:
        at_each_step(type(opened._writer), patch.setattr, count.append)
        write_all(opened, random_exchange(SEED, COMMANDS))
    return len(count)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_process_killed_between_two_writes_left_nothing_half(database, expected, monkeypatch):
    exchange, steps = random_exchange(SEED, COMMANDS), count_steps(database, monkeypatch)
    points = sorted(Random(5).sample(range(steps), 8))
    for point in points:
        place = database.new()
        command = [sys.executable, "-c", DIES_AT, place[0], str(point)]
        assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
        whole_and_caught_up(database, place, exchange, expected)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_process_killed_at_any_moment_lost_nothing_that_it_said(database):
    rng, place = Random(6), database.new()
    exchange = random_exchange(SEED, 3000, batch_sizes=(1, 20))
    said = 0
    for _ in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", KEEPS_WRITING, place[0]], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None and writer.stdout.readline() == "open\n"
        time.sleep(rng.uniform(0.05, 0.4))
        writer.send_signal(signal.SIGKILL)
        lines = [line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        writer.wait()
        said = max(said, int(lines[-1]) if lines else 0)
        with database.open(place) as opened, opened.session() as session:
            assert said <= (opened.head.sequence if opened.head else 0)
            assert fsck(session) == []
    assert said, "some batches were stored before a kill"
    with database.open(place) as opened:
        write_all(opened, exchange)
        assert opened.head == exchange.head
        with opened.session() as session:
            assert fsck(session, exchange.records) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_connection_cut_between_two_writes_left_nothing_half(database, expected, monkeypatch):
    exchange, steps = random_exchange(SEED, COMMANDS), count_steps(database, monkeypatch)
    cuts = 0
    for point in sorted(Random(7).sample(range(steps), 20)):
        place = database.new()
        with monkeypatch.context() as patch, database.open(place) as opened:
            at_each_step(
                PostgresWriter, patch.setattr, lambda step, point=point: step == point and cut(database, opened)
            )
            try:
                write_all(opened, exchange)
            except StoreUnusable:
                cuts += 1
        whole_and_caught_up(database, place, exchange, expected)
    assert cuts == 20


def cut(database: Database, opened: Store) -> None:
    """End the writer's connection from the server's side."""
    pid = opened._writer.connection.info.backend_pid
    with psycopg.connect(database.shared, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        while other.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone() != (0,):
            time.sleep(0.01)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_server_killed_inside_a_batch_left_nothing_half(database, expected, monkeypatch):
    exchange, place = random_exchange(SEED, COMMANDS), database.new()
    with monkeypatch.context() as patch, database.open(place) as opened:
        at_each_step(PostgresWriter, patch.setattr, lambda step: step == 120 and database.server.kill())
        with pytest.raises(StoreUnusable):
            write_all(opened, exchange)
    whole_and_caught_up(database, place, exchange, expected)


def test_an_answer_lost_after_the_commit_is_found_out(database, expected, monkeypatch):
    """The commit arrived and its answer did not: the store does not know, and opening it again tells."""
    exchange, place = random_exchange(SEED, COMMANDS), database.new()
    writer = SqliteWriter if database.server is None else PostgresWriter
    commit = writer.commit

    def lost(self):
        commit(self)
        raise psycopg.OperationalError("the connection is lost")

    with database.open(place) as opened:
        opened.write(exchange.batches[0])
        with monkeypatch.context() as patch:
            patch.setattr(writer, "commit", lost)
            with pytest.raises(StoreUnusable):
                opened.write(exchange.batches[1])
        with pytest.raises(store.StoreOutOfStep):
            opened.write(exchange.batches[1])
    with database.open(place) as opened:
        assert opened.head == exchange.batches[1].head
    whole_and_caught_up(database, place, exchange, expected)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_full_disk_refuses_the_batch_and_nothing_else(database, expected):
    exchange, place = random_exchange(SEED, COMMANDS), database.new()
    with database.open(place) as opened:
        pages = opened._writer.rows("PRAGMA page_count")[0][0]
        opened._writer.rows(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StoreUnusable, match="SQLITE_FULL"):
            write_all(opened, random_exchange(SEED, 3000))
        opened._writer.rows("PRAGMA max_page_count = 1000000")
        with opened.session() as session:
            assert fsck(session) == []
    fresh = database.new()
    whole_and_caught_up(database, fresh, exchange, expected)
