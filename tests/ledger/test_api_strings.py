"""API strings: what they ask in decimals on a market's grid becomes the same typed commands, or is refused."""

from __future__ import annotations

import pytest

from ledger.api_strings import read_instructions
from ledger.commands import Cancel, CancelAll, NewOrder, PlaceOrders, RequestWithdrawal
from ledger.engine import Engine
from ledger.errors import FormatError
from ledger.events import OrderPlaced, Refused
from ledger.log.record import Record, Scheme
from ledger.playback import given_of, replay
from ledger.signatures import api_string, parse_api, sign_api
from ledger.trading.market import Market
from tests.ledger.test_engine import MARKET, PEOPLE
from tests.ledger.test_playback import busy_exchange, entries_of, records_of
from tests.support.signed import EXCHANGE, GENESIS, customer_key

# Ticks of 100 USD, steps of 0.001 BTC.
MARKETS = {MARKET: Market(MARKET, "BTC", "USD", 8, 2, 10_000, 2, 100_000)}
SCALES = {"BTC": 8, "USD": 2}
LIMIT = {"orderType": "Limit", "price": "1000", "quantity": "0.005", "side": "Bid", "symbol": MARKET}


def read(*instructions):
    request = parse_api(api_string(instructions, 1_700_000_000_000))
    return read_instructions(request.instructions, PEOPLE[0], MARKETS, SCALES)


def test_a_limit_order_is_read_onto_the_grid():
    plain = NewOrder(
        MARKET, "bid", "limit", 0, 5, None, 10, "gtc", None, False, "reject-taker", None, None, None, None, False
    )  # fmt: skip
    assert read(("orderExecute", LIMIT)) == PlaceOrders(PEOPLE[0], "", (plain,))
    assert read(("orderExecute", LIMIT), ("orderExecute", LIMIT)) == PlaceOrders(PEOPLE[0], "", (plain, plain))


def test_every_parameter_of_an_order_has_its_place():
    more = {
        "clientId": "7",
        "postOnly": "true",
        "selfTradePrevention": "RejectBoth",
        "triggerBy": "IndexPrice",
        "triggerPrice": "900",
        "triggerType": "TakeProfit",
    }
    [order] = read(("orderExecute", LIMIT | more)).orders
    assert (order.client_id, order.post_only, order.self_trade) == (7, True, "reject-both")
    assert (order.trigger, order.trigger_price, order.trigger_by) == ("take-profit", 9, "index")
    by_quote = {"orderType": "Market", "quoteQuantity": "12.34", "side": "Ask", "symbol": MARKET}
    [order] = read(("orderExecute", by_quote)).orders
    assert (order.kind, order.quote_quantity, order.time_in_force, order.side) == ("market", 1234, "ioc", "ask")


@pytest.mark.parametrize(
    "change",
    [
        {"price": "1050"},
        {"price": "0"},
        {"price": "-1000"},
        {"price": "1e3"},
        {"quantity": "0.0005"},
        {"side": "Buy"},
        {"symbol": "NONE"},
        {"orderType": "Stop"},
        {"postOnly": "yes"},
        {"clientId": "4294967296"},
        {"clientId": "-1"},
        {"triggerPrice": "900"},
        {"triggerType": "Stop"},
        {"reduceOnly": "true"},
        {"timeInForce": "GTT"},
        {"price": "9" * 60},
    ],
)
def test_loose_orders_are_refused(change):
    with pytest.raises(FormatError):
        read(("orderExecute", LIMIT | change))


def test_cancelling_and_withdrawing():
    assert read(("orderCancel", {"orderId": "8193", "symbol": MARKET})) == Cancel(PEOPLE[0], "", (8193,))
    assert read(("orderCancelAll", {"symbol": MARKET})) == CancelAll(PEOPLE[0], "", MARKET, False)
    assert read(("orderCancelAll", {})) == CancelAll(PEOPLE[0], "", None, False)
    out = {"address": "0xabc", "clientId": "a" * 32, "quantity": "0.5", "symbol": "BTC"}
    withdrawal = read(("withdraw", out))
    assert isinstance(withdrawal, RequestWithdrawal)
    assert (withdrawal.asset, withdrawal.amount, withdrawal.request) == ("BTC", 50_000_000, "a" * 32)
    for wrong in ({"quantity": "0"}, {"symbol": "X"}, {"clientId": "1"}, {"more": "1"}):
        with pytest.raises(FormatError):
            read(("withdraw", out | wrong))
    with pytest.raises(FormatError):
        read(("accountQuery", {}))


def test_the_engine_takes_a_string_for_the_owner_of_its_key():
    engine = Engine.begin(GENESIS)
    list(replay(records_of(entries_of(busy_exchange())), engine))
    at_ms = engine.time_us // 1000 + 1
    data = api_string([("orderExecute", LIMIT)], at_ms)
    entry = entries_of(busy_exchange())[-1]._replace(
        received_us=at_ms * 1000,
        applied_us=at_ms * 1000,
        scheme=Scheme.API,
        signatures=(sign_api(customer_key(PEOPLE[2]), data),),
        signed=data,
    )
    [(_, events)] = replay([Record(engine.sequence + 1, entry, bytes(32))], engine)
    assert isinstance(events[0], OrderPlaced) and events[0].account == PEOPLE[2]
    broken = entry._replace(signed=api_string([("orderExecute", LIMIT | {"price": "1"})], at_ms))
    given = given_of(broken, EXCHANGE)
    assert engine.apply_given(engine.sequence + 1, engine.time_us, given) == [Refused("malformed")]
