"""A venue: what it acknowledges is in the log, survives any crash, and reaches every follower once and in order."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from ledger.commands import CreditDeposit, ListAsset, ListMarket, OpenAccount, OpenMarket, PlaceOrders
from ledger.door import Fault, Refused, Submission
from ledger.engine import Engine
from ledger.errors import CheckFailed
from ledger.events import Refused as EngineRefused
from ledger.log import AppendFailed, AppendUncertain, Door, Head, LogBehind, LogUnusable
from ledger.playback import replay
from ledger.venue import Answer, Follower, FollowerDiffers, Venue, VenueOptions, VenuePaths
from tests.ledger.test_engine import MARKET, PEOPLE, START, order
from tests.support.disk import PowerLoss, SimulatedDisk
from tests.support.signed import GENESIS, entry_of, first_key_entry

PATHS = VenuePaths(Path("/venue"))


def submission(entry):
    return Submission(entry.scheme, entry.signed, entry.signatures, Door(source="test"))


def opening(time_us):
    """What a small exchange begins with."""
    commands = [
        ListAsset("BTC", 8, "bip122:main", "native", "", "", ""),
        ListAsset("USD", 2, "offchain:bank", "native", "", "", ""),
        ListMarket(MARKET, "BTC", "USD", 10_000, 100_000, 1, 10**6),
        OpenMarket(MARKET, "open", "opening"),
    ]
    entries = [entry_of(command, time_us) for command in commands]
    for number, person in enumerate(PEOPLE):
        account = OpenAccount(person, "main", "assigned", None, None, "retail", "JP", "customer", None)
        entries += [entry_of(account, time_us), first_key_entry(account, time_us)]
        for asset, amount in (("BTC", 10**9), ("USD", 10**8)):
            deposit = CreditDeposit(person, "", asset, amount, "wallet-1", f"{asset} {number}")
            entries.append(entry_of(deposit, time_us))
    return [submission(entry) for entry in entries]


def trades(count, time_us):
    for turn in range(count):
        who, side = PEOPLE[turn % 4], ("bid", "ask")[turn % 3 % 2]
        placed = PlaceOrders(who, "", (order(side, 1 + turn * 7 % 50, 9 + turn % 3),))
        yield submission(entry_of(placed, time_us + turn))


def opened(disk, followers=(), **options):
    return Venue.open(PATHS, GENESIS, followers, VenueOptions(threads=1, **options), files=disk)


def test_what_holds_is_answered_with_its_position_and_what_does_not_with_a_reason():
    with opened(SimulatedDisk()) as venue:
        answers = venue.submit(opening(START), START)
        assert [answer.sequence for answer in answers] == list(range(1, len(answers) + 1))
        assert not [e for answer in answers for e in answer.events if isinstance(e, EngineRefused)]
        [again] = venue.submit(opening(START)[:1], START)
        assert isinstance(again, Refused) and again.reason is Fault.REPLAYED
        bad = submission(entry_of(PlaceOrders(PEOPLE[0], "", (order(),)), START))
        forged = bad._replace(signatures=(bad.signatures[0]._replace(signature=bytes(64)),))
        [refused] = venue.submit([forged], START)
        assert refused.reason is Fault.BAD_SIGNATURE


def test_followers_are_handed_every_batch_once_whatever_they_have_seen():
    disk = SimulatedDisk()
    with opened(disk) as venue:
        venue.submit(opening(START), START)
        for each in trades(30, START + 1):
            venue.submit([each], START + 100)
        head = venue.log.head
        rows = venue.engine.ledger.sequence
    for position in (0, 1, 7, 20, int(head.sequence)):
        taken = []
        with opened(disk, [Follower(position, taken.append), Follower(0, lambda applied: None)]):
            pass
        records = [record.sequence for applied in taken for record in applied.records]
        assert records == list(range(position + 1, head.sequence + 1))
        if position == 0:
            assert [row[0] for applied in taken for row in applied.rows] == list(range(1, rows + 1))
            assert taken[-1].head == head
            assert sum(len(applied.accounts) for applied in taken) > 8
    with pytest.raises(CheckFailed, match="ahead"):
        opened(disk, [Follower(int(head.sequence) + 1, print)])


def test_a_log_behind_the_published_position_is_refused():
    disk = SimulatedDisk()
    with opened(disk) as venue:
        venue.submit(opening(START), START)
        head = venue.log.head
    with pytest.raises(LogBehind):
        opened(disk, expected=Head(head.sequence + 1, bytes(32)))
    opened(disk, expected=head).close()


def survivors(stop_at, seed):
    """Run against a disk that stops at an operation; what was acknowledged, and the venue after the power came back."""
    disk = SimulatedDisk(stop_at=stop_at)
    acknowledged = []
    finished = False
    try:
        venue = opened(disk)
        for batch in [opening(START), *([each] for each in trades(12, START + 1))]:
            acknowledged += venue.submit(batch, START + 50)
        venue.close()
        finished = True
    except (PowerLoss, AppendFailed, AppendUncertain, LogUnusable):
        pass
    after = disk.after_power_loss(Random(seed), torn=seed % 2 == 1)
    return acknowledged, after, finished


@pytest.mark.parametrize("seed", [1, 2])
def test_power_lost_at_any_operation_loses_nothing_acknowledged(seed):
    stop_at = 0
    while True:
        acknowledged, disk, finished = survivors(stop_at, seed)
        with opened(disk) as venue:
            answers = [answer for answer in acknowledged if isinstance(answer, Answer)]
            assert venue.log.head.sequence >= len(answers), f"seed {seed}, operation {stop_at}"
            engine = Engine.begin(GENESIS)
            facts = {int(record.sequence): events for record, events in replay(venue.log.records(), engine)}
            assert all(facts[answer.sequence] == answer.events for answer in answers)
            assert engine.state_hash() == venue.engine.state_hash()
            # The same bytes again: taken if they were not logged, refused if they were, so that nothing is doubled.
            outcomes = venue.submit(opening(START), START + 60)
            assert len({type(outcome) for outcome in outcomes}) == 1
            assert venue.engine.ledger.check() == []
        if finished:
            break
        stop_at += 1
    assert stop_at > 20


def test_a_follower_of_another_history_is_refused():
    disk = SimulatedDisk()
    with opened(disk) as venue:
        venue.submit(opening(START), START)
        head = venue.log.head
    opened(disk, [Follower(int(head.sequence), print, head.hash)]).close()
    with pytest.raises(FollowerDiffers, match="the store followed another history"):
        opened(disk, [Follower(int(head.sequence), print, bytes(32), "the store")])


def test_opening_says_how_far_it_is():
    disk, seen = SimulatedDisk(), []
    with opened(disk) as venue:
        venue.submit(opening(START), START)
        head = int(venue.log.head.sequence)
    with opened(disk, progress=lambda done, total: seen.append((done, total))):
        assert seen[-1] == (head, head)
