"""Debts to the exchange: collateral goes to the maker who quotes best, else to the book, and the debt is repaid."""

from __future__ import annotations

from ledger.commands import CancelStrategy, ListDerivative, OpenMarket, QuoteConversion, StartStrategy
from ledger.events import ConversionMoved, StrategyMoved
from tests.support.wallet import BTC, HOUR, PERPETUAL, SPOT, USDC, WalletExchange, name


def indebted() -> WalletExchange:
    """Ada (1) has coins alone and lost on a position, and no pool lends dollars."""
    world = WalletExchange()
    for who in (1, 2, 3):
        world.settings(who, lend=False)
    world.deposit(1, BTC=1)
    world.deposit(2, USDC=100_000)
    world.deposit(3, USDC=100_000)
    world.trade(1, 2, 10_000, 50_000)
    world.prices(BTC=49_800)
    world.tick()
    assert world.owes(1)[1] > 0
    return world


def test_the_best_quote_of_a_maker_takes_the_collateral() -> None:
    world = indebted()
    asked = world.found(ConversionMoved)[0]
    assert (asked.state, asked.asset) == ("requested", "BTC")
    before = world.owed(1, "BTC")
    world.give(QuoteConversion(name(3), "", asked.conversion, asked.amount))
    world.give(QuoteConversion(name(2), "", asked.conversion, asked.amount + 1))
    world.give(QuoteConversion(name(3), "", asked.conversion, asked.amount + 1), refused="not-better")
    world.tick(6)
    assert world.owes(1) == (0, 0)
    assert world.owed(1, "BTC") == before - asked.quantity == BTC - world.owed(2, "BTC")
    assert [e.state for e in world.found(ConversionMoved)] == ["requested", "quoted", "quoted", "done"]
    world.check_books()


def test_without_a_maker_it_is_sold_on_the_book_and_no_lower_than_the_discount() -> None:
    world = indebted()
    world.order(3, "bid", 10_000, 48_000, SPOT)  # three and a half percent below
    world.tick(6)
    assert world.owes(1)[1] > 0 and world.found(ConversionMoved)[-1].amount == 0
    world.order(3, "bid", 10_000, 49_500, SPOT)
    world.tick(10)
    world.tick(10)
    assert world.owes(1)[1] < USDC // 100 * 100  # what a step of coins leaves
    world.check_books()


def test_a_conversion_replays_and_is_restored() -> None:
    world = indebted()
    asked = world.found(ConversionMoved)[0]
    world.give(QuoteConversion(name(3), "", asked.conversion, asked.amount))
    assert world.replayed().state_hash() == world.engine.state_hash()


def test_a_quantity_in_parts_at_equal_times() -> None:
    world = WalletExchange()
    for who in (1, 2):
        world.settings(who, lend=False)
        world.deposit(who, USDC=100_000)
    world.order(2, "ask", 1_000, 50_000)
    start = StartStrategy(name(1), "", PERPETUAL, "bid", 7, 100, 3, 60, 1_000, True, False)
    world.give(start)
    assert world.size(1) == 33
    world.tick(60)
    assert world.size(1) == 66
    world.tick(60)
    assert world.size(1) == 100
    assert world.found(StrategyMoved)[-1].state == "completed"
    world.give(start)
    world.give(CancelStrategy(name(1), "", 2))
    world.tick(120)
    assert world.size(1) == 133
    world.check_books()


def test_a_stop_of_the_whole_position_closes_what_there_is_when_it_fires() -> None:
    world = WalletExchange()
    for who in (1, 2, 3):
        world.settings(who, lend=False)
        world.deposit(who, USDC=100_000)
    world.trade(1, 2, 100, 50_000)
    world.order(
        1,
        "ask",
        1,
        None,
        trigger="stop",
        trigger_price=49_900,
        trigger_by="mark",
        reduce_only=True,
        whole_position=True,
    )
    world.trade(1, 2, 50, 50_000)  # the position grows after it
    world.order(3, "bid", 1_000, 49_800)
    for _ in range(8):
        world.prices(BTC=49_800)
        world.tick(1)
    assert world.size(1) == 0 and world.size(3) == 150
    world.check_books()


def test_a_reduce_only_order_shrinks_with_its_position() -> None:
    world = WalletExchange()
    for who in (1, 2, 3):
        world.settings(who, lend=False)
        world.deposit(who, USDC=100_000)
    world.trade(1, 2, 100, 50_000)
    world.order(1, "ask", 100, 50_500, reduce_only=True)
    world.trade(3, 1, 60, 50_000)
    assert world.size(1) == 40
    world.order(3, "bid", 100, 50_500)
    assert world.size(1) == 0 and world.size(3) == 100
    world.check_books()


def test_a_dated_future_ends_at_the_index() -> None:
    world = WalletExchange()
    for who in (1, 2):
        world.settings(who, lend=False)
        world.deposit(who, USDC=100_000)
    end = (world.now // HOUR + 1) * HOUR
    world.give(ListDerivative("BTC_DATED", "dated", "BTC", "USDC", 10**6, 10_000, 1, 10**6, end))
    world.give(OpenMarket("BTC_DATED", "open", "small"))
    world.trade(1, 2, 1_000, 50_000, "BTC_DATED")
    world.order(1, "bid", 10, 40_000, "BTC_DATED")
    world.prices(BTC=51_000)
    world.cut()
    world.tick(1)
    world.tick(10)
    assert world.size(1, "BTC_DATED") == 0 == world.size(2, "BTC_DATED")
    assert world.owed(2) == 100_000 * USDC - 100 * USDC  # a tenth of a bitcoin, a thousand dollars further
    assert world.engine.orders.rooms["BTC_DATED"].state == "closed"
    assert world.replayed().state_hash() == world.engine.state_hash()
    world.check_books()
