"""The close of one hour in a process of its own, while trading goes on.

In: a job that can be sent to another process: the facts of the cut, what reads the balances at its log position, the
hour's folder with the kept slots, what reads the reserves, keys. Out: the hour's bundle (`Closed`) or the signed
statement that the hour failed (`Failed`), and the next hour's trees drawn (`Opened`): before the signature where the
reserves have to be waited for, after it where they are there.

The rules, in their order; the first that does not hold fails the hour, and then no root is signed:
1. The balances are those of listed accounts and trees, none twice, each within 63 bits.          rows
2. The ledger's zero-sum report has no book without a tree, and each line sums to zero.           trees, zero-sum
3. Every balance has a slot in its live tree.                                                     rows
4. Every tree built again, from kept slots and fresh amounts, has the live tree's root.           root
5. Every tree's claims and debts are those of the ledger's customer accounts.                     sums
6. The folder's columns give the same roots, and our own verifier accepts proofs from them.       self-check
The next hour opens from the balances that were read, whether or not this hour failed; the venue takes cancellations
only until its operators have found the fault. A process that dies has written nothing under a final name: give the
same job to another, or, if the hour was stated and only the next one is not drawn, to `draw_next`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ledger.assets import AssetTable
from ledger.canonical import Json
from ledger.errors import CheckFailed, FormatError, TallystickError
from ledger.keys import SigningKey
from por.attestation import Predecessor, ReserveRow
from por.bundle import BookFigures, Built, BundleInput, HourInput, build_trees, write_bundle, write_failed
from por.hour.balances import CutBalances, SortedBalances, books_by_slot, sort_balances
from por.hour.sections import InFlight, LedgerFacts, UnreadReserve, ZeroSumRow, book_sides
from por.liabilities.forest import Forest, present_accounts
from por.liabilities.kept import KeptHour, LeafWithoutSlot, kept_with_salts, read_kept
from por.liabilities.kernels import AmountOverflow, Kernel, select
from por.liabilities.live import HourRoots
from por.liabilities.opened import open_hour, write_opened
from por.snapshot import SnapshotId
from por.verify.standalone import Malformed

__all__ = [
    "Broken",
    "Closed",
    "CutFacts",
    "Failed",
    "HourFailed",
    "HourJob",
    "HourProcess",
    "Message",
    "Opened",
    "Reserves",
    "close_hour",
    "draw_next",
    "no_reserves",
]

READY_SECONDS = 0.2
"""How long the reserves are given before the next hour is drawn while they are waited for."""
NICENESS = 5
"""The closing process gives way to trading where both want a core."""


class HourFailed(CheckFailed):
    """An assertion of the hour failed; `code` is one of por.hour.sections.FAILURE_CODES. Names no customer."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class CutFacts:
    """What cli/ knows of the cut: the hour, the log there, the live roots, the ledger's report, the statement before.

    `zero_sum` has a line for each book of the ledger, in any order; a tree without a book has none.
    `lending` are the engine's facts of lending and of markets (ledger.margin.stated), None where it has neither.
    """

    snapshot: SnapshotId
    ledger: LedgerFacts
    roots: HourRoots
    zero_sum: Sequence[ZeroSumRow]
    previous: Predecessor | None
    rotations: Sequence[Json] = ()
    disclosures: Sequence[tuple[str, str]] = ()
    lending: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reserves:
    """What was read of the reserves for the hour, and what lies between them and the ledger.

    `problems` are for the operator: what stood in the way. They are no part of the statement.
    """

    rows: Sequence[ReserveRow] = ()
    evm_evidence: dict[str, Json] | None = None
    unread: Sequence[UnreadReserve] = ()
    in_flight: Sequence[InFlight] = ()
    disclosures: Sequence[tuple[str, str]] = ()
    problems: Sequence[str] = ()


def no_reserves(facts: CutFacts) -> Reserves:
    """For an exchange that shows none yet."""
    return Reserves()


@dataclass(frozen=True, slots=True)
class HourJob:
    """Everything that the close needs; pickled into the other process, so callables are functions of modules.

    `folder` is the hour's own (por.liabilities.opened and kept), `next_folder` where the next hour is drawn to, `out`
    the bundle. `read_reserves` waits for finality, with a bound of its own; it is asked after the trees stand.
    """

    facts: CutFacts
    read_balances: Callable[[], CutBalances]
    read_reserves: Callable[[CutFacts], Reserves]
    folder: Path
    out: Path
    assets: AssetTable
    key: SigningKey = field(repr=False)
    master: bytes = field(repr=False)
    next_snapshot: SnapshotId | None = None
    next_folder: Path | None = None
    replay: Mapping[str, Path] = field(default_factory=dict)
    kernel: str | None = None
    all_proofs: bool = False
    complete: Callable[[CutFacts], CutFacts] | None = None
    """Asked once the balances are read: fills in what was not known yet when the job was given, and waits for it."""


class Opened(NamedTuple):
    """The next hour is drawn: adopt it from this folder. Its trees stand at the log position of the cut."""

    folder: Path
    snapshot_id: str
    position: int


