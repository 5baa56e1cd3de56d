"""The chain that tests run on: anvil where it can be had, and a clear skip (in CI: a failure) where it cannot."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from por.reserves.evm import ChainConfig, EvmReserve, Expectation, Layout, LayoutTable
from por.reserves.evm.collect import Waiting, assemble, collect
from por.reserves.evm.devnode import AnvilMissing, DevNode, find_anvil, start_devnode, start_pyevm

GENESIS = 1_700_000_000
CUTOFF = GENESIS + 3_600
EXPECTED = Expectation("Example Exchange", frozenset({"2023-11-14T23"}))
NO_WAIT = Waiting(timeout_seconds=0, poll_seconds=1, sleep=lambda _seconds: None)
HOLDER, OTHER = bytes.fromhex("11" * 20), bytes.fromhex("22" * 20)


@cache
def require_anvil() -> Path:
    """The anvil binary; skips the test where it cannot be had, and fails it in CI."""
    try:
        return find_anvil()
    except AnvilMissing as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI needs the development chain: {error}")
        pytest.skip(str(error))


def anvil(**options: Any) -> DevNode:
    """A fresh anvil whose first block is at GENESIS."""
    require_anvil()
    return start_devnode(timestamp=GENESIS, **options)


def any_chain() -> DevNode:
    """Anvil where it can be had, else the second implementation: for what needs neither reorganisation nor finality."""
    try:
        find_anvil()
    except AnvilMissing:
        if os.environ.get("CI"):
            raise
        return start_pyevm(timestamp=GENESIS)
    return anvil()


def natives(node: DevNode) -> dict[str, tuple[str, int]]:
    """The chain's coin, as a reader's table names it."""
    return {node.chain: ("ETH", 18)}


def table(node: DevNode, *layouts: Layout) -> LayoutTable:
    """A reader's table for this chain."""
    return LayoutTable.of(layouts, natives(node))


def pass_cutoff(node: DevNode) -> None:
    """One block just before the cut-off, one after it, and enough on top to make both final."""
    node.mine(CUTOFF - 5)
    node.mine(CUTOFF + 7)
    node.mine(blocks=3)


def take(node: DevNode, reserves: list[EvmReserve], layouts: LayoutTable, **options: Any) -> dict[str, Any]:
    """One chain's evidence document, taken without waiting."""
    settings: dict[str, Any] = {"connect": node.connect, "waiting": NO_WAIT, "expected": EXPECTED, **options}
    config = settings.pop("config", ChainConfig(node.chain, (node.url,)))
    return assemble([collect(config, CUTOFF, reserves, layouts=layouts, **settings)])


class Faulty(JSONBaseProvider):
    """A provider that passes every call to a real one, and lets a test change what comes back (or raise)."""

    def __init__(self, real: JSONBaseProvider, tamper: Any) -> None:
        super().__init__()
        self._real, self._tamper = real, tamper

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Ask the real node, then let the test's function have its way with the answer."""
        return self._tamper(method, params, self._real.make_request(method, params))
