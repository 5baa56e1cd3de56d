"""Liquidation on real books: each stage reached, every step stated, every loss with one bearer, and replay equal."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ledger.commands import FundInsurance, SetBackstop, SetParameters
from ledger.commands.parameters import NewValue
from ledger.events import DeleveragingQueued, InsuranceMoved, LiquidationMoved, MarketHalted
from ledger.margin.explain import read_view
from tests.support.wallet import PERPETUAL, SPOT, USDC, WalletExchange, name


def stages(world: WalletExchange, who: int = 1) -> list[str]:
    """What happened to an account, in order, each once in a row."""
    found = [event.stage for event in world.found(LiquidationMoved) if event.account == name(who)]
    return [stage for place, stage in enumerate(found) if place == 0 or found[place - 1] != stage]


def long_position(
    price: int = 50_000, margin: int = 3_000, steps: int = 10_000, values: Sequence[tuple[str, str, object]] = ()
) -> WalletExchange:
    """Ada (1) is long one bitcoin at twenty times with little; Bob (2) is short; Eve (5) makes the market."""
    marks = [("perpetual.mark_cap", PERPETUAL, "0"), ("perpetual.mark_bound", PERPETUAL, "0")]
    world = WalletExchange(values=[*marks, *values])
    for who in range(1, 7):
        world.settings(who, 20, lend=False)
    world.deposit(1, USDC=margin)
    world.deposit(2, USDC=200_000)
    world.deposit(5, USDC=2_000_000)
    world.trade(1, 2, steps, price)
    world.tick()
    return world


def test_a_wallet_is_reduced_on_the_book_until_it_is_healthy_again() -> None:
    world = long_position()
    world.order(5, "bid", 20_000, 48_200)
    world.order(1, "bid", 10, 40_000)  # an order of its own, which ends
    world.prices(BTC=48_050)
    world.tick()
    assert stages(world)[:3] == ["started", "cancelled", "book"]
    for _ in range(12):
        world.tick(1)
    assert stages(world)[-1] == "ended"
    assert 0 < world.size(1) < 10_000
    health = world.health(1)
    assert health.equity >= health.stop
    assert not world.engine.liquidation.cases
    world.check_books()


def test_the_first_step_can_be_judged_again_by_anybody() -> None:
    world = long_position()
    world.prices(BTC=48_050)
    world.tick()
    first = world.found(LiquidationMoved)[0]
    health = read_view(first.view).health()
    assert health is not None
    assert (health.equity, health.maintenance) == (first.equity, first.maintenance)
    assert health.equity < health.maintenance


def test_what_the_book_does_not_take_goes_to_a_backstop_provider() -> None:
    world = long_position()
    world.give(SetBackstop(name(5), "", PERPETUAL, 100_000, 5_000, 0))
    world.prices(BTC=47_800)
    world.tick()
    for _ in range(6):
        world.tick(1)
    assert "backstop" in stages(world) and "deleveraged" not in stages(world)
    assert world.size(1) == 0 and world.size(5) > 0
    assert stages(world)[-1] == "ended"
    world.check_books()


@pytest.mark.parametrize("falls", [False, True])
def test_a_liquidation_waits_for_an_auction_unless_the_wallet_falls_below_its_backstop(falls: bool) -> None:
    world = long_position(values=[("market.breaker_move", PERPETUAL, "30000")])
    world.give(SetBackstop(name(5), "", PERPETUAL, 100_000, 5_000, 0))
    world.prices(BTC=50_000)
    world.tick()
    world.order(5, "bid", 20_000, 48_200)
    world.prices(BTC=48_050)
    world.tick()
    assert world.found(MarketHalted)
    for _ in range(20):
        world.tick(1)
    assert {"started", "cancelled"} >= set(stages(world)) and world.size(1) == 10_000
    if falls:
        world.prices(BTC=47_300)
        for _ in range(3):
            world.tick(1)
        assert "backstop" in stages(world) and world.size(1) == 0
        return
    world.tick(110)
    for _ in range(12):
        world.tick(1)
    assert "book" in stages(world) and "backstop" not in stages(world) and stages(world)[-1] == "ended"
    world.check_books()


def test_an_order_of_a_liquidation_is_no_greater_than_the_market_allows() -> None:
    world = long_position()
    most = (("order_volume_max", "300"), ("order_value_max", str(48_200 * 200 * 100)))
    world.give(SetParameters(tuple(NewValue(f"market.{each}", PERPETUAL, value) for each, value in most), "small"))
    for _ in range(60):
        world.order(5, "bid", 200, 48_200)
    world.prices(BTC=48_050)
    world.tick()
    for _ in range(30):
        world.tick(1)
    sold = [-event.quantity for event in world.found(LiquidationMoved) if event.stage == "book"]
    assert sold and set(sold[:-1]) == {200} and stages(world)[-1] == "ended"
    world.check_books()


def test_without_a_provider_the_fund_bears_the_loss_and_others_are_deleveraged() -> None:
    world = long_position()
    world.give(FundInsurance("USDC", 100_000 * USDC, False, "own money"))
    world.prices(BTC=45_000)  # two thousand below zero
    world.tick()
    assert world.size(1) == 0 == world.size(2)
    found = stages(world)
    assert "insurance" in found and "deleveraged" in found and found[-1] == "ended"
    queue = world.found(DeleveragingQueued)[0]
    assert queue.queue[0][0] == name(2)
    assert world.found(InsuranceMoved)[-1].cause == "loss"
    world.tick()
    assert world.owes(1) == (0, 0)
    losses = [event for event in world.found(LiquidationMoved) if event.bearer]
    assert {event.bearer for event in losses} == {"insurance"}
    world.check_books()


def test_without_a_fund_those_who_are_deleveraged_bear_it() -> None:
    world = long_position()
    world.prices(BTC=45_000)
    world.tick()
    world.tick()
    losses = [event for event in world.found(LiquidationMoved) if event.bearer]
    assert {event.bearer.split(":")[0] for event in losses} <= {"deleveraged", "house"}
    assert world.size(1) == 0 == world.size(2)
    assert world.owes(1) == (0, 0)
    before = world.owed(1)
    world.deposit(1, USDC=500)  # what comes later is its own
    world.tick()
    assert world.owed(1) == before + 500 * USDC
    world.check_books()


def test_a_borrower_is_sold_out_on_the_spot_book() -> None:
    world = WalletExchange()
    for who in (1, 2, 3):
        world.settings(who, 10)
    world.deposit(3, USDC=1_000_000)
    world.deposit(1, USDC=20_000)
    world.deposit(2, BTC=2)
    world.tick()
    world.order(2, "ask", 10_000, 50_000, SPOT)
    world.order(1, "bid", 10_000, 50_000, SPOT, margin=True)
    world.settings(5, 1, lend=False)
    world.deposit(5, USDC=500_000)
    world.order(5, "bid", 100_000, 34_400, SPOT)
    world.prices(BTC=34_500)
    world.tick()
    for _ in range(80):
        world.tick(1)
    assert {"book", "repaid", "ended"} <= set(stages(world))
    pool, house = world.owes(1)
    assert pool < 30_000 * USDC and house < 500 * USDC  # its last fees, until they are converted
    world.check_books()


def test_every_liquidation_replays_to_the_same_state() -> None:
    world = long_position()
    world.give(SetBackstop(name(5), "", PERPETUAL, 4_000, 5_000, 100 * USDC))
    world.give(FundInsurance("USDC", 500 * USDC, False, "own money"))
    world.prices(BTC=46_500)
    world.tick()
    world.tick(1)
    world.cut()
    assert world.replayed().state_hash() == world.engine.state_hash()
    world.check_books()