class Closed(NamedTuple):
    """The hour is signed and its bundle stands. `problems` as in `Reserves`."""

    path: Path
    digest: bytes
    accounts: int
    unread: int
    problems: tuple[str, ...] = ()


class Failed(NamedTuple):
    """The hour is stated as failed: no root was signed, and the venue takes cancellations only."""

    path: Path
    digest: bytes
    code: str
    detail: str


class Broken(NamedTuple):
    """The close did not come to an end, and nothing is stated; the same job can be given again."""

    problem: str


Message: TypeAlias = Opened | Closed | Failed | Broken


Tell: TypeAlias = Callable[[Message], None]


def draw_next(job: HourJob, tell: Tell) -> None:
    """Draw the next hour alone, from the same balances. Raises CheckFailed or FormatError for wrong ones."""
    balances = job.read_balances()
    _open_next(job, balances, sort_balances(balances), select(job.kernel), tell)


def close_hour(job: HourJob, tell: Tell = lambda message: None) -> Closed | Failed:
    """Close one hour here and now; `tell` hears each message when it is so. Raises InputErrors and OSError."""
    kernel, failure, prepared = select(job.kernel), None, None
    balances = job.read_balances()
    if job.complete is not None:
        job = replace(job, facts=job.complete(job.facts))
    try:
        rows = sort_balances(balances)
    except (CheckFailed, FormatError) as problem:  # then there is nothing to open the next hour from either
        return _state_failure(job, HourFailed("rows", str(problem)), tell)
    try:
        prepared = _rebuild(job, balances, rows, kernel)
    except HourFailed as problem:
        failure = problem
    if prepared is None:
        assert failure is not None
        stated = _state_failure(job, failure, tell)
        _open_next(job, balances, rows, kernel, tell)
        return stated
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(job.read_reserves, job.facts)
        is_ready = bool(wait([reading], READY_SECONDS).done)
        if not is_ready:  # the next hour is wanted soonest, and there is time for it
            _open_next(job, balances, rows, kernel, tell)
        reserves = reading.result()
    closed = _sign(job, *prepared, reserves, tell)
    if is_ready:
        _open_next(job, balances, rows, kernel, tell)
    return closed


def _sign(job: HourJob, given: BundleInput, built: Built, reserves: Reserves, tell: Tell) -> Closed | Failed:
    try:
        written = write_bundle(job.out, _with_reserves(given, reserves), None, built)
    except (CheckFailed, Malformed) as problem:
        return _state_failure(job, HourFailed("self-check", str(problem)), tell)
    closed = Closed(written.path, written.digest, written.accounts, len(reserves.unread), tuple(reserves.problems))
    tell(closed)
    return closed


def _rebuild(job: HourJob, balances: CutBalances, rows: SortedBalances, kernel: Kernel) -> tuple[BundleInput, Built]:
    """The trees from kept slots and fresh amounts, when they agree with the live trees and the ledger."""
    facts = job.facts
    try:
        kept = read_kept(job.folder)
    except (CheckFailed, FormatError) as problem:
        raise HourFailed("rows", f"the kept slots cannot be read: {problem}") from None
    if (kept.snapshot_id, kept.position) != (str(facts.snapshot), facts.ledger.position):
        raise HourFailed("rows", "the kept slots are of another hour or log position")
    for _, asset, scale in balances.trees:
        assert job.assets[asset].scale == scale, "the asset table is the one that the trees were listed from"
    zero_sum = _zero_sum_by_tree(balances, facts.zero_sum)
    try:
        books = books_by_slot(balances, rows, kept)
    except LeafWithoutSlot as problem:
        raise HourFailed("rows", str(problem)) from None
    except CheckFailed as problem:
        raise HourFailed("trees", str(problem)) from None
    if kept.identities.count != balances.kind.size:
        raise HourFailed("rows", "the live trees have other accounts than the store")
    count = int(np.count_nonzero(present_accounts(books.leaf_account, kept.identities.count)))
    hour = HourInput(
        ledger=facts.ledger,
        kept=kept_with_salts(kept, job.master, count),
        identities=kept.identities,
        log_ids=balances.log_ids,
        zero_sum=zero_sum,
        lending=facts.lending,
        replay=job.replay,
    )
    given = BundleInput(
        snapshot=facts.snapshot,
        books=books,
        assets=job.assets,
        reserve_rows=(),
        evm_evidence=None,
        previous=facts.previous,
        key=job.key,
        master=job.master,
        kernel=kernel,
        rotations=facts.rotations,
        figures={(row.entity, row.asset): BookFigures(*book_sides(row)) for row in zero_sum},
        disclosures=facts.disclosures,
        all_proofs=job.all_proofs,
        hour=hour,
    )
    try:
        built = build_trees(given)
    except AmountOverflow as problem:
        raise HourFailed("sums", str(problem)) from None
    _check_against_live(built.forest, facts.roots, kept)
    _check_against_ledger(built.forest, zero_sum)
    return given, built


