"""Seeded random sequences over the one wallet: trades, loans, prices, hours, liquidations, and what must always hold.

A seed gives all commands. After every command the books, positions and dues are checked (`WalletExchange`); at the end
the ledger against all its entries, who bore each loss, and that no liquidation enlarged or turned a position. In the
middle an engine is restored from the sections and goes on beside the first one, and the whole is replayed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest

from ledger.commands import (
    Borrow,
    CutHour,
    FundInsurance,
    Lend,
    Redeem,
    RepayDebt,
    SetBackstop,
    SetConsent,
    SetWalletSettings,
    Tick,
)
from ledger.engine import Engine
from ledger.events import InsuranceMoved, LiquidationMoved, PositionMoved, Refused
from ledger.journal import AccountCode, entry_of, house_key
from tests.support.signed import GENESIS
from tests.support.wallet import HOUR, PERPETUAL, SCALES, SPOT, USDC, WalletExchange, name

PEOPLE, STEPS = 8, 110
MARKETS = {PERPETUAL: ("BTC", 1, 12_000), "SOL_PERP": ("SOL", 100, 60_000), SPOT: ("BTC", 1, 4_000)}
"""Base, ticks of a dollar, and the most steps of an order."""


class RandomExchange(WalletExchange):
    """Gives whatever comes into its seed's mind; the engine may refuse it."""

    def __init__(self, seed: int) -> None:
        free = ("mark_cap", "mark_bound")
        super().__init__(PEOPLE, values=[(f"perpetual.{e}", m, "0") for m in (PERPETUAL, "SOL_PERP") for e in free])
        self.rng = Random(seed)
        self.dollars = {"BTC": 50_000.0, "SOL": 100.0, "USDC": 1.0}
        self.refused = 0
        self.twin: Engine | None = None
        for who in range(1, PEOPLE + 1):
            self.settings(who, 20, lend=who % 2 == 0)
            self.deposit(who, USDC=self.rng.choice((2_000, 5_000, 20_000)))
            if who % 3 == 0:
                self.deposit(who, BTC=0.5, SOL=50)
        self.deposit(PEOPLE, USDC=500_000, BTC=5, SOL=1_000)
        self.give(SetBackstop(name(PEOPLE), "", PERPETUAL, 300, 5_000, 200 * USDC))
        self.give(FundInsurance("USDC", 2_000 * USDC, False, "own money"))
        self.tick()

    def give(self, command, giver="", *, refused=None):  # type: ignore[no-untyped-def]  # as its parent has them
        """The same, but the twin gets it too, and a refusal is none of our business."""
        if not hasattr(self, "rng"):
            return super().give(command, giver, refused=refused)
        self.now += 1
        self.commands.append((self.now, command, giver))
        self.events = self.engine.apply(self.engine.sequence + 1, self.now, command, giver=giver)
        if self.twin is not None:
            assert self.twin.apply(self.twin.sequence + 1, self.now, command, giver=giver) == self.events
            self.twin.ledger.drain_rows()
        self.all_events += self.events
        self.refused += any(isinstance(event, Refused) for event in self.events)
        rows = self.engine.ledger.drain_rows()
        self.rows += map(entry_of, rows)
        self.check()
        return self.events

    def step(self) -> None:
        """One more thing happens."""
        kinds: list[tuple[int, Callable[[], object]]] = [
            (35, self.some_order), (8, self.some_bet), (8, self.some_loan), (10, self.some_price), (16, self.some_time),
            (3, self.some_change), (2, lambda: self.cancel_all(self.who())), (2, self.some_crash),
        ]  # fmt: skip
        self.rng.choices([each for _, each in kinds], [weight for weight, _ in kinds])[0]()

    def who(self) -> int:
        return self.rng.randint(1, PEOPLE)

    def some_order(self) -> None:
        rng = self.rng
        market = rng.choice([*MARKETS])
        base, ticks, most = MARKETS[market]
        price = max(1, int(self.dollars[base] * ticks * rng.uniform(0.99, 1.01)))
        who = PEOPLE if rng.random() < 0.3 else self.who()
        changes = {"reduce_only": rng.random() < 0.15} if market != SPOT else {"margin": rng.random() < 0.7}
        side, limit = rng.choice(("bid", "ask")), price if rng.random() < 0.8 else None
        with suppress(StopIteration):  # it was refused before it had a number
            self.order(who, side, int(most ** rng.random()), limit, market, **changes)

    def some_bet(self) -> None:
        """Nearly as much as a wallet may, against the market maker."""
        rng, who = self.rng, self.rng.randint(1, PEOPLE - 1)
        market = rng.choice((PERPETUAL, "SOL_PERP"))
        base, ticks, _ = MARKETS[market]
        health = self.health(who)
        price = int(self.dollars[base] * ticks)
        if health is None or health.equity <= 0:
            return
        times = min(20, self.engine.margin.leverage(self.payer(who)))
        value = (health.equity * times - health.exposure) // 10**18 * rng.randint(50, 97) // 100
        steps = min(value * 10**6 // (price * self.engine.margin.markets[market].unit), 10**6)
        side = rng.choice(("bid", "ask"))
        with suppress(StopIteration):
            self.order(PEOPLE, "ask" if side == "bid" else "bid", max(1, steps), price, market)
            self.order(who, side, max(1, steps), price, market)

    def some_loan(self) -> None:
        rng = self.rng
        kind = rng.choice((Lend, Redeem, Borrow, RepayDebt))
        asset = rng.choice([*SCALES])
        worth = {"USDC": 3_000.0, "BTC": 0.05, "SOL": 20.0}[asset]
        who = self.who()
        amount = rng.randint(1, int(worth * 10 ** SCALES[asset]))
        if kind is RepayDebt and sum(self.owes(who, asset)):
            amount = rng.randint(1, sum(self.owes(who, asset)))
        self.give(kind(name(who), "", asset, amount))

    def some_price(self, low: float = 0.985, high: float = 1.015) -> None:
        for asset in ("BTC", "SOL"):
            self.dollars[asset] *= self.rng.uniform(low, high)
        self.prices(**self.dollars)

    def some_crash(self) -> None:
        self.some_price(0.8, 0.95) if self.rng.random() < 0.6 else self.some_price(1.05, 1.2)
        self.tick(self.rng.choice((1, 10)))

    def some_time(self) -> None:
        chosen = self.rng.random()
        if chosen < 0.1:
            self.now = max(self.now, (self.now // HOUR + 1) * HOUR - 1)
            self.prices(**self.dollars)
            self.give(CutHour(self.now // HOUR * HOUR))
        elif chosen < 0.4:
            self.wait(self.rng.choice((1, 10)))
            self.give(Tick())  # a round may stay unfinished
        else:
            self.tick(self.rng.choice((1, 2, 10, 61)))

    def some_change(self) -> None:
        rng, who = self.rng, self.who()
        flags = [rng.random() < 0.6 for _ in range(3)]
        self.give(SetWalletSettings(name(who), "", rng.choice((1, 5, 20)), *flags))
        self.give(SetConsent(name(who), "lending", rng.random() < 0.7, "00" * 32))
        if rng.random() < 0.5:
            self.deposit(who, USDC=rng.randint(1, 5_000))

    def restore_a_twin(self) -> None:
        genesis = GENESIS._replace(exchange="wallet.exchange", entity="main")
        self.twin = Engine.restore(genesis, self.engine.sections())
        self.twin.ledger.drain_rows()


def judge_losses(world: RandomExchange) -> None:
    """Each loss has one bearer; a step of a liquidation makes a position smaller and never turns it."""
    sizes: dict[tuple[str, str], int] = {}
    liquidated: set[str] = set()
    for event in world.all_events:
        if isinstance(event, LiquidationMoved):
            if event.stage == "started":
                liquidated.add(event.account)
            elif event.stage == "ended":
                liquidated.discard(event.account)
            if event.bearer:
                kind = event.bearer.split(":")[0]
                assert kind in ("backstop", "insurance", "deleveraged", "house")
                assert event.amount > 0, "a bearer bears something"
                assert (":" in event.bearer) == (kind in ("backstop", "deleveraged"))
                assert event.bearer.split(":")[-1] != event.account, "nobody bears an own loss twice"
        elif isinstance(event, PositionMoved):
            place = (event.market, event.account)
            before, after = sizes.get(place, 0), event.size
            sizes[place] = after
            assert after == before + event.size_change
            if event.account in liquidated and event.cause in ("trade", "backstop"):
                assert abs(after) < abs(before) and after * before >= 0, "a liquidation turned or enlarged a position"
    for (market, account), size in sizes.items():
        assert size == world.size(int(account, 16), market)


def judge_fund(world: RandomExchange) -> None:
    """The fund's balance is what was given to it, its fees, and what it bore."""
    find, owed = world.engine.ledger.find, world.engine.ledger.owed
    fund = find(house_key(AccountCode.INSURANCE, "USDC"))
    assert fund is not None and owed(fund) >= 0
    borne = -sum(event.change for event in world.found(InsuranceMoved) if event.cause == "loss")
    said = sum(e.amount for e in world.found(LiquidationMoved) if e.bearer == "insurance")
    assert borne == said, "what the fund bore is what losses say"


@pytest.mark.parametrize("seed", range(1, 9))
def test_nothing_is_lost_and_a_replay_and_a_restored_engine_agree(seed: int) -> None:
    world = RandomExchange(seed)
    for number in range(STEPS):
        if number == STEPS // 2:
            world.restore_a_twin()
        world.step()
    world.prices(**world.dollars)
    world.tick()
    world.check_books()
    judge_losses(world)
    judge_fund(world)
    assert world.refused < STEPS
    assert world.twin is not None
    expected = world.engine.state_hash()
    assert world.twin.state_hash() == expected, "a restored engine goes on otherwise"
    assert world.replayed().state_hash() == expected, "a replay is another one"
