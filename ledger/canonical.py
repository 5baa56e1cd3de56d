"""The one canonical encoding: primitives, tagged hashes and canonical JSON, as docs/spec/encoding.md fixes them.

Everything that is hashed or signed passes through here. A document has one spelling: `parse` refuses every other
by encoding what it read again and comparing bytes, so duplicate keys, white space and loose numbers all fail alike.
Cost: a tagged hash is one SHA-256 call, about 0.3 us for a tree node in CPython.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable
from enum import IntEnum
from typing import NewType, TypeAlias

from ledger.errors import FormatError

__all__ = [
    "AMOUNT_MAX",
    "ByteReader",
    "Digest",
    "Json",
    "Tag",
    "amount",
    "base64_text",
    "canonical",
    "canonical_file",
    "from_base64",
    "from_hex",
    "is_too_deep",
    "lp",
    "parse",
    "parse_file",
    "tagged_hash",
    "u32",
    "u64",
    "u128",
]

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
Digest = NewType("Digest", bytes)

AMOUNT_MAX = 2**128 - 1
INTEGER_MAX = 2**53 - 1
DEPTH_MAX = 32
DOCUMENT_BYTES_MAX = 64 * 1024 * 1024
KEYS_SEEN_MAX = 4_096

_KEY = re.compile(r"[A-Za-z0-9@_.:-]{1,64}\Z")
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,38})\Z")
_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{\]}]', re.DOTALL)
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(each for each in range(256) if each not in b"[]{}")
_HEX = re.compile(r"[0-9a-f]*\Z")


class Tag(IntEnum):
    """The last byte of every hashed message; one table for all (docs/spec/encoding.md section 2)."""

    LEAF = 0x00
    NODE = 0x01
    ASSET_ROOT = 0x02
    ASSET_CONTEXT = 0x03
    COMMITMENT = 0x04
    ACCOUNT_LEAF = 0x05
    ACCOUNT_NODE = 0x06
    ACCOUNT_ROOT = 0x07
    STATEMENT = 0x08
    SECTION = 0x09
    ATTESTATION = 0x0A
    RESERVE_EVIDENCE = 0x0B
    MANIFEST_ENTRY = 0x0C
    MANIFEST_ROOT = 0x0D
    MANIFEST = 0x0E
    KEY_ROTATION = 0x0F
    PROOF_NAME = 0x10
    ACCOUNT_CONTEXT = 0x11
    PRIVATE_ROOT = 0x12
    SAMPLE = 0x13
    HOUR_KEY = 0x20
    STREAM_KEY = 0x21
    COMMAND = 0x30
    LOG_RECORD = 0x31
    LOG_SEGMENT = 0x32
    LOG_BATCH = 0x33
    LOG_GENESIS = 0x34
    KEYRING = 0x35
    PERSONAL_KEY = 0x36
    PERSONAL_BINDING = 0x37
    JOURNAL_STATE = 0x38
    REGISTRY_STATE = 0x39
    ENGINE_STATE = 0x3A
    ENGINE_PARAMETERS = 0x3B
    COMPLIANCE_RULES = 0x40
    COMPLIANCE_PARAMETERS = 0x41
    COMPLIANCE_FACTS = 0x42
    COMPLIANCE_RESULTS = 0x43
    FIRM_FACT = 0x44
    TRAVEL_MESSAGE = 0x50
    TRAVEL_RECORD = 0x51
    TRAVEL_OWNERSHIP = 0x52
    ARCHIVE_GENESIS = 0x60
    ARCHIVE_RECORD = 0x61
    ARCHIVE_SEGMENT = 0x62
    ARCHIVE_DAY_ROOT = 0x63
    ARCHIVE_DAY = 0x64
    ARCHIVE_ORDER = 0x65
    ARCHIVE_SUBJECT = 0x66


def u32(value: int) -> bytes:
    """Four bytes, big-endian; raises OverflowError outside 0..2^32-1."""
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    """Eight bytes, big-endian; raises OverflowError outside 0..2^64-1."""
    return value.to_bytes(8, "big")


def u128(value: int) -> bytes:
    """Sixteen bytes, big-endian; raises OverflowError outside 0..2^128-1."""
    return value.to_bytes(16, "big")


def lp(value: bytes | str) -> bytes:
    """Length-prefixed bytes: u32 length, then the bytes; text as UTF-8."""
    data = value.encode() if isinstance(value, str) else value
    return u32(len(data)) + data


class ByteReader:
    """Takes numbers, bytes and length-prefixed texts off the front; what is short or left over is a FormatError."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def number(self, size: int) -> int:
        """An unsigned big-endian integer of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        taken = self.data[self.at : self.at + size]
        if len(taken) != size:
            raise FormatError("the bytes end too early")
        self.at += size
        return taken

    def text(self) -> str:
        """A length-prefixed text."""
        try:
            return self.take(self.number(4)).decode()
        except UnicodeDecodeError:
            raise FormatError("a text is not UTF-8") from None

    def end(self) -> None:
        """Refuse bytes that are left."""
        if self.at != len(self.data):
            raise FormatError("bytes are left over")


def tagged_hash(tag: Tag, message: bytes) -> Digest:
    """SHA-256 of the message followed by the tag's byte."""
    return Digest(hashlib.sha256(message + bytes((tag,))).digest())


