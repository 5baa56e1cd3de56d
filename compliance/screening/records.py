"""The screening log: one record for every screening, decision and set of lists, chained by hashes and never changed.

1. A line is a canonical document; it names the hash of the line before it. A record changed, put in, left out or moved
   breaks the chain at its place. That the last lines are still there only somebody who kept a later hash can tell: give
   `head`, or put it into an attestation.
2. A record holds a random subject id and a keyed hash of what was screened, never a name, birth date or document.
   Whoever has the key and the data can show that they were screened; nobody can guess them. What of the *list* matched
   is public and stands in the clear.
3. A hit is open until a decision. A decision names the record, the party, the reviewer and the reason; a later one on
   the same hit replaces it, and both stay.
4. Times never run backwards.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from compliance.screening.lists import ListSet
from compliance.screening.matching import ScreeningParameters, ScreeningResult, algorithm_version
from compliance.screening.parties import Subject
from ledger.canonical import Json, canonical, lp, parse
from ledger.errors import CheckFailed, FormatError, InputError
from por.snapshot import to_seconds

__all__ = ["Decision", "HitState", "Occasion", "Record", "ScreeningLog", "Verdict", "subject_hash"]

LABEL: Final = "tallystick/screening-log/1"
SUBJECT_LABEL: Final = "tallystick/screened-subject/1"
START: Final = "0" * 64
_FIELDS: Final = {
    "lists": {"lists", "set"},
    "screening": {
        "algorithm", "best_score", "hits", "occasion", "reference", "screened", "set", "since", "subject", "threshold",
    },
    "decision": {"party", "reason", "reviewer", "screening", "verdict"},
    "history": {"examined", "set", "table", "touched"},
}  # fmt: skip


class Occasion(StrEnum):
    """Why somebody was screened."""

    ONBOARDING = "onboarding"
    LIST_CHANGE = "list-change"
    TRANSFER = "transfer"
    HISTORY = "history"


class Verdict(StrEnum):
    """What a reviewer decided of a hit. Until then it is open."""

    CLEARED = "cleared"
    CONFIRMED = "confirmed"


class Record(NamedTuple):
    """One line of the log: its place from 0, time, kind, what it says, and its own hash."""

    sequence: int
    at: str
    kind: str
    body: dict[str, Any]
    hash: str


class Decision(NamedTuple):
    """A reviewer's word on one hit of one screening."""

    screening: int
    party: str
    verdict: Verdict
    reason: str
    reviewer: str


class HitState(NamedTuple):
    """A hit and what became of it: `verdict` None while open; `since` is when it was found, `decided` when judged."""

    screening: int
    subject: str
    party: str
    score: int
    since: str
    verdict: Verdict | None
    decided: str


def subject_hash(key: bytes, subject: Subject) -> str:
    """Hex of HMAC-SHA256 over everything that is screened of a subject; `key` is 32 bytes that stay secret."""
    assert len(key) == 32
    document: Json = {
        "born": subject.born,
        "documents": list(subject.documents),
        "kind": subject.kind.value if subject.kind is not None else None,
        "names": list(subject.names),
        "nationalities": list(subject.nationalities),
        "subject": subject.subject_id,
        "wallets": list(subject.wallets),
    }
    return hmac.digest(key, lp(SUBJECT_LABEL) + canonical(document), hashlib.sha256).hex()


