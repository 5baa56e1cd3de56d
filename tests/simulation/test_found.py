"""What the simulation found, each as a small test named after what it did."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from random import Random

import pytest

from ledger.commands import BlockAccount, CutHour, MoveBetweenSubaccounts, PlaceOrders
from ledger.door import Refused
from ledger.events import Refused as EngineRefused
from ledger.keyring import Role
from ledger.log.record import Signed
from ledger.signatures import sign_command
from ledger.venue import Answer, Venue
from tests.simulation.exchange import OPTIONS, PATHS
from tests.simulation.generators import an_order, listings, open_account
from tests.simulation.world import GENESIS, START, World
from tests.support.disk import SimulatedDisk


class Small:
    """Two customers with money, on a disk of its own."""

    def __init__(self):
        self.disk, self.world = SimulatedDisk(), World(Random(3))
        self.venue = self.open()
        for make in (listings, open_account, open_account):
            for answer in self.give(*make(self.world)):
                assert isinstance(answer, Answer)

    def open(self):
        return Venue.open(PATHS, GENESIS, (), OPTIONS, files=self.disk)

    def give(self, *batch):
        answers = self.venue.submit(batch, self.world.now_us)
        for submission, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Answer):
                command = json.loads(submission.signed) if submission.signed[:1] == b"{" else None
                self.world.learn(command, answer.events)
        return answers

    @property
    def person(self):
        return self.world.people[self.world.opened[0]]

    def order(self, **fields):
        plain = {"market": "BTC_USD", "kind": "limit", "quantity": 5, "price": 400, "quote_quantity": None}
        plain |= {"trigger": None, "trigger_price": None, "trigger_by": None, "expires": None, "post_only": False}
        plain |= {"time_in_force": "gtc", "bound": False}
        return PlaceOrders(self.person.account, "", (an_order(self.world, **(plain | fields)),))


@pytest.fixture
def small():
    return Small()


def test_an_ask_for_less_quote_than_a_step_brings_stopped_every_start_from_then_on(small):
    small.give(small.world.by(small.person, small.order(side="bid", price=400)))
    by_quote = {"kind": "market", "price": None, "quantity": None, "quote_quantity": 1, "time_in_force": "ioc"}
    [answer] = small.give(small.world.by(small.person, small.order(side="ask", **by_quote)))
    assert isinstance(answer, Answer)
    small.venue.close()
    small.open().close()


def test_a_trade_with_oneself_where_that_is_allowed_stopped_every_start_from_then_on(small):
    before = small.venue.engine.balances()
    small.give(small.world.by(small.person, small.order(side="bid", self_trade="allow")))
    [answer] = small.give(small.world.by(small.person, small.order(side="ask", self_trade="allow")))
    assert isinstance(answer, Answer)
    after = small.venue.engine.balances()
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {(small.person.account, "USD")}, "the fees alone are gone"
    assert small.venue.engine.ledger.check() == []


@pytest.mark.parametrize("operation", ["create", "write", "sync", "rename", "sync_directory"])
def test_an_hour_whose_checkpoint_could_not_be_written_stopped_the_exchange(small, operation):
    small.world.now_us += 10**9
    cut = small.world.by_service(CutHour(START))
    disk = small.disk
    plain = getattr(disk, operation if operation != "create" else "open")

    def refusing(path, *rest, **more):
        target = disk.handles.get(path) if isinstance(path, int) else path
        names = [name for name, inode in disk.names_now.items() if inode is target or name == target]
        if any(PATHS.checkpoints in (name, name.parent) for name in (*names, target) if hasattr(name, "parent")):
            raise OSError(errno.ENOSPC, "no space left on device")
        return plain(path, *rest, **more)

    setattr(disk, operation if operation != "create" else "open", refusing)
    [answer] = small.give(cut)
    assert isinstance(answer, Answer) and "no checkpoint" in small.venue.checkpoint_problem
    [answer] = small.give(small.world.by(small.person, small.order(side="bid")))
    assert isinstance(answer, Answer), "trading goes on"


def test_a_disk_that_takes_half_of_a_checkpoint_at_once_left_none(small):
    small.disk.short = Random(1)
    small.give(small.world.by_service(CutHour(START)))
    assert small.venue.checkpoint_problem is None
    assert small.venue.checkpoints.positions() == [small.venue.log.head.sequence]
    small.disk.short = None


def test_refusals_that_could_not_be_synced_kept_the_log_locked_after_close(small):
    [refused] = small.give(small.world.signed(MoveBetweenSubaccounts(small.person.account, "", "bot", "USD", 1)))
    assert isinstance(refused, Refused)
    small.disk.fail["sync"] = errno.EIO
    with pytest.raises(OSError, match="Input/output"):
        small.venue.close()
    small.open().close()


def test_a_refused_move_left_accounts_in_the_ledger(small):
    before = len(small.venue.engine.ledger)
    move = MoveBetweenSubaccounts(small.person.account, "bot", "savings", "USD", 1)
    [answer] = small.give(small.world.by(small.person, move))
    assert [type(event) for event in answer.events] == [EngineRefused]
    assert len(small.venue.engine.ledger) == before


def test_a_refused_order_left_the_number_of_a_payer(small):
    def payers():
        return json.loads(small.venue.engine.sections()["desk.orders"])["purse"]["payers"]

    before, halted = payers(), BlockAccount(small.person.account, True, "a reason")
    small.give(small.world.signed(halted, small.world.operators[0]))
    order = replace(small.order(side="bid"), subaccount="never seen")
    [answer] = small.give(small.world.by(small.person, order))
    assert [type(event) for event in answer.events] == [EngineRefused]
    assert payers() == before


def test_a_session_that_sent_a_signature_stopped_the_exchange(small):
    command = small.world.by_session(small.person, small.order(side="bid"), "session-1")
    signed = Signed(small.person.keys[0].public, bytes(64))
    [answer] = small.give(command._replace(signatures=(signed,)))
    assert isinstance(answer, Refused)


def test_bytes_that_were_taken_were_taken_again_after_a_rotation_and_a_start(small):
    world, person = small.world, small.person
    placed = world.by(person, small.order(side="bid"))
    old, new = person.keys[0], world.new_key(person)
    rotation = world.signed_document(
        {"type": "keys.rotate", "key": old.public.hex(), "new": new.public.hex()}, old, new
    )
    small.give(placed, rotation)
    assert small.venue.engine.keys.ring.of_owner(Role.CUSTOMER, person.account)[0].ended is not None
    small.venue.close()
    small.venue = small.open()
    again = placed._replace(signatures=(sign_command(new, placed.signed),))
    [answer] = small.give(again)
    assert isinstance(answer, Refused)
