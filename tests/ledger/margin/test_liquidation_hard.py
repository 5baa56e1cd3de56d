"""Liquidation where it is easily wrong: between settlements, stale feeds, outages, thin and halted books, lent coins."""

from __future__ import annotations

from ledger.commands import HaltMarket, QuoteConversion, SetBackstop, Tick
from ledger.events import ConversionMoved, LiquidationMoved
from ledger.margin.explain import read_view
from tests.ledger.margin.test_liquidation import long_position, stages
from tests.support.wallet import BTC, PERPETUAL, SPOT, USDC, WalletExchange, name

FREE_MARKS = [("perpetual.mark_cap", PERPETUAL, "0"), ("perpetual.mark_bound", PERPETUAL, "0")]


def begun(world: WalletExchange, who: int = 1) -> bool:
    return bool(stages(world, who))


# Between two settlements.


def test_a_wallet_that_took_risk_since_the_last_settlement_is_judged_at_the_next_price() -> None:
    world = WalletExchange(values=FREE_MARKS)
    for who in (1, 2, 3):
        world.settings(who, 20, lend=False)
    world.deposit(1, USDC=3_000)
    world.deposit(2, USDC=200_000)
    world.deposit(3, USDC=200_000)
    world.trade(3, 2, 10, 50_000)
    world.tick()
    world.trade(1, 2, 10_000, 50_000)
    world.prices(BTC=47_900)
    assert begun(world)


def test_a_price_that_rose_and_fell_between_settlements_is_measured_from_where_the_wallet_was_judged() -> None:
    world = long_position()
    world.prices(BTC=49_000)
    world.tick()  # judged near its trigger: a fall of about a thousand more
    assert not begun(world)
    world.prices(BTC=54_000)  # judged again, and far from it
    world.prices(BTC=47_900)
    assert begun(world)


# Prices that are not there.


def stale_collateral() -> WalletExchange:
    """Ada's collateral is SOL, and its feed falls silent after a minute; her position is in bitcoin."""
    world = WalletExchange(values=[*FREE_MARKS, ("prices.staleness", "SOL", "60")])
    for who in (1, 2, 5):
        world.settings(who, 20, lend=False)
    world.deposit(1, SOL=50)  # 5,000 dollars, of which 4,000 count
    world.deposit(2, USDC=200_000)
    world.deposit(5, USDC=2_000_000)
    world.trade(1, 2, 10_000, 50_000)
    world.tick()
    world.wait(61)
    world.prices(BTC=50_000)
    world.tick()
    assert "SOL" not in world.engine.prices
    return world


def test_a_silent_feed_of_collateral_liquidates_nobody() -> None:
    world = stale_collateral()
    for _ in range(8):
        world.prices(BTC=50_000)
        world.tick()
    assert not begun(world)


def test_nor_does_it_protect_who_is_below_even_at_the_last_price() -> None:
    world = stale_collateral()
    for _ in range(8):
        world.prices(BTC=46_900)
        world.tick()
    assert begun(world)
    first = world.found(LiquidationMoved)[0]
    health = read_view(first.view).health()
    assert health is not None and health.equity == first.equity < first.maintenance
    assert health.collateral > 0


def test_after_an_outage_a_liquidation_that_was_on_waits_for_the_grace_too() -> None:
    world = long_position()
    world.order(5, "bid", 20_000, 48_200)
    world.prices(BTC=48_050)
    world.tick()
    assert world.engine.liquidation.cases
    before = len(world.found(LiquidationMoved))
    world.wait(300)
    world.give(Tick())
    world.tick(10)
    assert len(world.found(LiquidationMoved)) == before
    world.tick(20)
    world.tick(20)
    world.tick(20)
    assert len(world.found(LiquidationMoved)) > before


def test_a_mark_that_was_away_for_long_gives_a_grace_when_it_is_back() -> None:
    world = WalletExchange(values=[*FREE_MARKS, ("prices.staleness", "BTC", "30")])
    for who in (1, 2):
        world.settings(who, 20, lend=False)
    world.deposit(1, USDC=3_000)
    world.deposit(2, USDC=200_000)
    world.trade(1, 2, 10_000, 50_000)
    for _ in range(12):  # commands go on, prices do not
        world.tick()
    world.prices(BTC=46_000)
    world.tick(1)
    assert not begun(world)
    for _ in range(7):
        world.prices(BTC=46_000)
        world.tick()
    assert begun(world)


# The book.


