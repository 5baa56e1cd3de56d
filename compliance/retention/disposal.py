"""What is due, and what two operators ordered: deletion of documents, erasure of a customer, answers to requests.

An order is in the chain, durable, before anything is destroyed. A crash between the two leaves documents that an order
took away: `unfinished` lists them, and `finish` does what was ordered; doing it twice changes nothing. The hash of a
document stays in the chain, and so does the line that says who took it away and by which rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from compliance.retention.archive import Archive
from compliance.retention.authority import Answer, delete_order, erase_order, sign_order
from compliance.retention.classes import RecordClass
from compliance.retention.clocks import Clock, Retention
from compliance.retention.objects import Objects
from compliance.retention.records import Entry, ErasureRequest, Referenced, Sealed, micros_day
from compliance.retention.sealing import Vault
from compliance.retention.view import View
from ledger.errors import CheckFailed, InputError
from ledger.keys import SigningKey

__all__ = [
    "DueRecord",
    "DueRequest",
    "delete_records",
    "due_records",
    "due_requests",
    "erase_customer",
    "finish",
    "kept_by",
    "request_erasure",
    "seal_document",
    "unfinished",
]

_REMEDY: Final = "Ask again when it is due: `tallystick archive due` says when."


class DueRecord(NamedTuple):
    """A document that nothing keeps any longer: the last day of keeping has passed, and no hold is on it."""

    record: int
    record_class: RecordClass
    name: str
    until: date
    because: str


class DueRequest(NamedTuple):
    """A customer's request that waits. `is_due`: neither a duty nor a hold keeps any document about them now."""

    subject: str
    requested: int
    retention: Retention
    held_by: tuple[int, ...]
    is_due: bool


def kept_by(view: View, table: Sequence[Clock], subject: str, as_of: date) -> tuple[Retention, tuple[int, ...]]:
    """How long the documents about a customer are kept, the longest of them, and the holds on any.

    Raises CheckFailed where there is none. Not begun and without end are longer than any day.
    """
    records = [record for record in view.about(subject) if not view.is_disposed(record)]
    if not records:
        raise CheckFailed("there is no document about this customer")
    holds = sorted({hold.sequence for record in records for hold in view.holds_on(record)})
    all_kept = [view.retention(record, table, as_of) for record in records]
    return max(all_kept, key=_length), tuple(holds)


def _length(kept: Retention) -> tuple[int, date]:
    """Without end, or uncovered, then not begun, then by day."""
    if kept.until is not None:
        return 0, kept.until
    return (1 if kept.waiting else 2), date.min


def request_erasure(
    archive: Archive, table: Sequence[Clock], subject: str, recorded: int
) -> tuple[Entry, Retention, tuple[int, ...]]:
    """Record a customer's request with its answer: the right to erasure against the duty to keep.

    The answer is `kept until DATE because RULE`, or that nothing keeps the documents. Raises CheckFailed.
    """
    as_of = micros_day(recorded)
    kept, holds = kept_by(archive.view, table, subject, as_of)
    if holds:
        answer = f"on legal hold; {kept.why()}"
    elif kept.must_keep(as_of):
        answer = kept.why()
    else:
        answer = f"erasure is due: the last day of keeping was {kept.until}"
    return archive.append(ErasureRequest(subject, kept.until, answer), recorded), kept, holds


def due_requests(view: View, table: Sequence[Clock], as_of: date) -> list[DueRequest]:
    """Every request that still waits, with what keeps it now, those that are due first."""
    found = []
    for subject, (sequence, _) in view.requests.items():
        try:
            kept, holds = kept_by(view, table, subject, as_of)
        except CheckFailed:
            continue  # everything about them was deleted record by record meanwhile
        found.append(DueRequest(subject, sequence, kept, holds, not holds and not kept.must_keep(as_of)))
    return sorted(found, key=lambda each: (not each.is_due, each.requested))


