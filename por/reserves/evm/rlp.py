"""Recursive length prefix, the canonical form only: one value has one encoding, and any other bytes are refused.

Rules (Ethereum yellow paper, appendix B), each tested by name:
1. A single byte below 0x80 is itself and takes no prefix.
2. A length below 56 stands in the prefix; a longer one takes the long form, without leading zero bytes.
3. Nothing follows the outermost item, and every item ends inside its list.
4. Input longer than `max_bytes` or nested deeper than `max_depth` is refused before it is walked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from por.reserves.evm.errors import RlpError

__all__ = ["Item", "decode", "decode_flat", "decode_integer", "encode", "encode_integer"]

Item: TypeAlias = "bytes | list[Item]"

MAX_BYTES = 1 << 20
MAX_DEPTH = 8  # a trie node embeds at most a few nodes of under 32 bytes each; headers and accounts are flat


def encode(item: bytes | Sequence[object]) -> bytes:
    """Encode bytes, or a sequence of what can be encoded."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(0x80, len(item)) + item
    parts: list[bytes] = []
    for part in item:
        assert isinstance(part, bytes | list | tuple), "only bytes and sequences have an RLP form"
        parts.append(encode(part))
    body = b"".join(parts)
    return _prefix(0xC0, len(body)) + body


def _prefix(base: int, length: int) -> bytes:
    if length < 56:
        return bytes([base + length])
    size = (length.bit_length() + 7) // 8
    return bytes([base + 55 + size]) + length.to_bytes(size, "big")


def encode_integer(number: int) -> bytes:
    """The bytes of a non-negative integer, big-endian without leading zeros, ready for `encode`."""
    assert number >= 0
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def decode(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Item:
    """Decode exactly one item that fills `data`. Raises RlpError for anything but its canonical encoding."""
    if len(data) > max_bytes:
        raise RlpError(f"RLP of {len(data)} bytes is longer than the {max_bytes} allowed")
    item, end = _decode_at(data, 0, len(data), max_depth)
    if end != len(data):
        raise RlpError(f"{len(data) - end} bytes follow the RLP item")
    return item


def _decode_at(data: bytes, start: int, limit: int, depth: int) -> tuple[Item, int]:
    """The item at `start` and the position after it; nothing at or beyond `limit` belongs to it."""
    if start >= limit:
        raise RlpError("RLP ends where an item should begin")
    first = data[start]
    if first < 0x80:
        return data[start : start + 1], start + 1
    base = 0xC0 if first >= 0xC0 else 0x80
    body, end = _body(data, start, limit, first - base)
    if base == 0x80:
        text = data[body:end]
        if len(text) == 1 and text[0] < 0x80:
            raise RlpError("RLP gives a prefix to a byte that needs none")
        return text, end
    if depth == 0:
        raise RlpError("RLP is nested too deeply")
    items: list[Item] = []
    while body < end:
        item, body = _decode_at(data, body, end, depth - 1)
        items.append(item)
    return items, end


def _body(data: bytes, start: int, limit: int, code: int) -> tuple[int, int]:
    """Where the payload of the prefixed item at `start` begins and ends; `code` is its prefix above 0x80 or 0xc0."""
    if code < 56:
        begin, length = start + 1, code
    else:
        size = code - 55
        begin = start + 1 + size
        digits = data[start + 1 : min(begin, limit)]
        if len(digits) != size:
            raise RlpError("RLP ends inside a length")
        if digits[0] == 0:
            raise RlpError("RLP length has a leading zero byte")
        length = int.from_bytes(digits, "big")
        if length < 56:
            raise RlpError("RLP uses the long form for a short length")
    if length > limit - begin:
        raise RlpError("RLP item is longer than what holds it")
    return begin, begin + length


def decode_flat(data: bytes, *, max_bytes: int = MAX_BYTES) -> list[bytes]:
    """Decode a list whose items are all byte strings (an account, a header)."""
    item = decode(data, max_bytes=max_bytes, max_depth=1)
    if not isinstance(item, list):
        raise RlpError("RLP is a byte string where a list should stand")
    flat = [part for part in item if isinstance(part, bytes)]
    assert len(flat) == len(item), "depth 1 admits no list inside the list"
    return flat


def decode_integer(data: bytes, bits: int = 256) -> int:
    """Read a non-negative integer of at most `bits` bits: big-endian, no leading zero byte."""
    if data[:1] == b"\0":
        raise RlpError("RLP integer has a leading zero byte")
    number = int.from_bytes(data, "big")
    if number.bit_length() > bits:
        raise RlpError(f"RLP integer does not fit {bits} bits")
    return number
