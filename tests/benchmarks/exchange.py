"""How many commands a second a whole exchange takes, and how fast its log is replayed: one JSON line for each case.

    python -m tests.benchmarks.exchange [--commands N] [--repeat R] [--only CASE...]

Workload: 2,000 customers with six balances each (tests/benchmarks/exchange_hour.py), of whom 500 trade in one market;
a command places one order, half of them resting up to twenty ticks from the middle, half taking two ticks into the
other side at once. Everything is on: the door with two threads, the log with its sync, engine, store in its thread,
live trees. Making and signing the commands is outside the clock.

`exchange-apply`: `engine.apply` of typed commands, nothing around it. `exchange-venue`: bytes handed over to durable
and applied, in batches of a size, signed by the customer's key or given over a session; `stored`: the same until the
store has committed everything too. `exchange-replay`: the log of such a run from disk to the engine's state, with and
without checking signatures. Rates are by the clock and by processor time of all threads, medians of the repeats.
"""

from __future__ import annotations

import argparse
import gc
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

from cli.exchange.config import Config
from cli.exchange.running import RunningExchange
from cli.exchange.vault import HouseSecrets
from ledger.canonical import parse
from ledger.checkpoints import read_checkpoint
from ledger.commands import read_command
from ledger.door import Refused, Submission
from ledger.engine import Engine
from ledger.log import LogReader
from ledger.log.record import Scheme
from ledger.playback import replay
from ledger.signatures import sign_command
from tests.benchmarks.exchange_hour import BEGIN_US, WORDS, Trading, begin_folder, key_of

ACCOUNTS: Final = 2_000
BATCHES: Final = (100, 8_000)
AIMS: Final = {(8_000, True): 8_000, (8_000, False): 40_000}


class Time:
    """A clock that stands until it is moved, so that commands made before stay inside their window."""

    def __init__(self) -> None:
        self.now = BEGIN_US + 1_800_000_000

    def __call__(self) -> int:
        self.now += 1
        return self.now


class Rates:
    """Commands a second by the clock and by processor time, over the repeats."""

    def __init__(self) -> None:
        self._walls: list[float] = []
        self._cpus: list[float] = []

    def measure(self, count: int, work: Callable[[], Any]) -> Any:
        """One repeat."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        self._cpus.append(count / (time.process_time() - cpu))
        self._walls.append(count / (time.perf_counter() - wall))
        return result

    def report(self) -> dict[str, int]:
        """Medians, and the best by the clock."""
        return {
            "wall_per_second": round(statistics.median(self._walls)),
            "wall_per_second_max": round(max(self._walls)),
            "cpu_per_second": round(statistics.median(self._cpus)),
            "repeats": len(self._walls),
        }


def submissions(trading: Trading, count: int, is_signed: bool) -> list[Submission]:
    """The next commands, over sessions or each under its customer's signature."""
    found = trading.batch(count)
    return [_signed(each, trading) for each in found] if is_signed else found


def _signed(submission: Submission, trading: Trading) -> Submission:
    key = key_of(trading.number(submission.session_key))
    return Submission(Scheme.COMMAND, submission.signed, (sign_command(key, submission.signed),), submission.door)


