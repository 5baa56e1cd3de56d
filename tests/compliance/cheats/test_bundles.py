"""Cheats in what is signed for an hour: who is owed, what is held, which hours there are."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest

from ledger.errors import InputErrors
from por.bundle import write_missed
from por.hour.balances import BalanceRow
from por.hour.close import close_hour
from por.hour.replay import compare_replay
from por.liabilities.folder import FOLDER, read_folder
from por.liabilities.kernels import select
from por.liabilities.rebuild import rebuild
from por.proofs import find_account, make_proof
from por.reserves.evm import LayoutTable
from por.reserves.evm.header import decode_header
from por.snapshot import SnapshotId, time_text, to_seconds
from por.verify.audit import Reader, audit_bundle, report_of
from por.verify.reserves import ReserveReader, check_reserves
from por.verify.standalone import check_attestation, check_proof, read_attestation, read_key
from tests.compliance.cheats.table import cheat
from tests.compliance.cheats.test_rules import firm, verdict_of
from tests.compliance.procedures.test_perform import found_of, performed, run
from tests.conformance.bundle_forge import bundle as forged
from tests.conformance.bundle_vectors import OtherTotal, lying, small
from tests.conformance.test_reserves import cases as reserve_cases
from tests.conformance.test_reserves import evidence as reserve_evidence
from tests.conformance.test_reserves import recorded
from tests.por.hour.test_close import traded
from tests.support.miniature import public_hex
from tests.support.small import BALANCES, BANK, EXCHANGE, KEY, predecessor, results, small_audit, small_bundle

PUBLIC = KEY.public.hex()
BEN = "ben@example.com"
WITHOUT_BEN = "".join(line for line in BALANCES.splitlines(keepends=True) if not line.startswith("ben"))


def written(folder, files):
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def failed(folder, key=PUBLIC):
    """The checks of an audit that fail."""
    audit = audit_bundle(folder, Reader(read_key(key), ReserveReader(LayoutTable()), select()))
    return {name for name, result in results(audit).items() if result == "fail"}


@pytest.fixture(scope="module")
def hour(tmp_path_factory):
    """An honest hour of the embedded exchange, and the balances that its log gives."""
    folder = tmp_path_factory.mktemp("cheats")
    segment = folder / "segment"
    segment.write_bytes(b"commands")
    hours = traded(folder)
    closed = close_hour(hours.job(hours.cut(), replay={"log-00000001": segment}))
    return closed.path, hours.rows()


def replayed(hour, change):
    """Which checks of a replay fail where the log gives other balances than the bundle: the bundle is what lies."""
    bundle, rows = hour
    assert not [check for check in compare_replay(bundle, rows, select()) if check.result == "fail"], "the honest twin"
    changed = change(list(rows))
    return [f"audit {check.name}" for check in compare_replay(bundle, changed, select()) if check.result == "fail"]


@cheat(
    "Leaves a customer out of the tree",
    "Signs trees without one customer's claim, so that it owes less.",
    ("procedure 2.7", "the customer's own check", "audit replay-balances"),
    "Every other check: sums, roots and statements are of the leaves there are, and pass.",
)
def test_a_customer_is_left_out(tmp_path, hour):
    honest = small_bundle(tmp_path / "honest").path
    without = small_bundle(tmp_path / "without", balances=WITHOUT_BEN).path
    assert not failed(without), "the bundle alone says nothing of it"
    assert found_of(honest, included=(BEN,))["included"].status == "no exception"
    if found_of(without, included=(BEN,))["included"].status == "exception":
        yield "procedure 2.7"
    find_account(leaves(honest), BEN)
    with pytest.raises(InputErrors, match="no balance"):
        find_account(leaves(without), BEN)
    yield "the customer's own check"
    yield from replayed(hour, lambda rows: [*rows, BalanceRow("main", "left-out", "", "BTC", 5, 0)])


def leaves(bundle):
    columns = read_folder(bundle / FOLDER)
    scales = [tree["scale"] for tree in document(bundle)["sections"]["snapshot"]["trees"]]
    return rebuild(columns, scales, select())


def document(bundle):
    return read_attestation((bundle / "attestation.json").read_bytes())


def stated(bundle, account):
    """What the customer's own proof says that they are owed and owe, by asset."""
    rebuilt, attestation = (
        leaves(bundle),
        check_attestation((bundle / "attestation.json").read_bytes(), read_key(KEY.public.hex())),
    )
    proof = make_proof(rebuilt, find_account(rebuilt, account), bytes.fromhex(attestation.digest))
    report = check_proof(proof, attestation, account)
    assert report.verdict == "valid"
    return {each.asset: (Fraction(each.claim), Fraction(each.debt)) for each in report.balances}


