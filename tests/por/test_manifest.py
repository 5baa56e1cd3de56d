"""The evidence manifest: what it binds, what it refuses, and receipts that need no merkletools to check."""

from __future__ import annotations

import copy
import hashlib
import os
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import Tag, canonical, canonical_file, parse_file, tagged_hash, u64
from ledger.errors import CheckFailed, FormatError, InputError
from ledger.keys import LABEL_MANIFEST, SigningKey
from por.manifest import (
    MANIFEST_NAME,
    build_manifest,
    check_files,
    check_receipt,
    make_receipt,
    merkle_root,
    read_manifest,
    signed_by,
)

KEY = SigningKey(b"m" * 32)
SNAPSHOT = "small.exchange/2026-11-23T02:00:00Z/0"
DIGEST = b"d" * 32
FILES = {
    "attestation.json": b"{}\n",
    "reserves/evidence.json": b"evidence\n",
    "reserves/more.bin": b"more",
    "liabilities/index.json": b"private\n",
    "liabilities/a.bin": bytes(100),
    "proofs/proofs.bin": b"",
}


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "bundle"
    for path, data in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / MANIFEST_NAME).write_bytes(build_manifest(folder, SNAPSHOT, 7, DIGEST, KEY))
    return folder


def check(folder):
    return check_files(folder, read_manifest((folder / MANIFEST_NAME).read_bytes()))


def sign(statement):
    """A manifest of any statement, signed by the exchange's own key: what a dishonest exchange can make."""
    digest = tagged_hash(Tag.MANIFEST, canonical(statement))
    return canonical_file({"signature": KEY.sign(LABEL_MANIFEST, digest).hex(), "statement": statement})


def test_an_unchanged_bundle_passes_whole(bundle):
    assert check(bundle) == {"public": "pass", "liabilities": "pass", "proofs": "pass"}


def test_private_folders_may_be_kept_back_and_are_unchecked(bundle):
    for name in ("index.json", "a.bin"):
        (bundle / "liabilities" / name).unlink()
    (bundle / "liabilities").rmdir()
    assert check(bundle)["liabilities"] == "unchecked"


@pytest.mark.parametrize("path", sorted(FILES))
def test_any_changed_file_is_refused(bundle, path):
    (bundle / path).write_bytes(FILES[path] + b"x")
    with pytest.raises(CheckFailed):
        check(bundle)


@pytest.mark.parametrize("path", ["attestation.json", "reserves/more.bin", "liabilities/a.bin"])
def test_a_missing_file_is_refused(bundle, path):
    (bundle / path).unlink()
    with pytest.raises(CheckFailed):
        check(bundle)


@pytest.mark.parametrize("path", ["extra.json", "reserves/extra", "liabilities/extra", "proofs/x", "replay/log"])
def test_an_unlisted_file_is_refused(bundle, path):
    (bundle / path).parent.mkdir(exist_ok=True)
    (bundle / path).write_bytes(b"")
    with pytest.raises(CheckFailed):
        check(bundle)


@pytest.mark.parametrize("name", [".hidden", "reserves/a b", "reserves/é", "-x"])
def test_an_odd_path_is_refused(bundle, name):
    (bundle / name).write_bytes(b"")
    with pytest.raises(CheckFailed):
        check(bundle)


def test_links_to_files_and_folders_are_refused(bundle, tmp_path):
    os.symlink(bundle / "attestation.json", bundle / "link.json")
    with pytest.raises(CheckFailed):
        check(bundle)
    (bundle / "link.json").unlink()
    os.symlink(tmp_path, bundle / "folder")
    with pytest.raises(CheckFailed):
        check(bundle)


def changed_statement(bundle, change):
    document = parse_file((bundle / MANIFEST_NAME).read_bytes())
    statement = copy.deepcopy(document["statement"])
    change(statement)
    return sign(statement)


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(count=s["count"] + 1),
        lambda s: s["entries"].reverse(),
        lambda s: s["entries"].append(dict(s["entries"][-1])),
        lambda s: s["entries"].pop(),
        lambda s: s["entries"][0].update(position=1),
        lambda s: s["entries"][0].update(position=False),
        lambda s: s["entries"][0].update(snapshot="other"),
        lambda s: s["entries"][0].update(extra=1),
        lambda s: s["entries"][0].update(path="../x"),
        lambda s: s["entries"][0].update(path="/x"),
        lambda s: s["entries"][0].update(size=True),
        lambda s: s["entries"][0].update(sha256="0" * 64),
        lambda s: s.update(root="0" * 64),
        lambda s: s.update(format="tallystick/manifest/2"),
        lambda s: s.update(key=SigningKey(b"o" * 32).public.hex()),
        lambda s: s["private"].reverse(),
        lambda s: s["private"][0].update(folder="other"),
        lambda s: s["private"][0].update(count=0),
        lambda s: s.pop("private"),
        lambda s: s.update(sequence="7"),
        lambda s: s.update(sequence=True),
        lambda s: s.update(entries=[]),
    ],
)
def test_a_signed_manifest_that_contradicts_itself_is_refused(bundle, change):
    with pytest.raises((CheckFailed, FormatError)):
        read_manifest(changed_statement(bundle, change))


def test_a_broken_signature_is_refused(bundle):
    data = bytearray((bundle / MANIFEST_NAME).read_bytes())
    at = data.index(b'"signature":"') + 20
    data[at] = ord("0") if data[at] != ord("0") else ord("1")
    with pytest.raises(CheckFailed):
        read_manifest(bytes(data))


