"""The door: submissions come in, those that hold go on in order as one batch, the others are refused by name.

Form, time, authority and signature of each are judged in threads (OpenSSL lets go of the interpreter while it checks
a signature); taking each once, and the order, is one thread's work. What passed goes to `commit`, which logs it; if
that fails nothing was taken and a client may send the same bytes again. The engine judges authority once more when it
applies a command, because a command before it in the same batch may have ended a key.

Cost: a signature takes about 100 us of one core, everything else here about 30 us.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Generic, NamedTuple, TypeVar

from ledger.authority import Authority, Denial, Policy, judge, session_owner
from ledger.canonical import Json, canonical_file
from ledger.commands import Command
from ledger.errors import FormatError
from ledger.keyring import Keyring
from ledger.log.files import Files, Handle, OsFiles
from ledger.log.record import Door, Entry, Micros, OnBehalf, Record, Scheme, Signed
from ledger.replay import ReplayCache
from ledger.signatures import Request, parse_request, request_id, time_problem, verify_one

__all__ = ["Accepted", "CommandDoor", "Fault", "RefusalLog", "Refused", "Submission"]

SLICE: Final = 64
"""Submissions that a thread takes at once: short enough to share a batch, long enough to cost no queueing."""
SIGNED_BYTES_MAX: Final = 64 * 1024
REFUSED_BYTES_KEPT: Final = 1024

T = TypeVar("T")


class Fault(StrEnum):
    """Why a submission was refused, apart from authority (`Denial`), in the order in which reasons are looked for."""

    MALFORMED = "malformed"
    EARLY = "early"
    LATE = "late"
    BAD_SIGNATURE = "bad_signature"
    REPLAYED = "replayed"


class Submission(NamedTuple):
    """What a client handed over, and what the API knows of it."""

    scheme: Scheme
    signed: bytes
    signatures: tuple[Signed, ...] = ()
    door: Door = Door()
    session_key: bytes = b""
    """Of the scheme SESSION: the key under which the session was opened."""


class Accepted(NamedTuple):
    """A submission that holds, what it says and who says it. `entry` goes into the log."""

    submission: Submission
    request: Request
    authority: Authority
    received_us: Micros
    command: Command | None = None
    """What the door's reader made of it, for whoever applies it."""

    def entry(self, applied_us: int) -> Entry:
        """The log entry."""
        scheme, signed, signatures, door, _ = self.submission
        if scheme is Scheme.SESSION:
            door = door._replace(on_behalf=OnBehalf.SESSION)
        return Entry(self.received_us, Micros(applied_us), scheme, signatures, signed, door)


class Refused(NamedTuple):
    """A submission that does not hold, and why."""

    submission: Submission
    reason: Fault | Denial
    detail: str = ""


Outcome = Accepted | Refused


class RefusalLog:
    """Refusals beside the log, one canonical JSON line each, in files that are closed at a size.

    They are evidence for surveillance and no part of the chain: nothing is replayed from them. A signed text is kept
    up to a limit, with the SHA-256 of the whole.
    """

    def __init__(self, directory: Path, *, file_bytes: int = 64 * 1024 * 1024, files: Files | None = None) -> None:
        """Write after what is there; raises OSError."""
        self._files: Files = OsFiles() if files is None else files
        self._directory, self._file_bytes = directory, file_bytes
        self._files.make_directory(directory)
        numbers = [int(name[9:17]) for name in self._files.names(directory) if name.startswith("refusals-")]
        self._number = max(numbers, default=-1) + 1
        self._handle: Handle | None = None
        self._size = 0

    def write(self, refusals: Iterable[Refused], received_us: int) -> None:
        """Append refusals, not yet durable; raises OSError."""
        data = b"".join(canonical_file(_refusal(refused, received_us)) for refused in refusals)
        if not data:
            return
        if self._handle is None or self._size + len(data) > self._file_bytes:
            self.close()
            path = self._directory / f"refusals-{self._number:08d}.jsonl"
            self._handle, self._size = self._files.open(path, create=True), 0
            self._number += 1
        if self._files.write(self._handle, self._size, data) != len(data):
            raise OSError("the disk did not take the refusals")
        self._size += len(data)

    def sync(self) -> None:
        """Make what was written durable."""
        if self._handle is not None:
            self._files.sync(self._handle)
            self._files.sync_directory(self._directory)

    def close(self) -> None:
        """Make everything durable and give the file back."""
        if self._handle is not None:
            self.sync()
            self._files.close(self._handle)
            self._handle = None


def _refusal(refused: Refused, received_us: int) -> dict[str, Json]:
    submission, reason, detail = refused
    signed = submission.signed[:REFUSED_BYTES_KEPT]
    return {
        "detail": detail,
        "keys": [signature.key.hex() for signature in submission.signatures],
        "reason": reason.value,
        "received": received_us,
        "scheme": int(submission.scheme),
        "sha256": hashlib.sha256(submission.signed).hexdigest(),
        "signed": signed.decode("ascii", errors="replace"),
        "source": submission.door.source,
    }


