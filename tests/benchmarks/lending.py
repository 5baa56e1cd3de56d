"""What an hour's interest costs, on one core: one JSON line for each case.

    python -m tests.benchmarks.lending [--lenders N] [--holdings N] [--pools N] [--borrowers N]

`lending-hour`: the whole accrual of one pool: holdings gathered, interest computed, one mass posting, facts said;
`ledger.check` and the sums after the clock stops. `lending-interest`: the arithmetic alone over all holdings, pool by
pool, with no ledger. Times are CPU seconds and seconds on the wall: they differ when the machine has other work.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import time

from ledger.desks.base import Shared
from ledger.desks.lending import LendingDesk
from ledger.events import InterestAccrued
from ledger.journal import AccountCode, ReasonCode, house_key
from ledger.lending.accrual import charges, shares, split_pot
from ledger.lending.curve import RATE_UNIT
from ledger.lending.pool import Pool

HOUR_US = 3_600_000_000
START = 1_788_220_800_000_000
ASSET = "USDC"
RATE, SHARE = 80_000_000, 100_000


def amounts_of(count: int) -> list[int]:
    """Quanta by holding: the same on every machine, from one to some billions."""
    seed, amounts = 12345, []
    for _ in range(count):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        amounts.append(1 + (seed >> 20) % 10 ** (3 + (seed >> 60) % 8))
    return amounts


def desk_of(lenders: int, borrowers: int) -> LendingDesk:
    """A desk with one pool: so many lenders, and borrowers who owe four fifths of it in equal parts."""
    shared = Shared("bench", "main")
    desk = LendingDesk(shared)
    shared.assets[ASSET] = 6
    desk._terms[ASSET] = desk.terms(ASSET)._replace(state="open")
    shared.time_us = START
    ledger, purse = shared.ledger, shared.purse
    ledger.begin(1, START)
    pool = desk.pools[ASSET] = Pool(hour_us=START)
    ledger.follow_freed()
    custody = ledger.open(house_key(AccountCode.CUSTODY_WALLET, ASSET, "wallet"))
    for number, amount in enumerate(amounts_of(lenders)):
        claim = purse.claim(purse.payer(f"lender-{number}", ""), ASSET)
        assert not ledger.post(custody, claim, amount, ReasonCode.DEPOSIT)
        hold = ledger.hold(claim, amount, ReasonCode.LEND)
        assert hold > 0
        desk._holds[claim] = hold
        pool.lent += amount
        if number % 10_000 == 0:
            ledger.drain_rows()
    for number in range(borrowers):
        payer = purse.payer(f"borrower-{number}", "")
        refused = desk.borrow(payer, ASSET, pool.lent * 4 // 5 // borrowers, "manual")
        assert not refused, "four fifths are below the throttle"
    ledger.drain_rows()
    ledger.drain_changes()
    shared.events.clear()
    return desk


def measure_hour(lenders: int, borrowers: int) -> dict[str, object]:
    """One accrual of one pool through the desk, and the hour after it; the second is what every hour costs."""
    desk = desk_of(lenders, borrowers)
    shared, lines = desk.shared, []
    gc.collect()
    gc.freeze()
    for hour in (1, 2):
        now = START + hour * HOUR_US
        shared.ledger.begin(1 + hour, now)
        shared.time_us = now
        before = shared.ledger.available(2)
        wall, started = time.perf_counter(), time.process_time()
        desk.accrue_hour(now)
        lines.append((time.process_time() - started, time.perf_counter() - wall))
        accrued = next(event for event in shared.events if isinstance(event, InterestAccrued))
        assert accrued.charged == accrued.paid + accrued.share + accrued.dust and accrued.lenders == lenders
        assert accrued.paid > 0 and shared.ledger.available(2) >= before
        shared.events.clear()
        shared.ledger.drain_rows()
    gc.unfreeze()
    assert all(line.difference == 0 for line in shared.ledger.zero_sum_report())
    assert shared.ledger.check() == []
    return {"name": "lending-hour", "pools": 1, "holdings": lenders, "borrowers": borrowers, **_times(lines)}


def measure_interest(holdings: int, pools: int) -> dict[str, object]:
    """Interest of all holdings, as many borrowers as a hundredth of them: no ledger, one pool after another."""
    each = holdings // pools
    lent = amounts_of(each)
    debts, total = lent[: max(1, each // 100)], sum(lent)
    lines = []
    for _ in range(2):
        wall, started = time.perf_counter(), time.process_time()
        for _ in range(pools):
            charged = charges(debts, RATE, RATE_UNIT * 365 * 24)
            for_lenders, _share = split_pot(sum(charged), SHARE)
            assert 0 <= for_lenders - sum(shares(lent, for_lenders, total)) < each
        lines.append((time.process_time() - started, time.perf_counter() - wall))
    return {"name": "lending-interest", "pools": pools, "holdings": each * pools, **_times(lines)}


def _times(lines: list[tuple[float, float]]) -> dict[str, object]:
    return {
        "cpu_seconds": [round(cpu, 3) for cpu, _ in lines],
        "wall_seconds": [round(wall, 3) for _, wall in lines],
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description="what an hour's interest costs")
    parser.add_argument("--lenders", type=int, default=1_000_000)
    parser.add_argument("--borrowers", type=int, default=10_000)
    parser.add_argument("--holdings", type=int, default=6_000_000)
    parser.add_argument("--pools", type=int, default=6)
    options = parser.parse_args()
    print(json.dumps(measure_interest(options.holdings, options.pools)), flush=True)
    print(json.dumps(measure_hour(options.lenders, options.borrowers)), flush=True)


if __name__ == "__main__":
    main()