@pytest.mark.parametrize("path", sorted(FILES))
def test_one_file_is_handed_over_with_its_receipt(bundle, path):
    receipt = make_receipt(bundle, path)
    assert check_receipt(FILES[path], receipt, signed_by(KEY.public))["path"] == path
    with pytest.raises(CheckFailed):
        check_receipt(FILES[path] + b"x", receipt, signed_by(KEY.public))
    with pytest.raises(CheckFailed):
        check_receipt(FILES[path], receipt, signed_by(SigningKey(b"o" * 32).public))


def test_a_receipt_is_checked_without_merkletools(bundle, monkeypatch):
    receipt = make_receipt(bundle, "attestation.json")
    monkeypatch.setitem(sys.modules, "merkletools", None)
    assert check_receipt(FILES["attestation.json"], receipt, signed_by(KEY.public))


def test_building_without_merkletools_says_how_to_get_it(bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, "merkletools", None)
    with pytest.raises(InputError, match="pip install --no-deps merkletools"):
        build_manifest(bundle, SNAPSHOT, 7, DIGEST, KEY)


def test_a_receipt_for_a_file_that_is_not_there(bundle):
    with pytest.raises(InputError):
        make_receipt(bundle, "nothing.json")


def _receipt_changes(document):
    proof = document["receipt"]["proof"]
    yield "no path at all", lambda d: d["receipt"].update(proof=[])
    yield "a shorter path", lambda d: d["receipt"].update(proof=proof[:-1])
    yield "a longer path", lambda d: d["receipt"].update(proof=[*proof, {"right": "0" * 64}])
    yield (
        "sides swapped",
        lambda d: d["receipt"].update(
            proof=[{"left" if "right" in step else "right": next(iter(step.values()))} for step in proof]
        ),
    )
    yield "target is the root", lambda d: d["receipt"].update(targetHash=d["receipt"]["merkleRoot"], proof=[])
    yield "another position", lambda d: d["entry"].update(position=d["entry"]["position"] + 1)
    yield "a folder that is no text", lambda d: d.update(root=[])
    yield "another folder that is no text", lambda d: d.update(root={})
    yield "an anchor that nobody checks", lambda d: d["receipt"].update(anchors=[{"type": "BTCOpReturn"}])
    yield "an unknown key", lambda d: d["receipt"].update(note="1")
    yield "another type", lambda d: d["receipt"].update(type="ChainpointSHA512v2")
    yield "another root", lambda d: d["receipt"].update(merkleRoot="0" * 64)
    yield "another folder", lambda d: d.update(root="proofs")
    yield "another snapshot", lambda d: d["entry"].update(snapshot="other")
    yield "loose steps", lambda d: d["receipt"].update(proof=[[step] for step in proof])


def test_forged_receipts_are_refused(bundle):
    path = "liabilities/a.bin"
    document = parse_file(make_receipt(bundle, path))
    for name, change in _receipt_changes(document):
        forged = copy.deepcopy(document)
        change(forged)
        with pytest.raises((CheckFailed, FormatError)):
            assert check_receipt(FILES[path], canonical_file(forged), signed_by(KEY.public)), name


def test_an_inner_node_is_never_taken_for_a_file(bundle):
    """The package's tree accepts 64 bytes of two hashes as a record; here a record is an entry, with its tag."""
    document = parse_file(make_receipt(bundle, "reserves/more.bin"))
    entries = document["manifest"]["statement"]["entries"]
    leaves = [tagged_hash(Tag.MANIFEST_ENTRY, canonical(entry)) for entry in entries]
    record = leaves[0] + leaves[1]
    forged = copy.deepcopy(document)
    forged["entry"] |= {"position": 0, "sha256": hashlib.sha256(record).hexdigest(), "size": 64}
    forged["receipt"]["targetHash"] = hashlib.sha256(record).hexdigest()
    forged["receipt"]["proof"] = [{"right": leaves[2].hex()}]
    with pytest.raises(CheckFailed):
        check_receipt(record, canonical_file(forged), signed_by(KEY.public))


def test_the_count_is_bound():
    """Three leaves and the two nodes that they fold to have one untagged root; the tagged roots differ."""
    leaves = [bytes([n]) * 32 for n in range(3)]
    folded = [hashlib.sha256(leaves[0] + leaves[1]).digest(), leaves[2]]
    assert merkle_root(leaves) == merkle_root(folded)
    roots = {tagged_hash(Tag.MANIFEST_ROOT, merkle_root(nodes) + u64(len(nodes))) for nodes in (leaves, folded)}
    assert len(roots) == 2


@settings(max_examples=20)
@given(st.integers(1, 40))
def test_the_package_and_our_own_code_build_the_same_tree(count):
    from por.manifest import _merkle_tree

    leaves = [hashlib.sha256(bytes([n])).digest() for n in range(count)]
    assert bytes.fromhex(_merkle_tree(leaves).get_merkle_root()) == merkle_root(leaves)


def test_a_key_signs_receipts_in_its_own_time_only():
    old, new = b"o" * 32, b"n" * 32
    accepts = signed_by(new, [{"from": old.hex(), "to": new.hex(), "sequence": 5}])
    assert [accepts(old, 4), accepts(old, 5), accepts(new, 4), accepts(new, 5)] == [True, False, False, True]
