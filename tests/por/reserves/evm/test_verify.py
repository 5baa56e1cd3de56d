"""The offline verifier: what is proven, what stays a claim, and that nothing changed in a document ever passes."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError
from por.reserves.evm import ChainConfig, EvmReserve, EvmResult, LayoutTable, RowResult, verify_evidence
from por.reserves.evm.collect import assemble, collect
from por.reserves.evm.header import decode_header
from por.reserves.evm.hexes import from_hex, to_hex
from por.reserves.evm.recheck import recheck
from tests.chain.node import CUTOFF, EXPECTED, HOLDER, NO_WAIT, OTHER, Faulty, natives, take
from tests.por.reserves.evm.conftest import AMOUNTS, World

pytestmark = pytest.mark.chain
PROVEN = ("SOL", "VYP", "NSP", "PCK", "PRX", "ETH")


def verify(world: World, document: Any = None, **options: Any) -> EvmResult:
    settings_ = {"cutoff": CUTOFF, "layouts": world.layouts, "expected": EXPECTED, **options}
    return verify_evidence(world.document if document is None else document, **settings_)


def row_of(result: EvmResult, asset: str, holder: bytes = HOLDER) -> RowResult:
    return next(row for row in result.rows if (row.asset, row.address) == (asset, to_hex(holder)))


def hashes(world: World, which: str) -> dict[str, list[bytes]]:
    chain = world.document["chains"][0]
    return {world.node.chain: [decode_header(from_hex(chain[which], None, which)).hash]}


def check_of(result: EvmResult, name: str) -> Any:
    return next(check for check in result.checks if check.name == name)


def changed(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    document = copy.deepcopy(world.document)
    return document, document["chains"][0]


def test_without_the_readers_hash_nothing_is_more_than_proven_given_the_block(world: World) -> None:
    result = verify(world)
    assert result.outcome == "unchecked"
    assert check_of(result, "block").result == "unchecked"
    assert all(row.assurance == "claimed" and row.result == "unchecked" for row in result.rows)
    for asset in PROVEN:
        assert row_of(result, asset).assurance_given_block == "proven"
    assert row_of(result, "REB").assurance_given_block == "claimed"


def test_the_blocks_hash_alone_proves_nothing_because_its_child_could_be_invented(world: World) -> None:
    """An older block, at which the reserves were borrowed, with a made-up child would stand for the cut-off."""
    block = {world.node.chain: [decode_header(from_hex(world.document["chains"][0]["block"], None, "block")).hash]}
    result = verify(world, block_hashes=block)
    assert (check_of(result, "block").result, check_of(result, "cutoff").result) == ("pass", "unchecked")
    assert {row.assurance for row in result.rows} == {"claimed"}
    assert row_of(result, "ETH").assurance_given_block == "proven"


def test_with_the_childs_hash_balances_are_proven(world: World) -> None:
    result = verify(world, block_hashes=hashes(world, "child"))
    for asset, amount in AMOUNTS.items():
        row = row_of(result, asset)
        assert row.balance == amount
        assert row.assurance == ("claimed" if asset == "REB" else "proven")
    assert row_of(result, "ETH").balance == 5 * 10**18


def test_the_childs_hash_pins_both(world: World) -> None:
    result = verify(world, block_hashes=hashes(world, "child"))
    assert check_of(result, "block").result == "pass"
    assert (check_of(result, "cutoff").result, check_of(result, "cutoff").assurance) == ("pass", "proven")


def test_another_hash_is_invalid(world: World) -> None:
    result = verify(world, block_hashes={world.node.chain: [bytes(32)]})
    assert result.outcome == "fail"
    assert all(row.result == "fail" for row in result.rows)


def test_an_absent_account_and_a_zero_balance_are_proven(world: World) -> None:
    result = verify(world, block_hashes=hashes(world, "child"))
    for asset in ("ETH", "SOL"):
        row = row_of(result, asset, OTHER)
        assert (row.balance, row.assurance) == (0, "proven")


def test_a_blocked_holder_is_said(world: World) -> None:
    row = row_of(verify(world), "PCK")
    assert row.balance == AMOUNTS["PCK"]
    assert any("block this holder" in check.detail for check in row.checks)


def test_the_readers_own_endpoint_attests_calls_and_pins_the_block(world: World) -> None:
    views = recheck(
        world.document,
        {world.node.chain: world.node.url},
        exchange="Example Exchange",
        layouts=world.layouts,
        connect=world.node.connect,
    )
    result = verify(world, views=views)
    assert row_of(result, "REB").assurance == "attested"
    assert row_of(result, "SOL").assurance == "proven"
    assert {check.result for check in result.chains[0].checks} == {"pass"}


def test_a_layout_that_only_the_evidence_states_leaves_a_claim(world: World) -> None:
    result = verify(world, layouts=LayoutTable({}, natives(world.node)), block_hashes=hashes(world, "child"))
    row = row_of(result, "SOL")
    assert (row.assurance, row.result, row.balance) == ("claimed", "unchecked", AMOUNTS["SOL"])
    assert row_of(result, "ETH").assurance == "proven"


def test_other_code_than_the_layouts_leaves_a_claim(world: World) -> None:
    for asset, pin in (("SOL", "code_hash"), ("PRX", "code_hash"), ("PRX", "implementation_code_hash")):
        other = replace(world.layout(asset), **{pin: bytes(32)})
        table = world.layouts.extended_by(LayoutTable.of([other]))
        row = row_of(verify(world, layouts=table, block_hashes=hashes(world, "child")), asset)
        assert (row.assurance, row.result) == ("claimed", "unchecked")


def test_an_unknown_chain_coin_leaves_a_claim(world: World) -> None:
    table = LayoutTable(world.layouts.tokens, {})
    row = row_of(verify(world, layouts=table, block_hashes=hashes(world, "child")), "ETH")
    assert row.assurance == "claimed"


def test_an_allowance_written_as_a_balance_is_only_a_claim(world: World) -> None:
    """The word is in the contract's storage and its proof is good; only the layout tells that it is no balance."""
    node, token, cutoff = world.node, world.tokens["SOL"], CUTOFF + 150
    approver = from_hex(node.rpc("eth_accounts")[0].lower(), 20, "address")
    base_slot = int.from_bytes(replace(world.layout("SOL"), base_slot=1).storage_key(approver), "big")
    posing = LayoutTable.of([replace(world.layout("SOL"), base_slot=base_slot)], natives(node))

    def lie(method: str, params: Any, answer: Any) -> Any:
        return answer | {"result": to_hex((10**12).to_bytes(32, "big"))} if method == "eth_call" else answer

    snapshot = node.rpc("evm_snapshot")
    try:
        node.transact(token, "DevToken", "approve", HOLDER, 10**12)
        node.mine(CUTOFF + 100)
        node.mine(CUTOFF + 200)
        node.mine(blocks=3)
        chain = collect(
            ChainConfig(node.chain, (node.url,)),
            cutoff,
            [EvmReserve(node.chain, HOLDER, "SOL", token)],
            layouts=posing,
            expected=EXPECTED,
            connect=lambda url: Faulty(node.connect(url), lie),
            waiting=NO_WAIT,
        )
    finally:
        node.rpc("evm_revert", snapshot)
    pinned = {node.chain: [decode_header(from_hex(chain["child"], None, "child")).hash]}
    ignorant = LayoutTable({}, natives(node))
    row = verify(world, assemble([chain]), cutoff=cutoff, layouts=ignorant, block_hashes=pinned).rows[0]
    assert (row.balance, row.assurance, row.result) == (10**12, "claimed", "unchecked")
    row = verify(world, assemble([chain]), cutoff=cutoff, block_hashes=pinned).rows[0]
    assert (row.assurance, row.result) == ("claimed", "unchecked"), "the true slot is not shown, so nothing is proven"