@cheat(
    "Understates a claim",
    "Writes 39 ETH into the leaf of a customer who has 40.",
    ("the customer's own check", "audit replay-balances"),
    "The audit of books kept outside: the leaf, its sums and its statement agree with each other.",
)
def test_a_claim_is_understated(tmp_path, hour):
    honest = small_bundle(tmp_path / "honest").path
    less = small_bundle(tmp_path / "less", balances=BALANCES.replace(",ETH,40,", ",ETH,39,")).path
    assert not failed(less)
    assert stated(honest, BEN)["ETH"] == (40, 0), "what the customer knows"
    if stated(less, BEN)["ETH"] != (40, 0):
        yield "the customer's own check"
    yield from replayed(hour, lambda rows: [rows[0]._replace(claim=rows[0].claim + 1), *rows[1:]])


@cheat(
    "Signs a total smaller than its leaves",
    "Leaves are right, and the signed sum beside the root is lower.",
    ("audit sums", "procedure 2.4"),
    "Whoever reads the signed totals alone.",
)
def test_the_signed_total_is_smaller_than_the_leaves(tmp_path):
    honest = small_bundle(tmp_path / "honest").path
    assert not failed(honest)
    cheating = written(tmp_path / "bundle", forged(lying(OtherTotal)))
    if "sums" in failed(cheating, public_hex("first")):
        yield "audit sums"
    if found_of(cheating, key=public_hex("first"))["sums"].status == "exception":
        yield "procedure 2.4"


@cheat(
    "Nets a debt against claims",
    "Takes what a customer owes off what it owes them, and states both as smaller.",
    ("the customer's own check", "audit replay-balances"),
    "Sums and roots of books kept outside: they are of the netted figures.",
)
def test_a_debt_is_netted(tmp_path, hour):
    row = "ann@example.com,email,bot,BTC,0.25,0.1\n"
    assert row in BALANCES
    honest = small_bundle(tmp_path / "honest").path
    netted = small_bundle(tmp_path / "netted", balances=BALANCES.replace(row, row.replace("0.25,0.1", "0.15,0"))).path
    assert not failed(netted)
    assert stated(honest, "ann@example.com")["BTC"] == (Fraction("1.75"), Fraction("0.1"))
    if stated(netted, "ann@example.com")["BTC"] != stated(honest, "ann@example.com")["BTC"]:
        yield "the customer's own check"

    def gross(rows):
        return [rows[0]._replace(claim=rows[0].claim + 7, debt=rows[0].debt + 7), *rows[1:]]

    yield from replayed(hour, gross)


@cheat(
    "Hides a negative balance as zero, or takes it off the sum",
    "Hands in a balance below zero, or leaves a customer's debt out.",
    ("the intake of balances", "audit replay-balances"),
    "Reading totals: a hidden debt makes no claim smaller; it hides that somebody was let spend what they had not.",
)
def test_a_negative_balance_is_hidden(tmp_path, hour):
    small_bundle(tmp_path / "honest")
    with pytest.raises(InputErrors, match=r"balances\.csv"):
        small_bundle(tmp_path / "below", balances=BALANCES.replace(",BTC,0,2", ",BTC,-2,0"))
    yield "the intake of balances"
    yield from replayed(hour, lambda rows: [rows[0]._replace(debt=rows[0].debt + 2), *rows[1:]])


