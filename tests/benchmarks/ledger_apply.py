"""How fast the double-entry ledger applies movements in memory, on one core: one JSON line for each case.

    python -m tests.benchmarks.ledger_apply [--transfers N] [--accounts N] [--repeat R]

`post`: the engine's simple posting. `mixed`: four postings, then a hold that is posted to a third account. `apply`:
client-made transfers with remembered ids, in batches. `mass`: lines of mass postings. All with limits on every claim,
rows drained every 1,000 movements, while they are warm in the cache, and `check` after the clock stops. Rates are by
CPU time and by the clock on the wall: they differ when the machine has other work.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable
from itertools import islice

from ledger.journal import AccountCode, Ledger, MassPosting, ReasonCode, Transfer, claim_key, house_key, make_id

NOW_MICROS = 1_790_000_000_000_000
BATCH = 1_000
START_QUANTA = 10**15


def funded_ledger(accounts: int) -> Ledger:
    """Claims with index 2 onwards, all of them funded from one wallet."""
    ledger = Ledger()
    ledger.begin(1, NOW_MICROS)
    wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, "USDC", "wallet"))
    for number in range(accounts):
        claim = ledger.open(claim_key(f"customer-{number}", "USDC"))
        assert not ledger.post(wallet, claim, START_QUANTA, ReasonCode.DEPOSIT)
    ledger.drain_rows()
    return ledger


def random_pairs(count: int, accounts: int) -> list[tuple[int, int, int]]:
    """Debit, credit and amount of each movement: the same on every machine."""
    seed, rows = 12345, []
    for _ in range(count):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        debit = 2 + (seed >> 33) % accounts
        credit = 2 + (debit - 1 + (seed >> 12) % (accounts - 1)) % accounts
        rows.append((debit, credit, 1 + (seed >> 40) % 1000))
    return rows


def run_post(ledger: Ledger, pairs: list[tuple[int, int, int]]) -> int:
    """Simple postings, as a trade makes them."""
    post, trade = ledger.post, ReasonCode.TRADE
    for start in range(0, len(pairs), BATCH):
        for debit, credit, amount in pairs[start : start + BATCH]:
            assert not post(debit, credit, amount, trade)
        ledger.drain_rows()
    return len(pairs)


def run_mixed(ledger: Ledger, pairs: list[tuple[int, int, int]]) -> int:
    """Four postings, then one hold and its posting to the other side: six movements of which two are two-phase."""
    post, hold, post_pending = ledger.post, ledger.hold, ledger.post_pending
    trade, order_hold = ReasonCode.TRADE, ReasonCode.ORDER_HOLD
    done = 0
    for start in range(0, len(pairs), BATCH):
        for number, (debit, credit, amount) in enumerate(pairs[start : start + BATCH]):
            if number % 5 == 4:
                assert not post_pending(hold(debit, amount, order_hold), 0, credit, trade)
                done += 2
            else:
                assert not post(debit, credit, amount, trade)
                done += 1
        ledger.drain_rows()
    return done


def run_apply(ledger: Ledger, pairs: list[tuple[int, int, int]]) -> int:
    """Client-made transfers; making them is inside the clock, for it is part of what a caller pays."""
    rows = iter(pairs)
    number = 0
    while chunk := list(islice(rows, BATCH)):
        batch = []
        for debit, credit, amount in chunk:
            number += 1
            batch.append(Transfer(make_id(NOW_MICROS, number), debit, credit, amount, ReasonCode.TRANSFER))
        assert not any(ledger.apply(batch))
        ledger.drain_rows()
    return number


def run_mass(ledger: Ledger, pairs: list[tuple[int, int, int]]) -> int:
    """Mass postings over every claim, the first one paying for all."""
    claims = tuple(range(2, len(ledger)))
    amounts = (-(len(claims) - 1), *(1 for _ in claims[1:]))
    mass = MassPosting(ReasonCode.INTEREST, claims, amounts)
    done = 0
    while done < len(pairs):
        assert not ledger.post_mass(mass)
        ledger.drain_rows()
        done += len(claims)
    return done


CASES: dict[str, Callable[[Ledger, list[tuple[int, int, int]]], int]] = {
    "post": run_post,
    "mixed": run_mixed,
    "apply": run_apply,
    "mass": run_mass,
}


def measure(name: str, transfers: int, accounts: int, repeat: int) -> dict[str, object]:
    """The rate of one case: the median of `repeat` runs, each on a fresh ledger; what is there before is frozen."""
    pairs = random_pairs(transfers, accounts)
    seconds, walls, done = [], [], 0
    for _ in range(repeat):
        ledger = funded_ledger(accounts)
        gc.collect()
        gc.freeze()
        wall, started = time.perf_counter(), time.process_time()
        done = CASES[name](ledger, pairs)
        seconds.append(time.process_time() - started)
        walls.append(time.perf_counter() - wall)
        gc.unfreeze()
        assert ledger.check() == []
    rates = sorted(done / taken for taken in seconds)
    return {
        "name": f"ledger-{name}",
        "accounts": accounts,
        "movements": done,
        "cpu_rate_per_second": round(statistics.median(rates)),
        "cpu_rate_per_second_max": round(rates[-1]),
        "wall_rate_per_second": round(done / statistics.median(walls)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transfers", type=int, default=400_000)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    for name in CASES:
        print(json.dumps(measure(name, options.transfers, options.accounts, options.repeat)), flush=True)


if __name__ == "__main__":
    main()
