"""One process of a benchmark run: prepares data, or measures one case, and prints JSON lines. `run` starts it."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["CASE_NAMES", "main"]

CASE_NAMES = ("build", "update", "proof", "bulk", "verify", "browser", "audit")
FACTS = "facts.json"
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


def main(arguments: Sequence[str]) -> int:
    """`limits` | `prepare FOLDER N A` | `peers LEAVES R` | CASE FOLDER KERNEL R."""
    what, *rest = arguments
    if what == "limits":
        _limits()
    elif what == "prepare":
        _prepare(Path(rest[0]), int(rest[1]), int(rest[2]))
    elif what == "peers":
        _peers(int(rest[0]), int(rest[1]))
    else:
        _case(what, Path(rest[0]), rest[1], int(rest[2]))
    return 0


def _emit(record: dict[str, Any]) -> None:
    print(json.dumps(record), flush=True)


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT


def _limits() -> None:
    from tests.benchmarks.machine import facts, hash_limits

    machine = facts()
    for limit in hash_limits():
        _emit({"name": "hash-limit", "kernel": None, **limit, "machine": machine})


def _prepare(folder: Path, accounts: int, assets: int) -> None:
    from tests.benchmarks.cases import prepare
    from tests.benchmarks.workload import HOLDINGS, describe

    prepare(folder, accounts, assets)
    leaves = accounts * HOLDINGS
    _emit({"accounts": accounts, "assets": assets, "leaves": leaves, "workload": describe(accounts, assets)})


def _case(name: str, folder: Path, kernel: str, repeat: int) -> None:
    from por.liabilities.kernels import select
    from tests.benchmarks.cases import CASES, Given
    from tests.benchmarks.machine import timed

    chosen = select(kernel)
    assert set(CASES) == set(CASE_NAMES)
    for partial in CASES[name](Given(folder, chosen, repeat)):
        seconds, cpu = timed(partial.pop("runs")), partial.pop("cpu", None)
        busy = None if cpu is None else timed(cpu)["median"]
        record = {**partial, "kernel": chosen.name, "seconds": seconds, "cpu_seconds": busy}
        _emit({**record, "peak_rss_bytes": _peak_bytes()})


def _peers(leaves: int, repeat: int) -> None:
    from tests.benchmarks.machine import timed
    from tests.benchmarks.peers import PEERS, measure_peer

    for peer in PEERS:
        for partial in measure_peer(peer, leaves, repeat):
            seconds = timed(partial.pop("runs"))
            _emit({**partial, "kernel": None, "seconds": seconds, "accounts": None, "peak_rss_bytes": None})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
