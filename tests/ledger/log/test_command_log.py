"""The command log on a disk that works, and damage that it must find."""

from __future__ import annotations

import hashlib
import multiprocessing
import shutil
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import Tag, lp
from ledger.errors import FormatError
from ledger.log import (
    Capacity,
    CommandLog,
    Door,
    Entry,
    Head,
    LogBehind,
    LogCorrupt,
    LogDiffers,
    LogLocked,
    LogOptions,
    LogReader,
    LogUnusable,
    Micros,
    MirrorPolicy,
    OnBehalf,
    OsFiles,
    Scheme,
    Signed,
    TraderKind,
    archive_segments,
    genesis_hash,
    remove_archived,
    verify_archive,
)
from tests.support.disk import SimulatedDisk

EXCHANGE = "log.test"
GENESIS = genesis_hash(EXCHANGE, b"{}")
HERE, COPY = Path("/log"), Path("/copy")
SMALL = LogOptions(segment_bytes=4 * 4096)


def entry(number: int, size: int = 40) -> Entry:
    return Entry(Micros(number), Micros(number), Scheme.SESSION, (), b"%08d" % number + bytes(size), Door("session-1"))


def fill(directory: Path, batches: int = 10, size: int = 3, options: LogOptions = SMALL, files=None) -> Head:
    with CommandLog.open(directory, EXCHANGE, GENESIS, options=options, files=files) as log:
        for number in range(batches):
            log.append([entry(size * number + i) for i in range(size)])
        return log.head


codes = st.text("abcdefghijklmnop0123456789-", max_size=64)
doors = st.builds(
    Door, codes, st.sampled_from(OnBehalf), codes, st.sampled_from(TraderKind), codes, st.sampled_from(Capacity)
)
micros = st.integers(0, 2**64 - 1)
signatures = st.lists(
    st.builds(Signed, st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64)), max_size=4
)
entries = st.builds(
    Entry, micros, micros, st.sampled_from(Scheme), signatures.map(tuple), st.binary(max_size=5000), doors
)


@given(st.lists(st.lists(entries, min_size=1, max_size=4), max_size=4))
@settings(max_examples=60)
def test_what_is_read_is_what_was_appended(batches):
    disk = SimulatedDisk()
    with CommandLog.open(HERE, EXCHANGE, GENESIS, options=SMALL, files=disk) as log:
        written = [record for batch in batches for record in log.append(batch)]
    reader = LogReader(HERE, EXCHANGE, GENESIS, files=disk)
    assert list(reader.records()) == written
    assert [record.entry for record in written] == [e for batch in batches for e in batch]
    assert [record.sequence for record in written] == list(range(1, len(written) + 1))


def test_the_chain_is_the_one_of_the_specification():
    door = Door("key-7", OnBehalf.SESSION, "owner-3", TraderKind.ALGORITHM, "algo-1", Capacity.DEAL)
    logged = Entry(Micros(5), Micros(6), Scheme.COMMAND, (Signed(b"K" * 32, b"S" * 64),), b'{"a":1}', door)
    body = b"".join(
        (
            (1).to_bytes(8, "big"),
            (5).to_bytes(8, "big"),
            (6).to_bytes(8, "big"),
            b"\x01\x01",
            b"K" * 32 + b"S" * 64,
            lp(b'{"a":1}'),
            lp("key-7") + b"\x01" + lp("owner-3") + b"\x02" + lp("algo-1") + b"\x01",
        )
    )
    genesis = hashlib.sha256(lp(EXCHANGE) + lp(b"{}") + bytes([Tag.LOG_GENESIS])).digest()
    assert genesis == GENESIS
    with CommandLog.open(HERE, EXCHANGE, GENESIS, files=SimulatedDisk()) as log:
        (record,) = log.append([logged])
    assert record.hash == hashlib.sha256(genesis + body + b"\x31").digest()


