"""The audit: an unchanged bundle passes, and each signed lie is found by the check it belongs to."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest

from ledger.canonical import canonical_file, parse_file, tagged_hash
from ledger.keys import SigningKey
from por import attestation as attestations
from por.attestation import Predecessor, ReserveRow, section_hash, sign_attestation, statement_digest
from por.liabilities.folder import FOLDER, Lines, read_folder, write_folder
from por.liabilities.kernels import available, select, unpack_amount
from por.liabilities.rebuild import rebuild
from por.manifest import MANIFEST_NAME, build_manifest
from por.snapshot import SnapshotId
from por.verify import standalone
from por.verify.audit import report_of
from por.verify.liabilities import check_liabilities
from tests.support.small import EXCHANGE, KEY, predecessor, results, small_audit, small_bundle

NEXT = "2026-11-20T03:00:00Z"


@pytest.fixture
def bundle(tmp_path):
    return small_bundle(tmp_path).path


def resign(bundle, change=lambda sections: None, key=KEY):
    """Sign the attestation and the manifest again after a change: what a dishonest exchange can do."""
    document = standalone.read_attestation((bundle / "attestation.json").read_bytes())
    sections = {name: section for name, section in document["sections"].items() if name != "keys"}
    change(sections)
    before = document["statement"]
    previous = (
        None if before["previous"] is None else Predecessor(bytes.fromhex(before["previous"]), before["sequence"] - 1)
    )
    snapshot = SnapshotId.parse(before["snapshot"])
    data = sign_attestation(before["kind"], snapshot, sections, previous, key, [])
    (bundle / "attestation.json").write_bytes(data)
    remanifest(bundle, key)


def remanifest(bundle, key=KEY):
    document = parse_file((bundle / "attestation.json").read_bytes())
    (bundle / MANIFEST_NAME).unlink()
    digest = statement_digest(document["statement"])
    data = build_manifest(bundle, document["statement"]["snapshot"], document["statement"]["sequence"], digest, key)
    (bundle / MANIFEST_NAME).write_bytes(data)


def rewrite(bundle, change):
    """Change the auditor's columns and bind them in the manifest again."""
    columns = change(read_folder(bundle / FOLDER))
    shutil.rmtree(bundle / FOLDER)
    write_folder(bundle / FOLDER, columns)
    remanifest(bundle)


def failed(bundle, **reader):
    return {name for name, result in results(small_audit(bundle, **reader)).items() if result == "fail"}


@pytest.mark.parametrize("kernel", available())
def test_an_unchanged_bundle_passes_with_every_kernel(bundle, kernel):
    audit = small_audit(bundle, kernel=select(kernel))
    assert "fail" not in results(audit).values()
    liabilities = ("form", "signature", "manifest", "accounts", "leaves", "trees", "sums", "statements")
    assert set(results(audit, liabilities).values()) == {"pass"}


def test_reserves_without_evidence_are_the_exchanges_word(bundle):
    audit = small_audit(bundle)
    assert audit.verdict == "unchecked"
    assert [check.assurance for check in audit.checks if check.name == "evidence"] == ["claimed"]


def test_without_a_key_the_signature_is_unchecked(bundle):
    audit = small_audit(bundle, key=None)
    assert results(audit)["signature"] == "unchecked"
    assert audit.verdict == "unchecked"


def test_another_key_fails_and_nothing_below_is_believed(bundle):
    audit = small_audit(bundle, key=SigningKey(b"o" * 32))
    assert results(audit)["signature"] == "fail"
    assert set(results(audit, ("trees", "manifest", "evidence")).values()) == {"unchecked"}


def test_no_attestation_is_invalid(tmp_path):
    (tmp_path / "empty").mkdir()
    assert small_audit(tmp_path / "empty").verdict == "invalid"


def test_only_the_public_part_leaves_the_leaves_unchecked(bundle):
    shutil.rmtree(bundle / FOLDER)
    audit = small_audit(bundle)
    assert results(audit)["manifest"] == "pass"
    assert results(audit)["trees"] == "unchecked"
    assert audit.verdict == "unchecked"


def test_a_total_that_the_root_does_not_hold(bundle):
    def lie(sections):
        tree = sections["snapshot"]["trees"][0]
        tree["claims"] = "100000000"
        total, book = sections["reserves"]["totals"][0], sections["books"]["rows"][0]
        total["claims"] = book["claims"] = tree["claims"]
        total["coverage"] = "3.000000"
        book["excess"], book["deficit"] = str(int(book["custody"]) + int(book["debts"]) - 10**8), "0"
        net = sections["net"]["rows"][0]
        net["claims"], net["counted_debts"], net["net_claims"] = tree["claims"], "0", tree["claims"]

    resign(bundle, lie)
    assert failed(bundle) == {"sums"}


def test_a_root_of_other_leaves(bundle):
    resign(bundle, lambda sections: sections["snapshot"]["trees"][0].update(root="1" * 64))
    assert failed(bundle) == {"trees"}


def test_an_account_root_of_other_statements(bundle):
    resign(bundle, lambda sections: sections["snapshot"]["accounts"].update(root="1" * 64))
    assert failed(bundle) == {"statements"}


