"""The desk of keys: who may sign what. The ring itself is `ledger.keyring`; who may change it, `ledger.authority`."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from ledger.canonical import Json
from ledger.commands import Command
from ledger.desks.base import Desk, Handler, Refusal, Shared
from ledger.errors import FormatError
from ledger.events import KeyChanged
from ledger.keyring import At, KeyEntry, KeyResult, Keyring
from ledger.signatures import Request

__all__ = ["KeysDesk"]

_OWNED_BY_ACCOUNTS: Final = frozenset({"customer", "session"})


class KeysDesk(Desk):
    """Changes the ring as signed commands say; each change is a fact with the key's whole entry."""

    NAME: ClassVar[str] = "keys"

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.ring = Keyring()

    def handlers(self) -> dict[type[Command], Handler]:
        """None: commands about keys are read by the ring."""
        return {}

    def change(self, request: Request) -> None:
        """Carry out one command about keys."""
        command = request.command
        assert command is not None, "keys are changed by signed commands"
        owner = command.get("owner")
        if command.get("role") in _OWNED_BY_ACCOUNTS and owner not in self.shared.accounts:
            raise Refusal("unknown-account")
        try:
            result = self.ring.apply(command, At(self.shared.sequence, self.shared.time_us))
        except FormatError:
            raise Refusal("malformed") from None
        if result is not KeyResult.OK:
            raise Refusal(result.value.replace("_", "-"))
        for name in ("key", "new"):
            if isinstance(command.get(name), str):
                entry = self.ring.get(bytes.fromhex(str(command[name])))
                assert entry is not None, "a changed key is on the ring"
                self.shared.events.append(_fact(entry))

    def document(self) -> Json:
        """The entries of the ring."""
        return self.ring.documents()

    def restore(self, document: Any) -> None:
        """The ring of those entries."""
        self.ring.restore(document)


def _fact(entry: KeyEntry) -> KeyChanged:
    return KeyChanged(
        entry.owner,
        entry.role.value,
        entry.key.hex(),
        tuple(str(each.name).lower() for each in entry.permissions),
        entry.registered.time_us,
        entry.expires_us,
        None if entry.ended is None else entry.ended.time_us,
    )
