"""The machine in a few facts that tell nothing of who owns it, and how fast it hashes: the limit of everything here."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from por.liabilities.kernels import available, select

__all__ = ["facts", "hash_limits", "timed"]

MESSAGE_BYTES = 129
"""An inner node of a sum tree: three blocks of SHA-256."""

_LOOP_MESSAGES = 200_000
_LOOP_REPEATS = 7
_KERNEL_LEAVES = 1 << 16
_SPEED_LINE = re.compile(r"^sha256\s+(\d+\.\d+)k\s*$", re.MULTILINE)


def facts() -> dict[str, Any]:
    """Processor, memory, versions and how busy the machine was; no host name, no path, no user."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "kernels": list(available()),
        "load_at_start": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = re.findall(r"^model name\s*:\s*(.+)$", info.read_text(encoding="utf-8"), re.MULTILINE)
        if names:
            return str(names[0]).strip()
    return platform.processor() or platform.machine()


def timed(seconds: list[float]) -> dict[str, Any]:
    """Median, fastest and slowest of some runs, and how many there were."""
    ordered = sorted(seconds)
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return {"median": median, "min": ordered[0], "max": ordered[-1], "runs": len(ordered)}


def hash_limits() -> list[dict[str, Any]]:
    """One measurement for each way to hash messages of 129 bytes on this machine, nothing but hashing."""
    found = [_hashlib_loop()]
    found += [_kernel_rate(name) for name in available() if name.startswith("c-")]
    speed = _openssl_speed()
    return [*found, speed] if speed else found


def _limit(engine: str, what: str, messages: int, seconds: list[float]) -> dict[str, Any]:
    return {"engine": engine, "measures": what, "items": messages, "seconds": timed(seconds)}


def _hashlib_loop() -> dict[str, Any]:
    message, sha256 = bytes(MESSAGE_BYTES), hashlib.sha256
    runs = []
    for _ in range(_LOOP_REPEATS):
        start = time.perf_counter()
        for _ in range(_LOOP_MESSAGES):
            sha256(message).digest()
        runs.append(time.perf_counter() - start)
    return _limit("hashlib", "hashlib.sha256 of 129 bytes in a loop, one thread", _LOOP_MESSAGES, runs)


def _kernel_rate(name: str) -> dict[str, Any]:
    """The kernel's own rate on nodes that lie in the cache, on all its threads; 128-bit sums included."""
    kernel = select(name)
    leaves = np.zeros((_KERNEL_LEAVES, 64), np.uint8)
    runs = []
    for _ in range(4 * _LOOP_REPEATS):
        start = time.perf_counter()
        kernel.levels(leaves)
        runs.append(time.perf_counter() - start)
    what = "inner nodes of one tree of 65,536 leaves, all threads of the kernel"
    return _limit(name, what, _KERNEL_LEAVES - 1, runs)


def _openssl_speed() -> dict[str, Any] | None:
    """`openssl speed` of 129-byte messages on one thread, where the command is installed."""
    program = shutil.which("openssl")
    if program is None:
        return None
    command = [program, "speed", "-seconds", "1", "-bytes", str(MESSAGE_BYTES), "-evp", "sha256"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    rate = _SPEED_LINE.search(answer)
    if rate is None:
        return None
    messages = round(float(rate[1]) * 1000 / MESSAGE_BYTES)
    return _limit("openssl", "openssl speed -bytes 129 -evp sha256, one thread", messages, [1.0])