def due_records(view: View, table: Sequence[Clock], as_of: date) -> list[DueRecord]:
    """Every document that may be deleted on a day, in the chain's order."""
    found = []
    for record, document in view.documents.items():
        if view.is_disposed(record) or view.holds_on(record):
            continue
        kept = view.retention(record, table, as_of)
        if kept.until is not None and not kept.must_keep(as_of):
            found.append(DueRecord(record, document.record_class, document.name, kept.until, kept.why()))
    return found


def delete_records(
    archive: Archive,
    table: Sequence[Clock],
    records: Sequence[int],
    reason: str,
    authority: str,
    keys: Sequence[SigningKey],
    recorded: int,
) -> Entry:
    """Delete documents by order of two operators; hashes and lines stay. Raises InputError where one must be kept."""
    view, as_of = archive.view, micros_day(recorded)
    answers = []
    for record in sorted(set(records)):
        if record not in view.documents:
            raise InputError(f"record {record}", "is no record of this archive", "Name one that `due` lists.")
        held = view.holds_on(record)
        if held:
            raise InputError(f"record {record}", f"is on legal hold: {held[0].reason}", "Release the hold first.")
        kept = view.retention(record, table, as_of)
        if kept.until is None or kept.must_keep(as_of):
            raise InputError(f"record {record}", f"is {kept.why()}", _REMEDY)
        answers.append(Answer(record, kept.until, kept.why()))
    order = delete_order(view.identity, recorded, reason, authority, answers)
    entry = archive.append(sign_order(order, keys), recorded)
    finish(archive, None)
    return entry


def erase_customer(
    archive: Archive,
    table: Sequence[Clock],
    vault: Vault,
    subject: str,
    reason: str,
    authority: str,
    keys: Sequence[SigningKey],
    recorded: int,
) -> Entry:
    """Destroy a customer's key and every document about them, by order of two operators; raises InputError."""
    as_of = micros_day(recorded)
    kept, holds = kept_by(archive.view, table, subject, as_of)
    if holds:
        raise InputError(f"customer {subject[:16]}", "is on legal hold", "Release the hold first.")
    if kept.until is None or kept.must_keep(as_of):
        raise InputError(f"customer {subject[:16]}", f"is {kept.why()}", _REMEDY)
    order = erase_order(archive.view.identity, recorded, reason, authority, subject, kept.until)
    entry = archive.append(sign_order(order, keys), recorded)
    finish(archive, vault)
    return entry


def unfinished(view: View, objects: Objects) -> list[str]:
    """Objects that orders took away and that are still there; one that a living record names too stays rightly."""
    return sorted(_gone(view) & set(objects.names()))


def _gone(view: View) -> set[str]:
    gone: set[str] = set()
    living: set[str] = set()
    for record, document in view.documents.items():
        if not isinstance(document.payload, Referenced):
            (gone if view.is_disposed(record) else living).add(document.payload.sha256)
    return gone - living


def finish(archive: Archive, vault: Vault | None) -> list[str]:
    """Do what was ordered and not done: keys of erased customers (with a vault), then objects; what was removed.

    A customer who came back after an erasure has a new key, which stays: only those without a living record lose one.
    """
    view = archive.view
    if vault is not None:
        for subject in _erasable(view):
            vault.erase(subject)
    names = unfinished(view, archive.objects)
    for name in names:
        archive.objects.dispose(name)
    return names


def _erasable(view: View) -> list[str]:
    """Customers who were erased and about whom nothing was recorded since."""
    return [s for s in view.erased if all(view.is_disposed(record) for record in view.about(s))]


def seal_document(archive: Archive, vault: Vault, subject: str, document: bytes) -> Sealed:
    """Seal a document about a customer for a line to come.

    Of a customer who was erased before and comes back, the old key goes first, should a crash have left it: nothing
    old becomes readable again by way of the new.
    """
    if subject in archive.view.erased and all(archive.view.is_disposed(each) for each in archive.view.about(subject)):
        vault.erase(subject)
    return vault.seal(subject, document, archive.objects)
