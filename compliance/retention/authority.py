"""Orders that only two operators together can give: hold, release, deletion, erasure, and who may give them. Pure.

Rules:
1. An order names the archive it is for by its genesis hash, when it was made, and why; two signatures of two different
   owners on the roster that is in force when it is recorded, over label and digest of the whole order.
2. The roster begins with the operators in archive.json; an order `keys` puts another in its place, and may name
   another key for the statements of days.
3. The same order is taken once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from compliance.retention.classes import RecordClass
from compliance.retention.records import NAME_CHARACTERS_MAX, Order, Signature, read_day
from ledger.canonical import Digest, Json, Tag, canonical, from_hex, tagged_hash
from ledger.errors import CheckFailed, FormatError
from ledger.keys import SigningKey, verify_signature

__all__ = [
    "LABEL_ORDER",
    "Answer",
    "Operator",
    "Scope",
    "answers_of",
    "check_order",
    "delete_order",
    "erase_order",
    "hold_order",
    "keys_order",
    "operator_documents",
    "order_digest",
    "read_operators",
    "release_order",
    "scope_of",
    "sign_order",
]

LABEL_ORDER: Final = "tallystick/archive-order/1"
SIGNATURES: Final = 2
_SHARED: Final = frozenset({"action", "archive", "made", "reason"})
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "delete": _SHARED | {"answers", "authority"},
    "erase": _SHARED | {"authority", "subject", "until"},
    "hold": _SHARED | {"scope"},
    "keys": _SHARED | {"day_key", "operators"},
    "release": _SHARED | {"hold"},
}


class Operator(NamedTuple):
    """Somebody who may sign orders: public key and owner's name."""

    key: bytes
    owner: str


class Scope(NamedTuple):
    """What a hold covers: all that is named must match; nothing named is everything. Times bound what is valid."""

    subject: str | None = None
    record_class: RecordClass | None = None
    since: int | None = None
    until: int | None = None

    def covers(self, record_class: RecordClass, subject: str | None, valid_from: int, valid_to: int | None) -> bool:
        """Whether a record that is valid over this time is held."""
        return (
            self.subject in (None, subject)
            and self.record_class in (None, record_class)
            and (self.since is None or valid_to is None or valid_to > self.since)
            and (self.until is None or valid_from <= self.until)
        )


class Answer(NamedTuple):
    """One record of a deletion: the last day of keeping, and the clocks that said so."""

    record: int
    until: date
    because: str


def _order(action: str, archive: str, made: int, reason: str, **fields: Json) -> dict[str, Json]:
    return {"action": action, "archive": archive, "made": made, "reason": reason, **fields}


def hold_order(archive: str, made: int, reason: str, scope: Scope) -> dict[str, Json]:
    """Nothing in the scope may be deleted until the hold is released."""
    named = {"class": scope.record_class, "since": scope.since, "subject": scope.subject, "until": scope.until}
    fields: dict[str, Json] = {
        name: value.value if isinstance(value, RecordClass) else value
        for name, value in named.items()
        if value is not None
    }
    return _order("hold", archive, made, reason, scope=fields)


def release_order(archive: str, made: int, reason: str, hold: int) -> dict[str, Json]:
    """End the hold that was recorded at a sequence."""
    return _order("release", archive, made, reason, hold=hold)


def delete_order(archive: str, made: int, reason: str, authority: str, answers: Sequence[Answer]) -> dict[str, Json]:
    """Delete the documents of these records; their hashes stay in the chain."""
    rows: list[Json] = [{"because": a.because, "record": a.record, "until": a.until.isoformat()} for a in answers]
    return _order("delete", archive, made, reason, authority=authority, answers=rows)


def erase_order(archive: str, made: int, reason: str, authority: str, subject: str, until: date) -> dict[str, Json]:
    """Destroy a customer's key, and delete every document that is about them. `until`: the last day of keeping."""
    return _order("erase", archive, made, reason, authority=authority, subject=subject, until=until.isoformat())


def keys_order(archive: str, made: int, reason: str, operators: Sequence[Operator], day_key: bytes) -> dict[str, Json]:
    """Put another roster and another key for the statements of days in place of those in force."""
    return _order("keys", archive, made, reason, operators=operator_documents(operators), day_key=day_key.hex())


def operator_documents(operators: Sequence[Operator]) -> list[Json]:
    """A roster as it stands in documents, in the order of keys."""
    return [{"key": each.key.hex(), "owner": each.owner} for each in sorted(operators)]


