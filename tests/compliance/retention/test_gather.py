"""What goes in for a day: hashes of what stays, bytes of what is small, seals for customers, and nothing twice."""

from __future__ import annotations

import hashlib
import json
from datetime import date

import pytest

from compliance.retention.archive import Archive, load
from compliance.retention.classes import RecordClass, Regime
from compliance.retention.gather import STORED_BYTES_MAX, FolderSource, Hour, Sources, StatementFile, archive_day
from compliance.retention.records import Referenced, Sealed, Stored
from compliance.retention.sealing import Vault
from compliance.retention.verifying import check_references
from ledger.errors import InputError
from tests.compliance.retention.conftest import MASTER, micros

DAY, NOON = date(2026, 11, 20), micros("2026-11-21T00:10")


@pytest.fixture
def base(tmp_path):
    """An exchange's folder in little: three hours of two days, two sealed segments, results, a statement."""
    base = tmp_path / "exchange"
    for hour in ("2026-11-20T000000Z", "2026-11-20T230000Z", "2026-11-21T000000Z"):
        bundle = base / "hours" / hour
        bundle.mkdir(parents=True)
        (bundle / "attestation.json").write_text(f"attestation of {hour}")
        (bundle / "manifest.json").write_text(f"manifest of {hour}")
        (bundle / "liabilities").mkdir()
        (bundle / "liabilities" / "large").write_text("never copied, never hashed here")
    for name, size in (("log/0000000000.seg", 5000), ("log/0000000001.seg", 6000), ("results/2026-11-20T10.json", 9)):
        (base / name).parent.mkdir(exist_ok=True)
        (base / name).write_bytes(bytes(size))
    (base / "results" / "2026-11-19T10.json").write_text("of the day before")
    (base / "results" / ".being-written.part").write_text("half")
    (base / "statement-ann-1.html").write_text("owed to ann")
    return base


def sources(base, **more):
    hours = (
        Hour(base / "hours/2026-11-20T000000Z", "2026-11-20T00:00:00Z", 5, "aa" * 32),
        Hour(base / "hours/2026-11-20T230000Z", "2026-11-20T23:00:00Z", 9, "bb" * 32),
        Hour(base / "hours/2026-11-21T000000Z", "2026-11-21T00:00:00Z", 11, "cc" * 32),
    )
    segments = (base / "log/0000000000.seg", base / "log/0000000001.seg")
    return Sources(base, (Regime.JAPAN, Regime.VARA), hours, segments, **more)


def gathered(folder, given, day=DAY):
    with Archive(folder) as archive, Vault(folder / "personal", MASTER) as vault:
        return [each.body for each in archive_day(archive, vault, given, day, NOON)]


def test_a_day_in_the_archive(folder, base):
    given = sources(
        base,
        folders=(FolderSource(base / "results", RecordClass.COMPLIANCE_RESULT, of_day=True),),
        statements=(StatementFile(base / "statement-ann-1.html", "ann", "2026-10"),),
    )
    bodies = gathered(folder, given)
    assert [(each.name, type(each.payload)) for each in bodies] == [
        ("segment/0000000000.seg", Referenced),
        ("segment/0000000001.seg", Referenced),
        ("attestation/2026-11-20T000000Z", Stored),
        ("manifest/2026-11-20T000000Z", Referenced),
        ("attestation/2026-11-20T230000Z", Stored),
        ("manifest/2026-11-20T230000Z", Referenced),
        ("log-digest/2026-11-20", Stored),
        ("file/results/2026-11-20T10.json", Stored),
        ("statement/2026-10", Sealed),
    ]
    assert {each.created for each in bodies} == {DAY}
    assert {each.regimes for each in bodies} == {(Regime.JAPAN, Regime.VARA)}
    digest = json.loads(load(folder).objects.get(bodies[6].payload.sha256))
    assert (digest["position"], digest["head"], digest["hour"]) == (9, "bb" * 32, "2026-11-20T23:00:00Z")
    assert digest["segments"][1] == {
        "bytes": 6000,
        "name": "0000000001.seg",
        "sha256": hashlib.sha256(bytes(6000)).hexdigest(),
    }
    assert list(check_references(load(folder), base)) == [None] * 4
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and "personal" not in path.parts)
    assert size < 20_000, "what is large stays where it is"


def test_again_finds_nothing_and_the_next_day_only_what_is_new(folder, base):
    given = sources(base, statements=(StatementFile(base / "statement-ann-1.html", "ann", "2026-10"),))
    assert len(gathered(folder, given)) == 8
    assert gathered(folder, given) == []
    names = [each.name for each in gathered(folder, given, date(2026, 11, 21))]
    assert names == ["attestation/2026-11-21T000000Z", "manifest/2026-11-21T000000Z", "log-digest/2026-11-21"]


def test_a_file_that_changed_is_a_correction_and_both_stay(folder, base):
    given = sources(
        base,
        folders=(FolderSource(base / "results", RecordClass.COMPLIANCE_RESULT),),
        statements=(StatementFile(base / "statement-ann-1.html", "ann", "2026-10"),),
    )
    gathered(folder, given)
    (base / "results" / "2026-11-20T10.json").write_text("restated")
    (base / "statement-ann-1.html").write_text("owed to ann, restated")
    bodies = gathered(folder, given)
    assert [each.name for each in bodies] == ["file/results/2026-11-20T10.json", "statement/2026-10"]
    view, objects = load(folder).view, load(folder).objects
    old, new = view.history(bodies[0].corrects)
    assert objects.get(view.documents[old].payload.sha256) == bytes(9)
    assert objects.get(view.documents[new].payload.sha256) == b"restated"
    with Vault(folder / "personal", MASTER) as vault:
        old, new = view.history(bodies[1].corrects)
        texts = [vault.open(view.documents[n].subject, view.documents[n].payload, objects) for n in (old, new)]
    assert texts == [b"owed to ann", b"owed to ann, restated"]


@pytest.mark.parametrize(("size", "kind"), [(STORED_BYTES_MAX, Stored), (STORED_BYTES_MAX + 1, Referenced)])
def test_a_large_file_is_referenced(folder, base, size, kind):
    (base / "results" / "2026-11-20T10.json").write_bytes(bytes(size))
    given = sources(base, folders=(FolderSource(base / "results", RecordClass.COMPLIANCE_RESULT, of_day=True),))
    assert isinstance(gathered(folder, given)[-1].payload, kind)


def test_a_referenced_file_that_changed_or_went_is_found(folder, base):
    gathered(folder, sources(base))
    (base / "log/0000000001.seg").write_bytes(b"\1" + bytes(5999))
    (base / "hours/2026-11-20T230000Z/manifest.json").unlink()
    problems = [each for each in check_references(load(folder), base) if each]
    assert [each.split(":")[1].split()[0] for each in problems] == [
        "log/0000000001.seg",
        "hours/2026-11-20T230000Z/manifest.json",
    ]


def test_what_is_not_given_is_told(folder, base):
    with Archive(folder) as archive:
        with pytest.raises(InputError, match="are not named"):
            archive_day(archive, None, sources(base)._replace(regimes=()), DAY, NOON)
        statement = StatementFile(base / "statement-ann-1.html", "ann", "2026-10")
        with pytest.raises(InputError, match="master secret"):
            archive_day(archive, None, sources(base, statements=(statement,)), DAY, NOON)
        (base / "hours/2026-11-20T230000Z/attestation.json").unlink()
        with pytest.raises(InputError, match="cannot be read"):
            archive_day(archive, None, sources(base), DAY, NOON)
