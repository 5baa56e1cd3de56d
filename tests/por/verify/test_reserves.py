"""What an exchange signs as proven, and what its evidence shows: a chain of two made-up headers and one-leaf tries."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct

from ledger.canonical import Tag, canonical_file, tagged_hash
from por.attestation import EVIDENCE_FORMAT
from por.reserves.evm import Expectation, Layout, LayoutTable, rlp, verify_evidence
from por.reserves.evm.control import Challenge, challenge_text
from por.reserves.evm.header import decode_header
from por.reserves.evm.hexes import keccak256, to_hex
from por.reserves.evm.trie import EMPTY_ROOT
from por.snapshot import to_seconds
from por.verify.reserves import ReserveReader, ReserveView, check_reserves

CHAIN, HOUR = "eip155:1", "2026-11-20T02:00:00Z"
HOLDER, TOKEN = b"\x11" * 20, b"\x22" * 20
CUTOFF = to_seconds(HOUR)
OWNER = Account.from_key(b"\x07" * 32)
EARLIER = bytes(range(32))
LAYOUT = Layout(CHAIN, TOKEN, "SOL", 6, "solidity", 3)
KNOWN = LayoutTable.of([LAYOUT], {CHAIN: ("ETH", 18)})


def header(number: int, parent: bytes, state_root: bytes, timestamp: int) -> bytes:
    numbers = [rlp.encode_integer(value) for value in (0, number, 30_000_000, 0, timestamp)]
    fields = [parent, bytes(32), bytes(20), state_root, bytes(32), bytes(32), bytes(256), *numbers]
    return rlp.encode([*fields, b"", bytes(32), bytes(8)])


def leaf(key: bytes, value: bytes) -> bytes:
    return rlp.encode([b"\x20" + keccak256(key), value])


def account(balance: int, storage_root: bytes, code_hash: bytes) -> bytes:
    return rlp.encode([b"", rlp.encode_integer(balance), storage_root, code_hash])


def evidence(contract: bytes | None, balance: int, nodes: list[bytes], slots: list[Any], age: int = 5) -> Any:
    """One chain with one row; `nodes[0]` is the state trie's only leaf, if there is one."""
    held = HOLDER if contract is None else contract
    block = header(100, bytes(32), keccak256(nodes[0]) if nodes else EMPTY_ROOT, CUTOFF - age)
    child = header(101, keccak256(block), bytes(32), CUTOFF + 7)
    native = contract is None
    layout = {"base_slot": to_hex((3).to_bytes(32, "big")), "bits": 256, "order": "solidity", "shift": 0}
    row = {
        "address": to_hex(HOLDER),
        "asset": "ETH" if native else "SOL",
        "balance": str(balance),
        "contract": "native" if contract is None else to_hex(contract),
        "decimals": 18 if native else 6,
        "entity": "main",
        "label": "",
        "layout": None if native else layout,
        "method": "native" if native else "slot",
    }
    chain = {
        "accounts": [{"address": to_hex(held), "proof": [0], "slots": slots}] if nodes else [],
        "block": to_hex(block),
        "block_hash": to_hex(keccak256(block)),
        "block_number": 100,
        "block_time": CUTOFF - age,
        "chain": CHAIN,
        "child": to_hex(child),
        "controls": [],
        "cutoff": CUTOFF,
        "endpoints": [],
        "finality": "finalized",
        "nodes": [to_hex(node) for node in nodes],
        "rows": [row],
    }
    return {"evm": {"chains": [chain], "format": "tallystick/evm-reserves/1"}, "format": EVIDENCE_FORMAT}


def check(document: Any, layouts: LayoutTable = KNOWN, control: str = "none", **sections_: Any) -> ReserveView:
    """Check evidence whose only row is signed as a state proof, with the evidence's own figure."""
    data = canonical_file(document)
    row = document["evm"]["chains"][0]["rows"][0]
    names = ("address", "asset", "balance", "contract", "entity", "label")
    signed = {name: row[name] for name in names} | {"chain": CHAIN, "control": control, "evidence": "state-proof"}
    snapshot = {
        "cutoff": HOUR,
        "exchange": "small.exchange",
        "previous": sections_.get("previous"),
        "reserves": tagged_hash(Tag.RESERVE_EVIDENCE, data).hex(),
        "trees": [{"asset": row["asset"], "entity": "main", "scale": row["decimals"]}],
    }
    sections = {"reserves": {"rows": [signed]}, "snapshot": snapshot}
    return check_reserves(sections, data, ReserveReader(layouts, statements=sections_.get("statements", frozenset())))


