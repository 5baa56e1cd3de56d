"""Money across the exchange's own books: between subaccounts, into debts, and corrections by hand."""

from __future__ import annotations

from typing import ClassVar

from ledger.commands.codecs import ASSET, ID, POSITIVE, SUBACCOUNT, TEXT, Command, field_as, optional, shape

__all__ = ["CorrectBooks", "MoveBetweenSubaccounts", "RepayDebt"]


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
class RepayDebt(Command):
    """A customer pays what they owe in an asset out of what they have in it; `amount` at most the debt."""

    TYPE: ClassVar[str] = "repay-debt"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    asset: str = field_as(ASSET)
    amount: int = field_as(POSITIVE)


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
