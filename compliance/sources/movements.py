"""Deposits and withdrawals of a period as records: every one, or of very many the slowest and how many others.

A fact carries at most `RECORDS_MAX` records by themselves: those that are not done yet, then those that took longest.
Every other movement is counted in a record for each asset (and state), whose `count` says of how many it is, whose
`units` are their sum, and whose times are those of the slowest of them, so that no time is shown that nothing took. A
rule about time then still has its answer: what the slowest of the others passes, each of them passes, and exceptions
are among those that stand by themselves. `compliance.primitives.records` says *insufficient data* of a group where
that does not follow.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final, NamedTuple

from sqlalchemy import text
from sqlmodel import Session

from compliance.facts import Record
from compliance.sources.attested import is_currency
from compliance.sources.stored import timed
from ledger.store import history

__all__ = ["RECORDS_MAX", "deposits", "moment_of", "withdrawals"]

RECORDS_MAX: Final = 5_000
_END_STATES: Final = ("settled", "failed", "rejected")


class _Moved(NamedTuple):
    """A movement: times in microseconds, `done` None as long as it goes on."""

    id: str
    account: str
    asset: str
    quanta: int
    begun: int
    done: int | None
    state: str = ""


def moment_of(micros: int) -> datetime:
    """Microseconds since 1970 as a moment."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC) + timedelta(microseconds=micros % 1_000_000)


def deposits(session: Session, first: int, last: int, scales: Mapping[str, int]) -> Iterator[Record]:
    """Deposits that were credited in the positions, and receipts of any time that nobody was credited for yet."""
    yield from _records([*_deposits(session, first, last)], scales, _deposit)


def withdrawals(session: Session, first: int, last: int, scales: Mapping[str, int]) -> Iterator[Record]:
    """Withdrawals that were asked for or moved in the positions, or are still open, and how far each is."""
    yield from _records(_withdrawals(session, first, last), scales, _withdrawal)


def _deposits(session: Session, first: int, last: int) -> Iterator[_Moved]:
    for event in timed(session, "deposit-credited", first, last):
        yield _received(json.loads(event.document), event.micros, event.micros)
    references = {event.reference for event in timed(session, "receipt-assigned", 1, last)}
    for event in timed(session, "receipt-assigned", first, last):
        facts = json.loads(event.document)
        if facts["account"] is not None:
            held = next(history.events_of_reference(session, str(event.reference)), None)
            since = event.micros if held is None else _micros_at(session, held.sequence)
            yield _received(facts, since, event.micros)
    for event in timed(session, "receipt-held", 1, last):
        if event.reference not in references:
            yield _received(json.loads(event.document), event.micros, None)


def _micros_at(session: Session, position: int) -> int:
    command = history.command_at(session, position)
    assert command is not None, "an event has its command"
    return command.applied_micros


def _received(facts: Mapping[str, Any], begun: int, done: int | None) -> _Moved:
    account = str(facts.get("account") or "nobody yet")
    return _Moved(str(facts["evidence"]), account, facts["asset"], int(facts["amount"]), begun, done)


def _withdrawals(session: Session, first: int, last: int) -> list[_Moved]:
    requests: dict[str, _Moved] = {}
    for row in session.connection().execute(_OPEN, {"first": first, "last": last}):
        asked = _asked(session, str(row.reference))
        requests[asked.id] = asked
    for event in timed(session, "withdrawal-moved", first, last):
        # Three of four events of a withdrawal say nothing new but the state: they are not worth parsing.
        stated = _STATE.search(event.document)
        assert stated is not None, "a withdrawal's event has a state"
        state, request = stated[1], str(event.reference)
        if state == "held":
            requests[request] = _requested(json.loads(event.document), event.micros)
            continue
        before = requests.get(request) or _asked(session, request)
        requests[request] = before._replace(state=state, done=event.micros if state in _END_STATES else None)
    return list(requests.values())


_STATE: Final = re.compile(r'"state":"([a-z]+)"')
_OPEN: Final = text(
    "SELECT reference FROM event WHERE kind = 'withdrawal-moved' AND order_id IS NULL AND sequence < :first "
    "EXCEPT SELECT reference FROM event WHERE kind = 'withdrawal-moved' AND order_id IS NULL AND sequence <= :last "
    """AND (document LIKE '%"settled"%' OR document LIKE '%"failed"%' OR document LIKE '%"rejected"%') """
    "ORDER BY reference"
)
"""Requests of before the period that nothing has ended; what ended in the period comes by that event."""


def _asked(session: Session, reference: str) -> _Moved:
    """A withdrawal as its first event has it."""
    event = next(history.events_of_reference(session, reference))
    return _requested(event.document, _micros_at(session, event.sequence))


def _requested(facts: Mapping[str, Any], micros: int) -> _Moved:
    account, asset, amount = facts["account"], facts["asset"], int(facts["amount"])
    return _Moved(facts["request"], account, asset, amount, micros, None, facts["state"])


def _deposit(moved: _Moved, units: Fraction, count: int | None) -> Record:
    return {
        "id": moved.id, "account": moved.account, "asset": moved.asset, "units": units,
        "received": moment_of(moved.begun), "credited": None if moved.done is None else moment_of(moved.done),
        "is_money": is_currency(moved.asset), "count": None if count is None else Fraction(count),
    }  # fmt: skip


def _withdrawal(moved: _Moved, units: Fraction, count: int | None) -> Record:
    return {
        "id": moved.id, "account": moved.account, "asset": moved.asset, "requested": moment_of(moved.begun),
        "units": units, "done": None if moved.done is None else moment_of(moved.done), "state": moved.state,
        # The request is a command that the customer's own key signed; the door takes no other.
        "instructed": True, "count": None if count is None else Fraction(count),
    }  # fmt: skip


def _records(
    moved: Sequence[_Moved],
    scales: Mapping[str, int],
    record: Callable[[_Moved, Fraction, int | None], Record],
    most: int = RECORDS_MAX,
) -> Iterator[Record]:
    """The records in the order of the movements, and after them the groups."""
    alone, groups = _parted(moved, most)
    for each in alone:
        yield record(each, Fraction(each.quanta, 10 ** scales[each.asset]), None)
    for (asset, state), others in sorted(groups.items()):
        slowest = min(others, key=_slowest_first)
        name = f"{len(others)} others of {asset}" + (f", {state}" if state else "")
        units = Fraction(sum(each.quanta for each in others), 10 ** scales[asset])
        yield record(slowest._replace(id=name, account="several"), units, len(others))


def _parted(moved: Sequence[_Moved], most: int) -> tuple[list[_Moved], dict[tuple[str, str], list[_Moved]]]:
    """The movements that stand by themselves, in their order, and all others by asset, state and being done."""
    if len(moved) <= most:
        return list(moved), {}
    order = sorted(range(len(moved)), key=lambda place: _slowest_first(moved[place]))
    groups: dict[tuple[str, str], list[_Moved]] = {}
    for place in order[most:]:
        each = moved[place]
        state = each.state or ("" if each.done is not None else "not credited")
        groups.setdefault((each.asset, state), []).append(each)
    return [moved[place] for place in sorted(order[:most])], groups


def _slowest_first(moved: _Moved) -> tuple[bool, int, str]:
    """What goes on comes first, the oldest of it, then what took longest."""
    if moved.done is None:
        return False, moved.begun, moved.id
    return True, moved.begun - moved.done, moved.id