def test_how_records_are_batched_and_cut_into_segments_does_not_change_the_chain():
    heads = set()
    for batches, size, segment in ((12, 1, 8192), (1, 12, 8192), (4, 3, 10**6)):
        heads.add(fill(HERE, batches, size, LogOptions(segment_bytes=segment), SimulatedDisk()))
    assert len(heads) == 1


def test_reading_from_any_sequence_gives_the_rest(tmp_path):
    head = fill(tmp_path / "log", batches=12)
    with CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS, options=SMALL) as log:
        everything = list(log.records())
        for first in range(1, head.sequence + 2):
            assert list(log.records(first)) == everything[first - 1 :]
            assert list(log.records(first, first + 3)) == everything[first - 1 : first + 3]
        assert log.hash_at(0) == GENESIS
        assert [log.hash_at(record.sequence) for record in everything] == [record.hash for record in everything]


def test_entries_that_no_record_holds_are_refused_and_the_log_goes_on():
    with CommandLog.open(HERE, EXCHANGE, GENESIS, files=SimulatedDisk()) as log:
        good = entry(1)
        for bad in (
            good._replace(signed=bytes(2**20 + 1)),
            good._replace(signatures=(Signed(bytes(32), bytes(64)),) * 5),
            good._replace(signatures=(Signed(bytes(31), bytes(64)),)),
            good._replace(door=Door("x" * 65)),
        ):
            with pytest.raises(FormatError):
                log.append([good, bad])
        assert log.append([good])[0].sequence == 1


# --- damage ------------------------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=150)
def test_any_changed_byte_is_found(data):
    disk = SimulatedDisk()
    head = fill(HERE, files=disk)
    path = data.draw(st.sampled_from(sorted(disk.names_now)))
    offset = data.draw(st.integers(0, len(disk.names_now[path].current) - 1))
    disk.flip(path, offset, data.draw(st.integers(1, 255)))
    with pytest.raises((LogCorrupt, LogBehind, LogDiffers)):
        CommandLog.open(
            HERE, EXCHANGE, GENESIS, expected=head, options=SMALL._replace(verify_all=True), files=disk
        ).close()


def test_damage_before_an_intact_batch_names_segment_and_offset():
    one = LogOptions()
    for batch in range(9):
        disk = SimulatedDisk()
        fill(HERE, batches=10, options=one, files=disk)
        offset = 4096 * (1 + batch)
        for place in (0, 20, 40, 4095):
            disk.flip(HERE / "0000000000.seg", offset + place)
            with pytest.raises(LogCorrupt) as caught:
                CommandLog.open(HERE, EXCHANGE, GENESIS, options=one, files=disk)
            assert (caught.value.segment, caught.value.offset) == ("0000000000.seg", offset)
            disk.flip(HERE / "0000000000.seg", offset + place)


def test_a_damaged_last_batch_is_cut_reported_and_refused_if_it_was_published():
    disk = SimulatedDisk()
    head = fill(HERE, batches=3, options=LogOptions(), files=disk)
    disk.flip(HERE / "0000000000.seg", 4096 * 3 + 100)
    with pytest.raises(LogBehind, match="ends at 6, but 9 was published"):
        CommandLog.open(HERE, EXCHANGE, GENESIS, expected=head, files=disk)
    with CommandLog.open(HERE, EXCHANGE, GENESIS, files=disk) as log:
        assert log.head.sequence == 6


def test_a_damaged_last_batch_comes_back_from_the_second_copy():
    disk = SimulatedDisk()
    options = LogOptions(mirror=COPY)
    head = fill(HERE, batches=3, options=options, files=disk)
    disk.flip(HERE / "0000000000.seg", 4096 * 3 + 100)
    with CommandLog.open(HERE, EXCHANGE, GENESIS, expected=head, options=options, files=disk) as log:
        assert log.head == head
        assert log.recovery.cut is not None
        assert log.recovery.cut.offset == 4096 * 3
        assert log.recovery.restored_bytes == 4096


