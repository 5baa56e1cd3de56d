"""A part of a log as one file, for an auditor: the records between two positions, chained to the head before them.

The file is a segment (docs/spec/log.md section 2) whose header says where it begins: number 0, the first sequence, the
hash before it, and a salt of zeros, because nothing is written to it any more. Its batches are cut anew; the chain is
over records alone, so their hashes are those of the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from ledger.canonical import Digest
from ledger.errors import FormatError
from ledger.log.record import (
    BLOCK_BYTES,
    Head,
    Record,
    SegmentHeader,
    Sequence64,
    batch_length,
    decode_batch,
    decode_segment_header,
    encode_batch,
    encode_segment_header,
)

__all__ = ["read_extract", "write_extract"]

BATCH_RECORDS: Final = 4_096
_SALT: Final = bytes(16)


def write_extract(path: Path, exchange: str, genesis: Digest, before: Head, records: Iterable[Record]) -> Head:
    """Write the records after `before` into a new file; gives the head after them."""
    header = SegmentHeader(exchange, genesis, 0, Sequence64(before.sequence + 1), before.hash, _SALT)
    head = before
    with path.open("xb") as file:
        file.write(encode_segment_header(header))
        batch: list[Record] = []
        for record in records:
            batch.append(record)
            if len(batch) == BATCH_RECORDS:
                head = _write(file, batch, head)
                batch = []
        if batch:
            head = _write(file, batch, head)
    return head


def _write(file: BinaryIO, batch: list[Record], head: Head) -> Head:
    data, again = encode_batch([record.entry for record in batch], head, _SALT)
    assert again[-1].hash == batch[-1].hash, "an extract has the hashes of its log"
    file.write(data)
    return Head(again[-1].sequence, again[-1].hash)


def read_extract(path: Path) -> tuple[SegmentHeader, Iterator[Record]]:
    """The header and the records, each checked against the chain as it comes; raises FormatError and OSError."""
    with path.open("rb") as file:
        header = decode_segment_header(file.read(BLOCK_BYTES))
    if header.number != 0 or header.salt != _SALT:
        raise FormatError("this is a segment of a log and no extract")
    return header, _records(path, header)


def _records(path: Path, header: SegmentHeader) -> Iterator[Record]:
    head = Head(Sequence64(header.first_sequence - 1), header.previous_hash)
    with path.open("rb") as file:
        file.seek(BLOCK_BYTES)
        while first := file.read(BLOCK_BYTES):
            shape = batch_length(first, _SALT)
            if shape is None:
                raise FormatError("the extract is damaged: no batch begins where one should")
            for record in decode_batch(first + file.read(shape[0] - len(first)), head, _SALT):
                head = Head(record.sequence, record.hash)
                yield record