def test_a_stated_balance_that_is_not_the_proven_one_fails(world: World) -> None:
    document, chain = changed(world)
    for row in chain["rows"]:
        row["balance"] = str(int(row["balance"]) + 1)
    result = verify(world, document)
    for asset in PROVEN:
        row = row_of(result, asset)
        assert row.result == "fail"
        assert row.balance == (AMOUNTS[asset] if asset != "ETH" else 5 * 10**18), "the proven figure is given"


def test_wrong_decimals_fail(world: World) -> None:
    document, chain = changed(world)
    chain["rows"][0]["decimals"] += 1
    assert verify(world, document).rows[0].result == "fail"


def test_the_cut_off_is_the_readers(world: World) -> None:
    result = verify(world, cutoff=CUTOFF + 1)
    assert check_of(result, "cutoff").result == "fail"


def test_a_block_that_is_not_the_last_before_the_cut_off_leaves_claims_with_the_skew(world: World) -> None:
    for cutoff, skew in ((CUTOFF + 30, 35), (CUTOFF - 9, -4)):
        document, chain = changed(world)
        chain["cutoff"] = cutoff
        result = verify(world, document, cutoff=cutoff, block_hashes=hashes(world, "child"))
        assert result.chains[0].skew_seconds == skew
        assert check_of(result, "cutoff").result == "unchecked"
        assert all(row.assurance_given_block == "claimed" for row in result.rows)


