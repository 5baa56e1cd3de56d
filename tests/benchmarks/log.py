"""Rates of the command log and its door, as JSON lines.

    python -m tests.benchmarks.log [--directory DIR] [--seconds S]

`append`: records a second, durable, by batch size; every batch is one fdatasync. The directory should be on the disk
that is meant, for a file system in memory syncs nothing. `read`: records a second, each checked against the chain.
`verify`: signatures a second by the strict rule. `door`: commands a second from submitted bytes to durable in the log.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from ledger.authority import API_POLICY, Policy, Requirement
from ledger.door import Accepted, CommandDoor, Submission
from ledger.keyring import At, KeyEntry, Keyring, Permission, Role
from ledger.keys import SigningKey
from ledger.log import CommandLog, Door, Entry, LogOptions, Micros, MirrorPolicy, Scheme, Signed, genesis_hash
from ledger.signatures import api_string, command_bytes, sign_api, sign_command, verify_one

EXCHANGE = "bench.test"
GENESIS = genesis_hash(EXCHANGE, b"{}")
NOW = 1_700_000_000_000_000
BATCHES = (1, 100, 1_000, 8_000)
POLICY: Policy = {**API_POLICY, "order.place": Requirement(frozenset({Role.CUSTOMER}), Permission.TRADE)}
KEYS = [SigningKey(bytes([number]) * 32) for number in range(1, 17)]


def state(**figures: object) -> None:
    """Print one line."""
    print(json.dumps({"cores": os.cpu_count(), **figures}), flush=True)


def order(number: int) -> bytes:
    """The API string of one order, about 150 bytes."""
    parameters = {
        "clientId": str(number),
        "orderType": "Limit",
        "price": f"{100 + number % 50}.25",
        "quantity": "1.5",
        "side": "Bid" if number % 2 else "Ask",
        "symbol": "SOL_USDC",
    }
    return api_string([("orderExecute", parameters)], NOW // 1000, 60_000)


def entries(count: int) -> list[Entry]:
    """Orders as the door hands them to the log; the log does not look into signatures."""
    door = Door("key-0001", beneficial_owner="owner-0001", trader="algo-1")
    time_us = Micros(NOW)
    return [
        Entry(time_us, time_us, Scheme.API, (Signed(n.to_bytes(32, "big"), bytes(64)),), order(n), door)
        for n in range(count)
    ]


def rate_of(seconds: float, once: Callable[[], int]) -> int:
    """Units a second over at least `seconds`, after one unmeasured call."""
    once()
    done, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        done += once()
    return round(done / elapsed)


def append_once(log: CommandLog, batch: Sequence[Entry]) -> int:
    """One durable batch."""
    return len(log.append(batch))


def measure_append(directory: Path, seconds: float) -> None:
    """Appending by batch size, alone and with a second copy."""
    everything = entries(max(BATCHES))
    for mirror in (None, *MirrorPolicy):
        for batch in BATCHES:
            folder = Path(tempfile.mkdtemp(dir=directory))
            copy = None if mirror is None else folder / "copy"
            options = LogOptions(mirror=copy, mirror_policy=mirror or MirrorPolicy.SYNC)
            with CommandLog.open(folder / "log", EXCHANGE, GENESIS, options=options) as log:
                rate = rate_of(seconds, partial(append_once, log, everything[:batch]))
            state(measure="append", batch=batch, second_copy=mirror, records_per_second=rate)
            shutil.rmtree(folder)


def measure_read(directory: Path) -> None:
    """Reading with every hash checked."""
    folder = Path(tempfile.mkdtemp(dir=directory))
    batch = entries(8_000)
    with CommandLog.open(folder, EXCHANGE, GENESIS) as log:
        for _ in range(10):
            log.append(batch)
        start = time.perf_counter()
        count = sum(1 for _ in log.records())
        state(measure="read", records=count, records_per_second=round(count / (time.perf_counter() - start)))
    shutil.rmtree(folder)


def check_signatures(pairs: Sequence[tuple[bytes, Signed]]) -> int:
    """Verify a slice."""
    assert all(verify_one(Scheme.API, message, signature) for message, signature in pairs)
    return len(pairs)


def measure_verify(seconds: float) -> None:
    """Signatures alone, by threads."""
    pairs = [(order(n), sign_api(KEYS[n % 16], order(n))) for n in range(2_000)]
    slices = [pairs[start : start + 64] for start in range(0, len(pairs), 64)]
    for threads in (1, 2):
        with ThreadPoolExecutor(threads) as pool:
            rate = rate_of(seconds, lambda pool=pool: sum(pool.map(check_signatures, slices)))
        state(measure="verify", threads=threads, signatures_per_second=rate)


def ring() -> Keyring:
    """A ring that knows sixteen customers."""
    keys = Keyring()
    for number, key in enumerate(KEYS):
        keys.register(KeyEntry(key.public, Role.CUSTOMER, f"c{number}", Permission.READ | Permission.TRADE, At(0, 0)))
    return keys


def submission(scheme: Scheme, number: int) -> Submission:
    """One order under one scheme."""
    key = KEYS[number % 16]
    if scheme is Scheme.API:
        signed = order(number)
        return Submission(scheme, signed, (sign_api(key, signed),), Door("key-1"))
    fields = {"account": f"c{number % 16}", "price": "100.25", "quantity": "1.5", "side": "bid"}
    signed = command_bytes(EXCHANGE, "order.place", NOW + number, fields)
    if scheme is Scheme.COMMAND:
        return Submission(scheme, signed, (sign_command(key, signed),), Door("key-1"))
    return Submission(scheme, signed, (), Door("session-1"), key.public)


def log_accepted(log: CommandLog, accepted: Sequence[Accepted]) -> int:
    """What the door calls for a batch that holds."""
    return len(log.append([one.entry(NOW) for one in accepted]))


def measure_door(directory: Path, count: int) -> None:
    """From submitted bytes to durable in the log, by scheme and threads."""
    for scheme in Scheme:
        made = [submission(scheme, number) for number in range(count)]
        for threads in (1, 2):
            folder = Path(tempfile.mkdtemp(dir=directory))
            with (
                CommandLog.open(folder, EXCHANGE, GENESIS) as log,
                CommandDoor(EXCHANGE, ring(), POLICY, partial(log_accepted, log), threads=threads) as door,
            ):
                start = time.perf_counter()
                done = sum(door.submit(made[n : n + 1000], NOW)[1] or 0 for n in range(0, count, 1000))
                rate = round(done / (time.perf_counter() - start))
            assert done == count
            state(measure="door", scheme=scheme.name.lower(), threads=threads, batch=1000, commands_per_second=rate)
            shutil.rmtree(folder)


def main() -> int:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, default=Path("out"))
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--commands", type=int, default=8_000)
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    measure_append(arguments.directory, arguments.seconds)
    measure_read(arguments.directory)
    measure_verify(arguments.seconds)
    measure_door(arguments.directory, arguments.commands)
    return 0


if __name__ == "__main__":
    sys.exit(main())