class Bench:
    """A built exchange of which every case measures a copy."""

    def __init__(self, work: Path, commands: int, repeat: int) -> None:
        self.work, self.commands, self.repeat = work, commands, repeat
        begin_folder(work / "built", ACCOUNTS, None)
        self.secrets = HouseSecrets.load(work / "built" / "secrets", WORDS)
        self._copies = 0

    def copy(self) -> Config:
        """A fresh copy."""
        self._copies += 1
        folder = self.work / f"copy-{self._copies}"
        shutil.copytree(self.work / "built", folder)
        return Config.load(folder)

    def engine(self, config: Config) -> Engine:
        """The engine where the built log ends."""
        [path] = config.paths.checkpoints.glob("checkpoint-*")
        return read_checkpoint(path.read_bytes(), config.genesis())[0]

    def apply(self) -> dict[str, Any]:
        """Typed commands into the engine alone."""
        rates = Rates()
        for _ in range(self.repeat):
            engine, now = self.engine(self.copy()), Time()
            given = submissions(Trading(ACCOUNTS, now), self.commands, is_signed=False)
            commands = [read_command(parse(each.signed)) for each in given]
            first = engine.sequence + 1
            _settle()

            def work(engine: Engine = engine, commands: list[Any] = commands, first: int = first) -> None:
                at = engine.time_us + 1
                for number, command in enumerate(commands):
                    engine.apply(first + number, at, command)
                    if number % 1_000 == 999:
                        engine.ledger.drain_rows()

            rates.measure(len(commands), work)
            gc.unfreeze()
        return {"name": "exchange-apply", "commands": self.commands, **rates.report()}

    def venue(self, size: int, is_signed: bool) -> tuple[dict[str, Any], Config]:
        """Bytes to durable and applied; the folder of the last repeat."""
        taken, stored = Rates(), Rates()
        count = max(self.commands // size, 2) * size
        for _ in range(self.repeat):
            config, now = self.copy(), Time()
            with RunningExchange(config, self.secrets, now) as exchange:
                given = submissions(Trading(ACCOUNTS, now), count, is_signed)
                batches = [given[at : at + size] for at in range(0, count, size)]
                _settle()
                stored.measure(count, partial(self._run, exchange, batches, taken, count))
                gc.unfreeze()
        who = {"batch": size, "signed": is_signed, "commands": count, "aim_per_second": AIMS.get((size, is_signed))}
        return {"name": "exchange-venue", **who, **taken.report(), "stored": stored.report()}, config

    @staticmethod
    def _run(exchange: RunningExchange, batches: list[list[Submission]], taken: Rates, count: int) -> None:
        def submit() -> None:
            for batch in batches:
                answers = exchange.venue.submit(batch, exchange.now())
                assert not isinstance(answers[-1], Refused), answers[-1]
                exchange.hours.work()

        taken.measure(count, submit)
        exchange.store.wait()

    def replay(self, config: Config, check_signatures: bool) -> dict[str, Any]:
        """The log of a run, from the files to the state."""
        rates, genesis = Rates(), config.genesis()
        for _ in range(self.repeat):
            engine = self.engine(config)
            log = LogReader(config.paths.log, genesis.exchange, genesis.hash)
            count = int(log.head.sequence) - engine.sequence
            records = log.records(engine.sequence + 1)
            _settle()
            rates.measure(count, partial(_replay, records, engine, check_signatures))
            gc.unfreeze()
        return {"name": "exchange-replay", "signatures": check_signatures, "commands": count, **rates.report()}


def _replay(records: Any, engine: Engine, check_signatures: bool) -> None:
    found = replay(records, engine, check_signatures=check_signatures)
    while list(islice(found, 1_000)):
        engine.ledger.drain_rows()


def _settle() -> None:
    """What is there before the clock starts is no work for the collector, as in a running exchange."""
    gc.collect()
    gc.freeze()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Commands a second through a whole exchange.")
    parser.add_argument("--commands", type=int, default=40_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=("apply", "venue"), default=("apply", "venue"))
    given = parser.parse_args(arguments)
    work = Path(tempfile.mkdtemp(prefix="tallystick-exchange-"))
    try:
        bench = Bench(work, given.commands, given.repeat)
        if "apply" in given.only:
            print(json.dumps(bench.apply()), flush=True)
        if "venue" in given.only:
            for size in BATCHES:
                for is_signed in (False, True):
                    record, config = bench.venue(size, is_signed)
                    print(json.dumps(record), flush=True)
            for check in (False, True):
                print(json.dumps(bench.replay(config, check)), flush=True)
    finally:
        shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
