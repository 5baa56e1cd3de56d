"""The second copy of a log: compared on open, brought level in either direction, and followed while the log is written.

A copy holds the same bytes under the same names. Its last segment is copied batch by batch, each made durable before
the next, so that a copy recovers by the same rule as the log itself.
"""

from __future__ import annotations

import threading
from collections import deque
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from ledger.log.errors import LogDiffers, LogUnusable
from ledger.log.files import Files, Handle
from ledger.log.record import BLOCK_BYTES, Head, SegmentHeader, batch_length
from ledger.log.volume import Volume, segment_name

__all__ = ["Follower", "MirrorPolicy", "Step", "bring_level", "compare", "copy_file"]

CHUNK_BYTES = 1024 * 1024


class MirrorPolicy(StrEnum):
    """When a batch counts as durable."""

    SYNC = "sync"
    """When it is on both copies; a second copy that fails stops the log."""
    ASYNC = "async"
    """When it is in the log; the second copy follows, and what a lost disk costs is `Follower.behind`."""


def compare(one: Volume, other: Volume, *, everything: bool) -> None:
    """Raise LogDiffers unless each volume's bytes are a prefix of the other's.

    Without `everything` the last two common segments are read, and of the others their headers, which the chain binds.
    """
    theirs = {segment.header.number: segment for segment in other.segments}
    common = [(segment, theirs[segment.header.number]) for segment in one.segments if segment.header.number in theirs]
    for position, (mine, their) in enumerate(common):
        name = segment_name(mine.header.number)
        whole = everything or position >= len(common) - 2
        size = min(mine.size, their.size) if whole else BLOCK_BYTES
        offset = _first_difference(one, other, name, size)
        if offset is not None:
            raise LogDiffers(f"segment {name}, offset {offset}: the two copies of the log differ")


def _first_difference(one: Volume, other: Volume, name: str, size: int) -> int | None:
    mine, their = one.files.open(one.directory / name), other.files.open(other.directory / name)
    try:
        for offset in range(0, size, CHUNK_BYTES):
            length = min(CHUNK_BYTES, size - offset)
            left, right = one.files.read(mine, offset, length), other.files.read(their, offset, length)
            if left != right:
                return offset + next(
                    (i for i, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]), 0
                )
    finally:
        one.files.close(mine)
        other.files.close(their)
    return None


def bring_level(source: Volume, target: Volume) -> int:
    """Copy what `target` lacks of `source`; returns the bytes copied. The caller recovers `target` afterwards."""
    copied = 0
    have = {segment.header.number: segment.size for segment in target.segments}
    newest = max(have, default=-1)
    for segment in source.segments:
        number = segment.header.number
        if number < newest or have.get(number, 0) >= segment.size:
            continue
        name = segment_name(number)
        if number not in have and segment is not source.segments[-1]:
            copy_file(source.files, source.directory / name, target.directory / name, segment.size)
            copied += segment.size
        else:
            copied += _copy_batches(source, target, number, have.get(number, 0), segment.size)
    return copied


def copy_file(files: Files, source: Path, target: Path, size: int) -> None:
    """A durable copy that appears whole or not at all."""
    partial = target.with_name(target.name + ".part")
    if partial.name in files.names(target.parent):
        files.remove(partial)
    reader = files.open(source)
    try:
        writer = files.open(partial, create=True)
        try:
            for offset in range(0, size, CHUNK_BYTES):
                _write_all(files, writer, offset, files.read(reader, offset, min(CHUNK_BYTES, size - offset)))
            files.sync(writer)
        finally:
            files.close(writer)
    finally:
        files.close(reader)
    files.rename(partial, target)
    files.sync_directory(target.parent)


def _copy_batches(source: Volume, target: Volume, number: int, start: int, stop: int) -> int:
    name = segment_name(number)
    salt = next(segment.header.salt for segment in source.segments if segment.header.number == number)
    reader = source.files.open(source.directory / name)
    try:
        writer = target.files.open(target.directory / name, write=True, create=start == 0)
        try:
            offset = start
            while offset < stop:
                shape = batch_length(source.files.read(reader, offset, 32), salt)
                assert shape is not None or offset == 0, "a recovered segment is whole batches"
                size = BLOCK_BYTES if shape is None else shape[0]
                _write_all(target.files, writer, offset, source.files.read(reader, offset, size))
                target.files.sync(writer)
                if offset == 0:
                    target.files.sync_directory(target.directory)
                offset += size
        finally:
            target.files.close(writer)
    finally:
        source.files.close(reader)
    return stop - start


def _write_all(files: Files, handle: Handle, offset: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        taken = files.write(handle, offset, view)
        if taken <= 0:
            raise OSError(f"the disk took {taken} of {len(view)} bytes")
        offset += taken
        view = view[taken:]


class Step(NamedTuple):
    """What a copy does next: begin a segment, or write a batch of `records` that ends at `head`."""

    header: SegmentHeader | None
    data: bytes
    head: Head
    records: int


def _apply(step: Step, volume: Volume) -> None:
    if step.header is not None:
        volume.enter_segment(step.header, volume.prepare_segment(step.header))
        return
    volume.write(step.data)
    volume.sync()
    volume.commit(len(step.data), step.head)


class Follower:
    """Writes batches to a second copy from a thread of its own, in order.

    What waits is bounded: beyond `waiting_bytes_max` the copy stops following, says so in `problem`, and is brought
    level when the log is next opened. The log itself never waits for it.
    """

    def __init__(self, volume: Volume, waiting_bytes_max: int = 256 * 1024 * 1024) -> None:
        self.volume = volume
        self.problem: str | None = None
        self._waiting_bytes_max = waiting_bytes_max
        self._steps: deque[Step] = deque()
        self._waiting_bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="log-mirror", daemon=True)
        self._thread.start()

    @property
    def behind(self) -> int:
        """Records that are in the log and not yet in this copy's durable part, as far as it still follows."""
        with self._changed:
            return sum(step.records for step in self._steps)

    def put(self, step: Step) -> None:
        """Hand over a segment's header or a batch that the log has made durable."""
        with self._changed:
            if self.problem is not None:
                return
            if self._waiting_bytes + len(step.data) > self._waiting_bytes_max:
                self.problem = "the second copy fell too far behind and stopped following"
                return
            self._steps.append(step)
            self._waiting_bytes += len(step.data)
            self._changed.notify_all()

    def close(self) -> None:
        """Write what waits, then stop."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self.volume.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._steps and not self._closing:
                    self._changed.wait()
                if not self._steps:
                    return
                step = self._steps[0]
            try:
                _apply(step, self.volume)
            except (OSError, LogUnusable) as error:
                with self._changed:
                    self.problem = f"the second copy cannot be written ({error})"
                    return
            with self._changed:
                self._steps.popleft()
                self._waiting_bytes -= len(step.data)
