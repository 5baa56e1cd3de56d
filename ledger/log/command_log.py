"""The command log: append-only, hash-chained, durable when `append` returns. Format: docs/spec/log.md.

Rules:
1. One writer: a lock file is held from `open` to `close`.
2. A batch is written whole, then made durable, then acknowledged; the next is written only after that.
3. A failed append leaves the log durably as it was, or the log takes nothing more (`AppendUncertain`).
4. `open` cuts an unfinished batch at the end, refuses damage anywhere else, brings the second copy level, and refuses
   a log that is behind the last published position or differs from it.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, NoReturn

from ledger.canonical import Digest
from ledger.log.archive import Archive, read_archive
from ledger.log.errors import AppendFailed, AppendUncertain, LogBehind, LogDiffers, LogLocked, LogUnusable
from ledger.log.files import Files, Handle, LockTaken, OsFiles
from ledger.log.mirror import Follower, MirrorPolicy, Step, bring_level, compare
from ledger.log.record import BLOCK_BYTES, Entry, Head, Record, SegmentHeader, Sequence64, encode_batch
from ledger.log.volume import Cut, Volume, segment_name

__all__ = ["SEGMENT_BYTES", "CommandLog", "LogOptions", "LogReader", "Recovery"]

SEGMENT_BYTES: Final = 256 * 1024 * 1024
LOCK_NAME: Final = "LOCK"
_DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})


class LogOptions(NamedTuple):
    """How a log is kept."""

    segment_bytes: int = SEGMENT_BYTES
    mirror: Path | None = None
    mirror_policy: MirrorPolicy = MirrorPolicy.SYNC
    verify_all: bool = False
    """Read every record of every segment on open, not those of the last segment alone."""


class Recovery(NamedTuple):
    """What `open` found and did."""

    cut: Cut | None
    mirror_cut: Cut | None
    restored_bytes: int
    """Brought back from the second copy, which was ahead."""
    mirrored_bytes: int
    """Brought to the second copy, which was behind."""


class LogReader:
    """A log read without changing anything; also of a log that another process writes, up to its last whole batch."""

    def __init__(self, directory: Path, exchange: str, genesis: Digest, *, files: Files | None = None) -> None:
        """Read the directory; raises LogCorrupt, LogDiffers or LogUnusable."""
        files = OsFiles() if files is None else files
        self._volume = Volume(files, directory, exchange, genesis)
        self.archive = read_archive(files, directory, exchange, genesis)
        self._volume.recover(self.archive.base, write=False)

    @property
    def head(self) -> Head:
        """The last record's sequence and hash."""
        return self._volume.head

    @property
    def first_sequence(self) -> int:
        """The oldest sequence that is still here."""
        return int(self.archive.base[1].sequence) + 1

    @property
    def segments(self) -> list[tuple[Path, int]]:
        """The files of the log in order, each with the bytes of it that hold: up to its last whole batch."""
        folder = self._volume.directory
        return [(folder / segment_name(each.header.number), each.size) for each in self._volume.segments]

    def hash_at(self, sequence: int) -> Digest | None:
        """The hash of one record, or of the genesis for 0; None for a record inside an archived segment."""
        return _hash_at(self._volume, self.archive, sequence)

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
        """Records `first` to `last` in order, each checked against the chain; raises LogCorrupt or LogUnusable."""
        yield from _records(self._volume, self.first_sequence, first, last)

    def verify(self) -> None:
        """Check every record; raises LogCorrupt or LogDiffers."""
        self._volume.verify()


def _records(volume: Volume, oldest: int, first: int, last: int | None) -> Iterator[Record]:
    if first < oldest:
        raise LogUnusable(f"record {first} was archived and removed; the log here begins with {oldest}")
    yield from volume.records(first, volume.head.sequence if last is None else min(last, volume.head.sequence))


def _hash_at(volume: Volume, archive: Archive, sequence: int) -> Digest | None:
    base = archive.base[1]
    if sequence < base.sequence:
        return archive.hash_at(sequence)
    if sequence == base.sequence:
        return base.hash
    if sequence == volume.head.sequence:
        return volume.head.hash
    return next(_records(volume, int(base.sequence) + 1, sequence, sequence)).hash


