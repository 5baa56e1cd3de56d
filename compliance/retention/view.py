"""What an archive's chain says at a moment: records and what corrects them, events, holds, disposals, closed days.

One fold over the chain, used before a line is written and again by whoever checks: what the writer refuses, the
verifier finds. Rules, in the order in which `add` asks them:
1. A correction names a record that nothing corrects yet, of the same class and about the same customer.
2. A document about a customer is sealed, or stays where it is and is only referenced: never stored in the clear.
3. An order is signed by two operators of the roster in force, and is taken once.
4. A release names a hold that is on. Nothing that is held is deleted or erased, nor anything on or before its last day.
5. A day is closed once, in order, and not before it has begun.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any, Final, NamedTuple

from compliance.retention.authority import (
    Operator,
    Scope,
    answers_of,
    check_order,
    order_digest,
    read_operators,
    scope_of,
)
from compliance.retention.chain import Link
from compliance.retention.classes import StartEvent
from compliance.retention.clocks import Clock, Retention, retain_until
from compliance.retention.records import (
    Body,
    ClockEvent,
    Close,
    Document,
    Drill,
    Entry,
    ErasureRequest,
    Order,
    Storage,
    Stored,
    micros_day,
    read_day,
)
from ledger.canonical import Digest, Json, from_hex
from ledger.errors import CheckFailed

__all__ = ["Hold", "View", "fold"]


class Hold(NamedTuple):
    """A legal hold: the sequence of its order, what it covers, why, and when it was released (sequence) if it was."""

    sequence: int
    scope: Scope
    reason: str
    released: int | None = None


@dataclass(slots=True)
class View:
    """The state after some lines of one archive's chain. `add` changes it; everything else asks."""

    archive: str
    identity: str
    """The genesis hash in hex: orders name it, so that none of one archive passes in another of the same exchange."""
    operators: tuple[Operator, ...]
    day_key: bytes
    link: Link
    documents: dict[int, Document] = field(default_factory=dict)
    recorded: dict[int, int] = field(default_factory=dict)
    """When each document was recorded, microseconds."""
    superseded: dict[int, int] = field(default_factory=dict)
    """Sequence of a record to that of the one that corrects it."""
    holds: dict[int, Hold] = field(default_factory=dict)
    deleted: dict[int, int] = field(default_factory=dict)
    """Sequence of a record to that of the order by which its document was deleted."""
    erased: dict[str, int] = field(default_factory=dict)
    """A customer's pseudonym to the sequence of the newest order that erased them."""
    requests: dict[str, tuple[int, ErasureRequest]] = field(default_factory=dict)
    """The newest request of each customer that is not executed yet."""
    storages: dict[str, Storage] = field(default_factory=dict)
    drills: list[Entry] = field(default_factory=list)
    closed: list[tuple[int, date]] = field(default_factory=list)
    """Sequence and day of every close."""
    day_keys: dict[int, bytes] = field(default_factory=dict)
    """Sequence of a close to the key whose statement it needs."""
    _orders: set[Digest] = field(default_factory=set)
    _by_subject: dict[str, list[int]] = field(default_factory=dict)
    _events: dict[int | str | None, list[tuple[int, ClockEvent]]] = field(default_factory=dict)

    # Folding.

    def check(self, sequence: int, recorded: int, body: Body) -> None:
        """Whether a line may come next; raises CheckFailed or FormatError with the rule that it breaks."""
        _CHECKS[type(body)](self, sequence, recorded, body)

    def add(self, entry: Entry) -> None:
        """Check one line and take it; raises CheckFailed or FormatError, and then nothing has changed."""
        assert entry.sequence == self.link.sequence + 1, "lines come in order"
        self.check(entry.sequence, entry.recorded, entry.body)
        _TAKES[type(entry.body)](self, entry)
        self.link = Link(entry.sequence, entry.hash, entry.recorded)

    # Asking.

    def about(self, subject: str) -> list[int]:
        """The records about a customer, in order."""
        return self._by_subject.get(subject, [])

    def is_disposed(self, record: int) -> bool:
        """Whether an order took the record's document away."""
        subject = self.documents[record].subject
        return record in self.deleted or (subject is not None and self.erased.get(subject, 0) > record)

    def holds_on(self, record: int) -> list[Hold]:
        """The holds that a record is under now."""
        document = self.documents[record]
        return [
            hold
            for hold in self.holds.values()
            if hold.released is None
            and hold.scope.covers(document.record_class, document.subject, document.valid_from, document.valid_to)
        ]

    def events_of(self, record: int) -> tuple[dict[StartEvent, date], frozenset[str]]:
        """The days that start the record's clocks, the newest line for each, and rules by which longer was asked."""
        document = self.documents[record]
        days = {StartEvent.CREATION: document.created, **dict(document.events)}
        rules = set()
        keys: list[int | str | None] = [None, record]
        if document.subject is not None:
            keys.append(document.subject)
        known = [pair for key in keys for pair in self._events.get(key, ())]
        for _, event in sorted(known, key=itemgetter(0)):
            if not _matches(event, record, document):
                continue
            if event.event is not None:
                days[event.event] = event.day
            elif event.rule is not None:
                rules.add(event.rule)
        return days, frozenset(rules)

    def retention(self, record: int, table: Iterable[Clock], as_of: date) -> Retention:
        """How long a record is kept, by what is known now."""
        document = self.documents[record]
        days, rules = self.events_of(record)
        return retain_until(table, document.record_class, document.regimes, days, as_of, rules)

    def valid_at(self, micros: int) -> Iterator[tuple[int, Document]]:
        """The records that say what held in the world at a time, as far as this view knows; corrected ones not."""
        for record, document in self.documents.items():
            ends = document.valid_to
            if record not in self.superseded and document.valid_from <= micros and (ends is None or micros < ends):
                yield record, document

    def history(self, record: int) -> list[int]:
        """A record, what it corrects and what corrects it, oldest first: prior content stays visible."""
        first = record
        while (before := self.documents[first].corrects) is not None:
            first = before
        chain = [first]
        while chain[-1] in self.superseded:
            chain.append(self.superseded[chain[-1]])
        return chain


