"""The log of messages, decisions and proofs: append-only, hash-chained, without a name in it.

A line is the canonical JSON of one record. Its hash is H(51, the record without its hash), and each record has the hash
of the one before it, so that none can be changed, left out or put in; against a cut-off end a reader keeps the newest
hash. Personal data is in `PersonalVault`, sealed under a key per customer; the log has its random id and its keyed
hash. Erasing a customer destroys the key: the data says nothing any more, and every hash still holds.

Several processes may write (the node's server, the exchange's gate, a verb): each append takes a lock file, reads what
others wrote, and is on the disk when it returns. A line that a crash left unfinished was never acknowledged and is cut
off by the next writer.
"""

from __future__ import annotations

import os
import time as clock
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from ledger.canonical import Json, Tag, canonical, from_hex, parse, tagged_hash
from ledger.errors import CheckFailed, FormatError, InputError
from ledger.log.files import LockTaken, OsFiles
from ledger.personal import Bound, PersonalStore

__all__ = ["LOG_FORMAT", "MessageLog", "PersonalVault", "Record", "read_log"]

LOG_FORMAT: Final = "tallystick/travel-log/1"
KINDS: Final = frozenset("begin sent received ownership declared decided erased".split())
PERSONAL_KIND: Final = "travel_rule"
LOCK_SECONDS: Final = 10.0

_KEYS: Final = frozenset({"body", "hash", "kind", "previous", "sequence", "time"})


class Record(NamedTuple):
    """One record; `time` in Unix seconds never goes back, `sequence` counts from 0."""

    sequence: int
    time: int
    kind: str
    body: Mapping[str, Any]
    previous: bytes
    hash: bytes


def _record(sequence: int, time: int, kind: str, body: dict[str, Json], previous: bytes) -> tuple[Record, bytes]:
    """The record and its line."""
    document: dict[str, Json] = {
        "body": body,
        "kind": kind,
        "previous": previous.hex(),
        "sequence": sequence,
        "time": time,
    }
    digest = tagged_hash(Tag.TRAVEL_RECORD, canonical(document))
    line = canonical(document | {"hash": digest.hex()}) + b"\n"
    return Record(sequence, time, kind, body, previous, digest), line


def _read_line(line: bytes, before: Record | None, source: str) -> Record:
    sequence = 0 if before is None else before.sequence + 1
    where = f"{source}, line {sequence + 1}"
    try:
        found: Any = parse(line)
        if not isinstance(found, dict) or found.keys() != _KEYS or found["kind"] not in KINDS:
            raise FormatError("is no record")
        if not isinstance(found["body"], dict) or type(found["time"]) is not int:
            raise FormatError("is no record")
        record, again = _record(
            found["sequence"], found["time"], found["kind"], found["body"], from_hex(found["previous"], 32)
        )
    except FormatError as error:
        raise CheckFailed(f"{where}: {error}") from None
    if again != line + b"\n":
        raise CheckFailed(f"{where}: its hash does not hold")
    if record.sequence != sequence or record.previous != (bytes(32) if before is None else before.hash):
        raise CheckFailed(f"{where}: it does not follow on the record before it")
    if (before is not None and record.time < before.time) or (record.kind == "begin") != (before is None):
        raise CheckFailed(f"{where}: it cannot stand here")
    return record


def read_log(path: Path, head: bytes | None = None) -> list[Record]:
    """Every record of a log, each checked; raises CheckFailed naming the line, InputError where there is no log.

    `head`: a hash kept from an earlier look; the log must hold it still.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(str(path), f"cannot be read ({error.strerror})", "Name the travel-rule log.") from None
    records: list[Record] = []
    for line in data.split(b"\n")[:-1]:
        records.append(_read_line(line, records[-1] if records else None, str(path)))
    if head is not None and all(each.hash != head for each in records):
        raise CheckFailed(f"{path}: the record that was the newest before is not in it")
    return records


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file; raises InputError if another process holds it for too long."""
    disk = OsFiles()
    until = clock.monotonic() + LOCK_SECONDS
    while True:
        try:
            handle = disk.lock(path)
            break
        except LockTaken:
            if clock.monotonic() > until:
                raise InputError(str(path), "is held by another process", "Try again when that has ended.") from None
            clock.sleep(0.01)
    try:
        yield
    finally:
        disk.close(handle)


class MessageLog:
    """A log that is written. `records`: all that was read so far, from every writer."""

    def __init__(self, path: Path, institution: str, now: int) -> None:
        """Open a log, or begin it. Raises CheckFailed for one that is broken, InputError for another institution's."""
        self.path = path
        self.records: list[Record] = []
        self._offset = 0
        if not path.exists():
            self.append(now, "begin", {"format": LOG_FORMAT, "institution": institution})
        self.refresh()
        if not self.records or self.records[0].body.get("institution") != institution:
            raise InputError(str(path), f"is no log of {institution}", "Name the folder of this institution.")

    @property
    def head(self) -> bytes:
        """The newest hash: keep it, and a log that was cut off is seen."""
        return self.records[-1].hash if self.records else bytes(32)

    def refresh(self) -> list[Record]:
        """Read what was written since; the new records. Raises CheckFailed."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size < self._offset:
                raise CheckFailed(f"{self.path}: it is shorter than it was")
            if size == self._offset:
                return []
            file.seek(self._offset)
            data = file.read()
        fresh: list[Record] = []
        for line in data.split(b"\n")[:-1]:
            before = fresh[-1] if fresh else (self.records[-1] if self.records else None)
            fresh.append(_read_line(line, before, str(self.path)))
            self._offset += len(line) + 1
        self.records += fresh
        return fresh

    def append(self, time: int, kind: str, body: dict[str, Json]) -> Record:
        """Write one record, durable when this returns. A time before the newest record's is that record's."""
        assert kind in KINDS
        with _locked(self.path.with_name(self.path.name + ".lock")):
            self.refresh()
            last = self.records[-1] if self.records else None
            at = time if last is None else max(time, last.time)
            record, line = _record(0 if last is None else last.sequence + 1, at, kind, body, self.head)
            is_new = not self.path.exists()
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "r+b") as file:
                file.truncate(self._offset)  # what a crash left unfinished
                file.seek(self._offset)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                OsFiles().sync_directory(self.path.parent)
            self._offset += len(line)
            self.records.append(record)
        return record


class PersonalVault:
    """Personal data of messages, in a `PersonalStore` that is open only while it is asked: several processes use it."""

    def __init__(self, directory: Path, master: bytes) -> None:
        self._directory, self._master = directory, master
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def _open(self) -> Iterator[PersonalStore]:
        with _locked(self._directory / "vault.lock"), PersonalStore(self._directory, self._master) as store:
            yield store

    def put(self, customer: str, content: bytes) -> dict[str, Json]:
        """Seal what belongs to a customer; what the log may hold of it."""
        with self._open() as store:
            bound = store.put(customer, PERSONAL_KIND, content)
        return {"binding": bound.binding.hex(), "customer": customer, "id": bound.id.hex()}

    def get(self, reference: Mapping[str, Any]) -> bytes:
        """What a record's `personal` stands for; raises Erased, or CheckFailed if it is not what was bound."""
        bound = Bound(from_hex(reference["id"], 16), from_hex(reference["binding"], 32))
        with self._open() as store:
            return store.get(reference["customer"], bound, PERSONAL_KIND)

    def erase(self, customer: str) -> None:
        """Destroy a customer's key; raises Erased if there is none."""
        with self._open() as store:
            store.erase(customer)
