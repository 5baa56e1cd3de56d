"""A log replays to the state that wrote it, and the facts feed trees that hold what the ledger owes."""

from __future__ import annotations

import numpy as np
import pytest

from ledger.canonical import parse
from ledger.commands import CutHour, OpenAccount, PlaceOrders, read_command
from ledger.engine import Engine
from ledger.errors import CheckFailed
from ledger.events import BalanceChanged, KeyChanged, Refused
from ledger.log import CommandLog
from ledger.log.record import Record
from ledger.playback import replay
from ledger.replay import ReplayCache
from por.liabilities.forest import asset_context, asset_root
from por.liabilities.kernels import pack_identities, select
from por.liabilities.live import LiveForest
from tests.ledger.test_engine import PEOPLE, START, Exchange, order
from tests.support.signed import EXCHANGE, GENESIS, customer_key, entry_of, first_key_entry


def busy_exchange():
    exchange = Exchange().open()
    for turn in range(30):
        who, side = PEOPLE[turn % 4], ("bid", "ask")[turn % 3 % 2]
        exchange.give(PlaceOrders(who, "", (order(side, 1 + turn * 7 % 50, 9 + turn % 3),)))
    exchange.give(CutHour(START))
    return exchange


def entries_of(exchange):
    """The commands of an exchange as a log has them, with the first key of each account after it."""
    entries = []
    for time_us, data in exchange.commands:
        command = read_command(parse(data))
        entries.append(entry_of(command, time_us))
        if isinstance(command, OpenAccount):
            entries.append(first_key_entry(command, time_us))
    return entries


def records_of(entries):
    return [Record(number, entry, bytes(32)) for number, entry in enumerate(entries, start=1)]


def test_a_reopened_log_replays_to_the_same_state(tmp_path):
    exchange = busy_exchange()
    entries = entries_of(exchange)
    first = Engine.begin(GENESIS)
    facts = [events for _, events in replay(records_of(entries), first)]
    assert not [event for events in facts for event in events if isinstance(event, Refused)]
    assert sum(isinstance(event, KeyChanged) for events in facts for event in events) == len(PEOPLE)
    log = CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS.hash)
    log.append(entries)
    log.close()
    again = CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS.hash)
    engine = Engine.begin(GENESIS)
    assert [events for _, events in replay(again.records(), engine)] == facts
    again.close()
    assert engine.state_hash() == first.state_hash()
    assert engine.balances() == exchange.engine.balances()


def test_a_forged_signature_stops_the_replay():
    entry = entries_of(busy_exchange())[0]
    forged = entry._replace(signatures=(entry.signatures[0]._replace(signature=bytes(64)), entry.signatures[1]))
    with pytest.raises(CheckFailed, match="record 1"):
        list(replay(records_of([forged]), Engine.begin(GENESIS)))


def test_what_is_outside_its_window_stops_the_replay():
    entry = entries_of(busy_exchange())[0]
    late = entry._replace(received_us=entry.received_us + 10**9, applied_us=entry.applied_us + 10**9)
    with pytest.raises(CheckFailed, match="late"):
        list(replay(records_of([late]), Engine.begin(GENESIS)))


def test_bytes_taken_before_a_checkpoint_and_again_after_it_are_found():
    entries = entries_of(busy_exchange())
    entry = next(each for each in entries if b'"type":"place-orders"' in each.signed)
    taken = ReplayCache()
    engine = Engine.begin(GENESIS)
    list(replay(records_of(entries), engine, taken=taken))
    engine.ledger.drain_rows()
    again = entry._replace(received_us=engine.time_us, applied_us=engine.time_us)
    record = Record(engine.sequence + 1, again, bytes(32))
    with pytest.raises(CheckFailed, match="taken before"):
        list(replay([record], Engine.restore(GENESIS, engine.sections()), taken=taken))


def test_the_engine_judges_again_what_the_door_let_in():
    """A command whose key another command of the same batch ended, or that is about somebody else's account."""
    exchange = busy_exchange()
    entries = entries_of(exchange)
    engine = Engine.begin(GENESIS)
    list(replay(records_of(entries), engine))
    before = engine.balances()
    entry = entry_of(PlaceOrders(PEOPLE[0], "", (order(),)), engine.time_us + 1)
    stranger = entry_of(PlaceOrders(PEOPLE[1], "", (order(),)), engine.time_us + 1)
    swapped = entry._replace(signatures=stranger.signatures)
    record = Record(engine.sequence + 1, swapped, bytes(32))
    [(_, events)] = replay([record], engine, check_signatures=False)
    assert events == [Refused("not-the-owner")]
    assert engine.balances() == before
    assert engine.keys.ring.get(customer_key(PEOPLE[0]).public) is not None


def test_the_live_trees_hold_what_the_ledger_owes_at_every_step():
    """Law 5: at any log position the liabilities equal the ledger's customer claims and debts."""
    exchange = busy_exchange()
    snapshot, names = "small.exchange/2027-01-15T08:00:00Z/0", [("main", "BTC", 8), ("main", "USD", 2)]
    kernel = select()
    forest = LiveForest(snapshot, b"m" * 32, names, kernel)
    identities = pack_identities("email", [f"{person}@example.com" for person in PEOPLE])
    numbers = {person: forest.add_account(entry) for person, entry in zip(PEOPLE, identities.entries, strict=True)}
    engine = Engine.begin(GENESIS)
    records = records_of(entries_of(exchange))
    for _, events in replay(records, engine, check_signatures=False):
        for event in events:
            if isinstance(event, BalanceChanged):
                tree = 0 if event.asset == "BTC" else 1
                forest.change(tree, numbers[event.account], event.claim, event.debt)
        forest.refresh()
        for tree, (_, asset, _) in enumerate(names):
            owed = [amounts for (_, name), amounts in engine.balances().items() if name == asset]
            assert forest.trees[tree].sums == (sum(c for c, _ in owed), sum(d for _, d in owed))
    for tree, live in enumerate(forest.trees):
        context = asset_context(snapshot, "main", live.name[1])
        accounts = np.array(live.accounts, np.uint32)
        levels = kernel.levels(kernel.leaves(context, forest.salts(tree), accounts, identities, live.amounts))
        assert forest.root(tree) == asset_root(snapshot, live.name, levels.count, levels.top)