def fold(view: View, entries: Iterable[Entry], recorded_until: int | None = None) -> View:
    """Add lines to a view, up to a time of recording where one is given: the archive *as known at* that time."""
    for entry in entries:
        if recorded_until is not None and entry.recorded > recorded_until:
            break
        view.add(entry)
    return view


def _matches(event: ClockEvent, record: int, document: Document) -> bool:
    return (
        event.record in (None, record)
        and event.subject in (None, document.subject)
        and event.record_class in (None, document.record_class)
        and (event.before is None or document.created <= event.before)
    )


# Checks, one for each kind of body.


def _check_document(view: View, sequence: int, recorded: int, body: Document) -> None:
    if body.subject is not None and isinstance(body.payload, Stored):
        raise CheckFailed("a document about a customer is stored under their key, not in the clear")
    if body.corrects is None:
        return
    old = view.documents.get(body.corrects)
    if old is None:
        raise CheckFailed(f"record {sequence} corrects {body.corrects}, which is no record")
    if body.corrects in view.superseded:
        raise CheckFailed(f"record {body.corrects} is corrected already: correct {view.superseded[body.corrects]}")
    if (old.record_class, old.subject) != (body.record_class, body.subject):
        raise CheckFailed("a correction is of the same class and about the same customer")


def _check_event(view: View, sequence: int, recorded: int, body: ClockEvent) -> None:
    if body.record is not None and body.record not in view.documents:
        raise CheckFailed(f"an event is about {body.record}, which is no record")


def _check_nothing(view: View, sequence: int, recorded: int, body: Body) -> None:
    """A body that stands alone."""


def _check_close(view: View, sequence: int, recorded: int, body: Close) -> None:
    if view.closed and body.day <= view.closed[-1][1]:
        raise CheckFailed(f"{view.closed[-1][1]} is closed, and so is every day before it")
    if body.day > micros_day(recorded):
        raise CheckFailed(f"{body.day} has not begun")


def _check_order_body(view: View, sequence: int, recorded: int, body: Order) -> None:
    check_order(body, view.identity, view.operators)
    if order_digest(body.order) in view._orders:
        raise CheckFailed("this order was taken already")
    _ORDER_CHECKS[str(body.order["action"])](view, recorded, body.order)


def _check_hold(view: View, recorded: int, order: Mapping[str, Json]) -> None:
    scope_of(order)


def _check_release(view: View, recorded: int, order: Mapping[str, Json]) -> None:
    hold = order["hold"]
    if type(hold) is not int or hold not in view.holds or view.holds[hold].released is not None:
        raise CheckFailed("there is no such hold, or it was released")


