"""The watcher: what it states over any history of blocks and reorganisations, against a twin that knows the outcome."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import canonical, parse
from ledger.errors import FormatError
from por.reserves.evm.errors import EndpointLies, EndpointUnreachable
from por.reserves.evm.hexes import to_hex
from por.reserves.evm.rpc import Endpoint
from por.reserves.evm.watch import TRANSFER_TOPIC, Block, Transfer, Watcher, WatchState
from tests.chain.node import Faulty, any_chain

CHAIN = "eip155:1"
WHO = b"\xaa" * 20


def block_of(number: int, parent: bytes, salt: int, count: int) -> Block:
    digest = bytes((number, salt)).rjust(32, b"\x01")
    transfers = tuple(
        Transfer(bytes((number, salt, place)).rjust(32, b"\x02"), place or None, b"", WHO, 10 + place)
        for place in range(count)
    )
    return Block(number, digest, parent, transfers)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("extend"), st.integers(0, 2)),
        st.tuples(st.just("reorg"), st.integers(1, 6)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=300)
@given(confirmations=st.integers(1, 4), history=steps)
def test_what_is_stated_is_what_the_chain_confirmed_and_still_has(confirmations, history):
    state = WatchState(CHAIN, confirmations, 0)
    chain: list[Block] = []
    standing: dict[str, int] = {}
    confirmed: set[bytes] = set()
    for salt, (what, count) in enumerate(history):
        if what == "extend":
            parent = chain[-1].hash if chain else bytes(32)
            chain.append(block_of(len(chain), parent, salt, count))
            for receipt in state.extend(chain[-1]):
                assert receipt.evidence not in standing, "stated twice"
                standing[receipt.evidence] = receipt.units
        elif what == "reorg":
            for _ in range(min(count, len(chain) - 1)):
                chain.pop()
                for gone in state.rewind():
                    assert gone.is_gone
                    del standing[gone.evidence]
        else:
            document = parse(canonical(state.to_document()))
            state = WatchState.from_document(document)
            assert state.to_document() == document
        # The twin: of each block that the chain has now, whether it ever had its confirmations while it stood.
        confirmed &= {block.hash for block in chain}
        confirmed |= {block.hash for block in chain[: max(0, len(chain) - confirmations + 1)]}
        wanted = {
            f"{CHAIN}/{to_hex(t.transaction)}/{'native' if t.log_index is None else t.log_index}/{to_hex(b.hash)}"
            for b in chain
            if b.hash in confirmed
            for t in b.transfers
        }
        assert set(standing) == wanted
        assert {r.evidence for r in state.pending()}.isdisjoint(standing)


def test_blocks_are_followed_one_by_one_and_after_their_parent():
    state = WatchState(CHAIN, 1, 5)
    state.extend(block_of(5, b"\x09" * 32, 0, 1))
    with pytest.raises(AssertionError):
        state.extend(block_of(7, bytes(32), 0, 1))
    with pytest.raises(AssertionError):
        state.extend(block_of(6, bytes(32), 0, 1))


def test_the_window_is_bounded():
    state = WatchState(CHAIN, 2, 0, window=4)
    parent = bytes(32)
    for number in range(50):
        block = block_of(number, parent, 0, 1)
        state.extend(block)
        parent = block.hash
    assert len(list(state.newest_first())) == 5


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d | {"format": "other"},
        lambda d: {key: value for key, value in d.items() if key != "next"},
        lambda d: d | {"blocks": [[1, "0x00", True, []]]},
        lambda d: d | {"blocks": [[1]]},
        lambda d: [],
    ],
)
def test_a_state_out_of_form_is_refused(spoil):
    with pytest.raises(FormatError):
        WatchState.from_document(spoil(WatchState(CHAIN, 1, 0).to_document()))


# Against a real node with faults between.

pytest_chain = pytest.mark.chain


@pytest.fixture(scope="module")
def chain():
    with any_chain() as node:
        token = node.deploy("DevToken", "n", "S", 6)
        node.transact(token, "DevToken", "mint", WHO, 77)
        node.fund(WHO, 5)
        node.mine(blocks=2)
        yield node, token


def watcher(node: Any, token: bytes, tamper: Any = None) -> Watcher:
    def connect(url: str) -> Any:
        return Faulty(node.connect(url), tamper or (lambda method, params, answer: answer))

    return Watcher(Endpoint("node", node.url, connect), WatchState(node.chain, 1, 0), {WHO}, [token])


@pytest_chain
def test_both_kinds_of_transfer_are_found(chain):
    node, token = chain
    receipts = watcher(node, token).poll()
    assert [(r.contract, r.units) for r in receipts] == [(to_hex(token), 77), ("native", 5)]
    assert all(r.evidence.split("/")[0] == node.chain and len(r.evidence.split("/")) == 4 for r in receipts)


@pytest_chain
def test_a_few_blocks_at_a_time_say_the_same(chain):
    node, token = chain
    slow, found = watcher(node, token), []
    for _ in range(20):
        found += slow.poll(limit=1)
    assert found == watcher(node, token).poll()


def changed(method: str, change: Any) -> Any:
    def tamper(asked: str, params: Any, answer: Any) -> Any:
        if asked != method or not answer.get("result"):
            return answer
        return {**answer, "result": change(answer["result"])}

    return tamper


@pytest_chain
@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("eth_getLogs", lambda logs: [{**log, "blockHash": "0x" + "00" * 32} for log in logs]),
        ("eth_getLogs", lambda logs: [{**log, "removed": True} for log in logs]),
        ("eth_getLogs", lambda logs: [{**log, "data": "0xzz"} for log in logs]),
        ("eth_getLogs", lambda logs: [{"data": "0x"} for _ in logs]),
        ("eth_getTransactionReceipt", lambda receipt: {**receipt, "blockHash": "0x" + "00" * 32}),
        ("eth_getBlockByNumber", lambda block: {**block, "timestamp": "0x1"}),
    ],
)
def test_an_endpoint_that_contradicts_itself_credits_nobody(chain, method, change):
    node, token = chain
    lying = watcher(node, token, changed(method, change))
    found = []

    def read_on() -> None:
        while True:
            found.extend(lying.poll(limit=1))

    with pytest.raises(EndpointLies):
        read_on()
    assert len(found) <= 1


@pytest_chain
@pytest.mark.parametrize(
    "change",
    [
        lambda log: {**log, "address": "0x" + "13" * 20},
        lambda log: {**log, "topics": [*log["topics"], "0x" + "00" * 32]},
        lambda log: {**log, "topics": ["0x" + "00" * 32, *log["topics"][1:]]},
        lambda log: {**log, "topics": [*log["topics"][:2], "0x" + "01" * 12 + "aa" * 20]},
        lambda log: {**log, "data": log["data"] + "00" * 32},
        lambda log: {**log, "data": "0x" + "00" * 32},
    ],
)
def test_an_event_that_is_no_transfer_of_a_listed_token_is_nothing(chain, change):
    node, token = chain
    receipts = watcher(node, token, changed("eth_getLogs", lambda logs: [change(log) for log in logs])).poll()
    assert [r.contract for r in receipts] == ["native"]


@pytest_chain
def test_a_failed_transaction_pays_nobody(chain):
    node, token = chain
    failed = changed("eth_getTransactionReceipt", lambda receipt: {**receipt, "status": "0x0"})
    assert [r.contract for r in watcher(node, token, failed).poll()] == [to_hex(token)]


@pytest_chain
def test_trouble_after_the_first_fact_loses_none(chain):
    node, token = chain
    calls = {"left": 10**6}

    def breaks(method: str, params: Any, answer: Any) -> Any:
        calls["left"] -= 1
        if calls["left"] < 0:
            raise OSError("gone")
        return answer

    whole = watcher(node, token).poll()
    for budget in range(1, 40):
        broken, found = watcher(node, token, breaks), []
        calls["left"] = budget
        try:
            found += broken.poll()
        except EndpointUnreachable:
            assert not found
        calls["left"] = 10**6
        found += broken.poll()
        assert found == whole, budget


def test_the_topic_is_the_one_that_everybody_knows():
    assert TRANSFER_TOPIC.hex() == "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    assert {field.name for field in dataclasses.fields(WatchState)} >= {"chain", "confirmations", "next_number"}
