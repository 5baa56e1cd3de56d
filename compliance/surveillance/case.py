"""A case: alerts that belong together, and what people decided about them, as a chain of notes that only grows.

Each note carries the hash of the one before it; the first carries the hash of the alerts' documents. So a note that is
changed, left out or put in between, and an alert that is replaced, are found by `Case.read`. The status follows from
the notes by one table. Whoever keeps cases gives the times and the authors; the last hash can be published with the
day's other hashes, after which nothing before it can be replaced either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from compliance.surveillance.alerts import Alert
from ledger.canonical import Json, canonical, parse
from ledger.errors import CheckFailed, FormatError

__all__ = ["CLOSING_REASONS", "Case", "Note", "NoteKind", "Status", "read_alerts"]

FORMAT: Final = "surveillance-case/1"
CLOSING_REASONS: Final = ("false-positive", "no-suspicion", "reported", "duplicate")
TEXT_MAX: Final = 20_000


class Status(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    ASSIGNED = "assigned"
    ESCALATED = "escalated"
    FILED = "filed"
    CLOSED = "closed"


class NoteKind(StrEnum):
    """What a note does. `COMMENT` changes no status; `ASSIGNED` to a closed case opens it again."""

    OPENED = "opened"
    COMMENT = "comment"
    ASSIGNED = "assigned"
    ESCALATED = "escalated"
    FILED = "filed"
    CLOSED = "closed"


_STATUS_AFTER: Final = {
    NoteKind.OPENED: Status.OPEN,
    NoteKind.ASSIGNED: Status.ASSIGNED,
    NoteKind.ESCALATED: Status.ESCALATED,
    NoteKind.FILED: Status.FILED,
    NoteKind.CLOSED: Status.CLOSED,
}
_ALLOWED: Final[Mapping[NoteKind, frozenset[Status]]] = {
    NoteKind.OPENED: frozenset(),
    NoteKind.COMMENT: frozenset(Status),
    NoteKind.ASSIGNED: frozenset(Status),
    NoteKind.ESCALATED: frozenset({Status.OPEN, Status.ASSIGNED}),
    NoteKind.FILED: frozenset({Status.ESCALATED, Status.FILED}),
    NoteKind.CLOSED: frozenset({Status.OPEN, Status.ASSIGNED, Status.ESCALATED, Status.FILED}),
}
"""From which status each kind of note may come. What is filed was escalated first: a second person saw it."""


@dataclass(frozen=True, slots=True)
class Note:
    """One note. `subject`: whom it is assigned to, the reason of closing, or what was filed; `time_us` never falls."""

    number: int
    time_us: int
    author: str
    kind: NoteKind
    subject: str
    text: str
    previous: str

    def document(self) -> dict[str, Json]:
        """As JSON, without its own hash."""
        return {
            "author": self.author,
            "format": "surveillance-note/1",
            "kind": self.kind.value,
            "number": self.number,
            "previous": self.previous,
            "subject": self.subject,
            "text": self.text,
            "time": self.time_us,
        }

    @property
    def hash(self) -> str:
        """The SHA-256 of the document, hex."""
        return hashlib.sha256(canonical(self.document())).hexdigest()


@dataclass(frozen=True, slots=True)
class Case:
    """See the module. A case is never changed: each note gives a new one."""

    id: str
    alerts: tuple[Alert, ...]
    notes: tuple[Note, ...]

    @classmethod
    def open(cls, case_id: str, alerts: Sequence[Alert], time_us: int, author: str, text: str = "") -> Case:
        """A case about some alerts, opened by somebody or by the program that found them."""
        assert alerts and case_id, "a case has a name and is about something"
        ordered = tuple(sorted(alerts, key=lambda alert: (alert.first, alert.id)))
        note = Note(1, time_us, author, NoteKind.OPENED, "", text, _root(case_id, ordered))
        return cls(case_id, ordered, (note,))

    def add(self, kind: NoteKind, time_us: int, author: str, *, subject: str = "", text: str = "") -> Case:
        """The case with one more note; raises CheckFailed for one that its status does not allow."""
        note = Note(len(self.notes) + 1, time_us, author, kind, subject, text, self.notes[-1].hash)
        problem = _problem(note, self.notes[-1], self.status)
        if problem is not None:
            raise CheckFailed(f"case {self.id}, note {note.number}: {problem}")
        return replace(self, notes=(*self.notes, note))

    @property
    def status(self) -> Status:
        """Where it stands after the last note."""
        return next(_STATUS_AFTER[note.kind] for note in reversed(self.notes) if note.kind in _STATUS_AFTER)

    @property
    def head(self) -> str:
        """The hash of the last note, which stands for the whole case."""
        return self.notes[-1].hash

    @property
    def opened_us(self) -> int:
        """When it was opened: the moment of detection, from which clocks run."""
        return self.notes[0].time_us

    @property
    def accounts(self) -> list[str]:
        """Everybody whom an alert names."""
        return sorted({account for alert in self.alerts for account in alert.accounts})

    @property
    def replay(self) -> tuple[int, int]:
        """The log positions within which all of it lies."""
        return min(alert.first for alert in self.alerts), max(alert.last for alert in self.alerts)

    def document(self) -> dict[str, Json]:
        """As JSON."""
        return {
            "alerts": [alert.document() for alert in self.alerts],
            "format": FORMAT,
            "head": self.head,
            "id": self.id,
            "notes": [note.document() for note in self.notes],
            "status": self.status.value,
        }

    def data(self) -> bytes:
        """The canonical bytes of the document: the case's file."""
        return canonical(self.document())

    @classmethod
    def read(cls, data: bytes) -> Case:
        """The case of a file. Raises FormatError for what is none, CheckFailed for one whose chain does not hold."""
        document: Any = parse(data)
        try:
            if document["format"] != FORMAT:
                raise FormatError("this is no case")
            alerts = tuple(_read_alert(each) for each in document["alerts"])
            notes = tuple(_read_note(each) for each in document["notes"])
            case = cls(document["id"], alerts, notes)
        except (AssertionError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError("this is no case") from error
        case.check()
        if case.document() != document:
            raise CheckFailed(f"case {case.id}: it states another status or head than its notes lead to")
        return case

    def check(self) -> None:
        """Whether the chain holds; raises CheckFailed."""
        before: Note | None = None
        status = Status.OPEN
        expected = _root(self.id, self.alerts)
        for number, note in enumerate(self.notes, start=1):
            if note.number != number or note.previous != expected:
                raise CheckFailed(f"case {self.id}: note {number} does not follow from what is before it")
            problem = _problem(note, before, status)
            if problem is not None:
                raise CheckFailed(f"case {self.id}, note {number}: {problem}")
            status = _STATUS_AFTER.get(note.kind, status)
            before, expected = note, note.hash
        if before is None:
            raise CheckFailed(f"case {self.id}: it was never opened")


def _root(case_id: str, alerts: Iterable[Alert]) -> str:
    """What the first note follows: the case's name and its alerts."""
    document: dict[str, Json] = {"alerts": [alert.id for alert in alerts], "format": FORMAT, "id": case_id}
    return hashlib.sha256(canonical(document)).hexdigest()


def _problem(note: Note, before: Note | None, status: Status) -> str | None:
    if before is None:
        return None if note.kind is NoteKind.OPENED else "a case begins with its opening"
    if status not in _ALLOWED[note.kind]:
        return f"a case that is {status} cannot be {note.kind}"
    if note.time_us < before.time_us:
        return "it is earlier than the note before it"
    if not note.author or len(note.text) > TEXT_MAX:
        return f"a note has an author, and a text of at most {TEXT_MAX} characters"
    if note.kind is NoteKind.CLOSED and note.subject not in CLOSING_REASONS:
        return f"a case is closed for one of {', '.join(CLOSING_REASONS)}"
    if note.kind in (NoteKind.ASSIGNED, NoteKind.FILED) and not note.subject:
        return "it says whom it is assigned to, or what was filed"
    return None


def read_alerts(data: bytes) -> list[Alert]:
    """The alerts of a result's document; raises FormatError for what is none."""
    document: Any = parse(data)
    try:
        if document["format"] != "surveillance-result/1":
            raise FormatError("this is no result of surveillance")
        alerts = [_read_alert(each) for each in document["alerts"]]
        if any(alert.id != each["id"] for alert, each in zip(alerts, document["alerts"], strict=True)):
            raise FormatError("an alert of the result has another id than its document")
    except (AssertionError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise FormatError("this is no result of surveillance") from error
    return alerts


def _read_note(document: Mapping[str, Any]) -> Note:
    return Note(
        document["number"], document["time"], document["author"], NoteKind(document["kind"]), document["subject"],
        document["text"], document["previous"],
    )  # fmt: skip


def _read_alert(document: Mapping[str, Any]) -> Alert:
    features: list[tuple[str, int | str]] = sorted(document["features"].items())
    return Alert(
        document["detector"], document["version"], document["parameters"], tuple(document["accounts"]),
        document["market"], document["window"]["start"], document["window"]["end"], tuple(document["orders"]),
        tuple(document["trades"]), tuple(document["events"]), tuple(features), document["score"],
        document["replay"]["first"], document["replay"]["last"],
    )  # fmt: skip
