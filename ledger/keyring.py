"""The exchange's key ring: who may sign what, since when and until when. Pure; changed by commands only.

Rules:
1. A key enters once: never for two owners, never again after it ended.
2. Every change is dated by the sequence and the time of its command; nothing is deleted.
3. A session's key ends by itself; a rotated key hands its role, owner and permissions to its successor.
4. At least two operators with keys that do not expire stay, or nobody could change anything again.
5. Ended keys are kept for ever, so an account has at most `ACCOUNT_KEYS_MAX` of each role, ended ones among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import IntFlag, StrEnum
from typing import Any, Final, NamedTuple

from ledger.canonical import Digest, Json, Tag, canonical, from_hex, tagged_hash
from ledger.errors import FormatError

__all__ = [
    "ACCOUNT_KEYS_MAX",
    "At",
    "KeyEntry",
    "KeyResult",
    "Keyring",
    "Permission",
    "Role",
    "read_registration",
    "read_successor",
    "read_target",
    "require_fields",
]

ACCOUNT_KEYS_MAX: Final = 1_000
_FOR_EVER: Final = 2**63
_ENVELOPE: Final = frozenset({"exchange", "nonce", "type"})
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "keys.register": frozenset({"expires", "key", "owner", "permissions", "role"}),
    "keys.revoke": frozenset({"key"}),
    "keys.rotate": frozenset({"key", "new"}),
}
"""What a command about keys has beside its envelope, all of it and nothing else."""
_OWNER: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")


class Role(StrEnum):
    """What a key stands for."""

    CUSTOMER = "customer"
    SESSION = "session"
    OPERATOR = "operator"
    SERVICE = "service"


class Permission(IntFlag):
    """What a key may do. The first three are customers', the others services'; an operator's role says it all."""

    NONE = 0
    READ = 1
    TRADE = 2
    WITHDRAW = 4
    DEPOSITS = 8
    PRICES = 16
    TIME = 32
    ACCOUNTS = 64


_ALLOWED: Final = {
    Role.CUSTOMER: Permission.READ | Permission.TRADE | Permission.WITHDRAW,
    Role.SESSION: Permission.READ | Permission.TRADE,
    Role.OPERATOR: Permission.NONE,
    Role.SERVICE: Permission.DEPOSITS | Permission.PRICES | Permission.TIME | Permission.ACCOUNTS,
}
_PERMISSION_NAMES: Final = {str(permission.name).lower(): permission for permission in Permission}


class KeyResult(StrEnum):
    """What became of a change, in the order in which reasons are looked for."""

    OK = "ok"
    OWNER_FORM = "owner_form"
    PERMISSIONS_NOT_OF_ROLE = "permissions_not_of_role"
    EXPIRY_MISSING = "expiry_missing"
    EXPIRY_PAST = "expiry_past"
    KEY_USED = "key_used"
    TOO_MANY_KEYS = "too_many_keys"
    KEY_UNKNOWN = "key_unknown"
    KEY_ENDED = "key_ended"
    LAST_OPERATORS = "last_operators"


class At(NamedTuple):
    """The command that makes a change: its sequence and its time in microseconds."""

    sequence: int
    time_us: int


class KeyEntry(NamedTuple):
    """One key and its life. `owner` is an account's, an operator's or a service's code."""

    key: bytes
    role: Role
    owner: str
    permissions: Permission
    registered: At
    expires_us: int | None = None
    ended: At | None = None
    successor: bytes | None = None

    def holds(self, time_us: int) -> bool:
        """Whether a key on the ring may be used at a time; before it was registered it was not on the ring."""
        if self.ended is not None and time_us >= self.ended.time_us:
            return False
        return self.expires_us is None or time_us < self.expires_us

    def document(self) -> dict[str, Json]:
        """The entry as JSON, for statements and for the state hash."""
        return {
            "ended": None if self.ended is None else list(self.ended),
            "expires": self.expires_us,
            "key": self.key.hex(),
            "owner": self.owner,
            "permissions": int(self.permissions),
            "registered": list(self.registered),
            "role": self.role.value,
            "successor": None if self.successor is None else self.successor.hex(),
        }


