"""The whole exchange from a few seeds, with faults and forgers; the long form is `make simulate`."""

from __future__ import annotations

import json
from functools import partial
from random import Random

import pytest

from ledger import events as facts
from ledger.door import Refused
from ledger.journal import AccountCode
from ledger.venue import Venue
from tests.simulation import exchange as faulty
from tests.simulation.followers import Copy, Stored, Trees
from tests.simulation.generators import listings, open_account, some
from tests.simulation.hostile import HOSTILE
from tests.simulation.plain import PlainBooks
from tests.simulation.run import Settings, Simulation, SimulationFailed, simulate
from tests.simulation.world import GENESIS, World
from tests.support.disk import SimulatedDisk

SETTINGS = [Settings(seed=13, hours=2, accounts=100, steps=80), Settings(seed=12, hours=2, accounts=60, steps=100)]


@pytest.mark.slow
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: f"seed-{settings.seed}")
def test_an_exchange_keeps_every_invariant_through_faults_and_forgers(settings):
    done = simulate(settings)
    assert len(done.exchange.records) > 1_000 and done.exchange.happened["power lost"] > 0
    assert done.seen.carried_out["cut-hour"] == settings.hours
    assert next(each for each in done.exchange.followed if isinstance(each, Stored)).times_lost > 0
    kinds = {type(fact) for events in done.exchange.facts for fact in events}
    assert kinds >= {facts.SettlementFinished, facts.LendingMoved, facts.PositionMoved}


@pytest.mark.slow
def test_a_store_on_postgresql_survives_its_connection(monkeypatch, postgres):
    monkeypatch.setattr(faulty, "FOLLOWED", (partial(Stored, postgres.new_database()), Trees))
    done = simulate(Settings(seed=14, hours=1, accounts=40, steps=80))
    assert done.exchange.followed[0].times_lost > 0


def test_the_same_seed_does_the_same_to_the_last_byte():
    runs = [simulate(Settings(seed=5, hours=1, accounts=10, steps=25)).exchange for _ in range(2)]
    assert runs[0].records == runs[1].records and runs[0].happened == runs[1].happened


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_every_forgery_is_refused(name):
    world = World(Random(name))
    with Venue.open(faulty.PATHS, GENESIS, (), faulty.OPTIONS, files=SimulatedDisk()) as venue:

        def give(batch):
            answers = venue.submit(batch, world.now_us)
            records = venue.log.records(venue.log.head.sequence - sum(not isinstance(a, Refused) for a in answers) + 1)
            for record, answer in zip(records, [a for a in answers if not isinstance(a, Refused)], strict=True):
                signed = record.entry.signed
                world.learn(json.loads(signed) if signed[:1] == b"{" else None, answer.events)
            return answers

        give(listings(world))
        for _ in range(4):
            give(open_account(world))
        tried = 0
        for _ in range(1_200):
            world.now_us += 1_000
            honest = some(world)
            give(honest)
            forged = HOSTILE[name](world, world.rng.choice(honest)) if honest else None
            if forged is None:
                continue
            tried += 1
            before = venue.engine.balances()
            [answer] = give([forged])
            assert isinstance(answer, Refused) or isinstance(answer.events[0], facts.Refused)
            assert venue.engine.balances() == before
            if tried == 25:
                break
        assert tried >= 5


# A harness that cannot fail proves nothing: each of these breaks one thing, and the simulation must say so.

TINY = Settings(seed=3, hours=1, accounts=10, steps=40, fault_share=0)


def must_fail(words):
    with pytest.raises(SimulationFailed, match=words):
        Simulation(TINY).run()


def test_a_quantum_that_the_engine_gives_away_is_noticed(monkeypatch):
    plain = faulty.Venue._apply

    def generous(venue, *given):
        applied = plain(venue, *given)
        ledger = venue.engine.ledger
        if applied.head.sequence > 100:
            for index in range(len(ledger)):
                if ledger.key(index).code is AccountCode.CLAIM and ledger.owed(index):
                    out, debits, into, credits, version = ledger._state[index]
                    ledger._state[index] = (out, debits, into, credits + 1, version)
                    break
        return applied

    monkeypatch.setattr(faulty.Venue, "_apply", generous)
    must_fail("AssertionError")


def test_a_fee_that_is_taken_twice_is_noticed(monkeypatch):
    plain = PlainBooks._trade

    def twice(books, market, trade):
        plain(books, market, trade)
        books.house[market.split("_")[1]] += trade.taker_fee_quanta

    monkeypatch.setattr(PlainBooks, "_trade", twice)
    must_fail("plain books say otherwise")


def test_a_follower_that_misses_a_row_is_noticed(monkeypatch):
    plain = Copy._take

    def forgetful(copy, applied):
        plain(copy, applied._replace(rows=applied.rows[:-1]))

    monkeypatch.setattr(Copy, "_take", forgetful)
    must_fail("seed 3")


def test_a_door_that_takes_bytes_twice_is_noticed(monkeypatch):
    monkeypatch.setattr("ledger.replay.ReplayCache.admit", lambda *given: True)
    monkeypatch.setattr("ledger.replay.ReplayCache.forget", lambda *given: None)
    must_fail("are the same bytes")


def test_a_log_that_acknowledges_before_it_is_durable_is_noticed(monkeypatch):
    monkeypatch.setattr(SimulatedDisk, "sync", lambda disk, handle: None)
    hasty = Settings(seed=3, hours=1, accounts=10, steps=60, fault_share=0.5)
    with pytest.raises(SimulationFailed):
        Simulation(hasty).run()
