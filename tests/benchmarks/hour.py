"""The close of an hour beside trading: one JSON line for each measurement.

    python -m tests.benchmarks.hour [--accounts N] [--kernel NAME] [--changes N] [--proofs N]

`hour-close`: from the cut (kept slots written, a process started) to the signed bundle, balances read from arrays on
disk, no chain to wait for; `opened` is when the next hour's trees were there. `hour-hold`: the longest single hold of
the live process by what it did: a change with a slice, the cut, the start of the process, a turn of the loop while the
close ran beside it or a thread read the next hour, the adoption, a slice while catching up. `hour-proof`: one
customer's proof from the bundle, as `tallystick proof` makes it. The loop makes a few changes each millisecond.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ledger.assets import Asset, AssetTable
from ledger.keys import SigningKey
from por.hour.balances import CutBalances
from por.hour.close import Broken, Closed, CutFacts, HourJob, HourProcess, Opened, no_reserves
from por.hour.sections import LedgerFacts, ZeroSumRow
from por.liabilities.folder import FOLDER, read_folder
from por.liabilities.kernels import Blob, select
from por.liabilities.live import SLICE, LiveForest
from por.liabilities.opened import OpenedHour, open_hour, read_opened, write_opened
from por.liabilities.rebuild import rebuild
from por.proofs import make_proof
from por.snapshot import SnapshotId
from por.verify.standalone import read_attestation
from tests.benchmarks.workload import EXCHANGE, MASTER, Workload, generate

KEY = SigningKey(bytes(range(32)))
FIRST = SnapshotId(EXCHANGE, "2026-01-01T00:00:00Z")
NEXT = SnapshotId(EXCHANGE, "2026-01-01T01:00:00Z")
SLICE_WITHOUT_C = SLICE // 10
PAUSE_SECONDS = 0.001
CHANGES_A_TURN = 20
IDENTITY_TAIL = b"@example.com"


def load_cut(folder: Path, assets: tuple[str, ...]) -> CutBalances:
    """The balances at the cut from arrays, as a store hands them over."""
    columns = {
        name: np.load(folder / f"{name}.npy") for name in ("tree", "account", "claims", "debts", "ids", "offsets")
    }
    count = len(columns["offsets"]) - 1
    ids = Blob(columns["ids"], columns["offsets"])
    trees = tuple(("main", asset, 6) for asset in assets)
    return CutBalances(
        trees,
        columns["tree"],
        columns["account"],
        np.zeros(columns["tree"].size, np.uint32),
        columns["claims"],
        columns["debts"],
        ("",),
        ids,
        np.zeros(count, np.uint8),
        ids,
        np.zeros(count, np.uint8),
    )


class Holds:
    """The longest time that each kind of work held the loop, in milliseconds: by the clock, and of its processor.

    The first is larger where other programs had the processor meanwhile, or another thread had Python's lock.
    """

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}
        self.longest_cpu: dict[str, float] = {}

    def __call__(self, name: str, work: Callable[[], Any]) -> Any:
        start, cpu = time.perf_counter(), time.thread_time()
        result = work()
        taken, busy = time.perf_counter() - start, time.thread_time() - cpu
        self.longest[name] = round(max(self.longest.get(name, 0.0), 1_000 * taken), 3)
        self.longest_cpu[name] = round(max(self.longest_cpu.get(name, 0.0), 1_000 * busy), 3)
        return result


class Exchange:
    """Balances as a ledger has them, and the live trees that follow them."""

    def __init__(self, workload: Workload, kernel_name: str | None) -> None:
        self.workload, self.kernel = workload, select(kernel_name)
        self.limit = SLICE if self.kernel.name.startswith("c-") else SLICE_WITHOUT_C
        random = np.random.default_rng(7)
        self.random = random
        self.claims = random.integers(1, 2**40, workload.leaves, dtype=np.uint64)
        self.debts = random.integers(1, 2**30, workload.leaves, dtype=np.uint64)
        self.debts[random.integers(0, 10, workload.leaves) != 0] = 0
        self.live = LiveForest(str(FIRST), MASTER, workload.trees, self.kernel)

    def amounts(self) -> np.ndarray[Any, Any]:
        found = np.zeros((self.workload.leaves, 4), ">u8")
        found[:, 1], found[:, 3] = self.claims, self.debts
        return found.view(np.uint8).reshape(-1, 32)

    def open(self) -> OpenedHour:
        work = self.workload
        columns = (work.leaf_tree, work.leaf_account, self.amounts())
        return open_hour(str(FIRST), MASTER, 0, work.trees, *columns, work.identities, self.kernel)

    def change(self, count: int) -> None:
        """So many leaves change, spread at random."""
        rows = self.random.integers(0, self.workload.leaves, count)
        values = self.random.integers(1, 2**40, count, dtype=np.uint64)
        self.claims[rows] = values
        change, debts = self.live.change, self.debts
        trees, accounts = self.workload.leaf_tree[rows].tolist(), self.workload.leaf_account[rows].tolist()
        for tree, account, claim, debt in zip(
            trees, accounts, self.claims[rows].tolist(), debts[rows].tolist(), strict=True
        ):
            change(tree, account, claim, debt)

    def zero_sum(self) -> list[ZeroSumRow]:
        lines = []
        for place, (entity, asset, _) in enumerate(self.workload.trees):
            rows = self.workload.leaf_tree == place
            claims, debts = int(self.claims[rows].sum()), int(self.debts[rows].sum())
            lines.append(ZeroSumRow(entity, asset, custody=claims - debts, debts=debts, claims=claims))
        return lines

    def save(self, folder: Path) -> tuple[str, ...]:
        work, count = self.workload, self.workload.accounts
        size = work.identities.data.size // count
        ids = np.ascontiguousarray(work.identities.data.reshape(count, size)[:, 13:]).reshape(-1)
        assert ids[:22].tobytes().endswith(IDENTITY_TAIL)
        columns: dict[str, np.ndarray[Any, Any]] = {
            "tree": work.leaf_tree,
            "account": work.leaf_account,
            "claims": self.claims,
            "debts": self.debts,
        }
        columns |= {"ids": ids, "offsets": np.arange(count + 1, dtype=np.uint64) * np.uint64(size - 13)}
        for name, column in columns.items():
            np.save(folder / f"{name}.npy", column)
        return tuple(asset for _, asset, _ in work.trees)


def in_thread(work: Callable[[], Any], turn: Callable[[], None]) -> tuple[Any, float]:
    """The result of `work` in a thread, and its seconds, while the loop goes on turning."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    start = time.perf_counter()
    thread.start()
    while thread.is_alive():
        turn()
    thread.join()
    return found[0], time.perf_counter() - start


