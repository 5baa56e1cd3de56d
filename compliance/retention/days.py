"""The statement of a day: one Merkle root over everything that was recorded since the last one, signed Ed25519.

The tree is the one of the evidence manifest (pairwise SHA-256, odd node promoted; docs/spec/manifest.md section 2)
over record hashes; the count is bound outside it. A verifier computes every leaf from the chain, so an untagged inner
node cannot pass for a record. Spec: docs/spec/archive.md section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from compliance.retention.records import Close, Entry, read_day
from ledger.canonical import Digest, Json, Tag, canonical, canonical_file, from_hex, parse_file, tagged_hash, u64
from ledger.errors import CheckFailed, FormatError
from ledger.keys import SigningKey, verify_signature
from por.manifest import merkle_root

__all__ = ["LABEL_DAY", "DayStatement", "day_root", "make_statement", "read_statement", "sign_statement"]

LABEL_DAY: Final = "tallystick/archive-day/1"
_FIELDS: Final = frozenset(
    {"archive", "count", "day", "first", "format", "head", "key", "last", "made", "previous", "root"}
)


class DayStatement(NamedTuple):
    """What is signed of a day. `previous` is the digest of the statement before, or the archive's genesis hash.

    `first` to `last` are sequences; `last` is the close itself, `head` its hash, `made` when it was recorded.
    """

    archive: str
    day: date
    first: int
    last: int
    head: bytes
    root: bytes
    previous: bytes
    made: int
    key: bytes

    @property
    def document(self) -> dict[str, Json]:
        """The signed JSON object."""
        return {
            "archive": self.archive,
            "count": self.last - self.first + 1,
            "day": self.day.isoformat(),
            "first": self.first,
            "format": LABEL_DAY,
            "head": self.head.hex(),
            "key": self.key.hex(),
            "last": self.last,
            "made": self.made,
            "previous": self.previous.hex(),
            "root": self.root.hex(),
        }

    @property
    def digest(self) -> Digest:
        """What is signed, and what the next statement names."""
        return tagged_hash(Tag.ARCHIVE_DAY, canonical(self.document))


def day_root(hashes: Sequence[bytes]) -> Digest:
    """The root of a day's record hashes, at least one."""
    return tagged_hash(Tag.ARCHIVE_DAY_ROOT, merkle_root(hashes) + u64(len(hashes)))


def make_statement(archive: str, entries: Sequence[Entry], previous: bytes, key: bytes) -> DayStatement:
    """The statement of the day whose lines these are, the close at their end. A pure function of the chain."""
    close = entries[-1].body
    assert isinstance(close, Close), "a day ends with its close"
    assert [each.sequence for each in entries] == list(range(entries[0].sequence, entries[-1].sequence + 1))
    last = entries[-1]
    root = day_root([each.hash for each in entries])
    return DayStatement(
        archive, close.day, entries[0].sequence, last.sequence, last.hash, root, previous, last.recorded, key
    )


def sign_statement(statement: DayStatement, key: SigningKey) -> bytes:
    """The file of a signed statement."""
    assert key.public == statement.key, "a statement names the key that signs it"
    signature = key.sign(LABEL_DAY, statement.digest)
    return canonical_file({"signature": signature.hex(), "statement": statement.document})


def read_statement(data: bytes) -> DayStatement:
    """Form and signature of a statement's file; raises FormatError or CheckFailed.

    The key is the statement's own word: the caller compares it with the one in force.
    """
    document = parse_file(data)
    if not isinstance(document, dict) or set(document) != {"signature", "statement"}:
        raise FormatError("a day has a statement and a signature")
    raw: Any = document["statement"]
    if not isinstance(raw, dict) or set(raw) != _FIELDS or raw["format"] != LABEL_DAY:
        raise FormatError("the statement of a day has other fields or another format")
    if not all(type(raw[name]) is int for name in ("count", "first", "last", "made")):
        raise FormatError("a number of the statement is none")
    if not isinstance(raw["archive"], str) or raw["count"] != raw["last"] - raw["first"] + 1:
        raise FormatError("the statement's count is not the number of its records")
    head, root, previous, key = (from_hex(raw[name], 32) for name in ("head", "root", "previous", "key"))
    day = read_day(raw["day"], "day")
    statement = DayStatement(raw["archive"], day, raw["first"], raw["last"], head, root, previous, raw["made"], key)
    assert statement.document == raw, "every field was read"
    if not verify_signature(key, LABEL_DAY, statement.digest, from_hex(document["signature"], 64)):
        raise CheckFailed(f"the signature under the statement of {day} does not hold")
    return statement
