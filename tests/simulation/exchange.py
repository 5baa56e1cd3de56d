"""A venue on a simulated disk, with followers, that is lost in every way and started again.

In: batches, and which fault comes next. Out: answers, or None where nobody was answered. It knows what was acknowledged
and asserts at every start that all of it is in the log, and nothing else than what was under way.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Final

from ledger.door import Refused, Submission
from ledger.events import Event
from ledger.log import AppendFailed, AppendUncertain, Head, LogOptions, LogUnusable, Record, Sequence64
from ledger.venue import Answer, Applied, Follower, Venue, VenueOptions, VenuePaths
from tests.simulation.followers import FOLLOWED, Followed, FollowerLost
from tests.simulation.world import GENESIS, once_key
from tests.support.disk import Inode, PowerLoss, SimulatedDisk

__all__ = ["FAULTS", "RESTORES_CHECKPOINTS", "FaultyExchange"]

RESTORES_CHECKPOINTS: Final = True
"""Whether a start begins from the newest checkpoint. False while the desk of orders cannot be restored: the files are
then removed before a start. The lead turns it on here when it can."""

PATHS: Final = VenuePaths(Path("/venue"))
SECOND_COPY: Final = Path("/second")
OPTIONS: Final = VenueOptions(LogOptions(segment_bytes=96 * 1024, mirror=SECOND_COPY), threads=1)
FAULTS: Final = (
    "power",
    "power",
    "power-at-start",
    "full",
    "error",
    "follower",
    "follower",
    "restart",
    "kill",
    "copy",
    "checkpoint",
)
DISK_OPERATIONS: Final = ("write", "sync", "truncate", "create", "rename", "remove", "sync_directory")
STARTS_MAX: Final = 20


class FaultyExchange:
    """See the module. `records` and `facts` are everything that was applied, from sequence 1 on."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.disk = SimulatedDisk()
        self.followed: list[Followed] = [make() for make in FOLLOWED]
        self.records: list[Record] = []
        self.facts: list[list[Event]] = []
        self.places: dict[tuple[int, bytes, bytes], int] = {}
        self.acknowledged: dict[int, Answer] = {}
        self.happened: dict[str, int] = {}
        self._safe = Head(Sequence64(0), GENESIS.hash)
        self._older_copy: dict[Path, bytes] = {}
        self._pending_room = 0
        self.venue = self._start(())

    # Faults.

    def bring(self, fault: str) -> None:
        """Arm a fault, or let one happen now."""
        rng, disk = self._rng, self.disk
        if fault == "power":
            disk.stop_at = disk.operations + rng.randint(0, 14)
        elif fault == "power-at-start":
            self._kill()
            disk.stop_at = disk.operations + rng.randint(0, 30)
            self.venue = self._start(())
        elif fault == "full":
            used = sum(len(inode.current) for inode in set(disk.names_now.values()))
            disk.capacity, self._pending_room = used + rng.randint(0, 9_000), 3
        elif fault == "error":
            disk.fail[rng.choice(DISK_OPERATIONS)] = rng.choice((errno.EIO, errno.ENOSPC))
        elif fault == "follower":
            rng.choice(self.followed).arm(rng)
        elif fault == "restart":
            self._calm()
            self.venue.close()
            self.venue = self._start(())
        elif fault == "kill":
            self._kill()
            self.venue = self._start(())
        elif fault == "checkpoint":
            self._damage_checkpoint()
        else:
            self._lose_copy()
        self._note(fault)

    def _note(self, what: str) -> None:
        self.happened[what] = self.happened.get(what, 0) + 1

    def _calm(self) -> None:
        self.disk.stop_at, self.disk.capacity = None, None
        self.disk.fail.clear()

    def calm(self) -> None:
        """Let no armed fault come any more."""
        self._calm()

    def _kill(self) -> None:
        """The process is gone; what it wrote stays as the system has it, synced or not."""
        self.disk.handles.clear()
        self.disk.locks.clear()
        self.disk.locked_by.clear()

    def _damage_checkpoint(self) -> None:
        """One byte of one checkpoint is another, and the exchange starts again."""
        self._kill()
        written = [path for path in self.disk.names_now if path.parent == PATHS.checkpoints]
        if written:
            path = self._rng.choice(sorted(written))
            size = len(self.disk.names_now[path].current)
            if size:
                self.disk.flip(path, self._rng.randrange(size))
        self.venue = self._start(())

    def _lose_copy(self) -> None:
        """The second copy is gone, or is an older one; or the first is gone. Between two runs, all being durable."""
        self._calm()
        self.venue.close()
        folder = SECOND_COPY if self._rng.random() < 0.7 else PATHS.log
        names = self.disk.names_now
        for path in [path for path in names if path.parent == folder]:
            del names[path]
        if folder == SECOND_COPY and self._older_copy and self._rng.random() < 0.6:
            names.update({path: Inode(data) for path, data in self._older_copy.items()})
        self._older_copy = {path: bytes(i.current) for path, i in names.items() if path.parent == SECOND_COPY}
        self.disk.names_durable = dict(names)
        self.disk.name_changes.clear()
        self.venue = self._start(())

    # Starting.

    def _start(self, under_way: Sequence[Submission]) -> Venue:
        """Open the venue, again where a fault comes in between; what was acknowledged must be there."""
        for _ in range(STARTS_MAX):
            if not RESTORES_CHECKPOINTS:
                for path in [path for path in self.disk.names_now if path.parent == PATHS.checkpoints]:
                    del self.disk.names_now[path]
                    self.disk.names_durable.pop(path, None)
                self.disk.name_changes = [c for c in self.disk.name_changes if c[0] != PATHS.checkpoints]
            followers = [Follower(len(self.records), self._observe), *(each.follower() for each in self.followed)]
            try:
                venue = Venue.open(PATHS, GENESIS, followers, OPTIONS._replace(expected=self._safe), files=self.disk)
            except PowerLoss:
                self._lose_power()
            except (OSError, LogUnusable, AppendFailed):
                self._note("a start failed")
                self._calm()
                self._kill()
            except FollowerLost:
                self._kill()
            else:
                self._check_start(venue, under_way)
                return venue
        raise AssertionError("the exchange does not start any more")

    def _lose_power(self) -> None:
        self._note("power lost")
        disk = self.disk.after_power_loss(self._rng, torn=self._rng.random() < 0.7)
        disk.generator = Random(self._rng.getrandbits(32))
        if self._rng.random() < 0.2:
            disk.short = Random(self._rng.getrandbits(32))
        if self._rng.random() < 0.1:
            disk.stop_at = self._rng.randint(0, 30)
        self.disk = disk

    def _check_start(self, venue: Venue, under_way: Sequence[Submission]) -> None:
        """All that was acknowledged, and after it nothing, or what was under way and nothing else."""
        safe = int(self._safe.sequence)
        assert venue.log.head.sequence >= safe and venue.log.hash_at(safe) == self._safe.hash, "acknowledged is lost"
        sent = {once_key(each) for each in under_way}
        extra = [record.entry for record in venue.log.records(safe + 1)] if venue.log.head.sequence > safe else []
        assert all(once_key(entry) in sent for entry in extra), "the log has what nobody sent"
        if extra:
            self._note("a batch under way was logged")
        self._safe = venue.log.head
        assert len(self.records) == venue.engine.sequence == self._safe.sequence

    def _observe(self, applied: Applied) -> None:
        for record, events in zip(applied.records, applied.events, strict=True):
            assert record.sequence == len(self.records) + 1
            place = once_key(record.entry)
            assert place not in self.places, f"records {self.places[place]} and {record.sequence} are the same bytes"
            self.places[place] = int(record.sequence)
            self.records.append(record)
            self.facts.append(events)

    # Taking.

    def submit(self, batch: Sequence[Submission], received_us: int) -> list[Answer | Refused] | None:
        """Hand a batch to the venue; None where no answer came and the exchange was started again, or took nothing."""
        before = self.venue.log.head
        try:
            answers = self.venue.submit(batch, received_us)
        except PowerLoss:
            self._lose_power()
            self.venue = self._start(batch)
            return None
        except AppendFailed:
            self._note("a batch was not logged")
            assert self.venue.log.head == before and self.venue.engine.sequence == before.sequence
            return None
        except (AppendUncertain, LogUnusable, FollowerLost) as error:
            self._note(f"stopped by {type(error).__name__}")
            self._calm()
            self._kill()
            self.venue = self._start(batch)
            return None
        finally:
            if self._pending_room:
                self._pending_room -= 1
                if not self._pending_room:
                    self.disk.capacity = None
        self._safe = self.venue.log.head
        for submission, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Answer):
                assert self.records[answer.sequence - 1].entry.signed == submission.signed
                assert self.facts[answer.sequence - 1] == answer.events
                self.acknowledged[answer.sequence] = answer
        return answers

    def close(self) -> None:
        """Stop in good order."""
        self._calm()
        with suppress(FollowerLost):
            self.venue.close()
