"""One message between two institutions: signed by the sender, sealed to the receiver. Spec: travel-rule-messages.md.

What a receiver checks, in this order, each with its own refusal:
1. `malformed`      canonical JSON of at most 256 KiB with exactly the envelope's keys, each in its one form
2. `wrong-recipient` it names this institution
3. `unknown-sender` the sender is in the register
4. `wrong-key`      it is signed under the key that the register has, and names that key
5. `bad-signature`  the signature holds by the one Ed25519 rule over H(50, envelope without signature)
6. `early`, `late`  its time is within `WINDOW_SECONDS` of the receiver's
7. `replayed`       sender and nonce were not seen before (the node's part; a nonce older than the window is late)
8. `cannot-open`    it is sealed to the key that this institution has, and opens under the envelope as it stands

The seal is X25519 with a fresh key, HKDF-SHA256 and ChaCha20-Poly1305. All of the envelope but ciphertext and signature
is its associated data, so that nobody can put a seal into an envelope of their own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from compliance.travel_rule.counterparties import Counterparty, Register
from ledger.canonical import Json, Tag, base64_text, canonical, from_base64, from_hex, parse, tagged_hash
from ledger.errors import CheckFailed, FormatError
from ledger.keys import LABEL_TRAVEL_MESSAGE, SigningKey, verify_signature
from por.snapshot import EXCHANGE, time_text, to_seconds

__all__ = [
    "KINDS",
    "MESSAGE_BYTES_MAX",
    "WINDOW_SECONDS",
    "Identity",
    "Message",
    "MessageRefused",
    "message_hash",
    "open_message",
    "seal_message",
]

MESSAGE_BYTES_MAX: Final = 256 * 1024
WINDOW_SECONDS: Final = 300
KINDS: Final = ("request", "accept", "reject", "more-information", "notice", "confirm")

_KEYS: Final = frozenset("answers format from key kind nonce seal signature time to transfer".split())
_SEAL_KEYS: Final = frozenset({"data", "ephemeral", "recipient"})
_SEAL_INFO: Final = b"tallystick/travel-message/1/seal"
_OWN_SEAL_INFO: Final = b"tallystick/travel-rule/seal-key/1"
_ID: Final = re.compile(r"[0-9a-f]{32}\Z")

Random = Callable[[int], bytes]
"""Bytes that no outsider can guess; `os.urandom` at the edges."""


class MessageRefused(CheckFailed):
    """A message that is not taken; `code` is the reason in one word."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        super().__init__(f"the message is refused: {code}{f' ({detail})' if detail else ''}")


@dataclass(frozen=True, slots=True)
class Identity:
    """An institution's own name and signing key; the key that messages to it are sealed to follows from it."""

    name: str
    key: SigningKey

    @property
    def seal_secret(self) -> X25519PrivateKey:
        """HKDF of the signing seed under a label of its own, so that one secret is kept and two keys are never one."""
        return X25519PrivateKey.from_private_bytes(HKDF(SHA256(), 32, None, _OWN_SEAL_INFO).derive(self.key.seed))

    @property
    def seal_public(self) -> bytes:
        """What counterparties have in their register."""
        return self.seal_secret.public_key().public_bytes_raw()


@dataclass(frozen=True, slots=True)
class Message:
    """What a message says. `nonce`: 16 bytes; `answers`: the hash of the message that it answers; `time` in seconds."""

    sender: str
    recipient: str
    kind: str
    transfer: str
    nonce: bytes
    time: int
    answers: bytes | None
    content: dict[str, Json]


def message_hash(data: bytes) -> bytes:
    """What another message names this one by: SHA-256 of its bytes, as `sha256sum` shows it."""
    return hashlib.sha256(data).digest()


def seal_message(message: Message, identity: Identity, recipient: Counterparty, random: Random) -> bytes:
    """The bytes to send. Raises FormatError for what cannot be written in canonical JSON."""
    assert message.sender == identity.name and message.recipient == recipient.name and message.kind in KINDS
    ephemeral = X25519PrivateKey.from_private_bytes(random(32))
    public = ephemeral.public_key().public_bytes_raw()
    envelope: dict[str, Json] = {
        "answers": None if message.answers is None else message.answers.hex(),
        "format": LABEL_TRAVEL_MESSAGE,
        "from": message.sender,
        "key": identity.key.public.hex(),
        "kind": message.kind,
        "nonce": message.nonce.hex(),
        "seal": {"ephemeral": public.hex(), "recipient": recipient.seal_key.hex()},
        "time": time_text(message.time),
        "to": message.recipient,
        "transfer": message.transfer,
    }
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient.seal_key))
    cipher, nonce = _cipher(shared, public, recipient.seal_key)
    sealed = cipher.encrypt(nonce, canonical(message.content), canonical(envelope))
    envelope["seal"] = {
        "data": base64_text(sealed),
        "ephemeral": public.hex(),
        "recipient": recipient.seal_key.hex(),
    }
    digest = tagged_hash(Tag.TRAVEL_MESSAGE, canonical(envelope))
    data = canonical(envelope | {"signature": identity.key.sign(LABEL_TRAVEL_MESSAGE, digest).hex()})
    if len(data) > MESSAGE_BYTES_MAX:
        raise FormatError("the message is larger than 256 KiB")
    return data


