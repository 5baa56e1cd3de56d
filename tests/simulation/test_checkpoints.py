"""A checkpoint that was damaged is refused by name, whichever byte it is; it is never trusted and never fatal."""

from __future__ import annotations

from random import Random

import pytest

from ledger.canonical import canonical_file, parse
from ledger.checkpoints import read_checkpoint
from ledger.commands import CutHour
from ledger.desks import OrdersDesk
from ledger.errors import CheckFailed, FormatError
from ledger.venue import Venue
from tests.simulation.exchange import OPTIONS, PATHS
from tests.simulation.generators import open_account
from tests.simulation.world import GENESIS, START, World
from tests.support.disk import SimulatedDisk


@pytest.fixture
def checkpoint(monkeypatch):
    """The bytes of one, of an exchange without markets: so much can be restored whatever stands of the books."""
    monkeypatch.setattr(OrdersDesk, "restore", lambda desk, document: None)
    world, disk = World(Random(1)), SimulatedDisk()
    with Venue.open(PATHS, GENESIS, (), OPTIONS, files=disk) as venue:
        venue.submit(open_account(world), world.now_us)
        venue.submit([world.by_service(CutHour(START))], world.now_us)
        assert venue.checkpoint_problem is None
        [position] = venue.checkpoints.positions()
        return bytes(disk.names_now[venue.checkpoints.path(position)].current)


def test_a_whole_one_is_read(checkpoint):
    engine, head = read_checkpoint(checkpoint, GENESIS)
    assert engine.sequence == head.sequence == 3


def test_one_with_any_byte_changed_is_refused_or_names_another_head(checkpoint):
    _, head = read_checkpoint(checkpoint, GENESIS)
    for place in range(len(checkpoint)):
        for mask in (1, 4, 0x10, 0x80):
            damaged = bytearray(checkpoint)
            damaged[place] ^= mask
            try:
                _, found = read_checkpoint(bytes(damaged), GENESIS)
            except (FormatError, CheckFailed):
                continue
            assert found.hash != head.hash, f"byte {place}: what was changed was believed"


def test_one_that_was_cut_anywhere_is_refused(checkpoint):
    for size in range(len(checkpoint)):
        with pytest.raises((FormatError, CheckFailed)):
            read_checkpoint(checkpoint[:size], GENESIS)


@pytest.mark.parametrize("value", [None, 7, "text", {}, [[]], [["head"]], [["head", "1"]], [["head", -1]], [[1, 1]]])
@pytest.mark.parametrize("field", ["sections", "position", "head", "state", "ruleset", "format", "exchange"])
def test_a_header_of_other_types_stopped_the_reader_with_no_word(checkpoint, field, value):
    line, _, rest = checkpoint.partition(b"\n")
    header = {**parse(line), field: value}
    with pytest.raises((FormatError, CheckFailed)):
        read_checkpoint(canonical_file(header) + rest, GENESIS)
