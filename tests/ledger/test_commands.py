"""Commands: what is written is read back, and everything loose is refused at the door."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import commands
from ledger.canonical import canonical, parse
from ledger.commands import (
    REQUIREMENTS,
    Cancel,
    Command,
    CutHour,
    HaltMarket,
    NewOrder,
    PlaceOrders,
    command_document,
    read_command,
)
from ledger.errors import FormatError
from ledger.keyring import Permission, Role

ACCOUNT = "0" * 31 + "1"

ORDER = {
    "market": "BTC_USD",
    "side": "bid",
    "kind": "limit",
    "client_id": 7,
    "quantity": "5",
    "quote_quantity": None,
    "price": "10",
    "time_in_force": "gtc",
    "expires": None,
    "post_only": False,
    "self_trade": "reject-taker",
    "trigger": None,
    "trigger_price": None,
    "trigger_by": None,
    "oco_group": None,
    "bound": False,
}
PLACE: dict[str, Any] = {"type": "place-orders", "account": ACCOUNT, "subaccount": "", "orders": [ORDER]}


def test_an_order_is_read_into_integers_and_written_back():
    command = read_command(PLACE)
    assert isinstance(command, PlaceOrders)
    assert isinstance(command.orders[0], NewOrder)
    assert (command.orders[0].quantity, command.orders[0].price) == (5, 10)
    assert command_document(command) == PLACE


def test_what_an_order_says_of_margin_is_left_out_where_it_is_as_usual():
    assert not read_command(PLACE).orders[0].margin
    flags = {"margin": True, "reduce_only": True, "whole_position": True}
    command = read_command(PLACE | {"orders": [ORDER | flags]})
    assert command.orders[0].whole_position
    assert command_document(command) == PLACE | {"orders": [ORDER | flags]}


@given(st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=100))
def test_commands_survive_their_canonical_bytes(orders):
    command = Cancel(ACCOUNT, "bot", tuple(orders))
    assert read_command(parse(canonical(command_document(command)))) == command


@pytest.mark.parametrize(
    "change",
    [
        {"type": "place-order"},
        {"type": 1},
        {"account": "1"},
        {"account": ACCOUNT.upper().replace("0", "A")},
        {"subaccount": " x"},
        {"orders": []},
        {"orders": [ORDER] * 101},
        {"orders": [ORDER | {"quantity": 5}]},
        {"orders": [ORDER | {"quantity": "0"}]},
        {"orders": [ORDER | {"quantity": "05"}]},
        {"orders": [ORDER | {"quantity": str(2**63)}]},
        {"orders": [ORDER | {"side": "buy"}]},
        {"orders": [ORDER | {"post_only": 1}]},
        {"orders": [ORDER | {"client_id": True}]},
        {"orders": [ORDER | {"expires": -1}]},
        {"orders": [{name: value for name, value in ORDER.items() if name != "price"}]},
        {"orders": [ORDER | {"extra": 1}]},
        {"orders": [ORDER | {"margin": False}]},
        {"orders": [ORDER | {"reduce_only": 1}]},
        {"extra": 1},
    ],
)
def test_loose_commands_are_refused(change):
    with pytest.raises(FormatError):
        read_command(PLACE | change)


@pytest.mark.parametrize("document", [None, [], "x", {}, {"type": None}])
def test_what_is_no_command(document):
    with pytest.raises(FormatError):
        read_command(document)


def test_the_largest_amount_is_read_and_one_more_is_not():
    limit = PLACE | {"orders": [ORDER | {"quantity": str(2**63 - 1)}]}
    assert read_command(limit).orders[0].quantity == 2**63 - 1


def test_every_command_has_a_signer_a_word_and_a_codec_for_each_field():
    rooms = (
        commands.customers,
        commands.hours,
        commands.listing,
        commands.margin,
        commands.money,
        commands.orders,
        commands.parameters,
        commands.prices,
        commands.treasury,
    )
    found = [kind for room in rooms for kind in vars(room).values() if isinstance(kind, type)]
    assert {kind for kind in found if issubclass(kind, Command)} - {Command} == set(REQUIREMENTS)
    assert len({kind.TYPE for kind in REQUIREMENTS}) == len(REQUIREMENTS)
    for kind in REQUIREMENTS:
        assert set(kind.CODECS) == {field.name for field in dataclasses.fields(kind)}
    assert REQUIREMENTS[CutHour].permission is Permission.TIME


def test_what_moves_money_by_hand_lists_opens_or_changes_parameters_takes_two():
    two = {kind.TYPE for kind, need in REQUIREMENTS.items() if need.two_operators}
    assert two == {
        "adjust-custody",
        "approve-withdrawal-by-two",
        "assign-receipt",
        "cancel-parameter-change",
        "correct-books",
        "fund-insurance",
        "list-asset",
        "list-derivative",
        "list-market",
        "open-market",
        "resume-transfers",
        "set-asset-facts",
        "set-parameters",
        "set-permissions",
        "set-wallet",
    }
    assert REQUIREMENTS[HaltMarket].roles == {Role.OPERATOR}
