"""Ed25519 keys: the one strict rule, encrypted key files, rotation. Spec: encoding.md 5, attestation.md 7, 9.

A signature covers a label and a tagged digest, never a document itself. Secrets leave memory only encrypted
(scrypt, ChaCha20-Poly1305); no function here puts one into a message.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, NewType

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ledger.canonical import Digest, Json, Tag, canonical, canonical_file, from_hex, parse_file, tagged_hash
from ledger.errors import FormatError, InputError

__all__ = [
    "LABEL_ATTESTATION",
    "LABEL_COMMAND",
    "LABEL_MANIFEST",
    "LABEL_ROTATION",
    "LABEL_TRAVEL_MESSAGE",
    "PublicKey",
    "SecretKind",
    "SigningKey",
    "key_file",
    "load_secret",
    "new_secret",
    "rotation",
    "rotation_digest",
    "save_secret",
    "verify_message",
    "verify_signature",
]

PublicKey = NewType("PublicKey", bytes)
SecretKind = Literal["signing", "master", "deposit-seed", "hot-key"]

LABEL_ATTESTATION = "tallystick/attestation/1"
LABEL_MANIFEST = "tallystick/manifest/1"
LABEL_ROTATION = "tallystick/rotation/1"
LABEL_COMMAND = "tallystick/command/1"
LABEL_TRAVEL_MESSAGE = "tallystick/travel-message/1"

_FIELD = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER_Y = frozenset({0, 1, _FIELD - 1, _ORDER_8, _FIELD - _ORDER_8})

# scrypt at 2^15, 8, 1 takes about 0.1 s and 32 MB: a guess costs an attacker as much.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**15, 8, 1


def _is_strict_point(encoded: bytes) -> bool:
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    return y < _FIELD and y not in _SMALL_ORDER_Y


def _signed_message(label: str, digest: bytes) -> bytes:
    assert len(digest) == 32
    return label.encode("ascii") + b"\x00" + digest


def verify_signature(key: bytes, label: str, digest: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) over label and digest holds under `key` (32 bytes) by the strict rule."""
    return verify_message(key, _signed_message(label, digest), signature)


def verify_message(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` over the bytes themselves holds by the same rule; for formats that others define.

    OpenSSL checks the cofactorless equation and S below the order; the rest of the rule is checked here first.
    """
    if len(key) != 32 or len(signature) != 64:
        return False
    if not _is_strict_point(signature[:32]) or int.from_bytes(signature[32:], "little") >= _ORDER:
        return False
    public = _strict_public_key(key)
    if public is None:
        return False
    try:
        public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


# Reading a key costs a third of checking a signature, and the same keys come again and again.
@lru_cache(maxsize=16_384)
def _strict_public_key(key: bytes) -> Ed25519PublicKey | None:
    if not _is_strict_point(key):
        return None
    try:
        return Ed25519PublicKey.from_public_bytes(key)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """A private Ed25519 key. Its repr and its errors never show the secret."""

    seed: bytes

    def __post_init__(self) -> None:
        assert len(self.seed) == 32

    def __repr__(self) -> str:
        return f"SigningKey(public={self.public.hex()})"

    @property
    def public(self) -> PublicKey:
        return PublicKey(Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def sign(self, label: str, digest: bytes) -> bytes:
        """64 bytes over label and digest; what was signed is verified before it is returned."""
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(_signed_message(label, digest))
        if not verify_signature(self.public, label, digest, signature):  # a faulty signature can give the key away
            raise RuntimeError("a signature did not hold under its own key")
        return signature

    def sign_message(self, message: bytes) -> bytes:
        """64 bytes over the bytes themselves, for formats that others define; verified before they are returned.

        Raises ValueError for bytes that begin as our own signed messages do, so that no other format can obtain one.
        """
        if message.startswith(b"tallystick/"):
            raise ValueError("a raw message may not look like one of Tallystick's own")
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)
        assert verify_message(self.public, message, signature)
        return signature


def rotation(exchange: str, old: SigningKey, new: SigningKey, sequence: int) -> dict[str, Json]:
    """A rotation that both keys sign; `sequence` is the first that the new key signs."""
    body: dict[str, Json] = {
        "exchange": exchange,
        "format": LABEL_ROTATION,
        "from": old.public.hex(),
        "sequence": sequence,
        "to": new.public.hex(),
    }
    digest = tagged_hash(Tag.KEY_ROTATION, canonical(body))
    return body | {
        "signature_from": old.sign(LABEL_ROTATION, digest).hex(),
        "signature_to": new.sign(LABEL_ROTATION, digest).hex(),
    }


def key_file(exchange: str, key: PublicKey, rotations: list[Json] | None = None) -> bytes:
    """What a reader keeps of an exchange (docs/spec/attestation.md section 9)."""
    return canonical_file(
        {"exchange": exchange, "format": "tallystick/key/1", "key": key.hex(), "rotations": rotations or []}
    )


def new_secret() -> bytes:
    """32 bytes from the operating system's generator."""
    return os.urandom(32)


def _sealing_key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P).derive(passphrase.encode())


def save_secret(path: Path, kind: SecretKind, secret: bytes, passphrase: str) -> None:
    """Write a new encrypted secret file, readable by its owner only; raises InputError if the file exists."""
    assert len(secret) == 32
    if not passphrase:
        raise InputError(str(path), "the passphrase is empty", "Give one of at least one character.")
    salt, nonce = os.urandom(16), os.urandom(12)
    header: dict[str, Json] = {
        "format": "tallystick/secret/1",
        "kind": kind,
        "nonce": nonce.hex(),
        "salt": salt.hex(),
    }
    sealed = ChaCha20Poly1305(_sealing_key(passphrase, salt)).encrypt(nonce, secret, canonical(header))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(str(path), "the file exists", "Name a new one; a secret is never overwritten.") from None
    except OSError as error:
        raise InputError(str(path), f"cannot be written ({error.strerror})", "Check the folder.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(canonical_file(header | {"sealed": sealed.hex()}))
        file.flush()
        os.fsync(file.fileno())


def load_secret(path: Path, kind: SecretKind, passphrase: str) -> bytes:
    """The 32 bytes of a secret file; raises InputError for a wrong file, kind or passphrase."""
    try:
        data = path.read_bytes()
    except OSError as error:
        remedy = "Make the exchange's keys with `tallystick keys new`."
        raise InputError(str(path), f"cannot be read ({error.strerror})", remedy) from None
    try:
        document = parse_file(data)
        if not isinstance(document, dict) or document.get("format") != "tallystick/secret/1":
            raise FormatError("not a secret file")
        sealed_text = document.pop("sealed", None)
        if not isinstance(sealed_text, str):
            raise FormatError("no sealed secret")
        sealed, salt = from_hex(sealed_text, 48), from_hex(document.get("salt"), 16)
        nonce = from_hex(document.get("nonce"), 12)
    except FormatError as error:
        raise InputError(str(path), str(error), "Name a file that `tallystick keys` wrote.") from None
    if document.get("kind") != kind:
        raise InputError(str(path), f"holds another kind of secret than {kind}", "Name the other file.")
    try:
        return ChaCha20Poly1305(_sealing_key(passphrase, salt)).decrypt(nonce, sealed, canonical(document))
    except InvalidTag:
        raise InputError(str(path), "the passphrase does not open it", "Check the passphrase.") from None


def rotation_digest(document: dict[str, Json]) -> Digest:
    """The digest that both keys of a rotation sign."""
    body = {key: value for key, value in document.items() if key not in ("signature_from", "signature_to")}
    return tagged_hash(Tag.KEY_ROTATION, canonical(body))
