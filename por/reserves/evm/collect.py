"""Take a chain's reserve evidence from live endpoints. Everything that is taken is checked before it is returned.

The order is fixed, and each way of failing has a class of its own (errors.py):
1. Every endpoint serves the named chain (WrongChain).
2. The block is the last whose time is not after the cut-off, found by its timestamp (CutoffNotReached until a later
   one exists); all endpoints have it and its child (EndpointsDisagree), and hold both final in time (BlockNotFinal):
   as long as the child could change, an earlier one could take its place.
3. Proofs are taken at that block's hash from the first endpoint (HistoryMissing), and balances that an endpoint says
   beside them must be the proven ones (EndpointLies). A token without layout is asked by a pinned call, of all
   endpoints (EndpointsDisagree), and stays *claimed*; one with a layout must answer as its slot says (LayoutMismatch).
4. The block is still at its height afterwards (ReorgAfterSnapshot).
5. The offline verifier finds nothing wrong with the result (EndpointLies).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.errors import InputError
from por.reserves.evm.control import Expectation
from por.reserves.evm.errors import (
    BlockNotFinal,
    CutoffNotReached,
    EndpointLies,
    EndpointsDisagree,
    HistoryMissing,
    LayoutMismatch,
    ProofError,
    ReorgAfterSnapshot,
    RpcRefused,
)
from por.reserves.evm.evidence import FORMAT, read_evidence
from por.reserves.evm.header import Header
from por.reserves.evm.hexes import parse_caip2, to_hex
from por.reserves.evm.layouts import Layout, LayoutTable
from por.reserves.evm.plan import ChainConfig, ControlItem, EvmReserve
from por.reserves.evm.recheck import view_chain
from por.reserves.evm.rpc import Connect, Endpoint, RpcProof, connect_http
from por.reserves.evm.state import prove_account, prove_slot
from por.reserves.evm.verify import verify_evidence

__all__ = ["Waiting", "assemble", "collect", "find_block"]

_KEYS_PER_CALL = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long to wait for the block and its finality, and how; the sleep is injected so that tests need not wait."""

    timeout_seconds: float = 1_800.0
    poll_seconds: float = 6.0
    sleep: Callable[[float], None] = time.sleep


