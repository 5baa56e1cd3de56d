"""One directory of log segments: recovery of its end, appending, reading. A log has one volume, or two with a mirror.

Only the last segment can end in an unfinished batch, because a batch is written only after the one before it was
durable. Recovery cuts such a batch; whatever is broken with an intact batch after it was acknowledged once, and is
an error that names segment and offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ledger.canonical import Digest
from ledger.errors import FormatError
from ledger.log.errors import LogCorrupt, LogDiffers, LogUnusable
from ledger.log.files import Files, Handle
from ledger.log.record import (
    BLOCK_BYTES,
    GENESIS_SEQUENCE,
    Head,
    Record,
    SegmentHeader,
    Sequence64,
    batch_length,
    decode_batch,
    decode_segment_header,
    encode_segment_header,
)

__all__ = ["Cut", "Segment", "Volume", "read_batches", "segment_name"]

_NAME = re.compile(r"[0-9]{10}\.seg\Z")
SCAN_CHUNK_BYTES = 1024 * 1024


def segment_name(number: int) -> str:
    """The file name of a segment; names sort as numbers do."""
    return f"{number:010d}.seg"


class Segment(NamedTuple):
    """A segment file: its header and the bytes of it that hold."""

    header: SegmentHeader
    size: int


class Cut(NamedTuple):
    """What recovery removed from the end of a volume."""

    segment: str
    offset: int
    removed_bytes: int
    problem: str


class _Broken(Exception):
    """No whole batch at an offset."""

    def __init__(self, offset: int, problem: str) -> None:
        self.offset, self.problem = offset, problem
        super().__init__(problem)


class Batch(NamedTuple):
    """A batch as it stands in a segment."""

    offset: int
    size: int
    records: list[Record]


def read_batches(
    files: Files, handle: Handle, header: SegmentHeader, start: int, stop: int, head: Head
) -> Iterator[Batch]:
    """Batches from offset `start` on, the first after `head`, until `stop`; raises _Broken at the first bad one."""
    offset = start
    while offset < stop:
        block = files.read(handle, offset, BLOCK_BYTES)
        shape = batch_length(block, header.salt)
        if shape is None:
            raise _Broken(offset, "no batch begins here")
        size = shape[0]
        if offset + size > stop:
            raise _Broken(offset, "the batch is cut short")
        data = block if size == BLOCK_BYTES else block + files.read(handle, offset + BLOCK_BYTES, size - BLOCK_BYTES)
        try:
            records = decode_batch(data, head, header.salt)
        except FormatError as error:
            raise _Broken(offset, str(error)) from None
        yield Batch(offset, size, records)
        head = Head(records[-1].sequence, records[-1].hash)
        offset += size


class Volume:
    """Segments of one log in one directory. `head` is the last record, `cut` what recovery removed."""

    def __init__(self, files: Files, directory: Path, exchange: str, genesis: Digest) -> None:
        self.files, self.directory = files, directory
        self.exchange, self.genesis = exchange, genesis
        self.segments: list[Segment] = []
        self.head = Head(GENESIS_SEQUENCE, genesis)
        self.cut: Cut | None = None
        self._handle: Handle | None = None

    # --- opening -----------------------------------------------------------------------------------------------

    def recover(self, base: tuple[int, Head], *, write: bool = True) -> None:
        """Read the directory: headers of all segments, every record of the last one, and cut its unfinished end.

        `base` is the number and the head after which the first segment here must begin: (0, genesis) unless earlier
        segments were archived and removed. Without `write` nothing is changed, and the unfinished end is passed over.
        Raises LogCorrupt, LogDiffers or LogUnusable.
        """
        number, head = base
        names = [name for name in self.files.names(self.directory) if _NAME.match(name)]
        names = self._without_unbegun([name for name in names if int(name[:10]) >= number], write)
        self.close()
        self.segments, self.head = [], head
        for position, name in enumerate(names):
            if name != segment_name(number + position):
                raise LogCorrupt(segment_name(number + position), 0, "the segment is missing")
            self._recover_segment(name, number + position, position == len(names) - 1, write)

    def _without_unbegun(self, names: list[str], write: bool) -> list[str]:
        """The names without a last segment whose header was never finished; its first batch never began either."""
        if not names:
            return names
        path = self.directory / names[-1]
        handle = self.files.open(path)
        try:
            size = self.files.size(handle)
            decode_segment_header(self.files.read(handle, 0, BLOCK_BYTES))
        except FormatError as error:
            if size > BLOCK_BYTES:
                raise LogCorrupt(names[-1], 0, str(error)) from None
        else:
            return names
        finally:
            self.files.close(handle)
        self.cut = Cut(names[-1], 0, size, "the segment was never begun")
        if write:
            self.files.remove(path)
            self.files.sync_directory(self.directory)
        return names[:-1]

    def _recover_segment(self, name: str, number: int, is_last: bool, write: bool) -> None:
        path = self.directory / name
        handle = self.files.open(path, write=write and is_last)
        keep = False
        try:
            size = self.files.size(handle)
            header = self._read_header(handle, name, number)
            end = self._recover_tail(handle, header, size) if is_last else self._sealed_end(handle, name, size)
            if end < size and write:
                self.files.truncate(handle, end)
            self.segments.append(Segment(header, end))
            keep = write and is_last
        finally:
            if not keep:
                self.files.close(handle)
        if keep:
            # The end may be whole and yet not durable: what is read again after a crash must stay.
            self.files.sync(handle)
            self.files.sync_directory(self.directory)
            self._handle = handle

    def _read_header(self, handle: Handle, name: str, number: int) -> SegmentHeader:
        """The header, checked against the chain so far."""
        try:
            header = decode_segment_header(self.files.read(handle, 0, BLOCK_BYTES))
        except FormatError as error:
            raise LogCorrupt(name, 0, str(error)) from None
        if header.exchange != self.exchange or header.genesis != self.genesis:
            raise LogUnusable(
                f"{self.directory}: the log of another exchange, or of another genesis ({header.exchange})"
            )
        if header.number != number:
            raise LogCorrupt(name, 0, f"the segment calls itself number {header.number}")
        if self.segments and header.first_sequence > self.segments[-1].header.first_sequence:
            # Of a sealed segment only the last hash was read; the next header tells the sequence that belongs to it.
            self.head = Head(Sequence64(header.first_sequence - 1), self.head.hash)
        if (header.first_sequence, header.previous_hash) != (self.head.sequence + 1, self.head.hash):
            raise LogCorrupt(name, 0, "the segment does not follow the one before it")
        return header

    def _sealed_end(self, handle: Handle, name: str, size: int) -> int:
        """A sealed segment ends in its last record's hash; the records are checked by `verify` and by reading."""
        if size <= BLOCK_BYTES or size % BLOCK_BYTES:
            raise LogCorrupt(name, size, "the segment is cut short")
        self.head = Head(self.head.sequence, Digest(self.files.read(handle, size - 32, 32)))
        return size

    def _recover_tail(self, handle: Handle, header: SegmentHeader, size: int) -> int:
        """Read every batch of the last segment; returns where the last whole one ends."""
        end = BLOCK_BYTES
        try:
            for batch in read_batches(self.files, handle, header, end, size, self.head):
                end = batch.offset + batch.size
                self.head = Head(batch.records[-1].sequence, batch.records[-1].hash)
        except _Broken as broken:
            self._refuse_middle(handle, header, broken, size)
            self.cut = Cut(segment_name(header.number), broken.offset, size - broken.offset, broken.problem)
        return end

    def _refuse_middle(self, handle: Handle, header: SegmentHeader, broken: _Broken, size: int) -> None:
        """Raise LogCorrupt if a batch begins anywhere after the broken one: then the broken one was durable once."""
        offset = broken.offset + BLOCK_BYTES
        while offset < size:
            chunk = self.files.read(handle, offset, SCAN_CHUNK_BYTES)
            for at in range(0, len(chunk), BLOCK_BYTES):
                if batch_length(chunk[at : at + BLOCK_BYTES], header.salt) is not None:
                    raise LogCorrupt(segment_name(header.number), broken.offset, broken.problem)
            offset += SCAN_CHUNK_BYTES

    # --- writing -----------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Bytes of the segment that is being written; 0 before the first."""
        return self.segments[-1].size if self.segments else 0

    def prepare_segment(self, header: SegmentHeader) -> Handle:
        """Make a new segment, durable with its name, and keep writing the old one until `enter_segment`.

        On failure nothing durable is left of it and OSError is raised; if even that fails, LogUnusable.
        """
        assert header.first_sequence == self.head.sequence + 1 and header.previous_hash == self.head.hash
        handle = self.files.open(self.directory / segment_name(header.number), create=True)
        try:
            self._write_all(handle, 0, encode_segment_header(header))
            self.files.sync(handle)
            self.files.sync_directory(self.directory)
        except OSError:
            self.abandon_segment(header, handle)
            raise
        return handle

    def abandon_segment(self, header: SegmentHeader, handle: Handle) -> None:
        """Take a prepared segment back; raises LogUnusable when the disk does not let it."""
        self.files.close(handle)
        try:
            self.files.remove(self.directory / segment_name(header.number))
            self.files.sync_directory(self.directory)
        except OSError as error:
            raise LogUnusable(f"{self.directory}: {error.strerror or error}. Check the disk.") from error

    def enter_segment(self, header: SegmentHeader, handle: Handle) -> None:
        """Write to a prepared segment from now on."""
        self.close()
        self._handle = handle
        self.segments.append(Segment(header, BLOCK_BYTES))

    def write(self, data: bytes) -> None:
        """Write a batch after the end, without making it durable or counting it."""
        assert self._handle is not None and len(data) % BLOCK_BYTES == 0
        self._write_all(self._handle, self.size, data)

    def sync(self) -> None:
        """Make what was written durable."""
        assert self._handle is not None
        self.files.sync(self._handle)

    def commit(self, size: int, head: Head) -> None:
        """Count a written and durable batch of `size` bytes."""
        last = self.segments[-1]
        self.segments[-1] = Segment(last.header, last.size + size)
        self.head = head

    def roll_back(self) -> None:
        """Remove, durably, whatever was written after the end."""
        assert self._handle is not None
        self.files.truncate(self._handle, self.size)
        self.files.sync(self._handle)

    def forget(self, numbers: set[int]) -> None:
        """Drop archived segments from what is read here, never the one that is being written."""
        self.segments = [s for s in self.segments[:-1] if s.header.number not in numbers] + self.segments[-1:]

    def close(self) -> None:
        """Give the file back."""
        if self._handle is not None:
            self.files.close(self._handle)
            self._handle = None

    def _write_all(self, handle: Handle, offset: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            taken = self.files.write(handle, offset, view)
            if taken <= 0:
                raise OSError(f"the disk took {taken} of {len(view)} bytes")
            offset += taken
            view = view[taken:]

    # --- reading -----------------------------------------------------------------------------------------------

    def records(self, first: int, last: int) -> Iterator[Record]:
        """Records `first` to `last`, each checked against the chain; raises LogCorrupt."""
        for position, segment in enumerate(self.segments):
            following = self.segments[position + 1].header.first_sequence if position + 1 < len(self.segments) else None
            if following is not None and following <= first:
                continue
            if segment.header.first_sequence > last:
                return
            for record in self._segment_records(segment, first):
                if record.sequence > last:
                    return
                if record.sequence >= first:
                    yield record

    def _segment_records(self, segment: Segment, first: int) -> Iterator[Record]:
        header = segment.header
        name = segment_name(header.number)
        handle = self.files.open(self.directory / name)
        try:
            start, head = self._seek(handle, segment, first)
            for batch in read_batches(self.files, handle, header, start, segment.size, head):
                yield from batch.records
        except _Broken as broken:
            raise LogCorrupt(name, broken.offset, broken.problem) from None
        finally:
            self.files.close(handle)

    def _seek(self, handle: Handle, segment: Segment, first: int) -> tuple[int, Head]:
        """Offset of the batch that holds sequence `first`, by the batches' headers alone, and the head before it."""
        header, offset = segment.header, BLOCK_BYTES
        if first <= header.first_sequence:
            return offset, Head(Sequence64(header.first_sequence - 1), header.previous_hash)
        while offset < segment.size:
            shape = batch_length(self.files.read(handle, offset, 32), header.salt)
            if shape is None:
                raise _Broken(offset, "no batch begins here")
            size, count, start = shape
            if start + count > first:
                break
            offset += size
        else:
            return offset, self.head
        if offset == BLOCK_BYTES:
            return offset, Head(Sequence64(header.first_sequence - 1), header.previous_hash)
        return offset, Head(Sequence64(start - 1), Digest(self.files.read(handle, offset - 32, 32)))

    def verify(self) -> None:
        """Read and check every record from the first segment here to the end; raises LogCorrupt."""
        head: Head | None = None
        for position, segment in enumerate(self.segments):
            header = segment.header
            name = segment_name(header.number)
            if head is not None and (header.first_sequence, header.previous_hash) != (head.sequence + 1, head.hash):
                raise LogCorrupt(name, 0, "the segment does not follow the one before it")
            head = Head(Sequence64(header.first_sequence - 1), header.previous_hash)
            for record in self._segment_records(segment, 0):
                head = Head(record.sequence, record.hash)
            assert position == len(self.segments) - 1 or head.sequence >= header.first_sequence
        if head is not None and head != self.head:
            raise LogDiffers(f"{self.directory}: the records end at {head.sequence}, the log at {self.head.sequence}")
