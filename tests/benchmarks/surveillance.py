"""How fast all detectors go over an order log, and in how much memory: one JSON line for each size.

    python -m tests.benchmarks.surveillance [--events 10000000] [--markets 20] [--seed 1] [--directory DIR]

The workload is drawn from a seed, column by column: market k of n has a share of 1/(k+1); 70 % of the stories are a
limit order of a market maker (100 of them) that rests and is cancelled, 25 % an order that rests and is taken, the rest
is rejected or expires unfilled; prices walk; 20,000 customers, one in a hundred of whom shares an owner with another;
one movement of money for each hundred order events. One day of time for each million events. It is written as Parquet
by one process, which is not measured but named, and read and searched by another: seconds from the opening of the
folder to the result's bytes, and the largest resident memory of that process. Every detector runs; duties, levels,
announcements, tagged addresses and devices are given.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from compliance.surveillance.alerts import Span
from compliance.surveillance.events import MONEY_SCHEMA, ORDER_SCHEMA, EventKind, MoneyKind
from compliance.surveillance.inputs import AccountFacts, Announcement, Inputs, Level, MarketFacts, Obligation
from compliance.surveillance.log import EventLog, EventWriter
from compliance.surveillance.parameters import DAY_US, SECOND_US
from compliance.surveillance.runner import run_detectors
from tests.benchmarks.machine import facts

BATCH = 500_000
MAKERS, CUSTOMERS = 100, 20_000
START = 20_000 * DAY_US
MIDDLE = 50_000
STORIES = (("cancelled", 0.70), ("traded", 0.25), ("rejected", 0.03), ("expired", 0.02))
ROWS = {
    "cancelled": ("PLACED", "ACCEPTED", "RESTED", "CANCELLED"),
    "traded": ("PLACED", "ACCEPTED", "RESTED", "PLACED", "ACCEPTED", "TRADED_TAKER", "TRADED_MAKER"),
    "rejected": ("PLACED", "REJECTED"),
    "expired": ("PLACED", "ACCEPTED", "EXPIRED"),
}
SECOND_COMMAND = {"cancelled": 3, "traded": 3, "rejected": 99, "expired": 99}
"""From which row on a story is in its second command."""


def account(number: int) -> str:
    """An account's id: 32 hex digits, makers first."""
    return f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}{number:016x}"


