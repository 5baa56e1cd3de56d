"""What the database counts is what a plain reading of every entry and event adds up, in both databases."""

from __future__ import annotations

import json
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.sources.counted import HOUSE_CODES, Span, counted_beside
from compliance.sources.stored import documents, timed
from ledger.journal import AccountCode, MassEntry
from ledger.store import Store, history, open_at
from tests.ledger.store.conftest import database  # noqa: F401 - a fixture
from tests.support.stored import random_exchange, trading_day


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 2**32), commands=st.integers(2, 30), largest=st.sampled_from([1000, 2**62, 2**70, 2**120]))
def test_charges_are_the_sums_of_the_entries_however_wide(database, seed, commands, largest):  # noqa: F811 - the fixture
    exchange = random_exchange(seed, commands, largest)
    place, first = database.new(), commands // 3 + 1
    with Store.open(*place) as store:
        for made in exchange.batches:
            store.write(made)
    expected: Counter[tuple[str, int]] = Counter()
    entries: Counter[tuple[str, int]] = Counter()
    for entry in exchange.entries:
        if isinstance(entry, MassEntry) or not first <= entry.command <= commands:
            continue
        debit, credit = exchange.ledger.key(entry.debit), exchange.ledger.key(entry.credit)
        if debit.code is AccountCode.CLAIM and credit.code in HOUSE_CODES:
            expected[debit.asset, int(entry.reason)] += entry.amount
            entries[debit.asset, int(entry.reason)] += 1
    with open_at(place[0], None, place[1]) as snapshot, counted_beside(snapshot, Span(first, 1, commands)) as counting:
        found = counting.result().charges
    assert {(each.asset, each.reason): each.quanta for each in found} == dict(expected)
    assert {(each.asset, each.reason): each.entries for each in found} == dict(entries)


def test_orders_and_fills_of_a_day_are_counted_for_each_side(database):  # noqa: F811 - the fixture
    exchange = trading_day()
    place = database.new()
    with Store.open(*place) as store:
        for made in exchange.batches:
            store.write(made)
    span = Span(1, 1, int(exchange.head.sequence))
    with open_at(place[0], None, place[1]) as snapshot, counted_beside(snapshot, span) as counting:
        counts = counting.result()
    assert sorted(counts.placed) == [("alice", "BTC_USDC", 1), ("bob", "BTC_USDC", 1)]
    assert {(each.account, each.fills) for each in counts.fills} == {("alice", 1), ("bob", 1)}


def test_events_are_read_as_history_has_them(database):  # noqa: F811 - the fixture
    exchange = trading_day()
    place = database.new()
    with Store.open(*place) as store:
        for made in exchange.batches:
            store.write(made)
    last = int(exchange.head.sequence)
    with open_at(place[0], None, place[1]) as snapshot:
        for kind in ("account-opened", "withdrawal-moved", "hour-cut"):
            expected = [*history.events(snapshot.session, kind)]
            found = [*documents(snapshot.session, kind, last=last)]
            assert [(row[0], row[1], json.loads(row[2])) for row in found] == [
                (event.sequence, event.account, event.document) for event in expected
            ]
            dated = [*timed(snapshot.session, kind, 2, last)]
            assert [(each.sequence, each.reference) for each in dated] == [
                (event.sequence, event.reference) for event in expected if event.sequence >= 2
            ]
            assert all(
                each.micros == history.command_at(snapshot.session, each.sequence).applied_micros for each in dated
            )