def _check_keys(view: View, recorded: int, order: Mapping[str, Json]) -> None:
    read_operators(order["operators"])
    from_hex(order["day_key"], 32)


def _check_disposal(view: View, record: int, until: date, recorded: int) -> None:
    """Rule 4 for one record."""
    held = view.holds_on(record)
    if held:
        raise CheckFailed(f"record {record} is held: {held[0].reason}")
    if micros_day(recorded) <= until:
        raise CheckFailed(f"record {record} is kept until {until}")


def _check_delete(view: View, recorded: int, order: Mapping[str, Json]) -> None:
    for answer in answers_of(order):
        if answer.record not in view.documents:
            raise CheckFailed(f"{answer.record} is no record")
        if view.is_disposed(answer.record):
            raise CheckFailed(f"the document of record {answer.record} is gone already")
        _check_disposal(view, answer.record, answer.until, recorded)


def _check_erase(view: View, recorded: int, order: Mapping[str, Json]) -> None:
    subject = from_hex(order["subject"], 32).hex()
    until = read_day(order["until"], "until")
    live = [record for record in view.about(subject) if not view.is_disposed(record)]
    if not live:
        raise CheckFailed("there is no document about this customer")
    for record in live:
        _check_disposal(view, record, until, recorded)


_ORDER_CHECKS: Final[Mapping[str, Callable[[View, int, Mapping[str, Json]], None]]] = {
    "delete": _check_delete,
    "erase": _check_erase,
    "hold": _check_hold,
    "keys": _check_keys,
    "release": _check_release,
}
_CHECKS: Final[Mapping[type, Callable[[View, int, int, Any], None]]] = {
    ClockEvent: _check_event,
    Close: _check_close,
    Document: _check_document,
    Drill: _check_nothing,
    ErasureRequest: _check_nothing,
    Order: _check_order_body,
    Storage: _check_nothing,
}


# Taking, one for each kind of body.


def _take_document(view: View, entry: Entry) -> None:
    body = entry.body
    assert isinstance(body, Document)
    view.documents[entry.sequence] = body
    view.recorded[entry.sequence] = entry.recorded
    if body.corrects is not None:
        view.superseded[body.corrects] = entry.sequence
    if body.subject is not None:
        view._by_subject.setdefault(body.subject, []).append(entry.sequence)


def _take_event(view: View, entry: Entry) -> None:
    body = entry.body
    assert isinstance(body, ClockEvent)
    key: int | str | None = body.record if body.record is not None else body.subject
    view._events.setdefault(key, []).append((entry.sequence, body))


def _take_request(view: View, entry: Entry) -> None:
    assert isinstance(entry.body, ErasureRequest)
    view.requests[entry.body.subject] = (entry.sequence, entry.body)


def _take_storage(view: View, entry: Entry) -> None:
    assert isinstance(entry.body, Storage)
    view.storages[entry.body.name] = entry.body


def _take_drill(view: View, entry: Entry) -> None:
    view.drills.append(entry)


def _take_close(view: View, entry: Entry) -> None:
    assert isinstance(entry.body, Close)
    view.closed.append((entry.sequence, entry.body.day))
    view.day_keys[entry.sequence] = view.day_key


def _take_order(view: View, entry: Entry) -> None:
    assert isinstance(entry.body, Order)
    order = entry.body.order
    view._orders.add(order_digest(order))
    action = order["action"]
    if action == "hold":
        view.holds[entry.sequence] = Hold(entry.sequence, scope_of(order), str(order["reason"]))
    elif action == "release":
        number = order["hold"]
        assert isinstance(number, int)
        view.holds[number] = view.holds[number]._replace(released=entry.sequence)
    elif action == "delete":
        view.deleted.update({answer.record: entry.sequence for answer in answers_of(order)})
    elif action == "erase":
        view.erased[str(order["subject"])] = entry.sequence
        view.requests.pop(str(order["subject"]), None)
    else:
        view.operators = read_operators(order["operators"])
        view.day_key = from_hex(order["day_key"], 32)


_TAKES: Final[Mapping[type, Callable[[View, Entry], None]]] = {
    ClockEvent: _take_event,
    Close: _take_close,
    Document: _take_document,
    Drill: _take_drill,
    ErasureRequest: _take_request,
    Order: _take_order,
    Storage: _take_storage,
}
