"""A plain twin of the exchange's money: dictionaries that are told the commands and the facts, and nothing else.

It knows no holds, no order book and no double entry. It says what customers are owed and owe, and what the house, its
custody and what is in transit must then be. It is slow and obvious on purpose.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ledger import commands, events
from ledger.commands import Command
from ledger.trading.reports import Kind, Traded
from tests.simulation.world import ASSETS, MARKETS

__all__ = ["PlainBooks"]


class PlainBooks:
    """Quanta by customer and asset, and by asset for the rest."""

    def __init__(self) -> None:
        self.claims: dict[tuple[str, str], int] = defaultdict(int)
        self.debts: dict[tuple[str, str], int] = defaultdict(int)
        self.custody: dict[str, int] = defaultdict(int)
        self.transit: dict[str, int] = defaultdict(int)
        self.house: dict[str, int] = defaultdict(int)
        self._owners: dict[int, str] = {}
        self._deposits: dict[str, int] = {}
        self._fees: dict[str, int] = {}
        self._sent: dict[str, None] = {}

    def take(self, command: Command | None, facts: Sequence[events.Event]) -> None:
        """One command and what the exchange says of it."""
        if any(isinstance(fact, events.Refused) for fact in facts) and not isinstance(command, commands.Cancel):
            facts = [fact for fact in facts if isinstance(fact, events.OrderReport)]  # what time alone did
            command = None
        if isinstance(command, commands.CorrectBooks):
            self._correct(command)
        if isinstance(command, commands.RequestWithdrawal):
            self._fees[command.request] = command.fee
        for fact in facts:
            if isinstance(fact, events.OrderPlaced):
                self._owners[fact.order] = fact.account
            elif isinstance(fact, events.OrderReport) and fact.row[0] == Kind.TRADED:
                self._trade(fact.market, Traded(*fact.row))
            elif isinstance(fact, events.DepositCredited):
                self._deposits[fact.evidence] = fact.amount
                self.claims[fact.account, fact.asset] += fact.amount
                self.custody[fact.asset] += fact.amount
            elif isinstance(fact, events.DepositReversed):
                amount = self._deposits.pop(fact.evidence)
                self.claims[fact.account, fact.asset] -= amount - fact.debt
                self.debts[fact.account, fact.asset] += fact.debt
                self.custody[fact.asset] -= amount
            elif isinstance(fact, events.WithdrawalMoved):
                self._withdraw(fact)

    def _correct(self, command: commands.CorrectBooks) -> None:
        for party, amount in ((command.source, -command.amount), (command.target, command.amount)):
            if party is None:
                self.house[command.asset] += amount
            else:
                self.claims[party, command.asset] += amount

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

    def _withdraw(self, fact: events.WithdrawalMoved) -> None:
        asset, amount = fact.asset, fact.amount
        if fact.state == "sent":
            self._sent[fact.request] = None
            self.custody[asset] -= amount
            self.transit[asset] += amount
        elif fact.state == "settled":
            fee = self._fees.get(fact.request, 0)
            self.transit[asset] -= amount
            self.claims[fact.account, asset] -= amount + fee
            self.house[asset] += fee
        elif fact.state == "failed" and fact.request in self._sent:
            self.transit[asset] -= amount
            self.custody[asset] += amount

    def balances(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Claims and debts where either is not zero, as `Engine.balances` gives them."""
        keys = [*dict.fromkeys((*self.claims, *self.debts))]
        pairs = {key: (self.claims.get(key, 0), self.debts.get(key, 0)) for key in keys}
        return {key: pair for key, pair in pairs.items() if pair != (0, 0)}