@cheat(
    "Counts an address twice",
    "Signs one address under two spellings, so that its balance counts twice.",
    ("audit double",),
    "The proof of the balance: it is right, both times.",
)
def test_an_address_is_counted_twice():
    assert _reserves("one address in two spellings")["double"] == "fail"
    assert _reserves("honest")["double"] == "pass"
    yield "audit double"


def _reserves(name, *, is_block_known=False, later_hours=0):
    """The reserve checks of a recorded case of a real chain, under a cut-off that may be some hours later."""
    case = next(each for each in reserve_cases() if each["name"].startswith(name))
    sections = read_attestation(case["attestation"].encode())["sections"]
    snapshot = dict(sections["snapshot"])
    snapshot["cutoff"] = time_text(to_seconds(snapshot["cutoff"]) + later_hours * 3_600)
    chain = recorded()["documents"]["honest"]["chains"][0]
    child = decode_header(bytes.fromhex(chain["child"][2:])).hash
    hashes = {recorded()["chain"]: frozenset({child})} if is_block_known else {}
    reader = ReserveReader(LayoutTable(), hashes)
    view = check_reserves({**sections, "snapshot": snapshot}, reserve_evidence(case), reader)
    return {found: result for found, result, _, _ in view.findings}


@cheat(
    "Signs a balance that its proof does not have",
    "Rounds a reserve up, or writes a figure of its own beside a state proof.",
    ("audit balances",),
    "Proof of control: the key is there, whatever it holds.",
)
def test_a_balance_is_not_that_of_its_proof():
    for name in ("a signed balance rounded up", "a balance that its proof does not have"):
        assert _reserves(name)["balances"] == "fail"
    assert _reserves("honest")["balances"] != "fail"
    yield "audit balances"


@cheat(
    "Proves balances at a block of its choice",
    "Takes a block of another time than the last one before the cut-off, when its wallets were full.",
    ("audit cutoff",),
    "The proofs themselves: they hold at that block.",
)
def test_another_block_than_the_last_before_the_cut_off():
    # The reader knows the block's child; the honest block is the last before its cut-off, and not before a later one.
    assert _reserves("honest", is_block_known=True)["cutoff"] == "pass"
    if _reserves("honest", is_block_known=True, later_hours=1)["cutoff"] == "fail":
        yield "audit cutoff"


@cheat(
    "Shows last month's proof of control",
    "Uses a signature for an earlier period, of keys that it may have no more.",
    ("audit control",),
    "The state proof of the balance: the coins are there, whoever has the key.",
)
def test_an_old_proof_of_control():
    assert _reserves("last month's signature")["control"] == "fail"
    assert _reserves("honest")["control"] != "fail"
    yield "audit control"


@cheat(
    "Borrows coins for the snapshot alone",
    "Reserves are full at one hour and below claims in the hours before and after.",
    ("procedure 7.1",),
    "Any procedure on that hour alone: one bundle shows full cover. A loan that lasts for the period: see below.",
)
def test_coins_are_borrowed_for_one_hour(tmp_path):
    low, high = [replace(BANK, balance=10**8)], [replace(BANK, balance=10**9)]
    bundles = run(tmp_path / "loan", 3, h0={"reserve_rows": low}, h1={"reserve_rows": high}, h2={"reserve_rows": low})
    alone = found_of(bundles[1])["window"]
    assert not [text for text in alone.exceptions if "BTC" in text], "a single hour does not show it"
    steady = found_of(*run(tmp_path / "steady", 3, **{f"h{n}": {"reserve_rows": high} for n in range(3)}))["window"]
    assert not [text for text in steady.exceptions if "BTC" in text]
    if [text for text in found_of(*bundles)["window"].exceptions if "BTC (main) is covered at" in text]:
        yield "procedure 7.1"


