"""What goes over the local socket: frames of a length and a body, and the bodies.

A frame is u32 length and body; a body is u64 number of the request, u8 kind and content. Both sides are on one machine
and one user; the token in the endpoint file keeps others out. Commands are as signed as they are in the log.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any, Final, NamedTuple

from ledger.canonical import ByteReader, lp
from ledger.door import Submission
from ledger.errors import FormatError
from ledger.log.record import Capacity, Door, Scheme, Signed, TraderKind

__all__ = [
    "ANSWER_BYTES_MAX",
    "FRAME_BYTES_MAX",
    "Frame",
    "Kind",
    "decode_submission",
    "encode_submission",
    "frame",
    "require_length",
    "split_frames",
]

FRAME_BYTES_MAX: Final = 1024 * 1024
ANSWER_BYTES_MAX: Final = 256 * 1024 * 1024
"""What a client takes from the exchange: a command of a hundred orders may end in many fills."""
_HEAD: Final = struct.Struct(">IQB")


class Kind(IntEnum):
    """What a frame carries: to the exchange a token, a command, a login or a question; back an answer in JSON."""

    TOKEN = 1
    COMMAND = 2
    LOGIN = 3
    QUESTION = 4
    ANSWER = 5


class Frame(NamedTuple):
    """One frame."""

    number: int
    kind: int
    content: bytes


def frame(number: int, kind: Kind, content: bytes) -> bytes:
    """The bytes of a frame."""
    return _HEAD.pack(len(content) + 9, number, kind) + content


def require_length(data: bytes | bytearray, most: int, at: int = 0) -> int:
    """The length of the frame that begins here; raises FormatError for one that is too short or too long."""
    length = int.from_bytes(data[at : at + 4], "big")
    if not 9 <= length <= most:
        raise FormatError("a frame of a length that none has")
    return length


def split_frames(data: bytearray, most: int = FRAME_BYTES_MAX) -> list[Frame]:
    """Take the whole frames off the front; raises FormatError for one that is too long."""
    frames, at = [], 0
    while len(data) - at >= 4:
        length = require_length(data, most, at)
        if len(data) - at < 4 + length:
            break
        _, number, kind = _HEAD.unpack_from(data, at)
        frames.append(Frame(number, kind, bytes(data[at + 13 : at + 4 + length])))
        at += 4 + length
    del data[:at]
    return frames


def encode_submission(submission: Submission) -> bytes:
    """A submission's bytes; what the server itself knows of it (session, source) is not among them."""
    scheme, signed, signatures, door, _ = submission
    parts = [bytes((scheme, len(signatures)))]
    parts += [key + signature for key, signature in signatures]
    parts += [lp(signed), lp(door.beneficial_owner), lp(door.trader), bytes((door.trader_kind, door.capacity))]
    return b"".join(parts)


def decode_submission(content: bytes, source: str, session_key: bytes) -> Submission:
    """Read it; raises FormatError."""
    reader = ByteReader(content)
    scheme, count = reader.number(1), reader.number(1)
    if scheme not in tuple(Scheme) or count > 4:
        raise FormatError("no such scheme, or too many signatures")
    signatures = tuple(Signed(reader.take(32), reader.take(64)) for _ in range(count))
    signed = reader.take(reader.number(4))
    owner, trader = reader.text(), reader.text()
    kinds: Any = (reader.number(1), reader.number(1))
    reader.end()
    return Submission(Scheme(scheme), signed, signatures, _door(source, owner, trader, *kinds), session_key)


def _door(source: str, owner: str, trader: str, kind: int, capacity: int) -> Door:
    if kind not in tuple(TraderKind) or capacity not in tuple(Capacity) or not (owner + trader).isascii():
        raise FormatError("no such kind of trader or capacity, or a code that is not ASCII")
    if max(len(owner), len(trader)) > 64:
        raise FormatError("a code is longer than 64 characters")
    return Door(
        source=source,
        beneficial_owner=owner,
        trader_kind=TraderKind(kind),
        trader=trader,
        capacity=Capacity(capacity),
    )
