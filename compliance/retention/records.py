"""What one line of an archive can say: a type for each kind of body. Pure.

Kinds: `record` (a document or its hash), `event` (a day that starts a clock), `request` (a customer asks for erasure,
and the answer), `order` (what two operators signed), `storage` (where copies are), `drill` (a restore that was tried),
`close` (a day ends). Their bytes: codec.py. Spec: docs/spec/archive.md section 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple, TypeAlias

from compliance.retention.classes import RecordClass, Regime, StartEvent
from ledger.canonical import Digest, Json
from ledger.errors import FormatError

__all__ = [
    "DAY_US",
    "NAME_CHARACTERS_MAX",
    "Body",
    "ClockEvent",
    "Close",
    "Document",
    "Drill",
    "Entry",
    "ErasureRequest",
    "Order",
    "Payload",
    "Referenced",
    "Sealed",
    "Signature",
    "Storage",
    "Stored",
    "micros_day",
    "read_day",
]

NAME_CHARACTERS_MAX: Final = 512
DAY_US: Final = 86_400_000_000
_EPOCH: Final = date(1970, 1, 1).toordinal()


def micros_day(micros: int) -> date:
    """The UTC day of microseconds since 1970; raises FormatError beyond the year 9999."""
    try:
        return date.fromordinal(_EPOCH + micros // DAY_US)
    except (OverflowError, ValueError):
        raise FormatError("a time lies beyond the calendar") from None


def read_day(value: Json, what: str) -> date:
    """A day in its one spelling, YYYY-MM-DD; raises FormatError."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise FormatError(f"{what} is no day that exists, written YYYY-MM-DD")
    return day


class Stored(NamedTuple):
    """A document whose bytes the archive holds under their SHA-256 (hex)."""

    sha256: str
    size: int


class Sealed(NamedTuple):
    """A document under a customer's key: SHA-256 and size of the ciphertext, id and binding (hex) of its key."""

    sha256: str
    size: int
    key_id: str
    binding: str


class Referenced(NamedTuple):
    """A file that stays where it is, by its path below the folder that was archived."""

    sha256: str
    size: int
    path: str


Payload: TypeAlias = "Stored | Sealed | Referenced"


class Document(NamedTuple):
    """A record proper. Times are microseconds since 1970, UTC.

    `events` are days known when it was archived; `created` is one. What the record says holds in the world from
    `valid_from` up to `valid_to` (None: until further notice). `subject` is a customer's pseudonym (hex). `corrects`
    is the sequence of the record that this one stands in place of from now on.
    """

    record_class: RecordClass
    name: str
    created: date
    regimes: tuple[Regime, ...]
    valid_from: int
    payload: Payload
    valid_to: int | None = None
    subject: str | None = None
    events: tuple[tuple[StartEvent, date], ...] = ()
    corrects: int | None = None


class ClockEvent(NamedTuple):
    """A day that starts a clock, or an authority's request by a rule, for all records that match what is named."""

    event: StartEvent | None
    day: date
    rule: str | None = None
    record: int | None = None
    subject: str | None = None
    record_class: RecordClass | None = None
    before: date | None = None
    """Only records created on or before this day: the book that was closed."""


class ErasureRequest(NamedTuple):
    """A customer asked for erasure. `until`: the last day of keeping, None where no day is known; `answer` in words."""

    subject: str
    until: date | None
    answer: str


class Signature(NamedTuple):
    """One operator's key and signature over the order."""

    key: bytes
    signature: bytes


class Order(NamedTuple):
    """What operators ordered, as they signed it. The fields of each action: authority.py."""

    order: Mapping[str, Json]
    signatures: tuple[Signature, ...]


class Storage(NamedTuple):
    """A place where the archive is kept, in force from its recording until the next line of the same name.

    `region`: ISO 3166 code. `viewable_from`: regions from which it can be read on a screen at once.
    """

    name: str
    region: str
    role: str
    viewable_from: tuple[str, ...]
    is_active: bool
    evidence: str | None


class Drill(NamedTuple):
    """A restore that was tried: what was copied and found. `head` (hex) is the chain's end in the copy."""

    result: str
    records: int
    objects: int
    bytes: int
    days: int
    stamps: int
    unreadable: int
    head: str
    problems: tuple[str, ...]


class Close(NamedTuple):
    """A day ends; its statement covers everything since the last one, this line among it."""

    day: date


Body: TypeAlias = "Document | ClockEvent | ErasureRequest | Order | Storage | Drill | Close"


class Entry(NamedTuple):
    """One line of the chain."""

    sequence: int
    recorded: int
    body: Body
    hash: Digest
