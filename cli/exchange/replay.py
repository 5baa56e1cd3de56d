"""For operators and auditors: the log executed again in a fresh engine, and compared with what was stated of its state.

Compared are the checkpoints that are kept and the attestations in the folder of hours: log head, state hash, rule set
and parameters at each one's position. Signatures and windows are checked again, in threads; the rate is said.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

import click

from cli.common import json_option, progress
from cli.exchange.config import Config
from cli.exchange.findings import conclude, found, unchecked
from cli.exchange.giving import folder_option
from cli.exchange.published import PublishedHour, published_hours
from ledger.checkpoints import Checkpoints, read_checkpoint
from ledger.engine import RULE_SET, Engine, Given
from ledger.errors import CheckFailed, FormatError, InputError
from ledger.genesis import Genesis
from ledger.log import LogReader, OsFiles, Record
from ledger.playback import check_entry, given_of
from ledger.venue import DOOR_MEMORY_US
from por.verify.standalone import Check

__all__ = ["Replay", "replay", "replay_log"]

BATCH: Final = 2_048
SLICE: Final = 128


@dataclass(slots=True)
class Replay:
    """One replay: where it began and ended, what was compared on the way, and what was wrong."""

    first: int
    last: int
    engine: Engine
    checkpoints: int = 0
    hours: int = 0
    signatures: int = 0
    log_problems: list[str] = field(default_factory=list)
    signature_problems: list[str] = field(default_factory=list)
    checkpoint_problems: list[str] = field(default_factory=list)
    hour_problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def commands(self) -> int:
        """How many were executed."""
        return self.engine.sequence - self.first + 1


@click.command()
@folder_option
@click.option(
    "--from-genesis", is_flag=True, help="From the log's first command; else from the oldest checkpoint kept."
)
@click.option("--to", "last", type=click.IntRange(0), help="Up to this log position; the log's end if not given.")
@click.option("--without-signatures", is_flag=True, help="Leave out the signatures; the answer is then unchecked.")
@json_option
def replay(folder: Path, from_genesis: bool, last: int | None, without_signatures: bool, as_json: bool) -> int:
    """Execute the log again and compare every state that was ever stated."""
    config = Config.load(folder)
    genesis = config.genesis()
    with progress(not as_json) as bar:
        done = replay_log(
            config,
            genesis,
            from_genesis=from_genesis,
            last=last,
            with_signatures=not without_signatures,
            report=lambda number, total: bar("replaying", number, total),
        )
    rate = round(done.commands / done.seconds) if done.seconds else 0
    facts = {
        "commands": done.commands,
        "commands_per_second": rate,
        "first": done.first,
        "last": done.engine.sequence,
        "signatures": done.signatures,
        "state": done.engine.state_hash().hex(),
    }
    if not as_json:
        how = "without signatures" if without_signatures else f"with {done.signatures} signatures"
        click.echo(f"{done.commands} commands {how} in {done.seconds:.1f} s: {rate} a second")
        click.echo(f"state {facts['state']} at log position {facts['last']}\n")
    return conclude(_checks(done, without_signatures), as_json, **facts)


def _checks(done: Replay, without_signatures: bool) -> list[Check]:
    span = f"commands {done.first} to {done.engine.sequence}"
    checks = [found("log", done.log_problems, f"{span}: the chain holds, and nothing was taken twice")]
    if without_signatures:
        checks.append(unchecked("signatures", "left out as asked", required=True))
    else:
        checks.append(found("signatures", done.signature_problems, f"{done.signatures} signatures hold, in their time"))
    for name, count, problems, what in (
        ("checkpoints", done.checkpoints, done.checkpoint_problems, "checkpoints have the replayed state"),
        ("hours", done.hours, done.hour_problems, "attestations state the replayed log and state"),
    ):
        if count or problems:
            checks.append(found(name, problems, f"{count} {what}"))
        else:
            checks.append(unchecked(name, "there is none in this part of the log"))
    checks.append(found("books", done.engine.ledger.check(), "every asset's books sum to zero"))
    return checks


def replay_log(
    config: Config,
    genesis: Genesis,
    *,
    from_genesis: bool,
    last: int | None,
    with_signatures: bool,
    report: Callable[[int, int], None],
) -> Replay:
    """Execute the log; raises InputError for a position that the log does not have."""
    reader = LogReader(config.paths.log, genesis.exchange, genesis.hash)
    head = int(reader.head.sequence)
    if last is not None and last > head:
        raise InputError("--to", f"is behind the log's end, {head}", "Name a position that the log has.")
    until = head if last is None else last
    checkpoints = Checkpoints(config.paths.checkpoints, genesis, OsFiles())
    engine = Engine.begin(genesis) if from_genesis else _oldest(checkpoints, genesis, until)
    done = Replay(engine.sequence + 1, until, engine)
    if reader.first_sequence > done.first:
        problem = f"{config.paths.log} begins with command {reader.first_sequence}"
        raise InputError("--from-genesis", problem, "Put the archived segments beside the others, or leave this out.")
    stated = _Stated(checkpoints, list(published_hours(config.hours)), done)
    started = time.perf_counter()
    try:
        _execute(done, reader, stated, with_signatures, report)
    except (CheckFailed, FormatError) as error:
        done.log_problems.append(str(error))
    done.seconds = time.perf_counter() - started
    stated.missed()
    return done


def _oldest(checkpoints: Checkpoints, genesis: Genesis, until: int) -> Engine:
    """The engine of the oldest checkpoint that is not after a position, or of genesis."""
    for position in checkpoints.positions():
        if position > until:
            break
        try:
            return read_checkpoint(checkpoints.path(position).read_bytes(), genesis)[0]
        except (FormatError, CheckFailed, OSError):
            continue
    return Engine.begin(genesis)


class _Stated:
    """What was stated of the state at positions, compared when the replay comes by."""

    def __init__(self, checkpoints: Checkpoints, hours: list[PublishedHour], done: Replay) -> None:
        self._done, self._checkpoints = done, checkpoints
        within = range(done.first, done.last + 1)
        self._kept = {position for position in checkpoints.positions() if position in within}
        self._hours: dict[int, list[PublishedHour]] = {}
        for hour in hours:
            if hour.position in within:
                self._hours.setdefault(hour.position, []).append(hour)

    @property
    def stops(self) -> set[int]:
        """Where the replay has to compare."""
        return self._kept | self._hours.keys()

    def compare(self, record: Record) -> None:
        """Compare what was stated of the position of a record that was just executed."""
        done, position = self._done, int(record.sequence)
        state = done.engine.state_hash()
        if position in self._kept:
            self._kept.discard(position)
            self._compare_checkpoint(position, state)
        for hour in self._hours.pop(position, ()):
            done.hours += 1
            parameters = done.engine.parameters.hash().hex()
            ours = {
                "head": record.hash.hex(),
                "parameters": parameters,
                "ruleset": RULE_SET,
                "state": state.hex(),
            }
            for name, value in ours.items():
                if getattr(hour, name) != value:
                    done.hour_problems.append(f"{hour.snapshot}: the replay has another {name} at {position}")

    def _compare_checkpoint(self, position: int, state: bytes) -> None:
        done = self._done
        done.checkpoints += 1
        try:
            if self._checkpoints.state_at(position) != state:
                done.checkpoint_problems.append(f"checkpoint {position}: the replay has another state")
        except FileNotFoundError:
            done.checkpoints -= 1  # The exchange that runs has forgotten it meanwhile.
        except (FormatError, KeyError, TypeError, OSError):
            done.checkpoint_problems.append(f"checkpoint {position} cannot be read")

    def missed(self) -> None:
        """Note what was published of positions that the replay did not reach."""
        for position in sorted(self._hours):
            self._done.hour_problems.append(f"nothing was replayed at {position}, which was published")


def _execute(
    done: Replay, reader: LogReader, stated: _Stated, with_signatures: bool, report: Callable[[int, int], None]
) -> None:
    engine, total = done.engine, done.last - done.first + 1
    stops, twice = stated.stops, _Twice()
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="signatures") as pool:
        for batch in _batches(reader.records(done.first, done.last)):
            done.log_problems += twice.problems(batch)
            givens = [given_of(record.entry, engine.exchange) for record in batch]
            if with_signatures:
                pairs = list(zip(batch, givens, strict=True))
                slices = [pairs[start : start + SLICE] for start in range(0, len(pairs), SLICE)]
                for problems in pool.map(_signature_problems, slices):
                    done.signature_problems += problems
                done.signatures += sum(len(record.entry.signatures) for record in batch)
            for record, given in zip(batch, givens, strict=True):
                engine.apply_given(int(record.sequence), int(record.entry.applied_us), given)
                if record.sequence in stops:
                    stated.compare(record)
            engine.ledger.drain_rows()
            report(engine.sequence - done.first + 1, total)


class _Twice:
    """Signed bytes that were taken twice under the same keys; only as far back as a door lets them in."""

    def __init__(self) -> None:
        self._order: deque[tuple[int, bytes]] = deque()
        self._seen: set[bytes] = set()

    def problems(self, batch: Iterable[Record]) -> list[str]:
        """The records of a batch whose bytes came before."""
        problems = []
        for record in batch:
            entry = record.entry
            keys = b"".join(sorted(signed.key for signed in entry.signatures))
            name = hashlib.sha256(bytes((entry.scheme, len(entry.signatures))) + keys + entry.signed).digest()
            while self._order and self._order[0][0] < entry.received_us - DOOR_MEMORY_US:
                self._seen.discard(self._order.popleft()[1])
            if name in self._seen:
                problems.append(f"record {record.sequence}: the same bytes were taken before")
            self._seen.add(name)
            self._order.append((entry.received_us, name))
        return problems


def _signature_problems(pairs: Iterable[tuple[Record, Given]]) -> list[str]:
    problems = []
    for record, given in pairs:
        try:
            check_entry(record, given)
        except CheckFailed as error:
            problems.append(str(error))
    return problems


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, BATCH)):
        yield batch
