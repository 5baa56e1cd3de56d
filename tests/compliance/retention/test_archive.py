"""The archive's chain: what is written is read again; a changed byte, a cut or a swap is found, or healed by rule."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.retention.archive import Archive, Genesis, create_archive, load, read_genesis
from compliance.retention.chain import (
    HEADER_BYTES,
    ArchiveCorrupt,
    Header,
    Link,
    TornTail,
    encode_frame,
    encode_header,
    entries_in,
    make_entry,
)
from compliance.retention.classes import RecordClass, Regime, StartEvent
from compliance.retention.codec import decode_body, encode_body
from compliance.retention.records import (
    ClockEvent,
    Close,
    Document,
    Drill,
    Entry,
    ErasureRequest,
    Order,
    Referenced,
    Sealed,
    Signature,
    Storage,
    Stored,
    micros_day,
)
from compliance.retention.verifying import verify_archive
from compliance.retention.view import fold
from ledger.canonical import canonical
from ledger.errors import CheckFailed, FormatError, InputError, TallystickError
from tests.compliance.retention.conftest import DAY_KEY, EVE, GENESIS, OPERATORS, document, make, micros

NOON = micros("2026-11-20T12:00")
HEX = "ab" * 32
BODIES = [
    Document(
        RecordClass.KYC,
        "a name",
        date(2026, 1, 2),
        (Regime.JAPAN, Regime.VARA),
        5,
        Sealed(HEX, 3, "cd" * 16, HEX),
        9,
        HEX,
        ((StartEvent.BOOK_CLOSING, date(2026, 3, 31)), (StartEvent.RELATIONSHIP_END, date(2027, 1, 1))),
        1,
    ),
    Document(RecordClass.TRADE, "n", date(2026, 1, 2), (Regime.US,), 0, Stored(HEX, 0)),
    Document(RecordClass.COMMAND_LOG, "n", date(2026, 1, 2), (Regime.US,), 0, Referenced(HEX, 0, "log/0.seg")),
    ClockEvent(StartEvent.ABANDONMENT, date(2026, 1, 1), record=2, before=date(2026, 1, 1)),
    ClockEvent(None, date(2026, 1, 1), rule="EU-REC-01", record_class=RecordClass.ORDER, subject=HEX),
    ErasureRequest(HEX, date(2034, 1, 1), "kept until 2034-01-01 because VARA-REC-01"),
    ErasureRequest(HEX, None, "kept"),
    Order({"action": "hold", "reason": "r"}, (Signature(b"k" * 32, b"s" * 64),)),
    Storage("tokyo-1", "JP-13", "replica", ("JP", "AE"), True, HEX),
    Storage("dubai", "AE", "primary", (), False, None),
    Drill("fail", 1, 2, 3, 4, 5, 6, HEX, ("a problem",)),
    Drill("pass", 1, 2, 3, 4, 5, 0, HEX, ()),
    Close(date(2026, 11, 20)),
]


@pytest.fixture
def three_days(folder):
    """Three closed days with two records each, and two records of a day that is open."""
    with Archive(folder) as archive:
        for number in range(3):
            archive.append(document(archive, f"first of {number}"), NOON + number * 86_400_000_000)
            archive.append(document(archive, f"second of {number}"), NOON + number * 86_400_000_000 + 1)
            archive.close_day(date(2026, 11, 20 + number), NOON + number * 86_400_000_000 + 2, DAY_KEY)
        archive.append(document(archive, "open one"), NOON + 3 * 86_400_000_000)
        archive.append(document(archive, "open two"), NOON + 3 * 86_400_000_000)
    return folder


def segments(folder):
    return sorted((folder / "segments").glob("*.arc"))


def rewrite(path, data):
    path.chmod(0o600)
    path.write_bytes(data)


def findings_of(folder, **more):
    return {each.name: each for each in verify_archive(folder, **more)[0]}


# Bodies.


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_a_body_reads_back(body):
    data = encode_body(7, NOON, body)
    assert decode_body(data) == (7, NOON, body)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_a_body_with_a_key_less_or_more_or_of_another_kind_is_none(body):
    """Absent is a body's own choice for optional keys, so a lost key is either refused or reads as another body."""
    whole = json.loads(encode_body(7, NOON, body))
    for key in whole:
        less = {name: value for name, value in whole.items() if name != key}
        with contextlib.suppress(FormatError):
            assert decode_body(canonical(less)) != (7, NOON, body)
        for wrong in (None, [], {}, "", "x", 2**53 - 1, True):
            if whole[key] == wrong and type(whole[key]) is type(wrong):
                continue
            with contextlib.suppress(FormatError):
                assert decode_body(canonical(whole | {key: wrong})) != (7, NOON, body)
    with pytest.raises(FormatError, match="too many"):
        decode_body(canonical(whole | {"more": 1}))


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"regimes": ["vara", "jp"]}, "rising order"),
        ({"regimes": []}, "at least one"),
        ({"created": "2026-02-29"}, "no day"),
        ({"created": "20260228"}, "no day"),
        ({"valid_to": 5}, "no time"),
        ({"events": {}}, "events are some"),
        ({"events": {"creation": "2026-01-01"}}, "events are some"),
        ({"class": "novel"}, "no record class"),
        ({"payload": {"how": "burnt", "sha256": HEX, "size": 1}}, "stored, sealed or referenced"),
        ({"subject": None}, "null"),
        ({"name": "x" * 513}, "1 to 512"),
        ({"kind": "novel"}, "no kind"),
        ({"recorded": 2**53 - 1}, None),
    ],
)
def test_a_record_that_is_malformed_says_how(fields, match):
    whole = json.loads(encode_body(7, NOON, BODIES[0]))
    if match is None:
        decode_body(canonical(whole | fields))
        return
    with pytest.raises(FormatError, match=match):
        decode_body(canonical(whole | fields))


