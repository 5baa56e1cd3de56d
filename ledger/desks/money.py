"""The desk of money inside the books: moves between subaccounts, corrections by hand."""

from __future__ import annotations

from typing import Any, ClassVar

from ledger.canonical import Json
from ledger.commands import Command, CorrectBooks, MoveBetweenSubaccounts
from ledger.desks.base import Desk, Handler, Refusal
from ledger.journal import AccountCode, ReasonCode

__all__ = ["MoneyDesk"]

REFERENCE_LENGTH = 64


class MoneyDesk(Desk):
    """Moves money between the accounts of customers and the house."""

    NAME: ClassVar[str] = "money"

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {MoveBetweenSubaccounts: self._move, CorrectBooks: self._correct}

    def _known(self, account: str, asset: str) -> None:
        self.shared.account(account)
        self.shared.scale(asset)

    def _move(self, command: MoveBetweenSubaccounts) -> None:
        shared = self.shared
        self._known(command.account, command.asset)
        if command.source == command.target:
            raise Refusal("source-is-target")
        shared.require_subaccount(command.account, command.target)
        shared.require_leave(command.account, command.source, command.asset, command.amount)
        shared.require_free(command.account, command.source, command.asset, command.amount)
        source = shared.claim(command.account, command.source, command.asset)
        target = shared.claim(command.account, command.target, command.asset)
        shared.require(shared.ledger.post(source, target, command.amount, ReasonCode.TRANSFER))
        shared.touch(shared.purse.find(command.account, command.source))

    # Corrections.

    def _correct(self, command: CorrectBooks) -> None:
        """A contra-entry between customers, or between a customer and the house (None)."""
        shared = self.shared
        shared.scale(command.asset)
        if command.source == command.target:
            raise Refusal("source-is-target")
        for account in (command.source, command.target):
            if account is not None:
                shared.account(account)
        if command.source is not None:
            shared.require_free(command.source, "", command.asset, command.amount)
            shared.touch(shared.purse.find(command.source, ""))
        source, target = (
            shared.house(AccountCode.OTHER, command.asset)
            if account is None
            else shared.claim(account, "", command.asset)
            for account in (command.source, command.target)
        )
        reference = command.reference[:REFERENCE_LENGTH]
        shared.require(shared.ledger.post(source, target, command.amount, ReasonCode.CORRECTION, reference))

    # The state.

    def document(self) -> Json:
        """Nothing: what this desk does stands in the ledger."""
        return {}

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
