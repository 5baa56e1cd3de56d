"""The restore drill, where copies are, and what rules are told: each with what must be found wrong."""

from __future__ import annotations

import errno
import shutil
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from compliance.catalogue import SHARED
from compliance.facts import Facts
from compliance.reports.html import render_html
from compliance.retention.archive import Archive, load
from compliance.retention.authority import Scope, hold_order, sign_order
from compliance.retention.classes import RecordClass, Regime
from compliance.retention.clock_table import CLOCKS
from compliance.retention.disposal import delete_records, request_erasure, seal_document
from compliance.retention.drill import restore_drill
from compliance.retention.facts import JAPAN_DAILY, facts_document, retention_facts
from compliance.retention.objects import LocalObjects, write_once
from compliance.retention.records import Storage
from compliance.retention.regions import check_regions
from compliance.retention.report import retention_document
from compliance.retention.rule_facts import archive_facts, rule_facts
from compliance.retention.sealing import Vault
from compliance.retention.timestamps import TrustedCertificates, stamp_day
from compliance.retention.verifying import check_stamps, verify_archive
from ledger.errors import CheckFailed, InputError
from ledger.log.files import OsFiles
from tests.compliance.retention.conftest import ANN, BEN, DAY_KEY, IDENTITY, MASTER, document, micros

NOON = micros("2026-11-20T12:00")


@pytest.fixture
def trusted(authority):
    return TrustedCertificates((authority.root,), (authority.certificate,))


@pytest.fixture
def full(folder, authority, trusted):
    """A stamped day with a plain and a sealed document, and a line of a day that is open."""
    with Archive(folder) as archive, Vault(folder / "personal", MASTER) as vault:
        archive.append(document(archive, "plain"), NOON)
        subject = vault.subject("ann")
        sealed = seal_document(archive, vault, subject, b"of ann")
        archive.append(document(archive, "kyc/1", record_class=RecordClass.KYC, subject=subject, payload=sealed), NOON)
        day = archive.close_day(date(2026, 11, 20), NOON, DAY_KEY)
        stamp_day(folder / "days", "2026-11-20", day.root, authority, trusted)
        archive.append(Storage("tokyo", "JP-13", "replica", ("JP",), True, None), NOON)
    return folder


# Drills.


def test_a_drill_copies_checks_and_counts(full, tmp_path, trusted):
    drill = restore_drill(full, tmp_path / "copy", trusted, MASTER)
    assert drill.problems == ()
    assert (drill.result, drill.records, drill.objects, drill.days, drill.stamps) == ("pass", 4, 2, 1, 1)
    assert drill.head == load(full).view.link.hash.hex()
    assert load(tmp_path / "copy").entries == load(full).entries
    with Archive(full) as archive:
        archive.append(drill, NOON + 1)
    assert load(full).view.drills[0].body == drill


def test_a_drill_leaves_no_key_of_customers_in_its_copy(full, tmp_path, trusted):
    restore_drill(full, tmp_path / "with", trusted, MASTER)
    restore_drill(full, tmp_path / "without", trusted)
    assert not (tmp_path / "with" / "personal" / "keys").exists()
    assert (full / "personal" / "keys").exists()
    assert (tmp_path / "without" / "personal" / "data.sqlite").exists()


def test_a_copy_in_place_of_the_original_is_the_archive(full, tmp_path, trusted):
    """What a drill rehearses: the copy takes over, with the keys of customers put back, and goes on."""
    restore_drill(full, tmp_path / "copy", trusted, MASTER)
    shutil.copy(full / "personal" / "keys", tmp_path / "copy" / "personal" / "keys")
    with Archive(tmp_path / "copy") as archive, Vault(tmp_path / "copy" / "personal", MASTER) as vault:
        archive.append(document(archive, "goes on"), NOON + 5)
        sealed = archive.view.documents[2]
        assert vault.open(sealed.subject, sealed.payload, archive.objects) == b"of ann"


def test_a_drill_of_a_broken_archive_says_what_is_broken(full, tmp_path, trusted):
    target = load(full).objects.path(load(full).view.documents[1].payload.sha256)
    target.unlink()
    drill = restore_drill(full, tmp_path / "copy", trusted, MASTER)
    assert (drill.result, drill.problems) == ("fail", ("objects: record 1: its document is not there",))


def test_a_drill_without_certificates_or_stamps_does_not_pass(full, tmp_path, trusted):
    assert restore_drill(full, tmp_path / "one").result == "fail"
    (full / "days" / "2026-11-20.tsr").unlink()
    drill = restore_drill(full, tmp_path / "two", trusted)
    assert drill.problems == ("stamps: 2026-11-20: the day has no time stamp",)


