"""A store behind a real venue: it follows every batch, catches up after a lag, and is made again from the log."""

from __future__ import annotations

from ledger.events import OrderReport
from ledger.store import fsck, history, open_at, rebuild, store_follower
from ledger.venue import Venue
from tests.ledger.store.conftest import dump
from tests.ledger.test_engine import START
from tests.ledger.test_venue import GENESIS, PATHS, SimulatedDisk, opening, trades


def venue_with(disk, store):
    return Venue.open(PATHS, GENESIS, [store_follower(store, GENESIS.hash)], files=disk)


def test_the_store_follows_a_venue_catches_up_and_is_rebuilt(database):
    disk, place = SimulatedDisk(), database.new()
    with database.open(place) as store, venue_with(disk, store) as venue:
        venue.submit(opening(START), START)
        for each in trades(20, START + 1):
            venue.submit([each], START + 100)
        assert store.head == venue.log.head
    with Venue.open(PATHS, GENESIS, files=disk) as venue:
        # Nobody follows here, so that the store falls behind.
        facts = [answer for each in trades(20, START + 200) for answer in venue.submit([each], START + 300)]
        assert any(isinstance(event, OrderReport) for answer in facts for event in answer.events)
    with database.open(place) as store, venue_with(disk, store) as venue:
        assert store.head == venue.log.head
        check(store, venue)
    before = dump(place)
    # The log in one batch gives the same store as the log in many.
    rebuild(place[0], lambda store: venue_with(disk, store).close(), place[1])
    assert dump(place) == before


def check(store, venue):
    ledger = venue.engine.ledger
    with store.session() as session:
        assert fsck(session, venue.log.records()) == []
        for account in range(len(ledger)):
            assert history.account_key(session, account) == ledger.key(account)
            assert history.balance_at(session, account) == ledger.balance(account)
            assert list(history.statement(session, account).lines)[-1:] or not ledger.balance(account).version
        fills = {fill.order_id for owner in owners(session) for fill in history.fills_of(session, owner)}
        orders = {order.order_id for owner in owners(session) for order in history.orders_of(session, owner)}
        assert fills and fills <= orders
    with open_at(store.engine.url.render_as_string(hide_password=False), schema=schema_of(store)) as snapshot:
        owed = {(row.owner, row.asset): (row.claim, row.debt) for row in snapshot.rows()}
        assert owed == venue.engine.balances()


def owners(session):
    return [event.account for event in history.events(session, "account-opened")]


def schema_of(store):
    if store.engine.dialect.name == "sqlite":
        return "tallystick"
    with store.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT current_schema()").scalar()
