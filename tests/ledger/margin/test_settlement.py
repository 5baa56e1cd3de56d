"""Settlement every ten seconds: who pays, out of what, and that nothing is lost between."""

from __future__ import annotations

from ledger.events import FundingSet, InterestAccrued, LendingMoved, SettlementFinished
from tests.support.wallet import BTC, SPOT, USDC, WalletExchange


def exchange() -> WalletExchange:
    """Ada (1) and Bob (2) trade the perpetual; Cyd (3) lends dollars."""
    world = WalletExchange()
    for who in (1, 2, 3):
        world.settings(who)
    world.deposit(3, USDC=1_000_000)
    world.tick()
    return world


def test_profit_becomes_dollars_and_sizes_stay() -> None:
    world = exchange()
    world.deposit(1, USDC=10_000)
    world.deposit(2, USDC=10_000)
    world.trade(1, 2, 10_000, 50_000)  # one bitcoin
    assert world.size(1) == 10_000 and world.size(2) == -10_000
    world.prices(BTC=50_100)
    world.tick()
    fee = 25 * USDC  # 0.05 % of 50,000 for the taker, nothing for the maker
    gained = world.engine.margin.markets["BTC_PERP"].mark - 50_000
    assert gained > 0
    assert world.owed(1) == 10_000 * USDC - fee + gained * USDC
    assert world.owed(2) == 10_000 * USDC - gained * USDC
    assert world.size(1) == 10_000
    world.check_books()


def test_an_account_of_coins_keeps_them_and_owes_dollars() -> None:
    world = exchange()
    world.deposit(1, BTC=1)
    world.deposit(2, USDC=100_000)
    world.trade(1, 2, 10_000, 50_000)
    for price in (49_800, 49_600, 49_400):
        world.prices(BTC=price)
        world.tick()
    pool, house = world.owes(1)
    assert pool > 0 and house == 0
    assert world.owed(1, "BTC") == BTC
    assert any(event.kind == "borrow" and event.cause == "settlement" for event in world.found(LendingMoved))
    world.check_books()


def test_where_no_pool_lends_the_exchange_is_owed_and_winners_are_paid() -> None:
    world = WalletExchange()
    for who in (1, 2):
        world.settings(who)
    world.deposit(1, BTC=1)
    world.deposit(2, USDC=100_000)
    world.settings(2, lend=False)
    world.trade(1, 2, 10_000, 50_000)
    world.prices(BTC=49_800)
    before = world.owed(2)
    world.tick()
    pool, house = world.owes(1)
    assert pool == 0 and house > 0
    assert world.owed(2) > before
    assert world.found(SettlementFinished)[-1].house_debt == house


def test_the_hour_settles_funds_accrues_and_is_cut() -> None:
    world = exchange()
    world.deposit(1, BTC=1)
    world.deposit(2, USDC=100_000)
    world.trade(1, 2, 10_000, 50_000)
    world.prices(BTC=49_000)
    world.tick()
    events = world.cut()
    names = [type(event).__name__ for event in events if type(event).__name__ not in ("BalanceChanged", "MarkSet")]
    order = ("SettlementStarted", "FundingSet", "InterestAccrued", "SettlementFinished", "HourCut")
    assert [names.index(each) for each in order] == sorted(names.index(each) for each in order)
    accrued = [event for event in events if isinstance(event, InterestAccrued)]
    assert all(e.charged == e.paid + e.share + e.dust for e in accrued)
    assert [event for event in events if isinstance(event, FundingSet)]
    world.check_books()


def test_a_margin_order_borrows_at_the_match() -> None:
    world = exchange()
    world.deposit(1, USDC=20_000)
    world.deposit(2, BTC=2)
    world.settings(2, lend=False)
    world.order(2, "ask", 10_000, 50_000, SPOT)
    world.order(1, "bid", 10_000, 50_000, SPOT, margin=True)
    assert world.owed(1, "BTC") == BTC
    pool, house = world.owes(1)
    assert pool >= 30_000 * USDC and house == 0
    assert world.owed(1) == 0
    world.check_books()


def test_the_same_commands_give_the_same_state() -> None:
    world = exchange()
    world.deposit(1, BTC=1)
    world.deposit(2, USDC=100_000)
    world.trade(1, 2, 10_000, 50_000)
    world.order(1, "ask", 5_000, 51_000)
    world.prices(BTC=49_000)
    world.tick()
    world.cut()
    engine = world.engine
    assert world.replayed().state_hash() == engine.state_hash()
    again = type(engine).restore(_genesis(), engine.sections())
    assert again.state_hash() == engine.state_hash()


def _genesis():  # type: ignore[no-untyped-def]  # of tests alone
    from tests.support.signed import GENESIS

    return GENESIS._replace(exchange="wallet.exchange", entity="main")
