"""The store behind a running venue: it may lag, is never ahead, loses nothing, and says when it can write no more."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest

from cli.exchange import store_follower
from cli.exchange.store_follower import StoreFollower
from ledger.commands import CutHour
from ledger.engine import HOUR_MICROS
from ledger.errors import InputError
from ledger.events import HourCut
from ledger.journal import claim_key
from ledger.log import LogReader, OsFiles
from ledger.store import history
from ledger.store.errors import StoreUnusable
from ledger.store.fsck import fsck
from ledger.store.snapshot import open_at
from ledger.store.store import Store
from ledger.venue import FollowerAhead, FollowerDiffers, Venue, VenueOptions, VenuePaths
from tests.ledger.test_engine import PEOPLE, START
from tests.ledger.test_venue import opening, submission, trades
from tests.support.signed import GENESIS, entry_of

TRADES = 40


class House:
    """A folder with a log, and a store that follows it."""

    def __init__(self, folder, name="store", log="log", threaded=True, on_failure=None, url=None):
        self.url = url or f"sqlite:///{folder / name}.sqlite"
        self.paths = VenuePaths(folder / log)
        self.store = Store.open(self.url)
        self.follower = StoreFollower(self.store, GENESIS.hash, threaded=threaded, on_failure=on_failure)
        try:
            self.venue = Venue.open(self.paths, GENESIS, [self.follower.follower()], VenueOptions(threads=1))
        except BaseException:
            self.follower.close()
            raise

    def trade(self):
        self.venue.submit(opening(START), START)
        for each in trades(TRADES, START + 1):
            self.venue.submit([each], START + 100)

    def trade_more(self):
        for each in trades(TRADES, START + 1_000):
            self.venue.submit([each], START + 2_000)

    def close(self):
        self.venue.close()
        self.follower.close()

    def rows(self):
        """Every row of every table."""
        with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as connection:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}


def test_with_and_without_a_thread_the_store_is_the_same_and_holds_the_log(tmp_path):
    houses = [House(tmp_path, "threaded"), House(tmp_path, "plain", "log-2", threaded=False)]
    for house in houses:
        house.trade()
        house.close()
    assert houses[0].rows() == houses[1].rows()
    reader = LogReader(houses[0].paths.log, GENESIS.exchange, GENESIS.hash, files=OsFiles())
    with open_at(houses[0].url) as snapshot:
        assert snapshot.position.head == reader.head
        assert fsck(snapshot.session, reader.records()) == []


def test_commands_are_kept_under_the_account_that_they_acted_for(tmp_path):
    house = House(tmp_path, threaded=False)
    house.trade()
    house.close()
    with open_at(house.url) as snapshot:
        session = snapshot.session
        kinds = {}
        for command in history.commands(session):
            kinds.setdefault(command.kind, set()).add(command.account)
        assert kinds["list-asset"] == {None}
        for kind in ("open-account", "keys.register", "credit-deposit", "place-orders"):
            assert kinds[kind] == set(PEOPLE), kind
        assert sum(1 for _ in history.orders_of(session, PEOPLE[0])) == TRADES / len(PEOPLE)
        claim = history.find_account(session, claim_key(PEOPLE[0], "BTC"))
        assert history.balance_at(session, claim).posted_credit == house.venue.engine.balances()[PEOPLE[0], "BTC"][0]


def held_writes(house, monkeypatch):
    """Writes wait for the event that this gives."""
    go, write = threading.Event(), house.store.write

    def waiting(batch):
        assert go.wait(30)
        return write(batch)

    monkeypatch.setattr(house.store, "write", waiting)
    return go


def test_the_engine_does_not_wait_and_the_position_is_what_was_committed(tmp_path, monkeypatch):
    house = House(tmp_path)
    go = held_writes(house, monkeypatch)
    house.trade()
    head = int(house.venue.log.head.sequence)
    assert house.follower.position == 0 and head > TRADES, "everything is acknowledged, nothing is stored"
    go.set()
    house.follower.wait()
    assert house.follower.position == head
    house.close()


def test_closing_writes_what_waits(tmp_path, monkeypatch):
    house = House(tmp_path)
    go = held_writes(house, monkeypatch)
    house.trade()
    head = int(house.venue.log.head.sequence)
    threading.Timer(0.2, go.set).start()
    house.close()
    with open_at(house.url) as snapshot:
        assert snapshot.position.sequence == head


def test_a_queue_that_is_full_holds_the_engine_and_never_grows(tmp_path, monkeypatch):
    monkeypatch.setattr(store_follower, "COMMANDS_WAITING_MAX", 30)
    house = House(tmp_path)
    go = held_writes(house, monkeypatch)
    trading = threading.Thread(target=house.trade)
    trading.start()
    trading.join(1.0)
    assert trading.is_alive()
    assert 30 <= house.follower._commands_waiting <= 31
    go.set()
    trading.join(30)
    assert not trading.is_alive()
    house.close()
    with open_at(house.url) as snapshot:
        assert snapshot.position.sequence == house.venue.log.head.sequence


def test_a_cut_is_stood_at_until_it_is_read_or_the_store_closes(tmp_path):
    house = House(tmp_path)
    asked, may_pass = threading.Event(), threading.Event()

    def is_read(position):
        assert position == cut
        asked.set()
        return may_pass.is_set()

    house.trade()
    house.follower.wait()
    house.follower.may_pass = is_read
    for turn, leaves in enumerate((may_pass.set, house.close), start=1):
        end = START + turn * HOUR_MICROS
        cut = int(house.venue.log.head.sequence) + 1
        [answer] = house.venue.submit([submission(entry_of(CutHour(end), end))], end)
        assert any(isinstance(event, HourCut) for event in answer.events)
        for each in trades(4, end + 1):
            house.venue.submit([each], end + 100)
        assert asked.wait(30) and house.follower.position == cut
        head = int(house.venue.log.head.sequence)
        leaves()
        if turn == 1:
            house.follower.wait()
            assert house.follower.position == head > cut
            asked.clear()
            may_pass.clear()
    with open_at(house.url) as snapshot:
        assert snapshot.position.sequence == head


def test_many_small_batches_become_few_transactions(tmp_path, monkeypatch):
    house = House(tmp_path)
    go, sizes, write = threading.Event(), [], house.store.write

    def counted(batch):
        assert go.wait(30)
        sizes.append(len(batch.commands))
        return write(batch)

    monkeypatch.setattr(house.store, "write", counted)
    house.trade()
    go.set()
    house.close()
    assert len(sizes) <= 2 and sum(sizes) == house.venue.log.head.sequence


def test_a_store_that_cannot_be_written_stops_the_venue_and_the_next_start_catches_up(tmp_path, monkeypatch):
    failed = threading.Event()
    house = House(tmp_path, on_failure=failed.set)
    house.venue.submit(opening(START), START)
    house.follower.wait()

    def refuse(batch):
        raise StoreUnusable("the disk is full")

    monkeypatch.setattr(house.store, "write", refuse)
    [first, second, *_] = trades(2, START + 1)
    house.venue.submit([first], START + 1)
    assert failed.wait(30)
    with pytest.raises(StoreUnusable, match="full"):
        house.venue.submit([second], START + 2)
    with pytest.raises(StoreUnusable):
        house.follower.wait()
    house.venue.close()
    with pytest.raises(StoreUnusable):
        house.follower.close()
    again = House(tmp_path)
    assert again.venue.log.head.sequence == len(opening(START)) + 2, "what was logged is logged"
    again.close()
    with open_at(again.url) as snapshot:
        assert snapshot.position.head == again.venue.log.head


def test_a_database_server_that_dies_stops_the_venue_and_the_next_start_catches_up(
    tmp_path,
    postgres,  # the fixture of that name
):
    url, failed = postgres.new_database(), threading.Event()
    house = House(tmp_path, url=url, on_failure=failed.set)
    house.venue.submit(opening(START), START)
    house.follower.wait()
    before = house.follower.position
    postgres.kill()
    [first, *_] = trades(1, START + 1)
    house.venue.submit([first], START + 1)
    assert failed.wait(30)
    with pytest.raises(StoreUnusable, match="database refused"):
        house.follower.wait()
    assert house.follower.position == before
    house.venue.close()
    with pytest.raises(StoreUnusable):
        house.follower.close()
    again = House(tmp_path, url=url)
    again.trade_more()
    again.close()
    with open_at(url) as snapshot:
        reader = LogReader(again.paths.log, GENESIS.exchange, GENESIS.hash, files=OsFiles())
        assert snapshot.position.head == reader.head and reader.head.sequence > before + 1
        assert fsck(snapshot.session, reader.records()) == []


def test_a_store_of_another_history_is_refused(tmp_path):
    house = House(tmp_path, log="long")
    house.trade()
    house.close()
    with pytest.raises(FollowerAhead, match="the store is ahead of the log"):
        House(tmp_path, log="empty")
    other = House(tmp_path, "other", "other-log")
    head = int(house.venue.log.head.sequence)
    while other.venue.log.head.sequence < head:
        other.venue.submit(opening(START + 5 * int(other.venue.log.head.sequence) + 5), START + 10**6)
    other.close()
    with pytest.raises(FollowerDiffers, match="the store followed another history"):
        House(tmp_path, log="other-log")
    store = Store.open(house.url)
    with pytest.raises(InputError, match="another exchange's log"):
        StoreFollower(store, bytes(32))
    store.close()
