"""A hot wallet on an EVM chain: what it signs, how it is sent, and what became of it.

Rules, each tested by name:

1. Signing needs no connection and is deterministic: the same payment, nonce and fees give the same bytes. The caller
   puts the bytes into the log first and broadcasts what the log holds.
2. A nonce is given by the caller, who takes it from the log and never from the node: two payments never share one, and
   a crash between log and broadcast leaves no hole that is not filled by resending.
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
from por.reserves.evm.header import Header
from por.reserves.evm.hexes import (
    checksum_address,
    from_hex,
    keccak256,
    parse_address,
    parse_caip2,
    parse_quantity,
    to_hex,
)
from por.reserves.evm.rpc import Endpoint
from por.reserves.evm.watch import NATIVE, TRANSFER_TOPIC

__all__ = [
    "Broadcaster",
    "EvmTreasury",
    "Fees",
    "FeesTooHigh",
    "GasPolicy",
    "HotWallet",
    "Inclusion",
    "Outcome",
    "OutcomeKind",
    "Payment",
    "SignedPayment",
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


class Inclusion(NamedTuple):
    """What a chain has of a payment at a block: whether it moved what it says, and the wei that it cost."""

    is_paid: bool
    fee: int


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

    def included(self, candidates: Sequence[SignedPayment], block: int) -> Inclusion | None:
        """Whether the chain up to a block has one of the transactions, final or not; for a balance at that block."""
        try:
            for candidate in candidates:
                receipt = self._endpoint.ask("eth_getTransactionReceipt", [to_hex(candidate.hash)])
                if receipt is not None and parse_quantity(receipt["blockNumber"], "block number") <= block:
                    kind, fee = _verdict(candidate, receipt)
                    return Inclusion(kind is OutcomeKind.SETTLED, fee)
        except (FormatError, KeyError, TypeError, AttributeError) as error:
            raise EndpointLies(f"{self._endpoint.name} gives a receipt out of form: {error}") from error
        return None

    def balance(self, address: bytes, contract: bytes, header: Header) -> int:
        """What an address has of the coin, or of a contract's token, at a block; for the hourly reconciliation.

        Believed of the operator's own node; what an attestation states is proven (`por.reserves.evm.collect`).
        """
        if contract:
            said = self._endpoint.balance_of(contract, address, header)
            if said is None:
                raise EndpointLies(f"{self._endpoint.name} gives no balance of a listed contract")
            return said
        try:
            answer = self._endpoint.ask("eth_getBalance", [to_hex(address), hex(header.number)])
            return parse_quantity(answer, "balance")
        except FormatError as error:
            raise EndpointLies(f"{self._endpoint.name} gives a balance out of form") from error

    def head(self) -> Header:
        """The newest block. Raises EndpointLies where there is none."""
        header = self._endpoint.header("latest")
        if header is None:
            raise EndpointLies(f"{self._endpoint.name} has no newest block")
        return header

    def transactions_of(self, address: bytes) -> int:
        """How many transactions an address has sent as the chain has it: the first nonce of a key that is not new."""
        try:
            return parse_quantity(self._endpoint.ask("eth_getTransactionCount", [to_hex(address), "latest"]), "nonce")
        except FormatError as error:
            raise EndpointLies(f"{self._endpoint.name} gives a count out of form") from error

    def _judge(self, candidate: SignedPayment, receipt: Mapping[str, Any], head: int) -> Outcome:
        number = parse_quantity(receipt["blockNumber"], "block number")
        block = from_hex(receipt["blockHash"], 32, "block hash")
        header = self._endpoint.header(number)
        if header is None or header.hash != block or head - number + 1 < self._confirmations:
            return Outcome(OutcomeKind.IN_FLIGHT, is_seen=True)
        evidence = f"{candidate.chain}/{to_hex(candidate.hash)}/{to_hex(block)}"
        kind, fee = _verdict(candidate, receipt)
        return Outcome(kind, evidence, fee, is_seen=True)

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


def _verdict(candidate: SignedPayment, receipt: Mapping[str, Any]) -> tuple[OutcomeKind, int]:
    """What a receipt says of a transaction, and the wei that it cost."""
    gas, price = (parse_quantity(receipt[name], name) for name in ("gasUsed", "effectiveGasPrice"))
    if parse_quantity(receipt["status"], "status") != 1 or not _is_delivered(candidate, receipt["logs"]):
        return OutcomeKind.REVERTED, gas * price
    return (OutcomeKind.CANCELLED if candidate.is_cancellation else OutcomeKind.SETTLED), gas * price


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


class EvmTreasury:
    """A hot wallet with its chain, in the words of the treasury: addresses and contracts as text, bytes as they are.

    Satisfies `ledger.treasury.protocols.ChainWallet`. `contract` is 0x and hex, or "native".
    """

    def __init__(self, wallet: HotWallet, broadcaster: Broadcaster) -> None:
        self._wallet, self._broadcaster = wallet, broadcaster
        self.sender = to_hex(wallet.address)

    def problem(self, destination: str) -> str | None:
        """Why nothing can be paid to a destination; None if it can."""
        try:
            address = parse_address(destination, "the destination")
        except FormatError as error:
            return str(error)
        return "the destination is the zero address" if not any(address) else None

    def first_nonce(self) -> int:
        """The number that the key's first transaction in the log must have."""
        return self._broadcaster.transactions_of(self._wallet.address)

    def pay(self, destination: str, contract: str, units: int, nonce: int) -> bytes:
        """Sign a payment at the fees of now. Raises ChainError."""
        token = b"" if contract == NATIVE else from_hex(contract.lower(), 20, "contract")
        payment = Payment(parse_address(destination, "the destination"), units, token)
        return self._wallet.sign(payment, nonce, self._broadcaster.fees(self._wallet.policy)).raw

    def replacement(self, raw: bytes, *, cancel: bool) -> bytes:
        """Sign another transaction of the same nonce: for more gas, or to call the payment back."""
        return self._wallet.replacement(read_signed(raw), cancel=cancel).raw

    def broadcast(self, raw: bytes) -> None:
        """See `Broadcaster.broadcast`."""
        self._broadcaster.broadcast(raw)

    def outcome(self, raws: Sequence[bytes]) -> Outcome:
        """See `Broadcaster.outcome`."""
        return self._broadcaster.outcome([read_signed(raw) for raw in raws])

    def included(self, raws: Sequence[bytes], block: int) -> Inclusion | None:
        """See `Broadcaster.included`."""
        return self._broadcaster.included([read_signed(raw) for raw in raws], block)

    def transaction(self, raw: bytes) -> str:
        """The hash that the chain knows signed bytes by."""
        return to_hex(keccak256(raw))
