"""The log after power loss at every point, on a disk that keeps any part of what was not synced."""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.log import (
    AppendFailed,
    AppendUncertain,
    CommandLog,
    Door,
    Entry,
    LogOptions,
    Micros,
    Scheme,
    Signed,
    archive_segments,
    genesis_hash,
    remove_archived,
)
from tests.support.disk import PowerLoss, SimulatedDisk

EXCHANGE = "crash.test"
GENESIS = genesis_hash(EXCHANGE, b"{}")
HERE, COPY, AWAY = Path("/log"), Path("/copy"), Path("/away")
SIZES = (1, 3, 1, 40, 2, 1, 1, 25, 1, 1)


def entry(number: int) -> Entry:
    signed = (b'{"n":%d}' % number) * (1 + number % 17)
    return Entry(Micros(number), Micros(number + 1), Scheme.COMMAND, (Signed(bytes(32), bytes(64)),), signed, Door("s"))


def batches(sizes: tuple[int, ...] = SIZES) -> list[list[Entry]]:
    entries = iter(range(10_000))
    return [[entry(next(entries)) for _ in range(size)] for size in sizes]


def options(mirror: bool) -> LogOptions:
    return LogOptions(segment_bytes=5 * 4096, mirror=COPY if mirror else None)


def run(disk: SimulatedDisk, mirror: bool, archive: bool = False) -> tuple[list[Entry], list[Entry]]:
    """Append all batches until the power goes: what was acknowledged, and the batch that was under way."""
    acknowledged: list[Entry] = []
    under_way: list[Entry] = []
    try:
        log = CommandLog.open(HERE, EXCHANGE, GENESIS, options=options(mirror), files=disk)
        for number, batch in enumerate(batches()):
            under_way = batch
            log.append(batch)
            acknowledged += batch
            under_way = []
            if archive and number == 7:
                archive_segments(log, AWAY)
                remove_archived(log, AWAY, keep=1)
        log.close()
    except PowerLoss:
        pass
    return acknowledged, under_way


def logged(log: CommandLog) -> list[Entry]:
    return [record.entry for record in log.records(log.first_sequence)]


def total_operations(mirror: bool, archive: bool = False) -> int:
    disk = SimulatedDisk()
    run(disk, mirror, archive)
    return disk.operations


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_power_loss_anywhere_keeps_what_was_acknowledged_and_no_part_of_a_batch(mirror, torn):
    for stop_at in range(total_operations(mirror)):
        for seed in range(6):
            rng = Random(1000 * stop_at + seed)
            disk = SimulatedDisk(stop_at=stop_at)
            acknowledged, under_way = run(disk, mirror)
            disk = disk.after_power_loss(rng, torn=torn)
            # The power goes again while the log is being opened, and again.
            for _ in range(2):
                disk.stop_at = disk.operations + rng.randint(0, 6)
                with suppress(PowerLoss):
                    CommandLog.open(HERE, EXCHANGE, GENESIS, options=options(mirror), files=disk).close()
                disk = disk.after_power_loss(rng, torn=torn)
            log = CommandLog.open(HERE, EXCHANGE, GENESIS, options=options(mirror), files=disk)
            found = logged(log)
            assert found in (acknowledged, acknowledged + under_way), (stop_at, seed)
            log.append([entry(99)])
            log.verify()
            assert logged(log) == [*found, entry(99)]
            log.close()


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 3)), min_size=1, max_size=8),
    st.integers(1, 12),
    st.booleans(),
    st.integers(0, 120),
    st.integers(0, 2**32),
)
@settings(max_examples=300)
def test_full_disks_short_writes_and_a_power_loss_in_any_order_leave_what_was_acknowledged(
    steps, blocks, mirror, stop_at, seed
):
    rng = Random(seed)
    disk = SimulatedDisk(stop_at=stop_at, short=rng)
    how = LogOptions(segment_bytes=4096 * blocks, mirror=COPY if mirror else None)
    acknowledged: list[Entry] = []
    under_way: list[Entry] = []
    try:
        log = CommandLog.open(HERE, EXCHANGE, GENESIS, options=how, files=disk)
        for number, (size, room) in enumerate(steps):
            batch = under_way = [entry(100 * number + n) for n in range(size)]
            used = sum(len(inode.current) for inode in disk.names_now.values())
            disk.capacity = None if room == 0 else used + room * 3000
            with suppress(AppendFailed):
                log.append(batch)
                acknowledged += batch
            under_way = []
        log.close()
    except PowerLoss:
        pass
    disk = disk.after_power_loss(rng, torn=True)
    with CommandLog.open(HERE, EXCHANGE, GENESIS, options=how, files=disk) as log:
        assert logged(log) in (acknowledged, acknowledged + under_way)
        log.verify()


def test_either_copy_alone_holds_everything_that_was_acknowledged():
    for stop_at in range(total_operations(mirror=True)):
        disk = SimulatedDisk(stop_at=stop_at)
        acknowledged, under_way = run(disk, mirror=True)
        disk = disk.after_power_loss(Random(stop_at), torn=True)
        for lost in (HERE, COPY):
            for path in [path for path in disk.names_now if path.parent == lost]:
                del disk.names_now[path]
            with CommandLog.open(HERE, EXCHANGE, GENESIS, options=options(mirror=True), files=disk) as log:
                assert logged(log) in (acknowledged, acknowledged + under_way)
            disk.name_changes.clear()


