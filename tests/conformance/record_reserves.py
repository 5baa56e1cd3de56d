"""Records `vectors/reserves/recorded.json` from a development chain: `python -m tests.conformance.record_reserves`.

Run it only when the evidence format changes: every run gives other blocks, and the committed file must stay.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from por.reserves.evm import (
    ChainConfig,
    Challenge,
    ControlItem,
    EvmReserve,
    Expectation,
    Layout,
    LayoutTable,
    challenge_text,
    challenge_typed_data,
)
from por.reserves.evm.collect import assemble, collect
from por.reserves.evm.devnode import DevNode, development_key, start_devnode
from por.reserves.evm.discover import PROXY_SLOTS
from por.reserves.evm.header import header_from_rpc
from por.reserves.evm.hexes import from_hex, keccak256, to_hex
from por.snapshot import to_seconds
from tests.chain.node import NO_WAIT, Faulty
from tests.conformance.cases import VECTORS, pretty

EXCHANGE, HOUR = "demo.exchange", "2023-11-14T23:00:00Z"
CUTOFF = to_seconds(HOUR)
HOLDER = bytes.fromhex("11" * 20)
EXPECTED = Expectation(EXCHANGE, frozenset({HOUR}))
NAMED = ("name", "symbol", 6)


def address_of(number: int) -> bytes:
    return from_hex(str(Account.from_key(development_key(number)).address).lower(), 20, "address")


def signed(node: DevNode, address: bytes, scheme: str, key: int) -> ControlItem:
    recent = header_from_rpc(node.rpc("eth_getBlockByNumber", "latest", False))
    challenge = Challenge(EXCHANGE, node.chain, address, HOUR, recent.number, recent.hash, CUTOFF + 86_400, bytes(32))
    message = encode_defunct(text=challenge_text(challenge))
    if scheme == "eip712":
        message = encode_typed_data(full_message=challenge_typed_data(challenge))
    return ControlItem(challenge, scheme, bytes(Account.sign_message(message, development_key(key)).signature))


def pass_cutoff(node: DevNode) -> None:
    node.mine(CUTOFF - 5)
    node.mine(CUTOFF + 7)
    node.mine(blocks=3)


def take(node: DevNode, reserves: list[EvmReserve], layouts: LayoutTable, **more: Any) -> dict[str, Any]:
    settings = {"connect": node.connect, "waiting": NO_WAIT, "expected": EXPECTED, "layouts": layouts, **more}
    return assemble([collect(ChainConfig(node.chain, (node.url,)), CUTOFF, reserves, **settings)])


def toml(layouts: LayoutTable) -> str:
    lines = ['format = "tallystick/evm-layouts/1"']
    for chain, (asset, decimals) in layouts.natives.items():
        lines += ["", "[[native]]", f'chain = "{chain}"', f'asset = "{asset}"', f"decimals = {decimals}"]
    for layout in layouts.tokens.values():
        lines += ["", "[[layout]]", f'chain = "{layout.chain}"', f'contract = "{to_hex(layout.contract)}"']
        lines += [f'asset = "{layout.asset}"', f"decimals = {layout.decimals}", f'order = "{layout.order}"']
        lines += [f'base_slot = "{layout.base_slot}"', f"bits = {layout.bits}"]
        if layout.code_hash is not None:
            lines.append(f'code_hash = "{to_hex(layout.code_hash)}"')
        if layout.implementation_slot is not None and layout.implementation_code_hash is not None:
            lines.append(f'implementation_slot = "0x{layout.implementation_slot:064x}"')
            lines.append(f'implementation_code_hash = "{to_hex(layout.implementation_code_hash)}"')
    return "\n".join(lines) + "\n"


def world(node: DevNode) -> tuple[LayoutTable, list[EvmReserve], dict[str, bytes]]:
    """Tokens with balances, coins, and the layouts of a reader who knows them."""
    tokens = {"SOL": node.deploy("DevToken", *NAMED), "PCK": node.deploy("DevPackedToken", *NAMED)}
    implementation = node.deploy("DevToken", *NAMED)
    tokens["PRX"] = node.deploy("DevProxy", implementation)
    kinds = {"SOL": "DevToken", "PCK": "DevPackedToken", "PRX": "DevToken"}
    for asset, amount in (("SOL", 1_000), ("PCK", 4_000), ("PRX", 5_000)):
        node.transact(tokens[asset], kinds[asset], "mint", HOLDER, amount)
        node.transact(tokens[asset], kinds[asset], "mint", address_of(2), amount * 7)
    wallet = node.deploy("DevWallet", address_of(1))
    for address, wei in ((address_of(1), 5 * 10**18 + 999), (address_of(2), 10**18), (wallet, 10**17), (HOLDER, 1)):
        node.fund(address, wei)

    def code(address: bytes) -> bytes:
        return keccak256(from_hex(node.rpc("eth_getCode", to_hex(address), "latest"), None, "code"))

    proxy = int.from_bytes(PROXY_SLOTS[0], "big")
    pins = {"code_hash": code(tokens["PRX"]), "implementation_code_hash": code(implementation)}
    layouts = LayoutTable.of(
        [
            Layout(node.chain, tokens["SOL"], "SOL", 6, "solidity", code_hash=code(tokens["SOL"])),
            Layout(node.chain, tokens["PCK"], "PCK", 6, "solidity", bits=255),
            Layout(node.chain, tokens["PRX"], "PRX", 6, "solidity", implementation_slot=proxy, **pins),
        ],
        {node.chain: ("ETH", 18)},
    )
    reserves = [EvmReserve(node.chain, address, "ETH") for address in (address_of(1), address_of(2), wallet, HOLDER)]
    reserves += [EvmReserve(node.chain, HOLDER, asset, contract) for asset, contract in tokens.items()]
    reserves.append(EvmReserve(node.chain, address_of(2), "SOL", tokens["SOL"]))
    return layouts, reserves, tokens | {"wallet": wallet}


def allowance(node: DevNode, layouts: LayoutTable, token: bytes) -> dict[str, Any]:
    """A word of the allowances, shown as what HOLDER's balance slot would be under a made-up layout."""
    approver = from_hex(node.rpc("eth_accounts")[0].lower(), 20, "address")
    honest = layouts.tokens[node.chain, token]
    base = int.from_bytes(replace(honest, base_slot=1).storage_key(approver), "big")
    posing = LayoutTable.of([replace(honest, base_slot=base)], dict(layouts.natives))

    def lie(method: str, _params: Any, answer: Any) -> Any:
        return answer | {"result": to_hex((10**12).to_bytes(32, "big"))} if method == "eth_call" else answer

    reserve = EvmReserve(node.chain, HOLDER, "SOL", token)
    return take(node, [reserve], posing, connect=lambda url: Faulty(node.connect(url), lie))


