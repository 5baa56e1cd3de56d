"""Deposits and withdrawals, what guards them, and the exchange's own moves between its wallets.

An amount below the quantum is `dust`, in units of 10^-38 of the asset. A destination or address on a chain is public
there; one at a bank is a code, never an account number. Evidence names the outside fact and is accepted once.
"""

from __future__ import annotations

from typing import ClassVar

from ledger.commands.codecs import (
    AMOUNT,
    ASSET,
    CODE,
    DUST,
    FLAG,
    ID,
    POSITIVE,
    SMALL,
    SUBACCOUNT,
    TEXT,
    WORD,
    Command,
    Fields,
    field_as,
    matching,
    one_of,
    optional,
    record_of,
    shape,
)

__all__ = [
    "AddDestination",
    "AdjustCustody",
    "ApproveWithdrawal",
    "ApproveWithdrawalByTwo",
    "AssignAddress",
    "AssignReceipt",
    "CreditDeposit",
    "FailCustodyMove",
    "FailWithdrawal",
    "MoveCustody",
    "NetworkFee",
    "PauseTransfers",
    "ReceiveDeposit",
    "RejectWithdrawal",
    "RemoveDestination",
    "ReplaceTransaction",
    "RequestWithdrawal",
    "RequireDestinations",
    "ResumeTransfers",
    "ReverseDeposit",
    "SendWithdrawal",
    "SettleCustodyMove",
    "SettleWithdrawal",
]

PLACE = matching(r"[A-Za-z0-9._:/%-]{1,128}", "an address, or the code of an account at a bank")
TRANSACTION = matching(r"([0-9a-f]{2}){1,65536}", "a transaction in hex")


@shape
class NetworkFee(Fields):
    """What a chain took out of the sending wallet: in its coin, quanta and what is below one. The house pays it."""

    asset: str = field_as(ASSET)
    amount: int = field_as(AMOUNT)
    dust: int = field_as(DUST)


_DIRECTION = one_of("deposits", "withdrawals")
_FEE = optional(record_of(NetworkFee))


# Deposits.


@shape
class AssignAddress(Command):
    """From now on what arrives at this address or under this bank reference is the customer's, or (null) the house's.

    `wallet` is the custody account that the address belongs to; null for a reference, which says nothing of the bank.
    """

    TYPE: ClassVar[str] = "assign-address"
    account: str | None = field_as(optional(ID))
    subaccount: str = field_as(SUBACCOUNT)
    chain: str = field_as(PLACE)
    address: str = field_as(PLACE)
    wallet: str | None = field_as(optional(WORD))


@shape
class ReceiveDeposit(Command):
    """A confirmed receipt that a service saw. Who is credited follows from the addresses in the log, not from here.

    `address` may be empty: a bank payment without a known reference. Evidence: chain, transaction, log index, block.
    """

    TYPE: ClassVar[str] = "receive-deposit"
    chain: str = field_as(CODE)
    address: str = field_as(CODE)
    wallet: str = field_as(WORD)
    asset: str = field_as(ASSET)
    amount: int = field_as(AMOUNT)
    dust: int = field_as(DUST)
    evidence: str = field_as(TEXT)


@shape
class CreditDeposit(Command):
    """A deposit whose customer the service names itself, in whole quanta; `evidence` is accepted once."""

    TYPE: ClassVar[str] = "credit-deposit"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    asset: str = field_as(ASSET)
    amount: int = field_as(POSITIVE)
    wallet: str = field_as(WORD)
    evidence: str = field_as(TEXT)


@shape
class ReverseDeposit(Command):
    """A receipt is gone from the chain; what was spent of it becomes the customer's debt."""

    TYPE: ClassVar[str] = "reverse-deposit"
    evidence: str = field_as(TEXT)
    reason: str = field_as(TEXT)


@shape
class AssignReceipt(Command):
    """A receipt that nobody was credited for goes to a customer, or (null) into the house's capital."""

    TYPE: ClassVar[str] = "assign-receipt"
    evidence: str = field_as(TEXT)
    account: str | None = field_as(optional(ID))
    subaccount: str = field_as(SUBACCOUNT)
    reason: str = field_as(TEXT)


@shape
class PauseTransfers(Command):
    """An asset's deposits are not credited, or its withdrawals not taken, from now on; receipts are kept uncredited."""

    TYPE: ClassVar[str] = "pause-transfers"
    asset: str = field_as(ASSET)
    direction: str = field_as(_DIRECTION)
    reason: str = field_as(TEXT)


@shape
class ResumeTransfers(Command):
    """They are again. To halt takes one operator and to open two, as with markets."""

    TYPE: ClassVar[str] = "resume-transfers"
    asset: str = field_as(ASSET)
    direction: str = field_as(_DIRECTION)
    reason: str = field_as(TEXT)


# Where withdrawals may go.