def test_a_batch_written_into_a_command_is_not_taken_for_a_batch():
    """A customer who knows the format cannot make recovery believe that a torn batch was durable."""
    disk = SimulatedDisk()
    fill(HERE, batches=1, options=LogOptions(), files=disk)
    whole = bytes(disk.names_now[HERE / "0000000000.seg"].current)
    fake = whole[4096:8192]
    fake_elsewhere = SimulatedDisk()
    fake_elsewhere.generator = Random(2)  # another salt
    hostile = Entry(Micros(1), Micros(1), Scheme.SESSION, (), fake * 3)
    with CommandLog.open(HERE, EXCHANGE, GENESIS, files=fake_elsewhere) as log:
        log.append([entry(0)])
        for shift in range(0, 4096, 512):
            log.append([hostile._replace(signed=bytes(shift) + fake * 3)])
        head = log.head
    path = HERE / "0000000000.seg"
    fake_elsewhere.flip(path, len(fake_elsewhere.names_now[path].current) - 1)
    with CommandLog.open(HERE, EXCHANGE, GENESIS, files=fake_elsewhere) as log:
        assert log.head.sequence == head.sequence - 1


def test_a_missing_segment_is_found(tmp_path):
    fill(tmp_path / "log")
    (tmp_path / "log" / "0000000001.seg").unlink()
    with pytest.raises(LogCorrupt, match=r"0000000001\.seg"):
        CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS)


def test_another_exchanges_log_is_refused(tmp_path):
    fill(tmp_path / "log")
    for exchange, genesis in (("other.test", GENESIS), (EXCHANGE, genesis_hash(EXCHANGE, b"[]"))):
        with pytest.raises(LogUnusable, match="another"):
            CommandLog.open(tmp_path / "log", exchange, genesis)


def test_a_log_that_is_behind_or_different_from_the_published_position_is_refused(tmp_path):
    head = fill(tmp_path / "log")
    for sequence in (0, 1, head.sequence - 1, head.sequence):
        with LogReaderHash(tmp_path / "log", sequence) as right:
            CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS, expected=right).close()
            with pytest.raises(LogDiffers):
                CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS, expected=right._replace(hash=bytes(32)))
    with pytest.raises(LogBehind):
        CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS, expected=Head(head.sequence + 1, bytes(32)))


class LogReaderHash:
    """The head that a log had at a sequence."""

    def __init__(self, directory: Path, sequence: int) -> None:
        with CommandLog.open(directory, EXCHANGE, GENESIS) as log:
            self.head = Head(sequence, log.hash_at(sequence))

    def __enter__(self) -> Head:
        return self.head

    def __exit__(self, *_: object) -> None:
        pass


# --- two writers, two copies, archives ---------------------------------------------------------------------------


def _try_to_open(directory: str, answers) -> None:
    try:
        CommandLog.open(Path(directory), EXCHANGE, GENESIS).close()
        answers.put("opened")
    except LogLocked:
        answers.put("locked")


def test_a_second_writer_is_refused_from_this_process_and_from_another(tmp_path):
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    with CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS):
        with pytest.raises(LogLocked, match="another process"):
            CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS)
        process = context.Process(target=_try_to_open, args=(str(tmp_path / "log"), answers))
        process.start()
        assert answers.get(timeout=60) == "locked"
        process.join()
    CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS).close()


def test_a_reader_changes_nothing_and_stops_at_the_last_whole_batch(tmp_path):
    fill(tmp_path / "log", batches=2, options=LogOptions())
    path = tmp_path / "log" / "0000000000.seg"
    torn = path.read_bytes() + b"half a batch"
    path.write_bytes(torn)
    reader = LogReader(tmp_path / "log", EXCHANGE, GENESIS)
    assert reader.head.sequence == len(list(reader.records())) == 6
    assert path.read_bytes() == torn


