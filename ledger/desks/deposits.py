"""The desk of deposits: whose an address is, receipts credited or kept, and what becomes of one that is gone.

Each outside fact is taken once, by its evidence. A receipt for nobody, or in an asset whose deposits are paused, is
owed in a line of its own until two operators assign it. What is below the quantum is owed to the same customer and
joins the next deposit that fills it. A reversal takes what is free and makes a debt of the rest; it is never refused
for want of books, because the coins are gone whatever the books say.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any, ClassVar, Final, NamedTuple

from ledger.canonical import Json
from ledger.commands import (
    AssignAddress,
    AssignReceipt,
    Command,
    CreditDeposit,
    PauseTransfers,
    ReceiveDeposit,
    ResumeTransfers,
    ReverseDeposit,
)
from ledger.desks.base import Desk, Handler, Refusal, Shared
from ledger.desks.custody import CustodyDesk, reference_of
from ledger.events import (
    AddressAssigned,
    DepositCredited,
    DepositReversed,
    ReceiptAssigned,
    ReceiptHeld,
    TransfersSet,
)
from ledger.journal import AccountCode, ReasonCode, Result, house_debt_key
from ledger.treasury.dust import quantum
from ledger.treasury.policy import place

__all__ = ["Address", "Deposit", "DepositsDesk"]

CREDITED: Final = "credited"
HELD: Final = "held"
CAPITAL: Final = "capital"
REVERSED: Final = "reversed"


class Address(NamedTuple):
    """Whose receipts at an address are; the house's where `account` is None."""

    account: str | None
    subaccount: str
    wallet: str | None


@dataclass(slots=True)
class Deposit:
    """A receipt as it was booked; `account` is empty while it is nobody's, and for the house's."""

    account: str
    subaccount: str
    asset: str
    amount: int
    dust: int
    wallet: str
    state: str


