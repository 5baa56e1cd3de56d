"""`audit --replay`: the exchange's own log, executed again, against what it signed for an hour.

What is read: a bundle's `replay/` folder (genesis document, checkpoint, the log between the checkpoint and the cut).
Every signature, window and authority is judged again; bytes that were taken twice are found. The checks:
replay-start       the log begins at genesis, or at the state that the statement before it signed
replay             the log leads to the signed position, head, state, rule set and parameters; its last command cuts the
                   statement's hour, no command of the next hour stands before it, and at every position that another
                   statement signed it has that statement's head
replay-balances, replay-trees, replay-statements   what is owed there is what the trees hold (por.hour.replay)
replay-lending     debts, what counts of them, positions and prices are those stated; only where there are any
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from ledger.canonical import Digest
from ledger.checkpoints import read_checkpoint
from ledger.engine import RULE_SET, Engine
from ledger.errors import CheckFailed, FormatError
from ledger.events import HourCut
from ledger.genesis import Genesis
from ledger.journal import CUSTOMER_CODES, AccountCode
from ledger.log import Head, Record, Sequence64
from ledger.log.extract import read_extract
from ledger.playback import replay
from ledger.replay import ReplayCache
from por.bundle import REPLAY
from por.files import plain_size, read_document
from por.hour.balances import BalanceRow
from por.hour.lending import LENDING, MARKETS, REPLAY_LENDING, replay_problem
from por.hour.replay import REPLAY_CHECKS, compare_replay
from por.liabilities.kernels import Kernel
from por.snapshot import SnapshotId, to_seconds
from por.verify.standalone import Check, Malformed, read_attestation

__all__ = ["ALL_CHECKS", "LedgerSection", "balance_rows", "replay_checks", "signed_ledgers"]

CHECKPOINT_BYTES_MAX: Final = 16 * 1024**3
_BROKEN: Final = (
    AssertionError,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a forged state or log may raise in an engine that trusts its own."""

ALL_CHECKS = ("replay-start", "replay", *REPLAY_CHECKS)

LedgerSection = Mapping[str, Any]
"""Section `snapshot.ledger` of an attestation."""


def signed_ledgers(bundles: Iterable[Path]) -> dict[int, LedgerSection]:
    """Where the log stood at each of these statements, by position; what cannot be read is left out."""
    found: dict[int, LedgerSection] = {}
    for bundle in bundles:
        try:
            ledger = read_attestation(read_document(bundle / "attestation.json"))["sections"]["snapshot"]["ledger"]
        except (OSError, Malformed, KeyError):
            continue
        if ledger is not None:
            found[int(ledger["position"])] = ledger
    return found


def replay_checks(
    bundle: Path,
    signed: Mapping[int, LedgerSection],
    kernel: Kernel,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    memory: dict[bytes, ReplayCache] | None = None,
) -> list[Check]:
    """The checks of one bundle; never raises for what is in it. `signed` is of every bundle that was handed over.

    `memory`, by head, is of the replays before this one in a run: what they took is not taken again after it.
    """
    memory = {} if memory is None else memory
    try:
        document = read_attestation(read_document(bundle / "attestation.json"))
        ledger = document["sections"].get("snapshot", {}).get("ledger")
        snapshot = str(document["statement"]["snapshot"])
        exchange = SnapshotId.parse(snapshot).exchange
    except (OSError, Malformed, FormatError):
        return _all("unchecked", "the attestation cannot be read")
    if ledger is None:
        return _all("unchecked", "no command log stands behind this statement")
    folder = bundle / REPLAY
    if not folder.is_dir():
        return _all("unchecked", "the folder replay/ was not handed over")
    try:
        engine, start = _start(folder, exchange, signed)
        reached = _run(folder, engine, int(ledger["position"]), signed, memory, progress)
        found = _compare(engine, reached, ledger, to_seconds(SnapshotId.parse(snapshot).hour))
    except (CheckFailed, FormatError) as problem:
        return _all("fail", str(problem))
    except OSError as problem:
        return _all("unchecked", f"a file of replay/ cannot be read ({problem.strerror})")
    except _BROKEN as problem:
        # A log of the exchange's own engine breaks none of its invariants; a forged one may break any.
        return _all("fail", f"the replay breaks an invariant of the engine ({type(problem).__name__})")
    if found.result == "pass":
        rest = compare_replay(bundle, balance_rows(engine), kernel)
        rest += _compare_lending(engine, document["sections"])
    else:
        rest = [_check(name, "unchecked", "not reached, because the replay failed") for name in REPLAY_CHECKS]
    return [start, found, *(check._replace(required=True) for check in rest)]


def _check(name: str, result: str, detail: str) -> Check:
    return Check(name, result, True, "proven" if result == "pass" else None, detail)


def _all(result: str, detail: str) -> list[Check]:
    """The same of every check; a failure is one check's, and the others were not reached."""
    if result != "fail":
        return [_check(name, result, detail) for name in ALL_CHECKS]
    words = "not reached, because the replay failed"
    return [_check(name, *(("fail", detail) if name == "replay" else ("unchecked", words))) for name in ALL_CHECKS]