@dataclass
class ScreeningLog:
    """The log in memory. What is appended is also in `new_lines`, for whoever writes the file, until they take it."""

    records: list[Record] = field(default_factory=list)
    new_lines: list[bytes] = field(default_factory=list)

    @property
    def head(self) -> str:
        """The last record's hash; of an empty log 64 noughts."""
        return self.records[-1].hash if self.records else START

    @classmethod
    def read(cls, data: bytes, file: str, head: str | None = None) -> ScreeningLog:
        """Read a log and check its chain; with `head`, also that a record with that hash is in it.

        Raises InputError with the row for a line that is no record, CheckFailed for a chain that does not hold.
        """
        log = cls()
        if data and not data.endswith(b"\n"):
            remedy = (
                "If the machine stopped while writing, remove what follows the last line feed; else restore the log."
            )
            raise InputError(file, "the last record is cut short", remedy, row=data.count(b"\n") + 1)
        for row, line in enumerate(data.split(b"\n")[:-1], start=1):
            try:
                document = parse(line)
                record = _record(document, line)
            except (FormatError, KeyError, TypeError, ValueError) as error:
                raise InputError(file, f"this is no screening record ({error})", "Restore the log.", row=row) from None
            assert isinstance(document, dict)
            if document["previous"] != log.head or record.sequence != len(log.records):
                raise CheckFailed(f"{file}, row {row}: the chain of records is broken: something was changed before it")
            if log.records and to_seconds(record.at) < to_seconds(log.records[-1].at):
                raise CheckFailed(f"{file}, row {row}: the record is older than the one before it")
            if record.kind == "decision" and not log._has_hit(record.body["screening"], record.body["party"]):
                raise CheckFailed(f"{file}, row {row}: the decision is on a hit that the log does not have")
            log.records.append(record)
        if head is not None and head != START and all(record.hash != head for record in log.records):
            raise CheckFailed(f"{file}: the log has no record {head}: its end was cut off, or it is another log")
        return log

    def _append(self, kind: str, at: str, body: dict[str, Any]) -> Record:
        assert _FIELDS[kind] == body.keys()
        if self.records and to_seconds(at) < to_seconds(self.records[-1].at):
            problem = f"{at} is before the last record's {self.records[-1].at}"
            raise InputError("the screening log", problem, "Set this machine's clock right.")
        document: Json = {
            "at": at, "body": body, "kind": kind, "previous": self.head, "sequence": len(self.records)
        }  # fmt: skip
        line = canonical(document)
        record = _record(document, line)
        self.records.append(record)
        self.new_lines.append(line + b"\n")
        return record

    def add_lists(self, lists: ListSet, at: str) -> Record:
        """Record that a set of lists is now the one to screen against."""
        return self._append("lists", at, {"lists": [each.document() for each in lists.lists], "set": lists.hash})

    def add_screening(
        self,
        subject_id: str,
        screened: str,
        occasion: Occasion,
        set_hash: str,
        result: ScreeningResult,
        parameters: ScreeningParameters,
        at: str,
        *,
        since: str = "",
        reference: str = "",
    ) -> Record:
        """Record one screening, clear or not. `since`: only what changed after that set was screened against.

        `reference` is the transfer's id, if there is one.
        """
        assert set_hash and since != set_hash and len(screened) == 64
        body: dict[str, Any] = {
            "algorithm": algorithm_version(),
            "best_score": result.best_score,
            "hits": [hit.document() for hit in result.hits],
            "occasion": occasion.value,
            "reference": reference,
            "screened": screened,
            "set": set_hash,
            "since": since,
            "subject": subject_id,
            "threshold": parameters.threshold,
        }
        return self._append("screening", at, body)

    def _has_hit(self, screening: object, party: object) -> bool:
        if not isinstance(screening, int) or not 0 <= screening < len(self.records):
            return False
        record = self.records[screening]
        return record.kind == "screening" and any(hit["party"] == party for hit in record.body["hits"])

    def add_decision(self, decision: Decision, at: str) -> Record:
        """Record a decision; raises InputError where there is no such hit, no reason or no reviewer."""
        where = f"screening {decision.screening}"
        if not self._has_hit(decision.screening, decision.party):
            problem = f"is no screening in this log, or has no hit on {decision.party}"
            raise InputError(where, problem, "See `tallystick screen log` for the open hits.")
        if not decision.reason.strip() or not decision.reviewer.strip():
            raise InputError(where, "a decision needs a reason and a reviewer", "Give both.")
        body: dict[str, Any] = {**decision._asdict(), "verdict": decision.verdict.value}
        return self._append("decision", at, body)

    def add_history(self, set_hash: str, table_sha256: str, examined: int, touched: int, at: str) -> Record:
        """Record that a table of past transfers was screened, clear or not."""
        assert 0 <= touched <= examined
        body = {"examined": examined, "set": set_hash, "table": table_sha256, "touched": touched}
        return self._append("history", at, body)

    def until(self, as_of: str) -> Iterator[Record]:
        """The records up to a time, that time included."""
        limit = to_seconds(as_of)
        return (record for record in self.records if to_seconds(record.at) <= limit)

    def hits(self, as_of: str) -> Sequence[HitState]:
        """Every hit known at a time with what was decided by then, oldest first; one for each screening and party."""
        found: dict[tuple[int, str], HitState] = {}
        for record in self.until(as_of):
            body = record.body
            if record.kind == "screening":
                for hit in body["hits"]:
                    key = (record.sequence, hit["party"])
                    score = max(hit["score"], found[key].score if key in found else 0)
                    found[key] = HitState(*key[:1], body["subject"], hit["party"], score, record.at, None, "")
            elif record.kind == "decision":
                key = (body["screening"], body["party"])
                found[key] = found[key]._replace(verdict=Verdict(body["verdict"]), decided=record.at)
        return tuple(found.values())


def _record(document: Json, line: bytes) -> Record:
    if not isinstance(document, dict) or document.keys() != {"at", "body", "kind", "previous", "sequence"}:
        raise FormatError("its fields are not those of a record")
    at, body, kind, sequence = (document[name] for name in ("at", "body", "kind", "sequence"))
    if not (isinstance(at, str) and isinstance(body, dict) and isinstance(sequence, int) and isinstance(kind, str)):
        raise FormatError("a field has another type")
    if body.keys() != _FIELDS.get(kind):
        raise FormatError("it is of no known kind, or its body is not that of its kind")
    to_seconds(at)
    return Record(sequence, at, kind, body, hashlib.sha256(lp(LABEL) + line).hexdigest())
