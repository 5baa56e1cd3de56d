"""The desk of liquidation: wallets below their maintenance requirement, step by step until they are healthy or empty.

    judged below maintenance -> orders cancelled -> steps on the book -> healthy again at the stop level
                                                        |
           equity below the backstop level, or the book gave nothing
                                                        v
        backstop providers -> insurance fund -> deleveraging -> what is left is taken over and the wallet is zeroed

Each step states what it was judged by, so that a customer can compute it again (`tallystick explain-liquidation`). A
step on the book is a tenth of a position or debt, reduce-only, inside the market's bands, and at a price at which it
loses no more than the equity that stood behind what it closes (`takeover.worst_price`): a step never raises a wallet's
leverage, and never takes its equity below zero. Every loss has one bearer: a provider up to its first loss, then the
insurance fund, then those who are deleveraged, then the house. Whom to judge, and when nobody is touched, is said in
`ledger.desks.judging`. Source: exchange.md 6; ledger.md 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Final

from ledger.canonical import Json
from ledger.commands import Command, FundInsurance, SetBackstop
from ledger.desks.base import NEVER_US, Desk, Handler, Refusal, Shared
from ledger.desks.judging import Judging
from ledger.desks.lending import LendingDesk
from ledger.desks.margin import Derivative, MarginDesk
from ledger.desks.orders import OrdersDesk, Room
from ledger.desks.settlement import SettlementDesk
from ledger.desks.taking_over import TakingOver
from ledger.events import BackstopSet, DeleveragingQueued, InsuranceMoved, LiquidationMoved
from ledger.journal import AccountCode, ReasonCode, house_key
from ledger.margin.risk import Health
from ledger.margin.takeover import (
    Backstop,
    Ranked,
    assignment_price,
    bankruptcy_price,
    equity_behind,
    queue,
    worst_price,
)
from ledger.markets.perpetual import MARGIN, REDUCE_ONLY, SYSTEM
from ledger.parameters import SECOND_MICROS
from ledger.prices import UNIT_PRICE
from ledger.trading.market import PPM, MarketState
from ledger.trading.orders import Side, TriggerBy
from ledger.trading.reports import Reason

__all__ = ["LiquidationDesk"]

STEPS_AT_ONCE: Final = 20
"""Wallets that are worked on in one command: the others follow with the next."""
JUDGED_AT_ONCE: Final = 200
"""Wallets that are judged at once where prices moved: the others follow with the next command."""
QUEUE_STATED: Final = 50
"""So many of those who come first are stated each time."""
LEVERAGE_MAX: Final = 10**12
"""The most leverage that a rank states, ppm: of who has no equity."""
IDLE_MAX: Final = 3
"""Steps in a row in which the book gave nothing, after which what is left is taken over."""
_LIQUIDATION: Final = int(Reason.LIQUIDATION)
_NOTHING, _GAVE, _SHUT = 0, 1, 2
"""What a book did for a step: nothing, something, or it does not trade now, which says nothing of what it would give.
Of several books these are or-ed."""


@dataclass(slots=True)
class Case:
    """A liquidation: its number, when it goes on, and how many steps in a row the book gave nothing."""

    number: int
    next_us: int
    idle: int = 0


class LiquidationDesk(Desk):
    """Judges wallets and unwinds those that must be."""

    NAME: ClassVar[str] = "liquidation"

    def __init__(
        self, shared: Shared, margin: MarginDesk, lending: LendingDesk, orders: OrdersDesk, settlement: SettlementDesk
    ) -> None:
        super().__init__(shared)
        self._margin, self._lending, self._orders, self._settlement = margin, lending, orders, settlement
        self.cases: dict[int, Case] = {}
        self.backstops: dict[str, list[Backstop]] = {}
        self.judging = Judging(shared, margin)
        self._taking = TakingOver(shared, margin, lending, self.judging)
        self.close_conversions: Callable[[int], None] = lambda payer: None
        """Ends what a wallet offers for conversion, so that its coins count here; the desk of conversion."""
        self._ranks: dict[int, int] = {}
        """The leverage of each wallet when it was last judged, ppm: the rank by which it is deleveraged."""
        self._queues: dict[tuple[str, bool], list[Ranked]] = {}
        """Who is deleveraged next, by market and side, as it was when the command at hand first asked."""
        self._queued_at = 0
        self._last = 0
        self._words = 0
        self._begun = 0
        """Cases begun in the command at hand."""

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {SetBackstop: self._set_backstop, FundInsurance: self._fund_insurance}

    @property
    def due_us(self) -> int:
        """When the next step of a liquidation is due, or the next wallet is to be judged."""
        if self.judging.urgent:
            return self.shared.time_us
        due = min((case.next_us for case in self.cases.values()), default=NEVER_US)
        return due if due == NEVER_US else max(due, self.judging.grace_until)

    def pass_time(self) -> None:
        """Judge whom a move of prices left over, and take the steps that are due, of a bounded number of wallets."""
        now, judging = self.shared.time_us, self.judging
        judging.pass_time()
        self._begun = 0
        if judging.urgent:
            self._judge_urgent()
        if self.cases and now >= judging.grace_until:
            due = [payer for payer, case in self.cases.items() if case.next_us <= now]
            for payer in due[:STEPS_AT_ONCE]:
                case = self.cases[payer] = self.cases.pop(payer)  # who had a turn is last
                self._step(payer, case)

    # Judging.

    def judge_round(self) -> int:
        """A settlement is posted: all wallets that could be liquidated are judged, in slices. How many they are."""
        return self.judging.begin_round()

    def judge_some(self, count: int) -> bool:
        """Judge so many more; whether any are left."""
        queue_ = self.judging.queue
        left = self._judge_some(queue_[:count])
        self.judging.queue = left + queue_[count:]
        self._begun = 0  # the hour's round is one command, and it is not over before all are judged
        return bool(self.judging.queue)

    def after_prices(self) -> None:
        """Prices or marks changed: judge the wallets that may have passed their trigger since they were judged."""
        self.judging.learn_prices()
        self.judging.urgent.update(dict.fromkeys(self.judging.near()))
        self._judge_urgent()

    def _judge_urgent(self) -> None:
        """Judge as many as one command may, whoever waits longest first."""
        urgent = self.judging.urgent
        now = [*islice(urgent, JUDGED_AT_ONCE)]
        left = self._judge_some(now)
        for payer in now[: len(now) - len(left)]:
            del urgent[payer]

    def _judge_some(self, payers: list[int]) -> list[int]:
        """Judge wallets until enough liquidations have begun; gives those that are left."""
        for place, payer in enumerate(payers):
            if self._begun >= STEPS_AT_ONCE:
                return payers[place:]
            self._judge(payer)
        return []

    def _judge(self, payer: int) -> None:
        if payer in self.cases:
            return
        if not self._margin.is_exposed(payer):
            self.judging.forget(payer)
            self._ranks.pop(payer, None)
            return
        health = self.judging.judge(payer)
        self._ranks[payer] = _leverage(health)
        if health is not None and health.equity < health.maintenance and self.judging.may_act(payer):
            self._begin(payer, health)

    # A case.

    def _begin(self, payer: int, health: Health) -> None:
        margin = self._margin
        self._last += 1
        case = self.cases[payer] = Case(self._last, self.shared.time_us)
        margin.liquidating[payer] = None
        self._begun += 1
        self.judging.watch.drop(payer)
        self._say(payer, case, "started", health, view=self.judging.document_of(payer))
        self.close_conversions(payer)
        for room in self._orders.rooms.values():
            self._orders.cancel_for(room, payer, _LIQUIDATION)
        self._say(payer, case, "cancelled", health)
        self._step(payer, case)

    def _end(self, payer: int, case: Case, health: Health) -> None:
        del self.cases[payer], self._margin.liquidating[payer]
        self._say(payer, case, "ended", health)
        if self._margin.is_exposed(payer):
            self.judging.judge(payer)
        else:
            self.judging.forget(payer)

    def _say(
        self, payer: int, case: Case, stage: str, health: Health, market: str = "", quantity: int = 0, price: int = 0,
        amount: int = 0, fee: int = 0, bearer: str = "", view: str = "",
    ) -> None:  # fmt: skip
        owner = self.shared.purse.owner(payer)
        levels = (health.equity, health.initial, health.maintenance, health.stop, health.backstop)
        self.shared.events.append(
            LiquidationMoved(case.number, *owner, stage, *levels, market, quantity, price, amount, fee, bearer, view)
        )

    def _step(self, payer: int, case: Case) -> None:
        """One step of a case, at the prices of now."""
        margin, shared = self._margin, self.shared
        case.next_us = shared.time_us + shared.parameters.value("liquidation.every") * SECOND_MICROS
        health = self.judging.see(payer)
        if health is None:
            return  # no valid price, or none for long: nothing is sold until there is one, and a grace has passed
        if health.equity >= health.stop and health.equity >= 0:
            self._end(payer, case, health)
            return
        holds_positions = any(market.positions.size(payer) for market in margin.markets.values())
        if holds_positions and (health.equity < health.backstop or case.idle >= IDLE_MAX):
            self._hand_over(payer, case)
        elif case.idle >= IDLE_MAX or not self._owes(payer):
            if holds_positions:
                self._on_book(payer, case, health)
            else:
                self._take_over(payer, case, health)
        else:
            self._on_book(payer, case, health)
        after = self.judging.health(payer)
        if payer in self.cases and after is not None and after.equity >= after.stop and after.equity >= 0:
            self._end(payer, case, after)

    def _owes(self, payer: int) -> bool:
        return bool(self._margin.debts(payer))

    # The book.

    def _on_book(self, payer: int, case: Case, health: Health) -> None:
        """Reduce every position and every debt by a step, at what the book gives."""
        did = _NOTHING
        for market in self._margin.markets.values():
            size = market.positions.size(payer)
            if size:
                steps = self._part(abs(size))
                side = Side.ASK if size > 0 else Side.BID
                did |= self._sell(payer, case, self._orders.rooms[market.symbol], side, steps)
        did |= self._reduce_debts(payer, case, health)
        if did & _GAVE:
            case.idle = 0
        elif not did & _SHUT or health.equity < 0:
            case.idle += 1

    def _part(self, whole: int) -> int:
        steps: int = -(-whole * self.shared.parameters.value("liquidation.step") // PPM)
        return steps

    def _sell(self, payer: int, case: Case, room: Room, side: int, steps: int) -> int:
        """A system order for so many steps, at no worse a price than the wallet can stand; its fee, and what it did."""
        steps = min(steps, room.market.quantity_max)
        derivative = room.derivative
        reference = room.book.reference(TriggerBy.INDEX) if derivative is None else derivative.mark
        health = self.judging.health(payer)
        if steps < room.market.quantity_min or not reference or health is None:
            return _NOTHING
        if room.book.state != MarketState.OPEN:
            return _SHUT
        unit, taker_ppm = room.market.unit_quanta, max(0, self._orders.taker_ppm(payer))
        behind = may_lose = equity_behind(health.equity, health.exposure, reference * steps * unit)
        if derivative is None:
            # Nothing is worse than this for the wallet: so the house takes coins over where the book does not.
            discount = self.shared.parameters.value("conversion.discount")
            may_lose = max(behind, reference * steps * unit * discount // PPM)
        worst = worst_price(side, reference, steps, unit, may_lose, taker_ppm)
        if worst < 1:
            return _NOTHING
        flags = SYSTEM | MARGIN | (REDUCE_ONLY if derivative is not None else 0)
        fills = self._orders.place_for(room, payer, int(side), steps, flags, worst, "liquidation")
        quantity = sum(q for _, q in fills)
        if not quantity:
            return _NOTHING
        value = sum(price * q for price, q in fills) * unit
        lost = value - reference * quantity * unit if side == Side.BID else reference * quantity * unit - value
        lost += -(-value * taker_ppm // PPM)
        fee = 0
        if room.market.quote == self._margin.settlement_asset:
            fee = self._fee(payer, value, behind * quantity // steps - lost)
        price = sum(price * q for price, q in fills) // quantity
        signed = quantity if side == Side.BID else -quantity
        self._say(payer, case, "book", health, room.market.symbol, signed, price, value, fee)
        return _GAVE

    def _fee(self, payer: int, value: int, left: int) -> int:
        """The liquidation fee of a fill, no more than what is left of the equity behind it: exchange.md 6."""
        rate: int = self.shared.parameters.value("liquidation.fee")
        fee = max(0, min(-(-value * rate // PPM), left))
        if fee:
            self._margin.owe(ReasonCode.LIQUIDATION_FEE, payer, -fee)
        return fee

    def _quanta(self, value: int) -> int:
        """A value in quanta of the settlement asset, rounded down."""
        asset = self._margin.settlement_asset
        quanta: int = value * 10 ** self.shared.assets[asset] // self.shared.prices.get(asset, UNIT_PRICE)
        return quanta

    def _reduce_debts(self, payer: int, case: Case, health: Health) -> int:
        """Repay what can be repaid, sell collateral for the settlement asset, and buy back what else is owed."""
        margin = self._margin
        did, settlement = self._repay(payer, case, health), margin.settlement_asset
        for asset, owed in margin.debts(payer).items():
            if asset == settlement:
                did |= self._sell_collateral(payer, case, self._part(owed))
            else:
                did |= self._buy_back(payer, case, asset, owed)
        self._repay(payer, case, health)
        return did

    def _repay(self, payer: int, case: Case, health: Health) -> int:
        """Pay debts out of what the wallet has of the same asset, free or lent."""
        did, lending = _NOTHING, self._lending
        for asset, owed in self._margin.debts(payer).items():
            paid = lending.repay(payer, asset, owed, "liquidation")
            if paid:
                self._say(payer, case, "repaid", health, asset, paid)
                did = _GAVE
        return did

    def _sell_collateral(self, payer: int, case: Case, need: int) -> int:
        """Sell collateral for about `need` quanta of the settlement asset, the most liquid (highest weight) first."""
        did = _NOTHING
        for asset in self._margin.by_weight(payer):
            room = self._orders.spot_room(asset, self._margin.settlement_asset)
            best = self._best(room, Side.BID)
            if room is None or not best:
                continue
            there = self._margin.own(payer, asset) // room.market.step_quanta
            steps = min(there, -(-need // (best * room.market.unit_quanta)))
            did |= self._sell(payer, case, room, Side.ASK, steps)
            if did & _GAVE:
                break
        return did

    @staticmethod
    def _best(room: Room | None, side: int) -> int:
        """The best price of a side of a book in ticks; its index where there is none, 0 where that is missing too."""
        if room is None:
            return 0
        found = room.book.depth(int(side), 1)
        return found[0][0] if found else room.book.reference(TriggerBy.INDEX)

    def _buy_back(self, payer: int, case: Case, asset: str, owed: int) -> int:
        """Buy a part of a debt that is no debt of the settlement asset; if there is nothing to pay with, sell first."""
        settlement, did = self._margin.settlement_asset, _NOTHING
        room = self._orders.spot_room(asset, settlement)
        best = self._best(room, Side.ASK)
        if room is None or not best:
            return _NOTHING
        steps = max(1, -(-self._part(owed) // room.market.step_quanta))
        unit = room.market.unit_quanta
        cost = best * steps * unit
        cost += cost // 100  # its fee, and a price a little worse
        has = self._margin.own(payer, settlement)
        if has < cost:
            did = self._sell_collateral(payer, case, cost - has)
            has = self._margin.own(payer, settlement)
            steps = min(steps, has * 99 // (100 * best * unit))
        return did | self._sell(payer, case, room, Side.BID, steps)

    # Backstop, insurance, deleveraging.

    def _hand_over(self, payer: int, case: Case) -> None:
        """All positions go to backstop providers; what they do not take to others by deleveraging."""
        for market in self._margin.markets.values():
            if market.positions.size(payer) and market.mark is not None:
                self._to_backstop(payer, case, market)
        left = [m for m in self._margin.markets.values() if m.positions.size(payer) and m.mark is not None]
        if left:
            self._insure(payer, case)
        for market in left:
            self._deleverage(payer, case, market)
        if not left:
            self._share_of_fund(payer, case)

    def _equity_quanta(self, payer: int) -> tuple[Health, int]:
        """A wallet's health, and its equity in quanta; below zero only by what its coins cannot pay.

        A haircut is no loss of anybody. So where equity is below zero it is counted again with coins at what the house
        takes them over for, which is what others will have to bear.
        """
        health = self.judging.health(payer)
        assert health is not None, "a step has valid prices"
        if health.equity >= 0:
            return health, self._quanta(health.equity)
        worth = self._taking.coins_worth(payer)
        return health, -self._quanta(max(0, health.liabilities - health.profit - worth))

    def _to_backstop(self, payer: int, case: Case, market: Derivative) -> None:
        providers = sorted(self.backstops.get(market.symbol, ()), key=lambda each: (each.discount_ppm, each.order))
        for provider in providers:
            size = market.positions.size(payer)
            steps = min(abs(size), provider.capacity)
            if (
                not steps
                or self._is_same_owner(provider.payer, payer)
                or self._margin.may_trade(provider.payer, market.kind)
            ):
                continue
            health, equity = self._equity_quanta(payer)
            assert market.mark is not None, "it was asked"
            price = assignment_price(size, market.mark, market.unit, equity, provider, steps)
            value = price * steps * market.unit
            if self._margin.may_fill(provider.payer, market.symbol, int(size < 0), steps, value, 0):
                continue
            better = abs(price - market.mark) * steps * market.unit if equity < 0 else 0
            provider.capacity -= steps
            provider.first_loss -= min(better, provider.first_loss)
            self._assign(payer, provider.payer, market, steps, price, "backstop")
            signed = -steps if size > 0 else steps
            bearer = f"backstop:{self.shared.purse.owner(provider.payer)[0]}" if better else ""
            self._say(payer, case, "backstop", health, market.symbol, signed, price, better, 0, bearer)

    def _is_same_owner(self, one: int, other: int) -> bool:
        """Whether two wallets are of one account: nobody takes over what is their own."""
        owner = self.shared.purse.owner
        return owner(one)[0] == owner(other)[0]

    def _assign(self, payer: int, other: int, market: Derivative, steps: int, price: int, cause: str) -> None:
        """`steps` of a position go to somebody else at a price, off the book."""
        is_long = market.positions.size(payer) > 0
        buyer, seller = (other, payer) if is_long else (payer, other)
        market.positions.trade(buyer, seller, steps, price * steps * market.unit)
        self._margin.touch(other)
        for each, change in ((payer, -steps if is_long else steps), (other, steps if is_long else -steps)):
            self._margin.state_position(market.symbol, each, change, price, 0, cause)

    def _share_of_fund(self, payer: int, case: Case) -> None:
        """A part of what equity is left after an assignment goes to the insurance fund: exchange.md 6."""
        health, equity = self._equity_quanta(payer)
        share = max(0, equity) * self.shared.parameters.value("liquidation.backstop_fee") // PPM
        if share:
            self._margin.owe(ReasonCode.LIQUIDATION_FEE, payer, -share)
            self._say(payer, case, "insurance", health, amount=share, fee=share)

    def fund_left(self) -> int:
        """What the insurance fund has in the settlement asset, less what it has promised, quanta."""
        margin = self._margin
        account = self.shared.house(AccountCode.INSURANCE, margin.settlement_asset)
        promised = min(0, margin.house_due[ReasonCode.INSURANCE])
        return max(0, self.shared.ledger.owed(account) + promised)

    def _insure(self, payer: int, case: Case) -> None:
        """The fund bears what equity is below zero, as far as it goes."""
        health, equity = self._equity_quanta(payer)
        part = min(-equity, self.fund_left())
        if part > 0:
            self._margin.owe(ReasonCode.INSURANCE, payer, part)
            self._say(payer, case, "insurance", health, amount=part, bearer="insurance")
            asset = self._margin.settlement_asset
            self.shared.events.append(InsuranceMoved(asset, -part, self.fund_left(), "loss"))

    def _deleverage(self, payer: int, case: Case, market: Derivative) -> None:
        """Close a position against the others of its market, by their published rank, at the bankruptcy price."""
        size = market.positions.size(payer)
        health, equity = self._equity_quanta(payer)
        assert market.mark is not None, "it was asked"
        price = bankruptcy_price(size, market.mark, market.unit, min(equity, 0))
        left, asked = abs(size), 0
        while left:
            ranked = self._ranked(market, size, payer, anew=asked > 0)
            assert asked < 2, "longs equal shorts, so the others can close any position"
            left = self._close_against(payer, case, market, health, price, ranked)
            asked += 1

    def _close_against(
        self, payer: int, case: Case, market: Derivative, health: Health, price: int, ranked: list[Ranked]
    ) -> int:
        """Close a position against others in this order; the steps that are left."""
        size = market.positions.size(payer)
        owner = self.shared.purse.owner
        self.shared.events.append(
            DeleveragingQueued(
                market.symbol, "short" if size > 0 else "long",
                tuple((*owner(each.payer), abs(each.size), each.leverage_ppm) for each in ranked[:QUEUE_STATED]),
            )
        )  # fmt: skip
        assert market.mark is not None, "it was asked"
        left = abs(size)
        for each in ranked:
            if not left:
                break
            steps = min(left, abs(each.size))
            loss = abs(price - market.mark) * steps * market.unit if health.equity < 0 else 0
            self._assign(payer, each.payer, market, steps, price, "deleveraging")
            left -= steps
            bearer = f"deleveraged:{owner(each.payer)[0]}" if loss else ""
            signed = -steps if size > 0 else steps
            self._say(payer, case, "deleveraged", health, market.symbol, signed, price, loss, 0, bearer)
        return left

    def _ranked(self, market: Derivative, size: int, payer: int, *, anew: bool) -> list[Ranked]:
        """The others of a market against a size, by the rank of their last judging, with the sizes of now.

        The order is made once for a command; `anew` if those that it found were not enough.
        """
        if self._queued_at != self.shared.sequence or anew:
            self._queues.clear()
            self._queued_at = self.shared.sequence
        place = (market.symbol, size > 0)
        if place not in self._queues:
            self._queues[place] = queue([self._rank(*each) for each in market.positions.against(size)], size)
        sizes, found = market.positions.size, []
        wanted = abs(size)
        kept, gone = self._queues[place], 0
        for number, each in enumerate(kept):
            now = sizes(each.payer)
            if each.payer != payer and now and (now > 0) != (size > 0):
                found.append(each._replace(size=now))
                wanted -= abs(now)
                if wanted <= 0 and len(found) >= QUEUE_STATED:
                    break
            elif not now and number == gone:
                gone += 1
        del kept[:gone]
        return found

    def _rank(self, payer: int, size: int) -> Ranked:
        if payer in self.cases:
            return Ranked(payer, size, 0)
        rank = self._ranks.get(payer)
        if rank is None:
            rank = self._ranks[payer] = _leverage(self.judging.health(payer))
        return Ranked(payer, size, rank)

    # Taking over.

    def _take_over(self, payer: int, case: Case, health: Health) -> None:
        """What neither book nor backstop could close: the house takes collateral for the debts, and bears what lacks.

        Coins that the pool cannot give back yet, or whose price is missing, stay the wallet's; so does as much of its
        debts as they are worth to the house, and the case stays open. All else that it owes ends here, so that what it
        gets later is its own: its equity is not below zero afterwards.
        """
        margin, taking = self._margin, self._taking
        self._cover(payer, case)
        if any(market.positions.get(payer) != (0, 0) for market in margin.markets.values()):
            return  # what its positions lost is posted with the market's next settlement
        self._settlement.post_now(payer)
        for asset, amount in margin.debts(payer).items():
            self._lending.repay(payer, asset, amount, "liquidation")
        owed = margin.debts(payer)
        value = sum(taking.worth(asset, amount, up=True) for asset, amount in owed.items())
        taken = 0
        for asset, quanta, part in taking.take_coins(payer, value):
            taken += part
            self._say(payer, case, "zeroed", health, asset, -quanta)
        stays = min(max(0, value - taken), taking.coins_worth(payer))
        for asset, quanta in taking.write_off(payer, owed, value - stays):
            self._say(payer, case, "zeroed", health, asset, quanta)
        lacking = self._quanta(max(0, value - stays - taken))
        part = min(lacking, self.fund_left())
        if part:
            taking.from_fund(part)
            self._say(payer, case, "zeroed", health, amount=part, bearer="insurance")
            self.shared.events.append(InsuranceMoved(margin.settlement_asset, -part, self.fund_left(), "loss"))
        if lacking > part:
            self._say(payer, case, "zeroed", health, amount=lacking - part, bearer="house")
        if margin.debts(payer):
            case.idle = IDLE_MAX  # it is asked again with the next step: coins may be back, or prices
            return
        self._end(payer, case, self._equity_quanta(payer)[0])

    def _cover(self, payer: int, case: Case) -> None:
        """What its coins cannot pay is the fund's loss, and then the house's: at once, before anything comes in."""
        self._insure(payer, case)
        health, equity = self._equity_quanta(payer)
        if equity < 0:
            self._margin.owe(ReasonCode.LIQUIDATION, payer, -equity)
            self._say(payer, case, "zeroed", health, amount=-equity, bearer="house")

    # Providers and the fund.

    def _set_backstop(self, command: SetBackstop) -> None:
        shared = self.shared
        shared.account(command.account)
        if command.market not in self._margin.markets:
            raise Refusal("unknown-market")
        if command.discount > PPM:
            raise Refusal("discount-out-of-range")
        if not self._margin.permits_account(command.account, self._margin.markets[command.market].kind):
            raise Refusal("not-permitted")
        payer = shared.payer(command.account, command.subaccount)
        table = self.backstops.setdefault(command.market, [])
        known = next((each for each in table if each.payer == payer), None)
        if known is not None:
            table.remove(known)
        if command.capacity:
            self._words += 1
            table.append(Backstop(payer, self._words, command.capacity, command.discount, command.first_loss))
        shared.events.append(
            BackstopSet(
                command.account, command.subaccount, command.market, command.capacity, command.discount,
                command.first_loss,
            )
        )  # fmt: skip

    def _fund_insurance(self, command: FundInsurance) -> None:
        shared = self.shared
        shared.scale(command.asset)
        found = shared.ledger.find(house_key(AccountCode.INSURANCE, command.asset, "", shared.entity))
        promised = -min(0, self._margin.house_due[ReasonCode.INSURANCE])
        left = 0 if found is None else shared.ledger.owed(found)
        left -= promised if command.asset == self._margin.settlement_asset else 0
        if command.withdraw and left < command.amount:
            raise Refusal("more-than-the-fund")
        other, fund = (shared.house(code, command.asset) for code in (AccountCode.OTHER, AccountCode.INSURANCE))
        debit, credit = (fund, other) if command.withdraw else (other, fund)
        shared.require(shared.ledger.post(debit, credit, command.amount, ReasonCode.CAPITAL, command.reason[:64]))
        change = -command.amount if command.withdraw else command.amount
        cause = "withdrawn" if command.withdraw else "funded"
        shared.events.append(InsuranceMoved(command.asset, change, shared.ledger.owed(fund), cause))

    # The state.

    def document(self) -> Json:
        """Cases, providers' words, and whom to judge."""
        return {
            "backstops": [
                [market, [[b.payer, b.order, str(b.capacity), b.discount_ppm, str(b.first_loss)] for b in table]]
                for market, table in sorted(self.backstops.items())
            ],
            "cases": [[payer, case.number, case.next_us, case.idle] for payer, case in self.cases.items()],
            "judging": self.judging.document(),
            "last": self._last,
            "ranks": [[payer, rank] for payer, rank in sorted(self._ranks.items())],
            "words": self._words,
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        for market, table in document["backstops"]:
            self.backstops[market] = [Backstop(p, o, int(c), d, int(f)) for p, o, c, d, f in table]
        for payer, number, next_us, idle in document["cases"]:
            self.cases[payer] = Case(number, next_us, idle)
        self.judging.restore(document["judging"])
        self._last, self._words = document["last"], document["words"]
        self._ranks = dict(document["ranks"])


def _leverage(health: Health | None) -> int:
    """Exposure over equity, ppm; 0 where no price says."""
    return 0 if health is None else min(LEVERAGE_MAX, health.exposure * PPM // max(1, health.equity))
