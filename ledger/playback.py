"""From the log back to the state: every record's bytes parsed again, its signatures checked, and applied in order.

In: records as the log gives them, the engine that stands where they begin. Out: the facts, command by command. What a
record holds beside the signed bytes decides nothing but times and session: the command is what those bytes parse to.
An audit checks here again what the door checked: signatures, windows, and that no bytes were taken twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ledger.engine import Engine, Given
from ledger.errors import CheckFailed
from ledger.events import Event
from ledger.log.record import Entry, Record, Scheme
from ledger.signatures import parse_request, time_problem, verify_one

__all__ = ["given_of", "replay"]


def given_of(entry: Entry, exchange: str) -> Given:
    """What an entry gives to an engine; raises FormatError for bytes that no door lets in."""
    request = parse_request(entry.scheme, entry.signed, exchange)
    return Given(request, tuple(signed.key for signed in entry.signatures), entry.received_us, entry.door.source)


def replay(
    records: Iterable[Record], engine: Engine, *, check_signatures: bool = True
) -> Iterator[tuple[Record, list[Event]]]:
    """Apply records to an engine that stands where they begin; gives each with its facts.

    Raises CheckFailed for a signature that does not hold or a command outside its window, FormatError for bytes that
    no door lets in.
    """
    for record in records:
        entry = record.entry
        given = given_of(entry, engine.exchange)
        if check_signatures:
            check_entry(record, given)
        yield record, engine.apply_given(int(record.sequence), int(entry.applied_us), given)


def check_entry(record: Record, given: Given) -> None:
    """Check again what the door checked of a record; raises CheckFailed."""
    entry = record.entry
    if entry.scheme is not Scheme.SESSION:
        for signed in entry.signatures:
            if not verify_one(entry.scheme, entry.signed, signed):
                raise CheckFailed(f"record {record.sequence}: a signature does not hold")
    problem = time_problem(given.request, entry.received_us)
    if problem is not None:
        raise CheckFailed(f"record {record.sequence}: it came {problem}, outside its window")
