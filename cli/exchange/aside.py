"""Work after each hour, beside trading: one process at a time, and what was asked for meanwhile after it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any

__all__ = ["Aside"]


class Aside:
    """`work(job)`, a function of a module, is run in a process of its own whenever something new is there.

    It does everything that is to be done by then, so that asking twice before it starts is asking once. `problem` is
    what the operator is told where it fails.
    """

    def __init__(self, name: str, work: Callable[[Any], object], job: Any, problem: str) -> None:
        self._name, self._work, self._job, self._problem = name, work, job, problem
        self._process: BaseProcess | None = None
        self._is_wanted = False

    def ask(self) -> None:
        """There is something new. Without a job there is nothing to do."""
        self._is_wanted = self._job is not None

    def work(self) -> str | None:
        """Start what is wanted; a word for the operator if the last one failed."""
        problem = None
        if self._process is not None and not self._process.is_alive():
            self._process.join()
            problem = self._problem if self._process.exitcode else None
            self._process = None
        if self._is_wanted and self._process is None:
            self._is_wanted = False
            process = get_context("spawn").Process(target=_run, args=(self._work, self._job), name=self._name)
            try:
                process.start()
            except OSError:
                # No memory, no descriptors, no room: trading goes on, and the next hour asks again.
                return self._problem
            self._process = process
        return problem

    def finish(self) -> list[str]:
        """Wait until everything that was asked for is done; words for the operator of what failed."""
        problems = []
        while self._is_wanted or self._process is not None:
            problem = self.work()
            if problem is not None:
                problems.append(problem)
            if self._process is not None:
                self._process.join()
        return problems


def _run(work: Callable[[Any], object], job: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a key pressed in a terminal is for the exchange to answer
    work(job)
