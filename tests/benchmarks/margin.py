"""What settlement, order checks and liquidation scans cost: one JSON line for each case.

    python -m tests.benchmarks.margin [--accounts N] [--repeat R]

N accounts each have dollars and a position in each of three perpetual markets; every second one has agreed to lend. The
state is built directly: positions by `Positions.trade`, dollars by postings. `round`: all `Tick` commands of one
settlement after prices moved by one percent, as a whole, the longest one, and by phase. `order`: `may_add`, the
judgement of an order's wallet. `scan`: a feed says 20 percent less, and commands go on until every wallet that may
have passed its trigger is judged and each liquidation has taken its first step, without books or providers. Seconds
are of the processor. Aims: a round under 1 s of work, no tick over 20 ms, an order's check under 10 us.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from typing import Any

from ledger.commands import ListDerivative, OpenMarket, Tick
from ledger.events import Event, LiquidationMoved
from ledger.journal import AccountCode, ReasonCode, house_key
from tests.support.wallet import USDC, WalletExchange

__all__ = ["build", "measure"]

MARKETS = ("BTC_PERP", "SOL_PERP", "BTC_NEXT")


class Measured(WalletExchange):
    """With the facts of the ticks that were measured."""

    seen: list[Event]


def build(accounts: int, seed: int = 1) -> Measured:
    """An exchange of so many wallets with three positions each."""
    world = Measured(accounts, checked=False, values=(
        *((f"perpetual.{name}", "BTC_PERP", "0") for name in ("mark_cap", "mark_bound")),
        *((f"perpetual.{name}", "SOL_PERP", "0") for name in ("mark_cap", "mark_bound")),
    ))  # fmt: skip
    world.give(ListDerivative("BTC_NEXT", "perpetual", "BTC", "USDC", 10**6, 10_000, 1, 10**6, None))
    world.give(OpenMarket("BTC_NEXT", "open", "small"))
    for number in range(1, accounts + 1, 2):
        world.settings(number, 10)
    world.prices(BTC=50_000, SOL=100, USDC=1)
    world.tick()
    ledger, purse = world.engine.ledger, world.engine._shared.purse
    wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, "USDC", "wallet"))
    payers = [purse.payer(f"{number:032x}", "") for number in range(1, accounts + 1)]
    for payer in payers:
        ledger.post(wallet, purse.claim(payer, "USDC"), 30_000 * USDC, ReasonCode.DEPOSIT)
    rng = random.Random(seed)
    for name in MARKETS:
        market = world.engine.margin.markets[name]
        assert market.mark is not None, "it was fed"
        rng.shuffle(payers)
        for buyer, seller in zip(payers[::2], payers[1::2], strict=True):
            steps = rng.randint(1, 16_000)
            market.positions.trade(buyer, seller, steps, steps * market.mark * market.unit)
    ledger.drain_rows()
    world.seen = []
    return world


def _given(world: Measured) -> float:
    """Seconds of one Tick."""
    world.now += 1
    begin = time.process_time()
    world.seen += world.engine.apply(world.engine.sequence + 1, world.now, Tick())
    seconds = time.process_time() - begin
    world.engine.ledger.drain_rows()
    return seconds


def round_seconds(world: Measured) -> dict[str, Any]:
    """One settlement: seconds of all ticks, of the longest, and by the phase in which each began."""
    world.wait(10)
    settlement = world.engine.settlement
    phases: dict[str, float] = {}
    each: list[float] = []
    while not each or settlement._phase != "idle":
        phase = settlement._phase
        each.append(_given(world))
        phases[phase] = phases.get(phase, 0.0) + each[-1]
    return {
        "seconds": round(sum(each), 3),
        "longest_ms": round(max(each) * 1e3, 1),
        "ticks": len(each),
        "phases": {name: round(seconds, 3) for name, seconds in phases.items()},
    }


def order_us(world: WalletExchange, count: int) -> float:
    """Microseconds of one order's check."""
    margin = world.engine.margin
    payers = [payer for payer, _ in margin.markets[MARKETS[0]].positions][:count]
    begin = time.process_time()
    for payer in payers:
        margin.may_add(payer, MARKETS[0], payer & 1, 3)
    return (time.process_time() - begin) / len(payers) * 1e6


def measure(accounts: int, repeat: int) -> list[dict[str, Any]]:
    """All cases."""
    world = build(accounts)
    positions = sum(len(world.engine.margin.markets[name].positions) for name in MARKETS)
    rounds = []
    for number in range(repeat + 1):  # the first one knows no wallet yet
        up = number % 2 == 0
        world.prices(BTC=50_500 if up else 50_000, SOL=101 if up else 100)
        rounds.append(round_seconds(world))
    found = [{"name": "round", "items": accounts, "positions": positions, "first": rounds[0], **min(
        rounds[1:], key=lambda each: each["seconds"])}]  # fmt: skip
    checks = min(order_us(world, 20_000) for _ in range(3))
    found.append({"name": "order", "items": accounts, "us": round(checks, 2)})
    begin = time.process_time()
    world.prices(BTC=40_000, SOL=80)
    each = [time.process_time() - begin]
    while world.engine.due_us <= world.now:
        each.append(_given(world))
    ended = [event for event in world.seen if isinstance(event, LiquidationMoved)]
    found.append({
        "name": "scan", "items": accounts, "seconds": round(sum(each), 3), "longest_ms": round(max(each) * 1e3, 1),
        "ticks": len(each), "liquidations": sum(event.stage == "started" for event in ended),
        "steps": sum(event.stage in ("book", "backstop", "deleveraged") for event in ended),
    })  # fmt: skip
    for market in world.engine.margin.markets.values():
        market.positions.check()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.margin")
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    for record in measure(options.accounts, options.repeat):
        print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
