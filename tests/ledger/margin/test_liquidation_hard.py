"""Liquidation where it is easily wrong: between settlements, stale feeds, outages, thin books, lent coins."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.commands import (
    Borrow,
    Command,
    CorrectBooks,
    FeedPrices,
    FundInsurance,
    HaltMarket,
    QuoteConversion,
    SetBackstop,
    SetParameters,
    Tick,
)
from ledger.commands.parameters import NewValue
from ledger.commands.prices import AssetPrice
from ledger.engine import Engine
from ledger.events import ConversionMoved, InsuranceMoved, LiquidationMoved
from ledger.genesis import Genesis
from ledger.margin.explain import read_view
from ledger.margin.takeover import worst_price
from ledger.trading.market import PPM
from tests.ledger.margin.test_liquidation import long_position, stages
from tests.support.wallet import BTC, PERPETUAL, SPOT, USDC, WalletExchange, name

FREE_MARKS = [("perpetual.mark_cap", PERPETUAL, "0"), ("perpetual.mark_bound", PERPETUAL, "0")]


def set_value(world: WalletExchange, value: tuple[str, str, str]) -> None:
    world.give(SetParameters((NewValue(*value),), "small"))


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
    world.prices(BTC=48_200)  # nearer to the first price than to the second
    assert begun(world)


# Prices that are not there.


def stale_collateral() -> WalletExchange:
    """Ada's collateral is SOL, and its feed falls silent after a minute; her position is in bitcoin."""
    world = WalletExchange(values=FREE_MARKS)
    set_value(world, ("prices.staleness", "SOL", "60"))
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
    world = WalletExchange(values=FREE_MARKS)
    set_value(world, ("prices.staleness", "BTC", "30"))
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
    steps = [
        sum(e.stage == "book" for e in world.found(LiquidationMoved) if e.account == name(w)) for w in range(1, 56)
    ]
    assert max(steps) - min(steps) <= 1


# Coins that cannot be had.


def test_whoever_still_has_lent_coins_pays_with_them_before_the_house_does() -> None:
    world = WalletExchange(
        values=[("lending.throttle_from", "BTC", "1000000"), ("lending.utilisation_max", "BTC", "990000")]
    )
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
    world.settings(1, 10, repay=False)
    world.give(Borrow(name(1), "", "USDC", 38_000 * USDC))
    world.give(CorrectBooks(name(1), None, "USDC", 38_000 * USDC, "small", "gone"))
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
    for _ in range(6):
        world.tick(1)
    assert stages(world)[-1] == "ended" and stages(world).count("started") == 1
    assert world.owed(1, "BTC") < BTC // 1000 and world.owed(1) == 0, (world.owed(1, "BTC"), world.owed(1))
    borne = sum(e.amount for e in world.found(LiquidationMoved) if e.bearer)
    assert 0 < borne < 500 * USDC  # not what a haircut takes off
    assert world.owes(1) == (0, 0)
    world.check_books()


# What a step may cost.


