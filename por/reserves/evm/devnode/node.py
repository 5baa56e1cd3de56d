"""What the demo and the tests do with a development chain: mine at a given time, fund, deploy, call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import TracebackType
from typing import Any

from web3 import Web3
from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint

from por.reserves.evm.hexes import checksum_address, from_hex, keccak256, parse_quantity, to_hex

__all__ = ["DevNode", "development_key", "load_contract"]


@cache
def load_contract(name: str) -> Mapping[str, Any]:
    """A compiled contract of `devcontracts` by name: its `abi` and `bytecode`."""
    text = files("por.reserves.evm.devcontracts").joinpath(f"{name}.json").read_text(encoding="utf-8")
    contract: Mapping[str, Any] = json.loads(text)
    return contract


def development_key(number: int) -> bytes:
    """A private key that everybody knows, for addresses on a development chain only."""
    return keccak256(f"tallystick development key {number}".encode())


class DevNode:
    """A running development chain. Block times are the caller's: each new block is one second after the last.

    `url` is what `collect` is given, and `connect` how it reaches it. Close it, or use it in a `with` statement.
    """

    def __init__(self, url: str, connect: Callable[[str], JSONBaseProvider], stop: Callable[[], None]) -> None:
        self.url = url
        self.connect = connect
        self._stop = stop
        self._w3 = Web3(connect(url))
        self.chain = f"eip155:{parse_quantity(self.rpc('eth_chainId'), 'chain id')}"
        self._sender = str(self.rpc("eth_accounts")[0])

    def __enter__(self) -> DevNode:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the chain; it is gone."""
        self._stop()

    def rpc(self, method: str, *params: object) -> Any:
        """The raw result of one JSON-RPC call."""
        return self._w3.manager.request_blocking(RPCEndpoint(method), list(params))

    def time(self) -> int:
        """The newest block's time, Unix seconds."""
        return parse_quantity(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], "timestamp")

    def number(self) -> int:
        """The newest block's height."""
        return parse_quantity(self.rpc("eth_blockNumber"), "number")

    def mine(self, timestamp: int | None = None, blocks: int = 1) -> None:
        """Mine empty blocks, the first of them at `timestamp`."""
        for _ in range(blocks):
            if timestamp is not None:
                self.rpc("evm_setNextBlockTimestamp", timestamp)
                timestamp = None
            self.rpc("evm_mine")

    def fund(self, address: bytes, wei: int) -> None:
        """Send coin from the chain's first account; one block."""
        self._send({"to": checksum_address(address), "value": hex(wei)})

    def deploy(self, name: str, *arguments: object) -> bytes:
        """Deploy a contract of `devcontracts` and give its address; one block."""
        compiled = load_contract(name)
        factory = self._w3.eth.contract(abi=compiled["abi"], bytecode=compiled["bytecode"])
        data = factory.constructor(*arguments).data_in_transaction
        receipt = self._send({"data": str(data)})
        return from_hex(str(receipt["contractAddress"]).lower(), 20, "contract address")

    def transact(
        self, contract: bytes, name: str, function: str, *arguments: object, sender: str | None = None
    ) -> None:
        """Call a contract's function in a transaction of `sender`, by default the chain's first account; one block."""
        encoder = self._w3.eth.contract(abi=load_contract(name)["abi"])
        data = encoder.encode_abi(function, args=self._arguments(arguments))
        transaction = {"to": checksum_address(contract), "data": str(data)}
        self._send(transaction | ({} if sender is None else {"from": sender}))

    @staticmethod
    def _arguments(arguments: Sequence[object]) -> list[object]:
        """Addresses are given as 20 bytes everywhere else; the ABI encoder wants them in mixed case."""
        return [checksum_address(a) if isinstance(a, bytes) and len(a) == 20 else a for a in arguments]

    def _send(self, transaction: Mapping[str, str]) -> Mapping[str, Any]:
        filled = {"from": self._sender, "gas": hex(3_000_000), **transaction}
        digest = self.rpc("eth_sendTransaction", filled)
        digest = to_hex(bytes(digest)) if isinstance(digest, bytes) else digest
        self.mine()  # the chain mines only when told, so that a block's content never depends on a race
        receipt: Mapping[str, Any] = self.rpc("eth_getTransactionReceipt", digest)
        assert receipt is not None and receipt["status"] in (1, "0x1"), "a development transaction failed"
        return receipt
