"""Where a log begins: the exchange's name, its entity, its rules, and the keys that may change anything at all.

The document is canonical JSON; its hash is what the first record of the log chains to, so that nobody can put another
beginning under a log. Spec: docs/spec/log.md section 8.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ledger.canonical import Digest, Json, canonical, canonical_file, from_hex, parse_file
from ledger.errors import FormatError
from ledger.identity import entity_problem
from ledger.keyring import At, KeyEntry, KeyResult, Keyring, Permission, Role
from ledger.log.record import genesis_hash

__all__ = ["FORMAT", "Genesis"]

FORMAT: Final = "tallystick/genesis/1"
_FIELDS: Final = frozenset({"created", "entity", "exchange", "format", "keys", "ruleset"})


class Genesis(NamedTuple):
    """The beginning of an exchange. `keys` are (key, role, owner, permissions); `created` in microseconds."""

    exchange: str
    entity: str
    created: int
    ruleset: int
    keys: tuple[tuple[bytes, Role, str, Permission], ...]

    def document(self) -> dict[str, Json]:
        """The JSON object."""
        return {
            "created": self.created,
            "entity": self.entity,
            "exchange": self.exchange,
            "format": FORMAT,
            "keys": [
                {"key": key.hex(), "owner": owner, "permissions": int(permissions), "role": role.value}
                for key, role, owner, permissions in self.keys
            ],
            "ruleset": self.ruleset,
        }

    def to_file(self) -> bytes:
        """The bytes of the file."""
        return canonical_file(self.document())

    @property
    def hash(self) -> Digest:
        """What the first record chains to."""
        return genesis_hash(self.exchange, canonical(self.document()))

    def fill(self, ring: Keyring) -> None:
        """Put the keys on an empty ring; raises FormatError for keys that no ring takes."""
        for key, role, owner, permissions in self.keys:
            result = ring.register(KeyEntry(key, role, owner, permissions, At(0, 0)))
            if result is not KeyResult.OK:
                raise FormatError(f"the genesis document has a key that is no key: {result.value}")
        if len(ring.operators(0)) < 2:
            raise FormatError("the genesis document names fewer than two operators")

    @classmethod
    def from_file(cls, data: bytes) -> Genesis:
        """Read the file; raises FormatError."""
        document: Any = parse_file(data)
        if not isinstance(document, dict) or set(document) != _FIELDS or document["format"] != FORMAT:
            raise FormatError("this is no genesis document of a format that is known")
        exchange, entity = document["exchange"], document["entity"]
        if not isinstance(exchange, str) or not isinstance(entity, str) or entity_problem(entity) is not None:
            raise FormatError("the genesis document does not name exchange and entity")
        if type(document["created"]) is not int or type(document["ruleset"]) is not int:
            raise FormatError("the genesis document's time and rule set are integers")
        if not isinstance(document["keys"], list):
            raise FormatError("the genesis document has no list of keys")
        genesis = cls(
            exchange, entity, document["created"], document["ruleset"], tuple(map(_read_key, document["keys"]))
        )
        genesis.fill(Keyring())
        return genesis


def _read_key(value: Any) -> tuple[bytes, Role, str, Permission]:
    if not isinstance(value, dict) or set(value) != {"key", "owner", "permissions", "role"}:
        raise FormatError("a key of the genesis document has other fields than it should")
    if value["role"] not in tuple(Role) or not isinstance(value["owner"], str):
        raise FormatError("a key of the genesis document has no role or owner")
    if type(value["permissions"]) is not int or not 0 <= value["permissions"] <= sum(Permission):
        raise FormatError("a key of the genesis document has permissions that are not known")
    return from_hex(value["key"], 32), Role(value["role"]), value["owner"], Permission(value["permissions"])
