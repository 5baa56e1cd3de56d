"""The store as a follower of the venue: one thread writes what was applied, behind a queue, so that nobody waits.

Rules:
1. A batch comes here after it is durable in the log and applied, so the store may lag and is never ahead.
2. What waits is written in order, as many batches in one transaction as there are, up to a number of commands.
3. The queue is bounded by commands: a store that is too slow for too long holds the engine, and memory stays.
4. `position` is what the database has committed. After a failure nothing more is taken, and the process must stop:
   everything is in the log, and the next start brings the store level.
5. `close` writes what waits. Without a thread every batch is written where it is handed over, for tests.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from ledger.canonical import Digest
from ledger.errors import InputError
from ledger.log import Head, Sequence64
from ledger.store.follow import batch_of
from ledger.store.store import Store
from ledger.venue import Applied, Follower

__all__ = ["COMMANDS_AT_ONCE", "COMMANDS_WAITING_MAX", "StoreFollower"]

COMMANDS_AT_ONCE: Final = 8_000
COMMANDS_WAITING_MAX: Final = 200_000
NAME: Final = "the store"


class StoreFollower:
    """See the module. `on_failure` is called once, in the writing thread, when that can write no more."""

    def __init__(
        self,
        store: Store,
        genesis: Digest,
        *,
        threaded: bool = True,
        on_failure: Callable[[], None] | None = None,
    ) -> None:
        """Raises InputError for the store of another exchange."""
        if store.position is not None and store.position.genesis != genesis:
            raise InputError(NAME, "belongs to another exchange's log", "Name this exchange's own in [store] url.")
        self._store = store
        self._genesis = genesis
        self._previous = store.head or Head(Sequence64(0), genesis)
        self._on_failure = on_failure
        self._changed = threading.Condition()
        self._waiting: deque[Applied] = deque()
        self._commands_waiting = 0
        self._is_closing = False
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="store", daemon=True) if threaded else None
        if self._thread is not None:
            self._thread.start()

    @property
    def position(self) -> int:
        """The log position that the store has committed."""
        return 0 if self._store.position is None else self._store.position.sequence

    def follower(self) -> Follower:
        """What the venue hands batches to, from where the store stands."""
        return Follower(int(self._previous.sequence), self.take, self._previous.hash, NAME)

    def take(self, applied: Applied) -> None:
        """Write a batch, now or soon; raises what stopped an earlier one."""
        if self._thread is None:
            self._write([applied])
            return
        with self._changed:
            while self._commands_waiting >= COMMANDS_WAITING_MAX and self.failure is None:
                self._changed.wait()
            if self.failure is not None:
                raise self.failure
            self._waiting.append(applied)
            self._commands_waiting += len(applied.records)
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._is_closing:
                    self._changed.wait()
                if not self._waiting:
                    return
                batches = self._next_batches()
            try:
                self._write(batches)
            except BaseException as error:
                with self._changed:
                    self.failure = error
                    self._waiting.clear()
                    self._changed.notify_all()
                if self._on_failure is not None:
                    self._on_failure()
                return
            with self._changed:
                self._commands_waiting -= sum(len(each.records) for each in batches)
                self._changed.notify_all()

    def _next_batches(self) -> list[Applied]:
        batches, commands = [self._waiting.popleft()], 0
        commands += len(batches[0].records)
        while self._waiting and commands + len(self._waiting[0].records) <= COMMANDS_AT_ONCE:
            batches.append(self._waiting.popleft())
            commands += len(batches[-1].records)
        return batches

    def _write(self, batches: Sequence[Applied]) -> None:
        """One transaction."""
        batch = batch_of(batches, self._previous)
        self._store.write(batch)
        self._previous = batch.head

    def wait(self) -> None:
        """Return when everything that was taken is committed; raises what stopped it."""
        with self._changed:
            while self._commands_waiting and self.failure is None:
                self._changed.wait()
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        """Write what waits and let go of the database; raises what stopped it, once it is closed."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._store.close()
        if self.failure is not None:
            raise self.failure