class CommandLog:
    """The one writer of a log. Use `open`; `append` from one thread or several, one batch at a time."""

    def __init__(self, primary: Volume, lock: Handle, archive: Archive, options: LogOptions) -> None:
        """For `open` alone."""
        self._primary, self._lock, self._options = primary, lock, options
        self.archive = archive
        self.recovery = Recovery(primary.cut, None, 0, 0)
        self._second: Volume | None = None
        self._follower: Follower | None = None
        self._uncertain: str | None = None
        self._turn = threading.Lock()

    @classmethod
    def open(
        cls,
        directory: Path,
        exchange: str,
        genesis: Digest,
        *,
        expected: Head | None = None,
        options: LogOptions | None = None,
        files: Files | None = None,
    ) -> CommandLog:
        """Open or begin the log in `directory`.

        `expected` is the position of the last published attestation. Raises LogLocked, LogCorrupt, LogBehind,
        LogDiffers, or LogUnusable when the disk refuses.
        """
        files = OsFiles() if files is None else files
        try:
            files.make_directory(directory)
            lock = files.lock(directory / LOCK_NAME)
        except LockTaken:
            raise LogLocked(f"{directory}: another process writes this log. Stop it first.") from None
        except OSError as error:
            raise LogUnusable(f"{directory}: {error.strerror or error}. Check the folder.") from None
        log: CommandLog | None = None
        try:
            archive = read_archive(files, directory, exchange, genesis)
            log = cls(Volume(files, directory, exchange, genesis), lock, archive, options or LogOptions())
            log._recover(expected)
        except OSError as error:
            (log.close() if log is not None else files.close(lock))
            raise LogUnusable(f"{directory}: {error.strerror or error}. Check the disk.") from error
        except BaseException:
            (log.close() if log is not None else files.close(lock))
            raise
        return log

    def _recover(self, expected: Head | None) -> None:
        primary = self._primary
        primary.recover(self.archive.base)
        self.recovery = Recovery(primary.cut, None, 0, 0)
        if self._options.mirror is not None:
            self._join_mirror(self._options.mirror)
        if self._options.verify_all:
            primary.verify()
        if expected is not None:
            self._compare_published(expected)

    def _join_mirror(self, directory: Path) -> None:
        """Recover the second copy, compare, and bring the shorter of the two level with the longer."""
        primary = self._primary
        primary.files.make_directory(directory)
        second = Volume(primary.files, directory, primary.exchange, primary.genesis)
        self._second = second
        second.recover(self.archive.base)
        mirror_cut = second.cut
        compare(primary, second, everything=self._options.verify_all)
        restored = mirrored = 0
        if (second.head.sequence, len(second.segments)) > (primary.head.sequence, len(primary.segments)):
            restored = bring_level(second, primary)
            primary.recover(self.archive.base)
        elif (second.head.sequence, len(second.segments)) < (primary.head.sequence, len(primary.segments)):
            mirrored = bring_level(primary, second)
            second.recover(self.archive.base)
        if second.head != primary.head or second.size != primary.size:
            raise LogDiffers(f"{directory}: the second copy does not end where the log ends")
        self.recovery = Recovery(self.recovery.cut, mirror_cut, restored, mirrored)
        if self._options.mirror_policy is MirrorPolicy.ASYNC:
            self._second, self._follower = None, Follower(second)

    def _compare_published(self, expected: Head) -> None:
        head = self.head
        if head.sequence < expected.sequence:
            raise LogBehind(
                f"the log ends at {head.sequence}, but {expected.sequence} was published. "
                "Restore the log from its second copy; never publish again from here."
            )
        found = self.hash_at(expected.sequence)
        if found is not None and found != expected.hash:
            raise LogDiffers(f"record {expected.sequence} is not the one that was published. Restore the log.")

    # --- what the log says ---------------------------------------------------------------------------------------

    @property
    def genesis(self) -> Digest:
        """What the first record chains to."""
        return self._primary.genesis

    @property
    def head(self) -> Head:
        """The last durable record's sequence and hash."""
        return self._primary.head

    @property
    def first_sequence(self) -> int:
        """The oldest sequence that is still here."""
        return int(self.archive.base[1].sequence) + 1

    def hash_at(self, sequence: int) -> Digest | None:
        """The hash of one record, or of the genesis for 0; None for a record inside an archived segment."""
        return _hash_at(self._primary, self.archive, sequence)

    def records(self, first: int = 1, last: int | None = None) -> Iterator[Record]:
        """Durable records `first` to `last` in order, each checked; raises LogCorrupt or LogUnusable."""
        yield from _records(self._primary, self.first_sequence, first, last)

    def verify(self) -> None:
        """Check every record of every segment here; raises LogCorrupt or LogDiffers."""
        self._primary.verify()

    @property
    def folders(self) -> list[Path]:
        """The folders of this log's copies, its own first."""
        return [self._primary.directory, *([] if self._options.mirror is None else [self._options.mirror])]

    @property
    def volume(self) -> Volume:
        """The log's own copy, for archiving."""
        return self._primary

    def forget_segments(self, numbers: set[int]) -> None:
        """Read archived segments no more; for `remove_archived` alone, which then removes their files."""
        with self._turn:
            self._primary.forget(numbers)
            if self._second is not None:
                self._second.forget(numbers)

    @property
    def mirror_problem(self) -> str | None:
        """Why an asynchronous second copy no longer follows; None while it does."""
        return None if self._follower is None else self._follower.problem

    @property
    def mirror_behind(self) -> int:
        """Records that an asynchronous second copy does not hold durably yet."""
        return 0 if self._follower is None else self._follower.behind

    # --- writing -------------------------------------------------------------------------------------------------

    def append(self, entries: Sequence[Entry]) -> list[Record]:
        """Log a batch; its records, durable (on both copies under `sync`) when this returns.

        Raises FormatError for an entry that no record can hold, AppendFailed when the log is as before,
        AppendUncertain when only opening it again can tell.
        """
        with self._turn:
            if self._uncertain is not None:
                raise AppendUncertain(self._uncertain)
            volumes = [self._primary] if self._second is None else [self._primary, self._second]
            self._begin_segment_when_full(volumes)
            data, records = encode_batch(entries, self.head, self._primary.segments[-1].header.salt)
            head = Head(records[-1].sequence, records[-1].hash)
            self._write(volumes, data)
            for volume in volumes:
                volume.commit(len(data), head)
            if self._follower is not None:
                self._follower.put(Step(None, data, head, len(records)))
            return records

    def _begin_segment_when_full(self, volumes: list[Volume]) -> None:
        # A segment holds at least one batch, however small segments are to be.
        full = max(self._options.segment_bytes, BLOCK_BYTES + 1)
        if self._primary.segments and self._primary.size < full:
            return
        number = self._primary.segments[-1].header.number + 1 if self._primary.segments else self.archive.base[0]
        head = self.head
        header = SegmentHeader(
            exchange=self._primary.exchange,
            genesis=self._primary.genesis,
            number=number,
            first_sequence=Sequence64(head.sequence + 1),
            previous_hash=head.hash,
            salt=self._primary.files.random(16),
        )
        prepared: list[tuple[Volume, Handle]] = []
        try:
            for volume in volumes:
                prepared.append((volume, volume.prepare_segment(header)))
        except (OSError, LogUnusable) as error:
            self._abandon_segment(header, prepared, error)
        for volume, handle in prepared:
            volume.enter_segment(header, handle)
        if self._follower is not None:
            self._follower.put(Step(header, b"", head, 0))

    def _abandon_segment(
        self, header: SegmentHeader, prepared: list[tuple[Volume, Handle]], error: OSError | LogUnusable
    ) -> NoReturn:
        problem = f"a new segment cannot be begun ({error})"
        try:
            for volume, handle in prepared:
                volume.abandon_segment(header, handle)
        except LogUnusable:
            self._refuse_more(problem, error)
        if isinstance(error, LogUnusable):
            self._refuse_more(problem, error)
        raise AppendFailed(f"{problem}; the log is as before") from error

    def _write(self, volumes: list[Volume], data: bytes) -> None:
        try:
            for volume in volumes:
                volume.write(data)
            for volume in volumes:
                volume.sync()
        except OSError as error:
            problem = error.strerror or str(error)
            try:
                for volume in volumes:
                    volume.roll_back()
            except OSError:
                self._refuse_more(f"the batch could neither be written nor taken back ({problem})", error)
            if error.errno not in _DISK_FULL:
                # After a failed write of any other kind the kernel's view and the disk may differ: read it again.
                self._uncertain = f"the disk failed earlier ({problem}). Open the log again."
            raise AppendFailed(f"the batch was not logged ({problem}); the log is as before") from error

    def _refuse_more(self, problem: str, error: Exception) -> NoReturn:
        self._uncertain = f"{problem}. Open the log again."
        raise AppendUncertain(self._uncertain) from error

    def close(self) -> None:
        """Let an asynchronous copy finish, then give files and lock back."""
        if self._follower is not None:
            self._follower.close()
        for volume in (self._primary, self._second):
            if volume is not None:
                volume.close()
        self._primary.files.close(self._lock)

    def __enter__(self) -> CommandLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