def test_a_drill_with_keys_that_were_lost_counts_what_cannot_be_read(full, tmp_path, trusted):
    with Vault(full / "personal", MASTER) as vault:
        vault.erase(vault.subject("ann"))
    drill = restore_drill(full, tmp_path / "copy", trusted, MASTER)
    assert (drill.result, drill.unreadable) == ("fail", 1)


def test_a_drill_overwrites_nothing(full, tmp_path, trusted):
    (tmp_path / "copy").mkdir()
    with pytest.raises(InputError, match="exists"):
        restore_drill(full, tmp_path / "copy", trusted)


# Objects.


def test_what_is_written_once_is_not_written_again(tmp_path):
    objects = LocalObjects(tmp_path)
    name = objects.put(b"one")
    assert objects.put(b"one") == name
    path = objects.path(name)
    assert path.stat().st_mode & 0o777 == 0o400
    with pytest.raises(CheckFailed, match="never overwritten"):
        write_once(OsFiles(), path, b"two")
    path.chmod(0o600)
    path.write_bytes(b"two")
    with pytest.raises(CheckFailed):
        objects.put(b"one")
    assert "root" in objects.limits and "object lock" in objects.limits


def test_a_disk_without_hard_links_still_takes_a_file_once(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr("os.link", refuse)
    objects = LocalObjects(tmp_path)
    name = objects.put(b"one")
    assert (objects.get(name), list(objects.names())) == (b"one", [name])
    with pytest.raises(CheckFailed, match="never overwritten"):
        write_once(OsFiles(), objects.path(name), b"two")


def test_a_part_that_a_crash_left_is_taken_over(tmp_path):
    objects = LocalObjects(tmp_path)
    name = objects.put(b"one")
    part = objects.path(name).with_name(f".{name}.part")
    objects.dispose(name)
    objects.dispose(name)
    part.write_bytes(b"on")
    assert objects.put(b"one") == name
    assert list(objects.names()) == [name]
    assert objects.get(name) == b"one"


# Regions.


@pytest.mark.parametrize(
    ("storages", "is_met", "how"),
    [
        ([], False, "neither kept nor viewable"),
        ([("a", "AE", ("AE",), True)], False, "neither kept nor viewable"),
        ([("a", "JP", (), True)], True, "kept"),
        ([("a", "JP-13", (), True)], True, "kept"),
        ([("a", "AE", ("AE", "JP"), True)], True, "viewable"),
        ([("a", "JP", ("JP",), False)], False, "neither kept nor viewable"),
    ],
)
def test_books_in_japan_or_viewable_there(storages, is_met, how):
    register = {name: Storage(name, region, "primary", seen, active, None) for name, region, seen, active in storages}
    (found,) = check_regions(register, [Regime.JAPAN, Regime.VARA], date(2026, 11, 23))
    assert (found.rule, found.is_met, found.how) == ("JP-BK-03", is_met, how)
    assert check_regions(register, [Regime.VARA], date(2026, 11, 23)) == []


def test_the_newest_line_of_a_storage_counts(folder):
    with Archive(folder) as archive:
        archive.append(Storage("tokyo", "JP", "replica", ("JP",), True, None), NOON)
        archive.append(Storage("tokyo", "JP", "replica", ("JP",), False, None), NOON)
        assert not check_regions(archive.view.storages, [Regime.JAPAN], date(2026, 11, 23))[0].is_met


# Facts.


def test_facts_of_an_archive_that_was_checked(full, tmp_path, trusted):
    with Archive(full) as archive:
        archive.append(restore_drill(full, tmp_path / "copy", trusted, MASTER), NOON + 7)
    findings, loaded = verify_archive(full, trusted=trusted)
    stamps = dict(check_stamps(loaded, trusted))
    facts = retention_facts(loaded, CLOCKS, date(2026, 11, 23), findings=findings, stamps=stamps, verified_at=NOON + 9)
    assert (facts.verified_at, facts.failed_checks, facts.unstamped_days) == (NOON + 9, (), 0)
    assert facts.last_closed == date(2026, 11, 20)
    assert facts.last_stamp == stamps["2026-11-20"]
    assert (facts.last_drill.recorded, facts.last_drill.result) == (NOON + 7, "pass")
    kyc = facts.classes[RecordClass.KYC]
    assert (kyc.records, kyc.retained, kyc.oldest, kyc.gaps) == (1, 1, date(2026, 11, 20), None)
    assert kyc.rules == ("VARA-AML-REC", "VARA-REC-01")
    shown = facts_document(facts)
    assert shown["as_of"] == "2026-11-23"
    assert {row["record_class"] for row in shown["classes"]} == {"attestation", "command_log", "kyc", "trade"}


def test_facts_say_none_for_what_nobody_checked(folder):
    facts = retention_facts(load(folder), CLOCKS, date(2026, 11, 23))
    assert (facts.verified_at, facts.last_closed, facts.last_stamp, facts.last_drill) == (None, None, None, None)
    assert (facts.unstamped_days, facts.failed_checks, facts.regions) == (None, (), ())
    assert facts.classes[RecordClass.ATTESTATION].records == 0
    assert facts.classes[RecordClass.ATTESTATION].gaps == ()


def test_facts_name_the_days_that_are_missing(folder):
    with Archive(folder) as archive:
        for day in (17, 18, 20):
            archive.append(
                document(archive, str(day), record_class=RecordClass.ATTESTATION, created=date(2026, 11, day)), NOON
            )
    facts = [
        retention_facts(load(folder), CLOCKS, date(2026, 11, day)).classes[RecordClass.ATTESTATION].gaps
        for day in (19, 20, 21, 22)
    ]
    assert facts == [(), (date(2026, 11, 19),), (date(2026, 11, 19),), (date(2026, 11, 19), date(2026, 11, 21))]


def test_facts_count_holds_requests_corrections_disposals_and_what_is_due(folder):
    after = date(2034, 11, 20) + timedelta(days=1)
    with Archive(folder) as archive, Vault(folder / "personal", MASTER) as vault:
        for name in "abcd":
            archive.append(document(archive, name, valid_from=ord(name), valid_to=ord(name) + 1), NOON)
        archive.append(document(archive, "e", corrects=4, valid_from=100), NOON)
        archive.append(document(archive, "f", regimes=(Regime.JAPAN,), valid_from=200), NOON)
        archive.append(document(archive, "g", record_class=RecordClass.INCIDENT, regimes=(Regime.US,)), NOON)
        subject = vault.subject("ann")
        sealed = seal_document(archive, vault, subject, b"of ann")
        archive.append(document(archive, "k", record_class=RecordClass.KYC, subject=subject, payload=sealed), NOON)
        request_erasure(archive, CLOCKS, subject, NOON)
        hold = hold_order(IDENTITY, NOON, "case", Scope(record_class=RecordClass.TRADE, until=ord("a")))
        archive.append(sign_order(hold, (ANN, BEN)), NOON)
        delete_records(archive, CLOCKS, [2], "r", "a", (ANN, BEN), micros(after.isoformat()))
    facts = retention_facts(load(folder), CLOCKS, after)
    trades = facts.classes[RecordClass.TRADE]
    assert (trades.records, trades.retained, trades.disposed, trades.short) == (6, 5, 1, 0)
    assert (trades.held, trades.due, trades.waiting, trades.corrected, trades.uncovered) == (1, 3, 1, 1, 0)
    assert facts.classes[RecordClass.INCIDENT].uncovered == 1
    assert (facts.open_holds, facts.open_requests) == (1, 1)
    assert retention_facts(load(folder), CLOCKS, date(2030, 1, 1)).classes[RecordClass.TRADE].short == 1


def test_gaps_of_daily_books_are_business_days_of_japan(folder):
    """2026-11-21 and 22 are a weekend, 2026-11-23 is Labour Thanksgiving Day; 2026-11-24 is a working day."""
    with Archive(folder) as archive:
        archive.append(
            document(archive, "20", record_class=RecordClass.CLIENT_ASSET_DAY, created=date(2026, 11, 20)), NOON
        )
    gaps = [
        retention_facts(load(folder), CLOCKS, day, daily=JAPAN_DAILY).classes[RecordClass.CLIENT_ASSET_DAY].gaps
        for day in (date(2026, 11, 24), date(2026, 11, 25))
    ]
    assert gaps == [(), (date(2026, 11, 24),)]


# Facts in the catalogue's names, and the report.


def named(folder, as_of=date(2026, 11, 23), **more):
    facts = retention_facts(load(folder), CLOCKS, as_of, **more)
    moment = datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC)
    found = rule_facts(facts, load(folder), moment)
    Facts("main", moment, {kind.name: kind for kind in SHARED}, found)  # every name and shape is the catalogue's
    return {each.name: each for each in found}


