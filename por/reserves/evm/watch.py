"""Deposits on an EVM chain: blocks in, facts out. What was credited and then left the chain is stated as gone.

The core, `WatchState`, is pure and can be written down between any two blocks; `Watcher` is the door that asks a node.
Rules, each tested by name:

1. A transfer counts if it stands in a block of the chain that is followed: coin that a transaction which did not fail
   pays to a watched address itself, or a Transfer event of a listed contract with three topics and one word of data.
   A contract that is not listed is nobody's asset, whatever it calls itself.
2. A receipt is stated once, when its block has `confirmations` blocks counting itself. Its evidence names chain,
   transaction, log index (`native` for coin) and block hash.
3. A block in whose place another one stands takes its receipts back: those stated are stated as gone, newest first,
   the others were never stated. The same transaction in another block is another receipt. A node that is only behind
   takes nothing back.
4. Blocks are followed one by one, each the child of the last; a reorganisation beyond `window` blocks under the newest
   raises `ReorgTooDeep` and nobody is credited until an operator has looked.
5. State that is older than what was stated states it again, with the same evidence; whoever takes the facts takes each
   evidence once.

Not seen: coin that a contract sends inside a transaction, validators' withdrawals and block rewards, and tokens that
change balances without an event. They are in the wallet's balance, so the hourly reconciliation lists them. Tokens that
deliver less than their event says (a fee on transfer) must not be listed.
The node is the operator's own and believed about its chain, except that a header must hash to its hash.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ledger.canonical import Json
from ledger.errors import FormatError
from por.reserves.evm.errors import ChainError, EndpointLies
from por.reserves.evm.header import header_from_rpc
from por.reserves.evm.hexes import from_hex, keccak256, parse_quantity, to_hex
from por.reserves.evm.rpc import Endpoint

__all__ = ["NATIVE", "TRANSFER_TOPIC", "Block", "Receipt", "ReorgTooDeep", "Transfer", "WatchState", "Watcher"]

NATIVE = "native"
TRANSFER_TOPIC = keccak256(b"Transfer(address,address,uint256)")
_FORMAT = "tallystick/evm-watch/1"


class ReorgTooDeep(ChainError):
    """The chain left the blocks that are remembered. Remedy: compare the log's deposits with the chain by hand."""

    verdict = "reorg-too-deep"


class Transfer(NamedTuple):
    """One payment to a watched address as a block has it; `log_index` is None and `contract` empty for coin."""

    transaction: bytes
    log_index: int | None
    contract: bytes
    address: bytes
    units: int


class Block(NamedTuple):
    """What of a block matters here."""

    number: int
    hash: bytes
    parent: bytes
    transfers: tuple[Transfer, ...]


class Receipt(NamedTuple):
    """A confirmed payment in the chain's smallest unit, or with `is_gone` one that stands in no block any more.

    `contract` is 0x and hex, or "native".
    """

    evidence: str
    chain: str
    transaction: str
    address: str
    contract: str
    units: int
    block: int
    is_gone: bool = False


@dataclass(slots=True)
class _Kept:
    number: int
    hash: bytes
    receipts: tuple[Receipt, ...]
    is_stated: bool = False


