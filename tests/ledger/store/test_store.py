"""Writing: one transaction a batch, positions that continue, numbers beyond 63 bits, and schemas of other versions."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ledger.errors import InputError
from ledger.journal import AccountCode, Balance, ReasonCode, claim_key, house_key
from ledger.log import Head, Sequence64
from ledger.store import (
    StoreAhead,
    StoreDiffers,
    StoreNewer,
    StoreOutOfStep,
    StoreUnusable,
    fsck,
    history,
    open_at,
)
from ledger.store.database import check_schema, database_url, make_engine
from ledger.store.schema import METADATA
from tests.ledger.store.conftest import dump
from tests.support.stored import GENESIS, Exchange, random_exchange, trading_day


def fill(store, exchange):
    for batch in exchange.batches:
        assert store.write(batch)


def test_migrations_make_exactly_the_tables_of_the_models(database):
    with database.open() as store, store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_a_difference_between_models_and_tables_would_be_seen(database):
    with database.open() as store, store.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX entry_debit")
        connection.exec_driver_sql("ALTER TABLE command ADD COLUMN other INTEGER")
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert len(compare_metadata(context, METADATA)) == 2


def test_a_store_that_a_newer_version_wrote_is_refused(database):
    place = database.new()
    with database.open(place) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreNewer, match="newer version"):
        database.open(place)
    with pytest.raises(StoreNewer):
        open_at(place[0], schema=place[1])


def test_a_reader_upgrades_nothing(database):
    place = database.new()
    with database.open(place) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    engine = make_engine(database_url(place[0]), place[1])
    with engine.connect() as connection, pytest.raises(StoreNewer):
        check_schema(connection)
    engine.dispose()


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_is_no_store_is_refused(url):
    with pytest.raises(InputError):
        database_url(url)


def test_an_error_names_no_password(tmp_path):
    from ledger.store import Store

    with pytest.raises(StoreUnusable) as caught:
        Store.open(f"postgresql://user:hunter2@/name?host={tmp_path}")
    assert "hunter2" not in str(caught.value) and caught.value.__cause__ is None


def test_an_empty_store_has_no_position(database):
    with database.open() as store:
        assert store.position is None and store.head is None
        with store.session() as session:
            assert fsck(session) == [] and history.position_at(session, 10**18) == 0


def test_a_batch_is_stored_once(database):
    exchange, place = random_exchange(1, 20), database.new()
    with database.open(place) as store:
        fill(store, exchange)
        before = dump(place)
        assert [store.write(batch) for batch in exchange.batches] == [False] * len(exchange.batches)
        assert dump(place) == before
        assert store.head == exchange.head


def test_a_store_that_is_opened_again_goes_on(database):
    exchange, place = random_exchange(2, 30), database.new()
    for batch in exchange.batches:
        with database.open(place) as store:
            assert store.write(batch)
    with database.open(place) as store, store.session() as session:
        assert store.head == exchange.head and fsck(session, exchange.records) == []


def test_a_batch_that_does_not_continue_is_refused(database):
    exchange = random_exchange(3, 12, batch_sizes=(2,))
    first, second, third = exchange.batches[:3]
    with database.open() as store:
        with pytest.raises(StoreOutOfStep):
            store.write(second)
        store.write(first)
        with pytest.raises(StoreOutOfStep):
            store.write(third)
        with pytest.raises(StoreOutOfStep):
            store.write(second._replace(previous=Head(second.previous.sequence, GENESIS)))
        with pytest.raises(StoreOutOfStep):
            store.write(second._replace(commands=second.commands + third.commands, previous=first.previous))
        assert store.head == first.head
        assert store.write(second) and store.write(third)


def test_entries_and_accounts_must_continue_too(database):
    exchange = trading_day()
    first, second = exchange.batches[:2]
    with database.open() as store:
        with pytest.raises(StoreOutOfStep):
            store.write(first._replace(first_account=1))
        with pytest.raises(StoreOutOfStep):
            store.write(first._replace(rows=first.rows[1:]))
        assert store.write(first)
        with pytest.raises(StoreOutOfStep):
            store.write(second._replace(rows=first.rows))


def test_the_same_place_with_other_commands_is_a_difference(database):
    exchange, other = random_exchange(4, 6), random_exchange(4, 6)
    with database.open() as store:
        fill(store, exchange)
        last = other.batches[-1]
        record = last.commands[-1].record._replace(hash=GENESIS)
        forged = last._replace(commands=[*last.commands[:-1], last.commands[-1]._replace(record=record)])
        with pytest.raises(StoreDiffers):
            store.write(forged)


def test_two_writers_do_not_mix(database):
    exchange, place = random_exchange(5, 10), database.new()
    with database.open(place) as one, database.open(place) as two:
        one.write(exchange.batches[0])
        with pytest.raises((StoreOutOfStep, StoreUnusable)):
            two.write(exchange.batches[0])
        one.write(exchange.batches[1])
    with database.open(place) as store, store.session() as session:
        assert store.head == exchange.batches[1].head and fsck(session) == []


def test_the_store_is_compared_with_the_log(database):
    exchange = random_exchange(6, 8)
    hashes = {record.sequence: record.hash for record in exchange.records}
    with database.open() as store:
        store.require_log(GENESIS, Head(Sequence64(0), GENESIS), hashes.__getitem__)
        fill(store, exchange)
        store.require_log(GENESIS, exchange.head, hashes.__getitem__)
        ahead = Head(Sequence64(exchange.head.sequence + 5), GENESIS)
        store.require_log(GENESIS, ahead, hashes.__getitem__)
        behind = Head(Sequence64(exchange.head.sequence - 1), hashes[exchange.head.sequence - 1])
        with pytest.raises(StoreAhead):
            store.require_log(GENESIS, behind, hashes.__getitem__)
        with pytest.raises(StoreDiffers):
            store.require_log(GENESIS, exchange.head, lambda sequence: GENESIS)
        with pytest.raises(StoreDiffers):
            store.require_log(hashes[1], exchange.head, hashes.__getitem__)


@pytest.mark.parametrize("amount", [2**63 - 1, 2**63, 2**63 + 1, 2**64, 2**126])
def test_counters_are_exact_beyond_63_bits(database, amount):
    exchange, place = Exchange(), database.new()
    wallet, alice, bob = (
        house_key(AccountCode.CUSTODY_WALLET, "BTC", "hot-1"),
        claim_key("alice", "BTC"),
        claim_key("bob", "BTC"),
    )

    def deposit(ledger):
        assert not ledger.post(ledger.open(wallet), ledger.open(alice), amount, ReasonCode.DEPOSIT, price=2**100)

    def pass_on(ledger):
        assert not ledger.post(ledger.open(alice), ledger.open(bob), amount - 1, ReasonCode.TRANSFER)
        hold = ledger.hold(ledger.open(bob), amount - 1, ReasonCode.ORDER_HOLD)
        assert not ledger.post_pending(hold, 1, ledger.open(alice), ReasonCode.TRADE)

    exchange.command(deposit)
    exchange.batch()
    exchange.command(pass_on)
    exchange.batch()
    with database.open(place) as store:
        fill(store, exchange)
        with store.session() as session:
            assert list(history.entries(session)) == exchange.entries
            for position in (1, 2):
                expected = exchange.states[position]
                assert [history.balance_at(session, n, position) for n in range(len(expected))] == expected
            assert fsck(session, exchange.records) == []
    with open_at(*place[:1], schema=place[1]) as snapshot:
        owed = {(row.owner, row.asset): row.claim for row in snapshot.rows()}
        assert owed == {("alice", "BTC"): 2, ("bob", "BTC"): amount - 2}


def test_events_are_kept_for_those_whom_they_concern(database):
    exchange = trading_day()
    with database.open() as store:
        fill(store, exchange)
        with store.session() as session:
            kinds = {name: [event.kind for event in history.events_of(session, name)] for name in ("alice", "bob")}
            assert kinds["alice"] == [
                "account-opened", "deposit-credited", "order-placed", "order-report", "order-report", "order-report",
                "withdrawal-moved", "deposit-reversed", "withdrawal-moved", "order-report",
            ]  # fmt: skip
            orders = ["order-placed", "order-report", "order-report"]
            assert kinds["bob"] == ["account-opened", "deposit-credited", *orders, "refused"]
            (fill_of_alice,) = history.fills_of(session, "alice")
            assert (fill_of_alice.order_id, fill_of_alice.sequence, fill_of_alice.market) == (1, 6, "BTC_USDC")
            assert (
                list(history.fills_of(session, "alice", 7)) == [] and len(list(history.fills_of(session, "bob"))) == 1
            )
            placed, *reports = history.events_of_order(session, 1)
            assert placed.document["client_id"] == 7 and [report.document[0] for report in reports] == [1, 2, 3, 9]
            moved = [(event.document["state"], event.account) for event in history.events_of_reference(session, "w-1")]
            assert moved == [("held", "alice"), ("sent", "alice")]
            assert [order.order_id for order in history.orders_of(session, "bob")] == [2]
            assert list(history.orders_of(session, "bob", last=5)) == []
            assert [event.account for event in history.events(session, "account-opened")] == ["alice", "bob"]
            assert list(history.hours(session)) == [history.Hour(497_222, 10)]
            assert [event.kind for event in history.events(session, "balance-changed")] == []


def test_accounts_are_found_by_owner_and_key(database):
    exchange = trading_day()
    with database.open() as store:
        fill(store, exchange)
        with store.session() as session:
            ((number, key),) = history.accounts_of(session, "alice")
            assert key == claim_key("alice", "USDC") and history.find_account(session, key) == number
            assert history.account_key(session, number) == key
            assert history.accounts_of(session, "nobody") == []
            assert history.find_account(session, claim_key("alice", "BTC")) is None
            with pytest.raises(IndexError):
                history.account_key(session, 99)
            with pytest.raises(IndexError):
                history.balance_at(session, 99)
            assert history.balance_at(session, number, 0) == Balance(0, 0, 0, 0, 0)