def _zero_sum_by_tree(balances: CutBalances, lines: Sequence[ZeroSumRow]) -> list[ZeroSumRow]:
    """A line for each tree, in order. Fails for a book without a tree, and a line that does not sum to zero."""
    found = {(line.entity, line.asset): line for line in lines}
    rows = [found.pop(name[:2], ZeroSumRow(*name[:2])) for name in balances.trees]
    if found:
        entity, asset = min(found)
        raise HourFailed("trees", f"the ledger has a book {entity}/{asset} without a tree")
    for row in rows:
        if row.difference:
            raise HourFailed("zero-sum", f"{row.entity}/{row.asset}: the ledger's report does not sum to zero")
    return rows


def _check_against_live(forest: Forest, live: HourRoots, kept: KeptHour) -> None:
    if live.snapshot_id != forest.snapshot_id or live.position != kept.position:
        raise HourFailed("root", "the live roots are of another hour or log position")
    states = {state.name: state for state in live.trees}
    if len(states) != len(forest.trees):
        raise HourFailed("root", f"{len(states)} live trees where {len(forest.trees)} were built again")
    for tree in forest.trees:
        state = states.get((tree.entity, tree.asset, tree.scale))
        if state is None or (state.root, state.leaves) != (tree.root, tree.count):
            raise HourFailed("root", f"{tree.entity}/{tree.asset}: the live root is not that of the rebuild")


def _check_against_ledger(forest: Forest, zero_sum: Sequence[ZeroSumRow]) -> None:
    for tree, line in zip(forest.trees, zero_sum, strict=True):
        if (tree.claims, tree.debts) != (line.claims, line.debts):
            what = "the tree's sums are not those of the ledger's customer accounts"
            raise HourFailed("sums", f"{tree.entity}/{tree.asset}: {what}")


def _with_reserves(given: BundleInput, reserves: Reserves) -> BundleInput:
    assert given.hour is not None
    return replace(
        given,
        reserve_rows=tuple(reserves.rows),
        evm_evidence=reserves.evm_evidence,
        disclosures=(*given.disclosures, *reserves.disclosures),
        hour=replace(given.hour, in_flight=tuple(reserves.in_flight), unread=tuple(reserves.unread)),
    )


def _open_next(job: HourJob, balances: CutBalances, rows: SortedBalances, kernel: Kernel, tell: Tell) -> None:
    """Draw the next hour and tell of it, where one is asked for."""
    snapshot, folder, position = job.next_snapshot, job.next_folder, job.facts.ledger.position
    if snapshot is None or folder is None:
        return
    leaves = (rows.leaf_tree, rows.leaf_account, rows.leaf_amounts)
    opened = open_hour(str(snapshot), job.master, position, balances.trees, *leaves, balances.identities, kernel)
    write_opened(folder, opened)
    tell(Opened(folder, str(snapshot), position))


def _state_failure(job: HourJob, failure: HourFailed, tell: Tell) -> Failed:
    facts = job.facts
    stated = (failure.code, str(failure))
    digest = write_failed(job.out, facts.snapshot, stated, facts.ledger, facts.previous, job.key, facts.rotations)
    failed = Failed(job.out, digest, *stated)
    tell(failed)
    return failed


class HourProcess:
    """A close in a process of its own, started fresh on every system, so that it shares nothing with trading.

    `work` is `close_hour` or `draw_next`.
    """

    def __init__(self, job: HourJob, work: Callable[[HourJob, Tell], object] = close_hour) -> None:
        context = get_context("spawn")
        self._messages, theirs = context.Pipe(duplex=False)
        name = f"hour {job.facts.snapshot.hour}"
        self._process = context.Process(target=_run, args=(work, job, theirs), name=name)
        self._process.start()
        theirs.close()
        self._is_silent = self._is_over = False

    def messages(self, timeout_seconds: float = 0.0) -> list[Message]:
        """What it has told since the last time; waits at most so long for the first. An end before its time is told
        as `Broken`."""
        found: list[Message] = []
        while not self._is_silent and self._messages.poll(0.0 if found else timeout_seconds):
            try:
                found.append(self._messages.recv())
            except EOFError:
                self._is_silent = True
        # It has told everything; clearing gigabytes away takes it a while, which nobody waits for.
        if self._is_silent and not self._is_over and wait_for([self._process.sentinel], timeout_seconds):
            self._end()
            if self._process.exitcode:
                found.append(Broken(f"the process ended with status {self._process.exitcode}"))
        return found

    @property
    def is_over(self) -> bool:
        """Whether the process has ended and every message was taken."""
        return self._is_over

    def stop(self) -> None:
        """End it; what it had not finished leaves nothing under a final name."""
        self._process.terminate()
        self._end()

    def _end(self) -> None:
        self._process.join()
        self._messages.close()
        self._is_silent = self._is_over = True


def _run(work: Callable[[HourJob, Tell], object], job: HourJob, messages: Connection[Any, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a key pressed in a terminal is for the exchange to answer
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    try:
        work(job, messages.send)
    except TallystickError as problem:
        messages.send(Broken(str(problem)))
    except (OSError, MemoryError) as problem:
        messages.send(Broken(f"{type(problem).__name__}: {problem}"))