@dataclass(slots=True)
class WatchState:
    """The blocks that are remembered, the newest last. `next_number` is the block to read next.

    `confirmations` from 1 on; `window`: how many blocks under the newest are remembered, at least the confirmations.
    """

    chain: str
    confirmations: int
    next_number: int
    window: int = 256
    _kept: list[_Kept] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert 1 <= self.confirmations <= self.window, "what waits for confirmation is remembered"

    @property
    def head(self) -> tuple[int, bytes] | None:
        """Number and hash of the newest block followed."""
        return (self._kept[-1].number, self._kept[-1].hash) if self._kept else None

    def extend(self, block: Block) -> list[Receipt]:
        """Follow one block, the child of the newest; gives the receipts that it confirms."""
        assert block.number == self.next_number, "blocks are followed one by one"
        assert not self._kept or block.parent == self._kept[-1].hash, "a block is followed after its parent only"
        self._kept.append(_Kept(block.number, block.hash, tuple(self._receipts(block))))
        self.next_number += 1
        stated: list[Receipt] = []
        for kept in self._kept:
            if not kept.is_stated and block.number - kept.number + 1 >= self.confirmations:
                kept.is_stated = True
                stated += kept.receipts
        del self._kept[: -self.window - 1]
        return stated

    def rewind(self) -> list[Receipt]:
        """Let go of the newest block, which has left the chain; gives what had been stated of it, newest first."""
        gone = self._kept.pop()
        self.next_number = gone.number
        return [receipt._replace(is_gone=True) for receipt in reversed(gone.receipts)] if gone.is_stated else []

    def newest_first(self) -> Iterator[tuple[int, bytes]]:
        """Number and hash of every block that is remembered."""
        return ((kept.number, kept.hash) for kept in reversed(self._kept))

    def pending(self) -> list[Receipt]:
        """Seen and not yet confirmed: in flight for a reconciliation, nobody's claim."""
        return [receipt for kept in self._kept if not kept.is_stated for receipt in kept.receipts]

    def _receipts(self, block: Block) -> Iterable[Receipt]:
        for transfer in block.transfers:
            transaction = to_hex(transfer.transaction)
            place = NATIVE if transfer.log_index is None else str(transfer.log_index)
            evidence = f"{self.chain}/{transaction}/{place}/{to_hex(block.hash)}"
            contract = to_hex(transfer.contract) if transfer.contract else NATIVE
            yield Receipt(
                evidence, self.chain, transaction, to_hex(transfer.address), contract, transfer.units, block.number
            )

    # The state as a document, for a restart that need not read the window again.

    def to_document(self) -> dict[str, Json]:
        """Everything that decides what is stated next."""
        return {
            "blocks": [
                [kept.number, to_hex(kept.hash), kept.is_stated, [[*r[:5], str(r.units)] for r in kept.receipts]]
                for kept in self._kept
            ],
            "chain": self.chain,
            "confirmations": self.confirmations,
            "format": _FORMAT,
            "next": self.next_number,
            "window": self.window,
        }

    @classmethod
    def from_document(cls, document: Json) -> WatchState:
        """Inverse of `to_document`. Raises FormatError."""
        try:
            if not isinstance(document, dict) or document["format"] != _FORMAT:
                raise FormatError("not the state of a watcher of this version")
            made: dict[str, Any] = document
            kept = [
                _Kept(
                    int(number),
                    from_hex(digest, 32, "block hash"),
                    tuple(Receipt(e, c, t, a, k, int(units), int(number)) for e, c, t, a, k, units in receipts),
                    bool(is_stated),
                )
                for number, digest, is_stated, receipts in made["blocks"]
            ]
            return cls(str(made["chain"]), int(made["confirmations"]), int(made["next"]), int(made["window"]), kept)
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError("the state of a watcher is out of form") from error