def change_tree(number, **fields):
    def change(columns):
        trees = list(columns.trees)
        trees[number] = replace(trees[number], **{name: make(trees[number]) for name, make in fields.items()})
        return replace(columns, trees=tuple(trees))

    return change


def edited(array, at, value):
    result = array.copy()
    result[at] = value
    return result


@pytest.mark.parametrize(
    ("change", "checks"),
    [
        (change_tree(0, amounts=lambda tree: edited(tree.amounts, (0, 15), 9)), {"trees", "sums", "statements"}),
        (change_tree(0, salts=lambda tree: edited(tree.salts, (0, 0), 9)), {"trees"}),
        (change_tree(0, amounts=lambda tree: edited(tree.amounts, 0, 0)), {"leaves"}),
        (change_tree(1, accounts=lambda tree: edited(tree.accounts, 0, tree.accounts[1])), {"leaves"}),
        (change_tree(0, accounts=lambda tree: tree.accounts[::-1].copy()), {"trees", "statements"}),
        (change_tree(0, lines=lambda tree: Lines.none()), {"statements"}),
        (change_tree(0, lines=lambda tree: replace(tree.lines, subaccount=tree.lines.subaccount + 1)), {"statements"}),
        (change_tree(2, entity=lambda tree: "other"), {"leaves"}),
        (lambda columns: replace(columns, snapshot="other"), {"leaves"}),
        (lambda columns: replace(columns, account_salts=edited(columns.account_salts, (0, 0), 9)), {"statements"}),
    ],
)
def test_other_leaves_than_the_signed_ones(bundle, change, checks):
    rewrite(bundle, change)
    assert failed(bundle) - {"accounts"} == checks


def identities(*entries):
    def change(columns):
        packed = [b"".join(len(part).to_bytes(4, "big") + part for part in entry) for entry in entries]
        offsets = np.cumsum([0, *map(len, packed)]).astype(np.uint64)
        return replace(columns, identities=np.frombuffer(b"".join(packed), np.uint8), offsets=offsets)

    return change


@pytest.mark.parametrize(
    "entries",
    [
        [(b"email", b"a"), (b"email", b"a"), (b"email", b"b")],
        [(b"email", b"a"), (b"assigned", b"a"), (b"email", b"b")],
        [(b"passport", b"a"), (b"email", b"b"), (b"email", b"c")],
        [(b"email", b""), (b"email", b"b"), (b"email", b"c")],
        [(b"email", b" a"), (b"email", b"b"), (b"email", b"c")],
        [(b"email", b"\xff"), (b"email", b"b"), (b"email", b"c")],
        [(b"email", "e\u0301".encode()), (b"email", b"b"), (b"email", b"c")],
    ],
)
def test_accounts_that_break_the_rules(bundle, entries):
    rewrite(bundle, identities(*entries))
    assert "accounts" in failed(bundle)


def test_an_account_without_a_leaf(bundle):
    """A customer left out of every tree still stands in the account tree, so the folder shows it."""
    columns = read_folder(bundle / FOLDER)
    lonely = int(np.flatnonzero([columns.identity(n)[1] == "1001" for n in range(3)])[0])
    tree = columns.trees[1]
    keep = tree.accounts != lonely
    slots = np.flatnonzero(keep)
    lines = Lines.none()
    changed = replace(
        tree, accounts=tree.accounts[keep], salts=tree.salts[keep], amounts=tree.amounts[slots], lines=lines
    )
    rewrite(bundle, lambda c: replace(c, trees=(c.trees[0], changed, c.trees[2])))
    assert {"accounts", "leaves"} <= failed(bundle)


def test_a_spelled_out_main_line_is_refused(bundle):
    columns = read_folder(bundle / FOLDER)
    tree = columns.trees[1]
    explicit = {int(slot) for slot in tree.lines.slot}
    slot = next(n for n in range(len(tree.accounts)) if n not in explicit)
    order = np.argsort(np.append(tree.lines.slot, slot), kind="stable")
    lines = Lines(
        np.append(tree.lines.slot, slot).astype(np.uint64)[order],
        np.append(tree.lines.subaccount, 0).astype(np.uint32)[order],
        np.concatenate([tree.lines.amounts, tree.amounts[slot : slot + 1]])[order],
    )
    rewrite(bundle, change_tree(1, lines=lambda _tree: lines))
    assert failed(bundle) == {"statements"}


def test_evidence_that_nobody_signed(bundle):
    (bundle / "reserves").mkdir()
    (bundle / "reserves" / "evidence.json").write_bytes(b"{}\n")
    remanifest(bundle)
    assert failed(bundle) == {"evidence"}


def test_rows_said_to_be_proven_without_evidence(tmp_path):
    row = ReserveRow("main", "ETH", "eip155:1", "native", "0x" + "1" * 40, 5, "", "eip191", "state-proof")
    assert failed(small_bundle(tmp_path, reserve_rows=[row]).path) == {"evidence"}