def test_the_boundaries_of_the_cut_off(world: World) -> None:
    """The block is at CUTOFF - 5 and its child at CUTOFF + 7: on the block's second it counts, on the child's not."""
    for cutoff, stands in ((CUTOFF - 6, False), (CUTOFF - 5, True), (CUTOFF + 6, True), (CUTOFF + 7, False)):
        document, chain = changed(world)
        chain["cutoff"] = cutoff
        result = verify(world, document, cutoff=cutoff, block_hashes=hashes(world, "child"))
        assert (row_of(result, "ETH").assurance == "proven") is stands


def test_without_a_childs_header_rows_are_claims(world: World) -> None:
    document, chain = changed(world)
    chain["child"] = None
    result = verify(world, document, block_hashes=hashes(world, "child"))
    assert row_of(result, "ETH").assurance_given_block == "claimed"


def test_a_child_of_another_block_fails(world: World) -> None:
    document, chain = changed(world)
    chain["child"] = chain["block"]
    assert check_of(verify(world, document), "header").result == "fail"


@pytest.mark.parametrize("field", ["block_hash", "block_number", "block_time"])
def test_a_restatement_that_differs_from_the_header_fails(world: World, field: str) -> None:
    document, chain = changed(world)
    chain[field] = "0x" + "00" * 32 if field == "block_hash" else chain[field] + 1
    result = verify(world, document)
    assert check_of(result, "header").result == "fail"
    assert all(row.result == "fail" for row in result.rows)


def test_a_token_counted_as_what_it_stands_for_is_disclosed(world: World) -> None:
    document, chain = changed(world)
    table = world.layouts.extended_by(LayoutTable.of([replace(world.layout("SOL"), wraps="ETH")]))
    result = verify(world, document, layouts=table, block_hashes=hashes(world, "child"))
    assert len(result.disclosures) == 2
    assert "ETH itself is counted too" in result.disclosures[0]
    for row in chain["rows"]:
        row["asset"] = "ETH" if row["asset"] == "SOL" else row["asset"]
    counted = verify(world, document, layouts=table, block_hashes=hashes(world, "child"))
    assert {row.assurance for row in counted.rows if row.asset == "ETH"} == {"proven"}


def test_a_token_under_a_name_that_it_has_not_is_a_claim(world: World) -> None:
    document, chain = changed(world)
    for row in chain["rows"]:
        row["asset"] = "BTC" if row["asset"] == "SOL" else row["asset"]
    assert row_of(verify(world, document, block_hashes=hashes(world, "child")), "BTC").assurance == "claimed"


