"""Benchmarks: JSON lines on standard output, a table for people on standard error.

    python -m tests.benchmarks.run [--quick] [--accounts N ...] [--assets A] [--kernel K ...] [--only NAME ...]
                                   [--repeat R]

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

from tests.benchmarks.child import CASE_NAMES
from tests.benchmarks.report import text_table

__all__ = ["main"]

SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (10_000,)
ASSETS = 20
LARGE = 2_000_000
"""From here on, unless more is asked for, only what shows the growth is run, and with the fastest kernel alone."""

LARGE_CASES = ("build", "update", "proof", "audit")
MANY_ASSETS_ACCOUNTS, MANY_ASSETS = 1_000_000, 200
MANY_ASSETS_CASES = ("build", "update", "proof", "verify", "audit")
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
    print(text_table(lines), file=sys.stderr)
    return 1 if failures else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.run", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--accounts", type=int, nargs="+", metavar="N", help="numbers of accounts")
    parser.add_argument("--assets", type=int, metavar="A", help="assets, USDC among them (default 20)")
    parser.add_argument("--kernel", nargs="+", metavar="K", help="kernels by name; `c` is the fastest compiled one")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="some of the cases, for instance: build audit peers")
    parser.add_argument("--repeat", type=int, default=3, metavar="R", help="runs of each case (default 3)")
    parser.add_argument(
        "--quick", action="store_true", help="10,000 accounts and two runs: does everything still work?"
    )
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
    for accounts, assets, cases, kernels in _plan(options, machine["kernels"]):
        with tempfile.TemporaryDirectory(prefix="tallystick-bench-") as folder:
            for record in _cases_of(Path(folder), accounts, assets, options.repeat, cases, kernels):
                yield record | {"machine": machine}
    if options.only is None or "peers" in options.only:
        for leaves in PEER_SIZES:
            if leaves <= max(options.accounts):
                for record in _child(["peers", str(leaves), str(options.repeat)], f"peers at {leaves}"):
                    yield record | {"machine": machine}


def _plan(options: argparse.Namespace, known: Sequence[str]) -> list[tuple[int, int, list[str], list[str]]]:
    """(accounts, assets, cases, kernels), one after the other."""
    fastest, numpy = known[-1], "numpy"
    kernels = options.kernel or list(dict.fromkeys([fastest, numpy]))
    if options.only is not None:
        unknown = set(options.only) - {*CASE_NAMES, *LIMIT_CASES}
        if unknown:
            raise SystemExit(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASE_NAMES)}, peers")
        cases = [name for name in CASE_NAMES if name in options.only]
        return [(accounts, options.assets or ASSETS, cases, kernels) for accounts in options.accounts if cases]
    plan = []
    for accounts in options.accounts:
        large = accounts >= LARGE
        cases = [name for name in CASE_NAMES if not large or name in LARGE_CASES]
        plan.append((accounts, options.assets or ASSETS, cases, options.kernel or ([fastest] if large else kernels)))
    if options.assets is None and options.kernel is None and MANY_ASSETS_ACCOUNTS in options.accounts:
        plan.append((MANY_ASSETS_ACCOUNTS, MANY_ASSETS, list(MANY_ASSETS_CASES), [fastest]))
    return plan


def _cases_of(
    folder: Path, accounts: int, assets: int, repeat: int, cases: Sequence[str], kernels: Sequence[str]
) -> Iterator[dict[str, Any]]:
    prepared = list(_child(["prepare", str(folder), str(accounts), str(assets)], f"data of {accounts} accounts"))
    if "failed" in prepared[0]:
        yield prepared[0]
        return
    if accounts >= LARGE:
        repeat = min(repeat, 2)
    for number, kernel in enumerate(kernels):
        for case in cases:
            if case in WITHOUT_KERNEL and number:
                continue
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