@shape
class AddDestination(Command):
    """The customer lists where their withdrawals may go; it counts after a delay (`withdrawals.destination_delay`)."""

    TYPE: ClassVar[str] = "add-destination"
    account: str = field_as(ID)
    chain: str = field_as(CODE)
    destination: str = field_as(PLACE)


@shape
class RemoveDestination(Command):
    """It counts no more, at once."""

    TYPE: ClassVar[str] = "remove-destination"
    account: str = field_as(ID)
    chain: str = field_as(CODE)
    destination: str = field_as(PLACE)


@shape
class RequireDestinations(Command):
    """The customer wants withdrawals to listed destinations alone: at once. To lift it takes the delay."""

    TYPE: ClassVar[str] = "require-destinations"
    account: str = field_as(ID)
    required: bool = field_as(FLAG)


# Withdrawals.


@shape
class RequestWithdrawal(Command):
    """A customer wants money out; it is held, with the asset's fee, until it has left or failed.

    `request` is their own id for it, used once.
    """

    TYPE: ClassVar[str] = "request-withdrawal"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    asset: str = field_as(ASSET)
    amount: int = field_as(POSITIVE)
    destination: str = field_as(PLACE)
    request: str = field_as(ID)


@shape
class ApproveWithdrawal(Command):
    """One operator lets it go."""

    TYPE: ClassVar[str] = "approve-withdrawal"
    request: str = field_as(ID)


@shape
class ApproveWithdrawalByTwo(Command):
    """Two operators let it go."""

    TYPE: ClassVar[str] = "approve-withdrawal-by-two"
    request: str = field_as(ID)


@shape
class RejectWithdrawal(Command):
    """An operator stops it before anything was signed; the money is the customer's again."""

    TYPE: ClassVar[str] = "reject-withdrawal"
    request: str = field_as(ID)
    reason: str = field_as(TEXT)


@shape
class SendWithdrawal(Command):
    """The signed chain transaction, in the log before it is broadcast: a restart sends these same bytes.

    `sender` and `chain_nonce` are the signing address and its count there, one after the last in the log; empty and
    null where the chain, or the bank, has no such thing.
    """

    TYPE: ClassVar[str] = "send-withdrawal"
    request: str = field_as(ID)
    wallet: str = field_as(WORD)
    sender: str = field_as(CODE)
    chain_nonce: int | None = field_as(optional(SMALL))
    transaction: str = field_as(TRANSACTION)


@shape
class ReplaceTransaction(Command):
    """Another transaction of the same sender and nonce for what was sent: for more gas, or to call it back."""

    TYPE: ClassVar[str] = "replace-transaction"
    request: str = field_as(ID)
    chain_nonce: int = field_as(SMALL)
    transaction: str = field_as(TRANSACTION)


@shape
class SettleWithdrawal(Command):
    """The chain has it for good: the money is out."""

    TYPE: ClassVar[str] = "settle-withdrawal"
    request: str = field_as(ID)
    evidence: str = field_as(TEXT)
    network_fee: NetworkFee | None = field_as(_FEE)


@shape
class FailWithdrawal(Command):
    """It will not leave: hold and fee are released. Once it was sent, `evidence` shows that it can never confirm."""

    TYPE: ClassVar[str] = "fail-withdrawal"
    request: str = field_as(ID)
    reason: str = field_as(TEXT)
    evidence: str | None = field_as(optional(TEXT))
    network_fee: NetworkFee | None = field_as(_FEE)


# The exchange's own wallets.


@shape
class MoveCustody(Command):
    """From one of the exchange's wallets to another, both registered; in transit until it is settled."""

    TYPE: ClassVar[str] = "move-custody"
    move: str = field_as(ID)
    source: str = field_as(WORD)
    target: str = field_as(WORD)
    asset: str = field_as(ASSET)
    amount: int = field_as(AMOUNT)
    dust: int = field_as(DUST)
    sender: str = field_as(CODE)
    chain_nonce: int | None = field_as(optional(SMALL))
    transaction: str = field_as(TRANSACTION)


@shape
class SettleCustodyMove(Command):
    """It has arrived."""

    TYPE: ClassVar[str] = "settle-custody-move"
    move: str = field_as(ID)
    evidence: str = field_as(TEXT)
    network_fee: NetworkFee | None = field_as(_FEE)


@shape
class FailCustodyMove(Command):
    """It can never confirm: the money is where it was, without what the chain took."""

    TYPE: ClassVar[str] = "fail-custody-move"
    move: str = field_as(ID)
    evidence: str = field_as(TEXT)
    network_fee: NetworkFee | None = field_as(_FEE)


@shape
class AdjustCustody(Command):
    """Books follow a wallet by hand, against the house: capital paid in, bank charges, what is lost or found."""

    TYPE: ClassVar[str] = "adjust-custody"
    wallet: str = field_as(WORD)
    asset: str = field_as(ASSET)
    direction: str = field_as(one_of("in", "out"))
    amount: int = field_as(AMOUNT)
    dust: int = field_as(DUST)
    reason: str = field_as(TEXT)
    reference: str = field_as(TEXT)
