"""Look for where a token keeps its balances: the operator's aid, which proves nothing to anybody else.

What it finds is a proposal for a layouts file that a person reviews; an auditor uses the table they trust. Brute force
over slots gives false answers (a nought matches every slot, a share token matches by rounding), so these must hold:
1. `balanceOf` of each of two or more unrelated holders reads exactly one word of its own. Words that it reads for every
   holder alike may only be where a proxy keeps its implementation; a share token also reads totals, and is refused.
2. One formula gives each holder's word from the holder's address.
3. A sentinel put into that word comes back as the balance. With all bits set, the answer shows the balance's width,
   and a sentinel with the top bit set agrees: a token that keeps a flag there answers small sentinels all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from por.reserves.evm.errors import ChainError
from por.reserves.evm.hexes import checksum_address, from_hex, keccak256, parse_quantity, to_hex
from por.reserves.evm.layouts import Layout, erc7201_slot
from por.reserves.evm.rpc import Endpoint

__all__ = ["LayoutNotFound", "discover_layout", "layout_toml"]

PROXY_SLOTS = (
    bytes.fromhex("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc"),  # ERC-1967
    bytes.fromhex("7050c9e0f4ca769c69bd3a8ef740bc37934f8e2c036e5a723fd8ee048ed3f8c3"),  # its predecessor
)
_NAMESPACES = ("openzeppelin.storage.ERC20",)
_SLOTS_TRIED = 256
_BALANCE_OF = bytes.fromhex("70a08231")
_SMALL = 0x5EED_0000_0000_0001
_TOP = (1 << 255) | _SMALL


class LayoutNotFound(ChainError):
    """The token's balances stand in no single word, or not where any known formula puts them."""

    verdict = "layout-not-found"


@dataclass(frozen=True, slots=True)
class _Probe:
    """One token at one endpoint, at its newest block."""

    endpoint: Endpoint
    contract: bytes

    def balance(self, holder: bytes, overrides: Mapping[bytes, int] | None = None) -> int:
        parameters: list[object] = [self._call(holder), "latest"]
        if overrides:
            words = {to_hex(key): to_hex(word.to_bytes(32, "big")) for key, word in overrides.items()}
            parameters.append({to_hex(self.contract): {"stateDiff": words}})
        answer = from_hex(self.endpoint.ask("eth_call", parameters), None, "balanceOf")
        if len(answer) != 32:
            raise LayoutNotFound("the contract does not answer balanceOf with one word")
        return int.from_bytes(answer, "big")

    def words_read(self, holder: bytes) -> set[bytes]:
        answer: Any = self.endpoint.ask("eth_createAccessList", [self._call(holder), "latest"])
        entries = answer["accessList"] if isinstance(answer, Mapping) else []
        ours = [entry for entry in entries if str(entry["address"]).lower() == to_hex(self.contract)]
        return {from_hex(key, 32, "storage key") for entry in ours for key in entry["storageKeys"]}

    def code_hash(self, address: bytes) -> bytes:
        return keccak256(from_hex(self.endpoint.ask("eth_getCode", [to_hex(address), "latest"]), None, "code"))

    def _call(self, holder: bytes) -> dict[str, str]:
        return {"to": to_hex(self.contract), "data": to_hex(_BALANCE_OF + holder.rjust(32, b"\0"))}


def discover_layout(
    endpoint: Endpoint, chain: str, contract: bytes, holders: Sequence[bytes], *, asset: str, decimals: int
) -> Layout:
    """Propose the layout of a token from two or more unrelated holders (20 bytes each). Raises ChainError."""
    if len(set(holders)) < 2:
        raise LayoutNotFound("two unrelated holders are needed to tell a formula from an accident")
    probe = _Probe(endpoint, contract)
    keys, shared = _own_words(probe, holders)
    order, base_slot = _formula(keys)
    bits = min(_width(probe, holder, key) for holder, key in keys.items())
    implementation = _implementation(probe, shared)
    return Layout(
        chain=chain,
        contract=contract,
        asset=asset,
        decimals=decimals,
        order=order,
        base_slot=base_slot,
        bits=bits,
        code_hash=probe.code_hash(contract),
        implementation_slot=None if implementation is None else implementation[0],
        implementation_code_hash=None if implementation is None else implementation[1],
    )