def main() -> int:
    """Run two chains and write what they show."""
    with start_devnode(timestamp=CUTOFF - 3_600) as node:
        layouts, reserves, known = world(node)
        node.transact(known["SOL"], "DevToken", "approve", HOLDER, 10**12)
        controls = [signed(node, address_of(1), "eip191", 1), signed(node, address_of(2), "eip712", 2)]
        controls.append(signed(node, known["wallet"], "eip1271", 1))
        pass_cutoff(node)
        honest = take(node, reserves, layouts, controls=controls)
        documents = {"honest": honest, "allowance": allowance(node, layouts, known["SOL"])}
        chain = node.chain
    with start_devnode(timestamp=CUTOFF - 3_600) as private:
        private.fund(address_of(1), 1_000 * 10**18)
        control = signed(private, address_of(1), "eip191", 1)
        pass_cutoff(private)
        reserve = [EvmReserve(private.chain, address_of(1), "ETH")]
        documents["private"] = take(private, reserve, layouts, controls=[control])
    path = VECTORS / "reserves" / "recorded.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    recorded = {"chain": chain, "documents": documents, "exchange": EXCHANGE, "hour": HOUR, "layouts": toml(layouts)}
    recorded["names"] = {name: to_hex(address) for name, address in known.items()}
    path.write_bytes(pretty(recorded))
    return 0


if __name__ == "__main__":
    sys.exit(main())
