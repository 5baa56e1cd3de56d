"""The desk of settlement: every ten seconds profit becomes the settlement asset, and at the hour funding and interest.

One round is: settle every market that has a valid mark, at the marks of its beginning; at the hour also fund and
accrue; then post what is due to each wallet, repay and lend what is free, and judge wallets. A market is settled as a
whole, so its profits sum to zero exactly; what is due is then posted in slices of `SLICE` wallets, each a zero-sum mass
posting against the account SETTLEMENT, which is empty again after the last. Orders are taken between slices.

A loser pays out of what is free, then redeems what is lent, then borrows from the pool; what no pool lends becomes at
once a debt to the exchange, so that no winner waits. A market without a valid mark does not settle and is named.

What it must cost: 100,000 wallets with 300,000 positions under 1 s, and no step over 20 ms. It does not yet: see
docs/benchmarks.md for what was measured. The hour's round runs whole
inside its cut, because nothing may come between (docs/decisions/wallet.md). Source: exchange.md 3 and 4; DESIGN.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final

from ledger.canonical import Json
from ledger.commands import Command
from ledger.desks.base import NEVER_US, Desk, Handler, Shared
from ledger.desks.lending import LendingDesk
from ledger.desks.margin import DUE_REASONS, Derivative, MarginDesk
from ledger.events import FundingSet, InsuranceMoved, SettlementFinished, SettlementStarted
from ledger.journal import AccountCode, MassPosting, ReasonCode, Result
from ledger.margin.funding import payments
from ledger.parameters import SECOND_MICROS

__all__ = ["SLICE", "SettlementDesk"]

SLICE: Final = 250
"""Wallets of one slice."""
_WORK_A_TICK: Final = 250
"""Wallets after which a tick leaves the rest of a round to the next one: with one more slice still under 20 ms."""
_SETTLED_AT_ONCE: Final = 100
"""Positions that settle in the time of one wallet's slice of work: they are one pass over arrays."""
_HOUSE: Final = {
    ReasonCode.SETTLEMENT: AccountCode.DUST,
    ReasonCode.FUNDING: AccountCode.DUST,
    ReasonCode.FEE: AccountCode.FEES,
    ReasonCode.REBATE: AccountCode.FEES,
    ReasonCode.REFERRAL: AccountCode.FEES,
    ReasonCode.LIQUIDATION_FEE: AccountCode.INSURANCE,
    ReasonCode.INSURANCE: AccountCode.INSURANCE,
    ReasonCode.LIQUIDATION: AccountCode.OTHER,
}
"""Whose the other side of what is due is, by reason: fees are the house's, and what rounding leaves is dust."""
PHASES: Final = ("idle", "settle", "post", "sweep", "count", "judge")