class DepositsDesk(Desk):
    """Books what comes in."""

    NAME: ClassVar[str] = "deposits"

    def __init__(self, shared: Shared, custody: CustodyDesk) -> None:
        super().__init__(shared)
        self._custody = custody
        self.addresses: dict[tuple[str, str], Address] = {}
        self.deposits: dict[str, Deposit] = {}
        self._paused: dict[tuple[str, str], None] = {}
        self._indebted: dict[tuple[str, str], list[str]] = {}

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {
            AssignAddress: self._assign_address,
            ReceiveDeposit: self._receive,
            CreditDeposit: self._credit_named,
            ReverseDeposit: self._reverse,
            AssignReceipt: self._assign_receipt,
            PauseTransfers: self._pause,
            ResumeTransfers: self._resume,
        }

    def takes_withdrawals(self, asset: str) -> bool:
        """Whether an asset's withdrawals are not paused."""
        return (asset, "withdrawals") not in self._paused

    def owes(self, account: str, asset: str) -> bool:
        """Whether a customer owes for a receipt that went away, in any subaccount."""
        ledger, entity = self.shared.ledger, self.shared.entity
        debts = (
            ledger.find(house_debt_key(account, asset, sub, entity)) for sub in self._indebted.get((account, asset), ())
        )
        return any(debt is not None and ledger.owed(debt) > 0 for debt in debts)

    def _pause(self, command: PauseTransfers) -> None:
        self.shared.scale(command.asset)
        if (command.asset, command.direction) in self._paused:
            raise Refusal("paused-already")
        self._paused[command.asset, command.direction] = None
        self.shared.events.append(TransfersSet(command.asset, command.direction, False))

    def _resume(self, command: ResumeTransfers) -> None:
        self.shared.scale(command.asset)
        if (command.asset, command.direction) not in self._paused:
            raise Refusal("not-paused")
        del self._paused[command.asset, command.direction]
        self.shared.events.append(TransfersSet(command.asset, command.direction, True))

    # Addresses.

    def _assign_address(self, command: AssignAddress) -> None:
        shared = self.shared
        if command.account is not None:
            shared.account(command.account)
        elif command.subaccount or command.wallet is None:
            raise Refusal("house-address-without-a-wallet")
        key = place(command.chain, command.address)
        if key in self.addresses:
            raise Refusal("address-taken")
        if command.wallet is not None and shared.registry.wallet(command.wallet, shared.time_us) is None:
            raise Refusal("unknown-wallet")
        self.addresses[key] = Address(command.account, command.subaccount, command.wallet)
        shared.events.append(AddressAssigned(*key, command.account, command.subaccount, command.wallet))

    # Receipts.

    def _receive(self, command: ReceiveDeposit) -> None:
        shared = self.shared
        one = quantum(shared.scale(command.asset))
        if command.evidence in self.deposits:
            raise Refusal("deposit-exists")
        if command.dust >= one or not command.amount + command.dust:
            raise Refusal("no-amount")
        address = self.addresses.get(place(command.chain, command.address))
        if address is not None and address.wallet not in (None, command.wallet):
            raise Refusal("another-wallet")
        deposit = Deposit("", "", command.asset, command.amount, command.dust, command.wallet, HELD)
        if address is None or address.account is None or (command.asset, "deposits") in self._paused:
            self._hold(command.evidence, deposit)
            return
        deposit.account, deposit.subaccount = address.account, address.subaccount
        self._credit(command.evidence, deposit)

    def _credit_named(self, command: CreditDeposit) -> None:
        self.shared.account(command.account)
        self.shared.scale(command.asset)
        if command.evidence in self.deposits:
            raise Refusal("deposit-exists")
        deposit = Deposit(
            command.account, command.subaccount, command.asset, command.amount, 0, command.wallet, CREDITED
        )
        self._credit(command.evidence, deposit)

    def _credit(self, evidence: str, deposit: Deposit) -> None:
        """Owe a receipt to its customer: the quanta, and the one that their dust fills."""
        filled = self._owe_dust(deposit, deposit.dust)
        self._custody.dust.add_held(deposit.wallet, deposit.asset, deposit.dust)
        self._post(
            self._custody.account(deposit.wallet, deposit.asset),
            self._claim(deposit),
            deposit.amount + filled,
            ReasonCode.DEPOSIT,
            evidence,
            deposit.asset,
        )
        deposit.state = CREDITED
        self.deposits[evidence] = deposit
        self.shared.events.append(DepositCredited(evidence, deposit.account, deposit.asset, deposit.amount + filled))

    def _hold(self, evidence: str, deposit: Deposit) -> None:
        """Owe a receipt to nobody yet."""
        dust = self._custody.dust
        dust.add_held(deposit.wallet, deposit.asset, deposit.dust)
        dust.add_uncredited(deposit.asset, deposit.dust)
        custody, line = self._custody.account(deposit.wallet, deposit.asset), self._uncredited(deposit.asset)
        self._post(custody, line, deposit.amount, ReasonCode.DEPOSIT, evidence, deposit.asset)
        self.deposits[evidence] = deposit
        self.shared.events.append(ReceiptHeld(evidence, deposit.wallet, deposit.asset, deposit.amount))

    def _assign_receipt(self, command: AssignReceipt) -> None:
        shared = self.shared
        deposit = self.deposits.get(command.evidence)
        if deposit is None or deposit.state != HELD:
            raise Refusal("unknown-receipt")
        if command.account is not None:
            shared.account(command.account)
        elif command.subaccount:
            raise Refusal("house-has-no-subaccounts")
        asset, line = deposit.asset, self._uncredited(deposit.asset)
        self._custody.dust.add_uncredited(asset, -deposit.dust)
        if command.account is None:
            house = shared.house(AccountCode.OTHER, asset)
            self._post(line, house, deposit.amount, ReasonCode.CAPITAL, command.evidence, asset)
            self._house_dust(deposit, deposit.dust, command.evidence)
            deposit.state = CAPITAL
        else:
            deposit.account, deposit.subaccount, deposit.state = command.account, command.subaccount, CREDITED
            claim = self._claim(deposit)
            self._post(line, claim, deposit.amount, ReasonCode.DEPOSIT, command.evidence, asset)
            filled = self._owe_dust(deposit, deposit.dust)
            custody = self._custody.account(deposit.wallet, asset)
            self._post(custody, claim, filled, ReasonCode.DUST, command.evidence, asset)
        shared.events.append(ReceiptAssigned(command.evidence, command.account, asset, deposit.amount))

    # Reversal.

    def _reverse(self, command: ReverseDeposit) -> None:
        deposit = self.deposits.get(command.evidence)
        if deposit is None or deposit.state == REVERSED:
            raise Refusal("unknown-deposit")
        debt = 0
        if deposit.state == CREDITED:
            debt = self._take_back(command.evidence, deposit)
        else:
            self._take_from_house(command.evidence, deposit)
        deposit.state = REVERSED
        self.shared.events.append(DepositReversed(command.evidence, deposit.account, deposit.asset, debt))

    def _take_back(self, evidence: str, deposit: Deposit) -> int:
        """Take a credited receipt back: what is free of the claim, and the rest as a debt; returns the debt."""
        shared = self.shared
        filled = self._owe_dust(deposit, -deposit.dust)
        self._custody.dust.add_held(deposit.wallet, deposit.asset, -deposit.dust)
        amount = deposit.amount - filled
        claim = self._claim(deposit)
        free = min(shared.ledger.available(claim), amount)
        debt = shared.ledger.open(house_debt_key(deposit.account, deposit.asset, deposit.subaccount, shared.entity))
        for source, part in ((claim, free), (debt, amount - free)):
            self._take_out(source, deposit, part, ReasonCode.DEPOSIT_REVERSAL, evidence)
        if amount > free:
            indebted = self._indebted.setdefault((deposit.account, deposit.asset), [])
            if deposit.subaccount not in indebted:
                indebted.append(deposit.subaccount)
        return amount - free

    def _take_from_house(self, evidence: str, deposit: Deposit) -> None:
        """Take back what nobody, or the house, was credited for."""
        asset, dust = deposit.asset, self._custody.dust
        is_held = deposit.state == HELD
        source = self._uncredited(asset) if is_held else self.shared.house(AccountCode.OTHER, asset)
        self._take_out(source, deposit, deposit.amount, ReasonCode.DEPOSIT_REVERSAL, evidence)
        dust.add_held(deposit.wallet, asset, -deposit.dust)
        if is_held:
            dust.add_uncredited(asset, -deposit.dust)
        else:
            self._house_dust(deposit, -deposit.dust, evidence)

    # Postings.

    def _owe_dust(self, deposit: Deposit, dust: int) -> int:
        """Owe the customer more or less below the quantum; the quanta that it fills, which the caller posts."""
        one = quantum(self.shared.scale(deposit.asset))
        key = (deposit.account, deposit.subaccount, deposit.asset)
        filled = self._custody.dust.fill_owed(key, dust, one)
        self._custody.dust.add_held(deposit.wallet, deposit.asset, -filled * one)
        return filled

    def _house_dust(self, deposit: Deposit, dust: int, evidence: str) -> None:
        """So much more or less below the quantum is the house's; what the wallet has does not change."""
        one = quantum(self.shared.scale(deposit.asset))
        filled = self._custody.dust.fill_house(deposit.asset, dust, one)
        self._custody.dust.add_held(deposit.wallet, deposit.asset, -filled * one)
        house = self.shared.house(AccountCode.OTHER, deposit.asset)
        if filled > 0:
            custody = self._custody.account(deposit.wallet, deposit.asset)
            self._post(custody, house, filled, ReasonCode.DUST, evidence, deposit.asset)
        else:
            self._take_out(house, deposit, -filled, ReasonCode.DUST, evidence)

    def _take_out(self, source: int, deposit: Deposit, amount: int, reason: ReasonCode, evidence: str) -> None:
        """Post what is taken back out of the wallet's books, and what they do not have against the house.

        They do not have it where it was moved on before it went away. The wallet that it went to is short on its chain
        then: the reconciliation lists that, and the write-off by hand meets the other half of this entry.
        """
        custody = self._custody.account(deposit.wallet, deposit.asset)
        house = self.shared.house(AccountCode.OTHER, deposit.asset)
        there = min(self.shared.ledger.owed(custody), amount)
        self._post(source, custody, there, reason, evidence, deposit.asset)
        if source != house:
            self._post(source, house, amount - there, reason, evidence, deposit.asset)

    def _post(self, debit: int, credit: int, amount: int, reason: ReasonCode, evidence: str, asset: str) -> None:
        if amount:
            price = self.shared.prices.get(asset)
            result = self.shared.ledger.post(debit, credit, amount, reason, reference_of(evidence), price)
            assert result is Result.OK, "a receipt can be booked, and taken back from where it was looked for"

    def _claim(self, deposit: Deposit) -> int:
        return self.shared.claim(deposit.account, deposit.subaccount, deposit.asset)

    def _uncredited(self, asset: str) -> int:
        return self.shared.house(AccountCode.RECEIPTS_UNCREDITED, asset)

    # The state.

    def document(self) -> Json:
        """Addresses, receipts by evidence, who owed for one, and what is paused."""
        return {
            "addresses": [[*key, *address] for key, address in sorted(self.addresses.items())],
            "deposits": [
                [key, *(str(each) if type(each) is int else each for each in astuple(deposit))]
                for key, deposit in sorted(self.deposits.items())
            ],
            "indebted": [[*key, list(subs)] for key, subs in sorted(self._indebted.items())],
            "paused": [list(pair) for pair in sorted(self._paused)],
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        for chain, address, account, subaccount, wallet in document["addresses"]:
            self.addresses[chain, address] = Address(account, subaccount, wallet)
        for key, account, subaccount, asset, amount, dust, wallet, state in document["deposits"]:
            self.deposits[key] = Deposit(account, subaccount, asset, int(amount), int(dust), wallet, state)
        self._indebted = {(account, asset): list(subs) for account, asset, subs in document["indebted"]}
        for asset, direction in document["paused"]:
            self._paused[asset, direction] = None
