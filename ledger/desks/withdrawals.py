"""The desk of withdrawals: from a customer's word to money that is out, once.

    held -> approved -> sent -> settled
      |        |          |
      +--------+----------+---> failed

A request is used once. What is held is the amount and the asset's fee of that moment. Approvals, destinations, pauses
and debts for receipts that went away are looked at again when the transaction is signed, under the parameters of then:
what was tightened holds for what waits. Once signed bytes are in the log a withdrawal ends only by evidence: settled
when the chain has it for good, failed when none of its transactions, which share one nonce, can ever confirm. Both ends
are final.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from typing import Any, ClassVar, Final

from ledger.canonical import Json
from ledger.commands import (
    AddDestination,
    ApproveWithdrawal,
    ApproveWithdrawalByTwo,
    Command,
    FailWithdrawal,
    RejectWithdrawal,
    RemoveDestination,
    ReplaceTransaction,
    RequestWithdrawal,
    RequireDestinations,
    SendWithdrawal,
    SettleWithdrawal,
)
from ledger.desks.base import Desk, Handler, Refusal, Shared
from ledger.desks.custody import CustodyDesk
from ledger.desks.deposits import DepositsDesk
from ledger.events import DestinationSet, WithdrawalMoved
from ledger.journal import AccountCode, ReasonCode, Result
from ledger.treasury.policy import WithdrawalPolicy, place

__all__ = ["Withdrawal", "WithdrawalsDesk"]

DAY_US: Final = 86_400_000_000
OPEN_MAX: Final = 100
"""So many withdrawals of an account may be on their way: a request is kept for ever and may be of one quantum."""
SECOND_US: Final = 1_000_000
_NEVER: Final = -1


@dataclass(slots=True)
class Withdrawal:
    """A withdrawal; `granted` operators have approved it, `nonce` is -1 where there is none.

    `transactions`: all that was signed for it, until it ends.
    """

    account: str
    subaccount: str
    asset: str
    amount: int
    fee: int
    hold: int
    destination: str
    state: str = "held"
    granted: int = 0
    wallet: str = ""
    sender: str = ""
    nonce: int = -1
    transactions: list[str] = field(default_factory=list)


class WithdrawalsDesk(Desk):
    """Lets money out."""

    NAME: ClassVar[str] = "withdrawals"

    def __init__(self, shared: Shared, custody: CustodyDesk, deposits: DepositsDesk) -> None:
        super().__init__(shared)
        self._custody, self._deposits = custody, deposits
        self.withdrawals: dict[str, Withdrawal] = {}
        self._open: dict[str, None] = {}
        self._count: dict[str, int] = {}
        """Open withdrawals by account; it follows from the others."""
        self._listed: dict[str, dict[tuple[str, str], int]] = {}
        self._required_until: dict[str, int] = {}
        self._used: dict[tuple[str, str], tuple[int, int]] = {}

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {
            AddDestination: self._add_destination,
            RemoveDestination: self._remove_destination,
            RequireDestinations: self._require_destinations,
            RequestWithdrawal: self._request,
            ApproveWithdrawal: self._approve,
            ApproveWithdrawalByTwo: self._approve,
            RejectWithdrawal: self._reject,
            SendWithdrawal: self._send,
            ReplaceTransaction: self._replace,
            SettleWithdrawal: self._settle,
            FailWithdrawal: self._fail,
        }

    def policy(self, asset: str) -> WithdrawalPolicy:
        """What is in force for an asset."""
        return WithdrawalPolicy.of(self.shared.parameters, asset)

    def _delay_us(self) -> int:
        return int(self.shared.parameters.value("withdrawals.destination_delay")) * SECOND_US

    # Destinations.

    def _add_destination(self, command: AddDestination) -> None:
        self.shared.account(command.account)
        key = place(command.chain, command.destination)
        listed = self._listed.setdefault(command.account, {})
        if key in listed:
            raise Refusal("destination-exists")
        listed[key] = active = self.shared.time_us + self._delay_us()
        self.shared.events.append(DestinationSet(command.account, *key, active))

    def _remove_destination(self, command: RemoveDestination) -> None:
        self.shared.account(command.account)
        key = place(command.chain, command.destination)
        if self._listed.get(command.account, {}).pop(key, None) is None:
            raise Refusal("unknown-destination")
        self.shared.events.append(DestinationSet(command.account, *key, None))

    def _require_destinations(self, command: RequireDestinations) -> None:
        self.shared.account(command.account)
        until = self._required_until.get(command.account)
        if command.required:
            self._required_until[command.account] = _NEVER
        elif until == _NEVER:
            self._required_until[command.account] = self.shared.time_us + self._delay_us()

    def _check_destination(self, account: str, asset: str, destination: str) -> None:
        now, until = self.shared.time_us, self._required_until.get(account, 0)
        if not self.policy(asset).listed_only and until != _NEVER and until <= now:
            return
        if self._listed.get(account, {}).get(self._place(asset, destination), now + 1) > now:
            raise Refusal("destination-not-listed")

    def _place(self, asset: str, destination: str) -> tuple[str, str]:
        """Chain and destination; the chain is the asset's."""
        facts = self.shared.registry.asset(asset, self.shared.time_us)
        return place("" if facts is None else facts.chain, destination)

    # Requests.

    def _check_open(self, account: str, asset: str) -> None:
        shared = self.shared
        if shared.venue_state == "closed":
            raise Refusal("venue-closed")
        if not self._deposits.takes_withdrawals(asset):
            raise Refusal("withdrawals-paused")
        if shared.account(account).blocked:
            raise Refusal("account-blocked")
        if self._deposits.owes(account, asset):
            raise Refusal("debt-stands")

    def _request(self, command: RequestWithdrawal) -> None:
        shared = self.shared
        shared.account(command.account)
        shared.scale(command.asset)
        self._check_open(command.account, command.asset)
        if command.request in self.withdrawals:
            raise Refusal("withdrawal-exists")
        policy = self.policy(command.asset)
        if command.amount < policy.amount_min:
            raise Refusal("below-the-minimum")
        self._check_destination(command.account, command.asset, command.destination)
        day = shared.time_us // DAY_US
        before, used = self._used.get((command.account, command.asset), (day, 0))
        used = command.amount + (used if before == day else 0)
        if used > policy.daily_limit:
            raise Refusal("over-the-daily-limit")
        if self._count.get(command.account, 0) >= OPEN_MAX:
            raise Refusal("too-many-withdrawals")
        total = command.amount + policy.fee
        shared.require_leave(command.account, command.subaccount, command.asset, total)
        shared.require_free(command.account, command.subaccount, command.asset, total)
        claim = shared.claim(command.account, command.subaccount, command.asset)
        transit = shared.house(AccountCode.IN_TRANSIT, command.asset)
        hold = shared.ledger.hold(claim, total, ReasonCode.WITHDRAWAL, command.request, transit)
        if hold < 0:
            shared.require(Result(-hold))
        self._used[command.account, command.asset] = (day, used)
        self.withdrawals[command.request] = Withdrawal(
            command.account,
            command.subaccount,
            command.asset,
            command.amount,
            policy.fee,
            hold,
            command.destination,
        )
        self._leave(self.withdrawals[command.request], total)
        self._state(command.request, "held")

    def _leave(self, withdrawal: Withdrawal, quanta: int) -> None:
        """So much more of a claim is on its way out; below zero where it came back or is gone."""
        shared = self.shared
        claim = shared.claim(withdrawal.account, withdrawal.subaccount, withdrawal.asset)
        left = shared.leaving.get(claim, 0) + quanta
        assert left >= 0, "no more comes back than left"
        if left:
            shared.leaving[claim] = left
        else:
            shared.leaving.pop(claim, None)

    def _state(self, request: str, state: str) -> None:
        withdrawal = self.withdrawals[request]
        withdrawal.state = state
        if state in ("settled", "failed"):
            del self._open[request]
            self._count[withdrawal.account] -= 1
        else:
            self._keep_open(request, withdrawal.account)
        self.shared.events.append(
            WithdrawalMoved(request, state, withdrawal.account, withdrawal.asset, withdrawal.amount)
        )

    def _keep_open(self, request: str, account: str) -> None:
        if request not in self._open:
            self._open[request] = None
            self._count[account] = self._count.get(account, 0) + 1

    def _withdrawal(self, request: str, *states: str) -> Withdrawal:
        withdrawal = self.withdrawals.get(request)
        if withdrawal is None:
            raise Refusal("unknown-withdrawal")
        if withdrawal.state not in states:
            raise Refusal(f"withdrawal-is-{withdrawal.state}")
        return withdrawal

    def open_requests(self) -> list[str]:
        """Withdrawals that have not ended, in the order of asking."""
        return sorted(self._open, key=lambda request: self.withdrawals[request].hold)

    # Approval.

    def _approve(self, command: ApproveWithdrawal | ApproveWithdrawalByTwo) -> None:
        withdrawal = self._withdrawal(command.request, "held", "approved")
        granted = 2 if isinstance(command, ApproveWithdrawalByTwo) else 1
        if granted <= withdrawal.granted:
            raise Refusal("approved-already")
        withdrawal.granted = granted
        self._state(command.request, "approved")

    def _reject(self, command: RejectWithdrawal) -> None:
        self._release(command.request, self._withdrawal(command.request, "held", "approved"))

    def why_not(self, request: str) -> str | None:
        """What keeps a withdrawal that is not sent from being sent, as a refusal's code; None if nothing does."""
        try:
            self._check_ready(self._withdrawal(request, "held", "approved"))
        except Refusal as refusal:
            return str(refusal)
        return None

    def _check_ready(self, withdrawal: Withdrawal) -> None:
        self._check_open(withdrawal.account, withdrawal.asset)
        self._check_destination(withdrawal.account, withdrawal.asset, withdrawal.destination)
        if withdrawal.granted < self.policy(withdrawal.asset).approvals(withdrawal.amount):
            raise Refusal("approval-needed")

    # Sending.

    def _send(self, command: SendWithdrawal) -> None:
        """The signed transaction is in the log now, before anybody broadcasts it; custody leaves towards transit."""
        withdrawal = self._withdrawal(command.request, "held", "approved")
        self._check_ready(withdrawal)
        self._custody.require_nonce(command.wallet, command.sender, command.chain_nonce)
        self._custody.require_quanta(command.wallet, withdrawal.asset, withdrawal.amount)
        self._custody.leave(command.wallet, withdrawal.asset, withdrawal.amount, command.request)
        self._custody.use_nonce(command.wallet, command.sender, command.chain_nonce)
        withdrawal.wallet, withdrawal.sender = command.wallet, command.sender
        withdrawal.nonce = -1 if command.chain_nonce is None else command.chain_nonce
        withdrawal.transactions.append(command.transaction)
        self._state(command.request, "sent")

    def _replace(self, command: ReplaceTransaction) -> None:
        if command.request not in self.withdrawals and command.request in self._custody.moves:
            self._custody.replace(command.request, command.chain_nonce, command.transaction)
            return
        withdrawal = self._withdrawal(command.request, "sent")
        if withdrawal.nonce != command.chain_nonce:
            raise Refusal("nonce-is-another")
        withdrawal.transactions.append(command.transaction)
        self._state(command.request, "sent")

    # The end.

    def _settle(self, command: SettleWithdrawal) -> None:
        """The chain has it: the claim falls against transit, and the fee is the house's."""
        shared = self.shared
        withdrawal = self._withdrawal(command.request, "sent")
        self._custody.require_fee(withdrawal.wallet, command.network_fee)
        transit = shared.house(AccountCode.IN_TRANSIT, withdrawal.asset)
        house = shared.house(AccountCode.FEES, withdrawal.asset)
        price = shared.prices.get(withdrawal.asset)
        if withdrawal.fee:
            paid = shared.ledger.post_pending(
                withdrawal.hold, withdrawal.fee, house, ReasonCode.WITHDRAWAL_FEE, command.request, price, keep=True
            )
            assert paid is Result.OK, "a withdrawal's hold covers its fee"
        self._leave(withdrawal, -withdrawal.amount - withdrawal.fee)
        posted = shared.ledger.post_pending(
            withdrawal.hold, withdrawal.amount, transit, ReasonCode.WITHDRAWAL, command.request, price
        )
        assert posted is Result.OK, "a withdrawal's hold covers it"
        self._custody.pay_fee(withdrawal.wallet, command.network_fee, command.request)
        withdrawal.transactions.clear()
        self._state(command.request, "settled")

    def _fail(self, command: FailWithdrawal) -> None:
        withdrawal = self._withdrawal(command.request, "held", "approved", "sent")
        if withdrawal.state == "sent":
            if command.evidence is None:
                raise Refusal("evidence-needed")
            self._custody.require_fee(withdrawal.wallet, command.network_fee, (withdrawal.asset, withdrawal.amount))
            self._custody.enter(withdrawal.wallet, withdrawal.asset, withdrawal.amount, command.request)
            self._custody.pay_fee(withdrawal.wallet, command.network_fee, command.request)
        elif command.network_fee is not None:
            raise Refusal("nothing-was-sent")
        self._release(command.request, withdrawal)

    def _release(self, request: str, withdrawal: Withdrawal) -> None:
        self._leave(withdrawal, -withdrawal.amount - withdrawal.fee)
        result = self.shared.ledger.release(withdrawal.hold)
        assert result is Result.OK, "a held withdrawal can be released"
        withdrawal.transactions.clear()
        self._state(request, "failed")

    # The state.

    def document(self) -> Json:
        """Withdrawals by request; lists of destinations, wishes for them, and what was used of daily limits."""
        return {
            "listed": [
                [account, *key, active]
                for account, listed in sorted(self._listed.items())
                for key, active in sorted(listed.items())
            ],
            "required": [[account, str(until)] for account, until in sorted(self._required_until.items())],
            "used": [[*key, day, str(used)] for key, (day, used) in sorted(self._used.items())],
            "withdrawals": [
                [key, *(str(each) if type(each) is int else each for each in astuple(withdrawal))]
                for key, withdrawal in sorted(self.withdrawals.items())
            ],
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        for account, chain, destination, active in document["listed"]:
            self._listed.setdefault(account, {})[chain, destination] = active
        self._required_until = {account: int(until) for account, until in document["required"]}
        self._used = {(account, asset): (day, int(used)) for account, asset, day, used in document["used"]}
        for key, account, sub, asset, amount, fee, hold, destination, state, granted, *sent in document["withdrawals"]:
            wallet, sender, nonce, transactions = sent
            self.withdrawals[key] = Withdrawal(
                account, sub, asset, int(amount), int(fee), int(hold), destination, state, int(granted),
                wallet, sender, int(nonce), list(transactions),
            )  # fmt: skip
            if state not in ("settled", "failed"):
                self._keep_open(key, account)
                self._leave(self.withdrawals[key], int(amount) + int(fee))