def test_a_time_beyond_the_calendar_is_a_format_error():
    with pytest.raises(FormatError, match="beyond the calendar"):
        micros_day(2**63)


# Writing and reading.


def test_what_was_appended_is_read_again(three_days):
    loaded = load(three_days)
    assert [type(each.body).__name__ for each in loaded.entries] == ["Document", "Document", "Close"] * 3 + [
        "Document",
        "Document",
    ]
    assert [path.name for path in segments(three_days)] == [f"{n:010}.arc" for n in range(4)]
    assert loaded.view.closed == [(3 * n + 3, date(2026, 11, 20 + n)) for n in range(3)]
    found = findings_of(three_days)
    assert [found[name].holds for name in ("chain", "days", "objects")] == [True, True, True]
    assert not found["stamps"].is_checked and not found["sealed"].is_checked


def test_appending_goes_on_where_it_stopped(three_days):
    before = load(three_days).view.link
    with Archive(three_days) as archive:
        entry = archive.append(document(archive, "more"), before.recorded - 5)
    assert (entry.sequence, entry.recorded) == (before.sequence + 1, before.recorded)
    assert load(three_days).entries[-1] == entry


def test_a_closed_segment_cannot_be_written_by_its_owner(three_days):
    assert [path.stat().st_mode & 0o777 for path in segments(three_days)[:3]] == [0o400] * 3
    assert segments(three_days)[3].stat().st_mode & 0o200


def test_one_process_writes(folder):
    with Archive(folder), pytest.raises(InputError, match="another process"):
        Archive(folder)


def test_an_archive_is_not_begun_twice(folder):
    with pytest.raises(InputError, match="exists"):
        make(folder)


def test_an_archive_needs_two_owners(tmp_path):
    with pytest.raises(FormatError, match="two owners"):
        create_archive(tmp_path / "x", Genesis("e", "main", 0, DAY_KEY.public, OPERATORS[:1]))


@pytest.mark.parametrize("key", ["archive", "created", "day_key", "entity", "operators", "format"])
def test_every_field_of_the_beginning_is_in_the_chain(three_days, key):
    path = three_days / "archive.json"
    data = json.loads(path.read_bytes())
    data[key] = {"created": 1, "day_key": "00" * 32, "operators": data["operators"][::-1]}.get(key, "other")
    rewrite(path, canonical(data) + b"\n")
    with pytest.raises((CheckFailed, InputError)):
        load(three_days)


