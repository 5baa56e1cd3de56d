"""From the log back to the state: every record's bytes parsed again, its signatures checked, and applied in order.

In: records as the log gives them, the engine that stands where they begin. Out: the facts, command by command. What a
record holds beside the signed bytes decides nothing but times and session: the command is what those bytes parse to.
An audit checks here again what the door checked: signatures, windows, and that no bytes were taken twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ledger.authority import Authority, judge
from ledger.commands import POLICY
from ledger.engine import Engine, Given
from ledger.errors import CheckFailed
from ledger.events import Event
from ledger.log.record import Entry, Record, Scheme
from ledger.replay import ReplayCache
from ledger.signatures import parse_request, request_id, time_problem, verify_one

__all__ = ["given_of", "replay"]


def given_of(entry: Entry, exchange: str) -> Given:
    """What an entry gives to an engine; raises FormatError for bytes that no door lets in."""
    request = parse_request(entry.scheme, entry.signed, exchange)
    return Given(request, tuple(signed.key for signed in entry.signatures), entry.received_us, entry.door.source)


def replay(
    records: Iterable[Record], engine: Engine, *, check_signatures: bool = True, taken: ReplayCache | None = None
) -> Iterator[tuple[Record, list[Event]]]:
    """Apply records to an engine that stands where they begin; gives each with its facts.

    `taken` is what a replay up to there had taken, and is added to; without it the beginning has no memory.
    Raises CheckFailed for a signature that does not hold or a command outside its window, FormatError for bytes that
    no door lets in.
    """
    taken = ReplayCache() if taken is None else taken
    for record in records:
        entry = record.entry
        given = given_of(entry, engine.exchange)
        if record.sequence != engine.sequence + 1 or entry.applied_us < max(engine.time_us, entry.received_us):
            raise CheckFailed(f"record {record.sequence}: it is out of order, or its time runs backwards")
        if check_signatures:
            check_entry(record, given)
            _check_once(record, given, engine, taken)
        yield record, engine.apply_given(int(record.sequence), int(entry.applied_us), given)


def _check_once(record: Record, given: Given, engine: Engine, taken: ReplayCache) -> None:
    """Whether these bytes were not taken before; raises CheckFailed. The memory is that of the door."""
    entry, request = record.entry, given.request
    verdict = judge(engine.keys.ring, POLICY, request, given.keys, entry.received_us)
    if entry.scheme is Scheme.SESSION:
        assert request.command is not None, "a session's request is one command"
        scope = f"session:{request.command.get('account')}".encode()
    elif isinstance(verdict, Authority):
        scope = verdict.scope
    else:
        return  # the engine refuses it by name, and it moves nothing
    taken.advance(max(taken.now_us, entry.received_us))
    if request.expires_us >= taken.now_us and not taken.admit(request_id(scope, entry.signed), request.expires_us):
        raise CheckFailed(f"record {record.sequence}: the same bytes were taken before")


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
