"""From the log back to the state: every record's bytes parsed again, its signatures checked, and applied in order.

In: records as the log gives them, the engine of their exchange. Out: the facts, command by command. What a record holds
beside the signed bytes decides nothing: the command is what those bytes parse to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ledger.commands import Command, read_command
from ledger.engine import Engine
from ledger.errors import CheckFailed, FormatError
from ledger.events import Event
from ledger.log.record import Entry, Record, Scheme
from ledger.signatures import parse_command, verify_one

__all__ = ["command_of", "replay"]

_ENVELOPE = ("exchange", "nonce")


def command_of(entry: Entry, exchange: str) -> Command:
    """The typed command that an entry's signed bytes spell; raises FormatError."""
    if entry.scheme is Scheme.API:
        raise FormatError("the engine has no commands in the API's form yet")
    request = parse_command(entry.signed, exchange, entry.scheme)
    assert request.command is not None, "these schemes carry one command"
    return read_command({name: value for name, value in request.command.items() if name not in _ENVELOPE})


def replay(
    records: Iterable[Record], engine: Engine, *, check_signatures: bool = True
) -> Iterator[tuple[Record, list[Event]]]:
    """Apply records to an engine that stands where they begin; gives each with its facts.

    Raises CheckFailed for a signature that does not hold, FormatError for bytes that are no command.
    """
    for record in records:
        entry = record.entry
        if check_signatures:
            for signed in entry.signatures:
                if not verify_one(entry.scheme, entry.signed, signed):
                    raise CheckFailed(f"record {record.sequence}: a signature does not hold")
        command = command_of(entry, engine.exchange)
        yield record, engine.apply(int(record.sequence), int(entry.applied_us), command)