@pytest.mark.parametrize("data", [b"", b"{}\n", b"[]\n", b"not json", b'{"format":"tallystick/archive/1"}\n'])
def test_a_beginning_that_is_none(folder, data):
    rewrite(folder / "archive.json", data)
    with pytest.raises(InputError, match=r"no archive's document"):
        read_genesis(folder)
    os.unlink(folder / "archive.json")
    with pytest.raises(InputError, match="is not there"):
        load(folder)


# Tampering: every byte of every class.


def test_every_single_byte_of_a_segment_is_watched(three_days):
    """Header, lengths, bodies and hashes: one bit changed anywhere in a closed segment is an error."""
    path = segments(three_days)[1]
    whole = path.read_bytes()
    assert load(three_days).torn is None
    for offset in range(len(whole)):
        changed = bytearray(whole)
        changed[offset] ^= 1 << offset % 8
        rewrite(path, changed)
        with pytest.raises(ArchiveCorrupt):
            load(three_days)
    rewrite(path, whole)
    load(three_days)


def test_every_single_byte_of_a_statement_is_watched(three_days):
    path = three_days / "days" / "2026-11-21.json"
    whole = path.read_bytes()
    for offset in range(len(whole)):
        changed = bytearray(whole)
        changed[offset] ^= 1
        rewrite(path, changed)
        assert findings_of(three_days)["days"].problems, offset
    rewrite(path, whole)
    assert findings_of(three_days)["days"].holds


def test_a_document_that_was_changed_lost_or_cut(three_days):
    target = load(three_days).objects.path(load(three_days).view.documents[1].payload.sha256)
    whole = target.read_bytes()
    for data in (whole + b"x", whole[:-1], b"", whole[::-1]):
        rewrite(target, data)
        assert findings_of(three_days)["objects"].problems == (
            f"record 1: object {target.name[:16]} is not what its name says: it was changed",
        )
    target.unlink()
    assert findings_of(three_days)["objects"].problems == ("record 1: its document is not there",)


def test_a_document_of_another_size_than_its_line_says(folder):
    with Archive(folder) as archive:
        payload = archive.store(b"five!")
        archive.append(document(archive, "x", payload=payload._replace(size=6)), NOON)
    assert findings_of(folder)["objects"].problems == ("record 1: its document has another size",)


def test_segments_removed_swapped_or_added(three_days):
    first, second, third, last = segments(three_days)
    rest = [each.read_bytes() for each in (first, second, third, last)]
    for order in ([0, 2, 1, 3], [1, 0, 2, 3], [0, 1, 3, 2], [0, 1, 1, 2], [0, 0, 1, 2]):
        for path, number in zip((first, second, third, last), order, strict=True):
            rewrite(path, rest[number])
        with pytest.raises(ArchiveCorrupt, match="does not continue"):
            load(three_days)
    for path, data in zip((first, second, third, last), rest, strict=True):
        rewrite(path, data)
    shutil.move(second, three_days / "elsewhere")
    with pytest.raises(ArchiveCorrupt, match="missing"):
        load(three_days)


def test_records_swapped_inside_a_segment(three_days):
    """Each keeps its own bytes and hash; only their order is another."""
    path = segments(three_days)[0]
    data = path.read_bytes()
    entries = load(three_days).entries[:3]
    frames = [encode_frame(body, each.hash) for each, body in zip(entries, bodies_of(data), strict=True)]
    assert data == data[:HEADER_BYTES] + b"".join(frames)
    for order in ([1, 0, 2], [0, 2, 1], [0, 0, 2], [0, 2], [1, 2]):
        rewrite(path, data[:HEADER_BYTES] + b"".join(frames[n] for n in order))
        with pytest.raises(ArchiveCorrupt):
            load(three_days)


def bodies_of(data):
    offset, bodies = HEADER_BYTES, []
    while offset < len(data):
        size = int.from_bytes(data[offset : offset + 4], "big")
        bodies.append(data[offset + 4 : offset + 4 + size])
        offset += 4 + size + 32
    return bodies


