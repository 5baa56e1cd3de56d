"""The engine: the same commands give the same facts and the same state; money is conserved to the quantum."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import events as facts
from ledger.canonical import canonical, parse
from ledger.commands import (
    REQUIREMENTS,
    AmendOrder,
    ApproveWithdrawal,
    Cancel,
    CancelAll,
    CorrectBooks,
    CreditDeposit,
    CutHour,
    FailWithdrawal,
    HaltMarket,
    ListAsset,
    ListMarket,
    MoveBetweenSubaccounts,
    NewOrder,
    OpenAccount,
    OpenMarket,
    PlaceOrders,
    RequestWithdrawal,
    ReverseDeposit,
    SendWithdrawal,
    SetParameters,
    SettleWithdrawal,
    Tick,
    command_document,
    read_command,
)
from ledger.commands.parameters import NewValue
from ledger.desks import NEVER_US
from ledger.engine import HANDLED, HOUR_MICROS, RULE_SET, Engine
from ledger.genesis import Genesis
from ledger.journal import CUSTOMER_CODES, AccountCode
from ledger.parameters import LOCK, PARAMETERS

PEOPLE = [f"{number:032x}" for number in range(1, 5)]
START = 500_000 * HOUR_MICROS
MARKET = "BTC_USD"


def order(side="bid", quantity=5, price=10, **changes):
    plain = NewOrder(
        market=MARKET,
        side=side,
        kind="limit",
        client_id=1,
        quantity=quantity,
        quote_quantity=None,
        price=price,
        time_in_force="gtc",
        expires=None,
        post_only=False,
        self_trade="reject-taker",
        trigger=None,
        trigger_price=None,
        trigger_by=None,
        oco_group=None,
        bound=False,
    )
    return replace(plain, **changes)


class Exchange:
    """An engine and the commands it was given, each through its canonical bytes."""

    def __init__(self):
        self.commands, self.engine = [], Engine("small.exchange")
        self.givers = {}

    def give(self, command, after_us=1, giver=""):
        time_us = (self.commands[-1][0] if self.commands else START) + after_us
        self.commands.append((time_us, canonical(command_document(command))))
        self.givers[len(self.commands)] = giver
        return self.engine.apply(len(self.commands), time_us, command, giver=giver)

    def set(self, name, scope, value, after_us=1):
        """Change one parameter."""
        return self.give(SetParameters((NewValue(name, scope, value),), "reason"), after_us)

    def open(self):
        self.give(ListAsset("BTC", 8, "bip122:main", "native", "", "", ""))
        self.give(ListAsset("USD", 2, "offchain:bank", "native", "", "", ""))
        self.give(ListMarket(MARKET, "BTC", "USD", 10_000, 100_000, 1, 10**6))
        self.give(OpenMarket(MARKET, "open", "opening"))
        for number, person in enumerate(PEOPLE):
            self.give(
                OpenAccount(
                    person, "main", "email", f"{number:032x}", f"{number:064x}", "retail", "JP", "customer", None
                )
            )
            self.give(CreditDeposit(person, "", "BTC", 10**9, "wallet-1", f"btc deposit {number}"))
            self.give(CreditDeposit(person, "", "USD", 10**8, "bank-1", f"usd deposit {number}"))
        return self

    def replayed(self):
        """A second engine over the same commands, read back from their bytes."""
        engine = Engine("small.exchange")
        for sequence, (time_us, data) in enumerate(self.commands, start=1):
            engine.apply(sequence, time_us, read_command(parse(data)), giver=self.givers.get(sequence, ""))
        return engine

    def check(self):
        """Every invariant of the ledger, the totals against the ledger, and nothing made or lost."""
        ledger = self.engine.ledger
        assert ledger.check() == []
        owed = {}
        for index in range(len(ledger)):
            key = ledger.key(index)
            if key.code in CUSTOMER_CODES:
                side = 0 if key.code is AccountCode.CLAIM else 1
                amounts = owed.setdefault((key.owner, key.asset), [0, 0])
                amounts[side] += ledger.owed(index)
        assert {key: tuple(v) for key, v in owed.items() if any(v)} == self.engine.balances()


@pytest.fixture
def exchange():
    return Exchange().open()


def refusals(events):
    return [event.reason for event in events if isinstance(event, facts.Refused)]


def balances(events):
    return {(e.account, e.asset): (e.claim, e.debt) for e in events if isinstance(e, facts.BalanceChanged)}


def test_a_trade_moves_money_and_fees_to_the_quantum(exchange):
    seller, buyer = PEOPLE[:2]
    exchange.give(PlaceOrders(seller, "", (order("ask", 5, 10),)))
    events = exchange.give(PlaceOrders(buyer, "", (order("bid", 5, 10),)))
    # 5 steps of 0.001 BTC at 10 ticks of 100 USD: 5 USD; the taker pays 0.1 %, the maker 0.08 %, each rounded up.
    changed = balances(events)
    assert changed[buyer, "BTC"] == (10**9 + 500_000, 0)
    assert changed[seller, "BTC"] == (10**9 - 500_000, 0)
    assert changed[buyer, "USD"] == (10**8 - 500 - 1, 0)
    assert changed[seller, "USD"] == (10**8 + 500 - 1, 0)
    exchange.check()


def test_a_resting_order_holds_and_owes_the_same(exchange):
    before = exchange.engine.balances()
    events = exchange.give(PlaceOrders(PEOPLE[0], "", (order("bid", 100, 10),)))
    assert balances(events) == {}
    assert exchange.engine.balances() == before
    exchange.give(CancelAll(PEOPLE[0], "", None, False))
    assert not exchange.engine._shared.purse.holds
    exchange.check()


def test_a_rebate_comes_from_the_house(exchange):
    exchange = Exchange()
    exchange.set("fees.tiers", "", (("0", "-100", "500"),))
    exchange.open()
    seller, buyer = PEOPLE[:2]
    exchange.give(PlaceOrders(buyer, "", (order("bid", 10**4, 10),)))
    events = exchange.give(PlaceOrders(seller, "", (order("ask", 10**4, 10),)))
    assert balances(events)[buyer, "USD"] == (10**8 - 10**6 + 100, 0)
    assert balances(events)[seller, "USD"] == (10**8 + 10**6 - 500, 0)
    exchange.check()


def test_what_nobody_can_pay_is_not_placed(exchange):
    events = exchange.give(PlaceOrders(PEOPLE[0], "", (order("bid", 10**6, 10**6),)))
    assert not refusals(events)
    assert not exchange.engine._shared.purse.holds
    exchange.check()


def test_a_deposit_is_accepted_once(exchange):
    again = CreditDeposit(PEOPLE[1], "", "BTC", 5, "wallet-1", "btc deposit 0")
    assert refusals(exchange.give(again)) == ["deposit-exists"]


def test_a_reversed_deposit_that_was_spent_becomes_a_debt(exchange):
    seller, buyer = PEOPLE[:2]
    exchange.give(PlaceOrders(seller, "", (order("ask", 2000, 10),)))
    exchange.give(PlaceOrders(buyer, "", (order("bid", 2000, 10),)))
    events = exchange.give(ReverseDeposit("btc deposit 0", "reorganisation"))
    assert balances(events)[seller, "BTC"] == (0, 2000 * 100_000)
    assert refusals(exchange.give(ReverseDeposit("btc deposit 0", "again"))) == ["unknown-deposit"]
    exchange.check()


def test_a_withdrawal_is_held_sent_and_settled(exchange):
    request = "f" * 32
    exchange.give(SetParameters((NewValue("withdrawals.fee", "BTC", "10"),), "dearer gas"))
    exchange.give(Tick(), after_us=PARAMETERS[LOCK].default * 10**6)
    ask = RequestWithdrawal(PEOPLE[0], "", "BTC", 1000, "an-address", request)
    exchange.give(ask)
    assert refusals(exchange.give(ask)) == ["withdrawal-exists"]
    assert refusals(exchange.give(SettleWithdrawal(request, "tx", None))) == ["withdrawal-is-held"]
    assert exchange.engine.balances()[PEOPLE[0], "BTC"] == (10**9, 0)
    exchange.give(ApproveWithdrawal(request))
    exchange.give(SendWithdrawal(request, "wallet-1", "", None, "ab"))
    assert exchange.engine.balances()[PEOPLE[0], "BTC"] == (10**9, 0)
    exchange.give(SettleWithdrawal(request, "tx", None))
    assert exchange.engine.balances()[PEOPLE[0], "BTC"] == (10**9 - 1010, 0)
    assert refusals(exchange.give(FailWithdrawal(request, "late", None, None))) == ["withdrawal-is-settled"]
    exchange.check()


@pytest.mark.parametrize("is_sent", [False, True])
def test_a_failed_withdrawal_gives_everything_back(exchange, is_sent):
    request = "e" * 32
    before = exchange.engine.balances()
    exchange.give(RequestWithdrawal(PEOPLE[0], "", "BTC", 1000, "an-address", request))
    if is_sent:
        exchange.give(ApproveWithdrawal(request))
        exchange.give(SendWithdrawal(request, "wallet-1", "", None, "ab"))
    exchange.give(FailWithdrawal(request, "rejected by the chain", "receipt" if is_sent else None, None))
    assert exchange.engine.balances() == before
    exchange.give(PlaceOrders(PEOPLE[0], "", (order("ask", 10_000, 10),)))
    exchange.check()


def test_money_moves_between_subaccounts_and_owes_the_same(exchange):
    exchange.give(MoveBetweenSubaccounts(PEOPLE[0], "", "bot", "USD", 500))
    assert exchange.engine.balances()[PEOPLE[0], "USD"] == (10**8, 0)
    move = MoveBetweenSubaccounts(PEOPLE[0], "bot", "", "USD", 501)
    assert refusals(exchange.give(move)) == ["exceeds-credits"]
    exchange.check()


def test_a_correction_is_a_contra_entry(exchange):
    exchange.give(CorrectBooks(PEOPLE[0], PEOPLE[1], "USD", 7, "credited to the wrong customer", "case 12"))
    assert exchange.engine.balances()[PEOPLE[1], "USD"] == (10**8 + 7, 0)
    exchange.check()


def test_orders_end_in_time_before_the_command_that_finds_them_due(exchange):
    expiring = order("ask", 5, 10, time_in_force="gtt", expires=START + 10**6)
    exchange.give(PlaceOrders(PEOPLE[0], "", (expiring,)))
    events = exchange.give(PlaceOrders(PEOPLE[1], "", (order("bid", 5, 10),)), after_us=2 * 10**6)
    assert balances(events) == {}
    exchange.check()


def test_a_closed_market_takes_nothing_and_lets_cancel(exchange):
    exchange.give(PlaceOrders(PEOPLE[0], "", (order(),)))
    exchange.give(HaltMarket(None, "cancel-only", "maintenance"))
    exchange.give(PlaceOrders(PEOPLE[1], "", (order("ask"),)))
    exchange.give(CancelAll(PEOPLE[0], "", MARKET, False))
    assert not exchange.engine._shared.purse.holds


def test_hours_follow_each_other(exchange):
    first = START
    assert refusals(exchange.give(CutHour(first + 1))) == ["no-full-hour-that-is-over"]
    cut = exchange.give(CutHour(first))
    assert cut[-1] == facts.HourCut(first, exchange.engine.parameters.hash().hex(), RULE_SET)
    assert refusals(exchange.give(CutHour(first))) == ["hour-does-not-follow"]
    exchange.give(Tick(), after_us=HOUR_MICROS)
    assert isinstance(exchange.give(CutHour(first + HOUR_MICROS))[-1], facts.HourCut)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (PlaceOrders("9" * 32, "", (order(),)), "unknown-account"),
        (PlaceOrders(PEOPLE[0], "", (order(market="X"),)), "unknown-market"),
        (Cancel(PEOPLE[0], "", (99,)), "unknown-order"),
        (AmendOrder(PEOPLE[0], "", 99, 1, 1), "unknown-order"),
        (CreditDeposit(PEOPLE[0], "", "DOGE", 1, "w", "e"), "unknown-asset"),
        (ListAsset("BTC", 8, "x", "y", "", "", ""), "asset-exists"),
        (ListMarket(MARKET, "BTC", "USD", 1, 1, 1, 2), "market-exists"),
        (ListMarket("M", "BTC", "X", 1, 1, 1, 2), "unknown-asset"),
        (
            OpenAccount(PEOPLE[0], "main", "email", "0" * 32, "0" * 64, "retail", "JP", "customer", None),
            "account-exists",
        ),
        (
            OpenAccount("9" * 32, "other", "email", "0" * 32, "0" * 64, "retail", "JP", "customer", None),
            "another-entity",
        ),
        (OpenMarket("X", "open", "r"), "unknown-market"),
        (HaltMarket("X", "closed", "r"), "unknown-market"),
        (HaltMarket(MARKET, "withdraw-only", "r"), "state-not-for-spot"),
        (OpenMarket(MARKET, "open", "r"), "not-looser"),
        (OpenMarket(MARKET, "post-only", "r"), "not-looser"),
        (HaltMarket(None, "open", "r"), "not-stricter"),
        (SendWithdrawal("a" * 32, "w", "", None, "ab"), "unknown-withdrawal"),
        (CorrectBooks("9" * 32, None, "USD", 1, "r", "x"), "unknown-account"),
        (RequestWithdrawal(PEOPLE[0], "", "BTC", 10**10, "d", "a" * 32), "exceeds-credits"),
    ],
)
def test_what_is_refused_says_why_and_owes_the_same(exchange, command, reason):
    before = exchange.engine.balances()
    assert refusals(exchange.give(command)) == [reason]
    assert exchange.engine.balances() == before
    exchange.check()


people, quantities, prices = st.sampled_from(PEOPLE), st.integers(1, 200), st.integers(1, 20)
placing = st.builds(
    lambda who, side, quantity, price, force, post: PlaceOrders(
        who, "", (order(side, quantity, price, time_in_force=force, post_only=post),)
    ),
    people,
    st.sampled_from(["bid", "ask"]),
    quantities,
    prices,
    st.sampled_from(["gtc", "ioc", "fok"]),
    st.booleans(),
)
acting = st.one_of(
    placing,
    placing,
    st.builds(lambda who, number: Cancel(who, "", (number,)), people, st.integers(1, 40)),
    st.builds(
        lambda who, number, p, q: AmendOrder(who, "", number, p, q), people, st.integers(1, 40), prices, quantities
    ),
    st.builds(lambda who, block: CancelAll(who, "", None, block), people, st.just(False)),
    st.builds(lambda who, amount: MoveBetweenSubaccounts(who, "", "bot", "USD", amount), people, st.integers(1, 10**7)),
    st.builds(lambda n: ReverseDeposit(f"btc deposit {n}", "r"), st.integers(0, 3)),
    st.builds(lambda who, n: RequestWithdrawal(who, "", "USD", n, "d", f"{n:032x}"), people, st.integers(1, 10**8)),
)


@settings(max_examples=40)
@given(commands=st.lists(acting, max_size=60))
def test_any_stream_conserves_money_and_replays_to_the_same_state(commands):
    exchange = Exchange().open()
    for command in commands:
        exchange.give(command)
    exchange.check()
    assert exchange.replayed().state_hash() == exchange.engine.state_hash()


@settings(max_examples=40)
@given(commands=st.lists(acting, max_size=60), cut=st.integers(0, 60))
def test_an_engine_restored_from_its_sections_goes_on_alike(commands, cut):
    exchange = Exchange().open()
    for command in commands[:cut]:
        exchange.give(command)
    sections = exchange.engine.sections()
    genesis = Genesis("small.exchange", "main", 0, RULE_SET, ())
    restored = Engine.restore(genesis, sections)
    assert restored.state_hash() == exchange.engine.state_hash()
    assert restored.balances() == exchange.engine.balances()
    for command in commands[cut:]:
        events = exchange.give(command)
        assert restored.apply(len(exchange.commands), exchange.commands[-1][0], command) == events
    assert restored.state_hash() == exchange.engine.state_hash()


def test_every_command_has_a_handler_and_a_signer():
    assert frozenset(REQUIREMENTS) == HANDLED


# What is due by time alone.


@given(seed=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40), st.booleans()), max_size=12))
@settings(max_examples=40)
def test_until_something_is_due_a_tick_does_nothing(seed):
    exchange = Exchange().open()
    engine = exchange.engine
    for who, after_us, is_cancelled in seed:
        placed = order(time_in_force="gtt", expires=engine.time_us + 1 + after_us)
        events = exchange.give(PlaceOrders(PEOPLE[who], "", (placed,)))
        [order_id] = [event.order for event in events if isinstance(event, facts.OrderPlaced)]
        if is_cancelled:
            exchange.give(Cancel(PEOPLE[who], "", (order_id,)))
    ticks = 0
    while engine.due_us != NEVER_US:
        due = engine.due_us
        if due - engine.time_us > 1:
            assert exchange.give(Tick(), due - engine.time_us - 1) == [], "nothing was due yet"
        exchange.give(Tick(), max(due - engine.time_us, 0))
        assert engine.due_us > due, "what was due is done"
        ticks += 1
    assert ticks <= len(seed)
    assert not engine.orders.rooms[MARKET].book.depth(0, 10)


def test_an_order_ends_at_its_time_and_not_a_microsecond_before(exchange):
    expires = exchange.engine.time_us + 1_000
    exchange.give(PlaceOrders(PEOPLE[0], "", (order(time_in_force="gtt", expires=expires),)))
    assert exchange.engine.due_us == expires
    assert exchange.give(Tick(), expires - 1 - exchange.engine.time_us) == []
    events = exchange.give(Tick(), 1)
    assert [type(event) for event in events] == [facts.OrderReport]
    assert exchange.engine.due_us == NEVER_US