class CommandDoor(Generic[T]):
    """Checks submissions and hands those that hold to `commit`. One batch at a time."""

    def __init__(
        self,
        exchange: str,
        ring: Keyring,
        policy: Policy,
        commit: Callable[[Sequence[Accepted]], T],
        *,
        reader: Callable[[Request], Command | None] | None = None,
        refusals: RefusalLog | None = None,
        threads: int = 2,
    ) -> None:
        """`commit` logs a batch and returns when it is durable; `ring` is the engine's, and changes only in it.

        `reader` gives what a request asks for and raises FormatError for what is malformed inside it.
        """
        assert threads >= 1
        self._reader = reader
        self._exchange, self._ring, self._policy, self._commit = exchange, ring, policy, commit
        self._refusals = refusals
        self.refusals_problem: str | None = None
        self._taken = ReplayCache()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="door") if threads > 1 else None

    def restore(self, records: Iterable[Record]) -> None:
        """Remember what the log took, after a restart: its records of the last two minutes, in order.

        Raises FormatError if the log holds what no door lets in.
        """
        for record in records:
            entry = record.entry
            request = parse_request(entry.scheme, entry.signed, self._exchange)
            self._taken.advance(max(self._taken.now_us, entry.received_us))
            scope = self._scope_of(entry, request)
            if scope is not None and request.expires_us >= self._taken.now_us:
                self._taken.admit(request_id(scope, entry.signed), request.expires_us)

    def _scope_of(self, entry: Entry, request: Request) -> bytes | None:
        if entry.scheme is Scheme.SESSION:
            assert request.command is not None
            return f"session:{request.command.get('account')}".encode()
        keys = tuple(signature.key for signature in entry.signatures)
        # The ring is that of the log's end: a key that ended in the microsecond of this record still held before it.
        verdict = judge(self._ring, self._policy, request, keys, entry.received_us - 1)
        return verdict.scope if isinstance(verdict, Authority) else None

    def submit(self, submissions: Sequence[Submission], received_us: int) -> tuple[list[Outcome], T | None]:
        """Judge a batch received at one time; its outcomes in order, and what `commit` returned for the accepted.

        A clock that went back is held at the latest time given. Whatever `commit` raises passes through, and then
        nothing of the batch was taken.
        """
        received_us = max(received_us, self._taken.now_us)
        judged = self._judge_all(submissions, received_us)
        self._taken.advance(received_us)
        identities: list[bytes] = []
        outcomes: list[Outcome] = []
        for outcome in judged:
            if isinstance(outcome, Accepted):
                identity = request_id(outcome.authority.scope, outcome.submission.signed)
                if self._taken.admit(identity, outcome.request.expires_us):
                    identities.append(identity)
                else:
                    outcome = Refused(outcome.submission, Fault.REPLAYED)
            outcomes.append(outcome)
        accepted = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
        try:
            committed = self._commit(accepted) if accepted else None
        except BaseException:
            for identity in identities:
                self._taken.forget(identity)
            raise
        self._record_refusals([outcome for outcome in outcomes if isinstance(outcome, Refused)], received_us)
        return outcomes, committed

    def _record_refusals(self, refused: list[Refused], received_us: int) -> None:
        if self._refusals is None:
            return
        try:
            self._refusals.write(refused, received_us)
        except OSError as error:
            # What was accepted is durable by now, and its clients must hear so whatever becomes of this file.
            self.refusals_problem = f"refusals are not being recorded ({error.strerror or error})"

    def _judge_all(self, submissions: Sequence[Submission], received_us: int) -> list[Outcome]:
        slices = [submissions[start : start + SLICE] for start in range(0, len(submissions), SLICE)]
        # Without signatures there is nothing to do at once: threads would only pass the interpreter to and fro.
        if self._pool is None or len(slices) < 2 or not any(submission.signatures for submission in submissions):
            return [self.check(submission, received_us) for submission in submissions]
        parts = self._pool.map(lambda part: [self.check(submission, received_us) for submission in part], slices)
        return [outcome for part in parts for outcome in part]

    def check(self, submission: Submission, received_us: int) -> Outcome:
        """Judge form, time, authority and signatures of one submission, taking nothing; also for reads and logins."""
        if len(submission.signed) > SIGNED_BYTES_MAX:
            return Refused(submission, Fault.MALFORMED, "more than 64 KiB were signed")
        if submission.scheme is Scheme.SESSION and submission.signatures:
            return Refused(submission, Fault.MALFORMED, "a session signs nothing")
        try:
            request = parse_request(submission.scheme, submission.signed, self._exchange)
        except FormatError as error:
            return Refused(submission, Fault.MALFORMED, str(error))
        problem = time_problem(request, received_us)
        if problem is not None:
            return Refused(submission, Fault(problem))
        try:
            command = None if self._reader is None else self._reader(request)
        except FormatError as error:
            return Refused(submission, Fault.MALFORMED, str(error))
        if submission.scheme is Scheme.SESSION:
            verdict = session_owner(self._ring, self._policy, request, submission.session_key, received_us)
            if isinstance(verdict, Authority):
                verdict = verdict._replace(scope=f"session:{verdict.owner}".encode())
        else:
            keys = tuple(signature.key for signature in submission.signatures)
            verdict = judge(self._ring, self._policy, request, keys, received_us)
        if isinstance(verdict, Denial):
            return Refused(submission, verdict)
        if not all(verify_one(submission.scheme, submission.signed, signature) for signature in submission.signatures):
            return Refused(submission, Fault.BAD_SIGNATURE)
        return Accepted(submission, request, verdict, Micros(received_us), command)

    def close(self) -> None:
        """Stop the threads and close the refusals."""
        if self._pool is not None:
            self._pool.shutdown()
        if self._refusals is not None:
            self._refusals.close()

    def __enter__(self) -> CommandDoor[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