def _start(folder: Path, exchange: str, signed: Mapping[int, LedgerSection]) -> tuple[Engine, Check]:
    """The engine where the log of the bundle begins, and how far that is known to be right."""
    for name in ("genesis.json", "log.bin"):
        plain_size(folder / name)
    genesis = Genesis.from_file(read_document(folder / "genesis.json"))
    if genesis.exchange != exchange:
        raise CheckFailed("the genesis document is another exchange's")
    header, _ = read_extract(folder / "log.bin")
    if (header.exchange, header.genesis) != (exchange, genesis.hash):
        raise CheckFailed("the log begins with another genesis document")
    if not os.path.lexists(folder / "checkpoint.bin"):
        engine, head = Engine.begin(genesis), Head(Sequence64(0), genesis.hash)
        start = _check("replay-start", "pass", f"the log begins at the genesis document {genesis.hash.hex()}")
    else:
        if plain_size(folder / "checkpoint.bin") > CHECKPOINT_BYTES_MAX:
            raise CheckFailed("the checkpoint is larger than one is")
        engine, head = read_checkpoint((folder / "checkpoint.bin").read_bytes(), genesis)
        start = _judge_checkpoint(engine, head, signed.get(engine.sequence))
    if (header.first_sequence, header.previous_hash) != (head.sequence + 1, head.hash):
        raise CheckFailed("the log does not begin where the checkpoint stands")
    return engine, start


def _judge_checkpoint(engine: Engine, head: Head, before: LedgerSection | None) -> Check:
    if before is None:
        return _check(
            "replay-start", "unchecked", "hand over the bundle whose statement signed the checkpoint's state as well"
        )
    if (before["state"], before["head"]) != (engine.state_hash().hex(), head.hash.hex()):
        return _check("replay-start", "fail", "the checkpoint is not the state that the statement before signed")
    return _check("replay-start", "pass", "the log begins at the state that the statement before signed")


class _Reached(NamedTuple):
    """Where a replay ended: the head, the hour that its last command cut (-1 for another one), the time before it."""

    head: Head
    hour_us: int
    before_us: int


def _run(
    folder: Path,
    engine: Engine,
    last: int,
    signed: Mapping[int, LedgerSection],
    memory: dict[bytes, ReplayCache],
    progress: Callable[[str, int, int], None],
) -> _Reached:
    """Replay up to the signed position and no further; every statement on the way must have signed this same log."""
    header, records = read_extract(folder / "log.bin")
    first, head = engine.sequence, Head(Sequence64(header.first_sequence - 1), header.previous_hash)
    hour_us, before_us = -1, 0
    now_us = engine.time_us
    taken = memory.pop(head.hash, None) or ReplayCache()
    for record, facts in replay(_up_to(records, last), engine, taken=taken):
        head = Head(record.sequence, Digest(record.hash))
        before = signed.get(int(record.sequence))
        if before is not None and before["head"] != head.hash.hex():
            raise CheckFailed(f"record {record.sequence} is not the one that another statement signed")
        before_us, now_us = now_us, engine.time_us
        hour_us = next((fact.hour for fact in facts if isinstance(fact, HourCut)), -1)
        if record.sequence % 1_000 == 0:
            progress("replaying the log", int(record.sequence) - first, last - first)
        engine.ledger.drain_rows()
    progress("replaying the log", 1, 1)
    memory[head.hash] = taken
    return _Reached(head, hour_us, before_us)


def _compare_lending(engine: Engine, sections: Mapping[str, Any]) -> list[Check]:
    """What the engine says of lending and markets there, against the signed sections; nothing without both."""
    facts = engine.lending_facts()
    if facts is None and not {LENDING, MARKETS} & set(sections):
        return []
    problem = replay_problem(None if facts is None else facts.to_json(), sections)
    words = "the stated debts, what counts of them, prices, positions and marks are those of the replay"
    return [_check(REPLAY_LENDING, *(("pass", words) if problem is None else ("fail", problem)))]


def _up_to(records: Iterator[Record], last: int) -> Iterator[Record]:
    """The records to a position; raises CheckFailed for one beyond it, before it is executed."""
    for record in records:
        if record.sequence > last:
            raise CheckFailed("the log goes on after the signed position")
        yield record


def _compare(engine: Engine, end: _Reached, ledger: LedgerSection, hour: int) -> Check:
    """What the replay reached against what was signed of an hour, in seconds since 1970."""
    head = end.head
    reached = {
        "head": head.hash.hex(),
        "parameters": engine.parameters.hash().hex(),
        "position": int(head.sequence),
        "ruleset": RULE_SET,
        "state": engine.state_hash().hex(),
    }
    wrong = [name for name, value in reached.items() if ledger[name] != value]
    if wrong:
        return _check("replay", "fail", f"the replay does not reach the signed {', '.join(wrong)}")
    if end.hour_us != hour * 1_000_000:
        return _check("replay", "fail", "the signed position is not the cut of the statement's hour")
    if end.before_us >= end.hour_us:
        return _check("replay", "fail", "a command of the next hour stands before the cut")
    problems = engine.ledger.check()
    if problems:
        return _check("replay", "fail", f"the books do not hold: {problems[0]}")
    return _check("replay", "pass", f"the log leads to the signed state at position {head.sequence:,}")


def balance_rows(engine: Engine) -> list[BalanceRow]:
    """Claims and debts of every subaccount that are not zero."""
    ledger = engine.ledger
    found: dict[tuple[str, str, str, str], list[int]] = {}
    for index in range(len(ledger)):
        key = ledger.key(index)
        if key.code in CUSTOMER_CODES:
            owed = ledger.owed(index)
            if owed:
                amounts = found.setdefault((key.entity, key.owner, key.subaccount, key.asset), [0, 0])
                amounts[0 if key.code is AccountCode.CLAIM else 1] += owed
    return [BalanceRow(*name, *amounts) for name, amounts in found.items()]
