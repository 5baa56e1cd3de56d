"""The desk of liquidation: wallets below their maintenance requirement, step by step until they are healthy or empty.

    judged below maintenance -> orders cancelled -> steps on the book -> healthy again at the stop level
                                                        |
           equity below the backstop level, or the book gave nothing
                                                        v
        backstop providers -> insurance fund -> deleveraging -> what is left is taken over and the wallet is zeroed

Each step states what it was judged by, so that a customer can compute it again (`tallystick explain-liquidation`). A
step on the book is a tenth of a position or debt, reduce-only, inside the market's bands. Every loss has one bearer: a
provider up to its first loss, then the insurance fund, then those who are deleveraged, then the house. Wallets near
their trigger are judged at each change of prices, and all of them after each settlement. No wallet is liquidated
without valid prices, nor before a grace after an outage has passed. Source: exchange.md 6; ledger.md 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from ledger.canonical import Json
from ledger.commands import Command, FundInsurance, SetBackstop
from ledger.desks.base import NEVER_US, Desk, Handler, Refusal, Shared
from ledger.desks.lending import LendingDesk
from ledger.desks.margin import Derivative, MarginDesk
from ledger.desks.orders import OrdersDesk, Room
from ledger.desks.settlement import SettlementDesk
from ledger.events import BackstopSet, DeleveragingQueued, InsuranceMoved, LiquidationMoved
from ledger.journal import AccountCode, ReasonCode, debt_key, house_debt_key
from ledger.margin.explain import view_document
from ledger.margin.positions import holders
from ledger.margin.risk import Health
from ledger.margin.takeover import Backstop, Ranked, assignment_price, bankruptcy_price, queue
from ledger.margin.watch import Watch
from ledger.markets.perpetual import MARGIN, REDUCE_ONLY, SYSTEM
from ledger.parameters import SECOND_MICROS
from ledger.prices import UNIT_PRICE
from ledger.trading.market import PPM
from ledger.trading.orders import Side
from ledger.trading.reports import Reason

__all__ = ["LiquidationDesk"]

STEPS_AT_ONCE: Final = 20
"""Wallets that are worked on before one command: the others follow with the next."""
JUDGED_AT_ONCE: Final = 250
"""Wallets near their trigger that are judged after one change of prices; the others follow with the next commands."""
QUEUE_STATED: Final = 50
"""So many of those who come first are stated each time."""
LEVERAGE_MAX: Final = 10**12
"""The most leverage that a rank states, ppm: of who has no equity."""
IDLE_MAX: Final = 3
"""Steps in a row in which the book gave nothing, after which what is left is taken over."""
OUTAGE_US: Final = 60 * SECOND_MICROS
"""Without any command for so long the exchange was out, and a grace passes before anybody is liquidated."""
_LIQUIDATION: Final = int(Reason.LIQUIDATION)


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
        self.watch = Watch()
        self._last = 0
        self._words = 0
        self._grace_until = 0
        self._seen_us = 0
        self._queue: list[int] = []
        self._near: list[int] = []
        """Wallets that prices may have moved past their trigger, and that are still to be judged."""
        self._ranks: dict[int, int] = {}
        """The leverage of each wallet when it was last judged, ppm: the rank by which it is deleveraged."""
        self._queues: dict[tuple[str, bool], list[Ranked]] = {}
        """Who is deleveraged next, by market and side, as it was when the command at hand first asked."""
        self._queued_at = 0
        self._judged_at: dict[str, int] = {}
        """Prices and marks of the last full judging, by name: how far they moved since says whom to judge again."""

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {SetBackstop: self._set_backstop, FundInsurance: self._fund_insurance}

    @property
    def due_us(self) -> int:
        """When the next step of a liquidation is due: now, while wallets near their trigger are to be judged."""
        if self._near:
            return self.shared.time_us
        return min((case.next_us for case in self.cases.values()), default=NEVER_US)

    def pass_time(self) -> None:
        """Take the steps that are due, of a bounded number of wallets."""
        now = self.shared.time_us
        if self._seen_us and now - self._seen_us > OUTAGE_US and self._margin.markets:
            self._grace_until = now + self.shared.parameters.value("margin.grace") * SECOND_MICROS
        self._seen_us = now
        if self._near:
            self._judge_near()
        if self.cases:
            due = [payer for payer, case in self.cases.items() if case.next_us <= now]
            for payer in due[:STEPS_AT_ONCE]:
                self._step(payer, self.cases[payer])

    # Judging.

    def judge_round(self) -> int:
        """A settlement is posted: all wallets that could be liquidated are judged, in slices. How many they are."""
        margin = self._margin
        self._queue = holders((market.positions for market in margin.markets.values()), margin.debtors())
        self._judged_at = self._prices()
        return len(self._queue)

    def _prices(self) -> dict[str, int]:
        marks = {f"mark {name}": mark for name, mark in self._margin.marks().items()}
        return {**self.shared.prices, **marks}

    def judge_some(self, count: int) -> bool:
        """Judge so many more; whether any are left."""
        now, self._queue = self._queue[:count], self._queue[count:]
        for payer in now:
            self._judge(payer)
        return bool(self._queue)

    def after_prices(self) -> None:
        """Prices or marks changed: judge the wallets that may have passed their trigger since the last full judging."""
        if not len(self.watch):
            return
        move, now = 0, self._prices()
        for name, before in self._judged_at.items():
            price = now.get(name)
            if price is not None:
                move = max(move, abs(price - before) * PPM // before + 1)
        self._near = self.watch.near(move)
        self._judge_near()

    def _judge_near(self) -> None:
        now, self._near = self._near[:JUDGED_AT_ONCE], self._near[JUDGED_AT_ONCE:]
        for payer in now:
            # Its distance stays that of the last full judging, because from there all moves are measured.
            self._judge(payer, is_full=False)

    def _judge(self, payer: int, *, is_full: bool = True) -> None:
        if payer in self.cases:
            return
        if not self._margin.is_exposed(payer):
            self.watch.drop(payer)
            self._ranks.pop(payer, None)
            return
        health = self._margin.health_of(payer)
        if is_full:
            self.watch.put(payer, health)
        self._ranks[payer] = _leverage(health)
        if (
            health is not None
            and health.equity < health.maintenance
            and self.shared.time_us >= self._grace_until
            and self._is_priced(payer)
        ):
            self._begin(payer, health)

    def _is_priced(self, payer: int) -> bool:
        """Whether all collateral has a price: without one it counts nothing for new risk, but nobody is liquidated."""
        value, prices = self.shared.parameters.value, self.shared.prices
        return all(
            line.claim <= 0 or line.asset in prices or not value("collateral.weight", line.asset)
            for line in self._margin.view(payer).assets
        )

    # A case.

    def _begin(self, payer: int, health: Health) -> None:
        margin = self._margin
        self._last += 1
        case = self.cases[payer] = Case(self._last, self.shared.time_us)
        margin.liquidating[payer] = None
        view = view_document(margin.view(payer), margin.terms(), self.shared.prices, margin.marks())
        self._say(payer, case, "started", health, view=view)
        for room in self._orders.rooms.values():
            self._orders.cancel_for(room, payer, _LIQUIDATION)
        self._say(payer, case, "cancelled", health)

    def _end(self, payer: int, case: Case, health: Health) -> None:
        del self.cases[payer], self._margin.liquidating[payer]
        self._say(payer, case, "ended", health)
        if self._margin.is_exposed(payer):
            self.watch.put(payer, health)
        else:
            self.watch.drop(payer)

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
        health = margin.health_of(payer)
        if health is None or not self._is_priced(payer):
            return  # no valid price: nothing is sold until there is one
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
        after = margin.health_of(payer)
        if payer in self.cases and after is not None and after.equity >= after.stop and after.equity >= 0:
            self._end(payer, case, after)

    def _owes(self, payer: int) -> bool:
        return bool(self._margin.debts(payer))

    # The book.

    def _on_book(self, payer: int, case: Case, health: Health) -> None:
        """Reduce every position and every debt by a step, at what the book gives."""
        gave = False
        for market in self._margin.markets.values():
            size = market.positions.size(payer)
            if size:
                steps = self._part(abs(size))
                side = Side.ASK if size > 0 else Side.BID
                gave |= self._sell(payer, case, health, self._orders.rooms[market.symbol], side, steps)
        gave |= self._reduce_debts(payer, case, health)
        case.idle = 0 if gave else case.idle + 1

    def _part(self, whole: int) -> int:
        steps: int = -(-whole * self.shared.parameters.value("liquidation.step") // PPM)
        return steps

    def _sell(self, payer: int, case: Case, health: Health, room: Room, side: int, steps: int) -> bool:
        """A system order at market, for so many steps; its fee, and what it did. Whether the book gave anything."""
        steps = min(steps, room.market.quantity_max)
        if steps < room.market.quantity_min:
            return False
        flags = SYSTEM | MARGIN | (REDUCE_ONLY if room.derivative is not None else 0)
        fills = self._orders.place_for(room, payer, int(side), steps, flags)
        quantity = sum(q for _, q in fills)
        if not quantity:
            return False
        value = sum(price * q for price, q in fills) * room.market.unit_quanta
        fee = 0
        if room.market.quote == self._margin.settlement_asset:
            fee = self._fee(payer, value)
        price = sum(price * q for price, q in fills) // quantity
        signed = quantity if side == Side.BID else -quantity
        self._say(payer, case, "book", health, room.market.symbol, signed, price, value, fee)
        return True

    def _fee(self, payer: int, value: int) -> int:
        """The liquidation fee of a fill, never more than the equity that is there: exchange.md 6."""
        health = self._margin.health_of(payer)
        rate: int = self.shared.parameters.value("liquidation.fee")
        fee = -(-value * rate // PPM)
        if health is None or health.equity <= 0:
            return 0
        fee = min(fee, self._quanta(health.equity))
        if fee:
            self._margin.owe(ReasonCode.LIQUIDATION_FEE, payer, -fee)
        return fee

    def _quanta(self, value: int) -> int:
        """A value in quanta of the settlement asset, rounded down."""
        asset = self._margin.settlement_asset
        quanta: int = value * 10 ** self.shared.assets[asset] // self.shared.prices.get(asset, UNIT_PRICE)
        return quanta

    def _reduce_debts(self, payer: int, case: Case, health: Health) -> bool:
        """Repay what can be repaid, sell collateral for the settlement asset, and buy back what else is owed."""
        lending, margin, gave = self._lending, self._margin, False
        settlement = margin.settlement_asset
        for asset, owed in margin.debts(payer).items():
            paid = lending.repay(payer, asset, owed, "liquidation")
            if paid:
                self._say(payer, case, "repaid", health, asset, paid)
                gave = True
        for asset, owed in margin.debts(payer).items():
            if asset == settlement:
                gave |= self._sell_collateral(payer, case, health, self._part(owed))
            else:
                gave |= self._buy_back(payer, case, health, asset, owed)
        for asset, owed in margin.debts(payer).items():
            paid = lending.repay(payer, asset, owed, "liquidation")
            if paid:
                self._say(payer, case, "repaid", health, asset, paid)
        return gave

    def _sell_collateral(self, payer: int, case: Case, health: Health, need: int) -> bool:
        """Sell collateral for about `need` quanta of the settlement asset, the most liquid (highest weight) first."""
        for asset in self._margin.by_weight(payer):
            room = self._orders.spot_room(asset, self._margin.settlement_asset)
            if room is None or not room.book.depth(int(Side.BID), 1):
                continue
            best = room.book.depth(int(Side.BID), 1)[0][0]
            there = self._margin.own(payer, asset) // room.market.step_quanta
            steps = min(there, -(-need // (best * room.market.unit_quanta)))
            if steps > 0 and self._sell(payer, case, health, room, Side.ASK, steps):
                return True
        return False

    def _buy_back(self, payer: int, case: Case, health: Health, asset: str, owed: int) -> bool:
        """Buy a part of a debt that is no debt of the settlement asset; if there is nothing to pay with, sell first."""
        settlement = self._margin.settlement_asset
        room = self._orders.spot_room(asset, settlement)
        if room is None or not room.book.depth(int(Side.ASK), 1):
            return False
        steps = max(1, -(-self._part(owed) // room.market.step_quanta))
        best = room.book.depth(int(Side.ASK), 1)[0][0]
        cost = best * steps * room.market.unit_quanta
        cost += cost // 100  # its fee, and a price a little worse
        has = self._margin.own(payer, settlement)
        if has < cost and not self._sell_collateral(payer, case, health, cost - has):
            steps = min(steps, has * 99 // (100 * best * room.market.unit_quanta))
        return steps > 0 and self._sell(payer, case, health, room, Side.BID, steps)

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
        health = self._margin.health_of(payer)
        assert health is not None, "a step has valid prices"
        return health, self._quanta(health.equity) if health.equity >= 0 else -self._quanta(-health.equity)

    def _to_backstop(self, payer: int, case: Case, market: Derivative) -> None:
        providers = sorted(self.backstops.get(market.symbol, ()), key=lambda each: (each.discount_ppm, each.order))
        for provider in providers:
            size = market.positions.size(payer)
            steps = min(abs(size), provider.capacity)
            if not steps or provider.payer == payer or provider.payer in self.cases:
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

    def _assign(self, payer: int, other: int, market: Derivative, steps: int, price: int, cause: str) -> None:
        """`steps` of a position go to somebody else at a price, off the book."""
        is_long = market.positions.size(payer) > 0
        buyer, seller = (other, payer) if is_long else (payer, other)
        market.positions.trade(buyer, seller, steps, price * steps * market.unit)
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
            rank = self._ranks[payer] = _leverage(self._margin.health_of(payer))
        return Ranked(payer, size, rank)

    # Taking over.

    def _take_over(self, payer: int, case: Case, health: Health) -> None:
        """What neither book nor backstop could close: the house takes collateral for the debts, and bears what lacks.

        The wallet owes nothing afterwards, so that what it gets later is its own.
        """
        margin, lending, shared = self._margin, self._lending, self.shared
        self._settlement.post_now(payer)
        for asset, amount in margin.debts(payer).items():
            lending.repay(payer, asset, amount, "liquidation")
        owed = margin.debts(payer)
        value = sum(self._worth(asset, amount, up=True) for asset, amount in owed.items())
        keep: int = PPM - shared.parameters.value("conversion.discount")
        for asset in margin.by_weight(payer, every=True):
            if value <= 0:
                break
            there = margin.own(payer, asset)
            price = shared.prices.get(asset)
            if not there or price is None:
                continue
            scale = 10 ** shared.assets[asset]
            quanta = min(there, -(-value * scale * PPM // (price * keep)))
            claim = shared.purse.claim(payer, asset)
            missing = quanta - shared.ledger.available(claim)
            if missing > 0:
                # Lent coins that the pool cannot give back are taken as lent: only what it can is taken over.
                redeemable = min(missing, lending.redeemable(payer, asset, bypass=True))
                lending.redeem(payer, asset, redeemable, "liquidation", bypass=True)
                quanta = min(quanta, shared.ledger.available(claim))
            if quanta > 0:
                other = shared.house(AccountCode.OTHER, asset)
                shared.require(shared.ledger.post(claim, other, quanta, ReasonCode.LIQUIDATION, "", price))
                value -= quanta * price * keep // (scale * PPM)
                self._say(payer, case, "zeroed", health, asset, -quanta, 0)
        self._write_off(payer, case, health, owed, max(0, value))
        self._end(payer, case, self._equity_quanta(payer)[0])

    def _worth(self, asset: str, quanta: int, *, up: bool) -> int:
        price = self.shared.prices.get(asset, 0)
        scale: int = 10 ** self.shared.assets[asset]
        return -(-quanta * price // scale) if up else quanta * price // scale

    def _write_off(self, payer: int, case: Case, health: Health, owed: dict[str, int], lacking: int) -> None:
        """Debts end against the house's own account; the fund makes good what lacks as far as it goes."""
        shared, lending = self.shared, self._lending
        account, subaccount = shared.purse.owner(payer)
        for asset, amount in owed.items():
            other = shared.house(AccountCode.OTHER, asset)
            for key in (house_debt_key, debt_key):
                debt = shared.ledger.find(key(account, asset, subaccount, shared.entity))
                part = 0 if debt is None else shared.ledger.owed(debt)
                if debt is not None and part:
                    price = shared.prices.get(asset)
                    shared.require(shared.ledger.post(other, debt, part, ReasonCode.LIQUIDATION, "", price))
                    lending.repaid(asset, part, to_house=key is house_debt_key)
            self._say(payer, case, "zeroed", health, asset, amount)
        if lacking:
            asset = self._margin.settlement_asset
            quanta = self._quanta(lacking)
            part = min(quanta, self.fund_left())
            if part:
                source, target = (shared.house(code, asset) for code in (AccountCode.INSURANCE, AccountCode.OTHER))
                shared.require(shared.ledger.post(source, target, part, ReasonCode.INSURANCE))
                self._say(payer, case, "zeroed", health, amount=part, bearer="insurance")
                shared.events.append(InsuranceMoved(asset, -part, self.fund_left(), "loss"))
            if quanta > part:
                self._say(payer, case, "zeroed", health, amount=quanta - part, bearer="house")

    # Providers and the fund.

    def _set_backstop(self, command: SetBackstop) -> None:
        shared = self.shared
        shared.account(command.account)
        if command.market not in self._margin.markets:
            raise Refusal("unknown-market")
        if command.discount > PPM:
            raise Refusal("discount-out-of-range")
        payer = shared.payer(command.account, command.subaccount)
        if not self._margin.permits(payer, self._margin.markets[command.market].kind):
            raise Refusal("not-permitted")
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
        other, fund = (shared.house(code, command.asset) for code in (AccountCode.OTHER, AccountCode.INSURANCE))
        if command.withdraw and shared.ledger.owed(fund) < command.amount:
            raise Refusal("more-than-the-fund")
        debit, credit = (fund, other) if command.withdraw else (other, fund)
        shared.require(shared.ledger.post(debit, credit, command.amount, ReasonCode.CAPITAL, command.reason[:64]))
        change = -command.amount if command.withdraw else command.amount
        cause = "withdrawn" if command.withdraw else "funded"
        shared.events.append(InsuranceMoved(command.asset, change, shared.ledger.owed(fund), cause))

    # The state.

    def document(self) -> Json:
        """Cases, providers' words, who is still to be judged, and prices of the last judging."""
        return {
            "backstops": [
                [market, [[b.payer, b.order, str(b.capacity), b.discount_ppm, str(b.first_loss)] for b in table]]
                for market, table in sorted(self.backstops.items())
            ],
            "cases": [[payer, case.number, case.next_us, case.idle] for payer, case in self.cases.items()],
            "grace": self._grace_until,
            "judged_at": [[name, str(price)] for name, price in self._judged_at.items()],
            "last": self._last,
            "near": [*self._near],
            "queue": [*self._queue],
            "ranks": [[payer, rank] for payer, rank in sorted(self._ranks.items())],
            "seen": self._seen_us,
            "watch": self.watch.to_state(),
            "words": self._words,
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        for market, table in document["backstops"]:
            self.backstops[market] = [Backstop(p, o, int(c), d, int(f)) for p, o, c, d, f in table]
        for payer, number, next_us, idle in document["cases"]:
            self.cases[payer] = Case(number, next_us, idle)
        self._grace_until, self._seen_us = document["grace"], document["seen"]
        self._judged_at = {name: int(price) for name, price in document["judged_at"]}
        self._last, self._words = document["last"], document["words"]
        self._queue, self._near = [*document["queue"]], [*document["near"]]
        self._ranks = dict(document["ranks"])
        self.watch.fill(document["watch"])


def _leverage(health: Health | None) -> int:
    """Exposure over equity, ppm; 0 where no price says."""
    return 0 if health is None else min(LEVERAGE_MAX, health.exposure * PPM // max(1, health.equity))