def assemble(chains: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One evidence document of several chains' evidence. Raises FormatError if a chain is given twice."""
    ordered = sorted(chains, key=lambda chain: parse_caip2(chain["chain"], "chain"))
    document = {"format": FORMAT, "chains": [dict(chain) for chain in ordered]}
    read_evidence(document)
    return document


def collect(
    config: ChainConfig,
    cutoff: int,
    reserves: Sequence[EvmReserve],
    *,
    layouts: LayoutTable,
    expected: Expectation,
    controls: Sequence[ControlItem] = (),
    connect: Connect = connect_http,
    waiting: Waiting | None = None,
) -> dict[str, Any]:
    """One chain's evidence at the cut-off (Unix seconds), ready for `assemble` and JSON.

    Raises ChainError (see the module), InputError for a plan that cannot be carried out.
    """
    _check_plan(config, reserves, controls)
    endpoints = [Endpoint(f"endpoint-{n}", url, connect) for n, url in enumerate(config.rpc, start=1)]
    for endpoint in endpoints:
        endpoint.check_chain(config.chain)
    block, child, finals = _settle(endpoints, cutoff, config.finality, waiting or Waiting())
    try:
        evidence = _Collector(config, endpoints, block, layouts).evidence(reserves, controls)
    except (HistoryMissing, RpcRefused):
        _check_still_there(endpoints, block)
        raise
    _check_still_there(endpoints, block)
    evidence |= {
        "cutoff": cutoff,
        "block": to_hex(block.encoded),
        "block_hash": to_hex(block.hash),
        "block_number": block.number,
        "block_time": block.timestamp,
        "child": to_hex(child.encoded),
        "finality": config.finality,
        "endpoints": [
            {"name": endpoint.name, "block_hash": to_hex(block.hash), "final_number": final}
            for endpoint, final in zip(endpoints, finals, strict=True)
        ],
    }
    _verify_own(evidence, config, cutoff, endpoints[-1], layouts, expected)
    return evidence


def _check_plan(config: ChainConfig, reserves: Sequence[EvmReserve], controls: Sequence[ControlItem]) -> None:
    def refuse(problem: str, remedy: str) -> InputError:
        return InputError("reserve list", f"{config.chain}: {problem}", remedy)

    if not config.rpc:
        raise refuse("has no endpoint", "Name at least one under rpc; two of different operators are better")
    if not reserves:
        raise refuse("has no reserves", "Remove the chain or list its reserves")
    chains = {reserve.chain for reserve in reserves} | {item.challenge.chain for item in controls}
    if chains != {config.chain}:
        raise refuse("is given entries of another chain", "Sort the entries by chain")
    seen = [(reserve.address, reserve.contract) for reserve in reserves]
    if len(set(seen)) != len(seen):
        raise refuse("counts an address twice for one contract", "Remove the second entry")
    if len({item.challenge.address for item in controls}) != len(controls):
        raise refuse("has two challenges for one address", "Keep the newest")


def find_block(endpoint: Endpoint, cutoff: int) -> tuple[Header, Header] | None:
    """The last block whose time is not after `cutoff`, and its child; None while no block is after the cut-off."""
    head = endpoint.header("latest")
    if head is None or head.timestamp <= cutoff:
        return None
    low, high = _header(endpoint, 0), head
    if low.timestamp > cutoff:
        raise InputError("cut-off", "lies before the chain's first block", "Give a later one")
    while high.number - low.number > 1:
        middle = _header(endpoint, (low.number + high.number) // 2)
        if middle.timestamp <= cutoff:
            low = middle
        else:
            high = middle
    if high.parent_hash != low.hash:
        raise ReorgAfterSnapshot(f"{endpoint.name} reorganised while the block was looked for")
    return low, high


def _header(endpoint: Endpoint, number: int) -> Header:
    header = endpoint.header(number)
    if header is None:
        raise HistoryMissing(f"{endpoint.name} does not have block {number}")
    return header


def _settle(
    endpoints: Sequence[Endpoint], cutoff: int, finality: str, waiting: Waiting
) -> tuple[Header, Header, list[int]]:
    """Wait until the block exists, and is final at every endpoint; a reorganisation before that only starts again."""
    waited = 0.0
    found: tuple[Header, Header] | None = None
    while True:
        if found is None or not _is_there(endpoints[0], found):
            found = find_block(endpoints[0], cutoff)
        if found is not None:
            finals = [_final_number(endpoint, finality) for endpoint in endpoints]
            if min(finals) >= found[1].number:
                _check_agreement(endpoints, found)
                return (*found, finals)
        if waited >= waiting.timeout_seconds:
            if found is None:
                raise CutoffNotReached(f"no block after the cut-off {cutoff} within {waiting.timeout_seconds:.0f} s")
            _check_agreement(endpoints, found)
            raise BlockNotFinal(f"block {found[1].number} is not final after {waiting.timeout_seconds:.0f} s")
        waiting.sleep(waiting.poll_seconds)
        waited += waiting.poll_seconds


def _is_there(endpoint: Endpoint, found: tuple[Header, Header]) -> bool:
    return all(endpoint.header(header.number) == header for header in found)


def _final_number(endpoint: Endpoint, finality: str) -> int:
    header = endpoint.header(finality)
    return -1 if header is None else header.number


def _check_agreement(endpoints: Sequence[Endpoint], found: tuple[Header, Header]) -> None:
    for endpoint in endpoints:
        for header in found:
            theirs = endpoint.header(header.number)
            if theirs is None or theirs.hash != header.hash:
                shown = "no block" if theirs is None else to_hex(theirs.hash)
                what = f"block {header.number}: {endpoints[0].name} has {to_hex(header.hash)}, {endpoint.name} {shown}"
                raise EndpointsDisagree(what)


def _check_still_there(endpoints: Sequence[Endpoint], block: Header) -> None:
    for endpoint in endpoints:
        now = endpoint.header(block.number)
        if now is None or now.hash != block.hash:
            raise ReorgAfterSnapshot(f"{endpoint.name} has another block {block.number} than it had for the snapshot")


def _verify_own(
    evidence: dict[str, Any],
    config: ChainConfig,
    cutoff: int,
    endpoint: Endpoint,
    layouts: LayoutTable,
    expected: Expectation,
) -> None:
    document = assemble([evidence])
    (parsed,) = read_evidence(document)
    view = view_chain(parsed, endpoint, exchange=expected.exchange, layouts=layouts, finality=config.finality)
    result = verify_evidence(document, cutoff=cutoff, layouts=layouts, expected=expected, views={config.chain: view})
    for chain in result.chains:
        for control in chain.controls:
            if control.check.result == "fail":
                what = f"{config.chain} {control.address}: {control.check.detail}"
                raise InputError("reserve list", what, "Sign this period's challenge with the address's own key")
    for check in result.checks:
        if check.result == "fail":
            raise EndpointLies(f"{config.chain}: the evidence does not verify: {check.name}: {check.detail}")


class _Collector:
    """Gathers one chain's proofs at one block; nodes are kept once and referred to by index."""

    def __init__(self, config: ChainConfig, endpoints: Sequence[Endpoint], block: Header, layouts: LayoutTable) -> None:
        self._config = config
        self._endpoints = endpoints
        self._block = block
        self._layouts = layouts
        self._nodes: dict[bytes, int] = {}
        self._accounts: dict[bytes, dict[str, Any]] = {}
        self._words: dict[tuple[bytes, bytes], int] = {}
        self._balances: dict[bytes, int] = {}

    def evidence(self, reserves: Sequence[EvmReserve], controls: Sequence[ControlItem]) -> dict[str, Any]:
        """Rows, controls, accounts and nodes, in the evidence's order."""
        ordered = sorted(reserves, key=lambda reserve: (reserve.address, reserve.contract or b""))
        self._take_contracts(ordered)
        for address in sorted({r.address for r in ordered if r.contract is None}):
            self._take(address, [])
        for item in controls:
            if item.scheme == "eip1271":
                self._take(item.challenge.address, [])
        return {
            "chain": self._config.chain,
            "rows": [self._row(reserve) for reserve in ordered],
            "controls": self._controls({reserve.address for reserve in ordered}, controls),
            "accounts": [self._accounts[address] for address in sorted(self._accounts)],
            "nodes": [to_hex(node) for node in self._nodes],
        }

    def _layout(self, reserve: EvmReserve) -> Layout | None:
        """The layout that a row is proven with; None where it is a pinned call (or the chain's own coin)."""
        found = None if reserve.contract is None else self._layouts.find(self._config.chain, reserve.contract)
        return None if found is None or found.order == "call" else found

    def _take_contracts(self, reserves: Sequence[EvmReserve]) -> None:
        keys: dict[bytes, set[bytes]] = {}
        for reserve in reserves:
            layout = self._layout(reserve)
            if layout is not None:
                wanted = keys.setdefault(layout.contract, set())
                wanted.add(layout.storage_key(reserve.address))
                if layout.implementation_slot is not None:
                    wanted.add(layout.implementation_slot.to_bytes(32, "big"))
        holders = {reserve.address for reserve in reserves if reserve.contract is None}
        for contract, wanted in sorted(keys.items()):
            self._take(contract, sorted(wanted))
            layout = self._layouts.find(self._config.chain, contract)
            assert layout is not None
            if layout.implementation_slot is not None:
                word = self._words[contract, layout.implementation_slot.to_bytes(32, "big")]
                implementation = (word % 2**160).to_bytes(20, "big")
                if implementation not in keys and implementation not in holders:
                    self._take(implementation, [])

    def _take(self, address: bytes, keys: Sequence[bytes]) -> None:
        """Take the proofs of an account and of slots in it, unless it was taken already."""
        if address in self._accounts:
            return
        endpoint = self._endpoints[0]
        slots: list[dict[str, Any]] = []
        account_nodes: tuple[bytes, ...] = ()
        for start in range(0, max(len(keys), 1), _KEYS_PER_CALL):
            part = keys[start : start + _KEYS_PER_CALL]
            proof = endpoint.proof(address, part, self._block)
            account_nodes = proof.account_nodes
            self._check(endpoint, address, part, proof)
            slots += [
                {"key": to_hex(key), "proof": self._indices(nodes)}
                for key, nodes in zip(part, proof.slot_nodes, strict=True)
            ]
        self._accounts[address] = {"address": to_hex(address), "proof": self._indices(account_nodes), "slots": slots}

    def _check(self, endpoint: Endpoint, address: bytes, keys: Sequence[bytes], proof: RpcProof) -> None:
        """Prove what was taken, and hold what the endpoint says beside it against what is proven."""
        try:
            account = prove_account(self._block.state_root, address, proof.account_nodes)
            words = [
                prove_slot(account.storage_root, key, nodes) for key, nodes in zip(keys, proof.slot_nodes, strict=True)
            ]
        except ProofError as error:
            raise EndpointLies(f"{endpoint.name}: the proof of {to_hex(address)} fails: {error}") from error
        if (proof.said_balance, proof.said_words) != (account.balance, tuple(words)):
            raise EndpointLies(f"{endpoint.name} says balances of {to_hex(address)} that are not in its own proof")
        self._balances[address] = account.balance
        self._words.update({(address, key): word for key, word in zip(keys, words, strict=True)})

    def _indices(self, nodes: Sequence[bytes]) -> list[int]:
        return [self._nodes.setdefault(node, len(self._nodes)) for node in nodes]

    def _row(self, reserve: EvmReserve) -> dict[str, Any]:
        layout = self._layout(reserve)
        method, stated = "call", None
        if reserve.contract is None:
            method, balance = "native", self._balances[reserve.address]
        elif layout is None:
            balance = self._pinned_call(reserve.contract, reserve.address)
        else:
            method = "slot"
            balance = layout.balance_of(self._words[layout.contract, layout.storage_key(reserve.address)])
            self._check_layout(layout, reserve.address, balance)
            stated = {
                "order": layout.order,
                "base_slot": to_hex(layout.base_slot.to_bytes(32, "big")),
                "shift": layout.shift,
                "bits": layout.bits,
            }
        return {
            "address": to_hex(reserve.address),
            "asset": reserve.asset,
            "balance": str(balance),
            "contract": "native" if reserve.contract is None else to_hex(reserve.contract),
            "decimals": self._decimals(reserve),
            "entity": reserve.entity,
            "label": reserve.label,
            "layout": stated,
            "method": method,
        }

    def _check_layout(self, layout: Layout, holder: bytes, balance: int) -> None:
        """A proof under a wrong layout proves a wrong figure, mostly nought; the token's own answer shows it here."""
        said = self._endpoints[0].balance_of(layout.contract, holder, self._block)
        if said != balance:
            what = f"{layout.chain} {to_hex(layout.contract)}: the layout's slot holds {balance}, balanceOf says {said}"
            raise LayoutMismatch(what)

    def _pinned_call(self, contract: bytes, holder: bytes) -> int:
        answers = {endpoint.balance_of(contract, holder, self._block) for endpoint in self._endpoints}
        if len(answers) > 1:
            raise EndpointsDisagree(f"balanceOf at {to_hex(contract)} has different answers at one block")
        (answer,) = answers
        if answer is None:
            what = f"{self._config.chain} {to_hex(contract)} gives no answer to balanceOf"
            raise InputError("reserve list", what, "Correct the contract's address")
        return answer

    def _decimals(self, reserve: EvmReserve) -> int:
        """From the operator's table, the reserve list, or the token itself, in this order."""
        chain = self._config.chain
        if reserve.contract is None:
            coin = self._layouts.natives.get(chain)
            known = None if coin is None else coin[1]
        else:
            layout = self._layouts.find(chain, reserve.contract)
            known = None if layout is None else layout.decimals
        if known is None:
            known = reserve.decimals
        if known is None and reserve.contract is not None:
            known = self._endpoints[0].decimals(reserve.contract, self._block)
        if known is None:
            what = f"{chain} {reserve.asset}: how many decimals it has is not known"
            raise InputError(
                "reserve list", what, "State decimals in the entry, or add the chain's coin to a layouts file"
            )
        return known

    def _controls(self, addresses: set[bytes], controls: Sequence[ControlItem]) -> list[dict[str, Any]]:
        given = {item.challenge.address: item for item in controls}
        strange = set(given) - addresses
        if strange:
            what = f"{self._config.chain} {to_hex(min(strange))} has a signature and holds no reserve"
            raise InputError("reserve list", what, "Remove the signature or list the reserve")
        return [_control(address, given.get(address)) for address in sorted(addresses)]


def _control(address: bytes, item: ControlItem | None) -> dict[str, Any]:
    if item is None:
        return {"address": to_hex(address), "challenge": None, "scheme": "none", "signature": "0x"}
    fields = item.challenge.fields
    return {
        "address": to_hex(address),
        "challenge": {
            "block_hash": to_hex(fields.block_hash),
            "block_number": fields.block_number,
            "digest": to_hex(fields.digest),
            "expires": fields.expires,
            "period": fields.period,
        },
        "scheme": item.scheme,
        "signature": to_hex(item.signature),
    }
