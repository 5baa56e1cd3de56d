"""A whole exchange, simulated from a seed: clients, forgers, faults, and every invariant after every hour.

    python -m tests.simulation.run --seeds 20 --hours 24 --accounts 2000

Everything follows from the seed, so a failure repeats. It is printed with the seed, the step and the last operations;
then the run is repeated with a check after every step, so that the step that did it is named.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from ledger.commands import BlockAccount, CutHour, FailWithdrawal, OpenMarket, Tick, read_command
from ledger.door import Refused, Submission
from ledger.engine import Engine, Given
from ledger.errors import FormatError
from ledger.events import Refused as EngineRefused
from ledger.log import Record
from ledger.log.record import Scheme
from ledger.playback import given_of, replay
from ledger.signatures import command_bytes, parse_request
from ledger.venue import Answer
from tests.simulation.exchange import FAULTS, FaultyExchange
from tests.simulation.generators import listings, open_account, some
from tests.simulation.hostile import HOSTILE
from tests.simulation.plain import SETTLEMENT, PlainBooks
from tests.simulation.world import EXCHANGE, GENESIS, HOUR_US, START, World, once_key

__all__ = ["Settings", "Simulation", "SimulationFailed", "main", "simulate"]

TAIL = 25
NOTHING = parse_request(Scheme.COMMAND, command_bytes(EXCHANGE, "no-such-command", START, {}), EXCHANGE)
"""What nobody may give: time passes and nothing else happens, where a tick would settle."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How large, and how hostile."""

    seed: int
    hours: int = 3
    accounts: int = 200
    steps: int = 90
    fault_share: float = 0.15
    hostile_share: float = 0.25


class SimulationFailed(AssertionError):
    """What went wrong, under which seed, at which step, and what was done last."""


@dataclass(slots=True)
class Seen:
    """What a simulation did."""

    answers: Counter[str] = field(default_factory=Counter)
    carried_out: Counter[str] = field(default_factory=Counter)
    forgeries: Counter[str] = field(default_factory=Counter)