@given(
    st.sampled_from([0, 1]), st.integers(1, 10**9), st.integers(1, 10**7), st.integers(1, 10**6),
    st.integers(-(10**9), 10**15), st.integers(0, 50_000), st.integers(0, 10**4), st.integers(1, 100),
)  # fmt: skip
def test_the_worst_price_loses_no_more_than_it_may_and_a_tick_beyond_would(
    side: int, reference: int, steps: int, unit: int, may_lose: int, taker_ppm: int, shift: int, part: int
) -> None:
    def lost(price: int, filled: int) -> int:
        value, at_reference = price * filled * unit, reference * filled * unit
        return (at_reference - value if side else value - at_reference) + -(-value * taker_ppm // PPM)

    worst = worst_price(side, reference, steps, unit, may_lose, taker_ppm)
    allowed, filled = max(0, may_lose), max(1, steps * part // 100)
    better = worst + shift if side else max(1, worst - shift)
    if worst >= 1 and (not side or worst > 1 or allowed > reference * steps * unit):
        assert lost(worst, steps) <= max(allowed, 1)
        assert lost(better, filled) * steps <= max(allowed, 1) * filled + steps
        beyond = worst - 1 if side else worst + 1
        assert beyond < 1 or lost(beyond, steps) > allowed - 2


@pytest.mark.parametrize("seed", range(6))
def test_no_step_on_the_book_raises_leverage_or_turns_a_position(seed: int) -> None:
    """Thin random books: equity over exposure does not fall by a sale, and is never below zero after it."""
    random = Random(seed)
    world = WalletExchange(values=FREE_MARKS)
    for who in range(1, 7):
        world.settings(who, 20, lend=False)
    world.deposit(1, USDC=random.choice((3_000, 4_500)))
    world.deposit(2, USDC=500_000)
    world.deposit(5, USDC=2_000_000)
    sign = random.choice(("bid", "ask"))
    world.order(2, "ask" if sign == "bid" else "bid", 10_000, 50_000)
    world.order(1, sign, 10_000, 50_000)
    world.tick()
    mark = 50_000
    sold = 0

    def give(command: Command, giver: str) -> int:
        """Sales of a command, each held against the equity that its event states."""
        before, found = world.size(1), 0
        for event in world.give(command, giver):
            if isinstance(event, LiquidationMoved) and event.stage == "book":
                found += 1
                lost = (mark * abs(event.quantity) * 100 - event.amount) * (1 if event.quantity < 0 else -1)
                lost += event.fee + -(-event.amount * 500 // PPM)
                # Its only exposure is the position, so what stood behind is its part of the equity.
                assert lost * abs(before) * 10**12 <= event.equity * abs(event.quantity) + 10**12 * abs(before)
        assert abs(world.size(1)) <= abs(before) and world.size(1) * before >= 0
        assert found < 2, "one step in one command"
        return found

    for _ in range(40):
        mark += random.randrange(0, 300) * (-1 if sign == "bid" else 1)
        sold += give(FeedPrices(world.now, "USD", (AssetPrice("BTC", mark * 10**18),), ()), "feed")
        way = 1 if sign == "ask" else -1
        world.cancel_all(5)
        for _ in range(random.randrange(4)):
            world.order(5, sign, random.randrange(1, 1_500), mark + way * random.randrange(-200, 2_500))
        world.wait(1)
        sold += give(Tick(), "")
    assert sold
    losses = [event for event in world.found(LiquidationMoved) if event.bearer and event.stage == "book"]
    assert not losses
    world.check_books()


def test_the_insurance_fund_says_every_change_and_what_it_then_has() -> None:
    world = long_position()
    world.give(FundInsurance("USDC", 700 * USDC, False, "own money"))
    world.order(5, "bid", 3_000, 48_200)
    world.prices(BTC=48_050)
    for _ in range(4):
        world.tick()
    world.cancel_all(5)
    world.prices(BTC=45_000)
    for _ in range(4):
        world.tick()
    balance, causes = 0, set()
    for event in world.found(InsuranceMoved):
        balance += event.change
        causes.add(event.cause)
        assert event.balance == balance
    assert causes >= {"funded", "fee", "loss"}
    world.give(FundInsurance("USDC", balance + 1, True, "too much"), refused="more-than-the-fund")


def test_a_liquidation_that_is_on_is_restored_as_it_was() -> None:
    world = long_position()
    world.give(SetBackstop(name(5), "", PERPETUAL, 4_000, 5_000, 100 * USDC))
    world.order(5, "bid", 20_000, 48_200)
    world.prices(BTC=48_050)
    world.tick()
    assert world.engine.liquidation.cases
    other = Engine.restore(Genesis("wallet.exchange", "main", 0, 1, ()), world.engine.sections())
    assert other.state_hash() == world.engine.state_hash()
    for dollars in (48_000, 47_600, 46_000):
        for command, giver in (
            (FeedPrices(world.now, "USD", (AssetPrice("BTC", dollars * 10**18),), ()), "feed"),
            (Tick(), ""),
        ):
            world.wait(3)
            events = world.give(command, giver)
            assert other.apply(other.sequence + 1, world.now, command, giver=giver) == events
            other.ledger.drain_rows()
    assert other.state_hash() == world.engine.state_hash()