def rebuilt(folder, change):
    """A whole chain made again after `change` of its bodies: valid by hashes, and so the days must find it."""
    loaded = load(folder)
    for path in segments(folder):
        path.chmod(0o600)
        path.unlink()
    link, number, data = loaded.view.link._replace(sequence=0, hash=loaded.genesis.hash, recorded=0), 0, b""
    for entry in change(list(loaded.entries)):
        if not data:
            data = encode_header(Header(loaded.genesis.hash, number, link.sequence + 1, link.hash))
        made, body = make_entry(link, max(entry.recorded, link.recorded), entry.body)
        link, data = Link(made.sequence, made.hash, made.recorded), data + encode_frame(body, made.hash)
        if isinstance(entry.body, Close):
            (folder / "segments" / f"{number:010}.arc").write_bytes(data)
            number, data = number + 1, b""
    if data:
        (folder / "segments" / f"{number:010}.arc").write_bytes(data)


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: entries[1:],
        lambda entries: [entries[1], entries[0], *entries[2:]],
        lambda entries: [entries[0]._replace(body=entries[0].body._replace(name="another")), *entries[1:]],
        lambda entries: [entries[0]._replace(recorded=entries[0].recorded - 1), *entries[1:]],
        lambda entries: [*entries[:3], *entries[4:]],
    ],
    ids=["removed", "swapped", "renamed", "backdated", "later-removed"],
)
def test_a_history_that_was_written_again_is_not_what_was_signed(three_days, change):
    rebuilt(three_days, change)
    assert load(three_days).torn is None, "its hashes hold"
    assert findings_of(three_days)["days"].problems
    with pytest.raises(CheckFailed, match="what was signed"):
        Archive(three_days)


def test_a_rebuilt_chain_with_nothing_changed_is_the_same(three_days):
    rebuilt(three_days, lambda entries: entries)
    assert findings_of(three_days)["days"].holds


def test_a_chain_that_ends_before_what_was_signed(three_days):
    for path in segments(three_days)[2:]:
        path.chmod(0o600)
        path.unlink()
    assert "a statement of a day that the chain does not close" in findings_of(three_days)["days"].problems[0]
    with pytest.raises(CheckFailed, match="what was signed for 2026-11-22"):
        Archive(three_days)


def test_a_statement_under_another_key(three_days):
    found = findings_of(three_days, keys=[EVE.public])
    assert len(found["days"].problems) == 3
    assert findings_of(three_days, keys=[EVE.public, DAY_KEY.public])["days"].holds
    with Archive(three_days) as archive, pytest.raises(CheckFailed, match="not the one in force"):
        archive.close_day(date(2026, 11, 23), NOON * 2, EVE)


# Torn tails.


def test_a_write_that_ended_anywhere_is_cut_and_the_rest_stays(three_days):
    """Every length from the end of the last whole line on: found by a reader, cut by the next writer."""
    path = segments(three_days)[-1]
    whole, entries = path.read_bytes(), load(three_days).entries
    last = len(encode_frame(bodies_of(whole)[-1], entries[-1].hash))
    keep = len(whole) - last
    for size in range(keep + 1, len(whole)):
        rewrite(path, whole[:size])
        torn = load(three_days).torn
        assert isinstance(torn, TornTail) and torn.offset == keep
        assert not findings_of(three_days)["chain"].holds
    with Archive(three_days) as archive:
        assert archive.cut_bytes == last - 1
        assert archive.loaded.entries == entries[:-1]
        archive.append(document(archive, "after the crash"), NOON * 2)
    assert findings_of(three_days)["chain"].holds
    assert load(three_days).entries[-1].body.name == "after the crash"


def test_a_new_segment_that_a_crash_left_without_its_header(three_days):
    path = segments(three_days)[-1]
    whole = path.read_bytes()
    for size in range(HEADER_BYTES + 1):
        rewrite(path, whole[:size])
        assert load(three_days).torn.offset == 0
    with Archive(three_days) as archive:
        assert archive.cut_bytes == HEADER_BYTES
        assert len(archive.loaded.entries) == 9
        archive.append(document(archive, "again"), NOON * 2)
    assert len(load(three_days).entries) == 10


@pytest.mark.parametrize("zeros", [1, 3, 4, 36, 4096])
def test_a_tail_of_zeros_was_never_written(three_days, zeros):
    path = segments(three_days)[-1]
    whole = path.read_bytes()
    rewrite(path, whole + bytes(zeros))
    with Archive(three_days) as archive:
        assert archive.cut_bytes == zeros
    assert path.read_bytes() == whole