def _own_words(probe: _Probe, holders: Sequence[bytes]) -> tuple[dict[bytes, bytes], set[bytes]]:
    """Rule 1: each holder's own word, and the words read for all alike."""
    read = {holder: probe.words_read(holder) for holder in holders}
    shared = set.intersection(*read.values())
    if not shared <= set(PROXY_SLOTS):
        raise LayoutNotFound("balanceOf reads words that all holders share: balances are computed, not stored")
    own = {holder: words - shared for holder, words in read.items()}
    if any(len(words) != 1 for words in own.values()):
        raise LayoutNotFound("balanceOf does not read exactly one word of each holder's own")
    return {holder: next(iter(words)) for holder, words in own.items()}, shared


def _formula(keys: Mapping[bytes, bytes]) -> tuple[str, int]:
    """Rule 2: the one order and base slot that give every holder's word."""
    slots = [*range(_SLOTS_TRIED), *(erc7201_slot(namespace) for namespace in _NAMESPACES)]
    for order in ("solidity", "vyper"):
        for slot in slots:
            layout = Layout("eip155:1", bytes(20), "X", 0, order, slot)
            if all(layout.storage_key(holder) == key for holder, key in keys.items()):
                return order, slot
    raise LayoutNotFound("no known formula gives the words that balanceOf reads")


def _width(probe: _Probe, holder: bytes, key: bytes) -> int:
    """Rule 3: how many low bits of the word are the balance."""
    if probe.balance(holder, {key: _SMALL}) != _SMALL:
        raise LayoutNotFound("the word that balanceOf reads is not the balance")
    full = probe.balance(holder, {key: 2**256 - 1})
    bits = full.bit_length()
    if full != (1 << bits) - 1 or probe.balance(holder, {key: _TOP}) != _TOP & full:
        raise LayoutNotFound("the balance is not the low bits of its word")
    return bits


def _implementation(probe: _Probe, shared: set[bytes]) -> tuple[int, bytes] | None:
    """The proxy's slot and its implementation's code hash, where `balanceOf` goes through one."""
    if not shared:
        return None
    if len(shared) > 1:
        raise LayoutNotFound("the contract reads two implementation slots")
    (slot,) = shared
    answer = probe.endpoint.ask("eth_getStorageAt", [to_hex(probe.contract), to_hex(slot), "latest"])
    text = answer if isinstance(answer, str) else ""
    word = int.from_bytes(from_hex(text, 32, "word"), "big") if len(text) == 66 else parse_quantity(answer, "word")
    return int.from_bytes(slot, "big"), probe.code_hash((word % 2**160).to_bytes(20, "big"))


def layout_toml(layout: Layout) -> str:
    """The layout as an entry of a layouts file, with the word of warning that belongs to it."""
    lines = [
        "# Proposed by discovery at an endpoint; review it before you trust it.",
        "[[layout]]",
        f'chain = "{layout.chain}"',
        f'contract = "{checksum_address(layout.contract)}"',
        f'asset = "{layout.asset}"',
        f"decimals = {layout.decimals}",
        f'order = "{layout.order}"',
        f'base_slot = "{_slot_text(layout.base_slot)}"',
        f"shift = {layout.shift}",
        f"bits = {layout.bits}",
    ]
    if layout.code_hash is not None:
        lines.append(f'code_hash = "{to_hex(layout.code_hash)}"')
    if layout.implementation_slot is not None and layout.implementation_code_hash is not None:
        lines.append(f'implementation_slot = "{_slot_text(layout.implementation_slot)}"')
        lines.append(f'implementation_code_hash = "{to_hex(layout.implementation_code_hash)}"')
    return "\n".join(lines) + "\n"


def _slot_text(slot: int) -> str:
    return str(slot) if slot < 2**32 else to_hex(slot.to_bytes(32, "big"))
