"""Documents about a customer: sealed under a key of their own, which is kept under the customer's key.

The document is encrypted with a fresh random key (ChaCha20-Poly1305); the ciphertext is an object, whose SHA-256 the
chain holds. Its 32-byte key is what the store of personal data keeps, under the customer's key, and the chain binds it
by the store's keyed hash. Destroying the customer's one slot makes every document of theirs unreadable, also in copies
of the objects that nobody can reach any more, while every hash still holds.

A customer stands in the chain as a pseudonym: HMAC-SHA256 of their id under a key from the master secret. Who holds
that secret can test a guess; nobody else can. Spec: docs/spec/archive.md section 5.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from compliance.retention.objects import Objects
from compliance.retention.records import Sealed
from ledger.canonical import Tag, lp
from ledger.errors import CheckFailed
from ledger.keys import new_secret
from ledger.personal import Bound, Erased, PersonalStore

__all__ = ["Erased", "Vault"]

_KIND: Final = "archive_key"
_NONCE: Final = bytes(12)
"""Each key seals one document, so one nonce is never used twice under a key."""


class Vault:
    """Seals and opens documents of customers. Nobody but `erase` takes anything away."""

    def __init__(self, folder: Path, master: bytes) -> None:
        """Open or begin the keys in an archive's `personal` folder; raises InputError for another master secret."""
        assert len(master) == 32
        tag = bytes((Tag.ARCHIVE_SUBJECT,))
        self._names = hmac.digest(master, b"subject" + tag, hashlib.sha256)
        # A master secret of its own, so that what the exchange erases and what the archive must keep stay apart.
        self._store = PersonalStore(folder, hmac.digest(master, b"keys" + tag, hashlib.sha256))

    def subject(self, customer: str) -> str:
        """A customer's pseudonym, hex."""
        return hmac.digest(self._names, lp(customer), hashlib.sha256).hex()

    def seal(self, subject: str, document: bytes, objects: Objects) -> Sealed:
        """Encrypt a document about a customer and store it, durable; what the chain may hold of it."""
        key = new_secret()
        sealed = ChaCha20Poly1305(key).encrypt(_NONCE, document, bytes.fromhex(subject))
        bound = self._store.put(subject, _KIND, key)
        return Sealed(objects.put(sealed), len(sealed), bound.id.hex(), bound.binding.hex())

    def open(self, subject: str, payload: Sealed, objects: Objects) -> bytes:
        """The document; raises Erased, FileNotFoundError, or CheckFailed where it is not what was archived."""
        bound = Bound(bytes.fromhex(payload.key_id), bytes.fromhex(payload.binding))
        key = self._store.get(subject, bound, _KIND)
        try:
            return ChaCha20Poly1305(key).decrypt(_NONCE, objects.get(payload.sha256), bytes.fromhex(subject))
        except InvalidTag:
            raise CheckFailed("the sealed document is another customer's, or was changed") from None

    def erase(self, subject: str) -> bool:
        """Destroy a customer's key; False where there is none (nothing was sealed, or it was erased before)."""
        try:
            self._store.erase(subject)
        except Erased:
            return False
        return True

    def close(self) -> None:
        """Give the files back."""
        self._store.close()

    def __enter__(self) -> Vault:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
