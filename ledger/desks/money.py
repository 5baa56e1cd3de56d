"""The desk of money: deposits and withdrawals, moves between subaccounts, corrections by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ledger.canonical import Json
from ledger.commands import (
    Command,
    CorrectBooks,
    CreditDeposit,
    FailWithdrawal,
    MoveBetweenSubaccounts,
    RequestWithdrawal,
    ReverseDeposit,
    SendWithdrawal,
    SettleWithdrawal,
)
from ledger.desks.base import Desk, Handler, Refusal, Shared
from ledger.events import DepositCredited, DepositReversed, WithdrawalMoved
from ledger.journal import AccountCode, ReasonCode, Result, debt_key

__all__ = ["MoneyDesk"]

REFERENCE_LENGTH = 64


@dataclass(slots=True)
class _Deposit:
    account: str
    subaccount: str
    asset: str
    amount: int
    wallet: str
    reversed: bool = False


@dataclass(slots=True)
class _Withdrawal:
    account: str
    subaccount: str
    asset: str
    amount: int
    fee: int
    hold: int
    state: str = "held"
    wallet: str = ""
    transaction: str = ""


class MoneyDesk(Desk):
    """Moves money between customers, custody and the house."""

    NAME: ClassVar[str] = "money"

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._deposits: dict[str, _Deposit] = {}
        self._withdrawals: dict[str, _Withdrawal] = {}

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {
            MoveBetweenSubaccounts: self._move,
            CreditDeposit: self._credit,
            ReverseDeposit: self._reverse,
            RequestWithdrawal: self._request,
            SendWithdrawal: self._send,
            SettleWithdrawal: self._settle,
            FailWithdrawal: self._fail,
            CorrectBooks: self._correct,
        }

    def _known(self, account: str, asset: str) -> None:
        self.shared.account(account)
        self.shared.scale(asset)

    def _move(self, command: MoveBetweenSubaccounts) -> None:
        shared = self.shared
        self._known(command.account, command.asset)
        source = shared.claim(command.account, command.source, command.asset)
        target = shared.claim(command.account, command.target, command.asset)
        shared.require(shared.ledger.post(source, target, command.amount, ReasonCode.TRANSFER))

    # Deposits.

    def _credit(self, command: CreditDeposit) -> None:
        shared = self.shared
        self._known(command.account, command.asset)
        if command.evidence in self._deposits:
            raise Refusal("deposit-exists")
        claim = shared.claim(command.account, command.subaccount, command.asset)
        custody = shared.house(AccountCode.CUSTODY_WALLET, command.asset, command.wallet)
        shared.require(
            shared.ledger.post(
                custody,
                claim,
                command.amount,
                ReasonCode.DEPOSIT,
                command.evidence[:REFERENCE_LENGTH],
                shared.prices.get(command.asset),
            )
        )
        self._deposits[command.evidence] = _Deposit(
            command.account, command.subaccount, command.asset, command.amount, command.wallet
        )
        shared.events.append(DepositCredited(command.evidence, command.account, command.asset, command.amount))

    def _reverse(self, command: ReverseDeposit) -> None:
        shared = self.shared
        deposit = self._deposits.get(command.evidence)
        if deposit is None or deposit.reversed:
            raise Refusal("unknown-deposit")
        claim = shared.claim(deposit.account, deposit.subaccount, deposit.asset)
        custody = shared.house(AccountCode.CUSTODY_WALLET, deposit.asset, deposit.wallet)
        if shared.ledger.owed(custody) < deposit.amount:
            raise Refusal("custody-is-short")
        free = min(shared.ledger.available(claim), deposit.amount)
        spent = deposit.amount - free
        debt = shared.ledger.open(debt_key(deposit.account, deposit.asset, deposit.subaccount, shared.entity))
        for debit, amount in ((claim, free), (debt, spent)):
            if amount:
                result = shared.ledger.post(
                    debit,
                    custody,
                    amount,
                    ReasonCode.DEPOSIT_REVERSAL,
                    command.evidence[:REFERENCE_LENGTH],
                    shared.prices.get(deposit.asset),
                )
                assert result is Result.OK, "what is free, and a debt, can be posted"
        deposit.reversed = True
        shared.events.append(DepositReversed(command.evidence, deposit.account, deposit.asset, spent))

    # Withdrawals.

    def _request(self, command: RequestWithdrawal) -> None:
        shared = self.shared
        self._known(command.account, command.asset)
        if shared.venue_state == "closed":
            raise Refusal("venue-closed")
        if command.request in self._withdrawals:
            raise Refusal("withdrawal-exists")
        claim = shared.claim(command.account, command.subaccount, command.asset)
        total, transit = command.amount + command.fee, shared.house(AccountCode.IN_TRANSIT, command.asset)
        hold = shared.ledger.hold(claim, total, ReasonCode.WITHDRAWAL, command.request, transit)
        if hold < 0:
            shared.require(Result(-hold))
        self._withdrawals[command.request] = _Withdrawal(
            command.account, command.subaccount, command.asset, command.amount, command.fee, hold
        )
        self._state(command.request, "held")

    def _state(self, request: str, state: str) -> None:
        withdrawal = self._withdrawals[request]
        withdrawal.state = state
        self.shared.events.append(
            WithdrawalMoved(request, state, withdrawal.account, withdrawal.asset, withdrawal.amount)
        )

    def _withdrawal(self, request: str, *states: str) -> _Withdrawal:
        withdrawal = self._withdrawals.get(request)
        if withdrawal is None:
            raise Refusal("unknown-withdrawal")
        if withdrawal.state not in states:
            raise Refusal(f"withdrawal-is-{withdrawal.state}")
        return withdrawal

    def _send(self, command: SendWithdrawal) -> None:
        """The signed transaction is in the log now, before anybody broadcasts it; custody leaves towards transit."""
        shared = self.shared
        withdrawal = self._withdrawal(command.request, "held")
        transit = shared.house(AccountCode.IN_TRANSIT, withdrawal.asset)
        custody = shared.house(AccountCode.CUSTODY_WALLET, withdrawal.asset, command.wallet)
        if shared.ledger.owed(custody) < withdrawal.amount:
            raise Refusal("custody-is-short")
        shared.require(
            shared.ledger.post(transit, custody, withdrawal.amount, ReasonCode.CUSTODY_MOVE, command.request)
        )
        withdrawal.wallet, withdrawal.transaction = command.wallet, command.transaction
        self._state(command.request, "sent")

    def _settle(self, command: SettleWithdrawal) -> None:
        """The chain has it: the claim falls against transit, and the fee is the house's."""
        shared = self.shared
        withdrawal = self._withdrawal(command.request, "sent")
        transit = shared.house(AccountCode.IN_TRANSIT, withdrawal.asset)
        house = shared.house(AccountCode.FEES, withdrawal.asset)
        price = shared.prices.get(withdrawal.asset)
        if withdrawal.fee:
            paid = shared.ledger.post_pending(
                withdrawal.hold, withdrawal.fee, house, ReasonCode.WITHDRAWAL_FEE, command.request, price, keep=True
            )
            assert paid is Result.OK, "a withdrawal's hold covers its fee"
        posted = shared.ledger.post_pending(
            withdrawal.hold, withdrawal.amount, transit, ReasonCode.WITHDRAWAL, command.request, price
        )
        assert posted is Result.OK, "a withdrawal's hold covers it"
        self._state(command.request, "settled")

    def _fail(self, command: FailWithdrawal) -> None:
        shared = self.shared
        withdrawal = self._withdrawal(command.request, "held", "sent")
        if withdrawal.state == "sent":
            transit = shared.house(AccountCode.IN_TRANSIT, withdrawal.asset)
            custody = shared.house(AccountCode.CUSTODY_WALLET, withdrawal.asset, withdrawal.wallet)
            shared.require(
                shared.ledger.post(custody, transit, withdrawal.amount, ReasonCode.CUSTODY_MOVE, command.request)
            )
        result = shared.ledger.release(withdrawal.hold)
        assert result is Result.OK, "a held withdrawal can be released"
        self._state(command.request, "failed")

    # Corrections.

    def _correct(self, command: CorrectBooks) -> None:
        """A contra-entry between customers, or between a customer and the house (None)."""
        shared = self.shared
        shared.scale(command.asset)
        for account in (command.source, command.target):
            if account is not None:
                shared.account(account)
        source, target = (
            shared.house(AccountCode.OTHER, command.asset)
            if account is None
            else shared.claim(account, "", command.asset)
            for account in (command.source, command.target)
        )
        if source == target:
            raise Refusal("source-is-target")
        reference = command.reference[:REFERENCE_LENGTH]
        shared.require(shared.ledger.post(source, target, command.amount, ReasonCode.CORRECTION, reference))

    # The state.

    def document(self) -> Json:
        """Deposits by evidence and withdrawals by request, each as its fields."""
        return {
            "deposits": [[key, *_texts(deposit)] for key, deposit in sorted(self._deposits.items())],
            "withdrawals": [[key, *_texts(each)] for key, each in sorted(self._withdrawals.items())],
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        for key, account, subaccount, asset, amount, wallet, is_reversed in document["deposits"]:
            self._deposits[key] = _Deposit(account, subaccount, asset, int(amount), wallet, is_reversed)
        for key, account, subaccount, asset, amount, fee, hold, *rest in document["withdrawals"]:
            self._withdrawals[key] = _Withdrawal(account, subaccount, asset, int(amount), int(fee), int(hold), *rest)


def _texts(value: _Deposit | _Withdrawal) -> list[Json]:
    """The fields in order; integers, which may pass 2^53, as decimal text."""
    return [str(each) if type(each) is int else each for each in map(value.__getattribute__, value.__slots__)]