def test_a_manifest_of_another_hour_or_key(bundle, tmp_path):
    other = small_bundle(tmp_path / "other", snapshot=SnapshotId(EXCHANGE, NEXT)).path
    good = (bundle / MANIFEST_NAME).read_bytes()
    (bundle / MANIFEST_NAME).write_bytes((other / MANIFEST_NAME).read_bytes())
    assert failed(bundle) == {"manifest"}
    (bundle / MANIFEST_NAME).write_bytes(good)
    remanifest(bundle, SigningKey(b"o" * 32))
    assert failed(bundle) == {"manifest"}
    (bundle / MANIFEST_NAME).unlink()
    assert failed(bundle) == {"manifest"}


def test_a_section_from_the_future_is_unchecked_and_does_no_harm(bundle):
    resign(bundle, lambda sections: sections.update({"lending-2031": {"rows": []}}))
    audit = small_audit(bundle)
    assert results(audit)["sections"] == "unchecked"
    assert "fail" not in results(audit).values()


def test_a_changed_section_with_an_unchanged_hash_is_refused(bundle):
    document = parse_file((bundle / "attestation.json").read_bytes())
    document["sections"]["books"]["rows"][0]["in_transit"] = "1"
    (bundle / "attestation.json").write_bytes(canonical_file(document))
    assert "form" in failed(bundle)


def test_a_run_of_bundles_forms_a_chain(tmp_path):
    one = small_bundle(tmp_path / "1").path
    two = small_bundle(tmp_path / "2", snapshot=SnapshotId(EXCHANGE, NEXT), previous=predecessor(one)).path
    assert report_of([small_audit(one), small_audit(two)]).chain_check.result == "pass"
    fork = small_bundle(tmp_path / "3", master=b"f" * 32).path
    report = report_of([small_audit(one), small_audit(fork)])
    assert report.verdict == "invalid"
    assert report.chain.forks == [("bundle", "bundle")]


def test_the_report_names_every_check_with_the_fields_that_programs_read(bundle):
    report = report_of([small_audit(bundle)]).as_json()
    assert set(report) == {"bundles", "checks", "forks", "verdict"}
    for check in report["checks"]:
        assert set(check) == {"assurance", "detail", "name", "required", "result"}
        assert (check["assurance"] is not None) == (check["result"] == "pass")


def test_section_hashes_bind_the_name():
    assert section_hash("a", {}) != section_hash("b", {})
    assert attestations.section_hash("a", {}) == tagged_hash(9, b"\0\0\0\1a{}")


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("attestation.json", "form"),
        (MANIFEST_NAME, "manifest"),
        ("liabilities/index.json", "accounts"),
        ("liabilities/accounts.bin", "accounts"),
        ("liabilities/tree-00000-lines.bin", "accounts"),
    ],
)
@pytest.mark.parametrize("special", [os.mkfifo, lambda path: os.symlink("/dev/zero", path)])
def test_a_pipe_or_a_device_in_a_bundle_holds_nobody_up(bundle, name, check, special):
    (bundle / name).unlink()
    special(bundle / name)
    assert check in failed(bundle)


def test_an_index_that_claims_four_billion_accounts_costs_nothing(bundle):
    """The offsets of so many would take 34 GB before the first record is read."""
    index = parse_file((bundle / FOLDER / "index.json").read_bytes())
    index["accounts"] = 2**32 - 1
    (bundle / FOLDER / "index.json").write_bytes(canonical_file(index))
    (bundle / FOLDER / "accounts.bin").write_bytes(b"")
    remanifest(bundle)
    [detail] = [check.detail for check in small_audit(bundle).checks if check.name == "accounts"]
    assert "too short" in detail


def test_without_a_key_everything_is_only_claimed(bundle):
    """Anyone can make a bundle and sign it: what adds up in it is not proven of any exchange."""
    passed = [check for check in small_audit(bundle, key=None).checks if check.result == "pass"]
    assert {check.name for check in passed} >= {"form", "manifest", "trees", "sums"}
    assert {check.assurance for check in passed if check.name != "form"} == {"claimed"}


def test_a_leaf_that_fell_to_zero_stands_only_where_a_log_does(bundle):
    columns = change_tree(1, amounts=lambda tree: edited(tree.amounts, 0, 0))(read_folder(bundle / FOLDER))
    bare = [replace(tree, lines=Lines.none()) for tree in columns.trees]
    columns, kernel = replace(columns, trees=tuple(bare)), select()
    document = standalone.read_attestation((bundle / "attestation.json").read_bytes())
    snapshot = dict(document["sections"]["snapshot"])
    rebuilt = rebuild(columns, [tree["scale"] for tree in snapshot["trees"]], kernel)
    rows = []
    for row, root, levels in zip(snapshot["trees"], rebuilt.roots, rebuilt.trees, strict=True):
        claims, debts = unpack_amount(levels.top)
        rows.append(row | {"root": root.hex(), "claims": str(claims), "debts": str(debts)})
    snapshot |= {"trees": rows, "accounts": {"count": 3, "root": rebuilt.account_root.hex()}}
    for ledger, expected in (({"position": 1}, set()), (None, {"leaves"})):
        findings, _ = check_liabilities(columns, snapshot | {"ledger": ledger}, kernel)
        assert {name for name, result, _ in findings if result == "fail"} == expected