@pytest.mark.parametrize("policy", list(MirrorPolicy))
def test_both_copies_hold_the_same_bytes_after_close(tmp_path, policy):
    options = LogOptions(segment_bytes=4 * 4096, mirror=tmp_path / "copy", mirror_policy=policy)
    head = fill(tmp_path / "log", batches=20, options=options)
    names = sorted(path.name for path in (tmp_path / "log").glob("*.seg"))
    assert names == sorted(path.name for path in (tmp_path / "copy").glob("*.seg"))
    for name in names:
        assert (tmp_path / "log" / name).read_bytes() == (tmp_path / "copy" / name).read_bytes()
    shutil.rmtree(tmp_path / "log")
    with CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS, expected=head, options=options) as log:
        assert log.head == head
        assert log.recovery.restored_bytes > 0


def test_a_second_copy_that_differs_is_refused(tmp_path):
    options = LogOptions(mirror=tmp_path / "copy")
    fill(tmp_path / "log", batches=2, options=options)
    shutil.rmtree(tmp_path / "copy")
    fill(tmp_path / "copy", batches=2, options=LogOptions())
    with pytest.raises(LogDiffers, match="offset"):
        CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS, options=options)


def test_an_asynchronous_copy_that_fails_says_so_and_the_log_goes_on(tmp_path):
    options = LogOptions(segment_bytes=8192, mirror=tmp_path / "copy", mirror_policy=MirrorPolicy.ASYNC)
    with CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS, options=options) as log:
        log.append([entry(0)])
        while log.mirror_behind:
            pass
        (tmp_path / "copy" / "0000000001.seg").write_bytes(b"in the way")
        log.append([entry(1)])
        log.append([entry(2)])
        assert log.head.sequence == 3
    assert log.mirror_problem is not None
    (tmp_path / "copy" / "0000000001.seg").unlink()
    with CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS, options=options) as log:
        assert log.recovery.mirrored_bytes > 0


def test_segments_are_archived_checked_removed_and_the_chain_goes_on(tmp_path):
    options = SMALL._replace(mirror=tmp_path / "copy")
    fill(tmp_path / "log", batches=20, options=options)
    with CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS, options=options) as log:
        everything = list(log.records())
        archive = archive_segments(log, tmp_path / "away")
        assert len(archive.segments) == len(list((tmp_path / "log").glob("*.seg"))) - 1
        removed = remove_archived(log, tmp_path / "away", keep=2)
        assert removed
        assert not any((tmp_path / "log" / name).exists() for name in removed)
        with pytest.raises(LogUnusable, match="archived"):
            next(log.records(1))
        assert list(log.records(log.first_sequence)) == everything[log.first_sequence - 1 :]
        published = Head(log.first_sequence - 1, everything[log.first_sequence - 2].hash)
        log.append([entry(1000)])
    with CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS, options=options, expected=published) as log:
        log.verify()
        assert log.head.sequence == len(everything) + 1
    away = LogReader(tmp_path / "away", EXCHANGE, GENESIS)
    assert list(away.records()) == everything[: away.head.sequence]
    assert away.head.sequence >= published.sequence
    verify_archive(OsFiles(), tmp_path / "away", EXCHANGE, GENESIS)


def test_a_changed_archive_is_found_and_nothing_is_removed_for_it(tmp_path):
    fill(tmp_path / "log", batches=20)
    with CommandLog.open(tmp_path / "log", EXCHANGE, GENESIS, options=SMALL) as log:
        archive_segments(log, tmp_path / "away")
        path = tmp_path / "away" / "0000000001.seg"
        data = bytearray(path.read_bytes())
        data[5000] ^= 1
        path.write_bytes(data)
        with pytest.raises(LogDiffers):
            remove_archived(log, tmp_path / "away")
        assert log.first_sequence == 1
        assert (tmp_path / "log" / "0000000001.seg").exists()
