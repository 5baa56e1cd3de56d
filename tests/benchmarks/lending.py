"""What an hour's interest costs: its figures, its posting, and both inside the desk; one JSON line for each case.

    python -m tests.benchmarks.lending [--lenders N] [--holdings N] [--pools N]

`interest`: floors of all lenders of one pool and ceilings of a tenth as many borrowers. `posting`: one mass posting for
each pool with a line for each holding, in a ledger of so many claims that is built directly. `accrual`: the hour of one
pool at the desk, which also looks up what each has lent and owes. Expected on one core: 0.2 microseconds a lender for
the figures, 0.6 a line for the posting.
"""

from __future__ import annotations

import argparse
import json
import time

from ledger.commands import ListAsset, SetParameters
from ledger.commands.parameters import NewValue
from ledger.engine import Engine
from ledger.events import InterestAccrued
from ledger.journal import AccountCode, Ledger, MassPosting, ReasonCode, Result, claim_key, house_key
from ledger.lending.accrual import charges, shares, split_pot
from ledger.lending.curve import RATE_UNIT

HOURS_A_YEAR = 365 * 24
LENT = 10**12
HOUR = 3_600_000_000
NOW = 1_790_000_000_000_000


def interest_seconds(lenders: int) -> float:
    """Seconds of the figures of one pool."""
    lent = [LENT + number * 7_919 for number in range(lenders)]
    debts = [8 * LENT + number * 104_729 for number in range(lenders // 10)]
    total = sum(lent)
    begin = time.perf_counter()
    charged = charges(debts, 80_000_000, RATE_UNIT * HOURS_A_YEAR)
    pot, _ = split_pot(sum(charged), 100_000)
    paid = shares(lent, pot, total)
    seconds = time.perf_counter() - begin
    assert 0 <= pot - sum(paid) < lenders
    return seconds


def posting_seconds(holdings: int, pools: int) -> float:
    """Seconds of the mass postings of one hour."""
    ledger = Ledger()
    ledger.begin(1, NOW)
    masses = []
    each = holdings // pools
    for number in range(pools):
        asset = f"COIN{number}"
        wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, asset, "wallet"))
        claims = [ledger.open(claim_key(f"{owner:08x}", asset)) for owner in range(each)]
        dust = ledger.open(house_key(AccountCode.DUST, asset))
        ledger.post(wallet, dust, 2**70, ReasonCode.DEPOSIT)
        amounts = [1 + owner % 1_000 for owner in range(each)]
        masses.append(MassPosting(ReasonCode.INTEREST, (*claims, dust), (*amounts, -sum(amounts))))
    ledger.drain_rows()
    begin = time.perf_counter()
    results = [ledger.post_mass(mass) for mass in masses]
    seconds = time.perf_counter() - begin
    assert set(results) == {Result.OK}
    return seconds


def accrual_seconds(lenders: int) -> float:
    """Seconds of the hour of one pool at the desk: so many lenders and one borrower."""
    engine = Engine("bench")
    desk, shared, ledger = engine.lending, engine._shared, engine.ledger
    engine.apply(1, NOW, ListAsset("USDC", 6, "eip155:1", "native", "", "", ""))
    engine.apply(2, NOW + 1, SetParameters((NewValue("lending.state", "USDC", "open"),), "bench"))
    wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, "USDC", "wallet"))
    for number in range(lenders):
        payer = shared.purse.payer(f"{number:032x}", "")
        ledger.post(wallet, shared.purse.claim(payer, "USDC"), LENT, ReasonCode.DEPOSIT)
        desk.lend(payer, "USDC", LENT, "auto")
    assert desk.borrow(shared.purse.payer("b" * 32, ""), "USDC", LENT * lenders // 2, "manual") == 0
    ledger.drain_rows()
    begin = time.perf_counter()
    desk.accrue_hour(NOW // HOUR * HOUR)
    seconds = time.perf_counter() - begin
    assert any(isinstance(event, InterestAccrued) and event.paid for event in shared.events)
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lenders", type=int, default=1_000_000)
    parser.add_argument("--holdings", type=int, default=6_000_000)
    parser.add_argument("--pools", type=int, default=6)
    options = parser.parse_args()
    for name, items, seconds in (
        ("interest", options.lenders, interest_seconds(options.lenders)),
        ("accrual", options.lenders, accrual_seconds(options.lenders)),
        ("posting", options.holdings, posting_seconds(options.holdings, options.pools)),
    ):
        print(json.dumps({"name": name, "items": items, "seconds": round(seconds, 3)}), flush=True)


if __name__ == "__main__":
    main()
