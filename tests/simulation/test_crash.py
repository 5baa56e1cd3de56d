"""Markets that crash, in a short form; the long one is `make crash`. A failure prints scenario, seed and minute."""

from __future__ import annotations

import pytest

from ledger.events import LiquidationMoved
from tests.simulation.crash import run


@pytest.mark.parametrize(("scenario", "seed"), [("gap", 1), ("stale", 1)])
def test_a_crash_keeps_every_invariant(scenario: str, seed: int) -> None:
    crash = run(scenario, 120, seed)
    assert crash.found(LiquidationMoved)
    assert not crash.engine.liquidation.cases


def test_a_crash_replays_to_the_same_state() -> None:
    crash = run("gap", 40, 3)
    assert crash.replayed().state_hash() == crash.engine.state_hash()