def test_a_torn_segment_that_is_not_the_last_is_damage(three_days):
    path = segments(three_days)[1]
    rewrite(path, path.read_bytes()[:-1])
    with pytest.raises(ArchiveCorrupt):
        Archive(three_days)


def test_a_closed_day_that_lost_its_last_line_is_not_healed_silently(folder):
    with Archive(folder) as archive:
        archive.append(document(archive, "x"), NOON)
        archive.close_day(date(2026, 11, 20), NOON, DAY_KEY)
    path = segments(folder)[0]
    rewrite(path, path.read_bytes()[:-1])
    with pytest.raises(CheckFailed, match="what was signed"):
        Archive(folder)


def test_a_record_after_the_close_of_its_segment(three_days):
    path = segments(three_days)[2]
    loaded = load(three_days)
    entry, body = make_entry(Link(9, loaded.entries[8].hash, loaded.entries[8].recorded), NOON * 2, BODIES[1])
    segments(three_days)[3].unlink()
    rewrite(path, path.read_bytes() + encode_frame(body, entry.hash))
    with pytest.raises(ArchiveCorrupt, match="after the close"):
        load(three_days)


def test_a_crash_between_a_close_and_its_statement_is_mended(folder):
    with Archive(folder) as archive:
        archive.append(document(archive, "x"), NOON)
        archive.append(Close(date(2026, 11, 20)), NOON)
    assert findings_of(folder)["days"].problems == ("2026-11-20: the day is closed and has no signed statement",)
    with Archive(folder) as archive:
        made = archive.finish_days(DAY_KEY)
        assert [each.day for each in made] == [date(2026, 11, 20)]
        assert archive.finish_days(DAY_KEY) == []
    assert findings_of(folder)["days"].holds


def test_after_a_write_that_failed_nothing_is_taken_until_it_is_opened_again(folder):
    class Full:
        def __getattr__(self, name):
            return getattr(self.disk, name)

        def write(self, handle, offset, data):
            return (
                self.disk.write(handle, offset, data[: len(data) // 2])
                if self.is_full
                else self.disk.write(handle, offset, data)
            )

    from ledger.log.files import OsFiles

    disk = Full()
    disk.disk, disk.is_full = OsFiles(), False
    with Archive(folder, files=disk) as archive:
        archive.append(document(archive, "whole"), NOON)
        disk.is_full = True
        with pytest.raises(OSError, match="did not take"):
            archive.append(document(archive, "half"), NOON)
        disk.is_full = False
        with pytest.raises(CheckFailed, match="open the archive again"):
            archive.append(document(archive, "next"), NOON)
    with Archive(folder) as archive:
        assert archive.cut_bytes > 0
        assert [each.body.name for each in archive.loaded.entries] == ["whole"]


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_bytes_that_are_no_segment_never_break_the_reader(data):
    link = Link(0, b"\0" * 32, 0)
    header = encode_header(Header(b"\0" * 32, 0, 1, b"\0" * 32))
    with contextlib.suppress(TallystickError):
        assert list(entries_in(header + data, link, "f")) == [] and not data


# Rules of days.


def test_days_are_closed_in_order_once_and_not_before_they_begin(folder):
    with Archive(folder) as archive:
        with pytest.raises(CheckFailed, match="has not begun"):
            archive.append(Close(date(2026, 11, 21)), NOON)
        archive.close_day(date(2026, 11, 20), NOON, DAY_KEY)
        for day in (20, 19):
            with pytest.raises(CheckFailed, match="2026-11-20 is closed"):
                archive.close_day(date(2026, 11, day), NOON, DAY_KEY)
        archive.close_day(date(2026, 11, 22), NOON + 2 * 86_400_000_000, DAY_KEY)
        assert len(archive.loaded.entries) == 2


def test_a_day_may_hold_nothing_but_its_close(folder):
    with Archive(folder) as archive:
        statement = archive.close_day(date(2026, 11, 20), NOON, DAY_KEY)
    assert (statement.first, statement.last) == (1, 1)
    assert findings_of(folder)["days"].holds


# Corrections: two times.


def test_a_correction_stands_beside_what_it_corrects(folder):
    with Archive(folder) as archive:
        archive.append(document(archive, "price 100", valid_from=10, valid_to=20), NOON)
        archive.append(document(archive, "price 101", valid_from=10, valid_to=20, corrects=1), NOON + 5)
        archive.append(document(archive, "price 102", valid_from=10, valid_to=15, corrects=2), NOON + 9)
        view = archive.view
        assert view.history(1) == view.history(2) == view.history(3) == [1, 2, 3]
        assert [archive.objects.get(view.documents[n].payload.sha256) for n in view.history(2)] == [
            b"price 100",
            b"price 101",
            b"price 102",
        ]
        assert [record for record, _ in view.valid_at(12)] == [3]
        assert [record for record, _ in view.valid_at(15)] == []


@pytest.mark.parametrize(
    ("known", "names"), [(-1, []), (0, ["price 100"]), (4, ["price 100"]), (5, ["price 101"]), (99, ["price 101"])]
)
def test_what_was_known_at_a_time_is_told_again(folder, known, names):
    with Archive(folder) as archive:
        archive.append(document(archive, "price 100", valid_from=10), NOON)
        archive.append(document(archive, "price 101", valid_from=10, corrects=1), NOON + 5)
    loaded = load(folder)
    view = fold(loaded.genesis.view(), loaded.entries, NOON + known)
    assert [each.name for _, each in view.valid_at(12)] == names


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"corrects": 9}, "no record"),
        ({"corrects": 1}, "corrected already: correct 2"),
        ({"corrects": 2, "record_class": RecordClass.ORDER}, "same class"),
    ],
)
def test_a_correction_that_breaks_a_rule_is_not_written(folder, more, match):
    with Archive(folder) as archive:
        archive.append(document(archive, "a"), NOON)
        archive.append(document(archive, "b", corrects=1), NOON)
        before = archive.view.link
        with pytest.raises(CheckFailed, match=match):
            archive.append(document(archive, "c", **more), NOON)
        assert archive.view.link == before
        archive.append(document(archive, "d", corrects=2), NOON)
    assert load(folder).view.history(1) == [1, 2, 3]


