"""One block for each chain: read and signed, or unread and counted as nothing, against a real development chain."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.assets import Asset, AssetTable
from por.hour.pairing import ChainPlan, Paired, pair
from por.reserves.evm import ChainConfig, EvmReserve, LayoutTable
from por.reserves.evm.collect import Waiting
from por.reserves.evm.devnode import DevNode
from por.snapshot import SnapshotId, to_seconds
from tests.chain.node import HOLDER, OTHER, any_chain, natives

pytestmark = pytest.mark.chain
SNAPSHOT = SnapshotId("small.exchange", "2023-11-14T23:00:00Z")
CUTOFF = to_seconds(SNAPSHOT.hour)
ASSETS = AssetTable((Asset("ETH", 9),))
NO_WAIT = Waiting(timeout_seconds=0.0, poll_seconds=1.0, sleep=lambda _seconds: None)
NOWHERE = ChainConfig("eip155:7", ("http://127.0.0.1:9",), "latest")


def plan_of(node: DevNode, address: bytes = HOLDER) -> ChainPlan:
    reserve = EvmReserve(node.chain, address, "ETH", label="cold")
    return ChainPlan(ChainConfig(node.chain, (node.url,), "latest"), [reserve])


def paired(node: DevNode, *plans: ChainPlan, **more: Any) -> Paired:
    layouts = LayoutTable.of([], natives(node))
    given = {"assets": ASSETS, "layouts": layouts, "waiting": NO_WAIT, "connect": node.connect} | more
    return pair(plans, SNAPSHOT, **given)


def test_the_block_of_the_cut_is_read_or_the_chain_is_unread() -> None:
    with any_chain() as node:
        node.fund(HOLDER, 5 * 10**18 + 1)
        node.mine(CUTOFF - 5)
        waiting = paired(node, plan_of(node))
        assert (waiting.rows, waiting.evidence, waiting.disclosures) == ([], None, [])
        assert [row.reason for row in waiting.unread] == ["cutoff-not-reached"] and waiting.problems

        other = paired(node, plan_of(node), may_take_other_block=True)
        assert (other.unread, other.evidence) == ([], None)
        assert [(row.balance, row.evidence, row.assurance) for row in other.rows] == [(5 * 10**9, "claim", "claimed")]
        [(code, detail)] = other.disclosures
        assert code == "block-skew" and "seconds before the cut-off" in detail

        slept: list[float] = []

        def mine(seconds: float) -> None:
            """The block after the cut comes while the pairing waits."""
            slept.append(seconds)
            node.mine(CUTOFF + 7)

        ready = paired(node, plan_of(node), waiting=Waiting(timeout_seconds=9.0, poll_seconds=3.0, sleep=mine))
        assert slept and not ready.unread and not ready.problems
        assert [(row.balance, row.evidence, row.label) for row in ready.rows] == [(5 * 10**9, "state-proof", "cold")]
        assert ready.evidence is not None and ready.evidence["chains"][0]["block_time"] == CUTOFF - 5

        beside = ChainPlan(NOWHERE, [EvmReserve("eip155:7", OTHER, "ETH")])
        both = paired(node, plan_of(node), beside, connect=node.connect)
        assert [row.chain for row in both.rows] == [node.chain]
        assert [(row.chain, row.reason) for row in both.unread] == [("eip155:7", both.unread[0].reason)]
        assert "127.0.0.1" not in str(both.problems), "an endpoint's address may hold a key"


def test_a_list_that_cannot_be_carried_out_leaves_its_chain_unread() -> None:
    with any_chain() as node:
        node.mine(CUTOFF - 5)
        node.mine(CUTOFF + 7)
        twice = plan_of(node)
        result = paired(node, ChainPlan(twice.config, [*twice.reserves, *twice.reserves]))
        assert [row.reason for row in result.unread] == ["reserve-list"] * 2
