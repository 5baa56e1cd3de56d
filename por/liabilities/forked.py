"""Two processes for the kernels that hold Python's lock: the NumPy kernel hashes in Python, one core at a time.

The child is a fork, so it has every array without a copy; what it makes comes back through a pipe. Only where that is
safe: a system that forks, a process with one Python thread. If anything goes wrong in the child, the parent does its
share too and meets the error itself.
"""

from __future__ import annotations

import os
import pickle
import threading
import warnings
from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["WORTH_A_FORK", "in_two_processes"]

WORTH_A_FORK = 200_000
"""Leaves from which on the second process gains more than it costs."""

Result = TypeVar("Result")


def _may_fork() -> bool:
    return hasattr(os, "fork") and (os.cpu_count() or 1) > 1 and threading.active_count() == 1


def in_two_processes(jobs: Sequence[Callable[[], Result]], sizes: Sequence[int]) -> list[Result]:
    """The results of all jobs, in order; about half of the work by `sizes` is done in a forked child.

    Results must pickle. Raises what a job raises.
    """
    child = _share_of_child(sizes) if _may_fork() else set()
    if not child:
        return [job() for job in jobs]
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Newer Pythons warn of threads in C libraries; none of those holds a lock that the child's work needs.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        os.close(reader)
        _work(writer, [jobs[number] for number in sorted(child)])
    os.close(writer)
    theirs: list[Result] | None = None
    try:
        own = {number: job() for number, job in enumerate(jobs) if number not in child}
        with os.fdopen(reader, "rb") as pipe:
            theirs = _received(pipe.read())
    finally:
        os.waitpid(pid, 0)
    made = dict(zip(sorted(child), theirs, strict=True)) if theirs is not None else {}
    return [own[n] if n in own else made[n] if n in made else job() for n, job in enumerate(jobs)]


def _share_of_child(sizes: Sequence[int]) -> set[int]:
    """The jobs of the child: the largest first, each to whoever has less; none where one job is nearly all."""
    loads, child = [0, 0], set()
    for number in sorted(range(len(sizes)), key=lambda n: -sizes[n]):
        side = 0 if loads[0] <= loads[1] else 1
        loads[side] += sizes[number]
        if side:
            child.add(number)
    return child


def _work(writer: int, jobs: Sequence[Callable[[], Result]]) -> None:
    """The child's life: do the jobs, hand the results over, and end without touching what the parent owns."""
    status = 1
    try:
        data = pickle.dumps([job() for job in jobs], protocol=5)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(data)
        status = 0
    finally:
        os._exit(status)


def _received(data: bytes) -> list[Result] | None:
    """The child's results; None if it ended before it had them all."""
    try:
        results: list[Result] = pickle.loads(data)  # our own child's, through our own pipe
    except (EOFError, pickle.UnpicklingError):
        return None
    return results
