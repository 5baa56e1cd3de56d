"""What hostile bundles did to an audit before it refused them, one test each; their files are conformance cases too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from cli.common import run
from cli.main import cli
from ledger.errors import CheckFailed, FormatError
from por.liabilities.kernels import select
from por.manifest import check_receipt, read_manifest, signed_by
from por.reserves.evm import LayoutTable
from por.snapshot import SnapshotId
from por.verify.audit import BundleAudit, Reader, audit_bundle
from por.verify.chain import Link, check_chain
from por.verify.reserves import ReserveReader
from por.verify.standalone import read_key
from tests.conformance.bundle_forge import Files, bundle, entries, leaf, manifest, merkle, path_in
from tests.conformance.bundle_vectors import HONEST, small
from tests.support.miniature import Holder, canonical, public_hex

BTC = ("main", "BTC")
KEY = public_hex("first")


def write(folder: Path, files: Files) -> Path:
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def audited(folder: Path) -> BundleAudit:
    return audit_bundle(folder, Reader(read_key(KEY), ReserveReader(LayoutTable()), select()))


def result(audit: BundleAudit, name: str) -> str:
    return next(check.result for check in audit.checks if check.name == name)


def test_an_account_without_a_leaf_ended_the_audit_with_an_error(tmp_path: Path) -> None:
    holders = [Holder("email", "a@example.com", {BTC: [("", 1, 0)]}), Holder("email", "none@example.com", {})]
    audit = audited(write(tmp_path, bundle(small(holders, scales={BTC: 8}))))
    assert result(audit, "accounts") == "fail"
    assert result(audit, "statements") == "unchecked"


def test_a_stated_count_of_four_billion_accounts_took_34_gigabytes(tmp_path: Path) -> None:
    files = bundle(HONEST)
    index = files["liabilities/index.json"].replace(b'{"accounts":3', b'{"accounts":4294967295')
    audit = audited(write(tmp_path, {**files, "liabilities/index.json": index}))
    assert result(audit, "accounts") == "fail"


def test_a_pipe_in_place_of_a_file_held_the_audit_for_ever(tmp_path: Path) -> None:
    for place in ("attestation.json", "manifest.json", "reserves/evidence.json", "liabilities/accounts.bin"):
        folder = write(tmp_path / place.replace("/", "-"), bundle(HONEST))
        (folder / place).unlink()
        os.mkfifo(folder / place)
        assert audited(folder).verdict == "invalid"


def test_a_link_in_place_of_a_file_was_followed_before_it_was_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "bundle", bundle(HONEST))
    (folder / "attestation.json").rename(tmp_path / "elsewhere")
    (folder / "attestation.json").symlink_to(tmp_path / "elsewhere")
    assert result(audited(folder), "form") == "fail"


def test_a_file_name_that_is_no_text_ended_the_audit_while_it_was_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(tmp_path / "bundle", bundle(HONEST))
    os.symlink("liabilities", os.fsencode(folder) + b"/\xff\x1b[2J")
    assert run(cli, ["audit", str(folder), "--key", KEY, "--json"]) == 1
    assert run(cli, ["audit", str(folder), "--key", KEY]) == 1
    assert "\x1b[2J" not in capsys.readouterr().out


@pytest.mark.parametrize("reason", ["[/]", "[bold green]all is well[/]", "a\x1b[2Jb", "\u202edlrow"])
def test_the_exchanges_words_were_read_as_markup_by_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reason: str
) -> None:
    missed = small(kind="missed", sequence=1)
    folder = write(tmp_path, bundle(missed, change=lambda sections: sections["missed"].update(reason=reason)))
    assert run(cli, ["audit", str(folder), "--key", KEY]) == 0
    shown = capsys.readouterr().out
    assert "\x1b[2J" not in shown and "\u202e" not in shown
    assert "[" not in reason or "[" in shown


def test_a_manifests_count_could_be_written_as_a_truth() -> None:
    missed = small(kind="missed", sequence=1)
    with pytest.raises(FormatError):
        read_manifest(bundle(missed, listing=lambda statement: statement.update(count=True))["manifest.json"])


def test_only_the_first_private_folder_was_held_to_its_order() -> None:
    def disorder(statement: dict[str, Any]) -> None:
        row = statement["private"][0]
        statement["private"] = [row, {**row, "folder": "replay"}, {**row, "folder": "proofs"}]

    with pytest.raises(FormatError):
        read_manifest(bundle(HONEST, listing=disorder)["manifest.json"])


def receipt(**changes: Any) -> tuple[bytes, bytes]:
    files = {"attestation.json": b"one", "b.json": b"two", "c.json": b"three"}
    made = manifest(files, HONEST, bytes(32))
    listed = entries(files, None, HONEST.snapshot)
    nodes = [leaf(entry) for entry in listed]
    point = {
        "@context": "https://w3id.org/chainpoint/v2",
        "anchors": [],
        "merkleRoot": merkle(nodes).hex(),
        "proof": path_in(nodes, 1),
        "targetHash": nodes[1].hex(),
        "type": "ChainpointSHA256v2",
    }
    document = {"entry": listed[1], "format": "tallystick/receipt/1", "manifest": json_of(made), "root": "public"}
    document["receipt"] = point | changes.pop("receipt", {})
    return b"two", canonical(document | changes) + b"\n"


def json_of(data: bytes) -> Any:
    from ledger.canonical import parse_file

    return parse_file(data)


def test_an_honest_receipt_is_accepted() -> None:
    assert check_receipt(*receipt(), signed_by(bytes.fromhex(KEY)))["path"] == "b.json"


@pytest.mark.parametrize("root", [[], {}, None, 1, ["public"]])
def test_a_receipt_for_a_folder_that_is_no_name_ended_the_check_with_an_error(root: Any) -> None:
    with pytest.raises(CheckFailed):
        check_receipt(*receipt(root=root), signed_by(bytes.fromhex(KEY)))


@pytest.mark.parametrize(
    "change", [{"anchors": ["anything"]}, {"type": "other"}, {"@context": ""}, {"note": 1}, {"anchors": None}]
)
def test_parts_of_a_receipt_could_say_anything(change: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        check_receipt(*receipt(receipt=change), signed_by(bytes.fromhex(KEY)))


def link(sequence: int, hour: int, revision: int = 0, restates: str | None = None, **fields: Any) -> Link:
    kind = "restatement" if revision else "missed"
    snapshot = SnapshotId("demo.exchange", f"2026-11-23T{hour:02d}:00:00Z", revision)
    previous = None if sequence == 0 else f"digest {sequence - 1}"
    return Link(f"b{sequence}", f"digest {sequence}", sequence, previous, kind, snapshot, restates, **fields)


def test_one_hour_could_be_restated_twice_under_one_revision() -> None:
    first, second = link(1, 0, 1, "digest 0"), link(2, 0, 1, "digest 0")
    assert check_chain([link(0, 0), first, link(2, 0, 2, "digest 1")]).result == "pass"
    report = check_chain([link(0, 0), first, second])
    assert report.result == "fail"
    assert "two statements of" in report.failures[0]


def test_a_rotation_could_be_dated_back_before_what_the_old_key_signed() -> None:
    def chain(sequence: int) -> str:
        rotations = ({"sequence": sequence},)
        return check_chain([link(0, 0), link(1, 1), link(2, 2, rotations=rotations)]).result

    assert [chain(sequence) for sequence in (1, 2)] == ["fail", "pass"]
