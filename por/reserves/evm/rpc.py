"""One JSON-RPC endpoint through web3, with every failure under its own name. No answer of it is believed here.

Messages never carry the URL, which may hold a key; an endpoint is called by the name that the operator gave it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from requests.exceptions import RequestException
from web3 import HTTPProvider, Web3
from web3.exceptions import RequestTimedOut, Web3Exception, Web3RPCError
from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint

from ledger.errors import FormatError
from por.reserves.evm.errors import EndpointLies, EndpointUnreachable, HistoryMissing, RpcRefused, WrongChain
from por.reserves.evm.header import Header, header_from_rpc
from por.reserves.evm.hexes import from_hex, parse_caip2, parse_quantity, to_hex

__all__ = ["Connect", "Endpoint", "RpcProof", "connect_http"]

Connect: TypeAlias = "Callable[[str], JSONBaseProvider]"
T = TypeVar("T")

_BALANCE_OF = bytes.fromhex("70a08231")
_DECIMALS = bytes.fromhex("313ce567")
_IS_VALID_SIGNATURE = bytes.fromhex("1626ba7e")
_NO_SUCH_TAG_OBJECT = ("invalid type", "cannot wrap", "invalid argument", "cannot unmarshal", "unsupported", "parse")
_PRUNED = ["missing trie node", "pruned", "not available", "proof window", "historical state", "header not found"]
_PRUNED += [
    "unknown block",
    "block not found",
    "resource not found",
    "blocknotfound",
    "old data",
    "out of range",
    "state is not available",
]
_REVERTED = ("revert", "invalid opcode", "out of gas", "execution error", "stack underflow", "vm execution error")


def connect_http(url: str) -> JSONBaseProvider:
    """The usual provider: HTTP with a 30 second limit; repeating a failed question is the caller's business."""
    return HTTPProvider(url, request_kwargs={"timeout": 30}, exception_retry_configuration=None)


@dataclass(frozen=True, slots=True)
class RpcProof:
    """An `eth_getProof` answer: nodes to be checked, and the balances that the endpoint says, only to be compared."""

    account_nodes: tuple[bytes, ...]
    slot_nodes: tuple[tuple[bytes, ...], ...]
    said_balance: int
    said_words: tuple[int, ...]