class Simulation:
    """One run. `step` counts what was done; `check_every_step` makes it slow and exact."""

    def __init__(self, settings: Settings, *, check_from: int | None = None) -> None:
        self.settings, self._check_from = settings, check_from
        self._rng = Random(settings.seed)
        self._world = World(Random(self._rng.getrandbits(64)), START)
        self.exchange = FaultyExchange(Random(self._rng.getrandbits(64)))
        self.seen, self.step, self.checked_step = Seen(), 0, 0
        self.tail: deque[str] = deque(maxlen=TAIL)
        self._plain = PlainBooks()
        self._auditor = Engine.begin(GENESIS)
        self._without_refusals = Engine.begin(GENESIS)
        self._learned = 0
        self._late: list[tuple[int, Submission]] = []
        self._recent: deque[Submission] = deque(maxlen=200)

    # The run.

    def run(self) -> Seen:
        """Everything; raises SimulationFailed."""
        try:
            self._open()
            for hour in range(1, self.settings.hours + 1):
                for _ in range(self.settings.steps):
                    self._act()
                self._end_hour(START + hour * HOUR_US)
            self._wind_down()
        except Exception as error:
            lines = "\n".join(f"  {line}" for line in self.tail)
            words = f"seed {self.settings.seed}, step {self.step}: {type(error).__name__}: {error}\n{lines}"
            raise SimulationFailed(words) from error
        return self.seen

    def _open(self) -> None:
        self._give(listings(self._world), "opening")
        for first in range(0, self.settings.accounts, 50):
            count = min(50, self.settings.accounts - first)
            self._pass(1_000_000)
            self._give([each for _ in range(count) for each in open_account(self._world)], "accounts")

    def _act(self) -> None:
        """One step: time passes, perhaps a fault comes, then a batch of what arrived."""
        rng, world, settings = self._rng, self._world, self.settings
        self._pass(rng.choice((1, 1_000, 10**6, 2 * HOUR_US // settings.steps)))
        if rng.random() < settings.fault_share:
            fault = rng.choice(FAULTS)
            self._say(f"fault {fault}")
            self.exchange.bring(fault)
            self._learn()
        batch: list[Submission] = []
        for _ in range(rng.choice((1, 2, 5, 10, 30))):
            batch += some(world)
        batch = self._delayed(batch)
        forged: dict[int, str] = {}
        if rng.random() < settings.hostile_share and batch:
            name = rng.choice([*HOSTILE])
            forgery = HOSTILE[name](world, rng.choice(batch))
            if forgery is not None:
                place = rng.randrange(len(batch) + 1)
                batch.insert(place, forgery)
                forged[place] = name
        self._give(batch, "batch", forged)

    def _delayed(self, batch: list[Submission]) -> list[Submission]:
        """What arrives of a batch: some of it late, some twice, some out of order, and some of what was sent before."""
        rng = self._rng
        for each in [each for each in batch if rng.random() < 0.05]:
            batch.remove(each)
            self._late.append((self.step + rng.randint(1, 8), each))
        batch += [each for due, each in self._late if due <= self.step]
        self._late = [(due, each) for due, each in self._late if due > self.step]
        if batch and rng.random() < 0.2:
            batch.append(rng.choice(batch))
        if self._recent and rng.random() < 0.3:
            batch.append(rng.choice(self._recent))
        if rng.random() < 0.2:
            rng.shuffle(batch)
        return batch

    def _pass(self, micros: int) -> None:
        self._world.now_us += micros

    def _say(self, line: str) -> None:
        self.tail.append(f"{self.step} at {self._world.now_us - START}: {line}")

    def _give(self, batch: Sequence[Submission], what: str, forged: dict[int, str] | None = None) -> bool:
        """Submit a batch and hold what is answered against what is known; whether there was an answer."""
        if not batch:
            return True
        self.step += 1
        is_clock_off = what == "batch" and self._rng.random() < 0.02
        received = self._world.now_us - (self._rng.choice((1, 10**6)) if is_clock_off else 0)
        logged = [once_key(each) in self.exchange.places for each in batch]
        names = Counter(map(self._name, batch))
        self._say(f"{what}: {', '.join(f'{count} {name}' for name, count in names.items())} {forged or ''}")
        answers = self.exchange.submit(batch, received)
        self._learn()
        if answers is None:
            self._say("no answer")
            # Nobody heard: everybody sends the same bytes again, soon.
            self._late += [(self.step + 1, each) for each in batch]
        else:
            self._hold(batch, answers, logged, forged or {})
            self._recent.extend(batch)
        if self._check_from is not None and self.step >= self._check_from:
            self.check()
        return answers is not None

    @staticmethod
    def _name(submission: Submission) -> str:
        try:
            return parse_request(submission.scheme, submission.signed, EXCHANGE).names[0]
        except FormatError:
            return "malformed"

    def _hold(
        self,
        batch: Sequence[Submission],
        answers: Sequence[Answer | Refused],
        logged: list[bool],
        forged: dict[int, str],
    ) -> None:
        for place, (submission, answer) in enumerate(zip(batch, answers, strict=True)):
            is_refused = isinstance(answer, Refused) or any(isinstance(e, EngineRefused) for e in answer.events)
            assert not logged[place] or isinstance(answer, Refused), "bytes that the log has were taken again"
            if place in forged:
                assert is_refused, f"a forgery was taken: {forged[place]} {submission.signed[:300]!r}"
                self.seen.forgeries[forged[place]] += 1
            name = answer.reason.value if isinstance(answer, Refused) else "refused" if is_refused else "done"
            self.seen.answers[name] += 1

    def _learn(self) -> None:
        """Let the clients, and the plain twin, know what was applied since."""
        exchange = self.exchange
        for number in range(self._learned, len(exchange.records)):
            record, events = exchange.records[number], exchange.facts[number]
            request = parse_request(record.entry.scheme, record.entry.signed, EXCHANGE)
            self._world.learn(request.command, events)
            is_refused = any(isinstance(event, EngineRefused) for event in events)
            is_typed = request.command is not None and not request.names[0].startswith("keys.") and not is_refused
            self._plain.take(read_command(dict(request.command)) if is_typed else None, events)  # type: ignore[arg-type]  # typed is not None
            if not is_refused:
                self.seen.carried_out[request.names[0]] += 1
        self._learned = len(exchange.records)

    # The hour.

    def _end_hour(self, hour_us: int) -> None:
        """Cut the hour, again and again if it must be, and check everything."""
        self._world.now_us = max(self._world.now_us, hour_us)
        for _ in range(20):
            if self._cut(hour_us):
                break
        else:
            raise AssertionError("the hour cannot be cut")
        self.check()
        self.checked_step = self.step
        for each in self.exchange.followed:
            each.open_hour(self.exchange.venue.engine, hour_us)

    def _cut(self, hour_us: int) -> bool:
        self._pass(1)
        self._give([self._world.by_service(CutHour(hour_us))], "cut")
        return self.seen.carried_out["cut-hour"] >= (hour_us - START) // HOUR_US

    def _wind_down(self) -> None:
        """End every order and every withdrawal: then nothing may be held any more."""
        self.exchange.calm()
        world, operator = self._world, self._world.operators[0]
        self._pass(10**9)
        for market in (None, *world.listed_markets):
            self._give([world.by_operators(OpenMarket(market, "open", "the end"))], "open")
        self._give(
            [world.signed(BlockAccount(account, True, "the end"), operator) for account in world.opened], "block"
        )
        waiting = [request for request, state in world.withdrawals.items() if state in ("held", "approved", "sent")]
        self._give(
            [world.by_service(FailWithdrawal(request, "the end", "no such transaction", None)) for request in waiting],
            "fail",
        )
        self._give([world.by_service(Tick())], "tick")
        self.check()
        engine = self.exchange.venue.engine
        for line in engine.ledger.zero_sum_report():
            lent = engine.lending.pool(line.asset).lent
            sold = list(engine.conversion.open.values())
            for_sale = sum(each.quanta for each in sold if each.asset == line.asset)
            quoted = sum(each.amount for each in sold if line.asset == SETTLEMENT)
            assert line.held == lent + for_sale + quoted, "something is held for nobody"
        self.exchange.close()

    # The invariants.

    def check(self) -> None:
        """Everything that must hold at any position."""
        engine = self.exchange.venue.engine
        ledger = engine.ledger
        assert ledger.check() == []
        report = ledger.zero_sum_report()
        assert all(line.difference == 0 for line in report)
        new = (
            [*self.exchange.venue.log.records(self._auditor.sequence + 1)]
            if self._auditor.sequence < engine.sequence
            else []
        )
        self._audit(new)
        mine, its = engine.sections(), self._auditor.sections()
        differing = [name for name in its if its[name] != mine.get(name)]
        assert not differing and mine.keys() == its.keys(), f"a replay reaches another state of {differing}"
        self._follow_without_refusals(new)
        self._compare_plain(engine)
        for each in self.exchange.followed:
            each.check(engine)
        for sequence, answer in self.exchange.acknowledged.items():
            assert self.exchange.facts[sequence - 1] == answer.events
        self.exchange.acknowledged.clear()

    def _audit(self, records: Sequence[Record]) -> None:
        """A second engine, from the log's own bytes, with every signature checked."""
        for record, events in replay(records, self._auditor):
            assert record == self.exchange.records[record.sequence - 1], "the log has another record than was applied"
            assert events == self.exchange.facts[record.sequence - 1], (
                f"record {record.sequence} replays to other facts"
            )
        self._auditor.ledger.drain_rows()

    def _follow_without_refusals(self, records: Sequence[Record]) -> None:
        """Rejection atomicity: a command that was refused is the same as time that passed."""
        engine = self._without_refusals
        for record in records:
            facts, sequence, time_us = (
                self.exchange.facts[record.sequence - 1],
                int(record.sequence),
                record.entry.applied_us,
            )
            refusals = sum(isinstance(event, EngineRefused) for event in facts)
            given = given_of(record.entry, EXCHANGE)
            count = len(given.request.command.get("orders", ())) if given.request.names == ("cancel",) else 1  # type: ignore[union-attr, arg-type]  # a cancel is a command with a list of orders
            if refusals == count:
                engine.apply_given(sequence, time_us, Given(NOTHING, (), time_us))
            else:
                engine.apply_given(sequence, time_us, given)
        engine.ledger.drain_rows()
        mine, its = engine.sections(), self._auditor.sections()
        differing = [name for name in its if its[name] != mine[name]]
        assert not differing, f"a refused command changed {differing}"

    def _compare_plain(self, engine: Engine) -> None:
        plain = self._plain
        held = engine.balances()
        margin, owner, due = engine.margin, engine.orders.shared.purse.owner, Counter[str]()
        for each in margin.due.values():
            for payer, quanta in each.items():
                due[owner(payer)[0]] += quanta
        for account, quanta in due.items():
            claim, debt = held.pop((account, SETTLEMENT), (0, 0))
            held[account, SETTLEMENT] = (claim + quanta, debt)
        held = {key: pair for key, pair in held.items() if pair != (0, 0)}
        mine = plain.balances()
        wrong = [(key, mine.get(key), held.get(key)) for key in {**mine, **held} if mine.get(key) != held.get(key)]
        assert not wrong, f"the plain books say otherwise: {wrong[:5]}"
        for line in engine.ledger.zero_sum_report():
            asset = line.asset
            house = plain.house[asset] + (due.total() if asset == SETTLEMENT else 0)
            said = (plain.custody(asset), plain.transit[asset], house, plain.receipts[asset])
            books = (line.custody, line.in_transit, line.house, line.receipts_uncredited)
            assert said == books, f"{asset}: the plain books say otherwise"


def simulate(settings: Settings) -> Simulation:
    """Run a simulation; when it fails, once more with a check after every step, to name the step that did it."""
    simulation = Simulation(settings)
    try:
        simulation.run()
    except SimulationFailed as failure:
        again = Simulation(settings, check_from=simulation.checked_step + 1)
        try:
            again.run()
        except SimulationFailed as exact:
            raise exact from failure
        raise
    return simulation


def main() -> int:
    """The long form."""
    parser = argparse.ArgumentParser(description="Simulate a whole exchange with faults and forgers.")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--steps", type=int, default=90)
    given = parser.parse_args()
    failures = 0
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        began = time.monotonic()
        try:
            done = simulate(Settings(seed, given.hours, given.accounts, given.steps))
        except SimulationFailed as failure:
            failures += 1
            print(failure, flush=True)
            continue
        happened = ", ".join(f"{count} {what}" for what, count in sorted(done.exchange.happened.items()))
        print(
            f"seed {seed}: {len(done.exchange.records)} commands, {done.seen.forgeries.total()} forgeries, {happened}; "
            f"{time.monotonic() - began:.0f} s",
            flush=True,
        )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
