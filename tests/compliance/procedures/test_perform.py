"""Procedures on bundles: each tampering is an exception of the right procedure, and what was not done is not shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from compliance.procedures.perform import Asked, Handed, perform
from compliance.reports.packs.aup.catalogue import PROCEDURES
from compliance.reports.packs.aup.findings import EXCEPTION, NONE_FOUND, UNPERFORMED, findings
from ledger.keys import SigningKey
from por.bundle import write_missed
from por.liabilities.kernels import select
from por.reserves.evm import LayoutTable
from por.snapshot import SnapshotId
from por.verify.audit import AFTER_SIGNATURE, Reader, audit_bundle, report_of
from por.verify.reserves import ReserveReader
from por.verify.standalone import read_key
from tests.conformance.test_bundles import cases, unpack
from tests.support.small import BANK, EXCHANGE, KEY, predecessor, small_bundle

BEYOND = frozenset({"sample-leaves", "included", "sample-reserves", "mix", "prices", "hours", "around-cut", "window"})


def performed(*folders: Path, key: str | None = KEY.public.hex(), seed: str = "seed", **more):
    """Procedures over bundles as a practitioner has them."""
    reader_key = None if key is None else read_key(key)
    reader = Reader(reader_key, ReserveReader(LayoutTable()), select())
    audits = [audit_bundle(folder, reader) for folder in folders]
    counts = {"leaves": 5, "rows": 5, "movements": 5} | more
    handed = [
        Handed(f"{n}-{folder.name}", folder, audit)
        for n, (folder, audit) in enumerate(zip(folders, audits, strict=True))
    ]
    return perform(handed, report_of(audits), Asked(seed, reader_key, select(), **counts))


def found_of(*folders: Path, **more):
    return {each.wording.key: each for each in findings(performed(*folders, **more).outcomes)}


def run(folder: Path, hours: int, **changes) -> list[Path]:
    """Bundles of hours that follow each other; `changes` by the number of the hour."""
    made: list[Path] = []
    for number in range(hours):
        given = {"snapshot": SnapshotId(EXCHANGE, f"2026-11-20T{number:02d}:00:00Z")}
        given["previous"] = predecessor(made[-1]) if made else None
        made.append(small_bundle(folder, f"hour-{number}", **(given | changes.get(f"h{number}", {}))).path)
    return made


@pytest.mark.parametrize("number", range(len(cases())), ids=[case["name"] for case in cases()])
def test_every_failed_check_of_every_forged_bundle_is_an_exception_of_its_procedure(tmp_path, number):
    """The same bundles that the audit is held against: nothing that fails there is lost or softened here."""
    case = cases()[number]
    folder = unpack(case, tmp_path / "bundle")
    found = found_of(folder, key=case["key"])
    for name, result in case["checks"].items():
        if name in ("in-flight", "books"):
            continue
        status = found[name].status
        if name in ("missed", "failed", "unread"):
            assert status == EXCEPTION
        else:
            assert status == {"pass": NONE_FOUND, "fail": EXCEPTION, "unchecked": UNPERFORMED}[result], name
    for each in found.values():
        assert (each.status == EXCEPTION) == bool(each.exceptions)
        assert each.status != UNPERFORMED or each.open, "what was not performed has its reason"
        assert each.status != NONE_FOUND or not each.open


def test_the_catalogue_has_every_check_of_an_audit():
    keys = {each.key for each in PROCEDURES}
    assert {
        "form",
        "signature",
        "chain",
        "missed",
        "failed",
        "zero-sum",
        "in-flight",
        "unread",
        *AFTER_SIGNATURE,
    } <= keys


def test_samples_of_an_honest_bundle_agree_and_follow_the_seed(tmp_path):
    bundle = small_bundle(tmp_path).path
    first, again, other = (performed(bundle, seed=seed, leaves=2) for seed in ("a", "a", "bb"))
    assert first == again
    assert [each.place for each in first.leaves] != [each.place for each in other.leaves]
    assert {each.result for each in first.leaves} == {"pass"} and len(first.leaves) == 2
    assert [(each.signed, each.result, each.assurance) for each in first.rows] == [(3 * 10**8, "pass", "claimed")]


def test_without_the_key_a_sample_is_the_exchanges_word(tmp_path):
    bundle = small_bundle(tmp_path).path
    outcome = {each.procedure: each for each in performed(bundle, key=None).outcomes}["sample-leaves"]
    assert (outcome.result, outcome.assurance) == ("pass", "claimed")
    assert found_of(bundle, key=SigningKey(bytes(32)).public.hex())["sample-leaves"].status == UNPERFORMED


def test_a_leaf_changed_after_signing_is_an_exception_of_trees_and_of_its_sample(tmp_path):
    bundle = small_bundle(tmp_path).path
    amounts = bundle / "liabilities" / "tree-00001-amounts.bin"
    amounts.chmod(0o600)
    data = bytearray(amounts.read_bytes())
    data[15] ^= 1
    amounts.write_bytes(data)
    found = found_of(bundle, leaves=100)
    for key in ("manifest", "trees", "sums", "statements", "sample-leaves"):
        assert found[key].status == EXCEPTION, key
    for key in ("form", "signature", "accounts", "leaves"):
        assert found[key].status == NONE_FOUND, key


def test_an_id_that_must_be_there_is_looked_for(tmp_path):
    bundle = small_bundle(tmp_path).path
    there = ("ann@example.com", "1001")
    assert found_of(bundle, included=there)["included"].status == NONE_FOUND
    wrong = found_of(bundle, included=(*there, "left.out@example.com", "ANN@example.com"))["included"]
    assert wrong.status == EXCEPTION and len(wrong.exceptions) == 2
    assert found_of(bundle)["included"].status == UNPERFORMED


def test_reserves_that_are_there_for_one_hour_alone_show_in_the_hours_around(tmp_path):
    low, high = [replace(BANK, balance=1)], [replace(BANK, balance=10**9)]
    one = found_of(*run(tmp_path / "one", 1, h0={"reserve_rows": high}))["window"]
    assert not [text for text in one.exceptions if "BTC" in text], "one hour alone shows nothing of it"
    three = run(tmp_path / "three", 3, h0={"reserve_rows": low}, h1={"reserve_rows": high}, h2={"reserve_rows": low})
    shown = found_of(*three)["window"]
    assert [text for text in shown.exceptions if "BTC (main) is covered at" in text and "neither" in text]
    steady = run(tmp_path / "steady", 3, **{f"h{n}": {"reserve_rows": high} for n in range(3)})
    assert not [text for text in found_of(*steady)["window"].exceptions if "BTC" in text]


def test_a_gap_between_hours_and_a_missed_hour_are_exceptions(tmp_path):
    bundles = run(tmp_path, 3)
    whole = found_of(*bundles)
    assert (whole["hours"].status, whole["chain"].status) == (NONE_FOUND, NONE_FOUND)
    gap = found_of(bundles[0], bundles[2])
    assert gap["hours"].status == EXCEPTION and "1 hours without a statement" in gap["hours"].exceptions[0]
    assert found_of(bundles[1])["hours"].status == UNPERFORMED
    missed = tmp_path / "missed"
    write_missed(missed, SnapshotId(EXCHANGE, "2026-11-20T03:00:00Z"), "disk full", predecessor(bundles[2]), KEY, ())
    with_missed = found_of(*bundles, missed)
    assert with_missed["hours"].status == NONE_FOUND
    assert with_missed["missed"].status == EXCEPTION and "disk full" in with_missed["missed"].exceptions[0]
    assert with_missed["trees"].status == UNPERFORMED or with_missed["trees"].status == NONE_FOUND


def test_a_fork_is_an_exception_of_the_chain(tmp_path):
    first, _ = run(tmp_path / "one", 2)
    _, other = run(tmp_path / "two", 2, h1={"reserve_rows": [replace(BANK, balance=5)]})
    _, second = run(tmp_path / "three", 2)
    assert found_of(first, second, other)["chain"].status == EXCEPTION


def test_rows_without_proof_of_control_are_listed(tmp_path):
    found = found_of(small_bundle(tmp_path).path)["mix"]
    assert found.exceptions == ("0-bundle: BTC at vault 1: no proof of control",)


def test_an_unreadable_attestation_leaves_the_rest_unperformed(tmp_path):
    bundle = small_bundle(tmp_path).path
    (bundle / "attestation.json").write_bytes(json.dumps({}).encode())
    found = found_of(bundle)
    assert found["form"].status == EXCEPTION
    assert all(each.status == UNPERFORMED for key, each in found.items() if key != "form" and key in BEYOND)
