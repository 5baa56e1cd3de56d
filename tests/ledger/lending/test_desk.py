"""The desk of lending through commands: nothing is made or lost, and what is borrowed is lent by somebody."""

from __future__ import annotations

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger.commands import Borrow, Lend, Redeem, RepayDebt, SetConsent, Tick
from ledger.engine import Engine
from ledger.events import InterestAccrued, LendingMoved, Refused
from ledger.genesis import Genesis
from ledger.journal import entry_of
from ledger.lending.curve import interest_ceil
from tests.support.wallet import HOUR, USDC, WalletExchange, name


def lent_out() -> WalletExchange:
    """Ada (1) has bitcoin, Cyd (3) lends 1,000,000 dollars."""
    world = WalletExchange()
    for who in (1, 3):
        world.settings(who, repay=False)
    world.deposit(3, USDC=1_000_000)
    world.deposit(1, BTC=10)
    world.tick()
    assert world.engine.lending.lent(world.payer(3), "USDC") == 1_000_000 * USDC
    return world


def borrow(world: WalletExchange, quanta: int, *, refused: str | None = None) -> int:
    """What Ada pays in entry interest for a borrow."""
    world.give(Borrow(name(1), "", "USDC", quanta), refused=refused)
    return sum(event.interest for event in world.events if isinstance(event, LendingMoved))


def test_entry_interest_is_the_rest_of_the_hour_and_no_time_is_charged_twice():
    world = lent_out()
    borrow(world, 100_000 * USDC)
    world.cut()
    rate = world.engine.lending.pools["USDC"].rate
    assert rate > 0
    world.wait(600)
    paid = borrow(world, 1_000 * USDC)
    left = world.engine.lending.pools["USDC"].hour_us + HOUR - world.now
    assert paid == interest_ceil(1_000 * USDC, rate, left) > 0
    # The hour is over and not accrued yet: the accrual charges the new debt for all of the coming one.
    world.now = (world.now // HOUR + 1) * HOUR + 5_000_000
    assert borrow(world, 1_000 * USDC) == 0


def test_missed_hours_are_charged_at_the_last_rate():
    world = lent_out()
    borrow(world, 100_000 * USDC)
    world.cut()
    pool = world.engine.lending.pools["USDC"]
    last, debt = pool.rate, world.owes(1)[0]
    world.wait(2 * 3_600)
    events = world.cut()
    accrued = next(event for event in events if isinstance(event, InterestAccrued) and event.asset == "USDC")
    assert accrued.charged == interest_ceil(debt, 2 * last + pool.rate, HOUR)
    assert accrued.charged == accrued.paid + accrued.share + accrued.dust
    assert world.owes(1)[0] == debt + accrued.charged
    world.check_books()


def test_a_lender_does_not_borrow_and_a_throttled_pool_gives_nothing_back():
    world = lent_out()
    world.give(Borrow(name(3), "", "USDC", 1), refused="borrow-requires-lend-redeem")
    lending, cyd = world.engine.lending, world.payer(3)
    pool = lending.pools["USDC"]
    borrow(world, 400_000 * USDC)
    most = lending.redeemable(cyd, "USDC")
    assert most == pool.lent - -(-pool.borrowed * 10**6 // 920_000)
    world.settings(3, lend=False)
    world.give(Redeem(name(3), "", "USDC", most + 1), refused="lent-out")
    world.give(Redeem(name(3), "", "USDC", most))
    assert borrow(world, 1, refused="insufficient-borrowable-quantity") == 0


def test_consent_withdrawn_redeems_all_and_lends_no_more():
    world = lent_out()
    world.give(SetConsent(name(3), "lending", False, "00" * 32))
    world.deposit(3, USDC=1)
    world.tick()
    assert world.engine.lending.lent(world.payer(3), "USDC") == 0
    world.tick()
    assert world.engine.lending.lent(world.payer(3), "USDC") == 0


def test_the_state_goes_through_a_checkpoint():
    world = lent_out()
    borrow(world, 400_000 * USDC)
    world.cut()
    engine = world.engine
    again = Engine.restore(Genesis("wallet.exchange", "main", 0, 1, ()), engine.sections())
    assert again.state_hash() == engine.state_hash()
    for each in (engine, again):
        each.apply(each.sequence + 1, world.now + 60_000_000, Tick())
    assert again.state_hash() == engine.state_hash()


class Pools(RuleBasedStateMachine):
    """Four wallets in any order of commands; some commands are refused, and then nothing moves."""

    def __init__(self) -> None:
        super().__init__()
        self.world = WalletExchange(4)
        for who in range(1, 5):
            self.world.settings(who, lend=who == 2, repay=who == 2)
            self.world.give(SetConsent(name(who), "lending", True, "00" * 32))
            self.world.deposit(who, BTC=1, USDC=50)
        self._take()

    def _take(self) -> None:
        self.world.rows += map(entry_of, self.world.engine.ledger.drain_rows())

    def _give(self, command: object) -> None:
        world, engine = self.world, self.world.engine
        world.now += 1
        before = engine.balances()
        events = engine.apply(engine.sequence + 1, world.now, command)
        self._take()
        if any(isinstance(event, Refused) for event in events):
            assert engine.balances() == before

    @rule(
        kind=st.sampled_from([Lend, Redeem, Borrow, RepayDebt]), who=st.integers(1, 4), amount=st.integers(1, 2 * 10**7)
    )
    def move(self, kind, who, amount):
        self._give(kind(name(who), "", "USDC", amount))

    @rule(who=st.integers(1, 4), given_=st.booleans())
    def consent(self, who, given_):
        self._give(SetConsent(name(who), "lending", given_, "00" * 32))

    @rule(seconds=st.integers(10, 400))
    def time_passes(self, seconds):
        self.world.wait(seconds)
        self._give(Tick())

    @rule()
    def hour(self):
        world = self.world
        events = world.cut()
        for event in events:
            if isinstance(event, InterestAccrued):
                assert event.charged == event.paid + event.share + event.dust
                assert 0 <= event.dust < max(1, event.lenders) and min(event.paid, event.share) >= 0

    @invariant()
    def what_is_borrowed_is_lent(self):
        world, lending = self.world, self.world.engine.lending
        pool = lending.pools.get("USDC")
        assert pool is not None
        payers = [world.payer(who) for who in range(1, 5)]
        assert pool.lent == sum(lending.lent(payer, "USDC") for payer in payers)
        assert pool.borrowed == sum(lending.debt(payer, "USDC") for payer in payers)
        assert not any(lending.lent(p, "USDC") and lending.debt(p, "USDC") for p in payers)

    def teardown(self):
        assert self.world.engine.ledger.check(self.world.rows) == []


TestPools = Pools.TestCase
TestPools.settings = hypothesis_settings(max_examples=30, stateful_step_count=40, deadline=None)