class SettlementDesk(Desk):
    """Runs the rounds. `funding_rate` gives a market's rate of the hour that ends."""

    NAME: ClassVar[str] = "settlement"

    def __init__(self, shared: Shared, margin: MarginDesk, lending: LendingDesk) -> None:
        super().__init__(shared)
        self._margin, self._lending = margin, lending
        self.number = 0
        self.hour_us = -1
        """The last hour that was funded and accrued."""
        self.before_round: Callable[[], None] = lambda: None
        """Brings marks up to date; the desk of orders."""
        self.funding_of: Callable[[str], tuple[int, int]] = lambda market: (0, 0)
        """Rate (10^-12) and mean premium of a market's hour, which then begins anew."""
        self.judge_round: Callable[[], int] = lambda: 0
        """Begins the judging of all wallets, and says of how many; the desk of liquidation."""
        self.judge_some: Callable[[int], bool] = lambda count: False
        """Judges so many more wallets; whether any are left."""
        self.expire_market: Callable[[str], int] = lambda market: 0
        """Ends a market's orders for good; its index in ticks, 0 while there is none."""
        self.after_round: Callable[[], None] = lambda: None
        """Told when a round is over; the desk of conversion."""
        self.funded: dict[str, int] = {}
        """The funding rate (10^-12) of the hour closed last, by market; none for a market that was not funded."""
        self._next_us = 0
        self._phase = "idle"
        self._closing = 0
        self._marks: dict[str, int] = {}
        self._markets: list[str] = []
        self._payers: list[int] = []
        self._sums = [0, 0, 0, 0, 0, 0]

    def handlers(self) -> dict[type[Command], Handler]:
        """None: ticks and cuts come through the engine."""
        return {}

    @property
    def due_us(self) -> int:
        """When the next step is due: now, while a round is on."""
        if self._phase != "idle":
            return self.shared.time_us
        return self._next_us if self.has_work() else NEVER_US

    def has_work(self) -> bool:
        """Whether this exchange has anything that settles: a derivative market or an open pool."""
        return bool(self._margin.markets) or self._lending.is_active

    @property
    def _every_us(self) -> int:
        return int(self.shared.parameters.value("margin.settlement_every")) * SECOND_MICROS

    # Rounds.

    def tick(self) -> None:
        """Take a bounded number of steps of the round that is on, or begin one that is due."""
        if self._phase == "idle":
            if not self.has_work() or self.shared.time_us < self._next_us:
                return
            self._begin(0)
        done = 0
        while done < _WORK_A_TICK and self._phase != "idle":
            done += self._step()

    def close_hour(self, hour_us: int) -> None:
        """Settle, fund and accrue for an hour that is being cut, in this order, to the end."""
        if not self.has_work():
            return
        while self._phase != "idle":
            self._step()
        self.funded = {}
        self._begin(hour_us)
        while self._phase != "idle":
            self._step()
        self.hour_us = hour_us

    def _begin(self, hour_us: int) -> None:
        """Fix the prices of a round. `hour_us`: the hour that it closes, 0 for none."""
        shared, margin = self.shared, self._margin
        self.before_round()
        self.number += 1
        every = self._every_us
        self._next_us = (shared.time_us // every + 1) * every
        self._closing, self._sums = hour_us, [0, 0, 0, 0, 0, 0]
        self._marks = margin.marks()
        self._markets = [name for name in margin.markets if name in self._marks]
        unsettled = tuple(name for name in margin.markets if name not in self._marks)
        shared.events.append(SettlementStarted(self.number, tuple(self._marks.items()), unsettled))
        self._phase = "settle"

    def _step(self) -> int:
        """One step: a market, a slice of wallets, a slice of the sweep or of the judging. Its work, in wallets."""
        if self._phase == "settle":
            if self._markets:
                market = self._margin.markets[self._markets.pop(0)]
                self._settle_market(market)
                return len(market.positions) // _SETTLED_AT_ONCE
            if self._closing:
                self._lending.accrue_hour(self._closing)
            self._payers = sorted(set().union(*self._margin.due.values()))
            self._phase = "post"
            return len(self._payers) // _SETTLED_AT_ONCE
        if self._phase == "post":
            slice_, self._payers = self._payers[:SLICE], self._payers[SLICE:]
            self._post(slice_)
            if not self._payers:
                self._finish_posting()
                self._phase = "sweep"
            return len(slice_)
        if self._phase == "sweep":
            work = min(self._lending.unswept, SLICE)
            if not self._lending.sweep(SLICE):
                self._phase = "count"
            return work
        if self._phase == "count":
            self._phase = "judge"
            return self.judge_round() // _SETTLED_AT_ONCE
        if self.judge_some(SLICE):
            return SLICE
        self._phase = "idle"
        self.after_round()
        return 0

    def _expire(self, market: Derivative) -> None:
        """A dated future is over: its orders end, its positions settle a last time at the index and are gone."""
        index = self.expire_market(market.symbol)
        if not index:
            return  # no valid index yet: it waits for one
        margin = self._margin
        margin.owe_many(ReasonCode.SETTLEMENT, market.positions.settle(index * market.unit))
        ended = [*market.positions]
        market.positions.close_all()
        for payer, position in ended:
            margin.state_position(market.symbol, payer, -position.size, index, 0, "expiry")

    def _settle_market(self, market: Derivative) -> None:
        """All profits of a market since its last settlement, and at the hour its funding."""
        if market.expires is not None and market.expires <= self.shared.time_us:
            if len(market.positions) and market.positions.longs:
                self._expire(market)
            return
        mark = self._marks[market.symbol]
        self._margin.owe_many(ReasonCode.SETTLEMENT, market.positions.settle(mark * market.unit))
        if self._closing:
            self._fund(market, mark)

    def _fund(self, market: Derivative, mark: int) -> None:
        """Longs pay the rate where it is above zero: payers are rounded up, receivers down, and the rest is dust."""
        rate, premium = self.funding_of(market.symbol)
        self.funded[market.symbol] = rate
        payers, sizes = market.positions.arrays()
        amounts = payments(sizes, mark * market.unit, rate)
        moved = [(payer, amount) for payer, amount in zip(payers, amounts, strict=True) if amount]
        paid, received = -sum(a for _, a in moved if a < 0), sum(a for _, a in moved if a > 0)
        assert 0 <= paid - received <= len(moved), "less than a quantum a position is left, and it is the house's"
        self._margin.owe_many(ReasonCode.FUNDING, moved)
        self._margin.house_due[ReasonCode.FUNDING] += paid - received
        self.shared.events.append(FundingSet(market.symbol, self._closing, rate, premium, mark, paid, received))

    # Posting.

    def post_now(self, payer: int) -> None:
        """Post what is due to one wallet before its turn; the house's side follows with the next round."""
        self._post((payer,))

    def _post(self, payers: Iterable[int]) -> None:
        """Post everything that is due to these wallets: first what they get, then what they give."""
        margin, purse = self._margin, self.shared.purse
        asset = margin.settlement_asset
        for negative in (False, True):
            for reason in DUE_REASONS:
                due = margin.due[reason]
                lines: dict[int, int] = {}
                for payer in payers:
                    amount = due.get(payer, 0)
                    if amount and (amount < 0) == negative:
                        del due[payer]
                        claim = purse.claim(payer, asset)
                        if negative:
                            self._find(payer, claim, -amount)
                        lines[claim] = amount
                self._post_lines(reason, asset, lines)

    def _post_lines(self, reason: ReasonCode, asset: str, lines: dict[int, int]) -> None:
        """One zero-sum mass posting of claims against the account SETTLEMENT."""
        total = sum(lines.values())
        self._sums[0] += sum(amount for amount in lines.values() if amount > 0)
        self._sums[1] -= sum(amount for amount in lines.values() if amount < 0)
        self._sums[5] += len(lines)
        if total:
            lines[self.shared.house(AccountCode.SETTLEMENT, asset)] = -total
        if lines:
            accounts = tuple(sorted(lines))
            amounts = tuple(lines[account] for account in accounts)
            price = self.shared.prices.get(asset)
            result = self.shared.ledger.post_mass(MassPosting(reason, accounts, amounts, 0, price))
            assert result is Result.OK, "winners are credited, and losers have what they pay"

    def _find(self, payer: int, claim: int, quanta: int) -> None:
        """Have `quanta` free in a loser's claim: what is lent is redeemed, then the pool lends, then the exchange."""
        ledger, lending = self.shared.ledger, self._lending
        missing = quanta - ledger.available(claim)
        if missing <= 0:
            return
        asset = self._margin.settlement_asset
        part = min(missing, lending.redeemable(payer, asset, bypass=True))
        if part and not lending.redeem(payer, asset, part, "settlement", bypass=True):
            self._sums[2] += part
            missing -= part
        if (
            missing
            and self._may_borrow(payer, asset, missing)
            and not lending.borrow(payer, asset, missing, "settlement")
        ):
            self._sums[3] += missing
            return
        if missing:
            lending.borrow_from_house(payer, asset, missing, "settlement")
            self._sums[4] += missing

    def _may_borrow(self, payer: int, asset: str, amount: int) -> bool:
        """Whether the pool may lend for a loss: the wallet borrows on its own, owns no more of it lent, and stands it.

        The loss is in its equity already, so what is judged is the debt's own requirement.
        """
        margin = self._margin
        return (
            margin.settings(payer).auto_borrow
            and margin.permits(payer, "borrowing")
            and not self._lending.lent(payer, asset)
            and self._lending.borrowable(payer, asset) >= amount
            and margin.may_owe(payer, asset, amount) == 0
        )

    def _finish_posting(self) -> None:
        """The house's side of what was due; then nothing is left between."""
        shared, margin = self.shared, self._margin
        asset = margin.settlement_asset
        if asset in shared.assets:
            between = shared.house(AccountCode.SETTLEMENT, asset)
            fees = margin.house_due[ReasonCode.LIQUIDATION_FEE]
            for reason, code in _HOUSE.items():
                amount, margin.house_due[reason] = margin.house_due[reason], 0
                if amount:
                    house = shared.house(code, asset)
                    debit, credit = (between, house) if amount > 0 else (house, between)
                    result = shared.ledger.post(debit, credit, abs(amount), reason, "", shared.prices.get(asset))
                    assert result is Result.OK, "the house's side of what was due can be posted"
            if fees:
                fund = shared.ledger.owed(shared.house(AccountCode.INSURANCE, asset))
                shared.events.append(InsuranceMoved(asset, fees, fund, "fee"))
            left = shared.ledger.owed(between) + sum(sum(due.values()) for due in margin.due.values())
            assert left == 0 or any(margin.due.values()), "a settlement leaves nothing between its two sides"
        shared.events.append(SettlementFinished(self.number, asset, *self._sums))

    # The state.

    def document(self) -> Json:
        """The number and time of rounds, the last hour, and where the round that is on stands."""
        return {
            "closing": self._closing,
            "funded": [[name, str(rate)] for name, rate in self.funded.items()],
            "hour": self.hour_us + 1,
            "marks": [[name, mark] for name, mark in self._marks.items()],
            "markets": [*self._markets],
            "next": self._next_us,
            "number": self.number,
            "payers": [*self._payers],
            "phase": self._phase,
            "sums": [str(each) for each in self._sums],
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        self._closing, self.hour_us = document["closing"], document["hour"] - 1
        self._marks = dict(document["marks"])
        self.funded = {name: int(rate) for name, rate in document["funded"]}
        self._markets, self._next_us = [*document["markets"]], document["next"]
        self.number, self._payers = document["number"], [*document["payers"]]
        self._phase, self._sums = document["phase"], [int(each) for each in document["sums"]]