class Watcher:
    """Follows one chain through one endpoint. `addresses` may grow between two polls: name one before it is shown."""

    def __init__(
        self, endpoint: Endpoint, state: WatchState, addresses: Container[bytes], contracts: Collection[bytes]
    ) -> None:
        self._endpoint, self.state, self._addresses = endpoint, state, addresses
        self._contracts = frozenset(contracts)

    def poll(self, limit: int = 1000) -> list[Receipt]:
        """Follow the chain to its newest block, at most `limit` blocks; the facts in the order to be taken.

        Raises ReorgTooDeep, or another ChainError, and then nothing has changed; trouble after the first fact ends the
        call and is met again by the next. Give the facts to the log before the state is written down.
        """
        facts: list[Receipt] = []
        try:
            self._follow(facts, limit)
        except ChainError:
            if not facts:
                raise  # else what is known is told first, and the next call meets the same trouble
        return facts

    def _follow(self, facts: list[Receipt], limit: int) -> None:
        state = self.state
        newest = self._endpoint.header("latest")
        head = -1 if newest is None else newest.number
        for _ in range(self._replaced(head)):
            facts += state.rewind()
        while state.next_number <= head and limit > 0:
            block = self._read(state.next_number)
            if block is None or (state.head is not None and block.parent != state.head[1]):
                break  # the chain changed while it was read: the next poll goes back first
            facts += state.extend(block)
            limit -= 1

    def _replaced(self, head: int) -> int:
        """How many of the newest blocks have others in their place; none while the endpoint is only behind."""
        for depth, (number, digest) in enumerate(self.state.newest_first()):
            header = self._endpoint.header(number) if number <= head else None
            if header is not None and header.hash == digest:
                return depth if number < head else 0
        if self.state.head is not None:
            raise ReorgTooDeep(f"{self._endpoint.name} has none of the {self.state.window} blocks that were followed")
        return 0

    def _read(self, number: int) -> Block | None:
        answer = self._endpoint.ask("eth_getBlockByNumber", [hex(number), True])
        if answer is None:
            return None
        try:
            if not isinstance(answer, Mapping):
                raise FormatError("a block is no object")
            header = header_from_rpc(answer)
            if to_hex(header.hash) != answer.get("hash") or header.number != number:
                raise FormatError(f"block {number} does not hash to the hash that it comes with")
            native = self._native_transfers(answer["transactions"], header.hash)
            tokens = self._token_transfers(header.hash)
        except (FormatError, KeyError, TypeError, AttributeError) as error:
            raise EndpointLies(f"{self._endpoint.name} gives block {number} out of form: {error}") from error
        return Block(number, header.hash, header.parent_hash, (*native, *tokens))

    def _native_transfers(self, transactions: Iterable[Mapping[str, Any]], block: bytes) -> list[Transfer]:
        found = []
        for transaction in transactions:
            units = parse_quantity(transaction["value"], "value")
            if transaction.get("to") is None or not units:
                continue
            address = from_hex(str(transaction["to"]).lower(), 20, "to")
            if address not in self._addresses:
                continue
            digest = from_hex(transaction["hash"], 32, "transaction hash")
            receipt = self._endpoint.ask("eth_getTransactionReceipt", [to_hex(digest)])
            if receipt is None or receipt["blockHash"] != to_hex(block):
                raise FormatError("a transaction's receipt is of another block")
            if parse_quantity(receipt["status"], "status") == 1:
                found.append(Transfer(digest, None, b"", address, units))
        return found

    def _token_transfers(self, block: bytes) -> list[Transfer]:
        if not self._contracts:
            return []
        wanted = {
            "blockHash": to_hex(block),
            "address": [to_hex(contract) for contract in sorted(self._contracts)],
            "topics": [to_hex(TRANSFER_TOPIC)],
        }
        found = []
        for log in self._endpoint.ask("eth_getLogs", [wanted]):
            topics, data = log["topics"], from_hex(log["data"], None, "data")
            contract = from_hex(str(log["address"]).lower(), 20, "address")
            if log["blockHash"] != to_hex(block) or log.get("removed"):
                raise FormatError("an event is of another block")
            if contract not in self._contracts or len(topics) != 3 or len(data) != 32:
                continue
            if topics[0] != to_hex(TRANSFER_TOPIC):
                continue
            word = from_hex(topics[2], 32, "topic")
            units = int.from_bytes(data, "big")
            if any(word[:12]) or word[12:] not in self._addresses or not units:
                continue
            digest = from_hex(log["transactionHash"], 32, "transaction hash")
            found.append(Transfer(digest, parse_quantity(log["logIndex"], "log index"), contract, word[12:], units))
        return found
