"""No well-formed command of anybody raises in the engine, breaks the books, or leaves what a refusal should not."""

from __future__ import annotations

import pytest

from ledger.desks.base import SUBACCOUNTS_MAX
from ledger.desks.withdrawals import OPEN_MAX as WITHDRAWALS_OPEN_MAX
from ledger.engine import Engine
from ledger.events import OrderReport, Refused
from ledger.trading.reports import Kind
from tests.support.hostile import ACCOUNTS, Hostile
from tests.support.signed import GENESIS, OPERATORS, SERVICE, customer_key

STEPS = 250
ALICE = (customer_key(ACCOUNTS[0]).public,)
TWO = tuple(key.public for key in OPERATORS)


def what_decides(engine):
    """The state but for the count and the time of commands."""
    engine.ledger.drain_rows()
    return {name: data for name, data in engine.sections().items() if name not in ("head", "ledger.head")}


def after_time_alone(sections, hostile):
    """The engine of these sections when the time of the last command has passed, and nothing else was given."""
    twin = Engine.restore(GENESIS, sections)
    twin.apply_given(hostile.sequence, hostile.time_us, hostile.nonsense())
    return what_decides(twin)


@pytest.mark.parametrize("seed", range(12))
def test_commands_of_every_kind_raise_nothing_and_refusals_leave_nothing(seed):
    hostile = Hostile(seed).open()
    before = {}
    for step in range(STEPS):
        hostile.engine.ledger.drain_rows()
        is_watched = step % 5 == 0
        if is_watched:
            before = hostile.engine.sections()
        kind, facts = hostile.step()
        is_refused = any(isinstance(fact, Refused) for fact in facts)
        if is_watched and is_refused and not any(isinstance(fact, OrderReport) for fact in facts):
            assert what_decides(hostile.engine) == after_time_alone(before, hostile), kind
    hostile.engine.ledger.drain_rows()
    assert hostile.engine.ledger.check() == []
    sections = hostile.engine.sections()
    assert Engine.restore(GENESIS, sections).state_hash() == hostile.engine.state_hash()


def test_the_same_commands_give_the_same_facts_and_state():
    one, other = Hostile(77).open(), Hostile(77).open()
    for _ in range(STEPS):
        assert one.step() == other.step()
    assert one.engine.state_hash() == other.engine.state_hash()


@pytest.mark.parametrize("seed", range(100, 108))
def test_a_restored_engine_goes_on_as_the_one_that_was_written(seed):
    hostile = Hostile(seed).open()
    for step in range(STEPS):
        hostile.engine.ledger.drain_rows()
        if step % 40 == 0:
            hostile.twin = Engine.restore(GENESIS, hostile.engine.sections())
        hostile.step()
        hostile.twin.ledger.drain_rows()
        assert what_decides(hostile.twin) == what_decides(hostile.engine)


def test_an_order_cancelled_before_its_time_leaves_no_trace_when_the_time_comes():
    hostile = Hostile(1).open()
    hostile.draw.seed(2)
    order = {**hostile._order(), "market": "BTC_USD", "kind": "limit", "side": "bid", "price": "10", "quantity": "5"}
    order |= dict.fromkeys(("quote_quantity", "trigger", "trigger_by", "trigger_price", "oco_group"))
    order |= {"time_in_force": "gtt", "expires": hostile.time_us + 10, "bound": False, "post_only": False}
    fields = {"account": ACCOUNTS[0], "orders": [order], "subaccount": ""}
    hostile.command(
        "credit-deposit", {**hostile._deposit(ACCOUNTS[0], "USD", 10**9), "subaccount": ""}, (SERVICE.public,)
    )
    placed = hostile.command("place-orders", fields, ALICE)
    assert [fact.row[0] for fact in placed if isinstance(fact, OrderReport)] == [Kind.ACCEPTED, Kind.RESTED]
    hostile.command("cancel-all", {"account": ACCOUNTS[0], "block": False, "market": None, "subaccount": ""}, ALICE)
    hostile.engine.ledger.drain_rows()
    twin = hostile.twin = Engine.restore(GENESIS, hostile.engine.sections())
    hostile.time_us += 10
    hostile.command("tick", {}, (SERVICE.public,))
    assert twin.state_hash() == hostile.engine.state_hash()


