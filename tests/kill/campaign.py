"""Kill a real exchange, again and again, and see that nothing acknowledged is lost and nothing is done twice.

    python -m tests.kill.campaign --kills 300 --seed 1

One round: `tallystick run` is started in a folder, clients on connections of their own send signed commands as fast as
they are answered, and at a random moment the process gets SIGKILL (at times while it starts). Then, from the log's
files alone and by an engine of our own that checks every signature:
- every answer that a client heard is in the log, at its position, and replaying gives the same facts;
- the books are sound and zero-sum; no bytes stand twice in the log; no deposit is credited twice;
- after the restart, the bytes that were sent and not answered are sent again: refused where the log has them.
The moments of the clock are the machine's, so a seed repeats what is sent and how long each process lives, not where
exactly each kill falls.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from cli.exchange.client import ExchangeClient
from cli.exchange.config import Config, write_template
from cli.exchange.server import ENDPOINT
from cli.exchange.vault import OPERATOR_NAMES, HouseSecrets, load_operator, make_secrets
from ledger import events as facts
from ledger.commands import PlaceOrders
from ledger.door import Submission
from ledger.engine import Engine
from ledger.errors import InputError
from ledger.events import event_document
from ledger.log import LogReader
from ledger.playback import replay
from ledger.venue import Venue
from tests.simulation.generators import HONEST, an_order, listings, open_account, some
from tests.simulation.world import World, once_key
from tests.support.folders import quiet

__all__ = ["Campaign", "Report", "main"]

ROOT = Path(__file__).resolve().parent.parent.parent
WORDS = "a passphrase of the campaign"
CLIENTS = 3
ACCOUNTS = 12
KILLS_A_FOLDER = 20
START_SECONDS_MAX = 60
# Whatever two worlds of clients would have to agree about: they know nothing of each other.
ONE_WORLD_ALONE = ("change-house-keys", "list", "halt")


@dataclass(slots=True)
class Report:
    """What a campaign did and saw."""

    kills: int = 0
    kills_while_starting: int = 0
    commands_sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    unanswered: int = 0
    unanswered_in_log: int = 0
    resubmitted_taken: int = 0
    resubmitted_refused: Counter[str] = field(default_factory=Counter)
    torn_tails: int = 0
    records: int = 0
    start_seconds: list[float] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For people."""
        refused = ", ".join(f"{count} {reason}" for reason, count in sorted(self.resubmitted_refused.items()))
        slowest = max(self.start_seconds, default=0.0)
        again = f"sent again, {self.resubmitted_taken} were taken and refused were: {refused or 'none'}"
        return [
            f"{self.kills} kills, {self.kills_while_starting} of them while the process was starting",
            f"{self.commands_sent} commands sent, {self.acknowledged} acknowledged, {self.refused} refused at the door",
            f"{self.unanswered} unanswered, of which {self.unanswered_in_log} were in the log; {again}",
            f"{self.torn_tails} torn tails cut; {self.records} records replayed with their signatures",
            f"slowest start {slowest:.1f} s of {len(self.start_seconds)}",
        ]


@dataclass(slots=True)
class Sent:
    """One command of one client, and what it heard."""

    submission: Submission
    answer: dict[str, Any] | None = None


class Client(threading.Thread):
    """Sends what its world makes, on a connection of its own, until the exchange is gone."""

    def __init__(self, world: World, folder: Path, sent: list[Sent]) -> None:
        super().__init__(daemon=True)
        self._world, self._folder, self._sent = world, folder, sent
        self.problem: BaseException | None = None

    def run(self) -> None:
        try:
            with ExchangeClient(self._folder) as client:
                self._trade(client)
        except InputError:
            return  # the exchange was killed
        except BaseException as error:
            self.problem = error

    def _trade(self, client: ExchangeClient) -> None:
        world = self._world
        world.now_us = time.time_ns() // 1000
        person = world.someone()
        client.login(world.by_api(person.keys[0], [("subscribe", {"stream": "orders"})]))
        while True:
            world.now_us = time.time_ns() // 1000
            batch = [each for _ in range(world.rng.choice((1, 4, 16))) for each in some(world, ONE_WORLD_ALONE)]
            orders = (an_order(world, bound=True),)
            batch.append(world.by_session(person, PlaceOrders(person.account, "", orders), ""))
            if world.rng.random() < 0.1:
                batch.append(world.rng.choice(batch))
            give(client, world, batch, self._sent)


def give(client: ExchangeClient, world: World, batch: Sequence[Submission], noted: list[Sent]) -> None:
    """Note a batch, send it, and let the world hear its answers."""
    sent = [Sent(submission) for submission in batch]
    noted += sent
    for each, answer in zip(sent, client.submit(batch), strict=True):
        each.answer = answer
        learn(world, each)


