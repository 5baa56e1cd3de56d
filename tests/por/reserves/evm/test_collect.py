"""Each way in which endpoints fail a snapshot has its own verdict; a fault is injected between web3 and a real node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout

from ledger.errors import InputError
from por.reserves.evm import ChainConfig, EvmReserve, Layout, LayoutTable, verify_evidence
from por.reserves.evm.collect import Waiting, assemble, collect, find_block
from por.reserves.evm.devnode import DevNode, start_pyevm
from por.reserves.evm.errors import (
    BlockNotFinal,
    ChainError,
    CutoffNotReached,
    EndpointLies,
    EndpointsDisagree,
    EndpointUnreachable,
    HistoryMissing,
    LayoutMismatch,
    ReorgAfterSnapshot,
    WrongChain,
)
from por.reserves.evm.hexes import from_hex, keccak256, to_hex
from por.reserves.evm.recheck import recheck
from por.reserves.evm.rpc import Endpoint, connect_http
from tests.chain.node import (
    CUTOFF,
    EXPECTED,
    GENESIS,
    HOLDER,
    NO_WAIT,
    OTHER,
    Faulty,
    anvil,
    natives,
    pass_cutoff,
    take,
)
from tests.por.reserves.evm.conftest import World, build

pytestmark = pytest.mark.chain
Tamper = Callable[[str, Any, Any], Any]


def tampered(
    world: World, tamper: Tamper, *, urls: tuple[str, ...] = ("faulty",), rows: Any = None, **more: Any
) -> Any:
    """Collect through endpoints of which "faulty" lies and every other is honest."""

    def connect(url: str) -> Any:
        real = world.node.connect(world.node.url)
        return Faulty(real, tamper) if url == "faulty" else real

    config = more.pop("config", ChainConfig(world.node.chain, urls))
    return take(world.node, rows or world.reserves, world.layouts, config=config, connect=connect, **more)


def test_a_lying_balance_is_caught(world: World) -> None:
    def lie(method: str, _params: Any, answer: Any) -> Any:
        if method == "eth_getProof":
            answer["result"]["balance"] = hex(int(answer["result"]["balance"], 16) + 1)
        return answer

    with pytest.raises(EndpointLies, match="not in its own proof"):
        tampered(world, lie)


def test_a_lying_storage_word_is_caught(world: World) -> None:
    def lie(method: str, _params: Any, answer: Any) -> Any:
        if method == "eth_getProof":
            for slot in answer["result"]["storageProof"]:
                slot["value"] = "0xffffff"
        return answer

    with pytest.raises(EndpointLies):
        tampered(world, lie)


def test_a_proof_of_another_block_is_caught(world: World) -> None:
    real = world.node.connect(world.node.url)

    def lie(method: str, params: Any, answer: Any) -> Any:
        return real.make_request(method, [*params[:2], "0x1"]) if method == "eth_getProof" else answer  # type: ignore[arg-type]  # a method name

    with pytest.raises(EndpointLies, match="proof"):
        tampered(world, lie)


@pytest.mark.parametrize("field", ["stateRoot", "timestamp", "parentHash", "hash"])
def test_a_header_that_does_not_hash_is_caught(world: World, field: str) -> None:
    def lie(method: str, _params: Any, answer: Any) -> Any:
        if method == "eth_getBlockByNumber" and answer["result"]:
            changed = "0x6553ffff" if field == "timestamp" else "0x" + "ab" * 32
            answer["result"] = dict(answer["result"]) | {field: changed}
        return answer

    with pytest.raises(EndpointLies, match="hash"):
        tampered(world, lie)


def test_a_lying_pinned_call_is_caught_by_a_second_endpoint(world: World) -> None:
    rebasing = to_hex(world.tokens["REB"])

    def lie(method: str, params: Any, answer: Any) -> Any:
        if method == "eth_call" and params[0]["to"].lower() == rebasing:
            return answer | {"result": "0x" + "00" * 31 + "ff"}
        return answer

    with pytest.raises(EndpointsDisagree, match="balanceOf"):
        tampered(world, lie, urls=("faulty", "honest"))


def test_a_layout_of_other_code_is_caught(world: World) -> None:
    wrong = world.layouts.extended_by(
        LayoutTable.of([Layout(world.node.chain, world.tokens["VYP"], "VYP", 6, "solidity", 0)])
    )
    with pytest.raises(LayoutMismatch):
        take(world.node, world.reserves, wrong)


def test_endpoints_with_different_blocks_are_refused(world: World) -> None:
    with anvil() as private:
        private.fund(OTHER, 1)
        pass_cutoff(private)
        private.mine(blocks=world.node.number())
        nodes = {"first": world.node, "second": private}
        with pytest.raises(EndpointsDisagree):
            take(
                world.node,
                world.reserves,
                world.layouts,
                config=ChainConfig(world.node.chain, ("first", "second")),
                connect=lambda url: nodes[url].connect(nodes[url].url),
            )


def test_a_private_chain_with_the_right_chain_id_is_only_a_claim_and_fails_at_the_readers_endpoint(
    world: World,
) -> None:
    """The exchange runs a chain of its own under the same id and mints itself a balance."""
    with anvil() as private:
        private.fund(HOLDER, 1_000 * 10**18)
        pass_cutoff(private)
        document = take(private, [EvmReserve(private.chain, HOLDER, "ETH")], world.layouts)
        settings: dict[str, Any] = {"cutoff": CUTOFF, "layouts": world.layouts, "expected": EXPECTED}
        offline = verify_evidence(document, **settings)
        assert (offline.outcome, offline.rows[0].assurance) == ("unchecked", "claimed")
        urls = {world.node.chain: world.node.url}
        views = recheck(document, urls, exchange="Example Exchange", layouts=world.layouts, connect=world.node.connect)
        online = verify_evidence(document, views=views, **settings)
        assert (online.outcome, online.rows[0].result) == ("fail", "fail")


def test_another_chain_id_is_refused(world: World) -> None:
    config = ChainConfig("eip155:1", (world.node.url,))
    reserves = [EvmReserve("eip155:1", HOLDER, "ETH")]
    with pytest.raises(WrongChain):
        take(world.node, reserves, world.layouts, config=config)
    with pytest.raises(WrongChain):
        Endpoint("x", world.node.url, world.node.connect).check_chain("eip155:1")


@pytest.mark.parametrize("error", [RequestsConnectionError("http://secret-key"), ReadTimeout(), ValueError("no JSON")])
def test_an_endpoint_that_gives_no_answer_is_named_without_its_url(world: World, error: Exception) -> None:
    def fail(_method: str, _params: Any, _answer: Any) -> Any:
        raise error

    with pytest.raises(EndpointUnreachable, match="endpoint-1") as caught:
        tampered(world, fail)
    assert "secret" not in str(caught.value)


def test_an_endpoint_that_nobody_runs_is_unreachable(world: World) -> None:
    config = ChainConfig(world.node.chain, ("http://127.0.0.1:9",))
    with pytest.raises(EndpointUnreachable):
        take(world.node, world.reserves, world.layouts, config=config, connect=connect_http)


@pytest.mark.parametrize("message", ["missing trie node 0xab", "distance to target block exceeds maximum proof window"])
def test_a_pruned_history_is_named(world: World, message: str) -> None:
    def prune(method: str, _params: Any, answer: Any) -> Any:
        if method == "eth_getProof":
            return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": message}}
        return answer

    with pytest.raises(HistoryMissing):
        tampered(world, prune)


@pytest.mark.parametrize(
    "result",
    [None, [], "0x", {}, {"storageProof": None}, {"storageProof": ["x"] * 2, "accountProof": [], "balance": "0x0"}],
)
def test_a_proof_out_of_form_is_a_lie_and_no_crash(world: World, result: Any) -> None:
    def garble(method: str, _params: Any, answer: Any) -> Any:
        return answer | {"result": result} if method == "eth_getProof" else answer

    with pytest.raises(EndpointLies):
        tampered(world, garble)


@pytest.mark.parametrize("result", [[], "0x", {}, {"number": 5}])
def test_a_block_out_of_form_is_a_lie_and_no_crash(world: World, result: Any) -> None:
    def garble(method: str, _params: Any, answer: Any) -> Any:
        return answer | {"result": result} if method == "eth_getBlockByNumber" else answer

    with pytest.raises(EndpointLies):
        tampered(world, garble)


def test_an_endpoint_without_eip_1898_is_asked_by_number(world: World) -> None:
    def old(method: str, params: Any, answer: Any) -> Any:
        if method in ("eth_getProof", "eth_call") and isinstance(params[-1], dict):
            return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "invalid argument 2"}}
        return answer

    assert tampered(world, old) == world.document


def test_the_empty_node_of_an_empty_trie_is_written_in_the_one_form(world: World) -> None:
    def geth(method: str, _params: Any, answer: Any) -> Any:
        if method == "eth_getProof":
            for slot in answer["result"]["storageProof"]:
                slot["proof"] = slot["proof"] or ["0x80"]
        return answer

    assert tampered(world, geth) == world.document


@pytest.fixture
def node() -> Iterator[DevNode]:
    with anvil() as fresh:
        fresh.fund(HOLDER, 10**18)
        yield fresh


def layouts(node: DevNode) -> LayoutTable:
    return LayoutTable({}, natives(node))


def reserve(node: DevNode) -> list[EvmReserve]:
    return [EvmReserve(node.chain, HOLDER, "ETH")]


def test_a_reorganisation_after_the_snapshot_is_caught(node: DevNode) -> None:
    pass_cutoff(node)
    has_reorganised: list[bool] = []

    def reorganise(method: str, _params: Any, answer: Any) -> Any:
        if method == "eth_getProof" and not has_reorganised:
            has_reorganised.append(True)
            node.rpc("anvil_reorg", 5, [])
        return answer

    with pytest.raises(ReorgAfterSnapshot):
        take(node, reserve(node), layouts(node), connect=lambda url: Faulty(node.connect(url), reorganise))
    assert has_reorganised


def test_a_reorganisation_before_the_proof_is_not_called_missing_history(node: DevNode) -> None:
    pass_cutoff(node)
    has_reorganised: list[bool] = []
    real = node.connect(node.url)

    def reorganise(method: str, params: Any, answer: Any) -> Any:
        if method == "eth_getProof" and not has_reorganised:
            has_reorganised.append(True)
            node.rpc("anvil_reorg", 5, [])
            return real.make_request(method, params)  # type: ignore[arg-type]  # a method name
        return answer

    with pytest.raises(ReorgAfterSnapshot):
        take(node, reserve(node), layouts(node), connect=lambda url: Faulty(node.connect(url), reorganise))


def test_a_block_that_is_not_final_is_waited_for(node: DevNode) -> None:
    node.mine(CUTOFF - 5)
    node.mine(CUTOFF + 7)
    pauses: list[float] = []

    def mine_instead(seconds: float) -> None:
        pauses.append(seconds)
        node.mine()

    document = take(node, reserve(node), layouts(node), waiting=Waiting(60, 6, mine_instead))
    assert pauses == [6, 6]
    assert document["chains"][0]["block_time"] == CUTOFF - 5


def test_a_block_that_never_becomes_final_is_refused(node: DevNode) -> None:
    node.mine(CUTOFF - 5)
    node.mine(CUTOFF + 7)
    with pytest.raises(BlockNotFinal):
        take(node, reserve(node), layouts(node))


def test_a_block_that_never_becomes_final_may_be_taken_where_the_operator_says_so(node: DevNode) -> None:
    node.mine(CUTOFF - 5)
    node.mine(CUTOFF + 7)
    config = ChainConfig(node.chain, (node.url,), finality="latest")
    document = take(node, reserve(node), layouts(node), config=config)
    table, urls = layouts(node), {node.chain: node.url}
    views = recheck(document, urls, exchange="Example Exchange", layouts=table, connect=node.connect)
    result = verify_evidence(document, cutoff=CUTOFF, layouts=table, expected=EXPECTED, views=views)
    assert result.rows[0].assurance == "claimed", "the reader holds final what their own endpoint calls finalized"


def test_a_chain_that_has_not_passed_the_cut_off_is_refused(node: DevNode) -> None:
    node.mine(CUTOFF)
    with pytest.raises(CutoffNotReached):
        take(node, reserve(node), layouts(node))


def test_a_reorganisation_while_waiting_only_starts_again(node: DevNode) -> None:
    node.mine(CUTOFF - 5)
    node.mine(CUTOFF + 7)
    pauses: list[float] = []

    def reorganise(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 1:
            node.rpc("anvil_rollback", 2)
            node.mine(CUTOFF - 3)
            node.mine(CUTOFF + 9)
        node.mine()

    document = take(node, reserve(node), layouts(node), waiting=Waiting(600, 6, reorganise))
    assert document["chains"][0]["block_time"] == CUTOFF - 3


def test_the_block_is_found_at_every_boundary(node: DevNode) -> None:
    times = [GENESIS + 10, GENESIS + 20, GENESIS + 30, GENESIS + 40]
    for time in times:
        node.mine(time)
    endpoint = Endpoint("x", node.url, node.connect)
    for cutoff, expected in (
        (times[0], times[0]),
        (times[1] - 1, times[0]),
        (times[1], times[1]),
        (times[2] + 9, times[2]),
    ):
        found = find_block(endpoint, cutoff)
        assert found is not None
        assert found[0].timestamp == expected
    assert find_block(endpoint, times[3]) is None
    with pytest.raises(InputError):
        find_block(endpoint, GENESIS - 1)


def test_a_plan_that_cannot_be_carried_out_is_an_input_error(node: DevNode) -> None:
    pass_cutoff(node)
    rows = reserve(node)
    strange = [EvmReserve(node.chain, HOLDER, "XYZ", contract=OTHER, decimals=6)]
    plans: list[tuple[ChainConfig, list[EvmReserve]]] = [
        (ChainConfig(node.chain, ()), rows),
        (ChainConfig(node.chain, (node.url,)), []),
        (ChainConfig(node.chain, (node.url,)), rows + rows),
        (ChainConfig(node.chain, (node.url,)), strange),
        (ChainConfig("eip155:1", (node.url,)), rows),
    ]
    for config, reserves in plans:
        with pytest.raises(InputError):
            take(node, reserves, layouts(node), config=config)


def test_every_verdict_has_a_name_of_its_own() -> None:
    def leaves(kind: type[ChainError]) -> list[type[ChainError]]:
        return [kind, *(leaf for below in kind.__subclasses__() for leaf in leaves(below))]

    names = [kind.verdict for kind in leaves(ChainError)]
    assert len(set(names)) == len(names)


def test_both_implementations_prove_the_same_balances(world: World) -> None:
    with start_pyevm(timestamp=GENESIS) as node:
        second = build(node)
    balances = [
        sorted(
            (r["asset"], r["address"], r["balance"]) for r in w.document["chains"][0]["rows"] if r["label"] != "wallet"
        )
        for w in (world, second)
    ]
    assert balances[0] == balances[1]


def test_the_second_implementation_gives_evidence_that_verifies() -> None:
    with start_pyevm() as node:
        token = node.deploy("DevToken", "n", "SOL", 6)
        node.transact(token, "DevToken", "mint", HOLDER, 77)
        node.fund(HOLDER, 5)
        cutoff = node.time() + 100
        node.mine(cutoff - 3)
        node.mine(cutoff + 4)
        node.mine()
        table = LayoutTable.of([Layout(node.chain, token, "SOL", 6, "solidity", 0)], natives(node))
        rows = [EvmReserve(node.chain, holder, "SOL", token) for holder in (HOLDER, OTHER)]
        rows += [EvmReserve(node.chain, holder, "ETH") for holder in (HOLDER, OTHER)]
        config = ChainConfig(node.chain, (node.url,))
        taken = collect(config, cutoff, rows, layouts=table, expected=EXPECTED, connect=node.connect, waiting=NO_WAIT)
        child = keccak256(from_hex(taken["child"], None, "header"))
        pinned = {node.chain: [from_hex(taken["block_hash"], 32, "hash"), child]}
        result = verify_evidence(
            assemble([taken]), cutoff=cutoff, layouts=table, expected=EXPECTED, block_hashes=pinned
        )
        assert sorted((row.asset, row.balance, row.assurance) for row in result.rows) == [
            ("ETH", 0, "proven"),
            ("ETH", 5, "proven"),
            ("SOL", 0, "proven"),
            ("SOL", 77, "proven"),
        ]
