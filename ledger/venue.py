"""One running exchange: the door, the log, the engine and whoever follows, in that order.

Rules:
1. A batch is durable in the log before the engine sees it, and applied before anybody hears that it was accepted.
2. What follows (store, trees) is handed every applied batch once and in order, and may lag; nothing waits for it here.
3. Opening reads the log from the newest checkpoint that every follower has reached, and hands on what they lack.
4. A cut of the hour is a batch of its own, so that it ends at its position.
5. If applying fails, the log is ahead of the engine: the venue takes nothing more, and opening it again catches up.

Not thread-safe: one thread submits. Time is given by the caller; here is no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

from ledger.authority import KEY_COMMANDS
from ledger.checkpoints import Checkpoints
from ledger.commands import POLICY
from ledger.door import Accepted, CommandDoor, RefusalLog, Refused, Submission
from ledger.engine import Engine, Given
from ledger.errors import CheckFailed, FormatError, InputError
from ledger.events import Event, HourCut
from ledger.genesis import Genesis
from ledger.journal import AccountKey, Row
from ledger.keyring import Keyring, Role, read_target
from ledger.log import CommandLog, Files, Head, LogOptions, OsFiles, Record
from ledger.playback import given_of
from ledger.signatures import COMMAND_WINDOW_US, WINDOW_MS_MAX

__all__ = [
    "Answer",
    "Applied",
    "Follower",
    "FollowerAhead",
    "FollowerDiffers",
    "Venue",
    "VenueOptions",
    "VenuePaths",
    "apply_records",
]

REPLAY_BATCH: Final = 4_096
DOOR_MEMORY_US: Final = 2 * max(COMMAND_WINDOW_US, WINDOW_MS_MAX * 1000)


class VenuePaths(NamedTuple):
    """Where a venue keeps what is its own; all below one folder unless the operator says otherwise."""

    folder: Path

    @property
    def genesis(self) -> Path:
        """The genesis document."""
        return self.folder / "genesis.json"

    @property
    def log(self) -> Path:
        """The command log."""
        return self.folder / "log"

    @property
    def refusals(self) -> Path:
        """What the door refused."""
        return self.folder / "refusals"

    @property
    def checkpoints(self) -> Path:
        """The engine's state at the cuts of hours."""
        return self.folder / "checkpoints"

    def read_genesis(self) -> Genesis:
        """The genesis document; raises InputError."""
        try:
            return Genesis.from_file(self.genesis.read_bytes())
        except OSError as error:
            raise InputError(
                str(self.genesis), error.strerror or "cannot be read", "Run `tallystick init` first."
            ) from None


class VenueOptions(NamedTuple):
    """How a venue is run."""

    log: LogOptions = LogOptions()
    threads: int = 2
    expected: Head | None = None
    """The log position of the last published attestation: a log behind it is refused."""
    progress: Callable[[int, int], None] | None = None
    """Told how many commands were read back on opening, and of how many."""


class Applied(NamedTuple):
    """A batch that is durable and applied. `accounts` are those that the ledger opened in it, by rising index.

    Beside each record `givens` has what it says, so that nobody reads the bytes again, and `acting` the customer's
    account that it acted for, or nothing.
    """

    records: tuple[Record, ...]
    givens: tuple[Given, ...]
    acting: tuple[str, ...]
    events: tuple[list[Event], ...]
    rows: list[Row]
    accounts: list[AccountKey]
    first_account: int

    @property
    def head(self) -> Head:
        """Where the batch ends."""
        return Head(self.records[-1].sequence, self.records[-1].hash)


class Answer(NamedTuple):
    """What a client hears of an accepted submission: its log position and the facts."""

    sequence: int
    applied_us: int
    events: list[Event]


class Follower(NamedTuple):
    """What is handed every batch after its `position`. `hash`: that of the log's record there, as the follower has it.

    `name` is what an error calls it.
    """

    position: int
    take: Callable[[Applied], None]
    hash: bytes | None = None
    name: str = "a follower"