def learn(world: World, sent: Sent) -> None:
    """Let a world hear an answer."""
    assert sent.answer is not None
    if "sequence" in sent.answer:
        signed = sent.submission.signed
        world.learn(json.loads(signed) if signed.startswith(b"{") else None, [_event(e) for e in sent.answer["events"]])


def _event(document: dict[str, Any]) -> facts.Event:
    """The fact of a document: `order-placed` is `OrderPlaced`."""
    fields = dict(document)
    kind: Callable[..., facts.Event] = getattr(facts, fields.pop("event").title().replace("-", ""))
    return kind(**fields)


class Campaign:
    """Rounds in folders that are changed now and then, so that a start stays short."""

    def __init__(self, root: Path, seed: int) -> None:
        self._root, self._rng, self.report = root, Random(seed), Report()
        self._folders = 0

    def run(self, kills: int, say: bool = False) -> Report:
        """Do `kills` rounds; raises AssertionError with the round for anything lost or doubled."""
        while self.report.kills < kills:
            rounds = min(KILLS_A_FOLDER, kills - self.report.kills)
            trial = Trial(self._root / f"exchange-{self._folders}", self._rng, self.report)
            self._folders += 1
            for _ in range(rounds):
                trial.round()
            trial.finish()
            if say:
                print(f"{self.report.kills} kills, {self.report.records} records", flush=True)
        return self.report