def read_operators(rows: Any) -> tuple[Operator, ...]:
    """Read a roster; raises FormatError unless it names at least two owners, every key once, in order."""
    if not isinstance(rows, list):
        raise FormatError("operators are a list")
    found = []
    for row in rows:
        if not isinstance(row, dict) or set(row) != {"key", "owner"} or not isinstance(row["owner"], str):
            raise FormatError("an operator has a key and an owner")
        found.append(Operator(from_hex(row["key"], 32), row["owner"]))
    keys = [each.key for each in found]
    if keys != sorted(set(keys)) or len({each.owner for each in found}) < SIGNATURES:
        raise FormatError("a roster names two owners or more, and every key once, in rising order")
    return tuple(found)


def order_digest(order: Mapping[str, Json]) -> Digest:
    """What operators sign."""
    return tagged_hash(Tag.ARCHIVE_ORDER, canonical(dict(order)))


def sign_order(order: Mapping[str, Json], keys: Sequence[SigningKey]) -> Order:
    """An order under its operators' signatures, in the order of their keys."""
    digest = order_digest(order)
    signatures = sorted(Signature(key.public, key.sign(LABEL_ORDER, digest)) for key in keys)
    return Order(dict(order), tuple(signatures))


def scope_of(order: Mapping[str, Json]) -> Scope:
    """The scope of a hold; raises FormatError."""
    scope = order.get("scope")
    if not isinstance(scope, dict) or not set(scope) <= {"class", "since", "subject", "until"}:
        raise FormatError("a hold's scope names a class, a subject, since and until, and nothing else")
    subject, record_class = scope.get("subject"), scope.get("class")
    since, until = scope.get("since"), scope.get("until")
    if any(value is not None and type(value) is not int for value in (since, until)):
        raise FormatError("since and until are times in microseconds")
    try:
        kept = None if record_class is None else RecordClass(str(record_class))
    except ValueError:
        raise FormatError(f"no record class: {str(record_class)[:40]}") from None
    return Scope(
        subject=None if subject is None else from_hex(subject, 32).hex(),
        record_class=kept,
        since=since if isinstance(since, int) else None,
        until=until if isinstance(until, int) else None,
    )


def answers_of(order: Mapping[str, Json]) -> tuple[Answer, ...]:
    """The records of a deletion with what was answered for each; raises FormatError."""
    rows = order.get("answers")
    if not isinstance(rows, list) or not rows:
        raise FormatError("a deletion names at least one record")
    found = []
    for row in rows:
        if not isinstance(row, dict) or set(row) != {"because", "record", "until"}:
            raise FormatError("an answer names a record, a day and its clocks")
        record, because = row["record"], row["because"]
        if type(record) is not int or not isinstance(because, str) or not because:
            raise FormatError("an answer's record is a number, its clocks are a text")
        found.append(Answer(record, read_day(row["until"], "until"), because))
    if [each.record for each in found] != sorted({each.record for each in found}):
        raise FormatError("a deletion names every record once, in rising order")
    return tuple(found)


def check_order(body: Order, archive: str, operators: Sequence[Operator]) -> None:
    """Form and signatures of an order for the archive with this genesis hash (hex).

    Raises FormatError, or CheckFailed where the signatures do not carry it.
    """
    order = body.order
    if set(order) != _FIELDS[str(order["action"])]:
        raise FormatError("an order has other fields than its action has")
    texts = [name for name in ("authority", "reason") if name in order]
    if not all(isinstance(order[n], str) and 0 < len(str(order[n])) <= NAME_CHARACTERS_MAX for n in texts):
        raise FormatError("an order says why and by whose authority, in 1 to 512 characters")
    if type(order["made"]) is not int or order["archive"] != archive:
        raise CheckFailed("the order is for another archive")
    owners = {each.key: each.owner for each in operators}
    digest = order_digest(order)
    if [each.key for each in body.signatures] != sorted({each.key for each in body.signatures}):
        raise CheckFailed("an order's signatures are of different keys, in rising order")
    for each in body.signatures:
        if each.key not in owners:
            raise CheckFailed(f"{each.key.hex()[:16]} is no operator's key that is in force")
        if not verify_signature(each.key, LABEL_ORDER, digest, each.signature):
            raise CheckFailed(f"the signature of {owners[each.key]} does not hold")
    if len({owners[each.key] for each in body.signatures}) < SIGNATURES:
        raise CheckFailed("two different operators sign an order")