def forms(chain: dict[str, Any]) -> list[tuple[str, Any]]:
    """Changes after which a document has no meaning any more, each as a function on one chain's evidence."""
    return [
        ("unknown field", lambda c: c.update(extra=1)),
        ("missing field", lambda c: c.pop("child")),
        ("no rows", lambda c: c.update(rows=[])),
        ("row twice", lambda c: c["rows"].insert(0, c["rows"][0])),
        ("rows unordered", lambda c: c["rows"].reverse()),
        ("account twice", lambda c: c["accounts"].insert(0, c["accounts"][0])),
        ("node twice", lambda c: c["nodes"].append(c["nodes"][0])),
        ("unused node", lambda c: c["nodes"].append("0x" + "ab" * 40)),
        ("index beyond", lambda c: c["accounts"][0]["proof"].append(10**6)),
        ("negative index", lambda c: c["accounts"][0]["proof"].append(-1)),
        ("mixed-case address", lambda c: c["rows"][0].update(address="0x" + "aB" * 20)),
        ("upper-case hex", lambda c: c.update(block="0X" + c["block"][2:].upper())),
        ("balance with sign", lambda c: c["rows"][0].update(balance="+1")),
        ("balance with zero", lambda c: c["rows"][0].update(balance="01")),
        ("balance as number", lambda c: c["rows"][0].update(balance=1)),
        ("balance too large", lambda c: c["rows"][0].update(balance=str(2**256))),
        ("time as float", lambda c: c.update(block_time=1.0)),
        ("time as bool", lambda c: c.update(block_time=True)),
        ("another chain form", lambda c: c.update(chain="eip155:01")),
        ("unknown method", lambda c: c["rows"][0].update(method="trust-me")),
        ("native by call", lambda c: c["rows"][0].update(contract="native", method="call")),
    ]


@pytest.mark.parametrize("number", range(21))
def test_a_document_out_of_form_is_refused(world: World, number: int) -> None:
    document, chain = changed(world)
    forms(chain)[number][1](chain)
    with pytest.raises(FormatError):
        verify(world, document)


def test_a_chain_twice_and_another_format_are_refused(world: World) -> None:
    document, chain = changed(world)
    document["chains"].append(chain)
    for bad in (document, world.document | {"format": "tallystick/evm-reserves/2"}, [], "x"):
        with pytest.raises(FormatError):
            verify(world, bad)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_byte_in_any_proof_or_header_never_passes_and_never_crashes(
    world: World, data: st.DataObject
) -> None:
    document, chain = changed(world)
    kind = data.draw(st.sampled_from(["nodes", "block", "child"]))
    index = data.draw(st.integers(0, len(chain["nodes"]) - 1))
    raw = bytearray.fromhex((chain["nodes"][index] if kind == "nodes" else chain[kind])[2:])
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    if kind == "nodes":
        chain["nodes"][index] = to_hex(bytes(raw))
    else:
        chain[kind] = to_hex(bytes(raw))
    try:
        result = verify(world, document, block_hashes=hashes(world, "block" if kind == "nodes" else kind))
    except FormatError:
        return
    assert result.outcome == "fail"


def test_evidence_is_plain_json_and_holds_no_url(world: World) -> None:
    text = json.dumps(world.document)
    assert json.loads(text) == world.document
    assert "http" not in text
    assert "127.0.0.1" not in text


def test_the_offline_verifier_needs_no_web3() -> None:
    online = "any(m.split('.')[0] in ('web3', 'requests', 'aiohttp') for m in sys.modules)"
    code = f"import sys, por.reserves.evm; sys.exit({online})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_taking_the_same_snapshot_twice_gives_the_same_evidence(world: World) -> None:
    assert take(world.node, world.reserves, world.layouts) == world.document