def test_a_session_of_two_subaccounts_ends_in_the_same_order_after_a_restart():
    hostile = Hostile(1).open()
    hostile.draw.seed(2)
    order = {**hostile._order(), "market": "BTC_USD", "kind": "limit", "side": "bid", "price": "10", "quantity": "5"}
    order |= dict.fromkeys(("quote_quantity", "trigger", "trigger_by", "trigger_price", "oco_group", "expires"))
    order |= {"time_in_force": "gtc", "bound": True, "post_only": False}
    names = ("one", "two")
    for name in names:
        deposit = {**hostile._deposit(ACCOUNTS[0], "USD", 10**9), "subaccount": name}
        hostile.command("credit-deposit", deposit, (SERVICE.public,))
    for name in reversed(names):
        fields = {"account": ACCOUNTS[0], "orders": [order], "subaccount": name}
        placed = hostile.command("place-orders", fields, ALICE, source="session-1")
        assert [fact.row[0] for fact in placed if isinstance(fact, OrderReport)] == [Kind.ACCEPTED, Kind.RESTED]
    hostile.engine.ledger.drain_rows()
    hostile.twin = Engine.restore(GENESIS, hostile.engine.sections())
    ended = hostile.command("end-session", {"session": "session-1"}, (SERVICE.public,))
    assert len([fact for fact in ended if isinstance(fact, OrderReport)]) == 2


def reasons(facts):
    return [fact.reason for fact in facts if isinstance(fact, Refused)]


def test_two_operators_who_revoke_what_is_no_key_are_refused_and_stop_nothing():
    hostile = Hostile(1).open()
    for kind, fields in (("keys.revoke", {"key": ""}), ("keys.rotate", {"key": None, "new": "00" * 32})):
        assert reasons(hostile.command(kind, fields, TWO)) == ["malformed-key-command"]


def test_naming_subaccounts_costs_nothing_and_so_there_are_so_many():
    hostile = Hostile(1).open()
    used = hostile.engine._shared.purse.subaccounts(ACCOUNTS[0])

    def block(name):
        fields = {"account": ACCOUNTS[0], "block": True, "market": None, "subaccount": name}
        return reasons(hostile.command("cancel-all", fields, ALICE))

    for number in range(SUBACCOUNTS_MAX - used):
        assert block(f"x{number}") == []
    assert block("one-more") == ["too-many-subaccounts"]
    assert block("x0") == []
    assert block("") == []
    move = {"account": ACCOUNTS[0], "amount": "1", "asset": "BTC", "source": "", "target": "one-more"}
    hostile.command("credit-deposit", {**hostile._deposit(ACCOUNTS[0], "BTC", 5), "subaccount": ""}, (SERVICE.public,))
    assert reasons(hostile.command("move", move, ALICE)) == ["too-many-subaccounts"]


def test_withdrawals_of_one_quantum_do_not_pile_up():
    hostile = Hostile(1).open()
    hostile.command(
        "credit-deposit", {**hostile._deposit(ACCOUNTS[0], "BTC", 500), "subaccount": ""}, (SERVICE.public,)
    )

    def request(number):
        fields = {
            "account": ACCOUNTS[0],
            "amount": "1",
            "asset": "BTC",
            "destination": "d",
            "subaccount": "",
        }
        return reasons(hostile.command("request-withdrawal", {**fields, "request": f"{number:032x}"}, ALICE))

    for number in range(WITHDRAWALS_OPEN_MAX):
        assert request(number) == []
    assert request(WITHDRAWALS_OPEN_MAX) == ["too-many-withdrawals"]
    hostile.engine.ledger.drain_rows()
    hostile.engine = Engine.restore(GENESIS, hostile.engine.sections())
    assert request(WITHDRAWALS_OPEN_MAX) == ["too-many-withdrawals"]
    failed = {"evidence": None, "network_fee": None, "reason": "r", "request": f"{0:032x}"}
    hostile.command("fail-withdrawal", failed, (SERVICE.public,))
    assert request(WITHDRAWALS_OPEN_MAX) == []
