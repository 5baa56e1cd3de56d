"""A plain twin of the exchange's money: dictionaries that are told the commands and the facts, and nothing else.

It knows no holds, no order book and no double entry. It says what customers are owed and owe, and what the house, its
custody and what is in transit must then be. It is slow and obvious on purpose. What a derivative trade owes its sides
counts as claimed at once; the exchange posts it at its next settlement.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

from ledger import commands, events
from ledger.commands import Command
from ledger.trading.reports import Kind, Traded
from tests.simulation.world import ASSETS, DERIVATIVES, MARKETS

SETTLEMENT = "USD"
HOURS_A_YEAR, RATES, PPM, HOUR_US = 365 * 24, 10**9, 10**6, 3_600_000_000
LENDERS_LOSE_PPM = 100_000
"""The house's share of interest: the default of lending.share."""

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
        self.positions: dict[str, dict[tuple[str, str], list[int]]] = {name: {} for name in DERIVATIVES}
        self._lent: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
        self._pool_debts: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
        self._house_debts: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
        self._collected: dict[str, int] = defaultdict(int)
        self._rates: dict[str, tuple[int, int]] = {}
        self._owners: dict[int, str] = {}
        self._deposits: dict[str, tuple[str, str, int]] = {}
        self._subaccounts: dict[str, str] = defaultdict(str)
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
        for fact in facts:
            if isinstance(fact, events.OrderPlaced):
                self._owners[fact.order] = fact.account
            elif isinstance(fact, events.OrderReport):
                if fact.row[0] == Kind.TRADED and fact.market in MARKETS:
                    self._trade(fact.market, Traded(*fact.row))
            elif isinstance(fact, events.WithdrawalMoved):
                self._withdraw(command, fact)
            elif isinstance(fact, events.CustodyMoved):
                self._move(fact)
            elif isinstance(fact, events.ParameterSet) and fact.name == "withdrawals.fee":
                self._fee[fact.scope] = int(json.loads(fact.value))
            else:
                self._receive(command, fact)
                self._lend(command, fact)
                self._position(fact)
        for moved in [fact for fact in facts if isinstance(fact, events.PositionMoved)]:
            last = [f for f in facts if isinstance(f, events.PositionMoved) and f[:3] == moved[:3]][-1]
            said = self.positions[moved.market].get((moved.account, moved.subaccount), [0, 0])
            assert said[0] == last.size, "the plain books have another position"

    # Lending and positions.

    def _house_gets(self, account: str, quanta: int) -> None:
        self.claims[account, SETTLEMENT] -= quanta
        self.house[SETTLEMENT] += quanta

    def _lend(self, command: Command | None, fact: events.Event) -> None:
        if isinstance(fact, events.LendingMoved):
            who, asset, amount = (fact.account, fact.subaccount), fact.asset, fact.amount
            if fact.kind in ("lend", "redeem"):
                self._lent[asset][who] += amount if fact.kind == "lend" else -amount
            elif fact.kind == "repay":
                self.claims[fact.account, asset] -= amount
                self._owe_less(who, asset, amount)
            else:
                owes = self._pool_debts if fact.kind == "borrow" else self._house_debts
                owes[asset][who] += amount + fact.interest
                self.claims[fact.account, asset] += amount
                self.debts[fact.account, asset] += amount + fact.interest
                self.house[asset] += fact.interest
                self._collected[asset] += fact.interest
        elif isinstance(fact, events.PoolStated):
            assert isinstance(command, commands.CutHour)
            self._accrue(fact.asset, fact.borrow_rate, command.hour)
        elif isinstance(fact, events.ConversionMoved) and fact.state == "done":
            for asset, amount in ((SETTLEMENT, fact.amount), (fact.asset, -fact.quantity)):
                self.claims[fact.account, asset] += amount
                self.claims[fact.counterparty, asset] -= amount

    def _owe_less(self, who: tuple[str, str], asset: str, amount: int) -> None:
        """The exchange first, then the pool."""
        self.debts[who[0], asset] -= amount
        part = min(amount, self._house_debts[asset][who])
        self._house_debts[asset][who] -= part
        self._pool_debts[asset][who] -= amount - part
        assert self._pool_debts[asset][who] >= 0, "no more is repaid than is owed"

    def _accrue(self, asset: str, rate: int, hour: int) -> None:
        """Everybody who owes pays for the hour to come, and for hours that were missed at the rate before."""
        before, last = self._rates.get(asset, (rate, hour - HOUR_US))
        self._rates[asset] = (rate, hour)
        numerator = before * ((hour - last) // HOUR_US - 1) + rate

        def charge(table: dict[tuple[str, str], int]) -> int:
            total = 0
            for who, owed in table.items():
                interest = -(-owed * numerator // (RATES * HOURS_A_YEAR))
                table[who] += interest
                self.debts[who[0], asset] += interest
                total += interest
            return total

        lent = self._lent[asset]
        pot, all_lent = charge(self._pool_debts[asset]) + self._collected[asset], sum(lent.values())
        self.house[asset] += charge(self._house_debts[asset]) + pot - self._collected[asset]
        self._collected[asset] = 0
        for who, amount in lent.items():
            paid = amount * (pot * (PPM - LENDERS_LOSE_PPM) // PPM) // all_lent if all_lent else 0
            self.claims[who[0], asset] += paid
            self.house[asset] -= paid

    def _position(self, fact: events.Event) -> None:
        if isinstance(fact, events.PositionMoved):
            unit = _unit(fact.market)
            place = self.positions[fact.market].setdefault((fact.account, fact.subaccount), [0, 0])
            if fact.cause == "expiry":
                self._settle(fact.market, fact.price)
            place[0] += fact.size_change
            place[1] += fact.size_change * fact.price * unit
            self._house_gets(fact.account, fact.fee)
        elif isinstance(fact, events.SettlementStarted):
            for market, mark in fact.marks:
                self._settle(market, mark)
        elif isinstance(fact, events.FundingSet):
            for (account, _), (size, _) in self.positions[fact.market].items():
                exact = size * fact.mark * _unit(fact.market) * fact.rate
                self._house_gets(account, -(-exact // 10**12))
        elif isinstance(fact, events.LiquidationMoved):
            if fact.stage == "zeroed" and fact.market:
                amount = abs(fact.quantity)
                self.house[fact.market] += -fact.quantity
                if fact.quantity < 0:
                    self.claims[fact.account, fact.market] -= amount
                else:
                    self._owe_less((fact.account, fact.subaccount), fact.market, amount)
            elif fact.stage == "insurance" and fact.bearer:
                self._house_gets(fact.account, -fact.amount)
            elif fact.stage in ("book", "insurance"):
                self._house_gets(fact.account, fact.fee)

    def _settle(self, market: str, mark: int) -> None:
        """Profit since the last settlement is claimed."""
        for (account, _), position in self.positions[market].items():
            value = position[0] * mark * _unit(market)
            self.claims[account, SETTLEMENT] += value - position[1]
            position[1] = value

    def _give(self, party: str | None, asset: str, amount: int) -> None:
        if party is None:
            self.house[asset] += amount
        else:
            self.claims[party, asset] += amount

    def _receive(self, command: Command | None, fact: events.Event) -> None:
        if isinstance(fact, events.DepositCredited):
            assert isinstance(command, commands.CreditDeposit | commands.ReceiveDeposit)
            self._deposits[fact.evidence] = (command.wallet, fact.asset, fact.amount)
            if isinstance(command, commands.CreditDeposit):
                self._subaccounts[fact.evidence] = command.subaccount
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
            self._house_debts[asset][fact.account, self._subaccounts[fact.evidence]] += fact.debt
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


def _unit(market: str) -> int:
    """Quanta of the settlement asset that a step at one tick is."""
    shape = DERIVATIVES[market]
    return shape.tick * shape.step // 10 ** ASSETS[shape.base][0]
