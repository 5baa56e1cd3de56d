"""The rules of every regime held against each hour, after its attestation: what `run` does beside trading.

One process at a time evaluates every hour that has a statement and no record yet, oldest first, and keeps each result
in the chain of `compliance/results`. An hour that was missed is evaluated too: what it does not show is *insufficient
data*. What cannot be read stops the work with a word for the operator and leaves nothing half-written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from cli.exchange.config import Config
from cli.exchange.reading import reading
from cli.exchange.rooms import room_facts
from cli.keys import PUBLIC_NAME
from compliance.evaluate import evaluate
from compliance.facts import Assurance, Evidence, Fact, FactKind, Facts
from compliance.gathering import HourSource, gather
from compliance.locking import locked
from compliance.regimes import ZONES, catalogue, rule_set
from compliance.register import Register
from compliance.results import Evaluation, Results
from compliance.sources.attested import Statement
from compliance.sources.chain import bundles_in, read_statement
from compliance.sources.stored import documents
from compliance.verdicts import Verdict
from ledger.errors import InputError
from ledger.genesis import Genesis
from ledger.keyring import Role
from ledger.keys import SigningKey
from ledger.log import LogCorrupt, LogDiffers, LogReader, LogUnusable
from ledger.store.snapshot import StoreSnapshot
from por.verify.standalone import KeyUnreadable, ReaderKey, read_key

__all__ = ["JudgeJob", "Judged", "judge", "judge_hours", "load_register", "reader_key", "register_path", "results_of"]

FOLDER: Final = "compliance"
FIRM_FACTS: Final = "firm-facts.jsonl"
CHAIN_HOURS: Final = 24 * 31
"""So many hours of the chain an hourly evaluation looks back on."""


class JudgeJob(NamedTuple):
    """Which exchange's hours, and the key that signs the records."""

    folder: Path
    key: SigningKey


class Judged(NamedTuple):
    """Facts and verdicts of one hour."""

    facts: Facts
    verdicts: tuple[Verdict, ...]
    statement: Statement


def results_of(config: Config) -> Results:
    """Where an exchange's evaluations are kept."""
    key = reader_key(config)
    # Records are signed by the key of their day: every one that the rotations name.
    keys = {key.key, *(str(each[end]) for each in key.rotations for end in ("from", "to"))}
    return Results(config.folder / FOLDER / "results", config.entity, {bytes.fromhex(each) for each in keys})


def reader_key(config: Config) -> ReaderKey:
    """The exchange's public key, as its customers have it."""
    path = config.secrets / PUBLIC_NAME
    try:
        return read_key(path.read_bytes())
    except (OSError, KeyUnreadable):
        raise InputError(str(path), "is no public key file", "Restore it from a backup.") from None


def register_path(config: Config) -> Path:
    """Where the firm's register is kept."""
    return config.folder / FOLDER / FIRM_FACTS


