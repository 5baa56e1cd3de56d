"""The development chain inside this process, on py-evm: for machines without anvil, and as a second implementation.

py-evm has no JSON-RPC of its own. This provider answers the questions that a collection asks; headers come from
py-evm's own chain and proofs from its trie. "finalized" and "safe" are the newest block.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from typing import Any

from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from por.reserves.evm import rlp
from por.reserves.evm.devnode.anvil import connect_local
from por.reserves.evm.devnode.node import DevNode
from por.reserves.evm.header import FIELDS
from por.reserves.evm.hexes import checksum_address, from_hex, keccak256, to_hex
from por.reserves.evm.trie import EMPTY_ROOT

__all__ = ["PyEvmProvider", "serve_pyevm", "start_pyevm"]


class _Refused(Exception):
    """An answer that is a JSON-RPC error."""


class PyEvmProvider(JSONBaseProvider):
    """JSON-RPC over an in-process eth-tester chain; the methods that the collector, the reader and the demo use."""

    def __init__(self, timestamp: int | None = None) -> None:
        super().__init__()
        eth_tester: Any = import_module("eth_tester")
        chosen = {} if timestamp is None else {"timestamp": timestamp}
        genesis = eth_tester.PyEVMBackend.generate_genesis_params(chosen)
        self._backend = eth_tester.PyEVMBackend(genesis_parameters=genesis)
        self._tester = eth_tester.EthereumTester(self._backend)
        self._tester.disable_auto_mine_transactions()
        self._next_time: int | None = None
        self._trie: Any = import_module("trie").HexaryTrie
        self._call_failed: Any = import_module("eth_tester.exceptions").TransactionFailed
        self._not_found: Any = import_module("eth_tester.exceptions").TransactionNotFound
        self._not_valid: Any = import_module("eth_tester.exceptions").ValidationError
        self._invalid: Any = import_module("eth_utils").ValidationError
        self._methods: dict[str, Callable[..., Any]] = {
            "eth_accounts": self._tester.get_accounts,
            "eth_blockNumber": lambda: hex(self._head()),
            "eth_call": self._call,
            "eth_chainId": lambda: hex(self._backend.chain.chain_id),
            "eth_getBalance": lambda address, _block: hex(self._tester.get_balance(_mixed(address))),
            "eth_getBlockByNumber": self._block,
            "eth_getCode": lambda address, _block: self._tester.get_code(_mixed(address)),
            "eth_getLogs": self._logs,
            "eth_getProof": self._proof,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionCount": lambda address, _block: hex(self._tester.get_nonce(_mixed(address))),
            "eth_getTransactionReceipt": self._receipt,
            "eth_sendRawTransaction": self._send_raw,
            "eth_sendTransaction": self._send,
            "evm_mine": self._mine,
            "evm_revert": self._tester.revert_to_snapshot,
            "evm_setNextBlockTimestamp": self._travel,
            "evm_snapshot": self._tester.take_snapshot,
        }

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Answer one call."""
        answer = self._methods.get(method)
        try:
            if answer is None:
                raise _Refused(f"the method {method} does not exist")
            return {"jsonrpc": "2.0", "id": 1, "result": answer(*params)}
        except _Refused as error:
            return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": str(error)}}

    def _head(self) -> int:
        return int(self._backend.chain.get_canonical_head().block_number)

    def _number(self, block: object) -> int:
        if isinstance(block, dict):
            for number in range(self._head(), -1, -1):
                if to_hex(self._header(number).hash) == block["blockHash"]:
                    return number
            raise _Refused("block not found")
        if block in ("latest", "safe", "finalized"):
            return self._head()
        assert isinstance(block, str)
        return int(block, 16)

    def _header(self, number: int) -> Any:
        return self._backend.chain.get_canonical_block_header_by_number(number)

    def _block(self, block: str, full: bool) -> dict[str, Any] | None:
        number = self._number(block)
        if number > self._head():
            return None
        header = self._header(number)
        fields = rlp.decode_flat(_library_encode(header))
        answer: dict[str, Any] = {"hash": to_hex(header.hash)}
        for (name, kind), value in zip(FIELDS, fields, strict=False):
            answer[name] = hex(int.from_bytes(value, "big")) if kind == "uint" else to_hex(value)
        hashes = self._tester.get_block_by_number(number)["transactions"]
        answer["transactions"] = [self._transaction(digest) for digest in hashes] if full else list(hashes)
        return answer

    def _proof(self, address: str, keys: list[str], block: object) -> dict[str, Any]:
        root = self._header(self._number(block)).state_root
        value, nodes = self._prove(root, keccak256(from_hex(address, 20, "address")))
        account = rlp.decode_flat(value) if value else [b"", b"", EMPTY_ROOT, keccak256(b"")]
        slots = []
        for key in keys:
            found, path = self._prove(account[2], keccak256(from_hex(key, 32, "key")))
            word = rlp.decode(found, max_depth=0) if found else b""
            assert isinstance(word, bytes)
            slots.append({"key": key, "value": hex(int.from_bytes(word, "big")), "proof": path})
        return {"accountProof": nodes, "balance": hex(int.from_bytes(account[1], "big")), "storageProof": slots}

    def _prove(self, root: bytes, key: bytes) -> tuple[bytes, list[str]]:
        if root == EMPTY_ROOT:
            return b"", []
        trie = self._trie(self._backend.chain.chaindb.db, root)
        encoded = [_library_encode(node) for node in trie.get_proof(key)]
        given = [node for index, node in enumerate(encoded) if index == 0 or len(node) >= 32]
        return bytes(trie.get(key)), [to_hex(node) for node in given]

    def _call(self, call: dict[str, str], block: object) -> str:
        filled = {"from": self._tester.get_accounts()[0], "to": _mixed(call["to"]), "data": call["data"]}
        try:
            return str(self._tester.call({**filled, "gas": 3_000_000}, block_number=self._number(block)))
        except self._call_failed as error:
            raise _Refused("execution reverted") from error

    def _send(self, transaction: dict[str, str]) -> str:
        filled: dict[str, Any] = dict(transaction)
        for name in ("gas", "value"):
            if name in filled:
                filled[name] = int(filled[name], 16)
        self._set_time()
        return str(self._tester.send_transaction(filled))

    def _send_raw(self, raw: str) -> str:
        self._set_time()
        try:
            return str(self._tester.send_raw_transaction(raw))
        except (self._invalid, self._not_valid) as error:
            raise _Refused("invalid transaction") from error

    def _transaction(self, digest: str) -> dict[str, Any] | None:
        try:
            found = self._tester.get_transaction_by_hash(digest)
        except self._not_found:
            return None
        to = str(found["to"]).lower() or None
        return {"hash": found["hash"], "from": found["from"].lower(), "to": to, "value": hex(found["value"])}

    def _receipt(self, digest: str) -> dict[str, Any] | None:
        """As every node has it: none before the transaction is in a block."""
        try:
            receipt = self._tester.get_transaction_receipt(digest)
        except self._not_found:
            return None
        if receipt["block_number"] is None or receipt["block_number"] > self._head():
            return None
        header = self._header(receipt["block_number"])
        return {
            "blockHash": to_hex(header.hash),
            "blockNumber": hex(receipt["block_number"]),
            "contractAddress": receipt["contract_address"],
            "effectiveGasPrice": hex(receipt["effective_gas_price"]),
            "gasUsed": hex(receipt["gas_used"]),
            "logs": [self._log(log, header) for log in receipt["logs"]],
            "status": hex(receipt["status"]),
        }

    def _logs(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        """The events of one block, by its hash, of the contracts and the first topic that are asked for."""
        number = self._number({"blockHash": wanted["blockHash"]})
        receipts = (self._receipt(digest) for digest in self._tester.get_block_by_number(number)["transactions"])
        logs = [log for receipt in receipts if receipt is not None for log in receipt["logs"]]
        return [log for log in logs if log["address"] in wanted["address"] and log["topics"][:1] == wanted["topics"]]

    @staticmethod
    def _log(log: Any, header: Any) -> dict[str, Any]:
        return {
            "address": str(log["address"]).lower(),
            "blockHash": to_hex(header.hash),
            "data": log["data"],
            "logIndex": hex(log["log_index"]),
            "topics": list(log["topics"]),
            "transactionHash": log["transaction_hash"],
        }

    def _travel(self, timestamp: int) -> None:
        self._next_time = timestamp

    def _set_time(self) -> None:
        """Give the block being filled its time: the one asked for, else a second after the last; never the clock's."""
        chain = self._backend.chain
        timestamp = self._next_time or int(chain.get_canonical_head().timestamp) + 1
        chain.header = chain.header.copy(timestamp=timestamp)

    def _mine(self) -> None:
        self._set_time()
        expected = int(self._backend.chain.header.timestamp)
        self._tester.mine_block()
        self._next_time = None
        assert int(self._backend.chain.get_canonical_head().timestamp) == expected


def _mixed(address: str) -> str:
    return checksum_address(from_hex(address, 20, "address"))


def _library_encode(value: object) -> bytes:
    library: Any = import_module("rlp")
    return bytes(library.encode(value))


def start_pyevm(timestamp: int | None = None) -> DevNode:
    """A chain in this process whose first block is at `timestamp`, by default now.

    Raises ImportError where py-evm is not installed.
    """
    provider = PyEvmProvider(timestamp)
    return DevNode("in-process", lambda _url: provider, lambda: None)


def serve_pyevm(timestamp: int) -> DevNode:
    """The same chain from `timestamp` (Unix seconds) on, behind HTTP on this machine, for commands that take a URL."""
    provider, lock = PyEvmProvider(timestamp), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                answer = dict(provider.make_request(request["method"], request.get("params", [])))
            body = json.dumps(answer | {"id": request["id"]}, default=lambda value: to_hex(bytes(value))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the demo and the tests speak for themselves."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return DevNode(f"http://127.0.0.1:{server.server_port}", connect_local, server.shutdown)