class FollowerAhead(CheckFailed):
    """A follower has commands that the log has not: the log lost its end, or the follower is another log's."""

    def __init__(self, follower: Follower) -> None:
        super().__init__(f"{follower.name} is ahead of the log, at {follower.position}")
        self.follower = follower.name


class FollowerDiffers(CheckFailed):
    """A follower followed another history than this log's."""


class Venue:
    """See the module. Use `open`."""

    def __init__(
        self, genesis: Genesis, engine: Engine, log: CommandLog, refusals: RefusalLog, checkpoints: Checkpoints
    ) -> None:
        """For `open` alone."""
        self.genesis, self.engine, self.log, self.checkpoints = genesis, engine, log, checkpoints
        self._refusals = refusals
        self._followers: list[Follower] = []
        self._broken = False
        self.checkpoint_problem: str | None = None
        """Why the newest checkpoint could not be written; a restart then replays more of the log."""
        self.door: CommandDoor[list[Answer]]

    @classmethod
    def open(
        cls,
        paths: VenuePaths,
        genesis: Genesis,
        followers: Sequence[Follower] = (),
        options: VenueOptions | None = None,
        *,
        files: Files | None = None,
    ) -> Venue:
        """Open the log, bring the engine to its head, and the followers with it.

        Raises the errors of `CommandLog.open`, CheckFailed for a follower or checkpoint that this log did not make.
        """
        options = options or VenueOptions()
        files = OsFiles() if files is None else files
        log = CommandLog.open(
            paths.log, genesis.exchange, genesis.hash, expected=options.expected, options=options.log, files=files
        )
        try:
            _require_followed(log, followers)
            behind = min((follower.position for follower in followers), default=int(log.head.sequence))
            checkpoints = Checkpoints(paths.checkpoints, genesis, files)
            engine = checkpoints.restore(behind, log.hash_at)
            refusals = RefusalLog(paths.refusals, files=files)
            venue = cls(genesis, engine, log, refusals, checkpoints)
            venue._followers = list(followers)
            venue._catch_up(options.progress)
            venue.door = CommandDoor(
                genesis.exchange,
                engine.keys.ring,
                POLICY,
                venue._commit,
                reader=Engine.read_ahead,
                refusals=refusals,
                threads=options.threads,
            )
            venue.door.restore(venue._recent())
        except BaseException:
            log.close()
            raise
        return venue

    # Catching up.

    def _catch_up(self, progress: Callable[[int, int], None] | None) -> None:
        """Replay what the log has beyond the engine, and hand the followers what each lacks."""
        stops = {follower.position for follower in self._followers}
        first = self.engine.sequence
        for batch in _batches(self.log.records(first + 1), stops):
            self._hand_on(self._apply(batch))
            if progress is not None:
                progress(self.engine.sequence - first, int(self.log.head.sequence) - first)

    def _recent(self) -> Iterator[Record]:
        """The records whose bytes could still be sent again."""
        head = int(self.log.head.sequence)
        first, step, since = head + 1, 1_024, self.engine.time_us - DOOR_MEMORY_US
        while first > self.log.first_sequence:
            first = max(self.log.first_sequence, first - step)
            step *= 2
            if next(self.log.records(first, first)).entry.received_us < since:
                break
        return iter(()) if first > head else self.log.records(first)

    # Taking.

    def submit(self, submissions: Sequence[Submission], received_us: int) -> list[Answer | Refused]:
        """Judge, log and apply a batch; an answer for each in its order, when all that was accepted is durable.

        Whatever the log raises passes through, and then nothing of the batch was taken.
        """
        assert not self._broken, "a venue whose engine failed takes nothing more"
        outcomes, answers = self.door.submit(submissions, received_us)
        given = iter(answers or ())
        return [next(given) if isinstance(outcome, Accepted) else outcome for outcome in outcomes]

    def _commit(self, accepted: Sequence[Accepted]) -> list[Answer]:
        applied_us = max(accepted[-1].received_us, self.engine.time_us)
        records = self.log.append([each.entry(applied_us) for each in accepted])
        givens = [
            Given(
                each.request,
                tuple(signed.key for signed in each.submission.signatures),
                each.received_us,
                each.submission.door.source,
                each.command,
            )
            for each in accepted
        ]
        self._broken = True
        applied = self._apply(records, givens)
        self._hand_on(applied)
        self._broken = False
        return [
            Answer(int(record.sequence), applied_us, events)
            for record, events in zip(records, applied.events, strict=True)
        ]

    def _apply(self, records: Sequence[Record], givens: Sequence[Given] | None = None) -> Applied:
        return apply_records(self.engine, records, givens)

    def _hand_on(self, applied: Applied) -> None:
        head = int(applied.head.sequence)
        for place, follower in enumerate(self._followers):
            if follower.position < head:
                assert follower.position == applied.records[0].sequence - 1, "followers stand where batches end"
                follower.take(applied)
                self._followers[place] = follower._replace(position=head)
        if isinstance(applied.events[-1][-1] if applied.events[-1] else None, HourCut):
            self._write_checkpoint(applied.head)

    def _write_checkpoint(self, head: Head) -> None:
        try:
            self.checkpoints.write(self.engine, head)
        except (OSError, CheckFailed) as error:
            # The batch is durable and applied, and a restart can do without: nobody waits for this file.
            self.checkpoint_problem = f"no checkpoint at {head.sequence} ({error})"
        else:
            self.checkpoint_problem = None

    def close(self) -> None:
        """Close door and log; followers are their owner's. Raises OSError where refusals cannot be made durable."""
        self.checkpoints.wait()
        try:
            self.door.close()
        finally:
            self.log.close()

    def __enter__(self) -> Venue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def apply_records(engine: Engine, records: Sequence[Record], givens: Sequence[Given] | None = None) -> Applied:
    """Apply the records that follow an engine's position; what they did, for whoever follows the log.

    `givens` are what they say, where somebody has read them already. Raises FormatError for bytes that no door lets in.
    """
    first = len(engine.ledger)
    if givens is None:
        givens = [given_of(record.entry, engine.exchange) for record in records]
    events = tuple(
        engine.apply_given(int(record.sequence), int(record.entry.applied_us), given)
        for record, given in zip(records, givens, strict=True)
    )
    accounts = [engine.ledger.key(index) for index in range(first, len(engine.ledger))]
    acting = tuple(_acting(given, engine.keys.ring) for given in givens)
    return Applied(tuple(records), tuple(givens), acting, events, engine.ledger.drain_rows(), accounts, first)