def test_an_empty_archive_gives_no_facts_and_so_no_rule_passes(folder):
    assert named(folder) == {}


def test_rules_are_told_classes_years_gaps_drill_and_countries(full, tmp_path, trusted):
    with Archive(full) as archive:
        archive.append(restore_drill(full, tmp_path / "good", trusted, MASTER), NOON + 7)
        archive.append(restore_drill(full, tmp_path / "bad"), NOON + 9)
        archive.append(Storage("gone", "SG", "replica", ("SG",), False, None), NOON + 9)
    findings, _ = verify_archive(full, trusted=trusted)
    found = named(full, findings=findings, verified_at=NOON + 10)
    assert set(found) == {"archive.drilled", "archive.regions", "archive.verified", "retention"}
    assert found["archive.regions"].value == frozenset({"JP"})
    assert found["archive.drilled"].value == datetime(2026, 11, 20, 12, 0, 0, 7, tzinfo=UTC), "not the one that failed"
    rows = {row["class"]: row for row in found["retention"].value}
    assert (rows["kyc"]["keeps_years"], rows["kyc"]["gaps"]) == (Fraction(8), Fraction(0))
    assert rows["trade"]["first_day"] == date(2026, 11, 20)
    assert set(rows) == {"kyc", "trade"}, "of a class without a record nothing is known"