def finding(view: ReserveView, name: str) -> tuple[str, str | None]:
    return next((result, assurance) for found, result, assurance, _ in view.findings if found == name)


def test_a_proven_balance_passes() -> None:
    view = check(evidence(None, 5, [leaf(HOLDER, account(5, EMPTY_ROOT, keccak256(b"")))], []))
    assert (finding(view, "evidence"), finding(view, "balances")) == (("pass", "proven"), ("pass", "proven"))


def test_a_row_signed_as_proven_without_any_proof_is_refused() -> None:
    view = check(evidence(None, 10**30, [], []))
    assert finding(view, "evidence")[0] == "fail"
    assert finding(view, "balances") == ("pass", "claimed"), "nothing was recomputed"


def test_a_token_row_signed_as_proven_without_its_slot_is_no_pass() -> None:
    view = check(evidence(TOKEN, 10**30, [leaf(TOKEN, account(0, EMPTY_ROOT, keccak256(b"code")))], []))
    assert finding(view, "balances")[0] == "unchecked"


@pytest.mark.parametrize(("layouts", "assurance"), [(KNOWN, "proven"), (LayoutTable({}, {}), "claimed")])
def test_a_balance_under_a_layout_that_only_the_evidence_states_passes_as_claimed(
    layouts: LayoutTable, assurance: str
) -> None:
    key = LAYOUT.storage_key(HOLDER)
    storage = leaf(key, rlp.encode(rlp.encode_integer(777)))
    top = leaf(TOKEN, account(0, keccak256(storage), keccak256(b"code")))
    view = check(evidence(TOKEN, 777, [top, storage], [{"key": to_hex(key), "proof": [1]}]), layouts)
    assert finding(view, "balances") == ("pass", assurance)
    assert view.rows[0].assurance_given_block == "claimed", "no control is shown"


def test_a_month_old_block_with_an_invented_child_is_not_settled_by_its_own_hash() -> None:
    document = evidence(None, 5, [leaf(HOLDER, account(5, EMPTY_ROOT, keccak256(b"")))], [], age=30 * 86_400)["evm"]
    block, child = (decode_header(bytes.fromhex(document["chains"][0][name][2:])).hash for name in ("block", "child"))
    expected = Expectation("small.exchange", frozenset())
    for pinned, assurance in ((block, "claimed"), (child, "proven")):
        given = {"cutoff": CUTOFF, "layouts": KNOWN, "expected": expected, "block_hashes": {CHAIN: {pinned}}}
        assert verify_evidence(document, **given).rows[0].assurance == assurance


@pytest.mark.parametrize(
    ("digest", "given", "result"),
    [
        (EARLIER, {"previous": EARLIER.hex()}, "pass"),
        (EARLIER, {"previous": "aa" * 32, "statements": frozenset({EARLIER.hex()})}, "pass"),
        (bytes(32), {}, "pass"),
        (EARLIER, {"previous": "aa" * 32}, "unchecked"),
        (bytes(32), {"previous": "aa" * 32}, "unchecked"),
    ],
)
def test_a_challenge_that_names_no_known_statement_may_have_been_signed_long_before(
    digest: bytes, given: dict[str, Any], result: str
) -> None:
    """A key lent once could sign for every period to come; the digest of a statement cannot be known before it."""
    holder = bytes.fromhex(OWNER.address[2:])
    document = evidence(None, 5, [leaf(holder, account(5, EMPTY_ROOT, keccak256(b"")))], [])
    chain = document["evm"]["chains"][0]
    chain["rows"][0]["address"] = chain["accounts"][0]["address"] = to_hex(holder)
    fields = {"block_hash": "0x" + "33" * 32, "block_number": 90, "expires": CUTOFF + 60, "period": HOUR}
    item = Challenge("small.exchange", CHAIN, holder, HOUR, 90, b"\x33" * 32, CUTOFF + 60, digest)
    signature = OWNER.sign_message(encode_defunct(text=challenge_text(item))).signature
    challenge = fields | {"digest": to_hex(digest)}
    entry = {"address": to_hex(holder), "challenge": challenge, "scheme": "eip191", "signature": to_hex(signature)}
    chain["controls"] = [entry]
    view = check(document, control="eip191", **given)
    assert finding(view, "control")[0] == result
    assert view.rows[0].assurance_given_block == ("proven" if result == "pass" else "claimed")
