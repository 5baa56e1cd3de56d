"""A hot wallet on an EVM chain: what it signs, how it is sent, and what became of it.

Rules, each tested by name:

1. Signing needs no connection and is deterministic: the same payment, nonce and fees give the same bytes. The caller
   puts the bytes into the log first and broadcasts what the log holds.
2. The next nonce is one after the highest that the log holds for the wallet (`next_nonce`), never the node's opinion:
   two payments never share one, and a crash between log and broadcast leaves no hole that is not filled by resending.
3. A payment is replaced only by a transaction of the same nonce (`replacement`): at most one of them can ever confirm.
   A cancellation is a payment of nothing to the wallet itself.
4. `broadcast` may be repeated: an endpoint that already knows the transaction, pending or mined, is no error.
5. An outcome is final when its block has `confirmations` blocks counting itself: SETTLED, REVERTED (the chain refused
   it or the token moved nothing: the coins never left, the gas did), CANCELLED (the cancellation confirmed) or
   DISPLACED (the nonce is spent by none of the known transactions: somebody else has the key, so nothing is refunded
   and people look). Anything else is in flight, and `is_seen` says whether the endpoint has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from eth_account import Account

from ledger.errors import FormatError
from por.reserves.evm import rlp
from por.reserves.evm.errors import ChainError, EndpointLies, RpcRefused
from por.reserves.evm.hexes import checksum_address, from_hex, keccak256, parse_caip2, parse_quantity, to_hex
from por.reserves.evm.rpc import Endpoint
from por.reserves.evm.watch import TRANSFER_TOPIC

__all__ = [
    "Broadcaster",
    "Fees",
    "FeesTooHigh",
    "GasPolicy",
    "HotWallet",
    "Outcome",
    "OutcomeKind",
    "Payment",
    "SignedPayment",
    "next_nonce",
    "read_signed",
]

_TRANSFER_CALL = bytes.fromhex("a9059cbb")  # transfer(address,uint256)
_DYNAMIC_FEE = 2  # EIP-1559's transaction type
_RAISE_PERCENT = 113  # nodes take a replacement that pays a tenth more; an eighth is above every node's rule


class FeesTooHigh(ChainError):
    """The chain asks more than the policy pays. Remedy: wait, or raise the policy's limit."""

    verdict = "fees-too-high"


class Payment(NamedTuple):
    """`units` of the chain's smallest unit to an address; `contract` empty for the chain's own coin."""

    to: bytes
    units: int
    contract: bytes = b""


class Fees(NamedTuple):
    """What a transaction pays at most for a unit of gas, and of that to the block's maker, in wei."""

    max_fee: int
    priority_fee: int