def test_a_step_on_a_thin_book_takes_no_more_than_the_equity_behind_it() -> None:
    world = long_position()
    world.give(SetBackstop(name(5), "", PERPETUAL, 100_000, 5_000, 0))
    world.order(5, "bid", 20_000, 47_000)  # below the price at which Ada has nothing
    world.prices(BTC=48_050)
    world.tick()
    for _ in range(8):
        world.tick(1)
    assert "book" not in stages(world) and "backstop" in stages(world)
    assert world.owes(1) == (0, 0)
    assert stages(world)[-1] == "ended"
    world.check_books()


def test_in_a_halted_market_nobody_is_handed_over_while_there_is_enough_equity() -> None:
    world = long_position()
    world.give(HaltMarket(PERPETUAL, "cancel-only", "no trade for now"))
    world.prices(BTC=48_050)
    world.tick()
    for _ in range(10):
        world.tick(1)
    assert stages(world) == ["started", "cancelled"]
    world.prices(BTC=47_000)  # nothing is left: waiting would make others pay
    world.tick()
    assert "deleveraged" in stages(world)
    assert world.size(1) == 0
    world.check_books()


def test_each_of_many_liquidations_has_its_turn() -> None:
    world = WalletExchange(people=60, checked=False, values=FREE_MARKS)
    for who in range(1, 61):
        world.settings(who, 20, lend=False)
    world.deposit(60, USDC=100_000_000)
    for who in range(1, 56):
        world.deposit(who, USDC=300)
        world.trade(who, 60, 1_000, 50_000)
    world.tick()
    world.order(60, "bid", 200_000, 48_200)
    world.prices(BTC=48_100)
    world.wait(1.5)
    for _ in range(4):
        world.wait(1.1)
        world.give(Tick())
    steps = [sum(e.stage == "book" for e in world.found(LiquidationMoved) if e.account == name(w)) for w in range(1, 56)]
    assert max(steps) - min(steps) <= 1


# Coins that cannot be had.


def test_whoever_still_has_lent_coins_pays_with_them_before_the_house_does() -> None:
    world = WalletExchange(values=[("lending.throttle_from", "BTC", "1000000"), ("lending.utilisation_max", "BTC", "990000")])
    for who in (1, 2, 3, 4):
        world.settings(who, 10)
    world.deposit(3, USDC=1_000_000)
    world.deposit(1, BTC=1)
    world.deposit(2, USDC=200_000)
    world.tick()
    world.order(3, "bid", 20_000, 50_000, SPOT)
    world.order(2, "ask", 9_800, 50_000, SPOT, margin=True)  # nearly all of Ada's coin is lent to Bob
    world.tick()
    assert world.owes(2, "BTC")[0] > 0
    world.cancel_all(3)
    from ledger.commands import Borrow

    world.give(Borrow(name(1), "", "USDC", 38_000 * USDC))
    world.trade(1, 4, 1, 50_000) if False else None
    world.prices(BTC=43_000)
    world.tick()
    assert begun(world)
    for _ in range(12):
        world.tick(1)
    has_coins = world.owed(1, "BTC") * 43_000 // BTC
    owes = sum(world.owes(1)) // USDC
    borne = sum(e.amount for e in world.found(LiquidationMoved) if e.account == name(1) and e.bearer) // USDC
    assert borne == 0 or has_coins <= owes + 1, (has_coins, owes, borne)
    world.check_books()


def test_coins_in_a_conversion_count_before_anybody_bears_a_loss() -> None:
    world = WalletExchange(values=FREE_MARKS)
    for who in (1, 2, 3):
        world.settings(who, 20, lend=False)
    world.deposit(1, BTC=0.1)  # 5,000 dollars
    world.deposit(2, USDC=200_000)
    world.deposit(3, USDC=200_000)
    world.trade(1, 2, 8_000, 50_000)
    world.prices(BTC=48_000)
    world.tick()
    asked = world.found(ConversionMoved)
    assert asked and asked[-1].state == "requested"
    world.give(QuoteConversion(name(3), "", asked[-1].conversion, asked[-1].amount))
    world.prices(BTC=44_000)  # all of it is lost
    for _ in range(4):
        world.tick(1)
    for _ in range(3):
        world.tick()
    assert begun(world)
    assert world.owed(1, "BTC") == 0 and world.owed(1) == 0, (world.owed(1, "BTC"), world.owed(1))
    assert world.owes(1) == (0, 0)
    world.check_books()
