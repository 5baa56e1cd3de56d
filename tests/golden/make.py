"""Make the golden log of the newest rule set again: `make golden`, whenever a rule set or the generators change.

A golden log of a rule set that was released is never made again: what it replays to is what was promised.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

from ledger.authority import KEY_COMMANDS
from ledger.commands import REQUIREMENTS, CutHour
from ledger.door import Submission
from ledger.engine import RULE_SET
from ledger.events import Refused
from ledger.signatures import parse_request
from ledger.venue import Answer, Venue, VenueOptions, VenuePaths
from tests.golden.replay import replayed
from tests.simulation.generators import HONEST, listings, open_account
from tests.simulation.world import EXCHANGE, GENESIS, HOUR_US, START, World
from tests.support.disk import SimulatedDisk

__all__ = ["COMMANDS", "EXPECTED", "FOLDER", "make"]

FOLDER = Path(__file__).resolve().parent / f"ruleset-{RULE_SET}"
EXPECTED = "expected.json"
COMMANDS = frozenset({kind.TYPE for kind in REQUIREMENTS} | KEY_COMMANDS | {"orderExecute", "orderCancel", "withdraw"})
"""Everything that stands in the log at least once, carried out."""
SEED = 21
OFTEN = ("withdraw", "reverse", "destinations", "repay", "move-custody", "api") + ("move-withdrawal",) * 9
OFTEN += ("gamble", "tick", "conversion", "redeem", "strategy", "lend") + ("gamble", "conversion", "strategy") * 2
"""What is sent more than once a round, because it follows on something else."""
ACCOUNTS, ROUNDS, ROUNDS_MAX, ROUNDS_AN_HOUR, GENERATORS_A_BATCH = 6, 8, 60, 4, 9


def batched(names: Iterable[str]) -> Iterator[list[str]]:
    """A few generators at a time: a batch takes a block of the log however short it is."""
    waiting = [*names]
    while waiting:
        yield waiting[:GENERATORS_A_BATCH]
        del waiting[:GENERATORS_A_BATCH]


def make(folder: Path) -> Counter[str]:
    """Write genesis, log and what it replays to; how often each command was carried out."""
    disk, world, done = SimulatedDisk(), World(Random(SEED)), Counter[str]()
    paths = VenuePaths(Path("/golden"))

    def give(batch: list[Submission]) -> None:
        for submission, answer in zip(batch, venue.submit(batch, world.now_us), strict=True):
            if isinstance(answer, Answer):
                request = parse_request(submission.scheme, submission.signed, EXCHANGE)
                world.learn(request.command, answer.events)
                done[request.names[0]] += not any(isinstance(event, Refused) for event in answer.events)
        world.now_us += 11 * 10**6  # long enough that a tick settles

    with Venue.open(paths, GENESIS, (), VenueOptions(threads=1), files=disk) as venue:
        give(listings(world))
        for _ in range(ACCOUNTS):
            give([*open_account(world)])
        for number in range(ROUNDS_MAX):
            if number >= ROUNDS and all(done[name] for name in COMMANDS):
                break
            for names in batched([*HONEST, *OFTEN]):
                give([each for name in names for each in HONEST[name].make(world)])
            if number % ROUNDS_AN_HOUR == ROUNDS_AN_HOUR - 1:
                hour = START + (number // ROUNDS_AN_HOUR + 1) * HOUR_US
                world.now_us = max(world.now_us, hour)
                give([world.by_service(CutHour(hour))])
    missing = sorted(name for name in COMMANDS if not done[name])
    assert not missing, f"no generator had these carried out: {missing}"
    (folder / "log").mkdir(parents=True, exist_ok=True)
    for old in (folder / "log").iterdir():
        old.unlink()
    for path, inode in disk.names_now.items():
        if path.parent == paths.log:
            (folder / "log" / path.name).write_bytes(inode.durable)
    (folder / "genesis.json").write_bytes(GENESIS.to_file())
    expected = replayed(folder, check_signatures=True)
    (folder / EXPECTED).write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return done


if __name__ == "__main__":
    print(f"{make(FOLDER).total()} commands carried out, in {FOLDER.name}")
    sys.exit(0)
