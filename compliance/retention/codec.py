"""The bytes of a line: bodies as canonical JSON, and the strict reading of each kind. Pure.

A body is `{"kind", "recorded", "sequence"}` and the fields of its kind. Absent facts are absent keys, so that one body
has one spelling; a key too few or too many is a FormatError. Spec: docs/spec/archive.md section 2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from compliance.retention.classes import RecordClass, Regime, StartEvent
from compliance.retention.records import (
    NAME_CHARACTERS_MAX,
    Body,
    ClockEvent,
    Close,
    Document,
    Drill,
    ErasureRequest,
    Order,
    Payload,
    Referenced,
    Sealed,
    Signature,
    Storage,
    Stored,
    micros_day,
    read_day,
)
from ledger.canonical import Json, canonical, from_hex, parse
from ledger.errors import FormatError

__all__ = ["BODY_BYTES_MAX", "decode_body", "encode_body"]

BODY_BYTES_MAX: Final = 1 << 20
_REGION: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,8})?\Z")
ACTIONS: Final = frozenset({"delete", "erase", "hold", "keys", "release"})


# Encoding.


def _payload_document(payload: Payload) -> dict[str, Json]:
    shared: dict[str, Json] = {"sha256": payload.sha256, "size": payload.size}
    if isinstance(payload, Sealed):
        return shared | {"binding": payload.binding, "how": "sealed", "key_id": payload.key_id}
    if isinstance(payload, Referenced):
        return shared | {"how": "referenced", "path": payload.path}
    return shared | {"how": "stored"}


def _document_fields(body: Document) -> dict[str, Json]:
    return {
        "class": body.record_class.value,
        "corrects": body.corrects,
        "created": body.created.isoformat(),
        "events": {event.value: day.isoformat() for event, day in body.events} or None,
        "kind": "record",
        "name": body.name,
        "payload": _payload_document(body.payload),
        "regimes": [regime.value for regime in body.regimes],
        "subject": body.subject,
        "valid_from": body.valid_from,
        "valid_to": body.valid_to,
    }


def _event_fields(body: ClockEvent) -> dict[str, Json]:
    return {
        "before": None if body.before is None else body.before.isoformat(),
        "class": None if body.record_class is None else body.record_class.value,
        "day": body.day.isoformat(),
        "event": None if body.event is None else body.event.value,
        "kind": "event",
        "record": body.record,
        "rule": body.rule,
        "subject": body.subject,
    }


def _fields(body: Body) -> dict[str, Json]:
    if isinstance(body, Document):
        return _document_fields(body)
    if isinstance(body, ClockEvent):
        return _event_fields(body)
    if isinstance(body, ErasureRequest):
        until = None if body.until is None else body.until.isoformat()
        return {"answer": body.answer, "kind": "request", "subject": body.subject, "until": until}
    if isinstance(body, Order):
        rows: list[Json] = [{"key": each.key.hex(), "signature": each.signature.hex()} for each in body.signatures]
        return {"kind": "order", "order": dict(body.order), "signatures": rows}
    if isinstance(body, Storage):
        views: list[Json] = list(body.viewable_from)
        return {**body._asdict(), "kind": "storage", "viewable_from": views}
    if isinstance(body, Drill):
        problems: list[Json] = list(body.problems)
        return {**body._asdict(), "kind": "drill", "problems": problems}
    return {"day": body.day.isoformat(), "kind": "close"}


def encode_body(sequence: int, recorded: int, body: Body) -> bytes:
    """The bytes that are chained; raises FormatError for a body that cannot be read again."""
    fields = {name: value for name, value in _fields(body).items() if value is not None}
    data = canonical({**fields, "recorded": recorded, "sequence": sequence})
    if decode_body(data) != (sequence, recorded, body):
        raise FormatError("a body reads back as another one")
    return data


# Decoding.


class _Reader:
    """Takes fields out of an object one by one; what is left at the end is a key too many."""

    def __init__(self, document: Mapping[str, Json]) -> None:
        self._left = dict(document)

    def take(self, name: str) -> Json:
        if name not in self._left:
            raise FormatError(f"a body lacks {name}")
        value = self._left.pop(name)
        if value is None:
            raise FormatError(f"{name} is null: what is absent has no key")
        return value

    def has(self, name: str) -> bool:
        return name in self._left

    def number(self, name: str) -> int:
        value = self.take(name)
        if type(value) is not int:
            raise FormatError(f"{name} is no number")
        return value

    def text(self, name: str, characters_max: int = NAME_CHARACTERS_MAX) -> str:
        value = self.take(name)
        if not isinstance(value, str) or not 0 < len(value) <= characters_max:
            raise FormatError(f"{name} is no text of 1 to {characters_max} characters")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.take(name)
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise FormatError(f"{name} is no list of texts")
        return tuple(str(each) for each in value)

    def hex(self, name: str, size: int = 32) -> str:
        return from_hex(self.take(name), size).hex()

    def day(self, name: str) -> date:
        return read_day(self.take(name), name)

    def object(self, name: str) -> dict[str, Json]:
        value = self.take(name)
        if not isinstance(value, dict):
            raise FormatError(f"{name} is no object")
        return value

    def end(self) -> None:
        if self._left:
            raise FormatError(f"a body has a key too many: {sorted(self._left)[0]}")


def _class(value: str) -> RecordClass:
    try:
        return RecordClass(value)
    except ValueError:
        raise FormatError(f"no record class: {value[:40]}") from None


def _event(value: str) -> StartEvent:
    try:
        return StartEvent(value)
    except ValueError:
        raise FormatError(f"no event that starts a clock: {value[:40]}") from None


def _regimes(values: tuple[str, ...]) -> tuple[Regime, ...]:
    if not values or list(values) != sorted(set(values)):
        raise FormatError("a record names its regimes once each, in rising order, and at least one")
    try:
        return tuple(Regime(value) for value in values)
    except ValueError as error:
        raise FormatError(f"no regime: {error}") from None


def _payload(document: Mapping[str, Json]) -> Payload:
    reader = _Reader(document)
    how, sha256, size = reader.text("how"), reader.hex("sha256"), reader.number("size")
    if how == "sealed":
        payload: Payload = Sealed(sha256, size, reader.hex("key_id", 16), reader.hex("binding"))
    elif how == "referenced":
        payload = Referenced(sha256, size, reader.text("path"))
    elif how == "stored":
        payload = Stored(sha256, size)
    else:
        raise FormatError("a payload is stored, sealed or referenced")
    reader.end()
    return payload


def _read_document(reader: _Reader) -> Document:
    events: tuple[tuple[StartEvent, date], ...] = ()
    if reader.has("events"):
        rows = reader.object("events")
        events = tuple((_event(name), read_day(rows[name], name)) for name in sorted(rows))
        if not events or any(event is StartEvent.CREATION for event, _ in events):
            raise FormatError("events are some, and `created` is the day of creation")
    body = Document(
        record_class=_class(reader.text("class")),
        name=reader.text("name"),
        created=reader.day("created"),
        regimes=_regimes(reader.texts("regimes")),
        valid_from=reader.number("valid_from"),
        payload=_payload(reader.object("payload")),
        valid_to=reader.number("valid_to") if reader.has("valid_to") else None,
        subject=reader.hex("subject") if reader.has("subject") else None,
        events=events,
        corrects=reader.number("corrects") if reader.has("corrects") else None,
    )
    if body.valid_to is not None and body.valid_to <= body.valid_from:
        raise FormatError("a record is valid for no time at all")
    if isinstance(body.payload, Sealed) and body.subject is None:
        raise FormatError("a sealed document has a subject")
    return body


def _read_event(reader: _Reader) -> ClockEvent:
    body = ClockEvent(
        event=_event(reader.text("event")) if reader.has("event") else None,
        day=reader.day("day"),
        rule=reader.text("rule") if reader.has("rule") else None,
        record=reader.number("record") if reader.has("record") else None,
        subject=reader.hex("subject") if reader.has("subject") else None,
        record_class=_class(reader.text("class")) if reader.has("class") else None,
        before=reader.day("before") if reader.has("before") else None,
    )
    if (body.event is None) == (body.rule is None):
        raise FormatError("an event is a start of clocks or a request by a rule, and not both")
    if body.event is StartEvent.CREATION:
        raise FormatError("a record's creation is its own")
    if body.record is None and body.subject is None and body.record_class is None:
        raise FormatError("an event names a record, a subject or a class")
    return body


def _read_request(reader: _Reader) -> ErasureRequest:
    until = reader.day("until") if reader.has("until") else None
    return ErasureRequest(reader.hex("subject"), until, reader.text("answer"))


def _read_order(reader: _Reader) -> Order:
    order, rows = reader.object("order"), reader.take("signatures")
    if not isinstance(rows, list):
        raise FormatError("signatures are a list")
    signatures = []
    for row in rows:
        if not isinstance(row, dict) or set(row) != {"key", "signature"}:
            raise FormatError("a signature has a key and a signature")
        signatures.append(Signature(from_hex(row["key"], 32), from_hex(row["signature"], 64)))
    if order.get("action") not in ACTIONS:
        raise FormatError("an order has no action that is known")
    return Order(order, tuple(signatures))


def _read_storage(reader: _Reader) -> Storage:
    active = reader.take("is_active")
    if not isinstance(active, bool):
        raise FormatError("is_active is true or false")
    body = Storage(
        name=reader.text("name"),
        region=reader.text("region"),
        role=reader.text("role"),
        viewable_from=reader.texts("viewable_from"),
        is_active=active,
        evidence=reader.hex("evidence") if reader.has("evidence") else None,
    )
    if body.role not in ("primary", "replica"):
        raise FormatError("a storage is primary or a replica")
    if not all(_REGION.match(each) for each in (body.region, *body.viewable_from)):
        raise FormatError("a region is a country's code, as JP or AE-DU")
    return body


def _read_drill(reader: _Reader) -> Drill:
    names = ("records", "objects", "bytes", "days", "stamps", "unreadable")
    numbers = {name: reader.number(name) for name in names}
    body = Drill(result=reader.text("result"), head=reader.hex("head"), problems=reader.texts("problems"), **numbers)
    if body.result != ("fail" if body.problems else "pass"):
        raise FormatError("a drill passes without problems and fails with them")
    return body


def _read_close(reader: _Reader) -> Close:
    return Close(reader.day("day"))


_KINDS: Final[Mapping[str, Callable[[_Reader], Any]]] = {
    "close": _read_close,
    "drill": _read_drill,
    "event": _read_event,
    "order": _read_order,
    "record": _read_document,
    "request": _read_request,
    "storage": _read_storage,
}


def decode_body(data: bytes) -> tuple[int, int, Body]:
    """Sequence, time of recording and body; raises FormatError for anything but the one spelling of a known kind."""
    document = parse(data, BODY_BYTES_MAX)
    if not isinstance(document, dict):
        raise FormatError("a body is an object")
    reader = _Reader(document)
    kind, sequence, recorded = reader.text("kind"), reader.number("sequence"), reader.number("recorded")
    read = _KINDS.get(kind)
    if read is None:
        raise FormatError(f"no kind of body: {kind[:40]}")
    body: Body = read(reader)
    reader.end()
    micros_day(recorded)
    return sequence, recorded, body
