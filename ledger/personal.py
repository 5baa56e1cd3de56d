"""Personal data apart from the log: encrypted under a key per customer, named by random ids, bound by keyed hashes.

The log holds an id and a binding, never the data. A binding is HMAC-SHA256 under the customer's key, so that nobody
can find data by guessing, and none can be put in another's place. `erase` overwrites the customer's key: data and
bindings then say nothing to anyone, and the log's chain still holds. Spec: docs/spec/door.md section 6.

Two files: `keys` has one slot of 128 bytes a customer, overwritten in place and synced on erasure; it belongs in no
backup that outlives an erasure. `data.sqlite` holds ciphertexts and may be copied anywhere.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ledger.canonical import Tag, lp
from ledger.errors import CheckFailed, InputError, TallystickError
from ledger.log.files import Handle, OsFiles

__all__ = ["Bound", "Erased", "PersonalStore"]

SLOT_BYTES: Final = 128
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS data (id BLOB PRIMARY KEY, name BLOB NOT NULL, nonce BLOB NOT NULL, "
    "sealed BLOB NOT NULL) WITHOUT ROWID"
)


class Erased(TallystickError):
    """The customer's key is gone, and with it everything that it sealed."""


class Bound(NamedTuple):
    """What the log may hold of a piece of personal data: a random id (16 bytes) and its keyed hash (32 bytes)."""

    id: bytes
    binding: bytes


class PersonalStore:
    """Personal data of all customers. `customer` is the account's id; it is stored only as a keyed hash."""

    def __init__(self, directory: Path, master: bytes) -> None:
        """Open or begin the store; `master` (32 bytes) wraps the customers' keys. Raises InputError."""
        assert len(master) == 32
        self._names = hmac.digest(master, b"names" + bytes((Tag.PERSONAL_KEY,)), hashlib.sha256)
        self._wrap = ChaCha20Poly1305(hmac.digest(master, b"wrap" + bytes((Tag.PERSONAL_KEY,)), hashlib.sha256))
        self._disk = OsFiles()
        self._disk.make_directory(directory)
        path = directory / "keys"
        self._keyfile: Handle = self._disk.open(path, write=True, create=not path.exists())
        self._disk.sync_directory(directory)
        self._slots: dict[bytes, int] = {}
        self._read_slots(path)
        self._database = sqlite3.connect(directory / "data.sqlite", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(_SCHEMA)

    def _read_slots(self, path: Path) -> None:
        size = self._disk.size(self._keyfile)
        self._end = size - size % SLOT_BYTES  # a slot that was being written when the power went was never used
        for offset in range(0, self._end, SLOT_BYTES):
            slot = self._disk.read(self._keyfile, offset, SLOT_BYTES)
            if slot != bytes(SLOT_BYTES):
                self._slots[slot[:32]] = offset
        if self._slots:
            try:
                self._unwrap(next(iter(self._slots)))
            except InvalidTag:
                self._disk.close(self._keyfile)
                raise InputError(str(path), "the master key does not open it", "Check the master key.") from None

    def _name(self, customer: str) -> bytes:
        return hmac.digest(self._names, lp(customer), hashlib.sha256)

    def _unwrap(self, name: bytes) -> bytes:
        slot = self._disk.read(self._keyfile, self._slots[name], SLOT_BYTES)
        return self._wrap.decrypt(slot[32:44], slot[44:92], name)

    def _key(self, customer: str) -> bytes:
        name = self._name(customer)
        if name not in self._slots:
            raise Erased("there is no key for this customer: nothing was stored, or it was erased")
        return self._unwrap(name)

    def _new_key(self, customer: str) -> bytes:
        name, key, nonce = self._name(customer), os.urandom(32), os.urandom(12)
        slot = (name + nonce + self._wrap.encrypt(nonce, key, name)).ljust(SLOT_BYTES, b"\0")
        self._write_slot(self._end, slot)
        self._slots[name] = self._end
        self._end += SLOT_BYTES
        return key

    def _write_slot(self, offset: int, slot: bytes) -> None:
        assert len(slot) == SLOT_BYTES
        if self._disk.write(self._keyfile, offset, slot) != SLOT_BYTES:
            raise OSError("the disk did not take the key")
        self._disk.sync(self._keyfile)

    def put(self, customer: str, kind: str, value: bytes) -> Bound:
        """Store one piece of data, durable; what the log may hold of it. `kind` is bound too, as in `travel_rule`."""
        name = self._name(customer)
        key = self._unwrap(name) if name in self._slots else self._new_key(customer)
        data_id, nonce = os.urandom(16), os.urandom(12)
        sealed = ChaCha20Poly1305(_derive(key, b"seal")).encrypt(nonce, lp(kind) + value, data_id)
        self._database.execute("INSERT INTO data VALUES (?, ?, ?, ?)", (data_id, name, nonce, sealed))
        return Bound(data_id, _binding(key, data_id, kind, value))

    def get(self, customer: str, bound: Bound, kind: str) -> bytes:
        """The data behind what the log holds; raises Erased, or CheckFailed if it is not what was bound."""
        key = self._key(customer)
        row = self._database.execute("SELECT nonce, sealed FROM data WHERE id = ?", (bound.id,)).fetchone()
        if row is None:
            raise CheckFailed("the personal data that the log names is not in the store")
        try:
            plain = ChaCha20Poly1305(_derive(key, b"seal")).decrypt(row[0], row[1], bound.id)
        except InvalidTag:
            raise CheckFailed("the personal data was changed, or belongs to another customer") from None
        prefix = lp(kind)
        value = plain[len(prefix) :]
        if not plain.startswith(prefix) or not hmac.compare_digest(_binding(key, bound.id, kind, value), bound.binding):
            raise CheckFailed("the personal data is not what the log is bound to")
        return value

    def erase(self, customer: str) -> None:
        """Destroy a customer's key, then the sealed rows; raises Erased if there is none."""
        name = self._name(customer)
        if name not in self._slots:
            raise Erased("there is no key for this customer: nothing was stored, or it was erased")
        self._write_slot(self._slots.pop(name), bytes(SLOT_BYTES))
        self._database.execute("DELETE FROM data WHERE name = ?", (name,))

    def close(self) -> None:
        """Give both files back."""
        self._database.close()
        self._disk.close(self._keyfile)

    def __enter__(self) -> PersonalStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _derive(key: bytes, use: bytes) -> bytes:
    return hmac.digest(key, use + bytes((Tag.PERSONAL_KEY,)), hashlib.sha256)


def _binding(key: bytes, data_id: bytes, kind: str, value: bytes) -> bytes:
    message = data_id + lp(kind) + lp(value) + bytes((Tag.PERSONAL_BINDING,))
    return hmac.digest(_derive(key, b"bind"), message, hashlib.sha256)