def _acting(given: Given, ring: Keyring) -> str:
    """The customer's account that a command names, or the owner of the key that it is about or signed with."""
    command = given.request.command
    named = None if command is None else command.get("account")
    if isinstance(named, str):
        return named
    key = given.keys[0] if given.keys else b""
    if command is not None and given.request.names[0] in KEY_COMMANDS:
        try:
            key = read_target(command)
        except FormatError:
            return ""
    entry = ring.get(key)
    return entry.owner if entry is not None and entry.role in (Role.CUSTOMER, Role.SESSION) else ""


def _require_followed(log: CommandLog, followers: Sequence[Follower]) -> None:
    """Refuse a follower that this log did not make; a hash inside an archived segment cannot be compared."""
    for follower in followers:
        if follower.position > log.head.sequence:
            raise FollowerAhead(follower)
        found = log.hash_at(follower.position) if follower.hash is not None else None
        if found is not None and found != follower.hash:
            raise FollowerDiffers(f"{follower.name} followed another history than this log, at {follower.position}")


def _batches(records: Iterator[Record], stops: Container[int]) -> Iterator[list[Record]]:
    """Records in batches, each ending at a cut of the hour where there is one, and where a follower stands."""
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        is_cut = b'"type":"cut-hour"' in record.entry.signed
        if is_cut or len(batch) == REPLAY_BATCH or record.sequence in stops:
            yield batch
            batch = []
    if batch:
        yield batch