def _cipher(shared: bytes, ephemeral: bytes, recipient: bytes) -> tuple[ChaCha20Poly1305, bytes]:
    """The one-time key and nonce of a seal."""
    made = HKDF(SHA256(), 44, ephemeral + recipient, _SEAL_INFO).derive(shared)
    return ChaCha20Poly1305(made[:32]), made[32:]


def open_message(data: bytes, identity: Identity, register: Register, now: int) -> tuple[Message, Counterparty]:
    """What a message says, and whose it is; raises MessageRefused by the rules above (7 is the caller's)."""
    envelope = _envelope(data)
    if envelope["to"] != identity.name:
        raise MessageRefused("wrong-recipient")
    sender = register.get(str(envelope["from"]))
    if sender is None:
        raise MessageRefused("unknown-sender")
    if from_hex(envelope["key"], 32) != sender.key:
        raise MessageRefused("wrong-key")
    signed = {name: value for name, value in envelope.items() if name != "signature"}
    digest = tagged_hash(Tag.TRAVEL_MESSAGE, canonical(signed))
    if not verify_signature(sender.key, LABEL_TRAVEL_MESSAGE, digest, from_hex(envelope["signature"], 64)):
        raise MessageRefused("bad-signature")
    time = to_seconds(envelope["time"])
    if time > now + WINDOW_SECONDS:
        raise MessageRefused("early")
    if time < now - WINDOW_SECONDS:
        raise MessageRefused("late")
    content = _open(signed, identity)
    answers = envelope["answers"]
    return (
        Message(
            sender.name,
            identity.name,
            envelope["kind"],
            envelope["transfer"],
            from_hex(envelope["nonce"], 16),
            time,
            None if answers is None else from_hex(answers, 32),
            content,
        ),
        sender,
    )


def _envelope(data: bytes) -> dict[str, Any]:
    """Rule 1."""
    try:
        if len(data) > MESSAGE_BYTES_MAX:
            raise FormatError("too large")
        found: Any = parse(data)
        if not isinstance(found, dict) or found.keys() != _KEYS:
            raise FormatError("not the keys of an envelope")
        seal = found["seal"]
        if not isinstance(seal, dict) or seal.keys() != _SEAL_KEYS:
            raise FormatError("not the keys of a seal")
        for name, size in (("key", 32), ("nonce", 16), ("signature", 64)):
            from_hex(found[name], size)
        for name in ("ephemeral", "recipient"):
            from_hex(seal[name], 32)
        from_base64(seal["data"])
        if found["answers"] is not None:
            from_hex(found["answers"], 32)
        texts = [found[name] for name in ("format", "from", "kind", "time", "to", "transfer")]
        if not all(isinstance(each, str) for each in texts):
            raise FormatError("not the texts of an envelope")
        to_seconds(found["time"])
        is_named = all(EXCHANGE.match(found[name]) for name in ("from", "to"))
        if not is_named or found["kind"] not in KINDS or not _ID.match(found["transfer"]):
            raise FormatError("a name, kind or transfer is out of form")
        if found["format"] != LABEL_TRAVEL_MESSAGE:
            raise FormatError("another format")
    except FormatError as error:
        raise MessageRefused("malformed", str(error)) from None
    return found


def _open(signed: dict[str, Any], identity: Identity) -> dict[str, Json]:
    """Rule 8."""
    seal = signed["seal"]
    own = identity.seal_public
    try:
        if from_hex(seal["recipient"], 32) != own:
            raise FormatError("sealed to another key")
        ephemeral = from_hex(seal["ephemeral"], 32)
        shared = identity.seal_secret.exchange(X25519PublicKey.from_public_bytes(ephemeral))
        cipher, nonce = _cipher(shared, ephemeral, own)
        header = signed | {"seal": {name: seal[name] for name in ("ephemeral", "recipient")}}
        content = parse(cipher.decrypt(nonce, from_base64(seal["data"]), canonical(header)))
        if not isinstance(content, dict):
            raise FormatError("the content is no object")
    except (InvalidTag, ValueError, FormatError) as error:
        detail = str(error) if isinstance(error, FormatError) else ""
        raise MessageRefused("cannot-open", detail) from None
    return content
