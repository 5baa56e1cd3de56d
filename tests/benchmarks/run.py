"""Benchmarks: JSON lines on standard output, a table for people on standard error.

    python -m tests.benchmarks.run [--accounts N ...] [--assets A] [--kernel K ...] [--only NAME ...] [--repeat R] [--quick]

Data are made first, by another process. Each case runs in a process of its own, so that its peak memory is its own:
the interpreter, the prepared data and what the case does. Kernels: the fastest one here and `numpy`, unless named;
what does not depend on the kernel is run once. docs/benchmarks.md says what each line measures.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

__all__ = ["main"]

SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (10_000,)
LARGE = 2_000_000
"""From here on only what shows the growth is run unless it is asked for: a build, an update and an audit."""

LARGE_CASES = ("build", "update", "proof", "audit")
WITHOUT_KERNEL = frozenset({"proof", "verify", "browser"})
LIMIT_CASES = ("limits", "peers")
PEER_SIZES = (10_000, 100_000)
PYTHON_KERNELS = frozenset({"plain", "numpy"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 if a case failed."""
    options = _options(arguments)
    lines: list[dict[str, Any]] = []
    failures = 0
    limits: dict[str, float] = {}
    for record in _records(options):
        if "failed" in record:
            failures += 1
            print(f"{record['failed']}: {record['problem']}", file=sys.stderr)
            continue
        if record["name"] == "hash-limit":
            limits[record["engine"]] = record["seconds"]["median"] / record["items"]
        finished = _with_ratio(record, limits)
        lines.append(finished)
        print(json.dumps(finished, sort_keys=True), flush=True)
    from tests.benchmarks.report import text_table

    print(text_table(lines), file=sys.stderr)
    return 1 if failures else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--accounts", type=int, nargs="+", metavar="N", help="numbers of accounts")
    parser.add_argument("--assets", type=int, default=20, metavar="A", help="assets, USDC among them (default 20)")
    parser.add_argument("--kernel", nargs="+", metavar="K", help="kernels by name; `c` is the fastest compiled one")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="some of the cases, for instance: build audit peers")
    parser.add_argument("--repeat", type=int, default=5, metavar="R", help="runs of each case (default 5)")
    parser.add_argument("--quick", action="store_true", help="10,000 accounts and two runs: does everything still work?")
    options = parser.parse_args(arguments)
    if options.quick:
        options.repeat = min(options.repeat, 2)
    options.accounts = options.accounts or list(QUICK_SIZES if options.quick else SIZES)
    return options


def _records(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Every record without its ratio: limits first, then size by size, then the peers on the same machine."""
    machine: dict[str, Any] = {}
    for record in _child(["limits"], "limits"):
        machine = record.pop("machine", machine)
        yield record | {"machine": machine}
    kernels = options.kernel or sorted({machine["kernels"][-1], "numpy"}, key=machine["kernels"].index, reverse=True)
    for accounts in options.accounts:
        cases = _chosen(options.only, accounts)
        if not cases:
            continue
        with tempfile.TemporaryDirectory(prefix="tallystick-bench-") as folder:
            for record in _cases_of(Path(folder), accounts, options, cases, kernels):
                yield record | {"machine": machine}
    if options.only is None or "peers" in options.only:
        for leaves in PEER_SIZES:
            if leaves <= max(options.accounts):
                for record in _child(["peers", str(leaves), str(options.repeat)], f"peers at {leaves}"):
                    yield record | {"machine": machine}


def _chosen(only: Sequence[str] | None, accounts: int) -> list[str]:
    from tests.benchmarks.child import CASE_NAMES

    if only is not None:
        unknown = set(only) - {*CASE_NAMES, *LIMIT_CASES}
        if unknown:
            raise SystemExit(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASE_NAMES)}, peers")
        return [name for name in CASE_NAMES if name in only]
    return [name for name in CASE_NAMES if accounts < LARGE or name in LARGE_CASES]


def _cases_of(
    folder: Path, accounts: int, options: argparse.Namespace, cases: Sequence[str], kernels: Sequence[str]
) -> Iterator[dict[str, Any]]:
    prepared = list(_child(["prepare", str(folder), str(accounts), str(options.assets)], f"data of {accounts} accounts"))
    if "failed" in prepared[0]:
        yield prepared[0]
        return
    for number, kernel in enumerate(kernels):
        for case in cases:
            if case in WITHOUT_KERNEL and number:
                continue
            repeat = options.repeat if accounts < LARGE else min(options.repeat, 2)
            for record in _child([case, str(folder), kernel, str(repeat)], f"{case}, {kernel}, {accounts}"):
                if case in WITHOUT_KERNEL and "failed" not in record:
                    record["kernel"] = None
                yield record | prepared[0]


def _child(arguments: Sequence[str], what: str) -> Iterator[dict[str, Any]]:
    """The JSON lines of one process; a record `failed` if it did not end well."""
    command = [sys.executable, "-m", "tests.benchmarks.child", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    yield from (json.loads(line) for line in done.stdout.splitlines())
    if done.returncode:
        yield {"failed": what, "problem": f"ended with status {done.returncode}"}


def _with_ratio(record: dict[str, Any], limits: dict[str, float]) -> dict[str, Any]:
    """How many times the time that the unavoidable hashing alone would take, by the measured limit of its engine."""
    blocks = record.pop("blocks", None)
    if blocks is None:
        return record
    engine = "hashlib" if record["kernel"] in PYTHON_KERNELS else record["kernel"]
    one = {name: seconds / 3 for name, seconds in limits.items()}
    seconds = record["seconds"]["median"]
    ratios = {name: round(seconds / (blocks * one[name]), 2) for name in (engine, "openssl") if name in one}
    return record | {"hash_blocks": blocks, "ratio_to_hash_limit": ratios}


if __name__ == "__main__":
    sys.exit(main())