def canonical(value: Json) -> bytes:
    """The one spelling of a JSON value, without line feed; raises FormatError for what has none."""
    _check(value, 0)
    return _ENCODER.encode(value).encode()


def canonical_file(value: Json) -> bytes:
    """The bytes of a document's file: the canonical bytes and one line feed."""
    return canonical(value) + b"\n"


def parse(data: bytes, bytes_max: int = DOCUMENT_BYTES_MAX) -> Json:
    """Read canonical bytes (no line feed); raises FormatError unless they are the one spelling of a value.

    `bytes_max` is for documents that a hash binds already, such as the sections of an engine's own checkpoint.
    """
    if len(data) > bytes_max:
        raise FormatError(f"the document is larger than {bytes_max // 2**20} MiB")
    if is_too_deep(data):
        raise FormatError(f"nested more than {DEPTH_MAX} deep")
    try:
        value: Json = _DECODER.decode(data.decode("utf-8"))
        again = canonical(value)
    except (UnicodeDecodeError, UnicodeEncodeError, json.JSONDecodeError, RecursionError, ValueError) as error:
        raise FormatError(f"not canonical JSON: {type(error).__name__}") from None
    if again != data:
        raise FormatError("not canonical JSON: the same value is written differently")
    return value


def parse_file(data: bytes) -> Json:
    """Read a document's file: canonical bytes and exactly one line feed; raises FormatError otherwise."""
    if not data.endswith(b"\n"):
        raise FormatError("a document ends in one line feed")
    return parse(data[:-1])


def amount(text: Json) -> int:
    """A decimal string of quanta, 0 to 2^128-1; raises FormatError for any other spelling."""
    if not isinstance(text, str) or not _AMOUNT.match(text):
        raise FormatError("an amount is a decimal string without sign, leading zeros or point")
    value = int(text)
    if value > AMOUNT_MAX:
        raise FormatError("an amount is at most 2^128-1")
    return value


def from_hex(text: Json, size: int) -> bytes:
    """Lower-case hex of exactly `size` bytes; raises FormatError."""
    if not isinstance(text, str) or len(text) != 2 * size or not _HEX.match(text):
        raise FormatError(f"expected {2 * size} lower-case hex digits")
    return bytes.fromhex(text)


def base64_text(data: bytes) -> str:
    """Base64 with padding."""
    return base64.b64encode(data).decode()


def from_base64(text: Json) -> bytes:
    """Base64 in its one canonical form; raises FormatError."""
    if not isinstance(text, str):
        raise FormatError("expected base64 text")
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise FormatError("not base64") from None
    if base64_text(data) != text:
        raise FormatError("not the canonical base64 of its bytes")
    return data


def is_too_deep(data: bytes) -> bool:
    """Whether lists and objects nest too deep; asked before reading, because reading recurses on the stack."""
    if data.count(b"[") + data.count(b"{") <= DEPTH_MAX:
        return False
    if b"\\" not in data:
        # What stands outside texts, as brackets of one kind; each pass takes the innermost level away.
        brackets = b"".join(data.split(b'"')[::2]).translate(_ONE_KIND, _NO_BRACKETS)
        for _ in range(DEPTH_MAX):
            brackets = brackets.replace(b"[]", b"")
            if not brackets:
                return False
    depth = 0
    for token in _BRACKET.finditer(data):
        first = token.group()[0]
        depth += (first in b"[{") - (first in b"]}")
        if depth > DEPTH_MAX:
            return True
    return False


def _refuse_number(text: str) -> Json:
    raise FormatError(f"numbers are integers from 0 to 2^53-1, not {text[:20]}")


# Made once: json.dumps and json.loads make one of these on each call that has options.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_DECODER = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number)


def _check(value: Json, depth: int) -> None:
    """Keys, numbers, and at most 32 lists and objects inside one another; `depth` of them are around the value."""
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        _check_integer(value)
        return
    if depth >= DEPTH_MAX:
        raise FormatError(f"nested more than {DEPTH_MAX} deep")
    if isinstance(value, dict):
        for key in value:
            if key not in _keys_seen:
                _learn_key(key)
        items: Iterable[Json] = value.values()
    elif isinstance(value, list):
        items = value
    else:
        raise FormatError(f"{type(value).__name__} has no canonical form")
    for item in items:
        kind = type(item)
        # A command has some twenty scalars: they are not worth a call each.
        if kind is str or item is None or kind is bool:
            continue
        if kind is int:
            _check_integer(item)  # type: ignore[arg-type]  # its type was asked the fast way
        else:
            _check(item, depth + 1)


def _check_integer(value: int) -> None:
    if not 0 <= value <= INTEGER_MAX:
        raise FormatError("numbers are integers from 0 to 2^53-1")


def _learn_key(key: str) -> None:
    """Refuse what is no key; remember what is, because the same few hundred come again and again."""
    if not isinstance(key, str) or not _KEY.match(key):
        raise FormatError("a key has characters or a length that keys do not have")
    if len(_keys_seen) < KEYS_SEEN_MAX:
        _keys_seen[key] = None


_keys_seen: dict[str, None] = {}
