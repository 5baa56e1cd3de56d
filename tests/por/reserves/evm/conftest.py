"""One development chain with every kind of token and wallet, and its evidence, for all tests that only read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from eth_account import Account

from por.reserves.evm import EvmReserve, Layout, LayoutTable
from por.reserves.evm.devnode import DevNode, development_key
from por.reserves.evm.discover import PROXY_SLOTS
from por.reserves.evm.hexes import from_hex
from por.reserves.evm.layouts import erc7201_slot
from tests.chain.node import HOLDER, OTHER, any_chain, natives, pass_cutoff, take

NAMED = ("name", "symbol", 6)
AMOUNTS = {"SOL": 1_000, "VYP": 2_000, "NSP": 3_000, "PCK": 4_000, "PRX": 5_000, "REB": 6_000}


@dataclass(frozen=True)
class World:
    """The chain, its tokens by asset name, and the layouts that a reader of it trusts."""

    node: DevNode
    tokens: dict[str, bytes]
    wallet: bytes
    layouts: LayoutTable
    reserves: list[EvmReserve]
    document: dict[str, Any]

    def layout(self, asset: str) -> Layout:
        return self.layouts.tokens[self.node.chain, self.tokens[asset]]


def owner_address() -> bytes:
    return from_hex(str(Account.from_key(development_key(1)).address).lower(), 20, "address")


def build(node: DevNode) -> World:
    tokens = {
        "SOL": node.deploy("DevToken", *NAMED),
        "VYP": node.deploy("DevVyperToken", *NAMED),
        "NSP": node.deploy("DevNamespacedToken", *NAMED),
        "PCK": node.deploy("DevPackedToken", *NAMED),
        "REB": node.deploy("DevRebasingToken", *NAMED),
    }
    kinds = {"SOL": "DevToken", "VYP": "DevVyperToken", "NSP": "DevNamespacedToken", "PCK": "DevPackedToken"}
    kinds |= {"REB": "DevRebasingToken", "PRX": "DevToken"}
    implementation = node.deploy("DevToken", *NAMED)
    tokens["PRX"] = node.deploy("DevProxy", implementation)
    for asset, amount in AMOUNTS.items():
        node.transact(tokens[asset], kinds[asset], "mint", HOLDER, amount)
        node.transact(tokens[asset], kinds[asset], "mint", bytes(19) + b"\x33", amount * 7)
    node.transact(tokens["PCK"], "DevPackedToken", "block_", HOLDER)
    wallet = node.deploy("DevWallet", owner_address())
    node.fund(HOLDER, 5 * 10**18)
    node.fund(wallet, 10**18)

    def code(address: bytes) -> bytes:
        from por.reserves.evm.hexes import keccak256, to_hex

        return keccak256(from_hex(node.rpc("eth_getCode", to_hex(address), "latest"), None, "code"))

    def layout(asset: str, order: str = "solidity", slot: int = 0, **more: Any) -> Layout:
        return Layout(node.chain, tokens[asset], asset, 6, order, slot, **more)

    proxy = int.from_bytes(PROXY_SLOTS[0], "big")
    layouts = LayoutTable.of(
        [
            layout("SOL", code_hash=code(tokens["SOL"])),
            layout("VYP", "vyper", 8),
            layout("NSP", slot=erc7201_slot("openzeppelin.storage.ERC20")),
            layout("PCK", bits=255),
            layout(
                "PRX",
                code_hash=code(tokens["PRX"]),
                implementation_slot=proxy,
                implementation_code_hash=code(implementation),
            ),
            layout("REB", "call"),
        ],
        natives(node),
    )
    pass_cutoff(node)
    reserves = [EvmReserve(node.chain, HOLDER, asset, contract) for asset, contract in tokens.items()]
    reserves += [EvmReserve(node.chain, address, "ETH") for address in (HOLDER, OTHER)]
    reserves.append(EvmReserve(node.chain, wallet, "ETH", label="wallet"))
    reserves.append(EvmReserve(node.chain, OTHER, "SOL", tokens["SOL"]))
    return World(node, tokens, wallet, layouts, reserves, take(node, reserves, layouts))


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """A chain past its cut-off; tests read from it and change nothing."""
    with any_chain() as node:
        yield build(node)