def test_a_rule_that_a_chain_breaks_is_found_by_its_reader(folder):
    """The same rules hold when a hand writes the bytes and hashes itself."""
    with Archive(folder) as archive:
        archive.append(document(archive, "a"), NOON)
    path, link = segments(folder)[0], load(folder).view.link
    entry, body = make_entry(link, NOON, BODIES[1]._replace(corrects=9))
    assert isinstance(entry, Entry)
    rewrite(path, path.read_bytes() + encode_frame(body, entry.hash))
    with pytest.raises(ArchiveCorrupt, match="breaks a rule"):
        load(folder)


# A plain twin of corrections and of what was known when.


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6), st.integers(1, 4), st.integers(0, 2)), max_size=14))
def test_what_was_known_equals_a_plain_twin(steps):
    """Each step: which open record it corrects (0: none), from when, for how long, and how much later it came."""
    link, recorded, entries, rows = Link(0, GENESIS.hash, GENESIS.created), NOON, [], []
    for chosen, start, length, later in steps:
        recorded += later
        open_rows = [row for row in rows if row["until"] is None]
        old = open_rows[chosen - 1] if 0 < chosen <= len(open_rows) else None
        if old is not None:
            old["until"] = recorded
        body = BODIES[1]._replace(
            valid_from=start, valid_to=start + length, corrects=None if old is None else old["number"]
        )
        entry, _ = make_entry(link, recorded, body)
        link = Link(entry.sequence, entry.hash, recorded)
        entries.append(entry)
        rows.append({"number": entry.sequence, "at": recorded, "until": None, "from": start, "to": start + length})
    for known in range(NOON - 1, recorded + 2):
        view = fold(GENESIS.view(), entries, known)
        for moment in range(12):
            twin = [
                row["number"]
                for row in rows
                if row["at"] <= known
                and (row["until"] is None or row["until"] > known)
                and row["from"] <= moment < row["to"]
            ]
            assert [number for number, _ in view.valid_at(moment)] == twin