def measure(folder: Path, accounts: int, kernel: str | None, changes: int, proofs: int) -> list[dict[str, Any]]:
    exchange, holds = Exchange(generate(accounts), kernel), Holds()
    live, turn = exchange.live, partial(_turn, exchange, holds, "beside the close")
    write_opened(folder / "first", exchange.open())
    live.adopt(read_opened(folder / "first"))
    for _ in range(max(changes // exchange.limit, 1)):
        exchange.change(exchange.limit)
        holds("slice", lambda: live.refresh(exchange.limit))
    assets = exchange.save(folder)  # what a store has at the cut; no part of the close
    zero_sum = exchange.zero_sum()
    start = time.perf_counter()
    roots = holds("cut", lambda: live.cut(1, folder / "first"))
    job = HourJob(
        facts=CutFacts(FIRST, LedgerFacts(1, bytes(32), bytes(32), 1, bytes(32)), roots, zero_sum, None),
        read_balances=partial(load_cut, folder, assets),
        read_reserves=no_reserves,
        folder=folder / "first",
        out=folder / "bundle",
        assets=AssetTable(tuple(Asset(name, 6) for name in assets)),
        key=KEY,
        master=MASTER,
        next_snapshot=NEXT,
        next_folder=folder / "second",
        kernel=exchange.kernel.name,
    )
    process = holds("start", lambda: HourProcess(job))
    times: dict[type, float] = {}
    while not process.is_over:
        turn()
        for message in process.messages():
            assert not isinstance(message, Broken), message
            times[type(message)] = time.perf_counter() - start
    assert Closed in times, times
    read = partial(_turn, exchange, holds, "beside reading")
    opened, reading = in_thread(lambda: read_opened(folder / "second"), read)
    waiting = live.pending
    holds("adopt", lambda: live.adopt(opened))
    while live.pending:
        holds("catching up", lambda: live.refresh(exchange.limit))
    common = {"accounts": accounts, "leaves": exchange.workload.leaves, "kernel": exchange.kernel.name}
    has_c = exchange.kernel.name.startswith("c-")
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = {"cpu_seconds": round(children.ru_utime + children.ru_stime, 3), "peak_rss_bytes": children.ru_maxrss * 1024}
    close = {**busy, "seconds": times[Closed], "opened_seconds": times[Opened], "aim_seconds": 10 if has_c else 30}
    hold = {
        "milliseconds": holds.longest,
        "cpu_milliseconds": holds.longest_cpu,
        "slice": exchange.limit,
        "caught_up": waiting,
        "read_seconds": reading,
    }
    found = [{"name": "hour-close", **common, **close}, {"name": "hour-hold", **common, **hold, "aim_milliseconds": 20}]
    return [*found, {"name": "hour-proof", **common, **_proofs(folder / "bundle", exchange, proofs)}]


def _turn(exchange: Exchange, holds: Holds, name: str) -> None:
    holds(name, lambda: exchange.change(CHANGES_A_TURN))
    time.sleep(PAUSE_SECONDS)


def _proofs(bundle: Path, exchange: Exchange, count: int) -> dict[str, Any]:
    start = time.perf_counter()
    document = read_attestation((bundle / "attestation.json").read_bytes())
    columns = read_folder(bundle / FOLDER)
    loaded = time.perf_counter() - start
    rebuilt = rebuild(columns, [6] * len(columns.trees), exchange.kernel)
    ready = time.perf_counter() - start
    for slot in range(count):
        make_proof(rebuilt, slot, bytes(32))
    each = (time.perf_counter() - start - ready) / max(count, 1)
    assert rebuilt.account_root.hex() == document["sections"]["snapshot"]["accounts"]["root"]
    size = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file())
    return {"load_seconds": loaded, "first_proof_seconds": ready + each, "next_seconds": each, "bundle_bytes": size}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The close of an hour beside trading.")
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--kernel", help="c, numpy, or any other that is there; the fastest without it")
    parser.add_argument("--changes", type=int, default=20_000, help="in the hour before the cut")
    parser.add_argument("--proofs", type=int, default=100)
    given = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="tallystick-hour-"))
    try:
        for record in measure(folder, given.accounts, given.kernel, given.changes, given.proofs):
            print(json.dumps(record), flush=True)
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