def load_register(config: Config, kinds: Mapping[str, FactKind], store: StoreSnapshot | None = None) -> Register:
    """The firm's register; the keys that may sign it are those of operators, of the genesis and of the log, each until
    it ended or expired.
    """
    genesis = Genesis.from_file(config.paths.genesis.read_bytes())
    keys = {bytes(key) for key, role, *_ in genesis.keys if role is Role.OPERATOR}
    ends: dict[bytes, datetime] = {}
    if store is not None:
        # Every customer has keys too, whose documents are not worth parsing.
        for _, _, document in documents(store.session, "key-changed", last=store.position.sequence):
            if '"operator"' not in document:
                continue
            changed = json.loads(document)
            if changed["role"] == "operator":
                key = bytes.fromhex(changed["key"])
                keys.add(key)
                times = [changed[name] for name in ("ended", "expires") if changed[name] is not None]
                if times:
                    ends[key] = datetime.fromtimestamp(min(times) // 1_000_000, UTC)
    return Register.load(register_path(config), config.entity, kinds, keys, ends)


def judge_hours(job: JudgeJob) -> list[Evaluation]:
    """Evaluate and keep every hour that has a statement and no record; raises InputError. Waits for another process
    that does the same, and does what that one left.
    """
    config = Config.load(job.folder)
    results, kinds = results_of(config), catalogue()
    found = []
    with locked(config.folder / FOLDER / ".evaluating"), reading(config) as store:
        for judged in _judged(config, store, results.last(), kinds):
            sets = [rule_set(regime) for regime in config.rules]
            found.append(results.add(judged.facts, sets, judged.verdicts, judged.statement.digest, job.key))
    return found


def _judged(
    config: Config, store: StoreSnapshot, last: Evaluation | None, kinds: Mapping[str, FactKind]
) -> Iterator[Judged]:
    register, key = load_register(config, kinds, store), reader_key(config)
    before: tuple[Verdict, ...] = () if last is None else last.verdicts
    newest: datetime | None = None if last is None else last.as_of
    chain: list[Statement] = []
    log = LogCheck(config, _was_whole(results_of(config), last, kinds))
    for bundle in bundles_in(config.hours)[-CHAIN_HOURS * 2 :]:
        statement = read_statement(bundle, key)
        if chain and statement.document["statement"]["previous"] != chain[-1].digest:
            raise InputError(str(bundle), "does not follow the statement before it", "Restore the bundles between.")
        chain.append(statement)
        if statement.kind == "restatement":
            continue
        if newest is not None and statement.hour <= newest:
            log.skip(statement)
            continue
        whole = log.to(statement)
        rooms = [*([] if whole is None else [whole]), *room_facts(config, statement.hour, store)]
        facts = gather(HourSource(config.entity, chain[-CHAIN_HOURS:], register, store, rooms), kinds)
        before = judge(facts, config.rules, before)
        yield Judged(facts, before, statement)


def _was_whole(results: Results, last: Evaluation | None, kinds: Mapping[str, FactKind]) -> bool:
    """Whether the last evaluation found the log whole up to its hour."""
    try:
        fact = None if last is None else results.facts(last, kinds).find("log.whole")
    except InputError:
        return False  # its facts are gone or changed, which `explain` says: the whole log is read again
    return fact is not None and fact.value is True


class LogCheck:
    """Reads the command log on from hour to hour, each record against the one before it.

    `was_whole`: what was found up to the statements that are skipped; without it the check begins at the first record.
    """

    def __init__(self, config: Config, was_whole: bool) -> None:
        genesis = config.genesis()
        self._reader = partial(LogReader, config.paths.log, genesis.exchange, genesis.hash)
        self._was_whole, self._done = was_whole, 0

    def skip(self, statement: Statement) -> None:
        """What an earlier evaluation has read is not read again."""
        position = _position(statement)
        if position is not None and self._was_whole:
            self._done = position

    def to(self, statement: Statement) -> Fact | None:
        """Whether the log is whole up to a statement's position, and its record there the one that was signed."""
        position = _position(statement)
        if position is None or statement.snapshot is None:
            return None
        head, is_whole = statement.snapshot["ledger"]["head"], False
        try:
            last = None
            for record in self._reader().records(self._done + 1, position):
                last = record
            # Where nothing is new, the record there is held against what was signed once more.
            if last is None and position > 0:
                last = next(iter(self._reader().records(position, position)), None)
            is_whole = last is not None and last.hash.hex() == head
        except (LogCorrupt, LogDiffers, LogUnusable, OSError):
            is_whole = False
        self._done = position if is_whole else 0
        evidence = (Evidence("command log", f"records to {position}", head),)
        return Fact("log.whole", is_whole, statement.hour, Assurance.CLAIMED, evidence)


def _position(statement: Statement) -> int | None:
    ledger = (statement.snapshot or {}).get("ledger")
    return None if ledger is None else int(ledger["position"])


def judge(facts: Facts, regimes: Sequence[str], before: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """The verdicts of some regimes."""
    found: list[Verdict] = []
    for regime in regimes:
        earlier = [verdict for verdict in before if verdict.regime == regime]
        found += evaluate(rule_set(regime), facts, earlier, ZONES[regime])
    return tuple(found)