def test_an_archive_that_failed_a_check_is_not_verified(full, trusted):
    (full / "days" / "2026-11-20.tsr").unlink()
    findings, _ = verify_archive(full, trusted=trusted)
    assert "archive.verified" not in named(full, findings=findings, verified_at=NOON + 10)


@pytest.mark.parametrize(
    ("more", "as_of", "years"),
    [
        ({"regimes": (Regime.VARA,)}, date(2026, 11, 23), 8),
        ({"regimes": (Regime.HOUSE, Regime.VARA)}, date(2026, 11, 23), 10),
        ({"regimes": (Regime.JAPAN,)}, date(2026, 11, 23), 10),
        ({"record_class": RecordClass.INCIDENT, "regimes": (Regime.US,)}, date(2026, 11, 23), None),
        ({"created": date(2024, 2, 29), "regimes": (Regime.US,)}, date(2025, 1, 1), 5),
    ],
)
def test_the_years_that_a_class_is_kept_for(folder, more, as_of, years):
    with Archive(folder) as archive:
        archive.append(document(archive, "a", **more), NOON)
    (row,) = named(folder, as_of)["retention"].value
    assert row["keeps_years"] == years


def test_what_was_deleted_too_early_shortens_its_class(folder):
    """As a stricter table would find it: eight years were served, ten are asked for now."""
    strict = [each._replace(years=10) if each.rule.startswith("VARA") and each.years else each for each in CLOCKS]
    with Archive(folder) as archive:
        archive.append(document(archive, "a"), NOON)
        delete_records(archive, CLOCKS, [1], "r", "a", (ANN, BEN), micros("2034-12-01"))
    facts = retention_facts(load(folder), strict, date(2035, 1, 1)).classes[RecordClass.TRADE]
    assert (facts.short, facts.keeps_years) == (1, 8)
    kept = retention_facts(load(folder), CLOCKS, date(2035, 1, 1)).classes[RecordClass.TRADE]
    assert (kept.short, kept.keeps_years) == (0, 8)


def test_the_report_shows_marks_gaps_holds_and_limits(full, trusted):
    with Archive(full) as archive:
        hold = hold_order(IDENTITY, NOON, "case 7", Scope(record_class=RecordClass.KYC))
        archive.append(sign_order(hold, (ANN, BEN)), NOON)
        archive.append(document(archive, "x", record_class=RecordClass.ATTESTATION, regimes=(Regime.JAPAN,)), NOON)
    findings, loaded = verify_archive(full)
    facts = retention_facts(loaded, CLOCKS, date(2026, 11, 24), findings=findings)
    shown = retention_document(facts, loaded, CLOCKS, findings, "2026-11-24T00:00:00Z")
    tables = {table.name: table for table in shown.tables}
    assert {"chain": "pass", "stamps": "unchecked"}.items() <= {r[0]: r[1] for r in tables["checks"].rows}.items()
    assert ("JP-BK-02", "unverified") in {(row[0], row[4]) for row in tables["clocks"].rows}
    assert "HOUSE-10" not in {row[0] for row in tables["clocks"].rows}, "no record is kept under it"
    assert tables["matrix"].rows[1][:2] == ("vara", "kyc 1, trade 1")
    assert "minutes" in tables["matrix"].rows[1][2]
    assert [row[1:] for row in tables["holds"].rows] == [("class kyc", "case 7")]
    assert tables["regions"].rows == (("JP-BK-03", "pass", "kept", "tokyo"),)
    texts = [text for block in shown.blocks for text in (*block.paragraphs, *block.after)]
    assert "attestation: no record for 2026-11-21, 2026-11-22, 2026-11-23" in texts
    assert "attestation: 1 records that no clock covers; they are kept" in texts
    assert render_html(shown, "Skip").count("object lock") == 1


def test_facts_straight_from_a_folder(full, tmp_path, trusted):
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    assert archive_facts(tmp_path / "nowhere", moment) == []
    found = {each.name: each.value for each in archive_facts(full, moment, trusted)}
    assert found["archive.verified"] == moment
    (full / "segments" / "0000000000.arc").chmod(0o600)
    (full / "segments" / "0000000000.arc").write_bytes(b"x")
    assert archive_facts(full, moment, trusted) == [], "nothing is told of a chain that is broken"
