"""For operators: log, checkpoints, second copy, store and published hours of an exchange held against each other.

Everything is read, nothing is changed, and the exchange may run meanwhile. `--rebuild` makes the store again from the
log, whole or not at all; for that the exchange must be stopped, and it holds the log's lock so that none starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import click

from cli.common import json_option, progress
from cli.exchange.config import Config
from cli.exchange.findings import conclude, found, unchecked
from cli.exchange.giving import folder_option
from cli.exchange.published import newest_position
from cli.exchange.store_follower import COMMANDS_AT_ONCE
from ledger.canonical import Digest
from ledger.checkpoints import Checkpoints, checkpoint_sections
from ledger.engine import Engine
from ledger.errors import CheckFailed, FormatError, InputError
from ledger.genesis import Genesis
from ledger.log import Head, LogReader, OsFiles, Record
from ledger.log.command_log import LOCK_NAME
from ledger.log.files import LockTaken
from ledger.log.record import GENESIS_SEQUENCE
from ledger.store.errors import StoreError, StoreOutOfStep
from ledger.store.follow import batch_of
from ledger.store.fsck import fsck as check_store
from ledger.store.rebuild import rebuild
from ledger.store.snapshot import StoreSnapshot, open_at
from ledger.store.store import Store
from ledger.venue import apply_records
from por.verify.standalone import Check

__all__ = ["check_folder", "fsck"]

EVERY: Final = 1_000
Report = Callable[[str, int, int], None]


@click.command()
@folder_option
@click.option("--rebuild", "is_rebuild", is_flag=True, help="First make the store again from the log.")
@json_option
def fsck(folder: Path, is_rebuild: bool, as_json: bool) -> int:
    """Check the log, the checkpoints, the store and what was published against each other."""
    config = Config.load(folder)
    with progress(not as_json) as bar:
        if is_rebuild:
            _rebuild(config, config.genesis(), bar)
        checks, head = check_folder(config, bar)
    if not as_json:
        click.echo(f"{config.exchange} at log position {int(head.sequence)}\n")
    return conclude(checks, as_json, head=head.hash.hex(), position=int(head.sequence), rebuilt=is_rebuild)


def check_folder(config: Config, bar: Report) -> tuple[list[Check], Head]:
    """Every check of an exchange's folder, and where its log ends. Raises InputError for what is no exchange."""
    genesis = config.genesis()
    # The store first: what it holds at this moment is in the log that is read after it.
    with _opened_store(config) as store:
        try:
            reader = LogReader(config.paths.log, genesis.exchange, genesis.hash)
            last = Head(GENESIS_SEQUENCE, genesis.hash)
            for record in _read(reader, bar, "reading the log"):
                last = Head(record.sequence, record.hash)
            if reader.head.sequence >= reader.first_sequence and last != reader.head:
                raise CheckFailed("the records do not end where the log ends")
        except CheckFailed as error:
            others = ("checkpoints", "hours", "store")
            rest = [unchecked(name, "the log has to be whole first", required=True) for name in others]
            return [found("log", [str(error)], ""), *rest], Head(GENESIS_SEQUENCE, genesis.hash)
        hashes = _hashes_at(reader)
        position = int(reader.head.sequence)
        checks = [
            found("log", [], f"commands {reader.first_sequence} to {position}: the chain holds"),
            _checkpoints(config, genesis, hashes),
            _hours(config, hashes, position),
            _second_copy(config, genesis, hashes, position),
            _store(genesis, store, reader, bar),
        ]
    return checks, reader.head


@contextmanager
def _opened_store(config: Config) -> Iterator[StoreSnapshot | StoreError]:
    """The store as it is now, or why it cannot be read."""
    try:
        snapshot = open_at(config.store_url)
    except StoreError as error:
        yield error
        return
    with snapshot:
        yield snapshot


def _read(reader: LogReader, bar: Report, stage: str, first: int = 0) -> Iterator[Record]:
    start = max(reader.first_sequence, first)
    total = int(reader.head.sequence) - start + 1
    for done, record in enumerate(reader.records(start), start=1):
        yield record
        if done % EVERY == 0 or done == total:
            bar(stage, done, total)


def _hashes_at(reader: LogReader) -> Callable[[int], Digest | None]:
    """The log's hash at a position; None where the log no longer has the record, or does not reach."""

    def hash_at(position: int) -> Digest | None:
        if position == reader.head.sequence:
            return reader.head.hash
        if position < reader.first_sequence:
            return reader.archive.hash_at(position)
        record = next(iter(reader.records(position, position)), None)
        return None if record is None else record.hash

    return hash_at