@pytest.mark.parametrize("torn", [False, True])
def test_a_power_loss_while_a_new_copy_is_made_harms_neither(torn):
    whole = SimulatedDisk()
    acknowledged, _ = run(whole, mirror=False)
    for operations in range(60):
        for seed in range(4):
            rng = Random(100 * operations + seed)
            disk = whole.after_power_loss(rng, torn=torn)
            disk.stop_at = operations
            with suppress(PowerLoss):
                CommandLog.open(HERE, EXCHANGE, GENESIS, options=options(mirror=True), files=disk).close()
            disk = disk.after_power_loss(rng, torn=torn)
            with CommandLog.open(HERE, EXCHANGE, GENESIS, options=options(mirror=True), files=disk) as log:
                assert logged(log) == acknowledged
            for path in [path for path in disk.names_now if path.parent == HERE]:
                del disk.names_now[path]
            with CommandLog.open(COPY, EXCHANGE, GENESIS, files=disk) as log:
                assert logged(log) == acknowledged


def test_a_power_loss_while_segments_are_archived_and_removed_loses_none():
    for stop_at in range(total_operations(mirror=False, archive=True)):
        disk = SimulatedDisk(stop_at=stop_at)
        acknowledged, under_way = run(disk, mirror=False, archive=True)
        disk = disk.after_power_loss(Random(stop_at), torn=True)
        with CommandLog.open(HERE, EXCHANGE, GENESIS, options=options(mirror=False), files=disk) as log:
            everything = acknowledged + under_way
            first = log.first_sequence - 1
            assert logged(log) in (acknowledged[first:], everything[first:])


def test_short_writes_change_nothing():
    disk = SimulatedDisk(short=Random(5))
    acknowledged, _ = run(disk, mirror=True)
    disk.short = None
    with CommandLog.open(HERE, EXCHANGE, GENESIS, options=options(mirror=True), files=disk) as log:
        assert logged(log) == acknowledged == [e for batch in batches() for e in batch]


@pytest.mark.parametrize("mirror", [False, True])
def test_a_full_disk_leaves_the_log_as_it_was_and_it_goes_on_when_there_is_room(mirror):
    for room in range(100, 40_000, 1500):
        disk = SimulatedDisk()
        one = LogOptions(mirror=COPY if mirror else None)
        log = CommandLog.open(HERE, EXCHANGE, GENESIS, options=one, files=disk)
        first, second, third = [entry(1)], [entry(n) for n in range(2, 90)], [entry(99)]
        log.append(first)
        before = {path: bytes(inode.current) for path, inode in disk.names_now.items()}
        disk.capacity = sum(map(len, before.values())) + room
        try:
            log.append(second)
        except AppendFailed:
            assert {path: bytes(inode.current) for path, inode in disk.names_now.items()} == before
            assert {path: inode.durable for path, inode in disk.names_now.items()} == before
            assert log.head.sequence == 1
            second = []
        disk.capacity = None
        log.append(third)
        assert logged(log) == first + second + third
        log.verify()
        log.close()


def test_a_disk_that_fails_takes_the_batch_back_and_the_log_must_be_opened_again():
    disk = SimulatedDisk()
    log = CommandLog.open(HERE, EXCHANGE, GENESIS, files=disk)
    log.append([entry(1)])
    disk.fail["sync"] = errno.EIO
    with pytest.raises(AppendFailed):
        log.append([entry(2)])
    with pytest.raises(AppendUncertain, match="Open the log again"):
        log.append([entry(3)])
    log.close()
    with CommandLog.open(HERE, EXCHANGE, GENESIS, files=disk) as log:
        assert logged(log) == [entry(1)]


def test_a_batch_that_cannot_be_taken_back_is_uncertain_and_opening_tells():
    disk = SimulatedDisk()
    log = CommandLog.open(HERE, EXCHANGE, GENESIS, files=disk)
    log.append([entry(1)])
    disk.fail |= {"sync": errno.EIO, "truncate": errno.EIO}
    with pytest.raises(AppendUncertain):
        log.append([entry(2)])
    with pytest.raises(AppendUncertain):
        log.append([entry(3)])
    log.close()
    with CommandLog.open(HERE, EXCHANGE, GENESIS, files=disk) as log:
        assert logged(log) == [entry(1), entry(2)]


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("operation", ["create", "write", "sync", "sync_directory"])
def test_a_segment_that_cannot_be_begun_leaves_the_log_as_it_was(operation, mirror):
    disk = SimulatedDisk()
    small = LogOptions(segment_bytes=8192, mirror=COPY if mirror else None)
    with CommandLog.open(HERE, EXCHANGE, GENESIS, options=small, files=disk) as log:
        log.append([entry(1)])
        names = sorted(disk.names_now)
        disk.fail[operation] = errno.ENOSPC
        with pytest.raises(AppendFailed):
            log.append([entry(2)])
        assert sorted(disk.names_now) == names
        log.append([entry(3)])
        assert logged(log) == [entry(1), entry(3)]
    with CommandLog.open(HERE, EXCHANGE, GENESIS, options=small, files=disk) as log:
        assert logged(log) == [entry(1), entry(3)]


def test_a_segment_that_cannot_be_taken_back_stops_the_log_and_loses_nothing():
    disk = SimulatedDisk()
    small = LogOptions(segment_bytes=8192)
    log = CommandLog.open(HERE, EXCHANGE, GENESIS, options=small, files=disk)
    log.append([entry(1)])
    disk.fail |= {"sync_directory": errno.EIO, "remove": errno.EIO}
    for _ in range(2):
        with pytest.raises(AppendUncertain):
            log.append([entry(2)])
    log.close()
    with CommandLog.open(HERE, EXCHANGE, GENESIS, options=small, files=disk) as log:
        log.append([entry(3)])
        assert logged(log) == [entry(1), entry(3)]