class Endpoint:
    """One endpoint of one chain. Every method raises a ChainError and nothing else."""

    def __init__(self, name: str, url: str, connect: Connect = connect_http) -> None:
        self.name = name
        self._w3 = Web3(connect(url))

    def ask(self, method: str, params: Sequence[object]) -> Any:
        """The raw result of one call. Raises EndpointUnreachable, HistoryMissing, EndpointLies or RpcRefused."""
        try:
            return self._w3.manager.request_blocking(RPCEndpoint(method), list(params))
        except Web3RPCError as error:
            text = str(error).lower()
            if any(sign in text for sign in _PRUNED):
                raise HistoryMissing(f"{self.name} no longer has what {method} asks for") from error
            raise RpcRefused(f"{self.name} refuses {method}: {_message(error)}") from error
        except (RequestException, RequestTimedOut, OSError, ValueError) as error:
            raise EndpointUnreachable(f"{self.name} gives no answer to {method} ({type(error).__name__})") from error
        except (AttributeError, KeyError, TypeError) as error:  # web3's own formatters meet what is no block at all
            raise EndpointLies(f"{self.name} gives an answer to {method} that is out of form") from error
        except Web3Exception as error:
            raise RpcRefused(f"{self.name} gives no usable answer to {method} ({type(error).__name__})") from error

    def check_chain(self, chain: str) -> None:
        """Raise WrongChain unless the endpoint serves this CAIP-2 chain."""
        served = self._read(lambda: parse_quantity(self.ask("eth_chainId", []), "eth_chainId"))
        if served != parse_caip2(chain, "chain"):
            raise WrongChain(f"{self.name} serves eip155:{served}, not {chain}")

    def header(self, block: int | str) -> Header | None:
        """The header at a height or tag, checked to hash to the hash that it comes with; None where there is none."""
        tag = hex(block) if isinstance(block, int) else block
        answer = self.ask("eth_getBlockByNumber", [tag, False])
        if answer is None:
            return None
        if not isinstance(answer, Mapping):
            raise EndpointLies(f"{self.name} gives a block that is no object")
        header = self._read(lambda: header_from_rpc(answer))
        if to_hex(header.hash) != answer.get("hash"):
            raise EndpointLies(f"{self.name}: block {header.number} does not hash to the hash that it comes with")
        if isinstance(block, int) and header.number != block:
            raise EndpointLies(f"{self.name}: asked for block {block}, given block {header.number}")
        return header

    def proof(self, address: bytes, keys: Sequence[bytes], header: Header) -> RpcProof:
        """`eth_getProof` at a block, by its hash (EIP-1898) where the endpoint knows that form, else by number."""
        params = [to_hex(address), [to_hex(key) for key in keys]]
        answer = self._at_block("eth_getProof", params, header)
        return self._read(lambda: _read_proof(answer, keys))

    def balance_of(self, contract: bytes, holder: bytes, header: Header) -> int | None:
        """`balanceOf(holder)` at a block; None where the call reverts or answers other than one word."""
        answer = self._call(contract, _BALANCE_OF + holder.rjust(32, b"\0"), header)
        return int.from_bytes(answer, "big") if answer is not None and len(answer) == 32 else None

    def decimals(self, contract: bytes, header: Header) -> int | None:
        """The token's own `decimals()`; None where it has no usable answer."""
        answer = self._call(contract, _DECIMALS, header)
        number = int.from_bytes(answer, "big") if answer is not None and len(answer) == 32 else 78
        return number if number <= 77 else None

    def is_valid_signature(self, wallet: bytes, digest: bytes, signature: bytes, header: Header) -> bool:
        """The EIP-1271 answer at a block: true for exactly the magic word; a revert or any other answer is false."""
        padded = signature + b"\0" * (-len(signature) % 32)
        data = _IS_VALID_SIGNATURE + digest + (64).to_bytes(32, "big") + len(signature).to_bytes(32, "big") + padded
        return self._call(wallet, data, header) == _IS_VALID_SIGNATURE.ljust(32, b"\0")

    def _call(self, contract: bytes, data: bytes, header: Header) -> bytes | None:
        try:
            answer = self._at_block("eth_call", [{"to": to_hex(contract), "data": to_hex(data)}], header)
        except RpcRefused as error:
            if any(sign in str(error).lower() for sign in _REVERTED):
                return None
            raise
        return self._read(lambda: from_hex(answer, None, "eth_call"))

    def _at_block(self, method: str, params: Sequence[object], header: Header) -> Any:
        try:
            return self.ask(method, [*params, {"blockHash": to_hex(header.hash)}])
        except RpcRefused as error:
            if not any(sign in str(error).lower() for sign in _NO_SUCH_TAG_OBJECT):
                raise
        return self.ask(method, [*params, hex(header.number)])

    def _read(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except FormatError as error:
            raise EndpointLies(f"{self.name} gives an answer out of form: {error}") from error


def _message(error: Web3RPCError) -> str:
    response = getattr(error, "rpc_response", None)
    fault = response.get("error") if isinstance(response, Mapping) else None
    text = fault.get("message") if isinstance(fault, Mapping) else None
    return str(text)[:200] if text else type(error).__name__


def _read_proof(answer: object, keys: Sequence[bytes]) -> RpcProof:
    if not isinstance(answer, Mapping):
        raise FormatError("eth_getProof is no object")
    slots = answer.get("storageProof")
    if not isinstance(slots, list | tuple) or len(slots) != len(keys) or not all(isinstance(s, Mapping) for s in slots):
        raise FormatError("eth_getProof has not one storage proof for each key")
    return RpcProof(
        account_nodes=_nodes(answer.get("accountProof")),
        slot_nodes=tuple(_nodes(slot.get("proof")) for slot in slots),
        said_balance=parse_quantity(answer.get("balance"), "balance"),
        said_words=tuple(parse_quantity(slot.get("value"), "value") for slot in slots),
    )


def _nodes(answer: object) -> tuple[bytes, ...]:
    """Proof nodes in our one form: an empty trie's proof is empty, where some endpoints give the empty node."""
    if not isinstance(answer, list | tuple):
        raise FormatError("a proof is no list")
    nodes = tuple(from_hex(node, None, "proof node") for node in answer)
    return () if nodes == (b"\x80",) else nodes