def _checkpoints(config: Config, genesis: Genesis, hash_at: Callable[[int], Digest | None]) -> Check:
    """Each checkpoint hashes to what it says, and stands at a record of this log."""
    kept = Checkpoints(config.paths.checkpoints, genesis, OsFiles())
    problems, good = [], 0
    for position in kept.positions():
        try:
            _, head, _ = checkpoint_sections(kept.path(position).read_bytes(), genesis)
        except FileNotFoundError:
            continue  # The exchange that runs has forgotten it meanwhile.
        except (FormatError, CheckFailed, OSError) as error:
            problems.append(f"checkpoint {position}: {error}")
            continue
        if (head.sequence, head.hash) != (position, hash_at(position)):
            problems.append(f"checkpoint {position}: not of this log")
        good += 1
    if not good and not problems:
        return unchecked("checkpoints", "there is none yet")
    return found("checkpoints", problems, f"{good} hash to what they say, at records of this log")


def _hours(config: Config, hash_at: Callable[[int], Digest | None], position: int) -> Check:
    """The log reaches the last published attestation and holds the record that it names."""
    newest = newest_position(config.hours)
    if newest is None:
        return unchecked("hours", "no hour was published from this log yet")
    problems = []
    if newest.position > position:
        problems.append(f"the log ends at {position}, but {newest.position} was published: restore it, never publish")
    else:
        hash = hash_at(newest.position)
        if hash is not None and hash.hex() != newest.head:
            problems.append(f"record {newest.position} is not the one that was published")
    return found("hours", problems, f"the log holds {newest.snapshot}, published at {newest.position}")


def _second_copy(config: Config, genesis: Genesis, hash_at: Callable[[int], Digest | None], position: int) -> Check:
    """The second copy is a beginning of the log; under `sync` it ends with it."""
    name = "second-copy"
    if config.second_copy is None:
        return unchecked(name, "there is none: a lost disk costs what is on it")
    try:
        second = LogReader(config.second_copy, genesis.exchange, genesis.hash).head
    except CheckFailed as error:
        return found(name, [str(error)], "")
    known = hash_at(int(second.sequence)) if second.sequence <= position else second.hash
    problems = ["it holds another record than the log"] if known is not None and known != second.hash else []
    return found(name, problems, f"it holds the log up to {int(second.sequence)}")


def _store(genesis: Genesis, store: StoreSnapshot | StoreError, reader: LogReader, bar: Report) -> Check:
    """The store against itself and the log. A log that was archived in part is compared as far back as it goes."""
    remedy = "make it again with --rebuild"
    if isinstance(store, StoreOutOfStep):
        return found("store", [], "it holds nothing yet: a start brings it level with the log")
    if isinstance(store, StoreError):
        return found("store", [f"{store}: {remedy}"], "")
    if store.position.genesis != genesis.hash:
        return found("store", [f"it belongs to another exchange's log: {remedy}"], "")
    try:
        problems = check_store(store.session, _read(reader, bar, "comparing the store"))
    except StoreError as error:
        problems = [str(error)]
    if problems:
        problems.append(remedy)
    good = f"commands 1 to {store.position.sequence}: every balance is the sum of its entries, every book sums to zero"
    return found("store", problems, good)


# Making it again.


@contextmanager
def _locked(config: Config) -> Iterator[None]:
    """Hold the log's lock; raises InputError while an exchange runs."""
    files, path = OsFiles(), config.paths.log / LOCK_NAME
    try:
        files.make_directory(config.paths.log)
        lock = files.lock(path)
    except LockTaken:
        raise InputError(str(config.folder), "is running", "Stop the exchange, then rebuild its store.") from None
    try:
        yield
    finally:
        files.close(lock)


def _rebuild(config: Config, genesis: Genesis, bar: Report) -> None:
    with _locked(config):
        reader = LogReader(config.paths.log, genesis.exchange, genesis.hash)
        if reader.first_sequence > 1:
            problem = f"begins with command {reader.first_sequence}: the others were archived"
            raise InputError(str(config.paths.log), problem, "Put the archived segments back beside the others first.")
        if not reader.head.sequence:
            raise InputError(str(config.paths.log), "holds no command yet", "There is nothing to make a store of.")
        rebuild(config.store_url, partial(_fill, genesis, _read(reader, bar, "making the store")))


def _fill(genesis: Genesis, records: Iterator[Record], store: Store) -> None:
    engine, previous = Engine.begin(genesis), Head(GENESIS_SEQUENCE, genesis.hash)
    while batch := list(islice(records, COMMANDS_AT_ONCE)):
        applied = apply_records(engine, batch)
        store.write(batch_of([applied], previous))
        previous = applied.head
