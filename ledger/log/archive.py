"""Sealed segments copied away, checked there, and then removed here; a manifest of hashes stays.

`archive.json` stands in the log's folder and in each archive folder. A removed segment's line there is what the chain
continues from, so it is written, durably, before the file goes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ledger.canonical import Digest, Json, canonical_file, from_hex, parse_file
from ledger.errors import FormatError
from ledger.log.errors import LogCorrupt, LogDiffers, LogUnusable
from ledger.log.files import Files
from ledger.log.mirror import CHUNK_BYTES, copy_file
from ledger.log.record import GENESIS_SEQUENCE, Head, Sequence64
from ledger.log.volume import Volume, segment_name

if TYPE_CHECKING:
    from ledger.log.command_log import CommandLog

__all__ = [
    "ARCHIVE_NAME",
    "Archive",
    "ArchivedSegment",
    "archive_segments",
    "read_archive",
    "remove_archived",
    "verify_archive",
]

ARCHIVE_NAME: Final = "archive.json"
ARCHIVE_FORMAT: Final = "tallystick/log-archive/1"


class ArchivedSegment(NamedTuple):
    """A sealed segment that was copied away. `sha256` is what `sha256sum` shows of its file."""

    number: int
    first_sequence: int
    last: Head
    size: int
    sha256: str
    removed: bool


class Archive(NamedTuple):
    """The manifest of a log's archived segments, in order from segment 0."""

    exchange: str
    genesis: Digest
    segments: tuple[ArchivedSegment, ...] = ()

    @property
    def base(self) -> tuple[int, Head]:
        """The number and the head that the first segment still here begins after."""
        removed = [segment for segment in self.segments if segment.removed]
        if not removed:
            return 0, Head(GENESIS_SEQUENCE, self.genesis)
        return removed[-1].number + 1, removed[-1].last

    def hash_at(self, sequence: int) -> Digest | None:
        """The hash of a record that ends an archived segment, or of the genesis; None for any other."""
        if sequence == GENESIS_SEQUENCE:
            return self.genesis
        return next((segment.last.hash for segment in self.segments if segment.last.sequence == sequence), None)


def read_archive(files: Files, directory: Path, exchange: str, genesis: Digest) -> Archive:
    """The folder's manifest, empty when there is none; raises LogCorrupt or LogUnusable."""
    if ARCHIVE_NAME not in files.names(directory):
        return Archive(exchange, genesis)
    handle = files.open(directory / ARCHIVE_NAME)
    try:
        data = files.read(handle, 0, files.size(handle))
    finally:
        files.close(handle)
    try:
        archive = _decode(parse_file(data))
    except (FormatError, KeyError, TypeError) as error:
        raise LogCorrupt(ARCHIVE_NAME, 0, f"not the manifest of an archive ({error})") from None
    if (archive.exchange, archive.genesis) != (exchange, genesis):
        raise LogUnusable(f"{directory}: the archive of another exchange, or of another genesis")
    return archive


def _decode(document: Json) -> Archive:
    if not isinstance(document, dict) or document.get("format") != ARCHIVE_FORMAT:
        raise FormatError("another format")
    exchange, rows = document["exchange"], document["segments"]
    if not isinstance(exchange, str) or not isinstance(rows, list):
        raise FormatError("exchange or segments have another type")
    segments = tuple(_decode_segment(row) for row in rows)
    for position, segment in enumerate(segments):
        before = segments[position - 1] if position else None
        if segment.number != position or segment.first_sequence != (before.last.sequence + 1 if before else 1):
            raise FormatError(f"segment {position} does not follow the one before it")
        if before is not None and segment.removed and not before.removed:
            raise FormatError(f"segment {position} was removed before an older one")
    return Archive(exchange, Digest(from_hex(document["genesis"], 32)), segments)


def _decode_segment(row: Json) -> ArchivedSegment:
    if not isinstance(row, dict):
        raise FormatError("a segment is an object")
    number, first, last, size = (row[key] for key in ("number", "first_sequence", "last_sequence", "bytes"))
    removed = row["removed"]
    if not (type(number) is int and type(first) is int and type(last) is int and type(size) is int):
        raise FormatError("a number of a segment is no integer")
    if not isinstance(removed, bool):
        raise FormatError("`removed` is true or false")
    head = Head(Sequence64(last), Digest(from_hex(row["last_hash"], 32)))
    return ArchivedSegment(number, first, head, size, from_hex(row["sha256"], 32).hex(), removed)


def _encode(archive: Archive) -> bytes:
    rows: list[Json] = [
        {
            "bytes": segment.size,
            "first_sequence": segment.first_sequence,
            "last_hash": segment.last.hash.hex(),
            "last_sequence": int(segment.last.sequence),
            "number": segment.number,
            "removed": segment.removed,
            "sha256": segment.sha256,
        }
        for segment in archive.segments
    ]
    return canonical_file(
        {"exchange": archive.exchange, "format": ARCHIVE_FORMAT, "genesis": archive.genesis.hex(), "segments": rows}
    )


