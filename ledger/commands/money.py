"""Money in, across and out, and corrections by hand."""

from __future__ import annotations

from typing import ClassVar

from ledger.commands.codecs import (
    AMOUNT,
    ASSET,
    ID,
    POSITIVE,
    SUBACCOUNT,
    TEXT,
    WORD,
    Command,
    field_as,
    matching,
    optional,
    shape,
)

__all__ = [
    "CorrectBooks",
    "CreditDeposit",
    "FailWithdrawal",
    "MoveBetweenSubaccounts",
    "RequestWithdrawal",
    "ReverseDeposit",
    "SendWithdrawal",
    "SettleWithdrawal",
]


@shape
class MoveBetweenSubaccounts(Command):
    """A customer's own money from one of their subaccounts to another."""

    TYPE: ClassVar[str] = "move"
    account: str = field_as(ID)
    source: str = field_as(SUBACCOUNT)
    target: str = field_as(SUBACCOUNT)
    asset: str = field_as(ASSET)
    amount: int = field_as(POSITIVE)


@shape
class CreditDeposit(Command):
    """A deposit that a service saw; `evidence` (chain, block hash, transaction, log index) is accepted once."""

    TYPE: ClassVar[str] = "credit-deposit"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    asset: str = field_as(ASSET)
    amount: int = field_as(POSITIVE)
    wallet: str = field_as(WORD)
    evidence: str = field_as(TEXT)


@shape
class ReverseDeposit(Command):
    """A credited deposit is gone from the chain; what was spent of it becomes the customer's debt."""

    TYPE: ClassVar[str] = "reverse-deposit"
    evidence: str = field_as(TEXT)
    reason: str = field_as(TEXT)


@shape
class RequestWithdrawal(Command):
    """A customer wants money out; it is held until it has left or failed. `request` is their own id for it."""

    TYPE: ClassVar[str] = "request-withdrawal"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    asset: str = field_as(ASSET)
    amount: int = field_as(POSITIVE)
    fee: int = field_as(AMOUNT)
    destination: str = field_as(TEXT)
    request: str = field_as(ID)


@shape
class SendWithdrawal(Command):
    """The signed chain transaction, in the log before it is broadcast: a restart sends these same bytes."""

    TYPE: ClassVar[str] = "send-withdrawal"
    request: str = field_as(ID)
    wallet: str = field_as(WORD)
    transaction: str = field_as(matching(r"([0-9a-f]{2}){1,65536}", "a transaction in hex"))


@shape
class SettleWithdrawal(Command):
    """The chain has it: the money is out."""

    TYPE: ClassVar[str] = "settle-withdrawal"
    request: str = field_as(ID)
    evidence: str = field_as(TEXT)


@shape
class FailWithdrawal(Command):
    """It will not leave: the hold is released, the fee given back."""

    TYPE: ClassVar[str] = "fail-withdrawal"
    request: str = field_as(ID)
    reason: str = field_as(TEXT)


@shape
class CorrectBooks(Command):
    """A correction is a contra-entry with reason and reference: from one customer or the house to another."""

    TYPE: ClassVar[str] = "correct-books"
    source: str | None = field_as(optional(ID))
    target: str | None = field_as(optional(ID))
    asset: str = field_as(ASSET)
    amount: int = field_as(POSITIVE)
    reason: str = field_as(TEXT)
    reference: str = field_as(TEXT)