class Trial:
    """One folder: an exchange that is killed several times, and everything that its clients heard."""

    def __init__(self, folder: Path, rng: Random, report: Report) -> None:
        self._folder, self._rng, self._report = folder, rng, report
        folder.mkdir(parents=True)
        genesis = make_secrets(folder / "secrets", "killed.exchange", "main", time.time_ns() // 1000, WORDS)
        (folder / "genesis.json").write_bytes(genesis.to_file())
        write_template(folder, "killed.exchange", "main")
        quiet(folder)
        self._genesis = genesis
        operators = [load_operator(folder / "secrets" / name, WORDS) for name in OPERATOR_NAMES]
        service = HouseSecrets.load(folder / "secrets", WORDS).service
        self._worlds = [
            World(
                Random(rng.getrandbits(64)),
                1,
                exchange="killed.exchange",
                operators=operators,
                service=service,
                name=str(n),
            )
            for n in range(CLIENTS)
        ]
        self._engine = Engine.begin(genesis)
        self._sent: list[Sent] = []
        self._open: list[tuple[World, Sent]] = []
        self._facts: dict[int, str] = {}
        self._places: dict[tuple[int, bytes, bytes], int] = {}
        self._credited: set[str] = set()

    # One round.

    def round(self) -> None:
        """Start, send again what was not answered, load, kill, check."""
        report, rng = self._report, self._rng
        process = self._launch()
        if not self._worlds[0].opened:
            self._wait(process)
            self._open_books()
        elif rng.random() < 0.2:
            time.sleep(rng.uniform(0, 1.2))
            report.kills_while_starting += 1
            self._kill(process)
            self._check()
            return
        else:
            self._wait(process)
        self._send_again()
        sent: list[list[Sent]] = [[] for _ in self._worlds]
        clients = [Client(world, self._folder, each) for world, each in zip(self._worlds, sent, strict=True)]
        for client in clients:
            client.start()
        time.sleep(rng.uniform(0.02, 1.0))
        self._kill(process)
        for client in clients:
            client.join(30)
            assert not client.is_alive(), "a client hangs although the exchange is gone"
            if client.problem is not None:
                raise client.problem
        for world, each in zip(self._worlds, sent, strict=True):
            self._sent += each
            self._open += [(world, one) for one in each if one.answer is None]
            self._count(each)
        self._check()

    def _open_books(self) -> None:
        """List what is traded, and give every world its customers."""
        first = self._worlds[0]
        with ExchangeClient(self._folder) as client:
            for world in self._worlds:
                world.now_us = time.time_ns() // 1000
                if world is first:
                    give(client, world, listings(world), self._sent)
                world.listed_assets, world.listed_markets = [*first.listed_assets], [*first.listed_markets]
                for _ in range(ACCOUNTS):
                    give(client, world, open_account(world), self._sent)
        self._count(self._sent)

    def _count(self, sent: Sequence[Sent]) -> None:
        report = self._report
        report.commands_sent += len(sent)
        for each in sent:
            if each.answer is None:
                report.unanswered += 1
            elif "sequence" in each.answer:
                report.acknowledged += 1
            else:
                report.refused += 1

    def _launch(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "TALLYSTICK_PASSPHRASE": WORDS, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", "from cli.main import main; main()", "run", "--folder", str(self._folder)]
        return subprocess.Popen(
            command, env=environment, cwd=ROOT, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def _wait(self, process: subprocess.Popen[str]) -> None:
        """Until the endpoint file is this process's own; the file of one that was killed stays behind."""
        begun = time.monotonic()
        while time.monotonic() - begun < START_SECONDS_MAX:
            try:
                if json.loads((self._folder / ENDPOINT).read_bytes())["process"] == process.pid:
                    self._report.start_seconds.append(time.monotonic() - begun)
                    return
            except (OSError, ValueError):
                pass
            if process.poll() is not None:
                raise AssertionError(f"the exchange did not start again: {process.stderr and process.stderr.read()}")
            time.sleep(0.01)
        process.kill()
        raise AssertionError("the exchange did not start in time")

    def _kill(self, process: subprocess.Popen[str]) -> None:
        status = process.poll()
        assert status is None, f"the exchange ended by itself ({status}): {process.stderr and process.stderr.read()}"
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        self._report.kills += 1

    def _send_again(self) -> None:
        """The bytes that nobody answered: what the log has is refused, the rest is taken or refused for a reason."""
        with ExchangeClient(self._folder) as client:
            for world, sent in self._open:
                sent.answer = client.submit([sent.submission])[0]
                assert sent.answer is not None
                is_logged = once_key(sent.submission) in self._places
                if "sequence" in sent.answer:
                    assert not is_logged, "bytes that the log has were taken again"
                    self._report.resubmitted_taken += 1
                    learn(world, sent)
                    self._sent.append(sent)
                else:
                    self._report.resubmitted_refused[sent.answer["refused"]] += 1
        self._open.clear()

    # Checking.

    def _check(self) -> None:
        """Everything that the log's files say against everything that was heard."""
        reader = LogReader(self._folder / "log", "killed.exchange", self._genesis.hash)
        self._report.torn_tails += reader._volume.cut is not None
        engine = self._engine
        for record, events in replay(reader.records(engine.sequence + 1), engine):
            sequence, entry = int(record.sequence), record.entry
            self._facts[sequence] = json.dumps([event_document(event) for event in events])
            place = once_key(entry)
            assert place not in self._places, f"records {self._places[place]} and {sequence} are the same bytes"
            self._places[place] = sequence
            for event in events:
                if isinstance(event, facts.DepositCredited):
                    assert event.evidence not in self._credited, f"{event.evidence} was credited twice"
                    self._credited.add(event.evidence)
            self._report.records += 1
        assert engine.sequence == reader.head.sequence
        for sent in self._sent:
            if sent.answer is not None and "sequence" in sent.answer:
                self._check_answer(sent)
            elif sent.answer is None and once_key(sent.submission) in self._places:
                self._report.unanswered_in_log += 1
        self._sent.clear()
        assert engine.ledger.check() == []
        assert all(line.difference == 0 for line in engine.ledger.zero_sum_report())
        engine.ledger.drain_rows()

    def _check_answer(self, sent: Sent) -> None:
        assert sent.answer is not None
        sequence = sent.answer["sequence"]
        assert self._places.get(once_key(sent.submission)) == sequence, f"acknowledged {sequence} is not there"
        assert json.loads(self._facts[sequence]) == sent.answer["events"], f"{sequence} replays to other facts"

    def finish(self) -> None:
        """Start once more, ask where it stands, stop it in good order, and open the folder here."""
        process = self._launch()
        self._wait(process)
        self._send_again()
        process.send_signal(signal.SIGTERM)
        _, words = process.communicate(timeout=60)
        assert process.returncode == 0, f"a stop in good order ended with {process.returncode}: {words}"
        self._check()
        config = Config.load(self._folder)
        with Venue.open(config.paths, config.genesis(), (), config.options()) as venue:
            venue.log.verify()
            assert venue.engine.sequence == self._engine.sequence
            assert venue.engine.state_hash() == self._engine.state_hash()
            sessions: Any = venue.engine.orders.document()
            assert sessions["sessions"] == [], "a start ends the sessions of the process that was killed"


def main() -> int:
    """The long form."""
    parser = argparse.ArgumentParser(description="Kill a real exchange and check what it kept.")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="killed-") as folder:
        report = Campaign(Path(folder), given.seed).run(given.kills, say=True)
    print("\n".join([f"seed {given.seed}, {time.monotonic() - began:.0f} s", *report.lines()]))
    return 0


for _name in ONE_WORLD_ALONE:
    assert _name in HONEST, "the table of generators has another name for it"

if __name__ == "__main__":
    sys.exit(main())
