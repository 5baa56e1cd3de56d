"""Bundles: written whole or not at all, the same again from the same secrets, and what they hold stands up."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from ledger.canonical import canonical_file, parse_file
from ledger.errors import FormatError, InputError, TallystickError
from por.bundle import BookFigures, write_bundle, write_missed
from por.liabilities.folder import FOLDER, read_folder
from por.liabilities.kernels import available, select
from por.liabilities.rebuild import rebuild
from por.proofs import find_account, make_proof, proof_name, read_container
from por.snapshot import SnapshotId
from por.verify import standalone
from tests.support.small import BALANCES, EXCHANGE, HOUR, KEY, predecessor, small_bundle, small_input

NEXT = "2026-11-20T03:00:00Z"


def sections(bundle):
    return standalone.read_attestation((bundle / "attestation.json").read_bytes())["sections"]


def rebuilt_of(bundle):
    columns = read_folder(bundle / FOLDER)
    return rebuild(columns, [tree["scale"] for tree in sections(bundle)["snapshot"]["trees"]], select())


def test_a_rebuild_in_two_processes_is_the_same(tmp_path, monkeypatch):
    bundle = small_bundle(tmp_path).path
    columns, whole = read_folder(bundle / FOLDER), rebuilt_of(bundle)
    monkeypatch.setattr("por.liabilities.rebuild.WORTH_A_FORK", 1)
    halves = rebuild(columns, [tree["scale"] for tree in sections(bundle)["snapshot"]["trees"]], select("numpy"))
    assert (halves.roots, halves.account_root, halves.first) == (whole.roots, whole.account_root, whole.first)


def checked(bundle):
    data = (bundle / "attestation.json").read_bytes()
    return standalone.check_attestation(data, standalone.read_key(KEY.public.hex()))


def test_claims_and_debts_are_gross_and_by_customer(tmp_path):
    trees = {t["asset"]: t for t in sections(small_bundle(tmp_path).path)["snapshot"]["trees"]}
    assert (trees["BTC"]["claims"], trees["BTC"]["debts"], trees["BTC"]["leaves"]) == ("175000000", "210000000", 2)
    assert (trees["ETH"]["claims"], trees["ETH"]["leaves"]) == ("50000000001", 3)
    assert (trees["XRP"]["claims"], trees["XRP"]["leaves"]) == ("0", 0)


def test_every_customer_verifies(tmp_path):
    written = small_bundle(tmp_path)
    rebuilt, attestation = rebuilt_of(written.path), checked(written.path)
    for account, kind in (("ann@example.com", "email"), ("ben@example.com", "email"), ("1001", "assigned")):
        slot = find_account(rebuilt, account)
        report = standalone.check_proof(make_proof(rebuilt, slot, written.digest), attestation, account)
        assert report.verdict == "valid"
        identity = next(check for check in report.checks if check.name == "identity")
        assert identity.assurance == ("claimed" if kind == "assigned" else "proven")


def test_subaccounts_are_listed_and_add_up(tmp_path):
    written = small_bundle(tmp_path)
    rebuilt = rebuilt_of(written.path)
    proof = parse_file(make_proof(rebuilt, find_account(rebuilt, "ann@example.com"), written.digest))
    btc = next(leaf for leaf in proof["leaves"] if leaf["asset"] == "BTC")
    assert [(line["subaccount"], line["claim"]) for line in btc["lines"]] == [("", "150000000"), ("bot", "25000000")]


def test_a_proof_carries_no_id(tmp_path):
    written = small_bundle(tmp_path)
    rebuilt = rebuilt_of(written.path)
    proof = make_proof(rebuilt, find_account(rebuilt, "ann@example.com"), written.digest)
    assert b"ann" not in proof


def test_the_same_secrets_give_the_same_bundle_on_every_kernel(tmp_path):
    digests = set()
    for name in available():
        digests.add(small_bundle(tmp_path / name, kernel=select(name)).digest)
    assert len(digests) == 1


def test_another_hour_shares_no_salt_name_or_node(tmp_path):
    one = small_bundle(tmp_path / "1").path
    two = small_bundle(tmp_path / "2", snapshot=SnapshotId(EXCHANGE, NEXT)).path
    a, b = read_folder(one / FOLDER), read_folder(two / FOLDER)
    assert not {bytes(salt) for salt in a.account_salts} & {bytes(salt) for salt in b.account_salts}
    nodes = [{bytes(node) for tree in rebuilt_of(path).trees for node in tree.leaves[:, :32]} for path in (one, two)]
    assert not nodes[0] & nodes[1]


def test_the_container_holds_every_proof_byte_for_byte(tmp_path):
    written = small_bundle(tmp_path, all_proofs=True)
    rebuilt = rebuilt_of(written.path)
    data = (written.path / "proofs" / "proofs.bin").read_bytes()
    for slot in range(written.accounts):
        name = proof_name(rebuilt.columns.account_salts[slot].tobytes())
        assert read_container(io.BytesIO(data), name) == make_proof(rebuilt, slot, written.digest)
    with pytest.raises(InputError):
        read_container(io.BytesIO(data), "0" * 64)
    for broken in (b"", data[:30], data[:100], b"x" + data[1:]):
        with pytest.raises((FormatError, InputError)):
            read_container(io.BytesIO(broken), proof_name(rebuilt.columns.account_salts[0].tobytes()))


def test_an_account_that_is_not_there(tmp_path):
    rebuilt = rebuilt_of(small_bundle(tmp_path).path)
    for account in ("nobody", "nn@example.com", "ann@example.co", ""):
        with pytest.raises(InputError):
            find_account(rebuilt, account)


def test_a_bundle_is_never_overwritten(tmp_path):
    small_bundle(tmp_path)
    with pytest.raises(InputError, match="exists"):
        small_bundle(tmp_path)


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(*_args):
        raise TallystickError("the disk is full")

    monkeypatch.setattr("por.bundle.build_manifest", fail)
    given = small_input(tmp_path / "inputs")
    with pytest.raises(TallystickError):
        write_bundle(tmp_path / "out" / "bundle", given)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_reserve_of_an_asset_that_nobody_is_owed_is_named(tmp_path):
    given = small_input(tmp_path)
    row = replace(given.reserve_rows[0], entity="elsewhere")
    with pytest.raises(InputError, match="elsewhere"):
        write_bundle(tmp_path / "bundle", replace(given, reserve_rows=[row]))


def test_no_balances_at_all_is_an_honest_bundle(tmp_path):
    written = small_bundle(tmp_path, balances="account,asset,claim\n", reserve_rows=[])
    assert written.accounts == 0
    assert all(tree["leaves"] == 0 for tree in sections(written.path)["snapshot"]["trees"])


def test_small_trees_are_disclosed(tmp_path):
    disclosed = sections(small_bundle(tmp_path).path)["snapshot"]["disclosures"]
    assert {"code": "small-tree", "detail": "main/BTC"} in disclosed
    assert {"code": "small-tree", "detail": "main/XRP"} not in disclosed


def test_the_books_balance_with_what_the_operator_states(tmp_path):
    figures = {("main", "BTC"): BookFigures(in_transit=5, receivables=7, house=600_000_000)}
    rows = {row["asset"]: row for row in sections(small_bundle(tmp_path, figures=figures).path)["books"]["rows"]}
    assert rows["BTC"]["deficit"] == str(175_000_000 + 600_000_000 - 300_000_000 - 5 - 7 - 210_000_000)
    assert rows["ETH"]["house"] is None
    assert rows["ETH"]["deficit"] == "50000000001"


def test_the_net_figure_stands_beside_the_gross_one_and_counts_covered_debts_only(tmp_path):
    net = {row["asset"]: row for row in sections(small_bundle(tmp_path).path)["net"]["rows"]}
    # Ann's bot has 0.25 BTC at 0.9 against 0.1: whole. Ben has 40 ETH at 3000 * 0.8 = 96000 against 2 BTC = 120000.
    assert net["BTC"]["counted_debts"] == str(10_000_000 + 160_000_000)
    assert (net["BTC"]["over_collateral_count"], net["BTC"]["over_collateral_sum"]) == (1, "40000000")


def test_without_prices_no_net_figure_is_stated(tmp_path):
    given = small_input(tmp_path)
    bare = {name: replace(asset, price=None, haircut=None) for name, asset in given.assets.items()}
    write_bundle(tmp_path / "bundle", replace(given, assets=type(given.assets)(tuple(bare.values()))))
    assert "net" not in sections(tmp_path / "bundle")


def test_a_missed_hour_says_so_and_nothing_else(tmp_path):
    first = small_bundle(tmp_path).path
    write_missed(tmp_path / "missed", SnapshotId(EXCHANGE, NEXT), "a flood", predecessor(first), KEY, [])
    assert set(sections(tmp_path / "missed")) == {"keys", "missed"}
    assert {path.name for path in (tmp_path / "missed").iterdir()} == {"attestation.json", "manifest.json"}


def test_columns_are_read_back_as_written(tmp_path):
    columns = read_folder(small_bundle(tmp_path).path / FOLDER)
    assert {columns.identity(n) for n in range(3)} == {
        ("email", "ann@example.com"),
        ("email", "ben@example.com"),
        ("assigned", "1001"),
    }
    assert columns.subaccounts == ("", "bot", "trading")
    assert [len(tree.lines.slot) for tree in columns.trees] == [2, 1, 0]


@pytest.mark.parametrize("name", ["accounts.bin", "tree-00000-salts.bin", "tree-00001-lines.bin", "index.json"])
@pytest.mark.parametrize("change", ["cut", "grow", "remove"])
def test_a_folder_of_another_form_is_named(tmp_path, name, change):
    folder = small_bundle(tmp_path).path / FOLDER
    path = folder / name
    data = path.read_bytes()
    if change == "remove":
        path.unlink()
    else:
        path.write_bytes(data[:-1] if change == "cut" else data + b"\0")
    with pytest.raises(TallystickError):
        read_folder(folder)


def test_an_extra_file_in_the_folder_is_named(tmp_path):
    folder = small_bundle(tmp_path).path / FOLDER
    (folder / "notes.txt").write_text("")
    with pytest.raises(TallystickError, match=r"notes\.txt"):
        read_folder(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"accounts": 2},
        {"accounts": True},
        {"accounts": 2**32},
        {"format": "tallystick/liabilities/2"},
        {"subaccounts": ["bot", ""]},
        {"subaccounts": [1]},
        {"trees": {}},
        {"trees": [{}]},
        {"more": 1},
    ],
)
def test_a_folder_index_of_another_form_is_refused(tmp_path, change):
    folder = small_bundle(tmp_path).path / FOLDER
    index = json.loads((folder / "index.json").read_bytes())
    (folder / "index.json").write_bytes(canonical_file(index | change))
    with pytest.raises(TallystickError):
        read_folder(folder)


def test_lines_out_of_order_are_refused(tmp_path):
    folder = small_bundle(tmp_path).path / FOLDER
    path = folder / "tree-00000-lines.bin"
    records = np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, 44)
    path.write_bytes(records[::-1].tobytes())
    with pytest.raises(TallystickError, match="rise"):
        read_folder(folder)


def test_entities_have_trees_of_their_own(tmp_path):
    rows = BALANCES.replace("account,kind", "entity,account,kind").splitlines()
    entities = [rows[0], *(f"{'jp' if n % 2 else 'main'},{line}" for n, line in enumerate(rows[1:]))]
    written = small_bundle(tmp_path, balances="\n".join(entities) + "\n")
    assert {(tree.entity, tree.asset) for tree in written.trees} >= {("jp", "BTC"), ("main", "BTC")}
    assert HOUR in str(sections(written.path)["snapshot"]["cutoff"])
