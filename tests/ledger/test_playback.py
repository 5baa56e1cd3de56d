"""A log replays to the state that wrote it, and the facts feed trees that hold what the ledger owes."""

from __future__ import annotations

import numpy as np
import pytest

from ledger.canonical import parse
from ledger.commands import CutHour, PlaceOrders, command_document
from ledger.engine import Engine
from ledger.errors import CheckFailed, FormatError
from ledger.events import BalanceChanged
from ledger.keys import SigningKey
from ledger.log import CommandLog, Entry, genesis_hash
from ledger.log.record import Record, Scheme
from ledger.playback import command_of, replay
from ledger.signatures import command_bytes, sign_command
from por.liabilities.forest import asset_context, asset_root
from por.liabilities.kernels import pack_identities, select
from por.liabilities.live import LiveForest
from tests.ledger.test_engine import PEOPLE, START, Exchange, order

KEY = SigningKey(b"k" * 32)
GENESIS = genesis_hash("small.exchange", b"genesis")


def busy_exchange():
    exchange = Exchange().open()
    for turn in range(30):
        who, side = PEOPLE[turn % 4], ("bid", "ask")[turn % 3 % 2]
        exchange.give(PlaceOrders(who, "", (order(side, 1 + turn * 7 % 50, 9 + turn % 3),)))
    exchange.give(CutHour(START))
    return exchange


def entries_of(exchange):
    entries = []
    for time_us, data in exchange.commands:
        document = dict(parse(data))
        signed = command_bytes("small.exchange", document.pop("type"), time_us, document)
        entries.append(Entry(time_us, time_us, Scheme.COMMAND, (sign_command(KEY, signed),), signed))
    return entries


def test_a_reopened_log_replays_to_the_same_state(tmp_path):
    exchange = busy_exchange()
    log = CommandLog.open(tmp_path / "log", "small.exchange", GENESIS)
    log.append(entries_of(exchange))
    log.close()
    again = CommandLog.open(tmp_path / "log", "small.exchange", GENESIS)
    engine = Engine("small.exchange")
    facts = [events for _, events in replay(again.records(), engine)]
    again.close()
    assert engine.state_hash() == exchange.engine.state_hash()
    assert facts[-1][-1].state == engine.state_hash().hex()
    assert engine.balances() == exchange.engine.balances()


def test_a_forged_signature_stops_the_replay():
    exchange = busy_exchange()
    entry = entries_of(exchange)[0]
    forged = entry._replace(signatures=(entry.signatures[0]._replace(signature=bytes(64)),))
    with pytest.raises(CheckFailed, match="record 1"):
        list(replay([Record(1, forged, bytes(32))], Engine("small.exchange")))


def test_the_command_is_what_the_bytes_say():
    exchange = busy_exchange()
    for entry, (_, data) in zip(entries_of(exchange), exchange.commands, strict=True):
        assert command_document(command_of(entry, "small.exchange")) == parse(data)
    with pytest.raises(FormatError):
        command_of(entries_of(exchange)[0], "other.exchange")


def test_the_live_trees_hold_what_the_ledger_owes_at_every_step():
    """Law 5: at any log position the liabilities equal the ledger's customer claims and debts."""
    exchange = busy_exchange()
    snapshot, names = "small.exchange/2027-01-15T08:00:00Z/0", [("main", "BTC", 8), ("main", "USD", 2)]
    kernel = select()
    forest = LiveForest(snapshot, b"m" * 32, names, kernel)
    identities = pack_identities("email", [f"{person}@example.com" for person in PEOPLE])
    numbers = {person: forest.add_account(entry) for person, entry in zip(PEOPLE, identities.entries, strict=True)}
    engine = Engine("small.exchange")
    records = (Record(n, entry, bytes(32)) for n, entry in enumerate(entries_of(exchange), start=1))
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
