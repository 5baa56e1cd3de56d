"""Commands signed and ready to be submitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledger.canonical import Json
from ledger.commands import Command, command_document
from ledger.door import Submission
from ledger.keys import SigningKey
from ledger.log.record import Door, Scheme
from ledger.signatures import command_bytes, sign_command

__all__ = ["signed", "signed_document"]


def signed(
    exchange: str, command: Command, nonce_us: int, keys: Sequence[SigningKey], door: Door | None = None
) -> Submission:
    """A command under one signature or several. `nonce_us` is the time, made unique by whoever sends several."""
    return signed_document(exchange, command_document(command), nonce_us, keys, door)


def signed_document(
    exchange: str, document: Mapping[str, Json], nonce_us: int, keys: Sequence[SigningKey], door: Door | None = None
) -> Submission:
    """The same for a command that is a JSON object, such as those about keys."""
    fields = dict(document)
    data = command_bytes(exchange, str(fields.pop("type")), nonce_us, fields)
    return Submission(Scheme.COMMAND, data, tuple(sign_command(key, data) for key in keys), door or Door())
