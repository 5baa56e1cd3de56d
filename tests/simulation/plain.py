"""A plain twin of the exchange's money: dictionaries that are told the commands and the facts, and nothing else.

It knows no holds, no order book and no double entry. It says what customers are owed and owe, and what the house, its
custody and what is in transit must then be. It is slow and obvious on purpose.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from ledger import commands, events
from ledger.commands import Command
from ledger.trading.reports import Kind, Traded
from tests.simulation.world import ASSETS, MARKETS

__all__ = ["PlainBooks"]


class PlainBooks:
    """Quanta by customer and asset, by wallet and asset, and by asset for the rest. Nothing has less than a quantum."""

    def __init__(self) -> None:
        self.claims: dict[tuple[str, str], int] = defaultdict(int)
        self.debts: dict[tuple[str, str], int] = defaultdict(int)
        self.wallets: dict[tuple[str, str], int] = defaultdict(int)
        self.transit: dict[str, int] = defaultdict(int)
        self.house: dict[str, int] = defaultdict(int)
        self.receipts: dict[str, int] = defaultdict(int)
        self._owners: dict[int, str] = {}
        self._deposits: dict[str, tuple[str, str, int]] = {}
        self._held: dict[str, None] = {}
        self._fee: dict[str, int] = {}
        self._fees: dict[str, int] = {}
        self._sent: dict[str, str] = {}

    def take(self, command: Command | None, facts: Sequence[events.Event]) -> None:
        """One command that was carried out (None: one that was refused, or is not typed), and the facts."""
        if isinstance(command, commands.CorrectBooks):
            self._give(command.source, command.asset, -command.amount)
            self._give(command.target, command.asset, command.amount)
        elif isinstance(command, commands.AdjustCustody):
            amount = command.amount if command.direction == "in" else -command.amount
            self.wallets[command.wallet, command.asset] += amount
            self.house[command.asset] += amount
        elif isinstance(command, commands.RepayDebt):
            self.claims[command.account, command.asset] -= command.amount
            self.debts[command.account, command.asset] -= command.amount
        for fact in facts:
            if isinstance(fact, events.OrderPlaced):
                self._owners[fact.order] = fact.account
            elif isinstance(fact, events.OrderReport) and fact.row[0] == Kind.TRADED:
                self._trade(fact.market, Traded(*fact.row))
            elif isinstance(fact, events.WithdrawalMoved):
                self._withdraw(command, fact)
            elif isinstance(fact, events.CustodyMoved):
                self._move(fact)
            elif isinstance(fact, events.ParameterSet) and fact.name == "withdrawals.fee":
                self._fee[fact.scope] = int(json.loads(fact.value))
            else:
                self._receive(command, fact)

    def _give(self, party: str | None, asset: str, amount: int) -> None:
        if party is None:
            self.house[asset] += amount
        else:
            self.claims[party, asset] += amount

    def _receive(self, command: Command | None, fact: events.Event) -> None:
        if isinstance(fact, events.DepositCredited):
            assert isinstance(command, commands.CreditDeposit | commands.ReceiveDeposit)
            self._deposits[fact.evidence] = (command.wallet, fact.asset, fact.amount)
            self.claims[fact.account, fact.asset] += fact.amount
            self.wallets[command.wallet, fact.asset] += fact.amount
        elif isinstance(fact, events.ReceiptHeld):
            self._deposits[fact.evidence] = (fact.wallet, fact.asset, fact.amount)
            self._held[fact.evidence] = None
            self.receipts[fact.asset] += fact.amount
            self.wallets[fact.wallet, fact.asset] += fact.amount
        elif isinstance(fact, events.ReceiptAssigned):
            del self._held[fact.evidence]
            self.receipts[fact.asset] -= fact.amount
            self._give(fact.account, fact.asset, fact.amount)
        elif isinstance(fact, events.DepositReversed):
            self._reverse(fact)

    def _reverse(self, fact: events.DepositReversed) -> None:
        """What the wallet does not have any more is the house's matter."""
        wallet, asset, amount = self._deposits.pop(fact.evidence)
        there = min(self.wallets[wallet, asset], amount)
        self.wallets[wallet, asset] -= there
        if fact.account:
            self.claims[fact.account, asset] -= amount - fact.debt
            self.debts[fact.account, asset] += fact.debt
        elif fact.evidence in self._held:
            del self._held[fact.evidence]
            self.receipts[asset] -= amount
        else:
            self.house[asset] -= amount
        self.house[asset] += amount - there

    def _trade(self, market: str, trade: Traded) -> None:
        shape = MARKETS[market]
        base = trade.quantity * shape.step
        quote, remainder = divmod(trade.price * shape.tick * base, 10 ** ASSETS[shape.base][0])
        assert remainder == 0, "a notional is exact"
        maker, taker = self._owners[trade.maker_id], self._owners[trade.taker_id]
        buyer, seller = (taker, maker) if trade.taker_side == 0 else (maker, taker)
        self.claims[buyer, shape.base] += base
        self.claims[seller, shape.base] -= base
        self.claims[buyer, shape.quote] -= quote
        self.claims[seller, shape.quote] += quote
        for who, fee in ((maker, trade.maker_fee_quanta), (taker, trade.taker_fee_quanta)):
            self.claims[who, shape.quote] -= fee
            self.house[shape.quote] += fee

    def _withdraw(self, command: Command | None, fact: events.WithdrawalMoved) -> None:
        asset, amount, request = fact.asset, fact.amount, fact.request
        if fact.state == "held":
            self._fees[request] = self._fee.get(asset, 0)
        elif fact.state == "sent" and request not in self._sent:
            assert isinstance(command, commands.SendWithdrawal)
            self._sent[request] = command.wallet
            self.wallets[command.wallet, asset] -= amount
            self.transit[asset] += amount
        elif fact.state == "settled":
            self.transit[asset] -= amount
            self.claims[fact.account, asset] -= amount + self._fees[request]
            self.house[asset] += self._fees[request]
        elif fact.state == "failed" and request in self._sent:
            self.transit[asset] -= amount
            self.wallets[self._sent[request], asset] += amount

    def _move(self, fact: events.CustodyMoved) -> None:
        if fact.state == "sent":
            if fact.move not in self._sent:
                self._sent[fact.move] = fact.source
                self.wallets[fact.source, fact.asset] -= fact.amount
                self.transit[fact.asset] += fact.amount
            return
        self.transit[fact.asset] -= fact.amount
        self.wallets[fact.target if fact.state == "settled" else fact.source, fact.asset] += fact.amount

    def custody(self, asset: str) -> int:
        """In all wallets."""
        return sum(amount for (_, name), amount in self.wallets.items() if name == asset)

    def balances(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Claims and debts where either is not zero, as `Engine.balances` gives them."""
        keys = [*dict.fromkeys((*self.claims, *self.debts))]
        pairs = {key: (self.claims.get(key, 0), self.debts.get(key, 0)) for key in keys}
        return {key: pair for key, pair in pairs.items() if pair != (0, 0)}