class GasPolicy(NamedTuple):
    """The operator's limits: wei per gas at most, the tip, and gas for coin and for a token's transfer."""

    fee_max: int
    priority_fee: int = 1_000_000_000
    gas_coin: int = 21_000
    gas_token: int = 120_000

    def fees(self, base_fee: int) -> Fees:
        """Twice the block's base fee and the tip: five full blocks later it still holds. Raises FeesTooHigh."""
        wanted = 2 * base_fee + self.priority_fee
        if base_fee + self.priority_fee > self.fee_max:
            raise FeesTooHigh("the base fee and the tip are above the policy's limit")
        return Fees(min(wanted, self.fee_max), self.priority_fee)

    def replacement(self, fees: Fees) -> Fees:
        """Fees that outbid `fees` at the same nonce. Raises FeesTooHigh."""
        raised = Fees(-(-fees.max_fee * _RAISE_PERCENT // 100), -(-fees.priority_fee * _RAISE_PERCENT // 100))
        if raised.max_fee > self.fee_max:
            raise FeesTooHigh("a replacement would pay more than the policy's limit")
        return raised


class SignedPayment(NamedTuple):
    """A signed transaction and what its bytes say. `payment` is what it moves; `sender` who signed."""

    raw: bytes
    hash: bytes
    chain: str
    nonce: int
    sender: bytes
    payment: Payment
    fees: Fees
    gas: int

    @property
    def is_cancellation(self) -> bool:
        """Whether it moves nothing and only spends the nonce."""
        return self.payment == Payment(self.sender, 0)


def read_signed(raw: bytes) -> SignedPayment:
    """What the bytes of a signed transaction of this wallet's making say. Raises FormatError for any other."""
    if raw[:1] != bytes((_DYNAMIC_FEE,)):
        raise FormatError("not a transaction with a dynamic fee")
    fields = rlp.decode(raw[1:])
    if not isinstance(fields, list) or len(fields) != 12 or fields[8] != []:
        raise FormatError("not the fields of a transaction")
    flat = [field for field in fields if isinstance(field, bytes)]
    if len(flat) != 11:
        raise FormatError("not the fields of a transaction")
    chain_id, nonce, priority, max_fee, gas, value = (rlp.decode_integer(flat[i], 256) for i in (0, 1, 2, 3, 4, 6))
    to, data = flat[5], flat[7]
    payment = Payment(to, value)
    if data:
        if len(data) != 68 or data[:4] != _TRANSFER_CALL or any(data[4:16]) or value:
            raise FormatError("a transaction that does something else than paying")
        payment = Payment(data[16:36], int.from_bytes(data[36:], "big"), to)
    try:
        sender = from_hex(str(Account.recover_transaction(raw)).lower(), 20, "sender")
    except Exception as error:  # the library raises many kinds for a signature that is none
        raise FormatError("a transaction whose signature recovers nobody") from error
    return SignedPayment(
        raw, keccak256(raw), f"eip155:{chain_id}", nonce, sender, payment, Fees(max_fee, priority), gas
    )


def next_nonce(logged: Iterable[bytes], sender: bytes, chain: str, first: int = 0) -> int:
    """The nonce after the highest that `sender` signed on `chain` among the log's transactions, else `first`."""
    signed = (read_signed(raw) for raw in logged)
    return max((each.nonce + 1 for each in signed if (each.sender, each.chain) == (sender, chain)), default=first)


class HotWallet:
    """Signs with one key for one chain. Opens no connection."""

    def __init__(self, key: bytes, chain: str, policy: GasPolicy) -> None:
        self._account = Account.from_key(key)
        self.address = from_hex(str(self._account.address).lower(), 20, "address")
        self.chain, self.policy = chain, policy
        self._chain_id = parse_caip2(chain, "chain")

    def sign(self, payment: Payment, nonce: int, fees: Fees) -> SignedPayment:
        """The transaction that makes a payment; the caller logs it before anybody sends it."""
        assert payment.units >= 0 and len(payment.to) == 20, "a payment is checked where it is asked for"
        to, value, data, gas = payment.to, payment.units, b"", self.policy.gas_coin
        if payment.contract:
            data = _TRANSFER_CALL + payment.to.rjust(32, b"\0") + payment.units.to_bytes(32, "big")
            to, value, gas = payment.contract, 0, self.policy.gas_token
        signed = self._account.sign_transaction(
            {
                "type": _DYNAMIC_FEE,
                "chainId": self._chain_id,
                "nonce": nonce,
                "to": checksum_address(to),
                "value": value,
                "data": to_hex(data),
                "gas": gas,
                "maxFeePerGas": fees.max_fee,
                "maxPriorityFeePerGas": fees.priority_fee,
            }
        )
        made = read_signed(bytes(signed.raw_transaction))
        assert made.sender == self.address and made.payment == payment and made.nonce == nonce, "signed what was asked"
        return made

    def replacement(self, sent: SignedPayment, *, cancel: bool = False) -> SignedPayment:
        """The same payment, or with `cancel` none at all, at the same nonce for more gas. Raises FeesTooHigh."""
        assert sent.sender == self.address and sent.chain == self.chain, "a wallet replaces its own"
        payment = Payment(self.address, 0) if cancel else sent.payment
        return self.sign(payment, sent.nonce, self.policy.replacement(sent.fees))


class OutcomeKind(StrEnum):
    """What became of the transactions of one nonce."""

    IN_FLIGHT = "in-flight"
    SETTLED = "settled"
    REVERTED = "reverted"
    CANCELLED = "cancelled"
    DISPLACED = "displaced"


class Outcome(NamedTuple):
    """`evidence` names chain, transaction and block of a final outcome; `fee` is the wei that it cost."""

    kind: OutcomeKind
    evidence: str = ""
    fee: int = 0
    is_seen: bool = False


class Broadcaster:
    """Sends what is signed and asks what became of it, through one endpoint of the chain."""

    def __init__(self, endpoint: Endpoint, confirmations: int) -> None:
        assert confirmations >= 1, "a transaction outside all blocks is not final"
        self._endpoint, self._confirmations = endpoint, confirmations

    def fees(self, policy: GasPolicy) -> Fees:
        """What a transaction should pay now. Raises FeesTooHigh or another ChainError."""
        answer = self._endpoint.ask("eth_getBlockByNumber", ["latest", False])
        try:
            return policy.fees(parse_quantity(answer["baseFeePerGas"], "base fee"))
        except (FormatError, KeyError, TypeError) as error:
            raise EndpointLies(f"{self._endpoint.name} gives a block without a base fee") from error

    def broadcast(self, raw: bytes) -> None:
        """Send a signed transaction, or find it sent already. Raises ChainError if the endpoint does not take it."""
        try:
            self._endpoint.ask("eth_sendRawTransaction", [to_hex(raw)])
        except RpcRefused:
            if not self._is_known(keccak256(raw)):
                raise

    def outcome(self, candidates: Sequence[SignedPayment]) -> Outcome:
        """What became of one payment: all transactions signed for it, which share sender and nonce."""
        assert candidates and len({(c.sender, c.nonce, c.chain) for c in candidates}) == 1, "one nonce, one payment"
        newest = self._endpoint.header("latest")
        head = 0 if newest is None else newest.number
        try:
            for candidate in candidates:
                receipt = self._endpoint.ask("eth_getTransactionReceipt", [to_hex(candidate.hash)])
                if receipt is not None:
                    return self._judge(candidate, receipt, head)
            if self._nonce_spent(candidates[0].sender, head) > candidates[0].nonce:
                evidence = f"{candidates[0].chain}/nonce-{candidates[0].nonce}/block-{head}"
                return Outcome(OutcomeKind.DISPLACED, evidence)
        except (FormatError, KeyError, TypeError, AttributeError) as error:
            raise EndpointLies(f"{self._endpoint.name} gives a receipt out of form: {error}") from error
        return Outcome(OutcomeKind.IN_FLIGHT, is_seen=any(self._is_known(c.hash) for c in candidates))

    def _judge(self, candidate: SignedPayment, receipt: Mapping[str, Any], head: int) -> Outcome:
        number = parse_quantity(receipt["blockNumber"], "block number")
        block = from_hex(receipt["blockHash"], 32, "block hash")
        header = self._endpoint.header(number)
        if header is None or header.hash != block or head - number + 1 < self._confirmations:
            return Outcome(OutcomeKind.IN_FLIGHT, is_seen=True)
        gas, price = (parse_quantity(receipt[name], name) for name in ("gasUsed", "effectiveGasPrice"))
        evidence = f"{candidate.chain}/{to_hex(candidate.hash)}/{to_hex(block)}"
        kind = OutcomeKind.SETTLED
        if parse_quantity(receipt["status"], "status") != 1 or not _is_delivered(candidate, receipt["logs"]):
            kind = OutcomeKind.REVERTED
        elif candidate.is_cancellation:
            kind = OutcomeKind.CANCELLED
        return Outcome(kind, evidence, gas * price, is_seen=True)

    def _nonce_spent(self, sender: bytes, head: int) -> int:
        """How many transactions of the sender are beyond doubt: counted at the block that has its confirmations."""
        block = head - self._confirmations + 1
        if block < 0:
            return 0
        return parse_quantity(self._endpoint.ask("eth_getTransactionCount", [to_hex(sender), hex(block)]), "nonce")

    def _is_known(self, digest: bytes) -> bool:
        try:
            return self._endpoint.ask("eth_getTransactionByHash", [to_hex(digest)]) is not None
        except RpcRefused:
            return False


def _is_delivered(candidate: SignedPayment, logs: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a token's contract says that it moved what was asked: some answer false instead of reverting."""
    payment = candidate.payment
    if not payment.contract:
        return True
    wanted = [to_hex(TRANSFER_TOPIC), *(to_hex(end.rjust(32, b"\0")) for end in (candidate.sender, payment.to))]
    return any(
        str(log["address"]).lower() == to_hex(payment.contract)
        and list(log["topics"]) == wanted
        and int.from_bytes(from_hex(log["data"], None, "data"), "big") == payment.units
        for log in logs
    )
