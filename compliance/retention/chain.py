"""The bytes of an archive's files: segment headers, frames, and the chain through them. Pure.

A segment holds what was recorded between two closed days. Cost: a record of 500 bytes is parsed, encoded again and
hashed in about 30 us. Spec: docs/spec/archive.md section 3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from compliance.retention.codec import BODY_BYTES_MAX, decode_body, encode_body
from compliance.retention.records import Body, Entry
from ledger.canonical import ByteReader, Digest, Tag, tagged_hash, u32, u64
from ledger.errors import CheckFailed, FormatError

__all__ = [
    "HEADER_BYTES",
    "ArchiveCorrupt",
    "Header",
    "Link",
    "TornTail",
    "decode_header",
    "encode_frame",
    "encode_header",
    "entries_in",
    "make_entry",
    "segment_name",
]

_MAGIC: Final = b"TALLYARC"
_FORMAT: Final = 1
_FIELDS_BYTES: Final = len(_MAGIC) + 4 + 32 + 8 + 8 + 32
HEADER_BYTES: Final = _FIELDS_BYTES + 32
_HASH_BYTES: Final = 32
_U32: Final = struct.Struct(">I")


class ArchiveCorrupt(CheckFailed):
    """Bytes of an archive are no longer what was written. `file` and `offset` say where."""

    def __init__(self, file: str, offset: int, problem: str) -> None:
        self.file, self.offset, self.problem = file, offset, problem
        super().__init__(f"{file}, offset {offset}: {problem}. Restore the file from another copy.")


class TornTail(ArchiveCorrupt):
    """A segment ends inside a frame: a write that was under way, or a file cut short. `offset` is the frame's start."""


class Link(NamedTuple):
    """Where the chain stands: the last sequence, its hash, and when it was recorded."""

    sequence: int
    hash: Digest
    recorded: int


class Header(NamedTuple):
    """A segment's first bytes. `previous` is the hash before its first record."""

    genesis: Digest
    number: int
    first: int
    previous: Digest


def segment_name(number: int) -> str:
    """The file name of a segment."""
    return f"{number:010}.arc"


def encode_header(header: Header) -> bytes:
    """A segment's header, `HEADER_BYTES` long."""
    fields = _MAGIC + u32(_FORMAT) + header.genesis + u64(header.number) + u64(header.first) + header.previous
    assert len(fields) == _FIELDS_BYTES, "a header has one length"
    return fields + tagged_hash(Tag.ARCHIVE_SEGMENT, fields)


def decode_header(data: bytes, file: str) -> Header:
    """Read a header; raises TornTail for one that is cut short, and ArchiveCorrupt."""
    if len(data) < HEADER_BYTES:
        raise TornTail(file, 0, "the header is cut short")
    fields, digest = data[:_FIELDS_BYTES], data[_FIELDS_BYTES:HEADER_BYTES]
    if tagged_hash(Tag.ARCHIVE_SEGMENT, fields) != digest:
        raise ArchiveCorrupt(file, 0, "the header is not what was written")
    reader = ByteReader(fields)
    if reader.take(len(_MAGIC)) != _MAGIC or reader.number(4) != _FORMAT:
        raise ArchiveCorrupt(file, 0, "no segment of this format")
    return Header(Digest(reader.take(32)), reader.number(8), reader.number(8), Digest(reader.take(32)))


def make_entry(before: Link, recorded: int, body: Body) -> tuple[Entry, bytes]:
    """The next line after `before`, and its bytes; raises FormatError for a body without a spelling."""
    assert recorded >= before.recorded, "the chain's time never runs back"
    sequence = before.sequence + 1
    data = encode_body(sequence, recorded, body)
    if len(data) > BODY_BYTES_MAX:
        raise FormatError("a body is larger than 1 MiB: store the document and archive its hash")
    return Entry(sequence, recorded, body, tagged_hash(Tag.ARCHIVE_RECORD, before.hash + data)), data


def encode_frame(data: bytes, digest: Digest) -> bytes:
    """A body as it stands in its file: length, bytes, record hash."""
    return u32(len(data)) + data + digest


def entries_in(data: bytes, before: Link, file: str) -> Iterator[Entry]:
    """Every line of a segment's bytes, each checked against the chain as it comes.

    Raises TornTail where the bytes end inside a frame (all of what follows is zeros, or less than the frame says it
    is), and ArchiveCorrupt for everything else.
    """
    offset, end = HEADER_BYTES, len(data)
    while offset < end:
        size = _U32.unpack_from(data, offset)[0] if end - offset >= 4 else end
        last = offset + 4 + size + _HASH_BYTES
        if size == 0 and not any(data[offset:]):
            raise TornTail(file, offset, "the file ends in zeros")
        if size > BODY_BYTES_MAX and end - offset >= 4:
            raise ArchiveCorrupt(file, offset, "a record's length is none that a record can have")
        if last > end:
            raise TornTail(file, offset, "the file ends inside a record")
        body, digest = data[offset + 4 : offset + 4 + size], data[last - _HASH_BYTES : last]
        if tagged_hash(Tag.ARCHIVE_RECORD, before.hash + body) != digest:
            raise ArchiveCorrupt(file, offset, f"record {before.sequence + 1} is not what was chained")
        try:
            sequence, recorded, read = decode_body(body)
        except FormatError as error:
            raise ArchiveCorrupt(file, offset, f"record {before.sequence + 1} has no form ({error})") from None
        if sequence != before.sequence + 1 or recorded < before.recorded:
            raise ArchiveCorrupt(file, offset, f"record {before.sequence + 1} is out of order")
        before = Link(sequence, Digest(digest), recorded)
        yield Entry(sequence, recorded, read, before.hash)
        offset = last