class Generator:
    """Batches of a log, each with the next positions, order ids and trade ids."""

    def __init__(self, markets: int, seed: int, us_each: float) -> None:
        self.random = np.random.default_rng(seed)
        self.names = [f"A{number:02d}_USD" for number in range(markets)]
        weights = 1 / (np.arange(markets) + 1)
        self.weights = weights / weights.sum()
        self.accounts = pl.Series([account(n) for n in range(MAKERS + CUSTOMERS)], dtype=pl.Categorical())
        self.market_names = pl.Series(self.names, dtype=pl.Categorical())
        self.us_each, self.time = us_each, float(START)
        self.sequence = self.order = self.trade = 0
        self.price = np.full(markets, MIDDLE)

    def batch(self, rows: int) -> tuple[Span, pl.DataFrame, pl.DataFrame]:
        """About so many order events, and their money events."""
        mean = sum(share * len(ROWS[name]) for name, share in STORIES)
        stories = max(int(rows / mean), 8)
        length = rows * self.us_each
        parts = [self._stories(name, max(int(stories * share), 1), length) for name, share in STORIES]
        frame = pl.concat(parts).sort("time", "order", "step")
        # A command is a story's first or second part; positions follow the times.
        is_new = (pl.col("command") != pl.col("command").shift(1)).fill_null(value=True)
        frame = frame.with_columns((is_new.cum_sum() + self.sequence).cast(pl.Int64).alias("sequence"))
        frame = frame.with_columns(
            pl.int_range(pl.len()).over("sequence").cast(pl.Int32).alias("place"),
            pl.when(pl.col("trade")).then(pl.col("command").rank("dense") + self.trade).cast(pl.Int64).alias("trade"),
        )
        first, last = self.sequence + 1, int(frame["sequence"][-1])
        self.trade += frame.height
        money = self._money(max(rows // 100, 1), first, last, length)
        self.sequence = last + money.height
        self.time += length
        orders = frame.with_columns(
            *(pl.lit("", dtype=pl.Categorical()).alias(name) for name in ("subaccount", "trader")),
            pl.lit(0, dtype=pl.Int64).alias("fee"),
        )
        return Span(first, self.sequence), orders.select(list(ORDER_SCHEMA)).cast(dict(ORDER_SCHEMA)), money

    def _stories(self, name: str, count: int, length: float) -> pl.DataFrame:
        random, kinds = self.random, ROWS[name]
        market = random.choice(len(self.names), count, p=self.weights)
        self.price += random.integers(-20, 21, self.price.size)
        start = np.sort(random.random(count)) * length * 0.999
        end = np.minimum(start + 1 + random.exponential(20 * SECOND_US, count), length)
        side = random.choice(np.array([1, -1]), count)
        price = self.price[market] - side * random.geometric(0.05, count)
        quantity = random.geometric(0.04, count)
        is_maker = random.random(count) < 0.9
        maker = np.where(
            is_maker, random.integers(0, MAKERS, count), random.integers(MAKERS, self.accounts.len(), count)
        )
        taker = np.minimum(random.zipf(1.3, count), CUSTOMERS) + MAKERS - 1
        order = self.order + 1 + np.arange(count) * 2
        self.order += 2 * count
        frames = []
        for step, kind in enumerate(kinds):
            is_late, is_taker = (
                step >= SECOND_COMMAND[name],
                kind == "TRADED_TAKER" or (name == "traded" and step in (3, 4)),
            )
            is_trade = kind.startswith("TRADED")
            mine, other = (taker, maker) if is_taker else (maker, taker)
            frames.append(
                pl.DataFrame(
                    {
                        "time": (self.time + (end if is_late else start)).astype(np.int64),
                        "step": np.full(count, step, np.int8),
                        "command": order + is_late,
                        "market": self.market_names.gather(market),
                        "kind": np.full(count, int(EventKind[kind]), np.uint8),
                        "order": order + is_taker,
                        "account": self.accounts.gather(mine),
                        "side": (side * (-1 if is_taker else 1)).astype(np.int8),
                        "price": price,
                        "quantity": quantity,
                        "remaining": quantity * 0,
                        "trade": np.full(count, is_trade),
                        "counterparty": self.accounts.gather(other if is_trade else mine),
                        "counter_order": order + (not is_taker),
                        "reason": np.full(count, int(kind == "CANCELLED"), np.uint8),
                        "value": price * quantity * 10_000,
                    }
                )
            )
        return pl.concat(frames)

    def _money(self, count: int, first: int, last: int, length: float) -> pl.DataFrame:
        random = self.random
        owner = random.integers(MAKERS, self.accounts.len(), count)
        amount = (random.lognormal(7, 1.5, count) * 10**6).astype(np.int64)
        at = np.arange(last + 1, last + 1 + count)
        time = self.time + np.sort(random.random(count)) * length
        kinds = np.array([int(MoneyKind.DEPOSIT), int(MoneyKind.WITHDRAWAL_REQUESTED)], np.uint8)
        frame = pl.DataFrame(
            {
                "sequence": at,
                "time": time.astype(np.int64),
                "kind": random.choice(kinds, count),
                "account": self.accounts.gather(owner),
                "amount": amount,
                "value": amount,
                "address": pl.Series(owner * 3 + random.integers(0, 3, count)).cast(pl.String),
            }
        )
        frame = frame.with_columns(
            pl.lit(0, pl.Int32).alias("place"), pl.lit("USD").alias("asset"), pl.lit("chain:1").alias("chain"),
            pl.col("amount").cast(pl.String).alias("quanta"), (pl.col("amount") * 3).alias("balance"),
            pl.lit("").alias("reference"),
        )  # fmt: skip
        return frame.select(list(MONEY_SCHEMA)).cast(dict(MONEY_SCHEMA))


def generate(folder: Path, events: int, markets: int, seed: int) -> None:
    """Write the workload."""
    writer, made = EventWriter(folder), 0
    generator = Generator(markets, seed, DAY_US / 10**6)
    while made < events:
        span, orders, money = generator.batch(min(BATCH, events - made))
        writer.add(span, orders, money)
        made += orders.height


def inputs(markets: int, events: int) -> Inputs:
    """What the firm knows of that workload."""
    accounts = {account(n): AccountFacts(f"owner-{n // 2 if n % 200 < 2 else n}") for n in range(MAKERS + CUSTOMERS)}
    accounts |= {account(n): AccountFacts(f"house-{n}", "house") for n in (MAKERS + 1, MAKERS + 2)}
    names = [f"A{number:02d}_USD" for number in range(markets)]
    end = START + DAY_US * max(events // 10**6, 1)
    return Inputs(
        accounts=accounts,
        markets={name: MarketFacts(name, name[:3], "USD") for name in names},
        fiat_assets=frozenset({"USD"}),
        rates={"USD": 10**6, "AED": 272_294, "EUR": 1_080_000},
        tagged_addresses={str(3 * (MAKERS + 50)): "mixer"},
        chain_transfers=(),
        devices={account(n): frozenset({f"device-{n % 5_000}"}) for n in range(MAKERS, MAKERS + 9_000)},
        announcements=tuple(Announcement(name, START + DAY_US // 2, "listing") for name in names[:5]),
        fixings=(),
        obligations=tuple(Obligation(account(n), names[0], 5_000, START, end) for n in range(20)),
        levels=tuple(Level(name, MIDDLE - 100, "option strike", START, end) for name in names[:5]),
        last_activity={},
    )


def measure(folder: Path, events: int, markets: int) -> dict[str, Any]:
    """Run in this process; figures."""
    given = inputs(markets, events)
    started, used = time.perf_counter(), time.process_time()
    result = run_detectors(EventLog.open(folder), given)
    data = result.data()
    seconds, processor = time.perf_counter() - started, time.process_time() - used
    found: dict[str, int] = {}
    for alert in result.alerts:
        found[alert.detector] = found.get(alert.detector, 0) + 1
    return {
        "alerts": found,
        "detectors": len(result.ran),
        "money_events": result.money_events,
        "order_events": result.order_events,
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "processor_seconds": round(processor, 2),
        "result_bytes": len(data),
        "seconds": round(seconds, 2),
    }


def main() -> int:
    """Generate and measure, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--markets", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--directory", type=Path, default=Path("out"))
    parser.add_argument("--step", choices=("all", "generate", "measure"), default="all")
    parser.add_argument("--folder", type=Path, help="of the step; the benchmark itself gives it")
    options = parser.parse_args()
    if options.step == "generate":
        generate(options.folder, options.events, options.markets, options.seed)
        return 0
    if options.step == "measure":
        print(json.dumps(measure(options.folder, options.events, options.markets)))
        return 0
    options.directory.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=options.directory))
    try:
        common = ["--events", str(options.events), "--markets", str(options.markets), "--seed", str(options.seed)]
        command = [sys.executable, "-m", "tests.benchmarks.surveillance", *common, "--folder", str(folder / "log")]
        started = time.perf_counter()
        subprocess.run([*command, "--step", "generate"], check=True)
        generated = round(time.perf_counter() - started, 1)
        size = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
        done = subprocess.run([*command, "--step", "measure"], check=True, capture_output=True, text=True)
        figures = json.loads(done.stdout)
        print(
            json.dumps(
                {
                    "measure": "surveillance",
                    **figures,
                    "events_per_second": round(figures["order_events"] / figures["seconds"]),
                    "generated_in_seconds": generated,
                    "log_bytes": size,
                    "machine": facts(),
                    "workload": f"{options.events:,} order events, {options.markets} markets, seed {options.seed}; "
                    f"{MAKERS} makers, {CUSTOMERS:,} customers; all detectors",
                }
            ),
            flush=True,
        )
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