@cheat(
    "Skips an hour",
    "Signs no statement for an hour in which something was wrong, and goes on as if nothing were.",
    ("audit chain", "procedure 4.3"),
    "Any check of one bundle. An hour that is stated as missed, with a reason, is no gap, and is listed.",
)
def test_an_hour_is_skipped(tmp_path):
    first, second = run(tmp_path / "run", 2)
    at_three = {"snapshot": SnapshotId(EXCHANGE, "2026-11-20T03:00:00Z"), "previous": predecessor(second)}
    skipping = small_bundle(tmp_path / "run", "late", **at_three).path
    found = found_of(first, second, skipping)
    assert not failed(skipping)
    missed = tmp_path / "missed"
    write_missed(missed, SnapshotId(EXCHANGE, "2026-11-20T02:00:00Z"), "disk full", predecessor(second), KEY, ())
    at_three["previous"] = predecessor(missed)
    told = found_of(first, second, missed, small_bundle(tmp_path / "run", "told", **at_three).path)
    assert (told["chain"].status, told["hours"].status) == ("no exception", "no exception")
    if found["chain"].status == "exception":
        yield "audit chain"
    if found["hours"].status == "exception":
        yield "procedure 4.3"


@cheat(
    "Restates an hour silently",
    "Signs a second statement with the same number, and shows it to some readers.",
    ("audit chain",),
    "Any reader who sees one of the two alone: each is whole. A restatement that says so is none of this.",
)
def test_an_hour_is_restated_silently(tmp_path):
    first, shown = run(tmp_path / "one", 2)
    _, other = run(tmp_path / "two", 2, h1={"balances": WITHOUT_BEN})
    assert not failed(shown) and not failed(other)
    honest = report_of([small_audit(first), small_audit(shown)])
    assert honest.chain_check.result == "pass"
    fork = report_of([small_audit(first), small_audit(shown), small_audit(other)])
    if fork.chain_check.result == "fail" and fork.chain.forks:
        yield "audit chain"


@cheat(
    "Fills in an old balance for a reserve that it could not read",
    "Keeps yesterday's figure in the rows while it says that the address was unread.",
    ("audit form", "VARA-RES-01"),
    "Nothing else is needed: the statement contradicts itself, and without the figure the rule lacks data.",
)
def test_an_old_balance_for_an_unread_reserve(tmp_path):
    honest = small(has_log=True, ledger_sections=True)
    assert "form" not in failed(written(tmp_path / "honest", forged(honest)), public_hex("first"))

    def both(sections):
        row = sections["reserves"]["rows"][0]
        unread = {name: row[name] for name in ("address", "asset", "chain", "contract", "entity", "label")}
        sections["unread"]["rows"] = [{**unread, "reason": "endpoint-unreachable"}]

    cheating = forged(honest, change=both)
    assert json.loads(cheating["attestation.json"])["sections"]["unread"]["rows"]
    if "form" in failed(written(tmp_path / "both", cheating), public_hex("first")):
        yield "audit form"
    # Left out, as it must be, the reserve counts nothing, and the rule does not pass.
    unread = {
        "reserves.client": {"BTC": Fraction(1)},
        "claims": {"BTC": Fraction(2)},
        "reserves.unread": frozenset({"BTC"}),
    }
    if verdict_of("vara", "VARA-RES-01", firm(unread)) == "insufficient data":
        assert verdict_of("vara", "VARA-RES-01", firm({})) == "pass"
        yield "VARA-RES-01"


@cheat(
    "Changes leaves after signing",
    "Hands an auditor a folder in which a balance was changed later.",
    ("audit manifest", "audit sums", "audit trees", "procedure 2.6"),
    "The signature of the statement: it is the right one, of other leaves.",
)
def test_leaves_are_changed_after_signing(tmp_path):
    bundle = small_bundle(tmp_path).path
    assert not failed(bundle)
    amounts = bundle / "liabilities" / "tree-00001-amounts.bin"
    data = bytearray(amounts.read_bytes())
    data[15] ^= 1
    amounts.chmod(0o600)
    amounts.write_bytes(data)
    yield from (f"audit {name}" for name in failed(bundle) if name in ("manifest", "trees", "sums"))
    if {each.procedure: each.result for each in performed(bundle, leaves=100).outcomes}["sample-leaves"] == "fail":
        yield "procedure 2.6"
