"""The hour of a running exchange: when it is cut, how its close runs beside trading, and what a restart finds.

Rules:
1. An hour is cut before any command of the next one is applied: state at the cut is state at the hour. One that could
   not be cut in time, or after which a command came, is attested as missed and never invented.
2. The close runs in a process of its own, one at a time, because each statement names the one before.
3. What the close needs is on disk before it starts: kept slots and columns in the hour's folder, `cut.json`, the
   checkpoint and the zero-sum report of the cut. A restart gives the same job again.
4. The next hour's trees are drawn by the close and adopted as soon as they are there; changes wait meanwhile.

    trees/HOUR/     the trees as drawn, `kept/` and `accounts/` at the cut, `cut.json`, `extract.bin`
    hours/HOUR/     the bundle
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from cli.exchange.aside import Aside
from cli.exchange.close import BalancesAt, CutAt, ReservesAt, complete, read_balances, read_reserves
from cli.exchange.config import Config
from cli.exchange.flights import FlightsAt, WatchedTo, watched_to
from cli.exchange.judging import JudgeJob, judge_hours
from cli.exchange.memory import settle_memory
from cli.exchange.publish import publish_site, site_job
from cli.exchange.statements import note_statement, require_statements, write_durable
from cli.exchange.trees import COLUMNS, TreesFollower
from cli.exchange.vault import HouseSecrets
from cli.keys import read_previous
from ledger.assets import Asset, AssetTable, Reserve
from ledger.checkpoints import Checkpoints
from ledger.engine import RULE_SET, Engine
from ledger.errors import CheckFailed, InputError
from ledger.events import AccountOpened
from ledger.genesis import Genesis
from ledger.log import Head, Sequence64
from ledger.venue import Applied, Follower, Venue
from por.attestation import Predecessor, statement_digest
from por.bundle import write_missed
from por.hour.close import Broken, Closed, CutFacts, Failed, HourJob, HourProcess, Message, Opened, draw_next
from por.hour.sections import LedgerFacts
from por.liabilities.forest import TreeName
from por.liabilities.kernels import pack_amounts, select
from por.liabilities.live import HourRoots, TreeState
from por.liabilities.opened import OpenedHour, open_hour, read_opened, write_opened
from por.snapshot import SnapshotId, next_hour, time_text, to_seconds

__all__ = ["LATE_MAX_SECONDS", "HourKeeper"]

LATE_MAX_SECONDS: Final = 900
"""An hour that nothing followed may be cut so late, after a restart or a pause; later it is missed."""
CUT: Final = "cut.json"
OPENED: Final = "opened"
EXTRACT: Final = "extract.bin"
KEPT_HOURS: Final = 2
BROKEN_WAIT_SECONDS: Final = 2.0
"""How long a close that broke is left alone before it is tried again."""
BROKEN_MAX: Final = 10
"""After so many breaks in a row, what must wait for the close gives up and says why."""


def _folder_name(hour: str) -> str:
    return hour.replace(":", "")


class HourKeeper:
    """See the module. `position` is the log position from which the trees must be handed every batch."""

    def __init__(
        self,
        config: Config,
        secrets: HouseSecrets,
        now_us: int,
        identity_of: Callable[[AccountOpened], tuple[str, str]],
        *,
        kernel: str | None = None,
    ) -> None:
        self._config, self._secrets = config, secrets
        self._kernel_name = kernel
        self.trees = TreesFollower(config.entity, secrets.master, select(kernel), identity_of, self._on_cut)
        self._waiting: list[str] = []
        """Hours that were cut and have no bundle, oldest first."""
        self._cuts: dict[str, dict[str, Any]] = {}
        """The documents of the hours that were cut, by folder name."""
        self._process: HourProcess | None = None
        self._not_before, self._broken, self._problem = 0.0, 0, ""
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="hour")
        """Writes what a cut leaves and reads what a close has drawn, so that no command waits for either."""
        self._writing: Future[None] | None = None
        self._reading: Future[OpenedHour] | None = None
        self._outlived: list[Any] = []
        """The trees of the hour before, given back to the system tree by tree: a gigabyte takes it a while."""
        self._engine: Engine
        self._genesis: Genesis
        self._checkpoints: Checkpoints
        self.failed: Failed | None = None
        self.notices: list[str] = []
        self.on_cut: Callable[[str, str], object] = lambda hour, name: None
        """Told of every cut: the hour, and the name of its folders."""
        self._asides = (
            Aside("site", publish_site, site_job(config), "the public page could not be written"),
            Aside(
                "compliance",
                judge_hours,
                JudgeJob(config.folder, secrets.signing) if config.rules else None,
                "the rules could not be evaluated: see `tallystick compliance evaluate`",
            ),
        )
        self.closed = 0
        """How many statements were made since the start."""
        config.trees.mkdir(parents=True, exist_ok=True, mode=0o700)
        config.hours.mkdir(parents=True, exist_ok=True)
        self.position = self._resume(now_us)

    # Where a start begins.

    def _hour_folders(self) -> list[str]:
        """The hours with a folder, oldest first."""
        found = []
        for path in self._config.trees.iterdir():
            for name in ("index.json", CUT):
                if (path / name).is_file() and not path.name.startswith("."):
                    found.append(path.name)
                    break
        return sorted(found)

    def _resume(self, now_us: int) -> int:
        folders = self._hour_folders()
        bundles = self.bundles()
        require_statements(self._config.folder, bundles)
        stated = {path.name for path in bundles}
        self._waiting = [name for name in folders if self._is_cut(name) and name not in stated]
        if not folders:
            # Of hours that were stated nothing is needed: the whole log makes the trees of the one after them again.
            last = SnapshotId.parse(read_previous(bundles[-1])["statement"]["snapshot"]).hour if bundles else None
            self.trees.begin(self._snapshot(next_hour(last) if last else _hour_after(now_us)))
            return 0
        newest = folders[-1]
        folder = self._config.trees / newest
        if self._is_cut(newest):
            cut = self._read_cut(newest)
            self.trees.wait_for(str(cut["snapshot"]), _tree_names(cut), folder / COLUMNS)
            return int(cut["position"])
        opened = read_opened(folder)
        own = folder / COLUMNS
        self.trees.resume(opened, own if own.exists() else self._config.trees / folders[-2] / COLUMNS)
        return opened.position

    def _is_cut(self, name: str) -> bool:
        # The file is the last that a cut writes; one that a crash left empty was no cut, and the log makes it again.
        path = self._config.trees / name / CUT
        return path.is_file() and path.stat().st_size > 0

    def _snapshot(self, hour: str) -> str:
        return str(SnapshotId(self._config.exchange, hour))

    @property
    def hour(self) -> str:
        """The hour whose trees are live: its end, as in the snapshot id."""
        return SnapshotId.parse(self.trees.forest.snapshot_id).hour

    def follower(self) -> Follower:
        """For the venue."""
        return Follower(self.position, self.trees.take, None, "the live hour")

    def attach(self, venue: Venue) -> None:
        """The venue is open and the trees are at its head."""
        self._engine, self._genesis, self._checkpoints = venue.engine, venue.genesis, venue.checkpoints
        if venue.engine.cut_us >= 0 and not self._waiting and not self.bundles():
            raise InputError(
                str(self._config.hours),
                "is empty, and the log has hours that were cut",
                "Restore the folder from a backup: a second first statement would contradict the one that was made.",
            )

    def published(self) -> Head | None:
        """The log position of the newest statement that has one; a log behind it must not be opened."""
        for path in reversed(self.bundles()):
            ledger = read_previous(path)["sections"].get("snapshot", {}).get("ledger")
            if ledger:
                return Head(Sequence64(int(ledger["position"])), bytes.fromhex(ledger["head"]))  # type: ignore[arg-type]  # a digest by its form
        return None

    def bundles(self) -> list[Path]:
        """Every hour's bundle, oldest first."""
        return sorted(path for path in self._config.hours.iterdir() if (path / "attestation.json").is_file())

    # The cut.

    def due(self, now_us: int) -> int | None:
        """The hour to be cut now, in microseconds; None while there is none, or while it is missed already.

        Where the next hour's trees are not drawn when that hour is over itself, this waits for them.
        """
        while self.trees.forest.is_cut and now_us // 1_000_000 >= to_seconds(next_hour(self.hour)):
            self._wait(1.0)
        if self.trees.forest.is_cut:
            return None
        end = to_seconds(self.hour)
        if not end <= now_us // 1_000_000 <= end + LATE_MAX_SECONDS or self._is_passed():
            return None
        return end * 1_000_000

    def is_missed(self, now_us: int) -> bool:
        """Whether the live hour can no longer be cut: it is too late, or a command came after its end."""
        if self.trees.forest.is_cut:
            return False
        late_seconds = now_us // 1_000_000 - to_seconds(self.hour)
        return late_seconds > LATE_MAX_SECONDS or (late_seconds >= 0 and self._is_passed())

    def _is_passed(self) -> bool:
        """Whether the state is no longer that of the live hour's end."""
        return self._engine.time_us >= to_seconds(self.hour) * 1_000_000

    def _on_cut(self, hour_us: int, applied: Applied) -> None:
        """The venue has applied a cut: keep everything that the close needs."""
        position = int(applied.head.sequence)
        hour = time_text(hour_us // 1_000_000)
        if hour < self.hour:
            return  # stated before, and only read back because the trees are made again
        assert hour == self.hour, "the hour that was cut is the live one"
        name = _folder_name(hour)
        folder = self._config.trees / name
        roots, write = self.trees.cut(position)
        document = {
            "head": applied.head.hash.hex(),
            "hour": hour,
            "position": position,
            "snapshot": roots.snapshot_id,
            "watched": {chain: list(to) for chain, to in watched_to(self._config).items()},
            "trees": [
                [*state.name, state.root.hex(), str(state.claims), str(state.debts), state.leaves]
                for state in roots.trees
            ],
        }
        settle_memory()
        self._cuts[name] = document
        self._writing = self._aside.submit(_write_cut, folder, document, write)
        self._waiting.append(name)
        self.on_cut(hour, name)

    def _read_cut(self, name: str) -> dict[str, Any]:
        found = self._cuts.get(name)
        if found is None:
            found = self._cuts[name] = json.loads((self._config.trees / name / CUT).read_bytes())
        return found

    def has_read(self, position: int) -> bool:
        """Whether the store may go on past a position: no close has still to open its snapshot there.

        Asked by the thread that writes the store.
        """
        for name in tuple(self._waiting):
            cut = self._cuts.get(name)
            if cut is not None and cut["position"] == position:
                return (self._config.trees / name / OPENED).exists()
        return True

    # The close.

    def work(self, timeout_seconds: float = 0.0) -> None:
        """A slice of tree work, and whatever the closes have to say. Called often; holds nothing up by itself."""
        self.trees.work()
        if self._outlived:
            self._outlived.pop()
        if self._reading is not None and (timeout_seconds or self._reading.done()):
            self._adopt(self._reading.result())
        # Whether the child that writes the checkpoint fared well; the close waits for what it writes.
        self._checkpoints.reap()
        if self._process is None and time.monotonic() >= self._not_before:
            try:
                self._start()
            except OSError as error:
                self._note_broken(error.strerror or type(error).__name__)
        if self._process is not None:
            self._hear(self._process.messages(timeout_seconds))
            if self._process.is_over:
                self._process = None
        for aside in self._asides:
            problem = aside.work()
            if problem is not None:
                self.notices.append(problem)

    @property
    def is_closing(self) -> bool:
        """Whether a closing process is there."""
        return self._process is not None

    def finish(self) -> None:
        """Wait until every hour that was cut is stated and the next one drawn; for rehearsals and before a pause."""
        self._checkpoints.wait()
        while self._waiting or self.trees.forest.is_cut:
            self._wait(60.0)

    def finish_asides(self) -> None:
        """Wait until the public page and the rules have seen every statement; `finish` does not."""
        for aside in self._asides:
            self.notices.extend(aside.finish())

    def _wait(self, seconds: float) -> None:
        """Work, and wait for what the close has to say; raises CheckFailed for one that breaks again and again."""
        self.work(timeout_seconds=seconds)
        if self._broken >= BROKEN_MAX:
            raise CheckFailed(f"the close of an hour cannot be done: {self._problem}")
        if self._process is None and (self._waiting or self.trees.forest.is_cut):
            time.sleep(0.05)

    def _note_broken(self, problem: str) -> None:
        self._broken, self._problem = self._broken + 1, problem
        self._not_before = time.monotonic() + BROKEN_WAIT_SECONDS
        self.notices.append(f"the close of an hour did not end: {problem}; it starts again")

    def _start(self) -> None:
        """Begin what is to be done next: the oldest hour without a statement, or the drawing of the hour that is on."""
        if self._writing is not None:
            if not self._writing.done():
                return
            self._writing.result()
            self._writing = None
        if self._waiting:
            self._process = HourProcess(self._job(self._waiting[0]))
        elif self.trees.forest.is_cut and self._reading is None:
            self._process = HourProcess(self._job(self._hour_folders()[-1]), draw_next)

    def _job(self, name: str) -> HourJob:
        cut, config = self._read_cut(name), self._config
        folder = config.trees / name
        snapshot = SnapshotId.parse(cut["snapshot"])
        position = int(cut["position"])
        names = _tree_names(cut)
        roots = HourRoots(cut["snapshot"], position, tuple(_tree_state(row) for row in cut["trees"]))
        # What the checkpoint says of the cut is filled in by the close, which waits for it (`complete`).
        ledger = LedgerFacts(position, bytes.fromhex(cut["head"]), b"", RULE_SET, b"")
        previous = self._previous()
        facts = CutFacts(snapshot, ledger, roots, (), previous, self._secrets.rotations)
        before = max((each for each in self._checkpoints.positions() if each < position), default=0)
        extract = folder / EXTRACT
        left = CutAt(config.paths.checkpoints, config.paths.log, self._genesis, before, position, extract)
        following = next_hour(snapshot.hour)
        is_drawn = (config.trees / _folder_name(following) / "index.json").is_file()
        assets = self._assets()
        flights = self._flights(cut, assets)
        reserves = ReservesAt(config.reserves, config.layouts, assets, config.finality_seconds, flights)
        return HourJob(
            facts=facts,
            read_balances=partial(
                read_balances, BalancesAt(config.store_url, position, folder, names, folder / OPENED)
            ),
            read_reserves=partial(read_reserves, reserves),
            folder=folder,
            out=config.hours / name,
            assets=assets,
            key=self._secrets.signing,
            master=self._secrets.master,
            next_snapshot=None if is_drawn else SnapshotId(config.exchange, following),
            next_folder=None if is_drawn else config.trees / _folder_name(following),
            replay=self._replay_files(extract, before),
            kernel=self._kernel_name,
            complete=partial(complete, left),
        )

    def _flights(self, cut: dict[str, Any], assets: AssetTable) -> FlightsAt:
        watched = {chain: WatchedTo(*to) for chain, to in cut.get("watched", {}).items()}
        chains = tuple(each for each in self._config.chains if each.chain in watched)
        checkpoint = self._checkpoints.path(int(cut["position"]))
        return FlightsAt(checkpoint, self._config.paths.genesis, chains, watched, assets)

    def _previous(self) -> Predecessor | None:
        found = self.bundles()
        if not found:
            return None
        document = read_previous(found[-1])
        statement = document["statement"]
        rotations = document["sections"]["keys"]["rotations"]
        return Predecessor(statement_digest(statement), int(statement["sequence"]), rotations)

    def _assets(self) -> AssetTable:
        """What is listed, with where it lives."""
        now, registry = self._engine.time_us, self._engine.registry
        found = []
        for name, scale in sorted(self._engine.assets.items()):
            facts = registry.asset(name, now)
            is_placed = facts is not None and bool(facts.chain)
            reserves = (Reserve(facts.chain, facts.contract or "native"),) if facts is not None and is_placed else ()
            found.append(Asset(name, scale, reserves=reserves))
        return AssetTable(tuple(found))

    def _replay_files(self, extract: Path, before: int) -> dict[str, Path]:
        """The files of the bundle's replay folder: genesis, the checkpoint before, and the log between the two."""
        files = {"genesis.json": self._config.paths.genesis, "log.bin": extract}
        return {**files, "checkpoint.bin": self._checkpoints.path(before)} if before else files

    def _hear(self, messages: list[Message]) -> None:
        for message in messages:
            if isinstance(message, Opened):
                if self.trees.forest.is_cut:
                    self._reading = self._aside.submit(read_opened, message.folder)
            elif isinstance(message, Broken):
                self._note_broken(message.problem)
            else:
                self._end(message)

    def _adopt(self, opened: OpenedHour) -> None:
        self._reading = None
        forest = self.trees.forest
        for live in forest.trees:
            self._outlived += (live.opened, live.slots, live.levels.leaves, live.levels.upper)
        forest.adopt(opened)

    def _end(self, message: Closed | Failed) -> None:
        name = self._waiting.pop(0)
        if isinstance(message, Failed):
            self.failed = message
            self.notices.append(f"hour {name} failed: {message.code}: {message.detail}")
        else:
            self.notices.append(f"hour {name} is attested: {message.accounts:,} accounts, {message.path}")
            self.notices.extend(f"hour {name}: {problem}" for problem in message.problems)
        self.closed += 1
        self._ask_asides()
        self._broken = 0
        note_statement(self._config.folder, message.path)
        self._prune()

    def _ask_asides(self) -> None:
        """There is a statement that the public page and the rules have not seen."""
        for aside in self._asides:
            aside.ask()

    def _prune(self) -> None:
        folders = self._hour_folders()
        for name in folders[: -KEPT_HOURS - 1]:
            if name not in self._waiting:
                shutil.rmtree(self._config.trees / name, ignore_errors=True)

    # Hours that were missed.

    def state_missed(self, now_us: int, reason: str) -> list[str]:
        """State every hour up to now that could not be cut, and draw the trees of the hour that is going on."""
        self.finish()
        last = time_text(now_us // 1_000_000 // 3600 * 3600)
        hour, stated = self.hour, []
        while to_seconds(hour) <= to_seconds(last):
            previous = self._previous()
            if previous is not None:
                snapshot = SnapshotId(self._config.exchange, hour)
                out = self._config.hours / _folder_name(hour)
                write_missed(out, snapshot, reason, previous, self._secrets.signing, self._secrets.rotations)
                note_statement(self._config.folder, out)
                stated.append(hour)
                self.closed += 1
            hour = next_hour(hour)
        self._ask_asides()
        self._draw(hour)
        return stated

    def _draw(self, hour: str) -> None:
        """Draw an hour's trees from the balances as they are."""
        forest, config = self.trees.forest, self._config
        forest.refresh()
        names: list[TreeName] = sorted((live.name for live in forest.trees), key=lambda name: name[1].encode())
        places = {name[1]: place for place, name in enumerate(names)}
        rows = sorted(
            (places[asset], self.trees.number(account), claim, debt)
            for (account, asset), (claim, debt) in self._engine.balances().items()
        )
        opened = open_hour(
            self._snapshot(hour),
            self._secrets.master,
            self._engine.sequence,
            names,
            np.array([row[0] for row in rows], np.uint32),
            np.array([row[1] for row in rows], np.uint32),
            pack_amounts([row[2:] for row in rows]),
            forest.identities,
            select(self._kernel_name),
        )
        folder = config.trees / _folder_name(hour)
        write_opened(folder, opened)
        self.trees.write_columns(folder)
        forest.adopt(read_opened(folder))

    def close(self) -> None:
        """Let a close that is under way go; the next start gives its job again."""
        self._aside.shutdown()
        if self._process is not None:
            self._process.stop()
            self._process = None


def _write_cut(folder: Path, document: dict[str, Any], write: Callable[[Path], None]) -> None:
    """Keep slots and columns, and last the document that says that they are whole."""
    write(folder)
    write_durable(folder / CUT, json.dumps(document).encode())


def _hour_after(now_us: int) -> str:
    return time_text((now_us // 3_600_000_000 + 1) * 3_600)


def _tree_names(cut: dict[str, Any]) -> tuple[TreeName, ...]:
    return tuple((entity, asset, int(scale)) for entity, asset, scale, *_ in cut["trees"])


def _tree_state(row: list[Any]) -> TreeState:
    entity, asset, scale, root, claims, debts, leaves = row
    return TreeState((entity, asset, int(scale)), bytes.fromhex(root), int(claims), int(debts), int(leaves))