class Keyring:
    """All keys that were ever registered."""

    def __init__(self) -> None:
        self._entries: dict[bytes, KeyEntry] = {}
        self._by_owner: dict[tuple[Role, str], list[bytes]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> KeyEntry | None:
        """The entry of a key, ended or not."""
        return self._entries.get(key)

    def of_owner(self, role: Role, owner: str) -> list[KeyEntry]:
        """An owner's keys of one role in the order of registration, for statements."""
        return [self._entries[key] for key in self._by_owner.get((role, owner), ())]

    def operators(self, time_us: int) -> list[str]:
        """Operators with a key that holds at a time, sorted."""
        return sorted(
            owner
            for role, owner in self._by_owner
            if role is Role.OPERATOR and any(entry.holds(time_us) for entry in self.of_owner(role, owner))
        )

    def register(self, entry: KeyEntry) -> KeyResult:
        """Add a key. Nothing changes unless the result is OK."""
        assert len(entry.key) == 32 and entry.ended is None and entry.successor is None
        if not _OWNER.match(entry.owner):
            return KeyResult.OWNER_FORM
        if entry.permissions & ~_ALLOWED[entry.role]:
            return KeyResult.PERMISSIONS_NOT_OF_ROLE
        if entry.role is Role.SESSION and entry.expires_us is None:
            return KeyResult.EXPIRY_MISSING
        if entry.expires_us is not None and entry.expires_us <= entry.registered.time_us:
            return KeyResult.EXPIRY_PAST
        if entry.key in self._entries:
            return KeyResult.KEY_USED
        if self._is_full(entry):
            return KeyResult.TOO_MANY_KEYS
        self._entries[entry.key] = entry
        self._by_owner.setdefault((entry.role, entry.owner), []).append(entry.key)
        return KeyResult.OK

    def _is_full(self, entry: KeyEntry) -> bool:
        """Whether an account has had so many keys of a role that it gets no more."""
        is_account = entry.role in (Role.CUSTOMER, Role.SESSION)
        return is_account and len(self._by_owner.get((entry.role, entry.owner), ())) >= ACCOUNT_KEYS_MAX

    def rotate(self, old: bytes, new: bytes, at: At) -> KeyResult:
        """End `old` and give what it could do to `new`."""
        if new in self._entries:
            return KeyResult.KEY_USED
        entry = self._entries.get(old)
        if entry is None:
            return KeyResult.KEY_UNKNOWN
        if not entry.holds(at.time_us):
            return KeyResult.KEY_ENDED
        if self._is_full(entry):
            return KeyResult.TOO_MANY_KEYS
        self._entries[old] = entry._replace(ended=at, successor=new)
        result = self.register(KeyEntry(new, entry.role, entry.owner, entry.permissions, at, entry.expires_us))
        assert result is KeyResult.OK
        return result

    def revoke(self, key: bytes, at: At) -> KeyResult:
        """End a key."""
        entry = self._entries.get(key)
        if entry is None:
            return KeyResult.KEY_UNKNOWN
        if not entry.holds(at.time_us):
            return KeyResult.KEY_ENDED
        self._entries[key] = entry._replace(ended=at)
        # Keys that end by themselves do not count: two that expire tomorrow would leave nobody the day after.
        if entry.role is Role.OPERATOR and len(self.operators(_FOR_EVER)) < 2:
            self._entries[key] = entry
            return KeyResult.LAST_OPERATORS
        return KeyResult.OK

    def apply(self, command: Mapping[str, Json], at: At) -> KeyResult:
        """Do what `keys.register`, `keys.rotate` or `keys.revoke` says; raises FormatError for any other object."""
        require_fields(command)
        kind = command.get("type")
        if kind == "keys.register":
            return self.register(read_registration(command, at))
        if kind == "keys.rotate":
            return self.rotate(read_target(command), read_successor(command), at)
        return self.revoke(read_target(command), at)

    def documents(self) -> list[Json]:
        """The entries as JSON, sorted by key."""
        return [self._entries[key].document() for key in sorted(self._entries)]

    def restore(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Fill an empty ring from `documents`; owners' keys stand in the order of registration again."""
        assert not self._entries, "a ring is restored once"
        entries = [_read_entry(document) for document in documents]
        self._entries = {entry.key: entry for entry in entries}
        for entry in sorted(entries, key=lambda entry: (entry.registered, entry.key)):
            self._by_owner.setdefault((entry.role, entry.owner), []).append(entry.key)

    def state_bytes(self) -> bytes:
        """The whole ring in one spelling: canonical JSON of its entries, sorted by key."""
        return canonical(self.documents())

    def digest(self) -> Digest:
        """The ring's part of a state hash."""
        return tagged_hash(Tag.KEYRING, self.state_bytes())

    def copy(self) -> Keyring:
        """Another ring with the same entries."""
        ring = Keyring()
        ring._entries = dict(self._entries)
        ring._by_owner = {owner: list(keys) for owner, keys in self._by_owner.items()}
        return ring


def _read_entry(document: Mapping[str, Any]) -> KeyEntry:
    """The inverse of `KeyEntry.document`."""
    return KeyEntry(
        bytes.fromhex(document["key"]),
        Role(document["role"]),
        document["owner"],
        Permission(document["permissions"]),
        At(*document["registered"]),
        document["expires"],
        None if document["ended"] is None else At(*document["ended"]),
        None if document["successor"] is None else bytes.fromhex(document["successor"]),
    )


def require_fields(command: Mapping[str, Json]) -> None:
    """Refuse a command about keys with other fields than its own, so that none is read that nobody checked.

    Raises FormatError.
    """
    needed = _FIELDS.get(str(command.get("type")))
    if needed is None:
        raise FormatError("not a command about keys")
    if command.keys() - _ENVELOPE != needed:
        raise FormatError("other fields than the command about keys has")


def read_target(command: Mapping[str, Json]) -> bytes:
    """The key that a command about keys is about; raises FormatError."""
    return from_hex(command.get("key"), 32)


def read_successor(command: Mapping[str, Json]) -> bytes:
    """The key that takes the place of another; raises FormatError."""
    return from_hex(command.get("new"), 32)


def read_registration(command: Mapping[str, Json], at: At) -> KeyEntry:
    """The entry that a `keys.register` asks for; raises FormatError."""
    role, owner, expires = command.get("role"), command.get("owner"), command.get("expires")
    if role not in tuple(Role):
        raise FormatError("the role of the key is not on the list")
    if not isinstance(owner, str):
        raise FormatError("the key has no owner")
    if expires is not None and type(expires) is not int:
        raise FormatError("the key's expiry is not a time in microseconds")
    permissions = _read_permissions(command.get("permissions"))
    return KeyEntry(read_target(command), Role(str(role)), owner, permissions, at, expires)


def _read_permissions(names: Json) -> Permission:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FormatError("permissions are a list of names")
    return _union(_PERMISSION_NAMES.get(str(name), Permission.NONE) or _refuse(str(name)) for name in names)


def _refuse(name: str) -> Permission:
    raise FormatError(f"no permission is called {name[:20]}")


def _union(permissions: Iterable[Permission]) -> Permission:
    total = Permission.NONE
    for permission in permissions:
        total |= permission
    return total
