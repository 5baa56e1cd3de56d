"""A market that crashes: thousands of wallets on one engine, thin books, makers that leave, feeds that fall silent.

    python -m tests.simulation.crash [--accounts N] [--seed S] [--scenario NAME ...]

One JSON line for each scenario. Everything follows from the seed. Wallets bet on two perpetual markets at up to twenty
times, others borrow dollars from a pool for coins; then prices fall as a scenario says, one feed every five seconds.
After each simulated minute: longs equal shorts, what is due has two sides, each asset's zero-sum report is zero, pools
lend no more than was lent to them, no counter of a claim is negative, and nobody is liquidated without a valid mark. At
the end the ledger is checked against every entry.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from ledger.commands import Command, FundInsurance, NewOrder, PlaceOrders, SetBackstop, SetParameters
from ledger.commands.parameters import NewValue
from ledger.events import Event, LiquidationMoved
from ledger.journal import AccountCode, entry_of, house_key
from tests.support.wallet import PERPETUAL, SPOT, USDC, WalletExchange, name

__all__ = ["SCENARIOS", "Crash", "CrashFailed", "Scenario", "main", "run"]

MAKERS, PROVIDERS = 4, 2
FEED_EVERY = 5
MARKETS = {PERPETUAL: ("BTC", 1), "SOL_PERP": ("SOL", 100), SPOT: ("BTC", 1)}
DOLLARS = {"BTC": 50_000.0, "SOL": 100.0, "USDC": 1.0}


@dataclass(frozen=True, slots=True)
class Scenario:
    """`path`: minutes and by which factor prices move within them. `silent`: minutes without a feed.

    `book`: the part of a quiet book that makers quote while it lasts. `capacity`: of a provider, as a part of open
    interest, ppm. `fund`: the insurance fund, ppm of it. `lent`: how much lenders bring.
    """

    path: tuple[tuple[int, float], ...]
    silent: tuple[int, ...] = ()
    book: float = 0.05
    capacity: int = 50_000
    fund: int = 1_000
    lent: float = 2.0


SCENARIOS: dict[str, Scenario] = {
    "cascade": Scenario(((8, 0.70), (4, 1.12), (8, 1.0))),
    "gap": Scenario(((1, 0.72), (11, 1.05)), book=0.01, capacity=20_000, fund=200),
    "stale": Scenario(((4, 0.88), (4, 0.80), (8, 1.05)), silent=(3, 4, 5)),
    "borrowed-out": Scenario(((6, 0.75), (10, 1.0)), lent=0.6),
    "squeeze": Scenario(((8, 1.35), (8, 0.95))),
}


class CrashFailed(AssertionError):
    """What did not hold, under which seed and scenario, and in which minute."""


class Crash(WalletExchange):
    """One run."""

    def __init__(self, scenario: Scenario, accounts: int, seed: int) -> None:
        self.raw: list[Any] = []
        free = ("mark_cap", "mark_bound")
        super().__init__(accounts + MAKERS + PROVIDERS, checked=False, values=[
            (f"perpetual.{each}", market, "0") for market in (PERPETUAL, "SOL_PERP") for each in free
        ])  # fmt: skip
        stale = tuple(NewValue("prices.staleness", asset, "30") for asset in ("BTC", "SOL"))
        super().give(SetParameters(stale, "crash"))
        self.scenario, self.accounts, self.rng = scenario, accounts, Random(seed)
        self.dollars = dict(DOLLARS)
        self.makers = range(accounts + 1, accounts + MAKERS + 1)
        self.providers = range(accounts + MAKERS + 1, accounts + MAKERS + PROVIDERS + 1)
        self.minute = 0
        self.peak_house_debt = self.peak_utilisation = 0
        self.liquidated_without_mark = 0

    def give(self, command: Command, giver: str = "", *, refused: str | None = None) -> list[Event]:
        """The same, with every entry kept, and with what a customer is refused left to the customer."""
        if not hasattr(self, "accounts"):
            return super().give(command, giver, refused=refused)
        self.now += 1
        self.commands.append((self.now, command, giver))
        self.events = self.engine.apply(self.engine.sequence + 1, self.now, command, giver=giver)
        self.all_events += self.events
        self.raw += self.engine.ledger.drain_rows()
        if not self.engine.margin.marks():
            self.liquidated_without_mark += sum(
                isinstance(event, LiquidationMoved) and event.stage not in ("cancelled", "ended")
                for event in self.events
            )
        return self.events

    # Before.

    def place(self, who: int, market: str, *orders: tuple[str, int, int], margin: bool = False) -> None:
        """Limit orders of one account: side, steps, price."""
        self.give(PlaceOrders(name(who), "", tuple(
            NewOrder(
                market=market, side=side, kind="limit", client_id=1, quantity=steps, quote_quantity=None, price=price,
                time_in_force="gtc", expires=None, post_only=False, self_trade="reject-maker", trigger=None,
                trigger_price=None, trigger_by=None, oco_group=None, bound=False, margin=margin,
            )
            for side, steps, price in orders
            if steps and price
        )))  # fmt: skip

    def price(self, market: str) -> int:
        """What a market's makers think that it is worth, in ticks."""
        base, ticks = MARKETS[market]
        return max(1, int(self.dollars[base] * ticks))

    def prepare(self) -> None:
        """Money, bets, loans, providers and the fund."""
        rng = self.rng
        for who in (*self.makers, *self.providers):
            self.settings(who, 10, lend=False)
            self.deposit(who, USDC=50_000_000, BTC=2_000)
        for who in range(1, self.accounts + 1):
            kind = who % 20
            money = round(min(200_000, 800 * rng.paretovariate(1.2)), 2)
            if kind == 0:  # a lender
                self.settings(who, 1)
                self.deposit(who, USDC=money * 4 * self.scenario.lent)
            elif kind == 1:  # a borrower: coins against dollars
                self.settings(who, 10, lend=False)
                self.deposit(who, BTC=money / 10_000)
            else:
                self.settings(who, rng.choice((5, 10, 20)), lend=False)
                self.deposit(who, USDC=money)
        self.feed()
        self.tick()
        self.quote(1.0)
        for who in range(1, self.accounts + 1):
            if who % 20 == 1:
                steps = int(self.owed(who, "BTC") * rng.uniform(0.2, 3.0)) // 10_000
                self.place(who, SPOT, ("bid", max(1, steps), self.price(SPOT) * 101 // 100), margin=True)
            elif who % 20:
                self.bet(who)
            if who % 250 == 0:
                self.quote(1.0)
        self.tick()
        for who in self.providers:
            for market in (PERPETUAL, "SOL_PERP"):
                steps = self.interest(market) * self.scenario.capacity // 10**6
                self.give(SetBackstop(name(who), "", market, max(1, steps), 10_000, self.fund_size() // 10))
        self.give(FundInsurance("USDC", max(1, self.fund_size()), False, "own money"))

    def bet(self, who: int) -> None:
        """Two in three believe in coins."""
        rng = self.rng
        market = rng.choice((PERPETUAL, PERPETUAL, "SOL_PERP"))
        payer = self.payer(who)
        there = self.engine.margin.markets[market]
        dollars = self.owed(who) // USDC * self.engine.margin.leverage(payer) * rng.uniform(0.2, 0.95)
        price = self.price(market)
        steps = int(dollars * USDC / (price * there.unit))
        is_long = rng.random() < 0.66
        if steps:
            self.place(who, market, ("bid" if is_long else "ask", steps, price * (102 if is_long else 98) // 100))

    def interest(self, market: str) -> int:
        """Open interest in steps."""
        return self.engine.margin.markets[market].positions.longs

    def fund_size(self) -> int:
        """The insurance fund at the beginning, quanta."""
        markets = self.engine.margin.markets.values()
        return sum(m.positions.longs * (m.mark or 0) * m.unit for m in markets) * self.scenario.fund // 10**6

    # Meanwhile.

    def feed(self) -> None:
        """One feed's prices."""
        self.prices(**self.dollars)

    def quote(self, part: float) -> None:
        """Makers cancel, and quote this part of a quiet book, on five levels to each side."""
        spread = 0.0005 if part >= 1 else 0.004
        for who in self.makers:
            self.cancel_all(who)
            for market in MARKETS:
                price = self.price(market)
                unit = self.engine.orders.rooms[market].market.unit_quanta
                steps = int(2_000_000 * USDC * part / (price * unit))
                levels = [1 + spread * each for each in (1, 2, 3, 4, 5)]
                self.place(
                    who, market, *(("bid", steps, int(price / level)) for level in levels),
                    *(("ask", steps, -int(-price * level // 1)) for level in levels),
                )  # fmt: skip

    def run(self) -> None:
        """The whole path, minute by minute."""
        self.prepare()
        self.check_minute()
        for minutes, factor in self.scenario.path:
            step = factor ** (1 / (minutes * 60 / FEED_EVERY))
            for _ in range(minutes):
                self.minute += 1
                for _ in range(60 // FEED_EVERY):
                    self.move(step)
                self.check_minute()
        for _ in range(12):
            self.tick(10)
            self.feed()
        self.check_minute()

    def move(self, step: float) -> None:
        """Five seconds."""
        for coin in ("BTC", "SOL"):
            self.dollars[coin] *= step * self.rng.uniform(0.999, 1.001)
        if self.minute not in self.scenario.silent:
            self.feed()
        self.quote(self.scenario.book)
        self.tick(FEED_EVERY)
        lending = self.engine.lending
        pool = lending.pools["USDC"]
        self.peak_house_debt = max(self.peak_house_debt, pool.house_debt)
        if pool.lent:
            self.peak_utilisation = max(self.peak_utilisation, pool.borrowed * 10**6 // pool.lent)

    # Afterwards.

    def check_minute(self) -> None:
        """What holds after every minute."""
        self.check()
        engine = self.engine
        for asset, pool in engine.lending.pools.items():
            assert 0 <= pool.borrowed <= pool.lent or not pool.borrowed, f"{asset}: more is borrowed than was lent"
        ledger = engine.ledger
        for index in range(len(ledger)):
            if ledger.key(index).code in (AccountCode.CLAIM, AccountCode.DEBT, AccountCode.DEBT_TO_HOUSE):
                assert ledger.owed(index) >= 0, "what is owed is never negative"

    def check_end(self) -> None:
        """What holds when all is over: the ledger against every entry, and one bearer for each loss."""
        assert self.engine.ledger.check([*map(entry_of, self.raw)]) == []
        for event in self.found(LiquidationMoved):
            if event.bearer:
                assert event.amount > 0, "a bearer bears something"
                assert event.bearer.split(":")[0] in ("backstop", "insurance", "deleveraged", "house")

    def figures(self) -> dict[str, Any]:
        """What happened."""
        moved = self.found(LiquidationMoved)
        stages, bearers = Counter(event.stage for event in moved), Counter[str]()
        for event in moved:
            if event.bearer:
                bearers[event.bearer.split(":")[0]] += event.amount
        ledger = self.engine.ledger
        fund = ledger.find(house_key(AccountCode.INSURANCE, "USDC"))
        healths = [self.engine.margin.health_of(self.payer(who)) for who in range(1, self.accounts + 1)]
        return {
            "accounts": self.accounts,
            "commands": len(self.commands),
            "liquidated": stages["started"],
            "over": stages["ended"],
            "steps": {stage: stages[stage] for stage in ("book", "repaid", "backstop", "deleveraged", "zeroed")},
            "losses_usd": {kind: amount // USDC for kind, amount in sorted(bearers.items())},
            "insurance_usd": {
                "before": self.fund_start // USDC, "borne": bearers["insurance"] // USDC,
                "after": 0 if fund is None else ledger.owed(fund) // USDC,
            },
            "house_debt_usd": {
                "most": self.peak_house_debt // USDC, "end": self.engine.lending.pools["USDC"].house_debt // USDC,
            },
            "utilisation_most_ppm": self.peak_utilisation,
            "deleveraged_accounts": len({e.bearer for e in moved if e.bearer.startswith("deleveraged")}),
            "deleveraged_quantity": sum(abs(e.quantity) for e in moved if e.stage == "deleveraged"),
            "below_zero_at_end": sum(health is not None and health.equity < 0 for health in healths),
            "cases_open": len(self.engine.liquidation.cases),
        }  # fmt: skip

    @property
    def fund_start(self) -> int:
        """What the fund began with, quanta."""
        return next(c.amount for _, c, _ in self.commands if isinstance(c, FundInsurance))


def run(scenario: str, accounts: int, seed: int) -> Crash:
    """One scenario from a seed, checked; raises `CrashFailed`."""
    crash = Crash(SCENARIOS[scenario], accounts, seed)
    try:
        crash.run()
        crash.check_end()
        assert not crash.liquidated_without_mark, "somebody was liquidated without a valid mark"
    except AssertionError as error:
        place = f"scenario {scenario}, seed {seed}, {accounts} accounts, minute {crash.minute}"
        raise CrashFailed(f"{place}, command {len(crash.commands)}: {error}") from error
    return crash


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.crash")
    parser.add_argument("--accounts", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenario", nargs="+", choices=[*SCENARIOS], default=[*SCENARIOS])
    options = parser.parse_args(arguments)
    for scenario in options.scenario:
        begin = time.process_time()
        crash = run(scenario, options.accounts, options.seed)
        seconds = round(time.process_time() - begin, 1)
        print(
            json.dumps({"scenario": scenario, "seed": options.seed, "seconds": seconds, **crash.figures()}), flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