def _write(files: Files, directory: Path, archive: Archive) -> None:
    """Replace the manifest, whole and durable."""
    partial = directory / (ARCHIVE_NAME + ".part")
    if partial.name in files.names(directory):
        files.remove(partial)
    handle = files.open(partial, create=True)
    try:
        data = _encode(archive)
        if files.write(handle, 0, data) != len(data):
            raise OSError("the disk did not take the manifest of the archive")
        files.sync(handle)
    finally:
        files.close(handle)
    files.rename(partial, directory / ARCHIVE_NAME)
    files.sync_directory(directory)


def _digest(files: Files, path: Path) -> tuple[int, str]:
    """Size and SHA-256 of a file, read from the disk."""
    handle = files.open(path)
    try:
        size, digest = files.size(handle), hashlib.sha256()
        for offset in range(0, size, CHUNK_BYTES):
            digest.update(files.read(handle, offset, CHUNK_BYTES))
    finally:
        files.close(handle)
    return size, digest.hexdigest()


def _remove(files: Files, folder: Path, archive: Archive) -> list[str]:
    """Remove the files of all segments that the manifest calls removed, also those that a crash left behind."""
    gone = {segment_name(segment.number) for segment in archive.segments if segment.removed}
    names = [name for name in files.names(folder) if name in gone]
    for name in names:
        files.remove(folder / name)
    files.sync_directory(folder)
    return names


def archive_segments(log: CommandLog, target: Path) -> Archive:
    """Copy every sealed segment that is not in `target` yet, check the copies, and write both manifests.

    Each segment's records are verified before it is copied. Raises LogCorrupt, LogDiffers, LogUnusable.
    """
    volume = log.volume
    files, archive = volume.files, log.archive
    try:
        files.make_directory(target)
        known = {segment.number: segment for segment in archive.segments}
        present = set(files.names(target))
        for segment, following in zip(volume.segments, volume.segments[1:], strict=False):
            number, first = segment.header.number, segment.header.first_sequence
            name = segment_name(number)
            last = Head(Sequence64(following.header.first_sequence - 1), following.header.previous_hash)
            for _ in volume.records(first, last.sequence):
                pass
            if name not in present:
                copy_file(files, volume.directory / name, target / name, segment.size)
            size, digest = _digest(files, target / name)
            if (size, digest) != _digest(files, volume.directory / name):
                raise LogDiffers(f"{target / name}: the archived copy differs from the segment")
            known[number] = ArchivedSegment(number, first, last, size, digest, removed=False)
        archive = archive._replace(segments=tuple(known[number] for number in sorted(known)))
        for folder in (target, *log.folders):
            _write(files, folder, archive)
    except OSError as error:
        raise LogUnusable(f"{target}: {error.strerror or error}. Check the disk.") from error
    log.archive = archive
    return archive


def verify_archive(files: Files, directory: Path, exchange: str, genesis: Digest) -> Archive:
    """Check every segment in an archive folder against its manifest and the chain; raises LogCorrupt or LogDiffers."""
    archive = read_archive(files, directory, exchange, genesis)
    names = set(files.names(directory))
    for segment in archive.segments:
        name = segment_name(segment.number)
        if name not in names:
            raise LogCorrupt(name, 0, "the segment is not in the archive")
        if _digest(files, directory / name) != (segment.size, segment.sha256):
            raise LogDiffers(f"{directory / name}: not the segment that the manifest names")
    volume = Volume(files, directory, exchange, genesis)
    volume.recover((0, Head(GENESIS_SEQUENCE, genesis)), write=False)
    volume.verify()
    return archive


def remove_archived(log: CommandLog, target: Path, *, keep: int = 2) -> list[str]:
    """Remove from the log, and from its second copy, segments that `target` holds; the newest `keep` stay.

    The archive is verified first. Returns the names removed. Raises LogCorrupt, LogDiffers, LogUnusable.
    """
    assert keep >= 1, "the segment that is being written stays"
    if log.mirror_behind:
        raise LogUnusable("the second copy has not caught up. Remove segments when it has.")
    volume = log.volume
    files = volume.files
    try:
        held = verify_archive(files, target, volume.exchange, volume.genesis)
        leaving = {segment.header.number for segment in volume.segments[: max(0, len(volume.segments) - keep)]}
        by_number = {segment.number: segment for segment in held.segments}
        if not leaving <= set(by_number):
            raise LogUnusable(f"{target}: does not hold every segment that would be removed. Archive first.")
        segments = tuple(
            segment._replace(removed=segment.removed or segment.number in leaving) for segment in log.archive.segments
        )
        archive = log.archive._replace(segments=segments)
        for folder in log.folders:
            _write(files, folder, archive)
        log.archive = archive
        log.forget_segments(leaving)
        return sorted({name for folder in log.folders for name in _remove(files, folder, archive)})
    except OSError as error:
        raise LogUnusable(f"{target}: {error.strerror or error}. Check the disk.") from error
